#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What -e chooses, strace chooses; names stay right however few calls are traced; what cannot be meant is refused.

usage: choosing.py --compendium FILE [--backend B] choosing [TEST…]
"""
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

from harness import PATIENCE, Skip, check, equal, main, need

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

# Programs whose calls do not depend on time, and sets that differ in kind.
PROGRAMS = [["cat", "/etc/hostname"], ["sh", "-c", "cd /etc && cat passwd >/dev/null; [ -e /nope ]"], ["ls", "/usr"]]
SETS = ["openat,read", "%file", "%process", "%memory", "!%memory", "/^(read|write)v?$", "%desc,%net", "none", "?nosuchcall,close"]
CALL = re.compile(r"^(?:\[[^\]]*\] )?(\w+)\(")


def names(lines):
    """A call that the kernel starts again is there twice or once: a signal that comes as it begins to wait decides that (wait4 and SIGCHLD)."""
    return collections.Counter(match[1] for match in map(CALL.match, lines) if match and "= ? ERESTART" not in match.string)


def strace(wanted, command):
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["strace", "-f", "-e", f"trace={wanted}", "-e", "signal=none", "-o", out.name, *command], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        # A call in two parts is one, at its end; what did not end is there once as well.
        whole, begun = [], {}
        for line in out.read().splitlines():
            pid, line = line.split(None, 1)
            if line.endswith("<unfinished ...>"):
                begun[pid] = line
            elif line.startswith("<..."):
                whole.append(begun.pop(pid) + line)
            else:
                whole.append(line)
        return names(whole + list(begun.values()))


def traced(t, *options, command):
    with tempfile.NamedTemporaryFile("r") as out:
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-o", out.name, *options, "--", *command], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        return p, out.read()


def as_strace(t):
    """-v -e SET has the calls that strace -e SET has, as often"""
    need("strace")
    for command in PROGRAMS:
        for wanted in SETS:
            _, text = traced(t, "-v", "-e", wanted, command=command)
            lines = [re.sub(r"^\[\+[\d.]+s\] ", "", line) for line in text.split("━━━━", 1)[0].splitlines()]
            equal(names(lines), strace(wanted, command), f"{wanted} of {command}")


def in_the_report(t):
    """the page names the calls that were chosen, with and without JavaScript, and calls them no text recording"""
    with tempfile.TemporaryDirectory() as d:
        traced(t, "-e", "openat,/<b>|^read$", f"--report={d}/r.html", command=["cat", "/etc/hostname"])
        page = Report(pathlib.Path(d, "r.html"))
        says = [note for note in page.meta["notes"] if "calls" in note or "recorded" in note]
        equal(says, ["Only these calls were traced: openat,/<b>|^read$"], "notes")
        text = pathlib.Path(d, "r.html").read_text(errors="replace")
        check('<p class="note">Only these calls were traced: openat,/&lt;b&gt;|^read$</p>' in text, "no note in the static page")


def in_words(t):
    """without -v, chosen calls are words, those that have none are calls, and no other call has a line"""
    _, text = traced(t, "-a", "-e", "openat,getpid,mprotect", command=["sh", "-c", "echo $$ >/dev/null; cat /etc/hostname"])
    live = text.split("━━━━", 1)[0]
    check(re.search(r"\] open /etc/hostname \(read\)$", live, re.M), live)
    check(re.search(r"\] getpid\(\) = \d+  ", live, re.M) and re.search(r"\] mprotect\(.*\) = 0  ", live, re.M), live)
    check(not re.search(r"\] (read|write|mmap|exec|fork|brk) ", live, re.M), live)
    check(re.search(r"^ Only these calls were traced: openat,getpid,mprotect$", text, re.M), text)


def execs(t):
    """an exec has one line: in words, or as the call, where that alone was chosen"""
    command = ["sh", "-c", "/bin/true; exec env /bin/true"]
    for options, words in ((["--only", "exec"], True), (["-e", "execve"], True), (["--filter", "type:execve"], False)):
        _, text = traced(t, *options, command=command)
        live = text.split("━━━━", 1)[0]
        equal((len(re.findall(r"exec ───", live)), len(re.findall(r"\] execve\(.* = 0", live))), (4, 0) if words else (0, 4), f"{options}: {live}")


def names_stay(t):
    """descriptors, working directories and peers have their names, whatever is left out"""
    program = "import os, socket\nos.chdir('/etc')\nfd = os.dup(os.open('hostname', 0))\nos.fstat(fd)\nos.read(fd, 1)\n"
    _, text = traced(t, "-v", "-e", "read", command=["python3", "-S", "-c", program])
    check(re.search(r"read\(\d+</etc/hostname>, .*, 1\) = 1", text), text)
    server = "import socket\na = socket.create_server(('127.0.0.1', 0))\nb = socket.create_connection(a.getsockname())\nc, _ = a.accept()\nc.send(b'x')\nb.recv(1)\n"
    _, text = traced(t, "-v", "-e", "/^(send|recv)", command=["python3", "-S", "-c", server])
    check(len(re.findall(r"(?:sendto|recvfrom)\(\d+<tcp4 [←→] 127\.0\.0\.1:\d+>", text)) == 2, text)


def recorded(t):
    """a recording holds what was chosen, and says so when it is read; it can be narrowed, too"""
    with tempfile.TemporaryDirectory() as d:
        file = f"{d}/t.cpd"
        _, live = traced(t, "-e", "openat,read", "--record", file, command=["cat", "/etc/hostname"])
        again = subprocess.run([t.args.compendium, "--read", file, "-e", "openat,read"], stderr=subprocess.PIPE, text=True, check=True).stderr
        equal(again, live, "replayed")
        narrow = subprocess.run([t.args.compendium, "--read", file, "-v", "-e", "read"], stderr=subprocess.PIPE, text=True, check=True).stderr
        check("read(" in narrow and "openat(" not in narrow.split("━━━━", 1)[0], narrow)
        check("Only these calls were traced: openat,read" in narrow, narrow)
        check(pathlib.Path(file).stat().st_size > 0, "a recording")


def stops(t, *options, command):
    """Calls at which the command stopped, by name: those that the tracer asked the kernel about (PTRACE_GET_SYSCALL_INFO)."""
    with tempfile.NamedTemporaryFile("r") as log:
        p = subprocess.run(["strace", "-o", log.name, "-e", "trace=ptrace", "-e", "signal=none", t.args.compendium, "--backend", "ptrace", "--in-process", "off",
                            "-q", "-o", "/dev/null", *options, "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
                           env=os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})    # it is traced itself
        equal(p.returncode, 0, p.stderr)
        return collections.Counter(re.findall(r"op=PTRACE_SYSCALL_INFO_(?:SECCOMP|ENTRY),.*?nr=__NR_(\w+)", log.read()))


MANY = "import os, socket\nfor i in range(50):\n  fd = os.open('/etc/hostname', 0); os.read(fd, 1); os.close(fd); os.getppid()\n" \
    "s = socket.socket(); s.connect_ex(('127.0.0.1', 1)); s.close()\n"


def not_stopped(t):
    """ptrace: what was not chosen and names do not need never stops; a limit to a socket's waits makes its process stop again"""
    need("strace")
    if t.args.backend != "ptrace":
        raise Skip("BPF stops nothing")
    python = ["python3", "-S", "-c"]
    for options, none, some in ((["-e", "connect"], "read openat close getppid mmap fstat newfstatat lseek", "connect socket"),
                                (["--only", "network"], "read openat close getppid mmap", "connect socket"),
                                (["--filter", "op:connect"], "read openat close getppid", "connect"),
                                (["-e", "getppid"], "read openat close mmap socket connect", "getppid"),
                                (["--filter", "type:read path:/etc"], "getppid mmap write", "read openat close"),
                                (["--filter", "!cat:file,memory"], "read mmap", "openat connect"),
                                (["--failed"], "getppid", "openat connect read"), (["--slower", "1h"], "", "getppid openat read")):
        seen = stops(t, *options, command=[*python, MANY])
        for name in none.split():
            equal(seen[name], 0, f"{options}: {name} stopped")
        for name in some.split():
            check(seen[name] > 0, f"{options}: {name} did not stop, {seen}")
    limit = "import os, socket, struct\ns = socket.socket()\nos.read(0, 1)\n" \
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 5, 0))\nfor i in range(7): os.read(0, 1)\n"
    check(stops(t, "-e", "connect", command=[*python, limit])["read"] == 7, "reads after a limit was set")


