/* SPDX-License-Identifier: MIT */
/* Sockets. */
#include "abi/rows.h"

#include <netinet/in.h>
#include <sys/socket.h>

const struct names socket_msg_flags = FLAG_SET(
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_PROXY), N(MSG_TRUNC), N(MSG_DONTWAIT), N(MSG_EOR), N(MSG_WAITALL), N(MSG_FIN),
	N(MSG_SYN), N(MSG_CONFIRM), N(MSG_RST), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE), N(MSG_WAITFORONE), V(0x40000, "MSG_BATCH"),
	V(0x2000000, "MSG_SOCK_DEVMEM"), N(MSG_ZEROCOPY), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC));
static const struct names shutdown_how = VALUE_SET(N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR));
static const struct names accept_flags = FLAG_SET(N(SOCK_NONBLOCK), N(SOCK_CLOEXEC));
static const struct names sockopt_levels = VALUE_SET(
	V(0, "SOL_IP"), V(1, "SOL_SOCKET"), V(6, "SOL_TCP"), V(17, "SOL_UDP"), V(40, "AF_VSOCK"), V(41, "SOL_IPV6"), V(58, "SOL_ICMPV6"), V(132, "SOL_SCTP"), V(136, "SOL_UDPLITE"),
	V(255, "SOL_RAW"), V(261, "SOL_DECNET"), V(262, "SOL_X25"), V(263, "SOL_PACKET"), V(264, "SOL_ATM"), V(265, "SOL_AAL"), V(266, "SOL_IRDA"),
	V(268, "SOL_LLC"), V(269, "SOL_DCCP"), V(270, "SOL_NETLINK"), V(271, "SOL_TIPC"), V(272, "SOL_RXRPC"), V(273, "SOL_PPPOL2TP"), V(274, "SOL_BLUETOOTH"),
	V(276, "SOL_RDS"), V(278, "SOL_CAIF"), V(279, "SOL_ALG"), V(280, "SOL_NFC"), V(281, "SOL_KCM"), V(282, "SOL_TLS"), V(283, "SOL_XDP"),
	V(284, "SOL_MPTCP"), V(285, "SOL_MCTP"), V(286, "SOL_SMC"), V(287, "SOL_VSOCK"));
static const struct names sockopts_socket = VALUE_SET(
	V(1, "SO_DEBUG"), V(2, "SO_REUSEADDR"), V(3, "SO_TYPE"), V(4, "SO_ERROR"), V(5, "SO_DONTROUTE"), V(6, "SO_BROADCAST"), V(7, "SO_SNDBUF"), V(8, "SO_RCVBUF"),
	V(9, "SO_KEEPALIVE"), V(10, "SO_OOBINLINE"), V(11, "SO_NO_CHECK"), V(12, "SO_PRIORITY"), VL(13, "SO_LINGER", linger), V(14, "SO_BSDCOMPAT"), V(15, "SO_REUSEPORT"),
	V(16, "SO_PASSCRED"), VL(17, "SO_PEERCRED", ucred), V(18, "SO_RCVLOWAT"), V(19, "SO_SNDLOWAT"), VL(20, "SO_RCVTIMEO", timeval), VL(21, "SO_SNDTIMEO", timeval),
	VL(25, "SO_BINDTODEVICE", string), VL(26, "SO_ATTACH_FILTER", sock_fprog), V(27, "SO_DETACH_FILTER"), VL(28, "SO_PEERNAME", sockaddr), V(29, "SO_TIMESTAMP"), V(30, "SO_ACCEPTCONN"),
	VL(31, "SO_PEERSEC", string), V(32, "SO_SNDBUFFORCE"), V(33, "SO_RCVBUFFORCE"), V(34, "SO_PASSSEC"), V(35, "SO_TIMESTAMPNS"), V(36, "SO_MARK"),
	VL(37, "SO_TIMESTAMPING", timestamping), V(38, "SO_PROTOCOL"), V(39, "SO_DOMAIN"), V(40, "SO_RXQ_OVFL"), V(41, "SO_WIFI_STATUS"), V(42, "SO_PEEK_OFF"), V(43, "SO_NOFCS"),
	V(44, "SO_LOCK_FILTER"), V(45, "SO_SELECT_ERR_QUEUE"), V(46, "SO_BUSY_POLL"), VL(47, "SO_MAX_PACING_RATE", rate), V(48, "SO_BPF_EXTENSIONS"),
	V(49, "SO_INCOMING_CPU"), V(50, "SO_ATTACH_BPF"), VL(51, "SO_ATTACH_REUSEPORT_CBPF", sock_fprog), V(52, "SO_ATTACH_REUSEPORT_EBPF"), V(53, "SO_CNX_ADVICE"),
	VL(55, "SO_MEMINFO", uints), V(56, "SO_INCOMING_NAPI_ID"), VL(57, "SO_COOKIE", u64), VL(59, "SO_PEERGROUPS", uids), V(60, "SO_ZEROCOPY"), VL(61, "SO_TXTIME", txtime),
	V(62, "SO_BINDTOIFINDEX"), V(63, "SO_TIMESTAMP_NEW"), V(64, "SO_TIMESTAMPNS_NEW"), VL(65, "SO_TIMESTAMPING_NEW", timestamping), VL(66, "SO_RCVTIMEO_NEW", timeval),
	VL(67, "SO_SNDTIMEO_NEW", timeval), V(68, "SO_DETACH_REUSEPORT_BPF"), V(69, "SO_PREFER_BUSY_POLL"), V(70, "SO_BUSY_POLL_BUDGET"), VL(71, "SO_NETNS_COOKIE", u64),
	V(72, "SO_BUF_LOCK"), V(73, "SO_RESERVE_MEM"), V(74, "SO_TXREHASH"), V(75, "SO_RCVMARK"), V(76, "SO_PASSPIDFD"), V(77, "SO_PEERPIDFD"),
	V(78, "SO_DEVMEM_LINEAR"), V(79, "SO_DEVMEM_DMABUF"), VL(80, "SO_DEVMEM_DONTNEED", bytes), V(82, "SO_RCVPRIORITY"), V(83, "SO_PASSRIGHTS"), V(84, "SO_INQ"));
