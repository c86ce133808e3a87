#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other tracers inside and outside of compendium, and programs that change their privileges.

usage: tracers.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] tracers [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import os
import re
import shutil
import subprocess
import sys

from harness import NO_LEAK_CHECK, PATIENCE, Skip, check, main, need, need_root, same, status


def setuid(t):
    """su nobody -s /bin/sh -c id"""
    need_root()
    need("su")
    for options in ((), ("--no-seccomp",), ("-v",)):
        text = same(t, "su", "nobody", "-s", "/bin/sh", "-c", "id; cat /proc/self/status | grep -E '^(Uid|NoNewPrivs|Seccomp|TracerPid)'", options=options, ok=0)
        check("FINAL" in text, "no summary")


def setuid_program(t):
    """a set-user-ID program started by root keeps its power: run as nobody by su, it is root again"""
    need_root()
    need("setpriv", "su")
    mine = t.scratch / "idcopy"
    shutil.copy(shutil.which("id"), mine)
    mine.chmod(0o4755)
    t.scratch.chmod(0o755)
    if os.statvfs(t.scratch).f_flag & os.ST_NOSUID:
        raise Skip("the scratch directory is mounted nosuid")
    for options in ((), ("--no-seccomp",)):
        text = same(t, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(mine), "-u", options=options, ok=0)
        check("FINAL" in text, "no summary")


def refused_inside(t, ok, *command):
    """A tracer under compendium by ptrace ends with an error of its own; both go on to their ends."""
    rc, out, err, text = t.run(*command, cwd=t.scratch)
    check("FINAL" in text, "no summary")
    check(rc in ok and b"not permitted" in out + err, (rc, (out + err)[-600:]))


def gdb_inside(t):
    """gdb in compendium: refused cleanly by ptrace; by bpf both work, and what gdb debugs is shown"""
    need("gdb", "ls")
    command = ["gdb", "-nx", "-batch", "-ex", "run", "-ex", "bt", "--args", shutil.which("ls"), "/"]
    if t.args.backend == "ptrace":
        refused_inside(t, (0, 1), *command)
        return
    text = same(t, *command, filter_out=lambda b: re.sub(rb"process \d+", b"process", b))
    check(re.search(r"ls exec ─── .*ls /", text) and re.search(r"\] exit 0", text), "ls is missing:\n" + text[-3000:])


def strace_inside(t):
    """strace in compendium: refused cleanly by ptrace; by bpf both work"""
    need("strace")
    if t.args.backend == "ptrace":
        refused_inside(t, (1,), "strace", "-f", "/bin/true")
        return
    rc, _, err, text = t.run("strace", "-f", "ls", "/", cwd=t.scratch)
    check(rc == 0 and b"+++ exited with 0 +++" in err and "ls exec" in text and "FINAL" in text, (rc, err[-600:]))


def strace_outside(t):
    """compendium in strace: by ptrace it says why it cannot trace, by bpf it does"""
    need("strace")
    done = subprocess.run(["strace", "-f", "-o", "/dev/null", *NO_LEAK_CHECK, t.args.compendium, "--backend", t.args.backend, "--", "/bin/true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    if t.args.backend == "ptrace":
        check(done.returncode == 125 and b"is compendium itself traced" in done.stderr, (done.returncode, done.stderr[-500:]))
    else:
        check(done.returncode == 0 and b"true exec" in done.stderr and b"FINAL" in done.stderr, (done.returncode, done.stderr[-500:]))


def compendium_inside(t):
    """compendium in compendium: ptrace in ptrace says why not; every other pair works"""
    inner = "ptrace" if t.args.backend == "bpf" else "bpf"
    command = [*NO_LEAK_CHECK, t.args.compendium, "--backend"]
    pairs = [inner, t.args.backend] if inner != "bpf" or t.bpf else [t.args.backend]
    for inside in pairs:
        rc, out, err, text = t.run(*command, inside, "--", "sh", "-c", "echo hello; exit 3", cwd=t.scratch)
        check("FINAL" in text, "no summary")
        if inside == t.args.backend == "ptrace":
            check(rc == 125 and b"is compendium itself traced" in err, (rc, err[-300:]))
            continue
        check(rc == 3 and out == b"hello\n" and b"FINAL" in err, (inside, rc, out, err[-500:]))
        check("sh exec" in text and b"sh exec" in err, "the command is shown by one of them only")


GROUPS = {"tracers": [setuid, setuid_program, gdb_inside, strace_inside, strace_outside, compendium_inside]}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
