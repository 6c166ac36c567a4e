//! The mapping of a tenant of ITSM 365, proposed from some of its objects: which code holds what, and how.
//!
//! The usual name of an attribute counts where its values fit; where they do not, the values alone decide.
//! What no value can tell (what a write would do) is proposed so that it holds in every tenant known.

use std::collections::BTreeMap;

use crate::calendar::{Day, Instant, Zone};
use crate::discovery::evidence::{DiscoveredMapping, Evidence, MappingLine, ValueShape, line, unread};
use crate::discovery::profile::{Profile, Profiles, read_label};
use crate::discovery::sample::{ClassSample, RawObject, Samples};
use crate::discovery::term::{self, PeriodAttributes};
use crate::mapping::{Field, Mapping, RuleClass};
use crate::status::State;

/// The classes to look at, the ones that matter most first, with how many objects are enough.
pub const CLASSES: [(&str, usize); 7] = [
    ("agreement", 200),
    ("ou", 100),
    ("agreementRule", 200),
    ("slmService", 1),
    ("employee", 1),
    ("servicetime", 1),
    ("priority", 1),
];

/// The class that may hold the history. It is asked for with the id of one agreement.
pub const HISTORY: (&str, &str) = ("event", "source");

/// A day in one form, to ask the helpdesk for: whether it understands tells how it wants days written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormProbe {
    /// The attribute.
    pub attribute: String,
    /// The day as it would be written.
    pub value: String,
    /// The name of the form in the settings.
    form: &'static str,
}

/// The sampled objects.
pub struct Itsm365Samples<'a> {
    /// The objects, by class.
    pub samples: &'a Samples,
    /// The first question that the helpdesk answered with an object, if any.
    pub understood: Option<&'a DateFormProbe>,
    /// The zone of the repository.
    pub zone: &'a Zone,
    /// The helpdesk's own clock.
    pub clock: Option<Instant>,
    /// The day of the look.
    pub today: Day,
}

/// The questions to ask, in this order, until one is answered with an object.
pub fn date_form_probes(samples: &Samples) -> Vec<DateFormProbe> {
    let objects = agreements(samples).1;
    let profiles = Profiles::of(objects.iter().copied());
    let Some(attribute) = days(&objects, &profiles).0 else {
        return Vec::new();
    };
    let is_bare = profiles.get(&attribute).is_some_and(Profile::is_bare);
    let mut labels = objects.iter().filter_map(|object| read_label(object.get(&attribute)?.as_str()?));
    let Some((day, time)) = labels.find(|(_, time)| time.is_none() == is_bare) else {
        return Vec::new();
    };
    let question =
        |value: String, form: &'static str| DateFormProbe { attribute: attribute.clone(), value, form };
    let (dots, dashes) = (day.strftime("%Y.%m.%d").to_string(), day.to_string());
    let time = time.unwrap_or_else(|| "00:00:00".to_owned());
    let mut questions = vec![
        question(format!("{dots} {time}"), "date_time"),
        question(format!("{dashes} {time}"), "iso_date_time"),
        question(dots, "date"),
        question(dashes, "iso_date"),
    ];
    // First the forms that resemble the helpdesk's own.
    if is_bare {
        questions.rotate_left(2);
    }
    questions
}

