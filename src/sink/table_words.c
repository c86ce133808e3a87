/* SPDX-License-Identifier: MIT */
#include "sink/table_words.h"

#include <string.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "analyze/kernel.h"
#include "analyze/findings.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/ended.h"
#include "sink/ending_words.h"
#include "sink/finding_words.h"
#include "sink/out.h"
#include "sink/spent_words.h"
#include "sink/totals_words.h"
#include "sink/words.h"

/* ---- connections ---- */

static void error_words(struct buf *b, int err, bool calm, const char *unknown)
{
	buf_putc(b, calm ? STYLE_DIM : STYLE_ERROR);
	buf_puts(b, errno_name(err) ? errno_name(err) : unknown);
	buf_putc(b, STYLE_OFF);
}

static void conn_state(struct buf *b, const struct totals_conn *c)
{
	const bool connecting = c->state == CONN_CONNECTING;

	if (c->err)
		error_words(b, c->err, errno_is_calm(c->err), "failed");
	else
		buf_puts(b, c->end_ns  ? connecting ? "closed, outcome unknown" : "closed" :
			    connecting ? "connecting" :
			c->nclients ? "some open at the end" :
				      "open at the end");
	if (c->connect_ns && c->state != CONN_ACCEPTED) {
		buf_puts(b, c->err ? " after " : ", connected in ");
		human_ns(b, c->connect_ns);
	}
}

/* ---- the rest ---- */

static void call_words(struct buf *b, const struct totals_call *c)
{
	if (c->arch != ARCH_X86_64)
		buf_puts(b, c->arch == ARCH_I386 ? "[i386] " : "[x32] ");
	if (c->spec->name)
		buf_puts(b, c->spec->name);
	else if (c->several)
		buf_printf(b, "syscall_%u+", SYSCALL_MAX);
	else
		buf_printf(b, "syscall_%u", c->nr);
}

static void file_words(struct buf *b, const struct totals_file *f)
{
	struct buf name = { 0 };

	totals_file_name(&name, f);
	text_safe(b, name.s ? name.s : "", name.len);
	buf_done(&name);
}

static void lookup_words(struct buf *b, const struct totals_lookup *l)
{
	struct buf name = { 0 };

	totals_lookup_name(&name, l);
	text_safe(b, name.s, name.len);
	buf_done(&name);
}

static void command_words(struct buf *b, const struct totals_proc *p, bool brief)
{
	struct buf cmd = { 0 };

	totals_proc_command(&cmd, p);

	const char *space = memchr(cmd.s, ' ', cmd.len),
		   *slash = memrchr(cmd.s, '/', space ? (size_t)(space - cmd.s) : cmd.len);
	/* the program's folder says little */
	size_t dir = brief && slash && cmd.s[0] == '/' ? (size_t)(slash + 1 - cmd.s) : 0;

	buf_add(b, cmd.s + dir, cmd.len - dir);
	buf_done(&cmd);
}

static void io_words(struct buf *b, uint64_t kind)
{
	static const char *const names[] = {
		[IO_OTHER] = "Pipes, terminals, devices", [IO_LOCAL_SOCKETS] = "Local sockets"
	};

	buf_puts(b, names[kind]);
}

const char *table_block_op(unsigned op)
{
	static const char *const names[BLOCK_OPS + 1] = {
		"read", "write", "flush", "discard", "request", "by kernel threads, for no traced program"
	};

	return names[MIN(op, (unsigned)BLOCK_OPS)];
}

const char *table_place(unsigned place)
{
	static const char *const names[_PLACES + 1] = {
		"heap", "anonymous memory", "stack", "files", "elsewhere", "all"
	};

	return names[MIN(place, (unsigned)_PLACES)];
}

static const char *wait_why(unsigned why)
{
	static const char *const names[SCHED_WHYS + 1] = { "woken", "new", "preempted", "interrupt", "all" };

	return names[MIN(why, (unsigned)SCHED_WHYS)];
}

static void peer_words(struct buf *b, const struct totals_group *g)
{
	struct buf address = { 0 };

	buf_puts(b, g->clients ? "clients of " : "");
	buf_puts(b, g->proto);
	buf_putc(b, ' ');
	addr_format(&address, g->peer);
	text_safe(b, address.s ? address.s : "", address.len);
	buf_done(&address);
}

