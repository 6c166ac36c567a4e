//! The workspace of each helpdesk of a repository with several: the agreements that live there, with the ids of that
//! helpdesk and its settings. Everything that reads or writes one helpdesk takes it as it takes that of the only one.

use std::collections::BTreeSet;
use std::sync::Arc;

use servanda::agreement::Agreement;
use servanda::ident::{AgreementId, HelpdeskName};
use servanda::plan::scope::Scope;
use servanda::selection::{AgreementSelection, NamedSide, UnknownName};
use servanda::settings::Settings;

use crate::process::context::AsOf;
use crate::process::failure::Failure;
use crate::workspace::load::{PullRequestBase, Workspace};

/// The agreements of all helpdesks.
struct Everywhere {
    agreements: Arc<[Agreement]>,
    base: Arc<[Agreement]>,
}

/// The workspaces of the helpdesks that a command is about, and that of the whole repository.
pub(crate) struct HelpdeskWorkspaces {
    /// The whole; `None` if it is that of the only helpdesk.
    whole: Option<Workspace>,
    /// That of each helpdesk, in the order of names.
    pub(crate) helpdesks: Vec<Workspace>,
}

impl HelpdeskWorkspaces {
    /// The workspace of the whole repository.
    pub(crate) fn whole(&self) -> &Workspace {
        self.whole.as_ref().unwrap_or(&self.helpdesks[0])
    }

    /// The workspace of the whole repository and those of its several helpdesks; `None` if there is one helpdesk.
    pub(crate) fn several(&mut self) -> Option<(&Workspace, &mut [Workspace])> {
        let whole = self.whole.as_ref()?;
        Some((whole, &mut self.helpdesks))
    }

    /// Whether the repository has one helpdesk without a name.
    pub(crate) const fn is_single(&self) -> bool {
        self.whole.is_none()
    }

    /// Refuses to write for another day than today, as [`Workspace::refuse_other_days`] does.
    pub(crate) fn refuse_other_days(&self, as_of: AsOf) -> Result<(), Failure> {
        self.helpdesks.iter().try_for_each(|workspace| workspace.refuse_other_days(as_of))
    }
}

impl Workspace {
    /// The workspaces of the helpdesks that a selection names, or of all.
    pub(crate) fn by_helpdesk(self, selection: &AgreementSelection) -> Result<HelpdeskWorkspaces, Failure> {
        let names = selected_helpdesks(&self.settings, selection)?;
        if names.is_empty() {
            return Ok(HelpdeskWorkspaces { whole: None, helpdesks: vec![self] });
        }
        let all = self.everywhere();
        let helpdesks = names.iter().map(|name| self.of_helpdesk(name, &all)).collect();
        Ok(HelpdeskWorkspaces { whole: Some(self), helpdesks })
    }

    /// The workspace of the one helpdesk that a command is about: the only one, or the one with this name.
    pub(crate) fn of_one_helpdesk(self, name: Option<&str>) -> Result<Self, Failure> {
        let name = one_helpdesk(&self.settings, name)?;
        Ok(match name {
            None => self,
            Some(name) => self.of_helpdesk(&name, &self.everywhere()),
        })
    }

    /// All agreements, which the workspaces of several helpdesks share, and those of the base of a pull request.
    fn everywhere(&self) -> Everywhere {
        let base = self.pull_request.iter().flat_map(|base| &base.agreements);
        Everywhere { agreements: self.agreements.iter().cloned().collect(), base: base.cloned().collect() }
    }

    /// The workspace of one of several helpdesks.
    fn of_helpdesk(&self, name: &HelpdeskName, all: &Everywhere) -> Self {
        let settings = self.settings.of_helpdesk(name);
        let default = settings.default_helpdesk.as_ref();
        let pull_request = self.pull_request.as_deref().map(|base| {
            let sides = base.agreements.iter().chain(&self.agreements);
            let of_name = sides.filter(|agreement| agreement.helpdesk.as_ref() == Some(name));
            let here: BTreeSet<&AgreementId> = of_name.map(|agreement| &agreement.id).collect();
            let catalog = base.catalog.in_helpdesk(name, default);
            Box::new(PullRequestBase {
                agreements: living_in(&base.agreements, name, default),
                everywhere: Arc::clone(&all.base),
                catalog,
                scope: restricted(&base.scope, |id| here.contains(id)),
            })
        });
        Self {
            root: self.root.clone(),
            commit: self.commit.clone(),
            digest: self.digest.clone(),
            catalog: self.catalog.in_helpdesk(name, default),
            agreements: living_in(&self.agreements, name, default),
            everywhere: Arc::clone(&all.agreements),
            paths: self.paths.clone(),
            texts: self.texts.clone(),
            base: self.base.clone(),
            pull_request,
            settings,
        }
    }
}