/// The mapping that fits what was seen, with the evidence for each line.
pub fn propose_mapping(seen: &Itsm365Samples<'_>) -> DiscoveredMapping {
    let unread = unread(seen.samples, &[]);
    let (class, objects) = agreements(seen.samples);
    if objects.is_empty() {
        let lines = vec![line(&["agreement", "class"], class, Evidence::NoObjects)];
        return DiscoveredMapping { lines, unread, missing: Vec::new() };
    }
    let profiles = Profiles::of(objects.iter().copied());
    let (first, last) = days(&objects, &profiles);
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    let all = seen.samples[CLASSES[0].0].objects().len();
    lines.push(line(&["agreement", "class"], class, Evidence::Typed { held: objects.len(), of: all }));
    lines.push(key(&profiles));
    for (field, path) in FIELDS {
        let found = match field {
            Field::FirstDay => first.clone().map(|code| day_evidence(&profiles, &field, code)),
            Field::LastDay => last.clone().map(|code| day_evidence(&profiles, &field, code)),
            _ => choose(&profiles, usual_names(&field), &wanted(&field)),
        };
        let Some((code, evidence)) = found else {
            missing.push(field);
            continue;
        };
        if field != Field::LastDay {
            lines.push(line(&["agreement", "attributes", path], code, evidence));
            continue;
        }
        let (form, why) = term::last_day_form(&objects, &profiles, first.as_deref(), &code);
        lines.push(line(&["agreement", "attributes", path, "attribute"], code, evidence));
        lines.push(line(&["agreement", "attributes", path, "as"], form, why));
    }
    let days = PeriodAttributes { first: first.as_deref(), last: last.as_deref(), today: seen.today };
    let usual = Mapping::default().states;
    lines.extend(term::states(&objects, "state", &days, &STATES, &usual));
    lines.extend(recipients(seen.samples));
    lines.push(form(seen.understood, last.as_deref().and_then(|code| profiles.get(code))));
    lines.push(zone(seen));
    lines.extend(rules(seen.samples));
    lines.extend(history(seen.samples));
    DiscoveredMapping { lines, unread, missing }
}

/// The fields that are looked for, with their names under `attributes:`.
const FIELDS: [(Field, &str); 9] = [
    (Field::Title, "title"),
    (Field::Number, "number"),
    (Field::FirstDay, "first_day"),
    (Field::LastDay, "last_day"),
    (Field::Manager, "manager"),
    (Field::Provider, "provider"),
    (Field::Calendar, "calendar"),
    (Field::Services, "services"),
    (Field::Recipients, "recipients"),
];

/// The names of a field in tenants, the likeliest first.
fn usual_names(field: &Field) -> &'static [&'static str] {
    match field {
        Field::Title => &["title"],
        Field::Number => &["contractNumber", "contractNo", "agreementNumber", "docNumber", "number2"],
        Field::FirstDay => &["startDate", "beginDate", "dateStart", "dateBegin", "validFrom"],
        Field::LastDay => &["endDate", "finishDate", "dateEnd", "dateFinish", "validTo"],
        Field::Manager => &["responsible", "responsibleEmployee", "manager", "curator"],
        Field::Provider => &["supplier", "provider", "executor"],
        Field::Calendar => &["serviceTime", "supportTime"],
        Field::Services => &["services", "slmServices"],
        Field::Recipients => &["recipientsOU", "recipients"],
        Field::Contacts | Field::Targets | Field::Attribute(_) => &[],
    }
}

/// The names under which a mark of ownership may lie, the likeliest first.
const KEYS: [&str; 4] = ["inventoryNumber", "externalId", "idHolder", "externalCode"];

/// The attributes that the helpdesk sets itself, which are never mapped.
const SYSTEM: [&str; 10] = [
    "UUID",
    "metaClass",
    "number",
    "author",
    "state",
    "stateStartTime",
    "creationDate",
    "lastModifiedDate",
    "removed",
    "removalDate",
];

/// The words for our states, the likeliest first.
const STATES: term::Words = [
    (State::Planned, "planned", &["planned", "plan", "registered", "draft", "new", "project"]),
    (State::Active, "active", &["active", "acting", "inForce"]),
    (State::Suspended, "suspended", &["suspended", "paused", "inactive", "stopped", "closed"]),
    (State::Expired, "expired", &["expired", "inactive", "closed", "stopped"]),
    (State::Terminated, "terminated", &["terminated", "inactive", "closed", "stopped"]),
];

