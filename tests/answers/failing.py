# SPDX-License-Identifier: MIT
"""Why it failed: programs that fail for a known reason."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from shared import PYTHON, says, screen, traced, words

from harness import PATIENCE, Skip, check, equal, need, need_root


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


def everything(t):
    """all that a process may signal are killed, kill(-1): by which process; what ends otherwise in another pid namespace is no part of it"""
    need_root()
    need("unshare")
    if subprocess.run(["unshare", "-pf", "true"], check=False).returncode:
        raise Skip("pid namespaces are not possible here")
    inside = "a = waiter()\nb = os.fork()\nif b == 0: os.kill(-1, 9); os._exit(0)\nos.waitpid(a, 0)\nos.waitpid(b, 0)\nos._exit(9)\n"
    shown = traced(t, "unshare", "-pf", *PYTHON, WAITER + inside, status=9)
    says(shown, *WAITER_KILLED)
    check("itself" not in shown and "kernel" not in shown, shown)


def asked_to_end(t):
    """a server that ends by itself when it is asked to has a line that says by which process: one that was traced, and one that was not"""
    server = ("import os, signal, sys, time\n"
              "def end(*_): os._exit(0)\n"
              "signal.signal(signal.SIGTERM, end)\n"
              "if os.fork() == 0: os.execvp('sh', ['sh', '-c', f'kill {os.getppid()}'])\n"
              "while True: signal.pause()\n")
    says(traced(t, *PYTHON, server, status=0), r"Exit: 0, [\d.]+.?s after SIGTERM from pid \d+ \(sh\)")
    server = server.replace("if os.fork() == 0: os.execvp('sh', ['sh', '-c', f'kill {os.getppid()}'])", "print(os.getpid(), flush=True)")
    with subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "-q", "--", *PYTHON, server], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        os.kill(int(p.stdout.readline()), signal.SIGTERM)
        _, text = p.communicate(timeout=PATIENCE)
    says(words(text), rf"Exit: 0, [\d.]+.?s after SIGTERM from pid {os.getpid()}\b")


def by_itself(t):
    """killed by itself; by timeout(1), which sends more than one signal; by a call that was not chosen"""
    need("timeout")
    says(traced(t, "sh", "-c", "kill -9 $$"), r"Killed by SIGKILL, sent by itself", r"SIGKILL was sent by the process itself after [\d.]+")
    for _ in range(3):      # (which of the signals is reported first is chance)
        says(traced(t, "timeout", "0.1", "sleep", "1000", status=124), r"SIGTERM was sent by \d+ \(timeout\) after [\d.]+")
    again = "import os, signal\ndef end(*_): signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)\nsignal.signal(2, end); signal.pause()"
    says(traced(t, "timeout", "-s", "INT", "1", *PYTHON, again, status=124), r"SIGINT was sent by \d+ \(timeout\) after [\d.]+")
    says(traced(t, "sh", "-c", "kill -9 $$", options=["-e", "openat"]), r"SIGKILL came from the kernel, or from a call that was not chosen, after [\d.]+")


def broken_pipe(t):
    """a write to what has no reader any more: who had it last, of a pipe that was read, of one that was not, and of a socket"""
    says(traced(t, "sh", "-c", "yes | head -1 > /dev/null; exit 3"), r"SIGPIPE: nothing reads its pipe any more; the last to have it was \d+ \(head\), after [\d.]+")
    never = ("import os, signal\n"
             "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
             "r, w = os.pipe()\n"
             "if os.fork() == 0: os.dup2(r, 0); os.close(w); os.execvp('true', ['true'])\n"
             "os.close(r); os.wait(); os.write(w, b'x')\n")
    says(traced(t, *PYTHON, never), r"Killed by SIGPIPE: nothing read its pipe any more", r"SIGPIPE: nothing reads its pipe any more; the last to have it was \d+ \(true\), after")
    sockets = ("import os, signal, socket\n"
               "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
               "a, b = socket.socketpair()\n"
               "if os.fork() == 0: a.close(); b.recv(1); os.execvp('true', ['true'])\n"
               "b.close(); a.send(b'x'); os.wait(); a.send(b'x')\n")
    says(traced(t, *PYTHON, sockets), r"Killed by SIGPIPE: its connection was closed", r"SIGPIPE: the connection to \d+ \((true|python\S*)\) was closed, after")
    check("itself after" in traced(t, *PYTHON, "import os, signal; signal.signal(13, signal.SIG_DFL); os.kill(os.getpid(), 13)"), "of no write: by itself")


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


def limits(t):
    """a limit that a process set itself and reached: which one, in its unit; a signal of that name that another process sends is sent by that"""
    program = ("import os, resource, signal\n"
               "resource.setrlimit(resource.{0}, ({1}))\n"
               "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
               "f = os.open('{2}/big', os.O_WRONLY | os.O_CREAT)\n"
               "while True: os.write(f, bytes(1000)) if '{0}' == 'RLIMIT_FSIZE' else None\n")
    shown = traced(t, *PYTHON, program.format("RLIMIT_FSIZE", "2048, 4096", t.scratch), status=-signal.SIGXFSZ)
    says(shown, r"Killed by SIGXFSZ Why", r"SIGXFSZ: a file would have grown beyond 2\.0 KB \(ulimit -f\), after \S+ write to \S+/big failed: EFBIG")
    shown = traced(t, *PYTHON, program.format("RLIMIT_CPU", "1, 5", t.scratch), status=-signal.SIGXCPU)
    says(shown, r"SIGXCPU: it had used its 1 s of CPU time \(ulimit -t\), after")
    shown = traced(t, *PYTHON, program.format("RLIMIT_CPU", "1, 1", t.scratch), status=-signal.SIGKILL)
    says(shown, r"SIGKILL: it had used its 1 s of CPU time \(ulimit -t\), after")
    program = ("import os, signal\n"
               "p = os.fork()\n"
               "if p == 0:\n"
               "    while True: signal.pause()\n"
               "os.kill(p, {}); os.wait(); os._exit(3)\n")
    for name in ("SIGXCPU", "SIGKILL"):
        says(traced(t, *PYTHON, program.format(f"signal.{name}"), status=3), rf"{name} was sent by \d+ \(python\S*\) after")


def pipefail(t):
    """a part of a pipeline fails that is not the last, with pipefail: that one; a child that failed before others were run is no reason"""
    need("bash")
    shown = traced(t, "bash", "-c", "set -o pipefail; (exit 4) | sleep 0.3", status=4)
    says(shown, r"Why it failed \d+ exit 4 \S+ -c 'set -o pipefail; \(exit 4\) \| sleep 0.3' so failed bash \(\d+\) Where")
    shown = traced(t, "bash", "-c", "(sleep 0.1; exit 4); sleep 0.1; exit 5", status=5)
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
    others = program.replace("('first', 'second')", "('first', 'other', 'second')")
    says(traced(t, *PYTHON, others, cwd=d, status=1), r"; it was not in \S+/first/app\.conf and \S+/other/app\.conf")
    more = program.replace("('first', 'second')", "('first', 'other', 'third', 'second')")
    says(traced(t, *PYTHON, more, cwd=d, status=1), r"; it was not in \S+/first/app\.conf, \S+/other/app\.conf, …")


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
    """no reason: names of a module tried before the one it has; what was written to /dev/null beside other words; that there is no terminal"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    (d / "package").mkdir()
    (d / "package" / "__init__.py").write_text("")
    program = ("import os\n"
               "for end in ('cpython-311-x86_64-linux-gnu.so', 'so', 'py'):\n"
               "    try: os.stat('package/__init__.' + end)\n"
               "    except OSError: pass\n"
               "os.write(2, b'before\\n'); os.dup2(os.open('/dev/null', os.O_WRONLY), 2); os.write(2, b'for no reader')\n"
               "os.setsid()\n"
               "try: os.open('/dev/tty', os.O_RDWR)\n"
               "except OSError: pass\n"
               "os._exit(7)\n")
    shown = traced(t, *PYTHON, f"import os\nif os.fork() == 0:\n    exec({program!r})\nos._exit(os.waitstatus_to_exitcode(os.wait()[1]))", cwd=d, status=7)
    says(shown, r"Why it failed \d+ exit 7 .* so failed")
    check(not re.search(r"__init__|no reader|dev/tty failed", shown.split("Where the time went")[0].split("so failed")[1]), shown)


