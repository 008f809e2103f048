// SPDX-License-Identifier: Apache-2.0
//! Making grants; beside this file, listing and removing them.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

mod list;
mod removal;

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyproof_core::PolicyType;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::{Key, StoredGrant, dry_run};
use crate::authorize::Decided;
use crate::caller::Call;
use crate::error::AwsError;
use crate::secret::Secret;
use crate::text::hex;
use crate::world::World;

pub(super) use list::{all as list, retirable as list_retirable};
pub(super) use removal::{retire, revoke};

/// The operations that a grant on a symmetric encryption key can allow.
const OPERATIONS: [&str; 9] = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateGrant {
    key_id: String,
    grantee_principal: String,
    retiring_principal: Option<String>,
    operations: Vec<String>,
    constraints: Option<Constraints>,
    grant_tokens: Option<Vec<String>>,
    name: Option<String>,
    dry_run: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Constraints {
    encryption_context_subset: Option<BTreeMap<String, String>>,
    encryption_context_equals: Option<BTreeMap<String, String>>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreateGrant,
) -> Result<Value, AwsError> {
    let constraints = input.constraints.clone().unwrap_or_default();
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    let named = world.named_key(call, &input.key_id, "CreateGrant")?;
    let key = world.key(&named.arn)?;
    let context = [
        &constraints.encryption_context_equals,
        &constraints.encryption_context_subset,
    ]
    .into_iter()
    .flatten()
    .next();
    let mut access = KeyAccess::on_grants("CreateGrant", &named)
        .with("kms:GranteePrincipal", [input.grantee_principal.clone()])
        .with("kms:GrantOperations", input.operations.iter().cloned());
    access.tokens = tokens;
    access.encryption_context = context;
    if let Some(retiring) = &input.retiring_principal {
        access = access.with("kms:RetiringPrincipal", [retiring.clone()]);
    }
    if let Some(kind) = constraints.kind() {
        access = access.with("kms:GrantConstraintType", [kind.to_owned()]);
    }
    let decided = world.authorize_key(call, key, access)?;
    within_own_grant(call, key, &decided, &input.operations, &constraints)?;
    key.enabled()?;
    operations(&input.operations)?;
    for principal in [
        Some(&input.grantee_principal),
        input.retiring_principal.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        if !world.is_principal(principal) {
            return Err(AwsError::client(
                "InvalidArnException",
                format!("ARN does not refer to a valid principal: {principal}"),
            ));
        }
    }
    name(input.name.as_deref())?;
    if input.dry_run == Some(true) {
        return Err(dry_run());
    }
    let grant = StoredGrant {
        id: world.grant_id(),
        token: Secret::new(world.random_text(200)),
        name: input.name.clone(),
        grantee: input.grantee_principal.clone(),
        retiring: input.retiring_principal.clone(),
        operations: input.operations.clone(),
        subset: constraints.encryption_context_subset,
        equals: constraints.encryption_context_equals,
        issuing_account: format!("arn:aws:iam::{}:root", call.caller.account),
        created: call.now,
        effective: after(call.now, world.options.grant_propagation),
        gone: None,
    };
    let key = world.key_mut(&named.arn)?;
    // A named grant is made once: a repeated request, after a time-out say, finds it.
    let same =
        |other: &&StoredGrant| grant.name.is_some() && other.listed() && alike(other, &grant);
    let made = key.grants.iter().find(same).cloned();
    let grant = if let Some(made) = made {
        made
    } else {
        key.grants.push(grant.clone());
        grant
    };
    Ok(json!({ "GrantId": grant.id, "GrantToken": grant.token.expose() }))
}

/// Who may make grants by a grant only passes on what that grant gives.
fn within_own_grant(
    call: &Call,
    key: &Key,
    decided: &Decided,
    operations: &[String],
    constraints: &Constraints,
) -> Result<(), AwsError> {
    if decided.decision.by != PolicyType::Grant {
        return Ok(());
    }
    let caller = call.caller.principal_arns();
    let contains = |outer: &BTreeMap<String, String>, inner: Option<&BTreeMap<String, String>>| {
        inner.is_some_and(|inner| {
            outer
                .iter()
                .all(|(name, value)| inner.get(name) == Some(value))
        })
    };
    let given = constraints
        .encryption_context_equals
        .as_ref()
        .or(constraints.encryption_context_subset.as_ref());
    let covered = key
        .grants
        .iter()
        .filter(|grant| caller.contains(&grant.grantee.as_str()))
        .any(|grant| {
            let equals = grant.equals.as_ref().is_none_or(|equals| {
                constraints.encryption_context_equals.as_ref() == Some(equals)
            });
            let subset = grant
                .subset
                .as_ref()
                .is_none_or(|subset| contains(subset, given));
            grant
                .operations
                .iter()
                .any(|operation| operation == "CreateGrant")
                && operations
                    .iter()
                    .all(|operation| grant.operations.contains(operation))
                && equals
                && subset
        });
    if covered {
        Ok(())
    } else {
        Err(AwsError::access_denied("kms:", sentence(call, key)))
    }
}

fn sentence(call: &Call, key: &Key) -> String {
    format!(
        "User: {} is not authorized to perform: kms:CreateGrant on resource: {}",
        call.caller.arn, key.arn
    )
}

fn operations(operations: &[String]) -> Result<(), AwsError> {
    let shown = || format!("[{}]", operations.join(", "));
    if operations.is_empty() {
        return Err(AwsError::validation(
            "1 validation error detected: Value '[]' at 'operations' failed to satisfy constraint: Member must not be empty",
        ));
    }
    if operations
        .iter()
        .all(|operation| OPERATIONS.contains(&operation.as_str()))
    {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{}' at 'operations' failed to satisfy constraint: Member must satisfy enum value \
         set: [{}]",
        shown(),
        OPERATIONS.join(", ")
    )))
}

fn name(name: Option<&str>) -> Result<(), AwsError> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    match name {
        Some(name) if name.is_empty() || name.len() > 256 || !name.bytes().all(letters) => {
            Err(AwsError::validation(format!(
                "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: ^[a-zA-Z0-9:/_-]+$"
            )))
        }
        Some(_) | None => Ok(()),
    }
}

fn alike(left: &StoredGrant, right: &StoredGrant) -> bool {
    (
        &left.name,
        &left.grantee,
        &left.retiring,
        &left.operations,
        &left.subset,
        &left.equals,
    ) == (
        &right.name,
        &right.grantee,
        &right.retiring,
        &right.operations,
        &right.subset,
        &right.equals,
    )
}

/// When a change of a grant is noticed everywhere.
fn after(now: Timestamp, delay: std::time::Duration) -> Timestamp {
    now.checked_add(delay).unwrap_or(Timestamp::MAX)
}

impl Constraints {
    fn kind(&self) -> Option<&'static str> {
        match (
            &self.encryption_context_equals,
            &self.encryption_context_subset,
        ) {
            (Some(_), _) => Some("EncryptionContextEquals"),
            (None, Some(_)) => Some("EncryptionContextSubset"),
            (None, None) => None,
        }
    }
}

impl World {
    /// A grant's id: 64 hexadecimal digits.
    pub(crate) fn grant_id(&mut self) -> String {
        hex(&self.random_bytes::<32>())
    }
}
