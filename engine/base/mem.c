#include "mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "fault.h"

static SBX_NORETURN void
exhausted(size_t size)
{
	fprintf(stderr, "sbx: out of memory (%zu bytes wanted)\n", size);
	_exit(125);
}

void *
mem_array(size_t count, size_t size)
{
	assert(count > 0 && size > 0);
	void *p = fault("mem") ? NULL : calloc(count, size);
	if (!p)
		exhausted(size);
	return p;
}

void *
mem_raw(size_t size)
{
	assert(size > 0);
	void *p = fault("mem") ? NULL : malloc(size);
	if (!p)
		exhausted(size);
	return p;
}

void *
mem_alloc(size_t size)
{
	return mem_array(1, size);
}

void *
mem_grow(void *p, size_t old_count, size_t new_count, size_t size)
{
	assert(new_count >= old_count && new_count > 0 && size > 0);
	if (new_count > SIZE_MAX / size)
		exhausted(SIZE_MAX);
	char *q = fault("mem") ? NULL : realloc(p, new_count * size);
	if (!q)
		exhausted(new_count * size);
	memset(q + old_count * size, 0, (new_count - old_count) * size);
	return q;
}

void *
mem_dup(const void *p, size_t len)
{
	void *q = mem_alloc(len ? len : 1);
	if (len)
		memcpy(q, p, len);
	return q;
}

char *
mem_strn(const char *s, size_t len)
{
	char *q = mem_alloc(len + 1);
	if (len)
		memcpy(q, s, len);
	return q;
}

char *
mem_str(const char *s)
{
	return s ? mem_strn(s, strlen(s)) : NULL;
}

char *
mem_fmt(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	char *s = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

/*
 * Left to itself glibc takes the largest piece that was ever freed for the
 * measure of what to keep.
 */
void
mem_give_back(void)
{
#ifdef __GLIBC__
	enum { PIECE = 256 << 10 };

	mallopt(M_MMAP_THRESHOLD, PIECE);
	mallopt(M_TRIM_THRESHOLD, PIECE);
#endif
}
