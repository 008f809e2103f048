# SPDX-License-Identifier: Apache-2.0
"""A plan's badge as a page shows it: from the HTTP API of the deployed service and from the command line, in a
browser. With `KEYPROOF_SCREENSHOTS=FOLDER` each is kept as a picture, to be looked at.
"""

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest
from browser import browser  # noqa: F401  (a fixture)
from conftest import KEYPROOF, bare_environment
from gateway import Gateway
from service import Service
from service_story import World, plan


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()


def test_a_page_shows_the_badge_of_the_last_run_from_the_api_and_from_the_command_line(browser, service, tmp_path):
    world, gateway = World(service), Gateway(service.api)
    address = f"{gateway.url}/plans/orders/badge.svg"

    def shown(name, verdict):
        """What the API's badge says, on a page of somebody else's, and the text of the picture itself."""
        wiki = tmp_path / "wiki.html"
        wiki.write_text(f'<!doctype html><title>wiki</title><h1>orders</h1><img alt="how orders stands" src="{address}">')
        with browser.open(wiki.as_uri()) as page:
            page.wait("document.images[0].complete")
            width, height = page.js("[document.images[0].naturalWidth, document.images[0].naturalHeight]")
            assert (width > 100, height) == (True, 20), "the browser draws it"
            assert page.problems == []
            if folder := os.environ.get("KEYPROOF_SCREENSHOTS"):
                page.resize(480, 120)
                page.screenshot(pathlib.Path(folder) / f"badge-{name}.png", whole=False)
        with browser.open(address) as page:
            # A browser asks each server for a favicon, too.
            assert {one for one in page.requests if not one.endswith("/favicon.ico")} == {address}
            text = page.js("document.documentElement.getAttribute('aria-label')")
            drawn = page.js("[...document.querySelectorAll('text')].map(one => one.textContent).join(': ')")
            inside = page.js(
                """[...document.querySelectorAll("text")].every(one => {
                  const box = one.getBBox(); return box.x >= 0 && box.x + box.width <= innerWidth; })"""
            )
            assert (drawn, inside) == (text, True)
            fills = page.js("[...document.querySelectorAll('rect[fill]')].map(one => one.getAttribute('fill'))")
            assert ("#1a7f37" in fills) == (verdict == "pass"), "green is for a young pass alone"
            return text

    def get(path):
        with urllib.request.urlopen(gateway.url + path, timeout=30) as answer:
            return answer.read().decode()

    def drawn_by_the_command_line():
        """The exit code and the badge of the newest run's report, as the API has it."""
        run = json.loads(get("/plans/orders/history?limit=1"))["runs"][0]["run_id"]
        report = json.loads(get(f"/runs/{run}?include=report"))["report"]
        (tmp_path / "run.json").write_text(json.dumps(report))
        done = subprocess.run(
            [KEYPROOF, "report", "badge", tmp_path / "run.json"],
            env=bare_environment() | service.clock.environment, capture_output=True, text=True, timeout=60,
        )
        return done.returncode, done.stdout

    try:
        service.deploy("Create", plan())
        assert shown("none", None) == "keyproof: orders: no run"

        service.ask("orders")
        service.run()
        assert shown("pass", "pass") == "keyproof: orders: pass"
        assert drawn_by_the_command_line() == (0, get("/plans/orders/badge.svg")), "one picture, whoever draws it"

        service.pass_time(hours=30)
        assert shown("stale", None) == "keyproof: orders: stale: 30 hours"
        assert drawn_by_the_command_line() == (3, get("/plans/orders/badge.svg"))

        world.let_in("reader", "outsider")
        service.run()
        assert shown("fail", "fail") == "keyproof: orders: fail: 2 of 6"
        assert drawn_by_the_command_line() == (1, get("/plans/orders/badge.svg"))
        assert gateway.failed == []
    finally:
        gateway.stop()
