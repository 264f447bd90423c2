#include "action.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "action_int.h"
#include "command.h"
#include "engine/base/base.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/units.h"
#include "engine/client/client.h"
#include "engine/conf/keycmd.h"
#include "engine/conf/option.h"
#include "filters.h"
#include "pane.h"
#include "sheet.h"
#include "status_text.h"
#include "target.h"
#include "ui.h"
#include "view.h"

/* The view that the cursor keys move in. */
static const struct view *
focused(const struct ui *ui)
{
	return ui->mode == MODE_LIST ? &view_list : view_main(ui);
}

/* J and K: the other one. */
static void
other(struct ui *ui, int by)
{
	if (ui->mode == MODE_LIST)
		view_main(ui)->scroll(ui, VIEW_ROWS, by);
	else
		view_list.scroll(ui, VIEW_ROWS, by);
}

static void
do_down(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	focused(ui)->scroll(ui, VIEW_ROWS, 1);
}

static void
do_up(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	focused(ui)->scroll(ui, VIEW_ROWS, -1);
}

static void
do_other_down(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	other(ui, 1);
}

static void
do_other_up(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	other(ui, -1);
}

static void
do_top(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	focused(ui)->scroll(ui, VIEW_TOP, 0);
}

static void
do_bottom(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	focused(ui)->scroll(ui, VIEW_BOTTOM, 0);
}

/* Pages are of the log, from the list too. */
static void
do_half_down(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	view_main(ui)->scroll(ui, VIEW_HALF, 1);
}

static void
do_half_up(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	view_main(ui)->scroll(ui, VIEW_HALF, -1);
}

static void
do_page_down(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	view_main(ui)->scroll(ui, VIEW_PAGE, 1);
}

static void
do_page_up(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	view_main(ui)->scroll(ui, VIEW_PAGE, -1);
}

static void
do_left(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	if (ui->mode != MODE_LIST)
		view_main(ui)->scroll(ui, VIEW_SIDE, -1);
}

static void
do_right(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	if (ui->mode == MODE_LIST)
		ui_set_mode(ui, MODE_LOG);
	else
		view_main(ui)->scroll(ui, VIEW_SIDE, 1);
}

static void
do_select(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = NULL;
	uint64_t no;

	if (argc < 2) {
		ui_toast(ui, TOAST_WARN, "select which? a name or a number");
		return;
	}
	if (units_uint(argv[1], 1, 100000, &no) == 0)
		p = model_find(ui->model, list_nth(ui, (unsigned)no));
	else
		p = model_find_name(ui->model, argv[1]);
	if (!p) {
		ui_toast(ui, TOAST_WARN, "there is no process '%s'", argv[1]);
		return;
	}
	ui->chosen = true;
	ui_select(ui, p->id);
}

static void
do_attention(struct ui *ui, int argc, char *const *argv)
{
	uint32_t id = list_attention(ui);

	(void)argc, (void)argv;
	ui->chosen = true;
	if (id)
		ui_select(ui, id);
	else
		ui_toast(ui, TOAST_INFO, "nothing wants attention");
}

/* Round through the panes there are: the list, then those of logs. */
static void
other_pane(struct ui *ui, int direction)
{
	uint32_t id = split_next(ui, direction);

	if (id)
		ui_select(ui, id);
	ui_set_mode(ui, ui->split_count && !ui->merged
				? (id ? MODE_LOG : MODE_LIST)
			: ui->mode == MODE_LIST ? MODE_LOG
						: MODE_LIST);
}

static void
do_next_pane(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	other_pane(ui, 1);
}

static void
do_previous_pane(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	other_pane(ui, -1);
}

