use std::collections::BTreeMap;

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{Pauses, due};
use crate::calendar::{Day, Hours, Instant, TargetTime, Window, Zone, read_day, read_instant};

fn zone(name: &str) -> Zone {
    Zone::find(name).expect("a zone")
}

fn windows(texts: &[&str]) -> Vec<Window> {
    texts.iter().map(|text| Window::read(text).expect("a window")).collect()
}

/// The days of a text such as `mon-fri` have these windows.
fn hours(
    zone_name: &str,
    days: std::ops::Range<usize>,
    texts: &[&str],
    exceptions: &[(&str, &[&str])],
) -> Hours {
    let week = std::array::from_fn(|day| if days.contains(&day) { windows(texts) } else { Vec::new() });
    let exceptions: BTreeMap<Day, Vec<Window>> =
        exceptions.iter().map(|(day, texts)| (read_day(day).expect("a day"), windows(texts))).collect();
    Hours::new(zone(zone_name), &week, &exceptions)
}

fn at(text: &str) -> Instant {
    match text.strip_suffix('Z').filter(|rest| rest.len() == 16) {
        Some(rest) => read_instant(&format!("{rest}:00Z")).expect("an instant"),
        None if text.len() == 22 => {
            read_instant(&format!("{}:00{}", &text[..16], &text[16..])).expect("an instant")
        }
        None => read_instant(text).expect("an instant"),
    }
}

fn target(text: &str) -> TargetTime {
    TargetTime::read(text).expect("a target")
}

fn no_pauses() -> Pauses {
    Pauses::default()
}

const M: &[&str] = &["09:00-18:00"];

#[test]
fn golden_vectors() {
    let moscow = || hours("Europe/Moscow", 0..5, M, &[]);
    let short_day =
        || hours("Europe/Moscow", 0..5, M, &[("2026-04-30", &["09:00-17:00"]), ("2026-05-01", &[])]);
    let lunch = || hours("Europe/Moscow", 0..5, &["09:00-13:00", "14:00-18:00"], &[]);
    let around = |name| Hours::round_the_clock(zone(name));
    let berlin_nights = || hours("Europe/Berlin", 0..7, &["22:00-06:00"], &[]);
    let in_the_gap = || hours("Europe/Berlin", 6..7, &["02:30-05:00"], &[]);
    let kolkata = || hours("Asia/Kolkata", 0..5, M, &[]);
    for (name, hours, start, time, expected) in [
        ("same day", moscow(), "2026-03-02T10:00+03:00", "PT4H", "2026-03-02T14:00+03:00"),
        ("rolls over", moscow(), "2026-03-02T17:00+03:00", "PT4H", "2026-03-03T12:00+03:00"),
        ("before opening", moscow(), "2026-03-02T07:15+03:00", "PT30M", "2026-03-02T09:30+03:00"),
        ("at the closing instant", moscow(), "2026-03-02T18:00+03:00", "PT30M", "2026-03-03T09:30+03:00"),
        ("short day, then holiday", short_day(), "2026-04-30T16:30+03:00", "PT1H", "2026-05-04T09:30+03:00"),
        ("lunch", lunch(), "2026-03-02T12:30+03:00", "PT1H", "2026-03-02T14:30+03:00"),
        ("clocks back", around("Europe/Berlin"), "2026-10-24T20:00+02:00", "PT8H", "2026-10-25T03:00+01:00"),
        ("night of 7 hours", berlin_nights(), "2026-03-28T22:00+01:00", "PT8H", "2026-03-29T23:00+02:00"),
        ("opens in the gap", in_the_gap(), "2026-03-29T00:00+01:00", "PT1H", "2026-03-29T04:00+02:00"),
        ("no midnight", around("Africa/Cairo"), "2026-04-23T22:00+02:00", "PT3H", "2026-04-24T02:00+03:00"),
        ("half-hour zone", kolkata(), "2026-03-02T12:10Z", "PT1H", "2026-03-03T09:40+05:30"),
        ("exact fill", moscow(), "2026-03-02T09:00+03:00", "9h", "2026-03-02T18:00+03:00"),
        ("Friday afternoon", moscow(), "2026-03-06T16:30+03:00", "1 business day", "2026-03-09T18:00+03:00"),
        ("Friday evening", moscow(), "2026-03-06T19:00+03:00", "1 business day", "2026-03-10T18:00+03:00"),
        ("Saturday", moscow(), "2026-03-07T12:00+03:00", "1 business day", "2026-03-10T18:00+03:00"),
    ] {
        let due = due(Some(&hours), at(start), target(time), &no_pauses());
        assert_eq!(due, Some(at(expected)), "{name}");
    }
    let pauses = Pauses::new([(at("2026-03-02T12:00+03:00"), at("2026-03-02T14:00+03:00"))]);
    let due = due(Some(&moscow()), at("2026-03-02T10:00+03:00"), target("4h"), &pauses);
    assert_eq!(due, Some(at("2026-03-02T16:00+03:00")), "pause");
}

