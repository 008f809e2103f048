// SPDX-License-Identifier: Apache-2.0
//! Which context keys hold several values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

/// The multivalued keys of all services, and of those whose requests are decided here: the Service
/// Authorization Reference gives them a type that begins `ArrayOf`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const MULTIVALUED: [&str; 33] = [
    "aws:CalledVia",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceNamesList",
    "aws:ResourceOrgPaths",
    "aws:SourceOrgPaths",
    "aws:TagKeys",
    "aws:VpceOrgPaths",
    "dynamodb:Attributes",
    "dynamodb:FirstPartitionKeyValues",
    "dynamodb:FisTargetArns",
    "dynamodb:FourthPartitionKeyValues",
    "dynamodb:LeadingKeys",
    "dynamodb:SecondPartitionKeyValues",
    "dynamodb:ThirdPartitionKeyValues",
    "kms:EncryptionContextKeys",
    "kms:GrantOperations",
    "kms:ResourceAliases",
    "saml:cn",
    "saml:eduorghomepageuri",
    "saml:eduorgidentityauthnpolicyuri",
    "saml:eduorglegalname",
    "saml:eduorgsuperioruri",
    "saml:eduorgwhitepagesuri",
    "saml:edupersonaffiliation",
    "saml:edupersonassurance",
    "saml:edupersonentitlement",
    "saml:edupersonnickname",
    "saml:edupersonorgunitdn",
    "saml:edupersonscopedaffiliation",
    "saml:edupersontargetedid",
    "sts:IdentityTokenAudience",
    "sts:RequestContextProviders",
    "sts:TransitiveTagKeys",
];

/// Whether a key holds several values, even where there is one.
pub(super) fn is_multivalued(key: &str) -> bool {
    MULTIVALUED
        .iter()
        .any(|name| name.eq_ignore_ascii_case(key))
}
