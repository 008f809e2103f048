// SPDX-License-Identifier: Apache-2.0
//! Where a report goes, in which formats: `--format` and `--output`, in pairs.

use std::io::Write;
use std::path::{Path, PathBuf};

use keyproof_report::{Options, unneeded, visible};
use keyproof_verdict::Report;

use crate::error::CliError;
use crate::file;
use crate::format::Format;
use crate::input::Source;
use crate::io::{Io, Output};
use crate::stream::{Spool, Stream};

/// The options of every command that writes a report.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ReportOptions {
    /// Format of the report; repeat it, with an --output each, for several [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Vec<Format>,
    /// File for the report in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// An earlier JSON report of the same plan, best the last that passed: text, Markdown and HTML say
    /// what changed since
    #[arg(long, value_name = "REPORT")]
    previous: Option<PathBuf>,
}

/// One format and where it goes.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    format: Format,
    /// Standard output where `None`.
    file: Option<PathBuf>,
}

/// Where a report goes.
#[derive(Debug)]
pub(crate) struct Destinations {
    /// Never empty.
    pairs: Vec<Destination>,
    /// The report to compare with.
    previous: Option<Report>,
}

impl ReportOptions {
    /// Where the report goes; reads the earlier report, so that a run is not made in vain.
    pub(crate) fn destinations(&self, io: &mut Io) -> Result<Destinations, CliError> {
        let pairs = self.pairs()?;
        let previous = self.previous.clone().map(Source::File);
        let previous = previous.map(|source| source.report(io)).transpose()?;
        Ok(Destinations { pairs, previous })
    }

    /// Pairs formats with outputs in the order in which they are given.
    fn pairs(&self) -> Result<Vec<Destination>, CliError> {
        let formats = match self.format.as_slice() {
            [] => &[Format::Text],
            given => given,
        };
        let outputs = match self.output.as_slice() {
            [] => &[PathBuf::from("-")],
            given => given,
        };
        if formats.len() != outputs.len() {
            return Err(CliError::Usage(format!(
                "{} `--format` and {} `--output` are no pairs; give each format its own output, `-` for standard output",
                self.format.len(),
                self.output.len(),
            )));
        }
        for (index, output) in outputs.iter().enumerate() {
            if outputs.iter().take(index).any(|earlier| earlier == output) {
                return Err(CliError::Usage(format!(
                    "`--output {}` is given twice; each format needs an output of its own",
                    output.display()
                )));
            }
        }
        let pairs = formats
            .iter()
            .zip(outputs)
            .map(|(&format, output)| Destination {
                format,
                file: Some(output.clone()).filter(|output| !is_stdout(output)),
            });
        Ok(pairs.collect())
    }
}

/// Whether the format is made row by row.
const fn streams(format: Format) -> bool {
    matches!(format, Format::Json | Format::Jsonl)
}

/// Whether an `--output` is standard output.
pub(crate) fn is_stdout(output: &Path) -> bool {
    output == Path::new("-")
}

/// Writes a document that is no report where `--output` says.
pub(crate) fn put(output: &Path, text: &str, io: &mut Io) -> Result<(), CliError> {
    put_by(file::write, output, text, io)
}

/// The same for what is nobody else's business: a new file is its owner's alone.
pub(crate) fn put_private(output: &Path, text: &str, io: &mut Io) -> Result<(), CliError> {
    put_by(file::write_private, output, text, io)
}

fn put_by(
    write: impl FnOnce(&Path, &[u8]) -> std::io::Result<()>,
    output: &Path,
    text: &str,
    io: &mut Io,
) -> Result<(), CliError> {
    if is_stdout(output) {
        return io
            .stdout
            .write_all(text.as_bytes())
            .and_then(|()| io.stdout.flush())
            .map_err(CliError::stdout);
    }
    write(output, text.as_bytes()).map_err(|source| CliError::Write {
        what: format!("`{}`", output.display()),
        source,
    })
}

impl Destinations {
    /// Whether some format needs the whole report at once.
    pub(crate) fn needs_whole(&self) -> bool {
        let formats = self.pairs.iter().map(|pair| pair.format);
        formats.into_iter().any(|format| !streams(format))
    }

