// SPDX-License-Identifier: Apache-2.0
//! Harmless edits of check's five cases raise no alarm: whatever is written differently and means the
//! same, or is about something else, passes as before.

use keyproof_template::{Account, PolicySource};
use keyproof_verdict::Verdict;
use serde_json::{Map, Value, json};

use crate::support::{cases, estate};

/// Every policy of the account that its template holds.
fn policies(account: &mut Account) -> Vec<&mut PolicySource> {
    let mut all: Vec<&mut PolicySource> = Vec::new();
    all.extend(account.keys.iter_mut().map(|key| &mut key.policy));
    for role in &mut account.roles {
        all.push(&mut role.trust);
        all.extend(role.inline.iter_mut().map(|inline| &mut inline.source));
    }
    let users = account.users.iter_mut().map(|user| &mut user.inline);
    let groups = account.groups.iter_mut().map(|group| &mut group.inline);
    let inline = users.chain(groups).flatten();
    all.extend(inline.map(|inline| &mut inline.source));
    let own = account
        .managed_policies
        .iter_mut()
        .filter(|policy| policy.logical_id.is_some());
    all.extend(own.map(|policy| &mut policy.source));
    all.extend(
        account
            .tables
            .iter_mut()
            .filter_map(|table| table.resource_policy.as_mut()),
    );
    let organization = account.organization_policies.iter_mut();
    all.extend(organization.map(|policy| &mut policy.source));
    all
}

fn statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    }
}

fn with_statements(policy: &Value, statements: Vec<Value>) -> Value {
    let mut policy = policy.clone();
    policy["Statement"] = statements.into();
    policy
}

/// The policy written otherwise.
fn rewritten(policy: &Value) -> Vec<(String, Value)> {
    let all = statements(policy);
    let mut edits = Vec::new();
    let mut edit = |what: String, statements| {
        edits.push((what, with_statements(policy, statements)));
    };
    let mut reversed = all.clone();
    reversed.reverse();
    edit("statements the other way round".to_owned(), reversed);
    let first = all[0].as_object().unwrap();
    for (what, effect, action) in [
        ("an Allow about something else", "Allow", "s3:GetObject"),
        ("a Deny about something else", "Deny", "s3:DeleteBucket"),
    ] {
        let mut other = Map::new();
        other.insert("Effect".to_owned(), json!(effect));
        other.insert("Action".to_owned(), json!(action));
        if first.contains_key("Resource") || first.contains_key("NotResource") {
            other.insert("Resource".to_owned(), json!("*"));
        }
        if first.contains_key("Principal") {
            let role = "arn:aws:iam::111122223333:role/somebody-else";
            other.insert("Principal".to_owned(), json!({"AWS": role}));
        }
        let mut more = all.clone();
        more.push(Value::Object(other));
        edit(what.to_owned(), more);
    }
    for (index, statement) in all.iter().enumerate() {
        for (what, replaced) in restated(statement.as_object().unwrap()) {
            let mut changed = all.clone();
            changed.splice(index..=index, replaced.into_iter().map(Value::Object));
            edit(format!("statement {index}: {what}"), changed);
        }
    }
    edits
}

/// A statement said otherwise, in one statement or several.
fn restated(statement: &Map<String, Value>) -> Vec<(&'static str, Vec<Map<String, Value>>)> {
    let with = |name: &str, value: Value| {
        let mut changed = statement.clone();
        changed.insert(name.to_owned(), value);
        changed
    };
    let mut edits = vec![
        ("another Sid", vec![with("Sid", json!("Renamed"))]),
        ("said twice", {
            let mut again = statement.clone();
            again.shift_remove("Sid");
            vec![statement.clone(), again]
        }),
    ];
    for name in ["Action", "Resource", "NotResource"] {
        let Some(value) = statement.get(name) else {
            continue;
        };
        let Value::Array(all) = value else {
            edits.push(("a list of one", vec![with(name, json!([value]))]));
            continue;
        };
        let mut reversed = all.clone();
        reversed.reverse();
        edits.push((
            "a list the other way round",
            vec![with(name, json!(reversed))],
        ));
        let mut twice = all.clone();
        twice.extend(all.clone());
        edits.push(("a list twice", vec![with(name, json!(twice))]));
        if name != "NotResource" {
            let each = all.iter().map(|one| {
                let mut one = with(name, one.clone());
                one.shift_remove("Sid");
                one
            });
            edits.push(("a statement for each", each.collect()));
        }
    }
    if let Some(action) = statement.get("Action") {
        let shout = |one: &Value| match one.as_str().unwrap().split_once(':') {
            Some((service, action)) => json!(format!("{service}:{}", action.to_uppercase())),
            None => one.clone(),
        };
        let shouted = match action {
            Value::Array(all) => all.iter().map(shout).collect(),
            one => shout(one),
        };
        edits.push(("actions in capitals", vec![with("Action", shouted)]));
    }
    edits
}

