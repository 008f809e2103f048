// SPDX-License-Identifier: Apache-2.0
//! What is wrong with answers.

use std::fmt;

use keyproof_document::Place;
use thiserror::Error;

/// Something wrong in a file of answers, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct AccountError {
    /// The file.
    pub file: Option<String>,
    /// The place in it.
    pub place: Place,
    /// What is wrong.
    pub problem: AccountProblem,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountProblem {
    /// No answers at all.
    Nothing,
    /// The text is no JSON; what the reader says.
    Unreadable(String),
    /// A name that no answer has.
    Unknown {
        /// The name.
        name: String,
        /// The nearest that there is.
        suggestion: Option<&'static str>,
    },
    /// Something that an answer must have.
    Missing {
        /// What.
        name: &'static str,
        /// Of what.
        of: String,
        /// What gives it.
        command: &'static str,
    },
    /// The same twice about one resource.
    Twice(String),
    /// Another kind of value than AWS gives.
    Kind {
        /// The field.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A list that goes on.
    Truncated,
    /// A policy that can't be evaluated.
    Policy(String),
    /// What should be an ARN with an account.
    NoArn {
        /// The text.
        text: String,
    },
    /// Answers of two accounts.
    TwoAccounts {
        /// An ARN of the second.
        arn: String,
        /// The first.
        account: String,
    },
    /// A policy, grants or tags of nobody knows what.
    Ownerless(String),
}

impl AccountError {
    pub(crate) const fn new(file: Option<String>, place: Place, problem: AccountProblem) -> Self {
        Self {
            file,
            place,
            problem,
        }
    }
}

impl fmt::Display for AccountProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(
                out,
                "there are no answers of AWS here; expected what `aws iam \
                 get-account-authorization-details`, `aws kms describe-key` or `aws dynamodb \
                 describe-table` write"
            ),
            Self::Unknown { name, suggestion } => {
                write!(out, "no answer of AWS that is read here has `{name}`")?;
                match suggestion {
                    Some(nearest) => write!(out, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            Self::Missing { name, of, command } => {
                write!(
                    out,
                    "{of} has no `{name}`: put the answer of `{command}` beside it"
                )
            }
            Self::Twice(name) => write!(out, "`{name}` is given twice for one resource"),
            Self::Kind { name, expected } => write!(out, "`{name}` must be {expected}"),
            Self::Truncated => write!(
                out,
                "the list goes on; export it whole, as the AWS CLI does without `--max-items` and \
                 `--no-paginate`"
            ),
            Self::Unreadable(what) | Self::Policy(what) => write!(out, "{what}"),
            Self::NoArn { text } => write!(out, "`{text}` is no ARN of an account"),
            Self::TwoAccounts { arn, account } => write!(
                out,
                "`{arn}` is not of account {account}, as what was read before it; give one account's \
                 answers"
            ),
            Self::Ownerless(name) => write!(
                out,
                "nobody says whose `{name}` this is; put it into one folder (or one object) with the \
                 answer of `aws kms describe-key` or `aws dynamodb describe-table`"
            ),
        }
    }
}
