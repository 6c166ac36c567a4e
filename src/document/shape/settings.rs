//! The shape of servanda.yaml: the helpdesk and its mapping, the ledger, mail, and guards.
//!
//! The settings are trusted: a pull request cannot change them for its own run. No field takes a secret, only the name of
//! the environment variable that contains it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::either::{KindOr, TextOr};
use super::helpdesk::HelpdeskShape;
use super::secret::SecretShape;
use super::text::{self, Keyed, LanguageShape};

/// The settings: the time zone, the helpdesk and its mapping, the ledger, mail, and guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["helpdesk", "helpdesks"])))]
pub struct SettingsDocument {
    /// The time zone of days, unless a client or an agreement sets another, by its IANA name. Example: `Europe/Moscow`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The language of plans, of messages to managers, and of those to clients without a `language:` of their own: `ru` or
    /// `en`. Default: `en`.
    pub language: Option<LanguageShape>,
    /// The helpdesk that contains the agreements. Default: the sandbox.
    pub helpdesk: Option<HelpdeskShape>,
    /// Several helpdesks instead of one `helpdesk`, by name. Agreements and clients name theirs with `helpdesk:`; one of
    /// them is the `default` of all others. Example: `berlin: { kind: itop, url: https://itop.acme.example, default: true }`.
    #[schemars(with = "Option<Keyed<text::Helpdesk, HelpdeskShape>>")]
    pub helpdesks: Option<BTreeMap<String, HelpdeskShape>>,
    /// The ledger: the durable record of sent notices, the lock and the last applied state.
    pub ledger: Option<LedgerShape>,
    /// The mail server, and the allowed addresses.
    pub mail: Option<MailShape>,
    /// A webhook for notices, in addition to mail or instead of it.
    pub webhook: Option<WebhookShape>,
    /// When notices are sent.
    pub notices: Option<NoticeSettingsShape>,
    /// Limits on the changes of one run. A plan beyond them must be acknowledged.
    pub guards: Option<GuardsShape>,
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerShape {
    /// The location: `git:REMOTE#BRANCH`, a branch of a Git remote; `sqlite:PATH`, a file relative to the repository; or
    /// `postgres://USER@HOST/DATABASE`. With a password in it, `{ env: … }`. Default: a file in `.servanda/`. Example: `git:origin#servanda-ledger`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, SecretShape>>")]
    pub at: Option<TextOr<SecretShape>>,
    /// The password of the database. Example: `{ env: LEDGER_PASSWORD }`.
    pub password: Option<SecretShape>,
    /// A PEM file with the certificates of the private authority that signed the certificate of the database. Example: `/etc/ssl/acme.pem`.
    #[schemars(with = "Option<text::Line>")]
    pub ca_file: Option<String>,
    /// The secret for hashing addresses. Example: `{ env: SERVANDA_LEDGER_SECRET }`.
    pub secret: Option<SecretShape>,
    /// The place in the helpdesk that records the last run, so that a ledger restored from an older state is detected.
    pub witness: Option<WitnessShape>,
}

/// The place in the helpdesk that records the last run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessShape {
    /// The id of the object. Example: `root$101`.
    #[schemars(with = "Option<text::LiveId>")]
    pub object: Option<String>,
    /// A text attribute of the object that nothing else uses. Example: `servandaLedger`.
    #[schemars(with = "Option<text::Code>")]
    pub attribute: Option<String>,
}

/// The mail server, and the allowed addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailShape {
    /// The address of the server, such as `smtp://localhost:1025`; with a password in it, `{ env: SMTP_URL }`.
    #[schemars(with = "Option<KindOr<text::OpenAddress, SecretShape>>")]
    pub url: Option<TextOr<SecretShape>>,
    /// The sender. Example: `Service desk <sd@acme.example>`.
    #[schemars(with = "Option<text::Line>")]
    pub from: Option<String>,
    /// The addresses that may get mail.
    pub allow: Option<MailAllowShape>,
    /// The largest number of mails per minute. Default: `600`.
    #[schemars(range(min = 1, max = 60000))]
    pub rate: Option<u32>,
    /// The largest number of connections to the server at a time. Default: `3`.
    #[schemars(range(min = 1, max = 16))]
    pub connections: Option<u32>,
}

