# SPDX-License-Identifier: Apache-2.0
"""Evidence of the deployed service: the publish function as built, S3 and KMS as moto has them.

Two committed runs come by the stream; their records end up in a bucket, signed by a key that never leaves KMS.
A copy of the bucket is packed and verified with the public key that KMS gives out.
"""

import hashlib
import json
import subprocess

import pytest
import requests
from boto3.dynamodb.types import TypeSerializer
from conftest import REGION, ROOT, Aws, keyproof
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
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
    # It keeps what it holds for the life of this process.
    requests.post(f"{moto.endpoint}/moto-api/reset", timeout=10)
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
    # Without the stack's key nobody can tell whose its records are.
    assert keyproof("evidence", "verify", pack, *keys[2:]).returncode == 3


def pushed(stack, *runs):
    """What the table knows of the plan beside the version: that it is there, its interval, its runs; and of the stack."""
    dynamodb = stack.client("dynamodb")
    head = {
        "schema": 1, "pk": "PLAN#orders", "sk": "HEAD", "plan": "orders", "version": 1, "digest": DIGEST,
        "interval_minutes": 60, "pushed_at": "2026-01-01T00:00:00Z", "next_seq": len(runs),
    }  # fmt: skip
    config = {
        "schema": 1, "pk": "CONFIG", "sk": "STACK", "stack": "keyproof", "version": "0", "queue_url": "u", "queue_arn": "a",
        "report_bucket": "reports", "evidence_bucket": BUCKET, "signing_key": stack.signing_key, "schedule_group": "g",
        "scheduler_role_arn": "r",
    }  # fmt: skip
    for item in (head, config, {"pk": "PLANS", "sk": "orders"}, *runs):
        dynamodb.put_item(TableName=TABLE, Item=image(item))


def of_stack(stack, *words):
    return keyproof(*words, environment=stack.environment() | {"KEYPROOF_STATE_TABLE": TABLE})


def test_the_deployed_service_is_packed_with_its_own_schedule_and_a_record_that_is_gone_is_missed(stack, publish, tmp_path):
    runs = [run_item(number) for number in (1, 2, 3)]
    pushed(stack, *runs)
    assert publish.invoke({"Records": [record(1, runs[0]), record(2, runs[1])]}) == {"batchItemFailures": []}
    public = of_stack(stack, "evidence", "public-key")
    assert public.returncode == 0, public.stderr
    (tmp_path / "stack.pem").write_text(public.stdout)
    der = stack.client("kms").get_public_key(KeyId=stack.signing_key)["PublicKey"]
    assert load_pem_public_key(public.stdout.encode()) == load_der_public_key(der)
    (tmp_path / "own.pem").write_text(keyproof("evidence", "keygen", str(tmp_path / "key.pem")).stdout)
    pack, keys = str(tmp_path / "pack.tar.gz"), ["--key", str(tmp_path / "stack.pem"), "--key", str(tmp_path / "own.pem")]

    def export(to):
        return of_stack(
            stack, "evidence", "export", "--from", "2026-01-01T01:00:00Z", "--to", to, "--signing-key",
            str(tmp_path / "key.pem"), "--output", pack,
        )  # fmt: skip

    whole = export("2026-01-01T03:00:00Z")
    assert (whole.returncode, whole.stdout) == (0, ""), whole.stderr
    assert whole.stderr.startswith("orders: 2 runs done (2 passed, 0 failed, 0 inconclusive), 2 expected, 0 missing\n")
    verified = keyproof("evidence", "verify", pack, *keys)
    assert verified.returncode == 0, verified.stdout

    # The table has a third run, of which the bucket has no record.
    short = export("2026-01-01T04:00:00Z")
    sentence = "`records/orders/000000000003.dsse.json` is missing: the run was made, but there is no record of it"
    assert short.returncode == 1 and f"warning: {sentence}\n" in short.stderr
    verified = keyproof("evidence", "verify", pack, *keys)
    assert verified.returncode == 3 and "records/orders/000000000003.dsse.json: the run was made" in verified.stdout


def test_a_key_in_kms_signs_runs_and_packs_of_a_laptop(stack, tmp_path):
    stack.client("kms").create_alias(AliasName="alias/evidence", TargetKeyId=stack.signing_key)

    def run(*words):
        return keyproof(*words, environment=stack.environment())

    for key in (stack.signing_key, "alias/evidence"):
        kept = run(
            "verify", "--plan", "plans/orders.yaml", "--sandbox", "template.yaml", "--record", str(tmp_path / "history"),
            "--signing-key", key,
        )  # fmt: skip
        assert kept.returncode == 0, kept.stderr
    pack, public = str(tmp_path / "pack.tar.gz"), tmp_path / "public.pem"
    exported = run(
        "evidence", "export", "--records", str(tmp_path / "history"), "--from", "2020-01-01", "--to", "2100-01-01",
        "--signing-key", "alias/evidence", "--output", pack,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    given = run("evidence", "public-key", "--signing-key", "alias/evidence")
    public.write_text(given.stdout)

    verified = keyproof("evidence", "verify", pack, "--key", str(public), "--format", "json")

    assert verified.returncode == 0, verified.stdout
    told = json.loads(verified.stdout)
    der = stack.client("kms").get_public_key(KeyId=stack.signing_key)["PublicKey"]
    assert (told["records"], told["keys"]) == (2, ["sha256:" + hashlib.sha256(der).hexdigest()])


def test_a_key_of_another_kind_or_none_is_refused_before_the_run(stack):
    kms = stack.client("kms")
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    for key, sentence in [
        # moto leaves out what kind it is.
        (rsa, f"error: cannot use the key `{rsa}`: it is no key on the curve P-256; evidence is signed by `ECC_NIST_P256`"),
        ("alias/nowhere", "error: cannot use the key `alias/nowhere`: kms:GetPublicKey failed: NotFoundException: "),
    ]:
        refused = keyproof(
            "verify", "--plan", "plans/orders.yaml", "--sandbox", "template.yaml", "--record", "no/such/folder",
            "--signing-key", key, environment=stack.environment(),
        )  # fmt: skip
        assert (refused.returncode, refused.stdout) == (2, ""), refused.stdout
        assert refused.stderr.startswith(sentence), refused.stderr
