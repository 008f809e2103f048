// SPDX-License-Identifier: Apache-2.0
//! Answers as the AWS CLI writes them, and what is wrong with others. A case is one or more files.

use keyproof_template::Encryption;
use serde_json::{Value, json};

use crate::{AccountProblem, Exported, File, load};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";

fn file(name: &str, folder: &str, value: &Value) -> File {
    File {
        name: Some(name.to_owned()),
        folder: folder.to_owned(),
        text: serde_json::to_string_pretty(value).unwrap(),
    }
}

fn allow(principal: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowKeyUsers", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:Decrypt", "Resource": "*"},
    ]})
}

fn metadata() -> Value {
    json!({"KeyMetadata": {
        "AWSAccountId": "111122223333", "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "Arn": KEY,
        "Enabled": true, "KeyState": "Enabled", "KeyManager": "CUSTOMER", "MultiRegion": false,
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "SomethingNew": 7,
    }})
}

fn table(key: Option<&str>) -> Value {
    let mut table = json!({"Table": {
        "TableName": "orders", "TableArn": TABLE, "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "sk", "KeyType": "RANGE"}, {"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    }, "Policy": null});
    if let Some(key) = key {
        table["Table"]["SSEDescription"] =
            json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key});
    }
    table
}

/// A key in a folder of its own, as four calls of the AWS CLI leave it.
fn key_files() -> Vec<File> {
    vec![
        file("keys/orders/key.json", "keys/orders", &metadata()),
        file(
            "keys/orders/policy.json",
            "keys/orders",
            &json!({"Policy": allow("arn:aws:iam::111122223333:role/reader").to_string(), "PolicyName": "default"}),
        ),
        file(
            "keys/orders/grants.json",
            "keys/orders",
            &json!({"Grants": [{
                "KeyId": KEY, "GrantId": "0c23", "GranteePrincipal": "arn:aws:iam::111122223333:role/outsider",
                "Operations": ["Decrypt"], "IssuingAccount": "arn:aws:iam::111122223333:root",
                "Constraints": {"EncryptionContextSubset": {"aws:dynamodb:tableName": "orders"}},
            }], "Truncated": false}),
        ),
        file(
            "keys/orders/tags.json",
            "keys/orders",
            &json!({"Tags": [{"TagKey": "team", "TagValue": "red"}], "Truncated": false}),
        ),
    ]
}

fn iam() -> Value {
    // As the API itself has it, and as the CLI decodes it.
    let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22111122223333%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
    let read = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Nothing", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Sid": "Read", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE},
    ]});
    json!({
        "UserDetailList": [{
            "UserName": "ada", "Path": "/", "Arn": "arn:aws:iam::111122223333:user/ada", "GroupList": ["staff"],
            "AttachedManagedPolicies": [],
        }],
        "GroupDetailList": [{
            "GroupName": "staff", "Path": "/", "Arn": "arn:aws:iam::111122223333:group/staff",
            "GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": read}], "AttachedManagedPolicies": [],
        }],
        "RoleDetailList": [{
            "RoleName": "reader", "Path": "/team/", "Arn": "arn:aws:iam::111122223333:role/team/reader",
            "AssumeRolePolicyDocument": encoded,
            "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": read}],
            "AttachedManagedPolicies": [
                {"PolicyName": "own", "PolicyArn": "arn:aws:iam::111122223333:policy/own"},
                {"PolicyName": "AmazonDynamoDBReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"},
                {"PolicyName": "gone", "PolicyArn": "arn:aws:iam::111122223333:policy/gone"},
            ],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/own"},
            "Tags": [{"Key": "team", "Value": "red"}],
        }],
        "Policies": [{
            "PolicyName": "own", "Path": "/", "Arn": "arn:aws:iam::111122223333:policy/own", "DefaultVersionId": "v2",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Version": "2012-10-17", "Statement": []}},
                {"VersionId": "v2", "IsDefaultVersion": true, "Document": read},
            ],
        }],
        "IsTruncated": false,
    })
}

fn loaded(files: &[File]) -> Exported {
    load(files, "us-east-1").unwrap()
}

