//! Diagnostics as a GitLab Code Quality report, which is shown next to the lines of a merge request.

use serde_json::json;

use super::fingerprint::fingerprints;
use super::region::Region;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::encode;
use crate::render::json;

/// Renders the report.
pub fn gitlab(found: &Diagnostics, sources: &Sources) -> String {
    let issue = |(diagnostic, fingerprint): (&Diagnostic, String)| {
        let span = diagnostic.place.span;
        let region = Region::of(span, sources);
        json!({
            "description": format!("{}: {}", diagnostic.code, encode::visible(&diagnostic.message)),
            "check_name": diagnostic.code.as_str(),
            "fingerprint": fingerprint,
            "severity": match diagnostic.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            },
            "location": {
                "path": encode::visible(sources.path(span.file)),
                "lines": { "begin": region.line, "end": region.end_line },
            },
        })
    };
    let issues = found.iter().zip(fingerprints(found, sources)).map(issue);
    json::pretty(&issues.collect::<Vec<_>>())
}
