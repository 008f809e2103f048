# SPDX-License-Identifier: Apache-2.0
"""Every program, ended in the middle of its work: no core, whatever the shell allows."""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import KEYPROOF, ROOT, bare_environment

FUNCTIONS = ["keyproof-verify", "keyproof-publish", "keyproof-api", "keyproof-canary", "keyproof-expand"]


@pytest.fixture
def silence():
    """A Runtime API that takes polls and never answers; set once it was asked."""
    listener, asked = socket.create_server(("127.0.0.1", 0)), threading.Event()
    kept = []

    def take():
        while True:
            try:
                kept.append(listener.accept()[0])
            except OSError:
                return
            asked.set()

    threading.Thread(target=take, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", asked
    listener.close()


def generous():
    """As `ulimit -c unlimited` in a shell, as far as this machine lets it."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def core_limit(process):
    lines = pathlib.Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    return next(line.split()[-3:-1] for line in lines if line.startswith("Max core file size"))


def end(process, ended_by, seconds=10):
    """Sends the signal until the process ends by it: Rust's own handler of SIGSEGV takes the first for a stack
    that overflowed, and lets the fault come again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.send_signal(ended_by)
        time.sleep(0.05)
        ended, status = os.waitpid(process.pid, os.WNOHANG)
        if ended:
            process.returncode = -ended_by
            return status
    process.kill()
    raise RuntimeError(f"{process.args} did not end")


@pytest.mark.parametrize("program", ["keyproof", *FUNCTIONS])
@pytest.mark.parametrize("ended_by", [signal.SIGABRT, signal.SIGSEGV])
def test_no_program_leaves_a_core(program, ended_by, silence, tmp_path):
    address, asked = silence
    is_function = program in FUNCTIONS
    words = [str(ROOT / "target/debug" / program)] if is_function else [KEYPROOF, "sandbox"]
    environment = bare_environment() | {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": program,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    }
    process = subprocess.Popen(
        words, env=environment, cwd=tmp_path, preexec_fn=generous, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if is_function:
            assert asked.wait(30), process.poll()
        else:
            assert process.stdout.readline().startswith(b"export ")
        assert core_limit(process) == ["0", "0"]
        status = end(process, ended_by)
    finally:
        process.stdout.close()
        process.stderr.close()

    assert (os.WTERMSIG(status), os.WCOREDUMP(status)) == (ended_by, False)
    assert list(tmp_path.iterdir()) == []


def test_a_program_of_others_would_leave_one(tmp_path):
    """What the test above rests on: here, a process that does nothing about it has a limit above nothing."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this machine dumps no cores at all")
    process = subprocess.Popen(["sleep", "60"], cwd=tmp_path, preexec_fn=generous)
    time.sleep(0.1)
    limit = core_limit(process)
    process.kill()
    process.wait()

    assert limit != ["0", "0"]
