//! Strips titles and descriptions from the published schemas, and cuts out the larger properties. The program validates
//! documents with the result. It would otherwise parse these texts, and compile what no document has, at every start.
//! Passes the target on, for `--version`.
#![expect(
    clippy::disallowed_methods,
    reason = "Cargo passes the folders of a build script in the environment"
)]

use std::path::PathBuf;
use std::{env, fs, io};

use serde_json::{Value, json};

const SCHEMAS: [&str; 5] =
    ["agreement.json", "template.json", "catalog.json", "settings.json", "calendar.json"];

fn main() -> io::Result<()> {
    println!("cargo::rustc-env=SERVANDA_TARGET={}", env::var("TARGET").map_err(io::Error::other)?);
    let folder = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let (published, out) = (folder("CARGO_MANIFEST_DIR")?.join("schemas"), folder("OUT_DIR")?);
    let mut parts = Vec::new();
    for name in SCHEMAS {
        println!("cargo::rerun-if-changed=schemas/{name}");
        let mut schema: Value = serde_json::from_slice(&fs::read(published.join(name))?)?;
        strip_texts(&mut schema);
        fs::write(out.join(name), schema.to_string())?;
        cut(&mut schema, &mut parts);
        fs::write(out.join(format!("cut-{name}")), schema.to_string())?;
    }
    fs::write(out.join("parts.rs"), format!("{parts:?}"))
}

/// The shortest schema of a property that is worth a validator of its own, in bytes of JSON.
const SHORTEST_PART: usize = 300;

/// Replaces the schemas of larger properties by `{"part": N}`, the innermost first. Equal ones become one part, also of
/// several files. What refers to the file stays in it.
fn cut(schema: &mut Value, parts: &mut Vec<String>) {
    for keyword in ["additionalProperties", "items"] {
        schema.get_mut(keyword).into_iter().for_each(|within| cut(within, parts));
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|properties| properties.values_mut()) {
        cut(property, parts);
        let text = property.to_string();
        if text.len() < SHORTEST_PART || text.contains("\"$ref\"") {
            continue;
        }
        let number = parts.iter().position(|part| *part == text).unwrap_or_else(|| {
            parts.push(text);
            parts.len() - 1
        });
        *property = json!({ "part": number });
    }
}

/// Removes titles and descriptions. A `title` or `description` that is no string is the schema of a key of that name.
fn strip_texts(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.retain(|name, value| {
                !(["title", "description"].contains(&name.as_str()) && value.is_string())
            });
            keywords.values_mut().for_each(strip_texts);
        }
        Value::Array(several) => several.iter_mut().for_each(strip_texts),
        _ => {}
    }
}
