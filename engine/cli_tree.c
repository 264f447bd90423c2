#include "cli_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cli_ctx.h"
#include "client.h"
#include "jsonout.h"
#include "mem.h"
#include "proto.h"
#include "rowfmt.h"

struct cli_member {
	int pid, ppid;
	uint64_t cpu_us, rss_bytes;
	const char *command;
	bool left;		/* by a run that is over */
};

/* What stands before the next separator; "" behind the last one. */
static char *
take(char **s, char separator)
{
	char *at = *s, *end = strchr(at, separator);

	if (!end) {
		*s = at + strlen(at);
		return *s;
	}
	*end = '\0';
	*s = end + 1;
	return at;
}

static void
take_record(struct cli_tree *t, char *text)
{
	struct cli_member m = { .pid = 0 };

	const char *kind = take(&text, PROTO_FIELD_END);
	m.left = strcmp(kind, "left") == 0;
	if (!m.left && strcmp(kind, "tree") != 0)
		return;
	const char *ids = take(&text, PROTO_FIELD_END);
	const char *figures = take(&text, PROTO_FIELD_END);
	m.command = take(&text, PROTO_FIELD_END);
	if (sscanf(ids, "%d %d", &m.pid, &m.ppid) != 2 ||
	    sscanf(figures, "%" SCNu64 " %" SCNu64, &m.cpu_us,
		   &m.rss_bytes) != 2)
		return;
	t->v = mem_grow(t->v, t->count, t->count + 1, sizeof *t->v);
	t->v[t->count++] = m;
}

int
cli_tree_ask(struct cli *c, const char *name, struct cli_tree *t)
{
	char *names[] = { mem_str(name), NULL };
	struct proto_request q = { .verb = PROTO_V_DETAILS, .names = names };
	struct client_result r = { .text = NULL };

	*t = (struct cli_tree){ .text = NULL };
	int rc = client_call(c->client, &q, &r, &c->err);
	free(names[0]);
	if (rc == 0)
		t->text = mem_str(r.text ? r.text : "");
	client_result_fini(&r);
	for (char *s = t->text; s && *s;)
		take_record(t, take(&s, PROTO_RECORD_END));
	return rc < 0 ? -1 : 0;
}

void
cli_tree_fini(struct cli_tree *t)
{
	free(t->text);
	free(t->v);
}

int
cli_tree_text(struct buf *out, const struct cli_tree *t)
{
	int rc = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct cli_member *m = &t->v[i];
		rc |= buf_addf(out, "%-9s %7d %4" PRIu64 "M  ",
			       i ? "" : "members", m->pid,
			       m->rss_bytes >> 20);
		rc |= rowfmt_plain(out, m->command);
		if (m->left)
			rc |= buf_adds(out, "  (left)");
		rc |= buf_addc(out, '\n');
	}
	return rc ? -EMSGSIZE : 0;
}

void
cli_tree_json(struct jsonout *j, const struct cli_tree *t)
{
	if (t->count == 0)
		return;
	jsonout_array(j, "tree");
	for (size_t i = 0; i < t->count; i++) {
		const struct cli_member *m = &t->v[i];
		jsonout_object(j, NULL);
		jsonout_int(j, "pid", m->pid);
		jsonout_int(j, "ppid", m->ppid);
		jsonout_uint(j, "cpu_ms", m->cpu_us / 1000);
		jsonout_uint(j, "rss", m->rss_bytes);
		jsonout_string(j, "command", m->command);
		if (m->left)
			jsonout_bool(j, "left", true);
		jsonout_close(j);
	}
	jsonout_close(j);
}
