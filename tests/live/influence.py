#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tracing does to a program is reported, and what is not the kernel's refusal is not called so.

usage: influence.py --compendium FILE [--backend B] influence [TEST…]
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from harness import PATIENCE, Skip, check, equal, eventually, main, need, need_root

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report  # noqa: E402  (the reader of reports)

NOBODY = 65534
ROOT = "run compendium as root"


@contextlib.contextmanager
def programs():
    """Programs with rights of their own, where an ordinary user can reach them."""
    with tempfile.TemporaryDirectory(prefix="rights-", dir="/var/tmp") as d:
        os.chmod(d, 0o755)
        if os.statvfs(d).f_flag & os.ST_NOSUID:
            raise Skip("/var/tmp is mounted nosuid")
        d = pathlib.Path(d)
        for name, mode, program in (("suid", 0o4755, "id"), ("sgid", 0o2755, "id"), ("capable", 0o755, "cat"), ("secret", 0o711, "cat"), ("plain", 0o755, "id")):
            shutil.copy(shutil.which(program), d / name)
            os.chmod(d / name, mode)
        # cap_net_raw, permitted and effective: struct vfs_cap_data of <linux/capability.h>
        try:
            os.setxattr(d / "capable", "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
        except OSError as error:
            raise Skip(f"no file capabilities in /var/tmp: {error}") from error
        yield d


def as_nobody(t, *command, options=(), before=()):
    """Traced with ptrace by an ordinary user: exit status, output, what compendium says."""
    with tempfile.TemporaryDirectory(prefix="nobody-", dir="/var/tmp") as d:
        os.chown(d, NOBODY, NOBODY)
        p = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--", *before, t.args.compendium, "--backend", "ptrace",
                            *options, "--", *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False, cwd=d)
    return p.returncode, p.stdout, p.stderr.decode(errors="replace")


def rights(t):
    """a set-user-ID, set-group-ID or file-capability program of an ordinary user: a line, a note in summary and report"""
    need_root()
    need("setpriv")
    with programs() as d, tempfile.TemporaryDirectory(prefix="page-", dir="/var/tmp") as out:
        os.chmod(out, 0o777)
        for name, kind in (("suid", "set-user-ID"), ("sgid", "set-group-ID"), ("capable", "file-capability")):
            page = f"{out}/{name}.html"
            for options in ([], [f"--report={page}"], ["-v"]):
                status, _, text = as_nobody(t, d / name, *(["/etc/hostname"] if name == "capable" else []), options=options)
                equal(status, 0, text[-500:])
                says = rf"{name} runs without its {kind} privileges, .*{ROOT}$"
                check(re.search(rf"^\[\+[\d.]+s\] note: {says}", text, re.M), f"no line: {text}")
                check(re.search(rf"^ Note: {says}", text, re.M), f"no note: {text}")
            check(any(re.search(says, note) for note in Report(pathlib.Path(page)).meta["notes"]), "no note in the report")
        _, _, text = as_nobody(t, d / "plain")
        check("note:" not in text and "Note:" not in text, text)
        # what would have come without its rights untraced, too: compendium or the program under no_new_privs
        no_new = ["setpriv", "--no-new-privs"]
        for options in ([], ["-v"]):
            for before, inside in ((no_new, []), ([], no_new)):
                status, out, text = as_nobody(t, *inside, d / "suid", options=options, before=before)
                equal(status, 0, text[-500:])
                check(b"uid=" in out and "privileges" not in text, f"{before} {inside}: {text}")
        # a program whose owner one is loses nothing; nor does anything under root
        for name in ("suid", "capable"):
            _, _, _, text = t.run(d / name, *(["/etc/hostname"] if name == "capable" else []))
            check("note:" not in text, text)


def unreadable(t):
    """a program that may not be read, or forbids it: why names are missing, and no row without a name"""
    need_root()
    need("setpriv")
    script = "import ctypes, os; ctypes.CDLL(None).prctl(4, 0); os.open('/etc/hostname', 0); [os.access(f'/nonexistent{i}', 0) for i in range(30)]"
    with programs() as d, tempfile.TemporaryDirectory(prefix="page-", dir="/var/tmp") as out:
        os.chmod(out, 0o777)
        # where its exec does not stop at its beginning, too, it has its own name and not its parent's
        status, _, text = as_nobody(t, "sh", "-c", f"{d}/secret /etc/hostname; exit 0", options=["--only", "network", "-q"])
        check(status == 0 and re.search(r"^ Note: secret: its memory may not be read", text, re.M), text)
        for name, command in (("secret", [d / "secret", "/etc/hostname"]), (os.path.basename("python3"), ["/usr/bin/python3", "-S", "-E", "-c", script])):
            if not os.path.exists(command[0]):
                continue
            page = f"{out}/page-{name}.html"
            status, _, text = as_nobody(t, *command, options=["-a", "--in-process", "off", f"--report={page}"])     # stubs copy names themselves
            equal(status, 0, text[-500:])
            equal(len(re.findall(rf"note: {name}\S*: its memory may not be read by an ordinary user .*{ROOT}$", text, re.M)), 1, f"lines in {text}")
            check(re.search(rf"^ Note: {name}\S*: its memory may not be read", text, re.M), text)
            check(re.search(r"^ +\d+×  ENOENT +\(name not readable\)$", text, re.M), text)
            check(not re.search(r"^ +\d+×  \w+ *$", text, re.M), f"a row without a name: {text}")
            r = Report(pathlib.Path(page))
            check(any("may not be read" in note for note in r.meta["notes"]), r.meta["notes"])
            for kind, obj in zip(r.columns["h"]["type"], r.columns["c"]["obj"]):
                if r.meta["types"][kind]["name"] in ("openat", "access", "newfstatat"):
                    check(r.strings[obj], f"{r.meta['types'][kind]['name']} without a name")


