#include "reglog.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "core.h"

/* Out-of-date bytes that are not worth a new file. */
enum { WASTE_MIN = 1 << 20 };

struct head {
	uint32_t magic, version;
	uint64_t end;		/* of what is valid; 0: nothing yet */
	uint64_t no;		/* of two files the higher one counts */
};

struct slice_head {
	uint64_t key, len;
};

/* Offsets fit: REGLOG_MAX.  off is 1 while it is not in a file yet. */
struct slot {
	uint64_t key, hash;
	uint32_t off;		/* 0: unused */
	uint32_t len;
};

/* Keys by open addressing; cap is a power of two, at most half is used. */
struct map {
	struct slot *v;
	size_t cap, count;
};

struct reglog {
	uint32_t magic, version;
	int files[REGLOG_FILES];
	int cur;		/* which has the last save; -1: none yet */
	bool renew;		/* all goes to the other one */
	uint64_t no;		/* of cur, from 1 */
	uint64_t end;		/* of the file, committed */
	uint64_t live;		/* bytes of all slices of this save */
	int error;		/* of this save */
	struct buf out;		/* what this save adds */
	struct map map;		/* what is in the file, or out */
};

struct reglog_view {
	char *data;
	struct map map;
};

static uint64_t
hash_of(const char *data, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15ull, w;

	for (; len >= sizeof(w); data += sizeof(w), len -= sizeof(w)) {
		memcpy(&w, data, sizeof(w));
		h = (h ^ w) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, data, len);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 29;
}

