#include "ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "engine/life/event.h"
#include "engine/spec/spec.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "remember.h"
#include "sheet.h"
#include "status_text.h"
#include "view.h"

enum {
	SEEN_MS = 1000,		/* in sight so long: it was seen */
	LATE_MS = 2000,		/* of an answer: something is wrong */
	DOUBLE_CLICK_MS = 400,
	NOTICE_MS = 10000,	/* notifications are folded for so long */
	HELD_MS = 3000,		/* keys wait so long for a new engine */
};

/* --- events of the terminal --- */

static bool
is_leave_key(const struct ui *ui, struct key k)
{
	const char *s = options_text(ui->options, OPTION_LEAVE);
	struct key leave;

	return key_parse(s, strlen(s), &leave, NULL) == 0 &&
	       leave.sym == k.sym && leave.mods == k.mods;
}

/* The key that leaves a terminal was pressed outside one: twice quickly
 * means that the program shall have it. */
static bool
leave_again(struct ui *ui, struct key k)
{
	struct model_proc *p = ui_selected(ui);
	uint64_t within = options_number(ui->options, OPTION_LEAVE_DOUBLE);

	if (!ui->left_at_ms || !p || !p->row->tty ||
	    clock_ms() - ui->left_at_ms > within)
		return false;
	ui->left_at_ms = 0;
	ui_set_mode(ui, MODE_TERM);
	if (ui->client && row_up(p->row))
		client_key(ui->client, p->id, k);
	return true;
}

/* A new engine is there in a moment: what was typed meanwhile is kept for
 * it, but not for long, and not much. */
static void
hold_key(struct ui *ui, uint32_t proc, struct key k)
{
	if (ui->held_proc != proc || ui->held_run != ui->keys_run)
		ui->held_count = 0;
	if (ui->held_count == UI_HELD_MAX) {
		ui_toast(ui, TOAST_WARN, "no connection: key not sent");
		return;
	}
	ui->held_proc = proc;
	ui->held_run = ui->keys_run;
	ui->held_ms = clock_ms();
	ui->held[ui->held_count++] = k;
}

static void
send_held(struct ui *ui)
{
	const struct model_proc *p = model_find(ui->model, ui->held_proc);
	bool same = p && row_up(p->row) && p->row->run == ui->held_run;

	if (ui->held_count && (!same || clock_ms() - ui->held_ms > HELD_MS))
		ui_toast(ui, TOAST_WARN, "keys typed without a connection "
			 "were not sent");
	else
		for (size_t i = 0; i < ui->held_count; i++)
			client_key(ui->client, ui->held_proc, ui->held[i]);
	ui->held_count = 0;
}

/* Enter, while the terminal does not have the keys: its next program gets
 * them, or the one that was started by itself meanwhile. */
static void
connect_keys(struct ui *ui, const struct model_proc *p)
{
	ui->dirty = true;
	if (row_up(p->row)) {
		ui->keys_run = p->row->run;
		return;
	}
	ui->keys_run = UI_NEXT_RUN;
	command_run(ui, "start");
}

static void
term_key(struct ui *ui, struct key k)
{
	struct model_proc *p = ui_selected(ui);

	if (is_leave_key(ui, k)) {
		ui->left_at_ms = clock_ms();
		ui_set_mode(ui, MODE_LIST);
		return;
	}
	const char *command = keymap_find(ui->keymap, MODE_TERM, k);
	if (command) {
		ui->dirty = true;
		command_run(ui, command);
		return;
	}
	if (!p)
		return;
	struct pane *pa = ui_pane(ui, p);
	if (k.mods == KEY_SHIFT &&
	    (k.sym == SYM_PGUP || k.sym == SYM_PGDN)) {
		ui->dirty = true;
		view_term.scroll(ui, VIEW_PAGE, k.sym == SYM_PGUP ? -1 : 1);
		return;
	}
	if (!ui_has_keys(ui, p)) {
		if (k.sym == SYM_ENTER && !k.mods)
			connect_keys(ui, p);
		return;
	}
	/* The screen changes when the program answers, not before. */
	ui->dirty |= pa->sb.on;
	pa->sb.on = false;
	/* An engine that is taking over has no terminals before its rows. */
	if (!ui->client || !model_synced(ui->model)) {
		hold_key(ui, p->id, k);
		return;
	}
	client_key(ui->client, p->id, k);
}

