// SPDX-License-Identifier: Apache-2.0
//! AWS itself, read as the operator. What it answers is put together as the AWS CLI would write it.

mod account;
mod events;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::types::{GrantOperation, KeyManagerType, KeySpec, KeyState, KeyUsageType};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::region::Region;
use keyproof_core::RoleArn;
use keyproof_failure::why;
use serde_json::{Value, json};

use crate::port::ReadDocuments;

/// How long one call may take. A diagnosis comes after the verdict and must not hold it up.
const PATIENCE: Duration = Duration::from_secs(10);

/// More grants, policies or events than this can't be looked through in reasonable time.
const MOST_PAGES: usize = 100;

/// Reads documents and events as whoever the configuration's credentials are.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    dynamodb: aws_sdk_dynamodb::Client,
    iam: aws_sdk_iam::Client,
    kms: aws_sdk_kms::Client,
    sts: aws_sdk_sts::Client,
}

impl Aws {
    /// Reads in this region; IAM, which has none, and its events in us-east-1.
    #[must_use]
    pub fn new(config: SdkConfig, region: &str) -> Self {
        let region = Region::new(region.to_owned());
        let config = config.into_builder().region(region).build();
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
        }
    }
}

/// An answer, or a clause about why there is none: `of` is a name, or `the` something.
async fn answer<T, E>(
    action: &str,
    of: &str,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, Failed>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let of = if of.starts_with("the ") {
        of.to_owned()
    } else {
        format!("`{of}`")
    };
    let failed = |code: Option<&str>, why: String| Failed {
        code: code.map(str::to_owned),
        clause: format!("{action} of {of}: {why}"),
    };
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => Err(failed(None, "no answer in time".to_owned())),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(failed(error.code(), why(&error))),
    }
}

struct Failed {
    code: Option<String>,
    clause: String,
}

impl From<Failed> for String {
    fn from(failed: Failed) -> Self {
        failed.clause
    }
}

impl Aws {
    /// A role's trust policy, from one call.
    ///
    /// # Errors
    ///
    /// Where the role can't be read, is another account's, or has a policy that is none: a clause.
    pub async fn trust(&self, role: &RoleArn) -> Result<Value, String> {
        let name = role.role_name();
        let got = self.iam.get_role().role_name(name).send();
        let got = answer("iam:GetRole", name, got).await?;
        let found = got.role().filter(|found| found.arn() == role.as_str());
        let policy = found.and_then(|found| found.assume_role_policy_document());
        policy.and_then(keyproof_account::policy).ok_or_else(|| {
            format!("iam:GetRole of `{name}`: the reply has no trust policy of `{role}`")
        })
    }
}

