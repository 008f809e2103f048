// SPDX-License-Identifier: Apache-2.0
//! What `Query`, `Scan` and PartiQL's `SELECT` share: one page of items.

use std::sync::Arc;

use serde_json::Value;

use super::get_item::scalar_keys;
use crate::dynamodb::attribute::{self, Attributes};
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::expression::{Condition, Path, project};
use crate::dynamodb::input::Select;
use crate::dynamodb::key::{KeySchema, Position};
use crate::dynamodb::table::{Index, Table};
use crate::error::AwsError;

/// The most bytes that one page is read from.
const MAXIMUM_BYTES: usize = 1024 * 1024;

/// What is read: a table or one of its indexes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) table: &'a Table,
    pub(super) index: Option<(&'a str, &'a Index)>,
}

impl<'a> Source<'a> {
    /// The table, or the index of this name.
    pub(super) fn of(table: &'a Table, index: Option<&str>) -> Result<Self, AwsError> {
        let Some(name) = index else {
            return Ok(Self { table, index: None });
        };
        let found = table.definition.indexes.get_key_value(name);
        let (name, index) = found.ok_or_else(|| {
            AwsError::validation(format!(
                "The table does not have the specified index: {name}"
            ))
        })?;
        Ok(Self {
            table,
            index: Some((name, index)),
        })
    }

    /// The key that a query is about.
    pub(super) fn keys(&self) -> &'a KeySchema {
        self.index
            .map_or(&self.table.definition.keys, |(_, index)| &index.keys)
    }

    /// The index's name.
    pub(super) fn index_name(&self) -> Option<&'a str> {
        self.index.map(|(name, _)| name)
    }

    /// The index's name, and whether it is global: for the capacity.
    pub(super) fn index_kind(&self) -> Option<(&'a str, bool)> {
        self.index.map(|(name, index)| (name, index.global))
    }

    /// Refuses consistent reads of global indexes.
    pub(super) fn check_consistency(&self, consistent: bool) -> Result<(), AwsError> {
        match self.index {
            Some((_, Index { global: true, .. })) if consistent => Err(AwsError::validation(
                "Consistent reads are not supported on global secondary indexes",
            )),
            _ => Ok(()),
        }
    }

    /// The place where the last page ended.
    pub(super) fn start(&self, key: &Attributes) -> Result<Position, AwsError> {
        let wrong = || AwsError::validation("The provided starting key is invalid");
        let table = &self.table.definition.keys;
        let names = |keys: &KeySchema| {
            keys.attributes()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let mut expected = names(table);
        expected.extend(names(self.keys()));
        expected.sort();
        expected.dedup();
        if !key.keys().eq(expected.iter()) {
            return Err(if self.index.is_none() {
                AwsError::validation(
                    "The provided starting key is invalid: The provided key element does not match the schema",
                )
            } else {
                wrong()
            });
        }
        let of = table.position(key).ok_or_else(wrong)?;
        match self.index {
            Some((_, index)) => Ok(index.keys.position(key).ok_or_else(wrong)?.with_item(of)),
            None => Ok(of),
        }
    }

    /// The key from which the next page goes on after this item.
    fn last_key(&self, item: &Attributes) -> Attributes {
        let mut key = self.table.definition.keys.key_of(item);
        key.extend(self.keys().key_of(item));
        key
    }
}

/// What is returned of the items.
#[derive(Debug)]
pub(super) enum Shape {
    /// Only their number.
    Count,
    /// What the source holds of them.
    Held,
    /// All of them, even where the index holds less.
    Whole,
    /// These paths.
    Paths(Vec<Path>),
}

/// What `Select` and the projection ask for, effectively.
pub(super) fn selected(select: Option<Select>, projected: bool, index: bool) -> Select {
    match select {
        Some(select) => select,
        None if projected => Select::SpecificAttributes,
        None if index => Select::AllProjectedAttributes,
        None => Select::AllAttributes,
    }
}

