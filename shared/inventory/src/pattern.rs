// SPDX-License-Identifier: Apache-2.0
//! Texts with placeholders: `arn:aws:iam::{account}:role/{tag:team}/reader`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use keyproof_plan::Hint;
use keyproof_plan::reading::hint;
use thiserror::Error;

/// What a placeholder stands for, of the table that a pattern is filled for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// `{account}`: the twelve digits of its account.
    Account,
    /// `{region}`: its region.
    Region,
    /// `{partition}`: `aws`, `aws-cn`, `aws-us-gov`.
    Partition,
    /// `{table}`: its name in DynamoDB.
    Table,
    /// `{key}`: its key, where the source says which.
    Key,
    /// `{tag:NAME}`: a tag of its own.
    Tag(String),
    /// `{account_tag:NAME}`: a tag of its account in the organization.
    AccountTag(String),
}

impl Placeholder {
    /// As documents write them.
    pub const WORDS: [&str; 7] = [
        "account",
        "region",
        "partition",
        "table",
        "key",
        "tag:NAME",
        "account_tag:NAME",
    ];

    /// Whether it is the same for every table of an account and region, and known before any is.
    #[must_use]
    pub const fn is_of_place(&self) -> bool {
        match self {
            Self::Account | Self::Region | Self::Partition | Self::AccountTag(_) => true,
            Self::Table | Self::Key | Self::Tag(_) => false,
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => formatter.write_str("{account}"),
            Self::Region => formatter.write_str("{region}"),
            Self::Partition => formatter.write_str("{partition}"),
            Self::Table => formatter.write_str("{table}"),
            Self::Key => formatter.write_str("{key}"),
            Self::Tag(name) => write!(formatter, "{{tag:{name}}}"),
            Self::AccountTag(name) => write!(formatter, "{{account_tag:{name}}}"),
        }
    }
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Nothing stands for this.
    #[error("unknown placeholder `{{{word}}}`; {hint}")]
    Unknown {
        /// What stands between the braces.
        word: String,
        /// The likely word, or all of them.
        hint: Hint,
    },
    /// A brace that opens or closes nothing.
    #[error(
        "a single `{brace}` begins or ends no placeholder; write `{brace}{brace}` for the character itself"
    )]
    Brace {
        /// The brace.
        brace: char,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

/// A text with placeholders, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

impl Pattern {
    /// The placeholders in it, in their order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    /// The text, each placeholder replaced.
    ///
    /// # Errors
    /// The first placeholder for which there is no value.
    pub fn fill<'a>(
        &'a self,
        value: impl Fn(&'a Placeholder) -> Option<Cow<'a, str>>,
    ) -> Result<String, &'a Placeholder> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Placeholder(placeholder) => {
                    text.push_str(&value(placeholder).ok_or(placeholder)?);
                }
            }
        }
        Ok(text)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let mut following = after.chars();
            let brace = following.next().unwrap_or_default();
            let after = following.as_str();
            if let Some(after) = after.strip_prefix(brace) {
                plain.push(brace);
                rest = after;
                continue;
            }
            let closed = after.split_once('}').filter(|_| brace == '{');
            let Some((word, after)) = closed.filter(|(word, _)| !word.contains('{')) else {
                return Err(PatternError::Brace { brace });
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Placeholder(placeholder(word)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }
}

fn placeholder(word: &str) -> Result<Placeholder, PatternError> {
    let named = |prefix: &str| {
        let name = word.strip_prefix(prefix).filter(|name| !name.is_empty());
        name.map(str::to_owned)
    };
    match word {
        "account" => return Ok(Placeholder::Account),
        "region" => return Ok(Placeholder::Region),
        "partition" => return Ok(Placeholder::Partition),
        "table" => return Ok(Placeholder::Table),
        "key" => return Ok(Placeholder::Key),
        _ => {}
    }
    if let Some(name) = named("tag:") {
        return Ok(Placeholder::Tag(name));
    }
    if let Some(name) = named("account_tag:") {
        return Ok(Placeholder::AccountTag(name));
    }
    Err(PatternError::Unknown {
        word: keyproof_plan::reading::shown(word),
        hint: hint(word, Placeholder::WORDS.into_iter()),
    })
}
