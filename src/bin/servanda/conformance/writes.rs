//! Checks with single writes, on one agreement that is created for them and retired at the end.

use serde_json::{Value as Json, json};
use servanda::bridge::{Call, Capability, Description, StateCodes, read_value};
use servanda::mapping::{Field, Mapping};
use servanda::render::conformance::ConformanceCheck;

use super::probe::{Flaw, Probe, Step, shape};
use super::report::enter;
use super::sample::Sample;
use crate::http::client::HttpError;

/// Days on which clocks are changed, years change, and February has another length.
const DAYS: [&str; 8] = [
    "2027-01-01",
    "2027-03-28",
    "2027-10-31",
    "2027-12-31",
    "2028-02-29",
    "2028-03-01",
    "1999-12-31",
    "2099-12-31",
];

/// Titles that are hard to store.
const TITLES: [&str; 5] = [
    "O'Neil \\ \"x\" %s {{ y }}",
    "<b>&amp;</b> -- ; DROP",
    "Поддержка «всё включено» ё",
    "日本語 🎉",
    "7 - 2027",
];

/// The agreement that is written, and the adapter that writes it.
struct Trial<'a> {
    probe: &'a Probe,
    description: &'a Description,
    mapping: &'a Mapping,
    sample: &'a Sample,
    key: String,
    id: String,
}

/// Tries everything in order. Without an agreement nothing else can be tried.
pub(super) async fn try_all(
    probe: &Probe,
    description: &Description,
    mapping: &Mapping,
    sample: &Sample,
    checks: &mut Vec<ConformanceCheck>,
) {
    let key = format!("conformance:{}", probe.run_key());
    let mut trial = Trial { probe, description, mapping, sample, key, id: String::new() };
    match trial.create().await {
        Ok(id) => {
            trial.id = id;
            enter(checks, "creation", Ok(()));
        }
        Err(flaw) => {
            enter(checks, "creation", Err::<(), _>(flaw));
            return;
        }
    }
    enter(checks, "hidden until published", trial.hidden().await);
    enter(checks, "second creation", trial.second_creation().await);
    enter(checks, "whole key", trial.whole_key().await);
    enter(checks, "days", trial.days().await);
    enter(checks, "texts", trial.texts().await);
    enter(checks, "emptied fields", trial.emptied_fields().await);
    enter(checks, "publication and withdrawal", trial.published_and_withdrawn().await);
    enter(checks, "stale write", trial.stale_write().await);
    enter(checks, "whole or not at all", trial.whole_or_not_at_all().await);
    if description.can(Capability::History) {
        enter(checks, "history", trial.history().await);
    }
    if description.can(Capability::Addresses) {
        enter(checks, "addresses", trial.addresses().await);
    }
    if description.can(Capability::Comments) {
        enter(checks, "comments", trial.comments().await);
    }
    enter(checks, "removed key", trial.removed_key().await);
}

