/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The types inside the model, which no other layer sees; the functions of a file are in its own header.
 *
 * Public objects are the first member of a node that carries the links.
 * Everything is found by number in hashes; objects name each other by id
 * where one may outlive the other.
 */
#include <utlist.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"
#include "event/event.h"
#include "model/model.h"

/* Hostile input may ask for more than memory holds: what is beyond these is not tracked. */
#define FD_DENSE_MIN 1024	/* descriptors below this, or below 4 × the open ones, are in an array */
#define FD_HIGH_MAX 4096	/* others of one table */
#define FD_PAST_MAX 64		/* whose close has not ended, of one table */
#define FD_TOTAL_MAX (1u << 22)	/* entries of all tables; beyond it fork copies the first FD_FORK_MAX only */
#define FD_FORK_MAX 64
#define REGION_MAX (1u << 18)	/* of one address space; vm.max_map_count is 65530 unless an administrator raised it */
#define REGION_TOTAL_MAX (1u << 22)
#define TASKS_MAX (1u << 18)	/* living at a time; what comes of others is counted as lost */
/* bytes of all names and argument vectors; beyond it they keep their beginnings: */
#define STRINGS_TOTAL_MAX (256u << 20)
#define NAME_LEAST 256		/* of each name */
#define VECTOR_LEAST 4096	/* of each vector */
#define QUEUE_MAX 256		/* unmatched connections of one address; descriptors on their way (SCM_RIGHTS) */
#define ENDPOINT_MAX 65536
#define SHM_MAX 65536
#define WATCH_MAX 65536
#define PEERS_TOTAL_MAX 65536	/* addresses of all datagram sockets that are kept apart (SOCK_PEERS_MAX: of one) */
#define AIO_MAX 65536		/* asynchronous requests under way */
#define REQUESTS_MAX 65536	/* of io_urings under way */
#define ENDED_MAX 64		/* ended children a process may still wait for */
#define GONE_MAX 64		/* ended processes of pid namespaces whose signals may still come */
#define RENAME_SCAN_MAX 65536	/* open files that are looked at when a name changes */

struct tnode {
	struct task t;
	struct tnode *prev, *next;	/* threads of the process, the leader first */
	bool dead;			/* a leader that ended before its threads */
	bool stopped;			/* in a group-stop that was recorded for all threads at once */
	uint32_t entered_ns;		/* the pid namespace its children will be in, 0: not by setns */
	uint32_t made_elsewhere;	/* its last child, in another pid namespace, until its call returns a number */
	/* born in another pid namespace than its parent, which is in one, too: its number there; 0: not known */
	struct { uint32_t ns, tid; } outer;
	/* the call it was in when it was attached to */
	struct { bool set; uint8_t arch; uint32_t nr; uint64_t since_ns; } found;
	uint64_t run_before_ns, delay_before_ns;	/* what it had used when tracing it began */
	/* for the signal that follows */
	struct {
		uint64_t ip, offset, into;
		const struct syscall_spec *forbidden;
		struct bytes file, symbol;
	} place;
	uint64_t edge_ns;		/* when what it did last was over, as far as it is traced; 0: not known */
	struct file **rings;		/* io_urings that it has registered, by their index; NULL: none */
	bool exiting;			/* it called exit: its status is its own, not the group's */
	UT_hash_handle hh;
};

struct ended { uint32_t pid, ns_pid, id; int status; };
struct gone { uint32_t ns, ns_pid, pid; };

struct pnode {
	struct proc p;
	struct tnode *threads;
	struct pnode *up, *children, *prev, *next;	/* the parent as the kernel has it, where traced */
	unsigned nlive;
	/* its pid namespace, by the process id of the first in there; 0: that of the one above it */
	uint32_t pidns;
	struct ended *ended; unsigned nended;
	/* a PLACE that no SIGNAL has followed yet: what a seccomp filter killed it for */
	struct { uint64_t ip; const struct syscall_spec *call; } refused;
	bool group_exit, leader_ended, attached_leaderless;
	int group_status, leader_status;
	UT_hash_handle hh;
};

