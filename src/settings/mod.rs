//! The settings of a repository: time zone, helpdesk, ledger, notices, guards.
//!
//! `check` makes them from servanda.yaml. They are trusted, unlike agreements, and contain the names of the variables
//! that hold secrets, never a secret itself.

mod address;
mod described;
mod helpdesks;

pub use address::{AddressPolicy, RefusedAddress, is_this_machine};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::calendar::{TimeOfDay, Zone};
use crate::ident::HelpdeskName;
pub use crate::ident::Language;
use crate::mapping::{Field, Mapping};

/// The settings of a repository, with every default filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time zone of agreements and clients that set none, and of `--as-of DATE`.
    pub zone: Zone,
    /// The language of titles and notices.
    pub language: Language,
    /// The helpdesk that is reconciled; of several, the default one.
    pub helpdesk: HelpdeskConfig,
    /// The helpdesks by name, if there may be several.
    pub helpdesks: BTreeMap<HelpdeskName, HelpdeskConfig>,
    /// The name of the helpdesk of agreements that name none; `None` if there is one without a name.
    pub default_helpdesk: Option<HelpdeskName>,
    /// The ledger.
    pub ledger: LedgerConfig,
    /// The limits of an apply.
    pub guards: Guards,
    /// The allowed recipients of mail; `None` if no mail is sent.
    pub mail: Option<AllowedMail>,
    /// The mail server and the sender; `None` if no mail is sent.
    pub sender: Option<MailSender>,
    /// The webhook that receives notices, if there is one.
    pub webhook: Option<WebhookConfig>,
    /// The way the helpdesk itself delivers notices, if it does.
    pub helpdesk_notice: Option<HelpdeskNotice>,
    /// The default time of day of notices, in the agreement's time zone.
    pub notice_time: TimeOfDay,
    /// The number of days after which a notice counts as late.
    pub late_after: i32,
}

impl Settings {
    /// The default time of day of notices.
    pub const DEFAULT_NOTICE_TIME: TimeOfDay = TimeOfDay::constant(9, 0, 0, 0);
    /// The default number of days after which a notice counts as late.
    pub const DEFAULT_LATE_AFTER: i32 = 3;

    /// The time after which a notice counts as late.
    pub fn late_time(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(i64::from(self.late_after) * 24)
    }
}

impl Default for Settings {
    /// The settings of a repository without servanda.yaml: the sandbox, in UTC.
    fn default() -> Self {
        Self {
            zone: Zone::UTC,
            language: Language::default(),
            helpdesk: HelpdeskConfig::default(),
            helpdesks: BTreeMap::new(),
            default_helpdesk: None,
            ledger: LedgerConfig::default(),
            guards: Guards::default(),
            mail: None,
            sender: None,
            webhook: None,
            helpdesk_notice: None,
            notice_time: Self::DEFAULT_NOTICE_TIME,
            late_after: Self::DEFAULT_LATE_AFTER,
        }
    }
}

/// A text that may contain a secret: the text itself, or the environment variable that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretText {
    /// The text itself.
    Plain(String),
    /// The name of the environment variable.
    Variable(String),
}

/// The mail server and the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSender {
    /// The server: `smtps://…`, `smtp://…`, or `file:` and a directory that messages are written to.
    pub server: SecretText,
    /// The sender, such as `Service desk <sd@acme.example>`.
    pub from: String,
    /// The limits of the server.
    pub pace: MailPace,
}

impl MailSender {
    /// The address of the sender, without a name.
    pub fn address(&self) -> &str {
        let from = &*self.from;
        from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>'))
    }
}

/// The limits of a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailPace {
    /// The maximum number of connections at a time.
    pub connections: usize,
    /// The maximum number of mails per minute.
    pub per_minute: u32,
}

impl Default for MailPace {
    fn default() -> Self {
        Self { connections: 3, per_minute: 600 }
    }
}

/// The domain of an address as it is sent: in lower case and in Punycode, which every server understands. A domain that has
/// no such form stays as it is.
pub fn ascii_domain(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// The format of the messages that a webhook receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookFormat {
    /// A JSON object, for programs.
    #[default]
    Json,
    /// A text for Slack.
    Slack,
    /// A text for Mattermost.
    Mattermost,
    /// A text for Telegram.
    Telegram,
}

impl WebhookFormat {
    /// The formats of chats, which people read.
    pub fn chats() -> impl Iterator<Item = Self> {
        [Self::Slack, Self::Mattermost, Self::Telegram].into_iter()
    }

    /// The name in servanda.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Telegram => "telegram",
        }
    }
}

/// The way the helpdesk itself delivers notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpdeskNotice {
    /// As a comment on the agreement.
    Comment {
        /// Whether the comment is hidden from clients.
        is_private: bool,
    },
    /// Through a function of one of the tenant's script modules.
    Module {
        /// The module and the function, such as `slaNotify.send`.
        function: String,
        /// Whether the function is idempotent: it sends a message once, even if it is called several times.
        remembers: bool,
    },
}

