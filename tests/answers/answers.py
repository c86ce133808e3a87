#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first screen of the summary, 24 lines, names the cause: programs that fail or are slow for a known reason.

usage: answers.py --compendium FILE [--backend B] GROUP [TEST…]
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from harness import PATIENCE, Skip, check, equal, main, need, need_root  # noqa: E402

LINES = 24
PYTHON = [sys.executable, "-S", "-E", "-c"]


def screen(text):
    """The first screen of a summary, words of a line that was parted in one."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(" FINAL: ")) - 1
    return "\n".join(lines[first:first + LINES])


def words(text):
    return re.sub(r"\s+", " ", text)


def traced(t, *command, status=None, **more):
    """The first screen of what is printed about a command, and its process id by its name."""
    got, _, _, text = t.run(*command, **more)
    if status is not None:
        equal(got, status, "the exit status")
    return words(screen(text))


def says(shown, *patterns):
    for pattern in patterns:
        check(re.search(pattern, shown), f"/{pattern}/ is not on the first screen: {shown}")


# ---- why it failed ----

def missing_header(t):
    """a build fails: the header, that it was looked for in several places, and the compiler's own words"""
    need("gcc", "make")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "lib.c").write_text("int one(void) { return 1; }\n")
    (d / "main.c").write_text('#include <stddef.h>\n#include "not/there.h"\nint main(void) { return 0; }\n')
    (d / "Makefile").write_text("all: lib.o main.o\n%.o: %.c\n\tgcc -I inc -c $< -o $@\n")
    (d / "inc").mkdir()
    shown = traced(t, "make", "-j2", cwd=d, status=2)
    says(shown, r"exit 1 +cc1 .*main\.c", r"so failed gcc \(\d+\), .*make \(\d+\)", r"fatal error: not/there\.h: No such file",
         r"there\.h was not found in [3-9] places: ")
    check("not was not found" not in shown, f"a directory on the way to the header: {shown}")
    check("lib.c" not in shown.partition("Where the time went")[0], f"what was compiled well is shown as failed: {shown}")


def missing_library(t):
    """a shared library is missing: its name, and the loader's own words"""
    need("gcc")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "lib.c").write_text("int one(void) { return 1; }\n")
    (d / "main.c").write_text("int one(void); int main(void) { return one(); }\n")
    for command in ("gcc -shared -fPIC lib.c -o libanswer.so.1", "gcc main.c ./libanswer.so.1 -o main"):
        equal(os.system(f"cd {d} && {command}"), 0, command)
    os.rename(d / "libanswer.so.1", d / "gone")
    shown = traced(t, d / "main", cwd=d, status=127)
    says(shown, r"exit 127 +.*main", r"error while loading shared libraries: .*libanswer\.so\.1", r"libanswer\.so\.1 was not found")


def permission(t):
    """a file may not be opened: its name and the error"""
    secret = pathlib.Path(os.path.realpath(t.scratch)) / "secret.key"
    secret.write_text("x")
    secret.chmod(0)
    program = ("import os, sys\n"
               "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
               f"try: open('{secret}')\n"
               "except OSError as e: print('cannot start:', e.strerror, file=sys.stderr); sys.exit(3)\n")
    os.chmod(t.scratch, 0o755)
    shown = traced(t, *PYTHON, program, status=3)
    says(shown, r"cannot start: Permission denied", rf"open {re.escape(str(secret))} failed: EACCES")


def sibling(t):
    """killed by a sibling: by which process, and when"""
    program = ("import os\n"
               "r, w = os.pipe()\n"
               "a = os.fork()\n"
               "if a == 0: os.execvp('sleep', ['sleep', '1000'])\n"
               "os.close(w); os.read(r, 1)\n"     # the exec closes it
               "b = os.fork()\n"
               "if b == 0: os.execvp('sh', ['sh', '-c', f'kill -KILL {a}'])\n"
               "os.waitpid(b, 0); os.waitpid(a, 0); os._exit(9)\n")
    shown = traced(t, *PYTHON, program, status=9)
    says(shown, r"SIGKILL +sleep 1000", r"SIGKILL was sent by \d+ \(sh\) after [\d.]+", r"so failed python")


# A process that waits, made by waiter(of a group of its own?): it runs its program when that returns.
WAITER = ("import os\n"
          "def waiter(group=False):\n"
          "    (r, w), (i, o) = os.pipe(), os.pipe()\n"
          "    p = os.fork()\n"
          "    if p == 0:\n"
          "        if group: os.setpgid(0, 0)\n"
          "        os.dup2(i, 0); os.dup2(w, 1); os.execvp('sh', ['sh', '-c', 'echo; read x'])\n"
          "    os.read(r, 1)\n"
          "    return p\n")
WAITER_KILLED = r"SIGKILL +sh -c 'echo; read x'", r"SIGKILL was sent by \d+ \(python\S*\) after [\d.]+"


def group(t):
    """a process group is killed: by which process, from outside and from within"""
    outside = "a = waiter(True)\nos.kill(-a, 9)\nos.waitpid(a, 0)\nos._exit(9)\n"
    says(traced(t, *PYTHON, WAITER + outside, status=9), *WAITER_KILLED)
    within = ("c = os.fork()\n"
              "if c == 0:\n"
              "    os.setsid()\n"
              "    waiter()\n"
              "    if os.getpgrp() == os.getpid(): os.kill(0, 9)\n"
              "os.waitpid(c, 0)\n"
              "os._exit(9)\n")
    says(traced(t, *PYTHON, WAITER + within, status=9), *WAITER_KILLED, r"SIGKILL was sent by the process itself")


def by_itself(t):
    """killed by itself; by timeout(1), which sends more than one signal; by a call that was not chosen"""
    need("timeout")
    says(traced(t, "sh", "-c", "kill -9 $$"), r"Killed by SIGKILL, sent by itself", r"SIGKILL was sent by the process itself after [\d.]+")
    for _ in range(3):      # (which of the signals is reported first is chance)
        says(traced(t, "timeout", "0.1", "sleep", "1000", status=124), r"SIGTERM was sent by \d+ \(timeout\) after [\d.]+")
    says(traced(t, "sh", "-c", "kill -9 $$", options=["-e", "openat"]), r"SIGKILL came from the kernel, or from a call that was not chosen, after [\d.]+")


def fault(t):
    """a null pointer is read: the address, and the library by the name that it was opened by"""
    program = "import ctypes; ctypes.string_at(8)"
    _, _, _, text = t.run(*PYTHON, program, options=["-a"])
    shown, opened = words(screen(text)), re.findall(r"mmap \S+ r-x .* (/\S*/libc\.so\.6)$", text, re.M)
    check(opened, text)
    says(shown, rf"by the instruction at (\w+\+0x[0-9a-f]+ \()?{opened[0]}\+0x[0-9a-f]+")
    says(shown, r"SIGSEGV +", r"SIGSEGV: access to address 0x8 \(a null pointer\), by the instruction at (\w+\+0x[0-9a-f]+ \()?/\S*libc\S*\.so\S*\+0x[0-9a-f]+\)?, after")


