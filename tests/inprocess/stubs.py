#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls that are seen inside the program: the same as with stops, and nothing that the program does to that hangs it, ends it or hides
a call without a word.

usage: stubs.py --compendium FILE --victim STUBS [--backend ptrace] stubs [TEST…]      (the program of stubs.c)

STUBS_LIBC: a folder with libc.so.6 and ld-linux-x86-64.so.2 of another system, which that program uses then (for all tests but below)
"""
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from harness import Skip, check, equal, eventually, main, need, rounds  # noqa: E402

CHANGES = ["noise", "ones", "head", "back", "slots", "zeroes", "no_ring", "spanned", "no_blocks", "closed_ring", "closed_blocks", "moved", "no_springs", "covered"]
LOUD = {"noise", "ones", "head", "back", "zeroes"}      # what was written there is missing, and that is reported
LIBC = os.environ.get("STUBS_LIBC")
MADE = re.compile(r"--in-process: (\d+) calls of (\d+) process")


def program(t):
    """Words that run the program of stubs.c, with the C library that is asked for."""
    return [f"{LIBC}/ld-linux-x86-64.so.2", "--library-path", LIBC, t.args.victim] if LIBC else [t.args.victim]


def traced(t, *command, mode="on", **more):
    status, out, err, text = t.run(*command, options=("--in-process", mode, "--summary=json", "-q"), **more)
    p = t.started[-1]
    made = MADE.search(p.said() + err.decode(errors="replace"))
    return status, out, json.loads(text.splitlines()[-1]), int(made[1]) if made else 0, p.said() + err.decode(errors="replace")


READ_BASE = """import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex("f3480faec0c3"))    # rdfsbase %rax; ret
ctypes.CFUNCTYPE(ctypes.c_ulong)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


def refuted(why):
    """What the machine lacks, by its own word, is there: its clock is read from the TSC, the instruction works."""
    if "TSC" in why:
        name = pathlib.Path("/sys/devices/system/clocksource/clocksource0/current_clocksource").read_text().strip()
        return name in ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page")
    return "rdfsbase" in why and subprocess.run([sys.executable, "-c", READ_BASE], check=False).returncode == 0


def possible(t):
    """Calls made in stubs: none on a machine, or in a build, where there can be none."""
    status, _, _, made, said = traced(t, *program(t), "text_dropped")
    equal(status, 0, "the program")
    why = re.search(r"--in-process: (.*); each call stops", said)
    if why:
        check(not refuted(why[1]), f"{why[1]}: this machine has it")
        raise Skip(why[1])
    if not made and os.environ.get("LD_PRELOAD"):
        raise Skip("a library is loaded before the C library")
    check(made > 300, f"{made} calls made in stubs: {said}")


def one(t, way, lost=False):
    status, out, summary, _, said = traced(t, *program(t), way)
    equal((status, out[-4:]), (0, b"end\n"), f"{way}: exit status, last words, of {out[-300:]!r}; {said[-300:]}")
    check(not summary["lost_records"] or lost, f"{way}: {summary['lost_records']} records lost")
    return summary


def calls(summary):
    return {row["call"]: (row["count"], row["errors"]) for row in summary["tables"]["calls"]["rows"]}


def used(t):
    """calls are made in stubs, each is counted once"""
    possible(t)
    for way in ("text_dropped", "own_text", "threads"):
        status, _, off, made, _ = traced(t, *program(t), way, mode="off")
        equal((status, made), (0, 0), f"{way}: without")
        status, _, on, made, _ = traced(t, *program(t), way)
        equal(status, 0, way)
        check(made > 300, f"{way}: {made} calls made in stubs")
        for call in ("read", "pwrite64", "openat", "madvise", "mprotect"):
            equal(calls(on).get(call), calls(off).get(call), f"{way}: {call} (calls, errors)")


def change_by(t, way, change):
    summary = one(t, way, lost=change in LOUD or change == "slots")
    if change in LOUD:
        check(summary["lost_records"], f"{way}: nothing is reported as lost")


