#ifndef SBX_RELOAD_H
#define SBX_RELOAD_H

/*
 * A reload as a difference: the definitions that run and those that a file
 * has now make a list of what is to be done, a row for each process.  Pure:
 * nothing is changed here, and nothing is known of the state of a process;
 * what a row means for one that runs or does not is the engine's affair
 * (reconf.c).
 *
 * Where a property is written is no difference, nor is the order of the
 * processes.  Equal sets make a plan of nothing but KEEP.
 */

#include <stdbool.h>
#include <stddef.h>

struct spec;

/* X(enum, name, help): what a row means for a process as it is now */
#define RELOAD_ACTION_TABLE(X)                                                 \
	X(RESTART, "restart", "it runs, and takes this over in a new run")     \
	X(CHANGE, "change", "it takes this over as it is")                     \
	X(START, "start", "it is started")                                     \
	X(ADD, "add", "it is new, and does not start by itself")               \
	X(STOP, "stop", "it is not in the file any more: ends, is forgotten")  \
	X(REMOVE, "remove", "it is not in the file any more: is forgotten")    \
	X(LEAVE, "leave", "nothing")                                           \
	X(SET, "set", "a setting has another value")                           \
	X(RESET, "reset", "what was set at run time is as in the file again")

enum reload_action {
#define X(e, name, help) RELOAD_DO_##e,
	RELOAD_ACTION_TABLE(X)
#undef X
	RELOAD_DO_COUNT
};

const char *reload_action_name(enum reload_action a);
/* -1: there is none of that name. */
int	reload_action_find(const char *name, size_t len);

/* A line of a plan as the engine tells it: "ACTION\tNAME\tWHAT\n".  Slices of
 * its text; names have a column a byte. */
struct reload_row {
	int action;		/* enum reload_action, or -1 */
	const char *word, *name, *what;
	int word_len, name_len, what_len;
};

/* Takes the first line off text; false at its end. */
bool	reload_row_next(const char **text, struct reload_row *r);

enum reload_kind { RELOAD_KEEP, RELOAD_CHANGE, RELOAD_ADD, RELOAD_REMOVE };

struct reload_item {
	enum reload_kind kind;
	const char *name;	/* of the definition: borrowed */
	char *what;		/* CHANGE: the properties that differ, those
				 * that need a new run first: "cwd, desc" */
	bool anew;		/* CHANGE: takes effect in a new run alone */
	size_t old_idx, new_idx;	/* SIZE_MAX: there is none */
};

struct reload_plan {
	struct reload_item *items;	/* in the order of the new ones, then
					 * those removed in the old order */
	size_t count;
	size_t changes;		/* rows that are not KEEP */
};

/* Names are unique within each list.  Free with reload_fini. */
void	reload_diff(struct reload_plan *plan, const struct spec *const *old,
		    size_t old_count, const struct spec *const *now,
		    size_t now_count);
void	reload_fini(struct reload_plan *plan);

#endif
