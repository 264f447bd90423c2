#ifndef SBX_RCLOAD_H
#define SBX_RCLOAD_H

/*
 * sbxrc and its relatives to a struct set.  Order of the files, later wins:
 * defaults, /etc/sbx/sbxrc, $XDG_CONFIG_HOME/sbx/sbxrc, the project's sbxrc,
 * sbxrc.local beside it.  All mistakes are reported in one run; if there is
 * one error there is no set.  Reads files, starts nothing, changes nothing.
 *
 * A process that sbxrc.local defines again replaces the one of sbxrc; any
 * other repeated name is an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/table.h"

struct buf;
struct diags;
struct spec;
struct spec_probe;
struct spec_watch;
struct set;

struct set_request {
	const char *path;	/* the project's file; NULL: settings only */
	const char *dir;	/* of the set when path is NULL */
	const char *base;	/* relative paths start here; NULL: where path
				 * is, else dir */
	bool trusted;		/* named by the person (-f): whose it is does
				 * not matter */
	bool alone;		/* only path, none of the other files */
	bool all_words;		/* also words that are not built yet */
	char *const *environment;	/* for ${NAME}, HOME, ...: environ */
	const char *system_file;	/* NULL = /etc/sbx/sbxrc */
	/* Gets the set that a file with mistakes seems to mean, where each
	 * process of it can be made out; caller frees.  NULL: not wanted. */
	struct set **guess;
};

/* 0 and *set, or -1 with errors in ds; warnings may be there either way. */
int	set_load(const struct set_request *rq, struct set **set,
		 struct diags *ds);

/*
 * One "watch NAME /PATTERN/ ACTION..." line of its own; file is its name in
 * messages.  A definition of nothing but this watch, caller frees; or NULL
 * with errors in ds.
 */
struct spec *rc_watch_line(const char *line, const char *file,
			   struct diags *ds);

/* Every word of the language, for help, completion and sbxrc(5). */
extern const struct table rc_word_table;
extern const struct table rc_probe_table;

/* The word for the choice'th value of a property with words to choose from
 * ("restart", 1: "on-failure"); *len bytes of it count. */
const char *rc_choice_word(const char *property, int choice, size_t *len);

/* As it is written: the kind of a check ("http"), a limit ("nofile=1024");
 * false for a resource that has no name there. */
#define RC_LIMIT_TEXT_MAX 64
const char *rc_probe_word(int kind);
bool	rc_limit_text(int resource, uint64_t value,
		      char out[RC_LIMIT_TEXT_MAX]);
extern const struct table rc_watch_table;
/* What follows "ready" or "live", and "watch".  0, -EMSGSIZE, or -EINVAL where
 * no line can say it. */
int	rc_probe_put(struct buf *out, const struct spec_probe *p);
int	rc_watch_put(struct buf *out, const struct spec_watch *w);

#endif
