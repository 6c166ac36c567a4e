//! Messages in both languages, and the escaping of values.

use std::collections::BTreeMap;

use litemap::LiteMap;

use super::{MessageContext, MessageTemplates, RenderedMessage};
use crate::agreement::sample::{agreement, day};
use crate::agreement::{Activation, Agreement, NoticeEvent, PeriodEnd, Renewal, Suspension, Termination};
use crate::calendar::{Lead, Term};
use crate::catalog::{Catalog, CatalogEntry, ClientEntry};
use crate::diagnostic::{Sources, Span};
use crate::ident::{ClientSlug, LiveId, ManagerSlug, ProviderSlug, ServiceSlug};
use crate::notice::delivery::Message;
use crate::notice::{
    AnnouncedDays, Channel, Identity, MailAddress, Notice, NoticeKey, NoticeKind, Recipient, Variant,
};
use crate::settings::{Language, WebhookFormat};
use crate::status::{period_at, state_at};

fn contact() -> Identity {
    Identity::Contact("main".to_owned())
}

fn boss() -> Identity {
    Identity::Manager("i.petrova".to_owned())
}

fn notice(
    agreement: &Agreement,
    event: NoticeEvent,
    announced: &str,
    identity: Identity,
    today: &str,
) -> Notice {
    let at = agreement.zone.at(day(today), 10, 0);
    let period = period_at(agreement, at);
    let key = NoticeKey {
        agreement: agreement.id.clone(),
        event,
        day: day(announced),
        variant: Variant::Only,
        recipient: identity.in_key(str::to_owned),
        channel: Channel::Mail,
    };
    let announced = AnnouncedDays { first_day: period.first_day, last_day: period.last_day };
    let address = MailAddress::Known("main@client.example".to_owned());
    let recipient = Recipient { identity, address };
    let state = state_at(agreement, at).0;
    Notice { key, planned: at, recipient, announced, state, by_date: true }
}

