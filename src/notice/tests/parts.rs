//! Deliveries in parts: together they send everything once, and what goes to one address stays together.

use std::collections::BTreeSet;

use crate::agreement::NoticeEvent;
use crate::calendar::{Day, Instant};
use crate::ident::AgreementId;
use crate::notice::delivery::messages;
use crate::notice::{
    AnnouncedDays, Channel, DueNotices, Identity, MailAddress, Notice, NoticeKey, NoticeResult, Recipient,
    Variant,
};
use crate::status::State;

fn notice(agreement: &str, channel: Channel, address: &str) -> Notice {
    Notice {
        key: NoticeKey {
            agreement: AgreementId::new(agreement).expect("an id"),
            event: NoticeEvent::Activated,
            day: Day::constant(2026, 3, 1),
            variant: Variant::Only,
            recipient: address.to_owned(),
            channel,
        },
        planned: Instant::UNIX_EPOCH,
        recipient: Recipient {
            identity: Identity::Address(address.to_owned()),
            address: MailAddress::Known(address.to_owned()),
        },
        announced: AnnouncedDays { first_day: None, last_day: None },
        state: State::Active,
        by_date: true,
    }
}

#[test]
fn the_parts_of_a_delivery_are_the_whole_and_each_message_is_in_one_of_them() {
    let mut send = vec![
        notice("a", Channel::Webhook, "hook@client.example"),
        notice("b", Channel::Helpdesk, "desk@client.example"),
    ];
    for (agreement, address) in [
        ("c", "one@client.example"),
        ("d", "One@client.example"),
        ("e", "two@client.example"),
        ("f", "three@client.example"),
        ("g", "two@client.example"),
    ] {
        send.push(notice(agreement, Channel::Mail, address));
    }
    let whole = DueNotices {
        deferred: vec![(notice("h", Channel::Mail, "h@client.example"), "why".to_owned())],
        settle: vec![(notice("i", Channel::Mail, "i@client.example").key, NoticeResult::Late)],
        orphaned: vec![notice("j", Channel::Mail, "j@client.example").key],
        send,
    };
    assert_eq!(whole.mail_addresses(), 3);
    let names =
        |due: &DueNotices| messages(due, []).into_iter().map(|message| message.name).collect::<Vec<_>>();
    let all: BTreeSet<String> = names(&whole).into_iter().collect();
    for of in 1..5 {
        let parts: Vec<DueNotices> = (0..of).map(|number| whole.clone().part(number, of)).collect();
        let sent: Vec<String> = parts.iter().flat_map(names).collect();
        assert_eq!(sent.len(), all.len(), "{of}: no message is in two parts, and none is split");
        assert_eq!(sent.into_iter().collect::<BTreeSet<_>>(), all, "{of}: no message is lost");
        let counts = |due: &DueNotices| (due.deferred.len(), due.settle.len(), due.orphaned.len());
        assert_eq!(counts(&parts[0]), (1, 1, 1));
        assert!(parts[1..].iter().all(|part| counts(part) == (0, 0, 0)), "{of}");
    }
    assert_eq!(whole.clone().part(0, 1), whole);
}
