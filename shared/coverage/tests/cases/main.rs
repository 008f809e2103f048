// SPDX-License-Identifier: Apache-2.0
//! Check's five cases, changed for the worse and harmlessly: every regression is found and its
//! statement named, and no harmless edit raises an alarm.
//!
//! A new folder under `shared/check/cases` is covered without a line of code.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking"
)]

mod harmless;
mod regressions;
mod support;
