use serde_json::{Value, json};

use super::vocabulary::words;
use super::{
    Agreements, Asked, Client, Event, Line, Manner, Offer, Portal, Refused, Rule, Sheet, agreement,
    agreements, clients, policy, portal, refused,
};
use crate::calendar::Zone;
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::settings::Language;

fn manner(language: Language) -> Manner {
    Manner { language, zone: Zone::find("Europe/Moscow").expect("a zone") }
}

fn line(text: &str) -> Line {
    Line {
        uuid: "agreement$900001".to_owned(),
        title: text.to_owned(),
        mark: Some(text.to_owned()),
        state: "active".to_owned(),
        removed: false,
        first_day: Some("2026.02.01 00:00:00".to_owned()),
        last_day: None,
        recipients: vec![text.to_owned()],
        changed: (1_772_355_600, Some(text.to_owned())),
    }
}

/// Every page, with one text wherever a foreign text may stand.
fn pages(language: Language, text: &str) -> Vec<String> {
    let manner = manner(language);
    let own = || text.to_owned();
    let list = Agreements {
        rows: vec![line(text)],
        states: vec![("active".to_owned(), 1)],
        found: 201,
        text: own(),
        state: Some("active".to_owned()),
        page: 2,
        pages: 3,
    };
    let rule = Rule {
        service: Some(own()),
        priority: Some(own()),
        hours: Some(own()),
        response: json!({ "length": 8, "interval": "HOUR" }),
        resolution: Value::Null,
    };
    let event = Event {
        at: 1_772_355_600,
        who: own(),
        rule: Some(own()),
        attribute: Some("services".to_owned()),
        before: json!([{ "title": text }]),
        after: json!(text),
    };
    let sheet = Sheet {
        line: line(text),
        facts: vec![("endDate".to_owned(), json!("2026.12.31 00:00:00")), (own(), json!(text))],
        rules: vec![rule],
        history: vec![event],
    };
    let client = Client {
        uuid: "ou$7001".to_owned(),
        title: own(),
        offered: 5,
        departments: vec![Client { title: own(), ..Client::default() }],
    };
    let offer = Offer {
        service: "slmService$1".to_owned(),
        title: own(),
        agreement: "agreement$1".to_owned(),
        under: own(),
        last_day: Some("2026.12.31 00:00:00".to_owned()),
    };
    let asked =
        Asked { number: 900_001, subject: own(), service: own(), state: "registered".to_owned(), at: 0 };
    let shown = Portal {
        client: client.clone(),
        offers: vec![offer],
        people: vec![("employee$1".to_owned(), own())],
        requests: vec![asked],
        token: "token".to_owned(),
        made: Some("900001".to_owned()),
    };
    vec![
        agreements(&manner, &list),
        agreement(&manner, &sheet),
        clients(&manner, &[client]),
        portal(&manner, &shown),
        refused(&manner, &Refused { reason: own(), back: "/".to_owned() }),
    ]
}

#[test]
fn no_foreign_text_becomes_markup_or_moves_what_stands_around_it() {
    for language in [Language::Russian, Language::English] {
        let clean = pages(language, "plain");
        for text in ["<script>alert(1)</script>", "\"><img src=x>", "'--></style>"].iter().chain(HOSTILE) {
            for (page, plain) in pages(language, text).iter().zip(&clean) {
                assert_eq!(page.matches('<').count(), plain.matches('<').count(), "{text:?} in {page}");
                let marks: String = page.chars().filter(|letter| *letter != '\t').collect();
                assert!(is_clean(&marks), "{text:?}");
            }
        }
    }
}

#[test]
fn days_moments_lengths_and_numbers_are_written_as_the_language_does() {
    let [russian, english] =
        [Language::Russian, Language::English].map(|language| pages(language, "x").concat());
    for shown in [
        "31\u{a0}декабря 2026\u{a0}г.",
        "1\u{a0}марта 2026\u{a0}г., 12:00",
        "8\u{a0}ч",
        "201\u{a0}соглашение",
        "5\u{a0}услуг<",
    ] {
        assert!(russian.contains(shown), "{shown}");
    }
    for shown in [
        "31\u{a0}December 2026",
        "1\u{a0}March 2026, 12:00",
        "8\u{a0}h",
        "201\u{a0}agreements",
        "5\u{a0}services<",
    ] {
        assert!(english.contains(shown), "{shown}");
    }
}

#[test]
fn the_pages_carry_their_style_and_run_nothing() {
    assert!(policy().starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!policy().contains("script-src"));
    for page in pages(Language::Russian, "x") {
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http"), "{page}");
    }
}

/// Names with their shapes; only plurals differ by language.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        _ => Value::Null,
    }
}

#[test]
fn both_languages_have_every_word() {
    assert_eq!(shape(&words(Language::Russian)), shape(&words(Language::English)));
}