static struct slot *
find(const struct map *m, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15ull >> 20 & (m->cap - 1);

	while (m->v[i].off && m->v[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->v[i];
}

static void
map_clear(struct map *m)
{
	free(m->v);
	*m = (struct map){ .cap = 64 };
	m->v = mem_array(m->cap, sizeof(*m->v));
}

static struct slot *
map_add(struct map *m, uint64_t key)
{
	if (2 * (m->count + 1) > m->cap) {
		struct map old = *m;
		m->cap *= 2;
		m->v = mem_array(m->cap, sizeof(*m->v));
		for (size_t i = 0; i < old.cap; i++)
			if (old.v[i].off)
				*find(m, old.v[i].key) = old.v[i];
		free(old.v);
	}
	struct slot *s = find(m, key);
	if (!s->off) {
		m->count++;
		*s = (struct slot){ .key = key, .off = 1, .len = UINT32_MAX };
	}
	return s;
}

/* --- writing --- */

static bool
get_head(int fd, struct head *h)
{
	return sys_pread(fd, h, sizeof(*h), 0) == (ssize_t)sizeof(*h) &&
	       h->end > 0;
}

struct reglog *
reglog_new(uint32_t magic, uint32_t version, const int files[REGLOG_FILES])
{
	struct reglog *g = mem_alloc(sizeof(*g));

	*g = (struct reglog){ .magic = magic, .version = version, .cur = -1,
			      .renew = true };
	buf_init(&g->out, REGLOG_MAX);
	for (int i = 0; i < REGLOG_FILES; i++) {
		struct head h;
		g->files[i] = files[i];
		if (!get_head(files[i], &h) || (g->cur >= 0 && h.no < g->no))
			continue;
		g->cur = i;
		g->no = h.no;
	}
	return g;
}

bool
reglog_is_empty(const struct reglog *g)
{
	return g->cur < 0;
}

void
reglog_free(struct reglog *g)
{
	if (!g)
		return;
	for (int i = 0; i < REGLOG_FILES; i++)
		sys_close(g->files[i]);
	buf_fini(&g->out);
	free(g->map.v);
	free(g);
}

void
reglog_begin(struct reglog *g)
{
	if (g->end > 2 * g->live + WASTE_MIN)
		g->renew = true;
	g->live = sizeof(struct head);
	g->error = 0;
	buf_clear(&g->out);
	if (!g->renew)
		return;
	struct head h = { .magic = g->magic, .version = g->version,
			  .no = g->no + 1 };
	map_clear(&g->map);
	g->error = buf_add(&g->out, &h, sizeof(h));
	g->end = 0;
}

static bool
is_same(const struct slot *s, uint64_t hash, size_t len)
{
	return s->len == len && s->hash == hash;
}

bool
reglog_has(const struct reglog *g, uint64_t key, const void *data, size_t len)
{
	const struct slot *s = find(&g->map, key);

	return s->off && is_same(s, hash_of(data, len), len);
}

void
reglog_put(struct reglog *g, uint64_t key, const void *data, size_t len)
{
	uint64_t hash = hash_of(data, len);
	struct slice_head h = { .key = key, .len = len };
	struct slot *s = map_add(&g->map, key);

	g->live += sizeof(h) + len;
	if (is_same(s, hash, len))
		return;
	*s = (struct slot){ .key = key, .hash = hash, .off = 1,
			    .len = (uint32_t)len };
	if (buf_add(&g->out, &h, sizeof(h)) < 0 ||
	    buf_add(&g->out, data, len) < 0)
		g->error = -EMSGSIZE;
}

bool
reglog_keep(struct reglog *g, uint64_t key)
{
	const struct slot *s = find(&g->map, key);

	if (!s->off)
		return false;
	g->live += sizeof(struct slice_head) + s->len;
	return true;
}

void
reglog_abort(struct reglog *g)
{
	/* What the map says is in no file. */
	g->renew = true;
}

static int
write_at(int fd, uint64_t off, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = sys_pwrite(fd, data, len, (int64_t)off);
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		data += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* To the other file, whose former save counts no more, or behind the last
 * save; the word that makes all of it valid comes last. */
static int
write_save(struct reglog *g, int fd)
{
	uint64_t end = g->end + g->out.len;

	int r = fault("registry");
	if (r == 0 && g->renew)
		r = sys_ftruncate(fd, 0);
	if (r == 0)
		r = write_at(fd, g->end, g->out.data, g->out.len);
	return r ? r : write_at(fd, offsetof(struct head, end),
				(const char *)&end, sizeof(end));
}

int
reglog_commit(struct reglog *g)
{
	int to = g->renew ? (g->cur + 1) % REGLOG_FILES : g->cur;
	int r = g->error;

	if (r == 0 && g->end + g->out.len > REGLOG_MAX)
		r = -EMSGSIZE;
	if (r == 0 && g->out.len > 0)
		r = write_save(g, g->files[to]);
	if (r < 0) {
		reglog_abort(g);
		return r;
	}
	g->end += g->out.len;
	if (!g->renew)
		return 0;
	g->renew = false;
	g->no++;
	/* Only for its memory: it does not count any more. */
	if (g->cur >= 0)
		(void)sys_ftruncate(g->files[g->cur], 0);
	g->cur = to;
	/* The first save is large, those that follow are not. */
	buf_fini(&g->out);
	return 0;
}

/* --- reading --- */

static int
read_slices(struct reglog_view *v, size_t end)
{
	size_t off = sizeof(struct head);

	while (off < end) {
		struct slice_head h;
		if (end - off < sizeof(h))
			return -1;
		memcpy(&h, v->data + off, sizeof(h));
		off += sizeof(h);
		if (h.len > end - off)
			return -1;
		struct slot *s = map_add(&v->map, h.key);
		s->off = (uint32_t)off;
		s->len = (uint32_t)h.len;
		off += h.len;
	}
	return 0;
}

struct reglog_view *
reglog_open(const struct reglog *g, struct err *e)
{
	struct stat st = { .st_size = 0 };
	struct head h = { 0 };
	int fd = g->cur < 0 ? -1 : g->files[g->cur];
	int r = fd < 0 ? -ENOENT : sys_fstat(fd, &st);

	if (r < 0 || st.st_size > REGLOG_MAX) {
		err_set(e, ERR_INTERNAL, "the registry: %s",
			r < 0 ? strerror(-r) : "too large");
		return NULL;
	}
	struct reglog_view *v = mem_alloc(sizeof(*v));
	map_clear(&v->map);
	v->data = mem_array((size_t)st.st_size + 1, 1);
	ssize_t n = sys_pread(fd, v->data, (size_t)st.st_size, 0);
	if (n >= (ssize_t)sizeof(h))
		memcpy(&h, v->data, sizeof(h));
	if (h.magic != g->magic)
		err_set(e, ERR_INTERNAL, "the registry is damaged");
	else if (h.version != g->version)
		err_set(e, ERR_INTERNAL, "the registry has version %u, this "
			"engine reads %u", h.version, g->version);
	else if (h.end > (uint64_t)n || read_slices(v, (size_t)h.end) < 0)
		err_set(e, ERR_INTERNAL, "the registry is cut short");
	else
		return v;
	reglog_close(v);
	return NULL;
}

void
reglog_close(struct reglog_view *v)
{
	if (!v)
		return;
	free(v->map.v);
	free(v->data);
	free(v);
}

bool
reglog_get(const struct reglog_view *v, uint64_t key, struct msg_reader *r)
{
	const struct slot *s = find(&v->map, key);

	if (s->off)
		msg_open_tolerant(r, v->data + s->off, s->len);
	else
		msg_open(r, "", 0);
	return s->off;
}
