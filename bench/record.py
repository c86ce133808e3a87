#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What --record adds to compendium's own CPU time, which other work on the machine disturbs least.

usage: bench/record.py [--work W2,W7] [--backend NAME] [--quiet] [--rounds N] COMPENDIUM…

Each program traces each workload with and without --record, in turn, and writes its lines (-v, so that without it the same calls are
captured) to a file; with --quiet none. User and system time of the tracer alone, without the program's: medians, and the median
of the rounds' ratios.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
from common import ROOT, workloads  # noqa: E402


def own_cpu(scratch, words):
    """Seconds of the tracer."""
    own = scratch / "own"
    own.unlink(missing_ok=True)
    env = {**os.environ, "LD_PRELOAD": str(scratch / "own_cpu.so"), "OWN_CPU": str(own)}
    subprocess.run(list(map(str, words)), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return sum(map(float, own.read_text().split()))


def measure(scratch, args, work):
    to = ["-q"] if args.quiet else ["-o", scratch / "text"]
    ways = [(program, record) for program in args.programs for record in ([], ["--record", scratch / "r.cpd"])]
    seconds = {(program, bool(record)): [] for program, record in ways}
    for turn in range(args.rounds + 1):
        for program, record in ways if turn % 2 else reversed(ways):
            if work.prepare:
                work.prepare()
            spent = own_cpu(scratch, [program, "--backend", args.backend, "-v", *to, *record, "--", *work.command(1)])
            if turn:    # the first of each warms the caches
                seconds[program, bool(record)].append(spent)
    for program in args.programs:
        without, recorded = seconds[program, False], seconds[program, True]
        ratio = statistics.median(b / a for a, b in zip(without, recorded))
        a, b = statistics.median(without), statistics.median(recorded)
        print(f"| {work.name} | {program} | {1000 * a:.0f} | {1000 * b:.0f} | {b / a:.3f} | {ratio:.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", type=pathlib.Path, metavar="COMPENDIUM")
    parser.add_argument("--work", default="W2,W7")
    parser.add_argument("--backend", default="bpf")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--rounds", type=int, default=11)
    args = parser.parse_args()
    args.programs = [program.resolve() for program in args.programs]
    with tempfile.TemporaryDirectory(prefix="compendium-record-") as name:
        scratch = pathlib.Path(name)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", scratch / "own_cpu.so", ROOT / "bench/own_cpu.c"], check=True)
        print("| workload | program | ms | with --record | ratio | of the rounds |\n|---|---|---|---|---|---|")
        for work in workloads(scratch):
            if work.name in args.work.split(","):
                measure(scratch, args, work)
        print(f"\n{args.rounds} rounds, {args.backend}, {'no lines' if args.quiet else 'lines to a file'}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
