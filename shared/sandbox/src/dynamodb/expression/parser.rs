// SPDX-License-Identifier: Apache-2.0
//! Reads the texts of expressions. Names and values are looked up afterwards.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>

use super::error::ExpressionError;
use super::lexer::{Cursor, Kind};
use super::syntax::{Call, Comparator, Condition, Operand, Path, Segment, Sign, Update};

/// What may not be a name without a `#`, because it is a keyword of conditions.
const CONDITION_KEYWORDS: &[&str] = &["AND", "OR", "NOT", "BETWEEN", "IN"];
/// The keywords of update expressions.
const UPDATE_KEYWORDS: &[&str] = &["SET", "REMOVE", "ADD", "DELETE"];

/// A condition as it was read, and whether it has parentheses that say nothing.
#[derive(Debug)]
pub(super) struct ParsedCondition {
    /// The condition.
    pub(super) condition: Condition,
    /// Whether something stands in two pairs of parentheses.
    pub(super) redundant_parentheses: bool,
}

/// Reads a condition, filter or key condition.
pub(super) fn condition(text: &str) -> Result<ParsedCondition, ExpressionError> {
    let mut parser = Parser::new(text, CONDITION_KEYWORDS);
    let node = parser.disjunction()?;
    parser.cursor.expect_end()?;
    let condition = parser.condition_of(node)?;
    Ok(ParsedCondition {
        condition,
        redundant_parentheses: parser.redundant_parentheses,
    })
}

/// Reads a projection: paths, separated by commas.
pub(super) fn projection(text: &str) -> Result<Vec<Path>, ExpressionError> {
    let mut parser = Parser::new(text, &[]);
    let mut paths = vec![parser.path()?];
    while parser.cursor.take_symbol(',') {
        paths.push(parser.path()?);
    }
    parser.cursor.expect_end()?;
    Ok(paths)
}

/// Reads an update expression; the second value names a section that appears twice.
pub(super) fn update(text: &str) -> Result<(Update, Option<&'static str>), ExpressionError> {
    let mut parser = Parser::new(text, UPDATE_KEYWORDS);
    let mut update = Update::default();
    let (mut seen, mut repeated) = (Vec::new(), None);
    loop {
        let found = UPDATE_KEYWORDS
            .iter()
            .find(|keyword| parser.cursor.is_keyword(keyword));
        let Some(section) = found else {
            return Err(parser.cursor.unexpected());
        };
        parser.cursor.take();
        if seen.contains(section) && repeated.is_none() {
            repeated = Some(*section);
        }
        seen.push(*section);
        loop {
            let path = parser.path()?;
            update.written.push(path.clone());
            match *section {
                "SET" => {
                    if parser.cursor.peek().kind != Kind::Comparator(Comparator::Equal) {
                        return Err(parser.cursor.unexpected());
                    }
                    parser.cursor.take();
                    let operand = parser.set_value()?;
                    update.set.push((path, operand));
                }
                "REMOVE" => update.remove.push(path),
                "ADD" => update.add.push((path, parser.value_placeholder()?)),
                _ => update.delete.push((path, parser.value_placeholder()?)),
            }
            if !parser.cursor.take_symbol(',') {
                break;
            }
        }
        if parser.cursor.peek().kind == Kind::End {
            return Ok((update, repeated));
        }
    }
}

/// A part of a condition: until a comparison operator has been read, `(a)` may be either.
#[derive(Debug)]
struct Node {
    what: What,
    /// Whether it stands in parentheses.
    enclosed: bool,
}

#[derive(Debug)]
enum What {
    Operand(Operand),
    Condition(Condition),
}

#[derive(Debug)]
struct Parser<'text> {
    cursor: Cursor<'text>,
    keywords: &'static [&'static str],
    redundant_parentheses: bool,
    operators: usize,
}

