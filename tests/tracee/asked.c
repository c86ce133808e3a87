/* SPDX-License-Identifier: MIT */
/* Descriptors of which the text of a call does not tell what they are: only the kernel knows. */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <pty.h>
#include <sched.h>
#include <stddef.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>

#include "tracee.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#ifndef SO_PEERPIDFD
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif
enum { SCM_PIDFD_TYPE = 4, PIDFD_GET_NET = 0xff04, PIDFD_GET_USER = 0xff09 };

/* What something is, not what its name looks like; checkpoints compare kinds. */
static void kinds(void)
{
	const char *fifo = in_dir("fifo"), *zero = in_dir("link-to-zero"), *node = in_dir("node"),
		   *dir = in_dir("directory"), *file = in_dir("plain");
	char c[8];
	int fd, w;

	CHECK(mkfifo(fifo, 0600) == 0);
	expect("mknod %s", fifo);
	fd = open(fifo, O_RDONLY | O_NONBLOCK);
	expect("open %s (read)", fifo);
	w = open(fifo, O_WRONLY);
	expect("open %s (write)", fifo);
	CHECK(fd >= 0 && w >= 0);
	CHECK(symlink("/dev/zero", zero) == 0);
	expect("symlink /dev/zero → %s", zero);
	CHECK(open(zero, O_RDONLY) >= 0);
	expect("open %s (read)", zero);
	if (mknod(node, S_IFCHR | 0600, makedev(1, 3)) == 0) {
		expect("mknod %s", node);
		if (open(node, O_RDWR) >= 0)
			expect("open %s (read/write)", node);
		else
			expect("open %s (read/write) *", node);
	} else {
		expect("mknod %s EPERM", node);
	}
	CHECK(mkdir(dir, 0700) == 0);
	expect("mkdir %s", dir);
	CHECK(open(dir, O_RDONLY) >= 0);		/* without O_DIRECTORY */
	expect("open %s (read)", dir);
	CHECK(open(file, O_RDWR | O_CREAT, 0600) >= 0);
	expect("open %s (read/write, create)", file);
	checkpoint("fd", "kinds");
	CHECK(write(w, "abc", 3) == 3 && read(fd, c, 3) == 3);
	expect("write 3 B to %s", fifo);
	expect("read 3 B from %s", fifo);
	CHECK(close_range(3, ~0u, 0) == 0);
}

/* openpty(3) takes the terminal by TIOCGPTPEER. */
static void terminals(void)
{
	int master, slave;
	char name[64];

	if (openpty(&master, &slave, name, NULL, NULL) < 0)
		return;
	expect("open /dev/ptmx (read/write)");
	expect("open %s (read/write)", name);
	checkpoint("fd", "terminals");
	CHECK(write(slave, "hello", 5) == 5);
	expect("write 5 B to %s", name);
	CHECK(close_range(3, ~0u, 0) == 0);
}

static void requests(void)
{
	int ns = open("/proc/self/ns/net", O_RDONLY), s = socket(AF_INET, SOCK_DGRAM, 0), uffd;

	expect("open /proc/self/ns/net (read)");
	CHECK(ns >= 0 && ioctl(ns, NS_GET_USERNS) >= 0);
	close(ns);			/* the path that it was opened by is its name */
	ioctl(s, SIOCGSKNS);		/* an administrator may */
	uffd = open("/dev/userfaultfd", O_RDWR);
	if (uffd >= 0)
		expect("open /dev/userfaultfd (read/write)");
	else
		expect("open /dev/userfaultfd *");
	ioctl(uffd, USERFAULTFD_IOC_NEW, O_CLOEXEC);
	syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);

	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	CHECK(self >= 0);
	ioctl(self, PIDFD_GET_NET, 0);	/* Linux 6.11 */
	ioctl(self, PIDFD_GET_USER, 0);
	checkpoint("fd", "requests");
	CHECK(close_range(3, ~0u, 0) == 0);
}

