//! What is written around a plan where it is posted as a comment: the hidden line by which the comment is found
//! again, and what stands there when there is no plan.

use sha2::{Digest as _, Sha256};

use crate::envelope::GuardedPlan;
use crate::plan::ChangeSeverity;

/// How the hidden line begins. It is the last line of a comment, and only there does it count.
const MARKER: &str = "<!-- servanda:plan";

/// How grave a plan is for those who are called back to a pull request, the calm first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommentSeverity {
    /// Nothing that anybody could lose by.
    Harmless,
    /// Something of this severity, which is a risk.
    Risk(RiskGrade),
    /// The pull request reaches for what says where to and as whom.
    RedLine,
}

/// A risk, the least grave first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RiskGrade(u8);

impl CommentSeverity {
    /// The class of a plan.
    pub fn of(envelope: &GuardedPlan) -> Self {
        if envelope.scope.as_ref().is_some_and(|scope| !scope.red_lines.is_empty()) {
            return Self::RedLine;
        }
        envelope.most_severe().filter(|most_severe| most_severe.is_risk()).map_or(
            Self::Harmless,
            |most_severe| {
                let place = ChangeSeverity::ALL.iter().rev().position(|severity| *severity == most_severe);
                Self::Risk(RiskGrade(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)))
            },
        )
    }

    fn word(self) -> String {
        match self {
            Self::Harmless => "calm".to_owned(),
            Self::Risk(RiskGrade(grade)) => format!("risk-{grade}"),
            Self::RedLine => "red".to_owned(),
        }
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "calm" => Some(Self::Harmless),
            "red" => Some(Self::RedLine),
            _ => word.strip_prefix("risk-")?.parse().ok().map(|grade| Self::Risk(RiskGrade(grade))),
        }
    }
}

/// The bytes that the hidden line takes at most.
pub const MARKER_LIMIT: usize = 120;

/// What the hidden line of a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentMarker {
    /// The comment is a plan's first.
    First {
        /// How grave the plan is.
        class: CommentSeverity,
        /// What the comments that go on with it bear too; nothing where there are none.
        set: Option<String>,
    },
    /// The comment goes on with a plan.
    Continuation {
        /// Which plan, by all of its texts.
        set: String,
        /// Which part of it.
        part: usize,
    },
}

impl CommentMarker {
    /// What the hidden line of a comment says, if it bears one with this key.
    pub fn of(body: &str, key: &str) -> Option<Self> {
        let rest = body.trim_end().lines().next_back()?.strip_prefix(MARKER)?.strip_suffix(" -->")?;
        let rest = rest.strip_prefix(" key=")?.strip_prefix(key)?;
        if let Some(rest) = rest.strip_prefix(" part=") {
            let (part, set) = rest.split_once(" set=")?;
            return Some(Self::Continuation { set: set.to_owned(), part: part.parse().ok()? });
        }
        let class = rest.strip_prefix(" class=")?;
        let (class, set) = class.split_once(" set=").map_or((class, None), |(class, set)| (class, Some(set)));
        Some(Self::First { class: CommentSeverity::read(class)?, set: set.map(str::to_owned) })
    }
}

/// The texts of a plan with their hidden lines. The key tells comments of several helpdesks on one pull request apart.
pub fn marked(texts: &[String], key: &str, class: CommentSeverity) -> Vec<String> {
    let set = (texts.len() > 1).then(|| {
        let whole = texts.iter().fold(Sha256::new().chain_update(class.word()), |digest, text| {
            digest.chain_update([0]).chain_update(text)
        });
        let digest = whole.finalize();
        digest.first_chunk().map_or_else(String::new, |first| format!("{:016x}", u64::from_be_bytes(*first)))
    });
    let line = |index: usize| match (index, &set) {
        (0, None) => format!("class={}", class.word()),
        (0, Some(set)) => format!("class={} set={set}", class.word()),
        (index, set) => format!("part={} set={}", index + 1, set.as_deref().unwrap_or_default()),
    };
    let marked = |(index, text): (usize, &String)| {
        format!("{}\n\n{MARKER} key={key} {} -->\n", text.trim_end(), line(index))
    };
    texts.iter().enumerate().map(marked).collect()
}

/// What stands in place of a plan that could not be made, so that an older one is not taken for it.
pub fn failed(commit: Option<&str>) -> String {
    let of = commit
        .filter(|commit| is_plain(commit))
        .map_or_else(String::new, |commit| format!(" for `{commit}`"));
    format!(
        "### Plan: none\n\nThe plan{of} could not be made. What stood here before was of an earlier commit, and is gone \
         on purpose."
    )
}

/// What an earlier comment becomes when a graver plan is posted anew.
pub fn superseded() -> String {
    "A later plan is graver. It stands in a comment of its own below.".to_owned()
}

