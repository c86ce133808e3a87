/* SPDX-License-Identifier: MIT */
#pragma once
#include "abi/spec.h"

/*
 * Sets of named values.  A set used by one family only is static in that
 * family's file; these are shared, or useful to whoever prints values.
 */
#define N(x) { x, #x }				/* the header's value */
#define V(val, name) { val, name }		/* newer than the oldest headers we build with */
#define VL(val_, name_, as_) { val_, name_, &layout_##as_ }	/* an option whose value is no int */
#define FLAG_SET(...) { .v = (const struct name_val[]){ __VA_ARGS__, { 0, NULL } } }
#define MODE_SET(...) { .octal = 0777, .v = (const struct name_val[]){ __VA_ARGS__, { 0, NULL } } }
#define FIELD_SET(mask_, ...) { .mask = mask_, .v = (const struct name_val[]){ __VA_ARGS__, { 0, NULL } } }
#define VALUE_SET(...) FIELD_SET(~0ull, __VA_ARGS__)

extern const struct names open_flags, open_bits /* without O_RDONLY… */, at_flags, execveat_flags, prot_flags,
	mmap_flags, clone_flags /* with the exit signal */, clone_bits, namespace_flags, unshare_flags, file_types,
	quota_types, quotactl_cmds, socket_families, socket_types, clock_ids, ioctl_cmds, iocb_commands, ptrace_events;
/* i386's rows need them too */
extern const struct names seek_whence, fadvise_advice, rwf_flags, sync_file_range_flags, fallocate_modes,
	fanotify_mark_flags, fanotify_mask, wait_options, rlimit_resources, futex_ops, waitid_which, rusage_who,
	mask_how, itimer_which, timer_flags, timerfd_settime_flags, socket_msg_flags;
