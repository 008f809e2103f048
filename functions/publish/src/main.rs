// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`keyproof_publish::Publisher::handle`].

use std::io;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use keyproof_publish::{Aws, HandlerError, Home, Invocation, Settings};
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// What must be left of an invocation's time to begin with another record.
const MARGIN: Duration = Duration::from_secs(15);

// Calls wait, they don't compute: one thread has no work to hand over, and starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // keyproof's own events only: the SDK's hold requests and replies.
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stdout);
    let ours = Targets::new().with_target("keyproof", LevelFilter::INFO);
    registry().with(lines.with_filter(ours)).init();

    // Put together by the first invocation, and kept.
    let publisher = OnceCell::new();
    let publisher = &publisher;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        // Boxed: too deep for the compiler to lay out inside Lambda's own.
        let answer = Box::pin(handle(publisher, &event.payload, &event.context)).await;
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

/// The process's environment, as far as it is text.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
