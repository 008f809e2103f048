# SPDX-License-Identifier: Apache-2.0
"""The publish function as built, whose calls of all services break once, each with each fault.

Whatever breaks, nothing is signed that isn't the run, and nothing is lost: the same process, asked again as the stream
would, leaves the record that an undisturbed one leaves, byte for byte of what is signed, and an auditor finds the chain
whole. Who is told is told at most once more.

In the gate that is a sample; with `EVERY_CALL=1` each fault at each call, and `docs/faults-publish.md` is compared with
what came of them (`UPDATE_GOLDEN=1` writes it).
"""

import base64
import collections
import json
import os
import re

import pytest

import publish_page
from flaky import Flaky
from lambda_runtime import FunctionError
from publication import Publication, signing
from test_publish_killed import FINDINGS, TOLD, whole_chain

STEP = 1 if "EVERY_CALL" in os.environ else 97
SERVICES = {"dynamodb", "s3", "kms", "sns", "events", "securityhub"}
HTML = [("Content-Type", "text/html")]


class Instead:
    """A reply of somebody who passes the call on to nobody."""

    def __init__(self, status, headers, content):
        self.reply = status, headers, content


def page(status):
    return Instead(status, HTML, b"<html><body>AccessDenied by policy</body></html>")


def with_body(change):
    def broken(answer, others):
        status, headers, content = answer
        return status, headers, change(content)

    return broken


def error(code, status=400):
    """An error of the service's own, in the format that the broken answer has."""

    def broken(answer, others):
        if answer[-1].startswith(b"{"):
            headers = [("Content-Type", "application/x-amz-json-1.0")]
            return status, headers, json.dumps({"__type": code, "message": "so it is"}).encode()
        headers = [("Content-Type", "application/xml")]
        said = f"<Error><Code>{code}</Code><Message>so it is</Message></Error>"
        # S3's errors have no envelope: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        enveloped = f"<ErrorResponse>{said}</ErrorResponse>" if answer[-1].startswith(b"<PublishResponse") else said
        return status, headers, enveloped.encode()

    return broken


def altered(content):
    """One letter or digit changed in each value that is long enough to be one."""
    turn = lambda found: found.group(1) + (b"b" if found.group(2) == b"a" else b"a")
    return re.sub(rb"([A-Za-z0-9+/]{12})([A-Za-z0-9])", turn, content)


