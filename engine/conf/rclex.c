#include "rclex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "spec/spec.h"

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t';
}

static bool
is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

void
rclex_place(const struct rclex *lx, size_t off, size_t width,
	    struct diag_place *at)
{
	/* What began in a line that was joined is shown in the last one. */
	if (off < lx->line_start)
		off = lx->line_start;
	*at = (struct diag_place){
		.file = lx->file,
		.line = lx->line,
		.col = (unsigned)(off - lx->line_start + 1),
		.width = (unsigned)SBX_MIN(width, lx->line_end > off ?
					   lx->line_end - off : 1),
		.text = lx->data + lx->line_start,
		.text_len = lx->line_end - lx->line_start,
	};
}

static SBX_PRINTF(3, 4) void
report(struct rclex *lx, const struct diag_place *at, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (lx->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(lx->ds, at, "%s", text);
	lx->bad = true;
}

/* Reports at width bytes from off; the statement is bad from now on. */
#define wrong(lx, off, width, ...)                                             \
	do {                                                                   \
		struct diag_place place_;                                      \
		rclex_place((lx), (off), (width), &place_);                    \
		report((lx), &place_, __VA_ARGS__);                            \
	} while (0)

#define hint(lx, ...)                                                          \
	do {                                                                   \
		if (!(lx)->quiet)                                              \
			diag_hint((lx)->ds, __VA_ARGS__);                      \
	} while (0)

static void
check_line(struct rclex *lx)
{
	const char *line = lx->data + lx->line_start;
	size_t len = lx->line_end - lx->line_start;
	const char *hit = memchr(line, '\0', len);

	if (hit) {
		wrong(lx, (size_t)(hit - lx->data), 1,
		      "a NUL byte, which no text file has");
		return;
	}
	hit = memchr(line, '\r', len);
	if (hit) {
		wrong(lx, (size_t)(hit - lx->data), 1,
		      "a carriage return inside a line");
		hint(lx, "lines end in LF or in CR LF");
		return;
	}
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int n = utf8_decode(line + i, len - i, &cp);
		if (n <= 0) {
			wrong(lx, lx->line_start + i, 1,
			      "byte 0x%02x is not UTF-8",
			      (unsigned char)line[i]);
			hint(lx, "save the file as UTF-8");
			return;
		}
		i += (size_t)n;
	}
}

static void
enter_line(struct rclex *lx, size_t start)
{
	const char *nl = start < lx->len ?
		memchr(lx->data + start, '\n', lx->len - start) : NULL;

	bool quiet = lx->quiet;

	lx->line_start = lx->at = start;
	lx->line_end = nl ? (size_t)(nl - lx->data) : lx->len;
	if (nl && lx->line_end > start && lx->data[lx->line_end - 1] == '\r')
		lx->line_end--;
	lx->line++;
	lx->quiet = false;
	check_line(lx);
	lx->quiet = quiet;
}

/* Where the next physical line begins, or len + 1 if this is the last. */
static size_t
next_start(const struct rclex *lx)
{
	size_t end = lx->line_end;

	if (end < lx->len && lx->data[end] == '\r')
		end++;
	return end + 1;
}

void
rclex_init(struct rclex *lx, const char *file, const char *data, size_t len,
	   const struct rc_hooks *hooks, struct diags *ds)
{
	*lx = (struct rclex){ .file = file, .data = data, .len = len,
			      .hooks = hooks, .ds = ds };
	/* Editors of other systems begin UTF-8 files with a byte order mark;
	 * it is no part of the text and of no column. */
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		lx->data += 3;
		lx->len -= 3;
	}
	enter_line(lx, 0);
}

bool
rclex_next_line(struct rclex *lx)
{
	size_t start = next_start(lx);

	if (start >= lx->len)
		return false;
	enter_line(lx, start);
	return true;
}

