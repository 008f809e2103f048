// SPDX-License-Identifier: Apache-2.0
//! The Lambda program: Lambda's runtime around [`Function::handle`](keyproof_api::Function::handle).

use keyproof_api::{Aws, HttpRequest, Moment};
use keyproof_process::without_payload;
use lambda_runtime::{LambdaEvent, service_fn};
use tokio::sync::OnceCell;

// Calls wait, they don't compute: one thread has no work to hand over, and starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    keyproof_process::begin_function();

    let function = OnceCell::new();
    let function = &function;
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<HttpRequest>| async move {
            let made = async || Aws::of(|name| std::env::var(name).ok()).await;
            let function = function.get_or_try_init(made).await?;
            // Boxed: too deep for the compiler to lay out inside Lambda's.
            let answered = Box::pin(function.handle(&event.payload, Moment::now()));
            Ok::<_, lambda_runtime::Error>(without_payload(answered).await)
        },
    ))
    .await
}
