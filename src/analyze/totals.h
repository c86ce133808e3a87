/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a run came to: sums, files, failed lookups, connections, processes,
 * latencies.  Fed each event once, by the session, before the sinks see it;
 * the text summary and the report read the same numbers from here.
 *
 * Memory is bounded: up to rows_max (TOTALS_ROWS) distinct rows a table are kept exactly,
 * what comes after is added to the table's `others` row, which is shown.
 */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/endings.h"
#include "analyze/hist.h"
#include "analyze/noise.h"
#include "analyze/spent.h"
#include "decode/call.h"
#include "model/model.h"
#include "record/record.h"

struct buf;
struct event;

#define TOTALS_ROWS 65536
#define TOTALS_ROWS_LAST 4096	/* where only the newest events are kept (--last), for days maybe: memory stays flat */
#define TOTALS_GROUPS 8192	/* of groups, which have a histogram each */
#define TOTALS_ATTACHED 8
/* Bytes of a process's command line, and of the run's, that are kept: a few more than the lines have that show them. */
#define TOTALS_ARGV_SHOWN 512
#define TOTALS_COMMAND_SHOWN 400

/*
 * Words of a command line, or names of targets: the first n of `all`, each a byte (1: it was longer), its bytes and a
 * NUL.
 */
struct totals_words { char *s; uint32_t len; unsigned n; uint64_t all; };

struct totals_file {	/* one path; of what was renamed (or linked, and the old name removed), the last */
	struct bytes path, was;			/* was: its first name, where it had another */
	uint8_t kind;				/* enum file_kind */
	uint8_t noise;				/* enum noise_class */
	uint64_t opens, nreads, nwrites, nread, nwritten;	/* successful; calls; bytes */
	uint64_t io_ns;				/* spent in reads and writes */
	uint64_t first_ns; uint32_t first_proc;	/* when it was met first, and by which process id; 0: not known */
};

/* A file or folder that was not there before the run made it, or tried to.  removed: again, renamed, or not made. */
struct totals_made { struct bytes path; bool removed; };

struct totals_lookup {	/* a path that was looked for and not had, with the error */
	struct bytes path;			/* empty: "" was asked for; or: */
	bool unreadable;			/* a bad pointer, or memory that may not be read */
	int err;
	uint8_t kind;				/* enum event_kind of the first */
	uint8_t noise;
	uint64_t count, ns;			/* ns: spent in looking */
	uint64_t first_ns; uint32_t first_proc;	/* as of a file */
};

/* what a socket had with one peer (struct conn): it connected, was accepted, listened, or moved bytes */
struct totals_conn {
	uint32_t id;				/* of the struct conn */
	uint32_t file;				/* its open file description's id */
	uint32_t proc;				/* process id (struct totals_proc) of who made it */
	uint32_t peer_proc;			/* of a process at the other end, 0 not known or not traced */
	uint16_t family, type, protocol;
	uint8_t state;				/* enum conn_state, the furthest it came */
	uint8_t noise;
	/* of a failed connect; or what the peer, or the way to it, answered later */
	int err;
	struct addr local, peer;
	bool has_local, has_peer;
	bool unknown_start;			/* connected before tracing began: by which task is not known */
	bool rest;				/* all peers of a datagram socket beyond those kept apart */
	uint64_t nsends, nrecvs, sent, received;
	uint64_t start_ns, end_ns;		/* first seen; closed, or connected anew (0: not seen) */
	uint64_t connect_ns;			/* how long connect took; 0 not known */
	uint64_t waited_ns;			/* for it, in any call: connect, receive, send, poll… */
	bool counted;				/* among those of its peer that were waited for */
	uint64_t first_out_ns, first_in_ns;	/* when the first bytes were sent, received; 0: none were */
	uint32_t accepted;			/* listening: connections taken */
	const struct totals_conn *listener;	/* accepted, seen to be: its listener's row, NULL: it has none */
	unsigned nclients;			/* the sum of so many (analyze/clients.h); 0: it is none */
};

/*
 * How the run, and a process, was started; no bytes, not set: not recorded.  env: of its last exec, each string with
 * its NUL; more: there were others, which are not known.
 */
struct totals_started {
	struct bytes host, kernel; uint64_t cpus;
	bool has_owner, has_limits;
	struct record_owner owner; struct record_limits limits;
};
struct totals_env { struct bytes strings; unsigned n; bool more; };

