# SPDX-License-Identifier: MIT
"""Where the time went: sums, time on CPU, the path that the end depended on."""
import json
import os
import pathlib
import re
import subprocess
import sys

from shared import PYTHON, SERVER, says, traced, words

from harness import PATIENCE, Skip, check, equal, need, need_root


def path_of_several(t):
    """a step of the critical path that waited for several peers names the one that cost most, and how many more there are"""
    server = SERVER.replace("time.sleep(2)", "time.sleep(float(sys.argv[1]))")
    with subprocess.Popen([*PYTHON, server, "0.6"], stdout=subprocess.PIPE, text=True) as one, \
         subprocess.Popen([*PYTHON, server, "0.2"], stdout=subprocess.PIPE, text=True) as other:
        try:
            slow, fast = int(one.stdout.readline()), int(other.stdout.readline())
            program = ("import os, socket\n"
                       "def ask(port):\n"
                       "    c = socket.create_connection(('127.0.0.1', port)); c.sendall(b'well?'); c.recv(10); c.close()\n"
                       f"if os.fork() == 0: ask({fast}); ask({slow}); ask({fast}); os._exit(0)\n"
                       "os.wait()\n")
            for options in ((), ("-q", "--summary=json")):
                *_, text = t.run(*PYTHON, program, options=options)
                if not options:
                    says(words(text), rf"Critical path .* tcp4 → 127\.0\.0\.1:{slow} ")     # (how many more it is with is in the table, below)
        finally:
            one.kill()
            other.kill()
    row = max(json.loads(text)["tables"]["critical_path"]["rows"], key=lambda row: row["time_ns"])
    equal(row["part"], "peer", row)
    check(row["things"] >= 2, row)
    check(row["for"].endswith(f":{slow}") and row["time_ns"] > row["for_ns"] > 500e6, row)


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
    """with --ebpf the time on CPU is what the kernel has counted for the process, within 5 %: its end comes after it has asked"""
    need_root()
    program = ("import os, time\n"
               "for i in range(5):\n"
               "    end = time.process_time() + 0.1\n"
               "    while time.process_time() < end: pass\n"
               "    time.sleep(0.02)\n"
               "print(open('/proc/self/schedstat').read().split()[0], flush=True)\n"
               "os._exit(0)\n")
    status, out, said, text = t.run(*PYTHON, program, options=["--ebpf", "-q", "--summary=json"])
    equal(status, 0, said)
    if re.search(rb"--ebpf: .* not shown", said):
        raise Skip("--ebpf is not possible here")
    rows = json.loads(text[text.index("{"):])["tables"]["time"]["rows"]
    ours, counted = sum(row["time_ns"] for row in rows if row["part"] == "cpu"), int(out)
    check(counted > 400e6 and abs(ours - counted) < counted * 0.05, f"{ours} ns, and by schedstat {counted}")


OUTLIVED = """
import hashlib, os, threading, time
block = b"x" * (1 << 20)
def burn():
    while True: hashlib.sha256(block).digest()
for i in range(2): threading.Thread(target=burn, daemon=True).start()
while time.process_time() < 0.6: hashlib.sha256(block).digest()
spent = os.times()
print(spent.user + spent.system, flush=True)
os._exit(0)
"""


def outlived(t):
    """the CPU time of a process whose threads are at work when it ends, the first one among them: all of it"""
    command = [*PYTHON, OUTLIVED]
    _, out, said, text = t.run(*command, options=["-q", "-c"])
    measured = float(out)
    shown = re.search(r"CPU of what ended: (\S+) user, (\S+) system", text)
    ours = sum(float(re.match(r"[\d.]+", part)[0]) / (1 if part.endswith("s") and part[-2].isdigit() else 1000 if part.endswith("ms") else 1e6) for part in shown.groups())
    check(measured > 0.5 and measured * 0.9 < ours < measured * 1.2 + 0.05, f"{ours} s, and by the program {measured}: {text} {said}")


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


