#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"

/* Rows to choose one from, about one process. */

enum { MENU_COLS = 60 };

struct menu {
	struct sheet sheet;
	struct sheet_ops ops;	/* the word is the caller's */
	struct sheet_menu what;	/* with texts of its own */
	struct sheet_menu_row *rows;
	uint32_t proc;
	char *title, *about;
	char footer[64], hint[64];
	int chosen, top;	/* top as last drawn */
	struct rect in;
};

bool
sheet_is_close(struct key k)
{
	return k.sym == SYM_ESC || (!k.mods && k.sym == 'q') ||
	       (k.sym == 'c' && k.mods == KEY_CTRL);
}

static void
draw_row(struct ui *ui, const struct menu *m, int y, int no)
{
	const struct sheet_menu_row *row = &m->rows[no];
	struct pen pen = ui_pen(ui, m->in, no == m->chosen
						   ? ROLE_SHEET_SELECTED
						   : ROLE_SHEET);
	char key[8] = "";
	int x = m->in.x + 1, end = m->in.x + m->in.w;

	draw_fill(&pen, (struct rect){ y, m->in.x, 1, m->in.w });
	if (row->key) {
		snprintf(key, sizeof(key), "%c", row->key);
		x = ui_text(ui, &pen, y, x, ROLE_SHEET_KEY, key) + 2;
	}
	draw_text(&pen, y, x, row->word);
	x += m->what.word_columns + 1;
	draw_cut(&pen, y, x, end - x, row->text, ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct menu *m = (struct menu *)sh;
	struct rect r = sheet_place(ui, -1, m->what.count + 2, MENU_COLS);

	m->in = sheet_frame(ui, r, m->title, m->footer);
	m->top = SBX_MAX(0, m->chosen - m->in.h + 1);
	for (int i = 0; i < m->in.h && m->top + i < m->what.count; i++)
		draw_row(ui, m, m->in.y + i, m->top + i);
}

static void
run(struct ui *ui, struct menu *m, int row)
{
	sheet_menu_fn *fn = m->what.run;
	uint32_t proc = m->proc;
	char *about = mem_str(m->about);

	sheet_close(ui);
	if (model_find(ui->model, proc))
		fn(ui, proc, row, about);
	free(about);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct menu *m = (struct menu *)sh;
	int count = m->what.count;

	if (sheet_is_close(k)) {
		sheet_close(ui);
		return;
	}
	if (k.mods)
		return;
	if (k.sym == SYM_DOWN || k.sym == 'j')
		m->chosen = (m->chosen + 1) % count;
	else if (k.sym == SYM_UP || k.sym == 'k')
		m->chosen = (m->chosen + count - 1) % count;
	else if (k.sym == SYM_ENTER || k.sym == (uint32_t)m->what.again)
		run(ui, m, m->chosen);
	else
		for (int i = 0; i < count; i++)
			if (m->rows[i].key &&
			    k.sym == (uint32_t)m->rows[i].key) {
				run(ui, m, i);
				return;
			}
}

/* A click chooses, one on what is chosen runs it. */
static bool
mouse(struct ui *ui, struct sheet *sh, const struct vt_mouse *e)
{
	struct menu *m = (struct menu *)sh;
	int no = m->top + e->row - m->in.y;

	if (e->kind != VT_MOUSE_PRESS || e->button != VT_BUTTON_LEFT)
		return false;
	if (!rect_holds(m->in, e->row, e->col))
		sheet_close(ui);
	else if (no == m->chosen)
		run(ui, m, no);
	else if (no < m->what.count)
		m->chosen = no;
	return true;
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui;
	return ((struct menu *)sh)->hint;
}

static void
free_sheet(struct sheet *sh)
{
	struct menu *m = (struct menu *)sh;

	for (int i = 0; i < m->what.count; i++) {
		free((char *)m->rows[i].word);
		free((char *)m->rows[i].text);
	}
	free(m->rows);
	free(m->title);
	free(m->about);
	free(m);
}

void
sheet_menu_open(struct ui *ui, const struct sheet_menu *what)
{
	struct menu *m;

	if (!ui_selected(ui) || what->count < 1)
		return;
	m = mem_alloc(sizeof(*m));
	m->ops = (struct sheet_ops){
		.word = what->mode_word, .role = what->role, .draw = draw,
		.key = key, .mouse = mouse, .hint = hint, .free = free_sheet,
	};
	m->sheet.ops = &m->ops;
	m->what = *what;
	m->title = mem_str(what->title);
	m->about = mem_str(what->about);
	m->rows = mem_array((size_t)what->count, sizeof(*m->rows));
	for (int i = 0; i < what->count; i++)
		m->rows[i] = (struct sheet_menu_row){
			what->rows[i].key, mem_str(what->rows[i].word),
			mem_str(what->rows[i].text)
		};
	m->proc = ui->selected;
	m->chosen = what->chosen;
	snprintf(m->footer, sizeof(m->footer), "Enter %s  Esc close",
		 what->verb);
	snprintf(m->hint, sizeof(m->hint), "j k choose  Enter %s  Esc close",
		 what->verb);
	sheet_open(ui, &m->sheet);
}
