// SPDX-License-Identifier: Apache-2.0
//! One resource type at a time.

use std::collections::BTreeSet;

use super::{loaded, loaded_with, options};
use crate::{Encryption, OrganizationPolicyKind};

fn table_with(specification: &str) -> Encryption {
    let template = format!(
        "
Resources:
  Key: {{ Type: AWS::KMS::Key }}
  Alias: {{ Type: AWS::KMS::Alias, Properties: {{ AliasName: alias/orders, TargetKeyId: !Ref Key }} }}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{{ AttributeName: pk, KeyType: HASH }}]
{specification}
"
    );
    loaded(&template).tables[0].encryption.clone()
}

#[test]
fn every_way_to_name_a_tables_key_leads_to_the_key() {
    let template = "Resources: { Key: { Type: AWS::KMS::Key } }";
    let arn = loaded(template).keys[0].arn.clone();
    let with = |key: &str| {
        table_with(&format!(
            "      SSESpecification: {{ SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: {key} }}"
        ))
    };

    for key in [
        "!GetAtt Key.Arn",
        "!Ref Key",
        "alias/orders",
        "!Ref Alias",
        "!Sub 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:${Alias}'",
    ] {
        assert_eq!(with(key), Encryption::Key(arn.clone()), "{key}");
    }
    assert_eq!(
        with("arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        Encryption::Key(
            "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .to_owned()
        )
    );
    assert_eq!(
        with("alias/elsewhere"),
        Encryption::Unknown(
            "the alias `alias/elsewhere`, which is not of this template".to_owned()
        )
    );
}

#[test]
fn a_table_without_a_key_of_its_own_is_on_one_of_aws() {
    assert_eq!(table_with(""), Encryption::AwsOwned);
    assert_eq!(
        table_with("      SSESpecification: { SSEEnabled: false }"),
        Encryption::AwsOwned
    );
    assert_eq!(
        table_with("      SSESpecification: { SSEEnabled: true }"),
        Encryption::AwsManaged
    );
    assert_eq!(
        table_with(
            "      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: alias/aws/dynamodb }"
        ),
        Encryption::AwsManaged
    );
}

#[test]
fn a_key_without_a_policy_has_the_default_one() {
    let account = loaded("Resources: { Key: { Type: AWS::KMS::Key } }");

    assert_eq!(
        account.keys[0].policy.value,
        keyproof_policy::kms::default_key_policy("aws", "111122223333")
    );
}

#[test]
fn the_id_of_a_key_hangs_on_its_logical_id_alone() {
    let one = loaded("Resources: { Key: { Type: AWS::KMS::Key } }");
    let two = loaded_with(
        "Resources: { Other: { Type: AWS::KMS::Key }, Key: { Type: AWS::KMS::Key, Properties: { Enabled: false } } }",
        &options().parameter("AWS::Region", "eu-west-1"),
    );

    assert_eq!(one.keys[0].key_id, two.keys[1].key_id);
    assert_ne!(two.keys[0].key_id, two.keys[1].key_id);
    let shape: String = one.keys[0]
        .key_id
        .chars()
        .map(|character| if character == '-' { '-' } else { 'x' })
        .collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

#[test]
fn the_id_of_an_existing_key_can_be_given() {
    let mut options = options();
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    options.key_ids.insert("Key".to_owned(), id.to_owned());

    let account = loaded_with("Resources: { Key: { Type: AWS::KMS::Key } }", &options);

    assert_eq!(account.keys[0].key_id, id);
    assert_eq!(
        account.keys[0].arn,
        format!("arn:aws:kms:us-east-1:111122223333:key/{id}")
    );
}

#[test]
fn keys_are_found_by_id_arn_and_alias_of_this_account_and_region() {
    let account = loaded(
        "
Resources:
  Key: { Type: AWS::KMS::Key }
  Alias: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/orders, TargetKeyId: !Ref Key } }
",
    );
    let (id, arn) = (account.keys[0].key_id.clone(), account.keys[0].arn.clone());

    let found = |reference: &str| account.key(reference).is_some();
    assert!(found(&id) && found(&arn) && found("alias/orders"));
    assert!(found("arn:aws:kms:us-east-1:111122223333:alias/orders"));
    assert!(!found("arn:aws:kms:eu-west-1:111122223333:alias/orders"));
    assert!(!found(&arn.replace("111122223333", "444455556666")));
    assert!(!found("alias/order") && !found(""));
}

