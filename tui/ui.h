#ifndef SBX_UI_H
#define SBX_UI_H

/*
 * The state of the screen: what is shown, which process is selected, who has
 * the keys.  Events go in (ui_key, ui_mouse, ui_paste, ui_frame, ui_tick),
 * ui_draw() fills the canvas; no terminal is needed for either, so the whole
 * screen is tested without one.  What only the program around can do (leave,
 * suspend, paint anew) is left in `wants`.
 *
 * A process is referred to by its id and looked up at use: it can be gone
 * after every frame.
 */

#include <stdbool.h>
#include <stdint.h>
#include "draw.h"
#include "engine/client/model.h"
#include "engine/conf/keymap.h"
#include "engine/conf/theme.h"
#include "engine/spec/spec.h"
#include "engine/term/vt.h"
#include "glyph.h"
#include "layout.h"
#include "toast.h"

struct buf;
struct cli_open;
struct client;
struct conn_frame;
struct details_view;
struct err;
struct events_view;
struct history;
struct loop;
struct mergeview;
struct options;
struct pane;
struct proto_hello;
struct remembered;
struct session;
struct set;
struct sheet;

/* What the program around is to do. */
enum {
	UI_LEAVE = 1,		/* end; farewell says what to print */
	UI_REDRAW = 2,
	UI_SUSPEND = 4,
	UI_MOUSE = 8,		/* the mouse option has changed */
	UI_AGAIN = 16,		/* background work is left */
	UI_BELL = 32,		/* ring it */
	UI_COPY = 64,		/* ui->copied to the clipboard */
	UI_NOTIFY = 128,	/* ui->notice to the desktop */
	UI_FRONT = 256,		/* ui->front gets the terminal */
};

enum { UI_HELD_MAX = 256 };
#define UI_NEXT_RUN UINT64_MAX

enum list_sort {
	SORT_NONE, SORT_NAME, SORT_STATE, SORT_CPU, SORT_MEM, SORT_AGE,
	SORT_COUNT
};

/* An entry of the list: a process, one that it has left, or the line over a
 * group. */
struct list_entry {
	uint32_t id;		/* of a process; 0: something else */
	uint32_t pid, owner;	/* of what it has left; 0: not that */
	const char *group;	/* of the entry; borrowed until the rebuild */
	int up, failed, total;	/* of a group line */
	bool folded;		/* its processes are not listed */
};

struct list_view {
	struct list_entry *entries;
	size_t count, cap;
	size_t top;		/* first entry that is drawn */
	/* The cursor is on the line of a group, or on what the selected
	 * process has left (list_cursor.c). */
	char *at_group;		/* NULL: no */
	uint32_t at_pid;	/* 0: no */
	int name_columns;
	bool grouped;
	bool stale;
	bool hidden;		/* show those too */
	char **folded;		/* groups whose processes are not listed */
	size_t folded_count;
	enum list_sort sort;
	uint64_t sorted_ms;	/* when the figures were last looked at */
};

/* Where the hint row can be clicked. */
struct hint_spot {
	int from, to;		/* columns */
	const char *command;	/* of the keymap or a table; NULL: ... */
	struct key key;		/* ... this one is pressed for the sheet */
};

enum { HINT_SPOTS = 24 };

/* What a row of the main pane shows: from column `col` of a line on, drawn
 * from x on.  For those who select text. */
struct text_row {
	bool used;
	uint64_t line;		/* a number in a log or a scrollback */
	int x, w, col;
};

/* How rows of a terminal stand in the main pane. */
struct term_place {
	uint32_t proc;		/* 0: there are none */
	uint32_t modes;
	int rows, cols;		/* of all of it */
	int top, left;		/* rows and columns that do not fit */
};

enum { SPLIT_MAX = 12 };

struct ui;

/* A line of the shell in front of the screen, like an editor. */
struct front {
	const char *line;
	char *env[8];		/* "NAME=value", ours; NULL behind the last */
	void (*done)(struct ui *ui, int status);	/* may be NULL */
};

struct totals {
	int up, failed, retrying, all;
};

