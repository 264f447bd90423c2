#include "bar.h"

#include <stdio.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "status_text.h"
#include "view.h"

/* Is this word of a line of the shell something that the shell does? */
static bool
is_shells_own(const char *word, size_t len)
{
	static const char *const words[] = {
		"for", "while", "until", "if", "case", "{", "(", "[", "[[",
		"!", "cd", "export", "set", "trap", "read", ":", ".",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len && !strncmp(words[i], word, len))
			return true;
	return memchr(word, '=', len) != NULL;
}

/* "bash" of "/usr/bin/bash -l", for titles. */
static void
program_of(const struct proc_row *r, char *out, size_t cap)
{
	const char *word = r->command;

	if (!*r->argv && !strncmp(word, "exec ", 5))
		word += 5;
	size_t len = strcspn(word, " ;&|<>\n");
	const char *s = word;
	for (size_t i = 0; i < len; i++)
		if (word[i] == '/' && i + 1 < len)
			s = word + i + 1;
	if (!*r->argv && is_shells_own(word, len))
		snprintf(out, cap, "sh");
	else
		snprintf(out, cap, "%.*s", (int)(word + len - s), s);
}

static void
title_state(struct ui *ui, struct pieces *p, const struct proc_row *r)
{
	char text[STATUS_TEXT_MAX], state[STATUS_TEXT_MAX];
	bool screen = ui_shows_screen(ui);

	row_state(r, clock_wall_ms(), state);
	if (screen && !row_up(r) && r->has_exit)
		snprintf(state, sizeof(state), "ended");
	snprintf(text, sizeof(text), "%s %.50s", ui_shape(ui, row_shape(r)),
		 state);
	bar_piece(p, row_role(r), text);
}

static void
title_screen(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	char text[STATUS_TEXT_MAX];

	(void)ui;
	program_of(r, text, sizeof(text));
	bar_piece(p, ROLE_TITLE, text);
	if (!row_up(r)) {
		bar_piece(p, ROLE_TITLE, row_end(r, text));
		return;
	}
	snprintf(text, sizeof(text), "pid %u", r->pid);
	if (r->pid)
		bar_piece(p, ROLE_TITLE, text);
	if (proc->screen) {
		snprintf(text, sizeof(text), "%ux%u", proc->screen->head.cols,
			 proc->screen->head.rows);
		bar_piece(p, ROLE_TITLE, text);
	}
}

static void
title_log(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	char text[STATUS_TEXT_MAX], command[512], age[32];
	bool narrow = canvas_cols(ui->canvas) < BAR_NARROW;
	bool roomy = canvas_cols(ui->canvas) >= BAR_ROOMY;

	if (r->pid && row_up(r) && !narrow) {
		snprintf(text, sizeof(text), "pid %u", r->pid);
		bar_piece(p, ROLE_TITLE, text);
	}
	bar_piece(p, ROLE_TITLE, row_ports(r, text));
	age[0] = 0;
	if (row_age_ms(r, clock_wall_ms()) >= 0 && !narrow)
		clock_age(age, sizeof(age),
			  (uint64_t)row_age_ms(r, clock_wall_ms()));
	if (!roomy) {
		bar_piece(p, ROLE_TITLE, age);
		return;
	}
	int w = draw_columns(age);
	struct pen pen = p->pen;
	pen.style = ui_style(ui, ROLE_TITLE);
	draw_text(&pen, p->y, p->end - w - 1, age);
	p->x = draw_cut(&pen, p->y, p->x, p->end - w - 3 - p->x,
			one_line(r->command, command, sizeof(command)),
			ui_glyph(ui, GLYPH_MORE)) +
	       2;
	p->end -= w + 3;
}

/* "PAUSED  +128 new  G to follow" at the right end; gives its start. */
static int
title_paused(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	struct pane *pa = ui_pane(ui, proc);
	char text[96], n[STATUS_TEXT_MAX];
	const char *key = keymap_key(ui->keymap, MODE_LOG, "bottom");

	if (ui_shows_screen(ui)) {
		if (!pa->sb.on)
			return p->end;
		snprintf(text, sizeof(text), "PAUSED  %s to follow",
			 key ? key : ":bottom");
	} else {
		if (logview_following(pa->log))
			return p->end;
		grouped_number(logview_unseen(pa->log),
			       ui_glyph(ui, GLYPH_THOUSANDS), n);
		snprintf(text, sizeof(text), "PAUSED  +%s new  %s to follow",
			 n, key ? key : ":bottom");
	}
	if (draw_columns(text) >= p->end - p->x)
		snprintf(text, sizeof(text), "PAUSED");
	int w = draw_columns(text);
	if (w >= p->end - p->x)
		return p->end;
	ui_text(ui, &p->pen, p->y, p->end - w, ROLE_PAUSED, text);
	return p->end - w - 1;
}

