#include "tui.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "burst.h"
#include "clipboard.h"
#include "command.h"
#include "edit.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/cli/cli.h"
#include "engine/client/client.h"
#include "engine/client/session.h"
#include "engine/conf/option.h"
#include "engine/conf/set.h"
#include "helper.h"
#include "input.h"
#include "pace.h"
#include "paint.h"
#include "remember.h"
#include "statefile.h"
#include "term.h"
#include "tips.h"
#include "ui.h"

enum {
	BACKLOG_BYTES = 8192,	/* not taken by the terminal yet */
	BELL_MS = 250,		/* between two that we ring */
	RETRY_US = 100000,	/* between looks for a new engine */
	ANSWER_US = 1000000,	/* for the terminal's answers */
	FRONT_US = 1000000,	/* for signals meant for a program in front */
	READ_BYTES = 65536,
};

struct tui {
	struct loop *loop;
	struct session session;
	struct client *client;
	struct ui *ui;
	struct input *input;
	struct source *terminal;
	struct timer *esc_timer, *frame_timer, *tick_timer, *retry_timer,
		*answer_timer;
	struct pace pace;
	struct burst burst;
	struct proto_request start;	/* verb 0: nothing is to be started */
	uint64_t at_bell_ms;
	bool sync;		/* the terminal knows mode 2026 */
	bool up;		/* the terminal is ours: paint */
	bool front;		/* a program has it, or had it ... */
	uint64_t front_us;	/* ... until then */
	int keeper_pid;
};

/* --- painting --- */

static void
set_title(struct tui *t)
{
	struct ui *ui = t->ui;
	struct totals n = ui_totals(ui);
	char text[256];

	if (!options_flag(ui->options, OPTION_TITLE))
		return;
	if (n.failed)
		snprintf(text, sizeof(text), "sbx %.100s: %d up, %d failed",
			 ui->set_name, n.up, n.failed);
	else
		snprintf(text, sizeof(text), "sbx %.100s: %d up",
			 ui->set_name, n.up);
	if (ui->title && !strcmp(ui->title, text))
		return;
	free(ui->title);
	ui->title = mem_str(text);
	term_title(text);
}

static void
paint_now(struct tui *t)
{
	pace_painted(&t->pace, clock_us());
	bool whole = t->ui->dirty;

	ui_draw(t->ui);
	paint_frame(t->ui->canvas, t->sync);
	if (whole)
		set_title(t);
}

/* At the end of a turn: paints if it is time, else says when. */
static void
maybe_paint(struct tui *t)
{
	uint64_t now = clock_us();
	uint64_t due = pace_due_us(&t->pace, model_synced(t->ui->model), now);

	if ((!t->ui->dirty && !t->ui->dirty_main) || !t->up)
		return;
	if (now < due) {
		if (!timer_armed(t->frame_timer))
			timer_arm(t->frame_timer, due);
		return;
	}
	/* A slow line gets the newest state when it is ready for it. */
	if (term_backlog() > BACKLOG_BYTES) {
		timer_arm(t->frame_timer, now + PACE_FLOOD_US);
		return;
	}
	paint_now(t);
}

static void
on_frame_timer(struct timer *timer, void *arg)
{
	(void)timer;
	maybe_paint(arg);
}

static void
new_size(struct tui *t)
{
	int rows, cols;

	term_size(&rows, &cols);
	paint_resize(rows, cols);
	ui_resize(t->ui, rows, cols);
}

/* --- the terminal --- */

static void
suspend(struct tui *t)
{
	t->up = false;
	term_suspend();
	kill(0, SIGSTOP);
	/* Here the shell has brought us back. */
	term_resume();
	t->up = true;
	new_size(t);
	paint_all();
	t->ui->dirty = true;
}

static void
on_front_end(int status, void *arg)
{
	struct tui *t = arg;
	struct front f = t->ui->front;

	t->front = false;
	t->front_us = clock_us();
	t->ui->front = (struct front){ .line = NULL };
	term_resume();
	t->up = true;
	loop_want(t->terminal, LOOP_IN);
	new_size(t);
	paint_all();
	for (size_t i = 0; f.env[i]; i++)
		free(f.env[i]);
	if (f.done)
		f.done(t->ui, status);
}

static void
give_front(struct tui *t)
{
	struct err e = ERR_INIT;

	t->up = false;
	t->front = true;
	loop_want(t->terminal, 0);
	term_suspend();
	if (helper_front(t->loop, t->ui->front.line, t->ui->front.env,
			 on_front_end, t, &e) == 0)
		return;
	ui_toast(t->ui, TOAST_ERROR, "%s", e.text);
	t->ui->front.done = NULL;
	on_front_end(0, t);
}

