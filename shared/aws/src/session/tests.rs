// SPDX-License-Identifier: Apache-2.0
//! Whose refusal a refusal is.

use aws_config::{BehaviorVersion, SdkConfig};

use std::time::Duration;

use super::{Identity, Lease, Session};
use crate::redact::Redactor;

/// A session of `reader` that lasts an hour.
pub(super) fn session() -> Session {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .build();
    Session {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        kms: aws_sdk_kms::Client::new(&config),
        redactor: Redactor::default(),
        guarded: true,
        account: "111122223333".to_owned(),
        role_name: "reader".to_owned(),
        identity: Identity {
            arn: "arn:aws:sts::111122223333:assumed-role/reader/keyproof-01".to_owned(),
            id: Some("AROAREADER:keyproof-01".to_owned()),
        },
        lease: Lease::of(Duration::from_hours(1)),
    }
}

#[test]
fn a_refusal_must_name_this_role_if_it_names_anybody() {
    let session = session();
    for user in [
        "arn:aws:sts::111122223333:assumed-role/reader/keyproof-01",
        "arn:aws:sts::111122223333:assumed-role/reader/another-session",
        "arn:aws:iam::111122223333:role/keyproof/reader",
        "somebody",
    ] {
        assert!(session.is_caller(user), "{user}");
    }
    for user in [
        "arn:aws:sts::111122223333:assumed-role/outsider/reader",
        "arn:aws:sts::444455556666:assumed-role/reader/keyproof-01",
        "arn:aws:iam::111122223333:role/keyproof/outsider",
        "arn:aws:iam::111122223333:user/reader",
        "arn:aws:iam::111122223333:root",
    ] {
        assert!(!session.is_caller(user), "{user}");
    }
}
