//! Diagnostics as a `JUnit` XML report, which most CI systems can show: a case for each diagnostic, failed for an error,
//! and one case for the rest.

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::encode;
use crate::render::json;
use crate::render::vocabulary;

/// Renders the report of a run that read `files` files.
pub fn junit(found: &Diagnostics, sources: &Sources, files: usize) -> String {
    let (tests, failures) = (found.iter().count() + 1, found.count(Severity::Error));
    let read = vocabulary::count(files, "file was read", "files were read");
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"servanda validate\" tests=\"{tests}\" failures=\"{failures}\">\n\
         <testsuite name=\"servanda validate\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n\
         <testcase classname=\"servanda\" name=\"{read}\"/>\n"
    );
    for diagnostic in found {
        case(&mut xml, diagnostic, sources);
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

fn case(xml: &mut String, diagnostic: &Diagnostic, sources: &Sources) {
    let position = sources.position(diagnostic.place.span);
    let path = encode::html(&position.path).into_owned();
    let message = encode::html(&diagnostic.message);
    let help = diagnostic.help.as_deref().map(encode::html).unwrap_or_default();
    let (line, column, code) = (position.line, position.column, diagnostic.code);
    let said =
        format!("{path}:{line}:{column}: {}[{code}]: {message}\n{help}", json::severity(diagnostic.severity));
    let body = match diagnostic.severity {
        Severity::Error => format!("<failure type=\"{code}\" message=\"{message}\">{said}</failure>"),
        Severity::Warning | Severity::Note => format!("<system-out>{said}</system-out>"),
    };
    writeln!(
        xml,
        "<testcase classname=\"{path}\" name=\"{code}: {message}\" file=\"{path}\" line=\"{line}\">{body}</testcase>"
    )
    .expect("a string takes all that is written");
}
