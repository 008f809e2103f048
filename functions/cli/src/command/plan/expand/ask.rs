// SPDX-License-Identifier: Apache-2.0
//! What the sources of an inventory stand for: files are read, and AWS is asked.

use std::path::Path;

use keyproof_inventory::{
    Answers, Found, Inventory, Location, Organization, Places, Source as Of, Tagged, Template, csv,
    tables_of_template,
};
use keyproof_survey::Survey;
use keyproof_template::Options;

use super::Arguments;
use crate::connection;
use crate::error::CliError;
use crate::estate::exports;
use crate::input::{Source, directory};
use crate::io::Io;

/// Where nothing names a region, the calls that belong to none go.
const REGION: &str = "us-east-1";

/// The sources of which nothing was found out, each with the reason.
type Lost = Vec<(String, String)>;

/// Asks each source.
pub(super) fn ask(
    inventory: &Inventory,
    arguments: &Arguments,
    io: &mut Io,
) -> Result<(Answers, Lost), CliError> {
    let here = match &arguments.inventory {
        Source::Stdin => Path::new("."),
        Source::File(path) => directory(path),
    };
    let mut answers = Answers::new();
    let mut asks_aws = false;
    for (name, source) in &inventory.sources {
        let found = match source {
            Of::Accounts(places) => accounts(places),
            Of::Csv(Location::File(path)) => {
                let source = Source::File(here.join(path));
                rows(&source, &source.read(io)?)?
            }
            Of::Template(template) => templates(here, template, io)?,
            Of::Organization(_) | Of::Tagged(_) | Of::Csv(Location::S3 { .. }) => {
                asks_aws = true;
                continue;
            }
        };
        answers.insert(name.clone(), found);
    }
    let mut lost = Lost::new();
    if asks_aws {
        crate::block_on(ask_aws(inventory, arguments, &mut answers, &mut lost))??;
    }
    Ok((answers, lost))
}

fn accounts(places: &Places) -> Found {
    let accounts = places
        .accounts
        .iter()
        .map(|id| keyproof_inventory::Account {
            id: id.clone(),
            tags: std::collections::BTreeMap::new(),
        });
    Found {
        accounts: accounts.collect(),
        ..Found::default()
    }
}

fn rows(source: &Source, text: &str) -> Result<Found, CliError> {
    let tables = csv::read(text)
        .map_err(|errors| CliError::located(source, &errors, |error| error.place))?;
    Ok(Found {
        tables,
        ..Found::default()
    })
}

fn templates(here: &Path, template: &Template, io: &mut Io) -> Result<Found, CliError> {
    let mut options = Options::new(template.account.clone(), &template.region);
    options.parameters.clone_from(&template.parameters);
    let sources: Vec<Source> = template
        .files
        .iter()
        .map(|file| Source::File(here.join(file)))
        .collect();
    let mut texts = Vec::new();
    for source in &sources {
        texts.push((source, source.read(io)?));
    }
    if texts.len() > 1 {
        options.imports = exports(&texts, &options);
    }
    let mut accounts = Vec::new();
    for (source, text) in &texts {
        accounts.push(source.account(text, &options, io)?);
    }
    Ok(tables_of_template(template, &accounts))
}

/// Asks AWS: accounts first, as tables are looked for in them.
async fn ask_aws(
    inventory: &Inventory,
    arguments: &Arguments,
    answers: &mut Answers,
    lost: &mut Lost,
) -> Result<(), CliError> {
    let runner = connection::runner(&arguments.connection.settings(), REGION).await?;
    let survey = Survey::new(&runner.service_config(None));
    for (name, source) in &inventory.sources {
        let asked = match source {
            Of::Organization(organization) => survey.organization(organization).await,
            Of::Csv(Location::S3 { bucket, key, role }) => {
                let most = csv::MOST_BYTES;
                match survey.object(bucket, key, role.as_deref(), most).await {
                    Ok(text) => {
                        let file = Source::File(format!("s3://{bucket}/{key}").into());
                        Ok(rows(&file, &text)?)
                    }
                    Err(error) => Err(error),
                }
            }
            Of::Accounts(_) | Of::Tagged(_) | Of::Csv(Location::File(_)) | Of::Template(_) => {
                continue;
            }
        };
        match asked {
            Ok(found) => drop(answers.insert(name.clone(), found)),
            Err(error) => lost.push((name.clone(), error.to_string())),
        }
    }
    if !lost.is_empty() {
        return Ok(());
    }
    for (name, source) in &inventory.sources {
        let Of::Tagged(tagged) = source else { continue };
        let found = tables(&survey, inventory, tagged, answers).await;
        answers.insert(name.clone(), found);
    }
    Ok(())
}

async fn tables(
    survey: &Survey,
    inventory: &Inventory,
    tagged: &Tagged,
    answers: &Answers,
) -> Found {
    let regions = match inventory.sources.get(&tagged.within) {
        Some(
            Of::Accounts(Places { regions, .. }) | Of::Organization(Organization { regions, .. }),
        ) => regions.as_slice(),
        Some(Of::Tagged(_) | Of::Csv(_) | Of::Template(_)) | None => &[],
    };
    let accounts = answers.get(&tagged.within);
    let accounts = accounts.map_or(&[][..], |found| &found.accounts);
    survey.tagged(tagged, accounts, regions).await
}