struct totals_proc {
	uint32_t id, pid, ppid, parent, host;	/* as in struct proc */
	struct totals_words argv;		/* last one, as far as a line has room for it; n 0: none is known */
	struct bytes comm;
	struct bytes cwd; const struct totals_env *env;	/* with .keep_started: at its last exec; NULL: not recorded */
	/*
	 * At its end: as its parent's when it was made, and what it set since, by calls.  limits NULL: not known.  What
	 * a program gets by its set-user-ID bit is not.
	 */
	bool has_owner; struct record_owner owner; const struct record_limits *limits;
	int status;				/* wait form; -1 alive at the end of the trace, or unknown */
	uint32_t fatal_from;			/* pid of who sent the signal it died of, 0: not known, or no process */
	enum { BROKE_NOTHING, BROKE_PIPE, BROKE_CONNECTION } broke;	/* it died of a SIGPIPE for a write to that */
	/* kernels: of a fault, not sent */
	/* the last signal that reached it and it did not ignore, and the last one for it that can end a process */
	struct totals_signal { int signo; uint32_t sender; bool fatal, kernels; } reached, lethal;
	/*
	 * The last signal that asks it to end and reached it, and the first one: it may have ended for it, with a code
	 * of its own.
	 */
	struct totals_asked { int signo; uint32_t sender; uint64_t ts_ns; } asked, asked_first;
	bool attached, detached;
	unsigned nthreads, nexecs;		/* threads ever, the first included */
	uint64_t start_ns, end_ns;		/* end 0: lived on */
	uint64_t exec_ns;			/* its last exec, 0: none was seen */
	uint64_t nread, nwritten, sent, received;	/* files and the like; sockets */
	/*
	 * Descriptors that it made; of these, not closed when it ended, and the file that most of them are of (no
	 * bytes: of none): counted where 64 or more are open
	 */
	uint64_t made, unclosed, unclosed_of_one; struct bytes unclosed_name;
	uint32_t first_task, last_task;		/* rows of totals.tasks + 1, likewise */
	uint32_t first_child, last_child, next_sibling;	/* rows of totals.procs + 1, 0 none; in order of start */
};

struct totals_call {	/* one syscall; those past the table of calls are one, too */
	const struct syscall_spec *spec;
	uint32_t nr; uint8_t arch;
	bool several;				/* different numbers, past the table */
	uint64_t count, errors;
	uint64_t never;				/* of these, ended with their thread */
	/* of these, still under way when tracing ended: with the time until then */
	uint64_t running;
	struct hist dur;			/* of those whose result was seen, and those */
	bool has_cpu; uint64_t cpu_ns;		/* what of that was spent on a CPU, where it is known */
	/* of ncpu that stopped: cpu_ns is with what their stops took, stops_ns */
	uint64_t ncpu, stops_ns;
};

/* -c --by: what these calls have in common, which of the others is set. */
enum group_by { GROUP_NONE, GROUP_PROCESS, GROUP_FILE, GROUP_PEER, GROUP_ERRNO };
struct totals_group {
	struct totals_call sums;
	const struct totals_proc *proc;
	struct totals_file file;		/* its name */
	const struct addr *peer; const char *proto; bool clients;	/* clients: of that address */
	int err;
};

struct totals_error { const struct totals_call *call; int err; uint64_t count; };

/* What tracing did to a program: EXEC_* of record.h.  Equal ones once. */
struct totals_note { unsigned flags; uint32_t proc; struct bytes program; uint64_t count; };
#define TOTALS_NOTES 16
#define TOTALS_HOSTS 64

struct totals_hidden { uint64_t events, opens, lookups, nread, nwritten, sent, received; };

/* Rows in order of first appearance.  nothers: how often something had no row (for processes: how many have none). */
#define TOTALS_TABLE(type) struct { type **v; unsigned n, cap; type others; uint64_t nothers; }

struct totals {
	unsigned rows_max;			/* of a table; may be set before the first event */
	struct totals_words command;		/* as typed */
	/* processes that were asked for: "12 (a)"; none in older recordings, nor of a cgroup: */
	struct totals_words targets;
	/* more: the first ones */
	struct { uint32_t pid; struct bytes comm; } attached[TOTALS_ATTACHED]; unsigned nattached;
	struct bytes chosen;			/* the calls that were chosen, as written; no bytes: none were */
	struct totals *before;			/* of the run that this one is compared with; owned, NULL: none */
	struct totals_started started;
	bool keep_started;			/* set by who compares: environments, directories, table made */
	struct bytes filter;			/* likewise the filter that decided what was captured */
	/*
	 * Of the event fed next, set by the session: it was not chosen (sink/chooser.h), so nothing that counts events
	 * counts it; what is known of processes and memory stays true.  And rows of events so far, and those chosen.
	 */
	bool left_out;
	uint64_t nrows, nchosen, nchosen_noise;	/* noise: chosen, but hidden as such */
	uint64_t nexcluded;			/* calls that the capture left out as not chosen: not among nrows */
	uint32_t noise_shown;			/* classes that are none: --noise; a bit a class */
	bool ends_missing;			/* closes were not captured: when a connection ended is not known */
	enum group_by group_by;			/* set by the session: calls are summed by this, too */
	TOTALS_TABLE(struct totals_group) groups;
	bool noise_meant;			/* what was chosen is shown even where it is noise */
	/* of several recordings: where they were made, equal names once */
	struct bytes hosts[TOTALS_HOSTS]; unsigned nhosts;
	uint64_t wall_ns;			/* wall clock at start */
	uint64_t start_ns, end_ns;		/* end: of the last event */
	uint32_t start_mode;			/* START_* of record.h */
	uint64_t cut_ns;			/* it had run so long when the recording begins; 0: from the start */
	bool goes_on;				/* the recording ends, the trace did not */
	bool ended;				/* EV_END was seen: the stream is complete */
	bool interrupted;			/* the user ended it */
	int status;				/* the command's, wait form; -1 when it lives on, or there was none */
	uint32_t main_proc;			/* id of the first process, 0 none */

