// SPDX-License-Identifier: Apache-2.0
//! Why a command could not be carried out.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use keyproof_aws::RunnerError;
use keyproof_evidence::pack::{ArchiveError, PackError};
use keyproof_evidence::{FolderError, KeyError};
use keyproof_plan::Place;
use keyproof_verdict::ReportError;

use crate::input::Source;

/// Why a command could not be carried out. Every one of them is exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Options that don't go together.
    #[error("{0}")]
    Usage(String),
    /// A document that can't be read.
    #[error("cannot read `{name}`: {source}")]
    Unreadable {
        /// The document.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A document that is no text.
    #[error("`{name}` is not UTF-8 text: byte {offset} is no part of a character")]
    NotUtf8 {
        /// The document.
        name: String,
        /// The first bad byte.
        offset: usize,
    },
    /// What is wrong in a document, one line each.
    #[error("{}", lines(.0))]
    Document(Vec<Located>),
    /// A stored report that is none.
    #[error("cannot read the report `{name}`: {source}")]
    Report {
        /// The document.
        name: String,
        /// What is wrong with it.
        source: ReportError,
    },
    /// A manifest that is none, or not this plan's.
    #[error("cannot use `{name}`: {source}")]
    Manifest {
        /// The document.
        name: String,
        /// What is wrong with it.
        source: keyproof_shard::ManifestError,
    },
    /// A profile that was asked for by name and gives no credentials.
    #[error(
        "the profile `{name}` gives no AWS credentials; is it in the shared configuration files?"
    )]
    Profile {
        /// The profile.
        name: String,
        /// What the SDK says.
        source: RunnerError,
    },
    /// No usable credentials or endpoint.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The deployed stack can't be reached or read.
    #[error(transparent)]
    Stack(#[from] keyproof_store::StoreError),
    /// The deployed stack is of another version, and must not be written to.
    #[error(transparent)]
    Skew(#[from] keyproof_state::SkewError),
    /// The sandbox did not start.
    #[error("the sandbox did not start: {0}")]
    Sandbox(String),
    /// Output that could not be written.
    #[error("cannot write {what}: {source}")]
    Write {
        /// The file, or standard output.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// Outputs or records that could not be written, after the verdict was told.
    #[error("{}", lines(.0))]
    Outputs(Vec<CliError>),
    /// Canaries that are not as they were asked to be; which ones was told.
    #[error("{failed} of {total} canaries could not be {done}")]
    Canaries {
        /// How many failed.
        failed: usize,
        /// Of how many.
        total: usize,
        /// `planted` or `removed`.
        done: &'static str,
    },
    /// A run that can't be kept as evidence, or a folder of evidence that can't be read.
    #[error(transparent)]
    Evidence(#[from] FolderError),
    /// A key of evidence that can't be used.
    #[error("cannot use the key `{name}`: {source}")]
    Key {
        /// Its file.
        name: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A key in KMS that can't be used.
    #[error("cannot use the key `{name}`: {source}")]
    KmsKey {
        /// The key, as it was named.
        name: String,
        /// What KMS says.
        source: keyproof_vault::VaultError,
    },
    /// A private key that others may read.
    #[error(
        "the private key `{name}` may be used by others (mode {mode:04o}); `chmod 600` it first"
    )]
    KeyMode {
        /// Its file.
        name: String,
        /// The file's mode.
        mode: u32,
    },
    /// Evidence that can't be packed.
    #[error("cannot write `{name}`: {source}")]
    Pack {
        /// The pack.
        name: String,
        /// Why.
        source: PackError,
    },
    /// A pack that can't be read.
    #[error("cannot verify `{name}`: {source}")]
    Archive {
        /// The pack.
        name: String,
        /// Why.
        source: ArchiveError,
    },
    /// What was read holds nothing that a plan could prove.
    #[error("{0}")]
    Draft(String),
    /// An account that can't be read.
    #[error("the account can't be read: {0}")]
    Account(String),
    /// A folder of reports that can't be read.
    #[error(transparent)]
    History(keyproof_dashboard::ReadError),
    /// The history of the deployed service can't be read.
    #[error(transparent)]
    Service(keyproof_dashboard::StackError),
    /// A step of the story that could not be played.
    #[error("the story cannot go on: {0}")]
    Story(String),
    /// The asynchronous runtime, or the wait for signals, could not be set up.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

/// One sentence about a place in a document.
#[derive(Debug)]
pub struct Located {
    file: String,
    place: Place,
    sentence: String,
}

impl Display for Located {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.place, self.sentence)
    }
}

impl CliError {
    /// A file that would be replaced.
    pub(crate) fn there_already(output: &Path) -> Self {
        Self::Usage(format!(
            "`{}` is there already; name another file, or give `--force` to replace it",
            output.display()
        ))
    }
    /// Everything that is wrong in a document, in its order.
    pub(crate) fn located<E: Display>(
        source: &Source,
        errors: &[E],
        place: impl Fn(&E) -> Place,
    ) -> Self {
        let located = errors.iter().map(|error| Located {
            file: source.to_string(),
            place: place(error),
            sentence: error.to_string(),
        });
        Self::Document(located.collect())
    }

    /// What failed of several things that were all tried.
    pub(crate) fn outputs(errors: Vec<Self>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::Outputs(errors))
        }
    }

    /// Everything that is wrong in several documents, each with its file, place and sentence.
    pub(crate) fn placed(errors: impl IntoIterator<Item = (String, Place, String)>) -> Self {
        let located = errors.into_iter().map(|(file, place, sentence)| Located {
            file,
            place,
            sentence,
        });
        Self::Document(located.collect())
    }

    /// Standard output that could not be written.
    pub(crate) fn stdout(source: io::Error) -> Self {
        Self::Write {
            what: "to standard output".to_owned(),
            source,
        }
    }

    /// As it stands on stderr: a place speaks for itself, everything else is called an error.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Document(_) => self.to_string(),
            Self::Outputs(errors) => lines(&errors.iter().map(Self::message).collect::<Vec<_>>()),
            Self::Runner(error) | Self::Profile { source: error, .. } => {
                format!("error: {self}{}", causes(error))
            }
            other => format!("error: {other}"),
        }
    }
}

/// What lies behind an error of the SDK's, whose own sentence tells nothing.
fn causes(error: &RunnerError) -> String {
    let mut told = String::new();
    let mut cause = error.source().and_then(Error::source);
    while let Some(behind) = cause {
        let sentence = behind.to_string();
        if !told.contains(&sentence) {
            told.push_str("\n  because ");
            told.push_str(&sentence);
        }
        cause = behind.source();
    }
    told
}

fn lines(items: &[impl Display]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