/* A program that beeps without end is one bell now and then. */
static void
ring(struct tui *t)
{
	uint64_t now = clock_ms();

	if (t->at_bell_ms && now - t->at_bell_ms < BELL_MS)
		return;
	t->at_bell_ms = now;
	term_write("\a", 1);
}

static void
on_copied(int status, void *arg)
{
	struct tui *t = arg;

	if (t->ui && status != 0)
		ui_toast(t->ui, TOAST_ERROR, "the clipboard's program failed "
			 "('set clipboard')");
}

static void
copy(struct tui *t)
{
	struct ui *ui = t->ui;
	const char *setting = options_text(ui->options, OPTION_CLIPBOARD);
	char how[CLIPBOARD_HOW_MAX];
	struct err e = ERR_INIT;

	if (clipboard_put(t->loop, setting, ui->copied, ui->copied_len, how,
			  on_copied, t, &e) < 0)
		ui_toast(ui, TOAST_WARN, "%s", e.text);
	else
		ui_toast(ui, TOAST_INFO, "copied %s %s", ui->copied_what,
			 how);
	free(ui->copied);
	ui->copied = NULL;
}

/* By the setting "notify".  By itself only where nobody looks. */
static void
notify(struct tui *t)
{
	struct ui *ui = t->ui;
	const char *how = options_text(ui->options, OPTION_NOTIFY);
	struct err e = ERR_INIT;
	char more[48] = "";

	if (ui->notices > 1)
		snprintf(more, sizeof(more), " (and %u more)",
			 ui->notices - 1);
	char *text = mem_fmt("%s: %s%s", ui->set_name, ui->notice, more);
	bool chosen = strcmp(how, "auto") != 0;
	ui->notices = 0;
	if (!strcmp(how, "off") || (!chosen && ui->focused)) {
		free(text);
		return;
	}
	if (!strcmp(how, "osc9") || !chosen) {
		term_notify(text);
	} else if (!strcmp(how, "bell")) {
		ring(t);
	} else {
		char *env[] = { mem_fmt("SBX_NOTE=%s", text), NULL };
		if (helper_shell(t->loop, how, env, text, strlen(text), NULL,
				 NULL, &e) < 0)
			ui_toast(ui, TOAST_ERROR, "%s", e.text);
		free(env[0]);
	}
	free(text);
}

static void
handle_wants(struct tui *t)
{
	unsigned wants = t->ui->wants;

	t->ui->wants &= UI_AGAIN;
	if (wants & UI_REDRAW) {
		paint_all();
		t->ui->dirty = true;
	}
	if ((wants & UI_MOUSE) && t->up) {
		term_mouse(options_flag(t->ui->options, OPTION_MOUSE));
		term_motion(t->ui->motion_wanted);
	}
	if ((wants & UI_BELL) && t->up)
		ring(t);
	if ((wants & UI_COPY) && t->up)
		copy(t);
	if ((wants & UI_NOTIFY) && t->up)
		notify(t);
	if ((wants & UI_FRONT) && t->up)
		give_front(t);
	if (wants & UI_SUSPEND)
		suspend(t);
	/* Two programs on one terminal would be a mess. */
	if ((wants & UI_LEAVE) && t->front)
		t->ui->wants |= UI_LEAVE;
	else if (wants & UI_LEAVE)
		loop_stop(t->loop);
}

static void
on_reply(struct tui *t, const struct input_event *ev)
{
	const char *glyphs = options_text(t->ui->options, OPTION_GLYPHS);

	if (ev->reply == INPUT_REPLY_MODE && ev->args[0] == 2026)
		t->sync = ev->args[1] == 1 || ev->args[1] == 2;
	/* The circle took two columns: this font is not for us. */
	if (ev->reply == INPUT_REPLY_CURSOR && ev->args[1] == 3 &&
	    !strcmp(glyphs, "auto")) {
		t->ui->ascii = true;
		t->ui->dirty = true;
	}
	if (ev->reply == INPUT_REPLY_GROUND)
		ui_set_light(t->ui, ev->args[0]);
	else if (ev->reply != INPUT_REPLY_MODE)
		input_expect_cursor(t->input, false);
}

