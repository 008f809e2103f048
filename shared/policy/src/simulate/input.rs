// SPDX-License-Identifier: Apache-2.0
//! Reading a line's JSON.

use serde_json::{Map, Value};

use crate::{Context, ContextValue, Document, Grammar, Grant, Policies, Principal, Request};

/// A line's request and policies.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) request: Request,
    identity: Vec<Document>,
    resource: Option<Document>,
    boundaries: Vec<Document>,
    session: Option<Document>,
    scps: Vec<Vec<Document>>,
    rcps: Vec<Vec<Document>>,
    vpc_endpoint: Vec<Document>,
    grants: Vec<Grant>,
}

type Result<T> = std::result::Result<T, String>;

const FIELDS: [&str; 15] = [
    "id",
    "principal",
    "action",
    "resource",
    "resource_account",
    "context",
    "unknown_context",
    "identity_policies",
    "resource_policy",
    "permissions_boundaries",
    "session_policy",
    "scps",
    "rcps",
    "vpc_endpoint_policies",
    "grants",
];

const GRANT_FIELDS: [&str; 6] = [
    "id",
    "grantee",
    "operations",
    "encryption_context_subset",
    "encryption_context_equals",
    "retiring_principal",
];

fn check_fields(object: &Map<String, Value>, known: &[&str], place: &str) -> Result<()> {
    for name in object.keys() {
        if !known.contains(&name.as_str()) {
            let near = known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(name, known), known))
                .min_by_key(|(distance, _)| *distance)
                .filter(|(distance, _)| *distance <= 3)
                .map(|(_, known)| format!("; did you mean `{known}`?"))
                .unwrap_or_default();
            return Err(format!("unknown field `{place}{name}`{near}"));
        }
    }
    Ok(())
}

