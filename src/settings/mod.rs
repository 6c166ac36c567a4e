//! What the owner of a repository decided: zone, helpdesk, limits. Trusted, unlike agreements.
//!
//! Made by `check` out of servanda.yaml. Says where a secret is to be found and never holds one.

mod address;

pub use address::{AddressPolicy, RefusedAddress, is_this_machine};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::calendar::{Lead, TimeOfDay, Zone};
use crate::mapping::{Field, Mapping};

/// The settings of a repository, complete.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The zone of agreements and clients that name none, and of `--as-of DATE`.
    pub zone: Zone,
    /// The language of titles and notices.
    pub language: Language,
    /// The helpdesk that is kept equal.
    pub helpdesk: HelpdeskConfig,
    /// The memory between runs.
    pub ledger: LedgerConfig,
    /// What an apply may do without being asked twice.
    pub guards: Guards,
    /// Whom mail may go to; `None` where there is no mail.
    pub mail: Option<AllowedMail>,
    /// The mail server and who writes; `None` where no mail goes out.
    pub sender: Option<MailSender>,
    /// Where notices are posted to; `None` where they are not.
    pub webhook: Option<WebhookConfig>,
    /// How the helpdesk itself tells of notices; `None` where it does not.
    pub desk_notice: Option<HelpdeskNotice>,
    /// The time of day at which people are told, in the agreement's zone, unless it says otherwise.
    pub notice_time: TimeOfDay,
    /// How many days a notice that could have been sent may wait before it is late.
    pub late_after: Lead,
}

/// A text that may hold a secret: as it is, or the variable of the environment that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretText {
    /// As it is.
    Open(String),
    /// In this variable.
    Variable(String),
}

/// The mail server and who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSender {
    /// The server: `smtps://…`, `smtp://…`, or `file:` and a folder that messages are laid into.
    pub server: SecretText,
    /// Who writes: `Service desk <sd@acme.example>`.
    pub from: String,
}

/// What is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookFormat {
    /// An object with everything in it, for programs.
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
    /// The forms that people read where they chat.
    pub fn chats() -> impl Iterator<Item = Self> {
        [Self::Slack, Self::Mattermost, Self::Telegram].into_iter()
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Telegram => "telegram",
        }
    }
}

/// How the helpdesk itself tells of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpdeskNotice {
    /// By a comment on the agreement.
    Comment {
        /// Whether clients do not see it.
        is_private: bool,
    },
    /// By a function of one of the tenant's script modules.
    Module {
        /// The function, with its module: `slaNotify.send`.
        function: String,
        /// Whether it knows a message again, and passes it on once however often it gets it.
        remembers: bool,
    },
}

/// Where notices are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The address.
    pub url: SecretText,
    /// What is posted.
    pub form: WebhookFormat,
    /// The chat that it goes to, where the address does not say.
    pub chat: Option<String>,
    /// The variable that holds the secret that messages are signed with.
    pub secret_variable: Option<String>,
}

/// Whom mail may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedMail {
    /// Domains, in lower case, whose every address may be written to.
    pub domains: BTreeSet<String>,
    /// Whether the addresses of the catalog and of the helpdesk may be written to as well.
    pub catalog: bool,
}

impl AllowedMail {
    /// Whether an address lies in one of the domains.
    pub fn covers(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        domain.is_some_and(|domain| self.domains.contains(&domain))
    }
}

/// A language of the built-in texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Russian.
    Russian,
    /// English.
    #[default]
    English,
}

/// Where the helpdesk is and how it holds agreements.
#[derive(Clone, Debug)]
pub struct HelpdeskConfig {
    /// Which product it is.
    pub kind: Product,
    /// How it holds agreements.
    pub mapping: Mapping,
    /// Whether another day than today may be lived through on it.
    pub rehearsal: bool,
    /// What happens to what people change there by hand.
    pub drift: DriftPolicy,
    /// How hard it may be asked.
    pub pace: Pace,
    /// The longest that its search may not yet show what was created. Until it is over, absence is no proof.
    pub search_lag: Duration,
}

/// A product of helpdesk, with what it takes to reach it.
#[derive(Clone, Debug)]
pub enum Product {
    /// The embedded one; needs nothing.
    Sandbox,
    /// ITSM 365 (Naumen SMP).
    Itsm365 {
        /// The address up to and with the context path: `https://acme.itsm365.com/sd`.
        url: String,
        /// How far the key may travel.
        reach: AddressPolicy,
        /// The environment variable that holds the access key.
        access_key_variable: String,
        /// A file of further certificates to trust, relative to the repository.
        ca_file: Option<String>,
    },
    /// Combodo iTop.
    Itop {
        /// The address up to where `webservices/` lies: `https://itop.acme.example`.
        url: String,
        /// How far the login may travel.
        reach: AddressPolicy,
        /// Where the login is.
        login: Login,
        /// A file of further certificates to trust, relative to the repository.
        ca_file: Option<String>,
        /// What its priorities are called.
        priorities: Priorities,
    },
}

