//! The dialect over real HTTP, against the embedded helpdesk.

mod discovery;
mod matrix;
mod paging;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::json;
use servanda::calendar::{TargetTime, read_day, read_instant};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, ObjectKind, Observed, TargetKey, Value};
use servanda::mapping::{DayForm, Field, Mapping, RecipientSide};
use servanda::plan::Step;
use servanda::settings::Pace;

use super::{Itsm365Reader, Itsm365Transport, Itsm365Writer};
use crate::helpdesk::{Reader as _, Selection, WriteError, Writer as _};
use crate::http::client::Endpoint;
use crate::sandbox::{
    ACCESS_KEY, DatabasePath, RunningSandbox, Sandbox, SandboxClock, SandboxOptions, Seed, SeedObject,
};

const CANARY: &str = "canary-7f3e+ ключ";

struct Desk {
    sandbox: Sandbox,
    running: RunningSandbox,
    mapping: Mapping,
}

fn live_id(text: &str) -> LiveId {
    LiveId::new(text).expect("a live id")
}

fn id(text: &str) -> AgreementId {
    AgreementId::new(text).expect("an id")
}

impl Desk {
    async fn open(options: SandboxOptions) -> Self {
        let seed = Seed {
            units: vec![SeedObject::known("ou$1", "Ромашка"), SeedObject::known("ou$2", "Ветер")],
            employees: vec![SeedObject::known("employee$1", "Ирина Петрова")],
            services: vec![
                SeedObject::known("slmService$1", "Почта"),
                SeedObject::known("slmService$2", "VPN"),
            ],
            calendars: vec![
                SeedObject::known("servicetime$1", "9x5"),
                SeedObject::known("servicetime$2", "24x7"),
            ],
            priorities: vec![SeedObject::known("priority$1", "Обычный")],
            agreements: vec![SeedObject::known("agreement$7", "Somebody else's")],
        };
        let clock = SandboxClock::fixed(read_instant("2026-09-01T09:00:00Z").expect("an instant"));
        let sandbox = Sandbox::open(&DatabasePath::Memory, &seed, clock, options).expect("it opens");
        let running = sandbox.start().await.expect("it starts");
        Self { sandbox, running, mapping: Mapping::default() }
    }

    fn transport(&self, key: &str) -> Itsm365Transport {
        Itsm365Transport::new(&Endpoint::at(&self.running.url()), SecretString::from(key), &Pace::SANDBOX)
            .expect("a transport")
    }
}

fn fields() -> BTreeMap<Field, Value> {
    [
        (Field::Title, Value::text("Ромашка 2026")),
        (Field::Number, Value::text("ДО-1")),
        (Field::FirstDay, Value::Day(read_day("2026-01-01").expect("a day"))),
        (Field::LastDay, Value::Day(read_day("2026-12-31").expect("a day"))),
        (Field::Manager, Value::Reference(live_id("employee$1"))),
        (Field::Provider, Value::Reference(live_id("ou$2"))),
        (Field::Calendar, Value::Reference(live_id("servicetime$1"))),
        (Field::Services, Value::references([live_id("slmService$1"), live_id("slmService$2")].into())),
        (Field::Recipients, Value::references([live_id("ou$1")].into())),
    ]
    .into()
}

fn key(service: Option<&str>) -> TargetKey {
    TargetKey { service: service.map(live_id), priority: live_id("priority$1") }
}

fn promise(hours: u32, calendar: Option<&str>) -> LiveTarget {
    LiveTarget {
        response: Some(TargetTime::Seconds(hours * 3600 + 60)),
        resolution: Some(TargetTime::BusinessDays(2)),
        calendar: calendar.map(live_id),
    }
}

/// Creates an agreement without targets.
async fn created(writer: &Itsm365Writer<'_>) -> LiveId {
    writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await.expect("created").object
}

