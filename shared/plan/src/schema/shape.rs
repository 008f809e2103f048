// SPDX-License-Identifier: Apache-2.0
//! The JSON Schema of each field, from the rules that the parser uses.

use keyproof_core::{PolicyType, Service};
use serde_json::{Value, json};

use crate::Action;
use crate::definition::{
    AWS_OWNED, CANARY, EXCEPTION, EXPECTATION, MAX_DURATION, MAX_KEY_ATTRIBUTES, MAX_TAGS,
    MIN_DURATION, Object, PRINCIPAL, TABLE, VERSION,
};
use crate::parse::{Decision, KEY_TYPES, TYPES};
use crate::text;

fn reference(object: &Object) -> Value {
    json!({ "$ref": format!("#/$defs/{}", object.name) })
}

fn named(object: &Object) -> Value {
    json!({
        "type": "object",
        "propertyNames": text::NAME.schema(),
        "additionalProperties": reference(object),
    })
}

pub(crate) fn version() -> Value {
    json!({ "const": VERSION })
}

/// A name that a document declares.
#[must_use]
pub fn name() -> Value {
    text::NAME.schema()
}

pub(crate) fn names() -> Value {
    let list = json!({
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": text::NAME.schema(),
    });
    json!({ "anyOf": [text::NAME.schema(), list] })
}

/// A region.
#[must_use]
pub fn region() -> Value {
    json!({ "type": "string", "pattern": format!("^{}$", text::REGION_PATTERN) })
}

pub(crate) fn tables() -> Value {
    named(&TABLE)
}

pub(crate) fn principals() -> Value {
    named(&PRINCIPAL)
}

pub(crate) fn expectations() -> Value {
    json!({ "type": "array", "minItems": 1, "items": reference(&EXPECTATION) })
}

pub(crate) fn exceptions() -> Value {
    json!({ "type": "array", "items": reference(&EXCEPTION) })
}

const ARN_OWNER: &str = "[0-9]{12}";

fn regional_arn(service: &str, resource: &str) -> String {
    format!("^arn:[^:\\s]+:{service}:[^:\\s]+:{ARN_OWNER}:{resource}$")
}

pub(crate) fn table() -> Value {
    let arn = regional_arn("dynamodb", &format!("table/{}", text::TABLE.pattern()));
    json!({ "anyOf": [text::TABLE.schema(), { "type": "string", "pattern": arn }] })
}

pub(crate) fn key() -> Value {
    let alias = format!("alias/(?!aws/){}", text::ALIAS.pattern());
    json!({ "anyOf": [
        { "const": AWS_OWNED },
        { "type": "string", "pattern": regional_arn("kms", "key/[^:/\\s]+") },
        { "type": "string", "minLength": 7, "maxLength": 256, "pattern": format!("^{alias}$") },
        { "type": "string", "pattern": regional_arn("kms", &alias) },
    ] })
}

pub(crate) fn canary() -> Value {
    reference(&CANARY)
}

pub(crate) fn canary_key() -> Value {
    let value = |descriptor: &&str| {
        json!({
            "type": "object",
            "properties": { *descriptor: { "type": "string", "minLength": 1 } },
            "required": [descriptor],
            "additionalProperties": false,
        })
    };
    json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_KEY_ATTRIBUTES,
        "propertyNames": { "minLength": 1, "maxLength": 255 },
        "additionalProperties": { "oneOf": KEY_TYPES.iter().map(value).collect::<Vec<_>>() },
    })
}

pub(crate) fn attributes() -> Value {
    json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/attribute" } })
}

