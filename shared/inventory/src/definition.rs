// SPDX-License-Identifier: Apache-2.0
//! The fields of an inventory: one definition for the parser, the JSON Schema and the documentation.

use keyproof_plan::reading::{
    INVENTORY_VERSION, Object, document, object, optional, reference_of, required, shape,
};
use serde_json::{Value, json};

pub(crate) const INVENTORY: Object = Object {
    noun: "an inventory",
    name: "inventory",
    fields: &[
        required(
            "keyproof",
            "the format's version, always `inventory/v1`",
            version,
        ),
        required(
            "name",
            "the name of the plan that comes of it; with placeholders, of each of several",
            text,
        ),
        required(
            "sources",
            "where accounts and tables are listed or found, by the name that tables use",
            sources,
        ),
        required(
            "tables",
            "what each table of a source becomes in the plan, by the name that expectations use",
            tables,
        ),
        required(
            "principals",
            "the test roles, as in a plan, with placeholders",
            mapping,
        ),
        required(
            "expectations",
            "what must be allowed and what must be denied, as in a plan: each is one about every table of that name",
            list,
        ),
        optional(
            "exceptions",
            "failures that somebody answers for until a date, as in a plan, by the probe's id there",
            list,
        ),
    ],
};

pub(crate) const ACCOUNTS: Object = Object {
    noun: "a source of listed accounts",
    name: "accounts",
    fields: &[
        required("accounts", "the ids of the accounts", account_ids),
        required("regions", "the regions in which each has tables", regions),
    ],
};

pub(crate) const ORGANIZATION: Object = Object {
    noun: "a source of an organization's accounts",
    name: "organization",
    fields: &[
        required(
            "organization",
            "the roots and organizational units whose active accounts are meant, those of units within units too",
            units,
        ),
        required("regions", "the regions in which each has tables", regions),
        optional(
            "tags",
            "tags that an account must have, all of them: a value or a list of values each",
            filters,
        ),
        optional(
            "except",
            "the ids of accounts that are left out",
            account_ids,
        ),
        optional(
            "role",
            "the ARN of the role to ask AWS Organizations as, instead of whoever expands",
            text,
        ),
        optional(
            "external_id",
            "the external id that the role's trust policy asks for",
            shape::external_id,
        ),
    ],
};

pub(crate) const TAGGED: Object = Object {
    noun: "a source of tagged tables",
    name: "tagged",
    fields: &[
        required(
            "tagged",
            "tags that a table must have, all of them: a value or a list of values each",
            filters,
        ),
        required(
            "in",
            "the source of accounts and regions in which they are looked for",
            shape::name,
        ),
        optional(
            "role",
            "the ARN of the role to look as in each account, with placeholders, instead of whoever expands",
            text,
        ),
        optional(
            "external_id",
            "the external id that the role's trust policy asks for",
            shape::external_id,
        ),
    ],
};

pub(crate) const CSV: Object = Object {
    noun: "a source of a CSV file's rows",
    name: "csv",
    fields: &[
        required("csv", "the file, or its address `s3://BUCKET/KEY`", text),
        optional(
            "role",
            "the ARN of the role to read from S3 as, instead of whoever expands",
            text,
        ),
        optional(
            "external_id",
            "the external id that the role's trust policy asks for",
            shape::external_id,
        ),
    ],
};

pub(crate) const TEMPLATE: Object = Object {
    noun: "a source of a template's tables",
    name: "template",
    fields: &[
        required(
            "template",
            "the CloudFormation or SAM template, or a list of those that import from each other",
            one_or_more,
        ),
        required(
            "account",
            "the id of the account that it is deployed to",
            account_id,
        ),
        required("region", "the region that it is deployed to", shape::region),
        optional(
            "parameters",
            "values of the template's parameters",
            parameters,
        ),
        optional(
            "except",
            "logical ids of tables that are left out",
            one_or_more,
        ),
    ],
};

pub(crate) const TABLE: Object = Object {
    noun: "a table",
    name: "table",
    fields: &[
        required(
            "from",
            "the source of the tables, or a list of sources",
            one_or_more,
        ),
        optional(
            "table",
            "the table of each account, with placeholders, where the source is one of accounts",
            text,
        ),
        required("key", "as in a plan, with placeholders", text),
        required(
            "canary",
            "as in a plan, with placeholders in names and values",
            mapping,
        ),
        optional(
            "inspect_as",
            "the principal that looks at the table's encryption, instead of the runner itself",
            shape::name,
        ),
    ],
};

/// Each kind of source, by the field that tells it from others.
pub(crate) const SOURCES: [&Object; 5] = [&ACCOUNTS, &ORGANIZATION, &TAGGED, &CSV, &TEMPLATE];

/// The JSON Schema (2020-12) of an inventory, as far as it is no plan's.
#[must_use]
pub fn schema() -> Value {
    let others = SOURCES.into_iter().chain([&TABLE]);
    let definitions = others.map(|definition| (definition.name.to_owned(), object(definition)));
    document(&INVENTORY, "keyproof inventory", definitions)
}

/// Every field of an inventory as a Markdown table for each object: the reference in the documentation,
/// which a test compares.
#[must_use]
pub fn reference() -> String {
    let all: Vec<&Object> = [&INVENTORY]
        .into_iter()
        .chain(SOURCES)
        .chain([&TABLE])
        .collect();
    reference_of(&all)
}

fn version() -> Value {
    json!({ "const": INVENTORY_VERSION })
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn mapping() -> Value {
    json!({ "type": "object", "minProperties": 1 })
}

fn list() -> Value {
    json!({ "type": "array", "minItems": 1, "items": { "type": "object" } })
}

fn one_or_more() -> Value {
    json!({ "anyOf": [text(), { "type": "array", "minItems": 1, "uniqueItems": true, "items": text() }] })
}

fn named(one: &Value) -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": shape::name(),
        "additionalProperties": one,
    })
}

fn sources() -> Value {
    let each: Vec<Value> = SOURCES
        .iter()
        .map(|kind| json!({ "$ref": format!("#/$defs/{}", kind.name) }))
        .collect();
    named(&json!({ "oneOf": each }))
}

fn tables() -> Value {
    named(&json!({ "$ref": "#/$defs/table" }))
}

fn account_id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{12}$" })
}

fn account_ids() -> Value {
    json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": account_id() })
}

fn regions() -> Value {
    json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": shape::region() })
}

fn units() -> Value {
    json!({
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": { "type": "string", "pattern": format!("^({})$", crate::organization::PARENT_PATTERN) },
    })
}

fn filters() -> Value {
    json!({ "type": "object", "minProperties": 1, "additionalProperties": one_or_more() })
}

fn parameters() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" } })
}
