/* SPDX-License-Identifier: MIT */
/*
 * floor-ptrace [-s|-y|-n STOPS] COMMAND…: follows the command with ptrace, stops it and its children at calls of
 * sockets, and resumes every stop at once.  The least that a tracer of these calls can cost: it looks at nothing and
 * writes nothing.  With -s it stops at the entry of calls that make a task or execute a program, too, as compendium
 * does: what a program was given is gone when it has been executed.  With -y it stops at what a young process does
 * instead: calls of the loader, births, exec, waits, and where the result is wanted at their ends, as compendium
 * does by default.  With -n each process stops at the entries and ends of its first calls, STOPS times, and then
 * at births and execs alone.
 * Its status is that of the command, or 128 and the signal that ended it.
 */
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define TO_TRACE_IF(how, value, skip) BPF_JUMP(BPF_JMP | (how) | BPF_K, value, skip, 0)

/* socket(2) to getsockopt(2) are neighbours, three more came later.  Calls of other architectures are let through. */
static struct sock_filter calls_of_sockets[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 6),
	LOAD(nr),
	TO_TRACE_IF(BPF_JEQ, SYS_accept4, 5),
	TO_TRACE_IF(BPF_JEQ, SYS_recvmmsg, 4),
	TO_TRACE_IF(BPF_JEQ, SYS_sendmmsg, 3),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_getsockopt, 1, 0),
	TO_TRACE_IF(BPF_JGE, SYS_socket, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
};

/* clone(2), fork(2), vfork(2) and execve(2) are neighbours, two more came later. */
static struct sock_filter and_of_tasks[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 9),
	LOAD(nr),
	TO_TRACE_IF(BPF_JEQ, SYS_accept4, 8),
	TO_TRACE_IF(BPF_JEQ, SYS_recvmmsg, 7),
	TO_TRACE_IF(BPF_JEQ, SYS_sendmmsg, 6),
	TO_TRACE_IF(BPF_JEQ, SYS_clone3, 5),
	TO_TRACE_IF(BPF_JEQ, SYS_execveat, 4),
	/* those of sockets end where those of tasks begin */
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_execve, 2, 0),
	TO_TRACE_IF(BPF_JGE, SYS_socket, 2),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
};

/* What seccomp returns besides: this call stops at its end, too. */
enum { WITH_END = 1 };

static const struct { int nr, how; } young[] = {
	{ SYS_mmap, WITH_END }, { SYS_pread64, WITH_END }, { SYS_openat, WITH_END }, { SYS_close, 0 },
	{ SYS_read, WITH_END }, { SYS_munmap, 0 }, { SYS_access, WITH_END },
	{ SYS_wait4, WITH_END }, { SYS_vfork, 0 }, { SYS_fork, 0 }, { SYS_clone, 0 }, { SYS_execve, WITH_END },
	{ SYS_newfstatat, WITH_END },
};

static struct sock_fprog calls_of_the_young(void)
{
	static struct sock_filter code[2 * sizeof(young) / sizeof(*young) + 9];
	unsigned n = 0;

	code[n++] = (struct sock_filter)LOAD(arch);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)LOAD(nr);
	for (unsigned i = 0; i < sizeof(young) / sizeof(*young); i++) {
		unsigned how = SECCOMP_RET_TRACE | (unsigned)young[i].how;

		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)young[i].nr, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how);
	}
	/* brk(0) asks where the heap ends */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 0, 2);
	code[n++] = (struct sock_filter)LOAD(args);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | WITH_END);
	return (struct sock_fprog){ (unsigned short)n, code };
}

enum which { SOCKETS, TASKS, YOUNG, FIRST };

enum { PIDS = 1 << 22 /* the most that pid_max can be, proc(5) */ };
static unsigned most, stopped[PIDS];	/* with -n: stops of each at calls, and how many there may be */

static struct sock_fprog program(enum which which)
{
	if (which == YOUNG)
		return calls_of_the_young();
	if (which == TASKS)
		return (struct sock_fprog){ sizeof(and_of_tasks) / sizeof(*and_of_tasks), and_of_tasks };
	return (struct sock_fprog){ sizeof(calls_of_sockets) / sizeof(*calls_of_sockets), calls_of_sockets };
}

static void run(char **argv, int go, enum which which)
{
	struct sock_fprog prog = program(which);
	bool filtered = which != FIRST;
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	close(go);
	if (filtered && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog)))
		err(2, "seccomp");
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* A task that died meanwhile cannot be resumed, and is reported again. */
static void resume(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	bool at_call = sig == (SIGTRAP | 0x80);
	unsigned long how = 0;

	stopped[pid % PIDS] += at_call;
	if (event == PTRACE_EVENT_SECCOMP)
		ptrace(PTRACE_GETEVENTMSG, pid, 0, &how);
	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		ptrace(PTRACE_LISTEN, pid, 0, 0);       /* stopped by a signal, until another one */
	else
		ptrace(how == WITH_END || stopped[pid % PIDS] < most ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
		       (long)(event || at_call ? 0 : sig));
}

int main(int argc, char **argv)
{
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD;
	const char *option = argc > 1 ? argv[1] : "";
	enum which which = !strcmp(option, "-s")   ? TASKS
			   : !strcmp(option, "-y") ? YOUNG
			   : !strcmp(option, "-n") ? FIRST
						   : SOCKETS;
	char **words = argv + 1 + (which != SOCKETS);
	int go[2], status, ended = 1;
	pid_t command, pid;

	if (which == FIRST && *words)
		most = (unsigned)strtoul(*words++, NULL, 10);
	if (argc < 2 || !*words)
		errx(2, "usage: floor-ptrace [-s|-y|-n STOPS] COMMAND…");
	if (which == YOUNG)		/* compendium asks an ending process what memory it had */
		options |= PTRACE_O_TRACEEXIT;
	if (pipe(go) || (command = fork()) < 0)
		err(2, "fork");
	if (!command) {
		close(go[1]);
		run(words, go[0], which);
	}
	close(go[0]);
	if (ptrace(PTRACE_SEIZE, command, 0, options) || write(go[1], "", 1) != 1)
		err(2, "ptrace");
	close(go[1]);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			resume(pid, status);
		else if (pid == command)
			ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return ended;
}
