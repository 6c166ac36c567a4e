//! Sentences for values: statuses, reasons, risks, counts. Without a full stop, for any sink.
//!
//! Texts of foreign origin are redacted and shortened here; the sink that receives the line encodes them.

use std::collections::BTreeMap;

use crate::calendar::TargetTime;
use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey};
use crate::mapping::Field;
use crate::plan::{Cause, GuardName, Note, Reason, Weakened};
use crate::render::line::Line;
use crate::render::style::Tone;
use crate::status::{State, StatusReason};

/// The maximum length of a foreign text within a sentence, in characters.
const LONGEST: usize = 160;

/// The titles of live objects, as a plan contains them.
pub(super) type Names = BTreeMap<LiveId, String>;

/// `1 service`, `2 services`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A foreign text without mail addresses, shortened to 160 characters.
pub(super) fn preview(text: &str) -> String {
    shortened(&redacted(text), LONGEST)
}

/// The first `longest` characters of a text, with the number of the remaining ones.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(longest) else {
        return text.to_owned();
    };
    let rest = text[cut..].chars().count();
    format!("{}… ({rest} more characters)", &text[..cut])
}

/// Redacts mail addresses: `i.petrova@acme.example` becomes `i…@acme.example`, because plans are printed to logs.
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

/// The title of a live object, or its id if the title is unknown.
pub(super) fn name(id: &LiveId, names: &Names) -> String {
    names.get(id).map_or_else(|| id.to_string(), |name| preview(name))
}

/// The service and the priority of a target.
pub(super) fn target(key: &TargetKey, names: &Names) -> String {
    let priority = name(&key.priority, names);
    match &key.service {
        None => priority,
        Some(service) => format!("{} / {priority}", name(service, names)),
    }
}

/// `30m → 1h`, or one value if both are equal or the target is new.
pub(super) fn before_and_after(held: Option<TargetTime>, wanted: Option<TargetTime>, existed: bool) -> Line {
    let words = |time: Option<TargetTime>| time.map_or_else(|| "none".to_owned(), |time| time.to_string());
    if held == wanted || !existed {
        return wanted.map_or_else(Line::new, |wanted| Line::of(&wanted.to_string()));
    }
    Line::of(&words(held)).toned(Tone::Shift, " → ").text(&words(wanted))
}

/// The hours of a target before and after.
pub(super) fn hours(held: Option<&LiveTarget>, wanted: Option<&LiveTarget>, names: &Names) -> Line {
    let calendar = |promise: Option<&LiveTarget>| {
        let calendar = promise?.calendar.as_ref()?;
        Some(Line::new().foreign(&name(calendar, names)))
    };
    match (calendar(held), calendar(wanted)) {
        (None, None) => Line::new(),
        (held, wanted) if held == wanted => held.unwrap_or_default(),
        (None, Some(wanted)) if held.is_none() => wanted,
        (held, wanted) => {
            let general = || Line::of("the agreement's");
            let held = held.unwrap_or_else(general);
            held.toned(Tone::Shift, " → ").join(wanted.unwrap_or_else(general))
        }
    }
}

/// The changes from one target in effect to another: `resolution 4h → 8h`, `hours 24x7 → 9x5`.
fn target_changes(before: &LiveTarget, after: Option<&LiveTarget>, names: &Names) -> Vec<Line> {
    let time = |title: &str, time_of: fn(&LiveTarget) -> Option<TargetTime>| {
        let (held, wanted) = (time_of(before), after.and_then(time_of));
        (held != wanted).then(|| Line::of(title).text(" ").join(before_and_after(held, wanted, true)))
    };
    let other = after.filter(|after| after.calendar != before.calendar);
    let other = other.map(|after| Line::of("hours ").join(hours(Some(before), Some(after), names)));
    let times = [time("response", |target| target.response), time("resolution", |target| target.resolution)];
    times.into_iter().flatten().chain(other).collect()
}

/// The reason for the status of an agreement.
pub(super) fn status_reason(because: StatusReason) -> &'static str {
    match because {
        StatusReason::BeforeFirstDay => "before its first day",
        StatusReason::NotSwitchedOn => "not activated yet",
        StatusReason::ByHand => "its status is set by hand",
        StatusReason::WithinPeriod => "within its period",
        StatusReason::Suspension => "it is suspended on this date",
        StatusReason::LastDayPassed => "its last day has passed",
        StatusReason::Termination => "its termination has taken effect",
    }
}

