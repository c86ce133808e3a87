# SPDX-License-Identifier: MIT
"""What a program that fails wrote last to its standard error, whichever descriptor that was by then."""
import json
import os
import re
import socket
import subprocess

from shared import PYTHON, says, screen, words

from harness import PATIENCE, Skip, check, equal, need


def lines_of(text):
    """The last lines of each process that failed by itself, out of --summary=json."""
    rows = json.loads(text.splitlines()[-1])["tables"]["failures"]["rows"]
    return [row["stderr"].split("\n") if row["stderr"] else [] for row in rows]


def last_lines(t, *command, options=(), **more):
    return lines_of(t.run(*command, options=["--summary=json", "-q", *options], **more)[3])


def recorded(t, *command):
    """Of the run, and of its recording."""
    name = t.scratch / "words.cpd"
    got = last_lines(t, *command, options=["--record", name])
    equal(lines_of(subprocess.run([t.args.compendium, "--summary=json", "-q", "--read", name], capture_output=True, text=True, timeout=PATIENCE, check=True).stderr), got,
          "of its recording")
    return got


SHELLS = "dash", "bash", "zsh", "ksh", "busybox"


def builtins(t):
    """a shell's echo >&2, which writes to a copy of it, with what the shell saved meanwhile: these lines, and none of its standard output"""
    program = ("echo out; echo first >&2; echo out; { echo second; echo third; } >&2; (echo fourth) >&2; exec 3>&2; echo out; echo fifth >&3; exec 3>&-; "
               "echo out; exec 4>&1; echo out >&4; exit 3")
    shells = [s for s in SHELLS if not subprocess.run(["which", s], capture_output=True, check=False).returncode]
    check(shells, "no shell")
    for shell in shells:
        got = recorded(t, *([shell, "sh"] if shell == "busybox" else [shell]), "-c", program)
        # a subshell that is a process has lines of its own
        check(got in ([["first", "second", "third", "fourth", "fifth"]], [["first", "second", "third", "fifth"]]), f"{shell}: {got}")
    status, out, _, text = t.run("sh", "-c", "echo out; echo x >&2; exit 3")
    equal((status, out), (3, b"out\n"), "status and output")
    says(words(screen(text)), r"exit 3 +sh -c 'echo out; echo x >&2; exit 3' x ")


def redirected(t):
    """all of a shell's output is sent to its standard error, also across an exec; what is sent away from it is no last line"""
    equal(recorded(t, "sh", "-c", "exec 1>&2; echo one; exec sh -c 'echo two; exit 5'"), [["two"]], "1>&2")
    equal(recorded(t, "sh", "-c", "exec 3>&2 2>/dev/null; echo gone >&2; echo one >&3; exit 3"), [["one"]], "a copy kept in another")
    equal(recorded(t, "sh", "-c", "exec 2>&1; echo out; exit 3"), [[]], "2>&1: its output is no last line")
    equal(recorded(t, "sh", "-c", "exec 3>&1 1>&2; echo one; exec 1>&3; echo out; exit 3"), [["one"]], "and back")


def before_exec(t):
    """what was written before an exec is of the program before it, also where the new one writes nothing"""
    equal(recorded(t, "sh", "-c", "echo 'error: old cache ignored' >&2; exec sh -c 'exit 3'"), [[]], "before an exec")


def written_for_it(t):
    """a process that fails without a word has those of its last child, if that did well (cat >&2 <<EOF); not where it has its own, or a child failed with a reason"""
    message = "cat >&2 <<EOF\nusage: x\nFATAL: DATABASE_URL is not set\nEOF\n"
    equal(recorded(t, "sh", "-c", message + "exit 3"), [["usage: x", "FATAL: DATABASE_URL is not set"]], "a heredoc")
    equal(recorded(t, "sh", "-c", message + "env true; exit 3"), [["usage: x", "FATAL: DATABASE_URL is not set"]], "before a child without a word")
    equal(recorded(t, "sh", "-c", message + "echo own >&2; exit 3"), [["own"]], "its own")
    equal(recorded(t, "sh", "-c", f"(exec cat >&2 <<EOF\nfirst\nEOF\n); {message}exit 3"), [["usage: x", "FATAL: DATABASE_URL is not set"]], "the last")
    got = recorded(t, "sh", "-c", f"ls /none/there; {message}exit 3")
    check(["usage: x", "FATAL: DATABASE_URL is not set"] not in got, f"a child failed with a reason: {got}")


def well(t):
    """of a program that does well nothing is shown, whatever it writes"""
    status, out, _, text = t.run("sh", "-c", "echo x >&2; echo out")
    equal((status, out), (0, b"out\n"), "status and output")
    check("Why it failed" not in text, text)


