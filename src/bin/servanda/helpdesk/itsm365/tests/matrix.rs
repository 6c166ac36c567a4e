//! One suite over every way in which a tenant may behave: each pair of settings of any two switches is met.
//!
//! Undocumented behaviour is an option of the sandbox; the adapter must not depend on any.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use servanda::ident::LiveId;
use servanda::live::{LiveAgreement, LiveTarget, Observed, TargetKey, Value};
use servanda::mapping::{DateForm, DayForm, Field, IntervalForm, RecipientSide};
use servanda::plan::Step;

use super::{Desk, fields, id, key, live_id, promise};
use crate::cases::sample_of;
use crate::helpdesk::itsm365::{Itsm365Reader, Itsm365Writer};
use crate::helpdesk::{Reader as _, Selection, Writer as _};
use crate::sandbox::ACCESS_KEY;
use crate::sandbox::faults::{ConcurrentEdit, FaultEffect};
use crate::sandbox::options::{AgreementRecipients, DateWrites, FindOrder, IntervalEncoding, Paging};
use crate::sandbox::{Fault, Operation, SandboxOptions};

/// The way many settings each switch has, in the order of [`options`].
const SETTINGS: [usize; 15] = [2, 2, 4, 2, 3, 2, 4, 2, 3, 3, 4, 4, 2, 2, 2];

/// A choice for each switch.
pub(super) type Row = [usize; SETTINGS.len()];

/// The switches of a row, and on which side the tenant of that row has recipients written.
fn options(row: Row) -> (SandboxOptions, RecipientSide) {
    let (recipients, side) = [
        (AgreementRecipients::Writable, RecipientSide::Agreement),
        (AgreementRecipients::Writable, RecipientSide::Recipient),
        (AgreementRecipients::Refused, RecipientSide::Recipient),
        (AgreementRecipients::Ignored, RecipientSide::Recipient),
    ][row[2]];
    let options = SandboxOptions {
        edit_status: [200, 201][row[0]],
        unchanged_is_not_modified: row[1] == 1,
        agreement_recipients: recipients,
        refusal_status: [500, 400][row[3]],
        absent_status: [404, 400, 500][row[4]],
        find_gives_archived: row[5] == 0,
        order: [FindOrder::Stable, FindOrder::Reversed, FindOrder::Touched, FindOrder::Shuffled(7)][row[6]],
        default_limit: [None, Some(1)][row[7]],
        greatest_limit: [None, Some(1), Some(3)][row[8]],
        paging: [Paging::Regular, Paging::Ragged][row[14]],
        zone: ["UTC", "Asia/Vladivostok", "America/New_York"][row[9]].to_owned(),
        day_only: row[10] >= 2,
        date_writes: [DateWrites::Dots, DateWrites::Dashes][row[10] % 2],
        interval: [
            IntervalEncoding::Object,
            IntervalEncoding::Milliseconds,
            IntervalEncoding::Seconds,
            IntervalEncoding::Text,
        ][row[11]],
        unknown_attrs_refused: row[12] == 1,
        search_lag: [0, 3][row[13]],
        departments_inherit: false,
        module: None,
        ..SandboxOptions::default()
    };
    (options, side)
}

/// Opens a desk that behaves so, with the settings that its tenant would write.
pub(super) async fn open(row: Row) -> Desk {
    let (options, side) = options(row);
    let interval =
        [IntervalForm::Object, IntervalForm::Milliseconds, IntervalForm::Seconds, IntervalForm::Text]
            [row[11]];
    let mut desk = Desk::open(options).await;
    desk.mapping.recipients.side = side;
    desk.mapping.dates.form =
        [DateForm::DateTime, DateForm::IsoDateTime, DateForm::Date, DateForm::IsoDate][row[10]];
    if row[10] < 2 {
        desk.mapping.last_day = [DayForm::EndOfDay, DayForm::NextDay][row[10]];
    }
    desk.mapping.rules.as_mut().expect("there are rules").interval = interval;
    desk
}

