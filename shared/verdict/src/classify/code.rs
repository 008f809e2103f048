// SPDX-License-Identifier: Apache-2.0
//! Error codes and what they mean. The one list of codes in keyproof.

/// What an error code means, before its message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Refused for want of permission.
    AccessDenied,
    /// KMS: the key is disabled.
    KeyDisabled,
    /// KMS: the key is unavailable at the moment.
    KeyUnavailable,
    /// KMS: the key's state forbids the call; the message names the state.
    KeyInvalidState,
    /// KMS: the key, alias or grant was not found.
    KmsNotFound,
    /// KMS: the grant was not found.
    GrantNotFound,
    /// KMS: the dry run would have succeeded.
    DryRun,
    /// DynamoDB: the write's condition did not hold.
    ConditionFailed,
    /// DynamoDB: the table was not found.
    NotFound,
    /// The request is invalid, or so is something behind it.
    Validation,
    /// Too many requests.
    Throttled,
    /// Another request holds what this one needs.
    Conflict,
    /// The credentials, the signature or the clock are wrong.
    Credentials,
    /// The service failed.
    ServiceFailure,
    /// The service gave up waiting.
    TimedOut,
    /// Anything else.
    Other,
}

/// The code without the namespace in front of `#` and without the address behind `:` that some
/// `awsJson` services add.
pub(super) fn bare(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split_once(':').map_or(code, |(code, _)| code).trim()
}

/// What a bare code means. Codes of batch statements and of cancelled transactions stand beside
/// those of whole calls: they name the same things.
pub(super) fn meaning(code: &str) -> Meaning {
    match code {
        "AccessDeniedException" | "AccessDenied" => Meaning::AccessDenied,
        "DisabledException" => Meaning::KeyDisabled,
        "KeyUnavailableException" => Meaning::KeyUnavailable,
        "KMSInvalidStateException" => Meaning::KeyInvalidState,
        "NotFoundException" => Meaning::KmsNotFound,
        "InvalidGrantIdException" => Meaning::GrantNotFound,
        "DryRunOperationException" => Meaning::DryRun,
        "ConditionalCheckFailedException" | "ConditionalCheckFailed" => Meaning::ConditionFailed,
        "ResourceNotFoundException"
        | "ResourceNotFound"
        | "TableNotFoundException"
        | "IndexNotFoundException" => Meaning::NotFound,
        "ValidationException" | "ValidationError" => Meaning::Validation,
        "Throttling"
        | "ThrottlingException"
        | "ThrottlingError"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "RequestLimitExceededException"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete" => Meaning::Throttled,
        "TransactionConflictException"
        | "TransactionConflict"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException"
        | "ConflictException" => Meaning::Conflict,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidToken"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "AuthFailure"
        | "NotAuthorized"
        | "OptInRequired" => Meaning::Credentials,
        "InternalServerError"
        | "InternalServerErrorException"
        | "InternalFailure"
        | "InternalError"
        | "InternalException"
        | "InternalServiceException"
        | "InternalServiceError"
        | "KMSInternalException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => Meaning::ServiceFailure,
        "DependencyTimeoutException" | "RequestTimeout" | "RequestTimeoutException" => {
            Meaning::TimedOut
        }
        _ => Meaning::Other,
    }
}
