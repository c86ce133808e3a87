/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Waits for a CPU, and requests to disks. */
#include "capture/bpf/find.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile unsigned long long sched_min_ns = 10000;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct address_space { struct inode *host; unsigned long flags; };
struct folio { struct address_space *mapping; };
struct page { struct address_space *mapping; };
struct bio_vec { struct page *bv_page; };
struct bio { struct bio_vec *bi_io_vec; };
struct block_device { u32 bd_dev; };
struct gendisk { char disk_name[32]; int major, first_minor; };
struct request_queue { struct gendisk *disk; };
struct request {
	struct request_queue *q;
	unsigned cmd_flags, __data_len;
	unsigned long __sector;
	struct bio *bio;
	struct block_device *part;
};
#pragma clang attribute pop
struct inode___mode { unsigned short i_mode; } __attribute__((preserve_access_index));
struct block_device___holder { void *bd_holder; } __attribute__((preserve_access_index));
struct bdev_inode { struct block_device___holder bdev; struct inode vfs_inode; } __attribute__((preserve_access_index));
struct task_struct___state { unsigned __state; } __attribute__((preserve_access_index));

/* ---- waits for a CPU ---- */

static __always_inline struct task_state *state_of(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, 0, 0);
}

struct task_struct___stack { void *stack; } __attribute__((preserve_access_index));
enum { THREAD_SIZE = 16384 };	/* asm/page_64_types.h */

/*
 * x86-64 serves an interrupt on a stack of its own when it came in the kernel.  A program's arguments stand on the
 * stack of who ran into the tracepoint.  One that came in user mode is served on the stack of the task, whose registers
 * then have no call's number (a page fault has none either, but wakes no task as a rule).  The preempt count would say
 * the same, but without CONFIG_KALLSYMS_ALL a program cannot find it.
 */
static __always_inline bool in_interrupt(void *ctx, struct task_struct *current)
{
	u64 at = 0, stack = (u64)BPF_CORE_READ((struct task_struct___stack *)current, stack);

	bpf_probe_read_kernel(&at, sizeof(at), &ctx);	/* the pointer as a number */
	if (at - stack >= THREAD_SIZE)
		return true;
	return !(current->flags & (PF_KTHREAD_BIT | PF_EXITING_BIT)) &&
	       (s64)BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(current), orig_ax) == -1;
}

static __always_inline void runnable(struct task_struct *task, u8 why, struct task_struct *by, void *ctx)
{
	struct task_state *st = state_of(task);

	if (!st)
		return;
	st->runnable_ns = bpf_ktime_get_ns();
	st->why = why;
	if (why == SCHED_WAKEUP && in_interrupt(ctx, by)) {	/* the interrupted task has no part in it */
		st->why = SCHED_INTERRUPT;
		st->waker_tid = st->waker_pid = 0;
		__builtin_memset(st->waker, 0, sizeof(st->waker));
		return;
	}
	st->waker_tid = task_tid(by);
	st->waker_pid = st->waker_tid ? task_pid(by) : 0;
	bpf_probe_read_kernel(st->waker, sizeof(st->waker), by->comm);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	runnable(task, SCHED_WAKEUP, bpf_get_current_task_btf(), ctx);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	runnable(task, SCHED_NEW, bpf_get_current_task_btf(), ctx);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_state *st;
	struct record_sched *r;
	u64 delay;

	/* still wants to run, but may not */
	if (!BPF_CORE_READ((struct task_struct___state *)prev, __state))
		runnable(prev, SCHED_PREEMPTED, next, ctx);
	st = state_of(next);
	if (!st || !st->runnable_ns)
		return 0;
	delay = bpf_ktime_get_ns() - st->runnable_ns;
	if (delay >= sched_min_ns && !(st->flags & TASK_UNSEEN)) {
		r = admitted(NULL) ? bpf_ringbuf_reserve(&events, sizeof(*r), 0) : NULL;
		if (r) {
			*r = (struct record_sched){ { sizeof(*r), RECORD_SCHED, 0, st->pid, st->tid, st->runnable_ns }, .delay_ns = delay,
						    .waker_pid = st->waker_pid, .waker_tid = st->waker_tid, .cpu = bpf_get_smp_processor_id(), .why = st->why };
			__builtin_memcpy(r->waker, st->waker, sizeof(r->waker));
			bpf_ringbuf_submit(r, ring_flags());
		} else {
			lose(LOSS_RING);
		}
	}
	st->runnable_ns = 0;
	return 0;
}

/* ---- block I/O ---- */