fn entry(title: &str, email: Option<&str>) -> CatalogEntry {
    let span = Span::of_file(Sources::default().add("catalog.yaml", ""));
    CatalogEntry {
        title: title.to_owned(),
        helpdesk: None,
        elsewhere: LiteMap::new(),
        email: email.map(str::to_owned),
        span,
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let client = ClientEntry {
        entry: entry("Стоматология «Маяк»", None),
        contacts: LiteMap::new(),
        departments: LiteMap::new(),
        lives_in: None,
        zone: None,
        language: None,
    };
    catalog.clients.insert(ClientSlug::new("dent-mayak").expect("a slug"), client);
    let service = ServiceSlug::new("email").expect("a slug");
    catalog.services.insert(service, entry("Электронная почта", None));
    let manager = ManagerSlug::new("i.petrova").expect("a slug");
    catalog.managers.insert(manager, entry("Ирина Петрова", Some("i.petrova@acme.example")));
    catalog.providers.insert(ProviderSlug::new("acme").expect("a slug"), entry("ООО «Акме»", None));
    catalog
}

fn with_context<T>(
    agreements: &[&Agreement],
    language: Language,
    today: &str,
    function: impl FnOnce(&MessageContext<'_>) -> T,
) -> T {
    let catalog = catalog();
    let agreements: BTreeMap<&str, &Agreement> =
        agreements.iter().map(|agreement| (agreement.id.as_str(), *agreement)).collect();
    let at = agreements.values().next().expect("an agreement").zone.at(day(today), 10, 0);
    let everywhere: Vec<Agreement> = agreements.values().map(|agreement| (*agreement).clone()).collect();
    let files = agreements.values().map(|agreement| agreement.span.file);
    function(&MessageContext {
        paths: &files.map(|file| (file, "agreements/sample.yaml".to_owned())).collect(),
        agreements,
        everywhere: &everywhere,
        catalog: &catalog,
        sender: "Служба поддержки",
        language,
        only: None,
        at,
        address: &|_: &LiveId| None,
    })
}

fn message(channel: Channel, notices: Vec<Notice>) -> Message {
    Message { name: "m".to_owned(), channel, address: String::new(), notices }
}

fn rendered(language: Language, agreement: &Agreement, notices: Vec<Notice>, today: &str) -> RenderedMessage {
    let mut agreement = agreement.clone();
    agreement.language = language;
    let templates = MessageTemplates::new(&BTreeMap::new()).expect("the built-in templates are valid");
    with_context(&[&agreement], language, today, |context| {
        templates.render(&message(Channel::Mail, notices), context).expect("it renders")
    })
}

/// An agreement in the state that a text is about, with the event, its day, and the day of sending.
type Example = (Agreement, NoticeEvent, &'static str, &'static str);

/// The example of a kind of text.
fn example(kind: NoticeKind) -> Example {
    let mut sample = agreement("a", "2026-02-01", "2026-12-31");
    sample.title = "Стоматология «Маяк»: поддержка, договор СТ-2026/1".to_owned();
    sample.number = Some("СТ-2026/1".to_owned());
    sample.manager = ManagerSlug::new("i.petrova");
    sample.provider = ProviderSlug::new("acme");
    sample.renewal = Renewal::Manual { notice_period: Some(Lead::of_days(30)) };
    let suspended = Suspension { from: day("2026-05-01"), until: Some(day("2026-05-10")), reason: None };
    let terminated = Termination {
        at: sample.zone.start_of(day("2026-12-16")),
        last_day: day("2026-12-15"),
        reason: Some("closed".to_owned()),
        is_of_entry: false,
    };
    let tacit = Renewal::Auto {
        term: Term { months: 12, days: 0 },
        notice_period: Some(Lead::of_days(30)),
        max_terms: None,
    };
    match kind {
        NoticeKind::Begins => (sample, NoticeEvent::Activated, "2026-02-01", "2026-02-01"),
        NoticeKind::Resumes | NoticeKind::Suspended => {
            sample.suspensions.push(suspended);
            match kind {
                NoticeKind::Resumes => (sample, NoticeEvent::Activated, "2026-05-11", "2026-05-11"),
                _ => (sample, NoticeEvent::Deactivated, "2026-05-01", "2026-05-01"),
            }
        }
        NoticeKind::Terminated | NoticeKind::EndsEarly => {
            sample.termination = Some(Box::new(terminated));
            match kind {
                NoticeKind::Terminated => (sample, NoticeEvent::Deactivated, "2026-12-16", "2026-12-16"),
                _ => (sample, NoticeEvent::Expiring, "2026-12-15", "2026-12-08"),
            }
        }
        NoticeKind::RenewedTacitly | NoticeKind::RenewsUnlessNotice => {
            sample.renewal = tacit;
            match kind {
                NoticeKind::RenewedTacitly => (sample, NoticeEvent::Renewed, "2027-01-01", "2027-01-01"),
                _ => (sample, NoticeEvent::NoticeDeadline, "2026-12-31", "2026-11-17"),
            }
        }
        NoticeKind::NotRenewed => {
            sample.renewal = Renewal::None;
            (sample, NoticeEvent::Expiring, "2026-12-31", "2026-12-24")
        }
        NoticeKind::Succeeds => {
            sample.renews = crate::ident::AgreementId::new("dent-mayak-2025");
            (sample, NoticeEvent::Renewed, "2026-02-01", "2026-02-01")
        }
        NoticeKind::Expired => (sample, NoticeEvent::Deactivated, "2027-01-01", "2027-01-01"),
        NoticeKind::RunsOut => (sample, NoticeEvent::Expiring, "2026-12-31", "2026-12-24"),
        NoticeKind::RenewalDecision => (sample, NoticeEvent::NoticeDeadline, "2026-12-31", "2026-11-17"),
        NoticeKind::Amended => (sample, NoticeEvent::Amended, "2026-12-31", "2026-06-01"),
    }
}

/// The paragraphs that the examples of the kinds do not show, with a name for each.
fn others() -> Vec<(&'static str, Example)> {
    let of = |kind, change: fn(&mut Agreement)| {
        let (mut agreement, event, announced, today) = example(kind);
        change(&mut agreement);
        (agreement, event, announced, today)
    };
    let on = |kind, announced, today| {
        let (agreement, event, ..) = example(kind);
        (agreement, event, announced, today)
    };
    vec![
        ("begins, open-ended", of(NoticeKind::Begins, |agreement| agreement.period.end = PeriodEnd::Open)),
        (
            "suspended, open-ended",
            of(NoticeKind::Suspended, |agreement| agreement.suspensions[0].until = None),
        ),
        (
            "renewed_tacitly, after the deadline",
            of(NoticeKind::RenewedTacitly, |agreement| {
                let notice_period = Some(Lead { months: 13, days: 0 });
                let term = Term { months: 12, days: 0 };
                agreement.renewal = Renewal::Auto { term, notice_period, max_terms: None };
            }),
        ),
        ("runs_out, before the deadline", on(NoticeKind::RunsOut, "2026-12-31", "2026-11-24")),
        ("runs_out, last day", on(NoticeKind::RunsOut, "2026-12-31", "2026-12-31")),
        ("not_renewed, last day", on(NoticeKind::NotRenewed, "2026-12-31", "2026-12-31")),
        ("expired, not renewable", of(NoticeKind::Expired, |agreement| agreement.renewal = Renewal::None)),
        ("amended, open-ended", of(NoticeKind::Amended, |agreement| agreement.period.end = PeriodEnd::Open)),
    ]
}

/// Compares the mails of each kind to one audience, and the paragraphs that these do not show.
fn reads_as_checked_in(language: Language, audience: &str, identity: &Identity) {
    let mail = |(agreement, event, announced, today): Example| {
        let notice = notice(&agreement, event, announced, identity.clone(), today);
        let rendered = rendered(language, &agreement, vec![notice], today);
        let text = rendered.text.replace('\u{a0}', " ");
        assert!(!text.contains("г.."), "{text}");
        (rendered.subject.replace('\u{a0}', " "), text)
    };
    let mut mails = String::new();
    let mut texts = std::collections::BTreeSet::new();
    for kind in NoticeKind::ALL {
        let example = example(kind);
        assert_eq!(NoticeKind::of(&example.0, example.1, day(example.2)), kind);
        let (subject, text) = mail(example);
        mails.extend(["=== ", kind.as_str(), "\nSubject: ", &subject, "\n\n", &text, "\n"]);
        texts.insert(text);
    }
    assert_eq!(texts.len(), NoticeKind::ALL.len(), "each kind has its own text");
    for (name, example) in others() {
        let (subject, text) = mail(example);
        // Below the greeting and the title.
        let paragraph = text.lines().nth(4).unwrap_or_default();
        mails.extend(["=== ", name, "\nSubject: ", &subject, "\n\n", paragraph, "\n"]);
    }
    insta::assert_snapshot!(format!("{}_{audience}", language.as_str()), mails);
}

// A test for each, so that a run shows the differences of all.
#[test]
fn texts_for_clients_in_english_read_as_checked_in() {
    reads_as_checked_in(Language::English, "client", &contact());
}

#[test]
fn texts_for_clients_in_russian_read_as_checked_in() {
    reads_as_checked_in(Language::Russian, "client", &contact());
}

#[test]
fn texts_for_managers_in_english_read_as_checked_in() {
    reads_as_checked_in(Language::English, "manager", &boss());
}

#[test]
fn texts_for_managers_in_russian_read_as_checked_in() {
    reads_as_checked_in(Language::Russian, "manager", &boss());
}

#[test]
fn only_an_agreement_that_can_be_renewed_asks_its_client_to_renew() {
    for (language, words) in [(Language::Russian, "продление"), (Language::English, "renewal")] {
        for kind in NoticeKind::ALL {
            let (agreement, event, announced, today) = example(kind);
            let notice = notice(&agreement, event, announced, contact(), today);
            let text = rendered(language, &agreement, vec![notice], today).text;
            assert_eq!(text.contains(words), kind == NoticeKind::RunsOut, "{kind:?}: {text}");
        }
    }
}

#[test]
fn an_entry_of_a_set_is_named_only_if_the_termination_stands_in_it() {
    let (mut agreement, event, announced, today) = example(NoticeKind::EndsEarly);
    agreement.id = crate::ident::AgreementId::new("set/dent-mayak").expect("an id");
    for is_of_entry in [true, false] {
        agreement.termination.as_mut().expect("it is terminated").is_of_entry = is_of_entry;
        let notices = vec![notice(&agreement, event, announced, boss(), today)];
        let text = rendered(Language::English, &agreement, notices, today).text;
        assert_eq!(text.contains("(entry `dent-mayak`)"), is_of_entry, "{text}");
    }
}

#[test]
fn an_agreement_with_a_successor_is_not_to_be_renewed() {
    let mut later = agreement("b", "2027-01-11", "2027-12-31");
    later.renews = crate::ident::AgreementId::new("a");
    let mut by_hand = later.clone();
    by_hand.activation = Activation::Manual(Vec::new());
    let templates = MessageTemplates::new(&BTreeMap::new()).expect("the built-in templates are valid");
    for (kind, identity) in
        [NoticeKind::RunsOut, NoticeKind::NotRenewed, NoticeKind::RenewalDecision, NoticeKind::Expired]
            .into_iter()
            .flat_map(|kind| [(kind, boss()), (kind, contact())])
    {
        let (mut agreement, event, announced, today) = example(kind);
        agreement.language = Language::English;
        for successor in [&later, &by_hand] {
            let notices = vec![notice(&agreement, event, announced, identity.clone(), today)];
            let text = with_context(&[&agreement, successor], Language::English, today, |context| {
                templates.render(&message(Channel::Mail, notices), context).expect("it renders").text
            });
            let text = text.replace('\u{a0}', " ");
            for wrong in ["servanda renew", "no successor", "renew", "No renewal"] {
                assert!(!text.contains(wrong), "{kind:?}: {text}");
            }
            let is_named = kind != NoticeKind::Expired || identity == boss();
            let begins = if successor == &later { "11 January 2027" } else { "begins when it is activated" };
            assert_eq!(text.contains(begins), is_named, "{kind:?}: {text}");
        }
    }
}

#[test]
fn a_termination_on_the_agreed_last_day_is_no_early_end() {
    let (mut agreement, event, announced, _) = example(NoticeKind::RunsOut);
    let at = agreement.zone.start_of(day("2027-01-01"));
    agreement.termination =
        Some(Box::new(Termination { at, last_day: day("2026-12-31"), reason: None, is_of_entry: false }));
    assert_eq!(NoticeKind::of(&agreement, event, day(announced)), NoticeKind::NotRenewed);
    assert_eq!(NoticeKind::of(&agreement, NoticeEvent::Deactivated, day("2027-01-01")), NoticeKind::Expired);
}

#[test]
fn a_termination_on_the_last_day_of_a_tacit_period_is_no_early_end() {
    let (mut agreement, ..) = example(NoticeKind::RenewsUnlessNotice);
    let kind = |agreement: &Agreement, event, on| NoticeKind::of(agreement, event, day(on));
    for (last_day, over) in [("2026-12-31", "2027-01-01"), ("2027-12-31", "2028-01-01")] {
        let at = agreement.zone.start_of(day(over));
        agreement.termination =
            Some(Box::new(Termination { at, last_day: day(last_day), reason: None, is_of_entry: false }));
        assert_eq!(kind(&agreement, NoticeEvent::Expiring, last_day), NoticeKind::NotRenewed);
        assert_eq!(kind(&agreement, NoticeEvent::Deactivated, over), NoticeKind::Expired);
    }
    let at = agreement.zone.start_of(day("2027-12-01"));
    agreement.termination =
        Some(Box::new(Termination { at, last_day: day("2027-11-30"), reason: None, is_of_entry: false }));
    assert_eq!(kind(&agreement, NoticeEvent::Expiring, "2027-11-30"), NoticeKind::EndsEarly);
    assert_eq!(kind(&agreement, NoticeEvent::Deactivated, "2027-12-01"), NoticeKind::Terminated);
}

#[test]
fn the_last_tacit_period_runs_out_and_renews_no_more() {
    let (mut agreement, ..) = example(NoticeKind::RenewsUnlessNotice);
    let term = Term { months: 12, days: 0 };
    agreement.renewal = Renewal::Auto { term, notice_period: Some(Lead::of_days(30)), max_terms: Some(1) };
    let kind = |event, on| NoticeKind::of(&agreement, event, day(on));
    assert_eq!(kind(NoticeEvent::NoticeDeadline, "2026-12-31"), NoticeKind::RenewsUnlessNotice);
    assert_eq!(kind(NoticeEvent::NoticeDeadline, "2027-12-31"), NoticeKind::RenewalDecision);
    assert_eq!(kind(NoticeEvent::Expiring, "2027-12-31"), NoticeKind::RunsOut);
}

#[test]
fn a_person_in_several_roles_gets_each_paragraph_once() {
    let (agreement, event, announced, today) = example(NoticeKind::RunsOut);
    let roles =
        [contact(), Identity::Contact("boss".to_owned()), Identity::Address("x@y.example".to_owned())];
    let to = |identity| notice(&agreement, event, announced, identity, today);
    let several = rendered(Language::Russian, &agreement, roles.map(to).into(), today);
    let one = rendered(Language::Russian, &agreement, vec![to(contact())], today);
    assert_eq!(several, one);
    // Whoever is also the manager gets the manager's text, once.
    let both = rendered(Language::Russian, &agreement, vec![to(contact()), to(boss())], today);
    assert_eq!(both, rendered(Language::Russian, &agreement, vec![to(boss())], today));
}

#[test]
fn a_reminder_of_the_end_and_of_the_deadline_are_one_paragraph() {
    let (agreement, event, announced, _) = example(NoticeKind::RunsOut);
    let today = "2026-11-30";
    let to = |event| notice(&agreement, event, announced, boss(), today);
    let both =
        rendered(Language::Russian, &agreement, vec![to(event), to(NoticeEvent::NoticeDeadline)], today);
    assert_eq!(both, rendered(Language::Russian, &agreement, vec![to(event)], today));
    assert!(both.text.contains("решение нужно не позднее 1\u{a0}декабря 2026\u{a0}г."), "{}", both.text);
}

#[test]
fn a_client_reads_its_own_language_and_a_manager_that_of_the_repository() {
    let (mut agreement, event, announced, today) = example(NoticeKind::RunsOut);
    agreement.language = Language::English;
    let templates = MessageTemplates::new(&BTreeMap::new()).expect("the built-in templates are valid");
    let greeting = |identity| {
        let notices = vec![notice(&agreement, event, announced, identity, today)];
        with_context(&[&agreement], Language::Russian, today, |context| {
            templates.render(&message(Channel::Mail, notices), context).expect("it renders").text
        })
    };
    assert!(greeting(contact()).starts_with("Hello,"));
    assert!(greeting(boss()).starts_with("Здравствуйте!"));
}

#[test]
fn the_subject_says_the_most_important_and_counts_the_other_agreements() {
    let templates = MessageTemplates::new(&BTreeMap::new()).expect("the built-in templates are valid");
    let (mut first, event, announced, today) = example(NoticeKind::RunsOut);
    let (mut second, mut third) = (first.clone(), first.clone());
    for (agreement, name) in [(&mut first, "c"), (&mut second, "b"), (&mut third, "a")] {
        agreement.id = crate::ident::AgreementId::new(name).expect("an id");
        agreement.title = format!("Договор {name}");
    }
    let notices = vec![
        notice(&second, NoticeEvent::Activated, "2026-02-01", contact(), today),
        notice(&third, NoticeEvent::Activated, "2026-02-01", contact(), today),
        notice(&first, NoticeEvent::Activated, "2026-02-01", contact(), today),
        notice(&first, event, announced, contact(), today),
    ];
    let mail = with_context(&[&first, &second, &third], Language::Russian, today, |context| {
        templates.render(&message(Channel::Mail, notices), context).expect("it renders")
    });
    assert_eq!(
        mail.subject.replace('\u{a0}', " "),
        "Соглашение истекает через 7 дней — Договор c и ещё 2 соглашения"
    );
    // One block for each agreement, the most important first.
    let titles: Vec<&str> = mail.text.lines().filter(|line| line.starts_with("Договор ")).collect();
    assert_eq!(titles, ["Договор c", "Договор a", "Договор b"]);
}

#[test]
fn russian_nouns_agree_with_their_number() {
    let left = |days| super::engine::remain(Language::Russian, days).replace('\u{a0}', " ");
    let shown: Vec<String> = [1, 2, 5, 11, 21, 22, 60, 101, 112].into_iter().map(left).collect();
    assert_eq!(
        shown,
        [
            "остался 1 день",
            "осталось 2 дня",
            "осталось 5 дней",
            "осталось 11 дней",
            "остался 21 день",
            "осталось 22 дня",
            "осталось 60 дней",
            "остался 101 день",
            "осталось 112 дней",
        ]
    );
    assert_eq!(crate::render::locale::days(Language::English, 1), "1\u{a0}day");
}

#[test]
fn a_title_is_escaped() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "<script>alert(1)</script>\r\nBcc: x@evil.example {{ 7 * 7 }} \u{202e}gnp".to_owned();
    agreement.number = Some("<img src=x onerror=1>".to_owned());
    let rendered = rendered(
        Language::Russian,
        &agreement,
        vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", contact(), "2026-02-01")],
        "2026-02-01",
    );
    assert!(!rendered.html.contains("<script") && !rendered.html.contains("<img"), "{}", rendered.html);
    assert!(!rendered.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", rendered.subject);
    assert!(rendered.text.contains("{{ 7 * 7 }}") && !rendered.text.contains('\u{202e}'));
}

#[test]
fn a_repository_may_replace_a_template() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title = "A & B".to_owned();
    agreement.language = Language::English;
    let own = BTreeMap::from([(
        "en.client.txt".to_owned(),
        "{{ agreement.title }}, {{ notice.day | date }}".to_owned(),
    )]);
    let templates = MessageTemplates::new(&own).expect("it parses");
    let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", contact(), "2026-02-01")];
    let rendered = with_context(&[&agreement], Language::Russian, "2026-02-01", |context| {
        templates.render(&message(Channel::Mail, notices), context).expect("it renders")
    });
    assert!(
        rendered.text.contains("A & B, 1\u{a0}February 2026") && rendered.html.contains("A &amp; B, 1"),
        "{}",
        rendered.html
    );
}

#[test]
fn an_invalid_template_is_reported_with_its_line() {
    let broken = |text: &str| {
        let own = BTreeMap::from([("ru.body.txt".to_owned(), text.to_owned())]);
        MessageTemplates::new(&own).map(|_| ()).map_err(|bad| bad.to_string())
    };
    let shown = broken("one\n{% if %}").expect_err("it does not parse");
    assert!(shown.starts_with("notices/ru.body.txt: line 2: syntax error"), "{shown}");
    let agreement = agreement("a", "2026-02-01", "2026-12-31");
    for (file, text) in [
        ("ru.body.txt", "{{ nothing }}"),
        ("ru.client.txt", "{{ nothing }}"),
        ("ru.body.txt", "{{ notices }}"),
        ("ru.body.txt", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
        ("ru.body.txt", "{% include \"/etc/passwd\" %}"),
    ] {
        let own = BTreeMap::from([(file.to_owned(), format!("\n{text}"))]);
        let templates = MessageTemplates::new(&own).expect("it parses");
        let notices = vec![notice(&agreement, NoticeEvent::Activated, "2026-02-01", contact(), "2026-02-01")];
        let bad = with_context(&[&agreement], Language::Russian, "2026-02-01", |context| {
            templates.render(&message(Channel::Mail, notices), context).expect_err("it does not render")
        });
        assert_eq!((bad.file.as_str(), bad.line), (file, Some(2)), "{bad}");
    }
}

#[test]
fn an_unknown_template_is_an_error() {
    let own = BTreeMap::from([("ru.bodi.txt".to_owned(), String::new())]);
    let shown = MessageTemplates::new(&own).err().map(|bad| bad.to_string());
    let expected = "notices/ru.bodi.txt: unknown template; did you mean ru.body.txt?";
    assert_eq!(shown.as_deref(), Some(expected));
}

fn chat(form: WebhookFormat, agreement: &Agreement, notices: Vec<Notice>) -> String {
    let templates = MessageTemplates::new(&BTreeMap::new()).expect("the built-in templates are valid");
    with_context(&[agreement], Language::English, "2026-12-24", |context| {
        let message = message(Channel::Webhook, notices);
        templates.render_chat(form, &message, context).expect("it renders")
    })
}

#[test]
fn a_title_in_a_chat_is_no_mention_and_no_link() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.title =
        "<!channel> @all <https://evil.example|A&B> [x](y) **b** _i_ ~s~ `c`\n\u{202e}".to_owned();
    let shown = |form| {
        chat(
            form,
            &agreement,
            vec![notice(&agreement, NoticeEvent::Expiring, "2026-12-31", contact(), "2026-12-24")],
        )
    };
    let slack = shown(WebhookFormat::Slack);
    assert!(
        slack.starts_with(
            "*&lt;!channel&gt; @all &lt;https://evil.example|A&amp;B&gt; [x](y) ∗∗b∗∗ ＿i＿ ∼s∼ ˋcˋ*\n"
        ),
        "{slack}"
    );
    let mattermost = shown(WebhookFormat::Mattermost);
    assert!(mattermost.starts_with("**&lt;\\!channel&gt; @\u{200b}all &lt;https\\:"), "{mattermost}");
    assert!(mattermost.contains("\\[x\\]\\(y\\) \\*\\*b\\*\\* \\_i\\_ \\~s\\~ \\`c\\`**\n"), "{mattermost}");
    let telegram = shown(WebhookFormat::Telegram);
    assert!(telegram.starts_with("<b>&lt;!channel&gt; @\u{200b}all &lt;https:"), "{telegram}");
    for text in [&slack, &mattermost, &telegram] {
        assert!(text.contains("31\u{a0}December 2026") && !text.contains('\u{202e}'), "{text}");
        assert!(text.lines().all(|line| !line.starts_with(' ')), "{text}");
    }
}

#[test]
fn a_message_never_exceeds_the_limit_of_a_chat() {
    let mut agreement = agreement("a", "2026-02-01", "2026-12-31");
    agreement.renewal = Renewal::Manual { notice_period: Some(Lead::of_days(30)) };
    agreement.title = "&".repeat(5000);
    agreement.number = Some("*".repeat(5000));
    for event in NoticeEvent::ALL {
        let notices: Vec<Notice> = (0..5)
            .map(|number| {
                let identity = Identity::Contact(number.to_string());
                notice(&agreement, event, "2026-12-31", identity, "2026-12-24")
            })
            .collect();
        for (form, limit) in [
            (WebhookFormat::Slack, 40_000),
            (WebhookFormat::Mattermost, 16_383),
            (WebhookFormat::Telegram, 4096),
        ] {
            let text = chat(form, &agreement, notices.clone());
            // Telegram counts characters after parsing entities.
            let text = if form == WebhookFormat::Telegram { text.replace("&amp;", "&") } else { text };
            let count = text.encode_utf16().count();
            assert!(count < limit, "{form:?}: {count}");
        }
    }
}
