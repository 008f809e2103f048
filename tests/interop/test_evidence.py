# SPDX-License-Identifier: Apache-2.0
"""Evidence checked by other people's software: OpenSSL and securesystemslib's DSSE (TUF, in-toto).

The pack is made by the program from runs against its sandbox; nothing of keyproof verifies anything here. There
are three of them, or as many as `KEYPROOF_EVIDENCE_RUNS` says; `docs/evidence.md` has what came of 1,000.
"""

import base64
import hashlib
import json
import os
import subprocess
import tarfile

import pytest
from conftest import keyproof
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from soak import PLAN

RUNS = int(os.environ.get("KEYPROOF_EVIDENCE_RUNS", "3"))


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """An unpacked pack of the runs, and the public key beside it."""
    desk = tmp_path_factory.mktemp("evidence")
    made = keyproof("evidence", "keygen", str(desk / "key.pem"))
    assert made.returncode == 0, made.stderr
    (desk / "public.pem").write_text(made.stdout)
    (desk / "plan.yaml").write_text(PLAN)
    signing = ["--signing-key", str(desk / "key.pem")]
    for _ in range(RUNS):
        run = keyproof(
            "verify", "--plan", str(desk / "plan.yaml"), "--sandbox", "template.yaml",
            "--record", str(desk / "history"), *signing,
        )
        assert run.returncode == 0, run.stderr
    archive = desk / "pack.tar.gz"
    exported = keyproof(
        "evidence", "export", "--records", str(desk / "history"), "--from", "2020-01-01", "--to", "2100-01-01",
        "--output", str(archive), *signing,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    with tarfile.open(archive) as tar:
        tar.extractall(desk, filter="data")
    return desk


def envelopes(pack):
    records = sorted((pack / "records/orders").iterdir())
    assert len(records) == RUNS
    return [*records, pack / "verification/manifest.dsse.json"]


def key_id(pack):
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", pack / "public.pem", "-outform", "DER"], capture_output=True, check=True
    ).stdout
    return "sha256:" + hashlib.sha256(der).hexdigest()


def public_key(pack):
    """The library passes over signatures whose key id is another than the key's."""
    return SSlibKey.from_crypto(load_pem_public_key((pack / "public.pem").read_bytes()), keyid=key_id(pack))


def openssl_says(pack, envelope):
    """What the auditor's README tells to do, step by step."""
    envelope = json.loads(envelope.read_text())
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = pack / "signature"
    signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"], validate=True))
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    return subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", pack / "public.pem", "-signature", signature],
        input=signed,
        capture_output=True,
    )


def test_openssl_verifies_every_record_and_the_manifest(pack):
    for envelope in envelopes(pack):
        done = openssl_says(pack, envelope)
        assert done.returncode == 0 and done.stdout == b"Verified OK\n", (envelope, done)


def test_openssl_finds_an_altered_record(pack, tmp_path):
    record = json.loads(envelopes(pack)[0].read_text())
    payload = base64.b64decode(record["payload"]).replace(b'"pass"', b'"fail"', 1)
    record["payload"] = base64.b64encode(payload).decode()
    altered = tmp_path / "altered.dsse.json"
    altered.write_text(json.dumps(record))

    assert openssl_says(pack, altered).returncode != 0


def test_the_readme_in_the_pack_is_a_shell_that_runs(pack):
    """The commands of the README as they stand, with the plan's name put in."""
    readme = (pack / "README.md").read_text()
    block = readme.split("OpenSSL:\n", 1)[1].split("\n`subject", 1)[0].replace("PLAN", "orders")
    done = subprocess.run(["sh", "-eu", "-c", block], cwd=pack, capture_output=True, text=True)
    assert done.returncode == 0 and "Verified OK" in done.stdout, done.stderr


def test_securesystemslib_verifies_every_record_and_the_manifest(pack):
    key = public_key(pack)
    for path in envelopes(pack):
        envelope = Envelope.from_dict(json.loads(path.read_text()))
        assert envelope.payload_type == "application/vnd.in-toto+json"
        envelope.verify([key], threshold=1)


def test_securesystemslib_finds_each_altered_record(pack):
    key = public_key(pack)
    for at, path in enumerate(envelopes(pack)):
        envelope = Envelope.from_dict(json.loads(path.read_text()))
        # Another byte in each.
        altered = bytearray(envelope.payload)
        altered[at * 7919 % len(altered)] ^= 1
        envelope.payload = bytes(altered)
        with pytest.raises(VerificationError):
            envelope.verify([key], threshold=1)


def test_the_key_id_is_what_openssl_and_sha256_make_of_the_key(pack):
    named = {json.loads(path.read_text())["signatures"][0]["keyid"] for path in envelopes(pack)}
    assert named == {key_id(pack)}


def test_hashes_lead_from_the_manifest_to_every_byte(pack):
    statements = {
        path.name: json.loads(base64.b64decode(json.loads(path.read_text())["payload"])) for path in envelopes(pack)
    }
    manifest = statements.pop("manifest.dsse.json")
    listed = {subject["name"]: subject["digest"]["sha256"] for subject in manifest["subject"]}
    known = {"key.pem", "public.pem", "plan.yaml", "pack.tar.gz", "signature", "payload", "verification/manifest.dsse.json"}
    files = {
        str(path.relative_to(pack)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pack.rglob("*")
        if path.is_file() and "history" not in path.parts
    }
    assert listed == {name: digest for name, digest in files.items() if name not in known}

    previous = None
    for number, (name, statement) in enumerate(sorted(statements.items()), start=1):
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["predicate"]["run"]["commit"] == number
        assert statement["predicate"]["previous"] == previous
        assert statement["subject"][0]["digest"]["sha256"] == listed[f"reports/orders/{number:012}.json"]
        previous = "sha256:" + listed[f"records/orders/{name}"]


def test_tar_unpacks_it_and_keyproof_believes_it(pack):
    listed = subprocess.run(["tar", "-tzf", pack / "pack.tar.gz"], capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines() == sorted(listed.stdout.splitlines())
    done = keyproof("evidence", "verify", str(pack / "pack.tar.gz"), "--key", str(pack / "public.pem"))
    assert done.returncode == 0, done.stdout
