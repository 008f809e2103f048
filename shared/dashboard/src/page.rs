// SPDX-License-Identifier: Apache-2.0
//! The pages: pure functions of the history and an address, but for a run's page, which reads its
//! report.

mod overview;
mod parts;
mod plan;
mod probe;
mod timeline;

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyproof_report::{Format, Options, STYLE, markup, render};
use keyproof_verdict::Report;
use sha2::{Digest, Sha256};

use crate::history::History;
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

/// The page at an address; `None` where there is none.
pub(crate) fn answer(
    path: &str,
    query: &Query,
    history: &History,
    interval_minutes: Option<u32>,
) -> Option<Answer> {
    match path {
        "/" => {
            let main = overview::main(history, interval_minutes);
            Some(whole("History", &main, history))
        }
        "/plan" => {
            let plan = history.plans.get(&query.plan)?;
            let main = plan::main(query, plan, interval_minutes);
            Some(whole(&query.plan, &main, history))
        }
        "/probe" => {
            let plan = history.plans.get(&query.plan)?;
            let probe = plan.probes.get(&query.probe)?;
            let main = probe::main(query, plan, probe);
            Some(whole(&query.probe, &main, history))
        }
        "/run" => run(query, history),
        "/version" => Some(Answer::text(&history.version.to_string())),
        _ => None,
    }
}

/// A run's report, rendered as it always is.
fn run(query: &Query, history: &History) -> Option<Answer> {
    let plan = history.plans.get(&query.plan)?;
    let run = plan.runs.iter().find(|run| run.id == query.run)?;
    let text = std::fs::read_to_string(&run.file).ok()?;
    let report = Report::from_json(&text).ok()?;
    if report.run.id != run.id {
        return None;
    }
    let mut body = Vec::new();
    render(&report, Format::Html, Options::default(), &mut body).ok()?;
    Some(Answer::html(body, REPORT_POLICY))
}

fn whole(title: &str, main: &str, history: &History) -> Answer {
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
         <main id=\"main\">\n{main}</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        version = history.version,
        title = markup(title),
        style = *STYLES,
    );
    Answer::html(out.into_bytes(), &POLICY)
}
