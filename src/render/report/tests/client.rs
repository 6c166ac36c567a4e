//! The page for a client: what it says, and what it hides.

use std::collections::BTreeMap;

use super::{MARKUP, rendered, titled};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, Renewal, Suspension};
use crate::calendar::{Calendar, Day, Hours, Term, Window, Zone};
use crate::catalog::Catalog;
use crate::ident::{CalendarSlug, ClientSlug};
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::render::report::client::words;
use crate::render::report::{ReportInput, client_page};
use crate::settings::Language;

/// The page of the client of the sample agreements.
fn page_of_client(agreements: &[Agreement], language: Language) -> String {
    rendered(agreements, language, |input| client_page(input, &agreements[0].client, Some(language)))
}

#[test]
fn a_page_for_a_client_has_its_terms_and_nothing_internal() {
    let mut own = agreement("secret-id", "2026-01-01", "2026-12-31");
    own.title = "Support".to_owned();
    own.number = Some("No. 7".to_owned());
    own.suspensions = vec![Suspension {
        from: day("2026-10-01"),
        until: Some(day("2026-10-05")),
        reason: Some("they do not pay".to_owned()),
    }];
    own.labels.insert("internal-rank".to_owned(), "low".to_owned());
    let mut other = agreement("b", "2026-01-01", "2026-12-31");
    other.client = ClientSlug::new("another").expect("a slug");
    other.title = "Of another client".to_owned();
    let over = agreement("gone-2025", "2025-01-01", "2025-12-31");
    let html = page_of_client(&[own, other, over], Language::English);
    for shown in [
        "Support",
        "No. 7",
        "1\u{a0}January 2026 – 31\u{a0}December 2026",
        "1\u{a0}October 2026 – 5\u{a0}October 2026",
        "lang=\"en\"",
    ] {
        assert!(html.contains(shown), "{shown}\n{html}");
    }
    for hidden in ["secret-id", "they do not pay", "internal-rank", "another", "gone-2025", "<script"] {
        assert!(!html.contains(hidden), "{hidden}");
    }
    assert_eq!(html.matches("<article>").count(), 1);
    let none = page_of_client(&[agreement("over", "2025-01-01", "2025-12-31")], Language::Russian);
    assert!(none.contains("Действующих и запланированных соглашений нет."));
}

#[test]
fn no_text_becomes_markup_of_a_clients_page() {
    let clean = page_of_client(&titled("a"), Language::English);
    for text in MARKUP.iter().chain(HOSTILE) {
        let html = page_of_client(&titled(text), Language::English);
        for tag in ["<script", "</", "<!--", "<img", "<svg", "<b"] {
            assert_eq!(html.matches(tag).count(), clean.matches(tag).count(), "{tag} of {text:?}");
        }
        assert!(is_clean(&html), "{text:?}");
    }
}

#[test]
fn hours_of_a_week_are_grouped_by_day_and_terms_have_plural_forms() {
    let mut tacit = agreement("a", "2026-01-01", "2026-12-31");
    let term = Term { months: 24, days: 0 };
    tacit.renewal = Renewal::Auto { term, notice_period: None, max_terms: None };
    let service = tacit.services.keys().next().expect("a service").clone();
    let coverage = tacit.services.get_mut(service.as_str()).expect("the same");
    coverage.calendar = CalendarSlug::new("office");
    let zone = Zone::find("Europe/Moscow").expect("a zone");
    let windows =
        |text: &[&str]| text.iter().map(|text| Window::read(text).expect("a window")).collect::<Vec<_>>();
    let day_of_week = |index: usize| match index {
        0..=4 => windows(&["09:00-13:00", "14:00-18:00"]),
        5 => windows(&["10:00-24:00"]),
        _ => Vec::new(),
    };
    let week: [Vec<Window>; 7] = std::array::from_fn(day_of_week);
    let office = CalendarSlug::new("office").expect("a slug");
    let shown = |week: &[Vec<Window>; 7], exceptions: &BTreeMap<Day, Vec<Window>>| {
        let mut catalog = Catalog::default();
        let hours = Hours::new(zone.clone(), week, exceptions);
        catalog.hours.insert(office.clone(), Calendar::new(hours, []));
        rendered(&[tacit.clone()], Language::Russian, |input| {
            client_page(&ReportInput { catalog: &catalog, ..*input }, &tacit.client, Some(Language::Russian))
        })
    };
    let html = shown(&week, &BTreeMap::new());
    assert!(
        html.contains("пн–пт 09:00–13:00, 14:00–18:00; сб 10:00–24:00 (часовой пояс Europe&#x2f;Moscow)"),
        "{html}"
    );
    let always: [Vec<Window>; 7] = std::array::from_fn(|_| windows(&["00:00-24:00"]));
    let closed = BTreeMap::from([(day("2027-01-01"), Vec::new())]);
    let russian = words(Language::Russian);
    let around_the_clock = russian["around_the_clock"].as_str().expect("a text");
    assert!(shown(&always, &BTreeMap::new()).contains(around_the_clock));
    for week in [&week, &always] {
        let html = shown(week, &closed);
        assert!(html.contains("дни – иначе (часовой пояс") && !html.contains(around_the_clock), "{html}");
    }
    assert!(html.contains("продлевается автоматически на 2\u{a0}года"), "{html}");
}
