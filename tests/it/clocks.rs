//! Due times and first instants of days, compared with independent programs: Python's zoneinfo, and a library for
//! business hours.
//!
//!     cargo test --test it clocks                                   a sample
//!     SERVANDA_FULL=1 cargo test --release --test it clocks         a million cases, and every zone at every transition
//!
//! The cases are generated from a seed, which is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use servanda::calendar::{Day, Hours, Instant, Pauses, TargetTime, Window, ZONE_DATA, Zone, due};

use crate::cases::sample_of;
use crate::missing::did_not_run;
use crate::python::interpreter;

/// The part that is skipped where the other program is missing.
const TESTED: &str = "the comparison of deadlines with Python";

/// The number of cases in a sample.
const SAMPLE: usize = 4_000;
/// The number of cases in a full run.
const FULL: usize = 1_000_000;
const SEED: u64 = 0x005e_57a4_da08;

/// Pseudo-random numbers, the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn second(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(usize::try_from(to - from).unwrap())).unwrap()
    }
}

/// A calendar for both programs.
struct Made {
    hours: Hours,
    exceptions: Vec<Day>,
    written: Value,
}

fn made(zone: &str, week: &[Vec<String>; 7], exceptions: &BTreeMap<Day, Vec<String>>) -> Made {
    let read =
        |texts: &Vec<String>| texts.iter().map(|text| Window::read(text).unwrap()).collect::<Vec<Window>>();
    let windows = std::array::from_fn(|day| read(&week[day]));
    let special = exceptions.iter().map(|(day, texts)| (*day, read(texts))).collect();
    let hours = Hours::new(Zone::find(zone).unwrap(), &windows, &special);
    let written_days: BTreeMap<String, &Vec<String>> =
        exceptions.iter().map(|(day, texts)| (day.to_string(), texts)).collect();
    let written = json!({ "zone": zone, "week": week, "exceptions": written_days });
    Made { hours, exceptions: exceptions.keys().copied().collect(), written }
}

fn clock(minute: usize) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn any_window(draw: &mut Draw) -> String {
    let from = draw.below(96) * 15;
    let length = 15 + draw.below(60) * 15;
    let to = (from + length) % 1440;
    match (draw.below(12), to) {
        (0, _) => "00:00-24:00".to_owned(),
        (_, 0) => format!("{}-24:00", clock(from)),
        (_, to) if to == from => format!("{}-{}", clock(from), clock((to + 15) % 1440)),
        (_, to) => format!("{}-{}", clock(from), clock(to)),
    }
}

fn any_windows(draw: &mut Draw) -> Vec<String> {
    (0..draw.below(3)).map(|_| any_window(draw)).collect()
}

fn any_calendar(draw: &mut Draw, zones: &[String]) -> Made {
    let zone = &zones[draw.below(zones.len())];
    let mut week: [Vec<String>; 7] = std::array::from_fn(|_| any_windows(draw));
    // At least one day is open, so that most cases have a due time.
    week[draw.below(7)].push(any_window(draw));
    let days = draw.below(12);
    let first = jiff::civil::date(2020, 1, 1);
    let day = |number: usize| first + jiff::Span::new().days(i64::try_from(number).unwrap());
    let mut exceptions: BTreeMap<Day, Vec<String>> =
        (0..days).map(|_| (day(draw.below(6_575)), any_windows(draw))).collect();
    // Some are followed by another one.
    let followed: Vec<Day> = exceptions.keys().copied().filter(|_| draw.below(3) == 0).collect();
    exceptions.extend(followed.into_iter().map(|day| (day.tomorrow().unwrap(), any_windows(draw))));
    made(zone, &week, &exceptions)
}

fn zones() -> Vec<String> {
    let names = jiff::tz::db().available().map(|name| name.to_string());
    let mut names: Vec<String> = names.filter(|name| Zone::find(name).is_ok()).collect();
    names.sort();
    names
}

/// The transitions of a zone from 2020 to 2037.
fn transitions(zone: &str) -> Vec<i64> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let from: Instant = "2020-01-01T00:00:00Z".parse().unwrap();
    let to: Instant = "2038-01-01T00:00:00Z".parse().unwrap();
    zone.following(from)
        .take_while(|transition| transition.timestamp() < to)
        .map(|transition| transition.timestamp().as_second())
        .collect()
}

/// One case: the index of the calendar, the start, the target, the pauses.
struct Case {
    calendar: usize,
    start: i64,
    target: TargetTime,
    pauses: Vec<(i64, i64)>,
}

impl Case {
    fn written(&self) -> String {
        let target = match self.target {
            TargetTime::Seconds(seconds) => json!(["seconds", seconds]),
            TargetTime::BusinessDays(days) => json!(["days", days]),
        };
        json!({ "calendar": self.calendar, "start": self.start, "target": target, "pauses": self.pauses })
            .to_string()
    }

