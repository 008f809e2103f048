// SPDX-License-Identifier: Apache-2.0
//! `GetItem`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute::{self, Attributes};
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::expression::{Path, project};
use crate::dynamodb::input::{self, Expressions, RawAttributes, ReturnConsumedCapacity, invalid};
use crate::dynamodb::table::Table;
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetItem {
    table_name: String,
    key: RawAttributes,
    #[serde(default)]
    consistent_read: Option<bool>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
}

pub(super) fn get_item(world: &mut World, call: &Call, input: &GetItem) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    let get = Get::read(
        &input.key,
        input.projection_expression.as_deref(),
        input.expression_attribute_names.as_ref(),
    )?;
    let asked = input.return_consumed_capacity.unwrap_or_default();
    let mut deed = Deed::default();
    if let Some(asked) = input.return_consumed_capacity {
        deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
    }
    get.describe(&mut deed, world, &target);
    permit(world, call, "GetItem", &target, None, &deed)?;
    get.check(target.table(world)?)?;
    unlock(world, call, &target)?;

    let mut capacity = Capacity::default();
    let weight = Weight::of_read(input.consistent_read.unwrap_or(false));
    let item = get.find(target.table(world)?, &mut capacity, weight);
    Ok(reply([
        ("Item", item.map(|item| attribute::to_json(&item))),
        (
            "ConsumedCapacity",
            capacity.report(asked, &input.table_name, None, false),
        ),
    ]))
}

/// A read of one item by its key, alone or in a batch or transaction.
#[derive(Debug)]
pub(super) struct Get {
    key: Attributes,
    projection: Option<Vec<Path>>,
}

impl Get {
    pub(super) fn read(
        key: &RawAttributes,
        projection: Option<&str>,
        names: Option<&IndexMap<String, String>>,
    ) -> Result<Self, AwsError> {
        let expressions = Expressions {
            names,
            projection,
            ..Expressions::default()
        };
        let projection = expressions.parse(&[])?.projection;
        Ok(Self {
            key: input::attributes(key)?,
            projection,
        })
    }

    /// A read that shares another's projection.
    pub(super) fn with_projection(
        key: &RawAttributes,
        projection: Option<Vec<Path>>,
    ) -> Result<Self, AwsError> {
        Ok(Self {
            key: input::attributes(key)?,
            projection,
        })
    }

    pub(super) fn key(&self) -> &Attributes {
        &self.key
    }

    /// Adds what the read is about to the caller's deed.
    pub(super) fn describe(&self, deed: &mut Deed, world: &World, target: &Target) {
        deed.attributes(&self.key);
        deed.paths(self.projection.iter().flatten());
        deed.key(world, target, &self.key);
    }

    /// Refuses what can't be a key of the table.
    pub(super) fn check(&self, table: &Table) -> Result<(), AwsError> {
        let keys = &table.definition.keys;
        keys.check_key(&self.key).map_err(invalid)?;
        scalar_keys(table, self.projection.iter().flatten())
    }

    /// Reads the item.
    pub(super) fn find(
        &self,
        table: &Table,
        capacity: &mut Capacity,
        weight: Weight,
    ) -> Option<Attributes> {
        let item = table.get(&self.key);
        capacity.read(item.map_or(0, |item| attribute::size(item)), weight);
        let item = item?;
        Some(match &self.projection {
            Some(paths) => project(paths, item),
            None => item.as_ref().clone(),
        })
    }
}

/// Refuses paths that go into a key attribute, which is never a map or a list.
pub(super) fn scalar_keys<'a>(
    table: &Table,
    paths: impl IntoIterator<Item = &'a Path>,
) -> Result<(), AwsError> {
    for path in paths {
        let (name, definition) = (path.head(), &table.definition);
        if !path.is_nested() {
            continue;
        }
        let of = if definition.keys.has(name) {
            "Key"
        } else if definition
            .indexes
            .values()
            .any(|index| index.keys.has(name))
        {
            "IndexKey"
        } else {
            continue;
        };
        return Err(AwsError::validation(format!(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {of}: {name}"
        )));
    }
    Ok(())
}
