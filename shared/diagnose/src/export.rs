// SPDX-License-Identifier: Apache-2.0
//! An account's documents in one file, as `keyproof check --account` reads it.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_account::{Exported, File};
use keyproof_check::{Estate, EstateError, KeyGrant, Part};
use keyproof_core::escape_invisible;
use keyproof_plan::Plan;
use serde_json::{Value, json};

use crate::gather;
use crate::port::ReadAccount;

/// What was read, and what could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The file's text.
    pub text: String,
    /// What it lacks, and why, a clause each.
    pub notes: Vec<String>,
}

/// Everything that a plan is about.
pub async fn of_plan(plan: &Plan, reader: &impl ReadAccount) -> Export {
    let mut notes = Vec::new();
    let tables = plan.tables.keys().map(String::as_str).collect();
    let principals = plan.principals.keys().map(String::as_str).collect();
    let found = BTreeMap::new();
    let documents = gather::read(plan, &tables, &principals, &found, reader, &mut notes).await;
    done(documents.answers, notes, reader).await
}

/// Everything that is in an account and region: IAM, tables with their keys, aliases.
///
/// # Errors
///
/// Where IAM or the list of tables can't be read: without them there is nothing to start from.
pub async fn of_account(reader: &impl ReadAccount) -> Result<Export, String> {
    let mut answers = vec![reader.iam().await?];
    let mut notes = Vec::new();
    let mut keys = BTreeSet::new();
    let mut keep = |answer: Result<Value, String>, answers: &mut Vec<Value>| match answer {
        Ok(answer) => answers.push(answer),
        Err(why) => notes.push(why),
    };
    for name in reader.tables().await? {
        let table = reader.table(&name).await;
        let key = table.as_ref().ok().and_then(|table| {
            let arn = table.pointer("/Table/SSEDescription/KMSMasterKeyArn")?;
            arn.as_str().map(str::to_owned)
        });
        keys.extend(key);
        keep(table, &mut answers);
    }
    for key in keys {
        keep(reader.key(&key).await, &mut answers);
    }
    keep(reader.aliases().await, &mut answers);
    Ok(done(answers, notes, reader).await)
}

/// Adds tags, on which conditions may hang, to keys and tables.
async fn done(
    mut answers: Vec<Value>,
    mut notes: Vec<String>,
    reader: &impl ReadAccount,
) -> Export {
    for answer in &mut answers {
        let arn = ["/KeyMetadata/Arn", "/Table/TableArn"];
        let arn = arn.iter().find_map(|pointer| answer.pointer(pointer));
        let Some(arn) = arn.and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let manager = answer.pointer("/KeyMetadata/KeyManager");
        if manager.and_then(Value::as_str) == Some("AWS") {
            continue;
        }
        match (reader.tags(&arn).await, answer.as_object_mut()) {
            (Ok(tags), Some(members)) => {
                members.insert("Tags".to_owned(), tags);
            }
            (Ok(_), None) => {}
            (Err(why), _) => notes.push(why),
        }
    }
    Export {
        text: text(&answers),
        notes,
    }
}

fn text(answers: &[Value]) -> String {
    let all = json!({"keyproof": keyproof_account::VERSION, "answers": answers});
    // A value can always be written. Whoever may describe or tag something there chooses what stands in it.
    escape_invisible(serde_json::to_string_pretty(&all).unwrap_or_default() + "\n")
}

/// Answers as a file that nobody named.
pub(crate) fn file(answers: &[Value]) -> File {
    File {
        name: None,
        folder: String::new(),
        text: text(answers),
    }
}

/// The account that exported documents make.
///
/// # Errors
///
/// Where they make none.
pub fn estate(exported: Exported) -> Result<Estate, EstateError> {
    let parts = exported.parts.into_iter().map(|part| Part {
        file: part.file,
        account: part.account,
    });
    let mut estate = Estate::new(parts)?;
    let grants = exported.grants.into_iter();
    estate.grants = grants.map(|(key, grant)| KeyGrant { key, grant }).collect();
    Ok(estate)
}