def ends_not_stopped(t):
    """ptrace: where a filter leaves no memory to show, processes do not stop to be asked for it as they end, nor, where no end is chosen, for their time"""
    need("strace")
    if t.args.backend != "ptrace":
        raise Skip("BPF stops nothing")
    with tempfile.TemporaryDirectory() as d:
        for options, stop, time in ((["--only", "network"], False, False), ([], True, True), (["--only", "network", "--json", f"{d}/x"], True, True),
                                    (["--filter", "type:read,exit"], False, True), (["--filter", "is:network proc:true"], False, False)):
            subprocess.run(["strace", "-o", f"{d}/log", "-e", "trace=ptrace,openat", "-e", "signal=none", t.args.compendium, "--backend", "ptrace", "-q", *options, "--",
                            "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True,
                           env=os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})
            log = pathlib.Path(d, "log").read_text()
            equal("PTRACE_O_TRACEEXIT" in log, stop, str(options))
            # the first one is of what it is before its exec
            equal(len(re.findall(r'"/proc/\d+/task/\d+/schedstat"', log)), 2 if time else 1, str(options))


def mapped(t):
    """what is mapped is found by its file, not by its addresses and rights"""
    for options, found in ((["--path", "r--"], False), (["--path", "*/libc.so*"], True), (["--filter", "role:library"], True),
                           (["--filter", "!path:r--"], True)):
        _, text = traced(t, "-v", *options, command=["true"])
        equal(bool(re.search(r"\] mmap\(.* 3<\S+/libc\.so\S*>, ", text)), found, f"{options}: {text}")


ASKED = "import os, time\nos.chdir('/usr')\nfd = os.open('/dev/zero', 0)\nfor i in range(500):\n  os.read(fd, 1); os.getppid()\n" \
    "  for p in ('/etc/passwd', '/usr/nope', '/usrx', 'lib', '/usr/../etc/group', '/etc/nope'):\n    try: os.stat(p)\n    except OSError: pass\n" \
    "time.sleep(0.2)\n"
MATCH = re.compile(r"^ ([\d,]+) of ([\d,]+) captured events? match.*(?:\n ([\d,]+) more calls? (?:was|were) excluded in the kernel$)?", re.M)


