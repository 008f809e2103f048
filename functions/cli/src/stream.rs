// SPDX-License-Identifier: Apache-2.0
//! A run's rows on their way out: as lines of JSON at once, as JSON from a temporary file at the end,
//! and in memory only where a format needs the whole report.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use keyproof_aws::{AllRows, Rows};
use keyproof_verdict::{FirstLine, Line, ProbeRow, Report};
use tempfile::SpooledTempFile;

use crate::error::CliError;
use crate::io::Output;
use crate::progress::Progress;

/// Up to this size rows wait in memory for the end of the run.
const IN_MEMORY: usize = 1 << 20;

/// What is written while a run goes on.
pub(crate) struct Stream<'i> {
    planned: usize,
    /// All rows, where somebody needs the whole report.
    all: Option<AllRows>,
    lines: Vec<Lines<'i>>,
    spool: Option<Spool>,
    progress: Progress,
}

/// Lines of JSON.
enum Lines<'i> {
    Stdout(&'i mut Output),
    File(LinesFile),
}

/// A file that is whole once the run has ended: until then it has another name, by which the run can be
/// gone on from.
struct LinesFile {
    partial: PathBuf,
    path: PathBuf,
    writer: BufWriter<File>,
    begun: bool,
}

impl Drop for LinesFile {
    fn drop(&mut self) {
        // A run that never began leaves nothing to go on from.
        if !self.begun && self.partial != self.path {
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Rows that wait for the end of the run, and where each is.
pub(crate) struct Spool {
    writer: BufWriter<SpooledTempFile>,
    written: u64,
    /// By place in plan order: where the row begins, and how long it is.
    rows: Vec<(u64, u32)>,
}

impl<'i> Stream<'i> {
    pub(crate) fn new(planned: usize, whole: bool, progress: Progress) -> Self {
        Self {
            planned,
            all: whole.then(AllRows::default),
            lines: Vec::new(),
            spool: None,
            progress,
        }
    }

    /// Lines go to standard output, too.
    pub(crate) fn lines_to_stdout(&mut self, stdout: &'i mut Output) {
        self.lines.push(Lines::Stdout(stdout));
    }

    /// Lines go into a file, too.
    pub(crate) fn lines_to_file(&mut self, path: &Path) -> Result<(), CliError> {
        let lines = LinesFile::open(path)?;
        self.lines.push(Lines::File(lines));
        Ok(())
    }

    /// Rows wait for the end of the run.
    pub(crate) fn spool(&mut self) {
        self.spool = Some(Spool::new());
    }

    /// Ends the lines of a run that was `written`, and makes the report whole where somebody needs that.
    pub(crate) fn close(
        &mut self,
        report: &mut Report,
        written: io::Result<()>,
    ) -> Result<(), CliError> {
        self.progress.end();
        written.map_err(|source| match source.kind() {
            ErrorKind::InvalidInput => CliError::Usage(source.to_string()),
            _ => CliError::Write {
                what: "the report".to_owned(),
                source,
            },
        })?;
        let last = report.to_last_line();
        let last = last.map_err(|error| CliError::stdout(error.into()))?;
        for lines in std::mem::take(&mut self.lines) {
            match lines {
                Lines::Stdout(stdout) => stdout
                    .write_all(last.as_bytes())
                    .and_then(|()| stdout.flush())
                    .map_err(CliError::stdout)?,
                Lines::File(mut file) => file.end(last.as_bytes())?,
            }
        }
        if let Some(all) = self.all.take() {
            report.complete(all.into_rows());
        }
        Ok(())
    }

    /// The rows that still wait.
    pub(crate) fn into_spool(self) -> Option<Spool> {
        self.spool
    }
}

impl Spool {
    /// Writes the report as JSON, with the rows that waited.
    pub(crate) fn json(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let (mut rows, places) = self.rows()?;
        let sentinel = report.sentinel.as_ref();
        let rows = places.into_iter().map(|(start, length)| {
            let mut row = rows.read(start, length)?;
            if let Some(sentinel) = sentinel {
                sentinel.withdraw(&mut row);
            }
            Ok(row)
        });
        report.write_json(rows, out)
    }
}

impl Rows for Stream<'_> {
    fn begin(&mut self, report: &Report) -> io::Result<()> {
        let line = FirstLine::of(report, self.planned).to_line()?;
        for lines in &mut self.lines {
            lines.write(&line)?;
        }
        Ok(())
    }

    fn take(&mut self, rows: Vec<(usize, ProbeRow)>) -> io::Result<()> {
        if !self.lines.is_empty() {
            let mut text = String::new();
            for (place, row) in &rows {
                text.push_str(&row.to_line(*place)?);
            }
            for lines in &mut self.lines {
                lines.write(&text)?;
            }
        }
        if let Some(spool) = &mut self.spool {
            for (place, row) in &rows {
                spool.add(*place, row)?;
            }
        }
        self.progress.count(rows.iter().map(|(_, row)| row));
        match &mut self.all {
            Some(all) => all.take(rows),
            None => Ok(()),
        }
    }

    fn again(&mut self) -> io::Result<()> {
        self.progress.again();
        for lines in &mut self.lines {
            lines.write(Line::AGAIN)?;
        }
        if self.spool.is_some() {
            self.spool();
        }
        match &mut self.all {
            Some(all) => all.again(),
            None => Ok(()),
        }
    }
}

impl Lines<'_> {
    /// Writes whole lines, and doesn't keep them back: whoever reads them, or goes on from them, has
    /// every unit that was done.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let writer: &mut dyn Write = match self {
            Self::Stdout(stdout) => *stdout,
            Self::File(file) => {
                file.begun = true;
                &mut file.writer
            }
        };
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}

