#ifndef SBX_RCSTATE_H
#define SBX_RCSTATE_H

/*
 * What the files that load sbxrc (rcload.c and rc_*.c) share: the state of
 * one load, the table of words, and how a mistake is reported.  Every word is
 * one row of rc_words: where it may stand, what follows it, whether this
 * version can do it, and either the member of struct spec that it sets or a
 * function.
 *
 * The text of every file is kept until the end, because places point into it
 * and the checks across lines come last.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/table.h"
#include "rc.h"
#include "rcload.h"
#include "set.h"
#include "spec/spec.h"

struct rcload;
struct rcload_file;
struct theme;

#define RC_FILES_MAX	1000
#define RC_INCLUDES_MAX	16	/* files inside each other */
#define RC_LETS_MAX	1000
#define RC_GROUPS_MAX	1000
#define RC_GROUPS_OF_ONE_MAX 64	/* that one process is in */

/* Where a word may stand; SKIP is the block of a word that is wrong. */
enum {
	RC_TOP = 1, RC_PROCESS = 2, RC_DEFAULTS = 4, RC_GROUP = 8,
	RC_THEME = 16, RC_SKIP = 32,
	RC_KEYS = 64		/* the file of a "set keys" line */
};

enum rc_value {
	RC_FN,		/* fn does it */
	RC_BOOL, RC_UINT, RC_DURATION, RC_SIZE, RC_TEXT,
	RC_CHOICE,	/* int: index of the word among "a | b" */
	RC_EITHER,	/* bool: the second of two words */
};

enum {
	RC_BLOCK = 1,	/* may open a block */
	RC_ONCE = 2,	/* at most once in a block */
	RC_LIST = 4,	/* any number of words */
};

typedef void rc_word_fn(struct rcload *ld, const struct rc_stmt *s);
typedef enum rc_expect rc_expect_fn(const struct rc_stmt *so_far);

struct rc_word_row {
	struct row row;
	unsigned where, flags;
	unsigned min, max;	/* words behind it */
	unsigned raw_after;	/* words before the raw tail; 0 = none */
	rc_word_fn *fn;
	rc_expect_fn *expect;	/* where raw_after is not enough */
	enum rc_value value;
	size_t offset;		/* in struct spec */
	int64_t least, most;	/* of a number */
};

extern const struct rc_word_row rc_words[];
const struct rc_word_row *rc_word_find(const char *name);
const struct rc_word_row *rc_word_suggest(const char *name, unsigned where);
size_t	rc_word_index(const struct rc_word_row *row);
size_t	rc_word_count(void);

/* A process under construction; also the one that defaults { } fills. */
struct rcload_proc {
	struct spec *spec;
	struct diag_place name_at, cwd_at, argv_at, stdin_at, keep_at;
	/* As many as the spec has. */
	struct diag_place *dep_at, *port_at, *watch_at;
	bool cwd_given, stop_given, stdin_given;
	bool broken;		/* a mistake in it was reported */
	bool replaced;		/* by one of a later file */
	uint64_t stop_timeout_ms;	/* 0 = not given */
	size_t watch_base;	/* watches that came from the defaults */
	int layer;
	unsigned *seen;		/* per word of the table: its line, or 0 */
};

struct rcload_group {
	struct set_group group;
	struct diag_place at;
	char **words;		/* members as written */
	struct diag_place *word_at;
	size_t word_count;
	unsigned *seen;
};

/* A "color" line that waits for the theme: its words behind "color". */
#define RC_COLOR_WORDS	8

struct rcload_color {
	size_t idx;		/* in the set */
	struct diag_place at[RC_COLOR_WORDS];
};

struct rcload_let {
	char *name, *value;
};

/* Which of the files this is: later ones win. */
enum { RC_LAYER_SYSTEM, RC_LAYER_USER, RC_LAYER_PROJECT, RC_LAYER_LOCAL };

struct rcload {
	const struct set_request *rq;
	struct diags *ds;
	struct set *set;
	const char *home;
	char *here;		/* working directory, for names in messages */
	int layer;
	const struct rc_word_row *meant;	/* by the present statement */
	bool quiet;		/* only take effect, complain of nothing */

	struct rc *rc;		/* of the present file */
	struct rcload_file *file;
	unsigned depth;		/* of includes */
	unsigned where;
	unsigned skipped;	/* blocks open inside a skipped one */
	struct rcload_proc *proc;	/* whose block is open, or NULL */
	struct rcload_group *group;

	struct rcload_file **files;
	size_t file_count;
	struct rcload_proc *defaults;
	struct rcload_proc **procs;
	size_t proc_count;
	struct rcload_group **groups;
	size_t group_count;
	struct rcload_let *lets;
	size_t let_count;
	struct theme *theme;	/* in force here; NULL: none was asked for */
	struct rcload_color *colors;
	size_t color_count;
	struct diag_place limit_at;	/* of the last "set" of a limit */
};

