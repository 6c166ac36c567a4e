//! The report's page, its table and its calendar.

mod client;

use litemap::LiteMap;
use serde_json::Value;

use super::vocabulary::words;
use super::{ReportInput, ReportNotices, ServedState, client_page, csv, ics, page};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Agreement, NoticeEvent, NoticeRule, PeriodEnd, Renewal, Suspension, Target};
use crate::calendar::{TargetTime, Term, TimeOfDay, Zone, read_instant};
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::diagnostic::{Sources, Span};
use crate::ident::{CalendarSlug, HelpdeskName, ManagerSlug, PriorityName, ProviderSlug, RecipientSlug};
use crate::notice::{Channel, NoticeKey, NoticeRecord, NoticeRecords, NoticeResult, SentNotices};
use crate::render::encode::corpus::{HOSTILE, is_clean};
use crate::render::forecast::ForecastInput;
use crate::report::{ReportFacts, report};
use crate::settings::Language;

/// Titles that attempt an injection.
const MARKUP: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;b&gt;<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "'\"><svg/onload=alert(1)>",
];

/// Renders these agreements as of 2026-09-01.
fn rendered<T>(agreements: &[Agreement], language: Language, tell: impl Fn(&ReportInput<'_>) -> T) -> T {
    let zone = Zone::find("Europe/Moscow").expect("a zone");
    let at = read_instant("2026-09-01T12:00:00+03:00").expect("an instant");
    let report = report(agreements, TimeOfDay::constant(9, 0, 0, 0), at);
    let catalog = Catalog::default();
    tell(&ReportInput {
        report: &report,
        catalog: &catalog,
        zone: &zone,
        language,
        files: "0123456789abcdef",
        left_out: &[],
        facts: &ReportFacts::default(),
        notices: &ReportNotices::default(),
        renew: Some(""),
        served: None,
    })
}

#[test]
fn agreements_that_are_left_out_are_named_with_and_without_a_script() {
    let ids: Vec<String> = (1..=25).map(|number| format!("left-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let html =
        rendered(&titled("a"), Language::Russian, |input| page(&ReportInput { left_out: &ids, ..*input }));
    assert_eq!(html.matches("(25): left-1, left-2").count(), 2);
    assert!(html.contains("left-20, …") && !html.contains("left-21"));
    assert!(!rendered(&titled("a"), Language::Russian, page).contains("class=\"left-out\""));
}

fn titled(title: &str) -> Vec<Agreement> {
    let mut agreement = agreement("a", "2026-01-01", "2026-12-31");
    agreement.title = title.to_owned();
    agreement.suspensions =
        vec![Suspension { from: day("2026-10-01"), until: None, reason: Some(title.to_owned()) }];
    vec![agreement]
}

/// An agreement and its catalog, in which every title, name and address is this text.
fn named(text: &str) -> (Agreement, Catalog) {
    let entry = || CatalogEntry {
        title: text.to_owned(),
        helpdesk: None,
        elsewhere: LiteMap::new(),
        email: Some(text.to_owned()),
        span: Span::of_file(Sources::default().add("catalog.yaml", "")),
    };
    let manager = ManagerSlug::new("manager").expect("a slug");
    let provider = ProviderSlug::new("provider").expect("a slug");
    let calendar = CalendarSlug::new("calendar").expect("a slug");
    let priority = PriorityName::new("normal").expect("a name");
    let mut agreement = titled(text).remove(0);
    agreement.number = Some(text.to_owned());
    agreement.manager = Some(manager.clone());
    agreement.provider = Some(provider.clone());
    agreement.calendar = Some(calendar.clone());
    agreement.recipients = [RecipientSlug::new("dent-mayak/it").expect("a slug")].into();
    agreement.labels.insert("name".to_owned(), text.to_owned());
    let (response, resolution) = (TargetTime::Seconds(3_600), TargetTime::BusinessDays(2));
    let target = Target { response: Some(response), resolution: Some(resolution) };
    agreement.targets.insert(priority.clone(), target);
    let client = ClientEntry {
        entry: entry(),
        contacts: LiteMap::new(),
        departments: LiteMap::from_iter([("it".to_owned(), entry())]),
        lives_in: None,
        zone: None,
        language: None,
    };
    let catalog = Catalog {
        clients: [(agreement.client.clone(), client)].into(),
        services: agreement.services.keys().map(|service| (service.clone(), entry())).collect(),
        managers: [(manager, entry())].into(),
        providers: [(provider, entry())].into(),
        calendars: [(calendar, entry())].into(),
        priorities: [(priority, entry())].into(),
        ..Catalog::default()
    };
    (agreement, catalog)
}

/// The data as the page's script reads it.
fn data_of(html: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let from = html.find(begin).expect("the page has data") + begin.len();
    let to = from + html[from..].find("</script>").expect("the element ends");
    serde_json::from_str(&html[from..to]).expect("it is JSON")
}

#[test]
fn no_text_ends_the_data_or_becomes_markup() {
    let page_named = |text: &str| {
        let (agreement, catalog) = named(text);
        rendered(&[agreement], Language::English, |input| page(&ReportInput { catalog: &catalog, ..*input }))
    };
    let clean = page_named("a");
    for text in MARKUP.iter().chain(HOSTILE) {
        let html = page_named(text);
        for tag in ["<script", "</script", "<!--", "<img", "<svg"] {
            assert_eq!(html.matches(tag).count(), clean.matches(tag).count(), "{tag} of {text:?}");
        }
        let title = data_of(&html)["agreements"][0][1].as_str().expect("a title").to_owned();
        assert!(is_clean(&title) && !title.contains('\n'), "{title:?}");
    }
    let kept = rendered(&titled(MARKUP[0]), Language::English, page);
    assert_eq!(data_of(&kept)["agreements"][0][1], MARKUP[0], "the text itself is what was written");
}

#[test]
fn the_page_runs_only_its_own_script_and_contains_no_address() {
    let html = rendered(&titled("a"), Language::Russian, page);
    assert!(html.contains("default-src &#x27;none&#x27;; script-src &#x27;sha256-"));
    assert!(!html.contains("unsafe-inline"));
    for reach in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!html.contains(reach), "{reach}");
    }
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let mut estate = titled("a");
    estate.push(agreement("b", "2026-03-01", "2027-02-28"));
    for tell in [page, csv, ics] {
        let shown = rendered(&estate, Language::English, tell);
        let turned: Vec<Agreement> = estate.iter().rev().cloned().collect();
        assert_eq!(rendered(&turned, Language::English, tell), shown);
    }
}

/// The shape of the words, for comparing two languages. Plural forms differ by language.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(map) if map.contains_key("other") => "plural".to_owned(),
        Value::Object(map) if map.contains_key("day") => "date".to_owned(),
        Value::Object(map) => {
            let shapes: Vec<String> =
                map.iter().map(|(name, value)| format!("{name}:{}", shape(value))).collect();
            shapes.join(";")
        }
        Value::Array(list) => list.iter().map(shape).collect::<Vec<_>>().join(","),
        Value::String(text) => {
            let mut holes: Vec<&str> =
                text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            holes.sort_unstable();
            format!("text{holes:?}")
        }
        _ => "?".to_owned(),
    }
}

