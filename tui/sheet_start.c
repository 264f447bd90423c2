#include "sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/conf/import_find.h"
#include "engine/log/strip.h"
#include "engine/spec/spec.h"
#include "newproc.h"

/*
 * What is shown where there is no sbxrc and nothing to run: the files here
 * that one could be made of, and what it would be.  Nothing is started, and
 * nothing is written before a key says so.
 */

enum { TEXT_BYTES = 1 << 20 };

struct start {
	struct sheet sheet;
	struct import_found found[IMPORT_FORMATS];
	char *about[IMPORT_FORMATS];	/* "3 processes   web, worker" */
	size_t count;
	int chosen;
	char *preview;			/* the sbxrc that would be written */
	size_t procs;			/* in it */
	int top;
};

static const char *const text[] = {
	"  a      add one command by hand      (nothing is started yet)",
	"  t      just open a terminal",
	"  ?      the keys",
	"  q      leave",
	"",
	"Or create ./sbxrc with one line per process:",
	"",
	"    process web     npm run dev",
	"    process db      docker compose up db",
	"",
	"then run sbx again.  Manual: man sbxrc",
};

static struct import *
read_found(struct ui *ui, const struct import_found *f)
{
	struct import_mistake m;
	char *path = mem_fmt("%s/%s", ui->set_dir, f->file);
	struct import *im = import_read(f->format, path, &m);

	free(path);
	return im;
}

static char *
about_of(struct ui *ui, const struct import_found *f)
{
	struct import *im = read_found(ui, f);
	struct buf b;

	buf_init(&b, 1024);
	if (!im) {
		buf_adds(&b, "cannot be read as one");
		return buf_take(&b);
	}
	size_t n = import_active(im);
	buf_addf(&b, "%zu process%s   ", n, n == 1 ? "" : "es");
	for (size_t i = 0, k = 0; i < im->proc_count && k < 6; i++) {
		if (im->procs[i]->instead)
			continue;
		buf_addf(&b, "%s%.40s", k++ ? ", " : "", im->procs[i]->name);
	}
	if (n > 6)
		buf_adds(&b, ", ...");
	import_free(im);
	return buf_take(&b);
}

static void
draw_preview(struct ui *ui, struct start *st, struct rect r)
{
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	const char *s = st->preview;
	struct buf plain;
	int lines = 0;

	for (const char *p = s; *p; p++)
		lines += *p == '\n';
	st->top = SBX_MAX(SBX_MIN(st->top, lines - (r.h - 2)), 0);
	draw_cut(&pen, 0, 1, r.w - 1, "the sbxrc it would be",
		 ui_glyph(ui, GLYPH_MORE));
	buf_init(&plain, 64 * 1024);
	for (int n = 0; *s && n < st->top + r.h - 2; n++) {
		size_t len = strcspn(s, "\n");
		strip_display(s, len, &plain, NULL, NULL, NULL);
		if (n >= st->top)
			draw_cut(&pen, 2 + n - st->top, 3, r.w - 3,
				 buf_str(&plain), ui_glyph(ui, GLYPH_CUT));
		s += len + (s[len] == '\n');
	}
	buf_fini(&plain);
}