impl LinesFile {
    fn open(path: &Path) -> Result<Self, CliError> {
        let special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let (partial, opened) = if special {
            // A pipe or a device can't be given another name.
            let opened = OpenOptions::new().write(true).open(path);
            (path.to_owned(), opened)
        } else {
            let mut name = path.as_os_str().to_owned();
            name.push(".partial");
            let partial = PathBuf::from(name);
            let opened = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&partial);
            (partial, opened)
        };
        match opened {
            Ok(file) => Ok(Self {
                partial,
                path: path.to_owned(),
                writer: BufWriter::with_capacity(1 << 16, file),
                begun: false,
            }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(CliError::Usage(format!(
                    "`{0}` is of a run that was cut off; go on from it with `--resume {0}` and another \
                     `--output`, or remove it",
                    partial.display()
                )))
            }
            Err(source) => Err(CliError::Write {
                what: format!("`{}`", path.display()),
                source,
            }),
        }
    }

    fn end(&mut self, last: &[u8]) -> Result<(), CliError> {
        let written = self
            .writer
            .write_all(last)
            .and_then(|()| self.writer.flush())
            .and_then(|()| {
                if self.partial == self.path {
                    return Ok(());
                }
                // A rename may reach the disk before the bytes do.
                self.writer.get_ref().sync_all()?;
                fs::rename(&self.partial, &self.path)
            });
        written.map_err(|source| CliError::Write {
            what: format!("`{}`", self.path.display()),
            source,
        })
    }
}

impl Spool {
    fn new() -> Self {
        Self {
            writer: BufWriter::new(SpooledTempFile::new(IN_MEMORY)),
            written: 0,
            rows: Vec::new(),
        }
    }

    fn add(&mut self, place: usize, row: &ProbeRow) -> io::Result<()> {
        let text = serde_json::to_vec(row)?;
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        if self.rows.len() <= place {
            self.rows.resize(place + 1, (0, 0));
        }
        if let Some(kept) = self.rows.get_mut(place) {
            *kept = (self.written, length);
        }
        self.writer.write_all(&text)?;
        self.written += u64::from(length);
        Ok(())
    }

    /// The rows in plan order.
    fn rows(&mut self) -> io::Result<(SpoolReader<'_>, Vec<(u64, u32)>)> {
        self.writer.flush()?;
        let places = self.rows.iter().copied();
        let places = places.filter(|(_, length)| *length > 0).collect();
        let file = BufReader::with_capacity(1 << 16, self.writer.get_mut());
        let text = Vec::new();
        Ok((
            SpoolReader {
                file,
                text,
                at: u64::MAX,
            },
            places,
        ))
    }
}

struct SpoolReader<'s> {
    file: BufReader<&'s mut SpooledTempFile>,
    text: Vec<u8>,
    /// Where the file is read next.
    at: u64,
}

impl SpoolReader<'_> {
    fn read(&mut self, start: u64, length: u32) -> io::Result<ProbeRow> {
        if start != self.at {
            self.file.seek(SeekFrom::Start(start))?;
        }
        self.text
            .resize(length.try_into().map_err(io::Error::other)?, 0);
        self.file.read_exact(&mut self.text)?;
        self.at = start + u64::from(length);
        Ok(serde_json::from_slice(&self.text)?)
    }
}
