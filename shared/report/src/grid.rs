// SPDX-License-Identifier: Apache-2.0
//! The matrix: for each table, actions against principals, one cell each.

use std::collections::HashMap;

use keyproof_verdict::{ProbeRow, Report};

/// One table's part of the matrix, in plan order.
pub(crate) struct Grid<'a> {
    /// The table's name in the plan; `None` for what is about no table.
    pub(crate) table: Option<&'a str>,
    /// The table's own probe, with its position in the report.
    pub(crate) encryption: Option<(usize, &'a ProbeRow)>,
    /// The columns.
    pub(crate) principals: Vec<&'a str>,
    /// The rows.
    pub(crate) lines: Vec<Line<'a>>,
}

/// One action's row.
pub(crate) struct Line<'a> {
    /// The action.
    pub(crate) action: &'a str,
    /// The index, for a Query or Scan of one.
    pub(crate) index: Option<&'a str>,
    /// The probe under each principal, with its position in the report.
    pub(crate) cells: Vec<Option<(usize, &'a ProbeRow)>>,
}

impl Line<'_> {
    /// `dynamodb:Query (by-date)`.
    pub(crate) fn name(&self) -> String {
        match self.index {
            Some(index) => format!("{} ({index})", self.action),
            None => self.action.to_owned(),
        }
    }
}

/// Where things have been put already, so that 10,000 probes are sorted in one pass.
#[derive(Default)]
struct Places<'a> {
    grids: HashMap<Option<&'a str>, usize>,
    columns: HashMap<(usize, &'a str), usize>,
    lines: HashMap<(usize, &'a str, Option<&'a str>), usize>,
}

/// The report's matrix.
pub(crate) fn grids(report: &Report) -> Vec<Grid<'_>> {
    let mut grids: Vec<Grid<'_>> = Vec::new();
    let mut places = Places::default();
    for (position, row) in report.probes.iter().enumerate() {
        let table = row.table.as_deref();
        let at = *places.grids.entry(table).or_insert_with(|| {
            grids.push(Grid {
                table,
                encryption: None,
                principals: vec![],
                lines: vec![],
            });
            grids.len() - 1
        });
        let Some(grid) = grids.get_mut(at) else {
            continue;
        };
        match row.principal.as_deref() {
            Some(principal) if !is_encryption(row) => {
                put(grid, at, &mut places, principal, (position, row));
            }
            Some(_) | None => grid.encryption = Some((position, row)),
        }
    }
    // The last column may have come after the first lines.
    for grid in &mut grids {
        let width = grid.principals.len();
        grid.lines
            .iter_mut()
            .for_each(|line| line.cells.resize(width, None));
    }
    grids
}

/// `TABLE/encryption`, the question about the table itself.
pub(crate) fn is_encryption(row: &ProbeRow) -> bool {
    row.action == "dynamodb:DescribeTable"
}

fn put<'a>(
    grid: &mut Grid<'a>,
    at: usize,
    places: &mut Places<'a>,
    principal: &'a str,
    cell: (usize, &'a ProbeRow),
) {
    let row = cell.1;
    let index = index(row);
    let column = *places.columns.entry((at, principal)).or_insert_with(|| {
        grid.principals.push(principal);
        grid.principals.len() - 1
    });
    let line = *places
        .lines
        .entry((at, &row.action, index))
        .or_insert_with(|| {
            grid.lines.push(Line {
                action: &row.action,
                index,
                cells: vec![],
            });
            grid.lines.len() - 1
        });
    let Some(line) = grid.lines.get_mut(line) else {
        return;
    };
    if line.cells.len() <= column {
        line.cells.resize(column + 1, None);
    }
    if let Some(place) = line.cells.get_mut(column) {
        *place = Some(cell);
    }
}

/// The index that the probe's id ends with.
fn index(row: &ProbeRow) -> Option<&str> {
    let rest = row
        .id
        .strip_prefix(row.principal.as_deref()?)?
        .strip_prefix('/')?;
    let rest = rest.strip_prefix(row.action.as_str())?.strip_prefix('/')?;
    rest.strip_prefix(row.table.as_deref()?)?.strip_prefix('/')
}
