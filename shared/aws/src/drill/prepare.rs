// SPDX-License-Identifier: Apache-2.0
//! What has to hold before anything is changed.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::GrantOperation;
use futures_util::future::join_all;
use keyproof_core::Service;
use keyproof_drill::{TAG, Target, grant_name};
use keyproof_plan::{Action, Table, TableKey};
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Encryption, classify, classify_call, clause};

use super::Patience;
use super::grants::Grants;
use crate::calls::{Called, Reply};
use crate::failure::Failure;
use crate::inspect::Inspection;
use crate::observe::Shared;
use crate::probe::{KeyTarget, NO_GRANT};
use crate::run::Run;

/// More tags than this a key can't have in AWS.
const MOST_PAGES: usize = 10;

/// A key that may be drilled, and for whom.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) arn: String,
    /// The role that the grant goes to.
    pub(super) role: String,
    /// What DynamoDB binds the table's key to: the grant is good for nothing else.
    pub(super) context: std::collections::HashMap<String, String>,
}

/// The key of each target, once it is known that it may be drilled; else what stands against it, a
/// sentence each.
pub(super) async fn prepare(
    run: &Run<'_>,
    targets: &[Target],
    patience: &Patience,
) -> Result<Vec<Key>, Vec<String>> {
    let shared = Shared::new(run);
    let looked = join_all(targets.iter().map(|target| look(&shared, target))).await;
    let mut keys = Vec::new();
    let mut against: Vec<String> = Vec::new();
    let mut checked: Vec<&str> = Vec::new();
    for found in &looked {
        match found {
            Ok(key) => keys.push(key.clone()),
            Err(why) => against.push(why.clone()),
        }
    }
    for key in &keys {
        if !checked.contains(&key.arn.as_str()) {
            checked.push(&key.arn);
            against.extend(permitted(run, key, patience).await.err());
        }
    }
    // Two tables may share a key, and so what stands against it.
    against.dedup();
    if against.is_empty() {
        Ok(keys)
    } else {
        Err(against)
    }
}

/// The keys of the plan's tables, as they are, each once.
pub(super) async fn keys_of_plan(run: &Run<'_>) -> Result<Vec<String>, Vec<String>> {
    let shared = Shared::new(run);
    let mut keys = Vec::new();
    let mut against = Vec::new();
    for (name, table) in &run.plan.tables {
        if table.key == TableKey::AwsOwned {
            continue;
        }
        let found = shared.inspection(name, table).await;
        match found.key_arn(table) {
            Some(arn) => keys.push(arn.to_owned()),
            None => against.push(not_found(run, name, table, &found)),
        }
    }
    keys.sort_unstable();
    keys.dedup();
    if against.is_empty() {
        Ok(keys)
    } else {
        Err(against)
    }
}

/// Why nobody can tell which key a table's is to be.
fn not_found(run: &Run<'_>, name: &str, table: &Table, found: &Inspection) -> String {
    let failure = found
        .key
        .as_ref()
        .and_then(|key| key.outcome.as_ref().err());
    let why = failure.map_or_else(
        || "nobody could look".to_owned(),
        |failure| format!("kms:DescribeKey: {}", words(run, failure)),
    );
    format!("the key `{}` of `{name}` was not found: {why}", table.key)
}

/// The table's key, if it is the plan's.
async fn look(shared: &Shared<'_, '_>, target: &Target) -> Result<Key, String> {
    let run = shared.run;
    let name = &target.table;
    let nobody = || {
        format!(
            "the plan has no table `{name}` and principal `{}`",
            target.principal
        )
    };
    let table = run.plan.tables.get(name).ok_or_else(nobody)?;
    let principal = run
        .plan
        .principals
        .get(&target.principal)
        .ok_or_else(nobody)?;
    let found = shared.inspection(name, table).await;
    let untold = |failure: &Failure| {
        format!(
            "what `{name}` is encrypted with was not found out: {}; run `keyproof verify` first",
            words(run, failure)
        )
    };
    let facts = found.table.outcome.as_ref().map_err(untold)?;
    let arn = match facts.encryption.as_ref().map_err(untold)? {
        Encryption::Key { arn } => arn,
        Encryption::AwsOwned | Encryption::AwsManaged { .. } => {
            return Err(format!(
                "`{name}` is not encrypted with the plan's key, but with one of AWS's, on which nobody \
                 can make grants"
            ));
        }
    };
    match found.key_arn(table) {
        Some(planned) if planned == arn => {}
        Some(planned) => {
            return Err(format!(
                "`{name}` is encrypted with `{arn}`, and the plan says `{planned}`: run `keyproof \
                 verify` and put that right first"
            ));
        }
        None => return Err(not_found(run, name, table, &found)),
    }
    let account = table
        .arn
        .as_ref()
        .map_or(principal.role.account(), |arn| arn.account());
    let role = principal.role.to_string();
    Ok(Key {
        context: KeyTarget::new(arn.clone(), &table.name, account, &role).context,
        arn: arn.clone(),
        role,
    })
}

