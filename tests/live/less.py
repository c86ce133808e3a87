#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeing less, for as long as is wanted: tracing that ends first, lines that join, calls that block.

usage: less.py --compendium FILE [--backend B] less [TEST…]
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import termios

from harness import PATIENCE, check, equal, eventually, main, untraced

SHELL = ["bash", "-c", "read a; echo got $a; cat </etc/hostname >/dev/null; exit 7"]


def ended(p):
    """The trace is over: its summary is there."""
    return eventually(lambda: "━ FINAL" in p.text().replace("\n ", " ") and p.text(), "a summary")


def begin(t, *options, command=None, **more):
    return t.start("-q", *options, "--", *(command or SHELL), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **more)


def duration(t):
    """--duration ends the tracing with its summary, the command runs on, and compendium ends as it does"""
    p = begin(t, "--duration", "100ms")
    text = ended(p)
    check("Detached: 1 process runs on" in text and p.poll() is None, text)
    out, _ = p.communicate(b"x\n", timeout=PATIENCE)
    equal((p.returncode, out), (7, b"got x\n"), "how the command ended")
    check("/etc/hostname" not in p.text(), "what came later was traced")
    check(re.fullmatch(r"compendium: --duration: tracing has ended; the command \(\d+\) runs on, and compendium ends with it\n", p.said()[p.said().index("compendium: --d"):]), p.said())


def alarm_ignored(t):
    """--duration ends also what is quiet, where SIGALRM was ignored at the start; so it stays for the command"""
    compendium = f"exec {t.args.compendium} --backend {t.args.backend} -q --duration 200ms -o {t.scratch}/log"
    quiet = subprocess.Popen(["sleep", "1000"])
    try:
        p = subprocess.run(["sh", "-c", f"trap '' ALRM; {compendium} -p {quiet.pid}"], stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        equal(p.returncode, 0, p.stderr)
    finally:
        quiet.kill()
        quiet.wait()
    command = "kill -ALRM $$ $PPID; grep SigIgn /proc/self/status"
    p = subprocess.run(["sh", "-c", f"trap '' ALRM; {compendium} -- sh -c '{command}'"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       timeout=PATIENCE, check=False)
    equal(p.returncode, 0, p.stderr)
    check(int(p.stdout.split()[1], 16) & 1 << signal.SIGALRM - 1, p.stdout)


def signals(t):
    """signals to compendium go on to the command after the tracing, and a death by one is compendium's"""
    p = begin(t, "--duration", "50ms", command=["bash", "-c", "trap 'echo term; exit 5' TERM; echo; while :; do read -t 1 a; done"])
    ended(p)
    p.stdout.readline()
    p.send_signal(signal.SIGTERM)
    out, _ = p.communicate(timeout=PATIENCE)
    equal((p.returncode, out), (5, b"term\n"), "a signal that the command handles")
    p = begin(t, "--duration", "50ms", command=["bash", "-c", "read a; kill -9 $$"])
    ended(p)
    p.communicate(b"\n", timeout=PATIENCE)
    equal(p.returncode, -signal.SIGKILL, "a death by a signal")


def events(t):
    """--events has as many events as were asked for, and what was traced goes on"""
    file = t.scratch / "events.json"
    p = begin(t, "--events", 25, "--json", file, command=["bash", "-c", "for i in {1..200}; do [ -e /nope$i ]; done; read a; exit 3"])
    ended(p)
    p.communicate(b"\n", timeout=PATIENCE)
    equal(p.returncode, 3, "the exit status")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    counted = [row for row in rows if row["table"] == "event" and row["kind"] != "detach"]
    equal(len(counted), 25, "events")
    # not reached: nothing changes
    p = begin(t, "--events", 10**6, command=["true"])
    equal(p.wait(PATIENCE), 0, "the exit status")
    check("tracing has ended" not in p.said() and "exit 0" in p.text().lower(), p.said())


def attached(t):
    """with -p it detaches, and nothing is left behind"""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        p = t.start("-q", "-p", cat.pid, "--duration", "300ms")
        equal(p.wait(PATIENCE), 0, "the exit status")
        check(untraced(cat.pid), "a tracer is left")
        check(re.search(r"^ Detached: 1 process runs on$", p.text(), re.M), p.text())
        equal(cat.communicate(b"x", timeout=PATIENCE)[0], b"x", "what cat does then")


def joined(t):
    """equal lines join, whatever they are about; nothing is lost of what they count, and the summary is the same"""
    command = ["bash", "-c", "for i in {1..1000}; do [ -e /tmp/no-flag ]; done; exec 3<>/dev/tcp/127.0.0.1/1"]
    _, _, _, text = t.run(*command)
    found = re.findall(r"stat /tmp/no-flag ENOENT(?: ([\d,]+)×)?$", text, re.M)
    equal(sum(int(n.replace(",", "") or 1) for n in found), 1000, "calls in lines")
    check(len(found) < 500, f"{len(found)} lines")
    check(re.search(r"^ +1,000× +ENOENT +/tmp/no-flag$", text, re.M), text)
    times = [float(time) for time in re.findall(r"^\[\+([\d.]+)s\]", text, re.M)]
    equal(times, sorted(times), "times of lines")
    _, _, _, text = t.run(*command, options=["-v"])
    equal(len(re.findall(r'"/tmp/no-flag".* = -1 ENOENT', text)), 1000, "lines of -v")


class Screen:
    """A terminal that compendium writes to; what a program of the command writes does not come here."""

    def __init__(self, columns=100, lines=24):
        self.leader, self.follower = os.openpty()
        termios.tcsetwinsize(self.follower, (lines, columns))
        os.set_blocking(self.leader, False)
        self.text = ""

    def read(self):
        with contextlib.suppress(OSError):      # EAGAIN: nothing more; EIO: the last writer is gone
            while data := os.read(self.leader, 65536):
                self.text += data.decode(errors="replace")
        return self.text

    def shown(self):
        """What stands there: a line that was taken away does not."""
        return [line.rpartition("\r\033[K")[2] for line in self.read().replace("\r\n", "\n").split("\n")]

    def start(self, t, *options, command=("cat",)):
        return subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "--color", "never", *options, "--", *command],
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.follower)

    def close(self):
        os.close(self.leader)
        os.close(self.follower)