void
ui_key(struct ui *ui, struct key k)
{
	ui->chosen = true;
	ui->dirty |= toasts_key(&ui->toasts, clock_ms());
	if (!ui->sheet && ui->mode == MODE_TERM) {
		term_key(ui, k);
		return;
	}
	ui->dirty = true;
	if (ui->sheet) {
		if (!sheet_bound(ui, k))
			ui->sheet->ops->key(ui, ui->sheet, k);
		return;
	}
	if (is_leave_key(ui, k) && leave_again(ui, k))
		return;
	ui->left_at_ms = 0;
	const char *command = keymap_find(ui->keymap, ui->mode, k);
	if (is_leave_key(ui, k))
		command = "leave";
	if (command)
		command_run(ui, command);
}

bool
ui_takes_text(const struct ui *ui)
{
	const struct model_proc *p = ui_selected(ui);

	if (ui->sheet)
		return ui->sheet->ops->paste != NULL;
	return p && ui_has_keys(ui, p);
}

void
ui_refuse_paste(struct ui *ui)
{
	ui->dirty = true;
	ui_toast(ui, TOAST_WARN, "paste ignored: no place to put it "
		 "(Enter uses the terminal)");
}

void
ui_send_paste(struct ui *ui, uint32_t proc, const char *text, size_t len)
{
	if (client_paste(ui->client, proc, text, len) < 0)
		ui_toast(ui, TOAST_WARN, "the engine does not take the paste: "
			 "nothing of it was sent");
}

void
ui_paste(struct ui *ui, const char *text, size_t len)
{
	struct model_proc *p = ui_selected(ui);

	ui->dirty = true;
	if (!ui_takes_text(ui) || (!ui->sheet && !ui->client)) {
		ui_refuse_paste(ui);
		return;
	}
	if (ui->sheet) {
		ui->sheet->ops->paste(ui, ui->sheet, text, len);
		return;
	}
	const char *nl = memchr(text, '\n', len);
	if (!nl)
		nl = memchr(text, '\r', len);
	bool lines = nl && nl + 1 < text + len;
	bool bracketed = p->screen && (p->screen->head.modes & VT_MODE_PASTE);
	if (lines && !bracketed &&
	    options_flag(ui->options, OPTION_PASTE_CONFIRM)) {
		sheet_paste_open(ui, p->id, text, len);
		return;
	}
	ui_pane(ui, p)->sb.on = false;
	ui_send_paste(ui, p->id, text, len);
}

static bool
is_click(const struct vt_mouse *m)
{
	return m->kind == VT_MOUSE_PRESS && m->button == VT_BUTTON_LEFT;
}

/* The button was pressed in the pane and moves: text is being selected. */
static bool
drags_text(struct ui *ui, const struct vt_mouse *m)
{
	struct rect r = ui->layout.main;
	bool left = m->button == VT_BUTTON_LEFT;

	if (m->kind == VT_MOUSE_PRESS || m->kind == VT_MOUSE_RELEASE) {
		ui->pressed = is_click(m) && !ui->merged &&
			      rect_holds(r, m->row, m->col);
		ui->pressed_row = m->row;
		ui->pressed_col = m->col;
		return false;
	}
	if (!ui->pressed || !left ||
	    (m->row == ui->pressed_row && m->col == ui->pressed_col))
		return false;
	ui->pressed = false;
	sheet_select_drag(ui, ui->pressed_row, ui->pressed_col);
	if (ui->sheet && ui->sheet->ops->mouse)
		ui->sheet->ops->mouse(ui, ui->sheet, m);
	return true;
}

