// SPDX-License-Identifier: Apache-2.0
//! A role's trust policy, where it could be read: whom it lets in, and what keeps the runner out.
//!
//! STS says that it refuses, and not always why. The policy is evaluated as STS would, statement by
//! statement and condition by condition; what nobody can know before the call (the runner's network, its
//! own tags) is told as that.

mod admitted;

use keyproof_aws::iam_actions::ASSUME;
use keyproof_core::RoleArn;
use keyproof_plan::Principal;
use keyproof_policy::{
    Context, Document, Grammar, Policies, Principal as Caller, Request, evaluate,
};
use keyproof_verdict::Answer;
use serde_json::{Value, json};

use crate::check::{Check, Mend};
use crate::diagnose::Case;
use crate::policy::takes;
use admitted::{admitted, open_to_everybody, told};

/// Condition keys whose value a run's own call decides; of all others nothing is known.
const OF_THE_CALL: [&str; 8] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:SecureTransport",
    "aws:TagKeys",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
];
const REQUEST_TAG: &str = "aws:RequestTag/";

/// The check of a principal's trust policy; none where it could not be read.
pub(crate) fn check(case: &Case<'_>, name: &str, principal: &Principal) -> Option<Check> {
    let policy = case.trust.get(name)?;
    let id = format!("principal/{name}/trust");
    let role = principal.role.as_str();
    let statements = statements(policy);
    if let Some(sid) = open_to_everybody(&statements) {
        let open =
            format!("the trust policy of `{role}` lets everybody in, of every account ({sid})");
        let mend = "name the runner in it, and nobody else; a `Condition` on `aws:PrincipalOrgID` is the least";
        return Some(Check::problem(id, open).mend(Mend::words(mend)));
    }
    let who = told(&admitted(&statements));
    let lets_in = format!("the trust policy of `{role}` lets in {who}");
    let seen = case.found.sessions.get(name).map(|seen| &seen.answer);
    let refusal = match (seen, refusal(case, principal, policy)) {
        (Some(Answer::Allowed(_)), _) | (_, None) => return Some(Check::ok(id, lets_in)),
        (_, Some(refusal)) => refusal,
    };
    if crate::principal::refusal_is_planned(case.plan, name) {
        let told = format!("{lets_in}; it keeps the runner out, as the plan expects");
        return Some(Check::ok(id, told));
    }
    let Refusal { why, mends } = refusal;
    Some(Check::problem(id, format!("{lets_in}, and {why}")).mends(mends))
}

/// Whether the policy, as it was read, surely keeps the runner out.
pub(crate) fn refuses(case: &Case<'_>, name: &str, principal: &Principal) -> bool {
    let policy = case.trust.get(name);
    policy.is_some_and(|policy| refusal(case, principal, policy).is_some())
}

/// Why the runner is kept out.
struct Refusal {
    why: String,
    mends: Vec<Mend>,
}

/// `None` where it lets the runner in, or nobody can know.
fn refusal(case: &Case<'_>, principal: &Principal, policy: &Value) -> Option<Refusal> {
    let runner = caller(case.trusted.as_deref()?)?;
    let actions = ASSUME.iter().filter(|action| takes(action, principal));
    for action in actions {
        let ask = |statements: &[Value]| {
            let request = Request::new(runner.clone(), *action, principal.role.as_str())
                .with_context(context(principal, policy))
                .with_derived_context();
            decides(&request, statements)
        };
        let all = statements(policy);
        match ask(&all) {
            Decided::Allowed | Decided::Unknown => continue,
            Decided::Denied => {}
        }
        return Some(why(action, principal, &all, &ask));
    }
    None
}

/// What a policy comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    Allowed,
    Denied,
    /// It hangs on something.
    Unknown,
}

fn decides(request: &Request, statements: &[Value]) -> Decided {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let everything = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
    ]});
    let trust = Document::from_value(&policy, Grammar::Trust);
    let (Ok(trust), Ok(own)) = (trust, Document::from_value(&everything, Grammar::Identity)) else {
        return Decided::Unknown;
    };
    // What the runner's own policies allow is another check's matter.
    let policies = Policies {
        identity: &[own],
        resource: Some(&trust),
        ..Policies::default()
    };
    let decision = evaluate(request, &policies);
    match (decision.unknown.is_empty(), decision.is_allowed()) {
        (false, _) => Decided::Unknown,
        (true, true) => Decided::Allowed,
        (true, false) => Decided::Denied,
    }
}

