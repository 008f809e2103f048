// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`keyproof_canary::handle`].

use std::io;
use std::time::SystemTime;

use keyproof_canary::{Aws, Https, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // keyproof's own events only: the SDK's hold requests and replies.
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stdout);
    let ours = Targets::new().with_target("keyproof", LevelFilter::INFO);
    registry().with(lines.with_filter(ours)).init();

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
            let answered = Box::pin(handle(&event.payload, remaining, service, &Https)).await;
            // Lambda has no use for the answer: CloudFormation has it.
            answered.map(|_| ()).inspect_err(|error| {
                tracing::error!(error_message = %error, "CloudFormation waits");
            })
        },
    ))
    .await
}
