// SPDX-License-Identifier: Apache-2.0
//! Every operation of a run has the quota that AWS's page gives it.

use keyproof_core::Service;
use keyproof_plan::Action;

use super::Quota;
use crate::Operation;

fn of(operation: Operation, region: &str) -> (&'static str, u32) {
    let quota = Quota::of(operation).unwrap();
    (quota.name, quota.in_region(region))
}

#[test]
fn cryptography_goes_by_region_and_the_rest_does_not() {
    let decrypt = Operation::of(Action::Decrypt);
    let name = "KMS cryptographic operations (symmetric)";
    assert_eq!(of(decrypt, "us-east-1"), (name, 100_000));
    assert_eq!(of(decrypt, "eu-central-1"), (name, 20_000));
    assert_eq!(of(decrypt, "eu-north-1"), (name, 10_000));
    for region in ["us-east-1", "eu-north-1"] {
        assert_eq!(of(Operation::ASSUME_ROLE, region), ("STS requests", 600));
        assert_eq!(
            of(Operation::DESCRIBE_KEY, region),
            ("KMS DescribeKey", 2_000)
        );
        assert_eq!(
            of(Operation::DESCRIBE_TABLE, region),
            ("DynamoDB control plane", 2_500)
        );
        assert_eq!(
            of(Operation::of(Action::ListGrants), region),
            ("KMS ListGrants", 100)
        );
        assert_eq!(
            of(Operation::of(Action::CreateGrant), region),
            ("KMS CreateGrant", 50)
        );
    }
}

#[test]
fn a_read_of_a_table_counts_as_the_kms_request_behind_it() {
    let (name, _) = of(Operation::of(Action::GetItem), "us-east-1");
    assert_eq!(name, "KMS cryptographic operations (symmetric)");
    for action in Action::ALL {
        assert!(Quota::of(Operation::of(action)).is_some(), "{action}");
    }
    assert_eq!(
        Quota::of(Operation::new(Service::Kms, "ScheduleKeyDeletion")),
        None
    );
}

#[test]
fn a_share_is_a_share_and_every_quota_has_its_page() {
    let quota = Quota::of(Operation::ASSUME_ROLE).unwrap();
    assert!((quota.share("us-east-1", 25) - 150.0).abs() < f64::EPSILON);
    for quota in Quota::ALL {
        assert!(quota.source.starts_with("https://docs.aws.amazon.com/"));
    }
}
