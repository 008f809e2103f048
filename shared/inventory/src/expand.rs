// SPDX-License-Identifier: Apache-2.0
//! From answers to plans.

mod draft;
mod fill;
mod gather;
mod same;

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};

use keyproof_document::{DocumentProblem, Node, Value};
use keyproof_plan::{Place, Plan, PlanProblem};

use crate::answer::{Answers, Excluded, Unread};
use crate::error::{InventoryError, InventoryProblem};
use crate::model::Inventory;
use crate::write::{Form, write};
pub(crate) use fill::{Filler, entry, mapping, sequence, text};
pub(crate) use gather::NOWHERE;
use gather::{Item, gather};

/// What becomes of accounts that could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    /// There is no plan without them.
    #[default]
    Refused,
    /// Each has a table in its plan that is nowhere, so that every run says that the account is not
    /// known: its probe is blind, and the run inconclusive.
    Blind,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not everything could be read: by source, in order.
    Unread(Vec<(String, Unread)>),
    /// The answers make no plans, or not good ones.
    Wrong(Vec<InventoryError>),
}

/// What an inventory comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// The plans, in the order of their names. Never empty.
    pub plans: Vec<Expanded>,
    /// What each source was found to be, in the inventory's order.
    pub sources: Vec<Surveyed>,
    /// How many tables more than one source told of.
    pub merged: usize,
}

/// A plan that came of an inventory.
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    /// The plan, as it is read from its text.
    pub plan: Plan,
    /// Its document: the same bytes of the same inventory and answers.
    pub text: String,
}

/// What a source was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// The source.
    pub source: String,
    /// How many accounts it stands for, or has tables in.
    pub accounts: usize,
    /// How many tables it names, where it names any.
    pub tables: Option<usize>,
    /// What it leaves out, in order.
    pub excluded: Vec<Excluded>,
    /// What of it could not be read, in order.
    pub unread: Vec<Unread>,
}

/// Makes plans of what the sources were found to stand for.
///
/// # Errors
/// Where something was not read, and `lost` doesn't say to go on; where a source holds nothing, sources
/// disagree, a placeholder has no value, or what comes of it is no good plan.
pub fn expand(
    inventory: &Inventory,
    answers: &Answers,
    lost: Lost,
    form: Form,
) -> Result<Expansion, Refusal> {
    let mut wrong = Vec::new();
    let gathered = gather(inventory, answers, &mut wrong);
    let unread: Vec<_> = gathered
        .sources
        .iter()
        .flat_map(|source| {
            let unread = source.unread.iter();
            unread.map(|unread| (source.source.clone(), unread.clone()))
        })
        .collect();
    if !unread.is_empty() && lost == Lost::Refused {
        return Err(Refusal::Unread(unread));
    }
    let groups = groups(inventory, gathered.items, &mut wrong);
    if !wrong.is_empty() {
        return Err(Refusal::Wrong(each_once(wrong)));
    }
    // A plan of nothing but accounts that could not be read has nothing to expect.
    let mut groups_of_unread = groups
        .values()
        .filter(|items| items.iter().all(Item::is_unread));
    if groups_of_unread.next().is_some() {
        return Err(Refusal::Unread(unread));
    }
    let mut drafts = Vec::new();
    for (name, items) in &groups {
        match draft::draft(inventory, name, items) {
            Ok(root) => drafts.push((name.as_str(), root)),
            Err(errors) => wrong.extend(errors),
        }
    }
    let mut meant = Vec::new();
    if wrong.is_empty() {
        meant = read(&drafts, &mut wrong);
        except(inventory, &mut drafts, &mut meant, &mut wrong);
    }
    if !wrong.is_empty() {
        return Err(Refusal::Wrong(each_once(wrong)));
    }
    let mut plans = Vec::new();
    for ((name, root), meant) in drafts.into_iter().zip(&meant) {
        match written(inventory, name, root, meant, form) {
            Ok(plan) => plans.push(plan),
            Err(error) => wrong.push(*error),
        }
    }
    if !wrong.is_empty() {
        return Err(Refusal::Wrong(each_once(wrong)));
    }
    Ok(Expansion {
        plans,
        sources: gathered.sources,
        merged: gathered.merged,
    })
}

/// The tables of each plan, by its name.
fn groups<'i>(
    inventory: &'i Inventory,
    items: Vec<Item<'i>>,
    wrong: &mut Vec<InventoryError>,
) -> BTreeMap<String, Vec<Item<'i>>> {
    let mut groups: BTreeMap<String, Vec<Item<'i>>> = BTreeMap::new();
    for item in items {
        let name = inventory
            .name
            .fill(|placeholder| item.table.value(placeholder));
        let name = match name {
            Ok(name) => name,
            Err(placeholder) => {
                let placeholder = placeholder.clone();
                let table = item.in_words();
                let problem = InventoryProblem::NoValue { placeholder, table };
                wrong.push(problem.at(inventory.name_place, "name"));
                continue;
            }
        };
        let group = groups.entry(name.clone()).or_default();
        match group.first().map(|first| &first.table.region) {
            Some(first) if *first != item.table.region => {
                let problem = InventoryProblem::TwoRegions {
                    plan: name,
                    first: first.clone(),
                    second: item.table.region.clone(),
                };
                wrong.push(problem.at(inventory.name_place, "name"));
            }
            Some(_) | None => group.push(item),
        }
    }
    groups
}

