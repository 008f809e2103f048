// SPDX-License-Identifier: Apache-2.0
//! The endpoint of the benchmarks: every role may be assumed, every table holds the canary.
//!
//! `scripted [--latency-ms N] [--port N]` prints its URL and serves until it is killed.

#![expect(
    clippy::print_stdout,
    reason = "the URL on stdout is this program's output"
)]

use std::process::ExitCode;
use std::time::Duration;

use keyproof_scripted::{Script, Scripted, World};
use serde_json::json;

fn main() -> ExitCode {
    let mut latency = 0;
    let mut port = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u16>().ok());
        match (argument.as_str(), value) {
            ("--latency-ms", Some(value)) => latency = value,
            ("--port", Some(value)) => port = value,
            _ => return ExitCode::from(2),
        }
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::from(2);
    };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", port)).await else {
            return ExitCode::from(2);
        };
        let item = json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "c0ffee" } });
        let scripted = Scripted::serve(
            listener,
            Script {
                latency: Duration::from_millis(latency.into()),
                world: World::of_any_table(item),
                forgetful: true,
                ..Script::default()
            },
        );
        println!("{}", scripted.url());
        std::future::pending::<ExitCode>().await
    })
}
