//! The typed shapes of the five kinds of files, as people write them: everything is optional, days and
//! slugs are still text. The JSON Schemas that editors use are derived from these types, so a field's page
//! is its doc comment: what it is, its unit, its default, an example.
//!
//! Nothing here is judged; a shape only says which keys exist and what kind of value each takes.

mod agreement;
mod calendar;
mod catalog;
mod either;
mod helpdesk;
mod secret;
mod settings;
pub(crate) mod text;

pub use agreement::{
    Activation, ActivationEntry, AgreementDocument, Allowance, Attribute, Contact, ContactAddress,
    LeadNotice, ManualStatus, Notice, Notices, Period, Renewal, RenewalMode, Service, ServiceTerms, Sla,
    Suspension, Target, TargetTimes, Termination,
};
pub(crate) use agreement::{ENTRY_LACKS, TEMPLATE_LACKS, TemplateOnly};

pub use calendar::CalendarDocument;
pub use catalog::{
    CatalogCalendar, CatalogClient, CatalogDepartment, CatalogDocument, CatalogManager, CatalogPriority,
    CatalogProvider, CatalogService,
};
pub use either::{BoolOr, FalseOr, OneOrMany, TextOr};
pub use helpdesk::{
    AgreementMapping, AttributeForm, AttributeMapping, DateForm, Dates, DayForm, Deactivate, Drift,
    DriftPolicy, Helpdesk, HelpdeskKind, HistoryMapping, IntervalForm, KeyMapping, LinkMode, LinkSide,
    RecipientMapping, SlaRules, SlaRulesMapping, States,
};
pub use secret::Secret;
pub use settings::{
    Comment, Guards, Language, LedgerSettings, Mail, MailAllow, NoticeModule, NoticeSettings,
    SettingsDocument, StateLimit, Webhook, WebhookForm, Witness,
};