def changed(t):
    """ring, blocks, switch and springs overwritten, unmapped, closed, moved, mapped over: by the only thread, and beside three others"""
    possible(t)
    for change in CHANGES:
        for others in ("", "+"):
            change_by(t, change + others, change)


def texts(t):
    """text that the program writes back or drops, and another mapping over all of it while a thread is inside"""
    possible(t)
    for way in ("covered_while_inside", "own_text", "text_dropped"):
        one(t, way)


def rules(t):
    """filters of its own, no clock, no dumps, limits, locked memory, a place that is taken"""
    possible(t)
    for way in ("own_filter", "no_clock", "undumpable", "limited", "locked", "taken"):
        one(t, way)
    equal(traced(t, *program(t), "strict")[0], 0, "strict mode: exit status")


def reasons(t):
    """memory with room above the C library only has stubs; a process that gets none has its reason in the last line"""
    possible(t)
    status, out, _, _, said = traced(t, *program(t), "crowded")
    equal((status, out[-11:]), (0, b"ring 1\nend\n"), f"{out[-300:]!r}; {said[-300:]}")
    shell = "exec 3< /proc/self/status; i=0; while [ $i -lt 300 ]; do read x < /etc/passwd; i=$((i+1)); done"
    for command, why in (((*program(t), "full"), "no room for it in the address space"), (("sh", "-c", shell), "its memory map was looked at")):
        said = traced(t, *command)[4]
        check(f"not, or no longer, in 1 ({why})" in said, f"{command}: {said}")


def tasks(t):
    """storms of forks, vforks and execs, a process that shares memory, 600 threads"""
    possible(t)
    for way in ("forks", "vforks", "shared_memory", "threads"):
        on = one(t, way)
        _, _, off, _, _ = traced(t, *program(t), way, mode="off")
        for call in ("pread64", "pwrite64") if way == "vforks" else ("read", "pwrite64"):    # it reads how a child is while it waits
            equal(calls(on).get(call), calls(off).get(call), f"{way}: {call} (calls, errors)")


def children(t):
    """a fork's child has stubs of its own, and whatever it does to them stays as harmless; so has its child"""
    possible(t)
    for way in ("text_dropped", "own_text", "threads", "forks", "child:threads"):
        status, _, off, _, _ = traced(t, *program(t), f"child:{way}", mode="off")
        equal(status, 0, f"{way}: without")
        status, _, on, made, said = traced(t, *program(t), f"child:{way}")
        equal(status, 0, way)
        check(int(MADE.search(said)[2]) >= 2 + way.count("child"), f"{way}: {said}")
        for call in ("read", "pwrite64", "madvise", "clone", "clone3", "wait4"):
            equal(calls(on).get(call), calls(off).get(call), f"{way}: {call} (calls, errors)")
        equal(on["lost_records"], 0, f"{way}: lost records")
    for change in CHANGES:
        change_by(t, f"child:{change}", change)
    for way in ("covered_while_inside", "own_filter", "no_clock", "undumpable", "limited", "locked", "taken", "shared_memory", "signals"):
        one(t, f"child:{way}")
    need(sys.executable)
    script = "import multiprocessing as m, os\ndef w(n):\n f = os.open('/dev/zero', 0)\n for i in range(n): os.read(f, 1)\n return n\n" \
             "if __name__ == '__main__':\n with m.get_context('fork').Pool(3) as p: print(sum(p.map(w, [500] * 6, 1)))"
    (_, out, _, _, _), (status, out_on, on, _, said) = (traced(t, sys.executable, "-S", "-E", "-c", script, mode=mode) for mode in ("off", "on"))
    equal((status, out_on, on["lost_records"]), (0, out, 0), "multiprocessing")
    check(int(MADE.search(said)[2]) > 1, f"multiprocessing: {said}")


