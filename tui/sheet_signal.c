#include "sheet.h"

#include <signal.h>
#include <stdio.h>
#include "command.h"
#include "engine/base/base.h"
#include "status_text.h"
#include "view.h"

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
send_it(struct ui *ui, uint32_t proc, int no, const char *whom)
{
	char line[LIST_TARGET_MAX + 32];

	(void)proc;
	snprintf(line, sizeof(line), "signal %s %s", rows[no].name, whom);
	command_run(ui, line);
}

void
sheet_signal_open(struct ui *ui, const char *whom)
{
	struct sheet_menu_row menu[ARRAY_LEN(rows)];
	char words[ARRAY_LEN(rows)][16], title[LIST_TARGET_MAX + 32];
	char target[LIST_TARGET_MAX];
	bool marked = !whom && ui_marks(ui) > 0;

	struct model_proc *p = ui_selected(ui);
	bool one = !whom && !marked && p && !list_group(ui) &&
		   !list_survivor(ui);

	if (one && !row_up(p->row)) {
		ui_toast(ui, TOAST_INFO, "%s does not run", p->row->name);
		return;
	}
	if (!whom)
		whom = marked ? "%" : list_target(ui, target);
	if (!whom)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(words[i], sizeof(words[i]), "%2d  %s", rows[i].signo,
			 rows[i].name);
		menu[i] = (struct sheet_menu_row){ 0, words[i],
						   rows[i].help };
	}
	snprintf(title, sizeof(title), "send a signal to %s",
		 marked ? "the marked" : whom);
	sheet_menu_open(ui, &(struct sheet_menu){
		.mode_word = "SIGNAL", .role = ROLE_MODE_CONFIRM,
		.title = title, .verb = "send", .rows = menu, .about = whom,
		.count = (int)ARRAY_LEN(rows), .chosen = FIRST_CHOSEN,
		.word_columns = 10, .run = send_it });
}
