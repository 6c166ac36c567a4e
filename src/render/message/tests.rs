//! Messages: what people read, in both languages, and that no text of theirs does anything but be read.

use std::collections::BTreeMap;

use super::{Letter, Texts};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, NoticeEvent};
use crate::calendar::{Instant, Lead};
use crate::catalog::Catalog;
use crate::notice::delivery::Message;
use crate::notice::{Address, Channel, Identity, Key, Mark, Notice, Recipient, Told};
use crate::settings::{Language, WebhookFormat};
use crate::status::State;

fn notice(agreement: &Agreement, event: NoticeEvent, announced: &str, state: State) -> Notice {
    let key = Key {
        agreement: agreement.id.clone(),
        event,
        day: day(announced),
        mark: Mark::Lead(Lead { days: 7 }),
        recipient: "client.main".to_owned(),
        channel: Channel::Mail,
    };
    let told = Told { first_day: Some(day("2026-02-01")), last_day: Some(day("2026-12-31")) };
    let address = Address::Known("main@client.example".to_owned());
    let recipient = Recipient { identity: Identity::Contact("main".to_owned()), address };
    Notice { key, planned: Instant::UNIX_EPOCH, recipient, told, state, by_date: true }
}

fn letter(language: Language, agreement: &Agreement, notices: Vec<Notice>, today: &str) -> Letter {
    let texts = Texts::new(language, &BTreeMap::new()).expect("ours are good");
    let message = Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
    let at = agreement.zone.at(day(today), 10, 0);
    let agreements = BTreeMap::from([(agreement.id.as_str(), agreement)]);
    texts.write(&message, &agreements, &Catalog::default(), "Служба поддержки", at).expect("it is written")
}

#[test]
fn the_end_comes_near_in_russian() {
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    let expiring = notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active);
    let letter = letter(Language::Russian, &agreement, vec![expiring], "2026-12-24");
    assert_eq!(letter.subject, "Соглашение «Стоматология «Маяк»» истекает через 7\u{a0}дней");
    let sentence = "Соглашение действует по 31\u{a0}декабря 2026\u{a0}г. включительно, осталось 7\u{a0}дней.";
    assert!(letter.text.contains(sentence) && letter.html.contains(sentence), "{}", letter.text);
}

#[test]
fn numbers_bend_their_nouns() {
    let left = |days| super::remain(Language::Russian, days).replace('\u{a0}', " ");
    let said: Vec<String> = [1, 2, 5, 11, 21, 22, 60, 101, 112].into_iter().map(left).collect();
    assert_eq!(
        said,
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
fn every_event_has_its_words_in_both_languages() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.renewal = crate::agreement::Renewal::Manual { notice_period: Some(Lead { days: 30 }) };
    for language in [Language::Russian, Language::English] {
        let mut seen = std::collections::BTreeSet::new();
        for event in NoticeEvent::ALL {
            for state in State::ALL {
                let letter = letter(
                    language,
                    &agreement,
                    vec![notice(&agreement, event, "2026-12-31", state)],
                    "2026-12-30",
                );
                assert!(letter.html.contains("2026") && !letter.subject.is_empty(), "{letter:?}");
                seen.insert((letter.subject, letter.text));
            }
        }
        // Ends are told in three ways, all else in one.
        assert_eq!(seen.len(), 8);
    }
}

#[test]
fn several_notices_make_one_letter() {
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    let notices = vec![
        notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active),
        notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active),
    ];
    let letter = letter(Language::English, &agreement, notices, "2026-12-30");
    assert_eq!(letter.subject, "Service agreements: 2 notices");
    assert_eq!(letter.text.matches("Стоматология").count(), 2);
}

#[test]
fn a_title_is_read_and_does_nothing() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "<script>alert(1)</script>\r\nBcc: x@evil.example {{ 7 * 7 }} \u{202e}gnp".to_owned();
    agreement.number = Some("<img src=x onerror=1>".to_owned());
    let letter = letter(
        Language::Russian,
        &agreement,
        vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)],
        "2026-02-01",
    );
    assert!(!letter.html.contains("<script") && !letter.html.contains("<img"), "{}", letter.html);
    assert!(!letter.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", letter.subject);
    assert!(letter.text.contains("{{ 7 * 7 }}") && !letter.text.contains('\u{202e}'));
}

