// SPDX-License-Identifier: Apache-2.0
//! Keys of evidence, as options name them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use keyproof_evidence::{KeyError, PrivateKey, PublicKey};

use crate::error::CliError;

/// A private key's file is a few hundred bytes; what is longer is another file.
const LONGEST: u64 = 64 * 1024;

/// Reads a private key from a file that nobody else may read.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKey, CliError> {
    let unreadable = |source| CliError::Unreadable {
        name: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    own(path, &file)?;
    let mut text = Vec::new();
    (&mut file)
        .take(LONGEST)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    let key = str::from_utf8(&text)
        .map_err(|_| KeyError::Private)
        .and_then(PrivateKey::from_pem);
    key.map_err(|source| unusable(path, source))
}

/// Refuses a key that others may read or replace.
#[cfg(unix)]
fn own(path: &Path, file: &File) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| CliError::Unreadable {
        name: path.display().to_string(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o7777;
    let others = mode & 0o077;
    if others > 0 {
        return Err(CliError::KeyMode {
            name: path.display().to_string(),
            mode,
        });
    }
    Ok(())
}

/// Access lists are the system's own here.
#[cfg(not(unix))]
fn own(_: &Path, _: &File) -> Result<(), CliError> {
    Ok(())
}

/// Writes a new private key where there is no file yet, for its owner alone.
pub(crate) fn write_private_key(path: &Path, key: &PrivateKey) -> Result<(), CliError> {
    let failed = |source| CliError::Write {
        what: format!("`{}`", path.display()),
        source,
    };
    let text = key.to_pem().map_err(|source| unusable(path, source))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_ref())
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

/// Reads public keys, one file each.
pub(crate) fn public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, CliError> {
    paths.iter().map(|path| public_key(path)).collect()
}

fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Unreadable {
        name: path.display().to_string(),
        source,
    })?;
    PublicKey::from_pem(&text).map_err(|source| unusable(path, source))
}

fn unusable(path: &Path, source: KeyError) -> CliError {
    CliError::Key {
        name: path.display().to_string(),
        source,
    }
}
