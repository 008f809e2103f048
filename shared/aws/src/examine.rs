// SPDX-License-Identifier: Apache-2.0
//! What a run would need, asked for before the run: who the operator is, whether each role can be
//! assumed, each table and key looked at, each canary read by its witnesses.
//!
//! Nothing is judged here, and nothing is called that a run would not call.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use keyproof_plan::{Plan, TableKey};
use keyproof_verdict::{KeyState, Observation, Observations};

use crate::clock::{ClockReading, Watch};
use crate::inspect::{self, Inspector};
use crate::observe;
use crate::run::Run;
use crate::{Runner, Settings};

/// What was found of what a run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// The operator's ARN as STS gives it; else what came of asking.
    pub caller: Result<String, Box<Observation>>,
    /// Whether STS had no room for the policy that keeps a run's sessions to the calls of the plan.
    pub unguarded: bool,
    /// The region that was worked in.
    pub region: String,
    /// What the replies say of this machine's clock: one for each service that answered.
    pub clock: Vec<ClockReading>,
    /// What came of assuming each principal's role, by the principal's name.
    pub sessions: BTreeMap<String, Observation>,
    /// What was found of each table, by its name in the plan.
    pub tables: BTreeMap<String, TableExamination>,
    /// What a run would have seen: every table, and the reads of the witnesses.
    pub observations: Observations,
}

/// A table and its key, each looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct TableExamination {
    /// What came of `DescribeTable`.
    pub look: Observation,
    /// What it told.
    pub facts: Option<TableFacts>,
    /// What came of `DescribeKey` on the plan's key; `None` for a control table.
    pub key_look: Option<Observation>,
    /// What it told.
    pub key: Option<KeyFacts>,
}

/// What `DescribeTable` tells of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFacts {
    /// `ACTIVE`, `CREATING`, …
    pub status: Option<String>,
    /// Its key attributes, partition key first, each with its type (`S`, `N`, `B`).
    pub key: Vec<(String, Option<String>)>,
    /// Its indexes, by name.
    pub indexes: BTreeMap<String, IndexFacts>,
}

/// What `DescribeTable` tells of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFacts {
    /// Its key attributes, partition key first. An item that lacks one is not in the index.
    pub key: Vec<String>,
}

/// What `DescribeKey` tells of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// The key's ARN, where an alias was asked for too.
    pub arn: String,
    /// Its state.
    pub state: KeyState,
    /// Whether AWS manages it: such a key keeps nobody of the account out.
    pub aws_managed: bool,
}

/// Asks for what a run of the plan needs. As with [`verify()`](crate::verify()), the future is to be
/// run where it is.
pub async fn examine(plan: &Plan, settings: &Settings, runner: &Runner) -> Examination {
    let (found, guard_refused) = once(plan, settings, runner).await;
    if !guard_refused {
        return found;
    }
    // As a run does it: what some sessions lack, all of them lack.
    let bare = Settings {
        guard: false,
        ..settings.clone()
    };
    let (found, _) = once(plan, &bare, runner).await;
    Examination {
        unguarded: true,
        ..found
    }
}

/// Asks once; and whether STS would not take the sessions' guard.
async fn once(plan: &Plan, settings: &Settings, runner: &Runner) -> (Examination, bool) {
    let mut run = Run::start(plan, settings, runner).await;
    let watch = Watch::default();
    run.config = watch.over(&run.config);
    run.sts = aws_sdk_sts::Client::new(&run.config);
    tracing::info!(run_id = %run.id, plan = plan.name, "examination started");
    let mut found = observe::examine(&run).await;
    found.clock = watch.readings();
    (found, run.guard_refused.load(Ordering::Relaxed))
}

/// The operator's ARN, and the keys behind the plan's aliases, by the alias as the plan has it: as
/// far as the operator may ask. For a policy that names keys by their ARNs.
pub async fn resolve(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
) -> (Option<String>, BTreeMap<String, String>) {
    let run = Run::start(plan, settings, runner).await;
    let operator = Inspector {
        dynamodb: aws_sdk_dynamodb::Client::new(&run.config),
        kms: aws_sdk_kms::Client::new(&run.config),
    };
    let mut keys = BTreeMap::new();
    let own = plan.tables.values();
    let aliases = own.filter_map(|table| match (&table.key, &table.inspect_as) {
        (TableKey::Alias(alias), None) => Some(alias),
        (TableKey::Alias(_) | TableKey::Key(_) | TableKey::AwsOwned, _) => None,
    });
    for alias in aliases {
        if keys.contains_key(alias) {
            continue;
        }
        if let Ok(facts) = inspect::describe_key(&run, &operator, alias).await.outcome {
            keys.insert(alias.clone(), facts.arn);
        }
    }
    let caller = observe::caller(&run).await.outcome.ok();
    (caller.and_then(|caller| caller.arn), keys)
}
