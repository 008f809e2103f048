// SPDX-License-Identifier: Apache-2.0
//! The table of findings, written out, against every combination of expectation, answer, witness and
//! key state. To change a rule, change its line in [`DENIED`], [`ALLOWED`] or [`ENCRYPTION`].

use keyproof_core::{PolicyType, Service};
use keyproof_plan::{Action, Expected, TableKey};

use super::{
    KEY, OTHER_KEY, denied, expect, facts, observed, outsider_denied, plan, row_verdict, saw,
    seen_table,
};
use crate::{
    Answer, Blindness, Denial, Encryption, Evidence, Finding, KeyState, TableObservation, Verdict,
    judge,
};

/// Expected denied by KMS: answer, witness, key state, finding. The first line that fits counts; `*`
/// fits anything, `unusable` any state but enabled and unseen.
const DENIED: &str = "
    allowed             *        *         exposed
    denied_dynamodb     *        *         masked
    denied_sts          *        *         masked
    denied_unnamed      *        *         masked
    denied_other_caller *        *         blind
    key_unusable        *        *         key_unusable
    unknown             *        *         blind
    unseen              *        *         blind
    denied_kms          *        unusable  key_unusable
    denied_kms          read     *         pass
    denied_kms          missed   *         canary_missing
    denied_kms          none     *         no_witness
";

/// Expected allowed, a read: answer, witness, key state, finding.
const ALLOWED: &str = "
    denied_other_caller *        gone      locked_out
    denied_other_caller *        *         blind
    denied_kms          *        *         locked_out
    denied_dynamodb     *        *         locked_out
    denied_sts          *        *         locked_out
    denied_unnamed      *        *         locked_out
    key_unusable        *        *         locked_out
    *                   *        gone      locked_out
    whole_canary        *        *         pass
    no_canary           *        *         canary_missing
    grant_looked_up     *        *         blind
    unknown             *        *         blind
    unseen              *        *         blind
";

/// Every answer with the words that the tables call it by.
fn answers() -> Vec<(Vec<&'static str>, Option<Answer>)> {
    let allowed = |evidence, word| (vec!["allowed", word], Some(Answer::Allowed(evidence)));
    let refused = |by, word| (vec![word], Some(denied(by, None)));
    let unusable = |state| (vec!["key_unusable"], Some(Answer::KeyUnusable(state)));
    let stranger = Denial {
        by: Some(Service::Kms),
        user: Some("arn:aws:sts::111122223333:assumed-role/somebody-else/s".to_owned()),
        ..Denial::default()
    };
    let mut all = vec![
        allowed(Evidence::Canary, "whole_canary"),
        allowed(Evidence::Evaluated, "whole_canary"),
        allowed(Evidence::CanaryMissing, "no_canary"),
        allowed(
            Evidence::CanaryAltered {
                attribute: "proof".to_owned(),
            },
            "no_canary",
        ),
        allowed(Evidence::DryRun, "no_canary"),
        allowed(Evidence::ConditionFailed, "no_canary"),
        allowed(Evidence::Succeeded, "no_canary"),
        allowed(Evidence::GrantLookedUp, "grant_looked_up"),
        allowed(Evidence::Unproven, "grant_looked_up"),
        refused(Some(Service::Kms), "denied_kms"),
        refused(Some(Service::DynamoDb), "denied_dynamodb"),
        refused(Some(Service::Sts), "denied_sts"),
        refused(None, "denied_unnamed"),
        (vec!["denied_other_caller"], Some(Answer::Denied(stranger))),
        unusable(KeyState::Enabled),
        unusable(KeyState::Disabled),
        unusable(KeyState::PendingDeletion),
        unusable(KeyState::Unavailable),
        (vec!["unseen"], None),
    ];
    all.extend(BLINDNESS.map(|blindness| (vec!["unknown"], Some(Answer::Unknown(blindness)))));
    all
}

pub(super) const BLINDNESS: [Blindness; 19] = [
    Blindness::Throttled,
    Blindness::Conflict,
    Blindness::TimedOut,
    Blindness::Deadline,
    Blindness::ServiceFailure,
    Blindness::NoConnection,
    Blindness::Credentials,
    Blindness::NoSession,
    Blindness::WrongSession,
    Blindness::NotRenewed,
    Blindness::NotFound,
    Blindness::OtherCaller,
    Blindness::Interrupted,
    Blindness::Guard,
    Blindness::Unreadable,
    Blindness::MayNotLook,
    Blindness::Changing,
    Blindness::Untold(String::new()),
    Blindness::Other,
];

