#include "replica.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "spec.h"

static bool
has_port(const struct spec *s, unsigned port)
{
	for (size_t i = 0; i < s->port_count; i++)
		if (s->ports[i].port == port)
			return true;
	return false;
}

static void
move_probe(struct spec_probe *p, const struct spec *of, int by)
{
	if ((p->kind == SPEC_PROBE_PORT || p->kind == SPEC_PROBE_HTTP) &&
	    p->port && has_port(of, p->port))
		p->port = (unsigned)((int)p->port + by);
}

/* The port of "SCHEME://HOST:PORT/..." where it is one of its own. */
static void
move_url(struct spec *s, const struct spec *of, int by)
{
	const char *host = s->url ? strstr(s->url, "://") : NULL;
	size_t len = host ? strcspn(host + 3, "/?#") : 0;
	const char *colon = host ? memrchr(host + 3, ':', len) : NULL;
	char *end;

	if (!colon)
		return;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (end != host + 3 + len || port == 0 || port > 65535 ||
	    !has_port(of, (unsigned)port))
		return;
	char *url = mem_fmt("%.*s:%d%s", (int)(colon - s->url), s->url,
			    (int)port + by, end);
	free(s->url);
	s->url = url;
}

/* 0 is a port that the engine picks. */
static int
move_ports(struct spec *s, const struct spec *of, int by, struct err *e)
{
	for (size_t i = 0; i < s->port_count; i++) {
		int port = (int)s->ports[i].port + by;
		if (s->ports[i].port == 0)
			continue;
		if (port > 65535)
			return err_set(e, ERR_USAGE, "'%s' would have port %d",
				       s->name, port);
		s->ports[i].port = (unsigned)port;
	}
	move_probe(&s->ready, of, by);
	move_probe(&s->live, of, by);
	move_url(s, of, by);
	return 0;
}

struct spec *
replica_new(const struct spec *of, unsigned idx, struct err *e)
{
	const char *base = of->replica_of ? of->replica_of : of->name;
	unsigned from = of->replica_of ? of->replica_idx : 0;
	struct spec *s = spec_dup(of);

	free(s->name);
	s->name = mem_fmt("%s.%u", base, idx);
	if (!s->replica_of)
		s->replica_of = mem_str(base);
	s->replica_idx = idx;
	if (spec_name_check(s->name, e) == 0 &&
	    move_ports(s, of, (int)idx - (int)from, e) == 0)
		return s;
	spec_free(s);
	return NULL;
}

bool
replica_is_meant(const struct spec *s, const char *name)
{
	return strcmp(s->name, name) == 0 ||
	       (s->replica_of && strcmp(s->replica_of, name) == 0);
}

char *
replica_path(const struct spec *s, const char *path)
{
	const char *file = strrchr(path, '/');
	const char *dot = strrchr(file ? file + 1 : path, '.');

	if (!s->replica_of)
		return mem_str(path);
	if (!dot || dot == (file ? file + 1 : path))
		dot = path + strlen(path);
	return mem_fmt("%.*s.%u%s", (int)(dot - path), path, s->replica_idx,
		       dot);
}
