// SPDX-License-Identifier: Apache-2.0
//! Tables that have tags.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use aws_types::SdkConfig;
use futures_util::stream::StreamExt;
use keyproof_core::TableArn;
use keyproof_inventory::{Account, Excluded, Found, Table, Tagged, Unread};

use crate::error::next;
use crate::session::in_region;
use crate::{ACCOUNTS_AT_ONCE, AskAs, Step, Survey, SurveyError};

/// Of each resource, the type that is asked for.
const TABLES: &str = "dynamodb:table";

impl Survey {
    /// The tables with these tags in these accounts and regions. Whatever of them could not be read is in
    /// the answer, too.
    pub async fn tagged(&self, tagged: &Tagged, accounts: &[Account], regions: &[String]) -> Found {
        let each = accounts
            .iter()
            .map(async |account| self.of_account(tagged, account, regions).await);
        let mut answers = futures_util::stream::iter(each).buffer_unordered(ACCOUNTS_AT_ONCE);
        let (mut found, mut done) = (Found::default(), 0);
        while let Some(answer) = answers.next().await {
            found.tables.extend(answer.tables);
            found.excluded.extend(answer.excluded);
            found.unread.extend(answer.unread);
            done += 1;
            self.told.step(Step::Searched {
                done,
                of: accounts.len(),
                tables: found.tables.len(),
                unread: found.unread.len(),
            });
        }
        found
    }

    async fn of_account(&self, tagged: &Tagged, account: &Account, regions: &[String]) -> Found {
        let mut found = Found::default();
        let unread = |region: &String, why: String| Unread {
            account: account.id.clone(),
            region: region.clone(),
            why,
        };
        // Every region has the same role: the partition hangs on the first.
        let mut session: Option<(String, SdkConfig)> = None;
        for region in regions {
            let place = place(account, region);
            let role = tagged.role.as_ref();
            let role = role.map(|role| role.fill(|placeholder| place.value(placeholder)));
            let role = match role.transpose() {
                Ok(role) => role,
                Err(placeholder) => {
                    let why = format!(
                        "`{placeholder}` has no value for the account, and the role hangs on it"
                    );
                    found.unread.push(unread(region, why));
                    continue;
                }
            };
            let name = role.clone().unwrap_or_default();
            let known = session.take().filter(|(known, _)| *known == name);
            let config = match known {
                Some((_, config)) => config,
                None => match self
                    .session(AskAs {
                        role: role.as_deref(),
                        external_id: tagged.external_id.as_deref(),
                    })
                    .await
                {
                    Ok(config) => config,
                    Err(error) => {
                        found.unread.push(unread(region, error.to_string()));
                        continue;
                    }
                },
            };
            match tables(&config, tagged, account, region).await {
                Ok((tables, excluded)) => {
                    found.tables.extend(tables);
                    found.excluded.extend(excluded);
                }
                Err(error) => found.unread.push(unread(region, error.to_string())),
            }
            session = Some((name, config));
        }
        found
    }
}

/// What is known before any table is.
fn place(account: &Account, region: &str) -> Table {
    let mut place = Table::new(account.id.clone(), region, "");
    place.account_tags.clone_from(&account.tags);
    place
}

async fn tables(
    config: &SdkConfig,
    tagged: &Tagged,
    account: &Account,
    region: &str,
) -> Result<(Vec<Table>, Vec<Excluded>), SurveyError> {
    let what = "tag:GetResources";
    let client = Client::new(&in_region(config, region));
    let filters: Vec<TagFilter> = tagged
        .tags
        .iter()
        .map(|filter| {
            TagFilter::builder()
                .key(&filter.key)
                .set_values(Some(filter.values.clone()))
                .build()
        })
        .collect();
    let (mut found, mut excluded, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let page = client
            .get_resources()
            .resource_type_filters(TABLES)
            .set_tag_filters(Some(filters.clone()))
            .set_pagination_token(token.clone())
            .send()
            .await
            .map_err(|error| SurveyError::call(what, &error))?;
        for mapping in page.resource_tag_mapping_list.unwrap_or_default() {
            let table =
                table(mapping, account, region).map_err(|why| SurveyError::new(what, why))?;
            // The answer may be older than the tags in it.
            match tagged
                .tags
                .iter()
                .find(|filter| !filter.admits(&table.tags))
            {
                None => found.push(table),
                Some(filter) => excluded.push(Excluded {
                    what: format!("{}@{}", table.name, account.id),
                    why: format!("its tag `{}` is another by now", filter.key),
                }),
            }
        }
        token = next(what, token.as_deref(), page.pagination_token)?;
        if token.is_none() {
            return Ok((found, excluded));
        }
    }
}

/// A table of the answer, which must be one of the account and region that were asked.
fn table(mapping: ResourceTagMapping, account: &Account, region: &str) -> Result<Table, String> {
    let arn = mapping.resource_arn.unwrap_or_default();
    let arn: TableArn = arn
        .parse()
        .map_err(|error: keyproof_core::ArnError| error.to_string())?;
    if arn.account() != account.id.as_str() || arn.region() != region {
        return Err(format!(
            "account {} in {region} was asked, and the answer is about `{arn}`; is the role another account's?",
            account.id
        ));
    }
    let mut table = place(account, region);
    arn.path_and_name().clone_into(&mut table.name);
    let tags = mapping.tags.unwrap_or_default().into_iter();
    table.tags = tags
        .map(|tag| (tag.key, tag.value))
        .collect::<BTreeMap<_, _>>();
    Ok(table)
}
