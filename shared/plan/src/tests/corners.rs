// SPDX-License-Identifier: Apache-2.0
//! What stands one step beside a rule: a document of another kind, a half of an expectation, the second of two
//! that are alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use keyproof_core::KeyArn;
use serde_json::json;

use super::{errors, with_expectations, with_table};
use crate::reading::{Cursor, Errors, closest, external_id, is_region, table_name};
use crate::{Action, Attribute, Expected, Hint, Parts, Plan, ProbeKind, TableKey};

const GET: &str = "actions: [dynamodb:GetItem], decision: allowed";

#[test]
fn an_inventory_is_told_from_a_plan_and_nothing_else_is_said_of_it() {
    assert_eq!(
        errors("keyproof: inventory/v1\nname: 7\nsources: {}\n"),
        [
            "keyproof: `inventory/v1` is not a known version of the plan format; this is an inventory: `keyproof plan expand` makes plans of it"
        ]
    );
    assert_eq!(
        errors(
            &with_table("table: abc, key: aws-owned, canary: { key: { pk: { S: c } } }")
                .replace("plan/v1", "plan/v2")
        ),
        [
            "keyproof: `plan/v2` is not a known version of the plan format; this keyproof reads `plan/v1`: upgrade it, if a newer one wrote it"
        ]
    );
}

#[test]
fn where_there_is_nothing_to_choose_from_that_is_said() {
    assert_eq!(Hint::OneOf(Vec::new()).to_string(), "the plan has none");
    assert_eq!(
        Hint::OneOf(vec!["a".to_owned(), "b".to_owned()]).to_string(),
        "expected one of `a`, `b`"
    );
}

#[test]
fn a_word_is_guessed_from_one_of_its_length() {
    let long = |length| "x".repeat(length);
    let known = [long(299), long(300)];
    let known = || known.iter().map(String::as_str);

    assert_eq!(closest(&long(300), known()), Some(&*long(300)));
    assert_eq!(closest(&long(300), known().take(1)), Some(&*long(299)));
    assert_eq!(closest(&long(301), known()), None);
    assert_eq!(closest("  ", ["", "a"].into_iter()), None);
    assert_eq!(closest(" A ", ["", "a"].into_iter()), Some("a"));
}

#[test]
fn regions_are_told_from_what_looks_like_them() {
    for region in [
        "us-east-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "ap-southeast-12",
    ] {
        assert!(is_region(region), "{region}");
    }
    for other in [
        "",
        "us",
        "us-1",
        "1",
        "-1",
        "us-EAST-1",
        "u-east-1",
        "US-east-1",
        "u2-east-1",
        "us-east-",
        "us-east-x",
        "us-east-123",
        "us--1",
        "us-east1-1",
    ] {
        assert!(!is_region(other), "{other}");
    }
}

#[test]
fn table_names_are_those_that_dynamodb_takes() {
    assert_eq!(table_name("a.b-c_D9"), Ok(()));
    assert_eq!(
        table_name("ab"),
        Err("expected 3 to 255 characters of `A-Za-z0-9_.-`".to_owned())
    );
    assert_eq!(table_name("or ders"), table_name("ab"));
}

