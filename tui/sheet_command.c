#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "action.h"
#include "command.h"
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/conf/cmd.h"
#include "engine/conf/option.h"

/* The command line behind ':', with what could be meant below it. */
enum { OFFERS_MAX = 128, SHOWN = 6, WIDTH = 64, HEIGHT = 15,
       EXPLAINS = 10 };

struct command_line {
	struct sheet sheet;
	struct edit edit;
	struct completion offers[OFFERS_MAX];
	size_t count, chosen, top;
	bool picked;		/* an offer was chosen by hand */
	struct rect offered;	/* their rows, as drawn */
	size_t history;
	char typed[EDIT_MAX + 1];	/* before going through the history */
};

static void
refresh(struct ui *ui, struct command_line *cl)
{
	completion_free(cl->offers, cl->count);
	cl->count = command_complete(ui, cl->edit.text, cl->offers,
				     OFFERS_MAX);
	cl->chosen = cl->top = 0;
	cl->picked = false;
}

static const struct row *
row_of(const char *line)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, " "), line);
	const struct row *r = table_find(&action_table, name);
	return r ? r : table_find(&cmd_verb_table, name);
}

/*
 * The offer that Enter takes, NULL if it takes the text as it stands.  The
 * first one only in place of the beginning of a command: a name behind it is
 * never guessed.
 */
static const struct completion *
taken(const struct command_line *cl)
{
	const char *text = cl->edit.text;

	if (!cl->count)
		return NULL;
	if (!cl->picked && (!*text || strchr(text, ' ') || row_of(text)))
		return NULL;
	return &cl->offers[cl->chosen];
}

/* What Enter would run. */
static void
line_of(const struct command_line *cl, char *out, size_t cap)
{
	const struct completion *c = taken(cl);

	snprintf(out, cap, "%.*s%s", c ? (int)c->from : (int)cl->edit.len,
		 cl->edit.text, c ? c->text : "");
}

static void
draw_offers(struct ui *ui, const struct pen *pen, struct command_line *cl,
	    int y, int rows)
{
	int x = pen->clip.x;

	cl->offered = (struct rect){ y, x, rows, pen->clip.w };
	if (cl->chosen < cl->top)
		cl->top = cl->chosen;
	if (cl->chosen >= cl->top + (size_t)rows)
		cl->top = cl->chosen - (size_t)rows + 1;
	for (int i = 0; i < rows && cl->top + (size_t)i < cl->count; i++) {
		size_t n = cl->top + (size_t)i;
		const struct completion *c = &cl->offers[n];
		struct pen own = *pen;
		if (c == taken(cl)) {
			own.style = ui_style(ui, ROLE_SHEET_SELECTED);
			draw_fill(&own, (struct rect){ y + i, x, 1,
						       pen->clip.w });
			draw_text(&own, y + i, x, ui_glyph(ui, GLYPH_CURSOR));
		}
		const char *key =
			keymap_key(ui->keymap, ui->mode, c->text);
		draw_cut(&own, y + i, x + 2, 22, c->text,
			 ui_glyph(ui, GLYPH_MORE));
		draw_right(&own, y + i, x + 25, 5, key ? key : "", "");
		draw_cut(&own, y + i, x + 32, pen->clip.w - 32, c->help,
			 ui_glyph(ui, GLYPH_MORE));
	}
}

