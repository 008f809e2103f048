// SPDX-License-Identifier: Apache-2.0
//! What answers come to.

use std::path::Path;

use keyproof_plan::Plan;

use super::*;
use crate::{Excluded, Surveyed, Unread, compare, preview};

/// Holds a text against a file of `cases`; `UPDATE_GOLDEN=1` writes it.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::File::open(&path)
        .and_then(std::io::read_to_string)
        .unwrap_or_default();
    assert_eq!(text, expected, "{name}");
}

#[track_caller]
fn only(expansion: &Expansion) -> (&str, &Plan) {
    match expansion.plans.as_slice() {
        [one] => (&one.text, &one.plan),
        all => panic!("{} plans", all.len()),
    }
}

#[track_caller]
fn refusal(text: &str, answers: &Answers) -> Vec<String> {
    refused(&expand(&read(text), answers, Lost::Refused, Form::Yaml).unwrap_err())
}

#[test]
fn tables_and_roles_of_every_account_are_in_one_plan() {
    let expansion = expanded(BANK, &answers());

    golden("payments.yaml", only(&expansion).0);
    golden("payments.txt", &preview(&expansion));
    assert_eq!(
        Plan::parse(only(&expansion).0).as_ref(),
        Ok(only(&expansion).1)
    );
}

#[test]
fn json_is_the_same_plan() {
    let yaml = expanded(BANK, &answers());
    let json = expand(&read(BANK), &answers(), Lost::Refused, Form::Json).unwrap();

    golden("payments.json", only(&json).0);
    serde_json::from_str::<serde_json::Value>(only(&json).0).unwrap();
    assert_eq!(only(&json).1.to_json(), only(&yaml).1.to_json());
}

#[test]
fn the_name_says_how_many_plans_there_are() {
    let by_account = with(BANK, "payments-{region}", "payments-{account}");
    let expansion = expanded(&by_account, &answers());

    let plans = expansion
        .plans
        .iter()
        .map(|one| (one.plan.name.as_str(), one.plan.planned()));
    assert_eq!(
        plans.collect::<Vec<_>>(),
        // Three tables of six questions and their auditor: encryption, two reads, two denials.
        [("payments-111122223333", 13), ("payments-444455556666", 8)]
    );
    let whole = expanded(BANK, &answers());
    // Each plan has the question whether the auditor may be assumed.
    assert_eq!(only(&whole).1.planned(), 13 + 8 - 1);
}

#[test]
fn a_plan_of_two_regions_is_refused_with_the_mend() {
    let two = with(BANK, "payments-{region}", "payments");
    let two = with(
        &two,
        "regions: [eu-west-1]",
        "regions: [eu-west-1, eu-west-2]",
    );

    assert_eq!(
        refusal(&two, &answers()),
        [
            "3:7: name: the plan `payments` would have tables in `eu-west-1` and in `eu-west-2`, and a plan covers one \
         region; put `{region}` into `name` (and once more)"
        ]
    );
}

#[test]
fn two_regions_are_two_plans_where_the_name_says_so() {
    let two = with(
        BANK,
        "regions: [eu-west-1]",
        "regions: [eu-west-1, eu-west-2]",
    );
    let expansion = expanded(&two, &answers());

    let plans = expansion.plans.iter().map(|one| {
        let tables: Vec<_> = one.plan.tables.keys().map(String::as_str).collect();
        (one.plan.name.as_str(), one.plan.region.as_str(), tables)
    });
    assert_eq!(
        plans.collect::<Vec<_>>(),
        [
            (
                "payments-eu-west-1",
                "eu-west-1",
                vec![
                    "control-eu-west-1@111122223333",
                    "customers@111122223333",
                    "orders@111122223333",
                    "control-eu-west-1@444455556666",
                    "orders@444455556666",
                ]
            ),
            (
                "payments-eu-west-2",
                "eu-west-2",
                vec![
                    "control-eu-west-2@111122223333",
                    "control-eu-west-2@444455556666"
                ]
            ),
        ]
    );
}

