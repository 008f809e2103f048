// SPDX-License-Identifier: Apache-2.0
//! An account as it is, read into the model that templates make of one.
//!
//! Read-only, with the operator's own credentials. What may not be looked at is left out and said; only
//! without the lists of tables and roles there is nothing to start from.

mod answer;
mod iam;
mod kms;
mod tables;

use aws_types::SdkConfig;
use keyproof_aws::{Runner as Operator, Settings};
use keyproof_check::{Estate, Runner};
use keyproof_core::Arn;
use keyproof_template::Account;

use crate::error::CliError;
use answer::answer;

/// An account, and who asked.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) estate: Estate,
    pub(crate) runner: Runner,
    /// What could not be looked at, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Reads the account that the operator is of.
pub(crate) async fn read(operator: &Operator, settings: &Settings) -> Result<Live, CliError> {
    let mut config = operator.service_config(None);
    if let Some(region) = &settings.region {
        let region = aws_types::region::Region::new(region.clone());
        config = config.to_builder().region(region).build();
    }
    let failed = CliError::Account;
    let sts = aws_sdk_sts::Client::new(&config);
    let caller = sts.get_caller_identity().send();
    let caller = answer("sts:GetCallerIdentity", caller)
        .await
        .map_err(failed)?;
    let caller = caller.arn().unwrap_or_default().to_owned();
    let arn: Arn = caller
        .parse()
        .map_err(|error| CliError::Account(format!("STS names no caller: {error}")))?;
    let mut account = empty(&arn, &config)?;
    let mut notes = Vec::new();
    let keys = tables::read(&config, &mut account, &mut notes)
        .await
        .map_err(failed)?;
    let grants = kms::read(&config, &keys, &mut account, &mut notes).await;
    iam::read(&config, &mut account, &mut notes)
        .await
        .map_err(failed)?;
    let runner = who(&arn, &caller, &account);
    let mut estate = Estate::of(account);
    estate.grants = grants;
    Ok(Live {
        estate,
        runner,
        notes,
    })
}

fn empty(caller: &Arn, config: &SdkConfig) -> Result<Account, CliError> {
    let id = caller.account().parse();
    Ok(Account {
        account: id.map_err(|error| CliError::Account(format!("{error}")))?,
        partition: caller.partition().to_owned(),
        region: config
            .region()
            .map_or_else(String::new, ToString::to_string),
        roles: Vec::new(),
        users: Vec::new(),
        groups: Vec::new(),
        managed_policies: Vec::new(),
        keys: Vec::new(),
        aliases: Vec::new(),
        tables: Vec::new(),
        organization_policies: Vec::new(),
        exports: std::collections::BTreeMap::new(),
        notes: Vec::new(),
    })
}

/// A session's ARN doesn't tell its role's path; the account's roles do.
fn who(arn: &Arn, caller: &str, account: &Account) -> Runner {
    let mut parts = arn.resource().split('/');
    match (parts.next(), parts.next()) {
        (Some("assumed-role"), Some(name)) => {
            let role = account.roles.iter().find(|role| role.name == name);
            role.map_or(Runner::Administrator, |role| Runner::Arn(role.arn.clone()))
        }
        // An emulator may have users that IAM couldn't have.
        (Some("user"), Some(_)) if arn.service() == "iam" => Runner::Arn(caller.to_owned()),
        _ => Runner::Administrator,
    }
}
