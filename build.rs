//! The published schemas become what judges: the same without the pages that they hold for people, which would be read and
//! thrown away at every start.
#![expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script by its environment what to read and where to write"
)]

use std::path::PathBuf;
use std::{env, fs, io};

use serde_json::Value;

const SCHEMAS: [&str; 5] =
    ["agreement.json", "template.json", "catalog.json", "settings.json", "calendar.json"];

fn main() -> io::Result<()> {
    let folder = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let (published, out) = (folder("CARGO_MANIFEST_DIR")?.join("schemas"), folder("OUT_DIR")?);
    for name in SCHEMAS {
        println!("cargo::rerun-if-changed=schemas/{name}");
        let mut schema: Value = serde_json::from_slice(&fs::read(published.join(name))?)?;
        take_pages_out(&mut schema);
        fs::write(out.join(name), schema.to_string())?;
    }
    Ok(())
}

/// A page is a text. What stands below one of these names and is none is the schema of a key that is called so.
fn take_pages_out(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            keywords.retain(|name, value| {
                !(["title", "description"].contains(&name.as_str()) && value.is_string())
            });
            keywords.values_mut().for_each(take_pages_out);
        }
        Value::Array(several) => several.iter_mut().for_each(take_pages_out),
        _ => {}
    }
}
