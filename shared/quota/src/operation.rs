// SPDX-License-Identifier: Apache-2.0
//! The operations that a run calls.

use std::fmt;

use keyproof_core::Service;
use keyproof_plan::Action;

/// An operation of a service, by its name in the service's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operation {
    /// The service.
    pub service: Service,
    /// The name: `GetItem`, `AssumeRole`, …
    pub name: &'static str,
}

impl Operation {
    /// Takes a role's place.
    pub const ASSUME_ROLE: Self = Self::new(Service::Sts, "AssumeRole");
    /// Asks whose the credentials are.
    pub const GET_CALLER_IDENTITY: Self = Self::new(Service::Sts, "GetCallerIdentity");
    /// Looks at a table.
    pub const DESCRIBE_TABLE: Self = Self::new(Service::DynamoDb, "DescribeTable");
    /// Looks at a key.
    pub const DESCRIBE_KEY: Self = Self::new(Service::Kms, "DescribeKey");

    /// This operation of this service.
    #[must_use]
    pub const fn new(service: Service, name: &'static str) -> Self {
        Self { service, name }
    }

    /// The operation that tries an action.
    #[must_use]
    pub fn of(action: Action) -> Self {
        let name = match action {
            // Authorised by another name than it is called by.
            Action::PartiQlSelect => "ExecuteStatement",
            Action::GetItem
            | Action::Query
            | Action::Scan
            | Action::BatchGetItem
            | Action::TransactGetItems
            | Action::PutItem
            | Action::UpdateItem
            | Action::DeleteItem
            | Action::Decrypt
            | Action::Encrypt
            | Action::GenerateDataKey
            | Action::GenerateDataKeyWithoutPlaintext
            | Action::ReEncrypt
            | Action::CreateGrant
            | Action::RevokeGrant
            | Action::RetireGrant
            | Action::DescribeKey
            | Action::GetKeyPolicy
            | Action::ListGrants
            | Action::AssumeRole => {
                let word = action.as_str();
                word.split_once(':').map_or(word, |(_, name)| name)
            }
        };
        Self::new(action.service(), name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;
    use keyproof_core::Service;
    use keyproof_plan::Action;

    #[test]
    fn an_operation_has_the_name_that_the_services_api_gives_it() {
        let named = |action| Operation::of(action).to_string();

        assert_eq!(named(Action::PartiQlSelect), "dynamodb:ExecuteStatement");
        assert_eq!(named(Action::TransactGetItems), "dynamodb:TransactGetItems");
        assert_eq!(named(Action::ReEncrypt), "kms:ReEncrypt");
        assert_eq!(Operation::of(Action::AssumeRole), Operation::ASSUME_ROLE);
        for action in Action::ALL {
            let operation = Operation::of(action);
            assert_eq!(operation.service, action.service());
            assert!(!operation.name.contains(':'), "{operation}");
        }
        assert_eq!(
            Operation::of(Action::DescribeKey),
            Operation::new(Service::Kms, "DescribeKey")
        );
    }
}
