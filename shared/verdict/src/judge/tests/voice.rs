// SPDX-License-Identifier: Apache-2.0
//! Every sentence that a report can speak, as a file to read: `voice.txt`. `UPDATE_GOLDEN=1` writes
//! it anew; read the difference aloud before you keep it.

use std::fmt::Write as _;

use keyproof_core::{PolicyType, Service};
use keyproof_plan::{Action, Expected, Plan, TableKey};

use super::matrix::BLINDNESS;
use super::{
    DENIED_BY_KMS, KEY, OTHER_KEY, denied, excepted, expect, facts, observed, plan, saw, seen_table,
};
use crate::{Answer, Blindness, Denial, Encryption, Evidence, KeyState, Observations, judge};

struct Pages(String);

impl Pages {
    fn say(&mut self, plan: &Plan, seen: &Observations, id: &str) {
        let report = judge(plan, seen, facts());
        let row = report.probes.iter().find(|row| row.id == id).unwrap();
        let finding = row.finding.map_or("pass", |finding| finding.as_str());
        writeln!(self.0, "[{finding}] {}\n", row.reason).unwrap();
    }

    fn heading(&mut self, text: &str) {
        writeln!(self.0, "# {text}\n").unwrap();
    }
}

fn subject(action: Action, expected: Expected) -> (Plan, String) {
    let plan = plan(vec![expect(
        "outsider",
        Some("orders"),
        &[action],
        expected,
        21,
    )]);
    (plan, format!("outsider/{action}/orders"))
}

fn refusal(by: Service, policy: Option<PolicyType>, explicit: Option<bool>) -> Answer {
    Answer::Denied(Denial {
        by: Some(by),
        policy,
        explicit,
        ..Denial::default()
    })
}

fn denied_expectations(pages: &mut Pages) {
    pages.heading("expected denied");
    let by_kms = refusal(Service::Kms, Some(PolicyType::ResourcePolicy), Some(false));
    let (plan, id) = subject(Action::GetItem, DENIED_BY_KMS);
    pages.say(&plan, &observed(&id, by_kms.clone()), &id);
    let explicit = refusal(Service::Kms, Some(PolicyType::IdentityPolicy), Some(true));
    pages.say(&plan, &observed(&id, explicit), &id);
    let document = Denial {
        by: Some(Service::Kms),
        policy: Some(PolicyType::Scp),
        explicit: Some(true),
        document: Some(
            "arn:aws:organizations::444455556666:policy/o-1/service_control_policy/p-1".to_owned(),
        ),
        ..Denial::default()
    };
    pages.say(&plan, &observed(&id, Answer::Denied(document)), &id);
    for evidence in [
        Evidence::Canary,
        Evidence::CanaryMissing,
        Evidence::CanaryAltered {
            attribute: "proof".to_owned(),
        },
        Evidence::Evaluated,
    ] {
        pages.say(&plan, &observed(&id, Answer::Allowed(evidence)), &id);
    }
    pages.say(
        &plan,
        &observed(
            &id,
            denied(Some(Service::DynamoDb), Some(PolicyType::IdentityPolicy)),
        ),
        &id,
    );
    pages.say(&plan, &observed(&id, denied(None, None)), &id);
    pages.say(
        &plan,
        &observed(&id, Answer::KeyUnusable(KeyState::Disabled)),
        &id,
    );
    for state in [
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::Unavailable,
    ] {
        let mut seen = observed(&id, by_kms.clone());
        seen.tables.get_mut("orders").unwrap().key_state = Some(state);
        pages.say(&plan, &seen, &id);
    }
    let mut seen = observed(&id, by_kms.clone());
    seen.probes.remove("reader/dynamodb:GetItem/orders");
    pages.say(&plan, &seen, &id);
    let missed = saw(Answer::Allowed(Evidence::CanaryMissing));
    seen.probes
        .insert("reader/dynamodb:GetItem/orders".to_owned(), missed);
    pages.say(&plan, &seen, &id);
    seen.probes.clear();
    pages.say(&plan, &seen, &id);
}

