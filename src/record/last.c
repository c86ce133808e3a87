/* SPDX-License-Identifier: MIT */
/* How long a recording is, without unpacking all of it: its index says it, or each block where the next one begins. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macro.h"
#include "record/block.h"
#include "record/file.h"
#include "record/index.h"
#include "record/last.h"
#include "record/made.h"
#include "record/record.h"

struct last_block { struct recording_block head; uint64_t at; };

/* The newest time of a block's records, and END among them. */
static int unpack(int fd, const struct last_block *b, struct record_last *ret)
{
	size_t size = block_raw(&b->head);
	char *packed = xmalloc(b->head.stored), *raw = xmalloc(size + 1), *columns = NULL;
	bool whole = block_read_at(fd, packed, b->head.stored, b->at) &&
		     block_unpack(&b->head, packed, &columns, raw) == 0;

	*ret = (struct record_last){ 0 };
	for (size_t pos = 0; whole && pos + sizeof(struct record) <= size;) {
		const struct record *r = (const struct record *)(raw + pos);

		if (r->size < sizeof(*r) || r->size % 8 || r->size > size - pos)
			break;
		ret->made_ns = MAX(ret->made_ns, record_made_ns(r));
		if (r->kind == RECORD_END)
			ret->goes_on_ns = r->flags & END_GOES_ON ? r->ts_ns : 0;
		pos += r->size;
	}
	free(packed);
	free(columns);
	free(raw);
	return whole && ret->made_ns ? 0 : -EBADMSG;
}

int record_last(int fd, struct record_last *ret)
{
	struct last_block last[2] = { 0 }, next = { .at = sizeof(struct recording_head) };
	struct recording_index index;
	unsigned n = 0;

	if (lseek(fd, 0, SEEK_CUR) < 0)
		return -ESPIPE;
	if (index_read(fd, &index) && index.made_ns) {
		*ret = (struct record_last){ index.made_ns, index.goes_on_ns };
		return 0;
	}
	while (block_read_at(fd, &next.head, sizeof(next.head), next.at) && next.head.stored &&
	       !block_is_index(&next.head) && block_fits(&next.head)) {
		next.at += sizeof(next.head);
		last[n++ % 2] = next;
		next.at += next.head.stored;
	}
	/* the last one may be cut off: the one before it is whole */
	for (unsigned i = 1; i <= MIN(n, 2u); i++)
		if (unpack(fd, &last[(n - i) % 2], ret) == 0)
			return 0;
	return -EBADMSG;
}
