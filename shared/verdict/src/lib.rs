// SPDX-License-Identifier: Apache-2.0
//! Observations in, verdicts and report out.
//!
//! Pure: [`classify()`] reads what a service answered, [`judge()`] turns a run's [`Observations`] into a
//! [`Report`]. Nothing here asks the clock or the network, and what was not observed never passes.

#![deny(clippy::wildcard_enum_match_arm)]

mod classify;
mod judge;
mod observation;
mod report;
mod resume;
mod sentence;
mod sentinel;
mod words;

pub use classify::{classify, classify_call, classify_cancellation, retryable};
pub use judge::{Judge, RunFacts, clause, judge, judge_unwatched, observed_row};
pub use observation::{
    Answer, Blindness, Denial, Encryption, Evidence, KeyState, Observation, Observations,
    TableObservation,
};
pub use report::{
    Alternative, BegunRun, CallRow, Cause, Change, Contribution, DocumentRow, Environment,
    ExceptionNote, ExpectedRow, Finding, FirstLine, Line, NoteRow, ObservedRow, PartRow, PlanRow,
    ProbeRow, Report, ReportError, Run, Sentinel, Summary, Trial, Verdict,
};
pub use resume::{Earlier, ForeignRow, Kept};
pub use words::{policy_noun, service_name};
