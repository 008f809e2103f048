// SPDX-License-Identifier: Apache-2.0
//! `--help`, and `docs/cli.md`, which is made from it. `UPDATE_GOLDEN=1` writes the document again.

use std::fmt::Write;

use crate::support::{keyproof, root};

const MARK: &str =
    "<!-- From here on this is what --help says; UPDATE_GOLDEN=1 writes it again. -->\n";

#[test]
fn the_document_is_what_help_says() {
    let path = root().join("docs/cli.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (head, _) = document.split_once(MARK).unwrap();
    let mut expected = format!("{head}{MARK}");
    let mut command = keyproof_cli::command()
        .term_width(100)
        .disable_help_subcommand(true);
    command.build();
    chapters(&mut command, &mut expected);

    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }

    assert!(
        expected == document,
        "docs/cli.md is not what --help says; run with UPDATE_GOLDEN=1"
    );
}

fn chapters(command: &mut clap::Command, out: &mut String) {
    let name = command
        .get_bin_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let help = command.render_long_help().to_string();
    // The table of exit codes stands once.
    let again = out.contains("\nExit codes:\n");
    let parts: Vec<&str> = help.split("\nExit codes:\n").collect();
    let help = if again { parts[0] } else { &help };
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(
        out,
        "\n## {name}\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    )
    .unwrap();
    for subcommand in command.get_subcommands_mut() {
        chapters(subcommand, out);
    }
}

#[test]
fn every_help_has_the_exit_codes() {
    for words in [
        vec!["--help"],
        vec!["verify", "--help"],
        vec!["verify", "-h"],
        vec!["plan", "validate", "--help"],
    ] {
        let run = keyproof(words).run();

        run.exits(0);
        assert!(
            run.stdout.contains("\n  3  inconclusive: "),
            "{}",
            run.stdout
        );
        assert!(!run.stdout.contains('\x1b'), "colour only on a terminal");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn the_version_is_told() {
    let run = keyproof(["--version"]).run();

    run.exits(0);
    assert_eq!(
        run.stdout,
        format!("keyproof {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_is_exit_code_two() {
    for words in [
        vec!["verfy"],
        vec!["verify"],
        vec!["verify", "--plan"],
        vec!["verify", "--plan", "p", "--concurrency", "0"],
        vec!["verify", "--plan", "p", "--timeout", "0"],
        vec!["verify", "--plan", "p", "--timeout", "-1"],
        vec!["verify", "--plan", "p", "--format", "pdf"],
        vec![
            "verify", "--plan", "p", "--format", "text", "--format", "json",
        ],
        vec!["verify", "--plan", "-", "--sandbox", "-"],
        vec![
            "verify",
            "--plan",
            "p",
            "--sandbox",
            "t",
            "--region",
            "us-east-1",
        ],
        vec!["verify", "--plan", "p", "--parameter", "A=b"],
        vec![
            "verify",
            "--plan",
            "p",
            "--sandbox",
            "t",
            "--parameter",
            "A",
        ],
        vec!["sandbox", "--port", "70000"],
        vec!["sandbox", "--parameter", "A=b"],
        vec!["plan"],
        vec!["canary"],
    ] {
        let run = keyproof(words.iter().copied()).run();

        run.exits(2);
        assert_eq!(run.stdout, "", "{words:?}");
        assert!(
            run.stderr.starts_with("error: ") || run.stderr.contains("Usage:"),
            "{}",
            run.stderr
        );
    }
}
