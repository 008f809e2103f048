// SPDX-License-Identifier: Apache-2.0
//! From JSON to statements.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{DocumentError, Grammar, Problem};
use crate::arn_pattern::{ArnPattern, Place};
use crate::condition::{Condition, Operator};
use crate::glob::Pattern;
use crate::principal_element::PrincipalPattern;
use crate::statement::{Actions, Effect, Principals, Resources, Statement};

type Result<T> = std::result::Result<T, DocumentError>;

/// A value and where it is.
#[derive(Clone)]
struct At<'a> {
    value: &'a Value,
    pointer: Cow<'a, str>,
}

impl<'a> At<'a> {
    fn child(&self, name: &str, value: &'a Value) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self {
            value,
            pointer: format!("{}/{name}", self.pointer).into(),
        }
    }

    fn get(&self, name: &str) -> Option<Self> {
        Some(self.child(name, self.value.get(name)?))
    }

    fn wrong(&self, problem: Problem) -> DocumentError {
        DocumentError::new(&*self.pointer, problem)
    }

    fn expected(&self, expected: &'static str) -> DocumentError {
        self.wrong(Problem::Shape { expected })
    }

    fn bad_value(&self, expected: &'static str) -> DocumentError {
        let value = match self.value {
            Value::String(text) => text.clone(),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => other.to_string(),
        };
        self.wrong(Problem::Value { value, expected })
    }

    fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value
            .as_object()
            .ok_or_else(|| self.expected("an object"))
    }

    fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.expected("a string"))
    }

    /// The items of an array, or the value itself as the only one.
    fn items(&self) -> Vec<At<'a>> {
        match self.value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.child(&index.to_string(), item))
                .collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => {
                vec![self.clone()]
            }
        }
    }

    /// One string or several, at least one.
    fn texts(&self) -> Result<Vec<At<'a>>> {
        let items = self.items();
        if items.is_empty() || items.iter().any(|item| !item.value.is_string()) {
            return Err(self.expected("a string or a list of strings, at least one"));
        }
        Ok(items)
    }

    fn only_elements(&self, known: &[&str]) -> Result<()> {
        for (name, value) in self.object()? {
            if !known.contains(&name.as_str()) {
                let suggestion = suggest(name, known.iter().copied());
                return Err(self.child(name, value).wrong(Problem::UnknownElement {
                    name: name.clone(),
                    suggestion,
                }));
            }
        }
        Ok(())
    }

    /// At most one of two elements.
    fn either(
        &self,
        first: &'static str,
        second: &'static str,
    ) -> Result<(Option<Self>, Option<Self>)> {
        match (self.get(first), self.get(second)) {
            (Some(_), Some(_)) => Err(self.wrong(Problem::Both { first, second })),
            found => Ok(found),
        }
    }
}

/// The known name closest to what was written, if any is close.
fn suggest<T: AsRef<str>>(name: &str, known: impl Iterator<Item = T>) -> Option<String> {
    let lower = name.to_lowercase();
    known
        .map(|known| {
            (
                strsim::damerau_levenshtein(&lower, &known.as_ref().to_lowercase()),
                known,
            )
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 2 + name.len() / 8)
        .map(|(_, known)| known.as_ref().to_owned())
}

/// Reads a whole document.
pub(super) fn read(json: &Value, grammar: Grammar) -> Result<Vec<Statement>> {
    let whole = At {
        value: json,
        pointer: Cow::Borrowed(""),
    };
    whole.object()?;
    whole.only_elements(&["Version", "Id", "Statement"])?;
    // Without a Version it is the older one, in which `${…}` is plain text.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    let variables = match whole.get("Version") {
        None => false,
        Some(version) => match version.text()? {
            "2012-10-17" => true,
            "2008-10-17" => false,
            _ => return Err(version.bad_value("a policy version; use `2012-10-17`")),
        },
    };
    if let Some(id) = whole.get("Id") {
        id.text()?;
    }
    let statements = whole.get("Statement").ok_or_else(|| {
        whole.wrong(Problem::Missing {
            element: "Statement",
            grammar,
        })
    })?;
    statements
        .items()
        .iter()
        .map(|statement| read_statement(statement, grammar, variables))
        .collect()
}

