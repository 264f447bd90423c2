#include "sheet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "engine/base.h"
#include "engine/buf.h"
#include "engine/client.h"
#include "engine/clock.h"
#include "engine/mem.h"
#include "status_text.h"
#include "view.h"

/* Everything that is known of one process, as a page that scrolls. */
struct details {
	struct sheet sheet;
	uint32_t proc;
	int top;
	char *why;		/* what the engine says; NULL: not yet */
};

/* The page being made: "label  text" rows. */
struct page {
	struct buf b;
	int rows;
};

static void SBX_PRINTF(3, 4)
add(struct page *p, const char *label, const char *fmt, ...)
{
	va_list ap;

	buf_addf(&p->b, "%-9s ", label);
	va_start(ap, fmt);
	buf_vaddf(&p->b, fmt, ap);
	va_end(ap);
	buf_addc(&p->b, '\n');
	p->rows++;
}

static void
blank(struct page *p)
{
	buf_addc(&p->b, '\n');
	p->rows++;
}

static void
add_times(struct page *p, const struct proc_row *r)
{
	char hms[16], age[32];
	int64_t ms = row_age_ms(r, clock_wall_ms());

	if (!r->started_at_ms)
		return;
	clock_hms(hms, sizeof(hms), r->started_at_ms);
	clock_age(age, sizeof(age), (uint64_t)SBX_MAX(ms, 0));
	if (row_up(r)) {
		add(p, "started", "%s (%s)  run %" PRIu64, hms, age, r->run);
		return;
	}
	add(p, "started", "%s  run %" PRIu64, hms, r->run);
	if (r->ended_at_ms) {
		clock_hms(hms, sizeof(hms), r->ended_at_ms);
		add(p, "ended", "%s (%s ago)", hms, age);
	}
}

static void
add_overview(struct page *p, const struct proc_row *r, const char *why)
{
	char text[STATUS_TEXT_MAX], rss[STATUS_TEXT_MAX];

	if (*r->desc)
		add(p, "about", "%s", r->desc);
	add(p, "command", "%s", r->command);
	add(p, "cwd", "%s", r->cwd);
	if (*r->user)
		add(p, "user", "%s", r->user);
	add(p, "status", "%s%s%s", status_name(r->status),
	    *r->reason ? ": " : "", r->reason);
	if (why && *why)
		add(p, "why", "%s", why);
	if (*r->waits)
		add(p, "waits for", "%s", r->waits);
	add_times(p, r);
	if (r->restart_max)
		add(p, "restarts", "%" PRIu64 " of %" PRIu64, r->restarts,
		    r->restart_max);
	else
		add(p, "restarts", "%" PRIu64, r->restarts);
	if (r->pid)
		add(p, "pid", "%u  (%u in its tree)", r->pid, r->tree_count);
	if (row_up(r))
		add(p, "uses", "%s%% of a core, %s",
		    short_cpu(r->cpu_permille, text),
		    short_bytes(r->rss_bytes, rss));
	if (*r->ports)
		add(p, "ports", "%s%s%s", r->ports, *r->url ? "  " : "",
		    r->url);
	else if (*r->url)
		add(p, "url", "%s", r->url);
	if (*r->depends)
		add(p, "depends", "%s", r->depends);
	if (r->tty)
		add(p, "terminal", "yes, %ux%u", r->cols, r->rows);
	add(p, "log", "%" PRIu64 " lines, %s", r->log_lines,
	    short_bytes(r->log_bytes, text));
	if (r->dropped_bytes)
		add(p, "dropped", "%" PRIu64 " bytes of the log",
		    r->dropped_bytes);
	if (*r->file)
		add(p, "config", "%s:%u", r->file, r->line);
}

static void
add_watches(struct page *p, const struct model_proc *proc)
{
	if (!proc->value_count)
		return;
	blank(p);
	for (size_t i = 0; i < proc->value_count; i++) {
		const struct proto_value *v = &proc->values[i];
		const char *label = i == 0 ? "watches" : "";
		if (v->off)
			add(p, label, "%-10s switched off: it hit the limit "
			    "of a match", v->name);
		else if (v->numeric)
			add(p, label, "%-10s %.4g%s  min %.4g mean %.4g p95 "
			    "%.4g max %.4g  (%" PRIu64 ")", v->name,
			    v->last_number, v->unit ? v->unit : "", v->min,
			    v->mean, v->p95, v->max, v->count);
		else
			add(p, label, "%-10s %" PRIu64 "  %s", v->name,
			    v->count, v->last ? v->last : "");
	}
}

static void
add_events(struct page *p, const struct ui *ui, const char *name)
{
	const char *process, *text;
	int64_t wall_ms;
	int n = 0;

	for (unsigned i = 0; n < 20; i++) {
		text = events_text(ui->events, i, &process, &wall_ms);
		if (!text)
			break;
		if (strcmp(process, name) != 0)
			continue;
		char hms[16];
		if (n == 0)
			blank(p);
		clock_hms(hms, sizeof(hms), wall_ms);
		add(p, n++ == 0 ? "events" : "", "%s %s", hms, text);
	}
}

