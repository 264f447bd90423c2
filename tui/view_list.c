#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/conf/option.h"
#include "engine/text/rowfmt.h"
#include "list_columns.h"
#include "pane.h"
#include "status_text.h"
#include "ui.h"

enum {
	NAME_X = 3,		/* of grouped and of plain rows */
	SORT_EVERY_MS = 2000,
};

const char *const list_sort_names[SORT_COUNT] = {
	[SORT_NONE] = "sbxrc", [SORT_NAME] = "name", [SORT_STATE] = "state",
	[SORT_CPU] = "cpu", [SORT_MEM] = "mem", [SORT_AGE] = "age",
};

static void
add_entry(struct list_view *lv, uint32_t id, const char *group)
{
	if (lv->count == lv->cap) {
		size_t cap = lv->cap ? 2 * lv->cap : 32;
		lv->entries = mem_grow(lv->entries, lv->cap, cap,
				       sizeof(*lv->entries));
		lv->cap = cap;
	}
	lv->entries[lv->count++] =
		(struct list_entry){ .id = id, .group = group };
}

bool
list_is_group(const struct list_entry *e)
{
	return !e->id && !e->pid;
}

/* A process may be in several groups; its own is the first one. */
bool
list_in_group(const char *a, const char *b)
{
	size_t len = strcspn(a, " ");

	return len == strcspn(b, " ") && strncmp(a, b, len) == 0;
}

static bool
listed(const struct list_view *lv, const struct model_proc *p,
       const char *group)
{
	return (!p->row->hidden || lv->hidden) &&
	       (!group || list_in_group(p->row->group, group));
}

/* Where it is among those that are folded; their number: it is not. */
static size_t
folded_index(const struct list_view *lv, const char *group)
{
	size_t i = 0;

	while (i < lv->folded_count && !list_in_group(lv->folded[i], group))
		i++;
	return i;
}

/* A group line and the processes of the group, in their order. */
static void
add_group(struct ui *ui, const char *group)
{
	struct list_view *lv = &ui->list;
	size_t head = lv->count;
	bool folded = *group &&
		      folded_index(lv, group) < lv->folded_count;
	int up = 0, total = 0, failed = 0;

	if (*group)
		add_entry(lv, 0, group);
	for (size_t i = 0; i < model_count(ui->model); i++) {
		struct model_proc *p = model_at(ui->model, i);
		if (!listed(lv, p, group))
			continue;
		if (!folded)
			add_entry(lv, p->id, group);
		up += row_up(p->row);
		failed += row_failed(p->row);
		total++;
	}
	if (*group) {
		lv->entries[head].up = up;
		lv->entries[head].total = total;
		lv->entries[head].failed = failed;
		lv->entries[head].folded = folded;
	}
}

static bool
group_is_new(const struct list_view *lv, const char *group)
{
	for (size_t i = 0; i < lv->count; i++)
		if (list_is_group(&lv->entries[i]) &&
		    list_in_group(lv->entries[i].group, group))
			return false;
	return true;
}

/* What a column says, as a number that grows in the order of the list. */
static uint64_t
sort_key(const struct ui *ui, const struct proc_row *r)
{
	int64_t age = row_age_ms(r, clock_wall_ms());

	switch (ui->list.sort) {
	case SORT_STATE:
		return (uint64_t)row_shape(r);
	case SORT_CPU:
		return UINT64_MAX - (row_up(r) ? r->cpu_permille : 0);
	case SORT_MEM:
		return UINT64_MAX - (row_up(r) ? r->rss_bytes : 0);
	case SORT_AGE:
		return age < 0 ? UINT64_MAX : (uint64_t)age;
	default:
		return 0;
	}
}

static int
compare(const void *a, const void *b, void *arg)
{
	struct ui *ui = arg;
	struct model_proc *p =
		model_find(ui->model, ((const struct list_entry *)a)->id);
	struct model_proc *q =
		model_find(ui->model, ((const struct list_entry *)b)->id);
	uint64_t m = ui_pane(ui, p)->sort_key, n = ui_pane(ui, q)->sort_key;
	int r = ui->list.sort == SORT_NAME ? strcmp(p->row->name, q->row->name)
					   : (m > n) - (m < n);

	return r ? r : (p->row->order > q->row->order) -
			       (p->row->order < q->row->order);
}

