#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/utf8.h"
#include "engine/log/strip.h"

/* Text to read, a line on as many rows as it needs. */

enum { LINE_BYTES = 1 << 20, MARGIN = 2 };

struct reader {
	struct sheet sheet;
	struct sheet_ops ops;	/* the word is the caller's */
	char *title, *text;
	void (*accept)(struct ui *ui, const char *text);
	char hint[96];
	int top, rows, height;	/* rows and height as last drawn */
};

/* The rows from `no` on of one line; returns the number of the next row. */
static int
draw_line(const struct reader *r, const struct pen *pen, struct rect in,
	  const struct buf *line, int no)
{
	size_t at = 0;

	do {
		const char *s = buf_str(line) + at;
		size_t left = line->len - at;
		size_t n = utf8_prefix(s, left, SBX_MAX(in.w, 1));
		/* One that is wider than the row has to go on all the same. */
		n = left && !n ? left : n;
		int y = no - r->top;
		if (y >= 0 && y < in.h) {
			char *part = mem_strn(s, n);
			draw_text(pen, in.y + y, in.x, part);
			free(part);
		}
		at += n;
		no++;
	} while (at < line->len);
	return no;
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct reader *r = (struct reader *)sh;
	struct rect all = sheet_room(ui);
	struct pen pen = ui_pen(ui, all, ROLE_TEXT);
	struct pen title = ui_pen(ui, all, ROLE_TITLE_FOCUS);
	struct rect in = { all.y + SBX_MIN(2, all.h - 1), all.x + MARGIN,
			   SBX_MAX(all.h - 2, 1),
			   SBX_MAX(all.w - 2 * MARGIN, 1) };
	struct buf line = BUF_INIT(LINE_BYTES);

	draw_fill(&pen, all);
	int x = ui_text(ui, &pen, all.y, all.x, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	draw_cut(&title, all.y, x, all.w - 1, r->title,
		 ui_glyph(ui, GLYPH_MORE));
	r->height = in.h;
	r->top = SBX_MAX(0, SBX_MIN(r->top, r->rows - in.h));
	int no = 0;
	for (const char *s = r->text; *s;) {
		size_t len = strcspn(s, "\n");
		strip_display(s, len, &line, NULL, NULL, NULL);
		no = draw_line(r, &pen, in, &line, no);
		s += len + (s[len] == '\n');
	}
	/* A first look does not know yet how many rows there are. */
	r->rows = no;
	buf_fini(&line);
}

static void
accept(struct ui *ui, struct reader *r)
{
	void (*fn)(struct ui *, const char *) = r->accept;
	char *text = mem_str(r->text);

	sheet_close(ui);
	if (fn)
		fn(ui, text);
	free(text);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct reader *r = (struct reader *)sh;
	int page = SBX_MAX(r->height - 1, 1);

	if (sheet_is_close(k))
		sheet_close(ui);
	else if (k.mods)
		return;
	else if (k.sym == SYM_ENTER)
		accept(ui, r);
	else if (k.sym == 'y')
		ui_copy(ui, mem_str(r->text), strlen(r->text), "the text");
	else
		r->top = k.sym == 'j' || k.sym == SYM_DOWN ? r->top + 1
			 : k.sym == 'k' || k.sym == SYM_UP ? r->top - 1
			 : k.sym == SYM_PGDN || k.sym == ' ' ? r->top + page
			 : k.sym == SYM_PGUP		     ? r->top - page
			 : k.sym == 'g' || k.sym == SYM_HOME ? 0
			 : k.sym == 'G' || k.sym == SYM_END  ? r->rows
							     : r->top;
}

static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *m)
{
	struct reader *r = (struct reader *)sh;

	(void)ui;
	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP)
		r->top--;
	else if (m->button == VT_BUTTON_WHEEL_DOWN)
		r->top++;
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui;
	return ((struct reader *)sh)->hint;
}

/* How much of it is in sight. */
static const char *
about(struct ui *ui, struct sheet *sh)
{
	static char text[64];
	const struct reader *r = (const struct reader *)sh;

	(void)ui;
	text[0] = 0;
	if (r->rows > r->height)
		snprintf(text, sizeof(text), "%d-%d of %d", r->top + 1,
			 SBX_MIN(r->top + r->height, r->rows), r->rows);
	return text;
}

static void
free_sheet(struct sheet *sh)
{
	struct reader *r = (struct reader *)sh;

	free(r->title);
	free(r->text);
	free(r);
}

void
sheet_text_open(struct ui *ui, const struct sheet_text *t)
{
	struct reader *r = mem_alloc(sizeof(*r));

	r->ops = (struct sheet_ops){
		.word = t->word, .role = ROLE_MODE_PROMPT, .draw = draw,
		.key = key, .mouse = mouse, .hint = hint, .about = about,
		.free = free_sheet,
	};
	r->sheet.ops = &r->ops;
	r->title = mem_str(t->title);
	r->text = mem_str(t->text);
	r->accept = t->accept;
	snprintf(r->hint, sizeof(r->hint), "%s%s%sj k scroll  y copy  q close",
		 t->verb ? "Enter " : "", t->verb ? t->verb : "",
		 t->verb ? "  " : "");
	sheet_open(ui, &r->sheet);
}
