#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends at any moment: of the traced program, of compendium, of both.

usage: ends.py --compendium PROGRAM [--victim PROGRAM] [--backend ptrace|bpf] ends [TEST...]

Prints TAP.  What a test needs and is not there is a skip with its reason.  Nothing is left behind: every process
started is ended by its number, every directory removed.
"""
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from harness import PATIENCE, check, equal, eventually, main, status


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


GROUPS = {"ends": [kill_command, kill_attached, kill_compendium, left_behind, term_ignored, held_in_vfork, second_signal]}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