static const struct names sockopts_tcp = VALUE_SET(
	V(1, "TCP_NODELAY"), V(2, "TCP_MAXSEG"), V(3, "TCP_CORK"), V(4, "TCP_KEEPIDLE"), V(5, "TCP_KEEPINTVL"), V(6, "TCP_KEEPCNT"), V(7, "TCP_SYNCNT"),
	V(8, "TCP_LINGER2"), V(9, "TCP_DEFER_ACCEPT"), V(10, "TCP_WINDOW_CLAMP"), VL(11, "TCP_INFO", tcp_info), V(12, "TCP_QUICKACK"), VL(13, "TCP_CONGESTION", string),
	VL(14, "TCP_MD5SIG", bytes), V(16, "TCP_THIN_LINEAR_TIMEOUTS"), V(17, "TCP_THIN_DUPACK"), V(18, "TCP_USER_TIMEOUT"), V(19, "TCP_REPAIR"), V(20, "TCP_REPAIR_QUEUE"),
	V(21, "TCP_QUEUE_SEQ"), VL(22, "TCP_REPAIR_OPTIONS", bytes), V(23, "TCP_FASTOPEN"), V(24, "TCP_TIMESTAMP"), V(25, "TCP_NOTSENT_LOWAT"), VL(26, "TCP_CC_INFO", bytes),
	V(27, "TCP_SAVE_SYN"), VL(28, "TCP_SAVED_SYN", bytes), VL(29, "TCP_REPAIR_WINDOW", bytes), V(30, "TCP_FASTOPEN_CONNECT"), VL(31, "TCP_ULP", string), VL(32, "TCP_MD5SIG_EXT", bytes),
	VL(33, "TCP_FASTOPEN_KEY", bytes), V(34, "TCP_FASTOPEN_NO_COOKIE"), VL(35, "TCP_ZEROCOPY_RECEIVE", bytes), V(36, "TCP_INQ"), V(37, "TCP_TX_DELAY"), VL(38, "TCP_AO_ADD_KEY", bytes),
	VL(39, "TCP_AO_DEL_KEY", bytes), VL(40, "TCP_AO_INFO", bytes), VL(41, "TCP_AO_GET_KEYS", bytes), VL(42, "TCP_AO_REPAIR", bytes), V(43, "TCP_IS_MPTCP"), V(44, "TCP_RTO_MAX_MS"),
	V(45, "TCP_RTO_MIN_US"), V(46, "TCP_DELACK_MAX_US"));
