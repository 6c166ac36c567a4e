//! Targets: one SLA for each distinct target table, with an SLT for each target, shared by all agreements
//! with the same targets.
//!
//! An SLA is named by the digest of its table, an SLT by its content. What somebody edited is repaired, and what has no
//! such name is never written. Creations follow the protocol of contracts: noted, looked up, waited for, and looked up again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use serde_json::{Value as Json, json};
use servanda::calendar::TargetTime;
use servanda::ident::LiveId;
use servanda::live::{LiveTarget, digest};

use super::login::ItopTransport;
use super::operation::{self, Object};
use super::{oql, wire};
use crate::helpdesk::error::{ReadError, ReadErrorKind, WriteError};
use crate::helpdesk::writer::SharedCreations;
use crate::http::client::HttpError;
use crate::http::transport::SendWindow;

/// The prefix of the names of all SLAs and SLTs of Servanda.
const NAME: &str = "Servanda ";
/// The prefix of the names of those that are no longer used.
const WITHDRAWN: &str = "Servanda withdrawn ";
/// The class of SLAs.
pub(super) const SLA: &str = "SLA";
/// The class of SLTs.
pub(super) const SLT: &str = "SLT";
/// The request types that every target applies to.
const REQUESTS: [&str; 2] = ["incident", "service_request"];
/// The attributes of a row between SLA and SLT, including those of the SLT.
pub(super) const ROW: &str =
    "sla_id,slt_id,slt_name,slt_metric,slt_request_type,slt_ticket_priority,slt_value,slt_value_unit";

/// Targets by priority.
pub(super) type TargetTable = BTreeMap<u8, LiveTarget>;

/// The targets of an SLA, as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlaTargets {
    /// The targets by priority.
    pub(super) table: TargetTable,
    /// The SLT that somebody edited, by priority.
    pub(super) edited: BTreeMap<u8, u64>,
    /// An SLT of people that the table cannot contain.
    pub(super) left_out: Option<u64>,
}

/// The attributes of one SLT.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slt {
    priority: u8,
    request: &'static str,
    metric: &'static str,
    value: u32,
    unit: &'static str,
}

impl Slt {
    fn name(&self) -> String {
        let Self { priority, request, metric, value, unit } = self;
        named(&priority.to_string(), request, metric, &value.to_string(), unit)
    }

    fn fields(&self) -> Json {
        let Self { priority, request, metric, value, unit } = self;
        json!({
            "name": self.name(),
            "priority": priority.to_string(),
            "request_type": request,
            "metric": metric,
            "value": value,
            "unit": unit,
        })
    }
}

/// The name of an SLT with this content.
fn named(priority: &str, request: &str, metric: &str, value: &str, unit: &str) -> String {
    format!("{NAME}{request} {priority} {metric} {value} {unit}")
}

/// The SLAs that were found or created in this run, by provider and digest of the table.
pub(super) type SlaCache = BTreeMap<(u64, String), u64>;

/// One SLT in an SLA.
struct Entry {
    slt: u64,
    time: TargetTime,
    /// Whether its name says that Servanda wrote another target.
    is_edited: bool,
}

/// The entries of one priority and metric, by request type.
type Cell<'a> = BTreeMap<&'a str, Vec<Entry>>;

/// Reads the target tables of SLAs, by the SLA's number, from the rows between SLA and SLT.
///
/// A target that applies to only one request type, occurs twice or has no priority was not written by Servanda. It is left
/// out, so that the table differs from that of any agreement. Where somebody edited an SLT, the target is the edited one.
pub(super) fn tables(rows: &[Object]) -> Result<BTreeMap<u64, SlaTargets>, String> {
    let mut by_sla: BTreeMap<u64, BTreeMap<(u8, &str), Cell<'_>>> = BTreeMap::new();
    let mut left_out = BTreeMap::new();
    for row in rows {
        let text = |code| wire::text(&row.fields, code);
        let link = |code| wire::link(&row.fields, code);
        let (Some(sla), Some(slt)) = (link("sla_id")?, link("slt_id")?) else { continue };
        let (priority, value, unit) =
            (text("slt_ticket_priority")?, text("slt_value")?, text("slt_value_unit")?);
        let (metric, request, name) = (text("slt_metric")?, text("slt_request_type")?, text("slt_name")?);
        let (Ok(number), Some(time)) = (priority.parse(), wire::read_time(value, unit)) else {
            left_out.insert(sla, slt);
            continue;
        };
        let is_edited = is_own(name) && name != named(priority, request, metric, value, unit);
        let cell = by_sla.entry(sla).or_default().entry((number, metric)).or_default();
        cell.entry(request).or_default().push(Entry { slt, time, is_edited });
    }
    let mut tables: BTreeMap<u64, SlaTargets> =
        by_sla.into_iter().map(|(sla, cells)| (sla, targets_of(&cells))).collect();
    for (sla, slt) in left_out {
        tables.entry(sla).or_default().left_out = Some(slt);
    }
    Ok(tables)
}

