#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks every contender about every cell in turn, and prints, records and draws the answers.

Contenders are programs that read "op k m shard_bytes" and answer GB/s of data (see bench.hpp). All run
pinned to one CPU, one repetition each before anyone's second, so that a slow moment hits all of them.
"""
import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
titles = {
    "encode": "encode", "repair": "repair of all it can lose", "repair1": "repair of one data shard",
    "verify": "verify", "update": "update of parity after one shard changed",
    "small": "repair of a small object, planning included",
    "wide-encode": "wide code, encode", "wide-repair": "wide code, repair of all it can lose",
    "wide-repair1": "wide code, repair of one data shard",
}


class Contender:
    def __init__(self, name, program, cpu, kernel=None):
        self.name, self.kernel = name, kernel
        environment = dict(os.environ)
        if kernel:
            environment["RSX_KERNEL"] = kernel
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cpu), program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=environment)

    def ask(self, cell):
        self.process.stdin.write("%s %d %d %d\n" % cell)
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        return None if answer in ("-", "") else float(answer)

    def label(self):
        return self.name + (" " + self.kernel if self.kernel else "")


def size(n):
    for unit, letter in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if n >= unit and n % unit == 0:
            return "%d %s" % (n // unit, letter)
    return "%d B" % n


def cpu_name():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def contenders(programs, kernels, cpu):
    found = []
    path = lambda name: os.path.join(programs, "codec_" + name)
    rsx = path("rsx")
    listed = subprocess.run([rsx, "--kernels"], capture_output=True, text=True, check=True).stdout
    available = listed.split()
    for kernel in available[::-1]:
        if kernels == "all" or kernel == available[-1] or kernel in kernels.split(","):
            found.append(Contender("rsx", rsx, cpu, kernel))
    for name in ("klauspost", "isal", "jerasure", "rust", "roof"):
        if os.path.exists(path(name)):
            found.append(Contender(name, path(name), cpu))
    return found


def table(records, columns):
    """One Markdown table an operation; the last column is the best rsx over the best peer."""
    lines, ratios, below = [], [], []
    ops = []
    for r in records:
        if r["op"] not in ops:
            ops.append(r["op"])
    for op in ops:
        lines += ["", "### " + titles.get(op, op), ""]
        lines.append("| code | shards | " + " | ".join(columns) + " | rsx / best peer |")
        lines.append("|" + "---|" * (len(columns) + 3))
        cells = []
        for r in records:
            cell = (r["k"], r["m"], r["shard_bytes"])
            if r["op"] == op and cell not in cells:
                cells.append(cell)
        for k, m, b in cells:
            mine = {}
            for r in records:
                if (r["op"], r["k"], r["m"], r["shard_bytes"]) == (op, k, m, b):
                    mine[(r["contender"] + " " + r["kernel"]).strip()] = r["gbps"]
            row = []
            for c in columns:
                g = mine.get(c)
                row.append("–" if g is None else "%.3g (%.3g–%.3g)" % (g["median"], g["min"], g["max"]))
            ours = [g["median"] for c, g in mine.items() if c.startswith("rsx")]
            peers = [g["median"] for c, g in mine.items() if not c.startswith(("rsx", "roof"))]
            ratio = ""
            if ours and peers:
                value = max(ours) / max(peers)
                ratios.append(value)
                ratio = "%.2f" % value
                if value < 1:
                    below.append("%s %d+%d %s (%.2f)" % (op, k, m, size(b), value))
            lines.append("| %d+%d | %s | %s | %s |" % (k, m, size(b), " | ".join(row), ratio))
    summary = []
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        summary.append("Geometric mean of rsx over the best peer, %d cells: **%.2f**." % (len(ratios), mean))
        summary.append("Cells below a peer: " + (", ".join(below) if below else "none") + ".")
    return lines, summary


def plot(records, columns, file):
    """Bars of the encode cells, logarithmic, drawn as plain SVG."""
    cells = []
    for r in records:
        cell = (r["op"], r["k"], r["m"], r["shard_bytes"])
        if cell not in cells:
            cells.append(cell)
    colours = ["#1b6ca8", "#e07b39", "#7d8c46", "#a05195", "#666666", "#bbbbbb", "#d45087", "#2f9e8f"]
    bar, gap, left, high = 9, 14, 60, 300
    width = left + len(cells) * (len(columns) * bar + gap) + 20
    top = max(r["gbps"]["median"] for r in records)
    low = 0.5
    y = lambda g: high - (math.log10(max(g, low)) - math.log10(low)) / (
        math.log10(top) - math.log10(low)) * (high - 40)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
           'font-size="10">' % (width, high + 130), '<rect width="100%" height="100%" fill="white"/>']
    for g in (1, 2, 5, 10, 20, 50, 100):
        if g <= top:
            out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>' % (left, width, y(g), y(g)))
            out.append('<text x="%d" y="%.1f" text-anchor="end">%d GB/s</text>' % (left - 4, y(g) + 3, g))
    for i, c in enumerate(columns):
        out.append('<rect x="%d" y="8" width="9" height="9" fill="%s"/>' % (left + i * 130, colours[i % 8]))
        out.append('<text x="%d" y="16">%s</text>' % (left + i * 130 + 13, c))
    x = left
    for op, k, m, b in cells:
        for i, c in enumerate(columns):
            for r in records:
                if (r["op"], r["k"], r["m"], r["shard_bytes"]) == (op, k, m, b) and (
                        r["contender"] + " " + r["kernel"]).strip() == c:
                    h = y(r["gbps"]["median"])
                    out.append('<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"/>'
                               % (x + i * bar, h, bar - 1, high - h, colours[i % 8]))
        middle = x + len(columns) * bar / 2
        out.append('<text transform="translate(%.1f,%d) rotate(60)">%s %d+%d %s</text>'
                   % (middle - 4, high + 10, op, k, m, size(b)))
        x += len(columns) * bar + gap
    out.append("</svg>")
    with open(file, "w") as f:
        f.write("\n".join(out) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--programs", required=True)
    p.add_argument("--cells", default=os.path.join(here, "..", "cells.json"))
    p.add_argument("--json")
    p.add_argument("--plot")
    p.add_argument("--table", help="write the tables to this file as well")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--ops", default="")
    p.add_argument("--kernels", default="", help='more rsx kernels than the best: names, or "all"')
    p.add_argument("--cpu", type=int, default=sorted(os.sched_getaffinity(0))[-1])
    p.add_argument("--quick", action="store_true", help="three rounds, shards of at most 64 KiB")
    a = p.parse_args()
    cells = json.load(open(a.cells))
    if a.ops:
        cells = [c for c in cells if c["op"] in a.ops.split(",")]
    if a.quick:
        a.rounds = 3
        cells = [c for c in cells if c["shard_bytes"] <= 65536]
    all_of_them = contenders(a.programs, a.kernels, a.cpu)
    columns = [c.label() for c in all_of_them]
    records = []
    for number, c in enumerate(cells):
        cell = (c["op"], c["k"], c["m"], c["shard_bytes"])
        answers = {one.label(): [] for one in all_of_them}
        for _ in range(a.rounds):
            for one in all_of_them:
                gbps = one.ask(cell)
                if gbps is not None:
                    answers[one.label()].append(gbps)
        for one in all_of_them:
            got = answers[one.label()]
            if got:
                records.append({
                    "contender": one.name, "kernel": one.kernel or "", "op": cell[0], "k": cell[1],
                    "m": cell[2], "shard_bytes": cell[3],
                    "gbps": {"min": min(got), "median": statistics.median(got), "max": max(got)}})
        if sys.stderr.isatty():
            print("\r%d of %d cells" % (number + 1, len(cells)), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    lines, summary = table(records, columns)
    head = ["Machine: %s, one CPU of %d, pinned. Compiler: %s, -O2, no other flags." % (
                cpu_name(), os.cpu_count(), compiler),
            "GB/s of data (k × shard bytes), thread CPU time, contenders in turn: median of %d rounds "
            "(slowest–fastest)." % a.rounds]
    text = "\n".join(head + [""] + summary + lines) + "\n"
    print(text)
    if a.table:
        with open(a.table, "w") as f:
            f.write(text)
    if a.json:
        with open(a.json, "w") as f:
            f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in records) + "\n]\n")
    if a.plot:
        plot(records, columns, a.plot)


if __name__ == "__main__":
    main()