impl<'text> Parser<'text> {
    fn new(text: &'text str, keywords: &'static [&'static str]) -> Self {
        Self {
            cursor: Cursor::new(text),
            keywords,
            redundant_parentheses: false,
            operators: 0,
        }
    }

    fn disjunction(&mut self) -> Result<Node, ExpressionError> {
        self.nested(|parser| {
            let mut left = parser.conjunction()?;
            while parser.cursor.is_keyword("OR") {
                let first = parser.condition_of(left)?;
                parser.take_operator()?;
                let right = parser.conjunction()?;
                let second = parser.condition_of(right)?;
                left = open(What::Condition(Condition::Or(
                    Box::new(first),
                    Box::new(second),
                )));
            }
            Ok(left)
        })
    }

    fn conjunction(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.negation()?;
        while self.cursor.is_keyword("AND") {
            let first = self.condition_of(left)?;
            self.take_operator()?;
            let right = self.negation()?;
            let second = self.condition_of(right)?;
            left = open(What::Condition(Condition::And(
                Box::new(first),
                Box::new(second),
            )));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Node, ExpressionError> {
        if !self.cursor.is_keyword("NOT") {
            return self.comparison();
        }
        self.nested(|parser| {
            parser.take_operator()?;
            let inner = parser.negation()?;
            let inner = parser.condition_of(inner)?;
            Ok(open(What::Condition(Condition::Not(Box::new(inner)))))
        })
    }

    fn comparison(&mut self) -> Result<Node, ExpressionError> {
        let Node { what, enclosed } = self.primary()?;
        let left = match what {
            What::Operand(operand) => operand,
            What::Condition(_) => return Ok(Node { what, enclosed }),
        };
        if let Kind::Comparator(comparator) = self.cursor.peek().kind {
            self.take_operator()?;
            let right = self.operand()?;
            return Ok(open(What::Condition(Condition::Compare(
                left, comparator, right,
            ))));
        }
        if self.cursor.is_keyword("BETWEEN") {
            self.take_operator()?;
            let low = self.operand()?;
            if !self.cursor.take_keyword("AND") {
                return Err(self.cursor.unexpected());
            }
            let high = self.operand()?;
            return Ok(open(What::Condition(Condition::Between(left, low, high))));
        }
        if self.cursor.is_keyword("IN") {
            self.take_operator()?;
            self.cursor.expect_symbol('(')?;
            let members = self.operands()?;
            return Ok(open(What::Condition(Condition::In(left, members))));
        }
        Ok(Node {
            what: What::Operand(left),
            enclosed,
        })
    }

    /// A pair of parentheses with anything in it, or an operand.
    fn primary(&mut self) -> Result<Node, ExpressionError> {
        if !self.cursor.take_symbol('(') {
            return Ok(open(What::Operand(self.operand()?)));
        }
        let inner = self.disjunction()?;
        self.cursor.expect_symbol(')')?;
        self.redundant_parentheses |= inner.enclosed;
        Ok(Node {
            what: inner.what,
            enclosed: true,
        })
    }

    /// A node where only a condition will do. A call is one; for anything else an operator is
    /// missing, and the present token is not it.
    fn condition_of(&self, node: Node) -> Result<Condition, ExpressionError> {
        match node.what {
            What::Condition(condition) => Ok(condition),
            What::Operand(Operand::Call(call)) => Ok(Condition::Call(call)),
            What::Operand(_) => Err(self.cursor.unexpected()),
        }
    }

    fn operand(&mut self) -> Result<Operand, ExpressionError> {
        if self.cursor.take_symbol('(') {
            return self.nested(|parser| {
                parser.redundant_parentheses |= parser.cursor.peek().kind == Kind::Symbol('(');
                let operand = parser.operand()?;
                parser.cursor.expect_symbol(')')?;
                Ok(operand)
            });
        }
        let token = self.cursor.peek();
        match token.kind {
            Kind::ValuePlaceholder => self.value_placeholder(),
            Kind::Word
                if self.cursor.peek_second().kind == Kind::Symbol('(')
                    && !self.is_own_keyword(token.text) =>
            {
                self.take_operator()?;
                self.cursor.take();
                let operands = self.nested(Self::operands)?;
                Ok(Operand::Call(Call {
                    function: token.text.to_owned(),
                    operands,
                }))
            }
            _ => Ok(Operand::Path(self.path()?)),
        }
    }

    /// Operands up to the closing parenthesis.
    fn operands(&mut self) -> Result<Vec<Operand>, ExpressionError> {
        let mut operands = vec![self.operand()?];
        while self.cursor.take_symbol(',') {
            operands.push(self.operand()?);
        }
        self.cursor.expect_symbol(')')?;
        Ok(operands)
    }

    /// The right-hand side of `SET`: one operand, a sum or a difference.
    fn set_value(&mut self) -> Result<Operand, ExpressionError> {
        if self.cursor.peek().kind == Kind::Symbol('(') {
            return self.nested(|parser| {
                parser.cursor.take();
                let inner = parser.set_value()?;
                parser.cursor.expect_symbol(')')?;
                parser.arithmetic(inner)
            });
        }
        let left = self.operand()?;
        self.arithmetic(left)
    }

    fn arithmetic(&mut self, left: Operand) -> Result<Operand, ExpressionError> {
        let sign = match self.cursor.peek().kind {
            Kind::Symbol('+') => Sign::Plus,
            Kind::Symbol('-') => Sign::Minus,
            _ => return Ok(left),
        };
        self.take_operator()?;
        let right = self.operand()?;
        Ok(Operand::Arithmetic(Box::new(left), sign, Box::new(right)))
    }

    fn value_placeholder(&mut self) -> Result<Operand, ExpressionError> {
        let token = self.cursor.peek();
        if token.kind != Kind::ValuePlaceholder {
            return Err(self.cursor.unexpected());
        }
        self.cursor.take();
        Ok(Operand::Placeholder(token.text.to_owned()))
    }

    fn path(&mut self) -> Result<Path, ExpressionError> {
        let mut segments = vec![self.name()?];
        loop {
            if self.cursor.take_symbol('.') {
                segments.push(self.name()?);
            } else if self.cursor.take_symbol('[') {
                let token = self.cursor.peek();
                let index = match token.kind {
                    Kind::Digits => token.text.parse().ok(),
                    _ => None,
                };
                let Some(index) = index else {
                    return Err(self.cursor.unexpected());
                };
                segments.push(Segment::Index(index));
                self.cursor.take();
                self.cursor.expect_symbol(']')?;
            } else {
                return Ok(Path { segments });
            }
        }
    }

    fn name(&mut self) -> Result<Segment, ExpressionError> {
        let token = self.cursor.peek();
        let segment = match token.kind {
            Kind::Word if !self.is_own_keyword(token.text) => Segment::Name(token.text.to_owned()),
            Kind::NamePlaceholder => Segment::Placeholder(token.text.to_owned()),
            _ => return Err(self.cursor.unexpected()),
        };
        self.cursor.take();
        Ok(segment)
    }

    fn is_own_keyword(&self, text: &str) -> bool {
        self.keywords
            .iter()
            .any(|keyword| keyword.eq_ignore_ascii_case(text))
    }

    /// Takes an operator or a function's name, and counts it.
    fn take_operator(&mut self) -> Result<(), ExpressionError> {
        self.cursor.take();
        self.operators += 1;
        if self.operators > 300 {
            Err(ExpressionError::TooComplex)
        } else {
            Ok(())
        }
    }

    /// Reads one level down.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        self.cursor.descend()?;
        let result = read(self);
        self.cursor.ascend();
        result
    }
}

fn open(what: What) -> Node {
    Node {
        what,
        enclosed: false,
    }
}
