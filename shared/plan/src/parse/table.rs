// SPDX-License-Identifier: Apache-2.0
//! Tables.

use keyproof_core::{Arn, KeyArn, TableArn};
use keyproof_document::Key;

use super::attribute;
use super::cursor::{Cursor, Errors, shown};
use super::names::Names;
use crate::definition::{AWS_OWNED, TABLE};
use crate::error::{Hint, PlanProblem};
use crate::model::{Table, TableKey};
use crate::{suggest, text};

/// One table. What is wrong with it is pushed; `None` only where something was.
pub(super) fn table(
    name: &Key,
    cursor: &Cursor<'_>,
    names: &Names<'_>,
    errors: &mut Errors,
) -> Option<Table> {
    let fields = cursor.fields(errors, &TABLE)?;
    let table = fields
        .get("table")
        .and_then(|cursor| name_or_arn(&cursor, names, errors));
    let key = fields
        .get("key")
        .and_then(|cursor| table_key(&cursor, names, errors));
    let canary = fields
        .get("canary")
        .and_then(|cursor| attribute::canary(&cursor, errors));
    let inspect_as = match fields.get("inspect_as") {
        None => Some(None),
        Some(cursor) => names
            .principal(&cursor, errors)
            .map(|name| Some(name.to_owned())),
    };
    let (table_name, arn) = table?;
    Some(Table {
        name: table_name,
        arn,
        key: key?,
        canary: canary?,
        inspect_as: inspect_as?,
        place: name.place,
    })
}

fn name_or_arn(
    cursor: &Cursor<'_>,
    names: &Names<'_>,
    errors: &mut Errors,
) -> Option<(String, Option<TableArn>)> {
    let text = cursor.string(errors)?;
    if !text.starts_with("arn:") {
        let name = cursor.text(errors, &text::TABLE)?;
        return Some((name.to_owned(), None));
    }
    let arn: TableArn = text
        .parse()
        .map_err(|error| cursor.push(errors, error))
        .ok()?;
    if !text::TABLE.admits(arn.path_and_name()) {
        let problem = PlanProblem::Malformed {
            noun: text::TABLE.noun,
            text: shown(arn.path_and_name()),
            rule: text::TABLE.rule(),
        };
        cursor.push(errors, problem);
        return None;
    }
    in_region(cursor, "table", arn.region(), names, errors)?;
    Some((arn.path_and_name().to_owned(), Some(arn)))
}

fn table_key(cursor: &Cursor<'_>, names: &Names<'_>, errors: &mut Errors) -> Option<TableKey> {
    let text = cursor.string(errors)?;
    if text == AWS_OWNED {
        return Some(TableKey::AwsOwned);
    }
    if text.starts_with("alias/") {
        return alias(cursor, text, errors).map(TableKey::Alias);
    }
    if !text.starts_with("arn:") {
        let hint = match suggest::closest(text, [AWS_OWNED].into_iter()) {
            Some(likely) => Hint::DidYouMean(likely.to_owned()),
            None => Hint::OneOf(
                [
                    "arn:aws:kms:REGION:ACCOUNT:key/KEY-ID",
                    "alias/NAME",
                    AWS_OWNED,
                ]
                .map(str::to_owned)
                .to_vec(),
            ),
        };
        cursor.push(
            errors,
            PlanProblem::UnknownWord {
                noun: "key",
                word: shown(text),
                hint,
            },
        );
        return None;
    }
    if let Some((arn, name)) = alias_arn(text) {
        alias(cursor, name, errors)?;
        in_region(cursor, "key", arn.region(), names, errors)?;
        return Some(TableKey::Alias(text.to_owned()));
    }
    let arn: KeyArn = text
        .parse()
        .map_err(|error| cursor.push(errors, error))
        .ok()?;
    in_region(cursor, "key", arn.region(), names, errors)?;
    Some(TableKey::Key(arn))
}

/// The ARN of an alias, and the alias in it.
fn alias_arn(text: &str) -> Option<(Arn, &str)> {
    let arn: Arn = text.parse().ok()?;
    let account: Result<keyproof_core::AccountId, _> = arn.account().parse();
    let shaped = arn.service() == "kms" && !arn.region().is_empty() && account.is_ok();
    let name = text.get(text.len() - arn.resource().len()..)?;
    (shaped && name.starts_with("alias/")).then_some((arn, name))
}

fn alias(cursor: &Cursor<'_>, alias: &str, errors: &mut Errors) -> Option<String> {
    let name = alias.strip_prefix("alias/").unwrap_or(alias);
    if name.starts_with("aws/") {
        cursor.push(
            errors,
            PlanProblem::AwsManagedKey {
                alias: shown(alias),
            },
        );
        return None;
    }
    if !text::ALIAS.admits(name) {
        let (noun, text) = (text::ALIAS.noun, shown(name));
        cursor.push(
            errors,
            PlanProblem::Malformed {
                noun,
                text,
                rule: text::ALIAS.rule(),
            },
        );
        return None;
    }
    Some(alias.to_owned())
}

/// `None` where the region is not the plan's.
fn in_region(
    cursor: &Cursor<'_>,
    noun: &'static str,
    region: &str,
    names: &Names<'_>,
    errors: &mut Errors,
) -> Option<()> {
    match names.region {
        Some(expected) if expected != region => {
            let (region, expected) = (shown(region), expected.to_owned());
            cursor.push(
                errors,
                PlanProblem::OtherRegion {
                    noun,
                    region,
                    expected,
                },
            );
            None
        }
        _ => Some(()),
    }
}
