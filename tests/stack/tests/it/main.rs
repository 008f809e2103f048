// SPDX-License-Identifier: Apache-2.0
//! The template and the code that it deploys belong together: each function's role and what its code
//! calls, its variables and what its code reads, the events that start runs, alarms and dead letters.
//!
//! To add a function: name it in `FUNCTIONS`, with the permissions and variables that its crate
//! declares.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers fail by panicking"
)]

mod alarms;
mod large_runs;
mod roles;
mod template;
mod triggers;
