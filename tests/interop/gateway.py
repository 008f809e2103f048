# SPDX-License-Identifier: Apache-2.0
"""API Gateway on this machine: HTTP in front, a function behind, payload format 2.0 between them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
What the gateway itself refuses, a signature that is missing above all, is not here: every request is somebody's.
"""

import base64
import http.server
import threading
import urllib.parse
import uuid

CALLER = "arn:aws:sts::111122223333:assumed-role/deployer/ci-4711"


class Gateway:
    """Serves one function, a request at a time. `failed` holds what was no answer."""

    def __init__(self, function):
        self.function, self.failed, self.lock = function, [], threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, target, headers, body):
        """What the function answers: status, headers, body."""
        event = event_of(method, target, headers, body)
        with self.lock:
            try:
                answer = self.function.invoke(event)
                status, content = int(answer["statusCode"]), answer.get("body") or ""
                if answer.get("isBase64Encoded"):
                    return status, answer.get("headers", {}), base64.b64decode(content)
                return status, answer.get("headers", {}), content.encode()
            except Exception as error:
                self.failed.append((method, target, repr(error)))
                return 502, {"content-type": "text/plain"}, repr(error).encode()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def event_of(method, target, headers, body):
    path, _, query = target.partition("?")
    parameters = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True, errors="replace"):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "111122223333",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
            "authorizer": {"iam": {"userArn": CALLER}},
        },
        "isBase64Encoded": encoded,
    }
    if parameters:
        event["queryStringParameters"] = parameters
    return event | {"body": text} if body else event


def handler(gateway):
    class Door(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: the second would wait 40 ms for the reader's acknowledgement.
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {}
            for name, value in self.headers.items():
                name = name.lower()
                headers[name] = f"{headers[name]},{value}" if name in headers else value
            status, told, content = gateway.answer(self.command, self.path, headers, body)
            self.send_response_only(status)
            for name, value in told.items():
                self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_TRACE = answer
        do_QUERY = answer

        def log_message(self, *_):
            pass

    return Door