fn key_states() -> Vec<(Vec<&'static str>, Option<KeyState>)> {
    vec![
        (vec!["unseen"], None),
        (vec!["enabled"], Some(KeyState::Enabled)),
        (vec!["unusable", "gone"], Some(KeyState::Disabled)),
        (vec!["unusable", "gone"], Some(KeyState::PendingDeletion)),
        (vec!["unusable"], Some(KeyState::Unavailable)),
    ]
}

fn witnesses() -> Vec<(Vec<&'static str>, Option<Answer>)> {
    vec![
        (vec!["read"], Some(Answer::Allowed(Evidence::Canary))),
        (
            vec!["missed"],
            Some(Answer::Allowed(Evidence::CanaryMissing)),
        ),
        (
            vec!["missed"],
            Some(Answer::Allowed(Evidence::CanaryAltered {
                attribute: "proof".to_owned(),
            })),
        ),
        (vec!["missed"], Some(Answer::Allowed(Evidence::Succeeded))),
        (vec!["none"], Some(denied(Some(Service::Kms), None))),
        (
            vec!["none"],
            Some(Answer::KeyUnusable(KeyState::Unavailable)),
        ),
        (vec!["none"], Some(Answer::Unknown(Blindness::TimedOut))),
        (vec!["none"], None),
    ]
}

/// What the table says of this combination.
fn by_table(table: &str, combination: [&[&str]; 3]) -> String {
    let fits = |line: &&str| {
        let words = line.split_whitespace().zip(combination);
        !line.trim().is_empty()
            && words
                .into_iter()
                .all(|(word, names)| word == "*" || names.contains(&word))
    };
    let line = table.lines().find(fits);
    let line = line.unwrap_or_else(|| panic!("no line fits {combination:?}"));
    line.split_whitespace().last().unwrap().to_owned()
}

fn name((verdict, finding): (Verdict, Option<Finding>)) -> String {
    assert_eq!(verdict, finding.map_or(Verdict::Pass, Finding::verdict));
    finding.map_or_else(|| "pass".to_owned(), |finding| finding.to_string())
}

#[track_caller]
fn hold(table: &str, expected: Expected, principal: &str, action: Action) {
    let plan = plan(vec![expect(
        principal,
        Some("orders"),
        &[action],
        expected,
        21,
    )]);
    let id = format!("{principal}/{action}/orders");
    for (answer_names, answer) in answers() {
        for (witness_names, witness) in witnesses() {
            for (state_names, state) in key_states() {
                let mut observations = observed("nobody", Answer::Unknown(Blindness::Other));
                observations.probes.clear();
                let seen = [
                    (&*id, &answer),
                    ("reader/dynamodb:GetItem/orders", &witness),
                ];
                for (probe, answer) in seen {
                    let answer = answer.clone();
                    observations
                        .probes
                        .extend(answer.map(|answer| (probe.to_owned(), saw(answer))));
                }
                observations.tables.get_mut("orders").unwrap().key_state = state;

                let found = name(row_verdict(&judge(&plan, &observations, facts()), &id));

                let expected = by_table(table, [&answer_names, &witness_names, &state_names]);
                assert_eq!(
                    found, expected,
                    "{answer:?}, witness {witness:?}, key {state:?}"
                );
            }
        }
    }
}

#[test]
fn the_table_of_findings_holds_for_every_denied_read_and_call() {
    for action in Action::ALL
        .into_iter()
        .filter(|action| *action != Action::AssumeRole)
    {
        hold(DENIED, super::DENIED_BY_KMS, "outsider", action);
    }
}

#[test]
fn the_table_of_findings_holds_for_every_allowed_read() {
    for action in Action::ALL
        .into_iter()
        .filter(|action| action.reads_canary())
    {
        hold(ALLOWED, Expected::Allowed, "outsider", action);
    }
}

#[test]
fn the_table_of_findings_holds_for_every_allowed_call_that_reads_nothing() {
    let calls = ALLOWED.replace(
        "no_canary           *        *         canary_missing",
        "
        dry_run_or_so       *        *         pass",
    );
    let others = Action::ALL
        .into_iter()
        .filter(|action| !action.reads_canary());
    for action in others.filter(|action| *action != Action::AssumeRole) {
        let plan = plan(vec![expect(
            "outsider",
            Some("orders"),
            &[action],
            Expected::Allowed,
            21,
        )]);
        let id = format!("outsider/{action}/orders");
        let evidence = [
            Evidence::DryRun,
            Evidence::ConditionFailed,
            Evidence::Succeeded,
            Evidence::Evaluated,
        ];
        for evidence in evidence {
            let observations = observed(&id, Answer::Allowed(evidence));

            let found = name(row_verdict(&judge(&plan, &observations, facts()), &id));

            let names = [&["dry_run_or_so"][..], &["read"], &["enabled"]];
            assert_eq!(found, by_table(&calls, names));
        }
    }
}

