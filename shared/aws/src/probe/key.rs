// SPDX-License-Identifier: Apache-2.0
//! Dry runs on a table's key, and reads of what describes it.
//!
//! INVARIANT (dry runs only): apart from `DescribeKey`, `GetKeyPolicy` and `ListGrants`, every call
//! of this module carries `DryRun`. What the three reads bring is looked at here and kept nowhere.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html>

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{DataKeySpec, DryRunModifierType, GrantOperation};
use aws_smithy_types::Blob;
use keyproof_core::Service;
use keyproof_plan::Action;
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, Evidence, classify};

use super::misplaced;
use crate::calls::{Called, CallsOf, Reply};
use crate::failure::Failure;

/// A grant's id as KMS makes them, of a grant that nobody has.
pub(crate) const NO_GRANT: &str =
    "6b657970726f6f666b657970726f6f666b657970726f6f666b657970726f6f66";

/// The key that a probe is about, and what goes with calls on it.
#[derive(Clone, Debug)]
pub(crate) struct KeyTarget {
    /// The key's ARN, or `alias/NAME` where nobody could resolve it.
    pub(crate) key: String,
    /// The encryption context that DynamoDB gives with the table's key.
    pub(crate) context: HashMap<String, String>,
    /// The principal's own role, to which a grant would go.
    pub(crate) grantee: String,
}

impl KeyTarget {
    /// `context` is what DynamoDB binds the table's key to:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
    pub(crate) fn new(key: String, table: &str, account: &str, grantee: &str) -> Self {
        let context = [
            ("aws:dynamodb:tableName", table),
            ("aws:dynamodb:subscriberId", account),
        ];
        let context = context
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Self {
            key,
            context,
            grantee: grantee.to_owned(),
        }
    }
}

pub(super) async fn call(
    calls: CallsOf<'_>,
    client: &Client,
    action: Action,
    target: &KeyTarget,
) -> Called<Answer> {
    // These three and the grant calls take no alias.
    let needs_key = matches!(
        action,
        Action::CreateGrant
            | Action::RevokeGrant
            | Action::RetireGrant
            | Action::GetKeyPolicy
            | Action::ListGrants
    );
    if needs_key && target.key.starts_with("alias/") {
        let message = format!(
            "`{action}` takes no alias, and `{}` could not be resolved",
            target.key
        );
        return Called::unsent(Failure::blind(Blindness::NotFound, message));
    }
    calls
        .send(Operation::of(action), async || {
            once(client, action, target).await
        })
        .await
}

async fn once(client: &Client, action: Action, target: &KeyTarget) -> Reply<Answer> {
    match action {
        Action::Decrypt
        | Action::Encrypt
        | Action::GenerateDataKey
        | Action::GenerateDataKeyWithoutPlaintext
        | Action::ReEncrypt => cryptography(client, action, target).await,
        _ => administration(client, action, target).await,
    }
}

/// A success proves itself by what only KMS could have made.
#[expect(clippy::unnecessary_wraps, reason = "it reads a reply, which may fail")]
fn proof(proven: bool) -> Result<Answer, Failure> {
    let evidence = if proven {
        Evidence::Succeeded
    } else {
        Evidence::Unproven
    };
    Ok(Answer::Allowed(evidence))
}

fn no_call(action: Action) -> Reply<Answer> {
    Reply {
        outcome: Err(misplaced(action, Service::Kms)),
        request_id: None,
    }
}

/// Dry runs with the key, in the encryption context that DynamoDB gives.
async fn cryptography(client: &Client, action: Action, target: &KeyTarget) -> Reply<Answer> {
    let key = &*target.key;
    let context = || Some(target.context.clone());
    let read = |code: Option<&str>, message: Option<&str>| classify(action, code, message);
    match action {
        Action::Decrypt => {
            let request = client
                .decrypt()
                .key_id(key)
                .set_encryption_context(context())
                .dry_run(true)
                .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.plaintext().is_some()))
        }
        Action::Encrypt => {
            let request = client
                .encrypt()
                .key_id(key)
                .plaintext(Blob::new("keyproof"))
                .set_encryption_context(context())
                .dry_run(true);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.ciphertext_blob().is_some()))
        }
        Action::GenerateDataKey => {
            let request = client
                .generate_data_key()
                .key_id(key)
                .key_spec(DataKeySpec::Aes256)
                .set_encryption_context(context())
                .dry_run(true);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.ciphertext_blob().is_some()))
        }
        Action::GenerateDataKeyWithoutPlaintext => {
            let request = client
                .generate_data_key_without_plaintext()
                .key_id(key)
                .key_spec(DataKeySpec::Aes256)
                .set_encryption_context(context())
                .dry_run(true);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.ciphertext_blob().is_some()))
        }
        Action::ReEncrypt => {
            let request = client
                .re_encrypt()
                .source_key_id(key)
                .set_source_encryption_context(context())
                .destination_key_id(key)
                .set_destination_encryption_context(context())
                .dry_run(true)
                .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.ciphertext_blob().is_some()))
        }
        _ => no_call(action),
    }
}

/// Dry runs about grants, and reads of what describes the key.
async fn administration(client: &Client, action: Action, target: &KeyTarget) -> Reply<Answer> {
    let key = &*target.key;
    let read = |code: Option<&str>, message: Option<&str>| classify(action, code, message);
    match action {
        Action::CreateGrant => {
            let request = client
                .create_grant()
                .key_id(key)
                .grantee_principal(&target.grantee)
                .operations(GrantOperation::Decrypt)
                .dry_run(true);
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.grant_id().is_some()))
        }
        Action::RevokeGrant => {
            let request = client
                .revoke_grant()
                .key_id(key)
                .grant_id(NO_GRANT)
                .dry_run(true);
            Reply::new(request.send().await, read).and_then(|_| proof(false))
        }
        Action::RetireGrant => {
            let request = client
                .retire_grant()
                .key_id(key)
                .grant_id(NO_GRANT)
                .dry_run(true);
            Reply::new(request.send().await, read).and_then(|_| proof(false))
        }
        Action::DescribeKey => {
            let request = client.describe_key().key_id(key);
            Reply::new(request.send().await, read).and_then(|output| {
                let arn = output.key_metadata().and_then(|metadata| metadata.arn());
                proof(arn.is_some_and(|arn| key.starts_with("alias/") || arn == key))
            })
        }
        Action::GetKeyPolicy => {
            let request = client.get_key_policy().key_id(key).policy_name("default");
            Reply::new(request.send().await, read)
                .and_then(|output| proof(output.policy().is_some_and(|policy| !policy.is_empty())))
        }
        Action::ListGrants => {
            let request = client.list_grants().key_id(key).limit(1);
            Reply::new(request.send().await, read).and_then(|output| proof(output.grants.is_some()))
        }
        _ => no_call(action),
    }
}
