#include "cell.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define POINTS_MAX (CELL_MARKS_MAX + 1)
#define NONE UINT32_MAX

struct cluster {
	uint32_t points[POINTS_MAX];
	uint32_t next;		/* in its hash chain or in the free list */
	uint8_t count;		/* 0: free */
	uint8_t kept;		/* by the sweep under way */
};

struct cell_pool {
	struct cluster *clusters;
	uint32_t used, cap, max;	/* used: ever given out */
	uint32_t free;			/* list of swept ones */
	uint32_t live;
	uint32_t *buckets;
	uint32_t bucket_count;		/* a power of two */
};

/* Kinds of packed runs: bits of its first byte. */
enum {
	RUN_WIDE = 1,		/* each glyph takes two cells */
	RUN_CLUSTER = 2,	/* each glyph is a count and so many points */
	RUN_FG = 4,
	RUN_BG = 8,
	RUN_ATTRS = 16,
	RUN_ALL = 31,
};

#define RUN_COUNT_MAX 255

/* Bytes that one cell can take, as a run of its own. */
#define PACKED_CELL_MAX (1 + 1 + 4 + 4 + 1 + 1 + 4 * POINTS_MAX)

struct cell_pool *
cell_pool_new(size_t max)
{
	struct cell_pool *p = mem_alloc(sizeof(*p));
	p->max = (uint32_t)SBX_MIN(max, (size_t)CELL_CLUSTER / 2);
	p->free = NONE;
	return p;
}

void
cell_pool_free(struct cell_pool *p)
{
	if (!p)
		return;
	free(p->clusters);
	free(p->buckets);
	free(p);
}

static uint32_t
hash_points(const uint32_t *points, int count)
{
	uint32_t h = 2166136261u;
	for (int i = 0; i < count; i++)
		h = (h ^ points[i]) * 16777619u;
	return h ^ h >> 15;
}

static void
link_cluster(struct cell_pool *p, uint32_t idx)
{
	struct cluster *c = &p->clusters[idx];
	uint32_t *b = &p->buckets[hash_points(c->points, c->count) &
				  (p->bucket_count - 1)];
	c->next = *b;
	*b = idx;
}

/* Chains anew all that is in use, and lists the rest as free. */
static void
relink(struct cell_pool *p)
{
	memset(p->buckets, 0xff, p->bucket_count * sizeof(*p->buckets));
	p->free = NONE;
	p->live = 0;
	for (uint32_t i = p->used; i-- > 0;) {
		if (p->clusters[i].count == 0) {
			p->clusters[i].next = p->free;
			p->free = i;
		} else {
			link_cluster(p, i);
			p->live++;
		}
	}
}

static uint32_t
find_cluster(const struct cell_pool *p, const uint32_t *points, int count)
{
	if (!p->buckets)
		return NONE;
	uint32_t i = p->buckets[hash_points(points, count) &
				(p->bucket_count - 1)];
	while (i != NONE) {
		const struct cluster *c = &p->clusters[i];
		if (c->count == count &&
		    memcmp(c->points, points, (size_t)count * 4) == 0)
			break;
		i = c->next;
	}
	return i;
}

static uint32_t
new_cluster(struct cell_pool *p)
{
	if (p->free != NONE) {
		uint32_t i = p->free;
		p->free = p->clusters[i].next;
		return i;
	}
	if (p->used == p->max)
		return NONE;
	if (p->used == p->cap) {
		uint32_t cap = p->cap ? p->cap * 2 : 16;
		p->clusters = mem_grow(p->clusters, p->cap, cap,
				       sizeof(*p->clusters));
		p->cap = cap;
		p->buckets = mem_grow(p->buckets, p->bucket_count, cap,
				      sizeof(*p->buckets));
		p->bucket_count = cap;
		relink(p);
	}
	return p->used++;
}

