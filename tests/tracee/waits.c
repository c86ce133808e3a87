/* SPDX-License-Identifier: MIT */
/*
 * Waits under a rain of ignored signals: they end at the end of their time and report what they report then, in 64-bit
 * and in 32-bit programs, and one of several threads is never interrupted by what another thread took.
 */
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "base/process.h"
#include "tracee.h"

enum { LIMIT_MS = 90, RAIN_MS = 13, DROPS = 2000 };

static const struct timespec limit = { 0, LIMIT_MS * 1000000 };
static _Atomic int *drops;	/* a wait that starts again with each of them lasts until there are no more */
static pid_t rain;

static void begin_rain(void)
{
	pid_t me = getpid();

	drops = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	rain = fork();
	if (rain == 0) {
		const struct timespec some = { 0, RAIN_MS * 1000000 };

		/* in pairs: the second may meet a call that is being started again */
		for (; *drops < DROPS && kill_one(me, SIGWINCH) == 0 && kill_one(me, SIGUSR1) == 0; ++*drops)
			nanosleep(&some, NULL);
		_exit(0);
	}
}

static void end_rain(void)
{
	kill_one(rain, SIGKILL);
	reap(rain);
}

static uint64_t since_ns;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void from_here(void)
{
	CHECK(*drops < DROPS);
	since_ns = now_ns();
}

/* The call that began at from_here() has waited for its whole time, and not until the rain was over. */
static void to_here(const char *what, long ret, int err, long want, int want_err)
{
	uint64_t took = now_ns() - since_ns;

	if (ret != want || (want < 0 && err != want_err) || took < LIMIT_MS * 1000000ull || *drops >= DROPS) {
		dprintf(2, "%s = %ld, errno %d after %llu ms, drop %d\n", what, ret, err,
			(unsigned long long)took / 1000000, *drops);
		CHECK(!"the wait ended as untraced");
	}
}

#define WAIT(call_, want_, errno_) do {	\
	long ret_;			\
	from_here();			\
	ret_ = (call_);			\
	to_here(#call_, ret_, errno, want_, errno_); } while (0)

static void timed(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), sem = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf down = { 0, -1, 0 };
	aio_context_t aio = 0;
	struct epoll_event ev;
	struct io_event done;
	struct timespec *fixed, ts = limit;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	expect_call("epoll_wait(*, 1, %d) = 0", LIMIT_MS);
	WAIT(epoll_wait(ep, &ev, 1, LIMIT_MS), 0, 0);
	WAIT(epoll_pwait(ep, &ev, 1, LIMIT_MS, &set), 0, 0);
	expect_call("epoll_pwait2(*) = 0");
	WAIT(syscall(SYS_epoll_pwait2, ep, &ev, 1, &limit, NULL, 8), 0, 0);
	expect_call("rt_sigtimedwait(* = -1 EAGAIN*");
	WAIT(sigtimedwait(&set, NULL, &limit), -1, EAGAIN);
	expect_call("semtimedop(* = -1 EAGAIN*");
	WAIT(semtimedop(sem, &down, 1, &limit), -1, EAGAIN);
	semctl(sem, 0, IPC_RMID);
	CHECK(syscall(SYS_io_setup, 4, &aio) == 0);
	expect_call("io_getevents(*) = 0");
	WAIT(syscall(SYS_io_getevents, aio, 1, 1, &done, &ts), 0, 0);
	expect_call("io_pgetevents(*) = 0");
	WAIT(syscall(SYS_io_pgetevents, aio, 1, 1, &done, &ts, NULL), 0, 0);
	syscall(SYS_io_destroy, aio);
	/* what is left cannot be written back: the kernel does not start these again */
	fixed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*fixed = limit;
	mprotect(fixed, 4096, PROT_READ);
	WAIT(syscall(SYS_ppoll, NULL, 0, fixed, NULL, 8), 0, 0);
	WAIT(syscall(SYS_pselect6, 0, NULL, NULL, NULL, fixed, NULL), 0, 0);
	munmap(fixed, 4096);
	close(ep);
}

