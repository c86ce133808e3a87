# SPDX-License-Identifier: MIT
"""What the live tests share: traced processes that are ended, conditions waited for, TAP."""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import redis_server

PATIENCE = 120      # seconds until a hang is a failure
# LeakSanitizer ends a traced program with an error of its own.
NO_LEAK_CHECK = ["env", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"]


class Skip(Exception):
    pass


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def rounds(n, t=None):
    """How often a race is tried: a quarter where the tracer is sanitized, which shows faults of memory, not of time.

    So where test t attaches with BPF, when the race is one of stopping: BPF stops nothing, and its rounds mostly load programs.  Each
    of them with --all-rounds."""
    few = "ASAN_OPTIONS" in os.environ or t and t.args.backend == "bpf" and not t.args.all_rounds
    return range(n // 4 if few else n)


def check(ok, what):
    if not ok:
        raise AssertionError(what)


def equal(a, b, what):
    check(a == b, f"{what}: {a!r}, not {b!r}")


def eventually(ask, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never came: {what}")


def status(pid, key, tid=None):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{tid}/status" if tid else f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return re.search(rf"^{key}:\s*(.*)$", text, re.M)[1]


def tasks(pid):
    try:
        return [int(t) for t in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def untraced(pid):
    """No thread has a tracer, none is in a tracing stop."""
    for tid in tasks(pid):
        if status(pid, "TracerPid", tid) not in ("0", None) or (status(pid, "State", tid) or "").startswith("t"):
            return False
    return True


class Victim:
    def __init__(self, test, way, first):
        self.process = subprocess.Popen([test.args.victim, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal(self.process.stdout.readline(), first, "the victim's first word")
        self.pid = self.process.pid

    def end(self, what="the victim"):
        out, err = self.process.communicate(timeout=PATIENCE)
        equal((self.process.returncode, err.decode()), (0, ""), f"how {what} ended")
        return out.decode()


class Test:
    def __init__(self, args, scratch):
        self.args, self.scratch = args, pathlib.Path(scratch)
        self.started, self.n = [], 0

    @contextlib.contextmanager
    def victim(self, way, first=b"ready\n"):
        v = Victim(self, way, first)
        try:
            yield v
        finally:
            if v.process.poll() is None:
                v.process.kill()
                v.process.wait()
            for stream in (v.process.stdin, v.process.stdout, v.process.stderr):
                stream.close()

    def out(self):
        self.n += 1
        return self.scratch / f"out{self.n}"

    def start(self, *options, program=None, **more):
        """compendium, or a program that becomes it, and the file its text goes to."""
        out = self.out()
        said = out.with_suffix(".err")
        with open(said, "wb") as err:
            p = subprocess.Popen([program or self.args.compendium, "--backend", self.args.backend, "-a", "-o", str(out), *map(str, options)],
                                 **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": err, **more})
        p.said = lambda: said.read_text(errors="replace")
        self.started.append(p)
        p.text = lambda: out.read_text(errors="replace") if out.exists() else ""
        return p

    def run(self, *command, options=(), **more):
        """A command traced to its end: exit status, what it wrote, the trace."""
        p = self.start(*options, "--", *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        out, err = p.communicate(timeout=PATIENCE)
        return p.returncode, out, err, p.text()

    def traces(self, p, pid):
        """Whether compendium p has begun to trace pid: the kernel knows of a ptracer, of bpf only compendium itself."""
        if self.args.backend == "bpf":
            return re.search(rf"attach process {pid}\b", p.text())
        return any(status(pid, "TracerPid", t) == str(p.pid) for t in [None, *tasks(pid)])

    def attach(self, pid, *options):
        p = self.start("-p", pid, *options)
        eventually(lambda: p.poll() is not None or self.traces(p, pid), f"a tracer of {pid}")
        return p

    def let_go(self, p, pid, how=signal.SIGINT):
        p.send_signal(how)
        p.wait(PATIENCE)
        if how == signal.SIGINT:
            equal(p.returncode, 0, "the exit status of compendium, which says " + p.said()[-700:])
            check("FINAL" in p.text(), "no summary")
        eventually(lambda: untraced(pid), f"{pid} untraced")

    def clean(self):
        for p in self.started:
            if p.poll() is None:
                p.kill()
                p.wait()
            for stream in (p.stdout, p.stderr):
                if stream:
                    stream.close()


def same(t, *command, options=(), ok=None, filter_out=lambda b: b, env=None):
    """Exit status and output of a command, traced as untraced."""
    plain = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                           cwd=t.scratch, env=env)
    rc, out, _, text = t.run(*command, options=options, cwd=t.scratch, env=env)
    equal((rc, filter_out(out)), (plain.returncode, filter_out(plain.stdout)), " ".join(command)[:60])
    if ok is not None:
        equal(rc, ok, "its exit status")
    return text


def main(doc, groups):
    """groups: name → tests, functions of a Test; one is chosen on the command line."""
    redis_server.find()
    # the python3 of the tests is this one, not a script that looks for one
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    # a shell's background job ignores it, and so would what is started here
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--victim", type=os.path.abspath)
    parser.add_argument("--backend", choices=["ptrace", "bpf"], default="ptrace")
    parser.add_argument("--all-rounds", action="store_true", help="of a race that is tried less often with BPF, too")
    parser.add_argument("--dump", type=os.path.abspath, help="the program that prints the model at checkpoints")
    parser.add_argument("group", choices=groups)
    parser.add_argument("test", nargs="*", help="only these")
    args = parser.parse_args()
    tests = [test for test in groups[args.group] if not args.test or test.__name__ in args.test]
    probe = subprocess.run([args.compendium, "--backend", "bpf", "-o", "/dev/null", "--", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, check=False)
    bpf = b"cannot be used" not in probe.stderr
    if args.backend == "bpf" and not bpf:
        print("1..0 # SKIP", probe.stderr.decode(errors="replace").splitlines()[0])
        return 0
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        title = f"{test.__name__}: {test.__doc__}"
        with tempfile.TemporaryDirectory(prefix="live-") as scratch:
            t = Test(args, scratch)
            t.bpf = bpf
            try:
                test(t)
                print(f"ok {number} {title}", flush=True)
            except Skip as reason:
                print(f"ok {number} {title} # SKIP {reason}", flush=True)
            except (AssertionError, subprocess.SubprocessError, OSError, IndexError, ValueError) as error:
                failed += 1
                print(f"not ok {number} {title}", flush=True)
                for line in f"{type(error).__name__}: {error}".splitlines()[-40:]:
                    print(f"# {line[:300]}", flush=True)
            finally:
                t.clean()
    return 1 if failed else 0
