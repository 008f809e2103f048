// SPDX-License-Identifier: Apache-2.0
//! Random conditions and the contexts that they are about.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// A single-valued key with values that occur in contexts, and values or patterns for policies.
struct Single(
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const TEXTS: [Single; 8] = [
    Single(
        "aws:PrincipalTag/team",
        &["red", "blue", "Red"],
        &["red", "blue", "r*", "?ed", "*", "bl?e*"],
    ),
    Single(
        "aws:PrincipalTag/stage",
        &["prod", "test"],
        &["prod", "p*d", "tes?", "${aws:PrincipalTag/team}"],
    ),
    Single(
        "aws:PrincipalOrgID",
        &["o-abc", "o-def"],
        &["o-abc", "o-*", "o-ghi"],
    ),
    Single(
        "aws:PrincipalAccount",
        &["111122223333", "444455556666"],
        &["111122223333", "4444*", "000000000000"],
    ),
    Single(
        "aws:SourceVpce",
        &["vpce-1a", "vpce-2b"],
        &["vpce-1a", "vpce-*", "vpce-??"],
    ),
    Single(
        "aws:userid",
        &["AIDAX", "AROAX:s"],
        &["AIDA*", "AROAX:s", "*:*"],
    ),
    Single(
        "aws:RequestedRegion",
        &["us-east-1", "eu-west-1"],
        &["us-east-1", "us-*", "eu-west-?"],
    ),
    Single(
        "aws:ResourceAccount",
        &["111122223333", "444455556666"],
        &[
            "111122223333",
            "${aws:PrincipalAccount}",
            "${aws:PrincipalTag/none, 'x'}",
            "${aws:PrincipalTag/none}",
        ],
    ),
];

const ARNS: [Single; 2] = [
    Single(
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::111122223333:role/reader",
            "arn:aws:iam::111122223333:user/team/ann",
        ],
        &[
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::*:user/*/ann",
            "arn:aws:iam::111122223333:role/reader",
            "arn:*:iam::1111?2223333:*",
        ],
    ),
    Single(
        "aws:SourceArn",
        &[
            "arn:aws:sns:us-east-1:111122223333:topic",
            "arn:aws:s3:::bucket",
        ],
        &[
            "arn:aws:sns:*:*:t*",
            "arn:aws:s3:::*",
            "arn:aws:sns:us-east-1:111122223333:topic",
        ],
    ),
];

const NUMBERS: [Single; 1] = [Single(
    "aws:MultiFactorAuthAge",
    &["0", "300", "3600", "12.5"],
    &["300", "3600.0", "12.50", "0", "-1"],
)];

const DATES: [Single; 2] = [
    Single(
        "aws:CurrentTime",
        &["2026-03-01T12:00:00Z", "2025-12-31T23:59:59Z"],
        &[
            "2026-01-01T00:00:00Z",
            "2026-03-01T12:00:00Z",
            "2026-03-01",
            "2025-12-31T23:59:59Z",
        ],
    ),
    Single(
        "aws:TokenIssueTime",
        &["2026-03-01T11:00:00Z"],
        &["2026-03-01T11:00:00Z", "2026-02-01T00:00:00Z"],
    ),
];

const BOOLS: [Single; 2] = [
    Single(
        "aws:SecureTransport",
        &["true", "false"],
        &["true", "false"],
    ),
    Single("aws:ViaAWSService", &["true", "false"], &["true", "false"]),
];

const ADDRESSES: [Single; 1] = [Single(
    "aws:SourceIp",
    &["203.0.113.7", "198.51.100.9", "2001:db8:1::9", "10.1.2.3"],
    &[
        "203.0.113.0/24",
        "10.0.0.0/8",
        "198.51.100.9/32",
        "2001:db8::/32",
        "10.1.2.3/31",
    ],
)];

const SETS: [Single; 3] = [
    Single(
        "aws:CalledVia",
        &["athena.amazonaws.com", "dynamodb.amazonaws.com"],
        &["athena.amazonaws.com", "d*"],
    ),
    Single(
        "aws:PrincipalOrgPaths",
        &["o-abc/r-1/ou-2/", "o-abc/r-1/"],
        &["o-abc/*", "o-abc/r-1/"],
    ),
    Single(
        "aws:TagKeys",
        &["team", "stage", "cost"],
        &["team", "stage", "c*"],
    ),
];

const TEXT_OPERATORS: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];
const ARN_OPERATORS: [&str; 4] = ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"];
const NUMBER_OPERATORS: [&str; 6] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE_OPERATORS: [&str; 6] = [
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn cases() -> [(&'static [Single], &'static [&'static str]); 7] {
    [
        (&TEXTS, &TEXT_OPERATORS),
        (&ARNS, &ARN_OPERATORS),
        (&NUMBERS, &NUMBER_OPERATORS),
        (&DATES, &DATE_OPERATORS),
        (&BOOLS, &["Bool"]),
        (&ADDRESSES, &["IpAddress", "NotIpAddress"]),
        (&TEXTS, &TEXT_OPERATORS),
    ]
}

fn entry<'a>(dice: &mut Dice, from: &'a [Single]) -> &'a Single {
    let at = dice.below(from.len());
    #[expect(clippy::indexing_slicing, reason = "`below` stays below the length")]
    &from[at]
}

fn any_case(dice: &mut Dice, key: &str) -> String {
    match dice.below(10) {
        0 => key.to_lowercase(),
        1 => key.to_uppercase(),
        _ => key.to_owned(),
    }
}

/// A `Condition` block.
pub(crate) fn block(dice: &mut Dice) -> Value {
    let mut block = Map::new();
    for _ in 0..=dice.below(2) {
        let (operator, key, values) = condition(dice);
        if let Value::Object(keys) = block
            .entry(operator)
            .or_insert_with(|| Value::Object(Map::new()))
            && !keys.keys().any(|known| known.eq_ignore_ascii_case(&key))
        {
            keys.insert(key, values);
        }
    }
    block.into()
}

fn condition(dice: &mut Dice) -> (String, String, Value) {
    if dice.percent(10) {
        let (from, _) = dice.pick(&cases());
        let Single(key, ..) = entry(dice, from);
        let absent = dice.pick(&["true", "false"]);
        let absent = if dice.percent(20) {
            json!(absent == "true")
        } else {
            json!(absent)
        };
        return ("Null".to_owned(), any_case(dice, key), absent);
    }
    let set = dice.percent(20);
    let (from, operators): (&[Single], &[&str]) = if set {
        (&SETS, &TEXT_OPERATORS)
    } else {
        dice.pick(&cases())
    };
    let Single(key, _, values) = entry(dice, from);
    let values = dice
        .some(values, 3)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let prefix = match (set, dice.below(8)) {
        (true, 0) | (false, 2..) => "",
        (true, 1..=4) | (false, 1) => "ForAnyValue:",
        (_, _) => "ForAllValues:",
    };
    let suffix = if dice.percent(20) { "IfExists" } else { "" };
    let operator = format!("{prefix}{}{suffix}", dice.pick(operators));
    (operator, any_case(dice, key), dice.one_or_many(values))
}

/// A request context. A single value may stand in a list or not, whatever the key holds.
pub(crate) fn context(dice: &mut Dice) -> Value {
    let mut context = Map::new();
    let singles = [&TEXTS[..], &ARNS, &NUMBERS, &DATES, &BOOLS, &ADDRESSES];
    for Single(key, values, _) in singles.into_iter().flatten() {
        if dice.percent(55) {
            let value = vec![dice.pick(values).to_owned()];
            context.insert((*key).to_owned(), dice.one_or_many(value));
        }
    }
    for Single(key, values, _) in &SETS {
        if dice.percent(50) {
            let mut values: Vec<&str> = if dice.percent(10) {
                Vec::new()
            } else {
                dice.some(values, 3)
            };
            values.dedup();
            let values = values.into_iter().map(str::to_owned).collect();
            context.insert((*key).to_owned(), dice.one_or_many(values));
        }
    }
    context.into()
}