#[track_caller]
fn refused(files: &[File]) -> String {
    let errors = load(files, "us-east-1").unwrap_err();
    let told = errors.iter().map(|error| {
        let file = error.file.as_deref().unwrap_or("<stdin>");
        format!("{file}:{}: {error}", error.place)
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_answers_about_a_key_are_one_key() {
    let exported = loaded(&key_files());

    assert_eq!(exported.parts.len(), 1);
    let part = &exported.parts[0];
    // The statement stands in the policy's file.
    assert_eq!(part.file.as_deref(), Some("keys/orders/policy.json"));
    let key = &part.account.keys[0];
    assert_eq!((key.arn.as_str(), key.enabled), (KEY, true));
    assert_eq!(
        key.policy.value,
        allow("arn:aws:iam::111122223333:role/reader")
    );
    assert_eq!(key.tags["team"], "red");
    let (of, grant) = &exported.grants[0];
    assert_eq!(of, KEY);
    assert_eq!(grant.id.as_deref(), Some("0c23"));
    assert_eq!(
        grant.encryption_context_subset,
        [("aws:dynamodb:tableName".to_owned(), "orders".to_owned())]
    );
}

#[test]
fn several_answers_in_one_file_are_told_apart() {
    let mut key = metadata();
    key["Policy"] = allow("arn:aws:iam::111122223333:role/reader");
    key["Grants"] = json!([]);
    let aliases = json!({"Aliases": [
        {"AliasName": "alias/orders", "AliasArn": "arn:aws:kms:us-east-1:111122223333:alias/orders", "TargetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
        {"AliasName": "alias/aws/ebs", "AliasArn": "arn:aws:kms:us-east-1:111122223333:alias/aws/ebs"},
        {"AliasName": "alias/far", "AliasArn": "arn:aws:kms:eu-west-1:111122223333:alias/far", "TargetKeyId": "x"},
    ]});
    let all = json!({"keyproof": "account/v1", "answers": [iam(), key, table(Some(KEY)), aliases]});

    let exported = loaded(&[file("account.json", "", &all)]);

    let account = &exported.parts[0].account;
    assert_eq!(exported.parts.len(), 1);
    assert_eq!(account.account.as_str(), "111122223333");
    let aliases: Vec<&str> = account.aliases.iter().map(|one| &*one.name).collect();
    assert_eq!(aliases, ["alias/orders"]);
    let table = &account.tables[0];
    assert_eq!(table.encryption, Encryption::Key(KEY.to_owned()));
    assert_eq!(table.key_schema, ["pk", "sk"]);
    assert_eq!(table.resource_policy, None);
}

#[test]
fn iam_is_read_as_the_api_and_the_cli_have_it() {
    let exported = loaded(&[file("iam.json", "", &iam())]);

    let account = &exported.parts[0].account;
    let role = &account.roles[0];
    assert_eq!(
        (role.arn.as_str(), role.path.as_str()),
        ("arn:aws:iam::111122223333:role/team/reader", "/team/")
    );
    assert_eq!(role.trust.value["Statement"][0]["Action"], "sts:AssumeRole");
    assert_eq!(role.tags["team"], "red");
    assert_eq!(
        role.boundary.as_ref().unwrap().arn,
        "arn:aws:iam::111122223333:policy/own"
    );
    // A statement has the line that it has in the file.
    let source = &role.inline[0].source;
    let text = serde_json::to_string_pretty(&iam()).unwrap();
    for (index, sid) in ["Nothing", "Read"].into_iter().enumerate() {
        let line = source.statement_place(index).line;
        let at = text.lines().nth(line).unwrap();
        assert!(at.contains(&format!("\"{sid}\"")), "{line}: {at}");
    }
    let mut policies: Vec<(&str, bool)> = account
        .managed_policies
        .iter()
        .map(|policy| (&*policy.name, policy.logical_id.is_some()))
        .collect();
    policies.sort_unstable();
    assert_eq!(
        policies,
        [("AmazonDynamoDBReadOnlyAccess", false), ("own", true)]
    );
    let own = account
        .managed_policy("arn:aws:iam::111122223333:policy/own")
        .unwrap();
    assert_eq!(own.source.document.statement_count(), 2);
    assert_eq!(account.users[0].groups, ["staff"]);
    let unknown: Vec<&str> = account.notes.iter().map(|note| &*note.text).collect();
    assert_eq!(
        unknown,
        [
            "the managed policy `arn:aws:iam::111122223333:policy/gone` is not in the account's documents",
            "an account's own documents don't hold the organization's policies (SCPs and RCPs)",
        ]
    );
}

#[test]
fn a_table_is_on_the_key_that_the_answers_say() {
    let managed = "arn:aws:kms:us-east-1:111122223333:key/aws";
    let mut aws_key = metadata();
    aws_key["KeyMetadata"]["Arn"] = json!(managed);
    aws_key["KeyMetadata"]["KeyManager"] = json!("AWS");
    let encryption = |files: &[File]| {
        let exported = loaded(files);
        let mut tables = exported.parts.iter().flat_map(|part| &part.account.tables);
        tables.next().unwrap().encryption.clone()
    };

    assert_eq!(
        encryption(&[file("t", "t", &table(None))]),
        Encryption::AwsOwned
    );
    assert_eq!(
        encryption(&[
            file("t", "t", &table(Some(managed))),
            file("k", "k", &aws_key)
        ]),
        Encryption::AwsManaged
    );
    assert_eq!(
        encryption(&[file("t", "t", &table(Some(managed)))]),
        Encryption::Key(managed.to_owned())
    );
}

#[test]
fn what_is_not_said_is_not_assumed_in_silence() {
    let mut untold = table(None);
    untold.as_object_mut().unwrap().shift_remove("Policy");
    let notes = |value: &Value| -> Vec<String> {
        let exported = loaded(&[file("t.json", "t", value)]);
        let notes = exported.parts.iter().flat_map(|part| &part.account.notes);
        notes.map(|note| note.text.clone()).collect()
    };

    assert!(notes(&untold)[0].contains("is taken to have no resource policy"));
    assert_eq!(notes(&table(None)).len(), 1);

    let (mut no_policy, mut no_grants) = (key_files(), key_files());
    no_policy.remove(1);
    no_grants.remove(2);
    assert_eq!(
        refused(&no_policy),
        format!(
            "keys/orders/key.json:2:18: the key `{KEY}` has no `Policy`: put the answer of `aws kms \
             get-key-policy` beside it"
        )
    );
    assert!(refused(&no_grants).contains("has no `Grants`"));
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let one = |value: Value| [file("a.json", "a", &value)];

    assert_eq!(
        refused(&one(json!({"KeyMetdata": {}}))),
        "a.json:2:3: no answer of AWS that is read here has `KeyMetdata`; did you mean `KeyMetadata`?"
    );
    assert!(refused(&one(json!({"Policy": "{}"}))).contains("nobody says whose `Policy` this is"));
    assert!(
        refused(&one(json!({"RoleDetailList": [], "IsTruncated": true})))
            .contains("the list goes on")
    );
    assert!(
        refused(&one(json!({"keyproof": "account/v2", "answers": []})))
            .contains("must be `account/v1`")
    );
    assert!(
        refused(&one(json!({"keyproof": "account/v1", "answer": []})))
            .contains("did you mean `answers`?")
    );
    let twice = [
        key_files(),
        vec![file("more.json", "keys/orders", &metadata())],
    ]
    .concat();
    assert!(refused(&twice).contains("`KeyMetadata` is given twice"));
    // A policy with a word that IAM doesn't know decides nothing here.
    let mut iam = iam();
    iam["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"]["Statement"][1]["Conditon"] =
        json!({});
    let told = refused(&one(iam));
    assert!(
        told.contains("Conditon") && told.contains("role/team/reader"),
        "{told}"
    );
    let mut other = table(None);
    other["Table"]["TableArn"] = json!("arn:aws:dynamodb:us-east-1:444455556666:table/orders");
    let two = [key_files(), vec![file("t.json", "t", &other)]].concat();
    assert!(refused(&two).contains("is not of account 111122223333"));
    assert_eq!(
        load(&[], "us-east-1").unwrap_err()[0].problem,
        AccountProblem::Nothing
    );
}
