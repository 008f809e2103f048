// SPDX-License-Identifier: Apache-2.0
//! Why an expression is refused, in AWS's own words.

use super::syntax::Path;

/// What is wrong with an expression. The sentence is what follows `Invalid KIND: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionError {
    /// The text is empty.
    #[error("The expression can not be empty;")]
    Empty,
    /// The text is longer than 4 KB.
    #[error("Expression size has exceeded the maximum allowed size;")]
    TooLong,
    /// More operators, or deeper nesting, than DynamoDB takes.
    #[error("The expression contains too many operators or is nested too deeply;")]
    TooComplex,
    /// A token that can't stand where it stands.
    #[error("Syntax error; token: \"{token}\", near: \"{near}\"")]
    Syntax {
        /// The token, `<EOF>` at the end.
        token: String,
        /// The token with its neighbours.
        near: String,
    },
    /// `((a = b))`.
    #[error("The expression has redundant parentheses;")]
    RedundantParentheses,
    /// A function that does not exist.
    #[error("Invalid function name; function: {0}")]
    UnknownFunction(String),
    /// A function where its result is of no use.
    #[error("The function is not allowed to be used this way in an expression; function: {0}")]
    MisusedFunction(String),
    /// A reserved word used as a name.
    #[error("Attribute name is a reserved keyword; reserved keyword: {0}")]
    ReservedWord(String),
    /// A `#name` that was not given.
    #[error(
        "An expression attribute name used in the document path is not defined; attribute name: {0}"
    )]
    UndefinedName(String),
    /// A `:value` that was not given.
    #[error(
        "An expression attribute value used in expression is not defined; attribute value: {0}"
    )]
    UndefinedValue(String),
    /// A function called with too few or too many operands.
    #[error(
        "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {operands}"
    )]
    OperandCount {
        /// The function.
        function: String,
        /// How many operands it was given.
        operands: usize,
    },
    /// `a = a`.
    #[error(
        "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {path}"
    )]
    NotDistinct {
        /// The operator or function.
        operator: String,
        /// The operand.
        path: Path,
    },
    /// A function that takes a document path first, called without.
    #[error("Operator or function requires a document path; operator or function: {0}")]
    PathRequired(String),
    /// An operand of a type that the function does not take.
    #[error(
        "Incorrect operand type for operator or function; operator or function: {function}, operand type: {operand}"
    )]
    OperandType {
        /// The function.
        function: String,
        /// The operand's type.
        operand: String,
    },
    /// An operand of a type that the operator does not take.
    #[error(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: {operand}"
    )]
    OperatorType {
        /// The operator.
        operator: String,
        /// The operand's type.
        operand: String,
    },
    /// `attribute_type` with a type that does not exist.
    #[error(
        "Invalid attribute type name found; type: {0}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
    )]
    UnknownType(String),
    /// `BETWEEN` with bounds of two types.
    #[error(
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
    )]
    BetweenTypes {
        /// The lower bound.
        low: String,
        /// The upper bound.
        high: String,
    },
    /// `BETWEEN` with its bounds the wrong way round.
    #[error(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}"
    )]
    BetweenOrder {
        /// The lower bound.
        low: String,
        /// The upper bound.
        high: String,
    },
    /// A section that appears twice in an update expression.
    #[error("The \"{0}\" section can only be used once in an update expression;")]
    RepeatedSection(&'static str),
    /// One path is a part of the other, or both are the same.
    #[error(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {one}, path two: {two}"
    )]
    Overlap {
        /// The path that came first.
        one: Path,
        /// The path that came second.
        two: Path,
    },
    /// One path takes for a list what the other takes for a map.
    #[error(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {one}, path two: {two}"
    )]
    Conflict {
        /// The path that came first.
        one: Path,
        /// The path that came second.
        two: Path,
    },
}
