/* SPDX-License-Identifier: MIT */
#pragma once
/* Kinds and states of connections, and counters, in the order in which the report numbers them. */
enum row_sock_kind {
	ROW_TCP4,
	ROW_TCP6,
	ROW_UDP4,
	ROW_UDP6,
	ROW_UNIX,
	ROW_UNIX_DGRAM,
	ROW_NETLINK,
	ROW_PIPE,
	ROW_OTHER_SOCK,
	ROW_VSOCK,
	ROW_PACKETS,
	_ROW_SOCK_KINDS
};
enum row_sock_state {
	ROW_UNCONNECTED,
	ROW_CONNECTING,
	ROW_CONNECTED,
	ROW_ACCEPTED,
	ROW_LISTENING,
	ROW_BOUND,
	ROW_FAILED,
	_ROW_SOCK_STATES
};
/* NULL ends them */
extern const char *const row_sock_kinds[_ROW_SOCK_KINDS + 1], *const row_sock_states[_ROW_SOCK_STATES + 1];
enum row_counter { COUNTER_MEMORY, COUNTER_RESIDENT, COUNTER_FDS, _COUNTER_MAX };
