// SPDX-License-Identifier: Apache-2.0
//! One inventory: read, asked about, and its plans settled.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_document::MAX_BYTES;
use keyproof_inventory::{
    Expansion, Form, InFile, Inventory, InventoryError, Lost, Refusal, csv, expand, listed,
};
use keyproof_store::{Schedules, Table};

use crate::settle::Settled;
use crate::{Function, Inventories, Round};

/// What was read, and which version of the document it came of.
struct Read {
    expansion: Expansion,
    /// The document's address, with its version where there is one.
    by: String,
}

impl<T: Table, S: Schedules, I: Inventories> Function<T, S, I> {
    /// Expands an inventory, and settles its plans. What went wrong, a sentence each.
    pub(crate) async fn expand(&self, key: &str, round: &mut Round, now: Timestamp) -> Vec<String> {
        let address = self.inventories.address(key);
        let Read { expansion, by } = match self.read(key).await {
            Ok(read) => read,
            Err(why) => return why,
        };
        let mut why = Vec::new();
        let mut names = BTreeSet::new();
        for one in expansion.plans {
            let name = one.plan.name.clone();
            names.insert(name.clone());
            match self.settle(&one, &address, &by, round, now).await {
                Ok(settled) => note(&name, &settled, &by, round),
                Err(error) => why.push(error),
            }
        }
        let origins = round.origins.iter();
        let left: Vec<_> = origins
            .filter(|(plan, inventory)| **inventory == address && !names.contains(*plan))
            .map(|(plan, _)| plan.clone())
            .collect();
        for plan in left {
            match self.in_force(&plan).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::warn!(
                        plan,
                        inventory = by,
                        "nothing of this plan is in its inventory any more, and it runs on as it is; \
                         `keyproof plan remove` takes it away"
                    );
                    round.answer.left.insert(plan);
                }
                Err(error) => why.push(error.to_string()),
            }
        }
        why
    }

    /// Reads an inventory with its files, asks about its sources, and makes its plans.
    async fn read(&self, key: &str) -> Result<Read, Vec<String>> {
        let told = |error: &keyproof_survey::SurveyError| vec![error.to_string()];
        let address = self.inventories.address(key);
        let object = self.inventories.read(key, MAX_BYTES).await;
        let object = object.map_err(|error| told(&error))?;
        let by = match &object.version {
            Some(version) => format!("{address}?versionId={version}"),
            None => address.clone(),
        };
        let wrong = |errors: Vec<InventoryError>| -> Vec<String> {
            let errors = errors.iter();
            errors
                .map(|error| format!("{by}:{}: {error}", error.place))
                .collect()
        };
        let inventory = Inventory::parse(&object.text).map_err(wrong)?;
        let texts = self.files(key, &inventory).await?;
        let in_file = |told: &InFile| {
            let InFile {
                file,
                place,
                sentence,
            } = told;
            match beside(key, self.inventories.prefix(), file) {
                Ok(key) => format!("{}:{place}: {sentence}", self.inventories.address(&key)),
                // One that the inventory names by its whole address.
                Err(_) => told.to_string(),
            }
        };
        let listed = listed(&inventory, &texts);
        let listed = listed.map_err(|wrong| wrong.iter().map(in_file).collect::<Vec<_>>())?;
        for note in &listed.notes {
            tracing::warn!(inventory = by, note = in_file(note), "not read");
        }
        let mut answers = listed.answers;
        let asked = self.inventories.ask(&inventory, &mut answers).await;
        if !asked.is_whole() {
            let lost = asked.lost.iter();
            let lost = lost.map(|(source, error)| format!("not found out: {source}: {error}"));
            return Err(lost
                .chain(asked.wrong.iter().map(ToString::to_string))
                .collect());
        }
        match expand(&inventory, &answers, Lost::Refused, Form::Yaml) {
            Ok(expansion) => Ok(Read { expansion, by }),
            Err(Refusal::Wrong(errors)) => Err(wrong(errors)),
            Err(Refusal::Unread(unread)) => Err(unread
                .iter()
                .map(|(source, unread)| format!("not found out: {source}: {unread}"))
                .collect()),
        }
    }

    /// The texts of the inventory's files, which are beside it.
    async fn files(
        &self,
        key: &str,
        inventory: &Inventory,
    ) -> Result<BTreeMap<String, String>, Vec<String>> {
        let (mut texts, mut why) = (BTreeMap::new(), Vec::new());
        for file in inventory.files() {
            let read = match beside(key, self.inventories.prefix(), file) {
                Ok(key) => self.inventories.read(&key, csv::MOST_BYTES).await,
                Err(sentence) => {
                    why.push(sentence);
                    continue;
                }
            };
            match read {
                Ok(object) => drop(texts.insert(file.to_owned(), object.text)),
                Err(error) => why.push(format!("the file `{file}` of the inventory: {error}")),
            }
        }
        if why.is_empty() { Ok(texts) } else { Err(why) }
    }
}

