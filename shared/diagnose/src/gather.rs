// SPDX-License-Identifier: Apache-2.0
//! Reads what a report's failures hang on, and puts it together.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_account::load;
use keyproof_check::{Circumstances, Estate, Runner};
use keyproof_plan::{Plan, Principal, TableKey};
use keyproof_verdict::{Cause, DocumentRow, ProbeRow, Report, Verdict};
use serde_json::{Value, json};

use crate::export;
use crate::key_alone::{self, KeyDocuments};
use crate::port::ReadDocuments;
use crate::wants_cause;

/// What was read of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// AWS's answers, one resource each.
    pub answers: Vec<Value>,
    /// The keys' own documents, by the name that the plan or the table has for them; none of a key
    /// that could not be read.
    keys: BTreeMap<String, Option<KeyDocuments>>,
    /// By the table's name in the plan, the key that it was found to be encrypted with.
    of_tables: BTreeMap<String, String>,
    /// Principals whose role could not be read.
    unread: BTreeSet<String>,
    runner: Option<String>,
}

impl Documents {
    /// The policies of the keys that were read.
    pub(crate) fn key_policies(&self) -> Vec<DocumentRow> {
        let keys = self.keys.values().flatten();
        keys.map(|key| key.row.clone()).collect()
    }

    /// The account that the answers make.
    pub(crate) fn estate(&self, region: &str) -> Result<Estate, Vec<String>> {
        let exported = load(&[export::file(&self.answers)], region).map_err(|errors| {
            let told = errors.iter().map(|error| format!("no diagnosis: {error}"));
            told.collect::<Vec<_>>()
        })?;
        export::estate(exported).map_err(|error| vec![error.to_string()])
    }

    pub(crate) fn runner(&self) -> Circumstances {
        Circumstances {
            runner: self.runner.clone().map_or(Runner::Anybody, Runner::Arn),
            context: BTreeMap::new(),
        }
    }

    /// What the key's own documents say, where the principal's could not be read.
    pub(crate) fn key_alone(&self, row: &ProbeRow, plan: &Plan, region: &str) -> Option<Cause> {
        let principal = row.principal.as_deref()?;
        let name = row.table.as_deref()?;
        let key = self.of_tables.get(name)?;
        if !self.unread.contains(principal) {
            return None;
        }
        key_alone::cause(
            row,
            plan,
            plan.tables.get(name)?,
            self.keys.get(key)?.as_ref()?,
            region,
        )
    }
}

pub(crate) async fn gather(
    report: &Report,
    plan: &Plan,
    reader: &impl ReadDocuments,
) -> (Documents, Vec<String>) {
    let mut notes = Vec::new();
    let failed = report.probes.iter().filter(|row| wants_cause(row));
    let (mut tables, mut principals) = (BTreeSet::new(), BTreeSet::new());
    for row in failed {
        tables.extend(row.table.as_deref());
        principals.extend(row.principal.as_deref());
    }
    // Whoever is rightly let in says which statements are needed.
    let needed = report.probes.iter().filter(|row| {
        row.verdict == Verdict::Pass
            && row
                .table
                .as_deref()
                .is_some_and(|name| tables.contains(name))
    });
    principals.extend(needed.filter_map(|row| row.principal.as_deref()));
    let found = report.probes.iter();
    let found: BTreeMap<String, String> = found
        .filter_map(|row| Some((row.table.clone()?, row.observed.key.clone()?)))
        .filter(|(_, key)| key.starts_with("arn:"))
        .collect();
    let mut documents = read(plan, &tables, &principals, &found, reader, &mut notes).await;
    // The other tables' keys as well: a later report says what changed in their policies since.
    let tried: BTreeSet<&str> = report
        .probes
        .iter()
        .filter_map(|row| row.table.as_deref())
        .collect();
    for name in tried.difference(&tables) {
        let planned = plan.tables.get(*name).and_then(|table| table.key.key_id());
        if let Some(key) = found.get(*name).map(String::as_str).or(planned) {
            read_key(key, reader, &mut documents, &mut notes).await;
        }
    }
    let asks_sts = report
        .probes
        .iter()
        .any(|row| wants_cause(row) && row.action == "sts:AssumeRole");
    if asks_sts && let Ok(arn) = reader.caller().await {
        if let Some(name) = role_name(&arn)
            && let Ok(role) = reader.role(name).await
        {
            documents.answers.push(role);
        }
        documents.runner = Some(arn);
    }
    unique(&mut documents.answers);
    (documents, notes)
}

