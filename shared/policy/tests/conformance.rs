// SPDX-License-Identifier: Apache-2.0
//! The conformance corpus: one test for each file under `conformance/`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use keyproof_policy::simulate::simulate_line;
use serde_json::{Value, json};

fn check(text: &str) {
    let case: Value = serde_json::from_str(text).unwrap();
    for member in ["description", "origin"] {
        assert!(case[member].is_string(), "`{member}` is missing");
    }

    let outcome = simulate_line(&case["input"].to_string());

    let mut expected = case["expected"].clone();
    expected["id"] = json!(null);
    let found: Value = serde_json::from_str(&outcome.line).unwrap();
    assert_eq!(found, expected, "{}", case["description"]);
}

macro_rules! corpus {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[test]
            fn $name() {
                check(include_str!(concat!("../conformance/", $path, ".json")));
            }
        )*

        const LISTED: &[&str] = &[$($path),*];
    };
}

#[test]
fn every_file_of_the_corpus_is_listed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let mut found = Vec::new();
    for area in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(area.unwrap().path()).unwrap() {
            let path = file.unwrap().path().with_extension("");
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            found.push(name);
        }
    }
    found.sort();

    let mut listed = LISTED.to_vec();
    listed.sort_unstable();

    assert_eq!(found, listed);
}

