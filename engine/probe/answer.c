#include "answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"

/* "HTTP/1.1 200 OK": 200; -1 for anything else. */
static int
status_of(const char *line, size_t len)
{
	int status = 0;

	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return -1;
	for (size_t i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
		status = status * 10 + (line[i] - '0');
	}
	if (len > 12 && line[12] != ' ')
		return -1;
	return status >= 100 && status < 600 ? status : -1;
}

static enum answer_state
bad(struct answer *a, const char *line, size_t len)
{
	int n = snprintf(a->text, sizeof a->text, "not HTTP: ");

	for (size_t i = 0; i < len && i < 40; i++)
		a->text[n++] = line[i] >= ' ' && line[i] < 0x7f ? line[i] : '?';
	a->text[n] = '\0';
	return ANSWER_BAD;
}

/* The value of a header if the line is of that name, else NULL. */
static const char *
value_of(const char *line, size_t len, const char *name, size_t *vlen)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++)
		;
	*vlen = len - n;
	return line + n;
}

static void
take_header(struct answer *a, const char *line, size_t len)
{
	size_t n;
	const char *v = value_of(line, len, "Content-Length", &n);

	if (v) {
		uint64_t length = 0;
		for (size_t i = 0; i < n && v[i] >= '0' && v[i] <= '9'; i++)
			length = length > UINT64_MAX / 20 ? length :
				length * 10 + (uint64_t)(v[i] - '0');
		a->has_length = n > 0;
		a->length = length;
		return;
	}
	v = value_of(line, len, "Transfer-Encoding", &n);
	if (v && n >= 7 && strncasecmp(v + n - 7, "chunked", 7) == 0)
		a->chunked = true;
}

enum answer_state
answer_feed(struct answer *a, const char *data, size_t len)
{
	for (;;) {
		const char *line = data + a->at;
		size_t fresh = len - a->scanned;
		const char *nl = fresh ?
			memchr(data + a->scanned, '\n', fresh) : NULL;
		if (!nl) {
			size_t n = SBX_MIN(len - a->at, (size_t)5);
			a->scanned = len;
			if (!a->status && memcmp(line, "HTTP/", n) != 0)
				return bad(a, line, len - a->at);
			break;
		}
		size_t n = (size_t)(nl - line);
		a->at = a->scanned = (size_t)(nl - data) + 1;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (!a->status) {
			int status = status_of(line, n);
			if (status < 0)
				return bad(a, line, n);
			a->status = status;
			a->final = status >= 200;
		} else if (n > 0) {
			take_header(a, line, n);
		} else if (a->final) {
			a->body_off = a->at;
			return ANSWER_HEAD;
		} else {
			/* "100 Continue" and the like: the answer follows. */
			a->status = 0;
			a->has_length = a->chunked = false;
		}
		if (a->at > ANSWER_HEAD_MAX)
			break;
	}
	if (len > ANSWER_HEAD_MAX) {
		snprintf(a->text, sizeof a->text,
			 "headers of more than %d KiB",
			 ANSWER_HEAD_MAX / 1024);
		return ANSWER_BAD;
	}
	return a->final ? ANSWER_STATUS : ANSWER_MORE;
}

bool
answer_is_whole(const struct answer *a, const char *data, size_t len)
{
	static const char last[] = "0\r\n\r\n";
	const size_t n = sizeof last - 1;
	size_t have = len - a->body_off;

	if (a->status == 204 || a->status == 304)
		return true;
	if (a->chunked)
		return have >= n && memcmp(data + len - n, last, n) == 0 &&
			(have == n || data[len - n - 1] == '\n');
	return a->has_length && have >= a->length;
}

size_t
answer_dechunk(char *body, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		size_t size = 0, digits = 0;
		char *nl = memchr(body + from, '\n', len - from);
		if (!nl)
			break;
		for (char *c = body + from; c < nl; c++, digits++) {
			int d = *c >= '0' && *c <= '9' ? *c - '0' :
				*c >= 'a' && *c <= 'f' ? *c - 'a' + 10 :
				*c >= 'A' && *c <= 'F' ? *c - 'A' + 10 : -1;
			if (d < 0 || size > len)
				break;
			size = size * 16 + (size_t)d;
		}
		if (digits == 0 || size == 0)
			break;
		from = (size_t)(nl - body) + 1;
		size_t take = SBX_MIN(size, len - from);
		memmove(body + to, body + from, take);
		to += take;
		from += take;
		/* The chunk's own line end. */
		if (from < len && body[from] == '\r')
			from++;
		if (from < len && body[from] == '\n')
			from++;
	}
	return to;
}