    fn ours(&self, calendars: &[Made]) -> String {
        let instant = |second| Instant::from_second(second).unwrap();
        let pauses = Pauses::new(self.pauses.iter().map(|(from, to)| (instant(*from), instant(*to))));
        let due = due(Some(&calendars[self.calendar].hours), instant(self.start), self.target, &pauses);
        due.map_or_else(|| "-".to_owned(), |due| due.as_second().to_string())
    }
}

/// The output of the Python program; an error with the reason if it cannot run.
fn theirs(arguments: &[&str], calendars: &[Made], lines: &[String]) -> Result<Vec<String>, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let packages = root.join("target/python");
    let python = |arguments: &[&str]| {
        let mut command = Command::new(interpreter());
        command.arg(root.join("tests/it/clocks.py")).args(arguments);
        // Zone data of the package, and never of the machine.
        command.env("PYTHONPATH", &packages).env("PYTHONTZPATH", "").stderr(Stdio::piped());
        command
    };
    let install = "python3 -m pip install --target target/python tzdata businesstimedelta";
    let asked = python(&["--version"]).output();
    let version = asked.map_err(|error| format!("python3 cannot be started: {error}"))?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    if version != ZONE_DATA {
        return Err(format!("Python has zone data `{version}`, and {ZONE_DATA} is compiled in: {install}"));
    }
    let mut child = python(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().unwrap();
    let mut input = json!(calendars.iter().map(|made| &made.written).collect::<Vec<_>>()).to_string();
    for line in lines {
        write!(input, "\n{line}").unwrap();
    }
    // The program reads its whole input before it writes, so that there is no deadlock.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        return Err(format!("{}\n{install}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// Prints past the test harness, which hides the output of passing tests.
#[expect(clippy::explicit_write, reason = "the harness keeps `eprintln!` of a passing test to itself")]
fn tell(what: &str) {
    writeln!(std::io::stderr(), "\n{what}").unwrap();
}

/// Compares cases with the other program. Returns how many were compared, or the reason why none were.
fn compare(arguments: &[&str], calendars: &[Made], cases: &[Case]) -> Result<usize, String> {
    let lines: Vec<String> = cases.iter().map(Case::written).collect();
    let theirs = theirs(arguments, calendars, &lines)?;
    assert_eq!(theirs.len(), cases.len());
    let mut answered = 0;
    for (case, theirs) in cases.iter().zip(theirs) {
        let ours = case.ours(calendars);
        assert_eq!(ours, theirs, "{} on {}", case.written(), calendars[case.calendar].written);
        answered += usize::from(ours != "-");
    }
    // Most cases must have a due time.
    assert!(answered > cases.len() * 9 / 10, "{answered} of {} have an answer", cases.len());
    Ok(cases.len())
}

#[test]
fn due_times_match_an_independent_program() {
    let mut draw = Draw(SEED);
    let (zones, wanted) = (zones(), sample_of(SAMPLE, FULL));
    let changes: BTreeMap<&str, Vec<i64>> =
        zones.iter().map(|zone| (zone.as_str(), transitions(zone))).collect();
    let mut done = 0;
    while done < wanted {
        let calendars: Vec<Made> = (0..40).map(|_| any_calendar(&mut draw, &zones)).collect();
        let mut cases = Vec::new();
        while cases.len() < 4_000 {
            let calendar = draw.below(calendars.len());
            let Made { hours, exceptions, .. } = &calendars[calendar];
            let (near, exception) = (&changes[hours.zone().name()], draw.below(exceptions.len() * 2 + 1));
            let start = match (exceptions.get(exception), near.get(draw.below(near.len() * 2 + 1))) {
                (Some(day), _) => hours.zone().start_of(*day).as_second() + draw.second(-100_000, 200_000),
                (None, Some(change)) => change + draw.second(-200_000, 100_000),
                (None, None) => draw.second(1_577_836_800, 2_145_916_800),
            };
            let target = match draw.below(4) {
                0 => TargetTime::BusinessDays(u32::try_from(draw.below(12)).unwrap()),
                _ => TargetTime::Seconds(u32::try_from(draw.below(200_000)).unwrap()),
            };
            let pauses = (0..draw.below(3)).map(|_| {
                let from = start + draw.second(-20_000, 200_000);
                (from, from + draw.second(1, 60_000))
            });
            let mut pauses: Vec<(i64, i64)> = pauses.collect();
            pauses.sort_unstable();
            cases.push(Case { calendar, start, target, pauses });
        }
        match compare(&[], &calendars, &cases) {
            Ok(compared) => done += compared,
            Err(why) => return did_not_run(TESTED, &why),
        }
    }
    tell(&format!("{done} deadlines compared with zoneinfo, seed {SEED:#x}: 0 differences"));
}

#[test]
fn due_times_match_a_library_for_business_hours() {
    let mut draw = Draw(SEED ^ 1);
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let mut calendars = Vec::new();
    for windows in [&["09:00-18:00"][..], &["09:00-13:00", "14:00-18:00"], &["08:30-20:15"]] {
        for days in [5, 6, 7] {
            let week = std::array::from_fn(|day| if day < days { texts(windows) } else { Vec::new() });
            let first = jiff::civil::date(2026, 1, 1);
            let holidays =
                (0..20).map(|_| (first + jiff::Span::new().days(draw.second(0, 700)), Vec::new())).collect();
            calendars.push(made("Etc/UTC", &week, &holidays));
        }
    }
    let wanted = sample_of(1_000, 100_000);
    let cases: Vec<Case> = (0..wanted)
        .map(|_| Case {
            calendar: draw.below(calendars.len()),
            start: draw.second(1_767_225_600, 1_830_297_600),
            target: TargetTime::Seconds(u32::try_from(draw.second(1, 300_000)).unwrap()),
            pauses: Vec::new(),
        })
        .collect();
    match compare(&["--library"], &calendars, &cases) {
        Ok(compared) => tell(&format!(
            "{compared} deadlines compared with businesstimedelta, seed {:#x}: 0 differences",
            SEED ^ 1
        )),
        Err(why) => did_not_run(TESTED, &why),
    }
}

/// Agreements of one day, whose status changes at the first instants of that day and the next.
fn of_one_day(zone: &str, day: Day) -> servanda::agreement::Agreement {
    use servanda::agreement::{Activation, Agreement, Notices, Period, PeriodEnd, Renewal};
    use servanda::ident::{AgreementId, ClientSlug, RecipientSlug};
    let client = ClientSlug::new("a").unwrap();
    Agreement {
        id: AgreementId::new("a").unwrap(),
        formerly: Vec::new(),
        template: None,
        templates: Vec::new().into(),
        title: String::new(),
        number: None,
        recipients: [RecipientSlug::of_client(&client)].into(),
        client,
        manager: None,
        provider: None,
        helpdesk: None,
        contacts: litemap::LiteMap::new(),
        language: servanda::settings::Language::English,
        zone: Zone::find(zone).unwrap(),
        period: Period { first_day: Some(day), end: PeriodEnd::LastDay(day) },
        activation: Activation::Auto,
        suspensions: Vec::new(),
        termination: None,
        renewal: Renewal::None,
        renews: None,
        is_for_whole_client: true,
        succeeded_on: None,
        services: litemap::LiteMap::new().into(),
        calendar: None,
        targets: litemap::LiteMap::new().into(),
        notices: Notices::default().into(),
        labels: litemap::LiteMap::new(),
        attributes: litemap::LiteMap::new(),
        adopts: None,
        span: servanda::diagnostic::Span::of_file(servanda::diagnostic::Sources::default().add("a.yaml", "")),
    }
}

#[test]
fn every_zone_at_every_transition() {
    let zones = zones();
    // Every zone is compared; in a sample, at every tenth transition.
    let step = sample_of(60, 1);
    let windows: [&[&str]; 5] = [
        &["00:00-24:00"],
        &["22:00-06:00"],
        &["02:30-05:00"],
        &["00:00-00:30", "23:30-24:00"],
        &["01:15-02:45", "03:00-03:15"],
    ];
    let (mut calendars, mut cases) = (Vec::new(), Vec::new());
    let (mut lines, mut ours, mut count) = (Vec::new(), Vec::new(), 0_usize);
    for zone in &zones {
        let first = calendars.len();
        for windows in windows {
            let texts: Vec<String> = windows.iter().map(|text| (*text).to_owned()).collect();
            calendars.push(made(zone, &std::array::from_fn(|_| texts.clone()), &BTreeMap::new()));
        }
        let known = Zone::find(zone).unwrap();
        for change in transitions(zone) {
            count += 1;
            if !count.is_multiple_of(step) {
                continue;
            }
            for calendar in first..calendars.len() {
                for (before, seconds) in [(90_000, 40_000), (7_200, 3_600), (-60, 100_000)] {
                    let target = TargetTime::Seconds(seconds);
                    cases.push(Case { calendar, start: change - before, target, pauses: Vec::new() });
                }
                let target = TargetTime::BusinessDays(1);
                cases.push(Case { calendar, start: change - 3_600, target, pauses: Vec::new() });
            }
            let of_change = known.day_of(Instant::from_second(change).unwrap());
            for day in [of_change.yesterday().unwrap(), of_change, of_change.tomorrow().unwrap()] {
                let agreement = of_one_day(zone, day);
                let changes: Vec<i64> =
                    servanda::status::changes(&agreement).iter().map(|(at, _)| at.as_second()).collect();
                for (boundary, day) in changes.into_iter().zip([day, day.tomorrow().unwrap()]) {
                    lines.push(json!({ "zone": zone, "day": day.to_string() }).to_string());
                    ours.push(boundary.to_string());
                }
            }
        }
    }
    let theirs = match theirs(&[], &[], &lines) {
        Ok(theirs) => theirs,
        Err(why) => return did_not_run(TESTED, &why),
    };
    for ((line, ours), theirs) in lines.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{line}");
    }
    compare(&[], &calendars, &cases).unwrap();
    tell(&format!(
        "{} zones, {} of {count} transitions: {} boundaries of status and {} deadlines, 0 differences",
        zones.len(),
        count / step,
        ours.len(),
        cases.len()
    ));
}
