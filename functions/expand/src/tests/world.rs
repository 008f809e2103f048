// SPDX-License-Identifier: Apache-2.0
//! A bucket of inventories, AWS's answers, and what is stored, in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use keyproof_inventory::{
    Account, Answers, Expanded, Form, Found, Inventory, Lost, Source, Table as TableOf, Unread,
    expand, listed,
};
use keyproof_plan::Plan;
use keyproof_state::{Item, Key};
use keyproof_store::memory::{MemorySchedules, MemoryTable};
use keyproof_store::{
    Every, Query, Schedule, Schedules, Store, StoreError, Table, TableError, Update, Updated,
    Write, Written,
};
use keyproof_survey::{Asked, Object, SurveyError};
use serde_json::{Value, json};

use crate::{Answer, Function, HandlerError, Inventories, Invocation};

pub(super) const ONE: &str = "111122223333";
pub(super) const TWO: &str = "444455556666";
const REGION: &str = "us-east-1";
const PREFIX: &str = "inventories/";

pub(super) fn midnight() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().unwrap()
}

/// The text with one thing changed, which must be there.
#[track_caller]
pub(super) fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// An inventory of a table in each of these accounts.
pub(super) fn inventory(name: &str, accounts: &[&str]) -> String {
    let accounts: Vec<_> = accounts.iter().map(|id| format!("\"{id}\"")).collect();
    let accounts = accounts.join(", ");
    format!(
        "keyproof: inventory/v1
name: {name}
sources:
  here: {{ accounts: [{accounts}], regions: [us-east-1] }}
tables:
  orders: {{ from: here, table: orders, key: alias/orders, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
principals:
  reader: {{ role: \"arn:aws:iam::{{account}}:role/reader\" }}
  outsider: {{ role: \"arn:aws:iam::{{account}}:role/outsider\" }}
expectations:
  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }}
  - {{ principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }}
"
    )
}

/// One of the tagged tables of an organization's accounts.
pub(super) fn of_organization(name: &str) -> String {
    let sources = "everywhere: { organization: [r-ab12], regions: [us-east-1] }
  secret: { tagged: { data: secret }, in: everywhere, role: \"arn:aws:iam::{account}:role/inventory\" }";
    let text = inventory(name, &[ONE]);
    let here = format!("here: {{ accounts: [\"{ONE}\"], regions: [us-east-1] }}");
    let text = with(&text, &here, sources);
    with(&text, "from: here, table: orders,", "from: secret,")
}

/// What an inventory of a table in each of these accounts comes to.
pub(super) fn expanded(name: &str, accounts: &[&str]) -> Expanded {
    let inventory = Inventory::parse(&inventory(name, accounts)).unwrap();
    let answers = listed(&inventory, &BTreeMap::new()).unwrap().answers;
    let expansion = expand(&inventory, &answers, Lost::Refused, Form::Yaml).unwrap();
    expansion.plans.into_iter().next().unwrap()
}

/// A table whose users take turns at every operation, where they are told to, as over a network.
#[derive(Clone, Debug, Default)]
pub(super) struct Slow {
    pub(super) memory: MemoryTable,
    /// How many turns of others each operation takes.
    turns: usize,
    refuses: Arc<AtomicBool>,
}

impl Slow {
    pub(super) fn over(other: &Self, turns: usize) -> Self {
        Self {
            turns,
            ..other.clone()
        }
    }

    /// From now on nobody may write.
    pub(super) fn refuse_writes(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }

    async fn turn(&self) {
        for _ in 0..self.turns {
            tokio::task::yield_now().await;
        }
    }

    fn writable(&self) {
        assert!(!self.refuses.load(Ordering::Relaxed), "written");
    }

    /// All that is stored.
    pub(super) fn items(&self) -> Vec<Item> {
        self.memory.items()
    }
}

impl Table for Slow {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.turn().await;
        self.memory.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.turn().await;
        self.memory.query(query).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        self.turn().await;
        self.writable();
        self.memory.write(writes).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        self.turn().await;
        self.writable();
        self.memory.update(update).await
    }
}

/// Schedules that can be forgotten, to see which are made anew.
#[derive(Debug, Default)]
pub(super) struct Kept(RefCell<MemorySchedules>);

impl Kept {
    pub(super) fn intervals(&self) -> BTreeMap<String, u32> {
        self.0.borrow().intervals()
    }

    pub(super) fn clear(&self) {
        self.0.take();
    }
}

impl Schedules for &Kept {
    async fn put(&self, schedule: &Schedule<'_>) -> Result<(), StoreError> {
        let kept = self.0.borrow().clone();
        kept.put(schedule).await
    }

    async fn delete(&self, plan: &str) -> Result<(), StoreError> {
        let kept = self.0.borrow().clone();
        kept.delete(plan).await
    }
}

/// Everything there is.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) table: Slow,
    pub(super) schedules: Kept,
    /// The objects of the bucket, by their keys.
    objects: BTreeMap<String, String>,
    /// The organization's accounts.
    accounts: Vec<String>,
    /// The call about the organization that comes to nothing.
    lost: Cell<Option<&'static str>>,
    /// Whether the tables of the last account are not told.
    loses: Cell<bool>,
    /// Whether AWS never answers.
    pub(super) hangs: bool,
}

impl World {
    pub(super) fn of<const N: usize>(inventories: [(&str, String); N]) -> Self {
        let mut world = Self::default();
        for (name, text) in inventories {
            world.put(name, text);
        }
        world
    }

    pub(super) fn put(&mut self, name: &str, text: String) {
        self.objects.insert(format!("{PREFIX}{name}"), text);
    }

    pub(super) fn take(&mut self, name: &str) {
        self.objects.remove(&format!("{PREFIX}{name}")).unwrap();
    }

    pub(super) fn knows(&mut self, accounts: &[&str]) {
        self.accounts = accounts.iter().map(|id| (*id).to_owned()).collect();
    }

    /// From now on something is lost: this call, or the tables of the last account.
    pub(super) fn lose(&self, call: Option<&'static str>) {
        self.loses.set(true);
        self.lost.set(call);
    }

    pub(super) fn store(&self) -> Store<Slow> {
        Store::new(self.table.clone())
    }

    pub(super) async fn handle(&self) -> Result<Answer, HandlerError> {
        self.invoke(&json!({"expand": "2026-01-15T00:00:00Z"}))
            .await
    }

    pub(super) async fn invoke(&self, payload: &Value) -> Result<Answer, HandlerError> {
        let function = Function {
            store: self.store(),
            schedules: &self.schedules,
            inventories: self,
            interval_minutes: 60,
        };
        let invocation = Invocation {
            now: midnight(),
            remaining: Duration::from_mins(5),
        };
        function.handle(payload, &invocation).await
    }

    /// As `keyproof plan push` does it.
    pub(super) async fn push(&self, plan: &Plan, text: &str, every: Every) {
        let by = Some("arn:aws:iam::111122223333:user/Alice");
        let store = self.store();
        store.push(plan, text, every, by, midnight()).await.unwrap();
    }

    /// The plan in force, and its document.
    pub(super) async fn plan(&self, name: &str) -> (Plan, String) {
        let store = self.store();
        let head = store.head(name).await.unwrap().unwrap();
        let version = store.version(name, head.version).await.unwrap().unwrap();
        (Plan::parse(&version.text).unwrap(), version.text)
    }

    /// The tables of a plan in force, in order.
    pub(super) async fn tables(&self, plan: &str) -> Vec<String> {
        self.plan(plan).await.0.tables.keys().cloned().collect()
    }

    fn answer(&self, source: &Source) -> Found {
        let ids = self.accounts.iter().map(|id| id.parse().unwrap());
        let mut found = Found::default();
        match source {
            Source::Organization(_) => {
                let tags = BTreeMap::new;
                found.accounts = ids.map(|id| Account { id, tags: tags() }).collect();
            }
            Source::Tagged(_) => {
                found.tables = ids.map(|id| TableOf::new(id, REGION, "orders")).collect();
                if self.loses.get() {
                    let table = found.tables.pop().unwrap();
                    found.unread.push(Unread {
                        account: table.account,
                        region: table.region,
                        why: "tag:GetResources: AccessDeniedException: no".to_owned(),
                    });
                }
            }
            Source::Accounts(_) | Source::Csv(_) | Source::Template(_) => {}
        }
        found
    }
}

impl Inventories for &World {
    fn address(&self, key: &str) -> String {
        format!("s3://docs/{key}")
    }

    fn prefix(&self) -> &str {
        PREFIX
    }

    async fn list(&self) -> Result<Vec<String>, SurveyError> {
        let right_under = |key: &&String| !key.strip_prefix(PREFIX).unwrap().contains('/');
        Ok(self.objects.keys().filter(right_under).cloned().collect())
    }

    async fn read(&self, key: &str, _most: usize) -> Result<Object, SurveyError> {
        match self.objects.get(key) {
            Some(text) => Ok(Object {
                text: text.clone(),
                version: Some("v1".to_owned()),
            }),
            None => Err(SurveyError {
                what: format!("s3:GetObject of `s3://docs/{key}`"),
                why: "NoSuchKey".to_owned(),
            }),
        }
    }

    async fn ask(&self, inventory: &Inventory, answers: &mut Answers) -> Asked {
        if self.hangs && inventory.asks_aws() {
            std::future::pending::<()>().await;
        }
        let mut asked = Asked::default();
        for (name, source) in &inventory.sources {
            match (source, self.lost.get()) {
                (Source::Accounts(_) | Source::Csv(_) | Source::Template(_), _) => {}
                (Source::Organization(_), Some(what)) => asked.lost.push((
                    name.clone(),
                    SurveyError {
                        what: what.to_owned(),
                        why: "TooManyRequestsException".to_owned(),
                    },
                )),
                _ => drop(answers.insert(name.clone(), self.answer(source))),
            }
        }
        asked
    }
}
