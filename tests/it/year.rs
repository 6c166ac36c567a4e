//! A year of the example, day by day: which agreement changes on which day, and on no other.

use serde_json::Value;

use crate::repository::Repository;

/// Day, agreement, and the helpdesk's state before and after. Each day is planned at noon in Moscow.
const YEAR: [(&str, &str, &str, &str); 22] = [
    ("2026-09-14", "gimnaziya-5-2026", "inactive", "active"),
    ("2026-09-15", "aurora-games-2026", "planned", "active"),
    ("2026-09-21", "dental-2026/dent-komfort", "active", "inactive"),
    ("2026-10-01", "severny-veter-accounting-2026", "planned", "active"),
    ("2026-10-01", "dental-2026/dent-profi", "active", "inactive"),
    ("2026-10-05", "dental-2026/dent-komfort", "inactive", "active"),
    ("2026-10-05", "uralstal-2026", "active", "inactive"),
    ("2026-10-19", "uralstal-2026", "inactive", "active"),
    ("2026-10-26", "brueckner-2025", "active", "inactive"),
    ("2026-11-01", "vostok-log-2026", "planned", "active"),
    ("2026-11-01", "vostok-log-2025", "active", "inactive"),
    ("2026-11-14", "almaty-trade-2026", "active", "inactive"),
    ("2026-12-07", "aurora-games-2026", "active", "inactive"),
    ("2027-01-01", "dental-2026/dent-art", "active", "inactive"),
    ("2027-01-01", "dental-2026/dent-komfort", "active", "inactive"),
    ("2027-01-01", "dental-2026/dent-line", "active", "inactive"),
    ("2027-01-01", "dental-2026/dent-mayak", "active", "inactive"),
    ("2027-01-01", "dental-2026/dent-ulybka", "active", "inactive"),
    ("2027-01-01", "uralstal-2026", "active", "inactive"),
    ("2027-01-12", "gimnaziya-5-2026", "active", "inactive"),
    ("2027-02-01", "severny-veter-2026", "active", "inactive"),
    ("2027-05-01", "portovik-2026", "active", "inactive"),
];

/// The changes of state in a plan, in order.
fn transitions(plan: &Value) -> Vec<(String, String, String)> {
    let changes = plan["plan"]["changes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let moved = changes.iter().filter(|change| !change["state"].is_null());
    moved
        .map(|change| {
            (text(&change["id"]), text(&change["state"]["before"]), text(&change["state"]["after"]))
        })
        .collect()
}

fn on(day: &str) -> Vec<(String, String, String)> {
    let due = YEAR.iter().filter(|row| row.0 == day);
    due.map(|(_, id, before, after)| ((*id).to_owned(), (*before).to_owned(), (*after).to_owned())).collect()
}

#[test]
fn every_change_of_state_in_a_year_happens_on_its_day_and_on_no_other() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", "2026-09-01"]);
    let mut days: Vec<&str> = YEAR.iter().map(|row| row.0).collect();
    days.dedup();
    for day in days {
        let date: jiff::civil::Date = day.parse().unwrap();
        let eve = date.yesterday().unwrap().to_string();
        let quiet = repository.json(0, &["plan", "--as-of", &eve, "--format", "json"]);
        assert_eq!(transitions(&quiet), [], "on the eve of {day}");
        let plan = repository.json(0, &["plan", "--as-of", day, "--format", "json"]);
        assert_eq!(transitions(&plan), on(day), "{day}");
        repository.expect(0, &["apply", "--yes", "--as-of", day]);
    }
    let end = repository.json(0, &["plan", "--as-of", "2027-08-31", "--format", "json"]);
    assert_eq!(transitions(&end), []);
}

/// The changes after a year, in the three states of the helpdesk.
const AHEAD: [(&str, &str, &str); 15] = [
    ("aurora-games-2026", "planned", "inactive"),
    ("severny-veter-accounting-2026", "planned", "active"),
    ("vostok-log-2026", "planned", "active"),
    ("almaty-trade-2026", "active", "inactive"),
    ("brueckner-2025", "active", "inactive"),
    ("dental-2026/dent-art", "active", "inactive"),
    ("dental-2026/dent-komfort", "active", "inactive"),
    ("dental-2026/dent-line", "active", "inactive"),
    ("dental-2026/dent-mayak", "active", "inactive"),
    ("dental-2026/dent-profi", "active", "inactive"),
    ("dental-2026/dent-ulybka", "active", "inactive"),
    ("portovik-2026", "active", "inactive"),
    ("severny-veter-2026", "active", "inactive"),
    ("uralstal-2026", "active", "inactive"),
    ("vostok-log-2025", "active", "inactive"),
];

#[test]
fn a_plan_a_year_ahead_contains_all_changes_with_the_date_as_their_cause() {
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", "2026-09-01"]);
    let plan = repository.json(0, &["plan", "--as-of", "2027-08-31", "--format", "json"]);
    let expected: Vec<_> =
        AHEAD.map(|(id, before, after)| (id.to_owned(), before.to_owned(), after.to_owned())).into();
    assert_eq!(transitions(&plan), expected);
    let changes = plan["plan"]["changes"].as_array().unwrap();
    let causes =
        changes.iter().filter(|change| !change["state"].is_null()).map(|change| &change["state"]["cause"]);
    assert!(causes.into_iter().all(|cause| cause == "date"));
}
