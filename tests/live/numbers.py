#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the lines and the report say is what the program did: names as given, counts, times.

usage: numbers.py --compendium FILE [--backend B] numbers [TEST…]
"""
import collections
import json
import mmap
import os
import pathlib
import re
import signal
import subprocess
import sys

from harness import PATIENCE, Skip, check, equal, eventually, main, status, tasks

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from report import Report, human  # noqa: E402  (the reader of reports)


def report_of(t, *command, options=(), **more):
    """A command's report, its trace and what it wrote."""
    path = t.out().with_suffix(".html")
    status, out, err, text = t.run(*command, options=(f"--report={path}", *options), **more)
    return Report(path), text, (status, out, err)


def calls(r):
    """(call, arguments, object) of every event of a report."""
    h, c = r.columns["h"], r.columns["c"]
    for kind, arg, obj in zip(h["type"], c["arg"], c["obj"]):
        name = r.strings[obj].decode(errors="surrogateescape")
        yield r.meta["types"][kind]["name"], r.strings[arg].decode(errors="surrogateescape").replace("\x01o", f'"{name}"'), name


def given(t):
    """relative names, names with .. and the empty one stand in the report as given, and as what they are"""
    d = pathlib.Path(os.path.realpath(t.scratch)) / "given"
    (d / "conf").mkdir(parents=True)
    (d / "conf" / "a").write_text("a")
    script = ("import os\n"
              "f = os.open('conf/a', 0); n = os.open('conf', os.O_PATH); os.open('a', 0, dir_fd=n)\n"
              "for name in ('./conf/../conf/none', '', 'conf//a/'):\n"
              "    try: os.open(name, 0)\n"
              "    except OSError: pass\n"
              "os.rename('conf/a', './b'); os.chdir('conf'); os.mkdir('../new', 0o700); os.open('../b', 0)\n"
              f"os.access('{d}/b', 0)\n")
    r, _, (status, *_) = report_of(t, sys.executable, "-S", "-E", "-c", script, cwd=d)
    equal(status, 0, "the program")
    seen = list(calls(r))
    for call, name, path in (("openat", "conf/a", d / "conf/a"), ("openat", "a", d / "conf/a"), ("openat", "./conf/../conf/none", d / "conf/none"),
                             ("openat", "conf//a/", d / "conf/a"), ("rename", "conf/a", d / "conf/a"), ("mkdir", "../new", d / "new"),
                             ("openat", "../b", d / "b"), ("access", f"{d}/b", d / "b")):
        check([a for c, a, o in seen if c == call and o == str(path) and f'"{name}"' in a],
              f"{call} {name}: {[(a, o) for c, a, o in seen if c == call][-8:]}")
    check([a for c, a, _ in seen if c == "openat" and a.startswith('AT_FDCWD, "",')], "the empty name is not shown")


def whole(entry, key="argv"):
    """How many strings an entry of a report says there were, and how long its last kept one was."""
    kept = entry[key]
    return len(kept) + entry.get(key + "_more", 0), len(kept[-1]) + entry.get(key + "_cut", 0)


def said_in_text(line):
    """How many words a line's command has with those it says are left out."""
    words = line.split()
    more = re.search(r" \(([\d,]+) more arguments?\)$", line)
    return len(words) - 3 * bool(more) + (int(more[1].replace(",", "")) if more else 0)


VECTORS = {
    "short": ["a", "", "b c"],
    "30,000": [f"argument-{i}" for i in range(1, 30001)],
    "long": ["y" * 120000],
    "odd lengths": ["a" * 4095, "b" * 4096, "c" * 4097, "d" * 131000],
    "empty": [""] * 50000,
    "long and many": ["z" * 5000] * 200,
}


def left_out(t):
    """of arguments what is kept and what is left out make what the program got, in number and in length"""
    program = t.scratch / "program"
    os.symlink("/bin/true", program)
    for title, words in VECTORS.items():
        cpd = t.out().with_suffix(".cpd")
        r, text, (status, *_) = report_of(t, program, *words, options=("--record", cpd))
        equal(status, 0, title)
        every = [str(program), *words]
        execs = [e for task in r.meta["tasks"] for e in task["execs"]]
        equal(len(execs), 1, f"{title}: execs")
        for entry, key in ((execs[0], "argv"), (r.meta, "command")):
            kept = entry[key]
            equal(whole(entry, key), (len(every), len(every[len(kept) - 1])), f"{title}: {key} and the last one that is kept")
            equal(kept[:-1], every[:len(kept) - 1], f"{title}: {key}")
            check(every[len(kept) - 1].startswith(kept[-1]), f"{title}: the last of {key}")
        check(max(map(len, text.splitlines())) < 1000, f"{title}: a line of {max(map(len, text.splitlines()))} characters")
        replay = t.out()
        subprocess.run([t.args.compendium, "--read", cpd, "-a", "-o", replay], stderr=subprocess.DEVNULL, timeout=PATIENCE, check=True)
        equal(*([x for x in lines.splitlines() if re.match(r"\[|compendium:", x)] for lines in (replay.read_text(), text)), f"{title}: the replay")
    text = t.run(program, *VECTORS["30,000"])[3].splitlines()
    line = next(x for x in text if "exec ───" in x)
    equal(said_in_text(line.split("─── ")[-1]), 30001, line)
    line = re.sub(r" \((ptrace|bpf)\)$", "", text[0])
    equal(said_in_text(line.removeprefix("compendium: tracing ")), 30001, line)


