// SPDX-License-Identifier: Apache-2.0
//! Keys of evidence, as options name them.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use aws_types::SdkConfig;
use aws_types::region::Region;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyproof_core::Arn;
use keyproof_evidence::{Digest, KeyError, PrivateKey, PublicKey, Sign, SignError};
use keyproof_vault::KmsKey;
use zeroize::Zeroizing;

use crate::error::CliError;

/// A private key's file is a few hundred bytes; what is longer is another file.
const LONGEST: u64 = 64 * 1024;

/// A key that signs: a file, or a key in KMS by its ARN or alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SigningKey {
    /// A private key as PKCS#8 PEM.
    File(PathBuf),
    /// An ARN, or `alias/NAME`.
    Kms(String),
}

/// A key that is ready to sign.
#[derive(Debug)]
pub(crate) enum Signer {
    File(PrivateKey),
    Kms(KmsKey),
}

impl SigningKey {
    /// Reads an option's value. A file whose name begins like a key's is `./alias/NAME`.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        OsStringValueParser::new().map(Self::from)
    }

    /// The key, once it is seen to be usable. KMS is called as `config` says, in the region of the key's ARN.
    pub(crate) async fn open<C>(&self, config: impl FnOnce() -> C) -> Result<Signer, CliError>
    where
        C: Future<Output = Result<SdkConfig, CliError>>,
    {
        match self {
            Self::File(path) => private_key(path).map(Signer::File),
            Self::Kms(name) => {
                let mut config = config().await?;
                if let Ok(arn) = name.parse::<Arn>()
                    && !arn.region().is_empty()
                {
                    let region = Region::new(arn.region().to_owned());
                    config = config.to_builder().region(region).build();
                }
                let opened = KmsKey::open(&config, name).await;
                opened.map(Signer::Kms).map_err(|source| CliError::KmsKey {
                    name: name.clone(),
                    source,
                })
            }
        }
    }
}

impl From<OsString> for SigningKey {
    fn from(word: OsString) -> Self {
        match word.into_string() {
            Ok(name) if name.starts_with("arn:") || name.starts_with("alias/") => Self::Kms(name),
            Ok(name) => Self::File(name.into()),
            Err(name) => Self::File(name.into()),
        }
    }
}

impl std::fmt::Display for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => std::fmt::Display::fmt(&path.display(), formatter),
            Self::Kms(name) => formatter.write_str(name),
        }
    }
}

impl Sign for Signer {
    fn public_key(&self) -> &PublicKey {
        match self {
            Self::File(key) => key.public_key(),
            Self::Kms(key) => key.public_key(),
        }
    }

    async fn sign(&self, digest: Digest) -> Result<Vec<u8>, SignError> {
        match self {
            Self::File(key) => key.sign(digest).await,
            Self::Kms(key) => key.sign(digest).await,
        }
    }
}

/// Reads a private key from a file that nobody else may read.
fn private_key(path: &Path) -> Result<PrivateKey, CliError> {
    let unreadable = |source| CliError::Unreadable {
        name: path.display().to_string(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    own(path, &file)?;
    // Wiped when it is dropped; of this length from the start, as a buffer that grows leaves copies.
    let mut text = Zeroizing::new(Vec::with_capacity(
        usize::try_from(LONGEST).unwrap_or_default() + 1,
    ));
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
