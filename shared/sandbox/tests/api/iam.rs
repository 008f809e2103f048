// SPDX-License-Identifier: Apache-2.0
//! IAM by signed requests: what the AWS CLI sends, and what it reads.

use crate::world::{World, coded, element, refusal};

pub(crate) const DECRYPT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#;

pub(crate) async fn ok(world: &World, action: &str, parameters: &[(&str, &str)]) -> String {
    let (status, body) = world.iam(&world.administrator(), action, parameters).await;
    assert_eq!(status, 200, "{body}");
    body
}

pub(crate) async fn fails(
    world: &World,
    action: &str,
    parameters: &[(&str, &str)],
) -> (u16, String, String) {
    let (status, body) = world.iam(&world.administrator(), action, parameters).await;
    (status, element(&body, "Code"), element(&body, "Message"))
}

pub(crate) fn failure(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

/// Whether a session of the role may describe the key that trusts IAM.
pub(crate) async fn describes(world: &World, role: &str) -> Result<(), (String, String)> {
    let kms = world.kms(&world.role(role).await);
    let result = kms.describe_key().key_id(&world.open).send().await;
    if result.is_ok() {
        Ok(())
    } else {
        Err(refusal(result))
    }
}

#[tokio::test]
async fn a_role_is_made_shown_and_deleted() {
    let world = World::new();
    let parameters = [
        ("RoleName", "new"),
        ("Path", "/team/"),
        ("AssumeRolePolicyDocument", TRUST),
        ("MaxSessionDuration", "7200"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red & <blue>"),
    ];

    let made = ok(&world, "CreateRole", &parameters).await;
    let shown = ok(&world, "GetRole", &[("RoleName", "new")]).await;
    let twice = fails(&world, "CreateRole", &parameters).await;
    ok(&world, "DeleteRole", &[("RoleName", "new")]).await;

    let role = element(&made, "Role");
    assert_eq!(element(&shown, "Role"), role);
    let id = element(&role, "RoleId");
    assert_eq!((id.len(), id.starts_with("AROA")), (21, true));
    assert_eq!(
        role.replace(&id, "ID"),
        "<Path>/team/</Path><RoleName>new</RoleName><RoleId>ID</RoleId><Arn>arn:aws:iam::111122223333:role/team/new</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A111122223333%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D</AssumeRolePolicyDocument>\
         <Description></Description><MaxSessionDuration>7200</MaxSessionDuration><RoleLastUsed></RoleLastUsed>\
         <Tags><member><Key>team</Key><Value>red &amp; &lt;blue&gt;</Value></member></Tags>"
    );
    assert_eq!(
        twice,
        failure(
            409,
            "EntityAlreadyExists",
            "Role with name new already exists."
        )
    );
    assert_eq!(
        fails(&world, "GetRole", &[("RoleName", "new")]).await,
        failure(
            404,
            "NoSuchEntity",
            "The role with name new cannot be found."
        )
    );
}

#[tokio::test]
async fn an_inline_policy_counts_until_it_is_deleted() {
    let world = World::new();
    let name = [("RoleName", "reader"), ("PolicyName", "p")];
    assert!(describes(&world, "keyproof/reader").await.is_err());

    ok(
        &world,
        "PutRolePolicy",
        &[name[0], name[1], ("PolicyDocument", DECRYPT)],
    )
    .await;
    assert_eq!(describes(&world, "keyproof/reader").await, Ok(()));
    let listed = ok(&world, "ListRolePolicies", &name[..1]).await;
    let shown = ok(&world, "GetRolePolicy", &name).await;
    ok(&world, "DeleteRolePolicy", &name).await;

    assert!(describes(&world, "keyproof/reader").await.is_err());
    assert_eq!(element(&listed, "PolicyNames"), "<member>p</member>");
    assert_eq!(
        (element(&shown, "RoleName"), element(&shown, "PolicyName")),
        ("reader".to_owned(), "p".to_owned())
    );
    assert!(element(&shown, "PolicyDocument").starts_with("%7B%22Version%22%3A%222012-10-17%22"));
}

#[tokio::test]
async fn a_boundary_limits_what_policies_give() {
    let world = World::new();
    ok(
        &world,
        "PutRolePolicy",
        &[
            ("RoleName", "reader"),
            ("PolicyName", "p"),
            ("PolicyDocument", DECRYPT),
        ],
    )
    .await;
    let boundary = [
        ("RoleName", "reader"),
        (
            "PermissionsBoundary",
            "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
        ),
    ];

    ok(&world, "PutRolePermissionsBoundary", &boundary).await;
    let kms = world.kms(&world.role("keyproof/reader").await);
    let bounded = refusal(kms.get_key_policy().key_id(&world.open).send().await);
    ok(&world, "DeleteRolePermissionsBoundary", &boundary[..1]).await;

    assert_eq!(
        bounded,
        crate::world::denied(
            "reader",
            "kms:GetKeyPolicy",
            &world.open,
            "permissions boundary"
        )
    );
    assert!(
        kms.get_key_policy()
            .key_id(&world.open)
            .send()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_user_gets_what_its_groups_get() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let group = ("GroupName", "keepers");

    ok(&world, "CreateGroup", &[group]).await;
    ok(
        &world,
        "PutGroupPolicy",
        &[group, ("PolicyName", "p"), ("PolicyDocument", DECRYPT)],
    )
    .await;
    assert!(
        operator
            .describe_key()
            .key_id(&world.open)
            .send()
            .await
            .is_err()
    );
    ok(&world, "AddUserToGroup", &[group, ("UserName", "operator")]).await;
    assert!(
        operator
            .describe_key()
            .key_id(&world.open)
            .send()
            .await
            .is_ok()
    );
    let of_user = ok(&world, "ListGroupsForUser", &[("UserName", "operator")]).await;
    let members = ok(&world, "GetGroup", &[group]).await;
    ok(
        &world,
        "RemoveUserFromGroup",
        &[group, ("UserName", "operator")],
    )
    .await;

    assert!(
        operator
            .describe_key()
            .key_id(&world.open)
            .send()
            .await
            .is_err()
    );
    assert_eq!(element(&of_user, "GroupName"), "keepers");
    assert_eq!(element(&members, "UserName"), "operator");
}

#[tokio::test]
async fn a_user_is_deleted_after_its_keys() {
    let world = World::new();
    let name = ("UserName", "visitor");
    ok(&world, "CreateUser", &[name]).await;
    let id = element(&ok(&world, "CreateAccessKey", &[name]).await, "AccessKeyId");

    let early = fails(&world, "DeleteUser", &[name]).await;
    let listed = ok(&world, "ListAccessKeys", &[name]).await;
    ok(&world, "DeleteAccessKey", &[name, ("AccessKeyId", &id)]).await;
    ok(&world, "DeleteUser", &[name]).await;

    assert_eq!(
        early,
        failure(
            409,
            "DeleteConflict",
            "Cannot delete entity, must delete access keys first."
        )
    );
    assert_eq!(
        (element(&listed, "AccessKeyId"), element(&listed, "Status")),
        (id, "Active".to_owned())
    );
    assert!(!listed.contains("SecretAccessKey"));
}

#[tokio::test]
async fn iam_itself_is_refused_to_those_without_the_right() {
    let world = World::new();
    let outsider = world.role("outsider").await;

    let (status, body) = world
        .iam(&outsider, "GetRole", &[("RoleName", "reader")])
        .await;

    assert_eq!(
        (status, element(&body, "Code")),
        (403, "AccessDenied".to_owned())
    );
    assert_eq!(
        element(&body, "Message"),
        "User: arn:aws:sts::111122223333:assumed-role/outsider/session is not authorized to perform: iam:GetRole on resource: arn:aws:iam::111122223333:role/keyproof/reader because no identity-based policy allows the iam:GetRole action"
    );
}

#[tokio::test]
async fn a_trust_policy_names_principals_that_exist() {
    let world = World::new();
    let trust = TRUST.replace(":root", ":role/nobody");

    let result = fails(
        &world,
        "CreateRole",
        &[("RoleName", "new"), ("AssumeRolePolicyDocument", &trust)],
    )
    .await;

    let message = r#"Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/nobody""#
        .replace('"', "&quot;");
    assert_eq!(result, failure(400, "MalformedPolicyDocument", &message));
}

#[tokio::test]
async fn what_is_unknown_is_not_ignored() {
    let world = World::new();

    assert_eq!(
        fails(
            &world,
            "GetRole",
            &[("RoleName", "reader"), ("Colour", "red")]
        )
        .await,
        failure(
            400,
            "ValidationError",
            "the sandbox doesn&apos;t know the parameter `Colour` of iam:GetRole"
        )
    );
    assert_eq!(
        fails(
            &world,
            "CreateInstanceProfile",
            &[("InstanceProfileName", "p")]
        )
        .await,
        failure(
            400,
            "InvalidAction",
            "Could not find operation CreateInstanceProfile for version 2010-05-08: the sandbox doesn&apos;t simulate iam:CreateInstanceProfile"
        )
    );
    assert_eq!(
        fails(&world, "GetRolePolicy", &[("PolicyName", "p")]).await,
        failure(
            400,
            "ValidationError",
            "1 validation error detected: Value null at &apos;roleName&apos; failed to satisfy constraint: Member must not be null"
        )
    );
}

#[tokio::test]
async fn tags_of_a_role_are_tags_of_its_sessions() {
    let world = World::new();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}}]}"#;
    ok(
        &world,
        "PutRolePolicy",
        &[
            ("RoleName", "reader"),
            ("PolicyName", "p"),
            ("PolicyDocument", policy),
        ],
    )
    .await;
    let tag = [
        ("RoleName", "reader"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];

    let before = describes(&world, "keyproof/reader").await;
    ok(&world, "TagRole", &tag).await;
    let tagged = describes(&world, "keyproof/reader").await;
    ok(
        &world,
        "UntagRole",
        &[("RoleName", "reader"), ("TagKeys.member.1", "team")],
    )
    .await;

    assert_eq!(before.unwrap_err().0, coded("AccessDeniedException", "").0);
    assert_eq!(tagged, Ok(()));
    assert!(describes(&world, "keyproof/reader").await.is_err());
}

