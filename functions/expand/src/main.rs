// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`keyproof_expand::Function::handle`].

use std::time::SystemTime;

use jiff::Timestamp;
use keyproof_expand::{Answer, Aws, HandlerError, Invocation};
use keyproof_process::without_payload;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde_json::Value;

// Calls wait, they don't compute: one thread has no work to hand over, and starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    keyproof_process::begin_function();

    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        // Boxed: too deep for the compiler to lay out inside Lambda's own.
        let answer = Box::pin(handle(&event.payload, &event.context));
        let answer = without_payload(answer).await;
        answer.inspect_err(|error: &HandlerError| {
            tracing::error!(
                request_id = event.context.request_id,
                error_type = error.name(),
                error_message = %error,
                "not all inventories are expanded"
            );
        })
    }))
    .await
}

async fn handle(payload: &Value, context: &Context) -> Result<Answer, HandlerError> {
    // Anew each time: what the stack is made of may be otherwise by the next hour.
    let function = Aws::of(|name| std::env::var(name).ok()).await?;
    let deadline = context.deadline();
    let invocation = Invocation {
        now: Timestamp::now(),
        remaining: deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default(),
    };
    function.handle(payload, &invocation).await
}
