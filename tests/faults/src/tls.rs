// SPDX-License-Identifier: Apache-2.0
//! TLS before an endpoint, as it should be or with a flaw.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// The certificate is of an authority that the client doesn't know.
    UnknownAuthority,
    /// The certificate is of the past.
    Expired,
    /// The certificate is of the future.
    NotYetValid,
    /// The certificate is of another host.
    OtherHost,
    /// Plain HTTP where TLS is expected.
    Plain,
    /// The connection is closed in the handshake.
    Closed,
    /// The handshake never ends.
    Hang,
}

/// A running listener. It ends when this is dropped.
#[derive(Debug)]
pub struct Tls {
    url: String,
    authority: String,
    serving: JoinHandle<()>,
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Tls {
    /// Starts a listener on a free port of 127.0.0.1, before the plain endpoint at `upstream`
    /// (`HOST:PORT`).
    ///
    /// # Panics
    ///
    /// Where loopback has no port left, or no certificate can be made.
    pub async fn start(upstream: &str, flaw: Flaw) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let port = listener
            .local_addr()
            .expect("a listener has an address")
            .port();
        let known = authority("keyproof tests");
        let unknown = authority("somebody else");
        let issuer = if flaw == Flaw::UnknownAuthority {
            &unknown
        } else {
            &known
        };
        let acceptor = acceptor(flaw, issuer);
        let serving = tokio::spawn(accept(listener, acceptor, upstream.to_owned(), flaw));
        Self {
            url: format!("https://localhost:{port}"),
            authority: known.pem(),
            serving,
        }
    }

    /// `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate of the authority that a client is to know, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key can be made");
    CertifiedIssuer::self_signed(params, key).expect("a certificate can be made")
}

fn acceptor(flaw: Flaw, issuer: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let host = if flaw == Flaw::OtherHost {
        "elsewhere.example"
    } else {
        "localhost"
    };
    let mut params = CertificateParams::new([host.to_owned()]).expect("the name is one");
    (params.not_before, params.not_after) = match flaw {
        Flaw::Expired => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
        Flaw::NotYetValid => (date_time_ymd(2998, 1, 1), date_time_ymd(2999, 1, 1)),
        _ => (date_time_ymd(2000, 1, 1), date_time_ymd(2999, 1, 1)),
    };
    let key = KeyPair::generate().expect("a key can be made");
    let certificate = params
        .signed_by(&key, issuer)
        .expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("key and certificate belong together");
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, upstream: String, flaw: Flaw) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(converse(stream, acceptor.clone(), upstream.clone(), flaw));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, acceptor: TlsAcceptor, upstream: String, flaw: Flaw) {
    match flaw {
        Flaw::Plain => {
            let _ = stream
                .write_all(b"HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n")
                .await;
            // What was sent is to be read before the connection ends.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Flaw::Closed => {}
        Flaw::Hang => std::future::pending().await,
        _ => {
            let Ok(mut within) = acceptor.accept(stream).await else {
                return;
            };
            let Ok(mut behind) = TcpStream::connect(upstream).await else {
                return;
            };
            let _ = tokio::io::copy_bidirectional(&mut within, &mut behind).await;
        }
    }
}