struct ui {
	struct loop *loop;	/* NULL in tests */
	struct client *client;	/* NULL: no connection now */
	struct model *model;
	struct canvas *canvas;
	struct theme *theme;
	struct options *options;
	struct keymap *keymap;
	const struct set *set;	/* as the sbxrc says; may be NULL */
	/* Of the sbxrc that was read last, and of one that is looked at. */
	struct session *session, *reloading;
	const char *reload_done;	/* said where it changes nothing */
	char *set_name, *set_dir, *rc_path;
	const char *socket;	/* of the engine; may be NULL */
	int64_t loaded_at_ms;	/* its sbxrc, wall; 0: not known */
	char **wanted_names;	/* of "sbx NAME...": the first is selected */
	bool ascii, only_ascii;	/* only: --ascii */
	enum term_depth depth;
	bool light;		/* the terminal's background is */

	struct layout layout;
	struct list_view list;
	enum mode mode;
	uint32_t selected;	/* 0: nothing to select */
	uint32_t added;		/* selected when its row comes; 0: nobody */
	bool chosen;		/* by a person: do not move it any more */
	bool log_of_tty;	/* the log instead of the picture of a tty */
	bool zoom;
	bool wrap;		/* log lines are wrapped, not cut */
	/* All logs, or those of the marked processes, as one. */
	struct mergeview *merge;
	bool merged;
	char *merge_group;	/* of this group; NULL: of all */
	enum mode merge_from;	/* where one came from */
	uint32_t merge_solo;	/* the only one of them; 0: none */
	int merge_left;		/* columns that are scrolled away */
	/* Panes side by side, 0 or at least two; the selected process has the
	 * one that keys are for. */
	uint32_t split[SPLIT_MAX];
	size_t split_count;
	struct rect split_area;
	bool other;		/* one of the other panes is being drawn */
	uint64_t last_mark;	/* number of the newest mark */
	struct text_row *text_rows;	/* by row of the canvas */
	bool focused;		/* the terminal's window is in front */
	uint64_t left_at_ms;	/* when the leave key was pressed in TERM */
	uint64_t keys_run;	/* TERM: the run that gets the keys; 0: none,
				 * UI_NEXT_RUN: the next one */
	uint32_t screen_proc;	/* whose screen the engine sends us */
	int screen_rows, screen_cols;
	uint64_t size_due_ms;	/* a new size is told then; 0: none */
	bool motion_wanted;	/* the program in the pane asks for it */
	bool dragging;		/* a button is held in the pane */
	/* Typed into a terminal while there was no engine. */
	struct key held[UI_HELD_MAX];
	size_t held_count;
	uint32_t held_proc;
	uint64_t held_run;
	uint64_t held_ms;	/* when the last of them was typed */

	struct details_view *details;
	bool details_on;	/* the pane is wanted */
	struct events_view *events;
	struct sheet *sheet;	/* on top of everything, NULL if none */
	struct history *history, *finds;
	struct remembered *remembered;	/* of remember.h; NULL: nothing is */
	struct toasts toasts;
	const char *tip;	/* in the empty list; NULL: none */
	char echo[160];		/* the command just given, for the hint row */
	uint64_t echo_until_ms;
	/* How its stop goes is told when the engine says so. */
	char stopping[SPEC_NAME_MAX + 1];	/* a name; "": nobody's */
	bool stop_restarts;
	uint64_t stop_until_ms;
	struct hint_spot spots[HINT_SPOTS];
	size_t spot_count;
	char *title;		/* of the window, as last set */
	char notice[256];	/* what happened; the newest ... */
	unsigned notices;	/* ... of so many */
	uint64_t noticed_ms;	/* when the last one was shown */
	bool told_held;		/* that the engine stands still */
	bool had_work;		/* something has run since we came */
	char *copied;		/* text for the clipboard ... */
	size_t copied_len;
	char copied_what[64];	/* ... and what it is: "5 lines" */

	uint64_t clicked_ms;	/* for double clicks, and where */
	int clicked_row;
	bool pressed;		/* the button is held, in the main pane */
	int pressed_row, pressed_col;
	bool attached;		/* "sbx attach": one terminal, no list */
	bool started;		/* the first rows were all there */
	bool going_down;	/* we asked for the end of everything */
	bool dirty;
	bool dirty_main;	/* no more than the terminal pane has changed */
	struct term_place term_place;	/* as the canvas has it */
	unsigned wants;		/* UI_... */
	struct front front;
	int exit_code;
	int done_code;		/* the worst of all that have ended */
	char *parting;		/* the farewell when the set is down */
	char *farewell;		/* printed after leaving; ours */
};

