#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/msg.h"
#include "engine/client/client.h"
#include "engine/conf/option.h"
#include "pane.h"
#include "status_text.h"
#include "ui.h"

/* Rows of the picture above the pane, when the program's terminal is higher
 * than the pane: the part with the cursor is shown. */
static int
cropped_rows(const struct model_screen *s, int height)
{
	int over = s->head.rows - height;

	if (over <= 0)
		return 0;
	return SBX_MAX(0, SBX_MIN(over, s->head.cursor_row - height + 1));
}

static int
cropped_cols(const struct model_screen *s, int width)
{
	if (s->head.cols <= width || s->head.cursor_col < width)
		return 0;
	return s->head.cursor_col - width + 1;
}

static void
on_scrollback(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	struct msg_reader r;

	(void)c;
	if (a->err)
		return;
	msg_open(&r, a->frame->data, a->frame->len);
	struct model_proc *p = model_find(ui->model, msg_u32(&r));
	uint64_t first = msg_u64(&r);
	uint32_t count = SBX_MIN(msg_u32(&r), (uint32_t)SCROLLBACK_ROWS);
	if (!p || !p->screen || r.bad)
		return;
	struct pane *pa = ui_pane(ui, p);
	struct scrollback *sb = &pa->sb;
	free(sb->cells);
	free(sb->flags);
	cell_pool_free(sb->pool);
	sb->pool = cell_pool_new(1024);
	sb->cols = p->screen->head.cols;
	sb->cells = mem_array(SBX_MAX(count, 1u) * (size_t)SBX_MAX(sb->cols, 1),
			      sizeof(*sb->cells));
	sb->flags = mem_array(SBX_MAX(count, 1u), sizeof(*sb->flags));
	sb->first = first;
	for (sb->count = 0; sb->count < count && !r.bad; sb->count++) {
		size_t len;
		const char *bytes = msg_bytes(&r, &len);
		cell_unpack(bytes, len, sb->pool,
			    sb->cells + sb->count * (size_t)sb->cols, sb->cols,
			    &sb->flags[sb->count]);
	}
	sb->asked = false;
	ui->dirty = true;
}

/* Rows around what is shown, a screen more at each end. */
static void
request_scrollback(struct ui *ui, struct model_proc *p, struct pane *pa)
{
	struct scrollback *sb = &pa->sb;
	const struct proto_screen *h = &p->screen->head;
	uint64_t from = sb->top > SCROLLBACK_ROWS / 2
				? sb->top - SCROLLBACK_ROWS / 2
				: 0;

	from = SBX_MAX(from, h->sb_first);
	if (sb->asked || !ui->client || from >= h->sb_next)
		return;
	if (client_scrollback(ui->client, p->id, from, SCROLLBACK_ROWS,
			      on_scrollback, ui) == 0)
		sb->asked = true;
}

/* Lines are wrapped anew for other columns and get other ids: top goes to
 * about the same text. */
static void
keep_place(struct scrollback *sb, const struct proto_screen *h)
{
	uint64_t count = h->sb_next - h->sb_first;
	uint64_t known = sb->known_next - sb->known_first;

	if (sb->known_cols && sb->known_cols != h->cols) {
		uint64_t below = sb->known_next > sb->top
					 ? sb->known_next - sb->top
					 : 0;
		below = below * count / SBX_MAX(known, (uint64_t)1);
		sb->top = h->sb_next - SBX_MIN(below, count);
	}
	sb->known_first = h->sb_first;
	sb->known_next = h->sb_next;
	sb->known_cols = h->cols;
}

/* For those who select text: what row y of the pane shows. */
static void
note_row(struct ui *ui, int y, uint64_t line, int col)
{
	struct rect r = ui->layout.main;

	if (!ui->other)
		ui->text_rows[r.y + y] = (struct text_row){
			.used = true, .line = line, .x = r.x, .w = r.w,
			.col = col,
		};
}

