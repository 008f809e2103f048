// SPDX-License-Identifier: Apache-2.0
//! Who a text names.

use super::*;

#[test]
fn each_form_is_the_caller_that_it_names() {
    for (text, kind, account, role) in [
        (
            "arn:aws:iam::111122223333:root",
            PrincipalKind::Root,
            Some("111122223333"),
            None,
        ),
        (
            "111122223333",
            PrincipalKind::Root,
            Some("111122223333"),
            None,
        ),
        (
            "arn:aws:iam::111122223333:user/a/ada",
            PrincipalKind::User,
            Some("111122223333"),
            None,
        ),
        (
            "arn:aws:iam::111122223333:role/a/r",
            PrincipalKind::Role,
            Some("111122223333"),
            Some("arn:aws:iam::111122223333:role/a/r"),
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/r/s",
            PrincipalKind::RoleSession,
            Some("111122223333"),
            Some("arn:aws:iam::111122223333:role/r"),
        ),
        (
            "arn:aws:sts::111122223333:federated-user/ada",
            PrincipalKind::FederatedUser,
            Some("111122223333"),
            None,
        ),
        (
            "arn:aws:iam::111122223333:saml-provider/idp",
            PrincipalKind::Federated,
            None,
            None,
        ),
        (
            "arn:aws:iam::111122223333:oidc-provider/idp",
            PrincipalKind::Federated,
            None,
            None,
        ),
        ("accounts.google.com", PrincipalKind::Federated, None, None),
        (
            "cognito-identity.amazonaws.com",
            PrincipalKind::Federated,
            None,
            None,
        ),
        ("lambda.amazonaws.com", PrincipalKind::Service, None, None),
        ("ec2.amazonaws.com.cn", PrincipalKind::Service, None, None),
        ("*", PrincipalKind::Anonymous, None, None),
        ("Anonymous", PrincipalKind::Anonymous, None, None),
    ] {
        let principal: Principal = text.parse().unwrap();
        assert_eq!(principal.kind(), kind, "{text}");
        assert_eq!(principal.account(), account, "{text}");
        assert_eq!(principal.role_arn(), role, "{text}");
        if text.contains(':') {
            assert_eq!(principal.to_string(), text);
        }
    }
    let root: Principal = "111122223333".parse().unwrap();
    assert_eq!(root.to_string(), "arn:aws:iam::111122223333:root");
}

#[test]
fn what_names_nobody_is_refused() {
    for text in [
        "",
        "ada",
        "1111222233334",
        "11112222333a",
        "two words.example",
        "arn:aws:iam::111122223333:roof",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam:::user/ada",
        "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:s3::111122223333:user/ada",
        "arn:aws:iam::111122223333:group/g",
    ] {
        assert!(text.parse::<Principal>().is_err(), "{text}");
    }
}
