// SPDX-License-Identifier: Apache-2.0
//! The canary recognised: DynamoDB's equality.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use keyproof_plan::{Attribute, Canary};
use keyproof_verdict::Evidence;

use super::{evidence, number, same, to_sdk, whole};

fn s(text: &str) -> Attribute {
    Attribute::S(text.to_owned())
}

fn n(text: &str) -> Attribute {
    Attribute::N(text.to_owned())
}

fn canary() -> Canary {
    Canary {
        key: BTreeMap::from([
            ("pk".to_owned(), s("keyproof#canary")),
            ("sk".to_owned(), n("1")),
        ]),
        attributes: BTreeMap::from([("a".to_owned(), s("x")), ("b".to_owned(), n("2"))]),
    }
}

#[test]
fn every_type_is_the_same_as_what_it_was_written_as() {
    let all = [
        s("text"),
        n("1"),
        Attribute::B(vec![0, 255]),
        Attribute::Bool(true),
        Attribute::Null,
        Attribute::M(BTreeMap::from([("m".to_owned(), s("x"))])),
        Attribute::L(vec![s("x"), n("1")]),
        Attribute::Ss(vec!["a".to_owned(), "b".to_owned()]),
        Attribute::Ns(vec!["1".to_owned(), "2".to_owned()]),
        Attribute::Bs(vec![vec![1], vec![2]]),
    ];
    for (place, expected) in all.iter().enumerate() {
        for (other, found) in all.iter().enumerate() {
            assert_eq!(
                same(expected, &to_sdk(found)),
                place == other,
                "{expected:?} {found:?}"
            );
        }
    }
}

#[test]
fn numbers_are_compared_by_value() {
    let equal = [
        ("1", "1.0"),
        ("1", "+1"),
        ("100", "1e2"),
        ("0.001", "1E-3"),
        ("-0", "0"),
        ("0.0", "0e7"),
        ("007", "7"),
        (".5", "0.50"),
        (
            "12345678901234567890123456789012345678",
            "12345678901234567890123456789012345678.0",
        ),
    ];
    for (a, b) in equal {
        assert_eq!(number(a), number(b), "{a} {b}");
    }
    let different = [
        ("1", "-1"),
        ("1", "10"),
        ("1", "1.01"),
        ("", "0"),
        (".", "0"),
        ("1e", "1"),
        ("1x", "1"),
    ];
    for (a, b) in different {
        assert_ne!(number(a), number(b), "{a} {b}");
    }
}

#[test]
fn sets_have_no_order_and_lists_have() {
    let set =
        |texts: &[&str]| AttributeValue::Ss(texts.iter().map(|&text| text.to_owned()).collect());
    let expected = Attribute::Ss(vec!["a".to_owned(), "b".to_owned()]);
    assert!(same(&expected, &set(&["b", "a"])));
    assert!(!same(&expected, &set(&["a", "b", "c"])));
    let numbers = Attribute::Ns(vec!["1".to_owned(), "2.0".to_owned()]);
    assert!(same(
        &numbers,
        &AttributeValue::Ns(vec!["2".to_owned(), "1.0".to_owned()])
    ));
    let bytes = Attribute::Bs(vec![vec![1], vec![2]]);
    assert!(same(
        &bytes,
        &AttributeValue::Bs(vec![Blob::new([2]), Blob::new([1])])
    ));
    let list = AttributeValue::L(vec![to_sdk(&s("b")), to_sdk(&s("a"))]);
    assert!(!same(&Attribute::L(vec![s("a"), s("b")]), &list));
}

#[test]
fn the_canary_is_known_among_other_items_by_its_whole_key() {
    let canary = canary();
    let mut other = whole(&canary);
    other.insert("sk".to_owned(), AttributeValue::N("2".to_owned()));
    let mut more = whole(&canary);
    more.insert("more".to_owned(), AttributeValue::Bool(true));

    assert_eq!(
        evidence(&canary, [&other, &more], |_| true),
        Evidence::Canary
    );
    assert_eq!(
        evidence(&canary, [&other], |_| true),
        Evidence::CanaryMissing
    );
    assert_eq!(
        evidence(&canary, [&HashMap::new()], |_| true),
        Evidence::CanaryMissing
    );
    assert_eq!(evidence(&canary, [], |_| true), Evidence::CanaryMissing);
}

#[test]
fn an_altered_attribute_is_named_unless_the_index_does_not_hold_it() {
    let canary = canary();
    let mut item = whole(&canary);
    item.insert("b".to_owned(), AttributeValue::S("2".to_owned()));

    let altered = Evidence::CanaryAltered {
        attribute: "b".to_owned(),
    };
    assert_eq!(evidence(&canary, [&item], |_| true), altered);
    assert_eq!(
        evidence(&canary, [&item], |name| name != "b"),
        Evidence::Canary
    );
}
