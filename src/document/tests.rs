use super::{Kind, read};
use crate::diagnostic::{Diagnostics, Sources};

fn faults(kind: Kind, text: &str) -> (Sources, Diagnostics) {
    let mut sources = Sources::default();
    let path = match kind {
        Kind::Agreement => "agreements/a.yaml",
        Kind::Template => "templates/a.yaml",
        Kind::Catalog => "catalog.yaml",
        Kind::Settings => "servanda.yaml",
    };
    let file = sources.add(path, text);
    let (_, mut faults) = read(&sources, file, kind);
    faults.sort(&sources);
    (sources, faults)
}

fn told(kind: Kind, text: &str) -> Vec<String> {
    let (sources, faults) = faults(kind, text);
    faults
        .iter()
        .map(|fault| {
            let at = sources.position(fault.place.span);
            let help = fault.help.as_deref().unwrap_or("-");
            format!(
                "{}:{} {} {} | {}",
                at.line, at.column, fault.code, fault.message, help
            )
        })
        .collect()
}

#[test]
fn dump() {
    let text = std::fs::read_to_string("/tmp/doc_try/bad.yaml").unwrap();
    for line in told(Kind::Agreement, &text) {
        println!("{line}");
    }
    let text = std::fs::read_to_string("/tmp/doc_try/settings.yaml").unwrap();
    for line in told(Kind::Settings, &text) {
        println!("S {line}");
    }
    let text = std::fs::read_to_string("/tmp/doc_try/template.yaml").unwrap();
    for line in told(Kind::Template, &text) {
        println!("T {line}");
    }
    std::fs::write(
        "/tmp/doc_try/agreement.json",
        super::published()[0].1.clone(),
    )
    .unwrap();
    std::fs::write(
        "/tmp/doc_try/settings.json",
        super::published()[3].1.clone(),
    )
    .unwrap();
}
