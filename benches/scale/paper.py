# SPDX-License-Identifier: Apache-2.0
"""Tables and plots of benches/scale/run, from its rows."""

import math


def number(value: float) -> str:
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def tables(rows: list[dict], concurrency: int) -> str:
    out = []
    for latency in sorted({row["latency"] for row in rows}):
        out.append(f"### {latency} ms a call\n")
        out.append("| probes | calls | wall s | × ideal | CPU µs a probe | probes a CPU second | peak MiB | boto3 wall s | boto3 CPU µs a read | boto3 MiB |")
        out.append("|---|---|---|---|---|---|---|---|---|---|")
        for row in rows:
            if row["latency"] != latency:
                continue
            ideal = f"{row['wall'] / row['ideal']:.2f}" if row["ideal"] else ""
            each = row["cpu"] / row["probes"] * 1e6
            theirs = ["", "", ""]
            if "boto3_wall" in row:
                reads = row["probes"]
                theirs = [seconds(row["boto3_wall"]), number(row["boto3_cpu"] / reads * 1e6), f"{row['boto3_rss']:.1f}"]
            cells = [number(row["probes"]), number(row["calls"]), seconds(row["wall"]), ideal, number(each), number(1e6 / each), f"{row['rss']:.1f}", *theirs]
            out.append("| " + " | ".join(cells) + " |")
        out.append("")
    out.append("| target | measured | |\n|---|---|---|")
    for name, met, value in targets(rows):
        out.append(f"| {name} | {value} | {'met' if met else 'missed'} |")
    return "\n".join(out) + "\n"


def targets(rows: list[dict]) -> list[tuple[str, bool, str]]:
    found = []
    slow = [row for row in rows if row["latency"] == 20 and row["size"] >= 1_000]
    if slow:
        worst = max(row["wall"] / row["ideal"] for row in slow)
        found.append(("at most 1.1 × ideal at 20 ms, from 1,000 probes", worst <= 1.1, f"{worst:.3f}"))
    quick = [row for row in rows if row["latency"] == 0 and row["size"] >= 1_000]
    if quick:
        least = min(row["probes"] / row["cpu"] for row in quick)
        found.append(("at least 5,000 probes a second of CPU at 0 ms", least >= 5_000, number(least)))
        costs = [row["cpu"] / row["probes"] for row in quick if row["size"] >= 10_000]
        if len(costs) > 1:
            spread = max(costs) / min(costs) - 1
            found.append(("cost of a probe flat within 10 %, from 10,000 probes", spread <= 0.1, f"{spread:.0%}"))
    million = [row for row in rows if row["size"] == 1_000_000]
    if million:
        most = max(row["rss"] for row in million)
        found.append(("under 64 MiB at a million probes", most < 64, f"{most:.1f} MiB"))
    return found


COLOURS = {0: "#0969da", 5: "#1a7f37", 20: "#9a6700"}


def plots(rows: list[dict]) -> dict[str, str]:
    return {
        "wall.svg": plot(rows, "seconds, both axes logarithmic", lambda row: row["wall"], lambda row: row["ideal"]),
        "cpu.svg": plot(rows, "CPU microseconds a probe", lambda row: row["cpu"] / row["probes"] * 1e6),
        "memory.svg": plot(rows, "peak MiB", lambda row: row["rss"]),
    }


def plot(rows: list[dict], title: str, value, ideal=None) -> str:
    """A line for each latency over the number of probes; `ideal` as a dashed line beside it."""
    width, height, left, bottom, top = 640, 320, 60, 40, 36
    values = [value(row) for row in rows] + [ideal(row) for row in rows if ideal and ideal(row)]
    logarithmic = max(values) / max(min(values), 1e-9) > 50
    scale = (lambda v: math.log10(max(v, 1e-3))) if logarithmic else (lambda v: v)
    low = math.floor(scale(min(values))) if logarithmic else 0
    high = math.ceil(scale(max(values))) if logarithmic else scale(max(values)) * 1.1
    sizes = sorted({row["size"] for row in rows})
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])
    x = lambda size: left + (math.log10(size) - first) / max(last - first, 1) * (width - left - 90)
    y = lambda v: height - bottom - (scale(v) - low) / (high - low) * (height - bottom - top)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{left}" y="20" font-size="14" fill="#1f2328">{title}</text>',
    ]
    steps = range(low, high + 1) if logarithmic else [high * part / 4 for part in range(5)]
    for step in steps:
        at = 10**step if logarithmic else step
        label = f"{at:g}" if logarithmic else f"{at:.0f}"
        out.append(f'<line x1="{left}" x2="{width - 90}" y1="{y(at):.1f}" y2="{y(at):.1f}" stroke="#d1d9e0"/>')
        out.append(f'<text x="{left - 6}" y="{y(at) + 4:.1f}" text-anchor="end" fill="#59636e">{label}</text>')
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{height - 16}" text-anchor="middle" fill="#59636e">{size:,}</text>')
    for latency, colour in COLOURS.items():
        line = [row for row in rows if row["latency"] == latency]
        if not line:
            continue
        points = " ".join(f"{x(row['size']):.1f},{y(value(row)):.1f}" for row in line)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for row in line:
            out.append(f'<circle cx="{x(row["size"]):.1f}" cy="{y(value(row)):.1f}" r="3" fill="{colour}"/>')
        end = line[-1]
        out.append(f'<text x="{x(end["size"]) + 8:.1f}" y="{y(value(end)) + 4:.1f}" fill="{colour}">{latency} ms</text>')
        if ideal and latency:
            points = " ".join(f"{x(row['size']):.1f},{y(ideal(row)):.1f}" for row in line)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-dasharray="4 3"/>')
    out.append("</svg>\n")
    return "\n".join(out)
