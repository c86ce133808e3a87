#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is recorded of a program is the same with stops alone, with calls seen inside, and with the kernel backend: each call of each
thread in its order, with its arguments, what they point to, its result.

usage: alike.py --compendium FILE --dump ARGS --victim STUBS [--backend ptrace] alike [TEST…]      (the programs of golden/args.c, stubs.c)
"""
import collections
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from harness import Skip, check, equal, main, need  # noqa: E402
from stubs import MADE, add_call, calls, possible, traced  # noqa: E402

WAYS = {"stops": ("ptrace", "off"), "inside": ("ptrace", "on"), "kernel": ("bpf", "off")}
DATED = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000", "GIT_CONFIG_GLOBAL": "/dev/null",
         # from git 2.47 on its maintenance runs on in the background: which process comes next is chance
         "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "maintenance.auto", "GIT_CONFIG_VALUE_0": "false"}
LICENCE = "/usr/share/common-licenses/GPL-2"
NUMBERED = re.compile(r"(<\.\.\. )?\w*(wait|clone|fork|pid|pgrp|pgid|tid|kill|sid|sched_\w*affinity)|--- ")     # not sizes that are by chance a process's number
STARTED = re.compile(r"(?:[0-9.]+ )?(?:<\.\.\. )?(?:clone3?|v?fork)\b.*= (\d+)(?: <[\d.]+>)?$")
# of the machine, of another process, and where a signal comes in between; mkstemp asks for random bytes again where they are no even choice
BY_CHANCE = [r"^(sysinfo|getrusage|getppid|wait4|rt_sigreturn|getrandom)\(", "^--- SIGCHLD", r"^<\.\.\. ", '"/tmp", ', r"^read\(\d+</proc/self/maps>"]
# How much of an arena of Python's is lost at its begin goes by its address: so when the next one is needed.  Its hashes are by chance otherwise.
ARENAS, HASHES = [r"^m(un)?map\(\w+, (1048576|262144)\b"], {"PYTHONHASHSEED": "0"}
CHANCE = [
    (re.compile(r"^[0-9.]+ | <[0-9.]+>$"), ""),
    (re.compile(r"0x[0-9a-f]+"), "ADDRESS"),
    (re.compile(r"(?<=:\[)\d+|(?<=_ino=)\d+|(?<=free=)\d+|(?<=avail=)\d+"), "N"),
    (re.compile(r"/\* \d{4}-[^*]*\*/|(?<=sec=)-?\d+|(?<=ime=)[-\d:T.+]+"), "T"),
    (re.compile(r"(getrandom[(\t]|read[(\t]\d+</dev/u?random>, )\"([^\"\\]|\\.)*\"(\.\.\.|…)?"), r"\1RANDOM"),
    (re.compile(r"/tmp/cc\w{6}"), "/tmp/cc"),
    (re.compile(r"(/tmp/live-)\w{8}\b|(\.git/t)\w{6}\b"), r"\1\2"),
]


def names_of(lines):
    """A thread is named by its place in the tree, children as their parent made them: whose line comes first in the text is chance."""
    made, names = collections.defaultdict(dict), {}
    for number, line, *_ in lines:
        if found := STARTED.match(line):
            made[number][found[1]] = None

    def name(number, as_what):
        names[number] = as_what
        for i, child in enumerate(made[number]):
            if child not in names:
                name(child, f"{as_what}.{i}")

    for number, *_ in lines:
        if number not in names:
            name(number, f"P{len(names)}" if names else "P")
    return names


class Way:
    """A recording: calls by thread, threads by name; and the arguments of all calls with every member."""

    def __init__(self, t, way, command, env=None):
        backend, mode = WAYS[way]
        work, file, text = t.scratch / "work", t.scratch / f"{way}.cpd", t.scratch / f"{way}.txt"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        words = [t.args.compendium, "--backend", backend, "--in-process", mode, "--record", file, "-q", "-o", "/dev/null", "--", *command]
        p = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work, timeout=240, check=False,
                           env={**os.environ, **(env or {})})
        self.end, self.said = (p.returncode, p.stdout), p.stderr.decode(errors="replace")
        made = MADE.search(self.said)
        self.made = int(made[1]) if made else 0
        subprocess.run([t.args.compendium, "--read", file, "-v", "-a", "--format=strace", "-o", text], stderr=subprocess.DEVNULL, check=True)
        lines = [(*line.split(None, 1), "") for line in text.read_text(errors="replace").split("\n")[:-1]]
        numbers = names_of(lines)
        self.known = re.compile(r"\b(" + "|".join(numbers) + r")\b")
        self.numbers = numbers
        self.threads = collections.defaultdict(list)
        for number, line, *_ in lines:
            add_call(self.threads[numbers[number]], self.plain(line))
        dump = subprocess.run([t.args.dump, file], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace")
        self.arguments = collections.Counter(self.plain(line.rpartition("\t")[0] or line) for line in dump.split("\n")[:-1])

    def plain(self, line):
        for what, by in CHANCE:
            line = what.sub(by, line)
        return self.known.sub(lambda m: self.numbers[m[1]], line) if NUMBERED.match(line) else line


def same(t, *command, inside=100, ordered=True, chance=(), only="", env=None):
    """As with stops: inside, with at least so many calls made in stubs, and by the kernel.  not ordered: which thread makes them is chance.

    Compared are calls that are like `only` and not like one of `chance`."""
    chance = re.compile("|".join([*BY_CHANCE, *chance]))

    def compared(calls):
        return [line for line in calls if re.search(only, line) and not chance.search(line.replace("\t", "(", 1))]

    ways = {way: Way(t, way, command, env) for way in WAYS if way != "kernel" or t.bpf}
    stops = ways.pop("stops")
    check(compared(stops.arguments) and "lost" not in stops.said, f"with stops: {stops.said}")
    for name, way in ways.items():
        what = f"{name}, {' '.join(map(str, command))[:60]}"
        equal(way.end, stops.end, f"{what}: exit status, output; {way.said}")
        check("lost" not in way.said, f"{what}: {way.said}")
        if ordered:
            equal(sorted(way.threads), sorted(stops.threads), f"{what}: threads")
        for thread in stops.threads if ordered else ():
            lines = compared(way.threads[thread]), compared(stops.threads[thread])
            first = next(((i, *pair) for i, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), None)
            equal((len(lines[0]), first), (len(lines[1]), None), f"{what}: calls of thread {thread}, first difference")
        less, more = (sorted(compared((a - b).elements())) for a, b in ((stops.arguments, way.arguments), (way.arguments, stops.arguments)))
        equal((less[:3], more[:3]), ([], []), f"{what}: arguments of {len(less)} and {len(more)} calls, with all members")
    check(ways["inside"].made >= inside, f"{command}: {ways['inside'].said}")


def files(t):
    """cat, dd, ls, cp, find, tar, gzip: reads and writes, directories, attributes"""
    need("ls", "find", "tar", "gzip")
    same(t, "dd", f"if={LICENCE}", "of=copy", "bs=100", "status=none")
    same(t, "cat", *[LICENCE] * 80)
    same(t, "ls", "-lR", "/usr/share/common-licenses", "/usr/include/linux")
    same(t, "find", "/usr/include/linux", "/usr/share/common-licenses", "-newer", LICENCE)
    same(t, "tar", "cf", "all.tar", "/usr/include/linux")
    same(t, "cp", "-a", "/usr/include/linux", "copy")


def shells(t):
    """bash and dash: forks, pipes one after the other, redirections"""
    need("bash", "dash", "sed", "wc")
    loop = f"for i in 1 2 3 4 5 6 7 8 9; do read x < {LICENCE}; echo $i $x >> lines; mv lines lines2; ln lines2 lines; rm lines2; done; cd /; cd - > /dev/null; sed -n 3p lines; wc -c < lines"
    same(t, "bash", "-c", loop)
    same(t, "dash", "-c", f"while read l; do :; done < {LICENCE}; {loop}")


def languages(t):
    """python, perl and node: modules, files, links, attributes"""
    need("perl")
    same(t, sys.executable, "-S", "-c", "import json, email.parser, http.client, xml.dom.minidom; print(len(json.dumps(list(range(999)))))", chance=ARENAS, env=HASHES)
    writes = "import os\nf = os.open('file', os.O_RDWR | os.O_CREAT)\nfor i in range(200): os.pwrite(f, b'abc' * i, i); os.pread(f, i, 0); os.fstat(f); os.stat('.'); os.utime('file', (i, i))\n" \
             "for i in range(40): os.rename('file', 'other'); os.link('other', 'file'); os.symlink('x' * i + 'y', 'link'); os.unlink('link'); os.unlink('other')\n" \
             "try: os.getxattr('file', 'user.none')\nexcept OSError as e: print(e.errno)"
    same(t, sys.executable, "-S", "-c", writes, chance=ARENAS, env=HASHES)
    same(t, "perl", "-e", f'for $i (1..90) {{ open F, "<", "{LICENCE}"; sysread F, $b, $i; open F, ">>", "file"; syswrite F, $b; stat "file"; -e "/none/$i"; }} rename "file", "name"; print -s "name"')


def tools(t):
    """git, gcc, curl"""
    need("git", "gcc", "curl")
    steps = "git init -q . && cp -aL /usr/share/common-licenses licences && git add licences && git -c user.name=a -c user.email=b commit -qm x && " \
            "cp -a licences/GPL-2 new && git -c core.preloadIndex=false status --short"
    same(t, "sh", "-c", steps, chance=[r"\.git/(objects|index)", r"\.git/tmp_"], env=DATED)
    # when gcc 16 needs more of the heap goes by where that begins
    same(t, "gcc", "-x", "c", "-c", "-o", "/dev/null", "/dev/null", inside=1, chance=[r"^brk\("])
    same(t, "curl", "-s", f"file://{LICENCE}", ordered=False, only=LICENCE, inside=0)


def threads(t):
    """node, and a program of Go: whichever thread does it, the same is done to files"""
    need("node", "go")
    reads = "const fs=require('fs');for(let i=0;i<50;i++){fs.writeFileSync('x'+i,fs.readFileSync('%s'));fs.statSync('x'+i);fs.renameSync('x'+i,'y'+i)}" % LICENCE
    same(t, "node", "-e", reads, ordered=False, only="common-licenses|/tmp/live-/work/[xy]|\"[xy]\\d+\"")
    same(t, "go", "version", shutil.which("go"), ordered=False, only=r"^(openat|newfstatat|readlinkat|pread64|lseek)\W", inside=0)


STATIC = """#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) { struct stat st; char b[200]; int f = open("%s", O_RDONLY);
	for (int i = 0; i < 200; i++) { read(f, b, i); fstat(f, &st); stat("/etc", &st); rename("none", "nor"); write(1, b, i); } puts("end"); return 0; }
