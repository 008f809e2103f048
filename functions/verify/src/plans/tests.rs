// SPDX-License-Identifier: Apache-2.0
//! Which plan a name means, and what is said where it means none.

use super::*;

fn plan(name: &str) -> String {
    format!(
        r#"{{"keyproof": "plan/v1", "name": "{name}", "region": "us-east-1",
            "tables": {{"control": {{"table": "control", "key": "aws-owned", "canary": {{"key": {{"pk": {{"S": "c"}}}}}}}}}},
            "principals": {{"reader": {{"role": "arn:aws:iam::111122223333:role/reader"}}}},
            "expectations": [{{"principal": "reader", "on": "control", "actions": ["dynamodb:GetItem"], "decision": "allowed"}}]}}"#
    )
}

fn plans(variables: &[(&str, &str)]) -> Plans {
    Plans::read(
        variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
    )
}

#[track_caller]
fn refused(plans: &Plans, name: Option<&str>) -> (&'static str, String) {
    let error = plans.named(name).unwrap_err();
    (error.name(), error.to_string())
}

#[test]
fn a_plan_goes_by_the_name_in_it() {
    let plans = plans(&[
        ("KEYPROOF_PLAN", &plan("orders")),
        ("KEYPROOF_PLAN_2", &plan("invoices")),
        ("PATH", "/bin"),
        ("KEYPROOF_PLANNER", "no plan"),
    ]);

    assert_eq!(plans.named(Some("orders")).unwrap().name, "orders");
    assert_eq!(plans.named(Some("invoices")).unwrap().name, "invoices");
    assert_eq!(
        refused(&plans, Some("payroll")),
        (
            "PlanNotFound",
            "there is no plan `payroll`; the function has `invoices`, `orders`".to_owned()
        )
    );
    assert_eq!(
        refused(&plans, None),
        (
            "PlanNotNamed",
            "the request names no plan; the function has `invoices`, `orders`".to_owned()
        )
    );
}

#[test]
fn without_a_name_the_only_plan_is_meant() {
    let plans = plans(&[("KEYPROOF_PLAN_ORDERS", &plan("orders"))]);

    assert_eq!(plans.named(None).unwrap().name, "orders");
}

#[test]
fn a_function_without_plans_says_where_to_put_one() {
    let nowhere = "the function has none, put one into its variable `KEYPROOF_PLAN`";

    assert_eq!(
        refused(&plans(&[]), Some("orders")),
        (
            "PlanNotFound",
            format!("there is no plan `orders`; {nowhere}")
        )
    );
    assert_eq!(
        refused(&plans(&[]), None),
        (
            "PlanNotNamed",
            format!("the request names no plan; {nowhere}")
        )
    );
}

#[test]
fn a_broken_plan_matters_when_it_could_be_the_one() {
    let plans = plans(&[
        ("KEYPROOF_PLAN", &plan("orders")),
        ("KEYPROOF_PLAN_BAD", "[1]"),
    ]);

    assert_eq!(plans.named(Some("orders")).unwrap().name, "orders");
    let (name, sentence) = refused(&plans, Some("invoices"));
    assert_eq!(name, "InvalidPlan");
    assert!(
        sentence.starts_with("the plan in `KEYPROOF_PLAN_BAD` is not valid: 1:1: "),
        "{sentence}"
    );
    assert_eq!(refused(&plans, None).0, "InvalidPlan");
}

#[test]
fn a_name_that_two_plans_claim_is_neither() {
    let plans = plans(&[
        ("KEYPROOF_PLAN_A", &plan("orders")),
        ("KEYPROOF_PLAN_B", &plan("orders")),
        ("KEYPROOF_PLAN_C", &plan("invoices")),
    ]);

    assert_eq!(plans.named(Some("invoices")).unwrap().name, "invoices");
    assert_eq!(
        refused(&plans, Some("orders")),
        (
            "InvalidPlan",
            "the plans in `KEYPROOF_PLAN_A` and `KEYPROOF_PLAN_B` are both named `orders`; rename one"
                .to_owned()
        )
    );
}

#[test]
fn a_long_name_is_not_repeated_whole() {
    let (_, sentence) = refused(&plans(&[]), Some(&"x".repeat(1000)));

    assert!(sentence.len() < 300, "{sentence}");
}
