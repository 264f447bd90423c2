#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "details_page.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/units.h"
#include "engine/client/client.h"
#include "engine/conf/set.h"
#include "engine/spec/spec.h"
#include "status_text.h"

/* Leaving while something runs; afterwards the progress of stopping. */
enum { DETACH, STOP, INTERRUPT, STAY, ANSWERS };

enum { FRONTS_MAX = 3, ASKED_MAX = 16, NAMES_COLS = 24 };

struct leave {
	struct sheet sheet;
	int chosen;		/* an answer */
	bool stopping;
	struct rect at[ANSWERS];	/* rows of the answers, as drawn */
	struct {
		uint32_t proc;
		char command[200];	/* harmless */
	} fronts[FRONTS_MAX];	/* what terminals have in front of them */
	size_t front_count;
};

static const struct {
	const char *key, *word;
} answers[ANSWERS] = {
	{ "d", "detach" },
	{ "s", "stop all" },
	{ "i", "interrupt" },
	{ "Esc", "stay" },
};

/* Only what runs can be interrupted. */
static bool
offered(const struct ui *ui, int answer)
{
	const struct model_proc *p = ui_selected(ui);

	return answer != INTERRUPT || (p && row_up(p->row));
}

/* The chosen answer may not be there any more: things end meanwhile. */
static int
chosen(const struct ui *ui, const struct leave *l)
{
	return offered(ui, l->chosen) ? l->chosen : DETACH;
}

static void
choose(const struct ui *ui, struct leave *l, int by)
{
	int i = chosen(ui, l);

	do
		i = (i + ANSWERS + by) % ANSWERS;
	while (!offered(ui, i));
	l->chosen = i;
}

static bool
is_waiting(const struct proc_row *r)
{
	return r->status == STATUS_BACKOFF;
}

/* "api web db worker shell", of as many as have room. */
static void
running_names(struct ui *ui, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		if (!row_up(r) && !is_waiting(r))
			continue;
		if (n + strlen(r->name) >= NAMES_COLS) {
			snprintf(out + n, cap - n, " %s",
				 ui_glyph(ui, GLYPH_MORE));
			return;
		}
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "",
				      r->name);
	}
}

static void
title_text(const struct ui *ui, char *out, size_t cap)
{
	struct totals t = ui_totals(ui);
	int n = t.up ? t.up : t.retrying;
	const char *what = t.up ? "running" : "about to be tried again";

	if (n)
		snprintf(out, cap, "leave sbx %s %d process%s %s",
			 ui_glyph(ui, GLYPH_DASH), n,
			 n == 1 ? " is" : "es are", what);
	else
		snprintf(out, cap, "leave sbx %s nothing is running",
			 ui_glyph(ui, GLYPH_DASH));
}

/* How long the steps of those that run may take, until KILL. */
static uint64_t
longest_stop_ms(const struct ui *ui)
{
	struct spec *usual = spec_new();
	uint64_t most = 0;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		const struct spec *s =
			ui->set ? set_spec_of(ui->set, r->name) : NULL;
		uint64_t ms = 0;
		s = s ? s : usual;
		for (size_t k = 0; row_up(r) && k < s->stop_count; k++)
			ms += s->stop[k].wait_ms;
		most = SBX_MAX(most, ms);
	}
	spec_free(usual);
	return most;
}

static void
answer_text(struct ui *ui, int i, char *out, size_t cap)
{
	struct model_proc *p = ui_selected(ui);
	struct totals t = ui_totals(ui);
	int n = t.up + t.retrying;
	char names[200], time[UNITS_TEXT_MAX];

	switch (i) {
	case DETACH:
		snprintf(out, cap, "%s; `sbx` comes back",
			 n == 0	  ? "the set stays"
			 : n == 1 ? "it goes on"
				  : "they keep running");
		break;
	case STOP:
		running_names(ui, names, sizeof(names));
		units_duration_text(longest_stop_ms(ui), time);
		if (!n)
			snprintf(out, cap, "and end the session");
		else if (!t.up)
			snprintf(out, cap, "%s", names);
		else
			snprintf(out, cap, "%s, up to %s", names, time);
		break;
	case INTERRUPT:
		snprintf(out, cap, "send Ctrl-C to %.64s, stay here",
			 p ? p->row->name : "");
		break;
	default:
		out[0] = 0;
		break;
	}
}

