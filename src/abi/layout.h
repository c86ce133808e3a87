/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is inside the structs that calls point to.  A layout describes bytes
 * as the kernel lays them out; fields may be fewer than the struct has.
 */
#include <stdint.h>

#include "abi/spec.h"

struct field {
	const char *name;		/* NULL: the struct is this value alone */
	uint16_t off, size;
	/* enum arg_type of a register; ARG_STR: characters up to a NUL; ARG_STRUCT_IN: .layout */
	uint8_t type;
	const struct names *names;
	const struct layout *layout;
	bool after;			/* the kernel writes it: before the call it says nothing (revents) */
};
enum layout_form {
	LAYOUT_FIELDS,
	LAYOUT_SIGNAL_SET,
	LAYOUT_CPU_SET,
	LAYOUT_WAIT_STATUS,
	LAYOUT_SIGINFO,
	/* as long as the bytes are */ LAYOUT_STRING,
	LAYOUT_BYTES,
	LAYOUT_LIST /* of .fields */,
	LAYOUT_SOCKADDR /* bytes here; whoever knows addresses decodes them */
};
struct layout { uint16_t size; uint8_t form; const struct field *fields; /* ends with type ARG_NONE */
		const struct layout *shorter; /* what it is where there are no more bytes than that has */ };

/* it, or the shorter one that len bytes are */
const struct layout *layout_by_length(const struct layout *layout, uint32_t len);
/* what of LAYOUT_SIGINFO is there depends on signal and code */
const struct layout *layout_of_siginfo(const char *bytes, uint32_t len);
bool layout_answers(const struct layout *layout);	/* it has fields that the kernel writes */
bool field_is_signed(const struct field *f);
/* at most its first 8 bytes; of the whole struct's bytes */
uint64_t field_word(const struct field *f, const char *bytes);

#define LAYOUTS(X) \
	X(cpu_set, 1) \
	X(int, 4) X(uid, 4) X(uid16, 2) X(u64, 8) X(off, 8) X(ptr, 8) X(timespec, 16) X(timespecs, 32) X( \
		timeval, 16) X(timevals, 32) X(itimerspec, 32) X(itimerval, 32) X(timezone, 8) X(utimbuf, 16) \
		X(tms, 32) X(stat, 144) X(statx, 256) X(statfs, 120) X(pollfd, 8) X(epoll_event, 12) X(sigset, 8) X( \
			sigaction, 32) X(siginfo, 128) \
			X(stack, 24) X(rlimit, 16) X(rusage, 144) X(utsname, 390) X(sysinfo, 112) X(open_how, 24) X( \
				clone_args, \
				88) X(wstatus, 4) X(sched_attr, 56) \
				X(cap_header, 8) X(cap_data, 24) X(sembuf, 6) X(mq_attr, 64) X(futex_waitv, 24) X( \
					io_event, \
					32) X(io_uring_params, 28) X(io_uring_rsrc_update, 16) X(file_handle, 8) \
					X(mount_attr, 32) X(mnt_id_req, 24) X(ns_id_req, 32) X(string, 1) X(bytes, 1) \
						X(sockaddr, 1) X(uint, 4) X(uints, 4) X(uids, 4) X(rate, 8) \
							X(linger, 8) X(ucred, 12) X(sock_fprog, 16) X(timestamping, 8) \
								X(txtime, 8) X(in_addr, 4) X(ip_mreq, 8) X( \
									ip_mreqn, \
									12) X(ip_mreq_source, \
									      12) X(ipv6_mreq, 20) X(in6_pktinfo, 20) \
									X(ip6_mtuinfo, 32) X(icmp_filter, \
											     4) X(tcp_info, 232) \
										X(xattr_args, 16) X(file_attr, 24) \
											X(cachestat_range, 16) \
												X(cachestat, \
												  40) /* i386's own */ \
		X(sock_fprog32, 8) X(off32, 4) X(timespec32, 8) X(timespecs32, 16) X(timeval32, 8) X(timevals32, 16) \
			X(itimerspec32, 16) X(itimerval32, 16) X(utimbuf32, 8) X(tms32, 16) X(stat32, 64) \
				X(stat64_32, 96) X(statfs32, 64) X(statfs64_32, 84) X(rlimit32, 8) X(rusage32, 72) \
					X(sigaction32, 20) X(old_sigaction32, 16) X(old_sigset32, 4) X(stack32, 12) \
						X(sysinfo32, 64) X(mq_attr32, 32)
#define X(name, bytes) extern const struct layout layout_##name; enum { layout_##name##_size = bytes };
LAYOUTS(X)
#undef X
