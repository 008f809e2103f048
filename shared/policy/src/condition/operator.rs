// SPDX-License-Identifier: Apache-2.0
//! Condition operators by name.

use std::cmp::Ordering;

use crate::glob::Case;

/// How a set of values in the request is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// It isn't: single values only.
    None,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// How two ordered values are to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The request's value equals the policy's.
    Equals,
    /// It is less.
    LessThan,
    /// It is no greater.
    LessThanEquals,
    /// It is greater.
    GreaterThan,
    /// It is no less.
    GreaterThanEquals,
}

impl Comparison {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

/// What an operator does with one value, before negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Compares text, `like` with wildcards.
    Text {
        /// `*` and `?` are wildcards.
        like: bool,
        /// Whether case matters.
        case: Case,
    },
    /// Matches an ARN field by field.
    Arn,
    /// Compares numbers.
    Number(Comparison),
    /// Compares points in time.
    Date(Comparison),
    /// Compares truth values.
    Bool,
    /// Compares base64.
    Binary,
    /// Looks whether an address is in a range.
    Network,
    /// Looks whether the key is absent.
    Absence,
}

/// A condition operator, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) if_exists: bool,
    pub(crate) negated: bool,
    pub(crate) test: Test,
}

const fn text(like: bool, case: Case) -> Test {
    Test::Text { like, case }
}

/// Every operator without prefix and suffix: its name, what it tests, whether it negates that.
const OPERATORS: [(&str, Test, bool); 28] = [
    ("StringEquals", text(false, Case::Sensitive), false),
    ("StringNotEquals", text(false, Case::Sensitive), true),
    (
        "StringEqualsIgnoreCase",
        text(false, Case::Insensitive),
        false,
    ),
    (
        "StringNotEqualsIgnoreCase",
        text(false, Case::Insensitive),
        true,
    ),
    ("StringLike", text(true, Case::Sensitive), false),
    ("StringNotLike", text(true, Case::Sensitive), true),
    ("NumericEquals", Test::Number(Comparison::Equals), false),
    ("NumericNotEquals", Test::Number(Comparison::Equals), true),
    ("NumericLessThan", Test::Number(Comparison::LessThan), false),
    (
        "NumericLessThanEquals",
        Test::Number(Comparison::LessThanEquals),
        false,
    ),
    (
        "NumericGreaterThan",
        Test::Number(Comparison::GreaterThan),
        false,
    ),
    (
        "NumericGreaterThanEquals",
        Test::Number(Comparison::GreaterThanEquals),
        false,
    ),
    ("DateEquals", Test::Date(Comparison::Equals), false),
    ("DateNotEquals", Test::Date(Comparison::Equals), true),
    ("DateLessThan", Test::Date(Comparison::LessThan), false),
    (
        "DateLessThanEquals",
        Test::Date(Comparison::LessThanEquals),
        false,
    ),
    (
        "DateGreaterThan",
        Test::Date(Comparison::GreaterThan),
        false,
    ),
    (
        "DateGreaterThanEquals",
        Test::Date(Comparison::GreaterThanEquals),
        false,
    ),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Network, false),
    ("NotIpAddress", Test::Network, true),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    // "ArnEquals and ArnLike behave identically", and so do their negations.
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Absence, false),
    // The documentation has no other spelling of it, but IAM takes this older one.
    ("BinaryNotEquals", Test::Binary, true),
];

impl Operator {
    /// Reads an operator's name.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, test, negated) = OPERATORS.iter().find(|(known, ..)| *known == base)?;
        // `IfExists` goes with every operator but `Null`.
        (*test != Test::Absence || !if_exists).then_some(Self {
            quantifier,
            if_exists,
            negated: *negated,
            test: *test,
        })
    }

    /// Every name that [`Operator::read`] takes.
    pub(crate) fn names() -> impl Iterator<Item = String> {
        ["", "ForAllValues:", "ForAnyValue:"]
            .into_iter()
            .flat_map(|prefix| {
                ["", "IfExists"].into_iter().flat_map(move |suffix| {
                    OPERATORS
                        .iter()
                        .filter(move |(_, test, _)| *test != Test::Absence || suffix.is_empty())
                        .map(move |(base, ..)| format!("{prefix}{base}{suffix}"))
                })
            })
    }
}
