// SPDX-License-Identifier: Apache-2.0
//! A table, its indexes, its key, its encryption and its canary.

mod canary;
mod key;

use keyproof_aws::{TableExamination, TableFacts};
use keyproof_core::PolicyType;
use keyproof_plan::{Attribute, Plan, Table};
use keyproof_verdict::{Answer, Blindness, Observation, Verdict};

use crate::check::{Check, Mend};
use crate::diagnose::{Case, checked};
use crate::mend::{Who, lift, limit, may_be, said};
use crate::runner::reach;

const DESCRIBE_TABLE: &str = "dynamodb:DescribeTable";

pub(crate) fn checks(case: &Case<'_>, name: &str, table: &Table) -> Vec<Check> {
    let Some(found) = case.found.tables.get(name) else {
        let id = format!("table/{name}/table");
        return vec![Check::unknown(
            id,
            format!("nobody looked at `{}`", table.name),
        )];
    };
    let who = case.inspector(table.inspect_as.as_deref());
    let mut checks = vec![look(case, name, table, found, &who)];
    checks.extend(indexes(case.plan, name, table, found.facts.as_ref()));
    if let Some(seen) = &found.key_look {
        checks.push(key::check(name, table, seen, found.key.as_ref(), &who));
    }
    checks.push(encryption(case, name, table));
    checks.extend(canary::check(case, name, table));
    checks
}

fn look(case: &Case<'_>, name: &str, table: &Table, found: &TableExamination, who: &Who) -> Check {
    let id = format!("table/{name}/table");
    let arn = case.place.table(table);
    let seen = &found.look;
    match &seen.answer {
        Answer::Allowed(_) => match &found.facts {
            Some(facts) => {
                let problem = state(&id, facts, &arn).or_else(|| schema(&id, table, facts));
                checked(id, problem, format!("`{arn}` is there, and the canary's key is of its kind"))
            }
            None => Check::unknown(id, format!("the description of `{arn}` tells nothing")),
        },
        Answer::Denied(denial) => {
            let lacked = who.lacks(DESCRIBE_TABLE, &arn, denial);
            let mut mends: Vec<Mend> = lift(denial).into_iter().chain(limit(denial)).collect();
            if mends.is_empty() {
                if may_be(denial, &[PolicyType::IdentityPolicy]) {
                    mends.push(who.by_identity(&lacked));
                }
                let foreign = table.arn.as_ref().map(keyproof_core::TableArn::account) != who.account().as_deref();
                if table.arn.is_some() && foreign {
                    let what = format!("(the table is another account's: both sides have to allow it) the resource policy of `{arn}`");
                    mends.push(who.by_resource(&what, &[DESCRIBE_TABLE], Some(&arn)));
                    mends.push(Mend::words(format!(
                        "or give the table `inspect_as: PRINCIPAL` in the plan, a role of its own account that may look at `{}`",
                        table.name
                    )));
                }
            }
            Check::problem(
                id,
                format!("{} may not look at `{}`: {}", who.called, lacked.resource, said(seen)),
            )
            .mends(mends)
            .lacking(lacked)
        }
        Answer::Unknown(Blindness::NotFound) => {
            Check::problem(id, format!("there is no table `{arn}`: {}", said(seen))).mend(
                Mend::words(format!(
                    "create it, or correct the plan: `table: {}` (its name in the runner's account, or its ARN), `region: {}`",
                    table.name, case.plan.region
                )),
            )
        }
        Answer::Unknown(_) | Answer::KeyUnusable(_) => {
            let check = Check::unknown(
                id,
                format!("`{arn}` could not be looked at: {}", said(seen)),
            );
            check.mend(blind(seen, who))
        }
    }
}