#[test]
fn a_named_policy_must_be_the_one_that_refused() {
    let named = PolicyType::ResourcePolicy;
    let expected = Expected::Denied {
        by: Service::Kms,
        policy: Some(named),
    };
    let plan = plan(vec![expect(
        "outsider",
        Some("orders"),
        &[Action::GetItem],
        expected,
        21,
    )]);
    let observed_policy = |policy| {
        let observations = observed(super::READ, denied(Some(Service::Kms), policy));
        name(row_verdict(
            &judge(&plan, &observations, facts()),
            super::READ,
        ))
    };

    assert_eq!(observed_policy(Some(named)), "pass");
    assert_eq!(observed_policy(None), "masked");
    for other in PolicyType::DENYING
        .into_iter()
        .filter(|policy| *policy != named)
    {
        assert_eq!(observed_policy(Some(other)), "masked", "{other}");
    }
}

/// What is ruled of a refusal by KMS that names this resource, of a table on this key.
fn refused_by_key(action: Action, resource: Option<&str>, on: Encryption) -> String {
    let id = format!("outsider/{action}/orders");
    let denial = Denial {
        by: Some(Service::Kms),
        resource: resource.map(str::to_owned),
        ..Denial::default()
    };
    let mut observations = observed(&id, Answer::Denied(denial));
    observations
        .tables
        .insert("orders".to_owned(), seen_table(on, Some(KeyState::Enabled)));
    let report = judge(&outsider_denied(action), &observations, facts());
    name(row_verdict(&report, &id))
}

#[test]
fn a_refusal_by_another_key_than_the_plans_is_masked() {
    let key = |arn: &str| Encryption::Key {
        arn: arn.to_owned(),
    };
    let read = |resource, on| refused_by_key(Action::GetItem, resource, on);
    assert_eq!(read(Some(KEY), key(KEY)), "pass");
    // Moved to another key between the look and the read.
    assert_eq!(read(Some(OTHER_KEY), key(KEY)), "masked");
    assert_eq!(read(Some(OTHER_KEY), key(OTHER_KEY)), "masked");
    // Moved to the plan's key since: it is what refused.
    assert_eq!(read(Some(KEY), key(OTHER_KEY)), "pass");
    // A sentence without a resource speaks of the table's key.
    assert_eq!(read(None, key(KEY)), "pass");
    assert_eq!(read(None, key(OTHER_KEY)), "masked");
    let aws_managed = Encryption::AwsManaged {
        arn: OTHER_KEY.to_owned(),
    };
    assert_eq!(read(None, aws_managed), "masked");
    assert_eq!(read(Some("not an ARN"), key(KEY)), "pass");

    // A call on a key is about the plan's key, whatever the table has.
    let direct = |resource, on| refused_by_key(Action::Decrypt, resource, on);
    assert_eq!(direct(Some(KEY), key(KEY)), "pass");
    assert_eq!(direct(Some(OTHER_KEY), key(KEY)), "masked");
    assert_eq!(direct(None, key(OTHER_KEY)), "pass");
}

#[test]
fn what_stands_in_the_runners_way_alone_is_masked_unless_the_plan_names_it() {
    let ruled = |by: Service, action: Action, planned, found| {
        let of_sts = action == Action::AssumeRole;
        let expected = Expected::Denied {
            by,
            policy: planned,
        };
        let on = (!of_sts).then_some("orders");
        let plan = plan(vec![expect("outsider", on, &[action], expected, 21)]);
        let id = match on {
            Some(table) => format!("outsider/{action}/{table}"),
            None => format!("outsider/{action}"),
        };
        let observations = observed(&id, denied(Some(by), Some(found)));
        name(row_verdict(&judge(&plan, &observations, facts()), &id))
    };
    let subjects = [
        (Service::Sts, Action::AssumeRole),
        (Service::Kms, Action::GetItem),
        (Service::Kms, Action::Decrypt),
        (Service::DynamoDb, Action::GetItem),
    ];
    for (by, action) in subjects {
        for found in PolicyType::DENYING {
            let of_the_runner = match found {
                PolicyType::VpcEndpointPolicy => true,
                PolicyType::IdentityPolicy
                | PolicyType::PermissionsBoundary
                | PolicyType::SessionPolicy => action == Action::AssumeRole,
                PolicyType::ResourcePolicy
                | PolicyType::Scp
                | PolicyType::Rcp
                | PolicyType::TrustPolicy
                | PolicyType::Grant => false,
            };
            let expected = if of_the_runner { "masked" } else { "pass" };
            assert_eq!(
                ruled(by, action, None, found),
                expected,
                "{action} by {by}: {found}"
            );
            assert_eq!(ruled(by, action, Some(found), found), "pass", "{found}");
        }
    }
}

