#include "http_route.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { HOST_MAX = 256 };

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *
decode(const char *text, size_t len, bool plus)
{
	char *out = mem_alloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 &&
			   hex(text[i + 2]) >= 0) {
			c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		}
		if (!c) {
			free(out);
			return NULL;
		}
		out[n++] = c;
	}
	return out;
}

char *
http_decode(const char *text, size_t len)
{
	return decode(text, len, false);
}

/* --- paths --- */

const char *
http_target(const char *uri)
{
	static const char scheme[] = "http://";

	if (strncasecmp(uri, scheme, sizeof scheme - 1) != 0)
		return uri;
	uri += sizeof scheme - 1;
	return uri + strcspn(uri, "/?");
}

static bool
is_param(const char *segment, size_t len)
{
	return len > 2 && segment[0] == '{' && segment[len - 1] == '}';
}

static void
clear_params(struct http_match *m)
{
	for (size_t i = 0; i < HTTP_PARAMS_MAX; i++) {
		free(m->params[i]);
		m->params[i] = NULL;
	}
}

/* Fills the params of m; false leaves none. */
static bool
matches(const char *pattern, const char *path, struct http_match *m)
{
	size_t count = 0;

	while (*pattern == '/' && *path == '/') {
		size_t want = strcspn(++pattern, "/");
		size_t have = strcspn(++path, "/");
		char *text = decode(path, have, false);
		bool same;
		if (is_param(pattern, want) && text && text[0]) {
			assert(count < HTTP_PARAMS_MAX);
			m->params[count++] = text;
			same = true;
		} else {
			same = text && strlen(text) == want &&
			       memcmp(text, pattern, want) == 0;
			free(text);
		}
		if (!same)
			break;
		pattern += want;
		path += have;
		if (!*pattern && !*path)
			return true;
	}
	clear_params(m);
	return false;
}

static void
allow(struct http_match *m, const char *method)
{
	size_t len = strlen(m->allow);

	snprintf(m->allow + len, sizeof m->allow - len, "%s%s%s",
		 len ? "," : "", method,
		 strcmp(method, "GET") == 0 ? ",HEAD" : "");
}

void
http_match(const struct http_route *rows, size_t count, const char *method,
	   const char *path, struct http_match *out)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

	*out = (struct http_match){ .row = NULL };
	for (size_t i = 0; i < count; i++) {
		struct http_match m = { .row = NULL };
		if (!matches(rows[i].path, path, &m))
			continue;
		allow(out, rows[i].method);
		if (out->row || strcmp(rows[i].method, wanted) != 0) {
			clear_params(&m);
			continue;
		}
		out->row = &rows[i];
		out->pattern = rows[i].path;
		memcpy(out->params, m.params, sizeof m.params);
	}
}

void
http_match_fini(struct http_match *m)
{
	clear_params(m);
	m->row = NULL;
}

const char *
http_match_param(const struct http_match *m, const char *name)
{
	const char *p = m->pattern;
	size_t idx = 0, len = strlen(name);

	while (p && (p = strchr(p, '{'))) {
		if (strncmp(++p, name, len) == 0 && p[len] == '}')
			return m->params[idx];
		idx++;
	}
	assert(!"a parameter that the pattern does not have");
	return "";
}

/* --- queries --- */

int
http_query_find(const char *query, const char *name, char **out)
{
	int found = 0;

	*out = NULL;
	for (const char *p = query ? query : ""; *p; ) {
		size_t len = strcspn(p, "&");
		const char *equals = memchr(p, '=', len);
		size_t key_len = equals ? (size_t)(equals - p) : len;
		char *key = decode(p, key_len, true);
		bool same = key && strcmp(key, name) == 0;
		free(key);
		if (same && !found++) {
			const char *value = equals ? equals + 1 : p + len;
			*out = decode(value, (size_t)(p + len - value), true);
		}
		p += len + (p[len] == '&');
	}
	if (found == 0 || (found == 1 && *out))
		return found;
	free(*out);
	*out = NULL;
	return -EINVAL;
}

/* --- who may ask --- */

/* Host without its port; brackets of an IPv6 address go too. */
static bool
host_name(const char *host, char out[HOST_MAX])
{
	const char *begin = host, *end;

	if (*host == '[') {
		begin++;
		end = strchr(begin, ']');
		if (!end)
			return false;
	} else {
		end = host + strcspn(host, ":");
	}
	if (end == begin || end - begin >= HOST_MAX)
		return false;
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = '\0';
	return true;
}

bool
http_host_is_local(const char *host, const char *own)
{
	static const char local[] = "localhost";
	char name[HOST_MAX];
	unsigned char address[16];

	if (!host || !host_name(host, name))
		return false;
	size_t len = strlen(name), tail = sizeof local - 1;
	if (own && strcasecmp(name, own) == 0)
		return true;
	if (inet_pton(AF_INET, name, address) == 1 ||
	    inet_pton(AF_INET6, name, address) == 1)
		return true;
	return len >= tail && strcasecmp(name + len - tail, local) == 0 &&
	       (len == tail || name[len - tail - 1] == '.');
}

bool
http_origin_is_ours(const char *origin, const char *host,
		    char *const *allowed)
{
	static const char scheme[] = "http://";

	for (; allowed && *allowed; allowed++)
		if (strcmp(*allowed, "*") == 0 ||
		    strcasecmp(*allowed, origin) == 0)
			return true;
	return host && host[0] &&
	       strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
	       strcasecmp(origin + sizeof scheme - 1, host) == 0;
}

bool
http_token_is(const char *given, const char *token)
{
	size_t have = strlen(given), want = strlen(token);

	/* Blanks behind a header's value are none of it (RFC 9110, 5.5). */
	while (have && (given[have - 1] == ' ' || given[have - 1] == '\t'))
		have--;
	volatile unsigned char differs = have != want;

	/* Every byte is looked at, also behind the first that is wrong. */
	for (size_t i = 0; i < have; i++)
		differs |= (unsigned char)(given[i] ^
					   (want ? token[i % want] : 1));
	return !differs;
}

const char *
http_bearer(const char *header)
{
	static const char word[] = "Bearer ";

	if (!header || strncasecmp(header, word, sizeof word - 1) != 0)
		return NULL;
	header += sizeof word - 1;
	return header + strspn(header, " ");
}
