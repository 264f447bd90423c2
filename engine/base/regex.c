#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "err.h"
#include "mem.h"

#define HEAP_LIMIT_KIB	16384
#define DEPTH_LIMIT	20000
#define STACK_MIN	(32 * 1024)
#define STACK_MAX	(512 * 1024)

#ifndef REGEX_JIT
#define REGEX_JIT 1	/* 0 for valgrind, which cannot follow such code */
#endif

struct regex {
	pcre2_code *line;	/* sees one line at a time */
	pcre2_code *block;	/* MULTILINE twin; NULL: not block-safe */
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	unsigned groups;
	bool empty;
	uint32_t name_count, name_size;
	PCRE2_SPTR names;
};

/*
 * May the pattern be tried on many lines at once?  A block match must start
 * at or before the first line that matches alone, so everything that can
 * fail because of what follows in another line is out: lookarounds, atomic
 * and possessive parts, verbs, subject anchors, \K, option changes other than
 * (?i).  The check reads more as forbidden than is; it costs only speed.
 */
static bool
block_safe(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\\') {
			i++;
			if (i < len && strchr("AZzGKQRX", p[i]))
				return false;
			continue;
		}
		if (p[i] == '+' && i > 0 && strchr("*+?}", p[i - 1]))
			return false;
		if (p[i] != '(' || i + 1 >= len)
			continue;
		if (p[i + 1] == '*')
			return false;
		if (p[i + 1] != '?')
			continue;
		const char *q = p + i + 2;
		size_t left = len - i - 2;
		bool named = left > 1 &&
			((q[0] == '<' && q[1] != '=' && q[1] != '!') ||
			 (q[0] == 'P' && q[1] == '<') || q[0] == '\'');
		bool plain = left > 0 && q[0] == ':';
		bool icase = left > 1 && q[0] == 'i' &&
			(q[1] == ')' || q[1] == ':');
		if (!named && !plain && !icase)
			return false;
	}
	return true;
}

static pcre2_code *
compile(const char *pattern, size_t len, uint32_t options, bool jit,
	pcre2_compile_context *cc, int *code, PCRE2_SIZE *off)
{
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, len, options,
				       code, off, cc);
	/* Without machine code the interpreter does it: not an error. */
	if (re && jit)
		pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
	return re;
}

static uint32_t
options_of(unsigned flags)
{
	uint32_t o = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	if (flags & REGEX_ICASE)
		o |= PCRE2_CASELESS;
	if (flags & REGEX_LITERAL)
		return o | PCRE2_LITERAL;
	o |= PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES;
	if (flags & REGEX_EXTENDED)
		o |= PCRE2_EXTENDED;
	if (flags & REGEX_DOTALL)
		o |= PCRE2_DOTALL;
	if (flags & REGEX_MULTILINE)
		o |= PCRE2_MULTILINE;
	return o;
}

static bool
compile_both(struct regex *re, const char *pattern, size_t len,
	     unsigned flags, struct err *e, size_t *err_off)
{
	int code = 0;
	PCRE2_SIZE off = 0;
	uint32_t options = options_of(flags);
	bool jit = REGEX_JIT && !(flags & REGEX_NO_JIT);
	pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
	if (!cc)
		abort();
	pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
	re->line = compile(pattern, len, options, jit, cc, &code, &off);
	if (!re->line) {
		PCRE2_UCHAR text[256];
		pcre2_get_error_message(code, text, sizeof(text));
		err_set(e, ERR_USAGE, "%s", (char *)text);
		if (err_off)
			*err_off = SBX_MIN((size_t)off, len);
	} else if (flags & REGEX_LITERAL) {
		if (!memchr(pattern, '\n', len))
			re->block = compile(pattern, len, options, jit, cc,
					    &code, &off);
	} else if (block_safe(pattern, len)) {
		/* Text before invalid UTF-8 ends there for the interpreter: a
		 * line that begins with such a byte begins at an end. */
		re->block = compile(pattern, len, options | PCRE2_MULTILINE |
				    PCRE2_ALT_CIRCUMFLEX, jit, cc, &code,
				    &off);
	}
	pcre2_compile_context_free(cc);
	return re->line != NULL;
}

static void
read_names(struct regex *re)
{
	uint32_t groups = 0;
	pcre2_pattern_info(re->line, PCRE2_INFO_CAPTURECOUNT, &groups);
	pcre2_pattern_info(re->line, PCRE2_INFO_NAMECOUNT, &re->name_count);
	pcre2_pattern_info(re->line, PCRE2_INFO_NAMEENTRYSIZE, &re->name_size);
	pcre2_pattern_info(re->line, PCRE2_INFO_NAMETABLE, &re->names);
	re->groups = groups;
}

static void
fill_caps(const struct regex *re, struct regex_caps *caps)
{
	if (!caps)
		return;
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
	caps->count = re->groups + 1;
	for (unsigned i = 0; i < caps->count; i++) {
		caps->group[i].off = v[2 * i];
		caps->group[i].end = v[2 * i + 1];
	}
	/* \K in a lookahead can put the start behind the end. */
	if (caps->group[0].off > caps->group[0].end)
		caps->group[0].off = caps->group[0].end;
}

static int
run(struct regex *re, pcre2_code *code, const char *text, size_t len,
    size_t start, uint32_t options)
{
	return pcre2_match(code, (PCRE2_SPTR)(text ? text : ""), len, start,
			   options, re->data, re->context);
}

