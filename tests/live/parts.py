#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings of long runs: parts that can each be read alone, and the newest part, written when it is asked for.

usage: parts.py --compendium FILE [--backend B] parts [TEST…]
"""
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time

from harness import PATIENCE, Skip, check, equal, eventually, main
from recordings import run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

# Opens files, a pipe and a connection first; then works with them, until a file says how to end.
PROGRAM = """
import os, socket, subprocess, sys, threading, time
folder, port = sys.argv[1], int(sys.argv[2])
early = open(f"{folder}/opened-early", "w", buffering=1)
copy = os.dup(early.fileno())
net = socket.create_connection(("127.0.0.1", port))
r, w = os.pipe()
child = subprocess.Popen(["cat"], stdin=r, stdout=open(f"{folder}/of-the-child", "w"))
os.rename(f"{folder}/opened-early", f"{folder}/renamed-since")
os.chdir(folder)
def work():
    thread = open(f"{folder}/of-a-thread", "w", buffering=1)
    while True:
        thread.write("t" * 50 + "\\\\n")
        time.sleep(0.002)
threading.Thread(target=work, daemon=True).start()
n = 0
while not os.path.exists("end"):
    early.write(f"line {n}\\\\n")
    os.write(copy, b"copy\\\\n")
    os.write(w, b"through the pipe\\\\n")
    net.send(b"over the connection")
    open("relative", "w").close()
    n += 1
    open("progress", "w").write(str(n))
    time.sleep(0.002)
os.unlink("progress")
os.write(2, b"about to fail\\\\n")
how = open("end").read()
child.kill()
if how == "crash":
    os.kill(os.getpid(), 11)
