//! The small iTop of the adapter's own tests, for tests of the program.

#[expect(dead_code, reason = "the tests of the adapter use more of it")]
#[path = "../../src/bin/servanda/helpdesk/itop/tests/double.rs"]
mod double;
#[path = "../../src/bin/servanda/helpdesk/itop/tests/query.rs"]
mod query;

use serde_json::{Value, json};

use double::Desk;
pub(crate) use double::PASSWORD;

/// A small iTop, served until the process ends.
pub(crate) struct SmallItop(Desk);

impl SmallItop {
    /// Starts one with these companies, of which the last is the provider of the services, and one person.
    pub(crate) fn start(companies: &[&str], services: &[&str], person: &str) -> Self {
        let (started, starts) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                started.send(Desk::start().await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let desk = starts.recv().unwrap();
        let provider = companies.len().to_string();
        let mut store = desk.store();
        let mut put = |class: &str, number: usize, row: &[(&str, &str)]| {
            let row = row.iter().map(|(code, text)| ((*code).to_owned(), json!(text)));
            store.objects.insert((class.to_owned(), number as u64), row.collect());
        };
        for (number, name) in (1..).zip(companies) {
            put("Organization", number, &[("name", name), ("status", "active")]);
        }
        for (number, name) in (1..).zip(services) {
            put("Service", number, &[("name", name), ("org_id", &provider), ("status", "production")]);
        }
        put("Person", 1, &[("name", person), ("org_id", &provider), ("status", "active")]);
        drop(store);
        Self(desk)
    }

    pub(crate) fn url(&self) -> String {
        self.0.url().to_owned()
    }

    /// The number of services that the contract with this ownership key offers in the portal.
    pub(crate) fn offered(&self, key: &str) -> usize {
        let store = self.0.store();
        let is_it = |row: &std::collections::BTreeMap<String, Value>| {
            row.get("description")
                .and_then(Value::as_str)
                .is_some_and(|text| text.lines().any(|line| line == key))
        };
        let contracts =
            store.objects.iter().filter(|((class, _), row)| class == "CustomerContract" && is_it(row));
        let contracts: Vec<Value> = contracts.map(|((_, number), _)| json!(number.to_string())).collect();
        let rows = store.objects.iter().filter(|((class, _), _)| class == "lnkCustomerContractToService");
        rows.filter(|(_, row)| row.get("customercontract_id").is_some_and(|id| contracts.contains(id)))
            .count()
    }
}