#[tokio::test]
async fn what_is_written_is_read_back_in_the_same_form() {
    for form in [DayForm::StartOfDay, DayForm::EndOfDay, DayForm::NextDay] {
        let mut desk = Desk::open(SandboxOptions::default()).await;
        desk.mapping.last_day = form;
        let transport = desk.transport(ACCESS_KEY);
        let writer = Itsm365Writer::new(&transport, &desk.mapping);
        let reader = Itsm365Reader::new(&transport, &desk.mapping, 2);
        let created =
            writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await.expect("created");
        assert!(created.altered.is_empty());
        let object = created.object;
        for (key, promise) in
            [(key(None), promise(1, None)), (key(Some("slmService$1")), promise(2, Some("servicetime$2")))]
        {
            let put = Step::PutRule { rule: None, key, target: promise };
            writer.perform(&id("a"), Some(&object), &put).await.expect("written");
        }
        let publish =
            Step::Edit { fields: BTreeMap::new(), state: Some("active".to_owned()), ownership_key: None };
        writer.perform(&id("a"), Some(&object), &publish).await.expect("published");
        let live = reader.read_live(&Selection::default()).await.expect("read");
        let Some(Observed::Present(found)) = live.agreements.get("a") else { panic!("{live:?}") };
        let mut expected = fields();
        let targets =
            [(key(None), promise(1, None)), (key(Some("slmService$1")), promise(2, Some("servicetime$2")))];
        expected.insert(Field::Targets, Value::targets(targets.into()));
        assert_eq!(found.record.fields, expected);
        assert_eq!(found.record.state, "active");
        assert_eq!(reader.find(&id("a")).await.expect("read"), Observed::Present(found.clone()));
        assert_eq!(reader.get(&object).await.expect("read"), Observed::Present(found.clone()));
        assert_eq!(reader.find(&id("b")).await.expect("read"), Observed::Absent);
        assert_eq!(live.unmanaged, 1, "somebody else's agreement bears no mark");
        assert_eq!(live.directory.title(&live_id("ou$1")), Some("Ромашка"));
        assert_eq!(live.directory.titled(ObjectKind::Service, "VPN"), [live_id("slmService$2")]);
    }
}

#[tokio::test]
async fn targets_of_a_new_agreement_are_created_by_one_request() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    let object = created(&writer).await;
    let put = |service, hours| {
        let key = key(service);
        Step::PutRule { rule: None, key, target: promise(hours, None) }
    };
    let (both, wrong) = ([put(None, 1), put(Some("slmService$1"), 2)], put(Some("slmService$99"), 3));
    writer.create_targets_within(&object, &[&both[0], &both[1]], None).await.expect("created");
    assert_eq!(desk.sandbox.request_counts().create, 2);
    let refused = writer.create_targets_within(&object, &[&wrong], None).await;
    assert!(matches!(refused, Err(WriteError::Refused(text)) if text.contains("slmService$99")));
    let Observed::Present(found) = reader.get(&object).await.expect("read") else { panic!("it is there") };
    assert_eq!(found.rules.len(), 2);
}

#[tokio::test]
async fn a_rule_is_changed_in_place_and_archived() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    let object = created(&writer).await;
    let mut rule = None;
    for hours in [1, 2] {
        let key = key(Some("slmService$1"));
        let put = Step::PutRule { rule, key: key.clone(), target: promise(hours, None) };
        writer.perform(&id("a"), Some(&object), &put).await.expect("written");
        let Observed::Present(found) = reader.get(&object).await.expect("read") else {
            panic!("it is there")
        };
        rule = found.rules.get(&key).cloned();
    }
    let Observed::Present(found) = reader.get(&object).await.expect("read") else { panic!("it is there") };
    assert_eq!(found.rules.len(), 1);
    assert_eq!(
        found.record.fields[&Field::Targets],
        Value::targets([(key(Some("slmService$1")), promise(2, None))].into())
    );
    let (rule_key, rule) = found.rules.first().expect("one");
    let drop = Step::DropRule { rule: rule.clone(), key: rule_key.clone() };
    writer.perform(&id("a"), Some(&object), &drop).await.expect("archived");
    let Observed::Present(found) = reader.get(&object).await.expect("read") else { panic!("it is there") };
    assert!(found.rules.is_empty());
}

