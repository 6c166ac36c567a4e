//! The shape of servanda.yaml: which helpdesk, how its agreements are spelled, who may be mailed, and how
//! much may change at once.
//!
//! Trusted: a pull request cannot steer it. No field takes a secret itself, only the name of the variable
//! of the environment that holds it.

use serde::Deserialize;

use super::either::{KindOr, TextOr};
use super::helpdesk::HelpdeskShape;
use super::secret::SecretShape;
use super::text;

/// Where to and as whom: the time zone, the helpdesk and its mapping, the ledger, mail, and guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsDocument {
    /// The time zone that days are counted in unless a client or an agreement says otherwise, by its IANA name. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The language of messages to clients and managers: `ru` or `en`. Default: `en`.
    pub language: Option<LanguageShape>,
    /// The helpdesk that agreements are kept in. Default: the sandbox.
    pub helpdesk: Option<HelpdeskShape>,
    /// The memory between runs: which notices went out and what was applied last.
    pub ledger: Option<LedgerShape>,
    /// The mail server, and whom it may write to.
    pub mail: Option<MailShape>,
    /// An address that notices are posted to, beside mail or in place of it.
    pub webhook: Option<WebhookShape>,
    /// When notices go out.
    pub notices: Option<NoticeSettingsShape>,
    /// How much may change at once before somebody must confirm it.
    pub guards: Option<GuardsShape>,
}

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LanguageShape {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// The memory between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerShape {
    /// Where it is: `git:REMOTE#BRANCH`, a branch of a Git remote; `sqlite:PATH`, a file relative to the repository; or
    /// `postgres://USER@HOST/DATABASE`. With a password in it, `{ env: … }`. Default: a file in `.servanda/`. Example: `git:origin#servanda-ledger`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, SecretShape>>")]
    pub at: Option<TextOr<SecretShape>>,
    /// The password of its database. Example: `{ env: LEDGER_PASSWORD }`.
    pub password: Option<SecretShape>,
    /// A file in PEM form with the certificates of the authority that signed its database's, where it is a private one. Example: `/etc/ssl/acme.pem`.
    #[schemars(with = "Option<text::Line>")]
    pub ca_file: Option<String>,
    /// The secret that addresses are hidden with. Example: `{ env: SERVANDA_LEDGER_SECRET }`.
    pub secret: Option<SecretShape>,
    /// Where in the helpdesk the last run is noted, so that a ledger put back to an older state is noticed.
    pub witness: Option<WitnessShape>,
}

/// A place in the helpdesk for a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessShape {
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
pub struct MailShape {
    /// The server, such as `smtp://localhost:1025`; with a password in it, `{ env: SMTP_URL }`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, SecretShape>>")]
    pub url: Option<TextOr<SecretShape>>,
    /// The sender. Example: `Service desk <sd@acme.example>`.
    #[schemars(with = "Option<text::Line>")]
    pub from: Option<String>,
    /// Whom mail may go to.
    pub allow: Option<MailAllowShape>,
}

/// Whom mail may go to. Addresses outside of this are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailAllowShape {
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
pub enum WebhookFormShape {
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
pub struct WebhookShape {
    /// The address; with a token in it, `{ env: … }`. Example: `https://hooks.acme.example/servanda`.
    #[schemars(with = "Option<KindOr<text::SafeUrl, SecretShape>>")]
    pub url: Option<TextOr<SecretShape>>,
    /// What is posted: `json` for programs, or a text for `slack`, `mattermost` or `telegram`. Default: `json`.
    pub form: Option<WebhookFormShape>,
    /// The chat of Telegram that it goes to. Example: `"-1001234567890"`.
    #[schemars(with = "Option<text::Line>")]
    pub chat: Option<String>,
    /// The secret that messages are signed with. Example: `{ env: SERVANDA_WEBHOOK_SECRET }`.
    pub secret: Option<SecretShape>,
}

/// When notices go out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["comment", "module"])))]
pub struct NoticeSettingsShape {
    /// The time of day, in the agreement's zone, unless the agreement says otherwise. Default: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
    /// How many days after its day a notice is still sent; later it is recorded as late. Default: `3d`.
    #[schemars(with = "Option<text::Lead>")]
    pub late_after: Option<String>,
    /// Whether each is also a comment on its agreement in the helpdesk: `private`, which clients do not see, or `public`. Default: none.
    pub comment: Option<CommentShape>,
    /// A script module of the tenant that each is handed to.
    pub module: Option<NoticeModuleShape>,
}

/// Who sees a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CommentShape {
    /// Those who work in the helpdesk.
    Private,
    /// Clients as well.
    Public,
}

/// A script module of the tenant that notices are handed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeModuleShape {
    /// The function, with its module. Example: `slaNotify.send`.
    #[schemars(with = "Option<text::Code>")]
    pub call: Option<String>,
    /// `true`: it knows a message again by its `id`, and passes it on once. Default: `false`.
    pub remembers: Option<bool>,
}

/// How much may change at once. What goes beyond is held back until somebody confirms the number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardsShape {
    /// Agreements that would become useless to their clients by an edit.
    pub deactivations: Option<StateLimitShape>,
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
pub struct StateLimitShape {
    /// The number that is still fine. Default: `5`.
    pub more_than: Option<u32>,
    /// The share of all agreements that is still fine. Default: `10%`.
    #[schemars(with = "Option<text::Share>")]
    pub and_share: Option<String>,
}
