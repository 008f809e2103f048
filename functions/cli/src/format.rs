// SPDX-License-Identifier: Apache-2.0
//! The formats of a report, as options name them.

use std::io;

use clap::ValueEnum;
use keyproof_report::Options;
use keyproof_verdict::Report;

use crate::io::Output;

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal: the verdict first, then what needs a person
    Text,
    /// For programs: `keyproof.report/v1`
    Json,
    /// For programs and large plans: a line of JSON a probe, as soon as it is judged
    Jsonl,
    /// For CI servers: a test case a probe
    Junit,
    /// For code scanning: a result a finding
    Sarif,
    /// For a browser: one file, nothing from elsewhere
    Html,
    /// For a pull request or an issue
    Markdown,
    /// For security lakes and event collectors: OCSF Compliance Findings, passes too
    Ocsf,
    /// For Security Hub: AWS Security Finding Format, passes too
    Asff,
}

impl Format {
    const fn rendered(self) -> keyproof_report::Format {
        match self {
            Self::Text => keyproof_report::Format::Text,
            Self::Json => keyproof_report::Format::Json,
            Self::Jsonl => keyproof_report::Format::Jsonl,
            Self::Junit => keyproof_report::Format::Junit,
            Self::Sarif => keyproof_report::Format::Sarif,
            Self::Html => keyproof_report::Format::Html,
            Self::Markdown => keyproof_report::Format::Markdown,
            Self::Ocsf => keyproof_report::Format::Ocsf,
            Self::Asff => keyproof_report::Format::Asff,
        }
    }

    /// The report in this format.
    pub(crate) fn bytes(self, report: &Report, options: Options<'_>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        keyproof_report::render(report, self.rendered(), options, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the report to a stream.
    pub(crate) fn write(
        self,
        report: &Report,
        options: Options<'_>,
        out: &mut Output,
    ) -> io::Result<()> {
        keyproof_report::render(report, self.rendered(), options, out)
    }
}
