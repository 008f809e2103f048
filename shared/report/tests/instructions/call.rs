// SPDX-License-Identifier: Apache-2.0
//! A run's own calls: through the SDK, signed and read back, to a service in this process that answers at
//! once. What is measured is everything that a probe costs but the network.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_plan::Plan;
use keyproof_verdict::Report;

use super::KEY;

/// Runs the plan of a reader and an outsider.
pub(super) fn run(plan: &Plan) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let http = SharedHttpClient::new(Canned);
    let credentials = Credentials::new("AKIARUNNER", "secret", None, None, "test");
    runtime.unwrap().block_on(async {
        let runner = Runner::in_process(credentials, http, "us-east-1").await;
        // One after the other: how many wait at once is a matter of chance else.
        let settings = Settings {
            concurrency: 1,
            quota_share: Some(100),
            ..Settings::default()
        };
        verify(plan, &settings, &runner.unwrap()).await
    })
}

/// Answers as the services do, whoever asks.
#[derive(Clone, Debug)]
struct Canned;

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = answer(&request);
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn answer(request: &HttpRequest) -> (u16, String) {
    let header = |name| request.headers().get(name).unwrap_or_default();
    let target = header("x-amz-target");
    let operation = target.split('.').next_back().unwrap_or_default();
    let outsider = header("authorization").contains("ASIAoutsider");
    let denied = |message: String| {
        let body = format!(r#"{{"__type":"AccessDeniedException","message":"{message}"}}"#);
        (400, body)
    };
    match (operation, outsider) {
        ("GetItem", false) => (200, r#"{"Item":{"pk":{"S":"c"}}}"#.to_owned()),
        ("Scan", false) => (200, r#"{"Items":[{"pk":{"S":"c"}}],"Count":1,"ScannedCount":1}"#.to_owned()),
        ("GetItem" | "Scan", true) => denied(
            "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers \
             to a customer master key that does not exist, does not exist in this region, or you are not allowed \
             to access. (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"
                .to_owned(),
        ),
        ("Decrypt", false) => {
            let message = "The request would have succeeded, but the DryRun option is set.";
            (400, format!(r#"{{"__type":"DryRunOperationException","message":"{message}"}}"#))
        }
        ("Decrypt", true) => denied(format!(
            "User: arn:aws:sts::111122223333:assumed-role/outsider/s is not authorized to perform: kms:Decrypt on \
             resource: {KEY} because no resource-based policy allows the kms:Decrypt action"
        )),
        ("DescribeTable", _) => {
            let asked = request.body().bytes().unwrap_or_default();
            let asked: serde_json::Value = serde_json::from_slice(asked).unwrap();
            let table = serde_json::json!({"Table": {
                "TableName": asked.get("TableName"), "TableStatus": "ACTIVE",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
            }});
            (200, table.to_string())
        }
        ("DescribeKey", _) => (200, format!(
            r#"{{"KeyMetadata":{{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","Arn":"{KEY}","KeyState":"Enabled","Enabled":true,"KeyManager":"CUSTOMER"}}}}"#
        )),
        _ => (200, sts(request)),
    }
}

fn sts(request: &HttpRequest) -> String {
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    if !body.contains("Action=AssumeRole") {
        return "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/runner</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>".to_owned();
    }
    let role = if body.contains("role%2Foutsider") {
        "outsider"
    } else {
        "reader"
    };
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/{role}/s</Arn><AssumedRoleId>AROA{role}:s</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
}
