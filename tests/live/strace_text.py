#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A judge: --format strace beside strace -f -y -ttt -T of the same programs, line by line.

usage: strace_text.py --compendium PROGRAM [--backend ptrace|bpf] [--only NAME]... [--show N]

Of two runs, numbers of processes, addresses, times and inode numbers are made alike, calls that were interrupted by other
threads' lines are put together again, and each thread's lines are compared in order.  At least 99 of 100 lines of all
programs together have to be equal; docs/strace-format.md lists why the others are not.  Prints TAP.
"""
import argparse
import collections
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import strace_judge

LEAST = 0.99
# What a line has that is not the same in two runs of anything, and what it becomes.
VARYING = [
    (re.compile(r"0x(?:5[0-9a-f]{11}|7f[0-9a-f]{10})\b"), "ADDR"),
    (re.compile(r"(pipe|socket):\[\d+\]"), r"\1:[N]"),
    (re.compile(r"(si_[us]time=)\d+(?: /\* [\d.]+ s \*/)?"), r"\1N"),
    (re.compile(r"[mac]?time=\{tv_sec=-?\d+, tv_nsec=\d+\}"), "TIME"),
    (re.compile(r"tv_sec=\d+, tv_n?u?sec=\d+"), "TIME"),
    # names of temporary files, and contents with these or with times in them
    (re.compile(r"\b(sed|cc|tmp_obj_|sort)[A-Za-z0-9]{6}\b"), r"\1XXXXXX"),
    (re.compile(r"\b(work/cc)[A-Za-z0-9]{5}\"\.\.\."), r"\1XXXXXX"),
    (re.compile(r'(</dev/urandom>), "(?:[^"\\]|\\.)*"'), r"\1, BYTES"),
    (re.compile(r"(\.git/t)[A-Za-z0-9]{6}\b"), r"\1XXXXXX"),
    (re.compile(r'(write(?:64)?\(\d+<[^>]*(?:index\.lock|db-journal)>), "(?:[^"\\]|\\.)*"'), r"\1, BYTES"),
    (re.compile(r"(getppid\(\) =) \d+"), r"\1 N"),
    # what other programs change meanwhile
    (re.compile(r"((?:uptime|loads|freeram|sharedram|bufferram|freeswap|procs|f_bfree|f_bavail|f_ffree)=)(?:\d+|\[[\d, ]*\])"), r"\1N"),
    (re.compile(r" /\* \d{4}-\d\d-\d\dT[^*]*\*/"), " /* DATE */"),
    (re.compile(r'getrandom\("(\\x[0-9a-f]{2})+"'), "getrandom(BYTES"),
    (re.compile(r"(?:htons|inet_addr|htonl)?\(?(sin_port=htons)\(\d{5}\)"), r"\1(N)"),
]


def lines_by_thread(text):
    """Each thread's lines without number and time, interrupted ones whole, in the order in which the threads were made.

    That is the order of their numbers: which of a pipe's two commands prints the first line is chance."""
    threads, begun = collections.OrderedDict(), {}
    for line in text.splitlines():
        found = re.match(r"^(\d+) +\d+\.\d{6} (.*)$", line)
        if not found:
            threads.setdefault("", []).append(line)
            continue
        tid, line = found[1], found[2]
        lines = threads.setdefault(tid, [])
        resumed = re.match(r"^<\.\.\. \w+ resumed>(.*)$", line)
        if line.endswith(" <unfinished ...>"):
            # what follows an argument that waits for the end of its call
            begun[tid] = line.removesuffix("<unfinished ...>").rstrip(" ")
            continue
        if resumed and tid in begun:
            before, after = begun.pop(tid), resumed[1]
            line = before + (" " if before.endswith(",") and not after.startswith(" ") else "") + after
        lines.append(line)
    for tid, line in begun.items():
        threads[tid].append(line + " <unfinished ...>")
    return dict(sorted(threads.items(), key=lambda of: int(of[0] or 0)))


def alike(threads):
    """Numbers of processes by the order in which they came, and what else differs between runs."""
    pids = {tid: f"PID{n}" for n, tid in enumerate(threads)}
    number = re.compile(r"\b(" + "|".join(pids) + r")\b") if pids else None
    result = []
    for lines in threads.values():
        made = []
        for line in lines:
            line = re.sub(r" <\d+\.\d{6}>$", "", line)
            line = re.sub(r"\) +=", ") =", line)
            line = number.sub(lambda m: pids[m[1]], line)
            for pattern, word in VARYING:
                line = pattern.sub(word, line)
            made.append(line)
        result.append(made)
    return result


