// SPDX-License-Identifier: Apache-2.0
//! The wire: HTTP clients that don't trust what comes back.
//!
//! Each [`Transport::open`] gives a client with connections of its own. A reply is read whole, up to
//! [`LARGEST_REPLY`], inside the attempt's time, so that a body that drips, ends early or never ends
//! is the wire's fault and not the reader's. TLS, with the system's roots, is set up at the first
//! `https` call: a plain endpoint never pays for it.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use bytes::{Bytes, BytesMut};

use crate::denial_inside;

#[cfg(test)]
mod tests;

/// The largest reply that is read: four times the largest that any of the calls can bring.
pub(crate) const LARGEST_REPLY: usize = 8 * 1024 * 1024;

/// The largest reply of the service's own that is read whole: four times fifty events of `CloudTrail`.
/// What may be larger, an object, is handed on as it comes, and its reader stops where it must.
const LARGEST_OWN_REPLY: usize = 64 * 1024 * 1024;

/// Where HTTP clients come from.
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    /// The network.
    Network,
    /// A client that somebody handed in, such as a sandbox in this process.
    Given(SharedHttpClient),
}

impl Transport {
    /// A client that shares no connection with any other.
    pub(crate) fn open(&self) -> SharedHttpClient {
        match self {
            Self::Network => SharedHttpClient::new(Wire(Arc::default())),
            Self::Given(client) => SharedHttpClient::new(Lent(client.clone())),
        }
    }

    /// The same for services whose replies decide no verdict, and may have no body.
    pub(crate) fn open_unchecked(&self) -> SharedHttpClient {
        match self {
            Self::Network => SharedHttpClient::new(Plain(Arc::default())),
            Self::Given(client) => client.clone(),
        }
    }
}

/// What [`Runner::service_config`](crate::Runner::service_config) makes its calls with, for programs that make
/// no runs: replies are no larger than they may be, and what a commit or a signature hangs on is a document.
#[must_use]
pub fn service_http_client() -> SharedHttpClient {
    Transport::Network.open_unchecked()
}

/// A reply that is no answer of the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadReplyError {
    /// Longer than it may be.
    #[error("the reply is larger than {} MiB", .0 / (1024 * 1024))]
    TooLarge(usize),
    /// It ended, or the connection did, before it was whole.
    #[error("the reply ended early")]
    CutShort,
    /// A success without a body.
    #[error("the reply has no body")]
    Empty,
    /// A success whose body is no document of the service's, where the SDK looks at none.
    #[error("the reply is not in the service's format")]
    NoDocument,
    /// A success that none of these services has.
    #[error("the reply has HTTP status {0}")]
    Status(u16),
}

/// Connections of one user, and the connectors that make them.
#[derive(Clone, Default)]
struct Wire(Arc<Connectors>);

#[derive(Default)]
struct Connectors {
    plain: OnceLock<SharedHttpConnector>,
    local: OnceLock<SharedHttpConnector>,
    tls: OnceLock<SharedHttpConnector>,
}

impl Connectors {
    fn suiting(&self, uri: &str) -> &SharedHttpConnector {
        if uri.starts_with("https:") {
            self.tls.get_or_init(|| {
                let builder = Connector::builder().proxy_config(ProxyConfig::from_env());
                let ring = Provider::Rustls(CryptoMode::Ring);
                SharedHttpConnector::new(builder.tls_provider(ring).build())
            })
        } else if is_local(uri) {
            let builder: ConnectorBuilder = Connector::builder();
            self.local
                .get_or_init(|| SharedHttpConnector::new(builder.build_http()))
        } else {
            let builder = Connector::builder().proxy_config(ProxyConfig::from_env());
            self.plain
                .get_or_init(|| SharedHttpConnector::new(builder.build_http()))
        }
    }
}

/// Whether the host is this machine's, or its instance metadata's: no proxy stands before these.
fn is_local(uri: &str) -> bool {
    let authority = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _)) => host,
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        })
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let bodiless = answers_without_body(&request);
        let reply = self.0.suiting(request.uri()).call(request);
        HttpConnectorFuture::new(async move { answer(reply.await?, bodiless).await })
    }
}

/// Connections of one user whose replies are what they say they are, and no larger than they may be.
#[derive(Clone, Default)]
struct Plain(Arc<Connectors>);

impl fmt::Debug for Plain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Plain")
    }
}

