/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/stub.h"

#include <string.h>

/*
 * rcx and r11 are the call's to destroy, and eax is loaded here.  No stack is used: there may be none.  What writes to
 * descriptor 2 goes its own way: it is kept.  A label stands where its name becomes true.
 */
__asm__(".pushsection .rodata\n"
	".macro TAKE n\n"
	"	movl $1, %r11d\n"
	"	lock xaddq %r11, 0x70000000\n"
	"stub_taken\\n:\n"
	"	andl $16383, %r11d\n"
	"stub_masked\\n:\n"
	"	shlq $6, %r11\n"
	"stub_shifted\\n:\n"
	"	addq $0x70001000, %r11\n"
	"stub_slot\\n:\n"
	".endm\n"
	".globl stub_code, stub_saved1, stub_restored1, stub_taken1, stub_masked1, stub_shifted1, stub_slot1\n"
	".globl stub_put1, stub_two, stub_ready, stub_go_own, stub_path, stub_from, stub_taken3\n"
	".globl stub_masked3, stub_shifted3, stub_slot3, stub_cursor, stub_load, stub_filled, stub_length, stub_nr3\n"
	".globl stub_put3, stub_resume\n"
	".globl stub_nr1, stub_call, stub_made, stub_kept, stub_saved2, stub_restored2, stub_taken2, stub_masked2\n"
	".globl stub_shifted2, stub_slot2, stub_put2, stub_nr0, stub_nr2, stub_back, stub_own, stub_end\n"
	"stub_code:\n"
	"	movq 0x70000000, %r11\n"
	"	subq 0x70000040, %r11\n"
	"	cmpq $8192, %r11\n"
	"	jae 1f\n"
	"stub_two:\n"
	"	cmpl $2, %edi\n"
	"	je 1f\n"
	"stub_ready:\n"
	"	movq %rdx, %rcx\n"
	"stub_saved1:\n"
	"	rdtsc\n"
	"	shlq $32, %rdx\n"
	"	orq %rdx, %rax\n"
	"	movq %rcx, %rdx\n"
	"stub_restored1:\n"
	"	TAKE 1\n"
	"	movl $0, 8(%r11)\n"
	"stub_nr0:\n"
	"	movq %rdi, 16(%r11)\n"
	"	movq %rsi, 24(%r11)\n"
	"	movq %rdx, 32(%r11)\n"
	"	movq %r10, 40(%r11)\n"
	"	movq %r8, 56(%r11)\n"
	"	movq %rax, 48(%r11)\n"
	"	rdfsbase %rcx\n"
	"	movq %rcx, (%r11)\n"
	"stub_put1:\n"
	"	movl $0, %eax\n"
	"stub_nr1:\n"
	"stub_call:\n"
	"	syscall\n"
	"stub_made:\n"
	"	movq %rax, %rcx\n"
	"stub_kept:\n"
	"	movq %rdx, %r11\n"
	"stub_saved2:\n"
	"	rdtsc\n"
	"	shlq $32, %rdx\n"
	"	orq %rdx, %rax\n"
	"	movq %r11, %rdx\n"
	"stub_restored2:\n"
	"	TAKE 2\n"
	"	movl $0, 8(%r11)\n"
	"stub_nr2:\n"
	"	movq %rcx, 16(%r11)\n"
	"	movq %rax, 48(%r11)\n"
	"	rdfsbase %rax\n"
	"	movq %rax, (%r11)\n"
	"stub_put2:\n"
	"	movq %rcx, %rax\n"
	"	jmpq *2f(%rip)\n"
	"stub_go_own:\n"
	"1:	jmpq *3f(%rip)\n"
	/* The path, in parts: rcx goes through it, r11 through a slot.  Only the marked load may fault. */
	"stub_path:\n"
	"	movq %rsi, %rcx\n"
	"stub_from:\n"
	"	testq %rcx, %rcx\n"
	"	jz 1b\n"
	"4:	TAKE 3\n"
	"	addq $16, %r11\n"
	"stub_cursor:\n"
	"stub_load:\n"
	"	movzbl (%rcx), %eax\n"
	"	movb %al, (%r11)\n"
	"	incq %rcx\n"
	"	incq %r11\n"
	"	testl %eax, %eax\n"
	"	jz 5f\n"
	"	testl $63, %r11d\n"
	"	jnz stub_load\n"
	"5:	decq %r11\n"
	"	andq $-64, %r11\n"
	"stub_filled:\n"
	"	subq %rsi, %rcx\n"
	"stub_length:\n"
	"	movl %ecx, 12(%r11)\n"
	"	movl $0, 8(%r11)\n"
	"stub_nr3:\n"
	"	testl %eax, %eax\n"
	"	rdfsbase %rax\n"
	"	movq %rax, (%r11)\n"
	"stub_put3:\n"
	"	jz stub_ready\n"
	"	cmpl $192, %ecx\n"
	"	jae 1b\n"
	"	addq %rsi, %rcx\n"
	"stub_resume:\n"
	"	jmp 4b\n"
	"stub_back:\n"
	"2:	.quad 0\n"
	"stub_own:\n"
	"3:	.quad 0\n"
	"stub_end:\n"
	"	.popsection\n");

