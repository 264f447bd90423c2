#include "rc.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "rclex.h"

/* An open block: where it was opened and what to call it. */
struct block {
	struct diag_place at;
	char *name;
};

struct rc {
	struct rclex lex;
	struct rc_stmt stmt;
	struct block blocks[RC_DEPTH_MAX];
	size_t depth;
	size_t strays;		/* '}' that close nothing and are let pass */
	bool ended;
	bool started;
};

static void
stmt_clear(struct rc_stmt *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->words[i].text);
	free(s->words);
	*s = (struct rc_stmt){ 0 };
}

struct rc *
rc_new(const char *file, const char *data, size_t len,
       const struct rc_hooks *hooks, struct diags *ds)
{
	struct rc *rc = mem_alloc(sizeof(*rc));

	rclex_init(&rc->lex, file, data, len, hooks, ds);
	return rc;
}

void
rc_free(struct rc *rc)
{
	if (!rc)
		return;
	stmt_clear(&rc->stmt);
	while (rc->depth > 0)
		free(rc->blocks[--rc->depth].name);
	free(rc);
}

void
rc_place_in(const struct rc *rc, const struct rc_word *w, size_t off,
	    size_t len, struct diag_place *at)
{
	const struct rclex *lx = &rc->lex;
	const char *end = lx->data + lx->len;
	const char *nl = memchr(w->source, '\n', (size_t)(end - w->source));

	if (!nl)
		nl = end;
	else if (nl > w->source && nl[-1] == '\r')
		nl--;
	*at = (struct diag_place){
		.file = lx->file, .line = w->line, .col = w->col,
		.width = w->width, .text = w->source,
		.text_len = (size_t)(nl - w->source),
	};
	/* Escapes and variables have no place of their own. */
	if (w->exact && (off > 0 || len > 0)) {
		at->col += w->inner + (unsigned)off;
		at->width = (unsigned)len;
	}
}

void
rc_place(const struct rc *rc, const struct rc_word *w, struct diag_place *at)
{
	rc_place_in(rc, w, 0, 0, at);
}

void
rc_place_stmt(const struct rc *rc, const struct rc_stmt *s,
	      struct diag_place *at)
{
	const struct rc_word *last = &s->words[s->count - 1];

	rc_place(rc, &s->words[0], at);
	if (last->line == s->words[0].line)
		at->width = last->col + last->width - at->col;
	if (s->opens && at->text_len >= at->col) {
		const char *from = at->text + at->col - 1 + at->width;
		size_t left = (size_t)(at->text + at->text_len - from);
		const char *brace = memchr(from, '{', left);
		if (brace)
			at->width += (unsigned)(brace + 1 - from);
	}
}

static void
word_error(struct rc *rc, const struct rc_word *w, const char *text,
	   const char *hint)
{
	struct diag_place at;

	if (rc->lex.quiet)
		return;
	rc_place(rc, w, &at);
	diag_error(rc->lex.ds, &at, "%s", text);
	if (hint)
		diag_hint(rc->lex.ds, "%s", hint);
	rc->lex.bad = true;
}

static bool
is_bare(const struct rc_word *w, const char *text)
{
	return w->kind == RC_BARE && strcmp(w->text, text) == 0;
}

static struct rc_word *
add_word(struct rc_stmt *s)
{
	s->words = mem_grow(s->words, s->count, s->count + 1,
			    sizeof(*s->words));
	return &s->words[s->count++];
}

static void
drop_last(struct rc_stmt *s)
{
	free(s->words[--s->count].text);
}

/* "process NAME {" or "process NAME COMMAND": the braces of sh may not look
 * like a block, and the other way round. */
static void
raw_or_block(struct rc *rc)
{
	struct rc_stmt *s = &rc->stmt;
	struct rc_word *w = &s->words[s->count - 1];
	const char *rest = w->text + 1;

	if (w->text[0] != '{')
		return;
	while (*rest == ' ' || *rest == '\t')
		rest++;
	s->opens = true;
	s->raw = false;
	if (*rest == '\0' ||
	    (rest > w->text + 1 && rest[0] == '#' &&
	     (rest[1] == '\0' || rest[1] == ' ' || rest[1] == '\t'))) {
		drop_last(s);
		return;
	}
	s->opens = w->text[w->len - 1] != '}';
	word_error(rc, w, "'{' must be the last word of its line",
		   "write each directive on a line of its own, and '}' alone "
		   "on the last one");
	drop_last(s);
}

