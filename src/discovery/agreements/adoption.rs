//! The input and the result of adopting objects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::check::AgreementChecker;
use crate::diagnostic::Sources;
use crate::document::Document;
use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::live::{Directory, LiveAgreement, Observed};
use crate::mapping::Field;
use crate::settings::Settings;

/// The repository and the helpdesk, as far as adoption needs them.
pub struct AdoptionContext<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The objects that its slugs may refer to.
    pub directory: &'a Directory,
    /// The objects without an ownership key.
    pub unmarked: &'a BTreeMap<LiveId, Observed<LiveAgreement>>,
    /// The titles of those that cannot be read.
    pub titles: &'a BTreeMap<LiveId, String>,
    /// Checks proposed files.
    pub checker: &'a AgreementChecker<'a>,
    /// The files of the repository.
    pub sources: &'a Sources,
    /// The templates of the repository.
    pub templates: &'a [Document],
    /// The names that agreements of the repository already use.
    pub taken: BTreeSet<String>,
    /// The objects that an agreement already adopts.
    pub adopted: BTreeSet<LiveId>,
    /// The objects to adopt.
    pub selection: &'a AdoptionSelection,
    /// The instant of the run.
    pub at: Instant,
    /// The minimum number of agreements for a new template; `None` for no new templates.
    pub template_from: Option<usize>,
}

/// The objects to adopt: all, or some objects, or those of some clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdoptionSelection {
    /// Only these objects; all if it is empty.
    pub objects: BTreeSet<LiveId>,
    /// Only those of these clients; of all if it is empty.
    pub clients: BTreeSet<ClientSlug>,
}

impl AdoptionSelection {
    /// Whether an object is one of them, as far as its id tells.
    pub(super) fn contains_object(&self, object: &LiveId) -> bool {
        self.objects.is_empty() || self.objects.contains(object)
    }

    /// Whether the objects of a client are among them.
    pub(super) fn contains_client(&self, client: &ClientSlug) -> bool {
        self.clients.is_empty() || self.clients.contains(client)
    }

    /// Whether it is restricted to some clients, so that objects whose client is unknown are not among them.
    pub(super) fn names_clients(&self) -> bool {
        !self.clients.is_empty()
    }
}

/// The proposed files, and the objects without one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Adoption {
    /// New templates.
    pub templates: Vec<ProposedTemplate>,
    /// New agreements.
    pub agreements: Vec<AdoptedAgreement>,
    /// Objects that are not adopted.
    pub skipped: Vec<SkippedObject>,
}

/// A proposed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ProposedFile {
    /// Its path, relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A proposed template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ProposedTemplate {
    /// The file.
    #[serde(flatten)]
    pub file: ProposedFile,
    /// The number of agreements and templates that extend it.
    pub extended_by: usize,
    /// The number of lines that it saves.
    pub lines_saved: usize,
}

/// An object and the file that adopts it.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AdoptedAgreement {
    /// The object.
    pub object: LiveId,
    /// Its title in the helpdesk.
    pub title: String,
    /// The agreement's id.
    pub id: AgreementId,
    /// The client.
    pub client: ClientSlug,
    /// The template that it extends.
    pub template: Option<String>,
    /// The file.
    pub file: ProposedFile,
    /// The agreement, merged with its template.
    #[serde(skip)]
    pub resolved: Json,
}

/// An object that is not adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SkippedObject {
    /// The object.
    pub object: LiveId,
    /// Its title in the helpdesk.
    pub title: String,
    /// The reason.
    pub reason: SkipReason,
}

/// The reason why an object is not adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum SkipReason {
    /// It cannot be read, or cannot store the ownership key.
    Unreadable {
        /// The error.
        error: String,
    },
    /// It is archived.
    Archived,
    /// It has no recipient, so its client is unknown.
    NoRecipient,
    /// Its recipients belong to several clients.
    SeveralClients {
        /// Their slugs.
        clients: Vec<String>,
    },
    /// It covers no service.
    NoService,
    /// It is not active, and the helpdesk keeps services of active agreements only, so that its services are unknown.
    ServicesUnknown {
        /// The state.
        state: String,
    },
    /// The catalog has no slug for an object that it refers to.
    NoSlug {
        /// The field that refers to it.
        field: Field,
        /// The object without a slug.
        object: LiveId,
        /// The title of that object.
        title: String,
    },
    /// It refers to an object that is archived, which no agreement may use.
    ArchivedReference {
        /// The field that refers to it.
        field: Field,
        /// The archived object.
        object: LiveId,
        /// The title of that object.
        title: String,
    },
    /// It has no state.
    NoState,
    /// The mapping does not name its state.
    UnknownState {
        /// The state.
        state: String,
    },
    /// Its period and its state contradict each other.
    Contradictory {
        /// The state.
        state: String,
    },
    /// It is not active, and its services would be withdrawn.
    StillOffered {
        /// The state.
        state: String,
    },
    /// A service has targets for some priorities of the agreement only, or on the hours of several calendars.
    ServiceTargets,
    /// A file results in other values of these fields.
    NotExpressible {
        /// The fields.
        fields: Vec<Field>,
    },
    /// Its file would be an error.
    Invalid {
        /// The error.
        error: String,
    },
}

impl SkipReason {
    /// The fields that are the reason; none if the object as a whole is, or the error names them.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::Unreadable { .. }
            | Self::Archived
            | Self::Invalid { .. }
            | Self::NoState
            | Self::UnknownState { .. } => Vec::new(),
            Self::NoRecipient | Self::SeveralClients { .. } => vec![Field::Recipients],
            Self::NoService | Self::ServicesUnknown { .. } | Self::StillOffered { .. } => {
                vec![Field::Services]
            }
            Self::NoSlug { field, .. } | Self::ArchivedReference { field, .. } => vec![field.clone()],
            Self::Contradictory { .. } => vec![Field::LastDay],
            Self::ServiceTargets => vec![Field::Targets],
            Self::NotExpressible { fields } => fields.clone(),
        }
    }
}

impl Adoption {
    /// Removes an agreement whose file would be an error beside the other files of the repository.
    pub fn skip(&mut self, id: &str, error: &str) {
        let Some(index) = self.agreements.iter().position(|adopted| adopted.id.as_str() == id) else {
            return;
        };
        let adopted = self.agreements.remove(index);
        let reason = SkipReason::Invalid { error: error.to_owned() };
        self.skipped.push(SkippedObject { object: adopted.object, title: adopted.title, reason });
    }

    /// All proposed files.
    pub fn files(&self) -> impl Iterator<Item = &ProposedFile> {
        self.templates
            .iter()
            .map(|template| &template.file)
            .chain(self.agreements.iter().map(|adopted| &adopted.file))
    }
}

/// The name of a template, from the path of its file.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").unwrap_or(name)
}

/// A possible file of an agreement.
pub(super) struct DraftFile {
    pub(super) template: Option<String>,
    pub(super) text: String,
    pub(super) own: Json,
    pub(super) resolved: Json,
}

/// The path of an agreement's file.
pub(super) fn path_of(id: &AgreementId) -> String {
    format!("agreements/{id}.yaml")
}