bool
rclex_line_ahead(const struct rclex *lx, const char *text)
{
	size_t at = next_start(lx), len = strlen(text);

	while (at < lx->len && is_blank(lx->data[at]))
		at++;
	if (at >= lx->len || lx->len - at < len ||
	    memcmp(lx->data + at, text, len) != 0)
		return false;
	size_t end = at += len;
	while (at < lx->len && is_blank(lx->data[at]))
		at++;
	if (at == lx->len || lx->data[at] == '\n' || lx->data[at] == '\r')
		return true;
	return at > end && lx->data[at] == '#';
}

/* "\\" at the end of a line is a backslash, "\" joins. */
static bool
at_join(const struct rclex *lx)
{
	size_t backslashes = 0;

	if (lx->at + 1 != lx->line_end || lx->data[lx->at] != '\\' ||
	    next_start(lx) >= lx->len)
		return false;
	while (backslashes <= lx->at - lx->line_start &&
	       lx->data[lx->at - backslashes] == '\\')
		backslashes++;
	return backslashes & 1;
}

int
rclex_peek(struct rclex *lx)
{
	while (at_join(lx))
		enter_line(lx, next_start(lx));
	if (lx->at >= lx->line_end)
		return RCLEX_EOL;
	return (unsigned char)lx->data[lx->at];
}

static int
take(struct rclex *lx)
{
	int c = rclex_peek(lx);

	if (c != RCLEX_EOL)
		lx->at++;
	return c;
}

void
rclex_skip_blanks(struct rclex *lx)
{
	while (is_blank(rclex_peek(lx)))
		lx->at++;
}

bool
rclex_at_comment(struct rclex *lx, bool first)
{
	if (rclex_peek(lx) != '#')
		return false;
	return first || lx->at + 1 >= lx->line_end ||
	       is_blank(lx->data[lx->at + 1]);
}

void
rclex_skip_comment(struct rclex *lx)
{
	lx->at = lx->line_end;
}

/* A word under construction. */
struct draft {
	struct buf text;
	size_t start;		/* offset of its first byte */
	size_t first_end;	/* end of the line it begins in */
	bool copied;		/* text is the source as it stands */
};

static void
begin(struct rclex *lx, struct draft *d, struct rc_word *w, enum rc_kind kind)
{
	(void)rclex_peek(lx);
	buf_init(&d->text, RC_WORD_MAX);
	d->start = lx->at;
	d->first_end = lx->line_end;
	d->copied = true;
	*w = (struct rc_word){
		.kind = kind, .line = lx->line,
		.col = (unsigned)(lx->at - lx->line_start + 1),
		.source = lx->data + lx->line_start,
	};
}

static void
finish(struct rclex *lx, struct draft *d, struct rc_word *w)
{
	size_t end = lx->line == w->line ? lx->at : d->first_end;

	w->width = (unsigned)(end - d->start);
	w->exact = d->copied && lx->line == w->line;
	w->len = d->text.len;
	w->text = buf_take(&d->text);
	/* Reported when the line was entered; here only strings go on. */
	for (char *p = w->text; (p = memchr(p, '\0', w->len -
					    (size_t)(p - w->text)));) {
		*p = '?';
		w->exact = false;
	}
	lx->text_bytes += w->len;
	if (lx->text_bytes > RC_TEXT_MAX && !lx->give_up) {
		wrong(lx, d->start, w->width, "all words together are longer "
		      "than %u MiB", RC_TEXT_MAX >> 20);
		lx->give_up = true;
	}
}

static bool
too_long(struct rclex *lx, const struct draft *d)
{
	wrong(lx, d->start, 1, "this word is longer than %d bytes",
	      RC_WORD_MAX);
	return false;
}

/* False after the message that the word is too long. */
static bool
put(struct rclex *lx, struct draft *d, const char *text, size_t len)
{
	return buf_add(&d->text, text, len) == 0 || too_long(lx, d);
}

static bool
putc_word(struct rclex *lx, struct draft *d, int c)
{
	char byte = (char)c;

	return put(lx, d, &byte, 1);
}