fn denied_calls_and_layers(pages: &mut Pages) {
    pages.heading("expected denied: other calls, other layers");
    let by_kms = refusal(Service::Kms, Some(PolicyType::ResourcePolicy), Some(false));
    let named = Expected::Denied {
        by: Service::Kms,
        policy: Some(PolicyType::ResourcePolicy),
    };
    let (plan, id) = subject(Action::Decrypt, named);
    let elsewhere = refusal(Service::Kms, Some(PolicyType::IdentityPolicy), Some(false));
    pages.say(&plan, &observed(&id, by_kms), &id);
    pages.say(&plan, &observed(&id, elsewhere), &id);
    pages.say(
        &plan,
        &observed(&id, refusal(Service::Kms, None, None)),
        &id,
    );
    pages.say(
        &plan,
        &observed(&id, Answer::Allowed(Evidence::DryRun)),
        &id,
    );
    let (plan, id) = subject(Action::PutItem, DENIED_BY_KMS);
    pages.say(
        &plan,
        &observed(&id, Answer::Allowed(Evidence::ConditionFailed)),
        &id,
    );
    let (plan, id) = subject(Action::RevokeGrant, DENIED_BY_KMS);
    pages.say(
        &plan,
        &observed(&id, Answer::Allowed(Evidence::GrantLookedUp)),
        &id,
    );
    let (plan, id) = subject(Action::Query, DENIED_BY_KMS);
    let other_key = Denial {
        by: Some(Service::Kms),
        policy: Some(PolicyType::ResourcePolicy),
        explicit: Some(false),
        resource: Some(OTHER_KEY.to_owned()),
        ..Denial::default()
    };
    pages.say(&plan, &observed(&id, Answer::Denied(other_key)), &id);
    let endpoint = refusal(
        Service::Kms,
        Some(PolicyType::VpcEndpointPolicy),
        Some(true),
    );
    pages.say(&plan, &observed(&id, endpoint), &id);
    let by_dynamodb = Expected::Denied {
        by: Service::DynamoDb,
        policy: None,
    };
    let (plan, id) = subject(Action::Scan, by_dynamodb);
    pages.say(
        &plan,
        &observed(&id, denied(Some(Service::DynamoDb), None)),
        &id,
    );
    pages.say(&plan, &observed(&id, denied(Some(Service::Kms), None)), &id);
    pages.say(
        &plan,
        &observed(&id, Answer::Allowed(Evidence::Canary)),
        &id,
    );
    let (mut plan, _) = subject(Action::Query, DENIED_BY_KMS);
    plan.expectations[1].index = Some("by-date".to_owned());
    plan.tables.get_mut("orders").unwrap().key = TableKey::Alias("alias/orders".to_owned());
    let id = "outsider/dynamodb:Query/orders/by-date";
    let mut seen = observed(id, Answer::Allowed(Evidence::Canary));
    seen.tables.get_mut("orders").unwrap().expected_key = None;
    pages.say(&plan, &seen, id);
}

fn assuming(pages: &mut Pages) {
    pages.heading("expected denied: sts:AssumeRole");
    let expected = Expected::Denied {
        by: Service::Sts,
        policy: None,
    };
    let plan = plan(vec![expect(
        "retired",
        None,
        &[Action::AssumeRole],
        expected,
        21,
    )]);
    let id = "retired/sts:AssumeRole";
    let tags = Denial {
        by: Some(Service::Sts),
        action: Some("sts:TagSession".to_owned()),
        ..Denial::default()
    };
    for answer in [
        refusal(Service::Sts, None, None),
        refusal(Service::Sts, Some(PolicyType::TrustPolicy), Some(false)),
        Answer::Denied(tags),
        refusal(Service::Sts, Some(PolicyType::IdentityPolicy), Some(false)),
        Answer::Allowed(Evidence::Succeeded),
    ] {
        pages.say(&plan, &observed(id, answer), id);
    }
}

fn allowed_expectations(pages: &mut Pages) {
    pages.heading("expected allowed");
    let (plan, id) = subject(Action::GetItem, Expected::Allowed);
    let policies = [None].into_iter().chain(PolicyType::DENYING.map(Some));
    for policy in policies {
        pages.say(
            &plan,
            &observed(&id, refusal(Service::Kms, policy, Some(false))),
            &id,
        );
    }
    pages.say(
        &plan,
        &observed(
            &id,
            refusal(Service::Kms, Some(PolicyType::ResourcePolicy), Some(true)),
        ),
        &id,
    );
    pages.say(
        &plan,
        &observed(&id, refusal(Service::DynamoDb, None, None)),
        &id,
    );
    pages.say(&plan, &observed(&id, denied(None, None)), &id);
    pages.say(
        &plan,
        &observed(&id, Answer::KeyUnusable(KeyState::PendingDeletion)),
        &id,
    );
    let mut seen = observed(&id, Answer::Allowed(Evidence::Canary));
    pages.say(&plan, &seen, &id);
    seen.tables.get_mut("orders").unwrap().key_state = Some(KeyState::Disabled);
    pages.say(&plan, &seen, &id);
    for evidence in [
        Evidence::CanaryMissing,
        Evidence::CanaryAltered {
            attribute: "proof".to_owned(),
        },
        Evidence::Succeeded,
        Evidence::Evaluated,
    ] {
        pages.say(&plan, &observed(&id, Answer::Allowed(evidence)), &id);
    }
    for (action, evidence) in [
        (Action::Decrypt, Evidence::DryRun),
        (Action::UpdateItem, Evidence::ConditionFailed),
        (Action::DescribeKey, Evidence::Succeeded),
        (Action::RevokeGrant, Evidence::GrantLookedUp),
        (Action::Encrypt, Evidence::Unproven),
    ] {
        let (plan, id) = subject(action, Expected::Allowed);
        pages.say(&plan, &observed(&id, Answer::Allowed(evidence)), &id);
    }
    let expectation = expect(
        "outsider",
        Some("control"),
        &[Action::GetItem],
        Expected::Allowed,
        21,
    );
    let plan = super::plan(vec![expectation]);
    let id = "outsider/dynamodb:GetItem/control";
    pages.say(&plan, &observed(id, Answer::Allowed(Evidence::Canary)), id);
}