/* "shell has a program in front: vim server.js", of as many as fit. */
static void
draw_fronts(struct ui *ui, const struct leave *l, struct pen *pen, int y)
{
	char text[320];

	for (size_t i = 0; i < l->front_count; i++, y++) {
		const struct model_proc *p =
			model_find(ui->model, l->fronts[i].proc);
		if (!p || y >= pen->clip.y + pen->clip.h)
			continue;
		snprintf(text, sizeof(text), "%.64s has a program in front: %s",
			 p->row->name, l->fronts[i].command);
		draw_cut(pen, y, pen->clip.x, pen->clip.w - 1, text,
			 ui_glyph(ui, GLYPH_MORE));
	}
}

static void
draw_question(struct ui *ui, struct leave *l)
{
	int fronts = (int)l->front_count;
	int rows = 4 + (offered(ui, INTERRUPT) ? ANSWERS : ANSWERS - 1);
	struct rect r = sheet_place(ui, -1, fronts ? rows + fronts + 1 : rows,
				    54);
	char text[256];

	title_text(ui, text, sizeof(text));
	struct rect in = sheet_frame(ui, r, text, NULL);
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	/* In a low terminal the answers matter more than the air. */
	int y = in.y + (in.h > ANSWERS ? 1 : 0);
	in.w++;
	pen.clip = in;
	for (int i = 0; i < ANSWERS; i++) {
		l->at[i] = (struct rect){ 0 };
		if (!offered(ui, i))
			continue;
		l->at[i] = (struct rect){ y, in.x, 1, in.w };
		if (i == chosen(ui, l))
			ui_text(ui, &pen, y, in.x, ROLE_TEXT_STRONG,
				ui_glyph(ui, GLYPH_CURSOR));
		ui_text(ui, &pen, y, in.x + 2, ROLE_SHEET_KEY,
			answers[i].key);
		draw_text(&pen, y, i == STAY ? in.x + 7 : in.x + 5,
			  answers[i].word);
		answer_text(ui, i, text, sizeof(text));
		draw_cut(&pen, y++, in.x + 16, in.w - 16, text,
			 ui_glyph(ui, GLYPH_MORE));
	}
	draw_fronts(ui, l, &pen, y + 1);
}

static void
draw_progress(struct ui *ui)
{
	int live = 0, i = 0;
	char text[256], state[STATUS_TEXT_MAX];

	for (size_t k = 0; k < model_count(ui->model); k++)
		live += row_up(model_at(ui->model, k)->row);
	struct rect r = sheet_place(ui, -1, SBX_MIN(live, 12) + 4, 54);
	snprintf(text, sizeof(text), "stopping, %d left", live);
	struct rect in = sheet_frame(ui, r, text,
				     "X kills them now  d in the background");
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	for (size_t k = 0; k < model_count(ui->model); k++) {
		const struct proc_row *row = model_at(ui->model, k)->row;
		if (!row_up(row) || i + 1 >= in.h)
			continue;
		row_state(row, clock_wall_ms(), state);
		int y = in.y + 1 + i++;
		ui_text(ui, &pen, y, in.x, row_role(row),
			ui_shape(ui, row_shape(row)));
		draw_cut(&pen, y, in.x + 2, 20, row->name,
			 ui_glyph(ui, GLYPH_MORE));
		snprintf(text, sizeof(text), "%.16s %.60s", row->stop_step,
			 state);
		draw_cut(&pen, y, in.x + 24, in.w - 24, text, "");
	}
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct leave *l = (struct leave *)sh;

	if (l->stopping)
		draw_progress(ui);
	else
		draw_question(ui, l);
}

