// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify --format jsonl` and `--resume`: lines as they come, and a run gone on from where it
//! was cut off, table by table.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::Duration;

use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, Scripted, Table, World};
use serde_json::{Value, json};

use crate::orders::KEY;
use crate::support::{Program, Run, keyproof, root};

const TABLES: [&str; 4] = ["tb0", "tb1", "tb2", "tb3"];

fn plan() -> String {
    let tables = TABLES.map(|name| {
        format!(
            "  {name}: {{ table: {name}, key: \"{KEY}\", canary: {{ key: {{ pk: {{ S: \"keyproof#canary\" }} }} }} }}\n"
        )
    });
    let expectations = TABLES.map(|name| {
        format!(
            "  - {{ principal: reader, on: {name}, actions: [dynamodb:GetItem], decision: allowed }}\n  - {{ \
             principal: outsider, on: {name}, actions: [dynamodb:GetItem], decision: denied, by: kms }}\n"
        )
    });
    format!(
        "keyproof: plan/v1\nname: four\nregion: us-east-1\ntables:\n{}principals:\n  reader: {{ role: \
         \"arn:aws:iam::111122223333:role/reader\" }}\n  outsider: {{ role: \
         \"arn:aws:iam::111122223333:role/outsider\" }}\nexpectations:\n{}",
        tables.concat(),
        expectations.concat()
    )
}

fn script() -> Script {
    let item = json!({"pk": {"S": "keyproof#canary"}});
    let mut world = World::default().key(KEY, KeyState::Enabled);
    for name in TABLES {
        world = world.table(name, Table::encrypted(item.clone(), KEY));
    }
    let denied = Reply::Deny(
        Layer::KmsThroughDynamoDb,
        "because no resource-based policy allows the kms:Decrypt action".to_owned(),
    );
    Script::new(world).rule(Rule::new(denied).by("outsider").on("GetItem"))
}

/// The outsider's read of `tb2` hangs, once.
fn held() -> Script {
    let mut script = script();
    let hold = Rule::new(Reply::Hang).by("outsider").of("tb2").times(1);
    script.rules.insert(0, hold);
    script
}

fn verify(more: &[&'static str]) -> Program {
    let words = ["verify", "--plan", "plan.yaml"];
    keyproof(words.iter().chain(more).copied()).file("plan.yaml", &plan())
}

const LINES: [&str; 4] = ["--format", "jsonl", "--output", "run.jsonl"];

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(report: &Value) -> Vec<&str> {
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap()).collect()
}