static void
draw_scrolled(struct ui *ui, struct model_proc *p, struct pane *pa)
{
	struct rect r = ui->layout.main;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	struct scrollback *sb = &pa->sb;
	const struct model_screen *s = p->screen;
	bool missing = false;

	keep_place(sb, &s->head);
	sb->top = SBX_MAX(sb->top, s->head.sb_first);
	for (int y = 0; y < r.h; y++) {
		uint64_t id = sb->top + (uint64_t)y;
		if (id < s->head.sb_next + s->head.rows)
			note_row(ui, y, id, 0);
		if (id >= s->head.sb_next) {
			uint64_t row = id - s->head.sb_next;
			if (row < s->head.rows)
				draw_cells(&pen, r.y + y, r.x, s->pool,
					   s->cells + row * s->head.cols,
					   s->head.cols);
		} else if (id >= sb->first && id < sb->first + sb->count) {
			draw_cells(&pen, r.y + y, r.x, sb->pool,
				   sb->cells + (id - sb->first) *
						       (size_t)sb->cols,
				   sb->cols);
		} else {
			missing = true;
		}
	}
	if (missing)
		request_scrollback(ui, p, pa);
}

/* The last row with anything on it, -1 if there is none. */
static int
last_row(const struct model_screen *s)
{
	for (int y = s->head.rows - 1; y >= 0; y--)
		for (int x = 0; x < s->head.cols; x++)
			if (!cell_is_blank(&s->cells[y * s->head.cols + x]))
				return y;
	return -1;
}

/* What stands below the last picture of a program that has ended. */
static void
draw_ended(struct ui *ui, const struct proc_row *row, int y)
{
	struct rect r = ui->layout.main;
	struct pen pen = ui_pen(ui, r, ROLE_TERM_DEAD);
	const char *line = ui_glyph(ui, GLYPH_LINE);
	char end[STATUS_TEXT_MAX], hms[16];

	if (!row->has_exit) {
		ui_text(ui, &pen, y, r.x + 2, ROLE_TEXT_DIM,
			row->status == STATUS_OFF ? "not started; s starts it"
						  : row->reason);
		return;
	}
	clock_hms(hms, sizeof(hms), row->ended_at_ms);
	int x = draw_repeat(&pen, y, r.x, line, 2);
	x = draw_fmt(&pen, y, x, " ended %s, %s ", hms, row_end(row, end));
	draw_repeat(&pen, y, x, line, r.x + r.w - x);
	if (ui->mode != MODE_TERM)
		return;
	char leave[BAR_LEAVE_MAX];
	ui_text(ui, &pen, y + 1, r.x + 3, ROLE_HINT_KEY, "Enter");
	draw_text(&pen, y + 1, r.x + 10, "start it again");
	x = ui_text(ui, &pen, y + 2, r.x + 3, ROLE_HINT_KEY,
		    bar_leave_key(ui, leave));
	draw_text(&pen, y + 2, SBX_MAX(x + 1, r.x + 10), bar_leave_where(ui));
	draw_text(&pen, y + 3, r.x + 3, "other keys do nothing here");
}

/* How the rows of a program that runs stand in the main pane. */
static struct term_place
place_of(const struct ui *ui, const struct model_proc *p)
{
	const struct model_screen *s = p->screen;
	struct rect r = ui->layout.main;

	return (struct term_place){
		.proc = p->id, .top = cropped_rows(s, r.h),
		.left = cropped_cols(s, r.w), .modes = s->head.modes,
		.rows = s->head.rows, .cols = s->head.cols,
	};
}

static bool
has_more(const struct vt_cell *row, int from, int cols)
{
	for (int x = from; x < cols; x++)
		if (!cell_is_blank(&row[x]))
			return true;
	return false;
}

static void
draw_row(struct ui *ui, const struct model_screen *s, struct term_place at,
	 int y)
{
	struct rect r = ui->layout.main;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	const struct vt_cell *row =
		s->cells + (size_t)(at.top + y) * s->head.cols;

	draw_cells(&pen, r.y + y, r.x, s->pool, row + at.left,
		   s->head.cols - at.left);
	if (has_more(row, at.left + r.w, s->head.cols))
		ui_text(ui, &pen, r.y + y, r.x + r.w - 1, ROLE_TEXT_DIM,
			ui_glyph(ui, GLYPH_CUT));
	s->dirty[at.top + y] = false;
}