void table_cell_words(struct buf *b, enum cell_type type, const struct cell *v, bool brief)
{
	switch (type) {
	case CELL_BYTES: human_bytes(b, v->n); break;
	case CELL_COUNT: human_count(b, v->n); break;
	case CELL_NS: human_ns(b, v->n); break;
	case CELL_PID: case CELL_PEER_PID: case CELL_SENDER: buf_u64(b, v->n); break;
	case CELL_SHARE:
		buf_printf(b, "%llu.%02llu %%", (unsigned long long)v->n / 100, (unsigned long long)v->n % 100);
		break;
	case CELL_ALIKE: buf_printf(b, "and %llu more like it", (unsigned long long)v->n); break;
	case CELL_TIMES:
		human_count(b, v->n);
		buf_puts(b, "×");
		break;
	case CELL_ERROR: /* what was looked for in vain and mattered is red as the reason of an ending */
		error_words(b, (int)v->n, v->calm || errno_is_calm((int)v->n) || errno_is_absence((int)v->n), "?");
		break;
	case CELL_ERROR_TEXT: buf_puts(b, errno_text((int)v->n)); break;
	case CELL_LOOKUP: lookup_words(b, v->lookup); break;
	case CELL_COMMAND: command_words(b, v->proc, brief); break;
	case CELL_HOST: text_safe(b, v->host->s, v->host->len); break;
	case CELL_FILE: file_words(b, v->file); break;
	case CELL_CALL: call_words(b, v->call); break;
	case CELL_CONN: table_conn_words(b, v->conn); break;
	case CELL_PEER: peer_words(b, v->group); break;
	case CELL_CONN_STATE: conn_state(b, v->conn); break;
	case CELL_ENDED: ended_of_proc(b, v->proc); break;
	case CELL_NOISE: buf_puts(b, noise_class_text((enum noise_class)v->n)); break;
	case CELL_IO: io_words(b, v->n); break;
	case CELL_WAIT: buf_puts(b, wait_why((unsigned)v->n)); break;
	case CELL_BLOCK_OP: buf_puts(b, table_block_op((unsigned)v->n)); break;
	case CELL_PLACE: buf_puts(b, table_place((unsigned)v->n)); break;
	case CELL_HIST: break;	/* bars in text, buckets in JSON */
	case CELL_FINDING: finding_words(b, v->finding); break;
	case CELL_FINDING_NAME: buf_puts(b, finding_name((enum finding_rule)v->n)); break;
	case CELL_SPENT: spent_words(b, v->part, true); break;
	case CELL_SPENT_BRIEFLY: spent_words(b, v->part, false); break;
	case CELL_SPENT_MOSTLY: spent_mostly(b, v->part); break;
	case CELL_SPENT_THING: buf_puts(b, spent_thing((enum spent)v->n)); break;
	case CELL_SPENT_NAME: buf_puts(b, spent_name((enum spent)v->n)); break;
	case CELL_WAITED_FOR: spent_wait_words(b, v->wait); break;
	case CELL_LAST_LINES: ending_last_lines(b, v->ending); break;
	case CELL_MISSED: ending_missed(b, v->ending); break;
	case CELL_FATAL: ending_fatal(b, v->ending); break;
	case CELL_CHAIN: ending_chain(b, v->ending); break;
	}
}

bool table_is_quantile(const struct table_column *c) { return c->type == CELL_NS && c->place != IN_NOTE; }

void table_others_words(struct buf *b, const struct table *t)
{
	const char *what = "rows";

	for (unsigned i = 0; i < t->def->ncolumns; i++)
		switch (t->def->columns[i].type) {
		case CELL_FILE: case CELL_LOOKUP: what = "paths"; break;
		case CELL_CONN: what = "connections"; break;
		case CELL_PEER: what = "peers"; break;
		default: break;
		}
	buf_printf(b, "other %s (table limit of ", what);
	human_count(b, t->limit ? t->limit : TOTALS_ROWS);
	buf_puts(b, " reached)");
}
