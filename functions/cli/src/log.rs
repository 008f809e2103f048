// SPDX-License-Identifier: Apache-2.0
//! What keyproof does, step by step, on stderr for whoever asks with `-v`.

use std::sync::Mutex;

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, fmt};

use crate::io::Messages;

/// A log of keyproof's own events. The AWS SDK's are left out at every level: they hold requests
/// and replies, and so canaries and session tokens.
pub(crate) fn to(messages: &Messages, verbosity: u8) -> Dispatch {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let lines = fmt::layer()
        .with_writer(Mutex::new(messages.clone()))
        .with_ansi(false)
        // It would go to the process's stderr, and panic where that is closed.
        .log_internal_errors(false)
        .with_filter(Targets::new().with_target("keyproof", level));
    Dispatch::new(Registry::default().with(lines))
}
