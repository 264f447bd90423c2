#ifndef SBX_OPTION_H
#define SBX_OPTION_H

/*
 * The settings: "set KEY VALUE" in sbxrc, "sbx set", ":set".  One row each
 * with type, default and help; a set of values is small and copied whole.
 * Values are kept as checked text and, where the type has one, as a number
 * (milliseconds, bytes, 0 or 1, index of a choice).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/table.h"

struct err;
struct options;

enum option_id {
	OPTION_BELL,
	OPTION_CLIPBOARD,
	OPTION_CLOCK,
	OPTION_COLOR,
	OPTION_CONFIRM_BULK,
	OPTION_GLYPHS,
	OPTION_HANGUP,
	OPTION_KEYS,
	OPTION_LAYOUT,
	OPTION_LEAVE,
	OPTION_LEAVE_DOUBLE,
	OPTION_LIMIT_API_LOG,
	OPTION_LIMIT_INPUT,
	OPTION_LIMIT_LOG,
	OPTION_LIMIT_LOGS,
	OPTION_LIMIT_OUTPUT,
	OPTION_LIMIT_PROCESSES,
	OPTION_LIMIT_RUN_TIMEOUT,
	OPTION_LIMIT_RUN_TIMEOUT_MAX,
	OPTION_LIST_COLUMNS,
	OPTION_LIST_WIDTH,
	OPTION_LISTEN,
	OPTION_LISTEN_TOKEN_FILE,
	OPTION_LOG_COLORS,
	OPTION_LOG_KEEP,
	OPTION_MOUSE,
	OPTION_NAME,
	OPTION_NOTIFY,
	OPTION_ON_DONE,
	OPTION_PASTE_CONFIRM,
	OPTION_PLAIN_VERBOSITY,
	OPTION_QUIT,
	OPTION_SCROLL_LINES,
	OPTION_SHELL,
	OPTION_THEME,
	OPTION_TIMESTAMPS,
	OPTION_TIPS,
	OPTION_TITLE,
	OPTION_WATCH_CONFIG,
	OPTION_COUNT
};

enum option_type {
	OPTION_CHOICE,	/* one of the words in args, "a | b" */
	OPTION_BOOL,
	OPTION_UINT,
	OPTION_SIZE,
	OPTION_DURATION,
	OPTION_TEXT,	/* one word or one line */
	OPTION_KEY,	/* by its name: C-], F12 */
	OPTION_COLUMNS,	/* names of list_column_table */
	OPTION_ADDRESS,	/* off, ADDR:PORT or unix:PATH */
	OPTION_WIDTH,	/* auto, columns, or percent: number, or 1000 + % */
};

struct option_row {
	struct row row;
	enum option_type type;
	const char *standard;		/* the default, as text */
	uint64_t min, max;		/* of the number */
	bool built;			/* false: refused as not built yet */
	bool runtime;			/* may change while it runs */
	bool engine;			/* ... and acts in the engine */
};

/* X(enum, name, help): what the list can show behind the name. */
#define LIST_COLUMN_TABLE(X)                                                   \
	X(STATE, "state", "its status, or what it waits for")                  \
	X(CPU, "cpu", "of one core, of its whole tree")                        \
	X(MEM, "mem", "memory of its whole tree")                              \
	X(AGE, "age", "how long it runs, or ran")                              \
	X(PID, "pid", "of its leader")                                         \
	X(PORTS, "ports", "that it listens on")                                \
	X(RESTARTS, "restarts", "since somebody started it")                   \
	X(RUN, "run", "number of the run")                                     \
	X(ERRORS, "errors", "lines of this run that are errors")

enum list_column {
#define X(e, name, help) LIST_COLUMN_##e,
	LIST_COLUMN_TABLE(X)
#undef X
	LIST_COLUMN_COUNT
};

extern const struct table list_column_table;
extern const struct option_row option_rows[OPTION_COUNT];
extern const struct table option_table;

struct options *options_new(void);			/* the defaults */
void	options_free(struct options *o);
struct options *options_dup(const struct options *o);

/* The row of a key, or NULL and an error with a suggestion. */
const struct option_row *option_get(const char *key, struct err *e);
/* Does it act on a screen alone, where it may be changed? */
bool	option_is_of_screen(const struct option_row *row);

/* One value; the old one stays when it is refused.  0 or -1.  Several words
 * are given joined by one space. */
int	options_set(struct options *o, const struct option_row *row,
		    const char *value, struct err *e);
/* Do the values contradict each other?  0 or -1; *row is the one to blame. */
int	options_check(const struct options *o, const struct option_row **row,
		      struct err *e);
/* Set and check as one step, for changes at run time. */
int	options_change(struct options *o, const char *key, const char *value,
		       struct err *e);
/* The same for "KEY VALUE" lines: all of them or none. */
int	options_change_lines(struct options *o, const char *lines,
			     struct err *e);

/* The columns of the list from left to right; how many. */
size_t	options_columns(const struct options *o,
			enum list_column out[LIST_COLUMN_COUNT]);
const char *options_text(const struct options *o, enum option_id id);
uint64_t options_number(const struct options *o, enum option_id id);
bool	options_flag(const struct options *o, enum option_id id);

/* Survives the engine; unknown keys are skipped.  0 or -1 / -EMSGSIZE. */
struct buf;
int	options_pack(const struct options *o, struct buf *b);
int	options_unpack(const char *data, size_t len, struct options **out,
		       struct err *e);

#endif
