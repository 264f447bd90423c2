#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "ui.h"

/*
 * Where the cursor of the list is.  Mostly on the selected process; but the
 * line over a group, and a row of what a process has left, can have it too,
 * and commands of the list mean those then.  The log beside the list stays
 * that of the selected process.
 */

void
list_leave(struct ui *ui)
{
	free(ui->list.at_group);
	ui->list.at_group = NULL;
	ui->list.at_pid = 0;
}

int
list_cursor(const struct ui *ui)
{
	const struct list_view *lv = &ui->list;

	for (size_t i = 0; i < lv->count; i++) {
		const struct list_entry *e = &lv->entries[i];
		if (lv->at_pid ? e->pid == lv->at_pid &&
					 e->owner == ui->selected
			       : lv->at_group && list_is_group(e) &&
					 list_in_group(e->group,
						       lv->at_group))
			return (int)i;
	}
	return list_index(ui, ui->selected);
}

void
list_go(struct ui *ui, int idx)
{
	const struct list_entry *e = &ui->list.entries[idx];
	uint32_t pid = e->pid, id = pid ? e->owner : e->id;
	char *group = list_is_group(e) ? mem_strn(e->group,
						  strcspn(e->group, " "))
				       : NULL;

	list_leave(ui);
	if (id)
		ui_select(ui, id);
	ui->list.at_pid = pid;
	ui->list.at_group = group;
	ui->dirty = true;
}

void
list_step(struct ui *ui, int by)
{
	int last = (int)ui->list.count - 1, at = list_cursor(ui);

	if (last >= 0)
		list_go(ui, SBX_MAX(0, SBX_MIN(at + by, last)));
}

const char *
list_group(const struct ui *ui)
{
	int at = list_cursor(ui);

	if (ui->mode != MODE_LIST || at < 0 ||
	    !list_is_group(&ui->list.entries[at]))
		return NULL;
	return ui->list.at_group;
}

bool
list_is_folded(const struct ui *ui)
{
	return list_group(ui) && ui->list.entries[list_cursor(ui)].folded;
}

uint32_t
list_survivor(const struct ui *ui)
{
	int at = list_cursor(ui);

	return ui->mode == MODE_LIST && at >= 0 ? ui->list.entries[at].pid : 0;
}

const char *
list_target(const struct ui *ui, char out[LIST_TARGET_MAX])
{
	const struct model_proc *p = ui_selected(ui);
	const char *group = list_group(ui);
	uint32_t pid = list_survivor(ui);

	if (group)
		snprintf(out, LIST_TARGET_MAX, "%s", group);
	else if (p && pid)
		snprintf(out, LIST_TARGET_MAX, "%s/%u", p->row->name, pid);
	else if (p)
		snprintf(out, LIST_TARGET_MAX, "%s", p->row->name);
	else
		return NULL;
	return out;
}