static void
mouse_on_panes(struct ui *ui, const struct vt_mouse *m)
{
	const struct layout *l = &ui->layout;
	bool twice = is_click(m) && m->row == ui->clicked_row &&
		     clock_ms() - ui->clicked_ms < DOUBLE_CLICK_MS;

	if (ui->dragging && view_main(ui) == &view_term) {
		view_term.mouse(ui, m);
		return;
	}
	if (is_click(m)) {
		ui->clicked_ms = clock_ms();
		ui->clicked_row = m->row;
	}
	uint32_t other = is_click(m) ? split_at(ui, m->row, m->col) : 0;
	if (other && other != ui->selected) {
		ui_select(ui, other);
		ui_set_mode(ui, MODE_LOG);
		return;
	}
	if (drags_text(ui, m))
		return;
	if (rect_holds(l->list, m->row, m->col)) {
		if (view_list.mouse(ui, m) && twice)
			command_run(ui, "open");
	} else if (rect_holds(l->main, m->row, m->col) ||
		   (l->scroll >= 0 && m->col == l->scroll)) {
		view_main(ui)->mouse(ui, m);
	} else if (is_click(m) && rect_holds(l->list_title, m->row, m->col)) {
		ui_set_mode(ui, MODE_LIST);
	} else if (is_click(m) && rect_holds(l->main_title, m->row, m->col)) {
		ui_set_mode(ui, MODE_LOG);
	} else if (is_click(m) &&
		   rect_holds(l->watches, m->row, m->col)) {
		view_watch_click(ui, m->row);
	} else if (!view_details_mouse(ui, m)) {
		bar_mouse(ui, m);
	}
}

void
ui_mouse(struct ui *ui, const struct vt_mouse *m)
{
	if (m->kind == VT_MOUSE_PRESS) {
		ui->chosen = true;
		ui->dirty = true;
	}
	if (!ui->sheet)
		mouse_on_panes(ui, m);
	else if (!bar_mouse(ui, m) && ui->sheet->ops->mouse)
		ui->sheet->ops->mouse(ui, ui->sheet, m);
}

void
ui_focus(struct ui *ui, bool in)
{
	struct model_proc *p = ui_selected(ui);

	ui->focused = in;
	if (ui->client && ui->mode == MODE_TERM && p)
		client_focus(ui->client, p->id, in);
}

/* --- events of the engine --- */

static void
on_journal(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	(void)c;
	if (a->err || a->frame->nfds < 1)
		return;
	events_open(ui->events, a->frame->fds[0]);
	a->frame->fds[0] = -1;		/* it is the view's now */
	events_refresh(ui->events);
	ui->dirty = true;
}

void
ui_connected(struct ui *ui, struct client *c, const struct proto_hello *h)
{
	ui->client = c;
	free(ui->set_name);
	free(ui->set_dir);
	free(ui->rc_path);
	/* An engine that has just been started does not know its name yet. */
	ui->set_name = mem_str(ui->set && ui->set->name ? ui->set->name :
			       h->set_name);
	ui->set_dir = mem_str(h->set_dir);
	ui->rc_path = mem_str(h->rc_path ? h->rc_path : "");
	ui->loaded_at_ms = h->loaded_at_ms;
	remember_load(ui, h);
	ui->screen_proc = 0;
	ui->screen_rows = ui->screen_cols = 0;
	model_resync(ui->model);
	for (size_t i = 0; i < model_count(ui->model); i++) {
		struct pane *pa = model_at(ui->model, i)->user;
		if (pa)
			pa->log_asked = pa->sb.asked = false;
	}
	client_subscribe(c, PROTO_SUB_ROWS | PROTO_SUB_GROWTH |
				    PROTO_SUB_EVENTS | PROTO_SUB_VALUES |
				    PROTO_SUB_STATS);
	client_journal_open(c, on_journal, ui);
	ui_watch_screen(ui);
	log_ensure(ui, ui_selected(ui));
	ui->dirty = true;
}

