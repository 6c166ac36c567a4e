//! The first lines of a plan under review: its risks, its totals and its origin.
//!
//! Mail clients and phones show no more than these.

use crate::agreement::NoticeEvent;
use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::notice::{Announced, Role};
use crate::plan::{Change, Plan, Verb};
use crate::render::line::Line;
use crate::render::review::{Review, RiskCounts};
use crate::render::style::Tone;
use crate::render::vocabulary;

/// The verdict: the number of each risk, or that there is none. Of a pull request only what it causes counts.
pub(in crate::render) fn verdict(review: &Review<'_>) -> String {
    let red_lines = review.counts.red_lines;
    let red = (red_lines > 0).then(|| vocabulary::count(red_lines, "red line", "red lines"));
    let parts: Vec<String> = red.into_iter().chain(risks(review.counts.risks)).collect();
    let has_own = !review.envelope.own_agreements().is_empty();
    match (parts.is_empty(), review.is_quiet(), review.envelope.plan.is_empty()) {
        (false, ..) => parts.join(", "),
        (true, true, _) => "no changes".to_owned(),
        (true, false, _) if !has_own && review.counts.on_base.agreements > 0 => {
            "no changes by this pull request".to_owned()
        }
        (true, false, true) => "no changes to apply".to_owned(),
        (true, false, false) => "no risks".to_owned(),
    }
}

/// The number of each risk.
fn risks(counts: RiskCounts) -> Vec<String> {
    let RiskCounts { deactivated, weakened, retired, shortened, overwritten, duplicated, adopted } = counts;
    let parts = [
        (deactivated, "deactivated"),
        (weakened, if weakened == 1 { "service level weakened" } else { "service levels weakened" }),
        (retired, "retired"),
        (shortened, "shortened"),
        (overwritten, if overwritten == 1 { "text overwritten" } else { "texts overwritten" }),
        (duplicated, if duplicated == 1 { "duplicate" } else { "duplicates" }),
        (adopted, "adopted"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, what)| format!("{number} {what}")).collect()
}

/// The part of the totals about what is not caused by the pull request: `3 more on the base as well, all by the date (2
/// deactivated)`; `None` if there is nothing.
pub(in crate::render) fn on_base(review: &Review<'_>) -> Option<String> {
    let counts = review.counts.on_base;
    let risks = risks(counts.risks);
    if counts.agreements == 0 && risks.is_empty() {
        return None;
    }
    if counts.agreements == 0 {
        return Some(format!("on the base as well: {}", risks.join(", ")));
    }
    let by_date = match counts.dated {
        0 => String::new(),
        dated if dated == counts.agreements => ", by the date".to_owned(),
        dated => format!(", {dated} by the date"),
    };
    let risks = if risks.is_empty() { String::new() } else { format!(" ({})", risks.join(", ")) };
    Some(format!("{} more on the base as well{by_date}{risks}", counts.agreements))
}

/// The totals: `3 to create, 14 to change · 2 awaiting acknowledgement, 4 blocked · 12 clients · 486 unchanged`. Changes that
/// are on the base of a pull request as well are counted apart.
pub(in crate::render) fn totals(review: &Review<'_>) -> String {
    let counts = &review.counts;
    let own = |change: &&Change| !review.envelope.is_on_base(&change.id);
    let own = || review.envelope.plan.changes.iter().filter(own);
    let of = |verb: Verb| own().filter(|change| change.verb == verb).count();
    let groups = [
        vec![
            (of(Verb::Create), "to create"),
            (of(Verb::Update), "to change"),
            (of(Verb::Retire), "to retire"),
        ],
        vec![
            (counts.waiting, "awaiting acknowledgement"),
            (counts.blocked, "blocked"),
            (counts.drift_kept, "with drift not corrected"),
        ],
        vec![(counts.clients, if counts.clients == 1 { "client" } else { "clients" })],
    ];
    let group = |parts: Vec<(usize, &str)>| {
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
        parts.join(", ")
    };
    let mut groups: Vec<String> = groups.into_iter().map(group).filter(|group| !group.is_empty()).collect();
    groups.extend(on_base(review));
    groups.push(format!("{} unchanged", counts.unchanged));
    groups.join(" · ")
}

/// The date, the helpdesk and the commits of the plan.
pub(in crate::render) fn facts(envelope: &GuardedPlan) -> Line {
    let header = &envelope.plan.header;
    let zone = Zone::find(&header.zone).unwrap_or(Zone::UTC);
    let line = Line::of(&format!("As of {} (", zone.day_of(header.as_of)))
        .foreign(zone.name())
        .text(") for ")
        .foreign(&vocabulary::preview(&header.helpdesk));
    let line = match &header.commit {
        Some(commit) => line.text(" · commit ").foreign(&commit.chars().take(10).collect::<String>()),
        None => line,
    };
    let line = match &envelope.scope {
        Some(scope) => line.text(" · base ").foreign(&scope.base.chars().take(10).collect::<String>()),
        None => line,
    };
    let line = line.text(" · Servanda ").foreign(&header.version);
    match restriction(&envelope.plan) {
        Some(restriction) => line.text(" · ").join(restriction),
        None => line,
    }
}

/// The selection that the plan is restricted to, if there is one.
pub(super) fn restriction(plan: &Plan) -> Option<Line> {
    let selection = &plan.header.selection;
    let line = Line::new().toned(Tone::Alarm, "! ").text("Restricted to ").code(&selection.to_string());
    let agreements = vocabulary::count(plan.totals.agreements, "agreement", "agreements");
    let line = line.text(&format!(" ({agreements}); all others are left as they are."));
    (!selection.is_everything()).then_some(line)
}

/// The title of the notices: whether they are all that a run sends, or those about the changes at most.
pub(in crate::render) const fn announced_title(envelope: &GuardedPlan) -> &'static str {
    if envelope.announced_at_most {
        "Notices about these changes, at most (no ledger was read)"
    } else {
        "Notices that the run would send"
    }
}

/// The notices, a line for each event: `activated: 3 notices to clients and 2 to managers, about 2
/// agreements`.
pub(in crate::render) fn announced(announced: &[Announced]) -> Vec<Line> {
    let of_event = |group: &[Announced]| {
        let parts: Vec<String> = group.iter().enumerate().map(part).collect();
        let agreements = group.iter().map(|entry| entry.agreements).max().unwrap_or(0);
        let on_base: usize = group.iter().map(|entry| entry.on_base).sum();
        let agreements = vocabulary::count(agreements, "agreement", "agreements");
        let event = group.first().map_or(NoticeEvent::Activated, |entry| entry.event);
        let line = Line::new().code(event.as_str()).text(": ").text(&parts.join(" and "));
        let line = line.text(&format!(", about {agreements}"));
        let line =
            if on_base > 0 { line.text(&format!("; {on_base} of them on the base as well")) } else { line };
        match event {
            NoticeEvent::Amended => line.text(", to recipients who were sent another day"),
            _ => line,
        }
    };
    announced.chunk_by(|one, next| one.event == next.event).map(of_event).collect()
}

fn part((index, entry): (usize, &Announced)) -> String {
    let to = match entry.role {
        Role::Client => "to clients",
        Role::Manager => "to managers",
        Role::Address => "to addresses of agreements",
        Role::Everyone => "to channels",
    };
    match index {
        0 => format!("{} {to}", vocabulary::count(entry.notices, "notice", "notices")),
        _ => format!("{} {to}", entry.notices),
    }
}
