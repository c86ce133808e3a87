# SPDX-License-Identifier: MIT
"""Where the time went: programs that are slow for a known reason."""
import json
import os
import pathlib
import re
import subprocess
import sys

from shared import PYTHON, SERVER, says, screen, traced, words

from harness import PATIENCE, Skip, check, equal, need, need_root


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


TESTS = [
    sums,
    on_cpu,
    slow_server,
    one_peer,
    node,
    ring,
    carried,
    lock,
    shared_lock,
    idle_pool,
    critical_path,
    pipeline,
    messages,
    futex_waitv,
]
