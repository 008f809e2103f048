# SPDX-License-Identifier: Apache-2.0
"""The seed story from a shell: the AWS CLI against the sandbox, with the lines that `keyproof sandbox` prints."""

import json

from conftest import CANARY, PROOF, role_arn
from story import READ_ALL_TABLES, TRUST, key_policy, open_policy


def ok(aws, *words):
    code, answer, errors = aws.cli(*words)
    assert code == 0, (words, errors)
    return answer


def test_the_seed_story_from_a_shell(empty_sandbox):
    aws = empty_sandbox
    for name in ("reader", "outsider"):
        ok(aws, "iam", "create-role", "--path", "/keyproof/", "--role-name", name,
           "--assume-role-policy-document", json.dumps(TRUST))
        ok(aws, "iam", "put-role-policy", "--role-name", name, "--policy-name", "tables",
           "--policy-document", json.dumps(READ_ALL_TABLES))
    key = ok(aws, "kms", "create-key", "--policy", json.dumps(open_policy()))["KeyMetadata"]["Arn"]
    ok(aws, "kms", "create-alias", "--alias-name", "alias/orders", "--target-key-id", key)
    ok(aws, "dynamodb", "create-table", "--table-name", "orders",
       "--attribute-definitions", "AttributeName=pk,AttributeType=S",
       "--key-schema", "AttributeName=pk,KeyType=HASH", "--billing-mode", "PAY_PER_REQUEST",
       "--sse-specification", f"Enabled=true,SSEType=KMS,KMSMasterKeyId={key}")
    item = CANARY | {"proof": {"S": PROOF}}
    ok(aws, "dynamodb", "put-item", "--table-name", "orders", "--item", json.dumps(item))

    def read_as(role):
        answer = ok(aws, "sts", "assume-role", "--role-arn", role_arn(role), "--role-session-name", "shell")
        given = answer["Credentials"]
        session = type(aws)(aws.endpoint, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        code, answer, errors = session.cli(
            "dynamodb", "get-item", "--table-name", "orders", "--key", json.dumps(CANARY))
        return answer["Item"] if code == 0 else errors

    def put_policy(*users):
        ok(aws, "kms", "put-key-policy", "--key-id", key, "--policy-name", "default",
           "--policy", json.dumps(key_policy(*users)))

    put_policy("reader")
    assert read_as("reader") == item
    assert "KMS key access denied error" in read_as("outsider")

    put_policy("reader", "outsider")
    assert read_as("outsider") == item
    put_policy("reader")
    assert "(AccessDeniedException)" in read_as("outsider")

    grant = ok(aws, "kms", "create-grant", "--key-id", key, "--grantee-principal", role_arn("outsider"),
               "--operations", "Decrypt")
    # DynamoDB made a grant of its own for the table, as it does in AWS.
    listed = ok(aws, "kms", "list-grants", "--key-id", key)["Grants"]
    assert grant["GrantId"] in [one["GrantId"] for one in listed]
    assert read_as("outsider") == item
    ok(aws, "kms", "revoke-grant", "--key-id", key, "--grant-id", grant["GrantId"])
    assert "(AccessDeniedException)" in read_as("outsider")

    ok(aws, "kms", "disable-key", "--key-id", key)
    assert "KMS key disabled error" in read_as("reader")
    ok(aws, "kms", "enable-key", "--key-id", key)
    assert read_as("reader") == item
