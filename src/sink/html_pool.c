/* SPDX-License-Identifier: MIT */
/* What the parts of the report stand on: the pool of strings, and the file that is written. */
#include "base/intern.h"
#include "base/outfile.h"
#include "sink/html.h"

void html_block_store(struct html *h, struct spool *s)
{
	uint32_t n;

	html_block_compress(&h->block);
	n = (uint32_t)h->block.gz.len;
	spool_add(s, &n, sizeof(n));
	spool_add(s, h->block.gz.s, n);
}

void html_end_strings(struct html *h)
{
	if (!h->nlens)
		return;
	html_block_strings(&h->block, h->lens, h->nlens, h->text.s ? h->text.s : "", h->text.len);
	html_block_store(h, &h->strings);
	h->nlens = 0;
	buf_reset(&h->text);
}

uint32_t html_string(struct html *h, const void *s, size_t n)
{
	if (!n)
		return 0;
	uint32_t *id = intern_id(&h->ids, intern_hash(&h->ids, s, n));

	if (*id)
		return *id;
	if (h->nstrings == UINT32_MAX)
		return 0;
	if (h->nlens == STRINGS_A_BLOCK || h->text.len + n > STRING_BYTES_A_BLOCK)
		html_end_strings(h);
	h->lens[h->nlens++] = (uint32_t)n;
	buf_add(&h->text, s, n);
	return *id = h->nstrings++;
}

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
