// SPDX-License-Identifier: Apache-2.0
//! The tables of templates.

use keyproof_template::{Account, Encryption, NoteKind, is_generated, partition};

use crate::answer::{Excluded, Found, Table, Unread};
use crate::model::Template;

/// The tables that templates make. One whose name is made at deployment is not found out; what a template
/// only points at, such as a nested stack, is told as left out.
#[must_use]
pub(crate) fn tables(source: &Template, accounts: &[Account]) -> Found {
    let mut found = Found::default();
    for account in accounts {
        for made in &account.tables {
            let name = &made.logical_id;
            if source.except.contains(name) {
                found.excluded.push(Excluded {
                    what: name.clone(),
                    why: "the inventory excepts it".to_owned(),
                });
                continue;
            }
            if is_generated(&made.name, name) {
                found.unread.push(Unread {
                    account: source.account.clone(),
                    region: source.region.clone(),
                    why: format!(
                        "the table `{name}` gets its name at deployment; give it a `TableName`, or leave it out with `except`"
                    ),
                });
                continue;
            }
            let mut table = Table::new(source.account.clone(), &source.region, &made.name);
            table.key = key(source, account, &made.encryption);
            table.tags.clone_from(&made.tags);
            found.tables.push(table);
        }
        for note in &account.notes {
            if note.kind == NoteKind::Unseen {
                found.excluded.push(Excluded {
                    what: note
                        .logical_id
                        .clone()
                        .unwrap_or_else(|| "the template".to_owned()),
                    why: note.text.clone(),
                });
            }
        }
    }
    found
}

/// The key that the template puts a table on, by a name that is good after deployment: of a key that is
/// made by it, an alias.
fn key(source: &Template, account: &Account, encryption: &Encryption) -> Option<String> {
    let Encryption::Key(arn) = encryption else {
        return None;
    };
    let Some(key) = account.key(arn) else {
        return Some(arn.clone());
    };
    let mut aliases = account.aliases.iter();
    let alias = aliases.find(|alias| alias.key_id == key.key_id)?;
    let (partition, region) = (partition(&source.region), &source.region);
    let (account, name) = (&source.account, &alias.name);
    Some(format!("arn:{partition}:kms:{region}:{account}:{name}"))
}
