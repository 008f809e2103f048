// SPDX-License-Identifier: Apache-2.0
//! From a template's model of an account to the sandbox's state.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_policy::Grammar;
use keyproof_template::{Account, Encryption, InlinePolicy, OrganizationPolicyKind, PolicySource};

use super::SandboxError;
use crate::credentials::{Credentials, Owner};
use crate::iam::{self, Identity, ManagedPolicy, Role, User, Version};
use crate::kms::{Alias, Key, KeyManager, KeyStatus, Material, TableKeyUse, alias_arn};
use crate::policy::StoredPolicy;
use crate::world::{PARTITION, World};

/// Allows nothing. It stands for a boundary whose document nobody knows: whatever that is, the
/// sandbox must not allow more.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"keyproof:Nothing","Resource":"*"}]}"#;
const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Puts an account into the world, and gives its administrator's credentials.
pub(super) fn load(
    world: &mut World,
    template: &Account,
    now: Timestamp,
) -> Result<Credentials, SandboxError> {
    let id = template.account.as_str();
    if template.partition != PARTITION {
        return Err(SandboxError::Partition {
            partition: template.partition.clone(),
        });
    }
    if world.accounts.contains_key(id) {
        return Err(SandboxError::AccountTwice {
            account: id.to_owned(),
        });
    }
    identities(world, template, now)?;
    keys(world, template, now);
    tables(world, template, now);
    organization(world, template);
    Ok(administrator(world, id, now))
}

/// Makes a user who may do everything that IAM can allow, and a key for it. The root user would
/// not do: it can assume no role.
pub(super) fn administrator(world: &mut World, account: &str, now: Timestamp) -> Credentials {
    let users = &world.accounts.entry(account.to_owned()).or_default().users;
    let mut name = "administrator".to_owned();
    while users.contains_key(&name) {
        name.insert_str(0, "keyproof-");
    }
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let mut identity = Identity::new(&name, "/", arn, world.unique_id("AIDA", 21), now);
    if let Ok(policy) = StoredPolicy::parse(ADMINISTRATOR, Grammar::Identity) {
        identity.inline.insert("administrator".to_owned(), policy);
    }
    let user = User {
        identity,
        groups: BTreeSet::new(),
    };
    world
        .accounts
        .entry(account.to_owned())
        .or_default()
        .users
        .insert(name.clone(), user);
    world.issue(account, Owner::User(name), now, None)
}

fn identities(world: &mut World, template: &Account, now: Timestamp) -> Result<(), SandboxError> {
    let mut account = iam::Account::default();
    for policy in &template.managed_policies {
        let document = stored(&policy.source);
        if policy.logical_id.is_none() {
            world.aws_managed.insert(policy.arn.clone(), document);
            continue;
        }
        let made = ManagedPolicy {
            name: policy.name.clone(),
            path: policy.path.clone(),
            id: world.unique_id("ANPA", 21),
            arn: policy.arn.clone(),
            description: String::new(),
            created: now,
            updated: now,
            versions: BTreeMap::from([(
                1,
                Version {
                    document,
                    created: now,
                },
            )]),
            default: 1,
            tags: BTreeMap::new(),
        };
        account.policies.insert(policy.arn.clone(), made);
    }
    for group in &template.groups {
        let id = world.unique_id("AGPA", 21);
        let mut identity = Identity::new(&group.name, &group.path, group.arn.clone(), id, now);
        identity.inline = inline(&group.inline);
        identity.attached = group.managed.iter().map(|one| one.arn.clone()).collect();
        account.groups.insert(group.name.clone(), identity);
    }
    for user in &template.users {
        let id = world.unique_id("AIDA", 21);
        let mut identity = Identity::new(&user.name, &user.path, user.arn.clone(), id, now);
        identity.inline = inline(&user.inline);
        identity.attached = user.managed.iter().map(|one| one.arn.clone()).collect();
        identity.boundary = user.boundary.as_ref().map(|one| one.arn.clone());
        identity.tags.clone_from(&user.tags);
        let groups = user.groups.iter().cloned().collect();
        account
            .users
            .insert(user.name.clone(), User { identity, groups });
    }
    for role in &template.roles {
        let id = world.unique_id("AROA", 21);
        let mut identity = Identity::new(&role.name, &role.path, role.arn.clone(), id, now);
        identity.inline = inline(&role.inline);
        identity.attached = role.managed.iter().map(|one| one.arn.clone()).collect();
        identity.boundary = role.boundary.as_ref().map(|one| one.arn.clone());
        identity.tags.clone_from(&role.tags);
        let role = Role {
            identity,
            trust: stored(&role.trust),
            description: String::new(),
            max_session: role.max_session_duration,
        };
        account.roles.insert(role.identity.name.clone(), role);
    }
    // INVARIANT (known boundaries): a boundary's ARN always has a document.
    let boundaries: BTreeSet<String> = account.boundaries().map(str::to_owned).collect();
    for arn in boundaries {
        let known = account.policies.contains_key(&arn)
            || world.has_managed_policy(&arn, template.account.as_str());
        if !known {
            let nothing = StoredPolicy::named(NOTHING, Grammar::Identity, &arn)
                .map_err(|reason| SandboxError::Policy { reason })?;
            world.aws_managed.insert(arn, nothing);
        }
    }
    world.accounts.insert(template.account.to_string(), account);
    Ok(())
}