def in_the_program(t):
    """a program faults: the function and where in the file, as nm has it; without symbols: where; a library's own function"""
    need("gcc", "nm")
    d = pathlib.Path(os.path.realpath(t.scratch))
    for name, text in (("g.c", FAULTS), ("lib.c", "void of_the_library(volatile int *p) { *p = 1; }\n")):
        (d / name).write_text(text)
    equal(os.system(f"cd {d} && gcc -shared -fPIC lib.c -o libanswer.so"), 0, "gcc")
    for how, where in (("", "g"), ("-static", "gs"), ("-s", "stripped")):
        equal(os.system(f"cd {d} && gcc {how} g.c -o {where}"), 0, "gcc")
        shown = traced(t, d / where)
        if how == "-s":
            says(shown, rf"where nothing is mapped, by the instruction at {d}/{where}\+0x[0-9a-f]+, after")
            continue
        says(shown, rf"where nothing is mapped, by the instruction at writes_there\+0x[1-9a-f][0-9a-f]* \({d}/{where}\+0x[0-9a-f]+\), after")
    equal(os.system(f"cd {d} && gcc -no-pie -Wl,-z,noseparate-code -DLIBRARY g.c -L. -lanswer -Wl,-rpath,{d} -o l"), 0, "gcc")
    says(traced(t, d / "l"), rf"by the instruction at of_the_library\+0x[0-9a-f]+ \({d}/libanswer\.so\+0x[0-9a-f]+\), after")
    # what the offset means: one instruction, of that line
    shown = traced(t, d / "g")
    into = int(re.search(r"writes_there\+0x([0-9a-f]+)", shown)[1], 16)
    first = next(int(line.split()[0], 16) for line in os.popen(f"nm {d}/g") if line.split()[-1] == "writes_there")
    equal(int(re.search(r"/g\+0x([0-9a-f]+)\)", shown)[1], 16), first + into, "of a file mapped as it is linked: its offset")


def forbidden(t):
    """seccomp forbids a call: which, and where it was made"""
    need("gcc")
    program = pathlib.Path(os.path.realpath(t.scratch)) / "forbidden"
    (t.scratch / "f.c").write_text(FORBIDDEN)
    equal(os.system(f"gcc -DCALL_IS_TRAPPED {t.scratch}/f.c -o {program} -pthread"), 0, "gcc")
    shown = traced(t, program)
    says(shown, r"SIGSYS +", r"SIGSYS: getppid, which seccomp forbids, by the instruction at syscall\+0x[0-9a-f]+ \(/\S*libc\S*\.so\S*\+0x[0-9a-f]+\), after")


def killed_by_filter(t):
    """a seccomp filter kills for a call that has no record, also in a thread, and for exit_group: which; one that was trapped before is no reason"""
    need("gcc")
    program = pathlib.Path(os.path.realpath(t.scratch)) / "killed"
    (t.scratch / "f.c").write_text(FORBIDDEN)
    for call, how in (("getppid", "KILL_PROCESS"), ("getppid", "KILL_PROCESS -DTHREAD"), ("getppid", "KILL_THREAD"), ("exit_group", "KILL_PROCESS"),
                      ("openat", "KILL_PROCESS"), ("getppid", "KILL_PROCESS -DTRAPPED=SYS_getpgrp")):
        equal(os.system(f"gcc -DHOW=SECCOMP_RET_{how} -DCALL=SYS_{call} {t.scratch}/f.c -o {program} -pthread"), 0, "gcc")
        says(traced(t, program), rf"SIGSYS +\S*killed SIGSYS: {call}, which seccomp forbids,( by the instruction at /\S*libc\S*\.so\S*\+0x[0-9a-f]+,)? after")


FAULTS = """
#ifdef LIBRARY
void of_the_library(volatile int *p);
#else
static void __attribute__((noinline)) writes_there(volatile int *p) { *p = 1; }
#define of_the_library writes_there
#endif
int main(void) { of_the_library((void *)0x1234567000); return 0; }
"""
FORBIDDEN = """
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef HOW
#define HOW SECCOMP_RET_TRAP
#define CALL SYS_getppid
#endif
static void forbid(int nr, unsigned how)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, how), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { 4, f };

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
}
static void trapped(int signo) { (void)signo; }
static void *call(void *arg) { syscall(CALL, 0, 0, 0, 0); return arg; }
int main(void)
{
	pthread_t t;

	signal(SIGSYS, trapped);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifdef TRAPPED
	forbid(TRAPPED, SECCOMP_RET_TRAP);
	syscall(TRAPPED);
#endif
#ifdef CALL_IS_TRAPPED
	signal(SIGSYS, SIG_DFL);
#endif
	forbid(CALL, HOW);
#ifdef THREAD
	pthread_create(&t, NULL, call, NULL);
	pthread_join(t, NULL);
#else
	(void)t;
	call(NULL);
#endif
	return 0;
}
"""


def pipefail(t):
    """a part of a pipeline fails that is not the last, with pipefail: that one; a child that failed before others were run is no reason"""
    need("bash")
    shown = traced(t, "bash", "-c", "set -o pipefail; (exit 4) | sleep 0.3", status=4)
    says(shown, r"Why it failed \d+ exit 4 \S+ -c 'set -o pipefail; \(exit 4\) \| sleep 0.3' so failed bash \(\d+\) Where")
    shown = traced(t, "bash", "-c", "(sleep 0.1; exit 4); sleep 0.1; exit 4", status=4)
    check("so failed" not in shown, f"what came after it was well: {shown}")


def namespace(t):
    """the first process of a pid namespace ends, and the kernel kills the others: who ended; what was killed otherwise is no part of it"""
    need_root()
    need("unshare")
    if subprocess.run(["unshare", "-pf", "true"], check=False).returncode:
        raise Skip("pid namespaces are not possible here")
    shown = traced(t, "unshare", "-pf", "sh", "-c", "sleep 1000 & sleep 0.3; exit 3", status=3)
    says(shown, r"exit 3 +sh -c .* so failed unshare", r"SIGKILL came from the kernel, when (\d+) \(sh\), the first process of its pid namespace, ended, after")
    shown = traced(t, "unshare", "-pf", "sh", "-c", "sleep 1000 & sleep 0.1; kill -9 $!; sleep 0.3; exit 3", status=3)
    check("SIGKILL" in shown and "first process" not in shown, f"the shell killed it: {shown}")


def namespace_in_one(t):
    """the first process of a pid namespace is killed from the one around it, by its number there: which process did it"""
    need_root()
    need("unshare")
    if subprocess.run(["unshare", "-pf", "true"], check=False).returncode:
        raise Skip("pid namespaces are not possible here")
    program = ("import ctypes\n"
               "if ctypes.CDLL(None).unshare(0x20000000): os._exit(5)\n"
               "p = waiter()\n"
               "if p == 2: os.kill(p, 9)\n"
               "if os.waitpid(p, 0)[0] == 2: os._exit(3)\n")
    says(traced(t, "unshare", "-pf", *PYTHON, WAITER + program, status=3), *WAITER_KILLED)


