// SPDX-License-Identifier: Apache-2.0
//! The asking of [`examine()`](crate::examine()): a run's own calls, without the probes of those who
//! are to be kept out.

use std::collections::BTreeMap;

use futures_util::future::join4;
use futures_util::stream::{self, StreamExt};
use keyproof_plan::{Expected, Probe, ProbeKind, Table};
use keyproof_verdict::{Answer, Blindness, Evidence, Observation, Observations};

use super::{Ask, Shared, caller};
use crate::calls::Called;
use crate::examine::{Examination, IndexFacts, KeyFacts, TableExamination, TableFacts};
use crate::failure::Failure;
use crate::run::{Run, observation};

pub(crate) async fn examine(run: &Run<'_>) -> Examination {
    let shared = Shared::new(run);
    let at_once = run.settings.concurrency.max(1);
    let probes = run.plan.probes();
    let sessions = stream::iter(run.plan.principals.keys())
        .map(|name| async { (name.clone(), shared.session_seen(name).await) })
        .buffer_unordered(at_once)
        .collect();
    let tables = stream::iter(&run.plan.tables)
        .map(|(name, table)| async {
            let seen = shared.table(name, table).await;
            (name.clone(), seen, shared.examined(name, table).await)
        })
        .buffer_unordered(at_once)
        .collect::<Vec<_>>();
    let reads = stream::iter(probes.iter().filter_map(witness))
        .map(|(principal, ask)| shared.read(principal, ask))
        .buffer_unordered(at_once)
        .collect::<Vec<_>>();
    let (caller, sessions, tables, reads) = join4(identity(run), sessions, tables, reads).await;
    let mut observations = Observations {
        probes: reads.into_iter().flatten().collect(),
        tables: BTreeMap::new(),
    };
    let mut examined = BTreeMap::new();
    for (name, seen, table) in tables {
        observations.tables.insert(name.clone(), seen);
        examined.insert(name, table);
    }
    Examination {
        caller,
        unguarded: false,
        region: run.region.to_owned(),
        clock: Vec::new(),
        sessions,
        tables: examined,
        observations,
    }
}

/// The read of the table itself by somebody who is to be let in.
fn witness(probe: &Probe) -> Option<(&str, Ask<'_>)> {
    match &probe.kind {
        ProbeKind::Access {
            principal,
            action,
            table: Some(table),
            index: None,
            expected: Expected::Allowed,
        } if action.reads_canary() => {
            let (id, index) = (probe.id.as_str(), None);
            let (action, table) = (*action, Some(table.as_str()));
            Some((
                principal,
                Ask {
                    id,
                    principal,
                    action,
                    table,
                    index,
                    let_in: true,
                },
            ))
        }
        ProbeKind::Access { .. } | ProbeKind::Encryption { .. } => None,
    }
}

async fn identity(run: &Run<'_>) -> Result<String, Box<Observation>> {
    let called = caller(run).await.and_then(|output| {
        let unnamed = || Failure::blind(Blindness::Unreadable, "the reply names no caller");
        output.arn.ok_or_else(unnamed)
    });
    if let Ok(arn) = &called.outcome {
        return Ok(arn.clone());
    }
    let answer = called.and_then(|_| Ok(Answer::Allowed(Evidence::Succeeded)));
    Err(Box::new(observation(answer, None, &run.redactor)))
}

fn seen<T>(called: &Called<T>) -> Called<Answer>
where
    T: Clone,
{
    called
        .clone()
        .and_then(|_| Ok(Answer::Allowed(Evidence::Succeeded)))
}

impl Shared<'_, '_> {
    async fn session_seen(&self, name: &str) -> Observation {
        let role = self.run.plan.principals.get(name);
        let role = role.map(|principal| principal.role.to_string());
        let called = seen(&*self.session(name).await);
        observation(called, role, &self.run.redactor)
    }

    async fn read(&self, name: &str, ask: Ask<'_>) -> Option<(String, Observation)> {
        let principal = self.run.plan.principals.get(name)?;
        let seen = self.access(principal, ask).await;
        Some((ask.id.to_owned(), seen))
    }

    async fn examined(&self, name: &str, table: &Table) -> TableExamination {
        let found = self.inspection(name, table).await;
        let redactor = self.redactor_of(table).await;
        let arn = table.arn.as_ref().map(ToString::to_string);
        let facts = found.table.outcome.as_ref().ok();
        let key = found.key.as_deref();
        TableExamination {
            look: observation(seen(&found.table), arn, &redactor),
            facts: facts.map(|facts| TableFacts {
                status: facts.status.clone(),
                key: facts.key.clone(),
                indexes: facts
                    .indexes
                    .iter()
                    .map(|(name, index)| {
                        let key = [Some(&index.partition_key), index.sort_key.as_ref()];
                        let key = key.into_iter().flatten().cloned().collect();
                        (name.clone(), IndexFacts { key })
                    })
                    .collect(),
            }),
            key_look: key.map(|key| {
                let id = table.key.key_id().map(str::to_owned);
                observation(seen(key), id, &redactor)
            }),
            key: key
                .and_then(|key| key.outcome.as_ref().ok())
                .map(|key| KeyFacts {
                    arn: key.arn.clone(),
                    state: key.state,
                    aws_managed: key.aws_managed,
                }),
        }
    }
}
