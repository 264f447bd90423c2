#ifndef SBX_THEME_H
#define SBX_THEME_H

/*
 * What things look like: a role for each kind of text, and a theme that gives
 * every role its colours and attributes.  A theme is a file of the language
 * of rc.h with "theme", "inherit", "palette" and "color" lines and
 * nothing else.  A role that a theme does not name looks like the part of it
 * before the last dot, and at last like "text".
 *
 * Two themes are compiled in: "terminal" uses only the names of the sixteen
 * colours and the terminal's own, so it is right on any palette; "mono" uses
 * attributes only.  Statuses never differ by colour alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/table.h"
#include "color.h"

struct diags;
struct err;
struct set_color;
struct theme;

/* X(enum, "name", help) */
#define ROLE_TABLE(X)                                                          \
	X(TEXT, "text", "everything that has no role of its own")              \
	X(TEXT_DIM, "text.dim", "what matters less")                           \
	X(TEXT_STRONG, "text.strong", "what matters more")                     \
	X(BORDER, "border", "lines between panes")                             \
	X(BORDER_FOCUS, "border.focus", "the bar of the pane with the keys")   \
	X(TITLE, "title", "titles of panes")                                   \
	X(TITLE_FOCUS, "title.focus", "title of the pane with the keys")       \
	X(CURSOR, "cursor", "the row of the cursor")                           \
	X(CURSOR_INACTIVE, "cursor.inactive",                                  \
	  "the row of the cursor in a pane without the keys")                  \
	X(MARK, "mark", "marks")                                               \
	X(SELECTION, "selection", "selected text")                             \
	X(MATCH, "match", "hits of a search")                                  \
	X(MATCH_CURRENT, "match.current", "the hit the search is at")          \
	X(FILTER, "filter", "filters in force")                                \
	X(GUTTER, "gutter", "the gutter of a log")                             \
	X(GUTTER_ERROR, "gutter.error", "mark of an error line")               \
	X(GUTTER_WARN, "gutter.warn", "mark of a warning line")                \
	X(GUTTER_MARK, "gutter.mark", "mark of a marked line")                 \
	X(GUTTER_WATCH, "gutter.watch", "mark of any other watch")             \
	X(TIME, "time", "the time column")                                     \
	X(LOG_ERROR, "log.error", "error lines")                               \
	X(LOG_WARN, "log.warn", "warning lines")                               \
	X(LOG_DEBUG, "log.debug", "debug lines")                               \
	X(LOG_CONTROL, "log.control", "control characters made visible")       \
	X(LOG_NOTE, "log.note", "what sbx says in a log")                      \
	X(NAME, "name", "names of processes in merged logs")                   \
	X(STATUS, "status", "statuses")                                        \
	X(STATUS_READY, "status.ready", "runs and is ready")                   \
	X(STATUS_STARTING, "status.starting", "not ready yet")                 \
	X(STATUS_FAILED, "status.failed", "ended badly")                       \
	X(STATUS_RETRY, "status.retry", "will be started again")               \
	X(STATUS_STOPPING, "status.stopping", "being stopped")                 \
	X(STATUS_UNHEALTHY, "status.unhealthy", "its check fails")             \
	X(STATUS_DONE, "status.done", "ended well")                            \
	X(STATUS_OFF, "status.off", "not started")                             \
	X(STATUS_WAITING, "status.waiting", "waits")                           \
	X(STATUS_SCHEDULED, "status.scheduled", "scheduled")                   \
	X(STATUS_PAUSED, "status.paused", "stopped by a signal")               \
	X(STATUS_TTY, "status.tty", "has a terminal")                          \
	X(FLAG, "flag", "flags behind a status")                               \
	X(FLAG_ERROR, "flag.error", "unseen errors")                           \
	X(FLAG_OUTPUT, "flag.output", "unseen output")                         \
	X(FLAG_BELL, "flag.bell", "a bell rang")                               \
	X(MODE, "mode", "the mode word")                                       \
	X(MODE_LIST, "mode.list", "the mode word LIST")                        \
	X(MODE_LOG, "mode.log", "the mode word LOG")                           \
	X(MODE_TERM, "mode.term", "the mode word TERM")                        \
	X(MODE_SELECT, "mode.select", "the mode word SELECT")                  \
	X(MODE_PROMPT, "mode.prompt", "the mode words of prompts and sheets")  \
	X(MODE_CONFIRM, "mode.confirm", "the mode word CONFIRM")               \
	X(STATUS_ROW, "status-row", "the status row")                          \
	X(HINT, "hint", "the hint row")                                        \
	X(HINT_KEY, "hint.key", "keys in the hint row")                        \
	X(TOAST, "toast", "messages")                                          \
	X(TOAST_INFO, "toast.info", "messages")                                \
	X(TOAST_WARN, "toast.warn", "warnings")                                \
	X(TOAST_ERROR, "toast.error", "errors")                                \
	X(PROMPT, "prompt", "prompts")                                         \
	X(PROMPT_COMPLETE, "prompt.complete", "what completion offers")        \
	X(PROMPT_INVALID, "prompt.invalid", "a pattern that is none")          \
	X(SHEET, "sheet", "sheets over the panes")                             \
	X(SHEET_BORDER, "sheet.border", "frames of sheets")                    \
	X(SHEET_TITLE, "sheet.title", "titles of sheets")                      \
	X(SHEET_SELECTED, "sheet.selected", "the chosen row of a sheet")       \
	X(SHEET_KEY, "sheet.key", "keys in sheets")                            \
	X(METER, "meter", "figures")                                           \
	X(METER_LOW, "meter.low", "low figures")                               \
	X(METER_MID, "meter.mid", "middle figures")                            \
	X(METER_HIGH, "meter.high", "high figures")                            \
	X(SPARK, "spark", "sparklines")                                        \
	X(SCROLL, "scroll", "the track of scroll bars")                        \
	X(SCROLL_THUMB, "scroll.thumb", "the thumb of scroll bars")            \
	X(SCROLL_TICK, "scroll.tick", "hits and errors in scroll bars")        \
	X(PAUSED, "paused", "the word PAUSED and its count")                   \
	X(LINK, "link", "links")                                               \
	X(TERM_DEAD, "term.dead", "a terminal whose program has ended")

