// SPDX-License-Identifier: Apache-2.0
//! The policy documents that a report holds, so that a reader sees the statement in its place.

use keyproof_core::PolicyType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What stands in the place of a value that is told to few.
const HIDDEN: &str = "(not shown)";

/// A policy as it stood in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentRow {
    /// What [`Cause::source`](crate::Cause::source) names; the same from run to run.
    pub id: String,
    /// The ARN of the key, role or policy that it belongs to.
    pub document: String,
    /// Its type.
    pub policy: PolicyType,
    /// The policy, as JSON.
    pub content: Value,
}

impl DocumentRow {
    /// A document that only its ARN tells apart: a key's policy.
    ///
    /// The values of `sts:ExternalId` are left out: they are shared with those alone who assume the
    /// role.
    #[must_use]
    pub fn new(document: impl Into<String>, policy: PolicyType, mut content: Value) -> Self {
        let document = document.into();
        hide(&mut content);
        Self {
            id: document.clone(),
            document,
            policy,
            content,
        }
    }

    /// The document with a path that tells it from others of the same ARN. A path that is the ARN
    /// tells nothing more.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        if path != self.document {
            self.id = format!("{} {path}", self.document);
        }
        self
    }

    /// The pointer to a statement, which may stand in a list or alone.
    #[must_use]
    pub fn statement(&self, index: usize) -> String {
        match self.content.get("Statement") {
            Some(Value::Array(_)) => format!("/Statement/{index}"),
            Some(_) | None => "/Statement".to_owned(),
        }
    }
}

/// Hides what a condition says about external ids.
fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name.eq_ignore_ascii_case("sts:ExternalId") {
                    *inner = Value::from(HIDDEN);
                } else {
                    hide(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use keyproof_core::PolicyType;
    use serde_json::json;

    use super::DocumentRow;

    #[test]
    fn external_ids_are_left_out_and_nothing_else() {
        let policy = |id: &str| {
            json!({ "Statement": [{
                "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
                "Condition": {
                    "StringEquals": { "STS:externalid": id, "aws:PrincipalTag/team": "red" },
                },
            }]})
        };

        let row = DocumentRow::new("role", PolicyType::TrustPolicy, policy("shared-secret"));

        assert_eq!(row.content, policy("(not shown)"));
        assert_eq!((row.id.as_str(), row.document.as_str()), ("role", "role"));
        let inline = row.at("Resources.Role.Properties.Policies.0");
        assert_eq!(inline.id, "role Resources.Role.Properties.Policies.0");
    }

    #[test]
    fn a_statement_may_stand_alone() {
        let row = |content| DocumentRow::new("key", PolicyType::ResourcePolicy, content);

        let listed = row(json!({ "Statement": [{}, {}] })).statement(1);
        let alone = row(json!({ "Statement": {} })).statement(0);

        assert_eq!(
            (listed.as_str(), alone.as_str()),
            ("/Statement/1", "/Statement")
        );
    }
}
