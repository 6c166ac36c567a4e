//! The types of the five kinds of files as written: every key is optional, and days and slugs are still text.
//!
//! The JSON Schemas are generated from these types. The doc comment of a field is its description there: the meaning, the
//! unit, the default, and an example. A shape only defines the keys and the kind of value of each; `check` validates the
//! values.

mod agreement;
mod calendar;
mod catalog;
mod either;
mod helpdesk;
mod secret;
mod settings;
pub(crate) mod text;

pub use agreement::{
    ActivationEntryShape, ActivationShape, AgreementDocument, AllowanceShape, AttributeShape,
    ContactAddressShape, ContactShape, LeadNoticeShape, ManualStatusShape, NoticeShape, NoticesShape,
    PeriodShape, RenewalModeShape, RenewalShape, ServiceShape, ServiceTermsShape, SlaShape, SuspensionShape,
    TargetShape, TargetTimesShape, TerminationShape,
};
pub(crate) use agreement::{ENTRY_LACKS, TEMPLATE_LACKS, TemplateOnly};

pub use calendar::CalendarDocument;
pub use catalog::{
    CatalogCalendarShape, CatalogClientShape, CatalogDepartmentShape, CatalogDocument, CatalogManagerShape,
    CatalogPriorityShape, CatalogProviderShape, CatalogServiceShape, LiveIdShape,
};
pub use either::{BoolOr, FalseOr, OneOrMany, TextOr};
pub use helpdesk::{
    AgreementMappingShape, AttributeFormShape, AttributeMappingShape, DateFormShape, DatesShape,
    DayFormShape, DeactivateShape, DepartmentAccessShape, DriftPolicyShape, DriftShape, HelpdeskKindShape,
    HelpdeskShape, HistoryMappingShape, IntervalFormShape, KeyMappingShape, LinkModeShape, LinkSideShape,
    RecipientMappingShape, SlaRulesMappingShape, SlaRulesShape, StatesShape,
};
pub use secret::SecretShape;
pub use settings::{
    CommentShape, GuardsShape, LedgerShape, MailAllowShape, MailShape, NoticeModuleShape,
    NoticeSettingsShape, SettingsDocument, StateLimitShape, WebhookFormShape, WebhookShape, WitnessShape,
};
pub use text::LanguageShape;