/// What is ruled of the table's encryption where the look was at a table with this ARN.
fn looked_at(arn: Option<&str>, planned: Option<&str>) -> String {
    let mut plan = outsider_denied(Action::GetItem);
    plan.tables.get_mut("orders").unwrap().arn = planned.map(|arn| arn.parse().unwrap());
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    observations.tables.get_mut("orders").unwrap().table_arn = arn.map(str::to_owned);
    name(row_verdict(
        &judge(&plan, &observations, facts()),
        "orders/encryption",
    ))
}

#[test]
fn a_look_at_another_accounts_table_of_the_same_name_tells_nothing() {
    const OWN: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/prod-orders";
    const OTHER: &str = "arn:aws:dynamodb:us-east-1:444455556666:table/prod-orders";
    assert_eq!(looked_at(Some(OWN), None), "pass");
    assert_eq!(looked_at(Some(OTHER), None), "blind");
    // By its ARN it is the same table for everybody.
    assert_eq!(looked_at(Some(OTHER), Some(OTHER)), "pass");
    // An emulator may give none.
    assert_eq!(looked_at(None, None), "pass");
}

#[test]
fn a_refusal_by_dynamodb_is_what_a_plan_may_be_about() {
    let expected = Expected::Denied {
        by: Service::DynamoDb,
        policy: None,
    };
    let plan = plan(vec![expect(
        "outsider",
        Some("orders"),
        &[Action::GetItem],
        expected,
        21,
    )]);
    let refused = |by| {
        let observations = observed(super::READ, denied(by, None));
        name(row_verdict(
            &judge(&plan, &observations, facts()),
            super::READ,
        ))
    };

    assert_eq!(refused(Some(Service::DynamoDb)), "pass");
    assert_eq!(refused(Some(Service::Kms)), "masked");
    assert_eq!(refused(None), "masked");
}

#[test]
fn a_role_that_cannot_be_assumed_needs_no_witness() {
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
    let assumed = |answer| {
        let mut observations = observed(id, answer);
        observations.probes.remove("reader/dynamodb:GetItem/orders");
        observations.tables.clear();
        name(row_verdict(&judge(&plan, &observations, facts()), id))
    };

    assert_eq!(assumed(denied(Some(Service::Sts), None)), "pass");
    assert_eq!(assumed(denied(None, None)), "masked");
    assert_eq!(assumed(Answer::Allowed(Evidence::Succeeded)), "exposed");
    assert_eq!(assumed(Answer::Unknown(Blindness::Credentials)), "blind");
}

#[test]
fn a_witness_of_another_table_is_none() {
    let mut plan = outsider_denied(Action::GetItem);
    plan.expectations[0].on = Some("control".to_owned());
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    let read = saw(Answer::Allowed(Evidence::Canary));
    observations
        .probes
        .insert("reader/dynamodb:GetItem/control".to_owned(), read);

    let found = row_verdict(&judge(&plan, &observations, facts()), super::READ);

    assert_eq!(name(found), "no_witness");
}

#[test]
fn a_call_that_reads_nothing_bears_no_witness() {
    let mut plan = outsider_denied(Action::GetItem);
    plan.expectations[0].actions = vec![Action::Decrypt].into();
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    let dry = saw(Answer::Allowed(Evidence::DryRun));
    observations
        .probes
        .insert("reader/kms:Decrypt/orders".to_owned(), dry);

    let found = row_verdict(&judge(&plan, &observations, facts()), super::READ);

    assert_eq!(name(found), "no_witness");
}

#[test]
fn a_witness_that_should_have_been_denied_is_none() {
    let actions = [Action::GetItem, Action::Query];
    let mut plan = plan(vec![expect(
        "outsider",
        Some("orders"),
        &actions,
        super::DENIED_BY_KMS,
        21,
    )]);
    plan.expectations.remove(0);
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    let exposed = saw(Answer::Allowed(Evidence::Canary));
    observations
        .probes
        .insert("outsider/dynamodb:Query/orders".to_owned(), exposed);

    let found = row_verdict(&judge(&plan, &observations, facts()), super::READ);

    assert_eq!(name(found), "no_witness");
}

