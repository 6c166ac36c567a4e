//! Selects agreements by what people know of them: id, client, template, service, manager, status, label or end.
//!
//! All commands that list or plan agreements share this one query. It decides about one agreement at a time, so that a
//! restricted list is the whole list without the other rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::calendar::{Instant, Lead};
use crate::catalog::Catalog;
use crate::ident::{AgreementId, HelpdeskName, nearest};
use crate::status::{State, period_at, state_at};

/// A query for agreements. An agreement is selected if it meets every criterion that is given; of several values of one
/// criterion, one suffices, except of labels. Names may contain `*` for any characters and `?` for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AgreementSelection {
    /// The ids of agreements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// The names of helpdesks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub helpdesks: Vec<String>,
    /// The slugs of clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The templates that are extended, directly or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
    /// The slugs of services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The slugs of managers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managers: Vec<String>,
    /// The statuses at the instant of the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<State>,
    /// The values of labels, all of which must match.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The time from the instant of the query within which the agreement ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ending_within: Option<Lead>,
}

impl AgreementSelection {
    /// Whether it has no criterion, and so selects every agreement.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it selects an agreement, with its status and end at an instant.
    pub fn selects(&self, agreement: &Agreement, at: Instant) -> bool {
        let manager = agreement.manager.as_ref().map(|manager| manager.as_str());
        any(&self.ids, [agreement.id.as_str()])
            && any(&self.helpdesks, agreement.helpdesk.as_ref().map(|helpdesk| helpdesk.as_str()))
            && any(&self.clients, [agreement.client.as_str()])
            && any(&self.templates, agreement.templates.iter().map(|template| template.as_str()))
            && any(&self.services, agreement.services.keys().map(|service| service.as_str()))
            && any(&self.managers, manager)
            && self.labels.iter().all(|(name, wanted)| {
                agreement.labels.get(name).is_some_and(|value| matches_pattern(wanted, value))
            })
            && (self.statuses.is_empty() || self.statuses.contains(&state_at(agreement, at).0))
            && self.ending_within.is_none_or(|lead| ends_within(agreement, lead, at))
    }

    /// Whether it selects a row of which only these are known. A criterion about anything else selects none.
    pub fn selects_row(&self, id: &str, client: Option<&str>, status: Option<State>) -> bool {
        let Self { ids, helpdesks, clients, templates, services, managers, statuses, labels, ending_within } =
            self;
        helpdesks.is_empty()
            && templates.is_empty()
            && services.is_empty()
            && managers.is_empty()
            && labels.is_empty()
            && ending_within.is_none()
            && any(ids, [id])
            && any(clients, client)
            && (statuses.is_empty() || status.is_some_and(|status| statuses.contains(&status)))
    }

    /// Whether it is about agreements of a helpdesk.
    pub fn selects_helpdesk(&self, name: &HelpdeskName) -> bool {
        any(&self.helpdesks, [name.as_str()])
    }

    /// The same query within the helpdesks that it names.
    #[must_use]
    pub fn within_helpdesks(&self) -> Self {
        Self { helpdesks: Vec::new(), ..self.clone() }
    }

    /// Decides once about all agreements of the files.
    pub fn scope<'a>(
        &'a self,
        agreements: impl IntoIterator<Item = &'a Agreement>,
        at: Instant,
    ) -> SelectionScope<'a> {
        let known = agreements.into_iter().map(|agreement| (&agreement.id, self.selects(agreement, at)));
        SelectionScope { selection: self, known: known.collect() }
    }

    /// The first name that matches nothing on any of these sides of a repository. Ids are never unknown, since a helpdesk may
    /// have agreements without a document.
    pub fn unknown_name(&self, sides: &[NamedSide<'_>]) -> Option<UnknownName> {
        let catalogs = || sides.iter().map(|side| side.catalog);
        let clients = catalogs().flat_map(|catalog| catalog.clients.keys());
        let clients = clients.map(|client| client.as_str()).collect();
        let services = catalogs().flat_map(|catalog| catalog.services.keys());
        let services = services.map(|service| service.as_str()).collect();
        let managers = catalogs().flat_map(|catalog| catalog.managers.keys());
        let managers = managers.map(|manager| manager.as_str()).collect();
        let of_catalog = [
            ("client", &self.clients, clients),
            ("service", &self.services, services),
            ("manager", &self.managers, managers),
        ];
        let unknown =
            of_catalog.iter().find_map(|(switch, written, known)| unmatched(switch, written, known));
        let agreements: Option<Vec<&[Agreement]>> = sides.iter().map(|side| side.agreements).collect();
        let Some(agreements) = agreements.filter(|_| unknown.is_none()) else { return unknown };
        let agreements = || agreements.iter().copied().flatten();
        let templates = agreements().flat_map(|agreement| &agreement.templates);
        let templates = templates.map(|template| template.as_str()).collect();
        let labels = agreements().flat_map(|agreement| agreement.labels.iter());
        let labels: BTreeSet<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
        let written: Vec<String> =
            self.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let labels = labels.iter().map(String::as_str).collect();
        [("template", &self.templates, templates), ("label", &written, labels)]
            .iter()
            .find_map(|(switch, written, known)| unmatched(switch, written, known))
    }

    /// The first client that matches none of these.
    pub fn unknown_client(&self, known: &BTreeSet<&str>) -> Option<UnknownName> {
        unmatched("client", &self.clients, known)
    }

    /// The one client that it is about, if it names one exactly.
    pub fn only_client(&self) -> Option<&str> {
        match &self.clients[..] {
            [client] if !client.contains(['*', '?']) => Some(client),
            _ => None,
        }
    }
}

