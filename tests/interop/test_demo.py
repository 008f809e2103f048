# SPDX-License-Identifier: Apache-2.0
"""`keyproof` with no words: the story on a laptop, as a newcomer meets it."""

import pathlib
import re
import time

from conftest import keyproof


def test_the_demo_tells_its_story_in_under_ten_seconds(tmp_path):
    html = tmp_path / "story.html"

    started = time.monotonic()
    done = keyproof("demo", "--output", str(html))
    seconds = time.monotonic() - started

    assert done.returncode == 0, done.stdout + done.stderr
    assert seconds < 10
    verdicts = re.findall(r"\b(PASS|FAIL|INCONCLUSIVE)\b", done.stdout)
    assert verdicts[:3] == ["PASS", "FAIL", "PASS"], done.stdout
    assert str(html) in done.stdout
    page = pathlib.Path(html).read_text()
    assert "<script src" not in page and "http://" not in re.sub(r"http://127\.0\.0\.1:\d+|http://www\.w3\.org", "", page)