/// The link to the job that made a plan, for its last line. Only a plain address of the web is one.
pub fn link(address: &str) -> Option<String> {
    let is_address = address.starts_with("https://") && is_plain(&address[8..]);
    is_address.then(|| format!("[The job that made this]({address})"))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "-._~/%:+".contains(sign))
}

#[cfg(test)]
mod tests {
    use super::{CommentMarker, CommentSeverity, MARKER_LIMIT, RiskGrade, failed, link, marked};
    use crate::envelope::GuardedPlan;
    use crate::plan::scope::{RedLine, Scope, Steered};
    use crate::plan::{Risk as PlanRisk, Verb};
    use crate::render::plan::sample;
    use crate::status::{State, StatusReason};

    fn envelope(risks: &[PlanRisk]) -> GuardedPlan {
        let mut change = sample::change("a", Verb::Update, "A", State::Active, StatusReason::WithinPeriod);
        change.risks = risks.to_vec();
        let plan = sample::plan(vec![change]);
        GuardedPlan::new(&plan.clone(), plan, Vec::new())
    }

    #[test]
    fn what_is_graver_is_of_a_higher_class() {
        let of = |risks: &[PlanRisk]| CommentSeverity::of(&envelope(risks));
        let mut red = envelope(&[]);
        let line = RedLine { path: "servanda.yaml".to_owned(), line: 1, what: Steered::Settings };
        red.scope = Some(Box::new(Scope { red_lines: vec![line], ..Scope::default() }));
        let classes = [
            of(&[]),
            of(&[PlanRisk::Adopts]),
            of(&[PlanRisk::Shortens, PlanRisk::Adopts]),
            of(&[PlanRisk::Retires]),
            of(&[PlanRisk::Weakens(Vec::new())]),
            of(&[PlanRisk::Deactivates, PlanRisk::Shortens]),
            CommentSeverity::of(&red),
        ];
        assert!(classes.windows(2).all(|pair| pair[0] < pair[1]), "{classes:?}");
        assert_eq!(of(&[]), CommentSeverity::Harmless);
    }

    #[test]
    fn a_comment_is_found_by_its_last_line_alone() {
        let class_of = |body: &str, key: &str| match CommentMarker::of(body, key)? {
            CommentMarker::First { class, set: None } => Some(class),
            mark => panic!("{mark:?}"),
        };
        for class in [
            CommentSeverity::Harmless,
            CommentSeverity::Risk(RiskGrade(2)),
            CommentSeverity::Risk(RiskGrade(u8::MAX)),
            CommentSeverity::RedLine,
        ] {
            let [body] = marked(&["### Plan: one".to_owned()], "prod", class).try_into().expect("one text");
            assert_eq!(class_of(&body, "prod"), Some(class));
            assert_eq!(
                class_of(&body.replace('\n', "\r\n"), "prod"),
                Some(class),
                "a forge may turn its lines"
            );
            assert_eq!(class_of(&body, "test"), None);
            assert_eq!(class_of(&body, "pro"), None);
            assert_eq!(
                class_of(&format!("{body}\nthanks"), "prod"),
                None,
                "a quotation is no comment of ours"
            );
        }
        for other in [
            "",
            "<!-- servanda:plan -->",
            "<!-- servanda:plan key=prod class=x -->",
            "<!-- servanda:plan key=prod part=x set=y -->",
            "> <!-- servanda:plan key=prod class=red -->",
        ] {
            assert_eq!(class_of(other, "prod"), None, "{other}");
        }
    }

    #[test]
    fn the_comments_of_one_plan_are_known_by_each_other() {
        let key = "k".repeat(32);
        let texts = ["one", "two", "three"].map(str::to_owned);
        let bodies = marked(&texts, &key, CommentSeverity::Risk(RiskGrade(u8::MAX)));
        let Some(CommentMarker::First { set: Some(of_first), .. }) = CommentMarker::of(&bodies[0], &key)
        else {
            panic!("{bodies:?}");
        };
        for (part, body) in (2..).zip(&bodies[1..]) {
            assert_eq!(
                CommentMarker::of(body, &key),
                Some(CommentMarker::Continuation { set: of_first.clone(), part })
            );
        }
        let other =
            marked(&["one", "two", "3"].map(str::to_owned), &key, CommentSeverity::Risk(RiskGrade(u8::MAX)));
        assert_ne!(
            CommentMarker::of(&other[1], &key),
            CommentMarker::of(&bodies[1], &key),
            "another plan is another set"
        );
        assert!(bodies.iter().zip(&texts).all(|(body, text)| body.len() - text.len() <= MARKER_LIMIT));
    }

    #[test]
    fn only_plain_addresses_and_commits_are_written() {
        assert!(link("https://github.com/a/b/actions/runs/1").is_some());
        for bad in [
            "http://a.b",
            "https://",
            "https://a.b/)![x](https://c.d",
            "javascript:x",
            "https://a b",
            "https://a.b/?q",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
        assert!(failed(Some("abc1234")).contains("`abc1234`"));
        assert!(!failed(Some("`@everyone`")).contains('@'));
    }
}
