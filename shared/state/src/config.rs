// SPDX-License-Identifier: Apache-2.0
//! What a program outside of the stack needs to know of it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Key, Noun};

/// The parts of a deployed stack. Written at deployment, read by the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackConfig {
    /// The stack's name.
    pub stack: String,
    /// The version of keyproof that was deployed.
    pub version: String,
    /// The URL of the run queue.
    pub queue_url: String,
    /// Its ARN.
    pub queue_arn: String,
    /// The URLs of the dead-letter queues, by the name of what they catch: `runs`, `stream`, ….
    #[serde(default)]
    pub dead_letter_queues: std::collections::BTreeMap<String, String>,
    /// The bucket of reports that are too large for the table.
    pub report_bucket: String,
    /// The bucket of signed evidence, where the stack signs.
    #[serde(default)]
    pub evidence_bucket: Option<String>,
    /// The key that signs the evidence.
    #[serde(default)]
    pub signing_key: Option<String>,
    /// The schedule group of the plans' schedules.
    pub schedule_group: String,
    /// The role in which the Scheduler sends to the queue.
    pub scheduler_role_arn: String,
    /// The ARN of the queue that takes what the Scheduler could not deliver.
    #[serde(default)]
    pub scheduler_dead_letter_arn: Option<String>,
    /// The URL of the HTTP API.
    #[serde(default)]
    pub api_url: Option<String>,
}

/// A keyproof that must not write to a stack of another version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SkewError {
    /// The stack is newer: what this version writes may mean something else there.
    #[error(
        "the stack `{stack}` runs keyproof {deployed}, and this is {own}, which is too old to write to it; \
         upgrade: install keyproof {deployed}"
    )]
    TooOld {
        /// The stack.
        stack: String,
        /// Its version.
        deployed: String,
        /// The version at hand.
        own: String,
    },
    /// The stack is older: it may not understand what this version writes.
    #[error(
        "the stack `{stack}` runs keyproof {deployed}, and this is {own}, whose plans it may not \
         understand; upgrade: deploy the stack of {own}, or write to it with keyproof {deployed}"
    )]
    TooNew {
        /// The stack.
        stack: String,
        /// Its version.
        deployed: String,
        /// The version at hand.
        own: String,
    },
    /// A version that is none.
    #[error(
        "the stack `{stack}` says that it runs keyproof `{deployed}`, which is no version; deploy it anew"
    )]
    Unreadable {
        /// The stack.
        stack: String,
        /// What it says.
        deployed: String,
    },
}

impl StackConfig {
    /// Whether a keyproof of this version may write to the stack. One of the same minor version may; an
    /// older one too, once there is a 1.0: what it writes is understood until the next major version.
    ///
    /// # Errors
    ///
    /// Where it may not.
    pub fn takes_writes_of(&self, own: &str) -> Result<(), SkewError> {
        let stack = self.stack.clone();
        let deployed = self.version.clone();
        let Some((here, there)) = series(own).zip(series(&deployed)) else {
            return Err(SkewError::Unreadable { stack, deployed });
        };
        let own = own.to_owned();
        if here > there {
            return Err(SkewError::TooNew {
                stack,
                deployed,
                own,
            });
        }
        let understood = here == there || (here.0 == there.0 && here.0 > 0);
        if understood {
            Ok(())
        } else {
            Err(SkewError::TooOld {
                stack,
                deployed,
                own,
            })
        }
    }
}

/// The major and the minor version; patches change no form.
fn series(version: &str) -> Option<(u64, u64)> {
    let (core, _) = version.split_once(['-', '+']).unwrap_or((version, ""));
    let mut numbers = core.split('.');
    let mut number = || numbers.next()?.parse::<u64>().ok();
    let (major, minor, _patch) = (number()?, number()?, number()?);
    numbers.next().is_none().then_some((major, minor))
}

impl Noun for StackConfig {
    const NOUN: &'static str = "the stack's description";

    fn key(&self) -> Key {
        Key::config()
    }
}

#[cfg(test)]
mod tests {
    use super::{SkewError, StackConfig};

    fn stack(version: &str) -> StackConfig {
        let text = |text: &str| text.to_owned();
        StackConfig {
            stack: text("guard"),
            version: text(version),
            queue_url: text("https://sqs/q"),
            queue_arn: text("arn:aws:sqs:us-east-1:111122223333:q"),
            dead_letter_queues: [].into(),
            report_bucket: text("reports"),
            evidence_bucket: None,
            signing_key: None,
            schedule_group: text("keyproof"),
            scheduler_role_arn: text("arn:aws:iam::111122223333:role/s"),
            scheduler_dead_letter_arn: None,
            api_url: None,
        }
    }

    #[test]
    fn the_same_minor_version_may_write_and_an_older_one_of_a_stable_major() {
        for (own, deployed) in [
            ("0.1.0", "0.1.0"),
            ("0.1.9", "0.1.0"),
            ("0.1.0", "0.1.9-rc.1"),
            ("1.2.0", "1.2.7"),
            ("1.1.0", "1.2.0"),
            ("1.2.0+build", "1.2.0"),
        ] {
            assert_eq!(
                stack(deployed).takes_writes_of(own),
                Ok(()),
                "{own} {deployed}"
            );
        }
    }

    #[test]
    fn another_version_is_told_both_and_the_mend() {
        for (own, deployed, message) in [
            (
                "0.1.0",
                "0.2.0",
                "the stack `guard` runs keyproof 0.2.0, and this is 0.1.0, which is too old to write to it; \
                 upgrade: install keyproof 0.2.0",
            ),
            (
                "1.9.0",
                "2.0.0",
                "the stack `guard` runs keyproof 2.0.0, and this is 1.9.0, which is too old to write to it; \
                 upgrade: install keyproof 2.0.0",
            ),
            (
                "1.3.0",
                "1.2.9",
                "the stack `guard` runs keyproof 1.2.9, and this is 1.3.0, whose plans it may not understand; \
                 upgrade: deploy the stack of 1.3.0, or write to it with keyproof 1.2.9",
            ),
        ] {
            let error = stack(deployed).takes_writes_of(own).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn what_is_no_version_takes_nothing() {
        for deployed in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.x.0", "latest"] {
            let error = stack(deployed).takes_writes_of("0.1.0").unwrap_err();
            assert!(matches!(error, SkewError::Unreadable { .. }), "{deployed}");
        }
    }
}
