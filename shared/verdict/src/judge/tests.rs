// SPDX-License-Identifier: Apache-2.0
//! Judging. `matrix` holds the table of findings against every answer, `properties` what must hold
//! of any run, `voice` the sentences; here stand the report's other parts. The world of all of them
//! is [`plan`]: `reader` bears witness for `orders`, `outsider` is the one under test.

mod callers;
mod matrix;
pub(crate) mod properties;
mod voice;

use indexmap::IndexMap;
use jiff::civil::Date;
use keyproof_core::{PolicyType, Service};
use keyproof_plan::{
    Action, Canary, Exception, Expectation, Expected, Place, Plan, Principal, Table, TableKey,
};

use crate::{
    Answer, Blindness, Denial, Encryption, Evidence, ExceptionNote, Finding, Judge, KeyState,
    Observation, Observations, Report, RunFacts, Summary, TableObservation, Verdict, judge,
};

pub(crate) const KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub(crate) const OTHER_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab";

pub(crate) const DENIED_BY_KMS: Expected = Expected::Denied {
    by: Service::Kms,
    policy: None,
};

fn place(line: usize) -> Place {
    Place { line, column: 5 }
}

fn table(name: &str, key: TableKey, line: usize) -> Table {
    Table {
        name: name.to_owned(),
        arn: None,
        key,
        canary: Canary {
            key: [].into(),
            attributes: [].into(),
        },
        inspect_as: None,
        place: place(line),
    }
}

fn principal(name: &str, line: usize) -> Principal {
    Principal {
        role: format!("arn:aws:iam::111122223333:role/keyproof/{name}")
            .parse()
            .unwrap(),
        external_id: None,
        tags: IndexMap::new(),
        duration: None,
        source_identity: None,
        place: place(line),
    }
}

pub(crate) fn expect(
    principal: &str,
    on: Option<&str>,
    actions: &[Action],
    expected: Expected,
    line: usize,
) -> Expectation {
    Expectation {
        principal: principal.to_owned(),
        on: on.map(str::to_owned),
        actions: actions.to_vec().into(),
        index: None,
        expected,
        place: place(line),
    }
}

/// `orders` on the plan's key, `control` on AWS's own; `reader` may read `orders`.
pub(crate) fn plan(expectations: Vec<Expectation>) -> Plan {
    let reads = expect(
        "reader",
        Some("orders"),
        &[Action::GetItem],
        Expected::Allowed,
        20,
    );
    Plan {
        name: "orders".to_owned(),
        region: "us-east-1".to_owned(),
        digest: "sha256:00".to_owned(),
        tables: [
            (
                "orders".to_owned(),
                table("prod-orders", TableKey::Key(KEY.parse().unwrap()), 4),
            ),
            (
                "control".to_owned(),
                table("keyproof-control", TableKey::AwsOwned, 9),
            ),
        ]
        .into_iter()
        .collect(),
        principals: ["reader", "outsider", "retired"]
            .into_iter()
            .zip(14..)
            .map(|(name, line)| (name.to_owned(), principal(name, line)))
            .collect(),
        expectations: [reads].into_iter().chain(expectations).collect(),
        exceptions: Vec::new(),
    }
}

/// `outsider` must be denied `action` on `orders` by KMS.
pub(crate) fn outsider_denied(action: Action) -> Plan {
    plan(vec![expect(
        "outsider",
        Some("orders"),
        &[action],
        DENIED_BY_KMS,
        21,
    )])
}

pub(crate) fn saw(answer: Answer) -> Observation {
    Observation {
        answer,
        resource: None,
        error_code: None,
        message: None,
        request_id: None,
        attempts: 1,
        latency_ms: Some(3),
    }
}

pub(crate) fn denied(by: Option<Service>, policy: Option<PolicyType>) -> Answer {
    Answer::Denied(Denial {
        by,
        policy,
        ..Denial::default()
    })
}

pub(crate) fn seen_table(encryption: Encryption, key_state: Option<KeyState>) -> TableObservation {
    TableObservation {
        look: saw(Answer::Allowed(Evidence::Succeeded)),
        encryption: Some(encryption),
        expected_key: Some(KEY.to_owned()),
        key_state,
        table_arn: None,
    }
}

/// Both tables as the plan wants them, the witness's read, and what `outsider` saw.
pub(crate) fn observed(probe: &str, answer: Answer) -> Observations {
    let key = Encryption::Key {
        arn: KEY.to_owned(),
    };
    Observations {
        probes: [
            (
                "reader/dynamodb:GetItem/orders".to_owned(),
                saw(Answer::Allowed(Evidence::Canary)),
            ),
            (probe.to_owned(), saw(answer)),
        ]
        .into(),
        tables: [
            (
                "orders".to_owned(),
                seen_table(key, Some(KeyState::Enabled)),
            ),
            ("control".to_owned(), seen_table(Encryption::AwsOwned, None)),
        ]
        .into(),
    }
}