/// Somebody else's agreement, byte for byte.
fn foreign(desk: &Desk) -> Vec<Json> {
    desk.sandbox.find("agreement", &json!({ "UUID": "agreement$7" })).expect("a list")
}

/// The agreement, once the search shows all of it.
async fn settled(reader: &Itsm365Reader<'_>, object: &LiveId, rules: usize) -> LiveAgreement {
    for _ in 0..20 {
        if let Observed::Present(found) = reader.get(object).await.expect("read")
            && found.rules.len() == rules
        {
            return found;
        }
    }
    panic!("{object} never shows with {rules} rules");
}

/// One tenant with a reader and a writer.
struct Tenant<'a> {
    what: String,
    row: Row,
    writer: Itsm365Writer<'a>,
    reader: Itsm365Reader<'a>,
    is_linked_from_recipients: bool,
}

impl Tenant<'_> {
    /// A promise that the tenant's form can hold: seconds know no days.
    fn promise(&self, hours: u32, calendar: Option<&str>) -> LiveTarget {
        let mut promise = promise(hours, calendar);
        if [1, 2].contains(&self.row[11]) {
            promise.resolution = None;
        }
        promise
    }

    fn rules(&self) -> [(TargetKey, LiveTarget); 2] {
        [
            (key(None), self.promise(1, None)),
            (key(Some("slmService$1")), self.promise(2, Some("servicetime$2"))),
        ]
    }

    async fn perform(&self, name: &str, object: &LiveId, step: Step) {
        let done = self.writer.perform(&id(name), Some(object), &step).await;
        if let Err(error) = done {
            panic!("{}: {step:?}: {error}", self.what);
        }
    }

    async fn create(&self, number: usize) -> LiveId {
        let mut fields = fields();
        fields.insert(Field::Number, Value::text(&format!("ДО-{number}")));
        if self.is_linked_from_recipients {
            fields.remove(&Field::Recipients);
        }
        let step = Step::Create { fields };
        let made = self.writer.perform(&id(&format!("a{number}")), None, &step).await.expect("created");
        assert!(made.altered.is_empty(), "{}: {:?}", self.what, made.altered);
        made.object
    }

    /// An agreement that is written with all its parts is read back equal: by list, by ownership key and by id.
    async fn fill_and_publish(&self, object: &LiveId) -> LiveAgreement {
        if self.is_linked_from_recipients {
            self.perform("a0", object, Step::Link { unit: live_id("ou$1") }).await;
        }
        for (key, promise) in self.rules() {
            self.perform("a0", object, Step::PutRule { rule: None, key, target: promise }).await;
        }
        let publish =
            Step::Edit { fields: BTreeMap::new(), state: Some("active".to_owned()), ownership_key: None };
        self.perform("a0", object, publish).await;
        let found = settled(&self.reader, object, 2).await;
        let mut expected = fields();
        expected.insert(Field::Number, Value::text("ДО-0"));
        expected.insert(Field::Targets, Value::targets(self.rules().into()));
        assert_eq!(found.record.fields, expected, "{}", self.what);
        assert_eq!(found.record.state, "active", "{}", self.what);
        let by_mark = self.reader.find(&id("a0")).await.expect("read");
        assert_eq!(by_mark, Observed::Present(found.clone()), "{}", self.what);
        let absent = self.reader.find(&id("absent")).await.expect("read");
        assert_eq!(absent, Observed::Absent, "{}", self.what);
        found
    }

    /// An edit, performed twice: the second changes nothing, and succeeds with every response of the helpdesk.
    async fn change(&self, object: &LiveId, found: &LiveAgreement) {
        let fields = [(Field::Title, Value::text("Ромашка 2027")), (Field::Manager, Value::Nothing)];
        let edit = Step::Edit { fields: fields.into(), state: None, ownership_key: None };
        for _ in 0..2 {
            self.perform("a0", object, edit.clone()).await;
        }
        let rule = found.rules.get(&key(None)).cloned();
        let put = Step::PutRule { rule, key: key(None), target: self.promise(3, None) };
        self.perform("a0", object, put).await;
        let dropped = key(Some("slmService$1"));
        let drop = Step::DropRule { rule: found.rules[&dropped].clone(), key: dropped };
        self.perform("a0", object, drop).await;
        let found = settled(&self.reader, object, 1).await;
        let targets = Value::targets([(key(None), self.promise(3, None))].into());
        for (field, value) in [
            (Field::Title, Value::text("Ромашка 2027")),
            (Field::Manager, Value::Nothing),
            (Field::Targets, targets),
        ] {
            assert_eq!(found.record.fields[&field], value, "{}", self.what);
        }
    }

    /// Archived objects bear their mark all the same, and can be brought back.
    async fn archive(&self, objects: &[LiveId]) {
        for (name, object) in [("a1", &objects[1]), ("a2", &objects[2])] {
            self.perform(name, object, Step::Archive).await;
        }
        self.perform("a2", &objects[2], Step::Restore).await;
        let live = self.reader.read_live(&Selection::default()).await.expect("read");
        let marks: Vec<String> = live.agreements.keys().map(ToString::to_string).collect();
        assert_eq!(marks, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"], "{}", self.what);
        let archived = live
            .agreements
            .iter()
            .filter(|(_, observed)| matches!(observed, Observed::Present(found) if found.archived));
        assert_eq!(archived.map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a1"], "{}", self.what);
        assert_eq!(live.unmanaged, 1, "{}", self.what);
        for found in [self.reader.get(&objects[1]).await, self.reader.find(&id("a1")).await] {
            let is_archived = matches!(found, Ok(Observed::Present(found)) if found.archived);
            assert!(is_archived, "{}: an archived object is no absent one", self.what);
        }
    }
}

/// The suite, against a desk of this row and with the mapping that the desk has.
pub(super) async fn suite(row: Row, desk: Desk) {
    let transport = desk.transport(ACCESS_KEY);
    let tenant = Tenant {
        what: format!("{row:?}"),
        row,
        writer: Itsm365Writer::new(&transport, &desk.mapping),
        reader: Itsm365Reader::new(&transport, &desk.mapping, 2),
        is_linked_from_recipients: desk.mapping.recipients.side == RecipientSide::Recipient,
    };
    for (object, attributes) in [
        ("agreement$7", json!({ "inventoryNumber": "zz:a0" })),
        ("ou$1", json!({ "recipientAgreements": ["agreement$7"] })),
    ] {
        desk.sandbox.hand_edit(object, &attributes, "Анна").expect("edited");
    }
    let before = foreign(&desk);
    let mut objects = Vec::new();
    for number in 0..7 {
        objects.push(tenant.create(number).await);
    }
    let found = tenant.fill_and_publish(&objects[0]).await;
    tenant.change(&objects[0], &found).await;
    tenant.archive(&objects).await;
    assert_eq!(foreign(&desk), before, "{row:?}: somebody else's is as it was");
}

/// Rows that meet every pair of settings of any two switches, each row taking as many new pairs as it can.
pub(super) fn pairwise() -> Vec<Row> {
    let pairs = |row: &Row| {
        let mut pairs = Vec::new();
        for left in 0..row.len() {
            pairs.extend((left + 1..row.len()).map(|right| (left, row[left], right, row[right])));
        }
        pairs
    };
    let mut missing = std::collections::BTreeSet::new();
    for row in candidates(0, 400) {
        missing.extend(pairs(&row));
    }
    let possible: usize = (0..SETTINGS.len())
        .flat_map(|left| (left + 1..SETTINGS.len()).map(move |right| SETTINGS[left] * SETTINGS[right]))
        .sum();
    assert_eq!(missing.len(), possible, "the candidates meet all pairs");
    let mut rows = Vec::new();
    while !missing.is_empty() {
        let gain = |row: &Row| pairs(row).iter().filter(|pair| missing.contains(*pair)).count();
        let best = candidates(0, 400).max_by_key(gain).expect("there are candidates");
        for pair in pairs(&best) {
            missing.remove(&pair);
        }
        rows.push(best);
    }
    rows
}

/// Rows in an order that looks like chance and is always the same (a linear congruential generator).
pub(super) fn candidates(seed: u64, count: usize) -> impl Iterator<Item = Row> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 40).expect("24 bits") % below
    };
    std::iter::repeat_with(move || SETTINGS.map(&mut next)).take(count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_adapter_leans_on_nothing_that_is_unknown() {
    let mut rows = pairwise();
    rows.extend(candidates(1, sample_of(20, 3000)));
    let mut running = tokio::task::JoinSet::new();
    for row in rows {
        if running.len() >= 8 {
            running.join_next().await.expect("one is running").expect("it holds");
        }
        running.spawn(async move { suite(row, open(row).await).await });
    }
    while let Some(row) = running.join_next().await {
        row.expect("it holds");
    }
}

/// Somebody edits or creates while a list is being read, so that objects move from one page to another.
#[tokio::test]
async fn what_moves_between_two_pages_is_read_once_and_not_lost() {
    for order in [FindOrder::Touched, FindOrder::Reversed, FindOrder::Stable, FindOrder::Shuffled(3)] {
        for at in 1..6 {
            let desk = Desk::open(SandboxOptions { order, ..SandboxOptions::default() }).await;
            let transport = desk.transport(ACCESS_KEY);
            let writer = Itsm365Writer::new(&transport, &desk.mapping);
            for number in 0..7 {
                let create = Step::Create { fields: fields() };
                writer.perform(&id(&format!("a{number}")), None, &create).await.expect("created");
            }
            // The oldest moves to the front, the newest is archived: one page gains, another loses.
            let attributes = json!({ "description": "touched" });
            let touch = ConcurrentEdit {
                object: Some("agreement$900001".to_owned()),
                attributes: attributes.as_object().expect("an object").clone(),
                who: "Анна".to_owned(),
            };
            let fault = Fault::new(FaultEffect::Meanwhile(touch)).on(Operation::Find).of("agreement").at(at);
            desk.sandbox.set_faults(vec![fault]);
            let reader = Itsm365Reader::new(&transport, &desk.mapping, 2);
            let live = reader.read_live(&Selection::default()).await.expect("read");
            assert_eq!(live.agreements.len(), 7, "{order:?}, touched before page {at}");
            assert!(live.same_ownership_key.is_empty(), "{order:?}, touched before page {at}");
        }
    }
}

/// A list that moves all the time is an error, and no list with something missing.
#[tokio::test]
async fn a_list_that_never_stands_still_is_no_list() {
    let desk = Desk::open(SandboxOptions { order: FindOrder::Touched, ..SandboxOptions::default() }).await;
    let transport = desk.transport(ACCESS_KEY);
    let writer = Itsm365Writer::new(&transport, &desk.mapping);
    for number in 0..7 {
        let create = Step::Create { fields: fields() };
        writer.perform(&id(&format!("a{number}")), None, &create).await.expect("created");
    }
    let faults = (1..40).map(|at| {
        let attributes = json!({ "description": format!("touched {at}") });
        let touch = ConcurrentEdit {
            object: Some(format!("agreement$90000{}", at % 7 + 1)),
            attributes: attributes.as_object().expect("an object").clone(),
            who: "Анна".to_owned(),
        };
        Fault::new(FaultEffect::Meanwhile(touch)).on(Operation::Find).of("agreement").at(at)
    });
    desk.sandbox.set_faults(faults.collect());
    let reader = Itsm365Reader::new(&transport, &desk.mapping, 2);
    let error = reader.read_live(&Selection::default()).await.expect_err("no list");
    assert!(error.to_string().contains("do not fit together"), "{error}");
}
