#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ptrace and bpf tell the same of the same command, line for line.

usage: tests/bpf/parity.py COMPENDIUM [--only NAME] [--keep DIR] [--runs N]

Each command runs under both backends with -v -a, without address randomisation.
Lines are grouped by thread, in order; what differs from run to run anyway
(pids, times, random bytes, durations) is replaced. A thread whose lines differ
is run again, some times: one run of either backend has to agree with one of the
other.
"""
import argparse
import difflib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

LINE = re.compile(r"^\[\+[\d.]+s\] (?:\[(\d+)\] )?(.*)$")
REPLACE = [
    (re.compile(r"  [\d.]+(?:ns|µs|ms|s)$"), ""),                                  # how long a call took
    (re.compile(r" (?:in |after )?[\d.]+(?:ns|µs|ms|s)\b"), " T"),
    (re.compile(r"(getrandom\()\"(?:[^\"\\]|\\.)*\""), r"\1BYTES"),
    (re.compile(r"(AT_RANDOM|SI_TIMER)=\S+"), r"\1"),
    (re.compile(r"tv_n?u?sec=-?\d+"), "tv"),
    (re.compile(r"(st_[amc]time(?:_n?sec)?|stx_[abmc]time|ru_\w+|tms_\w+|st_ino|stx_ino|st_nlink|stx_nlink|f_bfree|f_bavail|f_ffree|st_atim\w*|st_[mc]tim\w*)=[^,}]+"), r"\1"),
    (re.compile(r"/cc[A-Za-z0-9]{1,6}(…|\b)"), "/ccXXXXXX"),
    (re.compile(r"tmp_obj_\w{6}"), "tmp_obj_XXXXXX"), (re.compile(r"\.git/t\w{6}\b"), ".git/tXXXXXX"),
    (re.compile(r"((?:read|write)\(\d+<[^>]*(?:/\.git/|urandom)[^>]*>, )\"(?:[^\"\\]|\\.)*\"…?"), r"\1DATA"),   # holds times and random bytes
    (re.compile(r"getppid\(\) = \d+"), "getppid() = N"),
    (re.compile(r"(\bpoll\(.*, \d+, )\d+(\) =)"), r"\1TIMEOUT\2"),               # what is left of curl's patience
    (re.compile(r"(times|time|getrusage)\((.*)\) = \d+"), r"\1(\2) = N"),
    (re.compile(r"0x7ff[0-9a-f]{9}\b"), "STACK"),                                  # below the environment, whose size differs
    (re.compile(r"(pipe|socket|anon_inode):\[\d+\]"), r"\1:[N]"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"sin_port=htons\(\d+\)"), "PORT"),
]

# who waits for a lock, and when memory is short, is chance
DROP = re.compile(r"futex\(|sched_yield\(|sysinfo\(|getrandom\(")

IGNORED = re.compile(r"signal .*\(ignored\)")
SIGCHLD = re.compile(r"signal SIGCHLD from pid (\S+)$")
REAPED = re.compile(r"wait4\(-1, (\[.*?\]), \w+, .*\) = (P\S*)")


def children_last(lines):
    """When a child ends is chance: its SIGCHLD comes during the shell's wait for it, or before, and then the handler gets its status.

    So the signals, the statuses and the ends of handlers are put last, in an order of their own; what else was called stays in place."""
    kept, signals, reaped, handlers = [], [], [], []
    in_handler = False
    for line in lines:
        if SIGCHLD.match(line):
            signals.append(line)
            in_handler = True
        elif found := REAPED.match(line):
            reaped.append(f"wait4 {found[1]} = {found[2]}")
        elif in_handler and re.match(r"wait4\(.*WNOHANG.* ECHILD", line):
            pass
        elif in_handler and line.startswith("rt_sigreturn("):
            handlers.append("rt_sigreturn()")     # what the call that it came in had returned
            in_handler = False
        else:
            kept.append(line)
    return kept + sorted(signals) + sorted(reaped) + handlers


def capture(compendium, backend, command, directory):
    log = directory / "log"
    shutil.rmtree(directory / "r", ignore_errors=True)     # what the run before has made
    (directory / "m").unlink(missing_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C", "TMPDIR": str(directory),
           "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    done = subprocess.run(["setarch", "-R", compendium, "--backend", backend, "-v", "-a", "-o", log, "--", *command], cwd=directory, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if b"cannot be used" in done.stderr:
        sys.exit(77)
    if done.returncode:
        sys.exit(f"{' '.join(command)} under {backend}: ended with {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return log.read_text(errors="replace")


def threads(text):
    """Lines by the name of their thread."""
    by_pid, first = {}, None
    for line in text.split("━━━", 1)[0].splitlines():
        if not (match := LINE.match(line)):
            continue
        by_pid.setdefault(match[1], []).append(match[2])
    # the lines before the second task carry no pid; they are the first one's
    if None in by_pid and len(by_pid) > 1:
        first = next(pid for pid in by_pid if pid)
        by_pid[first] = by_pid.pop(None) + by_pid[first]
        by_pid = {first: by_pid.pop(first), **by_pid}
    names, root = {}, next(iter(by_pid))
    own = re.search(r"^(?:set_tid_address|getpid)\(.*\) = (\d+)", "\n".join(by_pid[root]), re.M)
    if own:
        names[own[1]] = "P"

    # a task is named by its place in the tree: which comes first in the log is chance
    def name_children(pid, name):
        names[pid] = name
        for i, child in enumerate(re.findall(r"^(?:fork|thread) → (\d+)", "\n".join(by_pid.get(pid, [])), re.M)):
            name_children(child, f"{name}.{i}")

    name_children(root or "", "P")
    names.pop("", None)
    pids = re.compile(r"\b(" + "|".join(names) + r")\b") if names else None

    def normal(line):
        for pattern, by in REPLACE:
            line = pattern.sub(by, line)
        return pids.sub(lambda m: names[m[1]], line) if pids else line

    def block(lines):
        lines = [normal(line) for line in lines if not DROP.match(line)]
        # when exactly a signal without a handler arrives is chance, too
        return "\n".join(children_last(line for line in lines if not IGNORED.match(line)) + sorted(line for line in lines if IGNORED.match(line)))

    return {names.get(pid, "P"): block(lines) for pid, lines in by_pid.items()}


def server():
    """Answers in one piece, so that the client reads it in one."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            peer, _ = listening.accept()
            peer.recv(65536)
            time.sleep(0.1)     # under either backend the client is waiting by now
            peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6000\r\n\r\n" + b"hello\n" * 1000)
            peer.close()

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


