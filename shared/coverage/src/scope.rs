// SPDX-License-Identifier: Apache-2.0
//! Which questions a mutant can change the answer of. All others are not asked again.

use std::collections::BTreeMap;

use keyproof_check::Estate;
use keyproof_plan::{Plan, Probe, ProbeKind};
use keyproof_template::Encryption;

use crate::mutant::Edit;
use crate::site::Site;

/// What a mutant can have a part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Anything.
    Everything,
    /// What a role, by ARN, may do or who may assume it.
    Role(String),
    /// What may be done with a key, by ARN.
    Key(String),
    /// What may be done with a table, by ARN.
    Table(String),
}

impl Scope {
    pub(crate) fn of(edit: &Edit, estate: &Estate) -> Self {
        let part = |number: &usize| estate.parts().nth(*number).map(|part| &part.account);
        let role = |number, index: &usize| {
            let role = part(number)?.roles.get(*index)?;
            Some(Self::Role(role.arn.clone()))
        };
        let table = |number, index: &usize| {
            let table = part(number)?.tables.get(*index)?;
            Some(Self::Table(table.arn.clone()))
        };
        let key = |number, index: &usize| {
            let key = part(number)?.keys.get(*index)?;
            Some(Self::Key(key.arn.clone()))
        };
        let scope = match edit {
            Edit::Policy(site, _) => match site {
                Site::Key(number, index) => key(number, index),
                Site::Trust(number, index) | Site::Inline(number, index, _) => role(number, index),
                Site::Table(number, index) => table(number, index),
                Site::Managed(..) | Site::Organization(..) => None,
            },
            Edit::Boundary(number, index, _) | Edit::Attached(number, index, _) => {
                role(number, index)
            }
            Edit::TablePolicy(number, index, _) | Edit::Encryption(number, index, _) => {
                table(number, index)
            }
            Edit::Enabled(number, index, _) => key(number, index),
            Edit::Grants(grants) => grants.last().map(|grant| Self::Key(grant.key.clone())),
            Edit::Alias(..) => None,
        };
        scope.unwrap_or(Self::Everything)
    }
}

/// What a plan's questions are about, in the templates' terms.
#[derive(Debug)]
pub(crate) struct Subjects {
    /// Each principal's role.
    roles: BTreeMap<String, String>,
    /// Each table's ARN, and the keys that have to do with it: the plan's and its own.
    tables: BTreeMap<String, (String, Vec<String>)>,
    /// Whether a role decides what others see of a table.
    inspectors: bool,
}

impl Subjects {
    pub(crate) fn of(plan: &Plan, estate: &Estate) -> Self {
        let roles = plan
            .principals
            .iter()
            .map(|(name, principal)| (name.clone(), principal.role.to_string()))
            .collect();
        let all = || estate.parts().map(|part| &part.account);
        let mut tables = BTreeMap::new();
        for (name, table) in &plan.tables {
            let Some(found) = all()
                .flat_map(|one| &one.tables)
                .find(|one| match &table.arn {
                    Some(arn) => one.arn == arn.as_str(),
                    None => one.name == table.name,
                })
            else {
                continue;
            };
            let mut keys = Vec::new();
            if let Encryption::Key(arn) = &found.encryption {
                keys.push(arn.clone());
            }
            let planned = table.key.alias_name().or(table.key.key_id());
            let planned = planned.and_then(|name| all().find_map(|one| one.key(name)));
            keys.extend(planned.map(|key| key.arn.clone()));
            tables.insert(name.clone(), (found.arn.clone(), keys));
        }
        Self {
            roles,
            tables,
            inspectors: plan.tables.values().any(|table| table.inspect_as.is_some()),
        }
    }

    /// Whether the mutant could change the probe's answer.
    pub(crate) fn concerns(&self, scope: &Scope, probe: &Probe) -> bool {
        let ProbeKind::Access {
            principal, table, ..
        } = &probe.kind
        else {
            return true;
        };
        let table = table.as_ref().map(|name| self.tables.get(name));
        match (scope, table) {
            (Scope::Everything, _) | (Scope::Key(_) | Scope::Table(_), Some(None)) => true,
            (Scope::Role(arn), _) => self.inspectors || self.roles.get(principal) == Some(arn),
            (Scope::Key(arn), Some(Some((_, keys)))) => keys.contains(arn),
            (Scope::Table(arn), Some(Some((own, _)))) => own == arn,
            (Scope::Key(_) | Scope::Table(_), None) => false,
        }
    }
}
