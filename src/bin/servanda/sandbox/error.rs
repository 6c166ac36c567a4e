//! Why the embedded helpdesk does not do what it was asked, as the status and text that go over the wire.
//!
//! The two key errors are word for word what public code tests for; all other texts are invented.

use super::options::SandboxOptions;

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No access key was given.
    NoKey,
    /// The key is unknown, expired or spent.
    UnknownKey(String),
    /// The address holds characters that the product's front door turns away.
    ForbiddenCharacters,
    /// The request cannot be read: its JSON, its numbers, its parameters.
    Unreadable(String),
    /// A value, an attribute or the whole write is not accepted.
    Invalid(String),
    /// No object has this UUID.
    Absent(String),
    /// No verb of this name, or not by this method.
    NoVerb(String),
    /// No script module or function of this name.
    NoModule(String),
    /// An edit changed nothing, and the switches say that this is no success.
    NotModified,
    /// The database failed.
    Broken(rusqlite::Error),
}

impl Refusal {
    /// A value, an attribute or the whole write is not accepted, for this reason.
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    /// The HTTP status.
    pub(crate) fn status(&self, options: &SandboxOptions) -> u16 {
        match self {
            Self::NoKey => 401,
            Self::UnknownKey(_) | Self::NoModule(_) | Self::Broken(_) => 500,
            Self::ForbiddenCharacters | Self::Unreadable(_) => 400,
            Self::Invalid(_) => options.refusal_status,
            Self::Absent(_) => options.absent_status,
            Self::NoVerb(_) => 404,
            Self::NotModified => 304,
        }
    }

    /// The text of the body.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::NoKey => {
                "Ошибка авторизации. Необходимо указать ключ авторизации в параметре accessKey".to_owned()
            }
            Self::UnknownKey(key) => format!(
                "Переход не может быть выполнен: ключ авторизации {key} не найден или не может быть использован повторно"
            ),
            Self::ForbiddenCharacters => "Недопустимые символы в адресе запроса".to_owned(),
            Self::Unreadable(what) => format!("Запрос не может быть разобран: {what}"),
            Self::Invalid(reason) => reason.clone(),
            Self::Absent(uuid) => format!("Объект '{uuid}' не найден"),
            Self::NoVerb(verb) => format!("Метод '{verb}' не найден"),
            Self::NoModule(call) => format!("Script module or method not found: {call}"),
            Self::NotModified => String::new(),
            Self::Broken(error) => format!("Внутренняя ошибка: {error}"),
        }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error)
    }
}
