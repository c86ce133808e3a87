/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the model: what its files share, and no other layer sees.
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
#define WATCH_FEW 256
#define PEERS_TOTAL_MAX 65536	/* addresses of all datagram sockets that are kept apart (SOCK_PEERS_MAX: of one) */
#define AIO_MAX 65536		/* asynchronous requests under way */
#define ENDED_MAX 64		/* ended children a process may still wait for */
#define GONE_MAX 64		/* ended processes of pid namespaces whose signals may still come */
#define RENAME_SCAN_MAX 65536	/* open files that are looked at when a name changes */

struct tnode {
	struct task t;
	struct tnode *prev, *next;	/* threads of the process, the leader first */
	bool dead;			/* a leader that ended before its threads */
	bool stopped;			/* in a group-stop that was recorded for all threads at once */
	uint32_t entered_ns;		/* the pid namespace its children will be in, 0: not by setns */
	/* the call it was in when it was attached to */
	struct { bool set; uint8_t arch; uint32_t nr; uint64_t since_ns; } found;
	uint64_t run_before_ns, delay_before_ns;	/* what it had used when tracing it began */
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
	struct endpoint *ep; struct fnode *ep_prev, *ep_next;
	struct tuple *tuple;
	struct snap *snap;
	struct restored *restored;
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
	struct watch *watches;
	struct aio *aios;
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
	struct {
		file_gone_fn *file[KEEPERS_MAX];
		mm_gone_fn *mm[KEEPERS_MAX];
		proc_gone_fn *proc[KEEPERS_MAX];
		unsigned nfile, nmm, nproc;
	} keepers;
};

/* ---- emit.c ---- */
static inline void set_current(struct world *w, const struct proc *p) { w->cur_proc = p->id; w->cur_pid = p->pid; }
struct event event_at(uint64_t ts_ns, const struct tnode *t, enum event_kind kind);
void world_emit(struct world *w, struct event *ev);	/* sets ev->item */
void *scratch(struct world *w, size_t size);
char *scratch_dup(struct world *w, const void *p, size_t n);

/* ---- gone.c ---- */
void on_file_gone(struct world *w, file_gone_fn *fn);	/* fn is called for each, in the order in which they joined */
void on_mm_gone(struct world *w, mm_gone_fn *fn);
void on_proc_gone(struct world *w, proc_gone_fn *fn);	/* it has ended; not when it is let go */
void file_gone(struct world *w, struct fnode *n);	/* by the file that frees it */
void mm_gone(struct world *w, uint32_t mm);
void proc_gone(struct world *w, const struct pnode *p, const struct tnode *t);

/* ---- strings.c ---- */
/* a copy, or its beginning when there is no room for more */
void bytes_set(struct bytes *b, const char *s, size_t len);
void bytes_done(struct bytes *b);
/*
 * For those who keep names themselves: how much of len bytes there is room for (at_least in any case); what they took,
 * what they gave back.
 */
size_t strings_room(size_t len, size_t at_least);
void strings_took(size_t len);
void strings_gave(size_t len);

/* ---- file.c ---- */
static inline struct fnode *fnode_of(const struct file *f) { return (struct fnode *)(uintptr_t)f; }
struct file *file_new(struct world *w, enum file_kind kind, const char *name, size_t len);	/* refs 0: install it */
/* likewise, of which no more is known: ORIGIN_FD; pid 0: its own */
struct file *file_of_fd(struct world *w, int fd, uint32_t pid);
struct file *file_received(struct world *w, const struct file *via);	/* likewise: ORIGIN_RECEIVED */
/*
 * What it is now, with name and addresses, for as long as the memory lives: file_copy_size() bytes, aligned as by
 * malloc(3).
 */
size_t file_copy_size(const struct file *f);
struct file *file_copy(void *mem, const struct file *f);
static inline struct file *file_ref(struct file *f) { f->refs++; return f; }
void file_unref(struct world *w, struct file *f);
/* what fell to 0 since: emits EV_RELEASE (t NULL: silently) */
void file_reap(struct world *w, uint64_t ts_ns, const struct tnode *t);
void file_set_name(struct world *w, struct file *f, const char *name, size_t len);
void file_set_kind(struct world *w, struct file *f, enum file_kind kind);
enum file_kind file_kind_of_path(const char *path, size_t len);
struct file *file_by_id(struct world *w, uint32_t id);		/* pipes and sockets */

