// SPDX-License-Identifier: Apache-2.0
//! Patterns of ARNs in `Resource`, where fields may be missing, and in conditions, where they may not.

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";

fn resource(pattern: &str, arn: &str) -> Option<Truth> {
    let pattern = ArnPattern::new(pattern, Place::Resource, true);
    let context = Context::new().with("aws:username", "ada");
    pattern.matches(
        &Fields::new(arn),
        Place::Resource,
        &context,
        &mut Vec::new(),
    )
}

#[test]
fn a_pattern_of_fewer_fields_takes_the_rest_if_it_ends_in_a_star() {
    for pattern in [
        "*",
        "arn:*",
        "arn:aws:*",
        "arn:aws:kms*",
        "arn:aws:kms:us-east-1:1*",
        "arn:aws:kms:us-east-1:*key/k*",
        "ARN:AWS:KMS:US-*",
        "arn:aws:kms:us-east-1:111122223333:key/k",
        "arn:*:*:*:*:*",
    ] {
        assert_eq!(resource(pattern, KEY), Some(Truth::Yes), "{pattern}");
    }
    for pattern in [
        "arn:aws:kms",
        "arn:aws:kms:*:key*",
        "arn:aws-cn:*",
        "arn:aws:dynamo*",
        "arn:aws:kms:us-east-1:key/k*",
        "arn:aws:kms:eu-*",
        "*:",
        "arn:aws:kms:us-east-1:111122223333:KEY/K",
        "arn:aws:kms:us-east-1:111122223333:key",
        "",
    ] {
        assert_eq!(resource(pattern, KEY), Some(Truth::No), "{pattern}");
    }
}

#[test]
fn a_text_of_fewer_fields_than_the_pattern_is_none_of_its() {
    assert_eq!(resource("arn:aws:*", "arn:aws"), Some(Truth::No));
    assert_eq!(resource("arn:aws:kms", "arn:aws:kms"), Some(Truth::No));
    assert_eq!(resource("arn:aws:kms*", "arn:aws:kms"), Some(Truth::Yes));
    assert_eq!(resource("arn:*:*:*:*:*", "arn:aws:kms"), Some(Truth::No));
}

#[test]
fn a_variable_stands_after_the_fifth_colon() {
    let mine = "arn:aws:s3:::home/ada";
    assert_eq!(
        resource("arn:aws:s3:::home/${aws:username}", mine),
        Some(Truth::Yes)
    );
    assert_eq!(
        resource("arn:aws:s3:::${aws:username}", "arn:aws:s3:::ada"),
        Some(Truth::Yes)
    );
    assert_eq!(
        resource("arn:aws:s3:::home/${aws:username}", "arn:aws:s3:::home/bob"),
        Some(Truth::No)
    );
    // Before it, the text is as it stands.
    let plain = "arn:aws:${aws:username}:::home/x";
    assert_eq!(resource(plain, "arn:aws:ada:::home/x"), Some(Truth::No));
}

#[test]
fn what_is_another_service_s_hangs_on_no_variable() {
    let context = &{
        let mut context = Context::new();
        context.set_unknown("aws:username");
        context
    };
    let ask = |place, pattern: &str| {
        let mut unknown = Vec::new();
        let pattern = ArnPattern::new(pattern, place, true);
        let truth = pattern.matches(&Fields::new(KEY), place, context, &mut unknown);
        (truth, unknown.len())
    };
    let other = "arn:aws:s3:us-east-1:111122223333:key/${aws:username}";
    let same = "arn:aws:kms:us-east-1:111122223333:key/${aws:username}";
    assert_eq!(ask(Place::Resource, other), (Some(Truth::No), 0));
    assert_eq!(ask(Place::Resource, same), (Some(Truth::Unknown), 1));
    // A condition's variables may stand anywhere, so that nothing is known of it.
    assert_eq!(ask(Place::Condition, other), (Some(Truth::Unknown), 1));
}

#[test]
fn in_a_condition_both_must_be_arns() {
    let ask = |pattern: &str, arn: &str| {
        let pattern = ArnPattern::new(pattern, Place::Condition, true);
        pattern.matches(
            &Fields::new(arn),
            Place::Condition,
            &Context::new(),
            &mut Vec::new(),
        )
    };
    assert_eq!(ask("arn:*:kms:*:*:key/*", KEY), Some(Truth::Yes));
    assert_eq!(ask("arn:*:KMS:*:*:key/*", KEY), Some(Truth::No));
    assert_eq!(ask("arn:aws:kms*", KEY), None);
    assert_eq!(ask("arn:*:*:*:*:*", "arn:aws"), None);
}
