// SPDX-License-Identifier: Apache-2.0
//! What the corpus can't say: unknown values, sentences, derived keys, awkward patterns.

use keyproof_core::{PolicyType, RoleArn};
use serde_json::json;

use crate::{
    Context, Decision, Document, Grammar, Outcome, Policies, Principal, Request, StatementRef,
};
use crate::{denial_sentence, evaluate};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const FAR_KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/s";

fn caller() -> Principal {
    SESSION.parse().unwrap()
}

fn identity(statement: &serde_json::Value) -> [Document; 1] {
    let json = json!({"Version": "2012-10-17", "Statement": statement});
    [Document::from_value(&json, Grammar::Identity).unwrap()]
}

fn key_policy(statements: &serde_json::Value) -> Document {
    let json = json!({"Version": "2012-10-17", "Statement": statements});
    Document::from_value(&json, Grammar::Resource).unwrap()
}

fn delegating() -> Document {
    let policy = crate::kms::default_key_policy("aws", "111122223333");
    Document::from_value(&policy, Grammar::Resource).unwrap()
}

#[test]
fn a_decision_that_hangs_on_an_unknown_value_says_so() {
    let policies = identity(
        &json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}}),
    );
    let key = delegating();
    let mut request = Request::new(caller(), "kms:Decrypt", KEY);
    request.context.set_unknown("kms:ViaService");

    let decision = evaluate(
        &request,
        &Policies {
            identity: &policies,
            resource: Some(&key),
            ..Policies::default()
        },
    );

    assert_eq!(
        decision,
        Decision {
            outcome: Outcome::Denied,
            explicit: false,
            by: PolicyType::IdentityPolicy,
            statements: Vec::new(),
            unknown: vec!["kms:viaservice".to_owned()],
        }
    );
}

