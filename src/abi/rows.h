/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>

#include "abi/layout.h"
#include "abi/names.h"
#include "abi/spec.h"
#include "base/macro.h"

/*
 * How rows are written: inside abi/ only.  A family file holds one array of
 * rows, ordered by number; spec.c indexes them.
 *
 *	ROW(0, "read", GRP_DESC | GRP_IO, SIZE, READ, A("fd", FD), A("buf", BUF_OUT), A("count", SIZE))
 */
struct syscall_row { unsigned nr; struct syscall_spec spec; };
struct syscall_family { const struct syscall_row *rows; unsigned n; };

#define ROW_MORE(nr_, name_, groups_, ret_, fx_, more_, ...)							\
	{ nr_, { .name = name_, .groups = groups_, .ret = RET_##ret_, .effect = FX_##fx_,			\
		 .nargs = sizeof((struct arg_spec[]){ __VA_ARGS__ }) / sizeof(struct arg_spec), more_,	\
		 .args = { __VA_ARGS__ } } }
#define ROW(nr_, name_, groups_, ret_, fx_, ...) ROW_MORE(nr_, name_, groups_, ret_, fx_, .cloexec = false, __VA_ARGS__)
/* Traced by default only when cond_ holds. */
#define ROW_IF(nr_, name_, groups_, ret_, fx_, cond_, ...) \
	ROW_MORE(nr_, name_, groups_, ret_, fx_, .when = &cond_, __VA_ARGS__)
/* Both: its row's condition, and that it may wait. */
#define ROW_WAIT_IF(nr_, name_, groups_, ret_, fx_, wait_, cond_, ...)						\
	{ nr_, { .name = name_, .groups = groups_, .ret = RET_##ret_, .effect = FX_##fx_, .when = &cond_,	\
		 .nargs = sizeof((struct arg_spec[]){ __VA_ARGS__ }) / sizeof(struct arg_spec), .wait = wait_,	\
		 .args = { __VA_ARGS__ } } }
/* Returns a descriptor that is close-on-exec without being asked. */
#define ROW_CLOEXEC(nr_, name_, groups_, ret_, fx_, ...) \
	ROW_MORE(nr_, name_, groups_, ret_, fx_, .cloexec = true, __VA_ARGS__)

/* One argument tells which of the others there are. */
#define ROW_USE_IF(nr_, name_, groups_, ret_, fx_, usage_, cond_, ...)						\
	{ nr_, { .name = name_, .groups = groups_, .ret = RET_##ret_, .effect = FX_##fx_,			\
		 .usage = &usage_, .when = &cond_,								\
		 .nargs = sizeof((struct arg_spec[]){ __VA_ARGS__ }) / sizeof(struct arg_spec),			\
		 .args = { __VA_ARGS__ } } }
#define ROW_USE(nr_, name_, groups_, ret_, fx_, usage_, ...) \
	ROW_MORE(nr_, name_, groups_, ret_, fx_, .usage = &usage_, __VA_ARGS__)

/* May wait, and report EINTR though no handler runs: WAITS(limit, argument, result at the limit). */
#define ROW_WAIT(nr_, name_, groups_, ret_, fx_, wait_, ...)							\
	{ nr_, { .name = name_, .groups = groups_, .ret = RET_##ret_, .effect = FX_##fx_,			\
		 .nargs = sizeof((struct arg_spec[]){ __VA_ARGS__ }) / sizeof(struct arg_spec), .wait = wait_,	\
		 .args = { __VA_ARGS__ } } }
#define WAITS(limit_, arg_, result_) { WAIT_##limit_, arg_, result_ }

/*
 * Brings descriptors of which only the kernel knows what they are: question_ is a struct fd_question; when_: as with
 * ROW_IF, or NULL.
 */
#define ROW_ASKS(nr_, name_, groups_, ret_, fx_, when_, question_, ...)						\
	{ nr_, { .name = name_, .groups = groups_, .ret = RET_##ret_, .effect = FX_##fx_, .when = when_, .question = question_,	\
		 .nargs = sizeof((struct arg_spec[]){ __VA_ARGS__ }) / sizeof(struct arg_spec),			\
		 .args = { __VA_ARGS__ } } }

extern const struct fd_question question_returned;	/* ASK_RETURNED, of every form */

