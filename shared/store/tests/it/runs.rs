// SPDX-License-Identifier: Apache-2.0
//! Runs by id and in order, and requests that are taken once.

use keyproof_state::{Rules, RunItem, RunStage, RunStatus, StackConfig, TakenRequest};
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_store::{Claim, Store, Taken};
use keyproof_verdict::Verdict;

use crate::support::{midnight, observed, report};

const ID: &str = "01KEYPR00F0000000000000001";

fn status(stage: RunStage) -> RunStatus {
    RunStatus {
        run_id: ID.to_owned(),
        plan: "orders".to_owned(),
        status: stage,
        trigger: "api".to_owned(),
        requested_at: None,
        started_at: None,
        finished_at: None,
        commit: None,
        verdict: None,
        error: None,
        expires: 1_800_000_000,
    }
}

fn store() -> Store<MemoryTable> {
    Store::new(MemoryTable::default())
}

async fn commit(store: &Store<MemoryTable>, number: u64) {
    let minutes = i64::try_from(number).unwrap() * 10;
    let (rules, reports) = (Rules::default(), MemoryReports::default());
    store
        .commit(
            &report(number, minutes, None),
            &observed(number),
            &rules,
            &reports,
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_run_goes_from_queued_to_done() {
    let store = store();
    let queued = RunStatus {
        requested_at: Some(midnight()),
        ..status(RunStage::Queued)
    };
    store.note_request(&queued).await.unwrap();
    assert_eq!(store.run_status(ID).await.unwrap(), Some(queued.clone()));

    let running = RunStatus {
        started_at: Some(midnight()),
        ..status(RunStage::Running)
    };
    assert_eq!(store.claim(&running).await.unwrap(), Claim::Free);
    let expected = RunStatus {
        requested_at: Some(midnight()),
        ..running.clone()
    };
    assert_eq!(store.run_status(ID).await.unwrap(), Some(expected));

    commit(&store, 1).await;
    let done = store.run_status(ID).await.unwrap().unwrap();
    assert_eq!(
        (done.status, done.commit, done.verdict),
        (RunStage::Done, Some(1), Some(Verdict::Pass))
    );

    assert_eq!(done.requested_at, Some(midnight()));

    // What is done stays done, whoever comes late.
    assert_eq!(store.claim(&running).await.unwrap(), Claim::Done(1));
    store.note_request(&queued).await.unwrap();
    store.fail(&running, "too late").await.unwrap();
    assert_eq!(store.run_status(ID).await.unwrap(), Some(done));
}

#[tokio::test]
async fn a_run_that_failed_says_why_and_may_be_tried_again() {
    let store = store();
    store
        .fail(&status(RunStage::Running), "no credentials")
        .await
        .unwrap();

    let failed = store.run_status(ID).await.unwrap().unwrap();

    assert_eq!(
        (failed.status, failed.error.as_deref()),
        (RunStage::Failed, Some("no credentials"))
    );
    assert_eq!(
        store.claim(&status(RunStage::Running)).await.unwrap(),
        Claim::Free
    );
}

#[tokio::test]
async fn an_id_is_of_one_plan() {
    let store = store();
    store.claim(&status(RunStage::Running)).await.unwrap();
    let other = RunStatus {
        plan: "invoices".to_owned(),
        ..status(RunStage::Running)
    };

    assert_eq!(
        store.claim(&other).await.unwrap(),
        Claim::OtherPlan("orders".to_owned())
    );
}

#[tokio::test]
async fn history_is_read_from_the_newest_on() {
    let store = store();
    for number in 1..=12 {
        commit(&store, number).await;
    }
    let page = async |before, limit| {
        let runs = store.runs("orders", before, limit).await.unwrap();
        runs.iter().map(|run| run.commit).collect::<Vec<_>>()
    };

    assert_eq!(page(None, 3).await, [12, 11, 10]);
    assert_eq!(page(Some(10), 3).await, [9, 8, 7]);
    assert_eq!(page(Some(3), 5).await, [2, 1]);
    assert_eq!(page(Some(1), 5).await, [] as [u64; 0]);
    assert_eq!(store.run("orders", 12).await.unwrap().unwrap().commit, 12);
    assert_eq!(store.run("orders", 13).await.unwrap(), None);
    // The first run saw both probes for the first time; the others changed nothing.
    assert_eq!(store.changes("orders", 1).await.unwrap().len(), 1);
    assert_eq!(store.changes("orders", 2).await.unwrap(), []);
    // `CHANGE#…0001` is no beginning of another commit's key.
    assert_eq!(store.changes("orders", 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_caller_s_request_is_taken_once() {
    let store = store();
    let request = |caller: &str, body: &str, run_id: &str| TakenRequest {
        caller: caller.to_owned(),
        key: "k".to_owned(),
        body_digest: body.to_owned(),
        run_id: run_id.to_owned(),
        expires: 1_800_000_000,
    };

    assert_eq!(
        store.take(&request("alice", "a", "1")).await.unwrap(),
        Taken::New
    );
    assert_eq!(
        store.take(&request("alice", "a", "2")).await.unwrap(),
        Taken::Before("1".to_owned())
    );
    assert_eq!(
        store.take(&request("alice", "b", "3")).await.unwrap(),
        Taken::Other
    );
    assert_eq!(
        store.take(&request("bob", "b", "4")).await.unwrap(),
        Taken::New
    );
}

#[tokio::test]
async fn the_stack_says_what_it_is_made_of() {
    let store = store();
    assert_eq!(store.config().await.unwrap(), None);
    let config = StackConfig {
        stack: "keyproof".to_owned(),
        version: "0.1.0".to_owned(),
        queue_url: "https://sqs.us-east-1.amazonaws.com/111122223333/keyproof-runs".to_owned(),
        queue_arn: "arn:aws:sqs:us-east-1:111122223333:keyproof-runs".to_owned(),
        dead_letter_queues: [("runs".to_owned(), "https://…/keyproof-runs-dlq".to_owned())].into(),
        report_bucket: "keyproof-reports".to_owned(),
        evidence_bucket: None,
        signing_key: None,
        schedule_group: "keyproof".to_owned(),
        scheduler_role_arn: "arn:aws:iam::111122223333:role/keyproof-scheduler".to_owned(),
        scheduler_dead_letter_arn: None,
        api_url: None,
    };

    store.put_config(&config).await.unwrap();

    assert_eq!(store.config().await.unwrap(), Some(config));
}

#[tokio::test]
async fn runs_and_changes_are_read_from_one_on_and_without_their_texts() {
    let store = store();
    for number in 1..=4 {
        commit(&store, number).await;
    }
    let short = |mut run: RunItem| {
        assert!(run.report.take().is_some());
        run
    };
    let mut whole: Vec<_> = store.runs("orders", None, 10).await.unwrap();
    whole.reverse();
    let whole: Vec<_> = whole.into_iter().map(short).collect();

    assert_eq!(store.runs_after("orders", 0).await.unwrap(), whole);
    assert_eq!(store.runs_after("orders", 3).await.unwrap(), whole[3..]);
    assert_eq!(store.runs_after("orders", 4).await.unwrap(), []);
    assert_eq!(
        store.runs_in_short("orders", Some(4), 2).await.unwrap(),
        [whole[2].clone(), whole[1].clone()]
    );
    // The first run alone changed anything.
    let first = store.changes("orders", 1).await.unwrap();
    assert!(!first.is_empty());
    assert_eq!(store.changes_from("orders", 1).await.unwrap(), first);
    assert_eq!(store.changes_from("orders", 2).await.unwrap(), []);
}
