// SPDX-License-Identifier: Apache-2.0
//! Which statement a failure is blamed on.

use keyproof_core::PolicyType;
use keyproof_verdict::{Cause, Finding, Report};

use super::{OUTSIDER_READS, READER_READS, World, checked, row};
use crate::Circumstances;

/// The cause in a line: policy, statement, document, place.
#[track_caller]
fn cause(report: &Report, id: &str, finding: Finding) -> String {
    let row = row(report, id);
    assert_eq!(row.finding, Some(finding), "{}", row.reason);
    let Cause {
        policy,
        statement,
        document,
        file,
        line,
        ..
    } = row.cause.clone().unwrap();
    format!(
        "{policy} {} of {} at {}:{}",
        statement.as_deref().unwrap_or("-"),
        document.unwrap().rsplit(':').next().unwrap(),
        file.unwrap(),
        line.unwrap()
    )
}

/// The line of the template that holds the text.
fn line(template: &str, text: &str) -> usize {
    1 + template
        .lines()
        .position(|line| line.contains(text))
        .unwrap()
}

#[test]
fn the_statement_that_lets_a_stranger_in() {
    let world = World {
        key: r#"          - { Sid: Oops, Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*" }"#,
        ..World::default()
    };

    let found = cause(
        &world.check(&Circumstances::default()),
        OUTSIDER_READS,
        Finding::Exposed,
    );

    let expected = line(&world.template(), "Sid: Oops");
    assert!(found.starts_with("resource_policy Oops of key/"), "{found}");
    assert!(
        found.ends_with(&format!("at template.yaml:{expected}")),
        "{found}"
    );
}

#[test]
fn a_statement_that_the_reader_needs_is_not_the_mistake() {
    let world = World {
        key: r#"          - { Sid: Delegate, Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: kms:Decrypt, Resource: "*" }"#,
        outsider: r#"  Extra:
    Type: AWS::IAM::RolePolicy
    Properties: { RoleName: !Ref Outsider, PolicyName: extra, PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: UseAnyKey, Effect: Allow, Action: kms:Decrypt, Resource: "*" }] } }"#,
        ..World::default()
    };
    let template = world.template();
    let users = "          - Sid: Users\n            Effect: Allow\n            Principal: { AWS: !GetAtt Reader.Arn }\n            Action: kms:Decrypt\n            Resource: \"*\"\n";
    let by_iam = template.replace(users, "").replace(
        "{ Sid: Read, Effect: Allow, Action: dynamodb:GetItem, Resource: \"*\" }",
        "{ Sid: Read, Effect: Allow, Action: [dynamodb:GetItem, kms:Decrypt], Resource: \"*\" }",
    );
    // Both roles share the document `read`: only the extra policy may differ.
    let by_iam = by_iam.replace(
        "Policies: [{ PolicyName: read, PolicyDocument: *read }]",
        "Policies: [{ PolicyName: read, PolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: Only, Effect: Allow, Action: dynamodb:GetItem, Resource: \"*\" }] } }]",
    );

    let report = checked(&by_iam, super::PLAN, &Circumstances::default());

    let found = cause(&report, OUTSIDER_READS, Finding::Exposed);
    assert!(
        found.starts_with("identity_policy UseAnyKey of role/outsider"),
        "{found}"
    );
}

#[test]
fn the_deny_that_locks_the_reader_out() {
    let world = World {
        key: r#"          - { Sid: Lock, Effect: Deny, Principal: "*", Action: kms:Decrypt, Resource: "*" }"#,
        ..World::default()
    };

    let found = cause(
        &world.check(&Circumstances::default()),
        READER_READS,
        Finding::LockedOut,
    );

    assert!(found.starts_with("resource_policy Lock of key/"), "{found}");
}

#[test]
fn the_statement_that_was_narrowed_too_far() {
    let template = World::default()
        .template()
        .replace("Action: kms:Decrypt", "Action: kms:Encrypt");

    let report = checked(&template, super::PLAN, &Circumstances::default());

    let found = cause(&report, READER_READS, Finding::LockedOut);
    let expected = line(&template, "Sid: Users");
    assert!(
        found.starts_with("resource_policy Users of key/"),
        "{found}"
    );
    assert!(
        found.ends_with(&format!("at template.yaml:{expected}")),
        "{found}"
    );
}