/* Figures change all the time; rows move every two seconds at most. */
static void
sort_entries(struct ui *ui)
{
	struct list_view *lv = &ui->list;
	uint64_t now = clock_ms();
	bool again = !lv->sorted_ms || now - lv->sorted_ms >= SORT_EVERY_MS;

	for (size_t i = 0; again && i < lv->count; i++) {
		struct model_proc *p = model_find(ui->model,
						  lv->entries[i].id);
		ui_pane(ui, p)->sort_key = sort_key(ui, p->row);
	}
	if (again)
		lv->sorted_ms = now;
	if (lv->count > 1)
		qsort_r(lv->entries, lv->count, sizeof(*lv->entries), compare,
			ui);
}

/* Behind each process those that it has left. */
static void
add_survivors(struct ui *ui)
{
	struct list_view *lv = &ui->list;
	struct list_view old = *lv;
	bool any = false;

	for (size_t i = 0; i < old.count; i++) {
		const struct model_proc *p =
			model_find(ui->model, old.entries[i].id);
		any |= p && p->row->left_list[0];
	}
	if (!any)
		return;
	lv->entries = NULL;
	lv->count = lv->cap = 0;
	for (size_t i = 0; i < old.count; i++) {
		const struct list_entry *e = &old.entries[i];
		const struct model_proc *p = model_find(ui->model, e->id);
		const char *s = p ? p->row->left_list : "", *command;
		unsigned pid;
		size_t len;
		add_entry(lv, e->id, e->group);
		lv->entries[lv->count - 1] = *e;
		while ((s = rowfmt_left(s, &pid, &command, &len))) {
			add_entry(lv, 0, "");
			lv->entries[lv->count - 1].pid = pid;
			lv->entries[lv->count - 1].owner = p->id;
		}
	}
	free(old.entries);
}

void
list_rebuild(struct ui *ui)
{
	struct list_view *lv = &ui->list;
	size_t n = model_count(ui->model);
	bool grouped = false;

	lv->count = 0;
	lv->name_columns = 0;
	for (size_t i = 0; i < n; i++) {
		struct model_proc *p = model_at(ui->model, i);
		if (p->row->hidden && !lv->hidden)
			continue;
		int w = draw_columns(p->row->name);
		lv->name_columns = SBX_MAX(lv->name_columns, w);
		grouped |= p->row->group[0] != 0;
	}
	/* An order of one's own is one over all groups. */
	lv->grouped = grouped && ui->layout.wide && lv->sort == SORT_NONE;
	if (!lv->grouped) {
		for (size_t i = 0; i < n; i++) {
			struct model_proc *p = model_at(ui->model, i);
			if (listed(lv, p, NULL))
				add_entry(lv, p->id, p->row->group);
		}
		if (lv->sort != SORT_NONE)
			sort_entries(ui);
	} else {
		add_group(ui, "");
		for (size_t i = 0; i < n; i++) {
			const char *g = model_at(ui->model, i)->row->group;
			if (*g && group_is_new(lv, g))
				add_group(ui, g);
		}
	}
	add_survivors(ui);
	lv->stale = false;
}

/* The processes that are listed, but for those of this group. */
static size_t
others(struct ui *ui, const char *group)
{
	size_t n = 0;

	for (size_t i = 0; i < ui->list.count; i++)
		n += ui->list.entries[i].id &&
		     !list_in_group(ui->list.entries[i].group, group);
	return n;
}

/* A process that is listed, from the line of this group on. */
static uint32_t
near_group(const struct ui *ui, const char *group)
{
	uint32_t before = 0;
	bool behind = false;

	for (size_t i = 0; i < ui->list.count; i++) {
		const struct list_entry *e = &ui->list.entries[i];
		behind |= list_is_group(e) && list_in_group(e->group, group);
		if (e->id && behind)
			return e->id;
		before = e->id ? e->id : before;
	}
	return before;
}

