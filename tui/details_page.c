#include "details_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draw.h"
#include "engine/base.h"
#include "engine/clock.h"
#include "engine/mem.h"
#include "engine/model.h"
#include "status_text.h"
#include "ui.h"
#include "view.h"

enum {
	TEXT_X = 11,		/* behind the label */
	TWO_COLS = 76,		/* from here: pairs beside each other */
	TREE_DEPTH_MAX = 20,
	BRIEF_TREE = 6, BRIEF_EVENTS = 6, EVENTS_SHOWN = 256,
};

/* --- what the engine told --- */

static const char *
next_field(char **s)
{
	char *field = *s, *end = strchr(field, PROTO_FIELD_END);

	if (!end)
		return "";
	*end = 0;
	*s = end + 1;
	return field;
}

static void
add_member(struct page_facts *f, const struct page_fact *fact)
{
	struct page_member *m = &f->members[f->member_count];

	if (f->member_count == PAGE_MEMBERS_MAX ||
	    sscanf(fact->a, "%d %d", &m->pid, &m->ppid) != 2 ||
	    sscanf(fact->b, "%" SCNu64 " %" SCNu64, &m->cpu_us,
		   &m->rss_bytes) != 2)
		return;
	m->command = fact->c;
	m->permille = -1;
	f->member_count++;
}

/* How much of a core since the last answer. */
static void
find_rates(struct page_facts *f, const struct page_facts *old)
{
	uint64_t ms = f->at_ms - old->at_ms;

	for (size_t i = 0; ms && i < f->member_count; i++)
		for (size_t k = 0; k < old->member_count; k++) {
			struct page_member *m = &f->members[i];
			const struct page_member *o = &old->members[k];
			if (m->pid == o->pid && m->cpu_us >= o->cpu_us)
				m->permille =
					(int)((m->cpu_us - o->cpu_us) / ms);
		}
}

void
page_facts_take(struct page_facts *f, const char *text, uint64_t now_ms)
{
	struct page_facts old = *f;
	size_t cap = 0;

	*f = (struct page_facts){ .text = mem_str(text), .at_ms = now_ms };
	for (char *s = f->text, *end; (end = strchr(s, PROTO_RECORD_END));
	     s = end + 1) {
		*end = 0;
		if (f->count == cap) {
			f->facts = mem_grow(f->facts, cap, cap + 64,
					    sizeof(*f->facts));
			cap += 64;
		}
		struct page_fact *fact = &f->facts[f->count++];
		fact->kind = next_field(&s);
		fact->a = next_field(&s);
		fact->b = next_field(&s);
		fact->c = next_field(&s);
		if (!strcmp(fact->kind, "tree"))
			add_member(f, fact);
	}
	find_rates(f, &old);
	page_facts_fini(&old);
}

void
page_facts_fini(struct page_facts *f)
{
	free(f->text);
	free(f->facts);
}

static const char *
fact_text(const struct page_facts *f, const char *kind, const char *a)
{
	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(f->facts[i].kind, kind) &&
		    (!a || !strcmp(f->facts[i].a, a)))
			return f->facts[i].b;
	return "";
}

/* --- lines --- */

static struct page_line *
add_line(struct page *page, const char *label, const char *text)
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

static struct page_line *SBX_PRINTF(3, 4)
addf(struct page *page, const char *label, const char *fmt, ...)
{
	va_list ap;
	char text[1024];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add_line(page, label, text);
}

/* Only between parts, and not twice. */
static void
add_gap(struct page *page)
{
	if (page->count && page->lines[page->count - 1].text[0])
		add_line(page, "", "");
}

/* The whole text, line by line; long ones go on where a word ends. */
static void
add_text(struct page *page, const char *label, const char *text)
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
		add_line(page, label, line);
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
			add_line(page, label, text);
		if (*text2)
			add_line(page, label2, text2);
		return;
	}
	if (!*text && !*text2)
		return;
	struct page_line *l = add_line(page, *text ? label : "", text);
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
	size_t n = 0, len = strlen(name);

	out[0] = 0;
	for (size_t i = 0; i < model_count(ui->model) && n + 70 < cap; i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		for (const char *s = r->depends; *s;
		     s += strcspn(s, ","), s += strspn(s, ", ")) {
			if (strncmp(s, name, len) || (s[len] && s[len] != ' '))
				continue;
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
					      n ? ", " : "", r->name);
		}
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