static void sockets(void)
{
	struct timeval tv = { 0, LIMIT_MS * 1000 };
	struct sockaddr_in any = { .sin_family = AF_INET };
	int sv[2], fds[2], passwd = open("/etc/passwd", O_RDONLY | O_CLOEXEC),
			   listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[4096] = "";
	struct iovec iov = { text, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0 && pipe2(fds, O_CLOEXEC) == 0);
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0 && setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	expect_call("recvfrom(* = -1 EAGAIN*");
	WAIT(recv(sv[0], text, 1, 0), -1, EAGAIN);
	WAIT(recvmsg(sv[0], &msg, 0), -1, EAGAIN);
	WAIT(read(sv[0], text, 1), -1, EAGAIN);
	expect_call("preadv2(* = -1 EAGAIN*");
	WAIT(preadv2(sv[0], &iov, 1, -1, 0), -1, EAGAIN);
	expect_call("splice(* = -1 EAGAIN*");
	WAIT(splice(sv[0], NULL, fds[1], NULL, 1, 0), -1, EAGAIN);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	while (write(sv[0], text, sizeof(text)) > 0 || write(sv[0], text, 1) > 0)
		;
	fcntl(sv[0], F_SETFL, 0);
	WAIT(send(sv[0], text, 1, 0), -1, EAGAIN);
	WAIT(write(sv[0], text, 1), -1, EAGAIN);
	expect_call("pwritev2(* = -1 EAGAIN*");
	WAIT(pwritev2(sv[0], &iov, 1, -1, 0), -1, EAGAIN);
	expect_call("sendfile(* = -1 EAGAIN*");
	WAIT(sendfile(sv[0], passwd, NULL, 10), -1, EAGAIN);
	CHECK(bind(listener, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(listener, 1) == 0);
	CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	expect_call("accept(* = -1 EAGAIN*");
	WAIT(accept(listener, NULL, NULL), -1, EAGAIN);
	for (int fd = 0; fd < 2; fd++)
		close(sv[fd]), close(fds[fd]);
	close(listener);
	close(passwd);
}

/* ---- by i386's numbers, through int $0x80: tests/tracee/i386.c ---- */

static struct {
	uint32_t args[6];
	struct {
		int32_t s, ns;
	} ts;
	uint64_t set;
	struct sembuf down;
	struct epoll_event ev;
	char c;
} * low;

static long i386(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int32_t)ret >= 0)
		return (int32_t)ret;
	errno = -(int32_t)ret;
	return -1;
}

static uint32_t at(const void *p) { return (uint32_t)(uintptr_t)p; }

/*
 * glibc's semtimedop is ipc(SEMTIMEDOP) there, its recv socketcall(SYS_RECV): 256 epoll_wait, 177 rt_sigtimedwait, 117
 * ipc, 102 socketcall.
 */
static void narrow(void)
{
	struct timeval tv = { 0, LIMIT_MS * 1000 };
	int ep = epoll_create1(EPOLL_CLOEXEC), sem = semget(IPC_PRIVATE, 1, 0600), sv[2];

	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	low->ts.ns = LIMIT_MS * 1000000;
	low->set = 1ull << (SIGUSR2 - 1);
	low->down.sem_op = -1;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0 && setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	WAIT(i386(256, ep, at(&low->ev), 1, LIMIT_MS, 0), 0, 0);
	WAIT(i386(177, at(&low->set), 0, at(&low->ts), 8, 0), -1, EAGAIN);
	/* the sixth argument is in ebp: not within reach of i386(); without a limit it would wait for good */
	memcpy(low->args, (uint32_t[]){ (uint32_t)sv[0], at(&low->c), 1, 0 }, 16);
	WAIT(i386(102, 10 /* SYS_RECV */, at(low->args), 0, 0, 0), -1, EAGAIN);
	WAIT(i386(3, sv[0], at(&low->c), 1, 0, 0), -1, EAGAIN);
	semctl(sem, 0, IPC_RMID);
	close(ep);
	close(sv[0]);
	close(sv[1]);
	munmap(low, sizeof(*low));
}

/* ---- several threads ---- */

static _Atomic int nwaits, ninterrupted;
static _Atomic bool enough;

static void *waits_in_epoll(void *arg)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev;

	while (!enough) {
		ninterrupted += epoll_wait(ep, &ev, 1, 5) < 0;
		nwaits++;
	}
	close(ep);
	return arg;
}

