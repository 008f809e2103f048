// SPDX-License-Identifier: Apache-2.0
//! A CSV file of tables, read strictly (RFC 4180): a header with known columns, and a row for each table.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use keyproof_core::{AccountId, Visible};
use keyproof_plan::Place;
use keyproof_plan::reading::{hint, is_region, table_name};
use thiserror::Error;

use crate::answer::Table;

/// How many bytes a file may have.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The columns; `tag:NAME` stands for any number.
const COLUMNS: [&str; 5] = ["account", "region", "table", "key", "tag:NAME"];

/// One thing wrong with a file, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem}")]
pub struct CsvError {
    /// Where it is: the line, and the character in it.
    pub place: Place,
    /// What it is.
    pub problem: CsvProblem,
}

/// The kinds of [`CsvError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsvProblem {
    /// More than anybody writes.
    #[error("the file is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// Nothing, not even a header.
    #[error("the file is empty; its first line names the columns: `account`, `region`, `table`")]
    Empty,
    /// A column that means nothing.
    #[error("unknown column `{}`; {hint}", Visible(name))]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The likely name, or all of them.
        hint: keyproof_plan::Hint,
    },
    /// A column that is there twice.
    #[error("the column `{}` is there twice; keep one of them", Visible(name))]
    SecondColumn {
        /// Its name.
        name: String,
    },
    /// A column that must be there.
    #[error("the column `{name}` is missing: every table has an account, a region and a name")]
    MissingColumn {
        /// Its name.
        name: &'static str,
    },
    /// A row of another length than the header.
    #[error("this row has {found} fields, and the header {expected}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A quote where none can be.
    #[error(
        "a quote stands inside a field; put the whole field into quotes, and write each quote in it twice"
    )]
    Quote,
    /// A field that never ends.
    #[error("the quotes of this field are never closed")]
    Unclosed,
    /// A field that is no account, region or name.
    #[error("{} is not {noun}; {rule}", shown(text))]
    Malformed {
        /// What it should be.
        noun: &'static str,
        /// What stands there.
        text: String,
        /// The rule.
        rule: String,
    },
    /// A table that has a row already.
    #[error("the table `{}` of account {account} in {region} has a row already, on line {}", Visible(table), first.line)]
    Repeated {
        /// Its name.
        table: String,
        /// Its account.
        account: AccountId,
        /// Its region.
        region: String,
        /// Where the first row is.
        first: Place,
    },
}

struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => formatter.write_str("nothing"),
            text => write!(formatter, "`{}`", keyproof_plan::reading::shown(text)),
        }
    }
}

const fn shown(text: &str) -> Quoted<'_> {
    Quoted(text)
}

/// A field, unquoted, and where it begins.
type Field = (Place, String);

/// The tables of a file, in its order.
///
/// # Errors
/// Everything that is wrong with it, in its order.
pub fn read(text: &str) -> Result<Vec<Table>, Vec<CsvError>> {
    let start = Place::START;
    if text.len() > MOST_BYTES {
        let problem = CsvProblem::TooLarge;
        return Err(vec![CsvError {
            place: start,
            problem,
        }]);
    }
    // What spreadsheets put first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = rows(text).map_err(|error| vec![error])?;
    let mut rows = rows.into_iter();
    let Some(header) = rows.next() else {
        let problem = CsvProblem::Empty;
        return Err(vec![CsvError {
            place: start,
            problem,
        }]);
    };
    let columns = columns(&header)?;
    let mut errors = Vec::new();
    let mut tables: Vec<Table> = Vec::new();
    let mut seen: HashMap<(AccountId, String, String), Place> = HashMap::new();
    for row in rows {
        let place = row.first().map_or(start, |(place, _)| *place);
        if row.len() != columns.len() {
            let (found, expected) = (row.len(), columns.len());
            let problem = CsvProblem::Length { found, expected };
            errors.push(CsvError { place, problem });
            continue;
        }
        let Some(table) = table(&columns, row, &mut errors) else {
            continue;
        };
        let of = (
            table.account.clone(),
            table.region.clone(),
            table.name.clone(),
        );
        match seen.insert(of, place) {
            None => tables.push(table),
            Some(first) => {
                let Table {
                    name: table,
                    account,
                    region,
                    ..
                } = table;
                let problem = CsvProblem::Repeated {
                    table,
                    account,
                    region,
                    first,
                };
                errors.push(CsvError { place, problem });
            }
        }
    }
    if errors.is_empty() {
        Ok(tables)
    } else {
        Err(errors)
    }
}

/// What a column says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Account,
    Region,
    Table,
    Key,
    Tag(String),
}

