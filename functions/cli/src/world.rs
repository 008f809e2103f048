// SPDX-License-Identifier: Apache-2.0
//! A sandbox for one command: served on loopback, so that everything goes over HTTP as it would to
//! AWS.

use std::net::Ipv4Addr;

use aws_credential_types::Credentials;
use keyproof_aws::Runner;
use keyproof_core::AccountId;
use keyproof_plan::{Plan, Table};
use keyproof_sandbox::{Sandbox, SandboxOptions};
use keyproof_template::Account;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::error::CliError;

/// A running sandbox and its administrator. It ends when this value does.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    /// The administrator, who may do everything that the key policies leave to the account.
    pub(crate) administrator: Runner,
    sandbox: Sandbox,
    account: AccountId,
    // Dropped, it ends the server.
    _stop: oneshot::Sender<()>,
}

impl World {
    /// Starts a sandbox from an account.
    pub(crate) async fn start(account: &Account) -> Result<Self, CliError> {
        let sandbox = build(account, SandboxOptions::default())?;
        let listener = listen(0).await?;
        let endpoint = endpoint(&listener)?;
        let (stop, stopped) = oneshot::channel();
        let credentials = credentials(&sandbox);
        let server = sandbox.clone().serve(listener, async {
            // An error says that the sender is gone, which is the sign to stop as well.
            let _ = stopped.await;
        });
        tokio::spawn(async {
            if let Err(error) = server.await {
                tracing::error!(%error, "the sandbox ended");
            }
        });
        let administrator =
            Runner::with_credentials(credentials, &endpoint, &account.region).await?;
        Ok(Self {
            endpoint,
            administrator,
            sandbox,
            account: account.account.clone(),
            _stop: stop,
        })
    }

    /// What of the template the sandbox can't have: a sentence each.
    pub(crate) fn left_out(&self) -> Vec<String> {
        self.sandbox.left_out()
    }

    /// Puts a plan's canaries where they belong, whoever may write there: in a template's world
    /// nobody planted them before the key's policy was what it is. Gives a sentence for each that
    /// could not be put.
    pub(crate) fn plant(&self, plan: &Plan) -> Vec<String> {
        let put = |(name, table): (&String, &Table)| {
            let arn = table.arn.as_ref().map_or_else(
                || {
                    let (region, account, table) = (&plan.region, &self.account, &table.name);
                    format!("arn:aws:dynamodb:{region}:{account}:table/{table}")
                },
                ToString::to_string,
            );
            let failed = self.sandbox.put_item(&arn, &table.canary.to_json()).err()?;
            Some(format!("{name}: no canary planted: {failed}"))
        };
        plan.tables.iter().filter_map(put).collect()
    }
}

/// A sandbox from an account.
pub(crate) fn build(account: &Account, options: SandboxOptions) -> Result<Sandbox, CliError> {
    Sandbox::new(account, options).map_err(|error| CliError::Sandbox(error.to_string()))
}

/// The administrator's, as the SDK takes them.
fn credentials(sandbox: &Sandbox) -> Credentials {
    let administrator = sandbox.administrator();
    Credentials::new(
        administrator.access_key_id,
        administrator.secret_access_key.expose(),
        administrator
            .session_token
            .as_ref()
            .map(|token| token.expose().to_owned()),
        None,
        "sandbox",
    )
}

/// Listens on loopback; on any free port where `port` is 0.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, CliError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| CliError::Sandbox(format!("port {port} of 127.0.0.1: {error}")))
}

/// The URL of a listener.
pub(crate) fn endpoint(listener: &TcpListener) -> Result<String, CliError> {
    let address = listener
        .local_addr()
        .map_err(|error| CliError::Sandbox(error.to_string()))?;
    Ok(format!("http://{address}"))
}