static void
on_input(const struct input_event *ev, void *arg)
{
	struct tui *t = arg;

	switch (ev->type) {
	case INPUT_KEY:
		if (burst_refuses(&t->burst, ui_takes_text(t->ui),
				  t->ui->sheet)) {
			ui_refuse_paste(t->ui);
			break;
		}
		ui_key(t->ui, ev->key);
		pace_typed(&t->pace, clock_us());
		break;
	case INPUT_MOUSE:
		ui_mouse(t->ui, &ev->mouse);
		break;
	case INPUT_PASTE:
		burst_pasted(&t->burst, clock_us());
		if (ev->paste_over)
			ui_toast(t->ui, TOAST_WARN, "the paste is longer than "
				 "%u MiB: nothing of it was taken",
				 INPUT_PASTE_MAX >> 20);
		else if (ev->paste_len)
			ui_paste(t->ui, ev->paste, ev->paste_len);
		break;
	case INPUT_FOCUS:
		ui_focus(t->ui, ev->focus);
		break;
	case INPUT_REPLY:
		on_reply(t, ev);
		break;
	}
}

static void
arm_esc(struct tui *t)
{
	int ms = input_wait_ms(t->input);

	if (ms < 0)
		timer_stop(t->esc_timer);
	else
		timer_arm(t->esc_timer, clock_us() + (uint64_t)ms * 1000);
}

static void
on_esc_timer(struct timer *timer, void *arg)
{
	struct tui *t = arg;

	(void)timer;
	input_timeout(t->input);
	arm_esc(t);
}

static void
on_answer_timer(struct timer *timer, void *arg)
{
	struct tui *t = arg;

	(void)timer;
	input_expect_cursor(t->input, false);
}

/* "hangup stop": we stay, without a screen, until all has stopped. */
static void
hang_up(struct tui *t)
{
	const char *how = options_text(t->ui->options, OPTION_HANGUP);

	t->up = false;
	if (strcmp(how, "stop") != 0 || !t->client)
		ui_leave(t->ui, 128 + SIGHUP, "%s", "");
	else if (!t->ui->going_down)
		command_sure(t->ui, "down");
}

static void
on_terminal(struct source *s, unsigned events, void *arg)
{
	struct tui *t = arg;
	static char bytes[READ_BYTES];

	(void)events;
	/* The descriptor blocks (it is the shell's too), but it has said
	 * that there is something to read. */
	ssize_t n = sys_read(loop_fd(s), bytes, sizeof(bytes));
	if (n <= 0) {
		/* The window was closed. */
		loop_want(s, 0);
		hang_up(t);
		return;
	}
	burst_read(&t->burst, bytes, (size_t)n, clock_us());
	input_feed(t->input, bytes, (size_t)n);
	arm_esc(t);
}

static void
on_winch(int signo, void *arg)
{
	struct tui *t = arg;

	(void)signo;
	if (t->up)
		new_size(t);
}

static void
on_stop_signal(int signo, void *arg)
{
	struct tui *t = arg;

	(void)signo;
	/* The program in front has stopped itself: the terminal is its. */
	if (t->front)
		raise(SIGSTOP);
	else
		t->ui->wants |= UI_SUSPEND;
}

static void
on_end_signal(int signo, void *arg)
{
	struct tui *t = arg;

	if (signo == SIGHUP) {
		hang_up(t);
		return;
	}
	/* Keys of a program in front, whose end may be seen before them. */
	if ((t->front || clock_us() - t->front_us < FRONT_US) &&
	    (signo == SIGINT || signo == SIGQUIT))
		return;
	ui_leave(t->ui, 128 + signo, "sbx: ended by a signal; %s goes on. "
		 "Back: sbx\n", t->ui->set_name);
}

/* --- the engine --- */

static void
on_hello(struct client *c, const struct proto_hello *h, void *arg)
{
	struct tui *t = arg;

	if (!t->ui)
		return;		/* at the start: see connect_first */
	t->keeper_pid = (int)h->keeper_pid;
	t->client = c;
	ui_connected(t->ui, c, h);
	toasts_drop(&t->ui->toasts, TOAST_ERROR, clock_ms());
	ui_toast(t->ui, TOAST_INFO, "the engine is back");
}

static void
on_frame(struct client *c, const struct conn_frame *f, void *arg)
{
	struct tui *t = arg;

	(void)c;
	if (t->ui)
		ui_frame(t->ui, f);
}