/* Options, keys and theme come from set, which may be NULL. */
struct ui *ui_new(struct loop *l, const struct set *set, enum term_depth d,
		  struct err *e);
void	ui_free(struct ui *ui);				/* NULL is fine */
void	ui_resize(struct ui *ui, int rows, int cols);
void	ui_draw(struct ui *ui);

/* Events. */
void	ui_key(struct ui *ui, struct key k);
void	ui_paste(struct ui *ui, const char *text, size_t len);
/* To its terminal; told where it cannot be sent. */
void	ui_send_paste(struct ui *ui, uint32_t proc, const char *text,
		      size_t len);
/* Whether keys are text now, for a program or a prompt, and no commands. */
bool	ui_takes_text(const struct ui *ui);
void	ui_refuse_paste(struct ui *ui);
void	ui_mouse(struct ui *ui, const struct vt_mouse *m);
void	ui_focus(struct ui *ui, bool in);
/* A new connection, a frame of it, its end. */
void	ui_connected(struct ui *ui, struct client *c,
		     const struct proto_hello *h);
void	ui_frame(struct ui *ui, const struct conn_frame *f);
void	ui_disconnected(struct ui *ui, const char *why);
/* Messages that fade, countdowns, sizes that have settled: when the time
 * (clock_ms) that ui_deadline_ms() names has come. */
void	ui_tick(struct ui *ui);
uint64_t ui_deadline_ms(const struct ui *ui);
/* A slice of background work; sets UI_AGAIN if there is more. */
void	ui_work(struct ui *ui);

/* --- for the parts of the screen --- */

const char *ui_glyph(const struct ui *ui, enum glyph g);
const char *ui_shape(const struct ui *ui, enum shape s);
struct style ui_style(const struct ui *ui, enum role r);
/* A pen in this part of the canvas. */
struct pen ui_pen(const struct ui *ui, struct rect clip, enum role r);
/* text in another role, same clip. */
int	ui_text(const struct ui *ui, const struct pen *p, int y, int x,
		enum role r, const char *text);

struct model_proc *ui_selected(const struct ui *ui);	/* may be NULL */
void	ui_select(struct ui *ui, uint32_t id);
/* One whose row may not be there yet. */
void	ui_select_added(struct ui *ui, uint32_t id);
/* The state of what is shown of a process; made when needed. */
struct pane *ui_pane(struct ui *ui, struct model_proc *p);
/* Of the selected process, when there is room to draw it, else NULL; *p (which
 * may be NULL) is the process. */
struct pane *ui_main_pane(struct ui *ui, struct model_proc **p);
/* How many processes are marked. */
size_t	ui_marks(const struct ui *ui);
void	ui_show_merged(struct ui *ui, bool on);
/* text is taken; what: "3 lines". */
void	ui_copy(struct ui *ui, char *text, size_t len, const char *what);
/* Does the main pane show the terminal's picture, not the log? */
bool	ui_shows_screen(const struct ui *ui);
void	ui_set_mode(struct ui *ui, enum mode m);
/* Do keys go to the program of p, which is selected?  What was typed for one
 * that has ended must not reach the one that was started after it. */
bool	ui_has_keys(const struct ui *ui, const struct model_proc *p);
void	ui_relayout(struct ui *ui);
struct totals ui_totals(const struct ui *ui);
void	ui_toast(struct ui *ui, enum toast_level level, const char *fmt, ...)
	SBX_PRINTF(3, 4);
void	ui_leave(struct ui *ui, int code, const char *fmt, ...)
	SBX_PRINTF(3, 4);
/* The variant of a theme that has two follows. */
void	ui_set_light(struct ui *ui, bool light);
bool	ui_set_theme(struct ui *ui, const char *name, struct err *e);
/* The options were changed: look at those that the screen has. */
void	ui_apply_options(struct ui *ui);
/* As lines of an sbxrc: those that were changed here; all, or those that are
 * the screen's alone. */
void	ui_put_options(const struct ui *ui, bool screens_own, struct buf *out);
/* Tells the engine which screen we look at, and its size. */
void	ui_watch_screen(struct ui *ui);
void	ui_tell_size(struct ui *ui);
/* Does the program in the pane want to hear of every motion? */
void	ui_look_at_mouse(struct ui *ui);

#endif