static void
draw_explanation(struct ui *ui, const struct pen *pen,
		 const struct command_line *cl, int y)
{
	char text[256], line[EDIT_MAX + 1];

	line_of(cl, line, sizeof(line));
	const struct row *r = row_of(line);
	if (!r)
		return;
	snprintf(text, sizeof(text), "%s%s%s: %s", r->name,
		 *r->args ? " " : "", r->args, r->help);
	draw_cut(pen, y, pen->clip.x, pen->clip.w, text,
		 ui_glyph(ui, GLYPH_MORE));
	if (table_find(&cmd_verb_table, r->name))
		snprintf(text, sizeof(text),
			 "in sbxrc: bind KEY %.60s   shell: sbx %.60s", line,
			 line);
	else
		snprintf(text, sizeof(text), "in sbxrc: bind KEY %.60s",
			 line);
	struct pen dim = *pen;
	dim.style = ui_style(ui, ROLE_PROMPT_COMPLETE);
	dim.style.bg = pen->style.bg;
	draw_cut(&dim, y + 1, pen->clip.x, pen->clip.w, text,
		 ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct command_line *cl = (struct command_line *)sh;
	struct rect r = sheet_place(ui, 2, HEIGHT, WIDTH);
	char footer[48] = "";

	if (cl->count)
		snprintf(footer, sizeof(footer), "%zu of %zu", cl->chosen + 1,
			 cl->count);
	struct rect in = sheet_frame(ui, r, "do anything", footer);
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	int x = ui_text(ui, &pen, in.y, in.x, ROLE_PROMPT, ": ");
	int room = SBX_MAX(in.w - 3, 1), col = edit_column(&cl->edit);
	int skip = SBX_MAX(col - room, 0);
	struct pen text = pen;
	text.clip.x = x;
	text.clip.w = room + 1;
	draw_text(&text, in.y, x - skip, cl->edit.text);
	canvas_set_cursor(ui->canvas, (struct canvas_cursor){
		in.y, x + col - skip, true, 2 });
	if (in.h < 5) {
		draw_offers(ui, &pen, cl, in.y + 1, in.h - 1);
		return;
	}
	sheet_rule(ui, r, in.y + 1);
	/* On a small screen what can be chosen goes before what it means. */
	bool explains = in.h >= EXPLAINS;
	int rows = in.h - (explains ? 6 : 2);
	draw_offers(ui, &pen, cl, in.y + 2, rows);
	if (!explains)
		return;
	sheet_rule(ui, r, in.y + 2 + rows);
	draw_explanation(ui, &pen, cl, in.y + 3 + rows);
}

/* Takes the chosen offer over; a theme is tried on at once. */
static void
take_offer(struct ui *ui, struct command_line *cl)
{
	if (!cl->count)
		return;
	const struct completion *c = &cl->offers[cl->chosen];
	char *text = mem_fmt("%s ", c->text);
	edit_replace(&cl->edit, c->from, text);
	free(text);
	refresh(ui, cl);
}

static void
accept(struct ui *ui, struct command_line *cl)
{
	char line[EDIT_MAX + 1];

	line_of(cl, line, sizeof(line));
	sheet_close(ui);
	if (ui->history)
		history_add(ui->history, line);
	if (line[strspn(line, " ")])
		command_run(ui, line);
}

static void
from_history(struct ui *ui, struct command_line *cl, int direction)
{
	if (!ui->history)
		return;
	if (cl->history == history_count(ui->history))
		snprintf(cl->typed, sizeof(cl->typed), "%s", cl->edit.text);
	const char *line = history_find(ui->history, cl->typed, direction,
					&cl->history);
	if (line) {
		edit_set(&cl->edit, line);
		refresh(ui, cl);
	}
}

/* The first one is chosen by the first key, if none was before. */
static void
choose(struct command_line *cl, int by)
{
	if (!cl->count)
		return;
	if (!taken(cl) && by > 0)
		by = 0;
	cl->chosen = (cl->chosen + cl->count + (size_t)by) % cl->count;
	cl->picked = true;
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct command_line *cl = (struct command_line *)sh;
	bool changed = false;

	if (k.sym == SYM_ENTER) {
		accept(ui, cl);
	} else if (k.sym == SYM_ESC ||
		   (k.sym == 'c' && k.mods == KEY_CTRL) ||
		   (k.sym == SYM_BS && !k.mods && !cl->edit.len)) {
		sheet_close(ui);
	} else if (k.sym == SYM_TAB && !(k.mods & KEY_SHIFT)) {
		take_offer(ui, cl);
	} else if (k.sym == SYM_TAB) {
		choose(cl, -1);
	} else if (k.sym == SYM_DOWN) {
		choose(cl, 1);
	} else if (k.sym == SYM_UP) {
		choose(cl, -1);
	} else if (k.mods == KEY_CTRL && (k.sym == 'r' || k.sym == 'p')) {
		from_history(ui, cl, -1);
	} else if (k.mods == KEY_CTRL && k.sym == 'n') {
		from_history(ui, cl, 1);
	} else if (edit_key(&cl->edit, k, &changed) && changed) {
		refresh(ui, cl);
	}
}

static void
paste(struct ui *ui, struct sheet *sh, const char *text, size_t len)
{
	struct command_line *cl = (struct command_line *)sh;

	edit_insert(&cl->edit, text, len);
	refresh(ui, cl);
}

/* A click chooses, one on what is chosen runs it; the wheel goes through. */
static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *m)
{
	struct command_line *cl = (struct command_line *)sh;
	size_t no = cl->top + (size_t)(m->row - cl->offered.y);

	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP && cl->chosen > 0)
		choose(cl, -1);
	else if (m->button == VT_BUTTON_WHEEL_DOWN &&
		 cl->chosen + 1 < cl->count)
		choose(cl, 1);
	if (m->button != VT_BUTTON_LEFT ||
	    !rect_holds(cl->offered, m->row, m->col) || no >= cl->count)
		return true;
	if (taken(cl) && no == cl->chosen) {
		accept(ui, cl);
		return true;
	}
	cl->chosen = no;
	cl->picked = true;
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	static char text[128];

	(void)sh;
	snprintf(text, sizeof(text), "Tab complete  %s choose  C-r history  "
		 "Enter run  Esc cancel", ui_glyph(ui, GLYPH_UP_DOWN));
	return text;
}

static void
free_sheet(struct sheet *sh)
{
	struct command_line *cl = (struct command_line *)sh;

	completion_free(cl->offers, cl->count);
	free(cl);
}

static const struct sheet_ops ops = {
	.word = "COMMAND", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste, .mouse = mouse,
	.hint = hint,
	.free = free_sheet,
};

void
sheet_command_open(struct ui *ui, const char *text)
{
	struct command_line *cl = mem_alloc(sizeof(*cl));

	cl->sheet.ops = &ops;
	edit_set(&cl->edit, text);
	cl->history = ui->history ? history_count(ui->history) : 0;
	refresh(ui, cl);
	sheet_open(ui, &cl->sheet);
}
