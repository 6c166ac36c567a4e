//! Property test: random agreements that people made by hand are adopted, and the next plan only sets ownership keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use servanda::author;
use servanda::calendar::{TargetTime, read_day, read_instant};
use servanda::discovery::agreements::{Adoption, SkipReason};
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveTarget, TargetKey};
use servanda::mapping::Mapping;
use servanda::plan::{Step, Verb};
use servanda::settings::Pace;

use super::{Arguments, import};
use crate::cases::sample_of;
use crate::cli::options::{PlanOptions, TableFormat};
use crate::helpdesk::Writer as _;
use crate::helpdesk::connect;
use crate::helpdesk::itsm365::{Itsm365Transport, Itsm365Writer};
use crate::http::client::Endpoint;
use crate::process::context::{Context, Terminal};
use crate::process::runtime::runtime;
use crate::reconcile::plan::{FromLedger, make};
use crate::sandbox::{ACCESS_KEY, DatabasePath, Sandbox, SandboxClock, SandboxOptions, Seed, SeedObject};
use crate::workspace::files;

const TODAY: &str = "2026-03-01";
const SERVICES: [&str; 5] = ["email", "vpn", "printing", "servers", "workstations"];
const PRIORITIES: [&str; 4] = ["critical", "high", "normal", "low"];

/// A seeded random number generator (linear congruential).
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).expect("24 bits") % below
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// The targets of a package.
#[derive(Clone)]
struct Package {
    services: Vec<usize>,
    calendar: usize,
    hours: [u32; 4],
    provider: usize,
    words: &'static str,
    months: i32,
}

fn package(dice: &mut Dice) -> Package {
    let first = dice.below(SERVICES.len() - 1);
    let services: Vec<usize> = (0..SERVICES.len())
        .filter(|service| [first, first + 1].contains(service) || dice.percent(40))
        .collect();
    let base = u32::try_from(dice.below(4) + 1).expect("small");
    Package {
        services,
        calendar: dice.below(2),
        hours: [base, base * 2, base * 4, base * 8],
        provider: dice.below(2),
        words: ["поддержка, договор", "сопровождение №", "support contract"][dice.below(3)],
        months: [12, 12, 6, 24][dice.below(4)],
    }
}

/// An object as a person made it.
struct Made {
    attributes: Json,
    /// Rules: service, priority, calendar, hours.
    rules: Vec<(Option<usize>, usize, Option<usize>, u32)>,
    /// Whether no file can adopt it.
    is_left: bool,
}

fn made(dice: &mut Dice, number: usize, packages: &[Package]) -> Made {
    let mut package = packages[dice.below(packages.len())].clone();
    if dice.percent(10) {
        let more = dice.below(SERVICES.len());
        if !package.services.contains(&more) {
            package.services.push(more);
        }
    }
    let first = read_day("2025-04-01").expect("a day");
    let first = first.checked_add(jiff::Span::new().days(i64::try_from(dice.below(500)).expect("small")));
    let first = first.expect("in range");
    let span = if dice.percent(90) {
        jiff::Span::new().months(package.months)
    } else {
        jiff::Span::new().days(i64::try_from(dice.below(700) + 1).expect("small"))
    };
    let last = first.checked_add(span).and_then(|after| after.yesterday()).expect("in range");
    let last = (!dice.percent(10)).then_some(last);
    let today = read_day(TODAY).expect("a day");
    let by_days = match last {
        Some(last) if last < today => "inactive",
        _ if first > today => "planned",
        _ => "active",
    };
    let is_over = last.is_some_and(|last| last < today);
    // Some are suspended, switched on early, or held back by hand.
    let state = if dice.percent(10) { ["planned", "active", "inactive"][dice.below(3)] } else { by_days };
    let contradicts = is_over && state != "inactive";
    let title = format!("Клиент {number}: {} ДО-{number}/26", package.words);
    let unit = format!("ou${}", 100 + number);
    let is_odd = dice.percent(12);
    let (recipients, services, key, is_strange) = match dice.below(4) {
        0 if is_odd => (json!([]), package.services.clone(), Json::Null, true),
        1 if is_odd => (json!([unit, "ou$99"]), package.services.clone(), Json::Null, true),
        2 if is_odd => (json!([unit]), Vec::new(), Json::Null, true),
        3 if is_odd => (json!([unit]), package.services.clone(), json!("B001"), true),
        _ if dice.percent(10) => {
            (json!([format!("ou${}", 300 + number)]), package.services.clone(), Json::Null, false)
        }
        _ => (json!([unit]), package.services.clone(), Json::Null, false),
    };
    let label = |day: jiff::civil::Date| format!("{} 00:00:00", day.strftime("%Y.%m.%d"));
    let ids = services.iter().map(|service| format!("slmService${}", service + 1));
    let attributes = json!({
        "title": if dice.percent(8) { format!("Особый договор {number}") } else { title },
        "contractNumber": format!("ДО-{number}/26"),
        "inventoryNumber": key,
        "startDate": label(first),
        "endDate": last.map(label),
        "responsible": format!("employee${}", dice.below(2) + 1),
        "supplier": format!("ou${}", 91 + package.provider),
        "serviceTime": format!("servicetime${}", package.calendar + 1),
        "services": ids.collect::<Vec<_>>(),
        "recipientsOU": recipients,
        "state": state,
    });
    let mut rules: Vec<_> =
        package.hours.iter().enumerate().map(|(priority, hours)| (None, priority, None, *hours)).collect();
    if let Some(service) = services.first().filter(|_| dice.percent(10)) {
        let calendar = dice.percent(50).then_some(2);
        let faster = dice.percent(50);
        rules.extend(package.hours.iter().enumerate().map(|(priority, hours)| {
            (Some(*service), priority, calendar, if faster { hours * 3 } else { *hours })
        }));
    }
    Made { attributes, rules, is_left: is_strange || contradicts }
}

