//! The first lines of a plan that is reviewed: what is grave, how much there is of it, and what it was made from.
//! Mail and phones show no more than these.

use crate::agreement::NoticeEvent;
use crate::calendar::Zone;
use crate::envelope::GuardedPlan;
use crate::notice::{Announced, Role};
use crate::plan::Verb;
use crate::render::line::Line;
use crate::render::review::{Counts, Review};
use crate::render::vocabulary;

/// The verdict: what clients lose, or that they lose nothing. A hundred bytes at most.
pub(in crate::render) fn verdict(review: &Review<'_>) -> String {
    let Counts { red_lines, deactivated, weakened, retired, shortened, adopted, .. } = review.counts;
    let parts = [
        (red_lines, if red_lines == 1 { "red line" } else { "red lines" }),
        (deactivated, "deactivated"),
        (weakened, if weakened == 1 { "promise weakened" } else { "promises weakened" }),
        (retired, "retired"),
        (shortened, "shortened"),
        (adopted, "taken over"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
    match (parts.is_empty(), review.is_quiet(), review.envelope.plan.is_empty()) {
        (false, ..) => parts.join(", "),
        (true, true, _) => "nothing to do".to_owned(),
        (true, false, true) => "nothing to do now".to_owned(),
        (true, false, false) => "no client loses anything".to_owned(),
    }
}

/// The totals: `3 to create, 14 to change · 2 waiting, 4 blocked · 12 clients · 486 unchanged`.
pub(in crate::render) fn totals(review: &Review<'_>) -> String {
    let counts = &review.counts;
    let of = |verb: Verb| review.envelope.plan.changes.iter().filter(|change| change.verb == verb).count();
    let groups = [
        vec![
            (of(Verb::Create), "to create"),
            (of(Verb::Update), "to change"),
            (of(Verb::Retire), "to retire"),
        ],
        vec![
            (counts.waiting, "waiting"),
            (counts.blocked, "blocked"),
            (counts.left, "left as changed by hand"),
        ],
        vec![(counts.clients, if counts.clients == 1 { "client" } else { "clients" })],
    ];
    let group = |parts: Vec<(usize, &str)>| {
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
        parts.join(", ")
    };
    let mut groups: Vec<String> = groups.into_iter().map(group).filter(|group| !group.is_empty()).collect();
    groups.push(format!("{} unchanged", counts.unchanged));
    groups.join(" · ")
}

/// What the plan was made from and for.
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
    line.text(" · Servanda ").foreign(&header.version)
}

/// Whom the apply would tell of what, a line for each event: `activated: 3 notices to clients and 2 to managers, of 2
/// agreements`.
pub(in crate::render) fn announced(told: &[Announced]) -> Vec<Line> {
    let of_event = |told: &[Announced]| {
        let parts: Vec<String> = told.iter().enumerate().map(part).collect();
        let agreements = told.iter().map(|told| told.agreements).max().unwrap_or(0);
        let agreements = vocabulary::count(agreements, "agreement", "agreements");
        let event = told.first().map_or(NoticeEvent::Activated, |told| told.event);
        let line = Line::new().code(event.as_str()).text(": ").text(&parts.join(" and "));
        let line = line.text(&format!(", of {agreements}"));
        match event {
            NoticeEvent::Amended => line.text(", as far as they were told another day"),
            _ => line,
        }
    };
    told.chunk_by(|one, next| one.event == next.event).map(of_event).collect()
}

fn part((index, told): (usize, &Announced)) -> String {
    let to = match told.role {
        Role::Client => "to clients",
        Role::Manager => "to managers",
        Role::Address => "to addresses that agreements name",
    };
    match index {
        0 => format!("{} {to}", vocabulary::count(told.notices, "notice", "notices")),
        _ => format!("{} {to}", told.notices),
    }
}