static int
draw_found(struct ui *ui, const struct start *st, const struct pen *pen, int y)
{
	if (st->count == 0) {
		draw_text(pen, y, 3, "sbx runs the commands of a project "
				     "side by side.");
		return y + 2;
	}
	draw_text(pen, y++, 3, "sbx runs the commands of a project side by "
			       "side.  It found:");
	y++;
	for (size_t i = 0; i < st->count; i++, y++) {
		if ((int)i == st->chosen)
			ui_text(ui, pen, y, 5, ROLE_TEXT_STRONG,
				ui_glyph(ui, GLYPH_CURSOR));
		draw_cut(pen, y, 7, 22, st->found[i].file,
			 ui_glyph(ui, GLYPH_MORE));
		draw_cut(pen, y, 30, pen->clip.w - 31, st->about[i],
			 ui_glyph(ui, GLYPH_MORE));
	}
	y++;
	draw_text(pen, y++, 3, "  Enter  look at what it would run");
	draw_text(pen, y++, 3, "  w      write an sbxrc from it       (never "
			       "over another one)");
	return y;
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct start *st = (struct start *)sh;
	struct rect r = canvas_rect(ui->canvas);

	r.h = SBX_MAX(r.h - 2, 1);
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	draw_fill(&pen, r);
	if (st->preview) {
		draw_preview(ui, st, r);
		return;
	}
	int x = ui_text(ui, &pen, 0, 0, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	x = ui_text(ui, &pen, 0, x, ROLE_TITLE_FOCUS, "no sbxrc here");
	draw_cut(&pen, 0, SBX_MAX(x + 2, 31), r.w - SBX_MAX(x + 2, 31),
		 ui->set_dir, ui_glyph(ui, GLYPH_MORE));
	int y = draw_found(ui, st, &pen, 2);
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		draw_text(&pen, y + (int)i, 3, text[i]);
}

static void
open_terminal(struct ui *ui)
{
	const char *shell = getenv("SHELL");
	char *argv[] = { (char *)(shell && *shell ? shell : "/bin/sh"),
			 NULL };
	struct spec_args a = {
		.name = model_find_name(ui->model, "shell") ? NULL : "shell",
		.argv = argv,
		.cwd = ui->set_dir,
		.tty = true,
	};

	command_add(ui, &a, SPEC_RESTART_NEVER);
	sheet_close(ui);
}

/* The text of the sbxrc from the chosen file, in st->preview. */
static bool
make_preview(struct ui *ui, struct start *st)
{
	const struct import_found *f = &st->found[st->chosen];
	struct import *im;
	struct buf b;

	if (st->preview || st->count == 0)
		return st->preview != NULL;
	im = read_found(ui, f);
	if (!im) {
		ui_toast(ui, TOAST_WARN, "%s cannot be read; 'sbx init --from "
			 "%s' says why", f->file,
			 import_row(f->format)->row.name);
		return false;
	}
	buf_init(&b, TEXT_BYTES);
	if (import_write(im, f->file, NULL, &b) == 0) {
		st->procs = import_active(im);
		st->preview = buf_take(&b);
	}
	buf_fini(&b);
	import_free(im);
	st->top = 0;
	return st->preview != NULL;
}

static void
write_sbxrc(struct ui *ui, struct start *st)
{
	if (!make_preview(ui, st))
		return;
	char *path = mem_fmt("%s/sbxrc", ui->set_dir);
	int fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	int r = fd < 0 ? fd
		       : sys_write_all(fd, st->preview, strlen(st->preview));

	sys_close(fd);
	if (r < 0) {
		ui_toast(ui, TOAST_ERROR, "%s: %s", path, strerror(-r));
		free(path);
		return;
	}
	char *done = mem_fmt("sbx: %s is written, with %zu process%s. "
			     "'sbx' starts them\n", path, st->procs,
			     st->procs == 1 ? "" : "es");
	free(path);
	/* This engine belongs to a directory without an sbxrc. */
	free(ui->parting);
	ui->parting = done;
	sheet_close(ui);
	command_sure(ui, "down");
}

/* Without a file: as if each had been added by hand. */
static void
start_these(struct ui *ui, struct start *st)
{
	struct err e = ERR_INIT;

	if (newproc_text(ui, st->preview, false, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	ui_toast(ui, TOAST_INFO, "nothing was written; :write makes an "
		 "sbxrc of it");
	sheet_close(ui);
}

static void
escape(struct ui *ui, struct start *st)
{
	if (!st->preview) {
		sheet_close(ui);
		return;
	}
	free(st->preview);
	st->preview = NULL;
}

static void
move(struct start *st, int by)
{
	if (st->preview)
		st->top += by;
	else if (st->count > 0)
		st->chosen = (st->chosen + (int)st->count + by) %
			     (int)st->count;
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct start *st = (struct start *)sh;

	ui->dirty = true;
	if (k.mods == KEY_CTRL && k.sym == 'c')
		k = (struct key){ 'q', 0 };
	if (k.mods)
		return;
	switch (k.sym) {
	case 'j':
	case SYM_DOWN:
		move(st, 1);
		break;
	case 'k':
	case SYM_UP:
		move(st, -1);
		break;
	case SYM_ENTER:
		if (st->preview)
			start_these(ui, st);
		else
			make_preview(ui, st);
		break;
	case 'w':
		write_sbxrc(ui, st);
		break;
	case 'a':
		sheet_add_open(ui);
		break;
	case 't':
		open_terminal(ui);
		break;
	case '?':
		sheet_help_open(ui);
		break;
	case ':':
		sheet_close(ui);
		sheet_command_open(ui, "");
		break;
	case SYM_ESC:
		escape(ui, st);
		break;
	case 'q':
		sheet_close(ui);
		command_run(ui, "quit");
		break;
	default:
		break;
	}
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	const struct start *st = (const struct start *)sh;

	(void)ui;
	if (st->preview)
		return "Enter start these  w write sbxrc  j k scroll  Esc back";
	if (st->count > 0)
		return "j k choose  Enter look  w write sbxrc  a add  "
		       "t terminal  ? keys  q leave";
	return "a add  t terminal  : command  ? keys  q leave";
}

static void
free_start(struct sheet *sh)
{
	struct start *st = (struct start *)sh;

	for (size_t i = 0; i < st->count; i++)
		free(st->about[i]);
	free(st->preview);
	free(st);
}

static const struct sheet_ops ops = {
	.word = "START", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .hint = hint, .free = free_start,
};

void
sheet_start_open(struct ui *ui)
{
	struct start *st = mem_alloc(sizeof(*st));
	int dir = sys_open(ui->set_dir, O_RDONLY | O_DIRECTORY, 0);

	st->sheet.ops = &ops;
	if (dir >= 0)
		st->count = import_find(dir, st->found);
	sys_close(dir);
	for (size_t i = 0; i < st->count; i++)
		st->about[i] = about_of(ui, &st->found[i]);
	sheet_open(ui, &st->sheet);
}