#[test]
fn a_source_that_holds_nothing_is_refused_whatever_the_others_hold() {
    let mut answers = answers();
    let found = answers.get_mut("confidential").unwrap();
    found.tables.clear();
    found.excluded.push(Excluded {
        what: "x".to_owned(),
        why: "y".to_owned(),
    });

    assert_eq!(
        refusal(BANK, &answers),
        [
            "9:3: sources.confidential: the source `confidential` was found to hold nothing: one thing was left out; what is \
         empty proves nothing"
        ]
    );
    answers.remove("everywhere");
    assert_eq!(refusal(BANK, &answers).len(), 2);
}

fn unread(account: &str) -> Unread {
    Unread {
        account: account.parse().unwrap(),
        region: "eu-west-1".to_owned(),
        why: "cannot assume the role".to_owned(),
    }
}

#[test]
fn what_was_not_read_refuses_the_plan() {
    let mut answers = answers();
    answers
        .get_mut("confidential")
        .unwrap()
        .unread
        .push(unread(TWO));

    assert_eq!(
        refusal(BANK, &answers),
        ["confidential: 444455556666 eu-west-1: cannot assume the role"]
    );
}

#[test]
fn what_was_not_read_is_a_probe_that_is_blind_where_that_is_asked_for() {
    let mut answers = answers();
    let found = answers.get_mut("confidential").unwrap();
    found.tables.retain(|table| table.account.as_str() == ONE);
    found.unread.push(unread(TWO));
    let expansion = expand(&read(BANK), &answers, Lost::Blind, Form::Yaml).unwrap();

    let (text, plan) = only(&expansion);
    golden("unread.yaml", text);
    assert_eq!(
        plan.tables["unread@444455556666"]
            .arn
            .as_ref()
            .unwrap()
            .as_str(),
        "arn:aws:dynamodb:eu-west-1:444455556666:table/keyproof-inventory-unread"
    );
    assert_eq!(expansion.sources[1].unread, [unread(TWO)]);
}

#[test]
fn a_plan_of_nothing_but_what_was_not_read_is_none() {
    let inventory = with(BANK, "payments-{region}", "payments-{account}");
    let inventory = inventory.replace("    from: everywhere\n", "    from: few\n");
    let inventory = with(
        &inventory,
        "tables:\n",
        "  few: { accounts: [\"111122223333\"], regions: [eu-west-1] }\ntables:\n",
    );
    let mut answers = answers();
    let few = Found {
        accounts: vec![account(ONE)],
        ..Found::default()
    };
    answers.insert("few".to_owned(), few);
    let found = answers.get_mut("confidential").unwrap();
    found.tables.retain(|table| table.account.as_str() == ONE);
    found.unread.push(unread(TWO));

    let refusal = expand(&read(&inventory), &answers, Lost::Blind, Form::Yaml).unwrap_err();

    assert_eq!(
        refused(&refusal),
        ["confidential: 444455556666 eu-west-1: cannot assume the role"]
    );
}

#[test]
fn a_tag_that_is_missing_is_told_once_with_the_table() {
    let mut answers = answers();
    for table in &mut answers.get_mut("confidential").unwrap().tables {
        table.tags.remove("team");
    }

    assert_eq!(
        refusal(BANK, &answers),
        [
            "26:19: principals.reader: `{tag:team}` has no value for the table `customers` of account 111122223333 in \
         eu-west-1 (and 2 times more)"
        ]
    );
}

#[test]
fn a_value_that_makes_no_role_is_told_where_the_pattern_stands() {
    let mut answers = answers();
    let tables = &mut answers.get_mut("confidential").unwrap().tables;
    tables[0].tags.insert("team".to_owned(), "a b".to_owned());

    assert_eq!(
        refusal(BANK, &answers),
        [
            "26:19: principals.\"reader.a b@444455556666\".role: `arn:aws:iam::444455556666:role/a b/reader` is not an ARN; \
         expected `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`"
        ]
    );
}

