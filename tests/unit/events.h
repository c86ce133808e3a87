/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Events made by hand, as the model would emit them.  What is left out: the first task, a nanosecond later, no
 * descriptor.
 */
#include "unit.h"

#include "event/event.h"
#include "model/model.h"

#define BYTES(lit) ((struct bytes){ (char *)(lit), sizeof(lit) - 1 })
#define PATH(lit) .path = (lit), .path_len = sizeof(lit) - 1
#define EVENT(kind_, ...) event_made((struct event[]){ { .kind = kind_, __VA_ARGS__ } })

static struct mm mm = { .id = 1 }, mm2 = { .id = 2 };
static struct proc proc = { .id = 1, .pid = 100, .status = -1, .mm = &mm };
static struct proc child_proc = { .id = 2, .pid = 101, .ppid = 100, .parent = 1, .status = -1, .mm = &mm2 };
static struct task task = { .id = 1, .tid = 100, .proc = &proc },
		   child UNUSED = { .id = 2, .tid = 101, .proc = &child_proc };
static uint64_t now;

static inline const struct event *event_made(struct event *ev)
{
	now = ev->ts_ns ? ev->ts_ns : now + 1;
	ev->ts_ns = now;
	ev->task = ev->task ? ev->task : &task;
	ev->fd = ev->fd ? ev->fd : -1;
	ev->fd2 = ev->fd2 ? ev->fd2 : -1;
	return ev;
}
