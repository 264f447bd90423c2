#include "bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base/mem.h"
#include "engine/base/base.h"
#include "engine/conf/option.h"
#include "logview.h"
#include "pane.h"
#include "sheet.h"
#include "status_text.h"
#include "view.h"

/* A key and what it does; shown when the command has a key. */
struct hint {
	const char *command, *text;
	int from;		/* columns of the screen that it needs */
};

enum { WIDE = BAR_ROOMY, FULL = 170 };

static const struct hint list_hints[] = {
	{ "open", "log", 0 },
	{ "start", "start", 0 },
	{ "stop", "stop", 0 },
	{ "restart", "restart", 0 },
	{ "kill", "kill", FULL },
	{ "send-signal", "signal", FULL },
	{ "details", "details", WIDE },
	{ "mark", "mark", WIDE },
	{ "all-logs", "all logs", WIDE },
	{ "find", "find", 0 },
	{ "filter", "filter", WIDE },
	{ "open-in", "open", FULL },
	{ "copy", "copy", FULL },
	{ "time", "time", FULL },
	{ "wrap", "wrap", FULL },
	{ "zoom", "zoom", FULL },
	{ "order", "order", FULL },
	{ "command", "command", 0 },
	{ "keys", "keys", 0 },
	{ "back", "quit", 0 },
	{ NULL, NULL, 0 },
};

static const struct hint group_hints[] = {
	{ "open", "fold", 0 },
	{ "start", "start them", 0 },
	{ "stop", "stop", 0 },
	{ "restart", "restart", 0 },
	{ "kill", "kill", WIDE },
	{ "send-signal", "signal", WIDE },
	{ "mark", "mark", WIDE },
	{ "all-logs", "their logs", 0 },
	{ "find", "find", WIDE },
	{ "command", "command", 0 },
	{ "keys", "keys", 0 },
	{ "back", "quit", WIDE },
	{ NULL, NULL, 0 },
};

static const struct hint survivor_hints[] = {
	{ "open", "log", 0 },
	{ "stop", "stop it", 0 },
	{ "kill", "kill", 0 },
	{ "send-signal", "signal", 0 },
	{ "details", "details", 0 },
	{ "command", "command", 0 },
	{ "keys", "keys", 0 },
	{ "back", "quit", WIDE },
	{ NULL, NULL, 0 },
};

/* What follows is at its newest line already: table_now() leaves the first row
 * out. */
static const struct hint log_hints[] = {
	{ "bottom", "newest + follow", 0 },
	{ "next-pane", "list", 0 },
	{ "open", "whole line", WIDE },
	{ "find", "find", 0 },
	{ "filter", "filter", 0 },
	{ "next-error", "next error", 0 },
	{ "wrap", "wrap", 0 },
	{ "time", "time", 0 },
	{ "zoom", "zoom", 0 },
	{ "copy", "copy", WIDE },
	{ "choose lines", "select", WIDE },
	{ "restart", "restart", WIDE },
	{ "details", "details", WIDE },
	{ "command", "command", WIDE },
	{ "keys", "keys", 0 },
	{ "back", "back", 0 },
	{ NULL, NULL, 0 },
};

/* A terminal whose keys are ours: zoomed, or beside others. */
static const struct hint screen_hints[] = {
	{ "open", "terminal", 0 },
	{ "zoom", "zoom", 0 },
	{ "next-pane", "list", 0 },
	{ "find", "find in its log", 0 },
	{ "restart", "restart", 0 },
	{ "details", "details", WIDE },
	{ "command", "command", WIDE },
	{ "keys", "keys", 0 },
	{ "back", "back", 0 },
	{ NULL, NULL, 0 },
};

static const struct hint scrolled_hints[] = {
	{ "bottom", "newest", 0 },
	{ "open", "terminal", 0 },
	{ "zoom", "zoom", 0 },
	{ "find", "find in its log", 0 },
	{ "keys", "keys", 0 },
	{ "back", "back", 0 },
	{ NULL, NULL, 0 },
};