void
ui_disconnected(struct ui *ui, const char *why)
{
	ui->client = NULL;
	ui->screen_proc = 0;
	ui->dirty = true;
	if (ui->going_down && ui->parting)
		ui_leave(ui, 0, "%s", ui->parting);
	else if (ui->going_down)
		ui_leave(ui, ui->done_code, "sbx: %s is stopped\n",
			 ui->set_name);
	else
		ui_toast(ui, TOAST_ERROR, "the engine is gone%s%s; waiting "
			 "for it to come back", *why ? ": " : "", why);
}

/* The process that was selected may be gone; at first there is none. */
static void
check_selection(struct ui *ui)
{
	if (ui->added && list_index(ui, ui->added) >= 0)
		ui_select(ui, ui->added);
	if (ui_selected(ui) && list_index(ui, ui->selected) >= 0)
		return;
	uint32_t id = 0;
	for (size_t i = 0; ui->wanted_names && ui->wanted_names[i] && !id;
	     i++) {
		struct model_proc *p =
			model_find_name(ui->model, ui->wanted_names[i]);
		id = p ? p->id : 0;
	}
	if (!id)
		id = list_nth(ui, 1);
	if (!id && ui->selected) {
		ui->selected = 0;
		ui->mode = MODE_LIST;
		ui_relayout(ui);
	}
	ui_select(ui, id);
}

/* Before the first key the log of the first failure is shown, once. */
static void
show_failure(struct ui *ui, struct model_proc *p)
{
	if (ui->chosen || !p || !row_failed(p->row) || ui->wanted_names)
		return;
	ui->chosen = true;
	ui_select(ui, p->id);
}

/* "on-done quit": everything has ended, the worst exit code is ours. */
static void
look_if_done(struct ui *ui)
{
	const char *how = options_text(ui->options, OPTION_ON_DONE);
	int worst = 0;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		bool ended = status_get(r->status)->final;
		ui->had_work |= r->run > 0;
		if (r->status != STATUS_OFF && !ended)
			return;
		if (row_failed(r))
			worst = SBX_MAX(worst, r->exit_signal
						       ? 128 + r->exit_signal
					       : r->exit_code ? r->exit_code
							      : 1);
	}
	if (!ui->had_work || ui->going_down || strcmp(how, "quit") != 0)
		return;
	ui->done_code = worst;
	command_sure(ui, "down");
}

static void
took_rows(struct ui *ui, int bits, struct model_proc *p)
{
	const struct model_proc *sel = ui_selected(ui);

	ui_relayout(ui);
	bool first = (bits & MODEL_SYNC) && !ui->started;
	if (bits & MODEL_SYNC) {
		ui->started = true;
		/* An engine that was just started has loaded it just now. */
		if (!ui->loaded_at_ms)
			ui->loaded_at_ms = clock_wall_ms();
		send_held(ui);
	}
	if (first)
		remember_apply(ui);
	if (ui->started)
		check_selection(ui);
	if (first && ui->attached) {
		ui->zoom = true;
		ui_set_mode(ui, MODE_TERM);
	}
	if (bits & MODEL_ROWS)
		show_failure(ui, p);
	if (ui->started)
		look_if_done(ui);
	if ((bits & MODEL_SYNC) && ui->list.count == 0 && !ui->rc_path[0] &&
	    !ui->sheet)
		sheet_start_open(ui);
	if (ui->keys_run == UI_NEXT_RUN && sel && row_up(sel->row))
		ui->keys_run = sel->row->run;
	if (p && p == sel)
		ui_look_at_mouse(ui);
	ui->dirty = true;
}

static void
took_growth(struct ui *ui, struct model_proc *p)
{
	if (p && p->id == ui->selected && ui->mode == MODE_TERM) {
		/* Its terminal is shown: reading its log would delay keys. */
		ui_pane(ui, p)->log_stale = true;
		return;
	}
	if (p && (p->id == ui->selected || ui->merged ||
		  split_has(ui, p->id))) {
		logview_refresh(ui_pane(ui, p)->log);
		ui->wants |= UI_AGAIN;
	}
	ui->dirty = true;
}

/* "stopping api: INT, then TERM in 5s  (X kills now)", of what was asked for
 * here. */
