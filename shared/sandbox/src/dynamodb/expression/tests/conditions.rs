// SPDX-License-Identifier: Apache-2.0
//! Conditions and whether they hold for the item of `super::item`.

use super::{item, placeholders};

const CASES: &[(&str, bool)] = &[
    // comparisons
    ("n = :five", true),
    (":five = n", true),
    ("n <> :five", false),
    ("n < :six", true),
    ("n >= :six", false),
    ("n<=:five", true),
    ("s > :he", true),
    ("s = :five", false),
    ("s <> :five", true),
    ("s < :five", false),
    ("b >= :bytes", true),
    ("t = :true", true),
    ("z = :null", true),
    ("ss = :ssab", true),
    ("ss = :ss", false),
    // what is not there
    ("gone = :five", false),
    ("gone <> :five", true),
    ("gone < :five", false),
    ("NOT gone = :five", true),
    ("gone <> nothing", true),
    // paths
    ("l[1] > :six", true),
    ("l[2].k = :hello", false),
    ("m.c.d <> :a", true),
    ("m.a = :one", true),
    ("#m.a = :one", true),
    ("#status = :open", true),
    ("l.a = :one", false),
    ("m[0] = :one", false),
    // between and in
    ("n BETWEEN :one AND :six", true),
    ("n between :six and :ten", false),
    ("gone BETWEEN :one AND :six", false),
    ("s BETWEEN :one AND :six", false),
    ("n IN (:one, :five)", true),
    ("n IN (:one)", false),
    ("s IN (:one, :hello)", true),
    ("gone IN (:one)", false),
    // functions
    ("attribute_exists(n)", true),
    ("attribute_exists(m.c.d)", true),
    ("attribute_exists(gone)", false),
    ("attribute_not_exists(gone)", true),
    ("attribute_not_exists ( l[7] )", true),
    ("attribute_type(s, :S)", true),
    ("attribute_type(n, :S)", false),
    ("attribute_type(gone, :S)", false),
    ("begins_with(s, :he)", true),
    ("begins_with(s, :lo)", false),
    ("begins_with(b, :zero)", true),
    ("begins_with(n, :he)", false),
    ("contains(s, :lo)", true),
    ("contains(ss, :a)", true),
    ("contains(ns, :one)", true),
    ("contains(ns, :five)", false),
    ("contains(bs, :zero)", true),
    ("contains(b, :zero)", true),
    ("contains(l, :x)", true),
    ("contains(l, :a)", false),
    ("contains(gone, :a)", false),
    ("contains(n, :a)", false),
    ("size(s) = :five", true),
    ("size(l) > :one", true),
    ("size(m) < :five", true),
    ("size(n) = :one", false),
    ("size(gone) = :one", false),
    // logic: NOT binds tighter than AND, AND tighter than OR
    ("n = :one OR n = :five", true),
    ("n = :five AND s = :a OR t = :true", true),
    ("t = :true OR n = :five AND s = :a", true),
    ("(t = :true OR n = :five) AND s = :a", false),
    ("NOT n = :one AND s = :hello", true),
    ("NOT (n = :five AND s = :hello)", false),
    (
        "not attribute_exists(gone) and (n = :one or n = :five)",
        true,
    ),
    ("(n) = (:five)", true),
    ("attribute_exists((n))", true),
    ("(n) BETWEEN (:one) AND (:six)", true),
];

#[test]
fn conditions_hold_or_do_not() {
    for (text, expected) in CASES {
        let condition = placeholders()
            .condition(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.holds(&item()), *expected, "{text}");
    }
}