/// Waits until the file has the rows of three tables.
async fn three_tables(program: &Program, name: &str) -> String {
    let mut text = String::new();
    for _ in 0..1_000 {
        text = std::fs::read_to_string(program.directory.path().join(name)).unwrap_or_default();
        if text.lines().count() == 1 + 3 * 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(text.lines().count(), 1 + 3 * 3, "{text}");
    text
}

async fn kill(signal: &str, mut child: Child) {
    let id = child.id().to_string();
    let killed = Command::new("kill").args([signal, &id]).status();
    assert!(killed.unwrap().success());
    let wait = tokio::task::spawn_blocking(move || child.wait().unwrap());
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap()
        .unwrap();
}

/// Runs a command in the directory of another.
async fn in_place(program: &Program, mut next: Program) -> Run {
    next.command_in(program.directory.path());
    next.run_beside().await.0
}

#[tokio::test]
async fn lines_are_the_same_report_as_json() {
    let endpoint = Scripted::start(script()).await;
    let program = verify(&["--format", "json", "--output", "run.json"]);
    let program = program.args(LINES).at(&endpoint);
    let (run, directory) = program.run_beside().await;
    run.exits(0);
    assert_eq!(
        run.stderr,
        "four: pass: 12 of 12 probes passed, 0 failed, 0 inconclusive; written to `run.json` and `run.jsonl`\n"
    );

    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let text = read("run.jsonl");
    let mut found = lines(&text);
    let (first, last) = (found.remove(0), found.pop().unwrap());
    assert_eq!(first["schema"], "keyproof.report.lines/v1");
    assert_eq!(first["planned"], 12);
    assert_eq!(last["end"]["summary"]["pass"], 12);
    let mut places: Vec<_> = found
        .iter()
        .map(|row| row["place"].as_u64().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(places, (0..12).collect::<Vec<_>>());
    // Rendered from the lines, byte by byte what was written row by row.
    let mut render = keyproof(["report", "render", "run.jsonl", "--format", "json"]);
    render.command_in(directory.path());
    assert_eq!(render.run().exits(0).stdout, read("run.json"));
    assert!(!directory.path().join("run.jsonl.partial").exists());
}

#[tokio::test]
async fn lines_go_out_beside_formats_that_need_the_whole_report() {
    let endpoint = Scripted::start(script()).await;
    let program = verify(&["--format", "jsonl", "--output", "-"]);
    let program = program.args(["--format", "text", "--output", "run.txt"]);
    let (run, directory) = program.at(&endpoint).run_beside().await;

    assert_eq!(lines(&run.exits(0).stdout).len(), 14);
    let text = std::fs::read_to_string(directory.path().join("run.txt")).unwrap();
    assert!(text.contains("12 probes"), "{text}");
}

#[tokio::test]
async fn a_killed_run_is_gone_on_from_table_by_table() {
    let endpoint = Scripted::start(held()).await;
    let mut program = verify(&LINES).at(&endpoint);
    let child = program.start();
    let partial = three_tables(&program, "run.jsonl.partial").await;
    kill("-KILL", child).await;
    let before = endpoint.requests().len();

    let again = verify(&LINES).at(&endpoint);
    let refused = in_place(&program, again).await;
    assert_eq!(
        refused.exits(2).stderr,
        "error: `run.jsonl.partial` is of a run that was cut off; go on from it with `--resume \
         run.jsonl.partial` and another `--output`, or remove it\n"
    );
    let cut = in_place(
        &program,
        keyproof(["report", "render", "run.jsonl.partial"]),
    )
    .await;
    assert_eq!(
        cut.exits(2).stderr,
        "error: cannot read the report `run.jsonl.partial`: the run was cut off: 9 of 12 probes are there, \
         and no last line; `keyproof verify --resume` goes on from it\n"
    );

    let resume = verify(&["--resume", "run.jsonl.partial", "--format", "json"]).at(&endpoint);
    let run = in_place(&program, resume).await;
    let report: Value = serde_json::from_str(&run.exits(0).stdout).unwrap();

    let first = &lines(&partial)[0];
    assert_eq!(report["run"]["id"], first["run"]["id"]);
    assert_eq!(report["run"]["started_at"], first["run"]["started_at"]);
    assert_eq!(report["summary"]["pass"], 12);
    assert_eq!(ids(&report)[2], "tb2/encryption");
    assert_eq!(ids(&report)[4], "reader/dynamodb:GetItem/tb0");
    // Of the tables that were done nothing is asked again; of the other all of it, witness and look.
    let asked: Vec<_> = endpoint.requests().split_off(before);
    let mut asked: Vec<_> = asked
        .iter()
        .filter(|request| request.resource.starts_with('t'))
        .map(|request| {
            (
                request.caller.as_str(),
                request.operation.as_str(),
                request.resource.as_str(),
            )
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            ("outsider", "GetItem", "tb2"),
            ("reader", "GetItem", "tb2"),
            ("runner", "DescribeTable", "tb2"),
        ]
    );
    let note = report["notes"][0]["text"].as_str().unwrap();
    let started = report["run"]["started_at"].as_str().unwrap();
    assert!(
        note.starts_with(&format!(
            "the run began at {started} and was cut off; it was resumed at "
        )) && note.ends_with(", when 9 of 12 probes were kept as they had been found"),
        "{note}"
    );
}

#[tokio::test]
async fn an_interrupted_report_is_gone_on_from() {
    let endpoint = Scripted::start(held()).await;
    let mut program = verify(&["--format", "json", "--output", "run.json"]);
    program = program.args(LINES).at(&endpoint);
    let child = program.start();
    three_tables(&program, "run.jsonl.partial").await;
    kill("-INT", child).await;
    let cut: Value = serde_json::from_str(&program.read("run.json")).unwrap();
    assert_eq!(cut["summary"]["verdict"], "inconclusive");
    assert_eq!(cut["notes"][0]["kind"], "interrupted");
    assert_eq!(ids(&cut).len(), 12);

    for source in ["run.json", "run.jsonl"] {
        let resume = verify(&["--resume", source, "--format", "json"]).at(&endpoint);
        let run = in_place(&program, resume).await;
        let report: Value = serde_json::from_str(&run.exits(0).stdout).unwrap();

        assert_eq!(report["run"]["id"], cut["run"]["id"]);
        assert_eq!(report["summary"]["pass"], 12, "{source}");
        let kinds: Vec<_> = report["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| &note["kind"])
            .collect();
        assert_eq!(kinds, ["resumed"], "{source}");
        // Calls of both parts: two sessions each time, eight reads and one of them again, with its witness.
        let counted = |operation: &str| {
            let calls = report["calls"].as_array().unwrap();
            let row = calls.iter().find(|row| row["operation"] == operation);
            row.unwrap()["calls"].as_u64().unwrap()
        };
        assert_eq!(counted("AssumeRole"), 4, "{source}");
        assert_eq!(counted("GetItem"), 10, "{source}");
    }
}

#[tokio::test]
async fn what_is_not_of_this_run_is_refused() {
    let endpoint = Scripted::start(script()).await;
    let mut program = verify(&LINES).at(&endpoint);
    let child = program.start();
    let wait = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    assert_eq!(wait.await.unwrap().status.code(), Some(0));
    let path = program.directory.path();
    std::fs::write(path.join("other.yaml"), plan().replace("four", "five")).unwrap();
    std::fs::write(path.join("empty"), "").unwrap();
    let text = program.read("run.jsonl");
    std::fs::write(
        path.join("swapped"),
        text.replacen("outsider/", "insider/", 1),
    )
    .unwrap();
    let before = endpoint.requests().len();

    for (words, why) in [
        (
            &["--plan", "other.yaml", "--resume", "run.jsonl"][..],
            "it is of a plan with digest `sha256:",
        ),
        (
            &[
                "--plan",
                "plan.yaml",
                "--resume",
                "run.jsonl",
                "--region",
                "eu-west-1",
            ],
            "it is of region `us-east-1`, and this run of `eu-west-1`",
        ),
        (
            &[
                "--plan",
                "plan.yaml",
                "--resume",
                "run.jsonl",
                "--endpoint-url",
                "http://127.0.0.1:9",
            ],
            "its endpoint is `http://127.0.0.1:",
        ),
        (
            &["--plan", "plan.yaml", "--resume", "empty"],
            "it holds nothing",
        ),
        (
            &["--plan", "plan.yaml", "--resume", "swapped"],
            "is `insider/dynamodb:GetItem/t",
        ),
    ] {
        let next = keyproof(["verify"].iter().chain(words).copied()).at(&endpoint);
        let run = in_place(&program, next).await;
        let stderr = &run.exits(2).stderr;
        assert!(
            stderr.starts_with("error: cannot go on from `")
                && stderr.contains(why)
                && stderr.ends_with("run the plan anew, without `--resume`\n"),
            "{stderr}"
        );
    }
    assert_eq!(endpoint.requests().len(), before);
}

/// A report of `check` has the form of a run's, and nothing of it was asked.
#[tokio::test]
async fn what_asked_nothing_is_not_gone_on_from() {
    let endpoint = Scripted::start(script()).await;
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let words = [
        "check",
        "--plan",
        "plan.yaml",
        "--template",
        "template.yaml",
    ];
    let mut check = keyproof(words)
        .args(["--format", "json", "--output", "check.json"])
        .args(["--format", "jsonl", "--output", "check.jsonl"])
        .file("plan.yaml", &read("plans/orders.yaml"))
        .file("template.yaml", &read("template.yaml"));
    check.run().exits(0);

    for source in ["check.json", "check.jsonl"] {
        let next = verify(&["--resume", source]).at(&endpoint);
        let run = in_place(&check, next).await;
        assert_eq!(
            run.exits(2).stderr,
            format!(
                "error: cannot go on from `{source}`: it is a report of `keyproof check`, which evaluates policies and \
                 asks AWS nothing; run the plan anew, without `--resume`\n"
            )
        );
    }
    assert_eq!(endpoint.requests().len(), 0);
}

/// An exception that was in force when the run began, and is no more when it is gone on from, excuses neither
/// what was kept nor what is asked now.
#[tokio::test]
async fn an_exception_that_expired_before_the_run_was_resumed_excuses_nothing() {
    let now = jiff::Timestamp::now();
    let day = |days: i64| {
        let then = now + jiff::SignedDuration::from_hours(24 * days);
        then.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
    };
    for (expires, code, excepted) in [(day(-1), 1, 0), (day(1), 0, 2)] {
        let exceptions = ["tb0", "tb2"].map(|table| {
            format!(
                "  - {{ probe: outsider/dynamodb:GetItem/{table}, reason: r, owner: o, expires: {expires} }}\n"
            )
        });
        let plan = format!("{}exceptions:\n{}", plan(), exceptions.concat());
        // The outsider is let in to both: the one's row is kept, the other's read hangs at first.
        let mut script = held();
        for table in ["tb0", "tb2"] {
            let item = Reply::Item(json!({"pk": {"S": "keyproof#canary"}}));
            let open = Rule::new(item).by("outsider").on("GetItem").of(table);
            script.rules.insert(1, open);
        }
        let endpoint = Scripted::start(script).await;
        let mut program = verify(&LINES).file("plan.yaml", &plan).at(&endpoint);
        let child = program.start();
        let partial = three_tables(&program, "run.jsonl.partial").await;
        kill("-KILL", child).await;
        // As it was two days ago, when the exceptions were in force.
        let then = format!("{:.3}", now - jiff::SignedDuration::from_hours(48));
        let gone = format!(
            "(the exception that `o` answered for expired on {expires}, so that this counts again)"
        );
        let excused = format!("(excepted until {expires}; `o` answers for it)");
        let mut earlier = lines(&partial);
        earlier[0]["run"]["started_at"] = json!(then);
        for line in &mut earlier {
            let row = &mut line["probe"];
            if row["verdict"] == "fail" {
                row["reason"] = json!(row["reason"].as_str().unwrap().replace(&gone, &excused));
                row["exception"] = json!({
                    "probe": row["id"], "status": "in_force", "reason": "r", "owner": "o",
                    "expires": expires.to_string(),
                });
            }
        }
        let earlier: Vec<_> = earlier.iter().map(ToString::to_string).collect();
        let earlier = earlier.join("\n") + "\n";
        assert_eq!(earlier.matches(&excused).count(), 1, "{earlier}");
        let path = program.directory.path().join("earlier.jsonl");
        std::fs::write(path, earlier).unwrap();

        let resume = verify(&["--resume", "earlier.jsonl", "--format", "json"]).at(&endpoint);
        let run = in_place(&program, resume).await;

        let report: Value = serde_json::from_str(&run.exits(code).stdout).unwrap();
        assert_eq!(report["run"]["started_at"], then);
        let summary = &report["summary"];
        assert_eq!(
            (&summary["pass"], &summary["excepted"]),
            (&json!(10), &json!(excepted))
        );
        let status = if excepted == 0 { "expired" } else { "in_force" };
        for place in [0, 1] {
            assert_eq!(report["exceptions"][place]["status"], status);
        }
        let rows = report["probes"].as_array().unwrap().iter();
        let failed: Vec<_> = rows.filter(|row| row["verdict"] == "fail").collect();
        let reasons: Vec<_> = failed
            .iter()
            .map(|row| row["reason"].as_str().unwrap())
            .collect();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        for (row, reason) in failed.iter().zip(reasons) {
            assert_eq!(row.get("exception").is_some(), excepted > 0, "{reason}");
            assert_eq!(reason.matches("`o` answer").count(), 1, "{reason}");
            assert_eq!(reason.contains(&gone), excepted == 0, "{reason}");
        }
    }
}

/// How long ago is seen from the outside, too.
#[tokio::test]
async fn a_run_that_began_a_week_ago_is_made_anew() {
    let endpoint = Scripted::start(script()).await;
    let mut program = verify(&["--format", "json", "--output", "run.json"]);
    program = program.at(&endpoint);
    let mut child = program.start();
    let done = tokio::task::spawn_blocking(move || child.wait().unwrap());
    assert_eq!(done.await.unwrap().code(), Some(0));
    let text = program.read("run.json");
    let report: Value = serde_json::from_str(&text).unwrap();
    let began = report["run"]["started_at"].as_str().unwrap();
    for (hours, code) in [(7 * 24 - 1, 0), (7 * 24 + 1, 2)] {
        let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        let path = program.directory.path().join("then.json");
        std::fs::write(path, text.replace(began, &format!("{then:.3}"))).unwrap();

        let next = verify(&["--resume", "then.json"]).at(&endpoint);
        in_place(&program, next).await.exits(code);
    }
}

#[tokio::test]
async fn a_run_that_never_began_leaves_no_partial_file() {
    let mut program = verify(&LINES);
    program.run().exits(2);

    assert!(!program.directory.path().join("run.jsonl.partial").exists());
}