#[test]
fn a_replica_key_has_the_id_of_its_primary() {
    let account = loaded(
        "
Resources:
  Replica:
    Type: AWS::KMS::ReplicaKey
    Properties:
      PrimaryKeyArn: arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab
      KeyPolicy:
        Version: '2012-10-17'
        Statement: { Effect: Allow, Principal: '*', Action: kms:*, Resource: '*' }
",
    );

    assert_eq!(
        account.keys[0].arn,
        "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    );
    assert!(account.keys[0].multi_region);
}

#[test]
fn one_template_imports_what_another_exports() {
    let keys = loaded(
        "
Resources: { Key: { Type: AWS::KMS::Key } }
Outputs:
  Key: { Value: !GetAtt Key.Arn, Export: { Name: !Sub '${AWS::StackName}-key' } }
  Private: { Value: !Ref Key }
",
    );
    let mut options = options();
    options.imports.clone_from(&keys.exports);
    let tables = loaded_with(
        "
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !ImportValue stack-key }
",
        &options,
    );

    assert_eq!(keys.exports.keys().collect::<Vec<_>>(), ["stack-key"]);
    assert_eq!(
        tables.tables[0].encryption,
        Encryption::Key(keys.keys[0].arn.clone())
    );
}

#[test]
fn organization_policies_are_sorted_by_level() {
    let account = loaded(
        "
Resources:
  Root: { Type: AWS::Organizations::Policy, Properties: { Name: root, Type: RESOURCE_CONTROL_POLICY, TargetIds: [r-abcd], Content: &deny { Version: '2012-10-17', Statement: { Effect: Deny, Principal: '*', Action: kms:Decrypt, Resource: '*' } } } }
  Mine: { Type: AWS::Organizations::Policy, Properties: { Name: mine, Type: RESOURCE_CONTROL_POLICY, TargetIds: ['111122223333'], Content: *deny } }
  Theirs: { Type: AWS::Organizations::Policy, Properties: { Name: theirs, Type: RESOURCE_CONTROL_POLICY, TargetIds: ['444455556666'], Content: *deny } }
",
    );

    let [root, mine] = account.organization_levels(OrganizationPolicyKind::ResourceControl);
    let names = |level: Vec<&crate::OrganizationPolicy>| {
        level
            .into_iter()
            .map(|policy| policy.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(root), names(mine)),
        (vec!["root".to_owned()], vec!["mine".to_owned()])
    );
    let scps = account.organization_levels(OrganizationPolicyKind::ServiceControl);
    assert_eq!(
        scps,
        [vec![], vec![]] as [Vec<&crate::OrganizationPolicy>; 2]
    );
}

/// Every policy template of SAM becomes a policy that IAM's grammar takes.
#[test]
fn every_sam_policy_template_makes_a_policy() {
    let data: serde_json::Value =
        serde_json::from_str(include_str!("../../data/sam_policy_templates.json")).unwrap();
    let data = data.as_object().unwrap();
    let mut policies = Vec::new();
    for (name, template) in data {
        let parameters: Vec<String> = template["Parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter.as_str().unwrap())
            .map(|name| {
                let value = if name.ends_with("Arn") {
                    "arn:aws:s3:::value"
                } else {
                    "value"
                };
                format!("{name}: '{value}'")
            })
            .collect();
        policies.push(format!("        - {name}: {{ {} }}", parameters.join(", ")));
    }
    let account = loaded(&format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
{}
",
        policies.join("\n")
    ));

    assert_eq!(account.roles[0].inline.len(), data.len());
    let names: BTreeSet<&str> = account.roles[0]
        .inline
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    assert_eq!(names.len(), data.len());
}

#[cfg(feature = "managed-policies")]
mod managed {
    use keyproof_policy::{Document, Grammar};

    use crate::managed;

    /// Documents that IAM itself holds and that break its published grammar are listed here.
    #[test]
    fn every_managed_policy_of_aws_is_found_and_parses() {
        let names = managed::names();
        assert_eq!(names.len(), 1485);

        let mut refused = Vec::new();
        for (name, path) in &names {
            let arn = format!("arn:aws:iam::aws:policy{path}{name}");
            let policy = managed::policy(&arn).unwrap();
            assert_eq!((&policy.name, &policy.path), (name, path));
            if let Err(error) = Document::parse(&policy.document, Grammar::Identity) {
                refused.push(format!("{name}: {error}"));
            }
        }
        assert_eq!(refused, [""; 0]);
    }

