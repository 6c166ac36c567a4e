//! The helpdesk as the rest of the shell sees it: two traits, one to read and one to write.
//!
//! What plans holds a [`Reader`] and cannot write. What an answer means is settled in the dialect's own
//! folder; nothing outside of it knows an attribute code or a wire form.

use std::collections::{BTreeMap, BTreeSet};

use servanda::agreement::Agreement;
use servanda::calendar::{Instant, Zone};
use servanda::catalog::Catalog;
use servanda::discovery::DiscoveredMapping;
use servanda::discovery::catalog::Inventory;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed, Touch};
use servanda::mapping::Mapping;
use servanda::outcome::Altered;
use servanda::plan::{DriftPart, Step};

use crate::http::client::HttpError;
use crate::process::failure::{Exit, Failure};

/// Why the helpdesk could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {error}")]
pub(crate) struct ReadError {
    /// The call, without anything secret: `find agreement$agreement`.
    pub(crate) call: String,
    /// What went wrong.
    pub(crate) error: ReadErrorKind,
}

/// What went wrong with a read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadErrorKind {
    /// The request itself.
    #[error(transparent)]
    HttpClient(#[from] HttpError),
    /// The answer is JSON, and not what the dialect says.
    #[error("{0}")]
    Unexpected(String),
}

/// Why a step was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The helpdesk said no; nothing was written.
    #[error("{0}")]
    Refused(String),
    /// The object is not as it was when it was looked at; nothing was written.
    #[error("it was changed by somebody else meanwhile")]
    Conflict,
    /// The helpdesk does not accept the key.
    #[error("{0}")]
    Credentials(String),
    /// The request went out and its answer was lost.
    #[error("{0}")]
    Ambiguous(String),
    /// The request did not go out.
    #[error("{0}")]
    NotSent(String),
}

/// A step that was carried out.
pub(crate) struct StepResult {
    /// The agreement's object.
    pub(crate) object: LiveId,
    /// What the helpdesk holds otherwise than it was written.
    pub(crate) altered: Vec<Altered>,
}

/// One thing that was done to an object, as the helpdesk remembers it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct HistoryEvent {
    /// The object.
    pub(crate) object: LiveId,
    /// Which part of an agreement it was; nothing where it was none that we know, or the object is no agreement.
    pub(crate) part: Option<DriftPart>,
    /// Who and when.
    pub(crate) touch: Touch,
}

/// What a survey looks for besides what bears our mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Objects that documents wish to take over.
    pub(crate) adopts: BTreeSet<LiveId>,
    /// Whether everything that bears no mark is wanted, to see what could be taken over.
    pub(crate) unmarked: bool,
}

impl Selection {
    /// What these agreements need.
    pub(crate) fn of(agreements: &[Agreement]) -> Self {
        let adopts = agreements.iter().filter_map(|agreement| agreement.adopts.clone());
        Self { adopts: adopts.collect(), unmarked: false }
    }

    /// The same, and everything that bears no mark.
    pub(crate) fn with_all_unmarked(self) -> Self {
        Self { unmarked: true, ..self }
    }

    /// Whether an object without our mark is to be read.
    pub(crate) fn takes(&self, object: &LiveId) -> bool {
        self.unmarked || self.adopts.contains(object)
    }
}

