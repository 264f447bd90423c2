#include "target.h"

#include "filters.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "ui.h"
#include "view.h"

static struct logview *
log_of(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	return p ? ui_pane(ui, p)->log : NULL;
}

/* NULL unless the merged log is shown; its logs are those of now. */
static struct mergeview *
merge_of(struct ui *ui)
{
	if (!ui->merged)
		return NULL;
	merge_sync(ui);
	return ui->merge;
}

struct filters *
target_filters(struct ui *ui)
{
	struct logview *lv = log_of(ui);

	if (ui->merged)
		return mergeview_filters(ui->merge);
	return lv ? logview_filters(lv) : NULL;
}

const char *
target_pattern(struct ui *ui)
{
	struct logview *lv = log_of(ui);

	if (ui->merged)
		return mergeview_pattern(ui->merge);
	return lv ? logview_pattern(lv) : "";
}

int
target_highlight(struct ui *ui, const char *pattern, struct err *e)
{
	struct logview *lv = log_of(ui);

	ui->dirty = true;
	if (ui->merged)
		return mergeview_highlight(ui->merge, pattern, e);
	return lv ? logview_highlight(lv, pattern, e) : 0;
}

void
target_search(struct ui *ui)
{
	struct mergeview *mv = merge_of(ui);
	struct logview *lv = log_of(ui);

	if (mv && mergeview_find(mv))
		mergeview_next(mv, -1, false);
	else if (!mv && lv)
		logview_search(lv);
	ui->wants |= UI_AGAIN;
}

void
target_next(struct ui *ui, int direction)
{
	struct mergeview *mv = merge_of(ui);
	struct logview *lv = log_of(ui);

	if (!*target_pattern(ui))
		ui_toast(ui, TOAST_INFO, "nothing was searched for yet");
	else if (mv)
		mergeview_next(mv, direction, false);
	else
		logview_next(lv, direction);
	ui->wants |= UI_AGAIN;
}

void
target_next_error(struct ui *ui, int direction)
{
	struct mergeview *mv = merge_of(ui);
	struct logview *lv = log_of(ui);

	if (mv)
		mergeview_next(mv, direction, true);
	else if (lv && !logview_rules(lv))
		ui_toast(ui, TOAST_INFO, "no watch marks errors here");
	else if (lv)
		logview_next_error(lv, direction);
	ui->wants |= UI_AGAIN;
}

bool
target_following(struct ui *ui)
{
	struct logview *lv = log_of(ui);

	if (ui->merged)
		return mergeview_following(ui->merge);
	return !lv || logview_following(lv);
}

void
target_follow(struct ui *ui, bool on)
{
	struct mergeview *mv = merge_of(ui);
	struct logview *lv = log_of(ui);

	ui->dirty = true;
	if (mv && on)
		mergeview_follow(mv);
	else if (mv)
		mergeview_pause(mv);
	else if (lv && on)
		logview_follow(lv);
	else if (lv)
		logview_pause(lv);
}

void
target_show(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	if (ui->merged || !p || !p->row->tty || ui->log_of_tty)
		return;
	ui->log_of_tty = true;
	ui_relayout(ui);
}
