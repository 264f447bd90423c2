#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "command.h"
#include "edit.h"
#include "engine/base.h"
#include "engine/mem.h"
#include "engine/setfile.h"
#include "engine/spec.h"

/* The form for a new process, with the lines that it would be in sbxrc. */
enum { COMMAND, NAME, DIRECTORY, TERMINAL, RESTART, FIELDS };

struct form {
	struct sheet sheet;
	struct edit command, name, directory;
	bool name_typed;
	bool tty;
	int restart;		/* enum spec_restart */
	int field;
};

static const char *const labels[FIELDS] = { "command", "name", "directory",
					    "terminal", "restart" };
static const char *const restarts[] = { "never", "on-failure", "always" };

static struct edit *
edit_of(struct form *f)
{
	switch (f->field) {
	case COMMAND:
		return &f->command;
	case NAME:
		return &f->name;
	case DIRECTORY:
		return &f->directory;
	default:
		return NULL;
	}
}

static char *
full_dir(const struct ui *ui, const struct form *f)
{
	return setfile_path(ui->set_dir, getenv("HOME"),
			    f->directory.len ? f->directory.text : ".");
}

static bool
dir_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A free name: "storybook", else "storybook-2" and so on. */
static void
guess_name(struct ui *ui, struct form *f)
{
	char base[SPEC_NAME_MAX + 1], name[SPEC_NAME_MAX + 16];

	if (f->name_typed)
		return;
	if (!f->command.len) {
		edit_set(&f->name, "");
		return;
	}
	spec_guess_name(f->command.text, base);
	snprintf(name, sizeof(name), "%s", base);
	for (int i = 2; model_find_name(ui->model, name) && i < 100; i++)
		snprintf(name, sizeof(name), "%.60s-%d", base, i);
	edit_set(&f->name, name);
}

static int
radio(struct ui *ui, const struct pen *pen, int y, int x, bool on,
      const char *text)
{
	x = draw_text(pen, y, x, "(");
	x = draw_text(pen, y, x, on ? ui_glyph(ui, GLYPH_CHOSEN) : " ");
	return draw_fmt(pen, y, x, ") %s", text) + 2;
}

static void
draw_field(struct ui *ui, const struct pen *pen, struct form *f, int i,
	   int y)
{
	int x = pen->clip.x + 10;

	ui_text(ui, pen, y, pen->clip.x,
		i == f->field ? ROLE_SHEET_KEY : ROLE_SHEET, labels[i]);
	if (i == TERMINAL) {
		x = radio(ui, pen, y, x, !f->tty, "no");
		x = radio(ui, pen, y, x, f->tty, "yes");
		ui_text(ui, pen, y, x + 2, ROLE_PROMPT_COMPLETE,
			"it can ask questions");
		return;
	}
	if (i == RESTART) {
		for (int k = 0; k < 3; k++)
			x = radio(ui, pen, y, x, f->restart == k,
				  restarts[k]);
		return;
	}
	int field = f->field;
	f->field = i;
	struct edit *ed = edit_of(f);
	f->field = field;
	struct pen text = *pen;
	text.style = ui_style(ui, ROLE_PROMPT);
	text.style.bg = pen->style.bg;
	text.clip.x = x;
	text.clip.w = SBX_MAX(pen->clip.x + pen->clip.w - x - 4, 1);
	int skip = SBX_MAX(edit_column(ed) - text.clip.w + 1, 0);
	draw_text(&text, y, x - skip, ed->text);
	if (i == field)
		canvas_set_cursor(ui->canvas, (struct canvas_cursor){
			y, x + edit_column(ed) - skip, true, 2 });
}

