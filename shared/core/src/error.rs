// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with an ARN or an account id.

use thiserror::Error;

use crate::Visible;

/// A text that is not the ARN or account id it should be.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArnError {
    /// Not `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    #[error(
        "`{}` is not an ARN; expected `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`",
        Visible(text)
    )]
    Malformed {
        /// The text as given.
        text: String,
    },
    /// An ARN, but of something else.
    #[error("`{}` is not the ARN of a {noun}; expected `{example}`", Visible(text))]
    WrongResource {
        /// The text as given.
        text: String,
        /// What was expected: `role`, `key` or `table`.
        noun: &'static str,
        /// A well-formed example.
        example: &'static str,
    },
    /// Not twelve digits.
    #[error("`{}` is not an AWS account id; expected twelve digits", Visible(text))]
    Account {
        /// The text as given.
        text: String,
    },
}
