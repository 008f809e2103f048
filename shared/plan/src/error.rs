// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a plan.

use std::fmt;

use keyproof_core::{ArnError, PolicyType, Service};
use keyproof_document::{DocumentError, DocumentProblem, Place};
use thiserror::Error;

use crate::Action;

/// One thing wrong with a plan, and where.
///
/// Its `Display` is one sentence that begins with the path, such as
/// ``expectations[0].actions[1]: unknown action `dynamodb:GetItm`; did you mean
/// `dynamodb:GetItem`?``. Whoever shows it knows the file and puts `FILE:LINE:COLUMN: ` before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct PlanError {
    /// Where it is in the text.
    pub place: Place,
    /// Where it is in the plan: `tables.orders.key`, `expectations[0].actions[1]`. Empty for the
    /// plan as a whole.
    pub path: String,
    /// What it is.
    #[source]
    pub problem: PlanProblem,
}

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(formatter, "{}", self.problem)
        } else {
            write!(formatter, "{}: {}", self.path, self.problem)
        }
    }
}

impl From<DocumentError> for PlanError {
    fn from(error: DocumentError) -> Self {
        Self {
            place: error.place,
            path: String::new(),
            problem: error.problem.into(),
        }
    }
}

/// The kinds of [`PlanError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanProblem {
    /// The text is not one good YAML or JSON document.
    #[error(transparent)]
    Document(#[from] DocumentProblem),
    /// A YAML tag, which means nothing in a plan.
    #[error("the tag `!{tag}` means nothing here; remove it")]
    Tag {
        /// The tag's name.
        tag: String,
    },
    /// A field that does not exist.
    #[error("unknown field `{field}` in {object}; {hint}")]
    UnknownField {
        /// The field as written.
        field: String,
        /// What it stands in, with its article.
        object: &'static str,
        /// The likely field, or the list of all.
        hint: Hint,
    },
    /// A field that must be there is not.
    #[error("{object} needs the field `{field}`: {description}")]
    MissingField {
        /// The field.
        field: &'static str,
        /// What it is missing in, with its article.
        object: &'static str,
        /// What the field says, in a few words.
        description: &'static str,
    },
    /// A value of another type than the field's.
    #[error("expected {expected}, found {found}{mend}")]
    WrongType {
        /// What the field holds, with its article.
        expected: &'static str,
        /// What stands there, with its article.
        found: &'static str,
        /// What to do, with its semicolon; may be empty.
        mend: &'static str,
    },
    /// A word that is none of those allowed here: an action, a service, a name from elsewhere in
    /// the plan.
    #[error("unknown {noun} {}; {hint}", quoted(word))]
    UnknownWord {
        /// What it should be.
        noun: &'static str,
        /// The word as written.
        word: String,
        /// The likely word, or the list of all.
        hint: Hint,
    },
    /// A text that breaks the rules of what it should be.
    #[error("{} is not {noun}; {rule}", quoted(text))]
    Malformed {
        /// What it should be, with its article.
        noun: &'static str,
        /// The text as written, shortened where it is very long.
        text: String,
        /// The rule.
        rule: String,
    },
    /// A value that breaks the rules of what it should be and is not repeated: values of items and
    /// external ids belong in no log.
    #[error("this value is not {noun}; {rule}")]
    MalformedValue {
        /// What it should be, with its article.
        noun: &'static str,
        /// The rule.
        rule: String,
    },
    /// The same value twice in a set.
    #[error("the set holds this value already on line {}, column {}; remove it", first.line, first.column)]
    RepeatedValue {
        /// Where it stands first.
        first: Place,
    },
    /// A type descriptor that DynamoDB JSON doesn't have.
    #[error("unknown attribute type; {hint}")]
    UnknownType {
        /// The likely type, or the list of all.
        hint: Hint,
    },
    /// Not the ARN that it should be.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// A table or key in another region than the plan's.
    #[error(
        "this {noun} is in `{region}`, but the plan's region is `{expected}`; a plan covers one region"
    )]
    OtherRegion {
        /// `table` or `key`.
        noun: &'static str,
        /// The region of the ARN.
        region: String,
        /// The plan's region.
        expected: String,
    },
    /// An alias of an AWS managed key.
    #[error(
        "`{alias}` is an AWS managed key, whose fixed key policy lets every principal of the account through, so it can keep nobody out; name a customer managed key"
    )]
    AwsManagedKey {
        /// The alias.
        alias: String,
    },
    /// Nothing where there must be something.
    #[error("{what}; {mend}")]
    Empty {
        /// What is empty, as a clause.
        what: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// More than a limit allows.
    #[error("{count} {what}; at most {limit} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The same thing twice.
    #[error("{noun} `{text}` is given twice, first on line {}; keep one of them", first.line)]
    Repeated {
        /// What it is.
        noun: &'static str,
        /// As written.
        text: String,
        /// Where it stands first.
        first: Place,
    },
    /// A second expectation of the same probe.
    #[error("`{probe}` is expected already on line {}, column {}; each probe is planned once", first.line, first.column)]
    DuplicateProbe {
        /// The probe's id.
        probe: String,
        /// Where it is expected first.
        first: Place,
    },
    /// A denied expectation that names no service.
    #[error(
        "a denied expectation needs `by`: a denial by just anybody proves nothing; write `by: {likely}`{others}"
    )]
    MissingBy {
        /// The service that is likely meant.
        likely: Service,
        /// The other one that is possible, in words; may be empty.
        others: &'static str,
    },
    /// `by` or `policy` where nothing is denied.
    #[error("`{field}` says who refuses, but this expectation is allowed; remove it")]
    NothingDenied {
        /// `by` or `policy`.
        field: &'static str,
    },
    /// A service that cannot refuse the action.
    #[error("`{by}` cannot refuse {actions}; only {possible} can")]
    ImpossibleService {
        /// The service as planned.
        by: Service,
        /// The actions that it cannot refuse, in backticks.
        actions: String,
        /// The services that can, in backticks.
        possible: &'static str,
    },
    /// A policy type that cannot refuse the action.
    #[error("`{policy}` cannot be what refuses here; {reason}")]
    ImpossiblePolicy {
        /// The policy type as planned.
        policy: PolicyType,
        /// Why not.
        reason: &'static str,
    },
    /// KMS on a table that no key of the customer's encrypts.
    #[error("table `{table}` is `aws-owned`, so {clause}; KMS denies nobody there")]
    KmsOnAwsOwned {
        /// The table's name in the plan.
        table: String,
        /// What is impossible, as a clause.
        clause: String,
    },
    /// An action on a table, but no table.
    #[error("`{action}` needs `on`: the table that it is tried on")]
    MissingOn {
        /// The first such action.
        action: Action,
    },
    /// `sts:AssumeRole` with a table.
    #[error("`sts:AssumeRole` is about no table; remove `on`")]
    AssumeRoleOnTable,
    /// `sts:AssumeRole` beside actions of other services.
    #[error("`sts:AssumeRole` must stand alone; give it an expectation of its own, without `on`")]
    AssumeRoleMixed,
    /// An index for an action that has none.
    #[error("`index` is for `dynamodb:Query` and `dynamodb:Scan` only, not for {actions}")]
    IndexWithoutRead {
        /// The other actions, in backticks.
        actions: String,
    },
    /// A table that a name alone doesn't tell.
    #[error(
        "table `{table}` is given by its name, which in the account of `{one}` ({of_one}) is another table than in that of `{other}` ({of_other}); give its ARN, `arn:aws:dynamodb:REGION:ACCOUNT:table/{name}`"
    )]
    TableOfSeveralAccounts {
        /// The table's name in the plan.
        table: String,
        /// The table's name in DynamoDB.
        name: String,
        /// A principal that it is tried as, or that looks at it.
        one: String,
        /// That principal's account.
        of_one: String,
        /// Another principal.
        other: String,
        /// Its account.
        of_other: String,
    },
    /// Denied expectations whose denial would prove nothing.
    #[error("table `{table}` has no witness: line {} expects a denial on it, but nobody is expected to read its canary; add an allowed expectation of a read, such as `dynamodb:GetItem`", denied.line)]
    NoWitness {
        /// The table's name in the plan.
        table: String,
        /// The first denied expectation on it.
        denied: Place,
    },
}

/// What to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// One word is close enough to be meant.
    DidYouMean(String),
    /// None is close: these are all. May be empty.
    OneOf(Vec<String>),
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DidYouMean(word) => write!(formatter, "did you mean `{word}`?"),
            Self::OneOf(words) if words.is_empty() => formatter.write_str("the plan has none"),
            Self::OneOf(words) => {
                const SHOWN: usize = 24;
                formatter.write_str("expected one of ")?;
                for (index, word) in words.iter().take(SHOWN).enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(formatter, "{comma}`{word}`")?;
                }
                match words.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(formatter, " and {more} more"),
                }
            }
        }
    }
}

/// The user's own words, which may be none.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        "an empty string".to_owned()
    } else {
        format!("`{text}`")
    }
}