MANY = """
import os
def reads(n):
    for i in range(n): os.read(zero, 1)
zero = os.open('/dev/zero', 0)
reads(100)
there, go = os.pipe(), os.pipe()
for i in range(100):
    if os.fork() == 0:
        os.close(go[1])
        reads(50)
        os.write(there[1], b'x')
        os.read(go[0], 1)
        names = [os.open('/dev/zero', 0), os.open('/usr/share/common-licenses/GPL-2', 0), *os.pipe()]
        reads(50)
        os._exit(0)
for i in range(100): os.read(there[0], 1)
os.close(go[1])
print(sum(os.wait()[1] for i in range(100)))
"""


def many(t):
    """a hundred processes at a time, and few descriptors for us: each goes on, some without stubs, and names are as before"""
    possible(t)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    seen = {}
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        for mode in ("off", "on"):
            status, out, summary, _, said = traced(t, sys.executable, "-S", "-E", "-c", MANY, mode=mode)
            equal((status, out), (0, b"0\n"), mode)
            table = calls(summary)
            seen[mode] = [table.get(call) for call in ("read", "openat", "pipe2", "write", "wait4")], summary["opens"], summary["lost_records"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    equal(seen["on"], seen["off"], "calls, opens, lost records")
    check("RLIMIT_NOFILE" in said and int(MADE.search(said)[2]) > 20, said)


def looks(t):
    """what a program sees mapped in itself, with threads, in a fork and in its parent is the same, to the byte"""
    possible(t)
    need("setarch")
    for way in ("looks_at_itself", "looks_again", "looks_with_threads", "looks_at_parent"):
        seen = {}
        for mode in ("off", "on"):
            status, out, summary, made, said = traced(t, "setarch", "-R", *program(t), way, mode=mode)
            equal((status, summary["lost_records"]), (0, 0), f"{way}, {mode}: exit status, lost records, of {out[-300:]!r}")
            check(mode == "off" or made > 200, f"{way}: {made} calls made in stubs; {said}")
            seen[mode] = re.sub(rb"\b0 +0$", b"", out).splitlines()
        first = next((pair for pair in zip(seen["on"], seen["off"], strict=False) if pair[0] != pair[1]), None)
        equal((len(seen["on"]), first), (len(seen["off"]), None), f"{way}: lines, first difference")
        check(len(seen["on"]) > 20, f"{way}: {seen['on']}")


def handlers(t):
    """a timer through 200,000 calls: no handler sees a stub, registers stay; SA_RESTART, EINTR, a cancelled read, EFAULT"""
    possible(t)
    one(t, "signals")
    one(t, "signalled_with_threads")


def cancelled(t):
    """threads cancelled where they wait and at any moment: as without, and nothing that a call has done is lost with its thread"""
    possible(t)
    for way in ("cancelled_waiting", "cancelled_anywhere", "child:cancelled_anywhere"):
        status, out, summary, made, said = traced(t, *program(t), way)
        equal((status, out, summary["lost_records"]), (0, b"end\n", 0), f"{way}: exit status, output, lost records; {said[-300:]}")
        check(made > 5000, f"{way}: {made} calls made in stubs: {said}")


def below(t):
    """a program in a root of its own: its library is found there, and calls are made in stubs"""
    possible(t)
    if os.getuid():
        raise Skip("chroot needs root")
    root = t.scratch / "root"
    files = re.findall(r"(/\S+) \(0x", subprocess.check_output(["ldd", t.args.victim], text=True))
    for name in files:
        to = root / name.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, to)
    shutil.copy(t.args.victim, root / "reads")
    (root / "dev").mkdir()
    for name, minor in (("zero", 5), ("null", 3)):
        try:
            os.mknod(root / "dev" / name, 0o20666, os.makedev(1, minor))
        except OSError as e:
            raise Skip(f"no device can be made: {e}") from e
    script = "import os, sys; os.chroot(sys.argv[1]); os.execv('/reads', ['/reads', 'text_dropped'])"
    status, out, summary, made, said = traced(t, sys.executable, "-S", "-E", "-c", script, root)
    equal((status, out, summary["lost_records"]), (0, b"end\n", 0), f"exit status, output, lost records; {said}")
    check(made > 300, f"{made} calls made in stubs: {said}")


