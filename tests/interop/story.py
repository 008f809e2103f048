# SPDX-License-Identifier: Apache-2.0
"""The policies and the plan of the seed story, which several tests play with several clients."""

from conftest import ACCOUNT, CANARY, PROOF, REGION, role_arn

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}

READ_ALL_TABLES = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "ReadTables", "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}],
}

READS = ["GetItem", "Query", "Scan", "BatchGetItem", "PartiQLSelect", "TransactGetItems"]


def key_policy(*users):
    """Administration for the account without any use of the key; use, through DynamoDB, for `users`."""
    administration = {
        "Sid": "AllowKeyAdministration",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": [
            "kms:Describe*", "kms:Get*", "kms:List*", "kms:Put*", "kms:Enable*", "kms:Disable*",
            "kms:CreateGrant", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
        ],
        "Resource": "*",
    }
    use = {
        "Sid": "AllowKeyUsers",
        "Effect": "Allow",
        "Principal": {"AWS": [role_arn(user) for user in users]},
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}},
    }
    return {"Version": "2012-10-17", "Statement": [administration, use]}


def plan(key_arn, actions=tuple(READS)):
    """Reader allowed, outsider denied by KMS, for each of the read actions."""
    reads = [f"dynamodb:{action}" for action in actions]
    return {
        "keyproof": "plan/v1",
        "name": "interoperation",
        "region": REGION,
        "tables": {
            "orders": {
                "table": "orders",
                "key": key_arn,
                "canary": {"key": CANARY, "attributes": {"proof": {"S": PROOF}}},
            }
        },
        "principals": {name: {"role": role_arn(name)} for name in ("reader", "outsider")},
        "expectations": [
            {"principal": "reader", "on": "orders", "actions": reads, "decision": "allowed"},
            {"principal": "outsider", "on": "orders", "actions": reads, "decision": "denied", "by": "kms"},
        ],
    }


def build(aws, *, users):
    """Key, table, roles and canary, made with boto3 as anybody would: the key's ARN."""
    import json

    iam, kms, dynamodb = aws.client("iam"), aws.client("kms"), aws.client("dynamodb")
    for name in ("reader", "outsider"):
        iam.create_role(Path="/keyproof/", RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="tables", PolicyDocument=json.dumps(READ_ALL_TABLES))
    # The administrator plants the canary, so it needs the key too: as a user, directly and at first only.
    key_arn = kms.create_key(Policy=json.dumps(open_policy()), Description="orders")["KeyMetadata"]["Arn"]
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
    )
    dynamodb.get_waiter("table_exists").wait(TableName="orders", WaiterConfig={"Delay": 1})
    dynamodb.put_item(TableName="orders", Item=CANARY | {"proof": {"S": PROOF}})
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy(*users)))
    return key_arn


def open_policy():
    """The key policy that KMS gives a key created without one: IAM decides."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
