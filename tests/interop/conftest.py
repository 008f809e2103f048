# SPDX-License-Identifier: Apache-2.0
"""What the interoperation tests share: servers on free ports, and ways to run keyproof and the AWS CLI.

Every test gets servers of its own; nothing here knows a fixed port. `KEYPROOF` names the binary under test.
"""

import json
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYPROOF = os.environ.get("KEYPROOF", str(ROOT / "target/debug/keyproof"))
ACCOUNT = "111122223333"
REGION = "us-east-1"
CANARY = {"pk": {"S": "keyproof#canary"}}
PROOF = "c0ffee-interoperation"


def bare_environment():
    """The environment without any AWS setting of the machine that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


class Aws:
    """An AWS endpoint and a caller's credentials for it."""

    def __init__(self, endpoint, access_key, secret_key, token=None):
        self.endpoint, self.access_key, self.secret_key, self.token = endpoint, access_key, secret_key, token

    def client(self, service):
        """A boto3 client of this caller, with connections of its own and no retries."""
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.token,
            config=Config(retries={"max_attempts": 1}),
        )

    def environment(self):
        """The variables that make any SDK or the AWS CLI this caller."""
        names = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }
        if self.token:
            names["AWS_SESSION_TOKEN"] = self.token
        return bare_environment() | names

    def assume(self, role_name, session="interoperation", **options):
        """This caller's new session of a role in the account."""
        answer = self.client("sts").assume_role(
            RoleArn=role_arn(role_name), RoleSessionName=session, **options
        )["Credentials"]
        return Aws(
            self.endpoint, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )

    def cli(self, *words):
        """One AWS CLI call: (exit code, parsed stdout, stderr)."""
        done = subprocess.run(
            ["aws", "--output", "json", *words],
            env=self.environment() | {"PATH": os.environ["PATH"], "AWS_PAGER": ""},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


def role_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/keyproof/{name}"


def keyproof(*words, environment=None, stdin=None, timeout=120):
    """One run of keyproof: the finished process, output as text."""
    return subprocess.run(
        [KEYPROOF, *words],
        env=environment or bare_environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
    )


def verify(aws, plan, *words):
    """Runs `keyproof verify` on a plan given as a value: (exit code, JSON report, whole output)."""
    done = keyproof(
        "verify", "--plan", "-", "--format", "json", *words, environment=aws.environment(), stdin=json.dumps(plan)
    )
    report = json.loads(done.stdout) if done.stdout.strip() else None
    return done.returncode, report, done.stdout + done.stderr


def findings(report):
    """The report's findings by probe id; `None` for a pass."""
    return {probe["id"]: probe["finding"] for probe in report["probes"]}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port} after {seconds} s")


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def moto():
    """A moto server: an AWS in which everybody may read everything."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=bare_environment() | {"MOTO_ACCOUNT_ID": ACCOUNT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, server)
        yield Aws(f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")
    finally:
        stop(server)


def read_lines_until(process, last, seconds=30):
    """The lines that a server prints up to and with `last`."""
    # From the descriptor, not through a buffer: what a buffer already holds, `select` doesn't see.
    text, deadline = "", time.monotonic() + seconds
    while not text.endswith(f"{last}\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 65536).decode() if ready else ""
        if not piece:
            raise RuntimeError(f"the server said {text!r} and then nothing; {last!r} was expected")
        text += piece
    return text.splitlines()


def start_sandbox(*words):
    process = subprocess.Popen(
        [KEYPROOF, "sandbox", *words], env=bare_environment(), stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    lines = read_lines_until(process, "ready")
    exports = dict(re.fullmatch(r"export (\w+)=(\S+)", line).groups() for line in lines[:-1])
    assert list(exports) == ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
    aws = Aws(exports["AWS_ENDPOINT_URL"], exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
    return process, aws


@pytest.fixture
def empty_sandbox():
    """The administrator of a sandbox with nothing in it."""
    process, aws = start_sandbox()
    try:
        yield aws
    finally:
        stop(process)


@pytest.fixture
def template_sandbox():
    """The administrator of a sandbox loaded from the repository's own template."""
    process, aws = start_sandbox("--template", "template.yaml")
    try:
        yield aws
    finally:
        stop(process)
