//! What is written: in one operation, to an object that is as it was seen, and nothing that it cannot hold.

use serde_json::json;
use servanda::calendar::read_day;
use servanda::live::{Observed, Value};
use servanda::mapping::Field;
use servanda::plan::Step;

use super::fixture::{Bench, named};
use crate::helpdesk::itop::operation::id;
use crate::helpdesk::{Reader as _, Selection, WriteError, Writer as _};

#[tokio::test]
async fn what_is_created_is_hidden_and_what_is_published_is_there_at_once() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    assert_eq!(bench.desk().count("lnkCustomerContractToService"), 0);
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    let found = bench.get(&object).await;
    let mut expected = bench.fields();
    expected.extend(bench.published(30));
    assert_eq!((found.record.state.as_str(), &found.record.fields), ("production", &expected));
    let nothing = [Field::Services, Field::Targets].map(|field| (field, Value::Nothing)).into();
    bench.edit(&object, nothing, Some("obsolete")).await.expect("withdrawn");
    assert_eq!(bench.desk().count("lnkCustomerContractToService"), 0);
    let writes = bench.desk().calls().into_iter().filter(|call| call.starts_with("core/update")).count();
    assert_eq!(writes, 2, "one to publish and one to withdraw");
}

#[tokio::test]
async fn an_object_that_moved_is_not_written() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.get(&object).await;
    bench.hand_edit(&object, json!({ "end_date": "" })).await;
    let edit = bench.edit(&object, [(Field::Title, Value::text("other"))].into(), None).await;
    assert!(matches!(edit, Err(WriteError::Conflict)), "{:?}", edit.err());
    assert_eq!(bench.get(&object).await.record.fields[&Field::Title], Value::text("Поддержка"));
    let edit = bench.edit(&object, [(Field::Title, Value::text("other"))].into(), None).await;
    assert!(edit.is_ok(), "after a look it is known: {:?}", edit.err());
}

#[tokio::test]
async fn odd_words_are_written_and_asked_for() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    for title in ["O'Neil \\ \"x\" % _", "' OR id > 0 --", "\\", "a [b] <i>&amp;"] {
        let done = bench.edit(&object, [(Field::Title, Value::text(title))].into(), None).await.expect(title);
        assert!(done.altered.is_empty());
        assert_eq!(bench.get(&object).await.record.fields[&Field::Title], Value::text(title));
    }
}

#[tokio::test]
async fn what_it_cannot_hold_is_refused_before_anything_is_sent() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    let before = bench.desk().calls().len();
    let early = Value::Day(read_day("0999-01-01").expect("a day"));
    let two = Value::references([bench.client.clone(), bench.provider.clone()].into());
    for (field, value, said) in [
        (Field::LastDay, early, "out of range"),
        (Field::Recipients, two, "one customer"),
        (Field::Provider, Value::Reference(bench.person.clone()), "is not of class Organization"),
        (Field::Number, Value::text("a\nb"), "several lines"),
    ] {
        let edit = bench.edit(&object, [(field.clone(), value)].into(), None).await;
        assert!(
            matches!(&edit, Err(WriteError::Refused(text)) if text.contains(said)),
            "{field}: {:?}",
            edit.err()
        );
    }
    assert_eq!(bench.desk().calls().len(), before);
}

#[tokio::test]
async fn a_state_that_it_does_not_have_is_refused_and_nothing_else_written() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    let edit = bench.edit(&object, [(Field::Title, Value::text("other"))].into(), Some("weird")).await;
    assert!(matches!(edit, Err(WriteError::Refused(_))), "{:?}", edit.err());
    assert_eq!(bench.get(&object).await.record.fields[&Field::Title], Value::text("Поддержка"));
}

#[tokio::test]
async fn a_contract_that_withdraws_itself_loses_its_key_and_is_obsolete() {
    let bench = Bench::open().await;
    let (first, second) = (bench.create("a").await, bench.create("a").await);
    assert_eq!(bench.reader().bearers(&named("a")).await.expect("found"), [first.clone(), second.clone()]);
    bench.hand_edit(&second, json!({ "description": "sv:a\nSigned in Perm." })).await;
    let writer = bench.writer();
    let withdrawn = writer.withdraw(&second).await;
    assert!(matches!(withdrawn, Err(WriteError::Conflict)), "a person changed it: {:?}", withdrawn.err());
    bench.get(&second).await;
    writer.withdraw(&second).await.expect("withdrawn");
    assert_eq!(bench.reader().bearers(&named("a")).await.expect("found"), std::slice::from_ref(&first));
    let value = |code: &str| bench.desk().store().value("CustomerContract", 2, code);
    assert_eq!((value("status"), value("description")), (json!("obsolete"), json!("Signed in Perm.")));
    assert_eq!(bench.get(&first).await.owner, Some(named("a")));
    bench.edit(&first, bench.published(30), Some("production")).await.expect("the older one goes on");
}

#[tokio::test]
async fn taking_over_keeps_what_people_wrote() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    bench.hand_edit(&object, json!({ "description": "Signed in Perm.\nnumber: 5" })).await;
    bench.get(&object).await;
    let step = Step::Edit {
        fields: [(Field::Number, Value::text("6"))].into(),
        state: None,
        ownership_key: Some(named("b/c")),
    };
    bench.writer().perform(&named("b/c"), Some(&object), &step).await.expect("taken over");
    let held = bench.desk().store().value("CustomerContract", 1, "description");
    assert_eq!(held, "sv:b/c\nSigned in Perm.\nnumber: 6");
}

#[tokio::test]
async fn a_number_is_one_line_of_a_description_with_any_key_attribute() {
    for key in ["name", "cost_unit"] {
        let mut bench = Bench::open().await;
        bench.mapping.key.attribute = key.to_owned();
        let object = bench.create("a").await;
        bench.hand_edit(&object, json!({ "description": "Signed in Perm.\r\nBy post.\r\n" })).await;
        assert_eq!(bench.get(&object).await.record.fields[&Field::Number], Value::Nothing, "{key}");
        let number = [(Field::Number, Value::text("6"))].into();
        bench.edit(&object, number, None).await.expect("written");
        let held = bench.desk().store().value("CustomerContract", 1, "description");
        assert_eq!(held, "number: 6\r\nSigned in Perm.\r\nBy post.\r\n", "{key}");
    }
}

#[tokio::test]
async fn an_attribute_of_ones_own_that_holds_text_gets_no_key() {
    let mut bench = Bench::open().await;
    bench.mapping.key.attribute = "cost_unit".to_owned();
    let object = bench.create("a").await;
    for (text, is_taken) in [("CC-17", true), (" ", false)] {
        bench.hand_edit(&object, json!({ "cost_unit": text })).await;
        let wanted = Selection { adopts: [object.clone()].into(), unmarked: false };
        let live = bench.reader().read_live(&wanted).await.expect("the live state");
        assert_eq!(matches!(live.adoptable[&object], Observed::Unknown(_)), is_taken, "{text}");
    }
}

#[tokio::test]
async fn steps_of_other_helpdesks_are_refused() {
    let bench = Bench::open().await;
    let object = bench.create("a").await;
    for step in [Step::Archive, Step::Link { unit: bench.client.clone() }] {
        let done = bench.writer().perform(&named("a"), Some(&object), &step).await;
        assert!(matches!(done, Err(WriteError::Refused(_))));
    }
    let step = Step::Edit { fields: bench.fields(), state: None, ownership_key: None };
    let unseen = bench.writer().perform(&named("a"), Some(&id("CustomerContract", 7)), &step).await;
    assert!(matches!(unseen, Err(WriteError::NotSent(_))));
}
