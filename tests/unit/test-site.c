/* SPDX-License-Identifier: MIT */
/* Which `syscall` instructions a jump can take the place of. */
#include "unit.h"

#include <elf.h>
#include <errno.h>

#include "capture/inprocess/elf.h"
#include "capture/inprocess/site.h"

enum { NUMBER = 0xb8, NOP = 0x90, RET = 0xc3, BASE = 0x400000 };

/* A text under construction, one function long unless cut. */
struct code_made {
	uint8_t v[512];
	size_t n;
	struct site_func funcs[8];
	size_t nfuncs;
};

#define PUT(c, ...) put((c), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
static size_t put(struct code_made *c, const uint8_t *bytes, size_t n)
{
	size_t at = c->n;

	assert_true(c->n + n <= sizeof(c->v));
	memcpy(c->v + c->n, bytes, n);
	c->n += n;
	return at;
}

/* What was put since the last function is one. */
static void end_func(struct code_made *c)
{
	c->funcs[c->nfuncs] = (struct site_func){ c->nfuncs ? c->funcs[c->nfuncs - 1].end : 0, c->n };
	c->nfuncs++;
}

/* The only site of a text. */
static struct site only(struct code_made *c)
{
	struct site_text text = { c->v, c->n };
	struct sites sites;
	struct site s;

	if (!c->nfuncs)
		end_func(c);
	assert_int_equal(sites_find(&text, c->funcs, c->nfuncs, &sites), 0);
	assert_int_equal(sites.n, 1);
	s = sites.v[0];
	assert_ptr_equal(sites_at(&sites, s.at), &sites.v[0]);
	assert_null(sites_at(&sites, s.at + 1));
	sites_done(&sites);
	return s;
}

#define CALL 0x0f, 0x05
#define CHECK 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff /* cmp $-4095, %rax */

static void a_number_before_the_call_gives_way(void **state)
{
	struct code_made c = { 0 };
	struct site_write w[2];
	struct site s;
	int32_t d;

	(void)state;
	PUT(&c, 0x31, 0xff);
	PUT(&c, NUMBER, 3, 0, 0, 0, CALL, CHECK, RET);
	s = only(&c);
	assert_int_equal(s.way, SITE_MOV);
	assert_int_equal(s.at, 7);
	assert_int_equal(s.patch, 2);
	assert_int_equal(s.len, 5);
	assert_int_equal(s.nr, 3);
	assert_int_equal(site_patch(&s, BASE, BASE + 0x1000, w), 1);
	assert_int_equal(w[0].addr, BASE + 2);
	assert_int_equal(w[0].len, 5);
	assert_int_equal(w[0].bytes[0], 0xe9);
	memcpy(&d, w[0].bytes + 1, 4);
	assert_int_equal(w[0].addr + 5 + d, BASE + 0x1000);
	/* 2 GB is as far as it goes, either way */
	assert_int_equal(site_patch(&s, BASE, BASE + 7 + (uint64_t)INT32_MAX, w), 1);
	assert_int_equal(site_patch(&s, BASE, BASE + 8 + (uint64_t)INT32_MAX, w), 0);
	assert_int_equal(site_patch(&s, 1ull << 40, (1ull << 40) + 7 - (1ull << 31), w), 1);
	assert_int_equal(site_patch(&s, 1ull << 40, (1ull << 40) + 6 - (1ull << 31), w), 0);
}

static void a_wide_number_is_filled_up(void **state)
{
	struct code_made c = { 0 };
	struct site_write w[2];
	struct site s;

	(void)state;
	PUT(&c, 0x48, 0xc7, 0xc0, 1, 0, 0, 0, CALL, RET);
	s = only(&c);
	assert_int_equal(s.way, SITE_MOV);
	assert_int_equal(s.len, 7);
	assert_int_equal(site_patch(&s, BASE, BASE, w), 1);
	assert_int_equal(w[0].len, 7);
	assert_int_equal(w[0].bytes[5], NOP);
	assert_int_equal(w[0].bytes[6], NOP);
}

