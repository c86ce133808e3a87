/* SPDX-License-Identifier: MIT */
#include "record/index.h"

#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "record/block.h"
#include "record/made.h"
#include "record/record.h"

enum { INDEX_MAX = 4096 };

void index_count_other(struct recording_index *x, const struct record *r)
{
	x->calls += r->kind == RECORD_CALL;
	x->made_ns = MAX(x->made_ns, record_made_ns(r));
	if (r->kind == RECORD_FORK || r->kind == RECORD_TASK)
		x->processes += r->pid == r->tid;
	else if (r->kind == RECORD_LOST && r->size >= sizeof(struct record_lost))
		x->lost += ((const struct record_lost *)r)->count;
	else if (r->kind == RECORD_END)
		x->goes_on_ns = r->flags & END_GOES_ON ? r->ts_ns : 0;
}

/* *ret is as it was where there is none.  The end mark says how many bytes before it the index's block begins. */
bool index_read(int fd, struct recording_index *ret)
{
	struct recording_index x = { 0 };
	struct recording_block end, b;
	char bytes[INDEX_MAX];
	struct stat st;
	uint64_t at;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size < (off_t)(sizeof(struct recording_head) + sizeof(b) + sizeof(end)))
		return false;
	at = (uint64_t)st.st_size - sizeof(end);
	if (!block_read_at(fd, &end, sizeof(end), at) || end.stored || end.raw < sizeof(b) || end.raw > INDEX_MAX ||
	    end.raw > at - sizeof(struct recording_head))
		return false;
	at -= end.raw;
	if (!block_read_at(fd, &b, sizeof(b), at) || !block_is_index(&b) || b.stored != end.raw - sizeof(b) ||
	    !block_read_at(fd, bytes, b.stored, at + sizeof(b)) || !block_is_whole(&b, bytes))
		return false;
	memcpy(&x, bytes, MIN((size_t)b.stored, sizeof(x)));
	if (x.made_ns < x.first_ns || x.made_ns < x.goes_on_ns)
		return false;
	*ret = x;
	return true;
}
