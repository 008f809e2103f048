# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium for tests of pages: opens, reads, presses keys, prints, and says what went wrong.

It speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over one web socket,
so that any Chromium will do. A test gets a `browser` and opens as many pages in it as it likes:

    def test_a_page(browser):
        with browser.open(path.as_uri(), dark=True) as page:
            assert page.text("h1") == "…"
            page.is_clean()

Each page has a context of its own (no cookie, cache or storage of another), and remembers every request,
console message and uncaught error. Nothing is waited for by sleeping: `wait` asks until an expression is true.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import pytest
import websocket

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = ROOT / "target/tools/browser/node_modules/axe-core/axe.min.js"
#: What a key press needs to be one: its code, and for Chromium the key's number.
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowUp": 38, "ArrowDown": 40, "ArrowRight": 39, "End": 35}
#: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axe-core-tags
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium():
    """The browser under test."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome"]:
        found = shutil.which(name)
        if found:
            return found
    raise RuntimeError("no Chromium: install Debian's package `chromium`, or name one with CHROMIUM")


class Browser:
    """A running Chromium with one connection to it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="keyproof-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [
                chromium(), "--headless=new", "--remote-debugging-port=0", "--remote-allow-origins=*",
                f"--user-data-dir={self.folder.name}", "--no-first-run", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for line in self.process.stderr:
            if match := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        else:
            raise RuntimeError("Chromium ended before it listened")
        # Its further words are nobody's; unread, they would fill the pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
        self.socket = websocket.create_connection(match[1], timeout=120, suppress_origin=True)
        self.number, self.pages = 0, {}

    def call(self, method, session=None, **parameters):
        """One command, and its answer; what happens meanwhile goes to the pages."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.heard(answer)

    def heard(self, event):
        page = self.pages.get(event.get("sessionId"))
        if page:
            page.heard(event["method"], event["params"])

    def open(self, address, **options):
        """Opens a page and waits until it has loaded."""
        page = Page(self, **options)
        page.go(address)
        return page

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError, websocket.WebSocketException):
            self.process.terminate()
        self.process.wait(20)
        self.drain.wait(20)
        self.folder.cleanup()


class Page:
    """One page in a context of its own."""

    def __init__(self, browser, dark=False, width=1280, height=900, scripts=True, media=None):
        self.browser, self.requests, self.problems, self.loaded = browser, [], [], False
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)
        self.target = target["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)
        self.session = attached["sessionId"]
        browser.pages[self.session] = self
        for domain in ("Page", "Network", "Runtime", "Log", "Performance"):
            self.call(f"{domain}.enable")
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media or "", features=scheme)
        self.resize(width, height)
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
        self.browser.pages.pop(self.session, None)

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def heard(self, method, event):
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Network.loadingFailed" and not event.get("canceled"):
            self.problems.append(f"not loaded: {event['errorText']} {event.get('blockedReason', '')}")
        elif method == "Runtime.exceptionThrown":
            self.problems.append(f"uncaught: {event['exceptionDetails'].get('text')}")
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.problems.append(f"console: {[one.get('value') for one in event['args']]}")
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"log: {event['entry']['text']}")
        elif method == "Page.loadEventFired":
            self.loaded = True

    def go(self, address, seconds=60):
        self.loaded, deadline = False, time.monotonic() + seconds
        answer = self.call("Page.navigate", url=address)
        if answer.get("errorText"):
            raise RuntimeError(f"{address}: {answer['errorText']}")
        while not self.loaded:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{address} has not loaded after {seconds} s")
            self.js("0")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def js(self, expression):
        """The value of an expression on the page; a promise's, when it is kept."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait(self, expression, seconds=10):
        """Waits until an expression is true, on the page that is left or on the next."""
        deadline = time.monotonic() + seconds
        while not self.holds(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"not true after {seconds} s: {expression}")

    def holds(self, expression):
        try:
            return self.js(f"Boolean({expression})")
        except RuntimeError as error:
            # A click leads on in the middle of a question; nothing is true of a page between two.
            if "navigated" in str(error) or "context" in str(error):
                return False
            raise

    def cpu(self):
        """Seconds that the page's main thread has worked."""
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "ThreadTime")

    def text(self, selector):
        """An element's text as a person sees it, spaces joined."""
        text = self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")
        return None if text is None else " ".join(text.split())

    def texts(self, selector):
        """The texts of all elements that match."""
        all_of = f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.innerText)"
        return [" ".join(text.split()) for text in self.js(all_of)]

    def count(self, selector):
        return self.js(f"document.querySelectorAll({json.dumps(selector)}).length")

    def press(self, key, shift=False):
        """Presses and lets go of a key."""
        told = {"key": key, "code": "Space" if key == " " else key, "modifiers": 8 if shift else 0}
        told |= {"windowsVirtualKeyCode": KEYS[key], "nativeVirtualKeyCode": KEYS[key]}
        if key in ("Enter", " "):
            told["text"] = "\r" if key == "Enter" else " "
        self.call("Input.dispatchKeyEvent", type="keyDown", **told)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def focused(self):
        """What has the focus: tag, text and whether one sees that it has."""
        return self.js(
            """(() => { const one = document.activeElement, style = getComputedStyle(one);
            return { tag: one.localName, text: one.innerText?.slice(0, 200) ?? "", href: one.getAttribute("href"),
              label: one.getAttribute("aria-label"), seen: style.outlineStyle !== "none" &&
              parseFloat(style.outlineWidth) >= 2 }; })()"""
        )

    def walk(self, limit=2_000):
        """Everything that Tab reaches, in order, from the top of the page to its end."""
        self.js("document.activeElement?.blur(); window.scrollTo(0, 0)")
        stops = []
        while len(stops) < limit:
            self.press("Tab")
            stop = self.focused()
            if stop["tag"] == "body":
                return stops
            stops.append(stop)
        raise AssertionError(f"Tab never leaves the page after {limit} stops")

    def screenshot(self, path, whole=True):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self.clip(whole))
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def clip(self, whole):
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        height = min(size["height"], 8_000)
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}}

    def print(self):
        """The page as a PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def violations(self):
        """What axe-core finds, a line each: rule, and the elements."""
        self.js(AXE.read_text())
        found = self.js(
            f"axe.run(document, {{runOnly: {json.dumps(RULES)}, resultTypes: ['violations']}}).then(r => r.violations"
            ".map(v => [v.id, v.help, v.nodes.slice(0, 5).map(n => n.target.join(' ') + ' ' + n.failureSummary)]))"
        )
        return [f"{rule}: {help_}: {nodes}" for rule, help_, nodes in found]

    def hosts(self):
        """The hosts that the page asked for anything."""
        return {urllib.parse.urlsplit(url).netloc for url in self.requests if not url.startswith("data:")} - {""}

    def is_clean(self, hosts=frozenset()):
        """No request to another host, no error or warning, nothing wider than the window, axe-core content."""
        assert self.hosts() <= set(hosts), self.requests
        assert self.problems == []
        assert self.js("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        assert self.violations() == []


@pytest.fixture(scope="session")
def browser():
    running = Browser()
    yield running
    running.close()
