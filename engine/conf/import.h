#ifndef SBX_IMPORT_H
#define SBX_IMPORT_H

/*
 * Files of other programs to processes of an sbxrc.  A format is one pure
 * function: text in, a list of processes out, with a note for everything
 * that sbx has no word for.  What a format does not say is not guessed, and
 * nothing is left out without a note.
 *
 * import_write() makes the text of an sbxrc of it, every word quoted as it
 * must be; the text has no mistakes but those that depend on other files.
 * Reads no file (import_find.h does), runs nothing.
 *
 * Limits: IMPORT_PROCS_MAX processes, IMPORT_LINES_MAX lines and notes
 * together, IMPORT_BYTES_MAX bytes of file.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/base.h"
#include "base/table.h"

struct buf;

#define IMPORT_BYTES_MAX (1u << 20)
#define IMPORT_PROCS_MAX 500
#define IMPORT_LINES_MAX 10000
#define IMPORT_TEXT_MAX	 65536	/* of a command, a word */

enum import_format {
	IMPORT_PROCFILE, IMPORT_NPM, IMPORT_COMPOSE, IMPORT_MPROCS,
	IMPORT_PCOMPOSE, IMPORT_FORMATS
};

/* How the text of a line becomes words of the language. */
enum import_kind {
	IMPORT_RAW,	/* the rest of the line */
	IMPORT_WORDS,	/* plain words, as they stand */
	IMPORT_WORD,	/* one word, whatever is in it */
	IMPORT_EXPAND,	/* one word; $X and ${X} are variables, $$ is a $ */
	IMPORT_PATH,	/* one word, relative to the imported file */
	IMPORT_PATH_EXPAND,
};

/* "env", "ready exec", ... and what follows; head is never freed. */
struct import_line {
	const char *head;
	enum import_kind kind;
	char *text;
};

struct import_dep {
	char *name;		/* as it is called there */
	const char *condition;	/* "ready" */
	unsigned line;
	size_t proc;		/* of import->procs, after settling */
	bool dropped;
};

struct import_proc {
	char *name;		/* valid and unique */
	char *said;		/* what the file calls it */
	unsigned line, col, width;	/* of that */
	char *command;		/* a line for the shell, or ... */
	char **argv;		/* ... words, NULL-terminated; or neither */
	bool off;		/* is not to start by itself */
	unsigned port;		/* given to it as PORT; 0 = none */
	char *instead;		/* no process but a comment: why */
	struct import_line *lines;
	size_t line_count;
	struct import_dep *deps;
	size_t dep_count;
	size_t bytes;		/* of all its texts */
};

/* What could not be translated; proc is NULL for the file as a whole. */
struct import_note {
	const struct import_proc *proc;
	unsigned line;
	char *key;		/* "services.web.ports" */
	char *why;
};

struct import {
	enum import_format format;
	bool tty;		/* each of them has a terminal */
	struct import_line *lines;	/* outside of processes */
	size_t line_count;
	struct import_proc **procs;
	size_t proc_count;
	struct import_note *notes;
	size_t note_count;
	size_t total;		/* of lines and notes */
	size_t bytes;		/* of the texts outside of processes */
};

/* Why nothing was taken from a file. */
struct import_mistake {
	unsigned line, col;	/* 0: of the file as a whole */
	char text[300];
};

/* runner: what runs the scripts of a package.json that does not say it. */
typedef bool import_parse_fn(struct import *im, const char *text, size_t len,
			     const char *runner, struct import_mistake *m);

#define IMPORT_PORT 5000	/* of the first process of a Procfile */

struct import_row {
	struct row row;		/* "procfile", what it is */
	import_parse_fn *parse;
	const char *const *files;	/* names it goes by, NULL-terminated */
};

extern const struct table import_table;		/* of struct import_row */
const struct import_row *import_row(enum import_format f);
/* By name; -1 when there is none. */
int	import_format_find(const char *name);

/* NULL with *m; runner may be NULL. */
struct import *import_parse(enum import_format f, const char *text,
			    size_t len, const char *runner,
			    struct import_mistake *m);
void	import_free(struct import *im);		/* NULL is fine */
size_t	import_active(const struct import *im);	/* that are no comments */

/*
 * The text of an sbxrc.  file: the imported one, as comments call it; dir:
 * of that file, seen from the sbxrc, NULL if it is the same.  0 or -EMSGSIZE.
 */
int	import_write(const struct import *im, const char *file,
		     const char *dir, struct buf *out);

/* --- for the formats --- */

/* Always false. */
bool	import_wrong(struct import_mistake *m, unsigned line, unsigned col,
		     const char *fmt, ...) SBX_PRINTF(4, 5);
/* NULL after the mistake that there are too many. */
struct import_proc *import_add(struct import *im, const char *said,
			       unsigned line, struct import_mistake *m);
/* p NULL: outside of processes.  text is copied; what no line can hold
 * becomes a note. */
void	import_line(struct import *im, struct import_proc *p, unsigned line,
		    const char *head, enum import_kind kind,
		    const char *text);
void	import_linef(struct import *im, struct import_proc *p,
		     const char *head, const char *fmt, ...)
	SBX_PRINTF(4, 5);	/* IMPORT_WORDS */
void	import_command(struct import *im, struct import_proc *p,
		       unsigned line, const char *command);
/* dollars: $X is a variable of the environment, $$ a dollar. */
void	import_argv(struct import *im, struct import_proc *p, unsigned line,
		    const char *const *words, size_t count, bool dollars);
/* A script for sh: where dollars is true, $$ in it is a dollar. */
void	import_script(struct import *im, struct import_proc *p, unsigned line,
		      const char *script, bool dollars);
void	import_depend(struct import *im, struct import_proc *p, unsigned line,
		      const char *on, const char *condition);
/* What it belongs to there, as a group here. */
void	import_group(struct import *im, struct import_proc *p, unsigned line,
		     const char *said);
void	import_note(struct import *im, const struct import_proc *p,
		    unsigned line, const char *key, const char *fmt, ...)
	SBX_PRINTF(5, 6);

/* --- import_text.c: texts of one language in another --- */

/* One word of an sbxrc.  expand: $X and ${X:-Y} stay variables, which are
 * empty when they are not set, and $$ is a dollar.  False when a variable is
 * written in a way that sbxrc has not; it is then taken without that. */
bool	import_quote(const char *text, bool expand, struct buf *out);
/* Words for a shell; dollars: $X stays a variable.  0 or -EMSGSIZE. */
int	import_shell_words(const char *const *words, size_t count,
			   bool dollars, struct buf *out);
char	*import_undouble(const char *text);	/* $$ to $; caller frees */

import_parse_fn import_procfile, import_npm, import_compose, import_mprocs,
	import_pcompose;

#endif
