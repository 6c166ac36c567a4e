//! Reads `helpdesk` or `helpdesks` of servanda.yaml: one helpdesk, or several by name.

use std::collections::BTreeMap;

use super::reader::SettingsReader;
use crate::check::subject::Places;
use crate::diagnostic::{Code, Span};
use crate::document::shape;
use crate::ident::HelpdeskName;
use crate::settings::HelpdeskConfig;

/// The key of one helpdesk.
const ONE: &str = "helpdesk";
/// The key of several.
const SEVERAL: &str = "helpdesks";

/// The helpdesks of the settings.
pub(super) struct ReadHelpdesks {
    /// The only one, or the default one.
    pub(super) main: HelpdeskConfig,
    /// All of them by name; none if the only one has no name.
    pub(super) named: BTreeMap<HelpdeskName, HelpdeskConfig>,
    /// The name of the default one.
    pub(super) default: Option<HelpdeskName>,
}

impl ReadHelpdesks {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &HelpdeskConfig> + Clone {
        std::iter::once(&self.main).chain(self.named.values())
    }
}

/// The places of one of several helpdesks: those of the only one are below its name.
struct Named<'a> {
    places: &'a dyn Places,
    name: &'a str,
}

impl Named<'_> {
    fn find<T>(&self, path: &[&str], find: impl FnOnce(&[&str]) -> T) -> T {
        match path {
            [first, rest @ ..] if *first == ONE => find(&[&[SEVERAL, self.name], rest].concat()),
            _ => find(path),
        }
    }
}

impl Places for Named<'_> {
    fn whole(&self) -> Span {
        self.places.whole()
    }

    fn value(&self, path: &[&str]) -> Option<Span> {
        self.find(path, |path| self.places.value(path))
    }

    fn name(&self, path: &[&str]) -> Option<Span> {
        self.find(path, |path| self.places.name(path))
    }
}

impl SettingsReader<'_> {
    /// Reads the only helpdesk, or all of several. Without a default one, the first by name takes its place.
    pub(super) fn helpdesks(&mut self, document: &shape::SettingsDocument) -> ReadHelpdesks {
        let Some(written) = &document.helpdesks else {
            let main = self.helpdesk(document.helpdesk.as_ref().unwrap_or(&shape::HelpdeskShape::default()));
            return ReadHelpdesks { main, named: BTreeMap::new(), default: None };
        };
        let mut named = BTreeMap::new();
        for (name, written) in written {
            let Some(known) = HelpdeskName::new(name) else { continue };
            let mut reader =
                SettingsReader { places: &Named { places: self.places, name }, faults: Vec::new() };
            let helpdesk = HelpdeskConfig { name: Some(known.clone()), ..reader.helpdesk(written) };
            self.faults.append(&mut reader.faults);
            named.insert(known, helpdesk);
        }
        self.refuse_twins(&named);
        let default = self.default_helpdesk(written).or_else(|| named.keys().next().cloned());
        let main = default.as_ref().and_then(|name| named.get(name)).cloned().unwrap_or_default();
        ReadHelpdesks { main, named, default }
    }

    /// E111: two names of one helpdesk. Each would see the agreements of the other as moved away.
    fn refuse_twins(&mut self, named: &BTreeMap<HelpdeskName, HelpdeskConfig>) {
        let mut known: Vec<(String, &str, &HelpdeskName)> = Vec::new();
        for (name, helpdesk) in named {
            let Some(address) = helpdesk.kind.url().filter(|url| !url.is_empty()).map(canonical) else {
                continue;
            };
            let prefix = helpdesk.mapping.key.prefix.as_str();
            // A key with the longer prefix would be one with the shorter prefix as well.
            let is_twin = |(other, own, _): &&(String, &str, _)| {
                *other == address && (own.starts_with(prefix) || prefix.starts_with(own))
            };
            if let Some((_, _, other)) = known.iter().find(is_twin) {
                let message = format!(
                    "`{other}` and `{name}` are one helpdesk: same address and prefix of ownership keys"
                );
                let help = "keep one of them, or give each a prefix of its own: `agreement: { key: { prefix: \"b:\" } }`";
                self.fault(Code::E111, &[SEVERAL, name.as_str()], message, help);
            }
            known.push((address, prefix, name));
        }
    }

    /// The helpdesk that is marked as the default one, or the only one.
    fn default_helpdesk(&mut self, written: &BTreeMap<String, shape::HelpdeskShape>) -> Option<HelpdeskName> {
        let marked = written.iter().filter(|(_, helpdesk)| helpdesk.default == Some(true));
        let marked: Vec<&String> = marked.map(|(name, _)| name).collect();
        match (&marked[..], written.len()) {
            ([], 0) => {
                let help = "add one by its name, such as `berlin: { kind: sandbox }`, or delete the key";
                self.fault(Code::E010, &[SEVERAL], "`helpdesks` is empty", help);
            }
            ([], 1) => return written.keys().next().and_then(|name| HelpdeskName::new(name)),
            ([], _) => {
                let help = "add `default: true` to the helpdesk of agreements that name none";
                self.fault(Code::E010, &[SEVERAL], "no helpdesk is the default one", help);
            }
            ([only], _) => return HelpdeskName::new(only),
            ([first, second, ..], _) => {
                let message = format!("`{first}` and `{second}` are both the default helpdesk");
                let path = [SEVERAL, second.as_str(), "default"];
                self.fault(Code::E014, &path, message, "keep `default: true` of one of them");
            }
        }
        None
    }
}

/// An address in one spelling: host in lower case, the port of the scheme left out, no slash at the end.
fn canonical(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let usual = if scheme == "http" { ":80" } else { ":443" };
    let host = authority.to_lowercase();
    let host = host.strip_suffix(usual).unwrap_or(&host);
    format!("{scheme}://{}/{}", host.trim_end_matches('.'), path.trim_end_matches('/'))
}
