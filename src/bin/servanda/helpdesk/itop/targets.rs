//! What is promised: one SLA for each distinct table of targets, with an SLT for each promise, shared by all
//! agreements that promise the same. Named by the table's digest, and made whole again where somebody edited them.

use std::collections::BTreeMap;

use serde_json::json;
use servanda::calendar::TargetTime;
use servanda::ident::LiveId;
use servanda::live::{LiveTarget, digest};

use super::operation::{self, Object};
use super::{ItopTransport, oql, wire};
use crate::helpdesk::{ReadError, ReadErrorKind, WriteError};

/// What stands before the name of every SLA and SLT of ours.
const NAME: &str = "Servanda ";
/// A promise is about both kinds of requests.
const REQUESTS: [&str; 2] = ["incident", "service_request"];
/// The attributes of a row between SLA and SLT, which tell the SLT too.
pub(super) const ROW: &str =
    "sla_id,slt_id,slt_metric,slt_request_type,slt_ticket_priority,slt_value,slt_value_unit";

/// What is promised by priority.
pub(super) type Table = BTreeMap<u8, LiveTarget>;

/// One promise as an SLT has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    priority: u8,
    request: &'static str,
    metric: &'static str,
    value: u32,
    unit: &'static str,
}

impl Target {
    fn name(&self) -> String {
        let Self { priority, request, metric, value, unit } = self;
        format!("{NAME}{request} {priority} {metric} {value} {unit}")
    }
}

/// The SLAs that were found or made in this run, by provider and table.
pub(super) type Known = BTreeMap<(u64, String), u64>;

/// The lengths of time of one priority and metric, by the kind of requests.
type Cell<'a> = BTreeMap<&'a str, Vec<TargetTime>>;

/// The tables of SLAs by their numbers, out of the rows between SLA and SLT.
///
/// What is promised for one kind of requests alone, or twice over, is promised by nobody we know: it is left out, and
/// so differs from what any agreement says.
pub(super) fn tables(rows: &[Object]) -> Result<BTreeMap<u64, Table>, String> {
    let mut by_sla: BTreeMap<u64, BTreeMap<(u8, &str), Cell<'_>>> = BTreeMap::new();
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

fn table(cells: &BTreeMap<(u8, &str), Cell<'_>>) -> Table {
    let mut table = Table::new();
    for ((priority, metric), by_request) in cells {
        let times: Vec<_> = REQUESTS.map(|request| by_request.get(request).map(Vec::as_slice)).into();
        let [Some([one]), Some([other])] = times[..] else { continue };
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

/// The SLTs of a table.
fn targets(table: &Table) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for (priority, promise) in table {
        for (metric, time) in [("tto", promise.response), ("ttr", promise.resolution)] {
            let Some(time) = time else { continue };
            let (value, unit) = wire::write_time(time)?;
            targets.extend(REQUESTS.map(|request| Target {
                priority: *priority,
                request,
                metric,
                value,
                unit,
            }));
        }
    }
    Ok(targets)
}

/// The SLA of a provider for a table; made where there is none, and mended where it does not say what it should.
/// To be called by one at a time, lest two make the same.
pub(super) async fn ensure(
    transport: &ItopTransport,
    known: &mut Known,
    provider: u64,
    table: &Table,
    comment: &str,
) -> Result<u64, WriteError> {
    let named = digest(&table.iter().collect::<Vec<_>>());
    if let Some(sla) = known.get(&(provider, named.clone())) {
        return Ok(*sla);
    }
    let wanted = targets(table).map_err(WriteError::Refused)?;
    let name = format!("{NAME}{named}");
    let query = format!("SELECT SLA WHERE name = {} AND org_id = {provider}", oql::text(&name));
    let found = operation::get(transport, "SLA", &query, "id", None).await.map_err(unread)?;
    // Where a lost answer made two of them, it is always the same one that is used.
    let found = found.iter().map(|sla| sla.number).min();
    let is_whole = match found {
        Some(sla) => {
            let query = format!("SELECT lnkSLAToSLT WHERE sla_id = {sla}");
            let rows = operation::get(transport, "lnkSLAToSLT", &query, ROW, None).await.map_err(unread)?;
            rows.len() == wanted.len() && tables(&rows).map_err(WriteError::Refused)?.get(&sla) == Some(table)
        }
        None => false,
    };
    let sla = match found {
        Some(sla) if is_whole => sla,
        _ => {
            let slts = slts(transport, &wanted, comment).await?;
            let slts: Vec<_> = slts.into_iter().map(|slt| json!({ "slt_id": slt })).collect();
            let fields = json!({ "name": name, "org_id": provider, "slts_list": slts });
            let (verb, key) = found.map_or(("core/create", None), |sla| ("core/update", Some(sla)));
            let mut body = json!({ "comment": comment, "output_fields": "id", "fields": fields });
            if let Some(key) = key {
                body["key"] = json!(key);
            }
            operation::write(transport, verb, "SLA", body).await?.number
        }
    };
    known.insert((provider, named), sla);
    Ok(sla)
}

/// The SLTs of these promises, judged by what they hold and not by their names; those that are missing are made.
async fn slts(transport: &ItopTransport, wanted: &[Target], comment: &str) -> Result<Vec<u64>, WriteError> {
    let query = format!("SELECT SLT WHERE name LIKE {}", oql::text(&format!("{NAME}%")));
    let fields = "name,priority,request_type,metric,value,unit";
    let held = operation::get(transport, "SLT", &query, fields, None).await.map_err(unread)?;
    let mut numbers = Vec::new();
    for target in wanted {
        let is_held = |slt: &&Object| holds(slt, target);
        if let Some(slt) = held.iter().filter(is_held).map(|slt| slt.number).min() {
            numbers.push(slt);
            continue;
        }
        let Target { priority, request, metric, value, unit } = target;
        let fields = json!({
            "name": target.name(),
            "priority": priority.to_string(),
            "request_type": request,
            "metric": metric,
            "value": value,
            "unit": unit,
        });
        let body = json!({ "comment": comment, "output_fields": "id", "fields": fields });
        numbers.push(operation::write(transport, "core/create", "SLT", body).await?.number);
    }
    Ok(numbers)
}

fn holds(slt: &Object, target: &Target) -> bool {
    let says = |code: &str, wanted: &str| wire::text(&slt.fields, code) == Ok(wanted);
    says("priority", &target.priority.to_string())
        && says("request_type", target.request)
        && says("metric", target.metric)
        && says("value", &target.value.to_string())
        && says("unit", target.unit)
}

/// A look before a write that failed: nothing was written.
fn unread(error: ReadError) -> WriteError {
    let text = error.to_string();
    let ReadError { error, .. } = error;
    match error {
        ReadErrorKind::HttpClient(crate::http::client::HttpError::Credentials(_)) => {
            WriteError::Credentials(text)
        }
        _ => WriteError::NotSent(text),
    }
}

/// The priority as the directory calls it.
pub(super) fn priority_id(number: u8) -> LiveId {
    operation::id("Priority", number.into())
}
