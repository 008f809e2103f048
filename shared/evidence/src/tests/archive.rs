// SPDX-License-Identifier: Apache-2.0
//! The container: what is written is read, and nothing else.

use std::io::{Read, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use keyproof_verdict::Verdict;
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use super::world::{export, files, folder, public, told};
use crate::Verifier;
use crate::pack::{Archive, ArchiveError, LARGEST, Sealing, seal, walk};

/// A gzip file around these bytes, as ours begin and end.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out: GzEncoder<Vec<u8>> = GzBuilder::new()
        .operating_system(255)
        .write(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    let bytes = out.finish().unwrap();
    let seal = seal(Sha256::new_with_prefix(&bytes));
    [bytes, seal].concat()
}

fn header(name: &str, size: u64, change: impl Fn(&mut Header)) -> Header {
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    change(&mut header);
    header.set_cksum();
    header
}

/// An archive of one file of one byte.
fn one(name: &str, change: impl Fn(&mut Header)) -> Vec<u8> {
    let mut tar = header(name, 1, change).as_bytes().to_vec();
    tar.push(b'x');
    tar.resize(2048, 0);
    tar
}

#[track_caller]
fn refused(tar: &[u8]) -> String {
    let error = walk(gzip(tar).as_slice(), |_, _| ()).unwrap_err();
    assert!(matches!(error, ArchiveError::Damaged { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_file_comes_out_as_it_went_in() {
    let mut names = Vec::new();
    let tar = one("a/b.json", |_| ());

    walk(gzip(&tar).as_slice(), |name, bytes| {
        names.push((name.to_owned(), bytes.to_vec()));
    })
    .unwrap();

    assert_eq!(names, [("a/b.json".to_owned(), b"x".to_vec())]);
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/.",
        "C:\\a",
        "a\u{1b}b",
        "",
    ] {
        assert_eq!(
            refused(&one(name, |_| ())),
            "the archive is damaged at its beginning: what follows is not the header of a file",
            "{name:?}"
        );
    }
}

#[test]
fn what_is_no_plain_file_is_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Char,
        EntryType::Fifo,
        EntryType::GNULongName,
        EntryType::XHeader,
    ] {
        refused(&one("a", |header| header.set_entry_type(kind)));
    }
    refused(&one("a", |header| header.set_mode(0o4755)));
    refused(&one("a", |header| header.set_mtime(1)));
    refused(&one("a", |header| header.set_uid(1000)));
}

#[test]
fn bytes_between_and_after_files_are_refused() {
    let mut between = one("a", |_| ());
    between[600] = b'!';
    let mut after = one("a", |_| ());
    after.extend([0; 512]);
    let mut last = one("a", |_| ());
    last[2000] = b'!';

    assert_eq!(
        refused(&between),
        "the archive is damaged in `a`: there are bytes between it and the next file"
    );
    assert_eq!(
        refused(&after),
        "the archive is damaged at its end: something follows the last file"
    );
    assert_eq!(refused(&last), refused(&after));
    let twice = [gzip(&one("a", |_| ())), gzip(&one("b", |_| ()))].concat();
    let error = walk(twice.as_slice(), |_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), refused(&after));
}

#[test]
fn a_size_is_a_claim_and_costs_nothing() {
    let huge = header("a", LARGEST + 1, |_| ());
    let empty = header("a", LARGEST, |_| ());

    assert_eq!(
        refused(huge.as_bytes()),
        "the archive is damaged at its beginning: the next file claims to be larger than 64 MiB"
    );
    assert!(refused(empty.as_bytes()).starts_with("the archive is damaged in `a`: "));
}

#[test]
fn another_file_is_no_pack() {
    for bytes in [
        b"".as_slice(),
        b"PK\x03\x04",
        b"not a pack at all",
        &[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255, 0],
    ] {
        let error = Verifier::new(public()).pack(bytes).unwrap_err();

        assert!(matches!(error, ArchiveError::NoPack), "{error}");
    }
}

#[test]
fn names_are_written_in_order_and_once() {
    let mut archive = Archive::new(Vec::new());
    archive.add("b", b"").unwrap();

    let again = archive.add("b", b"").unwrap_err();
    let before = archive.add("a", b"").unwrap_err();
    let outside = archive.add("c/../../d", b"").unwrap_err();

    assert_eq!(
        again.to_string(),
        "`b` can't be put into a pack: its name is out of order or not plain"
    );
    assert!(before.to_string().contains("out of order"));
    assert!(outside.to_string().contains("not plain"));
}

/// Gzip can say the same in other bytes: a hint about the compressor, bits that fill the last byte. The seal
/// finds those too, and a file that was packed anew has another.
#[test]
fn every_changed_byte_of_the_file_is_found() {
    let (_directory, folder) = folder(1);
    let (pack, _) = export(&folder, "2026-01-01", "2026-01-02");
    let mut by_the_seal_alone = 0;

    for index in 0..pack.len() {
        let mut changed = pack.clone();
        changed[index] ^= 1 << (index % 8);
        let mut sealing = Sealing::default();
        sealing.push(&changed);
        assert!(!sealing.is_whole(), "byte {index}");
        // The whole way for the ends, and for some in between.
        if (10..pack.len() - 70).contains(&index) && index % 61 != 0 {
            continue;
        }
        // What doesn't begin as a pack is none.
        let Ok(verification) = Verifier::new(public()).pack(changed.as_slice()) else {
            assert!(index < 10, "byte {index}");
            continue;
        };
        assert_eq!(verification.verdict(), Verdict::Fail, "byte {index}");
        by_the_seal_alone += usize::from(
            told(&verification) == ["altered the archive"]
                && verification.findings[0].sentence
                    == "its bytes are not those that were written, though every file in it can be read",
        );
    }

    // The hint, and each byte of the seal; some bits more, as the compressor has it.
    assert!(by_the_seal_alone > 32, "{by_the_seal_alone}");
}

#[test]
fn a_pack_is_a_file_that_other_programs_unpack() {
    let (_directory, folder) = folder(1);
    let (pack, _) = export(&folder, "2026-01-01", "2026-01-02");

    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(pack.as_slice())
        .read_to_end(&mut tar)
        .unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    let names = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        entry.path().unwrap().display().to_string()
    });

    let ours: Vec<_> = files(&pack).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.collect::<Vec<_>>(), ours);
}

#[test]
fn a_pack_that_was_cut_short_is_damaged() {
    let (_directory, folder) = folder(1);
    let (pack, _) = export(&folder, "2026-01-01", "2026-01-02");

    for length in (10..pack.len()).step_by(97) {
        let verification = Verifier::new(public()).pack(&pack[..length]).unwrap();

        let last = verification.findings.last().unwrap();
        assert_eq!(last.file, "the archive");
        assert!(!verification.is_intact());
    }
}
