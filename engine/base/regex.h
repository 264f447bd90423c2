#ifndef SBX_REGEX_H
#define SBX_REGEX_H

/*
 * Patterns.  The only door to PCRE2: UTF-8 with invalid input tolerated (an
 * invalid byte matches nothing and splits nothing else), no \C, compiled to
 * machine code where that is possible, and every match under limits, so that
 * no pattern can stall its caller: a match ends in microseconds, or after
 * REGEX_MATCH_LIMIT steps with -1.
 *
 * A struct regex is immutable but for its scratch memory: one thread at a
 * time.  Offsets are bytes into the text given.  A pattern is at most
 * REGEX_PATTERN_MAX bytes and has at most REGEX_GROUPS_MAX groups.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct regex;

/* The same bits as SPEC_RE_... */
#define REGEX_ICASE	1u
#define REGEX_EXTENDED	2u	/* spaces and # comments in the pattern */
#define REGEX_DOTALL	4u
#define REGEX_LITERAL	8u	/* a plain text; EXTENDED and DOTALL ignored */
/* Not one of SPEC_RE_...: ^ and $ at every line, for the text of a screen. */
#define REGEX_MULTILINE	16u
/* Nor this: by the interpreter, as where there is no machine code. */
#define REGEX_NO_JIT	32u

#define REGEX_PATTERN_MAX	(64 * 1024)
#define REGEX_MATCH_LIMIT	100000
#define REGEX_GROUPS_MAX	64	/* whole match included */
#define REGEX_UNSET		((size_t)-1)

/* Group 0 is the whole match; a group that took no part is REGEX_UNSET. */
struct regex_caps {
	unsigned count;			/* groups of the pattern + 1 */
	struct {
		size_t off, end;
	} group[REGEX_GROUPS_MAX];
};

/* Results of a match; negative is "gave up". */
enum {
	REGEX_LIMIT = -1,	/* a limit was hit: the pattern is dangerous */
	REGEX_NONE = 0,
	REGEX_MATCH = 1,
	REGEX_MORE = 2,		/* regex_partial: more text could change it */
};

/* NULL on a bad pattern: e says why and *err_off (may be NULL) is the byte
 * of the pattern where. */
struct regex *regex_new(const char *pattern, size_t len, unsigned flags,
			struct err *e, size_t *err_off);
void	regex_free(struct regex *re);		/* NULL is fine */

/* First match at or after start; caps may be NULL.  REGEX_MATCH, _NONE or
 * _LIMIT.  text may be NULL when len is 0. */
int	regex_match(struct regex *re, const char *text, size_t len,
		size_t start, struct regex_caps *caps);
/*
 * The same for a text that may still grow.  REGEX_MATCH: this match stays
 * whatever follows; REGEX_MORE: there may be (another) match when more
 * comes; then regex_match() tells what there is so far.
 */
int	regex_partial(struct regex *re, const char *text, size_t len,
		struct regex_caps *caps);

/*
 * The next line that matches, in a block of lines that end in '\n' (the last
 * one may lack it).  *pos is the start of a line; on REGEX_MATCH *off and
 * *end are the line without its '\n', caps (may be NULL) are relative to
 * *off, and *pos is the start of the line after it.  Gives exactly what
 * regex_match() on each line cut to max_line bytes would give, but looks at
 * many lines at once where the pattern allows it.
 * On REGEX_LIMIT *off, *end, *pos tell the line where it was hit.
 */
int	regex_line(struct regex *re, const char *block, size_t len,
		size_t max_line, size_t *pos, size_t *off, size_t *end,
		struct regex_caps *caps);

/* Groups of the pattern, the whole match not counted. */
unsigned regex_groups(const struct regex *re);
/* Name of group no (from 1), NULL if it has none. */
const char *regex_group_name(const struct regex *re, unsigned no);
/* Number of the group of that name or number ("ms", "1"), -1 if none; with
 * duplicate names the first that is set in caps (may be NULL). */
int	regex_group_find(const struct regex *re, const char *name,
		const struct regex_caps *caps);
/* True if the pattern can match the empty text: it matches every line. */
bool	regex_matches_empty(const struct regex *re);
/* True if regex_line() works on blocks (for measurements and tests). */
bool	regex_is_block_safe(const struct regex *re);

/* Of the library that is loaded: "10.42". */
#define REGEX_VERSION_MAX 32
void	regex_version(char out[REGEX_VERSION_MAX]);

#endif
