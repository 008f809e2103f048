// SPDX-License-Identifier: Apache-2.0
//! `--record`: a run kept as evidence beside its report.

use std::path::PathBuf;

use keyproof_aws::Settings;
use keyproof_evidence::{Folder, Sign};
use keyproof_verdict::Report;

use crate::connection;
use crate::error::CliError;
use crate::io::Io;
use crate::signing::{Signer, SigningKey};
use crate::stack::Stack;

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
    /// Key that signs the record: a file from `keyproof evidence keygen`, or a key in KMS, by its ARN or
    /// `alias/NAME`
    #[arg(
        long,
        value_name = "KEY",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true,
        value_parser = SigningKey::parser()
    )]
    signing_key: Option<SigningKey>,
}

/// A folder and a key, ready before the run is made.
#[derive(Debug)]
pub(crate) struct Recording {
    folder: Folder,
    key: Signer,
}

impl RecordOptions {
    /// Where the run is to be kept, if anywhere. A key in KMS is reached as these settings say.
    pub(crate) fn recording(&self, settings: &Settings) -> Result<Option<Recording>, CliError> {
        let (Some(folder), Some(key)) = (&self.record, &self.signing_key) else {
            return Ok(None);
        };
        let config = || async {
            let runner = connection::runner(settings, Stack::REGION).await?;
            Ok(runner.service_config(None))
        };
        Ok(Some(Recording {
            folder: Folder::new(folder),
            key: crate::block_on(key.open(config))??,
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
