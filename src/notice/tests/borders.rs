//! The exact limits of lease, takeover and expiry.

use std::collections::BTreeMap;

use super::fixture::{Fixture, notifying};
use crate::calendar::Instant;
use crate::notice::delivery::{
    Delivery, DeliveryGuarantee, Effect, LEASE, PREPARED_EXPIRY, Reply, TAKEOVER_AFTER, may_submit, messages,
};
use crate::notice::{Channel, DueNotices, Notice, NoticeRecord};

const SECOND: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

fn due() -> (Notice, Instant) {
    let fixture = Fixture::new([notifying("a", "2026-02-01", "2026-12-31")]);
    let notice = fixture.due("2026-02-01", 10).send.pop().expect("it begins");
    (notice, fixture.ask("2026-02-01", 10, |setting| setting.at))
}

/// The effect that a run requests for a due notice with this record.
fn requested(
    guarantee: DeliveryGuarantee,
    notice: &Notice,
    record: &NoticeRecord,
    now: Instant,
) -> (Effect, Delivery) {
    let mut delivery = Delivery::new("later", [(Channel::Mail, guarantee)]);
    assert_eq!(delivery.next(Reply::Continue, now), Effect::ReadDue);
    let records = BTreeMap::from([(notice.key.clone(), record.clone())]);
    let due = DueNotices { send: vec![notice.clone()], ..DueNotices::default() };
    let effect = delivery.next(Reply::Due(due, records), now);
    (effect, delivery)
}

#[test]
fn a_claim_belongs_to_its_run_until_the_lease_ends() {
    let (notice, at) = due();
    let record = NoticeRecord::Claimed { run: "first".to_owned(), until: at + LEASE, since: None };
    let (effect, delivery) = requested(DeliveryGuarantee::AtMostOnce, &notice, &record, at + LEASE - SECOND);
    assert_eq!((effect, &delivery.report().pending[..]), (Effect::End, &[notice.key.clone()][..]));
    let (effect, _) = requested(DeliveryGuarantee::AtMostOnce, &notice, &record, at + LEASE);
    assert!(matches!(effect, Effect::Write(_)), "{effect:?}");
}

#[test]
fn an_unfinished_message_is_taken_over_after_45_minutes() {
    let (notice, at) = due();
    let record = NoticeRecord::Submitting {
        run: "first".to_owned(),
        at,
        message: "m".to_owned(),
        announced: notice.announced,
    };
    for guarantee in [DeliveryGuarantee::Queryable, DeliveryGuarantee::Idempotent] {
        let (effect, delivery) = requested(guarantee, &notice, &record, at + TAKEOVER_AFTER - SECOND);
        assert_eq!(effect, Effect::End, "{guarantee:?}");
        assert_eq!(
            (delivery.report().pending.len(), delivery.report().in_doubt.len()),
            (1, 0),
            "{guarantee:?}"
        );
    }
    let (effect, _) = requested(DeliveryGuarantee::Queryable, &notice, &record, at + TAKEOVER_AFTER);
    assert!(matches!(&effect, Effect::Query(message) if message.name == "m"), "{effect:?}");
    let (effect, _) = requested(DeliveryGuarantee::Idempotent, &notice, &record, at + TAKEOVER_AFTER);
    assert!(!matches!(effect, Effect::End | Effect::Query(_)), "it is sent under the same name: {effect:?}");
    // Without a guarantee, the notice stays in doubt for ever.
    for later in [TAKEOVER_AFTER, TAKEOVER_AFTER * 10_000] {
        let (effect, delivery) = requested(DeliveryGuarantee::AtMostOnce, &notice, &record, at + later);
        assert_eq!((effect, &delivery.report().in_doubt[..]), (Effect::End, &[notice.key.clone()][..]));
    }
}

#[test]
fn a_prepared_message_expires_after_half_an_hour() {
    let (_, at) = due();
    assert!(may_submit(at, at) && may_submit(at, at + PREPARED_EXPIRY - SECOND));
    assert!(!may_submit(at, at + PREPARED_EXPIRY) && !may_submit(at, at + PREPARED_EXPIRY * 48));
    // A takeover begins after the longest possible submission by mail has timed out.
    assert!(
        TAKEOVER_AFTER - PREPARED_EXPIRY >= jiff::SignedDuration::from_mins(10),
        "ten minutes for the last response"
    );
}

#[test]
fn a_preview_splits_as_the_real_run_does() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let fixture = Fixture::new(names.map(|name| notifying(name, "2026-02-01", "2026-12-31")));
    let (due, at) = (fixture.due("2026-02-01", 10), fixture.ask("2026-02-01", 10, |setting| setting.at));
    let limits = [(Channel::Mail, 3)];
    let mut delivery =
        Delivery::new("run", [(Channel::Mail, DeliveryGuarantee::AtMostOnce)]).max_notices(limits);
    let (mut submitted, mut reply) = (Vec::new(), Reply::Continue);
    loop {
        reply = match delivery.next(reply, at) {
            Effect::ReadDue => Reply::Due(due.clone(), BTreeMap::new()),
            Effect::Write(_) => Reply::Written,
            Effect::Prepare(_) => Reply::Prepared,
            Effect::Submit(message) => {
                submitted.push((message.address.clone(), message.notices));
                Reply::Sent(message.name)
            }
            Effect::Abandon(_) | Effect::Query(_) => Reply::Continue,
            Effect::End => break,
        };
    }
    let preview = messages(&due, limits).into_iter().map(|message| (message.address, message.notices));
    assert_eq!(preview.collect::<Vec<_>>(), submitted);
    assert!(submitted.len() > 1 && submitted.iter().all(|(_, notices)| notices.len() <= 3));
    assert_eq!(submitted.iter().map(|(_, notices)| notices.len()).sum::<usize>(), due.send.len());
}
