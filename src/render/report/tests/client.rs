//! The page for a client: what it says, and what it hides.

use std::collections::BTreeMap;

use super::{MARKUP, data_of, named, rendered};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{
    Activation, ActivationEntry, ActivationStatus, Agreement, PeriodEnd, Renewal, Suspension, Termination,
};
use crate::calendar::{Calendar, Day, Hours, Lead, Term, Window, Zone, read_instant};
use crate::catalog::Catalog;
use crate::ident::{CalendarSlug, ClientSlug};
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::render::report::client::words;
use crate::render::report::{ReportInput, client_page, page};
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

/// The page of the client of an agreement, with its catalog.
fn page_named((agreement, catalog): (Agreement, Catalog)) -> String {
    let client = agreement.client.clone();
    rendered(&[agreement], Language::English, |input| {
        client_page(&ReportInput { catalog: &catalog, ..*input }, &client, Some(Language::English))
    })
}

#[test]
fn a_page_for_a_client_says_whom_to_contact_and_by_when_what_is_done() {
    let (agreement, mut catalog) = named("Anna");
    for manager in catalog.managers.values_mut() {
        manager.email = Some("anna@acme.example".to_owned());
    }
    let html = page_named((agreement, catalog));
    for shown in [
        "<li><bdi>Anna</bdi> <a href=\"mailto:anna@acme.example\">anna@acme.example</a></li>",
        "<b>Service hours:</b> Anna</p>",
        "<th scope=\"row\"><bdi>Anna</bdi></th><td>1\u{a0}h</td><td>2\u{a0}business days</td>",
        "<dt>For</dt><dd><bdi>Anna</bdi></dd>",
    ] {
        assert!(html.contains(shown), "{shown}\n{html}");
    }
}

#[test]
fn no_text_becomes_markup_of_a_clients_page() {
    let clean = page_named(named("a"));
    for text in MARKUP.iter().chain(HOSTILE) {
        let html = page_named(named(text));
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
        assert!(html.contains("дни — иначе (часовой пояс") && !html.contains(around_the_clock), "{html}");
    }
    assert!(html.contains("продлевается автоматически на 2\u{a0}года"), "{html}");
}

/// The text of a fact of the first agreement of an English page; empty if the page does not have it.
fn fact_of(agreements: &[Agreement], name: &str) -> String {
    let html = page_of_client(agreements, Language::English).replace('\u{a0}', " ");
    let article = html.split("<article>").nth(1).expect("an agreement");
    let begin = format!("<dt>{name}</dt><dd><bdi>");
    let text = article.split(begin.as_str()).nth(1).and_then(|rest| rest.split("</bdi>").next());
    text.unwrap_or_default().to_owned()
}

fn what_follows(agreements: &[Agreement]) -> String {
    fact_of(agreements, "After the last day")
}

#[test]
fn what_follows_the_last_day_is_only_what_is_certain() {
    let successor = |first_day: &str, last_day: &str| {
        let mut next = agreement("b", first_day, last_day);
        next.renews = Some(agreement("a", "2026-01-01", "2026-12-31").id);
        next
    };
    let plain = agreement("a", "2026-01-01", "2026-12-31");
    let with_successor = |first_day: &str| what_follows(&[plain.clone(), successor(first_day, "2027-12-31")]);
    assert_eq!(with_successor("2027-01-01"), "continues under the next agreement from 1 January 2027");
    assert_eq!(with_successor("2027-03-01"), "a new agreement begins on 1 March 2027");
    let over = successor("2026-03-01", "2026-03-31");
    assert_eq!(what_follows(&[plain.clone(), over]), "", "a successor that is over follows nothing");
    let tacit = |last_day: &str, max_terms| {
        let notice_period = Some(Lead { months: 3, days: 0 });
        let mut tacit = agreement("a", "2026-01-01", last_day);
        tacit.renewal = Renewal::Auto { term: Term { months: 12, days: 0 }, notice_period, max_terms };
        tacit
    };
    let unless = "renews automatically for 1 year, unless notice is given by 30 September 2026";
    assert_eq!(what_follows(&[tacit("2026-12-31", None)]), unless);
    let passed = tacit("2026-10-31", None);
    assert_eq!(
        what_follows(std::slice::from_ref(&passed)),
        "renews automatically for 1 year",
        "the day has passed"
    );
    let later = successor("2029-01-01", "2029-12-31");
    assert_eq!(what_follows(&[tacit("2026-12-31", Some(2)), later]), unless, "renewals come first");
    let mut cut = tacit("2026-12-31", None);
    cut.succeeded_on = Some(day("2027-04-01"));
    assert_eq!(
        what_follows(&[cut, successor("2027-04-01", "2028-03-31")]),
        "renews automatically until 31 March 2027, unless notice is given by 30 September 2026",
        "a renewal that a successor cuts short can be prevented as well"
    );
    let mut ended = passed;
    ended.termination = Some(Box::new(termination("2027-01-31")));
    assert_eq!(what_follows(&[ended]), "renews automatically until 31 January 2027");
}

