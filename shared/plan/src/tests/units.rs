// SPDX-License-Identifier: Apache-2.0
//! A plan divided: each probe in one unit, at its place in plan order.

use crate::{About, Plan};

const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  far: { table: "arn:aws:dynamodb:us-east-1:999988887777:table/far", key: aws-owned, inspect_as: reader, canary: { key: { pk: { S: c } } } }
  near: { table: near, key: aws-owned, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: outsider, on: near, actions: [dynamodb:GetItem], decision: denied, by: dynamodb }
  - { principal: reader, actions: [sts:AssumeRole], decision: allowed }
  - { principal: reader, on: far, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }
  - { principal: reader, on: near, actions: [dynamodb:GetItem], decision: allowed }
"#;

#[test]
fn a_unit_is_a_table_with_all_that_is_asked_about_it() {
    let plan = Plan::parse(PLAN).unwrap();

    let units = plan.units();

    let told: Vec<_> = units
        .all
        .iter()
        .map(|unit| {
            let principals: Vec<_> = unit.principals.iter().copied().collect();
            let probes = units.probes(unit);
            let probes: Vec<_> = probes
                .iter()
                .map(|(place, probe)| (*place, probe.id.as_str().to_owned()))
                .collect();
            assert_eq!(probes.len(), unit.probes);
            (unit.account, principals.join("+"), unit.about, probes)
        })
        .collect();
    let probe = |place: usize, id: &str| (place, id.to_owned());
    assert_eq!(
        told,
        [
            (
                Some("111122223333"),
                "outsider+reader".to_owned(),
                About::Table(1, "near"),
                vec![
                    probe(1, "near/encryption"),
                    probe(2, "outsider/dynamodb:GetItem/near"),
                    probe(6, "reader/dynamodb:GetItem/near"),
                ]
            ),
            (
                Some("111122223333"),
                "reader".to_owned(),
                About::Expectation(1),
                vec![probe(3, "reader/sts:AssumeRole")]
            ),
            (
                Some("999988887777"),
                "reader".to_owned(),
                About::Table(0, "far"),
                vec![
                    probe(0, "far/encryption"),
                    probe(4, "reader/dynamodb:GetItem/far"),
                    probe(5, "reader/dynamodb:Scan/far"),
                ]
            ),
        ]
    );
}

#[test]
fn the_units_probes_are_the_plans_at_their_places() {
    let plan = Plan::parse(PLAN).unwrap();

    let units = plan.units();
    let mut placed: Vec<_> = units
        .all
        .iter()
        .flat_map(|unit| units.probes(unit))
        .collect();
    placed.sort_by_key(|(place, _)| *place);

    let expected: Vec<_> = plan.probes().into_iter().enumerate().collect();
    assert_eq!(placed, expected);
    assert_eq!(plan.planned(), expected.len());
    for (place, probe) in expected {
        assert_eq!(units.id_at(place), Some(probe.id));
    }
    assert_eq!(units.id_at(plan.planned()), None);
    for unit in &units.all {
        let told: Vec<_> = units.places(unit).collect();
        let probes = units.probes(unit).into_iter().map(|(place, _)| place);
        assert_eq!(told, probes.collect::<Vec<_>>());
    }
}