# The answer that a fault makes of one; `None`: nobody answers.
FAULTS = {
    "lost, no answer": "lost",
    "done, no answer": lambda answer, others: None,
    "lost, 503": "refused",
    "lost, empty 200": Instead(200, [], b""),
    "HTML 200 of a portal": page(200),
    "HTML 403 of a proxy": page(403),
    "HTML 503 of a proxy": page(503),
    "throttled": error("ThrottlingException"),
    "500": error("InternalServerError", 500),
    "expired credentials": error("ExpiredTokenException"),
    "truncated body": with_body(lambda content: content[: len(content) // 2]),
    "doubled body": with_body(lambda content: content * 2),
    "empty body": with_body(lambda content: b""),
    "garbage bytes": with_body(lambda content: b"\xff\xfe\x00\x01\xc3\x28"),
    "letters changed in the body": with_body(altered),
    "another call's reply": lambda answer, others: others[-2] if len(others) > 1 else answer,
}


class Breaking(Flaky):
    """Breaks the nth call of these services."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.stop_breaking()

    def break_call(self, nth, fault):
        self.names, self.others = [], collections.defaultdict(list)
        self.nth, self.fault, self.count, self.broken = nth, fault, 0, False
        self.before = self.arrives

    def stop_breaking(self):
        self.nth = self.fault = self.count = None
        self.before = lambda service: None

    def now(self, service):
        return service in SERVICES and self.count == self.nth

    def admits(self, service):
        if service in SERVICES and self.nth is not None:
            self.count += 1
        if self.now(service) and self.fault == "refused":
            self.broken = True
            return False
        return super().admits(service)

    def arrives(self, service):
        lost = self.now(service) and self.fault == "lost"
        self.broken |= lost
        return lost

    def refusal(self, service, request, body):
        if not (self.now(service) and isinstance(self.fault, Instead)):
            return None
        self.broken = True
        self.names.append(name(service, request))
        return self.fault.reply

    def seen(self, service, request, answer):
        if service not in SERVICES or self.nth is None:
            return answer
        self.names.append(name(service, request))
        self.others[service].append(answer)
        if not self.now(service) or isinstance(self.fault, str):
            return answer
        self.broken = True
        return self.fault(answer, self.others[service])


def name(service, request):
    """A call's column."""
    if service == "sns":
        return "Publish"
    if service == "securityhub":
        return {"/findings/import": "BatchImportFindings", "/findings/batchupdate": "BatchUpdateFindings"}[request.path]
    if service != "s3":
        return request.headers["X-Amz-Target"].split(".")[-1]
    kind = next((kind for kind in ("records", "reports", "plans") if f"/{kind}/" in request.path), "report")
    return f"S3 {request.command} {kind}"


@pytest.fixture
def publication(monkeypatch):
    signing(monkeypatch)
    publication = Publication(Breaking)
    yield publication
    publication.stop()


def signed(publication):
    """What is signed in each record: the statement, without the signature."""
    s3, bucket = publication.client("s3"), publication.names["evidence"]
    records = [key for key in publication.objects("evidence") if "/records/" in key]
    read = lambda key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return {key: base64.b64decode(read(key)["payload"]) for key in records}


def invoke(function, batch):
    """Whether a delivery went through."""
    try:
        return function.invoke(batch) == {"batchItemFailures": []}
    except FunctionError:
        return False


def test_whatever_breaks_nothing_else_is_signed_and_the_next_delivery_signs_it(publication, tmp_path):
    proxy, first = publication.proxy, publication.function()
    assert first.invoke(publication.commits(1)) == {"batchItemFailures": []}
    first.stop()
    publication.told()
    before, batch = publication.snapshot(), publication.commits(2)
    proxy.break_call(0, None)
    function = publication.function()
    assert invoke(function, batch)
    function.stop()
    calls, undisturbed = proxy.names, signed(publication)
    kept = {bucket: publication.objects(bucket) for bucket in ("reports", "evidence")}
    assert {"Sign", "GetPublicKey", "S3 PUT records", "S3 GET records", "GetItem"} <= set(calls), calls
    assert {"Publish", "PutEvents", "BatchImportFindings"} <= set(calls), calls
    assert len(undisturbed) == 2

    def cell(fault, nth):
        """A delivery whose nth call breaks, and those after it: that call, and the signs of what came of it."""
        nonlocal lost
        publication.put_back(before)
        function = publication.function()
        try:
            proxy.break_call(nth, FAULTS[fault])
            whole = invoke(function, batch)
            assert proxy.broken, "nothing was broken"
            # A call that nobody sees leaves no name behind.
            call = calls[nth - 1] if isinstance(FAULTS[fault], str) else proxy.names[nth - 1]
            proxy.stop_breaking()
            wrong = {key for key, statement in signed(publication).items() if undisturbed.get(key) != statement}
            false.update(wrong)
            assert not wrong, f"signed, and not the run: {wrong}"
            # The stream brings it again, to the same process.
            deliveries = 1
            while not (delivered := invoke(function, batch)) and deliveries < 3:
                deliveries += 1
            lost += not delivered
            assert delivered, f"not told when the fault was over\n{function.tail()}"
        finally:
            proxy.stop_breaking()
            function.stop()
        told, signs = publication.told(), {"=" if whole else "+"}
        for sink, ids in TOLD.items():
            counts = collections.Counter(told[sink])
            assert sorted(counts) == ids and max(counts.values()) <= 2, told
            signs |= {"2"} if max(counts.values()) > 1 else set()
        assert signed(publication) == undisturbed
        assert publication.objects("evidence") == kept["evidence"]
        assert publication.objects("reports").keys() == kept["reports"].keys()
        assert FINDINGS.items() <= publication.findings().items()
        return call, signs

    wrong, every = [], [(fault, nth) for fault in FAULTS for nth in range(1, len(calls) + 1)][::STEP]
    squares, false, lost = collections.defaultdict(set), set(), 0
    for fault, nth in every:
        try:
            call, signs = cell(fault, nth)
        except AssertionError as error:
            wrong.append(f"{fault} at call {nth}, {calls[nth - 1]}: {error}")
        else:
            squares[fault, call] |= signs
    assert not wrong, "\n".join(wrong)
    whole_chain(publication, tmp_path)
    if STEP == 1:
        publish_page.compare(publish_page.page(squares, FAULTS, calls, len(false), lost))
    else:
        other = {square: signs for square, signs in squares.items() if not signs <= set(publish_page.square(*square))}
        assert not other, f"not as docs/faults-publish.md has it: {other}"
