#include "import.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"

/* Run by npm itself at its own times, never by hand. */
static const char *const life_cycle[] = {
	"install", "prepare", "prepublish", "prepublishOnly", "publish",
	"pack", "version", "uninstall", "dependencies",
};

/* What a person starts to work: the first that is there is started. */
static const char *const servers[] = { "dev", "start", "serve" };

/* Where the keys of "scripts" are.  jansson has no places, but what it has
 * accepted is easy to walk. */
struct place {
	unsigned line, col, width;
};

struct walk {
	const char *at, *end, *line_start;
	unsigned line;
	struct place *places;
	size_t count;
};

/* Over one string, to behind its quote. */
static struct place
string(struct walk *w)
{
	const char *from = w->at++;

	while (w->at < w->end && *w->at != '"')
		w->at += *w->at == '\\' ? 2 : 1;
	w->at++;
	return (struct place){ w->line, (unsigned)(from - w->line_start) + 1,
			       (unsigned)(w->at - from) };
}

static bool
is_scripts(const struct walk *w, const struct place *p)
{
	return p->width == 9 && memcmp(w->at - 9, "\"scripts\"", 9) == 0;
}

static void
add_place(struct walk *w, struct place p)
{
	if ((w->count & (w->count - 1)) == 0)
		w->places = mem_grow(w->places, w->count,
				     SBX_MAX(2 * w->count, (size_t)1),
				     sizeof(*w->places));
	w->places[w->count++] = p;
}

static void
find_keys(struct walk *w)
{
	bool key = false, scripts = false, inside = false;
	int depth = 0;

	while (w->at < w->end) {
		char c = *w->at;
		if (c == '"') {
			struct place p = string(w);
			if (key && depth == 1)
				scripts = is_scripts(w, &p);
			else if (key && depth == 2 && inside)
				add_place(w, p);
			key = false;
			continue;
		}
		if (c == '\n') {
			w->line++;
			w->line_start = w->at + 1;
		} else if (c == '{' || c == '[') {
			depth++;
			inside = inside || (depth == 2 && scripts);
			key = c == '{';
		} else if (c == '}' || c == ']') {
			depth--;
			inside = inside && depth >= 2;
		} else if (c == ',') {
			key = depth < 3;
		}
		w->at++;
	}
}

/* "prebuild" where there is a "build", and the like. */
static bool
is_hook(json_t *scripts, const char *name)
{
	const char *of = strncmp(name, "pre", 3) == 0 ? name + 3 :
		strncmp(name, "post", 4) == 0 ? name + 4 : NULL;

	if (of && of[0] && json_object_get(scripts, of))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(life_cycle); i++)
		if (strcmp(name, life_cycle[i]) == 0 ||
		    (of && strcmp(of, life_cycle[i]) == 0))
			return true;
	return false;
}

static bool
starts(json_t *scripts, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		if (json_object_get(scripts, servers[i]))
			return strcmp(name, servers[i]) == 0 ||
				strcmp(name, "watch") == 0;
	return strcmp(name, "watch") == 0;
}

static bool
one_script(struct import *im, json_t *scripts, const char *name,
	   const struct place *at, const char *runner,
	   struct import_mistake *m)
{
	const char *words[] = { runner, "run", name };
	char *said = mem_fmt("npm:%s", name);
	struct import_proc *p = import_add(im, said, at->line, m);
	struct buf b = BUF_INIT(4 * IMPORT_TEXT_MAX + 100);

	free(said);
	if (!p)
		return false;
	p->col = at->col;
	p->width = at->width;
	p->off = !starts(scripts, name);
	if (name[0] != '-' && import_shell_words(words, 3, false, &b) == 0)
		import_command(im, p, at->line, buf_str(&b));
	else
		import_note(im, p, at->line, name, "no name for a command");
	buf_fini(&b);
	return true;
}

/* "packageManager": "pnpm@8.1.0" goes before the lock file. */
static const char *
choose_runner(json_t *root, const char *by_lock)
{
	static const char *const runners[] = { "npm", "pnpm", "yarn", "bun" };
	const char *said = json_string_value(json_object_get(root,
							"packageManager"));
	size_t len = said ? strcspn(said, "@") : 0;

	for (size_t i = 0; len > 0 && i < ARRAY_LEN(runners); i++)
		if (strlen(runners[i]) == len &&
		    strncmp(runners[i], said, len) == 0)
			return runners[i];
	return by_lock ? by_lock : runners[0];
}

static bool
take_scripts(struct import *im, json_t *root, const struct walk *w,
	     const char *runner, struct import_mistake *m)
{
	json_t *scripts = json_object_get(root, "scripts"), *value;
	static const struct place nowhere = { 1, 1, 1 };
	const char *name;
	size_t idx = 0;

	json_object_foreach(scripts, name, value) {
		const struct place *at = idx < w->count ? &w->places[idx] :
			&nowhere;
		idx++;
		if (!json_is_string(value))
			import_note(im, NULL, at->line, name, "it is no text");
		else if (is_hook(scripts, name))
			import_note(im, NULL, at->line, name, "%s runs it "
				    "by itself", runner);
		else if (!one_script(im, scripts, name, at, runner, m))
			return false;
	}
	return true;
}

bool
import_npm(struct import *im, const char *text, size_t len,
	   const char *runner, struct import_mistake *m)
{
	json_error_t e;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	struct walk w = { text, text + len, text, 1, NULL, 0 };
	bool ok = false;

	if (!root)
		return import_wrong(m, e.line > 0 ? (unsigned)e.line : 0,
				    e.column > 0 ? (unsigned)e.column : 0,
				    "%.200s", e.text);
	find_keys(&w);
	if (!json_is_object(root))
		import_wrong(m, 1, 1, "it is no package.json: no { }");
	else if (!json_is_object(json_object_get(root, "scripts")))
		import_wrong(m, 0, 0, "there are no \"scripts\" in it");
	else
		ok = take_scripts(im, root, &w, choose_runner(root, runner),
				  m);
	free(w.places);
	json_decref(root);
	return ok;
}