#[test]
fn an_exception_replaces_the_tail_of_the_night_before_and_brings_its_own() {
    let nights = hours("Europe/Moscow", 0..5, &["22:00-06:00"], &[("2026-03-04", &["20:00-02:00"])]);
    let open: Vec<String> = nights
        .open_from(at("2026-03-03T12:00+03:00"))
        .take(4)
        .map(|(open, close)| format!("{} {}", nights.zone().write(open), nights.zone().write(close)))
        .collect();
    assert_eq!(
        open,
        [
            "2026-03-03T22:00:00+03:00 2026-03-04T00:00:00+03:00",
            "2026-03-04T20:00:00+03:00 2026-03-05T00:00:00+03:00",
            // The tail of the exception alone: the usual night would last until 06:00.
            "2026-03-05T00:00:00+03:00 2026-03-05T02:00:00+03:00",
            "2026-03-05T22:00:00+03:00 2026-03-06T00:00:00+03:00",
        ]
    );
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let night = &["22:00-06:00"];
    // A Friday. The night of Thursday ends at its beginning, and its own night does not begin.
    let holiday = hours("Europe/Moscow", 0..5, night, &[("2027-01-01", &[])]);
    let due_after =
        |start, time| due(Some(&holiday), at(start), target(time), &no_pauses()).expect("a due time");
    assert_eq!(due_after("2026-12-31T23:00+03:00", "1h"), at("2027-01-01T00:00+03:00"));
    assert_eq!(due_after("2026-12-31T23:00+03:00", "2h"), at("2027-01-04T23:00+03:00"));
    for closed in ["2027-01-01T00:00+03:00", "2027-01-01T23:00+03:00", "2027-01-02T03:00+03:00"] {
        assert!(!holiday.is_open_at(at(closed)), "{closed}");
    }
    // An exception on the day after the night still cuts it, and an open one does not bring it back.
    let short = hours("Europe/Moscow", 0..7, night, &[("2027-01-01", &["10:00-12:00"])]);
    for (instant, open) in [
        ("2026-12-31T23:59+03:00", true),
        ("2027-01-01T03:00+03:00", false),
        ("2027-01-01T11:00+03:00", true),
        ("2027-01-01T23:00+03:00", false),
        ("2027-01-02T03:00+03:00", false),
        ("2027-01-02T23:00+03:00", true),
        ("2027-01-03T03:00+03:00", true),
    ] {
        assert_eq!(short.is_open_at(at(instant)), open, "{instant}");
    }
}

#[test]
fn what_is_never_open_is_never_due_and_what_rarely_is_not_beyond_ten_years() {
    let never = hours("Europe/Moscow", 0..0, M, &[]);
    assert!(never.is_never_open());
    assert_eq!(due(Some(&never), at("2026-03-02T10:00+03:00"), target("1h"), &no_pauses()), None);
    let rare = hours("Europe/Moscow", 0..1, &["09:00-09:01"], &[]);
    assert_eq!(due(Some(&rare), at("2026-03-02T10:00+03:00"), target("8000h"), &no_pauses()), None);
    assert_eq!(due(None, at("2026-03-02T10:00+03:00"), target("1 business day"), &no_pauses()), None);
    assert_eq!(
        due(None, at("2026-03-02T10:00+03:00"), target("1h"), &no_pauses()),
        Some(at("2026-03-02T11:00+03:00"))
    );
}

#[test]
fn windows_that_make_no_sense_are_refused() {
    for bad in
        ["24:30-25:00", "09:00", "9:00-18:00", "09:00-24:01", "24:00-06:00", "09:00-09:00", "09:60-10:00", ""]
    {
        assert!(Window::read(bad).is_err(), "{bad}");
    }
    assert!(windows(&["00:00-23:59"])[0].loses_a_minute());
}

const ZONES: [&str; 8] = [
    "Europe/Moscow",
    "Europe/Berlin",
    "Africa/Cairo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Havana",
    "Pacific/Chatham",
];

