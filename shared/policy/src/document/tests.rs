// SPDX-License-Identifier: Apache-2.0
//! The grammar: what is read, what is refused and where.

use serde_json::json;

use crate::{Document, Grammar};

fn refused(json: &serde_json::Value, grammar: Grammar) -> String {
    Document::from_value(json, grammar).unwrap_err().to_string()
}

fn with(extra: &serde_json::Value) -> serde_json::Value {
    let mut statement = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"});
    for (name, value) in extra.as_object().unwrap() {
        statement[name] = value.clone();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn statements_may_be_one_or_many_or_none() {
    let one = json!({"Effect": "Deny", "Action": ["a:*", "*"], "NotResource": "arn:aws:s3:::b/*"});
    let count = |statement| {
        let json = json!({"Version": "2012-10-17", "Id": "x", "Statement": statement});
        Document::from_value(&json, Grammar::Identity)
            .unwrap()
            .statement_count()
    };

    assert_eq!(
        (
            count(one.clone()),
            count(json!([one.clone(), one])),
            count(json!([]))
        ),
        (1, 2, 0)
    );
}

#[test]
fn a_misspelt_element_is_pointed_at_with_a_suggestion() {
    assert_eq!(
        refused(&with(&json!({"Conditon": {}})), Grammar::Identity),
        "unknown element `Conditon`; did you mean `Condition`? (at `/Statement/0/Conditon`)"
    );
    assert_eq!(
        refused(
            &json!({"Version": "2012-10-17", "Statements": []}),
            Grammar::Identity
        ),
        "unknown element `Statements`; did you mean `Statement`? (at `/Statements`)"
    );
}

#[test]
fn a_misspelt_operator_is_pointed_at_with_a_suggestion() {
    assert_eq!(
        refused(
            &with(&json!({"Condition": {"ForAnyValue:StringLikes": {"aws:a": "b"}}})),
            Grammar::Identity
        ),
        "unknown condition operator `ForAnyValue:StringLikes`; did you mean `ForAnyValue:StringLike`? (at `/Statement/0/Condition/ForAnyValue:StringLikes`)"
    );
}

#[test]
fn values_that_their_operator_cannot_read_are_refused() {
    assert_eq!(
        refused(
            &with(
                &json!({"Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10.0.0/8"]}}})
            ),
            Grammar::Identity
        ),
        "`10.0.0/8` is not an IP address or a range such as `203.0.113.0/24` (at `/Statement/0/Condition/IpAddress/aws:SourceIp/1`)"
    );
    for condition in [
        json!({"Bool": {"aws:a": "yes"}}),
        json!({"NumericEquals": {"aws:a": "1e3"}}),
        json!({"DateEquals": {"aws:a": "today"}}),
        json!({"BinaryEquals": {"aws:a": "?"}}),
        json!({"StringEquals": {"aws:a": null}}),
        json!({"StringEquals": {"plain": "x"}}),
        json!({"StringEquals": ["aws:a"]}),
    ] {
        assert!(
            Document::from_value(&with(&json!({"Condition": condition})), Grammar::Identity)
                .is_err()
        );
    }
}

#[test]
fn principals_belong_where_the_kind_of_policy_has_them() {
    let principal = with(&json!({"Principal": "*"}));

    assert_eq!(
        refused(&principal, Grammar::Scp),
        "a service control policy can't have `Principal`; remove it (at `/Statement/0/Principal`)"
    );
    assert_eq!(
        refused(&with(&json!({})), Grammar::Resource),
        "a resource policy needs `Principal` here (at `/Statement/0`)"
    );
    assert_eq!(
        refused(&principal, Grammar::Trust),
        "a trust policy can't have `Resource`; remove it (at `/Statement/0/Resource`)"
    );
    assert!(Document::from_value(&principal, Grammar::VpcEndpoint).is_ok());
}

#[test]
fn a_principal_is_named_whole() {
    for wrong in [
        json!("arn:aws:iam::111122223333:root"),
        json!({}),
        json!({"AWS": "arn:aws:iam::111122223333:role/r*"}),
        json!({"AWS": "arn:aws:iam::111122223333:group/g"}),
        json!({"AWS": "11112222333"}),
        json!({"AWS": []}),
        json!({"Aws": "*"}),
        json!({"Service": "lambda"}),
        json!({"AWS": {"a": 1}}),
    ] {
        let result = Document::from_value(&with(&json!({"Principal": wrong})), Grammar::Resource);
        assert!(result.is_err(), "{result:?}");
    }
    assert_eq!(
        refused(
            &with(&json!({"Principal": {"Sevice": "x.amazonaws.com"}})),
            Grammar::Resource
        ),
        "unknown kind of principal `Sevice`; did you mean `Service`? (at `/Statement/0/Principal/Sevice`)"
    );
    let known = json!({"AWS": ["*", "111122223333", "AROAEXAMPLEEXAMPLE12", "arn:aws:sts::111122223333:assumed-role/r/s"],
        "Federated": "accounts.google.com", "CanonicalUser": "79a5"});
    assert!(Document::from_value(&with(&json!({"Principal": known})), Grammar::Resource).is_ok());
}

#[test]
fn an_element_and_its_negation_exclude_each_other() {
    assert_eq!(
        refused(&with(&json!({"NotAction": "kms:*"})), Grammar::Identity),
        "`Action` and `NotAction` exclude each other; keep one (at `/Statement/0`)"
    );
}

