#include "pathglob.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"

enum { GLOB_LEN_MAX = 4096 };

struct part {
	char *text;
	bool any_depth;		/* ** */
	bool wild;		/* has wildcards */
	bool plain;		/* is compared as it is */
};

struct pattern {
	struct part *parts;
	size_t count;
	bool out;		/* takes away */
	bool anywhere;		/* ... below any base */
};

struct pathglobs {
	struct pattern *patterns;
	size_t count;
	char **bases;
	size_t base_count;
};

/* What editors and tools put beside a file for a moment. */
static const char *const leftovers[] = {
	"*~", "#*#", "4913", "*.swp", "*.swo", "*.swx", "*.kate-swp",
	"___jb_*___", "*.crdownload", "*.part",
};

/* --- one name ----------------------------------------------------------- */

static bool
is_leftover(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(leftovers); i++)
		if (fnmatch(leftovers[i], name, 0) == 0)
			return true;
	return false;
}

/* May a wildcard stand for this name? */
static bool
is_common(const char *name)
{
	return name[0] != '.' && !is_leftover(name);
}

static bool
part_fits(const struct part *p, const char *name, bool out)
{
	if (p->plain)
		return strcmp(p->text, name) == 0;
	if (p->wild && !out && p->text[0] != '.' && !is_common(name))
		return false;
	return fnmatch(p->text, name, out ? 0 : FNM_PERIOD) == 0;
}

/* --- a path: sets of places in the pattern, one bit each ---------------- */

/* "**" may stand for nothing. */
static uint64_t
close_over(const struct pattern *pt, uint64_t at)
{
	for (size_t i = 0; i < pt->count; i++)
		if ((at & 1ull << i) && pt->parts[i].any_depth)
			at |= 1ull << (i + 1);
	return at;
}

static uint64_t
step(const struct pattern *pt, uint64_t at, const char *name)
{
	uint64_t next = 0;

	for (size_t i = 0; i < pt->count; i++) {
		if (!(at & 1ull << i))
			continue;
		const struct part *p = &pt->parts[i];
		if (p->any_depth) {
			if (pt->out || is_common(name))
				next |= 1ull << i;
		} else if (part_fits(p, name, pt->out)) {
			next |= 1ull << (i + 1);
		}
	}
	return close_over(pt, next);
}

static bool
is_final(const struct pattern *pt, uint64_t at)
{
	return at & 1ull << pt->count;
}

/* Copies the next name of *path to out and moves past it. */
static bool
next_name(const char **path, char out[256])
{
	*path += strspn(*path, "/");
	size_t len = strcspn(*path, "/");
	if (len == 0 || len >= 256)
		return false;
	memcpy(out, *path, len);
	out[len] = '\0';
	*path += len;
	return true;
}

static bool
is_below(const char *path, const char *base)
{
	size_t len = strlen(base);

	if (len == 1)
		return true;
	return strncmp(path, base, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* Where the part of path below its base begins. */
static const char *
below_base(const struct pathglobs *g, const char *path)
{
	for (size_t i = 0; i < g->base_count; i++)
		if (is_below(path, g->bases[i]))
			return path + (g->bases[i][1] ? strlen(g->bases[i]) :
				       0);
	return path;
}

/* The places after all of path; of one that takes away, as soon as it fits:
 * what is below goes with it. */
static uint64_t
walk(const struct pattern *pt, const char *path)
{
	uint64_t at = close_over(pt, 1);
	char name[256];

	while (at && next_name(&path, name)) {
		at = step(pt, at, name);
		if (pt->out && is_final(pt, at))
			break;
	}
	return at;
}

static bool
is_out(const struct pathglobs *g, const char *path)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct pattern *pt = &g->patterns[i];
		if (pt->out &&
		    is_final(pt, walk(pt, pt->anywhere ? below_base(g, path) :
				      path)))
			return true;
	}
	return false;
}

bool
pathglobs_has_file(const struct pathglobs *g, const char *path)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct pattern *pt = &g->patterns[i];
		if (!pt->out && is_final(pt, walk(pt, path)))
			return !is_out(g, path);
	}
	return false;
}

