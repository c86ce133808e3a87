#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A judge: the same program under strace and under compendium -v makes the same calls, thread by thread, with the same results.

usage: strace_judge.py --compendium PROGRAM [--everycall PROGRAM] [--backend ptrace|bpf] [--only NAME]...

Prints TAP.  Compared are the name and the result (a number, or the name of the error) of every call of every thread;
threads are matched by the order in which they were born.  Addresses and process numbers differ from run to run and
count only as such.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

def chance(line):
    """The C library draws once more for a temporary name when a number would make some likelier than others: one in 22."""
    return re.search(r"\bgetrandom\(.*, 8, GRND_NONBLOCK\)", line)


def varies(line):
    """Python 3.13 reads /proc/self/stat when it starts or forks: numbers, some of them longer in another run; 3.14 seeks in it, too."""
    return re.search(r'\bread\(\d+(<[^>]*>)?, "\d+ \(\S+\) [RSD] |\blseek\(\d+(<[^>]*>)?, (0, SEEK_CUR|\d{3}, SEEK_SET)\)\s+= \d{3}\b', line)


def strace_calls(where):
    """Calls by thread, from strace -ff, in order of the threads' numbers."""
    threads = []
    for path in sorted(where.glob("s.*"), key=lambda p: int(p.suffix[1:])):
        calls = []
        for line in path.read_text(errors="replace").splitlines():
            found = re.match(r"^(\w+)\(.*\)\s+= (\?|0x[0-9a-f]+|-?\d+)(?: (E\w+))?", line)
            if found and not (found[3] or "").startswith("ERESTART") and not chance(line):
                calls.append((found[1], "NUMBER" if varies(line) else result(found[1], found[2], found[3])))
        threads.append(calls)
    return threads


def compendium_calls(text):
    threads = {}
    for line in text.splitlines():
        found = re.match(r"^\[\+[\d.]+s\](?: \[(\d+)\])?(?: \[i386\])? (\w+)\(.*\) = (\?|0x[0-9a-f]+|-?\d+)(?:<.*?>)?(?: (E[A-Z0-9]+))?.*$", line)
        if not found or "(restarted)" in line or chance(line):
            continue
        tid = int(found[1] or 0)
        threads.setdefault(tid, []).append((found[2], "NUMBER" if varies(line) else result(found[2], found[3], found[4])))
    # lines carry no number until there is a second thread
    main = threads.pop(0, [])
    order = sorted(threads)
    if order and main:
        threads[order[0]] = main + threads[order[0]]
    return [threads[tid] for tid in sorted(threads)] or [main]


# Numbers that are not the same in two runs of anything: processes, addresses, times.
VARYING = {"getpid", "gettid", "getppid", "clone", "clone3", "fork", "vfork", "set_tid_address", "wait4", "brk", "mmap", "mremap", "getpgrp",
           "getpgid", "setsid", "getrandom", "times", "time", "shmat"}


def result(name, value, error):
    if name == "modify_ldt":        # its error is no negative number, but strace names it
        return "NUMBER"
    if error:
        return error
    if name in VARYING and value != "?":
        return "NUMBER"
    if name == "umask":             # strace says it in octal
        return "MASK"
    if name == "kill" and value == "?":     # to itself, deadly: a tracer that stops it does not see it return
        return 0
    return value if value == "?" else int(value, 0)


