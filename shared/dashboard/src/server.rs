// SPDX-License-Identifier: Apache-2.0
//! The pages on a socket of this machine.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::folder::Folder;
use crate::guard;
use crate::history::History;
use crate::page::{self, Answer};
use crate::query::Query;

/// How often the folder is looked at.
pub const REFRESH: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
struct Shared {
    history: Arc<RwLock<Arc<History>>>,
    interval_minutes: Option<u32>,
    address: SocketAddr,
}

/// Serves a folder's history until `shutdown` is ready, and reads what is new every `refresh`.
/// `interval_minutes` is how often the plans are run, for whoever wants to know when the next one is due.
///
/// # Errors
///
/// Where the listener fails, or listens on another address than this machine's own.
pub async fn serve(
    folder: Folder,
    interval_minutes: Option<u32>,
    refresh: Duration,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let why = format!("{address} is no address of this machine alone");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    }
    let history = Arc::new(RwLock::new(Arc::new(folder.history().clone())));
    let watch = tokio::spawn(watch(folder, Arc::clone(&history), refresh));
    let shared = Shared {
        history,
        interval_minutes,
        address,
    };
    let service = Router::new().fallback(answer).with_state(shared);
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .await;
    watch.abort();
    served
}

/// Reads the folder again and again, beside the pages.
async fn watch(mut folder: Folder, history: Arc<RwLock<Arc<History>>>, refresh: Duration) {
    loop {
        tokio::time::sleep(refresh).await;
        let read = tokio::task::spawn_blocking(move || {
            let changed = folder.refresh();
            (folder, changed)
        });
        let Ok((read, changed)) = read.await else {
            tracing::error!("the folder is not read any more");
            return;
        };
        folder = read;
        match changed {
            Ok(false) => {}
            Ok(true) => {
                let now = Arc::new(folder.history().clone());
                *history.write().unwrap_or_else(PoisonError::into_inner) = now;
            }
            Err(error) => tracing::warn!(%error, "the folder can't be read"),
        }
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let allowed = guard::check(request.method(), request.headers(), shared.address);
    if let Err((status, why)) = allowed {
        return respond(status, Answer::text(why));
    }
    let history = Arc::clone(
        &shared
            .history
            .read()
            .unwrap_or_else(PoisonError::into_inner),
    );
    let path = request.uri().path().to_owned();
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let interval = shared.interval_minutes;
    // A report is read from disk, and 10,000 probes take a moment.
    let made = tokio::task::spawn_blocking(move || page::answer(&path, &query, &history, interval));
    match made.await {
        Ok(Some(answer)) => respond(StatusCode::OK, answer),
        Ok(None) => respond(StatusCode::NOT_FOUND, Answer::text("there is no such page")),
        Err(_) => respond(
            StatusCode::INTERNAL_SERVER_ERROR,
            Answer::text("the page could not be made"),
        ),
    }
}

fn respond(status: StatusCode, answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, answer.kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-embedder-policy"),
            "require-corp",
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&answer.policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