fn read_statement(at: &At<'_>, grammar: Grammar, variables: bool) -> Result<Statement> {
    at.only_elements(&[
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ])?;
    let sid = at.get("Sid").map(|sid| sid.text()).transpose()?;
    let effect_at = at.get("Effect").ok_or_else(|| {
        at.wrong(Problem::Missing {
            element: "Effect",
            grammar,
        })
    })?;
    let effect = match effect_at.text()? {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        _ => return Err(effect_at.bad_value("an effect; use `Allow` or `Deny`")),
    };
    let conditions = match at.get("Condition") {
        Some(block) => read_conditions(&block, variables)?,
        None => Vec::new(),
    };
    Ok(Statement {
        sid: sid.map(Into::into),
        effect,
        principals: read_principals(at, grammar)?,
        actions: read_actions(at, grammar)?,
        resources: read_resources(at, grammar, variables)?,
        conditions,
    })
}

fn read_principals(at: &At<'_>, grammar: Grammar) -> Result<Principals> {
    let found = at.either("Principal", "NotPrincipal")?;
    if !grammar.has_principals() {
        return match found {
            (Some(element), _) => Err(element.wrong(Problem::NotAdmitted {
                element: "Principal",
                grammar,
            })),
            (_, Some(element)) => Err(element.wrong(Problem::NotAdmitted {
                element: "NotPrincipal",
                grammar,
            })),
            (None, None) => Ok(Principals::Attached),
        };
    }
    match found {
        (Some(element), _) => Ok(Principals::Only(read_principal_element(&element)?)),
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        (_, Some(element)) if matches!(grammar, Grammar::Trust | Grammar::Rcp) => Err(element
            .wrong(Problem::NotAdmitted {
                element: "NotPrincipal",
                grammar,
            })),
        (_, Some(element)) => Ok(Principals::Except(read_principal_element(&element)?)),
        (None, None) => Err(at.wrong(Problem::Missing {
            element: "Principal",
            grammar,
        })),
    }
}

fn read_principal_element(at: &At<'_>) -> Result<Vec<PrincipalPattern>> {
    if let Value::String(text) = at.value {
        return match text.as_str() {
            "*" => Ok(vec![PrincipalPattern::Everyone]),
            _ => Err(at.bad_value("a principal; use `*` or an object such as {\"AWS\": \"ARN\"}")),
        };
    }
    let kinds = ["AWS", "Service", "Federated", "CanonicalUser"];
    let object = at.value.as_object().filter(|object| !object.is_empty());
    let object =
        object.ok_or_else(|| at.expected("`*` or an object such as {\"AWS\": \"ARN\"}"))?;
    let mut patterns = Vec::new();
    for (kind, value) in object {
        let entry = at.child(kind, value);
        let (read, expected): (fn(&str) -> Option<PrincipalPattern>, _) = match kind.as_str() {
            "AWS" => (
                PrincipalPattern::aws,
                "an AWS principal; use an account id, the whole ARN of a role, user or session, or `*`",
            ),
            "Service" => (
                PrincipalPattern::service,
                "a service; use a name such as `lambda.amazonaws.com`",
            ),
            "Federated" => (
                PrincipalPattern::federated,
                "an identity provider; use its ARN or a name such as `accounts.google.com`",
            ),
            "CanonicalUser" => (
                |text| (!text.is_empty()).then_some(PrincipalPattern::Nobody),
                "a canonical user id",
            ),
            _ => {
                let suggestion = suggest(kind, kinds.into_iter());
                let name = kind.clone();
                return Err(entry.wrong(Problem::UnknownPrincipalKind { name, suggestion }));
            }
        };
        for item in entry.texts()? {
            patterns.push(read(item.text()?).ok_or_else(|| item.bad_value(expected))?);
        }
    }
    Ok(patterns)
}

