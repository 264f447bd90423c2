#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/base.h"
#include "engine/http/http_api.h"
#include "engine/http/http_route.h"
#include "tests/lib/test.h"

static void
nothing(struct http_request *r, void *arg)
{
	(void)r;
	(void)arg;
}

static const struct http_route rows[] = {
	{ "GET", "/v1/health", nothing, 0, "" },
	{ "POST", "/v1/p/run", nothing, 1, "" },
	{ "GET", "/v1/p/{id}", nothing, 2, "" },
	{ "DELETE", "/v1/p/{id}", nothing, 3, "" },
	{ "GET", "/v1/p/{id}/w/{watch}", nothing, 4, "" },
};

/* The flags of the row that answers, -1 if none does. */
static int
find(const char *method, const char *path, struct http_match *m)
{
	http_match(rows, ARRAY_LEN(rows), method, path, m);
	return m->row ? (int)m->row->flags : -1;
}

TEST(rows_are_found)
{
	struct http_match m;

	EQ_INT(find("GET", "/v1/health", &m), 0);
	EQ_INT(find("HEAD", "/v1/health", &m), 0);
	EQ_STR(m.allow, "GET,HEAD");
	EQ_INT(find("POST", "/v1/p/run", &m), 1);
	EQ_STR(m.allow, "POST,GET,HEAD,DELETE");
	EQ_INT(find("GET", "/v1/p/7", &m), 2);
	EQ_STR(http_match_param(&m, "id"), "7");
	http_match_fini(&m);
	EQ_INT(find("DELETE", "/v1/p/a%2Fb%20", &m), 3);
	EQ_STR(http_match_param(&m, "id"), "a/b ");
	http_match_fini(&m);
	EQ_INT(find("GET", "/v1/p/1/w/x+y", &m), 4);
	EQ_STR(http_match_param(&m, "id"), "1");
	EQ_STR(http_match_param(&m, "watch"), "x+y");
	http_match_fini(&m);
}

TEST(others_are_not)
{
	static const char *const paths[] = {
		"", "/", "v1/health", "/v1", "/v1/health/", "/v1//health",
		"/v1/health/x", "/v1/p/", "/v1/p//w/x", "/v1/p/1/w", "*",
		"/v1/p/%00", "/v1/healt%00", "/V1/health", "//v1/health",
		"/v1/p/1/w/", "/v1/p/1/", "http://h/v1/health",
	};
	struct http_match m;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		EQ_INT(find("GET", paths[i], &m), -1);
		EQ_STR(m.allow, "");
	}
	EQ_INT(find("PUT", "/v1/health", &m), -1);
	EQ_STR(m.allow, "GET,HEAD");
	EQ_INT(find("get", "/v1/health", &m), -1);
	EQ_INT(find("GET", "/v1/p/run", &m), 2);
	http_match_fini(&m);
}

TEST(targets_may_be_absolute)
{
	EQ_STR(http_target("/v1/health?x"), "/v1/health?x");
	EQ_STR(http_target("http://h:1/v1/health?x"), "/v1/health?x");
	EQ_STR(http_target("HTTP://[::1]/"), "/");
	EQ_STR(http_target("http://h"), "");
	EQ_STR(http_target("http://h?http://x/y"), "?http://x/y");
	EQ_STR(http_target("https://h/v1"), "https://h/v1");
	EQ_STR(http_target("/http://h/v1"), "/http://h/v1");
	EQ_STR(http_target(""), "");
}

TEST(texts_are_decoded)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "a%41", "aA" }, { "%e2%82%ac", "€" },
		{ "%E2%82%AC", "€" }, { "%", "%" }, { "%4", "%4" },
		{ "%zz", "%zz" }, { "%4g", "%4g" }, { "%%41", "%A" },
		{ "a+b", "a+b" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		char *text = http_decode(pairs[i][0], strlen(pairs[i][0]));
		EQ_STR(text, pairs[i][1]);
		free(text);
	}
	OK(!http_decode("a%00b", 5));
	char *part = http_decode("%41%4", 4);
	EQ_STR(part, "A%");
	free(part);
}

static int
query(const char *text, const char *name, const char *want)
{
	char *out;
	int r = http_query_find(text, name, &out);
	int same = want ? out && strcmp(out, want) == 0 : !out;

	free(out);
	return same ? r : 99;
}