def no_rights(t):
    """an ordinary user traces a program that is set-user-ID: that it failed for want of these rights"""
    need_root()
    d = pathlib.Path(os.path.realpath(t.scratch))
    os.chmod(d, 0o755)
    for name, mode in (("secret", 0o600), ("cat", 0o4755), ("compendium", 0o755)):
        if name == "secret":
            (d / name).write_text("x")
        else:
            shutil.copy(shutil.which("cat") if name == "cat" else t.args.compendium, d / name)
        (d / name).chmod(mode)
    if subprocess.run([d / "cat", d / "secret"], user=65534, group=65534, extra_groups=[], cwd="/", stdout=subprocess.DEVNULL, check=False).returncode:
        raise Skip("set-user-ID programs get no rights here")
    p = subprocess.run([d / "compendium", "--backend", "ptrace", "-q", "--", d / "cat", d / "secret"], user=65534, group=65534, extra_groups=[], cwd="/",
                       capture_output=True, text=True, timeout=PATIENCE, check=False)
    equal(p.returncode, 1, p.stderr)
    says(words(screen(p.stderr)), r"Why it failed .*it ran without the rights of its file \(set-user-ID and the like\), because an ordinary user traces it")


def second_place(t):
    """the configuration was not in the first place and is wrong in the second: both places"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "second").mkdir()
    (d / "second" / "app.conf").write_text("port = no\n")
    program = ("import sys\n"
               "for place in ('first', 'second'):\n"
               "    try: text = open(place + '/app.conf').read(); break\n"
               "    except OSError: pass\n"
               "print('bad port', text.split()[-1], file=sys.stderr); sys.exit(1)\n")
    shown = traced(t, *PYTHON, program, cwd=d, status=1)
    says(shown, r"bad port no", rf"app\.conf was read from {re.escape(str(d))}/second/app\.conf; it was not in {re.escape(str(d))}/first/app\.conf")
    check("was not found" not in shown.split("Where the time went")[0], f"what python looks for in vain says less: {shown}")


def made_good(t):
    """what was found in a later place, or made, is no reason; nor is anything of a run that was well"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "b").mkdir()
    (d / "b" / "x.h").write_text("x")
    program = ("import os\n"
               "for name in ('a/x.h', 'b/x.h'):\n"
               "    try: os.open(name, 0)\n"
               "    except OSError: pass\n"
               "os._exit({})\n")
    shown = traced(t, *PYTHON, program.format(1), cwd=d, status=1)
    says(shown, "Why it failed")
    why = shown.split("Why it failed")[1].split("Where the time went")[0]     # a slow open has its row among the waits
    check("x.h" not in why, f"it was found: {shown}")
    shown = traced(t, *PYTHON, program.format(0), cwd=d, status=0)
    check("Why it failed" not in shown, f"it did not fail: {shown}")


def endings(report):
    tasks = json.loads(re.search(r'id="cpd-meta">(.*?)</script>', report.read_text(errors="replace"), re.S)[1])["tasks"]
    return [(task.get("signal"), task.get("meant")) for task in tasks]


def dismissed(t):
    """workers that their parent, who is well, asks to end did not fail, nor do tables and page count them; if it fails, they are named as killed"""
    program = ("import os, signal\n"
               "r, w = os.pipe()\n"
               "p = os.fork()\n"
               "if p == 0:\n"
               "    os.write(w, b'x')\n"
               "    while True: signal.pause()\n"
               "os.read(r, 1); os.kill(p, signal.SIGTERM); os.waitpid(p, 0); os._exit({})\n")
    report = t.scratch / "dismissed.html"
    *_, text = t.run(*PYTHON, program.format(0), options=["--report", report])
    check("Why it failed" not in text and re.search(r"^ Processes \(2\)\n", text, re.M), f"nothing failed: {text}")
    equal(endings(report), [(None, None), ("SIGTERM", True)], "who was ended, in the page")
    shown = traced(t, *PYTHON, program.format(3), status=3, options=["--report", report])
    equal(endings(report), [(None, None), ("SIGTERM", None)], "the same of a parent that fails")
    says(shown, r"Why it failed \d+ SIGTERM", r"SIGTERM was sent by \d+ \(python\S*\) after")


