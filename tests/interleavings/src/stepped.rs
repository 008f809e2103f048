// SPDX-License-Identifier: Apache-2.0
//! A table whose every operation waits at a gate.

use keyproof_state::{Item, Key};
use keyproof_store::{Query, Table, TableError, Update, Updated, Write, Written};

use crate::{Fate, Gate};

/// A table as one actor sees it.
#[derive(Clone, Debug)]
pub struct Stepped<T> {
    table: T,
    gate: Gate,
}

impl<T> Stepped<T> {
    /// The table behind the gate.
    pub const fn new(table: T, gate: Gate) -> Self {
        Self { table, gate }
    }
}

impl<T: Table> Stepped<T> {
    async fn call<A: std::fmt::Debug>(
        &self,
        turn: impl Future<Output = Fate>,
        operation: impl Future<Output = Result<A, TableError>>,
    ) -> Result<A, TableError> {
        let answer = match turn.await {
            Fate::Answered => operation.await,
            Fate::Refused => Err(lost()),
            Fate::Lost => operation.await.and(Err(lost())),
        };
        // As text: that is whole, and items have no hash.
        self.gate.told(&format!("{answer:?}"));
        answer
    }
}

/// The error of a call that nobody answered.
#[must_use]
pub fn lost() -> TableError {
    TableError::Call {
        what: "reach",
        table: "state".to_owned(),
        why: "the connection was closed".to_owned(),
        refused: false,
    }
}

impl<T: Table> Table for Stepped<T> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.call(self.gate.look(), self.table.get(key)).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.call(self.gate.look(), self.table.query(query)).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        self.call(self.gate.pass(), self.table.write(writes)).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        self.call(self.gate.pass(), self.table.update(update)).await
    }
}