fn targets_of(cells: &BTreeMap<(u8, &str), Cell<'_>>) -> SlaTargets {
    let mut targets = SlaTargets::default();
    for ((priority, metric), cell) in cells {
        let entries: Vec<_> = REQUESTS.map(|request| cell.get(request).map(Vec::as_slice)).into();
        let [Some([one]), Some([other])] = entries[..] else {
            targets.left_out = cell.values().flatten().map(|entry| entry.slt).next();
            continue;
        };
        let edited = [one, other].into_iter().filter(|entry| entry.is_edited);
        let edited = edited.max_by_key(|entry| entry.time);
        let Some(shown) = edited.or(Some(one).filter(|one| one.time == other.time)) else {
            targets.left_out = Some(one.slt);
            continue;
        };
        let target = targets.table.entry(*priority).or_insert(LiveTarget {
            response: None,
            resolution: None,
            calendar: None,
        });
        match *metric {
            "tto" => target.response = Some(shown.time),
            "ttr" => target.resolution = Some(shown.time),
            _ => {}
        }
        targets.edited.extend(edited.map(|edited| (*priority, edited.slt)));
    }
    targets
}

/// The SLTs that a target table needs.
fn slts_of(table: &TargetTable) -> Result<Vec<Slt>, String> {
    let mut targets = Vec::new();
    for (priority, promise) in table {
        for (metric, time) in [("tto", promise.response), ("ttr", promise.resolution)] {
            let Some(time) = time else { continue };
            let (value, unit) = wire::write_time(time)?;
            targets.extend(REQUESTS.map(|request| Slt { priority: *priority, request, metric, value, unit }));
        }
    }
    Ok(targets)
}

/// Writes SLAs and SLTs for a run.
pub(super) struct SlaWriter<'a> {
    pub(super) transport: &'a ItopTransport,
    /// The comment of each write.
    pub(super) comment: &'a str,
    /// The record of creations of the run.
    pub(super) shared: &'a dyn SharedCreations,
    /// The time in which a write may leave.
    pub(super) window: Option<SendWindow<'a>>,
}

/// The SLA that an agreement needs.
struct WantedSla {
    name: String,
    provider: u64,
    slts: Vec<Slt>,
}

impl WantedSla {
    /// The name of the SLA in notes, unique among providers.
    fn note(&self) -> String {
        format!("{SLA}/{}/{}", self.provider, self.name)
    }
}

/// The SLAs and SLTs of Servanda, as they were found.
struct FoundSlas {
    slas: Vec<u64>,
    /// The SLTs of the first SLA.
    linked: BTreeSet<u64>,
    is_whole: bool,
    slts: Vec<Object>,
}

impl FoundSlas {
    /// The SLT with this name. Of several the oldest is used, by every run.
    fn slt(&self, name: &str) -> Option<&Object> {
        let own = self.slts.iter().filter(|slt| wire::text(&slt.fields, "name") == Ok(name));
        own.min_by_key(|slt| slt.number)
    }

    /// The names of the objects that must be created, as in notes.
    fn missing(&self, wanted: &WantedSla) -> Vec<String> {
        let slts = wanted.slts.iter().map(Slt::name).filter(|name| self.slt(name).is_none());
        let slts = slts.map(|name| format!("{SLT}/{name}"));
        slts.chain(self.slas.is_empty().then(|| wanted.note())).collect()
    }
}

