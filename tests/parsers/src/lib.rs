// SPDX-License-Identifier: Apache-2.0
//! Everything that reads a text from outside, and what must be so of each.
//!
//! A [`Parser`] takes any text. It gives what is said against it, a line each, or nothing; what must
//! never be is a panic. The tests put hostile texts through all of them, and `tests/fuzz` whatever a
//! fuzzer comes up with. A new parser: a function in the file of its subject, and a line in
//! [`PARSERS`].
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a parser that breaks its promise is found by a panic"
)]

#[cfg(feature = "functions")]
mod asked;
#[cfg(feature = "functions")]
mod delivered;
mod documents;
mod inventories;
mod packed;
mod replies;
mod stored;

#[cfg(test)]
mod tests;

/// A reader of texts from outside: what it says against one.
pub type Parser = fn(&str) -> Vec<String>;

/// All of them, by name.
pub const PARSERS: &[(&str, Parser)] = &[
    ("plan", documents::plan),
    ("inventory", inventories::inventory),
    ("rows", inventories::rows),
    ("policy", documents::policy),
    ("arn", documents::arn),
    ("template", documents::template),
    ("account", documents::account),
    ("simulate", documents::simulate),
    ("manifest", documents::manifest),
    ("refusal", replies::refusal),
    ("event", replies::event),
    ("request", replies::request),
    ("item", stored::item),
    ("report", stored::report),
    ("render", stored::render),
    ("envelope", stored::envelope),
    ("pack", packed::pack),
    #[cfg(feature = "functions")]
    ("batch", delivered::batch),
    #[cfg(feature = "functions")]
    ("stream", delivered::stream),
    #[cfg(feature = "functions")]
    ("http", delivered::http),
    #[cfg(feature = "functions")]
    ("address", asked::address),
];

/// The sentence of an error, where there is one.
fn said<T, E: std::fmt::Display>(read: Result<T, E>) -> Option<String> {
    read.err().map(|error| error.to_string())
}

fn all_said<E: std::fmt::Display>(errors: &[E]) -> Vec<String> {
    assert!(!errors.is_empty(), "refused, and nobody says why");
    errors.iter().map(ToString::to_string).collect()
}
