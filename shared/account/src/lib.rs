// SPDX-License-Identifier: Apache-2.0
//! What AWS says of an account, as the model that templates make of one.
//!
//! The input are AWS's own answers, as the AWS CLI writes them: IAM's authorization details, and of
//! each key and table what describes it, with its policy, grants and tags. Answers are read
//! leniently, as AWS adds to them; the policies in them strictly, and so is what keyproof itself
//! says around them. Pure: text in, model out.

mod answer;
mod error;
mod fields;
mod iam;
mod kms;
mod policy;
mod table;

#[cfg(test)]
mod tests;

pub use error::{AccountError, AccountProblem};
pub use policy::policy;

use keyproof_core::AccountId;
use keyproof_document::Place;
use keyproof_policy::Grant;
use keyproof_template::{Account, Encryption, Note, NoteKind};

use answer::Answer;

/// What several answers in one file are called.
pub const VERSION: &str = "account/v1";

/// A file of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, as the user gave it.
    pub name: Option<String>,
    /// Files of one folder are about one resource.
    pub folder: String,
    /// Its text.
    pub text: String,
}

/// What one file says of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The file's name.
    pub file: Option<String>,
    /// What it says.
    pub account: Account,
}

/// What all files say of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The files' parts. Never empty.
    pub parts: Vec<Part>,
    /// Grants, with the ARN of their key.
    pub grants: Vec<(String, Grant)>,
}

/// Reads the answers about one account, in one region.
///
/// # Errors
///
/// Everything that is wrong, in the files' order.
pub fn load(files: &[File], region: &str) -> Result<Exported, Vec<AccountError>> {
    let mut errors = Vec::new();
    let answers = answer::read(files, &mut errors);
    let mut draft = Draft {
        region,
        exported: Exported {
            parts: Vec::new(),
            grants: Vec::new(),
        },
        account: None,
        aws_managed: Vec::new(),
        elsewhere: 0,
    };
    for answer in &answers {
        // Each says what it is by the names that AWS gave it.
        errors.extend(draft.add(answer).err());
    }
    if errors.is_empty() && draft.exported.parts.is_empty() {
        let place = Place::START;
        let file = files.first().and_then(|file| file.name.clone());
        errors.push(AccountError::new(file, place, AccountProblem::Nothing));
    }
    if errors.is_empty() {
        Ok(draft.done())
    } else {
        Err(errors)
    }
}

/// The model in the making.
struct Draft<'d> {
    region: &'d str,
    exported: Exported,
    account: Option<(AccountId, String)>,
    /// Keys that AWS manages.
    aws_managed: Vec<String>,
    /// Keys and tables of other regions.
    elsewhere: usize,
}

impl Draft<'_> {
    fn add(&mut self, answer: &Answer) -> Result<(), AccountError> {
        if answer.has_any(iam::LISTS) {
            self.iam(answer)?;
        }
        if answer.get("Aliases").is_some() {
            self.aliases(answer)?;
        }
        if answer.get("KeyMetadata").is_some() {
            return self.key(answer);
        }
        if answer.get("Table").is_some() {
            return self.table(answer);
        }
        answer.alone()
    }

    /// The part of a file, once it is known whose account it is about.
    fn part(
        &mut self,
        file: Option<&str>,
        arn: &str,
        place: Place,
    ) -> Result<&mut Account, AccountError> {
        let mut fields = arn.splitn(6, ':').skip(1);
        let partition = fields.next().unwrap_or_default().to_owned();
        let id = fields.nth(2).unwrap_or_default().parse::<AccountId>();
        let here = match (id, &self.account) {
            (Err(_), _) => {
                let problem = AccountProblem::NoArn {
                    text: arn.to_owned(),
                };
                return Err(AccountError::new(file.map(str::to_owned), place, problem));
            }
            (Ok(id), Some((known, _))) if id != *known => {
                let problem = AccountProblem::TwoAccounts {
                    arn: arn.to_owned(),
                    account: known.to_string(),
                };
                return Err(AccountError::new(file.map(str::to_owned), place, problem));
            }
            (Ok(id), _) => (id, partition),
        };
        let (account, partition) = self.account.get_or_insert(here).clone();
        let parts = &mut self.exported.parts;
        let found = parts.iter().position(|part| part.file.as_deref() == file);
        let index = found.unwrap_or(parts.len());
        if found.is_none() {
            parts.push(Part {
                file: file.map(str::to_owned),
                account: Account::empty(account, partition, self.region),
            });
        }
        match parts.get_mut(index) {
            Some(part) => Ok(&mut part.account),
            None => Err(AccountError::new(
                file.map(str::to_owned),
                place,
                AccountProblem::Nothing,
            )),
        }
    }

    fn done(mut self) -> Exported {
        policy::add_aws_managed(&mut self.exported.parts);
        let tables = self
            .exported
            .parts
            .iter_mut()
            .flat_map(|part| &mut part.account.tables);
        for table in tables {
            if let Encryption::Key(arn) = &table.encryption
                && self.aws_managed.contains(arn)
            {
                table.encryption = Encryption::AwsManaged;
            }
        }
        if let Some(first) = self.exported.parts.first_mut() {
            let mut note = |kind, text: String| {
                first.account.notes.push(Note {
                    place: Place::START,
                    logical_id: None,
                    kind,
                    text,
                });
            };
            note(
                NoteKind::Unseen,
                "an account's own documents don't hold the organization's policies (SCPs and RCPs)"
                    .to_owned(),
            );
            if self.elsewhere > 0 {
                note(
                    NoteKind::LeftOut,
                    format!(
                        "{} keys and tables of other regions than {} are left out",
                        self.elsewhere, self.region
                    ),
                );
            }
        }
        self.exported
    }
}