static const struct hint search_hints[] = {
	{ "next", "next", 0 },
	{ "previous", "prev", 0 },
	{ "bottom", "newest + follow", 0 },
	{ "filter", "filter", 0 },
	{ "zoom", "zoom", 0 },
	{ "escape", "clear", 0 },
	{ "back", "back", 0 },
	{ NULL, NULL, 0 },
};

static const struct hint merge_hints[] = {
	{ "open", "go to that process", 0 },
	{ "mark", "solo/hide it", 0 },
	{ "filter", "filter", 0 },
	{ "find", "find", 0 },
	{ "wrap", "wrap", WIDE },
	{ "copy", "copy", WIDE },
	{ "all-logs", "back", 0 },
	{ "keys", "keys", 0 },
	{ NULL, NULL, 0 },
};

static const struct hint mark_hints[] = {
	{ "start", "start them", 0 },
	{ "stop", "stop", 0 },
	{ "restart", "restart", 0 },
	{ "split", "split", 0 },
	{ "all-logs", "merge", 0 },
	{ "mark", "mark", 0 },
	{ "unmark", "none", 0 },
	{ "command", "command", WIDE },
	{ "keys", "keys", WIDE },
	{ NULL, NULL, 0 },
};

static const struct hint split_hints[] = {
	{ "next-pane", "next pane", 0 },
	{ "zoom", "zoom this", 0 },
	{ "split", "back to one", 0 },
	{ "all-logs", "merge these", 0 },
	{ "find", "find", 0 },
	{ "command", "command", WIDE },
	{ "keys", "keys", 0 },
	{ NULL, NULL, 0 },
};

static void
put_hint(struct ui *ui, struct pieces *p, const struct hint *h)
{
	const char *key = keymap_key(ui->keymap, ui->mode, h->command);
	struct pane *pa = ui_main_pane(ui, NULL);
	const char *text = h->text;
	char all[96];

	if (!key || p->pen.clip.w < h->from)
		return;
	if (!strcmp(h->command, "next-error") && pa && !logview_rules(pa->log))
		return;
	if (!strcmp(h->command, "open") && ui_shows_screen(ui) &&
	    !list_group(ui))
		text = "terminal";
	if (!strcmp(text, "fold") && list_is_folded(ui))
		text = "unfold";
	if (!strcmp(h->command, "zoom") && ui->zoom)
		text = "unzoom";
	snprintf(all, sizeof(all), "%s %s", key, text);
	if (p->x + draw_columns(all) > p->end)
		return;
	if (ui->spot_count < HINT_SPOTS)
		ui->spots[ui->spot_count++] = (struct hint_spot){
			.from = p->x, .to = p->x + draw_columns(all),
			.command = h->command,
		};
	int x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY, key);
	p->x = ui_text(ui, &p->pen, p->y, x + 1, ROLE_HINT, text) + p->gap;
}

static void
put_table(struct ui *ui, struct pieces *p, const struct hint *h)
{
	for (; h->command; h++)
		put_hint(ui, p, h);
}

/* Which keys are useful now. */
static const struct hint *
table_now(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	struct pane *pa = p ? ui_pane(ui, p) : NULL;
	bool list = ui->mode == MODE_LIST;

	if (ui->merged)
		return merge_hints;
	if (list && ui_marks(ui) > 0)
		return mark_hints;
	if (list_group(ui))
		return group_hints;
	if (list_survivor(ui))
		return survivor_hints;
	if (list)
		return list_hints;
	if (pa && *logview_pattern(pa->log))
		return search_hints;
	if (ui->split_count && !ui->zoom)
		return split_hints;
	if (ui_shows_screen(ui))
		return pa && pa->sb.on ? scrolled_hints : screen_hints;
	bool paused = pa && !logview_following(pa->log);
	return paused ? log_hints : log_hints + 1;
}

char *
bar_leave_key(const struct ui *ui, char out[BAR_LEAVE_MAX])
{
	const char *leave = options_text(ui->options, OPTION_LEAVE);
	bool ctrl = !strncmp(leave, "C-", 2);

	snprintf(out, BAR_LEAVE_MAX, "%s%.40s", ctrl ? "Ctrl-" : "",
		 ctrl ? leave + 2 : leave);
	return out;
}

