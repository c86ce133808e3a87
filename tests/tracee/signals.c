/* SPDX-License-Identifier: MIT */
/*
 * Signals: who sent them, siginfo intact, real-time order, ignored ones that wake no thread, SIGTRAP that is the
 * program's own.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "tracee.h"

static volatile int seen[128], nseen;
static volatile siginfo_t last;

static void on_signal(int signo, siginfo_t *si, void *uc)
{
	(void)uc;
	seen[nseen++ % 128] = signo;
	memcpy((void *)&last, si, sizeof(last));
}

static void handle(int signo, int flags)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags };

	CHECK(sigaction(signo, &sa, NULL) == 0);
}

static void queued(void)
{
	sigset_t set;
	union sigval v = { .sival_int = 4711 };

	/* real-time signals: queued, lowest first, each with its value */
	sigemptyset(&set);
	for (int i = 0; i < 3; i++) {
		handle(SIGRTMIN + i, 0);
		sigaddset(&set, SIGRTMIN + i);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	nseen = 0;
	for (int i = 2; i >= 0; i--) {
		v.sival_int = 100 + i;
		CHECK(sigqueue(getpid(), SIGRTMIN + i, v) == 0);
		expect("kill SIGRT_%d → %d", i + 2, getpid());	/* the kernel's first is 32, libc keeps two */
	}
	/*
	 * Unblocked together, frames are made for all of them at once, each handler runs before the one below it: the
	 * lowest number is taken first and so runs last.
	 */
	for (int i = 0; i < 3; i++)
		expect("signal SIGRT_%d from pid %d", i + 2, getpid());
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(nseen == 3);
	CHECK(last.si_code == SI_QUEUE && last.si_pid == getpid() && last.si_value.sival_int >= 100);

	handle(SIGUSR1, 0);
	nseen = 0;
	expect("kill SIGUSR1 → %d", tid_now());
	expect("signal SIGUSR1 from pid %d", getpid());
	CHECK(syscall(SYS_tgkill, getpid(), tid_now(), SIGUSR1) == 0);
	CHECK(nseen == 1 && last.si_code == SI_TKILL && last.si_uid == getuid());
}

/* A timer's has no sender. */
static void timers(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 5 };
	struct itimerspec it = { .it_value.tv_nsec = 1000000 };
	struct itimerval iv = { .it_value.tv_usec = 1000 };
	timer_t timer;
	sigset_t set, old;

	handle(SIGUSR2, 0);
	handle(SIGALRM, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, &old);
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0 && timer_settime(timer, 0, &it, NULL) == 0);
	sigdelset(&old, SIGUSR2);
	expect("signal SIGUSR2");
	CHECK(sigsuspend(&old) < 0 && errno == EINTR && last.si_code == SI_TIMER && last.si_value.sival_int == 5);
	timer_delete(timer);
	CHECK(setitimer(ITIMER_REAL, &iv, NULL) == 0);
	expect("signal SIGALRM");
	sigaddset(&old, SIGUSR2);
	sigdelset(&old, SIGALRM);
	CHECK(sigsuspend(&old) < 0 && errno == EINTR);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- ignored signals do not interrupt ---- */

static volatile pid_t victim;
static volatile bool done_waiting;
static int wake_fd;

static void *annoy(void *arg)
{
	const struct timespec some = { 0, 3000000 };
	uint64_t one = 1;

	(void)arg;
	for (int i = 0; i < 8 && !done_waiting; i++) {
		nanosleep(&some, NULL);
		syscall(SYS_tgkill, getpid(), victim, i & 1 ? SIGWINCH : SIGUSR1);
	}
	nanosleep(&some, NULL);
	CHECK(write(wake_fd, &one, 8) == 8);
	return NULL;
}

static void ignored(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), sv[2];
	struct epoll_event ev = { .events = EPOLLIN };
	struct timeval tv = { .tv_sec = 100 };
	pthread_t t;
	uint64_t n;
	char c;

	tracee_ignore("^(kill|write .*eventfd|read .*eventfd|recv|thread|send)");
	signal(SIGUSR1, SIG_IGN);	/* SIGWINCH is by default */
	victim = tid_now();
	wake_fd = eventfd(0, EFD_CLOEXEC);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, wake_fd, &ev) == 0);
	tracee_ignore("^signal SIG(USR1|WINCH) from pid \\d+ \\(ignored\\)");
	CHECK(pthread_create(&t, NULL, annoy, NULL) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 100000) == 1);
	done_waiting = true;
	pthread_join(t, NULL);
	CHECK(read(wake_fd, &n, 8) == 8);

	/* a socket with a timeout reports EINTR by itself */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	close(wake_fd);
	wake_fd = sv[1];
	done_waiting = false;
	CHECK(pthread_create(&t, NULL, annoy, NULL) == 0);
	CHECK(recv(sv[0], &c, 1, 0) == 1);
	done_waiting = true;
	pthread_join(t, NULL);

	/* and one that is handled does */
	handle(SIGUSR1, 0);
	close(sv[0]);
	close(sv[1]);
	close(ep);
}

/* The child waits, and no signal is on its way to it. */
static void settled(pid_t pid)
{
	const struct timespec some = { 0, 1000000 };
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	do {
		nanosleep(&some, NULL);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		CHECK(n > 0);
		text[n] = '\0';
		close(fd);
	} while (!strstr(text, "State:\tS") || !strstr(text, "ShdPnd:\t0000000000000000"));
}

