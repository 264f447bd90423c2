#include "buf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	buf_cut(b, 0);
}

char *
buf_make_room(struct buf *b, size_t len)
{
	if (len > b->max || b->len > b->max - len)
		return NULL;
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		b->data = mem_grow(b->data, b->cap, cap, 1);
		b->cap = cap;
	}
	return b->data + b->len;
}

void
buf_fit(struct buf *b)
{
	if (b->cap <= b->len + 1)
		return;
	char *data = mem_dup(b->data, b->len + 1);
	free(b->data);
	b->data = data;
	b->cap = b->len + 1;
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	char *p = buf_room(b, len);
	if (!p)
		return -EMSGSIZE;
	if (len)
		memcpy(p, data, len);
	buf_grew(b, len);
	return 0;
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	char *p = buf_room(b, (size_t)n);
	if (p) {
		vsnprintf(p, (size_t)n + 1, fmt, again);
		buf_grew(b, (size_t)n);
	}
	va_end(again);
	return p ? 0 : -EMSGSIZE;
}

int
buf_addu(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof digits;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	return buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int r = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return r;
}

void
buf_skip(struct buf *b, size_t len)
{
	assert(len <= b->len);
	if (!len)
		return;
	memmove(b->data, b->data + len, b->len - len);
	buf_cut(b, b->len - len);
}

void
buf_each_line(struct buf *b, buf_line_fn *fn, void *arg)
{
	const char *end;
	bool more = true;

	while (more && b->len && (end = memchr(b->data, '\n', b->len))) {
		size_t len = (size_t)(end - b->data);
		char *line = mem_strn(b->data, len);
		buf_skip(b, len + 1);
		more = fn(line, arg);
		free(line);
	}
}

void
buf_cut(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

char *
buf_take(struct buf *b)
{
	char *p = b->data ? b->data : mem_strn("", 0);
	b->data = NULL;
	buf_fini(b);
	return p;
}

const char *
buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}
