//! The kinds of files, each with a schema and limits of its own.

/// A mebibyte.
const MIB: usize = 1024 * 1024;

/// The limits of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// The largest size, in bytes.
    pub bytes: usize,
    /// The largest number of keys and values.
    pub values: usize,
}

/// A kind of file, by the folder or name that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// `agreements/**/*.yaml`: one agreement, or one set.
    Agreement,
    /// `templates/*.yaml`.
    Template,
    /// `catalog.yaml`, or `catalog/**/*.yaml`.
    Catalog,
    /// `servanda.yaml`.
    Settings,
    /// `calendars/*.yaml`.
    Calendar,
}

/// The largest size in bytes of a file of a kind, or of any other text of a repository.
pub const fn size_limit(kind: Option<DocumentKind>) -> u64 {
    match kind {
        Some(kind) => kind.limits().bytes as u64,
        None => MIB as u64,
    }
}

impl DocumentKind {
    /// All kinds.
    pub const ALL: [DocumentKind; 5] = [
        DocumentKind::Agreement,
        DocumentKind::Template,
        DocumentKind::Catalog,
        DocumentKind::Settings,
        DocumentKind::Calendar,
    ];

    /// The name of its schema in `schemas/`.
    pub const fn schema_file(self) -> &'static str {
        match self {
            Self::Agreement => "agreement.json",
            Self::Template => "template.json",
            Self::Catalog => "catalog.json",
            Self::Settings => "settings.json",
            Self::Calendar => "calendar.json",
        }
    }

    /// The kind with the highest limits, for texts whose kind is not known yet. Reading them as files checks their own.
    pub(super) const LARGEST: DocumentKind = DocumentKind::Catalog;

    /// The limits of one file. A catalog lists every client, so its files may be larger.
    pub const fn limits(self) -> FileLimits {
        match self {
            Self::Catalog => FileLimits { bytes: 16 * MIB, values: 400_000 },
            _ => FileLimits { bytes: MIB, values: 20_000 },
        }
    }

    /// The advice for a file that exceeds a limit.
    pub(super) const fn way_out(self) -> &'static str {
        match self {
            Self::Catalog => "move some of its entries to another file, such as catalog/clients-a.yaml",
            Self::Agreement => "split the set into several files",
            Self::Template | Self::Settings | Self::Calendar => "delete what is not needed",
        }
    }

    /// The title of its schema.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Agreement => "Servanda: an agreement or a set of agreements",
            Self::Template => "Servanda: a template of agreements",
            Self::Catalog => "Servanda: catalog.yaml",
            Self::Settings => "Servanda: servanda.yaml",
            Self::Calendar => "Servanda: a calendar of hours",
        }
    }

    /// The name of the kind in a message, with its article.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Agreement => "an agreement",
            Self::Template => "a template",
            Self::Catalog => "the catalog",
            Self::Settings => "the settings",
            Self::Calendar => "a calendar",
        }
    }
}