/// A catalog of everything that an workspace may name, as JSON, which is YAML too.
fn catalog(count: usize) -> String {
    let entry =
        |title: &str, class: &str, id: usize| json!({ "title": title, "helpdesk": format!("{class}${id}") });
    let list = |titles: &[&str], class: &str| -> BTreeMap<String, Json> {
        titles.iter().zip(1..).map(|(title, id)| ((*title).to_owned(), entry(title, class, id))).collect()
    };
    let mut clients: BTreeMap<String, Json> = BTreeMap::new();
    for number in 0..count {
        let mut client = entry(&format!("Клиент {number}"), "ou", 100 + number);
        client["departments"] = json!({ "office": entry(&format!("Офис {number}"), "ou", 300 + number) });
        clients.insert(format!("client-{number}"), client);
    }
    clients.insert("stranger".to_owned(), entry("Чужой", "ou", 99));
    json!({
        "clients": clients,
        "services": list(&SERVICES, "slmService"),
        "managers": { "i.petrova": entry("Ирина Петрова", "employee", 1), "d.kim": entry("Денис Ким", "employee", 2) },
        "providers": { "acme": entry("Акме", "ou", 91), "baltic": entry("Балтика", "ou", 92) },
        "calendars": list(&["9x5", "12x6", "24x7"], "servicetime"),
        "priorities": list(&PRIORITIES, "priority"),
    })
    .to_string()
}

fn live_id(text: &str) -> LiveId {
    LiveId::new(text).expect("an id")
}

