#include "logfmt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

static const char *const suffixes[] = { "out", "err", "pty", "idx" };
static const char *const streams[] = { "stdout", "stderr", "pty" };

uint32_t
log_header_sum(const struct log_header *h)
{
	struct log_header plain = *h;
	const unsigned char *p = (const unsigned char *)&plain;
	uint32_t sum = 2166136261u;
	plain.sum = 0;
	for (size_t i = 0; i < sizeof(plain); i++)
		sum = (sum ^ p[i]) * 16777619u;
	return sum;
}

void
log_name(char *out, uint64_t segment, unsigned stream)
{
	snprintf(out, LOG_NAME_MAX, "%06" PRIu64 ".%s", segment,
		 suffixes[stream]);
}

uint64_t
log_name_segment(const char *name)
{
	char *end;
	if (!isdigit((unsigned char)name[0]) || strlen(name) >= LOG_NAME_MAX)
		return 0;
	uint64_t no = strtoull(name, &end, 10);
	char again[LOG_NAME_MAX];
	log_name(again, no, LOG_SUFFIX_IDX);
	return strcmp(name, again) == 0 ? no : 0;
}

const char *
log_stream_name(unsigned stream)
{
	return stream < LOG_STREAMS ? streams[stream] : NULL;
}

int
log_stream_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(streams); i++)
		if (strcmp(name, streams[i]) == 0)
			return (int)i;
	return -1;
}
