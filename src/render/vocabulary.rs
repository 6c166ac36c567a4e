//! Our words for what values say: statuses, reasons, risks, counts. Sentences without a full stop, for any
//! sink; texts of unknown origin are shortened and masked in here, and encoded by the sink that gets the line.

use std::collections::BTreeMap;

use crate::ident::LiveId;
use crate::live::TargetKey;
use crate::mapping::Field;
use crate::plan::{Cause, GuardName, Note, Reason, Weakened};
use crate::render::line::Line;
use crate::status::{State, StatusReason};

/// The longest that one foreign text may be within a sentence, in characters.
const LONGEST: usize = 160;

/// What objects are called, as a plan carries it.
pub(super) type Names = BTreeMap<LiveId, String>;

/// `1 service`, `2 services`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A foreign text, masked, and shortened where it is very long.
pub(super) fn preview(text: &str) -> String {
    shortened(&redacted(text), LONGEST)
}

/// The first characters of a text, with the number of those that follow.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(longest) else {
        return text.to_owned();
    };
    let rest = text[cut..].chars().count();
    format!("{}… ({rest} more characters)", &text[..cut])
}

/// The text with its mail addresses masked: `i.petrova@acme.example` becomes `i…@acme.example`. Who reads a plan
/// in a log need not learn who somebody's people are.
pub(super) fn redacted(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let is_local = |letter: char| letter.is_alphanumeric() || "._%+-!#$&'*/=?^`{|}~".contains(letter);
    let is_domain = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let person = before
            .rfind(|letter| !is_local(letter))
            .map_or(0, |index| index + before[index..].chars().next().map_or(1, char::len_utf8));
        let is_address = person < at && after.starts_with(is_domain);
        if is_address {
            redacted.push_str(&before[..person]);
            redacted.extend(before[person..].chars().next());
            redacted.push('…');
        } else {
            redacted.push_str(before);
        }
        redacted.push('@');
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

/// What an object is called, else its id.
pub(super) fn name(id: &LiveId, names: &Names) -> String {
    names.get(id).map_or_else(|| id.to_string(), |name| preview(name))
}

/// Service and priority of a promise.
pub(super) fn target(key: &TargetKey, names: &Names) -> String {
    let priority = name(&key.priority, names);
    match &key.service {
        None => priority,
        Some(service) => format!("{} / {priority}", name(service, names)),
    }
}

/// Why an agreement is in its status.
pub(super) fn status_reason(because: StatusReason) -> &'static str {
    match because {
        StatusReason::BeforeFirstDay => "before its first day",
        StatusReason::NotSwitchedOn => "not switched on yet",
        StatusReason::ByHand => "switched by hand",
        StatusReason::WithinPeriod => "within its period",
        StatusReason::Suspension => "a suspension covers today",
        StatusReason::LastDayPassed => "its last day has passed",
        StatusReason::Termination => "its termination has come",
    }
}

/// What becomes of an agreement whose status changes.
pub(super) fn status_change(state: State) -> &'static str {
    match state {
        State::Planned => "becomes planned",
        State::Active => "becomes active",
        State::Suspended => "is suspended",
        State::Expired => "expires",
        State::Terminated => "is terminated",
    }
}

/// What brought a change about.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Edit => "edit",
        Cause::Date => "date",
        Cause::Drift => "drift",
    }
}

/// A promise that becomes less.
pub(super) fn weakening(weakened: &Weakened, names: &Names) -> Line {
    match weakened {
        Weakened::Service(service) => Line::new().quoted(&name(service, names)).text(" is no longer covered"),
        Weakened::Target(key) => Line::of("less is promised for ").quoted(&target(key, names)),
        Weakened::Calendar => Line::of("the hours change to others than round the clock"),
    }
}

/// A guard as it is written in `--accept`.
pub(super) fn guard_name(name: GuardName) -> &'static str {
    match name {
        GuardName::Deactivations => "deactivations",
        GuardName::Weakened => "weakened",
        GuardName::Orphans => "orphans",
        GuardName::Vanished => "vanished",
    }
}

/// What a guard counted.
pub(super) fn guard_count(name: GuardName, number: usize) -> String {
    match name {
        GuardName::Deactivations => count(number, "agreement is deactivated", "agreements are deactivated"),
        GuardName::Weakened => count(number, "promise becomes less", "promises become less"),
        GuardName::Vanished => count(
            number,
            "agreement that was applied is gone from the helpdesk",
            "agreements that were applied are gone from the helpdesk",
        ),
        GuardName::Orphans => count(
            number,
            "agreement whose document is gone is retired",
            "agreements whose documents are gone are retired",
        ),
    }
}

/// Why an agreement was left alone.
pub(super) fn blocked_reason(reason: &Reason) -> Line {
    match reason {
        Reason::Unresolved(slug) if slug.found == 0 => Line::of("the helpdesk has nothing for ")
            .code(&preview(&slug.slug))
            .text(", looked for as ")
            .quoted(&preview(&slug.wanted)),
        Reason::Unresolved(slug) => {
            Line::of(&count(slug.found, "object of the helpdesk", "objects of the helpdesk"))
                .text(" are called ")
                .quoted(&preview(&slug.wanted))
                .text(", which ")
                .code(&preview(&slug.slug))
                .text(" stands for")
        }
        Reason::Unreadable(why) => {
            Line::of("the helpdesk's answer could not be understood: ").foreign(&preview(why))
        }
        Reason::SameOwnershipKey(objects) => {
            Line::of(&format!("{} bear its mark: ", count(objects.len(), "live object", "live objects")))
                .join(capped_list(objects.iter().map(LiveId::to_string)))
        }
        Reason::Orphan { title, object, state } => Line::of("its document is gone; the helpdesk still has ")
            .quoted(&preview(title))
            .text(" in state ")
            .quoted(&preview(state))
            .text(" (")
            .foreign(object.as_str())
            .text(")"),
        Reason::CannotAdopt(object) => Line::of("it wishes to adopt ")
            .foreign(object.as_str())
            .text(", which is not there or bears another mark"),
        Reason::Guarded(name) => {
            Line::of("the guard ").code(guard_name(*name)).text(" waits for its exact number")
        }
        Reason::Waits(other) => {
            Line::of("it waits for ").foreign(other.as_str()).text(", which is blocked itself")
        }
        Reason::Archived(object) => {
            Line::of("its object ").foreign(object.as_str()).text(" is archived in the helpdesk")
        }
    }
}