static void
interrupt(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	char line[128];

	if (!p || !row_up(p->row))
		return;
	if (p->row->tty && ui->client) {
		client_key(ui->client, p->id, (struct key){ 'c', KEY_CTRL });
		return;
	}
	snprintf(line, sizeof(line), "signal INT %.64s", p->row->name);
	command_sure(ui, line);
}

static void
answer(struct ui *ui, struct leave *l, int which)
{
	switch (which) {
	case DETACH:
		sheet_close(ui);
		command_run(ui, "detach");
		break;
	case STOP:
		l->stopping = true;
		command_sure(ui, "down");
		break;
	case INTERRUPT:
		sheet_close(ui);
		interrupt(ui);
		break;
	default:
		sheet_close(ui);
		break;
	}
}

static void
progress_key(struct ui *ui, struct key k)
{
	if (k.sym == 'X' && !k.mods)
		command_sure(ui, "kill --all");
	else if (k.sym == 'd' && !k.mods)
		ui_leave(ui, 0, "sbx: %s is being stopped in the "
			 "background\n", ui->set_name);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct leave *l = (struct leave *)sh;

	if (l->stopping) {
		progress_key(ui, k);
		return;
	}
	if (k.sym == SYM_ENTER)
		answer(ui, l, chosen(ui, l));
	else if (sheet_is_close(k))
		answer(ui, l, STAY);
	else if (k.sym == SYM_DOWN || k.sym == 'j')
		choose(ui, l, 1);
	else if (k.sym == SYM_UP || k.sym == 'k')
		choose(ui, l, -1);
	else if (!k.mods)
		for (int i = 0; i < STAY; i++)
			if (k.sym == (uint32_t)answers[i].key[0] &&
			    offered(ui, i)) {
				answer(ui, l, i);
				return;
			}
}

/* A click chooses, one on what is chosen answers. */
static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *m)
{
	struct leave *l = (struct leave *)sh;

	if (m->kind != VT_MOUSE_PRESS || m->button != VT_BUTTON_LEFT ||
	    l->stopping)
		return false;
	for (int i = 0; i < ANSWERS; i++) {
		if (!rect_holds(l->at[i], m->row, m->col))
			continue;
		if (i == chosen(ui, l))
			answer(ui, l, i);
		else
			l->chosen = i;
		return true;
	}
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	static char text[128];

	if (((struct leave *)sh)->stopping)
		return "X kill now   d stop in the background";
	snprintf(text, sizeof(text), "d s%s or %s Enter   Esc stay      "
		 "`set quit detach` stops this question",
		 offered(ui, INTERRUPT) ? " i" : "",
		 ui_glyph(ui, GLYPH_UP_DOWN));
	return text;
}

static const struct sheet_ops ops = {
	.word = "CONFIRM", .role = ROLE_MODE_CONFIRM,
	.draw = draw, .key = key, .mouse = mouse, .hint = hint,
};

static void
on_details(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	uint32_t proc = page_answer(a);
	struct page_facts facts = { .count = 0 };
	struct leave *l = (struct leave *)ui->sheet;

	(void)c;
	if (!proc || !l || l->sheet.ops != &ops ||
	    l->front_count == FRONTS_MAX)
		return;
	page_facts_take(&facts, a->reply->text, 0);
	const char *command = page_fact_text(&facts, "front", NULL);
	if (*command) {
		l->fronts[l->front_count].proc = proc;
		one_line(command, l->fronts[l->front_count].command,
			 sizeof(l->fronts[0].command));
		l->front_count++;
		ui->dirty = true;
	}
	page_facts_fini(&facts);
}

void
sheet_leave_open(struct ui *ui)
{
	struct leave *l = mem_alloc(sizeof(*l));
	int asked = 0;

	l->sheet.ops = &ops;
	sheet_open(ui, &l->sheet);
	for (size_t i = 0; i < model_count(ui->model) && asked < ASKED_MAX;
	     i++) {
		const struct model_proc *p = model_at(ui->model, i);
		if (!p->row->tty || !row_up(p->row))
			continue;
		page_ask(ui, p, on_details);
		asked++;
	}
}