/* The cursor is behind "${".  NAME} or NAME:-default} */
static bool
expand(struct rclex *lx, struct draft *d)
{
	struct buf name = BUF_INIT(256), standard = BUF_INIT(RC_WORD_MAX);
	size_t from = lx->at - 2;
	bool has_standard = false, ok = false;
	int c;

	d->copied = false;
	while (is_name(rclex_peek(lx)) && name.len < name.max)
		(void)buf_addc(&name, (char)take(lx));
	if (rclex_peek(lx) == ':' && lx->at + 1 < lx->line_end &&
	    lx->data[lx->at + 1] == '-') {
		lx->at += 2;
		has_standard = true;
		while ((c = rclex_peek(lx)) != '}' && c != RCLEX_EOL &&
		       buf_addc(&standard, (char)c) == 0)
			lx->at++;
	}
	c = rclex_peek(lx);
	if (c == RCLEX_EOL) {
		wrong(lx, from, lx->at - from, "'${' has no closing '}'");
		goto out;
	}
	if (c != '}' || name.len == 0) {
		wrong(lx, lx->at, 1, "expected ${NAME} or ${NAME:-default}");
		hint(lx, "to mean '${' itself, put the word in "
			  "'single quotes'");
		goto out;
	}
	lx->at++;
	const char *value = lx->hooks->variable(buf_str(&name),
						lx->hooks->arg);
	if (value && value[0])
		ok = put(lx, d, value, strlen(value));
	else if (has_standard)
		ok = put(lx, d, buf_str(&standard), standard.len);
	else if (value)
		ok = true;
	else {
		wrong(lx, from, lx->at - from, "'%s' is not set",
		      buf_str(&name));
		hint(lx, "write ${%s:-} if it may be empty",
			  buf_str(&name));
	}
out:
	buf_fini(&name);
	buf_fini(&standard);
	return ok;
}

/* At '$': a variable, or just a dollar. */
static bool
dollar(struct rclex *lx, struct draft *d)
{
	lx->at++;
	if (lx->hooks && lx->hooks->variable && rclex_peek(lx) == '{') {
		lx->at++;
		return expand(lx, d);
	}
	return putc_word(lx, d, '$');
}

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* \xHH and \u{H...}: 1 to max digits.  -1 if there is none. */
static long
hex_number(struct rclex *lx, int max)
{
	long v = 0;
	int n = 0;

	for (; n < max && hex_digit(rclex_peek(lx)) >= 0; n++)
		v = v * 16 + hex_digit(take(lx));
	return n ? v : -1;
}

/* \u{...}: the character as UTF-8; its length, 0 if it is none. */
static int
unicode(struct rclex *lx, char out[4])
{
	if (take(lx) != '{')
		return 0;
	long v = hex_number(lx, 6);
	if (v <= 0 || take(lx) != '}')
		return 0;
	return utf8_encode((uint32_t)v, out);
}

/* The cursor is behind the '\'. */
static bool
escape(struct rclex *lx, struct draft *d)
{
	static const char letters[] = "nte\"\\", bytes[] = "\n\t\033\"\\";
	size_t from = lx->at - 1;
	int c = take(lx);
	const char *hit = c > 0 ? strchr(letters, c) : NULL;
	char utf8[4];
	int n = 0;

	d->copied = false;
	if (hit)
		return putc_word(lx, d, bytes[hit - letters]);
	if (c == 'x') {
		long v = hex_number(lx, 2);
		if (v > 0)
			return putc_word(lx, d, (int)v);
	} else if (c == 'u') {
		n = unicode(lx, utf8);
		if (n > 0)
			return put(lx, d, utf8, (size_t)n);
	}
	wrong(lx, from, lx->at - from, "unknown escape in \"quotes\"");
	hint(lx, "there are \\n \\t \\e \\\" \\\\ \\xHH \\u{HEX}; "
		  "'single quotes' take everything as it is");
	return false;
}

