// SPDX-License-Identifier: Apache-2.0
//! Resources that the model doesn't have.

use super::{Draft, Item};
use crate::note::NoteKind;

/// Types whose resources only point at something else, which could hold anything.
const UNSEEN: [(&str, &str); 5] = [
    ("AWS::CloudFormation::Stack", "a nested stack"),
    ("AWS::CloudFormation::StackSet", "a stack set"),
    ("AWS::CloudFormation::Macro", "a macro"),
    ("AWS::Serverless::Application", "a nested application"),
    (
        "AWS::Serverless::Connector",
        "a connector, which grants access by itself",
    ),
];
/// Types that decide access in ways that a template's model has no place for.
const DECIDING: [(&str, &str); 4] = [
    (
        "AWS::EC2::VPCEndpoint",
        "the policy of a VPC endpoint, for calls that go through it",
    ),
    (
        "AWS::SSO::PermissionSet",
        "a permission set, whose roles IAM Identity Center makes",
    ),
    (
        "AWS::RolesAnywhere::Profile",
        "a profile, whose session policy limits its roles",
    ),
    ("AWS::RAM::ResourceShare", "a resource share"),
];

/// Leaves a resource out, with a note, but looks for broken references in it.
pub(super) fn leave_out(draft: &mut Draft<'_, '_>, item: &Item) {
    let (name, type_name) = (&item.logical_id, item.type_name.as_str());
    let listed = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(one, _)| *one == type_name)
            .map(|(_, what)| *what)
    };
    let unseen = listed(&UNSEEN).or_else(|| {
        if type_name.ends_with("::MODULE") {
            Some("a module")
        } else {
            None
        }
    });
    let is_custom =
        type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource";
    let (kind, text) = match (unseen, listed(&DECIDING)) {
        (Some(what), _) => (
            NoteKind::Unseen,
            format!("`{name}` is {what}; what is in it is not seen"),
        ),
        (None, Some(what)) => (
            NoteKind::Unseen,
            format!("`{name}` is {what}; it is left out"),
        ),
        (None, None) => (
            NoteKind::LeftOut,
            format!("`{name}` ({type_name}) is left out"),
        ),
    };
    if is_custom {
        draft.custom.push(item.clone());
    } else {
        draft.note(item, kind, text);
    }
    if let Some(resource) = draft.declared(item) {
        // Its values matter to nobody, its references do.
        draft.quietly(item, |resolver| {
            // What SAM makes of its own resources has other references than they have: an API that
            // a function's event names is no circle.
            let serverless = resource.type_name.starts_with("AWS::Serverless::");
            let current = if serverless {
                None
            } else {
                Some(item.logical_id.clone())
            };
            let outer = resolver.enter(current);
            resolver.properties(resource);
            resolver.enter(outer);
        });
    }
}
