// SPDX-License-Identifier: Apache-2.0
//! The operator's look at a key: its policy and its grants.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::types::{GrantListEntry, GrantOperation};
use keyproof_aws::Runner;
use keyproof_policy::{Document, Grammar, Grant, PolicyType};
use keyproof_verdict::DocumentRow;

/// How long one call may take. A diagnosis comes after the verdict and must not hold it up.
const PATIENCE: Duration = Duration::from_secs(10);

/// More grants than this can't be listed in reasonable time: KMS allows 50,000 a key.
const MOST_PAGES: usize = 100;

/// What decides who may use a key, apart from the callers' own policies.
#[derive(Debug)]
pub(super) struct KeyDocuments {
    /// The key's ARN.
    pub(super) arn: String,
    /// Its policy, as it is told.
    pub(super) row: DocumentRow,
    /// Its policy, to be evaluated.
    pub(super) policy: Document,
    /// Its grants.
    pub(super) grants: Vec<Grant>,
}

/// Looks at keys as the operator.
#[derive(Debug)]
pub(super) struct Looker {
    kms: Client,
}

impl Looker {
    pub(super) fn new(runner: &Runner, region: &str) -> Self {
        Self {
            kms: Client::new(&runner.sdk_config(region)),
        }
    }

    /// Reads a key's documents. The error is a sentence about what could not be read.
    pub(super) async fn look(&self, key_id: &str) -> Result<KeyDocuments, String> {
        let described = self.kms.describe_key().key_id(key_id).send();
        let described = answer("kms:DescribeKey", key_id, described).await?;
        let arn = described
            .key_metadata()
            .and_then(|key| key.arn())
            .unwrap_or(key_id)
            .to_owned();
        let read = self
            .kms
            .get_key_policy()
            .key_id(&arn)
            .policy_name("default")
            .send();
        let read = answer("kms:GetKeyPolicy", &arn, read).await?;
        let text = read.policy().unwrap_or_default();
        let policy = Document::parse(text, Grammar::Resource)
            .map_err(|error| format!("the policy of `{arn}` can't be evaluated: {error}"))?;
        // What was parsed is JSON.
        let content = serde_json::from_str(text).unwrap_or_default();
        let row = DocumentRow::new(&*arn, PolicyType::ResourcePolicy, content);
        let grants = self.grants(&arn).await?;
        Ok(KeyDocuments {
            arn,
            row,
            policy,
            grants,
        })
    }

    async fn grants(&self, arn: &str) -> Result<Vec<Grant>, String> {
        let mut grants = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let listed = self
                .kms
                .list_grants()
                .key_id(arn)
                .set_marker(marker.take())
                .send();
            let page = answer("kms:ListGrants", arn, listed).await?;
            grants.extend(page.grants().iter().filter_map(grant));
            match page.next_marker() {
                Some(next) if page.truncated() => marker = Some(next.to_owned()),
                Some(_) | None => return Ok(grants),
            }
        }
        Err(format!("`{arn}` has too many grants to look through"))
    }
}

async fn answer<T, E>(
    action: &str,
    key: &str,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, String>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let failed = |why: String| format!("no diagnosis of `{key}`: {action}: {why}");
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => Err(failed("no answer in time".to_owned())),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(failed(match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, _) => DisplayErrorContext(&error).to_string(),
        })),
    }
}

pub(crate) fn grant(entry: &GrantListEntry) -> Option<Grant> {
    let operations = entry.operations().iter().map(GrantOperation::as_str);
    let mut grant = Grant::new(entry.grantee_principal()?, operations);
    grant.id = entry.grant_id().map(Into::into);
    let pairs = |map: &std::collections::HashMap<String, String>| {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    if let Some(constraints) = entry.constraints() {
        grant.encryption_context_subset = constraints
            .encryption_context_subset()
            .map(pairs)
            .unwrap_or_default();
        grant.encryption_context_equals = constraints
            .encryption_context_equals()
            .map(pairs)
            .unwrap_or_default();
    }
    Some(grant)
}