def blocked(t):
    """a call that blocks has a line after two seconds: it stays in a file, is replaced in a terminal, and -q has none"""
    screen, file = Screen(), t.out()
    plain = t.start("--", "cat", stdin=subprocess.PIPE)
    quiet = t.start("-q", "--", "cat", stdin=subprocess.PIPE)
    seen = screen.start(t, "-o", str(file))
    t.started.append(seen)
    line = r"\] waiting \d+\.\ds in read pipe:\[\d+\]$"
    eventually(lambda: re.search(line, plain.text(), re.M), "a line in a file")
    eventually(lambda: re.search(line, "\n".join(screen.shown()), re.M), "a line in a terminal")
    eventually(lambda: re.search(line, file.read_text(), re.M), "a line in the file beside it")
    for p in (plain, quiet, seen):
        p.communicate(b"x", timeout=PATIENCE)
        equal(p.returncode, 0, "the exit status")
    check(not re.search(line, "\n".join(screen.shown()), re.M), screen.text)
    check(re.search(r"read (2×)? +1 B from pipe", "\n".join(screen.shown())), screen.text)
    check("] waiting " not in quiet.text(), quiet.text())
    check(re.search(line, plain.text(), re.M) and re.search(line, file.read_text(), re.M), "it did not stay")
    screen.close()


def progress(t):
    """--progress has one line in a terminal that changes, with the call that blocks, and nothing is left of it"""
    screen, file = Screen(), t.out()
    nowhere = t.start("-q", "--progress", "--", "cat", stdin=subprocess.PIPE)
    seen = screen.start(t, "-q", "--progress", "-o", str(file))
    t.started.append(seen)
    line = r"^\d+\.\ds  [\d,]+ events  1 process  waiting \d+\.\ds in read pipe:\[\d+\] \[\d+\]$"
    first = eventually(lambda: re.search(line, "\n".join(screen.shown()), re.M), "the living line")[0]
    eventually(lambda: screen.shown() and re.match(line, screen.shown()[-1]) and screen.shown()[-1] != first, "another living line")
    equal([n for n in screen.shown() if "events" in n][1:], [], "more than one line")
    for p in (nowhere, seen):
        p.communicate(b"x", timeout=PATIENCE)
        equal(p.returncode, 0, "the exit status")
    check("FINAL" in screen.read() and not re.search(line, "\n".join(screen.shown()), re.M), screen.text)
    for text in (file.read_text(), nowhere.text(), nowhere.said()):
        check("events  1 process" not in text, text)
    screen.close()


