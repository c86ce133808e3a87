#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bpf backend begins, ends and loses nothing.

usage: tests/bpf/lifecycle.py COMPENDIUM WORK [--soak SECONDS]

WORK is bench/work.c, built: a program that makes a known number of calls.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

COMPENDIUM = WORK = None
SOAK = 3
ROUNDS = 10
SELF = pathlib.Path(__file__).resolve()
PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable      # one that every user can run


def run(*args, **more):
    return subprocess.run([COMPENDIUM, "--backend", "bpf", *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=200, check=False, **more)


def cgroup_root():
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            own = next(text[3:].strip() for text in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if text.startswith("0::"))
            return pathlib.Path(before.split()[4] + ("" if own == "/" else own))
    return None


def loaded(pid):
    """The numbers of the BPF programs and maps that a process has."""
    found = set()
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found |= set(re.findall(r"^(prog|map)_id:\s*(\d+)$", path.read_text(), re.M))
        except OSError:
            pass
    return found


def still_loaded(objects):
    env = {"PATH": os.environ["PATH"] + ":/usr/sbin"}
    return [(what, number) for what, number in objects
            if subprocess.run(["bpftool", what, "show", "id", number], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, check=False).returncode == 0]


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.02)
    return what()


def lost(text):
    return sum(int(n.replace(",", "")) for n in re.findall(r"Lost: ([\d,]+)", text))


