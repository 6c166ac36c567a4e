//! Words for the kinds of text that schemas name: what each is called in a sentence, how it is written, and
//! what people write in its place.

use super::kind::DocumentKind;
use super::shape::TEMPLATE_LACKS;
use crate::calendar::{InvalidValue, Lead, TargetTime, Term, Window, read_day, read_instant};

const SLUG: &str =
    "lower-case letters, digits, dots, hyphens and underscores, beginning with a letter or digit";

/// What a text of a kind is called, with its article.
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
        "agreement" => "the id of an agreement",
        "slug" => "a slug",
        "day" => "a day",
        "instant" => "an instant",
        "clock" => "a time of day",
        "weekday" => "a day of the week",
        "days" => "a day, or several from one to another",
        "hours" => "a window of hours",
        "timezone" => "a time zone",
        "term" => "a term",
        "lead" => "a number of days",
        "target" | "wait" => "a length of time",
        "to" => "a role or an address",
        "email" => "an address of e-mail",
        "live_id" => "an object of the helpdesk",
        "path" => "the path of a field",
        "rule" => "the code of a rule",
        "share" => "a share in percent",
        "url" => "an address on the web",
        "open_address" => "an address without a password",
        "variable" => "the name of a variable of the environment",
        "domain" => "a domain",
        "code" => "a name without spaces",
        "auto" => "`auto`",
        "off" => "`off`",
        "drift" => "`correct`, `report`",
        _ => "a text",
    }
}

/// How a text of a kind is written.
pub(super) fn example(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "client" | "manager" | "provider" | "service" | "calendar" | "priority" | "template" | "slug" => SLUG,
        "recipient" => "the client's slug, or `client/department`",
        "agreement" => "the name of its file without folder and `.yaml`, or `set/client`",
        "day" => "YYYY-MM-DD, such as 2026-02-01",
        "instant" => "2026-09-30T18:00:00+03:00, with its offset",
        "clock" => "09:00",
        "weekday" => "mon, or mon-fri for several",
        "days" => "2026-05-01, or 2027-01-01/2027-01-08 for several",
        "hours" => "09:00-18:00, 22:00-06:00 or `closed`",
        "timezone" => "an IANA name such as Europe/Moscow",
        "term" => "1y, 6mo, 2w or 90d",
        "lead" => "60d or 2w",
        "target" => "30m, 4h, 1h30m or 2 business days",
        "wait" => "30s or 10m",
        "to" => "client, manager, or an address",
        "email" => "name@domain",
        "live_id" => "the helpdesk has it, such as agreement$605301",
        "path" => "sla.targets, without `services[..]` or spaces",
        "rule" => "W306",
        "share" => "10%",
        "url" => "https://acme.itsm365.com/sd, without a key, name or query in it",
        "open_address" => {
            "smtp://localhost:1025 or git:origin#servanda-ledger; with a password in it, as { env: NAME }"
        }
        "variable" => "ITSM365_ACCESS_KEY",
        "domain" => "acme.example",
        "line" => "one line with something in it",
        "code" => "the helpdesk has it",
        "auto" => "`auto`, or as a list of steps with `status` and `on`",
        "off" => "`off`, or as a map",
        "drift" => "`correct`, `report`, or a map from fields to these",
        "secret" => "{ env: NAME_OF_A_VARIABLE }",
        _ => return None,
    })
}

/// Whether texts of a kind are slugs.
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
            | "agreement"
            | "recipient"
            | "slug"
    )
}

/// Whether digits alone can be a text of a kind, so that quotes around them are all that is missing.
pub(super) fn takes_digits(kind: &str) -> bool {
    is_of_slugs(kind) || matches!(kind, "line" | "code" | "live_id")
}

/// Why a text is no day, instant, term, lead or length of time, where the calendar can tell.
pub(super) fn misread(kind: &str, text: &str) -> Option<InvalidValue> {
    // The calendar quotes what it is given, so it gets only what fits a message.
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
        "target" => TargetTime::read(text).err(),
        "hours" => Window::read(text).err(),
        _ => None,
    }
}

/// The flag that a word means, in YAML of old and in daily use.
pub(super) fn means_flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "on" | "true" | "да" => Some(true),
        "no" | "n" | "off" | "false" | "нет" => Some(false),
        _ => None,
    }
}

/// The key that people mean by another word.
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

/// Whether a key is one that agreements have and templates cannot have.
pub(super) fn belongs_to_agreements(kind: DocumentKind, key: &str) -> bool {
    kind == DocumentKind::Template && TEMPLATE_LACKS.contains(&key)
}
