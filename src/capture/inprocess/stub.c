/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/stub.h"

#include <string.h>

/*
 * rcx and r11 are the call's to destroy, and eax is loaded here.  No stack is used: there may be none.  What is about
 * descriptor 2 or a copy of it goes its own way: what is written there is kept.  A label stands where its name becomes
 * true.
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
	".globl stub_put3, stub_resume, stub_dot, stub_no_dot, stub_load_dot, stub_up, stub_nr5, stub_put4, stub_stat\n"
	".globl stub_stat_kept, stub_stashed, stub_statted, stub_unstashed, stub_nr4, stub_asked, stub_go_kept\n"
	".globl stub_base2, stub_publish2, stub_fill\n"
	".globl stub_nr1, stub_call, stub_made, stub_kept, stub_saved2, stub_restored2, stub_taken2, stub_masked2\n"
	".globl stub_shifted2, stub_slot2, stub_put2, stub_nr0, stub_nr2, stub_back, stub_own, stub_end\n"
	"stub_code:\n"
	"	movq 0x70000000, %r11\n"
	"	subq 0x70000040, %r11\n"
	"	cmpq $8192, %r11\n"
	"	jae 1f\n"
	"stub_two:\n"
	"	cmpl $63, %edi\n"
	"	ja stub_ready\n"
	"	movq 0x70000048, %r11\n"
	"	btq %rdi, %r11\n"
	"	jc 1f\n"
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
	"	.byte 0x66, 0x90\n"		/* room for a jump */
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
	"stub_base2:\n"
	"	rdfsbase %rax\n"
	"stub_publish2:\n"
	"	movq %rax, (%r11)\n"
	"stub_put2:\n"
	"	movq %rcx, %rax\n"
	"	jmpq *2f(%rip)\n"
	"stub_go_own:\n"
	"1:	jmpq *3f(%rip)\n"
	/* The path, in parts: rcx goes through it, r11 through a slot.  Only the marked loads may fault. */
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
	"	cmpl $46, %eax\n"
	"stub_dot:\n"
	"	je 6f\n"
	"stub_no_dot:\n"
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
	/* Of what is opened by way of "..", it is asked where that led: its own way. */
	"6:\n"
	"stub_load_dot:\n"
	"	cmpb $46, 1(%rcx)\n"
	"	jne stub_no_dot\n"
	"	andq $-64, %r11\n"
	"stub_up:\n"
	"	movl $0, 8(%r11)\n"
	"stub_nr5:\n"
	"	rdfsbase %rax\n"
	"	movq %rax, (%r11)\n"
	"stub_put4:\n"
	"	jmp 1b\n"
	/*
	 * What was opened, as facts_ask() would ask.  The registers are kept meanwhile in what the C library has not
	 * used of a thread's head for long, but keeps: 512 bytes at %fs:0x80.
	 */
	"stub_stat:\n"
	"	movq %rax, %rcx\n"
	"stub_stat_kept:\n"
	"	movw $0, %fs:0xd4\n"
	"	testq %rax, %rax\n"
	"	js 9f\n"
	"	movq %rax, %fs:0xa8\n"
	"	movq %rdi, %fs:0x80\n"
	"	movq %rsi, %fs:0x88\n"
	"	movq %rdx, %fs:0x90\n"
	"	movq %r10, %fs:0x98\n"
	"	movq %r8, %fs:0xa0\n"
	"stub_stashed:\n"
	"	rdtsc\n"
	"	shlq $32, %rdx\n"
	"	orq %rdx, %rax\n"
	"	movq %rax, %fs:0xb0\n"
	"	movl %ecx, %edi\n"
	"	leaq 7f(%rip), %rsi\n"
	"	movl $0x5000, %edx\n"		/* AT_EMPTY_PATH | AT_STATX_DONT_SYNC */
	"	movl $0x307, %r10d\n"		/* STATX_TYPE, _MODE, _NLINK, _INO, _SIZE */
	"	rdfsbase %r8\n"
	"	addq $0xb8, %r8\n"
	"	movl $332, %eax\n"
	"	syscall\n"
	"stub_statted:\n"
	"	movq %fs:0x80, %rdi\n"
	"	movq %fs:0x88, %rsi\n"
	"	movq %fs:0x90, %rdx\n"
	"	movq %fs:0x98, %r10\n"
	"	movq %fs:0xa0, %r8\n"
	"	movq %fs:0xa8, %rcx\n"
	"stub_unstashed:\n"
	"	movq $0, %fs:0x80\n"
	"	movq $0, %fs:0x88\n"
	"	movq $0, %fs:0x90\n"
	"	movq $0, %fs:0x98\n"
	"	movq $0, %fs:0xa0\n"
	"	testq %rax, %rax\n"
	"	js 8f\n"
	"	movzwl %fs:0xd4, %eax\n"
	"	andl $0xf000, %eax\n"
	"	cmpl $0x8000, %eax\n"
	"	jne 9f\n"
	/* a regular file: without a name, or empty and of no device, as those of /proc are, it stops */
	"	cmpl $0, %fs:0xc8\n"
	"	je 8f\n"
	"	cmpq $0, %fs:0xe0\n"
	"	jne 9f\n"
	"	cmpl $0, %fs:0x140\n"
	"	jne 9f\n"
	"8:	movl $0, %eax\n"
	"stub_nr4:\n"
	"	syscall\n"
	"stub_asked:\n"
	"	movq %fs:0xa8, %rcx\n"
	"stub_go_kept:\n"
	"9:	jmp stub_kept\n"
	"stub_fill:\n"
	"	movzwl %fs:0xd4, %eax\n"
	"	movl %eax, 12(%r11)\n"
	"	testl %eax, %eax\n"
	"	jz 1f\n"
	"	movq %fs:0xd8, %rax\n"
	"	movq %rax, 24(%r11)\n"
	"	movq %fs:0x140, %rax\n"
	"	movq %rax, 32(%r11)\n"
	"	movq %fs:0x138, %rax\n"
	"	movq %rax, 40(%r11)\n"
	"	movq %fs:0xb0, %rax\n"
	"	movq %rax, 48(%r11)\n"
	"1:	rdfsbase %rax\n"
	"	jmp stub_publish2\n"
	"7:	.byte 0\n"
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
	stub_shifted2[], stub_dot[], stub_no_dot[], stub_load_dot[], stub_up[], stub_nr5[], stub_put4[], stub_stat[],
	stub_stat_kept[], stub_stashed[], stub_statted[], stub_unstashed[], stub_nr4[], stub_asked[], stub_go_kept[],
	stub_base2[], stub_publish2[], stub_fill[],
	stub_slot2[], stub_put2[], stub_nr2[], stub_back[], stub_own[], stub_end[];

