use serde_json::{Value, json};

use super::vocabulary::words;
use super::{
    AgreementList, AgreementPage, AgreementRow, AgreementRule, ErrorPage, HistoryEntry, PageContext,
    PortalClient, PortalPage, ServiceOffer, ServiceRequest, agreement, agreements, clients,
    content_security_policy, error, portal,
};
use crate::calendar::Zone;
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::settings::Language;

fn context(language: Language) -> PageContext {
    PageContext { language, zone: Zone::find("Europe/Moscow").expect("a zone") }
}

fn row(text: &str) -> AgreementRow {
    AgreementRow {
        uuid: "agreement$900001".to_owned(),
        title: text.to_owned(),
        ownership_key: Some(text.to_owned()),
        state: if text == "x" { "active".to_owned() } else { text.to_owned() },
        archived: false,
        first_day: Some("2026.02.01 00:00:00".to_owned()),
        last_day: Some(text.to_owned()),
        recipients: vec![text.to_owned()],
        changed_at: 1_772_355_600,
        changed_by: Some(text.to_owned()),
    }
}

/// Renders every page, with one text in each place for foreign text.
fn pages(language: Language, text: &str) -> Vec<String> {
    let context = context(language);
    let own = || text.to_owned();
    let list = AgreementList {
        rows: vec![row(text)],
        states: vec![("active".to_owned(), 1)],
        found: 201,
        text: own(),
        state: Some("active".to_owned()),
        page: 2,
        pages: 3,
    };
    let rule = AgreementRule {
        service: Some(own()),
        priority: Some(own()),
        calendar: Some(own()),
        response: json!({ "length": 8, "interval": "HOUR" }),
        resolution: Value::Null,
    };
    let entry = HistoryEntry {
        at: 1_772_355_600,
        author: own(),
        rule: Some(own()),
        attribute: Some("services".to_owned()),
        before: json!([{ "title": text }]),
        after: json!(text),
    };
    let page = AgreementPage {
        agreement: row(text),
        attributes: vec![("endDate".to_owned(), json!("2026.12.31 00:00:00")), (own(), json!(text))],
        rules: vec![rule],
        history: vec![entry],
    };
    let client = PortalClient {
        uuid: "ou$7001".to_owned(),
        title: own(),
        offered_services: 5,
        departments: vec![PortalClient { title: own(), ..PortalClient::default() }],
    };
    let offer = ServiceOffer {
        service: "slmService$1".to_owned(),
        title: own(),
        agreement: "agreement$1".to_owned(),
        agreement_title: own(),
        last_day: Some("2026.12.31 00:00:00".to_owned()),
    };
    let request = ServiceRequest {
        number: 900_001,
        subject: own(),
        service: own(),
        state: "registered".to_owned(),
        at: 0,
    };
    let client_page = PortalPage {
        client: client.clone(),
        offers: vec![offer],
        people: vec![("employee$1".to_owned(), own())],
        requests: vec![request],
        token: "token".to_owned(),
        made: Some("900001".to_owned()),
    };
    vec![
        agreements(&context, &list),
        agreement(&context, &page),
        clients(&context, &[client]),
        portal(&context, &client_page),
        error(&context, &ErrorPage { reason: Some(own()), back: "/".to_owned() }),
    ]
}

#[test]
fn no_foreign_text_becomes_markup_or_reorders_its_surroundings() {
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
fn days_instants_durations_and_numbers_follow_the_language() {
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
fn the_pages_contain_their_style_and_no_script() {
    assert!(content_security_policy().starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!content_security_policy().contains("script-src"));
    for page in pages(Language::Russian, "x") {
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http"), "{page}");
    }
}

/// The keys of a vocabulary without its texts; the number of plural forms differs by language.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        _ => Value::Null,
    }
}

#[test]
fn both_languages_have_the_same_keys() {
    assert_eq!(shape(&words(Language::Russian)), shape(&words(Language::English)));
}