#[test]
fn a_repository_may_say_it_in_its_own_words() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "A & B".to_owned();
    let own = BTreeMap::from([(
        "en.sentence.txt".to_owned(),
        "{{ notice.title }}, {{ notice.day | date }}".to_owned(),
    )]);
    let texts = Texts::new(Language::English, &own).expect("it is good");
    let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)];
    let message = Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
    let agreements = BTreeMap::from([("a", &agreement)]);
    let letter = texts
        .write(&message, &agreements, &Catalog::default(), "desk", Instant::UNIX_EPOCH)
        .expect("written");
    assert!(
        letter.text.contains("A & B, 1\u{a0}February 2026") && letter.html.contains("A &amp; B, 1"),
        "{}",
        letter.html
    );
}

#[test]
fn a_text_that_cannot_be_used_says_where() {
    let broken = |text: &str| {
        let own = BTreeMap::from([("ru.body.txt".to_owned(), text.to_owned())]);
        Texts::new(Language::Russian, &own).map(|_| ()).map_err(|bad| bad.to_string())
    };
    let said = broken("one\n{% if %}").expect_err("it is no template");
    assert!(said.starts_with("notices/ru.body.txt: line 2: syntax error"), "{said}");
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    for text in [
        "{{ nothing }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% include \"/etc/passwd\" %}",
    ] {
        let own = BTreeMap::from([("ru.body.txt".to_owned(), text.to_owned())]);
        let texts = Texts::new(Language::Russian, &own).expect("it is a template");
        let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", State::Active)];
        let message =
            Message { name: "m".to_owned(), channel: Channel::Mail, address: String::new(), notices };
        let written = texts.write(
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
fn a_file_of_which_no_message_is_made_is_a_mistake() {
    let own = BTreeMap::from([("ru.bodi.txt".to_owned(), String::new())]);
    let said = Texts::new(Language::English, &own).err().map(|bad| bad.to_string());
    let expected = "notices/ru.bodi.txt: no message is made of it; is it meant to be ru.body.txt?";
    assert_eq!(said.as_deref(), Some(expected));
}

fn chat(form: WebhookFormat, agreement: &Agreement, notices: Vec<Notice>) -> String {
    let texts = Texts::new(Language::English, &BTreeMap::new()).expect("ours are good");
    let message =
        Message { name: "m".to_owned(), channel: Channel::Webhook, address: String::new(), notices };
    let agreements = BTreeMap::from([(agreement.id.as_str(), agreement)]);
    let at = agreement.zone.at(day("2026-12-24"), 10, 0);
    texts.write_chat(form, &message, &agreements, &Catalog::default(), at).expect("it is written")
}

#[test]
fn a_title_in_a_chat_calls_nobody_and_leads_nowhere() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title =
        "<!channel> @all <https://evil.example|A&B> [x](y) **b** _i_ ~s~ `c`\n\u{202e}".to_owned();
    let said = |form| {
        chat(form, &agreement, vec![notice(&agreement, NoticeEvent::Expiring, "2026-12-31", State::Active)])
    };
    let slack = said(WebhookFormat::Slack);
    assert!(
        slack.starts_with(
            "*&lt;!channel&gt; @all &lt;https://evil.example|A&amp;B&gt; [x](y) ∗∗b∗∗ ＿i＿ ∼s∼ ˋcˋ*\n"
        ),
        "{slack}"
    );
    let mattermost = said(WebhookFormat::Mattermost);
    assert!(mattermost.starts_with("**&lt;\\!channel&gt; @\u{200b}all &lt;https\\:"), "{mattermost}");
    assert!(mattermost.contains("\\[x\\]\\(y\\) \\*\\*b\\*\\* \\_i\\_ \\~s\\~ \\`c\\`**\n"), "{mattermost}");
    let telegram = said(WebhookFormat::Telegram);
    assert!(telegram.starts_with("<b>&lt;!channel&gt; @\u{200b}all &lt;https:"), "{telegram}");
    for text in [&slack, &mattermost, &telegram] {
        assert!(text.contains("31\u{a0}December 2026") && !text.contains('\u{202e}'), "{text}");
        assert!(text.lines().all(|line| !line.starts_with(' ')), "{text}");
    }
}

#[test]
fn what_a_chat_takes_is_never_exceeded() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.renewal = crate::agreement::Renewal::Manual { notice_period: Some(Lead { days: 30 }) };
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
            // Telegram counts what is seen.
            let text = if form == WebhookFormat::Telegram { text.replace("&amp;", "&") } else { text };
            let count = text.encode_utf16().count();
            assert!(count < limit, "{form:?}: {count}");
        }
    }
}
