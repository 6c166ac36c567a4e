//! Up to when a run is the only one, and from when on others may go on: at the very borders.

use std::collections::BTreeMap;

use super::desk::{Desk, telling};
use crate::calendar::Instant;
use crate::notice::delivery::{
    Delivery, DeliveryGuarantee, Effect, LEASE, Reply, SESSION, TAKE_OVER, may_submit, messages,
};
use crate::notice::{Channel, Due, Notice, Record};

const SECOND: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

fn due() -> (Notice, Instant) {
    let desk = Desk::new([telling("a", "2026-02-01", "2026-12-31")]);
    let notice = desk.due("2026-02-01", 10).send.pop().expect("it begins");
    (notice, desk.ask("2026-02-01", 10, |setting| setting.at))
}

/// What a run asks for that finds this record of a notice that is due.
fn asked(memorable: DeliveryGuarantee, notice: &Notice, record: &Record, now: Instant) -> (Effect, Delivery) {
    let mut delivery = Delivery::new("later", [(Channel::Mail, memorable)]);
    assert_eq!(delivery.next(Reply::Go, now), Effect::Look);
    let records = BTreeMap::from([(notice.key.clone(), record.clone())]);
    let due = Due { send: vec![notice.clone()], ..Due::default() };
    let demand = delivery.next(Reply::Looked(due, records), now);
    (demand, delivery)
}

#[test]
fn a_claim_is_another_s_until_its_lease_is_over() {
    let (notice, at) = due();
    let record = Record::Claimed { run: "first".to_owned(), until: at + LEASE, since: None };
    let (demand, delivery) = asked(DeliveryGuarantee::AtMostOnce, &notice, &record, at + LEASE - SECOND);
    assert_eq!((demand, &delivery.report().elsewhere[..]), (Effect::End, &[notice.key.clone()][..]));
    let (demand, _) = asked(DeliveryGuarantee::AtMostOnce, &notice, &record, at + LEASE);
    assert!(matches!(demand, Effect::Write(_)), "{demand:?}");
}

#[test]
fn what_is_in_doubt_is_asked_for_once_nobody_can_be_at_it_any_more() {
    let (notice, at) = due();
    let record =
        Record::Submitting { run: "first".to_owned(), at, message: "m".to_owned(), told: notice.told };
    for memorable in [DeliveryGuarantee::Queryable, DeliveryGuarantee::Idempotent] {
        let (demand, delivery) = asked(memorable, &notice, &record, at + TAKE_OVER - SECOND);
        assert_eq!(demand, Effect::End, "{memorable:?}");
        assert_eq!(
            (delivery.report().elsewhere.len(), delivery.report().held.len()),
            (1, 0),
            "{memorable:?}"
        );
    }
    let (demand, _) = asked(DeliveryGuarantee::Queryable, &notice, &record, at + TAKE_OVER);
    assert!(matches!(&demand, Effect::Ask(message) if message.name == "m"), "{demand:?}");
    let (demand, _) = asked(DeliveryGuarantee::Idempotent, &notice, &record, at + TAKE_OVER);
    assert!(!matches!(demand, Effect::End | Effect::Ask(_)), "it goes on under the same name: {demand:?}");
    // Where the channel cannot tell, time settles nothing.
    for later in [TAKE_OVER, TAKE_OVER * 10_000] {
        let (demand, delivery) = asked(DeliveryGuarantee::AtMostOnce, &notice, &record, at + later);
        assert_eq!((demand, &delivery.report().held[..]), (Effect::End, &[notice.key.clone()][..]));
    }
}

#[test]
fn what_is_ready_may_be_submitted_for_half_an_hour_and_no_longer() {
    let (_, at) = due();
    assert!(may_submit(at, at) && may_submit(at, at + SESSION - SECOND));
    assert!(!may_submit(at, at + SESSION) && !may_submit(at, at + SESSION * 48));
    // Whoever takes over does so only when nobody can submit any more, the longest command of mail and all.
    assert!(TAKE_OVER - SESSION >= jiff::SignedDuration::from_mins(10), "ten minutes for the last answer");
}

#[test]
fn a_preview_splits_as_the_real_run_does() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let desk = Desk::new(names.map(|name| telling(name, "2026-02-01", "2026-12-31")));
    let (due, at) = (desk.due("2026-02-01", 10), desk.ask("2026-02-01", 10, |setting| setting.at));
    let limits = [(Channel::Mail, 3)];
    let mut delivery = Delivery::new("run", [(Channel::Mail, DeliveryGuarantee::AtMostOnce)]).at_most(limits);
    let (mut submitted, mut reply) = (Vec::new(), Reply::Go);
    loop {
        reply = match delivery.next(reply, at) {
            Effect::Look => Reply::Looked(due.clone(), BTreeMap::new()),
            Effect::Write(_) => Reply::Written,
            Effect::Prepare(_) => Reply::Ready,
            Effect::Submit(message) => {
                submitted.push((message.address.clone(), message.notices));
                Reply::Sent(message.name)
            }
            Effect::Abandon(_) | Effect::Ask(_) => Reply::Go,
            Effect::End => break,
        };
    }
    let preview = messages(&due, limits).into_iter().map(|message| (message.address, message.notices));
    assert_eq!(preview.collect::<Vec<_>>(), submitted);
    assert!(submitted.len() > 1 && submitted.iter().all(|(_, notices)| notices.len() <= 3));
    assert_eq!(submitted.iter().map(|(_, notices)| notices.len()).sum::<usize>(), due.send.len());
}