/// Whether the key is tagged for drills, and the operator may make grants and revoke them.
async fn permitted(run: &Run<'_>, key: &Key, patience: &Patience) -> Result<(), String> {
    let client = aws_sdk_kms::Client::new(&run.config);
    tagged(run, &client, &key.arn).await?;
    may_make(run, &client, key, patience).await?;
    // A grant that can be made and not revoked is what a drill must never make.
    may_revoke(run, &client, &key.arn).await
}

async fn tagged(run: &Run<'_>, client: &Client, arn: &str) -> Result<(), String> {
    let (name, value) = TAG;
    let mut marker: Option<String> = None;
    let mut tagged = false;
    for _ in 0..MOST_PAGES {
        let page = run
            .calls
            .send(
                Operation::new(Service::Kms, "ListResourceTags"),
                async || {
                    let request = client.list_resource_tags().key_id(arn);
                    let sent = request.set_marker(marker.clone()).send().await;
                    Reply::new(sent, |code, message| {
                        classify_call(Service::Kms, code, message)
                    })
                },
            )
            .await
            .outcome
            .map_err(|failure| {
                format!(
                    "whether `{arn}` may be drilled was not found out: kms:ListResourceTags: {}",
                    words(run, &failure)
                )
            })?;
        tagged |= page
            .tags()
            .iter()
            .any(|tag| (tag.tag_key(), tag.tag_value()) == (name, value));
        match page.next_marker {
            Some(next) if page.truncated && !tagged => marker = Some(next),
            Some(_) | None => break,
        }
    }
    if !tagged {
        let region = arn.split(':').nth(3).unwrap_or_default();
        return Err(format!(
            "`{arn}` has no tag `{name}` = `{value}`: a drill opens real access for as long as a grant \
             takes to come and go, so that whoever owns the key has to permit it, with `aws kms \
             tag-resource --region {region} --key-id {arn} --tags TagKey={name},TagValue={value}` (in \
             keyproof's own template: the parameter `AllowDrill`)"
        ));
    }
    Ok(())
}

async fn may_make(
    run: &Run<'_>,
    client: &Client,
    key: &Key,
    patience: &Patience,
) -> Result<(), String> {
    // Named as a drill's: should an endpoint make it all the same, it is found.
    let name_of_trial = grant_name(run.id, 0);
    let create = run
        .calls
        .send(Operation::of(Action::CreateGrant), async || {
            let request = client
                .create_grant()
                .key_id(&key.arn)
                .grantee_principal(&key.role)
                .operations(GrantOperation::Decrypt)
                .name(&name_of_trial)
                .dry_run(true);
            Reply::new(request.send().await, |code, message| {
                classify(Action::CreateGrant, code, message)
            })
        })
        .await;
    let told = told(run, Action::CreateGrant, &key.arn, &create);
    if create.outcome.is_err() {
        return told;
    }
    let undone = Grants::new(run, patience).undo(key, &name_of_trial).await;
    told.map_err(|why| why + &undone)
}

async fn may_revoke(run: &Run<'_>, client: &Client, arn: &str) -> Result<(), String> {
    let revoke = run
        .calls
        .send(Operation::of(Action::RevokeGrant), async || {
            let request = client
                .revoke_grant()
                .key_id(arn)
                .grant_id(NO_GRANT)
                .dry_run(true);
            Reply::new(request.send().await, |code, message| {
                classify(Action::RevokeGrant, code, message)
            })
        })
        .await;
    told(run, Action::RevokeGrant, arn, &revoke)
}

/// What a dry run told of whether the action may be called.
fn told<T>(run: &Run<'_>, action: Action, arn: &str, called: &Called<T>) -> Result<(), String> {
    let Err(failure) = &called.outcome else {
        return Err(format!(
            "a dry run of `{action}` on `{arn}` came back with success, as the service itself never answers one: \
             see what answers at the endpoint"
        ));
    };
    match &failure.answer {
        Answer::Allowed(_) => Ok(()),
        Answer::Unknown(_) => Err(format!(
            "whether you may call `{action}` on `{arn}`, which a drill needs, was not found out by a dry run: {}",
            words(run, failure)
        )),
        Answer::Denied(_) | Answer::KeyUnusable(_) => Err(format!(
            "`{action}` on `{arn}` is not to be had for you, by a dry run, and a drill needs it: {}",
            words(run, failure)
        )),
    }
}

/// A failure in the service's words, free of secrets.
pub(super) fn words(run: &Run<'_>, failure: &Failure) -> String {
    let clean = |text: &Option<String>| text.as_ref().map(|text| run.redactor.message(text));
    let told = match (clean(&failure.code), clean(&failure.message)) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (only, None) | (None, only) => only,
    };
    match (&failure.answer, told) {
        (Answer::Unknown(blindness), told) => {
            let (why, _) = clause(blindness, None);
            told.map_or_else(|| why.clone(), |told| format!("{why} ({told})"))
        }
        (_, Some(told)) => told,
        (_, None) => "no answer".to_owned(),
    }
}