static int
verdict(const struct regex *re, int rc, struct regex_caps *caps)
{
	if (rc > 0) {
		fill_caps(re, caps);
		return REGEX_MATCH;
	}
	if (rc == PCRE2_ERROR_PARTIAL)
		return REGEX_MORE;
	return rc == PCRE2_ERROR_NOMATCH ? REGEX_NONE : REGEX_LIMIT;
}

struct regex *
regex_new(const char *pattern, size_t len, unsigned flags, struct err *e,
	  size_t *err_off)
{
	if (err_off)
		*err_off = 0;
	if (len > REGEX_PATTERN_MAX) {
		err_set(e, ERR_USAGE, "pattern of %zu bytes, at most %d", len,
			REGEX_PATTERN_MAX);
		return NULL;
	}
	struct regex *re = mem_alloc(sizeof(*re));
	if (!compile_both(re, pattern, len, flags, e, err_off))
		goto fail;
	read_names(re);
	if (re->groups + 1 > REGEX_GROUPS_MAX) {
		err_set(e, ERR_USAGE, "pattern with %u groups, at most %d",
			re->groups, REGEX_GROUPS_MAX - 1);
		goto fail;
	}
	re->data = pcre2_match_data_create(re->groups + 1, NULL);
	re->context = pcre2_match_context_create(NULL);
	re->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	if (!re->data || !re->context || !re->stack)
		abort();
	pcre2_set_match_limit(re->context, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(re->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(re->context, HEAP_LIMIT_KIB);
	pcre2_jit_stack_assign(re->context, NULL, re->stack);
	re->empty = regex_match(re, "", 0, 0, NULL) == REGEX_MATCH;
	return re;
fail:
	regex_free(re);
	return NULL;
}

void
regex_free(struct regex *re)
{
	if (!re)
		return;
	pcre2_code_free(re->line);
	pcre2_code_free(re->block);
	pcre2_match_data_free(re->data);
	pcre2_match_context_free(re->context);
	pcre2_jit_stack_free(re->stack);
	free(re);
}

int
regex_match(struct regex *re, const char *text, size_t len, size_t start,
	    struct regex_caps *caps)
{
	return verdict(re, run(re, re->line, text, len, start, 0), caps);
}

int
regex_partial(struct regex *re, const char *text, size_t len,
	      struct regex_caps *caps)
{
	int rc = run(re, re->line, text, len, 0, PCRE2_PARTIAL_HARD);
	return verdict(re, rc, caps);
}

/* The line around at: its end, and where the next one starts. */
static void
line_bounds(const char *block, size_t len, size_t from, size_t at,
	    size_t *off, size_t *end, size_t *next)
{
	const char *s = at > from ? memrchr(block + from, '\n', at - from) :
		NULL;
	*off = s ? (size_t)(s - block) + 1 : from;
	const char *nl = memchr(block + *off, '\n', len - *off);
	*end = nl ? (size_t)(nl - block) : len;
	*next = nl ? *end + 1 : len;
}

int
regex_line(struct regex *re, const char *block, size_t len, size_t max_line,
	   size_t *pos, size_t *off, size_t *end, struct regex_caps *caps)
{
	bool by_block = re->block != NULL;
	while (*pos < len) {
		size_t from = *pos, at = from;
		if (by_block) {
			int rc = run(re, re->block, block, len, from, 0);
			if (rc == PCRE2_ERROR_NOMATCH)
				break;
			/* A limit may be the block's fault: ask each line. */
			if (rc > 0)
				at = pcre2_get_ovector_pointer(re->data)[0];
			else
				by_block = false;
			at = SBX_MIN(at, len - 1);
		}
		line_bounds(block, len, from, at, off, end, pos);
		int got = regex_match(re, block + *off,
				      SBX_MIN(*end - *off, max_line), 0, caps);
		if (got != REGEX_NONE)
			return got;
	}
	*pos = len;
	return REGEX_NONE;
}

unsigned
regex_groups(const struct regex *re)
{
	return re->groups;
}

/* An entry of the name table: two bytes of group number, then the name. */
static PCRE2_SPTR
name_entry(const struct regex *re, uint32_t i, unsigned *no)
{
	PCRE2_SPTR p = re->names + (size_t)i * re->name_size;
	*no = (unsigned)p[0] << 8 | p[1];
	return p + 2;
}

const char *
regex_group_name(const struct regex *re, unsigned no)
{
	for (uint32_t i = 0; i < re->name_count; i++) {
		unsigned n;
		PCRE2_SPTR name = name_entry(re, i, &n);
		if (n == no)
			return (const char *)name;
	}
	return NULL;
}

int
regex_group_find(const struct regex *re, const char *name,
		 const struct regex_caps *caps)
{
	int found = -1;
	if (isdigit((unsigned char)name[0])) {
		char *rest;
		unsigned long no = strtoul(name, &rest, 10);
		return *rest == '\0' && no <= re->groups ? (int)no : -1;
	}
	for (uint32_t i = 0; i < re->name_count; i++) {
		unsigned n;
		PCRE2_SPTR s = name_entry(re, i, &n);
		if (strcmp((const char *)s, name) != 0)
			continue;
		if (!caps || caps->group[n].off != REGEX_UNSET)
			return (int)n;
		if (found < 0)
			found = (int)n;
	}
	return found;
}

bool
regex_matches_empty(const struct regex *re)
{
	return re->empty;
}

bool
regex_is_block_safe(const struct regex *re)
{
	return re->block != NULL;
}

void
regex_version(char out[REGEX_VERSION_MAX])
{
	char text[64] = "?";	/* "10.42 2022-12-11" */

	pcre2_config(PCRE2_CONFIG_VERSION, text);
	text[strcspn(text, " ")] = '\0';
	snprintf(out, REGEX_VERSION_MAX, "%.31s", text);
}
