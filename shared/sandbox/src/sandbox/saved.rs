// SPDX-License-Identifier: Apache-2.0
//! A sandbox's state in a file, to go on with later.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Sandbox, SandboxOptions};
use crate::credentials::Credentials;
use crate::secret::{self, Secret};
use crate::world::World;

const SCHEMA: &str = "keyproof.sandbox/v1";

/// Why a state can't be saved or loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It can't be written.
    #[error("the sandbox's state can't be written")]
    Write(#[source] serde_json::Error),
    /// It can't be read.
    #[error("the file is not a sandbox's state")]
    Read(#[source] serde_json::Error),
    /// It was saved by another version.
    #[error("the file has schema `{found}`, and keyproof {} reads `{SCHEMA}`; upgrade keyproof, if a newer one wrote it", env!("CARGO_PKG_VERSION"))]
    Schema {
        /// What the file says it is.
        found: String,
    },
}

#[derive(Serialize)]
struct Saving<'a> {
    schema: &'static str,
    administrator: SavedCredentials,
    world: &'a World,
}

#[derive(Deserialize)]
struct Loaded {
    administrator: SavedCredentials,
    world: World,
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

#[derive(Serialize, Deserialize)]
struct SavedCredentials {
    access_key_id: String,
    #[serde(with = "secret::saved")]
    secret_access_key: Secret,
}

impl Sandbox {
    /// Writes the state as JSON. It holds secret keys and key material of the sandbox in the
    /// clear: they protect nothing outside of it, but are what a client of it signs with.
    ///
    /// # Errors
    ///
    /// Where `out` can't be written.
    pub fn save(&self, out: impl Write) -> Result<(), StateError> {
        let administrator = SavedCredentials {
            access_key_id: self.0.administrator.access_key_id.clone(),
            secret_access_key: self.0.administrator.secret_access_key.clone(),
        };
        let world = self.world();
        serde_json::to_writer(
            out,
            &Saving {
                schema: SCHEMA,
                administrator,
                world: &world,
            },
        )
        .map_err(StateError::Write)
    }

    /// A sandbox that goes on where a saved one was. The clock and the delays are those of
    /// `options`, but not the seed, which would give out the same ids again. Cached table keys are
    /// not saved: the first read of each session asks KMS.
    ///
    /// # Errors
    ///
    /// Where the text is not a state that this version saved.
    pub fn load(mut from: impl Read, options: SandboxOptions) -> Result<Self, StateError> {
        let mut text = String::new();
        from.read_to_string(&mut text)
            .map_err(|error| StateError::Read(serde_json::Error::io(error)))?;
        let Schema { schema } = serde_json::from_str(&text).map_err(StateError::Read)?;
        if schema != SCHEMA {
            return Err(StateError::Schema { found: schema });
        }
        let Loaded {
            administrator,
            mut world,
        } = serde_json::from_str(&text).map_err(StateError::Read)?;
        world.options = options.world();
        world.now = options.clock.now();
        let SavedCredentials {
            access_key_id,
            secret_access_key,
        } = administrator;
        let administrator = Credentials {
            access_key_id,
            secret_access_key,
            session_token: None,
        };
        Ok(Self::of(world, administrator, options))
    }
}
