/* SPDX-License-Identifier: MIT */
#include "redact/secret.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "redact/known.h"

#define MASK "<redacted>"
enum {
	LEARNED_MIN = 6, /* bytes: shorter ones are found in everything */
	NAME_LEAST = 3, /* of a user */
	HOST_LEAST = 2,
};

/* ---- the tables ---- */

/*
 * Names whose values are secrets.  whole: as a word of its own, between what is no letter: "key" is one of api-key, and
 * not of keyboard.
 */
static const struct { const char *name; bool whole; } names[] = {
	{ "password", false }, { "passwd", false }, { "passphrase", false }, { "passcode", false }, { "pass", true },
	{ "secret", false }, { "token", false }, { "credential", false }, { "authorization", false }, { "auth", true },
	{ "cookie", false }, { "key", true }, { "keys", true }, { "apikey", false }, { "accesskey", false }, { "privatekey", false },
	{ "secretkey", false }, { "sessionid", false }, { "session_id", false }, { "session-id", false }, { "signature", false },
	{ "sig", true }, { "jwt", true }, { "otp", true }, { "pin", true }, { "pwd", true }, { "pgpass", false }, { "aws", true },
	{ "sas", true }, { "bearer", true }, { "dsn", true },
};
/* ... and those that look so and are not: directories. */
static const char *const harmless[] = { "PWD", "OLDPWD", "XAUTHORITY", "SSH_AUTH_SOCK", "GNUPGHOME" };

/* Tokens by their form: how they begin, at least how many characters of a token follow. */
static const struct { const char *begin; unsigned more; } tokens[] = {
	{ "AKIA", 16 }, { "ASIA", 16 }, { "ghp_", 20 }, { "gho_", 20 }, { "ghu_", 20 }, { "ghs_", 20 }, { "ghr_", 20 }, { "github_pat_", 20 },
	{ "glpat-", 16 }, { "xoxb-", 16 }, { "xoxp-", 16 }, { "xoxa-", 16 }, { "xoxs-", 16 }, { "sk-", 20 }, { "sk_live_", 16 },
	{ "rk_live_", 16 }, { "AIza", 30 }, { "ya29.", 20 }, { "eyJ", 20 }, { "npm_", 20 }, { "pypi-", 20 }, { "dckr_pat_", 16 },
};
/* The words of an authorization, before what is secret. */
static const char *const schemes[] = { "Bearer ", "Basic ", "Token ", "Digest ", "Negotiate " };
/* Options whose value is USER:PASSWORD (curl, wget). */
static const char *const user_options[] = { "-u", "--user", "--proxy-user", "-U" };

struct secrets {
	bool places;
	struct known_set known;
	unsigned nhomes;
};

/* ---- what is known ---- */

/* A file's name is not the secret that is in the file, and a small number or a word such as true is in too many places.
 */
static void learn(struct secrets *s, const char *value, size_t len)
{
	unsigned letters = 0, digits = 0;

	for (size_t i = 0; i < len; i++) {
		letters += isalpha((unsigned char)value[i]) != 0;
		digits += isdigit((unsigned char)value[i]) != 0;
	}
	if (len < LEARNED_MIN || value[0] == '/' || (!letters && digits < 2 * LEARNED_MIN) || !(letters + digits))
		return;
	known_add(&s->known, value, len, MASK, false);
}

static void know_user(struct secrets *s, const char *name, size_t len)
{
	if (len >= NAME_LEAST && memcmp(name, "root", MIN(len, sizeof("root"))) != 0)
		known_add(&s->known, name, len, "user", true);
}

/* Homes of different users stay different: /home/user, /home/user2. */
static void know_home(struct secrets *s, const char *dir, size_t len)
{
	struct buf mask = { 0 };
	bool added;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	buf_puts(&mask, "/home/user");
	if (s->nhomes)
		buf_printf(&mask, "%u", s->nhomes + 1);
	added = known_add(&s->known, dir, len, mask.s, true);
	s->nhomes += added;
	for (size_t i = len; added && i > 0; i--)
		if (dir[i - 1] == '/') {
			know_user(s, dir + i, len - i);
			break;
		}
	buf_done(&mask);
}

