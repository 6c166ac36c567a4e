//! The mapping of an iTop, proposed from some of its contracts.
//!
//! The stock data model is spelled the same everywhere. What is looked for is what a tenant added to it, how its people
//! use it (states, priorities, who provides, what becomes of services when a contract ends), and what the login may read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::calendar::Day;
use crate::catalog::{Catalog, CatalogEntry};
use crate::discovery::evidence::{DiscoveredMapping, Evidence, MappingLine, ValueShape, line, unread};
use crate::discovery::profile::{Profile, Profiles};
use crate::discovery::sample::{ClassSample, RawObject, Samples};
use crate::discovery::term::{self, PeriodAttributes};
use crate::ident::LiveId;
use crate::ident::slug::slug_of;
use crate::mapping::{Field, Mapping};
use crate::settings::ITOP_PRIORITIES;
use crate::status::State;

/// A look at a class.
#[derive(Clone, Copy, Debug)]
pub struct ClassQuery<'a> {
    /// The class.
    pub class: &'a str,
    /// Which attributes.
    pub attributes: &'a str,
    /// The number of objects that are enough.
    pub most: usize,
}

const fn class_query(class: &'static str, attributes: &'static str, most: usize) -> ClassQuery<'static> {
    ClassQuery { class, attributes, most }
}

/// The class of contracts.
pub const CONTRACT: &str = "CustomerContract";
/// The class of people.
pub const PERSON: &str = "Person";
/// The class of what was changed. Plans go on without it.
pub const HISTORY: &str = "CMDBChangeOpSetAttribute";
/// The classes that hold targets.
pub const TARGETS: [&str; 3] = ["SLA", "SLT", "lnkSLAToSLT"];

/// The objects to sample, contracts first. People whom [`linked_objects`] names are preferred.
pub const CLASS_QUERIES: [ClassQuery<'static>; 10] = [
    class_query(CONTRACT, "*+", 200),
    class_query("Organization", "name", 1),
    class_query("Service", "name,org_id,organization_name", 200),
    class_query(PERSON, "id,friendlyname", 1),
    class_query("lnkCustomerContractToService", "id", 1),
    class_query("lnkContactToContract", "id", 1),
    class_query("SLA", "name", 1),
    class_query("SLT", "priority", 200),
    class_query("lnkSLAToSLT", "id", 1),
    class_query(HISTORY, "date", 1),
];

/// The sampled objects.
pub struct ItopSamples<'a> {
    /// The objects, by class.
    pub samples: &'a Samples,
    /// The slugs that the repository has already.
    pub catalog: &'a Catalog,
    /// The day of the look.
    pub today: Day,
}

/// The attributes of a contract in the stock data model, but for those that repeat what they are linked with.
const STOCK: [&str; 19] = [
    "id",
    "name",
    "org_id",
    "organization_name",
    "contacts_list",
    "documents_list",
    "description",
    "start_date",
    "end_date",
    "cost",
    "cost_currency",
    "cost_unit",
    "billing_frequency",
    "contracttype_id",
    "provider_id",
    "status",
    "services_list",
    "functionalcis_list",
    "providercontracts_list",
];
/// The suffixes of attributes that repeat a value of a linked object.
const REPEATED: [&str; 5] =
    ["_name", "_friendlyname", "_obsolescence_flag", "_finalclass_recall", "_archive_flag"];
/// The names under which a tenant's own attribute may take the ownership key, the likeliest first.
const KEYS: [&str; 6] =
    ["servanda", "servanda_key", "external_id", "external_key", "external_ref", "inventory_number"];
/// The names under which a tenant's own attribute holds the contract's number.
const NUMBERS: [&str; 7] = [
    "number",
    "contract_number",
    "contract_no",
    "contractnumber",
    "reference",
    "contract_ref",
    "contract_reference",
];
/// The names of priorities that a catalog may have, for each of the four.
const RATES: [&[&str]; 4] = [&["critical"], &["high"], &["normal", "medium"], &["low"]];

/// The words for our states, the likeliest first.
const STATES: term::Words = [
    (State::Planned, "planned", &["implementation", "planned", "draft", "new"]),
    (State::Active, "active", &["production", "active"]),
    (State::Suspended, "suspended", &["suspended", "obsolete", "inactive"]),
    (State::Expired, "expired", &["expired", "obsolete", "inactive"]),
    (State::Terminated, "terminated", &["terminated", "obsolete", "inactive"]),
];

