/* SPDX-License-Identifier: MIT */
#include "sink/value_json.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi/names.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/value_walk.h"
#include "sink/words.h"

#define DATA_MAX 32		/* bytes of contents, as the text has it */

static void key_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64_or_str(j, v);
}

static void key_i64(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void key_true(struct json *j, const char *key)
{
	json_key(j, key);
	json_bool(j, true);
}

/* NULL: null */
static void key_name(struct json *j, const char *key, const char *name)
{
	json_key(j, key);
	if (name)
		json_cstr(j, name);
	else
		json_null(j);
}

static void key_bytes(struct json *j, const char *key, const char *s, size_t n)
{
	json_key(j, key);
	json_escaped(j, s, n);
}

/* ---- numbers ---- */

static void add_quota(struct json *j, uint32_t cmd)
{
	json_open(j, '{');
	key_u64(j, "value", cmd);
	key_name(j, "name", names_find(&quotactl_cmds, cmd >> 8));
	key_name(j, "type", names_find(&quota_types, cmd & 0xff));
	json_close(j, '}');
}

static void to_number(void *ctx, struct value_num n)
{
	struct json *j = ctx;

	switch ((enum num_form)n.form) {
	case NUM_SIGNED:
		json_i64(j, (int64_t)n.word);
		break;
	case NUM_HEX: case NUM_MASK:
		json_hex(j, n.word);
		break;
	case NUM_ADDRESS:
		if (n.word)
			json_hex(j, n.word);
		else
			json_null(j);
		break;
	case NUM_QUOTA:
		add_quota(j, (uint32_t)n.word);
		break;
	case NUM_UNSIGNED: case NUM_OCTAL: case NUM_IOCTL:
		json_u64_or_str(j, n.word);
		break;
	}
}

/* {"value":2,"name":"SEEK_END"} */
static void add_named(struct json *j, const char *name, struct value_num n)
{
	json_open(j, '{');
	json_key(j, "value");
	if (n.form == NUM_SIGNED)
		json_i64(j, n.bits == 32 ? (int32_t)n.word : (int64_t)n.word);
	else if (n.form == NUM_ADDRESS)
		json_hex(j, n.word);
	else
		json_u64_or_str(j, n.word);
	key_name(j, "name", name);
	json_close(j, '}');
}

static void to_constant(void *ctx, const struct names *names, struct value_num n)
{
	add_named(ctx, names_find(names, n.word), n);
}

static void to_signal(void *ctx, struct value_num n)
{
	add_named(ctx, n.word - 1 < 64 ? signal_name((int)n.word) : NULL, n);
}

static void to_flags(void *ctx, const struct names *names, struct value_num n)
{
	struct json *j = ctx;
	struct names_split s;

	names_split(names, n.word, &s);
	json_open(j, '{');
	key_u64(j, "value", n.word);
	json_key(j, "names");
	json_open(j, '[');
	for (unsigned i = 0; i < s.n; i++)
		json_cstr(j, s.names[i]);
	json_close(j, ']');
	if (s.field | s.mode | s.rest)
		key_u64(j, "rest", s.field | s.mode | s.rest);
	json_close(j, '}');
}

static void to_mode(void *ctx, const struct names *types, struct value_num n)
{
	struct json *j = ctx;
	uint64_t type = types ? n.word & types->mask : 0;

	if (!types) {
		to_number(ctx, n);
		return;
	}
	json_open(j, '{');
	key_u64(j, "value", n.word);
	key_name(j, "type", type ? names_find(types, type) : NULL);
	key_u64(j, "permissions", n.word - type);
	json_close(j, '}');
}

static void to_device(void *ctx, unsigned major, unsigned minor, bool is_field UNUSED)
{
	struct json *j = ctx;

	json_open(j, '{');
	key_u64(j, "major", major);
	key_u64(j, "minor", minor);
	json_close(j, '}');
}

static void to_status(void *ctx, int status)
{
	struct json *j = ctx;
	int event = (int)((unsigned)status >> 16), sig = WSTOPSIG(status);

	json_open(j, '{');
	key_i64(j, "value", status);
	if (WIFEXITED(status)) {
		key_i64(j, "exited", WEXITSTATUS(status));
	} else if (WIFSTOPPED(status)) {
		/* 0x80: a system call, with PTRACE_O_TRACESYSGOOD */
		key_name(j, "stopped", sig <= 64 ? signal_name(sig) : sig == (SIGTRAP | 0x80) ? "SIGTRAP|0x80" : NULL);
		if (event)
			key_name(j, "event", names_find(&ptrace_events, (unsigned)event));
	} else if (WIFCONTINUED(status)) {
		key_true(j, "continued");
	} else {
		key_name(j, "killed", signal_name(WTERMSIG(status)));
		json_key(j, "core");
		json_bool(j, WCOREDUMP(status));
	}
	json_close(j, '}');
}

/* More of a list than is given: how many, where that is known. */
static void add_more(struct json *j, uint64_t n)
{
	json_open(j, '{');
	json_key(j, "more");
	if (n)
		json_u64_or_str(j, n);
	else
		json_null(j);
	json_close(j, '}');
}

static void to_set(void *ctx, enum value_set kind, const char *bytes, uint32_t nbits, bool cut)
{
	struct json *j = ctx;

	json_open(j, '[');
	for (uint32_t i = 0; i < nbits; i++) {
		if (!((bytes[i / 8] >> (i % 8)) & 1))
			continue;
		if (kind == VALUE_SIGNALS)
			json_cstr(j, signal_name((int)i + 1));
		else
			json_u64(j, i);
	}
	if (cut)
		add_more(j, 0);
	json_close(j, ']');
}

/* ---- what descriptors and addresses are ---- */

static void add_ip(struct json *j, int family, const void *bytes)
{
	char ip[INET6_ADDRSTRLEN];

	json_cstr(j, inet_ntop(family, bytes, ip, sizeof(ip)));
}

static void to_ip(void *ctx, int family, const void *bytes) { add_ip(ctx, family, bytes); }

static void add_inet(struct json *j, const struct addr *a)
{
	json_key(j, "ip");
	add_ip(j, a->family, a->ip);
	key_u64(j, "port", a->port);
	if (a->scope)
		key_u64(j, "scope", a->scope);
}

static void add_packet(struct json *j, const struct addr *a)
{
	char mac[3 * sizeof(a->ip)] = "";

	for (unsigned i = 0; i < a->len; i++)
		snprintf(mac + (i ? 3 * i - 1 : 0), 4, i ? ":%02x" : "%02x", a->ip[i]);
	key_u64(j, "interface", a->scope);
	key_u64(j, "protocol", a->id[0]);
	key_name(j, "address", mac);
}

static void add_address(struct json *j, const struct addr *a, bool cut)
{
	char number[16];
	const char *family = names_find(&socket_families, a->family);

	snprintf(number, sizeof(number), "%u", a->family);
	json_open(j, '{');
	key_name(j, "family", family ? family : number);
	switch (a->family) {
	case AF_INET: case AF_INET6:
		add_inet(j, a);
		break;
	case AF_UNIX:
		if (a->len || a->abstract)
			key_bytes(j, a->abstract ? "abstract" : "path", a->path, a->len);
		break;
	case AF_NETLINK:
		key_u64(j, "port_id", a->id[0]);
		key_u64(j, "groups", a->id[1]);
		break;
	case AF_VSOCK:
		key_u64(j, "cid", a->id[0]);
		key_u64(j, "port", a->id[1]);
		break;
	case AF_PACKET:
		add_packet(j, a);
		break;
	case AF_ALG:
		key_bytes(j, "algorithm", a->path, a->len);
		break;
	default:
		break;
	}
	if (cut)
		key_true(j, "cut");
	json_close(j, '}');
}

void addr_json(struct json *j, const struct addr *a) { add_address(j, a, false); }

static void to_address(void *ctx, const struct addr *a, bool cut) { add_address(ctx, a, cut); }

static void add_socket(struct json *j, const struct sock *s)
{
	bool local;
	const struct addr *a = sock_called(s, &local);

	key_name(j, "protocol", sock_proto_name(s));
	if (s->now.state == CONN_ACCEPTED)
		key_true(j, "accepted");
	if (!a)
		return;
	json_key(j, local ? "local" : "peer");
	add_address(j, a, false);
}

static void add_file(struct json *j, const struct file *f)
{
	key_u64(j, "file", f->id);
	key_name(j, "kind", file_kind_name(f->kind));
	if (f->name.len && !name_is_outside(f->name.s, f->name.len)) {
		key_bytes(j, "name", f->name.s, f->name.len);
	} else if (f->name.len || f->target_pid) {
		struct buf b = { 0 };

		file_name(&b, f);
		key_bytes(j, "name", b.s, b.len);
		buf_done(&b);
	}
	if (f->sock)
		add_socket(j, f->sock);
	if (f->deleted)
		key_true(j, "deleted");
}

static void to_fd(void *ctx, const struct value_fd *fd)
{
	struct json *j = ctx;

	json_open(j, '{');
	key_i64(j, "fd", fd->fd);
	if (fd->dir && fd->fd == AT_FDCWD)
		key_true(j, "cwd");
	else if (fd->file)
		add_file(j, fd->file);
	json_close(j, '}');
}

void fd_json(struct json *j, int fd, const struct file *file)
{
	to_fd(j, &(struct value_fd){ .fd = fd, .file = file });
}

/* ---- bytes ---- */

/* A name is a string; one that was cut, like contents, an object. */
static void to_string(void *ctx, const struct value_string *s)
{
	static const char *const keys[] = { [STRING_NAME] = "text", [STRING_DATA] = "data", [STRING_BYTES] = "bytes" };
	struct json *j = ctx;
	uint32_t shown = s->kind == STRING_DATA ? MIN(s->len, DATA_MAX) : s->len;
	bool cut = s->whole == UINT64_MAX ? s->cut || s->len > shown : s->whole > shown;

	if (!s->bytes) {
		json_null(j);
		return;
	}
	if (s->kind == STRING_NAME && !cut) {
		json_escaped(j, s->bytes, s->len);
		return;
	}
	json_open(j, '{');
	key_bytes(j, keys[s->kind], s->bytes, shown);
	if (s->kind == STRING_DATA && s->whole != UINT64_MAX)
		key_u64(j, "size", s->whole);
	if (cut)
		key_true(j, "cut");
	json_close(j, '}');
}

static void to_pointer(void *ctx, uint64_t addr, enum value_why why)
{
	struct json *j = ctx;

	if (!addr) {
		json_null(j);
		return;
	}
	if (why == VALUE_ADDRESS) {
		json_hex(j, addr);
		return;
	}
	json_open(j, '{');
	json_key(j, "address");
	json_hex(j, addr);
	if (why == VALUE_UNREADABLE)
		key_true(j, "unreadable");
	json_close(j, '}');
}

/* ---- structure: one value at an address is that value ---- */


static void to_open(void *ctx, enum value_shape shape)
{
	if (shape != VALUE_BOX)
		json_open(ctx, value_has_fields(shape) ? '{' : '[');
}

static void to_close(void *ctx, enum value_shape shape)
{
	if (shape != VALUE_BOX)
		json_close(ctx, value_has_fields(shape) ? '}' : ']');
}

static void to_field(void *ctx, enum value_shape shape UNUSED, unsigned i UNUSED, const char *name)
{
	json_key(ctx, name);
}

static void to_item(void *ctx UNUSED, enum value_shape shape UNUSED, unsigned i UNUSED) { }

static void to_more(void *ctx, enum value_shape shape, unsigned i UNUSED, uint64_t n)
{
	if (value_has_fields(shape))
		key_true(ctx, "more");
	else
		add_more(ctx, n);
}

static void to_before(void *ctx)
{
	json_open(ctx, '{');
	json_key(ctx, "before");
}

static void to_after(void *ctx) { json_key(ctx, "after"); }
static void to_changed(void *ctx) { json_close(ctx, '}'); }

static const struct value_ops json_ops = {
	.number = to_number, .constant = to_constant, .flags = to_flags, .mode = to_mode, .signal = to_signal, .device = to_device,
	.status = to_status, .set = to_set, .fd = to_fd, .string = to_string, .address = to_address, .ip = to_ip,
	.pointer = to_pointer, .open = to_open, .field = to_field, .item = to_item, .more = to_more, .close = to_close,
	.before = to_before, .after = to_after, .changed = to_changed,
};

void args_json(struct json *j, const struct event *ev)
{
	const struct call *call = ev->call;

	json_open(j, '{');
	for (unsigned i = 0; i < call->nargs; i++) {
		if (call->args[i].spec->type == ARG_HOLE)
			continue;
		json_key(j, call->args[i].spec->name);
		value_walk(ev, i, 0, &json_ops, j);
	}
	json_close(j, '}');
}
