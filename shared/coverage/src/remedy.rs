// SPDX-License-Identifier: Apache-2.0
//! The expectation that would notice a mutant.

use keyproof_check::{Circumstances, Estate, observations_of};
use keyproof_plan::{
    Action, Attribute, Canary, Expectation, Expected, Place, Plan, Probe, ProbeKind, Table,
};
use keyproof_verdict::{RunFacts, Verdict, judge_unwatched};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::universe::{Answered, Universe};

/// What an expectation needs beside itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Remedy {
    /// Principals that the plan lacks, as its `principals` would have them.
    #[serde(rename = "add_principals", skip_serializing_if = "Map::is_empty")]
    pub principals: Map<String, Value>,
    /// Tables that the plan lacks, as its `tables` would have them.
    #[serde(rename = "add_tables", skip_serializing_if = "Map::is_empty")]
    pub tables: Map<String, Value>,
    /// The expectation of a witness, where nobody is expected to read the table yet.
    #[serde(rename = "add_witness", skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
}

/// An expectation, in the plan's words and as the plan's.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) add: Value,
    pub(crate) needs: Remedy,
    /// The plan with it.
    pub(crate) plan: Plan,
}

/// Not more than this many are tried.
const MOST_TRIED: usize = 200;

/// Looks for an expectation that passes on the whole estate and doesn't on the broken one.
pub(crate) fn find(
    plan: &Plan,
    universe: &Universe,
    changed: &[(String, Answered, Answered)],
    (whole, broken): (&Estate, &Estate),
    (circumstances, facts): (&Circumstances, &RunFacts),
) -> Option<Found> {
    let mut candidates: Vec<(usize, Found, String)> = changed
        .iter()
        .filter_map(|(id, before, _)| {
            let found = candidate(plan, universe, id, *before)?;
            Some((strangeness(plan, universe, id), found, id.clone()))
        })
        .collect();
    candidates.sort_by_key(|(strangeness, _, _)| *strangeness);
    candidates
        .into_iter()
        .take(MOST_TRIED)
        .find(|(_, found, id)| {
            let plan = &found.plan;
            let probes = plan.probes();
            let table = probes.iter().find(|probe| probe.id == *id);
            let table = table.and_then(table_of);
            // A witness, if it takes one, reads the same table.
            let wanted =
                |probe: &Probe| probe.id == *id || table.is_some() && table_of(probe) == table;
            let verdict = |estate| {
                let seen = observations_of((plan, &probes), estate, circumstances, facts, wanted);
                let report = judge_unwatched(plan, &seen, facts.clone());
                let row = report.probes.into_iter().find(|row| row.id == *id);
                row.map(|row| row.verdict)
            };
            verdict(whole) == Some(Verdict::Pass) && verdict(broken) != Some(Verdict::Pass)
        })
        .map(|(_, found, _)| found)
}

fn table_of(probe: &Probe) -> Option<&str> {
    match &probe.kind {
        ProbeKind::Access { table, .. } => table.as_deref(),
        ProbeKind::Encryption { table } => Some(table),
    }
}

/// How far from the plan a question is: what it needs that isn't there counts most, then how common
/// its action is.
fn strangeness(plan: &Plan, universe: &Universe, id: &str) -> usize {
    let Some(ProbeKind::Access {
        principal,
        action,
        table,
        index,
        ..
    }) = universe.probe(id).map(|probe| &probe.kind)
    else {
        return usize::MAX;
    };
    let missing = usize::from(!plan.principals.contains_key(principal))
        + usize::from(
            table
                .as_ref()
                .is_some_and(|table| !plan.tables.contains_key(table)),
        );
    let common = Action::ALL
        .iter()
        .position(|one| one == action)
        .unwrap_or(Action::ALL.len());
    missing * 1000 + usize::from(index.is_some()) * 100 + common
}

fn candidate(plan: &Plan, universe: &Universe, id: &str, before: Answered) -> Option<Found> {
    let ProbeKind::Access {
        principal,
        action,
        table,
        index,
        ..
    } = &universe.probe(id)?.kind
    else {
        return None;
    };
    let expected = match before {
        Answered::Allowed => Expected::Allowed,
        Answered::Denied(Some(by)) => Expected::Denied { by, policy: None },
        Answered::Denied(None) | Answered::Unusable | Answered::Unknown => return None,
    };
    let mut amended = Amended {
        plan: plan.clone(),
        needs: Remedy::default(),
    };
    amended.table(universe, table.as_deref())?;
    if let (Expected::Denied { .. }, Some(table)) = (expected, table)
        && !has_witness(plan, table)
    {
        let (witness, action) = universe.witness(table)?;
        amended.principal(universe, witness)?;
        let one = expectation(witness, Some(table), None, action, Expected::Allowed);
        amended.needs.witness = Some(json_of(&one));
        amended.plan.expectations.push(one);
    }
    amended.principal(universe, principal)?;
    let one = expectation(
        principal,
        table.as_deref(),
        index.as_deref(),
        *action,
        expected,
    );
    let add = json_of(&one);
    amended.plan.expectations.push(one);
    Some(Found {
        add,
        needs: amended.needs,
        plan: amended.plan,
    })
}

