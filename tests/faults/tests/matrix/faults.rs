// SPDX-License-Identifier: Apache-2.0
//! The faults of the matrix, and what must come of each.

use keyproof_faults::Fault;

/// What must be made of the call that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Must {
    /// Found out all the same: the row is as it is undisturbed.
    Recover,
    /// Not found out, and one of these stands in the sentence.
    Say(&'static [&'static str]),
    /// The reply can't be told from the service's own: anything but a pass that isn't true.
    BeSafe,
}

/// A row of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its name there.
    pub(crate) name: &'static str,
    pub(crate) fault: Fault,
    /// How many of the calls are broken: with three attempts, one or two leave one.
    pub(crate) times: usize,
    /// Whether the fault takes an attempt's whole time.
    pub(crate) slow: bool,
    pub(crate) must: Must,
}

const ALWAYS: usize = usize::MAX;

const fn row(name: &'static str, fault: Fault, times: usize, must: Must) -> Row {
    Row {
        name,
        fault,
        times,
        slow: false,
        must,
    }
}

const fn slow(name: &'static str, fault: Fault, times: usize, must: Must) -> Row {
    Row {
        slow: true,
        ..row(name, fault, times, must)
    }
}

const BROKE: Must = Must::Say(&["no connection to the service came about, or it broke off"]);
pub(crate) const UNREADABLE: Must = Must::Say(&["the reply cannot be read"]);
const LATE: Must = Must::Say(&["no answer came within the time for an attempt"]);
const THROTTLED: Must = Must::Say(&["the service throttled the call"]);
const FAILED: Must = Must::Say(&["the service itself failed"]);
const CREDENTIALS: Must = Must::Say(&["the credentials, the signature or the clock"]);

/// Every fault of the matrix.
pub(crate) const ROWS: &[Row] = &[
    row("closed without a reply", Fault::Closed, ALWAYS, BROKE),
    row("closed once", Fault::Closed, 1, Must::Recover),
    row("reset without a reply", Fault::Reset, ALWAYS, BROKE),
    row("reset once", Fault::Reset, 1, Must::Recover),
    row("closed in the head", Fault::ClosedInHead, ALWAYS, BROKE),
    row(
        "closed in the body",
        Fault::ClosedInBody,
        ALWAYS,
        UNREADABLE,
    ),
    row("reset in the body", Fault::ResetInBody, ALWAYS, UNREADABLE),
    row(
        "reset in the body once",
        Fault::ResetInBody,
        1,
        Must::Recover,
    ),
    slow("hangs", Fault::Hang, ALWAYS, LATE),
    slow("hangs once", Fault::Hang, 1, Must::Recover),
    slow("hangs in the body", Fault::HangInBody, ALWAYS, LATE),
    slow(
        "drips for longer than an attempt",
        Fault::Drip,
        ALWAYS,
        LATE,
    ),
    row(
        "drips, but whole in time",
        Fault::Trickle,
        ALWAYS,
        Must::Recover,
    ),
    row("truncated body", Fault::Truncated, ALWAYS, UNREADABLE),
    row("truncated body once", Fault::Truncated, 1, Must::Recover),
    row("doubled body", Fault::Doubled, ALWAYS, UNREADABLE),
    row(
        "length too short",
        Fault::LengthTooShort,
        ALWAYS,
        UNREADABLE,
    ),
    slow("length too long", Fault::LengthTooLong, ALWAYS, LATE),
    row(
        "no length, as HTTP/1.0",
        Fault::NoLength,
        ALWAYS,
        Must::Recover,
    ),
    row(
        "wrong content type",
        Fault::ContentType,
        ALWAYS,
        Must::Recover,
    ),
    row(
        "wrong content encoding",
        Fault::Encoding,
        ALWAYS,
        Must::Recover,
    ),
    row("broken chunks", Fault::BadChunks, ALWAYS, UNREADABLE),
    row("not HTTP", Fault::NotHttp, ALWAYS, BROKE),
    row("HTML 200 of a portal", Fault::Page(200), ALWAYS, UNREADABLE),
    row("HTML 403 of a proxy", Fault::Page(403), ALWAYS, UNREADABLE),
    row("HTML 407 of a proxy", Fault::Page(407), ALWAYS, UNREADABLE),
    row("HTML 502 of a proxy", Fault::Page(502), ALWAYS, FAILED),
    row("HTML 503 of a proxy", Fault::Page(503), ALWAYS, FAILED),
    row("HTML 503 once", Fault::Page(503), 1, Must::Recover),
    row("redirect 302", Fault::Redirect(302), ALWAYS, UNREADABLE),
    row("redirect 307", Fault::Redirect(307), ALWAYS, UNREADABLE),
    row("redirect 308", Fault::Redirect(308), ALWAYS, UNREADABLE),
    row(
        "another operation's reply",
        Fault::OtherOperation,
        ALWAYS,
        Must::BeSafe,
    ),
    row(
        "another service's reply",
        Fault::OtherService,
        ALWAYS,
        Must::BeSafe,
    ),
    row(
        "the other principal's reply",
        Fault::OtherPrincipal,
        ALWAYS,
        Must::BeSafe,
    ),
    row("throttled once", Fault::Throttled, 1, Must::Recover),
    row("throttled twice", Fault::Throttled, 2, Must::Recover),
    row("throttled for good", Fault::Throttled, ALWAYS, THROTTLED),
    row("500 once", Fault::ServerError, 1, Must::Recover),
    row("500 for good", Fault::ServerError, ALWAYS, FAILED),
    row("503 for good", Fault::Unavailable, ALWAYS, FAILED),
    row("expired credentials", Fault::Expired, ALWAYS, CREDENTIALS),
    row(
        "credentials not yet valid",
        Fault::NotYetValid,
        ALWAYS,
        CREDENTIALS,
    ),
    row("revoked credentials", Fault::Revoked, ALWAYS, CREDENTIALS),
    row("clock skew", Fault::Skewed, ALWAYS, CREDENTIALS),
    row("huge body", Fault::Huge, ALWAYS, UNREADABLE),
    row("endless body", Fault::Endless, ALWAYS, UNREADABLE),
    row("garbage bytes", Fault::Garbage, ALWAYS, UNREADABLE),
    row(
        "broken UTF-8 in the body",
        Fault::BrokenText,
        ALWAYS,
        UNREADABLE,
    ),
    row(
        "letters changed in the body",
        Fault::Altered,
        ALWAYS,
        Must::BeSafe,
    ),
    row("nested ten thousand deep", Fault::Deep, ALWAYS, UNREADABLE),
    row("entity bomb", Fault::EntityBomb, ALWAYS, UNREADABLE),
    row("empty body", Fault::Empty, ALWAYS, UNREADABLE),
    row("204 No Content", Fault::NoContent, ALWAYS, UNREADABLE),
    row("empty document", Fault::EmptyDocument, ALWAYS, Must::BeSafe),
    row(
        "throttle inside of a 200",
        Fault::ErrorInside,
        ALWAYS,
        THROTTLED,
    ),
];
