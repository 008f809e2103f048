// SPDX-License-Identifier: Apache-2.0
//! The API's own description, and that it is true.

use serde_json::{Value, json};

use super::{World, get, told};
use crate::Response;
use crate::openapi::DOCUMENT;

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// The path of the document that a request's path is an instance of.
fn described_path(document: &Value, path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').collect();
    let paths = document["paths"].as_object().unwrap().keys();
    paths
        .into_iter()
        .find(|template| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == segments.len()
                && template
                    .iter()
                    .zip(&segments)
                    .all(|(one, other)| one == other || (one.starts_with('{') && !other.is_empty()))
        })
        .cloned()
}

/// Holds a response against the document: its status, its content type, its headers and its body.
#[track_caller]
pub(super) fn assert_described(method: &str, path: &str, response: &Response) {
    let document = document();
    let operation = described_path(&document, path)
        .map(|path| document["paths"][path][method.to_lowercase()].clone())
        .filter(|operation| !operation.is_null());
    let status = response.status_code.to_string();
    let problem = json!({"$ref": "#/components/schemas/Problem"});
    let (content, headers) = if let Some(operation) = &operation {
        let described = &operation["responses"][&status];
        assert!(
            !described.is_null(),
            "{method} {path} is not said to answer {status}"
        );
        (described["content"].clone(), described["headers"].clone())
    } else {
        // What the description says in words.
        assert!(
            ["404", "405"].contains(&&*status),
            "{method} {path} is not described"
        );
        (
            json!({"application/problem+json": {"schema": problem}}),
            Value::Null,
        )
    };
    let schema = &content[&response.headers["content-type"]]["schema"];
    assert!(
        !schema.is_null(),
        "{method} {path} {status}: {:?}",
        response.headers
    );
    for header in headers.as_object().into_iter().flatten() {
        let name = header.0.to_lowercase();
        let given = response.headers.contains_key(name.as_str());
        assert!(
            given || name == "link",
            "{method} {path} {status} lacks `{name}`"
        );
    }
    if response.headers["content-type"].ends_with("json") {
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert_valid(&document, schema, &body);
    }
}

#[track_caller]
fn assert_valid(document: &Value, schema: &Value, body: &Value) {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{body:#}");
}

#[tokio::test]
async fn the_document_is_served() {
    let response = World::new().ask(get("/openapi.json")).await;

    assert_eq!(told(&response), (200, document()));
    assert_eq!(response.headers["content-type"], "application/json");
}

#[test]
fn a_response_that_is_not_as_described_is_noticed() {
    let right = json!({"run_id": super::RUN_ID, "plan": "orders", "status": "queued"});
    let wrong = [
        (200, right.clone()),
        (202, json!({"run_id": super::RUN_ID, "plan": "orders"})),
        (
            202,
            json!({"run_id": "1", "plan": "orders", "status": "queued"}),
        ),
        (
            202,
            json!({"run_id": super::RUN_ID, "plan": "orders", "status": "queued", "role": "r"}),
        ),
    ];
    let response = |status, body: &Value| {
        let answer = Response::json(status, body);
        answer.with("location", "/runs/1")
    };

    assert_described("POST", "/runs", &response(202, &right));
    for (status, body) in wrong {
        let noticed = std::panic::catch_unwind(|| {
            assert_described("POST", "/runs", &response(status, &body));
        });
        assert!(noticed.is_err(), "{status} {body}");
    }
}

#[test]
fn the_document_and_the_template_have_the_same_routes() {
    let template = include_str!("../../../../template.yaml");
    let mut of_the_template: Vec<(String, String)> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Properties: { ApiId: !Ref Api, "))
        .map(|rest| {
            let rest = rest.trim_end_matches(" }").replace('"', "");
            let (method, path) = rest.split_once(", ").unwrap();
            let method = method.strip_prefix("Method: ").unwrap().to_lowercase();
            (path.strip_prefix("Path: ").unwrap().to_owned(), method)
        })
        .collect();
    of_the_template.sort();
    let document = document();
    let mut described = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.push((path.clone(), method.clone()));
        }
    }
    described.sort();

    assert_eq!(of_the_template, described);
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        let reference = format!("\"$ref\": \"#/components/schemas/{name}\"");
        assert!(DOCUMENT.contains(&reference), "`{name}` is used nowhere");
    }
    let used = DOCUMENT.split("#/components/schemas/").skip(1);
    for rest in used {
        let name = rest.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}
