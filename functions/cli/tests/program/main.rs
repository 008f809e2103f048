// SPDX-License-Identifier: Apache-2.0
//! The program itself, run as a user would run it: exit codes, streams, files.
//!
//! Each file is one command or one property. `support` starts the program in a directory and an
//! environment of its own; AWS is the scripted endpoint or the sandbox. A new case is a test in the
//! file of its command.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking"
)]

mod account;
mod canary;
mod check;
mod demo;
mod doctor;
mod drill;
mod evidence;
mod help;
mod hostile;
mod hostile_rows;
mod interrupted;
mod orders;
mod outputs;
mod plan;
mod plan_expand;
mod plan_init;
mod report;
mod resume;
mod sandbox;
mod shard;
mod simulate;
mod stack;
mod streams;
mod support;
mod terminal;
mod verify;
mod verify_sandbox;
mod ways;
