#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a running program waits in is printed at once, and again at the end.  /proc/PID/syscall is the judge.

usage: waiting.py --compendium FILE [--backend B] waiting [TEST…]
"""
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from harness import PATIENCE, Skip, check, equal, eventually, main, need_root, status

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

# name → (program, how the call reads).  The number in /proc/PID/syscall is that of the name on x86-64.
NUMBERS = {"read": 0, "write": 1, "poll": 7, "select": 23, "pselect6": 270, "recvfrom": 45, "wait4": 61, "flock": 73, "fcntl": 72, "rt_sigtimedwait": 128,
           "futex": 202, "clock_nanosleep": 230, "epoll_wait": 232, "openat": 257, "accept4": 288, "connect": 42, "pause": 34, "msgrcv": 70, "waitid": 247}
WAITS = {
    "poll": ("r, w = os.pipe(); p = select.poll(); p.register(r, 1); p.poll()", r"poll\(\[\{fd=(\d+).*, events=POLLIN.*\], 1, -1\) for \1<pipe:\[\d+\]>"),
    "read": ("r, w = os.pipe(); os.read(r, 1)", r"read\(\d+<pipe:\[\d+\]>, 0x\w+, 1\)"),
    "write": ("r, w = os.pipe()\nwhile True: os.write(w, b'x' * 4096)", r"write\(\d+<pipe:\[\d+\]>, .*4096\)"),
    "select": ("r, w = os.pipe(); select.select([r], [], [])", r"p?select6?\(.*\) for \d+<pipe:\[\d+\]>"),
    "flock": ("f = open('lock'); fcntl.flock(f, 2)", r"flock\(\d+<.*/lock>, LOCK_EX\), held by process HOLDER \(\w+\)"),
    "fcntl": ("f = open('lock2', 'r+'); fcntl.lockf(f, 2)", r"fcntl\(\d+<.*/lock2>, F_SETLKW, .*\), held by process HOLDER \(\w+\)"),
    "wait4": ("p = os.fork()\nif p == 0: time.sleep(100)\nelse: os.waitpid(p, 0)", r"wait4\(\d+, .*\)"),
    "futex": ("import threading; l = threading.Lock(); l.acquire(); l.acquire()", r"futex\(0x\w+, FUTEX_WAIT_BITSET.*\)"),
    "clock_nanosleep": ("time.sleep(100)", r"clock_nanosleep\(CLOCK_MONOTONIC, .*\)"),
    "recvfrom": ("a, b = socket.socketpair(); a.recv(1)", r"recvfrom\(\d+<unix.*>, 0x\w+, 1, .*\)"),
    "epoll_wait": ("r, w = os.pipe(); e = select.epoll(); e.register(r, 1); e.poll()", r"epoll_p?wait\(\d+<[^>]*>, .*\) for \d+<pipe:\[\d+\]>"),
    "accept4": ("s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()", r"accept4\(\d+<tcp4 127\.0\.0\.1:\d+>, .*\)"),
    "openat": ("os.mkfifo('fifo'); os.open(os.getcwd() + '/fifo', 0)", r'openat\(AT_FDCWD, ".*/fifo", .*\)'),
    "rt_sigtimedwait": ("signal.pthread_sigmask(0, [10]); signal.sigwait([10])", r"rt_sigtimedwait\(.*\)"),
    "waitid": ("p = os.fork()\nif p == 0: time.sleep(100)\nelse: os.waitid(os.P_ALL, 0, os.WEXITED)", r"waitid\(P_ALL, .*\)"),
}
IMPORTS = "import fcntl, os, select, signal, socket, sys, time\n"


def in_call(pid, tid=None):
    try:
        word = pathlib.Path(f"/proc/{pid}/task/{tid or pid}/syscall").read_text(encoding="ascii").split()[0]
    except OSError:
        return None
    return int(word) if word.lstrip("-").isdigit() else word


def state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def asleep_threads(pid):
    """How many of its threads are in clock_nanosleep."""
    calls = [path.read_text().split()[0] for path in pathlib.Path(f"/proc/{pid}/task").glob("*/syscall")]
    return calls.count("230")


def asleep_in(pid, name):
    """In that call, and past what comes before it (imports)."""
    numbers = {NUMBERS[name]} | ({NUMBERS["pselect6"]} if name == "select" else set()) | ({281} if name == "epoll_wait" else set())
    return in_call(pid) in numbers and pathlib.Path(f"/proc/{pid}/fd/9").exists()


@contextlib.contextmanager
def program(t, text, **more):
    """It says that its wait is next by opening descriptor 9."""
    lines = text.split("\n")
    head, _, last = lines[0].rpartition("; ") if len(lines) == 1 else (lines[0], None, "\n".join(lines[1:]))
    body = IMPORTS + (head + "\n" if head else "") + "os.dup2(os.open('/dev/null', 0), 9)\n" + last
    p = subprocess.Popen([sys.executable, "-S", "-E", "-c", body], cwd=t.scratch, stdin=subprocess.DEVNULL, start_new_session=True, **more)
    try:
        yield p
    finally:
        with contextlib.suppress(OSError):
            os.killpg(p.pid, signal.SIGKILL)
        p.wait()


@contextlib.contextmanager
def lock_holder(t):
    for name in ("lock", "lock2"):
        (t.scratch / name).touch()
    holder = ("import fcntl, time\nf = open('lock'); fcntl.flock(f, 2); g = open('lock2', 'r+'); fcntl.lockf(g, 2)\nprint('held', flush=True); time.sleep(1000)\n")
    p = subprocess.Popen([sys.executable, "-S", "-E", "-c", holder], cwd=t.scratch, stdout=subprocess.PIPE)
    equal(p.stdout.readline(), b"held\n", "the holder's first word")
    try:
        yield p.pid
    finally:
        p.kill()
        p.wait()
        p.stdout.close()


def line_of(text, begin, what):
    return re.search(rf"^\[\+[\d.]+s\] (?:\[\d+\] )?{begin}{what}, [\d.]+(?:ns|µs|ms|s|m .*) so far$", text, re.M)


def named(t, options):
    with lock_holder(t) as holder:
        for name, (text, how) in WAITS.items():
            how = how.replace("HOLDER", str(holder))
            with program(t, text) as v:
                eventually(lambda v=v, name=name: asleep_in(v.pid, name), f"{name}: the wait")
                time.sleep(0.05)
                p = t.attach(v.pid, *options)
                eventually(lambda p=p: "waiting" in p.text(), f"{name}: the first word, not {p.text()}")
                check(line_of(p.text(), "waiting in ", how), f"{name}, at once: {p.text()}")
                eventually(lambda v=v: state(v.pid) == "S", f"{name}: it is back in its wait")
                t.let_go(p, v.pid)
                how = re.sub(r", held by.*| for .*", "", how)
                again = p.text()
                check(line_of(again, "still in ", how) or re.search(rf"^\[.*\] {how} = \? <unfinished>  .* so far$", again, re.M), f"{name}, at the end: {again}")
                check("Time in calls (" in again, f"{name}, the heading: {again}")
                if "-v" in options:
                    check(re.search(rf"^ +1 .*  {name if name != 'select' else 'p?select6?'} \(1 still under way\)$", again, re.M), f"{name}, in the table: {again}")
                eventually(lambda v=v, name=name: asleep_in(v.pid, name) or in_call(v.pid) == 219, f"{name}: it goes on waiting", 20)
            for left in ("fifo",):
                (t.scratch / left).unlink(missing_ok=True)
        t.clean()
        t.started.clear()


def waits(t):
    """fifteen kinds of wait are named when attached to, with descriptor, path and who holds a lock, and again at the end"""
    named(t, [])


def waits_verbose(t):
    """likewise with -v; the table of times has them as still under way"""
    named(t, ["-v"])


def goes_on(t):
    """a call that was interrupted before is named by what it was, not restart_syscall; also while it is stopped"""
    texts = {"futex": "import threading; l = threading.Lock(); l.acquire(); l.acquire(timeout=100)",
             "relative sleep": "import ctypes; ctypes.CDLL(None).sleep(100)"}
    for kind in ("poll", "clock_nanosleep", "futex", "relative sleep"):
        name = "clock_nanosleep" if kind == "relative sleep" else kind
        text = texts.get(kind) or WAITS[kind][0]
        with program(t, text) as v:
            eventually(lambda v=v, name=name: asleep_in(v.pid, name), f"{name}: the wait")
            os.kill(v.pid, signal.SIGSTOP)
            eventually(lambda v=v: status(v.pid, "State").startswith("T"), "the stop")
            os.kill(v.pid, signal.SIGCONT)
            eventually(lambda v=v: status(v.pid, "State").startswith("S"), "the continue")
            if kind != "clock_nanosleep":       # an absolute sleep starts anew
                eventually(lambda v=v: in_call(v.pid) == 219, "restart_syscall")
            p = t.attach(v.pid, "-v")
            eventually(lambda p=p: "waiting" in p.text(), "the first word")
            os.kill(v.pid, signal.SIGSTOP)
            eventually(lambda p=p: "stop by" in p.text(), "the second stop")
            os.kill(v.pid, signal.SIGCONT)
            eventually(lambda p=p: "continue" in p.text(), "its end")
            time.sleep(0.1)
            t.let_go(p, v.pid)
            check(f"waiting in {name}(" in p.text(), p.text())
            check("restart_syscall" not in p.text().replace("= ? ERESTART_RESTARTBLOCK", ""), p.text())
            os.kill(v.pid, signal.SIGSTOP)
            eventually(lambda v=v: status(v.pid, "State").startswith("T"), "the third stop")
            p = t.attach(v.pid)
            eventually(lambda p=p: "stopped" in p.text(), "the first word of a stopped one")
            check(f"stopped in {name}(" in p.text(), p.text())
            t.let_go(p, v.pid)
            os.kill(v.pid, signal.SIGCONT)


def ends(t):
    """a call that was under way is there when it ends: with its result, and with the time from before"""
    for name, text, way, result in (
            ("poll", "r, w = os.pipe(); p = select.poll(); p.register(r, 1); p.poll(3000)", [], r"poll\(.*\) = 0 after (\d[\d.]*)s"),
            ("poll", "r, w = os.pipe(); p = select.poll(); p.register(r, 1); p.poll(3000)", ["-v"], r"poll\(.*\) = 0 (?:\(Timeout\) )? *(\d[\d.]*)s"),
            ("clock_nanosleep", "time.sleep(3)", [], r"clock_nanosleep\(.*\) = 0 after (\d[\d.]*)s"),
            ("wait4", "p = os.fork()\nif p == 0: time.sleep(3)\nelse: os.waitpid(p, 0)", [], r"wait4\(\d+, .*\) = \d+ after (\d[\d.]*)s")):
        with program(t, text) as v:
            eventually(lambda v=v, name=name: asleep_in(v.pid, name), f"{name}: the wait")
            time.sleep(0.5)
            p = t.attach(v.pid, *way)
            p.wait(PATIENCE)
            found = re.search(result, p.text())
            check(found and float(found[1]) > 2, f"{name}: its end in {p.text()}")


def recorded(t):
    """a recording tells the same; the report has the call as an event"""
    with program(t, WAITS["recvfrom"][0]) as v:
        eventually(lambda: asleep_in(v.pid, "recvfrom"), "the wait")
        rec, page = t.out().with_suffix(".cpd"), t.out().with_suffix(".html")
        p = t.attach(v.pid, f"--record={rec}", f"--report={page}")
        eventually(lambda: "waiting" in p.text(), "the first word")
        t.let_go(p, v.pid)
        for options in ([], ["-v"]):
            again = subprocess.run([t.args.compendium, f"--read={rec}", "-a", *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True).stderr.decode()
            check(line_of(again, "waiting in ", WAITS["recvfrom"][1]), again)
            if not options:
                equal([line for line in again.splitlines() if line.startswith("[+")], [line for line in p.text().splitlines() if line.startswith("[+")], "the replay")
        r = Report(page)
        names = [r.meta["types"][kind]["name"] for kind in r.columns["h"]["type"]]
        check("recvfrom" in names, f"events {names}")


def threads(t):
    """every thread has its line: waits, runs, and the lock of another thread"""
    text = ("import ctypes, threading; libc = ctypes.CDLL(None); m = ctypes.create_string_buffer(64)\n"
            "libc.pthread_mutex_lock(m)\n"
            "def spin():\n    while True: pass\n"
            "for f in (lambda: time.sleep(1000), lambda: libc.pthread_mutex_lock(m)): threading.Thread(target=f).start()\n"
            "time.sleep(0.3); os.dup2(os.open('/dev/null', 0), 9); libc.pause()\n")
    p = subprocess.Popen([sys.executable, "-S", "-E", "-c", IMPORTS + text], start_new_session=True)
    try:
        eventually(lambda: asleep_in(p.pid, "pause"), "the threads")
        c = t.attach(p.pid)
        eventually(lambda: c.text().count("waiting in") == 3, f"three waits in {c.text()}")
        for what in (rf"\[{p.pid}\] waiting in pause\(\)", r"waiting in clock_nanosleep\(", rf"waiting in futex\(.*\), held by thread {p.pid}, "):
            check(re.search(what, c.text()), f"{what} in {c.text()}")
        t.let_go(c, p.pid)
        equal(c.text().count("still in"), 3, "waits at the end")
    finally:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def no_call(t):
    """one that computes, and one that is stopped"""
    with program(t, "os.getpid()\nwhile True: pass") as v:
        eventually(lambda: pathlib.Path(f"/proc/{v.pid}/fd/9").exists() and in_call(v.pid) == "running", "the loop")
        p = t.attach(v.pid)
        eventually(lambda: re.search(r"running, outside any call$", p.text(), re.M), "that it runs")
        t.let_go(p, v.pid)
        check("still in" not in p.text(), p.text())
    with program(t, WAITS["read"][0]) as v:
        eventually(lambda: asleep_in(v.pid, "read"), "the wait")
        os.kill(v.pid, signal.SIGSTOP)
        eventually(lambda: status(v.pid, "State").startswith("T"), "the stop")
        p = t.attach(v.pid)
        eventually(lambda: re.search(r"stopped in read\(\d+<pipe:", p.text()), "that it is stopped")
        t.let_go(p, v.pid)


def fault(t):
    """one that waits for a page: in the kernel, outside any call"""
    need_root()
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(323, os.O_CLOEXEC)
    if fd < 0:
        raise Skip("no userfaultfd here")
    os.close(fd)
    text = ("import ctypes, mmap, struct; libc = ctypes.CDLL(None); u = libc.syscall(323, 0); a = bytearray(struct.pack('QQQ', 0xaa, 0, 0)); "
            "fcntl.ioctl(u, 0xc018aa3f, a); m = mmap.mmap(-1, 4096); at = ctypes.addressof(ctypes.c_char.from_buffer(m)); "
            "b = bytearray(struct.pack('QQQQ', at, 4096, 1, 0)); fcntl.ioctl(u, 0xc020aa00, b); ctypes.c_char.from_address(at).value")
    with program(t, text) as v:
        eventually(lambda: pathlib.Path(f"/proc/{v.pid}/fd/9").exists() and in_call(v.pid) == -1, "the fault")
        p = t.attach(v.pid)
        eventually(lambda: re.search(r"waiting in the kernel, outside any call: a page fault \(handle_userfault\)", p.text()), f"the fault in {p.text()}")
        p.send_signal(signal.SIGINT)
        os.kill(v.pid, signal.SIGKILL)
        p.wait(PATIENCE)


def kernel_threads(t):
    """a process ends with its status though io_uring's threads in it end after it; they are not its threads; a ring counts once"""
    for threads in (0, 3):
        status_, out, _, text = t.run(t.args.victim, "0.3", str(threads))
        if status_ == 77:
            raise Skip("no io_uring here")
        equal((status_, out), (7, b"ready\n"), "how it ended")
        check(re.search(r"^ +\d+ +[\d.]+(?:ms|s)  exit 7 ", text, re.M) and "runs on" not in text, text)
        check("Not captured: I/O through 2 io_urings" in text, text)
        for seconds, ended in (("4", True), ("100", False)):
            v = subprocess.Popen([t.args.victim, seconds, str(threads)], stdout=subprocess.PIPE)
            try:
                equal(v.stdout.readline(), b"ready\n", "its first word")
                # its threads may not have come to their sleep by then
                eventually(lambda v=v, n=threads: asleep_threads(v.pid) == n + 1, "its threads sleep")
                p = t.attach(v.pid)
                eventually(lambda p=p, n=threads: p.text().count("waiting in clock_nanosleep") == n + 1, f"its threads' waits in {p.text()}")
                if ended:
                    p.wait(PATIENCE)
                else:
                    t.let_go(p, v.pid)
                text = p.text()
                check("iou-" not in text, text)
                check(not threads or f"({threads + 1} threads)" in text, text)
                check("Not captured: I/O through 2 io_urings" in text, text)
                check(("exit 7 " in text) == ended and ("runs on" in text) == (not ended), text)
            finally:
                v.kill()
                v.wait()
                v.stdout.close()