def excluded(t):
    """bpf: what errors, times and names exclude has no record, but is counted; what matches is the same as of all records"""
    if t.args.backend != "bpf":
        raise Skip("ptrace knows of a call how it ended when it has stopped")
    with tempfile.TemporaryDirectory() as d:
        def run(*options):
            text = traced(t, *options, command=["python3", "-S", "-c", ASKED])[1]
            return [int((n or "0").replace(",", "")) for n in MATCH.search(text).groups()], text
        for options, least in ((["--failed"], 2000), (["-v", "--failed"], 2500), (["--filter", "err:EACCES,EPERM"], 3500), (["--only", "connect,failed"], 2000),
                               (["-v", "--slower", "150ms"], 4000), (["--path", "/usr"], 1500), (["--path", "/us*pe"], 1000), (["-v", "--path", "/etc/nope"], 1500),
                               (["-c", "--failed"], 2500)):
            (matched, records, out), text = run(*options)
            # a recording has them all; without -v and -c some that are no part of the default set, too: those of python's start; each of ours comes 500 times
            whole = options[0] in ("-v", "-c")
            (all_matched, all_records, none), _ = run(*options, "--record", f"{d}/t.cpd")
            equal(none, 0, "of a recording nothing is excluded")
            check(abs(matched - all_matched) <= (2 if whole else 100), f"{options}: {matched} match, {all_matched} of all\n{text}")
            check(out >= least and (abs(records + out - all_records) < 50 + all_records / 50 or not whole),
                  f"{options}: {records} and {out}, {all_records} in all")
    # what names and the model need stays: a quick write shows what became of a connect in progress
    slow = "import os, socket, time\na = socket.create_server(('127.0.0.1', 0))\ns = socket.socket()\ns.setblocking(False)\ns.connect_ex(a.getsockname())\n" \
        "time.sleep(0.3)\nos.write(s.fileno(), b'x')\n"
    _, text = traced(t, "-a", "--slower", "200ms", command=["python3", "-S", "-c", slow])
    check(re.search(r"\] connected .*127\.0\.0\.1:\d+", text), text)
    _, text = traced(t, "-v", "--filter", "type:write err:EBADF", command=["python3", "-S", "-c", "import os\nfd = os.open('/etc/hostname', 0)\nos.read(fd, 1)\nos.write(fd, b'x')"])
    check(re.search(r"write\(\d+</etc/hostname>, .*EBADF", text), text)


def by_filter(t):
    """lines, rows and counts follow a filter, live and from a recording; short forms are parts of it; what is named has its line"""
    program = ["sh", "-c", "cat /etc/hostname /nope; cat /etc/passwd >/dev/null; kill -USR1 $$", "x"]
    with tempfile.TemporaryDirectory() as d:
        def lines(*options):
            text = traced(t, *options, command=["python3", "-S", "-c", MANY])[1]
            return [re.sub(r"^\[\+[\d.]+s\] (\[[^\]]*\] )?", "", line) for line in text.split("━━━━", 1)[0].splitlines()[1:]], text
        live, text = lines("--filter", "type:getppid")
        check(live and all(line.startswith("getppid() = ") for line in live), live)
        check(re.search(r"^ Filter: type:getppid$", text, re.M) and re.search(r"^ 50 of [\d,]+ captured events match; the rest is not counted", text, re.M), text)
        check("Memory:" not in text and "Files read" not in text and "Network connections" not in text, "sums of what was not captured: " + text)
        # of all calls some are chosen: memory is captured, and counts where a call on it is chosen
        for options, counts in ((["--failed"], False), (["--only", "failed,getppid"], False), (["--only", "failed,memory"], True), ([], True)):
            equal("\n Memory:" in traced(t, "-q", *options, command=["python3", "-S", "-c", MANY])[1], counts, options)
        live, _ = lines("--path", "/etc/hostname")
        check(live and all("/etc/hostname" in line for line in live), live)
        live, _ = lines("--path", "/etc/ld.so.cache")
        check(live, "what is named is shown, noise or not")
        live, _ = lines("--filter", "noise:loader")
        check(any("/etc/ld.so.cache" in line for line in live), live)
        live, _ = lines("--filter", "op:open !noise:loader")
        check(not any("/etc/ld.so.cache" in line for line in live), live)
        for role, has, others in (("config", "/etc/hostname", r"\.so\.\d|/nope|ld\.so\.cache"), ("cache,loc*", "/etc/ld.so.cache", r"/etc/hostname|\.so\.\d")):
            live, _ = lines("--filter", f"role:{role}")
            check(any(has in line for line in live) and not any(re.search(others, line) for line in live), live)
        live, _ = lines("--filter", "op:open !role:config")
        check(live and not any("/etc/hostname" in line for line in live), live)
        live, _ = lines("--only", "connect,failed")
        check(any(line.startswith("connect 127.0.0.1:1 failed") or "127.0.0.1:1" in line for line in live), live)
        check(all("ENOENT" in line or "127.0.0.1:1" in line or re.search(r"E[A-Z]{3,}", line) for line in live), live)
        live, _ = lines("--slower", "1h")
        equal(live, [], "nothing takes an hour")
        # from a recording the same, and the rows of exports are those that match
        traced(t, "--record", f"{d}/t.cpd", command=["python3", "-S", "-c", MANY])
        again = subprocess.run([t.args.compendium, "--read", f"{d}/t.cpd", "--filter", "type:getppid", "--json", f"{d}/t.json", "-c"], stderr=subprocess.PIPE,
                               text=True, check=True).stderr
        rows = [json.loads(line) for line in pathlib.Path(d, "t.json").read_text().splitlines()]
        equal(collections.Counter(row["call"] for row in rows if row["table"] == "event"), {"getppid": 50}, "events exported")
        check(any(row["table"] == "file" for row in rows) and any(row["table"] == "process" for row in rows), "what they are about stays")
        equal([line.split()[-1] for line in again.splitlines()[1:2]], ["getppid"], again)
        subprocess.run([t.args.compendium, "-q", "--read", f"{d}/t.cpd", "--filter", "noise:loader", "--json", f"{d}/n.json"], stderr=subprocess.DEVNULL, check=True)
        counted = subprocess.run([t.args.compendium, "--read", f"{d}/t.cpd", "--filter", "role:config type:openat", "--json", f"{d}/r.json", "-c"],
                                 stderr=subprocess.PIPE, text=True, check=True).stderr
        rows = [json.loads(line) for line in pathlib.Path(d, "r.json").read_text().splitlines()]
        opened = [row["path"] for row in rows if row["table"] == "event"]
        roles = {row["name"]: row.get("role") for row in rows if row["table"] == "file"}
        equal((roles["/etc/hostname"], roles["/etc/ld.so.cache"]), ("configuration", "cache"), roles)
        check(all(role is None or name.startswith("/") for name, role in roles.items()), roles)
        check("/etc/hostname" in opened and not any(re.search(r"\.so\.\d|/nope|ld\.so\.cache", path) for path in opened), opened)
        check(re.search(rf"^ +{len(opened)} .* openat$", counted, re.M), counted)
        rows = [json.loads(line) for line in pathlib.Path(d, "n.json").read_text().splitlines()]
        equal({row.get("noise") for row in rows if row["table"] == "event"}, {"loader"}, "what was chosen as noise")
        check(re.search(r"^ +50 .* in all$", again, re.M) and "50 of" in again, again)
        # a recording made with a filter says so
        traced(t, "--record", f"{d}/f.cpd", "--filter", "type:getppid", command=["python3", "-S", "-c", MANY])
        said = subprocess.run([t.args.compendium, "--read", f"{d}/f.cpd", "-q"], stderr=subprocess.PIPE, text=True, check=True).stderr
        check(re.search(r"^ Captured with the filter: type:getppid$", said, re.M), said)
        # strace's forms
        for form, have, miss in (("status=failed", "/nope", "/etc/passwd"), ("fd=3", "from /etc/hostname", "write "), ("path=/etc/passwd", "/etc/passwd", "/etc/hostname"),
                                 ("signal=none", "open /etc/passwd", "signal SIGUSR1"), ("signal=usr1", "signal SIGUSR1", "signal SIGCHLD")):
            _, text = traced(t, "-e", form, command=program)
            text = text.split("━━━━", 1)[0].split("\n", 1)[1]
            check(have in text and miss not in text, f"{form}: {text}")
        for status, said in (("unfinished", "err:unfinished"), ("failed,unavailable", "err:any,unknown"), ("successful", "err:none !err:unfinished !err:unknown"),
                             ("successful,failed", "!err:unfinished !err:unknown"), ("successful,unfinished", "err:none !err:unknown")):
            _, text = traced(t, "-q", "-e", f"status={status}", command=["true"])
            equal(re.findall(r"^ Filter: (.*)$", text, re.M), [said], status)
        _, text = traced(t, "-e", "status=successful", "-e", "openat", "-e", "path=/etc", command=program)
        text = text.split("━━━━", 1)[0].split("\n", 1)[1]
        check("open /etc/passwd" in text and "ENOENT" not in text and "/usr" not in text and "read" not in text.replace("(read)", ""), text)


