/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The least that telling how long each call took can cost: two programs that read the clock, and nothing else. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";
volatile __u64 now_ns;

SEC("tp_btf/sys_enter")
int entered(void *ctx)
{
	now_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int left(void *ctx)
{
	now_ns = bpf_ktime_get_ns();
	return 0;
}
