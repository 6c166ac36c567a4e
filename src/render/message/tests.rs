//! Messages in both languages, and the escaping of values.

use std::collections::BTreeMap;

use super::{MessageTemplates, RenderedMessage};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::{Instant, Lead};
use crate::catalog::Catalog;
use crate::notice::delivery::Message;
use crate::notice::{AnnouncedDays, Channel, Identity, MailAddress, Notice, NoticeKey, Recipient, Variant};
use crate::settings::{Language, WebhookFormat};
use crate::status::State;

fn notice(agreement: &Agreement, event: NoticeEvent, announced: &str, state: State) -> Notice {
    let key = NoticeKey {
        agreement: agreement.id.clone(),
        event,
        day: day(announced),
        variant: Variant::Lead(Lead::of_days(7)),
        recipient: "client.main".to_owned(),
        channel: Channel::Mail,
    };
    let announced = AnnouncedDays { first_day: Some(day("2026-02-01")), last_day: Some(day("2026-12-31")) };
    let address = MailAddress::Known("main@client.example".to_owned());
    let recipient = Recipient { identity: Identity::Contact("main".to_owned()), address };
    Notice { key, planned: Instant::UNIX_EPOCH, recipient, announced, state, by_date: true }
}

fn rendered(language: Language, agreement: &Agreement, notices: Vec<Notice>, today: &str) -> RenderedMessage {
    let templates =
        MessageTemplates::new(language, &BTreeMap::new()).expect("the built-in templates are valid");
    let message = Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
    let at = agreement.zone.at(day(today), 10, 0);
    let agreements = BTreeMap::from([(agreement.id.as_str(), agreement)]);
    templates.render(&message, &agreements, &Catalog::default(), "Служба поддержки", at).expect("it renders")
}

#[test]
fn a_reminder_in_russian() {
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    let expiring = notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active);
    let rendered = rendered(Language::Russian, &agreement, vec![expiring], "2026-12-24");
    assert_eq!(rendered.subject, "Соглашение «Стоматология «Маяк»» истекает через 7\u{a0}дней");
    let sentence = "Соглашение действует по 31\u{a0}декабря 2026\u{a0}г. включительно, осталось 7\u{a0}дней.";
    assert!(rendered.text.contains(sentence) && rendered.html.contains(sentence), "{}", rendered.text);
}

#[test]
fn russian_nouns_agree_with_their_number() {
    let left = |days| super::remain(Language::Russian, days).replace('\u{a0}', " ");
    let shown: Vec<String> = [1, 2, 5, 11, 21, 22, 60, 101, 112].into_iter().map(left).collect();
    assert_eq!(
        shown,
        [
            "остался 1 день",
            "осталось 2 дня",
            "осталось 5 дней",
            "осталось 11 дней",
            "остался 21 день",
            "осталось 22 дня",
            "осталось 60 дней",
            "остался 101 день",
            "осталось 112 дней",
        ]
    );
    assert_eq!(super::days(Language::English, 1), "1\u{a0}day");
}

#[test]
fn every_event_has_a_text_in_both_languages() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.renewal = crate::agreement::Renewal::Manual { notice_period: Some(Lead::of_days(30)) };
    for language in [Language::Russian, Language::English] {
        let mut seen = std::collections::BTreeSet::new();
        for event in NoticeEvent::ALL {
            for state in State::ALL {
                let rendered = rendered(
                    language,
                    &agreement,
                    vec![notice(&agreement, event, "2026-12-31", state)],
                    "2026-12-30",
                );
                assert!(rendered.html.contains("2026") && !rendered.subject.is_empty(), "{rendered:?}");
                seen.insert((rendered.subject, rendered.text));
            }
        }
        // `deactivated` has three texts, every other event one.
        assert_eq!(seen.len(), 8);
    }
}

#[test]
fn several_notices_make_one_message() {
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    let notices = vec![
        notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active),
        notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active),
    ];
    let rendered = rendered(Language::English, &agreement, notices, "2026-12-30");
    assert_eq!(rendered.subject, "Service agreements: 2 notices");
    assert_eq!(rendered.text.matches("Стоматология").count(), 2);
}

#[test]
fn a_title_is_escaped() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "<script>alert(1)</script>\r\nBcc: x@evil.example {{ 7 * 7 }} \u{202e}gnp".to_owned();
    agreement.number = Some("<img src=x onerror=1>".to_owned());
    let rendered = rendered(
        Language::Russian,
        &agreement,
        vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)],
        "2026-02-01",
    );
    assert!(!rendered.html.contains("<script") && !rendered.html.contains("<img"), "{}", rendered.html);
    assert!(!rendered.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", rendered.subject);
    assert!(rendered.text.contains("{{ 7 * 7 }}") && !rendered.text.contains('\u{202e}'));
}

