// SPDX-License-Identifier: Apache-2.0
//! `--record`: a run kept as evidence beside its report.

use std::path::PathBuf;

use keyproof_evidence::{Folder, PrivateKey, Sign};
use keyproof_verdict::Report;

use crate::error::CliError;
use crate::io::Io;
use crate::signing;

/// The options of every command that makes records.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RecordOptions {
    /// Keep the run, which must be of a whole plan, in this folder: its report, its plan, and a signed record that names the one
    /// before it; needs --signing-key
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "signing_key",
        conflicts_with = "manifest"
    )]
    record: Option<PathBuf>,
    /// Private key that signs the record, from `keyproof evidence keygen`
    #[arg(
        long,
        value_name = "FILE",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true
    )]
    signing_key: Option<PathBuf>,
}

/// A folder and a key, ready before the run is made.
#[derive(Debug)]
pub(crate) struct Recording {
    folder: Folder,
    key: PrivateKey,
}

impl RecordOptions {
    /// Where the run is to be kept, if anywhere.
    pub(crate) fn recording(&self) -> Result<Option<Recording>, CliError> {
        let (Some(folder), Some(key)) = (&self.record, &self.signing_key) else {
            return Ok(None);
        };
        Ok(Some(Recording {
            folder: Folder::new(folder),
            key: signing::private_key(key)?,
        }))
    }
}

impl Recording {
    /// Keeps a run.
    pub(crate) fn keep(
        &self,
        plan_text: &str,
        report: &Report,
        io: &mut Io,
    ) -> Result<(), CliError> {
        let stored = report.to_json().map_err(|error| CliError::Write {
            what: "the report".to_owned(),
            source: error.into(),
        })?;
        let kept = crate::block_on(self.folder.append(
            plan_text.as_bytes(),
            report,
            stored.as_bytes(),
            &self.key,
        ))??;
        io.stderr.say(format_args!(
            "{}: record {} signed by {}",
            report.plan.name,
            kept.record.run.commit,
            self.key.public_key().id(),
        ));
        Ok(())
    }
}
