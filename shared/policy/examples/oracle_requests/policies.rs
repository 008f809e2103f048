// SPDX-License-Identifier: Apache-2.0
//! Random requests with random policies.

use serde_json::{Map, Value, json};

use super::conditions;
use super::dice::Dice;

const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";

const CALLERS: [&str; 6] = [
    "arn:aws:iam::111122223333:user/team/ann",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:sts::111122223333:assumed-role/reader/s",
    "arn:aws:sts::111122223333:assumed-role/reader/s",
    "arn:aws:sts::444455556666:assumed-role/guest/t",
    "arn:aws:iam::111122223333:role/reader",
];

/// Something to do: the actions, patterns that may match them, and where.
struct Work {
    actions: &'static [&'static str],
    patterns: &'static [&'static str],
    resources: &'static [&'static str],
    resource_patterns: &'static [&'static str],
    trust: bool,
}

const WORK: [Work; 3] = [
    Work {
        actions: &[
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:CreateGrant",
        ],
        patterns: &[
            "kms:*",
            "kms:Decrypt",
            "kms:D*",
            "KMS:decrypt",
            "kms:Generate*",
            "kms:?ncrypt",
            "*",
            "kms:CreateGrant",
        ],
        resources: &[
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:444455556666:key/4321dcba-12ab-34cd-56ef-1234567890ab",
        ],
        resource_patterns: &[
            "*",
            "*",
            "arn:aws:kms:*:*:key/*",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:111122223333:key/1234*",
            "arn:aws:kms:*",
            "arn:aws:kms:us-*-1:444455556666:*",
            "arn:aws:kms:us-east-1:111122223333:key/1234${aws:PrincipalTag/none, 'abcd'}*",
        ],
        trust: false,
    },
    Work {
        actions: &[
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:PutItem",
            "dynamodb:BatchGetItem",
        ],
        patterns: &[
            "dynamodb:*",
            "dynamodb:GetItem",
            "dynamodb:*Item",
            "dynamodb:Q*",
            "DynamoDB:getitem",
            "*",
            "dynamodb:S?an",
        ],
        resources: &[
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
            "arn:aws:dynamodb:us-east-1:444455556666:table/orders",
            "arn:aws:dynamodb:us-east-1:111122223333:table/red",
        ],
        resource_patterns: &[
            "*",
            "arn:aws:dynamodb:*:*:table/*",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
            "arn:aws:dynamodb:us-east-1:*:table/o?ders",
            "arn:aws:dynamodb:us-east-1:111122223333:table/Orders",
            "arn:aws:dynamodb:us-east-1:111122223333:table/${aws:PrincipalTag/team}",
            "arn:aws:dynamodb:*",
            "arn:aws:s3:::bucket/*",
        ],
        trust: false,
    },
    Work {
        actions: &["sts:AssumeRole", "sts:TagSession"],
        patterns: &[
            "sts:*",
            "sts:AssumeRole",
            "sts:Assume*",
            "*",
            "sts:TagSession",
        ],
        resources: &[
            "arn:aws:iam::111122223333:role/target",
            "arn:aws:iam::444455556666:role/target",
        ],
        resource_patterns: &[
            "*",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::111122223333:role/target",
            "arn:aws:iam::*:role/t?rget",
        ],
        trust: true,
    },
];

const PRINCIPALS: [&str; 10] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/team/ann",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:iam::111122223333:role/reader",
    "arn:aws:iam::444455556666:role/guest",
    "arn:aws:sts::111122223333:assumed-role/reader/s",
    "arn:aws:sts::444455556666:assumed-role/guest/t",
];

/// Whom a resource's statement may name when a session policy is around.
const BEHIND_SESSIONS: usize = 8;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Attached,
    Resource { sessions: bool },
    Trust { sessions: bool },
    Scp,
    Endpoint,
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

fn principal(dice: &mut Dice, sessions: bool) -> Value {
    // A session policy limits neither `*` nor a session's own ARN; the other simulator says it does.
    let from = if sessions {
        &PRINCIPALS[..]
    } else {
        PRINCIPALS.get(1..BEHIND_SESSIONS).unwrap_or_default()
    };
    let named = owned(dice.some(from, 2));
    match named.as_slice() {
        [only] if only == "*" && dice.percent(50) => json!("*"),
        _ if dice.percent(10) => {
            json!({"Service": "lambda.amazonaws.com", "AWS": dice.one_or_many(named)})
        }
        _ => json!({"AWS": dice.one_or_many(named)}),
    }
}