/// A field that is there and not `null`.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn required<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str> {
    match field(object, name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{name}` is not a string")),
        None => Err(format!("`{name}` is missing")),
    }
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a [Value]> {
    match field(object, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("`{name}` is not a list")),
    }
}

fn document(value: &Value, grammar: Grammar, place: &str) -> Result<Document> {
    Document::from_value(value, grammar).map_err(|error| {
        let pointer = error.pointer();
        format!("`{place}{pointer}`: {}", error.problem())
    })
}

fn documents(object: &Map<String, Value>, name: &str, grammar: Grammar) -> Result<Vec<Document>> {
    list(object, name)?
        .iter()
        .enumerate()
        .map(|(index, value)| document(value, grammar, &format!("{name}/{index}")))
        .collect()
}

fn levels(object: &Map<String, Value>, name: &str, grammar: Grammar) -> Result<Vec<Vec<Document>>> {
    let level = |(level, documents): (usize, &Value)| {
        documents
            .as_array()
            .ok_or_else(|| format!("`{name}/{level}` is not a list of policies"))?
            .iter()
            .enumerate()
            .map(|(index, value)| document(value, grammar, &format!("{name}/{level}/{index}")))
            .collect()
    };
    list(object, name)?.iter().enumerate().map(level).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn context(object: &Map<String, Value>) -> Result<Context> {
    let mut context = Context::new();
    match field(object, "context") {
        None => {}
        Some(Value::Object(keys)) => {
            for (key, value) in keys {
                let wrong = || format!("`context/{key}` is not a string or a list of strings");
                if context.contains(key) {
                    return Err(format!(
                        "`context/{key}` appears twice; case doesn't matter in keys"
                    ));
                }
                // Whether a key has one value or several is the key's own, not the notation's.
                let values = match value.as_array() {
                    Some(values) => values.iter().map(text).collect::<Option<_>>(),
                    None => text(value).map(|one| vec![one]),
                };
                context.set(key, ContextValue::of(key, values.ok_or_else(wrong)?));
            }
        }
        Some(_) => return Err("`context` is not an object".to_owned()),
    }
    for key in list(object, "unknown_context")? {
        let key = key
            .as_str()
            .ok_or("`unknown_context` is not a list of strings")?;
        context.set_unknown(key);
    }
    Ok(context)
}

fn pairs(object: &Map<String, Value>, name: &str, place: &str) -> Result<Vec<(String, String)>> {
    let Some(value) = field(object, name) else {
        return Ok(Vec::new());
    };
    let wrong = || format!("`{place}{name}` is not an object of strings");
    value
        .as_object()
        .ok_or_else(wrong)?
        .iter()
        .map(|(key, value)| Ok((key.clone(), value.as_str().ok_or_else(wrong)?.to_owned())))
        .collect()
}

fn grant(index: usize, value: &Value) -> Result<Grant> {
    let place = format!("grants/{index}/");
    let object = value
        .as_object()
        .ok_or_else(|| format!("`grants/{index}` is not an object"))?;
    check_fields(object, &GRANT_FIELDS, &place)?;
    let grantee =
        required(object, "grantee").map_err(|error| format!("`grants/{index}`: {error}"))?;
    let operations = list(object, "operations")?
        .iter()
        .map(|operation| operation.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| format!("`{place}operations` is not a list of strings"))?;
    Ok(Grant {
        encryption_context_subset: pairs(object, "encryption_context_subset", &place)?,
        encryption_context_equals: pairs(object, "encryption_context_equals", &place)?,
        retiring_principal: field(object, "retiring_principal")
            .and_then(Value::as_str)
            .map(str::to_owned),
        id: field(object, "id").and_then(Value::as_str).map(Into::into),
        ..Grant::new(grantee, operations)
    })
}

impl Input {
    pub(super) fn read(line: &Value) -> Result<Self> {
        let object = line.as_object().ok_or("the line is not a JSON object")?;
        check_fields(object, &FIELDS, "")?;
        let principal: Principal = required(object, "principal")?
            .parse()
            .map_err(|error| format!("`principal`: {error}"))?;
        let action = required(object, "action")?;
        if !action
            .split_once(':')
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
            || action.contains(['*', '?', ' '])
        {
            return Err(format!(
                "`action`: `{action}` is not an action; use `SERVICE:NAME`"
            ));
        }
        let mut request = Request::new(principal, action, required(object, "resource")?)
            .with_context(context(object)?);
        if let Some(account) = field(object, "resource_account") {
            let account = account
                .as_str()
                .ok_or("`resource_account` is not a string")?;
            request.resource_account = match account {
                "" => None,
                digits => Some(
                    digits
                        .parse()
                        .map_err(|error| format!("`resource_account`: {error}"))?,
                ),
            };
        }
        let resource = field(object, "resource_policy")
            .map(|policy| {
                document(
                    policy,
                    resource_grammar(&request, policy),
                    "resource_policy",
                )
            })
            .transpose()?;
        let session = field(object, "session_policy")
            .map(|policy| document(policy, Grammar::Session, "session_policy"))
            .transpose()?;
        Ok(Self {
            resource,
            session,
            identity: documents(object, "identity_policies", Grammar::Identity)?,
            boundaries: documents(object, "permissions_boundaries", Grammar::Boundary)?,
            scps: levels(object, "scps", Grammar::Scp)?,
            rcps: levels(object, "rcps", Grammar::Rcp)?,
            vpc_endpoint: documents(object, "vpc_endpoint_policies", Grammar::VpcEndpoint)?,
            grants: list(object, "grants")?
                .iter()
                .enumerate()
                .map(|(index, value)| grant(index, value))
                .collect::<Result<_>>()?,
            request,
        })
    }

    pub(super) fn policies(&self) -> Policies<'_> {
        Policies {
            identity: &self.identity,
            resource: self.resource.as_ref(),
            boundaries: &self.boundaries,
            session: self.session.as_ref(),
            sessions: &[],
            scps: &self.scps,
            rcps: &self.rcps,
            vpc_endpoint: &self.vpc_endpoint,
            grants: &self.grants,
        }
    }
}

/// A trust policy by the action and resource; but one that names resources, as other simulators
/// take it, is read as any resource's policy.
fn resource_grammar(request: &Request, policy: &Value) -> Grammar {
    let names_resources = |statement: &Value| {
        statement.get("Resource").is_some() || statement.get("NotResource").is_some()
    };
    let named = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().any(names_resources),
        Some(statement) => names_resources(statement),
        None => false,
    };
    if request.is_for_role_trust() && !named {
        Grammar::Trust
    } else {
        Grammar::Resource
    }
}
