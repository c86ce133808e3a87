/* SPDX-License-Identifier: MIT */
/* Structs whose fields are known: abi/layout.c. */
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "base/macro.h"
#include "decode/call.h"
#include "sink/value_walk.h"

static uint8_t form_of(const struct field *f)
{
	switch (f->type) {
	case ARG_PTR: return NUM_ADDRESS;
	case ARG_HEX: case ARG_ENUM: return NUM_MASK;
	case ARG_UINT: case ARG_ULONG: case ARG_SIZE: case ARG_UID: case ARG_SIGNAL: return NUM_UNSIGNED;
	case ARG_MODE: return NUM_OCTAL;
	default: return NUM_SIGNED;
	}
}

static void walk_string(const char *bytes, uint32_t len, uint8_t kind, const struct value_ops *ops, void *ctx)
{
	ops->string(ctx, &(struct value_string){ .bytes = bytes, .len = len, .kind = kind, .whole = len });
}

static void walk_field(const struct field *f, const char *bytes, const struct value_ops *ops, void *ctx)
{
	struct value_num n = { field_word(f, bytes), (uint8_t)(8 * MIN(f->size, 8u)), form_of(f) };

	switch (f->type) {
	case ARG_STRUCT_IN:
		layout_walk(f->layout, bytes + f->off, f->size, 0, ops, ctx);
		break;
	case ARG_STR:
		walk_string(bytes + f->off, (uint32_t)strnlen(bytes + f->off, f->size), STRING_NAME, ops, ctx);
		break;
	case ARG_FLAGS:
		ops->flags(ctx, f->names, n);
		break;
	case ARG_MODE:
		ops->mode(ctx, f->names, n);
		break;
	case ARG_DEV:
		ops->device(ctx, major(n.word), minor(n.word), true);
		break;
	case ARG_SIGNAL:
		ops->signal(ctx, n);
		break;
	case ARG_IPV4: case ARG_IPV6:
		ops->ip(ctx, f->type == ARG_IPV4 ? AF_INET : AF_INET6, bytes + f->off);
		break;
	case ARG_FD:
		ops->fd(ctx, &(struct value_fd){ .fd = (int64_t)n.word });
		break;
	case ARG_UID:
		if (n.bits < 64 && n.word == (1ull << n.bits) - 1)
			n = (struct value_num){ UINT64_MAX, n.bits, NUM_SIGNED };
		ops->number(ctx, n);
		break;
	default:
		if (f->names)
			ops->constant(ctx, f->names, n);
		else
			ops->number(ctx, n);
	}
}

static void walk_list(const struct layout *layout, const char *bytes, uint32_t len,
		      const struct value_ops *ops, void *ctx)
{
	unsigned i = 0;

	ops->open(ctx, VALUE_LIST);
	for (uint32_t off = 0; off + layout->size <= len; off += layout->size) {
		ops->item(ctx, VALUE_LIST, i++);
		walk_field(layout->fields, bytes + off, ops, ctx);
	}
	ops->close(ctx, VALUE_LIST);
}

static void walk_status(const char *bytes, uint32_t len, const struct value_ops *ops, void *ctx)
{
	int status;

	if (len < sizeof(status)) {
		ops->more(ctx, VALUE_BOX, 0, 0);
		return;
	}
	memcpy(&status, bytes, sizeof(status));
	ops->status(ctx, status);
}

static void walk_address(const char *bytes, uint32_t len, const struct value_ops *ops, void *ctx)
{
	struct addr a;

	if (len >= 2 && decode_addr(bytes, len, &a))
		ops->address(ctx, &a, false);
	else
		walk_string(bytes, len, STRING_BYTES, ops, ctx);
}

static void walk_fields(const struct layout *layout, const char *bytes, uint32_t len, unsigned how,
			const struct value_ops *ops, void *ctx)
{
	bool many = layout->fields->name;
	enum value_shape shape = many ? VALUE_STRUCT : VALUE_BOX;
	unsigned i = 0;

	if (many || !(how & LAYOUT_ITEM))
		ops->open(ctx, shape);
	for (const struct field *f = layout->fields; f->type != ARG_NONE; f++) {
		if (how & LAYOUT_BEFORE && f->after)
			continue;
		if (f->off + f->size > len) {
			if (!(how & LAYOUT_WHOLE) || f->off < len || !i)
				ops->more(ctx, shape, i, 0);
			break;
		}
		if (many)
			ops->field(ctx, shape, i, f->name);
		i++;
		walk_field(f, bytes, ops, ctx);
	}
	if (many || !(how & LAYOUT_ITEM))
		ops->close(ctx, shape);
}

void layout_walk(const struct layout *layout, const char *bytes, uint32_t len, unsigned how,
		 const struct value_ops *ops, void *ctx)
{
	switch (layout->form) {
	case LAYOUT_FIELDS:
		walk_fields(layout, bytes, len, how, ops, ctx);
		break;
	case LAYOUT_SIGINFO:
		walk_fields(layout_of_siginfo(bytes, len), bytes, len, how, ops, ctx);
		break;
	case LAYOUT_SIGNAL_SET:
		ops->set(ctx, VALUE_SIGNALS, bytes, MIN(len, layout->size) * 8, false);
		break;
	case LAYOUT_CPU_SET:
		ops->set(ctx, VALUE_CPUS, bytes, len * 8, false);
		break;
	case LAYOUT_STRING:
		walk_string(bytes, (uint32_t)strnlen(bytes, len), STRING_NAME, ops, ctx);
		break;
	case LAYOUT_BYTES:
		walk_string(bytes, len, STRING_DATA, ops, ctx);
		break;
	case LAYOUT_SOCKADDR:
		walk_address(bytes, len, ops, ctx);
		break;
	case LAYOUT_LIST:
		walk_list(layout, bytes, len, ops, ctx);
		break;
	case LAYOUT_WAIT_STATUS:
		walk_status(bytes, len, ops, ctx);
		break;
	}
}
