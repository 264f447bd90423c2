#ifndef SBX_SHEET_H
#define SBX_SHEET_H

/*
 * What lies on top of the panes and has the keys while it is there: dialogs,
 * forms, help, prompts.  Sheets stack; only the top one is asked.  A sheet
 * frees itself when it is closed, and closes itself when its work is done;
 * after sheet_close() it must not be touched.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/conf/theme.h"
#include "engine/term/keys.h"
#include "rect.h"
#include "ui.h"

struct vt_mouse;

struct sheet_ops {
	const char *word;	/* the mode word: "HELP" */
	enum role role;		/* of the mode word */
	void (*draw)(struct ui *ui, struct sheet *sh);
	void (*key)(struct ui *ui, struct sheet *sh, struct key k);
	/* The rest may be NULL. */
	void (*paste)(struct ui *ui, struct sheet *sh, const char *text,
		      size_t len);
	bool (*mouse)(struct ui *ui, struct sheet *sh,
		      const struct vt_mouse *m);
	/* Text of the hint row; NULL: the sheet draws there itself. */
	const char *(*hint)(struct ui *ui, struct sheet *sh);
	/* What the status row says after the word. */
	const char *(*about)(struct ui *ui, struct sheet *sh);
	void (*tick)(struct ui *ui, struct sheet *sh);
	void (*free)(struct sheet *sh);		/* else free() */
};

struct sheet {			/* first member of each sheet */
	const struct sheet_ops *ops;
	struct sheet *below;
};

void	sheet_open(struct ui *ui, struct sheet *sh);	/* takes sh */
void	sheet_close(struct ui *ui);		/* the top one, if any */
void	sheet_close_all(struct ui *ui);

/* All that sheets may cover: the status row stays in sight. */
struct rect sheet_room(const struct ui *ui);
/* A place for h × w cells over the panes; y < 0: in the middle. */
struct rect sheet_place(const struct ui *ui, int y, int h, int w);
/* Blank, frame, title and footer; returns the inside. */
struct rect sheet_frame(const struct ui *ui, struct rect r, const char *title,
			const char *footer);
/* A line between parts of a framed sheet. */
void	sheet_rule(const struct ui *ui, struct rect r, int y);

/* A key that is bound for the mode of the top sheet: true if that was all. */
bool	sheet_bound(struct ui *ui, struct key k);

/* Esc, q and Ctrl-C close what takes no text. */
bool	sheet_is_close(struct key k);

/* Rows about the selected process; texts are copied.  A letter (0: none)
 * picks its row at once. */
struct sheet_menu_row {
	char key;
	const char *word, *text;
};

/* The process is there when it is called, and the menu is gone. */
typedef void sheet_menu_fn(struct ui *ui, uint32_t proc, int row,
			   const char *about);

struct sheet_menu {
	const char *mode_word;	/* kept */
	enum role role;
	const char *title, *verb;
	const char *about;	/* for run; may be NULL */
	const struct sheet_menu_row *rows;
	int count, chosen;
	int word_columns;	/* before the texts */
	char again;		/* does what Enter does; 0: none */
	sheet_menu_fn *run;
};

void	sheet_menu_open(struct ui *ui, const struct sheet_menu *m);

/* Text to read; long lines are wrapped.  What is given is copied, but for the
 * word. */
struct sheet_text {
	const char *word;	/* "EVENTS" */
	const char *title, *text;
	/* Enter: NULL closes.  It gets the text, and the sheet is gone. */
	void (*accept)(struct ui *ui, const char *text);
	const char *verb;	/* what that does: "write them" */
};

void	sheet_text_open(struct ui *ui, const struct sheet_text *t);

/* The sheets there are. */
void	sheet_help_open(struct ui *ui);
void	sheet_command_open(struct ui *ui, const char *text);
void	sheet_find_open(struct ui *ui);
void	sheet_filter_open(struct ui *ui);
void	sheet_send_open(struct ui *ui);		/* a line for stdin */
void	sheet_leave_open(struct ui *ui);
void	sheet_details_open(struct ui *ui);
void	sheet_add_open(struct ui *ui);
/* whom: as words of a command; NULL: the marked ones, else what the cursor of
 * the list is on. */
void	sheet_signal_open(struct ui *ui, const char *whom);
/* Selecting text of the main pane: how is "chars", "lines" or "block". */
void	sheet_select_open(struct ui *ui, const char *how);
/* A prompt for what n and N go to there; and its answer, which the sheet of a
 * selection takes: false with e when it is no pattern. */
void	sheet_find_here_open(struct ui *ui);
bool	sheet_select_find(struct ui *ui, const char *pattern, struct err *e);
/* The same by the mouse, from where the button was pressed. */
void	sheet_select_drag(struct ui *ui, int y, int x);
/* The current line to the clipboard, without a sheet. */
void	sheet_select_copy(struct ui *ui);
void	sheet_reload_open(struct ui *ui);	/* reads the sbxrc again */
/* The same after we have written to it; done is said if nothing else differs,
 * and kept. */
void	sheet_reload_after(struct ui *ui, const char *done);
void	sheet_reload_free(struct ui *ui);	/* what it keeps in ui */
/* How the list is made, or who waits for whom. */
void	sheet_order_open(struct ui *ui, bool graph);
void	sheet_copy_open(struct ui *ui);		/* what of a process */
void	sheet_start_open(struct ui *ui);	/* there is no sbxrc */
/* Asks before running command (a line); answer is its key. */
void	sheet_confirm_open(struct ui *ui, const char *title, const char *text,
			   char answer, const char *label,
			   const char *command);
/* The same, but calls fn with the pasted bytes; for a paste of lines. */
void	sheet_paste_open(struct ui *ui, uint32_t proc, const char *text,
			 size_t len);

#endif
