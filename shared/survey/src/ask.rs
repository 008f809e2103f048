// SPDX-License-Identifier: Apache-2.0
//! What the sources of an inventory stand for of which AWS has to be asked.

use keyproof_inventory::{Answers, Found, InFile, Inventory, Location, Source, Tagged, csv, rows};

use crate::{AskAs, Survey, SurveyError};

/// What of the sources was not found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The sources of which nothing is known, in the inventory's order, each with the reason.
    pub lost: Vec<(String, SurveyError)>,
    /// What is wrong in files that were read from S3.
    pub wrong: Vec<InFile>,
}

impl Asked {
    /// Whether every source has its answer.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.wrong.is_empty()
    }
}

impl Survey {
    /// Asks each source that somebody has to be asked of, accounts first, as tables are looked for in
    /// them. The answers stand beside those that are known already.
    pub async fn ask(&self, inventory: &Inventory, answers: &mut Answers) -> Asked {
        let mut asked = Asked::default();
        for (name, source) in &inventory.sources {
            let found = match source {
                Source::Organization(organization) => self.organization(organization).await,
                Source::Csv(Location::S3 {
                    bucket,
                    key,
                    role,
                    external_id,
                }) => {
                    let who = AskAs {
                        role: role.as_deref(),
                        external_id: external_id.as_deref(),
                    };
                    match self.sheet(bucket, key, who).await {
                        Ok(Ok(found)) => Ok(found),
                        Ok(Err(wrong)) => {
                            asked.wrong.extend(wrong);
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
                Source::Accounts(_)
                | Source::Tagged(_)
                | Source::Csv(Location::File(_))
                | Source::Template(_) => continue,
            };
            match found {
                Ok(found) => drop(answers.insert(name.clone(), found)),
                Err(error) => asked.lost.push((name.clone(), error)),
            }
        }
        if asked.is_whole() {
            for (name, source) in &inventory.sources {
                let Source::Tagged(tagged) = source else {
                    continue;
                };
                let found = self.tables(inventory, tagged, answers).await;
                answers.insert(name.clone(), found);
            }
        }
        asked
    }

    async fn sheet(
        &self,
        bucket: &str,
        key: &str,
        who: AskAs<'_>,
    ) -> Result<Result<Found, Vec<InFile>>, SurveyError> {
        let object = self.object(bucket, key, who, csv::MOST_BYTES).await?;
        Ok(rows(&format!("s3://{bucket}/{key}"), &object.text))
    }

    async fn tables(&self, inventory: &Inventory, tagged: &Tagged, answers: &Answers) -> Found {
        let within = inventory.sources.get(&tagged.within);
        let regions = within.and_then(Source::regions).unwrap_or_default();
        let accounts = answers.get(&tagged.within);
        let accounts = accounts.map_or(&[][..], |found| &found.accounts);
        self.tagged(tagged, accounts, regions).await
    }
}
