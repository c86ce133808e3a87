/* SPDX-License-Identifier: MIT */
/* Arguments as JSON, from records made by hand. */
#include "shown.h"

#include <poll.h>
#include <sys/stat.h>

#include "abi/layout.h"
#include "base/json.h"
#include "sink/value_json.h"

static void show(void *ctx, const struct event *ev)
{
	struct json j = { .b = &shown };

	scene_event(ctx, ev);
	if (!ev->call)
		return;
	buf_reset(&shown);
	args_json(&j, ev);
}

static void in_registers(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "openat", 3, (uint32_t)AT_FDCWD, 0, O_RDWR | O_CREAT | 0x40000000, 0644);
	str(s, 1, "/f");
	shows(s,
	      "{\"dirfd\":{\"fd\":-100,\"cwd\":true},\"path\":\"/f\","
	      "\"flags\":{\"value\":1073741890,\"names\":[\"O_RDWR\",\"O_CREAT\"],\"rest\":1073741824},\"mode\":420}");
	CALL(s, 10, "lseek", 0, 3, (uint64_t)-1, SEEK_END);
	shows(s, "{\"fd\":{\"fd\":3,\"file\":1,\"kind\":\"file\",\"name\":\"/"
		 "f\"},\"offset\":-1,\"whence\":{\"value\":2,\"name\":\"SEEK_END\"}}");
	CALL(s, 10, "lseek", 0, 77, 0, 99);
	shows(s, "{\"fd\":{\"fd\":77,\"file\":2,\"kind\":\"unknown\"},\"offset\":0,\"whence\":{\"value\":99,\"name\":"
		 "null}}");
	CALL(s, 10, "kill", 0, 10, SIGTERM);
	shows(s, "{\"pid\":10,\"sig\":{\"value\":15,\"name\":\"SIGTERM\"}}");
	CALL(s, 10, "getrusage", 0, (uint32_t)-1, 0);
	shows(s, "{\"who\":{\"value\":-1,\"name\":\"RUSAGE_CHILDREN\"},\"usage\":null}");
	CALL(s, 10, "munmap", -EINVAL, 0x7fff00001000, UINT64_MAX);		/* beyond 2^63 */
	shows(s, "{\"addr\":\"0x7fff00001000\",\"length\":\"18446744073709551615\"}");
	CALL(s, 10, "munmap", -EINVAL, 0, INT64_MAX);
	shows(s, "{\"addr\":null,\"length\":9223372036854775807}");
	CALL(s, 10, "mknod", 0, 0, S_IFCHR | 0600, 0x103);
	str(s, 0, "/d");
	shows(s, "{\"path\":\"/"
		 "d\",\"mode\":{\"value\":8576,\"type\":\"S_IFCHR\",\"permissions\":384},\"dev\":{\"major\":1,"
		 "\"minor\":3}}");
}

/* Names are any bytes; what could not be read is no empty string. */
static void names_and_bytes(void **state)
{
	struct scene *s = *state;

	CALL(s, 10, "unlink", -ENOENT, 0x1000);
	str(s, 0, "/a\xff\\\"\n");
	shows(s, "{\"path\":\"/a\\\\xff\\\\\\\\\\\"\\n\"}");
	CALL(s, 10, "unlink", -EFAULT, 0x1000);
	part(s, 0, PART_BYTES, CHUNK_FAULT, "", 0);
	shows(s, "{\"path\":{\"address\":\"0x1000\",\"unreadable\":true}}");
	CALL(s, 10, "unlink", -EFAULT, 0);
	shows(s, "{\"path\":null}");
	CALL(s, 10, "unlink", -ENAMETOOLONG, 0x1000);
	part(s, 0, PART_BYTES, CHUNK_TRUNC, "/long", 5);
	shows(s, "{\"path\":{\"text\":\"/long\",\"cut\":true}}");
	CALL(s, 10, "write", 40, 77, 0x1000, 40);
	in(s, 1, "0123456789012345678901234567890123456789", 40);
	shows(s, "{\"fd\":{\"fd\":77,\"file\":1,\"kind\":\"unknown\"},\"buf\":{\"data\":"
		 "\"01234567890123456789012345678901\",\"size\":40,\"cut\":true},\"count\":40}");
	CALL(s, 10, "write", 2, 77, 0x1000, 2);
	in(s, 1, "\0x", 2);
	shows(s, "{\"fd\":{\"fd\":77,\"file\":1,\"kind\":\"unknown\"},\"buf\":{\"data\":\"\\\\x00x\",\"size\":2},"
		 "\"count\":2}");
}

