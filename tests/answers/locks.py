# SPDX-License-Identifier: MIT
"""Where the time went: what threads and processes wait for among themselves."""
import json
import os
import pathlib
import re
import subprocess
import sys

from shared import PYTHON, says, screen, traced, words

from harness import Skip, check, equal, need


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
    shares = re.findall(r"([\d.]+) % (?:ready, but|it could have run for [^ ]+, and) no CPU was free", shown)
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


def in_turns(t):
    """a semaphore that is used as a lock is one: by who wakes which thread; what announces something, and what rounds pass, is none"""
    need("gcc")
    program = t.scratch / "turns"
    (t.scratch / "turns.c").write_text(TURNS)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/turns.c -o {program}"), 0, "gcc")
    for how in ("lock", "writers"):
        shown = traced(t, program, how, status=0)
        says(shown, r"waiting for a lock: futex 0x[0-9a-f]+, [45] threads", r"4 threads of turns \(\d+\) waited for one lock, futex 0x[0-9a-f]+")
    for how in ("announce", "barrier", "pool"):
        *_, text = t.run(program, how, options=["-q", "--summary=json"])
        tables = json.loads(text)["tables"]
        check(not [row for row in tables["findings"]["rows"] if row["rule"] == "lock"], f"{how}: {tables['findings']}")
        waits = [row for row in tables["waits"]["rows"] if "futex" in row["for"] and row["time_ns"] > 10 ** 8]
        check(waits and all(row["part"] == "wake" for row in waits), f"{how}: {waits}")


TURNS = """
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t b;
static sem_t s;
static char how;
static int queued = 1, ran;
static void *work(void *arg)
{
	for (int i = 0; i < 10; i++) {
		if (how == 'l') {
			sem_wait(&s);
			usleep(20000);
			sem_post(&s);
			usleep(1000);
		} else if (how == 'w') {
			pthread_rwlock_wrlock(&rw);
			usleep(20000);
			pthread_rwlock_unlock(&rw);
			usleep(1000);
		} else if (how == 'a') {
			sem_wait(&s);
			usleep(5000);
		} else if (how == 'b') {
			usleep(arg ? 20000 : 1000);
			pthread_barrier_wait(&b);
		}
	}
	while (how == 'p') {	/* each that has worked wakes the next one */
		pthread_mutex_lock(&m);
		while (!queued && ran < 20)
			pthread_cond_wait(&c, &m);
		queued = 0;
		pthread_mutex_unlock(&m);
		if (ran >= 20)
			break;
		usleep(20000);
		pthread_mutex_lock(&m);
		queued = 1;
		ran++;
		pthread_mutex_unlock(&m);
		ran < 20 ? pthread_cond_signal(&c) : pthread_cond_broadcast(&c);
		usleep(1000);
	}
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t t[4];
	int n = argv[1][0] == 'b' ? 2 : 4;
	how = argv[1][0];
	sem_init(&s, 0, how == 'l');
	pthread_barrier_init(&b, 0, 2);
	for (long i = 0; i < n; i++)
		pthread_create(&t[i], 0, work, (void *)i);
	for (int i = 0; i < 40 && how == 'a'; i++) {
		usleep(10000);
		sem_post(&s);
	}
	for (int i = 0; i < n; i++)
		pthread_join(t[i], 0);
	return argc < 1;
}
"""


