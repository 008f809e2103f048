# SPDX-License-Identifier: Apache-2.0
"""The seed story, played with boto3 against the sandbox: the code is what anybody writes against AWS."""

import json

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, CANARY, PROOF, findings, role_arn, verify
from story import READS, build, key_policy, plan


def read(aws):
    return aws.client("dynamodb").get_item(TableName="orders", Key=CANARY)["Item"]


def refusal(aws):
    with pytest.raises(ClientError) as refused:
        read(aws)
    return refused.value.response["Error"]


def test_the_seed_story(empty_sandbox):
    aws = empty_sandbox
    kms = aws.client("kms")
    key_arn = build(aws, users=["reader"])
    assert read(aws.assume("reader")) == CANARY | {"proof": {"S": PROOF}}

    error = refusal(aws.assume("outsider", session="story"))
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"].startswith(
        "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: "
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/outsider/story is not authorized to perform: kms:Decrypt "
        f"on resource: {key_arn} because no resource-based policy allows the kms:Decrypt action"
        " (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: "
    )

    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy("reader", "outsider")))
    assert read(aws.assume("outsider"))["proof"] == {"S": PROOF}

    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy("reader")))
    assert refusal(aws.assume("outsider"))["Code"] == "AccessDeniedException"

    grant = kms.create_grant(KeyId=key_arn, GranteePrincipal=role_arn("outsider"), Operations=["Decrypt"])
    assert read(aws.assume("outsider"))["proof"] == {"S": PROOF}
    kms.revoke_grant(KeyId=key_arn, GrantId=grant["GrantId"])
    assert refusal(aws.assume("outsider"))["Code"] == "AccessDeniedException"

    kms.disable_key(KeyId=key_arn)
    error = refusal(aws.assume("reader"))
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(
        f"KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: {key_arn} is disabled."
    )


def test_verify_tells_each_chapter_of_the_story(empty_sandbox):
    aws = empty_sandbox
    kms = aws.client("kms")
    key_arn = build(aws, users=["reader"])
    actions = [f"dynamodb:{action}/orders" for action in READS]

    def chapter():
        code, report, output = verify(aws, plan(key_arn))
        assert PROOF not in output
        return code, findings(report)

    passing = {f"{who}/{action}": None for who in ("reader", "outsider") for action in actions}
    assert chapter() == (0, {"orders/encryption": None} | passing)

    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy("reader", "outsider")))
    exposed = {f"outsider/{action}": "exposed" for action in actions}
    assert chapter() == (1, {"orders/encryption": None} | passing | exposed)

    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy("outsider")))
    locked_out = {f"reader/{action}": "locked_out" for action in actions}
    assert chapter() == (1, {"orders/encryption": None} | exposed | locked_out)

    nobody = {"Version": "2012-10-17", "Statement": key_policy("reader")["Statement"][:1]}
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(nobody))
    unwitnessed = {f"outsider/{action}": "no_witness" for action in actions}
    assert chapter() == (1, {"orders/encryption": None} | unwitnessed | locked_out)

    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(key_policy("reader")))
    aws.client("iam").delete_role_policy(RoleName="outsider", PolicyName="tables")
    masked = {f"outsider/{action}": "masked" for action in actions}
    assert chapter() == (3, {"orders/encryption": None} | passing | masked)

    kms.disable_key(KeyId=key_arn)
    code, found = chapter()
    assert code == 1
    assert {found[f"reader/{action}"] for action in actions} == {"locked_out"}


def test_the_sandbox_refuses_what_it_does_not_know(empty_sandbox):
    with pytest.raises(ClientError) as refused:
        empty_sandbox.client("kms").list_resource_tags(KeyId="00000000-0000-4000-8000-000000000000")
    assert refused.value.response["Error"]["Code"] in {"NotFoundException", "UnknownOperationException"}

    with pytest.raises(ClientError) as refused:
        empty_sandbox.client("dynamodb").describe_endpoints()
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def test_signatures_are_verified(template_sandbox):
    forged = type(template_sandbox)(template_sandbox.endpoint, template_sandbox.access_key, "not-the-secret-key")

    with pytest.raises(ClientError) as refused:
        forged.client("sts").get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "SignatureDoesNotMatch"

    with pytest.raises(ClientError) as refused:
        forged.client("dynamodb").list_tables()
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