def left_out_attached(t):
    """so they do for a process that runs already"""
    words = VECTORS["30,000"]
    with subprocess.Popen(["sleep", "100", *["0"] * 100, *(w.replace("argument-", "0.") for w in words)]) as p:
        try:
            eventually(lambda: "sleep" in pathlib.Path(f"/proc/{p.pid}/comm").read_text(), "sleep")
            page = t.out().with_suffix(".html")
            tracer = t.attach(p.pid, f"--report={page}")
            t.let_go(tracer, p.pid)
            equal(whole(Report(page).meta["tasks"][0]["execs"][0])[0], 102 + len(words), "arguments")
        finally:
            p.kill()


def left_out_variables(t):
    """-v counts all variables of an environment, and all words that it leaves out"""
    env = {f"V{i}": "0123456789" for i in range(30000)}
    text = t.run("/bin/true", *VECTORS["30,000"], options=("-v",), env=env)[3]
    line = next(x for x in text.splitlines() if " execve(" in x)
    shown = line.count('"argument-')
    more = int(re.search(r"… ([\d,]+) more\]", line)[1].replace(",", ""))
    equal(shown + more, 30000, line[-200:])
    equal(re.search(r"\[(\d+) variables\]", line)[1], "30000", line[-200:])


def long_names(t):
    """a name of 4 KB does not hide its line, and is whole in the report"""
    name = "/".join(["x" * 99] * 40)
    r, text, _ = report_of(t, "cat", name, cwd=t.scratch)
    line = next(x for x in text.splitlines() if " open " in x and "xxx" in x)
    check(len(line) < 1000 and "…" in line and line.endswith("(read) ENOENT"), f"{len(line)} characters: {line[-100:]}")
    check([o for c, a, o in calls(r) if c == "openat" and o.endswith(name)], "the whole name is not in the report")


def series(r, name):
    """A counter of the page: the sum over all processes, as it goes."""
    k, which = r.columns["k"], [c["name"] for c in r.meta["counters"]].index(name)
    last, total = collections.Counter(), 0
    for lane, counter, value in zip(k["lane"], k["counter"], k["value"]):
        if counter == which:
            total += value - last[lane]
            last[lane] = value
            yield total


PEAK_SHARE = 4096   # of src/row/counter.c


