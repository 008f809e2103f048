// SPDX-License-Identifier: Apache-2.0
//! Whole templates and the whole models that come of them, in `snapshots/`.
//!
//! To add one: put the template into `fixtures/`, add a test, look at what
//! `INSTA_UPDATE=new cargo test -p keyproof-template --all-features` writes and keep it if it is
//! right. The snapshots are made with the feature `managed-policies`.

#[cfg(feature = "managed-policies")]
use keyproof_policy::{Context, Document, Policies, Principal, Request, evaluate};

#[cfg(feature = "managed-policies")]
use super::describe;
use super::loaded;
use crate::Encryption;

const REPOSITORY: &str = include_str!("../../../../template.yaml");
const REPOSITORY_PLAN: &str = include_str!("../../../../plans/orders.yaml");

#[cfg(feature = "managed-policies")]
#[test]
fn a_sam_application() {
    insta::assert_snapshot!(describe(&loaded(include_str!("fixtures/sam.yaml"))));
}

#[cfg(feature = "managed-policies")]
#[test]
fn a_plain_template_in_json() {
    insta::assert_snapshot!(describe(&loaded(include_str!("fixtures/plain.json"))));
}

#[cfg(feature = "managed-policies")]
#[test]
fn a_stack_that_leans_on_others() {
    insta::assert_snapshot!(describe(&loaded(include_str!("fixtures/unknown.yaml"))));
}

/// By name and not by snapshot: the template grows, and its lines move.
#[test]
fn the_template_of_this_repository() {
    let account = loaded(REPOSITORY);

    let (reader, outsider) = (
        account
            .role("arn:aws:iam::111122223333:role/keyproof/reader")
            .unwrap(),
        account
            .role("arn:aws:iam::111122223333:role/keyproof/outsider")
            .unwrap(),
    );
    let key = account.key("alias/orders").unwrap();
    let (orders, control) = (
        account.table("orders").unwrap(),
        account.table("keyproof-control").unwrap(),
    );
    assert_eq!(orders.encryption, Encryption::Key(key.arn.clone()));
    assert_eq!(control.encryption, Encryption::AwsOwned);
    assert_eq!(
        (&*orders.key_schema[0], &*orders.indexes[0].name),
        ("pk", "by-customer")
    );
    assert!(key.enabled && key.rotation && orders.point_in_time_recovery);

    assert_eq!(reader.inline[0].source.document.sid(0), Some("ReadOrders"));
    assert_eq!((reader.inline.len(), reader.managed.len()), (1, 0));
    assert_eq!(outsider.inline, []);
    let managed: Vec<&str> = outsider
        .managed
        .iter()
        .map(|one| one.arn.as_str())
        .collect();
    assert_eq!(
        managed,
        ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
    );

    // Each statement is found where it stands.
    let statements = key.policy.document.statement_count();
    let users = (0..statements).find(|&at| key.policy.document.sid(at) == Some("AllowKeyUsers"));
    let line = key.policy.statement_place(users.unwrap()).line;
    let written = REPOSITORY.lines().nth(line - 1).unwrap();
    assert_eq!(written.trim(), "- Sid: AllowKeyUsers");
    let unknown = account
        .notes
        .iter()
        .find(|note| note.kind.may_decide_access());
    #[cfg(feature = "managed-policies")]
    assert_eq!(unknown, None);
    #[cfg(not(feature = "managed-policies"))]
    assert!(unknown.is_some_and(|note| note.text.contains("AmazonDynamoDBFullAccess")));
}

#[test]
fn the_plan_that_the_stack_stores_is_the_plan_of_this_repository() {
    let template = keyproof_document::parse(REPOSITORY).unwrap();
    let plan = keyproof_document::parse(REPOSITORY_PLAN).unwrap();
    let inside = template
        .pointer("/Resources/Canaries/Properties/Plan")
        .unwrap();
    let inside = keyproof_document::parse(inside.as_str().unwrap()).unwrap();

    // All but the names and ARNs, which the stack fills in.
    let part = |node: &keyproof_document::Node, name: &str| node.pointer(name).unwrap().to_json();
    for name in [
        "/expectations",
        "/tables/orders/canary",
        "/tables/control/canary",
    ] {
        assert_eq!(part(&inside, name), part(&plan, name), "{name}");
    }
    assert_eq!(
        inside.get("name").unwrap().as_str(),
        plan.get("name").unwrap().as_str()
    );
}

#[test]
fn the_repository_names_no_account_of_its_own() {
    let digits = |text: &str| {
        text.split(|character: char| !character.is_ascii_digit())
            .any(|run| run.len() == 12)
    };
    assert!(!digits(REPOSITORY));
}

/// What the repository's template is there to prove, asked of the policies alone.
#[cfg(feature = "managed-policies")]
#[test]
fn the_reader_may_use_the_key_through_dynamodb_and_the_outsider_may_not_use_it_at_all() {
    let account = loaded(REPOSITORY);
    let decides = |role: &str, action: &str, via: Option<&str>| {
        let role = account.roles.iter().find(|one| one.name == role).unwrap();
        let mut identity: Vec<Document> = role
            .inline
            .iter()
            .map(|policy| policy.source.document.clone())
            .collect();
        identity.extend(role.managed.iter().map(|one| {
            account
                .managed_policy(&one.arn)
                .unwrap()
                .source
                .document
                .clone()
        }));
        let mut context = Context::new();
        if let Some(via) = via {
            context.set("kms:ViaService", via);
        }
        let principal = Principal::session(&role.arn.parse().unwrap(), "s");
        let request = Request::new(principal, action, account.keys[0].arn.clone())
            .with_context(context)
            .with_derived_context();
        let resource = Some(&account.keys[0].policy.document);
        evaluate(
            &request,
            &Policies {
                identity: &identity,
                resource,
                ..Policies::default()
            },
        )
        .is_allowed()
    };
    let dynamodb = Some("dynamodb.us-east-1.amazonaws.com");

    assert!(decides("reader", "kms:Decrypt", dynamodb));
    assert!(!decides("reader", "kms:Decrypt", None));
    assert!(!decides(
        "reader",
        "kms:Decrypt",
        Some("dynamodb.eu-west-1.amazonaws.com")
    ));
    assert!(!decides("reader", "kms:CreateGrant", dynamodb));
    for action in [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:CreateGrant",
        "kms:PutKeyPolicy",
    ] {
        assert!(!decides("outsider", action, dynamodb), "{action}");
        assert!(!decides("outsider", action, None), "{action}");
    }
    let verify = |role: &&crate::Role| role.logical_id == "VerifyFunctionRole";
    let runner = account.roles.iter().find(verify).unwrap().name.clone();
    assert!(decides(&runner, "kms:DescribeKey", None));
    assert!(!decides(&runner, "kms:Decrypt", dynamodb));
}
