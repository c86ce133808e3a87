#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is left out where little is chosen: stops, records; and that names stay right all the same.

usage: narrowed.py --compendium FILE [--backend B] narrowed [TEST…]
"""
import collections
import os
import pathlib
import re
import subprocess
import tempfile

from harness import PATIENCE, Skip, check, equal, main, need

PYTHON = ["/usr/bin/python3", "-S", "-c"]
SOCKETS = "sendto,recvfrom,sendmsg,recvmsg"

# Each of its sends goes through a number that no call on a socket has given.
COPIES = """
import array, ctypes, fcntl, os, socket
libc = ctypes.CDLL(None)
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
a = socket.create_connection(("127.0.0.1", port))
b, _ = server.accept()
u, v = socket.socketpair()
def send(fd, text, to=None):
    libc.send(fd, text, len(text), 0)
    if to: to.recv(9)
os.dup2(a.fileno(), 50)
send(50, b"dup2", b)
send(fcntl.fcntl(b.fileno(), fcntl.F_DUPFD_CLOEXEC, 60), b"fcntl", a)
send(os.dup(a.fileno()), b"dup", b)
os.dup2(u.fileno(), 50)
send(50, b"reused", v)
os.dup2(a.fileno(), 50)
send(50, b"again", b)
os.close(50)
send(50, b"closed")
file = os.open("/etc/hostname", os.O_RDONLY)
os.dup2(file, 50)
send(50, b"file")
u.sendmsg([b"m"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [60]))])
fds = array.array("i")
fds.frombytes(v.recvmsg(9, 99)[1][0][2])
send(fds[0], b"passed", a)
os.dup2(a.fileno(), 70)
child = os.fork()
if not child:
    send(70, b"forked")
    os.dup2(u.fileno(), 70)
    send(70, b"changed")
    os.execv("/usr/bin/python3", ["python3", "-S", "-c", "import socket\\nsocket.socket(fileno=70).send(b'exec')"])
os.waitpid(child, 0)
print(port)
"""


def traced(t, *options, command):
    with tempfile.NamedTemporaryFile("r") as out:
        p = subprocess.run([t.args.compendium, "--backend", t.args.backend, "-o", out.name, *options, "--", *command], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        return p, out.read()


def check_copies(p, text, file):
    port = p.stdout.strip()
    at = {word: re.findall(rf'send(?:to|msg)\((\d+)(<.*?>)?, "{word}"', text) for word in
          "dup2 fcntl dup reused again closed file passed forked changed exec".split()}
    there, back, local = f"<tcp4 → 127.0.0.1:{port}>", "<tcp4 ← 127.0.0.1:", "<unix socket:["
    for word, name in {"dup2": there, "fcntl": back, "dup": there, "reused": local, "again": there, "closed": "", "file": file, "passed": back, "forked": there,
                       "changed": local, "exec": local}.items():
        equal(len(at[word]), 1, f"sends of {word} in\n{text}")
        check(at[word][0][1].startswith(name) and bool(name) == bool(at[word][0][1]), f"{word}: {at[word]}, not {name}")
    check(re.search(r"sendmsg\(\d+<unix socket:\[\d+\]>, .*fds=\[60<tcp4 ← 127\.0\.0\.1:\d+>\]", text), text)


def copies(t):
    """a socket by another number, passed, inherited, or in the place of another, has its name where nothing but calls on sockets is chosen"""
    for options in (["-e", SOCKETS], ["--filter", f"type:{SOCKETS}"], ["--only", "network"], ["-e", SOCKETS + ",dup2"]):
        p, text = traced(t, "-v", "-a", *options, command=[*PYTHON, COPIES])
        equal(p.returncode, 0, p.stderr)
        check_copies(p, text, "</etc/hostname>" if t.args.backend == "ptrace" or "dup2" in options[1] else "<fd ")


def copies_of_attached(t):
    """likewise of a process that is attached to, whose sockets are older than the trace"""
    program = "import os, socket\na, b = socket.socketpair()\nos.dup2(a.fileno(), 50)\nprint(flush=True)\ninput()\n" \
        "s = socket.socket(fileno=50); s.send(b'old')\nfd = os.dup(50); socket.socket(fileno=fd).send(b'new')\n"
    with subprocess.Popen([*PYTHON, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
        victim.stdout.readline()
        p = t.attach(victim.pid, "-v", "-e", SOCKETS)
        victim.stdin.write("\n")
        victim.stdin.close()
        victim.wait(PATIENCE)
        p.wait(PATIENCE)
    equal(len(re.findall(r'sendto\(\d+<unix socket:\[\d+\]>, "(?:old|new)"', p.text())), 2, p.text())


def watched(t, log, *options, command):
    """the requests of compendium to ptrace are in log, as strace sees them"""
    need("strace")
    return subprocess.run(["strace", "-o", log.name, "-e", "trace=ptrace", "-e", "signal=none", t.args.compendium, "--backend", "ptrace", "-q",
                           "-o", "/dev/null", *options, "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False,
                          env=os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})    # it is traced itself


def no_stops_for_copies(t):
    """ptrace: what copies descriptors does not stop where each chosen call looks at its own"""
    if t.args.backend != "ptrace":
        raise Skip("BPF stops nothing")
    for options in (["-e", "connect"], ["--only", "network"], ["-e", SOCKETS]):
        with tempfile.NamedTemporaryFile("r") as log:
            p = watched(t, log, *options, command=[*PYTHON, COPIES])
            equal(p.returncode, 0, p.stderr)
            seen = collections.Counter(re.findall(r"op=PTRACE_SYSCALL_INFO_(?:SECCOMP|ENTRY),.*?nr=__NR_(\w+)", log.read()))
        for name in "dup dup2 fcntl close openat".split() + (["recvmsg"] if "connect" in options else []):
            equal(seen[name], 0, f"{options}: {name} stopped")
        check(seen["connect"] > 0, f"{options}: {seen}")


FAILING = """
import os, signal, threading
def fail(n):
    for i in range(n):
        try: os.execv("/nope/x", ["never"])
        except OSError: pass
