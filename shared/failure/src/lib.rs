// SPDX-License-Identifier: Apache-2.0
//! Why a call to AWS failed, in one wording wherever it is told: a sentence for a person, and nothing of
//! what was sent or came back but the service's own code and message.

use std::any::Any;
use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The service's code and message; where there is none, what became of the call. A reply that can't be
/// read is not quoted: it may hold anything.
pub fn why<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("{code}: {message}"),
        (Some(code), None) => return code.to_owned(),
        (None, _) => {}
    }
    let status = error.raw_response().and_then(|raw| {
        let raw = (raw as &dyn Any).downcast_ref::<HttpResponse>()?;
        Some(raw.status().as_u16())
    });
    match (error, status) {
        (SdkError::ServiceError(_) | SdkError::ResponseError(_), Some(status)) => {
            format!("the reply can't be read (HTTP status {status})")
        }
        (SdkError::ServiceError(_) | SdkError::ResponseError(_), None) => {
            "the reply can't be read".to_owned()
        }
        (SdkError::TimeoutError(_), _) => "no answer came in time".to_owned(),
        (other, _) => chain(other),
    }
}

/// What an error says, and what each error behind it says, outermost first.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        told.push_str(": ");
        told.push_str(&error.to_string());
        behind = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::{Response, StatusCode};
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug)]
    struct Refused(ErrorMetadata);

    impl fmt::Display for Refused {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("unhandled error")
        }
    }

    impl Error for Refused {}

    impl ProvideErrorMetadata for Refused {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn reply(status: u16) -> HttpResponse {
        let status = StatusCode::try_from(status).unwrap();
        Response::new(status, SdkBody::from("{\"secret\": \"s3cr3t\"}"))
    }

    fn told(error: &SdkError<Refused, HttpResponse>) -> String {
        why(error)
    }

    #[test]
    fn a_service_is_told_in_its_own_words() {
        let refused = || ErrorMetadata::builder().code("AccessDenied");
        let worded = refused().message("you may not").build();
        let of = |metadata| SdkError::service_error(Refused(metadata), reply(403));

        assert_eq!(told(&of(worded)), "AccessDenied: you may not");
        assert_eq!(told(&of(refused().build())), "AccessDenied");
    }

    #[test]
    fn a_reply_that_can_not_be_read_is_not_quoted() {
        let unknown = || Refused(ErrorMetadata::builder().message("<html>").build());
        let broken = SdkError::response_error("invalid token at offset 0", reply(200));

        let page = told(&SdkError::service_error(unknown(), reply(503)));
        let elsewhere: SdkError<Refused, ()> = SdkError::service_error(unknown(), ());

        assert_eq!(page, "the reply can't be read (HTTP status 503)");
        assert_eq!(told(&broken), "the reply can't be read (HTTP status 200)");
        assert_eq!(why(&elsewhere), "the reply can't be read");
    }

    #[test]
    fn where_nobody_answered_the_whole_chain_of_causes_is_told() {
        let refused = ConnectorError::io(io::Error::other("connection refused").into());

        let unreached = told(&SdkError::dispatch_failure(refused));
        let late = told(&SdkError::timeout_error("10 s"));

        assert_eq!(unreached, "dispatch failure: io error: connection refused");
        assert_eq!(late, "no answer came in time");
    }
}
