// SPDX-License-Identifier: Apache-2.0
//! Accounts of an organization.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account;
use futures_util::stream::StreamExt;
use keyproof_core::AccountId;
use keyproof_inventory::organization::{Member, left_out, select};
use keyproof_inventory::{Found, Organization};

use crate::error::next;
use crate::step::Told;
use crate::{AskAs, Step, Survey, SurveyError, TAGS_AT_ONCE};

impl Survey {
    /// The accounts that are meant, and why others are not.
    ///
    /// # Errors
    /// Where AWS Organizations doesn't tell all of it.
    pub async fn organization(&self, organization: &Organization) -> Result<Found, SurveyError> {
        let config = self
            .session(AskAs {
                role: organization.role.as_deref(),
                external_id: organization.external_id.as_deref(),
            })
            .await?;
        let client = Client::new(&config);
        let mut members = members(&client, &organization.under, &self.told).await?;
        if organization.reads_tags {
            let meant: Vec<&mut Member> = members
                .values_mut()
                .filter(|member| left_out(organization, member).is_none())
                .collect();
            let of = meant.len();
            let asked = meant.into_iter().map(async |member| {
                member.tags = tags(&client, member.id.as_str()).await?;
                Ok::<_, SurveyError>(())
            });
            let mut asked = futures_util::stream::iter(asked)
                .buffer_unordered(TAGS_AT_ONCE)
                .enumerate();
            while let Some((before, answer)) = asked.next().await {
                answer?;
                let done = before + 1;
                self.told.step(Step::Tags { done, of });
            }
        }
        Ok(select(organization, members.into_values().collect()))
    }
}

/// Every account below these parents, each once.
async fn members(
    client: &Client,
    under: &[String],
    told: &Told,
) -> Result<BTreeMap<AccountId, Member>, SurveyError> {
    let mut members = BTreeMap::new();
    let mut parents = under.to_vec();
    // A unit may be named beside the one that it is in.
    let mut seen: BTreeSet<String> = parents.iter().cloned().collect();
    while let Some(parent) = parents.pop() {
        for account in accounts(client, &parent).await? {
            let member = member(&parent, &account)?;
            members.insert(member.id.clone(), member);
        }
        told.step(Step::Members(members.len()));
        for unit in units(client, &parent).await? {
            if seen.insert(unit.clone()) {
                parents.push(unit);
            }
        }
    }
    Ok(members)
}

async fn accounts(client: &Client, parent: &str) -> Result<Vec<Account>, SurveyError> {
    let what = format!("organizations:ListAccountsForParent of `{parent}`");
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = client
            .list_accounts_for_parent()
            .parent_id(parent)
            .set_next_token(token.clone())
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        found.extend(page.accounts.unwrap_or_default());
        token = next(&what, token.as_deref(), page.next_token)?;
        if token.is_none() {
            return Ok(found);
        }
    }
}

async fn units(client: &Client, parent: &str) -> Result<Vec<String>, SurveyError> {
    let what = format!("organizations:ListOrganizationalUnitsForParent of `{parent}`");
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = client
            .list_organizational_units_for_parent()
            .parent_id(parent)
            .set_next_token(token.clone())
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        for unit in page.organizational_units.unwrap_or_default() {
            let unnamed = || SurveyError::new(&what, "the reply has a unit without an id");
            found.push(unit.id.ok_or_else(unnamed)?);
        }
        token = next(&what, token.as_deref(), page.next_token)?;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// An account as an inventory sees it.
fn member(parent: &str, account: &Account) -> Result<Member, SurveyError> {
    let what = || format!("organizations:ListAccountsForParent of `{parent}`");
    let id = account.id().unwrap_or_default();
    let id: AccountId = id
        .parse()
        .map_err(|error: keyproof_core::ArnError| SurveyError::new(what(), error.to_string()))?;
    // `Status` is retired in favour of `State`; who has only the one still says it.
    // <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
    let status = account.status().map(|status| status.as_str().to_owned());
    let state = account.state().map(|state| state.as_str().to_owned());
    let Some(state) = state.or(status) else {
        let why = format!("the reply says nothing of the state of account {id}");
        return Err(SurveyError::new(what(), why));
    };
    Ok(Member {
        id,
        state,
        tags: BTreeMap::new(),
    })
}

async fn tags(client: &Client, account: &str) -> Result<BTreeMap<String, String>, SurveyError> {
    let what = format!("organizations:ListTagsForResource of `{account}`");
    let (mut found, mut token) = (BTreeMap::new(), None);
    loop {
        let page = client
            .list_tags_for_resource()
            .resource_id(account)
            .set_next_token(token.clone())
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        let tags = page.tags.unwrap_or_default().into_iter();
        found.extend(tags.map(|tag| (tag.key, tag.value)));
        token = next(&what, token.as_deref(), page.next_token)?;
        if token.is_none() {
            return Ok(found);
        }
    }
}
