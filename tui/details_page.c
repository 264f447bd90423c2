#include "details_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draw.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/words.h"
#include "engine/client/model.h"
#include "engine/spec/spec.h"
#include "status_text.h"
#include "ui.h"
#include "view.h"

enum {
	LABEL_W = 9,
	TEXT_X = 11,		/* behind the label */
	PAIR_X = 48, PAIR_TEXT_X = 57,
	SIDE_TEXT_X = 10,
	SECTION_X = 3,		/* of lines below a heading */
	TWO_COLS = 76,		/* from here: pairs beside each other */
	TREE_DEPTH_MAX = 20,
	BRIEF_TREE = 6, BRIEF_EVENTS = 6, EVENTS_SHOWN = 256,
};

/* --- lines --- */

struct page_line *
page_add(struct page *page, const char *label, const char *text)
{
	static struct page_line spare;

	if (page->count == PAGE_LINES_MAX)
		return &spare;
	if (page->count == page->cap) {
		size_t cap = page->cap ? 2 * page->cap : 64;
		page->lines = mem_grow(page->lines, page->cap, cap,
				       sizeof(*page->lines));
		page->cap = cap;
	}
	struct page_line *l = &page->lines[page->count++];
	*l = (struct page_line){ .label = mem_str(label),
				 .text = mem_str(text) };
	return l;
}

struct page_line *
page_addf(struct page *page, const char *label, const char *fmt, ...)
{
	va_list ap;
	char text[1024];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return page_add(page, label, text);
}

void
page_gap(struct page *page)
{
	if (page->count && page->lines[page->count - 1].text[0])
		page_add(page, "", "");
}

/* A heading of the side pane; elsewhere the first line has the label. */
static void
add_section(struct page *page, const char *label, const char *text)
{
	page_gap(page);
	if (page->side)
		page_add(page, label, text);
}

void
page_add_text(struct page *page, const char *label, const char *text)
{
	size_t room = (size_t)SBX_MAX(page->cols - TEXT_X - 1, 10);

	while (*text) {
		size_t len = strcspn(text, "\n"), take = len;
		if (take > room) {
			for (take = room; take && text[take] != ' '; take--)
				;
			take = take ? take : room;
			/* Not in the middle of a character. */
			while (take > 1 && (text[take] & 0xc0) == 0x80)
				take--;
		}
		char *line = mem_strn(text, take);
		page_add(page, label, line);
		free(line);
		label = "";
		text += take + (text[take] == '\n' || text[take] == ' ');
	}
}

/* Two facts in one line where there is room; empty ones are left out. */
static void
add_pair(struct page *page, const char *label, const char *text,
	 const char *label2, const char *text2)
{
	if (page->cols < TWO_COLS) {
		if (*text)
			page_add(page, label, text);
		if (*text2)
			page_add(page, label2, text2);
		return;
	}
	if (!*text && !*text2)
		return;
	struct page_line *l = page_add(page, *text ? label : "", text);
	l->label2 = mem_str(*text2 ? label2 : "");
	l->text2 = mem_str(text2);
}

/* --- overview --- */

static void
times_text(const struct proc_row *r, char *out, size_t cap)
{
	int64_t ms = row_age_ms(r, clock_wall_ms());
	char hms[16], age[32], end[STATUS_TEXT_MAX];

	out[0] = 0;
	clock_age(age, sizeof(age), (uint64_t)SBX_MAX(ms, 0));
	if (row_up(r) && r->started_at_ms) {
		clock_hms(hms, sizeof(hms), r->started_at_ms);
		snprintf(out, cap, "%s (%s ago)", hms, age);
	} else if (r->ended_at_ms) {
		clock_hms(hms, sizeof(hms), r->ended_at_ms);
		snprintf(out, cap, "%s (%s ago), %s", hms, age,
			 row_end(r, end));
	}
}

/* Those that wait for this one. */
static void
used_by(struct ui *ui, const char *name, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < model_count(ui->model) && n + 70 < cap; i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		if (words_have_dep(r->depends, name))
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
					      n ? ", " : "", r->name);
	}
}