/* At an opening quote. */
static bool
quoted(struct rclex *lx, struct draft *d)
{
	int quote = take(lx), c;
	size_t from = lx->at - 1;
	struct diag_place opened;
	bool ok = true;

	rclex_place(lx, from, lx->line_end - from, &opened);
	d->copied = d->copied && d->text.len == 0 && from == d->start;
	while ((c = rclex_peek(lx)) != quote) {
		if (c == RCLEX_EOL) {
			report(lx, &opened, "this quote is not closed");
			hint(lx, "add a %c at the end of the text",
				  quote);
			return false;
		}
		if (quote == '"' && c == '$') {
			ok &= dollar(lx, d);
		} else {
			lx->at++;
			ok &= quote == '"' && c == '\\' ? escape(lx, d) :
				putc_word(lx, d, c);
		}
	}
	lx->at++;
	return ok;
}

/* At the opening '/'.  Adds the source as it stands, slashes included. */
static bool
slashes(struct rclex *lx, struct draft *d)
{
	int c = take(lx);
	size_t from = lx->at - 1, end = lx->line_end;
	struct diag_place opened;
	bool escaped = false;

	while (is_blank(lx->data[end - 1]))
		end--;
	rclex_place(lx, from, end - from, &opened);
	if (!putc_word(lx, d, c))
		return false;
	while ((c = rclex_peek(lx)) != RCLEX_EOL) {
		lx->at++;
		if (!putc_word(lx, d, c))
			return false;
		if (c == '/' && !escaped)
			return true;
		escaped = c == '\\' && !escaped;
	}
	report(lx, &opened, "pattern has no closing '/'");
	hint(lx, "write a literal '/' inside a pattern as '\\/'");
	return false;
}

static bool
pattern_flags(struct rclex *lx, struct rc_word *w)
{
	int c;

	while (!is_blank(c = rclex_peek(lx)) && c != RCLEX_EOL) {
		unsigned flag = spec_re_flag((char)c);
		if (!flag) {
			wrong(lx, lx->at, 1, "'%c' is not a flag of patterns",
			      c);
			hint(lx, "flags are i, x and s; write a "
				  "literal '/' inside a pattern as '\\/'");
			return false;
		}
		w->flags |= flag;
		lx->at++;
	}
	return true;
}

static bool
pattern(struct rclex *lx, struct draft *d, struct rc_word *w)
{
	if (!slashes(lx, d))
		return false;
	w->kind = RC_PATTERN;
	w->inner = 1;
	buf_cut(&d->text, d->text.len - 1);
	buf_skip(&d->text, 1);
	return pattern_flags(lx, w);
}

static bool
bare(struct rclex *lx, enum rc_expect expect, struct draft *d,
     struct rc_word *w)
{
	bool ok = true, had_quote = false;
	int c, before = 0;

	while (ok && !is_blank(c = rclex_peek(lx)) && c != RCLEX_EOL) {
		if (c == '"' || c == '\'') {
			w->inner = d->text.len == 0;
			had_quote = true;
			ok = quoted(lx, d);
		} else if (c == '$') {
			ok = dollar(lx, d);
		} else if (c == '/' && before == '=' &&
			   expect == RC_EXPECT_OPTION) {
			ok = slashes(lx, d);
		} else {
			lx->at++;
			d->copied = d->copied && !had_quote;
			ok = putc_word(lx, d, c);
		}
		before = c;
	}
	return ok;
}

bool
rclex_word(struct rclex *lx, enum rc_expect expect, struct rc_word *w)
{
	struct draft d;
	int c = rclex_peek(lx);
	bool ok;

	begin(lx, &d, w, c == '"' || c == '\'' ? RC_QUOTED : RC_BARE);
	if (c == '/' && expect == RC_EXPECT_PATTERN)
		ok = pattern(lx, &d, w);
	else
		ok = bare(lx, expect, &d, w);
	finish(lx, &d, w);
	/* What follows a broken word cannot be told apart any more. */
	if (!ok)
		lx->at = lx->line_end;
	return ok;
}

