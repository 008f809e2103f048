// SPDX-License-Identifier: Apache-2.0
//! The actions that keyproof can probe.

use std::fmt;

use keyproof_core::Service;

/// An action under test. Every one is harmless: reads, conditional writes that can never hold, dry
/// runs, and reads of a key's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// `dynamodb:GetItem` of the canary.
    GetItem,
    /// `dynamodb:Query` for the canary's key.
    Query,
    /// `dynamodb:Scan`.
    Scan,
    /// `dynamodb:BatchGetItem` of the canary.
    BatchGetItem,
    /// `dynamodb:PartiQLSelect`: an `ExecuteStatement` that selects the canary by its key.
    PartiQlSelect,
    /// `TransactGetItems` of the canary, authorised as `dynamodb:GetItem`.
    TransactGetItems,
    /// `dynamodb:PutItem` under a condition that cannot hold.
    PutItem,
    /// `dynamodb:UpdateItem` under a condition that cannot hold.
    UpdateItem,
    /// `dynamodb:DeleteItem` under a condition that cannot hold.
    DeleteItem,
    /// `kms:Decrypt`, a dry run without ciphertext.
    Decrypt,
    /// `kms:Encrypt`, a dry run.
    Encrypt,
    /// `kms:GenerateDataKey`, a dry run.
    GenerateDataKey,
    /// `kms:GenerateDataKeyWithoutPlaintext`, a dry run.
    GenerateDataKeyWithoutPlaintext,
    /// `kms:ReEncrypt`, a dry run from and to the table's key.
    ReEncrypt,
    /// `kms:CreateGrant`, a dry run.
    CreateGrant,
    /// `kms:RevokeGrant`, a dry run.
    RevokeGrant,
    /// `kms:RetireGrant`, a dry run.
    RetireGrant,
    /// `kms:DescribeKey`.
    DescribeKey,
    /// `kms:GetKeyPolicy`.
    GetKeyPolicy,
    /// `kms:ListGrants`.
    ListGrants,
    /// `sts:AssumeRole` of the principal's role by the runner.
    AssumeRole,
}

impl Action {
    /// Every action, in the order of the plan's documentation.
    pub const ALL: [Self; 21] = [
        Self::GetItem,
        Self::Query,
        Self::Scan,
        Self::BatchGetItem,
        Self::PartiQlSelect,
        Self::TransactGetItems,
        Self::PutItem,
        Self::UpdateItem,
        Self::DeleteItem,
        Self::Decrypt,
        Self::Encrypt,
        Self::GenerateDataKey,
        Self::GenerateDataKeyWithoutPlaintext,
        Self::ReEncrypt,
        Self::CreateGrant,
        Self::RevokeGrant,
        Self::RetireGrant,
        Self::DescribeKey,
        Self::GetKeyPolicy,
        Self::ListGrants,
        Self::AssumeRole,
    ];

    /// The action as plans and reports write it, such as `dynamodb:GetItem`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "dynamodb:GetItem",
            Self::Query => "dynamodb:Query",
            Self::Scan => "dynamodb:Scan",
            Self::BatchGetItem => "dynamodb:BatchGetItem",
            Self::PartiQlSelect => "dynamodb:PartiQLSelect",
            Self::TransactGetItems => "dynamodb:TransactGetItems",
            Self::PutItem => "dynamodb:PutItem",
            Self::UpdateItem => "dynamodb:UpdateItem",
            Self::DeleteItem => "dynamodb:DeleteItem",
            Self::Decrypt => "kms:Decrypt",
            Self::Encrypt => "kms:Encrypt",
            Self::GenerateDataKey => "kms:GenerateDataKey",
            Self::GenerateDataKeyWithoutPlaintext => "kms:GenerateDataKeyWithoutPlaintext",
            Self::ReEncrypt => "kms:ReEncrypt",
            Self::CreateGrant => "kms:CreateGrant",
            Self::RevokeGrant => "kms:RevokeGrant",
            Self::RetireGrant => "kms:RetireGrant",
            Self::DescribeKey => "kms:DescribeKey",
            Self::GetKeyPolicy => "kms:GetKeyPolicy",
            Self::ListGrants => "kms:ListGrants",
            Self::AssumeRole => "sts:AssumeRole",
        }
    }

    /// The service that the action is called on.
    #[must_use]
    pub const fn service(self) -> Service {
        match self {
            Self::GetItem
            | Self::Query
            | Self::Scan
            | Self::BatchGetItem
            | Self::PartiQlSelect
            | Self::TransactGetItems
            | Self::PutItem
            | Self::UpdateItem
            | Self::DeleteItem => Service::DynamoDb,
            Self::Decrypt
            | Self::Encrypt
            | Self::GenerateDataKey
            | Self::GenerateDataKeyWithoutPlaintext
            | Self::ReEncrypt
            | Self::CreateGrant
            | Self::RevokeGrant
            | Self::RetireGrant
            | Self::DescribeKey
            | Self::GetKeyPolicy
            | Self::ListGrants => Service::Kms,
            Self::AssumeRole => Service::Sts,
        }
    }

    /// Whether the action, when authorised, brings the canary back: such a probe can be a witness.
    #[must_use]
    pub const fn reads_canary(self) -> bool {
        matches!(
            self,
            Self::GetItem
                | Self::Query
                | Self::Scan
                | Self::BatchGetItem
                | Self::PartiQlSelect
                | Self::TransactGetItems
        )
    }

    /// Whether the action can read an index instead of the table itself.
    #[must_use]
    pub const fn reads_index(self) -> bool {
        matches!(self, Self::Query | Self::Scan)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
