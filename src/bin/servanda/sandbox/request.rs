//! The requests of the interface: their operations, and a parsed and authenticated request.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The segment of a request that creates several objects, of which each names its class.
pub(super) const CREATE_TOGETHER: &str = "create-m2m-multiple";

/// The operation of a request: the first segment of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// `find/{class or type}`.
    Find,
    /// `get/{uuid}`.
    Get,
    /// `create-m2m/{type}`, or `create-m2m-multiple`.
    Create,
    /// `edit-m2m/{uuid}`.
    Edit,
    /// `delete/{uuid}`.
    Delete,
    /// `exec-post`.
    Exec,
    /// Any other segment.
    Other,
}

impl Operation {
    /// Parses the first segment of a path, such as `create-m2m`.
    pub(super) fn of_segment(segment: &str) -> Self {
        match segment {
            "find" => Self::Find,
            "get" => Self::Get,
            "create-m2m" | CREATE_TOGETHER => Self::Create,
            "edit-m2m" => Self::Edit,
            "delete" => Self::Delete,
            "exec-post" => Self::Exec,
            _ => Self::Other,
        }
    }
}

/// A parsed and authenticated request.
#[derive(Debug)]
pub(super) struct ApiRequest<'request> {
    /// The number of the request, from 1; 0 if it did not come over HTTP. The search lag does not apply to 0.
    pub(super) number: u64,
    /// The class, type or UUID in the path.
    pub(super) target: &'request str,
    /// The attributes to return, separated by commas; all if absent.
    pub(super) attrs: Option<&'request str>,
    /// The way many objects to skip.
    pub(super) offset: u32,
    /// The way many objects to return at most.
    pub(super) limit: Option<u32>,
    /// The JSON body.
    pub(super) body: Map<String, Value>,
    /// The row of the employee who sends the request.
    pub(super) author: i64,
}

/// The status of a response and its JSON body.
pub(super) type ApiResponse = (u16, Value);

/// Splits a list such as `UUID,title` into codes; empty parts are left out.
pub(super) fn attribute_codes(attrs: Option<&str>) -> Vec<&str> {
    attrs.unwrap_or_default().split(',').filter(|code| !code.is_empty()).collect()
}