/* Nobody knows how this line is to be read; only its block matters. */
static void
skipped_block(struct rc *rc)
{
	struct rc_stmt *s = &rc->stmt;
	struct rc_word *w = &s->words[s->count - 1];
	char *comment = strstr(w->text, "{ #");
	size_t len = comment ? (size_t)(comment + 1 - w->text) : w->len;

	if (len == 0 || w->text[len - 1] != '{' ||
	    (len > 1 && w->text[len - 2] != ' ' && w->text[len - 2] != '\t'))
		return;
	s->opens = true;
	do
		len--;
	while (len > 0 &&
	       (w->text[len - 1] == ' ' || w->text[len - 1] == '\t'));
	w->text[len] = '\0';
	w->len = len;
	if (len == 0) {
		s->raw = false;
		drop_last(s);
	}
}

static void
read_words(struct rc *rc)
{
	struct rclex *lx = &rc->lex;
	struct rc_stmt *s = &rc->stmt;

	for (;;) {
		enum rc_expect expect = RC_EXPECT_WORD;
		rclex_skip_blanks(lx);
		if (rclex_peek(lx) == RCLEX_EOL)
			return;
		if (rclex_at_comment(lx, s->count == 0)) {
			rclex_skip_comment(lx);
			return;
		}
		if (s->count > 0 && lx->hooks && lx->hooks->expect)
			expect = lx->hooks->expect(s, lx->hooks->arg);
		lx->quiet = expect & RC_EXPECT_QUIET;
		expect &= RC_EXPECT_MASK;
		struct rc_word *w = add_word(s);
		if (expect >= RC_EXPECT_RAW) {
			s->raw = true;
			if (!rclex_raw(lx, w))
				return;
			if (expect == RC_EXPECT_RAW_OR_BLOCK)
				raw_or_block(rc);
			else if (expect == RC_EXPECT_SKIP)
				skipped_block(rc);
			return;
		}
		if (!rclex_word(lx, expect, w))
			return;
		if (s->count == RC_WORDS_MAX) {
			word_error(rc, w, "too many words on one line", NULL);
			rclex_skip_comment(lx);
			return;
		}
	}
}

/* Finds '{' among the words; only the last one may be it. */
static void
find_brace(struct rc *rc)
{
	struct rc_stmt *s = &rc->stmt;
	size_t words = s->count - (s->raw ? 1 : 0);

	for (size_t i = 1; i < words && !s->opens; i++) {
		if (!is_bare(&s->words[i], "{"))
			continue;
		s->opens = true;
		if (i + 1 == s->count) {
			drop_last(s);
			return;
		}
		s->opens = !is_bare(&s->words[s->count - 1], "}");
		word_error(rc, &s->words[i],
			   "'{' must be the last word of its line",
			   "write each directive on a line of its own, and "
			   "'}' alone on the last one");
		return;
	}
}

static void
push(struct rc *rc)
{
	struct rc_stmt *s = &rc->stmt;

	if (rc->depth == RC_DEPTH_MAX) {
		word_error(rc, &s->words[0], "too many blocks inside each "
			   "other", NULL);
		rc->lex.give_up = true;
		return;
	}
	struct block *b = &rc->blocks[rc->depth++];
	rc_place_stmt(rc, s, &b->at);
	b->name = mem_str(s->words[s->count > 1 ? 1 : 0].text);
}

static void
unclosed(struct rc *rc, const struct block *b)
{
	diag_error(rc->lex.ds, &b->at, "'%s' is opened here and never closed",
		   b->name);
	diag_hint(rc->lex.ds, "add a line with only '}'");
}

void
rc_close_missing(struct rc *rc)
{
	/* The present statement may have opened one inside of it. */
	size_t inside = rc->stmt.opens ? 1 : 0;

	if (rc->depth <= inside)
		return;
	struct block *b = &rc->blocks[rc->depth - 1 - inside];
	unclosed(rc, b);
	free(b->name);
	memmove(b, b + 1, inside * sizeof(*b));
	rc->depth--;
	rc->strays++;
}

