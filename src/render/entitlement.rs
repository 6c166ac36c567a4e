//! The answer to a question for a service, as JSON for a portal or a bot and as text for people.
//!
//! Both are made from one value. Every instant stands twice in the JSON, with the offset of its zone and in UTC.

use crate::calendar::{Day, Instant, Pauses, ZONE_DATA, Zone};
use crate::entitlement::{
    AgreementRef, Denial, DenialReason, DueTarget, DueUnknown, Entitled, EntitlementAnswer, EntitlementQuery,
    Obstacle, Register,
};
use crate::ident::{RecipientSlug, ServiceSlug};
use crate::render::line::Line;
use crate::render::style::{Paint, Tone};
use crate::render::terminal::{TerminalPage, TerminalTable};
use crate::render::vocabulary;

/// An answer for programs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct AnswerEnvelope {
    /// The version of this shape.
    pub format: u32,
    /// `entitled`, `not_entitled` or `ambiguous`.
    pub verdict: EntitlementVerdict,
    /// The query.
    pub question: QueryEcho,
    /// Under which agreement and by when, where the verdict is `entitled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<Entitlement>,
    /// The obstacles, the smallest first, if the verdict is `not_entitled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<DenialDetail>,
    /// From when on the answer is yes, where the verdict is `not_entitled` and the files say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalInstant>,
    /// The agreements that all say yes, where the verdict is `ambiguous`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<AgreementName>,
    /// The release of the zone data that instants depend on.
    pub zone_data: String,
}

/// The answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntitlementVerdict {
    /// Yes.
    Entitled,
    /// No.
    NotEntitled,
    /// Several agreements say yes.
    Ambiguous,
}

/// An instant, twice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LocalInstant {
    /// With the offset of the zone that it is given in.
    pub local: String,
    /// In UTC.
    pub utc: String,
}

/// The query.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct QueryEcho {
    /// The client, or the department of one.
    pub client: String,
    /// The service.
    pub service: String,
    /// The priority.
    pub priority: String,
    /// The instant of the request, in UTC.
    pub at: String,
    /// The stretches in which the clock of the resolution stands still, in UTC.
    pub pauses: Vec<(String, String)>,
}

/// An agreement by its names.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct AgreementName {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// Under which agreement, and by when.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Entitlement {
    /// The agreement.
    pub agreement: AgreementName,
    /// Its recipient that the request falls under.
    pub recipient: String,
    /// The last day of its period; `null` where it is open-ended.
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Day>,
    /// Days to the last day.
    pub days_left: Option<i64>,
    /// The calendar that times are counted on; `null` for the time that passes.
    pub calendar: Option<String>,
    /// The zone that times are given in.
    pub zone: String,
    /// Until somebody answers; `null` where it is not promised.
    pub response: Option<DueTime>,
    /// Until it is solved; `null` where it is not promised.
    pub resolution: Option<DueTime>,
    /// Notes: `no_target`, `after_end`, `calendar_not_known`, `hours_elsewhere`, `never_open`.
    pub remarks: Vec<&'static str>,
}

/// A promised time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct DueTime {
    /// Its length, as people write it.
    pub target: String,
    /// When it ends; `null` where that cannot be reported.
    pub due: Option<LocalInstant>,
    /// The reason why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<DueUnknown>,
    /// Whether it ends after the agreement. It holds all the same.
    pub after_end: bool,
    #[serde(skip)]
    known_through: Option<Day>,
}

/// An obstacle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct DenialDetail {
    /// `suspended`, `not_started`, `not_switched_on`, `terminated`, `expired`, `service_not_covered`,
    /// `recipient_not_covered` or `no_agreement`.
    pub code: &'static str,
    /// The agreement that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementName>,
    /// When it ends, where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<LocalInstant>,
    /// The last day of an agreement that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_day: Option<Day>,
}

fn moment(instant: Instant, zone: &Zone) -> LocalInstant {
    LocalInstant { local: zone.write(instant), utc: instant.to_string() }
}

fn name(named: &AgreementRef<'_>) -> AgreementName {
    AgreementName { id: named.id.to_owned(), title: named.title.to_owned() }
}

