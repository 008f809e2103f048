// SPDX-License-Identifier: Apache-2.0
//! The expectation that would notice a mutant.

use keyproof_check::{Circumstances, Estate, verdicts};
use keyproof_plan::{
    Action, Attribute, Canary, Expectation, Expected, Place, Plan, ProbeKind, Table,
};
use keyproof_verdict::{RunFacts, Verdict};
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
}

/// An expectation, in the plan's words and as the plan's.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) add: Value,
    pub(crate) needs: Remedy,
    /// The plan with it.
    pub(crate) plan: Plan,
}

/// Not more than this many are tried: those that come first notice it, or hardly any does.
const MOST_TRIED: usize = 24;

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
            let verdict = |estate| {
                let report = verdicts(&found.plan, estate, circumstances, facts);
                let row = report.probes.into_iter().find(|row| row.id == *id);
                row.map(|row| row.verdict)
            };
            verdict(whole) == Some(Verdict::Pass) && verdict(broken) != Some(Verdict::Pass)
        })
        .map(|(_, found, _)| found)
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
    let mut needs = Remedy::default();
    let mut amended = plan.clone();
    if !plan.principals.contains_key(principal) {
        let one = universe.plan.principals.get(principal)?;
        amended.principals.insert(principal.clone(), one.clone());
        needs
            .principals
            .insert(principal.clone(), json!({"role": one.role.as_str()}));
    }
    if let Some(name) = table
        && !plan.tables.contains_key(name)
    {
        let one = universe.plan.tables.get(name)?;
        amended.tables.insert(name.clone(), one.clone());
        needs.tables.insert(name.clone(), table_json(one));
    }
    amended.expectations.push(Expectation {
        principal: principal.clone(),
        on: table.clone(),
        actions: vec![*action],
        index: index.clone(),
        expected,
        place: Place::START,
    });
    let mut add = Map::new();
    add.insert("principal".to_owned(), json!(principal));
    if let Some(table) = table {
        add.insert("on".to_owned(), json!(table));
    }
    if let Some(index) = index {
        add.insert("index".to_owned(), json!(index));
    }
    add.insert("actions".to_owned(), json!([action.as_str()]));
    match expected {
        Expected::Allowed => {
            add.insert("decision".to_owned(), json!("allowed"));
        }
        Expected::Denied { by, .. } => {
            add.insert("decision".to_owned(), json!("denied"));
            add.insert("by".to_owned(), json!(by.as_str()));
        }
    }
    Some(Found {
        add: Value::Object(add),
        needs,
        plan: amended,
    })
}

fn table_json(table: &Table) -> Value {
    json!({
        "table": table.name,
        "key": table.key.to_string(),
        "canary": canary_json(&table.canary),
    })
}

fn canary_json(canary: &Canary) -> Value {
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
