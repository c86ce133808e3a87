/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a call was given and gave back, as a walk: one argument after the other is handed to a dialect as typed tokens,
 * in order.  A dialect is a table of functions that writes them: value_text.c (what a terminal and the report show),
 * value_json.c.  No token is text that was made for a reader: names are the kernel's, strings are the program's bytes
 * and no dialect may take them for safe.  docs/values.md says what each token means and what a dialect owes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "abi/layout.h"

struct addr;
struct event;
struct file;

enum num_form {
	NUM_SIGNED,		/* word is sign-extended */
	NUM_UNSIGNED,
	NUM_HEX,		/* a register: of a reader's use in base 16 */
	NUM_MASK,		/* likewise, a field of a struct */
	NUM_ADDRESS,		/* a field that points somewhere; 0: NULL */
	NUM_OCTAL,
	NUM_IOCTL,		/* a request of ioctl(2): direction, type, number and size (asm-generic/ioctl.h) */
	NUM_QUOTA,		/* of quotactl(2): quotactl_cmds above the low byte, quota_types in it */
};
/* bits: as many as the kernel looks at. */
struct value_num { uint64_t word; uint8_t bits, form; };

/* What pointer() stands for. */
enum value_why {
	VALUE_ADDRESS,		/* the argument is no more than an address */
	VALUE_NOT_COPIED,	/* what is there was not captured, or is left out here */
	VALUE_UNREADABLE,	/* the program's memory could not be read there */
};

enum value_shape {
	VALUE_STRUCT,		/* field() before each value */
	VALUE_TUPLE,		/* likewise, but a reader needs no names: struct iovec, iocb */
	VALUE_MESSAGE,		/* likewise: struct msghdr, mmsghdr */
	VALUE_LIST,		/* item() before each value */
	VALUE_STRINGS,		/* likewise: a vector of strings */
	VALUE_VARIABLES,	/* the environment, of which more() says only how many */
	VALUE_BOX,		/* one value that a pointer leads to; no item() */
};

static inline bool value_has_fields(enum value_shape shape)
{
	return shape == VALUE_STRUCT || shape == VALUE_TUPLE || shape == VALUE_MESSAGE;
}

enum value_set { VALUE_FDS, VALUE_SIGNALS /* bit 0 is signal 1 */, VALUE_CPUS };

enum string_kind {
	STRING_NAME,		/* of a file, an attribute, …: shown whole */
	STRING_DATA,		/* contents: a dialect shows as much as it likes */
	STRING_BYTES,		/* of a struct that is not known inside: shown whole */
};
/*
 * bytes NULL: an item that could not be read.  whole: how long it is in memory; UINT64_MAX: not known, cut says whether
 * it is longer.
 */
struct value_string { const char *bytes; uint32_t len; uint8_t kind; bool cut; uint64_t whole; };

/* dir: a descriptor that paths are relative to, or AT_FDCWD.  file: NULL where there is none, or none is known. */
struct value_fd { int64_t fd; bool dir; const struct file *file; };

struct value_ops {
	/* values */
	void (*number)(void *ctx, struct value_num n);
	/* one of names (may be NULL), else a number */
	void (*constant)(void *ctx, const struct names *names, struct value_num n);
	void (*flags)(void *ctx, const struct names *names, struct value_num n);	/* names_split() */
	/* permissions; types: NULL, or also a file's type */
	void (*mode)(void *ctx, const struct names *types, struct value_num n);
	void (*signal)(void *ctx, struct value_num n);
	void (*device)(void *ctx, unsigned major, unsigned minor, bool is_field);
	void (*status)(void *ctx, int status);						/* of wait(2) */
	void (*set)(void *ctx, enum value_set kind, const char *bytes, uint32_t nbits, bool cut);
	void (*fd)(void *ctx, const struct value_fd *fd);
	void (*string)(void *ctx, const struct value_string *s);
	/* of a socket; cut: there was no room for all of it */
	void (*address)(void *ctx, const struct addr *a, bool cut);
	/* 4 or 16 bytes in network order */
	void (*ip)(void *ctx, int family, const void *bytes);
	void (*pointer)(void *ctx, uint64_t addr, enum value_why why);
	/* what holds them together; i counts from 0 within one open() */
	void (*open)(void *ctx, enum value_shape shape);
	void (*field)(void *ctx, enum value_shape shape, unsigned i, const char *name);
	void (*item)(void *ctx, enum value_shape shape, unsigned i);
	/* instead of the rest: n of them, 0 not known */
	void (*more)(void *ctx, enum value_shape shape, unsigned i, uint64_t n);
	void (*close)(void *ctx, enum value_shape shape);
	/* the value before the call, and after it */
	void (*before)(void *ctx);
	void (*after)(void *ctx);
	void (*changed)(void *ctx);		/* behind both */
};

enum {
	WALK_NO_DATA = 1,	/* without contents of buffers, and what the call gave back */
};

/* ev->call->args[arg]; ev's task and files name the descriptors, also one that was just closed. */
void value_walk(const struct event *ev, unsigned arg, unsigned flags, const struct value_ops *ops, void *ctx);
/* What a call that succeeded returned. */
void value_walk_result(const struct event *ev, const struct value_ops *ops, void *ctx);

enum {
	LAYOUT_ITEM = 1,	/* of a list: a single value stands for itself, no VALUE_BOX */
	LAYOUT_BEFORE = 2,	/* the call: without what the kernel will write */
	LAYOUT_WHOLE = 4,	/* the caller states this length: later fields, of newer kernels, are not there */
};
/* A struct.  Of fields that len does not reach comes one more(), where they are there. */
void layout_walk(const struct layout *layout, const char *bytes, uint32_t len, unsigned how,
		 const struct value_ops *ops, void *ctx);
