#!/usr/bin/env python3
"""A judge: the same program under strace and under compendium -v makes the same calls, thread by thread, with the same results.

usage: strace_judge.py --compendium PROGRAM [--backend ptrace|bpf]

Prints TAP.  Compared are the name and the result (a number, or the name of the error) of every call of every thread;
threads are matched by the order in which they were born.  Addresses and process numbers differ from run to run and
count only as such.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

def strace_calls(where):
    """Calls by thread, from strace -ff, in order of the threads' numbers."""
    threads = []
    for path in sorted(where.glob("s.*"), key=lambda p: int(p.suffix[1:])):
        calls = []
        for line in path.read_text(errors="replace").splitlines():
            found = re.match(r"^(\w+)\(.*\)\s+= (\?|0x[0-9a-f]+|-?\d+)(?: (E\w+))?", line)
            if found and not (found[3] or "").startswith("ERESTART"):
                calls.append((found[1], result(found[1], found[2], found[3])))
        threads.append(calls)
    return threads


def compendium_calls(text):
    threads, first = {}, None
    for line in text.splitlines():
        found = re.match(r"^\[\+[\d.]+s\](?: \[(\d+)\])? (\w+)\(.*\) = (\?|0x[0-9a-f]+|-?\d+)(?:<.*?>)?(?: (E[A-Z0-9]+))?.*$", line)
        if not found or "(restarted)" in line:
            continue
        tid = int(found[1] or 0)
        threads.setdefault(tid, []).append((found[2], result(found[2], found[3], found[4])))
    # lines carry no number until there is a second thread
    main = threads.pop(0, [])
    order = sorted(threads)
    if order and main:
        threads[order[0]] = main + threads[order[0]]
    return [threads[tid] for tid in sorted(threads)] or [main]


# Numbers that are not the same in two runs of anything: processes, addresses, times.
VARYING = {"getpid", "gettid", "getppid", "clone", "clone3", "fork", "vfork", "set_tid_address", "wait4", "brk", "mmap", "mremap", "getpgrp",
           "getpgid", "setsid", "getrandom", "times", "time", "shmat"}


def result(name, value, error):
    if error:
        return error
    if name in VARYING and value != "?":
        return "NUMBER"
    if name == "rt_sigreturn":      # what it restored, or nothing: it does not return
        return "?"
    return value if value == "?" else int(value, 0)


PROGRAMS = [
    ("true", ["/bin/true"]),
    ("ls", ["ls", "/usr/include"]),
    ("cat", ["cat", "/etc/passwd", "/none"]),
    ("sh", ["sh", "-c", "for i in 1 2 3; do /bin/echo $i > f; cat f; done; exec 3<f; read x <&3; kill -0 $$"]),
    ("pipe", ["sh", "-c", "exec /bin/echo hello | /bin/cat > out"]),
    ("python", ["python3", "-S", "-E", "-c", "import os\nfor i in range(3):\n p=os.fork()\n if p==0: os._exit(i)\n os.waitpid(p,0)\nos.rename('f','g') if os.path.exists('f') else None"]),
    ("tar", ["tar", "-cf", "t.tar", "-C", "/usr/include", "stdio.h", "stdlib.h"]),
    ("gcc -E", ["gcc", "-E", "-x", "c", "/dev/null", "-o", "out.i"]),
]


def run(command, where):
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(where), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "1",
           "TMPDIR": str(where)}
    return subprocess.run(command, cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=240, check=False).returncode


def judge(compendium, command, scratch, options):
    """Differences; gone when one of three tries has none, since two runs of one program may differ by themselves."""
    wrong = []
    for _ in range(3):
        s, c = scratch / "work", scratch / "trace"
        c.mkdir(exist_ok=True)
        for old in c.iterdir():
            old.unlink()
        run(["setarch", "-R", "strace", "-ff", "-qq", "-e", "signal=none", "-o", str(c / "s"), *command], s)
        run(["setarch", "-R", compendium, "-v", "-a", *options, "-o", str(c / "c"), "--", *command], s)
        theirs, ours = strace_calls(c), compendium_calls((c / "c").read_text(errors="replace"))
        if "bpf" in options:    # without stops, whether a child has ended before its parent's next call is chance
            theirs, ours = ([[call for call in calls if call[0] != "rt_sigreturn"] for calls in threads] for threads in (theirs, ours))
        wrong = []
        if len(theirs) != len(ours):
            wrong.append(f"{len(theirs)} threads with strace, {len(ours)} with compendium")
        for n, (a, b) in enumerate(zip(theirs, ours)):
            # the first call strace sees is the execve; so do we
            for i, (x, y) in enumerate(zip(a, b)):
                if x != y:
                    wrong += [f"thread {n}, call {i}: strace {x}, compendium {y}", f"  before: {a[max(0, i - 2):i]}"]
                    break
            else:
                if len(a) != len(b):
                    wrong.append(f"thread {n}: {len(a)} calls with strace, {len(b)} with compendium: {(a + b)[min(len(a), len(b)):][:3]}")
        if not sum(map(len, theirs)):
            wrong.append("strace saw no call")
        if not wrong:
            return [], sum(map(len, theirs))
    return wrong, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--backend", choices=["ptrace", "bpf"], default="ptrace")
    args = parser.parse_args()
    missing = [p for p in ("strace", "setarch") if not shutil.which(p)]
    if missing:
        print(f"1..0 # SKIP {missing[0]} is not installed")
        return 0
    probe = subprocess.run([args.compendium, "--backend", args.backend, "-o", "/dev/null", "--", "true"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if "cannot be used" in probe.stderr:
        print("1..0 # SKIP", probe.stderr.splitlines()[0])
        return 0
    failed = number = 0
    print(f"1..{len(PROGRAMS)}")
    with tempfile.TemporaryDirectory(prefix="judge-") as scratch:
        for name, command in PROGRAMS:
            number += 1
            if not shutil.which(command[0], path="/usr/bin:/bin"):
                print(f"ok {number} {name} # SKIP {command[0]} is not installed", flush=True)
                continue
            wrong, ncalls = judge(args.compendium, command, pathlib.Path(scratch), ["--backend", args.backend])
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} {name}: {ncalls} calls the same", flush=True)
            for line in wrong:
                print(f"# {line[:300]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
