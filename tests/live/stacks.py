#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""-k: the functions that a call was made from, beside strace -k and what a program with known functions says.

usage: stacks.py --compendium FILE --victim FILE [--backend B] stacks [TEST…]
"""
import json
import os
import re
import subprocess
import tempfile

from harness import PATIENCE, Skip, check, equal, main, need

FRAME = re.compile(r"^ > (.*?)\((?:(.*?)\+0x[0-9a-f]+)?\) \[(0x[0-9a-f]+)\]$")
CALL = re.compile(r"^(?:\d+ +)?(?:\d+\.\d+ )?(\w+)\(")


def victims(t):
    return [t.args.victim, t.args.victim + "-o0"]


def run(program, out, *options, command, ok=True):
    p = subprocess.run([*program, "-o", out, *options, "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       text=True, errors="replace", timeout=PATIENCE, check=False)
    check(not ok or p.returncode in (0, 1), f"{command}: {p.returncode} {p.stderr[-2000:]}")
    with open(out, errors="replace") as f:
        return f.read(), p


def calls(text):
    """[(line of the call, [(file, function, offset)])]; lines that no function follows are left out."""
    found, begun = [], {}
    for line in text.splitlines():
        frame = FRAME.match(line)
        if " <unfinished ...>" in line:     # the stack stands where the call returns
            begun[line.split()[0]] = line
            continue
        if " resumed>" in line:
            line = begun.pop(line.split()[0], line)
        if frame and found:
            found[-1][1].append(frame.groups())
        else:   # strace has stacks of signals, too
            found.append((line, []))
    return [c for c in found if c[1] and CALL.match(c[0])]


def ours(t, *options, command):
    with tempfile.TemporaryDirectory() as d:
        return calls(run([t.args.compendium, "-k", "--format", "strace"], f"{d}/out", *options, command=command)[0])


def straces(t, *options, command):
    need("strace")
    if "stack-trace" not in subprocess.run(["strace", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout:
        raise Skip("this strace has no -k (stack-trace)")
    with tempfile.TemporaryDirectory() as d:
        return calls(run(["strace", "-f", "-k"], f"{d}/out", *options, command=command)[0])


def functions(frames, file=None):
    return [name or "?" for path, name, _ in frames if not file or os.path.realpath(path) == os.path.realpath(file)]


def of(found, path):
    """The stacks of the calls that name path."""
    return [frames for line, frames in found if f'"{path}"' in line]


def judge(t, *command, calls_of="openat"):
    mine, theirs = ours(t, "-e", calls_of, command=command), straces(t, "-e", f"trace={calls_of}", command=command)
    check(theirs, "strace has no stack")
    equal(len(mine), len(theirs), f"calls of {command}")
    for (line, a), (_, b) in zip(mine, theirs):
        equal([(f, at) for f, _, at in a], [(f, at) for f, _, at in b], line)
        for (_, mine_name, at), (_, name, _) in zip(a, b):
            # of aliases either is right; where strace has the symbol before it, whatever its size, there may be none here
            check(not mine_name or mine_name == name or mine_name.strip("_") == name.strip("_") or mine_name[-6:] == name[-6:],
                  f"{line}: {mine_name} and {name} at {at}")


def as_strace_cat(t):
    """cat: the same instructions of the same files in the same order as strace -k"""
    judge(t, "cat", "/etc/hostname")


def as_strace_bash(t):
    """bash, its builtins: likewise"""
    judge(t, "bash", "-c", "cd /; read x </etc/hostname; [ -e /nonexistent ]; echo $x >/dev/null", calls_of="openat,newfstatat,chdir,write")


def as_strace_python(t):
    """python3: likewise, some hundred calls"""
    need("/usr/bin/python3")
    judge(t, "/usr/bin/python3", "-S", "-c", "import json, os; os.listdir('/'); open('/etc/hostname').read()")


def as_strace_victims(t):
    """known functions with and without frame pointers, in handlers and threads: likewise"""
    for victim in victims(t):
        for what in ("nested", "handler", "threads"):
            judge(t, victim, what)


IN_LIBC = 3     # frames of a call within the C library, at most: from glibc 2.41 on calls that can be cancelled have three


def known(t):
    """the functions are those of the program, with and without frame pointers"""
    for victim in victims(t):
        found = ours(t, "-e", "openat", command=[victim, "nested"])
        for path in ("/nonexistent/nested", "/dev/null"):
            frames = of(found, path)
            equal(len(frames), 1, path)
            equal(functions(frames[0], victim), ["innermost", "middle", "outer", "main", "_start"], path)
            check({"open64", "__open64", "open", "__open"} & set(functions(frames[0])[:IN_LIBC]), frames[0])


def handlers(t):
    """a stack goes through a signal handler, on the program's stack and on another one"""
    for victim in victims(t):
        frames = of(ours(t, "-e", "openat", command=[victim, "handler"]), "/nonexistent/handler")
        equal(len(frames), 2, "calls")
        for f in frames:
            equal(functions(f, victim), ["innermost", "middle", "handler", "in_handler", "main", "_start"], "functions")


def threads(t):
    """a thread's stack ends where it began"""
    for victim in victims(t):
        found = ours(t, "-e", "openat", command=[victim, "threads"])
        for path in ("/nonexistent/first", "/nonexistent/second"):
            equal(functions(of(found, path)[0], victim), ["innermost", "middle", "outer", "thread"], path)


