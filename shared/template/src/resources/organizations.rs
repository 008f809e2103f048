// SPDX-License-Identifier: Apache-2.0
//! `AWS::Organizations::Policy`: service and resource control policies.

use keyproof_policy::Grammar;

use super::{Draft, Item};
use crate::account::{OrganizationPolicy, OrganizationPolicyKind, OrganizationTarget};
use crate::note::NoteKind;
use crate::value::Value;

pub(super) fn policy(draft: &mut Draft<'_, '_>, item: &Item) {
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let (kind, grammar) = match properties.text("Type").as_deref() {
        Some("SERVICE_CONTROL_POLICY") => (OrganizationPolicyKind::ServiceControl, Grammar::Scp),
        Some("RESOURCE_CONTROL_POLICY") => (OrganizationPolicyKind::ResourceControl, Grammar::Rcp),
        Some(other) => {
            let text = format!("organization policies of type `{other}` decide no access");
            draft.note(item, NoteKind::LeftOut, text);
            return;
        }
        None => {
            properties.missing("Type");
            return;
        }
    };
    let name = properties
        .text("Name")
        .unwrap_or_else(|| item.logical_id.clone());
    let source = properties.policy("Content", grammar);
    let mut targets = Vec::new();
    for target in properties.list("TargetIds") {
        targets.push(match (&target.value, target.value.as_text()) {
            (_, Some(id)) if id.starts_with("r-") => OrganizationTarget::Root,
            (_, Some(id)) if id.starts_with("ou-") => OrganizationTarget::Unit(id.into_owned()),
            (_, Some(id)) => OrganizationTarget::Account(id.into_owned()),
            (Value::Unknown(unknown), None) => OrganizationTarget::Unknown(unknown.reason.clone()),
            (other, None) => OrganizationTarget::Unknown(other.kind().to_owned()),
        });
    }
    properties.finish(
        &["Content", "Name", "TargetIds", "Type"],
        &["Description", "Tags"],
    );
    for target in &targets {
        let text = match target {
            OrganizationTarget::Root | OrganizationTarget::Account(_) => continue,
            OrganizationTarget::Unit(id) => format!(
                "`{name}` is attached to `{id}`; whether this account is in it, the template does not say"
            ),
            OrganizationTarget::Unknown(reason) => {
                format!("what `{name}` is attached to hangs on {reason}")
            }
        };
        draft.note(item, NoteKind::Unknown, text);
    }
    let Some(source) = source else { return };
    let source = source.named(&name);
    let (logical_id, place) = (item.logical_id.clone(), item.place);
    draft
        .account
        .organization_policies
        .push(OrganizationPolicy {
            logical_id,
            name,
            kind,
            targets,
            source,
            place,
        });
}