/// Puts an answer into its envelope. `pauses` are those of the question, as they were given.
pub fn envelope(question: &EntitlementQuery<'_>, answer: &EntitlementAnswer<'_>) -> AnswerEnvelope {
    let asked = QueryEcho {
        client: question.recipient.to_string(),
        service: question.service.to_string(),
        priority: question.priority.to_string(),
        at: question.at.to_string(),
        pauses: pauses(question.pauses),
    };
    let mut envelope = AnswerEnvelope {
        format: 1,
        verdict: EntitlementVerdict::Entitled,
        question: asked,
        entitlement: None,
        reasons: Vec::new(),
        from: None,
        candidates: Vec::new(),
        zone_data: ZONE_DATA.to_owned(),
    };
    match answer {
        EntitlementAnswer::Entitled(entitled) => envelope.entitlement = Some(entitlement(entitled)),
        EntitlementAnswer::NotEntitled(Denial { reasons, from }) => {
            envelope.verdict = EntitlementVerdict::NotEntitled;
            envelope.reasons = reasons.iter().map(why).collect();
            envelope.from = from.map(|(from, zone)| moment(from, zone));
        }
        EntitlementAnswer::Ambiguous(several) => {
            envelope.verdict = EntitlementVerdict::Ambiguous;
            envelope.candidates = several.iter().map(name).collect();
        }
    }
    envelope
}

fn pauses(pauses: &Pauses) -> Vec<(String, String)> {
    pauses.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect()
}

fn entitlement(entitled: &Entitled<'_>) -> Entitlement {
    let response = entitled.response.map(|promise| due(promise, &entitled.zone));
    let resolution = entitled.resolution.map(|promise| due(promise, &entitled.zone));
    let mut remarks = Vec::new();
    let mut remark = |holds: bool, code| {
        if holds {
            remarks.push(code);
        }
    };
    let any = |is: fn(&DueTime) -> bool| response.iter().chain(&resolution).any(is);
    remark(!entitled.is_promised, "no_target");
    remark(any(|due| due.after_end), "after_end");
    remark(any(|due| due.known_through.is_some()), "calendar_not_known");
    remark(any(|due| due.unknown == Some(DueUnknown::HoursElsewhere)), "hours_elsewhere");
    remark(any(|due| due.unknown == Some(DueUnknown::NeverOpen)), "never_open");
    Entitlement {
        agreement: name(&entitled.agreement),
        recipient: entitled.recipient.to_string(),
        last_day: entitled.last_day,
        days_left: entitled.days_left,
        calendar: entitled.calendar.map(ToString::to_string),
        zone: entitled.zone.name().to_owned(),
        response,
        resolution,
        remarks,
    }
}

fn due(promise: DueTarget, zone: &Zone) -> DueTime {
    DueTime {
        target: promise.target.to_string(),
        due: promise.due.ok().map(|instant| moment(instant, zone)),
        unknown: promise.due.err(),
        after_end: promise.is_after_end,
        known_through: promise.known_through,
    }
}

fn why(reason: &DenialReason<'_>) -> DenialDetail {
    let (until, last_day) = match reason.obstacle {
        Obstacle::Suspended { until } => (until, None),
        Obstacle::NotStarted { from } => (Some(from), None),
        Obstacle::Expired { on } | Obstacle::Terminated { on } => (None, on),
        Obstacle::NotSwitchedOn
        | Obstacle::ServiceNotCovered
        | Obstacle::RecipientNotCovered
        | Obstacle::NoAgreement => (None, None),
    };
    DenialDetail {
        code: reason.obstacle.code(),
        agreement: reason.agreement.as_ref().map(name),
        until: until.zip(reason.agreement).map(|(until, named)| moment(until, named.zone)),
        last_day,
    }
}

/// The services that a recipient may request at an instant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ServiceOffer {
    /// The version of this shape.
    pub format: u32,
    /// The client, or the department of one.
    pub client: String,
    /// The instant that is asked about, in UTC.
    pub at: String,
    /// The services, in the order of their slugs.
    pub services: Vec<OfferedService>,
}

/// A service that may be asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct OfferedService {
    /// Its slug.
    pub service: String,
    /// Its title in the catalog.
    pub title: String,
    /// The agreements that give it: one, or several where a request would be ambiguous.
    pub agreements: Vec<String>,
}

/// The services that a recipient may request at an instant.
pub fn offer(register: &Register, recipient: &RecipientSlug, at: Instant) -> ServiceOffer {
    let title = |service: &ServiceSlug| {
        let entry = register.catalog().services.get(service);
        entry.map_or_else(|| service.to_string(), |entry| entry.title.clone())
    };
    let services = register.given_to(recipient, at).into_iter().map(|(service, agreements)| OfferedService {
        service: service.to_string(),
        title: title(service),
        agreements: agreements.iter().map(|agreement| agreement.id.to_string()).collect(),
    });
    ServiceOffer {
        format: 1,
        client: recipient.to_string(),
        at: at.to_string(),
        services: services.collect(),
    }
}

