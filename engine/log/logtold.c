#include "logtold.h"

#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "base/buf.h"
#include "base/msg.h"

void
logtold_copy(struct logtold *to, const struct logtold *from)
{
	memcpy(to, from, offsetof(struct logtold, lines));
	memcpy(to->lines, from->lines, from->count * sizeof from->lines[0]);
	memcpy(to->data, from->data, from->len);
}

ssize_t
logtold_read(const struct logtold *t, enum log_stream s, uint64_t off,
	     void *data, size_t cap)
{
	if (t->stream != s || off < t->off || off - t->off >= t->len)
		return -ENOENT;
	size_t at = (size_t)(off - t->off), n = SBX_MIN(cap, t->len - at);
	memcpy(data, t->data + at, n);
	return (ssize_t)n;
}

ssize_t
logtold_entries(const struct logtold *t, uint64_t seq, struct log_entry *out,
		size_t cap)
{
	if (seq < t->seq || seq - t->seq >= t->count)
		return -ENOENT;
	size_t at = (size_t)(seq - t->seq), n = SBX_MIN(cap, t->count - at);
	memcpy(out, t->lines + at, n * sizeof *out);
	return (ssize_t)n;
}

int
logtold_put(struct buf *b, const struct logtold *t)
{
	int r = msg_put_u64(b, t->segment);

	r |= msg_put_u64(b, t->run);
	r |= msg_put_u64(b, t->off);
	r |= msg_put_u64(b, t->seq);
	r |= msg_put_u8(b, (uint8_t)t->stream);
	r |= msg_put_bytes(b, t->lines, t->count * sizeof t->lines[0]);
	r |= msg_put_bytes(b, t->data, t->len);
	return r ? -EMSGSIZE : 0;
}

int
logtold_get(struct msg_reader *r, struct logtold *t)
{
	size_t lines;

	t->segment = msg_u64(r);
	t->run = msg_u64(r);
	t->off = msg_u64(r);
	t->seq = msg_u64(r);
	t->stream = (enum log_stream)msg_u8(r);
	const char *entries = msg_bytes(r, &lines);
	const char *data = msg_bytes(r, &t->len);
	t->count = lines / sizeof t->lines[0];
	if (!msg_done(r) || t->stream >= LOG_STREAMS ||
	    lines != t->count * sizeof t->lines[0] ||
	    t->count > LOGTOLD_LINES || t->len > LOGTOLD_BYTES)
		return -EPROTO;
	memcpy(t->lines, entries, lines);
	memcpy(t->data, data, t->len);
	return 0;
}