def no_reason(t):
    """no reason: names of a module tried before the one it has; what was written to /dev/null; that there is no terminal"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "package").mkdir()
    (d / "package" / "__init__.py").write_text("")
    program = ("import os\n"
               "for end in ('cpython-311-x86_64-linux-gnu.so', 'so', 'py'):\n"
               "    try: os.stat('package/__init__.' + end)\n"
               "    except OSError: pass\n"
               "os.dup2(os.open('/dev/null', os.O_WRONLY), 2); os.write(2, b'for no reader')\n"
               "os.setsid()\n"
               "try: os.open('/dev/tty', os.O_RDWR)\n"
               "except OSError: pass\n"
               "os._exit(7)\n")
    shown = traced(t, *PYTHON, f"import os\nif os.fork() == 0:\n    exec({program!r})\nos._exit(os.waitstatus_to_exitcode(os.wait()[1]))", cwd=d, status=7)
    says(shown, r"Why it failed \d+ exit 7 .* so failed")
    check(not re.search(r"__init__|no reader|dev/tty failed", shown.split("Where the time went")[0].split("so failed")[1]), shown)


def words_are_safe(t):
    """what a program writes to its standard error cannot reach the terminal as it is, and is short"""
    program = "import sys; sys.stderr.write('\\x1b[2Jred\\u202e ' + 'y' * 5000 + '\\n'); sys.stderr.write('a\\n' * 20 + '\\x1b[01;31m\\x1b[Kbold\\x1b[m\\x1b[K, \\x1b[9;9Hmoved\\nend'); sys.exit(1)"
    got, _, _, text = t.run(*PYTHON, program)
    equal(got, 1, "the exit status")
    shown = screen(text)
    check("\x1b" not in shown and "\u202e" not in shown, "raw bytes are printed")
    equal(re.findall(r"^      (a|end|bold.*)$", shown, re.M), ["a"] * 3 + [r"bold, \e[9;9Hmoved", "end"], "the last five lines, without colours")


# ---- where the time went ----

SERVER = ("import os, socket, sys, time\n"
          "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
          "print(s.getsockname()[1], flush=True)\n"
          "while True:\n"
          "    c, _ = s.accept(); c.recv(100); time.sleep(2); c.sendall(b'late'); c.close()\n")
CLIENTS = {
    "recv": "print(c.recv(10))",
    "poll": "p = select.poll(); p.register(c, select.POLLIN); p.poll(); print(c.recv(10))",
    "poll with timeouts": ("p = select.poll(); p.register(c, select.POLLIN)\n"
                           "while not p.poll(100): pass\n"
                           "print(c.recv(10))"),
    "select": "select.select([c], [], []); print(c.recv(10))",
    "epoll": "p = select.epoll(); p.register(c, select.EPOLLIN); p.poll(); print(c.recv(10))",
    "epoll with timeouts": ("p = select.epoll(); p.register(c, select.EPOLLIN)\n"
                            "while not p.poll(0.1): pass\n"
                            "print(c.recv(10))"),
    "asyncio": ("async def main():\n"
                "    r, w = await asyncio.open_connection(sock=c); print(await r.read(10))\n"
                "asyncio.run(main())"),
    "a pool with a queue": "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(3) as pool: print(pool.submit(c.recv, 10).result())",
    "a pool of threads": ("t = threading.Thread(target=lambda: print(c.recv(10))); t.start(); t.join()"),
}


def slow_server(t):
    """a slow server, however it is waited for: who it is, and for how long"""
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for how, text in CLIENTS.items():
                program = f"import asyncio, select, socket, threading\nc = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n{text}"
                shown = traced(t, *PYTHON, program, status=0)
                waited_for(port, how, shown)
        finally:
            server.kill()


def waited_for(port, how, shown):
    row = re.search(rf"([\d.]+)s +[\d.]+ % waiting for a peer: tcp4 → 127\.0\.0\.1:{port}\b", shown)
    check(row, f"{how}: {shown}")
    check(float(row[1]) >= 1.5, f"{how}: only {row[1]} s")


def one_peer(t):
    """several connections of several processes to one server are one thing that was waited for, with their sum: in both tables, in JSON, on the page"""
    report, rows = t.scratch / "one.html", t.scratch / "one.json"
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(0.25)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = ("import os, socket\n"
                       "def ask():\n"
                       f"    c = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?'); c.recv(10); c.close()\n"
                       "for i in range(3): ask()\n"
                       "if os.fork() == 0: ask(); ask(); os._exit(0)\n"
                       "os.wait()\n")
            *_, text = t.run(*PYTHON, program, options=["-a", "--report", report, f"--json={rows}", "--summary=json", "-q"])
            shown = traced(t, *PYTHON, program, status=0)
        finally:
            server.kill()
    says(shown, rf"waiting for a peer: tcp4 → 127\.0\.0\.1:{port} \(5 connections\)",
         rf"several processes waited \d\.\d+s for tcp4 → 127\.0\.0\.1:{port} in 5 connections, the longest wait")
    tables = json.loads(text)["tables"]
    [row] = [row for row in tables["waits"]["rows"] if str(port) in row["for"]]
    entities = [json.loads(line) for line in rows.read_text().splitlines() if '"table":"connection"' in line and f":{port}" in line]
    conns = {e["id"]: e for e in entities}
    equal((row["connections"], len(conns)), (5, 5), "connections")
    equal(row["time_ns"], sum(e["waited"] for e in conns.values()), "the sum of what was waited for each")
    check(row["pid"] is None, f"of two processes: {row}")
    check(any(f":{port} (5 connections)" in part["spent"] for part in tables["time"]["rows"]), tables["time"])
    check(f":{port} (5 connections)" in report.read_text(errors="replace"), "the page's table of where the time went")


def readable(t):
    """Skips where a tracer cannot read the queues of an io_uring."""
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))
    if release < (6, 10) and t.args.backend == "ptrace":
        raise Skip("with ptrace the queues of an io_uring can be read from Linux 6.10 on")


def node(t):
    """a slow server that node waits for, with its own epoll and threads; also where libuv changes the epoll by an io_uring"""
    need("node")
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for ring in ("0", "1"):
                if ring == "1":
                    readable(t)
                shown = traced(t, "node", "-e", f"require('net').connect({port}, '127.0.0.1').on('data', d => console.log(`${{d}}`)).write('well?')", status=0,
                               env={**os.environ, "UV_USE_IO_URING": ring})
                waited_for(port, f"node, UV_USE_IO_URING={ring}", shown)
        finally:
            server.kill()


def ring(t):
    """a slow server that is waited for by an io_uring: by whatever request; what is not known is no peer; a time is a sleep"""
    need("gcc")
    program = t.scratch / "ring"
    equal(os.system(f"gcc -O1 {pathlib.Path(__file__).parent}/ring.c -o {program}"), 0, "gcc")
    if subprocess.run([program, "sleep", "0"], check=False, timeout=PATIENCE).returncode == 77:
        raise Skip("no io_uring here")
    readable(t)
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            for how in ("poll", "submit", "beside", "timeouts", "nested"):
                waited_for(port, how, traced(t, program, how, str(port), status=0))
            for how in ("fixed", "sqpoll"):
                says(traced(t, program, how, str(port), status=0), r"[12]\.\d+s +[\d.]+ % waiting for an event")
            says(traced(t, program, "sleep", str(port), status=0), r"1\.\d+s +[\d.]+ % asleep by its own choice")
        finally:
            server.kill()


def rows_of(t, program, options=(), **more):
    """The last rows of connections, by their number."""
    out = t.scratch / "rows.json"
    t.run(*PYTHON, program, options=["-a", f"--json={out}", *options], **more)
    rows = [json.loads(line) for line in out.read_text().splitlines() if '"table":"connection"' in line]
    return list({row["id"]: row for row in rows}.values())


def carried(t):
    """rows of connections and pipes carry how long was waited for them, in whatever call, and when the first byte came"""
    with subprocess.Popen([*PYTHON, SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = f"import select, socket\nc = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?')\n{CLIENTS['epoll']}"
            [row] = [r for r in rows_of(t, program) if r["kind"] == "tcp4"]
        finally:
            server.kill()
    check(row["waited"] >= 1.5e9 and row["first_byte"] >= 1.5e9, row)
    program = ("import os, time\n"
               "r, w = os.pipe()\n"
               "if os.fork() == 0: time.sleep(1); os.write(w, b'x'); os._exit(0)\n"
               "os.read(r, 1); os.wait()")
    [row] = [r for r in rows_of(t, program) if r["kind"] == "pipe"]
    check(row["waited"] >= 0.9e9, row)


def lock(t):
    """threads that wait for one lock: which, and how many of them; with one share of the time in table and finding"""
    need("gcc")
    program = t.scratch / "locks"
    (t.scratch / "locks.c").write_text(LOCKS)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/locks.c -o {program}"), 0, "gcc")
    shown = traced(t, program, status=0)
    says(shown, r"waiting for a lock: futex 0x[0-9a-f]+, [45] threads", r"[45] threads of locks \(\d+\) waited for one lock, futex 0x[0-9a-f]+")
    shares = [float(s) for s in re.findall(r"([\d.]+) % (?:waiting for a lock: |[45] threads of locks)", shown)]
    check(len(shares) == 2 and abs(shares[0] - shares[1]) < 1, f"one lock with shares {shares}: {shown}")


LOCKS = """
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *arg)
{
	for (int i = 0; i < 10; i++) {
		pthread_mutex_lock(&m);
		usleep(20000);
		pthread_mutex_unlock(&m);
		usleep(1000);
	}
	return arg;
}
int main(void)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, work, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	return 0;
}
"""


def shared_lock(t):
    """processes that wait for one lock in memory they share: one thing to wait for, whatever address each has it at"""
    need("gcc")
    program, file = t.scratch / "shared", pathlib.Path(os.path.realpath(t.scratch)) / "memory"
    (t.scratch / "shared.c").write_text(SHARED)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/shared.c -o {program}"), 0, "gcc")
    for how, name in (([file], re.escape(f"{file}+0x40")), ([], "0x40 of shared memory")):
        _, _, _, text = t.run(program, *how)
        says(words(screen(text)), rf"4 threads of several processes waited for one lock, futex {name}: ")
        equal(len(re.findall(rf"futex {name}", text.split("Waited for (")[1].split("Time of processes")[0])), 1, f"rows of it in {text}")


SHARED = """
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void *map(const char *file)
{
	int fd = file ? open(file, O_RDWR | O_CREAT, 0600) : -1;
	if (file && ftruncate(fd, 4096))
		_exit(1);
	return mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | (file ? 0 : MAP_ANONYMOUS), fd, 0);
}
int main(int argc, char **argv)
{
	pthread_mutexattr_t a;
	char *memory = map(argv[1]);
	pthread_mutex_t *m = (void *)(memory + 0x40);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &a);
	pthread_mutex_lock(m);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			if (argv[1]) {	/* elsewhere in each */
				munmap(memory, 4096);
				mmap(0, 4096 * (i + 1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				m = (void *)((char *)map(argv[1]) + 0x40);
			}
			pthread_mutex_lock(m);
			usleep(20000);
			pthread_mutex_unlock(m);
			_exit(0);
		}
	sleep(1);
	pthread_mutex_unlock(m);
	while (wait(0) > 0)
		;
	return argc < 1;
}
"""


def futex_waitv(t):
    """threads, and processes, that wait for one of several futexes: the one that was woken, by its address or its place in the memory they share"""
    need("gcc")
    program = t.scratch / "waitv"
    (t.scratch / "waitv.c").write_text(WAITV)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/waitv.c -o {program}"), 0, "gcc")
    if subprocess.run([program, "threads"], check=False).returncode == 77:
        raise Skip("this kernel has no futex_waitv")
    for how, name in (([], "0x4 of shared memory"), (["threads"], "0x[0-9a-f]+004")):
        *_, text = t.run(program, *how)
        says(text.split("Waited for (")[1].split("Time of")[0], rf"2×.* futex {name}, 2 threads")


WAITV = """
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static struct { uint64_t val, addr; uint32_t flags, reserved; } v[2];
static void *waits(void *arg)
{
	if (syscall(449, v, 2, 0, 0, 0) < 0 && errno == ENOSYS)
		_exit(77);
	return arg;
}
int main(int argc, char **argv)
{
	int threads = argc > 1 && argv[1][0] == 't', woken = 0;
	uint32_t *w = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | (threads ? MAP_PRIVATE : MAP_SHARED), -1, 0);
	pthread_t t[2];
	for (int i = 0; i < 2; i++) {
		w[i] = i + 1;
		v[i].val = i + 1;
		v[i].addr = (uint64_t)(w + i);
		v[i].flags = 2 | (threads ? 128 : 0);
	}
	for (int i = 0; i < 2; i++)
		if (threads)
			pthread_create(&t[i], 0, waits, 0);
		else if (fork() == 0)
			_exit(waits(0) != 0);
	usleep(200000);
	while (woken < 2) {	/* a machine may be slow */
		int n = syscall(SYS_futex, w + 1, threads ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE, 2, 0, 0, 0);
		woken += n > 0 ? n : 0;
		usleep(10000);
	}
	for (int i = 0; i < 2; i++)
		threads ? pthread_join(t[i], 0) : wait(0);
	return 0;
}
"""


def idle_pool(t):
    """threads of a pool that wait for work wait for no lock; what a finding costs has the share that the table before it has"""
    need("gcc")
    program = t.scratch / "pool"
    (t.scratch / "pool.c").write_text(POOL)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/pool.c -o {program}"), 0, "gcc")
    shown = traced(t, program, status=0)
    check("waited for one lock" not in shown and "for a lock" not in shown, f"an idle pool: {shown}")
    _, _, _, text = t.run(program)
    says(words(text), r"futex 0x[0-9a-f]+ \(no lock\), 4 threads")
    shares = re.findall(r"([\d.]+) % (?:ready, but|it could have run, and) no CPU was free", shown)
    check(len(set(shares)) <= 1, f"one thing with two shares: {shown}")


POOL = """
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int done;
static void *work(void *arg)
{
	pthread_mutex_lock(&m);
	while (!done)
		pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
	return arg;
}
int main(void)
{
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, work, 0);
	usleep(300000);
	for (volatile int i = 0; i < 30000000; i++)
		;
	pthread_mutex_lock(&m);
	done = 1;
	pthread_mutex_unlock(&m);	/* first, so that those that are woken need not wait for it */
	pthread_cond_broadcast(&c);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	return 0;
}
"""


def critical_path(t):
    """of a build of 40 files the compile that everything waited for, its file, and not make itself; the same in the report's data"""
    need("make")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "compile").write_text("import sys, time\nend = time.process_time() + float(sys.argv[2])\nwhile time.process_time() < end: pass\n")
    names = [f"f{i}" for i in range(30)] + ["slow"] + [f"g{i}" for i in range(9)]
    rules = "".join(f"{n}.o:\n\t@{sys.executable} -S -E compile {n}.c {2 if n == 'slow' else 0.02}\n" for n in names)
    (d / "Makefile").write_text(f"all: {' '.join(n + '.o' for n in names)}\n{rules}")
    report, cpd = d / "report.html", d / "make.cpd"
    shown = traced(t, "make", "-j2", cwd=d, status=0, options=["--report", report, "--record", cpd])
    says(shown, r"on CPU: python\S* .*slow\.c")
    out = subprocess.run([t.args.compendium, "-q", "--read", cpd, "--summary=json", "-o", "-"], capture_output=True, check=True, timeout=PATIENCE).stdout
    rows = json.loads(out)["tables"]["critical_path"]["rows"]
    [make] = [row for row in rows if row["command"].startswith("make")]
    # on a loaded machine make itself can take its time until it begins
    longest = max((row for row in rows if row is not make), key=lambda row: row["time_ns"])
    check("slow.c" in longest["command"], rows)
    check(make["share"] < 5000, f"make waited for the others: {make}")
    check(9900 <= sum(row["share"] for row in rows) <= 10000, "shares that sum to the whole")
    meta = json.loads(re.search(r'id="cpd-meta">(.*?)</script>', report.read_text(errors="replace"), re.S)[1])
    path, tasks = meta["critical"], meta["tasks"]
    check(all(a[2] <= b[1] for a, b in zip(path, path[1:])) and all(a < b for _, a, b in path), f"in order: {path}")
    spent = {}
    for lane, start, end in path:
        spent[lane] = spent.get(lane, 0) + end - start
    longest = max((lane for lane in spent if tasks[lane]["pid"] != make["pid"]), key=spent.get)
    check(any("slow.c" in e["argv"] for e in tasks[longest]["execs"]), tasks[longest])
    equal({tasks[lane]["pid"] for lane in spent}, {row["pid"] for row in rows}, "processes of the path")


