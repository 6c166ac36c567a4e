//! Targets: one SLA for each distinct target table, with an SLT for each target, shared by all agreements
//! with the same targets.
//!
//! An SLA is named by the digest of its table, and repaired if somebody edited it.

use std::collections::BTreeMap;

use serde_json::json;
use servanda::calendar::TargetTime;
use servanda::ident::LiveId;
use servanda::live::{LiveTarget, digest};

use super::login::ItopTransport;
use super::operation::{self, Object};
use super::{oql, wire};
use crate::helpdesk::error::{ReadError, ReadErrorKind, WriteError};
use crate::http::client::HttpError;
use crate::http::transport::SendWindow;

/// The prefix of the names of all SLAs and SLTs of Servanda.
const NAME: &str = "Servanda ";
/// The request types that every target applies to.
const REQUESTS: [&str; 2] = ["incident", "service_request"];
/// The attributes of a row between SLA and SLT, including those of the SLT.
pub(super) const ROW: &str =
    "sla_id,slt_id,slt_metric,slt_request_type,slt_ticket_priority,slt_value,slt_value_unit";

/// Targets by priority.
pub(super) type TargetTable = BTreeMap<u8, LiveTarget>;

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
        format!("{NAME}{request} {priority} {metric} {value} {unit}")
    }
}

/// The SLAs that were found or created in this run, by provider and digest of the table.
pub(super) type SlaCache = BTreeMap<(u64, String), u64>;

/// The durations of one priority and metric, by request type.
type Durations<'a> = BTreeMap<&'a str, Vec<TargetTime>>;

/// Reads the target tables of SLAs, by the SLA's number, from the rows between SLA and SLT.
///
/// A target that applies to only one request type, or occurs twice, was not written by Servanda. It is left
/// out, so that the table differs from that of any agreement.
pub(super) fn tables(rows: &[Object]) -> Result<BTreeMap<u64, TargetTable>, String> {
    let mut by_sla: BTreeMap<u64, BTreeMap<(u8, &str), Durations<'_>>> = BTreeMap::new();
    for row in rows {
        let text = |code| wire::text(&row.fields, code);
        let Some(sla) = wire::link(&row.fields, "sla_id")? else { continue };
        let priority = text("slt_ticket_priority")?.parse();
        let time = wire::read_time(text("slt_value")?, text("slt_value_unit")?);
        let metric = text("slt_metric")?;
        if let (Ok(priority), Some(time)) = (priority, time) {
            let cell = by_sla.entry(sla).or_default().entry((priority, metric)).or_default();
            cell.entry(text("slt_request_type")?).or_default().push(time);
        }
    }
    Ok(by_sla.into_iter().map(|(sla, cells)| (sla, table(&cells))).collect())
}

fn table(cells: &BTreeMap<(u8, &str), Durations<'_>>) -> TargetTable {
    let mut table = TargetTable::new();
    for ((priority, metric), by_request) in cells {
        let durations: Vec<_> = REQUESTS.map(|request| by_request.get(request).map(Vec::as_slice)).into();
        let [Some([one]), Some([other])] = durations[..] else { continue };
        if one != other {
            continue;
        }
        let promise =
            table.entry(*priority).or_insert(LiveTarget { response: None, resolution: None, calendar: None });
        match *metric {
            "tto" => promise.response = Some(*one),
            "ttr" => promise.resolution = Some(*one),
            _ => {}
        }
    }
    table
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

/// Returns the provider's SLA for a table, and creates or repairs it if necessary. Must not be called
/// concurrently, since two calls could create the same SLA.
pub(super) async fn ensure(
    transport: &ItopTransport,
    cache: &mut SlaCache,
    provider: u64,
    table: &TargetTable,
    comment: &str,
    window: Option<SendWindow<'_>>,
) -> Result<u64, WriteError> {
    let digest = digest(&table.iter().collect::<Vec<_>>());
    if let Some(sla) = cache.get(&(provider, digest.clone())) {
        return Ok(*sla);
    }
    let wanted = slts_of(table).map_err(WriteError::Refused)?;
    let name = format!("{NAME}{digest}");
    let query = format!("SELECT SLA WHERE name = {} AND org_id = {provider}", oql::text(&name));
    let found = operation::matching(transport, "SLA", &query, "id").await.map_err(unread)?;
    // After a lost response there may be two of them. The same one is always used.
    let found = found.iter().map(|sla| sla.number).min();
    let is_whole = match found {
        Some(sla) => {
            let query = format!("SELECT lnkSLAToSLT WHERE sla_id = {sla}");
            let rows = operation::matching(transport, "lnkSLAToSLT", &query, ROW).await.map_err(unread)?;
            rows.len() == wanted.len() && tables(&rows).map_err(WriteError::Refused)?.get(&sla) == Some(table)
        }
        None => false,
    };
    let sla = match found {
        Some(sla) if is_whole => sla,
        _ => {
            let slts = slts(transport, &wanted, comment, window).await?;
            let slts: Vec<_> = slts.into_iter().map(|slt| json!({ "slt_id": slt })).collect();
            let fields = json!({ "name": name, "org_id": provider, "slts_list": slts });
            let (verb, key) = found.map_or(("core/create", None), |sla| ("core/update", Some(sla)));
            let mut body = json!({ "comment": comment, "output_fields": "id", "fields": fields });
            if let Some(key) = key {
                body["key"] = json!(key);
            }
            operation::write(transport, verb, "SLA", body, window).await?.number
        }
    };
    cache.insert((provider, digest), sla);
    Ok(sla)
}

/// Finds the numbers of SLTs by their attributes, not their names, and creates the missing ones.
async fn slts(
    transport: &ItopTransport,
    wanted: &[Slt],
    comment: &str,
    window: Option<SendWindow<'_>>,
) -> Result<Vec<u64>, WriteError> {
    let query = format!("SELECT SLT WHERE name LIKE {}", oql::text(&format!("{NAME}%")));
    let fields = "name,priority,request_type,metric,value,unit";
    let held = operation::matching(transport, "SLT", &query, fields).await.map_err(unread)?;
    let mut numbers = Vec::new();
    for target in wanted {
        let is_held = |slt: &&Object| matches(slt, target);
        if let Some(slt) = held.iter().filter(is_held).map(|slt| slt.number).min() {
            numbers.push(slt);
            continue;
        }
        let Slt { priority, request, metric, value, unit } = target;
        let fields = json!({
            "name": target.name(),
            "priority": priority.to_string(),
            "request_type": request,
            "metric": metric,
            "value": value,
            "unit": unit,
        });
        let body = json!({ "comment": comment, "output_fields": "id", "fields": fields });
        numbers.push(operation::write(transport, "core/create", "SLT", body, window).await?.number);
    }
    Ok(numbers)
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
