// SPDX-License-Identifier: Apache-2.0
//! YAML 1.2, from the parser's events into the tree.

mod builder;
mod tag;

use saphyr_parser::{Event, Marker, Parser, ScanError};

use self::builder::Builder;
use crate::{DocumentError, DocumentProblem, Limits, Place, Reading};

/// Reads the one YAML document of `text`.
pub(crate) fn read(text: &str, limits: Limits) -> Reading {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::within(limits);
    // The parser puts what is missing at the end onto a line that no editor shows.
    let end = crate::place_of(text.trim_end_matches(['\n', '\r']));
    let fatal = loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break None,
            Some(Ok((event, span))) => {
                if let Err(error) = take(&mut builder, event, place(span.start).min(end)) {
                    break Some(error);
                }
            }
            Some(Err(error)) => break Some(syntax(text, &error, end)),
        }
    };
    builder.finish(fatal)
}

fn take(builder: &mut Builder, event: Event<'_>, place: Place) -> Result<(), DocumentError> {
    match event {
        Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        Event::DocumentStart(_) => builder.document(place),
        Event::Alias(anchor) => builder.alias(anchor, place),
        Event::Scalar(text, style, anchor, tag) => {
            builder.scalar(&text, style, anchor, tag.as_deref(), place)
        }
        Event::SequenceStart(anchor, tag) => builder.open_sequence(anchor, tag.as_deref(), place),
        Event::MappingStart(anchor, tag) => builder.open_mapping(anchor, tag.as_deref(), place),
        Event::SequenceEnd | Event::MappingEnd => builder.close(place),
    }
}

fn place(marker: Marker) -> Place {
    Place {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// The parser's error in our words: one sentence, with the mend where the cause is known.
fn syntax(text: &str, error: &ScanError, end: Place) -> DocumentError {
    let place = place(*error.marker()).min(end);
    let line = text.lines().nth(place.line - 1).unwrap_or_default();
    let info = error.info();
    if let Some(character) = info.strip_prefix("unexpected character: `") {
        let character = character.strip_suffix('\'').unwrap_or(character);
        let message =
            format!("not valid YAML: `{character}` cannot start a value; put the value in quotes");
        return DocumentProblem::Syntax { message }.at(place);
    }
    let mend = if line.trim_start_matches(' ').starts_with('\t') || info.contains("tab") {
        "; indent with spaces, as YAML does not take tabs"
    } else if info.contains("mapping values are not allowed") {
        "; check the indentation, or put a value that holds `: ` in quotes"
    } else if info.contains("invalid Unicode character escape code") {
        "; YAML writes characters beyond U+FFFF as `\\UXXXXXXXX`, not as a surrogate pair"
    } else if info.contains("unknown anchor") {
        "; an alias `*NAME` needs an anchor `&NAME` before it"
    } else if info.contains("unknown escape") {
        "; in double quotes a backslash is written `\\\\`"
    } else if info.contains("handle wasn't declared") {
        "; write a local tag, such as `!Ref`"
    } else if info.contains("did not find expected key") || info.contains("simple key expected") {
        "; check the indentation of this line and the one above"
    } else {
        ""
    };
    let message = format!("not valid YAML: {info}{mend}");
    DocumentProblem::Syntax { message }.at(place)
}