fn any_windows() -> impl Strategy<Value = Vec<Window>> {
    let window = (0_u16..24, 0_u16..4, 1_u16..24 * 4).prop_map(|(hour, quarter, length)| {
        let from = hour * 60 + quarter * 15;
        let to = (from + length * 15) % (24 * 60);
        let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Window::read(&format!("{}-{}", text(from), text(to))).expect("a window")
    });
    prop::collection::vec(window, 0..3)
}

fn any_day() -> impl Strategy<Value = Day> {
    (0_i64..6_570).prop_map(|days| jiff::civil::date(2020, 1, 1) + jiff::Span::new().days(days))
}

type Parts = (usize, Vec<Vec<Window>>, BTreeMap<Day, Vec<Window>>);

fn any_parts() -> impl Strategy<Value = Parts> {
    let week = prop::collection::vec(any_windows(), 7);
    let exceptions = prop::collection::btree_map(any_day(), any_windows(), 0..4);
    (0..ZONES.len(), week, exceptions)
}

fn made((zone_index, week, exceptions): &Parts) -> Hours {
    let week: [Vec<Window>; 7] = std::array::from_fn(|day| week[day].clone());
    Hours::new(zone(ZONES[*zone_index]), &week, exceptions)
}

/// Instants of the years in which rules of clocks are known, near days at which they change as well as others.
fn any_instant() -> impl Strategy<Value = Instant> {
    (1_577_836_800_i64..2_145_916_800).prop_map(|second| Instant::from_second(second).expect("in range"))
}

fn any_target() -> impl Strategy<Value = TargetTime> {
    let seconds = (1_u32..400_000).prop_map(TargetTime::Seconds);
    seconds.boxed()
}

/// The open seconds between two instants, added up interval by interval.
fn open_between(hours: &Hours, from: Instant, to: Instant, pauses: &Pauses) -> i64 {
    let intervals = hours.open_from(from).take_while(|(open, _)| *open < to);
    let within = intervals.map(|(open, close)| (open.max(from), close.min(to)));
    let rest = within.flat_map(|interval| pauses.outside(interval).collect::<Vec<_>>());
    rest.map(|(from, to)| to.as_second() - from.as_second()).sum()
}

