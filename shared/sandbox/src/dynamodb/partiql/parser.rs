// SPDX-License-Identifier: Apache-2.0
//! Reads a statement into the same conditions and paths that expressions have.

use std::collections::BTreeSet;

use super::cursor::Cursor;
use super::lexer::Token;
use super::{Select, StatementError};
use crate::dynamodb::attribute::AttributeValue;
use crate::dynamodb::expression::{Call, Comparator, Condition, Operand, Path, Segment, checked};

/// The longest statement, in bytes.
const MAXIMUM_LENGTH: usize = 8192;
/// The other statements that DynamoDB knows.
const OTHER_STATEMENTS: &[&str] = &["INSERT", "UPDATE", "DELETE", "EXISTS"];

/// Reads a statement; each `?` takes the next parameter.
pub(crate) fn parse(
    statement: &str,
    parameters: &[AttributeValue],
) -> Result<Select, StatementError> {
    if statement.len() > MAXIMUM_LENGTH {
        return Err(StatementError::Syntax(
            "the statement is longer than 8192 bytes".to_owned(),
        ));
    }
    let mut parser = Parser {
        cursor: Cursor::new(statement)?,
        parameters,
        used: 0,
    };
    let select = parser.select()?;
    if parser.used != parameters.len() {
        return Err(StatementError::Parameters);
    }
    Ok(select)
}

struct Parser<'a> {
    cursor: Cursor,
    parameters: &'a [AttributeValue],
    used: usize,
}

