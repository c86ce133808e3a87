/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What most readers do not want to see in the live lines.  A pure rule over
 * events, in one place, so that the text, its summary and the report agree.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr;
struct event;

enum noise_class {
	NOISE_NONE,
	NOISE_SYSTEM,		/* paths under /proc, /sys, /dev (not /dev/shm) */
	/* the dynamic linker: its cache and configuration, the shared libraries it loads, probes for them */
	NOISE_LOADER,
	NOISE_PRELOAD,		/* the question whether there is an /etc/ld.so.preload */
	NOISE_HWCAPS,		/* probes for libraries made for this CPU: glibc-hwcaps, tls, haswell */
	NOISE_LOCALE,		/* files of locales and translations that libc opens */
	NOISE_GCONV,		/* libc's converters between character sets */
	NOISE_NSSWITCH,		/* which name services there are, and nscd's socket */
	NOISE_LOCALHOST,	/* connections within this machine: 127/8, ::1, ::ffff:127/104; unless they fail */
	/* SIGURG from a process to a thread of its own: how Go's scheduler interrupts a goroutine */
	NOISE_PREEMPTION,
	_NOISE_MAX,
};
const char *noise_class_name(enum noise_class c);	/* "loader" */
/* "locale,gconv", or "all": a bit a class.  -EINVAL: *ret_bad is the word that is none, ret_len bytes. */
int noise_classes(const char *words, uint32_t *ret_classes, const char **ret_bad, size_t *ret_len);
const char *noise_class_text(enum noise_class c);	/* "dynamic linker and shared libraries" */

/* By whole components: /devices is not /dev. */
enum noise_class noise_path(const char *path, uint32_t len);

/* A connection with that peer (NULL: not known), and what it failed with: what failed is never noise. */
enum noise_class noise_conn(const struct addr *peer, int err);

/* Remembers where each task's dynamic linker last looked; needed to tell its directory probes from the program's. */
struct noise;
struct noise *noise_new(void);
void noise_free(struct noise *n);
/* Once per event, in order. */
enum noise_class noise_event(struct noise *n, const struct event *ev);
