// SPDX-License-Identifier: Apache-2.0
//! Requests as they are written on the wire, taken apart as far as what reads them comes after a server
//! of somebody else's: the dashboard's guard and its addresses.

use std::path::Path;
use std::sync::LazyLock;

use http::Request;
use http::uri::Authority;
use jiff::Timestamp;
use keyproof_core::is_invisible;
use keyproof_dashboard::{Folder, History, Source, look};

/// A request: `METHOD TARGET`, headers, an empty line, a body.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: &'a str,
}

impl<'a> Asked<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let (method, target) = first.split_once(' ').unwrap_or(("GET", first));
        let headers = lines.map(|line| line.split_once(':').unwrap_or((line, "")));
        Self {
            method,
            target,
            headers: headers
                .map(|(name, value)| (name.trim(), value.trim()))
                .collect(),
            body,
        }
    }
}

/// A history with everything that a page can show.
static HISTORY: LazyLock<History> = LazyLock::new(|| {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../forms/0.1.0");
    let mut folder = Folder::new(released);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(folder.refresh()).unwrap();
    let history = folder.history().clone();
    assert!(!history.plans.is_empty() && !history.drills.is_empty());
    history
});

const NAMES: [&str; 3] = ["127.0.0.1:8123", "localhost:8123", "[::1]:8123"];

/// A request of the dashboard: a page is shown under the name of this machine alone, and nothing that
/// was asked acts on it.
pub(crate) fn address(text: &str) -> Vec<String> {
    let asked = Asked::read(text);
    let mut request = Request::builder().method(asked.method).uri(asked.target);
    for (name, value) in &asked.headers {
        request = request.header(*name, *value);
    }
    let Ok(request) = request.body(()) else {
        return Vec::new();
    };
    let (parts, ()) = request.into_parts();
    let port = NAMES[0].parse().unwrap();
    let (status, page) = look(&parts, &HISTORY, port, Timestamp::UNIX_EPOCH);
    let page = String::from_utf8(page).unwrap();
    let acts = page.chars().find(|&one| one != '\n' && is_invisible(one));
    assert_eq!(acts, None, "{page:?}");
    if status != 200 {
        return vec![page.trim_end().to_owned()];
    }
    let hosts = parts.headers.get_all("host").iter();
    let hosts = hosts.map(|host| host.to_str().unwrap());
    let names: Vec<&str> = hosts
        .chain(parts.uri.authority().map(Authority::as_str))
        .collect();
    assert!(!names.is_empty() && names.iter().all(|name| NAMES.contains(name)));
    assert!(["GET", "HEAD"].contains(&asked.method));
    // Its own, and no other.
    assert!(page.matches("<script").count() <= 1, "{page}");
    Vec::new()
}
