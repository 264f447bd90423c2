#include "answered.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/msg.h"

/* By its number: modulo ANSWERED_MAX that is its place. */
struct answer {
	uint64_t key, no;	/* no 0: none is there */
	size_t len;
	char *data;
	bool saved;
};

struct answered {
	struct answer v[ANSWERED_MAX];
	uint64_t last_no;
	size_t bytes;
};

struct answered *
answered_new(void)
{
	return mem_alloc(sizeof(struct answered));
}

void
answered_free(struct answered *a)
{
	for (size_t i = 0; a && i < ANSWERED_MAX; i++)
		free(a->v[i].data);
	free(a);
}

static struct answer *
place_of(struct answered *a, uint64_t no)
{
	return &a->v[no % ANSWERED_MAX];
}

static void
forget(struct answered *a, struct answer *old)
{
	a->bytes -= old->len;
	free(old->data);
	*old = (struct answer){ .no = 0 };
}

/* Its place is free. */
static void
put(struct answered *a, uint64_t no, uint64_t key, const void *data,
    size_t len)
{
	*place_of(a, no) = (struct answer){ .key = key, .no = no, .len = len,
					    .data = mem_dup(data, len) };
	a->bytes += len;
}

void
answered_put(struct answered *a, uint64_t key, const void *data, size_t len)
{
	uint64_t no = ++a->last_no;

	if (len == 0)
		return;
	for (uint64_t i = 0; i < ANSWERED_MAX; i++) {
		struct answer *old = place_of(a, no + i); /* oldest first */
		if (i == 0 || a->bytes > ANSWERED_BYTES_MAX)
			forget(a, old);
	}
	put(a, no, key, data, len);
}

const char *
answered_find(const struct answered *a, uint64_t key, size_t *len)
{
	for (size_t i = 0; i < ANSWERED_MAX; i++)
		if (a->v[i].no && a->v[i].key == key) {
			*len = a->v[i].len;
			return a->v[i].data;
		}
	return NULL;
}

bool
answered_is_saved(const struct answered *a, size_t place)
{
	return a->v[place].saved;
}

int
answered_pack(struct answered *a, size_t place, struct buf *b)
{
	struct answer *one = &a->v[place];
	int r = msg_put_u64(b, one->no);

	r |= msg_put_u64(b, one->key);
	r |= msg_put_bytes(b, one->data ? one->data : "", one->len);
	one->saved = true;
	return r;
}

void
answered_unpack(struct answered *a, size_t place, struct msg_reader *r)
{
	uint64_t no = msg_u64(r), key = msg_u64(r);
	size_t len;
	const char *data = msg_bytes(r, &len);

	if (r->bad || no == 0 || len == 0 || no % ANSWERED_MAX != place)
		return;
	forget(a, &a->v[place]);
	put(a, no, key, data, len);
	a->last_no = SBX_MAX(a->last_no, no);
}
