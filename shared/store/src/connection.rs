// SPDX-License-Identifier: Apache-2.0
//! The way to the service's own table, queue and bucket, apart from the AWS under test.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;

/// The variable with the endpoint of the state table, where it is not AWS's: the AWS under test may
/// have tables at another.
pub const STATE_ENDPOINT: &str = "KEYPROOF_STATE_ENDPOINT_URL";

/// The function's own credentials and region, with the SDK's retries: what is asked here proves nothing
/// about anybody, it only has to arrive.
pub async fn connect() -> SdkConfig {
    let ring = Provider::Rustls(CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(ring).build_https())
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .timeout_config(timeouts)
        .load()
        .await
}

/// The same, with the state table's own endpoint where there is one.
#[must_use]
pub fn for_the_state(config: &SdkConfig, endpoint: Option<&str>) -> SdkConfig {
    match endpoint {
        Some(url) => config.to_builder().endpoint_url(url).build(),
        None => config.clone(),
    }
}
