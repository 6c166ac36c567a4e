//! The shape of catalog.yaml: slugs for existing objects of the helpdesk.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agreement::{ContactAddressShape, ContactShape};
use super::either::{KindOr, TextOr};
use super::text::{self, Keyed, LanguageShape};

/// The id of an object: in the default helpdesk, or by the names of several helpdesks.
pub type LiveIdShape = TextOr<BTreeMap<String, String>>;

/// Ids by the names of helpdesks.
type IdsShape = Keyed<text::Helpdesk, text::LiveId>;

/// Slugs for existing objects of the helpdesk: clients, services, managers, providers, calendars and priorities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogDocument {
    /// The clients, by slug. Example: `severny-veter: { title: ООО «Северный ветер», helpdesk: ou$7001 }`.
    #[schemars(with = "Option<Keyed<text::Client, CatalogClientShape>>")]
    pub clients: Option<BTreeMap<String, CatalogClientShape>>,
    /// The services, by slug. Example: `email: { title: Электронная почта, helpdesk: slmService$605005 }`.
    #[schemars(with = "Option<Keyed<text::Service, CatalogServiceShape>>")]
    pub services: Option<BTreeMap<String, CatalogServiceShape>>,
    /// The people on the provider's side who are responsible for clients, by slug. Example: `i.petrova: { title: Ирина Петрова, helpdesk: "employee$12" }`.
    #[schemars(with = "Option<Keyed<text::Manager, CatalogManagerShape>>")]
    pub managers: Option<BTreeMap<String, CatalogManagerShape>>,
    /// The legal entities of the provider, by slug. Only needed if there are several.
    #[schemars(with = "Option<Keyed<text::Provider, CatalogProviderShape>>")]
    pub providers: Option<BTreeMap<String, CatalogProviderShape>>,
    /// The calendars, by slug. Example: `office-9x5: { title: 8x5, helpdesk: servicetime$37001 }`.
    #[schemars(with = "Option<Keyed<text::Calendar, CatalogCalendarShape>>")]
    pub calendars: Option<BTreeMap<String, CatalogCalendarShape>>,
    /// The priorities of requests, by name. Example: `critical: { title: Критический }`.
    #[schemars(with = "Option<Keyed<text::Priority, CatalogPriorityShape>>")]
    pub priorities: Option<BTreeMap<String, CatalogPriorityShape>>,
}

/// A client: a company that has agreements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogClientShape {
    /// The exact name in the helpdesk. Example: `ООО «Северный ветер»`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the client is found by its exact title. Example: `ou$7001`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
    /// The helpdesk of the client's agreements, unless they set another: a name of `helpdesks:` in servanda.yaml. Default:
    /// the default one. Example: `berlin`.
    #[schemars(with = "Option<text::Helpdesk>")]
    pub lives_in: Option<String>,
    /// The time zone of the client's agreements, unless they set another. Default: that of servanda.yaml. Example: `Asia/Vladivostok`.
    #[schemars(with = "Option<text::Timezone>")]
    pub timezone: Option<String>,
    /// The language of messages to the client, unless an agreement sets another: `ru` or `en`. Default: that of servanda.yaml.
    pub language: Option<LanguageShape>,
    /// The recipients of notices to `client`: a map from any name to an address, or to a person in the helpdesk.
    /// Example: `main: { helpdesk: "employee$811" }`.
    #[schemars(with = "Option<Keyed<text::Slug, KindOr<text::Email, ContactAddressShape>>>")]
    pub contacts: Option<BTreeMap<String, ContactShape>>,
    /// Departments of the client that can be recipients on their own, as `<client>/<department>`.
    #[schemars(with = "Option<Keyed<text::Slug, CatalogDepartmentShape>>")]
    pub departments: Option<BTreeMap<String, CatalogDepartmentShape>>,
}

/// A department of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogDepartmentShape {
    /// The exact name in the helpdesk.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the department is found by its exact title. Example: `ou$7002`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
}

/// A service that clients can request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogServiceShape {
    /// The exact name in the helpdesk. Example: `Электронная почта`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the service is found by its exact title. Example: `slmService$605005`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
}

/// A person on the provider's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogManagerShape {
    /// The exact name in the helpdesk. Example: `Ирина Петрова`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The person in the helpdesk, whose address is read when a message is sent. Example: `employee$12`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
    /// An address instead of the one in the helpdesk. Example: `i.petrova@acme.example`.
    #[schemars(with = "Option<text::Email>")]
    pub email: Option<String>,
}

/// A legal entity of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogProviderShape {
    /// The exact name in the helpdesk. Example: `ООО «Акме»`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the provider is found by its exact title. Example: `ou$7000`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
}

/// A calendar with opening hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogCalendarShape {
    /// The exact name in the helpdesk. Example: `8x5`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the calendar is found by its exact title. Example: `servicetime$37001`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
}

/// A priority of requests, with its own targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["title"]))]
pub struct CatalogPriorityShape {
    /// The exact name in the helpdesk. Example: `Критический`.
    #[schemars(with = "Option<text::Line>")]
    pub title: Option<String>,
    /// The id of the object in the helpdesk. Without it the priority is found by its exact title. Example: `priority$2`.
    #[schemars(with = "Option<KindOr<text::LiveId, IdsShape>>")]
    pub helpdesk: Option<LiveIdShape>,
}