PYTHON = ["python3", "-S", "-E", "-c"]
THREADS = """
import threading
for i in range(4):
    t = threading.Thread(target=lambda: open('/etc/passwd').read())
    t.start(); t.join()
"""
SOCKETS = """
import os, socket
a, b = socket.socketpair()
a.send(b'x' * 100); b.recv(200); a.shutdown(socket.SHUT_WR); b.recv(1)
l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen(5)
c = socket.socket(); c.connect(l.getsockname()); s = l.accept()[0]
c.sendall(b'y' * 1000); s.recv(5000); s.close(); c.recv(1)
u = socket.socket(type=socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0)); u.sendto(b'z', u.getsockname()); u.recvfrom(10)
n = socket.socket()
try: n.connect(('127.0.0.1', 1))
except ConnectionRefusedError: pass
try: u.getpeername()
except OSError: pass
"""
SIGNALS = """
import os, signal
signal.signal(signal.SIGUSR1, lambda *a: None); signal.signal(signal.SIGUSR2, signal.SIG_IGN)
for _ in range(3): os.kill(os.getpid(), signal.SIGUSR1); os.kill(os.getpid(), signal.SIGUSR2)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); os.kill(os.getpid(), signal.SIGUSR1)
signal.sigtimedwait([signal.SIGUSR1], 1); signal.setitimer(signal.ITIMER_REAL, 100); signal.setitimer(signal.ITIMER_REAL, 0)
p = os.fork()
if p == 0: os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(p, 0)
"""
FILES = """
import os, mmap
os.mkdir('d'); f = os.open('d/a', os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.write(f, b'x' * 5000); os.pread(f, 100, 10); os.lseek(f, 0, 0); os.read(f, 9999); os.ftruncate(f, 8192); os.fsync(f)
m = mmap.mmap(f, 8192); m[0:2] = b'ab'; m.flush(); m.close()
for bad in ('none', 'd/a/b', 'd'):
    try: os.open(bad, os.O_WRONLY)
    except OSError: pass
os.link('d/a', 'd/b'); os.symlink('b', 'd/c'); os.readlink('d/c'); os.rename('d/b', 'd/e'); os.chmod('d/e', 0o600); os.utime('d/e', (1, 2))
os.listdir('d'); os.stat('d/c', follow_symlinks=False); r, w = os.pipe(); os.write(w, b'hello'); os.splice(r, f, 5)
os.sendfile(w, f, 0, 100); g = os.dup(f); os.dup2(g, 50); os.close_range(3, 100) if hasattr(os, 'close_range') else os.closerange(3, 100)
for n in os.listdir('d'): os.unlink('d/' + n)
os.rmdir('d')
"""
BASH = """
shopt -s nullglob; declare -A m=([a]=1 [b]=2); f() { local x=$1; echo "${m[$x]}"; }
for k in a b; do f $k; done > out; while read -r line; do (( n += line )); done < out
cat <<EOT > here
$n $(echo sub; exit 3) $?
EOT
( cd /; umask 077; exec 4> "$OLDPWD/sub"; echo x >&4 ); trap 'echo trapped' EXIT; [[ -f here && $(< here) == 3* ]]; exec 5< here; read -u 5 y; kill -0 $$
"""
GIT = """
git init -q . && git config user.name a && git config user.email b && echo x > f && touch -d @1 f && git add f && git commit -qm one &&
echo y >> f && touch -d @2 f &&
git commit -qam two && git log --format=%s && git diff HEAD~ > /dev/null && git checkout -q -b other && git branch
"""
BUILD = """
cat > a.c <<EOT
#include <stdio.h>
int main(void) { puts("hi"); return 4; }
EOT
gcc -O1 -c a.c -o a.o && gcc a.o -o a; ./a
"""

PROGRAMS = [
    ("true", ["/bin/true"]),
    ("ls", ["ls", "-l", "/usr/include"]),
    ("cat", ["cat", "/etc/passwd", "/none"]),
    ("sh", ["sh", "-c", "for i in 1 2 3; do /bin/echo $i > f; cat f; done; exec 3<f; read x <&3; kill -0 $$"]),
    ("pipe", ["sh", "-c", "exec /bin/echo hello | /bin/cat > out"]),
    ("bash", ["bash", "-c", BASH]),
    ("python", [*PYTHON, "import os\nfor i in range(3):\n p=os.fork()\n if p==0: os._exit(i)\n os.waitpid(p,0)\nos.rename('f','g') if os.path.exists('f') else None"]),
    ("python threads", [*PYTHON, THREADS]),
    ("python sockets", [*PYTHON, SOCKETS]),
    ("python signals", [*PYTHON, SIGNALS]),
    ("python files", [*PYTHON, FILES]),
    ("perl", ["perl", "-e", "open F, '>', 'f'; print F $_ x 100 for 1..50; close F; print -s 'f'; system('true'); my $x = `echo hi`; unlink 'f'; exit 3"]),
    ("sqlite3", ["sqlite3", "db", "create table t(a); insert into t values (1), (2); begin; update t set a = a + 1; commit; select sum(a) from t;"]),
    ("lua", ["lua", "-e", "local f = io.open('f', 'w'); f:write(('x'):rep(9999)); f:close(); for l in io.lines('f') do print(#l) end; os.remove('f')"]),
    ("tar", ["tar", "-cf", "t.tar", "-C", "/usr/include", "stdio.h", "stdlib.h"]),
    ("tar gz", ["sh", "-c", "tar -C /usr/include -cf t.tar stdio.h && gzip -n t.tar && gunzip t.tar.gz && tar -xf t.tar && cmp stdio.h /usr/include/stdio.h"]),
    ("coreutils", ["sh", "-c", "cp /etc/passwd p; ln p q; ln -s p r; mv q s; dd if=p of=t bs=512 count=2 status=none; touch -d @1 t; chmod 600 t; sort p | uniq -c | wc; "
                               "mkdir -p a/b/c; cp -r a e; rm -r a e; head -c 10 p; truncate -s 1M t; sync t; stat r; df . > /dev/null; test -e none"]),
    ("find grep sed awk", ["sh", "-c", "find /usr/include/linux/netfilter -name '*.h' | head -5; grep -rl SOCK_STREAM /usr/include/asm-generic; "
                                       "sed -i s/root/toor/ /dev/null; cp /etc/passwd p; sed -i s/root/toor/ p; awk -F: '{ n += $3 } END { print n }' p"]),
    ("xargs", ["sh", "-c", "seq 6 > six; xargs -n2 echo < six; timeout 5 true; env -i /bin/true; nice -n1 true"]),
    ("make", ["sh", "-c", "printf 'all: a b\\n\\ntest -f a\\na b:\\n\\techo x > $@\\n' | sed 's/^test/\\ttest/' > Makefile; make -s"]),
    ("git", ["sh", "-c", GIT]),
    ("gcc", ["sh", "-c", BUILD]),
    ("gcc -E", ["gcc", "-E", "-x", "c", "/dev/null", "-o", "out.i"]),
]


