// SPDX-License-Identifier: Apache-2.0
//! Reads a policy out of a template: its JSON, its places, its unknowns.

use keyproof_document::Place;
use keyproof_policy::{DocumentError, Grammar};
use serde_json::Value as Json;

use crate::error::TemplateProblem;
use crate::note::NoteKind;
use crate::policy_source::{PolicySource, Unknown};
use crate::resolver::Resolver;
use crate::value::{Resolved, Value};

/// A policy, or an error at the place where it breaks IAM's grammar.
pub(crate) fn read(
    resolver: &mut Resolver<'_>,
    value: &Resolved,
    grammar: Grammar,
    path: String,
) -> Option<PolicySource> {
    let parsed;
    let value = match &value.value {
        // JSON in a string is as good as JSON.
        Value::Text(text) => match keyproof_document::parse(text) {
            Ok(node) => {
                parsed = Resolved::literal(&node, Some(value.place));
                &parsed
            }
            Err(errors) => {
                for error in errors {
                    let (policy, reason) = (path.clone(), error.to_string());
                    resolver.fail(value.place, TemplateProblem::BadPolicy { policy, reason });
                }
                return None;
            }
        },
        _ => value,
    };
    let mut unknowns = Vec::new();
    let json = policy_json(value, &mut String::new(), &mut unknowns);
    for unknown in &unknowns {
        let at = unknown.pointer.trim_start_matches('/').replace('/', ".");
        let at = at.replace("~1", "/").replace("~0", "~");
        let dot = if at.is_empty() { "" } else { "." };
        let text = format!("`{path}{dot}{at}` hangs on {}", unknown.reason);
        resolver.note(unknown.place, NoteKind::Unknown, text);
    }
    let source = if unknowns.is_empty() {
        PolicySource::new(json, grammar, value.place, path.clone()).map(|source| PolicySource {
            statement_places: statement_places(value),
            ..source
        })
    } else {
        let places = (value.place, statement_places(value));
        PolicySource::with_unknowns(json, unknowns, grammar, places, path.clone())
    };
    source
        .map_err(|error| fail(resolver, value, path, &error))
        .ok()
}

fn fail(resolver: &mut Resolver<'_>, value: &Resolved, policy: String, error: &DocumentError) {
    let place = value.place_at(error.pointer());
    let reason = error.to_string();
    resolver.fail(place, TemplateProblem::BadPolicy { policy, reason });
}

fn statement_places(policy: &Resolved) -> Vec<Place> {
    match policy.get("Statement") {
        Some(Resolved {
            value: Value::List(items),
            ..
        }) => items.iter().map(|item| item.place).collect(),
        Some(statement) => vec![statement.place],
        None => Vec::new(),
    }
}

/// A policy as JSON. CloudFormation hands scalars to IAM as strings, and account ids must keep
/// their digits, so every scalar becomes one.
fn policy_json(value: &Resolved, pointer: &mut String, unknowns: &mut Vec<Unknown>) -> Json {
    match &value.value {
        Value::Null | Value::Nothing => Json::Null,
        Value::Bool(value) => if *value { "true" } else { "false" }.into(),
        Value::Number(text) | Value::Text(text) => text.clone().into(),
        Value::Unknown(unknown) => {
            unknowns.push(Unknown {
                pointer: pointer.clone(),
                place: value.place,
                reason: unknown.reason.clone(),
                pattern: unknown.pattern.clone(),
            });
            format!("«{}»", unknown.reason).into()
        }
        Value::List(items) => {
            let items = items.iter().enumerate();
            Json::Array(
                items
                    .map(|(at, item)| {
                        let length = pointer.len();
                        pointer.push('/');
                        pointer.push_str(&at.to_string());
                        let json = policy_json(item, pointer, unknowns);
                        pointer.truncate(length);
                        json
                    })
                    .collect(),
            )
        }
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&key.text.replace('~', "~0").replace('/', "~1"));
                    let json = policy_json(value, pointer, unknowns);
                    pointer.truncate(length);
                    (key.text.clone(), json)
                })
                .collect(),
        ),
    }
}
