// SPDX-License-Identifier: Apache-2.0
//! `aws kms describe-key`, `get-key-policy`, `list-grants`, `list-resource-tags` and `list-aliases`.

use keyproof_document::Node;
use keyproof_policy::{Grammar, Grant};
use keyproof_template::{Alias, Key, Tags};

use crate::Draft;
use crate::answer::{Answer, Given};
use crate::error::{AccountError, AccountProblem};
use crate::fields::{list, optional, tags, text};
use crate::policy;

impl Draft<'_> {
    pub(crate) fn key(&mut self, answer: &Answer) -> Result<(), AccountError> {
        let Some(given) = answer.get("KeyMetadata") else {
            return Ok(());
        };
        let node = &given.node;
        let arn = text(given, node, "Arn")?;
        if arn.split(':').nth(3) != Some(self.region) {
            self.elsewhere += 1;
            return Ok(());
        }
        let missing = |name, command| {
            let of = format!("the key `{arn}`");
            given.error(node.place, AccountProblem::Missing { name, of, command })
        };
        // AWS's own key is known by the alias that points to it.
        if optional(node, "KeyManager").as_deref() == Some("AWS") {
            self.aws_managed.push(arn);
            return Ok(());
        }
        let policy = answer
            .get("Policy")
            .filter(|policy| !policy.node.is_null())
            .ok_or_else(|| missing("Policy", "aws kms get-key-policy"))?;
        // A grant that nobody listed could let anybody in.
        let grants = answer
            .get("Grants")
            .ok_or_else(|| missing("Grants", "aws kms list-grants"))?;
        for listed in grants.items("Grants")? {
            let grant = grant(grants, listed)?;
            self.exported.grants.push((arn.clone(), grant));
        }
        let flag = |name: &str| node.get(name).and_then(Node::as_bool) == Some(true);
        let state = optional(node, "KeyState");
        let spec = optional(node, "KeySpec").or_else(|| optional(node, "CustomerMasterKeySpec"));
        let key = Key {
            key_id: text(given, node, "KeyId")?,
            policy: policy::read(policy, &policy.node, Grammar::Resource, &arn)?,
            // `Updating` keys can be used.
            enabled: match state.as_deref() {
                Some(state) => matches!(state, "Enabled" | "Updating"),
                None => flag("Enabled"),
            },
            multi_region: flag("MultiRegion"),
            primary: None,
            rotation: false,
            spec: spec.unwrap_or_else(|| "SYMMETRIC_DEFAULT".to_owned()),
            usage: optional(node, "KeyUsage").unwrap_or_else(|| "ENCRYPT_DECRYPT".to_owned()),
            description: optional(node, "Description").unwrap_or_default(),
            tags: match answer.get("Tags") {
                Some(given) => tags(given.items("Tags")?),
                None => Tags::new(),
            },
            place: policy.node.place,
            logical_id: arn.clone(),
            arn: arn.clone(),
        };
        self.part(policy.file.as_deref(), &arn, node.place)?
            .keys
            .push(key);
        Ok(())
    }

    pub(crate) fn aliases(&mut self, answer: &Answer) -> Result<(), AccountError> {
        let Some(given) = answer.get("Aliases") else {
            return Ok(());
        };
        for node in given.items("Aliases")? {
            let (name, arn) = (
                text(given, node, "AliasName")?,
                text(given, node, "AliasArn")?,
            );
            if arn.split(':').nth(3) != Some(self.region) {
                continue;
            }
            // An alias of AWS's that no key was made for yet has no target.
            let Some(key_id) = optional(node, "TargetKeyId") else {
                continue;
            };
            if name == "alias/aws/dynamodb" {
                let key = arn.replace(":alias/aws/dynamodb", &format!(":key/{key_id}"));
                self.aws_managed.push(key);
                continue;
            }
            let alias = Alias {
                logical_id: name.clone(),
                name,
                key_id,
                place: node.place,
            };
            self.part(given.file.as_deref(), &arn, node.place)?
                .aliases
                .push(alias);
        }
        Ok(())
    }
}

fn grant(given: &Given, node: &Node) -> Result<Grant, AccountError> {
    let operations = list(given, node, "Operations")?;
    let operations = operations.iter().filter_map(Node::as_str);
    let mut grant = Grant::new(text(given, node, "GranteePrincipal")?, operations);
    grant.id = optional(node, "GrantId").map(Into::into);
    grant.retiring_principal = optional(node, "RetiringPrincipal");
    let pairs = |name: &str| -> Vec<(String, String)> {
        let constraint = node.get("Constraints").and_then(|all| all.get(name));
        let pairs = constraint.and_then(Node::as_mapping).unwrap_or_default();
        pairs
            .iter()
            .filter_map(|(key, value)| Some((key.text.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    grant.encryption_context_subset = pairs("EncryptionContextSubset");
    grant.encryption_context_equals = pairs("EncryptionContextEquals");
    Ok(grant)
}
