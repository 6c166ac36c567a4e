//! A report as compact JSON for the page's script: lists instead of maps, days as numbers, shared values only once.
//!
//! Only `model.js` reads the format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::agreement::{Agreement, PeriodEnd, Target};
use crate::calendar::{Day, TargetTime, Zone};
use crate::ident::{ClientSlug, PriorityName, ServiceSlug, file_of};
use crate::report::{Covered, Follows, RenewalNeed, ReportEntry, ValueOrigin};
use crate::status::{State, StatusReason, is_ended_by_termination};

use super::input::ReportInput;
use super::notices::ReportNotice;
use super::vocabulary::whole;

/// A string can always be written to.
const WRITES: &str = "a string takes all that is written";

/// Values that several agreements share, each with its index in the order of first use.
struct Interned<T>(BTreeMap<T, usize>);

impl<T: Ord> Interned<T> {
    fn empty() -> Self {
        Self(BTreeMap::new())
    }

    fn index(&mut self, value: T) -> usize {
        let next = self.0.len();
        *self.0.entry(value).or_insert(next)
    }

    fn list(&self, to_json: impl Fn(&T) -> Value) -> Value {
        let mut list = vec![Value::Null; self.0.len()];
        for (value, index) in &self.0 {
            list[*index] = to_json(value);
        }
        Value::Array(list)
    }
}

/// A service of an agreement with its calendar and its targets, by their indexes.
type ServiceLevel = (usize, Option<usize>, Option<usize>);
/// Targets by priority: response and resolution.
type TargetRows = Vec<(PriorityName, Option<i64>, Option<i64>)>;

/// The values that agreements share, collected while they are written.
struct DataWriter<'a> {
    input: &'a ReportInput<'a>,
    clients: Interned<String>,
    managers: Interned<String>,
    services: Interned<String>,
    calendars: Interned<String>,
    targets: Interned<TargetRows>,
    packs: Interned<Vec<ServiceLevel>>,
    labels: Interned<(String, String)>,
    folders: Interned<String>,
    helpdesks: Interned<String>,
    /// The places of values, by their indices in the facts.
    origins: Interned<u32>,
    /// Lists of these, by their indices in the facts.
    origin_packs: Interned<u32>,
    /// Events with their recipients, in words.
    notices: Interned<(&'static str, String)>,
    /// Coming notices, with their days from the last day.
    coming: Interned<Vec<(i32, usize)>>,
}

impl<'a> DataWriter<'a> {
    fn new(input: &'a ReportInput<'a>) -> Self {
        Self {
            input,
            clients: Interned::empty(),
            managers: Interned::empty(),
            services: Interned::empty(),
            calendars: Interned::empty(),
            targets: Interned::empty(),
            packs: Interned::empty(),
            labels: Interned::empty(),
            folders: Interned::empty(),
            helpdesks: Interned::empty(),
            origins: Interned::empty(),
            origin_packs: Interned::empty(),
            notices: Interned::empty(),
            coming: Interned::empty(),
        }
    }
}

/// The data of a page as JSON. The long lists are written row by row: as values, those of ten thousand agreements would be
/// thirty times as large as their text.
pub(super) fn data(input: &ReportInput<'_>, words: &Value) -> String {
    let mut writer = DataWriter::new(input);
    let report = input.report;
    let mut text = String::from("{");
    add_list(&mut text, "agreements", report.entries.iter().map(|entry| writer.agreement(entry)));
    add_list(&mut text, "lanes", report.lanes.iter().map(|lane| json!(lane)));
    let coverage = report.coverage.iter();
    add_list(&mut text, "coverage", coverage.map(|(client, services)| writer.coverage(client, services)));
    let shared = writer.shared(words).to_string();
    text.push_str(shared.strip_prefix('{').unwrap_or_default());
    text
}

/// Adds a list under a key, and a comma.
fn add_list(text: &mut String, key: &str, rows: impl Iterator<Item = Value>) {
    write!(text, "\"{key}\":[").expect(WRITES);
    for (index, row) in rows.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}{row}").expect(WRITES);
    }
    text.push_str("],");
}

