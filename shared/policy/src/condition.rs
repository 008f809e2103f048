// SPDX-License-Identifier: Apache-2.0
//! The `Condition` element.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

mod date;
mod network;
mod number;
mod operator;

#[cfg(test)]
mod tests;

pub(crate) use date::Date;
pub(crate) use network::Network;
pub(crate) use number::Decimal;
pub(crate) use operator::{Comparison, Operator, Quantifier, Test};

use std::net::IpAddr;

use crate::arn_pattern::{ArnPattern, Fields, Place};
use crate::context::Found;
use crate::glob::{Case, Pattern};
use crate::text::{self, Filled, Reading, Text};
use crate::truth::Truth;
use crate::{Context, ContextValue};

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    quantifier: Quantifier,
    if_exists: bool,
    negated: bool,
    // In lower case: keys compare without regard to case.
    key: String,
    values: Values,
}

/// The policy's values, compiled for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    Texts(Vec<Text>, Case),
    Arns(Vec<ArnPattern>),
    Numbers(Comparison, Vec<Decimal>),
    Dates(Comparison, Vec<Date>),
    Bools(Vec<bool>),
    Binaries(Vec<String>),
    Networks(Vec<Network>),
    Absence(Vec<bool>),
}

/// A value that its operator can't read, and what it expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadValue {
    /// Which of the values.
    pub(crate) index: usize,
    /// What would have been right.
    pub(crate) expected: &'static str,
}

fn read_all<T>(
    values: &[String],
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, BadValue> {
    values
        .iter()
        .enumerate()
        .map(|(index, value)| read(value).ok_or(BadValue { index, expected }))
        .collect()
}

fn read_bool(value: &str) -> Option<bool> {
    match value {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn read_base64(value: &str) -> Option<String> {
    let body = value.trim_end_matches('=');
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let padding = value.len() - body.len();
    (body.bytes().all(letter) && value.len().is_multiple_of(4) && padding <= 2)
        .then(|| value.to_owned())
}

impl Condition {
    pub(crate) fn new(
        operator: Operator,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, BadValue> {
        let texts = |wildcards| {
            let reading = Reading {
                wildcards,
                variables,
            };
            values
                .iter()
                .map(|value| Text::new(value, reading))
                .collect()
        };
        let compiled = match operator.test {
            Test::Text { like, case } => Values::Texts(texts(like), case),
            Test::Arn => Values::Arns(
                values
                    .iter()
                    .map(|value| ArnPattern::new(value, Place::Condition, variables))
                    .collect(),
            ),
            Test::Number(comparison) => Values::Numbers(
                comparison,
                read_all(values, "a decimal number", Decimal::read)?,
            ),
            Test::Date(comparison) => Values::Dates(
                comparison,
                read_all(values, "an ISO 8601 date or epoch seconds", Date::read)?,
            ),
            Test::Bool => Values::Bools(read_all(values, "`true` or `false`", read_bool)?),
            Test::Binary => Values::Binaries(read_all(values, "base64", read_base64)?),
            Test::Network => Values::Networks(read_all(
                values,
                "an IP address or a range such as `203.0.113.0/24`",
                Network::read,
            )?),
            Test::Absence => Values::Absence(read_all(values, "`true` or `false`", read_bool)?),
        };
        Ok(Self {
            quantifier: operator.quantifier,
            if_exists: operator.if_exists,
            negated: operator.negated,
            key: key.to_lowercase(),
            values: compiled,
        })
    }

    /// Whether the request meets the condition. Unknown keys that it hangs on go to `unknown`.
    pub(crate) fn holds(&self, context: &Context, unknown: &mut Vec<String>) -> Truth {
        let found = context.find(&self.key);
        if let Found::Unknown = found {
            unknown.push(self.key.clone());
            return Truth::Unknown;
        }
        if let Values::Absence(wanted) = &self.values {
            return Truth::from(wanted.contains(&matches!(found, Found::Absent)));
        }
        match found {
            Found::Absent | Found::Unknown => match self.quantifier {
                Quantifier::None => Truth::from(self.if_exists || self.negated),
                Quantifier::All => Truth::Yes,
                Quantifier::Any => Truth::No,
            },
            Found::Value(value) => self.holds_for(value, context, unknown),
        }
    }

    fn holds_for(
        &self,
        value: &ContextValue,
        context: &Context,
        unknown: &mut Vec<String>,
    ) -> Truth {
        let mut test = |value: &String| self.passes(value, context, unknown);
        // A set of nothing but empty strings counts as no value at all.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        let values = value.as_slice();
        let empty = values.iter().all(String::is_empty);
        match (self.quantifier, value) {
            (Quantifier::None, ContextValue::One(value)) => test(value),
            // Without a set operator a multivalued key matches nothing.
            (Quantifier::None, ContextValue::Many(_)) => Truth::No,
            (Quantifier::All, _) if empty => Truth::Yes,
            (Quantifier::Any, _) if empty => Truth::No,
            (Quantifier::All, _) => values
                .iter()
                .fold(Truth::Yes, |all, value| all.and(test(value))),
            (Quantifier::Any, _) => values
                .iter()
                .fold(Truth::No, |any, value| any.or(test(value))),
        }
    }

    /// Tests one value of the request against all of the policy's.
    ///
    /// A policy value that can't be compared (a variable without a value, a text that is no number)
    /// matches nothing, and a negated operator doesn't hold on the strength of it either.
    fn passes(&self, value: &str, context: &Context, unknown: &mut Vec<String>) -> Truth {
        match &self.values {
            Values::Texts(texts, case) => self.any(texts, |text| match text {
                Text::Fixed(pattern) => Some(Truth::from(pattern.matches(value, *case))),
                Text::Variable(pieces) => match text::fill(pieces, context) {
                    Filled::Tokens(tokens) => {
                        Some(Truth::from(Pattern::new(&tokens).matches(value, *case)))
                    }
                    Filled::Unresolved => None,
                    Filled::Unknown(key) => {
                        unknown.push(key);
                        Some(Truth::Unknown)
                    }
                },
            }),
            Values::Arns(patterns) => {
                let fields = Fields::new(value);
                self.any(patterns, |pattern| {
                    pattern.matches(&fields, Place::Condition, context, unknown)
                })
            }
            Values::Numbers(comparison, numbers) => {
                let value = Decimal::read(value);
                self.any(numbers, |number| {
                    Some(comparison.holds(value.as_ref()?.cmp(number)).into())
                })
            }
            Values::Dates(comparison, dates) => {
                let value = Date::read(value);
                self.any(dates, |date| {
                    Some(comparison.holds(value?.cmp(date)).into())
                })
            }
            Values::Bools(wanted) => {
                let value = read_bool(value);
                self.any(wanted, |wanted| Some((value? == *wanted).into()))
            }
            Values::Binaries(wanted) => self.any(wanted, |wanted| Some((value == wanted).into())),
            Values::Networks(networks) => {
                let address = value.parse::<IpAddr>().ok();
                self.any(networks, |network| Some(network.contains(address?).into()))
            }
            Values::Absence(_) => Truth::No,
        }
    }

    fn any<T>(&self, wanted: &[T], mut matches: impl FnMut(&T) -> Option<Truth>) -> Truth {
        let mut any = Truth::No;
        let mut comparable = true;
        for wanted in wanted {
            match matches(wanted) {
                Some(answer) => any = any.or(answer),
                None => comparable = false,
            }
            if any == Truth::Yes {
                break;
            }
        }
        match (self.negated, comparable) {
            (false, _) => any,
            (true, true) => !any,
            (true, false) => Truth::No,
        }
    }
}
