// SPDX-License-Identifier: Apache-2.0
//! What the caller says about a deployment that the template itself leaves open.

use std::collections::BTreeMap;

use keyproof_core::AccountId;

/// The deployment that a template is read for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The account, unless `parameters` holds an `AWS::AccountId`.
    pub account: AccountId,
    /// The region, unless `parameters` holds an `AWS::Region`.
    pub region: String,
    /// Values of parameters, and of pseudo parameters (`AWS::AccountId`, `AWS::Region`,
    /// `AWS::Partition`, `AWS::URLSuffix`, `AWS::StackName`, `AWS::StackId`). A list's items are
    /// separated by commas.
    pub parameters: BTreeMap<String, String>,
    /// What other stacks export, by the export's name: [`Account::exports`](crate::Account) of their
    /// templates. An import that is not in here is unknown.
    pub imports: BTreeMap<String, String>,
    /// The ids of keys that exist already, by logical id. Every other key gets an id made from its
    /// logical id, always the same.
    pub key_ids: BTreeMap<String, String>,
}

impl Options {
    /// A deployment into this account and region, with nothing else said.
    #[must_use]
    pub fn new(account: AccountId, region: impl Into<String>) -> Self {
        Self {
            account,
            region: region.into(),
            parameters: BTreeMap::new(),
            imports: BTreeMap::new(),
            key_ids: BTreeMap::new(),
        }
    }

    /// The same with one parameter given.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}
