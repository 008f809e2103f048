// SPDX-License-Identifier: Apache-2.0
//! Which calls a statement is about: what it lists, and what it leaves out.

use serde_json::{Value, json};

use crate::{Context, Document, Grammar, Policies, Request, evaluate};

const ORDERS: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
const CONTROL: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/control";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/s";

/// Whether a role with this one statement may do this.
fn may(statement: &Value, action: &str, resource: &str, context: Context) -> bool {
    let json = json!({"Version": "2012-10-17", "Statement": [statement]});
    let identity = [Document::from_value(&json, Grammar::Identity).unwrap()];
    let request = Request::new(SESSION.parse().unwrap(), action, resource);
    let policies = Policies {
        identity: &identity,
        ..Policies::default()
    };
    evaluate(&request.with_context(context), &policies).is_allowed()
}

fn allow(fields: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow"});
    let all = statement.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    statement
}

#[test]
fn not_action_is_every_other_action() {
    let statement = allow(&json!({"NotAction": ["dynamodb:Get*", "kms:*"], "Resource": "*"}));

    assert!(may(&statement, "dynamodb:Scan", ORDERS, Context::new()));
    assert!(!may(&statement, "dynamodb:GetItem", ORDERS, Context::new()));
    assert!(!may(&statement, "DynamoDB:getitem", ORDERS, Context::new()));
}

#[test]
fn any_of_the_resources_is_enough_wherever_it_stands() {
    for listed in [[CONTROL, ORDERS], [ORDERS, CONTROL]] {
        let statement = allow(&json!({"Action": "dynamodb:*", "Resource": listed}));

        assert!(may(&statement, "dynamodb:Scan", ORDERS, Context::new()));
        assert!(may(&statement, "dynamodb:Scan", CONTROL, Context::new()));
        assert!(!may(
            &statement,
            "dynamodb:Scan",
            &format!("{ORDERS}2"),
            Context::new()
        ));
    }
}

#[test]
fn not_resource_is_every_other_resource_that_can_be_told_apart() {
    let statement = allow(&json!({"Action": "dynamodb:*", "NotResource": ORDERS}));
    assert!(may(&statement, "dynamodb:Scan", CONTROL, Context::new()));
    assert!(!may(&statement, "dynamodb:Scan", ORDERS, Context::new()));

    let own = "arn:aws:dynamodb:us-east-1:111122223333:table/${aws:username}";
    let statement = allow(&json!({"Action": "dynamodb:*", "NotResource": own}));
    let as_user = |name: &str| Context::new().with("aws:username", name);
    assert!(may(&statement, "dynamodb:Scan", CONTROL, as_user("orders")));
    assert!(!may(&statement, "dynamodb:Scan", ORDERS, as_user("orders")));
    // Without a name nothing can be told apart.
    assert!(!may(&statement, "dynamodb:Scan", CONTROL, Context::new()));
}

/// Whether a session may scan the table under this resource policy.
fn lets(caller: &str, statements: &Value) -> (bool, bool) {
    let json = json!({"Version": "2012-10-17", "Statement": statements});
    let policy = Document::from_value(&json, Grammar::Resource).unwrap();
    let request = Request::new(caller.parse().unwrap(), "dynamodb:Scan", ORDERS);
    let policies = Policies {
        resource: Some(&policy),
        ..Policies::default()
    };
    let decision = evaluate(&request, &policies);
    (decision.is_allowed(), decision.explicit)
}

#[test]
fn a_deny_for_all_but_some_leaves_out_who_is_listed_in_every_way() {
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let but = |listed: Value| json!([all, {"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}]);
    let role = "arn:aws:iam::111122223333:role/reader";
    let whole = but(json!(["111122223333", role, SESSION]));
    assert_eq!(lets(SESSION, &whole), (true, false));
    assert_eq!(
        lets(
            "arn:aws:sts::111122223333:assumed-role/reader/other",
            &whole
        ),
        (false, true)
    );
    for listed in [
        json!([role, SESSION]),
        json!(["111122223333", SESSION]),
        json!(["111122223333", role]),
    ] {
        assert_eq!(lets(SESSION, &but(listed)), (false, true));
    }
}

#[test]
fn an_allow_for_all_but_some_is_for_whoever_is_not_listed_in_any_way() {
    let but = |listed: &str| json!([{"Effect": "Allow", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}]);

    assert_eq!(
        lets(SESSION, &but("arn:aws:iam::111122223333:role/other")),
        (true, false)
    );
    for listed in [
        "111122223333",
        "arn:aws:iam::111122223333:role/reader",
        SESSION,
    ] {
        assert_eq!(lets(SESSION, &but(listed)), (false, false), "{listed}");
    }
}