#[test]
fn harmless_edits_raise_no_alarm() {
    let (mut edits, mut of_users) = (0, 0);
    for case in cases() {
        let mut passes = |what: &str, account: Account| {
            edits += 1;
            let report = case.report(&estate(account));
            assert_eq!(
                report.summary.verdict,
                Verdict::Pass,
                "{}: {what}: {:#?}",
                case.name,
                report
                    .probes
                    .iter()
                    .find(|row| row.verdict != Verdict::Pass)
            );
        };
        let account = &case.account;
        let count = policies(&mut account.clone()).len();
        for number in 0..count {
            let (path, value) = {
                let mut account = account.clone();
                let policy = policies(&mut account).swap_remove(number);
                (policy.path.clone(), policy.value.clone())
            };
            for (what, edited) in rewritten(&value) {
                let mut account = account.clone();
                let policy = policies(&mut account).swap_remove(number);
                // A resource control policy can't allow.
                let Ok(source) = policy.with_value(edited) else {
                    continue;
                };
                *policy = source;
                of_users += usize::from(path.contains(".ProofRunner"));
                passes(&format!("{path}: {what}"), account);
            }
        }
        for (what, edit) in beside() {
            let mut account = account.clone();
            edit(&mut account);
            passes(what, account);
        }
    }
    assert!(of_users >= 30, "only {of_users} edits of users and groups");
    assert!(edits >= 300, "only {edits} edits were made");
}

type Edit = fn(&mut Account);

/// Changes of what no policy is about.
fn beside() -> [(&'static str, Edit); 8] {
    [
        ("tags on roles", |account| {
            for role in &mut account.roles {
                role.tags.insert("cost-center".to_owned(), "7".to_owned());
            }
        }),
        ("tags on keys and tables", |account| {
            for key in &mut account.keys {
                key.tags.insert("cost-center".to_owned(), "7".to_owned());
            }
            for table in &mut account.tables {
                table.tags.insert("cost-center".to_owned(), "7".to_owned());
            }
        }),
        ("rotation", |account| {
            for key in &mut account.keys {
                key.rotation = !key.rotation;
            }
        }),
        ("longer sessions", |account| {
            for role in &mut account.roles {
                role.max_session_duration = 43_200;
            }
        }),
        ("tags on users", |account| {
            for user in &mut account.users {
                user.tags.insert("cost-center".to_owned(), "7".to_owned());
            }
        }),
        ("another user in every group", |account| {
            let groups = account.groups.iter().map(|group| group.name.clone());
            let groups = groups.collect();
            if let Some(user) = account.users.first() {
                let mut other = user.clone();
                "newcomer".clone_into(&mut other.name);
                "arn:aws:iam::111122223333:user/newcomer".clone_into(&mut other.arn);
                other.groups = groups;
                account.users.push(other);
            }
        }),
        ("resources in another order", |account| {
            account.users.reverse();
            account.groups.reverse();
            account.roles.reverse();
            account.keys.reverse();
            account.tables.reverse();
            account.managed_policies.reverse();
        }),
        ("another role, like one that is there", |account| {
            let mut other = account.roles[0].clone();
            "newcomer".clone_into(&mut other.name);
            "arn:aws:iam::111122223333:role/newcomer".clone_into(&mut other.arn);
            account.roles.push(other);
        }),
    ]
}
