// SPDX-License-Identifier: Apache-2.0
//! What is read, one capability each.

use serde_json::Value;

/// Reads what decides access, as AWS's answers: each is what `keyproof-account` reads.
pub trait ReadDocuments {
    /// A key by ARN, id or alias: `KeyMetadata`, `Policy` and `Grants`. The error is a clause, in each.
    fn key(&self, key: &str) -> impl Future<Output = Result<Value, String>>;
    /// A table by name or ARN: `Table` and `Policy`.
    fn table(&self, table: &str) -> impl Future<Output = Result<Value, String>>;
    /// A role by name: `RoleDetailList` with the one, and the `Policies` attached to it.
    fn role(&self, name: &str) -> impl Future<Output = Result<Value, String>>;
    /// The ARN of whoever reads: of the role, where it is a session of one.
    fn caller(&self) -> impl Future<Output = Result<String, String>>;
}

/// Reads what there is in an account, in one region.
pub trait ReadAccount: ReadDocuments {
    /// Its users, groups, roles and policies: IAM's authorization details, whole.
    fn iam(&self) -> impl Future<Output = Result<Value, String>>;
    /// The names of its tables.
    fn tables(&self) -> impl Future<Output = Result<Vec<String>, String>>;
    /// Its aliases: `Aliases`.
    fn aliases(&self) -> impl Future<Output = Result<Value, String>>;
    /// The tags of a key or table, by ARN: a list.
    fn tags(&self, arn: &str) -> impl Future<Output = Result<Value, String>>;
}

/// Looks events of CloudTrail up.
pub trait LookUpEvents {
    /// The management events that name a resource, in a region.
    fn look_up(
        &self,
        region: &str,
        resource: &str,
    ) -> impl Future<Output = Result<Vec<Event>, String>>;
}

/// An event of CloudTrail.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name, such as `PutKeyPolicy`.
    pub name: String,
    /// Its id.
    pub id: String,
    /// When it happened, RFC 3339.
    pub at: String,
    /// The record itself.
    ///
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
    pub record: Value,
}
