#include "action_int.h"

#include <stdio.h>
#include <string.h>
#include "engine/base/base.h"
#include "pane.h"
#include "sheet.h"
#include "ui.h"
#include "view.h"

/* All of them, or none if all are. */
static void
mark_group(struct ui *ui, const char *group)
{
	bool all = true;

	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < model_count(ui->model); i++) {
			struct model_proc *p = model_at(ui->model, i);
			struct pane *pa = ui_pane(ui, p);
			if (!list_in_group(p->row->group, group))
				continue;
			if (!pass)
				all &= pa->mark_no != 0;
			else if (all)
				pa->mark_no = 0;
			else if (!pa->mark_no)
				pa->mark_no = ++ui->last_mark;
		}
	ui_relayout(ui);
}

void
action_do_mark(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);

	(void)argc, (void)argv;
	if (ui->merged) {
		merge_choose(ui);
		return;
	}
	if (list_group(ui)) {
		mark_group(ui, list_group(ui));
		return;
	}
	if (!p)
		return;
	struct pane *pa = ui_pane(ui, p);
	pa->mark_no = pa->mark_no ? 0 : ++ui->last_mark;
	/* The next one is marked by the same key. */
	if (ui->mode == MODE_LIST)
		view_list.scroll(ui, VIEW_ROWS, 1);
	ui_relayout(ui);
}

void
action_do_unmark(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	if (ui->merged)
		merge_show_all(ui);
	for (size_t i = 0; i < model_count(ui->model); i++)
		ui_pane(ui, model_at(ui->model, i))->mark_no = 0;
	ui->last_mark = 0;
	ui_relayout(ui);
}

/* From the newest mark to the cursor, or the row of the cursor. */
static void
mark_range(struct ui *ui)
{
	int to = list_index(ui, ui->selected), from = to;
	uint64_t newest = 0;

	for (size_t i = 0; i < ui->list.count; i++) {
		struct model_proc *p =
			model_find(ui->model, ui->list.entries[i].id);
		if (p && ui_pane(ui, p)->mark_no > newest) {
			newest = ui_pane(ui, p)->mark_no;
			from = (int)i;
		}
	}
	if (to < 0)
		return;
	for (int i = from, step = from < to ? 1 : -1;; i += step) {
		struct model_proc *p =
			model_find(ui->model, ui->list.entries[i].id);
		if (p && !ui_pane(ui, p)->mark_no)
			ui_pane(ui, p)->mark_no = ++ui->last_mark;
		if (i == to)
			break;
	}
	ui_relayout(ui);
}

void
action_do_choose(struct ui *ui, int argc, char *const *argv)
{
	const char *how = argc > 1 ? argv[1] : "chars";

	if (ui->merged)
		ui_toast(ui, TOAST_INFO,
			 "text is selected in one log: Enter goes to it");
	else if (ui->mode == MODE_LIST)
		mark_range(ui);
	else
		sheet_select_open(ui, how);
}

void
action_do_copy(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	if (ui->mode == MODE_LIST)
		sheet_copy_open(ui);
	else if (ui->merged)
		merge_copy(ui);
	else
		sheet_select_copy(ui);
}

/* The marked ones in the order of their marks; returns their number, which
 * may be more than max. */
static size_t
marked(struct ui *ui, uint32_t *ids, size_t max)
{
	uint64_t after = 0;
	size_t n = 0;

	for (;;) {
		struct model_proc *next = NULL;
		uint64_t no = UINT64_MAX;
		for (size_t i = 0; i < model_count(ui->model); i++) {
			struct model_proc *p = model_at(ui->model, i);
			const struct pane *pa = ui_pane(ui, p);
			if (pa->mark_no > after && pa->mark_no < no) {
				no = pa->mark_no;
				next = p;
			}
		}
		if (!next)
			return n;
		if (n < max)
			ids[n] = next->id;
		n++;
		after = no;
	}
}

void
action_do_split(struct ui *ui, int argc, char *const *argv)
{
	uint32_t ids[SPLIT_MAX];
	size_t n;

	(void)argc, (void)argv;
	if (ui->split_count && !ui->merged) {
		split_close(ui);
		return;
	}
	n = marked(ui, ids, SPLIT_MAX);
	ui->merged = false;
	if (n < 2) {
		ui_toast(ui, TOAST_INFO, "mark two or more processes first: "
			 "Space in the list");
		return;
	}
	ui->zoom = false;
	ui_relayout(ui);
	if (n > SPLIT_MAX || !split_open(ui, ids, n)) {
		ui_toast(ui, TOAST_WARN, "no room for %zu panes; A shows "
			 "their logs as one", n);
		return;
	}
	ui_select(ui, ids[0]);
	ui_set_mode(ui, MODE_LOG);
}

void
action_do_sort(struct ui *ui, int argc, char *const *argv)
{
	int to = (int)ui->list.sort;

	if (argc < 2 || !strcmp(argv[1], "right"))
		to = (to + 1) % SORT_COUNT;
	else if (!strcmp(argv[1], "left"))
		to = (to + SORT_COUNT - 1) % SORT_COUNT;
	else
		for (to = 0; to < SORT_COUNT; to++)
			if (!strcmp(argv[1], list_sort_names[to]))
				break;
	if (to == SORT_COUNT) {
		ui_toast(ui, TOAST_WARN, "sort by sbxrc, name, state, cpu, "
			 "mem or age");
		return;
	}
	ui->list.sort = (enum list_sort)to;
	ui->list.sorted_ms = 0;
	ui_relayout(ui);
	ui_toast(ui, TOAST_INFO, "list: %s %s",
		 to ? "sorted by" : "in the order of", list_sort_names[to]);
}

void
action_do_hidden(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	ui->list.hidden = !ui->list.hidden;
	ui_relayout(ui);
	ui_toast(ui, TOAST_INFO, ui->list.hidden
		 ? "hidden processes are listed" : "hidden processes are not "
						   "listed");
}

void
action_do_fold(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);
	const char *group = argc > 1	     ? argv[1]
			    : list_group(ui) ? list_group(ui)
			    : p		     ? p->row->group
					     : "";

	for (size_t i = 0; *group && i < model_count(ui->model); i++) {
		const char *own = model_at(ui->model, i)->row->group;
		size_t len = strcspn(group, " ");
		if (strncmp(own, group, len) != 0 ||
		    (own[len] && own[len] != ' '))
			continue;
		list_fold(ui, own);
		return;
	}
	ui_toast(ui, TOAST_INFO, argc > 1 ? "there is no group '%.80s'"
					  : "%s is in no group",
		 argc > 1 ? argv[1] : p ? p->row->name : "nothing");
}

void
action_do_order(struct ui *ui, int argc, char *const *argv)
{
	sheet_order_open(ui, argc > 1 && !strcmp(argv[1], "graph"));
}
