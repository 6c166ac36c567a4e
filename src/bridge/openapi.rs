//! Writes the contract as an `OpenAPI` document, with a schema for each message.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value as Json, json};

use super::contract::{
    AgreementMessage, Call, CommentAnswer, CommentRequest, Description, DirectoryItem, FindAnswer,
    FindCommentAnswer, FindCommentRequest, FindRequest, GetAnswer, GetRequest, HistoryAnswer, HistoryRequest,
    PageAnswer, PageRequest, People, PeopleAnswer, StepAnswer, StepRequest, VERSION,
};

/// The calls as an `OpenAPI` 3.1 document.
pub fn openapi() -> Json {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let settings = settings.with_transform(RecursiveTransform(|schema: &mut schemars::Schema| {
        // Only Rust knows these formats of numbers.
        if schema.get("format").and_then(Json::as_str).is_some_and(|format| format.starts_with("uint")) {
            schema.remove("format");
        }
    }));
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for call in Call::ALL {
        let (summary, request, answer) = messages(call, &mut generator);
        let content = |schema: Json| json!({ "application/json": { "schema": schema } });
        let failed = |description: &str| json!({ "description": description, "content": content(json!({ "$ref": "#/components/schemas/Failure" })) });
        let operation = json!({ "post": {
            "operationId": call.as_str(),
            "summary": summary,
            "requestBody": { "required": true, "content": content(request) },
            "responses": {
                "200": { "description": "The answer.", "content": content(answer) },
                "401": failed("The token is missing or wrong."),
                "4XX": failed("The request is wrong, and nothing was done."),
                "503": failed("The helpdesk does not answer. A read may be repeated, after `Retry-After`."),
                "5XX": failed("The adapter failed. A write may have been stored."),
            },
        } });
        paths.insert(format!("/v{VERSION}/{}", call.as_str()), operation);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert(
        "Failure".to_owned(),
        json!({ "type": "object", "required": ["message"], "properties": { "message": { "type": "string", "description": "The reason, for people." } } }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Servanda adapter",
            "version": VERSION.to_string(),
            "description": "What an adapter serves so that Servanda can reconcile its helpdesk. Every request is a POST with a JSON body. Days are labels without a time zone; ids are texts of 1 to 200 characters.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8788" }],
        "security": [{ "token": [] }, {}],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

/// The summary of a call, and the schemas of its request and its answer.
fn messages(call: Call, generator: &mut SchemaGenerator) -> (&'static str, Json, Json) {
    match call {
        Call::Describe => {
            let none = json!({ "type": "object", "maxProperties": 0 });
            ("Describes the adapter and what its helpdesk stores.", none, schema::<Description>(generator))
        }
        Call::Agreements => both::<PageRequest, PageAnswer<AgreementMessage>>(
            "Reads one page of all agreements, managed or not, archived or not.",
            generator,
        ),
        Call::Directory => both::<PageRequest, PageAnswer<DirectoryItem>>(
            "Reads one page of the objects that agreements refer to.",
            generator,
        ),
        Call::Get => both::<GetRequest, GetAnswer>("Reads an agreement by its id.", generator),
        Call::Find => both::<FindRequest, FindAnswer>("Reads agreements by their ownership key.", generator),
        Call::Step => both::<StepRequest, StepAnswer>("Creates or edits one agreement.", generator),
        Call::History => {
            both::<HistoryRequest, HistoryAnswer>("Reads who changed what, and when.", generator)
        }
        Call::Addresses => both::<People, PeopleAnswer>("Reads the mail addresses of people.", generator),
        Call::Comment => both::<CommentRequest, CommentAnswer>("Adds a comment to an agreement.", generator),
        Call::FindComment => {
            both::<FindCommentRequest, FindCommentAnswer>("Searches a comment on an agreement.", generator)
        }
    }
}

fn both<Q: JsonSchema, A: JsonSchema>(
    summary: &'static str,
    generator: &mut SchemaGenerator,
) -> (&'static str, Json, Json) {
    (summary, schema::<Q>(generator), schema::<A>(generator))
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Json {
    generator.subschema_for::<T>().to_value()
}