void
list_fold(struct ui *ui, const char *group)
{
	struct list_view *lv = &ui->list;
	size_t at = folded_index(lv, group);

	if (!lv->grouped) {
		ui_toast(ui, TOAST_INFO, "groups are listed from 100 columns "
			 "on, in the order of the sbxrc");
		return;
	}
	if (at < lv->folded_count) {
		free(lv->folded[at]);
		lv->folded[at] = lv->folded[--lv->folded_count];
		ui_relayout(ui);
		return;
	}
	if (others(ui, group) == 0) {
		ui_toast(ui, TOAST_INFO, "the last group stays open");
		return;
	}
	lv->folded = mem_grow(lv->folded, lv->folded_count,
			      lv->folded_count + 1, sizeof(*lv->folded));
	lv->folded[lv->folded_count++] = mem_strn(group, strcspn(group, " "));
	ui_relayout(ui);
	if (list_index(ui, ui->selected) >= 0)
		return;
	/* The cursor stays on the line, if that is where it is. */
	char *line = lv->at_group;
	lv->at_group = NULL;
	ui_select(ui, near_group(ui, group));
	lv->at_group = line;
}

int
list_index(const struct ui *ui, uint32_t id)
{
	for (size_t i = 0; i < ui->list.count; i++)
		if (ui->list.entries[i].id == id && id)
			return (int)i;
	return -1;
}

/* The process `by` places on, group lines left out; stops at the ends. */
uint32_t
list_move(const struct ui *ui, uint32_t id, int by)
{
	int i = list_index(ui, id), step = by < 0 ? -1 : 1;

	if (i < 0)
		return list_nth(ui, 1);
	while (by != 0) {
		int next = i + step;
		while (next >= 0 && next < (int)ui->list.count &&
		       !ui->list.entries[next].id)
			next += step;
		if (next < 0 || next >= (int)ui->list.count)
			break;
		i = next;
		by -= step;
	}
	return ui->list.entries[i].id;
}

int
list_place(const struct ui *ui, uint32_t id, int *of)
{
	int no = 0;

	*of = 0;
	for (size_t i = 0; i < ui->list.count; i++) {
		*of += ui->list.entries[i].id != 0;
		if (ui->list.entries[i].id == id)
			no = *of;
	}
	return no;
}

uint32_t
list_nth(const struct ui *ui, unsigned no)
{
	for (size_t i = 0; i < ui->list.count; i++)
		if (ui->list.entries[i].id && --no == 0)
			return ui->list.entries[i].id;
	return 0;
}

static bool
wants_attention(struct ui *ui, struct model_proc *p)
{
	struct pane *pa = ui_pane(ui, p);

	return row_failed(p->row) || pane_errors(pa, p) ||
	       pane_has_bell(pa, p) || p->row->unready;
}

uint32_t
list_attention(const struct ui *ui)
{
	struct ui *own = (struct ui *)ui;
	size_t n = ui->list.count;
	int at = list_index(ui, ui->selected);

	for (size_t i = 1; i <= n; i++) {
		size_t k = ((size_t)SBX_MAX(at, 0) + i) % n;
		struct model_proc *p =
			model_find(ui->model, ui->list.entries[k].id);
		if (p && wants_attention(own, p))
			return p->id;
	}
	return 0;
}

/* "!3", " ·", " b": what is new in this log. */
static enum role
flag_text(struct ui *ui, struct model_proc *p, char out[16])
{
	struct pane *pa = ui_pane(ui, p);
	uint32_t errors = pane_errors(pa, p);

	out[0] = 0;
	if (errors > 9)
		snprintf(out, 16, "!+");
	else if (errors > 0)
		snprintf(out, 16, "!%u", errors);
	if (errors > 0)
		return ROLE_FLAG_ERROR;
	if (pane_has_bell(pa, p)) {
		snprintf(out, 16, "b");
		return ROLE_FLAG_BELL;
	}
	if (pane_has_output(pa, p))
		snprintf(out, 16, "%s", ui_glyph(ui, GLYPH_DOT));
	return ROLE_FLAG_OUTPUT;
}

