#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What choosing, counting and seeing less save: ratios, those of a case of one interleaved run.

usage: bench/choose.py [--build DIR] [--rounds N] [--user NAME] [--case connect,network,count,quiet]

As root: the cases of ptrace run as NAME (an ordinary user), those of BPF as root. Every round runs each tool once, in rotating order. What a
tool needs for /bin/true is taken off. Read the column of CPU time where other work runs on the machine.
"""
import argparse
import os
import pathlib
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True
from common import workloads  # noqa: E402
from run import BUILT, measure, refused, tools  # noqa: E402

# Rows of one run: what, target, workloads, a tool and another one; the last: what both add to native is compared, not all of it.
CASES = {
    "connect": [("-e connect: of native", 1.10, ["W1"], "connect", "native", False),
                ("a seccomp filter of one instruction: of native", None, ["W1"], "seccomp", "native", False),
                ("strace -f --seccomp-bpf -e trace=connect: of native", None, ["W1"], "strace-connect", "native", False),
                ("-e connect: of a seccomp filter of one instruction", None, ["W1"], "connect", "seccomp", False)],
    "network": [("--only network: what it adds, of strace -f --seccomp-bpf -e trace=%network", 0.25, ["W4", "W7"], "network", "strace-network", True),
                ("the floor, a tracer that only resumes: what it adds, of the same strace", None, ["W4", "W7"], "floor-ptrace", "strace-network", True),
                ("the floor with stops at births and execs, too: what it adds, of the same strace", None, ["W4", "W7"], "floor-tasks", "strace-network", True),
                ("--only network: of native", None, ["W4", "W7"], "network", "native", False),
                ("strace -f --seccomp-bpf -e trace=%network: of native", None, ["W4", "W7"], "strace-network", "native", False)],
    "count": [("-c with bpf: of the floor", 1.15, ["W1", "W5"], "counts", "floor", False)],
    "quiet": [("-q with ptrace: of the default lines", 0.85, ["W7"], "quiet", "stops", False)],
}
OF_ROOT = {"counts", "floor"}


def ratio(runs, work, row, key):
    """The median of the rounds: each saw the same machine. None: the other tool adds nothing that can be measured."""
    _, _, _, mine, other, added = row
    start = {name: statistics.median(run[key] for run in runs["true"][name]) for name in (mine, other, "native")}

    def took(name, n):
        return runs[work][name][n][key] - start[name]

    def one(n):
        native = took("native", n) if added else 0
        below = took(other, n) - native
        return (took(mine, n) - native) / below if below > 0 else float("inf")

    value = statistics.median(one(n) for n in range(len(runs[work][mine])))
    return None if value == float("inf") else value


def lines(runs, rows):
    for row in rows:
        what, target, works, mine, _, _ = row
        for work in works:
            values = [f"{value:.2f}" if (value := ratio(runs, work, row, key)) is not None else "the other adds nothing" for key in ("s", "cpu_s")]
            yield f"| {what} | {work} | {target or ''} | {values[0]} | {values[1]} | {sum(run['lost'] for run in runs[work][mine])} |"


def added(runs, rows):
    """What each tool of a case adds to native, round by round, as the middle and the quartiles: the workload true first, whose middle is taken off the others."""
    tools_of = [name for name in ("native", "floor-ptrace", "floor-tasks", "strace-network", "network") if any(name in row[3:5] for row in rows)]
    for work, tools_in in runs.items():
        for name in tools_of:
            cells = []
            for key in ("s", "cpu_s"):
                start = 0 if work == "true" else statistics.median(a[key] - b[key] for a, b in zip(runs["true"][name], runs["true"]["native"]))
                native = [run[key] for run in tools_in["native"]]
                values = native if name == "native" else [run[key] - start - below for run, below in zip(tools_in[name], native)]
                low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
                cells.append(f"{middle * 1e3:.1f} ({low * 1e3:.1f} to {high * 1e3:.1f})")
            yield f"| {work} | {name}{' (all of it)' if name == 'native' else ''} | {cells[0]} | {cells[1]} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="where compendium was built (build)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--user", default="nobody" if os.geteuid() == 0 else None, help="who runs the cases of ptrace")
    parser.add_argument("--case", default=",".join(CASES))
    args = parser.parse_args()
    cases = [CASES[name] for name in args.case.split(",")]
    with tempfile.TemporaryDirectory(prefix="compendium-bench-") as name:
        scratch = pathlib.Path(name)
        log, every = tools(shutil.copy((ROOT / args.build / "compendium").resolve(), scratch), scratch, args.user and pwd.getpwnam(args.user).pw_uid)
        _, as_root = tools(scratch / "compendium", scratch, None)
        all_works = workloads(scratch)
        if args.user:
            subprocess.run(["chown", "-R", args.user, scratch], check=True)
        table, sums = [], []
        for rows in cases:
            wanted = [work for row in rows for work in row[2]]
            names = dict.fromkeys(["native", *(tool for row in rows for tool in row[3:5])])
            chosen = {tool: as_root[tool] if OF_ROOT & names.keys() else every[tool] for tool in names}
            for tool in chosen.values():
                tool.heavy = False      # all get the whole work
            why = next((why for tool in chosen if (why := (tool in BUILT and BUILT[tool](scratch)) or refused(chosen[tool]))), None)
            if why:
                print(f"{rows[0][0]}: left out: {why}", file=sys.stderr)
                continue
            runs = measure([w for w in all_works if w.name in ("true", *wanted)], chosen, log, scratch, args.rounds)
            table += lines(runs, rows)
            sums += added(runs, rows) if any(row[5] for row in rows) else []
            log.unlink(missing_ok=True)
    print(f"Medians of {args.rounds} interleaved rounds; load average {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} CPUs.\n")
    print("| what | workload | target | by wall time | by CPU time of program and tool | lost |\n|---|---|---|---|---|---|")
    print("\n".join(table))
    if sums:
        print("\n| workload | tool | adds, ms of wall time: median (quartiles) | adds, ms of CPU time of program and tool |\n|---|---|---|---|")
        print("\n".join(sums))


if __name__ == "__main__":
    main()
