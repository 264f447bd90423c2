#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "filters.h"
#include "target.h"
#include "view.h"

/* Prompts in the hint row: find (also while text is selected), filter, a line
 * for stdin. */
enum kind { FIND, FIND_HERE, FILTER, SEND };

enum where { THIS_LOG, ALL_LOGS, NAMES };

struct prompt {
	struct sheet sheet;
	enum kind kind;
	struct edit edit;
	enum where where;	/* to find */
	bool was_merged;	/* the view when it was opened */
	enum mode was_mode;
	bool bad;		/* not a pattern (yet), or no such name */
	uint32_t proc;		/* where it was opened */
	char old[256];		/* pattern to go back to */
	size_t history;
};

/* What the prompt is for, or what is wrong with its text. */
static const char *
note_of(const struct prompt *p)
{
	if (p->kind == FILTER)
		return "keep lines; !RE hides them";
	if (p->kind == SEND)
		return "Enter sends the line";
	if (p->kind == FIND_HERE)
		return "the selection goes to it";
	if (p->where == THIS_LOG)
		return "this log  Tab: all logs";
	if (p->where == ALL_LOGS)
		return "all logs  Tab: names";
	return p->bad ? "no match  Tab: this log"
		      : "names of processes  Tab: this log";
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct prompt *p = (struct prompt *)sh;
	struct rect r = rect_empty(ui->layout.hint) ? ui->layout.status
						    : ui->layout.hint;
	struct pen pen = ui_pen(ui, r, ROLE_PROMPT);
	const char *mark = p->kind == FILTER ? "&"
			   : p->kind == SEND ? ">"
					     : "/";
	const char *note = note_of(p);

	draw_fill(&pen, r);
	int note_w = draw_columns(note);
	if (note_w + 20 < r.w)
		ui_text(ui, &pen, r.y, r.x + r.w - note_w - 1,
			ROLE_PROMPT_COMPLETE, note);
	else
		note_w = 0;
	int x = draw_text(&pen, r.y, r.x, " ");
	x = ui_text(ui, &pen, r.y, x, ROLE_HINT_KEY, mark);
	/* A long text is scrolled so that the cursor is in sight. */
	int room = SBX_MAX(r.w - note_w - 5, 4), col = edit_column(&p->edit);
	struct pen text = pen;
	if (p->bad)
		text.style = ui_style(ui, ROLE_PROMPT_INVALID);
	text.clip = (struct rect){ r.y, x, 1, room };
	int skip = SBX_MAX(col - room + 1, 0);
	draw_text(&text, r.y, x - skip, p->edit.text);
	canvas_set_cursor(ui->canvas, (struct canvas_cursor){
		r.y, x + col - skip, true, 2 });
}

/* The first process whose name holds the text, from where the prompt was
 * opened on: with a longer text it may be the same one.  0: none. */
static uint32_t
find_name(struct ui *ui, const struct prompt *p)
{
	uint32_t id = p->proc;

	for (size_t i = 0; p->edit.len && i < ui->list.count; i++) {
		struct model_proc *proc = model_find(ui->model, id);
		if (proc && strcasestr(proc->row->name, p->edit.text))
			return id;
		uint32_t next = list_move(ui, id, 1);
		id = next == id ? list_nth(ui, 1) : next;
	}
	return 0;
}

/* Without a match the cursor is where it was before. */
static void
show_name(struct ui *ui, struct prompt *p)
{
	uint32_t id = find_name(ui, p);

	p->bad = p->edit.len && !id;
	ui_select(ui, id ? id : p->proc);
}

static void
changed(struct ui *ui, struct prompt *p)
{
	struct err e = ERR_INIT;

	p->bad = false;
	if (p->kind == FILTER || p->kind == SEND)
		return;
	if (p->where == NAMES)
		show_name(ui, p);
	else
		p->bad = target_highlight(ui, p->edit.text, &e) < 0;
}

/* Nothing typed is what was looked for last. */
static const char *
wanted(const struct ui *ui, const struct prompt *p)
{
	size_t pos = ui->finds ? history_count(ui->finds) : 0;
	const char *last = pos ? history_find(ui->finds, "", -1, &pos) : NULL;

	return p->edit.len ? p->edit.text : *p->old ? p->old
	       : last	   ? last
			   : "";
}

