#include "sheet.h"

#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base.h"
#include "engine/mem.h"
#include "engine/spec.h"

/* What is shown where there is no sbxrc and nothing to run. */
static const char *const text[] = {
	"",
	"sbx runs the commands of a project side by side.",
	"",
	"  a      add one command by hand      (nothing is started yet)",
	"  t      just open a terminal",
	"  q      leave",
	"",
	"Or create ./sbxrc with one line per process:",
	"",
	"    process web     npm run dev",
	"    process db      docker compose up db",
	"",
	"then run sbx again.  Manual: man sbxrc",
};

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct rect r = canvas_rect(ui->canvas);

	(void)sh;
	r.h = SBX_MAX(r.h - 2, 1);
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	draw_fill(&pen, r);
	int x = ui_text(ui, &pen, 0, 0, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	x = ui_text(ui, &pen, 0, x, ROLE_TITLE_FOCUS, "no sbxrc here");
	draw_cut(&pen, 0, SBX_MAX(x + 2, 31), r.w - SBX_MAX(x + 2, 31),
		 ui->set_dir, ui_glyph(ui, GLYPH_MORE));
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		draw_text(&pen, (int)i + 1, 3, text[i]);
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

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	(void)sh;
	if (k.mods == KEY_CTRL && k.sym == 'c')
		k = (struct key){ 'q', 0 };
	if (k.mods)
		return;
	switch (k.sym) {
	case 'a':
		sheet_add_open(ui);
		break;
	case 't':
		open_terminal(ui);
		break;
	case ':':
		sheet_close(ui);
		sheet_command_open(ui, "");
		break;
	case SYM_ESC:
		sheet_close(ui);
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
	(void)ui, (void)sh;
	return "a add  t terminal  : command  q leave";
}

static const struct sheet_ops ops = {
	.word = "START", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .hint = hint,
};

void
sheet_start_open(struct ui *ui)
{
	struct sheet *sh = mem_alloc(sizeof(*sh));

	sh->ops = &ops;
	sheet_open(ui, sh);
}
