//! The kinds of files, each with a schema of its own.

/// A kind of file, by the folder or name that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// `agreements/**/*.yaml`: one agreement, or one set.
    Agreement,
    /// `templates/*.yaml`.
    Template,
    /// `catalog.yaml`.
    Catalog,
    /// `servanda.yaml`.
    Settings,
    /// `calendars/*.yaml`.
    Calendar,
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
