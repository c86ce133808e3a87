/* SPDX-License-Identifier: MIT */
/*
 * Pages that the program fills itself when they are touched (userfaultfd), by a thread that is traced like the others.
 * Whoever reads them to show what a call was given waits for that thread: a tracer must not.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tracee.h"

enum { PAGE = 4096, PAGES = 6 };

static int uffd;
static char *area;
static const char *const texts[PAGES] = { "/etc/hostname", "/tracee/missing", "written", "", "", "" };

static void *serve(void *arg)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		uint64_t at = msg.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
		struct uffdio_copy copy = { .dst = at, .src = (uint64_t)page, .len = PAGE };

		CHECK(msg.event == UFFD_EVENT_PAGEFAULT);
		memset(page, 0, PAGE);
		strcpy(page, texts[(at - (uint64_t)area) / PAGE]);
		/* a file that the tracer looks at, too */
		close(open("/dev/null", O_RDONLY | O_CLOEXEC));
		CHECK(ioctl(uffd, UFFDIO_COPY, &copy) == 0 || errno == EEXIST);
	}
	return arg;
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	struct iovec iov;
	pthread_t t;
	int fd, fds[2];

	tracee_begin();
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0)
		tracee_skip("userfaultfd is not allowed here");
	CHECK(ioctl(uffd, UFFDIO_API, &api) == 0);
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range = (struct uffdio_register){ .range = { (uint64_t)area, PAGES * PAGE },
					  .mode = UFFDIO_REGISTER_MODE_MISSING };
	if (ioctl(uffd, UFFDIO_REGISTER, &range) < 0)
		tracee_skip("userfaultfd cannot register memory here");
	tracee_ignore("^(thread|read .*userfaultfd|exit)");
	CHECK(pthread_create(&t, NULL, serve, NULL) == 0);
	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	/* the name is in a page that is not there when the call is made */
	tracee_ignore("^(open|access) ");
	fd = open(area, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	close(fd);
	CHECK(open(area + PAGE, O_RDONLY) < 0 && errno == ENOENT);
	/* data, and an array that says where data is */
	CHECK(write(fds[1], area + 2 * PAGE, 7) == 7);
	expect("write 7 B to pipe:*");
	iov = (struct iovec){ area + 3 * PAGE, 7 };
	CHECK(readv(fds[0], &iov, 1) == 7 && memcmp(area + 3 * PAGE, "written", 7) == 0);
	expect("read 7 B from pipe:*");
	CHECK(pipe((int *)(area + 4 * PAGE)) == 0);
	CHECK(write(((int *)(area + 4 * PAGE))[1], "x", 1) == 1);
	expect("write 1 B to pipe:*");
	CHECK(access(area + 5 * PAGE, F_OK) < 0 && errno == ENOENT);
	tracee_end();
}
