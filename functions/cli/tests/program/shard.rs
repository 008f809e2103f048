// SPDX-License-Identifier: Apache-2.0
//! `keyproof shard`: cut, carried out one by one by the program itself, and collected.

use serde_json::{Value, json};

use crate::sandbox::{self, Server};
use crate::support::{Program, keyproof, root};

const RUN: &str = "01KEYPR00F0000000000000000";

fn repository(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The manifest of the repository's plan, cut as small as it goes: the two tables.
fn manifest() -> String {
    let cut = keyproof(["shard", "cut", "--plan", "plan.yaml", "--most", "1"])
        .file("plan.yaml", &repository("plans/orders.yaml"))
        .run();
    cut.exits(0);
    let shards: Value = serde_json::from_str(&cut.stdout).unwrap();
    let tables: Vec<_> = shards["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| &shard["tables"])
        .collect();
    assert_eq!(
        tables,
        [
            &serde_json::json!(["orders"]),
            &serde_json::json!(["control"])
        ]
    );
    assert_eq!(
        cut.stderr,
        "orders: 2 shards; each runs as `keyproof verify --plan plan.yaml --manifest MANIFEST --shard N --run-id ID`, all with the same id\n"
    );
    cut.stdout
}

/// A sandbox of the repository's template, with the plan's canaries.
fn world() -> Server {
    let template = root().join("template.yaml");
    let server = sandbox::start(&["--template", template.to_str().unwrap()]);
    at(&server, &["canary", "plant", "--plan", "plan.yaml"])
        .run()
        .exits(0);
    server
}

fn at(server: &Server, words: &[&str]) -> Program {
    let program =
        keyproof(words.iter().copied()).file("plan.yaml", &repository("plans/orders.yaml"));
    let exports = server.exports.iter();
    exports.fold(program, |program, (name, value)| program.env(name, value))
}

fn verify(server: &Server, words: &[&str], manifest: &str) -> Value {
    let fixed = [
        "verify",
        "--plan",
        "plan.yaml",
        "--format",
        "json",
        "--run-id",
        RUN,
    ];
    let run = at(server, &[&fixed, words].concat())
        .file("manifest.json", manifest)
        .run();
    run.exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

fn shard(server: &Server, number: &str, manifest: &str) -> Value {
    let words = ["--manifest", "manifest.json", "--shard", number];
    verify(server, &words, manifest)
}

#[test]
fn shards_are_carried_out_one_by_one_and_make_the_report_of_the_whole() {
    let manifest = manifest();
    let world = world();
    let (orders, control) = (shard(&world, "0", &manifest), shard(&world, "1", &manifest));
    let whole = verify(&world, &[], &manifest);
    let words = [
        "shard",
        "collect",
        "--plan",
        "plan.yaml",
        "--manifest",
        "manifest.json",
        "control.json",
        "orders.json",
        "--format",
        "json",
    ];
    let collect = || {
        keyproof(words)
            .file("plan.yaml", &repository("plans/orders.yaml"))
            .file("manifest.json", &manifest)
            .file("control.json", &control.to_string())
    };
    let run = collect().file("orders.json", &orders.to_string()).run();
    run.exits(0);
    assert_eq!(run.stderr, "");
    let collected: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(collected["summary"], whole["summary"]);
    assert_eq!(collected["run"]["id"], RUN);
    let told = |report: &Value| -> Vec<_> {
        let rows = report["probes"].as_array().unwrap().iter();
        rows.map(|row| {
            (
                row["id"].clone(),
                row["verdict"].clone(),
                row["reason"].clone(),
                row["resource"].clone(),
            )
        })
        .collect()
    };
    assert_eq!(told(&collected), told(&whole));
    assert_eq!(
        (collected.get("part"), collected.get("notes")),
        (None, None)
    );

    let planned = whole["summary"]["planned"].as_u64().unwrap();

    // Half a file is no report: that shard is blind, and the run is no pass.
    let whole_text = orders.to_string();
    let half: String = whole_text.chars().take(whole_text.len() / 2).collect();
    let run = collect().file("orders.json", &half).run();
    run.exits(3);
    let collected: Value = serde_json::from_str(&run.stdout).unwrap();
    let kept = control["summary"]["planned"].as_u64().unwrap();
    assert_eq!(collected["summary"]["planned"], planned);
    assert_eq!(collected["summary"]["pass"], kept);
    assert_eq!(collected["summary"]["inconclusive"], planned - kept);
    assert!(
        run.stderr.contains(
            "warning: no report of 1 of 2 shards: 0 (1 of the files could not be read)\n"
        ),
        "{}",
        run.stderr
    );
    // The report goes where stderr doesn't.
    let notes = |report: &Value| -> Vec<String> {
        let notes = report["notes"].as_array().unwrap().iter();
        let texts = notes.map(|note| note["text"].as_str().unwrap().to_owned());
        texts.filter(|text| text.contains("report")).collect()
    };
    let told = notes(&collected);
    let [died, unread] = told.as_slice() else {
        panic!("{told:?}");
    };
    let probes = planned - kept;
    assert_eq!(
        *died,
        format!("no report came of shard 0 of 2, and its {probes} probes are blind")
    );
    assert!(
        unread.starts_with("a report was not taken: ") && unread.contains("`orders.json`"),
        "{unread}"
    );

    // Of a run whose id is known nothing is lost where no file can be read, and nothing passes.
    let nothing = keyproof(words.into_iter().chain(["--run-id", RUN]))
        .file("plan.yaml", &repository("plans/orders.yaml"))
        .file("manifest.json", &manifest)
        .file("control.json", "{")
        .run();
    nothing.exits(3);
    let blind: Value = serde_json::from_str(&nothing.stdout).unwrap();
    assert_eq!(blind["summary"]["inconclusive"], planned);
    assert_eq!(blind["summary"]["planned"], planned);
    assert_eq!(notes(&blind).len(), 4, "{:?}", notes(&blind));
}

/// It says so, and so does its badge.
#[test]
fn a_shard_is_no_plan() {
    let manifest = manifest();
    let world = world();
    let orders = shard(&world, "0", &manifest);
    let whole = verify(&world, &[], &manifest);
    let planned = whole["summary"]["planned"].as_u64().unwrap();
    let asked = orders["summary"]["planned"].as_u64().unwrap();
    assert_eq!(orders["part"], json!({"of": planned, "touching": []}));
    assert_eq!(
        orders["notes"][0]["text"],
        format!(
            "a part of the plan: {asked} of its {planned} probes; of the others nothing is said"
        )
    );
    let badge = |report: &Value| {
        let drawn = keyproof(["report", "badge", "-"])
            .stdin(report.to_string())
            .run();
        let label = drawn.stdout.split_once("aria-label=\"").unwrap().1;
        (drawn.code, label.split_once('"').unwrap().0.to_owned())
    };
    assert_eq!(
        badge(&orders),
        (
            Some(3),
            format!("keyproof: orders: part: {asked} of {planned}")
        )
    );
    assert_eq!(
        badge(&whole),
        (Some(0), "keyproof: orders: pass".to_owned())
    );
    assert_eq!(whole.get("part"), None);
}

/// Each in a world of its own, they say nothing of one.
#[test]
fn shards_that_ran_in_different_places_make_no_pass() {
    let manifest = manifest();
    let (one, other) = (world(), world());
    let (orders, control) = (shard(&one, "0", &manifest), shard(&other, "1", &manifest));
    let words = ["shard", "collect", "--plan", "plan.yaml", "--manifest"];
    let mut told = Vec::new();
    for order in [
        ["orders.json", "control.json"],
        ["control.json", "orders.json"],
    ] {
        let run = keyproof(words.into_iter().chain(["manifest.json"]).chain(order))
            .args(["--format", "json"])
            .file("plan.yaml", &repository("plans/orders.yaml"))
            .file("manifest.json", &manifest)
            .file("orders.json", &orders.to_string())
            .file("control.json", &control.to_string())
            .run();
        run.exits(3);
        assert!(
            run.stderr
                .starts_with("warning: not taken: a report of shard ")
                && run
                    .stderr
                    .contains("made in region `us-east-1` of `http://127.0.0.1:"),
            "{}",
            run.stderr
        );
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        told.push((report["summary"].clone(), report["environment"].clone()));
    }
    assert_eq!(told[0], told[1]);
}

#[test]
fn a_shard_needs_a_manifest_of_this_plan_and_an_id_that_it_shares() {
    let manifest = manifest();
    let run = |words: &[&str], plan: &str| {
        let fixed = [
            "verify",
            "--plan",
            "plan.yaml",
            "--sandbox",
            "template.yaml",
            "--manifest",
            "manifest.json",
        ];
        keyproof(fixed.into_iter().chain(words.iter().copied()))
            .file("plan.yaml", plan)
            .file("template.yaml", &repository("template.yaml"))
            .file("manifest.json", &manifest)
            .run()
    };
    let plan = repository("plans/orders.yaml");

    let alone = run(&["--shard", "0"], &plan);
    alone.exits(2);
    assert!(alone.stderr.contains("--run-id <ULID>"), "{}", alone.stderr);

    let no_such = run(&["--shard", "2", "--run-id", RUN], &plan);
    no_such.exits(2);
    assert_eq!(
        no_such.stderr,
        "error: there is no shard 2; the manifest has 2, numbered from 0\n"
    );

    let other = run(
        &["--shard", "0", "--run-id", RUN],
        &plan.replace("name: orders", "name: others"),
    );
    other.exits(2);
    assert!(
        other.stderr.starts_with("error: cannot use `manifest.json`: the manifest is of plan `orders` with digest `sha256:"),
        "{}",
        other.stderr
    );
    assert!(
        other.stderr.ends_with("cut the plan again\n"),
        "{}",
        other.stderr
    );
}
