// SPDX-License-Identifier: Apache-2.0
//! One failed probe against its key's documents alone, where the caller's can't be read.

use keyproof_core::Service;
use keyproof_plan::{Plan, Table};
use keyproof_policy::{
    Context, Decision, Document, Grammar, Grant, Policies, PolicyType, Principal, Request, evaluate,
};
use keyproof_verdict::{Cause, DocumentRow, ProbeRow};
use serde_json::Value;

/// What decides who may use a key, apart from the callers' own policies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyDocuments {
    /// The key's ARN.
    pub(crate) arn: String,
    /// Its policy, as it is told.
    pub(crate) row: DocumentRow,
    /// Its policy, to be evaluated.
    pub(crate) policy: Document,
    /// Its grants.
    pub(crate) grants: Vec<Grant>,
}

impl KeyDocuments {
    /// From AWS's answers about the key.
    pub(crate) fn read(answer: &Value) -> Result<Self, String> {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
        let arn = text("/KeyMetadata/Arn").unwrap_or_default().to_owned();
        let policy = text("/Policy").unwrap_or_default();
        let document = Document::parse(policy, Grammar::Resource)
            .map_err(|error| format!("the policy of `{arn}`, which can't be evaluated: {error}"))?;
        // What was parsed is JSON.
        let content = serde_json::from_str(policy).unwrap_or_default();
        let grants = answer.pointer("/Grants").and_then(Value::as_array);
        Ok(Self {
            row: DocumentRow::new(&*arn, PolicyType::ResourcePolicy, content),
            arn,
            policy: document,
            grants: grants.into_iter().flatten().filter_map(grant).collect(),
        })
    }
}

fn grant(entry: &Value) -> Option<Grant> {
    let operations = entry.get("Operations")?.as_array()?;
    let operations = operations.iter().filter_map(Value::as_str);
    let mut grant = Grant::new(entry.get("GranteePrincipal")?.as_str()?, operations);
    grant.id = entry.get("GrantId").and_then(Value::as_str).map(Into::into);
    let pairs = |name: &str| -> Vec<(String, String)> {
        let pairs = entry
            .pointer(&format!("/Constraints/{name}"))
            .and_then(Value::as_object);
        let pairs = pairs.into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    grant.encryption_context_subset = pairs("EncryptionContextSubset");
    grant.encryption_context_equals = pairs("EncryptionContextEquals");
    Some(grant)
}

/// The statement or grant that explains what was observed, where there is exactly that.
pub(crate) fn cause(
    row: &ProbeRow,
    plan: &Plan,
    table: &Table,
    key: &KeyDocuments,
    region: &str,
) -> Option<Cause> {
    let principal = plan.principals.get(row.principal.as_deref()?)?;
    let caller = Principal::session(&principal.role, "keyproof");
    let request = match row.action.split_once(':')? {
        ("dynamodb", _) => Request::new(caller, "kms:Decrypt", &*key.arn)
            .with_context(through_dynamodb(row, table, region)),
        ("kms", "ReEncrypt") => Request::new(caller, "kms:ReEncryptFrom", &*key.arn),
        ("kms", _) => Request::new(caller, &*row.action, &*key.arn),
        _ => return None,
    };
    let request = request.with_derived_context();
    // A layer other than KMS would not be explained by the key's documents.
    let kms = Some(Service::Kms);
    match row.observed.decision.as_str() {
        "allowed" if row.expected.by == kms => admission(&request, key),
        "denied" if row.observed.by == kms => refusal(&request, key),
        _ => None,
    }
}

/// How DynamoDB asks KMS for a caller.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
fn through_dynamodb(row: &ProbeRow, table: &Table, region: &str) -> Context {
    let mut context = Context::new()
        .with("kms:ViaService", format!("dynamodb.{region}.amazonaws.com"))
        .with(
            "kms:EncryptionContext:aws:dynamodb:tableName",
            table.name.as_str(),
        )
        .with(
            "kms:EncryptionContextKeys",
            vec![
                "aws:dynamodb:tableName".to_owned(),
                "aws:dynamodb:subscriberId".to_owned(),
            ],
        );
    if let Some(account) = row
        .resource
        .as_deref()
        .and_then(|arn| arn.split(':').nth(4))
    {
        context.set("kms:EncryptionContext:aws:dynamodb:subscriberId", account);
    }
    context
}

/// What lets the caller in. The caller's own policies are not known here: where the key policy
/// leaves the decision to them, the statement that does so is what the key's owner can change.
fn admission(request: &Request, key: &KeyDocuments) -> Option<Cause> {
    let documents = Policies {
        resource: Some(&key.policy),
        grants: &key.grants,
        ..Policies::default()
    };
    let by_the_key = evaluate(request, &documents);
    if by_the_key.is_allowed() {
        return named(&by_the_key, key);
    }
    let everything = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    });
    let everything = [Document::from_value(&everything, Grammar::Identity).ok()?];
    let delegated = evaluate(
        request,
        &Policies {
            identity: &everything,
            ..documents
        },
    );
    delegated
        .is_allowed()
        .then(|| named(&delegated, key))
        .flatten()
}

/// What keeps the caller out, where it is a statement and not the want of one.
fn refusal(request: &Request, key: &KeyDocuments) -> Option<Cause> {
    let documents = Policies {
        resource: Some(&key.policy),
        grants: &key.grants,
        ..Policies::default()
    };
    let decision = evaluate(request, &documents);
    (!decision.is_allowed() && decision.explicit)
        .then(|| named(&decision, key))
        .flatten()
}

/// The first of the decision's statements that is the key's own.
fn named(decision: &Decision, key: &KeyDocuments) -> Option<Cause> {
    let statement = decision.statements.iter().find(|statement| {
        matches!(
            statement.policy,
            PolicyType::ResourcePolicy | PolicyType::Grant
        )
    })?;
    // A grant's id stands where a statement's `Sid` would.
    let name = match statement.sid.as_deref() {
        Some(name) => name.to_owned(),
        None => statement.index.to_string(),
    };
    // A grant is no part of the policy.
    let in_policy = statement.policy == PolicyType::ResourcePolicy;
    Some(Cause {
        policy: statement.policy,
        statement: Some(name),
        document: Some(key.arn.clone()),
        changed: None,
        file: None,
        line: None,
        source: in_policy.then(|| key.row.id.clone()),
        pointer: in_policy.then(|| key.row.statement(statement.index)),
        alternatives: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
