/* SPDX-License-Identifier: MIT */
#include "capture/bpf/kring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GIVE_BACK_PARTS = 64 };		/* of the ring, together */

int kring_open(struct kring *r, int map_fd, size_t nbytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mem;

	/* one page of ours, one of the kernel's, then the data twice in a row, so that no record wraps */
	mem = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	*r = (struct kring){ .consumer = mem, .size = nbytes, .page = page };
	mem = mmap(NULL, page + 2 * nbytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (mem == MAP_FAILED) {
		int err = errno;

		kring_close(r);
		return -err;
	}
	/* or the command and the helper would begin and end with a copy of 8,192 page table entries */
	madvise(mem, page + 2 * nbytes, MADV_DONTFORK);
	r->producer = mem;
	r->data = (const char *)mem + page;
	r->at = r->limit = r->released = *r->consumer;
	return 0;
}

static void make(void *arg)
{
	struct kring_making *m = arg;
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, (uint32_t)m->nbytes, NULL);

	m->rc = fd < 0 ? fd : kring_open(m->ring, fd, m->nbytes);
	if (m->rc == 0)
		m->rc = fd;
	else if (fd >= 0)
		close(fd);
}

void kring_make(struct kring_making *m, struct kring *ring, size_t nbytes)
{
	*m = (struct kring_making){ .ring = ring, .nbytes = nbytes };
	beside_begin(&m->beside, make, m);
}

int kring_made(struct kring_making *m)
{
	beside_end(&m->beside);
	return m->rc;
}

void kring_close(struct kring *r)
{
	if (r->consumer)
		munmap((void *)r->consumer, r->page);
	if (r->producer)
		munmap((void *)(uintptr_t)r->producer, r->page + 2 * r->size);
	*r = (struct kring){ 0 };
}

static void give_back(struct kring *r)
{
	if (r->released == r->at)
		return;
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
	r->released = r->at;
}

const void *kring_peek(struct kring *r, uint32_t *ret_size)
{
	for (;;) {
		const char *head = r->data + (r->at & (r->size - 1));
		uint32_t len;

		if (r->at == r->limit) {
			r->limit = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
			if (r->at == r->limit) {
				give_back(r);
				return NULL;
			}
		}
		len = __atomic_load_n((const uint32_t *)head, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT) {
			give_back(r);
			return NULL;	/* reserved and not yet filled; what follows it waits, too */
		}
		*ret_size = len & ~BPF_RINGBUF_DISCARD_BIT;
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			return head + BPF_RINGBUF_HDR_SZ;
		kring_pop(r);
	}
}

void kring_pop(struct kring *r)
{
	uint32_t len = *(const uint32_t *)(r->data + (r->at & (r->size - 1))) &
		       ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	r->at += (len + BPF_RINGBUF_HDR_SZ + 7u) & ~7ul;
	if (r->at - r->released >= r->size / GIVE_BACK_PARTS)
		give_back(r);
}

unsigned long kring_mark(const struct kring *r) { return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE); }
bool kring_read_to(const struct kring *r, unsigned long mark) { return (long)(r->at - mark) >= 0; }

size_t kring_used(const struct kring *r)
{
	unsigned long tail = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - tail;
}
