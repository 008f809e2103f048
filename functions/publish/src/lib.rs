// SPDX-License-Identifier: Apache-2.0
//! The publish function: what the state table learnt, told to whom it concerns.
//!
//! The stream of the state table brings every committed run and what it changed, in order. Each is
//! told to each [`Sink`] once; what was told is marked in the table, so that a record that comes
//! again, whole or in part, is told to nobody twice. A sink that can't be told holds up nobody but
//! itself. A sweep looks every few minutes for what no stream tells: silence.

mod aws;
mod batch;
mod error;
mod event;
mod home;
mod image;
mod marks;
mod metrics;
mod page;
mod publisher;
mod request;
mod run;
mod sink;
mod sinks;
mod sweep;

pub use aws::{Aws, PERMISSIONS, Settings};
pub use batch::{BatchAnswer, Failure};
pub use error::HandlerError;
pub use event::{Event, SOURCE};
pub use home::Home;
pub use image::{ImageError, Record};
pub use marks::{Mark, Marking, Marks};
pub use page::{Kind, Page};
pub use publisher::{Invocation, Publisher};
pub use request::{Request, StreamChange, StreamRecord};
pub use run::{Archive, Location, ReadRun, Reading, Run, WholeRun};
pub use sink::{About, Sink, SinkError, Telling, Told};
pub use sinks::{
    Archives, Calling, EventBus, EvidenceVault, Failed, FindingNote, Hub, ImportFindings, Ledger,
    Log, Message, NoteChange, PlanTexts, PublishMessage, PutEvents, PutObject, Refused, Renew,
    Renewal, Seal, Topic, UpdateFindings, Vault,
};
pub use sweep::Times;
