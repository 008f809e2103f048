// SPDX-License-Identifier: Apache-2.0
//! Runs in shards: each step called as the state machine would, in order, twice, and out of order.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use keyproof_state::RunStage;
use keyproof_store::Reports;
use keyproof_verdict::{Finding, Report, Verdict};
use keyproof_verify::{Answer, Done, Limits, StepAnswer};
use serde_json::{Value, json};

use crate::support::{Fake, ID, READ, handle};

const TABLES: usize = 5;

/// A plan of five tables, a look and a read each.
fn plan() -> String {
    let canary = json!({"key": {"pk": {"S": "c"}}});
    let table = |number| {
        let table =
            json!({"table": format!("table-{number}"), "key": "aws-owned", "canary": canary});
        (format!("t{number}"), table)
    };
    let tables: serde_json::Map<_, _> = (0..TABLES).map(table).collect();
    let expectation = |number| json!({"principal": "reader", "on": format!("t{number}"), "actions": ["dynamodb:GetItem"], "decision": "allowed"});
    let expectations: Vec<_> = (0..TABLES).map(expectation).collect();
    json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1", "tables": tables,
        "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
        "expectations": expectations,
    })
    .to_string()
}

async fn fake() -> Fake {
    limited(&plan()).await
}

/// A stack whose plan is too large for one invocation, which carries out four probes.
pub(crate) async fn limited(plan: &str) -> Fake {
    let mut fake = Fake::with_stack();
    if let Some(stack) = fake.stack.as_mut() {
        stack.limits = Limits {
            probes: NonZeroUsize::new(4).unwrap(),
            shards_at_once: NonZeroUsize::new(7).unwrap(),
        };
    }
    fake.handed_over = Some(Mutex::default());
    fake.push(plan).await;
    fake
}

/// Asks for a run, and gives what the state machine is started with.
async fn handed_over(fake: &Fake) -> Value {
    let asked = json!({"plan": "orders", "run_id": ID, "trigger": "deploy"});
    let (answer, _) = handle(fake, &asked).await;
    let run_id = ID.to_owned();
    assert_eq!(answer.unwrap(), Answer::Done(Done::HandedOver { run_id }));
    let runs = fake.handed_over.as_ref().unwrap().lock().unwrap();
    serde_json::to_value(runs.last().unwrap()).unwrap()
}