/// What helps an agreement that was left alone.
pub(super) fn remedy(reason: &Reason) -> Line {
    match reason {
        Reason::Unresolved(slug) => {
            let which = if slug.found == 0 { "its id" } else { "the id of the right one" };
            Line::of(&format!("write {which} under ")).code("helpdesk:").text(" in catalog.yaml")
        }
        Reason::Unreadable(_) => Line::of("look at it in the helpdesk, and at the mapping under ")
            .code("helpdesk.agreement")
            .text(" in servanda.yaml"),
        Reason::SameOwnershipKey(_) => Line::of("clear the mark on all but one of them in the helpdesk"),
        Reason::Orphan { .. } => Line::of("bring the document back, name this id under ")
            .code("formerly:")
            .text(" where it was renamed, or run with ")
            .code("--prune")
            .text(" to retire it"),
        Reason::CannotAdopt(_) => Line::of("look at ").code("adopts:").text(" in its file"),
        Reason::Guarded(_) => Line::of("acknowledge the number"),
        Reason::Waits(other) => Line::of("settle ").foreign(other.as_str()).text(" first"),
        Reason::Archived(_) => Line::of("bring the object back there, or write ")
            .code("deactivate: archive")
            .text(" in servanda.yaml"),
    }
}

/// The notes as sentences; those that say the same of many agreements become one.
pub(super) fn notes(notes: &[Note]) -> Vec<Line> {
    let mut sentences = Vec::new();
    let (mut hours, mut recipients, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        match note {
            Note::NotCarried(field) => sentences.push(not_carried(field)),
            Note::HoursNotCarried(id) => hours.push(id.to_string()),
            Note::RecipientsNotCarried(id) => recipients.push(id.to_string()),
            Note::OverAndAbsent(id) => over.push(id.to_string()),
            Note::OtherTitle(title) => sentences.push(
                Line::new()
                    .code(&preview(&title.slug))
                    .text(" is ")
                    .quoted(&preview(&title.catalog))
                    .text(" in the catalog and ")
                    .quoted(&preview(&title.helpdesk))
                    .text(" in the helpdesk; nothing follows, since it is known by its id"),
            ),
            Note::Unmanaged(number) => sentences.push(Line::of(&format!(
                "{} no mark of ours and {} left alone",
                count(*number, "agreement of the helpdesk bears", "agreements of the helpdesk bear"),
                if *number == 1 { "is" } else { "are" }
            ))),
        }
    }
    if !hours.is_empty() {
        let line = Line::of("services with hours of their own, which the helpdesk does not hold: ");
        sentences.push(line.join(capped_list(hours)));
    }
    if !recipients.is_empty() {
        let line = Line::of("recipients beside the client, where the helpdesk holds one alone: ");
        sentences.push(line.join(capped_list(recipients)));
    }
    if !over.is_empty() {
        let line = Line::of("over already and never in the helpdesk, so nothing is created: ");
        sentences.push(line.join(capped_list(over)));
    }
    sentences
}

fn not_carried(field: &Field) -> Line {
    Line::of("the helpdesk does not carry ")
        .code(&preview(&field.to_string()))
        .text(", so it is compared on neither side")
}

/// The first ten of a list, with the number of the others.
pub(super) fn capped_list(items: impl IntoIterator<Item = String>) -> Line {
    const SHOWN: usize = 10;
    let items: Vec<String> = items.into_iter().collect();
    let shown = Line::comma_separated(items.iter().take(SHOWN).map(|item| Line::new().foreign(item)));
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => shown.text(&format!(" and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::{capped_list, notes, redacted, shortened};
    use crate::ident::AgreementId;
    use crate::plan::Note;

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        assert_eq!(redacted("i.petrova@acme.example"), "i…@acme.example");
        assert_eq!(redacted("Почта: иван@пример.рф, <a@b.c>"), "Почта: и…@пример.рф, <a…@b.c>");
        assert_eq!(redacted("a@b.c@d.e"), "a…@b…@d.e");
        for text in ["@", "a @ b", "@all", "50 @ 3", "x@"] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_very_long_text_is_cut_between_characters() {
        assert_eq!(shortened("привет", 3), "при… (3 more characters)");
        assert_eq!(shortened("привет", 6), "привет");
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        let many = capped_list((0..12).map(|number| number.to_string()));
        assert_eq!(many.to_string(), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }

    #[test]
    fn notes_that_say_the_same_become_one() {
        let over = |id: &str| Note::OverAndAbsent(AgreementId::new(id).expect("an id"));
        let sentences = notes(&[over("a"), Note::Unmanaged(1), over("b")]);
        let sentences: Vec<String> = sentences.iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "1 agreement of the helpdesk bears no mark of ours and is left alone",
                "over already and never in the helpdesk, so nothing is created: a, b",
            ]
        );
    }
}
