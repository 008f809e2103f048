// SPDX-License-Identifier: Apache-2.0
//! An item of the state table as its stream tells it.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html>

use jiff::Timestamp;
use keyproof_state::{ChangeItem, Item, ItemError, Key, Noun as _, RunItem};
use serde_json::{Map, Value};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// A record of the outbox: items that are written once and never altered.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A committed run.
    Run(Box<RunItem>),
    /// What a committed run changed, or a part of it.
    Change(Box<ChangeItem>),
}

impl Record {
    /// The plan that it is of.
    #[must_use]
    pub fn plan(&self) -> &str {
        match self {
            Self::Run(run) => &run.plan,
            Self::Change(change) => &change.plan,
        }
    }

    /// What the marks of its publication are filed under: `000000000012/RUN`,
    /// `000000000012/CHANGE/001`.
    #[must_use]
    pub fn mark(&self) -> String {
        match self {
            Self::Run(run) => format!("{:012}/RUN", run.commit),
            Self::Change(change) => format!("{:012}/CHANGE/{:03}", change.commit, change.part),
        }
    }

    /// When its run ended.
    #[must_use]
    pub fn finished_at(&self) -> Timestamp {
        match self {
            Self::Run(run) => run.finished_at,
            Self::Change(change) => change.finished_at,
        }
    }

    /// When the table forgets it, and the marks with it.
    #[must_use]
    pub fn expires(&self) -> i64 {
        match self {
            Self::Run(run) => run.expires,
            Self::Change(change) => change.expires,
        }
    }

    /// The plan of an image, whatever else it is.
    #[must_use]
    pub fn plan_of_image(image: &Value) -> Option<&str> {
        image
            .pointer("/pk/S")?
            .as_str()?
            .strip_prefix(Key::PLAN_PREFIX)
    }

    /// Reads the new image of an inserted item; `None` where the item is none of the outbox.
    ///
    /// # Errors
    ///
    /// Where it is of the outbox and can't be read.
    pub fn of_image(image: &Value) -> Result<Option<Self>, ImageError> {
        let image = image.as_object().ok_or(ImageError::NoImage)?;
        let (pk, sk) = (text(image, "pk")?, text(image, "sk")?);
        if !pk.starts_with(Key::PLAN_PREFIX) {
            return Ok(None);
        }
        if sk.starts_with(Key::RUN_PREFIX) {
            let run = RunItem::from_item(item(image)?)?;
            return Ok(Some(Self::Run(Box::new(run))));
        }
        if sk.starts_with(Key::CHANGE_PREFIX) {
            let change = ChangeItem::from_item(item(image)?)?;
            return Ok(Some(Self::Change(Box::new(change))));
        }
        Ok(None)
    }
}

/// Why an image can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The stream's view has no new images.
    #[error("the stream record has no `NewImage`; the stream's view type must be NEW_IMAGE")]
    NoImage,
    /// A key attribute is missing or no text.
    #[error("the item's `{0}` is no text")]
    NoKey(&'static str),
    /// A value of a type that this table doesn't use.
    #[error("the item's `{path}` is no value of a type that keyproof writes")]
    Value {
        /// The attribute, with dots.
        path: String,
    },
    /// Not what this version writes.
    #[error(transparent)]
    Item(#[from] ItemError),
}

fn text<'a>(image: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, ImageError> {
    let value = image.get(name).and_then(|value| value.get("S"));
    value.and_then(Value::as_str).ok_or(ImageError::NoKey(name))
}

fn item(image: &Map<String, Value>) -> Result<Item, ImageError> {
    image
        .iter()
        .map(|(name, value)| Ok((name.clone(), plain(value, name)?)))
        .collect()
}

/// A typed value without its type.
fn plain(value: &Value, path: &str) -> Result<Value, ImageError> {
    let wrong = || ImageError::Value {
        path: path.to_owned(),
    };
    let mut fields = value.as_object().ok_or_else(wrong)?.iter();
    let (kind, inner) = fields.next().ok_or_else(wrong)?;
    if fields.next().is_some() {
        return Err(wrong());
    }
    match (kind.as_str(), inner) {
        ("S", Value::String(_)) | ("BOOL", Value::Bool(_)) => Ok(inner.clone()),
        ("NULL", _) => Ok(Value::Null),
        ("N", Value::String(digits)) => {
            let number: serde_json::Number = digits.parse().map_err(|_| wrong())?;
            Ok(Value::Number(number))
        }
        ("L", Value::Array(values)) => {
            let values = values.iter().enumerate();
            let values = values.map(|(index, value)| plain(value, &format!("{path}.{index}")));
            Ok(Value::Array(values.collect::<Result<_, _>>()?))
        }
        ("M", Value::Object(values)) => {
            let values = values.iter();
            let values = values
                .map(|(name, value)| Ok((name.clone(), plain(value, &format!("{path}.{name}"))?)));
            Ok(Value::Object(values.collect::<Result<_, ImageError>>()?))
        }
        _ => Err(wrong()),
    }
}
