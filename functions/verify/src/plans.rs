// SPDX-License-Identifier: Apache-2.0
//! The plans of a function that stands alone: `KEYPROOF_PLAN` and `KEYPROOF_PLAN_…` in its
//! environment, each a whole plan as YAML or JSON. A plan goes by the `name` in it.

use std::collections::BTreeMap;

use keyproof_plan::{Plan, PlanError};

use crate::HandlerError;

#[cfg(test)]
mod tests;

/// The variable that holds a plan, and the beginning of those that hold more.
const VARIABLE: &str = "KEYPROOF_PLAN";

/// The function's plans.
#[derive(Debug, Default)]
pub struct Plans {
    plans: BTreeMap<String, (String, Plan)>,
    /// What is wrong with the others, a sentence for each variable.
    broken: Vec<String>,
}

impl Plans {
    /// Reads every plan in an environment. A broken one matters when it could be the one that is
    /// asked for, and not before.
    #[must_use]
    pub fn read(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables: Vec<_> = environment
            .into_iter()
            .filter(|(name, _)| holds_a_plan(name))
            .collect();
        variables.sort();
        let mut plans = Self::default();
        for (variable, text) in variables {
            match Plan::parse(&text) {
                Err(errors) => {
                    let what = format!("the plan in `{variable}`");
                    plans.broken.push(explain(&what, &errors));
                }
                Ok(plan) => plans.add(variable, plan),
            }
        }
        plans
    }

    fn add(&mut self, variable: String, plan: Plan) {
        match self.plans.get(&plan.name) {
            Some((first, _)) => self.broken.push(format!(
                "the plans in `{first}` and `{variable}` are both named `{}`; rename one",
                plan.name
            )),
            None => {
                self.plans.insert(plan.name.clone(), (variable, plan));
            }
        }
    }

    /// The plan of this name; without a name, the only one there is.
    ///
    /// # Errors
    ///
    /// Where there is none, or it can't be told which.
    pub fn named(&self, name: Option<&str>) -> Result<&Plan, HandlerError> {
        // A name that two plans claim, or a broken plan that may be the one: nobody's guess.
        let broken = || Err(HandlerError::InvalidPlan(self.broken.join("; ")));
        match name {
            Some(name) => match self.plans.get(name) {
                Some(_) if self.claimed_twice(name) => broken(),
                Some((_, plan)) => Ok(plan),
                None if !self.broken.is_empty() => broken(),
                None => Err(HandlerError::PlanNotFound {
                    name: shortened(name),
                    there: self.there(),
                }),
            },
            None if !self.broken.is_empty() => broken(),
            None => match self.plans.values().next() {
                Some((_, plan)) if self.plans.len() == 1 => Ok(plan),
                Some(_) | None => Err(HandlerError::PlanNotNamed {
                    there: self.there(),
                }),
            },
        }
    }

    fn claimed_twice(&self, name: &str) -> bool {
        let named = format!("are both named `{name}`; rename one");
        self.broken
            .iter()
            .any(|sentence| sentence.ends_with(&named))
    }

    fn there(&self) -> String {
        let names: Vec<_> = self.plans.keys().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => format!("the function has none, put one into its variable `{VARIABLE}`"),
            names => format!("the function has {}", names.join(", ")),
        }
    }
}

fn holds_a_plan(variable: &str) -> bool {
    variable
        .strip_prefix(VARIABLE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Everything that is wrong with a plan, in one line.
pub(crate) fn explain(what: &str, errors: &[PlanError]) -> String {
    let errors: Vec<_> = errors
        .iter()
        .map(|error| format!("{}: {error}", error.place))
        .collect();
    format!("{what} is not valid: {}", errors.join("; "))
}

/// Callers write names; the log needs no novel.
pub(crate) fn shortened(name: &str) -> String {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}
