/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The file that the current instruction comes from. */
#pragma once
#include "capture/bpf/call.bpf.h"

/* The file whose pages the instruction is in. */
struct code { u64 offset, file; };
static long look_at_region(struct task_struct *task, struct vm_area_struct *vma, struct code *code)
{
	code->file = (u64)BPF_CORE_READ(vma, vm_file);
	code->offset += (vma->vm_pgoff << 12) - vma->vm_start;
	return 0;
}

/* Of a signal that ends the process: with its name the tracer finds the function, see capture/common/code.h. */
__noinline int put_code(struct task_state *current, const struct record_signal *sig)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct code code = { .offset = BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), ip) };
	struct record_code *r;
	struct file *f;
	struct work *w;

	if (!sig || !current || !admitted(current) || !(w = work_begin(current, 0, false)) ||
	    bpf_find_vma(task, code.offset, look_at_region, &code, 0) || !code.file)
		return 0;
	f = (struct file *)code.file;
	w->off = sizeof(*r);
	put_path(f, PART_PATH);
	r = (struct record_code *)w->mem;
	*r = (struct record_code){ .h = { w->off, RECORD_CODE, 0, sig->h.pid, sig->h.tid, sig->h.ts_ns },
				   .offset = code.offset,
				   .ino = BPF_CORE_READ(f, f_inode, i_ino),
				   .nchunks = w->nchunks };
	if (w->off <= WORK_BYTES)
		emit(w->mem, w->off);
	return 0;
}
