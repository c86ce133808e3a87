#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where no more processes may be started: what fails is reported, and no other process is affected.

usage: tests/live/limits.py COMPENDIUM BACKEND

What a failed fork() returns is, to kill(2), everybody.  So all of it runs in a pid namespace of its own, which ends with it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

COMPENDIUM = BACKEND = None
SELF = pathlib.Path(__file__).resolve()
INSIDE = "COMPENDIUM_TEST_INSIDE"
SOMEBODY = 54321        # a uid without processes, so that only our own processes count
MANY = 9                # more than compendium and `sh -c` start


def pids_mount():
    """Where cgroups with a pids controller can be made."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        where = pathlib.Path(before.split()[4])
        if after.startswith("cgroup ") and "pids" in after.split()[2].split(","):
            return where
        if after.startswith("cgroup2 "):
            try:
                if "pids" in (where / "cgroup.subtree_control").read_text().split():
                    return where
            except OSError:
                pass
    return None


class Limits(unittest.TestCase):
    def setUp(self):
        self.bystanders = [subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True, user=user) for user in (0, SOMEBODY)]
        self.scratch = tempfile.TemporaryDirectory()
        os.chmod(self.scratch.name, 0o755)
        self.binary = shutil.copy(COMPENDIUM, self.scratch.name)

    def tearDown(self):
        for p in self.bystanders:
            p.kill()
            p.wait()
        self.scratch.cleanup()

    def reap(self):
        """As the first process of a pid namespace has to: what it left would count, too."""
        while True:
            try:
                child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if not child or child.si_pid in [p.pid for p in self.bystanders]:
                return
            os.waitpid(child.si_pid, 0)

    def traced(self, limit, *before, **more):
        """compendium where `limit` was set: it ends, says what failed, and the bystanders live."""
        done = subprocess.run([*before, self.binary, "--backend", BACKEND, "-o", "/dev/null", "--", "/bin/sh", "-c", "/bin/true; echo ran"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **more)
        for p in self.bystanders:
            self.assertIsNone(p.poll(), f"with {limit}, a process that has nothing to do with it was killed; compendium ended {done.returncode}: {done.stderr}")
        self.reap()
        self.assertGreaterEqual(done.returncode, 0, f"with {limit}: {done.stderr}")
        if done.returncode == 125:
            self.assertRegex(done.stderr, r"cannot start a (process|thread): Resource temporarily unavailable", f"with {limit}")
        return done

    def check(self, outcomes):
        """The fewest processes end it with a message, enough of them run the command, and what lies between is reported."""
        self.assertEqual(outcomes[0].returncode, 125, outcomes[0].stderr)
        self.assertEqual((outcomes[-1].returncode, outcomes[-1].stdout), (0, "ran\n"), outcomes[-1].stderr)
        self.assertNotIn("cannot start", outcomes[-1].stderr)
        if BACKEND == "bpf":
            self.assertTrue(any(re.search(r"cannot start the process that ends the command if compendium is killed: Resource temporarily unavailable", done.stderr)
                                for done in outcomes), [done.stderr for done in outcomes])

    def test_pids_max(self):
        mount = pids_mount()
        if not mount:
            self.skipTest("no pids controller")
        group = mount / f"compendium-test-{os.getpid()}-{BACKEND}"
        try:
            group.mkdir()
        except OSError as e:
            self.skipTest(f"cannot make a cgroup: {e.strerror}")

        def enter():
            (group / "cgroup.procs").write_text("0")

        outcomes = []
        try:
            for limit in range(1, MANY):
                (group / "pids.max").write_text(str(limit))
                outcomes.append(self.traced(f"pids.max {limit}", preexec_fn=enter))
        finally:
            group.rmdir()
        self.check(outcomes)

    def test_rlimit_nproc(self):
        caps = ["--inh-caps", "+bpf,+perfmon", "--ambient-caps", "+bpf,+perfmon"] if BACKEND == "bpf" else []
        outcomes = []
        for limit in range(2, MANY + 2):        # a bystander has that uid, too
            outcomes.append(self.traced(f"RLIMIT_NPROC {limit}", "setpriv", "--reuid", str(SOMEBODY), "--regid", str(SOMEBODY), "--clear-groups", *caps,
                                        "prlimit", f"--nproc={limit}", "--"))
        self.check(outcomes)

    def test_rlimit_nofile(self):
        """Where too few files may be open, that is the reason which is given; the command runs, or it does not."""
        ran, blamed, ways = 0, 0, ([], ["--ebpf"], [f"--report={self.scratch.name}/r.html", "--record", f"{self.scratch.name}/r.cpd"])
        probe = subprocess.run([self.binary, "--backend", BACKEND, "--ebpf", "-o", "/dev/null", "--", "/bin/true"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        if "not shown" in probe.stderr or "cannot be used" in probe.stderr:
            self.skipTest("no BPF here")
        for limit in [*range(8, 48, 5), *range(48, 140, 23)]:
            for options in ways:
                done = subprocess.run(["prlimit", f"--nofile={limit}", "--", self.binary, "--backend", BACKEND, *options, "-o", "/dev/null", "--", "/bin/sh", "-c", "ulimit -n; exit 3"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
                what = f"{limit} files, {options}: {done.stderr}"
                self.assertNotRegex(done.stderr, "out of memory|refuses", what)
                if done.returncode != 125:
                    self.assertEqual((done.returncode, done.stdout), (3, f"{limit}\n"), what)
                    ran += 1
                else:
                    self.assertRegex(done.stderr, "(?i)too (many|few) open files", what)
                blamed += "too few open files are allowed; raise the limit" in done.stderr
        self.reap()
        self.assertGreater(ran, 0)
        self.assertGreater(blamed, 0, "the kernel's programs were never short of files")

    def test_children_in_another_pid_namespace(self):
        """`unshare -p` without -f: the kernel gives such a process no thread, and strace no child."""
        done = subprocess.run(["unshare", "-p", self.binary, "--backend", BACKEND, "--", "/bin/sh", "-c", "echo ran"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.reap()
        self.assertEqual((done.returncode, done.stdout), (125, ""), done.stderr)
        self.assertRegex(done.stderr, r"cannot start a thread: .*another pid namespace.*unshare -p -f compendium")


def main():
    global COMPENDIUM, BACKEND
    COMPENDIUM, BACKEND = os.path.abspath(sys.argv[1]), sys.argv[2]
    if os.geteuid() != 0:
        print("SKIP: needs root, for a pid namespace and a limit on it")
        sys.exit(77)
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        # LeakSanitizer starts a process of its own at the end, and waits for ever where it may not
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        os.execvp("unshare", ["unshare", "-pf", "--kill-child", "--mount-proc", sys.executable, str(SELF), COMPENDIUM, BACKEND])
    if BACKEND == "bpf" and b"bpf" not in subprocess.run([COMPENDIUM, "--backend", "bpf", "--", "/bin/true"], stderr=subprocess.PIPE, check=False).stderr.splitlines()[0]:
        print("SKIP: the bpf backend does not work here")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    main()
