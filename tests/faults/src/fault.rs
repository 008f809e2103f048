// SPDX-License-Identifier: Apache-2.0
//! What can go wrong with a reply.

/// What becomes of the reply to a call, which is carried out all the same unless it gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The connection is closed in place of a reply.
    Closed,
    /// The connection is reset in place of a reply.
    Reset,
    /// The connection is closed in the middle of the reply's head.
    ClosedInHead,
    /// The connection is closed in the middle of the reply's body.
    ClosedInBody,
    /// The connection is reset in the middle of the reply's body.
    ResetInBody,
    /// No reply, ever; the connection stays.
    Hang,
    /// Half of the body, and then nothing; the connection stays.
    HangInBody,
    /// A byte now and then: more slowly than any attempt waits.
    Drip,
    /// A byte now and then, but whole before an attempt's end.
    Trickle,
    /// Half of the body, as if that were all of it.
    Truncated,
    /// The body twice.
    Doubled,
    /// The whole body under half of its length.
    LengthTooShort,
    /// The whole body under twice its length, and the connection stays.
    LengthTooLong,
    /// The whole body without a length, ended by the connection's end, as HTTP/1.0 did.
    NoLength,
    /// The right body as `text/html`.
    ContentType,
    /// The right body, claimed to be compressed.
    Encoding,
    /// A chunked body whose chunks are none.
    BadChunks,
    /// Something that is no HTTP.
    NotHttp,
    /// A page of a proxy's, with this status.
    Page(u16),
    /// A redirection with this status to another host.
    Redirect(u16),
    /// The reply to another operation of the same service.
    OtherOperation,
    /// The reply of another service.
    OtherService,
    /// The reply to the same call of the other principal. Of `AssumeRole`: the other's session. Of an object
    /// or an item with a sort key: the reply about another.
    OtherPrincipal,
    /// The reply that the recording has to the same call: what another world says.
    Recorded,
    /// The service's throttle.
    Throttled,
    /// The service's internal error.
    ServerError,
    /// The service's `ServiceUnavailable`, with 503.
    Unavailable,
    /// Expired credentials.
    Expired,
    /// A signature of a time yet to come.
    NotYetValid,
    /// Credentials that exist no more.
    Revoked,
    /// A clock that is too far off.
    Skewed,
    /// A body of 9 MiB.
    Huge,
    /// A body without end.
    Endless,
    /// Bytes that are no text.
    Garbage,
    /// The right body with one byte that is no UTF-8.
    BrokenText,
    /// The right body with one letter of each value changed.
    Altered,
    /// A body nested ten thousand levels deep.
    Deep,
    /// An XML document whose entities would grow to gigabytes.
    EntityBomb,
    /// An empty body.
    Empty,
    /// `204 No Content`.
    NoContent,
    /// An empty document of the service's format.
    EmptyDocument,
    /// A denial in the form of a gateway's: a 200 with an error document inside.
    ErrorInside,
}
