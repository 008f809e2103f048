# SPDX-License-Identifier: Apache-2.0
"""The AWS under test, the plan, and everything that somebody changes: each change is made in the sandbox and told
by CloudTrail, as in an account."""

import json

from conftest import ACCOUNT, CANARY, PROOF, REGION, role_arn
from story import READ_ALL_TABLES, TRUST, key_policy, open_policy

OUTSIDER_READS = ("outsider/dynamodb:GetItem/orders", "outsider/dynamodb:Query/orders")
OUTSIDER_DECRYPT = "outsider/kms:Decrypt/orders"
OUTSIDER = (*OUTSIDER_READS, OUTSIDER_DECRYPT)
READER = ("reader/dynamodb:GetItem/orders", "reader/dynamodb:Query/orders")
ENCRYPTION = "orders/encryption"
EVERYTHING = (ENCRYPTION, *READER, *OUTSIDER)


def plan(expectations=3, exceptions=None):
    """The plan: the reader reads, the outsider is denied by the key."""
    every = [
        {"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem", "dynamodb:Query"], "decision": "allowed"},
        {"principal": "outsider", "on": "orders", "actions": ["dynamodb:GetItem", "dynamodb:Query"],
         "decision": "denied", "by": "kms"},
        {"principal": "outsider", "on": "orders", "actions": ["kms:Decrypt"], "decision": "denied", "by": "kms"},
    ]
    document = {
        "keyproof": "plan/v1",
        "name": "orders",
        "region": REGION,
        "tables": {
            "orders": {
                "table": "orders",
                "key": "alias/orders",
                "canary": {"key": CANARY, "attributes": {"proof": {"S": PROOF}}},
            }
        },
        "principals": {name: {"role": role_arn(name)} for name in ("reader", "outsider")},
        "expectations": every[:expectations],
    }
    return json.dumps(document | ({"exceptions": exceptions} if exceptions else {}))


def policy(*users):
    """The seed story's key policy, whose administrators may move aliases and, through DynamoDB, tables too."""
    document = key_policy(*users)
    administration, use = document["Statement"]
    administration["Action"] += ["kms:CreateAlias", "kms:UpdateAlias"]
    tables = use | {
        "Sid": "AllowTableOperators",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/administrator"},
        "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    }
    document["Statement"].append(tables)
    return document


class World:
    """What is under test, and whoever changes it."""

    def __init__(self, service):
        self.service = service
        self.kms, self.iam, self.dynamodb = (service.aws.client(name) for name in ("kms", "iam", "dynamodb"))
        for name in ("reader", "outsider"):
            self.iam.create_role(Path="/keyproof/", RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
            self.iam.put_role_policy(RoleName=name, PolicyName="tables", PolicyDocument=json.dumps(READ_ALL_TABLES))
        self.key, self.other = self.new_key(), self.new_key()
        self.kms.create_alias(AliasName="alias/orders", TargetKeyId=self.key)
        self.dynamodb.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification=self.encryption(self.key),
        )
        for key in (self.key, self.other):
            self.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy("reader")))
        self.grant = None

    def new_key(self):
        return self.kms.create_key(Policy=json.dumps(open_policy()))["KeyMetadata"]["Arn"]

    @staticmethod
    def encryption(key):
        return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}

    def uproot(self):
        self.dynamodb.delete_item(TableName="orders", Key=CANARY)

    def is_planted(self):
        return "Item" in self.dynamodb.get_item(TableName="orders", Key=CANARY, ConsistentRead=True)

    def plant(self):
        self.dynamodb.put_item(TableName="orders", Item=CANARY | {"proof": {"S": PROOF}})

    # --- changes, each told by CloudTrail ----------------------------------------------------------

    def kms_event(self, name, parameters, **more):
        return self.service.changed("kms.amazonaws.com", name, parameters, resources=[self.key], **more)

    def iam_event(self, name, parameters):
        return self.service.changed("iam.amazonaws.com", name, parameters)

    def let_in(self, *users):
        document = json.dumps(policy(*users))
        self.kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=document)
        return self.kms_event("PutKeyPolicy", {"keyId": self.key, "policyName": "default", "policy": document})

    def give_grant(self):
        asked = {"KeyId": self.key, "GranteePrincipal": role_arn("outsider"), "Operations": ["Decrypt"]}
        self.grant = self.kms.create_grant(**asked)["GrantId"]
        told = {"keyId": self.key, "granteePrincipal": role_arn("outsider"), "operations": ["Decrypt"]}
        return self.kms_event("CreateGrant", told, responseElements={"grantId": self.grant, "keyId": self.key})

    def revoke_grant(self):
        self.kms.revoke_grant(KeyId=self.key, GrantId=self.grant)
        return self.kms_event("RevokeGrant", {"keyId": self.key, "grantId": self.grant})

    def disable_key(self):
        self.kms.disable_key(KeyId=self.key)
        return self.kms_event("DisableKey", {"keyId": self.key})

    def enable_key(self):
        self.kms.enable_key(KeyId=self.key)
        return self.kms_event("EnableKey", {"keyId": self.key})

    def schedule_deletion(self):
        self.kms.schedule_key_deletion(KeyId=self.key, PendingWindowInDays=30)
        return self.kms_event("ScheduleKeyDeletion", {"keyId": self.key, "pendingWindowInDays": 30})

    def cancel_deletion(self):
        self.kms.cancel_key_deletion(KeyId=self.key)
        return self.kms_event("CancelKeyDeletion", {"keyId": self.key})

    def move_alias(self, key):
        self.kms.update_alias(AliasName="alias/orders", TargetKeyId=key)
        return self.kms_event("UpdateAlias", {"aliasName": "alias/orders", "targetKeyId": key})

    def encrypt_with(self, key):
        self.dynamodb.update_table(TableName="orders", SSESpecification=self.encryption(key))
        told = {"tableName": "orders", "sSESpecification": {"enabled": True, "sSEType": "KMS", "kMSMasterKeyId": key}}
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
        return self.service.changed("dynamodb.amazonaws.com", "UpdateTable", told, resources=[table])

    def take_policy(self, role):
        self.iam.delete_role_policy(RoleName=role, PolicyName="tables")
        return self.iam_event("DeleteRolePolicy", {"roleName": role, "policyName": "tables"})

    def give_policy(self, role):
        document = json.dumps(READ_ALL_TABLES)
        self.iam.put_role_policy(RoleName=role, PolicyName="tables", PolicyDocument=document)
        return self.iam_event("PutRolePolicy", {"roleName": role, "policyName": "tables", "policyDocument": document})

    def attach_administrator(self, role):
        arn = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"
        self.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        return self.iam_event("AttachRolePolicy", {"roleName": role, "policyArn": arn})

    def trust(self, role, trust=TRUST):
        document = json.dumps(trust)
        self.iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
        return self.iam_event("UpdateAssumeRolePolicy", {"roleName": role, "policyDocument": document})


NOBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    ],
}
