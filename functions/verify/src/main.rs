// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`Function::handle`].

use std::io;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use keyproof_process::{environment, without_payload};
use keyproof_verify::{Aws, Function, Invocation};
use lambda_runtime::{LambdaEvent, service_fn};

// Calls wait, they don't compute: one thread has no work to hand over, and starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    keyproof_process::begin_function();

    let function = Function::new(Aws::new(environment), environment);
    let function = &function;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<serde_json::Value>| async move {
            let mut stdout = io::stdout();
            let invocation = Invocation {
                request_id: event.context.request_id.clone(),
                trace_id: event.context.xray_trace_id.clone(),
                remaining: remaining(event.context.deadline(), SystemTime::now()),
            };
            // Boxed: a run's future is too deep for the compiler to lay out inside Lambda's.
            let answer: Pin<Box<dyn Future<Output = _>>> =
                Box::pin(function.handle(&event.payload, &invocation, &mut stdout));
            without_payload(answer).await
        },
    ))
    .await
}

/// The time left until Lambda ends the function.
///
/// Lambda says the moment; `cargo lambda watch` says a length of time in the same header, which
/// taken as a moment is in January 1970.
fn remaining(deadline: SystemTime, now: SystemTime) -> Duration {
    const DAY: Duration = Duration::from_hours(24);
    match deadline.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(length) if length < DAY => length,
        Ok(_) | Err(_) => deadline.duration_since(now).unwrap_or_default(),
    }
}
