#include "sheet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/base/utf8.h"
#include "engine/conf/option.h"
#include "logview.h"
#include "pane.h"
#include "target.h"
#include "view.h"

/*
 * Choosing text in the log or the terminal's rows.  A place is a line and a
 * column of its text, so the log may grow and the window may move; the rows
 * that the view notes in ui->text_rows say where that is on the screen.
 */

enum {
	COPY_BYTES = 4 << 20,
	COPY_LINES = 100000,
	WORD_COLUMNS = 4096,
	HINT_COLS = 102,
	FAR_LINES = 200,
	FIND_LINES = 20000,	/* looked at for one "next" */
};

enum how { CHARS, LINES, BLOCK };

struct spot {
	uint64_t line;
	int col;
};

struct select {
	struct sheet sheet;
	enum how how;
	uint32_t proc;
	bool term;		/* rows of a terminal, not lines of a log */
	bool drag;		/* the button is held */
	struct regex *find;	/* what n and N look for, NULL: nothing */
	struct spot anchor, at;
};

static bool
text_of(struct ui *ui, const struct select *s, uint64_t line, bool raw,
	struct buf *out, bool *wrapped)
{
	*wrapped = false;
	return s->term ? term_text(ui, line, out, wrapped)
		       : log_text(ui, line, raw, out);
}

static bool
step(struct ui *ui, const struct select *s, uint64_t line, int direction,
     uint64_t *out)
{
	return s->term ? term_step(ui, line, direction, out)
		       : log_step(ui, line, direction, out);
}

static int
columns_of(struct ui *ui, const struct select *s, uint64_t line)
{
	struct buf b;
	bool wrapped;
	int n;

	buf_init(&b, COPY_BYTES);
	text_of(ui, s, line, false, &b, &wrapped);
	n = utf8_columns(buf_str(&b), b.len);
	buf_fini(&b);
	return n;
}

static void
in_order(const struct select *s, struct spot *a, struct spot *b)
{
	bool swap = s->at.line < s->anchor.line ||
		    (s->at.line == s->anchor.line &&
		     s->at.col < s->anchor.col);

	*a = swap ? s->at : s->anchor;
	*b = swap ? s->anchor : s->at;
}

/* The columns [*from, *to) of a line that are chosen. */
static bool
span(const struct select *s, uint64_t line, int *from, int *to)
{
	struct spot a, b;

	in_order(s, &a, &b);
	if (line < a.line || line > b.line)
		return false;
	*from = 0;
	*to = INT32_MAX;
	if (s->how == BLOCK) {
		*from = SBX_MIN(a.col, b.col);
		*to = SBX_MAX(a.col, b.col) + 1;
	} else if (s->how == CHARS) {
		if (line == a.line)
			*from = a.col;
		if (line == b.line)
			*to = b.col + 1;
	}
	return true;
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct select *s = (struct select *)sh;
	struct pen pen = ui_pen(ui, ui->layout.main, ROLE_SELECTION);
	struct rect main = ui->layout.main;

	pen.style.attrs |= VT_REVERSE;
	for (int y = main.y; y < main.y + main.h; y++) {
		const struct text_row *r = &ui->text_rows[y];
		int from, to;
		if (!r->used || !span(s, r->line, &from, &to))
			continue;
		if (ui->layout.gutter > 0 && !s->term)
			ui_text(ui, &pen, y, main.x, ROLE_GUTTER_MARK,
				ui_glyph(ui, GLYPH_THUMB));
		from = SBX_MAX(from - r->col, 0);
		to = SBX_MIN(to == INT32_MAX ? r->w : to - r->col, r->w);
		if (to > from)
			draw_tint(&pen, (struct rect){ y, r->x + from, 1,
						       to - from });
		if (r->line == s->at.line && s->at.col >= r->col &&
		    s->at.col < r->col + r->w)
			canvas_set_cursor(ui->canvas, (struct canvas_cursor){
				y, r->x + s->at.col - r->col, true, 0 });
	}
}

