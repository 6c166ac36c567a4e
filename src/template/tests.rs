use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LayerEffect, Library, Resolved, extended, unused};
use crate::diagnostic::{Code, Diagnostics, Sources};
use crate::document::{Document, kind_of, read};

mod properties;

/// A repository in memory.
pub(super) struct Repository {
    pub(super) sources: Sources,
    templates: Vec<Document>,
    agreements: Vec<Document>,
}

impl Repository {
    /// Reads files, which must be sound but for those named `broken`.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let mut sources = Sources::default();
        let (mut templates, mut agreements) = (Vec::new(), Vec::new());
        for (path, text) in files {
            let file = sources.add(*path, *text);
            let kind = kind_of(path).expect("one of our files");
            let (document, faults) = read(&sources, file, kind);
            assert!(faults.is_empty() || path.contains("broken"), "{path}: {faults:?}");
            if path.starts_with("templates/") {
                templates.push(document);
            } else {
                agreements.push(document);
            }
        }
        Self { sources, templates, agreements }
    }

    /// Resolves every agreement.
    pub(super) fn resolve<T>(&self, take: impl Fn(&Resolved<'_>) -> T) -> (BTreeMap<String, T>, Diagnostics) {
        let (library, mut faults) = Library::new(&self.templates);
        let mut taken = BTreeMap::new();
        for document in &self.agreements {
            let (resolved, found) = library.resolve(document);
            faults.extend(found);
            for resolved in resolved {
                taken.insert(resolved.id.to_string(), take(&resolved));
            }
        }
        faults.sort(&self.sources);
        (taken, faults)
    }

    fn merged(&self) -> Value {
        let (merged, faults) = self.resolve(|resolved| resolved.tree.to_json());
        let errors: Vec<_> = faults.iter().filter(|fault| fault.code != Code::W108).collect();
        assert!(errors.is_empty(), "{errors:?}");
        json!(merged)
    }

    /// The faults as `path:line:column CODE message (path:line:column label)…`.
    fn reported(&self) -> Vec<String> {
        let (_, faults) = self.resolve(|_| ());
        self.format(&faults)
    }

    fn format(&self, faults: &Diagnostics) -> Vec<String> {
        let place = |span| {
            let at = self.sources.position(span);
            format!("{}:{}:{}", at.path, at.line, at.column)
        };
        let reported = faults.iter().map(|fault| {
            let related =
                fault.related.iter().map(|label| format!(" ({} {})", place(label.span), label.text));
            format!(
                "{} {} {}{}",
                place(fault.place.span),
                fault.code,
                fault.message,
                related.collect::<String>()
            )
        });
        reported.collect()
    }
}

/// Asserts the merge of an agreement with one template.
#[track_caller]
fn over(template: &str, agreement: &str, expected: &Value) {
    let agreement = format!("extends: t\n{agreement}");
    let repository = Repository::new(&[("templates/t.yaml", template), ("agreements/a.yaml", &agreement)]);
    assert_eq!(repository.merged()["a"], *expected, "{agreement}");
}

#[test]
fn maps_merge_key_by_key_and_all_else_replaces() {
    over(
        "sla: { calendar: office, targets: { low: { response: 4h, resolution: 8h } } }\nnotices: { expiring: { to: [client], before: [30d] } }\n",
        "sla: { targets: { low: { response: 2h }, high: { response: 1h } } }\nnotices: { expiring: { before: [7d, 1d] } }\nclient: a\n",
        &json!({
            "sla": { "calendar": "office", "targets": { "low": { "response": "2h", "resolution": "8h" }, "high": { "response": "1h" } } },
            "notices": { "expiring": { "to": ["client"], "before": ["7d", "1d"] } },
            "client": "a",
        }),
    );
}

#[test]
fn false_drops_a_service_a_target_and_a_notice_and_nothing_else() {
    over(
        "services: { email: true, vpn: { calendar: office, targets: { low: { response: 1h } } } }\nsla: { targets: { low: { response: 1h } } }\n\
         notices: { activated: { to: [client] } }\nattributes: { vip: true }\n",
        "services: { email: false, vpn: { targets: { low: false } } }\nsla: { targets: { low: false } }\nnotices: { activated: false }\nattributes: { vip: false }\n",
        &json!({ "services": { "vpn": { "calendar": "office", "targets": {} } }, "sla": { "targets": {} }, "notices": {}, "attributes": { "vip": false } }),
    );
    // The same applies without a template.
    let repository = Repository::new(&[(
        "agreements/a.yaml",
        "services: { email: false, print: true }\nsla: { targets: { low: false } }\n",
    )]);
    assert_eq!(repository.merged()["a"], json!({ "services": { "print": true }, "sla": { "targets": {} } }));
}