/* rcload.c: mistakes, at a word, at a part of it, at a kept place. */
void	rc_wrong(struct rcload *ld, const struct rc_word *w,
		 const char *fmt, ...) SBX_PRINTF(3, 4);
void	rc_wrong_in(struct rcload *ld, const struct rc_word *w, size_t off,
		    size_t len, const char *fmt, ...) SBX_PRINTF(5, 6);
void	rc_wrong_at(struct rcload *ld, const struct diag_place *at,
		    const char *fmt, ...) SBX_PRINTF(3, 4);
void	rc_hint(struct rcload *ld, const char *fmt, ...) SBX_PRINTF(2, 3);
/* "did you mean 'X'?", if there is an X. */
void	rc_hint_word(struct rcload *ld, const char *near);
/* The file kept for this path, or NULL after the message.  at: the word that
 * names it, NULL for the files that are looked for. */
struct rcload_file *rc_open(struct rcload *ld, const char *path, size_t max,
			    bool checked, const struct rc_word *at);
const char *rcload_file_text(const struct rcload_file *f, size_t *len);
const char *rcload_file_name(const struct rcload_file *f);
const char *rcload_file_dir(const struct rcload_file *f);
/* Reads one more file of statements, at top level. */
void	rc_read_file(struct rcload *ld, struct rcload_file *f);
bool	rc_is_open(const struct rcload *ld, const struct rcload_file *f);

/* Values of words; false after the message. */
bool	rc_duration(struct rcload *ld, const struct rc_word *w, size_t off,
		    uint64_t *ms);
bool	rc_size(struct rcload *ld, const struct rc_word *w, size_t off,
		uint64_t *bytes);
bool	rc_uint(struct rcload *ld, const struct rc_word *w, size_t off,
		uint64_t least, uint64_t most, uint64_t *out);
bool	rc_name(struct rcload *ld, const struct rc_word *w);
/* Index of text among "a | b | c"; -1 after the message. */
int	rc_choice(struct rcload *ld, const struct rc_word *w, size_t off,
		  const char *choices);
/* rc_watch.c: word w, from off on, as a checked pattern. */
bool	rc_pattern(struct rcload *ld, const struct rc_word *w, size_t off,
		   struct spec_pattern *out);
/* Is w "NAME=..."?  Then the offset of the value, else 0. */
size_t	rc_option(const struct rc_word *w, const char *name);

void	rc_set_str(char **to, const char *value);
/* Absolute form of a path of the set. */
char	*rc_path(const struct rcload *ld, const char *text);
struct rcload_proc *rc_proc_new(const struct rcload_proc *defaults);
void	rc_proc_free(struct rcload_proc *p);
/* Are processes allowed here?  False after the message. */
bool	rc_may_define(struct rcload *ld, const struct rc_stmt *s);
/* A new process with the defaults, as if its block were open now. */
struct rcload_proc *rc_process_add(struct rcload *ld, const char *name,
				   const char *file, unsigned line);
/* rc_replica.c: definitions with replicas become so many of them. */
void	rc_expand_replicas(struct rcload *ld);
/* Before that: what "worker.1" would be a replica of, or NULL. */
const struct spec *rc_replicated(const struct rcload *ld, const char *name);
/* NAME=VALUE lines to the environment of what is open. */
void	rc_env_lines(struct rcload *ld, const struct rcload_file *f);
void	rc_group_free(struct rcload_group *g);
/* At the end of a process: what only all its lines together tell. */
void	rc_process_end(struct rcload *ld);

/* The functions of the table, by file. */
rc_word_fn rc_do_require, rc_do_set, rc_do_let, rc_do_include, rc_do_import,
	rc_do_bind, rc_do_unbind, rc_do_color;
rc_word_fn rc_do_env, rc_do_env_file, rc_do_path;
rc_word_fn rc_do_process, rc_do_defaults, rc_do_group, rc_do_members;
rc_word_fn rc_do_cmd, rc_do_argv, rc_do_cwd, rc_do_user, rc_do_umask,
	rc_do_nice, rc_do_limit, rc_do_stdin, rc_do_ok_codes, rc_do_port,
	rc_do_depends, rc_do_stop, rc_do_stop_timeout, rc_do_backoff,
	rc_do_log_file, rc_do_log_rotate, rc_do_schedule, rc_do_files,
	rc_do_hook, rc_do_notify;
rc_word_fn rc_do_ready, rc_do_live;
rc_word_fn rc_do_watch;
rc_expect_fn rc_expect_probe, rc_expect_watch, rc_expect_bind, rc_expect_stop;

/* rc_screen.c: "set theme", and the colours that were put off. */
void	rc_set_theme(struct rcload *ld, const struct rc_word *w,
		     const char *name);
void	rc_finish_colors(struct rcload *ld);

/* "set keys": its lines as if they stood here, in the place of those of an
 * earlier one. */
void	rc_set_keys(struct rcload *ld, const struct rc_word *w,
		    const char *name);

/* rc_finish.c: the checks across lines, then ld->set is complete. */
void	rc_finish(struct rcload *ld);

#endif