/* One pane alone: "●api !3  2/11 ... follow ●". */
static void
title_one(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	struct pane *pa = ui_pane(ui, proc);
	uint32_t errors = pane_errors(pa, proc);
	char text[STATUS_TEXT_MAX];

	p->x = ui_text(ui, &p->pen, p->y, p->x, row_role(r),
		       ui_shape(ui, row_shape(r)));
	p->x = draw_cut(&p->pen, p->y, p->x, p->end - p->x, r->name,
			ui_glyph(ui, GLYPH_MORE)) +
	       1;
	if (errors) {
		snprintf(text, sizeof(text), "!%u", errors);
		bar_piece(p, ROLE_FLAG_ERROR, text);
	}
	int before = p->end;
	p->end = title_paused(ui, p, proc);
	int of, no = list_place(ui, proc->id, &of);
	snprintf(text, sizeof(text), "%d/%d", no, of);
	bar_piece(p, ROLE_TITLE, text);
	if (p->end != before || ui_shows_screen(ui))
		return;
	snprintf(text, sizeof(text), "follow %s", ui_glyph(ui, GLYPH_FOLLOW));
	int w = draw_columns(text);
	if (p->x + w <= p->end)
		ui_text(ui, &p->pen, p->y, p->end - w, ROLE_TEXT_DIM, text);
}

/* "all logs  11 processes, newest last ... follow ●" */
static void
title_merged(struct ui *ui, struct pieces *p)
{
	bool follow = mergeview_following(ui->merge);
	size_t n = mergeview_count(ui->merge);
	const char *key = keymap_key(ui->keymap, MODE_LOG, "bottom");
	char text[96];

	if (follow)
		snprintf(text, sizeof(text), "follow %s",
			 ui_glyph(ui, GLYPH_FOLLOW));
	else
		snprintf(text, sizeof(text), "PAUSED  %s to follow",
			 key ? key : ":bottom");
	int w = draw_columns(text);
	if (w < p->end - p->x) {
		ui_text(ui, &p->pen, p->y, p->end - w,
			follow ? ROLE_TEXT_DIM : ROLE_PAUSED, text);
		p->end -= w + 1;
	}
	if (ui->merge_group && !ui_marks(ui)) {
		snprintf(text, sizeof(text), "logs of %.64s", ui->merge_group);
		bar_piece(p, ROLE_TITLE_FOCUS, text);
	} else {
		bar_piece(p, ROLE_TITLE_FOCUS,
			  ui_marks(ui) > 0 ? "marked logs" : "all logs");
	}
	snprintf(text, sizeof(text), "%zu process%s, newest last", n,
		 n == 1 ? "" : "es");
	bar_piece(p, ROLE_TITLE, text);
}

void
bar_main_title(struct ui *ui)
{
	struct rect r = ui->layout.main_title;
	struct model_proc *proc = ui_selected(ui);
	bool focus = !ui->other && (ui->mode != MODE_LIST ||
				    ui->layout.kind == LAYOUT_TINY);

	if (rect_empty(r))
		return;
	struct pieces p = {
		.ui = ui, .y = r.y, .x = r.x + 1, .end = r.x + r.w, .gap = 2,
		.pen = ui_pen(ui, r, focus ? ROLE_TITLE_FOCUS : ROLE_TITLE),
	};
	if (focus)
		ui_text(ui, &p.pen, r.y, r.x, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	if (ui->merged) {
		title_merged(ui, &p);
		return;
	}
	if (!proc) {
		bar_piece(&p, ROLE_TITLE, ui->set_name);
		return;
	}
	if (ui->layout.kind == LAYOUT_ONE || ui->layout.kind == LAYOUT_TINY) {
		title_one(ui, &p, proc);
		return;
	}
	p.x = draw_cut(&p.pen, p.y, p.x, (p.end - p.x) / 2, proc->row->name,
		       ui_glyph(ui, GLYPH_MORE)) +
	      2;
	title_state(ui, &p, proc->row);
	p.end = title_paused(ui, &p, proc);
	if (ui_shows_screen(ui))
		title_screen(ui, &p, proc);
	else
		title_log(ui, &p, proc);
	if (ui->zoom) {
		p.x++;
		bar_piece(&p, ROLE_TEXT_DIM, "zoom");
	}
	bool below = ui->layout.kind == LAYOUT_STACK ||
		     (ui->split_count && r.y > 0);
	if (below && !ui->zoom) {
		struct pen dim = ui_pen(ui, r, ROLE_BORDER);
		draw_repeat(&dim, r.y, p.x, ui_glyph(ui, GLYPH_LINE),
			    p.end - p.x);
	}
}