struct owner { u32 pid, tid; };
struct inode_key { u64 dev, ino; };
/* Who last wrote into the pages of a file: the kernel writes them to the disk later, from a thread of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct inode_key);
	__type(value, struct owner);
} dirtied SEC(".maps");

/* Who submitted what: the request made of it may be dispatched by a kernel thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct owner);
} submitted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct wire_flight);
} flights SEC(".maps");

static __always_inline void remember(u64 bio)
{
	struct task_state *st = state_of(bpf_get_current_task_btf());
	struct owner owner;

	if (!st || st->flags & TASK_UNSEEN) {
		bpf_map_delete_elem(&submitted, &bio);	/* of another one, that had the same address */
		return;
	}
	owner = (struct owner){ st->pid, st->tid };
	st->flags |= TASK_SUBMITTED;
	bpf_map_update_elem(&submitted, &bio, &owner, BPF_ANY);
}

SEC("tp_btf/block_bio_queue")
int BPF_PROG(on_submit, struct bio *bio)
{
	remember((u64)bio);
	return 0;
}

/* The front part becomes a bio of its own, which is not queued. */
SEC("tp_btf/block_split")
int BPF_PROG(on_split, struct bio *bio)
{
	remember((u64)bio);
	return 0;
}

enum { S_IFMT_BITS = 0170000, S_IFBLK_BITS = 060000 };

/* A file system's own: its metadata are pages of its disk, and everybody's. */
static __always_inline bool is_mounted_disk(struct inode *inode)
{
	if ((BPF_CORE_READ((struct inode___mode *)inode, i_mode) & S_IFMT_BITS) != S_IFBLK_BITS)
		return false;
	return BPF_CORE_READ((struct bdev_inode *)((void *)inode - bpf_core_field_offset(struct bdev_inode, vfs_inode)),
			     bdev.bd_holder) != NULL;
}

SEC("tp_btf/writeback_dirty_folio")
int BPF_PROG(on_dirty, struct folio *folio, struct address_space *mapping)
{
	struct task_state *st = state_of(bpf_get_current_task_btf());
	struct inode *inode;
	struct inode_key key;
	struct owner owner;

	if (!st || st->flags & TASK_UNSEEN || !mapping)
		return 0;
	inode = mapping->host;
	if (!inode || is_mounted_disk(inode))
		return 0;
	key = (struct inode_key){ BPF_CORE_READ(inode, i_sb, s_dev), BPF_CORE_READ(inode, i_ino) };
	owner = (struct owner){ st->pid, st->tid };
	bpf_map_update_elem(&dirtied, &key, &owner, BPF_ANY);
	return 0;
}

struct page___head { unsigned long compound_head; };
struct page___info { unsigned long compound_info; };

/*
 * Of a tail page of a folio: its head, which has the mapping.  Bit 0 marks one; what stands beside it is the head's
 * address, or (seen in 7.2, where struct page has a power of two bytes) the mask that makes it of the tail's.
 */
static __always_inline struct page *head_of(struct page *page)
{
	unsigned long head;

	if (bpf_core_field_exists(((struct page___info *)0)->compound_info))
		head = BPF_CORE_READ((struct page___info *)page, compound_info);
	else
		head = BPF_CORE_READ((struct page___head *)page, compound_head);
	if (!(head & 1))
		return page;
	if (head >> 32 == 0xffffffff)	/* no address of a page is so high */
		return (struct page *)((unsigned long)page & head);
	return (struct page *)(head - 1);
}

/* The file whose pages a request carries; false: none (direct I/O, metadata). */
static __always_inline bool request_file(struct request *rq, struct inode_key *ret_key)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);
	struct bio_vec *vec = bio ? BPF_CORE_READ(bio, bi_io_vec) : NULL;
	struct page *page = vec ? BPF_CORE_READ(vec, bv_page) : NULL;
	unsigned long mapping;
	struct inode *inode;

	if (!page)
		return false;
	mapping = (unsigned long)BPF_CORE_READ(head_of(page), mapping);
	if (!mapping || mapping & 3)	/* anonymous */
		return false;
	inode = BPF_CORE_READ((struct address_space *)mapping, host);
	if (!inode)
		return false;
	*ret_key = (struct inode_key){ BPF_CORE_READ(inode, i_sb, s_dev), BPF_CORE_READ(inode, i_ino) };
	return true;
}

static __always_inline u8 op_of(unsigned cmd_flags)
{
	/* enum req_op, include/linux/blk_types.h */
	switch (cmd_flags & 0xff) {
	case 0: return BLOCK_READ;
	case 1: return BLOCK_WRITE;
	case 2: return BLOCK_FLUSH;
	case 3: return BLOCK_DISCARD;
	default: return BLOCK_OTHER;
	}
}

static __always_inline void end_flight(u64 id, const struct wire_flight *f, u64 end_ns, int err)
{
	struct record_block *r = admitted(NULL) ? bpf_ringbuf_reserve(&events, sizeof(*r), 0) : NULL;

	if (r) {
		flight_record(f, end_ns, err, r);
		bpf_ringbuf_submit(r, ring_flags());
	} else {
		lose(LOSS_RING);
	}
	bpf_map_delete_elem(&flights, &id);
}