#[tokio::test]
async fn a_link_on_the_recipients_side_touches_only_that_link() {
    let mut desk = Desk::open(SandboxOptions::default()).await;
    desk.mapping.recipients.side = RecipientSide::Recipient;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let foreign = json!({ "recipientsOU": ["ou$1"] });
    desk.sandbox.hand_edit("agreement$7", &foreign, "Somebody").expect("edited");
    let mut fields = fields();
    fields.remove(&Field::Recipients);
    let object = writer.perform(&id("a"), None, &Step::Create { fields }).await.expect("created").object;
    let unit = live_id("ou$1");
    let agreements = || {
        let found = desk.sandbox.find("ou", &json!({ "UUID": "ou$1" })).expect("found");
        let linked = found[0]["recipientAgreements"].as_array().expect("a set").clone();
        linked
            .iter()
            .map(|linked| linked["UUID"].as_str().expect("an id").to_owned())
            .collect::<BTreeSet<_>>()
    };
    writer.perform(&id("a"), Some(&object), &Step::Link { unit: unit.clone() }).await.expect("linked");
    assert_eq!(agreements(), [object.to_string(), "agreement$7".to_owned()].into());
    writer.perform(&id("a"), Some(&object), &Step::Unlink { unit }).await.expect("unlinked");
    assert_eq!(agreements(), ["agreement$7".to_owned()].into());
}

#[tokio::test]
async fn archiving_and_bringing_back() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    let object = created(&writer).await;
    for (step, archived) in [(Step::Archive, true), (Step::Restore, false)] {
        writer.perform(&id("a"), Some(&object), &step).await.expect("done");
        let Observed::Present(found) = reader.find(&id("a")).await.expect("read") else {
            panic!("it is there")
        };
        assert_eq!(found.archived, archived);
    }
}

#[tokio::test]
async fn two_objects_with_one_ownership_key_are_reported() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1);
    for _ in 0..2 {
        writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await.expect("created");
    }
    let live = reader.read_live(&Selection::default()).await.expect("read");
    assert_eq!(live.same_ownership_key[&id("a")].len(), 2);
    assert!(live.agreements.is_empty());
    assert!(matches!(reader.find(&id("a")).await, Ok(Observed::Unknown(_))));
}

#[tokio::test]
async fn an_adopted_object_is_read_although_it_is_unmanaged() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    let wanted = Selection { adopts: [live_id("agreement$7")].into(), unmarked: false };
    let live = reader.read_live(&wanted).await.expect("read");
    assert!(matches!(live.adoptable.get(&live_id("agreement$7")), Some(Observed::Present(_))));
    // The ownership key would overwrite somebody else's text.
    let taken = json!({ "inventoryNumber": "B001" });
    desk.sandbox.hand_edit("agreement$7", &taken, "Анна").expect("edited");
    let live = reader.read_live(&Selection::default().with_all_unmarked()).await.expect("read");
    let Some(Observed::Unknown(why)) = live.adoptable.get(&live_id("agreement$7")) else {
        panic!("{live:?}")
    };
    assert!(why.contains("B001"), "{why}");
}

#[tokio::test]
async fn a_wrong_key_ends_in_credentials_and_is_in_no_message() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(CANARY);
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 1000);
    let error = reader.read_live(&Selection::default()).await.expect_err("refused");
    assert!(error.is_credentials());
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    let refused = writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await;
    let Err(refused) = refused else { panic!("created with a wrong key") };
    assert!(matches!(refused, WriteError::Credentials(_)));
    for text in [format!("{error} {error:?}"), format!("{refused} {refused:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_helpdesk_that_is_not_there_is_no_empty_one() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let url = desk.running.url();
    desk.running.stop().await.expect("stopped");
    let transport = Itsm365Transport::new(&Endpoint::at(&url), SecretString::from(CANARY), &Pace::SANDBOX)
        .expect("a transport");
    let mapping = Mapping::default();
    let writer = Itsm365Writer::new(&transport, &mapping);
    let Err(error) = writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await else {
        panic!("created nowhere")
    };
    assert!(matches!(error, WriteError::NotSent(_)));
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_date_that_cannot_be_read_makes_one_agreement_unknown() {
    let desk = Desk::open(SandboxOptions::default()).await;
    let transport = desk.transport(ACCESS_KEY);
    let mut mapping = desk.mapping.clone();
    mapping.attributes.insert(Field::LastDay, "title".to_owned());
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    writer.perform(&id("a"), None, &Step::Create { fields: fields() }).await.expect("created");
    let live =
        Itsm365Reader::new(&transport, &mapping, 1000).read_live(&Selection::default()).await.expect("read");
    let Some(Observed::Unknown(why)) = live.agreements.get("a") else { panic!("{:?}", live.agreements) };
    assert!(why.contains("title"), "{why}");
}