static void others(void)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };
	uint64_t rules[2] = { 1 };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	struct { uint32_t fd, pad; uint64_t key, value, flags; } update = { .fd = (uint32_t)fd };
	uint32_t key = 0;
	uint64_t value = 1;
	const char *name = "/compendium-tracee";

	update.key = (uintptr_t)&key;
	update.value = (uintptr_t)&value;
	/* returns 0, which is no descriptor */
	syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof(update));
	syscall(444 /* landlock_create_ruleset */, rules, 8, 0);
	syscall(444, NULL, 0, 1);	/* its version: no descriptor either */
	mq_unlink(name);
	mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	fd = memfd_create("again", 0);
	CHECK(fd >= 0);

	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(open(path, O_RDWR) >= 0);
	expect("open * (read/write)");
	checkpoint("fd", "others");
	mq_unlink(name);
	CHECK(close_range(3, ~0u, 0) == 0);
}

/* Whose process the other end is: SO_PEERPIDFD, and SCM_PIDFD with a message. */
static void pidfds(void)
{
	char control[CMSG_SPACE(64)], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int sv[2], fd = -1, on = 1;
	socklen_t len = sizeof(fd);

	tracee_ignore("^(send|recv) .*unix");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	getsockopt(sv[0], SOL_SOCKET, SO_PEERPIDFD, &fd, &len);		/* Linux 6.5 */
	setsockopt(sv[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on));
	CHECK(send(sv[0], "x", 1, 0) == 1 && recvmsg(sv[1], &m, MSG_CMSG_CLOEXEC) == 1);
	checkpoint("fd", "pidfds");
	CHECK(close_range(3, ~0u, 0) == 0);
}

/* Each event of a fanotify descriptor brings an open file. */
static void events(void)
{
	const char *path = in_dir("watched");
	char buf[4096];
	int fan = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY), fd;

	fd = open(path, O_RDWR | O_CREAT, 0600);
	expect("open %s (read/write, create)", path);
	CHECK(fd >= 0);
	if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD, FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD, path) < 0) {
		close_range(3, ~0u, 0);		/* root's */
		return;
	}
	CHECK(write(fd, "event", 5) == 5);
	expect("write 5 B to %s", path);
	ssize_t n = read(fan, buf, sizeof(buf));

	CHECK(n >= (ssize_t)sizeof(struct fanotify_event_metadata));
	expect("read %zd B from anon_inode:[fanotify]", n);
	fd = ((struct fanotify_event_metadata *)buf)->fd;
	CHECK(fd >= 0);
	checkpoint("fd", "events");
	CHECK(pread(fd, buf, 5, 0) == 5);
	expect("read 5 B from %s", path);
	CHECK(close_range(3, ~0u, 0) == 0);
}

/* A supervisor (seccomp_unotify(2)) puts another file there than the program asks for. */
static void supervised(void)
{
	const char *given = in_dir("given"), *wanted = in_dir("wanted");
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_LEN(code), code };
	struct seccomp_notif req = { 0 };
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), fd, listener;
	char buf[8];
	pid_t pid;

	fd = open(given, O_RDWR | O_CREAT, 0600);
	expect("open %s (read/write, create)", given);
	CHECK(write(fd, "given", 5) == 5);
	expect("write 5 B to %s", given);
	close(fd);
	fd = open(given, O_RDONLY);
	expect("open %s (read)", given);
	shared[0] = -1;
	pid = fork();
	if (pid == 0) {
		close(fd);
		CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		__atomic_store_n(&shared[0],
				 (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
					      &prog),
				 __ATOMIC_SEQ_CST);
		CHECK(shared[0] >= 0);
		expect("open %s (read)", given);
		fd = (int)syscall(SYS_openat, AT_FDCWD, wanted, O_RDONLY);
		CHECK(fd >= 0 && read(fd, buf, sizeof(buf)) == 5);
		expect("read 5 B from %s", given);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	while (__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST) < 0)
		sched_yield();
	listener = (int)syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, pid, 0), shared[0], 0);
	CHECK(listener >= 0 && ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0);

	struct seccomp_notif_addfd add = { .id = req.id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (unsigned)fd };

	CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0);
	CHECK(reap(pid) == 0);
	close(fd);			/* both share one offset, which no call reports */
	checkpoint("fd", "supervised");
	CHECK(close_range(3, ~0u, 0) == 0);
}

int main(void)
{
	tracee_begin();
	tracee_ignore("/proc/self/ns|^mq_");
	CHECK(close_range(3, ~0u, 0) == 0);
	kinds();
	terminals();
	requests();
	others();
	pidfds();
	events();
	supervised();
	tracee_end();
}
