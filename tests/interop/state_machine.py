# SPDX-License-Identifier: Apache-2.0
"""AWS Step Functions on this machine: moto's interpreter of the Amazon States Language, which reads items from S3,
maps over them distributed, retries and catches, and calls functions as Lambda would.

Lambda's part is here: as many processes of a function as there are invocations at once, and what becomes of an
invocation whose process dies.
"""

import io
import json
import os
import queue
import threading
import time

from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from conftest import ACCOUNT, REGION, ROOT
from lambda_runtime import FunctionError

ROLE = f"arn:aws:iam::{ACCOUNT}:role/large-runs"


def definition(path, **substitutions):
    """A definition as SAM deploys it: `${Name}` replaced, each name there and none left."""
    text = (ROOT / path).read_text()
    for name, value in substitutions.items():
        assert f"${{{name}}}" in text, name
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text, text
    return text


class Lambda:
    """A function that scales out. `start` makes a process; `fate` is told of each payload, and says what becomes of
    its invocation: `None` for nothing, `killed` for a process that dies while it works, `killed_after` for one that
    dies when its work is done and before it answers."""

    def __init__(self, arn, start, fate=lambda payload: None):
        self.arn, self.start, self.fate = arn, start, fate
        self.idle, self.all, self.lock, self.invoked, self.killed = queue.LifoQueue(), [], threading.Lock(), [], 0

    def instance(self):
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            function = self.start()
            with self.lock:
                self.all.append(function)
            return function

    def invoke(self, FunctionName, Payload, **_):
        """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
        assert FunctionName == self.arn, FunctionName
        payload = json.loads(Payload)
        with self.lock:
            self.invoked.append(payload)
            fate = self.fate(payload)
        function = self.instance()
        if fate == "killed":
            threading.Thread(target=self.kill, args=(function,), daemon=True).start()
        try:
            answer = function.invoke(payload)
            if fate is None:
                self.idle.put(function)
                return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": body(answer)}
            assert fate == "killed_after", f"the process was faster than its death: {payload}"
            function.process.kill()
        except FunctionError as error:
            self.idle.put(function)
            return failure(error.error_type, error.message)
        except RuntimeError:
            assert fate == "killed", function.tail()
        self.killed += 1
        return failure("Runtime.ExitError", "Error: Runtime exited with error: signal: killed")

    @staticmethod
    def kill(function):
        """Kills the process as soon as it has been given its work."""
        while function.waiting.qsize() or not function.taken:
            time.sleep(0.0005)
        function.process.kill()

    def stop(self):
        for function in self.all:
            function.stop()


def body(value):
    return io.BytesIO(json.dumps(value).encode())


def failure(error_type, message):
    return {
        "StatusCode": 200,
        "FunctionError": "Unhandled",
        "ExecutedVersion": "$LATEST",
        "Payload": body({"errorType": error_type, "errorMessage": message}),
    }


class StateMachines:
    """The interpreter of a moto server in this process, with the functions that its states call."""

    def __init__(self, port, stack):
        self.stack = stack
        os.environ["MOTO_PORT"] = str(port)
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        self.clients = lambda_eval_utils.boto_client_for

    def call(self, function):
        """Lets states call this function."""

        def client(service, **more):
            assert service == "lambda", service
            return function

        lambda_eval_utils.boto_client_for = client

    def create(self, name, text):
        states = self.stack.client("stepfunctions")
        return states.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"]

    def executions(self, arn):
        found = self.stack.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
        return [execution["executionArn"] for execution in found]

    def wait(self, execution, seconds=120):
        """An execution's end: its status and its output."""
        states, deadline = self.stack.client("stepfunctions"), time.monotonic() + seconds
        while time.monotonic() < deadline:
            told = states.describe_execution(executionArn=execution)
            if told["status"] != "RUNNING":
                return told["status"], json.loads(told.get("output") or "null"), told
            time.sleep(0.05)
        raise AssertionError(f"{execution} runs after {seconds} s")

    def stop(self):
        lambda_eval_utils.boto_client_for = self.clients
        default_user_config["stepfunctions"] = {"execute_state_machine": False}
        os.environ.pop("MOTO_PORT", None)