/* The same of IPv4 and IPv6, with a struct sockaddr_storage or several inside. */
#define MULTICAST_OPTIONS \
	VL(42, "MCAST_JOIN_GROUP", bytes), VL(43, "MCAST_BLOCK_SOURCE", bytes), VL(44, "MCAST_UNBLOCK_SOURCE", bytes), \
		VL(45, "MCAST_LEAVE_GROUP", bytes), VL(46, "MCAST_JOIN_SOURCE_GROUP", bytes), \
		VL(47, "MCAST_LEAVE_SOURCE_GROUP", bytes), VL(48, "MCAST_MSFILTER", bytes)
static const struct names sockopts_ip = VALUE_SET(MULTICAST_OPTIONS,
	V(1, "IP_TOS"), V(2, "IP_TTL"), V(3, "IP_HDRINCL"), VL(4, "IP_OPTIONS", bytes), V(5, "IP_ROUTER_ALERT"), V(6, "IP_RECVOPTS"), V(7, "IP_RETOPTS"), V(8, "IP_PKTINFO"),
	VL(9, "IP_PKTOPTIONS", bytes), V(10, "IP_MTU_DISCOVER"), V(11, "IP_RECVERR"), V(12, "IP_RECVTTL"), V(13, "IP_RECVTOS"), V(14, "IP_MTU"), V(15, "IP_FREEBIND"),
	VL(16, "IP_IPSEC_POLICY", bytes), VL(17, "IP_XFRM_POLICY", bytes), V(18, "IP_PASSSEC"), V(19, "IP_TRANSPARENT"), V(20, "IP_ORIGDSTADDR"), V(21, "IP_MINTTL"),
	V(22, "IP_NODEFRAG"), V(23, "IP_CHECKSUM"), V(24, "IP_BIND_ADDRESS_NO_PORT"), V(25, "IP_RECVFRAGSIZE"), V(26, "IP_RECVERR_RFC4884"), VL(32, "IP_MULTICAST_IF", ip_mreqn),
	V(33, "IP_MULTICAST_TTL"), V(34, "IP_MULTICAST_LOOP"), VL(35, "IP_ADD_MEMBERSHIP", ip_mreqn), VL(36, "IP_DROP_MEMBERSHIP", ip_mreqn), VL(37, "IP_UNBLOCK_SOURCE", ip_mreq_source),
	VL(38, "IP_BLOCK_SOURCE", ip_mreq_source), VL(39, "IP_ADD_SOURCE_MEMBERSHIP", ip_mreq_source), VL(40, "IP_DROP_SOURCE_MEMBERSHIP", ip_mreq_source), VL(41, "IP_MSFILTER", bytes), V(49, "IP_MULTICAST_ALL"),
	V(50, "IP_UNICAST_IF"), V(51, "IP_LOCAL_PORT_RANGE"), V(52, "IP_PROTOCOL"), VL(80, "SO_ORIGINAL_DST", sockaddr));
static const struct names sockopts_ipv6 = VALUE_SET(MULTICAST_OPTIONS, VL(80, "IP6T_SO_ORIGINAL_DST", sockaddr),
	V(1, "IPV6_ADDRFORM"), V(2, "IPV6_2292PKTINFO"), V(3, "IPV6_2292HOPOPTS"), V(4, "IPV6_2292DSTOPTS"), V(5, "IPV6_2292RTHDR"), VL(6, "IPV6_2292PKTOPTIONS", bytes),
	V(7, "IPV6_CHECKSUM"), V(8, "IPV6_2292HOPLIMIT"), VL(9, "IPV6_NEXTHOP", sockaddr), V(11, "IPV6_FLOWINFO"), V(16, "IPV6_UNICAST_HOPS"), V(17, "IPV6_MULTICAST_IF"),
	V(18, "IPV6_MULTICAST_HOPS"), V(19, "IPV6_MULTICAST_LOOP"), VL(20, "IPV6_ADD_MEMBERSHIP", ipv6_mreq), VL(21, "IPV6_DROP_MEMBERSHIP", ipv6_mreq), V(22, "IPV6_ROUTER_ALERT"),
	V(23, "IPV6_MTU_DISCOVER"), V(24, "IPV6_MTU"), V(25, "IPV6_RECVERR"), V(26, "IPV6_V6ONLY"), VL(27, "IPV6_JOIN_ANYCAST", ipv6_mreq), VL(28, "IPV6_LEAVE_ANYCAST", ipv6_mreq),
	V(29, "IPV6_MULTICAST_ALL"), V(30, "IPV6_ROUTER_ALERT_ISOLATE"), V(31, "IPV6_RECVERR_RFC4884"), VL(32, "IPV6_FLOWLABEL_MGR", bytes), V(33, "IPV6_FLOWINFO_SEND"),
	VL(34, "IPV6_IPSEC_POLICY", bytes), VL(35, "IPV6_XFRM_POLICY", bytes), V(36, "IPV6_HDRINCL"), V(49, "IPV6_RECVPKTINFO"), VL(50, "IPV6_PKTINFO", in6_pktinfo), V(51, "IPV6_RECVHOPLIMIT"),
	V(52, "IPV6_HOPLIMIT"), V(53, "IPV6_RECVHOPOPTS"), VL(54, "IPV6_HOPOPTS", bytes), VL(55, "IPV6_RTHDRDSTOPTS", bytes), V(56, "IPV6_RECVRTHDR"), VL(57, "IPV6_RTHDR", bytes),
	V(58, "IPV6_RECVDSTOPTS"), VL(59, "IPV6_DSTOPTS", bytes), V(60, "IPV6_RECVPATHMTU"), VL(61, "IPV6_PATHMTU", ip6_mtuinfo), V(62, "IPV6_DONTFRAG"), V(66, "IPV6_RECVTCLASS"),
	V(67, "IPV6_TCLASS"), V(70, "IPV6_AUTOFLOWLABEL"), V(72, "IPV6_ADDR_PREFERENCES"), V(73, "IPV6_MINHOPCOUNT"), V(74, "IPV6_RECVORIGDSTADDR"),
	V(75, "IPV6_TRANSPARENT"), V(76, "IPV6_UNICAST_IF"), V(77, "IPV6_RECVFRAGSIZE"), V(78, "IPV6_FREEBIND"));
