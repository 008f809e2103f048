// SPDX-License-Identifier: Apache-2.0
//! Principals.

use std::collections::HashMap;

use indexmap::IndexMap;
use keyproof_core::RoleArn;
use keyproof_document::{Key, Place};

use super::cursor::{Cursor, Errors, shown};
use crate::definition::{MAX_DURATION, MAX_TAGS, MIN_DURATION, PRINCIPAL};
use crate::error::PlanProblem;
use crate::model::Principal;
use crate::text::{self, Text};

/// One principal. What is wrong with it is pushed; `None` only where something was.
pub(super) fn principal(key: &Key, cursor: &Cursor<'_>, errors: &mut Errors) -> Option<Principal> {
    let fields = cursor.fields(errors, &PRINCIPAL)?;
    let role = fields.get("role").and_then(|cursor| role(&cursor, errors));
    let mut text = |field: &str, rules: &Text| match fields.get(field) {
        None => Some(None),
        Some(cursor) => cursor.text(errors, rules).map(|text| Some(text.to_owned())),
    };
    let external_id = text("external_id", &text::EXTERNAL_ID);
    let source_identity = text("source_identity", &text::SOURCE_IDENTITY);
    let tags = match fields.get("tags") {
        None => Some(IndexMap::new()),
        Some(cursor) => tags(&cursor, errors),
    };
    let duration = match fields.get("duration") {
        None => Some(None),
        Some(cursor) => duration(&cursor, errors).map(Some),
    };
    Some(Principal {
        role: role?,
        external_id: external_id?,
        tags: tags?,
        duration: duration?,
        source_identity: source_identity?,
        place: key.place,
    })
}

fn role(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<RoleArn> {
    let text = cursor.string(errors)?;
    let role: RoleArn = text
        .parse()
        .map_err(|error| cursor.push(errors, error))
        .ok()?;
    if !text::ROLE_NAME.admits(role.role_name()) {
        let problem = PlanProblem::Malformed {
            noun: text::ROLE_NAME.noun,
            text: shown(role.role_name()),
            rule: text::ROLE_NAME.rule(),
        };
        cursor.push(errors, problem);
        return None;
    }
    Some(role)
}

fn duration(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<u32> {
    let Some(seconds) = cursor.node.as_i64() else {
        cursor.wrong_type(errors, "a whole number of seconds");
        return None;
    };
    let range = MIN_DURATION..=MAX_DURATION;
    let duration = u32::try_from(seconds)
        .ok()
        .filter(|seconds| range.contains(seconds));
    if duration.is_none() {
        let rule = format!("expected {MIN_DURATION} to {MAX_DURATION} seconds");
        cursor.malformed(errors, "a session's duration", rule);
    }
    duration
}

fn tags(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<IndexMap<String, String>> {
    let entries = cursor.entries(errors)?;
    if entries.len() > MAX_TAGS {
        let (count, limit) = (entries.len(), MAX_TAGS);
        cursor.push(
            errors,
            PlanProblem::TooMany {
                count,
                what: "session tags",
                limit,
            },
        );
    }
    // STS compares the keys of session tags without regard to case.
    let mut seen: HashMap<String, Place> = HashMap::new();
    let mut tags = Some(IndexMap::new());
    for (key, cursor) in entries {
        let named = tag_key(key, &cursor, errors);
        if let Some(first) = seen.insert(key.text.to_lowercase(), key.place) {
            let problem = PlanProblem::Repeated {
                noun: "session tag",
                text: shown(&key.text),
                first,
            };
            errors.push(key.place, &cursor.path, problem);
        }
        let value = cursor.text(errors, &text::TAG_VALUE).filter(|_| named);
        tags = tags.zip(value).map(|(mut tags, value)| {
            tags.insert(key.text.clone(), value.to_owned());
            tags
        });
    }
    tags
}

fn tag_key(key: &Key, cursor: &Cursor<'_>, errors: &mut Errors) -> bool {
    let reserved = key.text.to_lowercase().starts_with("aws:");
    let good = text::TAG_KEY.admits(&key.text) && !reserved;
    if !good {
        let rule = if reserved {
            "`aws:` is reserved".to_owned()
        } else {
            text::TAG_KEY.rule()
        };
        let (noun, text) = (text::TAG_KEY.noun, shown(&key.text));
        errors.push(
            key.place,
            &cursor.path,
            PlanProblem::Malformed { noun, text, rule },
        );
    }
    good
}
