#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The main job on real programs: what is shown, what is refused, what the traced program notices (nothing).

usage: main_job.py COMPENDIUM BACKEND
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
import redis_server  # noqa: E402

redis_server.find()
BINARY, BACKEND = os.path.abspath(sys.argv.pop(1)), sys.argv.pop(1)
TRACER = [BINARY, "--backend", BACKEND]
# What is printed first on a host that refuses something; the trace goes on.
NOTE = re.compile(r"^compendium: (the bpf backend cannot be used).*\n", re.M)
ENV = {**os.environ, "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
PYTHON = shutil.which("python3", path=ENV["PATH"]) or sys.executable
NOBODY = 65534


def trace(*args, **kw):
    """Runs compendium; the trace goes to stderr, text."""
    done = subprocess.run([*TRACER, *args], capture_output=True, text=True, errors="replace", env=ENV, timeout=120, **kw)
    done.stderr = NOTE.sub("", done.stderr)
    return done


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds=30):
    """Polls until what() is true; a deadline for a noisy machine, not a measurement."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("nothing happened for %d s" % seconds)


def alive(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="compendium-live.")
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.here = os.getcwd()
        os.chdir(self.dir)
        self.addCleanup(os.chdir, self.here)

    def start(self, *args, **kw):
        p = subprocess.Popen([*TRACER, *args], **{"env": ENV, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kw})

        def end():
            if p.poll() is None:
                p.kill()
            p.communicate()
        self.addCleanup(end)
        return p

    def assertLine(self, pattern, text):
        self.assertTrue(re.search(pattern, text, re.M), f"no line like {pattern!r} in:\n{text}")


class Shown(Case):
    def test_shell(self):
        r = trace("--", "sh", "-c", f"cat /etc/hosts > {self.dir}/x; ls /nonexistent 2>/dev/null; exit 3")
        size = os.path.getsize("/etc/hosts")
        self.assertEqual(r.returncode, 3)
        self.assertEqual(pathlib.Path("x").read_bytes(), pathlib.Path("/etc/hosts").read_bytes())
        self.assertLine(r"^compendium: tracing sh -c ", r.stderr)
        self.assertLine(r"─── sh exec ───", r.stderr)
        self.assertLine(rf"open {self.dir}/x \(write, create, truncate\)", r.stderr)
        self.assertLine(rf"(copy|write) .*\b{size} B .*{self.dir}/x", r.stderr)
        self.assertLine(r"open /etc/hosts \(read\)$", r.stderr)
        self.assertLine(r"stat /nonexistent ENOENT", r.stderr)
        self.assertLine(r"^ Processes \(3, 2 failed\)", r.stderr)
        for code in (0, 2, 3):
            self.assertLine(rf"^ +\d+ .*exit {code} ", r.stderr)
        self.assertLine(r"^ Exit: 3$", r.stderr)
        self.assertLine(r"Files written: +\S+ K?B$", r.stderr)

    def test_output_file_is_the_terminal(self):
        r = trace("-o", "out.txt", "--", "cat", "/etc/hosts")
        self.assertEqual(pathlib.Path("out.txt").read_text(), r.stderr)
        self.assertEqual(os.stat("out.txt").st_mode & 0o777, 0o600)
        self.assertEqual(r.stdout, pathlib.Path("/etc/hosts").read_text())

    def test_replay_is_live(self):
        r = trace("--record", "t.cpd", "-v", "--", "sh", "-c", "ls / | sort > y; test -d /nonexistent; echo $((1+1))")
        again = trace("--read", "t.cpd", "-v")
        self.assertEqual(r.stderr, again.stderr)
        r = trace("--record", "t.cpd", "--", "sh", "-c", "for i in 1 2 3; do cat /etc/passwd > y; done")
        self.assertEqual(r.stderr, trace("--read", "t.cpd").stderr)
        both = trace("--read", "t.cpd", "--report", "again.html")
        self.assertEqual(both.returncode, 0)
        self.assertGreater(os.path.getsize("again.html"), 10000)

    def test_lines_do_not_depend_on_what_is_captured(self):
        def lines(*options):
            text = trace(*options, "--", "cat", "/etc/hosts").stderr
            text = re.sub(r"[0-9a-f]{8,}-[0-9a-f]{8,}|pipe:.*", "THAT", re.sub(r"^\[\+[^]]*\] ", "", text, flags=re.M))
            return text[text.index("───"):text.index("━")].splitlines()
        self.assertEqual(lines(), lines("--record", "t.cpd"))
        self.assertEqual(lines(), lines("--no-seccomp"))

    def test_noise(self):
        quiet, full = trace("--", "cat", "/proc/self/stat"), trace("-a", "--", "cat", "/proc/self/stat")
        self.assertNotIn("open /proc/self/stat", quiet.stderr)
        self.assertNotIn("libc.so", quiet.stderr.split("━")[0])
        self.assertLine(r"/proc, /sys, /dev: .*1 open", quiet.stderr)
        self.assertIn("open /proc/self/stat", full.stderr)
        self.assertIn("libc.so", full.stderr)

    def test_preemption_is_noise(self):
        """As Go's runtime does: SIGURG to a thread of one's own, without end.  kill(2) with it is the program's business."""
        code = ("import os, signal, socket, threading; signal.signal(signal.SIGURG, lambda *a: None)\n"
                "for _ in range(5): signal.pthread_kill(threading.main_thread().ident, signal.SIGURG)\n"
                "os.kill(os.getpid(), signal.SIGURG)\n"
                "s = socket.create_server(('127.0.0.1', 0)); s.setblocking(False)\n"
                "try: s.accept()\n"
                "except BlockingIOError: pass")
        quiet, full = trace("--", PYTHON, "-c", code), trace("-a", "--", PYTHON, "-c", code)
        self.assertEqual([len(re.findall(rf"\] {verb} SIGURG", quiet.stderr)) for verb in ("kill", "signal")], [1, 1], quiet.stderr)
        self.assertLine(r"thread preemption \(SIGURG\): 10 events$", quiet.stderr)
        self.assertEqual([len(re.findall(rf"\] {verb} SIGURG", full.stderr)) for verb in ("kill", "signal")], [6, 6], full.stderr)
        self.assertNotRegex(quiet.stderr, r"\] accept ")
        self.assertLine(r"\] accept tcp4 on 127\.0\.0\.1:\d+ EAGAIN", full.stderr)

    def test_server_and_client(self):
        port = free_port()
        server = self.start("-a", "-o", "server.txt", "--", PYTHON, "-m", "http.server", str(port), "--bind", "127.0.0.1",
                            cwd=self.dir, start_new_session=True)
        pathlib.Path("index.html").write_text("x" * 5000)

        def up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(up)
        r = trace("-a", "--", "curl", "-s", f"http://127.0.0.1:{port}/index.html")
        self.assertEqual(r.stdout, "x" * 5000)
        self.assertLine(rf"connect tcp4 → 127\.0\.0\.1:{port}", r.stderr)
        self.assertLine(rf"send +\d+ B to 127\.0\.0\.1:{port}", r.stderr)
        sent = re.search(r"Net sent: +(\d+) B$", r.stderr, re.M)
        self.assertTrue(sent, r.stderr)
        os.killpg(server.pid, signal.SIGINT)
        server.communicate(timeout=60)
        text = pathlib.Path("server.txt").read_text()
        self.assertLine(rf"accept tcp4 ← 127\.0\.0\.1:\d+ on 127\.0\.0\.1:{port}", text)
        # what the client sent is what the server received on that connection
        self.assertLine(rf"recv +{sent[1]} B from 127\.0\.0\.1:\d+", text)
        self.assertLine(rf"^ +[45]\.\d KB +{sent[1]} B .*tcp4 ← 127\.0\.0\.1:", text)
        self.assertLine(rf"tcp4 127\.0\.0\.1:{port}, \d connections accepted", text)

    def test_report_is_written_and_private(self):
        r = trace("--report=r.html", "--", "true")
        self.assertEqual(r.returncode, 0)
        self.assertEqual(os.stat("r.html").st_mode & 0o777, 0o600)
        page = pathlib.Path("r.html").read_text(errors="replace")
        self.assertIn("Content-Security-Policy", page)
        self.assertLine(r"Report: r\.html, \d+ events", r.stderr)

    def test_report_cut(self):
        r = trace("--report=r.html", "--max-report-events", "50", "--", "sh", "-c", "ls / >/dev/null; ls /etc >/dev/null")
        m = re.search(r"Report: r\.html, .*?(\d+) of ([\d,]+) events", r.stderr)
        self.assertTrue(m, r.stderr)
        self.assertGreater(int(m[2].replace(",", "")), int(m[1]))

    def test_hostile_names(self):
        name = "a\x1b[31m\n\u202ex<script>"
        r = trace("--report=r.html", "--", "sh", "-c", 'cat "$1" 2>/dev/null; true', "sh", f"/{name}")
        self.assertEqual(r.returncode, 0)
        self.assertNotIn("\x1b", r.stderr)
        self.assertNotIn("\u202e", r.stderr)
        self.assertIn(r"/a\e[31m\n\xe2\x80\xaex<script> (read) ENOENT", r.stderr)