/* Each one that is ignored during a call is shown, equal ones too, though the call never returns. */
static void ignored_in_a_call(void)
{
	int fds[2], signals[] = { SIGURG, SIGURG, SIGHUP };
	pid_t pid;
	char c;

	tracee_ignore("^(open|read) .*/proc/");
	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	signal(SIGHUP, SIG_IGN);	/* SIGURG is by default */
	pid = fork();
	if (pid == 0)
		_exit((int)read(fds[0], &c, 1) + 1);
	for (unsigned i = 0; i < 3; i++) {
		settled(pid);
		/* of the last one it is not certain that a tracer came to know it before the end */
		expect_of(pid, i == 2 ? "? signal SIGHUP from pid %d (ignored)" : "signal SIGURG from pid %d (ignored)",
			  getpid());
		CHECK(kill_one(pid, signals[i]) == 0);
	}
	settled(pid);
	kill_one(pid, SIGKILL);
	CHECK(WTERMSIG(reap(pid)) == SIGKILL);
	signal(SIGHUP, SIG_DFL);
	close(fds[0]);
	close(fds[1]);
}

/* ---- SIGTRAP and faults are the program's ---- */

static volatile uint64_t trap_ip;

static void on_trap(int signo, siginfo_t *si, void *ucp)
{
	ucontext_t *uc = ucp;

	(void)si;
	seen[nseen++ % 128] = signo;
	memcpy((void *)&last, si, sizeof(last));
	trap_ip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	if (signo == SIGTRAP)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100L;	/* TF, when single-stepping */
	if (signo == SIGSEGV || signo == SIGILL)
		uc->uc_mcontext.gregs[REG_RIP] += signo == SIGILL ? 2 : 2;
}

static void own_traps(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	nseen = 0;
	expect("signal SIGTRAP");
	__asm__ volatile("int3");
	CHECK(nseen == 1 && last.si_code == SI_KERNEL);
	expect("signal SIGTRAP from pid %d", getpid());
	tracee_ignore("^kill SIGTRAP");
	CHECK(raise(SIGTRAP) == 0 && nseen == 2 && last.si_code == SI_TKILL);
	/* kill with SIGTRAP|0x80 in mind: what a tracer takes for a syscall-stop must not be one */
	expect("signal SIGTRAP");
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::: "cc", "memory");
	CHECK(nseen >= 3 && last.si_code == 2 /* TRAP_TRACE */);

	expect("signal SIGSEGV at 0x10");
	__asm__ volatile("mov $0x10, %%rax; .byte 0x8a, 0x00" ::: "rax", "memory");	/* mov (%rax), %al: two bytes */
	CHECK(seen[(nseen - 1) % 128] == SIGSEGV && last.si_addr == (void *)0x10 && last.si_code == SEGV_MAPERR);
	expect("signal SIGILL at *");
	__asm__ volatile("ud2");
	CHECK(seen[(nseen - 1) % 128] == SIGILL);
}

/* ---- restarts, masks and stacks ---- */

static void on_alt(int signo)
{
	char here;
	stack_t ss;

	(void)signo;
	CHECK(sigaltstack(NULL, &ss) == 0);
	CHECK((char *)ss.ss_sp <= &here && &here < (char *)ss.ss_sp + ss.ss_size);
	nseen++;
}

static void stacks(void)
{
	static char alt[65536];
	stack_t ss = { .ss_sp = alt + 1, .ss_size = sizeof(alt) - 8 };	/* odd */
	struct sigaction sa = { .sa_handler = on_alt, .sa_flags = SA_ONSTACK };

	CHECK(sigaltstack(&ss, NULL) == 0);
	sigaction(SIGUSR2, &sa, NULL);
	nseen = 0;
	tracee_ignore("^kill SIGUSR2");
	for (int i = 0; i < 3; i++) {
		expect("signal SIGUSR2 from pid %d", getpid());
		raise(SIGUSR2);
	}
	CHECK(nseen == 3);
}

static void restarts(void)
{
	struct timespec t = { 0, 60000000 }, rem;
	_Atomic bool *woken = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fds[2];
	pid_t pid, me = getpid();
	char c;

	/* nanosleep goes on after a stop (restart_syscall) and says what is left after a handler */
	handle(SIGUSR1, 0);
	tracee_ignore("^(kill|signal) SIG(USR1|STOP|CONT)");
	tracee_ignore("^(stop|continue)");
	tracee_ignore("^(read|write) .*pipe:");
	tracee_ignore("^fork");
	tracee_ignore("^exit 0");
	CHECK(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		struct timespec some = { 0, 5000000 };

		nanosleep(&some, NULL);
		kill_one(me, SIGSTOP);
		nanosleep(&some, NULL);
		kill_one(me, SIGCONT);
		CHECK(read(fds[0], &c, 1) == 1);
		do {	/* the sleep it is to end may not have begun yet */
			nanosleep(&some, NULL);
			kill_one(me, SIGUSR1);
		} while (!*woken);
		_exit(0);
	}
	CHECK(nanosleep(&t, NULL) == 0);
	CHECK(write(fds[1], "x", 1) == 1);
	t.tv_sec = 100;
	CHECK(nanosleep(&t, &rem) < 0 && errno == EINTR && rem.tv_sec >= 50);
	*woken = true;
	CHECK(reap(pid) == 0);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	tracee_begin();
	queued();
	timers();
	ignored();
	ignored_in_a_call();
	own_traps();
	stacks();
	restarts();
	tracee_end();
}
