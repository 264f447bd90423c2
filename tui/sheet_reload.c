#include "sheet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/buf.h"
#include "engine/client.h"
#include "engine/conn.h"
#include "engine/err.h"
#include "engine/mem.h"
#include "engine/session.h"
#include "engine/strip.h"
#include "logrules.h"
#include "logview.h"
#include "pane.h"

/*
 * The sbxrc is read again: its mistakes, or what it would change.  Nothing
 * changes before Enter.
 */

struct reload {
	struct sheet sheet;
	char *text;		/* mistakes, or lines of the plan */
	bool mistakes;
	struct session *session;	/* its set is the new one */
	int top;
};

static int
count_lines(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == '\n' || !s[1];
	return n;
}

static void
draw_lines(struct ui *ui, struct reload *r, struct rect in)
{
	struct buf plain;
	const char *s = r->text;
	struct pen pen = ui_pen(ui, in, ROLE_SHEET);

	r->top = SBX_MAX(SBX_MIN(r->top, count_lines(s) - in.h), 0);
	buf_init(&plain, 64 * 1024);
	for (int n = 0; *s && n < r->top + in.h; n++) {
		size_t len = strcspn(s, "\n");
		strip_display(s, len, &plain, NULL, NULL, NULL);
		if (n >= r->top)
			draw_cut(&pen, in.y + n - r->top, in.x, in.w,
				 buf_str(&plain), ui_glyph(ui, GLYPH_MORE));
		s += len + (s[len] == '\n');
	}
	buf_fini(&plain);
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct reload *r = (struct reload *)sh;
	int cols = canvas_cols(ui->canvas);
	struct rect at = sheet_place(ui, -1, count_lines(r->text) + 2,
				     SBX_MIN(cols, 100));

	draw_lines(ui, r, sheet_frame(ui, at, r->mistakes
		   ? "sbxrc has mistakes; the set runs on as it is"
		   : "reload would", r->mistakes ? "r check again  Esc close"
						 : "Enter do it  Esc close"));
}

static void
free_session(struct session *s)
{
	if (s)
		session_fini(s);
	free(s);
}

static void
free_sheet(struct sheet *sh)
{
	struct reload *r = (struct reload *)sh;

	free_session(r->session);
	free(r->text);
	free(r);
}

/* The watches of the new file mark lines from now on. */
static void
use_set(struct ui *ui, struct session *s)
{
	free_session(ui->session);
	ui->session = s;
	ui->set = s->set;
	for (size_t i = 0; i < model_count(ui->model); i++) {
		struct model_proc *p = model_at(ui->model, i);
		logview_set_rules(ui_pane(ui, p)->log,
				  logrules_new(ui->set, p->row->name));
	}
}

static void
on_applied(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	(void)c;
	if (a->err)
		ui_toast(ui, TOAST_ERROR, "%s", a->err->text);
	else if (a->reply && a->reply->code)
		ui_toast(ui, TOAST_ERROR, "%s", a->reply->text);
	else
		ui_toast(ui, TOAST_INFO, "the sbxrc is taken over");
}

static int
ask(struct ui *ui, const struct session *s, unsigned flags,
    client_answer_fn *fn)
{
	struct err e = ERR_INIT;
	struct buf b;
	int rc;

	buf_init(&b, CONN_FRAME_MAX);
	rc = session_pack(s, &b, &e);
	if (rc == 0 && ui->client)
		rc = client_reload(ui->client, flags, 0, &b, fn, ui);
	buf_fini(&b);
	if (rc < 0)
		ui_toast(ui, TOAST_ERROR, "not sent: %s",
			 e.text[0] ? e.text : strerror(-rc));
	return rc;
}

