// SPDX-License-Identifier: Apache-2.0
//! What hangs on something that no template says is inconclusive, and says on what.

use keyproof_plan::Plan;
use keyproof_verdict::{Finding, Report, Verdict};

use super::{OUTSIDER_READS, PLAN, READER_READS, World, checked, facts, options, part, row};
use crate::{Circumstances, Estate, EstateError, Runner, check};

#[track_caller]
fn hangs_on(report: &Report, id: &str, words: &str) {
    let row = row(report, id);
    assert_eq!(row.finding, Some(Finding::Blind), "{}", row.reason);
    assert!(row.reason.contains(words), "{}", row.reason);
}

fn by_address() -> World<'static> {
    World {
        table: r#"      ResourcePolicy:
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - { Sid: Office, Effect: Deny, Principal: "*", Action: dynamodb:GetItem, Resource: "*", Condition: { NotIpAddress: { aws:SourceIp: 192.0.2.0/24 } } }"#,
        ..World::default()
    }
}

#[test]
fn an_address_that_nobody_knows_yet() {
    let report = by_address().check(&Circumstances::default());

    hangs_on(
        &report,
        READER_READS,
        "hangs on `aws:sourceip`, which no template says",
    );
}

#[test]
fn an_address_that_was_told() {
    let told = |address: &str| Circumstances {
        context: [("aws:SourceIp".to_owned(), address.to_owned())].into(),
        ..Circumstances::default()
    };

    let inside = by_address().check(&told("192.0.2.7"));
    let outside = by_address().check(&told("198.51.100.1"));

    assert_eq!(inside.summary.verdict, Verdict::Pass);
    assert_eq!(
        row(&outside, READER_READS).finding,
        Some(Finding::LockedOut)
    );
}

#[test]
fn a_value_that_another_stack_exports() {
    let template = World::default()
        .template()
        .replace("AWS: !GetAtt Reader.Arn", "AWS: !ImportValue reader-arn");

    let report = checked(&template, PLAN, &Circumstances::default());

    hangs_on(&report, READER_READS, "reader-arn");
    hangs_on(&report, OUTSIDER_READS, "reader-arn");
}

#[test]
fn templates_of_one_account_know_each_others_exports() {
    let template = World::default()
        .template()
        .replace("AWS: !GetAtt Reader.Arn", "AWS: !ImportValue reader-arn");
    let other = "Resources: { Log: { Type: AWS::Logs::LogGroup } }\nOutputs: { Arn: { Value: !Sub 'arn:aws:iam::${AWS::AccountId}:role/reader', Export: { Name: reader-arn } } }\n";
    let other = part("other.yaml", other, &options());
    let mut options = options();
    options.imports.clone_from(&other.account.exports);
    let estate = Estate::new([other, part("template.yaml", &template, &options)]).unwrap();

    let report = check(
        &Plan::parse(PLAN).unwrap(),
        &estate,
        &Circumstances::default(),
        facts(),
    );

    assert_eq!(report.summary.verdict, Verdict::Pass);
}

#[test]
fn templates_of_two_accounts_are_no_estate() {
    let other = options().parameter("AWS::AccountId", "444455556666");
    let log = "Resources: { Log: { Type: AWS::Logs::LogGroup } }\n";

    let error = Estate::new([part("a.yaml", log, &options()), part("b.yaml", log, &other)]);

    assert_eq!(
        error.unwrap_err().to_string(),
        "`b.yaml` is read for account 444455556666 in us-east-1, and a template before it for account \
         111122223333 in us-east-1; give `AWS::AccountId` and `AWS::Region` once for all"
    );
    assert_eq!(Estate::new([]).unwrap_err(), EstateError::Nothing);
}

#[test]
fn a_managed_policy_that_is_in_no_template() {
    let template = World::default().template().replace(
        "      RoleName: outsider\n",
        "      RoleName: outsider\n      ManagedPolicyArns: [arn:aws:iam::111122223333:policy/team]\n",
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    hangs_on(
        &report,
        OUTSIDER_READS,
        "the managed policy `arn:aws:iam::111122223333:policy/team`, which is not in the templates",
    );
    assert_eq!(row(&report, READER_READS).verdict, Verdict::Pass);
}

#[test]
fn a_unit_that_the_account_may_be_in() {
    let template = format!(
        "{}  Limit:\n    Type: AWS::Organizations::Policy\n    Properties:\n      Name: limit\n      Type: SERVICE_CONTROL_POLICY\n      TargetIds: [ou-ab12-34567890]\n      Content: {{ Version: '2012-10-17', Statement: [{{ Effect: Deny, Action: 'dynamodb:GetItem', Resource: '*' }}] }}\n",
        World::default().template()
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    hangs_on(
        &report,
        READER_READS,
        "whether the account is in `ou-ab12-34567890`",
    );
}

#[test]
fn what_the_templates_dont_have() {
    let without = |plan: &str| {
        checked(
            &World::default().template(),
            plan,
            &Circumstances::default(),
        )
    };

    let role = without(&PLAN.replace("role/outsider", "role/nobody"));
    let table = without(&PLAN.replace("table: orders", "table: invoices"));
    let alias = without(&PLAN.replace("alias/orders", "alias/invoices"));

    hangs_on(
        &role,
        OUTSIDER_READS,
        "the role `arn:aws:iam::111122223333:role/nobody` is not in the templates",
    );
    hangs_on(
        &table,
        READER_READS,
        "table/invoices` is not in the templates",
    );
    hangs_on(
        &alias,
        "orders/encryption",
        "the alias `alias/invoices` is not in the templates",
    );
}

/// A role that somebody in particular may assume.
fn trusting(principal: &str) -> String {
    World::default().template().replace(
        "Principal: { AWS: !Ref AWS::AccountId }, Action: sts:AssumeRole",
        &format!("Principal: {{ {principal} }}, Action: sts:AssumeRole"),
    )
}

#[test]
fn who_runs_the_plan_can_be_said() {
    let template = trusting("AWS: 'arn:aws:iam::111122223333:role/ci'");
    let by = |runner| Circumstances {
        runner,
        ..Circumstances::default()
    };

    let administrator = checked(&template, PLAN, &by(Runner::Administrator));
    let named = Runner::Arn("arn:aws:iam::111122223333:role/ci".to_owned());
    let named = checked(&template, PLAN, &by(named));
    let anybody = checked(
        &trusting("Service: ecs-tasks.amazonaws.com"),
        PLAN,
        &by(Runner::Anybody),
    );

    hangs_on(
        &administrator,
        READER_READS,
        "the role could not be assumed",
    );
    assert!(
        administrator
            .notes
            .iter()
            .any(|note| note.kind == "assumed" && note.text.contains("--runner")),
        "{:?}",
        administrator.notes
    );
    assert_eq!(named.summary.verdict, Verdict::Pass);
    assert_eq!(anybody.summary.verdict, Verdict::Pass);
}

#[test]
fn what_was_left_out_is_noted() {
    let template = format!(
        "{}  Nested:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{ TemplateURL: https://example.com/x.yaml }}\n",
        World::default().template()
    );

    let report = checked(&template, PLAN, &Circumstances::default());

    let note = report
        .notes
        .iter()
        .find(|note| note.kind == "unseen")
        .unwrap();
    assert!(
        note.text.starts_with("`Nested` is a nested stack"),
        "{}",
        note.text
    );
    assert_eq!(note.file.as_deref(), Some("template.yaml"));
    assert!(note.line.is_some());
}
