# SPDX-License-Identifier: MIT
"""Threads that wait for each other until a person, or a time that is over, ends them."""
import json
import os
import re
import subprocess
import time

from shared import PYTHON, says, traced, words

from harness import PATIENCE, check, equal, eventually, need


def built(t):
    need("gcc")
    program = t.scratch / "stuck"
    (t.scratch / "stuck.c").write_text(STUCK)
    equal(os.system(f"gcc -O1 -pthread {t.scratch}/stuck.c -o {program}"), 0, "gcc")
    return program


def findings(t, *command):
    """The rows of deadlocks, and of locks."""
    *_, text = t.run(*command, options=["-q", "--summary=json"])
    return [row for row in json.loads(text)["tables"]["findings"]["rows"] if row["rule"] in ("deadlock", "lock")]


STUCK = """
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t s;
static char how;
static void posts(int signo) { (void)signo; sem_post(&s); }
static void *work(void *second)
{
	if (how == 'l') {	/* the first that gets it ends with it */
		pthread_mutex_lock(&a);
	} else if (how == 'b') {
		pthread_barrier_wait(&barrier);
	} else if (how == 's') {
		sem_wait(&s);
	} else if (how == 'c' || how == 'q') {
		pthread_mutex_lock(&a);
		for (;;)
			pthread_cond_wait(&c, &a);
	} else {
		pthread_mutex_lock(second ? &b : &a);
		usleep(200000);
		pthread_mutex_lock(second ? &a : &b);
	}
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t t[5];
	int n = argv[1][0] == 'a' || argv[1][0] == 'p' ? 2 : argv[1][0] == 'l' ? 5 : 3;

	how = argv[1][0];
	sem_init(&s, 0, 0);
	pthread_barrier_init(&barrier, 0, 9);
	if (how == 'q')
		signal(SIGTERM, posts);
	if (how == 'l')
		pthread_mutex_lock(&a);
	for (long i = 0; i < n; i++)
		pthread_create(&t[i], 0, work, (void *)i);
	if (how == 'q') {
		while (sem_wait(&s) && errno == EINTR)
			;
		_exit(0);
	}
	if (how == 'l') {
		usleep(300000);
		pthread_mutex_unlock(&a);
	}
	if (how == 'a')
		for (int i = 0; i < n; i++)
			pthread_join(t[i], 0);
	pause();
	return argc < 1;
}
"""


def each_other(t):
    """two mutexes that two threads take in a different order, and main joins them: whichever way it is ended, first of all findings"""
    program = built(t)
    for signal in ("INT", "KILL"):
        shown = traced(t, "timeout", "-s", signal, "3", program, "abba")
        says(shown, rf"Findings [\d.]+ % all 3 threads of stuck \((\d+)\) waited for each other until SIG{signal}, the longest [\d.]+s: "
                    r"\1 for thread (\d+) to end; \2 for futex 0x[0-9a-f]+; \d+ for futex 0x[0-9a-f]+")


def part(t):
    """the same where main waits for a signal; and four threads for one lock whose holder ended: the lock, and no second finding of it"""
    program = built(t)
    rows = findings(t, "timeout", "3", program, "part")
    equal([row["rule"] for row in rows], ["deadlock"], "findings")
    says(rows[0]["finding"], r"^2 threads of stuck \(\d+\) waited for locks until SIGTERM, the longest [\d.]+s: \d+ for futex 0x[0-9a-f]+; \d+ for futex 0x[0-9a-f]+$")
    rows = findings(t, "timeout", "3", program, "lock")
    equal([row["rule"] for row in rows], ["deadlock"], "findings")
    says(rows[0]["finding"], r"^4 threads of stuck \(\d+\) waited for one lock, futex 0x[0-9a-f]+ \(\d+ had it last\) until SIGTERM, the longest [\d.]+s: no thread released it$")


def attached(t):
    """a process that hangs already and is attached to: until the trace ended"""
    with subprocess.Popen([built(t), "abba"]) as victim:
        try:
            eventually(lambda: len(os.listdir(f"/proc/{victim.pid}/task")) == 3 and "futex" in waits(victim.pid), "the threads")
            time.sleep(.5)
            p = t.attach(victim.pid, "-q", "--duration", "1500ms")
            equal(p.wait(PATIENCE), 0, "the exit status")
            says(words(p.text()), rf"Findings [\d.]+ % all 3 threads of stuck \({victim.pid}\) waited for each other until the trace ended, the longest [\d.]+s: ")
        finally:
            victim.kill()


def waits(pid):
    with open(f"/proc/{pid}/wchan", encoding="ascii") as f:
        return f.read()


def of_python(t):
    """a lock of Python that its only thread takes twice"""
    program = "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()"
    shown = traced(t, "timeout", "-s", "INT", "4", *PYTHON, program)
    says(shown, r"Findings [\d.]+ % python\S* \(\d+\) waited for futex 0x[0-9a-f]+ until SIGINT, [\d.]+m?s: no other thread was left to wake it")


def none(t):
    """threads that wait for work, at a barrier or a semaphore, while main waits for a signal, are no deadlock; nor is who ends well when asked to"""
    program = built(t)
    for how in ("condition", "barrier", "semaphore", "quits"):
        equal(findings(t, "timeout", "2", program, how), [], how)
    pool = "import concurrent.futures, time\nwith concurrent.futures.ThreadPoolExecutor(4) as pool:\n    list(pool.map(time.sleep, [.01] * 8)); time.sleep(10)"
    check(not re.search("deadlock", str(findings(t, "timeout", "-s", "KILL", "3", *PYTHON, pool))), "a pool without work")


TESTS = [each_other, part, attached, of_python, none]