static void
tell_stop(struct ui *ui, const char *process, const char *text, int kind)
{
	const char *ladder = strstr(text, ": ");
	const char *key = keymap_key(ui->keymap, MODE_LIST, "kill");

	if ((kind != EVENT_STOP && kind != EVENT_RESTART) || !ladder ||
	    strcmp(process, ui->stopping) != 0)
		return;
	bool goes_on = key && strstr(ladder, ", then ");
	ui_toast(ui, TOAST_INFO, "%s %s%s%s%s%s",
		 ui->stop_restarts ? "restarting" : "stopping", process,
		 ladder, goes_on ? "  (" : "", goes_on ? key : "",
		 goes_on ? " kills now)" : "");
	ui->stopping[0] = '\0';
}

static void
took_events(struct ui *ui)
{
	uint64_t no = events_next(ui->events);
	const char *process, *text;
	int64_t wall_ms;
	int kind;

	ui->dirty |= events_refresh(ui->events);
	if (clock_ms() > ui->stop_until_ms)
		ui->stopping[0] = '\0';
	for (; ui->stopping[0] && no < events_next(ui->events); no++) {
		text = events_get(ui->events, no, &process, &wall_ms, &kind);
		tell_stop(ui, process, text, kind);
	}
}

/* What the engine tells everybody names commands of a shell; here is a key
 * for them. */
static void
take_note(struct ui *ui, unsigned level, const char *text)
{
	static const char *const commands[] = { " (sbx check)",
						" (sbx reload)" };
	const char *key = keymap_key(ui->keymap, MODE_LIST, "reload");
	size_t len = strlen(text);

	snprintf(ui->notice, sizeof(ui->notice), "%s", text);
	ui->notices++;
	for (size_t i = 0; key && i < ARRAY_LEN(commands); i++) {
		const char *at = strstr(text, commands[i]);
		len = at ? (size_t)(at - text) : len;
	}
	ui_toast(ui, level >= SPEC_LEVEL_ERROR	 ? TOAST_ERROR
		     : level == SPEC_LEVEL_WARN ? TOAST_WARN
						: TOAST_INFO,
		 text[len] ? "%.*s (%s shows)" : "%.*s", (int)len, text, key);
}

void
ui_frame(struct ui *ui, const struct conn_frame *f)
{
	struct model_proc *p = NULL;
	unsigned level;
	int bits = model_take(ui->model, f, &p);

	if (bits <= 0)
		return;
	if (bits & (MODEL_ROWS | MODEL_ORDER | MODEL_SYNC))
		took_rows(ui, bits, p);
	if (bits & MODEL_GROW)
		took_growth(ui, p);
	if (bits & MODEL_VALUES) {
		if (p && p->id == ui->selected)
			ui_relayout(ui);
	}
	if (bits & MODEL_SCREEN) {
		ui_look_at_mouse(ui);
		bool shown = p && p->id == ui->selected;
		bool alone = ui->mode == MODE_TERM && !ui->sheet;
		ui->dirty |= shown && !alone;
		ui->dirty_main |= shown;
	}
	if (bits & MODEL_BELL) {
		ui->dirty = true;
		if (options_flag(ui->options, OPTION_BELL))
			ui->wants |= UI_BELL;
	}
	if (bits & MODEL_EVENTS)
		took_events(ui);
	if (bits & MODEL_NOTE) {
		const char *text = model_note(ui->model, &level);
		take_note(ui, level, text);
	}
	if (bits & MODEL_BYE)
		ui->dirty = true;
}

/* --- time --- */

/* What is on the screen at its end for a second was seen. */
static void
look_at_seen(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	if (!p || !ui->focused || rect_empty(ui->layout.main))
		return;
	struct pane *pa = ui_pane(ui, p);
	bool at_end = ui_shows_screen(ui) ? !pa->sb.on
					  : logview_following(pa->log);
	if (!at_end) {
		pa->in_sight_ms = 0;
		return;
	}
	if (!pa->in_sight_ms)
		pa->in_sight_ms = clock_ms();
	if (clock_ms() - pa->in_sight_ms < SEEN_MS)
		return;
	if (pane_has_output(pa, p) || pane_errors(pa, p) ||
	    pane_has_bell(pa, p))
		ui->dirty = true;
	pane_seen(pa, p);
}