#[test]
fn an_unknown_value_that_changes_nothing_is_not_named() {
    let deny = key_policy(
        &json!([{"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}]),
    );
    let mut request = Request::new(caller(), "kms:Decrypt", KEY);
    request.context.set_unknown("aws:SourceVpce");

    let decision = evaluate(
        &request,
        &Policies {
            resource: Some(&deny),
            ..Policies::default()
        },
    );

    assert_eq!(
        decision,
        Decision {
            outcome: Outcome::Denied,
            explicit: true,
            by: PolicyType::ResourcePolicy,
            statements: vec![StatementRef {
                policy: PolicyType::ResourcePolicy,
                level: 0,
                document: 0,
                index: 0,
                sid: Some("No".into()),
                name: None,
            }],
            unknown: Vec::new(),
        }
    );
}

#[test]
fn the_sentence_is_the_one_of_aws() {
    let request = Request::new(caller(), "kms:Decrypt", KEY);
    let key = delegating();
    let other = key_policy(&json!([]));
    let deny = identity(&json!({"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}));
    let sentence =
        |policies: &Policies<'_>| denial_sentence(&request, &evaluate(&request, policies));
    let start =
        format!("User: {SESSION} is not authorized to perform: kms:Decrypt on resource: {KEY}");

    assert_eq!(
        sentence(&Policies {
            resource: Some(&key),
            ..Policies::default()
        }),
        format!("{start} because no identity-based policy allows the kms:Decrypt action")
    );
    assert_eq!(
        sentence(&Policies {
            resource: Some(&other),
            ..Policies::default()
        }),
        format!("{start} because no resource-based policy allows the kms:Decrypt action")
    );
    assert_eq!(
        sentence(&Policies {
            identity: &deny,
            resource: Some(&key),
            ..Policies::default()
        }),
        format!("{start} with an explicit deny in an identity-based policy")
    );
}

#[test]
fn kms_does_not_tell_other_accounts_whether_a_key_exists() {
    let allow = identity(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let request = Request::new(caller(), "kms:Decrypt", FAR_KEY);

    let decision = evaluate(
        &request,
        &Policies {
            identity: &allow,
            ..Policies::default()
        },
    );

    assert_eq!(
        denial_sentence(&request, &decision),
        format!(
            "User: {SESSION} is not authorized to perform: kms:Decrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
        )
    );
}

#[test]
fn trust_policies_have_their_own_wording() {
    let role = "arn:aws:iam::111122223333:role/target";
    let request = Request::new(caller(), "sts:AssumeRole", role);
    let trust = |effect: &str| {
        let json = json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "sts:AssumeRole",
            "Principal": {"AWS": if effect == "Deny" { "*" } else { "arn:aws:iam::111122223333:user/ann" }}}});
        Document::from_value(&json, Grammar::Trust).unwrap()
    };
    let sentence = |trust: &Document| {
        let policies = Policies {
            resource: Some(trust),
            ..Policies::default()
        };
        denial_sentence(&request, &evaluate(&request, &policies))
    };
    let start =
        format!("User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {role}");

    assert_eq!(
        sentence(&trust("Allow")),
        format!("{start} because no role trust policy allows the sts:AssumeRole action")
    );
    assert_eq!(
        sentence(&trust("Deny")),
        format!("{start} with an explicit deny in the role trust policy")
    );
}

#[test]
fn derived_keys_fill_gaps_and_replace_nothing() {
    let role: RoleArn = "arn:aws:iam::111122223333:role/team/reader"
        .parse()
        .unwrap();
    let request = Request::new(Principal::session(&role, "s"), "kms:Decrypt", FAR_KEY)
        .with_context(Context::new().with("AWS:ResourceAccount", "x"))
        .with_derived_context();

    let keys: Vec<(&str, &str)> = request
        .context
        .iter()
        .map(|(key, value)| (key, value.as_slice()[0].as_str()))
        .collect();

    assert_eq!(
        keys,
        [
            ("aws:PrincipalAccount", "111122223333"),
            (
                "aws:PrincipalArn",
                "arn:aws:iam::111122223333:role/team/reader"
            ),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:PrincipalType", "AssumedRole"),
            ("AWS:ResourceAccount", "x"),
            ("aws:ViaAWSService", "false"),
            ("kms:CallerAccount", "111122223333"),
        ]
    );
}

#[test]
fn a_known_path_has_to_match_and_an_unknown_one_does_not() {
    let named = key_policy(
        &json!([{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/team/reader"}}]),
    );
    let allowed = |caller: Principal| {
        let request = Request::new(caller, "kms:Decrypt", KEY);
        evaluate(
            &request,
            &Policies {
                resource: Some(&named),
                ..Policies::default()
            },
        )
        .is_allowed()
    };
    let session_of = |role: &str| Principal::session(&role.parse().unwrap(), "s");

    assert!(allowed(caller()));
    assert!(allowed(session_of(
        "arn:aws:iam::111122223333:role/team/reader"
    )));
    assert!(!allowed(session_of(
        "arn:aws:iam::111122223333:role/other/reader"
    )));
}

#[test]
fn a_pattern_of_many_wildcards_takes_no_exponential_time() {
    let pattern = format!("arn:aws:s3:::{}b", "a*".repeat(60));
    let policies = identity(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": pattern}));
    let request = Request::new(
        caller(),
        "s3:GetObject",
        format!("arn:aws:s3:::{}", "a".repeat(900)),
    );

    let decision = evaluate(
        &request,
        &Policies {
            identity: &policies,
            ..Policies::default()
        },
    );

    assert!(!decision.is_allowed());
}

#[test]
fn an_open_pattern_stands_for_the_fields_after_it() {
    let matches = |pattern: &str| {
        let policies =
            identity(&json!({"Effect": "Allow", "Action": "kms:*", "Resource": pattern}));
        let request = Request::new(
            caller(),
            "kms:CreateAlias",
            "arn:aws:kms:us-east-1:111122223333:alias/a",
        );
        evaluate(
            &request,
            &Policies {
                identity: &policies,
                ..Policies::default()
            },
        )
        .is_allowed()
    };

    let found: Vec<bool> = [
        "*",
        "arn:*",
        "arn:aws:kms:*",
        "arn:aws:kms:us-*:*",
        "arn:aws:kms:*:alias/a",
        "arn:aws:kms:us-east-1:111122223333:Alias/a",
        "arn:aws:kms:us-east-1:111122223333:*/?",
        "arn:aws:kms:us-east-1:111122223333:alias/${aws:username, 'a'}",
        "arn:aws:kms:us-east-1:${aws:none, '111122223333'}:alias/a",
    ]
    .into_iter()
    .map(matches)
    .collect();

    assert_eq!(
        found,
        [true, true, true, true, false, false, true, true, false]
    );
}

#[test]
fn what_is_allowed_whatever_an_unknown_value_is_hangs_on_nothing() {
    let policies = identity(&json!([
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
         "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
    ]));
    let key = delegating();
    let mut request = Request::new(caller(), "kms:Decrypt", KEY);
    request.context.set_unknown("kms:ViaService");

    let decision = evaluate(
        &request,
        &Policies {
            identity: &policies,
            resource: Some(&key),
            ..Policies::default()
        },
    );

    assert_eq!(
        (decision.outcome, decision.unknown.as_slice()),
        (Outcome::Allowed, [].as_slice())
    );
}

/// A grant to a role of another account reaches its session only as far as nothing limits it.
#[test]
fn a_session_policy_limits_a_grant_from_another_account() {
    let role = "arn:aws:iam::111122223333:role/reader";
    let narrow = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
    ]});
    let narrow = Document::from_value(&narrow, Grammar::Session).unwrap();
    let request = Request::new(caller(), "kms:Decrypt", FAR_KEY);
    let may = |grantee: &str, session| {
        let grants = [crate::Grant::new(grantee, ["Decrypt"])];
        let policies = Policies {
            grants: &grants,
            session,
            ..Policies::default()
        };
        evaluate(&request, &policies).is_allowed()
    };

    assert!(may(role, None));
    assert!(!may(role, Some(&narrow)));
    assert!(
        may(SESSION, Some(&narrow)),
        "the session itself is not limited"
    );
    assert!(!may("arn:aws:iam::111122223333:role/other", None));
}

#[test]
fn what_the_organization_does_not_allow_nobody_in_it_may() {
    let scp = |action: &str| {
        let json = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*"},
        ]});
        vec![Document::from_value(&json, Grammar::Scp).unwrap()]
    };
    let own = identity(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let key = delegating();
    let request = Request::new(caller(), "kms:Decrypt", KEY);
    let decide = |levels: &[Vec<Document>]| {
        let policies = Policies {
            identity: &own,
            resource: Some(&key),
            scps: levels,
            ..Policies::default()
        };
        let decision = evaluate(&request, &policies);
        (decision.is_allowed(), decision.by)
    };

    assert!(decide(&[scp("*"), scp("kms:*")]).0);
    let refused = (false, PolicyType::Scp);
    assert_eq!(decide(&[scp("*"), scp("s3:*")]), refused);
    assert_eq!(decide(&[scp("s3:*"), scp("*")]), refused);
}

#[test]
fn a_decision_names_the_document_that_made_it() {
    let [policy] = identity(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let own = [policy.with_name("arn:aws:iam::111122223333:policy/p")];
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
    let request = Request::new(caller(), "dynamodb:Scan", table);

    let decision = evaluate(
        &request,
        &Policies {
            identity: &own,
            ..Policies::default()
        },
    );

    let names = decision.statements.iter().map(|one| one.name.as_deref());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [Some("arn:aws:iam::111122223333:policy/p")]
    );
}
