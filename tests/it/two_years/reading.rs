//! Reads a mail and compares it with the agreements. The oracle only asks on which days an agreement is active.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use servanda::agreement::{Agreement, PeriodEnd, Renewal};
use servanda::calendar::Day;
use servanda::ident::AgreementId;
use servanda::notice::delivery::Message;
use servanda::notice::due::Notice;
use servanda::notice::{Identity, NoticeKind};
use servanda::render::message::{MessageContext, RenderedMessage};
use servanda::settings::Language;
use servanda::status::{State, state_at};

/// The days that the oracle looks at; what is active on the last of them has no end.
const HORIZON: (&str, &str) = ("2024-01-01", "2031-12-31");

const MONTHS: [[&str; 12]; 2] = [
    [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

/// What no mail contains: leftovers of a template, and slips of punctuation.
const SLIPS: [&str; 12] = ["{{", "{%", "None", "undefined", "null", "..", " ,", " .", "««", "»»", "  ", "()"];

/// What is true of one event: the days that its text names, and those that it may name.
struct Facts {
    must: Vec<Day>,
    may: Vec<Day>,
    days_left: Option<i32>,
}

/// The days on which each agreement is active.
pub(super) struct ActiveDays(BTreeMap<AgreementId, BTreeSet<Day>>);

impl ActiveDays {
    /// Asks for each day.
    pub(super) fn of(agreements: &[Agreement]) -> Self {
        let (first, last): (Day, Day) = (HORIZON.0.parse().unwrap(), HORIZON.1.parse().unwrap());
        let days =
            || std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(|day| *day <= last);
        let active = |agreement: &Agreement| {
            days().filter(|day| is_active(agreement, *day)).collect::<BTreeSet<Day>>()
        };
        Self(agreements.iter().map(|agreement| (agreement.id.clone(), active(agreement))).collect())
    }
}

/// Reads one mail.
pub(super) fn read(
    message: &Message,
    mail: &RenderedMessage,
    context: &MessageContext<'_>,
    active: &ActiveDays,
) {
    let text = mail.text.replace('\u{a0}', " ");
    let subject = mail.subject.replace('\u{a0}', " ");
    for slip in SLIPS {
        assert!(!text.contains(slip) && !subject.contains(slip), "{slip:?} in\n{subject}\n\n{text}");
    }
    assert!(!mail.html.contains("{{") && !mail.html.contains("undefined"));
    let is_manager =
        message.notices.iter().any(|notice| matches!(notice.recipient.identity, Identity::Manager(_)));
    let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
    let mut asks_for_renewal = false;
    for notice in &message.notices {
        let agreement = context.agreements[notice.key.agreement.as_str()];
        let kind = NoticeKind::of(agreement, notice.key.event, notice.key.day);
        let facts = facts(agreement, notice, kind, context, active)
            .unwrap_or_else(|| panic!("{kind:?} of {} is not so\n{subject}\n\n{text}", agreement.id));
        must.extend(facts.must);
        may.extend(facts.may);
        asks_for_renewal |= kind == NoticeKind::RunsOut;
        if let Some(left) = facts.days_left.filter(|left| *left > 0 && kind == NoticeKind::RunsOut) {
            assert!(text.contains(&left.to_string()), "{left} days are left\n{text}");
        }
        assert!(text.contains(&agreement.title), "{}\n{text}", agreement.title);
        let language = if is_manager { context.language } else { agreement.language };
        let greeting = if language == Language::Russian { "Здравствуйте!" } else { "Hello," };
        assert!(text.starts_with(greeting), "{text}");
        if let Some(manager) = agreement.manager.as_ref().filter(|_| !is_manager) {
            let entry = &context.catalog.managers[manager.as_str()];
            assert!(text.contains(&entry.title), "the client reads whom to write to\n{text}");
        }
        for service in agreement.services.keys().filter(|_| !is_manager) {
            let title = &context.catalog.services[service.as_str()].title;
            assert!(text.contains(title.as_str()), "{title}\n{text}");
        }
    }
    let named = days(&(text.clone() + "\n" + &subject));
    assert!(must.is_subset(&named), "{must:?} in\n{text}");
    may.extend(must);
    assert!(named.is_subset(&may), "{named:?} are not all of {may:?} in\n{text}");
    let asks = text.contains("согласуйте с нами продление") || text.contains("agree on a renewal with us");
    assert_eq!(asks, asks_for_renewal && !is_manager, "{text}");
    commands(&text, message, is_manager);
}

/// The facts of one event; `None` if it is not so.
fn facts(
    agreement: &Agreement,
    notice: &Notice,
    kind: NoticeKind,
    context: &MessageContext<'_>,
    active_days: &ActiveDays,
) -> Option<Facts> {
    let days = &active_days.0[&agreement.id];
    let active = |day: Day| days.contains(&day);
    let (today, day) = (agreement.zone.day_of(context.at), notice.key.day);
    let (before, after) = (day.yesterday().ok()?, day.tomorrow().ok()?);
    let (was_active, has_been) = (active(before), days.range(..day).next().is_some());
    let end = days.last().copied().filter(|end| end.to_string() != HORIZON.1);
    let cut = agreement.termination.as_ref().map(|termination| termination.last_day);
    let period_end = period_end(agreement, day).or(end).map(|last| cut.map_or(last, |cut| cut.min(last)));
    let is_deadline = |day: &&Day| today <= **day && Some(**day) <= period_end;
    let deadlines: Vec<Day> = days.iter().filter(is_deadline).copied().collect();
    let facts = |must: &[Option<Day>], may: &[Option<Day>]| {
        let must = must.iter().flatten().copied().collect();
        Some(Facts { must, may: may.iter().flatten().copied().collect(), days_left: None })
    };
    // A deadline lies between today and the last day.
    let reminder = |of: Day| {
        let days_left = today.until(of).ok().map(|span| span.get_days());
        Some(Facts { must: vec![of], may: deadlines.clone(), days_left })
    };
    let is_sent_at_once = today == day;
    let is_followed = is_followed(agreement, end, context, active_days);
    match kind {
        NoticeKind::Begins if is_sent_at_once && active(day) && !has_been => {
            facts(&[Some(day)], &[period_end])
        }
        NoticeKind::Resumes if is_sent_at_once && active(day) && !was_active && has_been => {
            facts(&[Some(day)], &[period_end])
        }
        NoticeKind::RenewedTacitly if is_sent_at_once && active(day) && was_active => {
            let may: Vec<Option<Day>> = deadlines.iter().copied().map(Some).collect();
            facts(&[Some(day), period_end], &may)
        }
        NoticeKind::Succeeds if is_sent_at_once && active(day) && !has_been => active_days.0
            [agreement.renews.as_ref()?]
        .contains(&before)
        .then(|| facts(&[Some(day)], &[period_end]))?,
        NoticeKind::Suspended if is_sent_at_once && !active(day) && was_active => {
            match days.range(day..).next().copied() {
                Some(resumes) => facts(&[Some(day), resumes.yesterday().ok(), Some(resumes)], &[]),
                None => facts(&[Some(day)], &[]),
            }
        }
        NoticeKind::Terminated | NoticeKind::Expired if days.range(after..).next().is_none() => {
            // A termination at an hour takes effect on its last day.
            let last = if active(day) { day } else { before };
            let is_early = agreement.termination.is_some();
            (is_early == (kind == NoticeKind::Terminated)).then(|| facts(&[Some(last)], &[]))?
        }
        NoticeKind::EndsEarly if agreement.termination.is_some() && end == Some(day) => reminder(day),
        NoticeKind::RunsOut if agreement.termination.is_none() && end == Some(day) && !is_followed => {
            (agreement.renewal != Renewal::None).then(|| reminder(day))?
        }
        NoticeKind::NotRenewed if agreement.renewal == Renewal::None && end == Some(day) => reminder(day),
        NoticeKind::RenewalDecision if !active(after) && period_end == Some(day) && !is_followed => {
            reminder(day)
        }
        NoticeKind::RenewsUnlessNotice if active(day) && active(after) && period_end == Some(day) => {
            reminder(day)
        }
        _ => None,
    }
}

/// Whether another agreement renews this one on the day after its end.
fn is_followed(
    agreement: &Agreement,
    end: Option<Day>,
    context: &MessageContext<'_>,
    active: &ActiveDays,
) -> bool {
    let next = end.and_then(|end| end.tomorrow().ok());
    context.agreements.values().any(|other| {
        other.renews.as_ref() == Some(&agreement.id)
            && next.is_some_and(|next| active.0[&other.id].contains(&next))
    })
}

/// The last day of the period that contains a day, counted from the first day.
fn period_end(agreement: &Agreement, day: Day) -> Option<Day> {
    let term = match (agreement.renewal, agreement.period.end) {
        (Renewal::Auto { term, .. }, _) | (_, PeriodEnd::Term(term)) => term,
        (_, PeriodEnd::LastDay(last_day)) => return Some(last_day),
        (_, PeriodEnd::Open) => return None,
    };
    let first_day = agreement.period.first_day?;
    let begins = |number: i32| first_day.checked_add(jiff::Span::new().months(number * term.months)).ok();
    let next = (1..40).filter_map(begins).find(|next| *next > day)?;
    next.yesterday().ok()
}

fn is_active(agreement: &Agreement, day: Day) -> bool {
    state_at(agreement, agreement.zone.at(day, 12, 0)).0 == State::Active
}

/// All days that a text names in words.
fn days(text: &str) -> BTreeSet<Day> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number =
        |word: &&str| -> Option<i16> { word.trim_matches(|sign: char| !sign.is_ascii_digit()).parse().ok() };
    let day = |at: usize| {
        let month = MONTHS.iter().find_map(|months| months.iter().position(|month| *month == words[at]))?;
        let (day, year) = (number(words.get(at.checked_sub(1)?)?)?, number(words.get(at + 1)?)?);
        Day::new(year, i8::try_from(month).ok()? + 1, i8::try_from(day).ok()?).ok()
    };
    (0..words.len()).filter_map(day).collect()
}

/// Commands name an agreement of the mail, and files exist. Clients get neither.
fn commands(text: &str, message: &Message, is_manager: bool) {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    assert!(is_manager || quoted.is_empty(), "{text}");
    for quoted in quoted {
        if let Some(command) = quoted.strip_prefix("servanda ") {
            let words: Vec<&str> = command.split(' ').collect();
            assert!(["renew", "terminate", "resume", "activate"].contains(&words[0]), "{command}");
            assert!(
                message.notices.iter().any(|notice| notice.key.agreement.as_str() == words[1]),
                "{command}"
            );
        } else if quoted.starts_with("agreements/") {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(quoted).is_file(), "{quoted}");
        }
    }
}
