/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Functions of the kernel that programs call.  Declared as __ksym, libbpf would read all types of the kernel to find
 * them; so they are called as helpers with these numbers, and prepare.c puts the kernel's in their place.
 */
enum kfunc { KFUNC_FIRST = 0x7f000000, KFUNC_VMA_NEW = KFUNC_FIRST, KFUNC_VMA_NEXT, KFUNC_VMA_DESTROY, KFUNC_END };

#define KFUNC_NAMES { "bpf_iter_task_vma_new", "bpf_iter_task_vma_next", "bpf_iter_task_vma_destroy" }