def child(then):
    pid = os.fork()
    if not pid: then()
    os.waitpid(pid, 0)
def found():
    fail(2)
    os.execv("/bin/sh", ["first", "-c", "exit 3"])
def killed():
    fail(1)
    os.kill(os.getpid(), signal.SIGKILL)
def handled():
    signal.signal(signal.SIGUSR1, lambda *_: fail(1))
    fail(1)
    os.kill(os.getpid(), signal.SIGUSR1)
    child(found)
    fail(1)
    os._exit(4)
def in_thread():
    fail(1)
    threading.Thread(target=lambda: os.execv("/bin/sh", ["second", "-c", "exit 5"])).start()
    fail(1)
    signal.pause()
fail(40)
for then in found, killed, handled, in_thread: child(then)
fail(1)
"""


def failed_execs(t):
    """ptrace: the end of an exec that failed does not stop where nothing shows it, and what follows it has its names"""
    p, text = traced(t, "--only", "network", command=[*PYTHON, FAILING])
    equal(p.returncode, 0, p.stderr)
    tree = re.findall(r"^ +\d+ +\S+ +(.*?)  +[│├└─ ]*(\w.*)", text[text.index(" Processes"):], re.M)
    equal([(end, command.split()[0]) for end, command in tree],
          [("exit 0", "python3"), ("exit 3", "first"), ("SIGKILL", "python3"), ("exit 4", "python3"), ("exit 3", "first"),
           ("exit 5", "second")], text)
    if t.args.backend != "ptrace":
        raise Skip("BPF stops nothing")
    for options, ends in ((["--only", "network"], 0), (["--only", "network,exec"], 40)):
        with tempfile.NamedTemporaryFile("r") as log:
            p = watched(t, log, *options, command=[*PYTHON, FAILING])
            equal(p.returncode, 0, p.stderr)
            requests = log.read()
        seen = len(re.findall(r"op=PTRACE_SYSCALL_INFO_EXIT,.*rval=-ENOENT", requests))
        entries = len(re.findall(r"op=PTRACE_SYSCALL_INFO_SECCOMP,.*nr=__NR_execve\b", requests))
        check(entries >= ends if ends else not entries, f"{options}: {entries} execs have stopped where they begin")
        check(seen >= ends if ends else not seen, f"{options}: {seen} ends of what failed have stopped")


LOOKUPS = "import os, time\nos.chdir('/usr')\nfor i in range(500):\n  os.getppid()\n" \
    "  for p in ('/etc/passwd', '/usr/nope', '/usrx', '/tmp/nope', 'lib', '/usr/lib', '/usr', '/usr/../etc/group', '/sys', '/sys/kernel'):\n" \
    "    try: os.stat(p)\n    except OSError: pass\nfor i in range(30): time.sleep(0.02)\n"
COUNTS = re.compile(r"^ ([\d,]+) of ([\d,]+) captured events? match.*(?:\n ([\d,]+) more calls? (?:was|were) excluded in the kernel$)?", re.M)


def no_records(t):
    """bpf: what success, names, roles and times exclude has no record, but is counted; what matches is what matches of all records"""
    if t.args.backend != "bpf":
        raise Skip("ptrace knows of a call how it ended when it has stopped")
    with tempfile.TemporaryDirectory() as d:
        def run(*options):
            _, text = traced(t, "-v", *options, command=[*PYTHON, LOOKUPS])
            return [int((n or "0").replace(",", "")) for n in COUNTS.search(text).groups()], text
        # of each name 500 are looked up; /usr/nope, /usrx and /tmp/nope are not there
        for options, least, most in ((["--filter", "err:none"], 1500, 1600), (["-z"], 1500, 1600), (["-e", "status=successful"], 1500, 1600),
                                     (["--filter", "!err:ENOENT,ENOTDIR"], 1500, 1600), (["--filter", "!err:any"], 1500, 1600),
                                     (["--filter", "!path:/usr"], 1500, 1700), (["--filter", "!path:/usr/*"], 1000, 1200),
                                     (["--filter", "path:/usr !path:/usr/lib"], 3000, 3200), (["--filter", "!path:/usr,/sys !path:/tmp/*"], 3000, 3300),
                                     (["--filter", "role:temporary"], 3500, 4000), (["--filter", "!role:system"], 1000, 1100),
                                     (["--filter", "!role:system,temporary"], 1500, 1600), (["--filter", "role:config"], 0, 0)):
            (matched, records, out), text = run(*options)
            (all_matched, all_records, none), _ = run(*options, "--record", f"{d}/t.cpd")
            equal(none, 0, "of a recording nothing is excluded")
            check(abs(matched - all_matched) <= 2 and abs(records + out - all_records) <= 4, f"{options}: {matched}, {records}, {out}; of all {all_matched}, {all_records}")
            check(least <= out <= most, f"{options}: {out} were excluded\n{text}")
        (_, _, out), text = run("--filter", "dur<15ms")
        check(out >= 30 and "clock_nanosleep(" not in text, text)


ARGUMENTS = "import os\nfor some in ['f'] * 5000, [''] * 3000, ['/usr/include/a.h'] * 6000, ['x' * 3000] * 90, ['y' * 5000] * 3, ['z']:\n" \
    "  if not os.fork(): os.execv('/bin/true', ['true', *some])\n  os.wait()\n"


def command_lines(t):
    """of thousands of arguments lines and summary say the same whether all of them are copied or how they begin"""
    def shown(wanted, *options):
        p, text = traced(t, *options, command=[*PYTHON, ARGUMENTS])
        equal(p.returncode, 0, p.stderr)
        return re.findall(wanted, text, re.M)
    for wanted, options in ((r" (true .{150,} \([\d,]+ more arguments\))", []), (r"─ (true .*)", ["--only", "network"])):
        begins = shown(wanted, *options)
        check(len(begins) >= 5, begins)
        equal(begins, shown(wanted, *options, "--record", "/dev/null"), options)


def given(t):
    """what an exec was given is the same whether its call stops or its event is looked at: scripts, their interpreters, other names, symbolic links"""
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o755)
        for name, text in (("script", "#!/bin/sh -e\n/bin/true \"$@\"\n"), ("second", f"#!{d}/script x\n")):
            pathlib.Path(d, name).write_text(text)
            os.chmod(pathlib.Path(d, name), 0o755)
        os.symlink("/bin/true", f"{d}/link")
        script = f"PATH=/nope:{d}:$PATH; cd {d}; ./script a b; script c; ./second; ./link /bin/true; {d}/link; cat {d}/script >/dev/null; true '' ''; " + \
            "python3 -S -E -c 'import os; os.waitpid(os.posix_spawnp(\"true\", [\"OTHER\", \"z\"], os.environ), 0); os.waitpid(os.posix_spawnp(\"true\", [\"\"], {}), 0)'; exit 0"
        trees = []
        for options in ([], ["--record", "/dev/null"]):
            p, text = traced(t, "--only", "network", *options, command=["sh", "-c", script])
            equal(p.returncode, 0, p.stderr)
            trees.append(re.findall(r"^ +\d+ +\S+ +exit \d+ +(.*)", text[text.index(" Processes"):], re.M))
    equal(trees[0], trees[1], "the trees of processes")
    check(len(trees[0]) >= 11 and any(line.endswith("─ ./script a b") for line in trees[0]), trees[0])


if __name__ == "__main__":
    main(__doc__, {"narrowed": [copies, copies_of_attached, no_stops_for_copies, failed_execs, no_records, command_lines, given]})
