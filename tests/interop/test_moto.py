# SPDX-License-Identifier: Apache-2.0
"""keyproof against moto, an AWS that lets everybody read everything: keyproof must say so."""

import json

from conftest import PROOF, findings, keyproof, verify
from story import READS, build, plan


def test_a_cloud_that_lets_everybody_read_fails_as_exposed(moto):
    key_arn = build(moto, users=["reader"])

    code, report, output = verify(moto, plan(key_arn), "--endpoint-url", moto.endpoint)

    assert code == 1, output
    expected = {"orders/encryption": None}
    expected |= {f"reader/dynamodb:{action}/orders": None for action in READS}
    expected |= {f"outsider/dynamodb:{action}/orders": "exposed" for action in READS}
    assert findings(report) == expected
    assert report["summary"] == {
        "verdict": "fail", "pass": 7, "fail": 6, "inconclusive": 0, "excepted": 0, "planned": 13
    }
    assert report["environment"]["account"] == "111122223333"
    assert PROOF not in output and moto.secret_key not in output


def test_a_missing_canary_is_not_a_pass(moto):
    key_arn = build(moto, users=["reader"])
    moto.client("dynamodb").delete_item(TableName="orders", Key={"pk": {"S": "keyproof#canary"}})

    _, report, _ = verify(moto, plan(key_arn, ["GetItem"]))

    assert findings(report) == {
        "orders/encryption": None,
        "reader/dynamodb:GetItem/orders": "canary_missing",
        "outsider/dynamodb:GetItem/orders": "exposed",
    }


def test_another_key_is_found(moto):
    build(moto, users=["reader"])
    other = moto.client("kms").create_key()["KeyMetadata"]["Arn"]

    code, report, _ = verify(moto, plan(other, ["GetItem"]))

    assert code == 1
    assert findings(report)["orders/encryption"] == "wrong_key"


def test_an_endpoint_that_takes_a_dry_run_for_a_real_one_is_not_drilled_and_left_clean(moto):
    """moto makes the grant of a dry run."""
    key_arn = build(moto, users=["reader"])
    kms = moto.client("kms")
    kms.tag_resource(KeyId=key_arn, Tags=[{"TagKey": "keyproof:drill", "TagValue": "allowed"}])

    done = keyproof(
        "drill", "--plan", "-", environment=moto.environment(), stdin=json.dumps(plan(key_arn, ["GetItem"]))
    )

    assert done.returncode == 2, done.stdout + done.stderr
    assert "a dry run of `kms:CreateGrant`" in done.stderr and "it made the grant" in done.stderr, done.stderr
    assert kms.list_grants(KeyId=key_arn)["Grants"] == []
