// SPDX-License-Identifier: Apache-2.0
//! The operator: whose credentials a run starts from, and how its calls reach AWS.

mod error;
mod remembered;

#[cfg(test)]
mod tests;

pub use error::RunnerError;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::origin::Origin;
use aws_types::service_config::ServiceConfigKey;

use crate::Settings;
use crate::transport::Transport;
use remembered::{Provider, Remembered};

/// The operator's own credentials and the way to AWS. Made once, good for any number of runs.
///
/// It needs `sts:AssumeRole` on the principals' roles, and `dynamodb:DescribeTable` and
/// `kms:DescribeKey` on tables that no principal inspects.
#[derive(Clone)]
pub struct Runner {
    config: SdkConfig,
    credentials: Arc<Remembered>,
    transport: Transport,
    endpoint: Option<String>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Runner")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// How long the calls of [`Runner::service_config`] may take, for programs that make no runs: one that hangs must not
/// take the others' time.
#[must_use]
pub fn service_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .build()
}

impl Runner {
    /// Takes credentials, endpoints and all else from where the AWS CLI takes them: environment,
    /// shared configuration files, web identity, container and instance metadata. `region` is used
    /// where neither [`Settings::region`] nor these name one; a run itself works in the plan's.
    ///
    /// # Errors
    ///
    /// Where no credentials are found, or the endpoint is no URL.
    pub async fn load(settings: &Settings, region: &str) -> Result<Self, RunnerError> {
        let mut regions = RegionProviderChain::first_try(settings.region.clone().map(Region::new));
        regions =
            regions.or_else(aws_config::environment::EnvironmentVariableRegionProvider::new());
        let mut profile = aws_config::profile::ProfileFileRegionProvider::builder();
        if let Some(name) = &settings.profile {
            profile = profile.profile_name(name);
        }
        // The instance's metadata isn't asked: that takes seconds where there is none.
        let regions = regions
            .or_else(profile.build())
            .or_else(Region::new(region.to_owned()));
        let region = regions.region().await;
        let mut loader = defaults(&Transport::Network).region(region.clone());
        if let Some(name) = &settings.profile {
            // The chain would take keys from the environment first: another account, for somebody
            // who named a profile.
            let base = ProviderConfig::default()
                .with_http_client(Transport::Network.open())
                .with_region(region);
            let named = ProfileFileCredentialsProvider::builder().configure(&base);
            loader = loader
                .profile_name(name)
                .credentials_provider(named.profile_name(name).build());
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self::checked(loader.load().await, Transport::Network).await
    }

    /// Uses these credentials, and nothing of the environment: for an endpoint of our own.
    ///
    /// # Errors
    ///
    /// Where the endpoint is no URL.
    pub async fn with_credentials(
        credentials: Credentials,
        endpoint_url: &str,
        region: &str,
    ) -> Result<Self, RunnerError> {
        let config = bare(credentials, &Transport::Network, region).endpoint_url(endpoint_url);
        Self::checked(config.build(), Transport::Network).await
    }

    /// Uses these credentials and this HTTP client, such as a sandbox in this process.
    ///
    /// # Errors
    ///
    /// Where the credentials can't be used.
    pub async fn in_process(
        credentials: Credentials,
        http_client: SharedHttpClient,
        region: &str,
    ) -> Result<Self, RunnerError> {
        let transport = Transport::Given(http_client);
        Self::checked(bare(credentials, &transport, region).build(), transport).await
    }

    /// The endpoint, where it is not AWS's own, without user name and password.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The operator's own configuration, for calls that are no part of a run. It has connections of
    /// its own, and neither retries nor times out.
    #[must_use]
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        let mut builder = self.config(region, None).to_builder();
        builder.set_http_client(Some(self.transport.open()));
        builder.build()
    }