/// The type that most agreements are of, and those of them.
fn agreements(samples: &Samples) -> (String, Vec<&RawObject>) {
    of_commonest_type(samples, CLASSES[0].0)
}

fn of_commonest_type<'a>(samples: &'a Samples, class: &str) -> (String, Vec<&'a RawObject>) {
    let objects = samples.get(class).map_or(&[][..], ClassSample::objects);
    let kind = |object: &RawObject| {
        object.get("metaClass").and_then(|kind| kind.as_str()).unwrap_or(class).to_owned()
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects {
        *counts.entry(kind(object)).or_default() += 1;
    }
    let commonest = counts.into_iter().max_by_key(|(_, count)| *count);
    let commonest = commonest.map_or_else(|| class.to_owned(), |(kind, _)| kind);
    let own = objects.iter().filter(|object| kind(object) == commonest).collect();
    (commonest, own)
}

/// The attribute with the fewest texts of other people, of those that usually take a mark.
fn key(profiles: &Profiles) -> MappingLine {
    let path = ["agreement", "key", "attribute"];
    let prefix = Mapping::default().key.prefix;
    let taken = |profile: &Profile| {
        let others = profile.texts.iter().filter(|text| !text.starts_with(&prefix)).count();
        others + profile.held - profile.texts.len()
    };
    let present = KEYS.iter().filter_map(|code| Some((*code, taken(profiles.get(code)?))));
    match present.min_by_key(|(_, taken)| *taken) {
        Some((code, taken)) => line(&path, code, Evidence::Free { taken, of: profiles.of }),
        None => line(&path, KEYS[0], Evidence::NoObjects),
    }
}

/// The form of a field's values.
fn wanted(field: &Field) -> ValueShape {
    match field {
        Field::FirstDay | Field::LastDay => ValueShape::Day(None),
        Field::Manager => ValueShape::Reference("employee".to_owned()),
        Field::Provider => ValueShape::Reference("ou".to_owned()),
        Field::Calendar => ValueShape::Reference("servicetime".to_owned()),
        Field::Services => ValueShape::Set("slmService".to_owned()),
        Field::Recipients => ValueShape::Set("ou".to_owned()),
        Field::Title | Field::Number | Field::Contacts | Field::Targets | Field::Attribute(_) => {
            ValueShape::Text
        }
    }
}

/// The code with values that fit: of a usual name, else the fullest of another; at last an empty one of a usual name.
fn choose(profiles: &Profiles, usual: &[&str], shape: &ValueShape) -> Option<(String, Evidence)> {
    let holds = |profile: &Profile, usual_name: bool| {
        holding(profile, profiles.of, (shape.clone(), shape), usual_name)
    };
    let known = || usual.iter().filter_map(|code| Some((*code, profiles.get(code)?)));
    if let Some((code, profile)) = known().find(|(_, profile)| profile.fits(shape)) {
        return Some((code.to_owned(), holds(profile, true)));
    }
    // Any text could be anything; a reference or a set says by itself what it leads to.
    let tells = matches!(shape, ValueShape::Reference(_) | ValueShape::Set(_));
    let others =
        profiles.iter().filter(|(code, profile)| tells && !SYSTEM.contains(code) && profile.fits(shape));
    if let Some((code, profile)) = others.max_by_key(|(_, profile)| profile.held) {
        return Some((code.to_owned(), holds(profile, false)));
    }
    let empty = known().find(|(_, profile)| profile.held == 0);
    empty.map(|(code, _)| (code.to_owned(), Evidence::Empty { of: profiles.of }))
}

/// The codes of first and last day: by their usual names, else the two of which one never comes after the other.
fn days(objects: &[&RawObject], profiles: &Profiles) -> (Option<String>, Option<String>) {
    let named = |field: &Field| {
        let known = usual_names(field).iter().filter_map(|code| Some((*code, profiles.get(code)?)));
        let known: Vec<(&str, &Profile)> = known.collect();
        let held = known.iter().find(|(_, profile)| profile.fits(&ValueShape::Day(None)));
        held.or_else(|| known.iter().find(|(_, profile)| profile.held == 0))
            .map(|(code, _)| (*code).to_owned())
    };
    let (first, last) = (named(&Field::FirstDay), named(&Field::LastDay));
    let has_values = |code: &Option<String>| {
        code.as_ref().and_then(|code| profiles.get(code)).is_some_and(|profile| profile.held > 0)
    };
    if has_values(&first) || has_values(&last) {
        return (first, last);
    }
    let is_day =
        |(code, profile): &(&str, &Profile)| !SYSTEM.contains(code) && profile.fits(&ValueShape::Day(None));
    let codes: Vec<&str> = profiles.iter().filter(is_day).map(|(code, _)| code).collect();
    let mut best: Option<(usize, &str, &str)> = None;
    for one in &codes {
        for other in codes.iter().filter(|other| *other != one) {
            let spans = term::spans(objects, one, other);
            let in_order = spans.iter().filter(|(first, last)| first < last).count();
            let reversed = spans.iter().filter(|(first, last)| first > last).count();
            if in_order > reversed && best.is_none_or(|(count, _, _)| spans.len() > count) {
                best = Some((spans.len(), one, other));
            }
        }
    }
    best.map_or((first, last), |(_, one, other)| (Some(one.to_owned()), Some(other.to_owned())))
}

/// The evidence of an attribute whose values have a shape, and the objects whose value has another.
fn holding(
    profile: &Profile,
    of: usize,
    (shown, shape): (ValueShape, &ValueShape),
    usual_name: bool,
) -> Evidence {
    let outliers = profile.outliers(shape);
    Evidence::Holds { shape: shown, held: profile.held - outliers.len(), of, usual_name, outliers }
}

fn day_evidence(profiles: &Profiles, field: &Field, code: String) -> (String, Evidence) {
    let evidence = match profiles.get(&code) {
        Some(profile) if profile.held > 0 => {
            let time = profile.usual_time().filter(|(_, count)| *count == profile.days.len());
            let shown = ValueShape::Day(time.map(|(time, _)| time.to_owned()));
            let is_usual = usual_names(field).contains(&code.as_str());
            holding(profile, profiles.of, (shown, &ValueShape::Day(None)), is_usual)
        }
        _ => Evidence::Empty { of: profiles.of },
    };
    (code, evidence)
}

/// The side on which links are written. Reading cannot tell whether the agreement's side takes them; the
/// recipient's is the one on which writes were seen.
fn recipients(samples: &Samples) -> Vec<MappingLine> {
    let profiles = Profiles::of(samples.get("ou").map_or(&[][..], ClassSample::objects));
    let shape = ValueShape::Set("agreement".to_owned());
    let side = ["agreement", "recipients", "side"];
    match choose(&profiles, &["recipientAgreements"], &shape) {
        Some((code, evidence)) => {
            let held = profiles.get(&code).map_or(0, |profile| profile.held);
            vec![
                line(&side, "recipient", Evidence::Linked { held, of: profiles.of }),
                line(&["agreement", "recipients", "attribute"], code, evidence),
            ]
        }
        None => vec![line(&side, "agreement", Evidence::Default)],
    }
}

fn form(understood: Option<&DateFormProbe>, last: Option<&Profile>) -> MappingLine {
    let path = ["dates", "form"];
    if let Some(question) = understood {
        return line(&path, question.form, Evidence::Understood { value: question.value.clone() });
    }
    let is_bare = last.is_some_and(Profile::is_bare);
    line(&path, if is_bare { "date" } else { "date_time" }, Evidence::Default)
}

/// No time bears a zone. The newest of them cannot lie ahead of the helpdesk's clock, which bounds it on one side.
fn zone(seen: &Itsm365Samples<'_>) -> MappingLine {
    let objects = seen.samples.values().flat_map(ClassSample::objects);
    let times = objects.flat_map(|object| ["lastModifiedDate", "creationDate"].map(|code| object.get(code)));
    let newest = times.filter_map(|time| time?.as_str()).max();
    let evidence = newest.zip(seen.clock).and_then(|(newest, clock)| {
        let written = newest.replace('.', "-");
        let time: jiff::civil::DateTime = written.get(..19)?.parse().ok()?;
        let utc = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
        let minutes = (utc.as_second() - clock.as_second()) / 60;
        Some(Evidence::Clock { newest: newest.to_owned(), minutes })
    });
    line(&["dates", "timezone"], seen.zone.name(), evidence.unwrap_or(Evidence::Default))
}

fn rules(samples: &Samples) -> Vec<MappingLine> {
    let off = |evidence| vec![line(&["sla_rules"], "off", evidence)];
    let (class, objects) = of_commonest_type(samples, "agreementRule");
    if objects.is_empty() {
        return off(Evidence::NoObjects);
    }
    let profiles = Profiles::of(objects.iter().copied());
    let usual = RuleClass::default();
    let reference = |class: &str| ValueShape::Reference(class.to_owned());
    let chosen = [
        ("agreement", usual.agreement, reference("agreement")),
        ("service", usual.service, reference("slmService")),
        ("priority", usual.priority, reference("priority")),
        ("calendar", usual.calendar, reference("servicetime")),
        ("response", usual.response, ValueShape::Interval),
        ("resolution", usual.resolution, ValueShape::Interval),
    ];
    let all = samples["agreementRule"].objects().len();
    let mut lines =
        vec![line(&["sla_rules", "class"], class, Evidence::Typed { held: objects.len(), of: all })];
    for (path, usual, shape) in chosen {
        // Without all of its codes a rule cannot be written.
        let Some((code, evidence)) = choose(&profiles, &[&usual], &shape) else {
            return off(Evidence::NoObjects);
        };
        lines.push(line(&["sla_rules", path], code, evidence));
    }
    let lengths = [&lines[lines.len() - 2], &lines[lines.len() - 1]];
    let lengths = lengths.into_iter().filter_map(|line| profiles.get(line.value.as_str()?));
    lines.push(interval(&lengths.collect::<Vec<_>>(), profiles.of));
    lines
}

/// The form of lengths of time. A number of minutes in milliseconds is one that thousands and sixties divide.
fn interval(lengths: &[&Profile], of: usize) -> MappingLine {
    let held = lengths.iter().map(|profile| profile.held).max().unwrap_or_default();
    let numbers = || lengths.iter().flat_map(|profile| &profile.numbers);
    let count = |of: fn(&Profile) -> usize| lengths.iter().map(|profile| of(profile)).sum::<usize>();
    let (objects, texts) = (count(Profile::intervals), count(|profile| profile.texts.len()));
    let form = if objects > 0 && objects >= texts.max(numbers().count()) {
        "object"
    } else if texts > numbers().count() {
        "text"
    } else if numbers().next().is_none() {
        return line(&["sla_rules", "interval"], "object", Evidence::Default);
    } else if numbers().all(|number| number % 60_000 == 0) {
        "milliseconds"
    } else {
        "seconds"
    };
    let evidence =
        Evidence::Holds { shape: ValueShape::Interval, held, of, usual_name: true, outliers: Vec::new() };
    line(&["sla_rules", "interval"], form, evidence)
}

fn history(samples: &Samples) -> Option<MappingLine> {
    let (class, link) = HISTORY;
    let objects = samples.get(class)?.objects();
    let has_all = |object: &&RawObject| {
        [link, "attribute", "author", "creationDate"].iter().all(|code| object.contains_key(*code))
    };
    let held = objects.iter().filter(has_all).count();
    (held > 0).then(|| line(&["history", "class"], class, Evidence::Typed { held, of: objects.len() }))
}

#[cfg(test)]
mod tests;