#[test]
fn a_planned_agreement_begins_with_its_next_active_day() {
    let status_of = |agreement: Agreement| {
        let html = page_of_client(&[agreement], Language::English).replace('\u{a0}', " ");
        let status = html.split("</i>").nth(1).and_then(|rest| rest.split('<').next());
        status.expect("a status").to_owned()
    };
    let entry = |status, at: &str| {
        let at = read_instant(at).expect("an instant");
        ActivationEntry { at, status, reason: None, by: None }
    };
    let mut by_hand = agreement("a", "2026-01-01", "2026-12-31");
    by_hand.activation = Activation::Manual(vec![
        entry(ActivationStatus::Active, "2026-02-01T00:00:00+03:00"),
        entry(ActivationStatus::Planned, "2026-03-01T00:00:00+03:00"),
    ]);
    assert_eq!(status_of(by_hand), "not yet in force");
    let mut suspended = agreement("a", "2026-10-01", "2026-12-31");
    suspended.suspensions =
        vec![Suspension { from: day("2026-10-01"), until: Some(day("2026-10-15")), reason: None }];
    assert_eq!(status_of(suspended), "begins on 16 October 2026");
}

#[test]
fn only_what_ends_before_its_agreed_day_ends_early() {
    let mut early = agreement("a", "2026-01-01", "2026-12-31");
    early.termination = Some(Box::new(termination("2026-10-31")));
    let mut open = early.clone();
    open.period.end = PeriodEnd::Open;
    let mut tacit = agreement("a", "2026-01-01", "2026-12-31");
    let term = Term { months: 12, days: 0 };
    tacit.renewal = Renewal::Auto { term, notice_period: None, max_terms: None };
    tacit.termination = Some(Box::new(termination("2026-12-31")));
    let facts = |agreement: &Agreement| {
        let ended = [agreement.clone()];
        let data = data_of(&rendered(&ended, Language::English, page));
        let more = &data["agreements"][0][18];
        ["Ends early", "Last day"]
            .map(|name| fact_of(&ended, name))
            .into_iter()
            .chain([more["ended"].to_string(), more["cut"].to_string()])
            .collect::<Vec<_>>()
    };
    assert_eq!(facts(&early), ["until 31 October 2026", "", "1", "20818"], "20818 is the agreed day");
    assert_eq!(facts(&open), ["", "31 October 2026", "1", "null"]);
    assert_eq!(facts(&tacit), ["", "31 December 2026", "1", "null"]);
}

/// A termination on a last day, in Moscow.
fn termination(last_day: &str) -> Termination {
    let zone = Zone::find("Europe/Moscow").expect("a zone");
    let last_day = day(last_day);
    Termination {
        at: zone.start_of(last_day.tomorrow().expect("a day")),
        last_day,
        reason: None,
        is_of_entry: false,
    }
}