void secrets_host(struct secrets *s, const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);

	if (!s->places || (len == strlen("localhost") && !memcmp(name, "localhost", len)))
		return;
	if (len >= HOST_LEAST)
		known_add(&s->known, name, len, "host", true);
	if (dot && dot - name >= HOST_LEAST)
		known_add(&s->known, name, (size_t)(dot - name), "host", true);
}

void secrets_in_place(const struct secrets *s, char *bytes, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		const struct known *k = known_at(&s->known, bytes, len, at);

		if (!k)
			continue;
		/* a socket's name still begins as it did: '/' or a NUL says of which kind it is */
		for (size_t i = 0; i < k->len; i++)
			if (bytes[at + i] != '/')
				bytes[at + i] = '*';
		at += k->len - 1;
	}
}

/* ---- what is recognised ---- */

static bool is_name_char(char c) { return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.'; }

static bool begins(const char *s, size_t len, const char *with)
{
	return len >= strlen(with) && !strncasecmp(s, with, strlen(with));
}

/* Whether NAME=… says of its value that it is secret. */
static bool is_secret_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strlen(harmless[i]) == len && !strncmp(name, harmless[i], len))
			return false;
	for (size_t at = 0; at < len; at++)
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
			size_t n = strlen(names[i].name);

			if (!begins(name + at, len - at, names[i].name))
				continue;
			if (!names[i].whole || ((!at || !isalpha((unsigned char)name[at - 1])) &&
						(at + n == len || !isalpha((unsigned char)name[at + n]))))
				return true;
		}
	return false;
}

static bool is_token_char(char c) { return isalnum((unsigned char)c) || strchr("_-.+/=", c); }

/* How long the token is that stands there by its form, 0: none does. */
static size_t token_at(const char *s, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tokens); i++) {
		size_t n = strlen(tokens[i].begin), more = 0;

		if (len < n || strncmp(s, tokens[i].begin, n) != 0)
			continue;
		while (n + more < len && is_token_char(s[n + more]) && s[n + more] != '/' && s[n + more] != '=')
			more++;
		if (more >= tokens[i].more)
			return n + more;
	}
	return 0;
}

static size_t scheme_at(const char *s, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(schemes); i++)
		if (begins(s, len, schemes[i]) && len > strlen(schemes[i]) && is_token_char(s[strlen(schemes[i])]))
			return strlen(schemes[i]);
	return 0;
}

/* scheme://user:PASSWORD@host: where the password is; false: none is there. s is behind "://". */
static bool url_password(const char *s, size_t len, size_t *ret_from, size_t *ret_to)
{
	size_t colon = SIZE_MAX, at = SIZE_MAX, i;

	for (i = 0; i < len && !strchr("/?# \t\n\"'", s[i]); i++) {
		if (s[i] == ':' && colon == SIZE_MAX)
			colon = i;
		if (s[i] == '@')
			at = i;
	}
	if (at == SIZE_MAX || colon == SIZE_MAX || colon > at)
		return false;
	*ret_from = colon + 1;
	*ret_to = at;
	return true;
}

/* A string that is gone through: text up to at is in out. */
struct scan { struct secrets *s; struct buf *out; const char *text; size_t len, at; bool path; };

/* How long the value at c->at is: in quotes to their end, of a header to the line's, else to a separator. */
static size_t value_len(const struct scan *c, char quote, bool line)
{
	const char in_quotes[] = { quote, '\n', '\0' }, *s = c->text + c->at;
	const char *ends = quote ? in_quotes : line ? "\r\n\"'" : c->path ? "/&;," : " \t\r\n&;,\"')}]|<>";
	size_t n = 0, len = c->len - c->at;

	while (n < len && s[n] && !strchr(ends, s[n]))
		n += n + 1 < len && s[n] == '\\' ? 2 : 1;
	return MIN(n, len);
}

