#include "burst.h"

#include <string.h>
#include "engine/base/base.h"

enum {
	LETTERS_MIN = 9,	/* in one read are a paste ... */
	LETTERS_DIFFERENT = 3,	/* ... if so many of them differ */
	PART_BYTES = 512,	/* a read of so many may be part of more ... */
	PART_US = 20000,	/* ... which comes within this time */
};

/* How many bytes at s, an ESC, are one sequence or bracketed paste. */
static size_t
sequence_len(const char *s, size_t len)
{
	static const char begin[] = "\033[200~", end[] = "\033[201~";
	size_t n = 2;

	if (len > 6 && !memcmp(s, begin, 6)) {
		const char *at = memmem(s, len, end, 6);
		return at ? (size_t)(at - s) + 6 : len;
	}
	if (len < 2 || (s[1] != '[' && s[1] != 'O'))
		return SBX_MIN(n, len);
	while (n < len && (s[n] < 0x40 || s[n] > 0x7e))
		n++;
	return SBX_MIN(n + 1, len);
}

bool
burst_is_paste(const char *bytes, size_t len)
{
	bool seen[256] = { false };
	size_t letters = 0, kinds = 0;

	for (size_t i = 0; i < len && letters < 256; ) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == 27) {
			i += sequence_len(bytes + i, len - i);
			continue;
		}
		i++;
		if (c < 0x20 || c == 127 || (c & 0xc0) == 0x80)
			continue;
		letters++;
		kinds += !seen[c];
		seen[c] = true;
	}
	return letters >= LETTERS_MIN && kinds >= LETTERS_DIFFERENT;
}

void
burst_read(struct burst *b, const char *bytes, size_t len, uint64_t now_us)
{
	bool going_on = now_us < b->until_us;

	b->bare = going_on || burst_is_paste(bytes, len);
	b->behind = b->behind && going_on;
	if (b->bare && len >= PART_BYTES)
		b->until_us = now_us + PART_US;
}

void
burst_pasted(struct burst *b, uint64_t now_us)
{
	*b = (struct burst){ .bare = true, .behind = true,
			     .until_us = now_us + PART_US };
}

bool
burst_refuses(const struct burst *b, bool text, bool sheet)
{
	return (b->bare && !text) || (b->behind && sheet);
}