	enum noise_class noise;			/* of the event fed, or judged, last */
	uint64_t nevents, ncalls, nlost, nlost_events;
	uint64_t nprobes;			/* hits of probes that other tracers have put: not among ncalls */
	uint64_t nrings;			/* io_uring instances: what is asked of them is no call, and not seen */
	uint64_t utime_ns, stime_ns;		/* of the processes that ended, as the kernel counts them */
	unsigned ntasks, nprocs, nalive;	/* seen in all; processes seen, and not seen to end */

	/*
	 * bytes: regular files (with block devices and memfds); terminals, pipes and the like; network; local sockets
	 */
	uint64_t file_read, file_written, other_read, other_written, net_sent, net_received, local_sent, local_received;
	/* docs/summary.md defines these three: peaks over time of the sum over living address spaces */
	uint64_t heap_peak, mapped_peak, memory_peak, nmaps;	/* memory: of both, without what is reserved */
	uint64_t reserved_peak;			/* PROT_NONE */
	uint64_t rss_peak; const struct totals_proc *rss_proc;	/* the highest of one process that ended; 0 not known */
	uint64_t heap_before, mapped_before;	/* of these, what attached processes had already */
	uint64_t opens, failed_opens, nsignals;

	TOTALS_TABLE(struct totals_file) files;
	TOTALS_TABLE(struct totals_made) made;	/* with .keep_started */
	TOTALS_TABLE(struct totals_lookup) lookups;
	TOTALS_TABLE(struct totals_conn) conns;
	TOTALS_TABLE(struct totals_proc) procs;
	TOTALS_TABLE(struct totals_error) errors;
	TOTALS_TABLE(struct totals_call) calls;
	TOTALS_TABLE(struct totals_task) tasks;
	TOTALS_TABLE(struct totals_wait) waits;
	TOTALS_TABLE(struct totals_ending) endings;	/* of processes that failed, in order */
	struct totals_note notes[TOTALS_NOTES]; unsigned nnotes;
	struct totals_hidden hidden[_NOISE_MAX];
	struct totals_kernel *kernel;		/* analyze/kernel.h; NULL: nothing of it was seen */
	struct totals_index *index;		/* private */
};

struct totals *totals_new(void);
void totals_free(struct totals *t);
/* A host that a recording was made on: its number, from 1; 0: there are more than are kept apart. */
uint32_t totals_host(struct totals *t, const char *name, size_t len);
void totals_event(struct totals *t, const struct event *ev);
/* Its class of noise, for who chooses events, ahead of totals_event(), which else does it. */
void totals_judge(struct totals *t, const struct event *ev);
/* It did not return, or comes again: nothing has come of it but that it took time, and it is not counted as hidden. */
bool totals_came_to_nothing(const struct event *ev);
/* Were all calls captured that map memory, or is a sum of them too low? */
bool totals_knows_memory(const struct totals *t);

/*
 * Is it a connection over a network, as a reader counts them?  Each counted once, whatever it came to; not those that
 * listen, nor datagram sockets that were connected only (getaddrinfo(3) does it to sort addresses).
 */
bool totals_is_connection(const struct totals_conn *c);
/* Those of them that were made, or failed; peers of datagram sockets; and of all, how many the noise filter hides. */
struct totals_conn_counts { uint64_t made, failed, datagrams, hidden; };
struct totals_conn_counts totals_count_conns(const struct totals *t);

/* Of an event with an error: was something looked for and not had?  EINVAL of readlink only says that it is no link. */
bool totals_failed_lookup(const struct event *ev);
bool totals_has_command(const struct totals *t);	/* what was traced is known: with -p, with the first process */
const struct totals_proc *totals_proc(const struct totals *t, uint32_t id);	/* NULL when not kept */
const struct totals_conn *totals_conn_row(const struct totals *t, uint32_t id);	/* likewise, by struct conn's */

/*
 * The rows that matter most: bytes moved (files, conns), count (lookups, errors), total time (calls); ties in order of
 * appearance.  noise: also rows the noise filter hides.  ret_rows gets at most max row numbers; returns how many rows
 * there are in all.
 */
unsigned totals_top_files(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max);
unsigned totals_top_lookups(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max);
unsigned totals_top_conns(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max);
unsigned totals_top_errors(const struct totals *t, unsigned *ret_rows, unsigned max);
unsigned totals_top_calls(const struct totals *t, unsigned *ret_rows, unsigned max);