pub(crate) async fn step(fake: &Fake, step: &str, more: &Value, run: &Value) -> StepAnswer {
    let mut payload = json!({"step": step, "run": run});
    let fields = more.as_object().unwrap().clone();
    payload.as_object_mut().unwrap().extend(fields);
    match handle(fake, &payload).await.0 {
        Ok(Answer::Step(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

async fn committed(fake: &Fake) -> Report {
    let run = fake.store().run("orders", 1).await.unwrap().unwrap();
    Report::from_json(&run.report.unwrap()).unwrap()
}

#[tokio::test]
async fn a_run_in_shards_is_committed_as_one() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    assert_eq!(fake.runs(), 0);
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!(status.status, RunStage::Running);

    let cut = step(&fake, "cut", &json!({}), &run).await;
    let items = format!("runs/{ID}/items.json");
    let expected = StepAnswer::Cut {
        shards: 3,
        at_once: 7,
        items: items.clone(),
    };
    assert_eq!(cut, expected);
    let items = fake.stack().reports.get(&items).await.unwrap().unwrap();
    assert_eq!(items, r#"[{"shard":0},{"shard":1},{"shard":2}]"#);
    for (shard, probes) in [(0, 4), (1, 4), (2, 2)] {
        let answer = step(&fake, "shard", &json!({"shard": shard}), &run).await;
        assert_eq!(answer, StepAnswer::Shard { shard, probes });
    }
    let collected = step(&fake, "collect", &json!({}), &run).await;

    let (commit, dead) = (1, vec![]);
    assert_eq!(collected, StepAnswer::Collected { commit, dead });
    let report = committed(&fake).await;
    assert_eq!(
        (
            report.summary.verdict,
            report.summary.planned,
            report.run.id.as_str(),
            report.run.trigger.as_str()
        ),
        (Verdict::Pass, 2 * TABLES, ID, "deploy")
    );
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!((status.status, status.commit), (RunStage::Done, Some(1)));
    assert_eq!(
        fake.store().state("orders").await.unwrap().probes.len(),
        2 * TABLES
    );
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_died_is_blind_and_never_missing() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    step(&fake, "cut", &json!({}), &run).await;
    for shard in [0, 2] {
        step(&fake, "shard", &json!({"shard": shard}), &run).await;
    }
    // What is no report is as good as none.
    let key = format!("runs/{ID}/reports/2.json");
    fake.stack().reports.put(&key, "{").await.unwrap();

    let collected = step(&fake, "collect", &json!({}), &run).await;

    let (commit, dead) = (1, vec![1, 2]);
    assert_eq!(collected, StepAnswer::Collected { commit, dead });
    let report = committed(&fake).await;
    let found: Vec<_> = report
        .probes
        .iter()
        .map(|row| (row.id.as_str(), row.finding))
        .collect();
    let blind = Some(Finding::Blind);
    assert_eq!(
        found,
        [
            ("t0/encryption", None),
            ("t1/encryption", None),
            ("t2/encryption", blind),
            ("t3/encryption", blind),
            ("t4/encryption", blind),
            ("reader/dynamodb:GetItem/t0", None),
            ("reader/dynamodb:GetItem/t1", None),
            ("reader/dynamodb:GetItem/t2", blind),
            ("reader/dynamodb:GetItem/t3", blind),
            ("reader/dynamodb:GetItem/t4", blind),
        ]
    );
    assert_eq!(report.summary.verdict, Verdict::Inconclusive);
}

#[tokio::test]
async fn steps_that_come_twice_do_nothing_twice() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    for _ in 0..2 {
        step(&fake, "cut", &json!({}), &run).await;
        for shard in 0..3 {
            step(&fake, "shard", &json!({"shard": shard}), &run).await;
        }
    }
    assert_eq!(fake.runs(), 3);

    for _ in 0..2 {
        let collected = step(&fake, "collect", &json!({}), &run).await;
        let (commit, dead) = (1, vec![]);
        assert_eq!(collected, StepAnswer::Collected { commit, dead });
    }

    assert_eq!(fake.store().state("orders").await.unwrap().commit, 1);
}

/// Of a shard that the state machine believed dead while it was not, two attempts see something: neither report
/// is lost, and what one saw to be wrong stands.
#[tokio::test]
async fn what_either_of_two_attempts_saw_to_be_wrong_stands() {
    let wrong = Some(Finding::LockedOut);
    for seen in [[wrong, None], [None, wrong]] {
        let fake = limited(&crate::broken::plan()).await;
        let run = handed_over(&fake).await;
        step(&fake, "cut", &json!({}), &run).await;
        for shard in [0, 2] {
            step(&fake, "shard", &json!({"shard": shard}), &run).await;
        }
        for finding in seen {
            fake.will_see(finding);
        }

        let shard = json!({"shard": 1});
        let attempt = || step(&fake, "shard", &shard, &run);
        let answers = tokio::join!(attempt(), attempt());
        let collected = step(&fake, "collect", &json!({}), &run).await;

        let answer = StepAnswer::Shard {
            shard: 1,
            probes: 4,
        };
        assert_eq!(answers, (answer.clone(), answer));
        let (commit, dead) = (1, vec![]);
        assert_eq!(collected, StepAnswer::Collected { commit, dead });
        let report = committed(&fake).await;
        let found = report.probes.iter();
        let found: Vec<_> = found.filter(|row| row.finding.is_some()).collect();
        assert_eq!(found.len(), 1, "{seen:?}");
        assert_eq!((&*found[0].id, found[0].finding), (READ, wrong));
        assert_eq!(report.summary.verdict, Verdict::Fail);
    }
}

/// A write whose answer got lost is made again, and finds itself there.
#[tokio::test]
async fn a_report_that_is_there_twice_counts_once() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    step(&fake, "cut", &json!({}), &run).await;
    for shard in 0..3 {
        step(&fake, "shard", &json!({"shard": shard}), &run).await;
    }
    let reports = &fake.stack().reports;
    let calls = json!([{"service": "dynamodb", "operation": "GetItem", "calls": 2, "requests": 3}]);
    let first = format!("runs/{ID}/reports/1.json");
    let text = reports.get(&first).await.unwrap().unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report["calls"] = calls.clone();
    for number in ["1", "1.2", "1.3"] {
        let key = format!("runs/{ID}/reports/{number}.json");
        reports.put(&key, &report.to_string()).await.unwrap();
    }

    step(&fake, "collect", &json!({}), &run).await;

    let report = committed(&fake).await;
    assert_eq!(serde_json::to_value(&report.calls).unwrap(), calls);
    assert_eq!(report.summary.verdict, Verdict::Pass);
}

#[tokio::test]
async fn a_request_that_arrives_again_is_handed_over_under_the_same_id() {
    let fake = fake().await;
    handed_over(&fake).await;
    handed_over(&fake).await;

    let runs = fake.handed_over.as_ref().unwrap().lock().unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run.run_id.as_str()).collect();
    assert_eq!(ids, [ID, ID]);
}

#[tokio::test]
async fn a_run_that_came_to_nothing_is_told_to_whoever_waits() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    let cause = json!({"errorType": "InvalidPlan", "errorMessage": "no such version"}).to_string();
    let error = json!({"error": {"Error": "InvalidPlan", "Cause": cause}});

    let answer = step(&fake, "abandon", &error, &run).await;

    let run_id = ID.to_owned();
    assert_eq!(answer, StepAnswer::Abandoned { run_id });
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!(
        (status.status, status.error.as_deref()),
        (
            RunStage::Failed,
            Some("the run in shards failed: InvalidPlan: no such version")
        )
    );
}