/* bytes [*from, *to) of these columns. */
static void
cut(const struct buf *b, int from_col, int to_col, size_t *from, size_t *to)
{
	*from = from_col ? utf8_prefix(buf_str(b), b->len, from_col) : 0;
	*to = to_col == INT32_MAX
		      ? b->len
		      : utf8_prefix(buf_str(b), b->len, to_col);
	*to = SBX_MAX(*to, *from);
}

static void
add_prefix(struct ui *ui, const struct select *s, uint64_t line,
	   struct buf *out)
{
	struct model_proc *p = ui_selected(ui);
	struct logview_row row = { .kind = LOGVIEW_LINE, .seq = line };
	struct logline l;
	char hms[16];

	if (s->term || !p ||
	    !logview_line(ui_pane(ui, p)->log, &row, 1, &l))
		return;
	clock_hms(hms, sizeof(hms), l.wall_ms);
	buf_addf(out, "%s %s ", hms, p->row->name);
}

/* What is chosen, into out; returns how many lines. */
static size_t
collect(struct ui *ui, const struct select *s, bool prefix, struct buf *out)
{
	struct spot a, b;
	size_t lines = 0;
	int from, to;

	in_order(s, &a, &b);
	for (uint64_t line = a.line; lines < COPY_LINES;) {
		struct buf text;
		size_t begin, end;
		bool wrapped;
		bool whole = s->how == LINES;
		buf_init(&text, COPY_BYTES);
		if (span(s, line, &from, &to) &&
		    text_of(ui, s, line, whole, &text, &wrapped)) {
			cut(&text, from, whole ? INT32_MAX : to, &begin, &end);
			if (prefix)
				add_prefix(ui, s, line, out);
			buf_add(out, buf_str(&text) + begin, end - begin);
			bool last = line == b.line;
			if (whole ? !wrapped || last
				  : !last && (!wrapped || s->how == BLOCK))
				buf_addc(out, '\n');
			lines++;
		}
		buf_fini(&text);
		if (line >= b.line || !step(ui, s, line, 1, &line) ||
		    line > b.line)
			break;
	}
	return lines;
}

static void
copy(struct ui *ui, struct select *s, bool prefix)
{
	struct buf out;
	char what[64];

	buf_init(&out, COPY_BYTES);
	size_t lines = collect(ui, s, prefix, &out);
	if (s->how == CHARS && lines == 1)
		snprintf(what, sizeof(what), "%zu bytes", out.len);
	else
		snprintf(what, sizeof(what), "%zu line%s", lines,
			 lines == 1 ? "" : "s");
	size_t len = out.len;
	char *text = buf_take(&out);
	sheet_close(ui);
	if (len > 0)
		ui_copy(ui, text, len, what);
	else
		free(text);
}

/* Moves the window until the line is in it. */
static void
follow_cursor(struct ui *ui, const struct select *s)
{
	struct rect r = ui->layout.main;
	struct model_proc *sel = ui_selected(ui);
	struct logview *lv = sel && !s->term ? ui_pane(ui, sel)->log : NULL;

	/* A hit may be far away. */
	if (lv && (s->at.line + FAR_LINES < logview_first_shown(lv) ||
		   s->at.line > logview_last_shown(lv) + FAR_LINES))
		logview_goto(lv, s->at.line, false);

	for (int i = 0; i < 2 * r.h + 8; i++) {
		uint64_t first = 0, last = 0;
		ui_draw(ui);
		for (int y = r.y; y < r.y + r.h; y++) {
			const struct text_row *t = &ui->text_rows[y];
			if (!t->used)
				continue;
			first = first ? first : t->line;
			last = t->line;
		}
		if (!first || (s->at.line >= first && s->at.line <= last))
			break;
		int by = s->at.line < first ? -1 : 1;
		if (s->term)
			by = s->at.line < first ? -(int)(first - s->at.line)
						: (int)(s->at.line - last);
		view_main(ui)->scroll(ui, VIEW_ROWS, by);
		/* Going down may have begun to follow: stand still. */
		struct model_proc *p = ui_selected(ui);
		if (p && !s->term)
			logview_pause(ui_pane(ui, p)->log);
	}
	ui->dirty = true;
}

