// SPDX-License-Identifier: Apache-2.0
//! A model as text that a person can review, nothing of it left out.

use std::fmt::Write as _;

use super::notes;
use crate::{
    Account, Alias, Attachment, Encryption, Group, InlinePolicy, Key, ManagedPolicy,
    OrganizationPolicy, PolicySource, Role, Table, User,
};

/// The whole model as text.
pub(super) fn describe(account: &Account) -> String {
    let mut text = String::new();
    let out = &mut text;
    let Account {
        account: id,
        partition,
        region,
        ..
    } = account;
    line(out, 0, format_args!("account {id} {partition} {region}"));
    account.roles.iter().for_each(|one| role(out, one));
    account.users.iter().for_each(|one| user(out, one));
    account.groups.iter().for_each(|one| group(out, one));
    account
        .managed_policies
        .iter()
        .for_each(|one| managed_policy(out, one));
    account.keys.iter().for_each(|one| key(out, one));
    for alias in &account.aliases {
        let Alias {
            logical_id,
            name,
            key_id,
            place,
        } = alias;
        line(
            out,
            0,
            format_args!("{place} alias {logical_id} {name} {key_id}"),
        );
    }
    account.tables.iter().for_each(|one| table(out, one));
    for one in &account.organization_policies {
        let OrganizationPolicy {
            logical_id,
            name,
            kind,
            place,
            targets,
            ..
        } = one;
        line(
            out,
            0,
            format_args!("{place} {kind:?} {logical_id} {name} {targets:?}"),
        );
        policy(out, "content", &one.source);
    }
    for (name, value) in &account.exports {
        line(out, 0, format_args!("export {name} {value}"));
    }
    for note in notes(account) {
        line(out, 0, format_args!("note {note}"));
    }
    text
}

fn role(out: &mut String, role: &Role) {
    let Role {
        logical_id,
        name,
        path,
        arn,
        place,
        ..
    } = role;
    line(
        out,
        0,
        format_args!("{place} role {logical_id} {name} {path} {arn}"),
    );
    line(
        out,
        1,
        format_args!("session {} tags {:?}", role.max_session_duration, role.tags),
    );
    policy(out, "trust", &role.trust);
    identity(out, &role.inline, &role.managed, role.boundary.as_ref());
}

fn user(out: &mut String, user: &User) {
    let User {
        logical_id,
        name,
        path,
        arn,
        place,
        ..
    } = user;
    line(
        out,
        0,
        format_args!("{place} user {logical_id} {name} {path} {arn}"),
    );
    line(
        out,
        1,
        format_args!("groups {:?} tags {:?}", user.groups, user.tags),
    );
    identity(out, &user.inline, &user.managed, user.boundary.as_ref());
}

fn group(out: &mut String, group: &Group) {
    let Group {
        logical_id,
        name,
        path,
        arn,
        place,
        ..
    } = group;
    line(
        out,
        0,
        format_args!("{place} group {logical_id} {name} {path} {arn}"),
    );
    identity(out, &group.inline, &group.managed, None);
}

fn managed_policy(out: &mut String, managed: &ManagedPolicy) {
    let ManagedPolicy {
        logical_id,
        name,
        path,
        arn,
        place,
        source,
    } = managed;
    line(
        out,
        0,
        format_args!("{place} managed {logical_id:?} {name} {path} {arn}"),
    );
    if logical_id.is_some() {
        policy(out, "document", source);
    } else {
        // AWS's own documents are long, and tested by themselves.
        line(
            out,
            1,
            format_args!("{} statements", source.statement_places.len()),
        );
    }
}

fn key(out: &mut String, key: &Key) {
    let Key {
        logical_id,
        key_id,
        arn,
        place,
        enabled,
        multi_region,
        primary,
        ..
    } = key;
    let Key {
        rotation,
        spec,
        usage,
        description,
        tags,
        ..
    } = key;
    line(
        out,
        0,
        format_args!("{place} key {logical_id} {key_id} {arn}"),
    );
    line(
        out,
        1,
        format_args!(
            "enabled {enabled} multi-region {multi_region} primary {primary:?} rotation {rotation} {spec} {usage} {description:?} tags {tags:?}"
        ),
    );
    policy(out, "policy", &key.policy);
}

fn table(out: &mut String, table: &Table) {
    let Table {
        logical_id,
        name,
        arn,
        place,
        ..
    } = table;
    line(
        out,
        0,
        format_args!("{place} table {logical_id} {name} {arn}"),
    );
    let encryption = match &table.encryption {
        Encryption::AwsOwned => "an AWS owned key".to_owned(),
        Encryption::AwsManaged => "the AWS managed key".to_owned(),
        Encryption::Key(arn) => arn.clone(),
        Encryption::Unknown(reason) => format!("unknown: {reason}"),
    };
    line(
        out,
        1,
        format_args!("{} encrypted with {encryption}", table.encryption_place),
    );
    let Table {
        key_schema,
        attributes,
        billing_mode,
        stream,
        time_to_live,
        ..
    } = table;
    line(
        out,
        1,
        format_args!(
            "keys {key_schema:?} attributes {attributes:?} {billing_mode} stream {stream:?} ttl {time_to_live:?} recovery {} tags {:?}",
            table.point_in_time_recovery, table.tags
        ),
    );
    for index in &table.indexes {
        line(out, 1, format_args!("{index:?}"));
    }
    if let Some(resource_policy) = &table.resource_policy {
        policy(out, "policy", resource_policy);
    }
}

fn identity(
    out: &mut String,
    inline: &[InlinePolicy],
    managed: &[Attachment],
    boundary: Option<&Attachment>,
) {
    for one in inline {
        policy(
            out,
            &format!("inline {} of {}", one.name, one.logical_id),
            &one.source,
        );
    }
    for Attachment { arn, place } in managed {
        line(out, 1, format_args!("{place} managed {arn}"));
    }
    if let Some(Attachment { arn, place }) = boundary {
        line(out, 1, format_args!("{place} boundary {arn}"));
    }
}

fn policy(out: &mut String, what: &str, source: &PolicySource) {
    let PolicySource {
        value,
        place,
        path,
        document,
        ..
    } = source;
    line(
        out,
        1,
        format_args!("{place} {what} {path} named {:?}", document.name()),
    );
    let statements = match value.get("Statement") {
        Some(serde_json::Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
        None => vec![value.clone()],
    };
    for (at, statement) in statements.iter().enumerate() {
        line(
            out,
            2,
            format_args!("{} {statement}", source.statement_place(at)),
        );
    }
    for unknown in &source.unknowns {
        let crate::Unknown {
            pointer,
            place,
            reason,
            pattern,
        } = unknown;
        line(
            out,
            2,
            format_args!("{place} unknown {pointer} {reason} {pattern:?}"),
        );
    }
}

fn line(out: &mut String, depth: usize, content: std::fmt::Arguments<'_>) {
    writeln!(out, "{:width$}{content}", "", width = depth * 2).expect("a string takes anything");
}
