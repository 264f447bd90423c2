#include "ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "list_columns.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "remember.h"
#include "sheet.h"
#include "status_text.h"
#include "view.h"

enum {
	SETTLE_MS = 50,		/* a size is told when it stays so long */
};

const char *
ui_glyph(const struct ui *ui, enum glyph g)
{
	return glyph(g, ui->ascii);
}

const char *
ui_shape(const struct ui *ui, enum shape s)
{
	static char ascii[SHAPE_COUNT][2];

	if (!ui->ascii)
		return shape_get(s)->unicode;
	ascii[s][0] = shape_get(s)->ascii;
	return ascii[s];
}

struct style
ui_style(const struct ui *ui, enum role r)
{
	return theme_style(ui->theme, r);
}

struct pen
ui_pen(const struct ui *ui, struct rect clip, enum role r)
{
	return (struct pen){ ui->canvas, clip, ui_style(ui, r) };
}

int
ui_text(const struct ui *ui, const struct pen *p, int y, int x, enum role r,
	const char *text)
{
	struct pen own = *p;

	own.style = ui_style(ui, r);
	/* A role without a background of its own keeps that of the pen. */
	if (!own.style.bg || own.style.bg == ui_style(ui, ROLE_TEXT).bg)
		own.style.bg = p->style.bg;
	return draw_text(&own, y, x, text);
}

struct model_proc *
ui_selected(const struct ui *ui)
{
	return ui->selected ? model_find(ui->model, ui->selected) : NULL;
}

struct pane *
ui_pane(struct ui *ui, struct model_proc *p)
{
	if (!p->user)
		p->user = pane_new(ui->set, p);
	return p->user;
}

struct pane *
ui_main_pane(struct ui *ui, struct model_proc **p)
{
	struct model_proc *sel = ui_selected(ui);

	if (p)
		*p = sel;
	return sel && !rect_empty(ui->layout.main) ? ui_pane(ui, sel) : NULL;
}

static void
on_gone(struct model_proc *p, void *arg)
{
	struct ui *ui = arg;

	pane_free(p->user);
	p->user = NULL;
	ui->list.stale = true;
}

bool
ui_shows_screen(const struct ui *ui)
{
	const struct model_proc *p = ui_selected(ui);

	return p && p->row->tty && !ui->log_of_tty && !ui->merged;
}

const struct view *
view_main(const struct ui *ui)
{
	if (ui->merged)
		return &view_merge;
	return ui_shows_screen(ui) ? &view_term : &view_log;
}

struct totals
ui_totals(const struct ui *ui)
{
	struct totals t = { 0, 0, 0, 0 };

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		t.up += row_up(r);
		t.failed += row_failed(r);
		t.retrying += r->status == STATUS_BACKOFF;
		t.all++;
	}
	return t;
}

void
ui_toast(struct ui *ui, enum toast_level level, const char *fmt, ...)
{
	char text[TOAST_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The words that are always there tell its kind. */
	toasts_add(&ui->toasts, level, *fmt == '%' ? NULL : fmt, text,
		   clock_ms(), clock_wall_ms());
	ui->dirty = true;
}

void
ui_leave(struct ui *ui, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(ui->farewell);
	ui->farewell = mem_str(text);
	ui->exit_code = code;
	ui->wants |= UI_LEAVE;
}

bool
ui_set_theme(struct ui *ui, const char *name, struct err *e)
{
	struct theme_request rq = { .name = name, .depth = ui->depth,
				    .light = ui->light };
	struct theme *t = theme_open(&rq, NULL, e);

	if (!t)
		return false;
	for (size_t i = 0; ui->set && i < ui->set->color_count; i++)
		theme_color(t, &ui->set->colors[i], NULL);
	theme_free(ui->theme);
	ui->theme = t;
	ui->dirty = true;
	return true;
}

void
ui_set_light(struct ui *ui, bool light)
{
	if (light == ui->light)
		return;
	ui->light = light;
	ui_set_theme(ui, theme_name(ui->theme), NULL);
}

/* "15;0", the numbers of the text's and the background's colour: what rxvt
 * and others tell those who do not ask. */
static bool
environment_is_light(void)
{
	const char *s = getenv("COLORFGBG");
	const char *last = s ? strrchr(s, ';') : NULL;
	unsigned long no = last ? strtoul(last + 1, NULL, 10) : 0;

	return no == 7 || (no > 8 && no < 16);
}

/* Does the environment ask for something else than UTF-8?  Where it says
 * nothing, terminals of this century are assumed. */
static bool
locale_is_narrow(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *s = getenv(names[i]);
		if (s && *s)
			return !strcasestr(s, "utf-8") &&
			       !strcasestr(s, "utf8");
	}
	return false;
}