def lines(t, file):
    text = file.with_suffix(".txt")
    subprocess.run([t.args.compendium, "--read", file, "-v", "-a", "--format=strace", "-o", text], stderr=subprocess.DEVNULL, check=True)
    return re.findall(r"(?:read|write|lseek|pread64)\([0-9](?:<[^>]*>)?, .*? = -?\d+", re.sub("0x[0-9a-f]+", "ADDRESS", text.read_text()))


FILES = {"open", "openat", "creat", "read", "close", "dup", "dup2", "write"}


def descriptors(t):
    """files of all kinds opened, duplicated and closed by four threads: what each descriptor is, is the same"""
    possible(t)
    for way in ("descriptors", "child:descriptors", "status_first"):
        seen = {}
        for mode in ("off", "on"):
            file = t.scratch / f"{mode}.ndjson"
            status, out, err, _ = t.run(*program(t), way, options=("--in-process", mode, f"--json={file}", "-q"), stdin=subprocess.DEVNULL)
            equal((status, out), (0, b"end\n"), f"{way}, {mode}: exit status, output")
            said = t.started[-1].said() + err.decode()
            check(mode == "off" or int(MADE.search(said)[1]) > (100 if way == "status_first" else 9000), f"{way}: {said!r}")
            # which number is chance
            seen[mode] = sorted([(*one[:3], one[1] == "read" and one[3], re.sub("(stubs-|#)[0-9]+", "N", one[4]), one[5])
                                 for one in thread if one[1] in FILES and not (one[1] == "read" and "status" in one[4])] for thread in events(file).values())
        for on, off in zip(seen["on"], seen["off"], strict=True):
            first = next((pair for pair in zip(on, off, strict=False) if pair[0] != pair[1]), None)
            equal((len(on), first), (len(off), None), f"{way}: events of a thread, first difference")
    one(t, "descriptors_signalled")


PATHS = {"access", "newfstatat", "statx", "unlink", "rmdir", "chmod", "truncate"}


def paths(t):
    """paths of every length, at the end of a page, and pointers that fault: answers and records are the same, no handler sees a fault"""
    possible(t)
    for way in ("paths", "child:paths", "paths_signalled"):
        seen = {}
        for mode in ("off", "on"):
            file = t.scratch / f"{mode}.cpd"
            status, out, err, _ = t.run(*program(t), way, options=("--in-process", mode, f"--record={file}", "-q"))
            equal((status, out), (0, b"end\n"), f"{way}, {mode}: exit status, output")
            said = t.started[-1].said() + err.decode()
            check(mode == "off" or int(MADE.search(said)[1]) > 1000, f"{way}: {said!r}")
            subprocess.run([t.args.compendium, "--read", file, "-q", f"--json={file.with_suffix('.ndjson')}", "-o/dev/null"], stderr=subprocess.DEVNULL, check=True)
            seen[mode] = [[one[1:6] for one in thread if one[1] in PATHS and "handler" not in one[4]] for thread in events(file.with_suffix(".ndjson")).values()]
        check(sum(map(len, seen["on"])) > 600, f"{way}: {seen['on']}")
        equal([len(one) for one in seen["on"]], [len(one) for one in seen["off"]], f"{way}: calls by thread")
        for on, off in zip(seen["on"], seen["off"], strict=True):
            equal(next((pair for pair in zip(on, off, strict=True) if pair[0] != pair[1]), None), None, f"{way}: first difference")


UNFINISHED = "<unfinished ...>"


def add_call(calls, line):
    """A line of a thread, as strace has it; one that others, or signals, came in between of is one call."""
    if line.startswith("<... "):
        begun = next((i for i in range(len(calls) - 1, -1, -1) if not calls[i].startswith("--- ")), None)
        if begun is not None and calls[begun].endswith(UNFINISHED):
            line = calls.pop(begun)[:-len(UNFINISHED)] + line.partition("resumed>")[2]
            calls.insert(begun, re.sub(" +(?=[ )])", "", line))
            return
    calls.append(re.sub(" +(?=[ )])", "", line))