fn why(
    action: &str,
    principal: &Principal,
    all: &[Value],
    ask: &impl Fn(&[Value]) -> Decided,
) -> Refusal {
    let everybody = json!({"Effect": "Allow", "Principal": "*", "Action": action});
    for (index, one) in all.iter().enumerate() {
        let denies = one.get("Effect").and_then(Value::as_str) == Some("Deny");
        if denies && ask(&[everybody.clone(), one.clone()]) == Decided::Denied {
            let label = label(one, index);
            return Refusal {
                why: format!("its statement {label} denies the runner `{action}`"),
                mends: vec![Mend::words(format!(
                    "take the runner out of the statement {label}, or make an exception there"
                ))],
            };
        }
    }
    let mut keys: Vec<String> = Vec::new();
    for one in all {
        let Some(statement) = one.as_object() else {
            continue;
        };
        let mut free = statement.clone();
        free.shift_remove("Condition");
        if ask(&[Value::Object(free.clone())]) != Decided::Allowed {
            continue;
        }
        for (operator, key, values) in conditions(one) {
            let mut alone = free.clone();
            alone.insert("Condition".to_owned(), json!({operator: {key: values}}));
            if ask(&[Value::Object(alone)]) == Decided::Denied && !keys.iter().any(|one| one == key)
            {
                keys.push(key.to_owned());
            }
        }
    }
    if keys.is_empty() {
        let why = if action == "sts:AssumeRole" {
            "not the runner".to_owned()
        } else {
            format!("doesn't let the runner `{action}`, which the plan's principal takes")
        };
        let mend = Mend::words(
            "let the trust policy name the runner, with every action that the session takes",
        );
        return Refusal {
            why,
            mends: vec![mend],
        };
    }
    let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    Refusal {
        why: format!(
            "lets the runner `{action}` only on {}, which stands in the way",
            named.join(" and ")
        ),
        mends: keys.iter().map(|key| mend(key, principal)).collect(),
    }
}

/// What meets a condition. No value of it is told: an external id is shared with few.
fn mend(key: &str, principal: &Principal) -> Mend {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    let of_plan = |field: &str, given: bool| {
        if given {
            format!(
                "the plan's `{field}` is not what the trust policy asks for: correct one of them"
            )
        } else {
            format!("give the principal in the plan the `{field}` that the trust policy asks for")
        }
    };
    let tag = key
        .get(..REQUEST_TAG.len())
        .filter(|prefix| prefix.eq_ignore_ascii_case(REQUEST_TAG))
        .and_then(|_| key.get(REQUEST_TAG.len()..));
    Mend::words(if is("sts:ExternalId") {
        of_plan("external_id", principal.external_id.is_some())
    } else if is("sts:SourceIdentity") {
        of_plan("source_identity", principal.source_identity.is_some())
    } else if let Some(tag) = tag {
        let given = principal
            .tags
            .keys()
            .any(|name| name.eq_ignore_ascii_case(tag));
        of_plan(&format!("tags` with `{tag}"), given)
    } else if is("aws:TagKeys") {
        of_plan("tags", !principal.tags.is_empty())
    } else if is("sts:RoleSessionName") {
        "let the trust policy take keyproof's session names, `keyproof-*`".to_owned()
    } else {
        format!("see that the runner meets `{key}`, or loosen it")
    })
}

/// What the call will have, and which keys nobody can know.
fn context(principal: &Principal, policy: &Value) -> Context {
    let mut context = Context::new();
    for statement in statements(policy) {
        for (_, key, _) in conditions(&statement) {
            let of_call = OF_THE_CALL
                .iter()
                .any(|known| known.eq_ignore_ascii_case(key));
            let of_tag = key.len() > REQUEST_TAG.len()
                && (key.get(..REQUEST_TAG.len()))
                    .is_some_and(|prefix| prefix.eq_ignore_ascii_case(REQUEST_TAG));
            if !of_call && !of_tag {
                context.set_unknown(key);
            }
        }
    }
    context.set("sts:RoleSessionName", "keyproof-01ARZ3NDEKTSV4RRFFQ69G5FAV");
    context.set("aws:SecureTransport", "true");
    if let Some(id) = &principal.external_id {
        context.set("sts:ExternalId", id.as_str());
    }
    if let Some(identity) = &principal.source_identity {
        context.set("sts:SourceIdentity", identity.as_str());
    }
    for (name, value) in &principal.tags {
        context.set(&format!("{REQUEST_TAG}{name}"), value.as_str());
    }
    if !principal.tags.is_empty() {
        let names: Vec<String> = principal.tags.keys().cloned().collect();
        context.set("aws:TagKeys", names);
    }
    context
}

fn caller(arn: &str) -> Option<Caller> {
    match arn.parse::<RoleArn>() {
        Ok(role) => Some(Caller::session(&role, "keyproof")),
        Err(_) => arn.parse().ok(),
    }
}

fn statements(policy: &Value) -> Vec<Value> {
    match policy.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// Operator, key and values of each condition.
fn conditions(statement: &Value) -> Vec<(&str, &str, &Value)> {
    let blocks = statement.get("Condition").and_then(Value::as_object);
    let blocks = blocks.into_iter().flatten();
    blocks
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values))
        })
        .collect()
}

fn label(statement: &Value, index: usize) -> String {
    let sid = statement.get("Sid").and_then(Value::as_str);
    sid.map_or_else(|| index.to_string(), |sid| format!("`{sid}`"))
}
