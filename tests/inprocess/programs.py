#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of all kinds do the same untraced, with stops, and with calls seen inside: exit status and output.

usage: programs.py --compendium FILE [--backend ptrace] programs [TEST…]
"""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from harness import Skip, check, equal, main, need  # noqa: E402

SOURCES = pathlib.Path(__file__).resolve().parent / "programs"
CHANCE = re.compile(rb"0x[0-9a-f]+|==\d+==|\b(process|LWP|pid|PTRACE_ATTACH,) \d+|\d+\.\d+ ?s\b")
PATIENCE = 240


def untraced(t, command, env):
    p = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=t.scratch,
                       env={**os.environ, **env}, timeout=PATIENCE, check=False)
    return p.returncode, CHANCE.sub(b"", p.stdout)


def traced(t, mode, command, env):
    words = [t.args.compendium, "--backend", "ptrace", "--in-process", mode, "--summary=json", "-q", "-o", t.scratch / "log", "--", *command]
    p = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=t.scratch,
                       env={**os.environ, **env}, timeout=PATIENCE, check=False)
    lost = re.search(rb'"lost_records": *(\d+)', (t.scratch / "log").read_bytes())
    made = re.search(rb"--in-process: (\d+) calls of", p.stderr)
    return (p.returncode, CHANCE.sub(b"", p.stdout)), int(lost[1]) if lost else 0, int(made[1]) if made else 0


def same(t, *command, env=None, inside=0, refused=False):
    """As untraced, or (refused: it does not work when traced) as with stops; with at least so many calls seen inside."""
    env = env or {}
    native = untraced(t, command, env)
    off, lost_off, _ = traced(t, "off", command, env)
    on, lost, made = traced(t, "on", command, env)
    what = " ".join(map(str, command))[:80]
    equal(on, off, f"{what}: with stubs, with stops")
    if not refused:
        equal(on, native, f"{what}: traced, untraced")
    equal((lost_off, lost), (0, 0), f"{what}: lost records")
    check(made >= inside or not can(t), f"{what}: {made} calls made in stubs, not {inside}")


def can(t):
    version = subprocess.run([t.args.compendium, "--version"], stdout=subprocess.PIPE, check=True).stdout
    return b"--in-process: can be used here" in version


def built(t, name, *command, last=False):
    """last: options have to stand before the source"""
    need(command[0])
    to = t.scratch / name
    words = [*command[:-1], "-o", to, command[-1]] if last else [*command, "-o", to]
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, "GOCACHE": str(t.scratch / "cache"), "HOME": str(t.scratch), "GO111MODULE": "off"})
    if done.returncode:
        raise Skip(f"{command[0]}: {done.stdout.decode(errors='replace').strip().splitlines()[-1]}")
    return to


def c_program(t, name, *options, compiler="gcc"):
    return built(t, name, compiler, "-O1", "-pthread", *options, SOURCES / "threads.c")


def glibc(t):
    """threads, forks and popen: linked dynamically, statically"""
    same(t, c_program(t, "dynamic"), inside=6000)
    same(t, c_program(t, "static", "-static"))


def musl(t):
    """the same with musl, linked dynamically, statically"""
    same(t, c_program(t, "dynamic", compiler="musl-gcc"))
    same(t, c_program(t, "static", "-static", compiler="musl-gcc"))


def address(t):
    """with AddressSanitizer and UBSan; LeakSanitizer refuses a traced program, with stops, too"""
    program = c_program(t, "asan", "-g", "-fsanitize=address,undefined")
    same(t, program, env={"ASAN_OPTIONS": "detect_leaks=0"}, inside=6000)
    same(t, program, env={"ASAN_OPTIONS": "detect_leaks=1"}, refused=True)


def thread(t):
    """with ThreadSanitizer"""
    same(t, c_program(t, "tsan", "-g", "-fsanitize=thread"), inside=500)


def memory(t):
    """with MemorySanitizer"""
    same(t, c_program(t, "msan", "-g", "-fsanitize=memory", compiler="clang"), inside=300)


def go(t):
    """goroutines, a command, a connection"""
    need("go")
    source = t.scratch / "threads.go"
    source.write_text((SOURCES / "threads.go").read_text())
    same(t, built(t, "threads", "go", "build", source, last=True))


def java(t):
    """threads that read while memory is collected, faults that it handles; interpreted; other collectors"""
    need("java", "javac")
    subprocess.run(["javac", "-d", t.scratch, SOURCES / "Threads.java"], check=True)
    for options in ([], ["-Xint"], ["-XX:+UseParallelGC"], ["-XX:+UseZGC"]):
        if subprocess.run(["java", *options, "-version"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            same(t, "java", *options, "-cp", t.scratch, "Threads", inside=0 if "-XX:+UseZGC" in options else 10000)


NODE = """
const fs = require('fs'), {Worker} = require('worker_threads');
let n = 0, ended = 0;
for (let i = 0; i < 1000; i++) n += fs.readFileSync('/etc/passwd').length > 0;
console.log(n, require('child_process').execSync('echo hello') + '');
const work = `const fs = require('fs'); let n = 0; for (let i = 0; i < 500; i++) n += fs.readFileSync('/etc/passwd').length > 0;
  require('worker_threads').parentPort.postMessage(n)`;
for (let i = 0; i < 4; i++)
  new Worker(work, {eval: true}).on('message', m => { n += m; }).on('exit', () => { if (++ended == 4) console.log(n); });