void
ui_apply_options(struct ui *ui)
{
	const char *glyphs = options_text(ui->options, OPTION_GLYPHS);
	const char *theme = options_text(ui->options, OPTION_THEME);
	struct err e = ERR_INIT;

	if (ui->only_ascii || !strcmp(glyphs, "ascii"))
		ui->ascii = true;
	else if (!strcmp(glyphs, "unicode"))
		ui->ascii = false;
	else
		ui->ascii = locale_is_narrow();
	if (!strcmp(theme, "auto"))
		theme = "terminal";
	if (strcmp(theme_name(ui->theme), theme) != 0 &&
	    ui->depth != TERM_MONO && !ui_set_theme(ui, theme, &e))
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
	ui->wants |= UI_MOUSE;
	if (ui->canvas)
		ui_relayout(ui);
}

void
ui_put_options(const struct ui *ui, bool screens_own, struct buf *out)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		enum option_id id = (enum option_id)i;
		const char *now = options_text(ui->options, id);
		const char *then = ui->set ? options_text(ui->set->options, id)
					   : row->standard;
		if ((!screens_own || option_is_of_screen(row)) &&
		    strcmp(now, then) != 0)
			buf_addf(out, "set %s %s\n", row->row.name, now);
	}
}

struct ui *
ui_new(struct loop *l, const struct set *set, enum term_depth d,
       struct err *e)
{
	struct ui *ui = mem_alloc(sizeof(*ui));
	struct theme_request rq = { .name = "terminal", .depth = d };

