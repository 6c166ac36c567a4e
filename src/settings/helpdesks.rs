//! The helpdesk of an agreement, and the settings for one of several helpdesks.

use super::{HelpdeskConfig, Settings};
use crate::agreement::Agreement;
use crate::ident::HelpdeskName;

impl Settings {
    /// The helpdesk in which an agreement lives.
    pub fn helpdesk_of(&self, agreement: &Agreement) -> &HelpdeskConfig {
        self.helpdesk_named(agreement.helpdesk.as_ref())
    }

    /// The helpdesk of this name, or the default one.
    pub fn helpdesk_named(&self, name: Option<&HelpdeskName>) -> &HelpdeskConfig {
        name.and_then(|name| self.helpdesks.get(name)).unwrap_or(&self.helpdesk)
    }

    /// The helpdesk whose agreements name none. It also has the records of notices.
    pub fn default_helpdesk(&self) -> &HelpdeskConfig {
        self.helpdesk_named(self.default_helpdesk.as_ref())
    }

    /// The settings for one of several helpdesks, which takes the place of the default one.
    #[must_use]
    pub fn of_helpdesk(&self, name: &HelpdeskName) -> Self {
        Self { helpdesk: self.helpdesk_named(Some(name)).clone(), ..self.clone() }
    }
}
