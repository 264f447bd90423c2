#ifndef SBX_VIEW_H
#define SBX_VIEW_H

/*
 * The parts of the screen below the sheets.  Each is a set of functions over
 * struct ui; keys come through the keymap and the actions, which use the
 * scroll functions here.  Views keep no state of their own outside struct ui
 * and struct pane.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rect.h"

struct buf;
struct details_view;
struct journal_event;
struct model_proc;
struct pen;
struct proto_value;
struct ui;
struct vt_mouse;

enum view_scroll {
	VIEW_ROWS,		/* by n rows, < 0: up */
	VIEW_HALF,		/* by n half pages */
	VIEW_PAGE,
	VIEW_TOP,
	VIEW_BOTTOM,
	VIEW_SIDE,		/* by n steps of columns */
};

struct view {
	void (*draw)(struct ui *ui);
	void (*scroll)(struct ui *ui, enum view_scroll how, int n);
	/* m is on the screen; true when it was used. */
	bool (*mouse)(struct ui *ui, const struct vt_mouse *m);
};

extern const struct view view_list, view_log, view_merge, view_term;

/* The log or the terminal, whichever the main pane shows. */
const struct view *view_main(const struct ui *ui);

/* view_list.c */
extern const char *const list_sort_names[];	/* by enum list_sort */
void	list_rebuild(struct ui *ui);
struct list_entry;
bool	list_is_group(const struct list_entry *e);
/* Is it the first one of groups, which is where it is listed? */
bool	list_in_group(const char *groups, const char *group);
/* Folds the group, or unfolds it; only its first word counts. */
void	list_fold(struct ui *ui, const char *group);
int	list_index(const struct ui *ui, uint32_t id);	/* -1: not listed */
uint32_t list_move(const struct ui *ui, uint32_t id, int by);
int	list_place(const struct ui *ui, uint32_t id, int *of);	/* from 1 */
uint32_t list_nth(const struct ui *ui, unsigned no);	/* from 1; 0: none */
uint32_t list_attention(const struct ui *ui);		/* 0: none wants it */

/* list_cursor.c */
int	list_cursor(const struct ui *ui);	/* an entry; -1: none */
void	list_go(struct ui *ui, int idx);
void	list_step(struct ui *ui, int by);	/* stops at the ends */
void	list_leave(struct ui *ui);	/* back to the selected process */
/* The group on whose line it is; NULL: none. */
const char *list_group(const struct ui *ui);
bool	list_is_folded(const struct ui *ui);	/* that group */
uint32_t list_survivor(const struct ui *ui);	/* its pid; 0: none */
/* What a command means that is given without a name: a group, "NAME/PID", or
 * the name of the selected process; NULL: nobody. */
enum { LIST_TARGET_MAX = 160 };
const char *list_target(const struct ui *ui, char out[LIST_TARGET_MAX]);

/* view_log.c: the log of p (NULL is fine) was or was not opened. */
void	log_ensure(struct ui *ui, struct model_proc *p);
/* To the last line that a watch of p has matched; all sheets are closed.
 * Said where there is none any more, and when it is of a former run. */
void	log_show_watch(struct ui *ui, struct model_proc *p,
		       const struct proto_value *v);
/* How wide times are shown now, with the blank behind them, and one of them:
 * before_ms is that of the line before. */
enum {
	LOG_TIME_SHORT = 6, LOG_TIME = 9, LOG_TIME_DELTA = 10,
	LOG_TIME_DATE = 15,
};
int	log_time_columns(const struct ui *ui);		/* 0: not at all */
void	log_put_time(const struct ui *ui, int y, int x, int columns,
		     int64_t wall_ms, int64_t before_ms);
/* The mark of a level in the gutter, or of the current line. */
void	draw_gutter(const struct ui *ui, int y, int level, bool current);
/* The shown text of a line, as it is drawn; or, raw, what was printed without
 * what does something to a terminal.  False when it is gone. */
bool	log_text(struct ui *ui, uint64_t line, bool raw, struct buf *out);
/* Adds text without anything but characters and tabs: whoever pastes it must
 * not run what somebody's output says. */
