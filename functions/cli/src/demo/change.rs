// SPDX-License-Identifier: Apache-2.0
//! The administrator's changes to the key.

use std::error::Error;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::types::GrantOperation;
use keyproof_aws::Runner;
use keyproof_failure::why;
use serde_json::Value;

use super::KEY_USERS;
use crate::error::CliError;

/// Somebody who may change the key.
#[derive(Debug)]
pub(super) struct Administrator {
    kms: Client,
    key: String,
}

impl Administrator {
    pub(super) fn new(runner: &Runner, region: &str, key: String) -> Self {
        // A run's own connections take no success without a body, and PutKeyPolicy's has none.
        let connections = aws_smithy_http_client::Builder::new().build_http();
        let config = runner
            .sdk_config(region)
            .into_builder()
            .http_client(connections)
            .build();
        Self {
            kms: Client::new(&config),
            key,
        }
    }

    pub(super) async fn key_policy(&self) -> Result<String, CliError> {
        let read = self.kms.get_key_policy().key_id(&self.key).send().await;
        let read = done("kms:GetKeyPolicy", read)?;
        read.policy
            .ok_or_else(|| CliError::Story("the key has no policy".to_owned()))
    }

    pub(super) async fn put_key_policy(&self, policy: &str) -> Result<(), CliError> {
        let put = self
            .kms
            .put_key_policy()
            .key_id(&self.key)
            .policy(policy)
            .send()
            .await;
        done("kms:PutKeyPolicy", put).map(drop)
    }

    /// Lets a role decrypt until the grant is revoked; returns the grant's id.
    pub(super) async fn create_grant(&self, role: &str) -> Result<String, CliError> {
        let create = self
            .kms
            .create_grant()
            .key_id(&self.key)
            .grantee_principal(role);
        let created = create.operations(GrantOperation::Decrypt).send().await;
        let created = done("kms:CreateGrant", created)?;
        created
            .grant_id
            .ok_or_else(|| CliError::Story("the grant has no id".to_owned()))
    }

    pub(super) async fn revoke_grant(&self, grant: &str) -> Result<(), CliError> {
        let revoked = self
            .kms
            .revoke_grant()
            .key_id(&self.key)
            .grant_id(grant)
            .send()
            .await;
        done("kms:RevokeGrant", revoked).map(drop)
    }
}

fn done<T, E>(action: &str, result: Result<T, SdkError<E>>) -> Result<T, CliError>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    result.map_err(|error| {
        let why = why(&error);
        CliError::Story(format!("{action}: {why}"))
    })
}

/// The policy with one more principal in the statement that lists the key's users.
pub(super) fn with_key_user(policy: &str, role: &str) -> Result<String, CliError> {
    let unexpected = || CliError::Story(format!("the key policy has no statement `{KEY_USERS}`"));
    let mut policy: Value = serde_json::from_str(policy).map_err(|_| unexpected())?;
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
    let users = statements
        .into_iter()
        .flatten()
        .find(|statement| statement.get("Sid").and_then(Value::as_str) == Some(KEY_USERS))
        .and_then(|statement| statement.get_mut("Principal")?.get_mut("AWS"))
        .ok_or_else(unexpected)?;
    let mut all = match users.take() {
        Value::Array(all) => all,
        one => vec![one],
    };
    all.push(role.into());
    *users = all.into();
    Ok(policy.to_string())
}

#[cfg(test)]
mod tests;
