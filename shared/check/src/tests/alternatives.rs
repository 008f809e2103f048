// SPDX-License-Identifier: Apache-2.0
//! What else is blamed, and what inconclusive probes come of.

use keyproof_policy::Grant;
use keyproof_verdict::{Cause, Finding, Report, Verdict};

use super::{OUTSIDER_READS, PLAN, READER_READS, World, checked, estate, facts, row};
use crate::{Circumstances, KeyGrant, check};

/// The cause of a row and what stands beside it, each in a line.
#[track_caller]
fn blamed(report: &Report, id: &str) -> Vec<String> {
    let named = |cause: &Cause| {
        let statement = cause.statement.as_deref().unwrap_or("-");
        format!("{} {statement}", cause.policy)
    };
    let cause = row(report, id).cause.as_ref().unwrap();
    let mut all = vec![named(cause)];
    for other in &cause.alternatives {
        let does = serde_json::to_value(other.does).unwrap();
        let element = other.element.as_deref().unwrap_or("-");
        let does = does.as_str().unwrap();
        all.push(format!("{does} {element}: {}", named(&other.cause)));
    }
    all
}

#[test]
fn both_halves_of_a_delegation_let_somebody_in() {
    let world = World {
        key: r#"          - { Sid: Delegate, Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: "kms:*", Resource: "*" }"#,
        outsider: r#"  Extra:
    Type: AWS::IAM::RolePolicy
    Properties: { RoleName: !Ref Outsider, PolicyName: extra, PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: UseAnyKey, Effect: Allow, Action: kms:Decrypt, Resource: "*" }] } }"#,
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    assert_eq!(
        blamed(&report, OUTSIDER_READS),
        [
            "resource_policy Delegate",
            "also_allows -: identity_policy UseAnyKey"
        ]
    );
}

/// One is about another role, one would keep out the reader, too.
#[test]
fn a_deny_that_misses_its_aim_is_named_unless_it_would_hit_the_reader() {
    let world = World {
        key: r#"          - { Sid: Oops, Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*" }
          - { Sid: KeepOut, Effect: Deny, Principal: { AWS: "arn:aws:iam::111122223333:role/stranger" }, Action: "kms:*", Resource: "*" }
          - { Sid: OnlyInTls, Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*", Condition: { Bool: { aws:SecureTransport: "false" } } }"#,
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    assert_eq!(
        blamed(&report, OUTSIDER_READS),
        [
            "resource_policy Oops",
            "nearly_denies Principal: resource_policy KeepOut"
        ]
    );
}

#[test]
fn every_deny_is_named() {
    let world = World {
        key: r#"          - { Sid: Lock, Effect: Deny, Principal: "*", Action: kms:Decrypt, Resource: "*" }
          - { Sid: Bolt, Effect: Deny, Principal: "*", Action: "kms:*", Resource: "*" }"#,
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    assert_eq!(row(&report, READER_READS).finding, Some(Finding::LockedOut));
    assert_eq!(
        blamed(&report, READER_READS),
        [
            "resource_policy Lock",
            "also_denies -: resource_policy Bolt"
        ]
    );
}

#[test]
fn an_alias_that_says_another_key_stands_beside_the_table() {
    let template = World::default().template().replace(
        "TargetKeyId: !Ref Key }",
        "TargetKeyId: !Ref Other }\n  Other:\n    Type: AWS::KMS::Key\n    Properties: { KeyPolicy: { Version: \"2012-10-17\", Statement: [{ Effect: Allow, Principal: { AWS: !Sub \"arn:aws:iam::${AWS::AccountId}:root\" }, Action: \"kms:*\", Resource: \"*\" }] } }",
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    assert_eq!(
        blamed(&report, "orders/encryption"),
        [
            "resource_policy SSESpecification",
            "disagrees -: resource_policy TargetKeyId"
        ]
    );
}

#[test]
fn a_grant_is_no_statement_of_the_key_policy() {
    let template = World::default().template();
    let mut estate = estate(&template);
    let key = estate.parts().next().unwrap().account.keys[0].arn.clone();
    let mut grant = Grant::new(
        "arn:aws:iam::111122223333:role/outsider",
        ["Decrypt", "DescribeKey"],
    );
    grant.id = Some("0c237476".into());
    estate.grants.push(KeyGrant {
        key: key.clone(),
        grant,
    });
    let plan = keyproof_plan::Plan::parse(PLAN).unwrap();

    let report = check(&plan, &estate, &Circumstances::default(), facts());

    let cause = row(&report, OUTSIDER_READS).cause.clone().unwrap();
    assert_eq!(blamed(&report, OUTSIDER_READS), ["grant 0c237476"]);
    assert_eq!(cause.document, Some(key));
    assert_eq!(
        (cause.line, cause.source, cause.pointer),
        (None, None, None)
    );
}

#[test]
fn what_keeps_the_runner_out_of_the_role_is_why_nothing_was_found_out() {
    let template = World::default().template().replace(
        "      RoleName: outsider\n      AssumeRolePolicyDocument: *trust",
        "      RoleName: outsider\n      AssumeRolePolicyDocument: { Version: \"2012-10-17\", Statement: [{ Sid: Nobody, Effect: Deny, Principal: \"*\", Action: sts:AssumeRole }] }",
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    assert_eq!(row(&report, OUTSIDER_READS).finding, Some(Finding::Blind));
    assert_eq!(blamed(&report, OUTSIDER_READS), ["trust_policy Nobody"]);
}

#[test]
fn what_refuses_in_the_place_of_the_key_is_why_nothing_was_found_out() {
    let world = World {
        outsider: r#"  Extra:
    Type: AWS::IAM::RolePolicy
    Properties: { RoleName: !Ref Outsider, PolicyName: extra, PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: NoReads, Effect: Deny, Action: "dynamodb:*", Resource: "*" }] } }"#,
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    assert_eq!(row(&report, OUTSIDER_READS).finding, Some(Finding::Masked));
    assert_eq!(blamed(&report, OUTSIDER_READS), ["identity_policy NoReads"]);
}

#[test]
fn who_may_not_look_is_told_by_what() {
    let template = World::default().template().replace(
        "Action: [kms:DescribeKey, kms:PutKeyPolicy]",
        "Action: [kms:PutKeyPolicy]",
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    let look = row(&report, "orders/encryption");
    assert_eq!(look.verdict, Verdict::Inconclusive, "{}", look.reason);
    assert_eq!(
        blamed(&report, "orders/encryption"),
        ["resource_policy Admin"]
    );
}

#[test]
fn what_passes_has_no_cause() {
    let report = World::default().check(&Circumstances::default());

    assert!(report.probes.iter().all(|row| row.cause.is_none()));
}
