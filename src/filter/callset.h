/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A set of system calls as strace's users write it, strace(1), "-e trace":
 *
 *   open,/^(read|write)v?$,%network,?name     a name, a regular expression, a class, a name that need not exist
 *   !%memory   all but these        all, none        59   a number of x86-64
 *
 * Calls of i386 and x32 are chosen by their names.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct callset;

/* What is wrong with a text: where, in bytes from its start, and why, with what to write instead. */
struct callset_error { size_t at; char why[256]; };

/* Classes: one row each.  The words are strace's where strace has the class, and mean what they mean there. */
struct callset_class {
	const char *name, *also;	/* without its %; also: another name, or NULL */
	uint32_t groups;		/* enum syscall_group of abi/spec.h: calls with any of these */
	const char *plus, *minus;	/* names between spaces; NULL: none */
	const char *help;
	bool strace;			/* strace 6.1 has it */
};
extern const struct callset_class callset_classes[];
extern const unsigned callset_nclasses;

/* text: at most 64 KB.  0, or -EINVAL with ret_error filled.  Free with callset_free(). */
int callset_parse(const char *text, struct callset **ret, struct callset_error *ret_error);
void callset_free(struct callset *set);

/* Numbers that no row knows are in a set as "syscall_NUMBER". */
bool callset_has(const struct callset *set, unsigned arch, unsigned nr);

/* A set by rule: those of which has says so, asked for every number of the table; beyond: also numbers past it. */
typedef bool callset_rule(const void *ctx, unsigned arch, unsigned nr);
struct callset *callset_new(callset_rule *has, const void *ctx, bool beyond);
bool callset_is_empty(const struct callset *set);
bool callset_is_all(const struct callset *set);