/// The objects that attributes of the tenant's own are linked with: whether these are people tells what a link means.
pub fn linked_objects(samples: &Samples) -> BTreeSet<u64> {
    let contracts = contracts(samples);
    let links = own_links(&contracts);
    contracts.iter().flat_map(|contract| links.iter().filter_map(|code| number(contract, code))).collect()
}

/// The mapping that fits what was seen, with the evidence for each line.
pub fn propose_mapping(seen: &ItopSamples<'_>) -> DiscoveredMapping {
    let contracts = contracts(seen.samples);
    let usual = Mapping::itop();
    let mut lines: Vec<MappingLine> = provider(seen, &contracts).into_iter().collect();
    lines.push(class(&contracts, &usual));
    lines.push(key(&contracts, &usual));
    lines.extend(attributes(seen.samples, &contracts, &usual));
    let days = PeriodAttributes {
        first: Some(usual.attributes[&Field::FirstDay].as_str()),
        last: Some(usual.attributes[&Field::LastDay].as_str()),
        today: seen.today,
    };
    let states = term::states(&contracts, "status", &days, &STATES, &usual.states);
    let active = states[1].value.clone();
    lines.extend(states);
    lines.push(still_offered(&contracts, &usual, &active));
    lines.extend(targets(seen));
    DiscoveredMapping { lines, unread: unread(seen.samples, &[HISTORY]), missing: Vec::new() }
}

fn contracts(samples: &Samples) -> Vec<&RawObject> {
    samples.get(CONTRACT).map_or(&[][..], ClassSample::objects).iter().collect()
}

fn text<'a>(object: &'a RawObject, code: &str) -> &'a str {
    object.get(code).and_then(Json::as_str).unwrap_or_default()
}

/// The number of the object that a link leads to.
fn number(object: &RawObject, code: &str) -> Option<u64> {
    text(object, code).parse().ok().filter(|number| *number > 0)
}

/// The number of objects that hold something; the default where there is nothing to look at.
fn holding(held: usize, of: usize, shape: ValueShape) -> Evidence {
    match (held, of) {
        (_, 0) => Evidence::Default,
        (0, of) => Evidence::Empty { of },
        (held, of) => Evidence::Holds { shape, held, of, usual_name: true, outliers: Vec::new() },
    }
}

/// The attributes that a tenant added.
fn own<'a>(contracts: &[&'a RawObject]) -> BTreeSet<&'a str> {
    let codes = contracts.iter().flat_map(|contract| contract.keys()).map(String::as_str);
    let is_repeated = |code: &str| REPEATED.iter().any(|end| code.ends_with(end));
    let is_stock = |code: &str| STOCK.contains(&code) || ["finalclass", "friendlyname"].contains(&code);
    codes.filter(|code| !is_stock(code) && !is_repeated(code)).collect()
}

/// Those of them that are links, of which the helpdesk tells what the other end is called.
fn own_links<'a>(contracts: &[&'a RawObject]) -> Vec<&'a str> {
    let is_link = |code: &&str| {
        let name = format!("{code}_friendlyname");
        contracts.iter().any(|contract| contract.contains_key(&name))
    };
    own(contracts).into_iter().filter(is_link).collect()
}

/// The provider of most sampled contracts. iTop requires one, so it is the default for agreements that name none.
fn provider(seen: &ItopSamples<'_>, contracts: &[&RawObject]) -> Option<MappingLine> {
    let services: Vec<&RawObject> =
        seen.samples.get("Service").map_or(&[][..], ClassSample::objects).iter().collect();
    let of_contracts = linked_with(contracts, "provider_id", "provider_name");
    let is_of_contracts = !of_contracts.is_empty();
    let (all, of) = if is_of_contracts {
        (of_contracts, contracts.len())
    } else {
        (linked_with(&services, "org_id", "organization_name"), services.len())
    };
    let slug = |number: u64, title: &str| {
        let id = LiveId::new(&format!("Organization::{number}"));
        let is_meant = |entry: &CatalogEntry| {
            entry.helpdesk.as_ref().map_or(entry.title == title, |own| Some(own) == id.as_ref())
        };
        seen.catalog.providers.iter().find(|(_, entry)| is_meant(entry)).map(|(slug, _)| slug.to_string())
    };
    // One that the repository knows is more to it than others who may share the helpdesk.
    let known = all.into_iter().map(|(number, (title, held))| (slug(number, title), held, title));
    let (known, held, title) = known.max_by_key(|(known, held, _)| (known.is_some(), *held))?;
    let (contracts, is_known) = (is_of_contracts, known.is_some());
    let evidence = Evidence::Provides { title: title.to_owned(), held, of, contracts, known: is_known };
    Some(line(&["provider"], known.unwrap_or_else(|| slug_of(title)), evidence))
}