WAITS = """
import ctypes, os, sys, time
libc, kind, directory = ctypes.CDLL(None), sys.argv[1], sys.argv[2]
def later(what):
    if os.fork() == 0:
        time.sleep(.3)
        what()
        os._exit(0)
if kind == "sysv":
    queue = libc.msgget(0, 0o1600)
    message = ctypes.create_string_buffer(b"\\1" + bytes(15))
    later(lambda: libc.msgsnd(queue, message, 1, 0))
    libc.msgrcv(queue, message, 1, 0, 0)
    libc.msgctl(queue, 0, 0)
elif kind == "posix":
    libc, name = ctypes.CDLL("librt.so.1"), b"/answers%d" % os.getpid()
    queue = libc.mq_open(name, os.O_RDWR | os.O_CREAT, 0o600, (ctypes.c_long * 8)(0, 4, 8))
    libc.mq_unlink(name)
    later(lambda: libc.mq_send(queue, b"x", 1, 0))
    libc.mq_receive(queue, ctypes.create_string_buffer(8), 8, None)
else:
    watch = libc.inotify_init1(0)
    libc.inotify_add_watch(watch, directory.encode(), 0x100)
    later(lambda: open(directory + "/new", "w"))
    os.read(watch, 1000)
os.wait()
"""


def messages(t):
    """a message queue of either kind and a file that comes into being are waited for: as what they are, no lock and no file"""
    for kind, part in (("sysv", "message"), ("posix", "message"), ("inotify", "watch")):
        *_, text = t.run(*PYTHON, WAITS, kind, t.scratch, options=["-q", "--summary=json"])
        rows = json.loads(text)["tables"]["waits"]["rows"]
        # (the child may be late, and then the parent waits for longer)
        check(any(row["part"] == part and row["time_ns"] > 10 ** 8 for row in rows), f"{kind}: {rows}")
        check(not any(row["part"] in ("lock", "file") and row["time_ns"] > 10 ** 8 and "inotify" in row["for"] for row in rows), f"{kind}: {rows}")


