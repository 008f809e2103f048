// SPDX-License-Identifier: Apache-2.0
//! The ports in memory, for tests: the same conditions, the same order, nothing kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyproof_state::{Item, Key, RunRequest};
use serde_json::Value;

use crate::{
    Condition, Query, Range, Reports, RunQueue, Schedule, Schedules, StoreError, Table, TableError,
    Update, Updated, Write, Written,
};

type Items = BTreeMap<Key, Item>;

/// A table in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryTable(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    items: Items,
    /// Every item as it was inserted, in order: what a stream would bring.
    inserted: Vec<Item>,
    /// How many operations succeed before each of these.
    failing: VecDeque<(usize, TableError)>,
}

impl MemoryTable {
    /// Every item, in the order of keys.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.lock().items.values().cloned().collect()
    }

    /// The items that were inserted where none was, in the order of their writes: what a stream
    /// would bring as `INSERT`.
    #[must_use]
    pub fn inserted(&self) -> Vec<Item> {
        self.lock().inserted.clone()
    }

    /// Lets one operation fail, after so many that succeed.
    pub fn fail_after(&self, operations: usize, error: TableError) {
        self.lock().failing.push_back((operations, error));
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> Result<MutexGuard<'_, Memory>, TableError> {
        let mut memory = self.lock();
        match memory.failing.front_mut() {
            Some((0, _)) => {
                let failing = memory.failing.pop_front();
                failing.map_or(Ok(memory), |(_, error)| Err(error))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(memory)
            }
            None => Ok(memory),
        }
    }
}

impl Table for MemoryTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        Ok(self.ready()?.items.get(key).cloned())
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let memory = self.ready()?;
        let within = |sk: &str| match &query.range {
            Range::All => true,
            Range::Prefix(prefix) => sk.starts_with(prefix.as_str()),
            Range::Between(from, to) => (from.as_str()..=to.as_str()).contains(&sk),
        };
        let mut found: Vec<Item> = memory
            .items
            .iter()
            .filter(|(key, _)| key.pk == query.pk && within(&key.sk))
            .map(|(_, item)| item.clone())
            .collect();
        if query.backwards {
            found.reverse();
        }
        found.truncate(query.limit.unwrap_or(usize::MAX));
        if let Some(fields) = &query.fields {
            for item in &mut found {
                item.retain(|name, _| fields.contains(name));
            }
        }
        Ok(found)
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        let mut memory = self.ready()?;
        room(writes)?;
        let refused: Vec<usize> = writes
            .iter()
            .enumerate()
            .filter(|(_, write)| {
                let (key, conditions) = parts(write);
                !holds(memory.items.get(&key), conditions)
            })
            .map(|(index, _)| index)
            .collect();
        if !refused.is_empty() {
            return Ok(Written::Refused(refused));
        }
        for write in writes {
            let (key, _) = parts(write);
            let item = match write {
                Write::Put { item, .. } => item.clone(),
                Write::Update(update) => altered(memory.items.get(&key), update),
                Write::Delete { .. } => {
                    memory.items.remove(&key);
                    continue;
                }
            };
            if memory.items.insert(key, item.clone()).is_none() {
                memory.inserted.push(item);
            }
        }
        Ok(Written::Done)
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        let mut memory = self.ready()?;
        let before = memory.items.get(&update.key);
        if !holds(before, &update.conditions) {
            return Ok(Updated::Refused(before.cloned()));
        }
        let item = altered(before, update);
        let before = memory.items.insert(update.key.clone(), item.clone());
        if before.is_none() {
            memory.inserted.push(item.clone());
        }
        Ok(Updated::Done(item))
    }
}

/// A transaction's limits, and an item's.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
fn room(writes: &[Write]) -> Result<(), TableError> {
    let size = |write: &Write| match write {
        Write::Put { item, .. } => serde_json::to_string(item).map_or(0, |json| json.len()),
        Write::Update(_) | Write::Delete { .. } => 0,
    };
    let sizes: Vec<_> = writes.iter().map(size).collect();
    let too_large = sizes.iter().any(|&size| size > 400_000);
    if writes.len() <= 100 && !too_large && sizes.iter().sum::<usize>() <= 4_000_000 {
        return Ok(());
    }
    Err(TableError::Call {
        what: "write to",
        table: "memory".to_owned(),
        why: format!(
            "ValidationException: {} items of {sizes:?} bytes",
            writes.len()
        ),
        refused: true,
    })
}