/// The key of a file that an inventory names. It lies in a folder beside the inventory: what is right
/// under the prefix is an inventory itself, and what is outside of it is none of the function's.
fn beside(key: &str, prefix: &str, file: &str) -> Result<String, String> {
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let parts: Vec<&str> = file.strip_prefix("./").unwrap_or(file).split('/').collect();
    if parts.len() < 2 || !parts.iter().all(|part| plain(part)) {
        return Err(format!(
            "the file `{file}` of the inventory is in no folder below `{prefix}`; put it into one, and name it from \
             the inventory's own: `files/tables.csv`"
        ));
    }
    let separator = if folder.is_empty() { "" } else { "/" };
    Ok(format!("{folder}{separator}{}", parts.join("/")))
}

/// Notes what came of a plan.
fn note(plan: &str, settled: &Settled, by: &str, round: &mut Round) {
    let head = &settled.pushed.head;
    round.answer.plans += 1;
    if settled.pushed.new_version {
        round.answer.stored.insert(plan.to_owned());
        tracing::info!(
            plan,
            version = head.version,
            digest = head.digest,
            inventory = by,
            "stored the plan"
        );
    }
    if let Some(kept) = &settled.kept {
        round.answer.kept.insert(plan.to_owned());
        tracing::warn!(
            plan,
            inventory = by,
            tables = ?kept.tables_removed,
            principals = ?kept.principals_removed,
            probes = kept.probes_removed,
            "this is in the inventory no more, and stays in the plan until somebody takes it out with \
             `keyproof plan expand` and `keyproof plan push`"
        );
    }
    if head.interval_minutes.is_none() {
        tracing::warn!(
            plan,
            inventory = by,
            "the plan has no schedule, so that nothing runs it by itself; `keyproof plan push --every` gives it one"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_file_lies_in_a_folder_beside_its_inventory() {
        let of = |key: &str, file: &str| beside(key, "inventories/", file);
        let key = "inventories/bank.yaml";
        for (file, expected) in [
            ("files/t.csv", "inventories/files/t.csv"),
            ("./files/t.csv", "inventories/files/t.csv"),
            ("a/b/t.csv", "inventories/a/b/t.csv"),
        ] {
            assert_eq!(of(key, file).as_deref(), Ok(expected));
        }
        assert_eq!(of("bank.yaml", "f/t.csv").as_deref(), Ok("f/t.csv"));
        for file in [
            "t.csv",
            "../t.csv",
            "files/../../t.csv",
            "/files/t.csv",
            "a//t.csv",
            "a/",
            ".",
        ] {
            assert_eq!(
                of(key, file).unwrap_err(),
                format!(
                    "the file `{file}` of the inventory is in no folder below `inventories/`; put it into one, and \
                     name it from the inventory's own: `files/tables.csv`"
                )
            );
        }
    }
}
