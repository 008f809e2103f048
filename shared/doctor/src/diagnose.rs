// SPDX-License-Identifier: Apache-2.0
//! From what was found to what is missing.

use std::collections::BTreeMap;

use keyproof_aws::Examination;
use keyproof_plan::{Plan, Principal};
use keyproof_verdict::{ProbeRow, RunFacts, judge};
use serde_json::Value;

use crate::check::{Check, Diagnosis, Environment, PlanRow};
use crate::mend::Who;
use crate::policy::{Known, Place, runner_policy};
use crate::{plan, principal, runner, table, trust};

/// What the plan doesn't say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The minutes between two runs, where something runs the plan again and again.
    pub interval_minutes: Option<u32>,
    /// Trust policies, by the principal's name, of those roles that could be read.
    pub trust: BTreeMap<String, Value>,
    /// The ARN of the runner's role, path included, or of the user; where it is known.
    pub runner: Option<String>,
}

/// A plan, what was found for it, and what follows: what every check looks at.
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) found: &'a Examination,
    pub(crate) runner: Who,
    pub(crate) place: Place,
    pub(crate) trust: &'a BTreeMap<String, Value>,
    /// The runner, as trust policies name it.
    pub(crate) trusted: Option<String>,
    /// A run's judgement of the tables and of the witnesses' reads, by probe id.
    pub(crate) rows: BTreeMap<String, ProbeRow>,
    /// The plan's file, for commands.
    pub(crate) file: String,
}

impl Case<'_> {
    /// Who looks at a table.
    pub(crate) fn inspector(&self, inspect_as: Option<&str>) -> Who {
        let named = inspect_as.and_then(|name| {
            let principal: &Principal = self.plan.principals.get(name)?;
            Some(Who::principal(name, principal.role.as_str()))
        });
        named.unwrap_or_else(|| self.runner.clone())
    }
}

/// Says what a run of the plan needs and doesn't have.
#[must_use]
pub fn diagnose(
    plan: &Plan,
    found: &Examination,
    circumstances: &Circumstances,
    facts: RunFacts,
) -> Diagnosis {
    let caller = found.caller.as_ref().ok().map(String::as_str);
    let runner = Who::runner(caller, facts.plan_file.as_deref());
    let known = known(plan, found, &runner);
    let today = facts.today;
    let row = PlanRow {
        name: plan.name.clone(),
        digest: plan.digest.clone(),
        file: facts.plan_file.clone(),
    };
    let environment = Environment {
        runner: caller.map(str::to_owned),
        account: runner.account(),
        region: found.region.clone(),
        endpoint: facts.endpoint.clone(),
        version: facts.version.clone(),
        at: format!("{:.3}", facts.finished_at),
    };
    let judged = judge(plan, &found.observations, facts).probes;
    let case = Case {
        plan,
        found,
        runner,
        place: Place::of(plan, &known),
        trust: &circumstances.trust,
        trusted: circumstances.runner.clone(),
        rows: judged
            .into_iter()
            .map(|row| (row.id.clone(), row))
            .collect(),
        file: row.file.clone().unwrap_or_else(|| "PLAN".to_owned()),
    };
    let mut checks = vec![runner::identity(&case), runner::clock(&found.clock)];
    checks.extend(runner::guard(found.unguarded));
    for (name, principal) in &plan.principals {
        checks.push(principal::session(&case, name, principal));
        checks.extend(trust::check(&case, name, principal));
    }
    for (name, table) in &plan.tables {
        checks.extend(table::checks(&case, name, table));
    }
    checks.extend(plan::checks(plan, circumstances, today));
    Diagnosis::new(row, environment, checks, &runner_policy(plan, &known))
}

fn known(plan: &Plan, found: &Examination, runner: &Who) -> Known {
    let tables = plan.tables.iter().filter_map(|(name, table)| {
        let alias = table.key.alias_name().and(table.key.key_id())?;
        let key = found.tables.get(name)?.key.as_ref()?;
        Some((alias.to_owned(), key.arn.clone()))
    });
    Known {
        account: runner.account(),
        region: Some(found.region.clone()),
        keys: tables.collect::<BTreeMap<String, String>>(),
    }
}

/// Adds what is missing to a check, where something is.
pub(crate) fn checked(id: String, problem: Option<Check>, well: impl Into<String>) -> Check {
    problem.unwrap_or_else(|| Check::ok(id, well))
}
