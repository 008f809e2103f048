# SPDX-License-Identifier: Apache-2.0
"""Evidence of the deployed service: the publish function as built, S3 and KMS as moto has them.

Two committed runs come by the stream; their records end up in a bucket, signed by a key that never leaves KMS.
A copy of the bucket is packed and verified with the public key that KMS gives out.
"""

import hashlib
import json
import subprocess

import pytest
from boto3.dynamodb.types import TypeSerializer
from conftest import REGION, ROOT, Aws, keyproof
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from lambda_runtime import Function
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

TABLE, BUCKET = "keyproof-state", "keyproof-evidence"
PLAN = (ROOT / "plans/orders.yaml").read_text()
DIGEST = "sha256:" + hashlib.sha256(PLAN.encode()).hexdigest()
REPORT = json.loads((ROOT / "shared/report/cases/separation-holds/report.json").read_text())


def run_item(commit):
    """The item of a committed run, as the verify function writes it."""
    report = json.loads(json.dumps(REPORT))
    start = f"2026-01-01T0{commit}:00:00Z"
    report["run"] |= {"id": f"01KEYPR00F{commit:016}", "started_at": start, "finished_at": start}
    report["plan"] = {"name": "orders", "digest": DIGEST}
    text = json.dumps(report)
    return {
        "schema": 1, "pk": "PLAN#orders", "sk": f"RUN#{commit:012}", "plan": "orders", "commit": commit, "seq": commit,
        "run_id": report["run"]["id"], "trigger": "schedule", "late": False, "summary": report["summary"],
        "started_at": start, "finished_at": start, "duration_ms": 10, "plan_digest": DIGEST, "plan_version": 1,
        "region": REGION, "report": text, "report_digest": "sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        "expires": 1893456000,
    }  # fmt: skip


def image(item):
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def record(number, item):
    return {
        "eventID": str(number), "eventName": "INSERT", "eventSource": "aws:dynamodb",
        "dynamodb": {"SequenceNumber": str(number), "NewImage": image(item), "StreamViewType": "NEW_IMAGE"},
    }  # fmt: skip


def sign_digest(key, message, signing_algorithm):
    """What KMS does with `MessageType: DIGEST`, which moto takes for a message: it would hash it again."""
    assert (len(message), signing_algorithm) == (32, "ECDSA_SHA_256")
    return key.private_key.sign(message, ec.ECDSA(Prehashed(SHA256())))


@pytest.fixture
def stack(monkeypatch):
    """The state table with one version of the plan, a bucket with Object Lock, a signing key."""
    monkeypatch.setattr(ECDSAPrivateKey, "sign", sign_digest)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = Aws(f"http://{host}:{port}", "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")
    dynamodb, s3, kms = (moto.client(name) for name in ("dynamodb", "s3", "kms"))
    names = ("pk", "sk")
    dynamodb.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))],
    )  # fmt: skip
    version = {
        "schema": 1, "pk": "PLAN#orders", "sk": "VERSION#00000001", "plan": "orders", "version": 1, "digest": DIGEST, "text": PLAN,
        "pushed_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    dynamodb.put_item(TableName=TABLE, Item=image(version))
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    moto.signing_key = key["Arn"]
    yield moto
    server.stop()


@pytest.fixture
def publish(stack):
    environment = stack.environment() | {
        "KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_EVIDENCE_BUCKET": BUCKET, "KEYPROOF_SIGNING_KEY": stack.signing_key,
    }  # fmt: skip
    function = Function("publish", ROOT / "target/debug/keyproof-publish", environment)
    yield function
    function.stop()


def copy_of(stack, folder):
    s3 = stack.client("s3")
    for found in s3.list_objects_v2(Bucket=BUCKET, Prefix="evidence/")["Contents"]:
        path = folder / found["Key"].removeprefix("evidence/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read())


def test_records_of_the_stack_are_packed_and_verified_with_the_public_key_of_kms(stack, publish, tmp_path):
    records = [record(number, run_item(number)) for number in (1, 2)]
    assert publish.invoke({"Records": records}) == {"batchItemFailures": []}
    # The stream brings them again: nothing is written over.
    versions = stack.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    assert publish.invoke({"Records": records}) == {"batchItemFailures": []}
    assert stack.client("s3").list_object_versions(Bucket=BUCKET)["Versions"] == versions

    copy_of(stack, tmp_path / "history")
    files = sorted(str(path.relative_to(tmp_path / "history")) for path in (tmp_path / "history").rglob("*.*"))
    assert files == [
        f"orders/plans/{DIGEST.removeprefix('sha256:')}.yaml",
        "orders/records/000000000001.dsse.json", "orders/records/000000000002.dsse.json",
        "orders/reports/000000000001.json", "orders/reports/000000000002.json",
    ]  # fmt: skip
    der = stack.client("kms").get_public_key(KeyId=stack.signing_key)["PublicKey"]
    subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-out", tmp_path / "stack.pem"], input=der, check=True)
    (tmp_path / "own.pem").write_text(keyproof("evidence", "keygen", str(tmp_path / "key.pem")).stdout)
    pack = str(tmp_path / "pack.tar.gz")
    exported = keyproof(
        "evidence", "export", "--records", str(tmp_path / "history"), "--from", "2026-01-01T01:00:00Z", "--to",
        "2026-01-01T03:00:00Z", "--interval", "60", "--signing-key", str(tmp_path / "key.pem"), "--output", pack,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr

    keys = ["--key", str(tmp_path / "stack.pem"), "--key", str(tmp_path / "own.pem")]
    verified = keyproof("evidence", "verify", pack, *keys)
    assert verified.returncode == 0, verified.stdout
    # Without the stack's key its records are nobody's.
    assert keyproof("evidence", "verify", pack, *keys[2:]).returncode == 1