static unsigned off(const uint8_t *label) { return (unsigned)(label - stub_code); }

unsigned stub_call_end(void) { return off(stub_made); }
unsigned stub_stat_end(void) { return off(stub_statted); }
unsigned stub_asked_end(void) { return off(stub_asked); }

static void put_jump(uint8_t code[STUB_BLOCK], const uint8_t *from, const uint8_t *to)
{
	enum { JMP32 = 0xe9 };
	uint32_t distance = off(to) - (off(from) + JMP32_LEN);

	code[off(from)] = JMP32;
	memcpy(code + off(from) + 1, &distance, 4);
}

/* mov, sub, add between rsi and rcx become those between rdi and rcx: in the last byte of each. */
static void path_is_first(uint8_t code[STUB_BLOCK])
{
	enum { RDI_RCX = 0xf9 };

	code[off(stub_from) - 1] = code[off(stub_length) - 1] = code[off(stub_resume) - 1] = RDI_RCX;
}

void stub_block(uint8_t code[STUB_BLOCK], const struct stub_call *c)
{
	const uint32_t nr = c->nr, ends = nr | RING_ENDS, path = nr | RING_PATH, nothing = RING_NOTHING;

	_Static_assert(RING_PATH_MAX == 192, "the stub knows it");
	memset(code, 0xcc, STUB_BLOCK);
	memcpy(code, stub_code, off(stub_end));
	/* immediate operands are the last bytes of their instructions */
	memcpy(code + off(stub_nr0) - 4, &nr, 4);
	memcpy(code + off(stub_nr1) - 4, &nr, 4);
	memcpy(code + off(stub_nr2) - 4, &ends, 4);
	memcpy(code + off(stub_nr3) - 4, &path, 4);
	memcpy(code + off(stub_nr4) - 4, &nr, 4);
	memcpy(code + off(stub_nr5) - 4, &nothing, 4);
	memcpy(code + off(stub_back), &c->back, 8);
	memcpy(code + off(stub_own), &c->own_way, 8);
	/* in the place of the look at the descriptor */
	if (c->path >= 0 || !c->words)
		put_jump(code, stub_two, c->path >= 0 ? stub_path : stub_ready);
	if (c->path == 0)
		path_is_first(code);
	if (!c->opens) {
		memset(code + off(stub_dot), 0x90, off(stub_no_dot) - off(stub_dot));
		return;
	}
	put_jump(code, stub_made, stub_stat);
	put_jump(code, stub_base2, stub_fill);
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
	if (s->number == STUB_HELD)
		put(&o, s->was, SITE_ANY_LEN);
	BYTES(&o, 0x80, 0x3d);			/* cmpb $0, on(%rip) */
	put_to(&o, s->on, 1);
	BYTES(&o, 0, 0x74, 9);			/* je: past the next two */
	BYTES(&o, 0x41, 0xbb);			/* mov $block, %r11d */
	put32(&o, STUB_BLOCKS + s->n * STUB_BLOCK);
	BYTES(&o, 0x41, 0xff, 0xe3);		/* jmp *%r11 */
	way = o.n;
	if (s->number == STUB_LOADED) {
		put(&o, s->was, SITE_ANY_LEN);
	} else if (s->number == STUB_NUMBER) {
		BYTES(&o, 0xb8);		/* mov $nr, %eax */
		put32(&o, s->nr);
	}
	if (calls)
		BYTES(&o, 0x0f, 0x05);		/* syscall */
	BYTES(&o, 0xe9);			/* jmp: behind the site, or to its call */
	put_to(&o, s->site + (calls ? 2 : 0), 0);
	return way;
}