#[test]
fn the_document_that_has_no_such_statement() {
    let template = World::default().template().replace(
        "AWS: !GetAtt Reader.Arn }\n            Action: kms:Decrypt",
        "Service: lambda.amazonaws.com }\n            Action: kms:Sign",
    );

    let report = checked(&template, super::PLAN, &Circumstances::default());

    let found = cause(&report, READER_READS, Finding::LockedOut);
    assert!(found.starts_with("resource_policy - of key/"), "{found}");
}

#[test]
fn a_key_that_is_not_the_plans() {
    let template = World::default()
        .template()
        .replace(", SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn", "");

    let report = checked(&template, super::PLAN, &Circumstances::default());

    let expected = line(&template, "SSESpecification");
    let property =
        format!("resource_policy SSESpecification of table/orders at template.yaml:{expected}");
    assert_eq!(
        cause(&report, "orders/encryption", Finding::WrongKey),
        property
    );
    assert_eq!(cause(&report, OUTSIDER_READS, Finding::Exposed), property);
}

#[test]
fn a_disabled_key() {
    let template = World::default()
        .template()
        .replace("      KeyPolicy:", "      Enabled: false\n      KeyPolicy:");

    let report = checked(&template, super::PLAN, &Circumstances::default());

    let found = cause(&report, READER_READS, Finding::LockedOut);
    assert!(
        found.starts_with("resource_policy Enabled of key/"),
        "{found}"
    );
    assert_eq!(
        row(&report, OUTSIDER_READS).finding,
        Some(Finding::KeyUnusable)
    );
}

#[test]
fn a_broad_policy_of_awss_own_is_blamed_where_it_is_attached() {
    let world = World {
        plan: "  - { principal: reader, on: orders, actions: [dynamodb:PutItem], decision: denied, by: dynamodb }\n",
        ..World::default()
    };
    let template = world.template().replace(
        "      RoleName: reader\n",
        "      RoleName: reader\n      ManagedPolicyArns:\n        - arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess\n",
    );

    let report = checked(
        &template,
        &format!("{}{}", super::PLAN, world.plan),
        &Circumstances::default(),
    );

    let id = "reader/dynamodb:PutItem/orders";
    let expected = line(&template, "AmazonDynamoDBFullAccess");
    let found = row(&report, id).cause.clone().unwrap();
    assert_eq!(found.policy, PolicyType::IdentityPolicy);
    assert_eq!(
        found.document.as_deref(),
        Some("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess")
    );
    assert_eq!(found.line, Some(expected));
}

#[test]
fn the_statement_is_pointed_at_in_a_document_that_the_report_holds() {
    let world = World {
        key: r#"          - { Sid: Oops, Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*" }"#,
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    let cause = row(&report, OUTSIDER_READS).cause.clone().unwrap();
    let source = cause.source.unwrap();
    let held: Vec<_> = report
        .documents
        .iter()
        .filter(|one| one.id == source)
        .collect();
    assert_eq!(held.len(), 1, "{source}");
    let statement = held[0].content.pointer(&cause.pointer.unwrap()).unwrap();
    assert_eq!(statement["Sid"], "Oops");
    assert_eq!(Some(&held[0].document), cause.document.as_ref());
}

#[test]
fn the_policies_of_the_tables_keys_are_held_whatever_comes_out() {
    let report = World::default().check(&Circumstances::default());

    let keys: Vec<&str> = report
        .probes
        .iter()
        .filter_map(|row| row.observed.key.as_deref())
        .filter(|key| key.starts_with("arn:"))
        .collect();
    let held: Vec<&str> = report.documents.iter().map(|one| &*one.document).collect();
    assert!(!keys.is_empty());
    assert_eq!(held, keys);
    assert!(report.documents[0].content["Statement"].is_array());
}
