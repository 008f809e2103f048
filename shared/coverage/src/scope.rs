// SPDX-License-Identifier: Apache-2.0
//! Which questions a mutant can change the answer of. All others are not asked again.

use std::collections::BTreeMap;

use keyproof_check::{Circumstances, Estate, Runner};
use keyproof_plan::{Action, Plan, Probe, ProbeKind};
use keyproof_template::Encryption;

use crate::mutant::Edit;
use crate::site::{Holder, Site};

/// What a mutant can have a part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Anything.
    Everything,
    /// What a role, by ARN, may do or who may assume it.
    Role(String),
    /// What users, by ARN, may do.
    Users(Vec<String>),
    /// What may be done with a key, by ARN.
    Key(String),
    /// What may be done with a table, by ARN.
    Table(String),
}

impl Scope {
    pub(crate) fn of(edit: &Edit, estate: &Estate, circumstances: &Circumstances) -> Self {
        let part = |number: usize| estate.parts().nth(number).map(|part| &part.account);
        let table = |number: usize, index: usize| {
            let table = part(number)?.tables.get(index)?;
            Some(Self::Table(table.arn.clone()))
        };
        let key = |number: usize, index: usize| {
            let key = part(number)?.keys.get(index)?;
            Some(Self::Key(key.arn.clone()))
        };
        let role = |number: usize, index: usize| {
            let role = part(number)?.roles.get(index)?;
            Some(Self::Role(role.arn.clone()))
        };
        let user = |number: usize, index: usize| {
            let user = part(number)?.users.get(index)?;
            Some(Self::Users(vec![user.arn.clone()]))
        };
        let group = |number: usize, index: usize| {
            let name = &part(number)?.groups.get(index)?.name;
            let users = estate.parts().flat_map(|part| &part.account.users);
            let members = users.filter(|user| user.groups.contains(name));
            Some(Self::Users(members.map(|user| user.arn.clone()).collect()))
        };
        let holder = |holder| match holder {
            Holder::Role(number, index) => role(number, index),
            Holder::User(number, index) => user(number, index),
            Holder::Group(number, index) => group(number, index),
        };
        let scope = match *edit {
            Edit::Policy(site, _) => match site {
                Site::Key(number, index) => key(number, index),
                Site::Trust(number, index) => role(number, index),
                Site::Inline(of, _) => holder(of),
                Site::Table(number, index) => table(number, index),
                Site::Managed(..) | Site::Organization(..) => None,
            },
            Edit::Boundary(of, _) | Edit::Attached(of, _) => holder(of),
            Edit::Membership(number, index, _) => user(number, index),
            Edit::TablePolicy(number, index, _) | Edit::Encryption(number, index, _) => {
                table(number, index)
            }
            Edit::Enabled(number, index, _) => key(number, index),
            Edit::Grants(ref grants) => grants.last().map(|grant| Self::Key(grant.key.clone())),
            Edit::Alias(..) => None,
        };
        // Whoever runs the plan has a part in everything.
        let runs = |arn: &String| circumstances.runner == Runner::Arn(arn.clone());
        match scope {
            Some(Self::Users(users)) if users.iter().any(runs) => Self::Everything,
            Some(Self::Role(arn)) if runs(&arn) => Self::Everything,
            scope => scope.unwrap_or(Self::Everything),
        }
    }

    /// Whether it may be a matter of this user's.
    pub(crate) fn is_about_user(&self, arn: &str) -> bool {
        match self {
            Self::Everything | Self::Key(_) | Self::Table(_) => true,
            Self::Users(users) => users.iter().any(|user| user == arn),
            Self::Role(_) => false,
        }
    }
}

/// What a mutant's statements are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// Something that a plan asks, or that a run does.
    pub(crate) anything: bool,
    /// Taking a role's place.
    pub(crate) assuming: bool,
}

/// What taking a role's place is allowed by.
const ASSUMING: [&str; 3] = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];
/// What a run does beside its probes, and what is authorised by another name than the probe's.
const BESIDE: [&str; 4] = [
    "dynamodb:DescribeTable",
    "kms:DescribeKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

impl About {
    /// What may be decided in another way by `after` than by `before`, which it takes the place of.
    pub(crate) fn of(before: &Edit, after: &Edit) -> Self {
        let (Edit::Policy(site, before), Edit::Policy(_, after)) = (before, after) else {
            return Self {
                anything: true,
                assuming: true,
            };
        };
        let differs = |action: &&str| {
            before.document.differs_on(&after.document, action)
                || before.most().differs_on(after.most(), action)
        };
        // A trust policy is about nothing else, whatever it says.
        let assuming = matches!(site, Site::Trust(..)) || ASSUMING.iter().any(differs);
        let probes = Action::ALL.iter().map(|action| action.as_str());
        let anything = assuming || probes.chain(BESIDE).any(|action| differs(&action));
        Self { anything, assuming }
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
            // A plan takes the places of roles.
            (Scope::Users(_), _) | (Scope::Key(_) | Scope::Table(_), None) => false,
        }
    }
}