def unread(t):
    """words that went to /dev/null alone are the reason why the command failed, and none beside it"""
    (t.scratch / "probe.c").write_text('#include "nope.h"\n')
    probe = f"cat {t.scratch}/probe.c /none/there 2> /dev/null"
    shown = traced(t, "sh", "-c", f"{probe} || exit 3", status=3)
    says(shown, r"Why it failed \d+ exit 1 cat \S+/probe\.c /none/there .*cat: /none/there: No such file or directory its standard error was /dev/null "
                r"/none/there was not found so failed sh \(\d+\) Where")
    shown = traced(t, "sh", "-c", f"{probe}; ls /other/there; exit 3", status=3)
    why = shown.split("Where the time went")[0]
    says(why, r"Why it failed \d+ exit 2 ls /other/there .*/other/there was not found so failed sh")
    check("exit 1 cat" not in why and "/dev/null" not in why, why)


def answers(t):
    """an exit code without a word is no reason beside the one why the command failed, and is one where nothing else is"""
    shown = traced(t, "sh", "-c", "false; :; cat /none/there; exit 3", status=3)
    why = shown.split("Where the time went")[0]
    says(why, r"Why it failed \d+ exit 1 cat /none/there .*/none/there was not found")
    shown = traced(t, "sh", "-c", "env false; env true; echo why >&2; exit 3", status=3)
    check("exit 1 false" not in shown.split("Where the time went")[0], shown)
    shown = traced(t, "sh", "-c", "env false; env true; exit 3", status=3)
    says(shown, r"Why it failed .*\d+ exit 1 false")