def compare(theirs, ours, chance):
    """How many lines are equal, of how many, and those that are not."""
    equal, total, wrong = 0, 0, []
    for n in range(max(len(theirs), len(ours))):
        a, b = ([line for line in side[n] if not chance(line)] if n < len(side) else [] for side in (theirs, ours))
        for tag, a1, a2, b1, b2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if tag == "equal":
                equal += a2 - a1
                total += a2 - a1
                continue
            total += max(a2 - a1, b2 - b1)
            for i in range(max(a2 - a1, b2 - b1)):
                wrong.append((a[a1 + i] if a1 + i < a2 else "", b[b1 + i] if b1 + i < b2 else ""))
    return equal, total, wrong


def is_chance(name, backend):
    """Lines whose place or number is not the same in two runs of one program: strace's own runs differ in them.

    A program that does not stop at each call also meets its child's end, and is interrupted, at another place."""
    calls = strace_judge.CHANCE | strace_judge.CHANCE_IN.get(name, set()) | ({"wait4"} if backend == "bpf" else set())
    kept = {"rt_sigreturn"} if backend == "ptrace" else set()
    return lambda line: ((found := re.match(r"\w+", line)) and found[0] in calls - kept) or strace_judge.chance(line) or \
        (backend == "bpf" and "SIGCHLD {" in line)


def judge(compendium, name, command, scratch, backend):
    c = scratch / "trace"
    c.mkdir(exist_ok=True)
    best = None
    for _ in range(3):
        strace_judge.run(["setarch", "-R", "strace", "-f", "-y", "-ttt", "-T", "-o", str(c / "s"), *command], scratch / "work")
        strace_judge.run(["setarch", "-R", compendium, "--format", "strace", "--backend", backend, "-o", str(c / "c"), "--", *command], scratch / "work")
        theirs, ours = (alike(lines_by_thread((c / which).read_text(errors="backslashreplace"))) for which in "sc")
        got = compare(theirs, ours, is_chance(name, backend))
        if best is None or got[0] / max(got[1], 1) > best[0] / max(best[1], 1):
            best = got
        if best[0] == best[1] or best[0] >= 0.995 * best[1]:
            break
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--backend", choices=["ptrace", "bpf"], default="ptrace")
    parser.add_argument("--only", action="append", help="a program's name")
    parser.add_argument("--show", type=int, default=0, help="print so many lines that differ, of each kind")
    args = parser.parse_args()
    missing = [p for p in ("strace", "setarch") if not shutil.which(p)]
    if missing:
        print(f"1..0 # SKIP {missing[0]} is not installed")
        return 0
    version = subprocess.run(["strace", "-V"], capture_output=True, text=True, check=False).stdout.splitlines()[0]
    if not re.search(r"version 6\.1$", version):
        print(f"1..0 # SKIP the text of strace 6.1 is known, not of {version}")
        return 0
    programs = [p for p in strace_judge.PROGRAMS if not args.only or p[0] in args.only]
    equal = total = number = 0
    kinds = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="judge-") as scratch:
        for name, command in programs:
            number += 1
            if not shutil.which(command[0], path="/usr/bin:/bin"):
                print(f"ok {number} {name} # SKIP {command[0]} is not installed", flush=True)
                continue
            e, t, wrong = judge(args.compendium, name, command, pathlib.Path(scratch), args.backend)
            equal, total = equal + e, total + t
            # one program alone may have more of what is listed: sqlite3 locks files by fcntl
            good = t > 20 and e >= 0.8 * t
            print(f"{'ok' if good else 'not ok'} {number} {name}: {e} of {t} lines equal", flush=True)
            for theirs, ours in wrong:
                kinds[(re.match(r"\W*\w*", theirs or ours) or [""])[0]].append((theirs, ours, name))
    number += 1
    good = total and equal >= LEAST * total
    # a program that is stopped for long at each call has more calls that another's cut in two
    slow = " # SKIP a sanitizer is too slow for an order of lines like strace's" if not good and "ASAN_OPTIONS" in os.environ else ""
    good = good or bool(slow)
    print(f"{'ok' if good else 'not ok'} {number} all: {equal} of {total} lines equal, {100 * equal / max(total, 1):.2f} %{slow}")
    for kind, lines in sorted(kinds.items(), key=lambda k: -len(k[1])):
        print(f"# {len(lines)} of {kind}")
        for theirs, ours, name in lines[:args.show or (0 if good else 2)]:
            print(f"#   {name}\n#     {theirs[:400]}\n#     {ours[:400]}")
    print(f"1..{number}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