/* "<<WORD" and nothing else: the word, or NULL. */
static const char *
here_word(const char *text)
{
	if (strncmp(text, "<<", 2) != 0 || !is_name(text[2]))
		return NULL;
	for (const char *p = text + 2; *p; p++)
		if (!is_name(*p))
			return NULL;
	return text + 2;
}

/* Is the cursor's line the closing word and nothing else? */
static bool
is_closing(const struct rclex *lx, const char *word)
{
	size_t start = lx->line_start, end = lx->line_end;

	while (start < end && is_blank(lx->data[start]))
		start++;
	while (end > start && is_blank(lx->data[end - 1]))
		end--;
	return end - start == strlen(word) &&
	       memcmp(lx->data + start, word, end - start) == 0;
}

/* Narrows the indentation that all lines share; empty lines have none. */
static void
share_indent(const struct rclex *lx, const char **indent, size_t *len)
{
	const char *line = lx->data + lx->line_start;
	size_t max = lx->line_end - lx->line_start, blanks = 0, n = 0;

	while (blanks < max && is_blank(line[blanks]))
		blanks++;
	if (blanks == max)
		return;
	if (!*indent) {
		*indent = line;
		*len = blanks;
		return;
	}
	while (n < blanks && n < *len && line[n] == (*indent)[n])
		n++;
	*len = n;
}

/* Adds the lines between first and the cursor's line, less their indent. */
static bool
add_lines(struct rclex *lx, size_t first, size_t end, size_t indent,
	  struct buf *text)
{
	for (size_t at = first; at < end;) {
		const char *nl = memchr(lx->data + at, '\n', end - at);
		size_t stop = (size_t)(nl - lx->data);
		size_t last = stop > at && lx->data[stop - 1] == '\r' ?
			stop - 1 : stop;
		size_t from = SBX_MIN(at + indent, last);
		if ((text->len && buf_addc(text, '\n') < 0) ||
		    buf_add(text, lx->data + from, last - from) < 0)
			return false;
		at = stop + 1;
	}
	return true;
}

static bool
here_lines(struct rclex *lx, struct draft *d)
{
	char *word = mem_str(here_word(buf_str(&d->text)));
	struct diag_place opened;
	const char *indent = NULL;
	size_t indent_len = 0, first = next_start(lx);
	bool ok = false;

	rclex_place(lx, d->start, lx->at - d->start, &opened);
	buf_clear(&d->text);
	d->copied = false;
	while (rclex_next_line(lx)) {
		if (is_closing(lx, word)) {
			ok = add_lines(lx, first, lx->line_start, indent_len,
				       &d->text) || too_long(lx, d);
			goto out;
		}
		share_indent(lx, &indent, &indent_len);
	}
	report(lx, &opened, "'<<%s' is never closed", word);
	hint(lx, "add a line with only '%s'", word);
	/* All that follows was taken as its text: silence is kinder than
	 * a second message about the block that it swallowed. */
	lx->give_up = true;
out:
	lx->at = lx->line_end;
	free(word);
	return ok;
}

bool
rclex_raw(struct rclex *lx, struct rc_word *w)
{
	struct draft d;
	bool ok = true;
	size_t keep;
	int c;

	begin(lx, &d, w, RC_RAW);
	while (ok && (c = take(lx)) != RCLEX_EOL)
		ok = putc_word(lx, &d, c);
	for (keep = d.text.len; keep > 0 && is_blank(d.text.data[keep - 1]);)
		keep--;
	if (keep < d.text.len) {
		lx->at -= lx->line == w->line ? d.text.len - keep : 0;
		buf_cut(&d.text, keep);
	}
	if (ok && here_word(buf_str(&d.text)))
		ok = here_lines(lx, &d);
	finish(lx, &d, w);
	lx->at = lx->line_end;
	return ok;
}
