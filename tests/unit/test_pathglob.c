#include "engine/life/pathglob.h"

#include "engine/base/err.h"
#include "tests/lib/test.h"

/* Globs in one string, blanks between them. */
static struct pathglobs *
globs_at(const char *cwd, const char *text, struct err *e)
{
	char copy[6000], *v[300];
	size_t n = 0;
	snprintf(copy, sizeof copy, "%s", text);
	for (char *p = strtok(copy, " "); p && n < 299; p = strtok(NULL, " "))
		v[n++] = p;
	v[n] = NULL;
	return pathglobs_new(cwd, v, e);
}

static int
has(const char *globs, const char *file)
{
	struct pathglobs *g = globs_at("/p", globs, NULL);
	int r = pathglobs_has_file(g, file);
	pathglobs_free(g);
	return r;
}

static int
dir(const char *globs, const char *path)
{
	struct pathglobs *g = globs_at("/p", globs, NULL);
	int r = pathglobs_has_dir(g, path);
	pathglobs_free(g);
	return r;
}

TEST(files)
{
	OK(has("*.c", "/p/a.c"));
	OK(!has("*.c", "/p/a.h"));
	OK(!has("*.c", "/p/d/a.c"));
	OK(!has("*.c", "/q/a.c"));
	OK(has("**/*.c", "/p/a.c"));
	OK(has("**/*.c", "/p/d/e/a.c"));
	OK(has("src/**/*.c", "/p/src/a.c"));
	OK(has("src/**/*.c", "/p/src/d/a.c"));
	OK(!has("src/**/*.c", "/p/srcs/a.c"));
	OK(has("src/**", "/p/src/d/a"));
	OK(!has("src/**", "/p/src"));
	OK(has("a/**/b/**/c", "/p/a/x/b/y/b/c"));
	OK(!has("a/**/b/**/c", "/p/a/x/y/c"));
	OK(has("src", "/p/src"));
	OK(has("src", "/p/src/d/a"));
	OK(has("src/", "/p/src/d/a"));
	OK(has("./src//*.c", "/p/src/a.c"));
	OK(has("../q/*.c", "/q/a.c"));
	OK(has("/x/y/*.c", "/x/y/a.c"));
	OK(has(".", "/p/a/b"));
	OK(has("[ab].c ?.h", "/p/b.c"));
	OK(has("[ab].c ?.h", "/p/x.h"));
	OK(has("src/**/*.{js,ts}", "/p/src/a.ts"));
	OK(!has("src/**/*.{js,ts}", "/p/src/a.tsx"));
	OK(has("{a,b{c,d}}/x", "/p/bd/x"));
	OK(has("\\*.c", "/p/*.c"));
	OK(!has("\\*.c", "/p/a.c"));
	OK(has("\\{a", "/p/{a"));
}

TEST(what_is_taken_out)
{
	OK(!has("src/**/*.js !**/*.test.js", "/p/src/d/a.test.js"));
	OK(has("src/**/*.js !**/*.test.js", "/p/src/d/a.js"));
	OK(!has("!**/*.test.js src/**/*.js", "/p/src/d/a.test.js"));
	OK(!has("** !build/**", "/p/build/a"));
	OK(has("** !build/**", "/p/x/build/a"));
	OK(!has("** !build", "/p/x/build/a"));
	OK(!has("** !build/", "/p/x/build/a"));
	OK(!has("** !*.o", "/p/x/y/a.o"));
	OK(!has(".a/** !*", "/p/.a/b"));
	OK(!has("../q/** !*.o", "/q/y/a.o"));
	OK(!dir("** !build", "/p/x/build"));
	OK(dir("** !build", "/p/x"));
	/* The directory it all is in may have that name. */
	struct pathglobs *g = globs_at("/h/build/p", "** !build", NULL);
	OK(pathglobs_has_file(g, "/h/build/p/a"));
	OK(!pathglobs_has_file(g, "/h/build/p/build/a"));
	pathglobs_free(g);
}

TEST(what_wildcards_leave_alone)
{
	OK(!has("**", "/p/.git/HEAD"));
	OK(!has("**", "/p/src/.a.c.swp"));
	OK(!has("**", "/p/src/a.c~"));
	OK(!has("src/*", "/p/src/4913"));
	OK(!has("src/*", "/p/src/#a#"));
	OK(!has("src/*.c", "/p/src/.#a.c"));
	OK(has(".env*", "/p/.env.local"));
	OK(has(".git/HEAD", "/p/.git/HEAD"));
	OK(has(".github/**", "/p/.github/w/a.yml"));
	OK(has("*.c", "/p/43.c"));
	OK(!dir("**", "/p/.git"));
	OK(!dir("**/*.js", "/p/.cache"));
	/* A name of the way to it is nothing that was matched. */
	struct pathglobs *g = globs_at("/h/.w*/p", "**", NULL);
	OK(pathglobs_has_file(g, "/h/.w*/p/a"));
	OK(!pathglobs_has_file(g, "/h/.wx/p/a"));
	pathglobs_free(g);
}

TEST(directories)
{
	OK(dir("src/*.c", "/p"));
	OK(dir("src/*.c", "/p/src"));
	OK(!dir("src/*.c", "/p/src/d"));
	OK(!dir("src/*.c", "/p/lib"));
	OK(!dir("src/*.c", "/p/src/d.c"));
	OK(dir("src/*/*.c", "/p/src/d"));
	OK(dir("**/*.c", "/p/a/b/c"));
	OK(dir("src", "/p/src/d"));
	OK(!dir("src", "/p/lib"));
}

static const char *
bases(const char *cwd, const char *globs)
{
	static char out[500];
	const char *const *v;
	struct pathglobs *g = globs_at(cwd, globs, NULL);
	size_t n = pathglobs_bases(g, &v);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(out, i ? " " : "");
		strcat(out, v[i]);
	}
	pathglobs_free(g);
	return out;
}

TEST(bases_are_above_everything)
{
	EQ_STR(bases("/p", "src/*.c lib/**"), "/p");
	EQ_STR(bases("/p/", "./x"), "/p");
	EQ_STR(bases("/p/./q/../r", "x"), "/p/r");
	EQ_STR(bases("/p", "../q/src/*.c"), "/q/src");
	EQ_STR(bases("/p", "/etc/app.conf"), "/etc");
	EQ_STR(bases("/p", "a /q/r/** /q/*.c /q/s/t"), "/p /q");
	EQ_STR(bases("/p", "/p/src/* a"), "/p");
	EQ_STR(bases("/", "*.c"), "/");
	EQ_STR(bases("/p/q", "../* a"), "/p");
}

static void
bad(const char *globs, const char *part)
{
	struct err e = ERR_INIT;
	struct pathglobs *g = globs_at("/p", globs, &e);
	if (g)
		TEST_FAIL("%s is taken", globs);
	if (!strstr(e.text, part))
		TEST_FAIL("%s: %s", globs, e.text);
}

TEST(mistakes)
{
	bad("!a !b", "none says");
	bad("a !", "empty");
	bad("a{b", "'{' without '}'");
	bad("*/../a", "'..' behind");
	bad("{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b}", "256");
	bad("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/"
	    "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
	    "too many");
	bad("/ !/", "everything");
}

/* A pattern full of stars costs no more than its length allows. */
TEST(a_hostile_pattern_ends)
{
	char globs[600] = "", path[600] = "/p";
	for (int i = 0; i < 25; i++) {
		strcat(globs, "**/a/");
		strcat(path, "/a/a");
	}
	strcat(globs, "x");
	OK(!has(globs, path));
}

TEST_MAIN()
