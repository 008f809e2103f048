// SPDX-License-Identifier: Apache-2.0
//! `AssumeRole`: who may, for how long, and what the session carries.

use aws_sdk_sts::types::{PolicyDescriptorType, Tag};

use crate::world::{ACCOUNT, World, coded, refusal, role_arn, session};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn refused(caller: &str, action: &str, role: &str) -> (String, String) {
    coded(
        "AccessDenied",
        format!(
            "User: {caller} is not authorized to perform: {action} on resource: {}",
            role_arn(role)
        ),
    )
}

const ADMINISTRATOR: &str = "arn:aws:iam::111122223333:user/administrator";

#[tokio::test]
async fn a_session_is_the_roles_and_lasts_an_hour() {
    let world = World::new();

    let assumed = world.sts(&world.administrator()).assume_role();
    let assumed = assumed
        .role_arn(role_arn("keyproof/reader"))
        .role_session_name("s@1")
        .send()
        .await
        .unwrap();
    let identity = world
        .sts(&session(&assumed))
        .get_caller_identity()
        .send()
        .await
        .unwrap();

    let user = assumed.assumed_role_user().unwrap();
    assert_eq!(
        user.arn(),
        "arn:aws:sts::111122223333:assumed-role/reader/s@1"
    );
    assert_eq!(
        assumed.credentials().unwrap().expiration().to_string(),
        "2026-01-01T01:00:00Z"
    );
    assert!(
        assumed
            .credentials()
            .unwrap()
            .access_key_id()
            .starts_with("ASIA")
    );
    assert_eq!(identity.arn(), Some(user.arn()));
    assert_eq!(identity.user_id(), Some(user.assumed_role_id()));
    assert_eq!(identity.account(), Some(ACCOUNT));
    assert_eq!(world.sandbox.calls().get("sts:AssumeRole"), Some(&1));
}

#[tokio::test]
async fn a_missing_role_and_one_that_refuses_read_the_same() {
    let world = World::new();
    let sts = world.sts(&world.administrator());

    for role in ["guarded", "missing", "reader", "other/reader"] {
        let result = sts
            .assume_role()
            .role_arn(role_arn(role))
            .role_session_name("session")
            .send()
            .await;
        assert_eq!(
            refusal(result),
            refused(ADMINISTRATOR, "sts:AssumeRole", role)
        );
    }
}

#[tokio::test]
async fn an_external_id_opens_what_asks_for_it() {
    let world = World::new();
    let sts = world.sts(&world.administrator());
    let with = |id: &str| {
        sts.assume_role()
            .role_arn(role_arn("guarded"))
            .role_session_name("session")
            .external_id(id)
    };

    assert!(with("secret-handshake").send().await.is_ok());
    assert_eq!(
        refusal(with("Secret-Handshake").send().await),
        refused(ADMINISTRATOR, "sts:AssumeRole", "guarded")
    );
}

#[tokio::test]
async fn a_role_without_the_right_assumes_nothing() {
    let world = World::new();
    let reader = world.role("keyproof/reader").await;

    let result = world
        .sts(&reader)
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("session");

    let caller = "arn:aws:sts::111122223333:assumed-role/reader/session";
    assert_eq!(
        refusal(result.send().await),
        refused(caller, "sts:AssumeRole", "outsider")
    );
}

#[tokio::test]
async fn tags_need_a_right_of_their_own() {
    let world = World::new();
    let sts = world.sts(&world.administrator());
    let assume = sts
        .assume_role()
        .role_arn(role_arn("guarded"))
        .role_session_name("session");
    let tagged = assume
        .clone()
        .external_id("secret-handshake")
        .tags(tag("team", "red"));
    let named = assume
        .external_id("secret-handshake")
        .source_identity("ada");

    assert_eq!(
        refusal(tagged.send().await),
        refused(ADMINISTRATOR, "sts:TagSession", "guarded")
    );
    assert_eq!(
        refusal(named.send().await),
        refused(ADMINISTRATOR, "sts:SetSourceIdentity", "guarded")
    );
}