static void
draw_head(struct ui *ui, const struct pen *pen, struct model_proc *p, int y,
	  int x)
{
	if (ui_pane(ui, p)->mark_no)
		ui_text(ui, pen, y, x - 1, ROLE_MARK, "+");
	ui_text(ui, pen, y, x, row_role(p->row),
		ui_shape(ui, row_shape(p->row)));
}

static void
draw_plain_row(struct ui *ui, struct model_proc *p, int y)
{
	struct rect r = ui->layout.list;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	char state[STATUS_TEXT_MAX], flag[16];
	enum role flag_role = flag_text(ui, p, flag);
	int edge = r.x + r.w - 3;

	/* Marks have a column only while there are any. */
	if (ui_marks(ui) > 0)
		r.x++, r.w--;
	draw_head(ui, &pen, p, y, r.x + 1);
	row_state(p->row, clock_wall_ms(), state);
	/* The name matters more than the end of a long state. */
	int name_w = draw_columns(p->row->name);
	int state_w = draw_columns(state);
	int room = edge - (r.x + NAME_X);
	if (name_w + 1 + state_w > room)
		state_w = SBX_MIN(state_w,
				  SBX_MAX(room - name_w - 1, room / 3));
	draw_cut(&pen, y, r.x + NAME_X, room - state_w - 1, p->row->name,
		 ui_glyph(ui, GLYPH_MORE));
	struct pen sp = pen;
	sp.style = ui_style(ui, row_role(p->row));
	draw_cut(&sp, y, edge - state_w, state_w, state,
		 ui_glyph(ui, GLYPH_MORE));
	struct pen fp = pen;
	fp.style = ui_style(ui, flag_role);
	draw_right(&fp, y, r.x + r.w - 2, 2, flag, "");
}

static void
draw_wide_row(struct ui *ui, struct model_proc *p, int y)
{
	struct rect r = ui->layout.list;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	struct list_columns c = list_columns_place(ui, r);
	char state[STATUS_TEXT_MAX], flag[16];
	int x, room;

	draw_head(ui, &pen, p, y, c.name_x - 2);
	x = draw_cut(&pen, y, c.name_x, c.name_w, p->row->name,
		     ui_glyph(ui, GLYPH_MORE));
	enum role role = flag_text(ui, p, flag);
	struct pen sp = pen;
	sp.style = ui_style(ui, row_role(p->row));
	int from, last = c.name_x + c.name_w - 2;
	if (list_columns_state(&c, p->row, &from, &room)) {
		row_state(p->row, clock_wall_ms(), state);
		x = draw_cut(&sp, y, from, room, state,
			     ui_glyph(ui, GLYPH_MORE));
		last = from + room - draw_columns(flag);
	}
	if (flag[0])
		ui_text(ui, &pen, y, SBX_MIN(x + 1, last), role, flag);
	list_columns_draw(&c, &pen, y, p->row);
}

static void
draw_group(struct ui *ui, const struct list_entry *e, int y)
{
	struct rect r = ui->layout.list;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	char name[128];

	ui_text(ui, &pen, y, r.x + 1, ROLE_TEXT_DIM,
		ui_glyph(ui, e->folded ? GLYPH_FOLDED : GLYPH_OPEN));
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(e->group, " "),
		 e->group);
	int x = ui_text(ui, &pen, y, r.x + 3, ROLE_TEXT_STRONG, name);
	if (e->up > 0 || e->folded)
		x = draw_fmt(&pen, y, x + 2, "%d/%d", e->up, e->total);
	/* What is not in sight must not be forgotten. */
	if (e->folded && e->failed > 0) {
		snprintf(name, sizeof(name), "%s %d",
			 ui_shape(ui, SHAPE_FAILED), e->failed);
		ui_text(ui, &pen, y, x + 2, ROLE_STATUS_FAILED, name);
	}
}

