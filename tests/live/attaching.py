#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attaching to what runs and letting it go, without its noticing.

usage: attaching.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] attach|redis [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

from harness import NO_LEAK_CHECK, PATIENCE, Skip, check, equal, eventually, main, need, need_root, rounds, same, status, untraced


def attach_threads(t):
    """100 rounds, 25 of a sanitized tracer or with BPF, on a program that makes threads and processes all the time"""
    with t.victim("threads") as v:
        for i in rounds(100, t):
            p = t.attach(v.pid)
            if i % 4 == 0:
                eventually(lambda: " send " in p.text() or "thread" in p.text(), "lines of its threads")
            t.let_go(p, v.pid)
            t.clean()
            t.started.clear()
        check(not status(v.pid, "State").startswith("T"), "it was left stopped")
        out = v.end()
        check(int(out.split()[0]) > 0, f"it did nothing: {out}")


def attach_births(t):
    """30 rounds, 7 of a sanitized tracer, attached to in the middle of clone: of one thread or another the end is reported before the birth"""
    for _ in rounds(30):
        with t.victim("births") as v:
            p = t.attach(v.pid)
            eventually(lambda: "attach process" in p.text(), "its first line")
            v.process.kill()
            v.process.wait()
            p.wait(PATIENCE)
            equal(p.returncode, 0, "compendium's exit status")
            check("killed by SIGKILL" in p.text() and " Processes (1)" in p.text(), p.text()[-1500:])
            t.clean()
            t.started.clear()


def attach_waits(t):
    """waits of every kind go on after 40 rounds, 10 of a sanitized tracer or with BPF: no EINTR, no thread woken"""
    with t.victim("waits") as v:
        for _ in rounds(40, t):
            p = t.attach(v.pid)
            t.let_go(p, v.pid)
            t.clean()
            t.started.clear()
        v.end()


def attach_killed(t):
    """SIGKILL to compendium leaves its target as it was"""
    for way in ("threads", "waits"):
        with t.victim(way) as v:
            for _ in range(10):
                p = t.attach(v.pid)
                # an interrupted wait can only be mended by a tracer that lives: past the beginning none is
                eventually(lambda: "attach process" in p.text(), "the first line")
                time.sleep(random.random() / 50)
                t.let_go(p, v.pid, signal.SIGKILL)
                check(not status(v.pid, "State").startswith("T"), "it was left stopped")
            v.end()


def attach_stopped(t):
    """a stopped process stays stopped, while traced and after; SIGCONT does what it does"""
    with t.victim("busy") as v:
        os.kill(v.pid, signal.SIGSTOP)
        eventually(lambda: status(v.pid, "State").startswith("T"), "the stop")
        p = t.attach(v.pid)
        time.sleep(0.3)
        # (on its way from one stop into the next, as when it is seized, it is running for a moment, in the kernel)
        eventually(lambda: (status(v.pid, "State") or "?")[0] in "Tt", "stopped while traced")
        check("/victim/here" not in p.text(), "it ran")
        t.let_go(p, v.pid)
        eventually(lambda: status(v.pid, "State").startswith("T"), "still stopped after letting go")
        p = t.attach(v.pid)
        os.kill(v.pid, signal.SIGCONT)
        eventually(lambda: "/victim/here" in p.text(), "its calls after SIGCONT")
        os.kill(v.pid, signal.SIGSTOP)
        eventually(lambda: "stop by SIGSTOP" in p.text(), "the stop in the trace")
        os.kill(v.pid, signal.SIGCONT)
        eventually(lambda: re.search(r"continue", p.text()), "the continue in the trace")
        # stopped again, and let go in that state
        os.kill(v.pid, signal.SIGSTOP)
        eventually(lambda: p.text().count("stop by SIGSTOP") >= 2, "the second stop")
        t.let_go(p, v.pid)
        eventually(lambda: status(v.pid, "State").startswith("T"), "still stopped after letting go")
        os.kill(v.pid, signal.SIGCONT)
        v.end()


def attach_vfork(t):
    """a process in vfork: its child is traced, it is when vfork ends, both go on"""
    with t.victim("vfork") as v:
        p = t.start("-p", v.pid, "--descendants")
        child = int(pathlib.Path(f"/proc/{v.pid}/task/{v.pid}/children").read_text().split()[0])
        eventually(lambda: t.traces(p, child), "the child's tracer")
        t.let_go(p, child)
        p = t.start("-p", v.pid, "--descendants")
        eventually(lambda: t.traces(p, child), "the child's tracer")
        v.end()
        p.wait(PATIENCE)
        check("exit 5" in p.text() and "exit 0" in p.text(), "ends of both:\n" + p.text())
        equal(p.returncode, 0, "compendium's exit status")


def attach_leaderless(t):
    """a leader that has exited while its threads live"""
    with t.victim("leaderless") as v:
        p = t.attach(v.pid)
        t.let_go(p, v.pid)
        p = t.attach(v.pid)
        v.end()
        p.wait(PATIENCE)
        check("exit 0" in p.text(), "its exit:\n" + p.text())


def attach_leader_leaves(t):
    """a leader that exits while it is traced, before its threads: they are let go all the same, and run on"""
    with t.victim("leaves", b"here\n") as v:
        p = t.attach(v.pid)
        os.write(v.process.stdin.fileno(), b"x")
        equal(v.process.stdout.readline(), b"ready\n", "its thread's first word")
        t.let_go(p, v.pid)
        equal(v.end(), "fine\n", "its last word")
    for options in (), ("--no-seccomp",):
        p = t.start(*options, "--", "sh", "-c", "trap '' TERM; exec \"$0\" leaves", t.args.victim, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        equal(p.stdout.readline(), b"here\n", "the command's first word")
        os.write(p.stdin.fileno(), b"x")
        equal(p.stdout.readline(), b"ready\n", "its thread's first word")
        p.send_signal(signal.SIGTERM)
        p.wait(PATIENCE)
        check("FINAL" in p.text(), "no summary")
        p.stdin.close()
        equal(p.stdout.read(), b"fine\n", "its last word")


def attach_ends_meanwhile(t):
    """a process that ends between its seizing and the look at it: its exit is reported, whether its leader had gone before or not"""
    need("strace")
    if t.args.backend == "bpf":
        raise Skip("no ptrace call to hold up")
    slow = t.scratch / "slow"
    for way, seizing in ("busy", 1), ("leaderless", 2):
        slow.write_text(f"#!/bin/sh\nexec strace -f -o /dev/null -e trace=ptrace -e inject=ptrace:delay_exit=1000000:when={seizing} "
                        f"{' '.join(NO_LEAK_CHECK)} {t.args.compendium} \"$@\"\n")
        slow.chmod(0o755)
        with t.victim(way) as v:
            p = t.start("-p", v.pid, program=slow)
            eventually(lambda: p.poll() is not None or not untraced(v.pid), "its tracer")
            v.end()
            p.wait(PATIENCE)
            check("exit 0" in p.text(), f"{way}: its exit:\n" + p.text() + p.said())


def attach_descendants(t):
    """--descendants takes the living children and theirs; without it, only the one named"""
    with t.victim("family") as v:
        p = t.attach(v.pid)
        kids = [int(k) for k in pathlib.Path(f"/proc/{v.pid}/task/{v.pid}/children").read_text().split()]
        equal(len(kids), 3, "children")
        for k in kids:
            check(not t.traces(p, k), f"{k} is traced, too")
        t.let_go(p, v.pid)
        p = t.attach(v.pid, "--descendants")
        grand = eventually(lambda: [int(g) for k in kids for g in pathlib.Path(f"/proc/{k}/task/{k}/children").read_text().split()], "a grandchild")
        equal(len(grand), 1, "grandchildren")
        for k in kids + grand:
            eventually(lambda: t.traces(p, k), f"tracer of {k}")
        v.end()
        p.wait(PATIENCE)
        equal(p.text().count("/victim/relative ENOENT"), 3, "calls of the relatives")


def attach_namespace(t):
    """a process whose children are in another pid namespace, with or without a process in there: pids are ours, not theirs"""
    need_root()
    for way in "unshared", "inhabited":
        with t.victim(way) as v:
            p = t.attach(v.pid, "--descendants")
            if way == "inhabited":
                init = int(pathlib.Path(f"/proc/{v.pid}/task/{v.pid}/children").read_text())
                eventually(lambda: t.traces(p, init), "the first process in there")
            v.end()
            p.wait(PATIENCE)
            text = p.text()
            killed = re.findall(r"\[(\d+)\] killed by SIGTERM", text)
            equal(len(killed), 2, "those that were killed in\n" + text)
            for pid in killed:
                parent = re.search(rf"\[(\d+)\] fork → {pid}$", text, re.M)
                check(parent, f"no birth of {pid}:\n{text}")
                check(f"[{parent[1]}] kill SIGTERM → {pid}\n" in text, f"{pid} is not who was sent the signal:\n{text}")
                check(f"[{pid}] signal SIGTERM from pid {parent[1]}\n" in text, f"{parent[1]} is not who sent it:\n{text}")


def attach_chrooted(t):
    """a chrooted process: what it has open and what it opens are called alike, as it calls them itself"""
    need_root()
    jail = t.scratch / "jail"
    (jail / "sub").mkdir(parents=True)
    (t.scratch / "outside").write_text("o" * 30)
    code = ("import os, sys\n"
            "jail, outside = sys.argv[1:]\n"
            "o = os.open(outside, os.O_RDONLY)\n"
            "os.chroot(jail); os.chdir('/sub')\n"
            "f = os.open('/data', os.O_RDWR | os.O_CREAT); os.write(f, b'x' * 100)\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "os.write(f, b'y' * 20)\n"
            "g = os.open('/data', os.O_RDONLY); os.read(g, 7)\n"
            "h = os.open('mine', os.O_WRONLY | os.O_CREAT); os.write(h, b'z' * 3)\n"
            "os.read(o, 30)\n")
    with subprocess.Popen([sys.executable, "-ISc", code, jail, t.scratch / "outside"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as v:
        equal(v.stdout.readline(), b"ready\n", "its first word")
        p = t.attach(v.pid, "--json", t.scratch / "rows")
        v.communicate(b"\n", timeout=PATIENCE)
        p.wait(PATIENCE)
    text = p.text()
    rows = text[text.index(" Top files"):]
    worded = {f"{t.scratch}/outside (outside its root)"}
    lines = [json.loads(line) for line in (t.scratch / "rows").read_text().splitlines()]
    equal({row[key] for row in lines for key in ("name", "path") if "outside" in str(row.get(key))}, worded, "what rows call it")
    check(re.search(rf"\] read .*{re.escape(*worded)}$", text, re.M), "no line:\n" + text)
    check(re.search(r"^ +7 B +20 B +/data$", rows, re.M), "one row for /data:\n" + rows)
    check(re.search(r"^ +0 B +3 B +/sub/mine$", rows, re.M), "/sub/mine:\n" + rows)
    check(re.search(rf"^ +30 B +0 B +{re.escape(str(t.scratch))}/outside \(outside its root\)$", rows, re.M), "what is outside:\n" + rows)
    check(f"{jail}/" not in rows, "names from outside:\n" + rows)


def attach_several(t):
    """several pids at once"""
    with t.victim("busy") as a, t.victim("busy") as b:
        p = t.start("-p", a.pid, "-p", b.pid)
        eventually(lambda: all(f"[{v.pid}] access /victim/here" in p.text() for v in (a, b)), "calls of both")
        both = f"pid {a.pid} (victim), pid {b.pid} (victim)"
        check(p.text().startswith(f"compendium: tracing {both} ({t.args.backend})\n"), p.text()[:200])
        a.end()
        p.send_signal(signal.SIGINT)
        p.wait(PATIENCE)
        check(untraced(b.pid), "the other is still traced")
        check(f" FINAL: {both} (" in p.text(), "the title: " + p.text()[-3000:])
        check(re.search(r"Mmap: +[\d.]+ [KM]B \([\d.]+ [KM]B when attached, \+", p.text()), "what was mapped: " + p.text()[-3000:])
        b.end()


def attach_twice(t):
    """a process that is traced already: ptrace names the tracer and touches nothing, bpf traces it, too"""
    with t.victim("busy") as v:
        first = t.start("--backend", "ptrace", "-p", v.pid)
        eventually(lambda: status(v.pid, "TracerPid") == str(first.pid), "a tracer")
        second = t.start("-p", v.pid, stderr=subprocess.PIPE)
        if t.args.backend == "bpf":
            eventually(lambda: "/victim/here" in second.text(), "its calls")
            t.let_go(second, first.pid)
        _, err = second.communicate(timeout=PATIENCE)
        if t.args.backend != "bpf":
            check(second.returncode == 125 and f"traced already, by process {first.pid}".encode() in err, err)
        t.let_go(first, v.pid)
        v.end()


def attach_ended(t):
    """a zombie, and a /proc that is not there, are reported as such; a zombie whose threads live can be traced"""
    p = subprocess.Popen(["true"])
    try:
        eventually(lambda: (status(p.pid, "State") or "").startswith("Z"), "a zombie")
        tracer = t.start("-p", p.pid)
        equal(tracer.wait(PATIENCE), 125, "the exit status")
        check(f"process {p.pid} has ended already and is a zombie until its parent (process {os.getpid()}) waits for it" in tracer.said(), tracer.said())
    finally:
        p.wait()
    if os.geteuid() != 0:
        raise Skip("the rest needs root, for a mount namespace")
    for script, said in ((f"mount -t tmpfs none /proc && exec {t.args.compendium} --backend {t.args.backend} -p $$", "processes cannot be found without it"),
                         (f"mount -t tmpfs none /proc && exec {t.args.compendium} --backend {t.args.backend} -- echo well", "inherited descriptors, mappings, and names")):
        r = subprocess.run(["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        if b"unshare:" in r.stderr or b"mount:" in r.stderr:
            raise Skip("no mount namespace here")
        check(b"/proc is not mounted here" in r.stderr and said.encode() in r.stderr, r.stderr[:500])
        if b"LeakSanitizer has encountered a fatal error" in r.stderr:     # it reads its options and more from /proc
            raise Skip("a sanitizer needs /proc to end with the program's own status")
        equal((r.returncode, r.stdout), (0, b"well\n") if "echo" in script else (125, b""), script)


def attach_refused(t):
    """what cannot be attached to says why"""
    gone = t.start("-p", 4194303, stderr=subprocess.PIPE)
    _, err = gone.communicate(timeout=PATIENCE)
    check(gone.returncode == 125 and b"no process" in err, err)
    kernel = t.start("-p", 2, stderr=subprocess.PIPE)
    _, err = kernel.communicate(timeout=PATIENCE)
    check(kernel.returncode == 125 and (b"kernel thread" in err or b"no process" in err or b"another user" in err), err)


def attach_redis(t):
    """100 rounds, 25 of a sanitized tracer or with BPF, on redis-server under redis-benchmark: no client error"""
    need("redis-server", "redis-benchmark", "redis-cli")
    sock = str(t.scratch / "redis.sock")
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--appendonly", "no", "--io-threads", "2"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=t.scratch)
    load = None
    try:
        eventually(lambda: os.path.exists(sock), "redis's socket")
        # into a file: it tells how far it is four times a second, and a pipe is full after some minutes
        with open(t.scratch / "benchmark", "wb") as told:
            load = subprocess.Popen(["redis-benchmark", "-s", sock, "-t", "set,get", "-n", "100000000", "-c", "20", "-q"],
                                    stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT)
        saw = 0
        for i in rounds(100, t):
            p = t.attach(server.pid)
            if i % 10 == 0:
                try:
                    eventually(lambda: re.search(r"(recv|send) ", p.text()), "its traffic")
                except AssertionError as error:
                    raise AssertionError(f"{error}; round {i}, compendium says {p.said()[-500:]}{p.text()[-1500:]}") from None
                saw += 1
            t.let_go(p, server.pid)
            check(server.poll() is None and load.poll() is None, "one of them ended")
            t.clean()
            t.started.clear()
        done = subprocess.run(["redis-cli", "-s", sock, "ping"], stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
        equal(done.stdout, b"PONG\n", "redis answers")
        load.send_signal(signal.SIGTERM)
        load.wait(PATIENCE)
        out = (t.scratch / "benchmark").read_bytes()
        check(b"rps" in out and b"rror" not in out, out[-500:])
        equal(saw, len(rounds(100, t)[::10]), "rounds with traffic")
    finally:
        for p in (load, server):
            if p and p.poll() is None:
                p.terminate()
                p.wait(PATIENCE)


GROUPS = {
    "attach": [attach_threads, attach_births, attach_waits, attach_killed, attach_stopped, attach_vfork, attach_leaderless, attach_leader_leaves,
               attach_ends_meanwhile, attach_descendants, attach_namespace, attach_chrooted, attach_several, attach_twice, attach_refused, attach_ended],
    "redis": [attach_redis],
}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
