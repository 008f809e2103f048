// SPDX-License-Identifier: Apache-2.0
//! The state machine that carries large runs out.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use keyproof_failure::why;
use serde_json::json;

use crate::{HandlerError, LargeRun};

/// What starting an execution needs.
pub(crate) const IAM_ACTIONS: &[&str] = &["states:StartExecution"];

/// A state machine of AWS Step Functions.
#[derive(Debug)]
pub(crate) struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    pub(crate) fn new(config: &aws_types::SdkConfig, arn: &str) -> Self {
        Self {
            client: Client::new(config),
            arn: arn.to_owned(),
        }
    }

    /// Starts the run. The execution is named after the run, so that a request that arrives twice
    /// starts one.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
    pub(crate) async fn start(&self, run: &LargeRun) -> Result<(), HandlerError> {
        let input = json!({ "run": run }).to_string();
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(&run.run_id)
            .input(input)
            .send()
            .await;
        match started {
            // A success that names no execution is somebody else's.
            Ok(output) if output.execution_arn().is_empty() => Err(HandlerError::NotStarted(
                "the reply names no execution".to_owned(),
            )),
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(()),
            Err(error) => Err(HandlerError::NotStarted(why(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use keyproof_aws::Runner;
    use keyproof_scripted::{
        ACCESS_KEY_ID, Reply, Rule, SECRET_ACCESS_KEY, Script, Scripted, World,
    };

    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:keyproof";

    /// What comes of starting a run where Step Functions answers so, and what it was asked.
    async fn started(reply: Reply) -> (Result<(), String>, Vec<serde_json::Value>) {
        let script = Script::new(World::of_any_table(json!({})));
        let script = script.rule(Rule::new(reply).on("StartExecution"));
        let endpoint = Scripted::start(script).await;
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
        let runner = Runner::with_credentials(credentials, endpoint.url(), "us-east-1");
        let runner = runner.await.unwrap();
        let run = serde_json::from_value(json!({
            "plan": "orders", "version": 3, "digest": "sha256:00", "run_id": "01KEYPR00F0000000000000000",
            "seq": 7, "trigger": "schedule", "started_at": "2026-01-15T00:00:00Z",
        }));
        let machine = StateMachine::new(&runner.service_config(None), ARN);
        let came = machine.start(&run.unwrap()).await;
        let asked = endpoint.requests_of("StartExecution");
        (
            came.map_err(|error| error.to_string()),
            asked.into_iter().map(|request| request.body).collect(),
        )
    }

    #[tokio::test]
    async fn a_run_is_started_once_its_execution_has_a_name_and_not_before() {
        let name = "01KEYPR00F0000000000000000";
        let reply = json!({ "executionArn": format!("{ARN}:{name}"), "startDate": 1_768_435_200 });
        let (came, asked) = started(Reply::body(&reply.to_string())).await;
        assert_eq!(came, Ok(()));
        assert_eq!(asked.len(), 1);
        assert_eq!(asked.first().unwrap()["stateMachineArn"], ARN);
        assert_eq!(asked.first().unwrap()["name"], name);

        // It was started before.
        let there = Reply::error(400, "ExecutionAlreadyExists", "Execution Already Exists");
        assert_eq!(started(there).await.0, Ok(()));

        let not_started = |why: &str| Err(format!("the state machine can't be started: {why}"));
        let refused = Reply::error(400, "StateMachineDoesNotExist", "no such machine");
        let why = "StateMachineDoesNotExist: no such machine";
        assert_eq!(started(refused).await.0, not_started(why));
        for reply in ["", "{}", r#"{"executionArn": ""}"#] {
            let (came, _) = started(Reply::body(reply)).await;
            assert_eq!(
                came,
                not_started("the reply names no execution"),
                "{reply:?}"
            );
        }
    }
}
