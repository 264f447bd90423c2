#include "sheet.h"

#include <stdio.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"

/* What of a process goes to the clipboard. */

enum { PID_ROW = 1 };

static const struct {
	char key;
	const char *what;
} rows[] = {
	{ 'n', "name" }, { 'p', "pid" }, { 'c', "command" },
	{ 'd', "directory" }, { 'u', "url" }, { 'e', "last reason" },
};

static const char *
value_of(const struct proc_row *r, size_t no, char pid[16])
{
	const char *texts[] = { r->name, pid, r->command, r->cwd, r->url,
				r->reason };

	snprintf(pid, 16, "%u", r->pid);
	return no == PID_ROW && !r->pid ? "" : texts[no];
}

static void
copy(struct ui *ui, uint32_t proc, int no, const char *about)
{
	const struct proc_row *r = model_find(ui->model, proc)->row;
	char pid[16];
	const char *value = value_of(r, (size_t)no, pid);

	(void)about;
	if (*value)
		ui_copy(ui, mem_str(value), strlen(value), rows[no].what);
	else
		ui_toast(ui, TOAST_INFO, "%s has no %s", r->name,
			 rows[no].what);
}

void
sheet_copy_open(struct ui *ui)
{
	struct sheet_menu_row menu[ARRAY_LEN(rows)];
	struct model_proc *p = ui_selected(ui);
	char pid[16];

	for (size_t i = 0; p && i < ARRAY_LEN(rows); i++)
		menu[i] = (struct sheet_menu_row){
			rows[i].key, rows[i].what, value_of(p->row, i, pid)
		};
	sheet_menu_open(ui, &(struct sheet_menu){
		.mode_word = "COPY", .role = ROLE_MODE_PROMPT,
		.title = "copy", .verb = "copy", .rows = menu,
		.count = (int)ARRAY_LEN(rows), .word_columns = 12,
		.again = 'y', .run = copy });
}