    /// The configuration for what is keyproof's own: its table, its queue, its bucket. Unlike calls
    /// of a run these are tried again and time out as the SDK sees fit, and its replies are read as
    /// the SDK reads them. `endpoint_url` is in the place of whatever else is configured, so that
    /// what is under test may be somewhere else.
    #[must_use]
    pub fn service_config(&self, endpoint_url: Option<&str>) -> SdkConfig {
        let mut builder = self.config.to_builder();
        builder.set_http_client(Some(self.transport.open_unchecked()));
        builder.set_retry_config(Some(RetryConfig::standard().with_max_attempts(4)));
        builder.set_timeout_config(Some(service_timeouts()));
        if let Some(url) = endpoint_url {
            builder.set_endpoint_url(Some(url.to_owned()));
            // As if it were said in code: a service's own variable must not win over it.
            builder.insert_origin("endpoint_url", Origin::shared_config());
        }
        builder.build()
    }

    async fn checked(config: SdkConfig, transport: Transport) -> Result<Self, RunnerError> {
        let endpoint = endpoint(&config)?;
        let chain = config
            .credentials_provider()
            .ok_or(RunnerError::NoCredentials)?;
        let credentials = Arc::new(Remembered::new(chain));
        credentials
            .get()
            .await
            .map_err(|source| RunnerError::Credentials { source })?;
        let provider = SharedCredentialsProvider::new(Provider(Arc::clone(&credentials)));
        let config = config.to_builder().credentials_provider(provider).build();
        Ok(Self {
            config,
            credentials,
            transport,
            endpoint,
        })
    }

    /// The operator's own configuration for a run.
    pub(crate) fn config(&self, region: &str, app_name: Option<AppName>) -> SdkConfig {
        let mut builder = self
            .config
            .to_builder()
            .region(Region::new(region.to_owned()));
        builder.set_app_name(app_name);
        builder.build()
    }

    /// A configuration with these credentials and with connections of its own.
    pub(crate) fn config_as(&self, base: &SdkConfig, credentials: Credentials) -> SdkConfig {
        let mut builder = base.to_builder();
        builder.set_identity_cache(Some(aws_sdk_sts::config::IdentityCache::no_cache()));
        builder
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.transport.open())
            .build()
    }

    /// The credentials last used, to keep their secrets out of reports.
    pub(crate) async fn credentials(&self) -> Option<Credentials> {
        self.credentials.get().await.ok()
    }
}

/// keyproof retries and times out by its own rules (`calls`), so that attempts are counted and a
/// run's deadline holds; the SDK does neither.
fn defaults(transport: &Transport) -> aws_config::ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(transport.open())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

fn bare(
    credentials: Credentials,
    transport: &Transport,
    region: &str,
) -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(transport.open())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// The endpoint that the services are called at, where one is configured: a report that was made
/// against an emulator must say so. A service's own endpoint wins over the common one, as it does
/// in the SDK.
fn endpoint(config: &SdkConfig) -> Result<Option<String>, RunnerError> {
    let common = config.endpoint_url().map(str::to_owned);
    let programmatic = config.get_origin("endpoint_url").is_client_config();
    let own = |service_id| {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        config
            .service_config()
            .zip(key.build().ok())
            .and_then(|(all, key)| all.load_config(key))
    };
    let services = ["DynamoDB", "KMS", "STS"].map(|id| if programmatic { None } else { own(id) });
    let mut all = services.into_iter().flatten().chain(common);
    let Some(url) = all.next() else {
        return Ok(None);
    };
    for url in all.chain([url.clone()]) {
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        if !host.is_some_and(|host| !host.is_empty() && !url.contains(char::is_whitespace)) {
            return Err(RunnerError::Endpoint { url: public(&url) });
        }
    }
    Ok(Some(public(&url)))
}

/// The URL without user name, password and query.
fn public(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest
                .split_once('/')
                .map_or((rest, None), |(a, p)| (a, Some(p)));
            let host = authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host);
            match path {
                Some(path) if !path.is_empty() => format!("{scheme}://{host}/{path}"),
                Some(_) | None => format!("{scheme}://{host}"),
            }
        }
        None => url.to_owned(),
    }
}
