// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`keyproof_canary::handle`].

use std::time::SystemTime;

use keyproof_canary::{Aws, Https, handle};
use keyproof_process::without_payload;
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    keyproof_process::begin_function();

    lambda_runtime::run(service_fn(
        |event: LambdaEvent<serde_json::Value>| async move {
            let deadline = event.context.deadline();
            let remaining = deadline
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            // Not before there is an event: what is wrong with the environment is told to CloudFormation.
            let service = async {
                let made = Aws::of(|name| std::env::var(name).ok()).await;
                made.map_err(|error| error.to_string())
            };
            // Boxed: too deep for the compiler to lay out inside Lambda's.
            let answered = Box::pin(handle(&event.payload, remaining, service, &Https));
            let answered = without_payload(answered).await;
            // Lambda has no use for the answer: CloudFormation has it.
            answered.map(|_| ()).inspect_err(|error| {
                tracing::error!(error_message = %error, "CloudFormation waits");
            })
        },
    ))
    .await
}
