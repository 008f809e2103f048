// SPDX-License-Identifier: Apache-2.0
//! The pages: pure functions of the history, an address and the time; a run's page is its report.

mod failures;
mod overview;
mod parts;
mod plan;
mod probe;
mod timeline;

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keyproof_report::{Format, Options, STYLE, markup, render};
use keyproof_verdict::Report;
use sha2::{Digest, Sha256};

use crate::history::{History, RunRow};
use crate::query::Query;

const OWN_STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// Both texts in one element, so that the policy can name it by hash.
static STYLES: LazyLock<String> = LazyLock::new(|| format!("{STYLE}{OWN_STYLE}"));

/// Nothing but this page's own style and script, by their hashes, and questions to this server. The icon is an
/// empty `data:` address, without which a browser asks for one.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        hash(&STYLES),
        hash(SCRIPT)
    )
});

/// A rendered report has a style of its own, and no script.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const NO_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

fn hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}

/// What a browser gets.
pub(crate) struct Answer {
    pub(crate) kind: &'static str,
    pub(crate) policy: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A sentence.
    pub(crate) fn text(text: &str) -> Self {
        Self {
            kind: "text/plain; charset=utf-8",
            policy: NO_POLICY.to_owned(),
            body: format!("{text}\n").into_bytes(),
        }
    }

    fn html(body: Vec<u8>, policy: &str) -> Self {
        Self {
            kind: "text/html; charset=utf-8",
            policy: policy.to_owned(),
            body,
        }
    }
}

/// The run whose report a page is made of.
pub(crate) fn run<'a>(path: &str, query: &Query, history: &'a History) -> Option<&'a RunRow> {
    if path != "/run" {
        return None;
    }
    let plan = history.plans.get(&query.plan)?;
    plan.runs.iter().find(|run| run.id == query.run)
}

/// The page at an address, at a moment; `None` where there is none. `report` is that of [`run`].
pub(crate) fn answer(
    path: &str,
    query: &Query,
    history: &History,
    report: Option<&Report>,
    now: Timestamp,
) -> Option<Answer> {
    match path {
        "/" => {
            let main = overview::main(history, now);
            Some(whole("History", &main, history))
        }
        "/plan" => {
            let plan = history.plans.get(&query.plan)?;
            let main = plan::main(query, plan, now);
            Some(whole(&query.plan, &main, history))
        }
        "/probe" => {
            let plan = history.plans.get(&query.plan)?;
            let probe = plan.probes.get(&query.probe)?;
            let main = probe::main(query, plan, probe);
            Some(whole(&query.probe, &main, history))
        }
        "/run" => {
            let mut body = Vec::new();
            render(report?, Format::Html, Options::default(), &mut body).ok()?;
            Some(Answer::html(body, REPORT_POLICY))
        }
        "/version" => Some(Answer::text(&history.version.to_string())),
        _ => None,
    }
}

fn whole(title: &str, main: &str, history: &History) -> Answer {
    let trouble = history.trouble.as_ref().map_or_else(String::new, |why| {
        format!(
            "<p class=\"trouble\" role=\"alert\">Nothing newer can be read, so that this may be old: {}</p>\n",
            markup(why)
        )
    });
    let mut out = String::with_capacity(main.len() + STYLES.len() + 4096);
    // Writing to a string can't fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\" data-version=\"{version}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{title} - keyproof dashboard</title>\n<style>{style}</style>\n</head>\n<body class=\"dashboard\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header><p class=\"product\"><a href=\"/\">keyproof · dashboard</a></p>\n\
         <p class=\"news\" role=\"status\" id=\"news\"></p></header>\n\
         <main id=\"main\">\n{trouble}{main}</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        version = history.version,
        title = markup(title),
        style = *STYLES,
    );
    Answer::html(out.into_bytes(), &POLICY)
}