def words_are_safe(t):
    """what a program writes to its standard error cannot reach the terminal as it is, and is short"""
    program = "import sys; sys.stderr.write('\\x1b[2Jred\\u202e ' + 'y' * 5000 + '\\n'); sys.stderr.write('a\\n' * 20 + '\\x1b[01;31m\\x1b[Kbold\\x1b[m\\x1b[K, \\x1b[9;9Hmoved\\nend'); sys.exit(1)"
    got, _, _, text = t.run(*PYTHON, program)
    equal(got, 1, "the exit status")
    shown = screen(text)
    check("\x1b" not in shown and "\u202e" not in shown, "raw bytes are printed")
    equal(re.findall(r"^      (a .*|end|bold.*)$", shown, re.M), ["a (3 such lines)", r"bold, \e[9;9Hmoved", "end"], "the last five lines, without colours")


def why_before_calls(t):
    """the line that says what went wrong, where calls of more than five lines stand below it; Python's is the last"""
    calls = "".join(f"\\n\\tat f{c} (x.js)" for c in "abcdef")
    says(traced(t, *PYTHON, f"import os; os.write(2, b'x.js:1\\nTypeError: no such thing{calls}\\n}}'); os._exit(1)", status=1),
         r"Why it failed \d+ exit 1 .* TypeError: no such thing at fd \(x\.js\) at fe \(x\.js\) at ff \(x\.js\) }")
    error = f"node:events:1\\n      throw er; // Unhandled error event\\nError: listen EADDRINUSE: address already in use{calls}\\nEmitted 'error' event at:{calls}"
    shown = traced(t, *PYTHON, f'import os; os.write(2, b"{error}"); os._exit(1)', status=1)
    says(shown, r"Why it failed \d+ exit 1 .* Error: listen EADDRINUSE: address already in use at fc \(x\.js\)")
    shown = traced(t, *PYTHON, f"import os; os.write(2, b'an error before{calls}\\nStopIteration'); os._exit(1)", status=1)
    check("an error before" not in shown.split("Where the time went")[0].split("import os")[-1].split("os._exit(1)")[-1], shown)


def alike(t):
    """lines that differ in numbers only are one, with how many they are"""
    program = "import sys\nfor i in range(3): sys.stderr.write(f'E1130 04:02:1{i} try {i}: refused\\n')\nsys.stderr.write('gave up\\n'); sys.exit(1)"
    says(traced(t, *PYTHON, program, status=1), r"E1130 04:02:12 try 2: refused \(3 such lines\) gave up Where")


