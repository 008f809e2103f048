// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`Function::handle`](keyproof_api::Function::handle).

use std::io;

use keyproof_api::{Aws, HttpRequest, Moment};
use lambda_runtime::{LambdaEvent, service_fn};
use tokio::sync::OnceCell;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

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

    let function = OnceCell::new();
    let function = &function;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<HttpRequest>| async move {
            let made = async || Aws::of(|name| std::env::var(name).ok()).await;
            let function = function.get_or_try_init(made).await?;
            // Boxed: too deep for the compiler to lay out inside Lambda's.
            let answered = Box::pin(function.handle(&event.payload, Moment::now()));
            Ok::<_, lambda_runtime::Error>(answered.await)
        },
    ))
    .await
}
