# SPDX-License-Identifier: Apache-2.0
"""The HTTP API against its own description: schemathesis makes requests from `openapi.json`, good and bad ones, and
holds each response against it. The function is the one that is deployed, behind a gateway on this machine.

`KEYPROOF_EXAMPLES=1000` makes so many requests for each operation, and those besides that cover each keyword of the
document; a run of the gate makes 10.
"""

import json
import os
import subprocess

import pytest

from conftest import REGION, ROOT, keyproof
from gateway import Gateway
from test_functions import TABLE, binaries, stack, start  # noqa: F401  (fixtures)

SCHEMATHESIS = ROOT / "target/tools/schemathesis/bin/schemathesis"
DOCUMENT = ROOT / "functions/api/openapi.json"


@pytest.fixture
def api(stack):  # noqa: F811
    """The API of a stack with a plan and a run that was asked for."""
    moto, queue_url = stack
    environment = moto.environment() | {"KEYPROOF_STATE_TABLE": TABLE}
    pushed = keyproof("plan", "push", "plans/orders.yaml", "--region", REGION, environment=environment)
    assert pushed.returncode == 0, pushed.stderr
    function = start("keyproof-api", moto.environment(), queue_url)
    gateway = Gateway(function)
    try:
        yield gateway
    finally:
        gateway.stop()
        function.stop()


def with_examples(run_id):
    """The document with what there is in the table, so that more than 404 is seen."""
    document = json.loads(DOCUMENT.read_text())
    # Signatures are the gateway's to check, and this one checks none.
    document.pop("security")
    document["components"].pop("securitySchemes")
    known = {"name": "orders", "id": run_id}
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in known:
                    parameter["example"] = known[parameter["name"]]
    return document


def ask(api):
    """A run that the API knows."""
    status, _, body = api.answer("POST", "/runs", {"content-type": "application/json"}, b'{"plan": "orders"}')
    assert status == 202, body
    return json.loads(body)["run_id"]


def test_every_response_is_one_that_the_document_promises(api, tmp_path):
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(with_examples(ask(api))))
    many = os.environ.get("KEYPROOF_EXAMPLES")

    done = subprocess.run(
        [
            str(SCHEMATHESIS), "run", str(document), "--url", api.url,
            "--max-examples", many or "10", "--seed", "1", "--generation-database", "none", "--mode", "all",
            "--phases", "examples,coverage,fuzzing" if many else "examples,fuzzing",
        ],
        capture_output=True, text=True, timeout=3000, cwd=tmp_path, env=os.environ | {"NO_COLOR": "1"},
    )

    assert api.failed == []
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
