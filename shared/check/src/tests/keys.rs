// SPDX-License-Identifier: Apache-2.0
//! What a key's policy, its grants and the organization have a say in, and what not.

use keyproof_core::PolicyType;
use keyproof_policy::Grant;
use keyproof_verdict::{Finding, Report, Verdict};

use super::{OUTSIDER_READS, PLAN, World, checked, estate, facts, row};
use crate::{Circumstances, KeyGrant, check};

const RETIRES: &str = "outsider/kms:RetireGrant/orders";

/// The outsider with a policy about `kms:RetireGrant`, who is expected to retire nothing.
fn retiring(key: &'static str, effect: Option<&str>) -> Report {
    let policy = effect.map(|effect| format!(
        "  Extra:\n    Type: AWS::IAM::RolePolicy\n    Properties: {{ RoleName: !Ref Outsider, PolicyName: extra, \
         PolicyDocument: {{ Version: \"2012-10-17\", Statement: [{{ Sid: Retire, Effect: {effect}, Action: \"kms:RetireGrant\", Resource: \"*\" }}] }} }}"
    ));
    World {
        key,
        outsider: &policy.unwrap_or_default(),
        plan: "  - { principal: outsider, on: orders, actions: [kms:RetireGrant], decision: denied, by: kms }\n",
        ..World::default()
    }
    .check(&Circumstances::default())
}

#[test]
fn a_key_policy_has_no_say_in_who_retires_a_grant() {
    let allow = r#"          - { Sid: All, Effect: Allow, Principal: { AWS: !GetAtt Outsider.Arn }, Action: "kms:R*", Resource: "*" }"#;
    let deny = r#"          - { Sid: None, Effect: Deny, Principal: "*", Action: "kms:R*", Resource: "*" }"#;

    let (allowed, denied) = (retiring(allow, None), retiring(deny, Some("Allow")));

    let kept_out = row(&allowed, RETIRES);
    assert_eq!(kept_out.verdict, Verdict::Pass, "{}", kept_out.reason);
    let message = kept_out.observed.message.as_deref().unwrap();
    assert!(
        message.ends_with("because no identity-based policy allows the kms:RetireGrant action"),
        "{message}"
    );
    let let_in = row(&denied, RETIRES);
    assert_eq!(let_in.finding, Some(Finding::Exposed), "{}", let_in.reason);
    let cause = let_in.cause.as_ref().unwrap();
    assert_eq!(cause.statement.as_deref(), Some("Retire"));
    assert!(cause.alternatives.is_empty(), "{:?}", cause.alternatives);
}

#[test]
fn an_identity_policy_can_deny_retiring() {
    let report = retiring("", Some("Deny"));

    let row = row(&report, RETIRES);
    assert_eq!(row.verdict, Verdict::Pass, "{}", row.reason);
    assert_eq!(row.observed.explicit, Some(true));
}

/// A run retires a grant that isn't there, so that no other's retiring principal is let in.
#[test]
fn a_grant_lets_nobody_retire_another() {
    let plan = format!(
        "{PLAN}  - {{ principal: outsider, on: orders, actions: [kms:RetireGrant], decision: denied, by: kms }}\n"
    );
    let plan = keyproof_plan::Plan::parse(&plan).unwrap();
    let mut estate = estate(&World::default().template());
    let key = estate.parts().next().unwrap().account.keys[0].arn.clone();
    let outsider = "arn:aws:iam::111122223333:role/outsider";
    let grant = Grant::new(outsider, ["RetireGrant"]);
    estate.grants.push(KeyGrant { key, grant });

    let report = check(&plan, &estate, &Circumstances::default(), facts());

    let row = row(&report, RETIRES);
    assert_eq!(row.verdict, Verdict::Pass, "{}", row.reason);
}

/// An organization whose RCPs let nobody use a key.
const NO_KEYS: &str = r#"  Perimeter:
    Type: AWS::Organizations::Policy
    Properties:
      Name: perimeter
      Type: RESOURCE_CONTROL_POLICY
      TargetIds: ["111122223333"]
      Content: { Version: "2012-10-17", Statement: [{ Sid: NoKeys, Effect: Deny, Principal: "*", Action: "kms:Decrypt", Resource: "*" }] }
"#;

#[test]
fn an_rcp_is_over_no_key_of_aws() {
    let customers = World::default().template() + NO_KEYS;
    let awss = customers.replace(", SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn", "");

    let customers = checked(&customers, PLAN, &Circumstances::default());
    let awss = checked(&awss, PLAN, &Circumstances::default());

    let kept_out = &row(&customers, OUTSIDER_READS).observed;
    assert_eq!(kept_out.explicit, Some(true), "{:?}", kept_out.message);
    assert_eq!(kept_out.policy, Some(PolicyType::Rcp));
    let let_in = row(&awss, OUTSIDER_READS);
    assert_eq!(let_in.finding, Some(Finding::Exposed), "{}", let_in.reason);
    let cause = let_in.cause.as_ref().unwrap();
    assert_eq!(cause.statement.as_deref(), Some("SSESpecification"));
}

/// A run calls for itself, and no AWS service for it.
#[test]
fn grants_are_listed_and_revoked_for_no_service() {
    for (told, finding) in [("true", None), ("false", Some(Finding::Exposed))] {
        let key = format!(
            "          - {{ Sid: Grants, Effect: Allow, Principal: {{ AWS: !GetAtt Outsider.Arn }}, \
             Action: [\"kms:ListGrants\", \"kms:RevokeGrant\", \"kms:CreateGrant\"], Resource: \"*\", \
             Condition: {{ Bool: {{ \"kms:GrantIsForAWSResource\": \"{told}\" }} }} }}"
        );
        let report = World {
            key: &key,
            plan: "  - { principal: outsider, on: orders, actions: [kms:ListGrants, kms:RevokeGrant, kms:CreateGrant], decision: denied, by: kms }\n",
            ..World::default()
        }
        .check(&Circumstances::default());

        for action in ["ListGrants", "RevokeGrant", "CreateGrant"] {
            let row = row(&report, &format!("outsider/kms:{action}/orders"));
            assert_eq!(row.finding, finding, "{action} {told}: {}", row.reason);
        }
    }
}
