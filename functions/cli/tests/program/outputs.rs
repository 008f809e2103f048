// SPDX-License-Identifier: Apache-2.0
//! Where reports go: standard output, files, several formats of one run.

use keyproof_scripted::{Script, Scripted};
use serde_json::Value;

use crate::orders::{kept_out, verify, world};
use crate::support::read;

#[tokio::test]
async fn text_on_standard_output_begins_with_the_verdict() {
    let endpoint = Scripted::start(kept_out()).await;

    let (run, _) = verify(&[]).at(&endpoint).run_beside().await;

    run.exits(0);
    assert!(
        run.stdout
            .starts_with("✓ PASS: 3 probes came out as planned"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains('\x1b'), "colour only on a terminal");
}

#[tokio::test]
async fn one_run_gives_several_formats() {
    let endpoint = Scripted::start(kept_out()).await;
    let formats = [
        "--format", "text", "--output", "-", "--format", "json", "--output", "r.json", "--format",
        "junit", "--output", "r.xml", "--format", "sarif", "--output", "r.sarif", "--format",
        "html", "--output", "r.html", "--format", "markdown", "--output", "r.md",
    ];

    let (run, left) = verify(&formats).at(&endpoint).run_beside().await;

    run.exits(0);
    assert!(run.stdout.starts_with("✓ PASS: "), "{}", run.stdout);
    assert_eq!(run.stderr, "");
    let run_id =
        serde_json::from_str::<Value>(&read(&left, "r.json")).unwrap()["run"]["id"].clone();
    assert!(read(&left, "r.xml").starts_with("<?xml"));
    assert!(read(&left, "r.sarif").contains("2.1.0"));
    assert!(
        read(&left, "r.html").contains(run_id.as_str().unwrap()),
        "all are of one run"
    );
    assert!(read(&left, "r.md").contains("orders"));
    assert_eq!(
        endpoint.requests_of("AssumeRole").len(),
        2,
        "one session a principal"
    );
}

#[tokio::test]
async fn a_run_whose_report_goes_to_a_file_still_says_its_verdict() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, left) = verify(&["--format", "json", "--output", "r.json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "orders: fail: 2 of 3 probes passed, 1 failed, 0 inconclusive; written to `r.json`\n"
    );
    assert!(read(&left, "r.json").contains("exposed"));
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_2_after_the_verdict_was_told() {
    let endpoint = Scripted::start(kept_out()).await;
    let words = [
        "--format",
        "text",
        "--output",
        "-",
        "--format",
        "json",
        "--output",
        "no/r.json",
    ];

    let (run, _) = verify(&words).at(&endpoint).run_beside().await;

    run.exits(2);
    assert!(run.stdout.starts_with("✓ PASS: "), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "orders: pass: 3 of 3 probes passed, 0 failed, 0 inconclusive\n\
         error: cannot write `no/r.json`: No such file or directory (os error 2)\n"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let endpoint = Scripted::start(kept_out()).await;
    let program = verify(&["--format", "json", "--output", "link.json"]).at(&endpoint);
    let program = program.file("r.json", "of yesterday");
    let path = program.directory.path().to_owned();
    symlink("r.json", path.join("link.json")).unwrap();
    std::fs::set_permissions(path.join("r.json"), PermissionsExt::from_mode(0o640)).unwrap();

    let (run, left) = program.run_beside().await;

    run.exits(0);
    assert!(
        read(&left, "r.json").contains("keyproof.report/v1"),
        "the link is followed"
    );
    assert!(path.join("link.json").is_symlink());
    let mode = std::fs::metadata(path.join("r.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["link.json", "plan.yaml", "r.json"]);
}
