// SPDX-License-Identifier: Apache-2.0
//! A CSV file of tables, read strictly (RFC 4180): a header with known columns, and a row for each table.

mod error;
mod rows;

use std::collections::{BTreeMap, HashMap};

use keyproof_core::AccountId;
use keyproof_plan::Place;
use keyproof_plan::reading::{hint, is_region, table_name};

use crate::answer::Table;
pub use error::{CsvError, CsvProblem};
use rows::rows;

/// How many bytes a file may have.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The columns; `tag:NAME` stands for any number.
const COLUMNS: [&str; 5] = ["account", "region", "table", "key", "tag:NAME"];

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