/// The tables that would have to be in the plan for it to notice a change of their encryption.
pub(crate) fn tables(plan: &Plan, universe: &Universe, changed: &[String]) -> Option<Remedy> {
    let mut amended = Amended {
        plan: plan.clone(),
        needs: Remedy::default(),
    };
    let missing = changed
        .iter()
        .find(|name| !plan.tables.contains_key(*name))?;
    amended.table(universe, Some(missing))?;
    Some(amended.needs)
}

/// A plan that gets what it lacks.
struct Amended {
    plan: Plan,
    needs: Remedy,
}

impl Amended {
    fn principal(&mut self, universe: &Universe, name: &str) -> Option<()> {
        if !self.plan.principals.contains_key(name) {
            let one = universe.plan.principals.get(name)?;
            self.plan.principals.insert(name.to_owned(), one.clone());
            let role = json!({"role": one.role.as_str()});
            self.needs.principals.insert(name.to_owned(), role);
        }
        Some(())
    }

    fn table(&mut self, universe: &Universe, name: Option<&str>) -> Option<()> {
        if let Some(name) = name
            && !self.plan.tables.contains_key(name)
        {
            let one = universe.plan.tables.get(name)?;
            self.plan.tables.insert(name.to_owned(), one.clone());
            self.needs.tables.insert(name.to_owned(), table_json(one));
        }
        Some(())
    }
}

/// Whether somebody is expected to read the table already.
fn has_witness(plan: &Plan, table: &str) -> bool {
    plan.expectations.iter().any(|one| {
        one.on.as_deref() == Some(table)
            && one.expected == Expected::Allowed
            && one.actions.iter().any(|action| action.reads_canary())
    })
}

fn expectation(
    principal: &str,
    on: Option<&str>,
    index: Option<&str>,
    action: Action,
    expected: Expected,
) -> Expectation {
    Expectation {
        principal: principal.to_owned(),
        on: on.map(str::to_owned),
        actions: vec![action].into(),
        index: index.map(str::to_owned),
        expected,
        place: Place::START,
    }
}

/// As a plan writes it.
fn json_of(one: &Expectation) -> Value {
    let mut add = Map::new();
    let mut put = |name: &str, value: Value| add.insert(name.to_owned(), value);
    put("principal", json!(one.principal));
    if let Some(table) = &one.on {
        put("on", json!(table));
    }
    if let Some(index) = &one.index {
        put("index", json!(index));
    }
    let actions: Vec<&str> = one.actions.iter().map(|action| action.as_str()).collect();
    put("actions", json!(actions));
    match one.expected {
        Expected::Allowed => {
            put("decision", json!("allowed"));
        }
        Expected::Denied { by, .. } => {
            put("decision", json!("denied"));
            put("by", json!(by.as_str()));
        }
    }
    Value::Object(add)
}

fn table_json(table: &Table) -> Value {
    json!({
        "table": table.name,
        "key": table.key.to_string(),
        "canary": canary_json(&table.canary),
    })
}

pub(crate) fn canary_json(canary: &Canary) -> Value {
    let attributes = |all: &std::collections::BTreeMap<String, Attribute>| {
        let all = all.iter().filter_map(|(name, value)| {
            let value = match value {
                Attribute::S(text) => json!({"S": text}),
                Attribute::N(number) => json!({"N": number}),
                Attribute::B(_) => json!({"B": "a2V5cHJvb2YjY2FuYXJ5"}),
                Attribute::Bool(_)
                | Attribute::Null
                | Attribute::M(_)
                | Attribute::L(_)
                | Attribute::Ss(_)
                | Attribute::Ns(_)
                | Attribute::Bs(_) => return None,
            };
            Some((name.clone(), value))
        });
        Value::Object(all.collect())
    };
    let mut whole = Map::new();
    whole.insert("key".to_owned(), attributes(&canary.key));
    if !canary.attributes.is_empty() {
        whole.insert("attributes".to_owned(), attributes(&canary.attributes));
    }
    Value::Object(whole)
}
