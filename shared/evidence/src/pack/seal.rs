// SPDX-License-Identifier: Apache-2.0
//! The seal: the last bytes of a pack are the SHA-256 of all before them.
//!
//! A compressed file can hold the same in other bytes: bits that fill up the last one, another of two like places to
//! copy from, a hint about the compressor. None of that changes what is signed, but with the seal no byte of the
//! file can change unseen. It stands in the header of an empty gzip member, which `tar` and `gunzip` read as
//! nothing: <https://www.rfc-editor.org/rfc/rfc1952#page-5>.

use std::io::{self, BufRead, Read};

use sha2::{Digest as _, Sha256};

/// A member with an extra field, without a time, of an unknown system: 36 bytes of extra field, which is one
/// subfield `KP` of 32.
const HEAD: [u8; 16] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, b'K', b'P', 32, 0,
];
/// No bytes, their checksum and their number.
const TAIL: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// The seal's length.
pub(crate) const LENGTH: usize = HEAD.len() + 32 + TAIL.len();

/// The bytes of a file that went by, the last of which may be its seal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sealing {
    before: Sha256,
    last: Vec<u8>,
}

impl Sealing {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if let Some((sure, last)) = bytes.split_last_chunk::<LENGTH>() {
            self.before.update(&self.last);
            self.before.update(sure);
            self.last = last.to_vec();
            return;
        }
        self.last.extend_from_slice(bytes);
        let rest = self.last.split_off(self.last.len().saturating_sub(LENGTH));
        self.before.update(&self.last);
        self.last = rest;
    }

    /// Whether the last bytes are the seal of all before them.
    pub(crate) fn is_whole(&self) -> bool {
        self.last == seal(self.before.clone())
    }
}

/// The seal of a file that is this so far.
pub(crate) fn seal(before: Sha256) -> Vec<u8> {
    [&HEAD, before.finalize().as_slice(), &TAIL].concat()
}

/// An input whose bytes are watched as they are taken.
pub(super) struct Watched<R> {
    input: R,
    sealing: Sealing,
}

impl<R: BufRead> Watched<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            sealing: Sealing::default(),
        }
    }

    /// Takes what is left, which is to be the seal and nothing else; whether it seals what went before. Where it
    /// can't be one, how many bytes are there: at most one more than a seal has.
    pub(super) fn finish(mut self) -> io::Result<Result<bool, usize>> {
        let mut rest = Vec::new();
        let most = u64::try_from(LENGTH + 1).unwrap_or(u64::MAX);
        (&mut self).take(most).read_to_end(&mut rest)?;
        Ok(if rest.len() == LENGTH {
            Ok(self.sealing.is_whole())
        } else {
            Err(rest.len())
        })
    }
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.sealing.push(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is taken has been filled before: nothing is read here.
        if let Ok(filled) = self.input.fill_buf() {
            self.sealing.push(filled.get(..amount).unwrap_or_default());
        }
        self.input.consume(amount);
    }
}

/// A writer that knows the seal of what went through it.
pub(super) struct Sealed<W> {
    out: W,
    before: Sha256,
}

impl<W: io::Write> Sealed<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            before: Sha256::new(),
        }
    }

    /// Writes the seal.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&seal(self.before))?;
        Ok(self.out)
    }
}

impl<W: io::Write> io::Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.before.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
