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
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(()),
            Err(error) => Err(HandlerError::NotStarted(why(&error))),
        }
    }
}
