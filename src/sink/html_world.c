/* SPDX-License-Identifier: MIT */
/* Tasks, programs, open files, connections, samples and types of a report, as their rows come. */
#include <stdio.h>
#include <string.h>

#include "abi/meaning.h"
#include "base/macro.h"
#include "event/event.h"
#include "model/model.h"
#include "record/record.h"
#include "row/enums.h"
#include "sink/html.h"
#include "sink/words.h"

static const char *cell_s(const struct row *row, unsigned field, uint32_t *ret_n)
{
	*ret_n = row_has(row, field) ? row->cells[field].n : 0;
	return *ret_n ? row->cells[field].s : "";
}

/* ---- threads and processes ---- */

static int32_t lane_in(struct store *lanes, uint64_t id)
{
	return id ? (int32_t) * (uint32_t *)store_row(lanes, id) - 1 : -1;
}
int32_t html_lane(struct html *h, uint64_t thread) { return lane_in(&h->lane_of_task, thread); }
int32_t html_lane_of_proc(struct html *h, uint64_t process) { return lane_in(&h->lane_of_proc, process); }

static int32_t add_lane(struct html *h, const struct row *row)
{
	uint64_t process = row_u(row, ROW_THREAD_PROCESS);
	int32_t lane = (int32_t)h->ntasks++, parent = html_lane(h, row_u(row, ROW_THREAD_CREATOR)),
		first = html_lane_of_proc(h, process);

	*(struct html_task *)store_row(&h->tasks, (uint32_t)lane) = (struct html_task){
		.start = row_u(row, ROW_THREAD_START), .pid = (uint32_t)row_u(row, ROW_THREAD_PID), .tid = (uint32_t)row_u(row, ROW_THREAD_TID),
		.ppid = (uint32_t)row_u(row, ROW_THREAD_PPID), .parent = parent, .proc = (uint32_t)(first < 0 ? lane : first), .status = -1,
		.attached = row_u(row, ROW_THREAD_ATTACHED),
	};
	*(uint32_t *)store_row(&h->lane_of_task, row_u(row, ROW_THREAD_ID)) = (uint32_t)lane + 1;
	if (first < 0)
		*(uint32_t *)store_row(&h->lane_of_proc, process) = (uint32_t)lane + 1;
	return lane;
}

static void take_thread(struct html *h, const struct row *row)
{
	int32_t lane = html_lane(h, row_u(row, ROW_THREAD_ID));
	struct html_task *t;
	const char *name;
	uint32_t n;

	if (lane < 0)
		lane = add_lane(h, row);
	t = store_row(&h->tasks, (uint32_t)lane);
	name = cell_s(row, ROW_THREAD_NAME, &n);
	if (row_has(row, ROW_THREAD_NAMED) && !(t->named && t->named_ns == row_u(row, ROW_THREAD_NAMED))) {
		t->named = true;
		t->named_ns = row_u(row, ROW_THREAD_NAMED);
		t->was_len = t->comm_len;
		memcpy(t->was, t->comm, t->was_len);
	}
	t->comm_len = (uint8_t)MIN(n, (uint32_t)sizeof(t->comm));
	memcpy(t->comm, name, t->comm_len);
	if (!row_has(row, ROW_THREAD_END))
		return;
	h->nended += !t->ended;
	t->ended = true;
	t->end = row_u(row, ROW_THREAD_END);
}

/* How it ended stands with its first thread and with its last. */
static void take_process(struct html *h, const struct row *row)
{
	const uint64_t threads[] = { row_u(row, ROW_PROCESS_THREAD), row_u(row, ROW_PROCESS_LAST) };
	int32_t lane = html_lane(h, threads[0]);

	if (lane >= 0 && row_has(row, ROW_PROCESS_HOSTNAME)) {
		uint32_t n;
		const char *host = cell_s(row, ROW_PROCESS_HOSTNAME, &n);

		((struct html_task *)store_row(&h->tasks, (uint32_t)lane))->host = html_string(h, host, n);
	}
	if (!row_has(row, ROW_PROCESS_END))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		struct html_task *t = store_row(&h->tasks, (uint32_t)html_lane(h, threads[i]));

		t->has_status = true;
		t->status = (int32_t)row->cells[ROW_PROCESS_STATUS].i;
		t->utime_ns = row_u(row, ROW_PROCESS_USER);
		t->stime_ns = row_u(row, ROW_PROCESS_SYSTEM);
		t->resident = row_u(row, ROW_PROCESS_RESIDENT);
	}
}

