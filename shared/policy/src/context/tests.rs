// SPDX-License-Identifier: Apache-2.0
//! Keys are set, looked up and forgotten whatever the case of their letters; how many values one has.

use super::*;

#[test]
fn what_is_set_is_there_until_it_is_forgotten() {
    let mut context = Context::new().with("aws:UserId", "ada").with("aws:B", "b");
    context.set_unknown("aws:Unknown");

    assert_eq!(context.get("AWS:userid"), Some(&ContextValue::from("ada")));
    assert_eq!(context.get("aws:Unknown"), None);
    assert_eq!(context.get("aws:Absent"), None);
    assert!(context.contains("aws:unknown") && !context.contains("aws:absent"));
    let known: Vec<_> = context.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(known, ["aws:B", "aws:UserId"]);
    let unknown: Vec<_> = context.unknown_keys().collect();
    assert_eq!(unknown, ["aws:Unknown"]);

    context.remove("AWS:USERID");
    context.remove("aws:absent");

    assert_eq!(context.get("aws:UserId"), None);
    assert!(!context.contains("aws:UserId") && context.contains("aws:B"));
}

#[test]
fn the_key_decides_whether_a_single_value_is_one_of_several() {
    let of = |key: &str, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned());
        ContextValue::of(key, values.collect())
    };
    let one = ContextValue::One("red".to_owned());
    let many = |values: &[&str]| {
        ContextValue::Many(values.iter().map(|value| (*value).to_owned()).collect())
    };

    for single in [
        "aws:PrincipalTag/team",
        "aws:PrincipalOrgID",
        "dynamodb:EnclosingOperation",
        "kms:ViaService",
    ] {
        assert_eq!(of(single, &["red"]), one, "{single}");
        assert_eq!(of(single, &[]), many(&[]), "{single}");
        assert_eq!(of(single, &["a", "b"]), many(&["a", "b"]), "{single}");
    }
    for several in [
        "aws:TagKeys",
        "AWS:tagkeys",
        "aws:PrincipalOrgPaths",
        "dynamodb:LeadingKeys",
        "kms:ResourceAliases",
        "sts:TransitiveTagKeys",
    ] {
        assert_eq!(of(several, &["red"]), many(&["red"]), "{several}");
    }
}
