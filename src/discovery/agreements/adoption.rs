//! The input and the result of adopting objects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use crate::calendar::Instant;
use crate::catalog::Catalog;
use crate::check::AgreementChecker;
use crate::diagnostic::Sources;
use crate::document::Document;
use crate::ident::{AgreementId, LiveId};
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
    /// The instant of the run.
    pub at: Instant,
    /// The minimum number of agreements for a new template; `None` for no new templates.
    pub template_from: Option<usize>,
}

/// The proposed files, and the objects without one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Adoption {
    /// New templates.
    pub templates: Vec<ProposedFile>,
    /// New agreements.
    pub agreements: Vec<AdoptedAgreement>,
    /// Objects that are not adopted.
    pub skipped: Vec<SkippedObject>,
}

/// A proposed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProposedFile {
    /// Its path, relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// An object and the file that adopts it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdoptedAgreement {
    /// The object.
    pub object: LiveId,
    /// The agreement's id.
    pub id: AgreementId,
    /// The template that it extends.
    pub template: Option<String>,
    /// The file.
    pub file: ProposedFile,
    /// The agreement, merged with its template.
    #[serde(skip)]
    pub resolved: Json,
}

/// An object that is not adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedObject {
    /// The object.
    pub object: LiveId,
    /// Its title in the helpdesk.
    pub title: String,
    /// The reason.
    pub reason: SkipReason,
}

/// The reason why an object is not adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    SeveralClients,
    /// It covers no service.
    NoService,
    /// The catalog has no slug for an object that it refers to.
    NoSlug {
        /// The object without a slug.
        object: LiveId,
        /// The title of that object.
        title: String,
    },
    /// Its period and its state contradict each other.
    Contradictory {
        /// The state.
        state: String,
    },
    /// No file can express these fields.
    NotExpressible {
        /// The fields.
        fields: Vec<Field>,
    },
    /// Its file would be an error beside the other files of the repository.
    Invalid {
        /// The error.
        error: String,
    },
}

impl Adoption {
    /// Removes an agreement whose file would be an error beside the other files of the repository.
    pub fn skip(&mut self, id: &str, error: &str) {
        let Some(index) = self.agreements.iter().position(|adopted| adopted.id.as_str() == id) else {
            return;
        };
        let adopted = self.agreements.remove(index);
        let title = adopted.resolved["title"].as_str().unwrap_or(adopted.object.as_str()).to_owned();
        let reason = SkipReason::Invalid { error: error.to_owned() };
        self.skipped.push(SkippedObject { object: adopted.object, title, reason });
        let used: BTreeSet<&String> =
            self.agreements.iter().filter_map(|adopted| adopted.template.as_ref()).collect();
        self.templates.retain(|file| used.iter().any(|name| *name == stem(&file.path)));
    }

    /// All proposed files.
    pub fn files(&self) -> impl Iterator<Item = &ProposedFile> {
        self.templates.iter().chain(self.agreements.iter().map(|adopted| &adopted.file))
    }
}

/// The name of a template, from the path of its file.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").unwrap_or(name)
}
