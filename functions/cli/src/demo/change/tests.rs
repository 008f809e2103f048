// SPDX-License-Identifier: Apache-2.0
//! One more principal in the statement that lists the key's users, and nothing else changed.

use serde_json::json;

use super::*;

#[test]
fn the_role_is_added_to_the_keys_users_alone() {
    let policy = |users: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Other", "Effect": "Allow", "Principal": {"AWS": "o"}, "Action": "kms:Get*", "Resource": "*"},
            {"Sid": "AllowKeyUsers", "Effect": "Allow", "Principal": {"AWS": users}, "Action": "kms:Decrypt", "Resource": "*"},
        ]})
    };

    for (before, after) in [
        (json!("r"), json!(["r", "x"])),
        (json!(["r", "s"]), json!(["r", "s", "x"])),
    ] {
        let widened = with_key_user(&policy(before).to_string(), "x").unwrap();

        assert_eq!(
            serde_json::from_str::<Value>(&widened).unwrap(),
            policy(after)
        );
    }
}

#[test]
fn a_policy_without_that_statement_ends_the_story() {
    for policy in [
        "",
        "{}",
        r#"{"Statement": [{"Sid": "AllowKeyUsers", "Principal": "*"}]}"#,
    ] {
        let error = with_key_user(policy, "x").unwrap_err();

        assert_eq!(
            error.to_string(),
            "the story cannot go on: the key policy has no statement `AllowKeyUsers`"
        );
    }
}
