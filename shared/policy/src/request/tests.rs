// SPDX-License-Identifier: Apache-2.0
//! What a request is for.

use super::*;

#[test]
fn a_trust_policy_is_asked_by_sts_about_a_role_of_iam() {
    let caller = || "arn:aws:iam::111122223333:user/ada".parse().unwrap();
    let role = "arn:aws:iam::111122223333:role/r";
    for (action, resource, trust) in [
        ("sts:AssumeRole", role, true),
        ("STS:AssumeRole", role, true),
        ("iam:GetRole", role, false),
        (
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:user/ada",
            false,
        ),
        ("sts:AssumeRole", "arn:aws:s3::111122223333:role/r", false),
        ("sts:GetCallerIdentity", "*", false),
    ] {
        let request = Request::new(caller(), action, resource);
        assert_eq!(request.is_for_role_trust(), trust, "{action} {resource}");
    }
}
