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

/// No more than so many characters of the text, and `…` where there were more.
#[must_use]
pub fn shortened(mut text: String, longest: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A JSON document with nothing hidden in it. JSON puts such characters into strings alone, where an
/// escape means the same. The newlines between the lines are its own.
#[must_use]
pub fn escape_invisible(text: String) -> String {
    let acts = |character: char| character != '\n' && is_invisible(character);
    // Nearly every text is printable ASCII, which needs no decoding.
    let plain = |byte: u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
    if text.bytes().all(plain) || !text.contains(acts) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if acts(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}