sys.exit(int(how))
"""


class Run:
    """The program above under compendium, at work until end()."""
    def __init__(self, t, *options, **more):
        self.folder = t.scratch / f"run{len(t.started)}"
        self.folder.mkdir()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.said = t.out()
        with open(self.said, "wb") as err:
            self.p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, *map(str, options), "--", sys.executable, "-c", PROGRAM.replace("\\\\n", "\\n"),
                                       str(self.folder), str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, **more)
        t.started.append(self.p)
        self.connection = self.server.accept()[0]

    def turns(self):
        try:
            return int((self.folder / "progress").read_text() or 0)
        except (OSError, ValueError):
            return 0

    def go_on(self, turns=50):
        """Until it has done so much more."""
        now = self.turns()
        eventually(lambda: self.turns() >= now + turns, "the program's work")

    def leave_behind(self, last_s):
        """Until --last of so many seconds keeps nothing of what was before: it keeps an eighth more at most, and some that came in each of
        these rounds, each longer than that."""
        for _ in range(12):
            end = time.monotonic() + last_s * 0.15
            self.go_on(10)
            eventually(lambda: time.monotonic() >= end, "time")  # noqa: B023

    def end(self, how):
        end = self.folder / "end.new"
        end.write_text(how)
        end.rename(self.folder / "end")
        status = self.p.wait(PATIENCE)
        self.connection.close()
        self.server.close()
        return status, self.said.read_text(errors="replace")


def names_are_right(t, r, file, what):
    """In a recording that begins in the midst: what is done with descriptors from before has their names as they are now."""
    status, _, text = run(t, "-a", "--read", file)
    equal(status, 0, f"{what}: {text[-500:]}")
    for words in (rf"write .* to {r.folder}/renamed-since", rf"write .* to {r.folder}/of-a-thread", rf"open {r.folder}/relative", rf"send .* to 127.0.0.1:{r.port}",
                  r"write .* to pipe:\[\d+\] \(pid \d+\)", rf"write .* to {r.folder}/of-the-child"):
        check(re.search(words, text), f"{what}: no line {words} in {text[:3000]}")
    check(not re.search(r"(to|from) (fd \d|descriptor)", text), f"{what}: a descriptor without a name")
    return text


def rotated(t):
    """--rotate, --keep: each file is complete and can be read alone, with names that were made before it; old ones go; together they are all"""
    file = t.scratch / "long.cpd"
    r = Run(t, "-q", "--record", file, "--rotate", "64k", "--keep", "3")
    parts = lambda: sorted(t.scratch.glob("long.*.cpd"))  # noqa: E731
    eventually(lambda: parts() and int(parts()[-1].name.split(".")[1]) >= 5, "the fifth file")
    status, said = r.end("0")
    equal(status, 0, said[-500:])
    equal(len(parts()), 3, parts())
    numbers = [int(p.name.split(".")[1]) for p in parts()]
    equal(numbers, list(range(numbers[0], numbers[0] + 3)), "the newest three")
    for n, part in enumerate([*parts(), file]):
        equal(oct(part.stat().st_mode & 0o777), "0o600", part)
        text = run(t, "--read", part)[2]
        check(re.search("Recorded from .* after the start of the trace on", text), text[:500])
        check(("The trace goes on after this recording" in text) == (n < 3), f"{part}: {text[-3000:]}")
    names_are_right(t, r, parts()[1], "a part from the middle")
    check(all(p.stat().st_size < 200000 for p in parts()), "a part is too large")


def by_time(t):
    """--rotate TIME"""
    file = t.scratch / "timed.cpd"
    r = Run(t, "-q", "--record", file, "--rotate", "200ms")
    eventually(lambda: len(list(t.scratch.glob("timed.*.cpd"))) >= 3, "three files")
    r.go_on(1)      # on a busy machine three files are full before it begins to work
    status, said = r.end("0")
    equal(status, 0, f"the command: {said[-500:]}")
    equal(run(t, "--read", t.scratch / "timed.0002.cpd")[0], 0, "the second file")


def crashed(t):
    """--last: a program that is killed: the recording and the report show the end, with right names, and no more than was asked for"""
    file, page = t.scratch / "crash.cpd", t.scratch / "crash.html"
    r = Run(t, "-q", "--last", "2s", "--record", file, f"--report={page}")
    r.leave_behind(2)
    check(not page.exists() and file.stat().st_size == 0, "written before anything happened")
    status, said = r.end("crash")
    equal(status, -signal.SIGSEGV, said[-700:])
    check(re.search(rf"^compendium: the program failed, killed by SIGSEGV.*: the last \S+ are in {file} and {page}$", said, re.M), said[-700:])
    text = names_are_right(t, r, file, "the recording")
    check("killed by SIGSEGV" in text and "about to fail" in text, text[-3000:])
    check(not re.search(r"open \S+/opened-early", text), f"what happened before is there, too: {said[-300:]} {text[:1000]}")
    strings = [s.decode(errors="replace") for s in Report(page).strings]
    for name in ("renamed-since", "of-a-thread", "of-the-child"):
        check(str(r.folder / name) in strings, f"{name} is not in the report")
    check(b"Recorded from" in page.read_bytes(), "the page does not say that it is a part")


def failed_and_not(t):
    """--last: exit status 3 is a reason, 0 is none: then nothing is written, and an older file stays"""
    for how, status in (("3", 3), ("0", 0)):
        file = t.scratch / f"exit{how}.cpd"
        old = t.scratch / f"old{how}.cpd"
        old.write_text("precious")
        r = Run(t, "-q", "--last", "64MB", "--record", file)
        r.go_on(20)
        got, said = r.end(how)
        equal(got, status, said[-500:])
        equal(file.exists(), how == "3", f"exit {how}: the recording")
        check(("the program failed, exit 3" in said) == (how == "3"), said[-500:])
    r = Run(t, "-q", "--last", "64MB", "--record", old)
    r.go_on(20)
    equal(r.end("0")[0], 0, "the command")
    equal(old.read_text(), "precious", "an older file")


def asked_for(t):
    """--last: SIGUSR1 to compendium writes what is kept, each time into new files, and goes on; the program does not get the signal"""
    file, page = t.scratch / "now.cpd", t.scratch / "now.html"
    r = Run(t, "-q", "--last", "1s", "--record", file, f"--report={page}")
    r.go_on(100)
    for n, (cpd, html) in enumerate(((file, page), (t.scratch / "now.2.cpd", t.scratch / "now.2.html")), 1):
        r.p.send_signal(signal.SIGUSR1)
        eventually(lambda: r.said.read_text().count("SIGUSR1: the last") == n, "the line")  # noqa: B023
        names_are_right(t, r, cpd, f"{n}: the recording")
        Report(html)
        r.go_on(50)
    text = run(t, "--read", file)[2]
    check("The trace goes on after this recording, with 2 processes" in text, text[-2000:])
    status, said = r.end("0")
    equal(status, 0, said[-500:])
    check("SIGUSR1" not in run(t, "--read", t.scratch / "now.2.cpd")[2], "the program got it")


def not_from_the_traced(t):
    """--last: SIGUSR1 that the traced program sends to its parent is no request"""
    file = t.scratch / "own.cpd"
    status, _, said = run(t, "--backend", t.args.backend, "-q", "--last", "10s", "--record", file, "--", "sh", "-c", "kill -USR1 $PPID; sleep 0.3; :")
    equal(status, 0, said[-500:])
    check(not file.exists() and "nothing was written" in said, said[-500:])


def when_it_matches(t):
    """--last --dump-when: an event that the filter chooses is a reason; what cannot be read as a filter is refused before anything runs"""
    file = t.scratch / "when.cpd"
    r = Run(t, "-q", "--last", "1s", "--record", file, "--dump-when", "path:the-one-that-matters")
    r.go_on(50)
    check(file.stat().st_size == 0, "too early")
    status, _, said = run(t, "--last", "1s", "--record", t.scratch / "x.cpd", "--dump-when", "err:(", "--", "touch", t.scratch / "ran")
    check(status == 125 and not (t.scratch / "ran").exists(), said)
    equal(r.end("0")[0], 0, "the command")
    status, _, said = run(t, "--backend", t.args.backend, "-q", "--last", "10s", "--record", file, "--dump-when", "path:the-one-that-matters", "--",
                          "sh", "-c", f"ls / >/dev/null; : > {t.scratch}/the-one-that-matters; sleep 0.2; ls /etc >/dev/null")
    equal(status, 0, said[-500:])
    check("--dump-when: the last" in said and "the-one-that-matters" in run(t, "--read", file)[2], said[-500:])


def not_written(t):
    """--last, --rotate: a file that cannot be made is refused before the command runs; one that can be made no longer is not called written"""
    ran, file = t.scratch / "ran", t.scratch / "x.cpd"
    os.mkfifo(t.scratch / "fifo")
    (t.scratch / "link").symlink_to(file)
    for words, why in ((("--last", "1s", "--record", file, f"--report={t.scratch}/none/x.html"), "none/x.html"),
                       (("--last", "1s", "--record", file, f"--report={file}"), "x.cpd"),
                       *((("--rotate", "1MB", "--record", other), "no regular file") for other in (t.scratch / "fifo", t.scratch / "link", "/dev/null"))):
        status, _, said = run(t, "--backend", t.args.backend, *words, "--", "touch", ran)
        check(status == 125 and why in said and not ran.exists(), f"{words}: {status} {said[-500:]}")
        check(not file.exists(), f"{words}: an empty file is left")
    folder, page, rows = t.scratch / "folder", t.scratch / "folder" / "x.html", t.scratch / "x.json"
    folder.mkdir()
    status, _, said = run(t, "--backend", t.args.backend, "-q", "--last", "1h", "--record", file, f"--report={page}", "--json", rows, "--",
                          "sh", "-c", f"rm -r {folder}; exit 3")
    equal(status, 3, said[-500:])
    check(re.search(rf"cannot write .*{page}", said), said[-700:])
    check(re.search(rf"the last \S+ are in {file} and {rows}$", said, re.M), said[-700:])
    check(rows.stat().st_size > 0 and run(t, "--read", file)[0] == 0, "what could be written is there")


def memory_of_segments(t):
    """--last: a segment that is dropped leaves no memory behind: what grows is what the summary counts"""
    if "ASAN_OPTIONS" in os.environ:
        raise Skip("a sanitizer keeps what was freed")
    r = Run(t, "-q", "--last", "200ms", "--record", t.scratch / "flat.cpd")
    kb = []
    for turns in (300, 1500):
        eventually(lambda: r.turns() >= turns, "the program's work")  # noqa: B023
        kb += [int(s.split()[1]) for s in open(f"/proc/{r.p.pid}/status") if s.startswith("RssAnon")]
    equal(r.end("0")[0], 0, "the command")
    check(kb[1] < kb[0] + (12 << 10), f"KB after 300 and 1500 turns: {kb}")     # 5 MB; with the writers of dropped segments more than 20


def short_tables(t):
    """--last: what is kept of days does not grow: a table of the summary has 4,096 rows, and one for the rest"""
    script = "import os\nfor i in range(5000):\n  try: os.stat(f'/nope/{i}')\n  except OSError: pass"
    for options, known in (((), True), (("--last", "1s", "--record", t.scratch / "short.cpd"), False)):
        summary = t.scratch / "short.json"
        status, _, said = run(t, "--backend", t.args.backend, "-q", "--summary=json", "-o", summary, *options, "--", sys.executable, "-S", "-c", script)
        equal(status, 0, said[-500:])
        table = json.loads(summary.read_text())["tables"]["failed_lookups"]
        rows = [row for row in table["rows"] if "/nope/" in str(row)]
        equal((len(rows) == 5000, len(rows) <= 4096, bool(table.get("others"))), (known, not known, not known), f"{options}: {len(rows)} rows")


GROUPS = {"parts": [rotated, by_time, crashed, failed_and_not, asked_for, not_from_the_traced, when_it_matches, not_written, memory_of_segments, short_tables]}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main(__doc__, GROUPS))
