#include "import_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/units.h"

bool
import_yaml(struct import *im, const char *text, size_t len, bool dollars,
	    struct import_mistake *m, import_yaml_fn *fn)
{
	struct ytree_mistake ym;
	struct ytree *t = ytree_new(text, len, &ym);
	struct import_yaml y = { .im = im, .m = m, .where = "", .key = "",
				 .dollars = dollars };
	bool ok = false;

	if (!t)
		return import_wrong(m, ym.line, ym.col, "%s", ym.text);
	y.root = ytree_root(t);
	if (!ytree_is_map(y.root))
		import_wrong(m, y.root->line, y.root->col,
			     "it is no map of KEY: VALUE lines");
	else
		ok = fn(&y);
	ytree_free(t);
	return ok;
}

void
import_ynote(struct import_yaml *y, const struct import_proc *p,
	     const struct ytree_node *at, const char *fmt, ...)
{
	char why[400], key[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	snprintf(key, sizeof(key), "%s%s%s", y->where, y->where[0] ? "." : "",
		 y->key);
	import_note(y->im, p, at->line, key, "%s", why);
}

void
import_keys(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *map, const struct import_key *rows,
	    size_t count)
{
	const char *outer = y->key;

	if (!ytree_is_map(map)) {
		if (!ytree_is_null(map))
			import_ynote(y, p, map, "it is no map");
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct ytree_node *key = ytree_key_at(map, i);
		const struct ytree_node *value = ytree_value_at(map, i);
		size_t r = 0;
		y->key = key->text;
		while (r < count && strcmp(rows[r].name, key->text) != 0)
			r++;
		if (r < count && rows[r].fn)
			rows[r].fn(y, p, value);
		else if (r < count && rows[r].why)
			import_ynote(y, p, key, "%s", rows[r].why);
		else if (r == count && strncmp(key->text, "x-", 2) != 0)
			import_ynote(y, p, key, "sbx does not know it");
	}
	y->key = outer;
}

void
import_keys_of(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *map, const struct import_key *rows,
	       size_t count)
{
	const char *outer = y->where;
	char *where = mem_fmt("%s%s%s", outer, outer[0] ? "." : "", y->key);

	y->where = where;
	import_keys(y, p, map, rows, count);
	y->where = outer;
	free(where);
}

void
import_procs_of(struct import_yaml *y, const char *where,
		const struct ytree_node *map, bool skip_null, import_key_fn *fn)
{
	for (size_t i = 0; ytree_is_map(map) && i < map->count; i++) {
		const struct ytree_node *name = ytree_key_at(map, i);
		const struct ytree_node *value = ytree_value_at(map, i);
		if (skip_null && ytree_is_null(value))
			continue;
		struct import_proc *p = import_add(y->im, name->text,
						   name->line, y->m);
		if (!p)
			return;
		y->where = where;
		y->key = name->text;
		fn(y, p, value);
	}
	y->where = "";
}

const char *
import_ytext(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *value)
{
	const char *text = ytree_text(value);

	if (!text && !ytree_is_null(value))
		import_ynote(y, p, value, "it is no text");
	return text;
}

/* A variable that sbxrc cannot write is noted where it stands. */
static void
note_variables(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *at, const char *text)
{
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);

	if (y->dollars && !import_quote(text, true, &b))
		import_ynote(y, p, at, "a variable with a condition is taken "
			     "without it: %.200s", text);
	buf_fini(&b);
}

void
import_yword(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *value, const char *head, bool is_path)
{
	const char *text = import_ytext(y, p, value);

	if (!text)
		return;
	note_variables(y, p, value, text);
	import_line(y->im, p, value->line, head, is_path ?
		    (y->dollars ? IMPORT_PATH_EXPAND : IMPORT_PATH) :
		    (y->dollars ? IMPORT_EXPAND : IMPORT_WORD), text);
}

bool
import_ybool(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *value, bool *out)
{
	if (ytree_bool(value, out))
		return true;
	if (!ytree_is_null(value))
		import_ynote(y, p, value, "it is neither true nor false");
	return false;
}

bool
import_yuint(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *value, unsigned max, unsigned *out)
{
	const char *text = ytree_text(value);
	uint64_t n;

	if (text && units_uint(text, 0, max, &n) == 0) {
		*out = (unsigned)n;
		return true;
	}
	if (!ytree_is_null(value))
		import_ynote(y, p, value, "it is no number up to %u", max);
	return false;
}

const char **
import_ylist(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *value, size_t *count)
{
	size_t max = ytree_is_seq(value) ? value->count : 1;
	const char **list = mem_array(max + 1, sizeof(*list));

	*count = 0;
	if (!ytree_is_seq(value)) {
		const char *text = import_ytext(y, p, value);
		if (text)
			list[(*count)++] = text;
		return list;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct ytree_node *n = value->items[i];
		if (n->kind == YTREE_SCALAR)
			list[(*count)++] = n->text;
		else
			import_ynote(y, p, n, "an item is no text");
	}
	return list;
}

static void
one_variable(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *at, const char *word)
{
	note_variables(y, p, at, word);
	import_line(y->im, p, at->line, "env", y->dollars ? IMPORT_EXPAND :
		    IMPORT_WORD, word);
}

void
import_yenv(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *value, bool unset)
{
	bool map = ytree_is_map(value);

	if (!map && !ytree_is_seq(value)) {
		if (!ytree_is_null(value))
			import_ynote(y, p, value, "neither a list nor a map");
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct ytree_node *n = map ? ytree_value_at(value, i) :
			value->items[i];
		const char *name = map ? ytree_key_at(value, i)->text : NULL;
		char *word = NULL;
		if (map && ytree_is_null(n))
			word = unset ? mem_fmt("-%s", name) : NULL;
		else if (n->kind != YTREE_SCALAR)
			import_ynote(y, p, n, "a value is no text");
		else if (map)
			word = mem_fmt("%s=%s", name, n->text);
		else if (strchr(n->text, '='))
			word = mem_str(n->text);
		if (word)
			one_variable(y, p, n, word);
		free(word);
	}
}

void
import_ystop(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *at, const char *signal,
	     const char *wait)
{
	char name[SIGNAME_MAX], time[UNITS_TEXT_MAX] = "10s";
	int signo = signal ? signame_parse(signal) : signame_parse("TERM");
	uint64_t ms;

	if (signo <= 0) {
		import_ynote(y, p, at, "'%.60s' is no signal", signal);
		return;
	}
	if (wait && units_duration(wait, &ms) < 0)
		import_ynote(y, p, at, "'%.60s' is no time", wait);
	else if (wait)
		units_duration_text(ms, time);
	signame_text(signo, name);
	if (strcmp(name, "KILL") == 0)
		import_linef(y->im, p, "stop", "KILL");
	else
		import_linef(y->im, p, "stop", "%s %s KILL", name, time);
}

void
import_key_tty(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *v)
{
	bool tty;

	if (!import_ybool(y, p, v, &tty) || !tty)
		return;
	for (size_t i = 0; i < p->line_count; i++)
		if (strcmp(p->lines[i].head, "tty") == 0)
			return;
	import_linef(y->im, p, "tty", "yes");
}

void
import_key_replicas(struct import_yaml *y, struct import_proc *p,
		    const struct ytree_node *v)
{
	unsigned n;

	if (!import_yuint(y, p, v, 1000, &n))
		return;
	if (n == 0)
		p->off = true;
	else if (n > 1)
		import_linef(y->im, p, "replicas", "%u", n);
}
