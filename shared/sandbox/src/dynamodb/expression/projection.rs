// SPDX-License-Identifier: Apache-2.0
//! Cuts an item down to the paths that were asked for.

use std::collections::BTreeMap;

use super::syntax::{Path, Segment};
use crate::dynamodb::attribute::{AttributeValue, Attributes};

/// The part of the item that the paths lead to. Elements of lists move together.
pub(crate) fn project(paths: &[Path], item: &Attributes) -> Attributes {
    let mut kept = Part::default();
    for path in paths {
        if let Some(value) = path.find(item) {
            kept.put(&path.segments, value);
        }
    }
    kept.members
        .into_iter()
        .filter_map(|(step, part)| match step {
            Step::Name(name) => Some((name, part.into_value()?)),
            Step::Index(_) => None,
        })
        .collect()
}

/// What is kept of a map or a list; `value` where it is kept whole.
#[derive(Default)]
struct Part {
    value: Option<AttributeValue>,
    members: BTreeMap<Step, Part>,
}

/// Indexes sort by number, so that elements keep their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Name(String),
}

impl Part {
    fn put(&mut self, segments: &[Segment], value: &AttributeValue) {
        let Some((first, rest)) = segments.split_first() else {
            self.value = Some(value.clone());
            return;
        };
        let step = match first {
            Segment::Name(name) | Segment::Placeholder(name) => Step::Name(name.clone()),
            Segment::Index(index) => Step::Index(*index),
        };
        self.members.entry(step).or_default().put(rest, value);
    }

    fn into_value(self) -> Option<AttributeValue> {
        if self.value.is_some() {
            return self.value;
        }
        let is_list = matches!(self.members.keys().next(), Some(Step::Index(_)));
        let members = self
            .members
            .into_iter()
            .filter_map(|(step, part)| Some((step, part.into_value()?)));
        if is_list {
            return Some(AttributeValue::List(
                members.map(|(_, value)| value).collect(),
            ));
        }
        let named = members.filter_map(|(step, value)| match step {
            Step::Name(name) => Some((name, value)),
            Step::Index(_) => None,
        });
        Some(AttributeValue::Map(named.collect()))
    }
}