/// The plans that the drafts are, read where the inventory has what is in them.
fn read(drafts: &[(&str, Node)], wrong: &mut Vec<InventoryError>) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (_, root) in drafts {
        match Plan::of_tree(root) {
            Ok(plan) => plans.push(plan),
            Err(errors) => wrong.extend(errors.into_iter().map(InventoryError::from)),
        }
    }
    plans
}

/// Puts each exception into the plan whose probe it is about.
fn except(
    inventory: &Inventory,
    drafts: &mut [(&str, Node)],
    plans: &mut Vec<Plan>,
    wrong: &mut Vec<InventoryError>,
) {
    let Some((key, list)) = &inventory.exceptions else {
        return;
    };
    if !wrong.is_empty() {
        return;
    }
    let mut homes: HashMap<String, usize> = HashMap::new();
    for (index, plan) in plans.iter().enumerate() {
        homes.extend(plan.each_probe().map(|probe| (probe.id, index)));
    }
    let mut of_plans: Vec<Vec<Node>> = drafts.iter().map(|_| Vec::new()).collect();
    let items = list.as_sequence().unwrap_or_default();
    for item in items {
        let probe = item.get("probe").and_then(Node::as_str);
        let home = match probe.map(|probe| homes.get(probe)) {
            Some(Some(&home)) => home,
            Some(None) => {
                let probe = keyproof_plan::reading::shown(probe.unwrap_or_default());
                wrong.push(InventoryProblem::UnknownProbe { probe }.at(item.place, "exceptions"));
                continue;
            }
            // The plan's own reader says what is wrong with it.
            None => 0,
        };
        if let Some(items) = of_plans.get_mut(home) {
            items.push(item.clone());
        }
    }
    for ((_, root), items) in drafts.iter_mut().zip(of_plans) {
        let value = match &list.value {
            Value::Sequence(_) if items.is_empty() => continue,
            Value::Sequence(_) => Value::Sequence(items),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Mapping(_) => list.value.clone(),
        };
        if let Value::Mapping(entries) = &mut root.value {
            let node = Node {
                value,
                ..list.clone()
            };
            entries.push((key.clone(), node));
        }
    }
    *plans = read(drafts, wrong);
}

/// The document of a plan, read again: what was written is what was meant.
fn written(
    inventory: &Inventory,
    name: &str,
    root: Node,
    meant: &Plan,
    form: Form,
) -> Result<Expanded, Box<InventoryError>> {
    let text = write(&root, form);
    // A large one fills the memory, and its text makes another.
    drop(root);
    let at_name = |problem: InventoryProblem| Box::new(problem.at(inventory.name_place, "name"));
    let plan = Plan::parse(&text).map_err(|errors| {
        let too_large = errors.iter().find(|error| {
            matches!(
                error.problem,
                PlanProblem::Document(
                    DocumentProblem::TooLarge { .. } | DocumentProblem::TooManyNodes { .. }
                )
            )
        });
        let why = too_large.or(errors.first()).map(ToString::to_string);
        let why = why.unwrap_or_default();
        at_name(match too_large {
            Some(_) => InventoryProblem::TooLarge {
                plan: name.to_owned(),
                why,
            },
            None => InventoryProblem::Ours { why },
        })
    })?;
    if same::same(&plan, meant) {
        Ok(Expanded { plan, text })
    } else {
        let why = format!("`{name}` is read otherwise");
        Err(at_name(InventoryProblem::Ours { why }))
    }
}

/// Each kind of error once for each place: what is wrong with a pattern is wrong with each table.
fn each_once(errors: Vec<InventoryError>) -> Vec<InventoryError> {
    type Sort = (
        Place,
        Discriminant<InventoryProblem>,
        Option<Discriminant<PlanProblem>>,
    );
    let mut first: HashMap<Sort, usize> = HashMap::new();
    let mut told: Vec<InventoryError> = Vec::new();
    for error in errors {
        let inner = if let InventoryProblem::Plan(problem) = &error.problem {
            Some(discriminant(problem))
        } else {
            None
        };
        let sort = (error.place, discriminant(&error.problem), inner);
        if let Some(same) = first.get(&sort).and_then(|&index| told.get_mut(index)) {
            same.more += 1;
        } else {
            first.insert(sort, told.len());
            told.push(error);
        }
    }
    told.sort_by_key(|error| error.place);
    told
}