# Where these stand in a thread is chance: who waits for a lock, when a child's end is reported.
CHANCE = {"futex", "sched_yield", "rt_sigreturn", "restart_syscall"}
# And which thread of Python gets which heap; whether bash waits in its handler or before.
CHANCE_IN = {"python threads": {"mmap", "munmap", "mprotect", "madvise"}, "bash": {"wait4", "rt_sigprocmask"}}


def run(command, where):
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(where), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "1",
           "TMPDIR": str(where), "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    return subprocess.run(command, cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=240, check=False).returncode


def differences(theirs, ours):
    wrong = []
    if len(theirs) != len(ours):
        wrong.append(f"{len(theirs)} threads with strace, {len(ours)} with compendium")
    for n, (a, b) in enumerate(zip(theirs, ours)):
        # the first call strace sees is the execve; so do we
        for i, (x, y) in enumerate(zip(a, b)):
            # what this strace has no name for: its number, in hexadecimal, which the table has in order
            if x[0].startswith("syscall_0x") and x[1] == y[1] and (not y[0].startswith("syscall_") or int(x[0][8:], 16) == int(y[0][8:])):
                continue
            if x != y:
                wrong += [f"thread {n}, call {i}: strace {x}, compendium {y}", f"  before: {a[max(0, i - 2):i]}"]
                break
        else:
            if len(a) != len(b):
                wrong.append(f"thread {n}: {len(a)} calls with strace, {len(b)} with compendium: {(a + b)[min(len(a), len(b)):][:3]}")
    if not sum(map(len, theirs)):
        wrong.append("strace saw no call")
    return wrong


def judge(compendium, name, command, scratch, backend):
    """Differences; gone when one of three tries has none, since two runs of one program may differ by themselves."""
    wrong = []
    for _ in range(3):
        s, c = scratch / "work", scratch / "trace"
        c.mkdir(exist_ok=True)
        for old in c.iterdir():
            old.unlink()
        run(["setarch", "-R", "strace", "-ff", "-qq", "-e", "signal=none", "-o", str(c / "s"), *command], s)
        run(["setarch", "-R", compendium, "-v", "-a", "--backend", backend, "-o", str(c / "c"), "--", *command], s)
        theirs, ours = strace_calls(c), compendium_calls((c / "c").read_text(errors="replace"))
        chance = CHANCE | CHANCE_IN.get(name, set())
        theirs, ours = ([[call for call in thread if call[0] not in chance] for thread in side] for side in (theirs, ours))
        wrong = differences(theirs, ours)
        if not wrong:
            return [], sum(map(len, theirs))
    return wrong, 0


# Where the texts of words differ, and why.
WORDS_DIFFER = {
    "mmap": "strace leaves out the upper half of flags; i386's arguments are in memory", "remap_file_pages": "likewise", "mmap2": "likewise",
    "clone": "the kernel takes the lower half of flags", "readlink": "the kernel takes an int for the room", "readlinkat": "likewise",
    "sysfs": "the kernel takes an int", "socket": "strace takes a type of 4 bits and flags for one word", "socketpair": "likewise",
    "mremap": "MREMAP_DONTUNMAP takes the address, too", "ioprio_set": "strace decodes the priority", "rseq": "6.1 knows no types",
    "membarrier": "6.1 shows the CPU always", "prctl": "which options there are grows", "pidfd_open": "likewise", "vm86": "gone",
    "restart_syscall": "strace says what was interrupted",
    **dict.fromkeys(["getpmsg", "putpmsg", "afs_syscall", "tuxcall", "security", "vserver", "epoll_ctl_old", "epoll_wait_old", "query_module",
                     "nfsservctl", "break", "stty", "gtty", "ftime", "prof", "lock", "mpx", "ulimit", "idle", "profil", "create_module"], "not there any more"),
}