#[test]
fn true_for_a_service_keeps_the_inherited_one() {
    let template = "services: { vpn: { calendar: office }, email: false }\n";
    over(
        template,
        "services: { vpn: true, email: true }\n",
        &json!({ "services": { "vpn": { "calendar": "office" }, "email": true } }),
    );
    // A service that is dropped between and added again does not inherit.
    let repository = Repository::new(&[
        ("templates/t.yaml", template),
        ("templates/u.yaml", "extends: t\nservices: { vpn: false }\n"),
        ("agreements/a.yaml", "extends: u\nservices: { vpn: true }\n"),
        ("agreements/b.yaml", "extends: u\nservices: { vpn: { targets: { low: { response: 1h } } } }\n"),
    ]);
    assert_eq!(repository.merged()["a"], json!({ "services": { "vpn": true } }));
    assert_eq!(
        repository.merged()["b"],
        json!({ "services": { "vpn": { "targets": { "low": { "response": "1h" } } } } })
    );
}

#[test]
fn the_nearest_layer_of_a_group_displaces_the_others_keys() {
    let template = "period: { term: 1y, timezone: Europe/Moscow }\n";
    over(
        template,
        "period: { last_day: 2026-12-31 }\n",
        &json!({ "period": { "timezone": "Europe/Moscow", "last_day": "2026-12-31" } }),
    );
    over(
        template,
        "period: { first_day: 2026-01-01 }\n",
        &json!({ "period": { "term": "1y", "timezone": "Europe/Moscow", "first_day": "2026-01-01" } }),
    );
    over(
        template,
        "period: { open_ended: true }\n",
        &json!({ "period": { "timezone": "Europe/Moscow", "open_ended": true } }),
    );
    let set = "clients: { x: { contacts: { c: { email: a@b } }, termination: { last_day: 2026-05-05 } } }\n\
               contacts: { c: { helpdesk: employee$1 } }\ntermination: { at: 2026-06-06T00:00Z, reason: r }\n";
    let repository = Repository::new(&[("agreements/s.yaml", set)]);
    assert_eq!(
        repository.merged()["s/x"],
        json!({ "client": "x", "contacts": { "c": { "email": "a@b" } }, "termination": { "reason": "r", "last_day": "2026-05-05" } })
    );
}

#[test]
fn later_templates_win_and_a_shared_one_is_applied_once_and_first() {
    let repository = Repository::new(&[
        ("templates/base.yaml", "manager: base\nprovider: base\nlabels: { a: base, b: base }\n"),
        ("templates/one.yaml", "extends: base\nmanager: one\nlabels: { a: one }\n"),
        ("templates/two.yaml", "extends: base\nlabels: { b: two }\n"),
        ("agreements/a.yaml", "extends: [one, two]\n"),
    ]);
    // `two` only inherits the manager of `base`, so it does not replace the one of `one`.
    assert_eq!(
        repository.merged()["a"],
        json!({ "manager": "one", "provider": "base", "labels": { "a": "one", "b": "two" } })
    );
}

#[test]
fn a_set_is_one_agreement_for_each_entry_merged_last() {
    let repository = Repository::new(&[
        ("templates/t.yaml", "services: { email: true, vpn: true }\n"),
        (
            "agreements/dental.yaml",
            "extends: t\nnumber: '7'\nservices: { print: true }\nclients: { one: true, two: {}, three: { number: '8', services: { vpn: false } } }\n",
        ),
    ]);
    let as_it_stands = |client: &str| json!({ "client": client, "number": "7", "services": { "email": true, "vpn": true, "print": true } });
    assert_eq!(
        repository.merged(),
        json!({
            "dental/one": as_it_stands("one"),
            "dental/two": as_it_stands("two"),
            "dental/three": { "client": "three", "number": "8", "services": { "email": true, "print": true } },
        })
    );
}

