// SPDX-License-Identifier: Apache-2.0
//! `keyproof`, `keyproof demo`: the story, as a newcomer sees it.

use std::time::{Duration, Instant};

use crate::support::keyproof;

#[test]
fn without_a_word_the_story_is_told_and_holds() {
    let mut program = keyproof([]);
    let started = Instant::now();

    let run = program.run();

    run.exits(0);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(run.stderr, "");
    let verdicts: Vec<&str> = run
        .stdout
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(|word| ["PASS", "FAIL", "INCONCLUSIVE"].contains(word))
        .collect();
    assert_eq!(verdicts, ["PASS", "FAIL", "PASS", "FAIL", "PASS"]);
    for line in [
        "1. The key keeps the outsider out",
        "2. Somebody widens the key's policy",
        "3. The change is rolled back",
        "4. A temporary grant opens another door",
        "5. The grant is revoked",
        "     reader reads `orders`: allowed, as it must be",
        "     outsider reads `orders`: denied by KMS, as it must be",
        "     outsider reads `control`: allowed, as it must be",
        "     outsider reads `orders`: allowed, but it must be denied",
        "   Caught: in a pipeline, exit code 1 would have stopped it here.",
        "The story held: each change was seen, and so was each way back.",
    ] {
        assert!(
            run.stdout.lines().any(|told| told == line),
            "{line}\n{}",
            run.stdout
        );
    }
    let told = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("let in by the statement `AllowKeyUsers` in the policy of arn:aws:kms:"));
    assert!(told.contains("let in by the grant "));
    assert!(told.contains("is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:"));
    let page = program
        .directory
        .path()
        .canonicalize()
        .unwrap()
        .join("keyproof-demo.html");
    assert!(
        run.stdout.contains(page.to_str().unwrap()),
        "{}",
        run.stdout
    );
    let page = program.read("keyproof-demo.html");
    assert!(page.contains("AllowKeyUsers") && page.contains("Somebody widens the key"));
    for line in run
        .stdout
        .lines()
        .filter(|line| !line.contains("arn:") && !line.contains('/'))
    {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn the_page_goes_where_it_is_wanted() {
    let mut program = keyproof(["demo", "--output", "story.html"]);

    let run = program.run();

    run.exits(0);
    assert!(run.stdout.contains("story.html"));
    let page = program.read("story.html").to_lowercase();
    assert!(page.starts_with("<!doctype html>"));
}

#[test]
fn a_page_that_cannot_be_written_is_2_after_the_story() {
    let run = keyproof(["demo", "--output", "no/story.html"]).run();

    run.exits(2);
    assert!(run.stdout.contains("The story held"));
    assert_eq!(
        run.stderr,
        "error: cannot write `no/story.html`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn the_environment_of_the_operator_is_left_alone() {
    let run = keyproof(["demo", "--output", "story.html"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_PROFILE", "nobody")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .run();

    run.exits(0);
}
