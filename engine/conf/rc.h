#ifndef SBX_RC_H
#define SBX_RC_H

/*
 * The language of sbxrc, of themes, of key files and of the ':' line: text
 * to statements.  A statement is a line of words, may end in a raw tail (the
 * rest of the line as it stands) and may open a block with '{'.  Every word
 * knows where it is written.
 *
 * The reader is pulled statement by statement, so that a name defined by one
 * line is known in the next.  It knows no word of any language: the hooks
 * tell how the next word is to be read.  What it finds wrong goes to the
 * diags; a statement that holds such a mistake is handed out marked bad, so
 * that the caller can keep count of blocks without complaining twice.
 *
 * Limits: RC_WORD_MAX bytes a word, RC_WORDS_MAX words a statement,
 * RC_TEXT_MAX bytes of all words together, RC_DEPTH_MAX open blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"

struct err;
struct rc;

#define RC_FILE_MAX	(4u << 20)
#define RC_WORD_MAX	131071
#define RC_WORDS_MAX	4096
#define RC_TEXT_MAX	(64u << 20)
#define RC_DEPTH_MAX	16

enum rc_kind {
	RC_BARE,
	RC_QUOTED,	/* began with " or ' */
	RC_PATTERN,	/* /.../flags; text is what is between the slashes */
	RC_RAW,		/* the tail of the line */
};

/* How the next word is to be read. */
enum rc_expect {
	RC_EXPECT_WORD,
	RC_EXPECT_PATTERN,	/* one that begins with '/' is a pattern */
	RC_EXPECT_OPTION,	/* NAME=/.../flags is one word */
	RC_EXPECT_RAW,		/* the rest of the line; may be missing */
	RC_EXPECT_RAW_OR_BLOCK,	/* the same, but a lone '{' opens a block */
	RC_EXPECT_SKIP,		/* the rest of a line that is wrong anyway: raw,
				 * but '{' at its end opens a block */
	RC_EXPECT_MASK = 7,
	RC_EXPECT_QUIET = 8,	/* or'ed: the directive itself is wrong, so say
				 * nothing about the words behind it */
};

struct rc_word {
	char *text;		/* NUL-terminated, holds no NUL */
	size_t len;
	enum rc_kind kind;
	unsigned flags;		/* of a pattern: SPEC_RE_... */
	unsigned line, col;	/* from 1; col counts bytes */
	unsigned width;		/* bytes in the source, first line only */
	bool exact;		/* text is a piece of the source as it stands */
	unsigned inner;		/* ... that begins so many bytes after col */
	const char *source;	/* first byte of its source line */
};

struct rc_stmt {
	struct rc_word *words;	/* count of them; words[0] is the directive */
	size_t count;
	bool raw;		/* the last word is a raw tail */
	bool opens;		/* '{' followed */
	bool bad;		/* a mistake in it was reported */
};

enum rc_event {
	RC_STMT,
	RC_CLOSE,	/* '}' of an open block */
	RC_END,
};

struct rc_hooks {
	/* Given the words so far (at least one); NULL = always words. */
	enum rc_expect (*expect)(const struct rc_stmt *so_far, void *arg);
	/* The value of ${NAME} or NULL; the hook itself NULL = no ${}. */
	const char *(*variable)(const char *name, void *arg);
	void *arg;
};

/* Borrows everything for its lifetime; file is the name in messages. */
struct rc *rc_new(const char *file, const char *data, size_t len,
		  const struct rc_hooks *hooks, struct diags *ds);
void	rc_free(struct rc *rc);

/* The statement lives until the next call.  Unclosed blocks are reported at
 * the end and closed by RC_CLOSE events before RC_END. */
enum rc_event rc_next(struct rc *rc, const struct rc_stmt **stmt);

/* The caller saw a word that cannot be in the innermost block: its '}' must
 * be missing.  Reported, closed (no RC_CLOSE), and one stray '}' later on is
 * let pass. */
void	rc_close_missing(struct rc *rc);

/* Where a word is, and where the part of it from off on is. */
void	rc_place(const struct rc *rc, const struct rc_word *w,
		 struct diag_place *at);
void	rc_place_in(const struct rc *rc, const struct rc_word *w, size_t off,
		    size_t len, struct diag_place *at);
/* From the first word to the last one and '{'. */
void	rc_place_stmt(const struct rc *rc, const struct rc_stmt *s,
		      struct diag_place *at);

/*
 * One line by itself, for ':' and for bind: its words without blocks and
 * raw tails, ${} left alone.  0 with *stmt (caller frees with
 * rc_line_free), or -1.
 */
int	rc_line(const char *line, struct rc_stmt **stmt, struct err *e);
void	rc_line_free(struct rc_stmt *stmt);

#endif