/* "sbx attach": the leave key leaves altogether, once it is clear that it
 * was not the first of two. */
static bool
attach_left(const struct ui *ui)
{
	uint64_t within = options_number(ui->options, OPTION_LEAVE_DOUBLE);

	return ui->attached && ui->left_at_ms && ui->mode != MODE_TERM &&
	       clock_ms() - ui->left_at_ms > within;
}

/* Keys that do nothing need a reason. */
static void
look_at_engine(struct ui *ui)
{
	struct err e = ERR_INIT;

	if (!ui->client || client_waits_ms(ui->client) < LATE_MS) {
		ui->told_held = false;
	} else if (!ui->told_held && client_is_held(ui->client, &e)) {
		ui->told_held = true;
		ui_toast(ui, TOAST_ERROR, "%s: %s", e.text, e.hint);
	}
}

void
ui_tick(struct ui *ui)
{
	uint64_t now = clock_ms();

	look_at_engine(ui);
	ui->dirty |= toasts_tick(&ui->toasts, now);
	if (ui->echo[0] && now >= ui->echo_until_ms) {
		ui->echo[0] = 0;
		ui->dirty = true;
	}
	if (ui->notices && (!ui->noticed_ms ||
			    now - ui->noticed_ms >= NOTICE_MS)) {
		ui->noticed_ms = now;
		ui->wants |= UI_NOTIFY;
	}
	if (ui->size_due_ms && now >= ui->size_due_ms)
		ui_tell_size(ui);
	if (ui->sheet && ui->sheet->ops->tick)
		ui->sheet->ops->tick(ui, ui->sheet);
	view_details_tick(ui);
	look_at_seen(ui);
	if (attach_left(ui))
		ui_leave(ui, 0, "sbx: left %s, it goes on\n",
			 ui_selected(ui) ? ui_selected(ui)->row->name : "it");
	if (options_flag(ui->options, OPTION_CLOCK) || ui_totals(ui).up)
		ui->dirty = true;
	/* The rest of what is looked for ahead. */
	ui->wants |= UI_AGAIN;
}

uint64_t
ui_deadline_ms(const struct ui *ui)
{
	/* Shortly after the wall clock's next second. */
	uint64_t at = clock_ms() + 1000 -
		      (uint64_t)(clock_wall_ms() % 1000) + 5;
	const struct model_proc *p = ui_selected(ui);
	const struct pane *pa = p ? p->user : NULL;

	at = SBX_MIN(at, toasts_due_ms(&ui->toasts));
	if (ui->echo[0])
		at = SBX_MIN(at, ui->echo_until_ms);
	if (ui->size_due_ms)
		at = SBX_MIN(at, ui->size_due_ms);
	if (pa && pa->log)
		at = SBX_MIN(at, logview_due_us(pa->log) / 1000 + 1);
	if (ui->attached && ui->left_at_ms && ui->mode != MODE_TERM)
		at = SBX_MIN(at, ui->left_at_ms + 1 +
					 options_number(ui->options,
							OPTION_LEAVE_DOUBLE));
	return at;
}

void
ui_work(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	bool changed = false;

	if (ui->merged) {
		merge_sync(ui);
		if (mergeview_work(ui->merge, &changed))
			ui->wants |= UI_AGAIN;
		if (mergeview_missed(ui->merge))
			ui_toast(ui, TOAST_INFO, "no further match");
		ui->dirty |= changed;
	}
	if (!p)
		return;
	struct pane *pa = ui_pane(ui, p);
	if (logview_work(pa->log, &changed))
		ui->wants |= UI_AGAIN;
	if (logview_missed(pa->log))
		ui_toast(ui, TOAST_INFO, "no further match");
	ui->dirty |= changed;
}