/* "PID COMMAND" below the process that has left it. */
static void
draw_survivor(struct ui *ui, const struct list_entry *e, int y)
{
	struct rect r = ui->layout.list;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT_DIM);
	const struct model_proc *p = model_find(ui->model, e->owner);
	const char *s = p ? p->row->left_list : "", *command = "";
	char text[256], safe[256];
	unsigned pid = 0;
	size_t len = 0;

	while (pid != e->pid && (s = rowfmt_left(s, &pid, &command, &len)))
		;
	snprintf(text, sizeof(text), "%.*s", (int)SBX_MIN(len, (size_t)200),
		 command);
	int x = r.x + NAME_X, state_x = r.x + r.w - 7, state_w;
	if (ui->layout.wide) {
		struct list_columns c = list_columns_place(ui, r);
		struct proc_row none = { .name = "", .ports = "" };
		x = c.name_x;
		list_columns_state(&c, &none, &state_x, &state_w);
	}
	x = draw_fmt(&pen, y, x, "%s %u ", ui_glyph(ui, GLYPH_CHILD), e->pid);
	x = draw_cut(&pen, y, x, r.x + r.w - 1 - x,
		     one_line(text, safe, sizeof(safe)),
		     ui_glyph(ui, GLYPH_MORE));
	/* What it is matters more than the word, which its place says too. */
	if (x >= state_x)
		return;
	struct pen sp = pen;
	sp.style = ui_style(ui, ROLE_STATUS_UNHEALTHY);
	draw_text(&sp, y, state_x, "left");
}

