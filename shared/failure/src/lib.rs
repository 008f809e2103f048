// SPDX-License-Identifier: Apache-2.0
//! Why a call to AWS failed, in one wording wherever it is told.

use std::error::Error;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The service's code and message; what the connection says, where there was no answer.
pub fn why<E: Error + ProvideErrorMetadata>(error: &E) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug)]
    struct Failed(ErrorMetadata, io::Error);

    impl fmt::Display for Failed {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("dispatch failure")
        }
    }

    impl Error for Failed {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    impl ProvideErrorMetadata for Failed {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn told(metadata: ErrorMetadata) -> String {
        why(&Failed(metadata, io::Error::other("connection refused")))
    }

    #[test]
    fn a_service_is_told_in_its_own_words() {
        let refused = || ErrorMetadata::builder().code("AccessDenied");

        let worded = refused().message("you may not").build();

        assert_eq!(told(worded), "AccessDenied: you may not");
        assert_eq!(told(refused().build()), "AccessDenied");
    }

    #[test]
    fn where_nobody_answered_the_whole_chain_of_causes_is_told() {
        let told = told(ErrorMetadata::builder().message("without a code").build());

        assert!(
            told.starts_with("dispatch failure: connection refused"),
            "{told}"
        );
    }
}
