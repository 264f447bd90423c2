#include "action_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "logview.h"
#include "pane.h"
#include "sheet.h"
#include "ui.h"
#include "view.h"

enum { TEXT_BYTES = 1 << 20, EVENTS_SHOWN = 1000 };

/* What happened and what the status row told, the newest first. */
void
action_do_events(struct ui *ui, int argc, char *const *argv)
{
	struct buf b = BUF_INIT(TEXT_BYTES);
	char hms[16], title[96];
	unsigned event = 0, toast = 0;

	(void)argc, (void)argv;
	while (event + toast < EVENTS_SHOWN) {
		const struct toast_told *t = toasts_told(&ui->toasts, toast);
		const char *process;
		int64_t ms;
		const char *text = events_text(ui->events, event, &process,
					       &ms);
		if (t && (!text || t->wall_ms > ms)) {
			process = "screen";
			text = t->text;
			ms = t->wall_ms;
			toast++;
		} else if (text) {
			event++;
		} else {
			break;
		}
		clock_hms(hms, sizeof(hms), ms);
		if (buf_addf(&b, "%s %-12s %s\n", hms,
			     *process ? process : "set", text) < 0)
			break;
	}
	snprintf(title, sizeof(title), "events of %.64s", ui->set_name);
	sheet_text_open(ui, &(struct sheet_text){
		.word = "EVENTS", .title = title,
		.text = b.len ? buf_str(&b) : "nothing has happened" });
	buf_fini(&b);
}

/* The line that a search has found, else the last one in sight, whole. */
void
action_do_line(struct ui *ui, int argc, char *const *argv)
{
	struct model_proc *p = ui_selected(ui);
	struct logview *lv = p ? ui_pane(ui, p)->log : NULL;
	uint64_t line = !lv ? 0 : logview_hit(lv) ? logview_hit(lv)
						  : logview_last_shown(lv);
	struct buf b = BUF_INIT(TEXT_BYTES);
	char title[128];

	(void)argc, (void)argv;
	if (line && log_text(ui, line, true, &b)) {
		snprintf(title, sizeof(title), "%.64s, line %" PRIu64,
			 p->row->name, line);
		sheet_text_open(ui, &(struct sheet_text){
			.word = "LINE", .title = title, .text = buf_str(&b) });
	}
	buf_fini(&b);
}
