// SPDX-License-Identifier: Apache-2.0
//! Names, paths and the forms in which IAM writes things.

use jiff::Timestamp;
use serde_json::Value;

use crate::error::AwsError;
use crate::policy::StoredPolicy;
use crate::protocol::Api;
use crate::protocol::parameters::validation;
use crate::text::percent_encoded;

/// Checks a name of an identity or policy.
pub(super) fn name(parameter: &str, name: &str, most: usize) -> Result<(), AwsError> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.is_empty() || name.len() > most || !name.bytes().all(letters) {
        return Err(validation(
            Api::Iam,
            format!(
                "The specified value for {parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-, at most {most} of them"
            ),
        ));
    }
    Ok(())
}

/// Checks a path; the default is `/`.
pub(super) fn path(path: Option<&str>) -> Result<String, AwsError> {
    let path = path.unwrap_or("/");
    let visible = path.bytes().all(|byte| (0x21..=0x7F).contains(&byte));
    if path.len() <= 512 && visible && path.starts_with('/') && path.ends_with('/') {
        Ok(path.to_owned())
    } else {
        Err(validation(
            Api::Iam,
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ))
    }
}

/// A time as awsQuery writes it.
pub(super) fn time(time: Timestamp) -> Value {
    Value::from(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A policy as IAM gives it back: percent-encoded.
pub(super) fn document(policy: &StoredPolicy) -> Value {
    Value::from(percent_encoded(policy.text()))
}

/// A list that is never cut into pages.
pub(super) fn listed(name: &str, entries: Vec<Value>) -> Value {
    Value::from_iter([
        ("IsTruncated", Value::Bool(false)),
        (name, Value::Array(entries)),
    ])
}
