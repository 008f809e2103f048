// SPDX-License-Identifier: Apache-2.0
//! Texts from outside, made fit to be quoted where somebody reads them.

use std::fmt::{self, Write};

/// Whether the character is not seen but acts: controls, and the marks that reorder or hide text.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// A text on one line, nothing hidden in it: an escape sequence is shown as `\u{1b}`, a line break as `\n`. What
/// XML forbids is shown the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible<'a>(pub &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        characters.try_for_each(|character| show(character, formatter))
    }
}

/// The character, or what shows where it stands.
///
/// # Errors
///
/// Where it can't be written.
pub fn show(character: char, out: &mut impl Write) -> fmt::Result {
    if is_invisible(character) || matches!(character, '\u{fffe}' | '\u{ffff}') {
        write!(out, "{}", character.escape_default())
    } else {
        out.write_char(character)
    }
}
