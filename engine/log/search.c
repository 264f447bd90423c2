#include "search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"
#include "linematch.h"
#include "logfmt.h"
#include "logread.h"

#define PIECE_BYTES	(1024 * 1024)
#define PAGE_SHIFT	16
#define PAGE_LINES	(UINT64_C(1) << PAGE_SHIFT)
#define PAGES_MAX	(1u << 20)

/* Hits among PAGE_LINES lines; most pages have none and are not there. */
struct page {
	uint32_t count;
	uint64_t bits[PAGE_LINES / 64];
};

struct search {
	struct logread *lr;
	struct linematch *match;
	int direction;
	uint64_t lo, hi;		/* lines lo <= seq < hi were seen */
	uint64_t first_page;
	struct page **pages;
	size_t page_count;
	uint64_t count;
};

static struct page *
page_of(const struct search *s, uint64_t seq)
{
	uint64_t no = seq >> PAGE_SHIFT;
	if (no < s->first_page || no - s->first_page >= s->page_count)
		return NULL;
	return s->pages[no - s->first_page];
}

static int
add_hit(struct search *s, uint64_t seq)
{
	uint64_t no = seq >> PAGE_SHIFT;
	if (no < s->first_page || no - s->first_page >= PAGES_MAX)
		return -EFBIG;
	size_t i = (size_t)(no - s->first_page);
	if (i >= s->page_count) {
		size_t more = SBX_MAX(i + 1, 2 * s->page_count);
		s->pages = mem_grow(s->pages, s->page_count, more,
				    sizeof(struct page *));
		s->page_count = more;
	}
	if (!s->pages[i])
		s->pages[i] = mem_alloc(sizeof(struct page));
	uint64_t bit = UINT64_C(1) << seq % 64;
	uint64_t *word = &s->pages[i]->bits[seq % PAGE_LINES / 64];
	if (!(*word & bit)) {
		*word |= bit;
		s->pages[i]->count++;
		s->count++;
	}
	return 0;
}

/* Forgets hits in lines that are dropped. */
static void
forget(struct search *s, uint64_t first)
{
	for (; s->lo < first && s->lo < s->hi; s->lo++) {
		struct page *p = page_of(s, s->lo);
		if (!p || p->count == 0) {
			uint64_t next = (s->lo | (PAGE_LINES - 1)) + 1;
			s->lo = SBX_MIN(SBX_MIN(next, first), s->hi) - 1;
			continue;
		}
		uint64_t bit = UINT64_C(1) << s->lo % 64;
		uint64_t *word = &p->bits[s->lo % PAGE_LINES / 64];
		if (*word & bit) {
			*word &= ~bit;
			p->count--;
			s->count--;
		}
	}
	if (s->lo < first)
		s->lo = s->hi = first;
}

