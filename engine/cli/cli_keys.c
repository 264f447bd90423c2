/* keys: what the screen binds, as it tells by its hook. */

#include "cli_ctx.h"

#include "base/buf.h"

enum { OUT_MAX = 4 << 20 };

int
cli_keys(struct cli *c)
{
	struct session *s = &c->session;
	struct buf out = BUF_INIT(OUT_MAX);
	int rc = -1;

	c->found = session_find(s, cli_arg(c, CMD_OPT_FILE)->text,
				&c->err) == 0;
	if (c->found && !c->hooks)
		err_set(&c->err, ERR_FAILED, "there is no screen here");
	/* SBX_SOCKET names an engine and no file: the default ones. */
	else if (c->found && (!s->dir.key || session_load(s, &c->err) == 0))
		rc = c->hooks->keys(s->set, c->json, &out, &c->err);
	if (s->talk.len > 0 && !c->json)
		fputs(s->talk.data, stderr);
	if (rc == 0)
		rc = cli_put(c, &out);
	buf_fini(&out);
	return rc < 0 ? cli_fail(c) : 0;
}
