#include "action_int.h"

#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/conf/option.h"
#include "filters.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "sheet.h"
#include "target.h"
#include "ui.h"
#include "view.h"

void
action_do_find(struct ui *ui, int argc, char *const *argv)
{
	struct err e = ERR_INIT;

	if (argc < 2) {
		sheet_find_open(ui);
		return;
	}
	target_show(ui);
	if (target_highlight(ui, argv[1], &e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
	else
		target_search(ui);
}

void
action_do_next(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	target_show(ui);
	target_next(ui, 1);
}

void
action_do_previous(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	target_show(ui);
	target_next(ui, -1);
}

void
action_do_next_error(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	target_show(ui);
	target_next_error(ui, 1);
}

void
action_do_previous_error(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	target_show(ui);
	target_next_error(ui, -1);
}

void
action_do_filter(struct ui *ui, int argc, char *const *argv)
{
	struct filters *f = target_filters(ui);
	struct err e = ERR_INIT;

	if (argc < 2) {
		sheet_filter_open(ui);
		return;
	}
	target_show(ui);
	if (f && filters_add(f, argv[1], &e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
}

void
action_do_unfilter(struct ui *ui, int argc, char *const *argv)
{
	struct filters *f = target_filters(ui);

	(void)argc, (void)argv;
	while (f && filters_drop(f))
		;
}

void
action_do_follow(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	target_follow(ui, !target_following(ui));
}

void
action_do_wrap(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	ui->wrap = !ui->wrap;
	ui_toast(ui, TOAST_INFO, "wrap %s", ui->wrap ? "on" : "off");
}

void
action_do_time(struct ui *ui, int argc, char *const *argv)
{
	static const char *const words[] = { "off", "time", "date", "delta" };
	uint64_t n = options_number(ui->options, OPTION_TIMESTAMPS);

	(void)argc, (void)argv;
	n = (n + 1) % ARRAY_LEN(words);
	options_change(ui->options, "timestamps", words[n], NULL);
	ui_toast(ui, TOAST_INFO, "time column: %s", words[n]);
}

/* The log that the main pane shows; NULL and a word about it otherwise. */
static struct logview *
one_log(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	if (!ui->merged && p && !ui_shows_screen(ui))
		return ui_pane(ui, p)->log;
	ui_toast(ui, TOAST_INFO, "this is for the log of one process");
	return NULL;
}

void
action_do_mark_line(struct ui *ui, int argc, char *const *argv)
{
	struct logview *lv = one_log(ui);

	(void)argc, (void)argv;
	if (lv && !logview_mark(lv, clock_wall_ms()))
		ui_toast(ui, TOAST_INFO, "no line to mark, or too many marks");
}

void
action_do_clear(struct ui *ui, int argc, char *const *argv)
{
	struct logview *lv = one_log(ui);

	(void)argc, (void)argv;
	if (lv)
		ui_toast(ui, TOAST_INFO, logview_clear(lv)
			 ? "cleared; nothing is deleted, again brings it back"
			 : "the whole log again");
}

static void
next_boundary(struct ui *ui, int direction)
{
	struct logview *lv = one_log(ui);

	if (lv && !logview_boundary(lv, direction))
		ui_toast(ui, TOAST_INFO, "no further run or mark");
}

void
action_do_next_boundary(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	next_boundary(ui, 1);
}

void
action_do_previous_boundary(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	next_boundary(ui, -1);
}

void
action_do_all_logs(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	if (ui->list.count == 0)
		return;
	ui_show_merged(ui, !ui->merged);
}
