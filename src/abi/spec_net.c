/* Sockets. */
#include "abi/rows.h"

#include <netinet/in.h>
#include <sys/socket.h>

static const struct names msg_flags = FLAG_SET(
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_PROXY), N(MSG_TRUNC), N(MSG_DONTWAIT), N(MSG_EOR),
	N(MSG_WAITALL), N(MSG_FIN), N(MSG_SYN), N(MSG_CONFIRM), N(MSG_RST), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
	N(MSG_WAITFORONE), V(0x40000, "MSG_BATCH"), N(MSG_ZEROCOPY), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC));
static const struct names shutdown_how = VALUE_SET(N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR));
static const struct names accept_flags = FLAG_SET(N(SOCK_NONBLOCK), N(SOCK_CLOEXEC));

/* The outcome of a connect that was in progress. */
static const struct arg_cond getsockopt_error = { .arg = 2, .mask = ~0u, .nvals = 1, .vals = { SO_ERROR } };

static const struct syscall_row rows[] = {
	ROW(41, "socket", GRP_NET | GRP_DESC, FD, SOCKET, A_ENUM("family", socket_families), A_FLAGS("type", socket_types), A("protocol", INT)),
	ROW(42, "connect", GRP_NET, INT, CONNECT, A("fd", FD), A_LEN("addr", SOCKADDR_IN, 2), A("addrlen", SIZE)),
	ROW(43, "accept", GRP_NET | GRP_DESC, FD, ACCEPT, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A("addrlen", PTR)),
	ROW(44, "sendto", GRP_NET | GRP_IO, SIZE, SEND, A("fd", FD), A_LEN("buf", BUF_IN, 2), A("len", SIZE), A_FLAGS("flags", msg_flags),
		A_LEN("addr", SOCKADDR_IN, 5), A("addrlen", SIZE)),
	ROW(45, "recvfrom", GRP_NET | GRP_IO, SIZE, RECV, A("fd", FD), A("buf", BUF_OUT), A("len", SIZE), A_FLAGS("flags", msg_flags),
		A_LEN("addr", SOCKADDR_OUT, 5), A("addrlen", PTR)),
	ROW(46, "sendmsg", GRP_NET | GRP_IO, SIZE, SEND, A("fd", FD), A("msg", MSGHDR_IN), A_FLAGS("flags", msg_flags)),
	ROW(47, "recvmsg", GRP_NET | GRP_IO, SIZE, RECV, A("fd", FD), A("msg", MSGHDR_OUT), A_FLAGS("flags", msg_flags)),
	ROW(48, "shutdown", GRP_NET, INT, SHUTDOWN, A("fd", FD), A_ENUM("how", shutdown_how)),
	ROW(49, "bind", GRP_NET, INT, BIND, A("fd", FD), A_LEN("addr", SOCKADDR_IN, 2), A("addrlen", SIZE)),
	ROW(50, "listen", GRP_NET, INT, LISTEN, A("fd", FD), A("backlog", INT)),
	ROW(51, "getsockname", GRP_NET, INT, SOCKNAME, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A("addrlen", PTR)),
	ROW(52, "getpeername", GRP_NET, INT, SOCKNAME, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A("addrlen", PTR)),
	ROW(53, "socketpair", GRP_NET | GRP_DESC, INT, SOCKETPAIR, A_ENUM("family", socket_families), A_FLAGS("type", socket_types), A("protocol", INT),
		A("fds", FDPAIR_OUT)),
	ROW(54, "setsockopt", GRP_NET, INT, NONE, A("fd", FD), A("level", INT), A("optname", INT), A_LEN("optval", BUF_IN, 4), A("optlen", SIZE)),
	ROW_IF(55, "getsockopt", GRP_NET, INT, GETSOCKOPT, getsockopt_error, A("fd", FD), A("level", INT), A("optname", INT),
		{ "optval", ARG_STRUCT_OUT, .size = 4, .needed = true }, A("optlen", PTR)),
	ROW(288, "accept4", GRP_NET | GRP_DESC, FD, ACCEPT, A("fd", FD), A_LEN("addr", SOCKADDR_OUT, 2), A("addrlen", PTR), A_FLAGS("flags", accept_flags)),
	ROW(299, "recvmmsg", GRP_NET | GRP_IO, INT, RECVMMSG, A("fd", FD), A_LEN("msgvec", MMSGHDR_OUT, 2), A("vlen", UINT), A_FLAGS("flags", msg_flags),
		A("timeout", PTR)),
	ROW(307, "sendmmsg", GRP_NET | GRP_IO, INT, SENDMMSG, A("fd", FD), A_LEN("msgvec", MMSGHDR_IN, 2), A("vlen", UINT), A_FLAGS("flags", msg_flags)),
};
const struct syscall_family spec_net = { rows, ARRAY_SIZE(rows) };
