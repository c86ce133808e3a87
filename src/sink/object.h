/* SPDX-License-Identifier: MIT */
#pragma once
/* What an event is about, in one string: the report's column `obj`, and what the filter's path: looks at. */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event;
struct file;

/* FILE: what its open file description is called.  PEER: what the socket is connected to. */
enum object_from { OBJECT_NONE, OBJECT_TEXT, OBJECT_FILE, OBJECT_PEER };
struct object {
	enum object_from from;
	const char *s;
	size_t n;
};

/* What a poll, select or epoll waited for: the first that was ready, or the only one that was not.  NULL: not known. */
const struct file *event_waits_for(const struct event *ev);

/*
 * has_file, has_peer: of a file that is known, and of its peer.  TEXT: s, n bytes as the program gave them; they live
 * as long as the event and b, which is written over.
 */
struct object event_object(const struct event *ev, bool has_file, bool has_peer, struct buf *b);
