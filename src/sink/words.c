/* SPDX-License-Identifier: MIT */
#include "sink/words.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/names.h"
#include "base/buf.h"
#include "base/text.h"
#include "model/model.h"
#include "row/row.h"

static void format_cid(struct buf *b, uint32_t cid)
{
	if (cid == VMADDR_CID_ANY)
		buf_putc(b, '*');
	else
		buf_u64(b, cid);
}

static void format_packet(struct buf *b, const struct addr *a)
{
	if (a->scope)
		buf_printf(b, "if%u", a->scope);
	else
		buf_puts(b, "any interface");
	buf_printf(b, " 0x%04x", a->id[0]);
	for (unsigned i = 0; i < a->len; i++)
		buf_printf(b, "%c%02x", i ? ':' : ' ', a->ip[i]);
}

void addr_format(struct buf *b, const struct addr *a)
{
	char ip[INET6_ADDRSTRLEN];
	const char *name;

	switch (a->family) {
	case AF_INET:
		buf_printf(b, "%s:%u", inet_ntop(AF_INET, a->ip, ip, sizeof(ip)), a->port);
		break;
	case AF_INET6:
		buf_printf(b, "[%s", inet_ntop(AF_INET6, a->ip, ip, sizeof(ip)));
		if (a->scope)
			buf_printf(b, "%%%u", a->scope);
		buf_printf(b, "]:%u", a->port);
		break;
	case AF_UNIX:
		if (a->abstract)
			buf_putc(b, '@');
		if (a->len || a->abstract)
			buf_add(b, a->path, a->len);
		else
			buf_puts(b, "unnamed");
		break;
	case AF_NETLINK:	/* ports are mostly the numbers of processes; 0 is the kernel's */
		if (a->id[0])
			buf_printf(b, "port %u", a->id[0]);
		else
			buf_puts(b, "kernel");
		break;
	case AF_VSOCK:
		format_cid(b, a->id[0]);
		buf_printf(b, a->id[1] == VMADDR_PORT_ANY ? ":*" : ":%u", a->id[1]);
		break;
	case AF_PACKET:
		format_packet(b, a);
		break;
	case AF_ALG:
		buf_add(b, a->path, a->len);
		break;
	default:
		name = names_find(&socket_families, a->family);
		if (!name) {
			buf_printf(b, "family %u", a->family);
			break;
		}
		for (name += strlen("AF_"); *name; name++)
			buf_putc(b, *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name);
	}
}

/* "tcp4 → 1.2.3.4:443", "unix /run/x.sock", "udp4 socket:[7]" as /proc/PID/fd and ss have it. */
static void socket_name(struct buf *b, const struct file *f)
{
	bool local;
	const struct addr *a = sock_called(f->sock, &local);

	buf_puts(b, sock_proto_name(f->sock));
	if (a) {
		buf_puts(b, local ? " " : f->sock->now.state == CONN_ACCEPTED ? " ← " : " → ");
		addr_format(b, a);
	} else if (f->ino) {
		buf_puts(b, " socket:[");
		buf_u64(b, f->ino);
		buf_putc(b, ']');
	}
}

void path_name(struct buf *b, const char *s, size_t len)
{
	bool outside = name_is_outside(s, len);

	buf_add(b, s, len - outside);
	if (outside)
		buf_puts(b, ROW_OUTSIDE);
}

void path_format(struct buf *b, const char *s, size_t len)
{
	bool outside = name_is_outside(s, len);

	text_safe(b, len ? s : "", len - outside);
	if (outside)
		buf_puts(b, ROW_OUTSIDE);
}

static bool bit(const char *bytes, uint32_t i) { return (bytes[i / 8] >> (i % 8)) & 1; }

void signal_set(struct buf *b, const char *bytes, uint32_t nbits, uint32_t most, const char *(*name_of)(int signo))
{
	unsigned members = 0, n = 0;

	for (uint32_t i = 0; i < nbits; i++)
		members += bit(bytes, i);

	bool inverted = members >= most;

	buf_puts(b, inverted ? "~[" : "[");
	for (uint32_t i = 0; i < nbits; i++) {
		if (bit(bytes, i) == inverted)
			continue;

		const char *name = name_of((int)i + 1);

		if (n++)
			buf_putc(b, ' ');
		buf_puts(b, strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
	}
	buf_putc(b, ']');
}

void pidfd_name(struct buf *b, uint32_t pid) { buf_printf(b, ROW_PIDFD_NAME, pid); }

static void nameless(struct buf *b, const struct file *f)
{
	switch ((enum file_origin)f->origin) {
	case ORIGIN_NOTHING:
		if (f->sock)
			socket_name(b, f);
		else if (f->target_pid)
			pidfd_name(b, f->target_pid);
		break;
	case ORIGIN_FD:
		buf_printf(b, "fd %d", f->origin_fd);
		if (f->origin_pid)
			buf_printf(b, " of pid %u", f->origin_pid);
		break;
	case ORIGIN_UNREADABLE:
		buf_puts(b, NAME_UNREADABLE);
		break;
	case ORIGIN_HANDLE:
		buf_puts(b, "file handle");
		break;
	case ORIGIN_RECEIVED:
		buf_puts(b, f->via ? "fd received over " : "fd received");
		if (f->via)
			file_name(b, f->via);
		break;
	}
}

void file_name(struct buf *b, const struct file *file)
{
	if (file->name.len)
		path_name(b, file->name.s, file->name.len);
	else
		nameless(b, file);
}

bool file_is_found(const struct file *file)
{
	return file && !file->name.len && file->origin != ORIGIN_UNREADABLE;
}

void file_format(struct buf *b, const struct file *file)
{
	struct buf raw = { 0 };

	if (file->name.len) {
		path_format(b, file->name.s, file->name.len);
	} else {
		nameless(&raw, file);
		if (raw.len)
			text_safe(b, raw.s, raw.len);
		else
			buf_puts(b, file_kind_name(file->kind));
		buf_done(&raw);
	}
	if (file->deleted)
		buf_puts(b, " (deleted)");
}
