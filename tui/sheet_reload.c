#include "sheet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "action.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/client/client.h"
#include "engine/client/session.h"
#include "engine/log/strip.h"
#include "engine/spec/reload.h"
#include "logrules.h"
#include "logview.h"
#include "newproc.h"
#include "pane.h"

/*
 * The sbxrc is read again: its mistakes, or what it would change.  Nothing
 * changes before Enter.
 */

enum { PLAN_COLS = 74 };	/* of a line with several names */

struct reload {
	struct sheet sheet;
	char *text;		/* mistakes, or lines of the plan */
	bool mistakes;
	struct session *session;	/* its set is the new one */
	bool guessed;		/* what they would do is in it */
	unsigned count;		/* of the mistakes, or changes */
	int at;			/* row of the chosen one, -1: none */
	int top, height;
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
	struct pen pen = ui_pen(ui, in, ROLE_TEXT);

	r->top = SBX_MAX(SBX_MIN(r->top, count_lines(s) - in.h), 0);
	buf_init(&plain, 64 * 1024);
	for (int n = 0; *s && n < r->top + in.h; n++) {
		size_t len = strcspn(s, "\n");
		struct pen own = pen;
		strip_display(s, len, &plain, NULL, NULL, NULL);
		if (n == r->at)
			own.style = ui_style(ui, ROLE_TEXT_STRONG);
		if (n >= r->top)
			draw_cut(&own, in.y + n - r->top, in.x, in.w,
				 buf_str(&plain), ui_glyph(ui, GLYPH_MORE));
		s += len + (s[len] == '\n');
	}
	buf_fini(&plain);
}

static void
draw_title(struct ui *ui, const struct reload *r, struct rect all)
{
	struct pen pen = ui_pen(ui, all, ROLE_TITLE_FOCUS);
	char hms[16] = "", text[128];
	int x = ui_text(ui, &pen, all.y, all.x, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));

	if (ui->loaded_at_ms)
		clock_hms(hms, sizeof(hms), ui->loaded_at_ms);
	hms[hms[0] ? 5 : 0] = 0;
	if (!r->mistakes)
		snprintf(text, sizeof(text), "sbxrc: reload would");
	else
		snprintf(text, sizeof(text), "sbxrc has %u mistake%s %s "
			 "still running with the version %s%s", r->count,
			 r->count == 1 ? "" : "s", ui->ascii ? "-" : "\u2014",
			 hms[0] ? "of " : "before", hms);
	draw_cut(&pen, all.y, x, all.w - 1, text, ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct reload *r = (struct reload *)sh;
	struct rect all = sheet_room(ui);
	struct pen pen = ui_pen(ui, all, ROLE_TEXT);

	draw_fill(&pen, all);
	draw_title(ui, r, all);
	r->height = SBX_MAX(all.h - 2, 1);
	draw_lines(ui, r, (struct rect){ all.y + SBX_MIN(2, all.h - 1),
					 all.x + SBX_MIN(2, all.w - 1),
					 r->height, SBX_MAX(all.w - 3, 1) });
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
	if (!a->err && a->reply && !a->reply->code)
		ui->loaded_at_ms = clock_wall_ms();
}