BURNS = """
import sys, time
def burn(s):
    end = time.process_time() + s
    while time.process_time() < end: pass
for line in sys.stdin if sys.argv[1] == "pass" else ["x" * 70000] * 30:
    burn(float(sys.argv[2]))
    print(line.strip())
    sys.stdout.flush()
"""


def pipeline(t):
    """of a pipeline the process in the middle, which takes ten times as long: in the critical path, and who has the pipe that the first one waits for"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "burns").write_text(BURNS)
    part = f"{sys.executable} -S -E {d}/burns"
    command = f"{part} make .004 | {part} pass .04 | {part} pass .004 > /dev/null"
    *_, text = t.run("sh", "-c", command, options=["-q", "--summary=json"])
    tables = json.loads(text)["tables"]
    rows = tables["critical_path"]["rows"]
    longest = max(rows, key=lambda row: row["time_ns"])
    check(longest["command"].endswith("burns pass .04"), rows)
    check(any(re.search(rf"^pipe:\[\d+\] of {longest['pid']} \(python", row["for"]) for row in tables["waits"]["rows"]), tables["waits"])
    check(9900 <= sum(row["share"] for row in rows) <= 10000, "shares that sum to the whole")


# ---- findings ----

def leak(t):
    """descriptors that are never closed: how many, and of what"""
    file = pathlib.Path(os.path.realpath(t.scratch)) / "leaked"
    file.write_text("x")
    shown = traced(t, *PYTHON, f"import os\nfor i in range(300): os.open('{file}', 0)", status=0)
    says(shown, rf"never closed 30\d of the \d+ descriptors it made: 300 are {re.escape(str(file))}")


def refused(t):
    """a connection that is refused: to where"""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        shown = traced(t, *PYTHON, f"import socket\nfor i in range(3):\n    try: socket.create_connection(('127.0.0.1', {port}))\n    except OSError: pass",
                       status=0)
    says(shown, rf"3 connections to tcp4 → 127\.0\.0\.1:{port} failed: ECONNREFUSED")


def again(t):
    """a peer that is slow in each of several connections is one finding, with the sum"""
    with subprocess.Popen([*PYTHON, SERVER.replace("sleep(2)", "sleep(0.4)")], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            program = ("import socket\n"
                       "for i in range(3):\n"
                       f"    c = socket.create_connection(('127.0.0.1', {port})); c.sendall(b'well?'); c.recv(10); c.close()\n")
            shown = traced(t, *PYTHON, program, status=0)
        finally:
            server.kill()
    found = re.findall(rf"waited (\d\.\d+)s for tcp4 → 127\.0\.0\.1:{port} in 3 connections, the longest wait", shown)
    check(len(found) == 1 and float(found[0]) >= 1.1, shown)


def no_finding(t):
    """a few milliseconds of lookups in vain are no finding, however many they are"""
    program = ("import os, time\n"
               "for i in range(60):\n"
               "    try: os.stat('/none/' + str(i))\n"
               "    except OSError: pass\n"
               "time.sleep(5)")
    shown = traced(t, *PYTHON, program, status=0)
    check("in vain" not in shown and "polls" not in shown, f"findings: {shown}")


def tree(t):
    """of many processes those that took long and those that failed are shown, with their parents"""
    program = ("import os, time\n"
               "for i in range(30):\n"
               "    p = os.fork()\n"
               "    if p == 0:\n"
               "        if i == 25: os.execvp('sleep', ['sleep', '2'])\n"
               "        os._exit(3 if i == 28 else 0)\n"
               "    os.waitpid(p, 0)\n")
    _, _, _, text = t.run(*PYTHON, program)
    rows = re.search(r"^ Processes \(31, 1 failed\)\n((?:   .*\n)+)", text, re.M)[1].splitlines()
    equal(len(rows), 21, "rows, and the line that says how many more there are")
    check(any("sleep 2" in row for row in rows) and any("exit 3" in row for row in rows), "\n".join(rows))


# ---- what is different ----

def recorded(t, *command, **more):
    cpd = t.out().with_suffix(".cpd")
    t.run(*command, options=("--record", cpd), **more)
    return cpd


def different(t, first, second, *options):
    p = subprocess.run([t.args.compendium, "--read", first, "--diff", second, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    equal(p.stderr, "", "what compendium reports")
    check(p.returncode in (0, 1), f"status {p.returncode}")
    return p.returncode, p.stdout


def equal_runs(t):
    """equal programs run twice: no difference"""
    need("make", "git")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "Makefile").write_text("all: ; @true; cat Makefile > /dev/null\n")
    os.utime(d / "Makefile", (1e9, 1e9))    # git reads what is as new as its index again
    equal(os.system(f"cd {d} && git init -q . && git add Makefile"), 0, "git")
    (d / "main.c").write_text("int main(void) { return 0; }\n")
    (d / "main.js").write_text("setTimeout(() => console.log(require('fs').readFileSync('main.c').length), 5)\n")
    more = [["gcc", "main.c", "-o", "main"], ["node", "main.js"]]
    for command in (["ls", "-l", "/etc"], ["git", "status"], [*PYTHON, "import json, email"], ["make", "-j1"], *(c for c in more if shutil.which(c[0]))):
        t.run(*command, cwd=d)      # what the first run writes
        status, text = different(t, recorded(t, *command, cwd=d), recorded(t, *command, cwd=d))
        check(status == 0 and text.endswith("\n no difference\n"), f"{command}: {text}")


def slow_stream(t):
    """a recording that comes slowly is compared when it is whole; one that is damaged is not"""
    whole = recorded(t, "ls", "/")
    p = subprocess.Popen(["sh", "-c", f"(head -c 200 {whole}; sleep 0.3; tail -c +201 {whole}) | {t.args.compendium} --read - --diff {whole}"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, said = p.communicate(timeout=PATIENCE)
    check(p.returncode == 0 and out.endswith("\n no difference\n"), out + said)


def header_gone(t):
    """two builds, a header is gone from the second: process and header come first"""
    need("gcc", "make")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "there.h").write_text("#define X 0\n")
    (d / "main.c").write_text('#include "there.h"\nint main(void) { return X; }\n')
    (d / "Makefile").write_text("main.o: ; gcc -c main.c\n")
    good = recorded(t, "make", cwd=d)
    (d / "there.h").unlink()
    (d / "main.o").unlink()
    status, text = different(t, good, recorded(t, "make", cwd=d))
    equal(status, 1, "status")
    lines = text.splitlines()
    check(re.search(r"exit 0 → exit 1 +cc1 .*main\.c", lines[3]), text)
    check(re.search(r"there\.h was not found", lines[4]), text)
    check(re.search(r"^   first +.*as ", text, re.M), "the assembler ran in the first only: " + text)


def as_json(t):
    """the same as JSON: who failed and why, what was missed, what ran in one only and failed; the text and it agree"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    program = ("import os, sys\n"
               "if not os.path.exists('x.conf'):\n"
               "    if os.fork() == 0: os.execvp('sh', ['sh', '-c', 'exit 4'])\n"
               "    os.wait(); sys.exit('no x.conf')\n"
               "os.mkdir('made'); open('made/y', 'w').write('y')\n")
    good = recorded(t, *PYTHON, program, cwd=d)
    (d / "x.conf").unlink()
    bad = recorded(t, *PYTHON, program, cwd=d)
    status, text = different(t, good, bad, "--summary=json")
    equal(status, 1, "status")
    said = json.loads(text)
    tables = {name: table["rows"] for name, table in said["tables"].items()}
    equal(sum(len(rows) for rows in tables.values()), said["differences"], "differences, and their rows")
    equal([run["ended"] for run in said["runs"]], ["exit 0", "exit 1"], "how the runs ended")
    equal([(row["first"], row["second"]) for row in tables["ended"]], [("exit 0", "exit 1")], "ended")
    check("no x.conf" in tables["ended"][0]["stderr"], text)
    equal([(row["run"], row["times"]) for row in tables["ran"] if row["command"] == "sh -c 'exit 4'"], [(2, 1)], f"ran: {tables['ran']}")
    check({"run": 2, "path": f"{d}/x.conf", "error": "ENOENT"} in tables["missed"], f"missed: {tables['missed']}")
    check("did not run → exit 4  sh -c 'exit 4'" in different(t, good, bad)[1], "the text has it among what failed")
    equal([row for row in tables["written"] if row["path"].startswith(str(d))], [{"run": 1, "path": f"{d}/made/y"}], "written")
    check("x.conf" in different(t, good, bad)[1], "the text names it, too")
    equal(json.loads(different(t, good, good, "--summary=json")[1])["differences"], 0, "differences of a run from itself")


