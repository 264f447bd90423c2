#include "base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_encode(struct buf *b, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t groups = len / 3 + (len % 3 != 0);
	char *out = groups > SIZE_MAX / 8 ? NULL : buf_room(b, groups * 4);

	if (!out)
		return -EMSGSIZE;
	for (size_t i = 0; i < len; i += 3, out += 4) {
		size_t n = len - i;
		uint32_t v = (uint32_t)p[i] << 16;
		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		out[0] = digits[v >> 18];
		out[1] = digits[v >> 12 & 63];
		out[2] = n > 1 ? digits[v >> 6 & 63] : '=';
		out[3] = n > 2 ? digits[v & 63] : '=';
	}
	buf_grew(b, groups * 4);
	return 0;
}

/* The value of a digit, or -1. */
static int
digit(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int
base64_decode(struct buf *b, const char *text, size_t len)
{
	size_t was = b->len, pad = 0;

	if (len % 4)
		return -EINVAL;
	if (len && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	char *out = buf_room(b, len / 4 * 3);
	if (!out)
		return -EMSGSIZE;
	for (size_t i = 0; i < len; i += 4) {
		size_t take = i + 4 == len ? 4 - pad : 4;
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++) {
			int d = k < take ? digit(text[i + k]) : 0;
			if (d < 0)
				goto bad;
			v = v << 6 | (uint32_t)d;
		}
		/* What lies behind the last whole byte has to be zero. */
		if ((take == 2 && (v & 0xffff)) || (take == 3 && (v & 0xff)))
			goto bad;
		*out++ = (char)(v >> 16);
		if (take > 2)
			*out++ = (char)(v >> 8);
		if (take > 3)
			*out++ = (char)v;
	}
	buf_grew(b, len / 4 * 3 - pad);
	return 0;
bad:
	if (b->data)
		buf_cut(b, was);
	return -EINVAL;
}