const char *
bar_leave_where(const struct ui *ui)
{
	return ui->attached ? "leave" : "back to the list";
}

static void
hint_term(struct ui *ui, struct pieces *p)
{
	struct model_proc *proc = ui_selected(ui);
	char key[BAR_LEAVE_MAX], text[160];

	bar_leave_key(ui, key);
	bool cut = proc && !ui_has_keys(ui, proc);
	if (cut) {
		p->x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY,
			       "Enter");
		p->x = ui_text(ui, &p->pen, p->y, p->x + 1, ROLE_HINT,
			       row_up(proc->row) ? "type into it"
						 : "start again") +
		       3;
	}
	p->x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY, key);
	p->x = ui_text(ui, &p->pen, p->y, p->x + 1, ROLE_HINT,
		       bar_leave_where(ui));
	if (cut)
		return;
	snprintf(text, sizeof(text),
		 " (press it twice quickly to send a real %s)", key);
	if (p->x + draw_columns(text) <= p->end)
		ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT, text);
}

static void
hint_narrow(struct ui *ui, struct pieces *p)
{
	(void)ui;
	bar_piece(p, ROLE_HINT,
		  ui->mode == MODE_LIST ? "Enter log" : "Tab list");
	bar_piece(p, ROLE_HINT, "r x s");
	bar_piece(p, ROLE_HINT, "/ :");
	bar_piece(p, ROLE_HINT, "? keys");
	bar_piece(p, ROLE_HINT, "q");
}

/* The key that "Enter send" begins with; "j k choose" names several. */
static bool
key_of(const char *hint, struct key *out)
{
	size_t len = strcspn(hint, " ");
	const char *next = hint + len + strspn(hint + len, " ");
	struct key other;

	return key_parse(hint, len, out, NULL) == 0 &&
	       (!*next ||
		key_parse(next, strcspn(next, " "), &other, NULL) != 0);
}

/* Those of a sheet, none of them cut: two blanks part them. */
static void
hint_sheet(struct ui *ui, struct pieces *p, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "  ");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		char *one = mem_strn(text, len);
		struct hint_spot spot = { .from = p->x };
		bool fits = bar_piece(p, ROLE_HINT, one);
		spot.to = spot.from + draw_columns(one);
		if (fits && key_of(one, &spot.key) &&
		    ui->spot_count < HINT_SPOTS)
			ui->spots[ui->spot_count++] = spot;
		free(one);
		if (!fits)
			return;
		text += len + strspn(text + len, " ");
	}
}

void
bar_hint(struct ui *ui)
{
	struct rect r = ui->layout.hint;

	ui->spot_count = 0;
	if (rect_empty(r))
		return;
	struct pieces p = {
		.ui = ui, .y = r.y, .x = r.x + 1, .end = r.x + r.w, .gap = 2,
		.pen = ui_pen(ui, r, ROLE_HINT),
	};
	if (ui->sheet) {
		if (ui->echo[0])
			bar_piece(&p, ROLE_TEXT_STRONG, ui->echo);
		if (ui->sheet->ops->hint)
			hint_sheet(ui, &p, ui->sheet->ops->hint(ui, ui->sheet));
		return;
	}
	if (ui->mode == MODE_TERM) {
		hint_term(ui, &p);
		return;
	}
	if (ui->echo[0])
		bar_piece(&p, ROLE_TEXT_STRONG, ui->echo);
	if (r.w < BAR_NARROW) {
		hint_narrow(ui, &p);
		return;
	}
	put_table(ui, &p, table_now(ui));
}

bool
bar_mouse(struct ui *ui, const struct vt_mouse *m)
{
	if (m->kind != VT_MOUSE_PRESS || m->button != VT_BUTTON_LEFT ||
	    !rect_holds(ui->layout.hint, m->row, m->col))
		return false;
	for (size_t i = 0; i < ui->spot_count; i++) {
		if (m->col < ui->spots[i].from || m->col >= ui->spots[i].to)
			continue;
		if (ui->spots[i].command)
			command_run(ui, ui->spots[i].command);
		else
			ui_key(ui, ui->spots[i].key);
		return true;
	}
	return true;
}