/// A webhook that receives notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The address.
    pub url: SecretText,
    /// The format of the messages.
    pub form: WebhookFormat,
    /// The id of the chat, if the address does not contain it.
    pub chat: Option<String>,
    /// The variable that holds the signing secret.
    pub secret_variable: Option<String>,
}

/// The allowed recipients of mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedMail {
    /// Allowed domains, as [`ascii_domain`] writes them.
    pub domains: BTreeSet<String>,
    /// Whether addresses of the catalog and of the helpdesk are allowed too.
    pub catalog: bool,
}

impl AllowedMail {
    /// Whether an address belongs to an allowed domain.
    pub fn covers(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map(|(_, domain)| ascii_domain(domain));
        domain.is_some_and(|domain| self.domains.contains(&domain))
    }
}

/// The helpdesk: its address, its mapping and its limits.
#[derive(Clone, Debug)]
pub struct HelpdeskConfig {
    /// The name, if there may be several helpdesks.
    pub name: Option<HelpdeskName>,
    /// The product and its address.
    pub kind: Product,
    /// The way it stores agreements.
    pub mapping: Mapping,
    /// Whether `--as-of` may apply another day than today to it.
    pub rehearsal: bool,
    /// The policy for manual changes in the helpdesk.
    pub drift: DriftPolicy,
    /// The request limits.
    pub pace: Pace,
    /// The maximum delay until a new object appears in search results. Until then, a missing result proves nothing.
    pub search_lag: Duration,
}

/// A helpdesk product, with its address and login.
#[derive(Clone, Debug)]
pub enum Product {
    /// The embedded sandbox.
    Sandbox,
    /// ITSM 365 (Naumen SMP).
    Itsm365 {
        /// The address with the context path, such as `https://acme.itsm365.com/sd`.
        url: String,
        /// The policy that the address complies with.
        address_policy: AddressPolicy,
        /// The environment variable that holds the access key.
        access_key_variable: String,
        /// A file of additional trusted certificates, relative to the repository.
        ca_file: Option<String>,
    },
    /// Combodo iTop.
    Itop {
        /// The address without `webservices/`, such as `https://itop.acme.example`.
        url: String,
        /// The policy that the address complies with.
        address_policy: AddressPolicy,
        /// The variables that hold the login.
        login: Login,
        /// A file of additional trusted certificates, relative to the repository.
        ca_file: Option<String>,
        /// The names of its priorities.
        priorities: Priorities,
    },
    /// An adapter: a program that serves the contract of `bridge` over HTTP.
    Bridge {
        /// The address before `/v1/`, such as `http://127.0.0.1:8788`.
        url: String,
        /// The policy that the address complies with.
        address_policy: AddressPolicy,
        /// The environment variable that holds the token; `None` if an adapter on this machine needs none.
        token_variable: Option<String>,
        /// A file of additional trusted certificates, relative to the repository.
        ca_file: Option<String>,
    },
}

impl Product {
    /// The address in the settings; `None` for the embedded sandbox.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sandbox => None,
            Self::Itsm365 { url, .. } | Self::Itop { url, .. } | Self::Bridge { url, .. } => Some(url),
        }
    }
}

/// The login of an iTop, by the names of environment variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A token.
    Token(String),
    /// A user name and a password.
    Password {
        /// The variable of the user name.
        user: String,
        /// The variable of the password.
        password: String,
    },
}

/// The number that the helpdesk uses for each priority.
pub type Priorities = BTreeMap<String, u8>;

/// The default names of the four priorities of iTop.
pub const ITOP_PRIORITIES: [(&str, u8); 4] = [("critical", 1), ("high", 2), ("normal", 3), ("low", 4)];

/// The policy for manual changes in the helpdesk: by default they are reverted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftPolicy {
    /// Whether manual changes are kept and only reported, by default.
    pub leaves: bool,
    /// Exceptions by field: whether manual changes of it are kept.
    pub fields: BTreeMap<Field, bool>,
    /// The exception for the state, if there is one.
    pub state: Option<bool>,
}

impl DriftPolicy {
    /// Whether any manual change may be kept.
    pub fn leaves_anything(&self) -> bool {
        self.leaves || self.state == Some(true) || self.fields.values().any(|leaves| *leaves)
    }

    /// Whether manual changes of a field are kept.
    pub fn leaves_field(&self, field: &Field) -> bool {
        self.fields.get(field).copied().unwrap_or(self.leaves)
    }

    /// Whether manual changes of the state are kept.
    pub fn leaves_state(&self) -> bool {
        self.state.unwrap_or(self.leaves)
    }
}