DUPS = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
static int kept;
static void say(int fd, const char *s) { if (write(fd, s, strlen(s)) < 0) _exit(9); }
static void *thread(void *arg) { kept = fcntl(2, F_DUPFD, 20); say(kept, "by a thread\n"); return arg; }
int main(int argc, char **argv)
{
	struct iovec v[2] = { { "of two ", 7 }, { "parts\n", 6 } };
	int out = fcntl(1, F_DUPFD_CLOEXEC, 30), fd;
	pthread_t t;
	char c;

	fd = open(argv[0], O_RDONLY);
	for (int i = 0; i < (argc > 1 && *argv[1] == 's' ? 20000 : 0); i++)	/* calls enough that they are made in stubs from then on */
		if (pread(fd, &c, 1, i % 100) != 1 || (i % 100 == 0 && close(dup(fd))))
			return 8;
	close(fd);
	say(1, "out\n");
	dup3(2, 1, 0);
	if (writev(1, v, 2) < 0)
		return 9;
	dup2(out, 1);
	say(1, "out\n");
	fd = dup(2);
	say(fd, "by dup\n");
	close(fd);
	if (open("/dev/zero", O_WRONLY) != fd)	/* that number again */
		return 6;
	say(fd, "out\n");
	fd = fcntl(2, F_DUPFD, 40);
	syscall(SYS_close_range, 40, 50, 0);
	if (dup2(out, 40) != 40)
		return 5;
	say(40, "out\n");
	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	say(kept, "of a thread\n");
	dup2(kept, 5);
	fcntl(2, F_DUPFD_CLOEXEC, 6);
	if (!strcmp(argv[argc - 1], "exec"))
		execl("/bin/sh", "sh", "-c", "exec 6>&1; echo out >&6; echo behind an exec >&5; exit 7", (char *)0);
	return 7;
}
"""
OF_DUPS = [["of two parts", "by dup", "by a thread", "of a thread"]]
OF_EXEC = [["behind an exec"]]


def made(t):
    need("gcc")
    (t.scratch / "dups.c").write_text(DUPS)
    equal(os.system(f"gcc {t.scratch}/dups.c -o {t.scratch}/dups -pthread"), 0, "gcc")
    return t.scratch / "dups"


def copies(t):
    """dup, dup2, dup3, fcntl, close and close_range of a program with threads, and an exec"""
    equal(recorded(t, made(t)), OF_DUPS, "what went to the standard error")
    equal(recorded(t, t.scratch / "dups", "exec"), OF_EXEC, "by a copy that an exec kept")


def in_stubs(t):
    """the same of a program whose calls are made in stubs"""
    if t.args.backend != "ptrace":
        raise Skip("of ptrace alone")
    status, _, err, text = t.run(made(t), "stubs", options=["--summary=json", "--in-process", "on"])
    said = t.started[-1].said() + err.decode(errors="replace")
    why = re.search(r"--in-process: (.*); each call stops", said)
    if why:
        raise Skip(why[1])
    equal((status, lines_of(text)), (7, OF_DUPS), f"status and lines; {said}")
    status, _, _, text = t.run(t.scratch / "dups", "stubs", "exec", options=["--summary=json", "--in-process", "on"])
    equal((status, lines_of(text)), (7, OF_EXEC), "by a copy that an exec kept")


def languages(t):
    """python's print to sys.stderr, and its standard output when that is its standard error by then"""
    equal(recorded(t, *PYTHON, "import os, sys; print('out'); print('no such host', file=sys.stderr); sys.stdout.flush(); os.dup2(2, 1); print('after it', flush=True); os._exit(4)"),
          [["no such host", "after it"]], "python")


def a_socket(t):
    """a standard error that is a socket, as node gives it to its children"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        program = ("import os, socket, subprocess, sys\n"
                   f"p = subprocess.run(['sh', '-c', 'echo one >&2; exit 3'], stderr={theirs.fileno()})\n"
                   "os._exit(p.returncode)\n")
        equal(last_lines(t, *PYTHON, program, pass_fds=[theirs.fileno()]), [["one"]], "written to a socket")


def left_out(t):
    """--redact leaves them out"""
    *_, text = t.run("sh", "-c", "echo secret >&2; exit 3", options=["--summary=json", "-q", "--redact"])
    rows = json.loads(text.splitlines()[-1])["tables"]["failures"]["rows"]
    check(all(not row["stderr"] for row in rows), rows)


def long(t):
    """of a long text in one write the begin and the end, where the reason stands"""
    program = ("import os\nlines = ['first: error'] + ['call ' + chr(97 + i % 26) * 44 for i in range(100)] + ['last: why']\n"
               "os.write(2, ('\\n'.join(lines) + '\\n').encode())\nos._exit(1)")
    got = recorded(t, *PYTHON, program)
    check(len(got) == 1 and got[0][0] == "first: error" and got[0][-1] == "last: why" and got[0][-2] == "call " + "v" * 44, got)
    for size in (1000, 1399, 1400, 1401, 1500, 2400):
        got = recorded(t, *PYTHON, f"import os; os.write(2, ''.join(chr(97 + i % 26) * 99 + chr(10) for i in range(30))[-{size - 4}:].encode() + b'end' + bytes([10])); os._exit(1)")
        equal(got, [["a" * 99, "b" * 99, "c" * 99, "d" * 99, "end"]], f"{size} bytes")


TESTS = [long, builtins, redirected, before_exec, written_for_it, well, copies, in_stubs, languages, a_socket, left_out]
