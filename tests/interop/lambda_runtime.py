# SPDX-License-Identifier: Apache-2.0
"""A function as Lambda runs it: a process that polls a Runtime API, one invocation at a time.

The API is AWS's, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, as far as a function of ours
uses it: next, response, error and init error. Nothing is frozen between invocations.
"""

import http.server
import json
import queue
import subprocess
import threading
import time
import uuid

from conftest import ACCOUNT, REGION, bare_environment, stop

PREFIX = "/2018-06-01/runtime"


class FunctionError(Exception):
    """What the function answered instead of a result."""

    def __init__(self, error_type, message):
        super().__init__(f"{error_type}: {message}")
        self.error_type, self.message = error_type, message


class Function:
    """One running function. `log` holds the lines of its standard output, read as JSON where they are."""

    def __init__(self, name, binary, environment, now=time.time, timeout=60):
        self.name, self.now, self.timeout, self.log, self.errors = name, now, timeout, [], []
        self.waiting, self.answers, self.taken = queue.Queue(), queue.Queue(), 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.process = subprocess.Popen(
            [binary],
            env=bare_environment() | environment | self.lambda_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.readers = [
            threading.Thread(target=keep, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.log), (self.process.stderr, self.errors))
        ]
        for reader in self.readers:
            reader.start()

    def lambda_environment(self):
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, the reserved ones."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/keyproof/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        }

    @property
    def arn(self):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def invoke(self, payload):
        """One invocation: its result, or `FunctionError`."""
        request_id = str(uuid.uuid4())
        self.waiting.put((request_id, json.dumps(payload).encode()))
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                answered, kind, body = self.answers.get(timeout=0.2)
                break
            except queue.Empty:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    how = f"ended with {self.process.returncode}" if ended else "did not answer"
                    raise RuntimeError(f"{self.name} {how}:\n{self.tail()}") from None
        assert answered == request_id, f"{self.name} answered {answered}, was asked {request_id}"
        if kind == "response":
            return json.loads(body)
        error = json.loads(body)
        raise FunctionError(error["errorType"], error["errorMessage"])

    def lines(self, **expected):
        """The log's JSON lines that hold these values."""
        # What was logged before an answer is in the pipe by then, but may not have been read from it yet.
        read = -1
        while read != len(self.log):
            read = len(self.log)
            time.sleep(0.2)
        return [
            line
            for line in list(self.log)
            if isinstance(line, dict) and all(line.get(name) == value for name, value in expected.items())
        ]

    def tail(self):
        return "\n".join(str(line) for line in [*self.log[-20:], *self.errors[-20:]])

    def stop(self):
        stop(self.process)
        for reader in self.readers:
            reader.join(10)
        self.server.shutdown()
        self.server.server_close()


def keep(stream, lines):
    for line in stream:
        try:
            lines.append(json.loads(line))
        except ValueError:
            lines.append(line.rstrip("\n"))


def handler(function):
    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: the second would wait 40 ms for the reader's acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self):
            assert self.path == f"{PREFIX}/invocation/next", self.path
            # Lambda lets a function wait, for hours if need be.
            request_id, body = function.waiting.get()
            self.send_response(200)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((function.now() + function.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": function.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            function.taken += 1

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                body = chunks(self.rfile)
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            parts = self.path.removeprefix(PREFIX).strip("/").split("/")
            if parts == ["init", "error"]:
                function.errors.append(body.decode())
            else:
                invocation, request_id, kind = parts
                assert invocation == "invocation", self.path
                function.answers.put((request_id, kind, body))

        def log_message(self, *_):
            pass

    return Api


def chunks(stream):
    """A body in chunked transfer coding."""
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body