#[test]
fn principals_that_would_be_called_alike_are_refused() {
    let mut answers = answers();
    let tables = &mut answers.get_mut("confidential").unwrap().tables;
    tables[1]
        .tags
        .insert("team".to_owned(), "blue-green".to_owned());

    assert_eq!(
        refusal(BANK, &answers),
        [
            "26:3: principals.reader: two principals would both be called `reader.blue-green@111122223333`: \
         `arn:aws:iam::111122223333:role/blue/green/reader` and `arn:aws:iam::111122223333:role/blue-green/reader`; \
         change the names or tags that make them alike"
        ]
    );
}

const LISTED: &str = r#"
keyproof: inventory/v1
name: sheet
sources:
  sheet: { csv: tables.csv }
  more: { csv: "s3://bucket/a/b.csv", role: "arn:aws:iam::111122223333:role/reader" }
tables:
  listed:
    from: [sheet, more]
    key: "{key}"
    canary: { key: { pk: { S: keyproof#canary } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/{table}-reader" }
expectations:
  - { principal: reader, on: listed, actions: [dynamodb:GetItem], decision: allowed }
exceptions:
  - { probe: orders@111122223333/encryption, reason: moves, owner: me, expires: 2027-01-31 }
"#;

fn listed(sheet: &[(&str, &str)], more: &[(&str, &str)]) -> Answers {
    let found = |rows: &[(&str, &str)]| {
        let tables = rows.iter().map(|(name, key)| {
            let mut table = Table::new(ONE.parse().unwrap(), "us-east-1", *name);
            table.key = Some((*key).to_owned()).filter(|key| !key.is_empty());
            table
        });
        Found {
            tables: tables.collect(),
            ..Found::default()
        }
    };
    [("sheet", found(sheet)), ("more", found(more))]
        .map(|(name, found)| (name.to_owned(), found))
        .into()
}

#[test]
fn a_table_of_two_sources_is_one_table_with_what_both_know() {
    let answers = listed(
        &[("orders", "alias/a"), ("customers", "alias/c")],
        &[("orders", "")],
    );
    let expansion = expanded(LISTED, &answers);

    golden("listed.yaml", only(&expansion).0);
    assert_eq!(expansion.merged, 1);
    let surveyed = |source: &str, tables| Surveyed {
        source: source.to_owned(),
        accounts: 1,
        tables: Some(tables),
        excluded: Vec::new(),
        unread: Vec::new(),
    };
    assert_eq!(
        expansion.sources,
        [surveyed("sheet", 2), surveyed("more", 1)]
    );
}

#[test]
fn sources_that_disagree_about_a_table_are_refused() {
    let answers = listed(&[("orders", "alias/a")], &[("orders", "alias/b")]);

    assert_eq!(
        refusal(LISTED, &answers),
        [
            "8:3: tables.listed: the table `orders` of account 111122223333 in us-east-1 has one key in one source and \
         another in the source `more`; make them agree"
        ]
    );
}

#[test]
fn a_table_that_is_two_of_the_inventory_is_refused() {
    let two = with(LISTED, "from: [sheet, more]", "from: sheet");
    let two = with(
        &two,
        "principals:",
        "  other: { from: more, key: alias/o, canary: { key: { pk: { S: c } } } }\nprincipals:",
    );
    let answers = listed(&[("orders", "alias/a")], &[("orders", "alias/a")]);

    assert_eq!(
        refusal(&two, &answers),
        [
            "12:3: tables.other: the table `orders` of account 111122223333 in us-east-1 is one of `listed` and one of `other`; \
         leave it out of one of them"
        ]
    );
}

#[test]
fn an_exception_is_in_the_plan_of_its_probe_or_refused() {
    let by_key = with(LISTED, "name: sheet", "name: \"{table}\"");
    let answers = listed(&[("orders", "alias/a")], &[("customers", "alias/b")]);
    let plans = expanded(&by_key, &answers).plans;
    let excepted = |index: usize| {
        let exceptions = &plans[index].plan.exceptions;
        exceptions
            .iter()
            .map(|one| one.probe.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (excepted(0), excepted(1)),
        (vec![], vec!["orders@111122223333/encryption"])
    );

    let answers = listed(&[("other", "alias/a")], &[("customers", "alias/b")]);
    assert_eq!(
        refusal(LISTED, &answers),
        ["17:5: exceptions: `orders@111122223333/encryption` is a probe of none of the plans"]
    );
    let strange = with(LISTED, "owner: me", "ovner: me");
    let answers = listed(&[("orders", "alias/a")], &[("customers", "alias/b")]);
    assert_eq!(
        refusal(&strange, &answers),
        [
            "17:61: exceptions[0].ovner: unknown field `ovner` in an exception; did you mean `owner`?"
        ]
    );
}

#[test]
fn a_name_that_is_too_long_for_a_plan_is_cut_and_still_tells_tables_apart() {
    let name = |last: char| "n".repeat(200) + &last.to_string();
    let (one, two) = (name('a'), name('b'));
    let answers = listed(&[(&one, "alias/a")], &[(&two, "alias/b")]);
    let long = with(LISTED, "{table}-reader", "reader");
    let long = long.split("exceptions:").next().unwrap().to_owned();
    let expansion = expanded(&long, &answers);

    let (_, plan) = only(&expansion);
    let names: Vec<_> = plan
        .tables
        .iter()
        .map(|(name, table)| (name.len(), &table.name))
        .collect();
    assert_eq!(names, [(117, &one), (117, &two)]);
}

#[test]
fn a_table_that_is_gone_is_seen() {
    let before = expanded(BANK, &answers());
    let mut fewer = answers();
    fewer.get_mut("confidential").unwrap().tables.pop();
    let after = expanded(BANK, &fewer);

    let less = compare(only(&before).1, only(&after).1);
    assert_eq!(
        less.to_string(),
        "  - table customers@111122223333\n  - principal reader.blue-green@111122223333\n  0 probes more, 5 less"
    );
    assert!(less.shrinks());
    let more = compare(only(&after).1, only(&before).1);
    assert_eq!(
        more.to_string(),
        "  + table customers@111122223333\n  + principal reader.blue-green@111122223333\n  5 probes more, 0 less"
    );
    assert!(!more.shrinks() && !more.is_none());
    assert!(compare(only(&after).1, only(&after).1).is_none());
}

#[test]
fn characters_that_yaml_has_a_mind_of_its_own_about_come_through() {
    for odd in [
        "\u{85}",
        "\u{2028}",
        "\u{feff}x",
        "\u{7f}",
        "\u{1F600}",
        "a: b #c",
        "\\\"",
        "true",
        "null",
        "1",
    ] {
        let text = with(LISTED, "keyproof#canary", "ODD");
        let quoted = serde_json::Value::from(odd).to_string();
        let quoted = quoted
            .replace('\u{7f}', "\\u007f")
            .replace('\u{85}', "\\u0085");
        let quoted = quoted
            .replace('\u{2028}', "\\u2028")
            .replace('\u{feff}', "\\ufeff");
        let inventory = read(&text.replace("ODD", &quoted));
        let answers = listed(&[("orders", "alias/a")], &[("customers", "alias/b")]);
        // `written` holds what is read against what was meant.
        let expansion = expand(&inventory, &answers, Lost::Refused, Form::Yaml);
        let expansion =
            expansion.unwrap_or_else(|refusal| panic!("{odd:?}: {:?}", refused(&refusal)));
        let json = only(&expansion).1.to_json();
        let value = json.pointer("/tables/orders@111122223333/canary/key/pk/S");
        assert_eq!(value.unwrap(), odd);
    }
}

#[test]
fn accounts_and_regions_that_multiply_do_not_fill_the_memory() {
    let regions: Vec<String> = (10..60)
        .map(|n| format!("aa-{}-{}", ["b", "c"][n % 2], n / 2))
        .collect();
    let many = with(
        BANK,
        "regions: [eu-west-1]",
        &format!("regions: [{}]", regions.join(", ")),
    );
    let mut answers = answers();
    let found = answers.get_mut("everywhere").unwrap();
    found.accounts = (0..10_001).map(|n| account(&format!("{n:012}"))).collect();

    assert_eq!(
        refusal(&many, &answers),
        [
            "19:3: tables.control: its sources come to more than 500000 tables; make several inventories of it"
        ]
    );
}
