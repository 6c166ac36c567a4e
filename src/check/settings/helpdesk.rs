//! Reads `helpdesk` of servanda.yaml: product, address, login, drift policy and request limits.

use std::time::Duration;

use super::mapping::mapping;
use super::reader::SettingsReader;
use super::{bridge, itop};
use crate::diagnostic::Code;
use crate::document::shape;
use crate::settings::{AddressPolicy, DriftPolicy, HelpdeskConfig, Pace, Product, RefusedAddress};

impl SettingsReader<'_> {
    /// Reads the helpdesk and its mapping.
    pub(super) fn helpdesk(&mut self, written: &shape::HelpdeskShape) -> HelpdeskConfig {
        let kind = self.product(written);
        let (pace, search_lag) = match kind {
            Product::Sandbox => (Pace::SANDBOX, Duration::ZERO),
            Product::Itsm365 { .. } => (Pace::default(), HelpdeskConfig::DEFAULT_SEARCH_LAG),
            Product::Itop { .. } => (itop::PACE, itop::SEARCH_LAG),
            Product::Bridge { .. } => (bridge::PACE, bridge::SEARCH_LAG),
        };
        HelpdeskConfig {
            name: None,
            rehearsal: written.rehearsal.unwrap_or(matches!(kind, Product::Sandbox)),
            drift: self.drift(written.drift.as_ref()),
            pace: Pace {
                concurrency: written
                    .concurrency
                    .map_or(pace.concurrency, |count| count.clamp(1, 64) as usize),
                per_second: written.rate.or(pace.per_second),
                page_size: pace.page_size,
                deadline: self.duration("timeout", written.timeout.as_ref(), pace.deadline),
            },
            search_lag: self.duration("search_lag", written.search_lag.as_ref(), search_lag),
            mapping: mapping(self, written, &kind),
            kind,
        }
    }

    fn product(&mut self, written: &shape::HelpdeskShape) -> Product {
        match written.kind {
            None | Some(shape::HelpdeskKindShape::Sandbox) => {
                if written.url.is_some() {
                    let (message, help) = match written.kind {
                        None => (
                            "`helpdesk.url` is set, but `helpdesk.kind` is missing",
                            "add `kind: itsm365`, `kind: itop` or `kind: http`; the default kind, the sandbox, has no address",
                        ),
                        Some(_) => (
                            "`helpdesk.url` is set, but the sandbox has no address",
                            "delete `url`, or write `kind: itsm365`, `kind: itop` or `kind: http`",
                        ),
                    };
                    self.fault(Code::E109, &["helpdesk"], message, help);
                }
                Product::Sandbox
            }
            Some(shape::HelpdeskKindShape::Itop) => self.itop(written),
            Some(shape::HelpdeskKindShape::Http) => self.bridge(written),
            Some(shape::HelpdeskKindShape::Itsm365) => {
                let (url, policy) = self.address(written, "https://acme.itsm365.com/sd");
                if written.access_key.is_none() {
                    self.fault(
                        Code::E010,
                        &["helpdesk"],
                        "`helpdesk.access_key` is missing",
                        "add `access_key: { env: ITSM365_ACCESS_KEY }`, with the name of the variable that contains the key",
                    );
                }
                let access_key_variable =
                    written.access_key.as_ref().map(|key| key.env.clone()).unwrap_or_default();
                Product::Itsm365 {
                    url,
                    address_policy: policy,
                    access_key_variable,
                    ca_file: written.ca_file.clone(),
                }
            }
        }
    }

    fn drift(&mut self, written: Option<&shape::DriftShape>) -> DriftPolicy {
        let leaves = |policy: &shape::DriftPolicyShape| *policy == shape::DriftPolicyShape::Report;
        let mut drift = DriftPolicy::default();
        match written {
            None => {}
            Some(shape::DriftShape::All(all)) => drift.leaves = leaves(all),
            Some(shape::DriftShape::PerField(fields)) => {
                for (name, policy) in fields {
                    if name == "state" {
                        drift.state = Some(leaves(policy));
                    } else if let Some(field) = self.field(&["helpdesk", "drift", name], name) {
                        drift.fields.insert(field, leaves(policy));
                    }
                }
            }
        }
        drift
    }

    /// Reads the address of the helpdesk and the policy that it must comply with.
    pub(super) fn address(
        &mut self,
        written: &shape::HelpdeskShape,
        example: &str,
    ) -> (String, AddressPolicy) {
        let policy = AddressPolicy {
            private_network: written.private_network.unwrap_or_default(),
            punycode_host: written.punycode_host.unwrap_or_default(),
        };
        if written.url.is_none() {
            let help = format!("add `url: {example}`");
            self.fault(Code::E010, &["helpdesk"], "`helpdesk.url` is missing", help);
        }
        let url = written.url.as_deref().map(|url| {
            policy.read(url).unwrap_or_else(|RefusedAddress { is_secret, message, help }| {
                let code = if is_secret { Code::E013 } else { Code::E009 };
                self.fault(code, &["helpdesk", "url"], message, help);
                String::new()
            })
        });
        (url.unwrap_or_default(), policy)
    }
}
