//! The hidden marker of a comment, by which it is found again, and the texts of comments without a plan.

use sha2::{Digest as _, Sha256};

use crate::envelope::GuardedPlan;
use crate::helpdesks::HelpdeskPlans;
use crate::plan::ChangeSeverity;
use crate::render::link::Links;
use crate::render::wording::frame;
use crate::settings::Language;

/// The beginning of the marker, which must be the last line of a comment.
const MARKER: &str = "<!-- servanda:plan";

/// The severity of a plan, the least severe first. A more severe plan is posted as a new comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommentSeverity {
    /// Without risks.
    Harmless,
    /// With risks, of which the most severe is this.
    Risk(RiskGrade),
    /// With red lines.
    RedLine,
}

/// The severity of a risk, from 0 for the least severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RiskGrade(u8);

impl RiskGrade {
    /// The most severe one.
    fn most() -> Self {
        Self(u8::try_from(ChangeSeverity::ALL.len() - 1).unwrap_or(u8::MAX))
    }
}

impl CommentSeverity {
    /// The severity of a plan.
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

    /// The severity of the most severe plan of several helpdesks.
    pub fn of_several(plans: &HelpdeskPlans) -> Self {
        let planned = plans.helpdesks.values().map(Self::of);
        // What a helpdesk would lose is unknown while it is not available.
        let unknown = (!plans.unavailable.is_empty()).then_some(Self::Risk(RiskGrade::most()));
        planned.chain(unknown).max().unwrap_or(Self::Harmless)
    }

    fn word(self) -> String {
        match self {
            Self::Harmless => "none".to_owned(),
            Self::Risk(RiskGrade(grade)) => format!("risk-{grade}"),
            Self::RedLine => "red-lines".to_owned(),
        }
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::Harmless),
            "red-lines" => Some(Self::RedLine),
            _ => word.strip_prefix("risk-")?.parse().ok().map(|grade| Self::Risk(RiskGrade(grade))),
        }
    }
}

/// The maximum size of a marker, in bytes.
pub const MARKER_LIMIT: usize = 120;

/// The content of a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentMarker {
    /// The first comment of a plan.
    First {
        /// The severity of the plan.
        severity: CommentSeverity,
        /// The digest that continuations share; `None` if there are none.
        set: Option<String>,
    },
    /// A continuation of a plan.
    Continuation {
        /// The digest of all texts of the plan.
        set: String,
        /// The number of the part, from 2.
        part: usize,
    },
}

impl CommentMarker {
    /// Parses the marker of a comment; `None` if there is none with this key.
    pub fn of(body: &str, key: &str) -> Option<Self> {
        let rest = body.trim_end().lines().next_back()?.strip_prefix(MARKER)?.strip_suffix(" -->")?;
        let rest = rest.strip_prefix(" key=")?.strip_prefix(key)?;
        if let Some(rest) = rest.strip_prefix(" part=") {
            let (part, set) = rest.split_once(" set=")?;
            return Some(Self::Continuation { set: set.to_owned(), part: part.parse().ok()? });
        }
        let severity = rest.strip_prefix(" severity=")?;
        let (severity, set) =
            severity.split_once(" set=").map_or((severity, None), |(severity, set)| (severity, Some(set)));
        Some(Self::First { severity: CommentSeverity::read(severity)?, set: set.map(str::to_owned) })
    }
}

/// The texts of a plan with their markers. The key distinguishes the comments of several helpdesks.
pub fn marked(texts: &[String], key: &str, severity: CommentSeverity) -> Vec<String> {
    let set = (texts.len() > 1).then(|| {
        let whole = texts.iter().fold(Sha256::new().chain_update(severity.word()), |digest, text| {
            digest.chain_update([0]).chain_update(text)
        });
        let digest = whole.finalize();
        digest.first_chunk().map_or_else(String::new, |first| format!("{:016x}", u64::from_be_bytes(*first)))
    });
    let line = |index: usize| match (index, &set) {
        (0, None) => format!("severity={}", severity.word()),
        (0, Some(set)) => format!("severity={} set={set}", severity.word()),
        (index, set) => format!("part={} set={}", index + 1, set.as_deref().unwrap_or_default()),
    };
    let marked = |(index, text): (usize, &String)| {
        format!("{}\n\n{MARKER} key={key} {} -->\n", text.trim_end(), line(index))
    };
    texts.iter().enumerate().map(marked).collect()
}

