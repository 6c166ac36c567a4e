//! Where each agreement stands at an instant, as a table of what ends next, and as JSON of the same rows.
//!
//! The rows are made once and both forms are made from them. Asks `status` and decides nothing itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::agreement::{Agreement, PeriodEnd};
use crate::calendar::{Day, Instant, Term, Zone};
use crate::catalog::Catalog;
use crate::ident::HelpdeskName;
use crate::render::encode::csv_lines;
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary;
use crate::settings::Language;
use crate::status::{CurrentPeriod, State, StatusReason, period_at, status};

/// The agreements of a run and where each stands.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct StatusList {
    /// The version of this shape.
    pub format: u32,
    /// The one instant of the run, with the offset of `zone`.
    pub as_of: String,
    /// The zone that a bare date was read in.
    pub zone: String,
    /// Sorted by the next end; then agreements without an end, then those that are over, the latest first.
    pub agreements: Vec<StatusRow>,
    /// The number of further agreements, beyond a limit.
    pub omitted: usize,
}

/// Where one agreement stands. Instants carry the offset of the agreement's own zone.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct StatusRow {
    /// The agreement.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The slug of its client.
    pub client: String,
    /// The client's title.
    pub client_title: String,
    /// The status.
    pub status: State,
    /// Since when; `None` where it has always been so.
    pub since: Option<String>,
    /// The next change of the status, if no file changes.
    pub next_change: Option<NextChange>,
    /// The last day of the period, counted in; `None` where it is open-ended.
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Day>,
    /// Days from today to the last day: 0 on the last day itself; `None` where it is over or open-ended.
    pub days_left: Option<i64>,
    /// Which part of the agreement makes it so.
    pub because: StatusReason,
    /// Which of its periods it is in.
    pub period: PeriodNumber,
    /// The helpdesk in which it lives, if that has a name.
    pub helpdesk: Option<HelpdeskName>,
    #[serde(skip)]
    zone: Zone,
    /// The term that counts from the activation, while that is still to come.
    #[serde(skip)]
    term: Option<Term>,
}

/// A change of status that is to come.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct NextChange {
    /// When.
    pub at: String,
    /// The next state.
    pub to: State,
    #[serde(skip)]
    instant: Instant,
}

/// Which period of how many.
#[derive(Clone, Copy, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct PeriodNumber {
    /// 1 for the agreed period, 2 for the first that tacit renewal adds.
    pub number: u32,
    /// The maximum number; `None` where there is no limit, or no renewal.
    pub of: Option<u32>,
}

/// Where agreements stand at an instant; `zone` is the one that a bare date is read in.
pub fn status_list(agreements: &[Agreement], catalog: &Catalog, at: Instant, zone: &Zone) -> StatusList {
    let mut rows: Vec<StatusRow> = agreements.iter().map(|agreement| row(agreement, catalog, at)).collect();
    // What has an end comes before what has none, and both before what is over.
    let order = |row: &StatusRow| match (row.status.is_over(), row.last_day) {
        (false, Some(day)) => (0, Some(day), Reverse(None)),
        (false, None) => (1, None, Reverse(None)),
        (true, day) => (2, None, Reverse(day)),
    };
    rows.sort_by(|left, right| (order(left), &left.id).cmp(&(order(right), &right.id)));
    StatusList {
        format: 1,
        as_of: zone.write(at),
        zone: zone.name().to_owned(),
        agreements: rows,
        omitted: 0,
    }
}

fn row(agreement: &Agreement, catalog: &Catalog, at: Instant) -> StatusRow {
    let now = status(agreement, at);
    let stretch = period_at(agreement, at);
    let zone = &agreement.zone;
    let CurrentPeriod { number, of, last_day, .. } = stretch;
    let days_left = last_day
        .filter(|_| !now.state.is_over())
        .map(|day| zone.day_of(at).duration_until(day).as_hours() / 24);
    let client = catalog.clients.get(&agreement.client);
    StatusRow {
        id: agreement.id.to_string(),
        title: agreement.title.clone(),
        client: agreement.client.to_string(),
        client_title: client
            .map_or_else(|| agreement.client.to_string(), |client| client.entry.title.clone()),
        status: now.state,
        since: now.since.map(|since| zone.write(since)),
        next_change: now.next_change.map(|(instant, to)| NextChange { at: zone.write(instant), to, instant }),
        last_day,
        days_left,
        because: now.because,
        period: PeriodNumber { number, of },
        helpdesk: agreement.helpdesk.clone(),
        zone: zone.clone(),
        term: match agreement.period.end {
            PeriodEnd::Term(term) if last_day.is_none() => Some(term),
            _ => None,
        },
    }
}