/* ---- peer.c ---- */
void file_link(struct file *a, struct file *b);
void file_set_peer(struct file *f, const struct file *peer);	/* one way only; NULL: it has none any more */
/* p did something with it: keeps peers up to date */
void file_used(struct world *w, struct file *f, const struct pnode *p);

/* ---- rename.c ---- */
/*
 * Names that begin so change.  Files below a directory: into ev->renamed, but where two names are exchanged (each would
 * be the other's).
 */
void files_renamed(struct world *w, struct event *ev, const struct bytes *from, const struct bytes *to, bool exchange);
void files_unlinked(struct world *w, const char *path, size_t len);

/* ---- fact.c ---- */
enum file_kind fact_kind(const struct fact *a);
bool fact_fits(const struct file *f, const struct fact *a);
/* root: of the program that has it, names are what they are from there. */
/* the one that is known by its inode, or a new one: install it */
struct file *fact_file(struct world *w, const struct fact *a, const struct bytes *root);
/* what is new about f */
void fact_learn(struct world *w, struct file *f, const struct fact *a, const struct bytes *root);
/* What a socket's addresses and state are. */
void fact_sock_learn(struct world *w, struct file *f, const struct record_sock *s);
void facts_join(struct world *w);	/* a file that is gone is not found by its inode any more */

/* ---- restore.c ---- */
/* A file of a snapshot, the same one for the same id; as fd of the process whose item this is. */
struct file *file_restore(struct world *w, const struct record_file *r, int fd, const struct part *name,
			  const struct record_sock *sock, const struct bytes *root);
void restored_join(struct world *w);
void restored_clear(struct world *w);

/* ---- fdtab.c ---- */
struct fdtab *fdtab_new(void);
struct fdtab *fdtab_copy(struct world *w, const struct fdtab *tab);
void fdtab_unref(struct world *w, struct fdtab *tab);
struct fdent *fdtab_at(const struct fdtab *tab, int fd);	/* NULL when not open */
void fdtab_set(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns);
void fdtab_drop(struct world *w, struct fdtab *tab, int fd);
void fdtab_drop_range(struct world *w, struct fdtab *tab, unsigned first, unsigned last, uint64_t before_ns);
void fdtab_cloexec_range(struct fdtab *tab, unsigned first, unsigned last);
void fdtab_exec(struct world *w, struct fdtab *tab);		/* closes what is close-on-exec */

/* ---- path.c ---- */
struct path { const char *s; uint32_t len; struct file *file; /* what a /proc/…/fd/N names */ };
enum { PATH_FOLLOW = 1, PATH_IN_ROOT = 2 };
bool path_has_dots(const char *raw, uint32_t len);	/* a `..` that may follow a symbolic link */
/*
 * A path as the kernel names it to the tracer, made what a program with that root calls it; false: it has no name
 * there.
 */
bool path_inside(const struct bytes *root, const char **path, uint32_t *len);
/* so; outside: as it is */
void bytes_inside(struct bytes *b, const struct bytes *root, const char *s, uint32_t len);
struct path path_resolve(struct world *w, struct tnode *t, int dirfd, const char *raw, uint32_t len, unsigned how);

/* ---- sock.c ---- */
void sock_init(struct world *w, struct file *f, unsigned family, unsigned type, unsigned protocol);
struct sock *sock_of(struct world *w, struct file *f);		/* makes one of a file not known to be a socket */
void socks_join(struct world *w);		/* what a socket file had goes with it */
void sock_renamed(struct world *w, struct file *f);	/* what it is called has changed */
void sock_set_local(struct world *w, struct file *f, const struct addr *a);
void sock_set_peer(struct world *w, struct file *f, const struct addr *a);
/* emits EV_CONNECTED or _FAILED */
void sock_outcome(struct world *w, struct tnode *t, struct file *f, int fd, int err, uint64_t now_ns);
/* f is as never connected; emits EV_RELEASE */
void sock_conn_end(struct world *w, struct tnode *t, struct file *f, uint64_t now_ns);

