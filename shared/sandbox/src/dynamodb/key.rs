// SPDX-License-Identifier: Apache-2.0
//! Keys of tables and indexes: their schemas, their values, their order.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::attribute::{AttributeValue, Attributes};
use super::number::Number;

/// The longest partition and sort key values, in bytes.
const LONGEST_PARTITION: usize = 2048;
const LONGEST_SORT: usize = 1024;

/// The type of a key attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// A binary.
    B,
}

impl KeyType {
    /// The type's name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// The value of a key attribute. Values of one attribute have one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyValue {
    /// A string, ordered by its UTF-8 bytes.
    Text(String),
    /// A number.
    Number(Number),
    /// A binary, ordered by unsigned bytes.
    Bytes(Vec<u8>),
}

impl KeyValue {
    /// The key value of this type that an attribute holds.
    pub(crate) fn of(value: &AttributeValue, kind: KeyType) -> Option<Self> {
        match (value, kind) {
            (AttributeValue::String(text), KeyType::S) => Some(Self::Text(text.clone())),
            (AttributeValue::Number(number), KeyType::N) => Some(Self::Number(*number)),
            (AttributeValue::Binary(bytes), KeyType::B) => Some(Self::Bytes(bytes.clone())),
            _ => None,
        }
    }

    /// The place of a partition among all of them: as good as random, always the same.
    fn spread(&self) -> u64 {
        let mut hash = Sha256::new();
        match self {
            Self::Text(text) => hash.update(text.as_bytes()),
            Self::Number(number) => hash.update(number.to_string().as_bytes()),
            Self::Bytes(bytes) => hash.update(bytes),
        }
        hash.finalize()
            .iter()
            .take(8)
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// The key attributes of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeySchema {
    /// The partition key and its type.
    pub(crate) partition: (String, KeyType),
    /// The sort key and its type.
    pub(crate) sort: Option<(String, KeyType)>,
}

/// Why attributes are no key of a table, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// Too few or too many attributes, or one of another type.
    #[error("The provided key element does not match the schema")]
    Schema,
    /// An item without a key attribute.
    #[error("One or more parameter values were invalid: Missing the key {0} in the item")]
    Missing(String),
    /// An item whose key attribute has another type.
    #[error(
        "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {actual}"
    )]
    Type {
        /// The attribute.
        name: String,
        /// The schema's type.
        expected: &'static str,
        /// The item's type.
        actual: &'static str,
    },
    /// An item whose attribute can't be the key of an index.
    #[error(
        "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
    )]
    IndexType {
        /// The attribute.
        name: String,
        /// The index's type.
        expected: &'static str,
        /// The item's type.
        actual: &'static str,
        /// The index.
        index: String,
    },
    /// A key attribute that is empty.
    #[error(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"
    )]
    Empty {
        /// The attribute.
        name: String,
        /// `string` or `binary`.
        kind: &'static str,
    },
    /// An index's key attribute that is empty.
    #[error(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {kind} value. IndexName: {index}, IndexKey: {name}"
    )]
    EmptyIndex {
        /// The attribute.
        name: String,
        /// `string` or `binary`.
        kind: &'static str,
        /// The index.
        index: String,
    },
    /// A partition key that is too long.
    #[error(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )]
    LongPartition,
    /// A sort key that is too long.
    #[error(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    )]
    LongSort,
}