#[test]
fn both_languages_have_every_word_with_the_same_placeholders() {
    let (russian, english) = (words(Language::Russian), words(Language::English));
    assert_eq!(shape(&russian), shape(&english));
    let of_client = super::client::words;
    assert_eq!(shape(&of_client(Language::Russian)), shape(&of_client(Language::English)));
    for (name, forms) in
        russian.as_object().expect("a map").iter().filter(|(_, value)| value["other"].is_string())
    {
        for form in ["one", "few", "many"] {
            assert!(forms[form].is_string(), "{name} has no form for `{form}`");
        }
    }
}

#[test]
fn every_word_that_the_script_or_the_frame_uses_is_defined() {
    let words = words(Language::English);
    let texts = [
        include_str!("vocabulary.js"),
        include_str!("model.js"),
        include_str!("timeline.js"),
        include_str!("tables.js"),
        include_str!("sheet.js"),
        include_str!("export.js"),
        include_str!("link.js"),
        include_str!("main.js"),
        include_str!("page.html"),
    ];
    let mut names = 0;
    for text in texts {
        for begin in ["say(\"", "words.", "fact(\""] {
            for part in text.split(begin).skip(1) {
                let name: String =
                    part.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
                // The word `words` at the end of a sentence is not a use.
                if !name.is_empty() {
                    assert!(!words[&name].is_null(), "`{name}` is used but not defined");
                    names += 1;
                }
            }
        }
    }
    assert!(names > 60);
}