/// Reads a helpdesk.
pub(crate) trait Reader: Sync {
    /// Everything that a plan needs, in as many requests as there are pages and a few more.
    fn read_live(&self, wanted: &Selection) -> impl Future<Output = Result<Live, ReadError>> + Send;
    /// Everything that a catalog can name.
    fn inventory(&self) -> impl Future<Output = Result<Inventory, ReadError>> + Send;
    /// The agreement that bears a mark. Absent only when the helpdesk said so.
    fn find(
        &self,
        id: &AgreementId,
    ) -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    /// An agreement by its object. Absent only when the helpdesk said so.
    fn get(&self, object: &LiveId)
    -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    /// What was done to these objects, the latest last; nothing where the helpdesk keeps no history.
    fn history(
        &self,
        objects: &BTreeSet<LiveId>,
    ) -> impl Future<Output = Result<Vec<HistoryEvent>, ReadError>> + Send;
    /// Where these people are reached by mail, as far as the helpdesk says.
    fn addresses(
        &self,
        people: &BTreeSet<LiveId>,
    ) -> impl Future<Output = Result<BTreeMap<LiveId, String>, ReadError>> + Send;
    /// A text that is noted in an attribute of an object; empty where none is.
    fn note(
        &self,
        object: &LiveId,
        attribute: &str,
    ) -> impl Future<Output = Result<String, ReadError>> + Send;
    /// The comment on an object that has this text in it; nothing where the helpdesk said that there is none.
    fn find_comment(
        &self,
        object: &LiveId,
        text: &str,
    ) -> impl Future<Output = Result<Option<LiveId>, ReadError>> + Send {
        let call = format!("comments on {object} with {text}");
        async { Err(ReadError { call, error: ReadErrorKind::Unexpected("it has no comments".to_owned()) }) }
    }
    /// How many requests went out so far.
    fn requests(&self) -> u64;
    /// Whether the key was refused so often that no further request goes out.
    fn is_locked_out(&self) -> bool;
}

/// Looks at a helpdesk of which nothing is known yet.
pub(crate) trait Explorer: Sync {
    /// Looks around and proposes a mapping. `zone` and `catalog` are those of the repository.
    fn discover(
        &self,
        catalog: &Catalog,
        zone: &Zone,
        now: Instant,
    ) -> impl Future<Output = Result<DiscoveredMapping, ReadError>> + Send;
    /// What of all that a plan needs cannot be read: the class, and why.
    fn unreadable(
        &self,
        mapping: &Mapping,
    ) -> impl Future<Output = Result<Vec<(String, String)>, ReadError>> + Send;
}

/// Writes to a helpdesk.
pub(crate) trait Writer: Sync {
    /// Carries out one step on an agreement; `object` is absent only before its creation.
    fn perform(
        &self,
        id: &AgreementId,
        object: Option<&LiveId>,
        step: &Step,
    ) -> impl Future<Output = Result<StepResult, WriteError>> + Send;
    /// Notes a text in an attribute of an object.
    fn write_note(
        &self,
        object: &LiveId,
        attribute: &str,
        text: &str,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
    /// Leaves a comment on an object, and says what the helpdesk calls it.
    fn comment(
        &self,
        object: &LiveId,
        html: &str,
        is_private: bool,
    ) -> impl Future<Output = Result<String, WriteError>> + Send {
        let _ = (object, html, is_private);
        async { Err(WriteError::Refused("this helpdesk takes no comments".to_owned())) }
    }
    /// Calls a function of a script module.
    fn call(
        &self,
        function: &str,
        body: &serde_json::Value,
    ) -> impl Future<Output = Result<(), WriteError>> + Send {
        let _ = (function, body);
        async { Err(WriteError::Refused("this helpdesk has no script modules".to_owned())) }
    }
}

impl ReadError {
    /// Whether every further request would fail the same way.
    pub(crate) fn is_credentials(&self) -> bool {
        matches!(self.error, ReadErrorKind::HttpClient(HttpError::Credentials(_)))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        if error.is_credentials() {
            Self::credentials(&error.to_string())
        } else {
            Self::new(Exit::Failure, "helpdesk-failure", error.to_string())
                .help("nothing is concluded from an answer that cannot be understood; try again, or look at the settings under `helpdesk:`")
        }
    }
}

impl From<HttpError> for WriteError {
    fn from(error: HttpError) -> Self {
        let text = error.to_string();
        match error {
            HttpError::Credentials(_) => Self::Credentials(text),
            error if error.is_ambiguous() => Self::Ambiguous(text),
            HttpError::NotSent(_) => Self::NotSent(text),
            _ => Self::Refused(text),
        }
    }
}