def sudo(t):
    """sudo's own misleading message has ours before it"""
    need_root()
    need("setpriv", "sudo")
    status, _, text = as_nobody(t, "sudo", "-n", "true")
    check(status != 0 and "note: sudo runs without its set-user-ID privileges" in text, text)


def loading(t):
    """a signal while the backend starts: an orderly end, no refusal, no other backend, and the command does not run"""
    for signo in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        for delay in (0.005, 0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.3):
            ran, page = t.scratch / "ran", t.scratch / "page.html"
            p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, f"--report={page}", "--", "sh", "-c", f"echo > {ran}; sleep 1"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
            time.sleep(delay)
            p.send_signal(signo)
            _, err = p.communicate(timeout=PATIENCE)
            err = err.decode(errors="replace")
            check("refuse" not in err and "cannot be used" not in err, err)
            if "tracing sh" in err:
                check("(" + t.args.backend + ")" in err and " FINAL: " in err, err)
            else:
                equal(p.returncode, -signo, f"how it ended: {err}")
                check(not ran.exists(), "the command ran")
                check(not page.exists(), "a report is left")
            ran.unlink(missing_ok=True)
            page.unlink(missing_ok=True)


def loading_attach(t):
    """likewise with -p: the target runs on, untouched"""
    v = subprocess.Popen(["sleep", "1000"])
    try:
        for delay in (0.005, 0.03, 0.06, 0.1):
            p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "-p", str(v.pid)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
            time.sleep(delay)
            p.terminate()
            _, err = p.communicate(timeout=PATIENCE)
            check(b"refuse" not in err and b"cannot be used" not in err, err.decode(errors="replace"))
            check(v.poll() is None, "the target ended")
    finally:
        v.kill()
        v.wait()


def killed_in_exec(t):
    """a program that the kernel kills inside execve ends as untraced: by SIGSEGV; as a child of the command, too"""
    # two segments; there is no room for the second one, which shows when the old memory is gone
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = [struct.pack("<IIQQQQQQ", 1, 5, 0, at, at, 0x1000, 0x1000, 0x1000) for at in (0x400000, 0xffff800000000000)]
    program = t.scratch / "killed"
    program.write_bytes(head + b"".join(load) + bytes(8192))
    program.chmod(0o755)
    plain = subprocess.run([program], check=False)
    equal(plain.returncode, -signal.SIGSEGV, "untraced")
    for options in ([], ["-v"]):
        status, _, _, text = t.run(program, options=options)
        equal(status, -signal.SIGSEGV, f"traced: {text}")
        check(re.search(r"^ Killed by SIGSEGV", text, re.M), text)
    status, _, _, text = t.run("sh", "-c", f"{program}; echo $? > {t.scratch}/status; exit 3")
    equal((status, (t.scratch / "status").read_text()), (3, "139\n"), text)


# A filter that ends the process (argument: 0x80000000) or the last thread (0) at its socket(2).
FILTERED = """
import ctypes, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in
    ((0x20, 0, 0, 0), (0x15, 0, 1, 41), (6, 0, 0, int(sys.argv[1], 0)), (6, 0, 0, 0x7fff0000))))
libc.prctl(38, 1, 0, 0, 0)
libc.prctl(22, 2, ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(code))))
libc.socket(2, 1, 0)
"""


def killed_by_filter(t):
    """a call that a seccomp filter ends the process for has no result and makes no descriptor; the summary names it"""
    for action in ("0x80000000", "0"):
        command = [sys.executable, "-S", "-E", "-c", FILTERED, action]
        equal(subprocess.run(command, check=False, timeout=PATIENCE).returncode, -signal.SIGSYS, "untraced")
        trace, events = t.scratch / "trace.cpd", t.scratch / "events.json"
        for options in ([], ["-v"], ["--record", trace, "--json", events]):
            status, _, _, text = t.run(*command, options=options)
            equal(status, -signal.SIGSYS, f"traced: {text}")
            check(re.search(r"^ +SIGSYS: socket, which seccomp forbids, after", text, re.M), text)
            if options == ["-v"]:
                check("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = ? <SIGSYS by seccomp>" in text, text)
        rows = [json.loads(line) for line in events.read_text().splitlines()]
        calls = [r for r in rows if r.get("call") == "socket"]
        equal([(r["outcome"], "new_fd" in r, "result" in r) for r in calls], [("unfinished", False, False)], "the call's row")
        check(not [r for r in rows if r.get("table") == "file" and r.get("kind") == "socket"], f"a socket in {rows}")


