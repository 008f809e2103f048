// SPDX-License-Identifier: Apache-2.0
//! What an expression consists of.

use std::fmt;

use crate::dynamodb::attribute::{AttributeValue, Attributes};

/// A document path: `a.b[0].#c`.
// INVARIANT (path): there is at least one segment and the first one is a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// The steps from the item down.
    pub(crate) segments: Vec<Segment>,
}

/// One step of a document path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// An attribute of the item or of a map.
    Name(String),
    /// A `#name` that still has to be looked up.
    Placeholder(String),
    /// An element of a list.
    Index(usize),
}

impl Path {
    /// The path to a top-level attribute.
    pub(crate) fn attribute(name: impl Into<String>) -> Self {
        Self {
            segments: vec![Segment::Name(name.into())],
        }
    }

    /// The top-level attribute that the path starts at.
    pub(crate) fn head(&self) -> &str {
        match self.segments.first() {
            Some(Segment::Name(name) | Segment::Placeholder(name)) => name,
            Some(Segment::Index(_)) | None => "",
        }
    }

    /// Whether the path goes below the top level.
    pub(crate) fn is_nested(&self) -> bool {
        self.segments.len() > 1
    }

    /// The value that the path leads to.
    pub(crate) fn find<'item>(&self, item: &'item Attributes) -> Option<&'item AttributeValue> {
        let mut segments = self.segments.iter();
        let Some(Segment::Name(head)) = segments.next() else {
            return None;
        };
        segments.try_fold(item.get(head)?, |value, segment| match (value, segment) {
            (AttributeValue::Map(attributes), Segment::Name(name)) => attributes.get(name),
            (AttributeValue::List(members), Segment::Index(index)) => members.get(*index),
            _ => None,
        })
    }
}

impl fmt::Display for Path {
    /// Writes the path as AWS does in its messages: `[a, b, [0]]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[")?;
        for (position, segment) in self.segments.iter().enumerate() {
            if position > 0 {
                formatter.write_str(", ")?;
            }
            match segment {
                Segment::Name(name) | Segment::Placeholder(name) => formatter.write_str(name)?,
                Segment::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        formatter.write_str("]")
    }
}

/// Something that has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// What stands at a path, if anything.
    Path(Path),
    /// A `:value` that still has to be looked up.
    Placeholder(String),
    /// A value.
    Literal(AttributeValue),
    /// A function's result.
    Call(Call),
    /// A sum or a difference; in update expressions only.
    Arithmetic(Box<Operand>, Sign, Box<Operand>),
}

/// A function with its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The function's name as written; functions are case-sensitive.
    pub(crate) function: String,
    /// Its operands.
    pub(crate) operands: Vec<Operand>,
}

/// `+` or `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
}

impl Sign {
    /// The sign as written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    /// `=`.
    Equal,
    /// `<>`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Comparator {
    /// The operator as written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The operator that says the same with its operands swapped.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether the operator needs operands that have an order.
    pub(crate) fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// A condition, filter or key condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `left OPERATOR right`.
    Compare(Operand, Comparator, Operand),
    /// `operand BETWEEN low AND high`.
    Between(Operand, Operand, Operand),
    /// `operand IN (…)`.
    In(Operand, Vec<Operand>),
    /// A function that says yes or no.
    Call(Call),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
    /// Not.
    Not(Box<Condition>),
}

impl Condition {
    /// Visits every path in the condition.
    pub(crate) fn each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        self.each_operand(&mut |operand| operand.each_path(visit));
    }

    /// Visits the operands of every comparison and function, in order.
    pub(crate) fn each_operand<'a>(&'a self, visit: &mut impl FnMut(&'a Operand)) {
        match self {
            Self::Compare(left, _, right) => {
                visit(left);
                visit(right);
            }
            Self::Between(operand, low, high) => {
                visit(operand);
                visit(low);
                visit(high);
            }
            Self::In(operand, members) => {
                visit(operand);
                members.iter().for_each(visit);
            }
            Self::Call(call) => call.operands.iter().for_each(visit),
            Self::And(left, right) | Self::Or(left, right) => {
                left.each_operand(visit);
                right.each_operand(visit);
            }
            Self::Not(inner) => inner.each_operand(visit),
        }
    }
}

impl Operand {
    /// Visits every path in the operand.
    pub(crate) fn each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Self::Path(path) => visit(path),
            Self::Placeholder(_) | Self::Literal(_) => {}
            Self::Call(call) => {
                for operand in &call.operands {
                    operand.each_path(visit);
                }
            }
            Self::Arithmetic(left, _, right) => {
                left.each_path(visit);
                right.each_path(visit);
            }
        }
    }
}

/// An update expression: at most one list for each section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Update {
    /// `SET path = operand`.
    pub(crate) set: Vec<(Path, Operand)>,
    /// `REMOVE path`.
    pub(crate) remove: Vec<Path>,
    /// `ADD path :value`.
    pub(crate) add: Vec<(Path, Operand)>,
    /// `DELETE path :value`.
    pub(crate) delete: Vec<(Path, Operand)>,
    /// Every path that is written, in the order of the text.
    pub(crate) written: Vec<Path>,
}
