// SPDX-License-Identifier: Apache-2.0
//! State tables, by the stack that they belong to.

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;

use crate::StoreError;

/// What finding a table needs.
pub const FIND_ACTIONS: &[&str] = &["dynamodb:ListTables"];

/// The table's name in the template.
const LOGICAL_ID: &str = "StateTable";

/// The state tables of a stack, which CloudFormation names `STACK-StateTable-SUFFIX`:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html>
///
/// # Errors
///
/// Where DynamoDB refuses to list its tables, or doesn't answer.
pub async fn state_tables(config: &SdkConfig, stack: &str) -> Result<Vec<String>, StoreError> {
    let client = Client::new(config);
    let mut found = Vec::new();
    let mut start = None;
    loop {
        let page = client
            .list_tables()
            .set_exclusive_start_table_name(start)
            .send()
            .await
            .map_err(|error| StoreError::call("cannot list the tables", &error))?;
        let names = page.table_names.unwrap_or_default();
        found.extend(names.into_iter().filter(|name| is_of(name, stack)));
        start = page.last_evaluated_table_name;
        if start.is_none() {
            return Ok(found);
        }
    }
}

/// The suffix is CloudFormation's: letters and digits. So a stack `a` has no table of a stack
/// `a-StateTable-b`.
fn is_of(table: &str, stack: &str) -> bool {
    let suffix = table
        .strip_prefix(stack)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_prefix(LOGICAL_ID))
        .and_then(|rest| rest.strip_prefix('-'));
    suffix.is_some_and(|suffix| {
        !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_table_is_of_the_stack_that_it_is_named_for() {
        assert!(is_of("keyproof-StateTable-1ABCDEF", "keyproof"));
        assert!(is_of("a-b-StateTable-1", "a-b"));
        for (table, stack) in [
            ("keyproof-StateTable-", "keyproof"),
            ("keyproof-StateTable", "keyproof"),
            ("keyproof-2-StateTable-1", "keyproof"),
            ("a-StateTable-b-StateTable-1", "a"),
            ("keyproof-OrdersTable-1", "keyproof"),
            ("StateTable-1", ""),
        ] {
            assert!(!is_of(table, stack), "{table}");
        }
    }
}
