#include "scrollback.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"

#define NO_ROOM SIZE_MAX

struct place {
	uint32_t off, len;
};

struct scrollback {
	char *data;		/* rows one after the other, none split */
	size_t cap, max;
	size_t head;		/* where the next row would go */
	struct place *places;	/* at id & (places_cap - 1) */
	size_t places_cap;	/* a power of two */
	size_t rows_max;
	uint64_t first, next;
	uint64_t gen;
	bool is_new;		/* not settled: no maximum of rows yet */
};

struct scrollback *
scrollback_new(size_t rows_max, size_t bytes_max)
{
	struct scrollback *sb = mem_alloc(sizeof(*sb));
	sb->rows_max = SBX_MIN(rows_max, (size_t)1 << 30);
	sb->max = SBX_MIN(bytes_max, (size_t)1 << 31);
	return sb;
}

void
scrollback_free(struct scrollback *sb)
{
	if (!sb)
		return;
	free(sb->data);
	free(sb->places);
	free(sb);
}

static struct place *
place(const struct scrollback *sb, uint64_t id)
{
	return &sb->places[id & (sb->places_cap - 1)];
}

/* Where len bytes fit in one piece, or NO_ROOM.  The rows lie between tail
 * and head, or from tail to the end and again from 0 to head. */
static size_t
find_room(const struct scrollback *sb, size_t len)
{
	if (sb->first == sb->next)
		return len <= sb->cap ? 0 : NO_ROOM;
	size_t tail = place(sb, sb->first)->off;
	if (sb->head <= tail)
		return sb->head + len <= tail ? sb->head : NO_ROOM;
	if (sb->head + len <= sb->cap)
		return sb->head;
	return len <= tail ? 0 : NO_ROOM;
}

/* The same rows, in order from 0 on, in a larger piece of memory. */
static void
grow_data(struct scrollback *sb, size_t len)
{
	size_t cap = sb->cap ? sb->cap * 2 : 1024, at = 0;
	while (cap < sb->cap + len)
		cap *= 2;
	cap = SBX_MIN(cap, sb->max);
	char *data = mem_alloc(cap);
	for (uint64_t id = sb->first; id < sb->next; id++) {
		struct place *p = place(sb, id);
		memcpy(data + at, sb->data + p->off, p->len);
		p->off = (uint32_t)at;
		at += p->len;
	}
	free(sb->data);
	sb->data = data;
	sb->cap = cap;
	sb->head = at;
}

static void
grow_places(struct scrollback *sb)
{
	size_t cap = sb->places_cap ? sb->places_cap * 2 : 16;
	struct place *p = mem_array(cap, sizeof(*p));
	for (uint64_t id = sb->first; id < sb->next; id++)
		p[id & (cap - 1)] = *place(sb, id);
	free(sb->places);
	sb->places = p;
	sb->places_cap = cap;
}

void
scrollback_push(struct scrollback *sb, const char *row, size_t len)
{
	assert(len > 0);
	if (sb->rows_max == 0 || len > sb->max) {
		scrollback_clear(sb);
		sb->first = ++sb->next;
		return;
	}
	while (!sb->is_new && sb->next - sb->first >= sb->rows_max)
		sb->first++;
	if (sb->next - sb->first == sb->places_cap)
		grow_places(sb);
	size_t off;
	while ((off = find_room(sb, len)) == NO_ROOM) {
		if (sb->cap < sb->max)
			grow_data(sb, len);
		else
			sb->first++;
	}
	memcpy(sb->data + off, row, len);
	*place(sb, sb->next) = (struct place){ (uint32_t)off, (uint32_t)len };
	sb->head = off + len;
	sb->next++;
}

const char *
scrollback_row(const struct scrollback *sb, uint64_t id, size_t *len)
{
	if (id < sb->first || id >= sb->next)
		return NULL;
	const struct place *p = place(sb, id);
	*len = p->len;
	return sb->data + p->off;
}

void
scrollback_pop(struct scrollback *sb)
{
	assert(sb->first < sb->next);
	sb->next--;
	sb->head = place(sb, sb->next)->off;
	sb->gen++;
}

void
scrollback_shift(struct scrollback *sb)
{
	assert(sb->first < sb->next);
	sb->first++;
}

struct scrollback *
scrollback_successor(const struct scrollback *sb)
{
	struct scrollback *s = scrollback_new(sb->rows_max, sb->max);

	s->first = s->next = sb->next;
	s->gen = sb->gen + 1;
	s->is_new = true;
	return s;
}

void
scrollback_settle(struct scrollback *sb)
{
	sb->is_new = false;
}

void
scrollback_clear(struct scrollback *sb)
{
	if (sb->first == sb->next)
		return;
	free(sb->data);
	free(sb->places);
	sb->data = NULL;
	sb->places = NULL;
	sb->cap = sb->places_cap = sb->head = 0;
	sb->first = sb->next;
	sb->gen++;
}

uint64_t
scrollback_first(const struct scrollback *sb)
{
	return sb->first;
}

uint64_t
scrollback_next(const struct scrollback *sb)
{
	return sb->next;
}

uint64_t
scrollback_gen(const struct scrollback *sb)
{
	return sb->gen;
}

void
scrollback_start(struct scrollback *sb, uint64_t id)
{
	assert(sb->first == sb->next);
	sb->first = sb->next = id;
}
