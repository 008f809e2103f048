// SPDX-License-Identifier: Apache-2.0
//! Evidence packs of strangers.

use std::io::Write;
use std::sync::LazyLock;

use flate2::{Compression, GzBuilder};
use keyproof_evidence::{PublicKey, Verifier, pack};
use keyproof_verdict::Verdict;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// The pack that version 0.1.0 made, and the key that signed it.
pub(crate) const RELEASED: &[u8] = include_bytes!("../../forms/0.1.0/pack.tar.gz");
static KEY: LazyLock<PublicKey> =
    LazyLock::new(|| PublicKey::from_pem(include_str!("../../forms/0.1.0/public.pem")).unwrap());

/// What stands between two files, between the parts of a file's header, and before a file's bytes.
const NEXT: char = '\u{1e}';
const PART: char = '\u{1f}';
const BYTES: char = '\u{1d}';

/// A pack. A text that begins as a gzip file does is the file, a byte for each character; every other is
/// put into one, its compression and checksums right, as no fuzzer finds those: files as
/// `NAME PART SIZE PART KIND BYTES …`, where size and kind may be left out.
///
/// No name that is shown leads out; what isn't the released pack, byte for byte, is not intact under its
/// key; and nothing at all is under no key.
pub(crate) fn pack(text: &str) -> Vec<String> {
    let file = if text.starts_with("\u{1f}\u{8b}") {
        text.chars()
            .map(|one| u8::try_from(one).unwrap_or(b'?'))
            .collect()
    } else {
        archive(text)
    };
    let walked = pack::walk(file.as_slice(), |name, _| {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b':';
        assert!(!name.is_empty() && name.bytes().all(plain), "{name:?}");
        let outside = |part: &str| ["", ".", ".."].contains(&part);
        assert!(!name.split('/').any(outside), "{name:?}");
    });
    let mut told = Vec::new();
    for keys in [vec![], vec![KEY.clone()]] {
        let believed = !keys.is_empty();
        match Verifier::new(keys).pack(file.as_slice()) {
            Err(error) => told.push(error.to_string()),
            Ok(verification) => {
                assert!(walked.is_ok() || !verification.is_intact());
                let intact = believed && file == RELEASED;
                assert_eq!(verification.is_intact(), intact);
                assert_eq!(verification.verdict() == Verdict::Pass, intact);
                let findings = verification.findings.iter();
                told.extend(
                    findings.map(|finding| format!("{}: {}", finding.file, finding.sentence)),
                );
            }
        }
    }
    told
}

/// The released pack as a text.
#[cfg(test)]
pub(crate) fn released() -> String {
    RELEASED.iter().map(|byte| char::from(*byte)).collect()
}

fn archive(text: &str) -> Vec<u8> {
    let mut out = GzBuilder::new()
        .operating_system(255)
        .write(Vec::new(), Compression::fast());
    for file in text.split(NEXT).filter(|file| !file.is_empty()) {
        let (head, bytes) = file.split_once(BYTES).unwrap_or((file, ""));
        let mut parts = head.split(PART);
        let mut header = Header::new_ustar();
        let name = parts.next().unwrap_or_default().bytes().take(100);
        for (place, byte) in header.as_mut_bytes().iter_mut().zip(name) {
            *place = byte;
        }
        header.set_size(bytes.len() as u64);
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        if let Some(size) = parts.next().filter(|size| !size.is_empty()) {
            // As it is written, which need be no number.
            let place = header.as_mut_bytes().iter_mut().skip(124).take(12);
            place
                .zip(size.bytes())
                .for_each(|(place, byte)| *place = byte);
        }
        if let Some(kind) = parts.next().and_then(|kind| kind.bytes().next()) {
            header.set_entry_type(EntryType::new(kind));
        }
        header.set_cksum();
        out.write_all(header.as_bytes()).unwrap();
        out.write_all(bytes.as_bytes()).unwrap();
        let rest = bytes.len().next_multiple_of(512) - bytes.len();
        out.write_all(&vec![0; rest]).unwrap();
    }
    out.write_all(&[0; 1024]).unwrap();
    let file = out.finish().unwrap();
    let head = [
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, b'K', b'P', 32, 0,
    ];
    let seal = Sha256::digest(&file);
    [&file, &head[..], &seal, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
}
