#include "answered.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/msg.h"
#include "core.h"

struct answer {
	uint64_t key;
	size_t len;
	char *data;
};

struct answered {
	struct answer v[ANSWERED_MAX];	/* oldest first */
	size_t count;
};

struct answered *
answered_new(void)
{
	return mem_alloc(sizeof(struct answered));
}

void
answered_free(struct answered *a)
{
	for (size_t i = 0; a && i < a->count; i++)
		free(a->v[i].data);
	free(a);
}

void
answered_put(struct answered *a, uint64_t key, const void *data, size_t len)
{
	if (len == 0 || len > ANSWERED_BYTES_MAX)
		return;
	if (a->count == ANSWERED_MAX) {
		free(a->v[0].data);
		a->count--;
		for (size_t i = 0; i < a->count; i++)
			a->v[i] = a->v[i + 1];
	}
	a->v[a->count++] = (struct answer){ key, len, mem_dup(data, len) };
}

const char *
answered_find(const struct answered *a, uint64_t key, size_t *len)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->v[i].key == key) {
			*len = a->v[i].len;
			return a->v[i].data;
		}
	return NULL;
}

int
answered_pack(const struct answered *a, struct buf *b)
{
	int r = msg_put_u32(b, (uint32_t)a->count);

	for (size_t i = 0; i < a->count; i++) {
		r |= msg_put_u64(b, a->v[i].key);
		r |= msg_put_bytes(b, a->v[i].data, a->v[i].len);
	}
	return r;
}

void
answered_unpack(struct answered *a, struct msg_reader *r)
{
	uint32_t count = msg_u32(r);

	for (uint32_t i = 0; i < count && !r->bad; i++) {
		size_t len;
		uint64_t key = msg_u64(r);
		const char *data = msg_bytes(r, &len);
		if (!r->bad)
			answered_put(a, key, data, len);
	}
}