/* ---- programs ---- */

/* An exec entry takes at most so many bytes of arguments: less when there are many of them, META is read as a whole. */
static unsigned argv_room(const struct html *h, bool inherited)
{
	if (inherited)
		return 256;	/* the parent has all of it */
	return h->execs.nbytes < 8 << 20 ? 4096 : h->execs.nbytes < 32 << 20 ? 512 : 128;
}

void html_strings(struct json *j, const char *key, const struct bytes *v, unsigned n, uint64_t all, size_t room)
{
	char more[32], left[32];
	uint64_t cut = 0;
	unsigned i = 0;

	json_key(j, key);
	json_open(j, '[');
	for (; i < n && room && !cut; i++) {
		uint32_t kept = (uint32_t)MIN(v[i].len, room);

		cut = (uint64_t)v[i].len + v[i].cut - kept;
		json_str(j, v[i].s ? v[i].s : "", kept);
		room -= MIN(room, kept + 8u);
	}
	json_close(j, ']');
	snprintf(more, sizeof(more), "%s_more", key);
	snprintf(left, sizeof(left), "%s_cut", key);
	if (i < MAX(all, (uint64_t)n))
		json_key(j, more), json_u64(j, MAX(all, (uint64_t)n) - i);
	if (cut)
		json_key(j, left), json_u64(j, cut);
}

static void json_cell(struct json *j, const char *key, const struct row *row, unsigned field)
{
	uint32_t n;
	const char *s = cell_s(row, field, &n);

	json_key(j, key);
	json_str(j, s, n);
}

static void json_fds(struct json *j, const struct cell *fds)
{
	json_key(j, "fds");
	json_open(j, '[');
	for (unsigned k = 0; k < fds->n; k++) {
		json_open(j, '[');
		json_i64(j, fds->fds[k].fd);
		json_u64(j, fds->fds[k].file);
		json_close(j, ']');
	}
	json_close(j, ']');
	if (fds->all > fds->n)
		json_key(j, "fds_more"), json_u64(j, fds->all - fds->n);
}

/* NAME=VALUE, a NUL behind each: execs with the same one share it, but for the variable that shells set for each. */
enum { ENV_BYTES_MAX = 65536 };

static void json_env(struct html *h, struct json *j, const struct event *ev)
{
	struct strings *env = ev && ev->item && ev->item->kind == RECORD_EXEC ?
		strings_new(ev->item->parts, ev->item->nparts, PART_ENVP) : NULL;
	const struct bytes *own = NULL;
	struct buf b = { 0 };
	uint64_t kept = 0, cut = 0;
	uint32_t id = 0;

	for (unsigned i = 0; env && i < env->n; i++) {
		const struct bytes *v = &env->v[i];

		if (b.len + v->len + 1 > ENV_BYTES_MAX)
			continue;
		kept++;
		cut += v->cut;
		if (v->len > 1 && v->s[0] == '_' && v->s[1] == '=') {
			own = v;
			continue;
		}
		buf_add(&b, v->s, v->len);
		buf_putc(&b, '\0');
	}
	if (env && env->all) {
		id = html_data(h, b.s, b.len);
		h->has_env |= id > 0;
		json_key(j, "env"), json_u64(j, id);
		if (own)
			json_key(j, "env_own"), json_u64(j, html_data(h, own->s, own->len));
		if (env->all > (id ? kept : 0))
			json_key(j, "env_more"), json_u64(j, env->all - (id ? kept : 0));
	}
	if (cut && id)
		json_key(j, "env_cut"), json_u64(j, cut);
	strings_unref(env);
	buf_done(&b);
}