void	log_harmless(struct buf *out, const char *text, size_t len);
bool	log_step(struct ui *ui, uint64_t line, int direction, uint64_t *out);

/* view_term.c: the same for rows of a terminal; *wrapped: the line goes on
 * in the next row. */
bool	term_text(struct ui *ui, uint64_t line, struct buf *out,
		  bool *wrapped);
bool	term_step(struct ui *ui, uint64_t line, int direction, uint64_t *out);
/* Rows of the main pane that have changed since they were drawn; false, and
 * nothing drawn, where all of it has to be. */
bool	term_redraw(struct ui *ui);
/* The first line and the one after the last. */
void	term_lines(struct ui *ui, uint64_t *first, uint64_t *end);

/* view_merge.c */
/* The logs that are merged, as they are now. */
void	merge_sync(struct ui *ui);
/* The process of the current line is the only one, then left out; all are
 * there again. */
void	merge_choose(struct ui *ui);
void	merge_show_all(struct ui *ui);
/* How many are left out by hand. */
size_t	merge_hidden(const struct ui *ui);
/* The current line to the clipboard. */
void	merge_copy(struct ui *ui);
/* To the log of the current line, at that line. */
void	merge_open(struct ui *ui);

/* split.c: panes side by side. */
/* Of these processes; false when there is no room. */
bool	split_open(struct ui *ui, const uint32_t *ids, size_t count);
void	split_close(struct ui *ui);
/* The part of the layout that the selected process has. */
void	split_place(struct ui *ui);
bool	split_has(const struct ui *ui, uint32_t id);
/* The pane after (1) or before (-1) the selected one; 0: the list. */
uint32_t split_next(const struct ui *ui, int direction);
void	split_draw(struct ui *ui);
/* The process whose pane is there; 0: none. */
uint32_t split_at(struct ui *ui, int y, int x);

/* view_watch.c, view_events.c */
void	view_watch_draw(struct ui *ui);
/* The row of a watch leads to its last line. */
void	view_watch_click(struct ui *ui, int row);
/* The newest hits or values, VIEW_CURVE_COLS columns. */
enum { VIEW_CURVE_COLS = 20 };
void	view_watch_curve(struct ui *ui, const struct pen *p, int y, int x,
			 const struct proto_value *v);
int	view_watch_rows(const struct ui *ui);
void	view_events_draw(struct ui *ui);
struct events_view *events_new(void);
void	events_free(struct events_view *ev);		/* NULL is fine */
/* dir is taken. */
void	events_open(struct events_view *ev, int dir);
/* Reads what is new; true if something was. */
bool	events_refresh(struct events_view *ev);
/* One event as if it had been read. */
void	events_add(struct events_view *ev, const struct journal_event *e);
/* Those with a number first <= no < next are kept; kind is an enum
 * event_kind. */
uint64_t events_first(const struct events_view *ev);
uint64_t events_next(const struct events_view *ev);
const char *events_get(const struct events_view *ev, uint64_t no,
		       const char **process, int64_t *wall_ms, int *kind);
/* The last event, as one sentence, with its process; NULL: none. */
const char *events_text(const struct events_view *ev, unsigned back,
			const char **process, int64_t *wall_ms);

/* view_details.c */
struct details_view *details_new(void);
void	details_free(struct details_view *d);		/* NULL is fine */
void	view_details_draw(struct ui *ui);
/* Asks for what is old. */
void	view_details_tick(struct ui *ui);
bool	view_details_mouse(struct ui *ui, const struct vt_mouse *m);

/* bar.c */
void	bar_main_title(struct ui *ui);
void	bar_status(struct ui *ui);
void	bar_hint(struct ui *ui);
bool	bar_mouse(struct ui *ui, const struct vt_mouse *m);
/* "Ctrl-]": the key that leaves a terminal. */
enum { BAR_LEAVE_MAX = 64 };
char	*bar_leave_key(const struct ui *ui, char out[BAR_LEAVE_MAX]);
const char *bar_leave_where(const struct ui *ui);	/* what it does */
const char *bar_mode_word(const struct ui *ui, int *role);

#endif
