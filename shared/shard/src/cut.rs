// SPDX-License-Identifier: Apache-2.0
//! Where a plan may be cut: between tables, never through one.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use keyproof_plan::{Expectation, Plan};

use crate::{Manifest, Shard};

/// What can't be divided: a table with all that is asked about it, or one expectation without a
/// table.
///
/// Its order is the order in which pieces go into shards: what shares an account and principals
/// comes together, so that a principal's one session serves as many probes as may be. Ties are
/// broken by the document's order, so that the same plan is always cut alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Piece<'a> {
    account: Option<&'a str>,
    principals: BTreeSet<&'a str>,
    what: What<'a>,
    probes: usize,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What<'a> {
    Table(usize, &'a str),
    Expectation(usize),
}

/// Cuts a plan into shards of at most `most` probes, as far as tables allow: one that alone has
/// more is a shard of its own. No shard is of two accounts.
#[must_use]
pub fn cut(plan: &Plan, most: NonZeroUsize) -> Manifest {
    let mut shards: Vec<Open<'_>> = Vec::new();
    for piece in pieces(plan) {
        let fits = |open: &&mut Open<'_>| {
            open.account == piece.account && open.probes + piece.probes <= most.get()
        };
        match shards.last_mut().filter(fits) {
            Some(open) => open.add(piece),
            None => shards.push(Open::of(piece)),
        }
    }
    let shards = shards.into_iter().enumerate();
    Manifest {
        schema: Manifest::SCHEMA.to_owned(),
        plan: plan.name.clone(),
        digest: plan.digest.clone(),
        most: most.get(),
        shards: shards.map(|(number, open)| open.close(number)).collect(),
    }
}

/// The pieces of a plan, those that belong together beside each other.
fn pieces(plan: &Plan) -> Vec<Piece<'_>> {
    let mut on: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
    let mut pieces = Vec::new();
    for (index, expectation) in plan.expectations.iter().enumerate() {
        match &expectation.on {
            Some(table) => on.entry(table).or_default().push(expectation),
            None => pieces.push(Piece {
                account: account_of(plan, &expectation.principal),
                principals: BTreeSet::from([expectation.principal.as_str()]),
                what: What::Expectation(index),
                probes: expectation.actions.len(),
            }),
        }
    }
    for (index, (name, table)) in plan.tables.iter().enumerate() {
        let asked = on.remove(name.as_str()).unwrap_or_default();
        let principals: BTreeSet<&str> = asked
            .iter()
            .map(|expectation| expectation.principal.as_str())
            .chain(table.inspect_as.as_deref())
            .collect();
        // A table that is named without its account is in the account of whoever reads it.
        let named = table.arn.as_ref().map(keyproof_core::TableArn::account);
        let account = named.or_else(|| account_of(plan, principals.first()?));
        let asked = asked.iter().map(|expectation| expectation.actions.len());
        pieces.push(Piece {
            account,
            principals,
            what: What::Table(index, name),
            // One more for the look at its encryption.
            probes: asked.sum::<usize>() + 1,
        });
    }
    pieces.sort();
    pieces
}

fn account_of<'a>(plan: &'a Plan, principal: &str) -> Option<&'a str> {
    Some(plan.principals.get(principal)?.role.account())
}

/// A shard that is being filled.
struct Open<'a> {
    account: Option<&'a str>,
    principals: BTreeSet<&'a str>,
    tables: Vec<(usize, &'a str)>,
    expectations: Vec<usize>,
    probes: usize,
}

impl<'a> Open<'a> {
    fn of(piece: Piece<'a>) -> Self {
        let mut open = Self {
            account: piece.account,
            principals: BTreeSet::new(),
            tables: Vec::new(),
            expectations: Vec::new(),
            probes: 0,
        };
        open.add(piece);
        open
    }

    fn add(&mut self, piece: Piece<'a>) {
        self.probes += piece.probes;
        self.principals.extend(piece.principals);
        match piece.what {
            What::Table(index, name) => self.tables.push((index, name)),
            What::Expectation(index) => self.expectations.push(index),
        }
    }

    fn close(mut self, number: usize) -> Shard {
        self.tables.sort_unstable();
        self.expectations.sort_unstable();
        let tables = self.tables.into_iter();
        Shard {
            number,
            account: self.account.map(str::to_owned),
            tables: tables.map(|(_, name)| name.to_owned()).collect(),
            expectations: self.expectations,
            principals: self.principals.len(),
            probes: self.probes,
        }
    }
}
