// SPDX-License-Identifier: Apache-2.0
//! The usual endpoint and plan.

use std::time::Duration;

use aws_credential_types::Credentials;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_plan::Plan;
use keyproof_scripted::{
    ACCESS_KEY_ID, KeyState, SECRET_ACCESS_KEY, Script, Scripted, Table, World,
};
use keyproof_verdict::{ProbeRow, Report};
use serde_json::{Value, json};

pub(crate) const KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub(crate) const READS: [&str; 6] = [
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:TransactGetItems",
];

/// The item that plans call the canary.
pub(crate) fn canary() -> Value {
    json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "c0ffee-canary-content" } })
}

/// `orders` on the plan's key, `keyproof-control` on an AWS owned one, the canary in both.
pub(crate) fn world() -> World {
    let control = json!({ "pk": { "S": "keyproof#canary" } });
    World::default()
        .table("orders", Table::encrypted(canary(), KEY))
        .table("keyproof-control", Table::aws_owned(control))
        .key(KEY, KeyState::Enabled)
}

/// A plan of reader and outsider with these expectations.
pub(crate) fn plan(expectations: &str) -> Plan {
    plan_on(KEY, "", expectations)
}

/// The same with another key of `orders`, and more fields of its own.
pub(crate) fn plan_on(key: &str, more: &str, expectations: &str) -> Plan {
    parse(&format!(
        r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: {key}
    canary:
      key: {{ pk: {{ S: keyproof#canary }} }}
      attributes: {{ proof: {{ S: c0ffee-canary-content }} }}
{more}
  control:
    table: keyproof-control
    key: aws-owned
    canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }}
principals:
  reader: {{ role: "arn:aws:iam::111122223333:role/keyproof/reader" }}
  outsider: {{ role: "arn:aws:iam::111122223333:role/keyproof/outsider" }}
expectations:
{expectations}
"#
    ))
}

#[track_caller]
pub(crate) fn parse(text: &str) -> Plan {
    Plan::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

/// Settings for an endpoint that answers at once, so that no test waits for a retry's last word.
pub(crate) fn settings() -> Settings {
    Settings {
        attempt_timeout: Duration::from_secs(5),
        ..Settings::default()
    }
}

pub(crate) async fn runner(endpoint: &Scripted) -> Runner {
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
    Runner::with_credentials(credentials, endpoint.url(), "us-east-1")
        .await
        .unwrap()
}

/// Runs the plan against the script; the endpoint has kept the requests.
pub(crate) async fn run(plan: &Plan, script: Script) -> (Report, Scripted) {
    run_with(plan, script, &settings()).await
}

pub(crate) async fn run_with(
    plan: &Plan,
    script: Script,
    settings: &Settings,
) -> (Report, Scripted) {
    let endpoint = Scripted::start(script).await;
    let report = verify(plan, settings, &runner(&endpoint).await).await;
    // INVARIANT (nothing lost): each planned probe once, in plan order.
    let planned: Vec<String> = plan.probes().into_iter().map(|probe| probe.id).collect();
    let reported: Vec<String> = report.probes.iter().map(|row| row.id.clone()).collect();
    assert_eq!(reported, planned);
    (report, endpoint)
}

#[track_caller]
pub(crate) fn row<'a>(report: &'a Report, id: &str) -> &'a ProbeRow {
    report
        .probes
        .iter()
        .find(|row| row.id == id)
        .unwrap_or_else(|| panic!("no probe {id}"))
}

/// `finding: reason's code` of a row, or `pass`.
#[track_caller]
pub(crate) fn finding(report: &Report, id: &str) -> String {
    let row = row(report, id);
    let finding = serde_json::to_value(row.finding).unwrap();
    finding.as_str().unwrap_or("pass").to_owned()
}
