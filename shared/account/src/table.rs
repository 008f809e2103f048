// SPDX-License-Identifier: Apache-2.0
//! `aws dynamodb describe-table`, `get-resource-policy` and `list-tags-of-resource`.

use keyproof_document::Node;
use keyproof_policy::Grammar;
use keyproof_template::{Encryption, Index, Note, NoteKind, Projection, Table, Tags};

use crate::Draft;
use crate::answer::{Answer, Given};
use crate::error::AccountError;
use crate::fields::{list, optional, tags, text};
use crate::policy;

impl Draft<'_> {
    pub(crate) fn table(&mut self, answer: &Answer) -> Result<(), AccountError> {
        let Some(given) = answer.get("Table") else {
            return Ok(());
        };
        let node = &given.node;
        let (name, arn) = (
            text(given, node, "TableName")?,
            text(given, node, "TableArn")?,
        );
        if arn.split(':').nth(3) != Some(self.region) {
            self.elsewhere += 1;
            return Ok(());
        }
        let policy = answer.get("Policy");
        let resource_policy = match policy.filter(|policy| !policy.node.is_null()) {
            Some(given) => Some(policy::read(given, &given.node, Grammar::Resource, &arn)?),
            None => None,
        };
        let sse = node.get("SSEDescription");
        let mut indexes = indexes(given, node, "GlobalSecondaryIndexes", true)?;
        indexes.extend(self::indexes(given, node, "LocalSecondaryIndexes", false)?);
        let attributes = list(given, node, "AttributeDefinitions")?.iter();
        let table = Table {
            logical_id: name.clone(),
            key_schema: keys(given, node)?,
            attributes: attributes
                .filter_map(|one| {
                    Some((
                        optional(one, "AttributeName")?,
                        optional(one, "AttributeType")?,
                    ))
                })
                .collect(),
            indexes,
            encryption: encryption(sse),
            resource_policy,
            billing_mode: node
                .get("BillingModeSummary")
                .and_then(|summary| optional(summary, "BillingMode"))
                .unwrap_or_else(|| "PROVISIONED".to_owned()),
            stream: None,
            time_to_live: None,
            point_in_time_recovery: false,
            tags: match answer.get("Tags") {
                Some(given) => tags(given.items("Tags")?),
                None => Tags::new(),
            },
            place: node.place,
            encryption_place: sse.map_or(node.place, |sse| sse.place),
            name,
            arn: arn.clone(),
        };
        // AWS has no answer that says there is no policy; whoever asked can.
        let untold = policy.is_none().then(|| Note {
            place: node.place,
            logical_id: None,
            kind: NoteKind::Unknown,
            text: format!(
                "`{arn}` is taken to have no resource policy, as neither one nor `\"Policy\": null` \
                 stands beside it"
            ),
        });
        let file = policy.map_or(&given.file, |policy| &policy.file);
        let account = self.part(file.as_deref(), &arn, node.place)?;
        account.tables.push(table);
        account.notes.extend(untold);
        Ok(())
    }
}

/// The AWS managed key is told from others when all answers are known.
fn encryption(sse: Option<&Node>) -> Encryption {
    let Some(sse) = sse.filter(|sse| !sse.is_null()) else {
        return Encryption::AwsOwned;
    };
    match (
        optional(sse, "Status").as_deref(),
        optional(sse, "KMSMasterKeyArn"),
    ) {
        (Some("DISABLED"), _) => Encryption::AwsOwned,
        (Some("ENABLED") | None, Some(arn)) => Encryption::Key(arn),
        (Some("ENABLED") | None, None) => {
            Encryption::Unknown("the table is encrypted, but no key is named".to_owned())
        }
        (Some(other), _) => Encryption::Unknown(format!(
            "the table's encryption was being changed ({other})"
        )),
    }
}

fn keys(given: &Given, node: &Node) -> Result<Vec<String>, AccountError> {
    let schema = list(given, node, "KeySchema")?;
    let of = |kind: &str| {
        let found = schema
            .iter()
            .find(|one| optional(one, "KeyType").as_deref() == Some(kind));
        found.and_then(|one| optional(one, "AttributeName"))
    };
    Ok([of("HASH"), of("RANGE")].into_iter().flatten().collect())
}

fn indexes(
    given: &Given,
    node: &Node,
    name: &str,
    global: bool,
) -> Result<Vec<Index>, AccountError> {
    let all = list(given, node, name)?.iter().map(|index| {
        let projection = index.get("Projection");
        let attributes = match projection {
            Some(projection) => list(given, projection, "NonKeyAttributes")?,
            None => &[],
        };
        let kind = projection.and_then(|projection| optional(projection, "ProjectionType"));
        Ok(Index {
            name: text(given, index, "IndexName")?,
            global,
            key_schema: keys(given, index)?,
            projection: match kind.as_deref() {
                Some("KEYS_ONLY") => Projection::KeysOnly,
                Some("INCLUDE") => Projection::Include(
                    attributes
                        .iter()
                        .filter_map(|one| one.as_str().map(str::to_owned))
                        .collect(),
                ),
                Some(_) | None => Projection::All,
            },
        })
    });
    all.collect()
}