static void
apply(struct ui *ui, struct reload *r)
{
	struct session *s = r->session;

	if (ui->client && ask(ui, s, 0, on_applied) == 0) {
		r->session = NULL;
		use_set(ui, s);
	}
	sheet_close(ui);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct reload *r = (struct reload *)sh;

	ui->dirty = true;
	if (k.sym == SYM_ESC || k.sym == 'q' ||
	    (k.sym == 'c' && k.mods == KEY_CTRL)) {
		sheet_close(ui);
	} else if (k.sym == 'j' || k.sym == SYM_DOWN) {
		r->top++;
	} else if (k.sym == 'k' || k.sym == SYM_UP) {
		r->top--;
	} else if (k.sym == 'r' && r->mistakes) {
		sheet_close(ui);
		sheet_reload_open(ui);
	} else if (k.sym == SYM_ENTER && !r->mistakes) {
		apply(ui, r);
	}
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui;
	return ((struct reload *)sh)->mistakes
		       ? "j k scroll  r check again  Esc keep the old one"
		       : "j k scroll  Enter do it  Esc close";
}

static const struct sheet_ops ops = {
	.word = "CONFIG", .role = ROLE_MODE_CONFIRM,
	.draw = draw, .key = key, .hint = hint, .free = free_sheet,
};

static void
open_sheet(struct ui *ui, struct session *s, const char *text, bool mistakes)
{
	struct reload *r = mem_alloc(sizeof(*r));

	r->sheet.ops = &ops;
	r->text = mem_str(text);
	r->mistakes = mistakes;
	r->session = s;
	sheet_open(ui, &r->sheet);
}

/* Lines "ACTION\tNAME\tWHY" without those that leave a process as it is. */
static void
on_plan(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	struct session *s = ui->reloading;
	const char *p = a->reply ? a->reply->text : "";
	struct buf b;

	(void)c;
	ui->reloading = NULL;
	if (a->err || (a->reply && a->reply->code)) {
		ui_toast(ui, TOAST_ERROR, "%s",
			 a->err ? a->err->text : a->reply->text);
		free_session(s);
		return;
	}
	buf_init(&b, 1 << 20);
	while (*p) {
		const char *f[3] = { "", "", "" };
		int len[3] = { 0, 0, 0 };
		for (int i = 0; i < 3 && *p && *p != '\n'; i++) {
			f[i] = p;
			len[i] = (int)strcspn(p, i < 2 ? "\t\n" : "\n");
			p += len[i] + (p[len[i]] == '\t');
		}
		p += *p == '\n';
		if (len[0] != 5 || strncmp(f[0], "leave", 5) != 0)
			buf_addf(&b, "%-8.*s %-12.*s %.*s\n", len[0], f[0],
				 len[1], f[1], len[2], f[2]);
	}
	if (b.len > 0) {
		open_sheet(ui, s, buf_str(&b), false);
	} else {
		ui_toast(ui, TOAST_INFO, "nothing has changed in the sbxrc");
		free_session(s);
	}
	buf_fini(&b);
}

void
sheet_reload_open(struct ui *ui)
{
	struct err e = ERR_INIT;

	if (!ui->client || ui->reloading)
		return;
	if (!ui->rc_path[0]) {
		ui_toast(ui, TOAST_WARN, "this set runs without an sbxrc");
		return;
	}
	struct session *s = mem_alloc(sizeof(*s));
	if (session_find(s, ui->rc_path, &e) < 0) {
		ui_toast(ui, TOAST_ERROR, "%s", e.text);
		free_session(s);
		return;
	}
	s->outcome = "the set runs on as it is";
	if (session_load(s, &e) < 0) {
		open_sheet(ui, s, s->talk.len ? buf_str(&s->talk) : e.text,
			   true);
		return;
	}
	ui->reloading = s;
	if (ask(ui, s, PROTO_RELOAD_PLAN, on_plan) < 0) {
		ui->reloading = NULL;
		free_session(s);
	}
}

void
sheet_reload_free(struct ui *ui)
{
	free_session(ui->session);
	free_session(ui->reloading);
}
