use super::{Lead, TargetTime, Term, Zone, read_day};

fn zone(name: &str) -> Zone {
    Zone::find(name).expect("a zone of the zone data")
}

fn day(text: &str) -> super::Day {
    read_day(text).expect("a day")
}

#[test]
fn a_day_begins_at_its_first_instant_that_exists() {
    for (name, of, expected) in [
        ("Europe/Moscow", "2026-01-01", "2025-12-31T21:00:00Z"),
        ("Asia/Vladivostok", "2026-01-01", "2025-12-31T14:00:00Z"),
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
        ("Africa/Cairo", "2026-04-25", "2026-04-24T21:00:00Z"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"),
        ("America/Santiago", "2026-09-07", "2026-09-07T03:00:00Z"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        // Samoa skipped the whole of this day; it begins where the next one does.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        // Midnight comes twice: the first one counts.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
    ] {
        assert_eq!(zone(name).start_of(day(of)).to_string(), expected, "{name} {of}");
    }
}

#[test]
fn a_time_of_day_is_the_first_instant_at_which_the_wall_shows_it() {
    for (name, of, hour, minute, expected) in [
        ("Europe/Berlin", "2026-03-29", 2, 30, "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25", 2, 30, "2026-10-25T00:30:00Z"),
        // A change of rules at which no clock moves.
        ("America/Nuuk", "2023-10-28", 23, 30, "2023-10-29T01:30:00Z"),
        ("America/Nuuk", "2024-10-26", 23, 30, "2024-10-27T00:30:00Z"),
    ] {
        assert_eq!(zone(name).at(day(of), hour, minute).to_string(), expected, "{name} {of} {hour}:{minute}");
    }
}

#[test]
fn zones_are_iana_names_in_their_own_spelling() {
    for bad in ["+03:00", "MSK", "UTC+3", "europe/moscow", "Europe/Moskow", "", "local"] {
        assert!(Zone::find(bad).is_err(), "{bad}");
    }
    assert_eq!(Zone::find("europe/moscow").expect_err("spelling").help, "write `Europe/Moscow`");
}

#[test]
fn days_are_written_one_way() {
    for bad in
        ["2026-2-3", "01.02.2026", "2026-02-30", "2026-13-01", "20260201", "2026-02-01T00:00", "２026-02-01"]
    {
        assert!(read_day(bad).is_err(), "{bad}");
    }
    assert_eq!(read_day("2026-02-30").expect_err("no such day").help, "write a day from 1 to 28");
}

#[test]
fn a_term_counts_from_its_anchor_and_ends_with_a_month_that_lacks_the_day() {
    let month = Term::read("P1M").expect("a term");
    let anchor = day("2026-01-31");
    let first_days: Vec<String> =
        (0..4).map(|count| month.after(anchor, count).expect("in range").to_string()).collect();
    assert_eq!(first_days, ["2026-01-31", "2026-03-01", "2026-03-31", "2026-05-01"]);
    assert_eq!(Term::read("1y").expect("a term").last_day(day("2026-02-01")), Some(day("2027-01-31")));
    assert_eq!(Term::read("1y").expect("a term").last_day(day("2024-02-29")), Some(day("2025-02-28")));
    for (first_day, term, last_day) in [
        ("2026-01-31", "1mo", "2026-02-28"),
        ("2024-01-31", "1mo", "2024-02-29"),
        ("2026-01-30", "1mo", "2026-02-28"),
        ("2026-01-28", "1mo", "2026-02-27"),
        ("2026-08-30", "6mo", "2027-02-28"),
        ("2026-08-31", "6mo", "2027-02-28"),
        ("2027-08-30", "6mo", "2028-02-29"),
        ("2026-03-31", "1mo", "2026-04-30"),
        ("2024-02-29", "4y", "2028-02-28"),
        ("2026-01-31", "1mo2d", "2026-03-02"),
    ] {
        let term = Term::read(term).expect("a term");
        assert_eq!(term.last_day(day(first_day)), Some(day(last_day)), "{first_day} + {term}");
    }
    assert_eq!(Term::read("1y6mo2w").expect("a term").to_string(), "1y6mo14d");
}

#[test]
fn terms_that_could_mean_two_things_are_refused() {
    assert_eq!(Term::read("6m").expect_err("ambiguous").help, "write `6mo` for months");
    for bad in ["", "1", "y", "0d", "-1y", "1y ", "P", "PT4H", "4h", "999999999y", "1.5y", "P1Y6"] {
        assert!(Term::read(bad).is_err(), "{bad}");
    }
    for bad in ["1m", "PT4H", "4h", "d", "0mo", "-1d"] {
        assert!(Lead::read(bad).is_err(), "{bad}");
    }
    assert_eq!(Lead::read_days("1w"), Ok(7));
    for bad in ["1mo", "1y", "P1M"] {
        assert!(Lead::read_days(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_lead_time_counts_back_from_the_last_day() {
    for (lead, written, last_day, expected) in [
        ("2w", "14d", "2026-12-31", "2026-12-17"),
        ("0d", "0d", "2026-12-31", "2026-12-31"),
        ("1mo", "1mo", "2026-12-31", "2026-11-30"),
        ("P2M", "2mo", "2026-12-31", "2026-10-31"),
        ("1mo", "1mo", "2026-03-31", "2026-02-28"),
        ("1mo", "1mo", "2028-03-30", "2028-02-29"),
        ("1mo", "1mo", "2026-11-30", "2026-10-30"),
        ("1y", "1y", "2028-02-29", "2027-02-28"),
        ("12mo1w", "1y7d", "2026-12-31", "2025-12-24"),
    ] {
        let lead = Lead::read(lead).expect("a lead time");
        assert_eq!(lead.to_string(), written);
        assert_eq!(lead.before(day(last_day)), Some(day(expected)), "{lead} before {last_day}");
    }
    let in_order = ["0d", "7d", "4w", "30d", "1mo", "31d", "60d", "2mo", "365d", "1y", "366d"];
    let leads: Vec<Lead> = in_order.iter().map(|text| Lead::read(text).expect("a lead time")).collect();
    assert!(leads.is_sorted());
}

#[test]
fn targets_are_hours_or_business_days() {
    assert_eq!(TargetTime::read("1h30m"), Ok(TargetTime::Seconds(5400)));
    assert_eq!(TargetTime::read("PT4H"), Ok(TargetTime::Seconds(14400)));
    assert_eq!(TargetTime::read("2 business days"), Ok(TargetTime::BusinessDays(2)));
    for (plain, hours, days) in [
        ("1 day", 24, "1 business day"),
        ("1d", 24, "1 business day"),
        ("P1D", 24, "1 business day"),
        ("3d", 72, "3 business days"),
    ] {
        let refused = TargetTime::read(plain).expect_err("plain days");
        assert_eq!(refused.message, format!("`{plain}` is ambiguous: {hours} hours or {days}"));
        assert_eq!(refused.help, format!("write `{hours}h`, or `{days}`"));
    }
    for bad in ["", "4", "-4h", "4 h", "4x", "99999999h", "business days", "PT"] {
        assert!(TargetTime::read(bad).is_err(), "{bad}");
    }
    for text in ["30m", "4h", "1h30m", "2 business days", "1 business day"] {
        assert_eq!(TargetTime::read(text).expect("a target").to_string(), text);
    }
}

#[test]
fn a_zone_that_is_none_is_answered_with_the_nearest() {
    for (typed, help) in [
        ("Europe/Moskow", "did you mean `Europe/Moscow`?"),
        ("almaty", "did you mean `Asia/Almaty`?"),
        ("europe/moscow", "write `Europe/Moscow`"),
        ("+03:00", "write an IANA name"),
        ("MSK", "write an IANA name"),
    ] {
        let misread = Zone::find(typed).expect_err("it is none");
        assert!(misread.help.starts_with(help), "{typed}: {}", misread.help);
    }
}