#[test]
fn a_key_is_named_by_its_own_arn_or_an_alias_s() {
    let key = |arn: &str| {
        let table = format!("table: abc, key: '{arn}', canary: {{ key: {{ pk: {{ S: c }} }} }}");
        Plan::parse(&with_table(&table))
            .map(|plan| plan.tables["t"].key.clone())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let no_key = |arn: &str| {
        Err(vec![format!(
            "tables.t.key: `{arn}` is not the ARN of a key; expected `arn:aws:kms:us-east-1:111122223333:key/KEY-ID`"
        )])
    };

    let arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(key(arn), Ok(TableKey::Key(arn.parse::<KeyArn>().unwrap())));
    let alias = "arn:aws:kms:us-east-1:111122223333:alias/orders";
    assert_eq!(key(alias), Ok(TableKey::Alias(alias.to_owned())));
    for other in [
        "arn:aws:s3:us-east-1:111122223333:alias/orders",
        "arn:aws:kms::111122223333:alias/orders",
        "arn:aws:kms:us-east-1::alias/orders",
        "arn:aws:kms:us-east-1:1111:alias/orders",
        "arn:aws:kms:us-east-1:111122223333:orders",
    ] {
        assert_eq!(key(other), no_key(other), "{other}");
    }
}

#[test]
fn maps_and_lists_nest_as_deep_as_dynamodb_lets_them() {
    let nested = |open: &str, close: &str, levels: usize| {
        let value = format!("{}{{ S: c }}{}", open.repeat(levels), close.repeat(levels));
        errors(&with_table(&format!(
            "table: abc, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }}, attributes: {{ a: {value} }} }}"
        )))
    };
    for (open, close) in [("{ M: { m: ", " } }"), ("{ L: [ ", " ] }")] {
        assert_eq!(nested(open, close, 32), [] as [&str; 0]);
        let too_deep = nested(open, close, 33);
        assert_eq!(too_deep.len(), 1);
        assert!(
            too_deep[0].ends_with("33 levels of maps and lists; at most 32 are allowed"),
            "{too_deep:?}"
        );
    }
}

#[test]
fn numbers_that_are_the_same_are_one_in_a_set() {
    let set = |numbers: &str| {
        errors(&with_table(&format!(
            "table: abc, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }}, attributes: {{ a: {{ NS: [{numbers}] }} }} }}"
        )))
    };

    assert_eq!(set("'0.5', '50', '5', '0.05', '5e1000'").len(), 1);
    for twice in [
        "'0.5', '5e-1'",
        "'50', '5e+1'",
        "'-0', '0.0e7'",
        "'00.050', '5E-2'",
    ] {
        assert_eq!(set(twice).len(), 1, "{twice}");
    }
    assert_eq!(set("'0.5', '5', '50', '0.05', '-5'"), [] as [&str; 0]);
}

#[test]
fn an_exception_ends_on_a_day_of_the_calendar() {
    let until = |day: &str| {
        errors(&with_expectations(&format!(
            "  - {{ principal: reader, on: orders, {GET} }}
exceptions:
  - {{ probe: reader/dynamodb:GetItem/orders, reason: r, owner: o, expires: '{day}' }}
"
        )))
    };

    assert_eq!(until("2027-03-31"), [] as [&str; 0]);
    for other in [
        "2027-W13-3",
        "2027-03-3",
        "20270331",
        "2027-03-031",
        "+002027-03-31",
        "2027_03_31",
    ] {
        assert_eq!(
            until(other),
            [format!(
                "exceptions[0].expires: `{other}` is not a date; expected a day of the calendar as `YYYY-MM-DD`, such as `2027-03-31`"
            )]
        );
    }
}

#[test]
fn half_an_expectation_is_compared_with_no_other() {
    // Each of these is wrong in one way, and were it not for that, the same as the one before it.
    let whole = format!("  - {{ principal: reader, on: orders, index: by-date, {GET} }}\n")
        .replace("GetItem", "Query");
    assert_eq!(errors(&with_expectations(&whole.repeat(2))).len(), 1);
    for (good, half) in [
        ("principal: reader", "principal: [reader, 7]"),
        ("on: orders", "on: [orders, 7]"),
        ("[dynamodb:Query]", "[dynamodb:Query, dynamodb:Qeury]"),
        ("index: by-date", "index: 7"),
    ] {
        let other = whole.replace(good, half);
        assert_ne!(other, whole);
        let told = errors(&with_expectations(&format!("{whole}{other}")));
        assert_eq!(told.len(), 1, "{told:#?}");
    }
    // Nobody is named who could be the witness; that alone is said.
    let denied = "  - { principal: outsider, on: orders, actions: [dynamodb:Scan], decision: denied, by: kms }\n";
    for nobody in ["principal: []", "principal: 7"] {
        let witness = format!("  - {{ {nobody}, on: orders, {GET} }}\n");
        let told = errors(&with_expectations(&format!("{denied}{witness}")));
        assert_eq!(told.len(), 1, "{told:#?}");
    }
}

#[test]
fn of_two_that_are_alike_the_first_of_them_is_named() {
    let row = |what: &str| format!("  - {{ {what}, decision: allowed }}\n");
    let rows = [
        "principal: outsider, on: orders, actions: [dynamodb:Query]",
        "principal: reader, on: control, actions: [dynamodb:Query]",
        "principal: reader, on: orders, index: by-date, actions: [dynamodb:Query]",
        "principal: reader, on: orders, actions: [dynamodb:Scan]",
        "principal: reader, on: orders, actions: [dynamodb:Query]",
        "principal: reader, on: orders, actions: [dynamodb:Query]",
    ];

    assert_eq!(
        errors(&with_expectations(&rows.map(row).concat())),
        [
            "expectations[5]: `reader/dynamodb:Query/orders` is expected already on line 15, column 5; each probe is planned once"
        ]
    );
}

#[test]
fn as_many_probes_as_may_be_are_not_too_many() {
    let names = |letter: char| (0..100).map(move |number| format!("{letter}{number}"));
    let list = |letter, count| names(letter).take(count).collect::<Vec<_>>().join(", ");
    let mut text = "keyproof: plan/v1\nname: large\nregion: us-east-1\ntables:\n".to_owned();
    for name in names('t') {
        writeln!(text, "  {name}: {{ table: table-{name}, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }} }} }}").unwrap();
    }
    text.push_str("principals:\n");
    for name in names('p') {
        writeln!(
            text,
            "  {name}: {{ role: \"arn:aws:iam::111122223333:role/{name}\" }}"
        )
        .unwrap();
    }
    text.push_str("expectations:\n");
    let actions: Vec<_> = Action::ALL
        .into_iter()
        .filter(|action| action.reads_canary())
        .map(|action| format!("'{action}'"))
        .collect();
    // None is whole, so that they are counted and no more: a plan of two million would take seconds.
    let mut ask = |principals, tables, many: usize| {
        writeln!(
            text,
            "  - {{ principal: [{}], on: [{}], actions: [{}], index: 7, decision: allowed }}",
            list('p', principals),
            list('t', tables),
            actions[..many].join(", ")
        )
        .unwrap();
    };
    let per = 5;
    for _ in 0..39 {
        ask(100, 100, per);
    }
    ask(100, 99, per);
    ask(100, 1, 4);
    // 100 looks at tables, and so many questions.
    assert_eq!(
        100 + 39 * 100 * 100 * per + 100 * 99 * per + 100 * 4,
        2_000_000
    );
    let full = text.clone();
    writeln!(
        text,
        "  - {{ principal: p0, on: t0, actions: [dynamodb:GetItem], index: 7, decision: allowed }}"
    )
    .unwrap();

    let too_many = |text: &str| {
        errors(text)
            .into_iter()
            .filter(|error| error.contains("probes"))
            .collect::<Vec<_>>()
    };

    assert_eq!(too_many(&full), [] as [&str; 0]);
    assert_eq!(
        too_many(&text),
        ["expectations[41]: 2000001 probes up to this expectation; at most 2000000 are allowed"]
    );
}

#[test]
fn a_probe_is_all_that_its_expectation_says() {
    let plan = Plan::parse(&with_expectations(&format!(
        "  - {{ principal: reader, on: orders, index: by-date, {} }}
  - {{ principal: reader, actions: [sts:AssumeRole], decision: allowed }}\n",
        GET.replace("GetItem", "Query")
    )))
    .unwrap();

    let probes: Vec<_> = plan
        .probes()
        .into_iter()
        .map(|probe| (probe.id, probe.kind))
        .collect();

    let access = |action, table: Option<&str>, index: Option<&str>| ProbeKind::Access {
        principal: "reader".to_owned(),
        action,
        table: table.map(str::to_owned),
        index: index.map(str::to_owned),
        expected: Expected::Allowed,
    };
    let encryption = |table: &str| ProbeKind::Encryption {
        table: table.to_owned(),
    };
    assert_eq!(
        probes,
        [
            ("orders/encryption".to_owned(), encryption("orders")),
            ("control/encryption".to_owned(), encryption("control")),
            (
                "reader/dynamodb:Query/orders/by-date".to_owned(),
                access(Action::Query, Some("orders"), Some("by-date"))
            ),
            (
                "reader/sts:AssumeRole".to_owned(),
                access(Action::AssumeRole, None, None)
            ),
        ]
    );
}

#[test]
fn a_part_of_a_plan_keeps_the_exceptions_for_its_probes() {
    let exception = |probe: &str| {
        format!("  - {{ probe: {probe}, reason: r, owner: o, expires: 2027-01-01 }}\n")
    };
    let text = with_expectations(&format!(
        "  - {{ principal: reader, on: [orders, control], {GET} }}\nexceptions:\n{}{}",
        exception("reader/dynamodb:GetItem/orders"),
        exception("reader/dynamodb:GetItem/control")
    ));
    let plan = Plan::parse(&text).unwrap();

    let part = Parts::of(&plan).only(["control"], []);

    assert_eq!(part.exceptions, plan.exceptions[1..]);
    assert_eq!(part.tables.keys().collect::<Vec<_>>(), ["control"]);
}

#[test]
fn the_schema_takes_the_numbers_of_dynamodb_and_no_others() {
    let schema = crate::schema();
    let number = json!({ "type": "string", "pattern": "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$" });
    let of_type = |descriptor: &str| schema["$defs"]["attribute"]["properties"][descriptor].clone();

    assert_eq!(of_type("N"), number);
    assert_eq!(of_type("NS")["items"], number);
    assert_eq!(of_type("S"), json!({ "type": "string" }));
    let key = BTreeMap::from([("pk".to_owned(), Attribute::N("1".to_owned()))]);
    let plan = Plan::parse(&with_table(
        "table: abc, key: aws-owned, canary: { key: { pk: { N: '1' } } }",
    ))
    .unwrap();
    assert_eq!(plan.tables["t"].canary.key, key);
}

#[test]
fn a_document_may_be_as_long_as_is_said_and_no_longer() {
    let plan = with_table("table: abc, key: aws-owned, canary: { key: { pk: { S: c } } }");
    let padded = |length: usize| {
        let comment = "#".repeat(length - plan.len());
        errors(&format!("{plan}{comment}"))
    };

    assert_eq!(padded(3 * 1024 * 1024), [] as [&str; 0]);
    assert_eq!(
        padded(32 * 1024 * 1024 + 1),
        ["more than 33554432 bytes of text, aliases expanded"]
    );
}

#[test]
fn an_external_id_is_read_in_other_documents_as_it_is_in_a_plan() {
    let read = |text: &str| {
        let node = keyproof_document::read(text).node.unwrap();
        let (mut errors, path) = (Errors::default(), "role".to_owned());
        let cursor = Cursor { node: &node, path };
        let read = external_id(&cursor, &mut errors).map(str::to_owned);
        let errors: Vec<_> = errors.0.iter().map(ToString::to_string).collect();
        (read, errors)
    };

    assert_eq!(
        read("keyproof-4711"),
        (Some("keyproof-4711".to_owned()), Vec::new())
    );
    assert_eq!(
        read("'key proof'"),
        (
            None,
            vec![
                "role: this value is not an external id; expected 1 to 1224 characters of `A-Za-z0-9_+=,.@:/-`"
                    .to_owned()
            ]
        )
    );
}
