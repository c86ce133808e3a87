#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each export costs: the time to write a recording in every format, and of those who do the like.

usage: bench/exports.py [--read FILE] [--calls N] [--formats NAME,…] [--rounds N] [-v] COMPENDIUM

Without --read, calls (a million; --calls 10000000 for the figures of docs/performance.md) of open, fstat, read, close are recorded
first, as root with bpf. Each format (or those that are named) is written in turn, in so many rounds; seconds of CPU (user and system)
and of wall, medians, without what reading alone takes in the column "net". Beside them: sqlite3's .import of the CSV of the same
recording, where sqlite is among them, and perf script of a perf.data of the same workload where there is a perf that may trace. Memory is the highest of any
round. Below the table are the ratios that are promised, each of the CPU time of one run: json at least 3 times the events a second
of perf script, sqlite at most 1.5 times the time of .import, perfetto no slower than json.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from common import ROOT  # noqa: E402


class Run:
    """One run of a command: seconds of wall and CPU, and KiB at the most."""

    def __init__(self, words, **more):
        start = time.monotonic()
        p = subprocess.Popen(list(map(str, words)), **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more})
        _, status, use = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode not in (0, 1):
            sys.exit(f"{words}: {p.returncode}")
        self.wall, self.cpu, self.kib = time.monotonic() - start, use.ru_utime + use.ru_stime, use.ru_maxrss


def formats(program):
    said = subprocess.run([program, "--export", "help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.findall(r"^ +--(\S+) (?:FILE|DIR);", said, re.M) or sys.exit(f"there are no formats in: {said}")


def size(path):
    return sum(p.stat().st_size for p in (path.iterdir() if path.is_dir() else [path])) / 1e6


def clear(path):
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--read", type=pathlib.Path)
    parser.add_argument("--calls", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", help="only these, separated by commas")
    parser.add_argument("-v", action="store_true", help="with arguments of calls")
    args = parser.parse_args()
    program, more = args.program.resolve(), ["-v"] if args.v else []
    with tempfile.TemporaryDirectory(prefix="compendium-exports-") as name:
        scratch = pathlib.Path(name)
        recording, perf, work = args.read, None, scratch / "work"
        subprocess.run(["gcc", "-O2", "-pthread", "-o", work, ROOT / "bench/work.c"], check=True)
        command = [work, "open", args.calls // 4, "/etc/hosts"]
        if not recording:
            recording = scratch / "t.cpd"
            Run([program, "-q", "-v", "--record", recording, "--", *command])
        if shutil.which("perf") and not args.read:
            perf = scratch / "perf.data"
            if subprocess.run(["perf", "record", "-q", "-o", perf, "-e", "raw_syscalls:sys_enter,raw_syscalls:sys_exit", "--", *map(str, command)],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
                perf = None
        csv = scratch / "csv"
        Run([program, "-q", "--read", recording, *more, "--csv", csv])
        with open(csv / "event.csv", "rb") as lines:
            events = sum(1 for _ in lines) - 1
        rows = {"(reading alone)": (None, [program, "-q", "--read", recording, *more], None)}
        for f in args.formats.split(",") if args.formats else formats(program):
            to = scratch / f"out.{f}"
            rows[f] = (to, [program, "-q", "--read", recording, *more, "--export", f"{f}:{to}"], None)
        imported = scratch / "imported"
        tables = [p.stem for p in sorted(csv.glob("*.csv"))]
        if "sqlite" in rows:
            rows["sqlite3 .import of the CSV"] = (imported, ["sqlite3", imported, "-cmd", ".mode csv", *(f".import {csv}/{t}.csv {t}" for t in tables)], None)
        if perf:
            text = scratch / "perf.txt"
            rows["perf script (2 events a call)"] = (text, ["perf", "script", "-i", perf], text)
        runs, sizes = {what: [] for what in rows}, {}
        for _ in range(args.rounds):
            for what, (to, words, out) in rows.items():
                if to:
                    clear(to)
                with open(out or os.devnull, "wb") as f:
                    runs[what].append(Run(words, stdout=f))
                sizes[what] = size(to) if to else 0
        median = lambda what, key: statistics.median(getattr(r, key) for r in runs[what])
        reading = median("(reading alone)", "cpu")
        print(f"{events:,} events in {recording.stat().st_size / 1e6:.1f} MB; medians of {args.rounds} rounds; load {os.getloadavg()[0]:.1f}\n")
        print("| format | MB | CPU s | net | wall s | events a second of CPU | MB of memory |\n|---|---|---|---|---|---|---|")
        for what, done in runs.items():
            cpu = median(what, "cpu")
            net = "" if what.startswith(("sqlite3", "perf script")) else f"{cpu - reading:.2f}"
            print(f"| {what} | {sizes[what]:.1f} | {cpu:.2f} | {net} | {median(what, 'wall'):.2f} | {events / cpu:,.0f} | {max(r.kib for r in done) / 1024:.0f} |")
        print()
        # ratios of the runs of a round: what else the machine did meanwhile touched both
        ratio = lambda a, b: statistics.median(x.cpu / y.cpu for x, y in zip(runs[a], runs[b]))
        imported, script = "sqlite3 .import of the CSV", "perf script (2 events a call)"
        if "json" in runs and script in runs:
            calls = ratio(script, "json")
            print(f"json: {calls:.2f} times the calls a second of perf script, {calls / 2:.2f} times its own events, of which a call is two")
        if "sqlite" in runs:
            print(f"sqlite: {ratio('sqlite', imported):.2f} of the time of .import of the CSV")
        if "perfetto" in runs and "json" in runs:
            print(f"perfetto: {ratio('json', 'perfetto'):.2f} times the events a second of json")


if __name__ == "__main__":
    main()
