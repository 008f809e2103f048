// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a template.

use keyproof_document::{DocumentProblem, Place};
use thiserror::Error;

/// One thing wrong with a template, and where.
///
/// Its `Display` is the sentence alone: whoever shows it knows the file and puts
/// `FILE:LINE:COLUMN` before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem}")]
pub struct TemplateError {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub problem: TemplateProblem,
}

/// A name that was probably meant, as the end of a sentence: `` ; did you mean `Key`? `` or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Suggestion(pub(crate) Option<String>);

impl std::fmt::Display for Suggestion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(name) => write!(formatter, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl Suggestion {
    /// The nearest of `candidates`, where one is near enough to be a misspelling.
    pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let lower = word.to_lowercase();
        let limit = (word.chars().count() / 3).max(1);
        let near = candidates
            .into_iter()
            .map(|candidate| {
                (
                    strsim::osa_distance(&lower, &candidate.to_lowercase()),
                    candidate,
                )
            })
            .filter(|&(distance, _)| distance <= limit)
            .min();
        Self(near.map(|(_, candidate)| candidate.to_owned()))
    }
}

/// The kinds of [`TemplateError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateProblem {
    /// Neither YAML nor JSON, or not readable without doubt.
    #[error(transparent)]
    Document(#[from] DocumentProblem),
    /// Read, but not a template.
    #[error("this is not a CloudFormation template: {reason}")]
    NotATemplate {
        /// What is missing.
        reason: String,
    },
    /// A section that templates don't have.
    #[error("unknown template section `{name}`{suggestion}")]
    UnknownSection {
        /// The section as written.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// An attribute that resources don't have.
    #[error("unknown resource attribute `{name}`{suggestion}")]
    UnknownResourceAttribute {
        /// The attribute as written.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A resource without a `Type`.
    #[error("the resource `{logical_id}` has no `Type`")]
    NoType {
        /// The resource.
        logical_id: String,
    },
    /// A misspelt property.
    #[error("`{name}` is not a property of `{type_name}`{suggestion}")]
    UnknownProperty {
        /// The property as written.
        name: String,
        /// The resource's type.
        type_name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A required property that is not there.
    #[error("`{type_name}` needs the property `{name}`")]
    MissingProperty {
        /// The property.
        name: &'static str,
        /// The resource's type.
        type_name: String,
    },
    /// A value of another shape than the place asks for.
    #[error("`{name}` must be {expected}, found {found}")]
    WrongShape {
        /// The section, property or argument.
        name: String,
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that is not one of those possible.
    #[error("`{value}` is not a value of `{name}`; expected {expected}")]
    WrongValue {
        /// The property.
        name: String,
        /// The value as given.
        value: String,
        /// What is possible.
        expected: &'static str,
    },
    /// A reference to something that is not in the template.
    #[error(
        "`{function}` refers to `{name}`, which is neither a resource nor a parameter of this template{suggestion}"
    )]
    BrokenReference {
        /// `Ref`, `Fn::GetAtt` or `Fn::Sub`.
        function: &'static str,
        /// The name as written.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// An attribute of something that has none.
    #[error(
        "`{function}` takes a resource, and `{name}` is a parameter; write `Ref` for its value"
    )]
    NotAResource {
        /// `Fn::GetAtt` or `Fn::Sub`.
        function: &'static str,
        /// The parameter.
        name: String,
    },
    /// A reference to a resource that this deployment does not create.
    #[error(
        "`{function}` refers to `{name}`, which is not created because its condition `{condition}` is false"
    )]
    AbsentReference {
        /// `Ref`, `Fn::GetAtt` or `Fn::Sub`.
        function: &'static str,
        /// The resource.
        name: String,
        /// Its condition.
        condition: String,
    },
    /// An attribute that the resource's type does not return.
    #[error("`{type_name}` has no attribute `{attribute}` for `Fn::GetAtt`{suggestion}")]
    UnknownAttribute {
        /// The attribute as written.
        attribute: String,
        /// The resource's type.
        type_name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// Resources that need one another before they can exist.
    #[error("circular reference: {}", chain.join(" → "))]
    CircularReference {
        /// The resources, the first one again at the end.
        chain: Vec<String>,
    },
    /// A function that CloudFormation doesn't have.
    #[error("unknown function `{name}`{suggestion}")]
    UnknownFunction {
        /// The function as written.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A function with arguments that it doesn't take.
    #[error("`{function}` takes {expected}")]
    WrongArguments {
        /// The function.
        function: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// `Fn::Select` beyond its list.
    #[error("`Fn::Select` asks for item {index} of a list of {length}, counted from 0")]
    SelectOutOfRange {
        /// The index as written.
        index: String,
        /// How many there are.
        length: usize,
    },
    /// A `Fn::Sub` variable that is no name.
    #[error(
        "`${{{text}}}` in `Fn::Sub` is not a name; write `${{!{text}}}` to mean the text itself"
    )]
    BadVariable {
        /// What stands between the braces.
        text: String,
    },
    /// A mapping, or a key of it, that is not there.
    #[error("`Fn::FindInMap` finds no `{name}` in {within}{suggestion}")]
    NotInMap {
        /// The missing name.
        name: String,
        /// Where it was looked for.
        within: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A condition that is not declared.
    #[error("unknown condition `{name}`{suggestion}")]
    UnknownCondition {
        /// The condition as written.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A condition that hangs on itself.
    #[error("the condition `{name}` refers to itself")]
    CircularCondition {
        /// The condition.
        name: String,
    },
    /// Conditions or names that hang on one another in too long a row.
    #[error("more than {limit} conditions or names hang on one another here")]
    ChainTooLong {
        /// The limit.
        limit: usize,
    },
    /// Lists that grow beyond all use.
    #[error("the lists of this template have more than {limit} items where they are used")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Something that is not a condition.
    #[error(
        "expected a condition (`Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Condition`), found {found}"
    )]
    NotACondition {
        /// What stands there.
        found: String,
    },
    /// A parameter without a value.
    #[error("the parameter `{name}` has no default; give it with `--parameter {name}=VALUE`")]
    ParameterNeeded {
        /// The parameter.
        name: String,
    },
    /// A value for a parameter that the template doesn't have.
    #[error("the template has no parameter `{name}`{suggestion}")]
    UnknownParameter {
        /// The name as given.
        name: String,
        /// What was probably meant.
        suggestion: Suggestion,
    },
    /// A value that a parameter doesn't admit. The value itself may be a secret and is not told.
    #[error("the value of the parameter `{name}` {reason}")]
    BadParameter {
        /// The parameter.
        name: String,
        /// What it should have been.
        reason: String,
    },
    /// `Fn::ForEach` over something that can't be told before deployment, or malformed.
    #[error("`{name}`: {reason}")]
    BadLoop {
        /// The loop's key.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Two resources of one kind with one name.
    #[error("{noun} `{name}` is declared twice, first as `{first}`")]
    DuplicateName {
        /// What they are.
        noun: &'static str,
        /// Their name.
        name: String,
        /// The logical id of the first.
        first: String,
    },
    /// A policy that IAM or KMS would not take.
    #[error("{policy}: {reason}")]
    BadPolicy {
        /// Which policy.
        policy: String,
        /// What is wrong.
        reason: String,
    },
}

impl TemplateProblem {
    /// The problem, placed.
    pub(crate) fn at(self, place: Place) -> TemplateError {
        TemplateError {
            place,
            problem: self,
        }
    }
}