bool
pathglobs_has_dir(const struct pathglobs *g, const char *path)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct pattern *pt = &g->patterns[i];
		uint64_t more = (1ull << pt->count) - 1;
		if (!pt->out && (walk(pt, path) & more))
			return !is_out(g, path);
	}
	return false;
}

/* --- making them -------------------------------------------------------- */

static void
add_part(struct pattern *pt, const char *text, size_t len)
{
	pt->parts = mem_grow(pt->parts, pt->count, pt->count + 1,
			     sizeof *pt->parts);
	struct part *p = &pt->parts[pt->count++];
	*p = (struct part){ .text = mem_strn(text, len) };
	p->any_depth = strcmp(p->text, "**") == 0;
	p->plain = !strpbrk(p->text, "*?[\\");
	for (const char *c = p->text; *c; c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (strchr("*?[", *c))
			p->wild = true;
	}
}

static void
drop_part(struct pattern *pt)
{
	free(pt->parts[--pt->count].text);
}

/* 0, or -1: it goes up from a name that is not known. */
static int
add_parts(struct pattern *pt, const char *path)
{
	while (*(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");
		bool up = len == 2 && memcmp(path, "..", 2) == 0;
		if (up && pt->count > 0) {
			if (pt->parts[pt->count - 1].wild)
				return -1;
			drop_part(pt);
		} else if (!up && !(len == 1 && *path == '.')) {
			add_part(pt, path, len);
		}
		path += len;
	}
	return 0;
}

static void
pattern_fini(struct pattern *pt)
{
	while (pt->count > 0)
		drop_part(pt);
	free(pt->parts);
}

/* A directory that is above all that fits: the names without wildcards, the
 * last one aside. */
static char *
fixed_dir(const struct pattern *pt)
{
	char *dir = mem_str("/");
	size_t i = 0;

	for (; i + 1 < pt->count && pt->parts[i].plain; i++) {
		char *longer = mem_fmt("%s%s%s", dir, i ? "/" : "",
				       pt->parts[i].text);
		free(dir);
		dir = longer;
	}
	return dir;
}

static void
add_base(struct pathglobs *g, char *dir)
{
	for (size_t i = 0; i < g->base_count; i++)
		if (is_below(dir, g->bases[i])) {
			free(dir);
			return;
		}
	for (size_t i = 0; i < g->base_count;) {
		if (!is_below(g->bases[i], dir)) {
			i++;
			continue;
		}
		free(g->bases[i]);
		g->bases[i] = g->bases[--g->base_count];
	}
	g->bases = mem_grow(g->bases, g->base_count, g->base_count + 1,
			    sizeof *g->bases);
	g->bases[g->base_count++] = dir;
}

static int
wrong(struct err *e, const char *glob, const char *what)
{
	return err_set(e, ERR_USAGE, "files '%s': %s", glob, what);
}

/* One pattern without braces; below: with all that is below it. */
static int
add_pattern(struct pathglobs *g, const char *cwd, const char *glob, bool out,
	    bool below, struct err *e)
{
	struct pattern pt = { .out = out };
	bool slash = *glob && glob[strlen(glob) - 1] == '/';
	int rc = 0;

	if (g->count >= PATHGLOB_MAX)
		return wrong(e, glob, "more than 256 patterns");
	pt.anywhere = out && strcspn(glob, "/") >= strlen(glob) - slash;
	if (pt.anywhere)
		add_part(&pt, "**", 2);
	else if (*glob != '/')
		(void)add_parts(&pt, cwd);
	size_t fixed = pt.count;
	/* Names of the directory it is in are no patterns. */
	for (size_t i = 0; !pt.anywhere && i < fixed; i++) {
		pt.parts[i].plain = true;
		pt.parts[i].wild = pt.parts[i].any_depth = false;
	}
	if (add_parts(&pt, glob) < 0)
		rc = wrong(e, glob, "'..' behind a wildcard");
	if (rc == 0 && !out && (below || slash || pt.count <= fixed))
		add_part(&pt, "**", 2);
	/* A "**" at the end are the files below, not the directory. */
	if (rc == 0 && !out && pt.count && pt.parts[pt.count - 1].any_depth)
		add_part(&pt, "*", 1);
	if (rc == 0 && pt.count > PATHGLOB_PARTS_MAX)
		rc = wrong(e, glob, "too many directories");
	if (rc == 0 && pt.count <= pt.anywhere)
		rc = wrong(e, glob, "this takes everything away");
	if (rc < 0) {
		pattern_fini(&pt);
		return rc;
	}
	bool again = !out && !below && pt.parts[pt.count - 1].plain;
	g->patterns = mem_grow(g->patterns, g->count, g->count + 1,
			       sizeof *g->patterns);
	g->patterns[g->count++] = pt;
	if (!out) {
		char *dir = fixed_dir(&pt);
		if (is_below(dir, cwd)) {
			free(dir);
			dir = mem_str(cwd);
		}
		add_base(g, dir);
	}
	return again ? add_pattern(g, cwd, glob, out, true, e) : 0;
}

/* The '}' that belongs to the '{' at open, or NULL. */
static const char *
find_close(const char *open)
{
	size_t depth = 0;

	for (const char *p = open; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

static const char *
find_open(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			return p;
	}
	return NULL;
}

/* Every choice of a brace makes a pattern of its own. */
static int
expand(struct pathglobs *g, const char *cwd, const char *glob, bool out,
       struct err *e)
{
	const char *open = find_open(glob);
	int rc = 0;

	if (!open)
		return add_pattern(g, cwd, glob, out, false, e);
	const char *close = find_close(open);
	if (!close)
		return wrong(e, glob, "'{' without '}'");
	for (const char *from = open + 1, *p = from; rc == 0; p++) {
		if (*p == '\\' && p + 1 < close) {
			p++;
		} else if (*p == '{') {
			p = find_close(p);
		} else if (p == close || *p == ',') {
			char *one = mem_fmt("%.*s%.*s%s", (int)(open - glob),
					    glob, (int)(p - from), from,
					    close + 1);
			rc = expand(g, cwd, one, out, e);
			free(one);
			from = p + 1;
			if (p == close)
				break;
		}
	}
	return rc;
}

struct pathglobs *
pathglobs_new(const char *cwd, char *const *globs, struct err *e)
{
	struct pathglobs *g = mem_alloc(sizeof *g);
	struct pattern clean = { 0 };

	/* As paths are: without "." and a slash at the end. */
	(void)add_parts(&clean, cwd);
	add_part(&clean, "", 0);
	for (size_t i = 0; i < clean.count; i++)
		clean.parts[i].plain = true;
	char *dir = fixed_dir(&clean);
	pattern_fini(&clean);

	int rc = 0;
	for (size_t i = 0; globs[i] && rc == 0; i++) {
		bool out = globs[i][0] == '!';
		const char *glob = globs[i] + out;
		if (*glob == '\0')
			rc = wrong(e, globs[i], "this is empty");
		else if (strlen(glob) > GLOB_LEN_MAX)
			rc = wrong(e, "...", "this is too long");
		else
			rc = expand(g, dir, glob, out, e);
	}
	free(dir);
	if (rc == 0 && g->base_count == 0)
		rc = err_set(e, ERR_USAGE, "files: all patterns take away, "
			     "none says what is meant");
	if (rc == 0)
		return g;
	pathglobs_free(g);
	return NULL;
}

void
pathglobs_free(struct pathglobs *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->count; i++)
		pattern_fini(&g->patterns[i]);
	for (size_t i = 0; i < g->base_count; i++)
		free(g->bases[i]);
	free(g->patterns);
	free(g->bases);
	free(g);
}

size_t
pathglobs_bases(const struct pathglobs *g, const char *const **out)
{
	*out = (const char *const *)g->bases;
	return g->base_count;
}
