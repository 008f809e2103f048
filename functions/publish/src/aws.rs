// SPDX-License-Identifier: Apache-2.0
//! The real sinks: AWS, as the function's own role. Each adapter declares the actions that it needs.
//!
//! A client is built by the first call that needs it.

mod build;
mod bus;
mod error;
mod hub;
mod objects;
mod topic;

pub use build::{Aws, Settings};

use std::cell::OnceCell;

use aws_types::SdkConfig;

/// The actions that the function needs, adapter by adapter.
pub mod iam_actions {
    pub use super::bus::IAM_ACTIONS as EVENTS;
    pub use super::hub::IAM_ACTIONS as SECURITY_HUB;
    pub use super::objects::IAM_ACTIONS as OBJECTS;
    pub use super::topic::IAM_ACTIONS as TOPIC;
}

/// A client of a service, built when it is first asked for.
#[derive(Debug)]
pub(crate) struct Lazy<Client> {
    config: SdkConfig,
    client: OnceCell<Client>,
}

impl<Client> Lazy<Client> {
    pub(crate) const fn new(config: SdkConfig) -> Self {
        Self {
            config,
            client: OnceCell::new(),
        }
    }

    pub(crate) fn get(&self, build: impl FnOnce(&SdkConfig) -> Client) -> &Client {
        self.client.get_or_init(|| build(&self.config))
    }
}
