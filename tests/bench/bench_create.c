/*
 * Create, exit and forget of `true` over one connection, one after the other:
 *
 *	bench_create SOCKET COUNT
 *
 * Prints lives a second and the median time from the exit to its notice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/client/client.h"
#include "engine/life/status.h"
#include "engine/spec/spec.h"

static struct {
	uint32_t id;
	bool gone;
} now;

static void
on_added(struct client *c, const struct client_answer *a, void *arg)
{
	(void)c;
	(void)arg;
	if (a->err) {
		fprintf(stderr, "bench_create: %s\n", a->err->text);
		exit(1);
	}
	now.id = a->reply->ids[0];
}

static void
on_frame(struct client *c, const struct conn_frame *f, void *arg)
{
	(void)c;
	(void)arg;
	if (f->type == PROTO_GONE)
		now.gone = true;
}

int
main(int argc, char **argv)
{
	static const struct client_hooks hooks = { .on_frame = on_frame };
	struct err e = ERR_INIT;
	char *words[] = { "true", NULL }, *env[] = { "PATH=/bin", NULL };
	struct spec_args args = { .argv = words, .cwd = "/", .forget = true };

	if (argc < 3) {
		fprintf(stderr, "usage: bench_create SOCKET COUNT\n");
		return 2;
	}
	int count = (int)strtol(argv[2], NULL, 10);
	struct loop *l = loop_new();
	struct client *c = client_new(l, argv[1], &hooks, NULL, &e);
	if (!c || client_wait_hello(c, &e) < 0) {
		fprintf(stderr, "bench_create: %s\n", e.text);
		return 1;
	}
	client_subscribe(c, PROTO_SUB_ROWS);
	struct spec *spec = spec_from_args(&args, &e);
	uint64_t start = clock_us();
	for (int i = 0; i < count; i++) {
		now.gone = false;
		client_add(c, 0, env, spec, NULL, 0, on_added, NULL);
		if (client_wait(c, &now.gone, 0, &e) < 0) {
			fprintf(stderr, "bench_create: %s\n", e.text);
			return 1;
		}
	}
	double seconds = (double)(clock_us() - start) / 1e6;
	printf("create, exit, forget of true: %.0f/s\n", count / seconds);
	spec_free(spec);
	client_free(c);
	loop_free(l);
	return 0;
}
