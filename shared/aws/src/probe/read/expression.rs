// SPDX-License-Identifier: Apache-2.0
//! Expressions that name the canary, every name and value by a placeholder.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use keyproof_plan::{Attribute, Canary};
use keyproof_verdict::Blindness;

use crate::failure::Failure;
use crate::inspect::Index;
use crate::item;

/// `#k0 = :k0 AND #k1 = :k1`, with what the placeholders stand for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) text: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// That each of these attributes has its value.
    pub(super) fn equals<'a>(
        name: &str,
        value: &str,
        attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
    ) -> Self {
        let mut terms = Vec::new();
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        for (count, (attribute, expected)) in attributes.into_iter().enumerate() {
            terms.push(format!("{name}{count} = {value}{count}"));
            names.insert(format!("{name}{count}"), attribute.clone());
            values.insert(format!("{value}{count}"), item::to_sdk(expected));
        }
        Self {
            text: terms.join(" AND "),
            names,
            values,
        }
    }

    /// The names of this expression and another beside it.
    pub(super) fn names(&self, other: Option<&Self>) -> HashMap<String, String> {
        let others = other.into_iter().flat_map(|other| other.names.clone());
        self.names.clone().into_iter().chain(others).collect()
    }

    /// The values of this expression and another beside it.
    pub(super) fn values(&self, other: Option<&Self>) -> HashMap<String, AttributeValue> {
        let others = other.into_iter().flat_map(|other| other.values.clone());
        self.values.clone().into_iter().chain(others).collect()
    }
}

/// The condition on the index's key, and the filter that tells the canary from other items under
/// the same index key. A filter can't name the index's own key attributes.
pub(super) fn index_conditions(
    canary: &Canary,
    index: &Index,
) -> Result<(Expression, Option<Expression>), Failure> {
    let value = |name: &str| {
        let found = canary.key.get_key_value(name);
        found.or_else(|| canary.attributes.get_key_value(name))
    };
    let Some(hash) = value(&index.partition_key) else {
        let message = format!(
            "the canary has no `{}`, the partition key of index `{}`; give its value among the canary's attributes",
            index.partition_key, index.name
        );
        return Err(Failure::blind(Blindness::Other, message));
    };
    let sort = index.sort_key.as_deref().and_then(value);
    let condition = Expression::equals("#k", ":k", [hash].into_iter().chain(sort));
    let of_index =
        |name: &String| *name == index.partition_key || index.sort_key.as_ref() == Some(name);
    let rest: BTreeMap<_, _> = canary
        .key
        .iter()
        .filter(|(name, _)| !of_index(name))
        .collect();
    let filter = (!rest.is_empty()).then(|| Expression::equals("#f", ":f", rest));
    Ok((condition, filter))
}