static void
add_figures(struct page *page, const struct proc_row *r)
{
	const char *sep = "";
	char cpu[STATUS_TEXT_MAX], rss[STATUS_TEXT_MAX], uses[160] = "",
		log[160];

	if (row_up(r))
		snprintf(uses, sizeof(uses), "%s%% of a core, %s, %u process%s",
			 short_cpu(r->cpu_permille, cpu),
			 short_bytes(r->rss_bytes, rss), r->tree_count,
			 r->tree_count == 1 ? "" : "es");
	if (r->dropped_bytes)
		sep = ", oldest dropped";
	snprintf(log, sizeof(log), "%" PRIu64 " line%s, %s%s", r->log_lines,
		 r->log_lines == 1 ? "" : "s", short_bytes(r->log_bytes, cpu),
		 sep);
	add_pair(page, "uses", uses, "log", log);
}

/* The command on one line; the whole of it is at the end of the page. */
static void
command_line(const struct proc_row *r, char *out, size_t cap)
{
	size_t len = strcspn(r->command, "\n");

	snprintf(out, cap, "%.*s%s", (int)SBX_MIN(len, cap / 2), r->command,
		 r->command[len] ? " \u2026" : "");
}

/* "~/shop" */
static const char *
home_path(const char *path, char *out, size_t cap)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (len < 2 || strncmp(path, home, len) != 0 ||
	    (path[len] && path[len] != '/'))
		return path;
	snprintf(out, cap, "~%s", path + len);
	return out;
}

static void
add_head(struct page *page, struct ui *ui, const struct proc_row *r,
	 const struct page_facts *f)
{
	char text[512], text2[512];

	if (*r->desc)
		page_add(page, "about", r->desc);
	command_line(r, text, sizeof(text));
	snprintf(text2, sizeof(text2), *r->file ? "%s:%u" : "added by hand",
		 r->file, r->line);
	add_pair(page, "command", text, "config", text2);
	if (r->tty)
		snprintf(text2, sizeof(text2), "yes, %ux%u", r->cols, r->rows);
	add_pair(page, "cwd", home_path(r->cwd, text, sizeof(text)), "tty",
		 r->tty ? text2 : "no");
	times_text(r, text, sizeof(text));
	snprintf(text2, sizeof(text2), "%s", page_rule(f, "restart"));
	size_t n = strlen(text2);
	if (r->restart_max)
		snprintf(text2 + n, sizeof(text2) - n, "  %" PRIu64 "/%" PRIu64,
			 r->retries, r->restart_max);
	else if (r->restarts)
		snprintf(text2 + n, sizeof(text2) - n, "  %" PRIu64,
			 r->restarts);
	add_pair(page, row_up(r) ? "started" : "ended", text, "restart",
		 text2);
	snprintf(text, sizeof(text), "%s%s%s", r->ports,
		 *r->ports && *r->url ? "  " : "", r->url);
	add_pair(page, "ports", text, "stop", page_rule(f, "stop"));
	used_by(ui, r->name, text2, sizeof(text2));
	add_pair(page, "depends", r->depends, "used by", text2);
	add_pair(page, "groups", r->group, "user", r->user);
	add_figures(page, r);
	one_line(page_fact_text(f, "front", NULL), text, sizeof(text));
	if (*text)
		page_add(page, "in front", text);
	add_pair(page, "limits", page_rule(f, "limit"),
		 "timeout", page_rule(f, "timeout"));
	add_pair(page, "log.keep", page_rule(f, "log.keep"),
		 "backoff", page_rule(f, "restart.backoff"));
	add_pair(page, "log.file", page_rule(f, "log.file"),
		 "nice", page_rule(f, "nice"));
	page_add(page, "", "");
	const char *why = page_fact_text(f, "why", NULL);
	snprintf(text, sizeof(text), "%s%s%s", status_name(r->status),
		 *r->reason ? ": " : "", r->reason);
	page_add_text(page, "why", *why ? why : text);
}

/* --- tree --- */

static bool
has_parent(const struct page_facts *f, const struct page_member *m)
{
	for (size_t i = 0; i < f->member_count; i++)
		if (f->members[i].is.pid == m->is.ppid)
			return true;
	return false;
}

