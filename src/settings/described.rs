//! The settings of a helpdesk that have a default of their own for each kind, as the schema, the pages and `doctor` name them.

use std::time::Duration;

use crate::mapping::{Deactivation, Mapping};
use crate::settings::{HelpdeskConfig, Pace, Product};

impl HelpdeskConfig {
    /// The values in effect, by their keys below `helpdesk`.
    pub fn described(&self) -> Vec<(&'static str, String)> {
        let Pace { concurrency, per_second, deadline, .. } = self.pace;
        let Mapping { class, key, deactivate, business_day, .. } = &self.mapping;
        let deactivate = match deactivate {
            Deactivation::State => "state",
            Deactivation::Detach | Deactivation::Withdraw => "detach",
            Deactivation::Archive => "archive",
        };
        let mut described = vec![
            ("rate", per_second.map_or_else(|| "none".to_owned(), |rate| rate.to_string())),
            ("concurrency", concurrency.to_string()),
            ("timeout", duration(deadline)),
            ("search_lag", duration(self.search_lag)),
            ("rehearsal", self.rehearsal.to_string()),
            ("agreement.key.prefix", key.prefix.clone()),
        ];
        // An adapter decides these by itself.
        if !matches!(self.kind, Product::Bridge { .. }) {
            described.extend([
                ("agreement.class", class.clone()),
                ("agreement.key.attribute", key.attribute.clone()),
                ("agreement.deactivate", deactivate.to_owned()),
            ]);
        }
        let business_day = business_day.map(|seconds| duration(Duration::from_secs(seconds.into())));
        described.extend(business_day.map(|length| ("sla_rules.business_day", length)));
        if let Product::Itop { priorities, .. } = &self.kind {
            let mut priorities: Vec<_> = priorities.iter().collect();
            priorities.sort_by_key(|(_, number)| **number);
            let named = priorities.iter().map(|(name, number)| format!("{name}: {number}"));
            described.push(("sla_rules.priorities", named.collect::<Vec<_>>().join(", ")));
        }
        described
    }
}

/// A duration as in servanda.yaml: `30s`, `1m`, `8h`.
fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
