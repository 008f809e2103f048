// SPDX-License-Identifier: Apache-2.0
//! A plan's attribute values as DynamoDB JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::{Attribute, Canary};

impl Attribute {
    /// The value as DynamoDB writes it: `{"S": "c0ffee"}`.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::S(text) => json!({ "S": text }),
            Self::N(number) => json!({ "N": number }),
            Self::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
            Self::Bool(value) => json!({ "BOOL": value }),
            Self::Null => json!({ "NULL": true }),
            Self::M(members) => json!({ "M": object(members) }),
            Self::L(values) => json!({ "L": values.iter().map(Self::to_json).collect::<Vec<_>>() }),
            Self::Ss(texts) => json!({ "SS": texts }),
            Self::Ns(numbers) => json!({ "NS": numbers }),
            Self::Bs(values) => {
                json!({ "BS": values.iter().map(|bytes| STANDARD.encode(bytes)).collect::<Vec<_>>() })
            }
        }
    }
}

impl Canary {
    /// The whole item as DynamoDB JSON: the key and the attributes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(object(self.key.iter().chain(&self.attributes)))
    }
}

pub(crate) fn object<'a>(
    members: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Plan;

    #[test]
    fn a_canary_is_written_as_dynamodb_writes_it() {
        let item = json!({
            "pk": { "S": "keyproof#canary" },
            "all": { "M": {
                "b": { "B": "AAE=" }, "bool": { "BOOL": false }, "bs": { "BS": ["AA=="] },
                "l": { "L": [{ "N": "1.0" }, { "NULL": true }] },
                "ns": { "NS": ["1", "2"] }, "ss": { "SS": ["a"] }
            } }
        });
        let plan = json!({
            "keyproof": "plan/v1", "name": "t", "region": "us-east-1",
            "tables": { "t": {
                "table": "table", "key": "aws-owned",
                "canary": { "key": { "pk": item["pk"] }, "attributes": { "all": item["all"] } }
            } },
            "principals": { "p": { "role": "arn:aws:iam::111122223333:role/p" } },
            "expectations": [
                { "principal": "p", "on": "t", "actions": ["dynamodb:GetItem"], "decision": "allowed" }
            ]
        });

        let plan = Plan::parse(&plan.to_string()).unwrap();

        assert_eq!(plan.tables["t"].canary.to_json(), item);
    }
}