static void
on_closed(struct client *c, const struct err *why, void *arg)
{
	struct tui *t = arg;
	const char *bye;

	if (!t->ui)
		return;
	client_free(c);
	t->client = NULL;
	bye = model_bye(t->ui->model);
	ui_disconnected(t->ui, "");
	if (*bye && !t->ui->going_down)
		ui_leave(t->ui, 0, "sbx: %s is stopped: %s\n",
			 t->ui->set_name, bye);
	(void)why;
	timer_arm(t->retry_timer, clock_us() + RETRY_US / 10);
}

static const struct client_hooks hooks = {
	.on_hello = on_hello, .on_frame = on_frame, .on_closed = on_closed,
};

/* The keeper starts a new engine; without a keeper there is no set. */
static void
on_retry_timer(struct timer *timer, void *arg)
{
	struct tui *t = arg;
	struct err e = ERR_INIT;

	if (t->client || (t->ui->wants & UI_LEAVE))
		return;
	t->client = client_new(t->loop, t->session.sock_path, &hooks, t, &e);
	if (t->client)
		return;
	if (t->keeper_pid > 0 && kill(t->keeper_pid, 0) < 0 &&
	    errno == ESRCH) {
		ui_leave(t->ui, 1, "sbx: the engine of %s and its keeper are "
			 "gone, and with them its processes. Their logs are "
			 "kept; 'sbx' starts anew\n", t->ui->set_name);
		return;
	}
	timer_arm(timer, clock_us() + RETRY_US);
}

static void
on_start_reply(struct client *c, const struct client_answer *a, void *arg)
{
	struct tui *t = arg;

	(void)c;
	if (a->reply && a->reply->code)
		ui_toast(t->ui, TOAST_ERROR, "%s", a->reply->text);
}

/* What "sbx" and "sbx NAME..." start. */
static struct proto_request
start_request(const struct cli_open *o, bool fresh)
{
	struct proto_request q = { .verb = PROTO_V_START };

	if (o->names)
		q.names = o->names;
	else if (fresh && !o->attach)
		q.flags = PROTO_F_AUTOSTART;
	else
		q.verb = 0;
	return q;
}

/* Behind the first frame: what starts takes the processors for a while. */
static void
start_processes(struct tui *t)
{
	if (!t->start.verb || !t->client ||
	    !pace_is_first_due(&t->pace, model_synced(t->ui->model),
			       clock_us()))
		return;
	client_request(t->client, &t->start, on_start_reply, t);
	t->start.verb = 0;
}

/* Finds or starts the engine; *fresh: it was started here.  0 or -1. */
static int
connect_first(struct tui *t, const struct cli_open *o, bool *fresh,
	      struct err *e)
{
	struct err why = ERR_INIT, load = ERR_INIT;

	if (session_find(&t->session, o->file, e) < 0)
		return -1;
	t->client = session_connect(&t->session, t->loop, &hooks, t, &why);
	/* The watches mark lines here, so the file is read in any case; its
	 * mistakes matter only if it is to be started. */
	bool loaded = session_load(&t->session, &load) == 0;
	if (t->client)
		return 0;
	if (why.code != ERR_NO_ENGINE) {
		*e = why;
		return -1;
	}
	fputs(buf_str(&t->session.talk), stderr);
	if (!loaded) {
		*e = load;
		return -1;
	}
	*fresh = true;
	t->client = session_start(&t->session, t->loop, &hooks, t, e);
	return t->client ? 0 : -1;
}

/* --- the loop --- */

static void
on_tick(struct timer *timer, void *arg)
{
	struct tui *t = arg;

	(void)timer;
	ui_tick(t->ui);
}

static void
on_idle(void *arg)
{
	struct tui *t = arg;

	if (t->ui->wants & UI_AGAIN) {
		t->ui->wants &= ~(unsigned)UI_AGAIN;
		ui_work(t->ui);
		if (t->ui->wants & UI_AGAIN)
			loop_again(t->loop);
	}
	handle_wants(t);
	timer_arm(t->tick_timer, ui_deadline_ms(t->ui) * 1000);
	maybe_paint(t);
	start_processes(t);
}

static void
open_history(struct ui *ui)
{
	char *path = statefile_path("history");

	ui->history = history_new(path);
	ui->finds = history_new(NULL);
	free(path);
}

static void
watch_signals(struct tui *t)
{
	signal(SIGPIPE, SIG_IGN);
	loop_signal(t->loop, SIGWINCH, on_winch, t);
	loop_signal(t->loop, SIGTSTP, on_stop_signal, t);
	loop_signal(t->loop, SIGTERM, on_end_signal, t);
	loop_signal(t->loop, SIGHUP, on_end_signal, t);
	loop_signal(t->loop, SIGINT, on_end_signal, t);
	loop_signal(t->loop, SIGQUIT, on_end_signal, t);
}