static void structs(void **state)
{
	struct pollfd before[2] = { { 5, POLLIN, 0 }, { 6, POLLOUT, 0 } },
		      after[2] = { { 5, POLLIN, POLLIN }, { 6, POLLOUT, 0 } };
	struct scene *s = *state;
	struct timespec t = { 1, -2 };
	int status = SIGSEGV | 0x80;

	CALL(s, 10, "poll", 1, 0x1000, 2, (uint64_t)-1);
	in(s, 0, before, sizeof(before));
	out(s, 0, after, sizeof(after));
	shows(s, "{\"fds\":{\"before\":[{\"fd\":{\"fd\":5},\"events\":{\"value\":1,\"names\":[\"POLLIN\"]}},"
		 "{\"fd\":{\"fd\":6},\"events\":{\"value\":4,\"names\":[\"POLLOUT\"]}}],"
		 "\"after\":[{\"fd\":{\"fd\":5},\"events\":{\"value\":1,\"names\":[\"POLLIN\"]},\"revents\":{\"value\":"
		 "1,\"names\":[\"POLLIN\"]}},"
		 "{\"fd\":{\"fd\":6},\"events\":{\"value\":4,\"names\":[\"POLLOUT\"]},\"revents\":{\"value\":0,"
		 "\"names\":[]}}]},\"nfds\":2,\"timeout\":-1}");
	CALL(s, 10, "nanosleep", 0, 0x1000, 0);
	in(s, 0, &t, sizeof(t));
	shows(s, "{\"req\":{\"tv_sec\":1,\"tv_nsec\":-2},\"rem\":null}");
	CALL(s, 10, "nanosleep", 0, 0x1000, 0);
	in(s, 0, &t, 12);	/* a recording that has less than the struct */
	shows(s, "{\"req\":{\"tv_sec\":1,\"more\":true},\"rem\":null}");
	CALL(s, 10, "wait4", 11, 11, 0x1000, 0, 0);
	out(s, 1, &status, sizeof(status));
	shows(s, "{\"pid\":11,\"wstatus\":{\"value\":139,\"killed\":\"SIGSEGV\",\"core\":true},\"options\":{\"value\":"
		 "0,\"names\":[]},\"rusage\":null}");
}

static void sockets(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(443), .sin_addr = { htonl(0x01020304) } };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/\xff" };
	struct scene *s = *state;

	CALL(s, 10, "socket", 3, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	shows(s, "{\"family\":{\"value\":2,\"name\":\"AF_INET\"},\"type\":{\"value\":524289,\"names\":[\"SOCK_STREAM\","
		 "\"SOCK_CLOEXEC\"]},\"protocol\":{\"value\":0,\"name\":\"IPPROTO_IP\"}}");
	CALL(s, 10, "connect", 0, 3, 0x1000, sizeof(to));
	in(s, 1, &to, sizeof(to));
	/* the descriptor as it was given to the call: connected to nothing */
	shows(s, "{\"fd\":{\"fd\":3,\"file\":1,\"kind\":\"socket\",\"protocol\":\"tcp4\"},"
		 "\"addr\":{\"family\":\"AF_INET\",\"ip\":\"1.2.3.4\",\"port\":443},\"addrlen\":16}");
	CALL(s, 10, "listen", -EINVAL, 3, 5);
	shows(s, "{\"fd\":{\"fd\":3,\"file\":1,\"kind\":\"socket\",\"protocol\":\"tcp4\",\"peer\":{\"family\":\"AF_"
		 "INET\",\"ip\":\"1.2.3.4\",\"port\":443}},"
		 "\"backlog\":5}");
	CALL(s, 10, "bind", -ENOENT, 99, 0x1000, 8);
	in(s, 1, &un, 8);
	shows(s, "{\"fd\":{\"fd\":99},\"addr\":{\"family\":\"AF_UNIX\",\"path\":\"/run/\\\\xff\"},\"addrlen\":8}");
}

int main(void)
{
	const struct CMUnitTest tests[] = { VALUES(in_registers), VALUES(names_and_bytes), VALUES(structs),
					    VALUES(sockets) };

	return cmocka_run_group_tests_name("value-json", tests, NULL, NULL);
}