static void
add_head(struct page *page, struct ui *ui, const struct proc_row *r,
	 const struct page_facts *f)
{
	char text[512], text2[512];

	if (*r->desc)
		add_line(page, "about", r->desc);
	command_line(r, text, sizeof(text));
	snprintf(text2, sizeof(text2), *r->file ? "%s:%u" : "added by hand",
		 r->file, r->line);
	add_pair(page, "command", text, "config", text2);
	if (r->tty)
		snprintf(text2, sizeof(text2), "yes, %ux%u", r->cols, r->rows);
	add_pair(page, "cwd", r->cwd, "tty", r->tty ? text2 : "no");
	times_text(r, text, sizeof(text));
	snprintf(text2, sizeof(text2), "%s", fact_text(f, "rule", "restart"));
	size_t n = strlen(text2);
	if (r->restart_max)
		snprintf(text2 + n, sizeof(text2) - n, "  %" PRIu64 "/%" PRIu64,
			 r->restarts, r->restart_max);
	else if (r->restarts)
		snprintf(text2 + n, sizeof(text2) - n, "  %" PRIu64,
			 r->restarts);
	add_pair(page, row_up(r) ? "started" : "ended", text, "restart",
		 text2);
	snprintf(text, sizeof(text), "%s%s%s", r->ports,
		 *r->ports && *r->url ? "  " : "", r->url);
	add_pair(page, "ports", text, "stop", fact_text(f, "rule", "stop"));
	used_by(ui, r->name, text2, sizeof(text2));
	add_pair(page, "depends", r->depends, "used by", text2);
	add_pair(page, "groups", r->group, "user", r->user);
	add_figures(page, r);
	add_pair(page, "limits", fact_text(f, "rule", "limit"), "timeout",
		 fact_text(f, "rule", "timeout"));
	add_pair(page, "log.keep", fact_text(f, "rule", "log.keep"), "backoff",
		 fact_text(f, "rule", "restart.backoff"));
	add_pair(page, "log.file", fact_text(f, "rule", "log.file"), "nice",
		 fact_text(f, "rule", "nice"));
	add_line(page, "", "");
	const char *why = fact_text(f, "why", NULL);
	snprintf(text, sizeof(text), "%s%s%s", status_name(r->status),
		 *r->reason ? ": " : "", r->reason);
	add_text(page, "why", *why ? why : text);
}

/* --- tree --- */

static bool
has_parent(const struct page_facts *f, const struct page_member *m)
{
	for (size_t i = 0; i < f->member_count; i++)
		if (f->members[i].pid == m->ppid)
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
	char left[512], command[320];
	int room = SBX_MAX(page->cols - TEXT_X - 16, 10);

	if (m->permille >= 0)
		short_cpu((uint64_t)m->permille, cpu);
	one_line(m->command, command, sizeof(command));
	int n = snprintf(left, sizeof(left), "%*s%s%d %s",
			 SBX_MAX(depth - 1, 0) * 2, "",
			 depth ? branch[ui->ascii][last] : "", m->pid,
			 command);
	n = SBX_MIN(n, room);
	while (n > 0 && (left[n] & 0xc0) == 0x80)
		n--;
	left[n] = 0;
	int pad = SBX_MAX(room - draw_columns(left), 0);
	addf(page, page->count ? "" : "tree", "%s%*s %5s%s %5s", left, pad,
	     "", cpu, *cpu ? "%" : " ", short_bytes(m->rss_bytes, rss));
}

