/* SPDX-License-Identifier: MIT */
#pragma once
/* Sockets of the loopback interface on ports of their own, and the lines that making them gives. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tracee.h"

static inline struct sockaddr_in at(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* A socket on a port of its own. */
static inline int bound(int type, int *ret_port)
{
	struct sockaddr_in a = at(0);
	int fd = socket(AF_INET, type, 0);
	socklen_t len = sizeof(a);

	CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	*ret_port = ntohs(a.sin_port);
	expect("bind %s 127.0.0.1:%d", type == SOCK_STREAM ? "tcp4" : "udp4", *ret_port);
	return fd;
}

static inline int listening(int *ret_port)
{
	int fd = bound(SOCK_STREAM, ret_port);

	CHECK(listen(fd, 8) == 0);
	expect("listen tcp4 127.0.0.1:%d", *ret_port);
	return fd;
}

static inline int connect_to(int fd, int port)
{
	struct sockaddr_in a = at(port);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}