static void
add_member_line(struct page *page, const struct ui *ui,
		const struct page_member *m, int depth, bool last)
{
	static const char *const branch[2][2] = { { "\u251c ", "\u2514 " },
						  { "|-", "`-" } };
	char cpu[STATUS_TEXT_MAX] = "", rss[STATUS_TEXT_MAX];
	char left[512], command[320], ports[80];
	int from = page->side ? SECTION_X : TEXT_X;
	int room = SBX_MAX(page->cols - from - 16, 10);

	if (m->permille >= 0)
		short_cpu((uint64_t)m->permille, cpu);
	one_line(m->is.command, command, sizeof(command));
	int n = snprintf(left, sizeof(left), "%*s%s%d %s",
			 SBX_MAX(depth - 1, 0) * 2, "",
			 depth ? branch[ui->ascii][last] : "", m->is.pid,
			 command);
	snprintf(ports, sizeof(ports), "%s%.64s", *m->is.ports ? "  :" : "",
		 m->is.ports);
	n = SBX_MIN(n, SBX_MAX(room - (int)strlen(ports), 0));
	while (n > 0 && (left[n] & 0xc0) == 0x80)
		n--;
	left[n] = 0;
	int pad = SBX_MAX(room - draw_columns(left) - (int)strlen(ports), 0);
	struct page_line *l =
		page_addf(page, "", "%*s%s%s%*s %5s%s %5s",
			  page->side ? 2 : 0, "", left, ports, pad, "", cpu,
			  *cpu ? "%" : " ", short_bytes(m->is.rss_bytes, rss));
	l->wide = page->side;
	l->choice = m->is.pid;
}

static int
add_branch(struct page *page, const struct ui *ui, const struct page_facts *f,
	   int parent, int depth, int most)
{
	size_t last = f->member_count;
	int n = 0;

	for (size_t i = 0; i < f->member_count; i++)
		if (depth ? f->members[i].is.ppid == parent
			  : !has_parent(f, &f->members[i]))
			last = i;
	for (size_t i = 0; i < f->member_count && n < most; i++) {
		const struct page_member *m = &f->members[i];
		if (depth ? m->is.ppid != parent : has_parent(f, m))
			continue;
		add_member_line(page, ui, m, depth, i == last);
		n++;
		if (depth < TREE_DEPTH_MAX)
			n += add_branch(page, ui, f, m->is.pid, depth + 1,
					most - n);
	}
	return n;
}

static void
add_tree(struct page *page, const struct ui *ui, const struct page_facts *f,
	 int most)
{
	size_t at = page->count;

	add_branch(page, ui, f, 0, 0, most);
	if (f->member_count > (size_t)most)
		page_addf(page, "", "%zu more", f->member_count - (size_t)most);
	if (page->count > at && !page->side) {
		free(page->lines[at].label);
		page->lines[at].label = mem_str("tree");
	}
}

/* --- watches, checks, events, environment --- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of the newest samples. */
static double
median(const struct proto_value *v)
{
	double sorted[ARRAY_LEN(v->samples)];
	size_t n = SBX_MIN((size_t)v->sample_count, ARRAY_LEN(sorted));

	if (n == 0)
		return v->last_number;
	memcpy(sorted, v->samples, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return sorted[n / 2];
}

static void
add_watches(struct page *page, const struct model_proc *p, bool all)
{
	for (size_t i = 0; i < p->value_count; i++) {
		const struct proto_value *v = &p->values[i];
		const char *unit = v->unit ? v->unit : "";
		const char *label = i ? "" : "watches";
		struct page_line *l;
		if (v->off)
			l = page_addf(page, label, "%-10.40s switched off: it "
				      "hit the limit of a match", v->name);
		else if (v->numeric)
			l = page_addf(page, label, "%-10.40s %6.4g%s  p95 %.4g "
				      "max %.4g", v->name, v->last_number,
				      unit, v->p95, v->max);
		else
			l = page_addf(page, label,
				      "%-10.40s %6" PRIu64 "  %.400s",
				      v->name, v->count,
				      v->count && v->last ? v->last : "");
		l->curve = v;
		l->choice = all ? (int)i + 1 : 0;
		if (all && v->numeric && !v->off)
			page_addf(page, "", "%-10s %6" PRIu64 " hit%s, "
				  "min %.4g p50 %.4g mean %.4g", "",
				  v->count, v->count == 1 ? "" : "s", v->min,
				  median(v), v->mean);
	}
	if (all && !p->value_count)
		page_add(page, "", "nothing watches this log");
}

static void
add_events(struct page *page, const struct ui *ui, const char *name, int most)
{
	const char *process, *text;
	int64_t wall_ms;
	char hms[16];
	int n = 0;

	for (unsigned i = 0; n < most; i++) {
		text = events_text(ui->events, i, &process, &wall_ms);
		if (!text)
			break;
		if (strcmp(process, name) != 0)
			continue;
		clock_hms(hms, sizeof(hms), wall_ms);
		page_addf(page, n++ ? "" : "events", "%s %s", hms, text);
	}
}

static void
add_env(struct page *page, const struct page_facts *f, const char *kind,
	const char *title, bool reveal)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += !strcmp(f->facts[i].kind, kind);
	if (!n)
		return;
	page_gap(page);
	struct page_line *head = page_addf(page, "", "%s (%zu)", title, n);
	head->strong = head->wide = true;
	for (size_t i = 0; i < f->count; i++) {
		const struct detailrow *v = &f->facts[i];
		if (strcmp(v->kind, kind) != 0)
			continue;
		bool hide = !reveal && spec_env_is_secret(v->a, v->b);
		page_addf(page, "", "  %-24.100s %.800s", v->a,
		     hide ? "(hidden)" : v->b)
			->wide = true;
	}
}