static const struct names sockopts_netlink = VALUE_SET(
	V(1, "NETLINK_ADD_MEMBERSHIP"), V(2, "NETLINK_DROP_MEMBERSHIP"), V(3, "NETLINK_PKTINFO"), V(4, "NETLINK_BROADCAST_ERROR"), V(5, "NETLINK_NO_ENOBUFS"),
	V(8, "NETLINK_LISTEN_ALL_NSID"), VL(9, "NETLINK_LIST_MEMBERSHIPS", uints), V(10, "NETLINK_CAP_ACK"), V(11, "NETLINK_EXT_ACK"), V(12, "NETLINK_GET_STRICT_CHK"));
static const struct names sockopts_udp = VALUE_SET(V(1, "UDP_CORK"), V(100, "UDP_ENCAP"), V(101, "UDP_NO_CHECK6_TX"), V(102, "UDP_NO_CHECK6_RX"),
	V(103, "UDP_SEGMENT"), V(104, "UDP_GRO"));
static const struct names sockopts_raw = VALUE_SET(VL(1, "ICMP_FILTER", icmp_filter));
static const struct names sockopts_icmpv6 = VALUE_SET(VL(1, "ICMPV6_FILTER", bytes));
static const struct names sockopts_packet = VALUE_SET(
	VL(1, "PACKET_ADD_MEMBERSHIP", bytes), VL(2, "PACKET_DROP_MEMBERSHIP", bytes), V(3, "PACKET_RECV_OUTPUT"), VL(5, "PACKET_RX_RING", bytes),
	VL(6, "PACKET_STATISTICS", uints), V(7, "PACKET_COPY_THRESH"), V(8, "PACKET_AUXDATA"), V(9, "PACKET_ORIGDEV"), V(10, "PACKET_VERSION"), V(11, "PACKET_HDRLEN"),
	V(12, "PACKET_RESERVE"), VL(13, "PACKET_TX_RING", bytes), V(14, "PACKET_LOSS"), V(15, "PACKET_VNET_HDR"), V(16, "PACKET_TX_TIMESTAMP"), V(17, "PACKET_TIMESTAMP"),
	V(18, "PACKET_FANOUT"), V(19, "PACKET_TX_HAS_OFF"), V(20, "PACKET_QDISC_BYPASS"), VL(21, "PACKET_ROLLOVER_STATS", bytes), VL(22, "PACKET_FANOUT_DATA", bytes),
	V(23, "PACKET_IGNORE_OUTGOING"), V(24, "PACKET_VNET_HDR_SZ"));
static const struct names sockopts_tls = VALUE_SET(VL(1, "TLS_TX", bytes), VL(2, "TLS_RX", bytes),
						   V(3, "TLS_TX_ZEROCOPY_RO"), V(4, "TLS_RX_EXPECT_NO_PAD"));
