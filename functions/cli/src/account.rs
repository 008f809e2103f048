// SPDX-License-Identifier: Apache-2.0
//! An account as it is: what AWS says of it, read with the operator's own credentials.

use keyproof_account::{Exported, File};
use keyproof_aws::Settings;
use keyproof_check::{Estate, Runner};
use keyproof_diagnose::export::{self, Export};
use keyproof_diagnose::{Aws, ReadDocuments};

use crate::connection;
use crate::error::CliError;

/// The region that is read where nobody says.
pub(crate) const REGION: &str = "us-east-1";

/// An account, and who asked.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) estate: Estate,
    pub(crate) runner: Runner,
    /// What could not be looked at, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Whoever reads, and the region.
pub(crate) async fn reader(settings: &Settings, region: &str) -> Result<(Aws, String), CliError> {
    let operator = connection::runner(settings, region).await?;
    let config = operator.service_config(None);
    let said = settings.region.clone();
    let region = said.or_else(|| config.region().map(ToString::to_string));
    let region = region.unwrap_or_else(|| REGION.to_owned());
    Ok((Aws::new(config, &region), region))
}

/// Everything in the account that the operator is of.
pub(crate) async fn read(settings: &Settings) -> Result<Live, CliError> {
    let (aws, region) = reader(settings, REGION).await?;
    let caller = aws.caller().await;
    let Export { text, mut notes } = export::of_account(&aws).await.map_err(CliError::Account)?;
    let told = |clause: String| format!("what is known of the account lacks {clause}");
    notes = notes.into_iter().map(told).collect();
    let runner = match caller {
        // An emulator may have users that IAM couldn't have.
        Ok(arn) if arn.contains(":iam:") && !arn.ends_with(":root") => Runner::Arn(arn),
        Ok(_) => Runner::Administrator,
        Err(clause) => {
            notes.push(format!(
                "whoever asks is taken for an administrator: {clause}"
            ));
            Runner::Administrator
        }
    };
    let file = File {
        name: None,
        folder: String::new(),
        text,
    };
    let exported = keyproof_account::load(&[file], &region).map_err(|errors| {
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        CliError::Account(told.join("; "))
    })?;
    for part in &exported.parts {
        notes.extend(part.account.notes.iter().map(ToString::to_string));
    }
    Ok(Live {
        estate: estate(exported)?,
        runner,
        notes,
    })
}

/// The account that documents make.
pub(crate) fn estate(exported: Exported) -> Result<Estate, CliError> {
    export::estate(exported).map_err(|error| CliError::Usage(error.to_string()))
}
