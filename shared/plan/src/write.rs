// SPDX-License-Identifier: Apache-2.0
//! A plan written down again: the document that it is read from, as a value.

use serde_json::{Map, Value, json};

use crate::attribute::object;
use crate::definition::VERSION;
use crate::{Exception, Expectation, Expected, Plan, Principal, Table};

impl Plan {
    /// The plan as a document, from which [`Plan::parse`] reads the same plan: names, order and all,
    /// but for the places of its parts and the digest of its bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let tables = self.tables.iter();
        let tables: Map<_, _> = tables.map(|(name, it)| (name.clone(), table(it))).collect();
        let principals = self.principals.iter();
        let principals: Map<_, _> = principals
            .map(|(name, it)| (name.clone(), principal(it)))
            .collect();
        let expectations: Vec<_> = self.expectations.iter().map(expectation).collect();
        let mut document = json!({
            "keyproof": VERSION,
            "name": self.name,
            "region": self.region,
            "tables": tables,
            "principals": principals,
            "expectations": expectations,
        });
        if !self.exceptions.is_empty() {
            let exceptions: Vec<_> = self.exceptions.iter().map(exception).collect();
            put(&mut document, "exceptions", Some(exceptions.into()));
        }
        document
    }
}

fn table(table: &Table) -> Value {
    let mut canary = json!({ "key": object(&table.canary.key) });
    if !table.canary.attributes.is_empty() {
        let attributes = object(&table.canary.attributes);
        put(&mut canary, "attributes", Some(attributes.into()));
    }
    let named = table.arn.as_ref();
    let named = named.map_or_else(|| table.name.clone(), ToString::to_string);
    let mut document = json!({ "table": named, "key": table.key.to_string(), "canary": canary });
    put(&mut document, "inspect_as", text(table.inspect_as.as_ref()));
    document
}

fn principal(principal: &Principal) -> Value {
    let mut document = json!({ "role": principal.role.to_string() });
    put(
        &mut document,
        "external_id",
        text(principal.external_id.as_ref()),
    );
    if !principal.tags.is_empty() {
        put(&mut document, "tags", Some(json!(principal.tags)));
    }
    put(
        &mut document,
        "duration",
        principal.duration.map(Value::from),
    );
    let identity = text(principal.source_identity.as_ref());
    put(&mut document, "source_identity", identity);
    document
}

fn expectation(expectation: &Expectation) -> Value {
    let mut document = json!({ "principal": expectation.principal });
    put(&mut document, "on", text(expectation.on.as_ref()));
    let actions: Vec<_> = expectation.actions.iter().map(|it| it.as_str()).collect();
    put(&mut document, "actions", Some(actions.into()));
    put(&mut document, "index", text(expectation.index.as_ref()));
    let (decision, by, policy) = match expectation.expected {
        Expected::Allowed => ("allowed", None, None),
        Expected::Denied { by, policy } => ("denied", Some(by), policy),
    };
    put(&mut document, "decision", Some(decision.into()));
    put(&mut document, "by", by.map(|by| by.as_str().into()));
    put(&mut document, "policy", policy.map(|it| it.as_str().into()));
    document
}

fn exception(exception: &Exception) -> Value {
    json!({
        "probe": exception.probe,
        "reason": exception.reason,
        "owner": exception.owner,
        "expires": exception.expires.to_string(),
    })
}

fn text(text: Option<&String>) -> Option<Value> {
    text.map(|text| text.as_str().into())
}

/// Adds a field, where there is something to say.
fn put(document: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(fields), Some(value)) = (document, value) {
        fields.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use keyproof_document::Place;

    use crate::Plan;

    /// The plan without what a document written anew has elsewhere.
    fn bare(mut plan: Plan) -> Plan {
        let nowhere = Place { line: 0, column: 0 };
        plan.digest.clear();
        let tables = plan.tables.values_mut().map(|it| &mut it.place);
        let principals = plan.principals.values_mut().map(|it| &mut it.place);
        let expectations = plan.expectations.iter_mut().map(|it| &mut it.place);
        let exceptions = plan.exceptions.iter_mut().map(|it| &mut it.place);
        let places = tables.chain(principals).chain(expectations);
        for place in places.chain(exceptions) {
            *place = nowhere;
        }
        plan
    }

    const EVERYTHING: &str = r#"
keyproof: plan/v1
name: everything
region: eu-central-1
tables:
  b: { table: "arn:aws:dynamodb:eu-central-1:111122223333:table/bbb", key: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", inspect_as: reader,
    canary: { key: { pk: { S: a }, sk: { N: "1.50" } }, attributes: { m: { M: { l: { L: [{ NULL: true }, { BOOL: false }] } } }, b: { B: AAE= }, s: { SS: [z, y] } } } }
  a: { table: aaa, key: alias/aaa, canary: { key: { pk: { S: c } } } }
  control: { table: control, key: aws-owned, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/path/reader", external_id: x, tags: { team: red, area: "1" }, duration: 900, source_identity: who }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: reader, on: b, actions: [dynamodb:Scan, dynamodb:Query], index: by-customer, decision: allowed }
  - { principal: reader, on: b, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: b, actions: [kms:Decrypt], decision: denied, by: kms, policy: resource_policy }
  - { principal: outsider, actions: [sts:AssumeRole], decision: denied, by: sts }
exceptions:
  - { probe: outsider/kms:Decrypt/b, reason: "a: reason", owner: me, expires: 2027-01-31 }
"#;

    #[test]
    fn what_is_written_is_read_as_the_same_plan() {
        let of_the_repository = include_str!("../../../plans/orders.yaml");
        for text in [EVERYTHING, of_the_repository] {
            let plan = Plan::parse(text).unwrap();

            let written = plan.to_json().to_string();

            let read = Plan::parse(&written).unwrap_or_else(|errors| panic!("{errors:?}"));
            assert_eq!(bare(read), bare(plan));
        }
    }

    #[test]
    fn a_part_is_read_without_expectations_and_keeps_the_digest_of_the_whole() {
        let mut plan = Plan::parse(EVERYTHING).unwrap();
        plan.expectations.clear();
        plan.exceptions.clear();
        let written = plan.to_json().to_string();

        let part = Plan::parse_part(&written, &plan.digest).unwrap();

        assert_eq!(part.digest, plan.digest);
        assert_eq!(bare(part), bare(plan));
        let whole = Plan::parse(&written).unwrap_err();
        assert_eq!(
            whole.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "expectations: a plan without expectations proves nothing; expect at least one action to be allowed or denied"
            ]
        );
    }
}
