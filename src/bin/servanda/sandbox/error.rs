//! Errors of the sandbox: of a request, as the status and text on the wire, and of opening or serving it.
//!
//! The texts of the two key errors are verbatim those that public clients test for; all other texts are invented.

use super::database;
use super::options::SandboxOptions;

/// The reason why a request is refused.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// No access key was given.
    MissingKey,
    /// The key is unknown, expired or already used.
    UnknownKey(String),
    /// The address contains characters that the product's reverse proxy rejects.
    ForbiddenCharacters,
    /// The JSON, a number or a parameter of the request cannot be parsed.
    Malformed(String),
    /// A value, an attribute or the write as a whole is not accepted.
    Invalid(String),
    /// No object has this UUID.
    NotFound(String),
    /// No operation has this name and method.
    UnknownOperation(String),
    /// No script module or function has this name.
    UnknownModule(String),
    /// An edit changed nothing, and the options answer that with 304.
    NotModified,
    /// The database failed.
    Database(rusqlite::Error),
}

impl RequestError {
    /// A value, an attribute or the write as a whole is not accepted, for this reason.
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    /// The class has no attribute of this code.
    pub(super) fn unknown_attribute(code: &str, class: &str) -> Self {
        Self::Invalid(format!("Атрибут '{code}' не найден в метаклассе '{class}'"))
    }

    /// The attribute does not accept this value.
    pub(super) fn invalid_value(code: &str) -> Self {
        Self::Invalid(format!("Недопустимое значение атрибута '{code}'"))
    }

    /// The stable code of the error for the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::MissingKey => "key-missing",
            Self::UnknownKey(_) => "key-unknown",
            Self::ForbiddenCharacters => "forbidden-characters",
            Self::Malformed(_) => "request-malformed",
            Self::Invalid(_) => "value-invalid",
            Self::NotFound(_) => "object-not-found",
            Self::UnknownOperation(_) => "operation-unknown",
            Self::UnknownModule(_) => "module-unknown",
            Self::NotModified => "not-modified",
            Self::Database(_) => "database",
        }
    }

    /// The HTTP status.
    pub(super) fn status(&self, options: &SandboxOptions) -> u16 {
        match self {
            Self::MissingKey => 401,
            Self::UnknownKey(_) | Self::UnknownModule(_) | Self::Database(_) => 500,
            Self::ForbiddenCharacters | Self::Malformed(_) => 400,
            Self::Invalid(_) => options.refusal_status,
            Self::NotFound(_) => options.absent_status,
            Self::UnknownOperation(_) => 404,
            Self::NotModified => 304,
        }
    }

    /// The text of the response body.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::MissingKey => {
                "Ошибка авторизации. Необходимо указать ключ авторизации в параметре accessKey".to_owned()
            }
            Self::UnknownKey(key) => format!(
                "Переход не может быть выполнен: ключ авторизации {key} не найден или не может быть использован повторно"
            ),
            Self::ForbiddenCharacters => "Недопустимые символы в адресе запроса".to_owned(),
            Self::Malformed(reason) => format!("Запрос не может быть разобран: {reason}"),
            Self::Invalid(reason) => reason.clone(),
            Self::NotFound(uuid) => format!("Объект '{uuid}' не найден"),
            Self::UnknownOperation(operation) => format!("Метод '{operation}' не найден"),
            Self::UnknownModule(call) => format!("Script module or method not found: {call}"),
            Self::NotModified => String::new(),
            Self::Database(error) => format!("Внутренняя ошибка: {error}"),
        }
    }
}

impl From<rusqlite::Error> for RequestError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// The reason why the sandbox cannot be opened or served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// `SQLite` failed.
    #[error("the sandbox's database failed")]
    Database(#[from] rusqlite::Error),
    /// Another release wrote the file.
    #[error(
        "the sandbox's database has schema version {found}, but this release reads {}",
        database::SCHEMA_VERSION
    )]
    SchemaVersion {
        /// The version in the file.
        found: i64,
    },
    /// An object of the seed cannot be created.
    #[error("cannot seed the sandbox with \"{title}\": {reason}")]
    Seed {
        /// The object's title.
        title: String,
        /// The problem.
        reason: String,
    },
    /// The options name a time zone that does not exist.
    #[error("unknown time zone `{0}` in the sandbox's options")]
    UnknownZone(String),
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on its port")]
    Listen(#[from] std::io::Error),
}

impl SandboxError {
    /// The stable code of the error.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "sandbox-database",
            Self::SchemaVersion { .. } => "sandbox-schema-version",
            Self::Seed { .. } => "sandbox-seed",
            Self::UnknownZone(_) => "sandbox-zone-unknown",
            Self::Listen(_) => "sandbox-listen",
        }
    }

    /// The advice.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Database(_) | Self::SchemaVersion { .. } => {
                "delete .servanda/sandbox.db to start with an empty sandbox"
            }
            Self::Seed { .. } => "fix this entry of the catalog, or delete .servanda/sandbox.db",
            Self::UnknownZone(_) => "set `zone` to an IANA name such as Europe/Moscow",
            Self::Listen(_) => "close programs that hold many ports of this machine",
        }
    }
}