/// Request limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The maximum number of concurrent requests.
    pub concurrency: usize,
    /// The maximum number of requests per second; `None` for no limit.
    pub per_second: Option<u32>,
    /// The number of objects per page.
    pub page_size: usize,
    /// The timeout of one request.
    pub deadline: Duration,
}

/// The limits of an apply. A plan that exceeds one needs an acknowledgement of the exact number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// The limit of deactivations.
    pub deactivations: DeactivationGuard,
    /// The maximum number of weakened targets, services and recipients that lose access.
    pub weakened: usize,
    /// The maximum number of active agreements that an edit ends at once.
    pub ended: usize,
    /// The maximum number of texts of people that are overwritten.
    pub overwritten: usize,
    /// The maximum number of orphans that are retired.
    pub orphans: usize,
    /// The maximum number of agreements that were applied before and are missing from the helpdesk.
    pub vanished: usize,
}

/// The limit of deactivations, which is exceeded when both numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeactivationGuard {
    /// The maximum number of deactivations.
    pub more_than: usize,
    /// The maximum share of the active agreements, in percent.
    pub and_share_percent: u32,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            deactivations: DeactivationGuard { more_than: 5, and_share_percent: 10 },
            weakened: 0,
            ended: 0,
            overwritten: 0,
            orphans: 0,
            vanished: 2,
        }
    }
}

impl Default for Pace {
    /// Five requests per second: no limit is published, and every known tenant accepts this rate.
    fn default() -> Self {
        Self { concurrency: 4, per_second: Some(5), page_size: 1000, deadline: Self::DEADLINE }
    }
}

impl Pace {
    const DEADLINE: Duration = Duration::from_secs(30);

    /// The limits of the sandbox, which runs in the same process.
    pub const SANDBOX: Pace =
        Pace { concurrency: 32, per_second: None, page_size: 1000, deadline: Self::DEADLINE };
}

/// The ledger: its location and its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerConfig {
    /// Its location.
    pub place: LedgerPlace,
    /// The variable that holds the password of the database.
    pub password_variable: Option<String>,
    /// A file of additional trusted certificates, relative to the repository.
    pub ca_file: Option<String>,
    /// The variable that holds the secret that addresses are hashed with.
    pub secret_variable: Option<String>,
    /// The object in the helpdesk that records the last run.
    pub witness: Option<LedgerWitness>,
}

impl Settings {
    /// The files of certificates that the settings name.
    pub fn certificates(&self) -> impl Iterator<Item = &str> {
        let helpdesks = std::iter::once(&self.helpdesk).chain(self.helpdesks.values());
        let of_helpdesks = helpdesks.filter_map(|helpdesk| match &helpdesk.kind {
            Product::Itsm365 { ca_file, .. }
            | Product::Itop { ca_file, .. }
            | Product::Bridge { ca_file, .. } => ca_file.as_deref(),
            Product::Sandbox => None,
        });
        of_helpdesks.chain(self.ledger.ca_file.as_deref())
    }
}

/// The object in the helpdesk that records the ledger's last run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerWitness {
    /// The object.
    pub object: crate::ident::LiveId,
    /// Its attribute.
    pub attribute: String,
}

/// The location of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A file of `SQLite`, relative to the repository; without a path, a file in `.servanda/`.
    File(Option<String>),
    /// A branch of a Git remote.
    Git {
        /// The remote: its name in the repository, or its address.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// The address of a `PostgreSQL` database, without a password.
    Postgres(String),
    /// The variable that holds the address, which may contain a password or a token.
    Variable(String),
}

impl LedgerPlace {
    /// Parses `sqlite:PATH`, `git:REMOTE#BRANCH` or `postgres://USER@HOST/DATABASE`.
    pub fn read(text: &str) -> Option<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Some(Self::Postgres(text.to_owned()));
        }
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Some(Self::File(Some(path.to_owned())));
        }
        let (remote, branch) = text.strip_prefix("git:")?.rsplit_once('#')?;
        let is_plain =
            |text: &str| !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace);
        let is_branch = is_plain(branch)
            && !branch.contains([':', '?', '*', '[', '^', '~', '\\'])
            && !branch.contains("..");
        (is_plain(remote) && is_branch)
            .then(|| Self::Git { remote: remote.to_owned(), branch: branch.to_owned() })
    }
}

impl Default for LedgerPlace {
    fn default() -> Self {
        Self::File(None)
    }
}

impl HelpdeskConfig {
    /// The default of `search_lag` for ITSM 365.
    pub const DEFAULT_SEARCH_LAG: Duration = Duration::from_mins(1);
}

impl Default for HelpdeskConfig {
    fn default() -> Self {
        Self {
            name: None,
            kind: Product::Sandbox,
            mapping: Mapping::default(),
            rehearsal: true,
            drift: DriftPolicy::default(),
            pace: Pace::SANDBOX,
            search_lag: Duration::ZERO,
        }
    }
}