/// The names of a repository, or of one side of a pull request.
#[derive(Clone, Copy, Debug)]
pub struct NamedSide<'a> {
    /// The clients, services and managers.
    pub catalog: &'a Catalog,
    /// The agreements, whose templates and labels are known; of a part of them, `None`, all are.
    pub agreements: Option<&'a [Agreement]>,
}

/// A name of a selection that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The switch, without its dashes.
    pub switch: &'static str,
    /// The name or pattern.
    pub written: String,
    /// The nearest known name.
    pub nearest: Option<String>,
    /// Some of the known names.
    pub known: Vec<String>,
}

/// The number of known names that are shown.
const SHOWN: usize = 8;

fn unmatched(switch: &'static str, written: &[String], known: &BTreeSet<&str>) -> Option<UnknownName> {
    let is_unknown = |pattern: &&String| !known.iter().any(|name| matches_pattern(pattern, name));
    let written = written.iter().find(is_unknown)?;
    Some(UnknownName {
        switch,
        written: written.clone(),
        nearest: nearest(written, known.iter().copied()).map(str::to_owned),
        known: known.iter().take(SHOWN).map(|name| (*name).to_owned()).collect(),
    })
}

/// The ids that a selection contains.
#[derive(Clone, Debug)]
pub struct SelectionScope<'a> {
    selection: &'a AgreementSelection,
    /// Whether each agreement of the files is selected.
    known: BTreeMap<&'a AgreementId, bool>,
}

impl SelectionScope<'_> {
    /// Whether an agreement of the files, or one that only the helpdesk or the ledger has, is selected.
    pub fn contains(&self, id: &AgreementId) -> bool {
        self.known.get(id).copied().unwrap_or_else(|| self.selection.selects_row(id.as_str(), None, None))
    }
}

impl fmt::Display for AgreementSelection {
    /// Writes the query as the switches of a command.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        for (switch, values) in [
            ("id", &self.ids),
            ("helpdesk", &self.helpdesks),
            ("client", &self.clients),
            ("template", &self.templates),
            ("service", &self.services),
            ("manager", &self.managers),
        ] {
            parts.extend(values.iter().map(|value| format!("--{switch} {value}")));
        }
        parts.extend(self.statuses.iter().map(|status| format!("--status {status}")));
        parts.extend(self.labels.iter().map(|(name, value)| format!("--label {name}={value}")));
        parts.extend(self.ending_within.map(|lead| format!("--ending-within {lead}")));
        formatter.write_str(&parts.join(" "))
    }
}

/// Whether one of the names matches one of the patterns, or there is no pattern.
fn any<'a>(patterns: &[String], names: impl IntoIterator<Item = &'a str>) -> bool {
    patterns.is_empty()
        || names.into_iter().any(|name| patterns.iter().any(|pattern| matches_pattern(pattern, name)))
}

/// Whether an agreement that is not over ends within a time from an instant.
fn ends_within(agreement: &Agreement, lead: Lead, at: Instant) -> bool {
    let today = agreement.zone.day_of(at);
    let last_day = period_at(agreement, at).last_day;
    !state_at(agreement, at).0.is_over() && last_day.is_some_and(|day| lead.reaches(day, today))
}

