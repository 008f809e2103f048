// SPDX-License-Identifier: Apache-2.0
//! From nouns to items of the table and back.

use keyproof_core::Visible;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Key;

/// The schema of the items that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;

/// An item of the table: its attributes by name, `pk` and `sk` among them.
pub type Item = Map<String, Value>;

/// Something that the table holds, in one item.
pub trait Noun: Serialize + DeserializeOwned {
    /// What it is, for errors: `a plan`, `a run`.
    const NOUN: &'static str;

    /// Where it is.
    fn key(&self) -> Key;

    /// The item for the table.
    ///
    /// # Errors
    ///
    /// Where it is no object: never, for a noun of this crate.
    fn to_item(&self) -> Result<Item, ItemError> {
        let damaged = |source| ItemError::Damaged {
            noun: Self::NOUN,
            source,
        };
        let fields = serde_json::to_value(self).map_err(damaged)?;
        let Value::Object(fields) = fields else {
            return Err(ItemError::NoItem { noun: Self::NOUN });
        };
        let Key { pk, sk } = self.key();
        let mut item = Item::new();
        item.insert("pk".to_owned(), pk.into());
        item.insert("sk".to_owned(), sk.into());
        item.insert("schema".to_owned(), SCHEMA.into());
        item.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        Ok(item)
    }

    /// The noun in an item. Attributes that this version doesn't know are passed over, as another of
    /// the same schema may have them.
    ///
    /// # Errors
    ///
    /// Where the item was written by a version with a newer schema, lacks an attribute, or stands where
    /// what it says doesn't belong.
    fn from_item(item: Item) -> Result<Self, ItemError> {
        let noun = Self::NOUN;
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let place = text("pk").zip(text("sk")).map(|(pk, sk)| Key { pk, sk });
        match item.get("schema").map(|schema| (schema, schema.as_u64())) {
            None => return Err(ItemError::NoSchema { noun }),
            Some((_, Some(SCHEMA))) => {}
            Some((schema, _)) => {
                return Err(ItemError::OtherSchema {
                    noun,
                    schema: schema.to_string(),
                });
            }
        }
        let read: Self = serde_json::from_value(Value::Object(item))
            .map_err(|source| ItemError::Damaged { noun, source })?;
        let belongs = read.key();
        match place {
            Some(place) if place != belongs => Err(ItemError::Misplaced {
                noun,
                place: shown(&place),
                belongs: shown(&belongs),
            }),
            _ => Ok(read),
        }
    }
}

fn shown(Key { pk, sk }: &Key) -> String {
    format!("{}/{}", Visible(pk), Visible(sk))
}

/// An item that this version can't stand behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ItemError {
    /// Nothing says which version wrote it.
    #[error("{noun} in the state table has no `schema`: keyproof didn't write it")]
    NoSchema {
        /// What was looked for.
        noun: &'static str,
    },
    /// Another version's.
    #[error(
        "{noun} in the state table has schema {schema}, and keyproof {} knows {SCHEMA}; a newer keyproof \
         wrote it: upgrade this one (the command line to the stack's version, the stack by deploying it \
         anew)",
        env!("CARGO_PKG_VERSION")
    )]
    OtherSchema {
        /// What was looked for.
        noun: &'static str,
        /// The schema that the item names.
        schema: String,
    },
    /// The right schema, but not the right attributes.
    #[error("{noun} in the state table is damaged: {source}")]
    Damaged {
        /// What was looked for.
        noun: &'static str,
        /// What is missing or of the wrong type.
        source: serde_json::Error,
    },
    /// The right attributes in the place of something else.
    #[error(
        "{noun} in the state table stands at `{place}`, and by what it says it belongs to `{belongs}`: keyproof didn't write it"
    )]
    Misplaced {
        /// What was looked for.
        noun: &'static str,
        /// Its keys.
        place: String,
        /// The keys of what it says.
        belongs: String,
    },
    /// A noun that is no object.
    #[error("{noun} has no attributes")]
    NoItem {
        /// What was to be written.
        noun: &'static str,
    },
}