static void
add_environment(struct page *page, const struct page_facts *f, bool reveal)
{
	add_env(page, f, "env set", "set by sbxrc", reveal);
	add_env(page, f, "env removed", "removed", reveal);
	add_env(page, f, "env inherited", "inherited", reveal);
	page_gap(page);
	page_add(page, "", "and SBX, SBX_PROCESS, ... as sbx(1) tells")->wide =
		true;
}

/* The name, the figure and the curve of each. */
static void
add_side_watches(struct page *page, const struct model_proc *p)
{
	if (p->value_count)
		add_section(page, "watches", "");
	for (size_t i = 0; i < p->value_count; i++) {
		const struct proto_value *v = &p->values[i];
		char figure[64];
		if (v->numeric && !v->off)
			snprintf(figure, sizeof(figure), "%.4g%.20s",
				 v->last_number, v->unit ? v->unit : "");
		else
			snprintf(figure, sizeof(figure), "%" PRIu64,
				 v->count);
		struct page_line *l =
			page_addf(page, "", "  %-10.40s %7s", v->name,
				  v->off ? "off" : figure);
		l->curve = v;
		l->wide = true;
	}
}

static void
add_side_env(struct page *page, const struct page_facts *f)
{
	char count[64];
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += !strcmp(f->facts[i].kind, "env set");
	if (!n)
		return;
	snprintf(count, sizeof(count), "   (%zu set here)", n);
	add_section(page, "environment", count);
	for (size_t i = 0; i < f->count; i++) {
		const struct detailrow *v = &f->facts[i];
		if (strcmp(v->kind, "env set") != 0)
			continue;
		page_addf(page, "", "  %-12.100s %.800s", v->a,
		     spec_env_is_secret(v->a, v->b) ? "(hidden)" : v->b)
			->wide = true;
	}
}

static void
add_side_head(struct page *page, const struct ui *ui,
	      const struct proc_row *r, const struct page_facts *f)
{
	char text[512], end[STATUS_TEXT_MAX];
	bool tells = !row_up(r) || r->unready || row_failed(r);

	command_line(r, text, sizeof(text));
	page_add(page, "command", text);
	page_add(page, "cwd", home_path(r->cwd, text, sizeof(text)));
	times_text(r, text, sizeof(text));
	if (*text)
		page_add(page, row_up(r) ? "started" : "ended", text);
	snprintf(text, sizeof(text), "%" PRIu64, r->restarts);
	if (!r->has_exit)
		snprintf(end, sizeof(end), "exit -");
	else
		row_end(r, end);
	page_addf(page, "restarts", "%-10s last %s%s", text,
		  strncmp(end, "exit ", 5) ? "end: " : "", end);
	if (*r->ports)
		page_add(page, "ports", r->ports);
	if (*r->url)
		page_add(page, "url", r->url);
	if (*r->depends)
		page_add(page, "depends", r->depends);
	if (*page_rule(f, "ready"))
		page_add(page, "ready", page_rule(f, "ready"));
	if (*page_rule(f, "last check"))
		page_add_text(page, "", page_rule(f, "last check"));
	page_add_curve(page, ui, f);
	const char *why = page_fact_text(f, "why", NULL);
	if (tells && *why) {
		page_gap(page);
		page_add_text(page, "why", why);
	}
}

