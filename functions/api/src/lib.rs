// SPDX-License-Identifier: Apache-2.0
//! The API function: runs on demand, status, history and a badge, over HTTP.
//!
//! [`Function::handle`] takes an HTTP request as API Gateway hands it over and gives the response.
//! Whoever may call which route, API Gateway has checked: every call is signed, and the account's IAM
//! policies say who may. A caller names a stored plan and nothing else; a run is asked for with a
//! message on the run queue, as every run is.

mod answer;
mod aws;
mod error;
mod history;
mod openapi;
mod problem;
mod request;
mod route;
mod runs;
mod status;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use keyproof_store::{Reports, RunQueue, Store, Table};
use ulid::Ulid;

pub use answer::Response;
pub use aws::{Aws, SetupError};
pub use error::ApiError;
pub use request::HttpRequest;

use problem::Problem;
use route::Route;

/// What the function's code calls, on what: the variable of its environment that names it.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::READ),
    // Requests and their runs are noted; nothing is altered or removed.
    ("KEYPROOF_STATE_TABLE", &["dynamodb:PutItem"]),
    ("KEYPROOF_QUEUE_URL", keyproof_store::iam_actions::SEND),
    (
        "KEYPROOF_REPORT_BUCKET",
        keyproof_store::iam_actions::READ_REPORT,
    ),
];

/// For how long an idempotency key is remembered, and what became of a run that nobody started.
const REMEMBERED: Duration = Duration::from_hours(24);

/// What is new in each request: taken from outside, so that tests are the same each time.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// The id for a run, should it be one that is asked for.
    pub run_id: Ulid,
}

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        Self {
            now: Timestamp::now(),
            run_id: Ulid::generate(),
        }
    }
}

/// The function: the state table, the report bucket and the run queue.
#[derive(Debug)]
pub struct Function<T, R, Q> {
    store: Store<T>,
    reports: R,
    queue: Q,
}

impl<T: Table, R: Reports, Q: RunQueue> Function<T, R, Q> {
    /// A function over these.
    pub const fn new(store: Store<T>, reports: R, queue: Q) -> Self {
        Self {
            store,
            reports,
            queue,
        }
    }

    /// Answers one request. What goes wrong is a response too: a problem, as RFC 9457 has it.
    pub async fn handle(&self, request: &HttpRequest, moment: Moment) -> Response {
        let answered = match Route::of(request) {
            Ok(route) => self.answer(&route, request, moment).await,
            Err(error) => Err(error),
        };
        answered.unwrap_or_else(|error| {
            if error.is_ours() {
                tracing::error!(
                    request_id = request.id(),
                    problem = error.name(),
                    error_message = %error,
                    "no answer"
                );
            }
            Problem::of(&error, request.id()).into_response(&error)
        })
    }

    async fn answer(
        &self,
        route: &Route<'_>,
        request: &HttpRequest,
        moment: Moment,
    ) -> Result<Response, ApiError> {
        match route {
            Route::PostRun => {
                request.only_parameters(&[])?;
                runs::post(&self.store, &self.queue, request, moment).await
            }
            Route::Run(id) => {
                request.only_parameters(&["include"])?;
                runs::get(&self.store, &self.reports, request, id).await
            }
            Route::Status(plan) => {
                request.only_parameters(&[])?;
                status::get(&self.store, plan, moment.now).await
            }
            Route::History(plan) => {
                request.only_parameters(&["before", "limit"])?;
                history::get(&self.store, request, plan).await
            }
            Route::Badge(plan) => {
                request.only_parameters(&[])?;
                status::badge(&self.store, &self.reports, plan, moment.now).await
            }
            Route::OpenApi => {
                request.only_parameters(&[])?;
                Ok(openapi::response())
            }
        }
    }
}
