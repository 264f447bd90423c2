/*
 * Whatever a line holds, what is shown of it is text: valid UTF-8 without
 * controls, the same when stripped again; and what is matched has nothing
 * left that strip_text() would take out.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/utf8.h"
#include "engine/log/strip.h"
#include "must.h"

static void
check_shown(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int n = utf8_decode(s + i, len - i, &cp);
		must(n > 0);
		must(cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0));
		must(!(cp >= 0x202a && cp <= 0x202e));
		must(!(cp >= 0x2066 && cp <= 0x2069));
		must(cp != 0x200e && cp != 0x200f && cp != 0xfeff);
		i += (size_t)n;
	}
}

static void
check_display(const char *s, size_t len, size_t max)
{
	struct buf once, twice;
	struct strip_run runs[16];
	size_t count = len % 17;
	struct strip_state state = { 0 };
	buf_init(&once, max);
	buf_init(&twice, max);
	strip_display(s, len, &once, runs, &count, &state);
	must(once.len <= max && count <= 16);
	check_shown(buf_str(&once), once.len);
	for (size_t i = 0; i < count; i++) {
		must(runs[i].off < once.len);
		must(i == 0 ? runs[i].off == 0 :
		      runs[i].off > runs[i - 1].off);
	}
	strip_display(buf_str(&once), once.len, &twice, NULL, NULL, NULL);
	must(once.len == twice.len &&
	      memcmp(buf_str(&once), buf_str(&twice), once.len) == 0);
	buf_fini(&once);
	buf_fini(&twice);
}

/* Line by line and as a block give the same. */
static void
check_block(const char *s, size_t len)
{
	uint32_t ends[64], kept[64];
	size_t count = 0, from = 0, n = 0;
	for (size_t i = 0; i < len && count < 63; i++)
		if (s[i] == '\n')
			ends[count++] = (uint32_t)i + 1;
	if (count == 0)
		return;
	char *block = malloc(len), *line = malloc(len);
	memcpy(kept, ends, sizeof(kept));
	size_t total = strip_lines(s, ends, count, block);
	for (size_t i = 0; i < count; i++) {
		size_t got = strip_text(s + from, kept[i] - from - 1, line);
		must(got + 1 == ends[i] - n);
		must(memcmp(line, block + n, got) == 0);
		must(block[ends[i] - 1] == '\n');
		from = kept[i];
		n = ends[i];
	}
	must(n == total);
	free(block);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	if (size == 0 || size > 65536)
		return 0;
	char *text = malloc(size);
	size_t n = strip_text(s, size, text);
	must(n <= size && !strip_needed(text, n));
	must(strip_needed(s, size) || n == size);
	free(text);
	check_display(s, size, 1 << 20);
	check_display(s, size, size / 2 + 1);
	check_block(s, size);
	return 0;
}