def calls_of(t, file):
    """The calls of each process as strace prints them, buffers and all; addresses, times and numbers of processes are chance."""
    text = file.with_suffix(".txt")
    subprocess.run([t.args.compendium, "--read", file, "-v", "-a", "--format=strace", "-o", text], stderr=subprocess.DEVNULL, check=True)
    threads = {}
    for line in text.read_text(errors="replace").split("\n")[:-1]:
        number, line = line.split(None, 1)
        add_call(threads.setdefault(number, []), re.sub(r"^[0-9.]+ | <[0-9.]+>$|(?<=_sec=)-?[0-9]+(, tv_nsec=[0-9]+)?( /\* \S+ \*/)?", "", re.sub(r"0x[0-9a-f]+|(?<=:\[)\d+", "N", line)))
    return list(threads.values())


BUFFERED = re.compile(r"\w*(read|write|stat|xattr|rename|link|utimens|getcwd)\w*\(")


def buffers(t):
    """buffers, answers and two paths of every length, at the end of a page, and pointers that fault: answers and records are the same"""
    possible(t)
    for way in ("buffers", "child:buffers"):
        seen = {}
        for mode in ("off", "on"):
            file = t.scratch / f"{mode}.cpd"
            status, out, err, _ = t.run(t.args.victim, way, options=("--in-process", mode, f"--record={file}", "-q"))
            equal((status, out), (0, b"end\n"), f"{way}, {mode}: exit status, output")
            said = t.started[-1].said() + err.decode()
            check(mode == "off" or int(MADE.search(said)[1]) > 2500, f"{way}: {said!r}")
            seen[mode] = [[re.sub(r"(stubs-link-)\d+", r"\1N", line) for line in thread if BUFFERED.match(line) and "libc" not in line] for thread in calls_of(t, file)]
        check(sum(map(len, seen["on"])) > 2500, f"{way}: {seen['on']}")
        equal([len(one) for one in seen["on"]], [len(one) for one in seen["off"]], f"{way}: calls by thread")
        for on, off in zip(seen["on"], seen["off"], strict=True):
            equal(next((pair for pair in zip(on, off, strict=True) if pair[0] != pair[1]), None), None, f"{way}: first difference")
    for way in ("buffers_flipped", "child:buffers_flipped", "buffers_signalled"):
        status, out, err, _ = t.run(t.args.victim, way, options=("--in-process", "on", f"--record={t.scratch / 'on.cpd'}", "-q"))
        said = t.started[-1].said() + err.decode()
        equal((status, out[-4:]), (0, b"end\n"), f"{way}: exit status, last words, of {out[-300:]!r}; {said}")
        check("lost" not in said and int(MADE.search(said)[1]) > 2000, f"{way}: {said!r}")


OWN = re.compile(r"(m(un)?map|mprotect|madvise|brk|fcntl|sendto|recvfrom|epoll_ctl|copy_file_range|splice|read|pread64|close|dup|openat|getdents64|syscall_\w+)\(")


