// SPDX-License-Identifier: Apache-2.0
//! Attaching managed policies, the account's own and AWS's.

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Operation;
use super::names::listed;
use super::no_such_entity;
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policy {
    policy_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct List {
    path_prefix: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn attach(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Policy { policy_arn }) = operation.0.read(operation.1, input)?;
    world.allowed_on(call, operation, &owner, context(&policy_arn))?;
    if !world.has_managed_policy(&policy_arn, &call.caller.account) {
        return Err(no_such_entity(format!(
            "Policy {policy_arn} does not exist or is not attachable."
        )));
    }
    world
        .allowed_on(call, operation, &owner, context(&policy_arn))?
        .attached
        .insert(policy_arn);
    Ok(Value::Null)
}

pub(super) fn detach(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Policy { policy_arn }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, context(&policy_arn))?;
    if identity.attached.remove(&policy_arn) {
        Ok(Value::Null)
    } else {
        Err(no_such_entity(format!(
            "Policy {policy_arn} was not found."
        )))
    }
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, List { path_prefix, .. }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    let under = |arn: &&String| {
        let path = arn.split_once(":policy").map_or("", |(_, path)| path);
        path_prefix
            .as_deref()
            .is_none_or(|prefix| path.starts_with(prefix))
    };
    let entry = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        json!({ "PolicyArn": arn, "PolicyName": name })
    };
    Ok(listed(
        "AttachedPolicies",
        identity.attached.iter().filter(under).map(entry).collect(),
    ))
}

fn context(policy_arn: &str) -> Vec<(String, Vec<String>)> {
    vec![("iam:PolicyARN".to_owned(), vec![policy_arn.to_owned()])]
}

impl World {
    /// Whether an account can attach a managed policy. One of AWS's is kept when it is first named.
    pub(crate) fn has_managed_policy(&mut self, arn: &str, account: &str) -> bool {
        if self
            .accounts
            .get(account)
            .is_some_and(|account| account.policies.contains_key(arn))
        {
            return true;
        }
        if self.aws_managed.contains_key(arn) {
            return true;
        }
        let policy = keyproof_template::managed::policy(arn)
            .and_then(|policy| StoredPolicy::named(&policy.document, Grammar::Identity, arn).ok());
        let known = policy.is_some();
        if let Some(policy) = policy {
            self.aws_managed.insert(arn.to_owned(), policy);
        }
        known
    }
}
