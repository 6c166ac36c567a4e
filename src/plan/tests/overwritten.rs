//! Texts that people wrote in the helpdesk are not overwritten without an acknowledgement.

use super::{agreement, applied, empty, id, live_id, planned, settings};
use crate::agreement::Agreement;
use crate::live::{Live, Observed, Value};
use crate::mapping::{Field, Mapping};
use crate::plan::{GuardName, LastApplied, Reason};
use crate::settings::Guards;

const THEN: &str = "2026-03-01T09:00:00Z";
const NOW: &str = "2026-09-01T09:00:00Z";

/// The fields whose texts a plan of `file` would overwrite. Nothing is written to them.
fn overwritten(file: &Agreement, live: &Live, last_applied: Option<&LastApplied>) -> Vec<Field> {
    let strict = settings(&Mapping::default());
    let strict = crate::settings::Settings { guards: Guards { overwritten: 0, ..strict.guards }, ..strict };
    let (guarded, _) = planned(std::slice::from_ref(file), live, &strict, NOW, false, last_applied);
    let fields: Vec<Field> =
        guarded.guarded_changes.iter().flat_map(|change| change.overwritten().to_vec()).collect();
    assert_eq!(guarded.plan.changes.is_empty(), !fields.is_empty(), "only those wait");
    let stopped = Reason::Guarded(GuardName::Overwritten);
    assert_eq!(guarded.plan.blocked.iter().any(|held| held.reason == stopped), !fields.is_empty());
    fields
}

/// A live agreement after somebody wrote a text into one of its fields.
fn edited(live: &Live, field: &Field, text: &str) -> Live {
    let mut live = live.clone();
    let Some(Observed::Present(found)) = live.agreements.get_mut("a") else { panic!("it is there") };
    found.record.fields.insert(field.clone(), Value::text(text));
    live
}

#[test]
fn what_people_added_to_a_text_is_not_lost_by_the_next_apply() {
    let mut file = agreement("a", "2026-01-01", "2026-12-31");
    file.number = Some("ДО-17".to_owned());
    let (live, last_applied) = applied(std::slice::from_ref(&file), &Mapping::default(), THEN);
    let number = Field::Number;
    let title = file.title.clone();
    let cases = [
        (&number, "ДО-17\nSigned in Perm.".to_owned(), true, true),
        (&number, "Signed in Perm.\nBy post.".to_owned(), true, true),
        (&number, "ДО-17, ask Anna".to_owned(), true, false),
        (&Field::Title, format!("{title} (VIP)"), true, false),
        // Another value of one line is drift like any other.
        (&number, "ДО-18".to_owned(), false, false),
        (&Field::Title, "renamed".to_owned(), false, false),
    ];
    for (field, text, is_lost, is_lost_without_ledger) in cases {
        let live = edited(&live, field, &text);
        let expected = |is_lost| if is_lost { vec![field.clone()] } else { vec![] };
        assert_eq!(overwritten(&file, &live, Some(&last_applied)), expected(is_lost), "{text}");
        assert_eq!(overwritten(&file, &live, None), expected(is_lost_without_ledger), "{text}");
    }
    // The file was edited as well: the text of people is lost all the same.
    file.number = Some("ДО-19".to_owned());
    let live_edited = edited(&live, &number, "ДО-19: new\nSigned in Perm.");
    assert_eq!(overwritten(&file, &live_edited, Some(&last_applied)), std::slice::from_ref(&number));
    // What Servanda wrote may go.
    file.number = None;
    assert_eq!(overwritten(&file, &live, Some(&last_applied)), []);
    let filled = edited(&live, &number, "filled by hand");
    let (_, without_number) = applied(std::slice::from_ref(&file), &Mapping::default(), THEN);
    assert_eq!(overwritten(&file, &filled, Some(&without_number)), [number]);
}

#[test]
fn an_adoption_overwrites_no_text_without_acknowledgement() {
    let mut file = agreement("a", "2026-01-01", "2026-12-31");
    file.number = Some("ДО-17".to_owned());
    let (mut live, _) = applied(std::slice::from_ref(&file), &Mapping::default(), THEN);
    let Some(Observed::Present(found)) = live.agreements.remove(&id("a")) else { panic!("it is there") };
    let object = live_id("agreement$7");
    file.adopts = Some(object.clone());
    let adopted = |file: &Agreement, number: &str, title: &str| {
        let mut found = found.clone();
        found.object = object.clone();
        found.record.fields.insert(Field::Number, Value::text(number));
        found.record.fields.insert(Field::Title, Value::text(title));
        let live =
            Live { adoptable: [(object.clone(), Observed::Present(found))].into(), unmanaged: 1, ..empty() };
        overwritten(file, &live, Some(&LastApplied::default()))
    };
    let title = file.title.clone();
    assert_eq!(adopted(&file, "ДО-17", &title), []);
    assert_eq!(adopted(&file, "", &title), []);
    assert_eq!(adopted(&file, "№ 3", "Their title"), [Field::Title, Field::Number]);
    file.number = None;
    assert_eq!(adopted(&file, "Signed in Perm.\nBy post.", &title), [Field::Number]);
}
