//! Renders the results of notices: lines for people, and JSON.

use std::collections::BTreeMap;

use crate::notice::delivery::DeliveryReport;
use crate::notice::{NoticeKey, NoticeResult, Variant};
use crate::settings::Language;

use super::encode::terminal;
use super::locale::day_or_open;
use super::{reasons, vocabulary};

/// The results of the notices of a run, for people. Names no recipient.
///
/// Without a channel it states why nothing is sent.
pub fn report(report: &DeliveryReport, awaiting_acknowledgement: Option<usize>, has_channel: bool) -> String {
    let mut lines = vec![if has_channel { summary(report) } else { no_channel() }];
    lines.extend(report.sent.iter().map(|key| format!("  sent      {}", name(key))));
    for (key, why) in report.deferred.iter().chain(&report.refused) {
        lines.push(format!("  deferred  {}: {}", name(key), terminal(&vocabulary::redacted(why))));
    }
    let late = report.settled.iter().filter(|(_, result)| *result == NoticeResult::Late);
    lines.extend(late.map(|(key, _)| format!("  late      {}", name(key))));
    for key in &report.in_doubt {
        lines.push(format!("  in doubt  {}", name(key)));
        lines.push(format!(
            "            it may have been sent; once you know, run `servanda notify resolve {key} --sent` or `--resend`"
        ));
    }
    if let Some(messages) = awaiting_acknowledgement {
        lines.push(format!(
            "{messages} messages that edits made due await acknowledgement; to send them, pass `--accept-messages {messages}`"
        ));
    }
    if let Some(why) = &report.ended {
        lines.push(format!("Notices ended early: {}", terminal(why)));
    }
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The line of a run whose settings name no channel.
pub fn no_channel() -> String {
    format!("Notices: none is sent, since {}.", reasons::no_channel(Language::English))
}

fn summary(report: &DeliveryReport) -> String {
    let count = |keys: usize, word: &str| (keys > 0).then(|| format!("{keys} {word}"));
    let late = report.settled.iter().filter(|(_, result)| *result == NoticeResult::Late).count();
    let parts = [
        count(report.sent.len(), "sent"),
        count(report.deferred.len() + report.refused.len(), "deferred"),
        count(report.settled.len() - late, "superseded"),
        count(late, "late"),
        count(report.pending.len(), "left to another run"),
        count(report.in_doubt.len(), "in doubt"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "Notices: none is due.".to_owned()
    } else {
        format!("Notices: {}.", parts.join(", "))
    }
}

/// A notice for people, with the role instead of the recipient.
fn name(key: &NoticeKey) -> String {
    let role = key.recipient.split('.').next().unwrap_or_default();
    let lead = match key.variant {
        Variant::Lead(lead) => format!(" ({lead} ahead)"),
        Variant::Only | Variant::Revision(_) => String::new(),
    };
    let (event, channel) = (key.event.as_str(), key.channel.as_str());
    format!(
        "{} {event} {}{lead} to {role} by {channel}",
        key.agreement,
        day_or_open(Language::English, key.day)
    )
}

/// The results of the notices of a run, for programs. Each notice is named by its key in the ledger.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct NoticeResults {
    /// The version of this shape.
    pub format: u32,
    /// The notices that were sent.
    pub sent: Vec<String>,
    /// The notices that may have been sent.
    pub in_doubt: Vec<String>,
    /// The notices that another run sends.
    pub pending: Vec<String>,
    /// The notices that wait, with the reason.
    pub deferred: BTreeMap<String, String>,
    /// The notices that the channel refused, with the reason.
    pub refused: BTreeMap<String, String>,
    /// The notices that will never be sent, with the reason.
    pub settled: BTreeMap<String, NoticeResult>,
    /// The number of messages that await acknowledgement.
    pub awaiting_acknowledgement: Option<usize>,
    /// The reason why notices ended early.
    pub ended: Option<String>,
}

/// The results of the notices of a run, for programs.
pub fn results(report: &DeliveryReport, awaiting_acknowledgement: Option<usize>) -> NoticeResults {
    let names = |keys: &[NoticeKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let reasons = |pairs: &[(NoticeKey, String)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, why)| (key.to_string(), vocabulary::redacted(why))).collect()
    };
    NoticeResults {
        format: 1,
        sent: names(&report.sent),
        in_doubt: names(&report.in_doubt),
        pending: names(&report.pending),
        deferred: reasons(&report.deferred),
        refused: reasons(&report.refused),
        settled: report.settled.iter().map(|(key, result)| (key.to_string(), *result)).collect(),
        awaiting_acknowledgement,
        ended: report.ended.clone(),
    }
}
