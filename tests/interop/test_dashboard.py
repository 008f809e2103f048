# SPDX-License-Identifier: Apache-2.0
"""The dashboard in a browser and on the wire: what it shows, who is let in, what is new, and a long history.

With `KEYPROOF_SCREENSHOTS=FOLDER` every look is kept as a picture, to be looked at.
"""

import contextlib
import copy
import datetime
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.parse

import pytest
from browser import browser  # noqa: F401  (a fixture)
from conftest import KEYPROOF, ROOT, bare_environment, read_lines_until, stop

CASES = ROOT / "shared/report/cases"
PASSING = json.loads((CASES / "separation-holds/report.json").read_text())
EXPOSED = json.loads((CASES / "key-policy-widened/report.json").read_text())
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def write(folder, hour, report):
    """The report as the run of an hour of the plan `orders`."""
    report = copy.deepcopy(report)
    moment = (START + datetime.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
    report["run"] |= {"id": f"01KEYPR00F{hour:016}", "started_at": moment, "finished_at": moment}
    report["plan"]["name"] = "orders"
    for probe in report["probes"]:
        if probe.get("cause"):
            changed = (START + datetime.timedelta(hours=hour, minutes=-20)).strftime("%Y-%m-%dT%H:%M:%SZ")
            probe["cause"]["changed"] = {
                "event": "PutKeyPolicy", "by": "arn:aws:iam::111122223333:user/admin", "at": changed, "event_id": "e-1",
            }  # fmt: skip
    (folder / f"{hour:06}.json").write_text(json.dumps(report))


def story(folder):
    for hour, report in enumerate([PASSING, PASSING, EXPOSED, EXPOSED, PASSING]):
        write(folder, hour, report)


class Dashboard:
    def __init__(self, folder, *words):
        self.process = subprocess.Popen(
            [KEYPROOF, "dashboard", str(folder), *words], env=bare_environment(), stdout=subprocess.PIPE, text=True
        )
        self.address = read_lines_until(self.process, "ready", seconds=120)[0]
        self.host = urllib.parse.urlsplit(self.address).netloc

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)

    def get(self, path="/", method="GET", **headers):
        """Status, headers and text of one request; headers with `_` for `-`."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host="Host" in given)
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.fixture
def history(tmp_path):
    story(tmp_path)
    with Dashboard(tmp_path, "--interval", "60") as dashboard:
        dashboard.folder = tmp_path
        yield dashboard


def keep(page, name):
    folder = os.environ.get("KEYPROOF_SCREENSHOTS")
    if folder:
        page.screenshot(pathlib.Path(folder) / f"dashboard-{name}.png")


PROBE = "/probe?plan=orders&probe=outsider%2Fdynamodb%3AGetItem%2Forders"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("name", "path"), [("overview", "/"), ("plan", "/plan?plan=orders"), ("probe", PROBE)], ids=lambda value: str(value)[:8]
)
def test_each_page_is_clean(browser, history, name, path, dark):
    with browser.open(history.address + path, dark=dark) as page:
        page.is_clean(hosts={history.host})
        keep(page, f"{name}-{'dark' if dark else 'light'}")


def test_a_narrow_window_loses_nothing(browser, history):
    with browser.open(history.address + "/plan?plan=orders", width=360) as page:
        page.is_clean(hosts={history.host})
        keep(page, "plan-narrow")


def test_the_overview_tells_how_it_stands_and_leads_on(browser, history):
    with browser.open(history.address) as page:
        assert page.text("h1") == "History"
        assert "pass" in page.text("tbody tr .mark")
        assert "Median time to detect: 20 min; to recover: 2 h." in page.text("main")
        assert "PutKeyPolicy by arn:aws:iam::111122223333:user/admin, CloudTrail e-1" in page.text("main")
        page.js("document.querySelector('th[scope=row] a').click()")
        page.wait("document.querySelector('h1')?.innerText === 'Plan orders'")


def test_filters_stand_in_the_address(browser, history):
    with browser.open(history.address + "/plan?plan=orders") as page:
        everything = page.count("td.line")
        assert everything == len(PASSING["probes"])
        page.js("document.querySelector('[name=changed]').checked = true; document.querySelector('form button').click()")
        page.wait("location.search.includes('changed=1')")
        page.wait("document.readyState === 'complete'")
        changed = page.count("td.line")
        assert 0 < changed < everything
        address = page.js("location.href")
    with browser.open(address) as colleague:
        assert colleague.count("td.line") == changed
        assert colleague.js("document.querySelector('[name=changed]').checked")


def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(browser, history):
    with browser.open(history.address + "/plan?plan=orders") as page:
        stops = page.walk()
        assert all(stop["seen"] for stop in stops), [stop for stop in stops if not stop["seen"]]
        tags = {stop["tag"] for stop in stops}
        assert {"a", "input", "select", "button"} <= tags


def test_a_page_works_without_scripts(browser, history):
    with browser.open(history.address + PROBE, scripts=False) as page:
        assert page.text("h1") == "outsider/dynamodb:GetItem/orders"


def test_a_new_run_is_shown_while_the_page_is_open(browser, history):
    with browser.open(history.address) as page:
        assert "still failing" not in page.text("main")
        write(history.folder, 5, EXPOSED)
        page.wait("document.querySelector('main').innerText.includes('still failing')", seconds=20)
        assert page.text("#news") == "Updated: new runs are shown."
        page.is_clean(hosts={history.host})


def test_whoever_fills_in_the_form_is_asked_first(browser, history):
    with browser.open(history.address + "/plan?plan=orders") as page:
        page.js("document.querySelector('[name=q]').focus()")
        page.js("document.querySelector('[name=q]').value = 'half a wo'")
        write(history.folder, 5, EXPOSED)
        page.wait("document.querySelector('#news a')", seconds=20)
        assert page.js("document.querySelector('[name=q]').value") == "half a wo"


def test_a_run_is_its_report(browser, history):
    with browser.open(f"{history.address}/run?plan=orders&run=01KEYPR00F{2:016}") as page:
        assert page.text(".verdict").startswith("✗ FAIL")
        assert page.problems == [] and page.hosts() == {history.host}


def test_no_other_name_and_no_other_origin_is_let_in(history):
    assert history.get()[0] == 200
    assert history.get(Host=f"localhost:{history.host.split(':')[1]}")[0] == 200
    for host in ["evil.example", f"evil.example:{history.host.split(':')[1]}", "127.0.0.1"]:
        assert history.get(Host=host)[0] == 421, host
    assert history.get(Origin="https://evil.example")[0] == 403
    assert history.get(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors", Sec_Fetch_Dest="empty")[0] == 403
    assert history.get(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")[0] == 200
    for method in ["POST", "PUT", "DELETE", "OPTIONS"]:
        status, headers, _ = history.get(method=method)
        assert status == 405 and not any(name.lower().startswith("access-control") for name in headers)


def frame(kind, flags, stream, payload):
    """https://www.rfc-editor.org/rfc/rfc9113#section-4.1"""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def over_http2(host, authority, path="/"):
    """The body that a request gets over HTTP/2, spoken without asking, and without a `Host`."""
    fields = {":method": "GET", ":scheme": "http", ":path": path, ":authority": authority}
    # Literals without indexing, https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2
    block = b"".join(
        b"\0" + b"".join(bytes([len(part)]) + part.encode() for part in field) for field in fields.items())
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=10) as connection:
        start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 5, 1, block)
        connection.sendall(start)
        stream, body = connection.makefile("rb"), b""
        while len(head := stream.read(9)) == 9:
            payload, kind = stream.read(int.from_bytes(head[:3])), head[3]
            body += payload if kind == 0 else b""
            if kind in (0, 1) and head[4] & 1:
                break
            if kind in (3, 7):
                break
        return body.decode()


