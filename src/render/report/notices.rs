//! Who was notified of an agreement, and who will be, without addresses.

use std::collections::BTreeMap;

use crate::agreement::Agreement;
use crate::calendar::{Day, Instant};
use crate::ident::AgreementId;
use crate::notice::due::recipients;
use crate::notice::event::Succession;
use crate::notice::{Identity, NoticeKey, NoticeKind, NoticeRecord, NoticeResult, SentNotices};
use crate::render::forecast::{
    ForecastChange, ForecastInput, ForecastRecipient, forecast_of, forecast_recipient, kind_text,
    recipient_text,
};
use crate::settings::Language;

/// The time from the instant of the report for which coming notices are listed.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 400);
/// The largest number of sent notices of an agreement; older ones are left out.
const SENT_LIMIT: usize = 20;
/// The largest number of coming notices of an agreement.
const COMING_LIMIT: usize = 12;

/// The notices of all agreements.
#[derive(Clone, Debug, Default)]
pub struct ReportNotices {
    /// Whether the ledger was read.
    pub is_ledger_known: bool,
    /// The notices that the ledger contains, the latest first.
    sent: BTreeMap<AgreementId, Vec<ReportNotice>>,
    /// The notices that the date will bring, the next first.
    coming: BTreeMap<AgreementId, Vec<ReportNotice>>,
}

/// One notice to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportNotice {
    /// The day on which it was or will be sent, in the agreement's zone.
    pub(super) day: Day,
    /// The index of its result in the words of the page; that of coming ones is not used.
    pub(super) result: usize,
    kind: NoticeKind,
    recipient: ForecastRecipient,
}

impl ReportNotice {
    /// Its event and its recipient, in words.
    pub(super) fn texts(&self, language: Language) -> (&'static str, String) {
        (kind_text(self.kind, language), recipient_text(&self.recipient, language))
    }
}

impl ReportNotices {
    /// Collects the notices of these agreements from the ledger, if it was read, and from their dates.
    pub fn of(input: &ForecastInput<'_>, sent: Option<SentNotices<'_>>) -> Self {
        let from = input.between.0;
        let until = from.checked_add(AHEAD).unwrap_or(Instant::MAX);
        Self {
            is_ledger_known: sent.is_some(),
            sent: sent.map_or_else(BTreeMap::new, |sent| sent_notices(input, &sent)),
            coming: coming_notices(&ForecastInput { between: (from, until), ..*input }),
        }
    }

    pub(super) fn sent(&self, id: &AgreementId) -> &[ReportNotice] {
        self.sent.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn coming(&self, id: &AgreementId) -> &[ReportNotice] {
        self.coming.get(id).map_or(&[], Vec::as_slice)
    }
}

fn sent_notices(
    input: &ForecastInput<'_>,
    sent: &SentNotices<'_>,
) -> BTreeMap<AgreementId, Vec<ReportNotice>> {
    let mut by_name: BTreeMap<&AgreementId, Vec<(&NoticeKey, &NoticeRecord)>> = BTreeMap::new();
    for (key, record) in &sent.records.records {
        by_name.entry(&key.agreement).or_default().push((key, record));
    }
    let mut notices = BTreeMap::new();
    for agreement in input.agreements {
        let names = agreement.formerly.iter().chain([&agreement.id]);
        let records = names.filter_map(|name| by_name.get(name)).flatten();
        let mut found: Vec<(Instant, ReportNotice)> = records
            .filter_map(|(key, record)| {
                let (at, result) = result_of(record)?;
                let day = agreement.zone.day_of(at);
                let kind = NoticeKind::of(agreement, key.event, key.day);
                let recipient = recipient_of(agreement, key, input, sent.hide);
                Some((at, ReportNotice { day, result, kind, recipient }))
            })
            .collect();
        found.sort_by(|(left, one), (right, other)| {
            right.cmp(left).then_with(|| one.recipient.contact.cmp(&other.recipient.contact))
        });
        found.truncate(SENT_LIMIT);
        if !found.is_empty() {
            notices.insert(agreement.id.clone(), found.into_iter().map(|(_, notice)| notice).collect());
        }
    }
    notices
}

/// The instant of a record and the index of its result: sent, late, deferred, in doubt. A superseded notice was never
/// sent, and a claimed one is about to be.
fn result_of(record: &NoticeRecord) -> Option<(Instant, usize)> {
    match record {
        NoticeRecord::Done { result: NoticeResult::Sent, at, .. } => Some((*at, 0)),
        NoticeRecord::Done { result: NoticeResult::Late, at, .. } => Some((*at, 1)),
        NoticeRecord::Deferred { since, .. } => Some((*since, 2)),
        NoticeRecord::Submitting { at, .. } => Some((*at, 3)),
        NoticeRecord::Done { result: NoticeResult::Superseded, .. } | NoticeRecord::Claimed { .. } => None,
    }
}

/// The recipient of a key. A hidden address is found among those that the agreement has now, and shown redacted.
fn recipient_of(
    agreement: &Agreement,
    key: &NoticeKey,
    input: &ForecastInput<'_>,
    hide: &dyn Fn(&str) -> String,
) -> ForecastRecipient {
    let known = recipients(agreement, key.event, key.channel, input.catalog);
    let same = known.iter().find(|known| known.identity.in_key(hide) == key.recipient);
    let channel = key.channel.as_str();
    if let Some(same) = same {
        return ForecastRecipient { missing: None, ..forecast_recipient(same, key.channel) };
    }
    let (role, contact) = match key.recipient.split_once('.') {
        Some(("client", contact)) => (Identity::Client.role(), Some(contact.to_owned())),
        Some(("manager", slug)) => (Identity::NoManager.role(), Some(slug.to_owned())),
        Some(_) => ("address", None),
        None if key.recipient == "client" => (Identity::Client.role(), None),
        None if key.recipient == "manager" => (Identity::NoManager.role(), None),
        None => (Identity::Everyone.role(), None),
    };
    ForecastRecipient { role, contact, channel, missing: None }
}

fn coming_notices(input: &ForecastInput<'_>) -> BTreeMap<AgreementId, Vec<ReportNotice>> {
    let succession = Succession::of(input.agreements);
    let coming = input.agreements.iter().filter_map(|agreement| {
        let notices = forecast_of(agreement, &succession, input).into_iter().filter_map(|entry| {
            let ForecastChange::Notice { kind, to, .. } = entry.change else { return None };
            let notice = move |recipient| ReportNotice { day: entry.day, result: 0, kind, recipient };
            Some(to.into_iter().map(notice))
        });
        let notices: Vec<ReportNotice> = notices.flatten().take(COMING_LIMIT).collect();
        (!notices.is_empty()).then(|| (agreement.id.clone(), notices))
    });
    coming.collect()
}