impl Trial<'_> {
    fn states(&self) -> &StateCodes {
        &self.description.states
    }

    async fn held(&self) -> Result<Json, Flaw> {
        let held = self.probe.get(&self.id).await?;
        self.probe.expect(held.is_object(), || "the agreement is gone".to_owned())?;
        Ok(held)
    }

    /// Fails unless fields have these values in normal form.
    fn compare(&self, agreement: &Json, fields: &Json) -> Result<(), Flaw> {
        for (name, sent) in fields.as_object().into_iter().flatten() {
            let Ok(field) = name.parse::<Field>() else { continue };
            if !self.mapping.attributes.contains_key(&field) {
                continue;
            }
            let held = &agreement["fields"][name];
            let is_same = match (read_value(&field, held), read_value(&field, sent)) {
                (Ok(held), Ok(sent)) => held == sent,
                _ => false,
            };
            self.probe.expect(is_same, || format!("`{name}` was written as {sent}, and is {held}"))?;
        }
        Ok(())
    }

    /// Writes fields, and compares what is stored with them.
    async fn write(&self, fields: Json, state: Option<&str>) -> Result<Json, Flaw> {
        let held = self.held().await?;
        let step = Step { state, ..Step::edit(&held, fields.clone()) };
        let stored = self.probe.done(&step).await?;
        self.compare(&stored, &fields)?;
        if let Some(state) = state {
            self.probe.expect(stored["state"] == state, || format!("the state is not `{state}`"))?;
        }
        Ok(stored)
    }

    async fn create(&self) -> Result<String, Flaw> {
        let fields = Json::Object(self.sample.fields(self.description));
        let planned = Some(self.states().planned.as_str());
        let step = Step { key: Some(&self.key), state: planned, fields: fields.clone(), ..Step::default() };
        let created = self.probe.done(&step).await?;
        self.compare(&created, &fields)?;
        self.probe
            .expect(created["key"] == self.key.as_str(), || "the ownership key is not stored".to_owned())?;
        self.probe.expect(created["state"] == self.states().planned.as_str(), || {
            "a new agreement is not planned".to_owned()
        })?;
        let found = self.probe.find(&self.key).await?;
        self.probe.expect(found.len() == 1 && shape(&found[0]) == shape(&created), || {
            "`find` does not show the new agreement as `get` does".to_owned()
        })?;
        Ok(created["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Fails unless the services that clients may use are these, where the adapter tells.
    fn offers(&self, agreement: &Json, expected: &Json, when: &str) -> Result<(), Flaw> {
        if !self.description.can(Capability::Offers) {
            return Ok(());
        }
        let sorted = |json: &Json| {
            let mut ids: Vec<&str> = json.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            ids.sort_unstable();
            ids.join(" ")
        };
        let offers = &agreement["offers"];
        self.probe.expect(offers.is_array() && sorted(offers) == sorted(expected), || {
            format!("{when}, clients may use {offers}, and {expected} is expected")
        })
    }

    async fn hidden(&self) -> Result<(), Flaw> {
        self.offers(&self.held().await?, &json!([]), "before it is active")
    }

    async fn second_creation(&self) -> Result<(), Flaw> {
        let planned = Some(self.states().planned.as_str());
        let fields = json!({ "title": "A second one" });
        let step = Step { key: Some(&self.key), state: planned, fields, ..Step::default() };
        let answer = self.probe.step(&step).await?;
        self.probe.expect(answer["outcome"] == "moved", || {
            "a second creation with the same ownership key is not answered with `moved`".to_owned()
        })?;
        let found = self.probe.find(&self.key).await?;
        self.probe.expect(found.len() == 1, || format!("{} agreements have the ownership key", found.len()))
    }

    async fn whole_key(&self) -> Result<(), Flaw> {
        let shorter = &self.key[..self.key.len() - 1];
        for other in [shorter, &format!("{}x", self.key), &self.key.to_uppercase(), &format!("%{shorter}%")] {
            let found = self.probe.find(other).await?;
            self.probe.expect(found.is_empty(), || format!("`find` of `{other}` finds another key"))?;
        }
        Ok(())
    }

    fn carries(&self, field: &str) -> bool {
        self.description.fields.contains(field)
    }

    async fn days(&self) -> Result<(), Flaw> {
        for day in DAYS {
            let days = ["first_day", "last_day"].into_iter().filter(|field| self.carries(field));
            let fields: serde_json::Map<String, Json> =
                days.map(|field| (field.to_owned(), json!(day))).collect();
            self.write(Json::Object(fields), None).await?;
        }
        Ok(())
    }

    async fn texts(&self) -> Result<(), Flaw> {
        for title in TITLES {
            self.write(json!({ "title": title }), None).await?;
        }
        Ok(())
    }

    async fn emptied_fields(&self) -> Result<(), Flaw> {
        let full = self.sample.fields(self.description);
        for (name, value) in &full {
            let is_set = value.is_array();
            if name != "title" {
                let empty = if is_set { json!([]) } else { Json::Null };
                self.write(json!({ name: empty }), None).await?;
                self.write(json!({ name: value }), None).await?;
            }
        }
        Ok(())
    }

    async fn published_and_withdrawn(&self) -> Result<(), Flaw> {
        let fields = self.sample.fields(self.description);
        let services = fields.get("services").cloned().unwrap_or_else(|| json!([]));
        let StateCodes { active, suspended, expired, terminated, .. } = self.states();
        let none = json!([]);
        self.write(Json::Object(fields), None).await?;
        for state in [active, suspended, active, expired, active, terminated] {
            let stored = self.write(json!({}), Some(state)).await?;
            let expected = if state == active { &services } else { &none };
            self.offers(&stored, expected, &format!("in the state `{state}`"))?;
        }
        let first = services.as_array().and_then(|all| all.first()).cloned();
        if let (true, Some(first)) = (self.carries("services"), first) {
            let stored = self.write(json!({ "services": [first] }), Some(active)).await?;
            self.offers(&stored, &json!([first]), "with one service less")?;
        }
        Ok(())
    }

    async fn stale_write(&self) -> Result<(), Flaw> {
        let before = self.held().await?;
        self.write(json!({ "title": "Changed by somebody else" }), None).await?;
        let without_version = |agreement: &Json| {
            let mut agreement = agreement.clone();
            agreement["version"] = Json::Null;
            agreement
        };
        for expected in [before.clone(), without_version(&before)] {
            let step = Step { expected, ..Step::edit(&before, json!({ "title": "Too late" })) };
            let answer = self.probe.step(&step).await?;
            self.probe.expect(answer["outcome"] == "moved", || {
                "an edit of an agreement that has changed since it was read is not answered with `moved`"
                    .to_owned()
            })?;
            let held = self.held().await?;
            self.probe.expect(held["fields"]["title"] == "Changed by somebody else", || {
                "an edit that was answered with `moved` is stored".to_owned()
            })?;
        }
        Ok(())
    }

    /// A step with a wrong part is refused, and leaves nothing of the others behind.
    async fn whole_or_not_at_all(&self) -> Result<(), Flaw> {
        let mut wrong = vec![(Some("no-such-state"), json!({ "title": "In part" }))];
        if self.carries("services") {
            wrong.push((None, json!({ "title": "In part", "services": ["no-such-service"] })));
        }
        for (state, fields) in wrong {
            let held = self.held().await?;
            let step = Step { state, ..Step::edit(&held, fields) };
            let answer = self.probe.attempt_step(&step).await;
            let is_refused = match &answer {
                Ok(answer) => answer["outcome"] == "refused",
                Err(HttpError::Refused { status, .. }) => (400..500).contains(status),
                Err(_) => false,
            };
            self.probe.expect(is_refused, || {
                "a state or a service that does not exist is not refused".to_owned()
            })?;
            let after = self.held().await?;
            self.probe
                .expect(shape(&after) == shape(&held), || "a refused step is stored in part".to_owned())?;
        }
        Ok(())
    }

    async fn history(&self) -> Result<(), Flaw> {
        let answer = self.probe.call(Call::History, &json!({ "objects": [self.id] })).await?;
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        let is_of_state = |event: &&Json| event["object"] == self.id.as_str() && event["part"] == "state";
        let event = events.iter().find(is_of_state);
        let event = event.ok_or_else(|| self.probe.flaw("the history shows no change of the state"))?;
        let when = event["when"].as_str().unwrap_or_default();
        self.probe.expect(servanda::calendar::read_instant(when).is_ok(), || {
            format!("`{when}` is not a time with its UTC offset")
        })
    }

    async fn addresses(&self) -> Result<(), Flaw> {
        let people = self.sample.of_kind(servanda::live::ObjectKind::Person);
        let ids: Vec<&str> = people.iter().take(2).map(|person| person.id.as_str()).collect();
        let answer = self.probe.call(Call::Addresses, &json!({ "people": ids })).await?;
        let found = answer["addresses"].as_object().cloned().unwrap_or_default();
        let is_address = |address: &Json| address.as_str().is_some_and(|address| address.contains('@'));
        self.probe.expect(!found.is_empty() && found.values().all(is_address), || {
            "no person has a mail address".to_owned()
        })
    }

    async fn comments(&self) -> Result<(), Flaw> {
        let mark = format!("conformance {}", self.probe.run_key());
        let comment = json!({ "object": self.id, "html": format!("<p>{mark}</p>"), "private": true });
        let added = self.probe.call(Call::Comment, &comment).await?;
        for (text, expected) in [(mark.clone(), added["comment"].clone()), (format!("{mark} x"), Json::Null)]
        {
            let answer =
                self.probe.call(Call::FindComment, &json!({ "object": self.id, "text": text })).await?;
            self.probe.expect(answer.get("comment") == Some(&expected), || {
                format!("the comment should be {expected}")
            })?;
        }
        Ok(())
    }

    async fn removed_key(&self) -> Result<(), Flaw> {
        let held = self.held().await?;
        let step = Step { key: Some(""), ..Step::edit(&held, json!({})).to(&self.states().terminated) };
        let stored = self.probe.done(&step).await?;
        self.probe.expect(stored["key"].as_str().is_none_or(str::is_empty), || {
            "the key is still there".to_owned()
        })?;
        let found = self.probe.find(&self.key).await?;
        self.probe.expect(found.is_empty(), || "`find` still finds the removed key".to_owned())
    }
}