def why(shown):
    """What stands below the command lines that failed."""
    return shown.split("Why it failed")[1].split("Where the time went")[0]


AS_USER = "import os, sys\nif os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"


def elsewhere(t):
    """what may not be looked at in one place and is found in another is no reason; a configuration file that may not be read in the first one is"""
    d = pathlib.Path(os.path.realpath(t.scratch))
    os.chmod(d, 0o755)
    for name in ("closed", "open"):
        (d / name).mkdir()
        (d / name / "tool").write_text("x")
        (d / name / "app.conf").write_text("port = no\n")
    (d / "closed").chmod(0)
    program = AS_USER + "for name in ('closed', 'open'):\n    try: os.stat(name + '/tool')\n    except OSError: pass\nsys.stderr.write('no\\n'); os._exit(1)"
    try:
        check("EACCES" not in why(traced(t, *PYTHON, program, cwd=d, status=1)), "it was found")
        program = program.replace("os.stat(name + '/tool')", "os.open(name + '/app.conf', 0)")
        says(traced(t, *PYTHON, program, cwd=d, status=1), rf"app\.conf was read from {re.escape(str(d))}/open/app\.conf; open {re.escape(str(d))}/closed/app\.conf failed: EACCES")
    finally:
        (d / "closed").chmod(0o700)


def went_on(t):
    """no reason: what every program asks for, what was missed before it went on to something else, another user's terminal; what was missed last is one"""
    missed = "import os, socket\ndef miss(name):\n    try: os.open(name, 0)\n    except OSError: pass\n"
    says(traced(t, *PYTHON, missed + "miss('/none/settings'); os.write(2, b'no\\n'); os._exit(1)", status=1), r"no /none/settings was not found")
    for program in ("miss('/none/settings'); os.open('/etc/passwd', 0)", "miss('/none/.toolrc'); miss('/none/.config/tool')",
                    "miss('/none/.git/packed-refs')", "miss('/none/lib/node'); miss('/none/.node_modules')",
                    "s = socket.socket(socket.AF_UNIX)\ntry: s.connect('/var/run/nscd/none')\nexcept OSError: pass\n"):
        check("was not found" not in why(traced(t, *PYTHON, missed + program + "\nos.write(2, b'no\\n'); os._exit(1)", status=1)), program)


def written(t):
    """a write fails: to which file"""
    says(traced(t, "sh", "-c", "echo x > /dev/full"), r"write to /dev/full failed: ENOSPC \(No space left on device\)")


def own_reason(t):
    """a parent that says itself what it could not have did not fail for its child; one that sees its child fail and does not wait did"""
    program = ("import os\n"
               "if os.fork() == 0: os.kill(os.getpid(), 6)\n"
               "os.wait()\n"
               "try: os.open('/none/state.db', 0)\n"
               "except OSError as e: os.write(2, f'state.db: {e.strerror}\\n'.encode()); os._exit(4)\n")
    says(traced(t, *PYTHON, program, status=4), r"Why it failed \d+ exit 4 .* state\.db: No such file or directory /none/state\.db was not found \d+ SIGABRT")
    program = ("import os, time\n"
               "r, w = os.pipe()\n"
               "if os.fork() == 0:\n"
               "    if os.fork() == 0: os.write(2, b'why\\n'); os._exit(4)\n"
               "    os.close(w); os.wait(); time.sleep(.3); os._exit(4)\n"
               "os.close(w); os.read(r, 1); os._exit(4)")
    shown = why(traced(t, *PYTHON, program, status=4))
    says(shown, r"^ \d+ exit 4 .* why so failed (python\S*) \(\d+\), (python\S*) \(\d+\) $")
    equal(len(re.findall("exit 4", shown)), 1, shown)


TESTS = [
    missing_header,
    missing_library,
    permission,
    sibling,
    group,
    everything,
    asked_to_end,
    by_itself,
    broken_pipe,
    fault,
    in_the_program,
    forbidden,
    killed_by_filter,
    limits,
    pipefail,
    namespace,
    namespace_in_one,
    no_rights,
    second_place,
    made_good,
    dismissed,
    no_reason,
    unread,
    answers,
    words_are_safe,
    why_before_calls,
    alike,
    elsewhere,
    went_on,
    written,
    own_reason,
]