static void
move_lines(struct ui *ui, struct select *s, int n)
{
	int direction = n < 0 ? -1 : 1;
	uint64_t line;

	for (; n != 0 && step(ui, s, s->at.line, direction, &line);
	     n -= direction)
		s->at.line = line;
	follow_cursor(ui, s);
}

static void
move_columns(struct ui *ui, struct select *s, int n)
{
	int last = SBX_MAX(columns_of(ui, s, s->at.line) - 1, 0);

	s->at.col = SBX_MAX(SBX_MIN(s->at.col + n, last), 0);
	ui->dirty = true;
}

/* To the start of the next or this word; words are between blanks. */
static void
move_word(struct ui *ui, struct select *s, int direction)
{
	struct buf b;
	bool wrapped;
	int col = s->at.col;

	buf_init(&b, COPY_BYTES);
	text_of(ui, s, s->at.line, false, &b, &wrapped);
	int last = utf8_columns(buf_str(&b), b.len) - 1;
	for (int i = 0; i < WORD_COLUMNS; i++) {
		col += direction;
		if (col <= 0 || col >= last)
			break;
		size_t at = utf8_prefix(buf_str(&b), b.len, col);
		if (at > 0 && at < b.len && b.data[at] != ' ' &&
		    b.data[at - 1] == ' ')
			break;
	}
	s->at.col = SBX_MAX(SBX_MIN(col, last), 0);
	buf_fini(&b);
	ui->dirty = true;
}

/* The column of the first hit after, or the last one before, one in a line;
 * -1: none.  after is -1 and before INT_MAX for the whole of it. */
static int
hit_in(struct ui *ui, const struct select *s, uint64_t line, int direction,
       int from)
{
	struct regex_caps caps;
	struct buf b;
	bool wrapped;
	int best = -1;
	size_t at = 0;

	buf_init(&b, COPY_BYTES);
	text_of(ui, s, line, false, &b, &wrapped);
	while (at <= b.len && regex_match(s->find, buf_str(&b), b.len, at,
					  &caps) == REGEX_MATCH) {
		int col = utf8_columns(buf_str(&b), caps.group[0].off);
		if (direction > 0 ? col > from : col < from) {
			best = col;
			if (direction > 0)
				break;
		}
		at = SBX_MAX(caps.group[0].end, caps.group[0].off + 1);
	}
	buf_fini(&b);
	return best;
}

/* The cursor goes to the next hit, the other end stays. */
static void
next_hit(struct ui *ui, struct select *s, int direction)
{
	uint64_t line = s->at.line;
	int from = s->at.col;

	for (int i = 0; s->find && i < FIND_LINES; i++) {
		int col = hit_in(ui, s, line, direction, from);
		if (col >= 0) {
			s->at = (struct spot){ line, col };
			follow_cursor(ui, s);
			return;
		}
		if (!step(ui, s, line, direction, &line))
			break;
		from = direction > 0 ? -1 : INT32_MAX;
	}
	ui_toast(ui, TOAST_INFO, s->find ? "no further match"
					 : "nothing to look for: / asks");
}

static void
swap_ends(struct select *s)
{
	struct spot at = s->at;

	s->at = s->anchor;
	s->anchor = at;
}

