// SPDX-License-Identifier: Apache-2.0
//! Calls on a key: direct ones, and DynamoDB's in a caller's name.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>

use std::collections::BTreeMap;

use keyproof_core::Service;
use keyproof_plan::{Action, Principal, Table, TableKey};
use keyproof_policy::{Grammar, Grant};
use keyproof_template::{Key, PolicySource};
use keyproof_verdict::{Answer, Blindness, Evidence, Observation, classify, classify_call};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::observe::{Observer, Seen};
use crate::weigh::{Question, Step, Weighed};

/// A use of a key.
#[derive(Debug)]
pub(crate) struct Use<'u> {
    /// The operation without `kms:`.
    pub(crate) operation: &'u str,
    /// The alias that the request names the key by.
    pub(crate) alias: Option<&'u str>,
    pub(crate) encryption_context: Option<&'u BTreeMap<&'u str, String>>,
    /// Whether DynamoDB makes the call in the caller's name.
    pub(crate) through_dynamodb: bool,
    pub(crate) context: Vec<(&'u str, Vec<String>)>,
}

impl<'u> Use<'u> {
    pub(crate) fn new(operation: &'u str) -> Self {
        Self {
            operation,
            alias: None,
            encryption_context: None,
            through_dynamodb: false,
            context: Vec::new(),
        }
    }
}

/// What DynamoDB binds a table's key to.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
pub(crate) fn table_context(table: &str, account: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("aws:dynamodb:subscriberId", account.to_owned()),
        ("aws:dynamodb:tableName", table.to_owned()),
    ])
}