uint32_t
cell_pool_add(struct cell_pool *p, const uint32_t *points, int count)
{
	assert(count > 0);
	if (count == 1)
		return points[0];
	if (count > POINTS_MAX)
		count = POINTS_MAX;
	uint32_t i = find_cluster(p, points, count);
	if (i != NONE)
		return CELL_CLUSTER | i;
	i = new_cluster(p);
	if (i == NONE)
		return points[0];
	struct cluster *c = &p->clusters[i];
	memcpy(c->points, points, (size_t)count * 4);
	c->count = (uint8_t)count;
	c->kept = 0;
	link_cluster(p, i);
	p->live++;
	return CELL_CLUSTER | i;
}

int
cell_points(const struct cell_pool *p, uint32_t glyph, uint32_t *out)
{
	if (!(glyph & CELL_CLUSTER)) {
		out[0] = glyph;
		return 1;
	}
	uint32_t i = glyph & ~CELL_CLUSTER;
	if (!p || i >= p->used || p->clusters[i].count == 0) {
		out[0] = 0xfffd;
		return 1;
	}
	memcpy(out, p->clusters[i].points, p->clusters[i].count * sizeof(*out));
	return p->clusters[i].count;
}

bool
cell_pool_full(const struct cell_pool *p)
{
	return p->live >= p->max;
}

void
cell_pool_sweep_begin(struct cell_pool *p)
{
	for (uint32_t i = 0; i < p->used; i++)
		p->clusters[i].kept = 0;
}

void
cell_pool_keep(struct cell_pool *p, const struct vt_cell *c, int count)
{
	for (int i = 0; i < count; i++) {
		uint32_t idx = c[i].glyph & ~CELL_CLUSTER;
		if (c[i].glyph & CELL_CLUSTER && idx < p->used)
			p->clusters[idx].kept = 1;
	}
}

void
cell_pool_sweep_end(struct cell_pool *p)
{
	for (uint32_t i = 0; i < p->used; i++)
		if (!p->clusters[i].kept)
			p->clusters[i].count = 0;
	if (p->buckets)
		relink(p);
}

size_t
cell_text(const struct cell_pool *p, const struct vt_cell *c, char *out)
{
	uint32_t points[POINTS_MAX];
	size_t n = 0;

	if (c->width != 0) {
		int count = cell_points(p, c->glyph, points);
		for (int i = 0; i < count; i++)
			n += (size_t)utf8_encode(points[i], out + n);
	}
	out[n] = '\0';
	return n;
}

bool
cell_same(const struct vt_cell *a, const struct vt_cell *b)
{
	return a->glyph == b->glyph && a->width == b->width &&
	       cell_same_looks(a, b);
}

bool
cell_is_blank(const struct vt_cell *c)
{
	return c->glyph == ' ' && c->width == 1 && c->fg == 0 && c->bg == 0 &&
	       c->attrs == 0;
}

static char *
put_colour(char *o, uint32_t colour)
{
	*o++ = (char)(colour >> 24);
	if (VT_COLOUR_IS_RGB(colour)) {
		*o++ = (char)(colour >> 16);
		*o++ = (char)(colour >> 8);
	}
	*o++ = (char)colour;
	return o;
}

static inline unsigned
run_kind(const struct vt_cell *c)
{
	return (c->width == 2 ? RUN_WIDE : 0) |
	       (c->glyph & CELL_CLUSTER ? RUN_CLUSTER : 0) |
	       (c->fg ? RUN_FG : 0) | (c->bg ? RUN_BG : 0) |
	       (c->attrs ? RUN_ATTRS : 0);
}

static char *
pack_glyph(const struct cell_pool *p, uint32_t glyph, char *o)
{
	uint32_t points[POINTS_MAX];
	int n = cell_points(p, glyph, points);

	if (glyph & CELL_CLUSTER)
		*o++ = (char)n;
	for (int k = 0; k < n; k++)
		o += utf8_encode(points[k], o);
	return o;
}

