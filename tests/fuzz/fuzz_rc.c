/*
 * The language of sbxrc, and the packed form of a definition.  The first
 * byte chooses: a whole file through set_load() as far as that needs no
 * other file, the reader with hooks of every kind, one line of the prompt or
 * of a key, an env-file, spec_unpack(), or a theme.  Nothing may crash; no
 * mistake may be told of a line that the file does not have; what is accepted
 * must pack, unpack and be equal.
 */

#include "fuzz.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/base/err.h"
#include "engine/conf/keycmd.h"
#include "engine/conf/option.h"
#include "engine/conf/rc.h"
#include "engine/conf/rcload.h"
#include "engine/conf/set.h"
#include "engine/conf/theme.h"
#include "engine/spec/spec.h"

static char *environment[] = { "HOME=/nonexistent", "PATH=/bin", "X=1", NULL };

static unsigned
lines_of(const char *data, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

/* Everything that was told: in the file, printable, in its bounds. */
static void
check_diags(const struct diags *ds, unsigned lines)
{
	struct buf out = BUF_INIT(1 << 20);

	for (size_t i = 0; diags_get(ds, i); i++) {
		const struct diag *d = diags_get(ds, i);
		must(strcmp(d->file, "sbxrc") != 0 || d->line <= lines);
		must(d->text[0] != '\0');
		must(!d->line == !d->col);
	}
	must(diags_print(ds, "sbxrc", "nothing was started", &out) == 0);
	for (size_t i = 0; i < out.len; i++)
		must((unsigned char)out.data[i] >= 0x20 ||
		     out.data[i] == '\n' || out.data[i] == '\t');
	buf_fini(&out);
}

static void
check_spec(const struct spec *s)
{
	struct buf b = BUF_INIT(SPEC_PACK_MAX);
	struct spec *back = NULL, *copy = spec_dup(s);

	must(spec_check(s, NULL) == 0);
	must(spec_pack(s, &b) == 0);
	must(spec_unpack(b.data, b.len, &back, NULL) == 0);
	must(spec_equal(s, back) && spec_equal(s, copy));
	spec_free(back);
	spec_free(copy);
	buf_fini(&b);
}

/* Anything that reads another file, or all of a directory, is left out. */
static int
is_alone(const char *data, size_t size)
{
	return !memmem(data, size, "include", 7) &&
	       !memmem(data, size, "env-file", 8);
}

static void
load(const char *data, size_t size, int all_words)
{
	struct set_request rq = { .path = "sbxrc", .alone = true,
				  .all_words = all_words,
				  .environment = environment };
	struct diags *ds = diags_new();
	struct set *set = NULL;

	write_file("sbxrc", data, size);
	int rc = set_load(&rq, &set, ds);
	must((rc == 0) == (set != NULL));
	must((rc == 0) == (diags_errors(ds) == 0));
	check_diags(ds, lines_of(data, size));
	for (size_t i = 0; set && i < set->spec_count; i++)
		check_spec(set->specs[i]);
	set_free(set);
	diags_free(ds);
}

static enum rc_expect
any_expect(const struct rc_stmt *s, void *arg)
{
	(void)arg;
	return (enum rc_expect)((unsigned char)s->words[0].text[0] % 13);
}

static const char *
any_variable(const char *name, void *arg)
{
	(void)arg;
	return name[0] == 'A' ? "value" : NULL;
}

/* Blocks are balanced, places are inside of the text. */
static void
read_all(const char *data, size_t size)
{
	const struct rc_hooks hooks = { any_expect, any_variable, NULL };
	struct diags *ds = diags_new();
	struct rc *rc = rc_new("sbxrc", data, size, &hooks, ds);
	const struct rc_stmt *s;
	enum rc_event ev;
	unsigned lines = lines_of(data, size);
	int depth = 0;

	while ((ev = rc_next(rc, &s)) != RC_END) {
		depth += ev == RC_CLOSE ? -1 : s->opens;
		must(depth >= 0);
		for (size_t i = 0; ev == RC_STMT && i < s->count; i++) {
			const struct rc_word *w = &s->words[i];
			struct diag_place at;
			must(strlen(w->text) == w->len);
			must(w->line >= 1 && w->line <= lines && w->col >= 1);
			rc_place(rc, w, &at);
			must(at.col - 1 <= at.text_len);
			must(at.text >= data && at.text + at.text_len <=
			     data + size);
			if (w->exact)
				must(memcmp(w->source + w->col - 1 + w->inner,
					    w->text, w->len) == 0);
			rc_place_in(rc, w, w->len, 1, &at);
		}
		if (ev == RC_STMT && s->opens && depth > 1 &&
		    s->words[0].text[0] == 'M') {
			rc_close_missing(rc);
			depth--;
		}
	}
	must(depth == 0 || diags_errors(ds) > 0);
	check_diags(ds, lines);
	rc_free(rc);
	diags_free(ds);
}

static void
prompt(const char *data, size_t size)
{
	char *line = malloc(size + 1);
	struct rc_stmt *s;
	struct err e = ERR_INIT;
	size_t off, len;
	char name[SPEC_NAME_MAX + 1];

	memcpy(line, data, size);
	line[size] = '\0';
	if (rc_line(line, &s, &e) == 0)
		rc_line_free(s);
	else
		must(e.text[0] != '\0');
	if (keycmd_check(line, &off, &len, &e) < 0) {
		must(e.text[0] != '\0');
		must(off <= size && len <= size - off);
	}
	spec_guess_name(line, name);
	must(spec_name_check(name, NULL) == 0);
	free(line);
}

static void
env_file(const char *data, size_t size)
{
	static const char text[] = "env-file env\nprocess a x\n";
	struct set_request rq = { .path = "sbxrc", .alone = true,
				  .environment = environment };
	struct diags *ds = diags_new();
	struct set *set = NULL;

	write_file("env", data, size);
	write_file("sbxrc", text, strlen(text));
	(void)set_load(&rq, &set, ds);
	check_diags(ds, 2);
	set_free(set);
	diags_free(ds);
}

/* As a theme, and its colours as lines of an sbxrc on top of another one. */
static void
theme(const char *data, size_t size)
{
	struct theme_request rq = { "fuzz", TERM_RGB, size & 1 };
	struct diags *ds = diags_new();
	struct err e = ERR_INIT;
	struct theme *t = theme_parse(&rq, "sbxrc", data, size, ds, &e);

	must((t == NULL) == (diags_errors(ds) > 0));
	check_diags(ds, lines_of(data, size));
	for (int r = 0; t && r < ROLE_COUNT; r++)
		(void)theme_style(t, (enum role)r);
	theme_free(t);
	diags_free(ds);
}

static void
unpack(const char *data, size_t size)
{
	struct spec *s = NULL;
	struct options *o = NULL;

	if (spec_unpack(data, size, &s, NULL) == 0)
		check_spec(s);
	spec_free(s);
	if (options_unpack(data, size, &o, NULL) == 0)
		options_free(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *data = (const char *)bytes;
	unsigned kind;

	begin();
	if (size == 0)
		return 0;
	/* A file of the corpus is the text of an sbxrc as it is. */
	kind = bytes[0] <= 8 ? bytes[0] : 0;
	if (bytes[0] <= 8) {
		data++;
		size--;
	}
	if (kind == 2 || kind == 3)
		read_all(data, size);
	else if (kind == 4)
		prompt(data, size);
	else if (kind == 5)
		env_file(data, size);
	else if (kind == 6 || kind == 7)
		unpack(data, size);
	else if (kind == 8)
		theme(data, size);
	else if (is_alone(data, size))
		load(data, size, kind == 1);
	return 0;
}
