// SPDX-License-Identifier: Apache-2.0
//! One statement, compiled.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::Request;
use crate::arn_pattern::{ArnPattern, Fields, Place};
use crate::condition::Condition;
use crate::glob::{Case, Pattern};
use crate::principal_element::{Naming, PrincipalPattern};
use crate::truth::Truth;

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It permits.
    Allow,
    /// It forbids.
    Deny,
}

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principals {
    /// Whoever the policy is attached to.
    Attached,
    /// `Principal`.
    Only(Vec<PrincipalPattern>),
    /// `NotPrincipal`.
    Except(Vec<PrincipalPattern>),
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resources {
    /// The resource that the policy is attached to: a trust policy has no `Resource`.
    Attached,
    /// Nothing: a key policy's statement without `Resource` is accepted and has no effect.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>
    Nothing,
    /// `Resource`.
    Only(Vec<ArnPattern>),
    /// `NotResource`.
    Except(Vec<ArnPattern>),
}

/// Which actions a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actions {
    /// None: as with `Resource`, a key policy's statement without `Action` has no effect.
    Nothing,
    /// `Action`.
    Only(Vec<Pattern>),
    /// `NotAction`.
    Except(Vec<Pattern>),
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Arc<str>>,
    pub(crate) effect: Effect,
    pub(crate) principals: Principals,
    pub(crate) actions: Actions,
    pub(crate) resources: Resources,
    pub(crate) conditions: Vec<Condition>,
}

/// A request, taken apart once for all statements.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) resource: Fields<'a>,
    /// The caller has a permissions boundary.
    pub(crate) bounded: bool,
}

/// Whether and how a statement applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    pub(crate) applies: Truth,
    pub(crate) naming: Naming,
}

impl Statement {
    /// Whether the statement applies to a call.
    pub(crate) fn application(&self, call: &Call<'_>, unknown: &mut Vec<String>) -> Application {
        let none = Application {
            applies: Truth::No,
            naming: Naming::default(),
        };
        if !self.is_about_action(&call.request.action) {
            return none;
        }
        let (about, naming) = self.is_about_principal(call);
        if !about {
            return none;
        }
        let mut applies = self.is_about_resource(call, unknown);
        for condition in &self.conditions {
            if applies == Truth::No {
                return none;
            }
            applies = applies.and(condition.holds(&call.request.context, unknown));
        }
        Application { applies, naming }
    }

    /// Whether it says anything of an action.
    pub(crate) fn is_about_action(&self, action: &str) -> bool {
        let among = |patterns: &[Pattern]| {
            patterns
                .iter()
                .any(|pattern| pattern.matches(action, Case::Insensitive))
        };
        match &self.actions {
            Actions::Nothing => false,
            Actions::Only(patterns) => among(patterns),
            Actions::Except(patterns) => !among(patterns),
        }
    }

    fn is_about_principal(&self, call: &Call<'_>) -> (bool, Naming) {
        let principal = &call.request.principal;
        let everyone = Naming {
            account: true,
            behind: true,
            itself: true,
        };
        match (&self.principals, self.effect) {
            (Principals::Attached, _) => (true, everyone),
            (Principals::Only(patterns), _) => {
                let naming = Naming::of(principal, patterns);
                (naming.is_any(), naming)
            }
            // NotPrincipal with Deny always denies a caller that has a permissions boundary.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            (Principals::Except(_), Effect::Deny) if call.bounded => (true, everyone),
            (Principals::Except(patterns), Effect::Deny) => (
                !Naming::of(principal, patterns).exempts(principal),
                everyone,
            ),
            (Principals::Except(patterns), Effect::Allow) => {
                (!Naming::of(principal, patterns).is_any(), everyone)
            }
        }
    }

    fn is_about_resource(&self, call: &Call<'_>, unknown: &mut Vec<String>) -> Truth {
        let context = &call.request.context;
        // Whether any matches, and whether each could be compared: a variable without a value can't.
        let mut among = |patterns: &[ArnPattern]| {
            let (mut any, mut comparable) = (Truth::No, true);
            for pattern in patterns {
                match pattern.matches(&call.resource, Place::Resource, context, unknown) {
                    Some(answer) => any = any.or(answer),
                    None => comparable = false,
                }
                if any == Truth::Yes {
                    break;
                }
            }
            (any, comparable)
        };
        match &self.resources {
            Resources::Attached => Truth::Yes,
            Resources::Nothing => Truth::No,
            Resources::Only(patterns) => among(patterns).0,
            Resources::Except(patterns) => match among(patterns) {
                (any, true) => !any,
                (_, false) => Truth::No,
            },
        }
    }
}
