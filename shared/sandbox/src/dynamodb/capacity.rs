// SPDX-License-Identifier: Apache-2.0
//! Consumed capacity, as a request asks for it.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

use serde_json::{Map, Value, json};

use super::input::ReturnConsumedCapacity;

/// The capacity that an operation consumed on one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Capacity {
    table: f64,
    index: f64,
    read: f64,
    write: f64,
}

/// How a read or write is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// An eventually consistent read: half a unit.
    Eventual,
    /// A strongly consistent read, or a write: one unit.
    Full,
    /// A part of a transaction: two units.
    Transaction,
}

impl Weight {
    /// The weight of a read.
    pub(super) fn of_read(consistent: bool) -> Self {
        if consistent {
            Self::Full
        } else {
            Self::Eventual
        }
    }

    fn factor(self) -> f64 {
        match self {
            Self::Eventual => 0.5,
            Self::Full => 1.0,
            Self::Transaction => 2.0,
        }
    }
}

fn units(bytes: usize, unit: usize) -> f64 {
    f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
}

impl Capacity {
    /// Counts a read of so many bytes, 4 KB a unit.
    pub(super) fn read(&mut self, bytes: usize, weight: Weight) {
        let consumed = units(bytes, 4096) * weight.factor();
        self.table += consumed;
        self.read += consumed;
    }

    /// Counts a read of so many bytes of an index.
    pub(super) fn read_index(&mut self, bytes: usize, weight: Weight) {
        let consumed = units(bytes, 4096) * weight.factor();
        self.index += consumed;
        self.read += consumed;
    }

    /// Counts a write of so many bytes, 1 KB a unit.
    pub(super) fn write(&mut self, bytes: usize, weight: Weight) {
        let consumed = units(bytes, 1024) * weight.factor();
        self.table += consumed;
        self.write += consumed;
    }

    /// `ConsumedCapacity` for one table, if it was asked for.
    pub(super) fn report(
        &self,
        asked: ReturnConsumedCapacity,
        table: &str,
        index: Option<(&str, bool)>,
        transaction: bool,
    ) -> Option<Value> {
        if asked == ReturnConsumedCapacity::None {
            return None;
        }
        let mut report = Map::new();
        report.insert("TableName".into(), table.into());
        report.insert("CapacityUnits".into(), (self.table + self.index).into());
        if transaction {
            for (name, units) in [
                ("ReadCapacityUnits", self.read),
                ("WriteCapacityUnits", self.write),
            ] {
                if units > 0.0 {
                    report.insert(name.into(), units.into());
                }
            }
        }
        if asked == ReturnConsumedCapacity::Indexes {
            report.insert("Table".into(), json!({ "CapacityUnits": self.table }));
            if let Some((name, global)) = index {
                let kind = if global {
                    "GlobalSecondaryIndexes"
                } else {
                    "LocalSecondaryIndexes"
                };
                report.insert(
                    kind.into(),
                    json!({ name: { "CapacityUnits": self.index } }),
                );
            }
        }
        Some(report.into())
    }
}