/* Stands for other calls (i386). */
#define ROW_WRAPPER(nr_, name_, groups_, ret_, fx_, ...) \
	ROW_MORE(nr_, name_, groups_, ret_, fx_, .wraps = true, __VA_ARGS__)

/* Arguments. */
#define A(name_, type_) { .name = name_, .type = ARG_##type_ }
#define A_LEN(name_, type_, len_) { .name = name_, .type = ARG_##type_, .len = len_ }
/* In so many bits, other than its type has: unsigned long flags, int keys. */
#define A_BITS(name_, type_, bits_) { .name = name_, .type = ARG_##type_, .bits = bits_ }
#define A_FLAGS64(name_, set_) { .name = name_, .type = ARG_FLAGS, .names = &set_, .bits = 64 }
#define A_FLAGS(name_, set_) { .name = name_, .type = ARG_FLAGS, .names = &set_ }
#define A_ENUM(name_, set_) { .name = name_, .type = ARG_ENUM, .names = &set_ }
#define A_CHOICE(name_, by_, choice_) { .name = name_, .type = ARG_INT, .by = by_, .choice = choice_ }
#define A_LAYOUT(name_, dir_, layout_) { .name = name_, .type = ARG_STRUCT_##dir_, .size = layout_##_size, .layout = &layout_ }
/* As long as argument len_ says, at most what is known of it. */
#define A_SIZED(name_, dir_, layout_, len_) { .name = name_, .type = ARG_STRUCT_##dir_, .size = layout_##_size, .layout = &layout_, .len = len_ }
#define A_NEEDED(name_, dir_, layout_, ...)	/* the model reads it */					\
	{ .name = name_, .type = ARG_STRUCT_##dir_, .size = layout_##_size, .layout = &layout_, .needed = true, ##__VA_ARGS__ }
#define A_IF_POSITIVE(name_, layout_)		/* written only when the result is above 0 */			\
	{ .name = name_, .type = ARG_STRUCT_OUT, .size = layout_##_size, .layout = &layout_, .if_positive = true }
#define A_ARRAY(name_, dir_, layout_, len_) { .name = name_, .type = ARG_ARRAY_##dir_, .size = layout_##_size, .layout = &layout_, .len = len_ }
#define A_NEEDED_ARRAY(name_, dir_, layout_, len_)								\
	{ .name = name_, .type = ARG_ARRAY_##dir_, .size = layout_##_size, .layout = &layout_, .len = len_, .needed = true }
#define CLONE_PARENT_TID A_NEEDED("parent_tid", OUT, layout_int, .by = 0, .choice = clone_parent_tid)
#define CLONE_CHILD_TID { .name = "child_tid", .type = ARG_PTR, .by = 0, .choice = clone_child_tid }
#define CLONE_TLS { .name = "tls", .type = ARG_PTR, .by = 0, .choice = clone_tls }
#define A_CLOCK(name_) { .name = name_, .type = ARG_CLOCKID, .names = &clock_ids }
/* The room for what the kernel writes, and how much that was (it may be more than there was room for). */
#define A_ROOM(name_) A_NEEDED(name_, INOUT, layout_int)
#define A_FD_SET(name_) { .name = name_, .type = ARG_FD_SET, .len = 0, .needed = true }
#define A_ARGV(name_) { .name = name_, .type = ARG_STRV, .needed = true }
#define ANY_ARGS A("a0", HEX), A("a1", HEX), A("a2", HEX), A("a3", HEX), A("a4", HEX), A("a5", HEX)
#define ABSENT { .type = ARG_NONE }
#define HOLE { .name = "unused", .type = ARG_HOLE }

extern const struct syscall_family spec_file, spec_io, spec_net, spec_mem, spec_proc, spec_signal, spec_ipc, spec_sys,
	spec_i386;

/* Numbers of another table that share a row; ends with a NULL name. */
struct shared_row { uint16_t nr; const char *name, *as; };
extern const struct shared_row i386_shared[], x32_shared[];
extern const struct x32_row { uint16_t nr, i386_nr; } x32_as_i386[];

extern const struct arg_choice futex_timeout[], clone_parent_tid[], clone_child_tid[], clone_tls[], mode_of_mq[];
extern const struct arg_usage futex_words;
extern const struct arg_cond futex_waits;	/* the operations that may wait, and that wake */
