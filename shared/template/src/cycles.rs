// SPDX-License-Identifier: Apache-2.0
//! Circles in the references between resources, which CloudFormation refuses to deploy.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_document::Place;

use crate::error::{TemplateError, TemplateProblem};

/// Which resources each resource refers to, and where it does first.
type Edges = BTreeMap<String, BTreeMap<String, Place>>;

/// An error for each circle found: every resource is in at most one of them.
pub(crate) fn circles(edges: &Edges) -> Vec<TemplateError> {
    let mut errors = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        // A walk with its own stack: a chain may be as long as the template has resources.
        let mut chain: Vec<&str> = Vec::new();
        let mut todo: Vec<Step<'_>> = vec![Step::Enter(start)];
        while let Some(step) = todo.pop() {
            match step {
                Step::Leave => {
                    if let Some(name) = chain.pop() {
                        done.insert(name);
                    }
                }
                Step::Enter(name) if done.contains(name) => {}
                Step::Enter(name) => {
                    if let Some(at) = chain.iter().position(|link| *link == name) {
                        errors.extend(circle(edges, chain.get(at..).unwrap_or_default()));
                        done.extend(chain.get(at..).unwrap_or_default());
                        continue;
                    }
                    chain.push(name);
                    todo.push(Step::Leave);
                    let targets = edges.get(name).into_iter().flat_map(BTreeMap::keys).rev();
                    todo.extend(targets.map(|target| Step::Enter(target)));
                }
            }
        }
    }
    errors
}

enum Step<'a> {
    Enter(&'a str),
    Leave,
}

fn circle(edges: &Edges, links: &[&str]) -> Option<TemplateError> {
    let (first, last) = (links.first()?, links.last()?);
    let place = edges.get(*last)?.get(*first)?;
    let chain = links
        .iter()
        .chain([first])
        .map(|&name| name.to_owned())
        .collect();
    Some(TemplateProblem::CircularReference { chain }.at(*place))
}
