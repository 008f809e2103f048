// SPDX-License-Identifier: Apache-2.0
//! The items of one table and their appearances in its indexes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::attribute::Attributes;
use super::key::{KeySchema, KeyValue, Position};

#[cfg(test)]
mod tests;

/// Items in the order of a table or an index.
type Shelf = BTreeMap<Position, Arc<Attributes>>;

/// The items of one table.
// INVARIANT (indexes follow): an item is on the shelf of an index exactly if it has all of the
// index's key attributes, and every shelf holds the same `Arc` as the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    items: Shelf,
    indexes: BTreeMap<String, Shelf>,
}

impl Store {
    /// The item with this key.
    pub(crate) fn get(&self, keys: &KeySchema, key: &Attributes) -> Option<&Arc<Attributes>> {
        self.items.get(&keys.position(key)?)
    }

    /// Puts an item, in place of the one with its key.
    pub(crate) fn put<'a>(
        &mut self,
        keys: &KeySchema,
        indexes: impl Iterator<Item = (&'a String, &'a KeySchema)> + Clone,
        item: Attributes,
    ) {
        let Some(position) = keys.position(&item) else {
            return;
        };
        self.remove(keys, indexes.clone(), &item);
        let item = Arc::new(item);
        for (name, index) in indexes {
            if let Some(place) = index.position(&item) {
                let entries = self.indexes.entry(name.clone()).or_default();
                entries.insert(place.with_item(position.clone()), Arc::clone(&item));
            }
        }
        self.items.insert(position, item);
    }

    /// Removes the item with this key.
    pub(crate) fn remove<'a>(
        &mut self,
        keys: &KeySchema,
        indexes: impl Iterator<Item = (&'a String, &'a KeySchema)>,
        key: &Attributes,
    ) {
        let Some(position) = keys.position(key) else {
            return;
        };
        let Some(removed) = self.items.remove(&position) else {
            return;
        };
        for (name, index) in indexes {
            if let (Some(place), Some(entries)) =
                (index.position(&removed), self.indexes.get_mut(name))
            {
                entries.remove(&place.with_item(position.clone()));
            }
        }
    }

    /// Fills a new index.
    pub(crate) fn add_index(&mut self, name: &str, index: &KeySchema) {
        let entries = self
            .items
            .iter()
            .filter_map(|(position, item)| {
                Some((
                    index.position(item)?.with_item(position.clone()),
                    Arc::clone(item),
                ))
            })
            .collect();
        self.indexes.insert(name.to_owned(), entries);
    }

    /// Forgets an index.
    pub(crate) fn remove_index(&mut self, name: &str) {
        self.indexes.remove(name);
    }

    /// Every item, in the order of the table or of an index, after a place.
    pub(crate) fn scan<'a>(
        &'a self,
        index: Option<&str>,
        after: Option<&Position>,
    ) -> Box<dyn Iterator<Item = (&'a Position, &'a Arc<Attributes>)> + 'a> {
        let Some(entries) = self.shelf(index) else {
            return Box::new(std::iter::empty());
        };
        let lower = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
        Box::new(entries.range((lower, Bound::Unbounded)))
    }

    /// The items of one partition, forward or backward, after a place.
    pub(crate) fn partition<'a>(
        &'a self,
        index: Option<&str>,
        partition: KeyValue,
        forward: bool,
        after: Option<&Position>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Attributes>> + 'a> {
        let Some(entries) = self.shelf(index) else {
            return Box::new(std::iter::empty());
        };
        let start = Position::before(partition.clone());
        let within =
            move |(position, _): &(&Position, &Arc<Attributes>)| position.partition == partition;
        let item = |(_, item): (&Position, &'a Arc<Attributes>)| item;
        if forward {
            let lower = after.filter(|after| **after > start).map_or_else(
                || Bound::Included(start.clone()),
                |after| Bound::Excluded(after.clone()),
            );
            return Box::new(
                entries
                    .range((lower, Bound::Unbounded))
                    .take_while(within)
                    .map(item),
            );
        }
        let (lower, upper) = (Bound::Included(start.clone()), after.cloned());
        match upper {
            // Nothing of the partition stands before such a place.
            Some(upper) if upper <= start => Box::new(std::iter::empty()),
            Some(upper) => {
                let range = entries.range((lower, Bound::Excluded(upper)));
                Box::new(range.rev().filter(within).map(item))
            }
            // The end of the partition has no position of its own: walk it once.
            None => {
                let whole: Vec<_> = entries
                    .range((lower, Bound::Unbounded))
                    .take_while(within)
                    .collect();
                Box::new(whole.into_iter().rev().map(item))
            }
        }
    }

    /// How many items there are, and how many bytes they have.
    pub(crate) fn totals(&self, index: Option<&str>) -> (usize, usize) {
        let Some(entries) = self.shelf(index) else {
            return (0, 0);
        };
        (
            entries.len(),
            entries
                .values()
                .map(|item| super::attribute::size(item))
                .sum(),
        )
    }

    /// Every item, for saving.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Attributes>> {
        self.items.values()
    }

    fn shelf(&self, index: Option<&str>) -> Option<&Shelf> {
        match index {
            Some(name) => self.indexes.get(name),
            None => Some(&self.items),
        }
    }
}