/// Whether a name matches a pattern, in which `*` stands for any characters and `?` for one.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The position after the last `*`, and the number of characters that it stands for.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == name[from] => (at, from) = (at + 1, from + 1),
            _ => match &mut star {
                None => return false,
                Some((after, taken)) => {
                    *taken += 1;
                    (at, from) = (*after, *taken);
                }
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};

    use super::{AgreementSelection, NamedSide, matches_pattern};
    use crate::agreement::sample::agreement;
    use crate::calendar::{Lead, read_instant};
    use crate::catalog::Catalog;
    use crate::status::State;

    fn selects(selection: &AgreementSelection) -> bool {
        let mut sample = agreement("dental/mayak-2026", "2026-01-01", "2026-12-31");
        sample.labels = [("region".to_owned(), "north".to_owned())].into_iter().collect();
        selection.selects(&sample, read_instant("2026-12-01T09:00:00Z").expect("an instant"))
    }

    #[test]
    fn every_criterion_must_be_met_and_one_value_of_it_suffices() {
        let all = AgreementSelection::default();
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let label = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        for (selection, expected) in [
            (all.clone(), true),
            (AgreementSelection { ids: texts(&["other", "dental/*"]), ..all.clone() }, true),
            (AgreementSelection { ids: texts(&["dental"]), ..all.clone() }, false),
            (AgreementSelection { statuses: vec![State::Planned, State::Active], ..all.clone() }, true),
            (AgreementSelection { statuses: vec![State::Expired], ..all.clone() }, false),
            (AgreementSelection { labels: label("region", "n*"), ..all.clone() }, true),
            (AgreementSelection { labels: label("region", "south"), ..all.clone() }, false),
            (AgreementSelection { labels: label("segment", "*"), ..all.clone() }, false),
            (AgreementSelection { ending_within: Some(Lead::of_days(30)), ..all.clone() }, true),
            (AgreementSelection { ending_within: Some(Lead::of_days(29)), ..all.clone() }, false),
            (AgreementSelection { templates: texts(&["*"]), ..all.clone() }, false),
            (AgreementSelection { ids: texts(&["*"]), services: texts(&["nothing"]), ..all.clone() }, false),
        ] {
            assert_eq!(selects(&selection), expected, "{selection}");
        }
    }

    #[test]
    fn a_name_that_matches_nothing_is_unknown() {
        let mut sample = agreement("a", "2026-01-01", "2026-12-31");
        sample.labels = [("region".to_owned(), "north".to_owned())].into_iter().collect();
        let (catalog, agreements) = (Catalog::default(), [sample]);
        let label = |value: &str| AgreementSelection {
            labels: [("region".to_owned(), value.to_owned())].into(),
            ..AgreementSelection::default()
        };
        let side = |agreements| NamedSide { catalog: &catalog, agreements };
        let all = side(Some(&agreements[..]));
        let unknown = |selection: &AgreementSelection| selection.unknown_name(&[all]);
        assert_eq!(unknown(&label("n*")), None);
        let found = unknown(&label("nrth")).expect("unknown");
        assert_eq!((found.switch, found.nearest.as_deref()), ("label", Some("region=north")));
        assert_eq!(label("nrth").unknown_name(&[side(None)]), None, "others may have it");
        assert_eq!(label("nrth").unknown_name(&[all, side(None)]), None, "others may have it");
        assert_eq!(label("n*").unknown_name(&[side(Some(&[])), all]), None, "the other side has it");
        let client = AgreementSelection { clients: vec!["*".to_owned()], ..AgreementSelection::default() };
        assert_eq!(client.unknown_name(&[side(None)]).map(|found| found.switch), Some("client"));
        let id = AgreementSelection { ids: vec!["b".to_owned()], ..AgreementSelection::default() };
        assert_eq!(unknown(&id), None);
    }

    #[test]
    fn a_selection_is_written_as_switches_and_read_back_from_json() {
        let selection = AgreementSelection {
            ids: vec!["dental/*".to_owned()],
            clients: vec!["mayak".to_owned()],
            statuses: vec![State::Active],
            ending_within: Some(Lead::of_days(60)),
            ..AgreementSelection::default()
        };
        assert_eq!(selection.to_string(), "--id dental/* --client mayak --status active --ending-within 60d");
        let json = serde_json::to_value(&selection).expect("JSON");
        assert_eq!(json["ending_within"], "60d");
        assert_eq!(serde_json::from_value::<AgreementSelection>(json).expect("the same"), selection);
        assert_eq!(selection.only_client(), Some("mayak"));
    }

    /// The definition, by recursion.
    fn defined(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=name.len()).any(|taken| defined(rest, &name[taken..])),
            (['?', rest @ ..], [_, names @ ..]) => defined(rest, names),
            ([wanted, rest @ ..], [first, names @ ..]) => wanted == first && defined(rest, names),
            _ => false,
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        prop_oneof!["[ab*?]{0,8}", any::<char>().prop_map(String::from)]
    }

    proptest! {
        #[test]
        fn a_pattern_matches_as_defined(pattern in pattern(), name in "[ab]{0,8}") {
            let (letters, named): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches_pattern(&pattern, &name), defined(&letters, &named));
        }
    }
}