def memory(t):
    """memory mapped, changed and let go, descriptors by fcntl, sockets, calls by syscall(): answers and records are the same"""
    possible(t)
    for way, inside in (("memory", 3000), ("child:memory", 3000), ("memory_with_threads", 20000)):
        seen, names = {}, {}
        for mode in ("off", "on"):
            file = t.scratch / f"{mode}.cpd"
            status, out, err, _ = t.run(t.args.victim, way, options=("--in-process", mode, f"--record={file}", "-q"))
            equal((status, out), (0, b"end\n"), f"{way}, {mode}: exit status, output")
            said = t.started[-1].said() + err.decode()
            check("lost" not in said and (mode == "off" or int(MADE.search(said)[1]) > inside), f"{way}: {said!r}")
            seen[mode] = [[re.sub(r"stubs \d{8}", "stubs N", line) for line in thread if OWN.match(line) and "libc" not in line] for thread in calls_of(t, file)]
            names[mode] = t.scratch / f"{mode}.ndjson"
            subprocess.run([t.args.compendium, "--read", file, "-q", f"--json={names[mode]}", "-o/dev/null"], stderr=subprocess.DEVNULL, check=True)
        equal([len(one) for one in seen["on"]], [len(one) for one in seen["off"]], f"{way}: calls by thread")
        for on, off in zip(seen["on"], seen["off"], strict=True):
            equal(next((pair for pair in zip(on, off, strict=True) if pair[0] != pair[1]), None), None, f"{way}: first difference")
        check(sum(map(len, seen["on"])) > inside, f"{way}: {seen['on']}")
        mapped = {mode: [one[5] for thread in events(names[mode]).values() for one in thread if one[0] == "munmap"] for mode in names}
        equal(mapped["on"], mapped["off"], f"{way}: bytes let go")
    _, _, default, _, _ = traced(t, *program(t), "memory", mode="off")
    summary = one(t, "memory")
    for call in ("mmap", "munmap", "mprotect", "brk", "fcntl", "sendto", "recvfrom", "close", "pread64", "openat"):
        equal(calls(summary).get(call), calls(default).get(call), f"{call} (calls, errors)")
    for way in ("memory_signalled", "child:memory_signalled"):
        one(t, way)