/// Plan's key, found, look, expected key resolved: finding.
const ENCRYPTION: &str = "
    key    same   ok      *       pass
    key    same   *       *       blind
    key    other  *       *       wrong_key
    key    managed *      *       wrong_key
    key    owned  *       *       wrong_key
    key    none   *       *       blind
    alias  same   ok      yes     pass
    alias  same   *       yes     blind
    alias  other  *       yes     wrong_key
    alias  managed *      *       wrong_key
    alias  owned  *       *       wrong_key
    alias  *      *       *       blind
    owned  owned  ok      *       pass
    owned  owned  *       *       blind
    owned  none   *       *       blind
    owned  *      *       *       wrong_key
";

#[test]
fn the_table_of_findings_holds_for_every_table() {
    let key = |arn: &str| {
        Some(Encryption::Key {
            arn: arn.to_owned(),
        })
    };
    let planned = [
        ("key", TableKey::Key(KEY.parse().unwrap())),
        ("alias", TableKey::Alias("alias/orders".to_owned())),
        ("owned", TableKey::AwsOwned),
    ];
    let found = [
        ("same", key(KEY)),
        ("other", key(OTHER_KEY)),
        (
            "managed",
            Some(Encryption::AwsManaged {
                arn: KEY.to_owned(),
            }),
        ),
        ("owned", Some(Encryption::AwsOwned)),
        ("none", None),
    ];
    let mut looks = vec![
        ("ok", Answer::Allowed(Evidence::Succeeded)),
        ("refused", denied(Some(Service::DynamoDb), None)),
        ("key", Answer::KeyUnusable(KeyState::Disabled)),
    ];
    looks.extend(BLINDNESS.map(|blindness| ("failed", Answer::Unknown(blindness))));
    for (plan_word, planned) in planned {
        let mut plan = outsider_denied(Action::GetItem);
        plan.tables.get_mut("orders").unwrap().key = planned;
        for (found_word, encryption) in &found {
            for (look_word, look) in &looks {
                for (resolved_word, resolved) in [("yes", Some(KEY.to_owned())), ("no", None)] {
                    let mut observations = observed(super::READ, denied(None, None));
                    let table = TableObservation {
                        look: saw(look.clone()),
                        encryption: encryption.clone(),
                        expected_key: resolved,
                        key_state: None,
                        table_arn: None,
                    };
                    observations.tables.insert("orders".to_owned(), table);

                    let report = judge(&plan, &observations, facts());

                    let words = [plan_word, found_word, look_word, resolved_word];
                    let line = ENCRYPTION.lines().find(|line| {
                        let fits = |(word, name): (&str, &str)| word == "*" || word == name;
                        !line.trim().is_empty() && line.split_whitespace().zip(words).all(fits)
                    });
                    let expected = line.unwrap().split_whitespace().last().unwrap();
                    let found = name(row_verdict(&report, "orders/encryption"));
                    assert_eq!(found, expected, "{words:?} {look:?}");
                }
            }
        }
    }
}

#[test]
fn a_table_that_nobody_looked_at_is_blind() {
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    observations.tables.remove("orders");

    let report = judge(&outsider_denied(Action::GetItem), &observations, facts());

    assert_eq!(name(row_verdict(&report, "orders/encryption")), "blind");
    assert_eq!(name(row_verdict(&report, "control/encryption")), "pass");
    assert_eq!(name(row_verdict(&report, super::READ)), "pass");
}

#[test]
fn who_looked_at_a_table_stands_in_its_row() {
    let mut plan = outsider_denied(Action::GetItem);
    plan.tables.get_mut("orders").unwrap().inspect_as = Some("reader".to_owned());
    let mut observations = observed(super::READ, denied(Some(Service::Kms), None));
    let key = Encryption::Key {
        arn: OTHER_KEY.to_owned(),
    };
    observations
        .tables
        .insert("orders".to_owned(), seen_table(key, None));

    let report = judge(&plan, &observations, facts());

    let row = &report.probes[0];
    assert_eq!(
        (
            row.principal.as_deref(),
            row.role_arn.as_deref(),
            row.action.as_str()
        ),
        (
            Some("reader"),
            Some("arn:aws:iam::111122223333:role/keyproof/reader"),
            "dynamodb:DescribeTable"
        )
    );
    assert_eq!(row.expected.key.as_deref(), Some(KEY));
    assert_eq!(row.observed.key.as_deref(), Some(OTHER_KEY));
    assert_eq!(report.probes[1].principal, None);
}