extern const uint8_t stub_code[], stub_saved1[], stub_restored1[], stub_taken1[], stub_masked1[],
	stub_shifted1[], stub_slot1[], stub_put1[], stub_nr0[], stub_nr1[], stub_call[], stub_made[],
	stub_two[], stub_ready[], stub_go_own[], stub_path[], stub_from[], stub_taken3[], stub_masked3[],
	stub_shifted3[], stub_slot3[], stub_cursor[], stub_load[], stub_filled[], stub_length[], stub_nr3[],
	stub_put3[], stub_resume[], stub_kept[], stub_saved2[], stub_restored2[], stub_taken2[], stub_masked2[],
	stub_shifted2[],
	stub_slot2[], stub_put2[], stub_nr2[], stub_back[], stub_own[], stub_end[];

static unsigned off(const uint8_t *label) { return (unsigned)(label - stub_code); }

unsigned stub_call_end(void) { return off(stub_made); }

/* In the place of the look at descriptor 2: on past it, or by way of the path. */
static void put_before(uint8_t code[STUB_BLOCK], bool path)
{
	enum { JMP32 = 0xe9, JMP32_LEN = 5 };
	uint32_t distance = (path ? off(stub_path) : off(stub_ready)) - (off(stub_two) + JMP32_LEN);

	code[off(stub_two)] = JMP32;
	memcpy(code + off(stub_two) + 1, &distance, 4);
}

/* mov, sub, add between rsi and rcx become those between rdi and rcx: in the last byte of each. */
static void path_is_first(uint8_t code[STUB_BLOCK])
{
	enum { RDI_RCX = 0xf9 };

	code[off(stub_from) - 1] = code[off(stub_length) - 1] = code[off(stub_resume) - 1] = RDI_RCX;
}

void stub_block(uint8_t code[STUB_BLOCK], const struct stub_call *c)
{
	const uint32_t nr = c->nr, ends = nr | RING_ENDS, path = nr | RING_PATH;

	_Static_assert(RING_PATH_MAX == 192, "the stub knows it");
	memset(code, 0xcc, STUB_BLOCK);
	memcpy(code, stub_code, off(stub_end));
	/* immediate operands are the last bytes of their instructions */
	memcpy(code + off(stub_nr0) - 4, &nr, 4);
	memcpy(code + off(stub_nr1) - 4, &nr, 4);
	memcpy(code + off(stub_nr2) - 4, &ends, 4);
	memcpy(code + off(stub_nr3) - 4, &path, 4);
	memcpy(code + off(stub_back), &c->back, 8);
	memcpy(code + off(stub_own), &c->own_way, 8);
	if (c->path >= 0 || !c->words)
		put_before(code, c->path >= 0);
	if (c->path == 0)
		path_is_first(code);
}

