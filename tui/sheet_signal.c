#include "sheet.h"

#include <signal.h>
#include <stdio.h>
#include "command.h"
#include "engine/base.h"

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

enum { FIRST_CHOSEN = 3 };

static void
send_it(struct ui *ui, uint32_t proc, int no)
{
	char line[128];

	snprintf(line, sizeof(line), "signal %s %.64s", rows[no].name,
		 ui_marks(ui) > 0 ? "%"
				  : model_find(ui->model, proc)->row->name);
	command_run(ui, line);
}

void
sheet_signal_open(struct ui *ui)
{
	struct sheet_menu_row menu[ARRAY_LEN(rows)];
	char words[ARRAY_LEN(rows)][16], title[128];
	struct model_proc *p = ui_selected(ui);

	if (!p)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(words[i], sizeof(words[i]), "%2d  %s", rows[i].signo,
			 rows[i].name);
		menu[i] = (struct sheet_menu_row){ 0, words[i],
						   rows[i].help };
	}
	snprintf(title, sizeof(title), "send a signal to %.64s",
		 ui_marks(ui) > 0 ? "the marked" : p->row->name);
	sheet_menu_open(ui, &(struct sheet_menu){
		.mode_word = "SIGNAL", .role = ROLE_MODE_CONFIRM,
		.title = title, .verb = "send", .rows = menu,
		.count = (int)ARRAY_LEN(rows), .chosen = FIRST_CHOSEN,
		.word_columns = 10, .run = send_it });
}
