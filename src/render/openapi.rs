//! The description of the server's routes (`OpenAPI` 3.1). The shapes of answers come from the types that answers are
//! made of, so that the two cannot differ.

use serde_json::{Value, json};

use crate::render::entitlement::{AnswerEnvelope, ServiceOffer};

/// The document.
pub fn document() -> Value {
    let parameter = |name: &str, required: bool, page: &str, example: &str| {
        json!({ "name": name, "in": "query", "required": required, "description": page,
            "schema": { "type": "string" }, "example": example })
    };
    let client =
        parameter("client", true, "A client of the catalog, or a department of one.", "severny-veter");
    let at = parameter(
        "at",
        false,
        "The instant of the request (RFC 3339); without it, now.",
        "2026-09-04T17:30:00+03:00",
    );
    let mut pause = parameter(
        "pause",
        false,
        "A stretch in which the clock of the resolution stands still, as FROM/TO; may stand several times.",
        "2026-09-04T18:00:00+03:00/2026-09-05T10:00:00+03:00",
    );
    pause["schema"] = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 100 });
    pause["example"] = json!([pause["example"]]);
    pause["explode"] = json!(true);
    let refusals = |mut own: Value| {
        own["400"] = answer("What was sent makes no sense.", "Refusal");
        own["404"] = answer("A name that the catalog does not know.", "Refusal");
        own
    };
    let mut schemas = json!({ "Refusal": {
        "type": "object", "required": ["code", "error", "help"],
        "properties": { "code": { "type": "string" }, "error": { "type": "string" }, "help": { "type": "string" } },
    } });
    take_in::<AnswerEnvelope>(&mut schemas, "Answer");
    take_in::<ServiceOffer>(&mut schemas, "Offer");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Servanda",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Who may ask for what, under which agreement, and by when. Read-only. Every answer is made from one state of the files, which its header names.",
        },
        "paths": {
            "/v1/entitlement": { "get": {
                "operationId": "entitlement",
                "summary": "May this client ask for this service, under which agreement, and by when.",
                "parameters": [
                    client,
                    parameter("service", true, "A service of the catalog.", "vpn"),
                    parameter("priority", true, "A priority of the catalog.", "critical"),
                    at,
                    pause,
                ],
                "responses": refusals(json!({ "200": answer("Entitled, not entitled, or ambiguous: `verdict` says which.", "Answer") })),
            } },
            "/v1/services": { "get": {
                "operationId": "services",
                "summary": "The services that a client may ask for.",
                "parameters": [client, at],
                "responses": refusals(json!({ "200": answer("The services, with the agreements that give them.", "Offer") })),
            } },
            "/healthz": { "get": plain("health", "Whether answers are of the newest files: `status` is `ok` or `stale`.", "application/json") },
            "/metrics": { "get": plain("metrics", "Counters, as Prometheus reads them.", "text/plain") },
        },
        "components": { "schemas": schemas },
    })
}

/// A route without parameters.
fn plain(name: &str, page: &str, kind: &str) -> Value {
    let responses = json!({ "200": { "description": page, "content": { (kind): { "schema": {} } } } });
    json!({ "operationId": name, "summary": page, "responses": responses })
}

fn answer(page: &str, schema: &str) -> Value {
    json!({
        "description": page,
        "headers": {
            "servanda-workspace": { "description": "The digest of the files that the answer is made from.", "schema": { "type": "string" } },
            "servanda-stale-since": { "description": "Since when newer files are refused; only there where they are.", "schema": { "type": "string" } },
        },
        "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
    })
}

/// Takes the schema of a type in, with what it refers to.
fn take_in<T: schemars::JsonSchema>(schemas: &mut Value, name: &str) {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    schemas[name] = settings.into_generator().into_root_schema_for::<T>().to_value();
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn every_reference_leads_somewhere_and_answers_have_their_fields() {
        let document = document();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().expect("a reference ends");
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let answer = &document["components"]["schemas"]["Answer"]["properties"];
        for field in ["verdict", "entitlement", "reasons", "from", "candidates", "question"] {
            assert!(answer[field].is_object(), "{field}");
        }
    }
}