pub(crate) fn facts() -> RunFacts {
    RunFacts {
        id: "01JD8Z6QK3E8T5V0W1X2Y3Z4A5".to_owned(),
        trigger: "cli".to_owned(),
        started_at: "2026-11-24T02:00:00Z".parse().unwrap(),
        finished_at: "2026-11-24T02:00:00.4567891Z".parse().unwrap(),
        account: Some("111122223333".to_owned()),
        region: None,
        endpoint: None,
        version: "0.1.0".to_owned(),
        plan_file: Some("orders.yaml".to_owned()),
        today: "2026-11-24".parse().unwrap(),
    }
}

const READ: &str = "outsider/dynamodb:GetItem/orders";

fn row_verdict(report: &Report, id: &str) -> (Verdict, Option<Finding>) {
    let row = report.probes.iter().find(|row| row.id == id).unwrap();
    (row.verdict, row.finding)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "goldens are written anew on demand"
)]
fn a_whole_report_is_as_the_contract_writes_it() {
    let mut denial = saw(Answer::Denied(Denial {
        by: Some(Service::Kms),
        policy: Some(PolicyType::ResourcePolicy),
        explicit: Some(false),
        user: Some("arn:aws:sts::111122223333:assumed-role/outsider/s".to_owned()),
        ..Denial::default()
    }));
    denial.error_code = Some("AccessDeniedException".to_owned());
    denial.message = Some("KMS key access denied error: …".to_owned());
    denial.request_id = Some("R1".to_owned());
    let mut observations = observed(READ, Answer::Allowed(Evidence::Canary));
    observations.probes.insert(READ.to_owned(), denial);

    let report = judge(&outsider_denied(Action::GetItem), &observations, facts());

    if std::env::var("UPDATE_GOLDEN").is_ok() {
        let path = format!("{}/src/judge/tests/report.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, report.to_json().unwrap()).unwrap();
    } else {
        assert_eq!(report.to_json().unwrap(), include_str!("tests/report.json"));
    }
    assert_eq!(
        Report::from_json(&report.to_json().unwrap()).unwrap(),
        report
    );
}

#[test]
fn a_run_that_recorded_nothing_is_blind_throughout() {
    let report = judge(
        &outsider_denied(Action::GetItem),
        &Observations::default(),
        facts(),
    );

    let expected = (Verdict::Inconclusive, Some(Finding::Blind));
    assert!(
        report
            .probes
            .iter()
            .all(|row| (row.verdict, row.finding) == expected)
    );
    assert_eq!(
        report.summary,
        Summary {
            verdict: Verdict::Inconclusive,
            pass: 0,
            fail: 0,
            inconclusive: 4,
            excepted: 0,
            planned: 4
        }
    );
}

#[test]
fn one_failure_outweighs_what_is_inconclusive_and_what_passes() {
    let plan = plan(vec![expect(
        "outsider",
        Some("orders"),
        &[Action::GetItem, Action::Scan],
        DENIED_BY_KMS,
        21,
    )]);
    let observations = observed(READ, Answer::Allowed(Evidence::Canary));

    let summary = judge(&plan, &observations, facts()).summary;

    assert_eq!(
        (
            summary.verdict,
            summary.pass,
            summary.fail,
            summary.inconclusive,
            summary.planned
        ),
        (Verdict::Fail, 3, 1, 1, 5)
    );
}

pub(crate) fn excepted(expires: &str) -> Plan {
    let mut plan = outsider_denied(Action::GetItem);
    plan.exceptions = vec![Exception {
        probe: READ.to_owned(),
        reason: "migration".to_owned(),
        owner: "team-blue".to_owned(),
        expires: expires.parse().unwrap(),
        place: place(30),
    }];
    plan
}

fn note(status: &str, expires: &str) -> ExceptionNote {
    ExceptionNote {
        probe: READ.to_owned(),
        status: status.to_owned(),
        reason: "migration".to_owned(),
        owner: "team-blue".to_owned(),
        expires: expires.to_owned(),
    }
}

#[test]
fn an_exception_in_force_keeps_the_failure_and_not_the_run_s_verdict() {
    let observations = observed(READ, Answer::Allowed(Evidence::Canary));

    let report = judge(&excepted("2026-11-24"), &observations, facts());

    let last = report.probes.last().unwrap();
    assert_eq!(
        (last.verdict, last.finding),
        (Verdict::Fail, Some(Finding::Exposed))
    );
    assert_eq!(last.exception, Some(note("in_force", "2026-11-24")));
    assert_eq!(report.exceptions, [note("in_force", "2026-11-24")]);
    assert_eq!(
        (report.summary.verdict, report.summary.excepted),
        (Verdict::Pass, 1)
    );
}

/// A run that goes on from where another ended counts the rows that it finds as if it had made them.
#[test]
fn rows_of_an_earlier_part_count_as_if_they_were_made_now() {
    let plan = excepted("2026-11-24");
    let observations = observed(READ, Answer::Allowed(Evidence::Canary));
    let probes: Vec<_> = plan.each_probe().enumerate().collect();
    let mut whole = Judge::new(&plan, facts().today);
    let rows = whole.rows(&probes, &observations, &facts());

    let mut again = Judge::new(&plan, facts().today);
    let mut kept = rows.clone();
    for (_, row) in &mut kept {
        again.keep(row);
    }

    assert_eq!(kept, rows);
    assert_eq!(again.summary(), whole.summary());
    assert_eq!(
        (again.summary().excepted, again.summary().planned),
        (1, rows.len())
    );
    let notes = again.report(facts()).exceptions;
    assert_eq!(notes, [note("in_force", "2026-11-24")]);
}

/// A run may be gone on from on another day than it began: the row is what it would be had it been made then.
#[test]
fn rows_of_an_earlier_part_are_excepted_as_of_the_day_on_which_they_are_kept() {
    let mut plan = excepted("2026-11-24");
    let first = plan.exceptions.first().unwrap().clone();
    for (owner, expires) in [("team-red", "2026-11-25"), ("team-blue", "2026-11-26")] {
        plan.exceptions.push(Exception {
            owner: owner.to_owned(),
            expires: expires.parse().unwrap(),
            ..first.clone()
        });
    }
    let probes: Vec<_> = plan.each_probe().enumerate().collect();
    let days: [Date; 4] =
        ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"].map(|day| day.parse().unwrap());
    let mut excepted_by = Vec::new();
    for seen in [
        Answer::Allowed(Evidence::Canary),
        denied(Some(Service::Kms), None),
        Answer::Unknown(Blindness::Throttled),
    ] {
        let observations = observed(READ, seen);
        let judged = |day| {
            let mut judge = Judge::new(&plan, day);
            let rows = judge.rows(&probes, &observations, &facts());
            let report = judge.report(facts());
            (rows, report.exceptions, report.summary)
        };
        for (then, now) in days
            .iter()
            .flat_map(|then| days.iter().map(move |now| (then, now)))
        {
            let (mut kept, _, _) = judged(*then);
            let mut again = Judge::new(&plan, *now);
            for (_, row) in &mut kept {
                again.keep(row);
            }
            let report = again.report(facts());

            let expected = judged(*now);
            assert_eq!(
                (kept, report.exceptions, report.summary),
                expected,
                "{then}, {now}"
            );
            let exceptions = expected.0.into_iter().filter_map(|(_, row)| row.exception);
            excepted_by.extend(exceptions.map(|note| (note.owner, note.expires)));
        }
    }
    // Each of them excepted the failure in its time, whenever it had been seen.
    let by = |owner: &str, expires: &str| (owner.to_owned(), expires.to_owned());
    let each = [
        by("team-blue", "2026-11-24"),
        by("team-red", "2026-11-25"),
        by("team-blue", "2026-11-26"),
    ];
    assert_eq!(excepted_by, [&each[..]; 4].concat());
}

#[test]
fn an_expired_exception_excepts_nothing_and_says_so() {
    let observations = observed(READ, Answer::Allowed(Evidence::Canary));

    let report = judge(&excepted("2026-11-23"), &observations, facts());

    assert_eq!(
        (report.summary.verdict, report.summary.excepted),
        (Verdict::Fail, 0)
    );
    assert_eq!(report.exceptions, [note("expired", "2026-11-23")]);
    assert!(
        report
            .probes
            .last()
            .unwrap()
            .reason
            .contains("expired on 2026-11-23")
    );
}

#[test]
fn an_exception_whose_probe_passes_is_reported_as_unneeded() {
    let observations = observed(READ, denied(Some(Service::Kms), None));

    for expires in ["2026-11-23", "2026-12-31"] {
        let report = judge(&excepted(expires), &observations, facts());

        assert_eq!(report.exceptions, [note("unneeded", expires)]);
        assert_eq!(report.summary.verdict, Verdict::Pass);
    }
}

#[test]
fn the_first_exception_in_force_is_the_one_that_answers() {
    let mut plan = excepted("2026-12-31");
    let first = plan.exceptions.first().unwrap().clone();
    for expires in ["2026-12-30", "2026-11-23"] {
        plan.exceptions.push(Exception {
            owner: "team-red".to_owned(),
            expires: expires.parse().unwrap(),
            ..first.clone()
        });
    }
    let observations = observed(READ, Answer::Allowed(Evidence::Canary));

    let report = judge(&plan, &observations, facts());

    let row = report.probes.last().unwrap();
    assert_eq!(row.exception, Some(note("in_force", "2026-12-31")));
    assert!(!row.reason.contains("team-red"), "{}", row.reason);
}

#[test]
fn what_was_not_found_out_counts_no_more_after_an_exception_than_before() {
    let report = judge(&excepted("2026-11-23"), &Observations::default(), facts());

    assert_eq!(report.exceptions, [note("expired", "2026-11-23")]);
    let row = report.probes.last().unwrap();
    assert!(!row.reason.contains("expired"), "{}", row.reason);
}

#[test]
fn an_exception_does_not_cover_what_was_not_found_out() {
    let report = judge(&excepted("2026-12-31"), &Observations::default(), facts());

    assert_eq!(report.exceptions, [note("unused", "2026-12-31")]);
    assert_eq!(
        (report.summary.verdict, report.summary.inconclusive),
        (Verdict::Inconclusive, 4)
    );
}

#[test]
fn a_denial_without_an_arn_gets_its_resource_from_the_plan() {
    let mut plan = plan(vec![
        expect(
            "outsider",
            Some("orders"),
            &[Action::GetItem, Action::Decrypt],
            DENIED_BY_KMS,
            21,
        ),
        expect("retired", None, &[Action::AssumeRole], DENIED_BY_KMS, 22),
        expect(
            "outsider",
            Some("orders"),
            &[Action::Query],
            DENIED_BY_KMS,
            23,
        ),
    ]);
    plan.expectations[3].index = Some("by-date".to_owned());

    let report = judge(&plan, &Observations::default(), facts());

    let resources: Vec<_> = report
        .probes
        .iter()
        .skip(3)
        .map(|row| row.resource.clone())
        .collect();
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/prod-orders";
    assert_eq!(
        resources,
        [
            Some(table.to_owned()),
            Some(KEY.to_owned()),
            Some("arn:aws:iam::111122223333:role/keyproof/retired".to_owned()),
            Some(format!("{table}/index/by-date")),
        ]
    );
    let unknown = RunFacts {
        account: None,
        ..facts()
    };
    assert_eq!(
        judge(&plan, &Observations::default(), unknown).probes[3].resource,
        None
    );
}

#[test]
fn a_clock_that_went_back_gives_no_negative_duration() {
    let facts = RunFacts {
        finished_at: "2026-11-24T01:59:59Z".parse().unwrap(),
        ..facts()
    };

    let report = judge(
        &outsider_denied(Action::GetItem),
        &Observations::default(),
        facts,
    );

    assert_eq!(report.run.duration_ms, 0);
}

#[test]
fn the_run_knows_better_than_the_plan_where_it_ran() {
    let facts = RunFacts {
        region: Some("eu-central-1".to_owned()),
        ..facts()
    };

    let report = judge(
        &outsider_denied(Action::GetItem),
        &Observations::default(),
        facts,
    );

    assert_eq!(report.environment.region, "eu-central-1");
    assert_eq!(
        report.probes[2].resource.as_deref(),
        Some("arn:aws:dynamodb:eu-central-1:111122223333:table/prod-orders")
    );
}

#[test]
fn the_right_to_tag_a_session_is_not_the_right_to_assume_the_role() {
    let expected = Expected::Denied {
        by: Service::Sts,
        policy: None,
    };
    let plan = plan(vec![expect(
        "retired",
        None,
        &[Action::AssumeRole],
        expected,
        22,
    )]);
    let refusal = |action: &str| {
        let denial = Denial {
            by: Some(Service::Sts),
            action: Some(action.to_owned()),
            ..Denial::default()
        };
        let observations = observed("retired/sts:AssumeRole", Answer::Denied(denial));
        row_verdict(
            &judge(&plan, &observations, facts()),
            "retired/sts:AssumeRole",
        )
    };

    assert_eq!(refusal("sts:AssumeRole"), (Verdict::Pass, None));
    assert_eq!(
        refusal("sts:TagSession"),
        (Verdict::Inconclusive, Some(Finding::Masked))
    );
}