def page_faults(t):
    """with --faults the time that threads sleep in faults of a mapped file is a part of its own, by the file: of the run, each process and each thread, beside the time on CPU"""
    need("gcc")
    d = pathlib.Path(os.path.realpath(t.scratch))
    program, file = d / "mapped", d / "big"
    equal(os.system(f"gcc -O1 -pthread {pathlib.Path(__file__).parent}/mapped.c -o {program}"), 0, "gcc")
    with open(file, "wb") as f:
        f.write(os.urandom(16 << 20))
        os.fsync(f.fileno())
    for how in ((), ("threads",)):
        status, out, said, text = t.run(program, file, *how, options=["--faults", "-q", "--summary=json"])
        equal(status, 0, said)
        if re.search(rb"--faults: .*(not allowed|does not count)", said):
            raise Skip("page faults cannot be counted here")
        major, sleeps, touched, computed = map(int, out.split())
        if min(major, sleeps) < 1000:
            raise Skip("what is written to that file system stays in memory, or is read without a sleep")
        whole = json.loads(text[text.index("{"):])
        tables = {name: table["rows"] for name, table in whole["tables"].items()}
        time = {row["part"]: row for row in tables["time"]}
        [wait] = [row for row in tables["waits"] if row["part"] == "fault" and row["for"] == f"{file} (mapped)"]
        least = 0 if whole["lost_records"] else min(major, sleeps) * 0.5
        check(least <= wait["count"] <= tables["page_faults"][0]["pages"], f"{major} faults, {sleeps} sleeps: {wait}")
        check(time["fault"]["spent"].startswith(f"in page faults: {file} (mapped)"), time)
        # the program has read the clock before and behind each fault: what it computed between them is none of it
        check(0 < time["fault"]["time_ns"] and 0 < wait["time_ns"] <= touched, f"{touched} ns in faults: {wait}, {time}")
        wall = sum(row["time_ns"] for row in time.values())
        if not how:
            check(touched + computed <= wall <= whole["duration_ns"], f"{touched} and {computed} ns of the run's {whole['duration_ns']}: {time}")
            # sleeps in faults overlap with what the kernel counts as CPU, from the moment that it wakes the thread
            check(computed * 0.95 <= time["cpu"]["time_ns"] <= wall - wait["longest_ns"], f"{computed} ns computed: {time}, {wait}")
        for row in tables["thread_time"]:
            parts = sum(v for k, v in row.items() if k.endswith("_ns") and k not in ("duration_ns", "on_cpu_ns"))
            check(abs(parts - row["duration_ns"]) <= row["duration_ns"] * 0.01, f"parts {parts} of {row}")
        equal(sum(row["fault_ns"] > 0 for row in tables["thread_time"]), 2 if how else 0, "threads that slept in faults")
    says(traced(t, program, file, status=0, options=["--faults"]), r"% in page faults: \S*big \(mapped\)")
    _, _, _, text = t.run(program, file, options=["-q"])
    check("in page faults" not in text, f"not looked at: {text}")


def sleeps_before_faults(t):
    """what a thread slept in a call, in the tracer's stops or before it began is no page fault, though a fault comes next"""
    program = ("import mmap, os, threading, time\n"
               "m = mmap.mmap(-1, 64 * 4096)\n"
               "def touch(i):\n"
               "    time.sleep(0.2)\n"
               "    m[i * 4096] = 1\n"
               "    os.read(r, 1)\n"
               "    m[i * 4096 + 4096 * 32] = 1\n"
               "r, w = os.pipe()\n"
               "for i in range(4):\n"
               "    x = threading.Thread(target=touch, args=(i,)); x.start()\n"
               "    time.sleep(0.4); os.write(w, b'x'); x.join()\n")
    status, _, said, text = t.run(*PYTHON, program, options=["--faults", "-q", "--summary=json"])
    equal(status, 0, said)
    rows = json.loads(text[text.index("{"):])["tables"]["waits"]["rows"]
    # all sleeps together are 0.8 s, and those in the read some more (a library may have to be read from the disk, and
    # threads that map memory wait for each other, on a busy machine for some time)
    check(not any(row["part"] == "fault" and row["time_ns"] > 400e6 and "memory" in row["for"] for row in rows), rows)


def event_loops(t):
    """an event loop that only its own time can end, or another thread of its process, sleeps; one that polls for what a child writes waits for that"""
    def parts(program):
        *_, text = t.run(*PYTHON, program, options=["-q", "--summary=json"])
        return {row["part"]: row["time_ns"] for row in json.loads(text)["tables"]["time"]["rows"]}
    for program in ("import asyncio; asyncio.run(asyncio.sleep(.5))",
                    "import os, select\nr, w = os.pipe()\nselect.select([r], [], [], .5)",
                    "import os, select\nr, w = os.pipe()\ne = select.epoll(); e.register(r, 1)\ne.poll(.5)"):
        got = parts(program)
        check(got.get("sleep", 0) >= 0.4e9 and got.get("pipe", 0) < 0.4e9 and got.get("peer", 0) < 0.4e9, f"{program}: {got}")
    got = parts("import select, subprocess\np = subprocess.Popen(['sleep', '.5'], stdout=subprocess.PIPE)\n"
                "s = select.poll(); s.register(p.stdout)\nwhile not s.poll(50): pass\n")
    check(got.get("pipe", 0) >= 0.3e9 and got.get("sleep", 0) < 0.2e9, f"a child's: {got}")
    got = parts("import os, select, signal\nr, w = os.pipe()\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(0))\n"
                "signal.setitimer(signal.ITIMER_REAL, .5)\nselect.select([r], [], [])")
    check(got.get("signal", 0) >= 0.4e9, f"a signal ends it: {got}")


def stopped_waiting(t):
    """who waits for a child that does not end, or until a time is over, waits for what the child does"""
    for command, ended in ((["timeout", "0.7", "sleep", "20"], 124), (["timeout", "-s", "INT", "0.7", "sh", "-c", "sleep 20; true"], 124)):
        status, _, said, text = t.run(*command, options=["-q", "--summary=json"])
        equal(status, ended, said)
        tables = json.loads(text[text.index("{"):])["tables"]
        parts = {row["part"]: row["time_ns"] for row in tables["time"]["rows"]}
        check(parts.get("sleep", 0) > 0.4e9 and parts.get("signal", 0) + parts.get("child", 0) < 0.3e9, f"{command}: {parts}")
        first = next(row for row in tables["process_time"]["rows"] if row["command"].startswith("timeout"))
        check("sleep 20" in json.dumps(first), f"{command}: {first}")


TESTS = [
    sums,
    on_cpu,
    outlived,
    page_faults,
    sleeps_before_faults,
    critical_path,
    path_of_several,
    pipeline,
    event_loops,
    stopped_waiting,
]