def memory(t):
    """the page's memory goes as high as the summary says, and down again with those who end"""
    for script in ('find /usr/include/linux -name "a*.h" | xargs -n 1 /bin/true', "for i in 1 2 3 4 5; do (ls /; sh -c 'ls /') & done; wait; ls /",
                   f"exec {sys.executable} -S -E -c 'import json; x = [bytearray(i * 100) for i in range(3000)]; del x[::2]; y = [bytearray(i * 300) for i in range(2000)]'"):
        r, text, _ = report_of(t, "sh", "-c", script)
        sums = list(series(r, "mapped memory"))
        # samples are thinned: a peak that is less than this share above another is not written, and may be rounded to another text
        said, highest = re.search(r"^ *Total: +(\S+ \S+)", text, re.M)[1], max(sums)
        check(said in (human(highest), human(highest + highest // PEAK_SHARE)), f"{script}: the highest: {highest}, not {said}")
        equal(sums[-1], 0, f"{script}: at the end")


RESERVE = """
import ctypes, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.malloc.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes, libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], [ctypes.c_void_p, ctypes.c_size_t]
MB = 1 << 20
at = libc.mmap(None, 512 * MB, 0, 0x22, -1, 0)
assert libc.mprotect(at, 64 * MB, 3) == 0
assert libc.munmap(at + 32 * MB, 256 * MB) == 0
assert libc.mprotect(at, 64 * MB, 3) == -1 and libc.mprotect(at + 1, MB, 3) == -1
assert libc.mprotect(at + 288 * MB, 48 * MB, 3) == 0
def arena():
    for i in range(1000): assert libc.malloc(4000)
threading.stack_size(8 * MB)
t = threading.Thread(target=arena)
t.start()
t.join()
"""


def reserved(t):
    """what is only reserved, by hand or for a thread's malloc(), is in no Total, whether every call was asked for or not"""
    totals, lines = [], []
    for options in (), ("-v",):
        status, *_, text = t.run(sys.executable, "-S", "-E", "-c", RESERVE, options=options)
        equal(status, 0, "the program")
        found = re.search(r"^ *Mmap: .* ([\d.]+) MB only reserved\)\n *Total: +([\d.]+) MB$", text, re.M)
        check(found, f"no reserved memory in\n{text}")
        check(float(found[1]) > 448, f"{options}: {found[1]} MB are reserved")
        totals.append(float(found[2]))
        lines.append(collections.Counter(re.findall(r"^.*\] (mmap|mprotect)\b", text, re.M)))
    # 32 and 48 that were given rights, a thread's stack and 4 of its arena, the interpreter's own
    check(80 + 8 + 4 < totals[0] < 80 + 8 + 4 + 48, f"the highest: {totals[0]} MB")
    # two runs of an interpreter may differ by a block of its own (1 MB, from Python 3.14 on)
    check(abs(totals[0] - totals[1]) < 2, f"of the default calls and of all: {totals} MB")
    check(lines[0]["mmap"] and lines[1]["mprotect"] and not lines[0]["mprotect"], f"mprotect has lines of its own, or none with -v: {lines}")


def descriptors(t):
    """a command has the descriptors that were there before compendium, whatever compendium opens for itself"""
    script = "import os; n = os.listdir('/proc/self/fd'); print(len(n) - 1, flush=True)"
    inherited = [os.open("/etc/hosts", os.O_RDONLY) for _ in range(149)]
    try:
        for options in ((), ("--ebpf",), ("--faults",), ("--record", t.out().with_suffix(".cpd"))):
            r, _, (status, out, _) = report_of(t, sys.executable, "-S", "-E", "-c", script, options=options, pass_fds=inherited)
            equal((status, int(out)), (0, 152), "what the program itself counts")
            first = next(series(r, "open fds"))
            equal(first, 152, f"{options}: at the beginning")
            entry = r.meta["tasks"][0]["execs"][0]
            equal(sorted(fd for fd, _ in entry["fds"]), inherited[:32], f"{options}: kept open across exec")
            equal(entry.get("fds_more", 0), 149 - 32, f"{options}: the others")
            files = [i for i, (kind, opened) in enumerate(zip(r.columns["f"]["kind"], r.columns["f"]["open"])) if i and not opened]
            check(len(files) <= 4, f"{options}: {len(files)} files were open at the start")  # three streams, and /etc/hosts, which all have at one offset
            # only those: newer Pythons open their working directory, whose name may be ours
            names = [r.strings[r.columns["f"]["name"][i]] for i in files]
            own = [name.decode() for name in names if re.search(rb"bpf|perf|\.html|\.cpd|compendium", name)]
            equal(own, [], f"{options}: files that are compendium's")
    finally:
        for fd in inherited:
            os.close(fd)


THREADS = ("import os, threading\n"
           "def f():\n"
           "    for _ in range(200): open('/etc/hosts').read(); os.stat('/tmp')\n"
           "t = [threading.Thread(target=f) for _ in range(6)]; [x.start() for x in t]; [x.join() for x in t]")


def in_order(t):
    """the times of the lines never run backwards: threads, pipes, grouped calls, page faults and block I/O"""
    big = t.scratch / "big"
    commands = [("sh", "-c", "find /usr/include/linux -name 'a*.h' | xargs -n 4 cat | sort | tail -n 1"),
                ("sh", "-c", "for i in 1 2 3 4; do (ls -l /etc | sort | uniq | wc) & done; wait"),
                ("sh", "-c", f"dd if=/dev/zero of={big} bs=64k count=50 conv=fsync 2>&1; cat {big} | wc -c"),
                (sys.executable, "-S", "-E", "-c", THREADS)]
    for command in commands:
        for options in ((), ("-v",), ("--faults",), ("--ebpf", "--faults")):
            text = t.run(*command, options=options)[3]
            times = [(float(m[1]), line) for line in text.splitlines() if (m := re.match(r"\[\+([\d.]+)s\]", line))]
            check(len(times) > 50, f"{command} {options}: {len(times)} lines")
            for (before, first), (after, second) in zip(times, times[1:]):
                check(before <= after, f"{command} {options}: {first!r}, then {second!r}")


MANY = ("import os, threading, sys\n"
        "n = 300; b = threading.Barrier(n)\n"
        "def f():\n"
        "    b.wait()\n"
        "    for _ in range(3): os.stat('/etc')\n"
        "    b.wait()\n"
        "threading.stack_size(65536)\n"
        "t = [threading.Thread(target=f) for _ in range(n)]; [x.start() for x in t]\n"
        "children = [os.spawnlp(os.P_NOWAIT, 'sh', 'sh', '-c', f'exit {k}') for k in range(60)]\n"
        "[x.join() for x in t]; x = sum(i * i for i in range(300000))\n"
        "sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children) % 256)")


def not_asked(t):
    """a connect that was under way when its socket was closed is neither made nor failed"""
    script = ("import socket\n"
              "s = socket.socket(); s.setblocking(False)\n"
              "print(s.connect_ex(('127.0.0.1', 1)) == 115); s.close()\n")
    status, out, err, text = t.run(sys.executable, "-c", script, options=("-a",))
    equal((status, out), (0, b"True\n"), "the program")
    check(re.search(r"^   tcp4 → 127.0.0.1:1 \(outcome unknown\)$", text, re.M), text)
    check(re.search(r"  tcp4 → 127.0.0.1:1 +closed, outcome unknown", text), text)


def many_threads(t):
    """hundreds of threads and some processes at a time: every call, every end, the time it took"""
    r, _, (status, *_) = report_of(t, sys.executable, "-S", "-E", "-c", MANY)
    equal(status, sum(range(60)) % 256, "exit status")
    tasks = r.meta["tasks"]
    python = [x for x in tasks if x["pid"] == tasks[0]["pid"]]
    equal(len(python), 301, "threads")
    equal([x for x in tasks if x["end"] is None], [], "tasks that did not end")
    equal(sorted(x["exit"] for x in tasks if x["pid"] == x["tid"] and x is not tasks[0]), list(range(60)), "how the children ended")
    equal(len([1 for call, arg, obj in calls(r) if call in ("stat", "newfstatat") and obj == "/etc"]), 900, "calls")
    check(tasks[0]["utime_ns"] > 10_000_000, f"user time: {tasks[0]['utime_ns']}")


TOUCHES = """
import mmap, os, resource, sys
flags = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 4096)
fd, pages, maps = os.memfd_create("many"), 1024, 400
os.ftruncate(fd, pages * 4096)
where = [mmap.mmap(fd, pages * 4096) for _ in range(maps)]
flags[0] = 1
while not flags[1]: pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for m in where:
    for i in range(0, pages * 4096, 4096): m[i] = 1
flags[8:16] = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before).to_bytes(8, "little")
flags[2] = 1
while not flags[3]: pass
os._exit(0)
"""


def lost_faults(t):
    """page faults that came while compendium was stopped, and none after them: what had no room is counted as lost"""
    path = t.scratch / "flags"
    path.write_bytes(bytes(4096))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 4096) as flags:
        out = t.out()
        p = subprocess.Popen([t.args.compendium, "--backend", t.args.backend, "--faults", "-q", "--summary=json", "-o", out,
                              "--", sys.executable, "-S", "-E", "-c", TOUCHES, path],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            eventually(lambda: flags[0] or p.poll() is not None, "the program waits to fault")
            p.send_signal(signal.SIGSTOP)
            eventually(lambda: all((status(p.pid, "State", tid) or "T").startswith("T") for tid in tasks(p.pid)), "compendium is stopped")
            flags[1] = 1
            eventually(lambda: flags[2] or p.poll() is not None, "all is touched")
        finally:
            flags[3] = 1
            p.send_signal(signal.SIGCONT)
        faults = int.from_bytes(flags[8:16], "little")
        said = p.communicate(timeout=PATIENCE)[1]
    equal(p.returncode, 0, said)
    if re.search(rb"--faults: .*(not allowed|does not count)", said):
        raise Skip("page faults cannot be counted here")
    if tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups())) < (6, 0):
        raise Skip("Linux counts what a ring lost from 6.0 on")
    doc = json.loads(pathlib.Path(out).read_text())
    [shown] = [row["pages"] for row in doc["tables"]["page_faults"]["rows"] if row["place"] == "all"]
    check(doc["lost_records"] > 0, f"none was lost of {faults} page faults")
    # and those of the interpreter's beginning, and what else had no room, but nothing twice
    check(faults <= shown + doc["lost_records"] < faults * 3 // 2, f"{shown} shown, {doc['lost_records']} lost: of {faults}")


if __name__ == "__main__":
    sys.exit(main(__doc__, {"numbers": [given, left_out, left_out_attached, left_out_variables, long_names, memory, reserved, descriptors, in_order, not_asked, many_threads, lost_faults]}))