impl DataWriter<'_> {
    /// The values that the lists refer to, and all that is said once.
    fn shared(&self, words: &Value) -> Value {
        let (input, report) = (self.input, self.input.report);
        let catalog = input.catalog;
        let titled = |slug: &String, title: Option<&String>| json!([slug, whole(title.unwrap_or(slug))]);
        let priority = |name: &PriorityName| {
            catalog.priorities.get(name).map_or_else(|| name.to_string(), |entry| whole(&entry.title))
        };
        json!({
            "today": number(input.zone.day_of(report.at)),
            "at": Zone::UTC.wall_time_of(report.at).strftime("%Y%m%dT%H%M%SZ").to_string(),
            "zone": input.zone.name(),
            "ledger": input.notices.is_ledger_known,
            "served": input.served.is_some(),
            "renew": input.renew,
            "labels": self.labels.list(|(name, value)| json!([whole(name), whole(value)])),
            "folders": self.folders.list(|folder| json!(whole(folder))),
            "helpdesks": self.helpdesks.list(|name| json!(name)),
            "origins": self.origins.list(|origin| self.origin(*origin)),
            "origin_packs": self.origin_packs.list(|pack| self.origin_pack(*pack)),
            "coming": self.coming.list(|coming| json!(coming)),
            "notices": self.notices.list(|(event, recipient)| json!([event, whole(recipient)])),
            "words": words,
            "clients": self.clients.list(|slug| {
                titled(slug, catalog.clients.get(slug.as_str()).map(|client| &client.entry.title))
            }),
            "managers": self.managers.list(|slug| titled(slug, catalog.managers.get(slug.as_str()).map(|entry| &entry.title))),
            "services": self.services.list(|slug| titled(slug, catalog.services.get(slug.as_str()).map(|entry| &entry.title))),
            "calendars": self.calendars.list(|slug| titled(slug, catalog.calendars.get(slug.as_str()).map(|entry| &entry.title))),
            "targets": self.targets.list(|targets| {
                targets.iter().map(|(name, response, resolution)| json!([priority(name), response, resolution])).collect()
            }),
            "packs": self.packs.list(|pack| {
                pack.iter().map(|(service, hours, targets)| json!([service, or_none(*hours), or_none(*targets)])).collect()
            }),
        })
    }

    fn agreement(&mut self, entry: &ReportEntry<'_>) -> Value {
        let agreement = entry.agreement;
        let client = self.clients.index(agreement.client.to_string());
        let manager = agreement.manager.as_ref().map(|manager| self.managers.index(manager.to_string()));
        let phases = entry.phases.iter().flat_map(|phase| {
            let kind = if phase.state == State::Suspended { 2 } else { 1 };
            [json!(kind), json!(number(phase.from)), json!(phase.until.map(number))]
        });
        let follows = match entry.follows {
            Follows::Nothing => json!(0),
            Follows::NoEnd => json!(1),
            Follows::Roll => json!(2),
            Follows::NotBegun => json!(3),
            Follows::Successor { entry, gap } => json!([entry, gap]),
        };
        let folder = self.folder(entry);
        let mut row = vec![
            json!(agreement.id),
            json!(whole(self.input.own_title(entry))),
            json!(agreement.number.as_deref().map_or_else(String::new, whole)),
            json!(client),
            or_none(manager),
            json!(State::ALL.iter().position(|state| *state == entry.status.state)),
            json!(reason(entry.status.because)),
            json!(entry.status.since.map(|since| number(agreement.zone.day_of(since)))),
            json!(entry.stretch.first_day.map(number)),
            json!(entry.stretch.last_day.map(number)),
            json!(entry.last_day.map(number)),
            phases.collect(),
            entry.reminder_days.iter().copied().map(number).collect(),
            json!(entry.deadline.map(number)),
            follows,
            json!(self.pack(agreement)),
            or_none(folder),
            or_none(self.origins(entry)),
        ];
        let mut more = self.more(entry);
        // Most agreements live in the first one.
        let helpdesk = agreement.helpdesk.as_ref().map(|name| self.helpdesks.index(name.to_string()));
        if let Some(index @ 1..) = helpdesk {
            more.insert("helpdesk".to_owned(), json!(index));
        }
        self.add_file_facts(entry, folder, &mut more);
        self.add_notices(entry, &mut more);
        if !more.is_empty() {
            row.push(Value::Object(more));
        }
        Value::Array(row)
    }

    /// The values that only few agreements have.
    fn more(&self, entry: &ReportEntry<'_>) -> Map<String, Value> {
        let agreement = entry.agreement;
        let mut more = Map::new();
        let mut add = |name: &str, value: Value| more.insert(name.to_owned(), value);
        if agreement.zone != *self.input.zone {
            add("zone", json!(agreement.zone.name()));
        }
        if entry.today != self.input.zone.day_of(self.input.report.at) {
            add("today", json!(number(entry.today)));
        }
        if entry.stretch.number > 1 || entry.stretch.of.is_some() {
            add("period", json!([entry.stretch.number, entry.stretch.of]));
        }
        if !entry.rolls.is_empty() {
            add("rolls", entry.rolls.iter().copied().map(number).collect());
        }
        if !agreement.suspensions.is_empty() {
            let suspension = |suspension: &crate::agreement::Suspension| {
                json!([
                    number(suspension.from),
                    suspension.until.map(number),
                    suspension.reason.as_deref().map(whole)
                ])
            };
            add("suspensions", agreement.suspensions.iter().map(suspension).collect());
        }
        if let Some(termination) = &agreement.termination
            && is_ended_by_termination(agreement)
        {
            add("ended", json!(1));
            if let Some(agreed) =
                entry.stretch.agreed_last_day.filter(|agreed| *agreed > termination.last_day)
            {
                add("cut", json!(number(agreed)));
            }
            add("why", json!(termination.reason.as_deref().map(whole)));
        }
        let recipients = &agreement.recipients;
        if recipients.len() > 1 || recipients.iter().any(|recipient| recipient.department().is_some()) {
            add("recipients", json!(self.input.recipient_titles(recipients)));
        }
        more
    }

    /// The index of the folder of an agreement's file, if the file is called as the agreement or its set.
    fn folder(&mut self, entry: &ReportEntry<'_>) -> Option<usize> {
        let name = format!("{}.yaml", file_of(entry.agreement.id.as_str()));
        let folder = self.input.path_of(entry).strip_suffix(name.as_str())?;
        Some(self.folders.index(folder.to_owned()))
    }

    /// The index of the places of an agreement's values.
    fn origins(&mut self, entry: &ReportEntry<'_>) -> Option<usize> {
        let facts = self.input.facts_of(entry)?;
        if !self.origin_packs.0.contains_key(&facts.pack) {
            for origin in &*self.input.facts.packs[facts.pack as usize] {
                self.origins.index(*origin);
            }
        }
        Some(self.origin_packs.index(facts.pack))
    }

    /// The place of a value: its keys, the path of its file, which is empty for that of the agreement, and its line.
    fn origin(&self, index: u32) -> Value {
        let ValueOrigin { value, template, line } = &self.input.facts.origins[index as usize];
        let path = template.and_then(|template| self.input.facts.paths.get(&template));
        json!([whole(value), path.map_or_else(String::new, |path| whole(path)), line])
    }

    /// The places of an agreement's values, by their indices on the page.
    fn origin_pack(&self, index: u32) -> Value {
        let pack = self.input.facts.packs[index as usize].iter();
        pack.map(|origin| json!(self.origins.0.get(origin))).collect()
    }

    /// Adds what only the files of few agreements have.
    fn add_file_facts(
        &mut self,
        entry: &ReportEntry<'_>,
        folder: Option<usize>,
        more: &mut Map<String, Value>,
    ) {
        let agreement = entry.agreement;
        if !agreement.labels.is_empty() {
            let labels = agreement.labels.iter();
            let labels: Vec<usize> =
                labels.map(|(name, value)| self.labels.index((name.clone(), value.clone()))).collect();
            more.insert("labels".to_owned(), json!(labels));
        }
        if self.input.own_title(entry).len() == agreement.title.len() {
            more.insert("whole".to_owned(), json!(1));
        }
        if let (Follows::NotBegun, PeriodEnd::Term(term)) = (entry.follows, agreement.period.end) {
            more.insert("term".to_owned(), json!([term.months, term.days]));
        }
        if let Some(renews) = &agreement.renews {
            more.insert("renews".to_owned(), json!(renews));
        }
        let Some(facts) = self.input.facts_of(entry) else {
            return;
        };
        match facts.renewal {
            RenewalNeed::None => {}
            RenewalNeed::Due => _ = more.insert("renewal".to_owned(), json!(1)),
            RenewalNeed::MeantToEnd => _ = more.insert("renewal".to_owned(), json!(2)),
            RenewalNeed::Followed => _ = more.insert("renewal".to_owned(), json!(3)),
        }
        if folder.is_none() {
            more.insert("file".to_owned(), json!(whole(self.input.path_of(entry))));
        }
        if facts.line > 1 {
            more.insert("line".to_owned(), json!(facts.line));
        }
    }

    /// Adds the sent and the coming notices.
    fn add_notices(&mut self, entry: &ReportEntry<'_>, more: &mut Map<String, Value>) {
        let (id, language) = (&entry.agreement.id, self.input.language);
        let sent: Vec<Value> = self
            .input
            .notices
            .sent(id)
            .iter()
            .map(|notice| {
                json!([number(notice.day), self.notices.index(notice.texts(language)), notice.result])
            })
            .collect();
        if !sent.is_empty() {
            more.insert("sent".to_owned(), json!(sent));
        }
        // Days from the last day are the same for many agreements.
        let from = number(entry.stretch.last_day.unwrap_or(self.input.zone.day_of(self.input.report.at)));
        let coming =
            |notice: &ReportNotice| (number(notice.day) - from, self.notices.index(notice.texts(language)));
        let coming: Vec<(i32, usize)> = self.input.notices.coming(id).iter().map(coming).collect();
        if !coming.is_empty() && !entry.status.state.is_over() {
            more.insert("coming".to_owned(), json!(self.coming.index(coming)));
        }
    }

    /// The index of the services of an agreement with their targets.
    fn pack(&mut self, agreement: &Agreement) -> usize {
        let promises = agreement.services.keys().map(|service| {
            let hours = agreement.calendar_of(service).map(|hours| self.calendars.index(hours.to_string()));
            let targets: TargetRows = agreement
                .targets_of(service)
                .into_iter()
                .map(|(priority, Target { response, resolution })| {
                    (priority, response.map(length), resolution.map(length))
                })
                .collect();
            let targets = (!targets.is_empty()).then(|| self.targets.index(targets));
            (self.services.index(service.to_string()), hours, targets)
        });
        let promises = promises.collect();
        self.packs.index(promises)
    }

    fn coverage(&mut self, client: &ClientSlug, services: &BTreeMap<&ServiceSlug, Covered>) -> Value {
        let mut row = vec![json!(self.clients.index(client.to_string()))];
        for (service, covered) in services {
            let service = self.services.index(service.to_string());
            row.push(json!([service, covered.entry, covered.until.map(number)]));
        }
        Value::Array(row)
    }
}

/// The number of days since 1970-01-01.
fn number(day: Day) -> i32 {
    Day::constant(1970, 1, 1).until(day).map_or(i32::MAX, |span| span.get_days())
}

/// An index, or -1 if there is none.
fn or_none(index: Option<usize>) -> Value {
    index.map_or(json!(-1), |index| json!(index))
}

/// Seconds, or business days as a negative number.
fn length(time: TargetTime) -> i64 {
    match time {
        TargetTime::Seconds(seconds) => i64::from(seconds),
        TargetTime::BusinessDays(days) => -i64::from(days),
    }
}

/// The index of a reason in the words of the page.
const fn reason(because: StatusReason) -> u8 {
    match because {
        StatusReason::BeforeFirstDay => 0,
        StatusReason::NotSwitchedOn => 1,
        StatusReason::ByHand => 2,
        StatusReason::WithinPeriod => 3,
        StatusReason::Suspension => 4,
        StatusReason::LastDayPassed => 5,
        StatusReason::Termination => 6,
    }
}
