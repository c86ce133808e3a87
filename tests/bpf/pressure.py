#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A ring that fills faster than it is read: nothing is lost, and the program does not notice.

usage: tests/bpf/pressure.py COMPENDIUM WORK WAITS [Pressure.TEST…]

WORK is bench/work.c and WAITS waits.c, built. With --lossy the same loads overflow the ring: that shows that there was
something to hold back.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

COMPENDIUM = WORK = WAITS = None
CALLS = 30000           # some megabytes of records
MANY = 100000           # more than the default ring holds
SMALL = ("--ring-size", "256k")
TINY = ("--ring-size", "64k")
BIG = ("--ring-size", "2m")     # which MANY overflows


def cgroup_root():
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return pathlib.Path(before.split()[4])
    return None


def lost(text):
    return sum(int(n.replace(",", "")) for n in re.findall(r"Lost: ([\d,]+)", text))


class Pressure(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.scratch.name)

    def tearDown(self):
        self.scratch.cleanup()

    def slowly(self, *args, before=(), **more):
        """compendium, whose text is read slower than it comes: exit status, output of the command, text."""
        with open(self.dir / "out", "wb") as out:
            tracer = subprocess.Popen([*before, COMPENDIUM, "--backend", "bpf", *map(str, args)], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, **more)
        parts = []
        with tracer:
            while part := os.read(tracer.stderr.fileno(), 65536):
                parts.append(part)
                time.sleep(0.002)
        return tracer.returncode, (self.dir / "out").read_text(), b"".join(parts).decode(errors="replace")

    def test_waits_are_not_cut_short(self):
        """epoll_wait, semtimedop, recv and others, and big reads, beside two threads that flood the ring."""
        status, out, text = self.slowly("-v", *SMALL, "--", WAITS, CALLS)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"^\d+ waits, 0 cut short\n$")
        self.assertEqual(lost(text), 0)

    def test_the_load_is_one(self):
        for times in (1, 4, 16):        # how fast the program calls, and how fast the text is read, differ by machine
            _, out, text = self.slowly("-v", "--lossy", *TINY, "--", WAITS, times * CALLS)
            self.assertRegex(out, r"^\d+ waits, 0 cut short\n$")
            if lost(text):
                return
        self.fail("the ring never overflowed: the other tests show nothing")

    def test_files_are_whole(self):
        """dd counts on reads and writes that are not cut short."""
        script = f"{WORK} read {CALLS} >/dev/null & dd if=/dev/urandom bs=8M count=4 2>/dev/null | dd of=$0/b bs=1M iflag=fullblock 2>/dev/null; dd if=/dev/urandom of=$0/a bs=8M count=4 2>/dev/null; wait"
        status, _, text = self.slowly("-v", *SMALL, "--report", self.dir / "r.html", "--", "sh", "-c", script, self.dir)
        self.assertEqual(status, 0)
        self.assertEqual([(self.dir / name).stat().st_size for name in "ab"], [32 << 20, 32 << 20])
        self.assertEqual(lost(text), 0)

    def standing_still(self, work, *options):
        """compendium, which is stopped while the script `work` runs: exit status of the command, the log."""
        script = f"read x < $0/go; {work}; : > $0/done; exit 3"
        os.mkfifo(self.dir / "go")
        with open(self.dir / "err", "wb") as err:
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "--lossy", *options, "-o", self.dir / "log", "--", "sh", "-c", script, self.dir],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        with open(self.dir / "go", "w") as go:      # it has begun
            tracer.send_signal(signal.SIGSTOP)
            go.write("x\n")
        end = time.monotonic() + 60
        while not (self.dir / "done").exists():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        tracer.send_signal(signal.SIGCONT)
        self.assertEqual(tracer.wait(60), 3)
        text = (self.dir / "log").read_text(errors="replace")
        self.assertGreater(lost(text), 0, "nothing was lost: this shows nothing")
        self.assertNotIn("runs on", text)
        return text

    def test_processes_come_and_go(self):
        """What begins and ends tasks has room of its own in the ring: a sixteenth, enough for these."""
        text = self.standing_still(f"{WORK} read {MANY} >/dev/null; i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done", "-v", *BIG)
        self.assertEqual(len(re.findall(r" fork → ", text)), 51)
        self.assertEqual(len(re.findall(r"(?m)^\S+ (?:\[\d+\] )+exit 0\b", text)), 51)

    def test_ends_that_were_lost(self):
        """Even what is kept for ends overflows.  What has ended does not run on."""
        text = self.standing_still("i=0; while [ $i -lt 1500 ]; do (exit 1); i=$((i+1)); done", *TINY)
        self.assertRegex(text, r"(?m)^ Exit: 3$")
        self.assertRegex(text, r"(?m)^ +\d+ +\S+ +exit 3 +sh -c")

    def test_signals(self):
        """Signals that no call's record goes with: who sends them pays."""
        script = "import os, signal\nfor i in range(30000): os.kill(os.getpid(), signal.SIGWINCH)\n"
        status, _, text = self.slowly("-a", *TINY, "--", sys.executable, "-c", script)
        self.assertEqual(status, 0)
        self.assertEqual(lost(text), 0)

    def test_another_cgroup(self):
        """The command moves to a cgroup of its own."""
        root = cgroup_root()
        if not root or not os.access(root, os.W_OK) or os.geteuid() != 0:
            self.skipTest("no cgroup v2 that may be changed")
        group = root / f"pressure-{os.getpid()}"
        group.mkdir()
        try:
            status, _, text = self.slowly("-v", *SMALL, "--", "sh", "-c", f"echo $$ > {group}/cgroup.procs && exec {WORK} read {CALLS}")
        finally:
            group.rmdir()
        self.assertEqual((status, lost(text)), (0, 0))
        self.assertGreaterEqual(len(re.findall(r"\bread\(", text)), CALLS)

    def attached(self, *before, options=SMALL, calls=CALLS):
        """A reader of low priority, and a program that it is attached to."""
        with subprocess.Popen(["sh", "-c", f"read x; {WORK} read {calls}; {WORK} read {calls}"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target:
            tracer = subprocess.Popen([*before, COMPENDIUM, "--backend", "bpf", "-v", *options, "-o", self.dir / "log", "-p", str(target.pid)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + 60
            while not (self.dir / "log").exists() or "attach process" not in (self.dir / "log").read_text(errors="replace"):
                self.assertLess(time.monotonic(), end, "it never attached")
                time.sleep(0.05)
            target.stdin.write(b"x\n")
            target.stdin.close()
            self.assertEqual(target.wait(), 0)
            self.assertEqual(tracer.wait(300), 0)
        text = (self.dir / "log").read_text(errors="replace")
        self.assertEqual(lost(text), 0)
        self.assertGreaterEqual(len(re.findall(r"\bread\(", text)), 2 * calls)

    def test_priority(self):
        """The command keeps the priority that it was started with; what reads the ring has an ordinary one."""
        script = "import os, sys\nprint(os.sched_getscheduler(0), os.nice(0))\nprint(*[f'{os.sched_getscheduler(int(t))}/{os.getpriority(os.PRIO_PROCESS, int(t))}' for t in os.listdir(f'/proc/{os.getppid()}/task')])"
        nice = os.nice(0)
        for before, ours in ((["chrt", "-i", "0"], f"{os.SCHED_IDLE} {nice}"), (["nice", "-n", "7"], f"0 {min(nice + 7, 19)}")):
            if not shutil.which(before[0]):
                self.skipTest(f"{before[0]} is not installed")
            _, out, _ = self.slowly("-q", "--", sys.executable, "-S", "-c", script, before=before)
            command, threads = out.splitlines()
            self.assertEqual(command, ours)
            self.assertEqual(set(threads.split()), {"0/0"})

    def test_nice(self):
        self.attached("nice", "-n", "19")

    def test_idle(self):
        if not shutil.which("chrt"):
            self.skipTest("chrt is not installed")
        self.attached("chrt", "-i", "0")

    def test_default_ring(self):
        self.attached("nice", "-n", "19", options=(), calls=MANY)


def main():
    global COMPENDIUM, WORK, WAITS
    COMPENDIUM, WORK, WAITS = (os.path.abspath(a) for a in sys.argv[1:4])
    done = subprocess.run([COMPENDIUM, "--backend", "bpf", "--", "/bin/true"], stderr=subprocess.PIPE, text=True, check=False)
    if "(bpf)" not in done.stderr:
        print("SKIP: the bpf backend does not work here")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)


if __name__ == "__main__":
    main()