static void
do_open(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);

	(void)argc, (void)argv;
	if (ui->merged) {
		merge_open(ui);
		return;
	}
	if (list_group(ui)) {
		list_fold(ui, list_group(ui));
		return;
	}
	if (!p)
		return;
	if (!p->row->tty || (ui->mode == MODE_LOG && ui->log_of_tty)) {
		if (ui->mode == MODE_LOG)
			action_do_line(ui, argc, argv);
		else
			ui_set_mode(ui, MODE_LOG);
		return;
	}
	if (!row_up(p->row) && !p->screen) {
		command_run(ui, "start");
		return;
	}
	ui_set_mode(ui, MODE_TERM);
}

static void
do_use(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);

	(void)argc, (void)argv;
	if (!p)
		return;
	if (p->row->tty)
		ui_set_mode(ui, MODE_TERM);
	else if (p->row->stdin_open)
		sheet_send_open(ui);
	else
		ui_toast(ui, TOAST_WARN, "%s takes no input: give it 'tty "
			 "yes' or 'stdin pipe'", p->row->name);
}

static void
do_leave(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);

	(void)argc, (void)argv;
	if (ui->mode == MODE_TERM)
		ui_set_mode(ui, MODE_LIST);
	else if (p && p->row->tty)
		ui_set_mode(ui, MODE_TERM);
	else
		ui_set_mode(ui, MODE_LIST);
}

static void
do_zoom(struct ui *ui, int argc, char *const *argv)
{
	bool screen = ui_shows_screen(ui);

	(void)argc, (void)argv;
	ui->zoom = !ui->zoom;
	if (ui->zoom && ui->mode == MODE_LIST) {
		ui_set_mode(ui, MODE_LOG);
		/* What is seen gets larger: a terminal stays one. */
		ui->log_of_tty = ui->log_of_tty && !screen;
	}
	ui_relayout(ui);
}

static void
do_details(struct ui *ui, int argc, char *const *argv)
{
	bool pages = argc > 1 && !strcmp(argv[1], "pages");

	if (!ui_selected(ui))
		return;
	if (!pages && ui->layout.full && !ui->zoom && !ui->merged) {
		ui->details_on = !ui->details_on;
		ui_relayout(ui);
	} else {
		sheet_details_open(ui);
	}
}

static void
do_command(struct ui *ui, int argc, char *const *argv)
{
	sheet_command_open(ui, argc > 1 ? argv[1] : "");
}

static void
do_keys(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	sheet_help_open(ui);
}

static void
do_new(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	sheet_add_open(ui);
}

static void
do_send_signal(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	sheet_signal_open(ui, NULL);
}

static void
do_remove(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);
	char title[128], line[128];

	(void)argc, (void)argv;
	if (!p)
		return;
	if (ui_marks(ui) > 0) {
		command_run(ui, "rm %");
		return;
	}
	snprintf(title, sizeof(title), "remove %.64s", p->row->name);
	snprintf(line, sizeof(line), "rm %.64s", p->row->name);
	sheet_confirm_open(ui, title,
			   "The process and its log are forgotten.", 'd',
			   "remove it", line);
}

/* One layer back, never out: what was found, the zoom, the pane. */
static bool
step_back(struct ui *ui)
{
	struct filters *f = target_filters(ui);

	if (*target_pattern(ui))
		target_highlight(ui, NULL, NULL);
	else if (f && filters_any(f))
		filters_drop(f);
	else if (ui->merged && ui->merge_solo)
		ui->merge_solo = 0;
	else if (ui->merged)
		ui_show_merged(ui, false);
	else if (ui->zoom)
		do_zoom(ui, 0, NULL);
	else if (ui->split_count)
		split_close(ui);
	else if (ui_marks(ui) > 0)
		action_do_unmark(ui, 0, NULL);
	else if (ui->mode != MODE_LIST)
		ui_set_mode(ui, MODE_LIST);
	else if (ui->log_of_tty)
		ui->log_of_tty = false;
	else
		return false;
	ui_relayout(ui);
	return true;
}

static void
do_escape(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	step_back(ui);
}