def seconds(text):
    """A duration as lines have it."""
    found = re.search(r"waiting in pause\(\), ([\d.]+)(ns|µs|ms|s) so far$", text, re.M)
    check(found, text)
    return float(found[1]) * {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1}[found[2]]


def since(t):
    """since when: also where the scheduler's clocks of two CPUs have come apart, and the tracer is on the other one"""
    cpus = sorted(os.sched_getaffinity(0))
    try:
        for theirs in {cpus[0], cpus[-1]}:
            for ours in {cpus[0], cpus[-1]}:
                begun = time.monotonic()
                with program(t, f"os.sched_setaffinity(0, {{{theirs}}}); signal.pause()") as v:
                    eventually(lambda v=v: asleep_in(v.pid, "pause"), "the wait")
                    asleep = time.monotonic()
                    time.sleep(0.3)
                    os.sched_setaffinity(0, {ours})
                    tracing = time.monotonic()
                    p = t.attach(v.pid)
                    eventually(lambda p=p: "waiting in" in p.text(), "the wait's line")
                    said, now = seconds(p.text()), time.monotonic()
                    # that clock leaves out interrupts and what the host took: it can be short of the truth, not beyond it
                    check((tracing - asleep) / 2 < said < now - begun + 0.02,
                          f"on CPU {theirs}, from CPU {ours}: {said} s, not between {tracing - asleep} and {now - begun}")
                    os.sched_setaffinity(0, cpus)
                    t.let_go(p, v.pid)
    finally:
        os.sched_setaffinity(0, cpus)


if __name__ == "__main__":
    sys.exit(main(__doc__, {"waiting": [waits, waits_verbose, goes_on, ends, recorded, threads, no_call, fault, kernel_threads, since]}))
