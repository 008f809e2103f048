// SPDX-License-Identifier: Apache-2.0
//! Rules at their boundaries, what one misspelling must not bring along, and properties. Whole
//! plans with all their errors are in `tests/fixtures.rs`.

mod corners;
mod lists;
mod properties;
mod rules;
mod units;

use crate::Plan;

/// A plan around a principal's fields.
fn with_principal(fields: &str) -> String {
    format!(
        "keyproof: plan/v1\nname: n\nregion: us-east-1\nprincipals:\n  p: {{ role: \"arn:aws:iam::111122223333:role/r\", {fields} }}\nexpectations:\n  - {{ principal: p, actions: [sts:AssumeRole], decision: allowed }}\n"
    )
}

/// A plan around a table's fields.
fn with_table(fields: &str) -> String {
    with_principal("").replace(
        "expectations:",
        &format!("tables:\n  t: {{ {fields} }}\nexpectations:"),
    )
}

/// A plan around expectations, on the tables `orders` and `control`.
fn with_expectations(rows: &str) -> String {
    format!(
        "keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: {{ table: orders, key: alias/orders, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  control: {{ table: control, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
principals:
  reader: {{ role: \"arn:aws:iam::111122223333:role/reader\" }}
  outsider: {{ role: \"arn:aws:iam::111122223333:role/outsider\" }}
expectations:
{rows}"
    )
}

/// The errors without their places.
fn errors(text: &str) -> Vec<String> {
    let errors = Plan::parse(text).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}
