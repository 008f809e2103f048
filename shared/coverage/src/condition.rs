// SPDX-License-Identifier: Apache-2.0
//! Broken variants of a statement's conditions.

use serde_json::{Map, Value, json};

use crate::statement::{Variant, texts, with};

/// Operators and their opposites.
const OPPOSITES: [(&str, &str); 11] = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("NumericLessThan", "NumericGreaterThanEquals"),
    ("NumericGreaterThan", "NumericLessThanEquals"),
    ("DateEquals", "DateNotEquals"),
    ("DateLessThan", "DateGreaterThanEquals"),
    ("IpAddress", "NotIpAddress"),
];

/// Without all conditions, and without, inverted and loosened for each.
pub(crate) fn variants(statement: &Map<String, Value>) -> Vec<Variant> {
    let mut all = Vec::new();
    let Some(conditions) = statement.get("Condition").and_then(Value::as_object) else {
        return all;
    };
    let mut bare = statement.clone();
    bare.shift_remove("Condition");
    all.push(Variant::new(
        "condition-drop",
        "freed of its conditions",
        bare,
    ));
    let several = conditions.len() > 1
        || conditions
            .values()
            .any(|keys| keys.as_object().is_some_and(|keys| keys.len() > 1));
    for (operator, keys) in conditions {
        let Some(keys) = keys.as_object() else {
            continue;
        };
        for (key, values) in keys {
            let one = Condition {
                statement,
                operator,
                key,
            };
            if several {
                let what = format!("freed of its condition on `{key}`");
                all.extend(one.replaced("drop", what, None));
            }
            all.extend(inverted(&one, values));
            all.extend(loosened(&one, values));
        }
    }
    all
}

/// One condition of a statement.
struct Condition<'s> {
    statement: &'s Map<String, Value>,
    operator: &'s str,
    key: &'s str,
}

impl Condition<'_> {
    /// The statement with this condition replaced.
    fn replaced(&self, id: &str, what: String, by: Option<(&str, Value)>) -> Option<Variant> {
        let mut conditions = self.statement.get("Condition")?.as_object()?.clone();
        let keys = conditions.get_mut(self.operator)?.as_object_mut()?;
        keys.shift_remove(self.key);
        if keys.is_empty() {
            conditions.shift_remove(self.operator);
        }
        if let Some((operator, values)) = by {
            let keys = conditions
                .entry(operator)
                .or_insert_with(|| Value::Object(Map::new()));
            keys.as_object_mut()?.insert(self.key.to_owned(), values);
        }
        let mut changed = with(self.statement, "Condition", Value::Object(conditions));
        if changed
            .get("Condition")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
        {
            changed.shift_remove("Condition");
        }
        let id = format!("condition-{id}-{}-{}", self.operator, self.key);
        Some(Variant::new(id, what, changed))
    }

    /// Set prefix, bare operator, `IfExists`.
    fn parts(&self) -> (&str, &str, &str) {
        let (set, rest) = match self.operator.split_once(':') {
            Some((set, rest)) => (set, rest),
            None => ("", self.operator),
        };
        match rest.strip_suffix("IfExists") {
            Some(bare) => (set, bare, "IfExists"),
            None => (set, rest, ""),
        }
    }

    fn operator(&self, bare: &str) -> String {
        let (set, _, if_exists) = self.parts();
        match set {
            "" => format!("{bare}{if_exists}"),
            set => format!("{set}:{bare}{if_exists}"),
        }
    }
}

fn inverted(condition: &Condition<'_>, values: &Value) -> Option<Variant> {
    let (_, bare, _) = condition.parts();
    let key = condition.key;
    let what = format!("turned round in its condition on `{key}`");
    let opposite = OPPOSITES.iter().find_map(|&(one, other)| {
        if one.eq_ignore_ascii_case(bare) {
            Some(other)
        } else {
            other.eq_ignore_ascii_case(bare).then_some(one)
        }
    });
    if let Some(opposite) = opposite {
        let operator = condition.operator(opposite);
        return condition.replaced("invert", what, Some((&operator, values.clone())));
    }
    if bare.eq_ignore_ascii_case("Bool") || bare.eq_ignore_ascii_case("Null") {
        let flip = |value: &str| json!((!value.eq_ignore_ascii_case("true")).to_string());
        let flipped = match values {
            Value::Bool(value) => json!((!value).to_string()),
            Value::Array(_) => texts(values).into_iter().map(flip).collect(),
            one => flip(one.as_str()?),
        };
        return condition.replaced("invert", what, Some((condition.operator, flipped)));
    }
    None
}

/// The same condition, for any value, and for requests without the key.
fn loosened(condition: &Condition<'_>, values: &Value) -> Vec<Variant> {
    let (_, bare, if_exists) = condition.parts();
    let key = condition.key;
    let mut all = Vec::new();
    let like = match bare {
        "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" => Some("StringLike"),
        "ArnEquals" | "ArnLike" => Some("ArnLike"),
        _ => None,
    };
    if let Some(like) = like
        && texts(values) != ["*"]
    {
        let any = match like {
            "ArnLike" => "arn:*:*:*:*:*",
            _ => "*",
        };
        let what = format!("loosened in its condition on `{key}` to any value");
        let operator = condition.operator(like);
        all.extend(condition.replaced("any", what, Some((&operator, json!(any)))));
    }
    if if_exists.is_empty() && !bare.eq_ignore_ascii_case("Null") {
        let what = format!("loosened in its condition on `{key}` for requests that don't have it");
        let operator = format!("{}IfExists", condition.operator);
        all.extend(condition.replaced("if-exists", what, Some((&operator, values.clone()))));
    }
    all
}
