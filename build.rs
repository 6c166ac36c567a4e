//! Strips titles and descriptions from the published schemas. The program validates documents with the result, and would
//! otherwise parse and discard these texts at every start. Passes the target on, for `--version`.
#![expect(
    clippy::disallowed_methods,
    reason = "Cargo passes the folders of a build script in the environment"
)]

use std::path::PathBuf;
use std::{env, fs, io};

use serde_json::Value;

const SCHEMAS: [&str; 5] =
    ["agreement.json", "template.json", "catalog.json", "settings.json", "calendar.json"];

fn main() -> io::Result<()> {
    println!("cargo::rustc-env=SERVANDA_TARGET={}", env::var("TARGET").map_err(io::Error::other)?);
    let folder = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let (published, out) = (folder("CARGO_MANIFEST_DIR")?.join("schemas"), folder("OUT_DIR")?);
    for name in SCHEMAS {
        println!("cargo::rerun-if-changed=schemas/{name}");
        let mut schema: Value = serde_json::from_slice(&fs::read(published.join(name))?)?;
        strip_texts(&mut schema);
        fs::write(out.join(name), schema.to_string())?;
    }
    Ok(())
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