fn keys(world: &mut World, template: &Account, now: Timestamp) {
    let (account, region) = (template.account.to_string(), template.region.clone());
    for key in &template.keys {
        // A key that signs encrypts no table, and no plan can ask for it: nothing to be warned of.
        if key.usage != "ENCRYPT_DECRYPT" {
            continue;
        }
        if key.spec != "SYMMETRIC_DEFAULT" {
            world.left_out.push(format!(
                "key `{}` is left out: it is a {} key for {}; the sandbox has symmetric encryption keys only",
                key.logical_id, key.spec, key.usage
            ));
            continue;
        }
        let made = Key {
            id: key.key_id.clone(),
            arn: key.arn.clone(),
            account: account.clone(),
            region: region.clone(),
            policy: stored(&key.policy),
            status: if key.enabled {
                KeyStatus::Enabled
            } else {
                KeyStatus::Disabled { since: now }
            },
            manager: KeyManager::Customer,
            description: key.description.clone(),
            created: now,
            tags: key.tags.clone(),
            multi_region: key.multi_region,
            rotation_days: key.rotation.then_some(365),
            materials: vec![Material::new(world.random_bytes(), None)],
            grants: Vec::new(),
        };
        world.keys.insert(key.arn.clone(), made);
    }
    for alias in &template.aliases {
        let made = Alias {
            name: alias.name.clone(),
            account: account.clone(),
            region: region.clone(),
            key_id: alias.key_id.clone(),
            created: now,
            updated: now,
        };
        world
            .aliases
            .insert(alias_arn(&region, &account, &alias.name), made);
    }
}

fn tables(world: &mut World, template: &Account, now: Timestamp) {
    for table in &template.tables {
        if let Err(reason) = world.tables.load(table, now) {
            world.left_out.push(format!(
                "table `{}` is left out: {reason}",
                table.logical_id
            ));
            continue;
        }
        if let Encryption::Key(key_arn) = &table.encryption {
            let wanted = TableKeyUse {
                table: &table.name,
                table_account: template.account.as_str(),
                key_arn,
                operation: "CreateGrant",
            };
            world.grant_to_dynamodb(&wanted, &template.region, now);
        }
    }
}

/// A template that has organization policies has the account in an organization. Those of
/// organizational units don't count: whether the account is in one, a template doesn't say, and its
/// notes do.
fn organization(world: &mut World, template: &Account) {
    if template.organization_policies.is_empty() {
        return;
    }
    world
        .organization
        .id
        .get_or_insert_with(|| "o-keyproof00".to_owned());
    for kind in [
        OrganizationPolicyKind::ServiceControl,
        OrganizationPolicyKind::ResourceControl,
    ] {
        let levels = template.organization_levels(kind);
        let mut levels: Vec<Vec<StoredPolicy>> = levels
            .iter()
            .map(|level| level.iter().map(|policy| stored(&policy.source)).collect())
            .collect();
        if kind == OrganizationPolicyKind::ServiceControl {
            // AWS attaches FullAWSAccess everywhere; a template that replaces it can't say so.
            for level in &mut levels {
                level.extend(StoredPolicy::named(
                    ADMINISTRATOR,
                    Grammar::Scp,
                    "FullAWSAccess",
                ));
            }
        }
        let all = match kind {
            OrganizationPolicyKind::ServiceControl => &mut world.organization.scps,
            OrganizationPolicyKind::ResourceControl => &mut world.organization.rcps,
        };
        all.insert(template.account.to_string(), levels);
    }
}

fn inline(policies: &[InlinePolicy]) -> BTreeMap<String, StoredPolicy> {
    policies
        .iter()
        .map(|policy| (policy.name.clone(), stored(&policy.source)))
        .collect()
}

/// The reading of a policy that allows least, where something in it is unknown.
fn stored(source: &PolicySource) -> StoredPolicy {
    StoredPolicy::parsed(source.value.to_string(), source.document.clone())
}