static void
make_timers(struct tui *t)
{
	t->esc_timer = loop_timer(t->loop, on_esc_timer, t);
	t->frame_timer = loop_timer(t->loop, on_frame_timer, t);
	t->tick_timer = loop_timer(t->loop, on_tick, t);
	t->retry_timer = loop_timer(t->loop, on_retry_timer, t);
	t->answer_timer = loop_timer(t->loop, on_answer_timer, t);
}

/* Everything between term_up and term_down. */
static int
run(struct tui *t, const struct cli_open *o, bool fresh)
{
	struct err e = ERR_INIT;
	int fd = sys_dup(STDIN_FILENO);

	t->input = input_new(on_input, t);
	make_timers(t);
	t->terminal = loop_add(t->loop, fd, LOOP_IN, "terminal", on_terminal,
			       t);
	if (!t->terminal) {
		sys_close(fd);
		return 125;
	}
	watch_signals(t);
	struct ui *ui = ui_new(t->loop, t->session.set, term_depth(), &e);
	if (!ui)
		return 125;
	t->ui = ui;
	open_history(ui);
	char *only[] = { o->attach, NULL };
	ui->wanted_names = o->attach ? only : o->names;
	ui->attached = o->attach != NULL;
	if (o->ascii) {
		ui->only_ascii = true;
		ui_apply_options(ui);
	}
	ui->socket = t->session.sock_path;
	if (options_flag(ui->options, OPTION_TIPS) && !o->attach)
		ui->tip = tips_next();
	t->up = true;
	new_size(t);
	const struct proto_hello *h = client_hello(t->client);
	t->keeper_pid = h ? (int)h->keeper_pid : 0;
	if (h)
		ui_connected(ui, t->client, h);
	pace_begin(&t->pace, clock_us());
	t->start = start_request(o, fresh);
	input_expect_cursor(t->input, true);
	timer_arm(t->answer_timer, clock_us() + ANSWER_US);
	term_ask();
	paint_all();
	loop_idle(t->loop, on_idle, t);
	timer_arm(t->tick_timer, clock_us());
	int r = loop_run(t->loop);
	return r < 0 ? 125 : ui->exit_code;
}

static bool
can_show(struct err *e)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		err_set(e, ERR_USAGE, "this is not a terminal");
	else if (term && !strcmp(term, "dumb"))
		err_set(e, ERR_USAGE,
			"the terminal type 'dumb' has no full screen");
	else
		return true;
	err_hint(e, "use 'sbx up' to start and 'sbx logs -f' to follow");
	return false;
}

static int
fail(const struct err *e)
{
	fprintf(stderr, "sbx: %s\n", e->text);
	if (e->hint[0])
		fprintf(stderr, "  %s\n", e->hint);
	return err_exit_code(e->code);
}

static const struct term_options *
color_of(const struct tui *t, const struct cli_open *o,
	 struct term_options *out)
{
	const struct set *set = t->session.set;

	out->color = (enum term_color)o->color;
	if (out->color == TERM_COLOR_AUTO && set)
		out->color = (enum term_color)options_number(set->options,
							     OPTION_COLOR);
	return out;
}

int
tui_open(const struct cli_open *o)
{
	struct tui t = { .client = NULL };
	struct err e = ERR_INIT;
	struct term_options to = { .mouse = false };
	bool fresh = false;
	int code;

	/* Nothing is started for a screen that cannot be shown. */
	if (!can_show(&e) || term_check(&e) < 0)
		return fail(&e);
	t.loop = loop_new();
	if (!t.loop || connect_first(&t, o, &fresh, &e) < 0 ||
	    term_up(color_of(&t, o, &to), &e) < 0) {
		code = fail(&e);
	} else {
		code = run(&t, o, fresh);
		term_down();
		if (t.ui && t.ui->farewell)
			fputs(t.ui->farewell, stdout);
	}
	struct ui *ui = t.ui;
	t.ui = NULL;
	client_free(t.client);
	if (ui) {
		remember_save(ui);
		history_free(ui->history);
		history_free(ui->finds);
	}
	ui_free(ui);
	input_free(t.input);
	session_fini(&t.session);
	if (t.loop)
		loop_free(t.loop);
	return code;
}
