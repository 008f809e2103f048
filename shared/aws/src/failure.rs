// SPDX-License-Identifier: Apache-2.0
//! SDK errors, translated in one place.

use std::error::Error;
use std::ops::{Deref, DerefMut};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use keyproof_verdict::{Answer, Blindness};

use crate::transport::BadReplyError;

/// A call that brought no success: what the reply says about authorisation, and its own words, not
/// yet free of secrets.
#[derive(Clone, Debug, PartialEq)]
// Boxed: every result of the crate would be as large as it else.
pub(crate) struct Failure(Box<Fault>);

/// What a [`Failure`] holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) answer: Answer,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Deref for Failure {
    type Target = Fault;

    fn deref(&self) -> &Fault {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Fault {
        &mut self.0
    }
}

impl Failure {
    /// Nothing was found out, for a reason of our own.
    pub(crate) fn blind(blindness: Blindness, message: impl Into<String>) -> Self {
        Self::unknown(blindness, Some(message.into()), None)
    }

    /// Nothing was found out, and there is nothing to add.
    pub(crate) fn silent(blindness: Blindness) -> Self {
        Self::unknown(blindness, None, None)
    }

    fn unknown(blindness: Blindness, message: Option<String>, request_id: Option<String>) -> Self {
        Self(Box::new(Fault {
            answer: Answer::Unknown(blindness),
            code: None,
            message,
            request_id,
        }))
    }

    /// The fault itself.
    pub(crate) fn into_fault(self) -> Fault {
        *self.0
    }

    /// Translates an SDK error. `read` is the classification of a service's code and message.
    pub(crate) fn new<E>(
        error: &SdkError<E, HttpResponse>,
        read: impl FnOnce(Option<&str>, Option<&str>) -> Answer,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let with = |blindness, message: Option<String>| {
            Self::unknown(blindness, message, request_id.clone())
        };
        match error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let Some(code) = context.err().code() else {
                    let blindness = if status >= 500 {
                        Blindness::ServiceFailure
                    } else {
                        Blindness::Unreadable
                    };
                    return with(
                        blindness,
                        Some(format!("HTTP status {status} without an error code")),
                    );
                };
                let message = context.err().message();
                let answer = match read(Some(code), message) {
                    Answer::Unknown(Blindness::Other) if status >= 500 => {
                        Answer::Unknown(Blindness::ServiceFailure)
                    }
                    answer => answer,
                };
                let (code, message) = (Some(code.to_owned()), message.map(str::to_owned));
                Self(Box::new(Fault {
                    answer,
                    code,
                    message,
                    request_id,
                }))
            }
            SdkError::ResponseError(_) => with(
                Blindness::Unreadable,
                Some("the reply is not in the service's format".to_owned()),
            ),
            SdkError::TimeoutError(_) => with(Blindness::TimedOut, None),
            SdkError::DispatchFailure(failure) => {
                let source: Option<&(dyn Error + 'static)> =
                    failure.as_connector_error().map(|error| error as _);
                let found = source.map(|error| (error, innermost(error)));
                let Some((error, cause)) = found else {
                    return with(Blindness::NoConnection, None);
                };
                let blindness = if find::<BadReplyError>(error).is_some() {
                    Blindness::Unreadable
                } else if find::<CredentialsError>(error).is_some() {
                    Blindness::Credentials
                } else if failure.is_timeout() {
                    Blindness::TimedOut
                } else if failure.is_user() {
                    Blindness::Other
                } else {
                    Blindness::NoConnection
                };
                with(blindness, Some(cause))
            }
            // Never sent: a request that can't be built, or credentials that can't be had.
            error => {
                let source: &(dyn Error + 'static) = error;
                let blindness = match find::<CredentialsError>(source) {
                    Some(_) => Blindness::Credentials,
                    None => Blindness::Other,
                };
                with(blindness, Some(innermost(source)))
            }
        }
    }
}

/// Whether another attempt may bring an answer. Beyond what the verdict's crate knows of services, a
/// reply that can't be read may be a proxy's passing trouble.
pub(crate) fn worth_retrying(failure: &Failure) -> bool {
    failure.answer == Answer::Unknown(Blindness::Unreadable)
        || keyproof_verdict::retryable(&failure.answer, failure.code.as_deref())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