static void mask(struct scan *c, size_t len)
{
	len = MIN(len, c->len - c->at);
	if (!len)
		return;
	learn(c->s, c->text + c->at, len);
	buf_puts(c->out, MASK);
	c->at += len;
}

/* What is known may begin anywhere in it, and end behind it. */
static void copy(struct scan *c, size_t len)
{
	for (size_t end = c->at + len; c->at < end;) {
		const struct known *k = known_at(&c->s->known, c->text, c->len, c->at);

		if (k)
			buf_puts(c->out, k->mask);
		else
			buf_putc(c->out, c->text[c->at]);
		c->at += k ? k->len : 1;
	}
}

/*
 * Where a name stands at c->at whose value follows by =, : or, of an option within a command line, a blank, and is a
 * secret: copies the name and masks the value.  Else false, and nothing is done.
 */
static bool named(struct scan *c)
{
	const char *s = c->text + c->at;
	size_t rest = c->len - c->at, n = 0, from, blank;
	bool equals, line;
	char quote = 0;

	while (n < rest && is_name_char(s[n]))
		n++;
	from = n + (n < rest && strchr("\"'", s[n]));	/* "name": in JSON */
	for (blank = from; blank < rest && s[blank] == ' '; blank++)
		;
	equals = from < rest && s[from] == '=';
	line = blank < rest && s[blank] == ':' && !(rest - blank > 2 && s[blank + 1] == '/' && s[blank + 2] == '/');
	if (!equals && !line && !(n > 2 && s[0] == '-' && s[1] == '-' && blank > n && blank < rest))
		return false;
	if (!is_secret_name(s, n))
		return false;
	for (from = equals ? from + 1 : line ? blank + 1 : blank; from < rest && s[from] == ' '; from++)
		;
	if (from < rest && strchr("\"'", s[from]))
		quote = s[from++];
	copy(c, from);
	copy(c, scheme_at(c->text + c->at, c->len - c->at));
	mask(c, value_len(c, quote, line && !c->path));
	return true;
}

static void url(struct scan *c)
{
	size_t from, to;

	copy(c, 3);
	if (!url_password(c->text + c->at, c->len - c->at, &from, &to))
		return;
	to += c->at;
	copy(c, from);
	if (c->at < to)
		mask(c, to - c->at);
}

/* A home directory is known from the first time it is seen; what it is called tells who has it. */
static void see_home(struct scan *c)
{
	static const char *const above[] = { "/home/", "/Users/" };
	const char *s = c->text + c->at;
	size_t rest = c->len - c->at;

	for (unsigned i = 0; i < ARRAY_SIZE(above); i++)
		if (begins(s, rest, above[i])) {
			size_t from = strlen(above[i]), n = from;

			while (n < rest && (is_name_char(s[n]) && s[n] != '='))
				n++;
			if (n > from)
				know_home(c->s, s, n);
		}
}

static void scan(struct scan *c)
{
	bool within = false;	/* a name that was looked at */

	while (c->at < c->len) {
		const char *s = c->text + c->at;
		size_t rest = c->len - c->at, n;
		const struct known *k;

		if (c->s->places && *s == '/')
			see_home(c);
		k = known_at(&c->s->known, c->text, c->len, c->at);
		if (k) {
			buf_puts(c->out, k->mask);
			c->at += k->len;
		} else if (!within && (n = token_at(s, rest))) {
			mask(c, n);
		} else if (!within && (n = scheme_at(s, rest))) {
			copy(c, n);
			mask(c, value_len(c, 0, false));
		} else if (rest > 3 && !memcmp(s, "://", 3)) {
			url(c);
			within = false;
		} else if (within || !is_name_char(*s) || !named(c)) {
			within = is_name_char(*s);
			buf_putc(c->out, c->text[c->at++]);
		}
	}
}

