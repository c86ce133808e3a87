/* SPDX-License-Identifier: MIT */
/* What the parts of the report stand on: pools of strings, and the file that is written. */
#include "base/intern.h"
#include "base/outfile.h"
#include "sink/html.h"

enum { INTERN_MAX = 1 << 21, DATA_BYTES_MAX = 16 << 20 };

void html_block_store(struct html *h, struct spool *s)
{
	uint32_t n;

	html_block_compress(&h->block);
	n = (uint32_t)h->block.gz.len;
	spool_add(s, &n, sizeof(n));
	spool_add(s, h->block.gz.s, n);
}

int html_pool_init(struct html_pool *p, const char *path)
{
	*p = (struct html_pool){ .n = 1, .lens = xmalloc(sizeof(*p->lens) * STRINGS_A_BLOCK) };
	p->lens[p->nlens++] = 0;
	intern_init(&p->ids, INTERN_MAX);
	return spool_init(&p->blocks, path);
}

void html_pool_done(struct html_pool *p)
{
	spool_done(&p->blocks);
	intern_done(&p->ids);
	buf_done(&p->text);
	free(p->lens);
}

void html_pool_end(struct html *h, struct html_pool *p)
{
	if (!p->nlens)
		return;
	html_block_strings(&h->block, p->lens, p->nlens, p->text.s ? p->text.s : "", p->text.len);
	html_block_store(h, &p->blocks);
	p->nlens = 0;
	buf_reset(&p->text);
}

uint32_t html_pool_id(struct html *h, struct html_pool *p, const void *s, size_t n)
{
	if (!n)
		return 0;
	uint32_t *id = intern_id(&p->ids, intern_hash(&p->ids, s, n));

	if (*id)
		return *id;
	if (p->n == UINT32_MAX)
		return 0;
	if (p->nlens == STRINGS_A_BLOCK || p->text.len + n > STRING_BYTES_A_BLOCK)
		html_pool_end(h, p);
	p->lens[p->nlens++] = (uint32_t)n;
	buf_add(&p->text, s, n);
	return *id = p->n++;
}

uint32_t html_string(struct html *h, const void *s, size_t n) { return html_pool_id(h, &h->strings, s, n); }

static uint32_t data_within(struct html *h, uint64_t *used, const void *s, size_t n)
{
	uint32_t before = h->data.n, id;

	if (*used + n > DATA_BYTES_MAX)
		return 0;
	id = html_pool_id(h, &h->data, s, n);
	if (h->data.n != before)
		*used += n;
	return id;
}

uint32_t html_data(struct html *h, const void *s, size_t n) { return data_within(h, &h->data_bytes, s, n); }
uint32_t html_stack_bytes(struct html *h, const void *s, size_t n) { return data_within(h, &h->stack_bytes, s, n); }

void html_out_flush(struct html_out *out)
{
	outfile_write(out->file, out->tail.s, out->tail.len);
	buf_reset(&out->tail);
}

void html_out_add(void *ctx, const void *p, size_t n)
{
	struct html_out *out = ctx;

	buf_add(&out->tail, p, n);
	out->nbytes += n;
	if (out->tail.len > 1 << 18)
		html_out_flush(out);
}
