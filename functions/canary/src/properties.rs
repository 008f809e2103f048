// SPDX-License-Identifier: Apache-2.0
//! The resource's properties.

use std::collections::BTreeMap;

use keyproof_plan::Plan;
use keyproof_state::StackConfig;
use serde::Deserialize;
use serde_json::Value;

/// The properties, read.
#[derive(Debug)]
pub(crate) struct Properties {
    /// The plan.
    pub(crate) plan: Plan,
    /// The plan's text, as the template gives it.
    pub(crate) text: String,
    /// Minutes between two runs of it.
    pub(crate) interval_minutes: u32,
    /// What the command line needs to know of the stack.
    pub(crate) stack: StackConfig,
}

/// As the template writes them. CloudFormation makes a text of every number.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    #[serde(rename = "ServiceToken")]
    _service_token: String,
    #[serde(rename = "ServiceTimeout", default)]
    _service_timeout: Option<Value>,
    plan: String,
    interval_minutes: String,
    stack: WrittenStack,
}

/// The stack's own names, as they stand in the state table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStack {
    stack: String,
    queue_url: String,
    queue_arn: String,
    dead_letter_queues: BTreeMap<String, String>,
    report_bucket: String,
    evidence_bucket: String,
    signing_key: String,
    schedule_group: String,
    scheduler_role_arn: String,
    scheduler_dead_letter_arn: String,
    api_url: String,
}

impl Properties {
    /// Reads the properties; what is wrong, in one sentence, where they are not what the template of
    /// this version writes.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let written = Written::deserialize(value)
            .map_err(|error| format!("the properties can't be read: {error}"))?;
        let interval_minutes = written.interval_minutes.parse().map_err(|_| {
            format!(
                "`IntervalMinutes` is `{}`; expected a number of minutes",
                written.interval_minutes
            )
        })?;
        let stack = written.stack;
        Ok(Self {
            plan: plan(&written.plan)?,
            text: written.plan,
            interval_minutes,
            stack: StackConfig {
                stack: stack.stack,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                queue_url: stack.queue_url,
                queue_arn: stack.queue_arn,
                dead_letter_queues: stack.dead_letter_queues,
                report_bucket: stack.report_bucket,
                evidence_bucket: Some(stack.evidence_bucket),
                signing_key: Some(stack.signing_key),
                schedule_group: stack.schedule_group,
                scheduler_role_arn: stack.scheduler_role_arn,
                scheduler_dead_letter_arn: Some(stack.scheduler_dead_letter_arn),
                api_url: Some(stack.api_url),
            },
        })
    }

    /// The plan alone: what is needed to remove its canaries, however the other properties look by
    /// now. `None` of properties that never were any, as those of a resource that was not made.
    pub(crate) fn plan_in(value: &Value) -> Result<Option<Plan>, String> {
        let text = value.get("Plan").and_then(Value::as_str);
        text.map(plan).transpose()
    }
}

fn plan(text: &str) -> Result<Plan, String> {
    Plan::parse(text).map_err(|errors| {
        let errors: Vec<_> = errors
            .iter()
            .map(|error| format!("{}: {error}", error.place))
            .collect();
        format!("`Plan` is not valid: {}", errors.join("; "))
    })
}
