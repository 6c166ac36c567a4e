//! A whole adapter passes, and each of those with one fault is caught by the check that is about it.

use secrecy::SecretString;
use servanda::render::conformance::ConformanceCheck;

use super::{Subject, try_adapter};
use crate::helpdesk::bridge::tests::{Adapter, Fault, TOKEN};
use crate::process::context::{Context, Terminal, clock};

async fn tried(adapter: &Adapter, token: Option<&str>) -> Vec<ConformanceCheck> {
    let context = Context {
        now: clock(),
        working_directory: std::path::PathBuf::from("/"),
        terminal: Terminal::NONE,
        repository: None,
        deny_warnings: false,
        settings: None,
    };
    // The table reads the token from the environment, in which there is none here.
    let token_variable = token.map(|_| "NOT_SET");
    let token = token.map(SecretString::from).unwrap_or_default();
    let subject = Subject { url: adapter.url(), token, token_variable, is_quick: true };
    Box::pin(try_adapter(&subject, &context)).await.expect("an address")
}

fn failed(checks: &[ConformanceCheck]) -> Vec<&str> {
    checks.iter().filter(|check| check.fault.is_some()).map(|check| check.check).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_adapter_passes() {
    let checks = tried(&Adapter::start(Some(Fault::AsksForNoToken)).await, None).await;
    assert_eq!(failed(&checks), [""; 0], "{checks:#?}");
    assert_eq!(checks.len(), 20);
}

#[tokio::test]
async fn each_fault_is_caught_and_named_with_the_request_that_shows_it() {
    for (fault, check) in [
        (Fault::LosesItems, "directory pages"),
        (Fault::RepeatsItems, "directory pages"),
        (Fault::AcceptsAnyCursor, "foreign cursor"),
        (Fault::FindsByPrefix, "whole key"),
        (Fault::CreatesTwice, "second creation"),
        (Fault::OverwritesEdits, "stale write"),
        (Fault::ShiftsDays, "creation"),
        (Fault::KeepsEmptied, "emptied fields"),
        (Fault::StoresNothing, "days"),
        (Fault::PublishesAtOnce, "hidden until published"),
        (Fault::KeepsOffering, "publication and withdrawal"),
        (Fault::RefusesInPart, "whole or not at all"),
        (Fault::AsksForNoToken, "token"),
    ] {
        let checks = tried(&Adapter::start(Some(fault)).await, Some(TOKEN)).await;
        assert_eq!(failed(&checks).first(), Some(&check), "{fault:?}: {checks:#?}");
        let found = checks.iter().find(|found| found.check == check).expect("it is there");
        let shown = found.exchange.as_deref().unwrap_or_default();
        assert!(shown.contains(": ") && !shown.contains(TOKEN), "{fault:?}: {shown}");
    }
}

#[tokio::test]
async fn an_adapter_that_answers_about_another_object_is_caught() {
    // It shows only once there is an agreement: the first try makes one.
    let adapter = Adapter::start(Some(Fault::AnswersAnother)).await;
    tried(&adapter, Some(TOKEN)).await;
    assert!(failed(&tried(&adapter, Some(TOKEN)).await).contains(&"absence"));
}

#[tokio::test]
async fn an_agreement_without_its_key_is_caught() {
    let adapter = Adapter::start(Some(Fault::HidesKeys)).await;
    tried(&adapter, Some(TOKEN)).await;
    assert!(failed(&tried(&adapter, Some(TOKEN)).await).contains(&"agreement pages"));
}

/// Every third answer is lost after its step was stored, and others before: the year is the same, and nothing is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_change_nothing_in_the_year() {
    let adapter = Adapter::start(Some(Fault::LosesAnswers)).await;
    let checks = tried(&adapter, None).await;
    let table = checks.iter().find(|check| check.check == "table of states").expect("it is there");
    assert_eq!(table.fault, None, "{table:#?}");
    let mut keys = adapter.keys();
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert!(count > 5 && keys.len() == count, "{} of {count} are there once", keys.len());
}

#[tokio::test]
async fn nothing_is_written_to_a_helpdesk_with_real_clients() {
    let adapter = Adapter::start(None).await;
    adapter.store().description["capabilities"] = serde_json::json!(["offers"]);
    let checks = tried(&adapter, Some(TOKEN)).await;
    assert_eq!(failed(&checks), ["writes"]);
    assert_eq!(adapter.steps(), 0);
}