/* What fits beside a log: no pairs, each section under its heading. */
static void
add_side(struct page *page, struct ui *ui, const struct model_proc *p,
	 const struct page_facts *f)
{
	page->side = true;
	page_add(page, "", "");
	add_side_head(page, ui, p->row, f);
	if (f->member_count) {
		add_section(page, "tree", "");
		add_tree(page, ui, f, PAGE_MEMBERS_MAX);
	}
	add_side_watches(page, p);
	add_side_env(page, f);
}

static void
add_overview(struct page *page, struct ui *ui, const struct model_proc *p,
	     const struct page_facts *f)
{
	add_head(page, ui, p->row, f);
	page_gap(page);
	add_tree(page, ui, f, BRIEF_TREE);
	page_gap(page);
	add_watches(page, p, false);
	if (*page_rule(f, "ready") || *page_rule(f, "live")) {
		page_gap(page);
		page_add_checks(page, ui, p->row, f, false);
	}
	page_gap(page);
	add_events(page, ui, p->row->name, BRIEF_EVENTS);
	if (strchr(p->row->command, '\n')) {
		page_gap(page);
		page_add_text(page, "command", p->row->command);
	}
}

const char *
page_tab_name(enum page_tab tab)
{
	static const char *const names[PAGE_TABS] = {
		"Overview", "Env", "Tree", "Watches", "Probes", "Events",
	};

	return names[tab];
}

void
page_make(struct page *page, enum page_tab tab, struct ui *ui,
	  const struct model_proc *p, const struct page_facts *f, bool reveal)
{
	switch (tab) {
	case PAGE_ENV:
		add_environment(page, f, reveal);
		break;
	case PAGE_TREE:
		add_tree(page, ui, f, PAGE_MEMBERS_MAX);
		if (!page->count)
			page_add(page, "", "nothing of it runs");
		break;
	case PAGE_WATCHES:
		add_watches(page, p, true);
		break;
	case PAGE_PROBES:
		page_add_checks(page, ui, p->row, f, true);
		break;
	case PAGE_EVENTS:
		add_events(page, ui, p->row->name, EVENTS_SHOWN);
		break;
	case PAGE_SIDE:
		add_side(page, ui, p, f);
		break;
	default:
		add_overview(page, ui, p, f);
		break;
	}
}

void
page_fini(struct page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		free(page->lines[i].label);
		free(page->lines[i].text);
		free(page->lines[i].label2);
		free(page->lines[i].text2);
	}
	free(page->lines);
}

void
page_draw(struct ui *ui, const struct pen *p, int y,
	  const struct page_line *l)
{
	const char *more = ui_glyph(ui, GLYPH_MORE);
	struct pen dim = *p, text = *p;
	int left = p->clip.x, w = p->clip.w, end = left + w - 1;
	int text_x = left + (w < TWO_COLS ? SIDE_TEXT_X : TEXT_X);
	int curve_x = end - VIEW_CURVE_COLS;
	bool curve = l->curve && curve_x > text_x + (l->wide ? 10 : 20);

	dim.style = ui_style(ui, ROLE_TEXT_DIM);
	if (l->strong)
		text.style = ui_style(ui, ROLE_TEXT_STRONG);
	/* A heading may be longer than a label. */
	int x = draw_cut(&dim, y, left + 1, *l->text ? LABEL_W + 2 : w - 1,
			 l->label, more);
	int limit = l->text2 ? left + PAIR_X - 1 : curve ? curve_x - 1 : end;
	x = l->wide ? left + 1 : SBX_MAX(text_x, x);
	draw_cut(&text, y, x, limit - x, l->text, more);
	if (l->text2) {
		draw_cut(&dim, y, left + PAIR_X, LABEL_W - 1, l->label2, more);
		draw_cut(&text, y, left + PAIR_TEXT_X,
			 end - left - PAIR_TEXT_X, l->text2, more);
	}
	if (curve)
		view_watch_curve(ui, p, y, curve_x, l->curve);
}
