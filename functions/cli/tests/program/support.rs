// SPDX-License-Identifier: Apache-2.0
//! One run of the program in a directory and an environment of its own.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use keyproof_scripted::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Scripted};
use tempfile::TempDir;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A program about to be run. It sees no AWS setting of this machine.
pub(crate) struct Program {
    command: Command,
    stdin: Vec<u8>,
    /// Where it runs, and where its files end up.
    pub(crate) directory: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn keyproof<'a>(words: impl IntoIterator<Item = &'a str>) -> Program {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyproof"));
    command.args(words).current_dir(directory.path());
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("AWS_")
                || ["NO_COLOR", "TERM", "HTTP_PROXY", "HTTPS_PROXY"].contains(&name)
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    Program {
        command,
        stdin: Vec::new(),
        directory,
    }
}

impl Program {
    /// Runs it in another directory than its own.
    pub(crate) fn command_in(&mut self, directory: &Path) {
        self.command.current_dir(directory);
    }

    pub(crate) fn args<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(words);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The operator's credentials at a scripted endpoint.
    pub(crate) fn at(self, endpoint: &Scripted) -> Self {
        self.env("AWS_ENDPOINT_URL", endpoint.url())
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    }

    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Puts a file into the directory before the run.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.directory.path().join(name), text).unwrap();
        self
    }

    /// Starts it; the caller has its streams.
    pub(crate) fn start(&mut self) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }

    /// Starts it with its output somewhere else; the caller has its other streams.
    pub(crate) fn start_with_stdout(&mut self, stdout: Stdio) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped());
        let child = self.command.spawn().unwrap();
        // The parent's own end of a pipe goes away with it.
        self.command.stdout(Stdio::null());
        child
    }

    /// Runs it to its end without asking for its output at `stdout`.
    pub(crate) fn run_with_stdout(mut self, stdout: Stdio) -> Run {
        self.command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped());
        let done = self.command.spawn().unwrap().wait_with_output().unwrap();
        Run {
            code: done.status.code(),
            stdout: String::new(),
            stderr: String::from_utf8(done.stderr).unwrap(),
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(&mut self) -> Run {
        let mut child = self.start();
        let mut stdin = child.stdin.take().unwrap();
        let text = std::mem::take(&mut self.stdin);
        let writer = std::thread::spawn(move || {
            // A program that doesn't read closes the pipe.
            let _ = stdin.write_all(&text);
        });
        let done = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run {
            code: done.status.code(),
            stdout: String::from_utf8(done.stdout).unwrap(),
            stderr: String::from_utf8(done.stderr).unwrap(),
        }
    }

    /// Runs it to its end while this thread's runtime serves an endpoint.
    pub(crate) async fn run_beside(mut self) -> (Run, TempDir) {
        tokio::task::spawn_blocking(move || (self.run(), self.directory))
            .await
            .unwrap()
    }

    /// The text of a file in the directory.
    pub(crate) fn read(&self, name: &str) -> String {
        read(&self.directory, name)
    }
}

/// The text of a file that a run left.
#[track_caller]
pub(crate) fn read(directory: &TempDir, name: &str) -> String {
    std::fs::read_to_string(directory.path().join(name)).unwrap()
}

impl Run {
    /// Checks the exit code, and shows both streams where it is another.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}