/// A value in DynamoDB JSON.
pub(crate) fn attribute() -> Value {
    let of_type = |descriptor: &str| {
        let attribute = json!({ "$ref": "#/$defs/attribute" });
        let text = json!({ "type": "string" });
        let number = json!({
            "type": "string",
            "pattern": "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$",
        });
        let set = |items: &Value| json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": items });
        match descriptor {
            "N" => number,
            "BOOL" => json!({ "type": "boolean" }),
            "NULL" => json!({ "const": true }),
            "M" => json!({ "type": "object", "additionalProperties": attribute }),
            "L" => json!({ "type": "array", "items": attribute }),
            "SS" | "BS" => set(&text),
            "NS" => set(&number),
            _ => text,
        }
    };
    let properties: serde_json::Map<String, Value> = TYPES
        .iter()
        .map(|descriptor| ((*descriptor).to_owned(), of_type(descriptor)))
        .collect();
    json!({
        "type": "object",
        "description": "an attribute value in DynamoDB JSON, such as `{ \"S\": \"text\" }`",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

pub(crate) fn role() -> Value {
    let path = "(\\S+/)?";
    let role = text::ROLE_NAME.pattern();
    json!({
        "type": "string",
        "pattern": format!("^arn:[^:\\s]+:iam::{ARN_OWNER}:role/{path}{role}$"),
    })
}

/// An external id.
#[must_use]
pub fn external_id() -> Value {
    text::EXTERNAL_ID.schema()
}

pub(crate) fn source_identity() -> Value {
    text::SOURCE_IDENTITY.schema()
}

pub(crate) fn tags() -> Value {
    let mut key = text::TAG_KEY.schema();
    if let Some(fields) = key.as_object_mut() {
        fields.insert("not".to_owned(), json!({ "pattern": "^[aA][wW][sS]:" }));
    }
    json!({
        "type": "object",
        "maxProperties": MAX_TAGS,
        "propertyNames": key,
        "additionalProperties": text::TAG_VALUE.schema(),
    })
}

pub(crate) fn duration() -> Value {
    json!({ "type": "integer", "minimum": MIN_DURATION, "maximum": MAX_DURATION })
}

pub(crate) fn actions() -> Value {
    json!({
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": { "enum": Action::ALL.map(Action::as_str) },
    })
}

pub(crate) fn index() -> Value {
    text::INDEX.schema()
}

pub(crate) fn decision() -> Value {
    json!({ "enum": Decision::ALL.map(Decision::as_str) })
}

pub(crate) fn service() -> Value {
    json!({ "enum": Service::ALL.map(Service::as_str) })
}

pub(crate) fn policy() -> Value {
    json!({ "enum": PolicyType::DENYING.map(PolicyType::as_str) })
}

pub(crate) fn probe() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

pub(crate) fn nonblank() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

pub(crate) fn date() -> Value {
    json!({
        "type": "string",
        "format": "date",
        "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    })
}

/// Which fields of an expectation go together.
pub(crate) fn combinations() -> Value {
    let of = |service: Service| -> Vec<&str> {
        let actions = Action::ALL
            .into_iter()
            .filter(|action| action.service() == service);
        actions.map(Action::as_str).collect()
    };
    let is_denied = json!({
        "properties": { "decision": { "const": Decision::Denied.as_str() } },
        "required": ["decision"],
    });
    let acts = |actions: &[&str]| {
        json!({
            "properties": { "actions": { "contains": { "enum": actions } } },
            "required": ["actions"],
        })
    };
    let by = |service: &[Service]| {
        let names: Vec<&str> = service.iter().map(|service| service.as_str()).collect();
        json!({ "properties": { "by": { "enum": names } } })
    };
    let assume = of(Service::Sts);
    let indexed: Vec<&str> = Action::ALL
        .into_iter()
        .filter(|action| action.reads_index())
        .map(Action::as_str)
        .collect();
    json!([
        {
            "if": is_denied,
            "then": { "required": ["by"] },
            "else": { "properties": { "by": false, "policy": false } },
        },
        {
            "if": acts(&assume),
            "then": {
                "properties": {
                    "actions": { "maxItems": 1 },
                    "on": false,
                    "by": { "enum": [Service::Sts.as_str()] },
                },
            },
            "else": {
                "required": ["on"],
                "properties": { "policy": { "not": { "const": PolicyType::TrustPolicy.as_str() } } },
            },
        },
        { "if": acts(&of(Service::Kms)), "then": by(&[Service::Kms]) },
        { "if": acts(&of(Service::DynamoDb)), "then": by(&[Service::Kms, Service::DynamoDb]) },
        {
            "if": { "required": ["index"] },
            "then": { "properties": { "actions": { "items": { "enum": indexed } } } },
        },
    ])
}
