// SPDX-License-Identifier: Apache-2.0
//! AWS's managed policies by name, with their documents.
//!
//! The documents are in `data/aws_managed_policies.bin`, which `data/generate.py` writes; where
//! they are from is in `data/SOURCES.md`. Nothing is inflated before somebody asks, and then only
//! the index and the chunk that holds the policy.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

static DATA: &[u8] = include_bytes!("../data/aws_managed_policies.bin");
const MAGIC: &[u8; 8] = b"KPAMP001";
/// Far beyond what the index or a chunk takes.
const MAX_INFLATED: usize = 4 * 1024 * 1024;

/// The day of the last change in the data.
pub const AS_OF: &str = "2026-05-01";

/// A managed policy of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsManagedPolicy {
    /// The policy's name: `AmazonDynamoDBFullAccess`.
    pub name: String,
    /// The policy's path, from `/` to `/`: `/service-role/`.
    pub path: String,
    /// The version of the document: `v15`.
    pub version: String,
    /// The day on which this version was made.
    pub updated: String,
    /// The document, as JSON.
    pub document: String,
}

#[derive(Debug)]
struct Entry {
    path: String,
    version: String,
    updated: String,
    chunk: usize,
    offset: usize,
    length: usize,
}

#[derive(Debug, Default)]
struct Index {
    /// Where each chunk is in the data.
    chunks: Vec<(usize, usize)>,
    entries: BTreeMap<String, Entry>,
}

/// The policy with this ARN, in any partition: `arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess`.
#[must_use]
pub fn policy(arn: &str) -> Option<AwsManagedPolicy> {
    let (prefix, path_and_name) = arn.split_once(":policy")?;
    let service = prefix.strip_prefix("arn:")?.split_once(':')?.1;
    if service != "iam::aws" {
        return None;
    }
    let at = path_and_name.rfind('/')? + 1;
    let (path, name) = path_and_name.split_at_checked(at)?;
    let policy = named(name)?;
    (policy.path == path).then_some(policy)
}

/// The policy with this name.
#[must_use]
pub fn named(name: &str) -> Option<AwsManagedPolicy> {
    let index = index();
    let entry = index.entries.get(name)?;
    let &(start, length) = index.chunks.get(entry.chunk)?;
    let packed = DATA.get(start..start.checked_add(length)?)?;
    let chunk = decompress_to_vec_with_limit(packed, MAX_INFLATED).ok()?;
    let document = chunk.get(entry.offset..entry.offset.checked_add(entry.length)?)?;
    Some(AwsManagedPolicy {
        name: name.to_owned(),
        path: entry.path.clone(),
        version: entry.version.clone(),
        updated: entry.updated.clone(),
        document: String::from_utf8(document.to_vec()).ok()?,
    })
}

/// Every policy's name and path, in the order of the names.
#[must_use]
pub fn names() -> Vec<(String, String)> {
    index()
        .entries
        .iter()
        .map(|(name, entry)| (name.clone(), entry.path.clone()))
        .collect()
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    // The data is a constant of the program: a test reads every policy in it.
    INDEX.get_or_init(|| read_index().unwrap_or_default())
}

fn read_index() -> Option<Index> {
    let rest = DATA.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let chunks_start = MAGIC.len().checked_add(4)?.checked_add(length)?;
    let text = decompress_to_vec_with_limit(rest.get(..length)?, MAX_INFLATED).ok()?;
    let text = String::from_utf8(text).ok()?;
    let mut index = Index::default();
    let mut lines = text.lines();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let (offset, length) = line.split_once('\t')?;
        let start = chunks_start.checked_add(offset.parse().ok()?)?;
        index.chunks.push((start, length.parse().ok()?));
    }
    for line in lines {
        let mut fields = line.split('\t');
        let mut next = || fields.next().map(str::to_owned);
        let name = next()?;
        let (path, version, updated) = (next()?, next()?, next()?);
        let mut number = || next()?.parse::<usize>().ok();
        let (chunk, offset, length) = (number()?, number()?, number()?);
        index.entries.insert(
            name,
            Entry {
                path,
                version,
                updated,
                chunk,
                offset,
                length,
            },
        );
    }
    Some(index)
}