static void
draw_title(struct ui *ui)
{
	const struct layout *l = &ui->layout;
	struct rect r = l->list_title;
	bool focus = ui->mode == MODE_LIST;
	struct pen pen = ui_pen(ui, r, focus ? ROLE_TITLE_FOCUS : ROLE_TITLE);
	struct totals t = ui_totals(ui);
	char text[64];

	if (rect_empty(r))
		return;
	if (focus)
		ui_text(ui, &pen, r.y, r.x, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	if (l->wide) {
		struct list_columns c = list_columns_place(ui, l->list);
		struct pen dim = ui_pen(ui, r, ROLE_TEXT_DIM);
		int end = c.name_x + c.name_w + 1;
		int x = draw_cut(&pen, r.y, r.x + 1, end - r.x - 10,
				 ui->set_name, ui_glyph(ui, GLYPH_MORE));
		x = SBX_MAX(x + 2, r.x + 8);
		if (x + 8 < end)
			draw_text(&dim, r.y, x, "PROCESS");
		list_columns_title(&c, &dim, r.y);
		return;
	}
	int n = snprintf(text, sizeof(text), "%d up", t.up);
	if (t.failed)
		snprintf(text + n, sizeof(text) - (size_t)n, " %s %d failed",
			 ui_glyph(ui, GLYPH_DOT), t.failed);
	int w = draw_columns(text);
	draw_cut(&pen, r.y, r.x + 1, r.w - w - 2, ui->set_name,
		 ui_glyph(ui, GLYPH_MORE));
	struct pen tp = ui_pen(ui, r, ROLE_TITLE);
	draw_right(&tp, r.y, r.x, r.w, text, "");
}

/* Rows for entries, and where they begin; the last one may tell how many
 * more there are. */
static int
entry_rows(const struct ui *ui, int *y)
{
	struct rect r = ui->layout.list;
	int blank = ui->layout.wide && r.h > (int)ui->list.count;

	*y = r.y + blank;
	return r.h - blank;
}

static void
keep_in_view(struct ui *ui, int rows)
{
	struct list_view *lv = &ui->list;
	int at = list_cursor(ui), n = (int)lv->count;
	int top = (int)lv->top;

	if (rows < n && rows > 1)
		rows--;			/* the "more" line */
	if (at >= 0 && at < top)
		top = at;
	/* The line of its group too, if it is the first one of it. */
	if (at > 0 && top == at && list_is_group(&lv->entries[at - 1]) &&
	    rows > 1)
		top = at - 1;
	if (at >= top + rows)
		top = at - rows + 1;
	top = SBX_MIN(top, SBX_MAX(n - rows, 0));
	lv->top = (size_t)SBX_MAX(top, 0);
}

static void
draw_entries(struct ui *ui)
{
	struct list_view *lv = &ui->list;
	struct rect r = ui->layout.list;
	int y, rows = entry_rows(ui, &y), n = (int)lv->count;
	int at = list_cursor(ui);

	keep_in_view(ui, rows);
	bool more = n > rows && rows > 1;
	int shown = more ? rows - 1 : rows;
	for (int i = 0; i < shown && lv->top + (size_t)i < lv->count; i++) {
		const struct list_entry *e = &lv->entries[lv->top + (size_t)i];
		struct model_proc *p = model_find(ui->model, e->id);
		if (e->pid)
			draw_survivor(ui, e, y + i);
		else if (!p)
			draw_group(ui, e, y + i);
		else if (ui->layout.wide)
			draw_wide_row(ui, p, y + i);
		else
			draw_plain_row(ui, p, y + i);
		if (at != (int)lv->top + i)
			continue;
		struct pen head = ui_pen(ui, r, ROLE_TEXT);
		ui_text(ui, &head, y + i, r.x, ROLE_TEXT_STRONG,
			ui_glyph(ui, GLYPH_CURSOR));
		struct pen tint = ui_pen(ui, r, ui->mode == MODE_LIST
							? ROLE_CURSOR
							: ROLE_CURSOR_INACTIVE);
		draw_tint(&tint, (struct rect){ y + i, r.x, 1, r.w });
		canvas_set_cursor(ui->canvas, (struct canvas_cursor){
			y + i, r.x, false, 0 });
	}
	if (more) {
		struct pen pen = ui_pen(ui, r, ROLE_TEXT_DIM);
		draw_fmt(&pen, y + shown, r.x + 2, "%s %d more (j k)",
			 ui_glyph(ui, GLYPH_MORE), n - shown);
	}
}

/* Not right below the last process. */
static void
draw_tip(struct ui *ui)
{
	struct rect r = ui->layout.list;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT_DIM);
	int y, rows = entry_rows(ui, &y);

	if (ui->tip && options_flag(ui->options, OPTION_TIPS) &&
	    rows >= (int)ui->list.count + 2)
		draw_cut(&pen, y + rows - 1, r.x + 1, r.w - 2, ui->tip,
			 ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui)
{
	if (rect_empty(ui->layout.list_title))
		return;
	draw_title(ui);
	if (rect_empty(ui->layout.list))
		return;
	draw_entries(ui);
	draw_tip(ui);
}

static void
scroll(struct ui *ui, enum view_scroll how, int n)
{
	int page = SBX_MAX(ui->layout.list.h - 1, 1);
	int all = (int)ui->list.count;
	int by = how == VIEW_ROWS     ? n
		 : how == VIEW_HALF   ? n * SBX_MAX(page / 2, 1)
		 : how == VIEW_PAGE   ? n * page
		 : how == VIEW_TOP    ? -all
		 : how == VIEW_BOTTOM ? all
				      : 0;

	ui->chosen = true;
	/* From a log one goes to other logs. */
	if (ui->mode == MODE_LIST)
		list_step(ui, by);
	else
		ui_select(ui, list_move(ui, ui->selected, by));
}

static bool
mouse(struct ui *ui, const struct vt_mouse *m)
{
	int y, rows = entry_rows(ui, &y);

	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP ||
	    m->button == VT_BUTTON_WHEEL_DOWN) {
		scroll(ui, VIEW_ROWS,
		       m->button == VT_BUTTON_WHEEL_UP ? -1 : 1);
		return true;
	}
	if (m->button != VT_BUTTON_LEFT || m->row < y || m->row >= y + rows)
		return false;
	size_t i = ui->list.top + (size_t)(m->row - y);
	if (i >= ui->list.count)
		return false;
	ui->chosen = true;
	ui_set_mode(ui, MODE_LIST);
	list_go(ui, (int)i);
	if (!list_is_group(&ui->list.entries[i]))
		return !ui->list.entries[i].pid;
	list_fold(ui, ui->list.entries[i].group);
	return false;
}

const struct view view_list = { draw, scroll, mouse };