#[test]
fn cycles_and_unknown_names_are_reported_with_their_positions() {
    for (files, expected) in [
        (
            vec![
                ("templates/a.yaml", "extends: b\n"),
                ("templates/b.yaml", "extends: [c]\n"),
                ("templates/c.yaml", "extends: a\n"),
                ("agreements/x.yaml", "extends: a\n"),
            ],
            vec![
                "templates/c.yaml:1:10 E104 templates extend each other in a cycle: `a` → `b` → `c` → `a` (templates/a.yaml:1:10 extended by `a`) (templates/b.yaml:1:11 extended by `b`)",
            ],
        ),
        (
            vec![("templates/a.yaml", "extends: a\n")],
            vec!["templates/a.yaml:1:10 E104 the template `a` extends itself"],
        ),
        (
            vec![
                ("templates/support.yaml", "labels: { a: b }\n"),
                ("agreements/x.yaml", "extends: [suport, support]\n"),
            ],
            vec!["agreements/x.yaml:1:11 E101 unknown template `suport`"],
        ),
        (
            vec![("agreements/broken.yaml", "extends: [t, ../u]\nclient:\n")],
            vec!["agreements/broken.yaml:1:11 E101 unknown template `t`"],
        ),
    ] {
        assert_eq!(Repository::new(&files).reported(), expected, "{files:?}");
    }
}

#[test]
fn a_chain_of_eight_templates_is_the_longest() {
    let files = |count: usize| -> Vec<(String, String)> {
        let template = |level: usize| match level {
            0 => ("templates/t0.yaml".to_owned(), "labels: { a: b }\n".to_owned()),
            _ => (format!("templates/t{level}.yaml"), format!("extends: t{}\n", level - 1)),
        };
        (0..count)
            .map(template)
            .chain([("agreements/a.yaml".to_owned(), format!("extends: t{}\n", count - 1))])
            .collect()
    };
    let reported = |count| {
        let files = files(count);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        Repository::new(&files).reported()
    };
    assert_eq!(reported(8), [""; 0]);
    let nine = reported(9);
    assert!(
        nine.len() == 1
            && nine[0].starts_with("templates/t8.yaml:1:10 E104")
            && nine[0].contains("`t8` → `t7`"),
        "{nine:?}"
    );
    assert_eq!(reported(12).len(), 1);
    assert!(!reported(500).is_empty());
}

#[test]
fn a_document_with_errors_is_not_used_and_not_reported_twice() {
    let repository = Repository::new(&[
        ("templates/broken.yaml", "titel: x\n"),
        ("templates/on-top.yaml", "extends: broken\n"),
        ("agreements/a.yaml", "extends: on-top\n"),
        ("agreements/broken.yaml", "client: [a]\n"),
    ]);
    let (resolved, faults) = repository.resolve(|_| ());
    assert!(resolved.is_empty() && faults.is_empty(), "{faults:?}");
}

#[test]
fn a_change_of_a_locked_value_is_reported_with_the_lock_and_the_value() {
    let template = "sla: { calendar: office, targets: { low: { response: 4h, resolution: 8h } } }\n\
                    period: { term: 1y }\nservices: { vpn: { calendar: office } }\nnotices: { activated: { to: [client] } }\n\
                    locked: [sla.targets, period.term, services.vpn.calendar, notices.activated, number]\n";
    for (agreement, expected) in [
        (
            "sla: { targets: { low: { response: 1h } } }",
            "agreements/a.yaml:2:26 E105 `response` is changed, but the template `t` locks it (templates/t.yaml:5:10 locked here) (templates/t.yaml:1:54 inherited value)",
        ),
        (
            "sla: { targets: { high: { response: 1h } } }",
            "agreements/a.yaml:2:19 E105 `high` is changed, but the template `t` locks it (templates/t.yaml:5:10 locked here)",
        ),
        (
            "sla: { targets: { low: false } }",
            "agreements/a.yaml:2:19 E105 `low` is dropped, but the template `t` locks it (templates/t.yaml:5:10 locked here) (templates/t.yaml:1:42 inherited value)",
        ),
        (
            "period: { last_day: 2026-01-01 }",
            "agreements/a.yaml:2:11 E105 `last_day` is changed, but the template `t` locks it (templates/t.yaml:5:23 locked here) (templates/t.yaml:2:17 inherited value)",
        ),
        (
            "services: { vpn: false }",
            "agreements/a.yaml:2:13 E105 `vpn` is dropped, but the template `t` locks it (templates/t.yaml:5:36 locked here) (templates/t.yaml:3:30 inherited value)",
        ),
        (
            "notices: { activated: false }",
            "agreements/a.yaml:2:12 E105 `activated` is dropped, but the template `t` locks it (templates/t.yaml:5:59 locked here) (templates/t.yaml:4:23 inherited value)",
        ),
        (
            "number: '1'",
            "agreements/a.yaml:2:1 E105 `number` is changed, but the template `t` locks it (templates/t.yaml:5:78 locked here)",
        ),
    ] {
        let agreement = format!("extends: t\n{agreement}\n");
        let repository =
            Repository::new(&[("templates/t.yaml", template), ("agreements/a.yaml", &agreement)]);
        assert_eq!(repository.reported(), [expected], "{agreement}");
    }
    let repository = Repository::new(&[
        ("templates/t.yaml", template),
        (
            "agreements/a.yaml",
            "extends: t\nclient: a\nservices: { vpn: true }\nsla: { calendar: day }\nperiod: { first_day: 2026-01-01 }\n",
        ),
        ("agreements/s.yaml", "extends: t\nclients: { one: { services: { vpn: false } }, two: true }\n"),
    ]);
    let reported = repository.reported();
    assert!(reported.len() == 1 && reported[0].starts_with("agreements/s.yaml:2:31 E105"), "{reported:?}");
}

