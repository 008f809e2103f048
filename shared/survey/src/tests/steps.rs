// SPDX-License-Identifier: Apache-2.0
//! What somebody who waits is told.

use std::sync::{Arc, Mutex};

use super::*;
use crate::Step;

/// A survey, and what it has told.
fn telling(survey: Survey) -> (Survey, Arc<Mutex<Vec<Step>>>) {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&steps);
    let survey = survey.telling(move |step| told.lock().unwrap().push(step));
    (survey, steps)
}

#[tokio::test]
async fn each_unit_and_each_accounts_tags_are_a_step() {
    let mut all = rules();
    all.push(Rule::new(Reply::body(&json!({ "Tags": [] }).to_string())).on("ListTagsForResource"));
    let (_endpoint, survey) = serve(all).await;
    let (survey, steps) = telling(survey);
    let organization = Organization {
        reads_tags: true,
        ..organization()
    };

    survey.organization(&organization).await.unwrap();

    assert_eq!(
        *steps.lock().unwrap(),
        [
            Step::Members(1),
            Step::Members(3),
            // The suspended one is left out.
            Step::Tags { done: 1, of: 2 },
            Step::Tags { done: 2, of: 2 },
        ]
    );
}

#[tokio::test]
async fn each_account_is_a_step_whether_it_can_be_read_or_not() {
    let refusal = Reply::error(400, "AccessDeniedException", "no");
    let rules = vec![
        by(
            "n111122223333",
            &page(
                &[
                    mapping(ONE, "orders", "secret"),
                    mapping(ONE, "customers", "secret"),
                ],
                "",
            ),
        ),
        Rule::new(refusal).on(RESOURCES).by("n444455556666"),
    ];
    let (_endpoint, survey) = serve(rules).await;
    let (survey, steps) = telling(survey);
    let accounts = [account(ONE), account(TWO)];

    let tagged = tagged(Some(ROLE));
    survey
        .tagged(&tagged, &accounts, &[REGION.to_owned()])
        .await;

    let steps = steps.lock().unwrap();
    let [
        Step::Searched {
            done: 1,
            of: 2,
            tables,
            unread,
        },
        last,
    ] = steps[..]
    else {
        panic!("{steps:?}");
    };
    // Whichever answers first.
    assert!(
        matches!((tables, unread), (2, 0) | (0, 1)),
        "{tables} {unread}"
    );
    assert_eq!(
        last,
        Step::Searched {
            done: 2,
            of: 2,
            tables: 2,
            unread: 1
        }
    );
}
