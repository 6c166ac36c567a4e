//! The first lines of a plan under review: its risks, its totals and its origin.
//!
//! Mail clients and phones show no more than these.

use crate::agreement::NoticeEvent;
use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::ident::Language;
use crate::notice::{Announced, Role};
use crate::plan::{Change, Plan, Verb};
use crate::render::line::Line;
use crate::render::review::{Review, RiskCounts};
use crate::render::style::Tone;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::plan as texts;
use crate::render::wording::{Text, Value};

/// The verdict: the number of each risk, or that there is none. Of a pull request only what it causes counts.
pub(in crate::render) fn verdict(review: &Review<'_>) -> String {
    let words = review.words();
    let red_lines = review.counts.red_lines;
    let red = (red_lines > 0).then(|| words.count(texts::VERDICT_RED_LINES, red_lines));
    let parts: Vec<String> = red.into_iter().chain(risks(review.counts.risks, words)).collect();
    let has_own = !review.envelope.own_agreements().is_empty();
    match (parts.is_empty(), review.is_quiet(), review.envelope.plan.is_empty()) {
        (false, ..) => parts.join(", "),
        (true, true, _) => words.say(texts::NO_CHANGES).to_owned(),
        (true, false, _) if !has_own && review.counts.on_base.agreements > 0 => {
            words.say(texts::NO_OWN_CHANGES).to_owned()
        }
        (true, false, true) => words.say(texts::NOTHING_TO_APPLY).to_owned(),
        (true, false, false) => words.say(texts::NO_RISKS).to_owned(),
    }
}

/// The number of each risk.
fn risks(counts: RiskCounts, words: Vocabulary<'_>) -> Vec<String> {
    let RiskCounts { deactivated, weakened, retired, moved, shortened, overwritten, duplicated, adopted } =
        counts;
    let parts = [
        (deactivated, texts::VERDICT_DEACTIVATED),
        (weakened, texts::VERDICT_WEAKENED),
        (retired, texts::VERDICT_RETIRED),
        (moved, texts::VERDICT_MOVED),
        (shortened, texts::VERDICT_SHORTENED),
        (overwritten, texts::VERDICT_OVERWRITTEN),
        (duplicated, texts::VERDICT_DUPLICATED),
        (adopted, texts::VERDICT_ADOPTED),
    ];
    counted(&parts, words)
}

/// The texts with their numbers, without those of nothing.
pub(super) fn counted(parts: &[(usize, Text)], words: Vocabulary<'_>) -> Vec<String> {
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, text)| words.count(*text, *number)).collect()
}

/// The part of the totals about what is not caused by the pull request: `3 more on the base as well, all by the date (2
/// deactivated)`; `None` if there is nothing.
pub(in crate::render) fn on_base(review: &Review<'_>) -> Option<String> {
    let words = review.words();
    let counts = review.counts.on_base;
    let risks = risks(counts.risks, words).join(", ");
    if counts.agreements == 0 {
        let only = || texts::ON_BASE_ONLY_RISKS.words(words.language, &[("risks", risks.as_str().into())]);
        return (!risks.is_empty()).then(only);
    }
    let dated = match counts.dated {
        0 => String::new(),
        dated if dated == counts.agreements => words.say(texts::ALL_BY_DATE).to_owned(),
        dated => words.count(texts::SOME_BY_DATE, dated),
    };
    let risks = if risks.is_empty() { risks } else { format!(" ({risks})") };
    let values = [("n", counts.agreements.into()), ("dated", dated.into()), ("risks", risks.into())];
    Some(texts::ON_BASE.words(words.language, &values))
}

/// The totals: `3 to create, 14 to change · 2 awaiting acknowledgement, 4 blocked · 12 clients · 486 unchanged`. Changes that
/// are on the base of a pull request as well are counted apart.
pub(in crate::render) fn totals(review: &Review<'_>) -> String {
    let words = review.words();
    let counts = &review.counts;
    let own = |change: &&Change| !review.envelope.is_on_base(&change.id);
    let own = || review.envelope.plan.changes.iter().filter(own);
    let of = |verb: Verb| own().filter(|change| change.verb == verb).count();
    let groups = [
        vec![
            (of(Verb::Create), texts::TO_CREATE),
            (of(Verb::Update), texts::TO_CHANGE),
            (of(Verb::Retire), texts::TO_RETIRE),
            (of(Verb::Move), texts::TO_MOVE),
        ],
        vec![
            (counts.waiting, texts::WAITING),
            (counts.blocked, texts::BLOCKED_NUMBER),
            (counts.drift_kept, texts::DRIFT_KEPT),
        ],
        vec![(counts.clients, texts::CLIENTS)],
    ];
    let group = |parts: Vec<(usize, Text)>| counted(&parts, words).join(", ");
    let mut groups: Vec<String> = groups.into_iter().map(group).filter(|group| !group.is_empty()).collect();
    groups.extend(on_base(review));
    if !review.envelope.plan.totals.is_excerpt {
        groups.push(words.count(texts::UNCHANGED, counts.unchanged));
    } else if groups.is_empty() {
        groups.push(words.say(texts::NONE_SHOWN).to_owned());
    }
    groups.join(" · ")
}

