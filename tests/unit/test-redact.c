/* SPDX-License-Identifier: MIT */
/* What is masked, what stays readable, and records that stay records. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "decode/call.h"
#include "record/build.h"
#include "redact/redact.h"
#include "redact/secret.h"
#include "unit.h"

static void expect(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		print_error("got  %s\nwant %s\n", got, want);
	assert_string_equal(got, want);
}

typedef void mask_fn(struct secrets *s, struct buf *out, const char *text, size_t len);

static void masked(mask_fn *fn, const char *text, const char *want)
{
	struct secrets *s = secrets_new(false);
	struct buf b = { 0 };

	buf_puts(&b, "");
	fn(s, &b, text, strlen(text));
	expect(b.s, want);
	buf_done(&b);
	secrets_free(s);
}

static void test_text(void **state)
{
	static const char *const v[][2] = {
		{ "nothing to see", "nothing to see" },
		{ "", "" },
		{ "password=hunter2", "password=<redacted>" },
		{ "a=1&api_key=abc&b=2", "a=1&api_key=<redacted>&b=2" },
		{ "export DB_PASSWORD='two words' more", "export DB_PASSWORD='<redacted>' more" },
		{ "cmd --token abc --file x", "cmd --token <redacted> --file x" },
		{ "Authorization: Bearer abc.def", "Authorization: Bearer <redacted>" },
		{ "authorization: Basic dTpw\r\nHost: x", "authorization: Basic <redacted>\r\nHost: x" },
		{ "Set-Cookie: id=1; Path=/", "Set-Cookie: <redacted>" },
		{ "{\"password\": \"a\\\"b\", \"user\": \"c\"}", "{\"password\": \"<redacted>\", \"user\": \"c\"}" },
		{ "https://user:pa:ss@host/x", "https://user:<redacted>@host/x" },
		{ "https://host:443/a@b", "https://host:443/a@b" },
		{ "use AKIAIOSFODNN7EXAMPLE now", "use <redacted> now" },
		{ "ghp_abcdefghijklmnopqrstuvwxyz", "<redacted>" },
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "<redacted>" },
		{ "keyboard=us monkey: 3 compass=north", "keyboard=us monkey: 3 compass=north" },
		{ "PWD=/tmp SSH_AUTH_SOCK=/run/x", "PWD=/tmp SSH_AUTH_SOCK=/run/x" },
		{ "pass", "pass" },
		{ "secret:", "secret:" },
		{ "token=", "token=" },
		{ "token://x", "token://x" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		masked(secrets_text, v[i][0], v[i][1]);
}

static void test_env_and_paths(void **state)
{
	(void)state;
	masked(secrets_env, "API_TOKEN=two words; and more", "API_TOKEN=<redacted>");
	masked(secrets_env, "AWS_REGION=eu", "AWS_REGION=<redacted>");
	masked(secrets_env, "PATH=/usr/bin:/bin", "PATH=/usr/bin:/bin");
	masked(secrets_env, "URL=pg://u:pw@h/db", "URL=pg://u:<redacted>@h/db");
	masked(secrets_env, "token", "token");
	masked(secrets_path, "/run/token=abc/file", "/run/token=<redacted>/file");
	masked(secrets_path, "/etc/passwd", "/etc/passwd");
	masked(secrets_path, "/etc/ssl/private.key", "/etc/ssl/private.key");
	masked(secrets_path, "/home/alice/x", "/home/alice/x");
}

static void args(const char *const *v, unsigned n, const char *want)
{
	struct secrets *s = secrets_new(false);
	enum secret_after after = AFTER_NOTHING;
	struct buf b = { 0 };

	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, '|');
		secrets_arg(s, &b, v[i], strlen(v[i]), &after);
	}
	expect(b.s, want);
	buf_done(&b);
	secrets_free(s);
}
#define ARGS(want, ...)                                                                                                \
	args((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), want)

static void test_args(void **state)
{
	(void)state;
	ARGS("cmd|--password|<redacted>|file", "cmd", "--password", "hunter2", "file");
	ARGS("cmd|--password=<redacted>|file", "cmd", "--password=two words", "file");
	ARGS("curl|-u|name:<redacted>|http://h", "curl", "-u", "name:pw", "http://h");
	ARGS("curl|-H|Authorization: Bearer <redacted>", "curl", "-H", "Authorization: Bearer abc");
	ARGS("env|PASSWORD=<redacted>|cmd", "env", "PASSWORD=a b", "cmd");
	ARGS("sh|-c|PASSWORD=<redacted> cmd x", "sh", "-c", "PASSWORD=abc cmd x");
	ARGS("cmd|--password|-v", "cmd", "--password", "-v");
	/* seen once, known everywhere, whatever stands around it */
	ARGS("a|--token|<redacted>|x<redacted>y", "a", "--token", "s3cretvalue", "xs3cretvaluey");
	ARGS("a|--token|<redacted>|x<redacted>_key=<redacted>", "a", "--token", "s3cretvalue", "xs3cretvalue_key=1");
	/* a number, a file and a short word are in too much else */
	ARGS("a|--pin|<redacted>|1234|--key|<redacted>|/etc/x.pem", "a", "--pin", "1234", "1234", "--key", "/etc/x.pem", "/etc/x.pem");
}

