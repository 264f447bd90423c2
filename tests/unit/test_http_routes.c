/* The table of routes and doc/openapi.json say the same, both ways. */
#include "tests/lib/test.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "engine/http/http_api.h"

static json_t *
load_paths(json_t **doc)
{
	json_error_t why;

	*doc = json_load_file("doc/openapi.json", JSON_REJECT_DUPLICATES,
			      &why);
	if (!*doc)
		fprintf(stderr, "doc/openapi.json:%d: %s\n", why.line,
			why.text);
	return json_object_get(*doc, "paths");
}

static const struct http_route *
find(const char *method, const char *path)
{
	for (size_t i = 0; i < http_route_count; i++)
		if (strcasecmp(http_routes[i].method, method) == 0 &&
		    strcmp(http_routes[i].path, path) == 0)
			return &http_routes[i];
	return NULL;
}

TEST(every_route_is_in_the_document)
{
	json_t *doc, *paths = load_paths(&doc);

	OK(paths != NULL);
	for (size_t i = 0; i < http_route_count; i++) {
		char method[16] = "";
		for (size_t k = 0; http_routes[i].method[k] && k < 15; k++)
			method[k] = (char)tolower(http_routes[i].method[k]);
		json_t *op = json_object_get(json_object_get(paths,
					     http_routes[i].path), method);
		if (!op)
			TEST_FAIL("%s %s is not in doc/openapi.json",
				  http_routes[i].method, http_routes[i].path);
		bool body = json_object_get(op, "requestBody") != NULL;
		if (body != !!(http_routes[i].flags & HTTP_JSON))
			TEST_FAIL("%s %s: has it a body or not?",
				  http_routes[i].method, http_routes[i].path);
	}
	json_decref(doc);
}

TEST(every_operation_of_the_document_is_a_route)
{
	json_t *doc, *paths = load_paths(&doc), *methods, *op;
	const char *path, *method;

	OK(paths != NULL);
	json_object_foreach(paths, path, methods)
		json_object_foreach(methods, method, op)
			if (!find(method, path))
				TEST_FAIL("%s %s answers nobody", method,
					  path);
	json_decref(doc);
}

TEST(no_route_is_there_twice)
{
	for (size_t i = 0; i < http_route_count; i++)
		OK(find(http_routes[i].method, http_routes[i].path) ==
		   &http_routes[i]);
}

TEST_MAIN()