static void
do_quit(struct ui *ui, int argc, char *const *argv)
{
	struct totals t = ui_totals(ui);
	const char *how = options_text(ui->options, OPTION_QUIT);

	(void)argc, (void)argv;
	if (t.up == 0 && t.retrying == 0)
		command_sure(ui, "down");
	else if (!strcmp(how, "detach"))
		command_run(ui, "detach");
	else if (!strcmp(how, "stop"))
		command_sure(ui, "down");
	else
		sheet_leave_open(ui);
}

static void
do_back(struct ui *ui, int argc, char *const *argv)
{
	if (!step_back(ui))
		do_quit(ui, argc, argv);
}

/* An sbxrc of another name is not found by itself. */
static char *
file_words(const struct ui *ui)
{
	const char *slash = strrchr(ui->rc_path, '/');
	const char *name = slash ? slash + 1 : ui->rc_path;

	if (!*name || !strcmp(name, "sbxrc") || !strcmp(name, ".sbxrc"))
		return mem_str("");
	return mem_fmt(" -f %s", ui->rc_path);
}

static void
do_detach(struct ui *ui, int argc, char *const *argv)
{
	struct totals t = ui_totals(ui);
	char *file = file_words(ui);

	(void)argc, (void)argv;
	ui_leave(ui, 0, "sbx: detached from %s, %d running. "
		 "Back: sbx%s %s stop: sbx down%s\n", ui->set_name, t.up,
		 file, ui->ascii ? "-" : "\u00b7", file);
	free(file);
}

static void
do_redraw(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	ui->wants |= UI_REDRAW;
}

static void
do_reload(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	sheet_reload_open(ui);
}

static void
do_suspend(struct ui *ui, int argc, char *const *argv)
{
	(void)argc, (void)argv;
	ui->wants |= UI_SUSPEND;
}

static void
do_theme(struct ui *ui, int argc, char *const *argv)
{
	struct err e = ERR_INIT;

	if (argc < 2)
		ui_toast(ui, TOAST_INFO, "theme %s", theme_name(ui->theme));
	else if (!ui_set_theme(ui, argv[1], &e))
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
	else
		options_change(ui->options, "theme", argv[1], NULL);
}