impl KeySchema {
    /// The key attributes, the partition key first.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &(String, KeyType)> {
        std::iter::once(&self.partition).chain(&self.sort)
    }

    /// Whether the attribute is part of the key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes().any(|(key, _)| key == name)
    }

    /// Checks the `Key` of a request: the key attributes and no other.
    pub(crate) fn check_key(&self, key: &Attributes) -> Result<(), KeyError> {
        if key.len() != self.attributes().count() {
            return Err(KeyError::Schema);
        }
        for (name, kind) in self.attributes() {
            let value = key.get(name).ok_or(KeyError::Schema)?;
            if value.type_name() != kind.name() {
                return Err(KeyError::Schema);
            }
        }
        self.check_values(key)
    }

    /// Checks the key attributes of a whole item.
    pub(crate) fn check_item(&self, item: &Attributes) -> Result<(), KeyError> {
        for (name, kind) in self.attributes() {
            let value = item
                .get(name)
                .ok_or_else(|| KeyError::Missing(name.clone()))?;
            if value.type_name() != kind.name() {
                return Err(KeyError::Type {
                    name: name.clone(),
                    expected: kind.name(),
                    actual: value.type_name(),
                });
            }
        }
        self.check_values(item)
    }

    /// Checks what an item has of an index's key. It need not have any.
    pub(crate) fn check_index(&self, item: &Attributes, index: &str) -> Result<(), KeyError> {
        for (name, kind) in self.attributes() {
            let Some(value) = item.get(name) else {
                continue;
            };
            if value.type_name() != kind.name() {
                return Err(KeyError::IndexType {
                    name: name.clone(),
                    expected: kind.name(),
                    actual: value.type_name(),
                    index: index.to_owned(),
                });
            }
            if let Some(kind) = emptiness(value) {
                return Err(KeyError::EmptyIndex {
                    name: name.clone(),
                    kind,
                    index: index.to_owned(),
                });
            }
        }
        self.check_lengths(item)
    }

    fn check_values(&self, attributes: &Attributes) -> Result<(), KeyError> {
        for (name, _) in self.attributes() {
            if let Some(kind) = attributes.get(name).and_then(emptiness) {
                return Err(KeyError::Empty {
                    name: name.clone(),
                    kind,
                });
            }
        }
        self.check_lengths(attributes)
    }

    fn check_lengths(&self, attributes: &Attributes) -> Result<(), KeyError> {
        let longer = |name: &str, limit: usize| match attributes.get(name) {
            Some(value @ (AttributeValue::String(_) | AttributeValue::Binary(_))) => {
                value.size() > limit
            }
            _ => false,
        };
        if longer(&self.partition.0, LONGEST_PARTITION) {
            return Err(KeyError::LongPartition);
        }
        if self
            .sort
            .as_ref()
            .is_some_and(|(name, _)| longer(name, LONGEST_SORT))
        {
            return Err(KeyError::LongSort);
        }
        Ok(())
    }

    /// Where an item stands in a table with this key; `None` if it lacks a key attribute.
    pub(crate) fn position(&self, item: &Attributes) -> Option<Position> {
        let read = |(name, kind): &(String, KeyType)| KeyValue::of(item.get(name)?, *kind);
        let partition = read(&self.partition)?;
        let sort = match &self.sort {
            Some(sort) => Some(read(sort)?),
            None => None,
        };
        Some(Position {
            spread: partition.spread(),
            partition,
            sort,
            of: None,
        })
    }

    /// The key attributes of an item.
    pub(crate) fn key_of(&self, item: &Attributes) -> Attributes {
        self.attributes()
            .filter_map(|(name, _)| Some((name.clone(), item.get(name)?.clone())))
            .collect()
    }
}

fn emptiness(value: &AttributeValue) -> Option<&'static str> {
    match value {
        AttributeValue::String(text) if text.is_empty() => Some("string"),
        AttributeValue::Binary(bytes) if bytes.is_empty() => Some("binary"),
        _ => None,
    }
}

/// Where an item stands in a table, or where it appears in an index: partitions in an order that
/// looks random, sort keys in theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Derived from the partition key.
    pub(crate) spread: u64,
    /// The partition key's value.
    pub(crate) partition: KeyValue,
    /// The sort key's value.
    pub(crate) sort: Option<KeyValue>,
    /// In an index, where several items may share a key: the item's place in the table.
    pub(crate) of: Option<Box<Position>>,
}

impl Position {
    /// The place before every item of a partition.
    pub(crate) fn before(partition: KeyValue) -> Self {
        Self {
            spread: partition.spread(),
            partition,
            sort: None,
            of: None,
        }
    }

    /// The same place in an index, for the item at `of`.
    pub(crate) fn with_item(mut self, of: Position) -> Self {
        self.of = Some(Box::new(of));
        self
    }

    /// Which of so many segments the partition belongs to.
    pub(crate) fn segment(&self, total: u64) -> u64 {
        let scaled = (u128::from(self.spread) * u128::from(total)) >> 64;
        u64::try_from(scaled).unwrap_or(0)
    }
}
