// SPDX-License-Identifier: Apache-2.0
//! The streams of a run, handed in so that a test can look at what a command says.

use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard input, output and error of one run.
#[derive(Debug)]
pub struct Io {
    /// Where `-` is read from.
    pub stdin: Input,
    /// Reports, and nothing else.
    pub stdout: Output,
    /// Everything else.
    pub stderr: Messages,
    /// Whether `stdout` takes colours.
    pub colour: bool,
    /// Whether somebody watches `stderr`.
    pub watched: bool,
}

impl Io {
    /// The process's own streams. Colour is for a terminal, and never with
    /// [`NO_COLOR`](https://no-color.org).
    #[must_use]
    pub fn standard() -> Self {
        let stdout = io::stdout();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            watched: io::stderr().is_terminal() && !dumb,
            colour: stdout.is_terminal() && !is_set("NO_COLOR") && !dumb,
            stdin: Input::new(io::stdin()),
            stdout: Output::new(BufWriter::with_capacity(1 << 16, stdout)),
            stderr: Messages::new(io::stderr()),
        }
    }
}

/// Standard input.
pub struct Input(BufReader<Box<dyn Read>>);

impl Input {
    /// Reads from here.
    pub fn new(reader: impl Read + 'static) -> Self {
        Self(BufReader::with_capacity(1 << 16, Box::new(reader)))
    }

    /// The reader.
    pub fn reader(&mut self) -> &mut impl BufRead {
        &mut self.0
    }

    /// Whether something has arrived that was not read yet: reading it won't wait.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.0.buffer().is_empty()
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Input")
    }
}

/// Standard output. Once its reader has gone away, everything written is taken and dropped: `keyproof
/// … | head` ends quietly and with the verdict's exit code.
pub struct Output {
    writer: Box<dyn Write>,
    closed: bool,
}

impl Output {
    /// Writes to here.
    pub fn new(writer: impl Write + 'static) -> Self {
        Self {
            writer: Box::new(writer),
            closed: false,
        }
    }

    /// Whether the reader has gone away.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    fn quietly<T>(&mut self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                // What is still buffered has no reader either.
                self.writer = Box::new(io::sink());
                Ok(otherwise)
            }
            done => done,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.writer.write(bytes);
        self.quietly(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.writer.flush();
        self.quietly(done, ())
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Output")
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

/// Standard error. Clones share one stream; a stream that can't be written to is no reason to stop,
/// as there is nowhere left to say so.
#[derive(Clone)]
pub struct Messages(Arc<Mutex<dyn Write + Send>>);

impl Messages {
    /// Writes to here.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// Writes one line, or several. What would act on a terminal is shown instead: an error may quote
    /// anything.
    pub fn say(&mut self, line: impl fmt::Display) {
        // Whole, so that two lines never run into each other.
        let text = format!("{line}\n");
        let _ = self.write_all(text.as_bytes());
        let _ = self.flush();
    }

    /// Writes over the line that the terminal's cursor is on, and stays on it. Only for a terminal.
    pub fn overwrite(&mut self, line: impl fmt::Display) {
        let line = shown(line.to_string().as_bytes());
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A terminal that can't be written to is no reason to stop.
        let _ = write!(writer, "\r{line}{TO_END_OF_LINE}");
        let _ = writer.flush();
    }
}

/// Erases what is right of the cursor.
const TO_END_OF_LINE: &str = "\u{1b}[K";

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(shown(bytes).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush();
        Ok(())
    }
}

/// The text with nothing hidden in it, its lines left as they are.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' {
            shown.push(character);
        } else {
            // Writing to a string can't fail.
            let _ = keyproof_core::show(character, &mut shown);
        }
    }
    shown
}

impl fmt::Debug for Messages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Messages")
    }
}