fn read_actions(at: &At<'_>, grammar: Grammar) -> Result<Actions> {
    let patterns = |element: &At<'_>| -> Result<Vec<Pattern>> {
        element.texts()?.iter().map(read_action).collect()
    };
    match at.either("Action", "NotAction")? {
        (Some(element), _) => Ok(Actions::Only(patterns(&element)?)),
        (_, Some(element)) => Ok(Actions::Except(patterns(&element)?)),
        (None, None) if grammar == Grammar::Resource => Ok(Actions::Nothing),
        (None, None) => Err(at.wrong(Problem::Missing {
            element: "Action",
            grammar,
        })),
    }
}

fn read_action(at: &At<'_>) -> Result<Pattern> {
    let text = at.text()?;
    let expected = "an action; use `SERVICE:NAME`, with wildcards in NAME only, or `*`";
    let service = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let operation = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"*?-_".contains(&byte))
    };
    let valid = match text.split_once(':') {
        None => text == "*",
        Some(("*", "*")) => true,
        Some((prefix, name)) => service(prefix) && operation(name),
    };
    if valid {
        Ok(Pattern::wildcards(text))
    } else {
        Err(at.bad_value(expected))
    }
}

fn read_resources(at: &At<'_>, grammar: Grammar, variables: bool) -> Result<Resources> {
    let found = at.either("Resource", "NotResource")?;
    if grammar == Grammar::Trust {
        return match found {
            (Some(element), _) => Err(element.wrong(Problem::NotAdmitted {
                element: "Resource",
                grammar,
            })),
            (_, Some(element)) => Err(element.wrong(Problem::NotAdmitted {
                element: "NotResource",
                grammar,
            })),
            (None, None) => Ok(Resources::Attached),
        };
    }
    let patterns = |element: &At<'_>| -> Result<Vec<ArnPattern>> {
        let read = |item: &At<'_>| {
            let text = item.text()?;
            let shaped =
                text.starts_with(['*', '?', '$']) || text.to_lowercase().starts_with("arn");
            if shaped {
                Ok(ArnPattern::new(text, Place::Resource, variables))
            } else {
                Err(item.bad_value("a resource; use an ARN, with wildcards if you like, or `*`"))
            }
        };
        element.texts()?.iter().map(read).collect()
    };
    match found {
        (Some(element), _) => Ok(Resources::Only(patterns(&element)?)),
        (_, Some(element)) => Ok(Resources::Except(patterns(&element)?)),
        (None, None) if grammar == Grammar::Resource => Ok(Resources::Nothing),
        (None, None) => Err(at.wrong(Problem::Missing {
            element: "Resource",
            grammar,
        })),
    }
}

fn read_conditions(block: &At<'_>, variables: bool) -> Result<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (name, keys) in block.object()? {
        let at = block.child(name, keys);
        let operator = Operator::read(name).ok_or_else(|| {
            let suggestion = suggest(name, Operator::names());
            at.wrong(Problem::UnknownOperator {
                name: name.clone(),
                suggestion,
            })
        })?;
        for (key, value) in at.object()? {
            let at = at.child(key, value);
            if !key
                .split_once(':')
                .is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
            {
                let expected = "a condition key; use `PREFIX:NAME`, such as `aws:PrincipalArn`";
                return Err(at.wrong(Problem::Value {
                    value: key.clone(),
                    expected,
                }));
            }
            let items = at.items();
            let values = items
                .iter()
                .map(read_condition_value)
                .collect::<Result<Vec<_>>>()?;
            let condition = Condition::new(operator, key, &values, variables)
                .map_err(|bad| items.get(bad.index).unwrap_or(&at).bad_value(bad.expected))?;
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

fn read_condition_value(at: &At<'_>) -> Result<String> {
    match at.value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(at.expected("a string, a number or a truth value, or a list of them"))
        }
    }
}
