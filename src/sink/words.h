/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the terminal and the report call things: addresses, sockets, files.  The model has these as typed values; this
 * is the one place that words them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands for a name in memory that may not be read, or is not there. */
#define NAME_UNREADABLE "(name not readable)"

struct addr;
struct buf;
struct file;

/*
 * "1.2.3.4:80" "[::1]:80" "/run/x.sock" "@abstract" "netlink" "2:1024" (vsock) "if2 0x0800 02:42:ac:11:00:02" (packet);
 * raw bytes for unix: pass through text_safe to show.
 */
void addr_format(struct buf *b, const struct addr *a);
/*
 * A file's name, or what is known of one that has none; a socket's address.  As it is: to be made safe before it is
 * shown.
 */
void file_name(struct buf *b, const struct file *file);
void path_name(struct buf *b, const char *s, size_t len);	/* of the model: likewise */
void path_format(struct buf *b, const char *s, size_t len);	/* that, safe */
/* "[INT TERM]"; from `most` members on as what it leaves out, "~[KILL]" */
void signal_set(struct buf *b, const char *bytes, uint32_t nbits, uint32_t most, const char *(*name_of)(int signo));
void pidfd_name(struct buf *b, uint32_t pid);	/* "pidfd:12" */
/* it has no name, but is known by where it came from or its peer; NULL: no */
bool file_is_found(const struct file *file);
/* that, safe; (deleted) where it is; its kind where nothing is known */
void file_format(struct buf *b, const struct file *file);
