// SPDX-License-Identifier: Apache-2.0
//! Properties of the parser on texts that nobody wrote.

use proptest::prelude::*;

use super::with_expectations;
use crate::Plan;

/// A good plan with a few of its characters replaced, removed or doubled.
fn damaged_plan() -> impl Strategy<Value = String> {
    let good = with_expectations(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }
  - { principal: outsider, actions: [sts:AssumeRole], decision: allowed }
",
    );
    let length = good.chars().count();
    let piece = prop::sample::select(vec![
        "", "a", " ", "\n", "\n  ", ":", ": ", "{", "}", "[", "]", ",", "'", "\"", "&x ", "*x",
        "!T ", "- ", "#", "1", "~", "\t", "\0", "é",
    ]);
    prop::collection::vec((0..length, 0usize..4, piece), 0..6).prop_map(move |edits| {
        let mut text: Vec<char> = good.chars().collect();
        for (at, removed, piece) in edits {
            let at = at.min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// Either a plan, or errors that can be shown.
fn outcome_is_whole(text: &str) -> Result<(), TestCaseError> {
    match Plan::parse(text) {
        Ok(plan) => {
            let probes = plan.probes();
            let ids: std::collections::BTreeSet<&str> =
                probes.iter().map(|probe| probe.id.as_str()).collect();
            prop_assert_eq!(ids.len(), probes.len());
            prop_assert!(!plan.expectations.is_empty());
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.is_sorted_by_key(|error| error.place));
            for error in &errors {
                prop_assert!(!error.to_string().contains('\n'), "{}", error);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_gives_a_plan_or_errors(text in any::<String>()) {
        outcome_is_whole(&text)?;
    }

    #[test]
    fn a_damaged_plan_gives_a_plan_or_errors(text in damaged_plan()) {
        outcome_is_whole(&text)?;
    }
}