def repeated(t):
    """the first answer stands once more below a summary that is longer than its terminal, and in no file"""
    fails = ["sh", "-c", "echo first 1>&2; ls /nope; exit 3"]
    for lines, command, again in ((24, fails, True), (400, fails, False), (24, ["true"], False)):
        screen, file = Screen(lines=lines), t.out()
        p = screen.start(t, "-q", "-o", str(file), command=command)
        t.started.append(p)
        eventually(lambda p=p, screen=screen: screen.read() is not None and p.poll() is not None, "its end")
        rows = [row.rstrip() for row in screen.shown()]
        at = [i for i, row in enumerate(rows) if row.startswith(" Why it failed")]
        equal([rows[i] for i in at], [" Why it failed"] * ("sh" in command) + [" Why it failed (as above)"] * again, f"{lines} lines, {command}")
        if again:
            check(len(rows) > lines and 0 < len(rows) - at[1] <= 12, screen.text)
            first = [row for row in rows[at[0] + 1:at[1]] if row][:2]
            equal(rows[at[1] + 1:at[1] + 3], first, "the first row of the table, and what is below it")
        check(("Why it failed" in file.read_text()) == ("sh" in command) and "as above" not in file.read_text(), file.read_text())
        screen.close()


def noise(t):
    """what is hidden is counted by the name of its class, --noise shows one class, and its rows with it"""
    command = ["python3", "-S", "-c", "import os\n"
               "for n in ('/usr/share/locale/x/LC_MESSAGES/y.mo', '/etc/nsswitch.conf', '/lib/gconv/gconv-modules.cache'):\n"
               "    try: os.open(n, os.O_RDONLY)\n    except OSError: pass"]
    paths = {"locale": "/usr/share/locale/x/LC_MESSAGES/y.mo", "nsswitch": "/etc/nsswitch.conf", "gconv": "/lib/gconv/gconv-modules.cache"}

    def run(*options):
        out = t.out()
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-o", out, *options, "--", *command], stderr=subprocess.PIPE, text=True, check=False)
        return p, out.read_text() if out.exists() else ""
    text = run()[1]
    live, summary = text.split("━━━━", 1)
    for path in paths.values():
        check(f"open {path}" not in live, live)
    for words in ("locales and translations", "name services", "character set converters", "/etc/ld.so.preload", "shared libraries"):
        check(re.search(rf"^   {re.escape(words)}.*: \d+ events?", summary, re.M), summary)
    for name, path in paths.items():
        text = run("--noise", name)[1]
        live, summary = text.split("━━━━", 1)
        for other, hidden in paths.items():
            equal(f"open {hidden}" in live, other == name, f"--noise {name}: {hidden}")
        check(len(re.findall(r"^   (locales and translations|name services|character set converters)", summary, re.M)) == 2, summary)
    text = run("--noise", "all")[1]
    check("Hidden as noise" not in text and "/etc/ld.so.cache" in text, text)
    for words, why in (("locales", "did you mean locale?"), ("x", "takes system, loader, "), ("", "takes system, loader, ")):
        p, text = run("--noise", words)
        equal((p.returncode, p.stderr.count("\n"), text), (125, 1, ""), words)
        check(why in p.stderr, p.stderr)


def localhost(t):
    """a refused connection is never noise; those that are hidden are as many in the three places that count them"""
    program = ("import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
               "for i in range(3): socket.create_connection(server.getsockname()).close()\n"
               "try: socket.create_connection(('127.0.0.1', 1))\nexcept OSError: pass")
    out = t.out()
    subprocess.run([t.args.compendium, "--backend", t.args.backend, "-o", out, "--", "python3", "-S", "-c", program],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    live, summary = out.read_text().split("━━━━", 1)
    check(re.search(r"connect tcp4 → 127\.0\.0\.1:1 ECONNREFUSED", live), live)
    check(not re.search(r"connect tcp4 → 127\.0\.0\.1:\d+$", live, re.M), live)
    check(re.search(r"^   tcp4 → 127\.0\.0\.1:1 \(Connection refused\)$", summary, re.M), summary)
    hidden = [re.search(r"^   (\d+) on localhost \(-a shows which\)$", summary, re.M),
              re.search(r"^   localhost connections: \d+ events, (\d+) connections", summary, re.M)]
    check(all(hidden), summary)
    file = t.scratch / "local.json"
    subprocess.run([t.args.compendium, "--backend", t.args.backend, "-o", "/dev/null", "--json", file, "--", "python3", "-S", "-c", program],
                   stderr=subprocess.DEVNULL, check=True)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    noisy = [e for e in events if e["table"] == "event" and e["kind"] in ("connect", "accept") and e.get("noise") == "localhost"]
    equal({int(match[1]) for match in hidden}, {len(noisy)}, "hidden connections")


if __name__ == "__main__":
    main(__doc__, {"less": [duration, alarm_ignored, signals, events, attached, joined, blocked, progress, repeated, noise, localhost]})