static void *waits_in_recv(void *arg)
{
	struct timeval tv = { 0, 5000 };
	int sv[2];
	char c;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0 && setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	while (!enough)
		ninterrupted += recv(sv[0], &c, 1, 0) < 0 && errno == EINTR;
	close(sv[0]);
	close(sv[1]);
	return arg;
}

/* As many kinds of wait as there are that EINTR may end, one after the other. */
static void *waits_in_others(void *arg)
{
	const struct timespec some = { 0, 5000000 };
	int sem = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf down = { 0, -1, 0 };
	aio_context_t aio = 0;
	struct io_event done;
	unsigned word = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sem >= 0 && syscall(SYS_io_setup, 4, &aio) == 0);
	for (unsigned i = 0; !enough; i++) {
		struct timespec ts = some;
		long r = i % 6 == 0 ? sigtimedwait(&set, NULL, &ts) :
			 i % 6 == 1 ? semtimedop(sem, &down, 1, &ts) :
			 i % 6 == 2 ? syscall(SYS_io_getevents, aio, 1, 1, &done, &ts) :
			 i % 6 == 3 ? syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8) :
			 i % 6 == 4 ? syscall(SYS_futex, &word, 128 /* FUTEX_WAIT_PRIVATE */, 0, &ts, NULL, 0) :
				      nanosleep(&ts, NULL);

		ninterrupted += r < 0 && errno == EINTR;
	}
	semctl(sem, 0, IPC_RMID);
	syscall(SYS_io_destroy, aio);
	return arg;
}

/*
 * Children end, and SIGCHLD has no handler.  Not before fork(2) is over: from glibc 2.41 on all signals are blocked
 * in it, and a signal that is blocked is not ignored, but interrupts the wait of another thread.
 */
static void threads(void)
{
	pthread_t t[8];

	for (unsigned i = 0; i < 8; i++)
		CHECK(pthread_create(&t[i], NULL,
				     i >= 6 ? waits_in_others :
				     i & 1  ? waits_in_recv :
					      waits_in_epoll,
				     NULL) == 0);
	for (int i = 0; i < 300 || nwaits < 20; i++) {
		int go[2];
		pid_t pid;
		char c;

		CHECK(pipe2(go, O_CLOEXEC) == 0);
		pid = fork();
		if (pid == 0) {
			close(go[1]);
			_exit(read(go[0], &c, 1) != 0);
		}
		close(go[0]);
		close(go[1]);
		CHECK(reap(pid) == 0);
	}
	enough = true;
	for (unsigned i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	if (ninterrupted)
		dprintf(2, "%d of %d waits interrupted\n", ninterrupted, nwaits);
	CHECK(ninterrupted == 0);
}

/* ---- what a handler, and a stop, end as ever ---- */

static void on_signal(int signo) { (void)signo; }

static void ended(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev;
	pid_t pid, me = getpid();

	sigaction(SIGUSR2, &sa, NULL);
	CHECK(sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL) == 0);
	for (int stop = 0; stop < 2; stop++) {
		_Atomic bool *over = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		pid = fork();
		if (pid == 0) {
			const struct timespec some = { 0, 20000000 };

			while (!*over) {	/* the wait may not have begun yet */
				nanosleep(&some, NULL);
				kill_one(me, stop ? SIGSTOP : SIGUSR2);
				if (stop)
					kill_one(me, SIGCONT);
			}
			_exit(0);
		}
		CHECK(epoll_wait(ep, &ev, 1, 1000000) < 0 && errno == EINTR);
		*over = true;
		CHECK(reap(pid) == 0);
		munmap((void *)over, 4096);
	}
	close(ep);
}

int main(void)
{
	bool has_i386 = tracee_has_i386();

	signal(SIGUSR1, SIG_IGN);	/* SIGWINCH is by default */
	tracee_begin();
	tracee_ignore("^(kill|signal|fork|thread|exit|killed|stop|continue)");
	tracee_ignore("^(recv|read|write|send|copy|accept|listen|bind|open|setsockopt|semget) ?");
	begin_rain();
	timed();
	sockets();
	if (has_i386)
		narrow();
	end_rain();
	threads();
	ended();
	tracee_end();
}