    /// Lets a run's rows go out as they come, as far as formats can: lines always, JSON where nothing
    /// needs the whole report.
    pub(crate) fn stream<'i>(
        &self,
        stream: &mut Stream<'i>,
        whole: bool,
        stdout: &'i mut Output,
    ) -> Result<(), CliError> {
        let mut stdout = Some(stdout);
        for pair in &self.pairs {
            match (pair.format, &pair.file) {
                (Format::Jsonl, Some(path)) => stream.lines_to_file(path)?,
                (Format::Jsonl, None) => {
                    if let Some(stdout) = stdout.take() {
                        stream.lines_to_stdout(stdout);
                    }
                }
                (Format::Json, _) if !whole => stream.spool(),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what of a run's report is not written yet. The report has rows where it was made `whole`.
    pub(crate) fn finish(
        &self,
        report: &Report,
        spool: Option<Spool>,
        whole: bool,
        io: &mut Io,
    ) -> Result<(), CliError> {
        let mut told = Vec::new();
        let mut errors = Vec::new();
        let mut spool = spool;
        for pair in &self.pairs {
            match (pair.format, &pair.file) {
                (Format::Jsonl, Some(path)) => told.push(format!("`{}`", path.display())),
                (Format::Json, file) if !whole => {
                    let Some(spool) = &mut spool else { continue };
                    let what = file.as_ref().map(|path| format!("`{}`", path.display()));
                    let written = match file {
                        None => spool
                            .json(report, &mut io.stdout)
                            .and_then(|()| io.stdout.flush()),
                        Some(path) => file::write_with(path, |out| spool.json(report, out)),
                    };
                    match (written, what) {
                        (Ok(()), what) => told.extend(what),
                        (Err(source), None) => errors.push(CliError::stdout(source)),
                        (Err(source), Some(what)) => errors.push(CliError::Write { what, source }),
                    }
                }
                _ => {}
            }
        }
        let pending = |pair: &&Destination| {
            pair.format != Format::Jsonl && (whole || pair.format != Format::Json)
        };
        self.write_pairs(report, pending, told, errors, io)
    }

    /// Writes the report everywhere: to standard output first, so that a disk that is full hides no
    /// verdict. A run whose report went to files only says its verdict on stderr.
    pub(crate) fn write(&self, report: &Report, io: &mut Io) -> Result<(), CliError> {
        self.write_pairs(report, |_| true, Vec::new(), Vec::new(), io)
    }

    fn write_pairs(
        &self,
        report: &Report,
        pending: impl Fn(&&Destination) -> bool,
        mut told: Vec<String>,
        mut errors: Vec<CliError>,
        io: &mut Io,
    ) -> Result<(), CliError> {
        let previous = self.previous(report, io);
        let (files, stdout): (Vec<_>, Vec<_>) = self
            .pairs
            .iter()
            .filter(pending)
            .partition(|destination| destination.file.is_some());
        let options = |colour| Options { colour, previous };
        for destination in stdout {
            let written = destination
                .format
                .write(report, options(io.colour), &mut io.stdout)
                .and_then(|()| io.stdout.flush());
            errors.extend(written.map_err(CliError::stdout).err());
        }
        for destination in &files {
            let Some(path) = &destination.file else {
                continue;
            };
            let bytes = destination.format.bytes(report, options(false));
            match bytes.and_then(|bytes| file::write(path, &bytes)) {
                Ok(()) => told.push(format!("`{}`", path.display())),
                Err(source) => {
                    let what = format!("`{}`", path.display());
                    errors.push(CliError::Write { what, source });
                }
            }
        }
        let silent = self.pairs.iter().all(|pair| pair.file.is_some());
        if silent || !errors.is_empty() {
            io.stderr.say(in_short(report, &told));
        }
        CliError::outputs(errors)
    }
}

impl Destinations {
    /// The earlier report, where it is one of the same plan.
    fn previous(&self, report: &Report, io: &mut Io) -> Option<&Report> {
        let previous = self.previous.as_ref()?;
        let same = previous.plan.name == report.plan.name;
        if !same {
            io.stderr.say(format_args!(
                "warning: the report of `--previous` is of the plan `{}`, not of `{}`; what changed is left out",
                previous.plan.name, report.plan.name
            ));
        }
        Some(previous).filter(|_| same)
    }
}

/// The verdict in a line, and one for each exception that nobody needs any more.
fn in_short(report: &Report, files: &[String]) -> String {
    // Writing to a string cannot fail.
    use std::fmt::Write as _;
    let summary = &report.summary;
    let mut line = format!(
        "{}: {}: {} of {} probes passed, {} failed, {} inconclusive",
        report.plan.name,
        summary.verdict,
        summary.pass,
        summary.planned,
        summary.fail,
        summary.inconclusive,
    );
    if summary.excepted > 0 {
        let _ = write!(line, ", {} excepted", summary.excepted);
    }
    if !files.is_empty() {
        let _ = write!(line, "; written to {}", files.join(" and "));
    }
    for sentence in unneeded(report).values().flatten() {
        let _ = write!(line, "\nwarning: {}", visible(sentence));
    }
    line
}

#[cfg(test)]
mod tests;