/* Writes one run from *at on, and moves *at behind it. */
static char *
pack_run(const struct cell_pool *p, const struct vt_cell *cells, int cols,
	 int *at, char *o)
{
	const struct vt_cell *first = &cells[*at], *c = first;
	const struct vt_cell *end = cells + cols;
	unsigned kind = run_kind(first);
	int step = kind & RUN_WIDE ? 2 : 1, count = 0;

	*o++ = (char)kind;
	char *count_at = o++;
	if (kind & RUN_FG)
		o = put_colour(o, first->fg);
	if (kind & RUN_BG)
		o = put_colour(o, first->bg);
	if (kind & RUN_ATTRS)
		*o++ = (char)first->attrs;
	/* What else makes the kind is in the looks. */
	while (c < end && count < RUN_COUNT_MAX && cell_same_looks(c, first) &&
	       c->width == first->width &&
	       !((c->glyph ^ first->glyph) & CELL_CLUSTER)) {
		if (c->glyph < 0x80)
			*o++ = (char)c->glyph;
		else
			o = pack_glyph(p, c->glyph, o);
		c += step;
		count++;
	}
	*count_at = (char)count;
	*at += count * step;
	return o;
}

int
cell_pack(const struct cell_pool *p, const struct vt_cell *cells, int cols,
	  unsigned row_flags, struct buf *out)
{
	assert(cols <= CELL_COLS_MAX);
	while (cols > 0 && !(row_flags & CELL_ROW_WRAPPED) &&
	       cell_is_blank(&cells[cols - 1]))
		cols--;
	/* Room for the worst case where there is; else by way of a copy, for
	 * the row may still fit. */
	size_t worst = 1 + (size_t)cols * PACKED_CELL_MAX;
	char *room = buf_room(out, worst);
	char *copy = room ? NULL : mem_alloc(worst);
	char *start = room ? room : copy, *o = start;

	*o++ = (char)row_flags;
	for (int i = 0; i < cols;)
		o = pack_run(p, cells, cols, &i, o);
	int r = 0;
	if (room)
		buf_grew(out, (size_t)(o - start));
	else
		r = buf_add(out, copy, (size_t)(o - start));
	free(copy);
	return r;
}

struct reader {
	const char *at, *end;
	bool bad;
};

static unsigned
take_byte(struct reader *r)
{
	if (r->at == r->end) {
		r->bad = true;
		return 0;
	}
	return (unsigned char)*r->at++;
}

static uint32_t
take_colour(struct reader *r)
{
	unsigned kind = take_byte(r);
	if (kind == VT_INDEXED >> 24)
		return VT_INDEXED | take_byte(r);
	if (kind != VT_RGB >> 24)
		r->bad = true;
	uint32_t c = take_byte(r) << 16;
	c |= take_byte(r) << 8;
	return VT_RGB | c | take_byte(r);
}

static uint32_t
take_point(struct reader *r)
{
	uint32_t cp;
	int n = r->at < r->end ?
		utf8_decode(r->at, (size_t)(r->end - r->at), &cp) : 0;
	if (n <= 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
		r->bad = true;
		return 0;
	}
	r->at += n;
	return cp;
}

static uint32_t
take_glyph(struct reader *r, unsigned kind, struct cell_pool *p)
{
	uint32_t points[POINTS_MAX];
	unsigned count = 1;

	if (kind & RUN_CLUSTER)
		count = take_byte(r);
	if (count < 1 || count > POINTS_MAX)
		r->bad = true;
	for (unsigned i = 0; i < count && !r->bad; i++)
		points[i] = take_point(r);
	if (r->bad)
		return 0;
	return p ? cell_pool_add(p, points, (int)count) : points[0];
}

static void
place(struct vt_cell *out, int at, int cols, struct vt_cell c)
{
	if (at >= cols)
		return;
	if (c.width == 2 && at == cols - 1) {
		/* Half of it would stand alone. */
		c.glyph = ' ';
		c.width = 1;
	}
	out[at] = c;
	if (c.width == 2) {
		c.glyph = ' ';
		c.width = 0;
		out[at + 1] = c;
	}
}