static void take_exec(struct html *h, const struct row *row)
{
	bool inherited = row_u(row, ROW_EXEC_INHERITED);
	const struct cell *argv = &row->cells[ROW_EXEC_ARGV];
	struct html_task *t = store_row(&h->tasks, (uint32_t)html_lane(h, row_u(row, ROW_EXEC_THREAD)));
	struct json j = { .b = &h->tmp };

	buf_reset(&h->tmp);
	json_open(&j, '{');
	json_key(&j, "t");
	json_u64(&j, row_u(row, ROW_EXEC_TIME));
	json_cell(&j, "exe", row, ROW_EXEC_EXE);
	html_strings(&j, "argv", argv->list, argv->n, argv->all, argv_room(h, inherited));
	json_cell(&j, "cwd", row, ROW_EXEC_CWD);
	json_key(&j, "comm");
	json_str(&j, t->comm, t->comm_len);
	if (inherited)
		json_key(&j, "inherited"), json_bool(&j, true);
	if (row_has(row, ROW_EXEC_FDS))
		json_fds(&j, &row->cells[ROW_EXEC_FDS]);
	json_env(h, &j, row->event);
	json_close(&j, '}');

	struct html_exec head = { .prev = t->last_exec, .nbytes = (uint32_t)h->tmp.len };

	t->last_exec = h->execs.nbytes + 1;
	spool_add(&h->execs, &head, sizeof(head));
	spool_add(&h->execs, h->tmp.s, h->tmp.len);
}

/* ---- open files and connections ---- */

static void take_file(struct html *h, const struct row *row)
{
	struct html_file *f;
	uint32_t name;

	buf_reset(&h->tmp);
	file_name(&h->tmp, row->cells[ROW_FILE_NAME].file);
	name = html_string(h, h->tmp.s, h->tmp.len);
	f = store_row(&h->files, row_u(row, ROW_FILE_ID));
	f->name = name;
	f->kind = (uint8_t)(row_number(row, ROW_FILE_KIND) + 1);
	f->lane = html_lane(h, row_u(row, ROW_FILE_THREAD));
	f->open = row_u(row, ROW_FILE_OPENED);
	f->close = row_has(row, ROW_FILE_CLOSED) ? row_u(row, ROW_FILE_CLOSED) : NOT_CLOSED;
}

static uint32_t addr_string(struct html *h, const struct row *row, unsigned field)
{
	if (!row_has(row, field))
		return 0;
	buf_reset(&h->tmp);
	addr_format(&h->tmp, row->cells[field].addr);
	return html_string(h, h->tmp.s, h->tmp.len);
}

static void take_connection(struct html *h, const struct row *row)
{
	static const char other_peers[] = "other peers";
	uint64_t id = row_u(row, ROW_CONNECTION_ID);
	uint32_t local = addr_string(h, row, ROW_CONNECTION_LOCAL), peer = addr_string(h, row, ROW_CONNECTION_PEER);
	struct html_conn *c = store_row(&h->conns, id - 1);

	if (row_u(row, ROW_CONNECTION_REST))
		peer = html_string(h, other_peers, sizeof(other_peers) - 1);
	*c = (struct html_conn){
		.file = (uint32_t)row_u(row, ROW_CONNECTION_FILE), .kind = (uint8_t)row_number(row, ROW_CONNECTION_KIND),
		.state = (uint8_t)row_number(row, ROW_CONNECTION_STATE), .err = (uint8_t)row_u(row, ROW_CONNECTION_ERRNO), .local = local, .peer = peer,
		.lane = html_lane(h, row_u(row, ROW_CONNECTION_THREAD)), .peer_proc = (uint32_t)row_u(row, ROW_CONNECTION_PEER_PROCESS),
		.peer_file = (uint32_t)row_u(row, ROW_CONNECTION_PEER_FILE), .open = row_u(row, ROW_CONNECTION_OPENED),
		.connect = row_u(row, ROW_CONNECTION_CONNECT),
		.waited = row_u(row, ROW_CONNECTION_WAITED), .first = row_u(row, ROW_CONNECTION_FIRST),
		.close = row_has(row, ROW_CONNECTION_CLOSED) ? row_u(row, ROW_CONNECTION_CLOSED) : NOT_CLOSED,
	};
	h->nconns = MAX(h->nconns, (uint32_t)id);
	if (c->kind != ROW_PIPE)
		((struct html_file *)store_row(&h->files, c->file))->peer = peer;
}

