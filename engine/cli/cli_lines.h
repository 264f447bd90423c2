#ifndef SBX_CLI_LINES_H
#define SBX_CLI_LINES_H

/*
 * The lines of several processes on stdout, by time, with the names in front
 * and marks for gaps: what logs and run have in common.  On a terminal
 * nothing of a line acts on it; into a pipe lines go as they are.
 *
 * Internal to cli_*.c; errors are in c->err.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "log/logtail.h"
#include "spec/proto.h"

struct cli;
struct model_proc;
struct proc_row;
struct strip_run;

struct lines_source {
	uint32_t id;
	char *name;
	struct logtail *tail;
	bool tails;		/* unfinished lines may be shown */
	struct proto_grow grow;	/* when it was looked at last */
	const char *colour;
	uint64_t last_run;	/* logs: whose end was told */
	bool told_any;
	char *told;		/* the newest reason that was printed */
	uint64_t told_run;
	uint64_t early_run;	/* lines of it, and later ones, are ahead of
				 * the row that tells of it; 0: none are */
};

struct lines {
	struct cli *c;
	struct lines_source **sources;
	size_t count;
	int name_width;
	bool follow, prefix;
	struct buf out;
	const struct lines_source *open;	/* whose line has no end yet */
	struct strip_run *runs;
};

void	lines_init(struct lines *g, struct cli *c);
void	lines_fini(struct lines *g);
/* Opens its log, at the oldest line; turns the loop.  Borrowed; NULL: failed,
 * and g is as it was. */
struct lines_source *lines_add(struct lines *g, const struct model_proc *p,
			       const struct logtail_filter *filter);

/* The same of all streams, from what was printed since then (wall clock). */
struct lines_source *lines_add_since(struct lines *g,
				     const struct model_proc *p,
				     int64_t since_ms);
/* NULL: none of that process. */
struct lines_source *lines_find(const struct lines *g, uint32_t id);

/* Looks what the engine says about it: true when it has ended and all of its
 * log can be read. */
bool	lines_is_done(struct lines *g, struct lines_source *s);
/* Takes all lines that are there into the buffer, the oldest first; but those
 * of a run that lines_tell() did not know of yet. */
int	lines_put(struct lines *g);
/* Asks for what the person is told of, and puts what has come. */
void	lines_want_notes(struct lines *g);
int	lines_put_notes(struct lines *g);
int	lines_flush(struct lines *g);		/* to stdout */
/*
 * What has become of its process since it was told last, in words, once.
 * With begins only that a run has begun, which goes before its lines, else
 * the rest; over: its log is whole.
 */
int	lines_tell(struct lines *g, struct lines_source *s, bool begins,
		   bool over);
/* Parts of a line that is not of a log. */
void	lines_close(struct lines *g);
void	lines_prefix(struct lines *g, const struct lines_source *s);

#endif
