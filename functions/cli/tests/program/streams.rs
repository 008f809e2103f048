// SPDX-License-Identifier: Apache-2.0
//! Streams that are closed, full, or no terminal.

use std::process::Stdio;

use keyproof_scripted::{Script, Scripted, World};
use serde_json::json;

use crate::support::{keyproof, root};

/// Everybody reads everything: the verdict is fail.
async fn exposed() -> Scripted {
    let item = json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee"}, "customer": {"S": "c0ffee-customer"}});
    Scripted::start(Script::new(World::of_any_table(item))).await
}

fn plan() -> String {
    root().join("plans/orders.yaml").display().to_string()
}

#[cfg(unix)]
#[tokio::test]
async fn a_closed_pipe_ends_quietly_and_keeps_the_verdict() {
    let endpoint = exposed().await;
    let program = keyproof(["verify", "--plan", &plan()]).at(&endpoint);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);

    let run = tokio::task::spawn_blocking(move || program.run_with_stdout(writer.into()))
        .await
        .unwrap();

    run.exits(1);
    assert_eq!(run.stderr, "");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_a_stream_of_decisions() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = keyproof(["simulate"]);
    let mut child = program.start_with_stdout(writer.into());
    let mut stdin = child.stdin.take().unwrap();

    // Without an end: it stops by itself as nobody listens.
    let line = b"{}\n".repeat(1000);
    while std::io::Write::write_all(&mut stdin, &line).is_ok() {}

    // The line that it could not read was still one.
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_behind_standard_output_is_2() {
    let endpoint = exposed().await;
    let program = keyproof(["verify", "--plan", &plan()]).at(&endpoint);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();

    let run = tokio::task::spawn_blocking(move || program.run_with_stdout(full.into()))
        .await
        .unwrap();

    run.exits(2);
    assert!(run.stderr.starts_with("orders: fail: "), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "error: cannot write to standard output: No space left on device (os error 28)\n"
        ),
        "{}",
        run.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn help_for_nobody_is_still_a_success() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);

    keyproof(["--help"]).run_with_stdout(writer.into()).exits(0);
    keyproof(["plan", "schema"])
        .run_with_stdout(Stdio::null())
        .exits(0);
}

#[test]
fn colour_is_for_terminals_and_never_with_no_color() {
    use keyproof_cli::io::{Input, Messages, Output};
    use keyproof_cli::{Io, Outcome, run};
    use std::io::{Read, Write};

    // What a terminal would get, and what `NO_COLOR` leaves of it.
    let plain = |colour: bool| {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut io = Io {
            stdin: Input::new(std::io::empty()),
            stdout: Output::new(writer),
            stderr: Messages::new(std::io::sink()),
            colour,
            watched: false,
        };
        let words = ["keyproof", "--version"].map(Into::into);
        assert_eq!(run(words, &mut io), Outcome::Pass);
        let words = ["keyproof", "--help"].map(Into::into);
        assert_eq!(run(words, &mut io), Outcome::Pass);
        io.stdout.flush().unwrap();
        drop(io);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    };

    assert!(plain(true).contains('\x1b'));
    assert!(!plain(false).contains('\x1b'));
}
