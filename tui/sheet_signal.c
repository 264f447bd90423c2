#include "sheet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base.h"
#include "engine/mem.h"

/* Signals that people send, and what programs usually do with them. */
static const struct {
	int signo;
	const char *name, *help;
} rows[] = {
	{ SIGHUP, "HUP", "read the configuration again, or end" },
	{ SIGINT, "INT", "what Ctrl-C sends" },
	{ SIGQUIT, "QUIT", "end with a core, or a dump of threads" },
	{ SIGTERM, "TERM", "end in an orderly way" },
	{ SIGUSR1, "USR1", "the program's own meaning" },
	{ SIGUSR2, "USR2", "the program's own meaning" },
	{ SIGWINCH, "WINCH", "the terminal has a new size" },
	{ SIGSTOP, "STOP", "stand still until CONT" },
	{ SIGCONT, "CONT", "go on" },
	{ SIGKILL, "KILL", "end now, nothing can be saved" },
};

struct menu {
	struct sheet sheet;
	uint32_t proc;
	int chosen;
};

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct menu *m = (struct menu *)sh;
	struct model_proc *p = model_find(ui->model, m->proc);
	struct rect r = sheet_place(ui, -1, (int)ARRAY_LEN(rows) + 2, 56);
	char title[128];

	snprintf(title, sizeof(title), "send a signal to %.64s",
		 ui_marks(ui) > 0 ? "the marked"
		 : p		  ? p->row->name
				  : "");
	struct rect in = sheet_frame(ui, r, title, "Enter send  Esc close");
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);
	int top = SBX_MAX(0, m->chosen - in.h + 1);
	for (int i = 0; i < in.h && top + i < (int)ARRAY_LEN(rows); i++) {
		struct pen own = pen;
		int y = in.y + i, n = top + i;
		if (n == m->chosen) {
			own.style = ui_style(ui, ROLE_SHEET_SELECTED);
			draw_fill(&own, (struct rect){ y, in.x, 1, in.w });
		}
		draw_fmt(&own, y, in.x, "%2d  %-6s %s", rows[n].signo,
			 rows[n].name, rows[n].help);
	}
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct menu *m = (struct menu *)sh;
	struct model_proc *p = model_find(ui->model, m->proc);
	int count = (int)ARRAY_LEN(rows);
	char line[128];

	if (k.sym == SYM_ESC || k.sym == 'q' ||
	    (k.sym == 'c' && k.mods == KEY_CTRL)) {
		sheet_close(ui);
	} else if (k.sym == SYM_DOWN || k.sym == 'j') {
		m->chosen = (m->chosen + 1) % count;
	} else if (k.sym == SYM_UP || k.sym == 'k') {
		m->chosen = (m->chosen + count - 1) % count;
	} else if (k.sym == SYM_ENTER) {
		snprintf(line, sizeof(line), "signal %s %.64s",
			 rows[m->chosen].name,
			 ui_marks(ui) > 0 ? "%"
			 : p		  ? p->row->name
					  : "");
		sheet_close(ui);
		if (p)
			command_run(ui, line);
	}
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui, (void)sh;
	return "j k choose  Enter send  Esc close";
}

static const struct sheet_ops ops = {
	.word = "SIGNAL", .role = ROLE_MODE_CONFIRM,
	.draw = draw, .key = key, .hint = hint,
};

void
sheet_signal_open(struct ui *ui)
{
	struct menu *m = mem_alloc(sizeof(*m));

	m->sheet.ops = &ops;
	m->proc = ui->selected;
	m->chosen = 3;
	sheet_open(ui, &m->sheet);
}
