// SPDX-License-Identifier: Apache-2.0
//! `check` and a run against the sandbox come to the same verdicts: for the repository's own
//! template, for each of check's cases, and for their mutants.
//!
//! The sandbox is asked over HTTP as AWS would be, with nothing shared but the policy engine; a case
//! added to `shared/check/cases` is covered here without a line of code. `EVERY_MUTANT=1` tries
//! them all, which takes minutes.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use jiff::{Timestamp, tz::TimeZone};
use keyproof_aws::{Runner, Settings, verify};
use keyproof_check::{Circumstances, Estate, check};
use keyproof_coverage::{Mutant, mutants};
use keyproof_plan::Plan;
use keyproof_sandbox::{Sandbox, SandboxOptions};
use keyproof_template::{Account, Options};
use keyproof_verdict::{Report, RunFacts};
use tokio::net::TcpListener;

/// How many mutants of a case are tried, spread over all of them.
const SAMPLE: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn load(plan: &Path, template: &Path) -> (Plan, Account) {
    let plan = Plan::parse(&read(plan)).unwrap();
    let options = Options::new("111122223333".parse().unwrap(), &plan.region);
    let account = keyproof_template::load(&read(template), &options).unwrap();
    (plan, account)
}

fn facts() -> RunFacts {
    let now = Timestamp::now();
    RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: now.to_zoned_datetime(TimeZone::UTC).date(),
    }
}

/// Each probe's verdict, and what was seen, apart from the words.
fn outcomes(report: &Report) -> Vec<String> {
    let rows = report.probes.iter().map(|row| {
        format!(
            "{} {:?} {:?}: {} by {:?} {:?} {:?}",
            row.id,
            row.verdict,
            row.finding,
            row.observed.decision,
            row.observed.by,
            row.observed.policy,
            row.observed.explicit
        )
    });
    rows.collect()
}

async fn run(plan: &Plan, account: &Account) -> Option<Report> {
    // What the sandbox can't simulate at all, such as a key that is in no template.
    let sandbox = Sandbox::new(account, SandboxOptions::default()).ok()?;
    for table in plan.tables.values() {
        let arn = format!(
            "arn:aws:dynamodb:{}:{}:table/{}",
            plan.region, account.account, table.name
        );
        sandbox.put_item(&arn, &table.canary.to_json()).unwrap();
    }
    let administrator = sandbox.administrator();
    let credentials = Credentials::new(
        administrator.access_key_id,
        administrator.secret_access_key.expose(),
        None,
        None,
        "sandbox",
    );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(sandbox.serve(listener, async {
        let _ = stopped.await;
    }));
    let runner = Runner::with_credentials(credentials, &endpoint, &account.region)
        .await
        .unwrap();
    let report = verify(plan, &Settings::default(), &runner).await;
    drop(stop);
    let _ = server.await;
    Some(report)
}

/// A runner that may not describe the key can't tell whose it is; the template tells `check`.
fn may_not_describe_the_key(check: &str, run: &str) -> bool {
    check.contains("/encryption Pass None: allowed")
        && run.contains("/encryption Inconclusive Some(Blind): denied by Some(Kms)")
}

/// Compares the case as it is and a sample of its mutants.
#[track_caller]
fn compare(plan: &Path, template: &Path) {
    let (plan, account) = load(plan, template);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut estate = Estate::of(account);
    let all = mutants(&mut estate);
    // Grants are made at run time: no template holds them.
    let sandboxed: Vec<&Mutant> = all
        .iter()
        .filter(|one| !one.id.contains("/grant-"))
        .collect();
    let step = if std::env::var_os("EVERY_MUTANT").is_some() {
        1
    } else {
        (sandboxed.len() / SAMPLE).max(1)
    };
    let mut differing = Vec::new();
    let mut compared = 0;
    let mut one = |id: &str, estate: &Estate| {
        let checked = check(&plan, estate, &Circumstances::default(), facts());
        let Some(account) = estate.parts().next().map(|part| &part.account) else {
            return;
        };
        let Some(ran) = runtime.block_on(run(&plan, account)) else {
            return;
        };
        compared += 1;
        let (checked, ran) = (outcomes(&checked), outcomes(&ran));
        for (check, run) in checked.iter().zip(&ran) {
            if check != run && !may_not_describe_the_key(check, run) {
                differing.push(format!("{id}\n  check:   {check}\n  sandbox: {run}"));
            }
        }
        assert_eq!(checked.len(), ran.len(), "{id}");
    };
    one("as it is", &estate);
    for mutant in sandboxed.iter().step_by(step) {
        one(&mutant.id, &mutant.of(&estate));
    }
    assert!(compared > SAMPLE / 2, "only {compared} were compared");
    assert!(
        differing.is_empty(),
        "{} of {compared} variants differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

fn case(name: &str) {
    let folder = root().join("shared/check/cases").join(name);
    compare(&folder.join("plan.yaml"), &folder.join("template.yaml"));
}

#[test]
fn the_repositorys_own_template() {
    compare(
        &root().join("plans/orders.yaml"),
        &root().join("template.yaml"),
    );
}

#[test]
fn a_strict_key_policy_with_boundaries() {
    case("payments");
}

#[test]
fn tags_and_a_resource_policy() {
    case("patients");
}

#[test]
fn a_key_that_is_left_to_iam() {
    case("delegated");
}

#[test]
fn an_organizations_policies() {
    case("organization");
}

#[test]
fn two_keys_and_their_aliases() {
    case("storefront");
}

#[test]
fn every_case_has_its_test() {
    let folder = root().join("shared/check/cases");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "delegated",
            "organization",
            "patients",
            "payments",
            "storefront"
        ]
    );
}