    #[test]
    fn a_managed_policy_is_found_in_every_partition_but_under_its_own_path_only() {
        let policy = managed::policy("arn:aws-us-gov:iam::aws:policy/AmazonDynamoDBFullAccess");
        let policy = policy.unwrap();
        assert_eq!(
            (policy.version.as_str(), policy.updated.as_str()),
            ("v15", "2021-01-29")
        );
        assert!(policy.document.contains("kms:DescribeKey"));

        for arn in [
            "arn:aws:iam::aws:policy/service-role/AmazonDynamoDBFullAccess",
            "arn:aws:iam::111122223333:policy/AmazonDynamoDBFullAccess",
            "arn:aws:iam::aws:policy/AmazonDynamoDBFullAcess",
            "arn:aws:iam::aws:policyAmazonDynamoDBFullAccess",
            "AmazonDynamoDBFullAccess",
        ] {
            assert_eq!(managed::policy(arn), None, "{arn}");
        }
    }
}

#[test]
fn what_sam_connects_by_itself_is_noted() {
    let account = loaded(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::SimpleTable
  Function:
    Type: AWS::Serverless::Function
    Connectors: { Orders: { Properties: { Destination: { Id: Orders }, Permissions: [Read] } } }
",
    );

    assert!(super::notes(&account).contains(
        &"7:5 Unseen: the connectors of `Function` grant access that is not seen".to_owned()
    ));
}

/// The note about a custom resource that the function of a role with these statements makes.
fn custom_resource_note(token: &str, statements: &str, rest: &str) -> (crate::NoteKind, String) {
    let template = format!(
        "
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: canary
      AssumeRolePolicyDocument: {{ Version: '2012-10-17', Statement: [{{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: sts:AssumeRole }}] }}
      Policies: [{{ PolicyName: p, PolicyDocument: {{ Version: '2012-10-17', Statement: [{statements}] }} }}]
{rest}
  Function:
    Type: AWS::Lambda::Function
    Properties: {{ Role: !GetAtt Role.Arn }}
  Thing:
    Type: Custom::Thing
    Properties: {{ ServiceToken: {token}, Other: !Ref AWS::Region }}
"
    );
    let notes = loaded(&template).notes;
    let about = notes
        .into_iter()
        .find(|note| note.logical_id.as_deref() == Some("Thing"))
        .unwrap();
    (about.kind, about.text)
}

#[test]
fn a_custom_resource_is_seen_through_where_its_function_may_change_no_access() {
    const FUNCTION: &str = "!GetAtt Function.Arn";
    let unseen = (
        crate::NoteKind::Unseen,
        "`Thing` is a custom resource; what is in it is not seen".to_owned(),
    );
    let harmless =
        "{ Effect: Allow, Action: [dynamodb:PutItem, logs:PutLogEvents], Resource: '*' }";

    assert_eq!(
        custom_resource_note(FUNCTION, harmless, ""),
        (
            crate::NoteKind::LeftOut,
            "`Thing` is left out; `Function`, which makes it, may change no access".to_owned()
        )
    );
    // A function of somebody else's, or one that could write a policy, could do anything.
    let other = "arn:aws:lambda:us-east-1:111122223333:function:other";
    assert_eq!(custom_resource_note(other, harmless, ""), unseen);
    for action in [
        "iam:PutRolePolicy",
        "dynamodb:UpdateTable",
        "kms:CreateGrant",
        "dynamodb:*",
        "'*'",
    ] {
        let harmful = format!("{harmless}, {{ Effect: Allow, Action: {action}, Resource: '*' }}");
        assert_eq!(
            custom_resource_note(FUNCTION, &harmful, ""),
            unseen,
            "{action}"
        );
    }
    let except = "{ Effect: Allow, NotAction: iam:PutRolePolicy, Resource: '*' }";
    assert_eq!(custom_resource_note(FUNCTION, except, ""), unseen);
    let managed = "      ManagedPolicyArns: [arn:aws:iam::111122223333:policy/other]";
    assert_eq!(custom_resource_note(FUNCTION, harmless, managed), unseen);
    // A key's policy can allow what the role's own doesn't.
    let key = |action: &str| {
        format!(
            "
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement: [{{ Effect: Allow, Principal: {{ AWS: !GetAtt Role.Arn }}, Action: {action}, Resource: '*' }}]
"
        )
    };
    assert_eq!(
        custom_resource_note(FUNCTION, harmless, &key("kms:PutKeyPolicy")),
        unseen
    );
    let (kind, _) = custom_resource_note(FUNCTION, harmless, &key("kms:Decrypt"));
    assert_eq!(kind, crate::NoteKind::LeftOut);
}
