//! Reads the settings of an adapter: address and token; rejects what the adapter itself decides.

use super::reader::SettingsReader;
use crate::diagnostic::Code;
use crate::document::shape;
use crate::settings::{Pace, Product};

/// The default request limits of an adapter, which knows those of its helpdesk.
pub(super) const PACE: Pace = Pace { concurrency: 4, page_size: 500, ..Pace::SANDBOX };
/// The default time until an adapter shows a new object.
pub(super) const SEARCH_LAG: std::time::Duration = std::time::Duration::from_secs(30);

impl SettingsReader<'_> {
    /// Reads the address and the token.
    pub(super) fn bridge(&mut self, written: &shape::HelpdeskShape) -> Product {
        let (url, policy) = self.address(written, "http://127.0.0.1:8788");
        self.reject_decided_by_the_adapter(written);
        let token_variable = written.access_key.as_ref().map(|token| token.env.clone());
        // Only an address of this machine may begin with http.
        if token_variable.is_none() && url.starts_with("https://") {
            let help = "add `access_key: { env: ADAPTER_TOKEN }`, with the name of the variable that contains the token";
            let message = "`helpdesk.access_key` is missing: only an adapter on this machine may do without";
            self.fault(Code::E010, &["helpdesk"], message, help);
        }
        Product::Bridge { url, address_policy: policy, token_variable, ca_file: written.ca_file.clone() }
    }

    fn reject_decided_by_the_adapter(&mut self, written: &shape::HelpdeskShape) {
        let agreement = written.agreement.clone().unwrap_or_default();
        let key = agreement.key.unwrap_or_default();
        let recipients = agreement.recipients.unwrap_or_default();
        let rejected: [(&[&str], bool); 13] = [
            (&["helpdesk", "user"], written.user.is_some()),
            (&["helpdesk", "password"], written.password.is_some()),
            (&["helpdesk", "provider"], written.provider.is_some()),
            (&["helpdesk", "dates"], written.dates.is_some()),
            (&["helpdesk", "sla_rules"], written.sla_rules.is_some()),
            (&["helpdesk", "history"], written.history.is_some()),
            (&["helpdesk", "agreement", "class"], agreement.class.is_some()),
            (&["helpdesk", "agreement", "key", "attribute"], key.attribute.is_some()),
            (&["helpdesk", "agreement", "attributes"], agreement.attributes.is_some()),
            (&["helpdesk", "agreement", "states"], agreement.states.is_some()),
            (
                &["helpdesk", "agreement", "recipients"],
                recipients.side.is_some() || recipients.attribute.is_some(),
            ),
            (&["helpdesk", "agreement", "deactivate"], agreement.deactivate.is_some()),
            (&["helpdesk", "agreement", "state_in_own_edit"], agreement.state_in_own_edit.is_some()),
        ];
        for (path, _) in rejected.iter().filter(|(_, is_written)| *is_written) {
            let message = format!("`{}` is decided by the adapter", path.join("."));
            self.fault(
                Code::E009,
                path,
                message,
                "delete it; docs/adapters.md lists the settings of an adapter",
            );
        }
    }
}
