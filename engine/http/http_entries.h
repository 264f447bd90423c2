#ifndef SBX_HTTP_ENTRIES_H
#define SBX_HTTP_ENTRIES_H

/*
 * The log of a process as numbered entries, the form in which the HTTP API
 * gives it.  An entry is a line with its newline, or a piece of a line that is
 * not finished.  All entries of a stream together are its bytes, each once.
 *
 * Without pieces the number of an entry is that of its line.  A piece is made
 * by entries_publish() and is an entry from then on, the same for everybody:
 * it takes the next number, and all lines behind it are one number later.
 * What is remembered of pieces has a maximum; whoever asks for numbers of
 * forgotten ones may see some lines again, but misses none.
 *
 * A struct entries knows the pieces and outlives the open log, a cursor is the
 * place of one reader.  What is gone is told as an item of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "log/logfmt.h"

struct buf;
struct entries;
struct logread;

enum {
	ENTRY_PART_MAX = 1 << 20,	/* bytes; longer lines come in parts */
	ENTRY_PIECES_MAX = 1024,	/* remembered */
	ENTRY_JOIN_BYTES = 64 << 10,	/* of lines that are joined */
	ENTRY_JOIN_MIN = 64,		/* lines that wait, else none is */
};

struct entry {
	/* Its number, that of the last line if it is several; a mark: the
	 * last number that is missing, first 0: no number is. */
	uint64_t seq, first;
	enum log_stream stream;
	int64_t wall_ms;
	const char *data;	/* until the next call with these entries */
	size_t len;
	bool more;		/* the next item is another part of this one */
	uint64_t line;		/* its last one; a piece: that it is before */
	uint64_t piece_end;	/* a piece: offset behind it; else 0 */
	bool dropped;		/* nothing but a mark: bytes are missing */
	uint64_t dropped_bytes;	/* 0: not known */
};

/*
 * A place that means the same to a server that has not counted the pieces:
 * "17", or where there are pieces "17:15", or behind a piece "17:15:0:4711",
 * stream and offset.
 */
struct entries_place {
	uint64_t seq;
	uint64_t line;		/* 0: not said */
	enum log_stream stream;
	uint64_t piece_end;	/* 0: not behind a piece */
};

struct entries_cursor {
	unsigned streams;	/* set of 1 << enum log_stream */
	uint64_t seq;		/* of the next entry */
	uint64_t part;		/* bytes of it that were given */
	uint64_t skip[LOG_STREAMS];	/* given by somebody else before */
	uint64_t wanted;	/* entries that entries_seek_last still looks
				 * for, downwards from seq */
	bool join;		/* a reader who is behind gets many lines of
				 * a stream as one entry; set after a seek */
	uint64_t stop;		/* nothing from this entry on; 0: no such
				 * place; set after a seek */
	/* What was given or passed over of each stream. */
	uint64_t pos[LOG_STREAMS];
	unsigned corrections;		/* that it has heard of */
	bool placed[LOG_STREAMS];	/* pos is known */
};

#define ENTRIES_ALL 7u

struct entries *entries_new(void);
void	entries_free(struct entries *e);		/* NULL is fine */
/* Takes lr; NULL closes the log.  Nothing else but entries_pieces may be asked
 * while it is closed. */
void	entries_open(struct entries *e, struct logread *lr);
struct logread *entries_log(const struct entries *e);	/* NULL: closed */
/* What the log was told of (logread_tell) has not come as it was told. */
void	entries_correct(struct entries *e);
/* Pieces so far: 0: a new struct entries would number the same. */
uint64_t entries_pieces(const struct entries *e);

/* Entries first <= seq < next are there. */
uint64_t entries_first(const struct entries *e);
uint64_t entries_next(const struct entries *e);

/* The line of the index that entry seq is, or belongs to. */
uint64_t entries_line(const struct entries *e, uint64_t seq);

/* The first entry behind a run of which LOG_RUN_SEQ_END is known. */
uint64_t entries_behind_run(const struct entries *e,
			    const struct log_run *run);

/* Bytes that are no entry yet. */
uint64_t entries_tail(struct entries *e);
/* Makes them entries.  Not those of stdout and stderr that hold a newline:
 * they will be a line in a moment. */
void	entries_publish(struct entries *e);

/* Behind entry seq; 0: at the very first one there has ever been. */
void	entries_seek(const struct entries *e, struct entries_cursor *c,
		     unsigned streams, uint64_t seq);
void	entries_seek_place(const struct entries *e, struct entries_cursor *c,
			   unsigned streams, const struct entries_place *at);
/* The place behind an entry, and back: 0 or -EINVAL. */
void	entries_place_put(const struct entries *e, const struct entry *en,
			  struct buf *out);
int	entries_place_parse(const char *text, struct entries_place *out);
/* So that the last n entries of these streams come.  While entries_look_back
 * gives true, it has to be called again before anything else: a stream may
 * have few lines among very many. */
void	entries_seek_last(struct entries *e, struct entries_cursor *c,
			  unsigned streams, uint64_t n);
bool	entries_look_back(struct entries *e, struct entries_cursor *c);
/* The next item; the cursor is behind it then.  1, 0: there is none now, or
 * -errno.  Refreshes the log only if what it shows is gone. */
int	entries_step(struct entries *e, struct entries_cursor *c,
		     struct entry *out);

#endif