void secrets_text(struct secrets *s, struct buf *out, const char *text, size_t len)
{
	scan(&(struct scan){ .s = s, .out = out, .text = text, .len = len });
}

void secrets_path(struct secrets *s, struct buf *out, const char *path, size_t len)
{
	scan(&(struct scan){ .s = s, .out = out, .text = path, .len = len, .path = true });
}

/* ---- variables and arguments ---- */

static bool is(const char *name, size_t len, const char *what)
{
	return len == strlen(what) && !memcmp(name, what, len);
}

/* What a variable says about where and who. */
static void see_variable(struct secrets *s, const char *name, size_t n, const char *value, size_t len)
{
	if (is(name, n, "HOME") && len > 1 && !is(value, len, "/root"))
		know_home(s, value, len);
	else if (is(name, n, "USER") || is(name, n, "LOGNAME") || is(name, n, "SUDO_USER"))
		know_user(s, value, len);
	else if (is(name, n, "HOSTNAME") || is(name, n, "HOST"))
		secrets_host(s, value, len);
}

/* What stands behind from is a secret to its end. */
static void mask_rest(struct secrets *s, struct buf *out, const char *text, size_t len, size_t from)
{
	struct scan c = { .s = s, .out = out, .text = text, .len = len };

	copy(&c, from);
	mask(&c, len - c.at);
}

void secrets_env(struct secrets *s, struct buf *out, const char *var, size_t len)
{
	const char *equals = memchr(var, '=', len);
	size_t n = equals ? (size_t)(equals - var) : len;

	if (equals && s->places)
		see_variable(s, var, n, equals + 1, len - n - 1);
	if (equals && is_secret_name(var, n))
		mask_rest(s, out, var, len, n + 1);
	else
		secrets_text(s, out, var, len);
}

/* --name=VALUE, or NAME=VALUE that is no script: where the value begins, 0: it is neither. */
static size_t option_value(const char *arg, size_t len, enum secret_after before)
{
	const char *equals = memchr(arg, '=', len);
	size_t n = equals ? (size_t)(equals - arg) : 0;

	if (!n || before == AFTER_SCRIPT || !is_secret_name(arg, n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!is_name_char(arg[i]))
			return 0;
	return n + 1;
}

static enum secret_after what_follows(const char *arg, size_t len)
{
	if (is(arg, len, "-c"))
		return AFTER_SCRIPT;
	for (unsigned i = 0; i < ARRAY_SIZE(user_options); i++)
		if (is(arg, len, user_options[i]))
			return AFTER_USER;
	return len > 2 && arg[0] == '-' && !memchr(arg, '=', len) && !memchr(arg, ' ', len) && is_secret_name(arg, len)
		       ? AFTER_SECRET
		       : AFTER_NOTHING;
}

void secrets_arg(struct secrets *s, struct buf *out, const char *arg, size_t len, enum secret_after *after)
{
	const char *colon = memchr(arg, ':', len);
	size_t from = option_value(arg, len, *after);

	if (*after == AFTER_SECRET && !(len && arg[0] == '-'))
		mask_rest(s, out, arg, len, 0);
	else if (*after == AFTER_USER && colon)
		mask_rest(s, out, arg, len, (size_t)(colon - arg) + 1);
	else if (from)
		mask_rest(s, out, arg, len, from);
	else
		secrets_text(s, out, arg, len);
	*after = what_follows(arg, len);
}

/* ---- all of it ---- */

struct secrets *secrets_new(bool places)
{
	struct secrets *s = xcalloc(1, sizeof(*s));

	s->places = places;
	return s;
}

uint64_t secrets_missed(const struct secrets *s) { return s->known.nmissed; }

void secrets_free(struct secrets *s)
{
	if (s)
		known_done(&s->known);
	free(s);
}