#[test]
fn locks_hold_between_templates_too_and_name_real_fields() {
    let repository = Repository::new(&[
        ("templates/base.yaml", "manager: a\nlocked: [manager]\n"),
        ("templates/below.yaml", "extends: base\nmanager: b\n"),
        ("templates/beside.yaml", "manager: c\nlocked: [sla.target, services.my.vpn.calendar]\n"),
        ("agreements/x.yaml", "extends: [base, beside]\n"),
        ("agreements/y.yaml", "extends: [below]\n"),
    ]);
    let reported: Vec<String> = repository
        .reported()
        .iter()
        .map(|line| line.split(" is ").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        reported,
        [
            "templates/below.yaml:2:1 E105 `manager`",
            "templates/beside.yaml:1:1 E105 `manager`",
            "templates/beside.yaml:2:10 E101 unknown field `sla.target` of an agreement",
        ]
    );
}

#[test]
fn a_repeated_value_is_reported_once_at_the_outermost_map() {
    let template = "manager: m\nservices: { email: true, vpn: { calendar: c } }\nsla: { targets: { low: { response: 4h, resolution: 8h } } }\nperiod: { term: 1y }\n";
    for (agreement, expected) in [
        (
            "manager: m",
            vec![
                "agreements/a.yaml:2:1 W108 `manager` repeats the inherited value (templates/t.yaml:1:1 inherited value)",
            ],
        ),
        ("manager: n", vec![]),
        (
            "sla: { targets: { low: { response: 4h, resolution: 1h } } }",
            vec![
                "agreements/a.yaml:2:26 W108 `response` repeats the inherited value (templates/t.yaml:3:26 inherited value)",
            ],
        ),
        (
            "sla: { targets: { low: { resolution: 8h, response: 4h } } }",
            vec![
                "agreements/a.yaml:2:1 W108 `sla` repeats the inherited value (templates/t.yaml:3:1 inherited value)",
            ],
        ),
        ("services: { vpn: true, email: false }", vec![]),
        (
            "services: { print: false, vpn: { calendar: d } }",
            vec!["agreements/a.yaml:2:13 W108 `print` is not inherited, so `false` has no effect"],
        ),
        (
            "clients: { x: true, y: { manager: m } }",
            vec![
                "agreements/a.yaml:2:26 W108 `manager` repeats the inherited value (templates/t.yaml:1:1 inherited value)",
            ],
        ),
    ] {
        let agreement = format!("extends: t\n{agreement}\n");
        let repository =
            Repository::new(&[("templates/t.yaml", template), ("agreements/a.yaml", &agreement)]);
        assert_eq!(repository.reported(), expected, "{agreement}");
    }
}

#[test]
fn an_unused_template_is_reported() {
    let repository = Repository::new(&[
        ("templates/used.yaml", "manager: a\n"),
        ("templates/through.yaml", "extends: used\n"),
        ("templates/idle.yaml", "manager: b\n"),
        ("agreements/a.yaml", "extends: [through]\n"),
    ]);
    let reported =
        repository.format(&unused(&repository.templates, repository.agreements.iter().flat_map(extended)));
    assert_eq!(reported, ["templates/idle.yaml:1:1 W107 the template `idle` is not used"]);
}

