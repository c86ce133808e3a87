#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Live tests: attaching and letting go, ends at any moment, job control, other tracers, real programs.

usage: live.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] GROUP [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from harness import PATIENCE, Skip, check, equal, eventually, main, need, need_root, rounds, status, untraced  # noqa: E402

# ---- attaching ----

def attach_threads(t):
    """100 rounds, 25 of a sanitized tracer, on a program that makes threads and processes all the time"""
    with t.victim("threads") as v:
        for i in rounds(100):
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
    """30 rounds, attached to in the middle of clone: of one thread or another the end is reported before the birth"""
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
    """waits of every kind go on after 40 rounds, 10 of a sanitized tracer: no EINTR, no thread woken"""
    with t.victim("waits") as v:
        for _ in rounds(40):
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
    """100 rounds, 25 of a sanitized tracer, on redis-server under redis-benchmark: no client error"""
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
        for i in rounds(100):
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
        equal(saw, len(rounds(100)[::10]), "rounds with traffic")
    finally:
        for p in (load, server):
            if p and p.poll() is None:
                p.terminate()
                p.wait(PATIENCE)


# ---- ends at any moment ----

STORM = r"""
import os, threading, sys
def spin():
    while True:
        pid = os.fork()
        if pid == 0:
            os.close(os.open('/dev/null', os.O_RDONLY))
            os._exit(3)
        os.waitpid(pid, 0)
        t = threading.Thread(target=lambda: os.stat('/')); t.start(); t.join()
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
sys.stdout.write('go\n'); sys.stdout.flush()
spin()
"""


def kill_command(t):
    """SIGKILL to a program that forks and makes threads: compendium tells it, sums up, ends"""
    rng = random.Random(1)
    for i in range(25):
        options = [(), ("--no-seccomp",), ("-v",)][i % 3]
        p = t.start(*options, "--", sys.executable, "-c", STORM, stdout=subprocess.PIPE)
        equal(p.stdout.readline(), b"go\n", "its first word")
        pid = int(pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()[0])
        time.sleep(rng.random() / 20)
        os.kill(pid, signal.SIGKILL)
        p.stdout.read()
        p.wait(PATIENCE)
        equal(p.returncode, -signal.SIGKILL, "compendium ends as its command did")
        check("killed by SIGKILL" in p.text() and "FINAL" in p.text(), f"round {i}: " + p.text()[-2000:])
        check("could not be read" not in p.text(), "bad records")


def kill_attached(t):
    """SIGKILL to a process that is attached to"""
    for _ in range(10):
        with t.victim("threads") as v:
            p = t.attach(v.pid)
            time.sleep(random.random() / 50)
            v.process.kill()
            v.process.wait()
            p.wait(PATIENCE)
            equal(p.returncode, 0, "compendium's exit status")
            check("killed by SIGKILL" in p.text(), p.text()[-1500:])


def kill_compendium(t):
    """SIGKILL to compendium takes its command with it: nothing is left"""
    for options in ((), ("--no-seccomp",)):
        p = t.start(*options, "--", sys.executable, "-c", STORM, stdout=subprocess.PIPE)
        equal(p.stdout.readline(), b"go\n", "its first word")
        pid = int(pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()[0])
        p.kill()
        p.wait()
        eventually(lambda: not os.path.exists(f"/proc/{pid}") or status(pid, "State")[0] in "ZX", "the command's end")


def left_behind(t):
    """a daemon that outlives the command is let go, and works on"""
    mark = t.scratch / "alive"
    script = f"setsid sh -c 'while :; do date > {mark}; ls / > /dev/null || echo bad >> {mark}.err; sleep 0.05; done' </dev/null >/dev/null 2>&1 & echo $$ $!"
    p = t.start("--", "sh", "-c", script, stdout=subprocess.PIPE)
    command, out = map(int, p.stdout.readline().split())
    try:
        eventually(mark.exists, "its first sign of life")
        # until then an interrupt is the command's
        eventually(lambda: f"[{command}] exit 0" in p.text(), "the command's end")
        p.send_signal(signal.SIGINT)
        p.wait(PATIENCE)
        equal(p.returncode, 0, "compendium's exit status")
        mark.unlink(missing_ok=True)
        eventually(mark.exists, "life after letting go")
        check(not pathlib.Path(f"{mark}.err").exists(), "its commands fail now")
    finally:
        with contextlib.suppress(OSError):
            os.killpg(out, signal.SIGKILL)
        for k in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if k.isdigit() and str(mark) in pathlib.Path(f"/proc/{k}/cmdline").read_text(errors="replace"):
                    os.kill(int(k), signal.SIGKILL)


def term_ignored(t):
    """a command that ignores SIGTERM is let go, threads, waits and all, and works on"""
    script = t.scratch / "stubborn.py"
    script.write_text("""
import os, signal, sys, threading, time
seen = []
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCONT, lambda *a: seen.append('SIGCONT'))
def work():
    while True:
        with open('/etc/hostname') as f: f.read()
        time.sleep(0.002)
for _ in range(3): threading.Thread(target=work, daemon=True).start()
os.write(1, b'go\\n')
sys.stdin.read()
for _ in range(20):
    pid = os.fork()
    if pid == 0: os._exit(len(os.listdir('/')) and 5)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
os.write(1, b'fine\\n' if not seen else b'saw SIGCONT\\n')
os._exit(0)
""")
    for _ in range(5):
        p = t.start("--", sys.executable, str(script), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        equal(p.stdout.readline(), b"go\n", "its first word")
        p.send_signal(signal.SIGTERM)
        p.wait(PATIENCE)
        check("FINAL" in p.text(), "no summary")
        p.stdin.close()
        equal(p.stdout.read(), b"fine\n", "its last word")


@contextlib.contextmanager
def stubborn(t, script):
    """A command that ignores SIGTERM, and of which nothing is left afterwards."""
    p = t.start("--", "sh", "-c", 'trap "" TERM; ' + script, t.args.victim, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield p
    finally:
        with contextlib.suppress(OSError):
            os.killpg(p.pid, signal.SIGKILL)


def second_signal(t):
    """while letting go waits for a child in vfork nothing stands still, and a second signal ends it all"""
    with stubborn(t, 'sleep 100 & echo $!; exec "$0" vfork') as p:
        bystander = int(p.stdout.readline())
        equal(p.stdout.readline(), b"ready\n", "its first word")
        p.send_signal(signal.SIGTERM)
        if t.args.backend == "bpf":     # has nothing to wait for
            p.wait(PATIENCE)
            equal(status(bystander, "State")[0], "S", "the bystander")
            return
        for _ in range(20):     # it would stand still for as long as the vfork lasts
            time.sleep(0.02)
            check(status(bystander, "State")[0] != "T", "a bystander is stopped")
        check(p.poll() is None, "it did not wait")
        p.send_signal(signal.SIGINT)
        p.wait(PATIENCE)
        equal(p.returncode, -signal.SIGKILL, "how it ended")
        check("FINAL" in p.text(), "no summary")
        eventually(lambda: status(bystander, "State") in (None, "Z (zombie)"), "the bystander's end")


def held_in_vfork(t):
    """what is let go may be waiting in vfork for a child that has not called exec yet"""
    for _ in range(3):
        with stubborn(t, 'exec "$0" vforks') as p:
            equal(p.stdout.readline(), b"ready\n", "its first word")
            p.send_signal(signal.SIGTERM)
            p.wait(PATIENCE)
            check("FINAL" in p.text(), "no summary")
            p.stdin.close()
            equal(p.stdout.read(), b"fine\n", "its last word")


# ---- other tracers, privileges ----

def same(t, *command, options=(), ok=None, filter_out=lambda b: b, env=None):
    """Exit status and output of a command, traced as untraced."""
    plain = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                           cwd=t.scratch, env=env)
    rc, out, _, text = t.run(*command, options=options, cwd=t.scratch, env=env)
    equal((rc, filter_out(out)), (plain.returncode, filter_out(plain.stdout)), " ".join(command)[:60])
    if ok is not None:
        equal(rc, ok, "its exit status")
    return text


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


# LeakSanitizer ends a traced program with an error of its own.
NO_LEAK_CHECK = ["env", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"]


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


# ---- job control ----

class Tmux:
    def __init__(self, t):
        self.socket = str(t.scratch / "tmux")
        env = {**os.environ, "PS1": "$ ", "HISTFILE": "", "TERM": "xterm", "SHELL": "/bin/sh"}  # the shell of user nobody is nologin
        self.go("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50", "bash --norc --noprofile -i", env=env)
        self.say("PS1='pr''ompt> '; set +o histexpand; stty -tostop")
        self.wait(r"^prompt>")

    def go(self, *words, env=None):
        return subprocess.run(["tmux", "-S", self.socket, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=True, env=env).stdout.decode(errors="replace")

    def say(self, line):
        self.go("send-keys", "-l", line)
        self.key("Enter")

    def key(self, *keys):
        self.go("send-keys", *keys)

    def screen(self):
        return self.go("capture-pane", "-p", "-J", "-S", "-200").rstrip()

    def wait(self, pattern):
        try:
            return eventually(lambda: re.search(pattern, self.screen(), re.M), pattern, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def end(self):
        with contextlib.suppress(subprocess.SubprocessError):
            self.go("kill-server")


# by bash: between its vfork and the exec of sleep dash cannot stop, traced or not, and the shell would wait for ever
COUNTER = "i=0; while sleep 0.05; do i=$((i+1)); echo $i > count; done"


def job_control(t):
    """bash in tmux: Ctrl-Z, jobs, bg, fg, Ctrl-C of a traced command"""
    need("tmux", "bash")
    tmux = Tmux(t)
    count = t.scratch / "count"

    def runs():
        before = count.read_text()
        return eventually(lambda: count.read_text() not in (before, ""), "it runs", 60)

    def stands():
        time.sleep(0.3)
        before = count.read_text()
        time.sleep(0.5)
        equal(count.read_text(), before, "a stopped program's counter")

    try:
        tmux.say(f"cd {t.scratch}")
        (t.scratch / "counter").write_text(COUNTER)
        tmux.say(f"{t.args.compendium} --backend {t.args.backend} -o trace -- bash ./counter 2>/dev/null; echo status=$?")
        eventually(count.exists, "the counter", 60)
        runs()
        tmux.key("C-z")
        tmux.wait(r"Stopped")
        stands()
        tmux.say("clear; jobs")
        tmux.wait(r"\[1\].*Stopped")
        tmux.say("bg")
        runs()
        tmux.say("clear; jobs")
        tmux.wait(r"\[1\].*Running")
        tmux.say("fg")
        runs()
        tmux.key("C-z")
        tmux.wait(r"Stopped")
        stands()
        tmux.say("clear; fg")
        runs()
        tmux.key("C-c")
        stands()
        tmux.say("echo status=$?")
        tmux.wait(r"status=130")
        trace = (t.scratch / "trace").read_text()
        check("stop by SIGTSTP" in trace and "continue" in trace and "killed by SIGINT" in trace, trace[-1500:])
        # dash forks with vfork: its child may be the only one that can stop
        tmux.say(f"clear; {t.args.compendium} --backend ptrace -- {t.args.victim} vfork_stop 2>/dev/null; echo vfork=$?")
        tmux.wait(r"Stopped")
        tmux.say("fg; echo ended=$?")
        tmux.wait(r"ended=0")
        # a shell with job control of its own inside
        tmux.say(f"clear; {t.args.compendium} --backend {t.args.backend} -- bash --norc --noprofile -i 2>/dev/null")
        tmux.say("PS1='in''ner> '")
        time.sleep(0.5)
        tmux.say("bash ./counter")
        runs()
        tmux.key("C-z")
        stands()
        tmux.say("bg")
        runs()
        tmux.say("fg")
        runs()
        tmux.key("C-c")
        stands()
        tmux.say("exit 7")
        tmux.say("echo outer=$?")
        tmux.wait(r"outer=(7|130)")
    finally:
        tmux.end()


# ---- real programs behave the same ----

def real_programs(t):
    """the same results traced and untraced"""
    work = t.scratch / "work"
    work.mkdir()
    (work / "a.c").write_text('#include <stdio.h>\nint main(void) { puts("hi"); return 4; }\n')
    (work / "Makefile").write_text("all: a\n\t./a; test $$? = 4\na: a.c\n\t$(CC) -o a a.c\n")
    (work / "t.py").write_text("import subprocess,threading,os\nr=[]\nts=[threading.Thread(target=r.append,args=(i,)) for i in range(9)]\n"
                               "[x.start() for x in ts];[x.join() for x in ts]\nprint(sorted(r), subprocess.run(['sh','-c','exit 3']).returncode)\n"
                               "p=os.popen('echo sub'); print(p.read())\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    commands = [
        ("sh", "-c", "exit 3"), ("sh", "-c", "kill -TERM $$"), ("bash", "-c", "set -m; sleep 0.1 & wait; echo done; trap 'echo t' USR1; kill -USR1 $$; wait"),
        ("bash", "-c", "coproc cat; echo hi >&${COPROC[1]}; read x <&${COPROC[0]}; echo $x; kill $COPROC_PID"),
        ("sh", "-c", "ulimit -c 0; kill -SEGV $$"), ("timeout", "0.2", "sleep", "9"), ("sh", "-c", "yes | head -3"),
        (sys.executable, "work/t.py"), ("perl", "-e", "print join(',', map { $_ * 2 } 1..5), qq(\\n); exit 9"),
        ("sh", "-c", "cd work && make -s -j2 && rm -f a"), ("tar", "-C", "work", "-cf", "-", "a.c", "--sort=name"),
        ("sh", "-c", "cd work && git init -q . && git add a.c && git -c user.name=a -c user.email=b commit -qm x && git log --format=%s && rm -rf .git"),
        ("sh", "-c", "seq 1000 | sort -R | sort -n | md5sum"), ("xargs", "-P2", "-n1", "echo"), ("find", "work", "-name", "*.c"),
        ("env", "-i", "sh", "-c", "echo ${FOO-unset}"), ("nice", "-n5", "nice"), ("nohup", "sh", "-c", "echo x"),
    ]
    for command in commands:
        if not shutil.which(command[0]):
            continue
        for options in ((), ("--no-seccomp",), ("-v",)):
            same(t, *command, options=options, env=env)


def python_tests(t, *names):
    command = [sys.executable, "-m", "test", "--timeout", "100", "-w"]
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C.UTF-8", "TMPDIR": str(t.scratch)}
    there = subprocess.run([sys.executable, "-c", "import test.test_os"], stderr=subprocess.DEVNULL, check=False)
    if there.returncode:
        raise Skip("this Python comes without its tests")

    def outcome(out):
        return sorted(re.findall(rb"^(\w+) (?:failed|skipped|crashed)", out, re.M))

    for name in names:
        plain = subprocess.run([*command, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=5 * PATIENCE,
                               check=False, cwd=t.scratch, env=env)
        p = t.start("--", *command, name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=t.scratch, env=env)
        out, _ = p.communicate(timeout=5 * PATIENCE)
        equal((p.returncode, outcome(out)), (plain.returncode, outcome(plain.stdout)), name + "\n" + out.decode(errors="replace")[-3000:])
        check(" FINAL: " in p.text(), f"{name}: no summary")


def python_quick(t):
    """Python's own tests of files, descriptors, processes and polling come out as untraced"""
    python_tests(t, "test_os", "test_fcntl", "test_mmap", "test_poll", "test_epoll", "test_posix")


def python_long(t):
    """Python's own tests of subprocesses, signals and selectors come out as untraced"""
    python_tests(t, "test_subprocess", "test_signal", "test_selectors")


def git_and_redis(t):
    """a repository with a merge, a rebase and a repack; a server with its own benchmark: as untraced"""
    need("git")
    env = {"PATH": os.environ["PATH"], "HOME": str(t.scratch), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
           "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    script = ("rm -rf r && git init -q -b main r && cd r && git config user.name a && git config user.email b && for i in 1 2 3; do echo $i > f$i; git add f$i; "
              "git commit -qm $i; done && git checkout -q -b side HEAD~1 && echo x > s && git add s && git commit -qm s && git checkout -q main && "
              "git merge -q --no-edit side && git checkout -q side && git rebase -q main && git gc -q && git fsck && git log --format=%H%s --graph && cd .. && rm -rf r")
    same(t, "sh", "-c", script, ok=0, env=env)
    need("redis-server", "redis-benchmark", "redis-cli")
    script = ("redis-server --port 0 --unixsocket $PWD/s --save '' --appendonly yes --daemonize no > log & for i in $(seq 100); do test -S s && break; sleep 0.05; done; "
              "redis-benchmark -s s -n 2000 -c 5 -q -t ping,set,get,lpush,incr > /dev/null && for i in 1 2 3; do redis-cli -s s incr n; done; redis-cli -s s dbsize; "
              "redis-cli -s s bgrewriteaof; redis-cli -s s shutdown nosave; wait; echo $?; rm -rf s log appendonlydir")
    same(t, "sh", "-c", script, ok=0, env={**env, "PWD": str(t.scratch)})


def turns(t):
    """64 threads that do nothing but stop: none is kept waiting while others have hundreds of turns"""
    if t.args.backend == "bpf":
        raise Skip("BPF stops no thread")
    status, _, err, _ = t.run(t.args.victim, "turns", options=("-q", "-e", "sched_getparam"))
    equal(status, 0, err.decode(errors="replace")[:200])


GROUPS = {
    "attach": [attach_threads, attach_births, attach_waits, attach_killed, attach_stopped, attach_vfork, attach_leaderless, attach_leader_leaves,
               attach_ends_meanwhile, attach_descendants, attach_namespace, attach_chrooted, attach_several, attach_twice, attach_refused, attach_ended],
    "redis": [attach_redis],
    "ends": [kill_command, kill_attached, kill_compendium, left_behind, term_ignored, held_in_vfork, second_signal],
    "tracers": [setuid, setuid_program, gdb_inside, strace_inside, strace_outside, compendium_inside],
    "jobs": [job_control],
    "programs": [real_programs, git_and_redis, turns],
    "selftests": [python_quick],
    "selftests-long": [python_long],
}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
