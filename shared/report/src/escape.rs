// SPDX-License-Identifier: Apache-2.0
//! Texts made safe for where they go. Each wrapper escapes as it is displayed.
//!
//! All of them make visible what would act without being seen: an escape sequence in a service's
//! message becomes `\u{1b}`, a line break `\n`. That also leaves no character that XML forbids but
//! the two non-characters, which are shown the same way.

use std::fmt::{self, Display, Formatter};

pub(crate) use keyproof_core::Visible;
use keyproof_core::show;

/// The text on one line, nothing hidden in it: for messages that are read as they are.
#[must_use]
pub fn visible(text: &str) -> String {
    Visible(text).to_string()
}

/// Text or an attribute's value in HTML, nothing hidden in it.
#[must_use]
pub fn markup(text: &str) -> String {
    Markup(text).to_string()
}

/// A sentence with `` `code` `` in it, as HTML.
#[must_use]
pub fn prose(sentence: &str) -> String {
    Prose(sentence).to_string()
}

/// Text or an attribute's value in HTML and XML.
pub(crate) struct Markup<'a>(pub(crate) &'a str);

/// A sentence with `` `code` `` in it, as HTML.
pub(crate) struct Prose<'a>(pub(crate) &'a str);

/// Text in Markdown, where no character of it is syntax.
pub(crate) struct Markdown<'a>(pub(crate) &'a str);

/// A code span in Markdown; not for a table's cell, which ends at a bar even inside code.
pub(crate) struct MarkdownCode<'a>(pub(crate) &'a str);

/// A sentence with `` `code` `` in it, as Markdown.
pub(crate) struct MarkdownProse<'a>(pub(crate) &'a str);

impl Display for Markup<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => formatter.write_str("&amp;"),
            '<' => formatter.write_str("&lt;"),
            '>' => formatter.write_str("&gt;"),
            '"' => formatter.write_str("&quot;"),
            '\'' => formatter.write_str("&#39;"),
            other => show(other, formatter),
        })
    }
}

/// The parts of a sentence and whether each is code. A backtick without its fellow is text.
fn parts(sentence: &str) -> impl Iterator<Item = (bool, &str)> {
    let paired = sentence.matches('`').count() / 2 * 2;
    let mut pieces = sentence.splitn(paired + 1, '`');
    let mut code = true;
    std::iter::from_fn(move || {
        code = !code;
        pieces.next().map(|piece| (code, piece))
    })
    .filter(|(_, piece)| !piece.is_empty())
}

impl Display for Prose<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        parts(self.0).try_for_each(|(code, piece)| {
            if code {
                write!(formatter, "<code>{}</code>", Markup(piece))
            } else {
                write!(formatter, "{}", Markup(piece))
            }
        })
    }
}

impl Display for Markdown<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars().peekable();
        let mut before = ['\0'; 3];
        while let Some(character) = characters.next() {
            let next = characters.peek().copied().unwrap_or(' ');
            let domain = before.iter().all(|letter| matches!(letter, 'w' | 'W'));
            match character {
                // An entity where a backslash would still leave a tag, a mention, an issue or an
                // address that the forge makes a link of.
                '<' | '>' | '&' => write!(formatter, "{}", Markup(&character.to_string()))?,
                '@' | '#' => write!(formatter, "&#{};", u32::from(character))?,
                ':' if !next.is_whitespace() => formatter.write_str("&#58;")?,
                '.' if domain => formatter.write_str("&#46;")?,
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                    write!(formatter, "\\{character}")?;
                }
                other => show(other, formatter)?,
            }
            before = [before[1], before[2], character];
        }
        Ok(())
    }
}

impl Display for MarkdownCode<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let shown = Visible(self.0).to_string();
        let mut run = 0;
        let longest = shown.chars().fold(0, |longest, character| {
            run = if character == '`' { run + 1 } else { 0 };
            longest.max(run)
        });
        let fence = "`".repeat(longest + 1);
        let pad = if longest > 0 || shown.trim().len() != shown.len() {
            " "
        } else {
            ""
        };
        write!(formatter, "{fence}{pad}{shown}{pad}{fence}")
    }
}

impl Display for MarkdownProse<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        parts(self.0).try_for_each(|(code, piece)| {
            if code {
                write!(formatter, "{}", MarkdownCode(piece))
            } else {
                write!(formatter, "{}", Markdown(piece))
            }
        })
    }
}
