/* SPDX-License-Identifier: MIT */
#include "decode/call.h"

#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/macro.h"

static bool decode_unix(const char *s, size_t len, struct addr *a)
{
	const char *path = s + offsetof(struct sockaddr_un, sun_path);
	size_t n = MIN(len - offsetof(struct sockaddr_un, sun_path), sizeof(((struct sockaddr_un *)0)->sun_path));

	a->abstract = n && !path[0];	/* n == 0: a socket without a name */
	if (a->abstract) {
		path++;
		n--;		/* the rest counts whole, NULs included (unix(7)) */
	} else {
		n = strnlen(path, n);
	}
	a->len = (uint8_t)n;
	memcpy(a->path, path, n);
	return true;
}

bool decode_addr(const void *bytes, size_t len, struct addr *ret_addr)
{
	struct addr a;
	uint16_t family;

	if (!bytes || len < sizeof(family))
		return false;
	memset(&a, 0, sizeof(a));	/* padding too: addresses are compared as bytes */
	memcpy(&family, bytes, sizeof(family));
	a.family = family;
	if (family == AF_INET) {
		struct sockaddr_in in;

		if (len < offsetof(struct sockaddr_in, sin_zero))
			return false;
		memcpy(&in, bytes, offsetof(struct sockaddr_in, sin_zero));
		a.port = ntohs(in.sin_port);
		a.len = 4;
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (family == AF_INET6) {
		struct sockaddr_in6 in6 = { 0 };

		/* Before RFC 2553 there was no scope id; Linux still takes that. */
		if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return false;
		memcpy(&in6, bytes, MIN(len, sizeof(in6)));
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
		a.len = 16;
		memcpy(a.ip, &in6.sin6_addr, 16);
	} else if (family == AF_UNIX) {
		decode_unix(bytes, len, &a);
	} else if (family == AF_NETLINK) {
		struct sockaddr_nl nl;

		if (len < sizeof(nl))
			return false;
		memcpy(&nl, bytes, sizeof(nl));
		a.id[0] = nl.nl_pid;
		a.id[1] = nl.nl_groups;
	} else if (family == AF_VSOCK) {
		struct sockaddr_vm vm = { 0 };

		if (len < offsetof(struct sockaddr_vm, svm_cid) + sizeof(vm.svm_cid))
			return false;
		memcpy(&vm, bytes, MIN(len, sizeof(vm)));
		a.id[0] = vm.svm_cid;
		a.id[1] = vm.svm_port;
	} else if (family == AF_PACKET) {
		struct sockaddr_ll ll = { 0 };

		if (len < offsetof(struct sockaddr_ll, sll_hatype))
			return false;
		memcpy(&ll, bytes, MIN(len, sizeof(ll)));
		a.scope = (uint32_t)ll.sll_ifindex;
		a.id[0] = ntohs(ll.sll_protocol);
		a.len = MIN(ll.sll_halen, (uint8_t)sizeof(ll.sll_addr));
		memcpy(a.ip, ll.sll_addr, a.len);
	} else if (family == AF_ALG) {
		struct sockaddr_alg alg = { 0 };

		if (len < offsetof(struct sockaddr_alg, salg_feat))
			return false;
		memcpy(&alg, bytes, MIN(len, sizeof(alg)));
		a.len = (uint8_t)snprintf(a.path, sizeof(a.path), "%.*s(%.*s)", (int)sizeof(alg.salg_type),
					  (const char *)alg.salg_type, (int)sizeof(alg.salg_name),
					  (const char *)alg.salg_name);
	}
	memcpy(ret_addr, &a, sizeof(a));
	return true;
}

static size_t encode_unix(const struct addr *a, struct sockaddr_un *un)
{
	size_t n = MIN((size_t)a->len, sizeof(un->sun_path) - a->abstract);

	memcpy(un->sun_path + a->abstract, a->path, n);
	return offsetof(struct sockaddr_un, sun_path) + a->abstract + n;
}

size_t encode_addr(const struct addr *a, void *bytes)
{
	union {
		sa_family_t family;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_nl nl;
		struct sockaddr_vm vm;
	} u = { .family = a->family };
	size_t len = 0;

	switch (a->family) {
	case AF_INET:
		len = sizeof(u.in);
		u.in.sin_port = htons(a->port);
		memcpy(&u.in.sin_addr, a->ip, 4);
		break;
	case AF_INET6:
		len = sizeof(u.in6);
		u.in6.sin6_port = htons(a->port);
		u.in6.sin6_scope_id = a->scope;
		memcpy(&u.in6.sin6_addr, a->ip, 16);
		break;
	case AF_UNIX:
		len = encode_unix(a, &u.un);
		break;
	case AF_NETLINK:
		len = sizeof(u.nl);
		u.nl.nl_pid = a->id[0];
		u.nl.nl_groups = a->id[1];
		break;
	case AF_VSOCK:
		len = sizeof(u.vm);
		u.vm.svm_cid = a->id[0];
		u.vm.svm_port = a->id[1];
		break;
	}
	memcpy(bytes, &u, len);
	return len;
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->port == b->port && a->len == b->len && a->abstract == b->abstract &&
	       a->scope == b->scope && a->id[0] == b->id[0] && a->id[1] == b->id[1] &&
	       memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && memcmp(a->path, b->path, a->len) == 0;
}

void addr_key(struct addr *ret, const struct addr *a)
{
	ret->family = a->family;
	ret->port = a->port;
	ret->len = a->len;
	ret->abstract = a->abstract;
	ret->scope = a->scope;
	memcpy(ret->ip, a->ip, sizeof(a->ip));
	memcpy(ret->id, a->id, sizeof(a->id));
	memcpy(ret->path, a->path, MIN(a->len, sizeof(a->path)));
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family == AF_INET)
		return a->ip[0] == 127;
	if (a->family != AF_INET6)
		return false;
	return memcmp(a->ip, &in6addr_loopback, 16) == 0 || (memcmp(a->ip, mapped, 12) == 0 && a->ip[12] == 127);
}

unsigned decode_scm_rights(const char *control, size_t len, int *ret_fds, unsigned max)
{
	unsigned n = 0;

	/* By hand: CMSG_NXTHDR reads before it checks, and takes hostile lengths at their word. */
	while (len >= sizeof(struct cmsghdr)) {
		struct cmsghdr h;

		memcpy(&h, control, sizeof(h));
		if (h.cmsg_len < sizeof(h) || h.cmsg_len > len)
			break;
		if (h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_RIGHTS) {
			size_t nfds = (h.cmsg_len - sizeof(h)) / sizeof(int);

			nfds = MIN(nfds, max - n);
			memcpy(ret_fds + n, control + sizeof(h), nfds * sizeof(int));
			n += (unsigned)nfds;
		}
		size_t step = MIN(ALIGN8(h.cmsg_len), len);

		control += step;
		len -= step;
	}
	return n;
}
