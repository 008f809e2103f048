// SPDX-License-Identifier: Apache-2.0
//! Security Hub.

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{AwsSecurityFindingIdentifier, WorkflowStatus, WorkflowUpdate};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use super::Lazy;
use super::error::{call, failure};
use crate::sink::SinkError;
use crate::sinks::{Calling, Failed, ImportFindings, UpdateFindings};

/// What importing needs, on the product.
pub(super) const IMPORT_ACTIONS: &[&str] = &["securityhub:BatchImportFindings"];
/// What setting the workflow needs, on the hub.
pub(super) const UPDATE_ACTIONS: &[&str] = &["securityhub:BatchUpdateFindings"];

/// The Security Hub of the function's account and Region.
#[derive(Debug)]
pub(super) struct SecurityHub {
    client: Lazy<Client>,
}

impl SecurityHub {
    pub(super) const fn new(config: SdkConfig) -> Self {
        Self {
            client: Lazy::new(config),
        }
    }
}

impl ImportFindings for SecurityHub {
    fn import<'a>(&'a self, findings: &'a [Value]) -> Calling<'a, Vec<Failed>> {
        const ACTION: &str = "securityhub:BatchImportFindings";
        Box::pin(async move {
            let body = json!({ "Findings": findings }).to_string();
            // The SDK signs, sends and reads. The body is ours: the findings are JSON as the API
            // takes it, and its types have some thousand fields.
            let sent = self
                .client
                .get(Client::new)
                .batch_import_findings()
                .set_findings(Some(Vec::new()))
                .customize()
                .mutate_request(move |request| {
                    let length = body.len().to_string();
                    request.headers_mut().insert("content-length", length);
                    *request.body_mut() = SdkBody::from(body.as_str());
                })
                .send()
                .await;
            let answer = sent.map_err(|error| call(ACTION, &error))?;
            // <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>
            let imported = answer.success_count().unwrap_or_default();
            let imported = usize::try_from(imported).unwrap_or_default();
            let failed = answer.failed_findings().iter();
            all_answered(ACTION, imported + failed.len(), findings.len())?;
            let failed = failed.map(|finding| {
                let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let why = [part(finding.error_code()), part(finding.error_message())];
                (part(finding.id()), why.join(": "))
            });
            Ok(failed.collect())
        })
    }
}

impl UpdateFindings for SecurityHub {
    fn update<'a>(
        &'a self,
        product_arn: &'a str,
        ids: &'a [String],
        workflow: &'a str,
    ) -> Calling<'a, Vec<Failed>> {
        const ACTION: &str = "securityhub:BatchUpdateFindings";
        Box::pin(async move {
            let mut identifiers = Vec::new();
            for id in ids {
                let identifier = AwsSecurityFindingIdentifier::builder()
                    .id(id)
                    .product_arn(product_arn)
                    .build();
                identifiers.push(identifier);
            }
            let status = WorkflowStatus::from(workflow);
            let sent = self
                .client
                .get(Client::new)
                .batch_update_findings()
                .set_finding_identifiers(Some(identifiers))
                .workflow(WorkflowUpdate::builder().status(status).build())
                .send()
                .await;
            let answer = sent.map_err(|error| call(ACTION, &error))?;
            let failed = answer.unprocessed_findings().iter();
            let updated = answer.processed_findings().len();
            all_answered(ACTION, updated + failed.len(), ids.len())?;
            let failed = failed.map(|finding| {
                let id = finding
                    .finding_identifier()
                    .and_then(|identifier| identifier.id());
                let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let why = [part(finding.error_code()), part(finding.error_message())];
                (part(id), why.join(": "))
            });
            Ok(failed.collect())
        })
    }
}

/// A finding without an answer was not taken, as far as anybody knows.
fn all_answered(action: &'static str, answered: usize, asked: usize) -> Result<(), SinkError> {
    if answered >= asked {
        return Ok(());
    }
    let why = format!("the reply answers for {answered} of {asked} findings");
    Err(failure(action, &why))
}
