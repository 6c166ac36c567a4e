//! Opens the helpdesks of a repository with several, each by itself.

use std::collections::BTreeMap;

use servanda::ident::HelpdeskName;

use crate::helpdesk::connect::{self, Connection};
use crate::process::context::AsOf;
use crate::process::failure::Failure;
use crate::reconcile::audience::Audience;
use crate::reconcile::joint::JointReconciliation;
use crate::reconcile::plan::PlanTerms;
use crate::reconcile::run::Reconciliation;
use crate::workspace::load::Workspace;

/// The connections to several helpdesks, and the failures of those that could not be opened.
pub(crate) struct OpenHelpdesks<'a> {
    connected: BTreeMap<HelpdeskName, (&'a Workspace, Connection)>,
    pub(crate) failures: BTreeMap<HelpdeskName, Failure>,
}

impl<'a> OpenHelpdesks<'a> {
    /// Connects to the helpdesk of each workspace, whose mapping is then limited to what an adapter stores.
    pub(crate) async fn open(workspaces: &'a mut [Workspace], as_of: AsOf) -> Self {
        let (mut connected, mut failures) = (BTreeMap::new(), BTreeMap::new());
        for workspace in workspaces {
            let Some(name) = workspace.settings.helpdesk.name.clone() else { continue };
            match connect::open(workspace, as_of).await {
                Ok(connection) => _ = connected.insert(name, (&*workspace, connection)),
                Err(failure) => _ = failures.insert(name, failure),
            }
        }
        Self { connected, failures }
    }

    /// Each connection with its workspace.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HelpdeskName, &Workspace, &Connection)> {
        self.connected.iter().map(|(name, (workspace, connection))| (name, *workspace, connection))
    }

    /// Prepares the reconciliation of all of them, without those that could not be opened.
    pub(crate) fn reconciliation<'s, A: Audience>(
        &'s self,
        terms: &'s PlanTerms,
        run_name: &str,
        audience: &'s A,
    ) -> JointReconciliation<'s, A> {
        let sessions = self.connected.iter().map(|(name, (workspace, connection))| {
            let run_name = run_name.to_owned();
            (name.clone(), Reconciliation::new(workspace, connection, terms, run_name, audience))
        });
        JointReconciliation::new(audience, sessions, self.failures.clone())
    }

    /// Closes all connections.
    pub(crate) async fn close(self) {
        for (_, connection) in self.connected.into_values() {
            connection.close().await;
        }
    }
}