/// Puts an workspace into the embedded helpdesk of a repository, as people would.
async fn populate(root: &Path, workspace: &[Made]) {
    let database = files::own_folder(root).expect("a folder").join("sandbox.db");
    let named =
        |class: &str, number: usize, title: &str| SeedObject::known(&format!("{class}${number}"), title);
    let mut seed = Seed::default();
    seed.units.push(named("ou", 99, "Чужой"));
    seed.units.extend([named("ou", 91, "Акме"), named("ou", 92, "Балтика")]);
    for number in 0..workspace.len() {
        seed.units.push(named("ou", 100 + number, &format!("Клиент {number}")));
        seed.units.push(
            named("ou", 300 + number, &format!("Офис {number}")).within(&format!("ou${}", 100 + number)),
        );
        seed.agreements.push(named("agreement", number + 1, &format!("Договор {number}")));
    }
    seed.employees.extend([
        named("employee", 1, "Ирина Петрова"),
        named("employee", 2, "Денис Ким"),
        named("employee", 3, "Посторонний"),
    ]);
    seed.services.extend(SERVICES.iter().zip(1..).map(|(title, number)| named("slmService", number, title)));
    seed.calendars.extend(
        ["9x5", "12x6", "24x7"].iter().zip(1..).map(|(title, number)| named("servicetime", number, title)),
    );
    seed.priorities
        .extend(PRIORITIES.iter().zip(1..).map(|(title, number)| named("priority", number, title)));
    let clock = SandboxClock::fixed(read_instant("2026-03-01T09:00:00Z").expect("an instant"));
    let sandbox = Sandbox::open(&DatabasePath::File(database), &seed, clock, SandboxOptions::default())
        .expect("it opens");
    let running = sandbox.start().await.expect("it starts");
    let transport =
        Itsm365Transport::new(&Endpoint::at(&running.url()), SecretString::from(ACCESS_KEY), &Pace::SANDBOX);
    let (transport, mapping) = (transport.expect("a transport"), Mapping::default());
    let writer = Itsm365Writer::new(&transport, &mapping);
    for (number, made) in workspace.iter().enumerate() {
        let object = format!("agreement${}", number + 1);
        sandbox
            .hand_edit(&object, &made.attributes, "Анна")
            .unwrap_or_else(|error| panic!("{}", error.text()));
        for (service, priority, calendar, hours) in &made.rules {
            let key = TargetKey {
                service: service.map(|service| live_id(&format!("slmService${}", service + 1))),
                priority: live_id(&format!("priority${}", priority + 1)),
            };
            let promise = LiveTarget {
                response: Some(TargetTime::Seconds(hours * 1800)),
                resolution: Some(TargetTime::Seconds(hours * 7200)),
                calendar: calendar.map(|calendar| live_id(&format!("servicetime${}", calendar + 1))),
            };
            let id = AgreementId::new("any").expect("an id");
            let put = Step::PutRule { rule: None, key, target: promise };
            writer.perform(&id, Some(&live_id(&object)), &put).await.expect("written");
        }
    }
    running.stop().await.expect("stopped");
}

fn arguments(dry_run: bool) -> Arguments {
    Arguments {
        helpdesk: crate::cli::options::HelpdeskOption { helpdesk: None },
        dry_run,
        only: Vec::new(),
        client: Vec::new(),
        template_from: 2,
        as_of: Some(TODAY.to_owned()),
        format: TableFormat::Text,
    }
}

fn context(root: &Path) -> Context {
    Context {
        now: read_instant("2026-03-01T09:00:00Z").expect("an instant"),
        working_directory: std::path::PathBuf::from("/"),
        terminal: Terminal::NONE,
        repository: Some(root.to_path_buf()),
        deny_warnings: false,
        settings: None,
    }
}

/// The changes of the plan after an import, as the ids that are only marked; anything else is a fault.
fn marked(context: &Context) -> BTreeSet<AgreementId> {
    let (mut workspace, terms) = PlanOptions::as_of(Some(TODAY)).load(context).expect("it can be checked");
    let runtime = runtime().expect("threads");
    let envelope = runtime.block_on(async {
        let connection = connect::open(&mut workspace, terms.as_of).await.expect("it opens");
        let made =
            make(&workspace, &connection, &terms, FromLedger::default()).await.expect("it can be read");
        connection.close().await;
        made.0
    });
    assert!(envelope.plan.blocked.is_empty(), "{:?}", envelope.plan.blocked);
    let changes = envelope.plan.changes.into_iter().map(|change| {
        assert_eq!(change.verb, Verb::Update, "{change:?}");
        assert!(change.fields.is_empty() && change.state.is_none(), "{change:?}");
        assert!(change.ownership_key.is_some_and(|mark| mark.before.is_none()));
        change.id
    });
    changes.collect()
}