/* ---- meet.c ---- */
bool addr_is_unnamed(const struct addr *a);			/* of a unix socket that is not bound */
/* also IPv4 and the IPv6 address that stands for it */
bool addr_means_same(const struct addr *a, const struct addr *b);
bool sock_is_dgram(const struct sock *s);
void sock_bound(struct world *w, struct file *f);
void sock_connecting(struct world *w, struct file *f);		/* peer is set, the outcome may be open */
void sock_accepted(struct world *w, struct file *f, const struct file *listener);
void sock_unpeer(struct world *w, struct file *f);		/* it has no other end any more */
struct file *sock_find_dgram(struct world *w, const struct file *from, const struct addr *to);
/* finds the socket that has its two addresses the other way round */
void sock_meet_exactly(struct world *w, struct fnode *n);
void sock_forget_exact(struct world *w, struct fnode *n);
void sock_leave(struct world *w, struct fnode *n);		/* the place where it waits for its other end */

/* ---- conn.c ---- */
struct conn *conn_used(struct world *w, struct conn *c);	/* c, with an id */
/* What data to or from that address belongs to; a NULL: no address was given. */
struct conn *sock_conn(struct world *w, struct file *f, const struct addr *a);
void sock_conns_free(struct world *w, struct sock *s);

/* ---- flight.c ---- */
/*
 * Takes references of n files; arrived: received before their sender's call returned.  from, to: ids of the sockets, 0
 * not known.
 */
struct flight *flight_new(struct world *w, bool arrived, uint32_t from, uint32_t to, struct file **files, unsigned n);
void flight_free(struct world *w, struct flight *fl);
void flights_clear(struct world *w);
/* descriptors sent to or through a socket that is gone will not arrive */
void flights_join(struct world *w);

/* ---- watch.c ---- */
void watch_set(struct world *w, uint32_t epoll, uint64_t data, uint32_t file, int fd);
struct watched { uint32_t file; int fd; };
typedef void watch_fn(void *ctx, const struct watched *w);
bool watch_find(struct world *w, uint32_t epoll, uint64_t data, struct watched *ret);	/* false: not known */
/* Nothing where there are more than WATCH_FEW in all. */
void watch_drop(struct world *w, uint32_t epoll, uint32_t file);
void watch_each(struct world *w, uint32_t epoll, watch_fn *fn, void *ctx);
void watches_join(struct world *w);	/* those of an epoll that is gone are forgotten */
void watches_clear(struct world *w);

/* ---- aio.c ---- */
/* the one that is known, or a new one; NULL: there is no room */
struct aio *aio_of(struct world *w, uint32_t mm, uint64_t addr);
void aio_drop(struct world *w, struct aio *a);
void aios_join(struct world *w);		/* what is under way of an address space that is gone is lost */

/* ---- mm.c ---- */
struct mm *mm_new(struct world *w);
struct mm *mm_copy(struct world *w, const struct mm *mm);	/* fork */
void mm_unref(struct world *w, struct mm *mm);
struct mm_map {
	uint64_t start, len, offset;
	uint32_t prot, flags, src;
	uint8_t kind;
	bool counted;
	const char *path;
	uint32_t path_len;
	uint64_t dev, ino;
};
void mm_map(struct world *w, struct mm *mm, const struct mm_map *m);
void mm_snapshot(struct world *w, struct mm *mm, const struct mm_map *m);	/* as /proc shows it: never merged */
void mm_clear(struct world *w, struct mm *mm);
void mm_unmap(struct world *w, struct mm *mm, uint64_t start, uint64_t len);
/* spares what was mapped later */
void mm_unmap_since(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint64_t enter_ns);
void mm_remember(struct mm *mm, uint64_t start, uint64_t len, uint64_t exit_ns);
/* pkey -1: as it was */
void mm_protect(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint32_t prot, int pkey);
void mm_advise(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint16_t set, uint16_t clear);
void mm_remap(struct world *w, struct mm *mm, uint64_t old, uint64_t old_len, uint64_t new, uint64_t new_len,
	      bool keep);
