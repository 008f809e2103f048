// SPDX-License-Identifier: Apache-2.0
//! The real AWS: assumes roles, probes, inspects, plants canaries.
//!
//! [`verify()`] carries a plan out and judges it; [`examine()`] asks for what a run would need;
//! [`plant`] and [`remove`] care for the canaries; [`drill()`] gives temporary access and takes it
//! back. A [`Runner`] holds the operator's credentials. Nothing here ever changes a key or a policy.
//! The only writes that can hold are those of [`plant`] and [`remove`], and the grants of
//! [`drill()`], which it revokes.

mod calls;
mod canary;
mod clock;
mod cut;
mod denial_inside;
mod drill;
mod examine;
mod failure;
mod inspect;
mod item;
mod observe;
mod probe;
mod redact;
mod rows;
mod run;
mod runner;
mod session;
mod settings;
mod transport;
mod verify;

pub use canary::{CanaryOutcome, CanaryState, plant, remove};
pub use clock::ClockReading;
pub use cut::{Cut, EarlierRows};
pub use drill::{DrillError, DrillOptions, Patience, clean_up, drill};
pub use examine::{
    Examination, IndexFacts, KeyFacts, TableExamination, TableFacts, examine, resolve,
};
pub use rows::{AllRows, Rows};
pub use runner::{Runner, RunnerError, service_timeouts};
pub use settings::Settings;
pub use transport::service_http_client;
pub use verify::{verify, verify_into, verify_until};

/// The IAM actions that each adapter needs, of the operator unless said otherwise.
pub mod iam_actions {
    pub use crate::canary::{PLANT_ACTIONS as PLANT, REMOVE_ACTIONS as REMOVE};
    pub use crate::drill::IAM_ACTIONS as DRILL;
    pub use crate::inspect::IAM_ACTIONS as INSPECT;
    pub use crate::probe::{DYNAMODB_ACTIONS as PROBE_DYNAMODB, KMS_ACTIONS as PROBE_KMS};
    pub use crate::session::IAM_ACTIONS as ASSUME;
}
