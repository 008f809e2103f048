// SPDX-License-Identifier: Apache-2.0
//! How a run of the program ends, as the shell sees it.

use std::process::{ExitCode, Termination};

use keyproof_verdict::Verdict;

/// The exit codes. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0: the verdict is `pass`, or a command without a verdict did what it was told.
    Pass,
    /// 1: the verdict is `fail`.
    Fail,
    /// 2: the command could not be carried out.
    NotCarriedOut,
    /// 3: the verdict is `inconclusive`.
    Inconclusive,
}

impl Outcome {
    /// The table that `--help` shows.
    pub const TABLE: &'static str = "\
Exit codes:
  0  pass: every expectation was seen to hold, or the command did what it was told
  1  fail: somebody can read who must not, or cannot who must
  2  not carried out: wrong usage, invalid plan or template, unreadable file, no credentials
  3  inconclusive: nothing failed, but not everything could be proven";

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::NotCarriedOut => 2,
            Self::Inconclusive => 3,
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive => Self::Inconclusive,
        }
    }
}

impl Termination for Outcome {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