/* The exact lines, before anything happens. */
static void
draw_preview(struct ui *ui, const struct pen *pen, const struct form *f,
	     int y, int rows)
{
	char lines[6][160];
	int n = 0;

	snprintf(lines[n++], 160, "process %.64s {", f->name.text);
	snprintf(lines[n++], 160, "    cmd %.140s", f->command.text);
	if (f->directory.len && strcmp(f->directory.text, ".") != 0)
		snprintf(lines[n++], 160, "    cwd %.140s",
			 f->directory.text);
	if (f->tty)
		snprintf(lines[n++], 160, "    tty yes");
	if (f->restart)
		snprintf(lines[n++], 160, "    restart %s",
			 restarts[f->restart]);
	draw_text(pen, y, pen->clip.x, "will add:");
	for (int i = 0; i < n && i < rows; i++)
		draw_cut(pen, y + i, pen->clip.x + 12, pen->clip.w - 12,
			 lines[i], ui_glyph(ui, GLYPH_MORE));
	if (n < rows)
		draw_text(pen, y + n, pen->clip.x + 12, "}");
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct form *f = (struct form *)sh;
	struct rect r = sheet_place(ui, 3, 16, 64);
	char footer[32];

	snprintf(footer, sizeof(footer), "%d of %d", f->field + 1, FIELDS);
	struct rect in = sheet_frame(ui, r, "add a process", footer);
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	int y = in.y + (in.h > FIELDS + 2);
	for (int i = 0; i < FIELDS; i++)
		draw_field(ui, &pen, f, i, y + i);
	if (!f->name_typed && f->name.len)
		ui_text(ui, &pen, y + NAME, in.x + 30, ROLE_PROMPT_COMPLETE,
			"(from the command)");
	char *dir = full_dir(ui, f);
	bool ok = dir_exists(dir);
	ui_text(ui, &pen, y + DIRECTORY, in.x + in.w - 3,
		ok ? ROLE_STATUS_READY : ROLE_PROMPT_INVALID,
		ok ? " ok" : " no");
	free(dir);
	draw_preview(ui, &pen, f, y + FIELDS + 1,
		     in.y + in.h - y - FIELDS - 1);
}

static void
accept(struct ui *ui, struct form *f)
{
	char *dir = full_dir(ui, f);
	struct spec_args a = {
		.name = f->name.len ? f->name.text : NULL,
		.command = f->command.text,
		.cwd = dir,
		.tty = f->tty,
	};

	if (!f->command.len) {
		ui_toast(ui, TOAST_WARN, "a command is needed");
	} else if (!dir_exists(dir)) {
		ui_toast(ui, TOAST_WARN, "there is no directory %s", dir);
	} else {
		command_add(ui, &a, f->restart);
		sheet_close_all(ui);
	}
	free(dir);
}

static void
choose(struct form *f, int by)
{
	if (f->field == TERMINAL)
		f->tty = !f->tty;
	else if (f->field == RESTART)
		f->restart = (f->restart + 3 + by) % 3;
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct form *f = (struct form *)sh;
	struct edit *ed = edit_of(f);
	bool back = (k.sym == SYM_TAB && (k.mods & KEY_SHIFT)) ||
		    k.sym == SYM_UP, changed = false;

	if (k.sym == SYM_ESC || (k.sym == 'c' && k.mods == KEY_CTRL)) {
		sheet_close(ui);
	} else if (k.sym == SYM_ENTER) {
		accept(ui, f);
	} else if (k.sym == SYM_TAB || k.sym == SYM_DOWN || back) {
		f->field = (f->field + (back ? FIELDS - 1 : 1)) % FIELDS;
	} else if (!ed) {
		if (k.sym == ' ' || k.sym == SYM_RIGHT || k.sym == 'l')
			choose(f, 1);
		else if (k.sym == SYM_LEFT || k.sym == 'h')
			choose(f, -1);
	} else if (edit_key(ed, k, &changed) && changed) {
		if (f->field == NAME)
			f->name_typed = f->name.len > 0;
		guess_name(ui, f);
	}
}

static void
paste(struct ui *ui, struct sheet *sh, const char *text, size_t len)
{
	struct form *f = (struct form *)sh;
	struct edit *ed = edit_of(f);

	if (!ed)
		return;
	edit_insert(ed, text, len);
	guess_name(ui, f);
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui, (void)sh;
	return "Tab S-Tab fields  Space choose  Enter start  Esc cancel";
}

static const struct sheet_ops ops = {
	.word = "FORM", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste, .hint = hint,
};

void
sheet_add_open(struct ui *ui)
{
	struct form *f = mem_alloc(sizeof(*f));

	f->sheet.ops = &ops;
	edit_set(&f->directory, ".");
	sheet_open(ui, &f->sheet);
}
