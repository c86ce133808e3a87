/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the caller may not ptrace is not shown.  BPF itself checks nothing: with CAP_BPF and CAP_PERFMON on the file a
 * program of ours sees every task.  So a caller without CAP_SYS_PTRACE is held to what the kernel would permit it,
 * __ptrace_may_access() with PTRACE_MODE_READ_REALCREDS (kernel/ptrace.c, security/commoncap.c): the same user and
 * group in all three forms, a process that may be dumped, and no capability that the caller lacks.  A user namespace
 * that the caller made is the caller's.
 */
#pragma once
#include "capture/bpf/follow.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct kuid_k { u32 val; };
struct user_namespace { struct user_namespace *parent; struct kuid_k owner; };
struct caps_k { u64 val; };
struct cred {
	struct kuid_k uid, gid, suid, sgid, euid, egid;
	struct caps_k cap_permitted;
	struct user_namespace *user_ns;
};
struct task_struct___cred { struct cred *real_cred; };
struct mm_struct___ns { struct user_namespace *user_ns; };
/* before 6.18 a word, since then a bitmap */
struct mm_struct___word { unsigned long flags; };
struct mm_flags_k { unsigned long __mm_flags[1]; };
struct mm_struct___bitmap { struct mm_flags_k flags; };
#pragma clang attribute pop

const volatile bool restricted = false;	/* the caller has no CAP_SYS_PTRACE */

enum { DUMPABLE_MASK = 3, SUID_DUMP_USER = 1, NAMESPACES = 32 /* deep: kernel/user_namespace.c */ };

static __always_inline struct cred *cred_of(struct task_struct *task)
{
	return BPF_CORE_READ((struct task_struct___cred *)task, real_cred);
}

/* Two halves before 6.3. */
static __always_inline u64 permitted(struct cred *cred)
{
	u64 caps = ~0ull;

	bpf_probe_read_kernel(&caps, sizeof(caps), (void *)cred + bpf_core_field_offset(struct cred, cap_permitted));
	return caps;
}

static __always_inline bool dumpable(struct mm_struct *mm)
{
	unsigned long flags = 0;

	if (bpf_core_field_exists(((struct mm_struct___word *)0)->flags))
		flags = BPF_CORE_READ((struct mm_struct___word *)mm, flags);
	else if (bpf_core_field_exists(((struct mm_struct___bitmap *)0)->flags))
		flags = BPF_CORE_READ((struct mm_struct___bitmap *)mm, flags.__mm_flags[0]);
	return (flags & DUMPABLE_MASK) == SUID_DUMP_USER;
}

/* As cap_capable() has it for a caller without the capability in its own namespace. */
static __noinline bool rules(struct user_namespace *ns)
{
	struct wire_shared *sh = shared_get();

	if (!sh)
		return false;
	for (int i = 0; i < NAMESPACES && ns && (u64)ns != sh->user_ns; i++) {
		struct user_namespace *parent = BPF_CORE_READ(ns, parent);

		if ((u64)parent == sh->user_ns)
			return BPF_CORE_READ(ns, owner.val) == sh->euid;
		ns = parent;
	}
	return false;
}

static __always_inline void rights_of_caller(struct task_struct *self, struct wire_shared *sh)
{
	struct cred *cred = cred_of(self);

	sh->user_ns = (u64)BPF_CORE_READ(cred, user_ns);
	sh->caps = permitted(cred);
	sh->uid = BPF_CORE_READ(cred, uid.val);
	sh->gid = BPF_CORE_READ(cred, gid.val);
	sh->euid = BPF_CORE_READ(cred, euid.val);
}

static __noinline bool may_see(struct task_struct *task)
{
	struct wire_shared *sh = shared_get();
	struct cred *cred = cred_of(task);
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	if (!sh)
		return false;
	if ((BPF_CORE_READ(cred, uid.val) != sh->uid || BPF_CORE_READ(cred, euid.val) != sh->uid ||
	     BPF_CORE_READ(cred, suid.val) != sh->uid || BPF_CORE_READ(cred, gid.val) != sh->gid ||
	     BPF_CORE_READ(cred, egid.val) != sh->gid || BPF_CORE_READ(cred, sgid.val) != sh->gid) &&
	    !rules(ns))
		return false;
	if (mm && !dumpable(mm) && !rules(BPF_CORE_READ((struct mm_struct___ns *)mm, user_ns)))
		return false;
	if ((u64)ns == sh->user_ns)
		return !(permitted(cred) & ~sh->caps);
	return rules(ns);
}
