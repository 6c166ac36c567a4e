//! Sentences for what is not planned and for what a guard stopped: reasons, what helps, notes.

use crate::ident::{Language, LiveId};
use crate::plan::{Elsewhere, GuardName, Note, Reason};
use crate::render::line::Line;
use crate::render::vocabulary::Vocabulary;
use crate::render::wording::{Text, Value, plan, reasons as texts};

/// The number that a guard counted, with its noun.
pub(super) fn guard_count(name: GuardName, number: usize, words: Vocabulary<'_>) -> String {
    let text = match name {
        GuardName::Deactivations => plan::GUARD_DEACTIVATIONS,
        GuardName::Weakened => plan::GUARD_WEAKENED,
        GuardName::Ended => plan::GUARD_ENDED,
        GuardName::Overwritten => plan::GUARD_OVERWRITTEN,
        GuardName::Vanished => plan::GUARD_VANISHED,
        GuardName::Orphans => plan::GUARD_ORPHANS,
    };
    words.count(text, number)
}

fn code(text: &str) -> Value {
    Line::new().code(text).into()
}

/// The reason for which an agreement is blocked.
pub(super) fn blocked_reason(reason: &Reason, words: Vocabulary<'_>) -> Line {
    let of = |text: Text, values: &[(&str, Value)]| words.line(text, values);
    let object = |id: &LiveId| Value::from(Line::new().foreign(id.as_str()));
    let quoted = |text: &str| Value::from(Line::new().quoted(&words.preview(text)));
    match reason {
        Reason::Unresolved(slug) => {
            let text = if slug.found == 0 { texts::UNRESOLVED } else { texts::AMBIGUOUS };
            let searched = ("wanted", quoted(&slug.wanted));
            of(text, &[("n", slug.found.into()), ("slug", code(&words.preview(&slug.slug))), searched])
        }
        Reason::Unreadable(why) => {
            of(texts::UNREADABLE, &[("why", Line::new().foreign(&words.preview(why)).into())])
        }
        Reason::SameOwnershipKey(objects) => {
            let listed = words.capped_list(objects.iter().map(LiveId::to_string));
            of(texts::SAME_KEY, &[("n", objects.len().into()), ("objects", listed.into())])
        }
        Reason::Orphan { title, object: id, state } => {
            let values = [("title", quoted(title)), ("object", object(id)), ("state", quoted(state))];
            of(texts::ORPHAN, &values)
        }
        Reason::CannotAdopt(id) => of(texts::CANNOT_ADOPT, &[("object", object(id))]),
        Reason::Guarded(name) => of(texts::GUARDED, &[("guard", code(name.as_str()))]),
        Reason::Waits(other) => of(texts::WAITS, &[("other", Line::new().foreign(other.as_str()).into())]),
        Reason::Elsewhere(Elsewhere { agreement, helpdesk }) => of(
            texts::ELSEWHERE,
            &[("other", foreign(agreement.as_str())), ("helpdesk", foreign(helpdesk.as_str()))],
        ),
        Reason::Archived(id) => of(texts::ARCHIVED, &[("object", object(id))]),
    }
}

fn foreign(text: &str) -> Value {
    Line::new().foreign(text).into()
}

/// The action that unblocks a blocked agreement.
pub(super) fn remedy(reason: &Reason, words: Vocabulary<'_>) -> Line {
    let of = |text: Text, values: &[(&str, Value)]| words.line(text, values);
    match reason {
        Reason::Unresolved(slug) if slug.found == 0 => of(texts::ADD_ID, &[("key", code("helpdesk:"))]),
        Reason::Unresolved(_) => of(texts::ADD_RIGHT_ID, &[("key", code("helpdesk:"))]),
        Reason::Unreadable(_) => of(texts::CHECK_OBJECT, &[("key", code("helpdesk.agreement"))]),
        Reason::SameOwnershipKey(_) => of(texts::CLEAR_KEY, &[]),
        Reason::Orphan { .. } => {
            of(texts::RESTORE_DOCUMENT, &[("key", code("formerly:")), ("option", code("--prune"))])
        }
        Reason::CannotAdopt(_) => of(texts::CHECK_ADOPTS, &[("key", code("adopts:"))]),
        Reason::Guarded(_) => of(texts::ACKNOWLEDGE, &[]),
        Reason::Waits(other) => {
            of(texts::UNBLOCK_OTHER, &[("other", Line::new().foreign(other.as_str()).into())])
        }
        Reason::Elsewhere(Elsewhere { agreement, helpdesk }) => {
            let values = [("other", foreign(agreement.as_str())), ("helpdesk", foreign(helpdesk.as_str()))];
            of(texts::UNBLOCK_ELSEWHERE, &values)
        }
        Reason::Archived(_) => of(texts::RESTORE_OBJECT, &[("key", code("deactivate: archive"))]),
    }
}

/// The reason why no notice is sent, and what helps.
pub(super) fn no_channel(language: Language) -> Line {
    let keys = [("mail", code("mail:")), ("webhook", code("webhook:")), ("notices", code("notices:"))];
    texts::NO_CHANNEL.line(language, &keys)
}

/// The notes as sentences; equal notes about several agreements are merged into one.
pub(super) fn notes<'a>(notes: impl IntoIterator<Item = &'a Note>, words: Vocabulary<'_>) -> Vec<Line> {
    let of = |text: Text, values: &[(&str, Value)]| words.line(text, values);
    let quoted = |text: &str| Value::from(Line::new().quoted(&words.preview(text)));
    let mut sentences = Vec::new();
    let (mut hours, mut recipients, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        match note {
            Note::NotCarried(field) => {
                sentences
                    .push(of(texts::NOT_CARRIED, &[("field", code(&words.preview(&field.to_string())))]));
            }
            Note::HoursNotCarried(id) => hours.push(id.to_string()),
            Note::RecipientsNotCarried(id) => recipients.push(id.to_string()),
            Note::OverAndAbsent(id) => over.push(id.to_string()),
            Note::OtherTitle(title) => sentences.push(of(
                texts::OTHER_TITLE,
                &[
                    ("slug", code(&words.preview(&title.slug))),
                    ("catalog", quoted(&title.catalog)),
                    ("helpdesk", quoted(&title.helpdesk)),
                ],
            )),
            Note::NoticesNotSent(number) => sentences.push(of(
                texts::NOTICES_NOT_SENT,
                &[("n", (*number).into()), ("why", no_channel(words.language).into())],
            )),
            Note::Unmanaged(number) => sentences.push(of(texts::UNMANAGED, &[("n", (*number).into())])),
        }
    }
    let merged = [
        (texts::HOURS_NOT_CARRIED, hours),
        (texts::RECIPIENTS_NOT_CARRIED, recipients),
        (texts::OVER_AND_ABSENT, over),
    ];
    let merged = merged.into_iter().filter(|(_, ids)| !ids.is_empty());
    sentences.extend(merged.map(|(text, ids)| of(text, &[("ids", words.capped_list(ids).into())])));
    sentences
}

#[cfg(test)]
mod tests {
    use super::notes;
    use crate::ident::AgreementId;
    use crate::plan::Note;
    use crate::render::plan::sample;
    use crate::render::vocabulary::Vocabulary;

    #[test]
    fn equal_notes_are_merged() {
        let over = |id: &str| Note::OverAndAbsent(AgreementId::new(id).expect("an id"));
        let plan = sample::plan(Vec::new());
        let sentences = notes(&[over("a"), Note::Unmanaged(1), over("b")], Vocabulary::of(&plan));
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
