//! Checks docs/sandbox.md: its examples can be parsed, and its lists are complete.

use crate::sandbox::faults::Fault;
use crate::sandbox::model::CLASSES;
use crate::sandbox::options::SandboxOptions;

const PAGE: &str = include_str!("../../../../../docs/sandbox.md");

/// The JSON of the block with this label.
fn block(label: &str) -> &'static str {
    let begin = format!("```json {label}\n");
    let (_, rest) = PAGE.split_once(&begin).expect("the block begins");
    let (block, _) = rest.split_once("```").expect("the block ends");
    block
}

/// The names that serde accepts, taken from its error for an unknown one.
fn known_names<T: serde::de::DeserializeOwned>(wrong: serde_json::Value) -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(wrong) else {
        panic!("an unknown name is accepted");
    };
    let text = error.to_string();
    let (_, names) = text.split_once("expected one of ").expect("the error lists the known names");
    let names = names.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_page_lists_all_options_with_their_defaults() {
    let shown: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(block("options")).expect("JSON");
    let names = known_names::<SandboxOptions>(serde_json::json!({ "none": 0 }));
    assert!(names.iter().eq(shown.keys()), "{names:?}");
    let parsed: SandboxOptions = serde_json::from_str(block("options")).expect("options");
    assert_eq!(parsed, SandboxOptions::default());
}

#[test]
fn the_script_on_the_page_can_be_parsed_and_every_effect_is_described() {
    let script: Vec<Fault> = serde_json::from_str(block("faults")).expect("reads");
    assert!(!script.is_empty());
    let wrong = serde_json::json!({ "effect": "none" });
    for effect in known_names::<Fault>(wrong) {
        let (row, example) = (format!("\n| `{effect}` |"), format!("\"{effect}\""));
        assert!(PAGE.contains(&row) && block("faults").contains(&example), "{effect}");
    }
}

#[test]
fn the_page_lists_every_class_and_attribute() {
    for class in CLASSES {
        assert!(PAGE.contains(&format!("`{}`", class.name)), "{}", class.name);
        for attribute in class.attributes() {
            assert!(PAGE.contains(attribute.code), "{}.{}", class.name, attribute.code);
        }
    }
}
