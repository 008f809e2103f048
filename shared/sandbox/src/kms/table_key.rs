// SPDX-License-Identifier: Apache-2.0
//! What DynamoDB does with a table's key, as the caller.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::access::KeyAccess;
use super::key::{alias_arn, key_arn};
use super::resolve::Named;
use super::{Alias, Key, KeyManager, KeyStatus, Material, StoredGrant};
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::secret::Secret;
use crate::world::World;

/// The alias of DynamoDB's AWS managed key.
const NAME: &str = "alias/aws/dynamodb";
/// What DynamoDB's own grants let it do while nobody calls.
const TABLE_GRANT: [&str; 8] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "DescribeKey",
];

/// A use of a table's key that DynamoDB makes in the caller's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableKeyUse<'a> {
    /// The table's name.
    pub(crate) table: &'a str,
    /// The account that the table belongs to.
    pub(crate) table_account: &'a str,
    /// The key's ARN.
    pub(crate) key_arn: &'a str,
    /// The KMS operation: `Decrypt` for reads and writes; `DescribeKey`, `CreateGrant`,
    /// `GenerateDataKey` when a table gets the key.
    pub(crate) operation: &'a str,
}

impl World {
    /// Asks KMS as the caller through DynamoDB, and wraps a refusal as DynamoDB does. A
    /// `CreateGrant` that is allowed leaves DynamoDB's grant on the key.
    pub(crate) fn kms_for_table(
        &mut self,
        call: &Call,
        wanted: &TableKeyUse<'_>,
    ) -> Result<(), AwsError> {
        self.count("kms", wanted.operation);
        self.delete_due_keys(call.now);
        self.ask_for_table(call, wanted)
            .map_err(|error| self.wrapped(&error))?;
        if wanted.operation == "CreateGrant" {
            self.grant_to_dynamodb(wanted, &call.region, call.now);
        }
        Ok(())
    }

    fn ask_for_table(&self, call: &Call, wanted: &TableKeyUse<'_>) -> Result<(), AwsError> {
        let context = table_context(wanted);
        let named = Named {
            arn: wanted.key_arn.to_owned(),
            alias: None,
        };
        let mut access = KeyAccess::new(wanted.operation, &named);
        access.via = Some("dynamodb");
        if wanted.operation != "DescribeKey" {
            access.encryption_context = Some(&context);
        }
        if wanted.operation == "CreateGrant" {
            let service = format!("dynamodb.{}.amazonaws.com", call.region);
            access = access
                .with("kms:GrantIsForAWSResource", ["true".to_owned()])
                .with(
                    "kms:GrantConstraintType",
                    ["EncryptionContextSubset".to_owned()],
                )
                .with("kms:GrantOperations", TABLE_GRANT.map(str::to_owned))
                .with("kms:GranteePrincipal", [service.clone()])
                .with("kms:RetiringPrincipal", [service]);
        }
        let key = self.key(wanted.key_arn)?;
        self.authorize_key(call, key, access)?;
        if wanted.operation == "DescribeKey" {
            Ok(())
        } else {
            key.enabled()
        }
    }

    /// KMS's error as DynamoDB passes it on.
    fn wrapped(&mut self, error: &AwsError) -> AwsError {
        let (code, words, class) = match error.code.as_ref() {
            "AccessDeniedException" => (
                "AccessDeniedException",
                "KMS key access denied error",
                "AWSKMSException",
            ),
            "DisabledException" => (
                "ValidationException",
                "KMS key disabled error",
                "DisabledException",
            ),
            "KMSInvalidStateException" => (
                "ValidationException",
                "KMS validation error",
                "KMSInvalidStateException",
            ),
            "NotFoundException" => (
                "ValidationException",
                "KMS validation error",
                "NotFoundException",
            ),
            _ => {
                return AwsError::new(
                    500,
                    "InternalServerError",
                    format!("KMS internal error: {}", error.message),
                );
            }
        };
        let request_id = self.uuid();
        AwsError::client(
            code,
            format!(
                "{words}: com.amazonaws.services.kms.model.{class}: {} (Service: AWSKMS; Status Code: {}; Error Code: {}; \
                 Request ID: {request_id}; Proxy: null)",
                error.message, error.status, error.code
            ),
        )
    }

