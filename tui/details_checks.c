#include "details_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "status_text.h"
#include "ui.h"

/*
 * What is asked of a process, and how its last attempts ended.  A success and
 * a failure are the signs of a process that is ready and of one that is not,
 * so that they differ in shape and not in hue alone.
 */

enum { CURVE_COLS = 50, SIDE_CURVE_COLS = 20 };

struct result {
	const char *rule, *text;	/* "ready" or "live" */
	int64_t at_ms;
	uint64_t for_us, run;
	bool ok;
};

static bool
result_of(const struct detailrow *f, struct result *out)
{
	int ok;

	if (strcmp(f->kind, "check") != 0 ||
	    sscanf(f->b, "%" SCNd64 " %" SCNu64 " %d %" SCNu64, &out->at_ms,
		   &out->for_us, &ok, &out->run) != 4)
		return false;
	out->ok = ok;
	out->rule = f->a;
	out->text = f->c;
	return true;
}

static const char *
sign(const struct ui *ui, bool ok)
{
	return ui_shape(ui, ok ? SHAPE_RUNNING : SHAPE_FAILED);
}

/* "12 ms", "1.4 s" */
static char *
duration(uint64_t us, char out[STATUS_TEXT_MAX])
{
	if (us < 10000)
		snprintf(out, STATUS_TEXT_MAX, "%.1f ms", (double)us / 1e3);
	else if (us < 1000000)
		snprintf(out, STATUS_TEXT_MAX, "%" PRIu64 " ms", us / 1000);
	else
		snprintf(out, STATUS_TEXT_MAX, "%.1f s", (double)us / 1e6);
	return out;
}

/* The newest of a rule, oldest first; how many it has in n. */
static void
curve_text(const struct ui *ui, const struct page_facts *f, const char *rule,
	   size_t most, char *out, size_t cap, size_t *n)
{
	bool ok[CURVE_COLS];
	struct result r;
	size_t count = 0, len = 0;

	*n = 0;
	for (size_t i = 0; i < f->count; i++) {
		if (!result_of(&f->facts[i], &r) || strcmp(r.rule, rule) != 0)
			continue;
		if (count < SBX_MIN(most, (size_t)CURVE_COLS))
			ok[count++] = r.ok;
		++*n;
	}
	out[0] = 0;
	while (count > 0 && len + 8 < cap)
		len += (size_t)snprintf(out + len, cap - len, "%s",
					sign(ui, ok[--count]));
}

static bool
newest(const struct page_facts *f, const char *rule, struct result *out)
{
	for (size_t i = 0; i < f->count; i++)
		if (result_of(&f->facts[i], out) && !strcmp(out->rule, rule))
			return true;
	return false;
}

static void
add_rule(struct page *page, const struct ui *ui, const struct page_facts *f,
	 const char *rule, size_t most)
{
	char curve[CURVE_COLS * 4 + 8], text[STATUS_TEXT_MAX];
	struct result r;
	size_t n;

	if (!*page_rule(f, rule))
		return;
	page_add_text(page, rule, page_rule(f, rule));
	if (!newest(f, rule, &r))
		return;
	curve_text(ui, f, rule, most, curve, sizeof(curve), &n);
	page_addf(page, "", "%s  %.100s in %s", curve, r.text,
		  duration(r.for_us, text));
}

/* Each attempt, the newest first. */
static void
add_results(struct page *page, const struct ui *ui,
	    const struct page_facts *f, const char *rule)
{
	char hms[16], text[STATUS_TEXT_MAX];
	struct result r;
	uint64_t run = 0;
	bool first = true;

	for (size_t i = 0; i < f->count; i++) {
		if (!result_of(&f->facts[i], &r) || strcmp(r.rule, rule) != 0)
			continue;
		if (first)
			page_gap(page);
		if (!first && r.run != run)
			page_addf(page, "", "run %" PRIu64, r.run);
		clock_hms(hms, sizeof(hms), r.at_ms);
		page_addf(page, first ? rule : "", "%s %s %8s  %s", hms,
			  sign(ui, r.ok), duration(r.for_us, text), r.text);
		run = r.run;
		first = false;
	}
}

void
page_add_checks(struct page *page, const struct ui *ui,
		const struct proc_row *r, const struct page_facts *f, bool all)
{
	size_t before = page->count, most = all ? CURVE_COLS : SIDE_CURVE_COLS;
	char hms[16];

	add_rule(page, ui, f, "ready", most);
	if (page->count > before && row_up(r) && r->ready && r->ready_at_ms) {
		clock_hms(hms, sizeof(hms), r->ready_at_ms);
		page_addf(page, "", "ready since %s", hms);
	}
	add_rule(page, ui, f, "live", most);
	if (page->count == before)
		page_add(page, "", "no check: it counts as ready when it runs");
	if (!all)
		return;
	add_results(page, ui, f, "live");
	add_results(page, ui, f, "ready");
}

void
page_add_curve(struct page *page, const struct ui *ui,
	       const struct page_facts *f)
{
	static const char *const rules[] = { "live", "ready" };
	char curve[CURVE_COLS * 4 + 8];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rules) && n == 0; i++)
		curve_text(ui, f, rules[i], SIDE_CURVE_COLS, curve,
			   sizeof(curve), &n);
	if (n)
		page_add(page, "", curve);
}