static int
add_branch(struct page *page, const struct ui *ui, const struct page_facts *f,
	   int parent, int depth, int most)
{
	size_t last = f->member_count;
	int n = 0;

	for (size_t i = 0; i < f->member_count; i++)
		if (depth ? f->members[i].ppid == parent
			  : !has_parent(f, &f->members[i]))
			last = i;
	for (size_t i = 0; i < f->member_count && n < most; i++) {
		const struct page_member *m = &f->members[i];
		if (depth ? m->ppid != parent : has_parent(f, m))
			continue;
		add_member_line(page, ui, m, depth, i == last);
		n++;
		if (depth < TREE_DEPTH_MAX)
			n += add_branch(page, ui, f, m->pid, depth + 1,
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
		addf(page, "", "%zu more", f->member_count - (size_t)most);
	if (page->count > at) {
		free(page->lines[at].label);
		page->lines[at].label = mem_str("tree");
	}
}

/* --- watches, checks, events, environment --- */

static void
add_watches(struct page *page, const struct model_proc *p, bool all)
{
	for (size_t i = 0; i < p->value_count; i++) {
		const struct proto_value *v = &p->values[i];
		const char *unit = v->unit ? v->unit : "";
		const char *label = i ? "" : "watches";
		struct page_line *l;
		if (v->off)
			l = addf(page, label, "%-10.40s switched off: it hit "
				 "the limit of a match", v->name);
		else if (v->numeric)
			l = addf(page, label, "%-10.40s %6.4g%s  p95 %.4g "
				 "max %.4g", v->name, v->last_number, unit,
				 v->p95, v->max);
		else
			l = addf(page, label, "%-10.40s %6" PRIu64 "  %.400s",
				 v->name, v->count,
				 v->count && v->last ? v->last : "");
		l->curve = v;
		if (all && v->numeric && !v->off)
			addf(page, "", "%-10s %6" PRIu64 " hit%s, min %.4g "
			     "mean %.4g", "", v->count,
			     v->count == 1 ? "" : "s", v->min, v->mean);
	}
	if (all && !p->value_count)
		add_line(page, "", "nothing watches this log");
}

static void
add_rules(struct page *page, const struct page_facts *f,
	  const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (*fact_text(f, "rule", words[i]))
			add_text(page, words[i],
				 fact_text(f, "rule", words[i]));
}

static void
add_probes(struct page *page, const struct proc_row *r,
	   const struct page_facts *f)
{
	static const char *const words[] = { "ready", "live", "last check",
					     NULL };
	size_t before = page->count;
	char hms[16];

	add_rules(page, f, words);
	if (page->count == before)
		add_line(page, "", "no check: it counts as ready when it runs");
	else if (row_up(r) && r->ready && r->ready_at_ms) {
		clock_hms(hms, sizeof(hms), r->ready_at_ms);
		addf(page, "", "ready since %s", hms);
	}
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
		addf(page, n++ ? "" : "events", "%s %s", hms, text);
	}
}

/* Names that speak of secrets, and URLs with a password in them. */
static bool
is_secret(const char *name, const char *value)
{
	static const char *const words[] = { "PASS", "SECRET", "TOKEN",
					     "KEY" };
	const char *host = strstr(value, "://");

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	if (!host)
		return false;
	host += 3;
	size_t len = strcspn(host, "/"), colon = strcspn(host, ":");
	return memchr(host, '@', len) && colon < strcspn(host, "@");
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
	add_gap(page);
	struct page_line *head = addf(page, "", "%s (%zu)", title, n);
	head->strong = head->wide = true;
	for (size_t i = 0; i < f->count; i++) {
		const struct page_fact *v = &f->facts[i];
		if (strcmp(v->kind, kind) != 0)
			continue;
		bool hide = !reveal && is_secret(v->a, v->b);
		addf(page, "", "  %-24.100s %.800s", v->a,
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
	add_gap(page);
	add_line(page, "", "and SBX, SBX_PROCESS, ... as sbx(1) tells")->wide =
		true;
}

static void
add_overview(struct page *page, struct ui *ui, const struct model_proc *p,
	     const struct page_facts *f)
{
	add_head(page, ui, p->row, f);
	add_gap(page);
	add_tree(page, ui, f, BRIEF_TREE);
	add_gap(page);
	add_watches(page, p, false);
	if (*fact_text(f, "rule", "ready") || *fact_text(f, "rule", "live")) {
		add_gap(page);
		add_probes(page, p->row, f);
	}
	add_gap(page);
	add_events(page, ui, p->row->name, BRIEF_EVENTS);
	if (strchr(p->row->command, '\n')) {
		add_gap(page);
		add_text(page, "command", p->row->command);
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
			add_line(page, "", "nothing of it runs");
		break;
	case PAGE_WATCHES:
		add_watches(page, p, true);
		break;
	case PAGE_PROBES:
		add_probes(page, p->row, f);
		break;
	case PAGE_EVENTS:
		add_events(page, ui, p->row->name, EVENTS_SHOWN);
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
