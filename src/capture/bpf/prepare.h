/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Loads BPF objects without libbpf's own reading of the kernel's types, which would be most of the time that starting
 * takes:
 *   prepare_begin(); NAME_bpf__open_opts(&opts); prepare_objects(); NAME_bpf__load(); prepare_end();
 * Programs of tracepoints are attached with bpf_program__attach_trace().
 * One set of objects at a time in the process.
 */
#include <stdbool.h>

struct bpf_object_open_opts;
struct bpf_object;
struct bpf_object_skeleton;

struct prepare;

/* What to open with goes to *ret_opts, valid until prepare_end().  0 or -errno. */
int prepare_begin(struct prepare **ret, struct bpf_object_open_opts *ret_opts);
/*
 * When all are opened, before one is loaded: looks up what they need.  Then they may be loaded in threads.  0 or
 * -errno.
 */
int prepare_objects(struct prepare *p, const struct bpf_object *const objs[], unsigned n);
/* Whether the kernel has the functions of kfunc.h.  After prepare_objects(). */
bool prepare_can_walk_regions(const struct prepare *p);
/* NULL is fine. */
void prepare_end(struct prepare *p);
/* In place of NAME_bpf__attach(), which takes programs for what they were when they were opened.  0 or -errno. */
int prepare_attach(struct bpf_object_skeleton *skel);
