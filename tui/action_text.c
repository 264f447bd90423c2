#include "action_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/buf.h"
#include "engine/clock.h"
#include "engine/keymap.h"
#include "engine/rcwrite.h"
#include "engine/set.h"
#include "engine/spec.h"
#include "logview.h"
#include "newproc.h"
#include "pane.h"
#include "sheet.h"
#include "ui.h"
#include "view.h"

enum { TEXT_BYTES = 1 << 20, EVENTS_SHOWN = 1000 };

/* The newest first. */
void
action_do_events(struct ui *ui, int argc, char *const *argv)
{
	struct buf b = BUF_INIT(TEXT_BYTES);
	const char *process, *text;
	char hms[16], title[96];
	int64_t wall_ms;

	(void)argc, (void)argv;
	for (unsigned i = 0; i < EVENTS_SHOWN; i++) {
		text = events_text(ui->events, i, &process, &wall_ms);
		if (!text)
			break;
		clock_hms(hms, sizeof(hms), wall_ms);
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

/* --- what was changed here --- */

struct binds {
	struct buf *b;
	size_t known;		/* first ones that are not from here */
};

static void
count_bind(const char *mode, const char *key, const char *command, void *arg)
{
	(void)mode, (void)key, (void)command;
	++*(size_t *)arg;
}

static void
put_bind(const char *mode, const char *key, const char *command, void *arg)
{
	struct binds *w = arg;

	if (w->known > 0)
		w->known--;
	else
		buf_addf(w->b, "%s %s%s%s%s%s\n", command ? "bind" : "unbind",
			 mode ? mode : "", mode ? " " : "", key,
			 command ? " " : "", command ? command : "");
}

static void
put_binds(struct ui *ui, struct buf *b)
{
	struct keymap *standard = keymap_new();
	struct binds w = { .b = b };

	keymap_each(standard, count_bind, &w.known);
	w.known += ui->set ? ui->set->bind_count : 0;
	keymap_each(ui->keymap, put_bind, &w);
	keymap_free(standard);
}

/* Those that were added by hand, with what is known of them here. */
static void
put_processes(struct ui *ui, struct buf *b)
{
	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		struct rcwrite_process p = {
			.name = r->name, .command = r->command,
			.argv = *r->argv ? r->argv : NULL,
			.cwd = strcmp(r->cwd, ui->set_dir) ? r->cwd : NULL,
			.tty = r->tty, .pipe = r->interactive && !r->tty,
			.restart = r->restart_max ? SPEC_RESTART_ON_FAILURE
						  : SPEC_RESTART_NEVER,
		};
		if (*r->file || strcmp(r->by, "you") != 0 || r->hidden)
			continue;
		if (b->len)
			buf_addc(b, '\n');
		(void)rcwrite_process(b, &p);
	}
}

void
action_do_write(struct ui *ui, int argc, char *const *argv)
{
	struct buf b = BUF_INIT(TEXT_BYTES);

	(void)argc, (void)argv;
	ui_put_options(ui, false, &b);
	put_binds(ui, &b);
	put_processes(ui, &b);
	if (!b.len)
		ui_toast(ui, TOAST_INFO, "nothing was changed here that the "
			 "sbxrc does not say");
	else
		sheet_text_open(ui, &(struct sheet_text){
			.word = "WRITE",
			.title = ui->rc_path[0]
				 ? "these lines would go to the end of sbxrc"
				 : "as lines of an sbxrc; there is none here",
			.text = buf_str(&b),
			.accept = ui->rc_path[0] ? newproc_keep : NULL,
			.verb = ui->rc_path[0] ? "write them" : NULL });
	buf_fini(&b);
}
