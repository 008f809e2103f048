// SPDX-License-Identifier: Apache-2.0
//! Expectations of several principals and tables at once.

use crate::Plan;

const HEAD: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: { table: orders, key: alias/orders, canary: { key: { pk: { S: c } } } }
  invoices: { table: invoices, key: alias/orders, canary: { key: { pk: { S: c } } } }
  control: { table: control, key: aws-owned, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  writer: { role: "arn:aws:iam::111122223333:role/writer" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
"#;

fn ids(expectations: &str) -> Result<Vec<String>, Vec<String>> {
    match Plan::parse(&format!("{HEAD}{expectations}")) {
        Ok(plan) => Ok(plan
            .probes()
            .into_iter()
            .skip(3)
            .map(|probe| probe.id)
            .collect()),
        Err(errors) => Err(errors
            .iter()
            .map(|error| format!("{}: {error}", error.place))
            .collect()),
    }
}

#[test]
fn each_principal_is_asked_about_each_table() {
    let listed = ids(
        "  - { principal: [reader, writer], on: [orders, invoices], actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }\n",
    );
    let single = "[dynamodb:GetItem, dynamodb:Scan], decision: allowed }\n";
    let one_by_one: String = [
        ("reader", "orders"),
        ("reader", "invoices"),
        ("writer", "orders"),
        ("writer", "invoices"),
    ]
    .map(|(principal, on)| format!("  - {{ principal: {principal}, on: {on}, actions: {single}"))
    .concat();

    assert_eq!(listed, ids(&one_by_one));
    assert_eq!(
        listed.unwrap(),
        [
            "reader/dynamodb:GetItem/orders",
            "reader/dynamodb:Scan/orders",
            "reader/dynamodb:GetItem/invoices",
            "reader/dynamodb:Scan/invoices",
            "writer/dynamodb:GetItem/orders",
            "writer/dynamodb:Scan/orders",
            "writer/dynamodb:GetItem/invoices",
            "writer/dynamodb:Scan/invoices",
        ]
    );
}

#[test]
fn roles_alone_may_be_listed_too() {
    assert_eq!(
        ids(
            "  - { principal: [reader, outsider], actions: [sts:AssumeRole], decision: allowed }\n"
        ),
        Ok(vec![
            "reader/sts:AssumeRole".to_owned(),
            "outsider/sts:AssumeRole".to_owned()
        ])
    );
}

#[test]
fn what_is_wrong_in_a_list_is_said_at_its_place() {
    let wrong = ids(
        "  - { principal: [reader, raeder, reader, 7], on: [], actions: [dynamodb:GetItem], decision: allowed }\n",
    );
    assert_eq!(
        wrong.unwrap_err(),
        [
            "14:27: expectations[0].principal[1]: unknown principal `raeder`; did you mean `reader`?",
            "14:35: expectations[0].principal[2]: principal `reader` is given twice, first on line 14; keep one of them",
            "14:43: expectations[0].principal[3]: expected a string, found a number; put it in quotes",
            "14:51: expectations[0].on: nobody and nothing is named; name at least one, or remove the field",
        ]
    );
}

#[test]
fn a_probe_of_two_lists_is_planned_twice() {
    let wrong = ids(
        "  - { principal: [reader, writer], on: [orders, invoices], actions: [dynamodb:GetItem], decision: allowed }
  - { principal: writer, on: [control, invoices], actions: [dynamodb:Scan, dynamodb:GetItem], decision: allowed }\n",
    );
    assert_eq!(
        wrong.unwrap_err(),
        [
            "15:5: expectations[1]: `writer/dynamodb:GetItem/invoices` is expected already on line 14, column 5; each probe is planned once"
        ]
    );
}

#[test]
fn each_table_of_a_list_needs_its_own_witness() {
    let wrong = ids(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: [orders, invoices, control], actions: [dynamodb:GetItem], decision: denied, by: dynamodb }\n",
    )
    .unwrap_err();
    assert_eq!(wrong.len(), 2, "{wrong:#?}");
    assert!(wrong[0].starts_with("7:"), "{wrong:#?}");
    assert!(wrong[1].starts_with("8:"), "{wrong:#?}");

    let wrong = ids(
        "  - { principal: reader, on: [orders, control], actions: [kms:Decrypt], decision: allowed }\n",
    );
    assert_eq!(
        wrong.unwrap_err(),
        [
            "14:59: expectations[0].actions: table `control` is `aws-owned`, so there is no key to try `kms:Decrypt` on; KMS denies nobody there"
        ]
    );
}

#[test]
fn a_short_text_can_not_plan_more_probes_than_memory_holds() {
    use std::fmt::Write as _;
    let mut text = "keyproof: plan/v1\nname: large\nregion: us-east-1\ntables:\n".to_owned();
    let names = |letter: char| (0..1_001).map(move |n| format!("{letter}{n}"));
    for name in names('t') {
        writeln!(
            text,
            "  {name}: {{ table: table-{name}, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }} }} }}"
        )
        .unwrap();
    }
    text.push_str("principals:\n");
    for name in names('p') {
        writeln!(
            text,
            "  {name}: {{ role: \"arn:aws:iam::111122223333:role/{name}\" }}"
        )
        .unwrap();
    }
    let all = |letter| names(letter).collect::<Vec<_>>().join(", ");
    writeln!(
        text,
        "expectations:\n  - {{ principal: [{}], on: [{}], actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }}",
        all('p'),
        all('t')
    )
    .unwrap();

    let errors = Plan::parse(&text).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "expectations[0]: 2005003 probes up to this expectation; at most 2000000 are allowed"
    );
}
