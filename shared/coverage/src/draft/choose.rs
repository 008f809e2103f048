// SPDX-License-Identifier: Apache-2.0
//! Which tables and whom a first plan is about.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use keyproof_check::{Circumstances, Estate, observations};
use keyproof_plan::{Action, Attribute, Plan, ProbeKind, TableKey};
use keyproof_verdict::RunFacts;

use super::world::World;
use super::{DraftError, Source};
use crate::universe::questions::{add_roles, add_tables, questions};

/// What a canary of a first plan has beside its keys: proof that the whole item came back.
const PROOF: &str = "keyproof-proof";

/// What somebody is in a first plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Tables whose key policy or grants name it.
    pub(super) named_for: Vec<String>,
    /// Tables of which it is the witness.
    pub(super) witness_of: Vec<String>,
    /// Tables whose key keeps it out.
    pub(super) outsider_of: Vec<String>,
    /// Its role gets its name at deployment.
    pub(super) nameless: bool,
}

/// What each principal is, by its name.
pub(super) type Parts = BTreeMap<String, Part>;

/// What was chosen.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// The plan's nouns, without expectations: tables, then whom they are tried by.
    pub(super) plan: Plan,
    /// What each principal is in it.
    pub(super) parts: Parts,
    /// Where each table's key stands: a clause.
    pub(super) keys: BTreeMap<String, String>,
    /// The table that shows what the outsiders may do where no key stands in their way.
    pub(super) control: Option<String>,
    /// Tables without anybody whom the key keeps out.
    pub(super) without_outsider: Vec<String>,
    /// What was left out or needs a person.
    pub(super) notes: Vec<String>,
}

impl Chosen {
    pub(super) fn new(
        estate: &Estate,
        source: &Source,
        circumstances: &Circumstances,
        facts: &RunFacts,
    ) -> Result<Self, DraftError> {
        let mut all = Plan {
            name: String::new(),
            region: estate.account().region.clone(),
            digest: String::new(),
            tables: IndexMap::new(),
            principals: IndexMap::new(),
            expectations: Vec::new(),
            exceptions: Vec::new(),
        };
        let nameless = add_roles(&mut all, estate);
        add_tables(&mut all, estate);
        for table in all.tables.values_mut() {
            let mut name = "proof".to_owned();
            while table.canary.key.contains_key(&name)
                || table.canary.attributes.contains_key(&name)
            {
                name.insert_str(0, "keyproof-");
            }
            table
                .canary
                .attributes
                .insert(name, Attribute::S(PROOF.to_owned()));
        }
        all.expectations = questions(&all, estate);
        let seen = observations(&all, estate, circumstances, facts, |_| true);
        let world = World {
            estate,
            all,
            seen,
            nameless,
        };
        world.choose(source)
    }

    /// What the plan lacks, as a template: an outsider where a table has none, a control table where
    /// an outsider has none.
    pub(super) fn missing(&self, estate: &Estate) -> Option<String> {
        let has_outsider = self.parts.values().any(|part| !part.outsider_of.is_empty());
        if self.without_outsider.is_empty() && (self.control.is_some() || !has_outsider) {
            return None;
        }
        let tables: Vec<String> = self
            .without_outsider
            .iter()
            .filter_map(|name| Some(self.plan.tables.get(name)?.name.clone()))
            .collect();
        Some(super::write::missing(
            &tables,
            estate,
            self.control
                .as_ref()
                .and_then(|name| Some(self.plan.tables.get(name)?.name.as_str())),
        ))
    }
}

impl World<'_> {
    fn choose(self, source: &Source) -> Result<Chosen, DraftError> {
        let mut notes = Vec::new();
        let mut parts = Parts::new();
        let mut keys = BTreeMap::new();
        let mut without_outsider = Vec::new();
        let mut under_test = Vec::new();
        for (name, table) in &self.all.tables {
            let TableKey::Key(arn) = &table.key else {
                continue;
            };
            let Some((file, key)) = self.key(arn.as_str()) else {
                notes.push(format!("table `{}`: its key `{arn}` is not in {}, so that nothing is known of who may use it", table.name, source.from));
                continue;
            };
            let named = self.named(key, &table.name, &mut notes);
            let Some(witness) = self.witness(name, &named) else {
                notes.push(format!("table `{}`: nobody whose role the runner may assume reads it, so that nothing about its key could be proven", table.name));
                continue;
            };
            under_test.push(name.clone());
            keys.insert(name.clone(), format!("`{}`{file}", key.logical_id));
            let part = parts.entry(witness.clone()).or_default();
            part.witness_of.push(name.clone());
            match self.outsider(name, &named) {
                Some(outsider) => {
                    let part = parts.entry(outsider).or_default();
                    part.outsider_of.push(name.clone());
                }
                None => without_outsider.push(name.clone()),
            }
            for one in named {
                parts.entry(one).or_default().named_for.push(name.clone());
            }
        }
        if under_test.is_empty() {
            notes.extend(self.left_out_tables(None));
            let from = source.from.clone();
            let encrypted = self
                .all
                .tables
                .values()
                .any(|one| one.key != TableKey::AwsOwned);
            return Err(if encrypted {
                DraftError::NoWitness { from, notes }
            } else {
                DraftError::NoTable { from, notes }
            });
        }
        let control = self.control(&parts);
        notes.extend(self.left_out_tables(control.as_deref()));
        let mut told = BTreeSet::new();
        notes.retain(|note| told.insert(note.clone()));
        for (name, part) in &mut parts {
            part.nameless = self.nameless.contains(name);
            if part.nameless {
                notes.push(format!(
                    "role `{name}` gets its name at deployment: put its ARN into the plan then"
                ));
            }
        }
        for name in &without_outsider {
            notes.push(format!("table `{name}`: nobody whom only the key keeps out was found; a role that may read the table in DynamoDB and may not use its key is needed (see --with-roles)"));
        }
        if control.is_none() {
            notes.push("no table on an AWS owned key was found that the outsiders read: without a control table a denial could have other causes (see --with-roles)".to_owned());
        }
        let mut plan = Plan {
            expectations: Vec::new(),
            name: source
                .name
                .clone()
                .unwrap_or_else(|| under_test.first().cloned().unwrap_or_default()),
            ..self.all.clone()
        };
        plan.tables
            .retain(|name, _| under_test.contains(name) || control.as_ref() == Some(name));
        plan.principals.retain(|name, _| parts.contains_key(name));
        for table in plan.tables.values_mut() {
            self.by_alias(&mut table.key, &table.name, source, &mut notes);
        }
        Ok(Chosen {
            plan,
            parts,
            keys,
            control,
            without_outsider,
            notes,
        })
    }
}

/// The names of a probe's principal and table, where it has both.
pub(super) fn of(kind: &ProbeKind) -> Option<(&str, Action, &str, Option<&str>)> {
    match kind {
        ProbeKind::Access {
            principal,
            action,
            table: Some(table),
            index,
            ..
        } => Some((principal, *action, table, index.as_deref())),
        ProbeKind::Access { .. } | ProbeKind::Encryption { .. } => None,
    }
}
