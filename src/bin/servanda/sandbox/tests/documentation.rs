//! docs/sandbox.md says what is so: its examples are read, its lists are complete.

use crate::sandbox::faults::Fault;
use crate::sandbox::model::CLASSES;
use crate::sandbox::options::SandboxOptions;

const PAGE: &str = include_str!("../../../../../docs/sandbox.md");

/// The JSON of the block that is marked with this word.
fn block(mark: &str) -> &'static str {
    let begin = format!("```json {mark}\n");
    let (_, rest) = PAGE.split_once(&begin).expect("the block begins");
    let (block, _) = rest.split_once("```").expect("the block ends");
    block
}

/// The names that serde knows, out of the words with which it turns an unknown one away.
fn known_names<T: serde::de::DeserializeOwned>(wrong: serde_json::Value) -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(wrong) else {
        panic!("an unknown name is read");
    };
    let text = error.to_string();
    let (_, names) = text.split_once("expected one of ").expect("serde lists what it knows");
    let names = names.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_switches_on_the_page_are_all_there_are_and_show_the_defaults() {
    let shown: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(block("options")).expect("JSON");
    let names = known_names::<SandboxOptions>(serde_json::json!({ "none": 0 }));
    assert!(names.iter().eq(shown.keys()), "{names:?}");
    let read: SandboxOptions = serde_json::from_str(block("options")).expect("reads");
    assert_eq!(read, SandboxOptions::default());
}

#[test]
fn the_script_on_the_page_is_read_and_every_effect_is_told() {
    let script: Vec<Fault> = serde_json::from_str(block("faults")).expect("reads");
    assert!(!script.is_empty());
    let wrong = serde_json::json!({ "effect": "none" });
    for effect in known_names::<Fault>(wrong) {
        let (row, example) = (format!("\n| `{effect}` |"), format!("\"{effect}\""));
        assert!(PAGE.contains(&row) && block("faults").contains(&example), "{effect}");
    }
}

#[test]
fn every_class_and_attribute_is_on_the_page() {
    for class in CLASSES {
        assert!(PAGE.contains(&format!("`{}`", class.name)), "{}", class.name);
        for attribute in class.attributes() {
            assert!(PAGE.contains(attribute.code), "{}.{}", class.name, attribute.code);
        }
    }
}
