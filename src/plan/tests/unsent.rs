//! A plan counts only notices that a channel sends.

use super::{agreement, empty, planned, settings};
use crate::agreement::{NoticeEvent, NoticeRule};
use crate::mapping::Mapping;
use crate::plan::Note;
use crate::settings::{AddressPolicy, Login, Product, WebhookConfig, WebhookFormat};

#[test]
fn notices_without_a_channel_are_noted_and_not_announced() {
    let mut file = agreement("a", "2026-01-01", "2026-12-31");
    let rule = NoticeRule { to: vec!["boss@us.example".to_owned()], ..NoticeRule::default() };
    file.notices.events = [(NoticeEvent::Activated, rule)].into_iter().collect();
    let mut settings = settings(&Mapping::default());
    let planned = |settings: &_| {
        planned(std::slice::from_ref(&file), &empty(), settings, "2026-01-01T12:00:00Z", false, None).0
    };
    // The outbox of the sandbox is a channel.
    let noted = |plan: &crate::plan::Plan| plan.notes.contains(&Note::NoticesNotSent(1));
    assert_eq!((planned(&settings).announced.len(), noted(&planned(&settings).plan)), (1, false));
    settings.helpdesk.kind = Product::Itop {
        url: String::new(),
        address_policy: AddressPolicy::default(),
        login: Login::Token(String::new()),
        ca_file: None,
        priorities: [].into(),
    };
    assert_eq!((planned(&settings).announced.len(), noted(&planned(&settings).plan)), (0, true));
    settings.webhook = Some(WebhookConfig {
        url: crate::settings::SecretText::Plain("https://chat.acme.example".to_owned()),
        form: WebhookFormat::Json,
        chat: None,
        secret_variable: None,
    });
    assert_eq!((planned(&settings).announced.len(), noted(&planned(&settings).plan)), (1, false));
}
