// SPDX-License-Identifier: Apache-2.0
//! CloudFormation and SAM templates as a model of an account: keys, tables, roles and their
//! policies, each with its place in the template.
//!
//! A template is read as it would be deployed: parameters given, conditions decided, functions
//! done, references followed, SAM's roles made. What would decide access and can't be told from
//! the template is explicitly unknown; what the model has no place for is noted; what
//! CloudFormation would refuse is an error with its place. Pure: text in, model out.
//!
//! ```
//! use keyproof_template::{Options, load};
//!
//! let template = "
//! Resources:
//!   Key:
//!     Type: AWS::KMS::Key
//!   Orders:
//!     Type: AWS::DynamoDB::Table
//!     Properties:
//!       TableName: orders
//!       KeySchema: [{ AttributeName: pk, KeyType: HASH }]
//!       SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
//! ";
//! let options = Options::new("111122223333".parse()?, "us-east-1");
//! let account = load(template, &options).map_err(|errors| format!("{errors:?}"))?;
//! assert_eq!(account.tables[0].arn, "arn:aws:dynamodb:us-east-1:111122223333:table/orders");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod bounds;
mod cycles;
mod error;
mod functions;
mod globals;
mod kinds;
mod load;
mod loops;
#[cfg(feature = "managed-policies")]
pub mod managed;
mod names;
mod note;
mod options;
mod parameters;
mod policies;
mod policy_source;
mod properties;
mod resolver;
mod resources;
mod sections;
mod value;

#[cfg(test)]
mod tests;

pub use account::{
    Account, Alias, Attachment, Encryption, Group, Index, InlinePolicy, Key, ManagedPolicy,
    OrganizationPolicy, OrganizationPolicyKind, OrganizationTarget, Projection, Role, Table, Tags,
    User,
};
pub use error::{Suggestion, TemplateError, TemplateProblem};
pub use keyproof_document::Place;
pub use load::{exports, load};
pub use names::is_generated;
pub use note::{Note, NoteKind};
pub use options::Options;
pub use parameters::partition;
pub use policy_source::{PolicySource, Unknown};
