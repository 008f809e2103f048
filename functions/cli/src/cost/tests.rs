// SPDX-License-Identifier: Apache-2.0
//! What is counted is what the plan has, and every figure can be derived.

use keyproof_plan::Plan;

use super::{ALARM_METRICS, BYTES_AROUND, BYTES_OF_PROBE, Calls, OneRun, PriceList, cost};

const PLAN: &str = include_str!("../../../../plans/orders.yaml");
const TEMPLATE: &str = include_str!("../../../../template.yaml");

fn plan() -> Plan {
    Plan::parse(PLAN).unwrap()
}

#[test]
fn the_calls_of_a_run_are_the_plans() {
    // Two principals; by principal and table: reader on orders 8 reads that are let in, 3 writes that
    // DynamoDB denies, 9 direct KMS calls; on control 3 reads that DynamoDB denies. outsider on orders 8
    // reads and 3 writes that KMS denies, 9 direct calls; on control 6 reads and 3 writes let in.
    let expected = Calls {
        sessions: 2,
        dynamodb: 8 + 3 + 3 + 8 + 3 + 6 + 3,
        // Each that KMS denies, and one for the reader, who is let in.
        kms_behind: 8 + 3 + 1,
        // Six of the nine direct calls are dry runs, for both.
        dry_runs: 2 * 6,
        // The other three, and the look at the key of the one encrypted table.
        looks: 2 * 3 + 1,
        descriptions: 2,
        // Reader: 2 scans, 1 transaction, 5 others. Outsider on control: 1 scan, 1 transaction, 4.
        reads: 3 * 256 + 2 * 2 + 5 + 4,
        writes: 3,
    };
    assert_eq!(Calls::of(&plan()), expected);
}

#[test]
fn every_figure_is_a_number_times_a_price() {
    let prices = PriceList::of_us_east_1().unwrap();
    let bill = cost(&plan(), 15, &prices, OneRun::of(&plan(), 25, 32, 50));

    assert!((bill.runs_in_a_month - 2920.0).abs() < 1e-9);
    for line in &bill.lines {
        assert!(
            (line.cost - line.in_a_month * line.price).abs() < 1e-9,
            "{line:?}"
        );
        if let Some(each) = line.each_run {
            assert!((line.in_a_month - each * 2920.0).abs() < 1e-6, "{line:?}");
        }
        assert!(
            line.source.starts_with("https://aws.amazon.com/"),
            "{line:?}"
        );
        assert!(!line.how.is_empty());
    }
    let dry_runs = bill
        .lines
        .iter()
        .find(|line| line.what == "KMS dry runs")
        .unwrap();
    // 12 a run, 3 cents for ten thousand.
    assert!((dry_runs.cost - 12.0 * 2920.0 * 0.03 / 10_000.0).abs() < 1e-9);
    let sum: f64 = bill.lines.iter().map(|line| line.cost).sum();
    assert!((sum - bill.runs_cost - bill.stack_cost).abs() < 1e-9);
}

#[test]
fn half_as_often_costs_half_and_the_stack_the_same() {
    let prices = PriceList::of_us_east_1().unwrap();
    let (often, seldom) = (
        cost(&plan(), 15, &prices, OneRun::of(&plan(), 25, 32, 50)),
        cost(&plan(), 30, &prices, OneRun::of(&plan(), 25, 32, 50)),
    );

    assert!((often.runs_cost - 2.0 * seldom.runs_cost).abs() < 1e-9);
    assert!((often.stack_cost - seldom.stack_cost).abs() < 1e-9);
    assert!(often.runs_cost > 0.0);
}

#[test]
fn the_alarms_are_as_many_as_the_template_has() {
    // A metric of its own, or one of those that an expression looks at; a query is one, too. What is there
    // on a condition, where there are inventories, nobody pays for without it.
    let alarms = TEMPLATE.split("    Type: AWS::CloudWatch::Alarm\n").skip(1);
    let metrics: usize = alarms
        .filter(|alarm| !alarm.starts_with("    Condition: "))
        .map(|alarm| {
            let alarm = alarm.split("\n  # ---").next().unwrap();
            let alarm = alarm.split("    Type: ").next().unwrap();
            let looked_at = alarm.matches("          MetricStat:").count();
            looked_at.max(1)
        })
        .sum();
    assert_eq!(metrics, usize::try_from(ALARM_METRICS).unwrap());
}

#[test]
fn a_report_is_about_as_long_as_is_counted() {
    let report = include_str!("../../../../shared/report/cases/every-finding/report.json");
    let parsed: serde_json::Value = serde_json::from_str(report).unwrap();
    let probes = parsed["probes"].as_array().unwrap().len();
    let length = serde_json::to_string(&parsed).unwrap().len();
    let counted = BYTES_AROUND + probes * BYTES_OF_PROBE;

    assert!(
        counted * 10 > length * 7 && counted * 10 < length * 14,
        "{counted} for {length}"
    );
}

#[test]
fn a_table_that_lacks_a_price_or_has_a_strange_one_is_refused() {
    let whole = include_str!("../../prices/us-east-1.json");
    let without = whole.replace("\"kms_request\"", "\"kms_requests\"");
    let negative = whole.replace("\"price\": 0.03", "\"price\": -0.03");
    let more = whole.replace(
        "\"prices\": {",
        "\"prices\": { \"x\": { \"price\": 1, \"per\": 1, \"unit\": \"x\", \"source\": \"x\" },",
    );
    let field = whole.replace("\"as_of\"", "\"asof\"");

    let error = |text: &str| PriceList::read(text).unwrap_err();
    assert_eq!(error(&without), "the table has no price `kms_request`");
    assert_eq!(
        error(&negative),
        "the price `kms_request` is none; expected `price` from 0 and `per` above 0"
    );
    assert_eq!(error(&more), "`x` is no price that keyproof counts with");
    assert!(error(&field).starts_with("unknown field `asof`"));
}

#[test]
fn a_run_is_counted_and_timed_before_it_is_made() {
    // Who the operator is, and the calls that are billed or looked at, but for none asked twice.
    let found = OneRun::of(&plan(), 25, 32, 50);
    assert_eq!(
        found.calls,
        1 + u64::try_from(Calls::of(&plan()).all()).unwrap()
    );
    // A round for the sessions, and two for 58 calls.
    assert!((found.seconds - 0.15).abs() < 1e-9, "{found:?}");
    assert_eq!(found.bound_by, None);
    let slow = OneRun::of(&plan(), 1, 32, 50);
    assert_eq!(slow.bound_by, Some("KMS CreateGrant"));
}
