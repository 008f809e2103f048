// SPDX-License-Identifier: Apache-2.0
//! The plan's format as JSON Schema and as a table for the documentation, from the definitions that
//! the parser uses.

pub(crate) mod shape;

use serde_json::{Map, Value, json};

use crate::definition::{CANARY, EXCEPTION, EXPECTATION, Field, Object, PLAN, PRINCIPAL, TABLE};

/// Every object of a plan, in the order of the documentation.
const OBJECTS: [&Object; 6] = [&PLAN, &TABLE, &CANARY, &PRINCIPAL, &EXPECTATION, &EXCEPTION];

/// The JSON Schema (2020-12) of a plan.
///
/// It admits every plan that [`crate::Plan::parse`] takes and refuses what is wrong in its shape.
/// What needs the whole plan (unknown names, probes planned twice, witnesses, regions that differ)
/// no schema can say; `keyproof plan validate` does.
#[must_use]
pub fn schema() -> Value {
    let others = OBJECTS.into_iter().skip(1);
    let definitions = others.map(|definition| (definition.name.to_owned(), object(definition)));
    document(
        &PLAN,
        "keyproof plan",
        definitions.chain([("attribute".to_owned(), shape::attribute())]),
    )
}

/// The JSON Schema of a document: an object, and what its fields refer to.
#[must_use]
pub fn document(
    root: &Object,
    title: &str,
    definitions: impl Iterator<Item = (String, Value)>,
) -> Value {
    let mut schema = object(root);
    let definitions: Map<String, Value> = definitions.collect();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".to_owned(), title.into());
        fields.insert("$defs".to_owned(), definitions.into());
        fields.shift_insert(
            0,
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
    }
    schema
}

/// Every field of a plan as a Markdown table for each object: the reference in the documentation,
/// which a test compares.
#[must_use]
pub fn reference() -> String {
    reference_of(&OBJECTS)
}

/// The same of other objects.
#[must_use]
pub fn reference_of(objects: &[&Object]) -> String {
    let mut text = String::new();
    for object in objects {
        text.push_str(&format_heading(object));
        for field in object.fields {
            let required = if field.required { "yes" } else { "no" };
            let row = format!(
                "| `{}` | {required} | {} |\n",
                field.name, field.description
            );
            text.push_str(&row);
        }
        text.push('\n');
    }
    text
}

fn format_heading(object: &Object) -> String {
    let mut noun = object.noun.to_owned();
    if let Some(first) = noun.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("#### {noun}\n\n| Field | Required | What it says |\n|---|---|---|\n")
}

/// The JSON Schema of an object.
#[must_use]
pub fn object(object: &Object) -> Value {
    let property = |field: &Field| {
        let mut schema = (field.shape)();
        if let Some(fields) = schema.as_object_mut() {
            fields.shift_insert(0, "description".to_owned(), field.description.into());
        }
        (field.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = object.fields.iter().map(property).collect();
    let required: Vec<&str> = object
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if object.name == EXPECTATION.name
        && let Some(fields) = schema.as_object_mut()
    {
        fields.insert("allOf".to_owned(), shape::combinations());
    }
    schema
}