/// The name of the one helpdesk that a command is about, which must be passed if there are several; `None` if the only one
/// has no name.
pub(crate) fn one_helpdesk(settings: &Settings, name: Option<&str>) -> Result<Option<HelpdeskName>, Failure> {
    let Some(name) = name else {
        return match settings.helpdesks.len() {
            0 | 1 => Ok(settings.helpdesks.keys().next().cloned()),
            _ => {
                let message = "this command is about one helpdesk, and servanda.yaml has several";
                Err(Failure::usage(message, known(settings.helpdesks.keys())))
            }
        };
    };
    let selection = AgreementSelection { helpdesks: vec![name.to_owned()], ..AgreementSelection::default() };
    Ok(selected_helpdesks(settings, &selection)?.into_iter().next())
}

/// The names of the helpdesks that a selection names, or of all; none if the only one has no name.
fn selected_helpdesks(
    settings: &Settings,
    selection: &AgreementSelection,
) -> Result<Vec<HelpdeskName>, Failure> {
    let names = settings.helpdesks.keys();
    refuse_unknown_of(names.clone(), selection)?;
    Ok(names.filter(|name| selection.selects_helpdesk(name)).cloned().collect())
}

/// Refuses a selection by other helpdesks than these; a single one may have no name.
pub(crate) fn refuse_unknown_of<'a>(
    names: impl Iterator<Item = &'a HelpdeskName> + Clone,
    selection: &AgreementSelection,
) -> Result<(), Failure> {
    let is_unknown = |pattern: &&String| {
        let one = AgreementSelection { helpdesks: vec![(*pattern).clone()], ..Default::default() };
        !names.clone().any(|name| one.selects_helpdesk(name))
    };
    let Some(unknown) = selection.helpdesks.iter().find(is_unknown) else {
        return Ok(());
    };
    let help = if names.clone().next().is_none() {
        "there is one helpdesk without a name; name several under `helpdesks:` in servanda.yaml".to_owned()
    } else {
        known(names)
    };
    Err(Failure::usage(format!("unknown helpdesk `{unknown}`"), help))
}

/// Refuses a selection by helpdesks that the settings do not have, and by other names that match nothing on any of these sides
/// of the repository. If files have errors, a name may be in one of them.
pub(crate) fn refuse_unknown(
    settings: &Settings,
    sides: &[NamedSide<'_>],
    has_errors: bool,
    selection: &AgreementSelection,
) -> Result<(), Failure> {
    if !has_errors || !settings.helpdesks.is_empty() {
        selected_helpdesks(settings, selection)?;
    }
    let unknown = if has_errors { None } else { selection.unknown_name(sides) };
    let Some(UnknownName { switch, written, nearest, known }) = unknown else {
        return Ok(());
    };
    let help = match nearest {
        Some(nearest) => format!("did you mean `--{switch} {nearest}`?"),
        None if known.is_empty() => format!("there is no {switch}"),
        None => format!("known are {}", known.join(", ")),
    };
    Err(Failure::usage(format!("no {switch} matches `{written}`"), help))
}

/// Asks for one of the known helpdesks.
fn known<'a>(names: impl Iterator<Item = &'a HelpdeskName>) -> String {
    let names: Vec<String> = names.map(|name| format!("`--helpdesk {name}`")).collect();
    format!("pass one of {}", names.join(", "))
}

/// The agreements that live in a helpdesk. People of another helpdesk are no contacts there.
fn living_in(
    agreements: &[Agreement],
    name: &HelpdeskName,
    default: Option<&HelpdeskName>,
) -> Vec<Agreement> {
    let here = agreements.iter().filter(|agreement| agreement.helpdesk.as_ref() == Some(name));
    let mut here: Vec<Agreement> = here.cloned().collect();
    if Some(name) != default {
        here.iter_mut().for_each(Agreement::drop_people);
    }
    here
}

/// The scope of a pull request with only these agreements. What is not about agreements stays.
fn restricted(scope: &Scope, is_here: impl Fn(&AgreementId) -> bool) -> Scope {
    let mut scope = scope.clone();
    scope.documents.retain(|id, _| is_here(id));
    scope.indirect.retain(|id| is_here(id));
    scope.edits.retain(|id, _| is_here(id));
    scope
}