/// The linked object, its name, and the number of objects that are linked with it.
fn linked_with<'a>(objects: &[&'a RawObject], link: &str, name: &str) -> BTreeMap<u64, (&'a str, usize)> {
    let mut counts: BTreeMap<u64, (&str, usize)> = BTreeMap::new();
    for object in objects {
        if let Some(number) = number(object, link) {
            counts.entry(number).or_insert((text(object, name), 0)).1 += 1;
        }
    }
    counts
}

/// The class that most contracts are of, which may be one that the tenant derived.
fn class(contracts: &[&RawObject], usual: &Mapping) -> MappingLine {
    let path = ["agreement", "class"];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for contract in contracts {
        *counts.entry(text(contract, "finalclass")).or_default() += 1;
    }
    match counts.into_iter().max_by_key(|(_, held)| *held) {
        Some((class, held)) => line(&path, class, Evidence::Typed { held, of: contracts.len() }),
        None => line(&path, usual.class.as_str(), Evidence::NoObjects),
    }
}

/// An attribute of the tenant's own that is called so and takes the ownership key, else a text in which it has a line.
fn key(contracts: &[&RawObject], usual: &Mapping) -> MappingLine {
    let path = ["agreement", "key", "attribute"];
    let (of, prefix) = (contracts.len(), usual.key.prefix.as_str());
    let own = own(contracts);
    if let Some(code) = KEYS.iter().find(|code| own.contains(*code)) {
        let strange = |text: &&str| !text.is_empty() && !text.starts_with(prefix);
        let taken = contracts.iter().map(|contract| text(contract, code)).filter(strange).count();
        return line(&path, *code, Evidence::Free { taken, of });
    }
    let code = usual.key.attribute.as_str();
    let is_ours = |line: &str| line.starts_with(prefix) || line.starts_with("number: ");
    let has_words = |contract: &&&RawObject| text(contract, code).lines().any(|line| !is_ours(line.trim()));
    let held = contracts.iter().filter(has_words).count();
    line(&path, code, if of == 0 { Evidence::Default } else { Evidence::Shared { held, of } })
}

fn attributes(samples: &Samples, contracts: &[&RawObject], usual: &Mapping) -> Vec<MappingLine> {
    let of = contracts.len();
    let profiles = Profiles::of(contracts.iter().copied());
    let code = |field: Field| usual.attributes[&field].as_str();
    let filled = |code: &str| profiles.get(code).map_or(0, |profile| profile.held);
    let linked = |code: &str| contracts.iter().filter(|contract| number(contract, code).is_some()).count();
    let organisation = || ValueShape::Reference("Organization".to_owned());
    let path = |name: &'static str| ["agreement", "attributes", name];
    let simple = |name: &'static str, code: &str, held: usize, shape: ValueShape| {
        line(&path(name), code, holding(held, of, shape))
    };
    let (title, first, last) = (code(Field::Title), code(Field::FirstDay), code(Field::LastDay));
    let (form, why) = term::last_day_form(contracts, &profiles, Some(first), last);
    let mut lines = vec![simple("title", title, filled(title), ValueShape::Text)];
    lines.push(contract_number(contracts, &profiles, code(Field::Number)));
    lines.push(simple("first_day", first, filled(first), ValueShape::Day(None)));
    let [agreement, attributes, name] = path("last_day");
    let evidence = holding(filled(last), of, ValueShape::Day(None));
    lines.push(line(&[agreement, attributes, name, "attribute"], last, evidence));
    lines.push(line(&[agreement, attributes, name, "as"], form, why));
    lines.extend(manager(samples, contracts));
    let provider = code(Field::Provider);
    lines.push(simple("provider", provider, linked(provider), organisation()));
    let services = code(Field::Services);
    lines.push(simple("services", services, filled(services), ValueShape::Set("Service".to_owned())));
    let recipients = code(Field::Recipients);
    lines.push(simple("recipients", recipients, linked(recipients), organisation()));
    let contacts = code(Field::Contacts);
    lines.push(simple(
        "contacts",
        contacts,
        filled(contacts),
        ValueShape::Set(classes_of_contacts(contracts)),
    ));
    lines
}

