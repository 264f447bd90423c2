#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"

enum { UNASKED_MS = 150 };	/* keys that were meant for something else */

void
sheet_open(struct ui *ui, struct sheet *sh)
{
	sh->below = ui->sheet;
	ui->sheet = sh;
	ui->dirty = true;
}

void
sheet_close(struct ui *ui)
{
	struct sheet *sh = ui->sheet;

	if (!sh)
		return;
	ui->sheet = sh->below;
	ui->dirty = true;
	if (sh->ops->free)
		sh->ops->free(sh);
	else
		free(sh);
}

void
sheet_close_all(struct ui *ui)
{
	while (ui->sheet)
		sheet_close(ui);
}

/* A smaller sheet has no frame. */
enum { FRAMED_ROWS = 6, FRAMED_COLS = 16 };

struct rect
sheet_room(const struct ui *ui)
{
	struct rect r = canvas_rect(ui->canvas);

	/* Where there is but one row, the status has it. */
	if (!rect_empty(ui->layout.status) && ui->layout.status.y > 0)
		r.h = ui->layout.status.y;
	return r;
}

struct rect
sheet_place(const struct ui *ui, int y, int h, int w)
{
	int cols = canvas_cols(ui->canvas), body = sheet_room(ui).h;

	h = SBX_MIN(h, body);
	w = SBX_MIN(w, cols);
	if (y < 0 || y + h > body)
		y = (body - h) / 2;
	return (struct rect){ y, (cols - w) / 2, h, w };
}

static void
draw_edge(const struct ui *ui, const struct pen *pen, int y, struct rect r,
	  enum glyph left, enum glyph right)
{
	int x = draw_text(pen, y, r.x, ui_glyph(ui, left));

	x = draw_repeat(pen, y, x, ui_glyph(ui, GLYPH_LINE), r.w - 2);
	draw_text(pen, y, x, ui_glyph(ui, right));
}

struct rect
sheet_frame(const struct ui *ui, struct rect r, const char *title,
	    const char *footer)
{
	struct pen fill = ui_pen(ui, r, ROLE_SHEET);
	struct pen pen = ui_pen(ui, r, ROLE_SHEET_BORDER);
	int last = r.y + r.h - 1;

	draw_fill(&fill, r);
	/* What it says matters more than its frame. */
	if (r.h < FRAMED_ROWS || r.w < FRAMED_COLS)
		return r;
	draw_edge(ui, &pen, r.y, r, GLYPH_TOP_LEFT, GLYPH_TOP_RIGHT);
	draw_edge(ui, &pen, last, r, GLYPH_BOTTOM_LEFT, GLYPH_BOTTOM_RIGHT);
	for (int y = r.y + 1; y < last; y++) {
		draw_text(&pen, y, r.x, ui_glyph(ui, GLYPH_SEPARATOR));
		draw_text(&pen, y, r.x + r.w - 1,
			  ui_glyph(ui, GLYPH_SEPARATOR));
	}
	char text[256];
	snprintf(text, sizeof(text), " %s ", title);
	struct pen tp = ui_pen(ui, r, ROLE_SHEET_TITLE);
	draw_cut(&tp, r.y, r.x + 2, r.w - 4, text, ui_glyph(ui, GLYPH_MORE));
	if (footer && *footer) {
		snprintf(text, sizeof(text), " %s ", footer);
		draw_right(&pen, last, r.x + 2, r.w - 4, text, "");
	}
	return (struct rect){ r.y + 1, r.x + 2, SBX_MAX(r.h - 2, 0),
			      SBX_MAX(r.w - 4, 0) };
}

void
sheet_rule(const struct ui *ui, struct rect r, int y)
{
	struct pen pen = ui_pen(ui, r, ROLE_SHEET_BORDER);

	draw_edge(ui, &pen, y, r, GLYPH_TEE_LEFT, GLYPH_TEE_RIGHT);
}

/* --- a question with one answer --- */

struct confirm {
	struct sheet sheet;
	char title[128], text[512], label[64];
	char answer;
	char *command;		/* or the paste below */
	char *paste;
	size_t paste_len;
	uint32_t proc;
	uint64_t opened_ms;
	bool stay;		/* which row is chosen */
};