def live(t):
    """a run is compared with a recording while it is traced: the status is the command's; as text and as JSON; an equal one: nothing"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    command = ["sh", "-c", "cat x.conf > /dev/null || exit 3"]
    first = recorded(t, *command, cwd=d)
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first])
    equal(status, 0, "status of an equal run")
    check(re.search(r"^ What is different\n(?:  .*\n)+   no difference\n", text, re.M), text)
    (d / "x.conf").unlink()
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first])
    equal(status, 3, "status")
    check(re.search(r"^     exit 0 → exit 1  cat x\.conf$", screen(text), re.M), text)
    check(re.search(r"^     opened → ENOENT  \S+/x\.conf$", screen(text), re.M), text)
    status, _, _, text = t.run(*command, cwd=d, options=["-q", "--diff", first, "--summary=json"])
    said = json.loads(text[text.index("{"):])["diff"]
    equal([(row["first"], row["second"]) for row in said["rows"] if row["kind"] == "result"], [("opened", "ENOENT")], "rows")
    equal([run["recording"] for run in said["runs"]], [str(first), "this run"], "runs")
    status, _, said, _ = t.run("true", options=["-q", "--diff", d / "none.cpd"])
    check(status == 125 and "none.cpd" in str(said) and "FINAL" not in str(said), said)


def other_user(t):
    """another user may not read a file: who it was, both results, who failed"""
    need_root()
    d = pathlib.Path(os.path.realpath(t.scratch))
    d.chmod(0o755)
    (d / "secret").write_text("x")
    (d / "secret").chmod(0o600)
    command = ["cat", d / "secret"]
    first, second = recorded(t, *command), t.out().with_suffix(".cpd")
    t.run(*command, options=["--user", "nobody", "--record", second])
    status, text = different(t, first, second)
    equal(status, 1, "status")
    for row in (r"exit 0 → exit 1  cat \S+/secret", r"user id  0 → \d+", r"opened → EACCES  \S+/secret"):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")


def library_gone(t):
    """a shared library is gone: the process, the loader's words, and the file with both results, although libraries are hidden otherwise"""
    need("gcc")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "lib.c").write_text("int one(void) { return 0; }\n")
    (d / "main.c").write_text("int one(void); int main(void) { return one(); }\n")
    for command in ("gcc -shared -fPIC lib.c -o libanswer.so.1", "gcc main.c ./libanswer.so.1 -o main"):
        equal(os.system(f"cd {d} && {command}"), 0, command)
    good = recorded(t, d / "main", cwd=d)
    (d / "libanswer.so.1").unlink()
    lines = different(t, good, recorded(t, d / "main", cwd=d))[1].splitlines()
    check(re.fullmatch(r"   exit 0 → exit 127  main", lines[3]), lines)
    check(any("error while loading shared libraries: ./libanswer.so.1" in line for line in lines[4:7]), lines)
    check(any(re.fullmatch(r"   opened → ENOENT  \S+/libanswer\.so\.1", line) for line in lines), lines)