static void
draw(struct ui *ui, struct sheet *sh)
{
	struct details *d = (struct details *)sh;
	struct model_proc *p = model_find(ui->model, d->proc);
	struct rect all = canvas_rect(ui->canvas);
	struct page page = { .rows = 0 };
	char state[STATUS_TEXT_MAX];

	all.h = SBX_MAX(all.h - 2, 1);
	struct pen pen = ui_pen(ui, all, ROLE_TEXT);
	draw_fill(&pen, all);
	if (!p) {
		draw_text(&pen, 0, 1, "this process is gone");
		return;
	}
	int x = ui_text(ui, &pen, 0, 0, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	x = ui_text(ui, &pen, 0, x, ROLE_TITLE_FOCUS, p->row->name) + 2;
	x = ui_text(ui, &pen, 0, x, row_role(p->row),
		    ui_shape(ui, row_shape(p->row)));
	ui_text(ui, &pen, 0, x + 1, ROLE_TITLE,
		row_state(p->row, clock_wall_ms(), state));
	buf_init(&page.b, 256 * 1024);
	add_overview(&page, p->row, d->why);
	add_watches(&page, p);
	add_events(&page, ui, p->row->name);
	d->top = SBX_MAX(0, SBX_MIN(d->top, page.rows - 1));
	const char *s = buf_str(&page.b);
	for (int i = 0; *s; i++) {
		size_t len = strcspn(s, "\n");
		char *line = mem_strn(s, len);
		int y = 1 + i - d->top;
		if (y >= 1 && y < all.h) {
			draw_cut(&pen, y, 1, all.w - 2, line,
				 ui_glyph(ui, GLYPH_MORE));
			struct pen dim = ui_pen(ui, all, ROLE_TEXT_DIM);
			draw_tint(&dim, (struct rect){ y, 1, 1, 9 });
		}
		free(line);
		s += len + (s[len] == '\n');
	}
	buf_fini(&page.b);
}

static void
key(struct ui *ui, struct sheet *sh, struct key k)
{
	struct details *d = (struct details *)sh;

	if (k.sym == SYM_ESC || (!k.mods && (k.sym == 'q' || k.sym == 'd')) ||
	    (k.sym == 'c' && k.mods == KEY_CTRL)) {
		sheet_close(ui);
		return;
	}
	if (k.sym == SYM_DOWN || k.sym == 'j')
		d->top++;
	else if (k.sym == SYM_UP || k.sym == 'k')
		d->top--;
	else if (k.sym == SYM_PGDN || k.sym == ' ')
		d->top += 10;
	else if (k.sym == SYM_PGUP)
		d->top -= 10;
	else if (!k.mods && (k.sym == 'r' || k.sym == 's' || k.sym == 'x'))
		command_run(ui, k.sym == 'r'   ? "restart"
				: k.sym == 's' ? "start"
					       : "stop");
	d->top = SBX_MAX(d->top, 0);
}

static const char *
hint(struct ui *ui, struct sheet *sh)
{
	(void)ui, (void)sh;
	return "j k rows  s start  x stop  r restart  q back";
}

static const char *
about(struct ui *ui, struct sheet *sh)
{
	struct model_proc *p =
		model_find(ui->model, ((struct details *)sh)->proc);

	return p ? p->row->name : "";
}

static void
free_sheet(struct sheet *sh)
{
	struct details *d = (struct details *)sh;

	free(d->why);
	free(d);
}

static const struct sheet_ops ops = {
	.word = "DETAIL", .role = ROLE_MODE_PROMPT,
	.draw = draw, .key = key, .hint = hint, .about = about,
	.free = free_sheet,
};

/* The sheet may be gone by now: it is looked for, not remembered. */
static void
on_why(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	(void)c;
	if (a->err || !a->reply || a->reply->code)
		return;
	for (struct sheet *sh = ui->sheet; sh; sh = sh->below) {
		if (sh->ops != &ops)
			continue;
		struct details *d = (struct details *)sh;
		free(d->why);
		d->why = mem_str(a->reply->text);
		ui->dirty = true;
		return;
	}
}

void
sheet_details_open(struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);
	struct details *d;

	if (!p)
		return;
	d = mem_alloc(sizeof(*d));
	d->sheet.ops = &ops;
	d->proc = p->id;
	sheet_open(ui, &d->sheet);
	if (ui->client) {
		char *names[] = { (char *)p->row->name, NULL };
		struct proto_request q = { .verb = PROTO_V_WHY,
					   .names = names };
		client_request(ui->client, &q, on_why, ui);
	}
}