def left_behind_named(t):
    """what the command left running, and is waited for, is named"""
    p = t.start("--", "sh", "-c", "sleep 1000 & exec sh -c 'exit 5'")
    said = eventually(lambda: re.search(r"compendium: the command has ended; waiting for the processes it left running: sleep \((\d+)\)", p.said()), f"the name in {p.said()}")
    equal(pathlib.Path(f"/proc/{said[1]}/comm").read_text(), "sleep\n", "who that is")
    os.kill(int(said[1]), signal.SIGTERM)
    equal(p.wait(PATIENCE), 5, "the exit status")
    # what ends at once is not named
    p = t.start("--", "sh", "-c", "sleep 0.1 & exit 0")
    equal(p.wait(PATIENCE), 0, "the exit status")
    check("it left running" not in p.said(), p.said())


CRASHING_INIT = """
import ctypes, os, time
if os.fork() == 0: time.sleep(1000)
x = b"x" * (40 << 20)
while time.process_time() < 0.3: pass
ctypes.string_at(0)
"""


def crashing_init(t):
    """a container whose init crashes ends as untraced, with all in it, and what it had used is known"""
    need_root()
    need("unshare")
    command = ["unshare", "-pf", "--kill-child", sys.executable, "-S", "-E", "-c", CRASHING_INIT]
    plain = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=PATIENCE)
    if plain.returncode == 1 and plain.stderr:
        raise Skip("no pid namespace here")
    page = t.out().with_suffix(".html")
    status, _, _, text = t.run(*command, options=[f"--report={page}"])
    equal(status, plain.returncode, text[-1500:])
    tasks = Report(page).meta["tasks"]
    equal(len(tasks), 3, f"tasks in {text}")
    init = tasks[1]     # in the order in which they were made
    check(0.2e9 < init["utime_ns"] + init["stime_ns"] < 60e9, f"CPU time of {init}")
    resident = re.search(r"^   Resident: +([\d.]+) MB", text, re.M)
    check(resident and float(resident[1]) > 40, f"resident memory in {text}")
    equal(len(re.findall(r" killed by SIGSEGV", text)), 2, f"ends in {text}")
    equal(len(re.findall(r" killed by SIGKILL", text)), 1, f"ends in {text}")


# A child whose getppid(2) its parent answers after 0.2 s, by SECCOMP_USER_NOTIF_FLAG_CONTINUE.
SUPERVISED = """
import ctypes, fcntl, os, struct, time
libc = ctypes.CDLL(None, use_errno=True)
code = b"".join(struct.pack("HBBI", *i) for i in ((0x20, 0, 0, 0), (0x15, 0, 1, 110), (6, 0, 0, 0x7fc00000), (6, 0, 0, 0x7fff0000)))
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    buf = ctypes.create_string_buffer(code)
    prog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(buf)))
    libc.prctl(38, 1, 0, 0, 0)
    fd = libc.syscall(317, 1, 8, prog)
    os.write(w, struct.pack("i", fd))
    libc.getppid()
    os._exit(0)
fd = libc.syscall(438, libc.syscall(434, pid, 0), struct.unpack("i", os.read(r, 4))[0], 0)
req = bytearray(80)
fcntl.ioctl(fd, 0xc0502100, req)
time.sleep(0.2)
fcntl.ioctl(fd, 0xc0182101, bytearray(req[:8] + struct.pack("qiI", 0, 0, 1)))
os.waitpid(pid, 0)
"""


def supervised(t):
    """a call that a seccomp supervisor answers late: ptrace has the time, bpf says that it has not"""
    command = [sys.executable, "-S", "-E", "-c", SUPERVISED]
    equal(subprocess.run(command, check=False, timeout=PATIENCE).returncode, 0, "untraced")
    for options in ([], ["-v"]):
        status, _, _, text = t.run(*command, options=options)
        equal(status, 0, text)
        notes = len(re.findall(r"(?:note|Note): python\S* has calls that another process answers \(a seccomp listener\): .*--backend ptrace includes it$", text, re.M))
        equal(notes, 2 if t.args.backend == "bpf" else 0, f"notes in {text[-1500:]}")
        if options and t.args.backend == "ptrace":
            took = re.search(r"getppid\(\) = \d+  ([\d.]+)ms", text)
            check(took and float(took[1]) >= 200, text)


if __name__ == "__main__":
    sys.exit(main(__doc__, {"influence": [rights, unreadable, sudo, loading, loading_attach, killed_in_exec, killed_by_filter, left_behind_named, crashing_init, supervised]}))
