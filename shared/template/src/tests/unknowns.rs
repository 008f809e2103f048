// SPDX-License-Identifier: Apache-2.0
//! Policies with something unknown in them: the least and the most that they can mean.

use keyproof_policy::{Document, Policies, Principal, Request, evaluate};

use super::loaded;
use crate::PolicySource;

/// A policy of a role, its statements given as YAML.
fn policy(statements: &str) -> PolicySource {
    let account = loaded(&format!(
        "
Parameters:
  Secret: {{ Type: 'AWS::SSM::Parameter::Value<String>', Default: /x }}
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
{statements}
"
    ));
    account.managed_policies[0].source.clone()
}

fn allowed(document: &Document, resource: &str) -> bool {
    let role = "arn:aws:iam::111122223333:role/reader".parse().unwrap();
    let request = Request::new(
        Principal::session(&role, "s"),
        "dynamodb:GetItem",
        format!("arn:aws:dynamodb:us-east-1:111122223333:table/{resource}"),
    )
    .with_derived_context();
    let policies = Policies {
        identity: std::slice::from_ref(document),
        ..Policies::default()
    };
    evaluate(&request, &policies).is_allowed()
}

/// Whether `orders` may be read by the least and by the most that the policy can mean.
fn both(statements: &str) -> (bool, bool) {
    let policy = policy(statements);
    assert!(!policy.unknowns.is_empty());
    (
        allowed(&policy.document, "orders"),
        allowed(policy.most(), "orders"),
    )
}

#[test]
fn an_unknown_resource_may_or_may_not_be_the_one_asked_for() {
    let allow = "          - { Effect: Allow, Action: dynamodb:*, Resource: !Ref Secret }";
    assert_eq!(both(allow), (false, true));

    let narrow = "          - { Effect: Allow, Action: dynamodb:*, Resource: !Sub 'arn:aws:dynamodb:*:*:table/bills-${Secret}' }";
    assert_eq!(both(narrow), (false, false));

    let no_arn = "          - { Effect: Allow, Action: dynamodb:*, Resource: !Sub 'x${Secret}' }";
    assert_eq!(both(no_arn), (false, true));

    let known_too = "          - { Effect: Allow, Action: dynamodb:*, Resource: '*' }
          - { Effect: Allow, Action: dynamodb:*, Resource: [!Ref Secret, 'arn:aws:s3:::x'] }";
    assert_eq!(both(known_too), (true, true));
}

#[test]
fn an_unknown_denial_may_or_may_not_deny() {
    let allow = "          - { Effect: Allow, Action: dynamodb:*, Resource: '*' }\n";
    for deny in [
        "          - { Effect: Deny, Action: dynamodb:*, Resource: !Ref Secret }",
        "          - { Effect: Deny, Action: !Ref Secret, Resource: '*' }",
        "          - { Effect: Deny, NotAction: [!Ref Secret], Resource: '*' }",
        "          - { Effect: Deny, Action: '*', Resource: '*', Condition: { StringEquals: { 'aws:PrincipalTag/a': !Ref Secret } } }",
        "          - { Effect: !Ref Secret, Action: '*', Resource: '*' }",
        "          - !Ref Secret",
    ] {
        assert_eq!(both(&format!("{allow}{deny}")), (false, true), "{deny}");
    }
}

#[test]
fn an_unknown_condition_may_or_may_not_hold_but_the_known_ones_count() {
    let allow = |condition: &str| {
        both(&format!(
            "          - {{ Effect: Allow, Action: '*', Resource: '*', Condition: {condition} }}"
        ))
    };
    assert_eq!(
        allow("{ StringEquals: { 'aws:PrincipalTag/a': [!Ref Secret, b] } }"),
        (false, true)
    );
    assert_eq!(
        allow(
            "{ StringEquals: { 'aws:PrincipalTag/a': !Ref Secret, 'aws:PrincipalAccount': '444455556666' } }"
        ),
        (false, false)
    );
    assert_eq!(allow("!Ref Secret"), (false, true));
}

#[test]
fn statements_keep_their_index_and_their_place() {
    let policy = policy(
        "          - { Sid: One, Effect: Allow, Action: dynamodb:*, Resource: !Ref Secret }
          - { Sid: Two, Effect: Allow, Action: dynamodb:*, Resource: '*' }",
    );
    for document in [&policy.document, policy.most()] {
        assert_eq!(document.statement_count(), 2);
        assert_eq!(
            (document.sid(0), document.sid(1)),
            (Some("One"), Some("Two"))
        );
    }
    assert_eq!(
        policy.statement_place(1).line,
        policy.statement_place(0).line + 1
    );
    assert_eq!(policy.unknowns[0].pointer, "/Statement/0/Resource");
}

#[test]
fn another_content_forgets_the_unknowns_that_it_no_longer_holds() {
    let policy = policy("          - { Effect: Allow, Action: dynamodb:*, Resource: !Ref Secret }");
    let mut value = policy.value.clone();
    value["Statement"][0]["Action"] = "dynamodb:GetItem".into();

    let still = policy.with_value(value.clone()).unwrap();
    assert_eq!(still.unknowns, policy.unknowns);
    assert!(!allowed(&still.document, "orders") && allowed(still.most(), "orders"));

    value["Statement"][0]["Resource"] = "*".into();
    let known = policy.with_value(value).unwrap();
    assert_eq!((known.unknowns.len(), known.most.is_none()), (0, true));
    assert!(allowed(&known.document, "orders"));
}