impl SlaWriter<'_> {
    /// Returns the provider's SLA for a table, and creates or repairs it if necessary. Must not be called
    /// concurrently, since two calls could create the same SLA.
    pub(super) async fn ensure(
        &self,
        cache: &mut SlaCache,
        provider: u64,
        table: &TargetTable,
    ) -> Result<u64, WriteError> {
        let digest = digest(&table.iter().collect::<Vec<_>>());
        if let Some(sla) = cache.get(&(provider, digest.clone())) {
            return Ok(*sla);
        }
        let slts = slts_of(table).map_err(WriteError::Refused)?;
        let wanted = WantedSla { name: format!("{NAME}{digest}"), provider, slts };
        let mut found = self.look(&wanted, table).await?;
        self.withdraw_doubles(&found).await?;
        let mut missing = found.missing(&wanted);
        if !found.is_whole && !missing.is_empty() && !self.shared.begin(&missing, false).await? {
            found = self.look(&wanted, table).await?;
            missing = found.missing(&wanted);
            if !found.is_whole && !missing.is_empty() {
                self.shared.begin(&missing, true).await?;
            }
        }
        let sla = match found.slas.first() {
            Some(sla) if found.is_whole => *sla,
            _ => self.write(&wanted, &found).await?,
        };
        self.shared.settle(&missing).await;
        cache.insert((provider, digest), sla);
        Ok(sla)
    }

    /// Searches the SLA and, unless it is whole, the SLTs.
    async fn look(&self, wanted: &WantedSla, table: &TargetTable) -> Result<FoundSlas, WriteError> {
        let slas = self.slas(wanted).await?;
        let mut found = FoundSlas { slas, linked: BTreeSet::new(), is_whole: false, slts: Vec::new() };
        if let Some(sla) = found.slas.first() {
            let query = format!("SELECT lnkSLAToSLT WHERE sla_id = {sla}");
            let rows =
                operation::matching(self.transport, "lnkSLAToSLT", &query, ROW).await.map_err(unread)?;
            let tables = tables(&rows).map_err(WriteError::Refused)?;
            let expected = SlaTargets { table: table.clone(), ..SlaTargets::default() };
            found.is_whole = rows.len() == wanted.slts.len() && tables.get(sla) == Some(&expected);
            let linked = rows.iter().filter_map(|row| wire::link(&row.fields, "slt_id").ok().flatten());
            found.linked = linked.collect();
        }
        if !found.is_whole {
            found.slts = self.slts().await?;
        }
        Ok(found)
    }

    /// The numbers of the SLAs with the wanted name, the oldest first.
    async fn slas(&self, wanted: &WantedSla) -> Result<Vec<u64>, WriteError> {
        let WantedSla { name, provider, .. } = wanted;
        let query = format!("SELECT {SLA} WHERE name = {} AND org_id = {provider}", oql::text(name));
        let found = operation::matching(self.transport, SLA, &query, "id").await.map_err(unread)?;
        let mut numbers: Vec<u64> = found.iter().map(|sla| sla.number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The SLTs with names of Servanda.
    async fn slts(&self) -> Result<Vec<Object>, WriteError> {
        let fields = "name,priority,request_type,metric,value,unit";
        own_objects(self.transport, SLT, fields).await.map_err(unread)
    }

    /// Writes the SLA and its SLTs, as far as they differ.
    async fn write(&self, wanted: &WantedSla, found: &FoundSlas) -> Result<u64, WriteError> {
        let slts = self.write_slts(wanted, found).await?;
        let is_linked = slts.len() == found.linked.len() && slts.iter().all(|slt| found.linked.contains(slt));
        let links: Vec<_> = slts.into_iter().map(|slt| json!({ "slt_id": slt })).collect();
        let mut fields = json!({ "name": wanted.name, "org_id": wanted.provider, "slts_list": links });
        let Some(sla) = found.slas.first() else {
            let created = self.create(SLA, &fields).await?;
            let others = self.slas(wanted).await?;
            return self.keep_oldest(SLA, &wanted.name, created, others).await;
        };
        if !is_linked {
            fields = json!({ "slts_list": links });
            self.update(SLA, *sla, &fields).await?;
        }
        Ok(*sla)
    }

    /// Creates the SLTs that are missing and repairs those that somebody edited. Returns the number of each.
    async fn write_slts(&self, wanted: &WantedSla, found: &FoundSlas) -> Result<Vec<u64>, WriteError> {
        let (mut numbers, mut created) = (Vec::new(), BTreeMap::new());
        for slt in &wanted.slts {
            let Some(held) = found.slt(&slt.name()) else {
                let number = self.create(SLT, &slt.fields()).await?;
                created.insert(number, slt.name());
                numbers.push(number);
                continue;
            };
            if !matches(held, slt) {
                self.update(SLT, held.number, &slt.fields()).await?;
            }
            numbers.push(held.number);
        }
        if created.is_empty() {
            return Ok(numbers);
        }
        let held = self.slts().await?;
        for number in &mut numbers {
            if let Some(name) = created.get(number) {
                let is_same = |slt: &&Object| wire::text(&slt.fields, "name") == Ok(name);
                let others = held.iter().filter(is_same).map(|slt| slt.number).collect();
                *number = self.keep_oldest(SLT, name, *number, others).await?;
            }
        }
        Ok(numbers)
    }

    /// Returns the oldest of the objects with one name. If that is not the one that was just created, another run created it
    /// at the same time: the new one loses its name. Two runs that see both agree on which one that is.
    async fn keep_oldest(
        &self,
        class: &str,
        name: &str,
        created: u64,
        others: Vec<u64>,
    ) -> Result<u64, WriteError> {
        let oldest = others.into_iter().min().map_or(created, |oldest| oldest.min(created));
        if oldest < created {
            let withdrawn = json!({ "name": format!("{WITHDRAWN}{created}") });
            self.update(class, created, &withdrawn).await?;
            tracing::warn!(
                "{class}::{oldest} {name} exists twice, so that {class}::{created} was withdrawn; it may be deleted once nothing uses it"
            );
        }
        Ok(oldest)
    }

    /// Withdraws all but the oldest of objects with one name, which runs without a common ledger may have left.
    async fn withdraw_doubles(&self, found: &FoundSlas) -> Result<(), WriteError> {
        let mut by_name: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
        by_name.entry((SLA, "")).or_default().extend(&found.slas);
        for slt in &found.slts {
            let name = wire::text(&slt.fields, "name").unwrap_or_default();
            by_name.entry((SLT, name)).or_default().push(slt.number);
        }
        for ((class, name), numbers) in by_name {
            for number in &numbers {
                self.keep_oldest(class, name, *number, numbers.clone()).await?;
            }
        }
        Ok(())
    }

    async fn create(&self, class: &str, fields: &Json) -> Result<u64, WriteError> {
        let body = json!({ "comment": self.comment, "output_fields": "id", "fields": fields });
        self.send("core/create", class, body).await
    }

    async fn update(&self, class: &str, number: u64, fields: &Json) -> Result<(), WriteError> {
        let body = json!({ "comment": self.comment, "key": number, "output_fields": "id", "fields": fields });
        self.send("core/update", class, body).await.map(drop)
    }

    /// Sends a write of a shared object. After its response nothing of the agreement has left yet: a run that is stopped
    /// while it waits for the next one leaves nothing in doubt.
    async fn send(&self, operation: &str, class: &str, body: Json) -> Result<u64, WriteError> {
        let written = operation::write(self.transport, operation, class, body, self.window).await?;
        if let Some(window) = self.window {
            window.has_left.store(false, Ordering::Relaxed);
        }
        Ok(written.number)
    }
}

/// The objects of a class with names of Servanda that are in use. `fields` contains the name.
pub(super) async fn own_objects(
    transport: &ItopTransport,
    class: &str,
    fields: &str,
) -> Result<Vec<Object>, ReadError> {
    let query = format!("SELECT {class} WHERE name LIKE {}", oql::text(&format!("{NAME}%")));
    let mut found = operation::matching(transport, class, &query, fields).await?;
    found.retain(|object| wire::text(&object.fields, "name").is_ok_and(is_own));
    Ok(found)
}

/// Whether a name is one of Servanda, and in use.
fn is_own(name: &str) -> bool {
    name.starts_with(NAME) && !name.starts_with(WITHDRAWN)
}

fn matches(slt: &Object, target: &Slt) -> bool {
    let has = |code: &str, wanted: &str| wire::text(&slt.fields, code) == Ok(wanted);
    has("priority", &target.priority.to_string())
        && has("request_type", target.request)
        && has("metric", target.metric)
        && has("value", &target.value.to_string())
        && has("unit", target.unit)
}

/// Converts the failure of a read before a write: nothing was written.
fn unread(error: ReadError) -> WriteError {
    let text = error.to_string();
    let ReadError { error, .. } = error;
    match error {
        ReadErrorKind::Http(HttpError::Credentials(_)) => WriteError::Credentials(text),
        _ => WriteError::NotSent(text),
    }
}

/// The id of a priority in the directory.
pub(super) fn priority_id(number: u8) -> LiveId {
    operation::id("Priority", number.into())
}