static void test_places(void **state)
{
	struct secrets *s = secrets_new(true);
	struct buf b = { 0 };

	(void)state;
	secrets_host(s, "build7.example.org", 18);
	secrets_env(s, &b, "HOME=/srv/bob", 13), buf_putc(&b, '|');
	secrets_path(s, &b, "/home/alice/.ssh/id", 19), buf_putc(&b, '|');
	secrets_path(s, &b, "/srv/bob", 8), buf_putc(&b, '|');
	secrets_path(s, &b, "/srv/bobby", 10), buf_putc(&b, '|');
	secrets_text(s, &b, "alice@build7 build7.example.org", 31);
	expect(b.s, "HOME=/home/user|/home/user2/.ssh/id|/home/user|/srv/bobby|user@host host");
	buf_done(&b);
	secrets_free(s);
}

/* write(1, "…", 9) of a program that was given a secret; connect to a socket named after it. */
static const struct record *one_call(struct redact *s, struct buf *rec, unsigned nr, const void *bytes, size_t len)
{
	struct record_call *r = record_begin(rec, RECORD_CALL, sizeof(*r), 7, 7, 1000);
	const struct record *out;

	r->nr = nr;
	r->args[0] = 1;
	r->args[1] = 0x1000;
	r->args[2] = len;
	r->ret = nr == 1 ? (rec_i64)len : 0;
	r->nchunks = 1;
	record_chunk(rec, 1, PART_BYTES, 0, bytes, len);
	assert_int_equal(redact_record(s, record_finish(rec), &out), 0);
	return out;
}

static void test_records(void **state)
{
	char *const env[] = { (char[]){ "APP_SECRET=hunter2hunter" }, NULL };
	struct redact *s = redact_new(false);
	struct buf rec = { 0 };
	struct arena arena = { 0 };
	const struct record *out;
	struct record_start *start;
	struct item item;

	(void)state;
	redact_learn_env(s, env);
	start = record_begin(&rec, RECORD_START, sizeof(*start), 0, 0, 1);
	start->mode = START_COMMAND | START_PAYLOAD;
	start->nchunks = 2;
	record_chunk(&rec, 0, PART_ARGV, 0, "cmd", 3);
	record_chunk(&rec, 0, PART_ARGV, 0, "hunter2hunter!", 14);
	assert_int_equal(redact_record(s, record_finish(&rec), &out), 0);
	assert_int_equal(decode_record(out, out->size, &arena, &item), 0);
	assert_int_equal(item.start->mode, START_COMMAND | START_REDACTED);
	assert_int_equal(item.nparts, 2);
	assert_string_equal(item.parts[1].bytes, "<redacted>!");

	out = one_call(s, &rec, 1, "any bytes", 9);
	assert_int_equal(decode_record(out, out->size, &arena, &item), 0);
	assert_int_equal(item.call.nparts, 0);
	assert_null(item.call.args[1].bytes);

	out = one_call(s, &rec, 42, "\1\0/run/hunter2hunter\0", 21);	/* AF_UNIX */
	assert_int_equal(decode_record(out, out->size, &arena, &item), 0);
	assert_int_equal(item.call.args[1].len, 21);
	assert_memory_equal(item.call.args[1].bytes, "\1\0/run/*************\0", 21);

	/* what cannot be decoded is left out, not passed on */
	rec_u16 kind = 200;
	memcpy(&((struct record *)rec.s)->kind, &kind, sizeof(kind));
	assert_true(redact_record(s, (const struct record *)rec.s, &out) < 0);
	redact_free(s);
	arena_done(&arena);
	buf_done(&rec);
}

/* More values than fit: those that do are masked, with equal beginnings too, and the others are counted. */
static void test_many(void **state)
{
	enum { ALL = 65536, MORE = 3 };
	struct secrets *s = secrets_new(false);
	struct buf b = { 0 };
	char var[64];

	(void)state;
	for (unsigned i = 0; i < ALL + MORE; i++) {
		snprintf(var, sizeof(var), "TOKEN=value-%u-end", i);
		buf_reset(&b);
		secrets_env(s, &b, var, strlen(var));
		assert_string_equal(b.s, "TOKEN=<redacted>");
	}
	assert_int_equal(secrets_missed(s), MORE);
	for (unsigned i = 0; i < ALL; i += 97) {
		snprintf(var, sizeof(var), "<value-%u-end>", i);
		buf_reset(&b);
		secrets_text(s, &b, var, strlen(var));
		expect(b.s, "<<redacted>>");
	}
	buf_reset(&b);
	secrets_text(s, &b, "value-1-en value-70000-end", 26);
	expect(b.s, "value-1-en value-70000-end");
	buf_done(&b);
	secrets_free(s);
}

/* A part that this version does not know may hold anything. */
static void test_later_parts(void **state)
{
	struct redact *s = redact_new(false);
	struct buf rec = { 0 };
	struct record_call *r = record_begin(&rec, RECORD_CALL, sizeof(*r), 7, 7, 1000);
	const struct record *out;

	(void)state;
	r->nr = 3;
	r->nchunks = 2;
	record_chunk(&rec, 0, (enum chunk_part)200, 0, "not-known-yet", 13);
	record_chunk(&rec, 0, (enum chunk_part)26, 0, "no-longer-known", 15);
	assert_int_equal(redact_record(s, record_finish(&rec), &out), 0);
	assert_int_equal(((const struct record_call *)out)->nchunks, 0);
	assert_int_equal(out->size, sizeof(*r));
	redact_free(s);
	buf_done(&rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text), cmocka_unit_test(test_env_and_paths), cmocka_unit_test(test_args),
		cmocka_unit_test(test_places), cmocka_unit_test(test_records), cmocka_unit_test(test_many),
		cmocka_unit_test(test_later_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
