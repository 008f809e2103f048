# SPDX-License-Identifier: Apache-2.0
"""The publish function as built, killed by SIGKILL at its calls of all services: before anybody sees the call, and
before its answer comes back. The next delivery tells the rest: nothing is lost, and what was told is told at most once
more.

In the gate that is every eleventh call, others for each of the two; with `EVERY_CALL=1` every one.
"""

import collections
import os
import subprocess

import pytest

from conftest import keyproof
from flaky import Flaky
from publication import Publication, signing
from test_killed import Killer

STEP = 1 if "EVERY_CALL" in os.environ else 11
# What commit 2 tells: an outsider who was let in.
TOLD = {"topic": ["orders/2/0"], "events": ["orders/2", "orders/2/0", "orders/2/1"]}
FINDINGS = {"outsider/dynamodb:GetItem/orders": "FAILED", "outsider/dynamodb:Query/orders": "FAILED"}


@pytest.fixture
def publication(monkeypatch):
    signing(monkeypatch)
    publication = Publication(Flaky)
    yield publication
    publication.stop()


def calls_of_one_delivery(publication, batch):
    counted = []
    publication.proxy.before = counted.append
    function = publication.function()
    try:
        assert function.invoke(batch) == {"batchItemFailures": []}
    finally:
        function.stop()
        publication.proxy.before = lambda _: None
    return counted


def test_whichever_call_it_is_killed_at_the_next_delivery_tells_the_rest(publication, tmp_path):
    first = publication.function()
    assert first.invoke(publication.commits(1)) == {"batchItemFailures": []}
    first.stop()
    publication.told()
    before, batch, proxy = publication.snapshot(), publication.commits(2), publication.proxy
    calls = calls_of_one_delivery(publication, batch)
    once = publication.told()
    assert {sink: sorted(ids) for sink, ids in once.items() if sink in TOLD} == TOLD
    kept = {bucket: publication.objects(bucket) for bucket in ("reports", "evidence")}
    # Table, topic, bus, hub, bucket and key: each is met.
    assert set(calls) == {"dynamodb", "sns", "events", "securityhub", "s3", "kms"}, collections.Counter(calls)

    again = collections.Counter()
    for place, start in (("before", 1), ("after", 6 if STEP > 1 else 1)):
        for nth in range(start, len(calls) + 1, STEP):
            publication.put_back(before)
            killer = Killer(proxy, nth, place)
            function = killer.function = publication.function()
            with pytest.raises(RuntimeError, match="ended with -9"):
                function.invoke(batch)
            function.stop()
            proxy.before = proxy.after = lambda _: None

            function = publication.function()
            try:
                assert function.invoke(batch) == {"batchItemFailures": []}, (place, nth)
                told = publication.told()
                assert function.invoke(batch) == {"batchItemFailures": []}
            finally:
                function.stop()
            for sink, ids in TOLD.items():
                counts = collections.Counter(told[sink])
                assert sorted(counts) == ids and max(counts.values()) <= 2, (place, nth, calls[nth - 1], told)
                again[sink] += len(told[sink]) > len(ids)
            assert not any(publication.told().values()), (place, nth)
            assert FINDINGS.items() <= publication.findings().items()
            # Evidence is written once, whatever happens; a copy for programs is written over by its like.
            assert publication.objects("evidence") == kept["evidence"], (place, nth)
            assert publication.objects("reports").keys() == kept["reports"].keys(), (place, nth)
    if STEP == 1:
        # What was told and not yet marked: the kill after the telling is one that is told again.
        assert again["topic"] >= 1 and again["events"] >= 1, again
    whole_chain(publication, tmp_path)


def test_a_record_waits_for_the_one_before_it(publication, tmp_path):
    function = publication.function()
    try:
        assert function.invoke(publication.commits(1)) == {"batchItemFailures": []}
        kept = publication.objects("evidence")
        # The stream has given up on the second.
        assert function.invoke(publication.commits(3)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
        assert publication.objects("evidence") == kept
        assert "orders/3" in publication.told()["events"]
        # As the sweep does, or somebody by hand.
        for commit in (2, 3):
            function.invoke({"publish": {"plan": "orders", "commit": commit}})
        assert function.invoke(publication.commits(3)) == {"batchItemFailures": []}
    finally:
        function.stop()
    records = [key for key in publication.objects("evidence") if "/records/" in key]
    assert len(records) == 3, records
    whole_chain(publication, tmp_path)


def whole_chain(publication, folder):
    """The records are a chain that an auditor finds whole, under the key of KMS."""
    der = publication.copy_evidence(folder / "history")
    subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-out", folder / "stack.pem"], input=der, check=True)
    (folder / "own.pem").write_text(keyproof("evidence", "keygen", str(folder / "key.pem")).stdout)
    exported = keyproof(
        "evidence", "export", "--records", str(folder / "history"), "--from", "2020-01-01", "--to", "2100-01-01",
        "--signing-key", str(folder / "key.pem"), "--output", str(folder / "pack.tar.gz"),
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    verified = keyproof(
        "evidence", "verify", str(folder / "pack.tar.gz"), "--key", str(folder / "stack.pem"), "--key", str(folder / "own.pem"))
    assert verified.returncode == 0 and "INTACT" in verified.stdout, verified.stdout
