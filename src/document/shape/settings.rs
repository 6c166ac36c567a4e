//! The shape of servanda.yaml: which helpdesk, how its agreements are spelled, who may be mailed, and how
//! much may change at once.
//!
//! Trusted: a pull request cannot steer it. No field takes a secret itself, only the name of the variable
//! of the environment that holds it.

use serde::Deserialize;

use super::either::{KindOr, TextOr};
use super::helpdesk::Helpdesk;
use super::secret::Secret;
use super::text;

/// Where to and as whom: the time zone, the helpdesk and its mapping, the ledger, mail, and guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsDocument {
    /// The time zone that days are counted in unless a client or an agreement says otherwise, by its IANA name. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The language of messages to clients and managers: `ru` or `en`. Default: `en`.
    pub language: Option<Language>,
    /// The helpdesk that agreements are kept in. Default: the sandbox.
    pub helpdesk: Option<Helpdesk>,
    /// The memory between runs: which notices went out and what was applied last.
    pub ledger: Option<LedgerSettings>,
    /// The mail server, and whom it may write to.
    pub mail: Option<Mail>,
    /// An address that notices are posted to, beside mail or in place of it.
    pub webhook: Option<Webhook>,
    /// When notices go out.
    pub notices: Option<NoticeSettings>,
    /// How much may change at once before somebody must confirm it.
    pub guards: Option<Guards>,
}

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// The memory between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// Where it is: `git:REMOTE#BRANCH`, a branch of a Git remote; `sqlite:PATH`, a file relative to the repository; or
    /// `postgres://USER@HOST/DATABASE`. With a password in it, `{ env: … }`. Default: a file in `.servanda/`. Example: `git:origin#servanda-ledger`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, Secret>>")]
    pub at: Option<TextOr<Secret>>,
    /// The password of its database. Example: `{ env: LEDGER_PASSWORD }`.
    pub password: Option<Secret>,
    /// A file in PEM form with the certificates of the authority that signed its database's, where it is a private one. Example: `/etc/ssl/acme.pem`.
    #[schemars(with = "Option<text::Line>")]
    pub ca_file: Option<String>,
    /// The secret that addresses are hidden with. Example: `{ env: SERVANDA_LEDGER_SECRET }`.
    pub secret: Option<Secret>,
    /// Where in the helpdesk the last run is noted, so that a ledger put back to an older state is noticed.
    pub witness: Option<Witness>,
}

/// A place in the helpdesk for a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// The object. Example: `root$101`.
    #[schemars(with = "Option<text::LiveId>")]
    pub object: Option<String>,
    /// Its attribute, a text that nothing else uses. Example: `servandaLedger`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
}

/// The mail server, and whom it may write to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server, such as `smtp://localhost:1025`; with a password in it, `{ env: SMTP_URL }`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, Secret>>")]
    pub url: Option<TextOr<Secret>>,
    /// The sender. Example: `Service desk <sd@acme.example>`.
    #[schemars(with = "Option<text::Line>")]
    pub from: Option<String>,
    /// Whom mail may go to.
    pub allow: Option<MailAllow>,
}

/// Whom mail may go to. Addresses outside of this are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailAllow {
    /// Domains whose every address may be written to. Example: `[acme.example]`.
    #[schemars(with = "Option<Vec<text::Domain>>")]
    pub domains: Option<Vec<String>>,
    /// `true`: the addresses in catalog.yaml and in the helpdesk may be written to as well. Default: `false`.
    pub catalog: Option<bool>,
}

/// What is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WebhookForm {
    /// An object with everything in it.
    Json,
    /// A text for Slack.
    Slack,
    /// A text for Mattermost.
    Mattermost,
    /// A text for Telegram.
    Telegram,
}

/// An address that notices are posted to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address; with a token in it, `{ env: … }`. Example: `https://hooks.acme.example/servanda`.
    #[schemars(with = "Option<KindOr<text::SafeUrl, Secret>>")]
    pub url: Option<TextOr<Secret>>,
    /// What is posted: `json` for programs, or a text for `slack`, `mattermost` or `telegram`. Default: `json`.
    pub form: Option<WebhookForm>,
    /// The chat of Telegram that it goes to. Example: `"-1001234567890"`.
    #[schemars(with = "Option<text::Line>")]
    pub chat: Option<String>,
    /// The secret that messages are signed with. Example: `{ env: SERVANDA_WEBHOOK_SECRET }`.
    pub secret: Option<Secret>,
}

/// When notices go out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["comment", "module"])))]
pub struct NoticeSettings {
    /// The time of day, in the agreement's zone, unless the agreement says otherwise. Default: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
    /// How many days after its day a notice is still sent; later it is recorded as late. Default: `3d`.
    #[schemars(with = "Option<text::Lead>")]
    pub late_after: Option<String>,
    /// Whether each is also a comment on its agreement in the helpdesk: `private`, which clients do not see, or `public`. Default: none.
    pub comment: Option<Comment>,
    /// A script module of the tenant that each is handed to.
    pub module: Option<NoticeModule>,
}

/// Who sees a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Comment {
    /// Those who work in the helpdesk.
    Private,
    /// Clients as well.
    Public,
}

/// A script module of the tenant that notices are handed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeModule {
    /// The function, with its module. Example: `slaNotify.send`.
    #[schemars(with = "Option<text::Code>")]
    pub call: Option<String>,
    /// `true`: it knows a message again by its `id`, and passes it on once. Default: `false`.
    pub remembers: Option<bool>,
}

/// How much may change at once. What goes beyond is held back until somebody confirms the number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Agreements that would become useless to their clients by an edit.
    pub deactivations: Option<StateLimit>,
    /// Agreements whose promises become weaker. Default: `0`.
    pub weakened: Option<u32>,
    /// Agreements of the helpdesk that are gone from Git, with `--prune`. Default: `0`.
    pub orphans: Option<u32>,
    /// Agreements that were applied once and are gone from the helpdesk, as behind a wrong address or a key without rights.
    /// Beyond this number nothing is created. Default: `2`.
    pub vanished: Option<u32>,
}

/// A limit that is reached when both its number and its share are exceeded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateLimit {
    /// The number that is still fine. Default: `5`.
    pub more_than: Option<u32>,
    /// The share of all agreements that is still fine. Default: `10%`.
    #[schemars(with = "Option<text::Share>")]
    pub and_share: Option<String>,
}