/* ---- the rest ---- */

static void take_counter(struct html *h, const struct row *row)
{
	const struct html_row sample = {
		.start = row_u(row, ROW_COUNTER_TIME), .lane = (uint32_t)html_lane_of_proc(h, row_u(row, ROW_COUNTER_PROCESS)),
		.type = (uint16_t)row_u(row, ROW_COUNTER_NUMBER), .val = (int64_t)row_u(row, ROW_COUNTER_VALUE),
	};

	row_spool_add(&h->samples, &sample);
}

static void take_type(struct html *h, const struct row *row)
{
	struct html_type t = { .cat = (uint8_t)row_number(row, ROW_TYPE_CATEGORY), .op = row->cells[ROW_TYPE_OP].s };

	snprintf(t.name, sizeof(t.name), "%s", row->cells[ROW_TYPE_NAME].s);
	if (row_has(row, ROW_TYPE_IO)) {
		t.io = row->cells[ROW_TYPE_IO].s;
		t.counts = row->cells[ROW_TYPE_FROM].s[0] == 'b';
	}
	if (row_number(row, ROW_TYPE_LAYER) != LAYER_CALL)
		t.layer = row->cells[ROW_TYPE_LAYER].s;
	if (h->ntypes == h->types_cap) {
		h->types_cap = h->types_cap ? h->types_cap * 2 : 64;
		h->types = xrealloc(h->types, h->types_cap * sizeof(*h->types));
	}
	h->types[h->ntypes++] = t;
}

enum { COMMAND_ROOM = 16384 };

static void take_trace(struct html *h, const struct row *row)
{
	const struct cell *command = &row->cells[ROW_TRACE_COMMAND];
	struct json j = { .b = &h->command };
	uint32_t n;
	const char *s;

	h->wall_ns = row_u(row, ROW_TRACE_WALL);
	h->all_calls = row_u(row, ROW_TRACE_ALL_CALLS);
	h->attached = row_u(row, ROW_TRACE_ATTACHED);
	if (!row_has(row, ROW_TRACE_ENDED)) {
		h->started = true;
		return;
	}
	html_strings(&j, "command", command->list, command->n, command->all, COMMAND_ROOM);
	s = cell_s(row, ROW_TRACE_CWD, &n);
	buf_add(&h->cwd, s, n);
	h->last_ns = row_u(row, ROW_TRACE_DURATION);
	h->end = row->cells[ROW_TRACE_ENDED].s;
	h->lost = row_u(row, ROW_TRACE_LOST);
	s = cell_s(row, ROW_TRACE_LOST_REASON, &n);
	buf_add(&h->lost_note, s, n);
}

void html_world_row(struct html *h, const struct row *row)
{
	static void (*const takes[_ROW_TABLES])(struct html *, const struct row *) = {
		[TABLE_TRACE] = take_trace, [TABLE_PROCESS] = take_process, [TABLE_THREAD] = take_thread, [TABLE_EXEC] = take_exec,
		[TABLE_FILE] = take_file, [TABLE_CONNECTION] = take_connection, [TABLE_COUNTER] = take_counter, [TABLE_TYPE] = take_type,
	};

	takes[row->table](h, row);
}