def of_python(t):
    """locks of Python, of threads and of processes, are locks; workers that wait for work are not"""
    shown = traced(t, *PYTHON, THREADS, "lock", status=0)
    version = subprocess.run([*PYTHON, "import sys; print(sys.version_info >= (3, 13))"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "True" in version:       # each thread waits at a word of its own there, for whatever lock of the script's
        equal(locks_of_script(t, "lock"), [], "words that several wait at")
    else:
        says(shown, r"waiting for a lock: futex 0x[0-9a-f]+, [45] threads", r"4 threads of \S+ \(\d+\) waited for one lock, futex 0x[0-9a-f]+")
    shown = traced(t, *PYTHON, THREADS, "processes", status=0)
    says(shown, r"4 threads of several processes waited for one lock, futex /dev/shm/sem\.\S+")
    equal(locks_of_script(t, "pool"), [], "what an idle pool waits for")


def locks_of_script(t, kind):
    """The locks of the findings, without those of the interpreter itself: on a slow machine its threads wait for each
    other at the mutex of the GIL, which is a lock, and lies with all that is its own at _PyRuntime."""
    status, out, _, text = t.run(*PYTHON, THREADS, kind)
    equal(status, 0, "the exit status")
    runtime = int(out, 16)
    found = [(what, re.fullmatch(r"futex (0x[0-9a-f]+)", what)) for what in re.findall(r"waited for one lock, ([^:]+)", words(screen(text)))]
    return [what for what, word in found if not word or not runtime <= int(word[1], 16) < runtime + (1 << 20)]


THREADS = """
import concurrent.futures, ctypes, multiprocessing, sys, threading, time
kind = sys.argv[1]
print(hex(ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))))
if kind == "pool":
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for i in range(20):
            list(pool.map(time.sleep, [.005] * 4))
            time.sleep(.02)
    sys.exit()
fork = multiprocessing.get_context("fork")
lock, task = (threading.Lock(), threading.Thread) if kind == "lock" else (fork.Lock(), fork.Process)
def work():
    for _ in range(10):
        with lock:
            time.sleep(.02)
        time.sleep(.001)
tasks = [task(target=work) for _ in range(4)]
with lock:      # all of them wait for it, however slowly they start
    for one in tasks:
        one.start()
for one in tasks:
    one.join()
"""


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
elif kind == "semaphore":
    def semop(by):
        assert libc.semop(semaphores, ctypes.byref((ctypes.c_short * 3)(0, by, 0)), 1) == 0
    semaphores = libc.semget(0, 1, 0o600)
    libc.semctl(semaphores, 0, 16, 0)    # SETVAL
    later(lambda: semop(1))
    semop(-1)
    libc.semctl(semaphores, 0, 0)
elif kind == "signal":
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    me = os.getpid()
    later(lambda: os.kill(me, signal.SIGUSR1))
    signal.sigwait([signal.SIGUSR1])
else:
    watch = libc.inotify_init1(0)
    libc.inotify_add_watch(watch, directory.encode(), 0x100)
    later(lambda: open(directory + "/new", "w"))
    os.read(watch, 1000)
os.wait()
"""


def messages(t):
    """a message queue of either kind, a semaphore, a signal and a file that comes into being are waited for: as what they are, by default"""
    for kind, part in (("sysv", "message"), ("posix", "message"), ("inotify", "watch"), ("semaphore", "lock"), ("signal", "signal")):
        *_, text = t.run(*PYTHON, WAITS, kind, t.scratch, options=["-q", "--summary=json"])
        rows = json.loads(text)["tables"]["waits"]["rows"]
        # (the child may be late, and then the parent waits for longer)
        check(any(row["part"] == part and row["time_ns"] > 10 ** 8 for row in rows), f"{kind}: {rows}")
        if kind == "semaphore":
            check(any(re.match(r"semaphore set \d+$", row["for"]) for row in rows if row["part"] == part), rows)
        check(not any(row["part"] in ("lock", "file") and row["time_ns"] > 10 ** 8 and "inotify" in row["for"] for row in rows), f"{kind}: {rows}")


FILE_LOCK = """
import fcntl, os, sys, time
how, name = sys.argv[1:]
def take():
    f = open(name, "w")
    if how == "flock": fcntl.flock(f, fcntl.LOCK_EX)
    elif how == "fcntl": fcntl.lockf(f, fcntl.LOCK_EX)
    else: fcntl.fcntl(f, 38, b"\\1\\0" + bytes(30))   # F_OFD_SETLKW, F_WRLCK, all of it
    return f
r, w = os.pipe()
if os.fork() == 0:
    held = take()
    os.write(w, b"x")
    time.sleep(0.8)
    os._exit(0)
os.read(r, 1)
take()
os.wait()
"""


def of_files(t):
    """a lock of a file, of each kind, and one thread that waits for it: by its name, and a finding"""
    name = os.path.realpath(t.scratch) + "/the.lock"
    for how in ("flock", "fcntl", "ofd"):
        shown = traced(t, *PYTHON, FILE_LOCK, how, name, status=0)
        says(shown, rf"waiting for a lock: \S*the\.lock \(locked\)", rf"Findings .*python\S* \(\d+\) waited for a lock, {name} \(locked\): \S+")


TESTS = [
    lock,
    of_files,
    shared_lock,
    idle_pool,
    in_turns,
    of_python,
    messages,
    futex_waitv,
]