fn nothing_found_out(pages: &mut Pages) {
    pages.heading("nothing found out");
    let (plan, id) = subject(Action::GetItem, DENIED_BY_KMS);
    for blindness in BLINDNESS {
        // A constant can't hold the words; whoever evaluates always gives some.
        let blindness = if matches!(blindness, Blindness::Untold(_)) {
            Blindness::Untold("it hangs on `aws:SourceVpce`, which nothing here says".to_owned())
        } else {
            blindness
        };
        let mut seen = observed(&id, Answer::Unknown(blindness));
        seen.probes.get_mut(&id).unwrap().error_code = Some("SomeCode".to_owned());
        pages.say(&plan, &seen, &id);
    }
    pages.say(&plan, &Observations::default(), &id);
}

fn tables(pages: &mut Pages) {
    pages.heading("encryption");
    let (plan, id) = subject(Action::GetItem, DENIED_BY_KMS);
    let key = |arn: &str| Encryption::Key {
        arn: arn.to_owned(),
    };
    let mut seen = observed(&id, denied(None, None));
    pages.say(&plan, &seen, "orders/encryption");
    for (encryption, state) in [
        (key(KEY), Some(KeyState::Disabled)),
        (key(OTHER_KEY), None),
        (Encryption::AwsOwned, None),
    ] {
        seen.tables
            .insert("orders".to_owned(), seen_table(encryption, state));
        pages.say(&plan, &seen, "orders/encryption");
    }
    for look in [
        denied(Some(Service::DynamoDb), None),
        Answer::Allowed(Evidence::Succeeded),
        Answer::KeyUnusable(KeyState::Disabled),
    ] {
        let table = seen.tables.get_mut("orders").unwrap();
        table.encryption = None;
        table.look = saw(look);
        pages.say(&plan, &seen, "orders/encryption");
    }
    let mut elsewhere = seen_table(key(KEY), None);
    elsewhere.table_arn =
        Some("arn:aws:dynamodb:us-east-1:444455556666:table/prod-orders".to_owned());
    seen.tables.insert("orders".to_owned(), elsewhere);
    pages.say(&plan, &seen, "orders/encryption");
    seen.tables.remove("orders");
    pages.say(&plan, &seen, "orders/encryption");
    pages.say(&plan, &seen, "control/encryption");
    seen.tables
        .insert("control".to_owned(), seen_table(key(KEY), None));
    pages.say(&plan, &seen, "control/encryption");
}

fn exceptions(pages: &mut Pages) {
    pages.heading("exceptions");
    let id = super::READ;
    let exposed = observed(id, Answer::Allowed(Evidence::Canary));
    pages.say(&excepted("2026-12-31"), &exposed, id);
    pages.say(&excepted("2026-11-01"), &exposed, id);
    pages.say(
        &excepted("2026-12-31"),
        &observed(id, denied(Some(Service::Kms), None)),
        id,
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "goldens are written anew on demand"
)]
fn every_reason_reads_as_it_was_last_read_aloud() {
    let mut pages = Pages(String::new());

    denied_expectations(&mut pages);
    denied_calls_and_layers(&mut pages);
    assuming(&mut pages);
    allowed_expectations(&mut pages);
    nothing_found_out(&mut pages);
    tables(&mut pages);
    exceptions(&mut pages);

    if std::env::var("UPDATE_GOLDEN").is_ok() {
        let folder = env!("CARGO_MANIFEST_DIR");
        std::fs::write(format!("{folder}/src/judge/tests/voice.txt"), &pages.0).unwrap();
        return;
    }
    assert_eq!(pages.0, include_str!("voice.txt"));
}