def number(text):
    try:
        return int(text, 8 if re.match(r"0\d", text) else 0)
    except ValueError:
        return None


def same_word(ours, theirs):
    """One argument in two spellings: decimal or hexadecimal, a name or its number.  How wide it is has to be the same."""
    a, b = number(ours), number(theirs)
    if ours == theirs or (a is not None and b is not None and (a - b) % 2**64 == 0):
        return True
    if a is not None and b is not None:
        return (a - b) % 2**32 == 0 and min(a, b) < 0 and -2**31 <= min(a, b) and max(a, b) < 2**32
    return max(((number(n) or 0) >> 32) % 2**32 for n in ours.split("|")) in [(max((number(n) or 0) >> 32 for n in theirs.split("|")) + more) % 2**32
                                                                             for more in (0, 1, -1)]


def word_lines(text):
    calls = []
    for line in text.splitlines():
        found = re.match(r"^(?:\[\+[\d.]+s\] )?(?:\[i386\] )?(\w+)\((.*)\)\s+= ", line)
        if found:
            args = re.sub(r" /\* .*? \*/", "", found[2])
            calls.append((found[1], [re.sub(r"^[a-z_]+=", "", a) for a in args.split(", ")] if args else []))
    begin = next((i for i, call in enumerate(calls) if call[0] in ("setuid", "setresuid")), -1)
    return calls[begin + 1:]


def judge_words(compendium, command, scratch, backend):
    """The same arguments, as many and as wide, for every call with rubbish in its registers."""
    c = scratch / "words"
    c.mkdir(exist_ok=True)
    run(["setarch", "-R", "strace", "-qq", "-e", "signal=none", "-o", str(c / "s"), *command], scratch / "work")
    run(["setarch", "-R", compendium, "-v", "-a", "--backend", backend, "-o", str(c / "c"), "--", *command], scratch / "work")
    theirs, ours = (word_lines((c / name).read_text(errors="replace")) for name in ("s", "c"))
    wrong = [] if len(theirs) == len(ours) > 300 else [f"{len(theirs)} calls with strace, {len(ours)} with compendium"]
    for (name, a), (our_name, b) in zip(theirs, ours):
        if name.startswith("syscall_0x") or our_name in WORDS_DIFFER:
            continue
        if name != our_name or len(a) != len(b) or not all(map(same_word, b, a)):
            wrong.append(f"strace {name}({', '.join(a)}), compendium {our_name}({', '.join(b)})")
    return wrong, len(ours)


INT80 = """import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex("b814000000cd80c3"))    # mov $20, %eax (getpid); int $0x80; ret
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compendium", required=True, type=os.path.abspath)
    parser.add_argument("--everycall", type=os.path.abspath, help="the program that makes every call")
    parser.add_argument("--backend", choices=["ptrace", "bpf"], default="ptrace")
    parser.add_argument("--only", action="append", help="a program's name")
    args = parser.parse_args()
    missing = [p for p in ("strace", "setarch") if not shutil.which(p)]
    if missing:
        print(f"1..0 # SKIP {missing[0]} is not installed")
        return 0
    programs = list(PROGRAMS)
    if args.everycall:
        programs += [(f"every call{way and f' of {way}'}", [args.everycall, *filter(None, [way])]) for way in ("", "i386")]
        programs += [(f"every word{way and f' of {way}'}", [args.everycall, *filter(None, [way]), "words"]) for way in ("", "i386")]
    programs = [p for p in programs if not args.only or p[0] in args.only]
    probe = subprocess.run([args.compendium, "--backend", args.backend, "-o", "/dev/null", "--", "true"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if "cannot be used" in probe.stderr:
        print("1..0 # SKIP", probe.stderr.splitlines()[0])
        return 0
    failed = number = 0
    print(f"1..{len(programs)}")
    with tempfile.TemporaryDirectory(prefix="judge-") as scratch:
        for name, command in programs:
            number += 1
            if not shutil.which(command[0], path="/usr/bin:/bin"):
                print(f"ok {number} {name} # SKIP {command[0]} is not installed", flush=True)
                continue
            if "i386" in command and subprocess.run([sys.executable, "-c", INT80], check=False).returncode:
                print(f"ok {number} {name} # SKIP this kernel has no 32-bit calls", flush=True)
                continue
            if command[-1] == "words":
                wrong, ncalls = judge_words(args.compendium, command, pathlib.Path(scratch), args.backend)
            else:
                wrong, ncalls = judge(args.compendium, name, command, pathlib.Path(scratch), args.backend)
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} {name}: {ncalls} calls the same", flush=True)
            for line in wrong:
                print(f"# {line[:300]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
