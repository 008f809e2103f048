// SPDX-License-Identifier: Apache-2.0
//! Who is let in: a browser on this machine that was sent here, and no page of anybody else.
//!
//! A page elsewhere can make a browser ask 127.0.0.1, and a name that a stranger owns can be made to
//! point there (DNS rebinding). The first says where it comes from in `Origin` and `Sec-Fetch-Site`, the
//! second can't say another `Host` than its own.

use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};

static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static FETCH_DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Why a request is refused.
pub(crate) type Refusal = (StatusCode, &'static str);

/// Lets a request in, or says why not.
pub(crate) fn check(request: &Parts, address: SocketAddr) -> Result<(), Refusal> {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = request;
    if method != Method::GET && method != Method::HEAD {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "this is for reading only"));
    }
    let port = address.port();
    let names = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ];
    // A whole address names the server too, and before `Host`; of HTTP/2, `:authority` alone may:
    // https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2, https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
    let authority = uri.authority().map(Authority::as_str);
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().map(|host| host.to_str().unwrap_or_default());
    let mut said = authority.into_iter().chain(host);
    let known = said.next().filter(|first| {
        names.iter().any(|name| name == first) && said.all(|other| other == *first)
    });
    let Some(known) = known.filter(|_| hosts.next().is_none()) else {
        return Err((
            StatusCode::MISDIRECTED_REQUEST,
            "this is served as 127.0.0.1, localhost or [::1] with its port, and under no other name",
        ));
    };
    let elsewhere = Err((StatusCode::FORBIDDEN, "no page of another origin is let in"));
    if let Some(origin) = headers.get(header::ORIGIN)
        && origin.as_bytes() != format!("http://{known}").as_bytes()
    {
        return elsewhere;
    }
    let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let (site, mode) = (value(&FETCH_SITE), value(&FETCH_MODE));
    match site {
        // No browser, or one that was told the address by a person.
        None | Some(b"same-origin" | b"none") => Ok(()),
        // Somebody follows a link that a colleague sent: a whole page, which its sender can't read.
        Some(_) if mode == Some(b"navigate") && value(&FETCH_DESTINATION) == Some(b"document") => {
            Ok(())
        }
        Some(_) => elsewhere,
    }
}
