//! The bridge: the messages between Servanda and an adapter, a program by anybody that serves one helpdesk over HTTP.
//!
//! The messages are a contract of their own, apart from the types of the plan: they change only with a new version. Turns
//! them into the normal form of `live` and back, and writes them as an `OpenAPI` document.

mod contract;
mod convert;
mod openapi;

pub use contract::{
    AgreementMessage, Call, Capability, CommentAnswer, CommentRequest, Description, DirectoryItem,
    FindAnswer, FindCommentAnswer, FindCommentRequest, FindRequest, GetAnswer, GetRequest, HistoryAnswer,
    HistoryMessage, HistoryRequest, PageAnswer, PageRequest, People, PeopleAnswer, StateCodes, StepAnswer,
    StepOutcome, StepRequest, TargetMessage, VERSION,
};
pub use convert::{ReceivedAgreement, carried, read_agreement, read_event, read_value, write_value};
pub use openapi::openapi;

#[cfg(test)]
mod tests;
