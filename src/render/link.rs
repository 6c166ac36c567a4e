//! The addresses that a rendering links: the job, the whole plan, and lines of files at a commit.

use crate::envelope::GuardedPlan;
use crate::ident::AgreementId;
use crate::plan::scope::{DocumentChange, DocumentEdits, RedLine, RedLineSubject};
use crate::render::encode;

/// The addresses of a forge and its job. None of them is foreign text: they come from whoever runs the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The job that made the plan.
    pub(super) job: Option<String>,
    /// The whole plan, such as a page or an artifact of the job.
    pub(super) plan: Option<String>,
    /// The report of all agreements.
    pub(super) report: Option<String>,
    /// The address of a line of a file, with `{commit}`, `{path}` and `{line}`.
    file: Option<String>,
}

impl Links {
    /// The links with these addresses. One that is not a plain `https` address is left out.
    pub fn new(job: Option<&str>, plan: Option<&str>, file: Option<&str>) -> Self {
        let plain = |address: Option<&str>| address.filter(|address| is_address(address)).map(str::to_owned);
        let has_places = |file: &&str| {
            ["{commit}", "{path}", "{line}"].iter().all(|place| file.matches(place).count() == 1)
        };
        let file = file.filter(has_places);
        let file = file.filter(|file| is_address(&file.replace(['{', '}'], "")));
        Self { job: plain(job), plan: plain(plan), report: None, file: file.map(str::to_owned) }
    }

    /// The links of a page that a server shows beside its report.
    pub fn beside_the_report() -> Self {
        Self { report: Some("./".to_owned()), ..Self::default() }
    }

    /// The address of a line of a file at a commit.
    pub(super) fn file(&self, commit: Option<&str>, path: &str, line: usize) -> Option<String> {
        let commit = commit.filter(|commit| is_commit(commit))?;
        let address = self.file.as_ref()?.replace("{commit}", commit).replace("{line}", &line.to_string());
        Some(address.replace("{path}", &encode::path(path)))
    }
}

/// Whether a text is an `https` address without anything that Markdown or HTML could take for more.
pub(super) fn is_address(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~/%:+#".contains(letter);
    text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_plain))
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A place in a file, with its address if there is one.
pub(super) struct Place<'a> {
    /// The path, as the forge shows it.
    pub(super) path: &'a str,
    /// The line, counted from 1.
    pub(super) line: usize,
    /// The address.
    pub(super) address: Option<String>,
}

impl Place<'_> {
    /// The name of the file, and the line.
    pub(super) fn short(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        format!("{name}:{}", self.line)
    }
}

/// The places of a plan that was made for a pull request.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    links: &'a Links,
    envelope: &'a GuardedPlan,
}

impl<'a> Places<'a> {
    /// The places of a plan.
    pub(super) const fn of(envelope: &'a GuardedPlan, links: &'a Links) -> Self {
        Self { links, envelope }
    }

    /// A line of the pull request.
    pub(super) fn head(self, path: &'a str, line: usize) -> Place<'a> {
        let commit = self.envelope.plan.header.commit.as_deref();
        Place { path, line, address: self.links.file(commit, path, line) }
    }

    /// The place of a red line; without an address if it is in the message of a commit.
    pub(super) fn red_line(self, red: &'a RedLine) -> Place<'a> {
        let place = self.head(&red.path, red.line);
        match red.what {
            RedLineSubject::Acknowledgement(_) => Place { address: None, ..place },
            _ => place,
        }
    }

    /// The document of an agreement that the pull request changes; that of the base if it is removed.
    pub(super) fn document(self, id: &AgreementId) -> Option<Place<'a>> {
        let scope = self.envelope.scope.as_ref()?;
        let DocumentEdits { path, line, .. } = scope.edits.get(id)?;
        if scope.documents.get(id) == Some(&DocumentChange::Removed) {
            let address = self.links.file(Some(&scope.base), path, *line);
            return Some(Place { path, line: *line, address });
        }
        Some(self.head(path, *line))
    }

    /// The values of an agreement that the pull request changes.
    pub(super) fn edits(self, id: &AgreementId) -> Option<&'a DocumentEdits> {
        self.envelope.scope.as_ref()?.edits.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn only_plain_addresses_are_linked() {
        for bad in [
            "http://a.b",
            "https://",
            "https://a.b/)![x](https://c.d",
            "javascript:x",
            "https://a b",
            "https://a.b/?q",
            "https://a.b/\"onclick",
        ] {
            assert_eq!(Links::new(Some(bad), Some(bad), None), Links::default(), "{bad}");
        }
        let file = "https://a.b/c/blob/{commit}/{path}#L{line}";
        let links = Links::new(Some("https://a.b/job/1"), Some("https://a.b/job/1#artifacts"), Some(file));
        assert_eq!(links.job.as_deref(), Some("https://a.b/job/1"));
        assert_eq!(
            links.file(Some("abc1234"), "x/а (1).yaml", 3).as_deref(),
            Some("https://a.b/c/blob/abc1234/x/%D0%B0%20%281%29.yaml#L3")
        );
        assert_eq!(links.file(Some("`@x`"), "a", 3), None);
        assert_eq!(links.file(None, "a", 3), None);
        assert_eq!(Links::new(None, None, Some("https://a.b/{commit}/{path}")), Links::default());
    }
}