def by_jq(t):
    """every row of the JSON has its kind and both values, and NDJSON has the same rows; by jq, as the documentation shows"""
    need("jq")
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "x.conf").write_text("x")
    command = ["sh", "-c", "cat x.conf > /dev/null; ls -d . > /dev/null"]
    first = recorded(t, *command, cwd=d, env={**os.environ, "ODD": "a\t\x1b\"<b>"})
    (d / "x.conf").unlink()
    second = recorded(t, *command, cwd=d, env={**os.environ, "ODD": "\udcff\u202e"})

    def jq(program, text, *options):
        return subprocess.run(["jq", "-c", *options, program], input=text, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    whole, lines = different(t, first, second, "--summary=json")[1], different(t, first, second, "--summary=ndjson")[1]
    equal(jq(".rows[]", whole), jq("select(.kind)", lines), "rows of both")
    equal(jq(".runs[]", whole), jq("select(.recording)", lines), "runs of both")
    shape = ('(.differences == (.rows | length)) and (.rows | length > 0) and (.version == 1) and (.runs | length == 2) and '
             '(.rows | all((keys == ["first","kind","run","second","times","what","why"]) and (.what | type == "string") and '
             '((.run | IN(1, 2)) or (.run == null and .first != null and .second != null)))) and '
             '([.rows[].kind] | group_by(.) | all(.[0] as $k | length == ($t[0][$k] | .rows_total)))')
    equal(jq(shape.replace("$t[0]", ".[1]").replace(".[1][$k]", "$t[$k]").replace("(.differences", ".tables as $t | (.differences", 1), whole), "true\n", whole)
    equal(jq('.rows[] | select(.kind == "environment") | [.what, .first, .second]', whole), '["ODD","a\\\\t\\\\e\\"<b>","\\\\xff\\\\xe2\\\\x80\\\\xae"]\n', "hostile bytes")
    equal(jq('.rows[] | select(.kind == "result") | [.first, .second]', whole), '["opened","ENOENT"]\n', "both results")


def slower(t):
    """a step that takes 20 times as long: the call, by the rank test, and where the time went"""
    step = pathlib.Path(os.path.realpath(t.scratch)) / "step"
    program = f"import time\nfor i in range(40): time.sleep(float(open('{step}').read()))"
    runs = []
    for text in ("0.002", "0.040"):
        step.write_text(text)
        runs.append(recorded(t, *PYTHON, program))
    for first, second in (runs, reversed(runs)):
        text = different(t, first, second)[1]
        check(re.search(r"^   clock_nanosleep  \d+ calls \S+, median \S+, longest \S+ → \d+ calls \S+, median \S+, longest \S+$", text, re.M), text)
        check(re.search(r"^   asleep by its own choice: .*  \S+ → \S+$", text, re.M), text)


SUMS = """
import os, sys, threading, time
def spin():
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
def child(work):
    before = time.monotonic_ns()
    pid = os.fork()
    if pid == 0:
        begin = time.monotonic_ns()
        work()
        os.write(1, f'{os.getpid()} {time.monotonic_ns() - begin}\\n'.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.write(1, f'{pid} {time.monotonic_ns() - before}\\n'.encode())
def threads():
    all = [threading.Thread(target=f) for f in (spin, lambda: time.sleep(0.2))]
    for x in all: x.start()
    for x in all: x.join()
child(spin)
child(lambda: time.sleep(0.2))
child(lambda: child(threads))
"""


def sums(t):
    """the parts of each process's time, and of the run's, sum to its wall time within 1 %, as the processes have measured it"""
    status, out, _, text = t.run(*PYTHON, SUMS, options=["-q", "--summary=json"])
    equal(status, 0, "status")
    tables = {name: table["rows"] for name, table in json.loads(text[text.index("{"):])["tables"].items()}
    rows = {row["pid"]: row for row in tables["process_time"]}
    measured = {}
    for pid, ns in (map(int, line.split()) for line in out.split(b"\n") if line):
        measured.setdefault(pid, []).append(ns)     # in it, and by its parent, who began earlier and ended later
    equal((len(rows), len(measured)), (5, 4), "processes")
    for pid, row in rows.items():
        parts = sum(v for k, v in row.items() if k.endswith("_ns") and k not in ("duration_ns", "on_cpu_ns"))
        check(abs(parts - row["duration_ns"]) <= row["duration_ns"] * 0.01, f"parts {parts} of {row}")
        for inside, outside in [sorted(measured[pid])] if pid in measured else []:
            check(inside * 0.99 <= row["duration_ns"] <= outside * 1.01, f"{inside} to {outside} ns measured: {row}")
    first = max(row["duration_ns"] for row in rows.values())
    whole = sum(row["time_ns"] for row in tables["time"])
    check(abs(whole - first) <= first * 0.01, f"the run {whole}, its first process {first}")


def on_cpu(t):
    """with --ebpf the time on CPU is what the kernel has counted for the process, within 5 %"""
    need_root()
    program = ("import time\n"
               "for i in range(5):\n"
               "    end = time.process_time() + 0.1\n"
               "    while time.process_time() < end: pass\n"
               "    time.sleep(0.02)\n"
               "print(open('/proc/self/schedstat').read().split()[0], flush=True)\n")
    status, out, said, text = t.run(*PYTHON, program, options=["--ebpf", "-q", "--summary=json"])
    equal(status, 0, said)
    if re.search(rb"--ebpf: .* not shown", said):
        raise Skip("--ebpf is not possible here")
    rows = json.loads(text[text.index("{"):])["tables"]["time"]["rows"]
    ours, counted = sum(row["time_ns"] for row in rows if row["part"] == "cpu"), int(out)
    check(counted > 400e6 and abs(ours - counted) < counted * 0.05, f"{ours} ns, and by schedstat {counted}")


def started(t):
    """how two runs were started: directory, limit, umask, user, arguments and environment; of a recording without them, that it has none"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    os.chmod(d, 0o755)
    (d / "there").mkdir()
    program = ["sh", "-c", "ls / > /dev/null; :"]
    me = [] if os.geteuid() else ["--user", "nobody"]
    first = recorded(t, *program, "--port=80", cwd=d, env={**os.environ, "APP_MODE": "good"})
    second = t.out().with_suffix(".cpd")
    limited = ["sh", "-c", 'umask 077; ulimit -S -n 99; cd there; exec "$@"', "sh"]
    subprocess.run([*limited, t.args.compendium, *(["--backend", t.args.backend] if t.args.backend else []), "-q", *me, "--record", second, "--",
                    *program, "--port=81"], cwd=d, env={**os.environ, "APP_MODE": "bad", "ADDED": "1"}, check=True, timeout=PATIENCE,
                   stderr=subprocess.DEVNULL)
    status, text = different(t, first, second)
    equal(status, 1, "status")
    for row in (r"working directory  \S+ → \S+/there", r"umask  0\d\d → 077", r"limit of open files  \d+ → 99", r"APP_MODE  good → bad",
                r"ADDED  not set → 1", r"sh  .*--port=80 → .*--port=81", *([r"user id  0 → \d+"] if me else [])):
        equal(len(re.findall(rf"^   {row}$", text, re.M)), 1, f"/{row}/ in: {text}")
    check("Not in the" not in text, text)
    old = pathlib.Path(__file__).resolve().parent.parent / "golden" / "make.cpd"
    check("\n Not in the second, so not compared: user, limits, host\n" in different(t, first, old)[1], "an old recording")


def hidden(t):
    """shared libraries of one run only are counted as hidden, and listed with -a and --noise"""
    first, second = recorded(t, *PYTHON, "pass"), recorded(t, *PYTHON, "import ctypes")
    library = re.compile(r"libffi\.so")
    status, text = different(t, first, second)
    equal(status, 1, "status")
    check(not library.search(text) and re.search(r"^ Hidden as noise: \d+ differences \(-a shows them\)$", text, re.M), text)
    for options in (["-a"], ["--noise", "all"]):
        text = different(t, first, second, *options)[1]
        check(library.search(text) and "Hidden" not in text, f"{options}: {text}")


GROUPS = {"different": [equal_runs, slow_stream, header_gone, as_json, live, other_user, library_gone, by_jq, slower, started, hidden],
          "slow": [sums, on_cpu, slow_server, one_peer, node, ring, carried, lock, shared_lock, idle_pool, critical_path, pipeline, messages, futex_waitv], "findings": [leak, refused, again, no_finding, tree],
          "failing": [missing_header, missing_library, permission, sibling, group, by_itself, fault, in_the_program, forbidden, killed_by_filter, pipefail, namespace, namespace_in_one, no_rights, second_place, made_good, dismissed, no_reason, words_are_safe]}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
