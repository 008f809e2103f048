// SPDX-License-Identifier: Apache-2.0
//! Who is let in, and who is not.

use axum::http::{Method, Request};

use crate::guard::check;

/// What a request of these headers gets: 200, or the status of its refusal.
fn status(method: &Method, headers: &[(&'static str, &'static str)]) -> u16 {
    status_of(method, "/", headers)
}

/// The same of a request for this target.
fn status_of(method: &Method, target: &str, headers: &[(&'static str, &'static str)]) -> u16 {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    check(&parts, "127.0.0.1:8123".parse().unwrap())
        .map_or_else(|(status, _)| status.as_u16(), |()| 200)
}

/// Of HTTP/2, whose `:authority` is the address's, there may be no `Host`; of HTTP/1, a whole address goes before it.
#[test]
fn the_name_in_a_whole_address_is_held_as_strictly() {
    let host = [("host", "127.0.0.1:8123")];
    let asked = |target: &str, headers: &[(&'static str, &'static str)]| {
        status_of(&Method::GET, target, headers)
    };

    assert_eq!(asked("http://127.0.0.1:8123/", &[]), 200);
    assert_eq!(
        asked("http://localhost:8123/plan", &[("host", "localhost:8123")]),
        200
    );
    for target in [
        "http://evil.example:8123/",
        "http://127.0.0.1/",
        "http://localhost:8123/",
        "http://somebody@127.0.0.1:8123/",
    ] {
        assert_eq!(asked(target, &host), 421, "{target}");
    }
    assert_eq!(
        asked("http://127.0.0.1:8123/", &[("host", "evil.example")]),
        421
    );
    assert_eq!(asked("http://evil.example:8123/", &[]), 421);
    let from = [("origin", "http://evil.example:8123")];
    assert_eq!(asked("http://127.0.0.1:8123/", &from), 403);
}

#[test]
fn a_host_that_is_not_this_machine_is_refused() {
    for host in ["127.0.0.1:8123", "localhost:8123", "[::1]:8123"] {
        assert_eq!(status(&Method::GET, &[("host", host)]), 200, "{host}");
    }
    for host in [
        "127.0.0.1",
        "127.0.0.1:80",
        "evil.example:8123",
        "localhost.evil.example:8123",
        "127.0.0.1:8123.evil.example",
        "0.0.0.0:8123",
        "",
    ] {
        assert_eq!(status(&Method::GET, &[("host", host)]), 421, "{host}");
    }
    assert_eq!(status(&Method::GET, &[]), 421);
    let twice = [("host", "127.0.0.1:8123"), ("host", "evil.example")];
    assert_eq!(status(&Method::GET, &twice), 421);
}

#[test]
fn nothing_but_reading_is_allowed() {
    let host = [("host", "127.0.0.1:8123")];
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(status(&method, &host), 200, "{method}");
    }
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ] {
        assert_eq!(status(&method, &host), 405, "{method}");
    }
}

#[test]
fn a_page_of_another_origin_is_refused() {
    let with = |more: &[(&'static str, &'static str)]| {
        status(
            &Method::GET,
            &[&[("host", "127.0.0.1:8123")], more].concat(),
        )
    };

    assert_eq!(with(&[("origin", "http://127.0.0.1:8123")]), 200);
    assert_eq!(with(&[("sec-fetch-site", "same-origin")]), 200);
    assert_eq!(with(&[("sec-fetch-site", "none")]), 200);
    for origin in [
        "https://evil.example",
        "http://127.0.0.1:9999",
        "http://localhost:8123",
        "null",
    ] {
        assert_eq!(with(&[("origin", origin)]), 403, "{origin}");
    }
    for site in ["cross-site", "same-site", "anything"] {
        assert_eq!(with(&[("sec-fetch-site", site)]), 403, "{site}");
        assert_eq!(
            with(&[
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "no-cors"),
                ("sec-fetch-dest", "image")
            ]),
            403
        );
        assert_eq!(
            with(&[
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "iframe")
            ]),
            403
        );
        // A link in a colleague's message.
        assert_eq!(
            with(&[
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document")
            ]),
            200
        );
    }
}