def deep(t):
    """a stack is cut at 128 frames, and says so"""
    with tempfile.TemporaryDirectory() as d:
        text = run([t.args.compendium, "-k"], f"{d}/out", command=[t.args.victim, "deep"])[0]
    lines = text.split("/nonexistent/deep", 1)[1].split("\n[", 1)[0].splitlines()
    frames = [line for line in lines if line.strip().startswith("> ")][:-1]
    equal(len(frames), 128, "frames")
    check(all("> deeper+" in line for line in frames[IN_LIBC + 1:]), frames)
    equal(lines[-1].strip(), "> … and more", "the last line")


def hostile(t):
    """stacks of nothing, in loops, beyond the end: each call has its line, and tracing ends"""
    alone = subprocess.run([t.args.victim, "hostile"], check=False).returncode
    if alone < 0:
        raise Skip(f"this kernel ends a call made with such a stack pointer, untraced too (signal {-alone})")
    with tempfile.TemporaryDirectory() as d:
        text, p = run([t.args.compendium, "-k", "-e", "access"], f"{d}/out", command=[t.args.victim, "hostile"])
    equal(p.returncode, 0, "status")
    for name in ("zero", "top", "hole", "edge", "loop", "words"):
        part = text.split(f"/nonexistent/{name} ", 1)
        equal(len(part), 2, name)
        frames = part[1].split("\n[", 1)[0].count("\n        > ")
        check(1 <= frames <= 129, f"{name}: {frames} frames")


def replaced(t):
    """code that was mapped where other code was is named by its own file, also when no mmap is shown"""
    with tempfile.TemporaryDirectory() as d:
        files = [f"{d}/first", f"{d}/second", f"{d}/third"]
        found = ours(t, "-e", "access", command=[t.args.victim, "replaced", *files])
    stacks = of(found, "/nonexistent/mapped")
    equal([frames[0][0] for frames in stacks], files, "the innermost one's file")
    for frames in stacks:
        equal(functions(frames, t.args.victim), ["replaced", "main", "_start"], "its callers")


def execs(t):
    """an exec that succeeds has the stack of the program that made it; the command's own has none"""
    with tempfile.TemporaryDirectory() as d:
        text = run([t.args.compendium, "-k", "-e", "execve,openat", "--format", "strace"], f"{d}/out", command=[t.args.victim, "exec"])[0]
    found = [(line, frames) for line, frames in calls(text) if "execve(" in line]
    equal(len(found), 1, "execs with a stack")
    equal(functions(found[0][1], t.args.victim), ["main", "_start"], "functions")
    check(of(calls(text), "/nonexistent/nested"), "the next program's")


def failed(t):
    """--stack=failed: of calls that failed; --failed: likewise, with nothing else"""
    for options in (["--stack=failed"], ["-k", "--failed"]):
        with tempfile.TemporaryDirectory() as d:
            text = run([t.args.compendium, *options, "--format", "strace", "-e", "openat"], f"{d}/out", command=[t.args.victim, "nested"])[0]
        found = calls(text)
        check(of(found, "/nonexistent/nested"), text)
        check(all(" = -1 " in line for line, _ in found), [line for line, _ in found])


def kept(t):
    """a recording keeps stacks; text of it is that of the run; --redact keeps them, too"""
    with tempfile.TemporaryDirectory() as d:
        live = run([t.args.compendium, "-k", "--record", f"{d}/r.cpd"], f"{d}/live", command=[t.args.victim, "nested"])[0]
        again = subprocess.run([t.args.compendium, "--read", f"{d}/r.cpd", "-o", f"{d}/again"], stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        equal(again.returncode, 0, again.stderr)
        with open(f"{d}/again", errors="replace") as f:
            equal(f.read(), live, "the text")
        hidden = run([t.args.compendium, "-k", "--redact"], f"{d}/redacted", command=[t.args.victim, "nested"])[0]
        check("> innermost+" in hidden, hidden)


def rows(t):
    """--json has the frames as a list of an event, with the same members in each"""
    with tempfile.TemporaryDirectory() as d:
        run([t.args.compendium, "-k", "--json", f"{d}/json"], f"{d}/out", "-e", "openat", command=[t.args.victim, "nested"])
        with open(f"{d}/json") as f:
            events = [event for event in map(json.loads, f) if event.get("path") == "/nonexistent/nested"]
    names = [frame["function"] for frame in events[0]["stack"]]
    at = names.index("innermost")
    equal(names[at:at + 4], ["innermost", "middle", "outer", "main"], "functions")
    check(1 <= at <= IN_LIBC, names)
    equal({tuple(frame) for frame in events[0]["stack"]}, {("function", "into", "file", "offset")}, "members")
    check(all(os.path.isabs(frame["file"]) and frame["offset"] > 0 for frame in events[0]["stack"]), events[0]["stack"])


def backends(t):
    """bpf is refused in one line, and not taken by itself; calls stop with --in-process on"""
    p = subprocess.run([t.args.compendium, "--backend", "bpf", "-k", "true"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                       timeout=PATIENCE)
    equal((p.returncode, p.stderr.count("\n")), (125, 1), p.stderr)
    check("-k needs the ptrace backend" in p.stderr, p.stderr)
    p = subprocess.run([t.args.compendium, "-k", "--in-process", "on", "true"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                       timeout=PATIENCE)
    equal(p.returncode, 0, p.stderr)
    check("(ptrace)" in p.stderr and "--in-process: not with -k" in p.stderr, p.stderr)


if __name__ == "__main__":
    main(__doc__, {"stacks": [as_strace_cat, as_strace_bash, as_strace_python, as_strace_victims, known, handlers, threads, deep, hostile, replaced, execs,
                              failed, kept, rows, backends]})