impl StatusList {
    /// Keeps the first rows, and counts the others.
    pub fn limit(&mut self, rows: usize) {
        self.omitted = self.agreements.len().saturating_sub(rows);
        self.agreements.truncate(rows);
    }
}

/// A line for each agreement, with stable names of columns.
pub fn csv(list: &StatusList) -> String {
    let columns = [
        "agreement",
        "title",
        "client",
        "client_title",
        "status",
        "since",
        "last_day",
        "days_left",
        "period",
        "helpdesk",
    ];
    let mut lines = vec![columns.map(str::to_owned).to_vec()];
    lines.extend(list.agreements.iter().map(|row| {
        vec![
            row.id.clone(),
            row.title.clone(),
            row.client.clone(),
            row.client_title.clone(),
            row.status.to_string(),
            row.since.as_deref().and_then(|since| since.get(..10)).unwrap_or_default().to_owned(),
            row.last_day.map_or_else(String::new, |day| day.to_string()),
            row.days_left.map_or_else(String::new, |days| days.to_string()),
            row.period.number.to_string(),
            helpdesk(row).to_owned(),
        ]
    }));
    csv_lines(&lines, ",")
}

/// The table, with a line above that says for when and one below that sums it up.
pub fn text(list: &StatusList, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let day = list.as_of.get(..10).unwrap_or(&list.as_of);
    let heading = format!("Status as of {day} ({})", list.zone);
    page.line(0, 2, &Line::new().toned(Tone::Strong, &heading));
    if !list.agreements.is_empty() {
        page.gap();
        page.table(0, &table(list));
    }
    page.gap();
    page.line(0, 2, &Line::new().toned(Tone::Strong, &summary(list)));
    page.finish()
}

/// The one line at the end: `21 agreements: 3 planned, 15 active, 3 expired.`
pub fn summary(list: &StatusList) -> String {
    let mut counts: BTreeMap<State, usize> = BTreeMap::new();
    for row in &list.agreements {
        *counts.entry(row.status).or_default() += 1;
    }
    let all = vocabulary::count(list.agreements.len(), "agreement", "agreements");
    let parts: Vec<String> = counts.iter().map(|(state, number)| format!("{number} {state}")).collect();
    let omitted = match list.omitted {
        0 => String::new(),
        omitted => format!(" {omitted} more are not shown."),
    };
    if parts.is_empty() {
        format!("{all}.{omitted}")
    } else {
        format!("{all}: {}.{omitted}", parts.join(", "))
    }
}

fn table(list: &StatusList) -> TerminalTable {
    let titles = ["AGREEMENT", "CLIENT", "STATUS", "SINCE", "LAST DAY", "DAYS", "HELPDESK", "NEXT", "WHY"];
    let heading = titles.map(|title| Line::new().toned(Tone::Quiet, title));
    let mut rows: Vec<Vec<Line>> = vec![heading.into()];
    rows.extend(list.agreements.iter().map(cells));
    // A column that would say nothing is left out.
    let says_something: Vec<bool> = (0..titles.len())
        .map(|column| column < 6 || rows.iter().skip(1).any(|cells| !cells[column].is_empty()))
        .collect();
    for cells in &mut rows {
        let mut column = says_something.iter();
        cells.retain(|_| column.next() == Some(&true));
    }
    TerminalTable { rows, has_heading: true, right: vec![5], firm: vec![0, 2, 3, 4, 5] }
}

fn cells(row: &StatusRow) -> Vec<Line> {
    let tone = match row.status {
        State::Active => Tone::Gain,
        State::Suspended => Tone::Shift,
        State::Planned => Tone::Plain,
        State::Expired | State::Terminated => Tone::Quiet,
    };
    let urgency = match row.days_left {
        Some(..=7) => Tone::Alarm,
        Some(8..=30) => Tone::Shift,
        _ => Tone::Plain,
    };
    let since = row.since.as_deref().and_then(|since| since.get(..10));
    vec![
        Line::new().foreign_toned(Tone::Strong, &row.id),
        Line::new().foreign(&vocabulary::preview(&row.client_title)),
        Line::new().toned(tone, row.status.as_str()),
        Line::of(since.unwrap_or_default()),
        Line::of(&end(row)),
        Line::new().toned(urgency, &row.days_left.map_or_else(String::new, |days| days.to_string())),
        Line::of(helpdesk(row)),
        Line::of(&next(row)),
        Line::of(&why(row)),
    ]
}