"""


def static(t):
    """a program that is linked statically, with musl and with glibc: no call of it is made in a stub"""
    for compiler in ("musl-gcc", "gcc"):
        need(compiler)
        source = t.scratch / f"{compiler}.c"
        source.write_text(STATIC % LICENCE)
        p = subprocess.run([compiler, "-static", "-w", "-o", source.with_suffix(""), source], stderr=subprocess.PIPE, check=False)
        if p.returncode:
            raise Skip(f"{compiler} cannot link statically")
        same(t, source.with_suffix(""), inside=0)


def counted(t):
    """where numbers alone are recorded (no --record), programs do the same, and as many calls of theirs are counted"""
    possible(t)
    big = t.scratch / "big"
    big.write_bytes(os.urandom(1 << 20))
    reads = "f = open('/usr/share/common-licenses/GPL-2', 'rb', 0)\nwhile f.read(7): pass\nprint(1)"
    writes = "import os, threading\ndef w():\n f = os.open('/dev/null', 1)\n for i in range(2000): os.write(f, b'x'); os.pwrite(f, b'x', 0)\n" \
             "v = [threading.Thread(target=w) for i in range(4)]\n[x.start() for x in v]\n[x.join() for x in v]"
    done = 0
    for command in (["cat", big], ["dd", f"if={big}", "of=/dev/null", "bs=512", "status=none"], ["wc", "-c", big],
                    ["bash", "-c", "for i in 1 2 3 4 5 6 7 8 9; do read x < /usr/share/common-licenses/GPL-2; echo $i $x; done; while read l; do n=$((n+1)); done < /usr/share/common-licenses/GPL-2; echo $n"],
                    [sys.executable, "-S", "-E", "-c", reads], [sys.executable, "-S", "-E", "-c", writes],
                    ["git", "--version"], ["perl", "-e", 'open F, "</usr/share/common-licenses/GPL-2"; while (sysread F, $b, 5) {} print "x\\n"; kill 15, $$'],
                    ["gcc", "-x", "c", "-c", "-o", "/dev/null", "/dev/null"]):
        if not shutil.which(str(command[0])):
            continue
        (status, out, off, _, _), (status_on, out_on, on, made, _) = (traced(t, *map(str, command), mode=mode) for mode in ("off", "on"))
        what = " ".join(map(str, command))[:60]
        equal((status_on, out_on), (status, out), f"{what}: exit status and output")
        for key in ("processes", "threads", "opens", "failed_opens", "lost_records", "signals"):
            equal(on.get(key), off.get(key), f"{what}: {key}")
        for call in ("read", "write", "pread64", "pwrite64", "lseek", "openat", "close", "execve", "pipe2", "wait4"):
            equal(calls(on).get(call), calls(off).get(call), f"{what}: {call} (calls, errors)")
        done += made > 100
    # who finds how much in a pipe is chance
    for mode in ("off", "on"):
        equal(traced(t, "sh", "-c", f"cat {big} | dd bs=100 status=none | cmp - {big}", mode=mode)[0], 0, f"a pipeline, {mode}")
    check(done >= 4, f"calls were made in stubs in {done} of the programs")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"alike": [files, shells, languages, tools, threads, static, counted]}))