static void
accept_find(struct ui *ui, struct prompt *p)
{
	struct err e = ERR_INIT;
	const char *text = wanted(ui, p);

	if (p->edit.len && ui->finds)
		history_add(ui->finds, text);
	if (p->where == NAMES && p->bad)
		ui_toast(ui, TOAST_WARN, "no match: no name holds '%s'",
			 text);
	if (p->where == NAMES)
		return;
	if (target_highlight(ui, text, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	target_search(ui);
	if (ui->mode == MODE_LIST)
		ui_set_mode(ui, MODE_LOG);
}

/* The sheet goes first: the selection below it takes the answer. */
static void
accept_here(struct ui *ui, struct prompt *p)
{
	struct err e = ERR_INIT;
	char *text = mem_str(wanted(ui, p));

	if (p->edit.len && ui->finds)
		history_add(ui->finds, text);
	sheet_close(ui);
	if (!sheet_select_find(ui, text, &e))
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
	free(text);
}

static void
accept(struct ui *ui, struct prompt *p)
{
	struct filters *f = target_filters(ui);
	struct err e = ERR_INIT;

	if (p->kind == FIND_HERE) {
		accept_here(ui, p);
		return;
	}
	if (p->kind == FIND) {
		accept_find(ui, p);
	} else if (p->kind == FILTER && f) {
		if (p->edit.len && filters_add(f, p->edit.text, &e) < 0) {
			ui_toast(ui, TOAST_ERROR, "%s", e.text);
			return;
		}
		if (!p->edit.len)
			filters_drop(f);
	} else if (p->kind == SEND && ui->client) {
		char *line = mem_fmt("%s\n", p->edit.text);
		client_input(ui->client, p->proc, 0, 0, line, strlen(line),
			     NULL, NULL);
		free(line);
	}
	sheet_close(ui);
}

/* Back to the view that the prompt was opened in. */
static void
restore(struct ui *ui, struct prompt *p)
{
	if (p->where == NAMES)
		ui_select(ui, p->proc);
	else
		target_highlight(ui, p->old, NULL);
	if (ui->merged != p->was_merged) {
		ui_show_merged(ui, p->was_merged);
		ui_set_mode(ui, p->was_mode);
	}
}

/* This log, all logs, names, and round. */
static void
look_elsewhere(struct ui *ui, struct prompt *p)
{
	enum where next = p->where == THIS_LOG	? ALL_LOGS
			  : p->where == ALL_LOGS ? NAMES
						 : THIS_LOG;

	if (next == THIS_LOG && p->was_merged)
		next = ALL_LOGS;
	restore(ui, p);
	p->where = next;
	if (next == ALL_LOGS && !ui->merged)
		ui_show_merged(ui, true);
}

static void
cancel(struct ui *ui, struct prompt *p)
{
	if (p->kind == FIND)
		restore(ui, p);
	else if (p->kind == FIND_HERE)
		target_highlight(ui, p->old, NULL);
	sheet_close(ui);
}

static void
from_history(struct ui *ui, struct prompt *p, int direction)
{
	const char *line;

	if (p->kind == FILTER || p->kind == SEND || !ui->finds)
		return;
	line = history_find(ui->finds, "", direction, &p->history);
	if (line)
		edit_set(&p->edit, line);
	changed(ui, p);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct prompt *p = (struct prompt *)sh;
	bool new_text;

	if (k.sym == SYM_ENTER) {
		accept(ui, p);
	} else if (k.sym == SYM_ESC ||
		   (k.sym == 'c' && k.mods == KEY_CTRL) ||
		   (k.sym == SYM_BS && !k.mods && !p->edit.len)) {
		cancel(ui, p);
	} else if (k.sym == SYM_TAB && p->kind == FIND) {
		look_elsewhere(ui, p);
		changed(ui, p);
	} else if (k.sym == SYM_UP || k.sym == SYM_DOWN) {
		from_history(ui, p, k.sym == SYM_UP ? -1 : 1);
	} else if (edit_key(&p->edit, k, &new_text) && new_text) {
		changed(ui, p);
	}
}

static void
paste(struct ui *ui, struct sheet *sh, const char *text, size_t len)
{
	struct prompt *p = (struct prompt *)sh;

	edit_insert(&p->edit, text, len);
	changed(ui, p);
}

static const struct sheet_ops find_ops = {
	.word = "FIND", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste,
};

static const struct sheet_ops filter_ops = {
	.word = "FILTER", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste,
};

static const struct sheet_ops send_ops = {
	.word = "SEND", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste,
};

static void
open_prompt(struct ui *ui, enum kind kind, const struct sheet_ops *ops)
{
	struct prompt *p = mem_alloc(sizeof(*p));

	p->sheet.ops = ops;
	p->kind = kind;
	p->proc = ui->selected;
	snprintf(p->old, sizeof(p->old), "%s", target_pattern(ui));
	p->where = ui->mode == MODE_LIST ? NAMES
		   : ui->merged		 ? ALL_LOGS
					 : THIS_LOG;
	p->was_merged = ui->merged;
	p->was_mode = ui->mode;
	p->history = ui->finds ? history_count(ui->finds) : 0;
	sheet_open(ui, &p->sheet);
}

/* A log is looked through, also that of a process with a terminal. */
static void
show_log(struct ui *ui)
{
	if (ui->mode != MODE_LIST)
		target_show(ui);
	else
		ui_relayout(ui);
}

void
sheet_find_open(struct ui *ui)
{
	show_log(ui);
	open_prompt(ui, FIND, &find_ops);
}

void
sheet_find_here_open(struct ui *ui)
{
	open_prompt(ui, FIND_HERE, &find_ops);
	((struct prompt *)ui->sheet)->where = THIS_LOG;
}

void
sheet_filter_open(struct ui *ui)
{
	show_log(ui);
	open_prompt(ui, FILTER, &filter_ops);
}

void
sheet_send_open(struct ui *ui)
{
	open_prompt(ui, SEND, &send_ops);
}