corpus! {
    conditions_arn_fields_are_checked_one_by_one: "conditions/arn-fields-are-checked-one-by-one",
    conditions_dates_by_epoch: "conditions/dates-by-epoch",
    conditions_every_key_has_to_hold: "conditions/every-key-has-to-hold",
    conditions_for_all_values_with_another: "conditions/for-all-values-with-another",
    conditions_for_all_values_without_the_key: "conditions/for-all-values-without-the-key",
    conditions_for_any_value_without_the_key: "conditions/for-any-value-without-the-key",
    conditions_ip_range: "conditions/ip-range",
    conditions_ipv6_range: "conditions/ipv6-range",
    conditions_keys_without_case: "conditions/keys-without-case",
    conditions_list_of_one_in_a_deny: "conditions/list-of-one-in-a-deny",
    conditions_list_of_one_in_a_variable: "conditions/list-of-one-in-a-variable",
    conditions_list_of_one_in_an_allow: "conditions/list-of-one-in-an-allow",
    conditions_list_of_one_of_another_value: "conditions/list-of-one-of-another-value",
    conditions_multivalued_key_of_one_value: "conditions/multivalued-key-of-one-value",
    conditions_negated_values_are_nor: "conditions/negated-values-are-nor",
    conditions_null_of_a_present_key: "conditions/null-of-a-present-key",
    conditions_numbers_are_not_text: "conditions/numbers-are-not-text",
    conditions_one_value_is_enough: "conditions/one-value-is-enough",
    conditions_string_equals_by_case: "conditions/string-equals-by-case",
    conditions_string_like_across_the_text: "conditions/string-like-across-the-text",
    cross_account_both_sides_allow: "cross-account/both-sides-allow",
    cross_account_boundary_limits: "cross-account/boundary-limits",
    cross_account_iam_alone_is_not_enough: "cross-account/iam-alone-is-not-enough",
    cross_account_key_policy_alone_is_not_enough: "cross-account/key-policy-alone-is-not-enough",
    cross_account_operations_that_stay_at_home: "cross-account/operations-that-stay-at-home",
    cross_account_retire_grant_wants_the_grant: "cross-account/retire-grant-wants-the-grant",
    cross_account_session_policy_limits: "cross-account/session-policy-limits",
    cross_account_table_policy_and_identity_policy: "cross-account/table-policy-and-identity-policy",
    grants_a_grant_allows: "grants/a-grant-allows",
    grants_a_retiring_principal_may_do_nothing_else: "grants/a-retiring-principal-may-do-nothing-else",
    grants_across_accounts_to_a_service_linked_role: "grants/across-accounts-to-a-service-linked-role",
    grants_constraints_do_not_restrict_describe_key: "grants/constraints-do-not-restrict-describe-key",
    grants_encryption_context_equals_met: "grants/encryption-context-equals-met",
    grants_encryption_context_equals_with_more: "grants/encryption-context-equals-with-more",
    grants_encryption_context_names_compare_by_case: "grants/encryption-context-names-compare-by-case",
    grants_encryption_context_subset_met: "grants/encryption-context-subset-met",
    grants_encryption_context_subset_missed: "grants/encryption-context-subset-missed",
    grants_explicit_deny_beats_a_grant: "grants/explicit-deny-beats-a-grant",
    grants_explicit_deny_beats_retiring: "grants/explicit-deny-beats-retiring",
    grants_limited_by_a_session_policy: "grants/limited-by-a-session-policy",
    grants_not_another_principal: "grants/not-another-principal",
    grants_not_retired_by_its_grantee: "grants/not-retired-by-its-grantee",
    grants_only_its_operations: "grants/only-its-operations",
    grants_retired_by_its_grantee: "grants/retired-by-its-grantee",
    grants_retired_by_its_retiring_principal: "grants/retired-by-its-retiring-principal",
    grants_retiring_account_delegates: "grants/retiring-account-delegates",
    grants_retiring_account_has_to_delegate: "grants/retiring-account-has-to-delegate",
    grants_retiring_role_is_limited_by_its_boundary: "grants/retiring-role-is-limited-by-its-boundary",
    grants_to_another_session: "grants/to-another-session",
    grants_to_one_session: "grants/to-one-session",
    iam_boundary_intersects: "iam/boundary-intersects",
    iam_every_scp_level_has_to_allow: "iam/every-scp-level-has-to-allow",
    iam_explicit_deny_wins: "iam/explicit-deny-wins",
    iam_get_caller_identity_needs_no_permission: "iam/get-caller-identity-needs-no-permission",
    iam_implicit_deny: "iam/implicit-deny",
    iam_leading_keys: "iam/leading-keys",
    iam_mfa_deny_with_bool_if_exists: "iam/mfa-deny-with-bool-if-exists",
    iam_not_principal_and_a_boundary: "iam/not-principal-and-a-boundary",
    iam_not_principal_with_every_layer: "iam/not-principal-with-every-layer",
    iam_not_principal_without_the_session: "iam/not-principal-without-the-session",
    iam_rcp_deny: "iam/rcp-deny",
    iam_scp_deny: "iam/scp-deny",
    iam_scp_does_not_limit_service_linked_roles: "iam/scp-does-not-limit-service-linked-roles",
    iam_service_principal_with_source_account: "iam/service-principal-with-source-account",
    iam_tag_variable_with_default: "iam/tag-variable-with-default",
    iam_vpc_endpoint_policy_has_to_allow: "iam/vpc-endpoint-policy-has-to-allow",
    kms_caller_account_with_a_wildcard_principal: "kms/caller-account-with-a-wildcard-principal",
    kms_create_grant_only_for_aws_resources: "kms/create-grant-only-for-aws-resources",
    kms_delegation_alone_allows_nobody: "kms/delegation-alone-allows-nobody",
    kms_delegation_by_account_id: "kms/delegation-by-account-id",
    kms_delegation_by_root_arn: "kms/delegation-by-root-arn",
    kms_delegation_of_some_actions: "kms/delegation-of-some-actions",
    kms_deny_unless_through_service_denies_direct_calls: "kms/deny-unless-through-service-denies-direct-calls",
    kms_encryption_context_condition: "kms/encryption-context-condition",
    kms_explicit_deny_in_the_key_policy: "kms/explicit-deny-in-the-key-policy",
    kms_grant_operations: "kms/grant-operations",
    kms_iam_counts_only_by_delegation: "kms/iam-counts-only-by-delegation",
    kms_iam_deny_counts_without_delegation: "kms/iam-deny-counts-without-delegation",
    kms_key_policy_is_enough_in_its_account: "kms/key-policy-is-enough-in-its-account",
    kms_no_key_policy_no_access: "kms/no-key-policy-no-access",
    kms_retire_grant_by_iam_without_delegation: "kms/retire-grant-by-iam-without-delegation",
    kms_retire_grant_key_policy_and_rcp_have_no_deny: "kms/retire-grant-key-policy-and-rcp-have-no-deny",
    kms_retire_grant_key_policy_has_no_allow: "kms/retire-grant-key-policy-has-no-allow",
    kms_root_user_through_the_account_principal: "kms/root-user-through-the-account-principal",
    kms_statement_without_resource_has_no_effect: "kms/statement-without-resource-has-no-effect",
    kms_via_service_refuses_direct_calls: "kms/via-service-refuses-direct-calls",
    kms_via_service_through_dynamodb: "kms/via-service-through-dynamodb",
    sessions_federated_user_is_no_namesake: "sessions/federated-user-is-no-namesake",
    sessions_federated_user_is_not_denied_as_a_namesake: "sessions/federated-user-is-not-denied-as-a-namesake",
    sessions_federated_user_left_out_of_a_deny: "sessions/federated-user-left-out-of-a-deny",
    sessions_federated_user_named_itself: "sessions/federated-user-named-itself",
    sessions_role_arn_is_limited_by_the_boundary: "sessions/role-arn-is-limited-by-the-boundary",
    sessions_role_arn_is_limited_by_the_session_policy: "sessions/role-arn-is-limited-by-the-session-policy",
    sessions_session_and_identity_policies_intersect: "sessions/session-and-identity-policies-intersect",
    sessions_session_arn_is_not_limited_by_the_boundary: "sessions/session-arn-is-not-limited-by-the-boundary",
    sessions_session_arn_is_not_limited_by_the_session_policy: "sessions/session-arn-is-not-limited-by-the-session-policy",
    sessions_session_policy_deny_wins: "sessions/session-policy-deny-wins",
    sessions_session_policy_grants_nothing: "sessions/session-policy-grants-nothing",
    sessions_user_arn_is_not_limited_by_the_boundary: "sessions/user-arn-is-not-limited-by-the-boundary",
    sessions_wildcard_principal_is_not_limited: "sessions/wildcard-principal-is-not-limited",
    trust_account_and_identity_policy: "trust/account-and-identity-policy",
    trust_account_delegates_to_iam: "trust/account-delegates-to-iam",
    trust_external_id_across_accounts: "trust/external-id-across-accounts",
    trust_external_id_missing: "trust/external-id-missing",
    trust_identity_policy_alone: "trust/identity-policy-alone",
    trust_role_named_in_its_account: "trust/role-named-in-its-account",
    trust_service: "trust/service",
    trust_source_identity: "trust/source-identity",
    trust_tag_session_has_to_be_trusted: "trust/tag-session-has-to-be-trusted",
    trust_web_identity: "trust/web-identity",
}
