#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/mem.h"

/* What of a process goes to the clipboard. */

struct menu {
	struct sheet sheet;
	uint32_t proc;
	int chosen;
};

static const struct {
	char key;
	const char *what;
} rows[] = {
	{ 'n', "name" }, { 'p', "pid" }, { 'c', "command" },
	{ 'd', "directory" }, { 'u', "url" }, { 'e', "last reason" },
};

static void
value_of(const struct model_proc *p, int no, char *out, size_t cap)
{
	const struct proc_row *r = p->row;
	const char *texts[] = { r->name, "", r->command, r->cwd, r->url,
				r->reason };

	if (rows[no].key == 'p' && r->pid)
		snprintf(out, cap, "%u", r->pid);
	else
		snprintf(out, cap, "%s", texts[no]);
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct menu *m = (struct menu *)sh;
	struct model_proc *p = model_find(ui->model, m->proc);
	struct rect r = sheet_place(ui, -1, (int)ARRAY_LEN(rows) + 2, 60);
	struct rect in = sheet_frame(ui, r, "copy", "Enter copy  Esc close");
	char value[4096], line[64];

	for (int i = 0; p && i < in.h && i < (int)ARRAY_LEN(rows); i++) {
		struct pen pen = ui_pen(ui, in, i == m->chosen
							? ROLE_SHEET_SELECTED
							: ROLE_SHEET);
		draw_fill(&pen, (struct rect){ in.y + i, in.x, 1, in.w });
		value_of(p, i, value, sizeof(value));
		snprintf(line, sizeof(line), " %c  %-12s", rows[i].key,
			 rows[i].what);
		int x = draw_text(&pen, in.y + i, in.x, line);
		draw_cut(&pen, in.y + i, x, in.x + in.w - x, value,
			 ui_glyph(ui, GLYPH_MORE));
	}
}

static void
copy(struct ui *ui, struct menu *m, int no)
{
	struct model_proc *p = model_find(ui->model, m->proc);
	char value[4096];

	if (p) {
		value_of(p, no, value, sizeof(value));
		if (*value)
			ui_copy(ui, mem_str(value), strlen(value),
				rows[no].what);
		else
			ui_toast(ui, TOAST_INFO, "%s has no %s", p->row->name,
				 rows[no].what);
	}
	sheet_close(ui);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct menu *m = (struct menu *)sh;
	int count = (int)ARRAY_LEN(rows);

	if (k.sym == SYM_ESC || k.sym == 'q' ||
	    (k.sym == 'c' && k.mods == KEY_CTRL)) {
		sheet_close(ui);
	} else if (k.sym == SYM_DOWN || k.sym == 'j') {
		m->chosen = (m->chosen + 1) % count;
	} else if (k.sym == SYM_UP || k.sym == 'k') {
		m->chosen = (m->chosen + count - 1) % count;
	} else if (k.sym == SYM_ENTER || k.sym == 'y') {
		copy(ui, m, m->chosen);
	} else {
		for (int i = 0; i < count; i++)
			if (!k.mods && k.sym == (uint32_t)rows[i].key) {
				copy(ui, m, i);
				return;
			}
	}
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui, (void)sh;
	return "j k choose  Enter copy  Esc close";
}

static const struct sheet_ops ops = {
	.word = "COPY", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .hint = hint,
};

void
sheet_copy_open(struct ui *ui)
{
	struct menu *m = mem_alloc(sizeof(*m));

	if (!ui_selected(ui)) {
		free(m);
		return;
	}
	m->sheet.ops = &ops;
	m->proc = ui->selected;
	sheet_open(ui, &m->sheet);
}