enum ep_role { EP_NONE, EP_BOUND, EP_CLIENT, EP_ACCEPTED };
struct endpoint;
struct fnode {
	struct file f;
	struct fnode *prev, *next;		/* in world.named, or world.dying */
	bool named, dying, peer_stale;
	uint8_t role;				/* enum ep_role */
	uint32_t user, user_pid;		/* the last process to use it */
	uint32_t left, left_pid;		/* of a pipe without a byte: who let it go last, not its maker */
	struct endpoint *ep; struct fnode *ep_prev, *ep_next;
	struct tuple *tuple;
	struct snap *snap;
	struct watch *watches;			/* of an epoll, in the order in which they were made */
	struct watch *watched_by;		/* those of it, in whichever epolls */
	struct restored *restored;
	struct requests *requests;		/* of an io_uring: what is under way */
	UT_hash_handle hh;			/* world.files: pipes and sockets, by id */
};

struct flight { struct flight *prev, *next; bool arrived; uint32_t from, to, pid; unsigned n; struct file **files; };
struct watch;
struct aio_key { uint32_t mm, pad; uint64_t addr; };
/* file NULL: the outcome was reported before the submission was recorded */
struct aio {
	struct aio_key key;
	struct file *file;
	int fd;
	unsigned op;
	bool done;
	uint64_t submit_ns, done_ns;
	int64_t res;
	UT_hash_handle hh;
};
struct shm { int id; uint64_t size; UT_hash_handle hh; };
struct shared_str;

/* Called when an object ends, before it is freed: for those above its own file that keep something of it. */
typedef void file_gone_fn(struct world *w, struct fnode *n);
typedef void mm_gone_fn(struct world *w, uint32_t mm);
/* t: its leader, or the last thread */
typedef void proc_gone_fn(struct world *w, const struct pnode *p, const struct tnode *t);
enum { KEEPERS_MAX = 8 };	/* of each list; all join in model.c */

struct world {
	world_emit_fn *emit; void *ctx;
	const struct item *item;		/* being fed */
	struct arena scratch;			/* lives for one item */
	bool scratch_used;
	struct tnode *tasks, *last;		/* by tid */
	struct pnode *procs;			/* by pid; living */
	struct fnode *files, *named, *dying;
	unsigned nnamed;
	struct endpoint *endpoints; unsigned nendpoints;
	struct tuple *tuples;
	struct snap *snaps;
	struct restored *restored;		/* files of a snapshot, by the id they have in it */
	struct flight *flights; unsigned nflights;	/* descriptors sent, not yet received */
	struct flight *arrivals; unsigned narrivals;	/* received before their sender's call returned */
	struct shm *shms;
	struct watch *watches, *watches_by_fd;	/* of all epolls: by its data; by what was added */
	struct aio *aios;
	unsigned nrequests;			/* of all io_urings */
	uint32_t ntasks, nprocs, nfiles, nmms, nconns;	/* last ids */
	unsigned npeers;
	uint32_t nanons;
	uint32_t anon_src;			/* ids below 2^31 are files; above, shared anonymous mappings */
	uint32_t cur_proc, cur_pid;		/* whose item this is */
	unsigned nfds, nregions;
	uint64_t ndropped;			/* records of tasks beyond TASKS_MAX */
	struct gone gone[GONE_MAX]; unsigned ngone;	/* a ring; ngone: ever */
	uint64_t start_ns, page_size;
	uint32_t mode, host;
	struct buf tmp;
	struct { uint32_t tid; uint64_t enter_ns; struct buf kept; } stack;	/* of the next call: model/stack.c */
	struct {
		file_gone_fn *file[KEEPERS_MAX];
		mm_gone_fn *mm[KEEPERS_MAX];
		proc_gone_fn *proc[KEEPERS_MAX];
		unsigned nfile, nmm, nproc;
	} keepers;
};
