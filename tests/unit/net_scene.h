/* SPDX-License-Identifier: MIT */
#pragma once
/* Calls about sockets by hand. */
#include "scene.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>

static inline struct sockaddr_in v4(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static inline const struct seen *socket_(struct scene *s, uint32_t tid, int family, int type, int fd)
{
	CALL(s, tid, "socket", fd, (uint64_t)family, (uint64_t)type, 0);
	return go(s);
}

static inline const struct seen *addr_call(struct scene *s, uint32_t tid, const char *name, int fd, int64_t ret,
					   const void *a, size_t len)
{
	CALL(s, tid, name, ret, (uint64_t)fd, 0x1000, len);
	in(s, 1, a, len);
	return go(s);
}

static inline const struct seen *connect4(struct scene *s, uint32_t tid, int fd, int64_t ret, const char *ip,
					  unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	return addr_call(s, tid, "connect", fd, ret, &a, sizeof(a));
}

static inline const struct seen *accept_(struct scene *s, uint32_t tid, int fd, int64_t ret, const void *a,
					 uint32_t len)
{
	CALL(s, tid, "accept4", ret, (uint64_t)fd, a ? 0x1000 : 0, a ? 0x2000 : 0, SOCK_CLOEXEC);
	if (a) {
		out(s, 1, a, len);
		part(s, 1, PART_LEN, CHUNK_AT_EXIT, &len, sizeof(len));
	}
	return go(s);
}

static inline const struct seen *accept4_(struct scene *s, uint32_t tid, int fd, int64_t ret, const char *ip,
					  unsigned port)
{
	struct sockaddr_in a = v4(ip, port);

	return accept_(s, tid, fd, ret, &a, sizeof(a));
}

static inline void assert_joined(struct scene *s, uint32_t a, int fda, uint32_t b, int fdb)
{
	struct file *fa = file_of(s, a, fda), *fb = file_of(s, b, fdb);

	assert_int_equal(fa->peer_file, fb->id);
	assert_int_equal(fb->peer_file, fa->id);
	assert_int_equal(fa->peer_proc, world_task(s->w, b)->proc->id);
	assert_int_equal(fb->peer_proc, world_task(s->w, a)->proc->id);
}
