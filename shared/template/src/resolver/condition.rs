// SPDX-License-Identifier: Apache-2.0
//! Conditions, in three values: a condition can hang on something that the template doesn't tell.

use keyproof_document::{Node, Place, Value as Tree};

use super::{MAX_CHAIN, Resolver};
use crate::error::{Suggestion, TemplateProblem};
use crate::functions::{self, Argument};
use crate::value::{Resolved, Value};

/// Whether a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// Only deployment tells; the text says on what it hangs.
    Unknown(String),
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Resolver<'_> {
    /// Whether the condition of this name holds.
    pub(crate) fn named_condition(&mut self, name: &str, place: Place) -> Truth {
        if let Some(truth) = self.conditions.get(name) {
            return truth.clone();
        }
        let Some(node) = self.sections.conditions.get(name).copied() else {
            let known = self.sections.conditions.keys().copied();
            let suggestion = Suggestion::nearest(name, known);
            let name = name.to_owned();
            return self.fail_condition(
                place,
                TemplateProblem::UnknownCondition { name, suggestion },
            );
        };
        if self.conditions_open.iter().any(|open| open == name) {
            let name = name.to_owned();
            return self.fail_condition(place, TemplateProblem::CircularCondition { name });
        }
        if self.conditions_open.len() >= MAX_CHAIN {
            return self.fail_condition(place, TemplateProblem::ChainTooLong { limit: MAX_CHAIN });
        }
        self.conditions_open.push(name.to_owned());
        let truth = self.condition(node);
        self.conditions_open.pop();
        self.conditions.insert(name.to_owned(), truth.clone());
        truth
    }

    /// Whether a condition's expression holds.
    pub(crate) fn condition(&mut self, node: &Node) -> Truth {
        let (name, argument) = match (&node.tag, &node.value) {
            (Some(tag), _) => (functions::long_name(tag), Argument::untagged(node)),
            (None, Tree::Mapping(entries)) => match entries.as_slice() {
                [(key, argument)] => (key.text.clone(), Argument::whole(argument)),
                _ => return self.no_condition(node, node.value.kind()),
            },
            // Conditions may be written as plain booleans where a condition is an argument.
            (None, Tree::Bool(value)) => return Truth::from(*value),
            (None, Tree::String(text)) if text == "true" || text == "false" => {
                return Truth::from(text == "true");
            }
            (None, value) => return self.no_condition(node, value.kind()),
        };
        match name.as_str() {
            "Fn::Equals" => self.equals(node.place, argument),
            "Fn::Not" => self.not(node.place, argument),
            "Fn::And" => self.all(node.place, argument, "Fn::And", &Truth::False),
            "Fn::Or" => self.all(node.place, argument, "Fn::Or", &Truth::True),
            "Condition" => match argument.text() {
                Some(name) => self.named_condition(name, argument.place()),
                None => self.no_condition(node, argument.kind()),
            },
            name => self.no_condition(node, name),
        }
    }

    fn equals(&mut self, place: Place, argument: Argument<'_>) -> Truth {
        let Some([left, right]) = argument.items() else {
            let expected = "a list of two values";
            let function = "Fn::Equals";
            let problem = TemplateProblem::WrongArguments { function, expected };
            return self.fail_condition(place, problem);
        };
        let (left, right) = (self.resolve(left), self.resolve(right));
        same(&left, &right)
    }

    fn not(&mut self, place: Place, argument: Argument<'_>) -> Truth {
        let Some([only]) = argument.items() else {
            let (function, expected) = ("Fn::Not", "a list of one condition");
            let problem = TemplateProblem::WrongArguments { function, expected };
            return self.fail_condition(place, problem);
        };
        match self.condition(only) {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            unknown @ Truth::Unknown(_) => unknown,
        }
    }

    /// `Fn::And` and `Fn::Or`: `deciding` decides alone, whatever is unknown beside it.
    fn all(
        &mut self,
        place: Place,
        argument: Argument<'_>,
        function: &'static str,
        deciding: &Truth,
    ) -> Truth {
        let Some(items) = argument
            .items()
            .filter(|items| (1..=10).contains(&items.len()))
        else {
            let expected = "a list of two to ten conditions";
            let problem = TemplateProblem::WrongArguments { function, expected };
            return self.fail_condition(place, problem);
        };
        let truths: Vec<Truth> = items.iter().map(|item| self.condition(item)).collect();
        if truths.contains(deciding) {
            return deciding.clone();
        }
        let unknown = truths
            .into_iter()
            .find(|truth| matches!(truth, Truth::Unknown(_)));
        unknown.unwrap_or_else(|| Truth::from(*deciding == Truth::False))
    }

    fn no_condition(&mut self, node: &Node, found: &str) -> Truth {
        let problem = TemplateProblem::NotACondition {
            found: format!("`{found}`"),
        };
        self.fail_condition(node.place, problem)
    }

    fn fail_condition(&mut self, place: Place, problem: TemplateProblem) -> Truth {
        self.fail(place, problem);
        Truth::Unknown("a mistake in the template".to_owned())
    }
}

fn same(left: &Resolved, right: &Resolved) -> Truth {
    match (&left.value, &right.value) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => {
            Truth::Unknown(unknown.reason.clone())
        }
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Truth::False;
            }
            let truths: Vec<Truth> = left
                .iter()
                .zip(right)
                .map(|(left, right)| same(left, right))
                .collect();
            if truths.contains(&Truth::False) {
                return Truth::False;
            }
            truths
                .into_iter()
                .find(|truth| matches!(truth, Truth::Unknown(_)))
                .unwrap_or(Truth::True)
        }
        (left, right) => match (left.as_text(), right.as_text()) {
            (Some(left), Some(right)) => Truth::from(left == right),
            _ => Truth::from(left == right),
        },
    }
}
