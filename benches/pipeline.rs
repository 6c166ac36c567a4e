//! The stages of the core one by one, over a thousand agreements in memory: where does the time go?
//!
//! `cargo bench -p servanda-benches` compares with its own last run. What a user waits for is measured by benches/compare.py.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use servanda::calendar::{Instant, read_instant};
use servanda::check::{self, CheckedRepository};
use servanda::diagnostic::{Diagnostics, Sources};
use servanda::document::{self, Document};
use servanda::guard::Acknowledged;
use servanda::ident::LiveId;
use servanda::live::{Directory, Live, ObjectKind};
use servanda::plan::{Plan, simulate};
use servanda::planner::{self, Origin, PlannerInput};
use servanda::status::status;
use servanda::template::{Library, Resolved};

const AGREEMENTS: usize = 1000;

/// The texts of a repository, by path.
fn texts() -> Vec<(String, String)> {
    let mut catalog = String::from("clients:\n");
    for number in 0..AGREEMENTS {
        writeln!(catalog, "  c{number}: {{ title: Client {number}, helpdesk: ou${number} }}")
            .expect("a string");
    }
    catalog.push_str("services: { email: { title: Email, helpdesk: slmService$1 }, vpn: { title: VPN, helpdesk: slmService$2 } }\n");
    catalog.push_str("calendars: { office: { title: Office, helpdesk: servicetime$1 }, 24x7: { title: 24x7, helpdesk: servicetime$2 } }\n");
    catalog.push_str("priorities: { critical: { title: Critical, helpdesk: priority$1 } }\n");
    let template = "services: { email: true }\nsla: { calendar: office, targets: { critical: { response: 1h, resolution: 8h } } }\n";
    let mut texts = vec![
        ("servanda.yaml".to_owned(), "timezone: Europe/Moscow\n".to_owned()),
        ("catalog.yaml".to_owned(), catalog),
        ("templates/standard.yaml".to_owned(), template.to_owned()),
    ];
    for number in 0..AGREEMENTS {
        let text = format!(
            "# Contract {number}\nextends: standard\nclient: c{number}\nnumber: \"N-{number}\"\nperiod:\n  first_day: 2026-{:02}-01\n  \
             term: 1y\nservices:\n  vpn:\n    calendar: 24x7\n    targets: {{ critical: {{ response: 15m, resolution: 2h }} }}\n\
             notices:\n  activated: {{ to: [manager] }}\nlabels: {{ region: r{}, segment: s{} }}\n",
            number % 12 + 1,
            number % 20,
            number % 9,
        );
        texts.push((format!("agreements/a{number}.yaml"), text));
    }
    texts
}

fn read(texts: &[(String, String)]) -> (Sources, Vec<Document>) {
    let mut sources = Sources::default();
    let files: Vec<_> = texts
        .iter()
        .map(|(path, text)| (document::add_source(&mut sources, path, text.clone().into_bytes()).0, path))
        .collect();
    let documents = files.into_iter().map(|(file, path)| {
        let kind = document::kind_of(path).expect("a file of ours");
        document::read(&sources, file, kind).0
    });
    let documents = documents.collect();
    (sources, documents)
}

fn of_kind(documents: &[Document], kind: document::DocumentKind) -> Vec<Document> {
    documents.iter().filter(|document| document.kind == kind).cloned().collect()
}

fn resolve<'a>(library: &Library<'a>, agreements: &'a [Document]) -> Vec<Resolved<'a>> {
    agreements.iter().flat_map(|agreement| library.resolve(agreement).0).collect()
}

fn checked(
    documents: &[Document],
    resolved: &[Resolved<'_>],
    sources: &Sources,
    at: Instant,
) -> CheckedRepository {
    let find = |kind| documents.iter().find(|document| document.kind == kind);
    let documents = check::CheckInput {
        basis: check::Basis::read(
            find(document::DocumentKind::Settings),
            find(document::DocumentKind::Catalog),
            &[],
        ),
        agreements: resolved,
        unread: std::collections::BTreeSet::new(),
        diagnostics: Diagnostics::default(),
        judged: Vec::new(),
    };
    check::check(documents, sources, at)
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    let id = |text: String| LiveId::new(&text).expect("a live id");
    for number in 0..AGREEMENTS {
        directory.add(ObjectKind::Unit, id(format!("ou${number}")), &format!("Client {number}"), false);
    }
    for number in 1..=2 {
        directory.add(ObjectKind::Service, id(format!("slmService${number}")), "service", false);
        directory.add(ObjectKind::Calendar, id(format!("servicetime${number}")), "calendar", false);
    }
    directory.add(ObjectKind::Priority, id("priority$1".to_owned()), "Critical", false);
    directory
}

fn plan(checked: &CheckedRepository, live: Live, at: Instant) -> Plan {
    let input = PlannerInput {
        everywhere: &[],
        agreements: &checked.agreements,
        catalog: &checked.catalog,
        settings: &checked.settings,
        last_applied: None,
        instant: at,
        prune: false,
        acknowledged: &Acknowledged::new(),
        selection: &servanda::selection::AgreementSelection::default(),
        origin: Origin { commit: None, files: "", helpdesk: "" },
        sent: None,
        base: None,
    };
    planner::plan(&input, live).0.plan
}

fn stages(criterion: &mut Criterion) {
    let at = read_instant("2026-09-01T09:00:00Z").expect("an instant");
    let texts = texts();
    let (sources, documents) = read(&texts);
    let templates = of_kind(&documents, document::DocumentKind::Template);
    let agreements = of_kind(&documents, document::DocumentKind::Agreement);
    let library = Library::new(&templates).0;
    let resolved = resolve(&library, &agreements);
    let all = checked(&documents, &resolved, &sources, at);
    assert_eq!(all.agreements.len(), AGREEMENTS);
    let empty = Live { directory: directory(), ..Live::default() };
    let live = simulate(&plan(&all, empty.clone(), at), &empty, &all.settings.helpdesk.mapping);
    let mut group = criterion.benchmark_group("a thousand agreements");
    group.sample_size(20);
    group.bench_function("document", |bencher| bencher.iter(|| black_box(read(&texts))));
    group.bench_function("template", |bencher| bencher.iter(|| black_box(resolve(&library, &agreements))));
    group.bench_function("check", |bencher| {
        bencher.iter(|| black_box(checked(&documents, &resolved, &sources, at)));
    });
    group.bench_function("status", |bencher| {
        bencher
            .iter(|| all.agreements.iter().filter(|agreement| status(agreement, at).since.is_some()).count());
    });
    group.bench_function("plan, all to create", |bencher| {
        bencher.iter_batched(
            || empty.clone(),
            |empty| black_box(plan(&all, empty, at)),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("plan, nothing to do", |bencher| {
        bencher.iter_batched(|| live.clone(), |live| black_box(plan(&all, live, at)), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