fn parts(write: &Write) -> (Key, &[Condition]) {
    match write {
        Write::Put { item, conditions } => {
            let field = |name| item.get(name).and_then(Value::as_str).unwrap_or_default();
            let key = Key {
                pk: field("pk").to_owned(),
                sk: field("sk").to_owned(),
            };
            (key, conditions)
        }
        Write::Update(update) => (update.key.clone(), &update.conditions),
        Write::Delete { key, conditions } => (key.clone(), conditions),
    }
}

fn holds(item: Option<&Item>, conditions: &[Condition]) -> bool {
    let attribute = |name: &str| item.and_then(|item| item.get(name));
    conditions.iter().all(|condition| match condition {
        Condition::Absent => item.is_none(),
        Condition::Present => item.is_some(),
        Condition::Equals(name, value) => attribute(name) == Some(value),
        Condition::Lacks(name) => attribute(name).is_none(),
        Condition::LacksOrBelow(name, value) => {
            attribute(name).is_none_or(|now| is_below(now, value))
        }
    })
}

/// As DynamoDB compares: texts by their bytes, numbers by their value, nothing else with anything.
fn is_below(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one < other,
        (Value::Number(one), Value::Number(other)) => one.as_f64() < other.as_f64(),
        _ => false,
    }
}

fn altered(before: Option<&Item>, update: &Update) -> Item {
    let mut item = before.cloned().unwrap_or_default();
    item.insert("pk".to_owned(), update.key.pk.as_str().into());
    item.insert("sk".to_owned(), update.key.sk.as_str().into());
    for (name, value) in &update.set {
        item.insert((*name).to_owned(), value.clone());
    }
    for (name, value) in &update.set_if_absent {
        item.entry(*name).or_insert_with(|| value.clone());
    }
    for name in &update.remove {
        item.remove(*name);
    }
    if let Some(name) = update.count_up {
        let counted = item.get(name).and_then(Value::as_u64).unwrap_or_default() + 1;
        item.insert(name.to_owned(), counted.into());
    }
    item
}

/// A report bucket in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryReports(Arc<Mutex<BTreeMap<String, String>>>);

impl MemoryReports {
    /// The keys of the reports that are kept.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.keys().cloned().collect()
    }
}

impl Reports for MemoryReports {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(key.to_owned(), text.to_owned());
        Ok(())
    }

    async fn put_new(&self, key: &str, text: &str) -> Result<bool, StoreError> {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !reports.contains_key(key);
        if is_new {
            reports.insert(key.to_owned(), text.to_owned());
        }
        Ok(is_new)
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reports.get(key).cloned())
    }

    async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reports.contains_key(key))
    }
}

/// A run queue in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryQueue(Arc<Mutex<Vec<(RunRequest, Duration)>>>);

impl MemoryQueue {
    /// Takes out everything that was sent, with its delay.
    #[must_use]
    pub fn take(&self) -> Vec<(RunRequest, Duration)> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *sent)
    }
}

impl RunQueue for MemoryQueue {
    async fn send(&self, request: &RunRequest, delay: Duration) -> Result<(), StoreError> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((request.clone(), delay));
        Ok(())
    }
}

/// Schedules in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemorySchedules(Arc<Mutex<BTreeMap<String, u32>>>);

impl MemorySchedules {
    /// The intervals in minutes, by plan.
    #[must_use]
    pub fn intervals(&self) -> BTreeMap<String, u32> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Schedules for MemorySchedules {
    async fn put(&self, schedule: &Schedule<'_>) -> Result<(), StoreError> {
        schedule.check()?;
        let mut schedules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        schedules.insert(schedule.plan.to_owned(), schedule.interval_minutes);
        Ok(())
    }

    async fn delete(&self, plan: &str) -> Result<(), StoreError> {
        let mut schedules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        schedules.remove(plan);
        Ok(())
    }
}
