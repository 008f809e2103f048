// SPDX-License-Identifier: Apache-2.0
//! The value that tests and programs hold.

mod control;
mod load;
mod options;
mod request_id;
mod saved;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use options::{SandboxError, SandboxOptions};
pub use saved::StateError;

use crate::caller::Call;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::dynamodb;
use crate::error::AwsError;
use crate::http::{Incoming, Reply};
use crate::protocol::{self, Api, Target};
use crate::signature::Claim;
use crate::world::World;
use crate::{iam, kms, sts};
use request_id::RequestIds;

/// An embedded AWS. Cheap to clone; clones share one state.
///
/// Hand it to an SDK client as its HTTP client, or [serve](Sandbox::serve) it on a socket.
///
/// ```
/// use keyproof_sandbox::{Sandbox, SandboxOptions};
///
/// let sandbox = Sandbox::empty(&"111122223333".parse()?, SandboxOptions::default());
///
/// let administrator = sandbox.administrator();
/// assert!(administrator.access_key_id.starts_with("AKIA"));
/// // aws_sdk_kms::Config::builder().http_client(sandbox.clone()) …
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    clock: Clock,
    administrator: Credentials,
    request_ids: RequestIds,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("clock", &self.0.clock)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Answers one request.
    pub(crate) fn answer(&self, incoming: &Incoming) -> Reply {
        match protocol::api_of(incoming) {
            Ok(api) => {
                let request_id = self.0.request_ids.next(api);
                match self.perform(api, incoming) {
                    Ok((operation, result)) => api.result(&operation, &result, &request_id),
                    Err(error) => api.error(&error, &request_id),
                }
            }
            Err((api, error)) => api.error(&error, &self.0.request_ids.next(api)),
        }
    }

    fn perform(
        &self,
        api: Api,
        incoming: &Incoming,
    ) -> Result<(String, serde_json::Value), AwsError> {
        let now = self.0.clock.now();
        let refused = |refusal: crate::signature::Refusal| refusal.into_error(api);
        let claim = Claim::of(incoming, api).map_err(refused)?;
        // The signature is checked without the lock, so that clients don't wait for each other's.
        let known = self.world().known(&claim).map_err(refused)?;
        let caller = known.verify(&claim, incoming, now).map_err(refused)?;
        let Target {
            api,
            operation,
            input,
        } = protocol::target_of(api, incoming)?;
        let call = Call {
            caller,
            region: claim.region,
            now,
            source_ip: incoming.source_ip,
            user_agent: incoming.header("user-agent").map(str::to_owned),
        };
        let mut world = self.world();
        world.now = now;
        world.count(api.name(), &operation);
        let result = match api {
            Api::DynamoDb => dynamodb::handle(&mut world, &call, &operation, &input),
            Api::Kms => kms::handle(&mut world, &call, &operation, &input),
            Api::Sts => sts::handle(&mut world, &call, &operation, &input),
            Api::Iam => iam::handle(&mut world, &call, &operation, &input),
        };
        result.map(|result| (operation, result))
    }

    /// The state. A panic in another thread leaves it as it was between two changes.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