SCRIPT = """
import os, socket, threading, subprocess, tempfile
a, b = socket.socketpair(); a.send(b'x' * 100); b.recv(200)
r, w = os.pipe(); os.write(w, b'abc'); os.read(r, 10)
t = threading.Thread(target=lambda: open('/etc/hostname').read()); t.start(); t.join()
subprocess.run(['/bin/echo', 'child'])
try: open('/nonexistent')
except OSError: pass
"""
SHELL = "echo a > f; cat f f > g; wc -c < g; for i in 1 2 3; do /bin/true; done; (exit 3); ls /nonexistent 2>/dev/null; rm f g; trap : USR1; kill -USR1 $$; :"


def commands(directory, port):
    (directory / "m.c").write_text("#include <stdio.h>\nint main(void) { puts(\"x\"); return 0; }\n")
    (directory / "s.py").write_text(SCRIPT)
    return {
        "true": ["/bin/true"],
        "bash": ["bash", "--norc", "-c", SHELL],
        "curl": ["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/page"],
        "python3": ["python3", "-I", "-S", "-B", "s.py"],
        "gcc": ["gcc", "-O1", "-o", "m", "m.c"],
        "git": ["sh", "-c", "git init -q r; cd r; echo a > a; git add a; "
                "git -c user.name=x -c user.email=x@y commit -q -m m; git log --oneline >/dev/null"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("compendium", type=pathlib.Path)
    parser.add_argument("--only")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=4)
    args = parser.parse_args()
    compendium = args.compendium.resolve()
    probe = subprocess.run([compendium, "--backend", "bpf", "-o", "/dev/null", "--", "true"], stderr=subprocess.PIPE)
    if b"cannot be used" in probe.stderr:
        print("SKIP:", probe.stderr.decode(errors="replace").strip())
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        port = server()
        for what, command in commands(directory, port).items():
            if args.only and what != args.only:
                continue
            if not shutil.which(command[0]):
                print(f"{what}: SKIP, not installed")
                continue
            runs = {"ptrace": [], "bpf": []}
            for _ in range(args.runs):
                for backend, kept in runs.items():
                    text = capture(compendium, backend, command, directory)
                    if args.keep:
                        args.keep.mkdir(exist_ok=True)
                        (args.keep / f"{what}.{backend}").write_text(text)
                    kept.append(threads(text))
                names = {name for kept in runs.values() for run in kept for name in run}
                differ = sorted(n for n in names if not {r.get(n) for r in runs["ptrace"]} & {r.get(n) for r in runs["bpf"]} - {None})
                if not differ:
                    break
            last = runs["bpf"][-1]
            if not differ:
                print(f"{what}: the same, {sum(t.count(chr(10)) + 1 for t in last.values())} lines in {len(last)} threads, {len(runs['bpf'])} runs")
                continue
            failed += 1
            print(f"{what}: DIFFERENT in each of {args.runs} runs")
            for name in differ:
                a, b = (runs[k][-1].get(name, "").splitlines() for k in ("ptrace", "bpf"))
                print("\n".join(list(difflib.unified_diff(a, b, f"ptrace {name}", f"bpf {name}", lineterm="", n=1))[:40]))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