fn columns(header: &[Field]) -> Result<Vec<Column>, Vec<CsvError>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut errors = Vec::new();
    for (place, name) in header {
        let place = *place;
        let column = match name.as_str() {
            "account" => Column::Account,
            "region" => Column::Region,
            "table" => Column::Table,
            "key" => Column::Key,
            _ => {
                let Some(tag) = name.strip_prefix("tag:").filter(|tag| !tag.is_empty()) else {
                    let hint = hint(name, COLUMNS.into_iter());
                    let name = name.clone();
                    let problem = CsvProblem::UnknownColumn { name, hint };
                    errors.push(CsvError { place, problem });
                    continue;
                };
                Column::Tag(tag.to_owned())
            }
        };
        if columns.contains(&column) {
            let name = name.clone();
            let problem = CsvProblem::SecondColumn { name };
            errors.push(CsvError { place, problem });
        }
        columns.push(column);
    }
    if errors.is_empty() {
        for (column, name) in [
            (Column::Account, "account"),
            (Column::Region, "region"),
            (Column::Table, "table"),
        ] {
            if !columns.contains(&column) {
                let (place, problem) = (Place::START, CsvProblem::MissingColumn { name });
                errors.push(CsvError { place, problem });
            }
        }
    }
    if errors.is_empty() {
        Ok(columns)
    } else {
        Err(errors)
    }
}

/// The table of a row. `None` only where an error was pushed.
fn table(columns: &[Column], row: Vec<Field>, errors: &mut Vec<CsvError>) -> Option<Table> {
    let before = errors.len();
    let mut push = |place, noun, text: &str, rule: String| {
        let text = text.to_owned();
        let problem = CsvProblem::Malformed { noun, text, rule };
        errors.push(CsvError { place, problem });
    };
    let (mut account, mut region, mut name, mut key) = (None, None, None, None);
    let mut tags = BTreeMap::new();
    for (column, (place, text)) in columns.iter().zip(row) {
        match column {
            Column::Account => {
                account = text.parse::<AccountId>().ok();
                if account.is_none() {
                    let rule =
                        "expected twelve digits: a spreadsheet may have taken leading zeros away";
                    push(place, "an AWS account id", &text, rule.to_owned());
                }
            }
            Column::Region if is_region(&text) => region = Some(text),
            Column::Region => {
                let rule = "expected its code, such as `us-east-1`".to_owned();
                push(place, "a region", &text, rule);
            }
            Column::Table => match table_name(&text) {
                Ok(()) => name = Some(text),
                Err(rule) => push(place, "the name of a DynamoDB table", &text, rule),
            },
            // An empty field says nothing, as a spreadsheet has no other way to.
            Column::Key => key = Some(text).filter(|text| !text.is_empty()),
            Column::Tag(tag) if !text.is_empty() => drop(tags.insert(tag.clone(), text)),
            Column::Tag(_) => {}
        }
    }
    if errors.len() > before {
        return None;
    }
    let mut table = Table::new(account?, region?, name?);
    table.key = key;
    table.tags = tags;
    Some(table)
}

/// The rows, each of fields without their quotes. Lines end with `\n` or `\r\n`; one with nothing in it is
/// a row of one empty field, but for what follows the last line.
fn rows(text: &str) -> Result<Vec<Vec<Field>>, CsvError> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        place: Place::START,
    };
    let mut rows = Vec::new();
    while reader.rest.peek().is_some() {
        let mut row = Vec::new();
        loop {
            row.push(reader.field()?);
            match reader.next() {
                Some(',') => {}
                // Of `\r\n` the second, or the end.
                Some(_) | None => break,
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    place: Place,
}

impl Reader<'_> {
    /// The next character, a `\r\n` as one.
    fn next(&mut self) -> Option<char> {
        let mut character = self.rest.next()?;
        if character == '\r' && self.rest.peek() == Some(&'\n') {
            self.rest.next();
            character = '\n';
        }
        if character == '\n' {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        Some(character)
    }

    /// Whether the field ends here.
    fn ends(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        match ahead.next() {
            None | Some(',' | '\n') => true,
            Some('\r') => ahead.next() == Some('\n'),
            Some(_) => false,
        }
    }

    fn field(&mut self) -> Result<Field, CsvError> {
        let place = self.place;
        let mut text = String::new();
        if self.rest.peek() == Some(&'"') {
            self.next();
            loop {
                match self.next() {
                    Some('"') if self.rest.peek() == Some(&'"') => {
                        self.next();
                        text.push('"');
                    }
                    Some('"') => break,
                    Some(character) => text.push(character),
                    None => {
                        let problem = CsvProblem::Unclosed;
                        return Err(CsvError { place, problem });
                    }
                }
            }
            if !self.ends() {
                let (place, problem) = (self.place, CsvProblem::Quote);
                return Err(CsvError { place, problem });
            }
            return Ok((place, text));
        }
        while !self.ends() {
            if self.rest.peek() == Some(&'"') {
                let (place, problem) = (self.place, CsvProblem::Quote);
                return Err(CsvError { place, problem });
            }
            text.extend(self.next());
        }
        Ok((place, text))
    }
}