def copied(t):
    """the first bytes of buffers are copied in stubs, more of them where the call stops, and what is recorded is the same"""
    possible(t)
    need("dd")
    for more, inside, block in ([], True, 40), (["-s", "100"], True, 40), (["-s", "1000"], True, 40), (["-s", "1000"], False, 290), (["--redact"], True, 40):
        command = ("dd", "if=/usr/share/common-licenses/GPL-2", "of=/dev/null", f"bs={block}", "status=none")
        seen = {}
        for mode in ("off", "on"):
            file = t.scratch / f"{mode}{len(more)}.cpd"
            status, _, err, _ = t.run(*command, options=("--in-process", mode, f"--record={file}", "-q", *more))
            equal(status, 0, "dd")
            said = t.started[-1].said() + err.decode()
            if mode == "on":
                check((int(MADE.search(said)[1]) > 150) == inside, f"{more}, {block}: {said!r}")
            seen[mode] = lines(t, file)
        check(len(seen["on"]) >= 8000 // block, f"{len(seen['on'])} lines")
        equal(seen["on"], seen["off"], f"{more}, {block}: reads and writes")


# Calls so far apart that they are just one line, which is written in between unless those that are not read yet are waited for.
JOINED = """import os, time
fd = os.open("/dev/zero", os.O_RDONLY)
for _ in range(700): os.pread(fd, 1, 0)
for _ in range(40):
    os.pread(fd, 2, 0)
    until = time.perf_counter() + 0.097     # no stop, at which the ring would be read
    while time.perf_counter() < until: pass
"""


def joined(t):
    """which calls become one line is decided by their times, not by when the ring is read: a recording gives the same lines"""
    possible(t)
    file, replayed = t.scratch / "joined.cpd", t.scratch / "replayed"
    status, _, err, text = t.run("/usr/bin/python3", "-S", "-E", "-c", JOINED, options=("--in-process", "on", "-a", f"--record={file}"))
    said = t.started[-1].said() + err.decode()
    equal(status, 0, "python")
    check(int(MADE.search(said)[1]) > 400, said[-300:])
    subprocess.run([t.args.compendium, "--read", file, "-a", "-o", replayed], stderr=subprocess.DEVNULL, check=True)
    want, got = ([line for line in lines.splitlines() if "/dev/zero" in line and line.startswith("[")] for lines in (text, replayed.read_text()))
    check(len(want) >= 3, text[-2000:])
    equal(got, want, "lines of the recording")


NUMBERED = {"set_tid_address", "getpid", "getppid", "gettid", "getpgrp", "getpgid", "getsid", "clone", "clone3", "fork", "vfork", "wait4"}


def events(file):
    """What each thread has done, in its order; addresses and numbers of processes are chance."""
    threads = {}
    for line in file.read_text().splitlines():
        row = json.loads(line)
        if row["table"] == "event":
            chance = abs(row.get("result") or 0) > 1 << 20 or row.get("call") in NUMBERED
            threads.setdefault(row["thread"], []).append(
                (row["kind"], row.get("call"), row.get("outcome"), None if chance else row.get("result"), re.sub(r"\[\d+\]", "[]", row.get("path") or ""), row.get("bytes"), row.get("fd")))
    return threads


def every_call(t):
    """where every call is recorded, and no bytes of buffers (-c, --report, exports), the same is, each once and in its order"""
    possible(t)
    need("dd", "bash")
    copy = ["dd", "if=/dev/zero", "of=/dev/null", "bs=16", "count=300", "status=none"]
    shell = ["bash", "-c", "while read l; do :; done < /usr/share/common-licenses/GPL-2; exec dd if=/dev/zero of=/dev/null count=200 status=none"]
    for command in (copy, shell, [*program(t), "child:text_dropped"]):
        seen = {}
        for mode in ("off", "on"):
            file, page = t.scratch / f"{mode}.ndjson", t.scratch / f"{mode}.html"
            status, _, err, text = t.run(*command, options=("--in-process", mode, "--summary=json", "-q", f"--json={file}", f"--report={page}"))
            summary, said = json.loads(text.splitlines()[-1]), t.started[-1].said() + err.decode()
            equal((status, summary["lost_records"]), (0, 0), f"{command}, {mode}: status, lost")
            check(page.stat().st_size > 100000, f"{command}, {mode}: a page")
            check(mode == "off" or int(MADE.search(said)[1]) > 300, f"{command}: {said!r}")
            seen[mode] = events(file), calls(summary)
        equal(seen["on"][1], seen["off"][1], f"{command}: calls and errors by call")
        equal(list(seen["on"][0]), list(seen["off"][0]), f"{command}: threads")
        for thread, on in seen["on"][0].items():
            first = next((pair for pair in zip(on, seen["off"][0][thread], strict=False) if pair[0] != pair[1]), None)
            equal((len(on), first), (len(seen["off"][0][thread]), None), f"{command}: events of thread {thread}, first difference")
    counted = {}
    for mode in ("off", "on"):
        _, _, err, text = t.run(*copy, options=("--in-process", mode, "-c"))
        counted[mode] = sorted((row[0], row[-1]) for row in map(str.split, text.splitlines()) if len(row) > 8 and row[0].isdigit())
        check(mode == "off" or int(MADE.search(t.started[-1].said() + err.decode())[1]) > 300, "-c: calls made in stubs")
    equal(counted["on"], counted["off"], "-c: calls")
    check(len(counted["on"]) > 10, f"-c: {counted['on']}")


def ways(t):
    """with -v and -c each call is counted as seen without a stop or as stopped, and why; --version says whether it can be used"""
    possible(t)
    need("dd")
    for command in (("dd", "if=/dev/zero", "of=/dev/null", "bs=16", "count=300", "status=none"), (*program(t), "child:threads")):
        _, _, err, text = t.run(*command, options=("--in-process", "on", "-c"))
        said = t.started[-1].said() + err.decode()
        made = re.search(r"--in-process: (\d+) calls of .* without a stop; (\d+) stopped: (.*)", said)
        check(made, f"{command}: {said!r}")
        reasons = [int(n) for n in re.findall(r"(?:^|, )(\d+) ", made[3].split("; not")[0])]
        equal(sum(reasons), int(made[2]), f"{command}: reasons of {said!r}")
        counted = sum(int(row.split()[0].replace(",", "")) for row in text.splitlines() if re.search(r"^ +[\d,]+ +\d* in all", row))
        check(int(made[1]) + int(made[2]) + 1 == counted, f"{command}: {said!r}; in all {counted}")
    _, _, err, _ = t.run("sh", "-c", "exec true", options=("--in-process", "on", "-v", "-q"))
    check("whose bytes are copied" in t.started[-1].said() + err.decode(), "-v")
    for options, expected in (("auto",), False), (("auto", "-c"), False), (("auto", "-v"), True), (("on",), True):
        _, _, err, _ = t.run("dd", "if=/dev/zero", "of=/dev/null", "bs=16", "count=300", "status=none", options=("--in-process", *options))
        equal("--in-process" in t.started[-1].said() + err.decode(), expected, f"{options}: a line at the end")
    p = t.start("--in-process", "auto", "--no-seccomp", "--", "true")
    p.wait(60)
    check("--in-process" not in p.said(), f"auto, where it cannot be: {p.said()!r}")
    version = subprocess.run([t.args.compendium, "--version"], stdout=subprocess.PIPE, check=True).stdout
    check(b"\n--in-process: can be used here\n" in version, f"{version}")


def descendants(pid):
    found, ask = [], [pid]
    while ask:
        p = ask.pop()
        for task in pathlib.Path(f"/proc/{p}/task").glob("*"):
            try:
                more = [int(c) for c in (task / "children").read_text().split()]
            except OSError:
                continue
            found += more
            ask += more
    return found


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def text_is_filed(pid):
    """Its C library's text is what the file has; None: it has none."""
    answer = None
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r-xp ([0-9a-f]+) \S+ \d+ +(/.*/libc[.-].*)$", line)
        if m:
            start, stop, offset = (int(m[i], 16) for i in (1, 2, 3))
            with open(f"/proc/{pid}/mem", "rb") as mem, open(m[4], "rb") as file:
                mem.seek(start)
                file.seek(offset)
                there, filed = mem.read(stop - start), file.read(stop - start)
            answer = there[:len(filed)] == filed
    return answer


def cpu(pid):
    return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))


