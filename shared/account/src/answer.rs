// SPDX-License-Identifier: Apache-2.0
//! Answers about one resource, from however many files.

use keyproof_document::{Node, Place};

use crate::error::{AccountError, AccountProblem};
use crate::{File, VERSION, iam};

/// The names that are read, beside IAM's lists.
const OF_RESOURCES: [&str; 6] = [
    "Aliases",
    "Grants",
    "KeyMetadata",
    "Policy",
    "Table",
    "Tags",
];

/// Names of answers that say nothing about access, or that a list goes on.
const BESIDE: [&str; 9] = [
    "$metadata",
    "IsTruncated",
    "Marker",
    "NextMarker",
    "NextToken",
    "PolicyName",
    "ResponseMetadata",
    "RevisionId",
    "Truncated",
];

/// A file, parsed.
#[derive(Debug)]
struct Parsed {
    name: Option<String>,
    node: Node,
}

/// One field of an answer, and the file that it stands in.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) file: Option<String>,
    pub(crate) node: Node,
}

/// What is said of one resource.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    fields: Vec<(String, Given)>,
}

impl Answer {
    pub(crate) fn get(&self, name: &str) -> Option<&Given> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, given)| given)
    }

    pub(crate) fn has_any(&self, names: [&str; 4]) -> bool {
        names.iter().any(|name| self.get(name).is_some())
    }

    /// A policy, grants and tags belong to a key or a table.
    pub(crate) fn alone(&self) -> Result<(), AccountError> {
        for name in ["Policy", "Grants", "Tags"] {
            if let Some(given) = self.get(name) {
                let problem = AccountProblem::Ownerless(name.to_owned());
                return Err(given.error(given.node.place, problem));
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &str, given: Given) -> Result<(), AccountError> {
        if self.get(name).is_some() {
            let problem = AccountProblem::Twice(name.to_owned());
            return Err(given.error(given.node.place, problem));
        }
        self.fields.push((name.to_owned(), given));
        Ok(())
    }
}

impl Given {
    pub(crate) fn error(&self, place: Place, problem: AccountProblem) -> AccountError {
        AccountError::new(self.file.clone(), place, problem)
    }
}

/// Puts the files' answers together, folder by folder.
pub(crate) fn read(files: &[File], errors: &mut Vec<AccountError>) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut folders: Vec<(&str, usize)> = Vec::new();
    for file in files {
        let reading = keyproof_document::read(&file.text);
        let unreadable = reading.errors.into_iter().map(|error| {
            let problem = AccountProblem::Unreadable(error.problem.to_string());
            AccountError::new(file.name.clone(), error.place, problem)
        });
        errors.extend(unreadable);
        let Some(node) = reading.node else { continue };
        let parsed = Parsed {
            name: file.name.clone(),
            node,
        };
        if let Some(several) = several(&parsed, errors) {
            for node in several {
                let mut answer = Answer::default();
                merge(&mut answer, &parsed, node, errors);
                answers.push(answer);
            }
            continue;
        }
        let known = folders.iter().find(|(folder, _)| *folder == file.folder);
        let index = known.map_or(answers.len(), |(_, index)| *index);
        if known.is_none() {
            folders.push((&file.folder, index));
            answers.push(Answer::default());
        }
        if let Some(answer) = answers.get_mut(index) {
            merge(answer, &parsed, &parsed.node, errors);
        }
    }
    answers
}

/// The answers of a file that holds several.
fn several<'p>(parsed: &'p Parsed, errors: &mut Vec<AccountError>) -> Option<&'p [Node]> {
    let (key, version) = parsed.node.entry("keyproof")?;
    let mut wrong = |place, problem| {
        errors.push(AccountError::new(parsed.name.clone(), place, problem));
        Some(&[] as &[Node])
    };
    if version.as_str() != Some(VERSION) {
        let expected = "`account/v1`";
        let name = key.text.clone();
        return wrong(version.place, AccountProblem::Kind { name, expected });
    }
    for (key, _) in parsed.node.as_mapping().unwrap_or_default() {
        if !["keyproof", "answers"].contains(&key.text.as_str()) {
            let problem = AccountProblem::Unknown {
                name: key.text.clone(),
                suggestion: nearest(&key.text, &["answers"]),
            };
            return wrong(key.place, problem);
        }
    }
    match parsed
        .node
        .get("answers")
        .map(|node| (node, node.as_sequence()))
    {
        Some((_, Some(answers))) => Some(answers),
        found => {
            let place = found.map_or(parsed.node.place, |(node, _)| node.place);
            let (name, expected) = ("answers".to_owned(), "a list of answers");
            wrong(place, AccountProblem::Kind { name, expected })
        }
    }
}

fn merge(answer: &mut Answer, parsed: &Parsed, node: &Node, errors: &mut Vec<AccountError>) {
    let error = |place, problem| AccountError::new(parsed.name.clone(), place, problem);
    let Some(fields) = node.as_mapping() else {
        let (name, expected) = ("answer".to_owned(), "an object, as the AWS CLI writes it");
        errors.push(error(node.place, AccountProblem::Kind { name, expected }));
        return;
    };
    for (key, value) in fields {
        let name = key.text.as_str();
        let goes_on = match name {
            "IsTruncated" | "Truncated" => value.as_bool() == Some(true),
            "Marker" | "NextMarker" | "NextToken" => !value.is_null(),
            _ => false,
        };
        if goes_on {
            errors.push(error(key.place, AccountProblem::Truncated));
        } else if iam::LISTS.contains(&name) || OF_RESOURCES.contains(&name) {
            let given = Given {
                file: parsed.name.clone(),
                node: value.clone(),
            };
            errors.extend(answer.put(name, given).err());
        } else if !BESIDE.contains(&name) {
            let known: Vec<&'static str> = iam::LISTS.into_iter().chain(OF_RESOURCES).collect();
            let problem = AccountProblem::Unknown {
                name: name.to_owned(),
                suggestion: nearest(name, &known),
            };
            errors.push(error(key.place, problem));
        }
    }
}

/// The known name that differs in letter case, or in a letter or two.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distance =
        |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let nearest = known.iter().copied().min_by_key(|other| distance(other))?;
    (distance(nearest) <= 2).then_some(nearest)
}

impl Given {
    /// The items of a list.
    pub(crate) fn items(&self, name: &str) -> Result<&[Node], AccountError> {
        self.node.as_sequence().ok_or_else(|| {
            let (name, expected) = (name.to_owned(), "a list");
            self.error(self.node.place, AccountProblem::Kind { name, expected })
        })
    }
}
