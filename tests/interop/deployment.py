# SPDX-License-Identifier: Apache-2.0
"""Who calls the canary and the API function: CloudFormation, and API Gateway."""

import http.server
import json
import queue
import threading


class CloudFormation:
    """Waits for answers, as S3 does behind a response URL."""

    def __init__(self):
        self.answers = answers = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                answers.put((self.headers["content-type"], json.loads(body)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def event(self, request_type, properties):
        event = {
            "RequestType": request_type,
            "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/signed",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/keyproof/1a2b",
            "RequestId": "7bfe2d54",
            "ResourceType": "Custom::KeyproofCanaries",
            "LogicalResourceId": "Canaries",
            "ResourceProperties": properties,
        }
        return event if request_type == "Create" else event | {"PhysicalResourceId": "keyproof-Canaries"}

    def answer(self):
        content_type, answer = self.answers.get(timeout=30)
        assert content_type == ""
        return answer


def properties(plan, queue_url, bucket):
    """What the template tells the canary function of the stack and of its plan."""
    stack = {
        "stack": "keyproof", "queue_url": queue_url, "queue_arn": "arn:aws:sqs:us-east-1:111122223333:runs",
        "dead_letter_queues": {}, "report_bucket": bucket, "evidence_bucket": "evidence",
        "signing_key": "arn:aws:kms:us-east-1:111122223333:key/k", "schedule_group": "group",
        "scheduler_role_arn": "arn:aws:iam::111122223333:role/scheduler",
        "scheduler_dead_letter_arn": "arn:aws:sqs:us-east-1:111122223333:dead", "api_url": "https://api",
    }
    return {"ServiceToken": "arn", "ServiceTimeout": "300", "IntervalMinutes": "15", "Plan": plan, "Stack": stack}


def request(method, path, body=None, **headers):
    """As API Gateway hands it over, payload format 2.0."""
    iam = {"userArn": "arn:aws:sts::111122223333:assumed-role/deployer/ci-4711"}
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json"} | {name.replace("_", "-"): headers[name] for name in headers},
        "requestContext": {
            "http": {"method": method, "path": path}, "requestId": "r", "authorizer": {"iam": iam},
        },
        "isBase64Encoded": False,
    }
    return event if body is None else event | {"body": json.dumps(body)}
