// SPDX-License-Identifier: Apache-2.0
//! Which mutants there are, what becomes of them, and how a plan's text is amended.

use jiff::{Timestamp, civil::date};
use keyproof_check::{Circumstances, Estate, Runner};
use keyproof_plan::Plan;
use keyproof_template::Options;
use keyproof_verdict::RunFacts;
use serde_json::json;

use crate::{AmendError, Coverage, Remedy, Survivor, amend, cover, mutants};

const TEMPLATE: &str = r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - { Sid: Admin, Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: kms:DescribeKey, Resource: "*" }
          - { Sid: Users, Effect: Allow, Principal: { AWS: !GetAtt Reader.Arn }, Action: kms:Decrypt, Resource: "*", Condition: { StringEquals: { kms:ViaService: dynamodb.us-east-1.amazonaws.com } } }
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/orders, TargetKeyId: !Ref Key }
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument: &trust
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: read
          PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: Read, Effect: Allow, Action: dynamodb:GetItem, Resource: "*" }] }
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument: *trust
"#;

/// Nothing is expected of the outsider.
const PLAN: &str = "\
# The readers' plan.
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: { table: orders, key: alias/orders, canary: { key: { pk: { S: keyproof } } } }
principals:
  # Reads.
  reader: { role: \"arn:aws:iam::111122223333:role/reader\" }
expectations:
  - principal: reader
    on: orders
    actions: [dynamodb:GetItem]
    decision: allowed

# The end.
";

fn estate() -> Estate {
    let options = Options::new("111122223333".parse().unwrap(), "us-east-1");
    Estate::of(keyproof_template::load(TEMPLATE, &options).unwrap())
}

fn covered(plan: &str) -> Coverage {
    covered_of(plan, &estate())
}

fn covered_of(plan: &str, estate: &Estate) -> Coverage {
    let plan = Plan::parse(plan).unwrap();
    cover(&plan, estate, &Circumstances::default(), &facts())
}

fn facts() -> RunFacts {
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: date(2026, 5, 1),
    }
}

#[track_caller]
fn survivor<'c>(coverage: &'c Coverage, id: &str) -> &'c Survivor {
    let found = coverage.survivors.iter().find(|one| one.id == id);
    found.unwrap_or_else(|| {
        let ids: Vec<&str> = coverage
            .survivors
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        panic!("no survivor {id} among {ids:#?}")
    })
}

#[test]
fn every_kind_of_mutant_is_there() {
    let ids: Vec<String> = mutants(&mut estate())
        .into_iter()
        .map(|one| one.id)
        .collect();

    for id in [
        "Key/key-policy/Users/drop",
        "Key/key-policy/Users/flip",
        "Key/key-policy/Users/principal-everyone",
        "Key/key-policy/Users/principal-account",
        "Key/key-policy/Users/action-service",
        "Key/key-policy/Users/condition-drop",
        "Key/key-policy/Users/condition-invert-StringEquals-kms:ViaService",
        "Key/key-policy/Users/condition-any-StringEquals-kms:ViaService",
        "Key/key-policy/Users/condition-if-exists-StringEquals-kms:ViaService",
        "Key/key-policy/add-user-Outsider",
        "Key/key-policy/add-user-everyone",
        "Key/key-policy/add-account",
        "Key/grant-Outsider",
        "Key/disable",
        "Orders/encryption-aws-owned",
        "Orders/encryption-aws-managed",
        "Orders/encryption-other-key",
        "Alias/target-a-key-that-is-in-no-template",
        "Reader/trust/0/principal-everyone",
        "Reader.read/policy/Read/action-service",
        "Outsider/attach-AdministratorAccess",
        "Orders/resource-policy/add-everyone",
    ] {
        assert!(
            ids.iter().any(|one| one == id),
            "{id} is not among {ids:#?}"
        );
    }
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "every id is there once");
}