impl HttpClient for Plain {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Objects come in their own time, everything else inside the attempt's; a head has no body.
        let as_it_comes = ["GET", "HEAD"].contains(&request.method());
        let (checked, bodiless) = (is_checked(&request), answers_without_body(&request));
        let reply = self.0.suiting(request.uri()).call(request);
        HttpConnectorFuture::new(async move {
            let mut reply = reply.await?;
            if checked {
                return (whole(reply, bodiless, LARGEST_OWN_REPLY).await).map_err(passing);
            }
            if !as_it_comes {
                let body = collect(&mut reply, LARGEST_OWN_REPLY).await;
                let body = body.map_err(passing)?;
                *reply.body_mut() = SdkBody::from(body);
            }
            Ok(reply)
        })
    }
}

/// A client that was handed in, its replies read as those of the network.
#[derive(Debug)]
struct Lent(SharedHttpClient);

#[derive(Debug)]
struct LentConnector(SharedHttpConnector);

impl HttpClient for Lent {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.0.http_connector(settings, components);
        SharedHttpConnector::new(LentConnector(connector))
    }
}

impl HttpConnector for LentConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let bodiless = answers_without_body(&request);
        let reply = self.0.call(request);
        HttpConnectorFuture::new(async move { answer(reply.await?, bodiless).await })
    }
}

/// Whether the operation's success has no body: these two, of those that are called here.
fn answers_without_body(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target");
    matches!(
        target,
        Some("TrentService.RevokeGrant" | "TrentService.RetireGrant")
    )
}

/// Whether something hangs on what the service answers beside verdicts: whether a run is committed, what a
/// record is signed with, whom a diagnosis names. Each of these services answers with a document.
fn is_checked(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let services = ["CloudTrail_", "DynamoDB_", "TrentService."];
    services.iter().any(|service| target.starts_with(service))
}

/// Reads the reply's body, and turns away what the SDK would take for an answer: it reads an empty
/// body as an empty answer, every 2xx as a success, and passes over an error inside of a success.
async fn whole(
    mut reply: HttpResponse,
    bodiless: bool,
    largest: usize,
) -> Result<HttpResponse, BadReplyError> {
    let body = collect(&mut reply, largest).await?;
    let status = reply.status();
    if status.is_success() {
        if status.as_u16() != 200 {
            return Err(BadReplyError::Status(status.as_u16()));
        }
        if body.trim_ascii().is_empty() && !bodiless {
            return Err(BadReplyError::Empty);
        }
        // The SDK doesn't look at what isn't expected: a portal's page would be a success.
        if bodiless && !is_bodiless(&body) {
            return Err(BadReplyError::NoDocument);
        }
        if let Some(error) = denial_inside::find(&body) {
            let Ok(refused) = 400.try_into() else {
                return Err(BadReplyError::NoDocument);
            };
            *reply.status_mut() = refused;
            *reply.body_mut() = SdkBody::from(error);
            return Ok(reply);
        }
    }
    *reply.body_mut() = SdkBody::from(body);
    Ok(reply)
}

/// Nothing, or an object, which may be an error's.
fn is_bodiless(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    body.is_empty()
        || serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}

/// The answer to a call of a run, which counts its attempts itself.
async fn answer(reply: HttpResponse, bodiless: bool) -> Result<HttpResponse, ConnectorError> {
    let reply = whole(reply, bodiless, LARGEST_REPLY).await;
    reply.map_err(|error| ConnectorError::other(Box::new(error), None))
}

/// Where the SDK itself is to make the call again.
fn passing(error: BadReplyError) -> ConnectorError {
    ConnectorError::other(Box::new(error), Some(ErrorKind::TransientError))
}

/// Takes the reply's body, unless it is larger than this or says that it would be.
async fn collect(reply: &mut HttpResponse, largest: usize) -> Result<Bytes, BadReplyError> {
    let claimed = reply.headers().get("content-length");
    let claimed: Option<usize> = claimed.and_then(|length| length.parse().ok());
    if claimed.is_some_and(|length| length > largest) {
        return Err(BadReplyError::TooLarge(largest));
    }
    let mut body = ByteStream::new(reply.take_body());
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| BadReplyError::CutShort)?;
        if first.len() + all.len() + chunk.len() > largest {
            return Err(BadReplyError::TooLarge(largest));
        }
        // Nearly every reply is one chunk, which needs no copy.
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&chunk);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