static const struct names sockopts_vsock = VALUE_SET(VL(0, "SO_VM_SOCKETS_BUFFER_SIZE", rate), VL(1, "SO_VM_SOCKETS_BUFFER_MIN_SIZE", rate),
	VL(2, "SO_VM_SOCKETS_BUFFER_MAX_SIZE", rate), V(3, "SO_VM_SOCKETS_PEER_HOST_VM_ID"), V(5, "SO_VM_SOCKETS_TRUSTED"), VL(6, "SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD", timeval),
	V(7, "SO_VM_SOCKETS_NONBLOCK_TXRX"), VL(8, "SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW", timeval));
static const struct names ip_protocols = VALUE_SET(
	N(IPPROTO_IP), N(IPPROTO_ICMP), N(IPPROTO_IGMP), N(IPPROTO_IPIP), N(IPPROTO_TCP), N(IPPROTO_EGP), N(IPPROTO_PUP), N(IPPROTO_UDP), N(IPPROTO_IDP),
	N(IPPROTO_TP), N(IPPROTO_DCCP), N(IPPROTO_IPV6), N(IPPROTO_RSVP), N(IPPROTO_GRE), N(IPPROTO_ESP), N(IPPROTO_AH), V(58, "IPPROTO_ICMPV6"), N(IPPROTO_MTP),
	N(IPPROTO_BEETPH), N(IPPROTO_ENCAP), N(IPPROTO_PIM), N(IPPROTO_COMP), V(115, "IPPROTO_L2TP"), N(IPPROTO_SCTP), N(IPPROTO_UDPLITE), N(IPPROTO_MPLS),
	V(143, "IPPROTO_ETHERNET"), N(IPPROTO_RAW), V(256, "IPPROTO_SMC"), V(262, "IPPROTO_MPTCP"));
static const struct names netlink_protocols = VALUE_SET(
	V(0, "NETLINK_ROUTE"), V(2, "NETLINK_USERSOCK"), V(3, "NETLINK_FIREWALL"), V(4, "NETLINK_SOCK_DIAG"), V(5, "NETLINK_NFLOG"), V(6, "NETLINK_XFRM"),
	V(7, "NETLINK_SELINUX"), V(8, "NETLINK_ISCSI"), V(9, "NETLINK_AUDIT"), V(10, "NETLINK_FIB_LOOKUP"), V(11, "NETLINK_CONNECTOR"), V(12, "NETLINK_NETFILTER"),
	V(13, "NETLINK_IP6_FW"), V(14, "NETLINK_DNRTMSG"), V(15, "NETLINK_KOBJECT_UEVENT"), V(16, "NETLINK_GENERIC"), V(18, "NETLINK_SCSITRANSPORT"),
	V(19, "NETLINK_ECRYPTFS"), V(20, "NETLINK_RDMA"), V(21, "NETLINK_CRYPTO"), V(22, "NETLINK_SMC"));

/* What a number means is up to another argument. */
static const struct arg_choice protocol_by_family[] = {
	{ ~0u, AF_INET, A_ENUM("protocol", ip_protocols) }, { ~0u, AF_INET6, A_ENUM("protocol", ip_protocols) },
	{ ~0u, AF_NETLINK, A_ENUM("protocol", netlink_protocols) }, { 0 } };
static const struct arg_choice sockopt_by_level[] = {
	{ ~0u, 0, A_ENUM("optname", sockopts_ip) }, { ~0u, 1, A_ENUM("optname", sockopts_socket) }, { ~0u, 6, A_ENUM("optname", sockopts_tcp) },
	{ ~0u, 17, A_ENUM("optname", sockopts_udp) }, { ~0u, 40, A_ENUM("optname", sockopts_vsock) }, { ~0u, 41, A_ENUM("optname", sockopts_ipv6) },
	{ ~0u, 58, A_ENUM("optname", sockopts_icmpv6) }, { ~0u, 255, A_ENUM("optname", sockopts_raw) }, { ~0u, 263, A_ENUM("optname", sockopts_packet) },
	{ ~0u, 270, A_ENUM("optname", sockopts_netlink) }, { ~0u, 282, A_ENUM("optname", sockopts_tls) }, { 0 } };

/* The outcome of a connect that was in progress; SO_PEERPIDFD (6.5), which makes a descriptor. */
static const struct arg_cond getsockopt_needed = { .arg = 2, .mask = ~0u, .nvals = 2, .vals = { SO_ERROR, 77 } };
static const struct arg_cond getsockopt_newfd = { .arg = 2, .mask = ~0u, .nvals = 1, .vals = { 77 } };
static const struct fd_question getsockopt_question = { ASK_WRITTEN, &getsockopt_newfd };

