//! Invalid responses to every list call: nothing is written, and the message names the call.

use super::faults::{each_on_its_own_core, runtime};
use super::fixture::ReconcileFixture;
use crate::cases::every;
use crate::process::failure::Exit;
use crate::sandbox::Fault;
use crate::sandbox::Operation;
use crate::sandbox::faults::FaultEffect;

/// The classes that are listed to read the live state.
const LISTS: [&str; 7] =
    ["agreement", "agreementRule", "ou", "slmService", "employee", "servicetime", "priority"];

/// The invalid responses, with a description.
fn bad_answers() -> Vec<(&'static str, FaultEffect)> {
    let (json, answer) = (FaultEffect::json, FaultEffect::typed);
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let key = "Переход не может быть выполнен: ключ авторизации *** не найден или не может быть использован повторно";
    let page: Vec<String> = (1..=1000).map(|number| format!(r#"{{"UUID":"ou${number}"}}"#)).collect();
    vec![
        ("a proxy's page, with success", FaultEffect::html(200)),
        ("a login page", answer(200, "text/html", "<form action=/sd/login><input name=password></form>")),
        ("nothing at all", json("")),
        ("no content", answer(204, "application/json", "")),
        ("not modified", answer(304, "application/json", "")),
        ("an object in place of a list", json(r#"{"objects":[]}"#)),
        ("an error with success", json(r#"{"error":"no rights"}"#)),
        ("a text", json(r#""[]""#)),
        ("a number", json("0")),
        ("null", json("null")),
        ("true", json("true")),
        ("a list of numbers", json("[1,2]")),
        ("a list of nulls", json("[null]")),
        ("a list of lists", json("[[]]")),
        ("objects without a UUID", json(r#"[{"title":"x"}]"#)),
        ("a UUID that is a number", json(r#"[{"UUID":7}]"#)),
        ("a UUID that is no id", json(r#"[{"UUID":"a b\n"}]"#)),
        ("one object twice", json(r#"[{"UUID":"ou$1"},{"UUID":"ou$1"}]"#)),
        ("the same page at every offset", json(&format!("[{}]", page.join(",")))),
        ("a list that is cut short", json(r#"[{"UUID":"ou$1","title":"#)),
        ("a list with something after it", json("[] <!-- cached -->")),
        ("a byte order mark", json("\u{feff}[]")),
        ("packed bytes that were not requested", json("\u{1f}\u{8b}\u{8}\u{0}\u{0}")),
        ("lists ten thousand deep", json(&deep)),
        ("moved for good", answer(301, "text/html", "")),
        ("moved to a login page", answer(302, "text/html", "<a href=/sd/login>")),
        ("bad request", FaultEffect::text(400, "bad filter")),
        ("no key", FaultEffect::text(401, "Ошибка авторизации")),
        ("no rights", FaultEffect::text(403, "Forbidden")),
        ("not found", FaultEffect::html(404)),
        ("a teapot", FaultEffect::text(418, "")),
        ("too many, again and again", FaultEffect::too_many(None)),
        ("a server's error", FaultEffect::text(500, "Внутренняя ошибка")),
        ("a key that is not known", FaultEffect::text(500, key)),
        ("a bad gateway", FaultEffect::html(502)),
        ("overload", FaultEffect::html(503)),
        ("a gateway that gave up", FaultEffect::html(504)),
        ("an answer that is cut", FaultEffect::CutBody),
        ("a connection that ends", FaultEffect::Drop { done: false }),
    ]
}

/// Refuses every bad answer to one list, of which a sample has another third for the next list. No answer writes anything, so
/// that the next one meets the same helpdesk.
async fn refuses(spring: &std::path::Path, list: &str) {
    let fixture = ReconcileFixture::of_autumn(spring, 1).await;
    let third = LISTS.iter().position(|other| *other == list).expect("one of the lists");
    let answers = bad_answers().into_iter().cycle().skip(third).take(bad_answers().len());
    for (kind, effect) in every(3, answers) {
        let what = format!("{kind} from {list}");
        fixture.sandbox.set_faults(vec![Fault::new(effect).on(Operation::Find).of(list).for_good()]);
        let Err(failure) = fixture.reconcile().await else { panic!("{what}: a plan was made of it") };
        assert!(matches!(failure.exit, Exit::Failure | Exit::Credentials), "{what}: {failure:?}");
        assert!(failure.message.contains(&format!("find {list}")), "{what}: {}", failure.message);
        assert_eq!(fixture.sandbox.request_counts().writes(), 0, "{what}");
    }
    fixture.assert_converges(list).await;
}

#[test]
fn a_bad_answer_is_reported_and_nothing_is_written() {
    let spring = runtime().block_on(ReconcileFixture::spring());
    each_on_its_own_core(&LISTS, async |lists| {
        let all = lists.iter().map(|list| refuses(spring.path(), list));
        futures_util::future::join_all(all).await;
    });
}

/// A list that is empty by mistake looks like any other; only the last-applied state shows the difference.
#[test]
fn an_empty_list_of_agreements_does_not_create_them_again() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        let fixture = ReconcileFixture::of_autumn(spring.path(), 1).await;
        fixture.sandbox.set_faults(vec![
            Fault::new(FaultEffect::json("[]")).of("agreement").on(Operation::Find).for_good(),
        ]);
        let concluded = fixture.reconcile().await.expect("a plan that a guard blocks");
        assert_eq!(
            concluded.exit,
            Exit::Refused,
            "{:?} {:?} {:?}",
            concluded.guarded.plan.totals,
            concluded.guarded.plan.notes,
            concluded.outcome.results
        );
        assert_eq!(fixture.sandbox.request_counts().writes(), 0);
        fixture.assert_converges("an empty list").await;
    });
}

/// An empty list of another class blocks the agreements whose slugs it leaves unresolved.
#[test]
fn an_empty_list_of_anything_else_writes_nothing_either() {
    runtime().block_on(async {
        let spring = ReconcileFixture::spring().await;
        for list in ["ou", "slmService", "servicetime", "priority"] {
            let fixture = ReconcileFixture::of_autumn(spring.path(), 1).await;
            fixture.sandbox.set_faults(vec![
                Fault::new(FaultEffect::json("[]")).of(list).on(Operation::Find).for_good(),
            ]);
            let concluded = fixture.reconcile().await.expect("a plan");
            assert_ne!(concluded.exit, Exit::Fine, "{list}");
            assert_eq!(fixture.sandbox.request_counts().writes(), 0, "{list}");
        }
    });
}