fn end(row: &StatusRow) -> String {
    match (row.last_day, row.term) {
        (Some(day), _) => day.to_string(),
        (None, Some(term)) => format!("{term} from activation"),
        (None, None) => "open-ended".to_owned(),
    }
}

fn helpdesk(row: &StatusRow) -> &str {
    row.helpdesk.as_ref().map_or("", HelpdeskName::as_str)
}

/// The next change, unless it is the end, which the last day already shows.
fn next(row: &StatusRow) -> String {
    let day = row.next_change.as_ref().map(|change| (change, row.zone.day_of(change.instant)));
    match day {
        Some((change, day)) if !change.to.is_over() => {
            let word = match (row.status, change.to) {
                (State::Planned, State::Active) => "begins",
                (_, State::Active) => "resumes",
                (_, State::Suspended) => "suspended from",
                _ => "planned again",
            };
            format!("{word} {day}")
        }
        change => {
            let follows = row.last_day.and_then(|day| day.tomorrow().ok());
            let Some(follows) = follows.filter(|_| !row.status.is_over()) else {
                return String::new();
            };
            if change.is_some_and(|(_, day)| day <= follows) {
                return String::new();
            }
            format!("renews {follows}")
        }
    }
}

/// The reason for the status, if the status and the days do not show it.
fn why(row: &StatusRow) -> String {
    match row.because {
        StatusReason::WithinPeriod if row.period.number > 1 => {
            let of = row.period.of.map_or_else(String::new, |of| format!(" of {of}"));
            format!("period {}{of}", row.period.number)
        }
        StatusReason::WithinPeriod | StatusReason::BeforeFirstDay | StatusReason::LastDayPassed => {
            String::new()
        }
        StatusReason::Suspension => "suspension".to_owned(),
        because @ (StatusReason::NotSwitchedOn | StatusReason::ByHand) => {
            vocabulary::status_reason(Language::English, because).to_owned()
        }
        StatusReason::Termination => "termination".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{status_list, text};
    use crate::agreement::sample::{agreement, day};
    use crate::agreement::{Activation, Agreement, PeriodEnd, Renewal, Suspension, Termination};
    use crate::calendar::{Term, Zone, read_instant};
    use crate::catalog::Catalog;
    use crate::ident::HelpdeskName;
    use crate::render::Paint;
    use crate::render::encode::corpus::{HOSTILE, is_clean};
    use crate::render::json::pretty;

    fn estate() -> Vec<Agreement> {
        let mut tacit = agreement("tacit", "2024-09-15", "2025-09-14");
        tacit.renewal = Renewal::Auto {
            term: Term::read("1y").expect("a term"),
            notice_period: None,
            max_terms: Some(2),
        };
        let mut resting = agreement("resting", "2026-01-01", "2026-12-31");
        resting.suspensions =
            vec![Suspension { from: day("2026-08-20"), until: Some(day("2026-09-10")), reason: None }];
        let mut open = agreement("open", "2026-01-01", "2026-12-31");
        open.period.end = PeriodEnd::Open;
        let mut manual = agreement("by-hand", "2026-08-01", "2027-07-31");
        manual.activation = Activation::Manual(Vec::new());
        let mut cut = agreement("cut", "2026-01-01", "2026-12-31");
        let at = cut.zone.start_of(day("2026-07-01"));
        cut.termination =
            Some(Box::new(Termination { at, last_day: day("2026-06-30"), reason: None, is_of_entry: false }));
        vec![
            agreement("over", "2025-01-01", "2025-12-31"),
            open,
            agreement("soon", "2025-09-06", "2026-09-05"),
            cut,
            agreement("coming", "2026-10-01", "2027-09-30"),
            manual,
            tacit,
            resting,
        ]
    }

    fn shown(agreements: &[Agreement], paint: Paint) -> String {
        let zone = Zone::find("Europe/Moscow").expect("a zone");
        let at = read_instant("2026-09-01T12:00:00+03:00").expect("an instant");
        text(&status_list(agreements, &Catalog::default(), at, &zone), paint)
    }

    #[test]
    fn what_ends_next_comes_first() {
        insta::assert_snapshot!(shown(&estate(), Paint::PLAIN), @r"
        Status as of 2026-09-01 (Europe/Moscow)

        AGREEMENT  CLIENT      STATUS      SINCE       LAST DAY    DAYS  NEXT               WHY
        soon       dent-mayak  active      2025-09-06  2026-09-05     4
        tacit      dent-mayak  active      2024-09-15  2026-09-14    13  renews 2026-09-15  period 2 of 3
        resting    dent-mayak  suspended   2026-08-20  2026-12-31   121  resumes            suspension
                                                                         2026-09-11
        by-hand    dent-mayak  planned                 2027-07-31   333                     not activated
                                                                                            yet
        coming     dent-mayak  planned                 2027-09-30   394  begins 2026-10-01
        open       dent-mayak  active      2026-01-01  open-ended
        cut        dent-mayak  terminated  2026-07-01  2026-06-30                           termination
        over       dent-mayak  expired     2026-01-01  2025-12-31

        8 agreements: 2 planned, 3 active, 1 suspended, 1 expired, 1 terminated.
        ");
    }

    #[test]
    fn a_term_that_counts_from_an_activation_to_come_is_not_open_ended() {
        let mut manual = agreement("rollout", "2026-08-01", "2026-08-01");
        manual.activation = Activation::Manual(Vec::new());
        manual.period.first_day = None;
        manual.period.end = PeriodEnd::Term(Term::read("3mo").expect("a term"));
        insta::assert_snapshot!(shown(&[manual], Paint::PLAIN), @r"
        Status as of 2026-09-01 (Europe/Moscow)

        AGREEMENT  CLIENT      STATUS   SINCE  LAST DAY             DAYS  WHY
        rollout    dent-mayak  planned         3mo from activation        not activated yet

        1 agreement: 1 planned.
        ");
    }

    #[test]
    fn of_several_helpdesks_each_is_named() {
        let mut agreements =
            [agreement("soon", "2025-09-06", "2026-09-05"), agreement("later", "2026-01-01", "2026-12-31")];
        agreements[0].helpdesk = HelpdeskName::new("moscow");
        agreements[1].helpdesk = HelpdeskName::new("berlin");
        insta::assert_snapshot!(shown(&agreements, Paint::PLAIN), @r"
        Status as of 2026-09-01 (Europe/Moscow)

        AGREEMENT  CLIENT      STATUS  SINCE       LAST DAY    DAYS  HELPDESK
        soon       dent-mayak  active  2025-09-06  2026-09-05     4  moscow
        later      dent-mayak  active  2026-01-01  2026-12-31   121  berlin

        2 agreements: 2 active.
        ");
    }

    #[test]
    fn the_order_of_the_files_does_not_matter() {
        let mut turned = estate();
        turned.reverse();
        assert_eq!(shown(&turned, Paint::PLAIN), shown(&estate(), Paint::PLAIN));
    }

    #[test]
    fn json_has_stable_names() {
        let zone = Zone::find("Europe/Moscow").expect("a zone");
        let at = read_instant("2026-09-01T12:00:00+03:00").expect("an instant");
        let agreements = [agreement("soon", "2025-09-06", "2026-09-05")];
        let json = pretty(&status_list(&agreements, &Catalog::default(), at, &zone));
        insta::assert_snapshot!(json, @r#"
        {
          "format": 1,
          "as_of": "2026-09-01T12:00:00+03:00",
          "zone": "Europe/Moscow",
          "agreements": [
            {
              "id": "soon",
              "title": "Стоматология «Маяк»",
              "client": "dent-mayak",
              "client_title": "dent-mayak",
              "status": "active",
              "since": "2025-09-06T00:00:00+03:00",
              "next_change": {
                "at": "2026-09-06T00:00:00+03:00",
                "to": "expired"
              },
              "last_day": "2026-09-05",
              "days_left": 4,
              "because": "within_period",
              "period": {
                "number": 1,
                "of": null
              },
              "helpdesk": null
            }
          ],
          "omitted": 0
        }
        "#);
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(shown(&[], Paint::PLAIN), "Status as of 2026-09-01 (Europe/Moscow)\n\n0 agreements.\n");
    }

    #[test]
    fn a_hostile_title_stays_a_title() {
        let zone = Zone::find("Europe/Moscow").expect("a zone");
        let at = read_instant("2026-09-01T12:00:00+03:00").expect("an instant");
        for hostile in HOSTILE {
            let mut listed = status_list(&estate(), &Catalog::default(), at, &zone);
            listed.agreements[0].client_title = (*hostile).to_owned();
            assert!(is_clean(&text(&listed, Paint::PLAIN.wide(60))));
        }
    }
}
