/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The few kernel structures we look into.  CO-RE finds the fields in the
 * running kernel's BTF; only names and kinds matter here.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>
#include <stdint.h>

typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64; typedef __s32 s32; typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct thread_info { unsigned long flags; u32 status, cpu; };
struct proc_ns_operations { const char *name; };
struct ns_common { unsigned inum; const struct proc_ns_operations *ops; };
struct pid_namespace { struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned level; struct upid numbers[0]; };
struct sched_entity { u64 sum_exec_runtime; };
struct sched_info { unsigned long long run_delay; };
struct sigpending;
struct qstr { u32 len; const unsigned char *name; };
struct super_block { u32 s_dev; unsigned long s_magic; };
struct inode {
	u16 i_mode;
	u32 i_rdev;
	unsigned i_nlink;
	unsigned long i_ino;
	struct super_block *i_sb;
	void *i_private;
};
struct hlist_bl_node { void *pprev; };
struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; struct inode *d_inode; };
struct vfsmount { struct dentry *mnt_root; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file { struct path f_path; struct inode *f_inode; unsigned f_flags; s64 f_pos; void *private_data; };
struct fdtable { unsigned max_fds; struct file **fd; unsigned long *close_on_exec; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };
struct mm_context_k { void *vdso; };
struct mm_struct {
	unsigned long arg_start, arg_end, start_brk, brk, start_stack, hiwater_rss;
	struct file *exe_file;
	struct mm_context_k context;
};
/* Pages by kind: as they are since 6.2, and before. */
struct percpu_counter_k { s64 count; };
struct mm_struct___percpu { struct percpu_counter_k rss_stat[4]; };
struct atomic_long_k { s64 counter; };
struct mm_rss_stat_k { struct atomic_long_k count[4]; };
struct mm_struct___atomic { struct mm_rss_stat_k rss_stat; };
struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags, vm_pgoff;
	struct file *vm_file;
	struct mm_struct *vm_mm;
};
struct atomic_k { int counter; };
struct signal_struct {
	struct atomic_k live;
	int group_exit_code;
	unsigned flags;
	u64 utime, stime;
	unsigned long long sum_sched_runtime;
	unsigned long maxrss;
	struct rlimit_k { unsigned long rlim_cur, rlim_max; } rlim[16];
};
struct sigset_k { unsigned long sig[1]; };
struct sigpending { struct sigset_k signal; };
struct task_struct {
	struct thread_info thread_info;
	unsigned __state;
	unsigned flags;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	int exit_code, pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	u64 utime, stime;
	char comm[16];
	struct signal_struct *signal;
	struct sigpending pending;
	struct io_uring_task *io_uring;
};
struct pt_regs { unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip; };
struct linux_binprm { const char *filename; int argc; };
struct kill_k { int _pid; u32 _uid; };
struct fault_k { void *_addr; };
struct sys_k { void *_call_addr; int _syscall; u32 _arch; };
union sifields_k { struct kill_k _kill; struct fault_k _sigfault; struct sys_k _sigsys; };
struct kernel_siginfo { int si_signo, si_code; union sifields_k _sifields; };
struct sigaction_k { void *sa_handler; unsigned long sa_flags; };
struct k_sigaction { struct sigaction_k sa; };
struct in6_addr_k { u8 b[16]; };
struct sock_common {
	u16 skc_family, skc_dport, skc_num;
	u8 skc_state;
	int skc_bound_dev_if;
	u32 skc_daddr, skc_rcv_saddr;
	struct in6_addr_k skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; u16 sk_protocol; };
struct socket { short type; struct sock *sk; };
struct inet_sock { u32 inet_saddr; };
struct sockaddr_un_k { u16 sun_family; };
struct unix_address { int len; struct sockaddr_un_k name[0]; };
struct unix_sock { struct unix_address *addr; struct sock *peer; };
struct netlink_sock { u32 portid; };
struct sockaddr_vm_k { u16 svm_family; };
struct vsock_sock { struct sockaddr_vm_k local_addr, remote_addr; };
struct io_uring { u32 head, tail; };
struct io_uring_cqe_k { u64 user_data; };
struct io_rings {
	struct io_uring sq, cq;
	u32 sq_ring_mask, cq_ring_mask, cq_ring_entries;
	struct io_uring_cqe_k cqes[0];
};
struct io_uring_task { struct file *registered_rings[16]; };
struct io_ring_ctx { unsigned flags; struct io_rings *rings; u32 *sq_array; void *sq_sqes; };
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
#pragma clang attribute pop

enum { TS_COMPAT_BIT = 2, TIF_SIGPENDING_BIT = 1 << 2, TIF_RESCHED_BITS = 1 << 3 | 1 << 4 /* _LAZY, since 6.12 */ };
enum {
	PF_EXITING_BIT = 4,
	PF_WORKER_BITS = 0x4010 /* PF_USER_WORKER, PF_IO_WORKER */,
	PF_KTHREAD_BIT = 0x00200000,
	SIGNAL_GROUP_EXIT_BIT = 4,
	SA_IMMUTABLE_BIT = 0x00800000,
	SIGKILL_NR = 9,
	SIGXCPU_NR = 24,
	SIGXFSZ_NR = 25,
	RLIMIT_CPU_NR = 0,
	RLIMIT_FSIZE_NR = 1,
	SIGCHLD_NR = 17,
	SIGCONT_NR = 18,
	SIGSYS_NR = 31,
	AUDIT_ARCH_X86_64_NR = (int)0xc000003e,
	ENOENT_NR = 2
};
