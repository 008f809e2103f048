// SPDX-License-Identifier: Apache-2.0
//! Sources, one at a time.

use std::collections::BTreeMap;

use keyproof_core::{AccountId, RoleArn};
use keyproof_plan::PlanProblem;
use keyproof_plan::reading::{self, Cursor, Fields, Object, closest, optional, region};

use super::{Wrong, list, pattern, texts};
use crate::definition::{ACCOUNTS, CSV, ORGANIZATION, SOURCES, TAGGED, TEMPLATE};
use crate::error::InventoryProblem;
use crate::model::{Location, Organization, Places, Source, TagFilter, Tagged, Template};
use crate::organization;

/// What tells a source that names none of the kinds what it may have meant.
const ANY: Object = Object {
    noun: "a source",
    name: "source",
    fields: &[
        optional("accounts", "", || serde_json::Value::Null),
        optional("organization", "", || serde_json::Value::Null),
        optional("tagged", "", || serde_json::Value::Null),
        optional("csv", "", || serde_json::Value::Null),
        optional("template", "", || serde_json::Value::Null),
    ],
};

/// One source. `None` only where an error was pushed.
pub(super) fn source(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<Source> {
    cursor.entries(&mut wrong.plan)?;
    let given = |object: &&&Object| cursor.node.get(object.name).is_some();
    let mut kinds = SOURCES.iter().filter(given);
    let Some(object) = kinds.next() else {
        no_kind(cursor, wrong);
        return None;
    };
    if let Some(second) = kinds.next() {
        let (first, second) = (object.name, second.name);
        wrong.push(cursor, InventoryProblem::TwoKinds { first, second });
        return None;
    }
    let fields = cursor.fields(&mut wrong.plan, object)?;
    match object.name {
        name if name == ACCOUNTS.name => places(&fields, wrong).map(Source::Accounts),
        name if name == ORGANIZATION.name => of_organization(&fields, wrong),
        name if name == TAGGED.name => tagged(&fields, wrong),
        name if name == CSV.name => csv(&fields, wrong),
        name if name == TEMPLATE.name => template(&fields, wrong),
        _ => None,
    }
}

/// A word that was probably meant is better than a list of all kinds.
fn no_kind(cursor: &Cursor<'_>, wrong: &mut Wrong) {
    let entries = cursor.node.as_mapping().unwrap_or_default();
    let meant = |text: &str| closest(text, ANY.fields.iter().map(|field| field.name));
    if entries.iter().any(|(key, _)| meant(&key.text).is_some()) {
        let before = wrong.plan.0.len();
        cursor.fields(&mut wrong.plan, &ANY);
        let said = |error: &keyproof_plan::PlanError| {
            matches!(
                &error.problem,
                PlanProblem::UnknownField {
                    hint: keyproof_plan::Hint::DidYouMean(_),
                    ..
                }
            )
        };
        let errors = wrong.plan.0.split_off(before);
        wrong.plan.0.extend(errors.into_iter().filter(said));
    } else {
        wrong.push(cursor, InventoryProblem::NoKind);
    }
}

fn places(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Places> {
    let accounts = fields.get("accounts").map(|at| accounts(&at, wrong));
    let regions = regions(fields, wrong);
    Some(Places {
        accounts: accounts??,
        regions: regions?,
    })
}

fn accounts(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<Vec<AccountId>> {
    list(cursor, wrong, account)
}

fn account(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<AccountId> {
    let text = cursor.string(&mut wrong.plan)?;
    text.parse()
        .map_err(|error: keyproof_core::ArnError| cursor.push(&mut wrong.plan, error))
        .ok()
}

fn regions(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Vec<String>> {
    let cursor = fields.get("regions")?;
    list(&cursor, wrong, |cursor, wrong| {
        region(cursor, &mut wrong.plan).map(str::to_owned)
    })
}

fn of_organization(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Source> {
    let under = fields.get("organization").map(|cursor| {
        list(&cursor, wrong, |cursor, wrong| {
            let text = cursor.string(&mut wrong.plan)?;
            if organization::is_parent(text) {
                return Some(text.to_owned());
            }
            let rule = "expected `r-…` or `ou-…-…`, as AWS Organizations shows them".to_owned();
            let noun = "the id of a root or an organizational unit";
            cursor.malformed(&mut wrong.plan, noun, rule);
            None
        })
    });
    let regions = regions(fields, wrong);
    let tags = given(fields, "tags", wrong, filters);
    let except = given(fields, "except", wrong, accounts);
    let role = given(fields, "role", wrong, role);
    let external_id = external_id(fields, wrong);
    Some(Source::Organization(Organization {
        under: under??,
        regions: regions?,
        tags: tags?.unwrap_or_default(),
        except: except?.unwrap_or_default(),
        role: role?,
        external_id: external_id?,
        reads_tags: false,
    }))
}

/// A field that may be left out. `None` only where an error was pushed.
#[expect(clippy::option_option, reason = "wrong, left out, or given")]
fn given<T>(
    fields: &Fields<'_>,
    field: &str,
    wrong: &mut Wrong,
    read: impl FnOnce(&Cursor<'_>, &mut Wrong) -> Option<T>,
) -> Option<Option<T>> {
    match fields.get(field) {
        None => Some(None),
        Some(cursor) => read(&cursor, wrong).map(Some),
    }
}

/// The ARN of a role, without placeholders.
fn role(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<String> {
    let text = cursor.string(&mut wrong.plan)?;
    match text.parse::<RoleArn>() {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            cursor.push(&mut wrong.plan, error);
            None
        }
    }
}

/// The external id of the role that stands beside it.
#[expect(clippy::option_option, reason = "wrong, left out, or given")]
fn external_id(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Option<String>> {
    given(fields, "external_id", wrong, |cursor, wrong| {
        if fields.get("role").is_none() {
            let what = "there is no role whose trust policy could ask for it";
            let mend = "name the `role`, or remove `external_id`";
            cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
            return None;
        }
        reading::external_id(cursor, &mut wrong.plan).map(str::to_owned)
    })
}

/// Tags that something must have.
fn filters(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<Vec<TagFilter>> {
    let entries = cursor.entries(&mut wrong.plan)?;
    if entries.is_empty() {
        let what = "no tag is named";
        let mend = "name at least one, as `KEY: VALUE`";
        cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
        return None;
    }
    let each = entries.into_iter().map(|(key, cursor)| {
        Some(TagFilter {
            key: key.text.clone(),
            values: texts(&cursor, wrong)?,
        })
    });
    // All are read, that all errors are told.
    let each: Vec<Option<TagFilter>> = each.collect();
    each.into_iter().collect()
}

fn tagged(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Source> {
    let tags = fields.get("tagged").map(|at| filters(&at, wrong));
    let within = fields.get("in").map(|at| at.string(&mut wrong.plan));
    let role = given(fields, "role", wrong, pattern);
    let external_id = external_id(fields, wrong);
    Some(Source::Tagged(Tagged {
        tags: tags??,
        within: within??.to_owned(),
        role: role?,
        external_id: external_id?,
    }))
}

fn csv(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Source> {
    let role = given(fields, "role", wrong, role);
    let external_id = external_id(fields, wrong);
    let cursor = fields.get("csv")?;
    let text = cursor.nonblank(&mut wrong.plan)?;
    let Some(address) = text.strip_prefix("s3://") else {
        if let Some(cursor) = fields.get("role") {
            let what = "a file is read as nobody";
            let mend = "remove `role`, or name an address `s3://BUCKET/KEY`";
            cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
        }
        role?;
        external_id?;
        return Some(Source::Csv(Location::File(text.to_owned())));
    };
    let parts = address.split_once('/');
    let parts = parts.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    let Some((bucket, key)) = parts else {
        let shape = "expected `s3://BUCKET/KEY`".to_owned();
        cursor.malformed(&mut wrong.plan, "the address of an object in S3", shape);
        return None;
    };
    Some(Source::Csv(Location::S3 {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        role: role?,
        external_id: external_id?,
    }))
}

fn template(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Source> {
    let files = fields.get("template").map(|at| texts(&at, wrong));
    let account = fields.get("account").map(|at| account(&at, wrong));
    let region = fields.get("region").map(|at| region(&at, &mut wrong.plan));
    let parameters = given(fields, "parameters", wrong, parameters);
    let except = given(fields, "except", wrong, texts);
    Some(Source::Template(Template {
        files: files??,
        account: account??,
        region: region??.to_owned(),
        parameters: parameters?.unwrap_or_default(),
        except: except?.unwrap_or_default(),
    }))
}

fn parameters(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<BTreeMap<String, String>> {
    let entries = cursor.entries(&mut wrong.plan)?;
    let each = entries.into_iter().map(|(key, cursor)| {
        let value = cursor.string(&mut wrong.plan)?;
        Some((key.text.clone(), value.to_owned()))
    });
    let each: Vec<Option<(String, String)>> = each.collect();
    each.into_iter().collect()
}