struct out { uint8_t *v; unsigned n; uint64_t at; };

static void put(struct out *o, const void *bytes, unsigned n)
{
	memcpy(o->v + o->n, bytes, n);
	o->n += n;
}

#define BYTES(o, ...) put((o), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
static void put32(struct out *o, uint32_t v) { put(o, &v, 4); }

/* The distance from the end of an instruction that has `more` bytes after it. */
static void put_to(struct out *o, uint64_t target, unsigned more)
{
	put32(o, (uint32_t)(target - (o->at + o->n + 4 + more)));
}

unsigned stub_spring(uint8_t code[STUB_SPRING], const struct stub_spring *s)
{
	const bool calls = s->own == STUB_OWN_CALL;
	struct out o = { code, 0, s->at };
	unsigned way;

	memset(code, 0xcc, STUB_SPRING);
	BYTES(&o, 0x80, 0x3d);			/* cmpb $0, on(%rip) */
	put_to(&o, s->on, 1);
	BYTES(&o, 0, 0x74, 9);			/* je: past the next two */
	BYTES(&o, 0x41, 0xbb);			/* mov $block, %r11d */
	put32(&o, STUB_BLOCKS + s->n * STUB_BLOCK);
	BYTES(&o, 0x41, 0xff, 0xe3);		/* jmp *%r11 */
	way = o.n;
	BYTES(&o, 0xb8);			/* mov $nr, %eax */
	put32(&o, s->nr);
	if (calls)
		BYTES(&o, 0x0f, 0x05);		/* syscall */
	BYTES(&o, 0xe9);			/* jmp: behind the site, or to its call */
	put_to(&o, s->site + (calls ? 2 : 0), 0);
	return way;
}

/* Taken at `taken`, published by what ends at `put`: the slot that r11 is about in between. */
static void find_slot(unsigned at, uint64_t r11, const uint8_t *const labels[5], struct stub_undo *ret)
{
	uint64_t index = r11;

	ret->taken = at >= off(labels[0]);
	ret->put = at >= off(labels[4]);
	if (!ret->taken || ret->put)
		return;
	if (at >= off(stub_cursor) && at < off(stub_filled))	/* r11 is within it, or just behind */
		index = (r11 - 1 - STUB_RING - RING_SLOTS) / RING_SLOT;
	else if (at >= off(labels[3]))
		index = (r11 - STUB_RING - RING_SLOTS) / RING_SLOT;
	else if (at >= off(labels[2]))
		index = r11 / RING_SLOT;
	ret->slot = (uint32_t)(index % RING_NSLOTS);
}

void stub_undo(unsigned at, const struct stub_regs *r, struct stub_undo *ret)
{
	static const uint8_t *const first[] = { stub_taken1, stub_masked1, stub_shifted1, stub_slot1, stub_put1 };
	static const uint8_t *const second[] = { stub_taken2, stub_masked2, stub_shifted2, stub_slot2, stub_put2 };

	static const uint8_t *const third[] = { stub_taken3, stub_masked3, stub_shifted3, stub_slot3, stub_put3 };

	*ret = (struct stub_undo){ .made = at >= off(stub_made) && at < off(stub_go_own),
				   .inside = at == off(stub_made),
				   .load = at == off(stub_load),
				   .rdx = r->rdx };
	if (at >= off(stub_go_own)) {
		find_slot(at, r->r11, third, ret);
		return;
	}
	if (!ret->made) {
		if (at >= off(stub_saved1) && at < off(stub_restored1))
			ret->rdx = r->rcx;
		find_slot(at, r->r11, first, ret);
		return;
	}
	ret->ret = (int64_t)(ret->inside ? r->rax : r->rcx);
	if (at >= off(stub_saved2) && at < off(stub_restored2))
		ret->rdx = r->r11;
	find_slot(at, r->r11, second, ret);
}
