# SPDX-License-Identifier: Apache-2.0
"""The short form of the soak (`soak.py`): nothing grows over a few hundred runs, and growth would be seen."""

from conftest import ROOT
from soak import drawing, grown, soak


def test_a_warm_function_does_not_grow():
    samples = soak(200, ROOT / "target/debug/keyproof-verify", every=2)

    assert len(samples) == 100
    assert grown(samples) == []
    assert f"{samples[-1][0]:,} runs" in drawing(samples)


def test_growth_would_be_seen():
    leaks = [(run, 20_000 + run * 20, 9 + run // 50, 2, 0.0) for run in range(1, 201)]

    assert [sentence.split(":")[0] for sentence in grown(leaks)] == ["memory in KiB", "descriptors"]