static void bytes_of_another_number_are_none(void **state)
{
	struct code_made r8 = { 0 }, disp = { 0 };

	(void)state;
	PUT(&r8, 0x41, NUMBER, 8, 0, 0, 0, CALL, RET); /* mov $8, %r8d */
	assert_int_equal(only(&r8).way, SITE_NO_ROOM);
	PUT(&disp, 0xc7, 0x44, 0x24, NUMBER, 1, 0, 0, 0, CALL, RET); /* movl $1, -0x48(%rsp) */
	assert_int_equal(only(&disp).way, SITE_NO_ROOM);
}

static void padding_after_a_return_is_room(void **state)
{
	struct code_made c = { 0 };
	struct site_write w[2];
	struct site s;
	size_t room;

	(void)state;
	PUT(&c, 0x31, 0xc0, CALL, CHECK, RET);
	room = PUT(&c, 0x0f, 0x1f, 0x80, 0, 0, 0, 0);
	s = only(&c);
	assert_int_equal(s.way, SITE_PAD);
	assert_int_equal(s.patch, 2);
	assert_int_equal(s.len, 2);
	assert_int_equal(s.room, room);
	/* the padding first: until the second write nothing goes there */
	assert_int_equal(site_patch(&s, BASE, BASE + 0x1000, w), 2);
	assert_int_equal(w[0].addr, BASE + room);
	assert_int_equal(w[0].len, 5);
	assert_int_equal(w[1].addr, BASE + 2);
	assert_int_equal(w[1].len, 2);
	assert_int_equal(w[1].bytes[0], 0xeb);
	assert_int_equal(w[1].addr + 2 + (int8_t)w[1].bytes[1], w[0].addr);
}

static void padding_that_control_runs_through_is_none(void **state)
{
	struct code_made falls = { 0 }, target = { 0 }, table = { 0 }, small = { 0 }, last = { 0 };

	(void)state;
	/* c3 as the end of mov %eax, %ebx: the nops align a loop */
	PUT(&falls, 0x31, 0xc0, CALL, 0x89, RET, 0x0f, 0x1f, 0x80, 0, 0, 0, 0, RET);
	assert_int_equal(only(&falls).way, SITE_NO_ROOM);
	/* je to the second nop */
	PUT(&target, 0x31, 0xc0, CALL, 0x74, 2, RET, NOP, NOP, NOP, NOP, NOP, NOP, RET);
	assert_int_equal(only(&target).way, SITE_NO_ROOM);
	/* jmp *%rax may lead to a nop */
	PUT(&table, 0x31, 0xc0, CALL, 0x74, 8, 0xff, 0xe0, NOP, NOP, NOP, NOP, NOP, NOP, RET);
	assert_int_equal(only(&table).way, SITE_NO_ROOM);
	/* the last instruction of a function is a call, which may return */
	PUT(&last, 0x31, 0xc0, CALL, 0xe8, 0, 0, 1, 0);
	end_func(&last);
	PUT(&last, NOP, NOP, NOP, NOP, NOP, NOP);
	last.funcs[last.nfuncs++].start = PUT(&last, RET);
	last.funcs[1].end = last.n;
	assert_int_equal(only(&last).way, SITE_NO_ROOM);
	PUT(&small, 0x31, 0xc0, CALL, RET, NOP, NOP, NOP, NOP);
	assert_int_equal(only(&small).way, SITE_NO_ROOM);
}

static void padding_is_reached_by_a_short_jump_or_not(void **state)
{
	(void)state;
	for (int between = 126; between <= 127; between++) {
		struct code_made c = { 0 };

		PUT(&c, 0x31, 0xc0, CALL);
		for (int i = 0; i < between; i++)
			PUT(&c, 0x50);
		PUT(&c, RET, NOP, NOP, NOP, NOP, NOP, NOP);
		assert_int_equal(only(&c).way, between == 126 ? SITE_PAD : SITE_NO_ROOM);
	}
}