pub(crate) async fn read(
    plan: &Plan,
    tables: &BTreeSet<&str>,
    principals: &BTreeSet<&str>,
    found: &BTreeMap<String, String>,
    reader: &impl ReadDocuments,
    notes: &mut Vec<String>,
) -> Documents {
    let mut documents = Documents::default();
    for name in principals {
        let Some(principal) = plan.principals.get(*name) else {
            continue;
        };
        let answer = reader.role(principal.role.role_name()).await;
        match answer.and_then(|answer| of_principal(answer, principal)) {
            Ok(answer) => documents.answers.push(answer),
            Err(why) => {
                documents.unread.insert((*name).to_owned());
                notes.push(why);
            }
        }
    }
    for name in tables {
        let Some(table) = plan.tables.get(*name) else {
            continue;
        };
        let called = table.arn.as_ref().map_or(&*table.name, |arn| arn.as_str());
        let mut key = found.get(*name).cloned();
        match reader.table(called).await {
            Ok(answer) => {
                let arn = answer.pointer("/Table/SSEDescription/KMSMasterKeyArn");
                key = key.or_else(|| arn.and_then(Value::as_str).map(str::to_owned));
                documents.answers.push(answer);
            }
            Err(why) => notes.push(why),
        }
        let planned = table.key.key_id();
        let key = key.or_else(|| planned.map(str::to_owned));
        if let Some(key) = &key {
            documents.of_tables.insert((*name).to_owned(), key.clone());
        }
        for wanted in [key.as_deref(), planned].into_iter().flatten() {
            read_key(wanted, reader, &mut documents, notes).await;
        }
        if let (TableKey::Alias(_), Some(alias)) = (&table.key, planned) {
            documents.alias(alias);
        }
    }
    unique(&mut documents.answers);
    documents
}

async fn read_key(
    key: &str,
    reader: &impl ReadDocuments,
    documents: &mut Documents,
    notes: &mut Vec<String>,
) {
    if documents.keys.contains_key(key) {
        return;
    }
    let own = match reader.key(key).await {
        Ok(answer) => {
            let own = KeyDocuments::read(&answer);
            documents.answers.push(answer);
            own
        }
        Err(why) => Err(why),
    };
    notes.extend(own.as_ref().err().cloned());
    documents.keys.insert(key.to_owned(), own.ok());
}

/// A role's answer, where it is the principal's: the reader's account may have one of the same name.
fn of_principal(answer: Value, principal: &Principal) -> Result<Value, String> {
    let arn = answer.pointer("/RoleDetailList/0/Arn");
    match arn.and_then(Value::as_str) {
        Some(arn) if arn != principal.role.as_str() => Err(format!(
            "iam:GetRole of `{}`: the role of that name is `{arn}`",
            principal.role
        )),
        Some(_) | None => Ok(answer),
    }
}

impl Documents {
    /// An alias and the key behind it, as `ListAliases` would have it.
    fn alias(&mut self, alias: &str) {
        let Some(Some(key)) = self.keys.get(alias) else {
            return;
        };
        let Some((place, id)) = key.arn.split_once(":key/") else {
            return;
        };
        let Some(name) = alias.find("alias/").and_then(|start| alias.get(start..)) else {
            return;
        };
        self.answers.push(json!({"Aliases": [{
            "AliasName": name, "AliasArn": format!("{place}:{name}"), "TargetKeyId": id,
        }]}));
    }
}

/// Two tables may share a key, two principals a role, two roles a policy.
pub(crate) fn unique(answers: &mut Vec<Value>) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    answers.retain_mut(|answer| {
        for list in ["RoleDetailList", "Policies"] {
            let Some(all) = answer.get_mut(list).and_then(Value::as_array_mut) else {
                continue;
            };
            all.retain(|one| known.insert(format!("{}", one["Arn"])));
        }
        let one = ["/KeyMetadata/Arn", "/Table/TableArn", "/Aliases/0/AliasArn"];
        let arn = one.iter().find_map(|pointer| answer.pointer(pointer));
        arn.is_none_or(|arn| known.insert(arn.to_string()))
    });
}

/// The name of the role that an ARN is of.
fn role_name(arn: &str) -> Option<&str> {
    arn.contains(":role/")
        .then(|| arn.rsplit('/').next())
        .flatten()
}