impl Parser<'_> {
    fn select(&mut self) -> Result<Select, StatementError> {
        if !self.cursor.take_word("SELECT") {
            if let Token::Word(word) = self.cursor.peek() {
                let keyword = word.to_ascii_uppercase();
                if OTHER_STATEMENTS.contains(&keyword.as_str()) {
                    return Err(StatementError::Unsupported(keyword));
                }
            }
            return Err(StatementError::Syntax(
                "Expected data manipulation".to_owned(),
            ));
        }
        let paths = if self.cursor.take_symbol("*") {
            None
        } else {
            let mut paths = vec![self.path()?];
            while self.cursor.take_symbol(",") {
                paths.push(self.path()?);
            }
            Some(paths)
        };
        if !self.cursor.take_word("FROM") {
            return Err(self.cursor.unexpected());
        }
        let table = self.name()?;
        let index = if self.cursor.take_symbol(".") {
            Some(self.name()?)
        } else {
            None
        };
        let condition = if self.cursor.take_word("WHERE") {
            Some(checked(self.disjunction()?)?)
        } else {
            None
        };
        let order = self.order()?;
        self.cursor.take_symbol(";");
        match self.cursor.peek() {
            Token::End => Ok(Select {
                paths,
                table,
                index,
                condition,
                order,
            }),
            _ => Err(self.cursor.unexpected()),
        }
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, StatementError> {
        let mut order = Vec::new();
        if !self.cursor.take_word("ORDER") {
            return Ok(order);
        }
        if !self.cursor.take_word("BY") {
            return Err(self.cursor.unexpected());
        }
        loop {
            let name = self.name()?;
            let descending = self.cursor.take_word("DESC");
            if !descending {
                self.cursor.take_word("ASC");
            }
            order.push((name, descending));
            if !self.cursor.take_symbol(",") {
                return Ok(order);
            }
        }
    }

    fn disjunction(&mut self) -> Result<Condition, StatementError> {
        self.nested(|parser| {
            let mut left = parser.conjunction()?;
            while parser.cursor.take_word("OR") {
                let right = parser.conjunction()?;
                left = Condition::Or(Box::new(left), Box::new(right));
            }
            Ok(left)
        })
    }

    fn conjunction(&mut self) -> Result<Condition, StatementError> {
        let mut left = self.negation()?;
        while self.cursor.take_word("AND") {
            let right = self.negation()?;
            left = Condition::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Condition, StatementError> {
        if self.cursor.take_word("NOT") {
            let inner = self.nested(Self::negation)?;
            return Ok(Condition::Not(Box::new(inner)));
        }
        if self.cursor.take_symbol("(") {
            let inner = self.disjunction()?;
            self.cursor.expect_symbol(")")?;
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Condition, StatementError> {
        let left = self.operand()?;
        if let Token::Symbol(symbol) = self.cursor.peek() {
            let comparator = match *symbol {
                "=" => Some(Comparator::Equal),
                "<>" | "!=" => Some(Comparator::NotEqual),
                "<" => Some(Comparator::Less),
                "<=" => Some(Comparator::LessOrEqual),
                ">" => Some(Comparator::Greater),
                ">=" => Some(Comparator::GreaterOrEqual),
                _ => None,
            };
            if let Some(comparator) = comparator {
                self.cursor.take();
                return Ok(Condition::Compare(left, comparator, self.operand()?));
            }
        }
        if self.cursor.take_word("BETWEEN") {
            let low = self.operand()?;
            if !self.cursor.take_word("AND") {
                return Err(self.cursor.unexpected());
            }
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        if self.cursor.take_word("IN") {
            let close = if self.cursor.take_symbol("[") {
                "]"
            } else if self.cursor.take_symbol("(") {
                ")"
            } else {
                return Err(self.cursor.unexpected());
            };
            return Ok(Condition::In(left, self.operands(close)?));
        }
        if self.cursor.take_word("IS") {
            return self.presence(left);
        }
        match left {
            Operand::Call(call) => Ok(Condition::Call(call)),
            _ => Err(self.cursor.unexpected()),
        }
    }

    /// `IS [NOT] MISSING` and `IS [NOT] NULL`; what is missing is null, too.
    fn presence(&mut self, operand: Operand) -> Result<Condition, StatementError> {
        let negated = self.cursor.take_word("NOT");
        let call = |function: &str, operands| {
            Condition::Call(Call {
                function: function.to_owned(),
                operands,
            })
        };
        let missing = call("attribute_not_exists", vec![operand.clone()]);
        let condition = if self.cursor.take_word("MISSING") {
            missing
        } else if self.cursor.take_word("NULL") {
            let name = Operand::Literal(AttributeValue::String("NULL".to_owned()));
            let null = call("attribute_type", vec![operand, name]);
            Condition::Or(Box::new(missing), Box::new(null))
        } else {
            return Err(self.cursor.unexpected());
        };
        Ok(if negated {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    fn operand(&mut self) -> Result<Operand, StatementError> {
        if let (Token::Word(function), Token::Symbol("(")) =
            (self.cursor.peek(), self.cursor.peek_second())
        {
            let function = function.to_ascii_lowercase();
            self.cursor.take();
            self.cursor.take();
            let operands = self.nested(|parser| parser.operands(")"))?;
            return Ok(Operand::Call(Call { function, operands }));
        }
        match self.cursor.peek() {
            Token::Quoted(_) => Ok(Operand::Path(self.path()?)),
            Token::Word(word) if !is_literal_word(word) => Ok(Operand::Path(self.path()?)),
            _ => Ok(Operand::Literal(self.value()?)),
        }
    }

    fn operands(&mut self, close: &str) -> Result<Vec<Operand>, StatementError> {
        let mut operands = vec![self.operand()?];
        while self.cursor.take_symbol(",") {
            operands.push(self.operand()?);
        }
        self.cursor.expect_symbol(close)?;
        Ok(operands)
    }

    fn value(&mut self) -> Result<AttributeValue, StatementError> {
        match self.cursor.take() {
            Token::Text(text) => Ok(AttributeValue::String(text)),
            Token::Number(text) => number(&text),
            Token::Symbol("-") => match self.cursor.take() {
                Token::Number(text) => number(&format!("-{text}")),
                _ => Err(self.cursor.before()),
            },
            Token::Symbol("?") => {
                let parameter = self.parameters.get(self.used).cloned();
                self.used += 1;
                parameter.ok_or(StatementError::Parameters)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("TRUE") => {
                Ok(AttributeValue::Bool(true))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("FALSE") => {
                Ok(AttributeValue::Bool(false))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => Ok(AttributeValue::Null),
            Token::Symbol("[") => Ok(AttributeValue::List(self.values("]")?)),
            Token::Symbol("<<") => {
                let members = self.values(">>")?;
                set(members)
            }
            Token::Symbol("{") => self.nested(Self::tuple),
            _ => Err(self.cursor.before()),
        }
    }

    fn values(&mut self, close: &str) -> Result<Vec<AttributeValue>, StatementError> {
        self.nested(|parser| {
            let mut values = Vec::new();
            if parser.cursor.take_symbol(close) {
                return Ok(values);
            }
            values.push(parser.value()?);
            while parser.cursor.take_symbol(",") {
                values.push(parser.value()?);
            }
            parser.cursor.expect_symbol(close)?;
            Ok(values)
        })
    }

    /// `{'a': 1, …}`, its opening brace taken.
    fn tuple(&mut self) -> Result<AttributeValue, StatementError> {
        let mut attributes = std::collections::BTreeMap::new();
        if self.cursor.take_symbol("}") {
            return Ok(AttributeValue::Map(attributes));
        }
        loop {
            let Token::Text(name) = self.cursor.take() else {
                return Err(self.cursor.before());
            };
            self.cursor.expect_symbol(":")?;
            attributes.insert(name, self.value()?);
            if !self.cursor.take_symbol(",") {
                self.cursor.expect_symbol("}")?;
                return Ok(AttributeValue::Map(attributes));
            }
        }
    }

    fn path(&mut self) -> Result<Path, StatementError> {
        let mut segments = vec![Segment::Name(self.name()?)];
        loop {
            if self.cursor.take_symbol(".") {
                segments.push(Segment::Name(self.name()?));
            } else if self.cursor.take_symbol("[") {
                let segment = match self.cursor.take() {
                    Token::Number(digits) => digits.parse().ok().map(Segment::Index),
                    Token::Text(name) => Some(Segment::Name(name)),
                    _ => None,
                };
                segments.push(segment.ok_or_else(|| self.cursor.before())?);
                self.cursor.expect_symbol("]")?;
            } else {
                return Ok(Path { segments });
            }
        }
    }

    fn name(&mut self) -> Result<String, StatementError> {
        match self.cursor.take() {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => Err(self.cursor.before()),
        }
    }

    /// Reads one level down.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StatementError>,
    ) -> Result<T, StatementError> {
        self.cursor.descend()?;
        let result = read(self);
        self.cursor.ascend();
        result
    }
}

fn is_literal_word(word: &str) -> bool {
    ["TRUE", "FALSE", "NULL"]
        .iter()
        .any(|literal| literal.eq_ignore_ascii_case(word))
}

fn number(text: &str) -> Result<AttributeValue, StatementError> {
    text.parse().map(AttributeValue::Number).map_err(
        |error: crate::dynamodb::number::NumberError| StatementError::Syntax(error.to_string()),
    )
}

/// A set of strings, numbers or binaries.
fn set(members: Vec<AttributeValue>) -> Result<AttributeValue, StatementError> {
    let (mut texts, mut numbers, mut binaries) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for member in members {
        match member {
            AttributeValue::String(text) => {
                texts.insert(text);
            }
            AttributeValue::Number(number) => {
                numbers.insert(number);
            }
            AttributeValue::Binary(bytes) => {
                binaries.insert(bytes);
            }
            _ => {
                return Err(StatementError::Syntax(
                    "a set holds strings, numbers or binaries".to_owned(),
                ));
            }
        }
    }
    match (texts.is_empty(), numbers.is_empty(), binaries.is_empty()) {
        (false, true, true) => Ok(AttributeValue::StringSet(texts)),
        (true, false, true) => Ok(AttributeValue::NumberSet(numbers)),
        (true, true, false) => Ok(AttributeValue::BinarySet(binaries)),
        _ => Err(StatementError::Syntax(
            "a set holds members of one type, and at least one".to_owned(),
        )),
    }
}