TEST(queries)
{
	EQ_INT(query("a=1&b=2", "b", "2"), 1);
	EQ_INT(query("a=1&b=2", "c", NULL), 0);
	EQ_INT(query(NULL, "a", NULL), 0);
	EQ_INT(query("", "a", NULL), 0);
	EQ_INT(query("a", "a", ""), 1);
	EQ_INT(query("a=", "a", ""), 1);
	EQ_INT(query("&&a=1&", "a", "1"), 1);
	EQ_INT(query("a=b=c", "a", "b=c"), 1);
	EQ_INT(query("a=x+y%2B", "a", "x y+"), 1);
	EQ_INT(query("%61=1", "a", "1"), 1);
	EQ_INT(query("ab=1", "a", NULL), 0);
	EQ_INT(query("a=1&a=1", "a", NULL), -EINVAL);
	EQ_INT(query("a=1&a=2&a=3", "a", NULL), -EINVAL);
	EQ_INT(query("a=%00", "a", NULL), -EINVAL);
	EQ_INT(query("%00=1", "a", NULL), 0);
}

TEST(hosts)
{
	static const char *const local[] = {
		"localhost", "localhost:2468", "LocalHost", "127.0.0.1",
		"127.0.0.1:1", "[::1]:2468", "[::1]", "192.168.1.7:80",
		"web.localhost", "own.test:1", "OWN.test",
	};
	static const char *const foreign[] = {
		"", ":80", "evil.test", "evil.test:2468", "localhost.evil",
		"127.0.0.1.evil.test", "notlocalhost", "[::1", "[]", "1.2.3",
		"127.0.0.1 ", "own.test.evil", "localhost.", "0x7f.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		OK(http_host_is_local(local[i], "own.test"));
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		OK(!http_host_is_local(foreign[i], "own.test"));
	OK(!http_host_is_local("own.test", NULL));
	OK(!http_host_is_local(NULL, NULL));
}

TEST(origins)
{
	char *const some[] = { "https://a.test", NULL };
	char *const all[] = { "*", NULL };

	OK(http_origin_is_ours("http://localhost:1", "localhost:1", NULL));
	OK(!http_origin_is_ours("http://localhost:2", "localhost:1", NULL));
	OK(!http_origin_is_ours("https://localhost:1", "localhost:1", NULL));
	OK(!http_origin_is_ours("null", "localhost:1", NULL));
	OK(!http_origin_is_ours("http://", "", some));
	OK(!http_origin_is_ours("http://localhost:1", NULL, NULL));
	OK(http_origin_is_ours("https://a.test", "localhost:1", some));
	OK(!http_origin_is_ours("https://a.test:1", "localhost:1", some));
	OK(!http_origin_is_ours("https://b.test", NULL, some));
	OK(http_origin_is_ours("https://b.test", NULL, all));
}

TEST(tokens)
{
	OK(http_token_is("abc", "abc"));
	OK(http_token_is("abc \t", "abc"));
	OK(!http_token_is("ab c", "abc"));
	OK(!http_token_is(" ", "abc"));
	OK(!http_token_is("abd", "abc"));
	OK(!http_token_is("ab", "abc"));
	OK(!http_token_is("abcabc", "abc"));
	OK(!http_token_is("", "abc"));
	EQ_STR(http_bearer("Bearer abc"), "abc");
	EQ_STR(http_bearer("bearer   abc"), "abc");
	EQ_STR(http_bearer("Bearer "), "");
	OK(!http_bearer("Basic abc"));
	OK(!http_bearer("Bearerabc"));
	OK(!http_bearer(NULL));
}

TEST(ids)
{
	char text[HTTP_ID_MAX];

	EQ_INT(http_api_id("proc_1"), 1);
	EQ_INT(http_api_id("proc_4294967295"), UINT32_MAX);
	EQ_INT(http_api_id("proc_4294967296"), 0);
	EQ_INT(http_api_id("proc_0"), 0);
	EQ_INT(http_api_id("proc_"), 0);
	EQ_INT(http_api_id("proc_1x"), 0);
	EQ_INT(http_api_id("proc_-1"), 0);
	EQ_INT(http_api_id("Proc_1"), 0);
	EQ_INT(http_api_id(""), 0);
	http_api_id_text(UINT32_MAX, text);
	EQ_STR(text, "proc_4294967295");
}

/* Whoever adds a row says what it is, and hides no other one. */
TEST(the_table_is_whole)
{
	for (size_t i = 0; i < http_route_count; i++) {
		const struct http_route *row = &http_routes[i];
		struct http_match m;
		OK(row->path[0] == '/' && row->fn && row->help[0]);
		OK(!strchr(row->path, '%'));
		http_match(http_routes, http_route_count, row->method,
			   row->path, &m);
		OK(m.row == row);
		http_match_fini(&m);
	}
}

TEST_MAIN()
