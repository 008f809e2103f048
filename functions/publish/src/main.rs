// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`keyproof_publish::Publisher::handle`].

use std::io;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use keyproof_process::{environment, without_payload};
use keyproof_publish::{Aws, HandlerError, Home, Invocation, Settings};
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;

/// What must be left of an invocation's time to begin with another record.
const MARGIN: Duration = Duration::from_secs(15);

// Calls wait, they don't compute: one thread has no work to hand over, and starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    keyproof_process::begin_function();

    // Put together by the first invocation, and kept.
    let publisher = OnceCell::new();
    let publisher = &publisher;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        // Boxed: too deep for the compiler to lay out inside Lambda's own.
        let answer = Box::pin(handle(publisher, &event.payload, &event.context));
        let answer = without_payload(answer).await;
        answer.inspect_err(|error: &HandlerError| {
            tracing::error!(
                request_id = event.context.request_id,
                error_type = error.name(),
                error_message = %error,
                "not published"
            );
        })
    }))
    .await
}

async fn handle(
    publisher: &OnceCell<Aws>,
    payload: &Value,
    context: &Context,
) -> Result<Value, HandlerError> {
    let publisher = publisher
        .get_or_try_init(|| async { Settings::read(environment())?.build().await })
        .await?;
    let home = Home::of(&context.invoked_function_arn).ok_or_else(|| {
        HandlerError::Configuration("Lambda names the function by no ARN".to_owned())
    })?;
    let deadline = context.deadline();
    let invocation = Invocation {
        home: &home,
        now: Timestamp::now(),
        time_is_up: &|| SystemTime::now() + MARGIN > deadline,
    };
    publisher
        .handle(payload, &invocation, &mut io::stdout())
        .await
}
