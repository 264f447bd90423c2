#ifndef SBX_RCWRITE_H
#define SBX_RCWRITE_H

/*
 * Values as lines of an sbxrc, written so that the loader reads back what was
 * given.  What makes text appends it and gives 0 or -EMSGSIZE.
 */

#include <stdbool.h>
#include <sys/types.h>

struct buf;
struct spec;
struct spec_pattern;

/* What follows "cmd": a line of the shell that no rule of sbxrc touches, one
 * line as it is, others between <<WORD and WORD.  indent: of the line it
 * stands on, whose end is the caller's. */
int	rcwrite_tail(struct buf *out, const char *indent, const char *text);
/* Would it be read back byte by byte?  Not where all its lines are indented,
 * nor with carriage returns or what is no UTF-8. */
bool	rcwrite_is_tail(const char *text);
/* One word, with the quotes that it needs. */
int	rcwrite_word(struct buf *out, const char *text);
/* As it stands behind "log" or "watch NAME"; another text may be written that
 * matches the same. */
int	rcwrite_pattern(struct buf *out, const struct spec_pattern *p);

/* What the lines of a process are read behind: what it would be there of its
 * own accord, from the defaults, the set and its groups. */
struct rcwrite_there {
	const struct spec *bare;	/* of rcwrite_bare() */
	const struct spec *same_tty;	/* ... told of its terminal */
	const char *dir;	/* of the sbxrc */
	bool secrets;		/* values that look like some, too */
};

/* The lines that make bare and same_tty when they are read there. */
int	rcwrite_bare(struct buf *out, const struct spec *s, bool tell_tty);
/*
 * Everything that s has and that it would not have there anyway, so that the
 * lines make its equal; a comment for each thing that no line can say.
 */
int	rcwrite_spec(struct buf *out, const struct spec *s,
		     const struct rcwrite_there *there);

/* The bytes of a file that rcwrite_append() has put there. */
struct rcwrite_place {
	off_t from, to;
};

/* The text behind an empty line at the end of the file, which is open for
 * reading and appending.  0, or -errno and the file is as it was. */
int	rcwrite_append(int fd, const char *text, struct rcwrite_place *place);
/* The file without them; somebody else's lines behind them keep them. */
void	rcwrite_take_back(int fd, const struct rcwrite_place *place);

#endif