static int
ask(struct ui *ui, const struct session *s, unsigned flags,
    client_answer_fn *fn)
{
	struct err e = ERR_INIT;
	struct buf b;
	int rc;

	buf_init(&b, SESSION_PACK_MAX);
	rc = session_pack(s, &b, &e);
	if (rc == 0 && ui->client)
		rc = client_reload(ui->client, flags, 0, 0, &b, fn, ui);
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

/* Is this "FILE:LINE:COLUMN: ..."?  Then where its two parts are. */
static bool
is_place(const char *s, int *file_len, unsigned *line)
{
	size_t len = strcspn(s, "\n");
	const char *colon = memchr(s, ':', len);
	char *end;

	if (!colon || colon == s || *s == ' ')
		return false;
	*line = (unsigned)strtoul(colon + 1, &end, 10);
	*file_len = (int)(colon - s);
	return end > colon + 1 && *end == ':' && end[1] >= '0' &&
	       end[1] <= '9';
}

/* The start of a row. */
static const char *
row_text(const struct reload *r, int no)
{
	const char *s = r->text;

	while (no-- > 0 && *s)
		s += strcspn(s, "\n") + (s[strcspn(s, "\n")] == '\n');
	return s;
}

static bool
is_mistake(const char *s)
{
	static const char word[] = ": error: ";
	unsigned line;
	int len;
	const char *hit = is_place(s, &len, &line) ? strstr(s, word) : NULL;

	return hit && hit < s + strcspn(s, "\n");
}

/* To the next mistake, round to the first one. */
static void
next_mistake(struct reload *r)
{
	int rows = count_lines(r->text);

	for (int i = 1; i <= rows; i++) {
		int no = (SBX_MAX(r->at, -1) + i) % rows;
		if (!is_mistake(row_text(r, no)))
			continue;
		r->at = no;
		if (no < r->top || no >= r->top + r->height)
			r->top = no;
		return;
	}
}

static void
count_mistakes(struct reload *r)
{
	int rows = count_lines(r->text);

	for (int i = 0; i < rows; i++)
		r->count += is_mistake(row_text(r, i));
}

/* The line of the file that the chosen one is on; 0: there is none. */
static unsigned
chosen_line(const struct reload *r)
{
	unsigned line;
	int len;

	return r->at >= 0 && is_place(row_text(r, r->at), &len, &line) ? line
								      : 0;
}

/* In the editor at the chosen mistake; then it is read again. */
static void
edit(struct ui *ui, const struct reload *r)
{
	const char *s = r->at >= 0 ? row_text(r, r->at) : "";
	char *file = mem_str(ui->rc_path);
	unsigned line = 1;
	int len;

	if (is_place(s, &len, &line)) {
		free(file);
		file = mem_strn(s, (size_t)len);
	}
	sheet_close(ui);
	action_edit(ui, file, line);
	free(file);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct reload *r = (struct reload *)sh;

	ui->dirty = true;
	if (sheet_is_close(k)) {
		sheet_close(ui);
	} else if (k.sym == 'j' || k.sym == SYM_DOWN) {
		r->top++;
	} else if (k.sym == 'k' || k.sym == SYM_UP) {
		r->top--;
	} else if (k.sym == 'n' && r->mistakes) {
		next_mistake(r);
	} else if (k.sym == 'e' && (!k.mods || k.mods == KEY_CTRL)) {
		edit(ui, r);
	} else if (k.sym == 'y') {
		ui_copy(ui, mem_str(r->text), strlen(r->text), "the text");
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
	static char text[128];
	const struct reload *r = (const struct reload *)sh;
	unsigned line = chosen_line(r);
	char at[32] = "";

	(void)ui;
	if (!r->mistakes)
		return "Enter do it  j k scroll  e open $EDITOR  y copy  "
		       "q close";
	if (line)
		snprintf(at, sizeof(at), " at line %u", line);
	snprintf(text, sizeof(text), "e open $EDITOR%s  r check again  n next "
		 "error  y copy  q keep old one", at);
	return text;
}

static const char *
about(struct ui *ui, struct sheet *sh)
{
	static char text[48];
	const struct reload *r = (const struct reload *)sh;

	(void)ui;
	snprintf(text, sizeof(text), "%u %s%s", r->count,
		 r->mistakes ? "error" : "change", r->count == 1 ? "" : "s");
	return text;
}

static const struct sheet_ops ops = {
	.word = "CONFIG", .role = ROLE_MODE_CONFIRM,
	.draw = draw, .key = key, .hint = hint, .about = about,
	.free = free_sheet,
};

static struct reload *
open_sheet(struct ui *ui, struct session *s, const char *text)
{
	struct reload *r = mem_alloc(sizeof(*r));

	r->sheet.ops = &ops;
	r->text = mem_str(text);
	r->session = s;
	r->at = -1;
	sheet_open(ui, &r->sheet);
	return r;
}

/* What the loader says, with room between mistakes; its last line is about
 * what happens to the set, which the title tells. */
static void
open_mistakes(struct ui *ui, const char *said, const char *outcome)
{
	struct buf b = BUF_INIT(1 << 20);
	unsigned no;
	int place;

	for (const char *s = said; *s;) {
		size_t len = strcspn(s, "\n");
		const char *end = strstr(s, outcome);
		if (b.len && is_place(s, &place, &no))
			buf_addc(&b, '\n');
		if (!end || end > s + len)
			buf_addf(&b, "%.*s\n", (int)len, s);
		s += len + (s[len] == '\n');
	}
	struct reload *r = open_sheet(ui, NULL, buf_str(&b));
	r->mistakes = true;
	count_mistakes(r);
	next_mistake(r);
	buf_fini(&b);
}

/* "(new)": why it is done. */
static void
put_why(struct buf *b, const struct reload_row *r)
{
	switch (r->action) {
	case RELOAD_DO_START:
	case RELOAD_DO_ADD:
		if (r->what_len == 0) {
			buf_adds(b, "  (new)");
			break;
		}
		/* fall through */
	case RELOAD_DO_RESTART:
	case RELOAD_DO_CHANGE:
		buf_addf(b, "  (%.*s changed)", r->what_len, r->what);
		break;
	case RELOAD_DO_STOP:
	case RELOAD_DO_REMOVE:
		buf_adds(b, "  (not in the file any more)");
		break;
	default:
		buf_addf(b, "  %.*s", r->what_len, r->what);
		break;
	}
}

/* The plan for people; returns how much would change. */
static unsigned
plan_lines(const char *text, const char *indent, struct buf *b)
{
	const char *leave = reload_action_name(RELOAD_DO_LEAVE);
	unsigned changes = 0;
	struct reload_row r;
	int w = 4, x = 0;

	for (const char *s = text; reload_row_next(&s, &r);)
		w = SBX_MAX(w, r.name_len);
	w = SBX_MIN(w, 24);
	for (const char *s = text; reload_row_next(&s, &r);) {
		if (r.action != RELOAD_DO_LEAVE) {
			buf_addf(b, "%s%-8.*s %-*.*s", indent, r.word_len,
				 r.word, w, r.name_len, r.name);
			put_why(b, &r);
			buf_addc(b, '\n');
			changes++;
			continue;
		}
		if (!x || x + 1 + r.name_len > PLAN_COLS) {
			buf_addf(b, "%s%s%-8s", x ? "\n" : "", indent,
				 x ? "" : leave);
			x = 8;
		}
		buf_addf(b, " %.*s", r.name_len, r.name);
		x += 1 + r.name_len;
	}
	if (x)
		buf_addc(b, '\n');
	return changes;
}

static void
on_plan(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	struct session *s = ui->reloading;
	const char *done = ui->reload_done;
	struct buf b;

	(void)c;
	ui->reloading = NULL;
	ui->reload_done = NULL;
	if (a->err || (a->reply && a->reply->code)) {
		ui_toast(ui, TOAST_ERROR, "%s",
			 a->err ? a->err->text : a->reply->text);
		free_session(s);
		return;
	}
	buf_init(&b, 1 << 20);
	unsigned n = plan_lines(a->reply ? a->reply->text : "", "", &b);
	if (n > 0) {
		open_sheet(ui, s, buf_str(&b))->count = n;
	} else {
		ui_toast(ui, TOAST_INFO, "%s", done
			 ? done
			 : "nothing has changed in the sbxrc");
		/* What was added by hand and is in the file is the file's. */
		if (ask(ui, s, 0, NULL) == 0)
			use_set(ui, s);
		else
			free_session(s);
	}
	buf_fini(&b);
}

/* What a file with mistakes would do, below them. */
static void
on_guess(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	struct buf b = BUF_INIT(1 << 20);

	(void)c;
	if (a->err || !a->reply || a->reply->code)
		return;
	for (struct sheet *sh = ui->sheet; sh; sh = sh->below) {
		struct reload *r = (struct reload *)sh;
		if (sh->ops != &ops || !r->mistakes || r->guessed)
			continue;
		r->guessed = true;
		buf_addf(&b, "%s\nIf these were right, reload would:\n",
			 r->text);
		if (!plan_lines(a->reply->text, "  ", &b))
			buf_adds(&b, "  change nothing\n");
		free(r->text);
		r->text = buf_take(&b);
		ui->dirty = true;
	}
	buf_fini(&b);
}

void
sheet_reload_open(struct ui *ui)
{
	struct err e = ERR_INIT;

	if (!ui->client || ui->reloading)
		return;
	if (!newproc_has_sbxrc(ui)) {
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
	s->guesses = true;
	if (session_load(s, &e) < 0) {
		open_mistakes(ui, s->talk.len ? buf_str(&s->talk) : e.text,
			      s->outcome);
		s->set = s->guess;
		s->guess = NULL;
		if (s->set)
			(void)ask(ui, s, PROTO_RELOAD_PLAN, on_guess);
		free_session(s);
		return;
	}
	ui->reloading = s;
	if (ask(ui, s, PROTO_RELOAD_PLAN, on_plan) < 0) {
		ui->reloading = NULL;
		free_session(s);
	}
}

void
sheet_reload_after(struct ui *ui, const char *done)
{
	sheet_reload_open(ui);
	if (ui->reloading)
		ui->reload_done = done;
}

void
sheet_reload_free(struct ui *ui)
{
	free_session(ui->session);
	free_session(ui->reloading);
}