#[test]
fn a_value_has_its_position_and_its_file() {
    let repository = Repository::new(&[
        ("templates/t.yaml", "period: { term: 1y, timezone: Europe/Moscow }\n"),
        ("agreements/s.yaml", "extends: t\nperiod: { first_day: 2026-01-01 }\nclients:\n  one: true\n"),
    ]);
    let (places, _) = repository.resolve(|resolved| {
        let own = |path: &[&str]| {
            resolved
                .span_of(path)
                .map(|span| (repository.sources.slice(span).to_owned(), resolved.is_own(span)))
        };
        assert_eq!(own(&["period", "term"]), Some(("1y".to_owned(), false)));
        assert_eq!(own(&["period", "first_day"]), Some(("2026-01-01".to_owned(), true)));
        assert_eq!(own(&["client"]), Some(("one".to_owned(), true)));
        assert_eq!(own(&["manager"]), None);
        assert_eq!(repository.sources.slice(resolved.place()), "one");
        assert_eq!(resolved.client(), Some("one"));
        assert_eq!(resolved.templates().collect::<Vec<_>>(), ["t"]);
        assert_eq!(
            resolved.key_span_of(&["period", "term"]).map(|span| repository.sources.slice(span)),
            Some("term")
        );
        assert_eq!(
            repository.sources.slice(resolved.place_of(&["period", "last_day"])),
            "{ first_day: 2026-01-01 }"
        );
        let typed = resolved.typed().expect("schema and type agree");
        assert_eq!(typed.client.as_deref(), Some("one"));
    });
    assert_eq!(places.len(), 1);
}

#[test]
fn the_history_of_a_value_names_every_layer_that_sets_it() {
    let repository = Repository::new(&[
        (
            "templates/far.yaml",
            "period: { term: 2y }\nservices: { vpn: { calendar: a }, email: true }\nmanager: m\n",
        ),
        ("templates/near.yaml", "extends: far\nperiod: { term: 1y }\nservices: { vpn: { calendar: b } }\n"),
        (
            "agreements/a.yaml",
            "extends: near\nperiod: { last_day: 2026-12-31 }\nservices: { email: false }\n",
        ),
    ]);
    let (reported, _) = repository.resolve(|resolved| {
        let explained = resolved.explain();
        let lines: Vec<String> = explained
            .iter()
            .map(|value| {
                let steps: Vec<String> =
                    value.steps.iter().map(|step| format!("{} {:?}", step.document, step.effect)).collect();
                let now = value.value.as_ref().map_or("-".to_owned(), |value| value.to_json().to_string());
                format!("{} = {now}: {}", value.path.join("."), steps.join(", "))
            })
            .collect();
        assert_eq!(resolved.history(&["manager"]).len(), 1);
        assert_eq!(resolved.history(&["manager"])[0].effect, LayerEffect::Set);
        lines
    });
    assert_eq!(
        reported["a"],
        [
            "period.last_day = \"2026-12-31\": far Displaced, near Displaced, a Set",
            "services.vpn.calendar = \"b\": far Overridden, near Set",
            "manager = \"m\": far Set",
            "period.term = -: far Overridden, near Overridden, a Displaced",
            "services.email = -: far Overridden, a Dropped",
        ]
    );
}

/// The files that a block of a rule's page shows, each under its path.
fn files_of(block: &'static str) -> Vec<(&'static str, &'static str)> {
    let files = block.split("---\n").map(|file| {
        match file.strip_prefix("# ").and_then(|rest| rest.split_once('\n')) {
            Some((path, text)) => (path, text),
            None => ("agreements/a.yaml", file),
        }
    });
    files.collect()
}

#[test]
fn the_page_of_a_rule_shows_an_error_and_its_fix() {
    for code in [Code::E101, Code::E104, Code::E105, Code::W107, Code::W108] {
        let page = code.page().split("```yaml\n").skip(1);
        let blocks: Vec<&str> = page.filter_map(|rest| rest.split("```").next()).collect();
        let mut files = BTreeMap::new();
        if code == Code::E101 {
            files.insert("templates/support-standard.yaml", "manager: m\n");
        }
        let mut codes = Vec::new();
        for block in blocks {
            files.extend(files_of(block));
            let files: Vec<_> = files.iter().map(|(path, text)| (*path, *text)).collect();
            let repository = Repository::new(&files);
            let (_, mut faults) = repository.resolve(|_| ());
            faults.extend(unused(&repository.templates, repository.agreements.iter().flat_map(extended)));
            faults.retain(|fault| fault.code == code);
            codes.push(faults.is_empty());
        }
        assert_eq!(codes, [false, true], "{code}");
    }
}