#[test]
fn actions_and_resources_have_their_shapes() {
    for wrong in [
        "Decrypt",
        "k*:Decrypt",
        "kms:",
        "kms:De crypt",
        "kms:a:b",
        "",
    ] {
        assert!(
            Document::from_value(&with(&json!({"Action": wrong})), Grammar::Identity).is_err(),
            "{wrong}"
        );
    }
    for wrong in ["orders", "", "s3:::b"] {
        assert!(
            Document::from_value(&with(&json!({"Resource": wrong})), Grammar::Identity).is_err(),
            "{wrong}"
        );
    }
    assert!(Document::from_value(&with(&json!({"Action": []})), Grammar::Identity).is_err());
    assert!(Document::from_value(&with(&json!({"Action": "*:*"})), Grammar::Identity).is_ok());
}

#[test]
fn a_name_that_appears_twice_is_refused() {
    let text = r#"{"Version": "2012-10-17", "Statement": [], "Statement": []}"#;

    let error = Document::parse(text, Grammar::Identity)
        .unwrap_err()
        .to_string();

    assert_eq!(
        error,
        "the policy can't be read as JSON: `Statement` appears twice at line 1 column 54"
    );
}

#[test]
fn the_older_version_is_the_default_and_others_are_refused() {
    assert!(Document::from_value(&json!({"Statement": []}), Grammar::Identity).is_ok());
    assert_eq!(
        refused(
            &json!({"Version": "2012-10-18", "Statement": []}),
            Grammar::Identity
        ),
        "`2012-10-18` is not a policy version; use `2012-10-17` (at `/Version`)"
    );
}

#[test]
fn names_and_sids_come_back() {
    let document = Document::from_value(&with(&json!({"Sid": "K"})), Grammar::Identity).unwrap();

    let named = document
        .clone()
        .with_name("arn:aws:iam::111122223333:policy/p");

    assert_eq!(
        (document.name(), document.sid(0), document.sid(1)),
        (None, Some("K"), None)
    );
    assert_eq!(named.name(), Some("arn:aws:iam::111122223333:policy/p"));
}

#[test]
fn documents_differ_on_the_actions_of_the_statements_that_differ() {
    let document = |statements: serde_json::Value| {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        Document::from_value(&policy, Grammar::Identity).unwrap()
    };
    let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let queues = document(json!([allow("sqs:SendMessage"), allow("kms:Decrypt")]));
    let all_queues = document(json!([allow("sqs:*"), allow("kms:Decrypt")]));
    let everything = document(json!([allow("*"), allow("kms:Decrypt")]));
    let shorter = document(json!([allow("sqs:SendMessage")]));

    let on = |one: &Document, other: &Document| {
        ["sqs:SendMessage", "KMS:decrypt", "s3:GetObject"]
            .map(|action| (one.differs_on(other, action), other.differs_on(one, action)))
    };
    let (no, yes) = ((false, false), (true, true));
    assert_eq!(on(&queues, &queues), [no, no, no]);
    assert_eq!(on(&queues, &all_queues), [yes, no, no]);
    assert_eq!(on(&queues, &everything), [yes, yes, yes]);
    assert_eq!(on(&queues, &shorter), [no, yes, no]);
}

#[test]
fn both_versions_are_read_and_no_other() {
    let version = |version: &str| {
        let json = json!({"Version": version, "Statement": []});
        Document::from_value(&json, Grammar::Identity).is_ok()
    };
    assert!(version("2012-10-17") && version("2008-10-17"));
    assert!(!version("2012-10-18"));
}

/// A resource's policy may leave out what it is about; then it is about nothing.
#[test]
fn only_a_resource_s_policy_may_lack_action_or_resource() {
    let whole = json!({
        "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
    });
    for left_out in ["Action", "Resource"] {
        let mut statement = whole.clone();
        statement.as_object_mut().unwrap().remove(left_out);
        let json = json!({"Version": "2012-10-17", "Statement": [statement]});
        assert!(
            Document::from_value(&json, Grammar::Resource).is_ok(),
            "{left_out}"
        );
        let refused = Document::from_value(&json, Grammar::Rcp).unwrap_err();
        assert!(refused.to_string().contains(left_out), "{refused}");
    }
}

#[test]
fn all_but_some_principals_are_named_in_a_resource_s_policy_only() {
    let json = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole",
    }]});
    let refused = Document::from_value(&json, Grammar::Trust).unwrap_err();
    assert!(refused.to_string().contains("NotPrincipal"), "{refused}");
    assert!(Document::from_value(&json, Grammar::Resource).is_ok());
}

#[test]
fn a_condition_s_key_has_a_prefix_and_a_name() {
    let key = |key: &str| {
        let json = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: "a"}},
        }]});
        Document::from_value(&json, Grammar::Identity).is_ok()
    };
    assert!(key("aws:PrincipalArn"));
    assert!(!key("aws:") && !key(":PrincipalArn") && !key(":") && !key("aws"));
}

#[test]
fn a_suggestion_is_close_or_none_is_made() {
    assert_eq!(
        refused(&with(&json!({"Sidd": "a"})), Grammar::Identity),
        "unknown element `Sidd`; did you mean `Sid`? (at `/Statement/0/Sidd`)"
    );
    assert_eq!(
        refused(&with(&json!({"Sd": "a"})), Grammar::Identity),
        "unknown element `Sd`; did you mean `Sid`? (at `/Statement/0/Sd`)"
    );
    assert_eq!(
        refused(&with(&json!({"Qwertyu": "a"})), Grammar::Identity),
        "unknown element `Qwertyu` (at `/Statement/0/Qwertyu`)"
    );
}