enum role {
#define X(e, name, help) ROLE_##e,
	ROLE_TABLE(X)
#undef X
	ROLE_COUNT
};

extern const struct table role_table;

struct theme_request {
	const char *name;	/* "auto" is "terminal" */
	enum term_depth depth;
	bool light;		/* which variant, where there are two */
};

/*
 * A compiled-in theme, else NAME.theme in ~/.config/sbx/themes, the data
 * directory, or themes beside the program.  NULL with e set.  Mistakes go to
 * ds, which may be NULL; a theme with mistakes is refused.
 */
struct theme *theme_open(const struct theme_request *rq, struct diags *ds,
			 struct err *e);
/* The same from text. */
struct theme *theme_parse(const struct theme_request *rq, const char *file,
			  const char *text, size_t len, struct diags *ds,
			  struct err *e);
/* The same from a file, whoever owns it: a theme starts nothing. */
struct theme *theme_open_file(const struct theme_request *rq, const char *path,
			      struct diags *ds, struct err *e);
void	theme_free(struct theme *t);			/* NULL is fine */
const char *theme_name(const struct theme *t);
struct style theme_style(const struct theme *t, enum role r);
/* Does the theme itself say it?  Else the role looks like another one. */
bool	theme_names_role(const struct theme *t, enum role r);
/* By name ("status.ready"); those of unknown names look like text. */
struct style theme_named(const struct theme *t, const char *role);

/* Could it be opened?  0 or -1; ds as with theme_open. */
int	theme_check(const char *name, struct diags *ds, struct err *e);

/* One "color" line of an sbxrc on top.  0 or -1. */
int	theme_color(struct theme *t, const struct set_color *c,
		    struct err *e);
/* Only the look at it: 0, or -1 and *word is the wrong one, 0 the role and
 * then c->words. */
int	theme_color_check(const struct theme *t, const struct set_color *c,
			  size_t *word, struct err *e);
/* The names that could be opened, sorted; caller frees each and all. */
char	**theme_names(void);
/* The compiled-in text, NULL if there is none of that name. */
const char *theme_builtin(const char *name);

#endif
