// SPDX-License-Identifier: Apache-2.0
//! The pages on a socket of this machine.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use keyproof_verdict::Report;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::guard;
use crate::history::{History, RunRow};
use crate::page::{self, Answer};
use crate::query::Query;
use crate::source::Source;

/// Reports that are asked for at once.
const QUEUE: usize = 16;

#[derive(Clone, Debug)]
struct Shared {
    history: Arc<RwLock<Arc<History>>>,
    reports: mpsc::Sender<Wanted>,
    address: SocketAddr,
}

/// A report that a page is made of.
#[derive(Debug)]
struct Wanted {
    plan: String,
    run: RunRow,
    answer: oneshot::Sender<Option<Report>>,
}

/// Serves a source's history until `shutdown` is ready, and reads what is new while it does.
///
/// # Errors
///
/// Where the listener fails, or listens on another address than this machine's own.
pub async fn serve(
    source: impl Source,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let why = format!("{address} is no address of this machine alone");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    }
    let history = Arc::new(RwLock::new(Arc::new(source.history().clone())));
    let (reports, wanted) = mpsc::channel(QUEUE);
    let shared = Shared {
        history: Arc::clone(&history),
        reports,
        address,
    };
    let service = Router::new().fallback(answer).with_state(shared);
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .into_future();
    tokio::select! {
        served = served => served,
        () = keep(source, &history, wanted) => Ok(()),
    }
}

/// Reads the source again and again, and the reports that pages want; ends when nobody can want any.
async fn keep<S: Source>(
    mut source: S,
    history: &RwLock<Arc<History>>,
    mut wanted: mpsc::Receiver<Wanted>,
) {
    let mut ticks = tokio::time::interval(S::REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is at once, and the source has just been read.
    ticks.tick().await;
    // Of what was told, as trouble comes and goes while the source's own stays.
    let mut version = source.history().version;
    let mut trouble = None;
    loop {
        tokio::select! {
            asked = wanted.recv() => {
                let Some(Wanted { plan, run, answer }) = asked else { return };
                // Whoever went away meanwhile wants it no more.
                let _ = answer.send(source.report(&plan, &run).await);
            }
            _ = ticks.tick() => {
                let now = source.refresh().await;
                let changed = matches!(now, Ok(true));
                let now = now.err().map(|error| error.to_string());
                if let Some(error) = &now {
                    tracing::warn!(%error, "nothing newer can be read");
                }
                if changed || now != trouble {
                    version += 1;
                    let told = History {
                        version,
                        trouble: now.clone(),
                        ..source.history().clone()
                    };
                    *history.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(told);
                    trouble = now;
                }
            }
        }
    }
}

/// What a request gets, as long as it is no run's page, whose report is the source's to read: status and
/// body. This is [`serve`] without a socket.
#[must_use]
pub fn look(
    request: &Parts,
    history: &History,
    address: SocketAddr,
    now: Timestamp,
) -> (StatusCode, Vec<u8>) {
    let (status, answer) = match asked(request, address) {
        Err((status, answer)) => (status, answer),
        Ok((path, query)) => found(page::answer(path, &query, history, None, now)),
    };
    (status, answer.body)
}

/// What somebody who is let in asks for.
fn asked(request: &Parts, address: SocketAddr) -> Result<(&str, Query), (StatusCode, Answer)> {
    guard::check(request, address).map_err(|(status, why)| (status, Answer::text(why)))?;
    let query = Query::parse(request.uri.query().unwrap_or_default());
    Ok((request.uri.path(), query))
}

fn found(page: Option<Answer>) -> (StatusCode, Answer) {
    match page {
        Some(answer) => (StatusCode::OK, answer),
        None => (StatusCode::NOT_FOUND, Answer::text("there is no such page")),
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let (path, query) = match asked(&request, shared.address) {
        Ok(asked) => asked,
        Err((status, answer)) => return respond(status, answer),
    };
    let path = path.to_owned();
    let history = Arc::clone(
        &shared
            .history
            .read()
            .unwrap_or_else(PoisonError::into_inner),
    );
    let report = match page::run(&path, &query, &history) {
        Some(run) => report(&shared, &query.plan, run).await,
        None => None,
    };
    // 10,000 probes take a moment.
    let made = tokio::task::spawn_blocking(move || {
        page::answer(&path, &query, &history, report.as_ref(), Timestamp::now())
    });
    match made.await {
        Ok(page) => {
            let (status, answer) = found(page);
            respond(status, answer)
        }
        Err(_) => respond(
            StatusCode::INTERNAL_SERVER_ERROR,
            Answer::text("the page could not be made"),
        ),
    }
}

/// The report of a run, from whoever keeps the source.
async fn report(shared: &Shared, plan: &str, run: &RunRow) -> Option<Report> {
    let (answer, answered) = oneshot::channel();
    let wanted = Wanted {
        plan: plan.to_owned(),
        run: run.clone(),
        answer,
    };
    shared.reports.send(wanted).await.ok()?;
    answered.await.ok()?
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