/* True when it was a key that moves. */
static bool
move_key(struct ui *ui, struct select *s, struct key k)
{
	int page = SBX_MAX(ui->layout.main.h - 1, 1);
	bool ctrl = k.mods == KEY_CTRL;

	if (k.mods && !ctrl)
		return false;
	if (ctrl && (k.sym == 'd' || k.sym == 'u'))
		move_lines(ui, s, k.sym == 'd' ? page / 2 + 1
					       : -(page / 2 + 1));
	else if (ctrl)
		return false;
	else if (k.sym == 'j' || k.sym == SYM_DOWN)
		move_lines(ui, s, 1);
	else if (k.sym == 'k' || k.sym == SYM_UP)
		move_lines(ui, s, -1);
	else if (k.sym == 'h' || k.sym == SYM_LEFT)
		move_columns(ui, s, -1);
	else if (k.sym == 'l' || k.sym == SYM_RIGHT)
		move_columns(ui, s, 1);
	else if (k.sym == '0' || k.sym == SYM_HOME)
		move_columns(ui, s, -s->at.col);
	else if (k.sym == '$' || k.sym == SYM_END)
		move_columns(ui, s, SHRT_MAX);
	else if (k.sym == 'w' || k.sym == 'b')
		move_word(ui, s, k.sym == 'w' ? 1 : -1);
	else if (k.sym == SYM_PGDN || k.sym == SYM_PGUP)
		move_lines(ui, s, k.sym == SYM_PGDN ? page : -page);
	else if (k.sym == 'g' || k.sym == 'G')
		move_lines(ui, s, k.sym == 'G' ? COPY_LINES : -COPY_LINES);
	else
		return false;
	return true;
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct select *s = (struct select *)sh;

	/* Somebody else's text: the process was removed. */
	if (ui->selected != s->proc || sheet_is_close(k)) {
		sheet_close(ui);
		return;
	}
	if (move_key(ui, s, k))
		return;
	ui->dirty = true;
	if (k.sym == 'v' && k.mods == KEY_CTRL)
		s->how = BLOCK;
	else if (k.mods)
		return;
	else if (k.sym == 'v')
		s->how = CHARS;
	else if (k.sym == 'V')
		s->how = LINES;
	else if (k.sym == 'o')
		swap_ends(s);
	else if (k.sym == '/')
		sheet_find_here_open(ui);
	else if (k.sym == 'n' || k.sym == 'N')
		next_hit(ui, s, k.sym == 'n' ? 1 : -1);
	else if (k.sym == 'y' || k.sym == SYM_ENTER)
		copy(ui, s, false);
	else if (k.sym == 'Y')
		copy(ui, s, true);
}

/* The place at a cell of the screen; rows without text count as the nearest
 * one above. */
static bool
spot_at(const struct ui *ui, int y, int x, struct spot *out)
{
	struct rect r = ui->layout.main;

	y = SBX_MAX(SBX_MIN(y, r.y + r.h - 1), r.y);
	while (y > r.y && !ui->text_rows[y].used)
		y--;
	const struct text_row *t = &ui->text_rows[y];
	if (!t->used)
		return false;
	out->line = t->line;
	out->col = t->col + SBX_MAX(SBX_MIN(x, t->x + t->w - 1) - t->x, 0);
	return true;
}

static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *m)
{
	struct select *s = (struct select *)sh;
	struct rect r = ui->layout.main;

	ui->dirty = true;
	if (m->kind == VT_MOUSE_PRESS && m->button == VT_BUTTON_LEFT) {
		if (!rect_holds(r, m->row, m->col) ||
		    !spot_at(ui, m->row, m->col, &s->at)) {
			sheet_close(ui);
			return true;
		}
		s->anchor = s->at;
		s->drag = true;
	} else if (m->kind == VT_MOUSE_MOTION && s->drag) {
		if (m->row < r.y || m->row >= r.y + r.h)
			move_lines(ui, s, m->row < r.y ? -1 : 1);
		else
			spot_at(ui, m->row, m->col, &s->at);
	} else if (m->kind == VT_MOUSE_RELEASE && s->drag) {
		copy(ui, s, false);
	} else if (m->kind == VT_MOUSE_PRESS &&
		   (m->button == VT_BUTTON_WHEEL_UP ||
		    m->button == VT_BUTTON_WHEEL_DOWN)) {
		int n = (int)options_number(ui->options, OPTION_SCROLL_LINES);
		move_lines(ui, s, m->button == VT_BUTTON_WHEEL_UP ? -n : n);
	}
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)sh;
	return canvas_cols(ui->canvas) < HINT_COLS
		       ? "j k extend  v chars  V lines  C-v block  "
			 "y or Enter copy  Y with times  Esc"
		       : "j k extend  v chars  V lines  C-v block  o other "
			 "end  / n N find  y or Enter copy  Y with times  "
			 "Esc";
}

