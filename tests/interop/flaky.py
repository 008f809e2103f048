# SPDX-License-Identifier: Apache-2.0
"""A proxy before an AWS endpoint that fails the calls that a test tells it to, and counts all of them."""

import collections
import http.client
import http.server
import json
import re
import threading
import urllib.parse

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Flaky:
    """`fail(service, times)` makes the next calls of a service fail before anybody sees them: nothing was done,
    and the caller is told so (503), whatever it sends. The service is the one that the request is signed for.
    `answers` holds what is answered here: a function of the body, by method and path. `before` and `after` are called
    around each call that is passed on or answered here, with its service: where `before` says so, it is neither, and
    nobody answers. `Flaky` lets everybody do everything; `refusal` is for proxies that don't."""

    def __init__(self, endpoint):
        self.host = urllib.parse.urlsplit(endpoint).netloc
        self.failing, self.calls, self.refused = collections.Counter(), collections.Counter(), collections.Counter()
        self.answers = {}
        self.before = self.after = lambda service: None
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fail(self, service, times=1_000_000):
        with self.lock:
            self.failing[service] = times

    def mend(self):
        with self.lock:
            self.failing.clear()

    def admits(self, service):
        with self.lock:
            self.calls[service] += 1
            if self.failing[service] <= 0:
                return True
            self.failing[service] -= 1
            self.refused[service] += 1
            return False

    def refusal(self, service, request, body):
        """What a call is answered that its caller may not make: status, headers and body."""
        return None

    def seen(self, service, request, answer):
        """The answer to a call, as its caller may see it; `None` where nobody answers."""
        return answer

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def handler(flaky):
    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: the second would wait 40 ms for the reader's acknowledgement.
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            scope = SCOPE.search(self.headers.get("Authorization", ""))
            service = scope.group(1) if scope else None
            if not flaky.admits(service):
                return self.reply(503, [("Content-Type", "text/plain")], b"refused by a test")
            if refused := flaky.refusal(service, self, body):
                return self.reply(*refused)
            if flaky.before(service):
                self.close_connection = True
                return None
            own = flaky.answers.get(f"{self.command} {self.path}")
            if own:
                answer = 200, [("Content-Type", "application/json")], json.dumps(own(body)).encode()
            else:
                answer = self.passed_on(body)
            flaky.after(service)
            seen = flaky.seen(service, self, answer)
            if seen is None:
                self.close_connection = True
                return None
            return self.reply(*seen)

        def passed_on(self, body):
            connection = http.client.HTTPConnection(flaky.host, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
            connection.close()
            return answer.status, kept, content

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = answer

        def reply(self, status, headers, content):
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Proxy