/// The date, the helpdesk and the commits of the plan.
pub(in crate::render) fn facts(envelope: &GuardedPlan, words: Vocabulary<'_>) -> Line {
    let header = &envelope.plan.header;
    let zone = Zone::find(&header.zone).unwrap_or(Zone::UTC);
    let foreign = |text: &str| Value::from(Line::new().foreign(text));
    let short = |commit: &str| foreign(&commit.chars().take(10).collect::<String>());
    let line = words.line(
        texts::FACTS,
        &[
            ("day", words.day(zone.day_of(header.as_of)).into()),
            ("zone", foreign(zone.name())),
            ("helpdesk", helpdesk(&header.helpdesk, words).into()),
        ],
    );
    let commit = header.commit.iter().map(|commit| (texts::FACT_COMMIT, commit));
    let base = envelope.scope.iter().map(|scope| (texts::FACT_BASE, &scope.base));
    let line = commit
        .chain(base)
        .fold(line, |line, (text, commit)| line.join(words.line(text, &[("commit", short(commit))])));
    let line = line.text(" · Servanda ").foreign(&header.version);
    match restriction(&envelope.plan, words) {
        Some(restriction) => line.text(" · ").join(restriction),
        None => line,
    }
}

/// The helpdesk of a plan; the program's own names of it are translated.
pub(super) fn helpdesk(name: &str, words: Vocabulary<'_>) -> Line {
    let own = [texts::EMBEDDED_HELPDESK, texts::A_SNAPSHOT];
    match own.iter().find(|text| text.of(Language::English) == name) {
        Some(text) => Line::of(words.say(*text)),
        None => Line::new().foreign(&words.preview(name)),
    }
}

/// The selection that the plan is restricted to, if there is one.
pub(super) fn restriction(plan: &Plan, words: Vocabulary<'_>) -> Option<Line> {
    let selection = &plan.header.selection;
    let code = Line::new().code(&selection.to_string());
    let values = [("selection", code.into()), ("n", plan.totals.agreements.into())];
    let text = if plan.totals.is_excerpt { texts::EXCERPT } else { texts::RESTRICTED };
    let line = Line::new().toned(Tone::Alarm, "! ").join(words.line(text, &values));
    (!selection.is_everything()).then_some(line)
}

/// The title of the notices: whether they are all that a run sends, or those about the changes at most.
pub(in crate::render) const fn announced_title(
    envelope: &GuardedPlan,
    words: Vocabulary<'_>,
) -> &'static str {
    words.say(if envelope.announced_at_most { texts::NOTICES_AT_MOST } else { texts::NOTICES })
}

/// The notices, a line for each event: `activated: 3 notices to clients and 2 to managers, about 2
/// agreements`.
pub(in crate::render) fn announced(announced: &[Announced], words: Vocabulary<'_>) -> Vec<Line> {
    let of_event = |group: &[Announced]| {
        let parts: Vec<String> =
            group.iter().enumerate().map(|(index, entry)| part(index, entry, words)).collect();
        let agreements = group.iter().map(|entry| entry.agreements).max().unwrap_or(0);
        let on_base: usize = group.iter().map(|entry| entry.on_base).sum();
        let event = group.first().map_or(NoticeEvent::Activated, |entry| entry.event);
        let code = Line::new().code(event.as_str());
        let parts = parts.join(words.say(texts::AND));
        let values = [("event", code.into()), ("parts", parts.into()), ("n", agreements.into())];
        let line = words.line(texts::ABOUT_AGREEMENTS, &values);
        let line = match on_base {
            0 => line,
            on_base => line.text(&words.count(texts::NOTICES_ON_BASE, on_base)),
        };
        match event {
            NoticeEvent::Amended => line.text(words.say(texts::AMENDED)),
            _ => line,
        }
    };
    announced.chunk_by(|one, next| one.event == next.event).map(of_event).collect()
}

fn part(index: usize, entry: &Announced, words: Vocabulary<'_>) -> String {
    let to = words.say(match entry.role {
        Role::Client => texts::TO_CLIENTS,
        Role::Manager => texts::TO_MANAGERS,
        Role::Address => texts::TO_ADDRESSES,
        Role::Everyone => texts::TO_CHANNELS,
    });
    let text = if index == 0 { texts::NOTICE_NUMBER } else { texts::NOTICE_FURTHER };
    text.words(words.language, &[("n", entry.notices.into()), ("to", to.into())])
}
