// SPDX-License-Identifier: Apache-2.0
//! Roles to ask as.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::IdentityCache;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::{Survey, SurveyError};

/// What CloudTrail shows of the sessions.
const SESSION_NAME: &str = "keyproof-inventory";
/// Long enough for one account; the shortest that STS gives, in seconds.
const SECONDS: i32 = 900;

/// Whom to ask as: a role, and the external id that its trust policy asks for; whoever asks, where none is
/// named.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskAs<'a> {
    /// The role's ARN.
    pub role: Option<&'a str>,
    /// The external id.
    pub external_id: Option<&'a str>,
}

impl Survey {
    /// The configuration of a role, or of whoever asks.
    pub(crate) async fn session(&self, who: AskAs<'_>) -> Result<SdkConfig, SurveyError> {
        let Some(role) = who.role else {
            return Ok(self.config.clone());
        };
        let what = format!("sts:AssumeRole of `{role}`");
        let assumed = aws_sdk_sts::Client::new(&self.config)
            .assume_role()
            .role_arn(role)
            .role_session_name(SESSION_NAME)
            .set_external_id(who.external_id.map(str::to_owned))
            .duration_seconds(SECONDS)
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        let Some(given) = assumed.credentials else {
            return Err(SurveyError::new(what, "the reply has no credentials"));
        };
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            None,
            "keyproof",
        );
        let mut builder = self.config.to_builder();
        builder.set_identity_cache(Some(IdentityCache::no_cache()));
        builder.set_credentials_provider(Some(SharedCredentialsProvider::new(credentials)));
        Ok(builder.build())
    }
}

/// The same configuration in a region.
pub(crate) fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    let region = Region::new(region.to_owned());
    config.to_builder().region(region).build()
}
