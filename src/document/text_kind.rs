//! Describes the kinds of text that the schemas name: a noun and an example for messages, and common synonyms of keys.

use super::kind::DocumentKind;
use super::shape::TEMPLATE_LACKS;
use crate::calendar::{InvalidValue, Lead, TargetTime, Term, Window, read_day, read_instant};

const SLUG: &str =
    "lower-case letters, digits, dots, hyphens and underscores, beginning with a letter or digit";

/// The noun for a kind of text, with its article.
pub(super) fn noun(kind: &str) -> &'static str {
    match kind {
        "line" => "a text of one line",
        "client" => "the slug of a client",
        "recipient" => "the slug of a client or of a department of one",
        "manager" => "the slug of a manager",
        "provider" => "the slug of a provider",
        "service" => "the slug of a service",
        "calendar" => "the slug of a calendar",
        "priority" => "the name of a priority",
        "template" => "the name of a template",
        "helpdesk" => "the name of a helpdesk",
        "agreement" => "the id of an agreement",
        "slug" => "a slug",
        "day" => "a day",
        "instant" => "an instant",
        "clock" => "a time of day",
        "weekday" => "a day of the week",
        "days" => "a day or a range of days",
        "hours" => "a time window",
        "timezone" => "a time zone",
        "term" => "a term",
        "lead" => "a lead time",
        "whole_days" => "a number of days",
        "target" | "wait" => "a duration",
        "to" => "a role or an address",
        "email" => "an e-mail address",
        "live_id" => "the id of a helpdesk object",
        "path" => "the path of a field",
        "rule" => "the code of a rule",
        "share" => "a percentage",
        "url" => "a web address",
        "open_address" => "an address without a password",
        "variable" => "the name of an environment variable in capitals",
        "domain" => "a domain",
        "code" => "a name without spaces",
        "auto" => "`auto`",
        "off" => "`off`",
        "drift" => "`correct`, `report`",
        _ => "a text",
    }
}

/// An example of a kind of text, to follow "write it as".
pub(super) fn example(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "client" | "manager" | "provider" | "service" | "calendar" | "priority" | "template" | "helpdesk"
        | "slug" => SLUG,
        "recipient" => "the client's slug, or `client/department`",
        "agreement" => "the name of its file without folder and `.yaml`, or `set/client`",
        "day" => "YYYY-MM-DD, such as 2026-02-01",
        "instant" => "2026-09-30T18:00:00+03:00, with its offset",
        "clock" => "09:00",
        "weekday" => "mon, or mon-fri for a range",
        "days" => "2026-05-01, or 2027-01-01/2027-01-08 for a range",
        "hours" => "09:00-18:00, 22:00-06:00 or `closed`",
        "timezone" => "an IANA name such as Europe/Moscow",
        "term" => "1y, 6mo, 2w or 90d",
        "lead" => "60d, 2w or 2mo",
        "whole_days" => "3d or 1w",
        "target" => "30m, 4h, 1h30m or 2 business days",
        "wait" => "30s or 10m",
        "to" => "client, manager, or an address",
        "email" => "name@domain",
        "live_id" => "the helpdesk names it, such as agreement$605301",
        "path" => "sla.targets, without `services[..]` or spaces",
        "rule" => "W306",
        "share" => "10%",
        "url" => "https://acme.itsm365.com/sd, without a key, name or query in it",
        "open_address" => "smtp://localhost:1025; with a password in it, as { env: NAME }",
        "variable" => "ITSM365_ACCESS_KEY",
        "domain" => "acme.example",
        "line" => "one line that is not empty",
        "code" => "the helpdesk names it",
        "auto" => "`auto`, or as a list of steps with `status` and `on`",
        "off" => "`off`, or as a map",
        "drift" => "`correct`, `report`, or a map from fields to one of these",
        "secret" => "{ env: NAME_OF_A_VARIABLE }",
        _ => return None,
    })
}