def let_go(t):
    """what outlives its trace has its text as it was, and runs"""
    possible(t)
    p = t.start("--in-process", "on", "-q", "--", "sh", "-c", f"{shlex.join(map(str, program(t)))} endless & exec sleep 1000", stdout=subprocess.PIPE)
    equal(p.stdout.readline(), b"ready\n", "its first words")
    pids = [pid for pid in descendants(p.pid) if "endless" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()]
    try:
        equal(len(pids), 2, "processes of it")
        equal([text_is_filed(pid) for pid in pids], [False, False], "while it is traced: is its text as filed?")
        p.send_signal(signal.SIGTERM)
        p.wait(60)
        check(MADE.search(p.said()) and int(MADE.search(p.said())[1]) > 300, f"few calls made in stubs: {p.said()}")
        equal([text_is_filed(pid) for pid in pids], [True, True], "let go: is its text as filed?")
        for pid in pids:
            was = cpu(pid)
            eventually(lambda: cpu(pid) > was, "it runs")       # noqa: B023
    finally:
        end(pids)


def killed(t):
    """SIGKILL to the tracer or to the program at any moment: nothing hangs, nothing stays"""
    possible(t)
    dice = random.Random(5)
    for _ in rounds(50):
        p = t.start("--in-process", "on", "-q", "--", *program(t), "endless", stdout=subprocess.PIPE)
        equal(p.stdout.readline(), b"ready\n", "its first words")
        pids = descendants(p.pid)
        try:
            time.sleep(dice.uniform(0, 0.05))
            if dice.random() < 0.5:
                os.kill(dice.choice(pids), signal.SIGKILL)
                eventually(lambda: sum(map(lives, pids)) < len(pids), "an end")     # noqa: B023
            p.kill()
            p.wait(60)
            eventually(lambda: not any(map(lives, pids)), f"the end of {pids}")     # noqa: B023
        finally:
            end(pids)


GROUPS = {"stubs": [used, changed, texts, rules, reasons, tasks, children, many, looks, below, handlers, cancelled, paths, buffers, memory, descriptors, copied, joined, every_call, ways, let_go, killed]}

if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