proptest! {
    #[test]
    fn the_open_time_until_due_is_the_target(parts in any_parts(), start in any_instant(), time in 1_u32..400_000, pause in 0_i64..100_000, length in 1_i64..50_000) {
        let hours = made(&parts);
        let from = Instant::from_second(start.as_second() + pause).expect("in range");
        let to = Instant::from_second(from.as_second() + length).expect("in range");
        let pauses = Pauses::new([(from, to)]);
        for pauses in [no_pauses(), pauses] {
            if let Some(end) = due(Some(&hours), start, TargetTime::Seconds(time), &pauses) {
                prop_assert_eq!(open_between(&hours, start, end, &pauses), i64::from(time));
                // The earliest such instant: a second before it something is still to be done.
                let before = Instant::from_second(end.as_second() - 1).expect("in range");
                prop_assert!(open_between(&hours, start, before, &pauses) < i64::from(time));
            }
        }
    }

    #[test]
    fn due_grows_with_start_and_target_and_goes_step_by_step(parts in any_parts(), start in any_instant(), later in 0_i64..200_000, one in 1_u32..200_000, two in 1_u32..200_000) {
        let hours = made(&parts);
        let later = Instant::from_second(start.as_second() + later).expect("in range");
        let ends = |start, seconds| due(Some(&hours), start, TargetTime::Seconds(seconds), &no_pauses());
        if let (Some(first), Some(second)) = (ends(start, one), ends(later, one)) {
            prop_assert!(first <= second);
        }
        if let (Some(half), Some(whole)) = (ends(start, one), ends(start, one + two)) {
            prop_assert!(half < whole);
            prop_assert_eq!(ends(half, two), Some(whole));
        }
    }

    #[test]
    fn business_days_grow_with_start_and_number(parts in any_parts(), start in any_instant(), later in 0_i64..1_000_000, days in 0_u32..20) {
        let hours = made(&parts);
        let later = Instant::from_second(start.as_second() + later).expect("in range");
        let ends = |start, days| due(Some(&hours), start, TargetTime::BusinessDays(days), &no_pauses());
        if let (Some(first), Some(second)) = (ends(start, days), ends(later, days)) {
            prop_assert!(first <= second && first > start);
        }
        if let (Some(sooner), Some(later)) = (ends(start, days), ends(start, days + 1)) {
            prop_assert!(sooner < later);
        }
    }

    #[test]
    fn round_the_clock_is_the_time_that_passes(zone_index in 0..ZONES.len(), start in any_instant(), time in any_target()) {
        let all_day = windows(&["00:00-24:00"]);
        let week = std::array::from_fn(|_| all_day.clone());
        let written = Hours::new(zone(ZONES[zone_index]), &week, &BTreeMap::new());
        let passed = due(None, start, time, &no_pauses());
        prop_assert!(written.is_always_open());
        prop_assert_eq!(due(Some(&written), start, time, &no_pauses()), passed);
        // Also where the intervals are walked one by one.
        let mut exceptions = BTreeMap::new();
        exceptions.insert(jiff::civil::date(1999, 1, 1), Vec::new());
        let walked = Hours::new(zone(ZONES[zone_index]), &week, &exceptions);
        prop_assert_eq!(due(Some(&walked), start, time, &no_pauses()), passed);
    }

    #[test]
    fn to_split_a_window_changes_nothing(parts in any_parts(), start in any_instant(), time in any_target()) {
        let (zone_index, mut week, _) = parts;
        // Only without exceptions: the second part of a split night belongs to the next day.
        let exceptions = BTreeMap::new();
        let whole = made(&(zone_index, week.clone(), exceptions.clone()));
        let split = |windows: &[Window]| -> (Vec<Window>, Vec<Window>) {
            let (mut own, mut after) = (Vec::new(), Vec::new());
            for window in windows {
                let minute = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
                let mut part = |from: u16, to: u16, into_after: bool| {
                    if from < to {
                        let piece = Window::read(&format!("{}-{}", minute(from), minute(to))).expect("a window");
                        if into_after { after.push(piece) } else { own.push(piece) }
                    }
                };
                let (from, to) = window.on_its_day();
                // At noon, and at midnight.
                part(from, to.min(720).max(from), false);
                part(from.max(720).min(to), to, false);
                if let Some((from, to)) = window.on_the_next_day() {
                    part(from, to, true);
                }
            }
            (own, after)
        };
        let parted: Vec<_> = week.iter().map(|windows| split(windows)).collect();
        for (day, windows) in week.iter_mut().enumerate() {
            *windows = parted[day].0.iter().chain(&parted[(day + 6) % 7].1).copied().collect();
        }
        let parted = made(&(zone_index, week, exceptions));
        prop_assert_eq!(
            due(Some(&whole), start, time, &no_pauses()),
            due(Some(&parted), start, time, &no_pauses())
        );
    }

    #[test]
    fn to_open_on_a_holiday_makes_nothing_later(parts in any_parts(), holiday in any_day(), before in 0_i64..400_000, time in any_target()) {
        let open = made(&parts);
        let start = Instant::from_second(open.zone().start_of(holiday).as_second() - before).expect("in range");
        let (zone_index, week, mut exceptions) = parts;
        if exceptions.contains_key(&holiday) {
            return Ok(());
        }
        exceptions.insert(holiday, Vec::new());
        let closed = made(&(zone_index, week, exceptions));
        let (open, closed) = (due(Some(&open), start, time, &no_pauses()), due(Some(&closed), start, time, &no_pauses()));
        if let Some(closed) = closed {
            prop_assert!(open.is_some_and(|open| open <= closed));
        }
    }

    #[test]
    fn a_pause_makes_nothing_sooner(parts in any_parts(), start in any_instant(), pause in 0_i64..300_000, length in 1_i64..200_000, days in 0_u32..6, time in any_target()) {
        let hours = made(&parts);
        let from = Instant::from_second(start.as_second() + pause).expect("in range");
        let to = Instant::from_second(from.as_second() + length).expect("in range");
        let pauses = Pauses::new([(from, to)]);
        for time in [time, TargetTime::BusinessDays(days)] {
            let (plain, paused) = (due(Some(&hours), start, time, &no_pauses()), due(Some(&hours), start, time, &pauses));
            if let Some(paused) = paused {
                prop_assert!(plain.is_some_and(|plain| plain <= paused));
            }
        }
    }
}

#[test]
fn pauses_are_put_in_order_and_together() {
    let second = |second| Instant::from_second(second).expect("in range");
    let pauses = Pauses::new([
        (second(50), second(60)),
        (second(10), second(20)),
        (second(15), second(30)),
        (second(70), second(70)),
        (second(90), second(80)),
    ]);
    assert_eq!(pauses, Pauses(vec![(second(10), second(30)), (second(50), second(60))]));
    let rest: Vec<_> = pauses.outside((second(0), second(55))).collect();
    assert_eq!(rest, [(second(0), second(10)), (second(30), second(50))]);
}