impl ReadDocuments for Aws {
    async fn key(&self, key: &str) -> Result<Value, String> {
        let described = self.kms.describe_key().key_id(key).send();
        let described = answer("kms:DescribeKey", key, described).await?;
        let metadata = described
            .key_metadata()
            .ok_or_else(|| format!("kms:DescribeKey of `{key}`: the reply describes no key"))?;
        let arn = metadata.arn().unwrap_or(key);
        let read = self.kms.get_key_policy().key_id(arn).policy_name("default");
        let read = answer("kms:GetKeyPolicy", arn, read.send()).await?;
        let mut grants = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let listed = self.kms.list_grants().key_id(arn).set_marker(marker.take());
            let page = answer("kms:ListGrants", arn, listed.send()).await?;
            grants.extend(page.grants().iter().map(grant));
            match page.next_marker() {
                Some(next) if page.truncated() => marker = Some(next.to_owned()),
                Some(_) | None => break,
            }
        }
        if marker.is_some() {
            return Err(format!(
                "kms:ListGrants of `{arn}`: there are too many to look through"
            ));
        }
        let text = |value: Option<&str>| value.map(str::to_owned);
        Ok(json!({
            "KeyMetadata": {
                "Arn": arn,
                "KeyId": metadata.key_id(),
                "KeyManager": text(metadata.key_manager().map(KeyManagerType::as_str)),
                "KeySpec": text(metadata.key_spec().map(KeySpec::as_str)),
                "KeyState": text(metadata.key_state().map(KeyState::as_str)),
                "KeyUsage": text(metadata.key_usage().map(KeyUsageType::as_str)),
                "Enabled": metadata.enabled(),
                "MultiRegion": metadata.multi_region(),
            },
            "Policy": read.policy(),
            "Grants": grants,
        }))
    }

    async fn table(&self, table: &str) -> Result<Value, String> {
        let described = self.dynamodb.describe_table().table_name(table).send();
        let described = answer("dynamodb:DescribeTable", table, described).await?;
        let found = described.table().ok_or_else(|| {
            format!("dynamodb:DescribeTable of `{table}`: the reply describes no table")
        })?;
        let arn = found.table_arn().unwrap_or(table);
        let policy = self.dynamodb.get_resource_policy().resource_arn(arn).send();
        let policy = match answer("dynamodb:GetResourcePolicy", table, policy).await {
            Ok(policy) => policy.policy,
            // That is how DynamoDB says that there is none.
            Err(failed) if failed.code.as_deref() == Some("PolicyNotFoundException") => None,
            Err(failed) => return Err(failed.into()),
        };
        let schema = |keys: &[aws_sdk_dynamodb::types::KeySchemaElement]| -> Value {
            keys.iter()
                .map(|one| json!({"AttributeName": one.attribute_name(), "KeyType": one.key_type().as_str()}))
                .collect()
        };
        let index =
            |name: Option<&str>, keys| json!({"IndexName": name, "KeySchema": schema(keys)});
        let global = found.global_secondary_indexes().iter();
        let local = found.local_secondary_indexes().iter();
        let sse = found.sse_description().map(|sse| {
            json!({
                "Status": sse.status().map(|one| one.as_str().to_owned()),
                "KMSMasterKeyArn": sse.kms_master_key_arn(),
            })
        });
        Ok(json!({
            "Table": {
                "TableName": found.table_name(),
                "TableArn": arn,
                "KeySchema": schema(found.key_schema()),
                "AttributeDefinitions": found.attribute_definitions().iter().map(|one| {
                    json!({"AttributeName": one.attribute_name(), "AttributeType": one.attribute_type().as_str()})
                }).collect::<Value>(),
                "GlobalSecondaryIndexes": global.map(|one| index(one.index_name(), one.key_schema())).collect::<Value>(),
                "LocalSecondaryIndexes": local.map(|one| index(one.index_name(), one.key_schema())).collect::<Value>(),
                "SSEDescription": sse,
            },
            "Policy": policy,
        }))
    }

    async fn role(&self, name: &str) -> Result<Value, String> {
        let got = answer(
            "iam:GetRole",
            name,
            self.iam.get_role().role_name(name).send(),
        )
        .await?;
        let role = got
            .role()
            .ok_or_else(|| format!("iam:GetRole of `{name}`: the reply describes no role"))?;
        let inline = self.inline(name).await?;
        let mut attached = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let listed = self.iam.list_attached_role_policies().role_name(name);
            let listed = listed.set_marker(marker.take()).send();
            let page = answer("iam:ListAttachedRolePolicies", name, listed).await?;
            attached.extend(
                page.attached_policies()
                    .iter()
                    .filter_map(|one| one.policy_arn().map(str::to_owned)),
            );
            match page.marker() {
                Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
                Some(_) | None => break,
            }
        }
        let boundary = role
            .permissions_boundary()
            .and_then(|boundary| boundary.permissions_boundary_arn())
            .map(str::to_owned);
        let all: BTreeSet<&String> = attached.iter().chain(&boundary).collect();
        let mut policies = Vec::new();
        for arn in all {
            policies.push(self.managed(arn).await?);
        }
        Ok(json!({
            "RoleDetailList": [{
                "RoleName": role.role_name(),
                "Path": role.path(),
                "Arn": role.arn(),
                "AssumeRolePolicyDocument": role.assume_role_policy_document(),
                "MaxSessionDuration": role.max_session_duration(),
                "RolePolicyList": inline,
                "AttachedManagedPolicies": attached.iter().map(|arn| json!({"PolicyArn": arn})).collect::<Value>(),
                "PermissionsBoundary": boundary.map(|arn| json!({"PermissionsBoundaryArn": arn})),
                "Tags": tags(role.tags()),
            }],
            "Policies": policies,
        }))
    }

    async fn caller(&self) -> Result<String, String> {
        let identity = answer(
            "sts:GetCallerIdentity",
            "the runner",
            self.sts.get_caller_identity().send(),
        )
        .await?;
        let arn = identity.arn.unwrap_or_default();
        // A session's ARN leaves out the role's path.
        let Some((_, session)) = arn.split_once(":assumed-role/") else {
            return Ok(arn);
        };
        let name = session.split('/').next().unwrap_or_default();
        let got = answer(
            "iam:GetRole",
            name,
            self.iam.get_role().role_name(name).send(),
        )
        .await?;
        got.role()
            .map(|role| role.arn().to_owned())
            .ok_or_else(|| format!("iam:GetRole of `{name}`: the reply describes no role"))
    }
}

