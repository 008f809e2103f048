// SPDX-License-Identifier: Apache-2.0
//! Keeps secrets out of what services say.
//!
//! A message may quote anything: a request's headers, an item, a token. Before a service's words
//! reach an observation, the secrets and tokens of the operator and of the probe's session, and the
//! values of the canary's attributes, are replaced; and the words are bounded in length.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use aws_credential_types::Credentials;
use keyproof_plan::{Attribute, Plan};

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";
/// The most characters of a message that are kept.
const LONGEST_MESSAGE: usize = 2_000;
/// The most characters of an error code or request id that are kept.
const LONGEST_WORD: usize = 256;
/// Shorter values say nothing, and would blacken every message that holds the letter `a`.
const SHORTEST_VALUE: usize = 4;

/// What must not be repeated. Holds the credentials themselves, which can't be printed, not copies.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    credentials: Vec<Credentials>,
    values: Arc<Values>,
}

/// The values of the canaries, longest first, and what finds any of them in one pass: a plan may have
/// thousands, and nearly no message has one.
#[derive(Default)]
struct Values {
    all: Vec<String>,
    finder: Option<AhoCorasick>,
}

impl Values {
    fn new(all: Vec<String>) -> Self {
        // Without one, each value is looked for.
        let finder = AhoCorasick::new(&all).ok();
        Self { all, finder }
    }

    /// Those that the text may hold.
    fn in_text(&self, text: &str) -> &[String] {
        match &self.finder {
            Some(finder) if !finder.is_match(text) => &[],
            Some(_) | None => &self.all,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor")
    }
}

impl Redactor {
    /// Redacts the plan's canary attributes and the operator's secrets.
    pub(crate) fn new(plan: &Plan, runner: Option<Credentials>) -> Self {
        let mut values = Vec::new();
        for table in plan.tables.values() {
            for attribute in table.canary.attributes.values() {
                leaves(attribute, &mut values);
            }
        }
        values.retain(|value| value.chars().count() >= SHORTEST_VALUE);
        // Longest first, so that no secret's remains are left beside a shorter one's mark.
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self {
            credentials: runner.into_iter().collect(),
            values: Arc::new(Values::new(values)),
        }
    }

    /// Redacts these credentials too.
    pub(crate) fn with(&self, credentials: Credentials) -> Self {
        let mut all = self.clone();
        all.credentials.push(credentials);
        all
    }

    /// Redacts what another does, too. Both are of the same plan.
    pub(crate) fn and(&self, other: Self) -> Self {
        let mut all = self.clone();
        for credentials in other.credentials {
            if !all.credentials.contains(&credentials) {
                all.credentials.push(credentials);
            }
        }
        all
    }

    /// A service's message, fit for a report.
    pub(crate) fn message(&self, text: &str) -> String {
        self.clean(text, LONGEST_MESSAGE)
    }

    /// An error code, a request id or an ARN, fit for a report.
    pub(crate) fn word(&self, text: &str) -> String {
        self.clean(text, LONGEST_WORD)
    }

    /// A word by which a denial is recognised: without secrets, but with what a canary's attribute
    /// may have in common with a role's name.
    pub(crate) fn name(&self, text: &str) -> String {
        replace(text, self.secrets(), LONGEST_WORD)
    }

    fn clean(&self, text: &str, longest: usize) -> String {
        let values = self.values.in_text(text).iter().map(String::as_str);
        replace(text, self.secrets().chain(values), longest)
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        let secrets = self.credentials.iter().flat_map(|credentials| {
            [
                Some(credentials.secret_access_key()),
                credentials.session_token(),
            ]
        });
        secrets.flatten().filter(|secret| !secret.is_empty())
    }
}

fn replace<'a>(text: &str, secrets: impl Iterator<Item = &'a str>, longest: usize) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        if clean.contains(secret) {
            clean = clean.replace(secret, REDACTED);
        }
    }
    keyproof_core::shortened(clean, longest)
}

/// The strings and numbers of an attribute; bytes by the base64 that a message would quote.
fn leaves(attribute: &Attribute, found: &mut Vec<String>) {
    match attribute {
        Attribute::S(text) | Attribute::N(text) => found.push(text.clone()),
        Attribute::Ss(texts) | Attribute::Ns(texts) => found.extend_from_slice(texts),
        Attribute::B(bytes) => found.push(aws_smithy_types::base64::encode(bytes)),
        Attribute::Bs(all) => found.extend(all.iter().map(aws_smithy_types::base64::encode)),
        Attribute::L(attributes) => attributes.iter().for_each(|each| leaves(each, found)),
        Attribute::M(attributes) => attributes.values().for_each(|each| leaves(each, found)),
        Attribute::Bool(_) | Attribute::Null => {}
    }
}
