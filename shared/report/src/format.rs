// SPDX-License-Identifier: Apache-2.0
//! The formats and their names.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A form that a report can be rendered in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a terminal: readable at a glance.
    #[default]
    Text,
    /// The report itself, `keyproof.report/v1`.
    Json,
    /// The report as lines of JSON, a line a probe.
    Jsonl,
    /// JUnit XML, for CI servers.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// One self-contained page.
    Html,
    /// For a pull request's comment.
    Markdown,
    /// OCSF Compliance Findings, for security lakes and event collectors.
    Ocsf,
    /// AWS Security Finding Format, for Security Hub.
    Asff,
}

/// A format that nobody knows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "unknown format `{name}`; expected one of text, json, jsonl, junit, sarif, html, markdown, ocsf, asff"
)]
pub struct UnknownFormat {
    /// The name as given.
    pub name: String,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Json,
        Self::Jsonl,
        Self::Junit,
        Self::Sarif,
        Self::Html,
        Self::Markdown,
        Self::Ocsf,
        Self::Asff,
    ];

    /// The name that `--format` takes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Ocsf => "ocsf",
            Self::Asff => "asff",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| UnknownFormat {
            name: name.to_owned(),
        })
    }
}
