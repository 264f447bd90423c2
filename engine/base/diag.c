#include "diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "utf8.h"

#define TEXT_MAX   600		/* of a message or a hint, in bytes */
#define SOURCE_MAX 160		/* bytes of a source line that are shown */
#define BEFORE_MAX 80		/* of them before the caret */

struct diags {
	struct diag kept[2 * DIAG_MAX];
	size_t count;
	char *title;
	size_t seen[2];		/* per level, also those not kept */
	bool last_kept;
};

struct diags *
diags_new(void)
{
	return mem_alloc(sizeof(struct diags));
}

void
diags_free(struct diags *ds)
{
	if (!ds)
		return;
	for (size_t i = 0; i < ds->count; i++) {
		struct diag *d = &ds->kept[i];
		free(d->file);
		free(d->text);
		free(d->source);
		free(d->caret);
		free(d->hint);
	}
	free(ds->title);
	free(ds);
}

void
diags_title(struct diags *ds, const char *file)
{
	free(ds->title);
	ds->title = mem_str(file);
}

/* Also the marks that turn the direction of text around: with them a line
 * can be made to look like another one. */
static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/* The next character of s: its length, its columns, and whether it may be
 * shown as it is. */
static size_t
next_char(const char *s, size_t len, int *columns, bool *shown)
{
	uint32_t cp;
	int n = utf8_decode(s, len, &cp);

	*shown = n > 0 && !is_control(cp);
	*columns = *shown ? utf8_width(cp) : 1;
	if (*columns < 0)
		*columns = 1;
	return n > 0 ? (size_t)n : 1;
}

/* A terminal would act on control bytes, so they become '?'. */
static char *
clean(const char *text, size_t len)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	bool shown;
	int columns;

	for (size_t i = 0, n; i < len; i += n) {
		n = next_char(text + i, len - i, &columns, &shown);
		if (buf_add(&b, shown ? text + i : "?", shown ? n : 1) < 0)
			break;
	}
	return buf_take(&b);
}

static char *
format(const char *fmt, va_list ap)
{
	char text[TEXT_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0)
		return mem_str("");
	if ((size_t)n >= sizeof(text)) {
		memcpy(text + sizeof(text) - 4, "...", 4);
		n = sizeof(text) - 1;
	}
	return clean(text, (size_t)n);
}

/* The part of the line around the caret, both lines at once so that the
 * caret stands under its word whatever the widths are. */
static void
draw(struct diag *d, const struct diag_place *at)
{
	struct buf source = BUF_INIT(4 * SOURCE_MAX);
	struct buf caret = BUF_INIT(4 * SOURCE_MAX);
	size_t begin = at->col ? at->col - 1 : 0;
	size_t end = begin + SBX_MAX(at->width, 1u);
	size_t from = 0, to = at->text_len;

	if (to > SOURCE_MAX) {
		from = begin > BEFORE_MAX ? begin - BEFORE_MAX : 0;
		while (from > 0 && (at->text[from] & 0xc0) == 0x80)
			from--;
		to = SBX_MIN(to, from + SOURCE_MAX);
	}
	if (from > 0 && buf_adds(&source, "...") == 0)
		(void)buf_adds(&caret, "   ");
	for (size_t i = from, n; i < to; i += n) {
		bool shown;
		int columns;
		n = next_char(at->text + i, to - i, &columns, &shown);
		bool tab = at->text[i] == '\t';
		if (tab)
			shown = true;
		(void)buf_add(&source, shown ? at->text + i : "?",
			      shown ? n : 1);
		for (int c = 0; c < columns && i < end; c++)
			(void)buf_addc(&caret, i >= begin ?
				       (i == begin && c == 0 ? '^' : '~') :
				       tab ? '\t' : ' ');
	}
	if (to < at->text_len)
		(void)buf_adds(&source, "...");
	else if (begin >= to)
		(void)buf_addc(&caret, '^');
	d->source = buf_take(&source);
	d->caret = buf_take(&caret);
}

static void
add(struct diags *ds, enum diag_level level, const struct diag_place *at,
    const char *fmt, va_list ap)
{
	ds->last_kept = ds->seen[level]++ < DIAG_MAX;
	if (!ds->last_kept)
		return;
	struct diag *d = &ds->kept[ds->count++];
	d->level = level;
	d->file = clean(at->file, strlen(at->file));
	d->line = at->line;
	d->col = at->col;
	d->text = format(fmt, ap);
	if (at->text && at->line)
		draw(d, at);
}

void
diag_error(struct diags *ds, const struct diag_place *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(ds, DIAG_ERROR, at, fmt, ap);
	va_end(ap);
}

void
diag_warning(struct diags *ds, const struct diag_place *at, const char *fmt,
	     ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(ds, DIAG_WARNING, at, fmt, ap);
	va_end(ap);
}

void
diag_hint(struct diags *ds, const char *fmt, ...)
{
	va_list ap;

	if (!ds->last_kept || ds->kept[ds->count - 1].hint)
		return;
	va_start(ap, fmt);
	ds->kept[ds->count - 1].hint = format(fmt, ap);
	va_end(ap);
}

size_t
diags_errors(const struct diags *ds)
{
	return ds->seen[DIAG_ERROR];
}

const struct diag *
diags_get(const struct diags *ds, size_t idx)
{
	return idx < ds->count ? &ds->kept[idx] : NULL;
}

static void
print_one(const struct diag *d, struct buf *out)
{
	const char *level = d->level == DIAG_ERROR ? "error" : "warning";

	if (d->line)
		(void)buf_addf(out, "%s:%u:%u: %s: %s\n", d->file, d->line,
			       d->col, level, d->text);
	else
		(void)buf_addf(out, "%s: %s: %s\n", d->file, level, d->text);
	if (d->source) {
		(void)buf_addf(out, "%5u | %s\n", d->line, d->source);
		(void)buf_addf(out, "      | %s\n", d->caret);
	}
	if (d->hint)
		(void)buf_addf(out, "      = %s\n", d->hint);
}

int
diags_print(const struct diags *ds, const char *file, const char *outcome,
	    struct buf *out)
{
	size_t errors = ds->seen[DIAG_ERROR];

	for (size_t i = 0; i < ds->count; i++)
		print_one(&ds->kept[i], out);
	if (errors == 0)
		return 0;
	if (ds->title)
		file = ds->title;
	char *name = clean(file, strlen(file));
	int rc = buf_addf(out, "%s: %zu error%s%s; %s.\n", name, errors,
			  errors == 1 ? "" : "s", errors > DIAG_MAX ?
			  ", the first 20 are shown" : "", outcome);
	free(name);
	return rc;
}