/// The change of an agreement to a new status.
pub(super) fn status_change(state: State) -> &'static str {
    match state {
        State::Planned => "will become planned",
        State::Active => "will become active",
        State::Suspended => "will be suspended",
        State::Expired => "will expire",
        State::Terminated => "will be terminated",
    }
}

/// The cause of a change.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Edit => "edit",
        Cause::Date => "date",
        Cause::Drift => "drift",
    }
}

/// A service level that is weakened.
pub(super) fn weakening(weakened: &Weakened, names: &Names) -> Line {
    match weakened {
        Weakened::Service(service) => Line::new().quoted(&name(service, names)).text(" is no longer covered"),
        Weakened::Target { key, before, after } => {
            let line = Line::new().quoted(&target(key, names)).text(": ");
            let parts = target_changes(before, after.as_ref(), names);
            line.join(Line::comma_separated(parts))
        }
        Weakened::Calendar(hours) => {
            let calendar = |hours: &Option<LiveId>| {
                hours.as_ref().map_or_else(|| Line::of("none"), |id| Line::new().foreign(&name(id, names)))
            };
            Line::of("hours ").join(calendar(&hours.before)).text(" → ").join(calendar(&hours.after))
        }
        Weakened::Recipient(unit) => Line::new().quoted(&name(unit, names)).text(" loses access"),
        Weakened::Client { before, after } => {
            let line = Line::new().quoted(&name(before, names)).text(" loses access: the client is now ");
            line.quoted(&name(after, names))
        }
    }
}

/// The number that a guard counted, with its noun.
pub(super) fn guard_count(name: GuardName, number: usize) -> String {
    match name {
        GuardName::Deactivations => {
            count(number, "agreement would be deactivated", "agreements would be deactivated")
        }
        GuardName::Weakened => {
            count(number, "service level would be weakened", "service levels would be weakened")
        }
        GuardName::Ended => {
            count(number, "active agreement would be over at once", "active agreements would be over at once")
        }
        GuardName::Overwritten => {
            count(number, "text of people would be overwritten", "texts of people would be overwritten")
        }
        GuardName::Vanished => count(
            number,
            "applied agreement no longer exists in the helpdesk",
            "applied agreements no longer exist in the helpdesk",
        ),
        GuardName::Orphans => count(
            number,
            "agreement without a document would be retired",
            "agreements without documents would be retired",
        ),
    }
}

/// The reason for which an agreement is blocked.
pub(super) fn blocked_reason(reason: &Reason) -> Line {
    match reason {
        Reason::Unresolved(slug) if slug.found == 0 => Line::of("no object in the helpdesk matches ")
            .code(&preview(&slug.slug))
            .text(" (searched for ")
            .quoted(&preview(&slug.wanted))
            .text(")"),
        Reason::Unresolved(slug) => {
            Line::of(&count(slug.found, "object in the helpdesk matches ", "objects in the helpdesk match "))
                .code(&preview(&slug.slug))
                .text(" (searched for ")
                .quoted(&preview(&slug.wanted))
                .text(")")
        }
        Reason::Unreadable(why) => Line::of("cannot read the helpdesk's data: ").foreign(&preview(why)),
        Reason::SameOwnershipKey(objects) => {
            Line::of(&format!("{} its ownership key: ", count(objects.len(), "object has", "objects have")))
                .join(capped_list(objects.iter().map(LiveId::to_string)))
        }
        Reason::Orphan { title, object, state } => {
            Line::of("its document no longer exists, but the helpdesk still contains ")
                .quoted(&preview(title))
                .text(" (")
                .foreign(object.as_str())
                .text(") in state ")
                .quoted(&preview(state))
        }
        Reason::CannotAdopt(object) => Line::of("cannot adopt ")
            .foreign(object.as_str())
            .text(": it does not exist, or another agreement owns it"),
        Reason::Guarded(name) => Line::of("stopped by the guard ")
            .code(name.as_str())
            .text(" until its exact number is acknowledged"),
        Reason::Waits(other) => {
            Line::of("depends on ").foreign(other.as_str()).text(", which is itself blocked")
        }
        Reason::Archived(object) => {
            Line::of("its object ").foreign(object.as_str()).text(" is archived in the helpdesk")
        }
    }
}

