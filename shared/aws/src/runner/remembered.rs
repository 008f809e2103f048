// SPDX-License-Identifier: Apache-2.0
//! Credentials that are asked for once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, future::ProvideCredentials as Provided,
};
use tokio::sync::Mutex;

/// How long before their end credentials are asked for anew.
const MARGIN: Duration = Duration::from_mins(5);

/// A credentials provider that keeps what the chain gave until it is about to expire: the check at
/// the start, all of a run's clients and the report's redaction are served by one look.
#[derive(Debug)]
pub(crate) struct Remembered {
    chain: SharedCredentialsProvider,
    last: Mutex<Option<Credentials>>,
}

impl Remembered {
    pub(crate) fn new(chain: SharedCredentialsProvider) -> Self {
        Self {
            chain,
            last: Mutex::new(None),
        }
    }

    pub(crate) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut last = self.last.lock().await;
        let now = SystemTime::now();
        if let Some(credentials) = last.as_ref().filter(|known| lasts(known, now + MARGIN)) {
            return Ok(credentials.clone());
        }
        match (self.chain.provide_credentials().await, last.as_ref()) {
            (Ok(fresh), _) => {
                *last = Some(fresh.clone());
                Ok(fresh)
            }
            (Err(_), Some(known)) if lasts(known, now) => Ok(known.clone()),
            (Err(error), _) => Err(error),
        }
    }
}

fn lasts(credentials: &Credentials, until: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > until)
}

/// The provider that clients hold.
#[derive(Debug)]
pub(crate) struct Provider(pub(crate) Arc<Remembered>);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.0.get())
    }
}