static void
confirm_draw(struct ui *ui, struct sheet *sh)
{
	struct confirm *c = (struct confirm *)sh;
	struct rect r = sheet_place(ui, -1, 7, 58);
	struct rect in = sheet_frame(ui, r, c->title, NULL);
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);

	draw_cut(&pen, in.y, in.x, in.w, c->text, ui_glyph(ui, GLYPH_MORE));
	for (int i = 0; i < 2; i++) {
		int y = in.y + 2 + i;
		bool chosen = (i == 1) == c->stay;
		char key[8];
		snprintf(key, sizeof(key), "%c", c->answer);
		if (chosen)
			draw_text(&pen, y, in.x, ui_glyph(ui, GLYPH_CURSOR));
		ui_text(ui, &pen, y, in.x + 2, ROLE_SHEET_KEY,
			i == 0 ? key : "Esc");
		draw_text(&pen, y, in.x + 7, i == 0 ? c->label : "stay");
	}
}

static void
confirm_free(struct sheet *sh)
{
	struct confirm *c = (struct confirm *)sh;

	free(c->command);
	free(c->paste);
	free(c);
}

static void
confirm_yes(struct ui *ui, struct confirm *c)
{
	char *command = c->command, *paste = c->paste;
	size_t len = c->paste_len;
	uint32_t proc = c->proc;

	c->command = c->paste = NULL;
	sheet_close(ui);
	if (command)
		command_sure(ui, command);
	else if (ui->client)
		ui_send_paste(ui, proc, paste, len);
	free(command);
	free(paste);
}

static void
confirm_key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct confirm *c = (struct confirm *)sh;

	/* A dialog that opens under fast fingers must not be answered by
	 * keys that were on their way to something else. */
	if (clock_ms() - c->opened_ms < UNASKED_MS && c->paste)
		return;
	if (!k.mods && k.sym == (uint32_t)c->answer)
		confirm_yes(ui, c);
	else if (sheet_is_close(k))
		sheet_close(ui);
	else if (k.sym == SYM_ENTER && c->stay)
		sheet_close(ui);
	else if (k.sym == SYM_ENTER)
		confirm_yes(ui, c);
	else if (k.sym == SYM_UP || k.sym == SYM_DOWN || k.sym == 'j' ||
		 k.sym == 'k')
		c->stay = !c->stay;
}

static const char *
confirm_hint(struct ui *ui, struct sheet *sh)
{
	static char text[96];
	const struct confirm *c = (const struct confirm *)sh;

	snprintf(text, sizeof(text), "%c %s   Esc stay", c->answer,
		 c->label);
	(void)ui;
	return text;
}

static const struct sheet_ops confirm_ops = {
	.word = "CONFIRM",
	.role = ROLE_MODE_CONFIRM,
	.draw = confirm_draw,
	.key = confirm_key,
	.hint = confirm_hint,
	.free = confirm_free,
};

static struct confirm *
confirm_new(const char *title, const char *text, char answer,
	    const char *label)
{
	struct confirm *c = mem_alloc(sizeof(*c));

	c->sheet.ops = &confirm_ops;
	snprintf(c->title, sizeof(c->title), "%s", title);
	snprintf(c->text, sizeof(c->text), "%s", text);
	snprintf(c->label, sizeof(c->label), "%s", label);
	c->answer = answer;
	c->opened_ms = clock_ms();
	c->stay = true;
	return c;
}

void
sheet_confirm_open(struct ui *ui, const char *title, const char *text,
		   char answer, const char *label, const char *command)
{
	struct confirm *c = confirm_new(title, text, answer, label);

	c->command = mem_str(command);
	sheet_open(ui, &c->sheet);
}

void
sheet_paste_open(struct ui *ui, uint32_t proc, const char *text, size_t len)
{
	size_t lines = 1;
	char about[128];

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' || text[i] == '\r';
	snprintf(about, sizeof(about), "%zu bytes in %zu lines; each line is "
		 "run as it arrives.", len, lines);
	struct confirm *c = confirm_new("paste several lines", about, 'p',
					"paste them");
	c->paste = mem_dup(text, SBX_MAX(len, 1u));
	c->paste_len = len;
	c->proc = proc;
	sheet_open(ui, &c->sheet);
}