fs.promises.readFile('/etc/hosts').then(b => fs.writeFileSync('/dev/null', b));
"""


def node(t):
    """files read by itself, by four workers and by its pool, a command"""
    need("node")
    same(t, "node", "-e", NODE, inside=2000)


def valgrind(t):
    """its own text and stack: memcheck, helgrind"""
    need("valgrind")
    program = c_program(t, "threads")
    same(t, "valgrind", "-q", "--error-exitcode=7", program)
    same(t, "valgrind", "-q", "--tool=helgrind", program)


def qemu(t):
    """a program within qemu-user"""
    need("qemu-x86_64")
    same(t, "qemu-x86_64", c_program(t, "static", "-static"))


def tracers(t):
    """gdb and strace inside: a traced program cannot be traced by another, and they say so as with stops"""
    program = c_program(t, "threads")
    done = 0
    for command in (["gdb", "-q", "-nx", "-batch", "-ex", "run", "-ex", "bt", "--args", program], ["strace", "-f", "-o", "/dev/null", program],
                    ["sh", "-c", "sleep 60 & gdb -q -nx -batch -ex 'attach '$! -ex detach 2>&1 | grep -v '^warning: Tar'; kill $!; wait"],
                    ["sh", "-c", "sleep 60 & strace -o /dev/null -p $! 2>&1 | sed 's/, [0-9]*)/, PID)/'; kill $!; wait"]):
        try:
            need("gdb" if "gdb" in str(command) else "strace")
        except Skip:
            continue
        same(t, *command, refused=True)
        done += 1
    if not done:
        raise Skip("neither gdb nor strace is installed")


def terminals(t):
    """script and tmux, who have a terminal for a program"""
    need("script")
    same(t, "script", "-qec", "echo hi; cat /usr/share/common-licenses/GPL-2 | wc -l", "/dev/null")
    need("tmux")
    socket = f"{t.scratch}/$$"      # each run has its own: a server goes on for a moment after kill-server
    same(t, "sh", "-c", f"tmux -S {socket} -f /dev/null new-session -d -s x 'seq 1 2000; read x'; for i in $(seq 1200); do "
                        f"tmux -S {socket} capture-pane -p -t x -S - | grep -qx 2000 && echo there && break; sleep 0.1; done; tmux -S {socket} kill-server")


def rights(t):
    """sudo and su: as root they change who one is, else they are refused as with stops"""
    need("su", "sudo")
    if os.getuid():
        same(t, "sudo", "-n", "id", "-un", refused=True)
        return
    same(t, "su", "nobody", "-s", "/bin/sh", "-c", "id -un; head -c 1000 /dev/zero | wc -c")
    same(t, "sudo", "-n", "-u", "nobody", "sh", "-c", "id -un; head -c 1000 /dev/zero | wc -c")


def everyday(t):
    """git, perl, gcc, a pipeline of tar and gzip, python's processes, curl"""
    perl = 'for(1..20){my $p=fork; if(!$p){open F,"<","/etc/passwd"; while(sysread F,$b,3){} exit 3} waitpid $p,0; $s+=$?>>8} print "$s\\n"'
    python = "import multiprocessing as m, os\ndef f(x): return sum(len(os.read(z, 1)) for z in [os.open('/dev/zero', 0)] for i in range(x))\n" \
             "if __name__ == '__main__':\n with m.get_context('fork').Pool(4) as p: print(sum(p.map(f, range(100, 150))))"
    git = "rm -rf g && git init -q g && cd g && for i in $(seq 100); do echo $i > f$i; done && git add . && " \
          "git -c user.name=a -c user.email=a@b commit -qm x && git status --short && git ls-files -s | sha1sum && git gc -q && git fsck 2>&1"
    done = 0
    for command in (["sh", "-c", git], ["perl", "-e", perl], ["sh", "-c", f"gcc -O1 -pthread {SOURCES}/threads.c -o x && ./x"],
                    ["sh", "-c", "tar cf - -C /usr/share/perl . 2>/dev/null | gzip -1 | gzip -d | sha1sum"], [sys.executable, "-c", python],
                    ["curl", "-s", "file:///usr/share/common-licenses/GPL-2", "-o", "/dev/null", "-w", "%{size_download}"]):
        try:
            need(command[0] if command[0] != "sh" else command[2].split()[0].replace("rm", "git"))
        except Skip:
            continue
        same(t, *command, env={"HOME": str(t.scratch)})
        done += 1
    check(done > 2, f"{done} of them are there")


def another_root(t):
    """programs of another system, by chroot (PROGRAMS_ROOT)"""
    root = os.environ.get("PROGRAMS_ROOT")
    if not root:
        raise Skip("PROGRAMS_ROOT is no root of another system")
    python = "import os, threading\ndef w():\n f = os.open('/dev/zero', 0)\n for i in range(2000): os.read(f, 1)\n" \
             "v = [threading.Thread(target=w) for i in range(4)]\n[x.start() for x in v]\n[x.join() for x in v]\nprint(os.popen('echo hello').read())"
    perl = 'for(1..20){my $p=fork; if(!$p){open F,"<","/etc/passwd"; while(sysread F,$b,3){} exit 3} waitpid $p,0; $s+=$?>>8} print "$s\\n"'
    for command in (["cat", "/etc/passwd"], ["dd", "if=/dev/zero", "of=/dev/null", "bs=16", "count=2000", "status=none"], ["perl", "-e", perl],
                    ["bash", "-c", "while read l; do n=$((n+1)); done < /etc/passwd; echo $n; cat /etc/passwd | wc -l"], ["python3", "-c", python]):
        same(t, "chroot", root, *command, inside=7000 if command[0] == "python3" else 0)


GROUPS = {"programs": [glibc, musl, address, thread, memory, go, java, node, valgrind, qemu, tracers, terminals, rights, everyday, another_root]}

if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
