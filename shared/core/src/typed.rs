// SPDX-License-Identifier: Apache-2.0
//! ARNs of one kind of resource each, checked when parsed.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Arn, ArnError};

macro_rules! typed_arn {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $service:literal, $prefix:literal, $regional:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arn);

        impl $name {
            /// The whole ARN as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The ARN, of no particular kind.
            #[must_use]
            pub fn as_arn(&self) -> &Arn {
                &self.0
            }

            /// The owning account's twelve digits.
            #[must_use]
            pub fn account(&self) -> &str {
                self.0.account()
            }

            /// What follows the resource type: the whole of the resource's own name.
            #[must_use]
            pub fn path_and_name(&self) -> &str {
                self.0.resource().strip_prefix($prefix).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = ArnError;

            fn from_str(text: &str) -> Result<Self, ArnError> {
                let arn: Arn = text.parse()?;
                let fits = arn.service() == $service
                    && arn.region().is_empty() != $regional
                    && arn.account().parse::<AccountId>().is_ok()
                    && arn.resource().strip_prefix($prefix).is_some_and(Self::is_name);
                if fits {
                    Ok(Self(arn))
                } else {
                    Err(ArnError::WrongResource {
                        text: text.to_owned(),
                        noun: $noun,
                        example: $example,
                    })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.0.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_arn!(
    /// The ARN of an IAM role, path included: `arn:aws:iam::111122223333:role/team/reader`.
    RoleArn, "role", "iam", "role/", false, "arn:aws:iam::111122223333:role/NAME"
);
typed_arn!(
    /// The ARN of a KMS key (not of an alias): `arn:aws:kms:REGION:ACCOUNT:key/ID`.
    KeyArn, "key", "kms", "key/", true, "arn:aws:kms:us-east-1:111122223333:key/KEY-ID"
);
typed_arn!(
    /// The ARN of a DynamoDB table (not of an index or a stream).
    TableArn, "table", "dynamodb", "table/", true, "arn:aws:dynamodb:us-east-1:111122223333:table/NAME"
);

impl RoleArn {
    /// The role's name without its path. STS names a session's role this way.
    #[must_use]
    pub fn role_name(&self) -> &str {
        self.path_and_name().rsplit('/').next().unwrap_or_default()
    }

    fn is_name(name: &str) -> bool {
        !name.is_empty() && !name.ends_with('/') && !name.starts_with('/')
    }
}

impl KeyArn {
    /// The region that the key is in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.region()
    }

    fn is_name(name: &str) -> bool {
        !name.is_empty() && !name.contains(['/', ':'])
    }
}

impl TableArn {
    /// The region that the table is in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.region()
    }

    fn is_name(name: &str) -> bool {
        !name.is_empty() && !name.contains(['/', ':'])
    }
}
