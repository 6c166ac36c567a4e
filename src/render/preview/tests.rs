use super::{INDEX, PreviewedMessage, files};
use crate::agreement::NoticeEvent;
use crate::calendar::{read_day, read_instant};
use crate::ident::AgreementId;
use crate::notice::delivery::Message;
use crate::notice::due::Notice;
use crate::notice::{AnnouncedDays, Channel, Identity, MailAddress, NoticeKey, Recipient, Variant};
use crate::render::encode::corpus::{odd_markup, payloads};
use crate::render::message::RenderedMessage;
use crate::settings::Language;
use crate::status::State;

fn previewed(agreement: &str, subject: &str, language: Option<Language>) -> PreviewedMessage {
    let key = NoticeKey {
        agreement: AgreementId::new(agreement).expect("an id"),
        event: NoticeEvent::Deactivated,
        day: read_day("2026-09-21").expect("a day"),
        variant: Variant::Only,
        recipient: "client.main".to_owned(),
        channel: Channel::Mail,
    };
    let notice = Notice {
        key,
        planned: read_instant("2026-09-21T09:00:00+03:00").expect("an instant"),
        recipient: Recipient {
            identity: Identity::Contact("main".to_owned()),
            address: MailAddress::Known("a@b.example".to_owned()),
        },
        announced: AnnouncedDays { first_day: None, last_day: None },
        state: State::Suspended,
        by_date: true,
    };
    let message = Message {
        name: "5eed".to_owned(),
        channel: Channel::Mail,
        address: "a@b.example".to_owned(),
        notices: vec![notice],
    };
    let rendered = RenderedMessage {
        subject: subject.to_owned(),
        text: "text".to_owned(),
        html: format!("<p>\n{subject}</p>"),
    };
    PreviewedMessage { message, rendered, language }
}

#[test]
fn files_are_named_by_day_agreement_event_and_recipient() {
    let messages = [
        previewed("dental-2026/dent-mayak", "Приостановлено", Some(Language::Russian)),
        previewed("dental-2026/dent-mayak", "Suspended", Some(Language::English)),
        previewed("b", "Suspended", None),
        previewed("b", "Suspended", None),
    ];
    let names: Vec<String> = files(&messages, Language::English).into_iter().map(|file| file.name).collect();
    assert_eq!(
        names.iter().filter(|name| name.contains(".html")).collect::<Vec<_>>(),
        [
            "2026-09-21-dental-2026.dent-mayak-deactivated-client.main-ru.html",
            "2026-09-21-dental-2026.dent-mayak-deactivated-client.main-en.html",
            "2026-09-21-b-deactivated-client.main.html",
            "2026-09-21-b-deactivated-client.main-2.html",
            INDEX,
        ]
    );
}

#[test]
fn the_index_shows_every_message_and_no_markup_of_theirs() {
    let known = [
        "meta", "title", "style", "header", "h1", "p", "main", "details", "summary", "b", "span", "a",
        "iframe",
    ];
    let attributes = ["class", "open", "href", "sandbox", "loading", "title", "srcdoc"];
    for payload in payloads() {
        let files = files(&[previewed("a", &payload, None)], Language::Russian);
        let index = files.last().expect("an index").text.as_str();
        let body = index.split_once("<body>").map_or("", |(_, body)| body);
        let odd = odd_markup(body, &known, &attributes);
        let odd: Vec<&String> = odd.iter().filter(|odd| odd.starts_with('<')).collect();
        assert!(odd.is_empty(), "{payload:?}: {odd:?}");
        assert_eq!(body.matches("<iframe sandbox").count(), 1);
        assert!(body.contains("srcdoc=\"&lt;p&gt;\n"), "a line feed is none: {body}");
        assert!(!body.contains("b.example"), "an address is shown");
    }
}