def test_no_other_name_is_let_in_over_http2(history):
    ours = over_http2(history.host, history.host)
    others = [over_http2(history.host, name) for name in ("evil.example", f"evil.example:{history.host[-4:]}", "localhost")]

    assert ours.startswith("<!DOCTYPE html>")
    assert {other.partition(",")[0] for other in others} == {"this is served as 127.0.0.1"}


def test_a_page_elsewhere_can_not_read_or_frame_it(browser, history, tmp_path):
    """A real browser on a page of another origin."""
    with Dashboard(tmp_path) as other, browser.open(other.address) as page:
        asked = f"fetch('{history.address}/version').then(a => a.text(), () => 'refused')"
        assert page.js(asked) == "refused"


def test_headers_let_nothing_else_in(history):
    _, headers, text = history.get()
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin" and headers["referrer-policy"] == "no-referrer"
    assert text.count("<script") == 1 and "http://" not in text.replace(history.address, "")


def test_a_long_history_stays_usable(browser, tmp_path):
    """1,000 runs, and a plan of 10,000 probes beside them."""
    for hour in range(1_000):
        write(tmp_path, hour, EXPOSED if hour % 100 in (50, 51) else PASSING)
    wide = copy.deepcopy(PASSING)
    row = wide["probes"][0]
    wide["probes"] = [row | {"id": f"p{number}/dynamodb:GetItem/orders", "principal": f"p{number}"} for number in range(10_000)]
    wide["summary"] = {"verdict": "pass", "pass": 10_000, "fail": 0, "inconclusive": 0, "excepted": 0, "planned": 10_000}
    wide["plan"]["name"] = "wide"
    wide["run"]["id"] = "01KEYPR00FWIDE000000000000"
    (tmp_path / "wide.json").write_text(json.dumps(wide))
    with Dashboard(tmp_path) as dashboard:
        for path in ["/", "/plan?plan=orders", PROBE, "/plan?plan=wide&page=50"]:
            started = time.monotonic()
            status, _, text = dashboard.get(path)
            assert status == 200 and time.monotonic() - started < 2, (path, time.monotonic() - started)
            assert len(text) < 400_000, (path, len(text))
        with browser.open(dashboard.address + "/plan?plan=orders") as page:
            page.is_clean(hosts={dashboard.host})
            keep(page, "long")
            assert "10 failures" in page.text("main") or "failures, 0 still open" in page.text("main")


