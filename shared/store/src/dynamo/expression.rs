// SPDX-License-Identifier: Apache-2.0
//! Conditions and updates in DynamoDB's words. Names and values are always placeholders: nothing is
//! a reserved word, and nothing is quoted.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::attribute::to_attribute;
use crate::{Condition, Update};

type Names = HashMap<String, String>;
type Values = HashMap<String, AttributeValue>;

/// The placeholders of a request.
#[derive(Debug, Default)]
pub(super) struct Expression {
    names: Names,
    values: Values,
}

impl Expression {
    /// The conditions, all of which must hold; `None` where there are none.
    pub(super) fn conditions(&mut self, conditions: &[Condition]) -> Option<String> {
        let each = conditions.iter().map(|condition| match condition {
            Condition::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Condition::Present => format!("attribute_exists({})", self.name("pk")),
            Condition::Equals(name, value) => {
                format!("{} = {}", self.name(name), self.value(value))
            }
            Condition::Lacks(name) => format!("attribute_not_exists({})", self.name(name)),
            Condition::LacksOrBelow(name, value) => {
                let (name, value) = (self.name(name), self.value(value));
                format!("(attribute_not_exists({name}) OR {name} < {value})")
            }
        });
        let each: Vec<_> = each.collect();
        (!each.is_empty()).then(|| each.join(" AND "))
    }

    /// The change that an update makes.
    pub(super) fn update(&mut self, update: &Update) -> String {
        let mut set = Vec::new();
        for (name, value) in &update.set {
            set.push(format!("{} = {}", self.name(name), self.value(value)));
        }
        for (name, value) in &update.set_if_absent {
            let (name, value) = (self.name(name), self.value(value));
            set.push(format!("{name} = if_not_exists({name}, {value})"));
        }
        let remove: Vec<_> = update.remove.iter().map(|name| self.name(name)).collect();
        let add: Vec<_> = (update.count_up.iter())
            .map(|name| format!("{} {}", self.name(name), self.value(&1.into())))
            .collect();
        let clauses = [
            ("SET", set.join(", ")),
            ("REMOVE", remove.join(", ")),
            ("ADD", add.join(", ")),
        ];
        let clauses = clauses.into_iter().filter(|(_, list)| !list.is_empty());
        let clauses: Vec<_> = clauses
            .map(|(word, list)| format!("{word} {list}"))
            .collect();
        clauses.join(" ")
    }

    /// The placeholders, where there are any: DynamoDB refuses empty maps.
    pub(super) fn placeholders(self) -> (Option<Names>, Option<Values>) {
        let Self { names, values } = self;
        (
            Some(names).filter(|names| !names.is_empty()),
            Some(values).filter(|values| !values.is_empty()),
        )
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: &Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), to_attribute(value));
        placeholder
    }
}
