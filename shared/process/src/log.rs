// SPDX-License-Identifier: Apache-2.0
//! A function's log.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// keyproof's own events only: the SDK's hold requests and replies.
pub(crate) fn to_stdout() {
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stdout);
    let ours = Targets::new().with_target("keyproof", LevelFilter::INFO);
    // A second time in one process changes nothing.
    let _ = registry().with(lines.with_filter(ours)).try_init();
}