/// An attribute of the tenant's own with texts, else a line in a text.
fn contract_number(contracts: &[&RawObject], profiles: &Profiles, usual: &str) -> MappingLine {
    let path = ["agreement", "attributes", "number"];
    let own = own(contracts);
    let named = NUMBERS.iter().filter(|code| own.contains(*code));
    let named: Vec<(&str, &Profile)> = named.filter_map(|code| Some((*code, profiles.get(code)?))).collect();
    let held = named.iter().find(|(_, profile)| profile.fits(&ValueShape::Text));
    match held.or_else(|| named.iter().find(|(_, profile)| profile.held == 0)) {
        Some((code, profile)) => line(&path, *code, holding(profile.held, profiles.of, ValueShape::Text)),
        None => line(&path, usual, Evidence::OwnLine),
    }
}

/// An attribute of the tenant's own that leads to people alone. Without one the manager is among the contacts.
fn manager(samples: &Samples, contracts: &[&RawObject]) -> Option<MappingLine> {
    let people = samples.get(PERSON).map_or(&[][..], ClassSample::objects);
    let named: BTreeMap<u64, &str> = people
        .iter()
        .filter_map(|person| Some((number(person, "id")?, text(person, "friendlyname"))))
        .collect();
    let fullest = own_links(contracts).into_iter().filter_map(|code| {
        let name = format!("{code}_friendlyname");
        let held: Vec<bool> = contracts
            .iter()
            .filter_map(|contract| Some((number(contract, code)?, text(contract, &name))))
            .map(|(number, name)| named.get(&number) == Some(&name))
            .collect();
        (!held.is_empty() && held.iter().all(|is_person| *is_person)).then_some((code, held.len()))
    });
    let (code, held) = fullest.max_by_key(|(_, held)| *held)?;
    let shape = ValueShape::Reference(PERSON.to_owned());
    let evidence =
        Evidence::Holds { shape, held, of: contracts.len(), usual_name: false, outliers: Vec::new() };
    Some(line(&["agreement", "attributes", "manager"], code, evidence))
}

/// Of which classes the contacts of contracts are.
fn classes_of_contacts(contracts: &[&RawObject]) -> String {
    let rows = contracts.iter().filter_map(|contract| contract.get("contacts_list")?.as_array()).flatten();
    let classes: BTreeSet<&str> =
        rows.filter_map(|row| row.get("contact_id_finalclass_recall")?.as_str()).collect();
    if classes.is_empty() { PERSON.to_owned() } else { Vec::from_iter(classes).join(" or ") }
}

/// Its portal looks at the rows of services alone, so that these go with the state.
fn still_offered(contracts: &[&RawObject], usual: &Mapping, active: &Json) -> MappingLine {
    let path = ["agreement", "deactivate"];
    let services = usual.attributes[&Field::Services].as_str();
    let is_off = |contract: &&&RawObject| contract.get("status").is_none_or(|status| status != active);
    let offers = |contract: &&&RawObject| {
        contract.get(services).and_then(Json::as_array).is_some_and(|rows| !rows.is_empty())
    };
    let of = contracts.iter().filter(is_off).count();
    let held = contracts.iter().filter(is_off).filter(offers).count();
    line(&path, "detach", if of == 0 { Evidence::Default } else { Evidence::StillOffered { held, of } })
}

/// The names of its four priorities, as the catalog has them.
fn targets(seen: &ItopSamples<'_>) -> Vec<MappingLine> {
    let refused =
        TARGETS.iter().find(|class| matches!(seen.samples.get(**class), Some(ClassSample::Refused(_))));
    if let Some(class) = refused {
        return vec![line(&["sla_rules"], "off", Evidence::Unreadable { class: (*class).to_owned() })];
    }
    let promises = seen.samples.get("SLT").map_or(&[][..], ClassSample::objects);
    let mut lines = vec![line(&["sla_rules", "business_day"], "8h", Evidence::Default)];
    let is_known = |name: &&&str| seen.catalog.priorities.contains_key(**name);
    lines.extend(ITOP_PRIORITIES.iter().zip(RATES).map(|((usual, number), names)| {
        let name = names.iter().find(is_known).unwrap_or(usual);
        let held = promises.iter().filter(|slt| text(slt, "priority") == number.to_string()).count();
        line(&["sla_rules", "priorities", name], *number, Evidence::Rated { held, of: promises.len() })
    }));
    lines
}