impl Shape {
    /// Makes sense of `Select` and the projection, or says why there is none.
    pub(super) fn of(
        source: &Source<'_>,
        select: Option<Select>,
        projection: Option<Vec<Path>>,
    ) -> Result<Self, AwsError> {
        if projection.is_some() && !matches!(select, None | Some(Select::SpecificAttributes)) {
            return Err(AwsError::validation(format!(
                "Cannot specify the ProjectionExpression when choosing to get {}",
                select.map_or("", Select::word)
            )));
        }
        scalar_keys(source.table, projection.iter().flatten())?;
        match (select, projection) {
            (_, Some(paths)) => {
                project_from_global(source, &paths)?;
                Ok(Self::Paths(paths))
            }
            (Some(Select::SpecificAttributes), None) => Err(AwsError::validation(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
            )),
            (Some(Select::AllProjectedAttributes), None) if source.index.is_none() => {
                Err(AwsError::validation(
                    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
                ))
            }
            (Some(Select::Count), None) => Ok(Self::Count),
            (Some(Select::AllAttributes), None) => match source.index {
                Some((name, index))
                    if index.global
                        && index.projection != crate::dynamodb::table::Projection::All =>
                {
                    Err(AwsError::validation(format!(
                        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index {name} because its projection type is not ALL"
                    )))
                }
                _ => Ok(Self::Whole),
            },
            (None | Some(Select::AllProjectedAttributes), None) => Ok(Self::Held),
        }
    }
}

/// Global indexes don't fetch what they don't hold.
fn project_from_global(source: &Source<'_>, paths: &[Path]) -> Result<(), AwsError> {
    let Some((name, index)) = source.index.filter(|(_, index)| index.global) else {
        return Ok(());
    };
    let keys = &source.table.definition.keys;
    let missing: Vec<&str> = paths
        .iter()
        .map(Path::head)
        .filter(|head| !index.holds(keys, head))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "One or more parameter values were invalid: Global secondary index {name} does not project [{}]",
        missing.join(", ")
    )))
}

/// A page and how it is to be made.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) source: Source<'a>,
    pub(super) filter: Option<&'a Condition>,
    pub(super) shape: &'a Shape,
    pub(super) limit: Option<usize>,
    pub(super) weight: Weight,
}

/// The items of a page, and where it ended.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Value>,
    pub(super) count: usize,
    pub(super) scanned: usize,
    pub(super) last: Option<Attributes>,
    pub(super) capacity: Capacity,
}

impl Page<'_> {
    /// Reads items until the limit, or one megabyte, is reached.
    pub(super) fn read<'i>(&self, items: impl Iterator<Item = &'i Arc<Attributes>>) -> Found {
        let (mut found, mut bytes) = (Found::default(), 0);
        for item in items {
            let held = self.held(item);
            bytes += attribute::size(&held);
            found.scanned += 1;
            if self.filter.is_none_or(|filter| filter.holds(&held)) {
                found.count += 1;
                match self.shape {
                    Shape::Count => {}
                    Shape::Held => found.items.push(attribute::to_json(&held)),
                    Shape::Whole => found.items.push(attribute::to_json(item)),
                    Shape::Paths(paths) => {
                        found.items.push(attribute::to_json(&project(paths, item)));
                    }
                }
            }
            if self.limit.is_some_and(|limit| found.scanned >= limit) || bytes >= MAXIMUM_BYTES {
                found.last = Some(self.source.last_key(item));
                break;
            }
        }
        if self.source.index.is_some() {
            found.capacity.read_index(bytes, self.weight);
        } else {
            found.capacity.read(bytes, self.weight);
        }
        found
    }

    /// What the source holds of an item. Local indexes filter on what they hold, too.
    fn held(&self, item: &Attributes) -> Attributes {
        match self.source.index {
            Some((_, index)) => index.part_of(&self.source.table.definition.keys, item),
            None => item.clone(),
        }
    }
}

/// Refuses a `Limit` of zero.
pub(super) fn limit(limit: Option<usize>) -> Result<Option<usize>, AwsError> {
    match limit {
        Some(0) => Err(AwsError::validation(
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        )),
        other => Ok(other),
    }
}
