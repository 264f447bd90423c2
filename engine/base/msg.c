#include "msg.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"

/* Lengths on the wire; the largest value stands for NULL. */
#define NULL_LEN UINT32_MAX

static inline int
put_le(struct buf *b, uint64_t v, size_t bytes)
{
	uint64_t le = htole64(v);
	char *out = buf_room(b, bytes);
	if (!out)
		return -EMSGSIZE;
	memcpy(out, &le, bytes);
	buf_grew(b, bytes);
	return 0;
}

int
msg_put_u8(struct buf *b, uint8_t v)
{
	return put_le(b, v, 1);
}

int
msg_put_u16(struct buf *b, uint16_t v)
{
	return put_le(b, v, 2);
}

int
msg_put_u32(struct buf *b, uint32_t v)
{
	return put_le(b, v, 4);
}

int
msg_put_u64(struct buf *b, uint64_t v)
{
	return put_le(b, v, 8);
}

int
msg_put_i64(struct buf *b, int64_t v)
{
	return put_le(b, (uint64_t)v, 8);
}

int
msg_put_double(struct buf *b, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	return put_le(b, bits, 8);
}

int
msg_put_bytes(struct buf *b, const void *data, size_t len)
{
	if (len >= NULL_LEN || len + 4 > b->max || b->len > b->max - len - 4)
		return -EMSGSIZE;
	int r = put_le(b, len, 4);
	return r < 0 ? r : buf_add(b, data, len);
}

int
msg_put_str(struct buf *b, const char *s)
{
	return s ? msg_put_bytes(b, s, strlen(s) + 1) : put_le(b, NULL_LEN, 4);
}

int
msg_put_strv(struct buf *b, char *const *v)
{
	if (!v)
		return put_le(b, NULL_LEN, 4);
	uint32_t count = 0;
	while (v[count])
		count++;
	int r = put_le(b, count, 4);
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = msg_put_str(b, v[i]);
	return r;
}

void
msg_open(struct msg_reader *r, const void *data, size_t len)
{
	*r = (struct msg_reader){ .data = data, .len = len };
}

void
msg_open_tolerant(struct msg_reader *r, const void *data, size_t len)
{
	*r = (struct msg_reader){ .data = data, .len = len, .tolerant = true };
}

/* Is the next field one that its writer did not have? */
static bool
is_absent(const struct msg_reader *r)
{
	return r->tolerant && !r->bad && r->off == r->len;
}

static uint64_t
get_le(struct msg_reader *r, size_t bytes)
{
	uint64_t v = 0;
	if (is_absent(r))
		return 0;
	if (r->bad || r->len - r->off < bytes) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)(unsigned char)r->data[r->off + i] << (8 * i);
	r->off += bytes;
	return v;
}

uint8_t
msg_u8(struct msg_reader *r)
{
	return (uint8_t)get_le(r, 1);
}

uint16_t
msg_u16(struct msg_reader *r)
{
	return (uint16_t)get_le(r, 2);
}

uint32_t
msg_u32(struct msg_reader *r)
{
	return (uint32_t)get_le(r, 4);
}

uint64_t
msg_u64(struct msg_reader *r)
{
	return get_le(r, 8);
}

int64_t
msg_i64(struct msg_reader *r)
{
	return (int64_t)get_le(r, 8);
}

double
msg_double(struct msg_reader *r)
{
	uint64_t bits = get_le(r, 8);
	double v;
	memcpy(&v, &bits, sizeof v);
	return v;
}

static const char *
take(struct msg_reader *r, size_t len)
{
	if (r->bad || r->len - r->off < len) {
		r->bad = true;
		return NULL;
	}
	const char *p = r->data + r->off;
	r->off += len;
	return p;
}

const char *
msg_bytes(struct msg_reader *r, size_t *len)
{
	*len = msg_u32(r);
	const char *p = take(r, *len);
	if (!p)
		*len = 0;
	return p ? p : "";
}

const char *
msg_str(struct msg_reader *r)
{
	bool absent = is_absent(r);
	uint32_t len = msg_u32(r);
	if (r->bad || absent || len == NULL_LEN)
		return NULL;
	const char *p = take(r, len);
	if (!p || len == 0 || memchr(p, '\0', len) != p + len - 1) {
		r->bad = true;
		return NULL;
	}
	return p;
}

const char *
msg_str_nn(struct msg_reader *r)
{
	const char *s = msg_str(r);
	return s ? s : "";
}

char **
msg_strv(struct msg_reader *r, size_t max)
{
	bool absent = is_absent(r);
	uint32_t count = msg_u32(r);
	if (r->bad || absent || count == NULL_LEN)
		return NULL;
	/* Each word takes at least five bytes: no count can outgrow them. */
	if (count > max || count > (r->len - r->off) / 5) {
		r->bad = true;
		return NULL;
	}
	char **v = mem_array((size_t)count + 1, sizeof *v);
	for (uint32_t i = 0; i < count; i++)
		v[i] = mem_str(msg_str_nn(r));
	return v;
}

bool
msg_done(const struct msg_reader *r)
{
	return !r->bad && r->off == r->len;
}