static const char *
about(struct ui *ui, struct sheet *sh)
{
	static char text[64];
	struct select *s = (struct select *)sh;
	struct buf out;

	buf_init(&out, COPY_BYTES);
	size_t lines = collect(ui, s, false, &out);
	snprintf(text, sizeof(text), "%zu line%s, %zu bytes", lines,
		 lines == 1 ? "" : "s", out.len);
	buf_fini(&out);
	return text;
}

static void
free_sheet(struct sheet *sh)
{
	regex_free(((struct select *)sh)->find);
	free(sh);
}

static const struct sheet_ops ops = {
	.word = "SELECT", .role = ROLE_MODE_SELECT,
	.draw = draw, .key = key, .mouse = mouse, .hint = hint,
	.about = about, .free = free_sheet,
};

bool
sheet_select_find(struct ui *ui, const char *pattern, struct err *e)
{
	struct select *s = (struct select *)ui->sheet;
	struct regex *re = regex_new(pattern, strlen(pattern), 0, e, NULL);

	if (!re)
		return false;
	if (!s || s->sheet.ops != &ops) {
		regex_free(re);
		return true;
	}
	regex_free(s->find);
	s->find = re;
	next_hit(ui, s, 1);
	return true;
}

/* What the cursor begins at: the hit of a search, or the last line. */
static bool
first_spot(struct ui *ui, struct select *s)
{
	struct rect r = ui->layout.main;
	struct model_proc *p = ui_selected(ui);
	uint64_t hit = p ? logview_hit(ui_pane(ui, p)->log) : 0;

	for (int y = r.y + r.h - 1; y >= r.y; y--) {
		const struct text_row *t = &ui->text_rows[y];
		if (!t->used)
			continue;
		if (s->term && p->screen && !ui_pane(ui, p)->sb.on) {
			/* Below its cursor a terminal is mostly empty. */
			const struct proto_screen *h = &p->screen->head;
			if (t->line > h->sb_next + h->cursor_row)
				continue;
		}
		if (!s->at.line || t->line == hit)
			s->at = (struct spot){ t->line, t->col };
	}
	return s->at.line != 0 || s->term;
}

static struct select *
new_select(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	if (!p || ui->merged || rect_empty(ui->layout.main))
		return NULL;
	struct select *s = mem_alloc(sizeof(*s));
	s->sheet.ops = &ops;
	s->proc = p->id;
	s->term = ui_shows_screen(ui);
	const char *pattern = target_pattern(ui);
	if (*pattern)
		s->find = regex_new(pattern, strlen(pattern), 0, NULL, NULL);
	/* Where everything is now. */
	ui->dirty = true;
	ui_draw(ui);
	if (!s->term)
		logview_pause(ui_pane(ui, p)->log);
	return s;
}

void
sheet_select_open(struct ui *ui, const char *how)
{
	struct select *s = new_select(ui);

	if (!s)
		return;
	s->how = !strcmp(how, "lines")	 ? LINES
		 : !strcmp(how, "block") ? BLOCK
					 : CHARS;
	if (!first_spot(ui, s)) {
		free_sheet(&s->sheet);
		ui_toast(ui, TOAST_INFO, "there is nothing to select");
		return;
	}
	s->anchor = s->at;
	sheet_open(ui, &s->sheet);
}

void
sheet_select_drag(struct ui *ui, int y, int x)
{
	struct select *s = new_select(ui);

	if (!s)
		return;
	if (!spot_at(ui, y, x, &s->at)) {
		free_sheet(&s->sheet);
		return;
	}
	s->anchor = s->at;
	s->drag = true;
	sheet_open(ui, &s->sheet);
}

void
sheet_select_copy(struct ui *ui)
{
	sheet_select_open(ui, "lines");
	if (ui->sheet && ui->sheet->ops == &ops)
		copy(ui, (struct select *)ui->sheet, false);
}