/// The answer for people.
pub fn text(answer: &AnswerEnvelope, paint: Paint) -> String {
    let mut page = TerminalPage::new(paint);
    let QueryEcho { client, service, priority, .. } = &answer.question;
    let (tone, verdict) = match answer.verdict {
        EntitlementVerdict::Entitled => (Tone::Gain, "entitled"),
        EntitlementVerdict::NotEntitled => (Tone::Loss, "not entitled"),
        EntitlementVerdict::Ambiguous => (Tone::Alarm, "ambiguous"),
    };
    let heading = Line::new().toned(Tone::Strong, &format!("{client} asks for {service}, {priority}: "));
    page.line(0, 2, &heading.toned(tone, verdict));
    if let Some(entitlement) = &answer.entitlement {
        page.table(2, &promises(entitlement));
        for remark in &entitlement.remarks {
            page.line(2, 4, &Line::of(&format!("note: {}", remark_in_words(remark, entitlement))));
        }
    }
    for reason in &answer.reasons {
        page.line(2, 4, &Line::of(&reason_in_words(reason, service)));
    }
    if let Some(from) = &answer.from {
        page.line(2, 4, &Line::of(&format!("yes from {} on", readable(from))));
    }
    for candidate in &answer.candidates {
        page.line(2, 4, &Line::of(&format!("{}: {}", candidate.id, vocabulary::preview(&candidate.title))));
    }
    if !answer.candidates.is_empty() {
        page.line(
            2,
            4,
            &Line::of("all of these are active and cover it; end one, or give one of them other recipients"),
        );
    }
    page.finish()
}

fn promises(entitlement: &Entitlement) -> TerminalTable {
    let Entitlement { agreement, last_day, days_left, calendar, zone, .. } = entitlement;
    let ends = match (last_day, days_left) {
        (Some(day), Some(days)) => {
            format!(
                ", until {day} ({})",
                vocabulary::count(usize::try_from(*days).unwrap_or(0), "day", "days")
            )
        }
        _ => ", open-ended".to_owned(),
    };
    let row = |name: &str, value: String| vec![Line::new().toned(Tone::Quiet, name), Line::of(&value)];
    let mut rows = vec![
        row("agreement", format!("{}{ends}", agreement.id)),
        row("title", vocabulary::preview(&agreement.title)),
        row("calendar", format!("{} ({zone})", calendar.as_deref().unwrap_or("none: time that passes"))),
    ];
    for (name, due) in [("response", &entitlement.response), ("resolution", &entitlement.resolution)] {
        if let Some(due) = due {
            let end = due.due.as_ref().map_or_else(|| "not known".to_owned(), readable);
            rows.push(row(name, format!("{}, due {end}", due.target)));
        }
    }
    TerminalTable { rows, firm: vec![0], ..TerminalTable::default() }
}

/// `2026-09-01 12:30 (+03:00)`.
fn readable(moment: &LocalInstant) -> String {
    let (day, rest) = moment.local.split_once('T').unwrap_or((&moment.local, ""));
    let at = rest.find(['+', '-', 'Z']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(at);
    format!("{day} {} ({offset})", clock.strip_suffix(":00").unwrap_or(clock))
}

fn remark_in_words(code: &str, entitlement: &Entitlement) -> String {
    let calendar = entitlement.calendar.as_deref().unwrap_or_default();
    match code {
        "no_target" => "nothing is promised for this priority".to_owned(),
        "after_end" => "a time ends after the agreement, and holds all the same".to_owned(),
        "calendar_not_known" => {
            let mut dues = entitlement.response.iter().chain(&entitlement.resolution);
            let known = dues.find_map(|due| due.known_through);
            format!(
                "the exceptions of {calendar} are known through {} only",
                known.map(|day| day.to_string()).unwrap_or_default()
            )
        }
        "hours_elsewhere" => {
            format!("no file states the hours of {calendar}; write calendars/{calendar}.yaml")
        }
        _ => format!("{calendar} has not so much open time within ten years"),
    }
}

fn reason_in_words(reason: &DenialDetail, service: &str) -> String {
    let who = reason.agreement.as_ref().map_or("", |agreement| agreement.id.as_str());
    let until = reason.until.as_ref().map(readable);
    let on = reason.last_day.map_or_else(String::new, |day| format!(" on {day}"));
    match reason.code {
        "suspended" => match until {
            Some(until) => format!("{who} is suspended until {until}"),
            None => format!("{who} is suspended until further notice"),
        },
        "not_started" => format!("{who} begins {}", until.unwrap_or_default()),
        "not_switched_on" => format!("{who} is activated by hand, and was not yet"),
        "terminated" => format!("{who} was ended{on}"),
        "expired" => format!("{who} ended{on}"),
        "service_not_covered" => format!("no agreement covers {service}"),
        "recipient_not_covered" => "the agreements are for other recipients of the client".to_owned(),
        _ => "there is no agreement with the client".to_owned(),
    }
}