    /// DynamoDB's grant on a key for one table, unless it is there already.
    pub(crate) fn grant_to_dynamodb(
        &mut self,
        wanted: &TableKeyUse<'_>,
        region: &str,
        now: Timestamp,
    ) {
        let context = table_context(wanted);
        let service = format!("dynamodb.{region}.amazonaws.com");
        let (id, token) = (self.grant_id(), Secret::new(self.random_text(200)));
        let Some(key) = self.keys.get_mut(wanted.key_arn) else {
            return;
        };
        if key
            .grants
            .iter()
            .any(|grant| grant.grantee == service && grant.subset.as_ref() == Some(&context))
        {
            return;
        }
        key.grants.push(StoredGrant {
            id,
            token,
            name: None,
            grantee: service.clone(),
            retiring: Some(service),
            operations: TABLE_GRANT.map(str::to_owned).to_vec(),
            subset: Some(context),
            equals: None,
            issuing_account: format!("arn:aws:iam::{}:root", key.account),
            created: now,
            effective: now,
            gone: None,
        });
    }

    /// Retires DynamoDB's grant for a table that was deleted or got another key.
    pub(crate) fn retire_table_grant(&mut self, table: &str, table_account: &str, key_arn: &str) {
        let context = table_context(&TableKeyUse {
            table,
            table_account,
            key_arn,
            operation: "RetireGrant",
        });
        if let Some(key) = self.keys.get_mut(key_arn) {
            key.grants.retain(|grant| {
                !(grant.grantee.starts_with("dynamodb.") && grant.subset.as_ref() == Some(&context))
            });
        }
    }

    /// The key that `KMSMasterKeyId` names. Whether the caller may use it is not asked here.
    pub(crate) fn table_key(&mut self, call: &Call, reference: &str) -> Result<String, AwsError> {
        let named = self.named_key(call, reference, "DescribeKey");
        named
            .map(|named| named.arn)
            .map_err(|error| self.wrapped(&error))
    }

    /// The AWS managed key `aws/dynamodb` of an account and region, made on first use.
    pub(crate) fn dynamodb_managed_key(&mut self, account: &str, region: &str) -> String {
        let now = self.now;
        let alias = alias_arn(region, account, NAME);
        if let Some(alias) = self.aliases.get(&alias) {
            return key_arn(region, account, &alias.key_id);
        }
        let id = self.uuid();
        let arn = key_arn(region, account, &id);
        let policy = managed_policy(account, region);
        let Ok(policy) = StoredPolicy::parse(&policy, Grammar::Resource) else {
            return arn;
        };
        let materials = vec![Material::new(self.random_bytes(), None)];
        let entry = Alias {
            name: NAME.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            key_id: id.clone(),
            created: now,
            updated: now,
        };
        self.aliases.insert(alias, entry);
        self.keys.insert(
            arn.clone(),
            Key {
                id,
                arn: arn.clone(),
                account: account.to_owned(),
                region: region.to_owned(),
                policy,
                status: KeyStatus::Enabled,
                manager: KeyManager::Aws,
                description:
                    "Default key that protects my DynamoDB data when no other key is defined"
                        .to_owned(),
                created: now,
                tags: BTreeMap::new(),
                multi_region: false,
                rotation_days: Some(365),
                materials,
                grants: Vec::new(),
            },
        );
        arn
    }
}

/// The encryption context that DynamoDB binds a table key to.
fn table_context(wanted: &TableKeyUse<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([
        (
            "aws:dynamodb:subscriberId".to_owned(),
            wanted.table_account.to_owned(),
        ),
        ("aws:dynamodb:tableName".to_owned(), wanted.table.to_owned()),
    ])
}

/// The fixed policy of `aws/dynamodb`: whoever may use DynamoDB in the account gets through.
fn managed_policy(account: &str, region: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "auto-dynamodb-1",
        "Statement": [
            {
                "Sid": "Allow access through Amazon DynamoDB for all principals in the account that are authorized to use Amazon DynamoDB",
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": { "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": format!("dynamodb.{region}.amazonaws.com"),
                } },
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
            {
                "Sid": "Allow DynamoDB Service with service principal name dynamodb.amazonaws.com to describe the key directly",
                "Effect": "Allow",
                "Principal": { "Service": "dynamodb.amazonaws.com" },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
                "Resource": "*",
            },
        ],
    })
    .to_string()
}