fn hold(number: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let mut dice = Dice(number.wrapping_mul(2).wrapping_add(1));
    let packages: Vec<Package> = (0..=dice.below(3)).map(|_| package(&mut dice)).collect();
    let count = 20 + dice.below(21);
    let workspace: Vec<Made> = (0..count).map(|number| made(&mut dice, number, &packages)).collect();
    files::write_whole(&root.join("servanda.yaml"), "timezone: Europe/Moscow\n").expect("written");
    files::write_whole(&root.join("catalog.yaml"), &catalog(count)).expect("written");
    runtime().expect("threads").block_on(populate(root, &workspace));
    let context = context(root);
    let arguments = arguments(false);
    let adoption = import(&arguments, &context).expect("it can be imported");
    let left: BTreeSet<String> = adoption.skipped.iter().map(|left| left.object.to_string()).collect();
    let expected = workspace.iter().zip(1..).filter(|(made, _)| made.is_left);
    let expected: BTreeSet<String> = expected.map(|(_, number)| format!("agreement${number}")).collect();
    assert_eq!(left, expected, "workspace {number}: {:?}", adoption.skipped);
    let ids: BTreeSet<AgreementId> = adoption.agreements.iter().map(|taken| taken.id.clone()).collect();
    assert_eq!(marked(&context), ids, "workspace {number}");
    let (written, resolved) = sizes(&adoption);
    let texts: Vec<&str> = adoption.files().map(|file| file.text.as_str()).collect();
    assert!(
        written * 2 <= resolved,
        "workspace {number}: {written} bytes of {resolved}\n{}",
        texts.join("\n")
    );
    let again = import(&arguments, &context).expect("it can be imported");
    assert_eq!(again.files().count(), 0, "workspace {number}: {again:?}");
}

/// The bytes that were written, and those of the same agreements without any inheritance; both without the line by
/// which editors find the schema.
fn sizes(adoption: &Adoption) -> (usize, usize) {
    let document = |text: &str| text.split_once('\n').map_or(0, |(_, document)| document.len());
    let written = adoption.files().map(|file| document(&file.text)).sum();
    let whole = adoption
        .agreements
        .iter()
        .map(|taken| document(&author::file_text(&taken.file.path, &taken.resolved)));
    (written, whole.sum())
}

#[test]
fn agreements_made_by_hand_are_adopted_by_setting_ownership_keys_only() {
    (0..sample_of(6, 500)).into_par_iter().for_each(hold);
}

#[test]
fn the_reason_for_an_object_left_alone_is_given() {
    let odd = |attributes: Json| Made { attributes, rules: Vec::new(), is_left: true };
    let base = json!({
        "title": "Договор", "startDate": "2026.01.01 00:00:00", "endDate": "2026.12.31 00:00:00", "state": "active",
        "services": ["slmService$1"], "recipientsOU": ["ou$100"],
    });
    let with = |changes: Json| {
        let mut attributes: BTreeMap<String, Json> = serde_json::from_value(base.clone()).expect("a map");
        attributes.extend(serde_json::from_value::<BTreeMap<String, Json>>(changes).expect("a map"));
        odd(json!(attributes))
    };
    let workspace = [
        with(json!({ "inventoryNumber": "B001" })),
        with(json!({ "recipientsOU": [] })),
        with(json!({ "recipientsOU": ["ou$101", "ou$102"] })),
        with(json!({ "services": [] })),
        with(json!({ "endDate": "2026.02.01 00:00:00" })),
        with(json!({ "responsible": "employee$3" })),
        with(json!({ "removed": true })),
        with(json!({ "title": "Первый" })),
        with(json!({ "title": "Второй" })),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    files::write_whole(&root.join("servanda.yaml"), "timezone: Europe/Moscow\n").expect("written");
    files::write_whole(&root.join("catalog.yaml"), &catalog(3)).expect("written");
    runtime().expect("threads").block_on(populate(root, &workspace));
    let arguments = arguments(true);
    let adoption = import(&arguments, &context(root)).expect("it can be imported");
    let why: BTreeMap<String, &SkipReason> =
        adoption.skipped.iter().map(|skipped| (skipped.object.to_string(), &skipped.reason)).collect();
    assert!(matches!(why["agreement$1"], SkipReason::Unreadable { error } if error.contains("B001")));
    assert_eq!(why["agreement$2"], &SkipReason::NoRecipient);
    assert!(matches!(why["agreement$3"], SkipReason::SeveralClients { clients } if clients.len() == 2));
    assert_eq!(why["agreement$4"], &SkipReason::NoService);
    assert_eq!(why["agreement$5"], &SkipReason::Contradictory { state: "active".to_owned() });
    assert!(
        matches!(why["agreement$6"], SkipReason::NoSlug { object, .. } if object.as_str() == "employee$3")
    );
    assert_eq!(why["agreement$7"], &SkipReason::Archived);
    // Two agreements overlap in one service for one client: one of them is skipped.
    let faulty = adoption.skipped.iter().filter(|left| matches!(left.reason, SkipReason::Invalid { .. }));
    assert_eq!((faulty.count(), adoption.agreements.len()), (1, 1));
}
