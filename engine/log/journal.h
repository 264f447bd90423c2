#ifndef SBX_JOURNAL_H
#define SBX_JOURNAL_H

/*
 * The event journal: what happened, when, to whom and because of what.  An
 * append-only text file "journal" in the state directory, one line an event,
 * fields between tabs, bytes that would break the form escaped.  When the
 * file passes its cap it becomes "journal.1" (one generation is kept).
 *
 * The sequence number grows by one with each event over the life of the set.
 * A torn last line is ended and skipped; an event that cannot be written
 * (disk full) stays in the ring, is counted, and a journal-gap event tells
 * the count as soon as writing works again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "life/event.h"
#include "life/status.h"

struct buf;
struct err;
struct jsonout;

enum {
	JOURNAL_CAP = 4 << 20,		/* bytes a file */
	JOURNAL_RING = 256,		/* events kept in memory */
	JOURNAL_TEXT_MAX = 1024,	/* bytes kept of a text or line */
	JOURNAL_RECORD_MAX = 16 * 1024,	/* one escaped line */
};

struct journal_event {
	uint64_t seq;		/* set by journal_add */
	int64_t wall_ms;	/* set by journal_add when 0 */
	uint64_t mono_us;	/* set by journal_add when 0 */
	enum event_kind kind;
	enum cause cause;
	int from, to;		/* enum status; -1: no change of status */
	uint64_t run;		/* 0: of no run */
	uint64_t line;		/* seq of the log line that fired; 0: none */
	const char *process;	/* "" for the set */
	const char *text;	/* one sentence */
	const char *line_text;	/* "" if none */
};

/* --- writing: the engine --- */

struct journal;

/*
 * dirfd is borrowed.  Never fails for lack of space; NULL only when there is
 * no directory.  A file that cannot be opened now is tried again with each
 * event.
 */
struct journal *journal_new(int dirfd);
void	journal_free(struct journal *j);	/* NULL is fine */
void	journal_set_cap(struct journal *j, size_t bytes);	/* tests */
/* Gives the event its number; strings may be NULL. */
uint64_t journal_add(struct journal *j, const struct journal_event *e);
/*
 * From now on events wait for journal_flush: what they tell is to be kept
 * elsewhere first, with those that wait (journal_pack).  Who takes over gives
 * these to journal_unpack, so that each is in the file once, whenever its
 * writer has died.
 */
void	journal_hold(struct journal *j);
void	journal_flush(struct journal *j);
bool	journal_waits(const struct journal *j);	/* for a flush */
int	journal_pack(struct journal *j, struct buf *out);  /* or -EMSGSIZE */
void	journal_unpack(struct journal *j, const char *data, size_t len);
/* Events that could not be written; 0 when all is well. */
uint64_t journal_unwritten(const struct journal *j);
uint64_t journal_last_seq(const struct journal *j);	/* of the file */
/*
 * The ring: the newest event whose number is below before (0 = the newest of
 * all) and whose process is name (NULL = any).  Borrowed until the next add;
 * NULL when there is none.
 */
const struct journal_event *journal_prev(const struct journal *j,
					 uint64_t before, const char *name);

/* --- the form of a line --- */

/* Appends one line with its newline; 0 or -EMSGSIZE. */
int	journal_format(struct buf *b, const struct journal_event *e);
/*
 * Takes a line without its newline apart, in place: the strings of *e point
 * into it.  -EPROTO when it is none of ours.  Unknown kinds and causes of a
 * newer program become "note" and "none".
 */
int	journal_parse(char *line, size_t len, struct journal_event *e);
/* One JSON object, an element of an array or the whole. */
void	journal_put_json(struct jsonout *j, const struct journal_event *e);
/* The same and a newline, as "sbx events --json" prints it. */
int	journal_json(struct buf *b, const struct journal_event *e);

/* --- reading: any client, by the directory's descriptor --- */

struct journal_reader;

/* Starts behind event number after (0 = with the oldest kept).  dirfd is
 * borrowed and has to live as long as the reader. */
struct journal_reader *journal_open(int dirfd, uint64_t after);
void	journal_close(struct journal_reader *r);	/* NULL is fine */
/*
 * The next event: 1; 0 when there is none yet (ask again later: rotation is
 * followed); -errno.  The strings live until the next call.
 */
int	journal_next(struct journal_reader *r, struct journal_event *e);

#endif
