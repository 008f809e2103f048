// SPDX-License-Identifier: Apache-2.0
//! `AWS::KMS::Key`, `AWS::KMS::ReplicaKey` and `AWS::KMS::Alias`.

use keyproof_policy::Grammar;

use super::{Draft, Item};
use crate::PolicySource;
use crate::account::{Alias, Key};
use crate::error::TemplateProblem;
use crate::note::NoteKind;

pub(super) fn key(draft: &mut Draft<'_, '_>, item: &Item) {
    const TAKEN: [&str; 10] = [
        "KeyPolicy",
        "Enabled",
        "EnableKeyRotation",
        "MultiRegion",
        "KeySpec",
        "KeyUsage",
        "Description",
        "Tags",
        "Origin",
        "PrimaryKeyArn",
    ];
    const PASSED: [&str; 3] = [
        "PendingWindowInDays",
        "RotationPeriodInDays",
        "BypassPolicyLockoutSafetyCheck",
    ];
    let replica = item.type_name == "AWS::KMS::ReplicaKey";
    let (key_id, arn) = (draft.name(item), draft.attribute(item, "Arn"));
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let policy = properties.policy("KeyPolicy", Grammar::Resource);
    let policy_path = format!("{}.KeyPolicy", properties.path);
    let enabled = properties.flag("Enabled").unwrap_or(true);
    let rotation = properties.flag("EnableKeyRotation").unwrap_or(false);
    let multi_region = properties.flag("MultiRegion").unwrap_or(replica);
    let spec = properties
        .text("KeySpec")
        .unwrap_or_else(|| "SYMMETRIC_DEFAULT".to_owned());
    let usage = properties
        .text("KeyUsage")
        .unwrap_or_else(|| "ENCRYPT_DECRYPT".to_owned());
    let description = properties.text("Description").unwrap_or_default();
    let origin = properties
        .text("Origin")
        .unwrap_or_else(|| "AWS_KMS".to_owned());
    let primary = if replica {
        properties.text("PrimaryKeyArn")
    } else {
        None
    };
    let tags = properties.tags("Tags");
    let place = item.place;
    if origin != "AWS_KMS" {
        let text = format!("the key material comes from `{origin}`; it is taken to be there");
        properties.resolver.note(place, NoteKind::LeftOut, text);
    }
    properties.finish(&TAKEN, &PASSED);
    let policy = policy.or_else(|| {
        let account = &draft.account.account;
        let default =
            keyproof_policy::kms::default_key_policy(&draft.account.partition, account.as_str());
        PolicySource::new(default, Grammar::Resource, place, policy_path).ok()
    });
    // Without a policy there is an error already.
    let Some(policy) = policy else { return };
    let policy = policy.named(&arn);
    draft.account.keys.push(Key {
        logical_id: item.logical_id.clone(),
        key_id,
        arn,
        policy,
        enabled,
        multi_region,
        primary,
        rotation,
        spec,
        usage,
        description,
        tags,
        place,
    });
}

pub(super) fn alias(draft: &mut Draft<'_, '_>, item: &Item) {
    let name = draft.name(item);
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let declared = properties.placed_text("AliasName");
    let target = properties.take("TargetKeyId");
    let key_id = if let Some(target) = &target {
        properties.as_text("TargetKeyId", target)
    } else {
        properties.missing("TargetKeyId");
        None
    };
    match &declared {
        None => properties.missing("AliasName"),
        Some((name, place)) if !name.starts_with("alias/") => {
            let (name, value) = ("AliasName".to_owned(), name.clone());
            let expected = "a name that begins with `alias/`";
            let problem = TemplateProblem::WrongValue {
                name,
                value,
                expected,
            };
            properties.resolver.fail(*place, problem);
        }
        Some(_) => {}
    }
    properties.finish(&["AliasName", "TargetKeyId"], &[]);
    let Some(key_id) = key_id else { return };
    let key_id = key_id
        .rsplit_once(":key/")
        .map_or(key_id.as_str(), |(_, id)| id)
        .to_owned();
    if !draft.is_key(&key_id) {
        let text = format!(
            "the alias `{name}` stands for the key `{key_id}`, which is not of this template"
        );
        draft.note(item, NoteKind::Unknown, text);
    }
    let (logical_id, place) = (item.logical_id.clone(), item.place);
    draft.account.aliases.push(Alias {
        logical_id,
        name,
        key_id,
        place,
    });
}
