// SPDX-License-Identifier: Apache-2.0
//! The plan that an inventory would be if each of its tables stood for one: what is wrong with that, a
//! plan's own reader tells, before any source is asked.

use std::collections::HashSet;

use keyproof_document::Node;
use keyproof_plan::{Place, Plan, PlanError, PlanProblem};

use super::{Cursor, Wrong, join, patterns};
use crate::answer::Table;
use crate::definition::TABLE;
use crate::expand::{Filler, entry, mapping, sequence, text};
use crate::model::Inventory;

/// An account that is nobody's: AWS's own example.
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// Pushes what is wrong with the tables, principals and expectations as a plan's.
pub(super) fn check(inventory: &Inventory, wrong: &mut Wrong) {
    let Ok(account) = ACCOUNT.parse() else {
        return;
    };
    let mut table = Table::new(account, REGION, "example");
    table.key = Some("alias/example".to_owned());
    for (name, kind) in &inventory.tables {
        for (key, node) in &kind.fields {
            let path = join(&join("tables", name), &key.text);
            patterns(&Cursor { node, path }, wrong, &mut Vec::new());
        }
    }

    let filler = Filler::guessing(&table);
    let fill = |node: &Node| filler.node(node).unwrap_or_else(|_| node.clone());
    let tables = inventory.tables.iter().map(|(name, kind)| {
        let arn = entry("table", text(&table.arn(), kind.place), kind.place);
        let fields = kind.fields.iter();
        let fields =
            fields.map(|(key, node)| (filler.key(key).unwrap_or_else(|_| key.clone()), fill(node)));
        let fields = [arn].into_iter().chain(fields).collect();
        let place = kind.place;
        entry(name, mapping(fields, place), place)
    });
    let tables: Vec<_> = tables.collect();
    let principals = inventory.principals.iter();
    let principals = principals.map(|(name, kind)| entry(name, fill(&kind.node), kind.place));
    let principals: Vec<_> = principals.collect();
    let expectations = inventory.root.get("expectations").cloned();
    let place = inventory.root.place;
    let expectations = expectations.unwrap_or_else(|| sequence(Vec::new(), place));
    let root = mapping(
        vec![
            entry("keyproof", text("plan/v1", place), place),
            entry("name", text("sample", place), place),
            entry("region", text(REGION, place), place),
            entry("tables", mapping(tables, place), place),
            entry("principals", mapping(principals, place), place),
            entry("expectations", expectations, place),
        ],
        place,
    );
    let guessed = filler.guessed();
    let errors = Plan::of_tree(&root).err().unwrap_or_default();
    let errors = errors
        .into_iter()
        .filter(|error| tells(error, &guessed, wrong));
    let errors: Vec<_> = errors.collect();
    wrong.plan.0.extend(errors);
}

/// Whether it is wrong with the inventory, not with what was guessed, and was not told yet.
fn tells(error: &PlanError, guessed: &HashSet<Place>, wrong: &Wrong) -> bool {
    // Only what comes of the sources says in which region; and the whole tree was looked through for tags.
    let of_others = matches!(
        &error.problem,
        PlanProblem::OtherRegion { .. } | PlanProblem::Tag { .. }
    );
    let told = matches!(
        &error.problem,
        PlanProblem::UnknownField { object, .. } | PlanProblem::MissingField { object, .. }
            if *object == TABLE.noun
    );
    !of_others && !told && !guessed.contains(&error.place) && !wrong.plan.0.contains(error)
}