	ui->loop = l;
	ui->set = set;
	ui->depth = d;
	ui->focused = true;
	ui->light = environment_is_light();
	ui->theme = theme_open(&rq, NULL, e);
	if (!ui->theme) {
		free(ui);
		return NULL;
	}
	ui->model = model_new(on_gone, ui);
	ui->options = set ? options_dup(set->options) : options_new();
	ui->keymap = keymap_new();
	ui->canvas = canvas_new(24, 80);
	ui->text_rows = mem_array(24, sizeof(*ui->text_rows));
	ui->merge = mergeview_new();
	ui->details = details_new();
	ui->events = events_new();
	ui->set_name = mem_str(set && set->name ? set->name : "sbx");
	ui->set_dir = mem_str(set && set->dir ? set->dir : "/");
	ui->rc_path = mem_str(set && set->path ? set->path : "");
	ui_set_theme(ui, "terminal", NULL);
	ui_apply_options(ui);
	if (set && keymap_add_set(ui->keymap, set, e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s", e->text);
	ui_relayout(ui);
	return ui;
}

void
ui_free(struct ui *ui)
{
	if (!ui)
		return;
	sheet_close_all(ui);
	sheet_reload_free(ui);
	remember_free(ui);
	model_free(ui->model);
	options_free(ui->options);
	keymap_free(ui->keymap);
	theme_free(ui->theme);
	canvas_free(ui->canvas);
	mergeview_free(ui->merge);
	free(ui->merge_group);
	free(ui->text_rows);
	free(ui->copied);
	details_free(ui->details);
	events_free(ui->events);
	free(ui->list.entries);
	free(ui->list.at_group);
	for (size_t i = 0; i < ui->list.folded_count; i++)
		free(ui->list.folded[i]);
	free(ui->list.folded);
	free(ui->set_name);
	free(ui->set_dir);
	free(ui->rc_path);
	free(ui->title);
	free(ui->parting);
	free(ui->farewell);
	free(ui);
}

static enum layout_wish
wish_of(const struct ui *ui)
{
	const char *s = options_text(ui->options, OPTION_LAYOUT);

	return !strcmp(s, "side")    ? LAYOUT_WISH_SIDE
	       : !strcmp(s, "stack") ? LAYOUT_WISH_STACK
				     : LAYOUT_AUTO;
}

static void
make_layout(struct ui *ui)
{
	const char *width = options_text(ui->options, OPTION_LIST_WIDTH);
	struct layout_in in = {
		.rows = canvas_rows(ui->canvas),
		.cols = canvas_cols(ui->canvas),
		.wish = wish_of(ui),
		.list_width = strcmp(width, "auto") == 0
				      ? 0
				      : (int)options_number(
						ui->options,
						OPTION_LIST_WIDTH),
		.name_columns = ui->list.name_columns,
		.wide_columns = list_columns_width(ui->options, false),
		.full_columns = list_columns_width(ui->options, true),
		.list_rows = (int)ui->list.count,
		.watch_rows = view_watch_rows(ui),
		.details = ui->details_on,
		.zoom = ui->zoom || ui->merged,
		.list_focused = ui->mode == MODE_LIST,
	};

	ui->layout = layout_make(&in);
	if (ui->split_count && !ui->zoom && !ui->merged)
		split_place(ui);
	/* A terminal has no scroll bar: its program gets that column. */
	if (ui_shows_screen(ui) && ui->layout.scroll >= 0) {
		ui->layout.main.w++;
		ui->layout.scroll = -1;
	}
}

void
ui_relayout(struct ui *ui)
{
	make_layout(ui);
	bool wide = ui->list.grouped;
	list_rebuild(ui);
	/* Group lines come and go with the width, and count as rows. */
	if (ui->list.grouped != wide || !ui->started)
		make_layout(ui);
	make_layout(ui);
	ui->dirty = true;
	ui_watch_screen(ui);
}

void
ui_watch_screen(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	struct rect r = ui->layout.main;
	bool shows = ui_shows_screen(ui) && !rect_empty(r);
	uint32_t want = p && p->row->tty ? p->id : 0;

	if (!ui->client)
		return;
	if (want == ui->screen_proc &&
	    (!shows || (r.h == ui->screen_rows && r.w == ui->screen_cols)))
		return;
	if (want == ui->screen_proc) {
		/* Dragging a window's corner gives many sizes. */
		ui->size_due_ms = clock_ms() + SETTLE_MS;
		return;
	}
	struct model_proc *old = model_find(ui->model, ui->screen_proc);
	if (old)
		model_drop_screen(old);
	ui->screen_proc = want;
	ui->screen_rows = shows ? r.h : 0;
	ui->screen_cols = shows ? r.w : 0;
	client_screen_watch(ui->client, want, (uint16_t)ui->screen_rows,
			    (uint16_t)ui->screen_cols);
}

void
ui_tell_size(struct ui *ui)
{
	struct rect r = ui->layout.main;

	ui->size_due_ms = 0;
	if (!ui->client || !ui_shows_screen(ui) || rect_empty(r) ||
	    ui->screen_proc != ui->selected)
		return;
	ui->screen_rows = r.h;
	ui->screen_cols = r.w;
	client_screen_watch(ui->client, ui->screen_proc, (uint16_t)r.h,
			    (uint16_t)r.w);
}

void
ui_resize(struct ui *ui, int rows, int cols)
{
	canvas_resize(ui->canvas, rows, cols);
	free(ui->text_rows);
	ui->text_rows = mem_array((size_t)canvas_rows(ui->canvas),
				  sizeof(*ui->text_rows));
	ui_relayout(ui);
}

size_t
ui_marks(const struct ui *ui)
{
	size_t n = 0;

	for (size_t i = 0; ui->last_mark && i < model_count(ui->model); i++) {
		const struct pane *pa = model_at(ui->model, i)->user;
		n += pa && pa->mark_no;
	}
	return n;
}

void
ui_show_merged(struct ui *ui, bool on)
{
	const char *group = on ? list_group(ui) : NULL;

	free(ui->merge_group);
	ui->merge_group = mem_str(group);
	if (ui->merged && !on)
		ui->mode = ui->merge_from;
	ui->merged = on;
	ui->merge_solo = 0;
	if (on) {
		ui->merge_from = ui->mode;
		mergeview_follow(ui->merge);
		ui->mode = MODE_LOG;
		merge_sync(ui);
	}
	ui_relayout(ui);
	ui_look_at_mouse(ui);
}

void
ui_copy(struct ui *ui, char *text, size_t len, const char *what)
{
	free(ui->copied);
	ui->copied = text;
	ui->copied_len = len;
	snprintf(ui->copied_what, sizeof(ui->copied_what), "%s", what);
	ui->wants |= UI_COPY;
}

/* The motion of the mouse is only wanted by some programs, and floods. */
void
ui_look_at_mouse(struct ui *ui)
{
	const struct model_proc *p = ui_selected(ui);
	bool all = p && p->screen && ui->mode == MODE_TERM &&
		   (p->screen->head.modes & VT_MODE_MOUSE_MOVE);

	if (all != ui->motion_wanted) {
		ui->motion_wanted = all;
		ui->wants |= UI_MOUSE;
	}
}

void
ui_select(struct ui *ui, uint32_t id)
{
	list_leave(ui);
	ui->added = 0;
	if (!id || id == ui->selected) {
		ui->dirty = true;
		return;
	}
	ui->selected = id;
	ui->merged = false;
	ui->log_of_tty = false;
	if (ui->mode == MODE_TERM)
		ui->mode = MODE_LIST;
	ui_relayout(ui);
	struct model_proc *p = ui_selected(ui);
	if (p) {
		struct pane *pa = ui_pane(ui, p);
		pa->in_sight_ms = 0;
		logview_refresh(pa->log);
		ui->wants |= UI_AGAIN;
	}
	log_ensure(ui, ui_selected(ui));
	ui_look_at_mouse(ui);
}

void
ui_select_added(struct ui *ui, uint32_t id)
{
	if (list_index(ui, id) >= 0)
		ui_select(ui, id);
	else
		ui->added = id;
	ui->dirty = true;
}

bool
ui_has_keys(const struct ui *ui, const struct model_proc *p)
{
	return ui->mode == MODE_TERM && row_up(p->row) &&
	       p->row->run == ui->keys_run;
}

void
ui_set_mode(struct ui *ui, enum mode m)
{
	struct model_proc *p = ui_selected(ui);

	if (m != MODE_LIST && !p)
		m = MODE_LIST;
	if (m == MODE_TERM && !p->row->tty)
		m = MODE_LOG;
	if (m == MODE_TERM)
		ui->log_of_tty = false;
	if (m == MODE_LOG && p->row->tty && ui->mode == MODE_LIST)
		ui->log_of_tty = true;
	if (m == MODE_LIST && ui->zoom)
		ui->zoom = false;
	if (m != MODE_LOG)
		ui->merged = false;
	/* A process that has no pane of its own gets the whole one. */
	if (m != MODE_LIST && ui->split_count && !split_has(ui, ui->selected))
		ui->split_count = 0;
	if (m == MODE_LIST && ui->mode == MODE_LOG)
		ui->log_of_tty = false;
	if (m == MODE_TERM && ui->mode != MODE_TERM)
		ui->keys_run = row_up(p->row)	  ? p->row->run
			       : p->row->has_exit ? 0
						  : UI_NEXT_RUN;
	ui->mode = m;
	if (p && m != MODE_TERM && ui_pane(ui, p)->log_stale) {
		ui_pane(ui, p)->log_stale = false;
		logview_refresh(ui_pane(ui, p)->log);
		ui->wants |= UI_AGAIN;
	}
	ui_relayout(ui);
	/* Whoever uses a terminal decides its size. */
	if (m == MODE_TERM)
		ui_tell_size(ui);
	log_ensure(ui, ui_selected(ui));
	ui_look_at_mouse(ui);
}

/* --- drawing --- */

static void
draw_separator(struct ui *ui, int x)
{
	struct pen pen = ui_pen(ui, canvas_rect(ui->canvas), ROLE_BORDER);

	for (int y = 0; x >= 0 && y < ui->layout.status.y; y++)
		draw_text(&pen, y, x, ui_glyph(ui, GLYPH_SEPARATOR));
}

static void
draw_sheets(struct ui *ui, struct sheet *sh)
{
	if (!sh)
		return;
	draw_sheets(ui, sh->below);
	sh->ops->draw(ui, sh);
}

void
ui_draw(struct ui *ui)
{
	/* The answer to a key: everything else stands as it is. */
	if (!ui->dirty && ui->dirty_main && !ui->list.stale &&
	    !cell_pool_full(canvas_pool(ui->canvas)) && term_redraw(ui)) {
		ui->dirty_main = false;
		return;
	}
	if (ui->list.stale)
		ui_relayout(ui);
	ui->term_place.proc = 0;
	canvas_clear(ui->canvas, ui_style(ui, ROLE_TEXT));
	memset(ui->text_rows, 0, (size_t)canvas_rows(ui->canvas) *
					 sizeof(*ui->text_rows));
	view_list.draw(ui);
	view_watch_draw(ui);
	view_events_draw(ui);
	view_details_draw(ui);
	draw_separator(ui, ui->layout.separator);
	draw_separator(ui, ui->layout.details_separator);
	split_draw(ui);
	bar_main_title(ui);
	view_main(ui)->draw(ui);
	bar_status(ui);
	bar_hint(ui);
	draw_sheets(ui, ui->sheet);
	ui->dirty = ui->dirty_main = false;
}
