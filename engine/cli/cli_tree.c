#include "cli_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "cli_ctx.h"
#include "client/client.h"
#include "spec/detailrow.h"
#include "spec/proto.h"
#include "text/rowfmt.h"

int
cli_tree_ask(struct cli *c, const char *name, struct cli_tree *t)
{
	char *names[] = { mem_str(name), NULL };
	struct proto_request q = { .verb = PROTO_V_DETAILS, .names = names };
	struct client_result r = { .text = NULL };

	*t = (struct cli_tree){ .text = NULL };
	int rc = cli_call(c, &q, &r);
	free(names[0]);
	if (rc == 0)
		t->text = mem_str(r.text ? r.text : "");
	client_result_fini(&r);
	struct detailrow row;
	struct detailrow_member m;
	for (char *s = t->text; s && detailrow_next(&s, &row);) {
		if (!detailrow_member(&row, &m))
			continue;
		t->v = mem_grow(t->v, t->count, t->count + 1, sizeof *t->v);
		t->v[t->count++] = m;
	}
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
		const struct detailrow_member *m = &t->v[i];
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
		const struct detailrow_member *m = &t->v[i];
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
