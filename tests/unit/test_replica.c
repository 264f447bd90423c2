#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/msg.h"
#include "engine/core/autoport.h"
#include "engine/core/core.h"
#include "engine/spec/replica.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct spec *
definition(unsigned port)
{
	struct spec *s = spec_new();

	free(s->name);
	s->name = mem_str("w");
	s->command = mem_str("x");
	s->cwd = mem_str("/");
	s->ports = mem_array(2, sizeof *s->ports);
	s->port_count = 2;
	s->ports[0] = (struct spec_port){ mem_str("web"), port };
	s->ports[1] = (struct spec_port){ mem_str("any"), 0 };
	s->ready.kind = SPEC_PROBE_PORT;
	s->ready.port = port;
	s->live.kind = SPEC_PROBE_PORT;
	s->live.port = port + 100;
	s->replicas = 3;
	return s;
}

static const char *
url_of_third(const char *url)
{
	static char out[100];
	struct err e = ERR_INIT;
	struct spec *s = definition(8000);

	s->url = mem_str(url);
	struct spec *first = replica_new(s, 0, &e);
	struct spec *third = replica_new(first, 2, &e);
	snprintf(out, sizeof out, "%s", third->url);
	spec_free(third);
	spec_free(first);
	spec_free(s);
	return out;
}

TEST(each_has_a_url_of_its_own)
{
	EQ_STR(url_of_third("http://a:8000/x?y=:8000"),
	       "http://a:8002/x?y=:8000");
	EQ_STR(url_of_third("http://[::1]:8000"), "http://[::1]:8002");
	EQ_STR(url_of_third("http://a:9000/"), "http://a:9000/");
	EQ_STR(url_of_third("http://a/:8000"), "http://a/:8000");
	EQ_STR(url_of_third("http://[::8000]/"), "http://[::8000]/");
	EQ_STR(url_of_third("http://a:0/"), "http://a:0/");
	EQ_STR(url_of_third("x"), "x");
}

TEST(each_has_a_name_and_ports_of_its_own)
{
	struct err e = ERR_INIT;
	struct spec *s = definition(8000);
	struct spec *two = replica_new(s, 2, &e);
	struct spec *five = replica_new(two, 5, &e);
	struct spec *none = replica_new(five, 0, &e);

	EQ_STR(two->name, "w.2");
	EQ_STR(five->name, "w.5");
	EQ_STR(none->name, "w.0");
	EQ_STR(five->replica_of, "w");
	EQ_INT(two->ports[0].port, 8002);
	EQ_INT(five->ports[0].port, 8005);
	EQ_INT(none->ports[0].port, 8000);
	EQ_INT(five->ports[1].port, 0);
	/* A check of its own port goes with it, one of another's does not. */
	EQ_INT(five->ready.port, 8005);
	EQ_INT(five->live.port, 8100);
	OK(replica_is_meant(five, "w") && replica_is_meant(five, "w.5"));
	OK(!replica_is_meant(five, "w.") && !replica_is_meant(five, "w.2"));
	OK(replica_is_meant(s, "w") && !replica_is_meant(s, "w.0"));
	spec_free(s);
	spec_free(two);
	spec_free(five);
	spec_free(none);
}

TEST(picked_ports_of_a_record)
{
	struct proc p = { .id = 1 };
	struct buf b = BUF_INIT(4 * SPEC_LIST_MAX);
	struct msg_reader r;

	msg_put_u32(&b, 2);
	msg_put_u16(&b, 8001);
	msg_put_u16(&b, 8002);
	msg_open(&r, b.data, b.len);
	autoport_unpack(&p, &r);
	OK(msg_done(&r));
	EQ_INT(p.auto_count, 2);
	EQ_INT(p.auto_ports[1], 8002);
	free(p.auto_ports);
	p = (struct proc){ .id = 1 };
	/* What follows is no record any more. */
	buf_clear(&b);
	msg_put_u32(&b, SPEC_LIST_MAX + 1);
	for (int i = 0; i < SPEC_LIST_MAX + 1; i++)
		msg_put_u16(&b, 1);
	msg_open(&r, b.data, b.len);
	autoport_unpack(&p, &r);
	OK(r.bad);
	EQ_INT(p.auto_count, 0);
	buf_fini(&b);
}

TEST(what_cannot_be)
{
	struct err e = ERR_INIT;
	struct spec *s = definition(65534);

	OK(!replica_new(s, 2, &e));
	EQ_STR(e.text, "'w.2' would have port 65536");
	free(s->name);
	s->name = mem_alloc(SPEC_NAME_MAX + 1);
	memset(s->name, 'n', SPEC_NAME_MAX);
	s->name[SPEC_NAME_MAX] = '\0';
	OK(!replica_new(s, 0, &e));
	spec_free(s);
}

TEST(a_file_for_each)
{
	static const char *const paths[][2] = {
		{ "logs/w.log", "logs/w.3.log" }, { "w", "w.3" },
		{ "/a.b/w", "/a.b/w.3" }, { "/a.b/.w", "/a.b/.w.3" },
		{ "w.tar.gz", "w.tar.3.gz" },
	};
	struct err e = ERR_INIT;
	struct spec *s = definition(0), *r = replica_new(s, 3, &e);

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char *got = replica_path(r, paths[i][0]);
		EQ_STR(got, paths[i][1]);
		free(got);
		got = replica_path(s, paths[i][0]);
		EQ_STR(got, paths[i][0]);
		free(got);
	}
	spec_free(s);
	spec_free(r);
}

TEST_MAIN()
