// SPDX-License-Identifier: Apache-2.0
//! Which accounts of an organization an inventory means.

use std::collections::BTreeMap;

use keyproof_core::AccountId;

use crate::answer::{Account, Excluded, Found};
use crate::model::Organization;

/// A root or organizational unit, as a regular expression.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html>
pub(crate) const PARENT_PATTERN: &str = "r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}";

/// Whether the text is the id of a root or of an organizational unit.
#[must_use]
pub fn is_parent(text: &str) -> bool {
    let word = |text: &str, least: usize| {
        (least..=32).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    };
    if let Some(root) = text.strip_prefix("r-") {
        return word(root, 4);
    }
    text.strip_prefix("ou-")
        .and_then(|unit| unit.split_once('-'))
        .is_some_and(|(root, unit)| word(root, 4) && word(unit, 8))
}

/// An account as AWS Organizations tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: AccountId,
    /// Its state: `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, and what else there may be.
    pub state: String,
    /// Its tags, where they were asked for.
    pub tags: BTreeMap<String, String>,
}

/// Why an account is left out whatever its tags are.
#[must_use]
pub fn left_out(organization: &Organization, member: &Member) -> Option<String> {
    if organization.except.contains(&member.id) {
        return Some("the inventory excepts it".to_owned());
    }
    (member.state != "ACTIVE").then(|| format!("its state is {}", member.state))
}

/// The accounts that are meant, and the others with the reason.
#[must_use]
pub fn select(organization: &Organization, members: Vec<Member>) -> Found {
    let mut found = Found::default();
    let mut except = organization.except.clone();
    for member in members {
        except.retain(|id| *id != member.id);
        let lacks = organization
            .tags
            .iter()
            .find(|filter| !filter.admits(&member.tags));
        let why = left_out(organization, &member).or_else(|| {
            lacks.map(|filter| match member.tags.get(&filter.key) {
                Some(value) => format!("its tag `{}` is `{value}`", filter.key),
                None => format!("it has no tag `{}`", filter.key),
            })
        });
        match why {
            None => found.accounts.push(Account {
                id: member.id,
                tags: member.tags,
            }),
            Some(why) => found.excluded.push(Excluded {
                what: member.id.to_string(),
                why,
            }),
        }
    }
    found.excluded.extend(except.into_iter().map(|id| Excluded {
        what: id.to_string(),
        why: "the inventory excepts it, but it is not there anyway".to_owned(),
    }));
    found
}
