// SPDX-License-Identifier: Apache-2.0
//! What is known about a request beside caller, action and resource.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

mod multivalued;

#[cfg(test)]
mod tests;

/// The value of a context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValue {
    /// Of a single-valued key.
    One(String),
    /// Of a multivalued key, such as `aws:TagKeys`. Only `ForAllValues` and `ForAnyValue` read it.
    Many(Vec<String>),
}

impl ContextValue {
    /// A key's values, as the key has them: several, and whatever is in a multivalued key, are
    /// [`Many`](Self::Many); a single value of any other key is [`One`](Self::One), however it was
    /// written down.
    #[must_use]
    pub fn of(key: &str, values: Vec<String>) -> Self {
        match <[String; 1]>::try_from(values) {
            Ok([one]) if !multivalued::is_multivalued(key) => Self::One(one),
            Ok([one]) => Self::Many(vec![one]),
            Err(several) => Self::Many(several),
        }
    }

    /// The values, whether one or many.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl From<&str> for ContextValue {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<String> for ContextValue {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl From<bool> for ContextValue {
    fn from(value: bool) -> Self {
        Self::One(value.to_string())
    }
}

impl From<Vec<String>> for ContextValue {
    fn from(values: Vec<String>) -> Self {
        Self::Many(values)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    // INVARIANT (context order): entries are sorted by `key`, which is `name` in lower case.
    key: String,
    name: String,
    value: Option<ContextValue>,
}

/// The request context: condition keys and their values. Keys compare without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: Vec<Entry>,
}

/// What looking a key up gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// The request has no such key.
    Absent,
    /// The caller declared that it does not know.
    Unknown,
    /// This.
    Value(&'a ContextValue),
}

impl Context {
    /// A context without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key, in place of what it was.
    pub fn set(&mut self, key: &str, value: impl Into<ContextValue>) {
        self.put(key, Some(value.into()));
    }

    /// The same context with a key set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<ContextValue>) -> Self {
        self.set(key, value);
        self
    }

    /// Declares that nobody knows this key's value, not even whether it is there. The decision then
    /// says whether it hangs on it.
    pub fn set_unknown(&mut self, key: &str) {
        self.put(key, None);
    }

    /// Forgets a key: the request does not have it.
    pub fn remove(&mut self, key: &str) {
        if let Ok(at) = self.position(&key.to_lowercase()) {
            self.entries.remove(at);
        }
    }

    /// A key's value; `None` if it is absent or unknown.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        match self.find(&key.to_lowercase()) {
            Found::Value(value) => Some(value),
            Found::Absent | Found::Unknown => None,
        }
    }

    /// Whether the key was set or declared unknown.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.position(&key.to_lowercase()).is_ok()
    }

    /// The known keys as they were written, with their values, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry.name.as_str(), entry.value.as_ref()?)))
    }

    /// The keys declared unknown, as they were written.
    pub fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter(|entry| entry.value.is_none())
            .map(|entry| entry.name.as_str())
    }

    /// Looks up a key that is in lower case already.
    pub(crate) fn find(&self, key: &str) -> Found<'_> {
        match self.position(key).ok().and_then(|at| self.entries.get(at)) {
            Some(Entry {
                value: Some(value), ..
            }) => Found::Value(value),
            Some(Entry { value: None, .. }) => Found::Unknown,
            None => Found::Absent,
        }
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.key.as_str().cmp(key))
    }

    fn put(&mut self, name: &str, value: Option<ContextValue>) {
        let key = name.to_lowercase();
        match self.position(&key) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    name.clone_into(&mut entry.name);
                    entry.value = value;
                }
            }
            Err(at) => self.entries.insert(
                at,
                Entry {
                    key,
                    name: name.to_owned(),
                    value,
                },
            ),
        }
    }
}
