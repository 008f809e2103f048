// SPDX-License-Identifier: Apache-2.0
//! The sandbox on a socket.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::{BODY_LIMIT, Incoming, Reply};
use crate::Sandbox;

impl Sandbox {
    /// Serves AWS's HTTP protocols until `shutdown` is ready, then lets running requests end.
    ///
    /// # Errors
    ///
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        // Replies are small: waiting to fill a packet would add a delayed ACK to every one of them.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "could not turn off Nagle's algorithm");
            }
        });
        let service = Router::new()
            .fallback(answer)
            .with_state(self)
            .into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service)
            .with_graceful_shutdown(shutdown)
            .await
    }
}

async fn answer(
    State(sandbox): State<Sandbox>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // What is announced to be too long is refused before it is sent.
    let announced = body.size_hint().lower();
    let body = if announced > BODY_LIMIT.try_into().unwrap_or(u64::MAX) {
        None
    } else {
        axum::body::to_bytes(body, BODY_LIMIT).await.ok()
    };
    let Some(body) = body else {
        return respond(Reply {
            status: 413,
            headers: vec![("connection", "close".to_owned())],
            body: String::new(),
        });
    };
    let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
    respond(sandbox.answer(&Incoming {
        method,
        uri,
        headers,
        body,
        source_ip: peer.ip(),
    }))
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response
        .body(Body::from(reply.body))
        .unwrap_or_else(|error| {
            tracing::error!(%error, "could not write a response");
            Response::new(Body::empty())
        })
}