/// The addresses that may get mail. Other addresses are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailAllowShape {
    /// Domains of allowed addresses. Example: `[acme.example]`.
    #[schemars(with = "Option<Vec<text::Domain>>")]
    pub domains: Option<Vec<String>>,
    /// `true`: the addresses in catalog.yaml and in the helpdesk are allowed as well. Default: `false`.
    pub catalog: Option<bool>,
}

/// The format of a webhook message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WebhookFormShape {
    /// A JSON object with all data.
    Json,
    /// A message for Slack.
    Slack,
    /// A message for Mattermost.
    Mattermost,
    /// A message for Telegram.
    Telegram,
}

/// A webhook for notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookShape {
    /// The URL; with a token in it, `{ env: … }`. Example: `https://hooks.acme.example/servanda`.
    #[schemars(with = "Option<KindOr<text::SafeUrl, SecretShape>>")]
    pub url: Option<TextOr<SecretShape>>,
    /// The format: `json` for programs, or a message for `slack`, `mattermost` or `telegram`. Default: `json`.
    pub form: Option<WebhookFormShape>,
    /// The id of the Telegram chat. Example: `"-1001234567890"`.
    #[schemars(with = "Option<text::Line>")]
    pub chat: Option<String>,
    /// The secret for signing messages. Example: `{ env: SERVANDA_WEBHOOK_SECRET }`.
    pub secret: Option<SecretShape>,
}

/// When notices are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("allOf" = text::only_one_of(&["comment", "module"])))]
pub struct NoticeSettingsShape {
    /// The time of day in the agreement's zone, unless the agreement sets another. Default: `09:00`.
    #[schemars(with = "Option<text::Clock>")]
    pub at: Option<String>,
    /// The number of days for which an overdue notice is still sent; after that it is recorded as late. Default: `3d`.
    #[schemars(with = "Option<text::WholeDays>")]
    pub late_after: Option<String>,
    /// Also adds each notice as a comment to its agreement in the helpdesk: `private`, which clients do not see, or `public`. Default: no comment.
    pub comment: Option<CommentShape>,
    /// A script module of the tenant that receives each notice.
    pub module: Option<NoticeModuleShape>,
}

/// The visibility of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CommentShape {
    /// Visible to the staff of the helpdesk.
    Private,
    /// Visible to clients as well.
    Public,
}

/// A script module of the tenant that receives notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeModuleShape {
    /// The function, with its module. Example: `slaNotify.send`.
    #[schemars(with = "Option<text::Code>")]
    pub call: Option<String>,
    /// `true` if it deduplicates messages by their `id`. Default: `false`.
    pub remembers: Option<bool>,
}

/// Limits on the changes of one run. Changes beyond a limit wait until their number is acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardsShape {
    /// The number of agreements that an edit may deactivate.
    pub deactivations: Option<StateLimitShape>,
    /// The number of targets, services and recipients that may be weakened or removed. Default: `0`.
    pub weakened: Option<u32>,
    /// The number of active agreements that an edit may end at once. Default: `0`.
    pub ended: Option<u32>,
    /// The number of texts that people wrote in the helpdesk and that may be overwritten. Default: `0`.
    pub overwritten: Option<u32>,
    /// The number of orphans that `--prune` may retire: managed agreements in the helpdesk without a document. Default: `0`.
    pub orphans: Option<u32>,
    /// The number of agreements that may have vanished from the helpdesk since they were applied. More of them suggest a
    /// wrong address or an access key without rights, and nothing is created. Default: `2`.
    pub vanished: Option<u32>,
}

/// A limit that is exceeded if both its number and its share are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateLimitShape {
    /// The largest number without acknowledgement. Default: `5`.
    pub more_than: Option<u32>,
    /// The largest share of all agreements without acknowledgement. Default: `10%`.
    #[schemars(with = "Option<text::Share>")]
    pub and_share: Option<String>,
}