#[test]
fn no_cell_is_a_formula_for_a_spreadsheet() {
    for text in ["=1+1", "+7 495", "-1", "@SUM(A1)", "＝1", " \t=1", "\u{202e}=1", "a\"b\n=c"] {
        let table = rendered(&titled(text), Language::English, csv);
        let lines: Vec<&str> = table.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines.len(), 2, "a text of several lines stays in its cell: {text:?}");
        let cell = lines[1].split("\",\"").nth(1).expect("the second cell");
        assert!(!cell.starts_with(['=', '+', '-', '@', '＝', ' ', '\t']), "{cell}");
    }
}

#[test]
fn russian_csv_separates_cells_by_semicolons() {
    let table = rendered(&titled("a"), Language::Russian, csv);
    assert!(table.starts_with("\u{feff}\"agreement\";\"title\";"));
}

#[test]
fn a_calendar_contains_future_events_only() {
    let mut estate = titled("a, b; c");
    estate.push(agreement("over", "2025-01-01", "2025-12-31"));
    insta::assert_snapshot!(rendered(&estate, Language::English, ics).replace("\r\n", "\n"), @r"
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Servanda//EN
    BEGIN:VEVENT
    UID:a.ends.2026-12-31@servanda
    DTSTAMP:20260901T090000Z
    DTSTART;VALUE=DATE:20261231
    DTEND;VALUE=DATE:20270101
    SUMMARY:dent-mayak: last day of the agreement
    DESCRIPTION:a\, b\; c (a)
    TRANSP:TRANSPARENT
    END:VEVENT
    BEGIN:VEVENT
    UID:a.rests.2026-10-01@servanda
    DTSTAMP:20260901T090000Z
    DTSTART;VALUE=DATE:20261001
    DTEND;VALUE=DATE:20270101
    SUMMARY:dent-mayak: agreement suspended
    DESCRIPTION:a\, b\; c (a)
    TRANSP:TRANSPARENT
    END:VEVENT
    END:VCALENDAR
    ");
}

/// The first and the last day of each event of a calendar file, with the part of its summary after the client.
fn events_of(estate: &[Agreement]) -> Vec<(String, String, String)> {
    let file = rendered(estate, Language::English, ics);
    let values = |name: &str| -> Vec<String> {
        let lines = file.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(|line| line.rsplit(": ").next().unwrap_or_default().to_owned()).collect()
    };
    let days = values("DTSTART;VALUE=DATE:").into_iter().zip(values("DTEND;VALUE=DATE:"));
    days.zip(values("SUMMARY:")).map(|((first, after), what)| (first, after, what)).collect()
}

#[test]
fn suspensions_and_last_days_in_a_calendar_are_those_of_the_agreement() {
    let suspended = |from: &str, until: Option<&str>| {
        let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
        let until = until.map(day);
        agreement.suspensions.push(Suspension { from: day(from), until, reason: None });
        agreement
    };
    let last_day = ("20261231".to_owned(), "20270101".to_owned(), "last day of the agreement".to_owned());
    for (from, until) in [("2026-08-01", None), ("2026-08-01", Some("2027-03-31"))] {
        let suspension = ("20260801".to_owned(), "20270101".to_owned(), "agreement suspended".to_owned());
        assert_eq!(events_of(&[suspended(from, until)]), [last_day.clone(), suspension]);
    }
    let mut open = suspended("2026-08-01", None);
    open.period.end = PeriodEnd::Open;
    // As of the first of September, nothing ends the suspension.
    let until_today = ("20260801".to_owned(), "20260902".to_owned(), "agreement suspended".to_owned());
    assert_eq!(events_of(&[open]), [until_today]);
    let mut tacit = agreement("a", "2026-01-01", "2026-12-31");
    let term = Term { months: 12, days: 0 };
    tacit.renewal = Renewal::Auto { term, notice_period: None, max_terms: Some(2) };
    let last_day = ("20281231".to_owned(), "20290101".to_owned(), "last day of the agreement".to_owned());
    assert_eq!(events_of(&[tacit]), [last_day]);
}

#[test]
fn the_table_without_script_is_limited_and_says_so() {
    let many: Vec<Agreement> =
        (0..2_001).map(|number| agreement(&format!("a{number}"), "2026-01-01", "2026-12-31")).collect();
    let html = rendered(&many, Language::English, page);
    assert_eq!(html.matches("<tr><td>").count(), 2_000);
    assert!(html.contains("The first 2000 of 2001 agreements are shown"));
    assert!(!rendered(&titled("a"), Language::English, page).contains("first 2000"));
}

#[test]
fn a_term_that_has_not_begun_is_not_open_ended() {
    let mut by_hand = agreement("a", "2026-01-01", "2026-12-31");
    by_hand.period.first_day = None;
    by_hand.period.end = PeriodEnd::Term(Term { months: 12, days: 0 });
    by_hand.activation = crate::agreement::Activation::Manual(Vec::new());
    let html = rendered(&[by_hand.clone()], Language::Russian, page);
    assert!(html.contains("<td>включается вручную</td>") && !html.contains("<td>бессрочно</td>"));
    let row = data_of(&html)["agreements"][0].clone();
    assert_eq!((&row[14], &row[18]["term"]), (&Value::from(3), &serde_json::json!([12, 0])));
    assert!(rendered(&[by_hand], Language::English, csv).contains("\"not_begun\""));
}

#[test]
fn only_a_served_page_may_ask_its_server() {
    let served = ServedState {
        has_plan: true,
        rejected: Some((read_instant("2026-09-01T09:00:00Z").expect("an instant"), "<b>a.yaml:1</b>")),
    };
    let html = rendered(&titled("a"), Language::English, |input| {
        page(&ReportInput { served: Some(served), ..*input })
    });
    assert!(html.contains("connect-src &#x27;self&#x27;") && html.contains("href=\"plan\""));
    assert!(html.contains("since 1\u{a0}September 2026: &lt;b&gt;a.yaml:1"), "{html}");
    let plain = rendered(&titled("a"), Language::English, page);
    assert!(!plain.contains("connect-src &#x27;self") && !plain.contains("href=\"plan\""));
}

#[test]
fn a_part_of_the_agreements_offers_no_command_for_all() {
    for renew in [None, Some(""), Some("2026-09-01")] {
        let html = rendered(&titled("a"), Language::English, |input| page(&ReportInput { renew, ..*input }));
        assert_eq!(data_of(&html)["renew"].as_str(), renew);
    }
}

#[test]
fn sent_and_coming_notices_name_their_recipients_without_addresses() {
    let mut sample = agreement("a", "2026-01-01", "2026-12-31");
    let to: Vec<String> = ["manager", "desk@acme.example"].map(str::to_owned).into();
    for event in [NoticeEvent::Activated, NoticeEvent::Deactivated] {
        let rule = NoticeRule { to: to.clone(), before: Vec::new(), at: None };
        sample.notices.events.insert(event, rule);
    }
    let hide = |address: &str| format!("h{}", address.len());
    let at = |text: &str| read_instant(text).expect("an instant");
    let key = |recipient: &str| {
        format!("notice/a/activated/2026-01-01/-/{recipient}/mail").parse::<NoticeKey>().expect("a key")
    };
    let done = |result, time: &str| NoticeRecord::settled(result, at(time));
    let mut records = NoticeRecords::default();
    records.records.extend([
        (key("address.h17"), done(NoticeResult::Sent, "2026-01-01T06:00:00Z")),
        (key("address.gone"), done(NoticeResult::Late, "2026-01-03T06:00:00Z")),
        (key("client.it"), done(NoticeResult::Superseded, "2026-01-01T06:00:00Z")),
    ]);
    let agreements = [sample];
    let now = at("2026-09-01T12:00:00+03:00");
    let notices = ReportNotices::of(
        &ForecastInput {
            agreements: &agreements,
            catalog: &Catalog::default(),
            channels: &[Channel::Mail],
            usual: TimeOfDay::constant(9, 0, 0, 0),
            between: (now, now),
        },
        Some(SentNotices { records: &records, hide: &hide }),
    );
    let html =
        rendered(&agreements, Language::English, |input| page(&ReportInput { notices: &notices, ..*input }));
    assert!(!html.contains("desk@acme"));
    let data = data_of(&html);
    let notice = |row: &Value, part: usize| {
        let index = usize::try_from(row[1].as_u64().expect("an index")).expect("small");
        data["notices"][index][part].as_str().expect("a text").to_owned()
    };
    let texts = |rows: &Value| -> Vec<(String, String, Option<u64>)> {
        let rows = rows.as_array().expect("notices").iter();
        rows.map(|row| (notice(row, 0), notice(row, 1), row[2].as_u64())).collect()
    };
    let more = &data["agreements"][0][18];
    let begins = |recipient: &str, result| ("begins".to_owned(), recipient.to_owned(), Some(result));
    assert_eq!(
        texts(&more["sent"]),
        [begins("address, by mail", 1), begins("address d…@acme.example, by mail", 0)],
        "the latest first"
    );
    let coming =
        texts(&data["coming"][usize::try_from(more["coming"].as_u64().expect("an index")).expect("small")]);
    assert_eq!(coming.len(), 2);
    assert_eq!((coming[1].0.as_str(), coming[1].1.as_str()), ("expired", "address d…@acme.example, by mail"));
}

#[test]
fn a_page_names_the_helpdesk_of_an_agreement_if_that_has_a_name() {
    let mut estate = ["a", "b", "c"].map(|id| agreement(id, "2026-01-01", "2026-12-31"));
    let clean = rendered(&estate, Language::English, page);
    assert_eq!(data_of(&clean)["helpdesks"], serde_json::json!([]));
    for (agreement, name) in estate.iter_mut().zip(["berlin", "moscow", "berlin"]) {
        agreement.helpdesk = HelpdeskName::new(name);
    }
    let html = rendered(&estate, Language::English, page);
    let data = data_of(&html);
    assert_eq!(data["helpdesks"], serde_json::json!(["berlin", "moscow"]));
    let index = |agreement: usize| data["agreements"][agreement][18]["helpdesk"].as_u64();
    assert_eq!([0, 1, 2].map(index), [None, Some(1), None]);
    assert!(html.contains("<td>a, berlin</td>") && html.contains("<td>b, moscow</td>"));
    let of_client = rendered(&estate, Language::English, |input| client_page(input, &estate[0].client, None));
    assert!(!of_client.contains("berlin") && !of_client.contains("moscow"));
}