#[tokio::test]
async fn an_explicit_deny_is_named() {
    let world = World::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"},
        {"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"sts:ExternalId":"x"}}}]}"#;
    let parameters = [("RoleName", "outsider"), ("PolicyDocument", trust)];
    assert_eq!(
        world
            .iam(
                &world.administrator(),
                "UpdateAssumeRolePolicy",
                &parameters
            )
            .await
            .0,
        200
    );

    let sts = world.sts(&world.administrator());
    let result = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("session")
        .send()
        .await;

    let (code, message) = refused(ADMINISTRATOR, "sts:AssumeRole", "outsider");
    assert_eq!(
        refusal(result),
        (
            code,
            format!("{message} with an explicit deny in the role trust policy")
        )
    );
}

#[tokio::test]
async fn root_assumes_no_role() {
    let world = World::new();
    let root = world
        .sandbox
        .root_credentials(&ACCOUNT.parse().unwrap())
        .unwrap();
    let sts = world.sts(&crate::world::credentials(&root));

    let result = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("session")
        .send()
        .await;

    assert_eq!(
        refusal(result),
        coded("AccessDenied", "Roles may not be assumed by root accounts.")
    );
}

#[tokio::test]
async fn durations_have_limits() {
    let world = World::new();
    let sts = world.sts(&world.administrator());
    let seconds = |role: &str, seconds: i32| {
        let assume = sts
            .assume_role()
            .role_arn(role_arn(role))
            .role_session_name("session");
        assume
            .external_id("secret-handshake")
            .duration_seconds(seconds)
            .send()
    };

    assert_eq!(
        refusal(seconds("guarded", 899).await),
        coded(
            "ValidationError",
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
        )
    );
    assert_eq!(
        refusal(seconds("guarded", 7201).await),
        coded(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    );
    let longest = seconds("guarded", 7200).await.unwrap();
    assert_eq!(
        longest.credentials().unwrap().expiration().to_string(),
        "2026-01-01T02:00:00Z"
    );
}

#[tokio::test]
async fn a_chain_of_roles_gets_an_hour() {
    let world = World::new();
    let outsider = world.role("outsider").await;
    let sts = world.sts(&outsider);
    let seconds = |seconds: i32| {
        let assume = sts
            .assume_role()
            .role_arn(role_arn("guarded"))
            .role_session_name("session");
        assume
            .external_id("secret-handshake")
            .duration_seconds(seconds)
            .send()
    };

    assert!(seconds(3600).await.is_ok());
    assert_eq!(
        refusal(seconds(3601).await),
        coded(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    );
}

#[tokio::test]
async fn a_session_name_has_its_letters() {
    let world = World::new();
    let sts = world.sts(&world.administrator());

    let result = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("a b")
        .send()
        .await;

    assert_eq!(
        refusal(result),
        coded(
            "ValidationError",
            r"1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        )
    );
}

#[tokio::test]
async fn an_unknown_parameter_is_not_ignored() {
    let world = World::new();
    let sts = world.sts(&world.administrator());

    let result = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("session")
        .serial_number("GAHT12345678");

    assert_eq!(
        refusal(result.send().await),
        coded(
            "ValidationError",
            "the sandbox doesn't know the parameter `SerialNumber` of sts:AssumeRole"
        )
    );
}

#[tokio::test]
async fn an_operation_that_is_missing_says_so() {
    let world = World::new();

    let result = world
        .sts(&world.administrator())
        .get_session_token()
        .send()
        .await;

    assert_eq!(
        refusal(result),
        coded(
            "InvalidAction",
            "Could not find operation GetSessionToken for version 2011-06-15: the sandbox doesn't simulate sts:GetSessionToken"
        )
    );
}

#[tokio::test]
async fn transitive_tags_and_the_source_identity_go_down_the_chain() {
    let world = World::new();
    let trust = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:root"}},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{condition}}}]}}"#
        )
    };
    let document = trust(
        r#"{"StringEquals":{"aws:PrincipalTag/team":"red","aws:SourceIdentity":"ada","aws:RequestTag/team":"red"}}"#,
    );
    let parameters = [
        ("RoleName", "guarded"),
        ("PolicyDocument", document.as_str()),
    ];
    world
        .iam(
            &world.administrator(),
            "UpdateAssumeRolePolicy",
            &parameters,
        )
        .await;
    let sts = world.sts(&world.administrator());
    let first = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("first")
        .source_identity("ada");
    let first = first
        .tags(tag("team", "red"))
        .tags(tag("shift", "late"))
        .transitive_tag_keys("team");
    let first = session(&first.send().await.unwrap());

    let chained = world
        .sts(&first)
        .assume_role()
        .role_arn(role_arn("guarded"))
        .role_session_name("second");
    let again = chained.clone().tags(tag("team", "blue"));
    let renamed = chained.clone().source_identity("bob");
    let assumed = chained.send().await.unwrap();

    assert_eq!(assumed.source_identity(), Some("ada"));
    assert_eq!(
        refusal(again.send().await),
        coded(
            "InvalidParameterValue",
            "One of the specified tag keys can't be set because it conflicts with a transitive tag key from the calling session."
        )
    );
    assert_eq!(
        refusal(renamed.send().await),
        coded(
            "ValidationError",
            "The source identity of a session can't be changed."
        )
    );
}

#[tokio::test]
async fn a_session_policy_takes_away_and_never_adds() {
    let world = World::new();
    let sts = world.sts(&world.administrator());
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:Encrypt","kms:ListKeys"],"Resource":"*"}]}"#;
    let assume = sts
        .assume_role()
        .role_arn(role_arn("outsider"))
        .role_session_name("session");
    let limited = world.kms(&session(
        &assume.clone().policy(policy).send().await.unwrap(),
    ));
    let managed = PolicyDescriptorType::builder()
        .arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .build();
    let managed = world.kms(&session(&assume.policy_arns(managed).send().await.unwrap()));
    let decrypt = |kms: &aws_sdk_kms::Client| {
        let decrypt = kms.decrypt().key_id(&world.open).dry_run(true);
        decrypt
            .dry_run_modifiers(aws_sdk_kms::types::DryRunModifierType::IgnoreCiphertext)
            .send()
    };

    let encrypted = limited
        .encrypt()
        .key_id(&world.open)
        .plaintext(aws_sdk_kms::primitives::Blob::new("x"))
        .send()
        .await;

    assert!(encrypted.is_ok());
    for kms in [&limited, &managed] {
        assert_eq!(
            refusal(decrypt(kms).await),
            crate::world::denied("outsider", "kms:Decrypt", &world.open, "session policy")
        );
    }
    let keys = refusal(limited.list_keys().send().await);
    assert_eq!(
        keys,
        crate::world::denied("outsider", "kms:ListKeys", "*", "identity-based policy")
    );
}

#[tokio::test]
async fn a_session_does_not_outlive_its_role() {
    let world = World::new();
    let reader = world.role("keyproof/reader").await;

    world
        .iam(
            &world.administrator(),
            "DeleteRole",
            &[("RoleName", "reader")],
        )
        .await;

    let result = world.sts(&reader).get_caller_identity().send().await;
    assert_eq!(
        refusal(result),
        coded(
            "InvalidClientTokenId",
            "The security token included in the request is invalid."
        )
    );
}
