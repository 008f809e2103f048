// SPDX-License-Identifier: Apache-2.0
//! A process that crashes with a secret in its memory leaves none behind: no core, no word on its streams.
//! Each case is held against the same program without [`keyproof_process::begin`], so that it could fail.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};

const POISON: &str = "poison-wJalrXUtnFEMI-K7MDENG";

/// The example, beside this test's own program.
fn program() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    folder.pop();
    folder.join("examples/crash")
}

fn crash(how: &str, what: &str) -> (Output, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    // As generous a shell as there is: it may dump whatever the hard limit allows.
    let output = Command::new("sh")
        .args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$@\"", "sh"])
        .arg(program())
        .args([how, what])
        .env("POISON", POISON)
        .env("RUST_BACKTRACE", "1")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    (output, left.collect())
}

#[test]
fn no_core_is_dumped() {
    let (bare, _) = crash("bare", "abort");
    let (begun, left) = crash("begin", "abort");

    assert_eq!(
        (bare.status.signal(), begun.status.signal()),
        (Some(6), Some(6))
    );
    assert!(!begun.status.core_dumped());
    assert_eq!(left, [""; 0]);
    // Where this system dumps at all, the bare one was.
    let dumps = rustix::process::getrlimit(rustix::process::Resource::Core).maximum != Some(0);
    assert_eq!(bare.status.core_dumped(), dumps);
}

#[test]
fn a_panic_tells_its_place_and_no_secret() {
    let (bare, _) = crash("bare", "panic");
    let (begun, _) = crash("begin", "panic");

    let told = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    assert!(told(&bare).contains(POISON), "{}", told(&bare));
    let begun = told(&begun);
    assert!(!begun.contains("poison"), "{begun}");
    let first = begun.lines().next().unwrap();
    let place = "keyproof panicked at shared/process/examples/crash.rs:";
    assert!(first.starts_with(place), "{first}");
    assert!(
        first.ends_with(", which is a bug: its message is kept back, as it may hold data"),
        "{first}"
    );
    assert!(
        begun.contains("quiet_panics"),
        "there is a backtrace: {begun}"
    );
}

#[test]
fn a_message_that_stands_in_the_source_is_told() {
    let (begun, _) = crash("begin", "literal");

    let told = String::from_utf8(begun.stderr).unwrap();
    assert!(
        told.lines()
            .next()
            .unwrap()
            .ends_with("which is a bug: a literal message"),
        "{told}"
    );
}

#[test]
fn whoever_catches_the_panic_of_a_future_gets_no_secret_either() {
    let (begun, _) = crash("begin", "future");

    let told = String::from_utf8(begun.stderr).unwrap();
    assert!(
        !told.contains("poison") && !told.contains("leaked"),
        "{told}"
    );
    let (bare, _) = crash("bare", "future");
    let told = String::from_utf8(bare.stderr).unwrap();
    assert!(
        told.contains(POISON),
        "the hook is what keeps it back: {told}"
    );
    assert!(
        told.contains("keyproof panicked, which is a bug; the log says where"),
        "{told}"
    );
}