class Status(Case):
    def test_own(self):
        for code in (0, 1, 42, 255):
            self.assertEqual(trace("--", "sh", "-c", f"exit {code}").returncode, code)

    def test_signal(self):
        for sig in (signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGABRT):
            self.assertEqual(trace("--", "sh", "-c", f"kill -{sig.value} $$").returncode, -sig.value)

    def test_streams(self):
        r = subprocess.run([*TRACER, "-o", "o.txt", "--", "sh", "-c", "cat; echo err >&2"], input=b"in\n", stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, env=ENV, timeout=60)
        self.assertEqual(r.stdout, b"in\n")

    def test_nothing_inherited(self):
        """Descriptors, signal dispositions, mask, limits, working directory: as without a tracer."""
        probe = ("ls -l /proc/self/fd | wc -l; grep -E '^(Sig|Shd|NoNew|Seccomp|Cpus_allowed:)' /proc/self/status | grep -v SigQ;"
                 "ulimit -a; pwd; ps -o ni= -p $$; chrt -p $$ | sed 's/.*://'; umask")
        args = ["sh", "-c", probe]
        plain = subprocess.run(args, capture_output=True, text=True, env=ENV, timeout=60)
        for options in ([], ["--no-seccomp"], ["--record", "t.cpd"], ["--report=r.html", "-o", "o.txt"]):
            r = trace(*options, "--", *args)
            # our answer pads a shorter number with blanks so that the file keeps its length
            self.assertEqual(re.sub(r" +$", "", r.stdout, flags=re.M), re.sub(r" +$", "", plain.stdout, flags=re.M))