static int
add_hits(struct search *s, uint64_t from, uint64_t lines)
{
	uint64_t first;
	const uint64_t *bits = linematch_hits(s->match, &first);
	for (uint64_t seq = from; seq < from + lines; seq++) {
		uint64_t i = seq - first;
		if (bits[i / 64] == 0) {
			seq += 63 - i % 64;
			continue;
		}
		if (bits[i / 64] >> i % 64 & 1) {
			int r = add_hit(s, seq);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* The next hit at or after seq, below end; 0 if there is none. */
static uint64_t
hit_up(const struct search *s, uint64_t seq, uint64_t end)
{
	for (; seq < end; seq++) {
		const struct page *p = page_of(s, seq);
		if (!p || p->count == 0) {
			seq |= PAGE_LINES - 1;
			continue;
		}
		uint64_t word = p->bits[seq % PAGE_LINES / 64] >> seq % 64;
		if (word == 0) {
			seq |= 63;
			continue;
		}
		seq += (uint64_t)__builtin_ctzll(word);
		return seq < end ? seq : 0;
	}
	return 0;
}

/* The nearest hit below end, not below seq; 0 if there is none. */
static uint64_t
hit_down(const struct search *s, uint64_t seq, uint64_t end)
{
	while (end > seq) {
		uint64_t at = end - 1;
		const struct page *p = page_of(s, at);
		if (!p || p->count == 0) {
			end = at & ~(PAGE_LINES - 1);
			continue;
		}
		uint64_t word = p->bits[at % PAGE_LINES / 64] <<
			(63 - at % 64);
		if (word == 0) {
			end = at & ~UINT64_C(63);
			continue;
		}
		at -= (uint64_t)__builtin_clzll(word);
		return at >= seq ? at : 0;
	}
	return 0;
}

struct search *
search_new(struct logread *lr, struct regex *re, unsigned streams,
	   uint64_t from, int direction)
{
	struct search *s = mem_alloc(sizeof(*s));
	uint64_t first = logread_first_seq(lr), next = logread_next_seq(lr);
	s->lr = lr;
	s->match = linematch_new(lr, re, streams);
	s->direction = direction;
	s->lo = s->hi = SBX_MAX(SBX_MIN(from, next), first);
	s->first_page = first >> PAGE_SHIFT;
	return s;
}

void
search_free(struct search *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->page_count; i++)
		free(s->pages[i]);
	free(s->pages);
	linematch_free(s->match);
	free(s);
}

/* One piece upwards or downwards: lines seen, 0 if there are no more. */
static ssize_t
piece(struct search *s, bool up, uint64_t first, uint64_t next)
{
	ssize_t n = up ? linematch_up(s->match, s->hi, next, PIECE_BYTES) :
		linematch_down(s->match, first, s->lo, PIECE_BYTES);
	if (n <= 0)
		return n;
	uint64_t from = up ? s->hi : s->lo - (uint64_t)n;
	int r = add_hits(s, from, (uint64_t)n);
	if (r < 0)
		return r;
	if (up)
		s->hi += (uint64_t)n;
	else
		s->lo -= (uint64_t)n;
	return n;
}

int
search_step(struct search *s, size_t max_bytes)
{
	size_t seen = 0;
	uint64_t first = logread_first_seq(s->lr);
	uint64_t next = logread_next_seq(s->lr);
	forget(s, first);
	if (linematch_is_dangerous(s->match))
		return -ELOOP;
	while (seen < max_bytes) {
		bool above = s->hi < next, below = s->lo > first;
		if (!above && !below)
			return 0;
		bool up = s->direction > 0 ? above : !below;
		ssize_t n = piece(s, up, first, next);
		/* Dropped under our feet: the caller refreshes. */
		if (n == -ESTALE || n == 0)
			return 1;
		if (n < 0)
			return (int)n;
		if (linematch_is_dangerous(s->match))
			return -ELOOP;
		seen += linematch_bytes(s->match) +
			(size_t)n * sizeof(struct log_entry);
	}
	return s->hi < next || s->lo > first;
}

int
search_next(const struct search *s, uint64_t seq, uint64_t *hit)
{
	uint64_t from = SBX_MAX(seq + 1, logread_first_seq(s->lr));
	if (from < s->lo)
		return -EAGAIN;
	*hit = hit_up(s, from, s->hi);
	if (*hit)
		return 1;
	return s->hi < logread_next_seq(s->lr) ? -EAGAIN : 0;
}

int
search_prev(const struct search *s, uint64_t seq, uint64_t *hit)
{
	uint64_t end = SBX_MIN(seq, logread_next_seq(s->lr));
	if (end > s->hi)
		return -EAGAIN;
	*hit = hit_down(s, s->lo, end);
	if (*hit)
		return 1;
	return s->lo > logread_first_seq(s->lr) ? -EAGAIN : 0;
}

bool
search_is_hit(const struct search *s, uint64_t seq)
{
	return hit_up(s, seq, seq + 1) == seq && seq > 0;
}

uint64_t
search_count(const struct search *s, bool *all)
{
	if (all)
		*all = s->hi >= logread_next_seq(s->lr) &&
			s->lo <= logread_first_seq(s->lr);
	return s->count;
}

uint64_t
search_rank(const struct search *s, uint64_t seq)
{
	uint64_t sum = 0, page = seq >> PAGE_SHIFT;
	for (size_t i = 0; i < s->page_count; i++) {
		const struct page *p = s->pages[i];
		if (!p || s->first_page + i > page)
			continue;
		if (s->first_page + i < page) {
			sum += p->count;
			continue;
		}
		size_t last = seq % PAGE_LINES;
		for (size_t k = 0; k < last / 64; k++)
			sum += (uint64_t)__builtin_popcountll(p->bits[k]);
		sum += (uint64_t)__builtin_popcountll(p->bits[last / 64] <<
						     (63 - last % 64));
	}
	return sum;
}
