// SPDX-License-Identifier: Apache-2.0
//! The fields of a plan: one definition for the parser, the JSON Schema and the documentation.

use keyproof_document::Limits;
use serde_json::Value;

use crate::schema::shape;

/// A mapping with a fixed set of fields.
#[derive(Debug)]
pub struct Object {
    /// What it is, with its article.
    pub noun: &'static str,
    /// The name in the schema's `$defs`.
    pub name: &'static str,
    /// The fields, in the order of the documentation.
    pub fields: &'static [Field],
}

/// One field of an [`Object`].
#[derive(Debug)]
pub struct Field {
    /// As documents write it.
    pub name: &'static str,
    /// Whether every such object must have it.
    pub required: bool,
    /// What it says: one clause, lowercase, without a full stop.
    pub description: &'static str,
    /// Its JSON Schema, description left out.
    pub shape: fn() -> Value,
}

/// A field that every such object must have.
#[must_use]
pub const fn required(
    name: &'static str,
    description: &'static str,
    shape: fn() -> Value,
) -> Field {
    Field {
        name,
        required: true,
        description,
        shape,
    }
}

/// A field that may be left out.
#[must_use]
pub const fn optional(
    name: &'static str,
    description: &'static str,
    shape: fn() -> Value,
) -> Field {
    Field {
        name,
        required: false,
        description,
        shape,
    }
}

/// The version that every plan begins with.
pub(crate) const VERSION: &str = "plan/v1";
/// The version that every inventory begins with.
pub const INVENTORY_VERSION: &str = "inventory/v1";
/// What stands for a key that AWS owns.
pub(crate) const AWS_OWNED: &str = "aws-owned";
/// The shortest session, in seconds.
pub(crate) const MIN_DURATION: u32 = 900;
/// The longest session, in seconds.
pub(crate) const MAX_DURATION: u32 = 43_200;
/// How many probes a plan may have: lists multiply, and a short text must not fill the memory.
pub(crate) const MAX_PROBES: usize = 2_000_000;
/// How large a plan's document may be: one that lists ten tables in each of 2,000 accounts has 300,000 values.
pub const LIMITS: Limits = Limits {
    bytes: 32 * 1024 * 1024,
    nodes: 1_000_000,
};
/// How many session tags STS takes.
pub(crate) const MAX_TAGS: usize = 50;
/// How many key attributes a DynamoDB table has at most.
pub(crate) const MAX_KEY_ATTRIBUTES: usize = 2;

pub(crate) const PLAN: Object = Object {
    noun: "a plan",
    name: "plan",
    fields: &[
        required(
            "keyproof",
            "the format's version, always `plan/v1`",
            shape::version,
        ),
        required("name", "the plan's own name, shown in reports", shape::name),
        required(
            "region",
            "the region of the tables and keys, such as `us-east-1`",
            shape::region,
        ),
        optional(
            "tables",
            "the tables under test, by the name that expectations use",
            shape::tables,
        ),
        required(
            "principals",
            "the test roles, by the name that expectations use",
            shape::principals,
        ),
        required(
            "expectations",
            "what must be allowed and what must be denied",
            shape::expectations,
        ),
        optional(
            "exceptions",
            "failures that somebody answers for until a date",
            shape::exceptions,
        ),
    ],
};

pub(crate) const TABLE: Object = Object {
    noun: "a table",
    name: "table",
    fields: &[
        required(
            "table",
            "the table's name in DynamoDB, or its ARN",
            shape::table,
        ),
        required(
            "key",
            "the customer managed key it must be encrypted with (key ARN, `alias/NAME` or alias ARN), or `aws-owned` for a control table",
            shape::key,
        ),
        required(
            "canary",
            "the item that a read must bring back to count as a decrypted read",
            shape::canary,
        ),
        optional(
            "inspect_as",
            "the principal that looks at the table's encryption, instead of the runner itself",
            shape::name,
        ),
    ],
};

pub(crate) const CANARY: Object = Object {
    noun: "a canary",
    name: "canary",
    fields: &[
        required(
            "key",
            "all key attributes of the item, in DynamoDB JSON",
            shape::canary_key,
        ),
        optional(
            "attributes",
            "further attributes that must come back with exactly these values, in DynamoDB JSON",
            shape::attributes,
        ),
    ],
};

pub(crate) const PRINCIPAL: Object = Object {
    noun: "a principal",
    name: "principal",
    fields: &[
        required("role", "the ARN of the role to assume", shape::role),
        optional(
            "external_id",
            "the external id that the role's trust policy asks for",
            shape::external_id,
        ),
        optional("tags", "session tags, at most 50", shape::tags),
        optional(
            "duration",
            "the session's duration in seconds, 900 to 43200",
            shape::duration,
        ),
        optional(
            "source_identity",
            "the source identity to set, where the trust policy allows `sts:SetSourceIdentity`",
            shape::source_identity,
        ),
    ],
};

pub(crate) const EXPECTATION: Object = Object {
    noun: "an expectation",
    name: "expectation",
    fields: &[
        required(
            "principal",
            "the name of a principal of this plan, or a list of names",
            shape::names,
        ),
        optional(
            "on",
            "the name of a table of this plan, or a list of names; for every action but `sts:AssumeRole`",
            shape::names,
        ),
        required("actions", "the actions to try", shape::actions),
        optional(
            "index",
            "the index to read, for `dynamodb:Query` and `dynamodb:Scan`",
            shape::index,
        ),
        required("decision", "`allowed` or `denied`", shape::decision),
        optional(
            "by",
            "the service that must refuse; required where the decision is `denied`",
            shape::service,
        ),
        optional(
            "policy",
            "the policy type that must refuse, where the answer names one",
            shape::policy,
        ),
    ],
};

pub(crate) const EXCEPTION: Object = Object {
    noun: "an exception",
    name: "exception",
    fields: &[
        required(
            "probe",
            "the id of the probe whose failure is excepted",
            shape::probe,
        ),
        required("reason", "why the failure is accepted", shape::nonblank),
        required("owner", "who answers for it", shape::nonblank),
        required(
            "expires",
            "the last day on which the exception holds, in UTC, as `YYYY-MM-DD`",
            shape::date,
        ),
    ],
};