#[tokio::test]
async fn without_a_state_machine_one_invocation_does_what_it_can() {
    let mut fake = fake().await;
    fake.handed_over = None;

    let (answer, _) = handle(&fake, &json!({"plan": "orders", "run_id": ID})).await;

    assert!(matches!(answer, Ok(Answer::Report(report)) if report.summary.planned == 10));
}

#[tokio::test]
async fn what_fits_into_one_invocation_stays_there() {
    let mut fake = fake().await;
    if let Some(stack) = fake.stack.as_mut() {
        stack.limits.probes = NonZeroUsize::new(10).unwrap();
    }

    let (answer, _) = handle(&fake, &json!({"plan": "orders", "run_id": ID})).await;

    assert!(matches!(answer, Ok(Answer::Report(_))));
}

#[tokio::test]
async fn a_step_that_cannot_be_understood_is_refused() {
    let fake = fake().await;
    let run = handed_over(&fake).await;
    let with_role = {
        let mut run = run.clone();
        run["role"] = "arn:aws:iam::111122223333:role/admin".into();
        run
    };
    let elsewhere = {
        let mut run = run.clone();
        run["run_id"] = "../reports".into();
        run
    };
    for (payload, expected) in [
        (
            json!({"step": "shard", "run": run}),
            "the step can't be read: missing field `shard`",
        ),
        (
            json!({"step": "prune", "run": run}),
            "the step can't be read: unknown variant `prune`, expected one of `cut`, `shard`, `collect`, `abandon`",
        ),
        (
            json!({"step": "cut", "run": with_role}),
            "the step can't be read: unknown field `role`, expected one of `plan`, `version`, `digest`, `run_id`, `seq`, `trigger`, `started_at`, `change`, `part`, `confirms`, `not_before`",
        ),
        (
            json!({"step": "cut", "run": elsewhere}),
            "the step's `run_id` is not a ULID",
        ),
        (
            json!({"step": "shard", "run": run, "shard": 0}),
            "`runs/01KEYPR00F0000000000000000/shards/0.json` is not in the report bucket: the run was not cut, or is long over",
        ),
    ] {
        let error = handle(&fake, &payload).await.0.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