class Refused(Case):
    def refused(self, status, words, *args):
        r = trace(*args)
        self.assertEqual(r.returncode, status, r.stderr)
        self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)
        self.assertTrue(r.stderr.startswith("compendium: "), r.stderr)
        self.assertIn(words, r.stderr)

    def test_commands(self):
        pathlib.Path("plain").write_text("echo hi\n")
        pathlib.Path("bad").write_text("#!/nonexistent/interpreter\n")
        pathlib.Path("none").write_text("echo hi\n")
        os.chmod("bad", 0o755)
        os.chmod("none", 0o755)
        self.refused(125, "nothing to trace")
        self.refused(127, "command not found", "no-such-command")
        self.refused(127, "no such file", "./missing")
        self.refused(126, "is a directory", "/tmp")
        self.refused(126, "not executable", "./plain")
        self.refused(126, "interpreter", "./bad")
        self.refused(126, "#! line", "./none")
        self.refused(127, "empty word", "")
        self.refused(125, "one or the other", "-p", "1", "true")

    def test_pids(self):
        self.refused(125, "there is no process", "-p", "4194000")
        kernel = next((p for p in range(2, 50) if os.path.exists(f"/proc/{p}/stat") and not os.path.exists(f"/proc/{p}/exe")
                       and pathlib.Path(f"/proc/{p}/status").read_text().find("Kthread:\t1") > 0), None)
        if kernel:
            self.refused(125, "kernel thread", "-p", str(kernel))
        child = subprocess.Popen(["sleep", "60"])
        try:
            first = self.start("--backend", "ptrace", "-p", str(child.pid))
            wait_for(lambda: "TracerPid:\t0\n" not in pathlib.Path(f"/proc/{child.pid}/status").read_text())
            if BACKEND == "ptrace":
                self.refused(125, "traced already", "-p", str(child.pid))
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=60)
            self.assertEqual(first.returncode, 0)
            self.assertIn("TracerPid:\t0\n", pathlib.Path(f"/proc/{child.pid}/status").read_text())
        finally:
            child.kill()
            child.wait()

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_other_user(self):
        shutil.copy(BINARY, "compendium")
        os.chmod("compendium", 0o755)
        child = subprocess.Popen(["sleep", "60"])
        try:
            r = subprocess.run(["./compendium", "--backend", BACKEND, "-p", str(child.pid)], capture_output=True, text=True, user=NOBODY, group=NOBODY,
                               extra_groups=[], timeout=60)
        finally:
            child.kill()
            child.wait()
        self.assertEqual(r.returncode, 125)
        self.assertIn("another user", r.stderr)

    def test_files(self):
        for option in ("--report=", "--output=", "--record="):
            marker = f"{self.dir}/ran"
            self.refused(125, "/nonexistent/f", f"{option}/nonexistent/f", "--", "touch", marker)
            self.assertFalse(os.path.exists(marker), "the command ran before the file was found unwritable")
        trace("--report=a.html", "-o", "b.txt", "--record", "c.cpd", "--", "no-such-command")
        self.assertEqual(os.listdir("."), [])
        pathlib.Path("old.html").write_text("precious")
        trace("--report=old.html", "--", "no-such-command")
        self.assertEqual(pathlib.Path("old.html").read_text(), "precious")

    def test_one_file_for_two_things(self):
        trace("--record", "t.cpd", "--", "true")
        whole = pathlib.Path("t.cpd").read_bytes()
        os.link("t.cpd", "linked")
        for option in ("--output=t.cpd", "--report=t.cpd", "--output=./linked"):
            self.refused(125, "the same file", "--read", "t.cpd", option)
        self.assertEqual(pathlib.Path("t.cpd").read_bytes(), whole)
        self.refused(125, "--report and --output name the same file", "--report=new", "-o", "new", "--", "true")
        self.assertFalse(os.path.exists("new"))

    def test_disk_full(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        for option in ("--report=/dev/full", "--output=/dev/full", "--record=/dev/full"):
            r = trace(option, "--", "sh", "-c", "ls / > listing; exit 7")
            self.assertEqual(r.returncode, 7, r.stderr)
            self.assertIn("bin", pathlib.Path("listing").read_text())
            self.assertIn("No space left on device", r.stderr)
        # without a command there is no other status: what was asked for is not there
        trace("--record", "t.cpd", "--", "true")
        for option in ("--report=/dev/full", "--output=/dev/full", "--json=/dev/full"):
            r = trace("-q", option, "--read", "t.cpd")
            self.assertEqual(r.returncode, 125, r.stderr)
        with open("/dev/full", "w") as full:
            for option in ("--json", "-o"):
                r = subprocess.run([*TRACER, "-q", option, "-", "--read", "t.cpd"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(r.returncode, 125, r.stderr)
                self.assertIn("No space left on device", r.stderr)

    def test_standard_output(self):
        trace("--record", "t.cpd", "--", "ls", "/")
        to_file, to_stdout = trace("--read", "t.cpd", "-o", "text"), trace("--read", "t.cpd", "-o", "-")
        self.assertEqual((to_file.stdout, to_stdout.stdout), ("", pathlib.Path("text").read_text()))
        self.assertEqual(to_file.stderr, to_stdout.stderr)
        self.assertFalse(os.path.exists("-"))

    def test_recordings(self):
        trace("--record", "t.cpd", "--", "ls", "/")
        whole = pathlib.Path("t.cpd").read_bytes()
        pathlib.Path("cut.cpd").write_bytes(whole[:-20])
        pathlib.Path("new.cpd").write_bytes(whole[:8] + b"\xff\0\0\0" + whole[12:])
        pathlib.Path("text").write_text("hello")
        self.refused(125, "is not a recording", "--read", "text")
        self.refused(125, "No such file", "--read", "missing")
        self.refused(125, "newer compendium", "--read", "new.cpd")
        r = trace("--read", "cut.cpd")
        self.assertEqual(r.returncode, 125)
        self.assertIn("cut off", r.stderr)
        pathlib.Path("begun.cpd").write_bytes(whole[:100])
        self.refused(125, "it contains nothing to show", "--read", "begun.cpd", "--report=begun.html", "-o", "begun.txt")
        self.assertFalse(os.path.exists("begun.html") or os.path.exists("begun.txt"))

    def test_options(self):
        self.refused(125, "did you mean --report", "--repotr", "ls")
        self.refused(125, "compendium --report -- ls", "--report", "ls")
        self.refused(125, "from 1 to", "--max-report-events", "0", "ls")


class Ending(Case):
    """Signals to compendium. The commands ignore nothing they would not ignore untraced."""

    def run_until(self, p, pattern):
        """stderr up to the line that shows it; the rest is read later."""
        seen = b""
        while not re.search(pattern, seen):
            chunk = os.read(p.stderr.fileno(), 4096)
            self.assertTrue(chunk, "ended early:\n" + seen.decode(errors="replace"))
            seen += chunk
        return seen

    def test_first_interrupt_is_the_program_s(self):
        p = self.start("--", "sh", "-c", "trap 'echo caught' INT; echo ready >&2; sleep 30; echo after", start_new_session=True)
        self.run_until(p, rb"sleep exec")
        os.killpg(p.pid, signal.SIGINT)
        out, err = p.communicate(timeout=60)
        self.assertEqual(out, b"caught\nafter\n")
        self.assertEqual(p.returncode, 0)
        self.assertIn(b"FINAL", err)

    def test_interrupt_to_us_alone_goes_on_once(self):
        for group_too in (False, True):     # timeout(1) tells its child, and then the group
            p = self.start("--", "sh", "-c", "trap 'echo caught' INT; echo ready >&2; sleep 0.5; sleep 0.5; echo after", start_new_session=True)
            self.run_until(p, rb"sleep exec")
            os.kill(p.pid, signal.SIGINT)
            if group_too:
                os.killpg(p.pid, signal.SIGINT)
            out, err = p.communicate(timeout=60)
            self.assertEqual(out, b"caught\nafter\n")
            self.assertEqual(p.returncode, 0)

    def test_second_interrupt_kills(self):
        p = self.start("--report=r.html", "--", "sh", "-c", "trap '' INT; sleep 60; sleep 60", start_new_session=True)
        self.run_until(p, rb"sleep exec")
        os.killpg(p.pid, signal.SIGINT)
        time.sleep(1)       # closer together they are one, unless they come from a terminal
        os.killpg(p.pid, signal.SIGINT)
        _, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, -signal.SIGKILL)
        self.assertIn(b"FINAL", err)
        self.assertGreater(os.path.getsize("r.html"), 10000)

    def test_term_and_hup(self):
        for sig in (signal.SIGTERM, signal.SIGHUP):
            p = self.start("--report=r.html", "--", "sleep", "60")
            self.run_until(p, rb"sleep exec")
            p.send_signal(sig)
            _, err = p.communicate(timeout=60)
            self.assertEqual(p.returncode, -sig)
            self.assertIn(b"FINAL", err)
            self.assertIn(b"Report: r.html", err)

    def test_term_ignored(self):
        p = self.start("--", "sh", "-c", "trap '' TERM; echo $$ >&2; sleep 5; exit 0")
        self.run_until(p, rb"sleep exec")
        p.send_signal(signal.SIGTERM)
        _, err = p.communicate(timeout=60)
        self.assertIn(b"FINAL", err)
        self.assertEqual(p.returncode, -signal.SIGTERM)     # 0 would say that the command has ended well

    def test_signals_to_the_command_s_own_group(self):
        """kill 0 in a job script is no request to compendium, whether the command handles the signal or ends by it."""
        signals = [n for n in range(1, 65) if n in signal.valid_signals() and n not in (signal.SIGKILL, signal.SIGSTOP)]
        handles = "import os,signal,sys,time\nsignal.signal(int(sys.argv[1]), lambda *a: os._exit(5))\nos.kill(0, int(sys.argv[1]))\ntime.sleep(20)"
        ends = "import os,signal,sys\nsignal.signal(int(sys.argv[1]), signal.SIG_DFL)\nos.kill(0, int(sys.argv[1]))\nos._exit(5)"
        stops = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
        # a sanitizer's handlers, which stay, take a signal from outside for a fault
        env = {**ENV, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0"}
        for n in signals:
            for program in [handles] if n in stops else [handles, ends]:
                untraced = subprocess.run([PYTHON, "-S", "-c", program, str(n)], start_new_session=True, timeout=60).returncode
                p = self.start("--", PYTHON, "-S", "-c", program, str(n), start_new_session=True, env=env)
                _, err = p.communicate(timeout=60)
                self.assertEqual(p.returncode, untraced, (n, program, err[-300:]))
                self.assertIn(b"FINAL", err)

    def test_slow_end_after_a_signal_of_its_own(self):
        """A trap that needs longer than the two seconds that another process's SIGTERM gives."""
        script = "trap 'sleep 2.5; exit 5' TERM; trap '' HUP; kill -HUP 0; kill -TERM 0; sleep 60 & wait"
        p = self.start("--", "sh", "-c", script, start_new_session=True)
        _, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 5, err[-500:])

    def test_a_signal_of_a_child_of_the_command(self):
        """Also of a process that has ended when compendium looks."""
        script = "trap 'echo caught' USR1; sh -c 'kill -USR1 0'; env kill -USR2 $PPID; sleep 0.3; exit 5"
        p = self.start("--", "sh", "-c", "trap '' USR2; " + script, start_new_session=True)
        out, err = p.communicate(timeout=60)
        self.assertEqual((p.returncode, out), (5, b"caught\n"), err[-500:])

    def test_signals_from_elsewhere_are_the_command_s(self):
        for sig in (signal.SIGUSR1, signal.SIGVTALRM, signal.SIGRTMIN + 3):
            p = self.start("--", "sh", "-c", f"trap 'echo caught; n=done' {sig - 0}; echo ready >&2; while [ -z $n ]; do sleep 0.1; done; sleep 0.5; exit 5",
                           start_new_session=True)
            self.run_until(p, rb"sleep exec")
            p.send_signal(sig)
            out, err = p.communicate(timeout=60)
            self.assertEqual((p.returncode, out), (5, b"caught\n"), err[-500:])

    def test_killed_tracer_takes_its_command_along(self):
        p = self.start("--", "sh", "-c", "echo $$; sleep 60")
        pid = int(p.stdout.readline())
        p.kill()
        p.wait(timeout=60)
        wait_for(lambda: not alive(pid))

    def test_detach(self):
        child = subprocess.Popen([PYTHON, "-c", "import os,time\nwhile True:\n os.path.exists('/nonexistent-dir'); time.sleep(0.01)"])
        try:
            p = self.start("-p", str(child.pid))
            self.run_until(p, rb"stat /nonexistent-dir ENOENT")
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=60)
            self.assertEqual(p.returncode, 0)
            self.assertIn(b"FINAL", err)
            self.assertTrue(alive(child.pid))
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            self.assertIn("TracerPid:\t0\n", status)
            self.assertNotIn("State:\tT", status)
        finally:
            child.kill()
            child.wait()


@unittest.skipUnless(shutil.which("redis-server") and shutil.which("redis-benchmark"), "redis is not installed")
class Redis(Case):
    def test_attach_under_load(self):
        port = free_port()
        server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL,
                                  cwd=self.dir)
        self.addCleanup(lambda: (server.kill(), server.wait()))

        def up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(up)
        # Without end: however late the tracer comes, there is load.
        load = ["redis-benchmark", "-p", str(port), "-t", "set,get", "-n", "4000", "-c", "10", "-q"]
        bench = subprocess.Popen([*load, "-l"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (bench.poll() is None and bench.kill(), bench.wait(), bench.stdout.close()))
        # its standard error is not read meanwhile, and a full pipe would hold it up
        p = self.start("-a", "-p", str(server.pid), "-o", "o.txt", stderr=subprocess.DEVNULL)

        def seen():
            return os.path.exists("o.txt") and re.search(r"(recv|send) .*(from|to) 127\.0\.0\.1:\d+", pathlib.Path("o.txt").read_text())
        wait_for(seen)
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=60)
        self.assertEqual(p.returncode, 0)
        self.assertIsNone(bench.poll(), "the clients gave up")
        bench.kill()
        self.assertNotIn(b"rror", bench.stdout.read())
        self.assertEqual(subprocess.run(load, capture_output=True, timeout=300).returncode, 0)
        self.assertEqual(subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, timeout=60).stdout, b"PONG\n")
        self.assertLine(rf"(recv|send) .*(from|to) 127\.0\.0\.1:\d+", pathlib.Path("o.txt").read_text())


if __name__ == "__main__":
    for ignored in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_DFL)  # nohup and such would be inherited, and respected
    signal.signal(signal.SIGINT, signal.default_int_handler)
    probe = subprocess.run([*TRACER, "-o", "/dev/null", "--", "true"], capture_output=True, text=True, env=ENV, timeout=60)
    if "cannot be used" in probe.stderr:
        print("skipped:", probe.stderr.splitlines()[0])
        sys.exit(77)
    result = unittest.main(verbosity=1, exit=False).result
    for case, reason in result.skipped:
        print(f"skipped {case.id()}: {reason}")
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bool(bad))