fn statement(dice: &mut Dice, work: &Work, kind: Kind) -> Value {
    let effect = if dice.percent(78) { "Allow" } else { "Deny" };
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), effect.into());
    if dice.percent(40) {
        let sid = dice.pick(&["A", "B", "Third", "x1"]);
        statement.insert("Sid".to_owned(), sid.into());
    }
    let element = if dice.percent(90) {
        "Action"
    } else {
        "NotAction"
    };
    let patterns = owned(dice.some(work.patterns, 2));
    statement.insert(element.to_owned(), dice.one_or_many(patterns));
    let patterns = owned(dice.some(work.resource_patterns, 2));
    let patterns = dice.one_or_many(patterns);
    match kind {
        Kind::Trust { .. } => {}
        Kind::Attached if dice.percent(8) => {
            statement.insert("NotResource".to_owned(), patterns);
        }
        Kind::Attached | Kind::Resource { .. } | Kind::Scp | Kind::Endpoint => {
            statement.insert("Resource".to_owned(), patterns);
        }
    }
    match kind {
        Kind::Resource { sessions } | Kind::Trust { sessions } => {
            statement.insert("Principal".to_owned(), principal(dice, sessions));
        }
        Kind::Endpoint => {
            statement.insert("Principal".to_owned(), json!("*"));
        }
        Kind::Attached | Kind::Scp => {}
    }
    if dice.percent(45) {
        statement.insert("Condition".to_owned(), conditions::block(dice));
    }
    statement.into()
}

fn policy(dice: &mut Dice, work: &Work, kind: Kind) -> Value {
    let count = 1 + dice.below(4);
    let mut statements: Vec<Value> = (0..count).map(|_| statement(dice, work, kind)).collect();
    let statements = match statements.pop() {
        Some(only) if statements.is_empty() && dice.percent(30) => only,
        last => {
            statements.extend(last);
            statements.into()
        }
    };
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn policies(dice: &mut Dice, work: &Work, kind: Kind, chance: usize, most: usize) -> Vec<Value> {
    if dice.percent(chance) {
        (0..=dice.below(most))
            .map(|_| policy(dice, work, kind))
            .collect()
    } else {
        Vec::new()
    }
}

fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
}

fn organization(dice: &mut Dice, work: &Work) -> Vec<Vec<Value>> {
    if !dice.percent(30) {
        return Vec::new();
    }
    (0..=dice.below(3))
        .map(|_| {
            let mut level = policies(dice, work, Kind::Scp, 50, 2);
            if dice.percent(80) {
                level.push(everything());
            }
            level
        })
        .collect()
}

fn denial_everywhere(dice: &mut Dice, work: &Work) -> Vec<Vec<Value>> {
    if !dice.percent(15) {
        return Vec::new();
    }
    let service = work.patterns.first().copied().unwrap_or("kms:*");
    let statement = json!({"Effect": "Deny", "Principal": "*", "Action": service, "Resource": "*",
        "Condition": conditions::block(dice)});
    vec![
        vec![json!({"Version": "2012-10-17", "Statement": [statement]})],
        Vec::new(),
    ]
}

/// One line for `keyproof simulate`.
pub(crate) fn request(dice: &mut Dice, id: u64) -> Value {
    let at = dice.below(WORK.len());
    #[expect(clippy::indexing_slicing, reason = "`below` stays below the length")]
    let work = &WORK[at];
    let caller = dice.pick(&CALLERS);
    let resource = dice.pick(work.resources);
    let owner = if resource.contains(OTHER) { OTHER } else { OWN };
    let session = caller.contains(":assumed-role/") && dice.percent(25);
    let sessions = !session;
    let kind = if work.trust {
        Kind::Trust { sessions }
    } else {
        Kind::Resource { sessions }
    };
    // A key and a role always have a policy; a table may.
    let key = resource.contains(":kms:");
    let has_policy = key || work.trust || dice.percent(45);
    let resource_policy = if has_policy {
        policy(dice, work, kind)
    } else {
        Value::Null
    };
    let attached = Kind::Attached;
    json!({
        "id": id.to_string(),
        "principal": caller,
        "action": dice.pick(work.actions),
        "resource": resource,
        "resource_account": owner,
        "context": conditions::context(dice),
        "identity_policies": policies(dice, work, attached, 80, 3),
        "resource_policy": resource_policy,
        "permissions_boundaries": policies(dice, work, attached, 25, 1),
        "session_policy": if session { policy(dice, work, attached) } else { Value::Null },
        "scps": organization(dice, work),
        "rcps": denial_everywhere(dice, work),
        "vpc_endpoint_policies": policies(dice, work, Kind::Endpoint, 15, 1),
    })
}