/* False: it belongs to no traced task, and not to the kernel either. */
static __always_inline bool find_owner(struct wire_flight *f, u64 bio, const struct inode_key *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *st = state_of(task);
	bool kernels = task->flags & PF_KTHREAD_BIT;
	struct owner *o = bio ? bpf_map_lookup_elem(&submitted, &bio) : NULL;

	if (o) {
		f->pid = o->pid;
		f->tid = o->tid;
		bpf_map_delete_elem(&submitted, &bio);
		return true;
	}
	if (!bio && st && !(st->flags & TASK_UNSEEN)) {	/* a flush */
		f->pid = st->pid;
		f->tid = st->tid;
		return true;
	}
	/* whoever dispatches a request need not be who submitted it: what is not known to be ours is not */
	o = file->ino && f->op == BLOCK_WRITE ? bpf_map_lookup_elem(&dirtied, file) : NULL;
	if (o) {
		f->pid = o->pid;
		f->tid = o->tid;
		f->writeback = BLOCK_WRITEBACK;
	}
	return o || (kernels && !st);
}

static __always_inline void begin_flight(struct request *rq, u64 now, bool issued)
{
	u64 id = (u64)rq, bio = (u64)BPF_CORE_READ(rq, bio);
	struct wire_flight f = { .insert_ns = now, .issue_ns = issued ? now : 0, .nbytes = BPF_CORE_READ(rq, __data_len), .sector = BPF_CORE_READ(rq, __sector),
				 .op = op_of(BPF_CORE_READ(rq, cmd_flags)) };
	struct wire_flight *old = bpf_map_lookup_elem(&flights, &id);
	struct block_device *part = BPF_CORE_READ(rq, part);
	struct gendisk *disk = BPF_CORE_READ(rq, q, disk);
	struct inode_key file = { 0 };

	if (old) {
		if (old->sector == f.sector && old->op == f.op && old->nbytes == f.nbytes)
			return;		/* requeued */
		end_flight(id, old, now, 0);	/* see on_complete */
	}
	if (request_file(rq, &file))
		f.ino = file.ino;
	if (!find_owner(&f, bio, &file))
		return;
	f.dev = part ? BPF_CORE_READ(part, bd_dev) : 0;
	if (disk)
		bpf_probe_read_kernel_str(f.disk, sizeof(f.disk), disk->disk_name);
	if (bpf_map_update_elem(&flights, &id, &f, BPF_ANY))
		lose(LOSS_RING);
}

SEC("tp_btf/block_rq_insert")
int BPF_PROG(on_insert, struct request *rq)
{
	begin_flight(rq, bpf_ktime_get_ns(), false);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	u64 id = (u64)rq, now = bpf_ktime_get_ns();
	struct wire_flight *f = bpf_map_lookup_elem(&flights, &id);

	if (f && !f->issue_ns) {
		f->issue_ns = now;
		f->nbytes = BPF_CORE_READ(rq, __data_len);	/* others were merged into it */
		f->sector = BPF_CORE_READ(rq, __sector);
	} else {
		begin_flight(rq, now, true);
	}
	return 0;
}

/*
 * Not run for every request: on a busy 6.18 up to some per cent of those that complete while another task runs are
 * missing here, though perf and tracefs have them.  Such a flight ends when its request is used again, or with its
 * thread.
 */
SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, u8 error, unsigned nbytes)
{
	u64 id = (u64)rq, now = bpf_ktime_get_ns();
	struct wire_flight *f = bpf_map_lookup_elem(&flights, &id);

	/* done in parts: the last one counts */
	if (f && (nbytes >= BPF_CORE_READ(rq, __data_len) || error))
		end_flight(id, f, now, error ? -5 /* EIO; the block layer's own codes are finer */ : 0);
	return 0;
}

struct bpf_map;
static long end_if_of(struct bpf_map *map, const u64 *id, struct wire_flight *f, const u32 *tid)
{
	if (f->tid == *tid && !f->writeback)
		end_flight(*id, f, bpf_ktime_get_ns(), 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_last_chance, struct task_struct *task)
{
	struct task_state *st = state_of(task);
	u32 tid;

	if (!st || !(st->flags & TASK_SUBMITTED))
		return 0;
	tid = st->tid;
	bpf_for_each_map_elem(&flights, end_if_of, &tid, 0);
	return 0;
}

/* ---- who is traced, when the other backend is ptrace ---- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (state_of(parent) && !follow(child, 0))
		lose(LOSS_TASK);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct task_state *st = state_of(task);

	if (st) {
		st->flags &= ~TASK_UNSEEN;
		st->tid = task_tid(task);
	}
	return 0;
}