void stub_choice(uint8_t code[STUB_BLOCK], unsigned n, const uint8_t *load, const uint32_t *nrs, unsigned nnrs,
		 uint64_t own_way)
{
	struct out o = { code, 0, STUB_BLOCKS + n * STUB_BLOCK };

	_Static_assert(SITE_ANY_LEN + 12 * STUB_CHOICES_MAX + 14 <= STUB_BLOCK, "all fit");
	memset(code, 0xcc, STUB_BLOCK);
	if (load)
		put(&o, load, SITE_ANY_LEN);
	for (unsigned i = 0; i < nnrs && i < STUB_CHOICES_MAX; i++) {
		BYTES(&o, 0x48, 0x3d);		/* cmp $nr, %rax */
		put32(&o, nrs[i]);
		BYTES(&o, 0x0f, 0x84);		/* je */
		put_to(&o, STUB_BLOCKS + (n + 1 + i) * STUB_BLOCK, 0);
	}
	BYTES(&o, 0xff, 0x25, 0, 0, 0, 0);	/* jmp *0(%rip) */
	put(&o, &own_way, sizeof(own_way));
}

/* Taken at `taken`, published by what ends at `put`: the slot that r11 is about in between. */
static void find_slot(unsigned at, uint64_t r11, const uint8_t *const labels[5], struct stub_undo *ret)
{
	uint64_t index = r11;

	ret->taken = at >= off(labels[0]);
	ret->put = at >= off(labels[4]);
	if (!ret->taken || ret->put)
		return;
	/* r11 is within it, or just behind */
	if ((at >= off(stub_cursor) && at < off(stub_filled)) || (at >= off(stub_load_dot) && at < off(stub_up)))
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
	static const uint8_t *const fourth[] = { stub_load_dot, stub_load_dot, stub_load_dot, stub_load_dot,
						 stub_put4 };
	static const uint8_t *const fifth[] = { stub_fill, stub_fill, stub_fill, stub_fill, stub_back };

	*ret = (struct stub_undo){ .made = (at >= off(stub_made) && at < off(stub_go_own)) || at >= off(stub_stat),
				   .inside = at == off(stub_made),
				   .load = at == off(stub_load) || at == off(stub_load_dot),
				   .stashed = at >= off(stub_stashed) && at < off(stub_unstashed),
				   .ret_stashed = at >= off(stub_stashed) && at < off(stub_go_kept),
				   .ret = (int64_t)(at == off(stub_made) || at == off(stub_stat) ? r->rax : r->rcx),
				   .rdx = r->rdx };
	if (at >= off(stub_fill)) {
		find_slot(at, r->r11, fifth, ret);
	} else if (at >= off(stub_stat)) {
		return;
	} else if (at >= off(stub_go_own)) {
		find_slot(at, r->r11, at >= off(stub_load_dot) ? fourth : third, ret);
	} else if (!ret->made) {
		if (at >= off(stub_saved1) && at < off(stub_restored1))
			ret->rdx = r->rcx;
		find_slot(at, r->r11, first, ret);
	} else {
		if (at >= off(stub_saved2) && at < off(stub_restored2))
			ret->rdx = r->r11;
		find_slot(at, r->r11, second, ret);
	}
}
