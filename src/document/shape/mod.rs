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
    ActivationEntryShape, ActivationShape, AgreementDocument, AllowanceShape, AttributeShape,
    ContactAddressShape, ContactShape, LeadNoticeShape, ManualStatusShape, NoticeShape, NoticesShape,
    PeriodShape, RenewalModeShape, RenewalShape, ServiceShape, ServiceTermsShape, SlaShape, SuspensionShape,
    TargetShape, TargetTimesShape, TerminationShape,
};
pub(crate) use agreement::{ENTRY_LACKS, TEMPLATE_LACKS, TemplateOnly};

pub use calendar::CalendarDocument;
pub use catalog::{
    CatalogCalendarShape, CatalogClientShape, CatalogDepartmentShape, CatalogDocument, CatalogManagerShape,
    CatalogPriorityShape, CatalogProviderShape, CatalogServiceShape,
};
pub use either::{BoolOr, FalseOr, OneOrMany, TextOr};
pub use helpdesk::{
    AgreementMappingShape, AttributeFormShape, AttributeMappingShape, DateFormShape, DatesShape,
    DayFormShape, DeactivateShape, DriftPolicyShape, DriftShape, HelpdeskKindShape, HelpdeskShape,
    HistoryMappingShape, IntervalFormShape, KeyMappingShape, LinkModeShape, LinkSideShape,
    RecipientMappingShape, SlaRulesMappingShape, SlaRulesShape, StatesShape,
};
pub use secret::SecretShape;
pub use settings::{
    CommentShape, GuardsShape, LanguageShape, LedgerShape, MailAllowShape, MailShape, NoticeModuleShape,
    NoticeSettingsShape, SettingsDocument, StateLimitShape, WebhookFormShape, WebhookShape, WitnessShape,
};