static int
unpack_run(struct reader *r, struct cell_pool *p, struct vt_cell *out,
	   int at, int cols)
{
	struct vt_cell c = CELL_BLANK;
	unsigned kind = take_byte(r);
	unsigned count = take_byte(r);

	if (kind & ~(unsigned)RUN_ALL || count == 0)
		r->bad = true;
	if (kind & RUN_FG)
		c.fg = take_colour(r);
	if (kind & RUN_BG)
		c.bg = take_colour(r);
	if (kind & RUN_ATTRS)
		c.attrs = (uint16_t)take_byte(r);
	for (; count > 0 && !r->bad; count--) {
		c.width = kind & RUN_WIDE ? 2 : 1;
		c.glyph = take_glyph(r, kind, at < cols ? p : NULL);
		if (!r->bad)
			place(out, at, cols, c);
		at += c.width;
	}
	return at;
}

/* The columns of a whole row, of which the first go to out[cols]. */
static int
unpack(const char *data, size_t len, struct cell_pool *p, struct vt_cell *out,
       int cols, unsigned *flags)
{
	struct reader r = { data, data + len, false };
	int at = 0;

	*flags = take_byte(&r);
	if (*flags & ~(unsigned)CELL_ROW_WRAPPED)
		r.bad = true;
	while (r.at < r.end && !r.bad) {
		at = unpack_run(&r, p, out, at, cols);
		if (at > CELL_COLS_MAX)
			r.bad = true;
	}
	return r.bad ? -EBADMSG : at;
}

int
cell_unpack(const char *data, size_t len, struct cell_pool *p,
	    struct vt_cell *out, int cols, unsigned *row_flags)
{
	unsigned flags;
	int n = unpack(data, len, p, out, cols, &flags);

	if (n < 0)
		flags = 0;
	for (int i = SBX_MAX(n, 0); i < cols; i++)
		out[i] = CELL_BLANK;
	if (row_flags)
		*row_flags = flags;
	return n < 0 ? n : 0;
}

int
cell_packed_cols(const char *data, size_t len)
{
	unsigned flags;

	return unpack(data, len, NULL, NULL, 0, &flags);
}

static char *
sgr_number(char *o, unsigned n)
{
	if (n >= 100)
		*o++ = (char)('0' + n / 100);
	if (n >= 10)
		*o++ = (char)('0' + n / 10 % 10);
	*o++ = (char)('0' + n % 10);
	*o++ = ';';
	return o;
}

static char *
sgr_colour(char *o, uint32_t colour, unsigned base)
{
	if (VT_COLOUR_IS_RGB(colour)) {
		o = sgr_number(o, base + 8);
		o = sgr_number(o, 2);
		o = sgr_number(o, colour >> 16 & 255);
		o = sgr_number(o, colour >> 8 & 255);
		return sgr_number(o, colour & 255);
	}
	unsigned idx = colour & 255;
	if (!VT_COLOUR_IS_INDEXED(colour))
		return sgr_number(o, base + 9);
	if (idx < 8)
		return sgr_number(o, base + idx);
	if (idx < 16)
		return sgr_number(o, base + 60 + idx - 8);
	o = sgr_number(o, base + 8);
	o = sgr_number(o, 5);
	return sgr_number(o, idx);
}

size_t
cell_sgr(const struct vt_cell *from, const struct vt_cell *to, char *out)
{
	/* In the order of the attribute bits. */
	static const unsigned char codes[] = { 1, 2, 3, 4, 5, 7, 8, 9 };
	const struct vt_cell plain = CELL_BLANK;
	char *o = out;

	if (from && cell_same_looks(from, to)) {
		*o = '\0';
		return 0;
	}
	*o++ = '\033';
	*o++ = '[';
	if (!from || from->attrs & ~to->attrs) {
		o = sgr_number(o, 0);
		from = &plain;
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (to->attrs & ~from->attrs & 1u << i)
			o = sgr_number(o, codes[i]);
	if (to->fg != from->fg)
		o = sgr_colour(o, to->fg, 30);
	if (to->bg != from->bg)
		o = sgr_colour(o, to->bg, 40);
	o[-1] = 'm';
	*o = '\0';
	return (size_t)(o - out);
}