/// A user in no group, and a group that may read the table.
fn with_a_user() -> Estate {
    let template = format!(
        "{TEMPLATE}{}",
        r#"
  Readers:
    Type: AWS::IAM::Group
    Properties:
      GroupName: readers
      Policies:
        - PolicyName: read
          PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: Get, Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Control.Arn }] }
  Others: { Type: AWS::IAM::Group, Properties: { GroupName: others } }
  Bounds:
    Type: AWS::IAM::ManagedPolicy
    Properties: { ManagedPolicyName: bounds, PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "*", Resource: "*" }] } }
  Alice:
    Type: AWS::IAM::User
    Properties:
      UserName: alice
      Groups: [!Ref Others]
      PermissionsBoundary: !Ref Bounds
      Policies:
        - PolicyName: own
          PolicyDocument: { Version: "2012-10-17", Statement: [{ Sid: Queues, Effect: Allow, Action: [sqs:SendMessage, sqs:ReceiveMessage], Resource: "*" }] }
  Control:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: control
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
"#
    );
    let options = Options::new("111122223333".parse().unwrap(), "us-east-1");
    Estate::of(keyproof_template::load(&template, &options).unwrap())
}

#[test]
fn users_and_groups_are_broken_too_and_plans_take_the_place_of_roles() {
    let estate = with_a_user();
    let ids: Vec<String> = mutants(&mut estate.clone())
        .into_iter()
        .map(|one| one.id)
        .collect();
    for id in [
        "Alice.own/policy/Queues/drop",
        "Alice.own/policy/Queues/action-everything",
        "Alice/boundary-detach",
        "Alice/attach-AdministratorAccess",
        "Alice/join-Readers",
        "Alice/leave-Others",
        "Readers.read/policy/Get/resource-everything",
        "Readers/attach-AmazonDynamoDBFullAccess",
    ] {
        assert!(ids.iter().any(|one| one == id), "{id}: {ids:#?}");
    }

    let coverage = covered_of(PLAN, &estate);

    let effect = |id: &str| {
        let found = coverage.out_of_reach.iter().find(|one| one.id == id);
        found.map(|one| one.effect.as_str())
    };
    // Nobody whose place a plan could take gains anything.
    assert_eq!(
        effect("Alice/join-Readers"),
        Some(
            "`alice` gains `dynamodb:GetItem` on `control`, and one thing more, as a user, and plans \
             take the place of roles"
        )
    );
    assert_eq!(
        effect("Alice.own/policy/Queues/action-everything"),
        effect("Alice/attach-AdministratorAccess")
    );
    assert!(effect("Alice/attach-AdministratorAccess").is_some());
    // A key that is opened to everybody is opened to users as well, which a plan notices by roles.
    assert_eq!(effect("Key/key-policy/Users/principal-everyone"), None);
    for id in [
        // Queues are nobody's matter here, nobody is in the group, and a boundary that allows
        // everything is none.
        "Alice.own/policy/Queues/action-service",
        "Alice/leave-Others",
        "Readers/attach-AmazonDynamoDBFullAccess",
        "Alice/boundary-detach",
    ] {
        let survives = coverage.survivors.iter().any(|one| one.id == id);
        assert!(effect(id).is_none() && !survives, "{id}");
    }
}

#[test]
fn a_user_who_runs_the_plan_is_noticed() {
    let estate = with_a_user();
    let plan = PLAN.replace(
        "    decision: allowed\n",
        "    decision: allowed\n  - principal: reader\n    actions: [sts:AssumeRole]\n    decision: denied\n    by: sts\n",
    );
    let plan = Plan::parse(&plan).unwrap();
    let by = |runner: Runner| {
        let circumstances = Circumstances {
            runner,
            ..Circumstances::default()
        };
        let coverage = cover(&plan, &estate, &circumstances, &facts());
        let of_alice = |id: &str| id == "Alice/attach-AdministratorAccess";
        let survives = coverage.survivors.iter().any(|one| of_alice(&one.id));
        let unreachable = coverage.out_of_reach.iter().any(|one| of_alice(&one.id));
        (survives, unreachable, coverage.killed)
    };

    let alice = Runner::Arn("arn:aws:iam::111122223333:user/alice".to_owned());
    let (survives, unreachable, killed) = by(alice.clone());
    // Alice, who may not take the reader's place, suddenly may: that is asked, and she is one of few
    // whose rights matter.
    assert!(!survives && !unreachable && killed > 0);
    let (survives, unreachable, _) = by(Runner::Administrator);
    assert!(!survives && unreachable);
    let mut known = estate.clone();
    let all = mutants(&mut known);
    let attached = all
        .iter()
        .find(|one| one.id == "Alice/attach-AdministratorAccess");
    let broken = attached.unwrap().of(&known);
    let circumstances = Circumstances {
        runner: alice,
        ..Circumstances::default()
    };
    let noticed = |estate: &Estate| {
        let report = keyproof_check::verdicts(&plan, estate, &circumstances, &facts());
        let row = report.probes.into_iter();
        row.filter(|row| row.id == "reader/sts:AssumeRole")
            .map(|row| row.finding)
            .collect::<Vec<_>>()
    };
    assert_eq!(noticed(&estate), [None]);
    assert_eq!(noticed(&broken), [Some(keyproof_verdict::Finding::Exposed)]);
}

