//! The adapter over responses that were recorded from a real iTop.
//!
//! The ignored test records them again, on an iTop without contracts that `SERVANDA_ITOP_URL`,
//! `SERVANDA_ITOP_USER` and `SERVANDA_ITOP_PASSWORD` name, if `SERVANDA_ITOP_RECORD` is set.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use servanda::live::{Observed, Value};
use servanda::mapping::{Field, Mapping};
use servanda::plan::DriftPart;

use super::discovery::{discover, pasted};
use super::fixture::{Bench, named, transport};
use super::lifecycle::Road;
use crate::helpdesk::{Reader as _, Selection, WriteError};

/// The version of the recorded iTop.
const VERSION: &str = "3.2.0";

fn file() -> PathBuf {
    PathBuf::from(format!(
        "{}/src/bin/servanda/helpdesk/itop/tests/recorded-{VERSION}.jsonl",
        env!("CARGO_MANIFEST_DIR")
    ))
}

/// Uses every function of the adapter, in a fixed order.
async fn walk(url: &str, user: &str, password: &str) {
    let bench = Bench::over(transport(url, user, password)).await;
    let object = bench.create("severny-veter-2026").await;
    bench.edit(&object, bench.published(30), Some("production")).await.expect("published");
    let found = bench.get(&object).await;
    let mut expected = bench.fields();
    expected.extend(bench.published(30));
    assert_eq!((found.record.state.as_str(), &found.record.fields), ("production", &expected));

    let second = bench.create("severny-veter/second").await;
    bench.edit(&second, bench.published(30), Some("production")).await.expect("it shares the SLA");
    for title in ["O'Neil \\ \"x\" % _", "' OR id > 0 --"] {
        bench.edit(&second, [(Field::Title, Value::text(title))].into(), None).await.expect(title);
    }
    let live = bench.reader().read_live(&Selection::default()).await.expect("the live state");
    assert_eq!(live.agreements[&named("severny-veter-2026")], Observed::Present(found));
    assert_eq!(live.agreements.len(), 2);

    bench.get(&object).await;
    bench.hand_edit(&object, json!({ "end_date": "", "services_list": [] })).await;
    let edit = bench.edit(&object, [(Field::Number, Value::text("2"))].into(), None).await;
    assert!(matches!(edit, Err(WriteError::Conflict)), "{:?}", edit.err());
    let events = bench.reader().history(&[object.clone()].into()).await.expect("a history");
    let changes: Vec<_> =
        events.iter().map(|event| (event.part.clone(), event.touch.name.is_some())).collect();
    for field in [Field::LastDay, Field::Services, Field::Targets] {
        assert!(changes.contains(&(Some(DriftPart::Field(field)), true)), "{changes:?}");
    }
    let held = bench.get(&object).await;
    assert_eq!(
        (&held.record.fields[&Field::LastDay], &held.record.fields[&Field::Services]),
        (&Value::Nothing, &Value::Nothing)
    );
    let open = [(Field::Title, Value::text("Бессрочное"))].into();
    bench.edit(&object, open, None).await.expect("no day is asked for as none");

    let edit = bench.edit(&second, [].into(), Some("weird")).await;
    assert!(matches!(edit, Err(WriteError::Refused(_))), "{:?}", edit.err());
    bench.get(&second).await;
    let nothing = [Field::Services, Field::Targets].map(|field| (field, Value::Nothing)).into();
    bench.edit(&second, nothing, Some("obsolete")).await.expect("withdrawn");
    assert_eq!(bench.reader().find(&named("absent")).await.expect("an answer"), Observed::Absent);
    assert_eq!(bench.reader().addresses(&[bench.person.clone()].into()).await.expect("addresses").len(), 1);

    let proposal = discover(&bench.transport).await;
    assert!(proposal.unread.is_empty(), "{:?}", proposal.unread);
    let mapping = pasted(&proposal);
    assert_eq!(mapping, Mapping { provider: mapping.provider.clone(), ..bench.mapping });
}

#[expect(clippy::disallowed_methods, reason = "the recording is a file beside the tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_understands_what_a_real_itop_answered() {
    let text = std::fs::read_to_string(file()).expect("the recording");
    let pairs = text.lines().map(|line| serde_json::from_str::<(Json, Json)>(line).expect("a pair"));
    let road = Arc::new(Road::of_kept(pairs.collect()));
    let url = road.open().await;
    walk(&url, "replayed", "no-password-at-all").await;
}

#[expect(clippy::disallowed_methods, reason = "the environment names the real helpdesk")]
#[ignore = "needs a real iTop: set SERVANDA_ITOP_URL, _USER, _PASSWORD and _RECORD"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_itop_is_walked_through() {
    let variable = |name: &str| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        value.unwrap_or_else(|| panic!("needs a real iTop: {name} is not set"))
    };
    let names = ["SERVANDA_ITOP_URL", "SERVANDA_ITOP_USER", "SERVANDA_ITOP_PASSWORD", "SERVANDA_ITOP_RECORD"];
    let [url, user, password, _] = names.map(variable);
    let road = Arc::new(Road::to(&url));
    let open = road.open().await;
    walk(&open, &user, &password).await;
    let lines: Vec<String> = road.passed().iter().map(|pair| json!(pair).to_string()).collect();
    std::fs::write(file(), lines.join("\n")).expect("kept");
}