# What scanners try: ways out of the folder, other schemes, broken escapes, markup, formats, headers of proxies.
TARGETS = [
    "/..%2f..%2fetc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/....//etc/passwd", "//evil.example/",
    "http://evil.example/", "/\\..\\..", "/%00", "/%", "/%zz", "/%ff%fe", "/%c0%ae%c0%ae/", "/?", "/??", "/#", "*", "/;",
    "/" + "a" * 5000, "/" + "a/" * 2000, "/.git/config", "/actuator", "/plan", "/probe", "/run", "/version/..",
]  # fmt: skip
VALUES = [
    "", "orders", "../../etc/passwd", "%00", "%", "%ff", "<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "${jndi:x}",
    "%F0%9F%94%91", "-1", "0", "1e999", "99999999999999999999", "NaN", "a" * 4000, "%0d%0aX-Evil:%20yes", "%E2%80%AE",
]  # fmt: skip
NAMES = {
    "/": ["plan", "q"],
    "/plan": ["plan", "page", "q", "changed", "verdict", "finding", "principal", "table", "from", "to"],
    "/probe": ["plan", "probe", "page"],
    "/run": ["plan", "run"],
    "/version": ["after"],
}


def raw(dashboard, request):
    """The first line of what comes back to these bytes; empty where the connection is closed."""
    host, port = dashboard.host.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        # Whoever has refused the first line may have hung up already.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


def test_whatever_is_asked_nothing_breaks_and_nothing_leads_out(history):
    asked = [target for target in TARGETS]
    for path, names in NAMES.items():
        asked += [f"{path}?{name}={value}" for name in names for value in VALUES]
        asked += [f"{path}?plan=orders&{name}={value}" for name in names for value in VALUES]
        asked += [f"{path}?{'&'.join(f'{name}=1' for name in names * 50)}"]
    host = f"Host: {history.host}\r\n".encode()
    for target in asked:
        told = raw(history, f"GET {target} HTTP/1.1\r\n".encode() + host + b"Connection: close\r\n\r\n")
        assert told == b"" or told.split()[1][:1] in (b"2", b"3", b"4"), (target[:200], told)
    for target in asked[:400]:
        try:
            status, headers, text = history.get(target)
        except http.client.InvalidURL:
            continue  # the client's own refusal
        assert "X-Evil" not in headers and "<script>alert" not in text and "root:x:0" not in text, target[:200]
        assert status < 500, (status, target[:200])


def test_whatever_is_sent_in_place_of_a_request_the_dashboard_goes_on(history):
    for request in [
        b"", b"\r\n\r\n", b"\x00\xff\x00\xff", b"GET", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n", b"TRACE / HTTP/1.1\r\n\r\n",
    ]:  # fmt: skip
        try:
            told = raw(history, request)
        except OSError:
            told = b""  # closed while we spoke
        assert told == b"" or told.startswith(b"HTTP/1.1 4"), (request[:80], told)
    assert history.get()[0] == 200
