// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence keygen` and `public-key`.

use std::io::Write;
use std::path::PathBuf;

use keyproof_evidence::{KeyError, PrivateKey, PublicKey, Sign};

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signing::{self, SigningKey};
use crate::stack::{self, Stack};

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
///
/// Of a key in a file, of a key in KMS, or, where neither is named, of the key that signs the deployed service's
/// records. It is all that verifying needs.
#[derive(Debug, clap::Args)]
pub(super) struct Public {
    /// The key: a file, or a key in KMS, by its ARN or `alias/NAME` [default: the stack's]
    #[arg(
        long,
        value_name = "KEY",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true,
        value_parser = SigningKey::parser()
    )]
    signing_key: Option<SigningKey>,
    #[command(flatten)]
    stack: stack::Options,
}

pub(super) fn generate(arguments: &Keygen, io: &mut Io) -> Result<Outcome, CliError> {
    let name = arguments.file.display().to_string();
    let key = PrivateKey::generate().map_err(unusable(&name))?;
    signing::write_private_key(&arguments.file, &key)?;
    io.stderr.say(format_args!(
        "wrote the private key `{name}`; its id is {}",
        key.public_key().id(),
    ));
    print(key.public_key(), &name, io)
}

pub(super) fn public(arguments: &Public, io: &mut Io) -> Result<Outcome, CliError> {
    let (name, key) = crate::block_on(async {
        // A variable may name one's own key; who names a stack means its key.
        let named = arguments.signing_key.clone();
        let name = match named.filter(|_| !arguments.stack.is_named()) {
            Some(name) => name,
            None => of_stack(&arguments.stack).await?,
        };
        let config = || arguments.stack.config(Stack::REGION);
        let key = name.open(config).await?;
        Ok::<_, CliError>((name, key))
    })??;
    print(key.public_key(), &name.to_string(), io)
}

async fn of_stack(options: &stack::Options) -> Result<SigningKey, CliError> {
    let parts = options.connect(Stack::REGION).await?.parts().await?;
    parts.signing_key.map(SigningKey::Kms).ok_or_else(|| {
        CliError::Usage(
            "the stack signs nothing: it was deployed without a key for evidence".to_owned(),
        )
    })
}

fn print(key: &PublicKey, name: &str, io: &mut Io) -> Result<Outcome, CliError> {
    let text = key.to_pem().map_err(unusable(name))?;
    io.stdout
        .write_all(text.as_bytes())
        .map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

fn unusable(name: &str) -> impl Fn(KeyError) -> CliError {
    let name = name.to_owned();
    move |source| CliError::Key {
        name: name.clone(),
        source,
    }
}