impl Observer<'_> {
    /// Decides about a key of the templates.
    pub(crate) fn weigh_key(&self, caller: &Caller<'_>, key: &Key, wanted: &Use<'_>) -> Weighed {
        // A run retires a grant that nobody has, and no other grant says who may.
        let count = wanted.operation != "RetireGrant";
        let grants: Vec<Grant> = self
            .estate
            .grants
            .iter()
            .filter(|grant| count && grant.key == key.arn)
            .map(|grant| grant.grant.clone())
            .collect();
        let described = Described {
            arn: &key.arn,
            policy: &key.policy,
            spec: &key.spec,
            usage: &key.usage,
            multi_region: key.multi_region,
            aws_managed: false,
            aliases: self.estate.aliases_of(&key.key_id),
            grants: &grants,
        };
        let tags = key
            .tags
            .iter()
            .map(|(name, value)| (format!("aws:ResourceTag/{name}"), vec![value.clone()]));
        self.weigh_use(caller, &described, wanted, tags.collect())
    }

    fn weigh_use(
        &self,
        caller: &Caller<'_>,
        key: &Described<'_>,
        wanted: &Use<'_>,
        tags: Vec<(String, Vec<String>)>,
    ) -> Weighed {
        let one = |value: &str| vec![value.to_owned()];
        let multi_region = if key.multi_region { "true" } else { "false" };
        let mut context = vec![
            (
                "kms:CallerAccount".to_owned(),
                one(caller.principal.account().unwrap_or_default()),
            ),
            ("kms:KeySpec".to_owned(), one(key.spec)),
            ("kms:KeyUsage".to_owned(), one(key.usage)),
            ("kms:KeyOrigin".to_owned(), one("AWS_KMS")),
            ("kms:MultiRegion".to_owned(), one(multi_region)),
        ];
        if wanted.through_dynamodb {
            let service = format!(
                "dynamodb.{}.{}",
                self.surroundings.region,
                self.url_suffix()
            );
            context.push(("kms:ViaService".to_owned(), vec![service]));
        }
        if let Some(alias) = wanted.alias {
            context.push(("kms:RequestAlias".to_owned(), one(alias)));
        }
        if !key.aliases.is_empty() {
            context.push(("kms:ResourceAliases".to_owned(), key.aliases.clone()));
        }
        if let Some(pairs) = wanted.encryption_context {
            context.push(("kms:EncryptionAlgorithm".to_owned(), one(key.spec)));
            let names = pairs.keys().map(|&name| name.to_owned()).collect();
            context.push(("kms:EncryptionContextKeys".to_owned(), names));
            for (name, value) in pairs {
                context.push((format!("kms:EncryptionContext:{name}"), one(value)));
            }
        }
        context.extend(tags);
        context.extend(
            wanted
                .context
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.clone())),
        );
        self.weigh(
            caller,
            Question {
                action: format!("kms:{}", wanted.operation),
                resource: key.arn.to_owned(),
                policy: Some(key.policy),
                aws_managed: key.aws_managed,
                grants: key.grants,
                via: wanted.through_dynamodb.then_some("dynamodb"),
                context,
            },
        )
    }

    /// Whether DynamoDB gets at the key of one of the account's tables for the caller, if the key
    /// is the AWS managed one.
    pub(crate) fn weigh_aws_managed(&self, caller: &Caller<'_>, table: &str) -> Option<Weighed> {
        let account = self.estate.account();
        let id = account.account.as_str();
        let policy = aws_managed_policy(&account.partition, id, &self.via_service());
        let place = keyproof_document::Place::START;
        let policy = PolicySource::new(policy, Grammar::Resource, place, "").ok()?;
        let arn = format!(
            "arn:{}:kms:{}:{id}:key/aws-managed-dynamodb",
            account.partition, account.region
        );
        let described = Described {
            arn: &arn,
            policy: &policy,
            spec: "SYMMETRIC_DEFAULT",
            usage: "ENCRYPT_DECRYPT",
            multi_region: false,
            aws_managed: true,
            aliases: vec!["alias/aws/dynamodb".to_owned()],
            grants: &[],
        };
        let context = table_context(table, id);
        let mut wanted = Use::new("Decrypt");
        wanted.through_dynamodb = true;
        wanted.encryption_context = Some(&context);
        Some(self.weigh_use(caller, &described, &wanted, Vec::new()))
    }

    /// The value of `kms:ViaService` for DynamoDB.
    fn via_service(&self) -> String {
        format!(
            "dynamodb.{}.{}",
            self.surroundings.region,
            self.url_suffix()
        )
    }

    /// Services have one name in all partitions but China's.
    fn url_suffix(&self) -> &'static str {
        match self.estate.account().partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }
    }

    /// The probe of a `kms:` action.
    pub(crate) fn key_probe(
        &self,
        caller: &Caller<'_>,
        principal: &Principal,
        action: Action,
        table: &Table,
        resolved: Option<&str>,
    ) -> Seen {
        // As a run names the key: by its ARN, or by the alias where nobody could resolve it.
        let reference = match &table.key {
            TableKey::Key(arn) => arn.as_str(),
            TableKey::Alias(alias) => resolved.unwrap_or(alias),
            TableKey::AwsOwned => {
                let message = "the plan gives this table no key";
                return Seen::silent(Answer::Unknown(Blindness::NotFound), message, None);
            }
        };
        let named_by_alias = table
            .key
            .alias_name()
            .filter(|_| !reference.contains(":key/"));
        let needs_key = matches!(
            action,
            Action::CreateGrant
                | Action::RevokeGrant
                | Action::RetireGrant
                | Action::GetKeyPolicy
                | Action::ListGrants
        );
        if let (true, Some(alias)) = (needs_key, named_by_alias) {
            let message = format!("`{action}` takes no alias, and `{alias}` could not be resolved");
            return Seen::silent(Answer::Unknown(Blindness::NotFound), message, None);
        }
        let found = match named_by_alias {
            Some(alias) => self.estate.aliased(alias),
            None => self.estate.key(reference),
        };
        let resource = reference.starts_with("arn:").then(|| reference.to_owned());
        let Some((_, key)) = found else {
            let what = self.missing_key(reference, named_by_alias);
            return Seen::untold(what, resource);
        };
        let account = table
            .arn
            .as_ref()
            .map_or(principal.role.account(), |arn| arn.account());
        let encryption_context = table_context(&table.name, account);
        let mut steps = Vec::new();
        for mut wanted in uses(action, principal) {
            wanted.alias = named_by_alias;
            if wanted.encryption_context.is_none() && takes_context(wanted.operation) {
                wanted.encryption_context = Some(&encryption_context);
            }
            match self.weigh_key(caller, key, &wanted) {
                Weighed::Hangs(what) => return Seen::untold(what, resource),
                Weighed::Certain(step) => {
                    let allowed = step.is_allowed();
                    steps.push(step);
                    if !allowed {
                        return denied_directly(action, steps, resource);
                    }
                }
            }
        }
        let state_matters = !matches!(
            action,
            Action::DescribeKey
                | Action::GetKeyPolicy
                | Action::ListGrants
                | Action::RevokeGrant
                | Action::RetireGrant
        );
        if state_matters && !key.enabled {
            let message = format!("{} is disabled.", key.arn);
            let code = "DisabledException";
            let answer = classify(action, Some(code), Some(&message));
            return Seen::answered(answer, Some(code), Some(message), resource, steps);
        }
        // A run names a grant that nobody has, and cannot tell more than that.
        let evidence = match action {
            Action::RevokeGrant | Action::RetireGrant => Evidence::GrantLookedUp,
            _ => Evidence::Evaluated,
        };
        Seen::answered(Answer::Allowed(evidence), None, None, resource, steps)
    }

    /// What it hangs on where a key is not in the templates.
    pub(crate) fn missing_key(&self, reference: &str, alias: Option<&str>) -> String {
        match alias {
            Some(alias) if !self.estate.has_alias(alias) => {
                format!("the alias `{alias}` is not in the templates")
            }
            Some(alias) => format!("the key behind `{alias}` is not in the templates"),
            None => format!("the key `{reference}` is not in the templates"),
        }
    }

    /// `DescribeKey` as whoever inspects: the key's ARN and whether it can be used.
    pub(crate) fn describe_key(
        &self,
        inspector: Option<&Caller<'_>>,
        key: &TableKey,
    ) -> Result<(String, bool), Box<Observation>> {
        let alias = key.alias_name();
        let reference = key.key_id().unwrap_or_default();
        let found = match alias {
            Some(alias) => self.estate.aliased(alias),
            None => self.estate.key(reference),
        };
        let Some((_, found)) = found else {
            let seen = Seen::untold(self.missing_key(reference, alias), None);
            return Err(Box::new(seen.observation));
        };
        let known = (found.arn.clone(), found.enabled);
        let weighed = inspector.and_then(|inspector| self.weigh_description(inspector, key));
        let Some(weighed) = weighed else {
            return Ok(known);
        };
        match weighed {
            Weighed::Certain(step) if step.is_allowed() => Ok(known),
            Weighed::Certain(step) => {
                let (code, message) = ("AccessDeniedException", step.sentence());
                let answer = classify_call(Service::Kms, Some(code), Some(&message));
                let steps = vec![step];
                let seen = Seen::answered(answer, Some(code), Some(message), None, steps);
                Err(Box::new(seen.observation))
            }
            Weighed::Hangs(what) => Err(Box::new(Seen::untold(what, None).observation)),
        }
    }

    /// Decides about `kms:DescribeKey` on a key of the templates.
    pub(crate) fn weigh_description(
        &self,
        inspector: &Caller<'_>,
        key: &TableKey,
    ) -> Option<Weighed> {
        let mut wanted = Use::new("DescribeKey");
        wanted.alias = key.alias_name();
        let (_, found) = match wanted.alias {
            Some(alias) => self.estate.aliased(alias),
            None => self.estate.key(key.key_id()?),
        }?;
        Some(self.weigh_key(inspector, found, &wanted))
    }
}