void mm_set_brk(struct world *w, struct mm *mm, uint64_t brk);
uint64_t page_up(const struct world *w, uint64_t n);
enum {
	VMF_NORESERVE = 1,
	VMF_ACCOUNT = 2,
	VMF_GROWSDOWN = 4,
	VMF_LOCKED = 8,
	VMF_HUGEPAGE = 16,
	VMF_NOHUGEPAGE = 32,
	VMF_DONTFORK = 64,
	VMF_DONTDUMP = 128,
	VMF_WIPEONFORK = 256,
	VMF_MERGEABLE = 512,
	VMF_RANDOM = 1024,
	VMF_SEQUENTIAL = 2048,
	VMF_SPECIAL = 4096,
	VMF_SYNC = 8192,
	VMF_SEALED = 16384
};

/* ---- fs.c ---- */
struct fs *fs_new(void);			/* "/", no working directory */
void fs_unref(struct fs *fs);
struct fs *task_own_fs(struct tnode *t);		/* ends sharing */

/* ---- task.c ---- */
static inline struct pnode *pnode_of(const struct proc *p) { return (struct pnode *)(uintptr_t)p; }
struct tnode *task_find(struct world *w, uint32_t tid);
/* made on the fly when not known */
struct tnode *task_get(struct world *w, uint32_t pid, uint32_t tid, uint64_t ts_ns);
struct pnode *proc_find(struct world *w, uint32_t pid);
struct tnode *task_adopt(struct world *w, uint32_t pid, uint32_t tid, uint64_t start_ns);
void task_set_fds(struct world *w, struct tnode *t, struct fdtab *tab);		/* takes the reference */
void proc_set_parent(struct pnode *p, struct pnode *parent, uint32_t ppid);
void proc_strings(struct proc *p, struct strings *args);	/* takes the reference */
void comm_set(struct tnode *t, const char *s, size_t len);
struct pnode *proc_new(struct world *w, uint32_t pid, uint64_t ts_ns);	/* no thread, no tables */
struct tnode *task_new(struct world *w, struct pnode *p, uint32_t tid, uint64_t ts_ns);	/* no tables */
void task_tables_done(struct world *w, struct tnode *t);
void proc_fix_fds(struct pnode *p);			/* after a thread's table changed */
void proc_link(struct pnode *p, struct pnode *parent);	/* NULL: out of the trace */
void proc_unlink(struct pnode *p);
void bytes_copy(struct bytes *to, const struct bytes *from);	/* where from is set */

/* ---- namespace.c ---- */
/* by a number as that thread's pid namespace has it */
struct tnode *task_named(struct world *w, struct tnode *by, uint32_t number);
/* its pid, also of one that ended lately; 0 not known */
uint32_t proc_named(struct world *w, struct tnode *by, uint32_t number);
/* the pid namespace it is in; 0: the tracer's, or one whose first process is not traced */
uint32_t namespace_of(const struct pnode *p);
void namespace_begin(struct pnode *init);
bool task_in_namespace(const struct tnode *t);	/* in another pid namespace than the tracer's */
/* numbers of ended processes are remembered a while: signals name them */
void namespaces_join(struct world *w);

/* ---- fork.c, exec.c, exit.c ---- */
void proc_fork(struct world *w, const struct item *item);
void proc_exec(struct world *w, const struct item *item);
void proc_exit(struct world *w, const struct record_exit *r);
void proc_detach(struct world *w, const struct record *r);
/* emits; frees t, and its process with the last one */
void task_ended(struct world *w, struct tnode *t, uint64_t ts_ns, int status);
/* its owner's end was lost, the number is in use again */
void tid_reused(struct world *w, uint32_t tid, uint64_t ts_ns);
void proc_free_all(struct world *w);
