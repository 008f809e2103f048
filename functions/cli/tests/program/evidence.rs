// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence`, and `verify --record`: a history on a laptop, packed, verified, altered.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, keyproof, root};

/// Where the history is. Runs of the program share it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let made = desk
            .run(&["evidence", "keygen", "key.pem"])
            .exits(0)
            .stdout
            .clone();
        std::fs::write(desk.path().join("public.pem"), made).unwrap();
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, words: &[&str]) -> Run {
        let mut program = keyproof(words.iter().copied());
        program.command_in(self.path());
        program.run()
    }

    /// One run of the repository's own plan, kept.
    fn record(&self) -> Run {
        let plan = root().join("plans/orders.yaml").display().to_string();
        let template = root().join("template.yaml").display().to_string();
        self.run(&[
            "verify",
            "--plan",
            &plan,
            "--sandbox",
            &template,
            "--record",
            "history",
            "--signing-key",
            "key.pem",
        ])
    }

    fn export(&self, more: &[&str]) -> Run {
        let words = [
            "evidence",
            "export",
            "--records",
            "history",
            "--from",
            "2020-01-01",
            "--to",
            "2100-01-01",
            "--signing-key",
            "key.pem",
            "--output",
            "pack.tar.gz",
        ];
        self.run(&[&words, more].concat())
    }

    fn verify(&self, more: &[&str]) -> Run {
        let words = ["evidence", "verify", "pack.tar.gz", "--key", "public.pem"];
        self.run(&[&words, more].concat())
    }
}

#[test]
fn runs_are_kept_packed_and_verified_and_an_alteration_is_named() {
    let desk = Desk::new();

    let kept = desk.record();
    kept.exits(0);
    assert!(
        kept.stderr.contains("orders: record 1 signed by sha256:"),
        "{}",
        kept.stderr
    );
    desk.record().exits(0);
    let exported = desk.export(&[]);
    exported.exits(0);
    assert_eq!(exported.stdout, "");
    assert!(
        exported
            .stderr
            .ends_with("2 records packed to `pack.tar.gz`\n"),
        "{}",
        exported.stderr
    );

    let warning = "warning: the period ends in the future: runs that are not due yet are among the missing; `--to ";
    assert!(!exported.stderr.contains(warning), "no schedule is known");
    let scheduled = desk.export(&["--interval", "60"]);
    scheduled.exits(0);
    assert!(scheduled.stderr.contains(warning), "{}", scheduled.stderr);
    desk.export(&[]).exits(0);

    let verified = desk.verify(&[]);
    verified.exits(0);
    assert!(
        verified
            .stdout
            .starts_with("✓ INTACT: nothing is altered or missing\n2 records verified\n"),
        "{}",
        verified.stdout
    );
    assert!(
        verified
            .stdout
            .contains("  not AWS itself: runs were made against "),
        "{}",
        verified.stdout
    );
    let json: Value =
        serde_json::from_str(&desk.verify(&["--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!(json["schema"], "keyproof.evidence-verification/v1");
    assert_eq!(
        (&json["intact"], &json["records"]),
        (&Value::from(true), &Value::from(2))
    );

    let report = desk.path().join("history/orders/reports/000000000001.json");
    let text = std::fs::read_to_string(&report).unwrap();
    std::fs::write(&report, text.replacen("denied", "allowed", 1)).unwrap();
    let told = desk.export(&[]);
    told.exits(1);
    let sentence = "warning: `reports/orders/000000000001.json` is not the report that was signed: it was altered\n";
    assert!(told.stderr.starts_with(sentence), "{}", told.stderr);
    let found = desk.verify(&[]);
    found.exits(1);
    assert!(
        found.stdout.starts_with(
            "✗ NOT INTACT: 1 finding\n  altered    reports/orders/000000000001.json: its digest is "
        ),
        "{}",
        found.stdout
    );
}

#[test]
fn runs_that_were_never_made_are_exit_code_three() {
    let desk = Desk::new();
    desk.record().exits(0);

    let exported = desk.export(&["--interval", "60", "--plan", "orders"]);
    exported.exits(0);
    let found = desk.verify(&[]);

    found.exits(3);
    assert!(
        found
            .stdout
            .starts_with("? INTACT, BUT NOT COMPLETE: 2 findings\n"),
        "{}",
        found.stdout
    );
}

#[test]
fn a_key_that_others_may_read_signs_nothing() {
    let desk = Desk::new();
    let key = desk.path().join("key.pem");
    let mode = || std::fs::metadata(&key).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();

    let refused = desk.record();

    refused.exits(2);
    assert_eq!(
        refused.stderr,
        "error: the private key `key.pem` may be used by others (mode 0640); `chmod 600` it first\n"
    );
    // Before the run, not after it.
    assert_eq!(refused.stdout, "");
}

#[test]
fn keys_are_never_overwritten_and_never_swapped() {
    let desk = Desk::new();
    let private = std::fs::read_to_string(desk.path().join("key.pem")).unwrap();

    let again = desk.run(&["evidence", "keygen", "key.pem"]);
    again.exits(2);
    assert!(
        again.stderr.starts_with("error: cannot write `key.pem`: "),
        "{}",
        again.stderr
    );
    assert_eq!(
        std::fs::read_to_string(desk.path().join("key.pem")).unwrap(),
        private
    );

    let public = desk.run(&["evidence", "public-key", "--signing-key", "key.pem"]);
    public.exits(0);
    assert_eq!(
        public.stdout,
        std::fs::read_to_string(desk.path().join("public.pem")).unwrap()
    );

    desk.record().exits(0);
    desk.export(&[]).exits(0);
    let swapped = desk.run(&["evidence", "verify", "pack.tar.gz", "--key", "key.pem"]);
    swapped.exits(2);
    assert!(
        swapped.stderr.starts_with("error: cannot use the key `key.pem`: it is a private key; verifying needs the public half alone"),
        "{}",
        swapped.stderr
    );
    assert!(!swapped.stderr.contains(private.lines().nth(1).unwrap()));
}

#[test]
fn what_cannot_be_carried_out_is_two() {
    let desk = Desk::new();
    std::fs::write(desk.path().join("pack.tar.gz"), "no pack").unwrap();
    std::fs::create_dir(desk.path().join("history")).unwrap();

    for (words, sentence) in [
        (
            vec!["evidence", "verify", "pack.tar.gz", "--key", "public.pem"],
            "error: cannot verify `pack.tar.gz`: it is no evidence pack",
        ),
        (
            vec!["evidence", "verify", "none.tar.gz", "--key", "public.pem"],
            "error: cannot read `none.tar.gz`: ",
        ),
        (
            vec!["evidence", "verify", "pack.tar.gz"],
            "error: the following required arguments were not provided",
        ),
        (
            vec!["verify", "--plan", "p", "--record", "history"],
            "error: the following required arguments were not provided",
        ),
    ] {
        let run = desk.run(&words);

        run.exits(2);
        assert!(run.stderr.starts_with(sentence), "{}", run.stderr);
    }
    for (more, sentence) in [
        (vec![], "error: there are no records to pack\n"),
        (
            vec!["--interval", "0"],
            "error: invalid value '0' for '--interval <MINUTES>'",
        ),
    ] {
        let run = desk.export(&more);

        run.exits(2);
        assert!(run.stderr.starts_with(sentence), "{}", run.stderr);
    }
    desk.record().exits(0);
    let other = desk.export(&["--plan", "other"]);
    other.exits(2);
    assert_eq!(
        other.stderr,
        "error: there are no records of the plan `other`; there are of `orders`\n"
    );
}
