#include "sheet.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "action.h"
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/conf/rcload.h"
#include "engine/conf/rcwrite.h"
#include "engine/conf/setfile.h"
#include "engine/spec/spec.h"
#include "newproc.h"

/* The form for a new process, with the lines that it would be in sbxrc. */
enum { COMMAND, NAME, DIRECTORY, TERMINAL, RESTART, KEEP, FIELDS };

enum { LINES_BYTES = 1 << 16 };

struct form {
	struct sheet sheet;
	struct edit command, name, directory;
	bool name_typed;
	bool tty;
	bool keep;		/* the lines go to the sbxrc */
	int restart;		/* enum spec_restart */
	int field;
	char *edited;		/* the file that the editor has; NULL: none */
};

static const char *const labels[FIELDS] = { "command", "name", "directory",
					    "terminal", "restart", "keep it" };

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
      const char *text, size_t len)
{
	x = draw_text(pen, y, x, "(");
	x = draw_text(pen, y, x, on ? ui_glyph(ui, GLYPH_CHOSEN) : " ");
	return draw_fmt(pen, y, x, ") %.*s", (int)len, text) + 2;
}

static void
draw_field(struct ui *ui, const struct pen *pen, struct form *f, int i,
	   int y)
{
	int x = pen->clip.x + 10;

	ui_text(ui, pen, y, pen->clip.x,
		i == f->field ? ROLE_SHEET_KEY : ROLE_SHEET, labels[i]);
	if (i == TERMINAL) {
		x = radio(ui, pen, y, x, !f->tty, "no", 2);
		x = radio(ui, pen, y, x, f->tty, "yes", 3);
		ui_text(ui, pen, y, x + 2, ROLE_PROMPT_COMPLETE,
			"it can ask questions");
		return;
	}
	if (i == KEEP) {
		x = draw_text(pen, y, x, "[");
		x = draw_text(pen, y, x, f->keep ? "x" : " ");
		x = draw_text(pen, y, x, "] ");
		draw_text(pen, y, x, ui->rc_path[0]
			  ? "write these lines to sbxrc"
			  : "write these lines to a new sbxrc");
		return;
	}
	if (i == RESTART) {
		for (int k = 0; k < SPEC_RESTART_COUNT; k++) {
			size_t len;
			const char *word = rc_choice_word("restart", k, &len);
			x = radio(ui, pen, y, x, f->restart == k, word, len);
		}
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

/* The process as lines of an sbxrc; caller frees. */
static char *
make_lines(const struct ui *ui, const struct form *f)
{
	struct spec *s = spec_new(), *there = spec_new();
	struct rcwrite_there how = { there, there, ui->set_dir, true };
	struct buf b = BUF_INIT(LINES_BYTES);

	free(s->name);
	s->name = mem_str(f->name.len ? f->name.text : "name");
	s->command = mem_str(f->command.len ? f->command.text : "command");
	s->cwd = full_dir(ui, f);
	s->tty = f->tty;
	s->restart = f->restart;
	there->cwd = mem_str(ui->set_dir);
	(void)rcwrite_spec(&b, s, &how);
	spec_free(s);
	spec_free(there);
	return buf_take(&b);
}

/* The exact lines, before anything happens. */
static void
draw_preview(struct ui *ui, const struct pen *pen, const struct form *f,
	     int y, int rows)
{
	char *lines = make_lines(ui, f), *s = lines;

	draw_text(pen, y, pen->clip.x, "will add:");
	for (int i = 0; *s && i < rows; i++) {
		char *end = s + strcspn(s, "\n");
		bool last = !*end || !end[1];
		*end = '\0';
		draw_cut(pen, y + i, pen->clip.x + 12, pen->clip.w - 12, s,
			 ui_glyph(ui, GLYPH_MORE));
		s = last ? end : end + 1;
	}
	free(lines);
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct form *f = (struct form *)sh;
	struct rect r = sheet_place(ui, 3, 17, 64);
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

/* What is missing for lines that mean something; NULL: nothing. */
static const char *
missing(struct ui *ui, const struct form *f)
{
	char *dir = full_dir(ui, f);
	bool ok = dir_exists(dir);

	free(dir);
	return !f->command.len ? "a command is needed"
	       : !ok		? "there is no such directory"
				: NULL;
}

static void
accept(struct ui *ui, struct form *f)
{
	const char *why = missing(ui, f);
	struct err e = ERR_INIT;
	char *lines;

	if (why) {
		ui_toast(ui, TOAST_WARN, "%s", why);
		return;
	}
	lines = make_lines(ui, f);
	if (newproc_text(ui, lines, f->keep, &e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
	else
		sheet_close_all(ui);
	free(lines);
}

static void
drop_edited(struct form *f)
{
	if (f->edited)
		unlink(f->edited);
	free(f->edited);
	f->edited = NULL;
}

/* The editor has ended: what it left is added, or the form stays. */
static void
on_edited(struct ui *ui, int status)
{
	struct form *f = (struct form *)ui->sheet;
	struct err e = ERR_INIT;

	if (!f || f->sheet.ops->draw != draw || !f->edited)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ui_toast(ui, TOAST_WARN, "the editor has failed; nothing was "
			 "added");
	else if (newproc_file(ui, f->edited, f->keep, &e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s%s%s", e.text,
			 e.hint[0] ? "; " : "", e.hint);
	else
		sheet_close_all(ui);
	/* It may have gone with the others. */
	if (ui->sheet == (struct sheet *)f)
		drop_edited(f);
	ui->dirty = true;
}

static void
edit_lines(struct ui *ui, struct form *f)
{
	const char *tmp = getenv("TMPDIR");
	char *path = mem_fmt("%s/sbx-new.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	char *lines = make_lines(ui, f);
	int fd = mkostemp(path, O_CLOEXEC);
	int r = fd < 0 ? -1 : sys_write_all(fd, lines, strlen(lines));

	drop_edited(f);
	if (fd >= 0)
		f->edited = path;
	else
		free(path);
	if (r < 0)
		ui_toast(ui, TOAST_ERROR, "there is no place for a file");
	else
		action_edit_file(ui, path, 1, on_edited);
	sys_close(fd);
	free(lines);
}

static void
free_form(struct sheet *sh)
{
	drop_edited((struct form *)sh);
	free(sh);
}

static void
choose(struct form *f, int by)
{
	if (f->field == TERMINAL)
		f->tty = !f->tty;
	else if (f->field == KEEP)
		f->keep = !f->keep;
	else if (f->field == RESTART)
		f->restart = (f->restart + SPEC_RESTART_COUNT + by) %
			     SPEC_RESTART_COUNT;
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
	} else if (k.sym == 'e' && k.mods == KEY_CTRL) {
		edit_lines(ui, f);
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
	return "Tab S-Tab fields  Space choose  C-e edit in $EDITOR  "
	       "Enter start  Esc cancel";
}

static const struct sheet_ops ops = {
	.word = "FORM", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .paste = paste, .hint = hint,
	.free = free_form,
};

void
sheet_add_open(struct ui *ui)
{
	struct form *f = mem_alloc(sizeof(*f));

	f->sheet.ops = &ops;
	edit_set(&f->directory, ".");
	sheet_open(ui, &f->sheet);
}
