// SPDX-License-Identifier: Apache-2.0
//! What a run needs, asked for before it: by whom, and what is left unasked.

use keyproof_aws::{Examination, examine};
use keyproof_scripted::{Reply, Rule, Script, Scripted};
use keyproof_verdict::{Answer, Evidence};

use crate::world::{plan, runner, settings, world};

const BOTH: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:PutItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }
";

async fn examined(script: Script) -> (Examination, Scripted) {
    let endpoint = Scripted::start(script).await;
    let found = examine(&plan(BOTH), &settings(), &runner(&endpoint).await).await;
    (found, endpoint)
}

#[tokio::test]
async fn nobody_who_is_to_be_kept_out_tries_anything() {
    let (found, endpoint) = examined(Script::new(world())).await;

    assert_eq!(found.observations.probes.len(), 1);
    let read = &found.observations.probes["reader/dynamodb:GetItem/orders"];
    assert_eq!(read.answer, Answer::Allowed(Evidence::Canary));
    for operation in ["GetItem", "PutItem", "Decrypt"] {
        let callers: Vec<String> = endpoint
            .requests_of(operation)
            .into_iter()
            .map(|request| request.caller)
            .collect();
        let expected: &[&str] = if operation == "GetItem" {
            &["reader"]
        } else {
            &[]
        };
        assert_eq!(callers, expected, "{operation}");
    }
    let sessions: Vec<_> = found
        .sessions
        .iter()
        .map(|(name, seen)| (name.as_str(), &seen.answer))
        .collect();
    let made = Answer::Allowed(Evidence::Succeeded);
    assert_eq!(sessions, [("outsider", &made), ("reader", &made)]);
    assert!(!found.unguarded);
}

#[tokio::test]
async fn where_sts_has_no_room_for_the_guard_it_is_asked_without_and_told() {
    let refused = Reply::error(400, "PackedPolicyTooLarge", "too large");
    let refused = Rule::new(refused).on("AssumeRole").of("outsider").times(1);

    let (found, endpoint) = examined(Script::new(world()).rule(refused)).await;

    assert!(found.unguarded);
    let made = Answer::Allowed(Evidence::Succeeded);
    assert!(found.sessions.values().all(|seen| seen.answer == made));
    assert_eq!(endpoint.requests_of("AssumeRole").len(), 4);
}