static void
do_mouse(struct ui *ui, int argc, char *const *argv)
{
	const char *how = argc > 1 ? argv[1]
			  : options_flag(ui->options, OPTION_MOUSE) ? "off"
								    : "on";
	struct err e = ERR_INIT;

	if (options_change(ui->options, "mouse", how, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		return;
	}
	ui_apply_options(ui);
	ui_toast(ui, TOAST_INFO, "mouse %s", how);
}

static void
do_bind(struct ui *ui, int argc, char *const *argv)
{
	struct err e = ERR_INIT;
	char line[512];
	size_t n = 0, off, len;
	int at = 1;
	const char *mode = NULL;

	if (argc > 2 && mode_find(argv[1]) >= 0)
		mode = argv[at++];
	if (argc <= at + 1 && strcmp(argv[0], "unbind") != 0) {
		ui_toast(ui, TOAST_WARN, "bind [MODE] KEY COMMAND");
		return;
	}
	if (argc <= at)
		return;
	line[0] = 0;
	for (int i = at + 1; i < argc && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s",
				      n ? " " : "", argv[i]);
	if ((n && keycmd_check(line, &off, &len, &e) < 0) ||
	    keymap_bind(ui->keymap, mode, argv[at], n ? line : NULL, &e) < 0)
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
}

static action_fn *const functions[ACTION_COUNT] = {
	[ACTION_ALL_LOGS] = action_do_all_logs,
	[ACTION_ATTENTION] = do_attention,
	[ACTION_BACK] = do_back,
	[ACTION_BIND] = do_bind,
	[ACTION_BOTTOM] = do_bottom,
	[ACTION_CHOOSE] = action_do_choose,
	[ACTION_CLEAR] = action_do_clear,
	[ACTION_COMMAND] = do_command,
	[ACTION_COPY] = action_do_copy,
	[ACTION_DETACH] = do_detach,
	[ACTION_DETAILS] = do_details,
	[ACTION_ESCAPE] = do_escape,
	[ACTION_EVENTS] = action_do_events,
	[ACTION_FILTER] = action_do_filter,
	[ACTION_FIND] = action_do_find,
	[ACTION_FOLD] = action_do_fold,
	[ACTION_FOLLOW] = action_do_follow,
	[ACTION_HALF_DOWN] = do_half_down,
	[ACTION_HALF_UP] = do_half_up,
	[ACTION_HIDDEN] = action_do_hidden,
	[ACTION_INTERRUPT] = do_quit,
	[ACTION_KEYS] = do_keys,
	[ACTION_LEAVE] = do_leave,
	[ACTION_LEFT] = do_left,
	[ACTION_LINE_DOWN] = do_down,
	[ACTION_LINE_UP] = do_up,
	[ACTION_MARK] = action_do_mark,
	[ACTION_MARK_LINE] = action_do_mark_line,
	[ACTION_MOUSE] = do_mouse,
	[ACTION_NEW] = do_new,
	[ACTION_NEXT] = action_do_next,
	[ACTION_NEXT_BOUNDARY] = action_do_next_boundary,
	[ACTION_NEXT_ERROR] = action_do_next_error,
	[ACTION_NEXT_PANE] = do_next_pane,
	[ACTION_OPEN] = do_open,
	[ACTION_OPEN_IN] = action_do_open_in,
	[ACTION_ORDER] = action_do_order,
	[ACTION_OTHER_DOWN] = do_other_down,
	[ACTION_OTHER_UP] = do_other_up,
	[ACTION_PAGE_DOWN] = do_page_down,
	[ACTION_PAGE_UP] = do_page_up,
	[ACTION_PREVIOUS] = action_do_previous,
	[ACTION_PREVIOUS_BOUNDARY] = action_do_previous_boundary,
	[ACTION_PREVIOUS_ERROR] = action_do_previous_error,
	[ACTION_PREVIOUS_PANE] = do_previous_pane,
	[ACTION_QUIT] = do_quit,
	[ACTION_REDRAW] = do_redraw,
	[ACTION_RELOAD] = do_reload,
	[ACTION_REMOVE] = do_remove,
	[ACTION_RIGHT] = do_right,
	[ACTION_SELECT] = do_select,
	[ACTION_SEND_SIGNAL] = do_send_signal,
	[ACTION_SORT] = action_do_sort,
	[ACTION_SPLIT] = action_do_split,
	[ACTION_SUSPEND] = do_suspend,
	[ACTION_THEME] = do_theme,
	[ACTION_TIME] = action_do_time,
	[ACTION_TOP] = do_top,
	[ACTION_UNBIND] = do_bind,
	[ACTION_UNFILTER] = action_do_unfilter,
	[ACTION_UNMARK] = action_do_unmark,
	[ACTION_USE] = do_use,
	[ACTION_WRAP] = action_do_wrap,
	[ACTION_WRITE] = action_do_write,
	[ACTION_ZOOM] = do_zoom,
};

/* Those that are about one process, where the cursor may be on a group. */
static const enum action_id of_process[] = {
	ACTION_COPY, ACTION_DETAILS, ACTION_OPEN_IN, ACTION_REMOVE, ACTION_USE,
};

void
action_run(struct ui *ui, const struct action_row *a, int argc,
	   char *const *argv)
{
	for (size_t i = 0; list_group(ui) && i < ARRAY_LEN(of_process); i++)
		if (a->id == of_process[i]) {
			ui_toast(ui, TOAST_INFO, "'%s' is for a process, not "
				 "for the group %.64s", a->row.name,
				 list_group(ui));
			return;
		}
	functions[a->id](ui, argc, argv);
}
