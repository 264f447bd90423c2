#include "foldhand.h"

#include "base/base.h"
#include "base/buf.h"
#include "spoolidx.h"

void
foldhand_block(struct fold *f, struct fold_block *b, uint32_t *ends)
{
	if (f->ops->lines && b->first_seq + b->count > f->from_seq) {
		size_t skip = b->first_seq < f->from_seq ?
			(size_t)(f->from_seq - b->first_seq) : 0;
		uint32_t cut = skip ? ends[skip - 1] : 0;
		for (size_t i = skip; cut && i < b->count; i++)
			ends[i] -= cut;
		b->text += cut;
		b->len -= cut;
		b->ends = ends + skip;
		b->count -= skip;
		b->first_seq += skip;
		f->ops->lines(f->arg, b);
	}
}

void
foldhand_one(struct fold *f, struct fold_block *b, const char *text, size_t len,
	     uint64_t seq, uint64_t full_len)
{
	uint32_t end = (uint32_t)len;
	struct fold_block one = *b;
	one.first_seq = seq;
	one.text = text;
	one.len = len;
	one.count = 1;
	one.full_len = full_len;
	foldhand_block(f, &one, &end);
}

/*
 * Reads a line's window for a replay.  What cannot be read is not shown.
 */
static void
replay_long(struct fold *f, struct fold_block *b, const struct log_entry *e)
{
	struct linewin *w = &f->scratch->win;
	uint64_t off = log_entry_off(e), end = off + log_entry_len(e);
	end -= !b->partial;
	linewin_clear(w);
	off = SBX_MAX(off, spool_begin(f->sp, b->stream));
	while (off < end) {
		size_t want = (size_t)SBX_MIN((uint64_t)FOLD_CHUNK, end - off);
		ssize_t n = spool_read(f->sp, b->stream, off,
				       f->scratch->text, want);
		if (n <= 0)
			break;
		linewin_add(w, f->scratch->text, (size_t)n);
		off += (uint64_t)n;
	}
	foldhand_one(f, b, buf_str(&w->text), w->text.len, b->first_seq,
		 log_entry_len(e));
}

/* How many of the entries make one block of whole lines. */
static size_t
replay_count(const struct log_entry *e, size_t count)
{
	size_t n = 0;
	uint64_t off = log_entry_off(e), start = off;
	while (n < count && log_entry_flags(&e[n]) == 0 &&
	       log_entry_stream(&e[n]) == log_entry_stream(e) &&
	       log_entry_off(&e[n]) == off &&
	       log_entry_len(&e[n]) <= LOG_WINDOW + 1 &&
	       off + log_entry_len(&e[n]) - start <= FOLD_CHUNK)
		off += log_entry_len(&e[n++]);
	return n;
}

/* Hands one block of lines that were in the index before; how many. */
static size_t
replay_block(struct fold *f, const struct logseg *g, const struct log_entry *e,
	     size_t count)
{
	enum log_stream s =
		(enum log_stream)(log_entry_stream(e) % LOG_STREAMS);
	uint64_t off = log_entry_off(e);
	struct fold_block b = {
		.stream = s, .first_seq = f->replay, .replay = true,
		.wall_ms = log_entry_wall(&g->head, e),
		.partial = log_entry_flags(e) & LOG_PARTIAL,
	};
	if (log_entry_flags(e) & LOG_GAP) {
		if (f->ops->gap)
			f->ops->gap(f->arg, s, f->replay, log_entry_len(e));
		return 1;
	}
	size_t n = replay_count(e, count);
	size_t want = n ? (size_t)(log_entry_off(&e[n - 1]) +
				   log_entry_len(&e[n - 1]) - off) : 0;
	size_t got = 0;
	while (got < want) {
		ssize_t r = spool_read(f->sp, s, off + got,
				       f->scratch->text + got, want - got);
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	if (n == 0 || got < want) {
		replay_long(f, &b, e);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		f->scratch->ends[i] = (uint32_t)(log_entry_off(&e[i]) +
						 log_entry_len(&e[i]) - off);
	b.text = f->scratch->text;
	b.len = b.full_len = got;
	b.count = n;
	foldhand_block(f, &b, f->scratch->ends);
	return n;
}

void
foldhand_replay(struct fold *f, size_t max_bytes)
{
	struct logsegs *t = spool_table(f->sp);
	struct log_entry e[256];
	size_t done = 0;
	while (f->replay < f->replay_end && done < max_bytes) {
		const struct logseg *g = logsegs_find_seq(t, f->replay);
		if (!g) {
			/* Dropped meanwhile: go on with what is there. */
			uint64_t first = t->count ? t->v[0].head.first_seq : 0;
			f->replay = first > f->replay ? first : f->replay_end;
			continue;
		}
		uint64_t at = f->replay - g->head.first_seq;
		ssize_t n = logsegs_entries(t, g, at, e, ARRAY_LEN(e));
		if (n <= 0) {
			f->replay = f->replay_end;
			return;
		}
		n = SBX_MIN(n, (ssize_t)(f->replay_end - f->replay));
		f->replay += replay_block(f, g, e, (size_t)n);
		done += LOG_WINDOW;
	}
}