/// An example of a text of the kind at the path of a value.
pub(super) fn example_at(kind: &str, path: &[String]) -> Option<&'static str> {
    let is_of_ledger = path.first().is_some_and(|key| key == "ledger");
    match kind {
        "open_address" if is_of_ledger => {
            Some("git:origin#servanda-ledger; with a password in it, as { env: NAME }")
        }
        _ => example(kind),
    }
}

/// An item of a list of texts of a kind; `None` where only the catalog or the files know one.
pub(super) fn item(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "lead" => "60d",
        "to" => "client",
        "hours" => "09:00-18:00",
        "email" => "name@domain",
        "domain" => "acme.example",
        "rule" => "W306",
        _ => return None,
    })
}

/// Whether the texts of a kind are addresses, which may contain a secret.
pub(super) fn is_address(kind: &str) -> bool {
    matches!(kind, "url" | "open_address")
}

/// Whether the texts of a kind are slugs.
pub(super) fn is_of_slugs(kind: &str) -> bool {
    matches!(
        kind,
        "client"
            | "manager"
            | "provider"
            | "service"
            | "calendar"
            | "priority"
            | "template"
            | "helpdesk"
            | "agreement"
            | "recipient"
            | "slug"
    )
}

/// Whether a text of a kind can consist of digits. Then a number only lacks its quotes.
pub(super) fn takes_digits(kind: &str) -> bool {
    is_of_slugs(kind) || matches!(kind, "line" | "code" | "live_id")
}

/// The exact reason why a text is not a day, an instant, a term or another kind that `calendar` parses.
pub(super) fn invalid_value(kind: &str, text: &str) -> Option<InvalidValue> {
    // The reason quotes the text unchanged, so only short and printable texts are passed on.
    if text.len() > 40
        || !text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter.is_ascii_punctuation() || letter == ' ')
    {
        return None;
    }
    match kind {
        "day" => read_day(text).err(),
        "instant" => read_instant(text).err(),
        "term" => Term::read(text).err(),
        "lead" => Lead::read(text).err(),
        "whole_days" => Lead::read_days(text).err(),
        "target" => TargetTime::read(text).err(),
        "hours" => Window::read(text).err(),
        _ => None,
    }
}

/// The boolean that a word means in YAML 1.1 or in everyday language.
pub(super) fn as_flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "on" | "true" | "да" => Some(true),
        "no" | "n" | "off" | "false" | "нет" => Some(false),
        _ => None,
    }
}

/// The key that another common word stands for.
pub(super) fn synonym(key: &str) -> Option<&'static str> {
    Some(match key.to_lowercase().replace('-', "_").as_str() {
        "start" | "starts" | "begin" | "start_date" | "startdate" | "valid_from" | "firstday" => "first_day",
        "end" | "ends" | "end_date" | "enddate" | "valid_until" | "valid_to" | "lastday" => "last_day",
        "duration" | "length" => "term",
        "name" => "title",
        "template" | "templates" | "base" | "parent" | "inherits" | "extend" => "extends",
        "customer" | "company" | "organization" | "organisation" => "client",
        "contract" | "contract_number" => "number",
        "responsible" | "owner" => "manager",
        "reaction" | "response_time" => "response",
        "resolve" | "resolution_time" => "resolution",
        "tz" | "time_zone" | "zone" => "timezone",
        "schedule" | "hours" => "calendar",
        "notifications" | "notify" => "notices",
        "leads" | "days" => "before",
        "date" | "day" => "on",
        "notice" => "notice_period",
        "holidays" | "closed" => "exceptions",
        "weekly" | "windows" => "week",
        "key" | "token" => "access_key",
        _ => return None,
    })
}

/// Whether a template has a key that only agreements can have.
pub(super) fn is_for_agreements_only(kind: DocumentKind, key: &str) -> bool {
    kind == DocumentKind::Template && TEMPLATE_LACKS.contains(&key)
}