static void padding_between_functions_is_room_for_one_each(void **state)
{
	struct code_made c = { 0 };
	struct site_text text = { c.v, 0 };
	struct sites sites;
	size_t second;

	(void)state;
	PUT(&c, 0x31, 0xc0, CALL, 0x31, 0xc0, CALL, 0xff, 0xe0);
	c.funcs[c.nfuncs++] = (struct site_func){ 0, c.n };
	PUT(&c, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	second = PUT(&c, RET);
	c.funcs[c.nfuncs++] = (struct site_func){ second, c.n };
	text.size = c.n;
	assert_int_equal(sites_find(&text, c.funcs, c.nfuncs, &sites), 0);
	assert_int_equal(sites.n, 2);
	assert_int_equal(sites.v[0].way, SITE_PAD);
	assert_int_equal(sites.v[0].room, 10);
	assert_int_equal(sites.v[1].way, SITE_NO_ROOM);
	sites_done(&sites);
}

static void what_may_be_jumped_into_stays(void **state)
{
	struct code_made near = { 0 }, short_one = { 0 }, own = { 0 };

	(void)state;
	/* behind the function, a jmp rel32 to the number's second byte */
	PUT(&near, NUMBER, 3, 0, 0, 0, CALL, RET);
	end_func(&near);
	PUT(&near, 0xe9, 0xf4, 0xff, 0xff, 0xff);
	assert_true(only(&near).way > SITE_PAD);
	/* likewise a jmp rel8, in bytes that no function has */
	PUT(&short_one, NUMBER, 3, 0, 0, 0, CALL, RET);
	end_func(&short_one);
	PUT(&short_one, 0xeb, 0xf7);
	assert_int_equal(only(&short_one).way, SITE_TARGET);
	/* its own je: then the number is no instruction that stands alone */
	PUT(&own, 0x74, 1, NUMBER, 3, 0, 0, 0, CALL, RET);
	assert_true(only(&own).way != SITE_MOV);
}

static void a_jump_to_the_call_itself_is_allowed(void **state)
{
	struct code_made c = { 0 };

	(void)state;
	PUT(&c, 0x74, 5, NUMBER, 3, 0, 0, 0, CALL, RET);
	assert_int_equal(only(&c).way, SITE_MOV);
}

static void an_overlap_elsewhere_does_no_harm(void **state)
{
	struct code_made c = { 0 };

	(void)state;
	PUT(&c, 0x74, 1, 0xf0, 0x0f, 0xb1, 0x13); /* je past the lock prefix */
	PUT(&c, NUMBER, 3, 0, 0, 0, CALL, RET);
	assert_int_equal(only(&c).way, SITE_MOV);
}

static void bytes_that_are_no_call(void **state)
{
	struct code_made inside = { 0 }, data = { 0 }, broken = { 0 }, none = { 0 };

	(void)state;
	PUT(&inside, NUMBER, CALL, 0, 0, RET);
	assert_int_equal(only(&inside).way, SITE_INSIDE);
	PUT(&data, 0xeb, 7, NUMBER, 3, 0, 0, 0, CALL, RET);
	assert_int_equal(only(&data).way, SITE_UNREACHED);
	PUT(&broken, 0x74, 8, NUMBER, 3, 0, 0, 0, CALL, RET, 0x06);
	assert_int_equal(only(&broken).way, SITE_BROKEN);
	PUT(&none, RET);
	end_func(&none);
	PUT(&none, NUMBER, 3, 0, 0, 0, CALL, RET);
	assert_int_equal(only(&none).way, SITE_NO_FUNCTION);
}

static void calls_that_must_come_from_their_place_stay(void **state)
{
	static const uint8_t kept[] = { 15, 56, 57, 58, 59, 60, 219, 231 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		struct code_made c = { 0 };

		PUT(&c, NUMBER, kept[i], 0, 0, 0, CALL, RET);
		assert_int_equal(only(&c).way, SITE_KEPT);
	}
}

/* The only instruction between those that a handler compares addresses with and the call. */
static void the_store_of_a_place_of_cancellation_gives_way(void **state)
{
	struct code_made c = { 0 }, into = { 0 }, other = { 0 };
	struct site_write w[2];
	struct site s;

	(void)state;
	PUT(&c, 0x31, 0xc0, 0x4c, 0x89, 0x5c, 0x24, 0x08, CALL, RET, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP);
	s = only(&c);
	assert_int_equal(s.way, SITE_STORE);
	assert_int_equal(s.nr, SITE_NR_UNKNOWN);
	assert_true(s.patch == 2 && s.at == 7 && s.len == SITE_ANY_LEN);
	assert_int_equal(site_patch(&s, 0x1000, 0x2000, w), 1);
	assert_true(w[0].addr == 0x1002 && w[0].len == 5 && w[0].bytes[0] == 0xe9);
	PUT(&into, 0x74, 0x01, 0x4c, 0x89, 0x5c, 0x24, 0x08, CALL, RET);	/* je into the middle of it */
	assert_true(only(&into).way != SITE_STORE);
	PUT(&other, 0x4c, 0x89, 0x5c, 0x24, 0x10, CALL, RET, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP);
	assert_int_equal(only(&other).way, SITE_PAD);
}

/* What loads an argument, where the number is in rax: the last one of syscall(), a constant. */
static void an_argument_that_is_loaded_gives_way(void **state)
{
	struct code_made last = { 0 }, edi = { 0 }, into = { 0 }, ecx = { 0 };
	struct site s;

	(void)state;
	PUT(&last, 0x48, 0x89, 0xf8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, CALL, RET);
	s = only(&last);
	assert_int_equal(s.way, SITE_HELD);
	assert_int_equal(s.nr, SITE_NR_UNKNOWN);
	assert_true(s.patch == 3 && s.at == 8 && s.len == SITE_ANY_LEN);
	PUT(&edi, NUMBER, 1, 1, 0, 0, 0xbf, 0x9c, 0xff, 0xff, 0xff, CALL, RET);
	s = only(&edi);
	assert_int_equal(s.way, SITE_HELD);
	assert_true(s.patch == 5 && s.at == 10);
	PUT(&into, 0x74, 0x01, 0x4c, 0x8b, 0x4c, 0x24, 0x08, CALL, RET);	/* je into the middle of it */
	assert_true(only(&into).way != SITE_HELD);
	PUT(&ecx, 0xb9, 0, 0, 0, 0, CALL, RET);		/* the kernel's to change */
	assert_int_equal(only(&ecx).way, SITE_NO_ROOM);
}

/* Five bytes that load the caller's number give way to a jump of five bytes; four do not. */
static void a_number_that_is_loaded_gives_way(void **state)
{
	struct code_made c = { 0 }, into = { 0 }, shorter = { 0 };
	struct site_write w[2];
	struct site s;

	(void)state;
	PUT(&c, 0x48, 0x8b, 0x44, 0x24, 0x10, CALL, RET);
	s = only(&c);
	assert_int_equal(s.way, SITE_LOAD);
	assert_int_equal(s.nr, SITE_NR_UNKNOWN);
	assert_true(s.patch == 0 && s.at == 5 && s.len == SITE_ANY_LEN);
	assert_int_equal(site_patch(&s, 0x1000, 0x2000, w), 1);
	assert_true(w[0].addr == 0x1000 && w[0].len == 5 && w[0].bytes[0] == 0xe9);
	PUT(&into, 0x74, 0x01, 0x48, 0x8b, 0x44, 0x24, 0x10, CALL, RET);	/* je into the middle of it */
	assert_true(only(&into).way != SITE_LOAD);
	PUT(&shorter, 0x48, 0x8b, 0x04, 0x24, CALL, RET);
	assert_true(only(&shorter).way != SITE_LOAD);
}

/* The second function's je leads into the first, past the begin of its first instruction. */
static void functions_that_jump_into_each_other_are_one(void **state)
{
	struct code_made c = { 0 };

	(void)state;
	PUT(&c, 0x81, 0xc1, NUMBER, 3, 0, 0, NUMBER, 3, 0, 0, 0, CALL, RET); /* add $0x3b8, %ecx */
	end_func(&c);
	assert_int_equal(only(&c).way, SITE_MOV);
	PUT(&c, 0x74, (uint8_t)(2 - 16), RET);
	end_func(&c);
	/* there it is mov $0xb8000003, %eax; add (%rax), %eax …, which overlaps with the number */
	assert_true(only(&c).way != SITE_MOV);
}

static void an_elf_file_says_where_its_functions_are(void **state)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr ph[2];
		uint8_t text[16];
		struct {
			uint8_t enc[4];
			int32_t frames;
			uint32_t n;
			int32_t first, fde;
		} hdr;
		struct {
			uint32_t length, cie;
			int32_t first;
			uint32_t size;
		} fde;
	} f = { .head = { .e_machine = EM_X86_64,
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 2,
			  .e_phoff = sizeof(Elf64_Ehdr) },
		.text = { NUMBER, 3, 0, 0, 0, CALL, RET },
		.hdr = { .enc = { 1, 0x1b, 0x03, 0x3b }, .n = 1 },
		.fde = { .length = 12, .cie = 4, .size = 8 } };
	struct code code;

	(void)state;
	memcpy(f.head.e_ident, ELFMAG, SELFMAG);
	f.head.e_ident[EI_CLASS] = ELFCLASS64;
	f.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_X, .p_vaddr = 0x1000, .p_filesz = sizeof(f) };
	f.ph[1] = (Elf64_Phdr){ .p_type = PT_GNU_EH_FRAME,
				.p_offset = offsetof(typeof(f), hdr),
				.p_vaddr = 0x1000 + offsetof(typeof(f), hdr),
				.p_filesz = sizeof(f.hdr) };
	f.hdr.first = (int32_t)offsetof(typeof(f), text) - (int32_t)offsetof(typeof(f), hdr);
	f.hdr.fde = (int32_t)offsetof(typeof(f), fde) - (int32_t)offsetof(typeof(f), hdr);
	f.fde.first = (int32_t)offsetof(typeof(f), text) - (int32_t)offsetof(typeof(f), fde.first);
	assert_int_equal(code_read((const uint8_t *)&f, sizeof(f), &code), 0);
	assert_int_equal(code.n, 1);
	assert_int_equal(code.text[0].nfuncs, 1);
	assert_int_equal(code.text[0].funcs[0].start, offsetof(typeof(f), text));
	assert_int_equal(code.text[0].funcs[0].end, offsetof(typeof(f), text) + 8);
	code_done(&code);
	f.fde.first++; /* another encoding */
	assert_int_equal(code_read((const uint8_t *)&f, sizeof(f), &code), 0);
	assert_int_equal(code.text[0].nfuncs, 0);
	code_done(&code);
	f.head.e_machine = EM_386;
	assert_int_equal(code_read((const uint8_t *)&f, sizeof(f), &code), -EBADMSG);
	code_done(&code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_before_the_call_gives_way),
		cmocka_unit_test(a_wide_number_is_filled_up),
		cmocka_unit_test(bytes_of_another_number_are_none),
		cmocka_unit_test(padding_after_a_return_is_room),
		cmocka_unit_test(padding_that_control_runs_through_is_none),
		cmocka_unit_test(padding_is_reached_by_a_short_jump_or_not),
		cmocka_unit_test(padding_between_functions_is_room_for_one_each),
		cmocka_unit_test(what_may_be_jumped_into_stays),
		cmocka_unit_test(a_jump_to_the_call_itself_is_allowed),
		cmocka_unit_test(an_overlap_elsewhere_does_no_harm),
		cmocka_unit_test(bytes_that_are_no_call),
		cmocka_unit_test(calls_that_must_come_from_their_place_stay),
		cmocka_unit_test(the_store_of_a_place_of_cancellation_gives_way),
		cmocka_unit_test(an_argument_that_is_loaded_gives_way),
		cmocka_unit_test(a_number_that_is_loaded_gives_way),
		cmocka_unit_test(functions_that_jump_into_each_other_are_one),
		cmocka_unit_test(an_elf_file_says_where_its_functions_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
