// SPDX-License-Identifier: Apache-2.0
//! The container: tar in gzip, written one way and read no other way.
//!
//! What tar and gzip leave to the writer's taste is fixed, and whatever differs is refused: links,
//! devices, extended headers, paths that lead out, names twice or out of order, bytes between files or
//! after the end. So there is nothing in a pack that one program shows and another hides.

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};
use thiserror::Error;

use super::seal::{LENGTH, Sealed, Watched};

/// The largest file in a pack. More would be a bomb, or a report of 60,000 probes.
pub const LARGEST: u64 = 64 * 1024 * 1024;
/// As many files as a minute-by-minute plan makes in half a year.
const MOST: usize = 1_000_000;
const BLOCK: usize = 512;
/// No name, no comment, no time, system unknown: RFC 1952. The compressor's own hint (byte 8) is left to the
/// seal.
const GZIP: [u8; 8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
const UNKNOWN_SYSTEM: u8 = 255;

/// Why an archive is no pack, or is damaged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Io(io::Error),
    /// Something else altogether.
    #[error("it is no evidence pack: it doesn't begin as a gzip file that keyproof wrote")]
    NoPack,
    /// A pack that was damaged or made by something else. After this place nothing can be read.
    #[error("the archive is damaged {place}: {what}")]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong there.
        what: String,
    },
}

/// An archive being written.
pub(crate) struct Archive<W: Write> {
    out: GzEncoder<Sealed<W>>,
    last: String,
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(out: W) -> Self {
        let out = GzBuilder::new()
            .operating_system(UNKNOWN_SYSTEM)
            .write(Sealed::new(out), Compression::new(6));
        Self {
            out,
            last: String::new(),
        }
    }

    /// Adds a file. Names must come in their order.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let refuse = |what: &str| {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{name}` can't be put into a pack: {what}"),
            ))
        };
        if name <= self.last.as_str() || !is_plain(name) {
            return refuse("its name is out of order or not plain");
        }
        if bytes.len() as u64 > LARGEST {
            return refuse("it is larger than 64 MiB");
        }
        self.out
            .write_all(header(name, bytes.len() as u64)?.as_bytes())?;
        self.out.write_all(bytes)?;
        self.out.write_all(&vec![0; padding(bytes.len())])?;
        name.clone_into(&mut self.last);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&ZEROS)?;
        self.out.write_all(&ZEROS)?;
        self.out.finish()?.finish()
    }
}

const ZEROS: [u8; BLOCK] = [0; BLOCK];

/// Zeros that fill a file's last block.
const fn padding(length: usize) -> usize {
    (BLOCK - length % BLOCK) % BLOCK
}

/// The one header that a file has.
fn header(name: &str, size: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_size(size);
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

/// Whether a name stays inside the folder that a pack is unpacked to, and acts on no terminal.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%._~-/".contains(&byte);
    name.bytes().all(plain)
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Reads an archive from its beginning to its end and shows each file. `true` where its seal says that its bytes
/// are those that were written; `false` where the files are whole, but the bytes around them are others.
///
/// # Errors
///
/// Where the archive can't be read, or anything in it is otherwise than a pack has it.
pub fn read(
    mut input: impl BufRead,
    mut visit: impl FnMut(&str, &[u8]),
) -> Result<bool, ArchiveError> {
    let start = input.fill_buf().map_err(ArchiveError::Io)?;
    // A buffer holds at least this much of any file that is long enough.
    let begins =
        start.len() >= 10 && start.starts_with(&GZIP) && start.get(9) == Some(&UNKNOWN_SYSTEM);
    if !begins {
        return Err(ArchiveError::NoPack);
    }
    let mut blocks = GzDecoder::new(Watched::new(input));
    let mut last = String::new();
    let mut count = 0;
    loop {
        let place = || match last.as_str() {
            "" => "at its beginning".to_owned(),
            last => format!("after `{last}`"),
        };
        let mut block = [0; BLOCK];
        fill(&mut blocks, &mut block, place)?;
        if block == ZEROS {
            break;
        }
        let damaged = |what: &str| ArchiveError::Damaged {
            place: place(),
            what: what.to_owned(),
        };
        let (name, size) =
            file(&block).ok_or_else(|| damaged("what follows is not the header of a file"))?;
        if size > LARGEST {
            return Err(damaged("the next file claims to be larger than 64 MiB"));
        }
        count += 1;
        if count > MOST {
            return Err(damaged("there are more than 1,000,000 files"));
        }
        let length = usize::try_from(size).map_err(|_| damaged("the next file is too large"))?;
        let within = || format!("in `{name}`");
        // Grown as bytes arrive: a size is a claim.
        let mut bytes = Vec::new();
        let got = (&mut blocks).take(size).read_to_end(&mut bytes);
        match got {
            Ok(got) if got == length => {}
            Ok(_) => return Err(torn(&within(), "it ends too early")),
            Err(error) => return Err(torn(&within(), &error.to_string())),
        }
        let mut rest = vec![0; padding(length)];
        fill(&mut blocks, &mut rest, within)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(torn(
                &within(),
                "there are bytes between it and the next file",
            ));
        }
        visit(&name, &bytes);
        last = name;
    }
    let mut end = [0; BLOCK];
    let at_end = || "at its end".to_owned();
    fill(&mut blocks, &mut end, at_end)?;
    let more = blocks
        .read(&mut [0])
        .map_err(|error| torn("at its end", &error.to_string()))?;
    if end != ZEROS || more > 0 {
        return Err(torn("at its end", "something follows the last file"));
    }
    match blocks.into_inner().finish().map_err(ArchiveError::Io)? {
        Ok(sealed) => Ok(sealed),
        Err(rest) if rest < LENGTH => Err(torn("at its end", "it ends too early")),
        Err(_) => Err(torn("at its end", "something follows the last file")),
    }
}

fn torn(place: &str, what: &str) -> ArchiveError {
    ArchiveError::Damaged {
        place: place.to_owned(),
        what: what.to_owned(),
    }
}

fn fill(
    input: &mut impl Read,
    block: &mut [u8],
    place: impl Fn() -> String,
) -> Result<(), ArchiveError> {
    input
        .read_exact(block)
        .map_err(|error| torn(&place(), &error.to_string()))
}

/// The name and size in a header that is spelt as ours are.
fn file(block: &[u8; BLOCK]) -> Option<(String, u64)> {
    let found = Header::from_byte_slice(block);
    let name = String::from_utf8(found.path_bytes().into_owned()).ok()?;
    let size = found.entry_size().ok()?;
    if !is_plain(&name) {
        return None;
    }
    let ours = header(&name, size).ok()?;
    (ours.as_bytes() == block).then_some((name, size))
}