/// What to do where a look brought nothing.
fn blind(seen: &Observation, who: &Who) -> Mend {
    match seen.answer {
        Answer::Unknown(Blindness::NoSession | Blindness::WrongSession | Blindness::NotRenewed) => {
            Mend::words(format!(
                "{} looks, and has no session: mend that first",
                who.called
            ))
        }
        Answer::Unknown(Blindness::Credentials) => Mend::words("mend `runner/identity` first"),
        _ => reach(),
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html>
fn state(id: &str, facts: &TableFacts, arn: &str) -> Option<Check> {
    let status = facts.status.as_deref()?;
    let mend = match status {
        "ACTIVE" | "UPDATING" | "REPLICATION_NOT_AUTHORIZED" => return None,
        "CREATING" => Mend::words("wait until it is there")
            .command("aws dynamodb wait table-exists --table-name", &[arn]),
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS" | "ARCHIVING" | "ARCHIVED" => Mend::words(
            "let DynamoDB use the table's key again: enable the key, or cancel its deletion and enable \
             it; a table that was archived has to be restored from its backup",
        ),
        _ => Mend::words("create it again, or take it out of the plan"),
    };
    Some(
        Check::problem(
            id.to_owned(),
            format!("`{arn}` is `{status}`, and can't be read"),
        )
        .mend(mend),
    )
}

/// Whether the canary's key is one of the table's.
fn schema(id: &str, table: &Table, facts: &TableFacts) -> Option<Check> {
    let planned = &table.canary.key;
    if facts.key.is_empty() {
        return Some(Check::unknown(
            id.to_owned(),
            "the table's description names no key attributes",
        ));
    }
    let fits = planned.len() == facts.key.len()
        && facts.key.iter().all(|(name, kind)| {
            planned
                .get(name)
                .is_some_and(|value| kind.as_deref().is_none_or(|kind| kind == kind_of(value)))
        });
    if fits {
        return None;
    }
    let ours: Vec<String> = planned
        .iter()
        .map(|(name, value)| format!("`{name}` ({})", kind_of(value)))
        .collect();
    let theirs: Vec<String> = facts
        .key
        .iter()
        .map(|(name, kind)| format!("`{name}` ({})", kind.as_deref().unwrap_or("?")))
        .collect();
    let example: Vec<String> = facts
        .key
        .iter()
        .map(|(name, kind)| {
            let kind = kind.as_deref().unwrap_or("S");
            let value = if kind == "N" {
                "'0'"
            } else {
                "keyproof#canary"
            };
            format!("{name}: {{ {kind}: {value} }}")
        })
        .collect();
    Some(
        Check::problem(
            id.to_owned(),
            format!(
                "the canary's key is {}, the table's {}",
                ours.join(" and "),
                theirs.join(" and ")
            ),
        )
        .mend(Mend::words(format!(
            "correct the plan: `canary: {{ key: {{ {} }} }}`",
            example.join(", ")
        ))),
    )
}

fn kind_of(value: &Attribute) -> &'static str {
    match value {
        Attribute::S(_) => "S",
        Attribute::N(_) => "N",
        Attribute::B(_) => "B",
        Attribute::Bool(_) => "BOOL",
        Attribute::Null => "NULL",
        Attribute::M(_) => "M",
        Attribute::L(_) => "L",
        Attribute::Ss(_) => "SS",
        Attribute::Ns(_) => "NS",
        Attribute::Bs(_) => "BS",
    }
}

fn indexes(plan: &Plan, name: &str, table: &Table, facts: Option<&TableFacts>) -> Vec<Check> {
    let mut wanted: Vec<&str> = Vec::new();
    for one in plan
        .expectations
        .iter()
        .filter(|one| one.on.as_deref() == Some(name))
    {
        if let Some(index) = one.index.as_deref()
            && !wanted.contains(&index)
        {
            wanted.push(index);
        }
    }
    let one = |index: &&str| {
        let id = format!("table/{name}/index/{index}");
        let Some(facts) = facts else {
            return Check::unknown(
                id,
                format!(
                    "whether `{}` has the index `{index}` was not found out",
                    table.name
                ),
            )
            .mend(Mend::words(format!("mend `table/{name}/table` first")));
        };
        let Some(found) = facts.indexes.get(*index) else {
            let known: Vec<String> = facts.indexes.keys().map(|one| format!("`{one}`")).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            return Check::problem(
                id,
                format!("`{}` has no index `{index}` (it has: {known})", table.name),
            )
            .mend(Mend::words("correct the expectations' `index` in the plan"));
        };
        let canary = &table.canary;
        let lacking: Vec<&String> = found
            .key
            .iter()
            .filter(|name| {
                !canary.key.contains_key(*name) && !canary.attributes.contains_key(*name)
            })
            .collect();
        match lacking.first() {
            None => Check::ok(id, format!("the index `{index}` is there, and the canary is in it")),
            Some(attribute) => Check::problem(
                id,
                format!("the canary has no `{attribute}`, which the index `{index}` is by: it is not in the index"),
            )
            .mend(Mend::words(format!("give the canary in the plan the attribute `{attribute}`, and plant it anew"))),
        }
    };
    wanted.iter().map(one).collect()
}

/// As a run judges it: `TABLE/encryption`.
fn encryption(case: &Case<'_>, name: &str, table: &Table) -> Check {
    let id = format!("table/{name}/encryption");
    let Some(row) = case.rows.get(&format!("{name}/encryption")) else {
        return Check::unknown(id, "a run would not ask what the table is encrypted with");
    };
    let reason = row.reason.trim_end_matches('.');
    match row.verdict {
        Verdict::Pass => Check::ok(id, reason),
        Verdict::Inconclusive => Check::unknown(id, reason).mend(Mend::words(format!(
            "mend `table/{name}/table` and `table/{name}/key` first"
        ))),
        Verdict::Fail => {
            let target = table
                .arn
                .as_ref()
                .map_or(table.name.as_str(), |arn| arn.as_str());
            let wanted = match table.key.key_id() {
                Some(key) => format!("Enabled=true,SSEType=KMS,KMSMasterKeyId={key}"),
                None => "Enabled=false".to_owned(),
            };
            let check = Check::problem(id, reason).mend(
                Mend::words("encrypt the table as the plan says").command(
                    "aws dynamodb update-table --table-name",
                    &[target, "--sse-specification", &wanted],
                ),
            );
            match &row.observed.key {
                Some(found) if row.finding.is_some() => check.mend(Mend::words(format!(
                    "if the table is right, correct the plan: `key: {found}`"
                ))),
                _ => check,
            }
        }
    }
}