/// How one proves to an iTop who one is: the variables of the environment that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A token.
    Token(String),
    /// A name and its password.
    Password {
        /// The variable of the name.
        user: String,
        /// The variable of the password.
        password: String,
    },
}

/// Names of priorities, and the number that the helpdesk has for each.
pub type Priorities = BTreeMap<String, u8>;

/// What happens to what people change in the helpdesk by hand: it is put back unless it is to be left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftPolicy {
    /// Whether everything is left that is not named below.
    pub leaves: bool,
    /// Whether a field is left, for those that were named.
    pub fields: BTreeMap<Field, bool>,
    /// Whether the state is left, where it was named.
    pub state: Option<bool>,
}

impl DriftPolicy {
    /// Whether anything at all may be left.
    pub fn leaves_anything(&self) -> bool {
        self.leaves || self.state == Some(true) || self.fields.values().any(|leaves| *leaves)
    }

    /// Whether a field is left as people changed it.
    pub fn leaves_field(&self, field: &Field) -> bool {
        self.fields.get(field).copied().unwrap_or(self.leaves)
    }

    /// Whether the state is left as people changed it.
    pub fn leaves_state(&self) -> bool {
        self.state.unwrap_or(self.leaves)
    }
}

/// How hard a helpdesk may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Requests at once.
    pub concurrency: usize,
    /// Requests a second; `None` for no limit.
    pub per_second: Option<u32>,
    /// Objects a page.
    pub page_size: usize,
    /// The longest that one answer may take.
    pub deadline: Duration,
}

/// The limits of an apply; what goes beyond one waits for its exact number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// Deactivations: blocked when there are more than this many *and* more than this share.
    pub deactivations: DeactivationGuard,
    /// Promises made weaker.
    pub weakened: usize,
    /// Agreements gone from the files and retired.
    pub orphans: usize,
    /// Agreements that were applied once and are gone from the helpdesk.
    pub vanished: usize,
}

/// When deactivations wait to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeactivationGuard {
    /// More than this many.
    pub more_than: usize,
    /// More than this share of the active agreements, in percent.
    pub and_share_percent: u32,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            deactivations: DeactivationGuard { more_than: 5, and_share_percent: 10 },
            weakened: 0,
            orphans: 0,
            vanished: 2,
        }
    }
}

impl Default for Pace {
    /// Five requests a second, which every tenant is known to bear; no limit is published.
    fn default() -> Self {
        Self { concurrency: 4, per_second: Some(5), page_size: 1000, deadline: Self::DEADLINE }
    }
}

impl Pace {
    const DEADLINE: Duration = Duration::from_secs(30);

    /// The pace of the embedded helpdesk, which shares the process.
    pub const SANDBOX: Pace =
        Pace { concurrency: 8, per_second: None, page_size: 1000, deadline: Self::DEADLINE };
}

/// The memory between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerConfig {
    /// Where it is.
    pub place: LedgerPlace,
    /// The variable that holds the password of its database.
    pub password_variable: Option<String>,
    /// A file of further certificates that its database may show, relative to the repository.
    pub ca_file: Option<String>,
    /// The variable that holds the secret that addresses are hidden with.
    pub secret_variable: Option<String>,
    /// Where in the helpdesk its last run is noted.
    pub witness: Option<LedgerWitness>,
}

/// A place in the helpdesk for a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerWitness {
    /// The object.
    pub object: crate::ident::LiveId,
    /// Its attribute.
    pub attribute: String,
}

/// Where the memory between runs is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A file of this machine, relative to the repository; without one, Servanda's own folder has it.
    File(Option<String>),
    /// A branch of a Git remote.
    Git {
        /// The remote, by its name in the repository or by its address.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// A database, by its address without a password.
    Postgres(String),
    /// What this variable says, with a password or a token in it.
    Variable(String),
}

impl LedgerPlace {
    /// `sqlite:PATH`, `git:REMOTE#BRANCH` or `postgres://USER@HOST/DATABASE`.
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
    /// How long the search of a tenant is thought to lag, where its settings do not say.
    pub const USUAL_SEARCH_LAG: Duration = Duration::from_mins(10);
}

impl Default for HelpdeskConfig {
    fn default() -> Self {
        Self {
            kind: Product::Sandbox,
            mapping: Mapping::default(),
            rehearsal: true,
            drift: DriftPolicy::default(),
            pace: Pace::SANDBOX,
            search_lag: Duration::ZERO,
        }
    }
}
