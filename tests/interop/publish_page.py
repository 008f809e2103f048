# SPDX-License-Identifier: Apache-2.0
"""`docs/faults-publish.md`: what came of each fault at each call of a publication, as a page."""

import os

from conftest import ROOT

PAGE = ROOT / "docs/faults-publish.md"
SIGNS = {
    "=": "the delivery itself told and signed everything: the call was made again, or the fault changed nothing that matters",
    "+": "the delivery named what had failed, and the next one told and signed the rest",
    "2": "somebody had been told once more by then",
}
INTRODUCTION = """\
# When replies to publishing break

The publish function tells people, programs and Security Hub what a run found, keeps its report and signs its evidence.
`tests/interop/test_publish_faults.py` delivers a run to the built function, breaks one call to the table, the buckets,
the key, the topic, the event bus or Security Hub with one fault, and delivers the run again to the same process, as the
stream would. `EVERY_CALL=1` breaks each call with each fault and compares this page with what came of it; the gate tries
a sample, and holds each against its square.

{deliveries} deliveries: {faults} faults at {calls} calls. Signed and not the run: {false}. Lost: {lost}.

In every one, nothing was signed but what an undisturbed delivery signs, byte for byte; when the fault was over, the next
delivery left nothing untold; nobody was told more than once more; no object of evidence was written twice; and an
auditor found the chain of all records whole.

{legend}
- several signs: it depends on which of the calls of that name it was

"""


def order(signs):
    return " ".join(sign for sign in SIGNS if sign in signs)


def page(squares, faults, calls, false, lost):
    """`squares` are the signs by fault and call; `calls` the names of an undisturbed delivery's, in their order."""
    columns = list(dict.fromkeys(calls)) + sorted({call for _, call in squares} - set(calls))
    deliveries = len(faults) * len(calls)
    legend = "\n".join(f"- `{sign}` {words}" for sign, words in SIGNS.items())
    text = INTRODUCTION.format(
        deliveries=deliveries, faults=len(faults), calls=len(calls), false=false, lost=lost, legend=legend)
    lines = [f"| fault | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for fault in faults:
        signs = (order(squares.get((fault, column), ())) for column in columns)
        lines.append(f"| {fault} | {' | '.join(signs)} |")
    return text + "\n".join(lines) + "\n"


def compare(text):
    """Compares the page with the file, or writes it."""
    if "UPDATE_GOLDEN" in os.environ:
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "docs/faults-publish.md is not what this run came to; read the diff after UPDATE_GOLDEN=1"


def square(fault, call):
    """The signs that the page has for a fault at a call."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    heads, rows = lines[0], {line[0]: line for line in lines[1:]}
    return rows[fault][heads.index(call)].split()