impl Aws {
    async fn inline(&self, role: &str) -> Result<Vec<Value>, String> {
        let mut inline = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let listed = self.iam.list_role_policies().role_name(role);
            let listed = listed.set_marker(marker.take()).send();
            let page = answer("iam:ListRolePolicies", role, listed).await?;
            for name in page.policy_names() {
                let read = self.iam.get_role_policy().role_name(role).policy_name(name);
                let read = answer("iam:GetRolePolicy", role, read.send()).await?;
                inline.push(json!({"PolicyName": name, "PolicyDocument": read.policy_document()}));
            }
            match page.marker() {
                Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
                Some(_) | None => break,
            }
        }
        Ok(inline)
    }

    /// The default version of a managed policy.
    async fn managed(&self, arn: &str) -> Result<Value, String> {
        let got = self.iam.get_policy().policy_arn(arn).send();
        let got = answer("iam:GetPolicy", arn, got).await?;
        let missing = || format!("iam:GetPolicy of `{arn}`: the reply describes no policy");
        let policy = got.policy().ok_or_else(missing)?;
        let version = policy.default_version_id().ok_or_else(missing)?;
        let read = self
            .iam
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version);
        let read = answer("iam:GetPolicyVersion", arn, read.send()).await?;
        let document = read.policy_version().and_then(|version| version.document());
        Ok(json!({
            "PolicyName": policy.policy_name(),
            "Path": policy.path(),
            "Arn": arn,
            "PolicyVersionList": [{"VersionId": version, "IsDefaultVersion": true, "Document": document}],
        }))
    }
}

fn tags(tags: &[aws_sdk_iam::types::Tag]) -> Value {
    let tags = tags.iter();
    tags.map(|tag| json!({"Key": tag.key(), "Value": tag.value()}))
        .collect()
}

fn grant(entry: &aws_sdk_kms::types::GrantListEntry) -> Value {
    let operations: Vec<&str> = entry
        .operations()
        .iter()
        .map(GrantOperation::as_str)
        .collect();
    let constraints = entry.constraints().map(|constraints| {
        json!({
            "EncryptionContextSubset": constraints.encryption_context_subset(),
            "EncryptionContextEquals": constraints.encryption_context_equals(),
        })
    });
    json!({
        "GrantId": entry.grant_id(),
        "GranteePrincipal": entry.grantee_principal(),
        "RetiringPrincipal": entry.retiring_principal(),
        "Operations": operations,
        "Constraints": constraints,
    })
}
