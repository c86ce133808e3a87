#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each class of calls has the calls that strace's has, of those that strace knows.

usage: classes.py NAMES REFUSED      (the programs of names.c and refused.c)

Prints TAP.
"""
import shutil
import subprocess
import sys
import tempfile

CLASSES = ["file", "network", "net", "memory", "process", "signal", "ipc", "desc", "clock", "creds", "pure", "stat", "lstat", "fstat", "%stat",
           "statfs", "fstatfs", "%statfs"]
# Sets of other kinds, so that words mean the same, too.
SETS = ["read,write", "!%file", "/^open", "!/^open,%net", "?nosuchcall,read", "file", "/^(read|write)v?$"]


def strace(wanted, refused):
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["strace", "-qqq", "-e", f"trace={wanted}", "-e", "signal=none", "-o", out.name, refused], check=False,
                       stderr=subprocess.DEVNULL)
        return {line.split("(")[0] for line in out.read().splitlines()}


def main():
    names, refused = sys.argv[1:]
    if not shutil.which("strace"):
        print("1..0 # SKIP strace is not installed")
        return
    known = {name for name in strace("all", refused) if not name.startswith("syscall_")}
    assert len(known) > 300, known
    sets = ["%" + c for c in CLASSES] + SETS
    failed = 0
    for n, wanted in enumerate(sets, 1):
        theirs = strace(wanted, refused) & known
        done = subprocess.run([names, wanted], stdout=subprocess.PIPE, text=True, check=True)
        ours = set(done.stdout.split()) & known
        # The program runs, so its execve is there whatever is wanted of the rest; execve's own line is strace's start.
        differ = sorted(theirs ^ ours)
        failed += bool(differ)
        print(f"{'not ok' if differ else 'ok'} {n} - {wanted}: {len(theirs)} calls" + (f", different: {' '.join(differ)}" if differ else ""))
    print(f"1..{len(sets)}")
    sys.exit(bool(failed))


main()