#[test]
fn what_a_plan_would_not_notice_comes_with_what_would() {
    let coverage = covered(PLAN);

    let widened = survivor(&coverage, "Key/key-policy/Users/condition-drop");
    assert_eq!(
        widened.place,
        "Resources.Key.Properties.KeyPolicy.Statement[1]"
    );
    assert_eq!(
        widened.change,
        "the statement `Users` of the key policy of `Key` is freed of its conditions"
    );
    assert_eq!(widened.effect, "`reader` gains `kms:Decrypt` on `orders`");
    assert_eq!(
        widened.add,
        Some(
            json!({"principal": "reader", "on": "orders", "actions": ["kms:Decrypt"], "decision": "denied", "by": "kms"})
        )
    );
    let stranger = survivor(&coverage, "Outsider/attach-AdministratorAccess");
    assert_eq!(
        stranger.needs.principals,
        *json!({"outsider": {"role": "arn:aws:iam::111122223333:role/outsider"}})
            .as_object()
            .unwrap()
    );
    assert_eq!(coverage.mutants, coverage.killed + coverage.survivors.len());
    assert!(coverage.killed > 0 && coverage.equivalent > 0);
}

#[test]
fn the_amended_plan_notices_everything() {
    let before = covered(PLAN);

    let amended = amend(PLAN, &before.survivors).unwrap();

    let after = covered(&amended.text);
    assert_eq!(after.plan.verdict, "pass");
    assert_eq!(after.survivors, []);
    // Comments and all else stay where they were.
    let added: Vec<&str> = amended
        .text
        .lines()
        .filter(|line| !PLAN.lines().any(|old| old == *line))
        .collect();
    assert_eq!(added.len(), amended.added + 1, "{added:#?}");
    let kept = amended.text.lines().filter(|line| !added.contains(line));
    assert!(kept.eq(PLAN.lines()), "{}", amended.text);
}

