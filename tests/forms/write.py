#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the forms of the built version into a folder of its name: once for a release, and never again.

Run it with the Python of the interoperation tests (target/tools/python).
"""

import decimal
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
os.environ.setdefault("KEYPROOF", str(ROOT / "target/debug/keyproof"))
sys.path.insert(0, str(ROOT / "tests/interop"))

from boto3.dynamodb.types import TypeDeserializer  # noqa: E402
from conftest import KEYPROOF, bare_environment  # noqa: E402
from service import TABLE, Service  # noqa: E402
from test_service import Story  # noqa: E402

STOREFRONT = ROOT / "shared/check/cases/storefront"


def run(*words, expect=(0,), cwd=ROOT):
    done = subprocess.run([KEYPROOF, *words], env=bare_environment(), capture_output=True, text=True, cwd=cwd)
    assert done.returncode in expect, done.stdout + done.stderr
    return done.stdout


def plain(value):
    """A number of DynamoDB's as JSON has it."""
    if isinstance(value, decimal.Decimal):
        return int(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(type(value))


def documents(folder):
    """What the command line writes."""
    def here(*words, expect=(0,)):
        # Beside the files, so that no report holds where they lay.
        return run(*words, expect=expect, cwd=folder)

    shutil.copy(ROOT / "plans/orders.yaml", folder)
    orders, sandbox = ["--plan", "orders.yaml"], ["--sandbox", str(ROOT / "template.yaml")]
    here("verify", *orders, *sandbox, "--format", "json", "--output", "report.json")
    here("drill", *orders, *sandbox, "--parameter", "AllowDrill=true", "--every", "0.05",
         "--format", "json", "--output", "drill.json")
    for name in ("plan.yaml", "template.yaml"):
        shutil.copy(STOREFRONT / name, folder / f"storefront-{name}")
    storefront = ["--plan", "storefront-plan.yaml"]
    # One principal more for a key: failures with causes, and the documents that they point into.
    narrow = "AWS: !GetAtt Crm.Arn"
    text = (folder / "storefront-template.yaml").read_text()
    assert narrow in text
    (folder / "storefront-wide.yaml").write_text(text.replace(narrow, "AWS: [!GetAtt Crm.Arn, !GetAtt Web.Arn]"))
    here("check", *storefront, "--template", "storefront-wide.yaml", "--format", "json", "--output", "check.json",
         expect=(1,))
    (folder / "coverage.json").write_text(
        here("coverage", *storefront, "--template", "storefront-template.yaml", "--format", "json", expect=(0, 1)))
    (folder / "shards.json").write_text(here("shard", "cut", *orders, "--most", "20"))


def evidence(folder):
    """Two runs, kept and packed."""
    with tempfile.TemporaryDirectory() as place:
        key, records = pathlib.Path(place, "key.pem"), pathlib.Path(place, "records")
        (folder / "public.pem").write_text(run("evidence", "keygen", str(key)))
        for _ in range(2):
            run("verify", "--plan", str(folder / "orders.yaml"), "--sandbox", str(ROOT / "template.yaml"),
                "--record", str(records), "--signing-key", str(key))
        run("evidence", "export", "--records", str(records), "--from", "2026-01-01", "--to", "2100-01-01",
            "--signing-key", str(key), "--output", str(folder / "pack.tar.gz"))


def table(folder):
    """Every item of a service that was deployed, exposed, told of it, mended, locked out and asked."""
    with tempfile.TemporaryDirectory() as place:
        service = Service(pathlib.Path(place))
        try:
            story = Story(service)
            for do in (
                lambda: (story.deploy(), story.ask()),
                lambda: story.world.let_in("reader", "outsider"),
                lambda: story.world.let_in("reader"),
                lambda: story.world.disable_key(),
                lambda: story.ask_the_api(),
                lambda: story.push(exceptions=story.exceptions(days=3)),
                lambda: (story.wait(minutes=7), story.sweep()),
            ):
                do()
                service.run()
            pages = service.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
            read = TypeDeserializer().deserialize
            items = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        finally:
            service.stop()
    items.sort(key=lambda item: (item["pk"], item["sk"]))
    (folder / "table.json").write_text(json.dumps(items, indent=1, default=plain, ensure_ascii=False) + "\n")


def main():
    version = run("--version").split()[-1]
    folder = HERE / version
    if folder.exists():
        sys.exit(f"{folder} is there: what was released stays as it is")
    folder.mkdir()
    documents(folder)
    evidence(folder)
    table(folder)
    print(f"{folder}: {len(list(folder.iterdir()))} files")


if __name__ == "__main__":
    main()