/// The text in place of a plan that could not be made, with a link to the job; it replaces the outdated one.
pub fn failed(commit: Option<&str>, links: &Links, language: Language) -> String {
    let is_plain = |commit: &&str| commit.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let commit = commit.filter(is_plain).map_or_else(String::new, |commit| {
        frame::FOR_COMMIT.words(language, &[("commit", format!("`{commit}`").into())])
    });
    let text = frame::FAILED_TEXT.words(language, &[("commit", commit.into())]);
    let job = links
        .job
        .as_ref()
        .map_or_else(String::new, |address| format!("\n\n[{}]({address})", frame::JOB_OF_PLAN.of(language)));
    format!("### {}\n\n{text}{job}", frame::FAILED.of(language))
}

/// The text of an earlier comment after a more severe plan was posted as a new one.
pub const fn superseded(language: Language) -> &'static str {
    frame::SUPERSEDED.of(language)
}

#[cfg(test)]
mod tests {
    use super::{CommentMarker, CommentSeverity, MARKER_LIMIT, RiskGrade, failed, marked};
    use crate::envelope::GuardedPlan;
    use crate::ident::AgreementId;
    use crate::plan::scope::{RedLine, RedLineSubject, Scope};
    use crate::plan::{Risk as PlanRisk, Verb};
    use crate::render::link::Links;
    use crate::render::plan::sample;
    use crate::settings::Language;
    use crate::status::{State, StatusReason};

    fn envelope(risks: &[PlanRisk]) -> GuardedPlan {
        let mut change = sample::change("a", Verb::Update, "A", State::Active, StatusReason::WithinPeriod);
        change.risks = risks.to_vec();
        let plan = sample::plan(vec![change]);
        GuardedPlan::new(&plan.clone(), plan, Vec::new())
    }

    #[test]
    fn a_more_severe_plan_has_a_higher_severity() {
        let of = |risks: &[PlanRisk]| CommentSeverity::of(&envelope(risks));
        let mut red = envelope(&[]);
        let line = RedLine { path: "servanda.yaml".to_owned(), line: 1, what: RedLineSubject::Settings };
        red.scope = Some(Box::new(Scope { red_lines: vec![line], ..Scope::default() }));
        let severities = [
            of(&[]),
            of(&[PlanRisk::Adopts]),
            of(&[PlanRisk::Duplicates(AgreementId::new("a").expect("an id"))]),
            of(&[PlanRisk::Shortens, PlanRisk::Adopts]),
            of(&[PlanRisk::Retires]),
            of(&[PlanRisk::Weakens(Vec::new())]),
            of(&[PlanRisk::Deactivates, PlanRisk::Shortens]),
            CommentSeverity::of(&red),
        ];
        assert!(severities.windows(2).all(|pair| pair[0] < pair[1]), "{severities:?}");
        assert_eq!(of(&[]), CommentSeverity::Harmless);
    }

    #[test]
    fn a_comment_is_found_by_its_last_line_only() {
        let severity_of = |body: &str, key: &str| match CommentMarker::of(body, key)? {
            CommentMarker::First { severity, set: None } => Some(severity),
            mark => panic!("{mark:?}"),
        };
        for severity in [
            CommentSeverity::Harmless,
            CommentSeverity::Risk(RiskGrade(2)),
            CommentSeverity::Risk(RiskGrade(u8::MAX)),
            CommentSeverity::RedLine,
        ] {
            let [body] =
                marked(&["### Plan: one".to_owned()], "prod", severity).try_into().expect("one text");
            assert_eq!(severity_of(&body, "prod"), Some(severity));
            assert_eq!(
                severity_of(&body.replace('\n', "\r\n"), "prod"),
                Some(severity),
                "a forge may convert line ends"
            );
            assert_eq!(severity_of(&body, "test"), None);
            assert_eq!(severity_of(&body, "pro"), None);
            assert_eq!(
                severity_of(&format!("{body}\nthanks"), "prod"),
                None,
                "a quotation is not a comment of Servanda"
            );
        }
        for other in [
            "",
            "<!-- servanda:plan -->",
            "<!-- servanda:plan key=prod severity=x -->",
            "<!-- servanda:plan key=prod part=x set=y -->",
            "> <!-- servanda:plan key=prod severity=red -->",
        ] {
            assert_eq!(severity_of(other, "prod"), None, "{other}");
        }
    }

    #[test]
    fn the_comments_of_one_plan_share_a_digest() {
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
            "another plan has another digest"
        );
        assert!(bodies.iter().zip(&texts).all(|(body, text)| body.len() - text.len() <= MARKER_LIMIT));
    }

    #[test]
    fn only_plain_commits_are_written() {
        let text = |commit| failed(Some(commit), &Links::default(), Language::English);
        assert!(text("abc1234").contains("`abc1234`"));
        assert!(!text("`@everyone`").contains('@'));
        let links = Links::new(Some("https://a.b/1"), None, None);
        assert!(failed(None, &links, Language::Russian).contains("(https://a.b/1)"));
    }
}