/// The action that unblocks a blocked agreement.
pub(super) fn remedy(reason: &Reason) -> Line {
    match reason {
        Reason::Unresolved(slug) => {
            let which = if slug.found == 0 { "its id" } else { "the id of the right one" };
            Line::of(&format!("add {which} under ")).code("helpdesk:").text(" in catalog.yaml")
        }
        Reason::Unreadable(_) => Line::of("check the object in the helpdesk, and the mapping ")
            .code("helpdesk.agreement")
            .text(" in servanda.yaml"),
        Reason::SameOwnershipKey(_) => {
            Line::of("clear the ownership key on all but one of them in the helpdesk")
        }
        Reason::Orphan { .. } => Line::of("restore the document; if it was renamed, list this id under ")
            .code("formerly:")
            .text("; to retire the agreement, run with ")
            .code("--prune"),
        Reason::CannotAdopt(_) => Line::of("check ").code("adopts:").text(" in its file"),
        Reason::Guarded(_) => Line::of("acknowledge the number"),
        Reason::Waits(other) => Line::of("unblock ").foreign(other.as_str()).text(" first"),
        Reason::Archived(_) => Line::of("restore the object in the helpdesk, or set ")
            .code("deactivate: archive")
            .text(" in servanda.yaml"),
    }
}

/// The reason why no notice is sent, and what helps.
pub(super) const NO_CHANNEL: &str =
    "servanda.yaml names no channel; write `mail:`, `webhook:` or, for ITSM 365, `notices:`";

/// The notes as sentences; equal notes about several agreements are merged into one.
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
                    .text(" is titled ")
                    .quoted(&preview(&title.catalog))
                    .text(" in the catalog and ")
                    .quoted(&preview(&title.helpdesk))
                    .text(" in the helpdesk; it is matched by its id, so nothing changes"),
            ),
            Note::NoticesNotSent(number) => {
                let not_sent = count(*number, "notice is not sent", "notices are not sent");
                sentences.push(Line::of(&format!("{not_sent}: {NO_CHANNEL}")));
            }
            Note::Unmanaged(number) => sentences.push(Line::of(&format!(
                "{} no ownership key, so Servanda does not manage {}",
                count(*number, "agreement in the helpdesk has", "agreements in the helpdesk have"),
                if *number == 1 { "it" } else { "them" }
            ))),
        }
    }
    if !hours.is_empty() {
        let line = Line::of("the helpdesk does not store hours per service, so they are not compared: ");
        sentences.push(line.join(capped_list(hours)));
    }
    if !recipients.is_empty() {
        let line = Line::of("the helpdesk stores one recipient only, so further ones are not compared: ");
        sentences.push(line.join(capped_list(recipients)));
    }
    if !over.is_empty() {
        let line = Line::of("already ended and not in the helpdesk, so not created: ");
        sentences.push(line.join(capped_list(over)));
    }
    sentences
}

fn not_carried(field: &Field) -> Line {
    Line::new().code(&preview(&field.to_string())).text(" is not compared: the helpdesk does not store it")
}

/// The first ten items of a list, with the number of the others.
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
    fn mail_addresses_are_redacted_anywhere_in_a_text() {
        assert_eq!(redacted("i.petrova@acme.example"), "i…@acme.example");
        assert_eq!(redacted("Почта: иван@пример.рф, <a@b.c>"), "Почта: и…@пример.рф, <a…@b.c>");
        assert_eq!(redacted("a@b.c@d.e"), "a…@b…@d.e");
        for text in ["@", "a @ b", "@all", "50 @ 3", "x@"] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_long_text_is_shortened_between_characters() {
        assert_eq!(shortened("привет", 3), "при… (3 more characters)");
        assert_eq!(shortened("привет", 6), "привет");
    }

    #[test]
    fn long_lists_end_with_the_number_of_further_items() {
        let many = capped_list((0..12).map(|number| number.to_string()));
        assert_eq!(many.to_string(), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }

    #[test]
    fn equal_notes_are_merged() {
        let over = |id: &str| Note::OverAndAbsent(AgreementId::new(id).expect("an id"));
        let sentences = notes(&[over("a"), Note::Unmanaged(1), over("b")]);
        let sentences: Vec<String> = sentences.iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "1 agreement in the helpdesk has no ownership key, so Servanda does not manage it",
                "already ended and not in the helpdesk, so not created: a, b",
            ]
        );
    }
}