/// A key as its condition keys describe it.
struct Described<'d> {
    arn: &'d str,
    policy: &'d PolicySource,
    spec: &'d str,
    usage: &'d str,
    multi_region: bool,
    aws_managed: bool,
    aliases: Vec<String>,
    grants: &'d [Grant],
}

fn denied_directly(action: Action, steps: Vec<Step>, resource: Option<String>) -> Seen {
    let message = steps.last().map(Step::sentence).unwrap_or_default();
    let code = "AccessDeniedException";
    let answer = classify(action, Some(code), Some(&message));
    Seen::answered(answer, Some(code), Some(message), resource, steps)
}

fn takes_context(operation: &str) -> bool {
    matches!(
        operation,
        "Decrypt"
            | "Encrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyWithoutPlaintext"
            | "ReEncryptFrom"
            | "ReEncryptTo"
    )
}

/// What a probe's call has to be allowed.
fn uses<'u>(action: Action, principal: &Principal) -> Vec<Use<'u>> {
    let operation = action.as_str().split_once(':').map_or("", |(_, name)| name);
    match action {
        Action::ReEncrypt => ["ReEncryptFrom", "ReEncryptTo"]
            .map(|operation| {
                let mut wanted = Use::new(operation);
                wanted
                    .context
                    .push(("kms:ReEncryptOnSameKey", vec!["true".to_owned()]));
                wanted
            })
            .into(),
        Action::CreateGrant => {
            let mut wanted = Use::new("CreateGrant");
            wanted.context = vec![
                ("kms:GrantIsForAWSResource", vec!["false".to_owned()]),
                ("kms:GranteePrincipal", vec![principal.role.to_string()]),
                ("kms:GrantOperations", vec!["Decrypt".to_owned()]),
            ];
            vec![wanted]
        }
        Action::RevokeGrant | Action::ListGrants => {
            let mut wanted = Use::new(operation);
            wanted.context = vec![("kms:GrantIsForAWSResource", vec!["false".to_owned()])];
            vec![wanted]
        }
        _ => vec![Use::new(operation)],
    }
}

/// The policy that AWS gives its own DynamoDB key, and that nobody can change: whoever may use
/// DynamoDB in the account gets through.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
fn aws_managed_policy(partition: &str, account: &str, via: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": via}},
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
}
