// SPDX-License-Identifier: Apache-2.0
//! `keyproof simulate`: policy decisions, a line in, a line out.

use std::io::{self, BufRead, ErrorKind, Write};

use keyproof_policy::simulate::simulate_line;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;

/// The longest line that is read: more than the policies of any one request come to.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Decide requests by their policies: JSON Lines on stdin, JSON Lines on stdout
///
/// Each line is a request with all the policies that apply to it; each gives one line with the
/// decision, the policy type that made it and the statements responsible, in order. A line that
/// can't be read gives an error and exit code 2 at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

/// Answers each line as it comes, so that another program can hold the other end.
pub(crate) fn run(_: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let unreadable = |source| CliError::Unreadable {
        name: "<stdin>".to_owned(),
        source,
    };
    let mut line = Vec::new();
    let mut outcome = Outcome::Pass;
    // Without a reader there is nobody left to answer.
    while !io.stdout.is_closed() {
        let reader = io.stdin.reader();
        let length = match read_line(reader, &mut line).map_err(unreadable)? {
            Line::End => break,
            Line::Read => Ok(()),
            Line::TooLong => Err("the line is longer than 16 MiB".to_owned()),
        };
        let answer = length.and_then(|()| {
            std::str::from_utf8(&line).map_err(|error| format!("the line is not UTF-8: {error}"))
        });
        let (text, failed) = match answer {
            Ok(text) => {
                let simulated = simulate_line(text);
                (simulated.line, simulated.failed)
            }
            Err(error) => (
                serde_json::json!({"id": null, "error": error}).to_string(),
                true,
            ),
        };
        if failed {
            outcome = Outcome::NotCarriedOut;
        }
        // Somebody who writes one line and waits for its answer must get it.
        let waiting = !io.stdin.has_more();
        writeln!(io.stdout, "{text}")
            .and_then(|()| if waiting { io.stdout.flush() } else { Ok(()) })
            .map_err(CliError::stdout)?;
    }
    Ok(outcome)
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Reads one line without its end. A line that is too long is passed over, not kept.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut any, mut too_long) = (false, false);
    loop {
        let bytes = match reader.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() && !any {
            return Ok(Line::End);
        }
        any = true;
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let (part, used) = match end {
            Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
            None => (bytes, bytes.len()),
        };
        let finished = end.is_some() || bytes.is_empty();
        too_long |= line.len() + part.len() > LONGEST_LINE;
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        reader.consume(used);
        if finished {
            return Ok(if too_long { Line::TooLong } else { Line::Read });
        }
    }
}