#[test]
fn a_repository_may_replace_a_template() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "A & B".to_owned();
    let own = BTreeMap::from([(
        "en.sentence.txt".to_owned(),
        "{{ notice.title }}, {{ notice.day | date }}".to_owned(),
    )]);
    let templates = MessageTemplates::new(Language::English, &own).expect("it parses");
    let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)];
    let message = Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
    let agreements = BTreeMap::from([("a", &agreement)]);
    let rendered = templates
        .render(&message, &agreements, &Catalog::default(), "desk", Instant::UNIX_EPOCH)
        .expect("it renders");
    assert!(
        rendered.text.contains("A & B, 1\u{a0}February 2026") && rendered.html.contains("A &amp; B, 1"),
        "{}",
        rendered.html
    );
}

#[test]
fn an_invalid_template_is_reported_with_its_line() {
    let broken = |text: &str| {
        let own = BTreeMap::from([("ru.body.txt".to_owned(), text.to_owned())]);
        MessageTemplates::new(Language::Russian, &own).map(|_| ()).map_err(|bad| bad.to_string())
    };
    let shown = broken("one\n{% if %}").expect_err("it does not parse");
    assert!(shown.starts_with("notices/ru.body.txt: line 2: syntax error"), "{shown}");
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    for text in [
        "{{ nothing }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% include \"/etc/passwd\" %}",
    ] {
        let own = BTreeMap::from([("ru.body.txt".to_owned(), text.to_owned())]);
        let templates = MessageTemplates::new(Language::Russian, &own).expect("it parses");
        let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)];
        let message =
            Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
        let written = templates.render(
            &message,
            &BTreeMap::from([("a", &agreement)]),
            &Catalog::default(),
            "desk",
            Instant::UNIX_EPOCH,
        );
        assert!(written.is_err_and(|bad| bad.file == "ru.body.txt"), "{text}");
    }
}

#[test]
fn an_unknown_template_is_an_error() {
    let own = BTreeMap::from([("ru.bodi.txt".to_owned(), String::new())]);
    let shown = MessageTemplates::new(Language::English, &own).err().map(|bad| bad.to_string());
    let expected = "notices/ru.bodi.txt: unknown template; did you mean ru.body.txt?";
    assert_eq!(shown.as_deref(), Some(expected));
}

fn chat(form: WebhookFormat, agreement: &Agreement, notices: Vec<Notice>) -> String {
    let templates =
        MessageTemplates::new(Language::English, &BTreeMap::new()).expect("the built-in templates are valid");
    let message =
        Message { name: "m".to_owned(), channel: Channel::Webhook, address: String::new(), notices };
    let agreements = BTreeMap::from([(agreement.id.as_str(), agreement)]);
    let at = agreement.zone.at(day("2026-12-24"), 10, 0);
    templates.render_chat(form, &message, &agreements, &Catalog::default(), at).expect("it renders")
}

#[test]
fn a_title_in_a_chat_is_no_mention_and_no_link() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title =
        "<!channel> @all <https://evil.example|A&B> [x](y) **b** _i_ ~s~ `c`\n\u{202e}".to_owned();
    let shown = |form| {
        chat(form, &agreement, vec![notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active)])
    };
    let slack = shown(WebhookFormat::Slack);
    assert!(
        slack.starts_with(
            "*&lt;!channel&gt; @all &lt;https://evil.example|A&amp;B&gt; [x](y) ∗∗b∗∗ ＿i＿ ∼s∼ ˋcˋ*\n"
        ),
        "{slack}"
    );
    let mattermost = shown(WebhookFormat::Mattermost);
    assert!(mattermost.starts_with("**&lt;\\!channel&gt; @\u{200b}all &lt;https\\:"), "{mattermost}");
    assert!(mattermost.contains("\\[x\\]\\(y\\) \\*\\*b\\*\\* \\_i\\_ \\~s\\~ \\`c\\`**\n"), "{mattermost}");
    let telegram = shown(WebhookFormat::Telegram);
    assert!(telegram.starts_with("<b>&lt;!channel&gt; @\u{200b}all &lt;https:"), "{telegram}");
    for text in [&slack, &mattermost, &telegram] {
        assert!(text.contains("31\u{a0}December 2026") && !text.contains('\u{202e}'), "{text}");
        assert!(text.lines().all(|line| !line.starts_with(' ')), "{text}");
    }
}

#[test]
fn a_message_never_exceeds_the_limit_of_a_chat() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.renewal = crate::agreement::Renewal::Manual { notice_period: Some(Lead::of_days(30)) };
    agreement.title = "&".repeat(5000);
    agreement.number = Some("*".repeat(5000));
    for event in NoticeEvent::ALL {
        let notices = vec![notice(&agreement, event, "2026-12-31", State::Active); 5];
        for (form, limit) in [
            (WebhookFormat::Slack, 40_000),
            (WebhookFormat::Mattermost, 16_383),
            (WebhookFormat::Telegram, 4096),
        ] {
            let text = chat(form, &agreement, notices.clone());
            // Telegram counts characters after parsing entities.
            let text = if form == WebhookFormat::Telegram { text.replace("&amp;", "&") } else { text };
            let count = text.encode_utf16().count();
            assert!(count < limit, "{form:?}: {count}");
        }
    }
}
