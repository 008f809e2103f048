// SPDX-License-Identifier: Apache-2.0
//! The sinks, one file each, each with the port to the one call that it makes.

mod archive;
mod bus;
mod evidence;
mod hub;
mod log;
mod topic;

pub use archive::{Archives, PutObject};
pub use bus::{EventBus, PutEvents, Refused};
pub use evidence::{EvidenceVault, PlanTexts, Seal, Vault};
pub use hub::{
    Failed, FindingNote, Hub, ImportFindings, Ledger, NoteChange, Renew, Renewal, UpdateFindings,
};
pub use log::Log;
pub use topic::{Message, PublishMessage, Topic};

use std::future::Future;
use std::pin::Pin;

use crate::SinkError;

/// A call of a sink's.
pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<T, SinkError>> + 'a>>;
