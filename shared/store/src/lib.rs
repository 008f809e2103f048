// SPDX-License-Identifier: Apache-2.0
//! The state table, the report bucket, the run queue and the schedules of the deployed service.
//!
//! [`Store`] is what the functions and the command line say to the state table, written once over a
//! port of four operations, [`Table`]: DynamoDB ([`DynamoTable`]) and a table in memory
//! ([`memory::MemoryTable`]), which keeps the same conditions, so that handlers are tested whole and
//! in earnest. [`Reports`], [`RunQueue`] and [`Schedules`] are ports of their own.
//!
//! Each adapter declares the IAM actions that it needs, beside it: [`iam_actions`].

mod attribute;
mod dynamo;
mod error;
mod find;
pub mod memory;
mod queue;
mod reports;
mod schedules;
mod store;
mod table;

pub use attribute::{from_attributes, to_attributes};
pub use dynamo::DynamoTable;
pub use error::StoreError;
pub use find::state_tables;
pub use queue::{RunQueue, SqsQueue};
pub use reports::{LARGEST_OBJECT, Reports, S3Reports, s3_client, stored, whole_body};
pub use schedules::{SHORTEST_INTERVAL, Schedule, SchedulerSchedules, Schedules, schedule_name};
pub use store::{Claim, Committed, Every, Pushed, Started, Store, Taken};
pub use table::{Condition, Query, Range, Table, TableError, Update, Updated, Write, Written};

/// The IAM actions that each adapter needs.
pub mod iam_actions {
    pub use crate::find::FIND_ACTIONS as FIND;
    pub use crate::queue::SEND_ACTIONS as SEND;
    pub use crate::reports::{
        FIND_ACTIONS as FIND_REPORT, PUT_ACTIONS as PUT_REPORT, READ_ACTIONS as READ_REPORT,
    };
    pub use crate::schedules::{DELETE_ACTIONS as DELETE_SCHEDULE, PUT_ACTIONS as PUT_SCHEDULE};
    pub use crate::table::{
        READ_ACTIONS as READ, REMOVE_ACTIONS as REMOVE, WRITE_ACTIONS as WRITE,
    };
}
