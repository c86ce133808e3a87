#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two builds side by side: what tracing costs in each, and what reading a trace costs.

usage: bench/compare.py OLD NEW [--rounds N] [--work W2,W3,W7] [--backend ptrace]

OLD and NEW are programs (build/compendium), or commits, which are built first. Live: each workload under each build in
turn, default options, output to a file; wall time, and the CPU time of program and tracer together, in medians. Read:
instructions (callgrind) to read the same recording, which OLD has made: this number does not depend on what else the
machine does.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from common import ROOT, Tool, run_once, workloads  # noqa: E402


def build(what, scratch):
    """The program itself, or the one that a commit makes."""
    if pathlib.Path(what).is_file():
        return pathlib.Path(what).resolve()
    where = scratch / f"src-{what}"
    where.mkdir()
    tree = subprocess.run(["git", "-C", ROOT, "archive", what], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", where], input=tree, check=True)
    for command in (["meson", "setup", "build", "-Dwerror=false"], ["ninja", "-C", "build", "compendium"]):
        subprocess.run(command, cwd=where, check=True, stdout=subprocess.DEVNULL)
    return where / "build/compendium"


def tracer(program, log, backend):
    # which of the two shows every option depends on the age of the build
    knows = any("--backend" in subprocess.run([program, option], capture_output=True, text=True, check=False).stdout for option in ("--help", "--help=all"))
    return Tool([program, *(["--backend", backend] if knows else []), "-o", log, "--"], heavy=True)


def live(works, tools, log, scratch, rounds):
    runs = {w.name: {name: [] for name in tools} for w in works}
    for n in range(rounds):
        for w in works:
            for name in sorted(tools, reverse=n % 2 == 1):
                runs[w.name][name].append(run_once(tools[name], log, scratch, w))
    return runs


def instructions(program, recording, scratch):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--read", recording,
                           "-o", scratch / "read"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if not found:
        sys.exit(f"{program} --read {recording}: {done.stderr[-500:]}")
    return int(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", default="W2,W3,W7")
    parser.add_argument("--backend", default="ptrace", help="for those builds that have a choice (ptrace)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compendium-bench-") as name:
        scratch = pathlib.Path(name)
        log = scratch / "log"
        programs = {"old": build(args.old, scratch), "new": build(args.new, scratch)}
        tools = {name: tracer(program, log, args.backend) for name, program in programs.items()}
        works = [w for w in workloads(scratch) if w.name in args.work.split(",")]
        runs = live(works, tools, log, scratch, args.rounds)
        print(f"old: {args.old}, new: {args.new}; medians of {args.rounds} interleaved rounds\n")
        print("| workload | wall s, old | new | new/old | CPU s, old | new | new/old | M instructions to read, old | new | new/old |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for w in works:
            cells = []
            for key in ("s", "cpu_s"):
                old, new = ([run[key] for run in runs[w.name][which]] for which in ("old", "new"))
                cells += [f"{statistics.median(old):.2f}", f"{statistics.median(new):.2f}",
                          f"{statistics.median(b / a for a, b in zip(old, new)):.2f}"]
            recording = scratch / "recording"
            subprocess.run([programs["old"], "--record", recording, "-o", log, "--", *map(str, w.command(w.share(tools["old"])))],
                           check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            old, new = (instructions(programs[which], recording, scratch) for which in ("old", "new"))
            cells += [f"{old / 1e6:.0f}", f"{new / 1e6:.0f}", f"{new / old:.2f}"]
            print(f"| {w.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