#[test]
fn a_plan_in_json_is_amended_too() {
    let plan = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
        "tables": {"orders": {"table": "orders", "key": "alias/orders", "canary": {"key": {"pk": {"S": "keyproof"}}}}},
        "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
        "expectations": [{"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;

    let amended = amend(plan, &covered(plan).survivors).unwrap();

    assert_eq!(covered(&amended.text).survivors, []);
}

#[test]
fn a_plan_on_one_line_is_left_alone() {
    let flow = PLAN.replace(
        "expectations:\n  - principal: reader\n    on: orders\n    actions: [dynamodb:GetItem]\n    decision: allowed\n",
        "expectations: [{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }]\n",
    );

    let error = amend(&flow, &covered(&flow).survivors).unwrap_err();

    assert_eq!(
        error,
        AmendError::Layout {
            field: "expectations"
        }
    );
    assert_eq!(amend(PLAN, &[]).unwrap_err(), AmendError::Nothing);
}

#[test]
fn the_report_is_the_contracts() {
    let coverage = Coverage {
        survivors: vec![Survivor {
            id: "Key/disable".to_owned(),
            change: "the key `Key` is disabled".to_owned(),
            place: "Resources.Key".to_owned(),
            file: None,
            line: None,
            effect: "nobody reads".to_owned(),
            add: Some(json!({"principal": "reader"})),
            needs: Remedy::default(),
        }],
        killed: 2,
        mutants: 3,
        equivalent: 4,
        out_of_reach: Vec::new(),
        ..covered(PLAN)
    };

    let mut shown: serde_json::Value = serde_json::from_str(&coverage.to_json().unwrap()).unwrap();

    shown.as_object_mut().unwrap().shift_remove("plan");
    assert_eq!(
        shown,
        json!({
            "schema": "keyproof.coverage/v1",
            "mutants": 3,
            "killed": 2,
            "equivalent": 4,
            "survivors": [{
                "id": "Key/disable",
                "change": "the key `Key` is disabled",
                "where": "Resources.Key",
                "effect": "nobody reads",
                "add": {"principal": "reader"},
            }],
        })
    );
}

#[test]
fn a_table_that_gets_its_name_at_deployment_is_out_of_every_plans_reach() {
    // No plan can name it before, as with roles; with a name, its survivors are told.
    let with_ledger = |name: &str| {
        let table = TEMPLATE.split_once("  Orders:\n").unwrap().1;
        let table = table.split_once("  Reader:\n").unwrap().0;
        let table = table.replace("      TableName: orders\n", name);
        format!("{TEMPLATE}  Ledger:\n{table}")
    };
    let coverage = |template: &str| {
        let options = Options::new("111122223333".parse().unwrap(), "us-east-1");
        let estate = Estate::of(keyproof_template::load(template, &options).unwrap());
        covered_of(PLAN, &estate)
    };
    let of_the_ledger = |id: &str| id.starts_with("Ledger/");

    let nameless = coverage(&with_ledger(""));
    let named = coverage(&with_ledger("      TableName: ledger\n"));

    let survivors = |coverage: &Coverage| {
        let survivors = coverage.survivors.iter();
        survivors.filter(|one| of_the_ledger(&one.id)).count()
    };
    let out_of_reach = |coverage: &Coverage| {
        let out = coverage.out_of_reach.iter();
        out.filter(|one| of_the_ledger(&one.id)).count()
    };
    assert_eq!(survivors(&nameless), 0);
    assert!(survivors(&named) > 0);
    assert_eq!(
        out_of_reach(&nameless),
        survivors(&named) + out_of_reach(&named)
    );
}

/// Retiring a grant is IAM's to allow, and no expectation of it is proposed; one that is there counts.
#[test]
fn who_may_retire_grants_is_asked_where_the_plan_does() {
    let everything_else = "AssumeRolePolicyDocument: *trust\n      Policies: [{ PolicyName: most, PolicyDocument: \
         { Version: \"2012-10-17\", Statement: [{ Effect: Allow, NotAction: \"kms:RetireGrant\", Resource: \"*\" }] } }]";
    let template = TEMPLATE.replace("AssumeRolePolicyDocument: *trust", everything_else);
    let options = Options::new("111122223333".parse().unwrap(), "us-east-1");
    let estate = Estate::of(keyproof_template::load(&template, &options).unwrap());
    let asking = PLAN
        .replace(
            "principals:",
            "principals:\n  outsider: { role: \"arn:aws:iam::111122223333:role/outsider\" }",
        )
        .replace(
            "expectations:",
            "expectations:\n  - { principal: outsider, on: orders, actions: [kms:RetireGrant], decision: denied, by: kms }",
        );
    let id = "Outsider/attach-AdministratorAccess";

    let (silent, asking) = (covered_of(PLAN, &estate), covered_of(&asking, &estate));

    let effects = silent.out_of_reach.iter().filter(|one| one.id == id);
    let effects: Vec<_> = effects.map(|one| one.effect.as_str()).collect();
    assert_eq!(
        effects,
        [
            "`outsider` gains `kms:RetireGrant` on `orders`, and a run can only ask to retire a grant that isn't there"
        ]
    );
    assert!(silent.survivors.iter().all(|one| one.id != id));
    assert!(asking.survivors.iter().all(|one| one.id != id));
    assert!(asking.out_of_reach.iter().all(|one| one.id != id));
}
