// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence keygen` and `public-key`.

use std::io::Write;
use std::path::PathBuf;

use keyproof_evidence::{KeyError, PrivateKey, PublicKey, Sign};

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signing;

/// Make a key that signs records
///
/// Writes a private key (ECDSA P-256, PKCS#8 PEM) that only you may read, and never over another file.
/// The public key, which is all that verifying needs, goes to standard output.
#[derive(Debug, clap::Args)]
pub(super) struct Keygen {
    /// File for the private key; it must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Print the public half of a signing key, as PEM
#[derive(Debug, clap::Args)]
pub(super) struct Public {
    /// The private key
    #[arg(
        long,
        value_name = "FILE",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true
    )]
    signing_key: PathBuf,
}

pub(super) fn generate(arguments: &Keygen, io: &mut Io) -> Result<Outcome, CliError> {
    let key = PrivateKey::generate().map_err(unusable(&arguments.file))?;
    signing::write_private_key(&arguments.file, &key)?;
    io.stderr.say(format_args!(
        "wrote the private key `{}`; its id is {}",
        arguments.file.display(),
        key.public_key().id(),
    ));
    print(key.public_key(), &arguments.file, io)
}

pub(super) fn public(arguments: &Public, io: &mut Io) -> Result<Outcome, CliError> {
    let key = signing::private_key(&arguments.signing_key)?;
    print(key.public_key(), &arguments.signing_key, io)
}

fn print(key: &PublicKey, file: &std::path::Path, io: &mut Io) -> Result<Outcome, CliError> {
    let text = key.to_pem().map_err(unusable(file))?;
    io.stdout
        .write_all(text.as_bytes())
        .map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

fn unusable(file: &std::path::Path) -> impl Fn(KeyError) -> CliError {
    let name = file.display().to_string();
    move |source| CliError::Key {
        name: name.clone(),
        source,
    }
}