class Ends(unittest.TestCase):
    def test_exit_status(self):
        self.assertEqual(run("-o", "/dev/null", "--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(run("-o", "/dev/null", "--", "sh", "-c", "kill -TERM $$").returncode, -signal.SIGTERM)
        self.assertEqual(run("-o", "/dev/null", "--", "/nonexistent").returncode, 127)
        self.assertEqual(run("-o", "/dev/null", "--", "/etc/passwd").returncode, 126)

    def test_output_untouched(self):
        done = run("-o", "/dev/null", "--", "sh", "-c", "echo out")
        self.assertEqual(done.stdout, "out\n")

    def test_sigterm_ends_the_command(self):
        with tempfile.TemporaryDirectory() as name:
            flag = pathlib.Path(name, "flag")
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", "/dev/null", "--", "sh", "-c", f"trap 'exit 9' TERM; touch {flag}; while :; do sleep 0.05; done"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(wait_for(flag.exists))
            tracer.terminate()
            self.assertEqual(tracer.wait(20), 9)

    def kill_tracer(self, *options, inside=()):
        """SIGKILL to a tracer: its command and its programs are gone."""
        with tempfile.TemporaryDirectory() as name:
            flag = pathlib.Path(name, "pid")
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", "/dev/null", *options, "--", *inside, "sh", "-c",
                                       f"sh -c 'sleep 1000 & echo $! > {flag}.new; mv {flag}.new {flag}; wait' & wait"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(wait_for(flag.exists))
            sleeper = int(flag.read_text())
            children = [int(p) for p in pathlib.Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()]
            objects = loaded(tracer.pid)
            self.assertTrue(objects)
            tracer.kill()
            tracer.wait()
            self.assertTrue(wait_for(lambda: not still_loaded(objects)), "its programs or maps are still loaded")
            for pid in [*children, sleeper]:
                self.assertTrue(wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists()), f"process {pid} lives on")

    def test_killed_tracer_leaves_nothing(self):
        self.kill_tracer()

    def test_killed_tracer_of_a_tracer(self):
        self.kill_tracer(inside=(COMPENDIUM, "-o", "/dev/null", "--"))

    def test_cgroup_untouched(self):
        """The command is in the cgroup that we are in."""
        done = run("-o", "/dev/null", "--", "cat", "/proc/self/cgroup")
        self.assertEqual(done.stdout, pathlib.Path("/proc/self/cgroup").read_text())

    def test_killed_tracer_of_daemons(self):
        """What left its parent, its session and its cgroup ends, too."""
        root, group = cgroup_root(), None
        if root and os.geteuid() == 0 and os.access(root, os.W_OK):
            group = root / f"lifecycle-{os.getpid()}"
            group.mkdir()
        with tempfile.TemporaryDirectory() as name:
            flag = pathlib.Path(name, "pid")
            move = f"echo $$ > {group}/cgroup.procs; " if group else ""
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", "/dev/null", "--", "sh", "-c",
                                       f"setsid sh -c '{move}(sleep 1000 & echo $! > {flag}.new; mv {flag}.new {flag}); sleep 1000' >/dev/null & exit 0"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertTrue(wait_for(flag.exists))
            daemon = int(flag.read_text())
            self.assertTrue(pathlib.Path(f"/proc/{daemon}").exists())
            tracer.kill()
            tracer.wait()
            self.assertTrue(wait_for(lambda: not pathlib.Path(f"/proc/{daemon}").exists()), "a daemon lives on")
        if group:
            self.assertTrue(wait_for(lambda: not (group / "cgroup.procs").read_text()))
            group.rmdir()


class Choice(unittest.TestCase):
    """--backend auto: bpf where it may be, else ptrace, with one line."""

    def auto(self, *prefix):
        return subprocess.run([*prefix, COMPENDIUM, "--", "sh", "-c", "exit 3"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=False)

    def as_nobody(self, program):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv")
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*prefix, "test", "-x", program], check=False).returncode:
            self.skipTest("user nobody cannot reach the program")
        return prefix

    def test_auto(self):
        done = self.auto()
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"(?m)^compendium: tracing sh -c 'exit 3' \(bpf\)$")
        self.assertNotIn("cannot be used", done.stderr)

    def test_nobody(self):
        done = self.auto(*self.as_nobody(COMPENDIUM))
        self.assertEqual(done.returncode, 3)
        first, second = done.stderr.splitlines()[:2]
        self.assertRegex(first, r"^compendium: the bpf backend cannot be used, so ptrace is: no CAP_BPF and no CAP_PERFMON; .*sudo setcap cap_bpf,cap_perfmon\+ep /")
        self.assertEqual(second, "compendium: tracing sh -c 'exit 3' (ptrace)")

    def test_setcap(self):
        """The right, given to the file, is enough for the user nobody."""
        setcap = shutil.which("setcap", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not setcap:
            self.skipTest("setcap is not installed")
        with tempfile.TemporaryDirectory() as name:
            os.chmod(name, 0o755)
            mine = pathlib.Path(name, "compendium")
            shutil.copy(COMPENDIUM, mine)
            prefix = self.as_nobody(mine)
            if subprocess.run([setcap, "cap_bpf,cap_perfmon+ep", mine], check=False).returncode:
                self.skipTest("the file system of the scratch directory keeps no capabilities")
            done = subprocess.run([*prefix, mine, "--ebpf", "--", "sh", "-c", "cat /etc/hosts >/dev/null; grep -E '^(CapEff|NoNewPrivs|TracerPid)' /proc/self/status; exit 3"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=False)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertRegex(done.stderr, r"(?m)^compendium: tracing sh .* \(bpf\)$")
            self.assertNotIn("cannot be used", done.stderr)
            self.assertIn("open /etc/hosts (read)", done.stderr)
            self.assertEqual(done.stdout, "TracerPid:\t0\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n")


class Programs(unittest.TestCase):
    def test_verifier(self):
        """Every program loads, whatever is asked for; what the verifier and the compiler made of each is printed."""
        self.verified("", "--ebpf", "--record")
        self.verified(" -c", "--ebpf", "-c", "--record")

    def verified(self, note, *options):
        with tempfile.TemporaryDirectory() as name:
            flag = pathlib.Path(name, "flag")
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", *options, f"{name}/r", "-o", "/dev/null", "--", "sh", "-c", f"touch {flag}; sleep 100"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.assertTrue(wait_for(flag.exists))
                env = {"PATH": os.environ["PATH"] + ":/usr/sbin"}
                shown = {}
                for path in pathlib.Path(f"/proc/{tracer.pid}/fdinfo").iterdir():
                    try:
                        text = path.read_text()
                    except FileNotFoundError:       # what it read something from, and closed
                        continue
                    found, looked = re.search(r"^prog_id:\s*(\d+)$", text, re.M), re.search(r"^verified_insns:\s*(\d+)$", text, re.M)
                    if found and looked:    # a link's has the first, too
                        said = subprocess.run(["bpftool", "-j", "prog", "show", "id", found[1]], stdout=subprocess.PIPE, env=env, check=True).stdout
                        shown[json.loads(said)["name"]] = (int(looked[1]), json.loads(said))
            finally:
                tracer.terminate()
                tracer.wait(20)
        for what, (looked, p) in sorted(shown.items()):
            print(f"verifier: {what}{note}: {looked} instructions looked at, {p['bytes_xlated']} B, compiled {p.get('bytes_jited', 0)} B")
            self.assertLess(looked, 500000, "the verifier gives up at a million")
        self.assertLessEqual({"on_enter", "on_exit", "on_fork", "on_exec", "on_task_exit", "on_signal", "on_generate", "on_switch", "on_wakeup", "on_complete"}, set(shown))


class Attach(unittest.TestCase):
    def setUp(self):
        self.target = subprocess.Popen([sys.executable, "-c", "import time,threading\n"
                                        "def work():\n while True: open('/etc/hostname').close(); time.sleep(0.01)\n"
                                        "threading.Thread(target=work, daemon=True).start(); work()"])
        time.sleep(0.3)

    def tearDown(self):
        self.target.kill()
        self.target.wait()

    def test_threads_and_detach(self):
        with tempfile.TemporaryDirectory() as name:
            log = pathlib.Path(name, "log")
            tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", log, "-p", str(self.target.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def tids():
                return set(re.findall(r"\[(\d+)\] open /etc/hostname", log.read_text(errors="replace")))

            self.assertTrue(wait_for(lambda: log.exists() and len(tids()) == 2), "both threads have lines")
            tracer.send_signal(signal.SIGINT)
            self.assertEqual(tracer.wait(20), 0)
            self.assertIsNone(self.target.poll(), "the target did not survive")
            self.assertEqual(len(tids()), 2, log.read_text(errors="replace")[:2000])

    def let_go(self, *options):
        """Lets busy threads, and processes that come and go, alone in the middle of their calls: nothing of them comes afterwards."""
        busy = subprocess.Popen([PYTHON, "-c", "import threading,os,subprocess\n"
                                 "def work():\n while True: os.stat('/etc/hostname'); os.kill(os.getpid(), 28)\n"
                                 "[threading.Thread(target=work, daemon=True).start() for _ in range(3)]\n"
                                 "while True: subprocess.run(['/bin/true'])"], start_new_session=True)
        try:
            with tempfile.TemporaryDirectory() as name:
                log = pathlib.Path(name, "log")
                tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-a", "-o", log, *(o.replace("PID", str(busy.pid)) for o in options)],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.assertTrue(wait_for(lambda: log.exists() and f"[{busy.pid}] fork" in log.read_text(errors="replace")))
                tracer.send_signal(signal.SIGINT)
                self.assertEqual(tracer.wait(60), 0)
                lines = log.read_text(errors="replace").partition(" FINAL")[0].splitlines()
        finally:
            os.killpg(busy.pid, signal.SIGKILL)
            busy.wait()
        over, begun = {}, set()
        for line in lines:
            what = re.match(r"\[\S+\] (?:\[(\d+)\] )?(.*)", line)
            for tid in re.findall(r"^(?:fork|thread) → (\d+)", what[2]) if what else ():
                over.pop(tid, None)         # the number is used again
                begun.add(tid)
            started = re.match(r"attach (?:process|thread) (\d+)", what[2]) if what else None
            if started:
                self.assertNotIn(started[1], begun, f"a ghost: {line}, after {over.get(started[1])}")
                begun.add(started[1])
            elif what and what[1]:
                self.assertNotIn(what[1], over, f"after {over.get(what[1])}: {line}")
            gone = re.match(r"(?:detach|exit|killed)\b", what[2]) if what else None
            if gone and what[1]:
                over[what[1]] = line
        self.assertTrue(over)

    def test_nothing_comes_after_the_end(self):
        for _ in range(ROUNDS):
            self.let_go("-p", "PID")

    def test_nothing_comes_after_the_end_of_a_system(self):
        for _ in range(ROUNDS):
            self.let_go("--system")

    def test_cgroup(self):
        root = cgroup_root()
        if not root or os.geteuid() != 0:
            self.skipTest("no cgroup v2 that may be changed")
        group = root / f"lifecycle-{os.getpid()}"
        group.mkdir()
        try:
            (group / "cgroup.procs").write_text(str(self.target.pid))
            with tempfile.TemporaryDirectory() as name:
                log = pathlib.Path(name, "log")
                tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", log, "--cgroup", group], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.assertTrue(wait_for(lambda: log.exists() and "open /etc/hostname" in log.read_text(errors="replace")))
                child = subprocess.Popen(["sh", "-c", f"echo $$ > {group}/cgroup.procs; cat /etc/hosts"], stdout=subprocess.DEVNULL)
                child.wait()
                wait_for(lambda: "open /etc/hosts (read)" in log.read_text(errors="replace"))
                tracer.send_signal(signal.SIGINT)
                self.assertEqual(tracer.wait(20), 0)
                text = log.read_text(errors="replace")
                self.assertIn("open /etc/hostname", text)
                self.assertIn("open /etc/hosts (read)", text)
        finally:
            self.target.kill()
            self.target.wait()
            wait_for(lambda: not (group / "cgroup.procs").read_text())
            group.rmdir()

    def test_system(self):
        with tempfile.TemporaryDirectory() as name:
            log = pathlib.Path(name, "log")
            tracer = subprocess.Popen([COMPENDIUM, "-o", log, "--system"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def shown():    # when it has begun, and its reader, beside the whole system, has come so far
                subprocess.run(["cat", "/etc/hosts"], stdout=subprocess.DEVNULL, check=True)
                text = log.read_text(errors="replace") if log.exists() else ""
                return "cat exec ─── cat /etc/hosts" in text and "open /etc/hosts" in text

            seen = wait_for(shown, 60)
            tracer.send_signal(signal.SIGINT)
            self.assertEqual(tracer.wait(60), 0)
            self.assertTrue(seen)

    def test_refused(self):
        done = run("-p", "999999999")
        self.assertEqual(done.returncode, 125)
        self.assertIn("no process", done.stderr)
        done = run("--cgroup", "/etc")
        self.assertEqual(done.returncode, 125)
        self.assertIn("not a cgroup", done.stderr)


class Losses(unittest.TestCase):
    """A reader that cannot keep up: either nothing is lost, or exactly what is missing is counted."""

    CALLS = 400000

    def slowly(self, *options):
        tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-v", *options, "--", WORK, "read", str(self.CALLS)],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        parts = []
        while part := os.read(tracer.stderr.fileno(), 65536):
            parts.append(part)
            time.sleep(0.004)
        self.assertEqual(tracer.wait(), 0)
        return b"".join(parts).decode(errors="replace")

    def test_nothing_is_lost(self):
        text = self.slowly()
        self.assertEqual(lost(text), 0)
        self.assertGreaterEqual(len(re.findall(r"\bread\(", text)), self.CALLS)

    def test_losses_are_counted(self):
        text = self.slowly("--lossy", "--ring-size", "64k")
        whole = self.slowly()
        all_calls = len(re.findall(r"\] (?:\[\d+\] )?[a-z]\w*\(", whole)) + lost(whole)
        shown = len(re.findall(r"\] (?:\[\d+\] )?[a-z]\w*\(", text))
        missing = lost(text)
        self.assertGreater(missing, 0, "the reader was fast enough: this tests nothing")
        # other records can be lost, too: exec, exit, fork
        self.assertLessEqual(abs(all_calls - shown - missing), 3, f"{all_calls} calls, {shown} shown, {missing} said to be lost")

    def test_soak(self):
        """Processes and threads come and go; nothing is lost, and the tracer does not grow."""
        script = (f"end=$(($(date +%s)+{SOAK})); while [ $(date +%s) -lt $end ]; do for i in 1 2 3 4 5 6 7 8; do /bin/true; done; "
                  f"{WORK} threads 400 >/dev/null; done")
        tracer = subprocess.Popen([COMPENDIUM, "--backend", "bpf", "-o", "/dev/null", "--", "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        sizes = []

        def watch():
            while tracer.poll() is None:
                try:
                    sizes.append(int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{tracer.pid}/status").read_text())[1]))
                except (OSError, TypeError):
                    break
                time.sleep(0.1)

        watcher = threading.Thread(target=watch)
        watcher.start()
        text = tracer.stderr.read().decode(errors="replace")
        self.assertEqual(tracer.wait(), 0)
        watcher.join()
        self.assertEqual(lost(text), 0)
        forks = len(re.findall(r"fork → ", text))
        self.assertEqual(forks, len(re.findall(r"\] \[\d+\] exit ", text)) - 1, "every process that began ended")
        # a sanitizer keeps up to 256 MB of what was freed
        self.assertLess(sizes[-1], (200 if "ASAN_OPTIONS" not in os.environ else 480) << 10)


class Latency(unittest.TestCase):
    def test_direct_writes(self):
        where = SELF.parent if os.access(SELF.parent, os.W_OK) else pathlib.Path.home()
        if subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", where], stdout=subprocess.PIPE, text=True, check=False).stdout.strip() in ("", "tmpfs", "overlay"):
            self.skipTest(f"{where} is not on a disk")
        with tempfile.TemporaryDirectory(dir=where) as name:
            for backend in ("ptrace", "bpf"):
                done = subprocess.run([COMPENDIUM, "--backend", backend, "--ebpf", "--", "dd", "if=/dev/zero", f"of={name}/{backend}", "bs=4K", "count=1000", "oflag=direct"],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, check=True)
                found = re.search(r"^   ([\d,]+) writes, ([\d.]+ MB)", done.stderr, re.M)
                self.assertTrue(found, done.stderr[-3000:])
                self.assertEqual((found[1], found[2]), ("1,000", "3.9 MB"), done.stderr[-3000:])
                grouped = re.findall(r"block I/O .* avg, .* max \(4\.0 KB x(\d+), .* total\) write", done.stderr)
                self.assertGreater(sum(map(int, grouped)), 900, done.stderr)
            done = run("--ebpf", "--", "sh", "-c", f"dd if=/dev/zero of={name}/buffered bs=4K count=1000; sync")
            found = re.search(r"^   [\d,]+ writes?, ([\d.]+) MB", done.stderr, re.M)
            self.assertTrue(found, done.stderr[-3000:])
            self.assertGreaterEqual(float(found[1]), 3.9)

    def faults(self, program, *prefix):
        """Pages and huge pages of the largest line of faults, with each backend."""
        for backend in ("ptrace", "bpf"):
            done = subprocess.run([*prefix, COMPENDIUM, "--backend", backend, "--faults", "--", PYTHON, "-S", "-c", program],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, check=True)
            found = re.findall(r" (\d+) faults in anon @ [0-9a-f]+ \(rw-\)(?:, (\d+) huge page)?", done.stderr)
            self.assertTrue(found, done.stderr[-2000:])
            # they may have been printed in several lines
            yield sum(int(n) for n, _ in found if int(n) > 100), sum(int(n or 0) for _, n in found)

    def test_page_faults(self):
        for pages, _ in self.faults("x = bytearray(64 << 20)"):
            self.assertLess(abs(pages - 16384), 164)

    def test_page_faults_as_nobody(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv")
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*prefix, "test", "-x", COMPENDIUM, "-a", "-x", PYTHON], check=False).returncode:
            self.skipTest("user nobody cannot reach the programs")
        for pages, _ in self.faults("x = bytearray(64 << 20)", *prefix):
            self.assertLess(abs(pages - 16384), 164)

    def test_huge_pages(self):
        """They count by their size."""
        thp = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
        if not thp.exists() or "[never]" in thp.read_text():
            self.skipTest("no transparent huge pages")
        for pages, huge in self.faults("import mmap\nx = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\nx.madvise(mmap.MADV_HUGEPAGE)\nfor i in range(0, len(x), 4096): x[i] = 1"):
            self.assertLess(abs(pages - 16384), 164)
            self.assertGreater(huge, 0)      # 32 unless memory is in pieces

    def test_interrupts(self):
        """What a timer wakes, no task woke."""
        done = run("--ebpf", "--sched-min", "0", "--sched-show", "0", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 0.02; done")
        # one that loses its CPU on the way to its sleep, on a busy machine, waits as preempted when the timer comes
        self.assertGreaterEqual(len(re.findall(r"sched delay .* \(woken by an interrupt\)", done.stderr)), 5, done.stderr)


def main():
    global COMPENDIUM, WORK, SOAK
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium", type=os.path.abspath)
    parser.add_argument("work", type=os.path.abspath)
    parser.add_argument("--soak", type=int, default=3)
    args, rest = parser.parse_known_args()
    COMPENDIUM, WORK, SOAK = args.compendium, args.work, args.soak
    probe = run("-o", "/dev/null", "--", "true")
    if "refuses the programs" in probe.stderr:
        print("FAILED: every test of the backend would be skipped:", probe.stderr.strip().splitlines()[0])
        return 1
    if "cannot be used" in probe.stderr:
        print("SKIP:", probe.stderr.strip().splitlines()[0])
        return 77
    result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=2).result
    return not result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
