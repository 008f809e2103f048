// SPDX-License-Identifier: Apache-2.0
//! Panics that say where, and not what was being worked on.
//!
//! A panic is a bug; its place is what mends it. Its message may be put together from anything, a reply or a
//! request with its credentials too, so that only messages that stand in the source, word for word, are told.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, PanicHookInfo, resume_unwind, set_hook};

use futures_util::FutureExt;

/// What stands in the place of a message that was put together.
const KEPT_BACK: &str = "its message is kept back, as it may hold data";

/// Has panics told on standard error by their place, with a backtrace where `RUST_BACKTRACE` asks for one.
pub fn quiet_panics() {
    set_hook(Box::new(|panicked| {
        let mut stderr = io::stderr().lock();
        // Where nobody reads, there is nobody to tell.
        let _ = writeln!(stderr, "{}", sentence(panicked));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            let _ = writeln!(stderr, "{backtrace}");
        }
    }));
}

fn sentence(panicked: &PanicHookInfo<'_>) -> String {
    let place = panicked
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let what = panicked.payload().downcast_ref::<&'static str>();
    let what = what.copied().unwrap_or(KEPT_BACK);
    format!("keyproof panicked at {place}, which is a bug: {what}")
}

/// The future's answer. Should it panic, whoever catches that gets no message either: Lambda's runtime would
/// answer its caller with it.
pub async fn without_payload<F: Future>(future: F) -> F::Output {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(answer) => answer,
        Err(_) => resume_unwind(Box::new(
            "keyproof panicked, which is a bug; the log says where",
        )),
    }
}