static void
draw_cursor(struct ui *ui, const struct model_proc *p, struct term_place at)
{
	const struct proto_screen *h = &p->screen->head;
	struct rect r = ui->layout.main;

	if (ui_has_keys(ui, p) && !ui->sheet)
		canvas_set_cursor(ui->canvas, (struct canvas_cursor){
			.y = r.y + h->cursor_row - at.top,
			.x = r.x + h->cursor_col - at.left,
			.visible = h->cursor_visible,
			.shape = h->cursor_shape,
		});
}

/* All rows, or those that have changed. */
static void
draw_live(struct ui *ui, const struct model_proc *p, bool all)
{
	const struct model_screen *s = p->screen;
	struct term_place at = place_of(ui, p);
	struct rect r = ui->layout.main;

	for (int y = 0; y < r.h && at.top + y < s->head.rows; y++) {
		note_row(ui, y, s->head.sb_next + (uint64_t)(at.top + y),
			 at.left);
		if (all || s->dirty[at.top + y])
			draw_row(ui, s, at, y);
	}
	if (s->head.modes & VT_MODE_REVERSE) {
		struct pen tint = ui_pen(ui, r, ROLE_TEXT);
		tint.style = (struct style){ 0, 0, VT_REVERSE };
		draw_tint(&tint, r);
	}
	draw_cursor(ui, p, at);
	if (!ui->other)
		ui->term_place = at;
}

bool
term_redraw(struct ui *ui)
{
	struct model_proc *p;
	struct pane *pa = ui_main_pane(ui, &p);

	if (!pa || !p->screen || pa->sb.on || !row_up(p->row))
		return false;
	struct term_place at = place_of(ui, p);
	if (memcmp(&at, &ui->term_place, sizeof(at)) != 0)
		return false;
	draw_live(ui, p, false);
	return true;
}

static void
draw(struct ui *ui)
{
	struct rect r = ui->layout.main;
	struct model_proc *p;
	struct pane *pa = ui_main_pane(ui, &p);

	if (!pa)
		return;
	const struct model_screen *s = p->screen;
	bool live = row_up(p->row);
	if (s && pa->sb.on) {
		draw_scrolled(ui, p, pa);
		return;
	}
	if (s)
		draw_live(ui, p, true);
	if (live)
		return;
	canvas_set_cursor(ui->canvas, (struct canvas_cursor){ 0, 0, 0, 0 });
	int y = s ? last_row(s) + 2 : 1;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	y = SBX_MAX(SBX_MIN(y, r.h - 4), 0);
	draw_fill(&pen, (struct rect){ r.y + y, r.x, r.h - y, r.w });
	draw_ended(ui, p->row, r.y + y);
}

void
term_lines(struct ui *ui, uint64_t *first, uint64_t *end)
{
	struct model_proc *p = ui_selected(ui);

	*first = *end = 0;
	if (!p || !p->screen)
		return;
	*first = p->screen->head.sb_first;
	*end = p->screen->head.sb_next + p->screen->head.rows;
}

bool
term_step(struct ui *ui, uint64_t line, int direction, uint64_t *out)
{
	uint64_t first, end;

	term_lines(ui, &first, &end);
	if (direction > 0 ? line + 1 >= end : line <= first)
		return false;
	*out = direction > 0 ? line + 1 : line - 1;
	return true;
}

bool
term_text(struct ui *ui, uint64_t line, struct buf *out, bool *wrapped)
{
	struct model_proc *p = ui_selected(ui);
	const struct vt_cell *cells;
	const struct cell_pool *pool;
	char text[CELL_TEXT_MAX];
	size_t len = out->len;
	int cols;

	*wrapped = false;
	if (!p || !p->screen)
		return false;
	const struct model_screen *s = p->screen;
	const struct scrollback *sb = &ui_pane(ui, p)->sb;
	if (line >= s->head.sb_next && line < s->head.sb_next + s->head.rows) {
		size_t row = (size_t)(line - s->head.sb_next);
		cols = s->head.cols;
		cells = s->cells + row * (size_t)cols;
		pool = s->pool;
		*wrapped = s->row_flags[row] & CELL_ROW_WRAPPED;
	} else if (line >= sb->first && line < sb->first + sb->count) {
		size_t row = (size_t)(line - sb->first);
		cols = sb->cols;
		cells = sb->cells + row * (size_t)cols;
		pool = sb->pool;
		*wrapped = sb->flags[row] & CELL_ROW_WRAPPED;
	} else {
		return false;
	}
	for (int x = 0; x < cols; x++) {
		size_t n = cell_text(pool, &cells[x], text);
		if (n > 0)
			buf_add(out, text, n);
		else if (cells[x].width == 1)
			buf_addc(out, ' ');
		if (n > 0 && !(n == 1 && text[0] == ' '))
			len = out->len;
	}
	if (!*wrapped)
		out->len = SBX_MIN(out->len, len);
	return true;
}