#define SOCKET_ARGS \
	A_ENUM("family", socket_families), A_FLAGS("type", socket_types), A_CHOICE("protocol", 0, protocol_by_family)
#define SOCKOPT_ARGS A("fd", FD), A_ENUM("level", sockopt_levels), A_CHOICE("optname", 1, sockopt_by_level)

static const struct syscall_row rows[] = {
	ROW(41, "socket", GRP_NET | GRP_DESC, FD, SOCKET, SOCKET_ARGS),
	ROW_WAIT(42, "connect", GRP_NET, INT, CONNECT, WAITS(SEND, 0, -EINPROGRESS), A("fd", FD), A_LEN("addr", SOCKADDR_IN, 2), A("addrlen", INT)),
	ROW_WAIT(43, "accept", GRP_NET | GRP_DESC, FD, ACCEPT, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A_ROOM("addrlen")),
	ROW_WAIT(44, "sendto", GRP_NET | GRP_IO, SIZE, SEND, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("buf", BUF_IN, 2), A("len", SIZE), A_FLAGS("flags", socket_msg_flags),
		A_LEN("addr", SOCKADDR_IN, 5), A("addrlen", INT)),
	ROW_WAIT(45, "recvfrom", GRP_NET | GRP_IO, SIZE, RECV, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A("buf", BUF_OUT), A("len", SIZE), A_FLAGS("flags", socket_msg_flags),
		A_LEN("addr", SOCKADDR_OUT, 5), A_ROOM("addrlen")),
	ROW_WAIT(46, "sendmsg", GRP_NET | GRP_IO, SIZE, SEND, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A("msg", MSGHDR_IN), A_FLAGS("flags", socket_msg_flags)),
	ROW_WAIT(47, "recvmsg", GRP_NET | GRP_IO, SIZE, RECV, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A("msg", MSGHDR_OUT), A_FLAGS("flags", socket_msg_flags)),
	ROW(48, "shutdown", GRP_NET, INT, SHUTDOWN, A("fd", FD), A_ENUM("how", shutdown_how)),
	ROW(49, "bind", GRP_NET, INT, BIND, A("fd", FD), A_LEN("addr", SOCKADDR_IN, 2), A("addrlen", INT)),
	ROW(50, "listen", GRP_NET, INT, LISTEN, A("fd", FD), A("backlog", INT)),
	ROW(51, "getsockname", GRP_NET, INT, SOCKNAME, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A_ROOM("addrlen")),
	ROW(52, "getpeername", GRP_NET, INT, SOCKNAME, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A_ROOM("addrlen")),
	ROW(53, "socketpair", GRP_NET | GRP_DESC, INT, SOCKETPAIR, SOCKET_ARGS, A("fds", FDPAIR_OUT)),
	ROW(54, "setsockopt", GRP_NET, INT, SETSOCKOPT, SOCKOPT_ARGS, { "optval", ARG_OPTVAL_IN, .len = 4, .by = 2 }, A("optlen", INT)),
	ROW_ASKS(55, "getsockopt", GRP_NET, INT, GETSOCKOPT, &getsockopt_needed, &getsockopt_question, SOCKOPT_ARGS,
		{ "optval", ARG_OPTVAL_OUT, .len = 4, .by = 2, .needed = true }, A_LAYOUT("optlen", INOUT, layout_int)),
	ROW_WAIT(288, "accept4", GRP_NET | GRP_DESC, FD, ACCEPT, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A_ROOM("addrlen"), A_FLAGS("flags", accept_flags)),
	ROW_WAIT(299, "recvmmsg", GRP_NET | GRP_IO, INT, RECVMMSG, WAITS(RECV, 0, -EAGAIN), A("fd", FD), A_LEN("msgvec", MMSGHDR_OUT, 2), A("vlen", UINT), A_FLAGS("flags", socket_msg_flags),
		A_LAYOUT("timeout", INOUT, layout_timespec)),
	ROW_WAIT(307, "sendmmsg", GRP_NET | GRP_IO, INT, SENDMMSG, WAITS(SEND, 0, -EAGAIN), A("fd", FD), A_LEN("msgvec", MMSGHDR_IN, 2), A("vlen", UINT), A_FLAGS("flags", socket_msg_flags)),
};
const struct syscall_family spec_net = { rows, ARRAY_SIZE(rows) };
