//! Limits what a run may send: the number of messages that edits made due, and the addresses that mail may go to.

use servanda::notice::delivery::{Message, messages};
use servanda::notice::{Channel, DueNotices, Identity, MailAddress, Notice};
use servanda::settings::AllowedMail;

/// The message limit: this number, or this share of the agreements if that is more.
const MESSAGE_LIMIT: usize = 50;
const MESSAGE_LIMIT_PERCENT: usize = 20;

/// Removes the notices that edits made due if they exceed the message limit, and returns the number of messages that
/// await acknowledgement. Notices that the date alone made due stay. The removed notices are due again in the next run.
pub(crate) fn limit_messages(
    due: &mut DueNotices,
    max_notices: Vec<(Channel, usize)>,
    agreements: usize,
    acknowledged: Option<usize>,
) -> Option<usize> {
    let limit = MESSAGE_LIMIT.max(agreements * MESSAGE_LIMIT_PERCENT / 100);
    let is_by_edit = |message: &&Message| message.notices.iter().any(|notice| !notice.by_date);
    let by_edit = messages(due, max_notices).iter().filter(is_by_edit).count();
    if by_edit <= limit || acknowledged == Some(by_edit) {
        return None;
    }
    due.send.retain(|notice| notice.by_date);
    Some(by_edit)
}

/// Refuses mail to an address that `mail.allow` does not cover.
pub(crate) fn check_recipient(message: &Message, allowed: Option<&AllowedMail>) -> Result<(), String> {
    let Some(allowed) = allowed else {
        return Ok(());
    };
    let is_in_catalog = |notice: &Notice| !matches!(notice.recipient.identity, Identity::Address(_));
    let by_catalog = allowed.catalog && message.notices.iter().all(is_in_catalog);
    let has_address = matches!(
        message.notices.first().map(|notice| &notice.recipient.address),
        Some(MailAddress::Known(_))
    );
    if !has_address || by_catalog || allowed.covers(&message.address) {
        return Ok(());
    }
    Err("`mail.allow` in servanda.yaml does not cover this address".to_owned())
}

#[cfg(test)]
mod tests {
    use servanda::agreement::NoticeEvent;
    use servanda::calendar::{Day, Instant};
    use servanda::ident::AgreementId;
    use servanda::notice::{AnnouncedDays, NoticeKey, Recipient, Variant};
    use servanda::status::State;

    use super::*;

    /// A notice to an address of its own.
    fn notice(number: usize, by_date: bool) -> Notice {
        let address = format!("{number}@acme.example");
        Notice {
            key: NoticeKey {
                agreement: AgreementId::new(&format!("a-{number}")).expect("an id"),
                event: NoticeEvent::Activated,
                day: Day::constant(2026, 3, 1),
                variant: Variant::Only,
                recipient: address.clone(),
                channel: Channel::Mail,
            },
            planned: Instant::UNIX_EPOCH,
            recipient: Recipient {
                identity: Identity::Address(address.clone()),
                address: MailAddress::Known(address),
            },
            announced: AnnouncedDays { first_day: None, last_day: None },
            state: State::Active,
            by_date,
        }
    }

    #[test]
    fn messages_that_edits_made_due_await_the_acknowledgement_of_their_number() {
        let due = |by_edit: usize| DueNotices {
            send: (0..by_edit + 100).map(|number| notice(number, number >= by_edit)).collect(),
            ..DueNotices::default()
        };
        let limited = |by_edit: usize, agreements: usize, acknowledged: Option<usize>| {
            let mut due = due(by_edit);
            let awaiting = limit_messages(&mut due, Vec::new(), agreements, acknowledged);
            (awaiting, due.send.len())
        };
        assert_eq!(limited(50, 10, None), (None, 150));
        assert_eq!(limited(51, 10, None), (Some(51), 100), "those of the date are sent");
        assert_eq!(limited(51, 10, Some(50)), (Some(51), 100));
        assert_eq!(limited(51, 10, Some(51)), (None, 151));
        assert_eq!(limited(200, 1000, None), (None, 300));
        assert_eq!(limited(201, 1000, None), (Some(201), 100));
    }
}