/* Back to the live picture: any typing does it. */
static void
unscroll(struct ui *ui, struct pane *pa)
{
	pa->sb.on = false;
	ui->dirty = true;
}

static void
scroll(struct ui *ui, enum view_scroll how, int n)
{
	struct model_proc *p = ui_selected(ui);

	if (!p || !p->screen)
		return;
	struct pane *pa = ui_pane(ui, p);
	const struct proto_screen *h = &p->screen->head;
	int height = SBX_MAX(ui->layout.main.h, 1);
	uint64_t bottom = h->sb_next +
			  (uint64_t)cropped_rows(p->screen, height);
	if (!pa->sb.on)
		pa->sb.top = bottom;
	else
		keep_place(&pa->sb, h);
	uint64_t top = pa->sb.top;
	int64_t by = how == VIEW_ROWS	? n
		     : how == VIEW_HALF ? n * SBX_MAX(height / 2, 1)
					: n * SBX_MAX(height - 1, 1);

	if (how == VIEW_SIDE)
		return;
	if (how == VIEW_BOTTOM) {
		unscroll(ui, pa);
		return;
	}
	if (how == VIEW_TOP)
		top = h->sb_first;
	else if (by < 0)
		top = top - h->sb_first > (uint64_t)-by ? top - (uint64_t)-by
							: h->sb_first;
	else
		top += (uint64_t)by;
	pa->sb.top = top;
	pa->sb.on = top < bottom;
	pa->sb.known_cols = 0;
	keep_place(&pa->sb, h);
	ui->dirty = true;
}

/* The program has the mouse: events of its pane are its own. */
static bool
pass_mouse(struct ui *ui, struct model_proc *p, const struct vt_mouse *m)
{
	const struct proto_screen *h = &p->screen->head;
	struct rect r = ui->layout.main;
	int row = m->row - r.y + cropped_rows(p->screen, r.h);
	int col = m->col - r.x + cropped_cols(p->screen, r.w);

	if (!(h->modes & VT_MODE_MOUSE_ANY) || !ui->client)
		return false;
	row = SBX_MAX(0, SBX_MIN(row, h->rows - 1));
	col = SBX_MAX(0, SBX_MIN(col, h->cols - 1));
	client_mouse(ui->client, p->id, m->kind, (unsigned)m->button,
		     (unsigned)row, (unsigned)col, m->mods);
	ui->dragging = m->kind == VT_MOUSE_PRESS && m->button < 3;
	return true;
}

static bool
wheel(struct ui *ui, struct model_proc *p, int lines)
{
	int step = (int)options_number(ui->options, OPTION_SCROLL_LINES);

	/* A full-screen program has no scrollback: less and man expect
	 * arrows. */
	if (ui_has_keys(ui, p) && ui->client &&
	    (p->screen->head.modes & VT_MODE_ALTSCREEN)) {
		struct key k = { lines < 0 ? SYM_UP : SYM_DOWN, 0 };
		for (int i = 0; i < step; i++)
			client_key(ui->client, p->id, k);
		return true;
	}
	scroll(ui, VIEW_ROWS, lines * step);
	return true;
}

static bool
mouse(struct ui *ui, const struct vt_mouse *m)
{
	struct model_proc *p = ui_selected(ui);

	if (!p || !p->screen)
		return false;
	if (ui_has_keys(ui, p) && pass_mouse(ui, p, m))
		return true;
	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP)
		return wheel(ui, p, -1);
	if (m->button == VT_BUTTON_WHEEL_DOWN)
		return wheel(ui, p, 1);
	if (m->button == VT_BUTTON_LEFT && ui->mode != MODE_TERM) {
		ui_set_mode(ui, MODE_TERM);
		return true;
	}
	return false;
}

const struct view view_term = { draw, scroll, mouse };