def only_failures(t):
    """--failed, as an ordinary user: nothing but failures has a line, each with its path or peer"""
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if become:
        need("setpriv")
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)
        pathlib.Path(d, "secret").touch(0o000)
        program = shutil.copy(t.args.compendium, d)
        p = subprocess.run([*become, program, "--backend", "ptrace", "--failed", "--", "bash", "-c",
                            f"ls /nope; cat {d}/secret; exec 3<>/dev/tcp/127.0.0.1/1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    lines = [line.split("] ", 1)[1] for line in p.stderr.split("━━━━", 1)[0].splitlines() if line.startswith("[+")]
    check(all(re.search(r"(/\S+|127\.0\.0\.1:1) .*E[A-Z]{3,}|(/\S+|127\.0\.0\.1:1) E[A-Z]{3,}", line) for line in lines), lines)
    for what in ("/nope ENOENT", "/secret (read) EACCES", "127.0.0.1:1 ECONNREFUSED"):
        check(any(what in line for line in lines), f"{what} is not among {lines}")


def of_terminal(master):
    """All that is written there until it is closed, without its colours."""
    text = b""
    with contextlib.suppress(OSError):      # EIO: its other side is closed
        while part := os.read(master, 65536):
            text += part
    os.close(master)
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", text.decode(errors="replace")).replace("\r", "")


def server(t):
    """nginx under load with --only accept,failed -q: one screen"""
    need("nginx")
    with tempfile.TemporaryDirectory() as d, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        os.chmod(d, 0o755)
        pathlib.Path(d, "index.html").write_text("hello\n")
        pathlib.Path(d, "n.conf").write_text(f"daemon off; master_process off; error_log {d}/error.log; pid {d}/pid; events {{}}\n"
                                             f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {d}; }} }}\n")
        shown, out = pty.openpty()
        fcntl.ioctl(out, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "--only", "accept,failed", "-q", "--", "nginx", "-p", d, "-c", f"{d}/n.conf"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out)
        os.close(out)
        deadline = time.monotonic() + PATIENCE
        while not pathlib.Path(d, "pid").exists() or not pathlib.Path(d, "pid").read_text().strip():
            check(time.monotonic() < deadline and p.poll() is None, "nginx did not start")
            time.sleep(0.05)
        for n in range(150):
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as c:
                c.sendall(f"GET /{'' if n % 3 else 'nope'} HTTP/1.0\r\n\r\n".encode())
                while c.recv(65536):
                    pass
        os.kill(int(pathlib.Path(d, "pid").read_text()), signal.SIGQUIT)
        text = of_terminal(shown)
        p.wait(PATIENCE)
    rows = [-(-max(len(row), 1) // 80) for row in text.splitlines()]    # the terminal wraps
    check(sum(rows) < 24, f"{sum(rows)} lines of a screen: {text}")
    # without a word what was left out would be missed; what has room stays
    _, short = traced(t, "-q", "--only", "accept,failed", command=["true"])
    check("Time in calls" in short and "Left out" not in short, short)
    if len(text.splitlines()) > 20:
        check(re.search(r"^ Left out to fit the screen: .*Time in calls.* \(shown without -q\)$", text, re.M), text)
    check("Filter: is:accept,failed" in text and re.search(r"50×  ENOENT +\S+/nope$", text, re.M), text)
    check(re.search(r"150 connections accepted", text), text)
    check("Where the time went" not in text, "of what was not captured no share is known: " + text)


# What each does does not depend on time, nor on what ran before.
COUNTED = [["true"], ["ls", "/usr"], ["cat", "/etc/hostname", "/nope"], ["sh", "-c", "cd /etc; echo *"], ["sh", "-c", "true; false; cat /nope"], ["id"],
           ["find", "/etc/apt"], ["grep", "-r", "deb", "/etc/apt"], ["sh", "-c", "for i in 1 2 3; do cat /etc/passwd; done"], ["env", "stat", "/etc", "/nope"]]


def strace_counts(command, *options):
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["strace", "-f", "-c", *options, "-o", out.name, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        rows = [line.split() for line in out.read().splitlines() if re.match(r"^ *[\d.]+ +[\d.]+ +\d+ ", line)]
    return {row[-1]: (int(row[3]), int(row[4]) if len(row) > 5 else 0) for row in rows if row[-1] != "total"}


def table(text):
    """The rows of -c, without the heads before them and the sum behind."""
    lines = text.splitlines()
    return lines[1:next(i for i, line in enumerate(lines) if line.endswith(" in all"))]


def our_counts(t, command, *options):
    _, text = traced(t, "-c", *options, command=command)
    number = lambda word: 0 if word == "–" else int(word.replace(",", ""))     # noqa: E731
    rows = [re.split(r"  +| (?=[–\d])", line.strip()) for line in table(text)]
    counts = {}
    for row in rows:
        name, _, note = row[-1].partition(" (")
        never = int(note.split()[0]) if note else 0
        if number(row[0]) - never:
            counts[name] = (number(row[0]) - never, number(row[1]))
    return counts, text


def counts(t):
    """-c has the calls and errors that strace -f -c has"""
    need("strace")
    for command in COUNTED:
        # A wait4 that its SIGCHLD meets as it begins to wait is counted twice, by both: one of four pairs of runs has none.
        pairs = (((*our_counts(t, command), strace_counts(command))) for _ in range(4 if command[0] == "sh" else 1))
        ours, text, theirs = next((pair for pair in pairs if pair[0] == pair[2]), None) or (*our_counts(t, command), strace_counts(command))
        equal(ours, theirs, f"{command}\n{text}")
    command = ["find", "/etc/apt"]
    equal(our_counts(t, command, "-e", "%file")[0], strace_counts(command, "-e", "trace=%file"), "those chosen")


def nanoseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(ns|µs|ms|s)", text).groups()
    return float(number) * {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit]


def counted_by(t):
    """-v says who counts: the kernel, where that is enough; what it counts is what the records have"""
    def how(*options):
        p, _ = traced(t, "-v", "-c", *options, command=["true"])
        return next(line for line in p.stderr.splitlines() if line.startswith("compendium: -c: "))
    if t.args.backend != "bpf":
        check("from their records: only --backend bpf counts" in how(), how())
        return
    for options in ([], ["--by", "call"], ["-e", "%file"], ["--sort", "errors"]):
        check("are counted in the kernel" in how(*options), how(*options))
    for options, why in ((["--by", "file"], "--by asks"), (["--by", "errno"], "--by asks"), (["--failed"], "a filter is asked"), (["--summary=json"], "another output"), (["--events", "9"], "events are counted")):
        check(f"from their records: {why}" in how(*options), how(*options))


def counted_in_kernel(t):
    """bpf: each call is counted, however small the ring; its times are in buckets as narrow as those of records; a wait takes no CPU"""
    if t.args.backend != "bpf":
        raise Skip("ptrace counts from records")
    work = ("import os, threading\n"
            "def f():\n"
            "    fd = os.open('/dev/null', os.O_WRONLY)\n"
            "    for i in range(50000): os.pwrite(fd, b'x', 0)\n"
            "v = [threading.Thread(target=f) for i in range(4)]\n"
            "[x.start() for x in v]; [x.join() for x in v]")
    _, text = traced(t, "-c", "--lossy", "--ring-size", "64K", command=["python3", "-S", "-c", work])
    check(re.search(r"^ +200,000 +– .* pwrite64$", text, re.M) and "Lost" not in text, text)
    pairs = 0
    _, text = traced(t, "-c", command=["sh", "-c", "sleep 0.3; ls -lR /etc/apt >/dev/null"])
    rows = [re.split(r"  +| (?=[–\d])", line.strip()) for line in table(text)]
    for calls, _, total, cpu, _, least, average, p50, p95, p99, most, name in rows:
        if total == "–":
            continue
        total, cpu, least, average, most = map(nanoseconds, (total, cpu, least, average, most))
        check(cpu <= total and least <= average * 1.01 and average <= most * 1.01, text)
        check(name != "clock_nanosleep" or cpu < total / 2, text)
        if calls == "2":        # then the median is the shorter one, but for the width of its bucket
            check(abs(nanoseconds(p50) - least) <= least * 0.035 + 1, text)
            pairs += 1
        for p in (p50, p95, p99):
            check(p == "–" or least * 0.99 <= nanoseconds(p) <= most * 1.01, text)
    check(pairs > 3 and re.search(r"exit_group \(\d never returned\)$", text, re.M), text)


def counted_while_running(t):
    """bpf: a call that has its CPU for itself when the tracing ends is in the table, and so are those that lost it"""
    if t.args.backend != "bpf":
        raise Skip("ptrace counts from records")
    long = "b = bytearray(1 << 22)\nf = open('/dev/urandom', 'rb', 0)\nprint(flush=True)\nwhile True: f.readinto(b)"
    with subprocess.Popen(["python3", "-S", "-c", long], stdout=subprocess.PIPE) as p:
        try:
            p.stdout.readline()     # on a busy machine python takes longer to begin than is traced
            tries = [subprocess.run([t.args.compendium, "--backend", "bpf", "-c", "--duration", "400ms", "-p", str(p.pid)], capture_output=True, text=True,
                                    timeout=PATIENCE, check=True).stderr for _ in range(3)]
            # one may end the tracing between two calls
            check(sum(bool(re.search(r"  read \(1 still under way\)$", text, re.M)) for text in tries) > 1, tries)
        finally:
            p.kill()


def tables(t):
    """-c has no lines, -C has both, -q the summary; each order and kind of table; a call that does not return is there"""
    _, text = traced(t, "-c", "--sort", "calls", command=["find", "/etc/apt"])
    lines = text.splitlines()
    equal(lines[0].split(), ["calls", "errors", "total", "on", "CPU", "of", "wall", "min", "average", "p50", "p95", "p99", "max", "call"], "heads")
    calls = [int(line.split()[0].replace(",", "")) for line in table(text)]
    check(calls == sorted(calls, reverse=True) and len(calls) > 10, text)
    equal(int(re.search(r"^ *([\d,]+) .* in all$", text, re.M)[1].replace(",", "")), sum(calls), "the sum")
    check("exit_group (1 never returned)" in text, text)
    _, text = traced(t, "-c", "--sort", "call", command=["find", "/etc/apt"])
    names_ = [line.split("  ")[-1].split()[0] for line in table(text)]
    equal(names_, sorted(names_), "names")
    _, strace_like = traced(t, "-c", "-S", "name", command=["true"])
    equal([line.split("  ")[-1].split()[0] for line in table(strace_like)],
          sorted(line.split("  ")[-1].split()[0] for line in table(strace_like)), "-S name")
    # columns of words, in the tables that are not of calls
    command = ["sh", "-c", "cat /etc/passwd /etc/group /etc/hostname >/dev/null"]
    _, text = traced(t, "-c", "--by", "file", "--sort", "file", command=command)
    files = [line.split()[-1] for line in table(text)]
    check({"/etc/passwd", "/etc/group", "/etc/hostname"} <= set(files), text)
    equal(files, sorted(files), "names of files")
    _, text = traced(t, "-C", command=["cat", "/etc/hostname"])
    check("open /etc/hostname (read)" in text and "FINAL" not in text and "of wall" in text, text)
    _, text = traced(t, "-q", command=["cat", "/etc/hostname"])
    check("open /etc/hostname (read)" not in text and "FINAL" in text, text)
    for by, what in (("process", "exit 1"), ("file", "/etc/hostname"), ("errno", "ENOENT"), ("peer", None)):
        _, text = traced(t, "-c", "--by", by, command=["cat", "/etc/hostname", "/nope"])
        check(what in text if what else text == " No system call was about a peer\n", f"{by}: {text}")


def grouped(t):
    """--by counts the same calls by process, file, peer or error, with the same columns"""
    program = ("import os, socket\nfd = os.open('/etc/hostname', 0)\nfor i in range(30): os.pread(fd, 1, 0)\nos.close(fd)\n"
               "for i in range(7):\n  try: os.open('/nope', 0)\n  except OSError: pass\n"
               "a = socket.create_server(('127.0.0.1', 0))\nb = socket.create_connection(a.getsockname())\nc, _ = a.accept()\n"
               "for i in range(5): b.send(b'x'); c.recv(1)\n"
               "s = socket.socket()\ns.connect_ex(('127.0.0.1', 1))\nif not os.fork(): os._exit(3)\nos.wait()")
    command = ["python3", "-S", "-c", program]

    def rows(*options):
        _, text = traced(t, "-c", *options, command=command)
        numbers = lambda line: tuple(0 if n == "–" else int(n.replace(",", "")) for n in line.split()[:2])     # noqa: E731
        return {re.split(" {2,}", line)[-1]: numbers(line) for line in table(text)}, text

    calls, text = rows()
    heads = text.splitlines()[0].split()[:-1]
    for by, name, least in (("file", "/etc/hostname", (32, 0)), ("file", "/nope", (7, 7)), ("peer", "tcp4 127.0.0.1:1", (1, 1)), ("errno", "No such file or directory", (7, 7))):
        groups, text = rows("--by", by)
        check(name in groups and groups[name][0] >= least[0] and groups[name][1] >= least[1], f"{by}: {text}")
        check(sum(n for n, _ in groups.values()) <= sum(n for n, _ in calls.values()), f"{by}: {text}")
        equal([head for head in text.splitlines()[0].split() if head in heads], [head for head in heads if head in text.splitlines()[0].split()], by)
    check(any(name.startswith("clients of tcp4 127.0.0.1:") and n >= 6 for name, (n, _) in rows("--by", "peer")[0].items()), rows("--by", "peer")[1])
    _, text = rows("--by", "process")
    sums = [int(line.split()[0].replace(",", "")) for line in text.splitlines() if line.endswith(" in all")]
    check(len(table(text)) == 2 and abs(sums[0] - sum(n for n, _ in calls.values())) <= 2, text)    # a signal that comes early or late
    check("exit 3" in text, text)


def unknown_numbers(t):
    """a number past all calls has its name in the table of -c; several are one row that says from where on"""
    for numbers, row in (([1100, 1100], "syscall_1100"), ([1100, 1200], "syscall_1024+"), ([900, 900], "syscall_900")):
        program = f"import ctypes\nfor n in {numbers}: ctypes.CDLL(None).syscall(n)"
        _, text = traced(t, "-c", command=["python3", "-S", "-c", program])
        check(re.search(rf"^ +2 +2 .* {re.escape(row)}$", text, re.M) and "\n".join(table(text)).count("syscall_") == 1, text)


def in_terminal(t, columns, *words):
    """What a terminal of so many columns shows."""
    leader, follower = os.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "--color", "never", *words[:-1], "--", words[-1]], stderr=follower)
    os.close(follower)
    text = b""
    with contextlib.suppress(OSError):      # EIO: the last writer is gone
        while data := os.read(leader, 4096):
            text += data
    os.close(leader)
    equal(p.wait(PATIENCE), 0, "the exit status")
    return text.decode().replace("\r\n", "\n")


def narrow(t):
    """in a terminal the table of -c fits: percentiles and the minimum are left out, but not the column it is sorted by"""
    for columns, sort, heads in ((130, "total", "min average p50 p95 p99 max"), (80, "total", "average max"), (88, "p95", "average p95 max"), (64, "total", "average max")):
        text = in_terminal(t, columns, "-c", "--sort", sort, "-e", "execve,openat", "true")
        lines = text.splitlines()
        apart = ["on", "CPU"] if columns > 64 else []
        equal(lines[0].split(), ["calls", "errors", "total", *apart, "of", "wall", *heads.split(), "call"], f"{columns} columns")
        check(len(table(text)) == 2 and max(map(len, lines)) <= columns, lines)
        equal(len(lines[1].split()), len(heads.split()) + 6 + bool(apart), lines[1])


def narrow_summary(t):
    """in a terminal of 80 columns no line of the summary wraps; the outcome of a connection has a line of its own"""
    need("bash")
    with tempfile.TemporaryDirectory() as d:
        script = pathlib.Path(d, "script")
        script.write_text("#!/bin/bash\n(: <>/dev/tcp/127.0.0.1/1) 2>/dev/null\nexit 0\n")
        script.chmod(0o755)
        text = in_terminal(t, 80, "-q", "-a", str(script))
    check(re.search(r"→ 127\.0\.0\.1:1\n +ECONNREFUSED after \S+", text), text)
    equal([line for line in text.splitlines() if len(line) > 80], [], "lines that are wider than the terminal")


def details(t):
    """errors by errno, CPU time apart, percentiles only of enough calls; what never returned is marked, and does not wrap"""
    _, text = traced(t, "-c", command=["cat", "/nope1", "/nope2", "/etc/hostname"])
    check(re.search(r"^ +\d+× +openat +ENOENT  No such file or directory$", text, re.M), text)
    check(re.search(r"^ Wall time\. CPU of what ended: \S+ user, \S+ system$", text, re.M), text)
    check("on CPU" in text.splitlines()[0], text)
    note = re.findall(r"^ On CPU: less \S+ a call for its stops; – below half$", text, re.M)
    equal(len(note), t.args.backend != "bpf", text)
    check("not known" not in text, text)
    if t.args.backend == "ptrace" and b"--in-process: can be" in subprocess.run([t.args.compendium, "--version"], stdout=subprocess.PIPE, check=True).stdout:
        for mode, note, known in (("auto", " or without a stop", False), ("off", "", True)):
            _, counted = traced(t, "-c", "--in-process", mode, command=["dd", "if=/dev/urandom", "of=/dev/null", "bs=8k", "count=2000"])
            check(re.search(rf"^ On CPU: less \S+ a call for its stops; – below half{note}$", counted, re.M), counted)
            equal([row.split()[3] != "–" for row in table(counted) if row.endswith(" read")], [known], counted)
    if t.args.backend == "bpf":     # records have it as exactly as what the kernel counts
        script = "head -c 16M /dev/urandom >/dev/null; sleep 0.5"
        for options in (["-c"], ["-C"], ["-c", "--filter", "type:read,clock_nanosleep"]):
            _, text = traced(t, "-q", "--summary=json", *options, command=["sh", "-c", script])
            rows = {row["call"]: row for row in json.loads(text)["tables"]["calls"]["rows"]}
            slept, computed = rows["clock_nanosleep"], rows["read"]
            check(slept["total_ns"] >= 500_000_000 and 0 < slept["cpu_ns"] < slept["total_ns"] / 10, f"{options}: {slept}")
            check(slept["cpu_ns"] < computed["cpu_ns"] <= computed["total_ns"], f"{options}: {computed}")
        _, text = traced(t, "-c", "--by", "process", command=["sleep", "0.5"])
        check("on CPU" in text.splitlines()[0] and not re.search("^ On CPU", text, re.M) and table(text)[0].split()[3] != "–", text)
    for row in table(text):
        cells = row.split()
        equal([cells[i] != "–" for i in (-5, -4, -3)] if "(" not in row else [], [int(cells[0]) >= n for n in (2, 20, 100)] if "(" not in row else [], row)
    for columns, mark in ((130, r" exit_group \(1 never returned\)$"), (80, r" exit_group \*1$[\s\S]*^   \*N: so many never returned, ")):
        text = in_terminal(t, columns, "-c", "true")
        check(max(map(len, text.splitlines())) <= columns, text)
        check(re.search(mark, text, re.M), text)
    # what its thread was killed in has the time until then
    need("timeout")
    p, text = traced(t, "-q", "-c", "--summary=json", command=["sh", "-c", "timeout -s KILL 1 sleep 100; exit 0"])
    equal(p.returncode, 0, text)
    killed = [row for row in json.loads(text)["tables"]["calls"]["rows"] if row["call"] == "clock_nanosleep"]
    equal([(row["calls"], row["never_returned"], 900_000_000 < row["total_ns"] < 90_000_000_000) for row in killed], [(1, 1, True)], text[-2000:])
    _, text = traced(t, "-c", "-e", "mount", command=["true"])
    check(text.startswith(" No system call was made of those that were chosen\n"), text)


def filtered(t):
    """ptrace: whatever is chosen, the end of a process too, a filter keeps the rest from stopping; nothing is reported about trying it"""
    if t.args.backend != "ptrace":
        raise Skip("the seccomp filter is ptrace's")
    for wanted in ("%process", "exit_group", "none"):      # (where files are chosen what /proc says of it is disguised)
        p = subprocess.run([t.args.compendium, "--backend", "ptrace", "--in-process", "off", "-q", "-e", wanted, "--", "grep", "^Seccomp:", "/proc/self/status"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
        equal(p.stdout.split(), ["Seccomp:", "2"], wanted)
        check("compendium: " not in p.stderr, p.stderr)


def refused(t):
    """what cannot be meant: one line, exit status 125, and the command does not run"""
    for options, why in ((["-e", "opne"], 'no system call "opne"; did you mean open?'), (["-e", "%fiel"], "did you mean %file?"),
                         (["-e", "/("], "no regular expression"), (["-e", "read", "-e", "write"], "-e was given twice; write one set: -e read,write"),
                         (["-e", "verbos=all"], '"verbos=" is not taken'), (["-e", "status=faild"], "did you mean failed?"),
                         (["--filter", "tpye:open"], 'no field "tpye"; did you mean type?'), (["--filter", "path:/etc type:opneat"], 'no system call or event "opneat"; did you mean openat?'),
                         (["-e", "netwrok"], "did you mean %network?"), (["--only", "netwrok"], "did you mean network?"), (["--filter", "err:ENOTHING"], 'no error "ENOTHING"'), (["--filter", "cat:fiel"], "did you mean file?"),
                         (["--filter", "role:libary"], 'no role "libary"; did you mean library?'),
                         (["--filter", "dur>fast"], '"fast" is not a time'), (["--filter", "cat:file type:connect"], "no call and no event can meet all of this"),
                         (["-e", "connect", "--filter", "cat:file"], "and be of -e connect"), (["-z", "-Z"], "can meet all of this"), (["--filter", "err:none", "--failed"], "can meet all of this"),
                         (["--status=failed"], "strace's --status: -e status=SET"), (["-F"], "forks are always followed here"), (["--slower", "soon"], "takes a time, as 10ms"), (["--path", ""], "needs GLOB"), (["-P"], '--path needs a value, and "--" follows; a value that looks so: --path=--'),
                         (["--filter", "--failed"], '--filter needs a value, and "--failed" follows'), (["-c", "-C"], "give one of them"),
                         (["-e", "signal=SIGTREM"], 'no signal "SIGTREM"; did you mean SIGTERM?'), (["-e", "fd=x"], "takes numbers of descriptors"),
                         (["-e", "status=failed", "-e", "status=successful"], "-e status= was given twice"), (["-e", "read=3"], "--record keeps"), (["--by", "file"], "--by belongs to the table of calls: give -c"), (["-c", "--by", "x"], "--by takes call, process, file, peer or errno"),
                         (["-c", "--sort", "x"], 'no column "x"; it has calls, errors, total, cpu, share, min,'),
                         (["-c", "--sort", "cals"], '--sort: the table has no column "cals"; did you mean calls?'),
                         (["--filter", "type:open !"], '--filter: nothing follows "!"'), (["--filter", 'path:"/etc'], "--filter: the quote is not closed"),
                         (["-c", "--by", "process", "--sort", "duration"], 'no column "duration"; it has calls, '),
                         (["-c", "--by", "peer", "--sort", "sent"], 'no column "sent"; it has calls, '), (["-e", ""], "a name is missing"), (["--trace=read,,"], "a name is missing"),
                         (["-p", ""], "--pid needs a process; where pidof prints nothing"), (["-p", " \n"], "--pid needs a process"),
                         (["--decode-fds=all"], "--decode-fds takes no value: descriptors always have"), (["--quiet=all"], "-q leaves only the summary"),
                         (["--strings-in-hex=all"], "-xx: all strings"), (["--relative-timestamps=ns"], "takes no value: -r, always"), (["--follow-forks=x"], "--follow-forks takes no value"),
                         (["--timestamps=us"], "strace's --timestamps: -t, -tt or -ttt"), (["--silent"], "strace's --silent: messages"), (["--argv0=x"], "exec -a NAME"),
                         (["--syscall-limit=3"], "--events N"), (["--verbose=all"], "structures are always decoded here")):
        with tempfile.TemporaryDirectory() as d:
            p, text = traced(t, *options, command=["touch", f"{d}/ran"])
            equal(p.returncode, 125, str(options))
            # What was typed can follow, with a caret below the place.
            check(why in p.stderr.splitlines()[0] and p.stderr.count("\n") in (1, 3) and not text, p.stderr)
            equal(p.stderr.count("\n") == 3, "\n" in p.stderr[:-1] and p.stderr.endswith("^\n"), p.stderr)
            check(not pathlib.Path(d, "ran").exists(), "it ran")


def names_option(t):
    """an error of a filter names the option that it was typed in, and points into what was typed there"""
    for options, said in ((["--only", "netwrok"], '--only: no category, operation, call or event "netwrok"; did you mean network?\n  netwrok\n  ^'),
                          (["-Z", "--filter", "path:/x", "--only", "file,netwrok"],
                           '--only: no category, operation, call or event "netwrok"; did you mean network?\n  file,netwrok\n       ^'),
                          (["--only", "file", "--filter", "op:opne"], '--filter: no operation "opne"; did you mean open?\n  op:opne\n     ^'),
                          (["--filter", "type:read !"], '--filter: nothing follows "!"; in quotes it is a text\n  type:read !\n            ^'),
                          (["--filter", 'type:read path:"/a b'], '--filter: the quote is not closed\n  type:read path:"/a b\n                 ^'),
                          (["--only", "fi le"], '--only: no category, operation, call or event "fi le"; did you mean file?\n  is:"fi le"\n     ^'),
                          (["-Z", "-z"], "--failed and --successful: no call and no event can meet all of this\n  err:any !err:any\n  ^"),
                          (["-e", "fd=3", "-Z", "-Z", "-e", "status=successful"], "-e fd= and --failed and -e status=: no call and no event can meet all of this"),
                          (["-e", "connect", "--only", "file"], "--only: no call and no event can meet all of this, and be of -e connect\n  is:file\n  ^"),
                          (["--record", "/dev/null", "--last", "1s", "--dump-when", "op:opne"], '--dump-when: no operation "opne"')):
        p, _ = traced(t, *options, command=["true"])
        equal(p.returncode, 125, options)
        check(p.stderr.startswith(f"compendium: {said}"), f"{options}: {p.stderr}")


if __name__ == "__main__":
    main(__doc__, {"choosing": [as_strace, in_words, in_the_report, execs, names_stay, by_filter, not_stopped, ends_not_stopped, mapped, excluded, only_failures, server, recorded, counts, counted_by, counted_in_kernel, counted_while_running, tables, grouped, unknown_numbers, narrow, narrow_summary, details, filtered, refused, names_option]})
