#include "jsonout.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "buf.h"
#include "clock.h"
#include "utf8.h"

enum { KEY_MAX_BYTES = 64 };

static void
put(struct jsonout *j, const char *s, size_t len)
{
	if (!j->failed && buf_add(j->b, s, len) < 0)
		j->failed = true;
}

static void
puts_(struct jsonout *j, const char *s)
{
	put(j, s, strlen(s));
}

/* Controls are written as escapes, those of C1 and what turns text too: the
 * output may be looked at in a terminal, and some of them act there. */
static bool
is_plain(uint32_t cp)
{
	return cp >= 0x20 && cp != '"' && cp != '\\' &&
		!(cp >= 0x7f && cp < 0xa0) && !utf8_turns_text(cp);
}

static void
escaped(struct jsonout *j, uint32_t cp)
{
	char hex[8];

	switch (cp) {
	case '"':
		puts_(j, "\\\"");
		return;
	case '\\':
		puts_(j, "\\\\");
		return;
	case '\n':
		puts_(j, "\\n");
		return;
	case '\t':
		puts_(j, "\\t");
		return;
	case '\r':
		puts_(j, "\\r");
		return;
	}
	snprintf(hex, sizeof hex, "\\u%04x", (unsigned)cp & 0xffff);
	puts_(j, hex);
}

/* A string with its quotes; what is not UTF-8 becomes U+FFFD. */
static void
quoted(struct jsonout *j, const char *s, size_t len)
{
	size_t plain = 0, i = 0;

	put(j, "\"", 1);
	while (i < len) {
		uint32_t cp;
		int n = utf8_decode(s + i, len - i, &cp);
		if (n > 0 && is_plain(cp)) {
			i += (size_t)n;
			continue;
		}
		put(j, s + plain, i - plain);
		if (n > 0)
			escaped(j, cp);
		else
			puts_(j, "\xef\xbf\xbd");
		i += n > 0 ? (size_t)n : 1;
		plain = i;
	}
	put(j, s + plain, len - plain);
	put(j, "\"", 1);
}

/* The comma and the key before a value. */
static void
lead(struct jsonout *j, const char *name, size_t len)
{
	bool in_object = j->depth > 0 && j->close[j->depth - 1] == '}';

	assert(in_object == (name != NULL));
	if (j->depth > 0) {
		if (j->comma[j->depth - 1])
			put(j, ",", 1);
		j->comma[j->depth - 1] = true;
	}
	if (name) {
		quoted(j, name, len);
		put(j, ":", 1);
	}
}

static void
lead_name(struct jsonout *j, const char *name)
{
	char key[KEY_MAX_BYTES];
	size_t len = 0;

	if (!name || !j->camel) {
		lead(j, name, name ? strlen(name) : 0);
		return;
	}
	for (; *name && len < sizeof key; name++) {
		bool turn = name[0] == '_' && name[1] >= 'a' && name[1] <= 'z';
		name += turn;
		key[len++] = turn ? (char)(*name - 'a' + 'A') : *name;
	}
	lead(j, key, len);
}

static void
raw(struct jsonout *j, const char *name, const char *text)
{
	lead_name(j, name);
	puts_(j, text);
}

static void
open_level(struct jsonout *j, const char *name, const char *open, char close)
{
	raw(j, name, open);
	assert(j->depth < JSON_DEPTH_MAX);
	j->comma[j->depth] = false;
	j->close[j->depth++] = close;
}

void
jsonout_begin(struct jsonout *j, struct buf *b)
{
	memset(j, 0, sizeof *j);
	j->b = b;
}

void
jsonout_begin_camel(struct jsonout *j, struct buf *b)
{
	jsonout_begin(j, b);
	j->camel = true;
}

int
jsonout_end(const struct jsonout *j)
{
	assert(j->depth == 0);
	return j->failed ? -EMSGSIZE : 0;
}

void
jsonout_object(struct jsonout *j, const char *name)
{
	open_level(j, name, "{", '}');
}

void
jsonout_array(struct jsonout *j, const char *name)
{
	open_level(j, name, "[", ']');
}

void
jsonout_close(struct jsonout *j)
{
	assert(j->depth > 0);
	put(j, &j->close[--j->depth], 1);
}

void
jsonout_string(struct jsonout *j, const char *name, const char *s)
{
	jsonout_stringn(j, name, s, strlen(s));
}

void
jsonout_stringn(struct jsonout *j, const char *name, const char *s, size_t len)
{
	lead_name(j, name);
	quoted(j, s, len);
}

void
jsonout_int(struct jsonout *j, const char *name, int64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)v);
	raw(j, name, text);
}

void
jsonout_uint(struct jsonout *j, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	raw(j, name, text);
}

void
jsonout_double(struct jsonout *j, const char *name, double v)
{
	char text[40];

	if (!isfinite(v)) {
		jsonout_null(j, name);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	/* A locale may write a comma, which JSON does not know. */
	char *comma = strchr(text, ',');
	if (comma)
		*comma = '.';
	raw(j, name, text);
}

void
jsonout_bool(struct jsonout *j, const char *name, bool v)
{
	raw(j, name, v ? "true" : "false");
}

void
jsonout_null(struct jsonout *j, const char *name)
{
	raw(j, name, "null");
}

void
jsonout_bytes(struct jsonout *j, const char *text_name, const char *data_name,
	   const void *data, size_t len)
{
	if (utf8_valid(data, len)) {
		jsonout_stringn(j, text_name, data, len);
		return;
	}
	lead_name(j, data_name);
	put(j, "\"", 1);
	if (!j->failed && base64_encode(j->b, data, len) < 0)
		j->failed = true;
	put(j, "\"", 1);
}

void
jsonout_time(struct jsonout *j, const char *name, int64_t wall_ms)
{
	char text[64];

	clock_rfc3339(text, sizeof text, wall_ms);
	jsonout_string(j, name, text);
	snprintf(text, sizeof text, "%.50s_ms", name);
	jsonout_int(j, text, wall_ms);
}

void
jsonout_keyn(struct jsonout *j, const char *key, size_t len, const char *s,
	  size_t slen)
{
	lead(j, key, len);
	quoted(j, s, slen);
}

void
jsonout_keyn_null(struct jsonout *j, const char *key, size_t len)
{
	lead(j, key, len);
	puts_(j, "null");
}