/* To the next line with something on it; false at the end. */
static bool
seek_line(struct rc *rc)
{
	struct rclex *lx = &rc->lex;

	for (;;) {
		if (rc->started && !rclex_next_line(lx))
			return false;
		rc->started = true;
		rclex_skip_blanks(lx);
		if (rclex_peek(lx) != RCLEX_EOL && !rclex_at_comment(lx, true))
			return true;
		rclex_skip_comment(lx);
		lx->bad = false;
	}
}

/* '{' on a line of its own belongs to the statement before it. */
static void
late_brace(struct rc *rc)
{
	struct rclex *lx = &rc->lex;
	struct diag_place at;

	if (rc->stmt.opens || rc->stmt.bad || !rclex_line_ahead(lx, "{"))
		return;
	(void)rclex_next_line(lx);
	rclex_skip_blanks(lx);
	rclex_place(lx, lx->at, 1, &at);
	diag_error(lx->ds, &at, "'{' belongs at the end of the line before");
	rclex_skip_comment(lx);
	lx->bad = true;
	rc->stmt.opens = true;
}

/* At a line that begins with '}'.  True if it closed a block. */
static bool
closing(struct rc *rc)
{
	struct rc_stmt *s = &rc->stmt;

	if (s->count > 1)
		word_error(rc, &s->words[1], "'}' must be alone on its line",
			   NULL);
	if (rc->depth > 0) {
		free(rc->blocks[--rc->depth].name);
		return true;
	}
	if (rc->strays > 0)
		rc->strays--;
	else
		word_error(rc, &s->words[0], "'}' closes nothing",
			   "every block above is closed already");
	return false;
}

/* Reports what is still open, once; then one RC_CLOSE for each. */
static enum rc_event
end(struct rc *rc)
{
	if (!rc->ended && !rc->lex.give_up) {
		for (size_t i = rc->depth; i > 0; i--)
			unclosed(rc, &rc->blocks[i - 1]);
	}
	rc->ended = true;
	if (rc->depth == 0)
		return RC_END;
	free(rc->blocks[--rc->depth].name);
	return RC_CLOSE;
}

enum rc_event
rc_next(struct rc *rc, const struct rc_stmt **stmt)
{
	struct rc_stmt *s = &rc->stmt;

	*stmt = s;
	for (;;) {
		stmt_clear(s);
		if (rc->ended || rc->lex.give_up || !seek_line(rc))
			return end(rc);
		read_words(rc);
		bool close = is_bare(&s->words[0], "}");
		if (close) {
			close = closing(rc);
		} else {
			find_brace(rc);
			late_brace(rc);
			if (s->opens)
				push(rc);
		}
		s->bad = rc->lex.bad;
		rc->lex.bad = rc->lex.quiet = false;
		if (close)
			return RC_CLOSE;
		if (!is_bare(&s->words[0], "}"))
			return RC_STMT;
	}
}

int
rc_line(const char *line, struct rc_stmt **stmt, struct err *e)
{
	struct diags *ds = diags_new();
	struct rc *rc = rc_new("line", line, strlen(line), NULL, ds);
	struct rc_stmt *s = mem_alloc(sizeof(*s));
	int rc_code = 0;

	if (seek_line(rc))
		read_words(rc);
	if (rclex_next_line(&rc->lex))
		diag_error(ds, &(struct diag_place){ .file = "line" },
			   "more than one line");
	const struct diag *d = diags_get(ds, 0);
	if (d) {
		rc_code = err_set(e, ERR_USAGE, "%s", d->text);
		if (d->hint)
			err_hint(e, "%s", d->hint);
		free(s);
	} else {
		*s = rc->stmt;
		rc->stmt = (struct rc_stmt){ 0 };
		*stmt = s;
	}
	rc_free(rc);
	diags_free(ds);
	return rc_code;
}

void
rc_line_free(struct rc_stmt *stmt)
{
	if (!stmt)
		return;
	stmt_clear(stmt);
	free(stmt);
}
