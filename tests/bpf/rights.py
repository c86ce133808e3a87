#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""File capabilities are no door: what a caller may not ptrace is not shown.

usage: tests/bpf/rights.py COMPENDIUM

A copy of compendium gets cap_bpf and cap_perfmon, and user nobody runs it beside processes of root's.
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

COMPENDIUM = None
PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
# through one more exec: capabilities come to a user who has none, so that compendium may not be dumped
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env"]
REMARK = "ran with privileges that you do not have, so what it did is not shown"


def setcap(caps, path):
    return subprocess.run(["setcap", caps, path], env=PATH, stderr=subprocess.DEVNULL, check=False).returncode == 0


class Rights(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.scratch.name)
        os.chmod(self.dir, 0o777)
        self.binary = self.copy(COMPENDIUM, "compendium", "cap_bpf,cap_perfmon+ep")
        self.secret = self.dir / "secret"
        self.secret.write_text("for root alone\n")
        os.chmod(self.secret, 0o600)
        self.mine = self.dir / "mine"
        self.mine.write_text("for everybody\n")
        self.running = []

    def tearDown(self):
        for p in self.running:
            if p.poll() is None:
                os.killpg(p.pid, signal.SIGKILL)
            p.wait()
        self.scratch.cleanup()

    def copy(self, program, name, caps="", mode=0o755):
        path = shutil.copy(program, self.dir / name)
        os.chmod(path, mode)
        if caps and not setcap(caps, path):
            self.skipTest("the file system of the scratch directory keeps no capabilities")
        return path

    def loop(self, *before, reads):
        p = subprocess.Popen([*before, "/bin/sh", "-c", f"while :; do cat {reads} >/dev/null; sleep 0.02; done"], start_new_session=True)
        self.running.append(p)
        time.sleep(0.2)
        return p

    def traced(self, *command, options=(), env=None, backend="bpf"):
        """As nobody: what the command wrote, what compendium printed, the text of all calls (from a recording)."""
        recording = self.dir / "r"
        recording.unlink(missing_ok=True)
        done = subprocess.run([*NOBODY, self.binary, "--backend", backend, *options, "--record", recording, "-o", "/dev/null", "--", *map(str, command)], cwd=self.dir, env=env or PATH,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=False)
        self.assertTrue(recording.exists(), done.stderr)
        replay = subprocess.run([COMPENDIUM, "--read", recording, "-v", "-a"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=True)
        return done, replay.stderr

    def watch(self, *options, until=None):
        """As nobody, until the log shows that this file, or our own, was opened; and a little longer, for what must not be in it."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        with open(self.dir / "said", "w") as said:
            tracer = subprocess.Popen([*NOBODY, self.binary, "--backend", "bpf", "-a", "-o", log, *map(str, options)], stdout=subprocess.DEVNULL, stderr=said)
            end = time.monotonic() + 60
            while tracer.poll() is None and time.monotonic() < end and not (log.exists() and f"open {until or self.mine}" in log.read_text(errors="replace")):
                time.sleep(0.05)
            time.sleep(0.3)
            tracer.send_signal(signal.SIGINT)
            status = tracer.wait(60)
        return status, (self.dir / "said").read_text(), log.read_text(errors="replace") if log.exists() else ""

    def test_system(self):
        root = self.loop(reads=self.secret)
        self.loop(*NOBODY, reads=self.mine)
        _, said, text = self.watch("--system")
        self.assertIn("only processes that you may trace are shown", said)
        self.assertIn(f"open {self.mine}", text)
        self.assertNotIn(str(self.secret), text)
        self.assertNotRegex(text, rf"\b{root.pid}\b")

    def test_system_with_cap_sys_ptrace(self):
        """The administrator's way to allow it."""
        self.loop(reads=self.secret)
        self.loop(*NOBODY, reads=self.mine)
        self.binary = self.copy(COMPENDIUM, "all", "cap_bpf,cap_perfmon,cap_sys_ptrace+ep")
        _, said, text = self.watch("--system", until=self.secret)
        self.assertNotIn("only processes that you may trace", said)
        self.assertIn(f"open {self.secret}", text)

    def test_cgroup(self):
        root = next((pathlib.Path(before.split()[4]) for before, _, after in (line.partition(" - ") for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines())
                     if after.startswith("cgroup2 ")), None)
        if not root or not os.access(root, os.W_OK):
            self.skipTest("no cgroup v2 that may be changed")
        group = root / f"rights-{os.getpid()}"
        group.mkdir()
        try:
            for p in (self.loop(reads=self.secret), self.loop(*NOBODY, reads=self.mine)):
                (group / "cgroup.procs").write_text(str(p.pid))
            _, _, text = self.watch("--cgroup", group)
            self.assertIn(f"open {self.mine}", text)
            self.assertNotIn(str(self.secret), text)
        finally:
            for p in self.running:
                os.killpg(p.pid, signal.SIGKILL)
            while (group / "cgroup.procs").read_text():
                time.sleep(0.02)
            group.rmdir()

    def test_pid(self):
        refused = {
            "belongs to another user": self.loop(reads=self.mine),
            "has privileges that you do not have": subprocess.Popen([*NOBODY, self.copy("/bin/sleep", "sleeper", "cap_net_raw+ep"), "1000"], start_new_session=True),
            "forbids access to its memory": subprocess.Popen([*NOBODY, "/usr/bin/python3", "-c", "import ctypes, time; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); time.sleep(1000)"],
                                                           start_new_session=True),
        }
        self.running += list(refused.values())[1:]
        time.sleep(0.5)
        for why, p in refused.items():
            status, said, text = self.watch("-p", p.pid)
            self.assertEqual((status, text), (125, ""), said)
            self.assertIn(why, said)
            self.assertIn(f"sudo compendium -p {p.pid}", said)
        status, _, text = self.watch("-p", self.loop(*NOBODY, reads=self.mine).pid)
        self.assertEqual(status, 0)
        self.assertIn(f"open {self.mine}", text)

    def hidden(self, program):
        done, text = self.traced("sh", "-c", f"./{program} secret; cat mine; exit 3")
        self.assertEqual((done.returncode, done.stdout), (3, "for root alone\nfor everybody\n"), done.stderr)
        self.assertIn(f"./{program} {REMARK}", done.stderr)
        self.assertIn(f"{program} exec ─── ./{program} secret", text)
        self.assertRegex(text, r'read\(3<.*/mine>, "for everybody\\n"')
        self.assertNotIn("for root alone", text)
        self.assertNotRegex(text, r"(open|read).*/secret\b")
        own = re.search(rf"\[(\d+)\] ─── {program} exec", text)[1]
        after = text.partition(f"{program} exec ───")[2]
        self.assertEqual(set(re.findall(rf"\[{own}\] (\w+)", after)), {"execve", "exit"})

    def test_set_user_id(self):
        self.copy("/bin/cat", "suid", mode=0o4755)
        self.hidden("suid")

    def test_set_group_id(self):
        os.chmod(self.secret, 0o640)
        self.copy("/bin/cat", "sgid", mode=0o2755)
        self.hidden("sgid")

    def test_file_capabilities(self):
        self.copy("/bin/cat", "capable", "cap_dac_read_search+ep")
        self.hidden("capable")

    def test_back_to_own_rights(self):
        """What such a program starts with the caller's own rights is the caller's again."""
        self.copy(shutil.which("setpriv"), "gate", mode=0o4755)
        done, text = self.traced("sh", "-c", "./gate --reuid=65534 --regid=65534 --clear-groups cat mine; exit 4")
        self.assertEqual((done.returncode, done.stdout), (4, "for everybody\n"), done.stderr)
        self.assertIn(f"./gate {REMARK}", done.stderr)
        self.assertRegex(text, r'read\(3<.*/mine>, "for everybody\\n"')

    def test_own_user_namespace(self):
        if subprocess.run([*NOBODY, "unshare", "-Ur", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("user namespaces are not for everybody here")
        done, text = self.traced("unshare", "-Ur", "cat", "mine")
        self.assertEqual(done.stdout, "for everybody\n", done.stderr)
        self.assertRegex(text, r'read\(3<.*/mine>, "for everybody\\n"')
        self.assertNotIn(REMARK, done.stderr)

    def test_environment(self):
        """What the C library takes from us is not missing in the command's."""
        env = {**PATH, "LD_LIBRARY_PATH": "/nowhere", "TMPDIR": "/tmp", "TZDIR": "/zones", "LOCPATH": "/l", "MALLOC_ARENA_MAX": "1", "RES_OPTIONS": "x", "EMPTY": "", "B": "ü=1"}
        plain = subprocess.run([*NOBODY, "env", "-0"], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
        for backend in ("bpf", "ptrace"):
            done, text = self.traced("env", "-0", env=env, backend=backend)
            self.assertEqual(done.stdout, plain, backend)
        self.assertIn("LD_LIBRARY_PATH=/nowhere", plain)

    def test_descriptors_at_the_start(self):
        """compendium itself may not be dumped; what the command inherits has its name all the same."""
        with open(self.dir / "in") if (self.dir / "in").write_text("x") else None as inherited:
            done = subprocess.run([*NOBODY, self.binary, "--backend", "bpf", "-v", "--", "cat"], stdin=inherited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertRegex(done.stderr, rf'read\(0<{self.dir}/in>, "x"')

    def test_streams_that_libc_opened(self):
        """Where capabilities come from the file, glibc fills closed streams before main(); the command has them closed."""
        show = 'for i in 0 1 2 3 4; do [ -e /proc/$$/fd/$i ] && echo "$i $(readlink /proc/$$/fd/$i)"; done >streams; exit 3'
        for shut in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            seen = []
            for before in ([], *([self.binary, "--backend", backend, "-o", "/dev/null"] for backend in ("bpf", "ptrace"))):
                done = subprocess.run([*NOBODY, "sh", "-c", f'exec "$@" {shut}', "sh", *before, "sh", "-c", show], cwd=self.dir, env=PATH, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
                seen.append((done.returncode, (self.dir / "streams").read_text()))
                (self.dir / "streams").unlink()
            self.assertEqual(seen[0][0], 3)
            self.assertEqual(seen[1:], [seen[0], seen[0]], shut)


def main():
    global COMPENDIUM
    COMPENDIUM = os.path.abspath(sys.argv[1])
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("setcap", path=PATH["PATH"]):
        print("SKIP: needs root, setpriv and setcap")
        sys.exit(77)
    done = subprocess.run([COMPENDIUM, "--backend", "bpf", "--", "/bin/true"], stderr=subprocess.PIPE, text=True, check=False)
    if "(bpf)" not in done.stderr:
        print("SKIP: the bpf backend does not work here")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)


if __name__ == "__main__":
    main()