#[tokio::test]
async fn authorization_details_are_whole_and_can_be_filtered() {
    let world = World::new();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;
    let details = "GetAccountAuthorizationDetails";
    ok(&world, "CreateUser", &[("UserName", "ada")]).await;
    ok(&world, "CreateGroup", &[("GroupName", "ops")]).await;
    let of_ada = [("GroupName", "ops"), ("UserName", "ada")];
    ok(&world, "AddUserToGroup", &of_ada).await;
    let own = [
        ("GroupName", "ops"),
        ("PolicyName", "own"),
        ("PolicyDocument", policy),
    ];
    ok(&world, "PutGroupPolicy", &own).await;
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let attached = [("UserName", "ada"), ("PolicyArn", read_only)];
    ok(&world, "AttachUserPolicy", &attached).await;

    let all = ok(&world, details, &[]).await;
    let users = ok(&world, details, &[("Filter.member.1", "User")]).await;

    assert_eq!(all.matches("<UserName>ada</UserName>").count(), 1, "{all}");
    assert_eq!(element(&all, "GroupList"), "<member>ops</member>");
    assert!(all.contains("<PolicyName>own</PolicyName>"), "{all}");
    assert!(all.contains("%22Sid%22%3A%22Own%22"), "{all}");
    // What is attached comes with its document, AWS's own, too.
    assert!(
        all.contains("<PolicyVersionList><member><Document>"),
        "{all}"
    );
    assert_eq!(element(&all, "IsTruncated"), "false");
    assert!(users.contains("ada") && !users.contains("%22Sid%22%3A%22Own%22"));
    assert_eq!(users.matches(read_only).count(), 1, "{users}");
    let unknown = fails(&world, details, &[("Filter.member.1", "Robot")]).await;
    assert_eq!((unknown.0, unknown.1.as_str()), (400, "ValidationError"));
}
